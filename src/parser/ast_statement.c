#include "parser/ast_make.h"
#include "parser/parser_internal.h"

struct statement *statement_make(struct parser *parser, enum statement_kind kind)
{
    struct statement *statement = arena_alloc(parser->arena, sizeof *statement);

    if (statement != NULL)
        statement->kind = kind;
    return statement;
}

struct statement *statement_make_query(struct parser *parser, struct query *query)
{
    struct statement *statement = statement_make(parser, STATEMENT_QUERY);

    if (statement != NULL)
        statement->query = query;
    return statement;
}

struct statement *statement_make_insert(struct parser *parser, struct insert *insert)
{
    struct statement *statement = statement_make(parser, STATEMENT_INSERT);

    if (statement != NULL)
        statement->insert = insert;
    return statement;
}

struct statement *statement_make_update(struct parser *parser, struct update *update)
{
    struct statement *statement = statement_make(parser, STATEMENT_UPDATE);

    if (statement != NULL)
        statement->update = update;
    return statement;
}

struct statement *statement_make_delete(struct parser *parser, struct delete *delete)
{
    struct statement *statement = statement_make(parser, STATEMENT_DELETE);

    if (statement != NULL)
        statement->delete = delete;
    return statement;
}

struct statement *statement_make_copy(struct parser *parser, struct copy *copy)
{
    struct statement *statement = statement_make(parser, STATEMENT_COPY);

    if (statement != NULL)
        statement->copy = copy;
    return statement;
}

struct statement *statement_make_create_table(struct parser *parser, struct create_table *create_table)
{
    struct statement *statement = statement_make(parser, STATEMENT_CREATE_TABLE);

    if (statement != NULL)
        statement->create_table = create_table;
    /* What a table keeps must not depend on a value that is bound to one statement. */
    if (parser->parameter_count > 0)
        parser_defer(parser, SSQL_SYNTAX, parser->parameter_span, "a parameter cannot stand in \"create table\"");
    return statement;
}

struct statement *statement_make_drop_table(struct parser *parser, const struct conditional_name *table)
{
    struct statement *statement = statement_make(parser, STATEMENT_DROP_TABLE);
    struct drop_table *drop_table = arena_alloc(parser->arena, sizeof *drop_table);

    if (statement == NULL || drop_table == NULL || table == NULL)
        return NULL;
    *drop_table = (struct drop_table){table->name, table->is_conditional};
    statement->drop_table = drop_table;
    return statement;
}

struct statement *statement_make_describe(struct parser *parser, struct name table)
{
    struct statement *statement = statement_make(parser, STATEMENT_DESCRIBE);
    struct describe *describe = arena_alloc(parser->arena, sizeof *describe);

    if (statement == NULL || describe == NULL)
        return NULL;
    describe->table = table;
    statement->describe = describe;
    return statement;
}

struct statement *statement_make_explain(struct parser *parser, struct ssql_span span, struct statement *explained,
                                         bool is_analyze)
{
    struct statement *statement = statement_make(parser, STATEMENT_EXPLAIN);

    if (statement == NULL || explained == NULL)
        return NULL;
    explained->span = span;
    statement->explained = explained;
    statement->is_analyze = is_analyze;
    return statement;
}

struct statement *statement_finish(struct parser *parser, struct ssql_span span, struct statement *statement)
{
    if (statement == NULL)
        return NULL;
    statement->span = span;
    statement->text = slice_make(parser->scan_begin, parser->scan_size);
    statement->parameter_count = parser->parameter_count;
    statement->parameter_names = parser->parameter_names;
    return statement;
}
