#include <assert.h>

#include "parser/ast_make.h"
#include "parser/parser_internal.h"

struct insert *insert_make(struct parser *parser, struct name table, bool has_columns, struct name_list columns)
{
    struct insert *insert = arena_alloc(parser->arena, sizeof *insert);

    if (insert == NULL)
        return NULL;
    insert->table = table;
    insert->has_columns = has_columns;
    insert->columns = columns;
    return insert;
}

/* These find their insert made: without memory for it the parse has ended at the token between. */

struct insert *insert_set_rows(struct insert *insert, struct row_list rows)
{
    assert(insert != NULL);
    insert->source = INSERT_ROWS;
    insert->rows = rows;
    return insert;
}

struct insert *insert_set_literals(struct parser *parser, struct insert *insert, struct ssql_span span,
                                   struct expr_list literals)
{
    return insert_set_rows(insert, rows_append(parser, (struct row_list){0}, span, literals));
}

struct insert *insert_set_default_values(struct insert *insert)
{
    assert(insert != NULL);
    insert->source = INSERT_DEFAULT_VALUES;
    return insert;
}

struct insert *insert_set_query(struct insert *insert, struct query *query)
{
    assert(insert != NULL);
    insert->source = INSERT_QUERY;
    insert->query = query;
    return insert;
}

struct conflict_clause *conflict_clause_make(struct parser *parser, struct ssql_span span, struct name_list columns)
{
    struct conflict_clause *conflict = arena_alloc(parser->arena, sizeof *conflict);

    if (conflict == NULL)
        return NULL;
    *conflict = (struct conflict_clause){columns, span};
    return conflict;
}

struct insert *insert_finish(struct insert *insert, bool is_upsert, const struct conflict_clause *conflict)
{
    assert(insert != NULL);
    insert->is_upsert = is_upsert;
    if (conflict != NULL) {
        insert->is_conflict_ignored = true;
        insert->conflict_columns = conflict->columns;
        insert->conflict_span = conflict->span;
    }
    return insert;
}

struct assignments assignments_append(struct parser *parser, struct assignments list, struct name column,
                                      struct expr *value)
{
    list.items = list_grow(parser->arena, list.items, list.count, sizeof *list.items);
    if (list.items == NULL)
        return (struct assignments){0};
    list.items[list.count++] = (struct assignment){column, value};
    return list;
}

struct update *update_make_assignments(struct parser *parser, struct assignments assignments)
{
    struct update *update = arena_alloc(parser->arena, sizeof *update);

    if (update == NULL)
        return NULL;
    update->assignments = assignments.items;
    update->assignment_count = assignments.count;
    return update;
}

struct update *update_make_positional(struct parser *parser, struct expr_list values)
{
    struct update *update = arena_alloc(parser->arena, sizeof *update);

    if (update == NULL)
        return NULL;
    update->is_positional = true;
    update->values = values;
    return update;
}

struct update *update_finish(struct update *update, struct name table, struct ssql_span set_span, struct expr *where)
{
    if (update == NULL)
        return NULL;
    update->table = table;
    update->set_span = set_span;
    update->where = where;
    return update;
}

struct delete *delete_make(struct parser *parser, struct name table, struct expr *where)
{
    struct delete *delete = arena_alloc(parser->arena, sizeof *delete);

    if (delete == NULL)
        return NULL;
    *delete = (struct delete){table, where};
    return delete;
}
