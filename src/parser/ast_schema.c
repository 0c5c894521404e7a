#include <assert.h>

#include "parser/ast_make.h"
#include "parser/completion.h"
#include "parser/parser_internal.h"

static bool is_type_spelling(struct slice word)
{
    for (size_t i = 0; type_spelling(i) != NULL; i++)
        if (name_equal(word, slice_of(type_spelling(i))))
            return true;
    return false;
}

struct column_draft *column_make(struct parser *parser, struct ssql_span span, struct name name, struct type_name type)
{
    struct column_draft *column = arena_alloc(parser->arena, sizeof *column);

    if (column == NULL)
        return NULL;
    if (type.type == SSQL_TYPE_NULL && is_type_spelling(name.text))
        parser_defer_hint(parser, type.span, "the name stands before the type");
    column->definition = (struct column_definition){.name = name, .type = type, .span = span};
    return column;
}

struct column_constraint column_constraint_make(enum column_constraint_kind kind, struct ssql_span span,
                                                struct expr *value)
{
    return (struct column_constraint){kind, span, value};
}

struct column_constraint column_constraint_refuse(struct parser *parser, struct ssql_span span, const char *construct)
{
    parser_refuse(parser, span, construct);
    return (struct column_constraint){COLUMN_NO_CONSTRAINT, span, NULL};
}

struct column_draft *column_constrain(struct parser *parser, struct column_draft *column,
                                      struct column_constraint constraint)
{
    if (column == NULL)
        return NULL;
    struct column_definition *definition = &column->definition;
    struct slice name = definition->name.text;
    switch (constraint.kind) {
    case COLUMN_PRIMARY:
        column->is_primary = true;
        column->primary_span = constraint.span;
        break;
    case COLUMN_NOT_NULL: definition->is_not_null = true; break;
    case COLUMN_NULL: column->is_null = true; break;
    case COLUMN_DEFAULT:
        if (column->has_default)
            parser_defer(parser, SSQL_SYNTAX, constraint.span, "column \"%.*s\" has two defaults", SLICE_PRINT(name));
        column->has_default = true;
        definition->default_value = constraint.value;
        break;
    case COLUMN_NO_CONSTRAINT:;
    }
    if (column->is_null && (column->is_primary || definition->is_not_null))
        parser_defer(parser, SSQL_SYNTAX, constraint.span, "column \"%.*s\" cannot be both \"null\" and \"%s\"",
                     SLICE_PRINT(name), column->is_primary ? "primary" : "not null");
    return column;
}

struct table_element *table_element_make_column(struct parser *parser, struct column_draft *column)
{
    struct table_element *element = arena_alloc(parser->arena, sizeof *element);

    if (element == NULL || column == NULL)
        return NULL;
    element->column = column;
    element->span = column->primary_span;
    if (column->is_primary)
        element->primary_key = names_append(parser, (struct name_list){0}, column->definition.name);
    return element;
}

struct table_element *table_element_make_primary_key(struct parser *parser, struct ssql_span span,
                                                     struct name_list names)
{
    struct table_element *element = arena_alloc(parser->arena, sizeof *element);

    if (element == NULL)
        return NULL;
    element->primary_key = names;
    element->span = span;
    return element;
}

struct table_draft *table_draft_make(struct parser *parser)
{
    return arena_alloc(parser->arena, sizeof(struct table_draft));
}

struct table_draft *table_draft_append(struct parser *parser, struct table_draft *draft, struct table_element *element)
{
    if (draft == NULL || element == NULL)
        return draft;
    struct create_table *table = &draft->table;
    if (element->primary_key.count > 0) {
        if (draft->has_primary_key) {
            parser_defer(parser, SSQL_SYNTAX, element->span, "a table has only one primary key");
            parser_defer_hint(parser, element->span, "write \"primary key (a, b)\" for a key of several columns");
        }
        draft->has_primary_key = true;
        table->primary_key = element->primary_key;
    }
    if (element->column == NULL)
        return draft;
    table->columns = list_grow(parser->arena, table->columns, table->column_count, sizeof *table->columns);
    if (table->columns == NULL)
        return NULL;
    table->columns[table->column_count++] = element->column->definition;
    return draft;
}

struct create_table *create_table_finish(struct parser *parser, struct table_draft *draft,
                                         const struct conditional_name *name)
{
    if (draft == NULL)
        return NULL;
    assert(name != NULL); /* without memory for it the parse has ended at the token behind */
    if (draft->table.column_count == 0)
        parser_defer(parser, SSQL_SYNTAX, name->name.span, "a table needs at least one column");
    draft->table.table = name->name;
    draft->table.if_not_exists = name->is_conditional;
    return &draft->table;
}
