/* scan: rows of a table in a key range. The filter goes into the scan; conjuncts that can fail are evaluated once more
 * on what comes out (expression_filter.h). */
#include "exec/expression_filter.h"
#include "exec/operator_key_range.h"

struct scan_state {
    struct operator base;
    struct key_range range;
    struct expression_filter *filter; /* NULL: none */
    struct expression **zone_constants;
    struct zone_predicate *zones;
    struct scan_request request;
    struct scan *scan; /* NULL: an empty range */
};

static bool compile_zones(struct scan_state *state, struct ssql_error *error)
{
    struct operator* self = & state->base;
    uint32_t count = self->node->scan.zone_count;

    state->zones = operator_alloc(self, count, sizeof *state->zones);
    state->zone_constants = operator_alloc(self, count, sizeof(struct expression *));
    if (state->zones == NULL || state->zone_constants == NULL)
        return error_no_memory(error);
    for (uint32_t i = 0; i < count; i++) {
        const struct zone_condition *zone = &self->node->scan.zones[i];
        if (zone->constant != NULL &&
            !expression_create(&self->runtime->environment, &zone->constant, 1, &state->zone_constants[i], error))
            return false;
    }
    return true;
}

static bool scan_create(struct operator* self, struct ssql_error *error)
{
    struct scan_state *state = (struct scan_state *)self;
    const struct plan_node *node = self->node;

    if (node->scan.filter != NULL &&
        !expression_filter_create(&self->runtime->environment, node->scan.filter, &state->filter, error))
        return false;
    return key_range_create(&state->range, self, node->scan.table, &node->scan.low, &node->scan.high, error) &&
           compile_zones(state, error);
}

static bool needs_constant(enum zone_operator operator)
{
    return operator!= ZONE_IS_NULL && operator!= ZONE_IS_NOT_NULL;
}

/* A comparison with null holds for no row. */
static bool evaluate_zones(struct scan_state *state, bool *is_empty, struct ssql_error *error)
{
    const struct plan_node *node = state->base.node;

    for (uint32_t i = 0; i < node->scan.zone_count; i++) {
        const struct zone_condition *zone = &node->scan.zones[i];
        state->zones[i] = (struct zone_predicate){.column = zone->column, .operator= zone->operator};
        if (!needs_constant(zone->operator))
            continue;
        if (!expression_constant(state->zone_constants[i], &state->zones[i].constant, error))
            return false;
        *is_empty |= state->zones[i].constant.is_null;
    }
    return true;
}

static bool scan_start(struct operator* self, struct ssql_error *error)
{
    struct scan_state *state = (struct scan_state *)self;
    const struct plan_node *node = self->node;
    bool is_empty = false;
    struct table *table;

    state->scan = NULL;
    if (!operator_find_table(self, node->scan.table, &table, error) || !key_range_evaluate(&state->range, error) ||
        !evaluate_zones(state, &is_empty, error))
        return false;
    if (is_empty || state->range.is_empty)
        return true;
    state->request =
        (struct scan_request){.columns = node->scan.columns,
                              .column_count = node->column_count,
                              .filter_column_count = node->scan.filter_column_count,
                              .filter = state->filter == NULL ? NULL : expression_filter_as_scan_filter(state->filter),
                              .low = state->range.low,
                              .high = state->range.high,
                              .low_exclusive = state->range.low_exclusive,
                              .high_exclusive = state->range.high_exclusive,
                              .zones = state->zones,
                              .zone_count = node->scan.zone_count,
                              .in_key_order = node->scan.in_key_order,
                              .descending = node->scan.is_descending,
                              .cancellation = self->runtime->context.cancellation};
    return scan_open(self->runtime->context.transaction, table, &state->request, &state->scan, error);
}

static bool scan_operator_next(struct operator* self, struct batch *batch, struct ssql_error *error)
{
    struct scan_state *state = (struct scan_state *)self;

    batch_end(batch);
    if (state->scan == NULL)
        return true;
    do {
        if (!cancellation_check(self->runtime->context.cancellation, error) || !scan_next(state->scan, batch, error))
            return false;
        if (batch->row_count == 0)
            return true;
        if (state->filter != NULL && !expression_filter_apply_rest(state->filter, batch, error))
            return false;
    } while (batch->selected_count == 0);
    return true;
}

static void scan_stop(struct operator* self)
{
    struct scan_state *state = (struct scan_state *)self;

    scan_close(state->scan);
    state->scan = NULL;
}

static void scan_destroy(struct operator* self)
{
    key_range_clear(&((struct scan_state *)self)->range);
}

const struct operator_type scan_operator = {.name = "scan",
                                            .size = sizeof(struct scan_state),
                                            .create = scan_create,
                                            .open = scan_start,
                                            .next = scan_operator_next,
                                            .close = scan_stop,
                                            .destroy = scan_destroy};
