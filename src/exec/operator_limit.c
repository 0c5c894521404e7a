/* limit: passes over the first `offset` rows, then lets `limit` through and stops its child. */
#include "exec/kernel.h"
#include "exec/operator_scan.h"

struct limit_state {
    struct operator base;
    struct expression *limit, *offset; /* NULL: none */
    uint64_t rows_to_skip, rows_left;
    uint16_t *rows;
};

static bool limit_create(struct operator* self, struct ssql_error *error)
{
    struct limit_state *state = (struct limit_state *)self;
    struct expression_environment *environment = &self->runtime->environment;
    const struct plan_node *node = self->node;

    if (node->limit.limit != NULL && !expression_create(environment, &node->limit.limit, 1, &state->limit, error))
        return false;
    return node->limit.offset == NULL || expression_create(environment, &node->limit.offset, 1, &state->offset, error);
}

/* A null counts as none. */
static bool read_count(struct expression *expression, const struct bound_expr *expr, const char *name, uint64_t none,
                       uint64_t *count, struct ssql_error *error)
{
    struct value value;

    *count = none;
    if (expression == NULL)
        return true;
    if (!expression_constant(expression, &value, error))
        return false;
    if (value.is_null)
        return true;
    if (value.integer < 0)
        return error_set(error, SSQL_OUT_OF_RANGE, expr->span, "%s must not be negative", name);
    *count = (uint64_t)value.integer;
    return true;
}

static bool limit_open(struct operator* self, struct ssql_error *error)
{
    struct limit_state *state = (struct limit_state *)self;

    if (!read_count(state->limit, self->node->limit.limit, "limit", UINT64_MAX, &state->rows_left, error) ||
        !read_count(state->offset, self->node->limit.offset, "offset", 0, &state->rows_to_skip, error))
        return false;
    if (state->rows_left < UINT64_MAX - state->rows_to_skip)
        scan_operator_expect(self->child, state->rows_to_skip + state->rows_left);
    return true;
}

/* Keeps selected rows [first, first + count). */
static bool cut(struct limit_state *state, struct batch *batch, uint32_t first, uint32_t count,
                struct ssql_error *error)
{
    struct selection selection = batch_selection(batch);

    if (state->rows == NULL)
        state->rows = operator_alloc(&state->base, BATCH_CAPACITY, sizeof *state->rows);
    if (state->rows == NULL)
        return error_no_memory(error);
    for (uint32_t i = 0; i < count; i++)
        state->rows[i] = (uint16_t)selection_row(selection, first + i);
    batch->selection = state->rows;
    batch->selected_count = count;
    return true;
}

static bool limit_next(struct operator* self, struct batch *batch, struct ssql_error *error)
{
    struct limit_state *state = (struct limit_state *)self;

    batch_end(batch);
    if (state->rows_left == 0)
        return true;
    for (;;) {
        if (!operator_next(self->child, batch, error))
            return false;
        if (batch->row_count == 0 || batch->selected_count > state->rows_to_skip)
            break;
        state->rows_to_skip -= batch->selected_count;
    }
    if (batch->row_count == 0)
        return true;
    uint32_t first = (uint32_t)state->rows_to_skip;
    uint32_t count = batch->selected_count - first;
    if (count > state->rows_left)
        count = (uint32_t)state->rows_left;
    state->rows_to_skip = 0;
    state->rows_left -= count;
    return count == batch->selected_count || cut(state, batch, first, count, error);
}

const struct operator_type limit_operator = {.name = "limit",
                                             .size = sizeof(struct limit_state),
                                             .create = limit_create,
                                             .open = limit_open,
                                             .next = limit_next};
