/* insert: adds the child's rows to a table. Rows of a values list are read one by one, without a batch between; those
 * of a query as its batches come: the query sees the state before the statement (transaction.h). */
#include "exec/kernel.h"
#include "exec/operator_write.h"

struct insert_state {
    struct operator base;
    struct value *values;     /* a row: every column of the table */
    bool rows_are_parameters; /* the child's rows are those of the parameters, as they stand */
    struct table *table;
};

static bool insert_create(struct operator* self, struct ssql_error *error)
{
    struct insert_state *state = (struct insert_state *)self;

    state->rows_are_parameters = self->child->node->kind == PLAN_VALUES && values_are_parameters(self->child) &&
                                 !self->node->insert.table->has_hidden_key;
    state->values = operator_alloc(self, self->node->insert.table->column_count, sizeof *state->values);
    if (state->values == NULL)
        return error_no_memory(error);
    return true;
}

static bool insert_open(struct operator* self, struct ssql_error *error)
{
    struct insert_state *state = (struct insert_state *)self;

    return operator_find_table(self, self->node->insert.table, &state->table, error);
}

static struct ssql_span span_of_row(const struct plan_node *node, uint64_t row)
{
    if (node->insert.row_spans == NULL)
        return NO_SPAN;
    bool is_listed = node->child->kind == PLAN_VALUES && row < node->child->values.row_count;
    return node->insert.row_spans[is_listed ? row : 0];
}

static bool insert_row(struct insert_state *state, const struct value *values, struct ssql_span span,
                       struct ssql_error *error)
{
    const struct plan_node *node = state->base.node;
    struct operator_runtime *runtime = state->base.runtime;
    struct transaction *transaction = runtime->context.transaction;

    if (!row_check_not_null(node->insert.table, values, span, error))
        return false;
    if (node->insert.mode == INSERT_OR_REPLACE) {
        if (!transaction_put(transaction, state->table, values, error))
            return row_fail_at(span, error);
        runtime->changes++;
        return true;
    }
    enum write_outcome outcome = transaction_insert(transaction, state->table, values, error);
    if (outcome == WRITE_FAILED)
        return row_fail_at(span, error);
    if (outcome == WRITE_DUPLICATE && node->insert.mode != INSERT_OR_NOTHING)
        return row_fail_duplicate(node->insert.table, values, span, error);
    runtime->changes += outcome == WRITE_DONE;
    return true;
}

/* Numbers for the next `count` rows of a table without primary key. */
static bool take_row_numbers(struct insert_state *state, uint64_t count, int64_t *first, struct ssql_error *error)
{
    *first = 0;
    if (!state->base.node->insert.table->has_hidden_key)
        return true;
    return table_take_row_numbers(state->base.runtime->context.transaction, state->table, count, first, error);
}

static void set_row_number(struct insert_state *state, int64_t number)
{
    const struct table_schema *table = state->base.node->insert.table;

    if (table->has_hidden_key)
        state->values[table->column_count - 1] = value_int(number);
}

static bool insert_values(struct insert_state *state, struct ssql_error *error)
{
    struct operator* self = & state->base;
    uint32_t count = values_row_count(self->child);
    int64_t number;

    if (self->child->profile != NULL)
        self->child->profile->rows = count;
    if (!take_row_numbers(state, count, &number, error))
        return false;
    for (uint32_t row = 0; row < count; row++) {
        if (row % BATCH_CAPACITY == 0 && !cancellation_check(self->runtime->context.cancellation, error))
            return false;
        const struct value *values = state->values;
        if (state->rows_are_parameters)
            values = values_parameter_row(self->child, row);
        else if (!values_read_row(self->child, row, state->values, error))
            return false;
        set_row_number(state, number + row);
        if (!insert_row(state, values, span_of_row(self->node, row), error))
            return false;
    }
    return true;
}

static bool insert_batch(struct insert_state *state, const struct batch *batch, struct ssql_error *error)
{
    const struct table_schema *table = state->base.node->insert.table;
    struct selection selection = batch_selection(batch);
    int64_t number;

    if (!take_row_numbers(state, selection.count, &number, error))
        return false;
    for (uint32_t i = 0; i < selection.count; i++) {
        uint32_t row = selection_row(selection, i);
        for (uint32_t column = 0; column < table->visible_count; column++)
            state->values[column] = vector_value(&batch->columns[column], row);
        set_row_number(state, number + i);
        if (!insert_row(state, state->values, span_of_row(state->base.node, 0), error))
            return false;
    }
    return true;
}

static bool insert_next(struct operator* self, struct batch *batch, struct ssql_error *error)
{
    struct insert_state *state = (struct insert_state *)self;
    struct batch input;

    batch_end(batch);
    if (self->child->node->kind == PLAN_VALUES)
        return insert_values(state, error);
    for (;;) {
        if (!operator_next(self->child, &input, error))
            return false;
        if (input.row_count == 0)
            return true;
        if (!insert_batch(state, &input, error))
            return false;
    }
}

const struct operator_type insert_operator = {.name = "insert",
                                              .size = sizeof(struct insert_state),
                                              .create = insert_create,
                                              .open = insert_open,
                                              .next = insert_next};
