/* planner_write.c - operators of insert, update and delete. */
#include "plan/plan_node.h"
#include "plan/planner_internal.h"

/* ---- insert ---- */

static struct plan_node *plan_rows(struct arena *arena, const struct bound_insert *insert)
{
    const struct table_schema *table = insert->table;
    struct plan_node *node = plan_node_make(arena, PLAN_VALUES);
    enum ssql_type *types;
    struct slice *names;

    if (node == NULL || !plan_node_set_width(arena, node, table->visible_count, &types, &names))
        return NULL;
    for (uint32_t i = 0; i < table->visible_count; i++) {
        types[i] = table->columns[i].type;
        names[i] = table->columns[i].name;
    }
    node->values.row_count = insert->row_count;
    node->values.items = insert->items;
    return node;
}

/* Where the query gives as many columns as there are, no default stands among them. */
static bool is_identity(const struct bound_insert *insert)
{
    if (insert->query->item_count != insert->table->visible_count)
        return false;
    for (uint32_t i = 0; i < insert->table->visible_count; i++)
        if (insert->projection[i]->column != i)
            return false;
    return true;
}

static struct plan_node *plan_source(struct arena *arena, const struct bound_insert *insert)
{
    const struct table_schema *table = insert->table;
    struct plan_node *query;
    struct slice *names;

    if (insert->query == NULL)
        return plan_rows(arena, insert);
    query = plan_query(arena, insert->query);
    if (query == NULL || is_identity(insert))
        return query;
    names = arena_alloc_array(arena, table->visible_count, sizeof *names);
    if (names == NULL)
        return NULL;
    for (uint32_t i = 0; i < table->visible_count; i++)
        names[i] = table->columns[i].name;
    return plan_project(arena, query, insert->projection, names, table->visible_count);
}

struct plan_node *plan_insert(struct arena *arena, const struct bound_insert *insert)
{
    struct plan_node *node = plan_node_over(arena, PLAN_INSERT, plan_source(arena, insert));

    if (node == NULL)
        return NULL;
    node->insert.table = insert->table;
    node->insert.mode = insert->mode;
    node->insert.row_spans = insert->row_spans;
    return node;
}

/* ---- update ---- */

static bool choose_rows(struct arena *arena, const struct table_schema *table, struct bound_expr *where, bool keys_only,
                        struct access_path *path)
{
    bool *needed = arena_alloc_array(arena, table->column_count, sizeof *needed);
    struct access_request request = {.table = table, .where = where, .needed = needed};

    if (needed == NULL)
        return false;
    for (uint32_t i = 0; i < table->column_count; i++)
        needed[i] = !keys_only || table->columns[i].is_key;
    return access_path_choose(arena, &request, path);
}

/* `set id = id`, and `set id = 5 where id == 5`, leave the key as it is. */
static bool changes_key(const struct bound_update *update, const struct access_path *path)
{
    const struct table_schema *table = update->table;

    for (uint32_t i = 0; i < table->key_count; i++) {
        uint32_t column = table->key_columns[i];
        const struct bound_expr *value = update->new_values[column];
        if (value == NULL || (value->kind == BOUND_COLUMN && value->column == column))
            continue;
        if (path->node->kind != PLAN_LOOKUP || !bound_equal(value, path->node->scan.low.parts[i]))
            return true;
    }
    return false;
}

/* Every column's new value, then, where it is another, the old key. */
static struct plan_node *plan_new_values(struct arena *arena, const struct bound_update *update,
                                         const struct access_path *path, bool with_old_key)
{
    const struct table_schema *table = update->table;
    uint32_t most = table->column_count + table->key_count, count = 0;
    struct bound_expr **items = arena_alloc_array(arena, most, sizeof *items);
    struct slice *names = arena_alloc_array(arena, most, sizeof *names);

    if (items == NULL || names == NULL)
        return NULL;
    for (uint32_t i = 0; i < most; i++) {
        bool is_old_key = i >= table->column_count;
        uint32_t column = is_old_key ? table->key_columns[i - table->column_count] : i;
        const struct column_schema *schema = &table->columns[column];
        if (is_old_key && !with_old_key)
            break;
        items[i] = !is_old_key && update->new_values[i] != NULL
                       ? bound_move_columns(arena, update->new_values[i], path->positions)
                       : bound_make_column(arena, path->positions[column], schema->type, !schema->is_not_null, NO_SPAN);
        names[i] = schema->name;
        if (items[i] == NULL)
            return NULL;
        count++;
    }
    return plan_project(arena, path->node, items, names, count);
}

struct plan_node *plan_update(struct arena *arena, const struct bound_update *update)
{
    const struct table_schema *table = update->table;
    int32_t *new_values = arena_alloc_array(arena, table->column_count, sizeof *new_values);
    uint16_t *old_key = arena_alloc_array(arena, table->key_count, sizeof *old_key);
    struct access_path path;
    struct plan_node *node;

    if (new_values == NULL || old_key == NULL || !choose_rows(arena, table, update->where, false, &path))
        return NULL;
    bool moves = changes_key(update, &path);
    node = plan_node_over(arena, PLAN_UPDATE, plan_new_values(arena, update, &path, moves));
    if (node == NULL)
        return NULL;
    for (uint32_t i = 0; i < table->column_count; i++)
        new_values[i] = (int32_t)i;
    for (uint32_t i = 0; i < table->key_count; i++)
        old_key[i] = moves ? (uint16_t)(table->column_count + i) : table->key_columns[i];
    node->update.table = table;
    node->update.changes_key = moves;
    node->update.new_values = new_values;
    node->update.old_key = old_key;
    return node;
}

/* ---- delete ---- */

struct plan_node *plan_delete(struct arena *arena, const struct bound_delete *delete)
{
    const struct table_schema *table = delete->table;
    uint16_t *key = arena_alloc_array(arena, table->key_count, sizeof *key);
    struct access_path path;
    struct plan_node *node;

    if (key == NULL || !choose_rows(arena, table, delete->where, true, &path))
        return NULL;
    node = plan_node_over(arena, PLAN_DELETE, path.node);
    if (node == NULL)
        return NULL;
    for (uint32_t i = 0; i < table->key_count; i++)
        key[i] = (uint16_t)path.positions[table->key_columns[i]];
    node->remove.table = table;
    node->remove.key = key;
    return node;
}
