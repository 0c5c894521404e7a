#include <assert.h>

#include "parser/ast_make.h"
#include "parser/parser_internal.h"

struct query *query_make_select(struct parser *parser, struct ssql_span span, struct select *select)
{
    struct query *query = arena_alloc(parser->arena, sizeof *query);

    if (query == NULL || select == NULL)
        return NULL;
    query->kind = QUERY_SELECT;
    query->span = span;
    query->select = *select;
    return query;
}

struct query *query_make_values(struct parser *parser, struct ssql_span span, struct row_list rows)
{
    struct query *query = arena_alloc(parser->arena, sizeof *query);

    if (query == NULL)
        return NULL;
    query->kind = QUERY_VALUES;
    query->span = span;
    query->rows = rows;
    return query;
}

struct query *query_finish(struct parser *parser, struct ssql_span span, struct query *query,
                           struct order_list order_by, struct expr *limit, struct expr *offset)
{
    (void)parser;
    if (query == NULL)
        return NULL;
    query->span = span;
    query->order_by = order_by.items;
    query->order_by_count = order_by.count;
    query->limit = limit;
    query->offset = offset;
    return query;
}

struct row_list rows_append(struct parser *parser, struct row_list list, struct ssql_span span, struct expr_list values)
{
    list.items = list_grow(parser->arena, list.items, list.count, sizeof *list.items);
    if (list.items == NULL)
        return (struct row_list){0};
    list.items[list.count++] = (struct row){values, span};
    return list;
}

struct order_item order_item_make(struct parser *parser, struct ssql_span span, struct expr *expr, bool is_descending,
                                  enum nulls_order nulls)
{
    return (struct order_item){expr_quoted_as_column(parser, expr), is_descending, nulls, span};
}

struct order_list order_items_append(struct parser *parser, struct order_list list, struct order_item item)
{
    list.items = list_grow(parser->arena, list.items, list.count, sizeof *list.items);
    if (list.items == NULL)
        return (struct order_list){0};
    list.items[list.count++] = item;
    return list;
}

struct select *select_make(struct parser *parser, bool is_distinct, struct select_items items,
                           struct table_reference *from, struct expr *where, struct expr_list group_by,
                           struct expr *having)
{
    struct select *select = arena_alloc(parser->arena, sizeof *select);

    if (select == NULL)
        return NULL;
    select->is_distinct = is_distinct;
    select->items = items.items;
    select->item_count = items.count;
    select->from = from;
    select->where = where;
    select->group_by = group_by;
    select->having = having;
    return select;
}

static bool is_blank(uint8_t byte)
{
    return byte == ' ' || (byte >= '\t' && byte <= '\r');
}

/* The size of the quoted piece, comment or single byte at `text`, which is a legal piece of a statement and ends with a
 * token: what is opened in it is closed. */
static size_t piece_size(const uint8_t *text, size_t size)
{
    size_t i = 1;

    if (text[0] == '\'' || text[0] == '"' || text[0] == '`') {
        while (text[i] != text[0])
            i += text[0] == '"' && text[i] == '\\' ? 2 : 1;
        return i + 1;
    }
    if (size < 2 || !((text[0] == '-' && text[1] == '-') || (text[0] == '/' && text[1] == '*')))
        return 1;
    if (text[0] == '-') {
        const uint8_t *end = memchr(text, '\n', size);
        assert(end != NULL);
        return (size_t)(end - text);
    }
    for (size_t depth = 1, at = 2;; at++) {
        if (text[at] == '/' && text[at + 1] == '*') {
            depth++;
            at++;
        } else if (text[at] == '*' && text[at + 1] == '/') {
            at++;
            if (--depth == 0)
                return at + 1;
        }
    }
}

/* The text with each run of blanks and comments as one space. It begins and ends with a token. */
static struct slice fold_blanks(struct parser *parser, struct slice text)
{
    uint8_t *folded = arena_alloc(parser->arena, text.size);
    size_t used = 0;

    if (folded == NULL)
        return slice_make(NULL, 0);
    for (size_t i = 0; i < text.size;) {
        size_t size = piece_size(text.data + i, text.size - i);
        bool is_comment = size > 1 && (text.data[i] == '-' || text.data[i] == '/');
        if (is_comment || is_blank(text.data[i])) {
            if (folded[used - 1] != ' ')
                folded[used++] = ' ';
        } else {
            memcpy(folded + used, text.data + i, size);
            used += size;
        }
        i += size;
    }
    return slice_make(folded, used);
}

/* Whether fold_blanks would leave the text as it is; says no too often rather than too seldom. */
static bool is_folded(struct slice text)
{
    for (size_t i = 0; i + 1 < text.size; i++) {
        uint8_t byte = text.data[i], next = text.data[i + 1];
        if (is_blank(byte) && (byte != ' ' || is_blank(next)))
            return false;
        if ((byte == '-' && next == '-') || (byte == '/' && next == '*'))
            return false;
    }
    return true;
}

struct select_item *select_item_make(struct parser *parser, struct ssql_span expr_span, struct ssql_span span,
                                     struct expr *expr, struct name alias)
{
    struct select_item *item = arena_alloc(parser->arena, sizeof *item);

    expr = expr_quoted_as_column(parser, expr);
    if (item == NULL || expr == NULL)
        return NULL;
    item->kind = SELECT_ITEM_EXPR;
    item->span = span;
    item->expr = expr;
    item->alias = alias;
    struct slice source = parser_text(parser, expr_span);
    if (alias.text.size > 0)
        item->title = alias.text;
    else if (expr->kind == EXPR_COLUMN)
        item->title = expr->column.column.text;
    else
        item->title = is_folded(source) ? source : fold_blanks(parser, source);
    return item;
}

struct select_item *select_item_make_star(struct parser *parser, struct ssql_span span)
{
    struct select_item *item = arena_alloc(parser->arena, sizeof *item);

    if (item == NULL)
        return NULL;
    item->kind = SELECT_ITEM_STAR;
    item->span = span;
    return item;
}

struct select_item *select_item_make_table_star(struct parser *parser, struct ssql_span span, struct name table)
{
    struct select_item *item = select_item_make_star(parser, span);

    if (item == NULL)
        return NULL;
    item->kind = SELECT_ITEM_TABLE_STAR;
    item->table = table;
    return item;
}

struct select_items select_items_append(struct parser *parser, struct select_items list, struct select_item *item)
{
    list.items = list_grow(parser->arena, list.items, list.count, sizeof *list.items);
    if (list.items == NULL || item == NULL)
        return (struct select_items){0};
    list.items[list.count++] = *item;
    return list;
}

struct table_reference *table_reference_make(struct parser *parser, struct ssql_span span, struct name table,
                                             struct name alias)
{
    struct table_reference *reference = arena_alloc(parser->arena, sizeof *reference);

    if (reference == NULL)
        return NULL;
    *reference = (struct table_reference){table, alias, span};
    return reference;
}

struct expr_list group_make(struct parser *parser, struct expr_list list)
{
    for (uint32_t i = 0; i < list.count; i++)
        list.items[i] = expr_quoted_as_column(parser, list.items[i]);
    return list;
}
