/* planner_query.c - operators of a query, from its source upwards. */
#include "plan/plan_node.h"
#include "plan/planner_internal.h"

/* ---- the source ---- */

struct needed_columns {
    bool *marks;
};

static void mark_needed(void *context, uint32_t column)
{
    const struct needed_columns *needed = context;

    needed->marks[column] = true;
}

static void mark_expr(struct needed_columns *needed, const struct bound_expr *expr)
{
    if (expr != NULL)
        bound_visit_columns(expr, mark_needed, needed);
}

/* What is read above the source: of a grouped query only by keys and aggregates. */
static void mark_query(struct needed_columns *needed, const struct bound_query *query)
{
    if (query->is_grouped) {
        for (uint32_t i = 0; i < query->key_count; i++)
            mark_expr(needed, query->keys[i]);
        for (uint32_t i = 0; i < query->aggregates.count; i++)
            mark_expr(needed, query->aggregates.items[i].argument);
        return;
    }
    for (uint32_t i = 0; i < query->item_count; i++)
        mark_expr(needed, query->items[i]);
}

static void mark_order(struct needed_columns *needed, const struct bound_query *query)
{
    for (uint32_t i = 0; i < query->order_count; i++)
        mark_expr(needed, query->order[i].expr);
}

static const struct bound_expr *order_expr(const struct bound_query *query, uint32_t i)
{
    const struct bound_order *order = &query->order[i];

    return order->output == NO_OUTPUT ? order->expr : query->items[order->output];
}

/* The least or greatest of a column that leads the key is in the first row of that order. */
static bool is_extreme(const struct bound_query *query)
{
    const struct bound_aggregate *aggregate = query->aggregates.items;

    return query->is_grouped && query->key_count == 0 && query->aggregates.count == 1 &&
           (aggregate->function == AGGREGATE_MIN || aggregate->function == AGGREGATE_MAX) &&
           aggregate->argument->kind == BOUND_COLUMN;
}

/* The order that the scan is asked for, when it is one of plain columns; *count 0: none. */
static bool wish_order(struct arena *arena, const struct bound_query *query, struct wanted_order **order,
                       uint32_t *count)
{
    *count = 0;
    *order = arena_alloc_array(arena, query->order_count + 1, sizeof **order);
    if (*order == NULL)
        return false;
    if (is_extreme(query)) {
        const struct bound_aggregate *aggregate = query->aggregates.items;
        (*order)[(*count)++] = (struct wanted_order){aggregate->argument->column, aggregate->function == AGGREGATE_MAX};
    }
    if (query->is_grouped || query->is_distinct)
        return true;
    for (uint32_t i = 0; i < query->order_count; i++) {
        const struct bound_expr *expr = order_expr(query, i);
        if (expr->kind != BOUND_COLUMN) {
            *count = 0;
            return true;
        }
        (*order)[(*count)++] = (struct wanted_order){expr->column, query->order[i].is_descending};
    }
    return true;
}

static struct plan_node *limit_to_one(struct arena *arena, struct plan_node *child)
{
    struct plan_node *node = plan_node_passing(arena, PLAN_LIMIT, child);

    if (node == NULL || (node->limit.limit = bound_make_constant(arena, value_int(1), NO_SPAN)) == NULL)
        return NULL;
    return node;
}

static struct plan_node *plan_table(struct arena *arena, const struct bound_query *query, const uint32_t **positions,
                                    bool *is_ordered)
{
    struct needed_columns needed = {arena_alloc_array(arena, query->table->column_count, sizeof(bool))};
    struct wanted_order *order;
    uint32_t order_count;
    struct access_path path;

    if (needed.marks == NULL || !wish_order(arena, query, &order, &order_count))
        return NULL;
    mark_query(&needed, query);
    struct access_request request = {.table = query->table,
                                     .where = query->where,
                                     .needed = needed.marks,
                                     .order = order,
                                     .order_count = order_count};
    if (!access_path_choose(arena, &request, &path))
        return NULL;
    /* Columns that only the order needs are read where the key does not give it. */
    bool needs_sort = query->order_count > 0 && !query->is_grouped && !path.is_ordered;
    if (needs_sort) {
        mark_order(&needed, query);
        if (!access_path_choose(arena, &request, &path))
            return NULL;
    }
    *positions = path.positions;
    *is_ordered = path.is_ordered;
    if (is_extreme(query) && path.node->kind == PLAN_SCAN && path.is_ordered)
        return limit_to_one(arena, path.node);
    return path.node;
}

static struct plan_node *plan_filter(struct arena *arena, struct plan_node *child, struct bound_expr *condition)
{
    struct plan_node *node = plan_node_passing(arena, PLAN_FILTER, child);

    if (node != NULL)
        node->filter.condition = condition;
    return node;
}

/* Rows of constants, or one row without columns. */
static struct plan_node *plan_values(struct arena *arena, const struct bound_query *query, const uint32_t **positions)
{
    struct plan_node *node = plan_node_make(arena, PLAN_VALUES);
    uint32_t width = query->table == NULL ? 0 : query->table->visible_count;
    uint32_t *identity = arena_alloc_array(arena, width, sizeof *identity);
    enum ssql_type *types;
    struct slice *names;

