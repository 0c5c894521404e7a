/* project: computes the items of a select list. Where the strings made for one batch would pass the limit of a
 * program's heap, the batch goes out in smaller pieces. */
#include "exec/kernel.h"
#include "exec/operator.h"

struct project_state {
    struct operator base;
    struct expression *expression;
    struct vector *outputs;
    struct batch input; /* the child's batch while pieces of it are left */
    uint32_t done;      /* selected rows of it that went out */
    uint32_t piece;     /* rows to try next */
    uint16_t *rows;     /* of a piece; taken when first needed */
};

static bool project_create(struct operator* self, struct ssql_error *error)
{
    struct project_state *state = (struct project_state *)self;

    state->outputs = operator_alloc(self, self->node->column_count, sizeof *state->outputs);
    if (state->outputs == NULL)
        return error_no_memory(error);
    return expression_create(&self->runtime->environment, self->node->project.items, self->node->column_count,
                             &state->expression, error);
}

static bool project_open(struct operator* self, struct ssql_error *error)
{
    struct project_state *state = (struct project_state *)self;

    (void)error;
    state->input.selected_count = 0;
    state->done = 0;
    return true;
}

/* The next `piece` rows of the input. The whole of it stays what it is. */
static bool take_piece(struct project_state *state, struct batch *piece, struct ssql_error *error)
{
    struct selection selection = batch_selection(&state->input);
    uint32_t left = selection.count - state->done;

    *piece = state->input;
    if (state->done == 0 && state->piece >= left)
        return true;
    if (state->rows == NULL)
        state->rows = operator_alloc(&state->base, BATCH_CAPACITY, sizeof *state->rows);
    if (state->rows == NULL)
        return error_no_memory(error);
    piece->selected_count = state->piece < left ? state->piece : left;
    for (uint32_t i = 0; i < piece->selected_count; i++)
        state->rows[i] = (uint16_t)selection_row(selection, state->done + i);
    piece->selection = state->rows;
    return true;
}

static bool project_next(struct operator* self, struct batch *batch, struct ssql_error *error)
{
    struct project_state *state = (struct project_state *)self;
    struct batch piece;

    if (state->done == state->input.selected_count) {
        if (!operator_next(self->child, &state->input, error))
            return false;
        state->done = 0;
        state->piece = BATCH_CAPACITY;
    }
    if (state->input.row_count == 0) {
        batch_end(batch);
        return true;
    }
    for (;;) {
        if (!take_piece(state, &piece, error))
            return false;
        if (expression_evaluate(state->expression, &piece, state->outputs, error))
            break;
        if (!expression_is_full(state->expression) || piece.selected_count == 1)
            return false;
        state->piece = piece.selected_count / 2;
    }
    state->done += piece.selected_count;
    *batch = piece;
    batch->columns = state->outputs;
    batch->column_count = self->node->column_count;
    return true;
}

const struct operator_type project_operator = {.name = "project",
                                               .size = sizeof(struct project_state),
                                               .create = project_create,
                                               .open = project_open,
                                               .next = project_next};
