/* lookup: at most one row of a table, by its whole key. Once warm a run allocates nothing. */
#include "exec/expression_filter.h"
#include "exec/operator_key_range.h"
#include "exec/row_batch.h"

struct lookup_state {
    struct operator base;
    struct key_range range;
    struct expression_filter *filter; /* NULL: none */
    struct row_batch row;
    struct row_pin *pin;
    bool is_done;
};

static bool lookup_create(struct operator* self, struct ssql_error *error)
{
    struct lookup_state *state = (struct lookup_state *)self;
    const struct plan_node *node = self->node;

    row_batch_init(&state->row, &self->runtime->environment.arena, node->column_types, node->column_count);
    if (node->scan.filter != NULL &&
        !expression_filter_create(&self->runtime->environment, node->scan.filter, &state->filter, error))
        return false;
    return key_range_create(&state->range, self, node->scan.table, &node->scan.low, &node->scan.high, error) &&
           row_pin_create(&state->pin, error);
}

static bool lookup_open(struct operator* self, struct ssql_error *error)
{
    (void)error;
    ((struct lookup_state *)self)->is_done = false;
    return true;
}

static bool read_row(struct lookup_state *state, bool *found, struct ssql_error *error)
{
    const struct plan_node *node = state->base.node;
    struct table *table;

    *found = false;
    if (!operator_find_table(&state->base, node->scan.table, &table, error) ||
        !key_range_evaluate_key(&state->range, error) || !row_batch_reserve(&state->row, 1, error))
        return false;
    if (state->range.is_empty)
        return true;
    struct value *values = row_batch_scratch(&state->row);
    if (!transaction_get(state->base.runtime->context.transaction, table, state->range.low, node->scan.columns,
                         node->column_count, state->pin, values, found, error))
        return false;
    if (state->base.profile != NULL && !transaction_count_lookup(state->base.runtime->context.transaction, table,
                                                                 state->range.low, &state->base.profile->lookup, error))
        return false;
    if (*found)
        row_batch_set_row(&state->row, 0, values);
    return true;
}

static bool lookup_next(struct operator* self, struct batch *batch, struct ssql_error *error)
{
    struct lookup_state *state = (struct lookup_state *)self;
    bool found;

    batch_end(batch);
    if (state->is_done)
        return true;
    state->is_done = true;
    if (!read_row(state, &found, error))
        return false;
    if (!found)
        return true;
    row_batch_show(&state->row, 1, batch);
    if (state->filter == NULL)
        return true;
    if (!expression_filter_apply(state->filter, batch, error))
        return false;
    if (batch->selected_count == 0)
        batch_end(batch);
    return true;
}

static void lookup_close(struct operator* self)
{
    row_pin_release(((struct lookup_state *)self)->pin);
}

static void lookup_destroy(struct operator* self)
{
    struct lookup_state *state = (struct lookup_state *)self;

    row_pin_destroy(state->pin);
    key_range_clear(&state->range);
    row_batch_clear(&state->row);
}

const struct operator_type lookup_operator = {.name = "lookup",
                                              .size = sizeof(struct lookup_state),
                                              .create = lookup_create,
                                              .open = lookup_open,
                                              .next = lookup_next,
                                              .close = lookup_close,
                                              .destroy = lookup_destroy};
