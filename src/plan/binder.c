#include "plan/binder.h"

#include <assert.h>
#include <stdio.h>

#include "base/nearest.h"
#include "parser/foreign_word.h"
#include "parser/parser.h"
#include "plan/function_name.h"

static const struct {
    const char *name;
    bool may_lack_quotes; /* a bare word there may be a string that lost its quotes */
} CLAUSES[] = {
    [CLAUSE_SELECT] = {"the select list", false}, [CLAUSE_WHERE] = {"where", true},
    [CLAUSE_GROUP_BY] = {"group by", false},      [CLAUSE_HAVING] = {"having", true},
    [CLAUSE_ORDER_BY] = {"order by", false},      [CLAUSE_LIMIT] = {"limit", false},
    [CLAUSE_VALUES] = {"values", true},           [CLAUSE_SET] = {"set", true},
    [CLAUSE_DEFAULT] = {"a default", true},
};

const char *clause_name(enum clause clause)
{
    return CLAUSES[clause].name;
}

struct ssql_span binder_span(const struct binder *binder, struct ssql_span span)
{
    return binder->is_without_spans ? NO_SPAN : span;
}

void binder_clear(struct binder *binder)
{
    parser_destroy(binder->parser);
    binder->parser = NULL;
}

void binder_enter(struct binder *binder, const struct table_schema *table, struct slice name)
{
    binder->table = table;
    binder->table_name = name;
}

/* ---- tables ---- */

const struct table_schema *bind_table(struct binder *binder, const struct name *name)
{
    const struct table_schema *table = schema_find_table(binder->schema, name->text);
    struct nearest nearest = nearest_start(name->text);

    if (table != NULL)
        return table;
    error_set(binder->error, SSQL_UNKNOWN_TABLE, name->span, "unknown table \"%.*s\"", SLICE_PRINT(name->text));
    for (uint32_t i = 0; i < schema_table_count(binder->schema); i++)
        nearest_consider(&nearest, schema_table(binder->schema, i)->name);
    const char *foreign = foreign_table_hint(name->text);
    if (nearest_hint(&nearest, binder->error))
        return NULL;
    if (foreign != NULL)
        error_hint(binder->error, "%s", foreign);
    else if (schema_table_count(binder->schema) == 0)
        error_hint(binder->error, "there are no tables yet; \"create table\" makes one");
    else
        error_hint(binder->error, "\"show tables\" lists the tables");
    return NULL;
}

/* ---- columns ---- */

/* "in users"; where no table is in scope, the place. */
static void set_unknown_column(struct binder *binder, const struct table_schema *table, const struct name *name)
{
    if (table != NULL)
        error_set(binder->error, SSQL_UNKNOWN_COLUMN, binder_span(binder, name->span),
                  "unknown column \"%.*s\" in %.*s", SLICE_PRINT(name->text), SLICE_PRINT(table->name));
    else
        error_set(binder->error, SSQL_UNKNOWN_COLUMN, binder_span(binder, name->span), "unknown column \"%.*s\": %s",
                  SLICE_PRINT(name->text),
                  binder->clause == CLAUSE_SELECT || binder->clause == CLAUSE_WHERE || binder->clause == CLAUSE_ORDER_BY
                      ? "there is no from"
                      : "no column can stand here");
}

static bool is_double_quoted(const struct binder *binder, struct ssql_span span)
{
    assert(binder->is_without_spans || span.begin < binder->text.size);
    return !binder->is_without_spans && binder->text.data[span.begin] == '"';
}

/* The first table that has such a column. */
static const struct table_schema *table_with_column(const struct binder *binder, struct slice name)
{
    for (uint32_t i = 0; i < schema_table_count(binder->schema); i++)
        if (table_schema_find_column(schema_table(binder->schema, i), name) >= 0)
            return schema_table(binder->schema, i);
    return NULL;
}

