/* delete: removes the rows that the child gives, as they come: the child does not see the statement's own writes. */
#include "exec/kernel.h"
#include "exec/operator_write.h"

struct delete_state {
    struct operator base;
    struct table *table;
    struct buffer key;
};

static bool delete_open(struct operator* self, struct ssql_error *error)
{
    struct delete_state *state = (struct delete_state *)self;

    return operator_find_table(self, self->node->remove.table, &state->table, error);
}

static bool delete_batch(struct delete_state *state, const struct batch *batch, struct ssql_error *error)
{
    const struct plan_node *node = state->base.node;
    struct operator_runtime *runtime = state->base.runtime;
    struct selection selection = batch_selection(batch);

    for (uint32_t i = 0; i < selection.count; i++) {
        uint32_t row = selection_row(selection, i);
        if (!row_encode_old_key(node->remove.table, node->remove.key, batch, row, &state->key, error) ||
            !transaction_delete(runtime->context.transaction, state->table, buffer_slice(&state->key), error))
            return false;
        runtime->changes++;
    }
    return true;
}

static bool delete_next(struct operator* self, struct batch *batch, struct ssql_error *error)
{
    struct batch input;

    batch_end(batch);
    for (;;) {
        if (!operator_next(self->child, &input, error))
            return false;
        if (input.row_count == 0)
            return true;
        if (!delete_batch((struct delete_state *)self, &input, error))
            return false;
    }
}

static void delete_destroy(struct operator* self)
{
    buffer_clear(&((struct delete_state *)self)->key);
}

const struct operator_type delete_operator = {.name = "delete",
                                              .size = sizeof(struct delete_state),
                                              .open = delete_open,
                                              .next = delete_next,
                                              .destroy = delete_destroy};
