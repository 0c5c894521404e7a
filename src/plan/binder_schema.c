#include "plan/binder.h"

#include "base/nearest.h"

#include "parser/ast_text.h"

static bool check_name(struct binder *binder, const struct name *name, const char *what)
{
    if (name->text.size <= NAME_SIZE_MOST)
        return true;
    return error_set(binder->error, SSQL_TOO_LARGE, name->span, "the name of a %s has at most %d bytes, this one %zu",
                     what, NAME_SIZE_MOST, name->text.size);
}

/* The default is bound to see that it is a constant of the column's type, and to try it; what is kept is its text. */
static bool bind_default(struct binder *binder, const struct expr *expr, struct column_schema *column,
                         struct create_table_plan *made)
{
    struct buffer text = {0};
    struct bound_expr *bound;

    binder_enter(binder, NULL, slice_make(NULL, 0));
    binder->clause = CLAUSE_DEFAULT;
    binder->aggregates = NULL;
    bound = bind_column_value(binder, expr, column);
    if (bound == NULL)
        return false;
    if (bound_is_null(bound))
        return true;
    if (bound->kind != BOUND_CONSTANT)
        made->defaults[made->default_count++] = bound;
    expr_append_text(&text, expr);
    if (!text.failed)
        column->default_text = arena_copy(binder->arena, buffer_slice(&text));
    buffer_clear(&text);
    return column->default_text.data != NULL;
}

static int find_column(const struct column_schema *columns, uint32_t count, struct slice name)
{
    for (uint32_t i = 0; i < count; i++)
        if (name_equal(columns[i].name, name))
            return (int)i;
    return -1;
}

static bool bind_definition(struct binder *binder, const struct column_definition *written,
                            struct column_schema *columns, uint32_t place, struct create_table_plan *made)
{
    struct column_schema *column = &columns[place];

    if (!check_name(binder, &written->name, "column"))
        return false;
    if (find_column(columns, place, written->name.text) >= 0)
        return error_set(binder->error, SSQL_COLUMN_EXISTS, written->name.span, "column \"%.*s\" is defined twice",
                         SLICE_PRINT(written->name.text));
    column->name = arena_copy(binder->arena, written->name.text);
    column->type = written->type.type;
    column->is_not_null = written->is_not_null;
    return column->name.data != NULL &&
           (written->default_value == NULL || bind_default(binder, written->default_value, column, made));
}

static bool refuse_key_column(struct binder *binder, const struct create_table *create, const struct name *name)
{
    struct nearest nearest = nearest_start(name->text);

    error_set(binder->error, SSQL_UNKNOWN_COLUMN, name->span, "unknown column \"%.*s\" in primary key",
              SLICE_PRINT(name->text));
    for (uint32_t i = 0; i < create->column_count; i++)
        nearest_consider(&nearest, create->columns[i].name.text);
    if (!nearest_hint(&nearest, binder->error))
        error_hint(binder->error, "a primary key is made of columns that the table defines");
    return false;
}

static bool bind_key(struct binder *binder, const struct create_table *create, struct column_schema *columns,
                     struct table_definition *definition)
{
    uint32_t count = create->primary_key.count;
    uint16_t *key_columns;

    if (count > KEY_COLUMNS_MOST)
        return error_set(binder->error, SSQL_TOO_LARGE, create->primary_key.items[KEY_COLUMNS_MOST].span,
                         "a primary key has at most %d columns", KEY_COLUMNS_MOST);
    key_columns = arena_alloc_array(binder->arena, count, sizeof *key_columns);
    if (key_columns == NULL)
        return false;
    for (uint32_t i = 0; i < count; i++) {
        const struct name *name = &create->primary_key.items[i];
        int column = find_column(columns, create->column_count, name->text);
        if (column < 0)
            return refuse_key_column(binder, create, name);
        if (columns[column].is_key)
            return error_set(binder->error, SSQL_COLUMN_EXISTS, name->span,
                             "column \"%.*s\" is in the primary key twice", SLICE_PRINT(name->text));
        columns[column].is_key = true;
        columns[column].is_not_null = true;
        key_columns[i] = (uint16_t)column;
    }
    definition->key_count = count;
    definition->key_columns = key_columns;
    return true;
}

bool bind_create_table(struct binder *binder, const struct create_table *create, struct create_table_plan *made,
                       bool *exists)
{
    struct table_definition *definition = &made->definition;
    struct column_schema *columns;

    const struct table_schema *present = schema_find_table(binder->schema, create->table.text);

    *exists = present != NULL;
    if (*exists && create->if_not_exists)
        return true;
    if (*exists) {
        error_set(binder->error, SSQL_TABLE_EXISTS, create->table.span, "table \"%.*s\" already exists",
                  SLICE_PRINT(present->name));
        return error_hint(binder->error, "\"create table if not exists\" leaves it as it is");
    }
    if (!check_name(binder, &create->table, "table"))
        return false;
    /* One is left for a hidden row number. */
    if (create->column_count >= COLUMNS_MOST)
        return error_set(binder->error, SSQL_TOO_LARGE, create->columns[COLUMNS_MOST - 1].span,
                         "a table has at most %d columns", COLUMNS_MOST - 1);
    columns = arena_alloc_array(binder->arena, create->column_count, sizeof *columns);
    definition->name = arena_copy(binder->arena, create->table.text);
    made->defaults = arena_alloc_array(binder->arena, create->column_count, sizeof(struct bound_expr *));
    if (columns == NULL || definition->name.data == NULL || made->defaults == NULL)
        return false;
    for (uint32_t i = 0; i < create->column_count; i++)
        if (!bind_definition(binder, &create->columns[i], columns, i, made))
            return false;
    definition->column_count = create->column_count;
    definition->columns = columns;
    return bind_key(binder, create, columns, definition);
}