/* The item that is called so by `as`, or that is written so. */
static const struct select_item *find_output(const struct select *select, struct slice name)
{
    for (uint32_t i = 0; select != NULL && i < select->item_count; i++)
        if (select->items[i].kind == SELECT_ITEM_EXPR && name_equal(select->items[i].title, name))
            return &select->items[i];
    return NULL;
}

static bool is_alias(const struct select *select, struct slice name)
{
    for (uint32_t i = 0; select != NULL && i < select->item_count; i++)
        if (select->items[i].alias.text.size > 0 && name_equal(select->items[i].alias.text, name))
            return true;
    return false;
}

/* Columns and output names; where a value may stand, also the words that are values. */
static struct nearest nearest_column(const struct binder *binder, const struct table_schema *table, struct slice name,
                                     bool may_be_value)
{
    static const char *const value_words[] = {"null", "true", "false"};
    struct nearest nearest = nearest_start(name);

    for (uint32_t i = 0; table != NULL && i < table->visible_count; i++)
        nearest_consider(&nearest, table->columns[i].name);
    for (uint32_t i = 0; binder->outputs != NULL && i < binder->outputs->item_count; i++)
        if (binder->outputs->items[i].kind == SELECT_ITEM_EXPR)
            nearest_consider(&nearest, binder->outputs->items[i].alias.text);
    for (size_t i = 0; may_be_value && i < sizeof value_words / sizeof value_words[0]; i++)
        nearest_consider(&nearest, slice_of(value_words[i]));
    if (may_be_value && binder->clause == CLAUSE_SELECT)
        nearest_consider(&nearest, slice_of("distinct"));
    return nearest;
}

void binder_hint_columns(struct binder *binder, const struct table_schema *table, const char *before)
{
    enum { LIST_SIZE = 160 };
    char list[LIST_SIZE];
    size_t used = 0;
    uint32_t shown = 0;

    for (; shown < table->visible_count; shown++) {
        struct slice name = table->columns[shown].name;
        if (used + name.size + 2 >= LIST_SIZE)
            break;
        used += (size_t)snprintf(list + used, LIST_SIZE - used, "%s%.*s", shown == 0 ? "" : ", ", SLICE_PRINT(name));
    }
    if (shown == table->visible_count)
        error_hint(binder->error, "%sthe columns of %.*s are %s", before, SLICE_PRINT(table->name), list);
    else if (before[0] == '\0')
        error_hint(binder->error, "\"describe %.*s\" lists its columns", SLICE_PRINT(table->name));
    else
        error_hint(binder->error, "%.*s", (int)strcspn(before, ";"), before);
}

static const char *signature_of(struct slice name)
{
    for (uint32_t i = 0; function_name(i) != NULL; i++)
        if (name_equal(name, slice_of(function_name(i))))
            return function_signature(i);
    return NULL;
}

/* For a name that resembles no other. */
static void add_remote_column_hint(struct binder *binder, const struct table_schema *table, const struct name *name,
                                   bool may_be_value)
{
    const struct table_schema *other = table_with_column(binder, name->text);
    const char *foreign = foreign_column_hint(name->text), *signature = signature_of(name->text);
    bool takes_columns =
        binder->clause != CLAUSE_LIMIT && binder->clause != CLAUSE_VALUES && binder->clause != CLAUSE_DEFAULT;
    bool lacks_quotes = may_be_value && CLAUSES[binder->clause].may_lack_quotes && name->text.size < 40;
    char quoted[64] = "";

    if (lacks_quotes)
        snprintf(quoted, sizeof quoted, "a string needs quotes: '%.*s'; ", SLICE_PRINT(name->text));
    if (takes_columns && other != NULL)
        error_hint(binder->error, "column \"%.*s\" is in table \"%.*s\", which is not in from", SLICE_PRINT(name->text),
                   SLICE_PRINT(other->name));
    else if (foreign != NULL)
        error_hint(binder->error, "%s", foreign);
    else if (signature != NULL)
        error_hint(binder->error, "there is a function %s", signature);
    else if (table != NULL)
        binder_hint_columns(binder, table, quoted);
    else if (lacks_quotes && binder->clause == CLAUSE_DEFAULT)
        error_hint(binder->error, "a default is the same for all rows; a string needs quotes: '%.*s'",
                   SLICE_PRINT(name->text));
    else if (lacks_quotes)
        error_hint(binder->error, "a string needs quotes: '%.*s'", SLICE_PRINT(name->text));
}

