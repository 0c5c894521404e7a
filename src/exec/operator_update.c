/* update: new rows for old ones. While keys stay, each row is put as it comes. When they may change, old keys are
 * deleted and new rows collected first, then added: uniqueness holds for the statement as a whole, so `set id = id + 1`
 * works. */
#include <assert.h>

#include "exec/kernel.h"
#include "exec/operator_write.h"
#include "exec/row_codec.h"
#include "exec/row_store.h"

struct update_state {
    struct operator base;
    struct table *table;
    struct value *values; /* a new row */
    struct row_store store;
    struct buffer key, record;
};

static bool update_create(struct operator* self, struct ssql_error *error)
{
    struct update_state *state = (struct update_state *)self;

    state->values = operator_alloc(self, self->node->update.table->column_count, sizeof *state->values);
    if (state->values == NULL)
        return error_no_memory(error);
    return true;
}

static bool update_open(struct operator* self, struct ssql_error *error)
{
    struct update_state *state = (struct update_state *)self;
    struct engine *engine = self->runtime->context.engine;

    row_store_init(&state->store, engine, engine_work_budget(engine));
    return operator_find_table(self, self->node->update.table, &state->table, error);
}

/* Where the new value of a column is written in the statement. */
static struct ssql_span span_of_value(const struct plan_node *node, uint32_t column)
{
    const struct plan_node *values = node->child;

    assert(values->kind == PLAN_PROJECT);
    return values->project.items[node->update.new_values[column]]->span;
}

static bool refuse_null(const struct update_state *state, struct ssql_error *error)
{
    const struct plan_node *node = state->base.node;
    const struct table_schema *table = node->update.table;

    for (uint32_t i = 0; i < table->column_count; i++) {
        if (state->values[i].is_null && table->columns[i].is_not_null)
            return row_check_not_null(table, state->values, span_of_value(node, i), error);
    }
    return true;
}

static bool read_new_row(struct update_state *state, const struct batch *batch, uint32_t row, struct ssql_error *error)
{
    const struct plan_node *node = state->base.node;

    for (uint32_t i = 0; i < node->update.table->column_count; i++)
        state->values[i] = vector_value(&batch->columns[node->update.new_values[i]], row);
    return refuse_null(state, error);
}

/* Deletes the old row and keeps the new one for later. */
static bool move_row(struct update_state *state, const struct batch *batch, uint32_t row, struct ssql_error *error)
{
    const struct plan_node *node = state->base.node;
    const struct table_schema *table = node->update.table;

    if (!row_encode_old_key(table, node->update.old_key, batch, row, &state->key, error))
        return false;
    buffer_reset(&state->record);
    for (uint32_t i = 0; i < table->column_count; i++)
        row_append_value(&state->record, &state->values[i]);
    if (state->record.failed)
        return error_no_memory(error);
    return row_store_add(&state->store, buffer_slice(&state->record), error) &&
           transaction_delete(state->base.runtime->context.transaction, state->table, buffer_slice(&state->key), error);
}

static bool update_batch(struct update_state *state, const struct batch *batch, struct ssql_error *error)
{
    const struct plan_node *node = state->base.node;
    struct operator_runtime *runtime = state->base.runtime;

    for (uint32_t i = 0; i < batch->selected_count; i++) {
        uint32_t row = batch_row(batch, i);
        if (!read_new_row(state, batch, row, error))
            return false;
        if (node->update.changes_key) {
            if (!move_row(state, batch, row, error))
                return false;
        } else if (!transaction_put(runtime->context.transaction, state->table, state->values, error)) {
            return false;
        }
        runtime->changes++;
    }
    return true;
}

static bool decode_row(struct update_state *state, struct slice record, struct ssql_error *error)
{
    const struct table_schema *table = state->base.node->update.table;

    for (uint32_t i = 0; i < table->column_count; i++)
        if (!row_take_value(&record, table->columns[i].type, &state->values[i]))
            return spill_fail_corrupt(error);
    return true;
}

/* The first part of the key that the statement sets. */
static struct ssql_span span_of_key(const struct update_state *state)
{
    const struct plan_node *node = state->base.node;
    const struct table_schema *table = node->update.table;
    struct ssql_span span = NO_SPAN;

    for (uint32_t i = table->key_count; i-- > 0;) {
        struct ssql_span part = span_of_value(node, table->key_columns[i]);
        if (part.begin < part.end)
            span = part;
    }
    return span;
}

static bool add_moved_rows(struct update_state *state, struct ssql_error *error)
{
    struct execution_context *context = &state->base.runtime->context;

    if (!row_store_finish(&state->store, error))
        return false;
    for (uint64_t count = 0;; count++) {
        struct slice record;
        if (count % BATCH_CAPACITY == 0 && !cancellation_check(context->cancellation, error))
            return false;
        if (!row_store_next(&state->store, &record, error))
            return false;
        if (record.data == NULL)
            return true;
        if (!decode_row(state, record, error))
            return false;
        enum write_outcome outcome = transaction_insert(context->transaction, state->table, state->values, error);
        if (outcome == WRITE_DUPLICATE)
            return row_fail_duplicate(state->base.node->update.table, state->values, span_of_key(state), error);
        if (outcome == WRITE_FAILED)
            return row_fail_at(span_of_key(state), error);
    }
}

static bool update_next(struct operator* self, struct batch *batch, struct ssql_error *error)
{
    struct update_state *state = (struct update_state *)self;
    struct batch input;

    batch_end(batch);
    for (;;) {
        if (!operator_next(self->child, &input, error))
            return false;
        if (input.row_count == 0)
            break;
        if (!update_batch(state, &input, error))
            return false;
    }
    return !self->node->update.changes_key || add_moved_rows(state, error);
}

static void update_close(struct operator* self)
{
    row_store_clear(&((struct update_state *)self)->store);
}

static void update_destroy(struct operator* self)
{
    struct update_state *state = (struct update_state *)self;

    buffer_clear(&state->key);
    buffer_clear(&state->record);
}

const struct operator_type update_operator = {.name = "update",
                                              .size = sizeof(struct update_state),
                                              .create = update_create,
                                              .open = update_open,
                                              .next = update_next,
                                              .close = update_close,
                                              .destroy = update_destroy};
