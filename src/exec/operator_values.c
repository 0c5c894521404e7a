/* values: rows of expressions without columns. Constants and parameters are taken as they are; only other expressions
 * have a program. */
#include "exec/operator.h"
#include "exec/row_batch.h"

struct values_state {
    struct operator base;
    struct expression **programs; /* per item; NULL: a constant or a parameter */
    struct row_batch rows;
    uint32_t next_row;
};

static bool values_create(struct operator* self, struct ssql_error *error)
{
    struct values_state *state = (struct values_state *)self;
    const struct plan_node *node = self->node;
    size_t count = (size_t)node->values.row_count * node->column_count;

    for (size_t i = 0; i < count; i++) {
        struct bound_expr *const *item = &node->values.items[i];
        if ((*item)->kind == BOUND_CONSTANT || (*item)->kind == BOUND_PARAMETER)
            continue;
        if (state->programs == NULL)
            state->programs = operator_alloc(self, count, sizeof(struct expression *));
        if (state->programs == NULL)
            return error_no_memory(error);
        if (!expression_create(&self->runtime->environment, item, 1, &state->programs[i], error))
            return false;
    }
    row_batch_init(&state->rows, &self->runtime->environment.arena, node->column_types, node->column_count);
    return true;
}

static bool values_open(struct operator* self, struct ssql_error *error)
{
    (void)error;
    ((struct values_state *)self)->next_row = 0;
    return true;
}

uint32_t values_row_count(const struct operator* values)
{
    uint32_t parameter_rows = values->runtime->context.parameter_row_count;

    return parameter_rows > 1 ? parameter_rows : values->node->values.row_count;
}

bool values_are_parameters(const struct operator* values)
{
    const struct plan_node *node = values->node;

    if (node->values.row_count != 1)
        return false;
    for (uint32_t i = 0; i < node->column_count; i++)
        if (node->values.items[i]->kind != BOUND_PARAMETER || node->values.items[i]->parameter != i)
            return false;
    return true;
}

const struct value *values_parameter_row(const struct operator* values, uint32_t row)
{
    return values->runtime->context.parameters + (size_t)row * values->node->column_count;
}

bool values_read_row(struct operator* values, uint32_t row, struct value *items, struct ssql_error *error)
{
    struct values_state *state = (struct values_state *)values;
    const struct plan_node *node = values->node;
    const struct value *parameters = values->runtime->context.parameters;
    size_t first = (size_t)row * node->column_count;

    if (values->runtime->context.parameter_row_count > 1) {
        parameters += (size_t)row * values->runtime->context.parameter_count;
        first = 0;
    }

    for (uint32_t i = 0; i < node->column_count; i++) {
        const struct bound_expr *item = node->values.items[first + i];
        if (item->kind == BOUND_CONSTANT)
            items[i] = item->constant;
        else if (item->kind == BOUND_PARAMETER)
            items[i] = parameters[item->parameter];
        else if (!expression_constant(state->programs[first + i], &items[i], error))
            return false;
    }
    return true;
}

static bool values_next(struct operator* self, struct batch *batch, struct ssql_error *error)
{
    struct values_state *state = (struct values_state *)self;
    const struct plan_node *node = self->node;
    uint32_t left = node->values.row_count - state->next_row;
    uint32_t count = left > BATCH_CAPACITY ? BATCH_CAPACITY : left;

    batch_end(batch);
    if (!row_batch_reserve(&state->rows, count, error))
        return false;
    for (uint32_t i = 0; i < count; i++) {
        struct value *items = row_batch_scratch(&state->rows);
        if (!values_read_row(self, state->next_row++, items, error))
            return false;
        row_batch_set_row(&state->rows, i, items);
    }
    row_batch_show(&state->rows, count, batch);
    return true;
}

const struct operator_type values_operator = {.name = "values",
                                              .size = sizeof(struct values_state),
                                              .create = values_create,
                                              .open = values_open,
                                              .next = values_next};