    if (node == NULL || identity == NULL || !plan_node_set_width(arena, node, width, &types, &names))
        return NULL;
    for (uint32_t i = 0; i < width; i++) {
        identity[i] = i;
        types[i] = query->table->columns[i].type;
        names[i] = query->table->columns[i].name;
    }
    node->values.row_count = query->source == SOURCE_VALUES ? query->row_count : 1;
    node->values.items = query->row_items;
    *positions = identity;
    return query->where == NULL ? node : plan_filter(arena, node, query->where);
}

/* ---- groups ---- */

static struct slice text_name(struct arena *arena, const struct bound_expr *expr, const struct slice *child_names)
{
    struct buffer text = {0};
    struct slice name = slice_make("", 0);

    bound_expr_append_text(&text, expr, child_names);
    if (text.failed)
        arena->failed = true; /* asked at the end, as for all that is made here */
    else
        name = arena_copy(arena, buffer_slice(&text));
    buffer_clear(&text);
    return name;
}

static const char *const AGGREGATE_NAMES[] = {
    [AGGREGATE_COUNT_ROWS] = "count",
    [AGGREGATE_COUNT] = "count",
    [AGGREGATE_SUM] = "sum",
    [AGGREGATE_AVG] = "avg",
    [AGGREGATE_MIN] = "min",
    [AGGREGATE_MAX] = "max",
    [AGGREGATE_GROUP_CONCAT] = "group_concat",
};

static struct slice aggregate_text(struct arena *arena, const struct bound_aggregate *aggregate,
                                   const struct slice *child_names)
{
    struct buffer text = {0};
    struct slice name = slice_make("", 0);

    buffer_printf(&text, "%s(%s", AGGREGATE_NAMES[aggregate->function], aggregate->is_distinct ? "distinct " : "");
    if (aggregate->argument == NULL)
        buffer_append_byte(&text, '*');
    else
        bound_expr_append_text(&text, aggregate->argument, child_names);
    if (aggregate->separator != NULL) {
        buffer_append_text(&text, ", ");
        bound_expr_append_text(&text, aggregate->separator, child_names);
    }
    buffer_append_byte(&text, ')');
    if (text.failed)
        arena->failed = true; /* asked at the end, as for all that is made here */
    else
        name = arena_copy(arena, buffer_slice(&text));
    buffer_clear(&text);
    return name;
}

static struct plan_node *plan_groups(struct arena *arena, const struct bound_query *query, struct plan_node *child,
                                     const uint32_t *positions)
{
    struct plan_node *node = plan_node_over(arena, PLAN_AGGREGATE, child);
    uint32_t key_count = query->key_count, aggregate_count = query->aggregates.count;
    struct bound_expr **keys = arena_alloc_array(arena, key_count, sizeof *keys);
    struct bound_aggregate *aggregates = arena_alloc_array(arena, aggregate_count, sizeof *aggregates);
    enum ssql_type *types;
    struct slice *names;

    if (node == NULL || keys == NULL || aggregates == NULL ||
        !plan_node_set_width(arena, node, key_count + aggregate_count, &types, &names))
        return NULL;
    for (uint32_t i = 0; i < key_count; i++) {
        keys[i] = bound_move_columns(arena, query->keys[i], positions);
        if (keys[i] == NULL)
            return NULL;
        types[i] = keys[i]->type;
        names[i] = text_name(arena, keys[i], child->column_names);
    }
    for (uint32_t i = 0; i < aggregate_count; i++) {
        aggregates[i] = query->aggregates.items[i];
        if (aggregates[i].argument != NULL &&
            (aggregates[i].argument = bound_move_columns(arena, aggregates[i].argument, positions)) == NULL)
            return NULL;
        types[key_count + i] = aggregates[i].type;
        names[key_count + i] = aggregate_text(arena, &aggregates[i], child->column_names);
    }
    node->aggregate.key_count = key_count;
    node->aggregate.keys = keys;
    node->aggregate.aggregate_count = aggregate_count;
    node->aggregate.aggregates = aggregates;
    return query->having == NULL ? node : plan_filter(arena, node, query->having);
}

/* ---- the select list, order and limit ---- */

/* What `sort` must keep: limit + offset. Larger numbers than these are never reached, and their sum does not overflow.
 */
static const int64_t ROWS_MOST = INT64_MAX / 4;

static struct bound_expr *bounded(struct arena *arena, struct bound_expr *count)
{
    if (count->kind == BOUND_CONSTANT)
        return count->constant.integer < ROWS_MOST ? count
                                                   : bound_make_constant(arena, value_int(ROWS_MOST), count->span);
    return bound_make_binary(arena, FUNCTION_LEAST, SSQL_TYPE_INT, count,
                             bound_make_constant(arena, value_int(ROWS_MOST), NO_SPAN), NO_SPAN);
}

static struct bound_expr *rows_to_keep(struct arena *arena, const struct bound_query *query)
{
    if (query->offset == NULL)
        return query->limit;
    return bound_make_binary(arena, FUNCTION_ADD, SSQL_TYPE_INT, bounded(arena, query->limit),
                             bounded(arena, query->offset), query->limit->span);
}

