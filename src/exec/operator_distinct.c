/* distinct: lets each row through the first time it comes; rows that the work budget has no room for come at the end.
 */
#include "exec/aggregate_distinct.h"
#include "exec/kernel.h"
#include "exec/operator.h"
#include "exec/row_batch.h"
#include "exec/row_codec.h"

struct distinct_state {
    struct operator base;
    struct distinct_set set;
    struct buffer bytes;   /* of one row */
    struct row_batch rows; /* put aside earlier */
    uint16_t *selection;
    bool child_is_done;
};

static bool distinct_create(struct operator* self, struct ssql_error *error)
{
    struct distinct_state *state = (struct distinct_state *)self;

    row_batch_init(&state->rows, &self->runtime->environment.arena, self->node->column_types, self->node->column_count);
    state->selection = operator_alloc(self, BATCH_CAPACITY, sizeof *state->selection);
    if (state->selection == NULL)
        return error_no_memory(error);
    return true;
}

static bool distinct_open(struct operator* self, struct ssql_error *error)
{
    struct distinct_state *state = (struct distinct_state *)self;
    struct engine *engine = self->runtime->context.engine;

    (void)error;
    distinct_set_init(&state->set, engine, engine_work_budget(engine));
    state->child_is_done = false;
    return true;
}

/* Narrows the selection to rows not seen before. */
static bool narrow(struct distinct_state *state, struct batch *batch, struct ssql_error *error)
{
    struct selection selection = batch_selection(batch);
    uint32_t count = 0;

    for (uint32_t i = 0; i < selection.count; i++) {
        uint32_t row = selection_row(selection, i);
        buffer_reset(&state->bytes);
        for (uint32_t column = 0; column < batch->column_count; column++)
            row_append_group_item(&state->bytes, &batch->columns[column], row);
        if (state->bytes.failed)
            return error_no_memory(error);
        enum distinct_outcome outcome = distinct_set_add(&state->set, buffer_slice(&state->bytes), error);
        if (outcome == DISTINCT_FAILED)
            return false;
        state->selection[count] = (uint16_t)row;
        count += outcome == DISTINCT_NEW;
    }
    batch->selection = state->selection;
    batch->selected_count = count;
    return true;
}

static bool decode_row(struct distinct_state *state, struct slice bytes, uint32_t row, struct ssql_error *error)
{
    struct value *values = row_batch_scratch(&state->rows);

    for (uint32_t i = 0; i < state->rows.column_count; i++)
        if (!row_take_value(&bytes, state->rows.types[i], &values[i]))
            return spill_fail_corrupt(error);
    if (!row_batch_copy_strings(&state->rows, values, error))
        return false;
    row_batch_set_row(&state->rows, row, values);
    return true;
}

static bool next_later(struct distinct_state *state, struct batch *batch, struct ssql_error *error)
{
    uint32_t count = 0;

    if (!row_batch_reserve(&state->rows, BATCH_CAPACITY, error))
        return false;
    while (count < BATCH_CAPACITY) {
        struct slice bytes;
        if (!distinct_set_next_later(&state->set, &bytes, error))
            return false;
        if (bytes.data == NULL)
            break;
        if (!decode_row(state, bytes, count++, error))
            return false;
    }
    row_batch_show(&state->rows, count, batch);
    return true;
}

static bool distinct_next(struct operator* self, struct batch *batch, struct ssql_error *error)
{
    struct distinct_state *state = (struct distinct_state *)self;

    while (!state->child_is_done) {
        if (!operator_next(self->child, batch, error))
            return false;
        state->child_is_done = batch->row_count == 0;
        if (state->child_is_done)
            break;
        if (!narrow(state, batch, error))
            return false;
        if (batch->selected_count > 0)
            return true;
    }
    batch_end(batch);
    if (!state->set.is_reading && !state->set.partitions.has_records)
        return true;
    return next_later(state, batch, error);
}

static void distinct_close(struct operator* self)
{
    struct distinct_state *state = (struct distinct_state *)self;

    distinct_set_clear(&state->set);
    buffer_clear(&state->bytes);
    row_batch_clear(&state->rows);
}

const struct operator_type distinct_operator = {.name = "distinct",
                                                .size = sizeof(struct distinct_state),
                                                .create = distinct_create,
                                                .open = distinct_open,
                                                .next = distinct_next,
                                                .close = distinct_close};
