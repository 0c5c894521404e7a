/* filter: narrows the child's selections. */
#include "exec/expression_filter.h"
#include "exec/operator.h"

struct filter_state {
    struct operator base;
    struct expression_filter *filter;
};

static bool filter_create(struct operator* self, struct ssql_error *error)
{
    struct filter_state *state = (struct filter_state *)self;

    return expression_filter_create(&self->runtime->environment, self->node->filter.condition, &state->filter, error);
}

static bool filter_next(struct operator* self, struct batch *batch, struct ssql_error *error)
{
    struct filter_state *state = (struct filter_state *)self;

    do {
        if (!operator_next(self->child, batch, error))
            return false;
        if (batch->row_count == 0)
            return true;
        if (!expression_filter_apply(state->filter, batch, error))
            return false;
    } while (batch->selected_count == 0);
    return true;
}

const struct operator_type filter_operator = {
    .name = "filter", .size = sizeof(struct filter_state), .create = filter_create, .next = filter_next};
