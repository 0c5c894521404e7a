/* sort: keys as bytes, rows as bytes (row_codec.h), in order by sort_rows. With a row limit, rows whose first key alone
 * puts them after the last row that is still wanted are dropped batch by batch, before anything is made of them. */
#include "exec/kernel.h"
#include "exec/operator.h"
#include "exec/row_batch.h"
#include "exec/row_codec.h"
#include "exec/sort_rows.h"

struct sort_state {
    struct operator base;
    struct expression *row_limit; /* NULL: none */
    struct sort_rows sort;
    struct row_batch rows;
    struct buffer key, payload;
    bool is_sorted;
    uint64_t cutoff_count;   /* of the sort, when `threshold` was read */
    struct vector threshold; /* first key of the cutoff, a constant; kind VECTOR_FLAT: none */
    struct value threshold_value;
    uint8_t threshold_boolean;
    uint16_t *rows_before; /* BATCH_CAPACITY, taken when first needed */
};

static bool sort_create(struct operator* self, struct ssql_error *error)
{
    struct sort_state *state = (struct sort_state *)self;
    struct expression_environment *environment = &self->runtime->environment;

    row_batch_init(&state->rows, &environment->arena, self->node->column_types, self->node->column_count);
    return self->node->sort.row_limit == NULL ||
           expression_create(environment, &self->node->sort.row_limit, 1, &state->row_limit, error);
}

/* A null or negative limit is the limit operator's to judge. */
static bool read_row_limit(struct sort_state *state, uint64_t *row_limit, struct ssql_error *error)
{
    struct value value;

    *row_limit = UINT64_MAX;
    if (state->row_limit == NULL)
        return true;
    if (!expression_constant(state->row_limit, &value, error))
        return false;
    if (!value.is_null && value.integer >= 0)
        *row_limit = (uint64_t)value.integer;
    return true;
}

static bool sort_open(struct operator* self, struct ssql_error *error)
{
    struct sort_state *state = (struct sort_state *)self;
    struct engine *engine = self->runtime->context.engine;
    uint64_t row_limit;

    sort_rows_init(&state->sort, engine, engine_work_budget(engine), UINT64_MAX);
    state->is_sorted = false;
    state->cutoff_count = 0;
    state->threshold = (struct vector){.kind = VECTOR_FLAT};
    if (!read_row_limit(state, &row_limit, error))
        return false;
    state->sort.row_limit = row_limit;
    return true;
}

static bool add_row(struct sort_state *state, const struct batch *batch, uint32_t row, struct ssql_error *error)
{
    const struct plan_node *node = state->base.node;

    buffer_reset(&state->key);
    buffer_reset(&state->payload);
    for (uint32_t i = 0; i < node->sort.key_count; i++) {
        const struct sort_key *key = &node->sort.keys[i];
        struct value value = vector_value(&batch->columns[key->column], row);
        row_append_sort_key(&state->key, &value, key->is_descending, key->nulls_last);
    }
    for (uint32_t i = 0; i < node->column_count; i++)
        row_append_item(&state->payload, &batch->columns[i], row);
    if (state->key.failed || state->payload.failed)
        return error_no_memory(error);
    return sort_rows_add(&state->sort, buffer_slice(&state->key), buffer_slice(&state->payload), error);
}

/* Points the threshold at the first key of the sort's cutoff. */
static void read_threshold(struct sort_state *state)
{
    uint32_t column = state->base.node->sort.keys[0].column;
    struct slice payload = sort_rows_cutoff(&state->sort);
    struct value *value = &state->threshold_value;

    for (uint32_t i = 0; i <= column; i++)
        row_take_own_value(&payload, state->base.node->column_types[i], value);
    state->cutoff_count = state->sort.cutoff_count;
    state->threshold = (struct vector){.type = value->type, .kind = value->is_null ? VECTOR_FLAT : VECTOR_CONSTANT};
    state->threshold.items = &value->integer; /* as good as `real` and `string` */
    if (value->type == SSQL_TYPE_BOOL) {
        state->threshold_boolean = value->boolean;
        state->threshold.booleans = &state->threshold_boolean;
    }
}