static struct plan_node *plan_limit(struct arena *arena, const struct bound_query *query, struct plan_node *child)
{
    if (query->limit == NULL && query->offset == NULL)
        return child;
    struct plan_node *node = plan_node_passing(arena, PLAN_LIMIT, child);
    if (node != NULL) {
        node->limit.limit = query->limit;
        node->limit.offset = query->offset;
    }
    return node;
}

/* The select list, then hidden columns that only the order needs. */
static struct plan_node *plan_items(struct arena *arena, const struct bound_query *query, struct plan_node *child,
                                    const uint32_t *positions, bool with_order)
{
    uint32_t most = query->item_count + (with_order ? query->order_count : 0), count = query->item_count;
    struct bound_expr **items = arena_alloc_array(arena, most, sizeof *items);
    struct slice *names = arena_alloc_array(arena, most, sizeof *names);

    if (items == NULL || names == NULL)
        return NULL;
    for (uint32_t i = 0; i < count; i++) {
        items[i] = positions == NULL ? query->items[i] : bound_move_columns(arena, query->items[i], positions);
        names[i] = query->item_names[i];
        if (items[i] == NULL)
            return NULL;
    }
    for (uint32_t i = 0; with_order && i < query->order_count; i++) {
        struct bound_expr *expr = query->order[i].expr;
        if (query->order[i].output != NO_OUTPUT)
            continue;
        items[count] = positions == NULL ? expr : bound_move_columns(arena, expr, positions);
        if (items[count] == NULL)
            return NULL;
        names[count] = text_name(arena, items[count], child->column_names);
        count++;
    }
    return plan_project(arena, child, items, names, count);
}

/* A projection that gives every column of its child, in order and under its name, is left out. */
static struct plan_node *without_identity(struct plan_node *project)
{
    if (project == NULL || project->column_count != project->child->column_count)
        return project;
    for (uint32_t i = 0; i < project->column_count; i++) {
        const struct bound_expr *item = project->project.items[i];
        if (item->kind != BOUND_COLUMN || item->column != i ||
            !slice_equal(project->column_names[i], project->child->column_names[i]))
            return project;
    }
    return project->child;
}

static struct plan_node *plan_sort(struct arena *arena, const struct bound_query *query, struct plan_node *child)
{
    struct plan_node *node = plan_node_passing(arena, PLAN_SORT, child);
    struct sort_key *keys = arena_alloc_array(arena, query->order_count, sizeof *keys);
    uint32_t hidden = query->item_count;

    if (node == NULL || keys == NULL)
        return NULL;
    for (uint32_t i = 0; i < query->order_count; i++) {
        const struct bound_order *order = &query->order[i];
        keys[i] = (struct sort_key){.column = order->output == NO_OUTPUT ? hidden++ : order->output,
                                    .is_descending = order->is_descending,
                                    .nulls_last = order->nulls_last};
    }
    node->sort.keys = keys;
    node->sort.key_count = query->order_count;
    if (query->limit != NULL && (node->sort.row_limit = rows_to_keep(arena, query)) == NULL)
        return NULL;
    return node;
}

/* Back to the select list where sorting needed more. */
static struct plan_node *drop_hidden(struct arena *arena, const struct bound_query *query, struct plan_node *child)
{
    struct bound_expr **items;

    if (child == NULL || child->column_count == query->item_count)
        return child;
    items = arena_alloc_array(arena, query->item_count, sizeof *items);
    if (items == NULL)
        return NULL;
    for (uint32_t i = 0; i < query->item_count; i++) {
        items[i] = bound_make_column(arena, i, child->column_types[i], query->items[i]->can_be_null, NO_SPAN);
        if (items[i] == NULL)
            return NULL;
    }
    return plan_project(arena, child, items, query->item_names, query->item_count);
}

struct plan_node *plan_query(struct arena *arena, const struct bound_query *query)
{
    const uint32_t *positions = NULL;
    bool is_ordered = false;
    struct plan_node *node = query->source == SOURCE_TABLE ? plan_table(arena, query, &positions, &is_ordered)
                                                           : plan_values(arena, query, &positions);

    if (node == NULL)
        return NULL;
    if (query->is_grouped) {
        node = plan_groups(arena, query, node, positions);
        positions = NULL; /* what stands above counts the group's columns */
        is_ordered = false;
    }
    bool needs_sort = query->order_count > 0 && !is_ordered;
    if (!needs_sort && !query->is_distinct) {
        /* Rows that the limit leaves out are not worked on. */
        node = node == NULL ? NULL : plan_limit(arena, query, node);
        node = node == NULL ? NULL : plan_items(arena, query, node, positions, false);
        return without_identity(node);
    }
    node = node == NULL ? NULL : without_identity(plan_items(arena, query, node, positions, needs_sort));
    if (query->is_distinct)
        node = plan_node_passing(arena, PLAN_DISTINCT, node);
    if (needs_sort)
        node = plan_sort(arena, query, node);
    node = drop_hidden(arena, query, node);
    return node == NULL ? NULL : plan_limit(arena, query, node);
}
