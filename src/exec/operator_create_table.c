/* create table: hands the definition to the catalog, once its defaults have shown that they can be computed. */
#include "exec/operator.h"

struct create_table_state {
    struct operator base;
    struct expression **defaults;
};

static bool create_table_create(struct operator* self, struct ssql_error *error)
{
    struct create_table_state *state = (struct create_table_state *)self;
    const struct create_table_plan *plan = &self->node->create_table;

    if (plan->default_count == 0)
        return true;
    state->defaults = operator_alloc(self, plan->default_count, sizeof *state->defaults);
    if (state->defaults == NULL)
        return error_no_memory(error);
    for (uint32_t i = 0; i < plan->default_count; i++)
        if (!expression_create(&self->runtime->environment, &plan->defaults[i], 1, &state->defaults[i], error))
            return false;
    return true;
}

/* One that always fails would let no row in that relies on it. */
static bool try_defaults(struct operator* self, struct ssql_error *error)
{
    struct create_table_state *state = (struct create_table_state *)self;
    struct value value;

    for (uint32_t i = 0; i < self->node->create_table.default_count; i++)
        if (!expression_constant(state->defaults[i], &value, error))
            return false;
    return true;
}

static bool create_table_next(struct operator* self, struct batch *batch, struct ssql_error *error)
{
    struct operator_runtime *runtime = self->runtime;

    batch_end(batch);
    if (!try_defaults(self, error))
        return false;
    if (catalog_create_table(runtime->context.catalog, runtime->context.transaction,
                             &self->node->create_table.definition, error))
        return true;
    error->span = self->node->create_table.name_span;
    return false;
}

const struct operator_type create_table_operator = {.name = "create table",
                                                    .size = sizeof(struct create_table_state),
                                                    .create = create_table_create,
                                                    .next = create_table_next};
