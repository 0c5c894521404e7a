#include "plan/access_path.h"

#include "plan/bound_make.h"
#include "plan/key_range.h"
#include "plan/plan_node.h"

struct choosing {
    struct arena *arena;
    const struct access_request *request;
    struct conjuncts conjuncts;
    struct comparison_list comparisons;
    bool *implied; /* per conjunct: said by the key range */
    struct key_range range;
    struct bound_expr *filter; /* over the table's columns */
    uint32_t *positions;
    uint16_t *columns;
    uint32_t column_count;
};

static void read_column(void *context, uint32_t column)
{
    struct choosing *choosing = context;

    if (choosing->positions[column] != NOT_READ)
        return;
    choosing->positions[column] = choosing->column_count;
    choosing->columns[choosing->column_count++] = (uint16_t)column;
}

static bool is_never_true(const struct conjuncts *conjuncts)
{
    /* What fails before is left to fail. */
    for (uint32_t i = 0; i < conjuncts->count && !(i > 0 && conjuncts->items[i - 1]->can_fail); i++)
        if (bound_is_false(conjuncts->items[i]) || bound_is_null(conjuncts->items[i]))
            return true;
    return false;
}

static bool make_filter(struct choosing *choosing)
{
    const struct conjuncts *conjuncts = &choosing->conjuncts;
    struct bound_expr **kept = arena_alloc_array(choosing->arena, conjuncts->count, sizeof *kept);
    uint32_t count = 0;

    if (kept == NULL)
        return false;
    for (uint32_t i = 0; i < conjuncts->count; i++)
        if (!choosing->implied[i] && !bound_is_true(conjuncts->items[i]))
            kept[count++] = conjuncts->items[i];
    if (count == 0)
        return true;
    choosing->filter = bound_make_logic(choosing->arena, BOUND_AND, kept, count, choosing->request->where->span);
    return choosing->filter != NULL;
}

/* The filter's columns come first. */
static bool choose_columns(struct choosing *choosing, uint32_t *filter_column_count)
{
    const struct table_schema *table = choosing->request->table;

    choosing->positions = arena_alloc_array(choosing->arena, table->column_count, sizeof *choosing->positions);
    choosing->columns = arena_alloc_array(choosing->arena, table->column_count, sizeof *choosing->columns);
    if (choosing->positions == NULL || choosing->columns == NULL)
        return false;
    for (uint32_t i = 0; i < table->column_count; i++)
        choosing->positions[i] = NOT_READ;
    if (choosing->filter != NULL)
        bound_visit_columns(choosing->filter, read_column, choosing);
    *filter_column_count = choosing->column_count;
    for (uint32_t i = 0; i < table->column_count; i++)
        if (choosing->request->needed[i])
            read_column(choosing, i);
    return true;
}

static bool describe_columns(struct choosing *choosing, struct plan_node *node)
{
    const struct table_schema *table = choosing->request->table;
    enum ssql_type *types;
    struct slice *names;

    if (!plan_node_set_width(choosing->arena, node, choosing->column_count, &types, &names))
        return false;
    for (uint32_t i = 0; i < choosing->column_count; i++) {
        types[i] = table->columns[choosing->columns[i]].type;
        names[i] = table->columns[choosing->columns[i]].name;
    }
    return true;
}

/* Conditions for zone maps; those that became a part of the key range say nothing more. */
static bool make_zones(struct choosing *choosing, struct plan_node *node)
{
    const struct comparison_list *comparisons = &choosing->comparisons;
    struct zone_condition *zones = arena_alloc_array(choosing->arena, comparisons->count, sizeof *zones);

    if (zones == NULL)
        return false;
    for (uint32_t i = 0; i < comparisons->count; i++) {
        const struct comparison *comparison = &comparisons->items[i];
        if (choosing->implied[comparison->conjunct])
            continue;
        zones[node->scan.zone_count++] =
            (struct zone_condition){(uint16_t)comparison->column, comparison->operator, comparison->value };
    }
    node->scan.zones = zones;
    return true;
}

static bool is_fixed(const struct choosing *choosing, uint32_t column)
{
    for (uint32_t i = 0; i < choosing->range.fixed_count; i++)
        if (choosing->request->table->key_columns[i] == column)
            return true;
    return false;
}

/* Key columns in their order give the wish; columns of which one value is left order nothing, and behind a whole key
 * nothing is left to order. */
static bool key_gives_order(const struct choosing *choosing, bool *is_descending)
{
    const struct access_request *request = choosing->request;
    const struct table_schema *table = request->table;
    uint32_t place = choosing->range.fixed_count;
    bool is_first = true;

    for (uint32_t i = 0; i < request->order_count && place < table->key_count; i++) {
        if (is_fixed(choosing, request->order[i].column))
            continue;
        if (request->order[i].column != table->key_columns[place] ||
            (!is_first && request->order[i].is_descending != *is_descending))
            return false;
        *is_descending = request->order[i].is_descending;
        is_first = false;
        place++;
    }
    return true;
}

static bool make_scan(struct choosing *choosing, struct access_path *path)
{
    const struct access_request *request = choosing->request;
    bool is_lookup = choosing->range.fixed_count == request->table->key_count;
    struct plan_node *node = plan_node_make(choosing->arena, is_lookup ? PLAN_LOOKUP : PLAN_SCAN);
    bool is_descending = false;

    if (node == NULL || !choose_columns(choosing, &node->scan.filter_column_count) || !describe_columns(choosing, node))
        return false;
    node->scan.table = request->table;
    node->scan.columns = choosing->columns;
    node->scan.low = choosing->range.low;
    node->scan.high = choosing->range.high;
    if (choosing->filter != NULL) {
        node->scan.filter = bound_move_columns(choosing->arena, choosing->filter, choosing->positions);
        if (node->scan.filter == NULL)
            return false;
    }
    if (!is_lookup && !make_zones(choosing, node))
        return false;
    if (is_lookup) {
        path->is_ordered = true;
    } else if (request->order_count > 0 && key_gives_order(choosing, &is_descending)) {
        path->is_ordered = true;
        node->scan.in_key_order = true;
        node->scan.is_descending = is_descending;
    }
    path->is_filtered = choosing->filter != NULL;
    path->node = node;
    path->positions = choosing->positions;
    return true;
}

static bool make_empty(struct choosing *choosing, struct access_path *path)
{
    uint32_t filter_column_count;

    choosing->filter = NULL;
    path->node = plan_node_make(choosing->arena, PLAN_VALUES);
    path->is_ordered = true;
    if (path->node == NULL || !choose_columns(choosing, &filter_column_count) ||
        !describe_columns(choosing, path->node))
        return false;
    path->positions = choosing->positions;
    return true;
}

bool access_path_choose(struct arena *arena, const struct access_request *request, struct access_path *path)
{
    struct choosing choosing = {.arena = arena, .request = request};

    *path = (struct access_path){0};
    conjuncts_init(&choosing.conjuncts, request->where);
    if (is_never_true(&choosing.conjuncts))
        return make_empty(&choosing, path);
    choosing.implied = arena_alloc_array(arena, choosing.conjuncts.count, sizeof *choosing.implied);
    return choosing.implied != NULL && comparisons_collect(arena, &choosing.conjuncts, &choosing.comparisons) &&
           key_range_find(arena, request->table, &choosing.comparisons, choosing.implied, &choosing.range) &&
           make_filter(&choosing) && make_scan(&choosing, path);
}
