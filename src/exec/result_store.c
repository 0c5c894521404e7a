#include "exec/result_store.h"

#include <assert.h>
#include <stdlib.h>

#include "base/bytes.h"
#include "exec/row_codec.h"
#include "exec/spill_rows.h"

enum { LENGTH_SIZE = 4 }; /* of a record in memory */

struct result_store {
    struct engine *engine;
    struct buffer records;      /* in memory: each a u32 length and its bytes */
    size_t position;            /* of the next record to read there */
    struct buffer record;       /* the row being written */
    bool is_spilled;            /* then `writer`, and later `reader`, has all records */
    bool is_reading;
    struct spill_writer writer;
    struct spill_reader reader;
    const enum ssql_type *types;
    uint32_t column_count;
    struct value values[];      /* of the row read last */
};

bool result_store_create(struct engine *engine, const enum ssql_type *types, uint32_t column_count,
                         struct result_store **out, struct ssql_error *error)
{
    *out = calloc(1, sizeof **out + column_count * sizeof(*out)->values[0]);
    if (*out == NULL)
        return error_no_memory(error);
    (*out)->engine = engine;
    (*out)->types = types;
    (*out)->column_count = column_count;
    return true;
}

void result_store_destroy(struct result_store *store)
{
    if (store == NULL)
        return;
    spill_writer_clear(&store->writer);
    spill_reader_clear(&store->reader);
    buffer_clear(&store->records);
    buffer_clear(&store->record);
    free(store);
}

/* The next record in memory; data NULL at the end. */
static struct slice take_record(struct result_store *store)
{
    if (store->position == store->records.size)
        return slice_make(NULL, 0);
    const uint8_t *record = store->records.data + store->position;
    uint32_t size = load_u32le(record);
    store->position += LENGTH_SIZE + (size_t)size;
    return slice_make(record + LENGTH_SIZE, size);
}

/* Moves the records from memory to a file. */
static bool spill_records(struct result_store *store, struct ssql_error *error)
{
    for (struct slice record = take_record(store); record.data != NULL; record = take_record(store))
        if (!spill_writer_add(&store->writer, store->engine, record, error))
            return false;
    buffer_clear(&store->records);
    store->position = 0;
    store->is_spilled = true;
    return true;
}

static bool add_record(struct result_store *store, struct ssql_error *error)
{
    struct slice record = buffer_slice(&store->record);

    if (!store->is_spilled && store->records.size + record.size > RESULT_STORE_MEMORY && !spill_records(store, error))
        return false;
    if (store->is_spilled)
        return spill_writer_add(&store->writer, store->engine, record, error);
    buffer_append_u32le(&store->records, (uint32_t)record.size);
    buffer_append(&store->records, record.data, record.size);
    return !store->records.failed || error_no_memory(error);
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
        if (!add_record(store, error))
            return false;
    }
    return true;
}

static bool start_reading(struct result_store *store, struct ssql_error *error)
{
    struct spill_file *file = NULL;

    store->is_reading = true;
    if (!store->is_spilled)
        return true;
    if (!spill_writer_finish(&store->writer, store->engine, &file, error))
        return false;
    spill_reader_init(&store->reader, file);
    return true;
}

static bool next_record(struct result_store *store, struct slice *record, struct ssql_error *error)
{
    if (!store->is_reading && !start_reading(store, error))
        return false;
    if (store->is_spilled)
        return spill_reader_next(&store->reader, record, error);
    *record = take_record(store);
    return true;
}

bool result_store_next(struct result_store *store, const struct value **values, bool *has_row,
                       struct ssql_error *error)
{
    struct slice record = {.data = NULL};

    *has_row = false;
    if (!next_record(store, &record, error))
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
