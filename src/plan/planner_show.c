/* planner_show.c - show tables, describe and explain: rows of constants. */
#include <stdio.h>

#include "plan/plan_node.h"
#include "plan/plan_text.h"
#include "plan/planner_internal.h"

struct shown_column {
    const char *name;
    enum ssql_type type;
};

static struct plan_node *make_rows(struct arena *arena, const struct shown_column *columns, uint32_t column_count,
                                   uint32_t row_count)
{
    struct plan_node *node = plan_node_make(arena, PLAN_VALUES);
    enum ssql_type *types;
    struct slice *names;

    if (node == NULL || !plan_node_set_width(arena, node, column_count, &types, &names))
        return NULL;
    for (uint32_t i = 0; i < column_count; i++) {
        types[i] = columns[i].type;
        names[i] = slice_of(columns[i].name);
    }
    node->values.row_count = row_count;
    node->values.items = arena_alloc_array(arena, (size_t)row_count * column_count, sizeof *node->values.items);
    return node->values.items == NULL ? NULL : node;
}

/* A string or, without bytes, null. */
static bool set_text(struct arena *arena, struct bound_expr **item, struct slice text)
{
    struct slice copy = arena_copy(arena, text);

    if (copy.data == NULL)
        return false;
    *item = bound_make_constant(arena, text.data == NULL ? value_null(SSQL_TYPE_STRING) : value_string(copy), NO_SPAN);
    return *item != NULL;
}

struct plan_node *plan_show_tables(struct arena *arena, const struct schema *schema)
{
    static const struct shown_column COLUMNS[] = {{"table", SSQL_TYPE_STRING}};
    uint32_t count = schema_table_count(schema);
    struct plan_node *node = make_rows(arena, COLUMNS, 1, count);

    if (node == NULL)
        return NULL;
    for (uint32_t i = 0; i < count; i++)
        if (!set_text(arena, &node->values.items[i], schema_table(schema, i)->name))
            return NULL;
    return node;
}

/* "primary", with its place where the key has several columns; empty for other columns. */
static struct slice key_text(const struct table_schema *table, uint32_t column, char text[32])
{
    for (uint32_t i = 0; i < table->key_count; i++) {
        if (table->key_columns[i] != column)
            continue;
        if (table->key_count == 1)
            return slice_of("primary");
        snprintf(text, 32, "primary %u", i + 1);
        return slice_of(text);
    }
    return slice_make(NULL, 0);
}

struct plan_node *plan_describe(struct arena *arena, const struct table_schema *table)
{
    enum { COLUMN, TYPE, KEY, CAN_BE_NULL, DEFAULT, WIDTH };
    static const struct shown_column COLUMNS[WIDTH] = {[COLUMN] = {"column", SSQL_TYPE_STRING},
                                                       [TYPE] = {"type", SSQL_TYPE_STRING},
                                                       [KEY] = {"key", SSQL_TYPE_STRING},
                                                       [CAN_BE_NULL] = {"null", SSQL_TYPE_BOOL},
                                                       [DEFAULT] = {"default", SSQL_TYPE_STRING}};
    struct plan_node *node = make_rows(arena, COLUMNS, WIDTH, table->visible_count);

    if (node == NULL)
        return NULL;
    for (uint32_t i = 0; i < table->visible_count; i++) {
        const struct column_schema *column = &table->columns[i];
        struct bound_expr **row = node->values.items + (size_t)i * WIDTH;
        struct slice default_text = column->default_text.size == 0 ? slice_make(NULL, 0) : column->default_text;
        char key[32];
        row[CAN_BE_NULL] = bound_make_constant(arena, value_bool(!column->is_not_null), NO_SPAN);
        if (row[CAN_BE_NULL] == NULL || !set_text(arena, &row[COLUMN], column->name) ||
            !set_text(arena, &row[TYPE], slice_of(type_name(column->type))) ||
            !set_text(arena, &row[KEY], key_text(table, i, key)) || !set_text(arena, &row[DEFAULT], default_text))
            return NULL;
    }
    return node;
}

static uint32_t count_lines(struct slice text)
{
    uint32_t count = 0;

    for (size_t i = 0; i < text.size; i++)
        count += text.data[i] == '\n' ? 1 : 0;
    return count;
}

struct plan_node *plan_explain(struct arena *arena, const struct plan_node *explained)
{
    static const struct shown_column COLUMNS[] = {{"plan", SSQL_TYPE_STRING}};
    struct buffer text = {0};
    struct plan_node *node = NULL;

    if (explained == NULL)
        return NULL;
    plan_node_append_text(&text, explained, 0);
    if (!text.failed)
        node = make_rows(arena, COLUMNS, 1, count_lines(buffer_slice(&text)));
    size_t begin = 0;
    for (uint32_t i = 0; node != NULL && i < node->values.row_count; i++) {
        size_t end = begin;
        while (text.data[end] != '\n')
            end++;
        if (!set_text(arena, &node->values.items[i], slice_make(text.data + begin, end - begin)))
            node = NULL;
        begin = end + 1;
    }
    buffer_clear(&text);
    return node;
}

struct plan_node *plan_analyze(struct arena *arena, struct plan_node *explained)
{
    struct plan_node *node = plan_node_over(arena, PLAN_ANALYZE, explained);
    enum ssql_type *types;
    struct slice *names;

    if (node == NULL || !plan_node_set_width(arena, node, 1, &types, &names))
        return NULL;
    types[0] = SSQL_TYPE_STRING;
    names[0] = slice_of("plan");
    return node;
}