static void add_column_hint(struct binder *binder, const struct table_schema *table, const struct name *name,
                            bool may_be_value)
{
    bool is_quoted = may_be_value && is_double_quoted(binder, name->span);
    struct nearest nearest = nearest_column(binder, table, name->text, may_be_value && !is_quoted);

    if (binder->outputs == NULL && may_be_value && is_alias(binder->select, name->text) &&
        (binder->clause == CLAUSE_WHERE || binder->clause == CLAUSE_SELECT))
        error_hint(binder->error, "it is an output name, which %s cannot use; write its expression",
                   clause_name(binder->clause));
    else if (nearest.best.data != NULL && is_quoted)
        error_hint(binder->error, "did you mean \"%.*s\"? Use 'single quotes' for a string", SLICE_PRINT(nearest.best));
    else if (is_quoted)
        error_hint(binder->error, "use 'single quotes' for a string");
    else if (!nearest_hint(&nearest, binder->error))
        add_remote_column_hint(binder, table, name, may_be_value);
}

int bind_column_name(struct binder *binder, const struct table_schema *table, const struct name *name)
{
    int column = table_schema_find_column(table, name->text);

    if (column >= 0)
        return column;
    set_unknown_column(binder, table, name);
    add_column_hint(binder, table, name, false);
    return -1;
}

bool bind_qualifier(struct binder *binder, const struct name *table)
{
    struct nearest nearest = nearest_start(table->text);

    if (table->text.size == 0 || (binder->table != NULL && name_equal(table->text, binder->table_name)))
        return true;
    error_set(binder->error, SSQL_UNKNOWN_TABLE, binder_span(binder, table->span), "table \"%.*s\" is not in from",
              SLICE_PRINT(table->text));
    if (binder->table == NULL)
        return false;
    nearest_consider(&nearest, binder->table_name);
    if (name_equal(table->text, binder->table->name))
        return error_hint(binder->error, "here it is called \"%.*s\"", SLICE_PRINT(binder->table_name));
    if (!nearest_hint(&nearest, binder->error))
        error_hint(binder->error, "the table here is called \"%.*s\"", SLICE_PRINT(binder->table_name));
    return false;
}

/* An output name in having or order by stands for its expression, in which no other output name does. */
static struct bound_expr *bind_output(struct binder *binder, const struct select_item *item)
{
    const struct select *outputs = binder->outputs;

    binder->outputs = NULL;
    struct bound_expr *bound = bind_expr(binder, item->expr);
    binder->outputs = outputs;
    return bound;
}

struct bound_expr *bind_column(struct binder *binder, const struct expr *expr)
{
    const struct name *name = &expr->column.column;
    const struct select_item *output;

    if (!bind_qualifier(binder, &expr->column.table))
        return NULL;
    int column = binder->table == NULL ? -1 : table_schema_find_column(binder->table, name->text);
    if (column >= 0) {
        const struct column_schema *schema = &binder->table->columns[column];
        return bound_make_column(binder->arena, (uint32_t)column, schema->type, !schema->is_not_null,
                                 binder_span(binder, expr->span));
    }
    output = expr->column.table.text.size == 0 ? find_output(binder->outputs, name->text) : NULL;
    if (output != NULL && !binder->is_in_aggregate)
        return bind_output(binder, output);
    set_unknown_column(binder, binder->table, name);
    add_column_hint(binder, binder->table, name, expr->column.table.text.size == 0);
    return NULL;
}

