#include "exec/row_store.h"

#include "base/bytes.h"

enum { RECORD_HEADER_SIZE = 4 };

void row_store_init(struct row_store *store, struct engine *engine, struct memory_budget *budget)
{
    *store = (struct row_store){.engine = engine};
    operator_memory_init(&store->memory, budget);
}

void row_store_clear(struct row_store *store)
{
    buffer_clear(&store->records);
    spill_writer_clear(&store->writer);
    spill_reader_clear(&store->reader);
    operator_memory_release(&store->memory);
    store->position = 0;
    store->is_spilled = false;
}

/* The buffer doubles and is copied then: three times the records are reserved for it. */
bool row_store_add(struct row_store *store, struct slice record, struct ssql_error *error)
{
    if (!store->is_spilled && operator_memory_take(&store->memory, 3 * (RECORD_HEADER_SIZE + record.size))) {
        buffer_append_u32le(&store->records, (uint32_t)record.size);
        buffer_append(&store->records, record.data, record.size);
        if (store->records.failed)
            return error_no_memory(error);
        return true;
    }
    store->is_spilled = true;
    return spill_writer_add(&store->writer, store->engine, record, error);
}

bool row_store_finish(struct row_store *store, struct ssql_error *error)
{
    struct spill_file *file;

    if (!spill_writer_finish(&store->writer, store->engine, &file, error))
        return false;
    spill_reader_init(&store->reader, file);
    return true;
}

bool row_store_next(struct row_store *store, struct slice *record, struct ssql_error *error)
{
    if (store->position == store->records.size)
        return spill_reader_next(&store->reader, record, error);
    const uint8_t *at = store->records.data + store->position;
    *record = slice_make(at + RECORD_HEADER_SIZE, load_u32le(at));
    store->position += RECORD_HEADER_SIZE + record->size;
    return true;
}
