/* scan: rows of a table in a key range. The filter goes into the scan; conjuncts that can fail are evaluated once more
 * on what comes out (expression_filter.h).
 *
 * A large table is divided into morsels. The first is read by this thread alone: it may be all that is asked for, and
 * it tells how many rows pass the filter. If they are few, the others are read by several threads; copying many from
 * thread to thread would cost more than it saves. Rows come in the order of the morsels either way. */
#include "exec/operator_scan.h"

#include "exec/operator_key_range.h"
#include "exec/parallel_scan.h"

enum { SHARE_MOST = 4 }; /* several threads read when at most 1/4 of the rows pass the filter */

struct scan_state {
    struct operator base;
    struct key_range range;
    struct expression **zone_constants;
    struct zone_predicate *zones;
    struct scan_request request;
    struct scan_reader reader;
    bool is_divided;              /* by the operator above */
    struct scan_morsels *morsels; /* NULL: read as a whole */
    uint32_t next_morsel, end_morsel;
    bool is_alone;                  /* morsels are read by this thread only */
    struct parallel_scan *parallel; /* NULL: not needed yet */
    bool is_parallel;               /* it reads all morsels that are left */
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

    if (!scan_reader_create(&state->reader, &self->runtime->environment, node, error))
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

static void make_request(struct scan_state *state)
{
    const struct plan_node *node = state->base.node;

    state->request = (struct scan_request){.columns = node->scan.columns,
                                           .column_count = node->column_count,
                                           .filter_column_count = node->scan.filter_column_count,
                                           .low = state->range.low,
                                           .high = state->range.high,
                                           .low_exclusive = state->range.low_exclusive,
                                           .high_exclusive = state->range.high_exclusive,
                                           .zones = state->zones,
                                           .zone_count = node->scan.zone_count,
                                           .in_key_order = node->scan.in_key_order,
                                           .descending = node->scan.is_descending};
}

static bool scan_start(struct operator* self, struct ssql_error *error)
{
    struct scan_state *state = (struct scan_state *)self;
    const struct execution_context *context = &self->runtime->context;
    const struct plan_node *node = self->node;
    bool is_empty = false;
    struct table *table;

    scan_reader_start(&state->reader, context->cancellation);
    if (!operator_find_table(self, node->scan.table, &table, error) || !key_range_evaluate(&state->range, error) ||
        !evaluate_zones(state, &is_empty, error))
        return false;
    if (is_empty || state->range.is_empty)
        return true;
    make_request(state);
    if ((node->scan.filter != NULL || state->is_divided) &&
        !scan_morsels_create(context->transaction, table, &state->request, &state->morsels, error))
        return false;
    if (state->morsels == NULL)
        return scan_reader_open(&state->reader, context->transaction, table, &state->request, error);
    state->end_morsel = scan_morsels_count(state->morsels);
    state->is_alone = worker_pool_thread_count(engine_workers(context->engine)) == 1;
    return true;
}

/* ---- reading ---- */

static bool open_morsel(struct scan_state *state, uint32_t morsel, struct ssql_error *error)
{
    return scan_reader_open_morsels(&state->reader, state->morsels, morsel, morsel + 1, &state->request, error);
}

static bool few_rows_pass(const struct scan_state *state)
{
    return state->reader.selected_rows * SHARE_MOST <= state->reader.statistics.rows_read;
}

static bool start_threads(struct scan_state *state, struct ssql_error *error)
{
    const struct operator* self = & state->base;

    if (state->parallel == NULL && !parallel_scan_create(self->node, &state->parallel, error))
        return false;
    state->is_parallel = true;
    return parallel_scan_start(state->parallel, &self->runtime->context, state->morsels, &state->request,
                               state->next_morsel, state->end_morsel, error);
}

/* Goes to where the next rows are to be had; *is_end: nowhere. */
static bool go_on(struct scan_state *state, bool *is_end, struct ssql_error *error)
{
    *is_end = state->next_morsel == state->end_morsel;
    if (*is_end)
        return true;
    if (state->next_morsel > 0 && !state->is_alone && few_rows_pass(state))
        return start_threads(state, error);
    return open_morsel(state, state->next_morsel++, error);
}

/* A batch of what the threads read; none where a morsel is to be read again. */
static bool take(struct scan_state *state, struct batch *batch, bool *is_end, struct ssql_error *error)
{
    uint32_t morsel;

    enum parallel_take taken = parallel_scan_take(state->parallel, batch, &morsel, error);
    if (taken == TAKE_REREAD)
        return open_morsel(state, morsel, error);
    *is_end = taken == TAKE_END;
    return taken != TAKE_FAILED;
}

static bool scan_operator_next(struct operator* self, struct batch *batch, struct ssql_error *error)
{
    struct scan_state *state = (struct scan_state *)self;
    bool is_end = false;

    batch_end(batch);
    while (!is_end) {
        if (state->reader.scan != NULL) {
            if (!scan_reader_next(&state->reader, batch, error))
                return false;
            if (batch->row_count == 0)
                scan_reader_close(&state->reader);
        } else if (state->is_parallel) {
            if (!take(state, batch, &is_end, error))
                return false;
        } else if (!go_on(state, &is_end, error)) {
            return false;
        }
        if (batch->row_count > 0)
            return true;
    }
    return true;
}

static void scan_stop(struct operator* self)
{
    struct scan_state *state = (struct scan_state *)self;

    scan_reader_close(&state->reader);
    if (state->is_parallel)
        parallel_scan_stop(state->parallel, self->profile == NULL ? NULL : &self->profile->scan);
    if (self->profile != NULL)
        scan_statistics_add(&self->profile->scan, &state->reader.statistics);
    scan_morsels_destroy(state->morsels);
    state->morsels = NULL;
    state->next_morsel = state->end_morsel = 0;
    state->is_parallel = false;
}

static void scan_destroy(struct operator* self)
{
    struct scan_state *state = (struct scan_state *)self;

    scan_reader_clear(&state->reader);
    parallel_scan_destroy(state->parallel);
    key_range_clear(&state->range);
}

const struct operator_type scan_operator = {.name = "scan",
                                            .size = sizeof(struct scan_state),
                                            .create = scan_create,
                                            .open = scan_start,
                                            .next = scan_operator_next,
                                            .close = scan_stop,
                                            .destroy = scan_destroy};

/* ---- for the operator above ---- */

struct operator* scan_operator_divide(struct operator* child)
{
    if (child->type != &scan_operator)
        return NULL;
    ((struct scan_state *)child)->is_divided = true;
    return child;
}

void scan_operator_expect(struct operator* child, uint64_t row_count)
{
    const struct scan_state *state = (const struct scan_state *)child;

    if (child->type == &scan_operator && state->reader.scan != NULL)
        scan_expect_rows(state->reader.scan, row_count);
}

const struct scan_morsels *scan_operator_morsels(const struct operator* scan)
{
    return ((const struct scan_state *)scan)->morsels;
}

const struct scan_request *scan_operator_request(const struct operator* scan)
{
    return &((const struct scan_state *)scan)->request;
}

void scan_operator_read_only(struct operator* scan, uint32_t begin, uint32_t end)
{
    struct scan_state *state = (struct scan_state *)scan;

    state->next_morsel = begin;
    state->end_morsel = end;
    state->is_alone = true;
}

void scan_operator_count(struct operator* scan, const struct scan_reader *reader)
{
    if (scan->profile == NULL)
        return;
    scan_statistics_add(&scan->profile->scan, &reader->statistics);
    scan->profile->rows += reader->selected_rows;
}