/* ---- types ---- */

bool common_type(enum ssql_type left, enum ssql_type right, enum ssql_type *common)
{
    if (left == right || right == SSQL_TYPE_NULL) {
        *common = left;
        return true;
    }
    if (left == SSQL_TYPE_NULL) {
        *common = right;
        return true;
    }
    *common = SSQL_TYPE_FLOAT;
    return (left == SSQL_TYPE_INT && right == SSQL_TYPE_FLOAT) || (left == SSQL_TYPE_FLOAT && right == SSQL_TYPE_INT);
}

static void type_parameter(struct binder *binder, struct bound_expr **expr, enum ssql_type type)
{
    uint32_t index = (*expr)->parameter;
    struct ssql_span span = (*expr)->span;
    struct parameter_state *state = &binder->parameters[index];

    state->untyped_uses--;
    if (state->type == SSQL_TYPE_NULL)
        state->type = type;
    *expr = bound_make_cast(binder->arena, bound_make_parameter(binder->arena, index, state->type, span), type, span);
}

bool coerce(struct binder *binder, struct bound_expr **expr, enum ssql_type type)
{
    enum ssql_type from = (*expr)->type;

    if (from == type)
        return true;
    if (from == SSQL_TYPE_NULL && (*expr)->kind == BOUND_PARAMETER) {
        enum ssql_type known = binder->parameters[(*expr)->parameter].type, common;
        if (!common_type(known, type, &common) || common != type) {
            *expr = bound_make_parameter(binder->arena, (*expr)->parameter, known, (*expr)->span);
            return *expr == NULL;
        }
        type_parameter(binder, expr, type);
        return true;
    }
    if (from != SSQL_TYPE_NULL && !(from == SSQL_TYPE_INT && type == SSQL_TYPE_FLOAT))
        return false;
    *expr = bound_make_cast(binder->arena, *expr, type, (*expr)->span);
    return true;
}

struct bound_expr *bind_parameter(struct binder *binder, const struct expr *expr)
{
    uint32_t index = expr->parameter.index - 1;

    assert(index < binder->parameter_count); /* the parser counts them, and refuses them in defaults */
    if (binder->parameters[index].type == SSQL_TYPE_NULL)
        binder->parameters[index].untyped_uses++;
    return bound_make_parameter(binder->arena, index, binder->parameters[index].type, expr->span);
}

bool coerce_both(struct binder *binder, struct bound_expr **exprs, enum ssql_type type)
{
    for (int i = 0; i < 2; i++)
        if (!coerce(binder, &exprs[i], type))
            return false;
    return true;
}

/* ---- stored defaults ---- */

struct bound_expr *bind_stored_default(struct binder *binder, const struct column_schema *column)
{
    struct arena tree;
    struct expr *expr = NULL;
    struct bound_expr *bound = NULL;
    struct binder inner = *binder;

    if (column->default_text.size == 0)
        return bound_make_constant(binder->arena, value_null(column->type), NO_SPAN);
    if (binder->parser == NULL && !parser_create(&binder->parser, binder->error))
        return NULL;
    arena_init(&tree);
    if (!parse_expression(binder->parser, (const char *)column->default_text.data, column->default_text.size, &tree,
                          &expr, binder->error)) {
        /* The position would be that of the stored text. */
        if (binder->error->code != SSQL_NO_MEMORY)
            error_set(binder->error, SSQL_CORRUPT, NO_SPAN, "the stored default of column \"%.*s\" cannot be read",
                      SLICE_PRINT(column->name));
    } else {
        inner.table = NULL;
        inner.outputs = NULL;
        inner.select = NULL;
        inner.aggregates = NULL;
        inner.is_in_aggregate = false;
        inner.clause = CLAUSE_DEFAULT;
        inner.is_without_spans = true;
        bound = bind_column_value(&inner, expr, column);
    }
    arena_clear(&tree);
    return bound;
}