/* What was read waits to be brought into order, and is handed out then. */
static void tell_sorting(const struct sort_state *state, int64_t row_count)
{
    const struct cancellation *cancellation = state->base.runtime->context.cancellation;

    if (cancellation != NULL)
        progress_begin(cancellation->progress, "sorting", row_count);
}

/* Narrows the batch to rows that are not after the threshold by their first key. */
static bool drop_rows_beyond(struct sort_state *state, struct batch *batch, struct ssql_error *error)
{
    const struct sort_key *key = &state->base.node->sort.keys[0];
    const struct vector *vector = &batch->columns[key->column];

    if (state->cutoff_count != state->sort.cutoff_count)
        read_threshold(state);
    /* The comparison refuses nulls, which may come first. */
    if (state->threshold.kind != VECTOR_CONSTANT || (vector->nulls != NULL && !key->nulls_last))
        return true;
    if (state->rows_before == NULL)
        state->rows_before = operator_alloc(&state->base, BATCH_CAPACITY, sizeof *state->rows_before);
    if (state->rows_before == NULL)
        return error_no_memory(error);
    batch->selected_count =
        kernel_select_compare(key->is_descending ? FUNCTION_GREATER_EQUAL : FUNCTION_LESS_EQUAL, vector,
                              &state->threshold, batch_selection(batch), state->rows_before);
    batch->selection = state->rows_before;
    return true;
}

static bool read_child(struct sort_state *state, struct ssql_error *error)
{
    struct batch batch;
    int64_t row_count = 0;

    for (;;) {
        if (!operator_next(state->base.child, &batch, error))
            return false;
        if (batch.row_count == 0)
            break;
        if (!drop_rows_beyond(state, &batch, error))
            return false;
        for (uint32_t i = 0; i < batch.selected_count; i++)
            if (!add_row(state, &batch, batch_row(&batch, i), error))
                return false;
        row_count += batch.selected_count;
    }
    tell_sorting(state, state->sort.row_limit < (uint64_t)row_count ? (int64_t)state->sort.row_limit : row_count);
    state->is_sorted = true;
    return sort_rows_finish(&state->sort, error);
}

static bool decode_row(struct sort_state *state, struct slice payload, uint32_t row, struct ssql_error *error)
{
    struct value *values = row_batch_scratch(&state->rows);

    for (uint32_t i = 0; i < state->rows.column_count; i++)
        if (!row_take_value(&payload, state->rows.types[i], &values[i]))
            return spill_fail_corrupt(error);
    if (!sort_rows_is_in_memory(&state->sort) && !row_batch_copy_strings(&state->rows, values, error))
        return false;
    row_batch_set_row(&state->rows, row, values);
    return true;
}

static bool sort_next(struct operator* self, struct batch *batch, struct ssql_error *error)
{
    struct sort_state *state = (struct sort_state *)self;
    uint32_t count = 0;

    batch_end(batch);
    if (!state->is_sorted && !read_child(state, error))
        return false;
    if (!row_batch_reserve(&state->rows, BATCH_CAPACITY, error))
        return false;
    while (count < BATCH_CAPACITY) {
        struct slice payload;
        if (!sort_rows_next(&state->sort, &payload, error))
            return false;
        if (payload.data == NULL)
            break;
        if (!decode_row(state, payload, count++, error))
            return false;
    }
    cancellation_count(self->runtime->context.cancellation, count);
    row_batch_show(&state->rows, count, batch);
    return true;
}

static void sort_close(struct operator* self)
{
    struct sort_state *state = (struct sort_state *)self;

    sort_rows_clear(&state->sort);
    buffer_clear(&state->key);
    buffer_clear(&state->payload);
    row_batch_clear(&state->rows);
}

const struct operator_type sort_operator = {.name = "sort",
                                            .size = sizeof(struct sort_state),
                                            .create = sort_create,
                                            .open = sort_open,
                                            .next = sort_next,
                                            .close = sort_close};
