#include "exec/result_store.h"

#include <assert.h>
#include <stdlib.h>

#include "exec/row_codec.h"
#include "exec/row_store.h"

struct result_store {
    struct row_store rows;
    struct buffer record; /* the row being written */
    bool is_reading;
    const enum ssql_type *types;
    uint32_t column_count;
    struct value values[]; /* of the row read last */
};

bool result_store_create(struct engine *engine, const enum ssql_type *types, uint32_t column_count,
                         struct result_store **out, struct ssql_error *error)
{
    struct result_store *store = calloc(1, sizeof *store + column_count * sizeof store->values[0]);

    *out = store;
    if (store == NULL)
        return error_no_memory(error);
    row_store_init(&store->rows, engine, engine_work_budget(engine));
    store->types = types;
    store->column_count = column_count;
    return true;
}

void result_store_destroy(struct result_store *store)
{
    if (store == NULL)
        return;
    row_store_clear(&store->rows);
    buffer_clear(&store->record);
    free(store);
}

bool result_store_append(struct result_store *store, const struct batch *batch, uint32_t first,
                         struct ssql_error *error)
{
    assert(!store->is_reading && batch->column_count == store->column_count);
    for (uint32_t i = first; i < batch->selected_count; i++) {
        buffer_reset(&store->record);
        for (uint32_t column = 0; column < store->column_count; column++)
            row_append_item(&store->record, &batch->columns[column], batch_row(batch, i));
        if (store->record.failed)
            return error_no_memory(error);
        if (!row_store_add(&store->rows, buffer_slice(&store->record), error))
            return false;
    }
    return true;
}

bool result_store_next(struct result_store *store, const struct value **values, bool *has_row, struct ssql_error *error)
{
    struct slice record = {.data = NULL};

    *has_row = false;
    if (!store->is_reading && !row_store_finish(&store->rows, error))
        return false;
    store->is_reading = true;
    if (!row_store_next(&store->rows, &record, error))
        return false;
    if (record.data == NULL)
        return true;
    for (uint32_t i = 0; i < store->column_count; i++)
        if (!row_take_value(&record, store->types[i], &store->values[i]))
            return spill_fail_corrupt(error);
    *values = store->values;
    *has_row = true;
    return true;
}
