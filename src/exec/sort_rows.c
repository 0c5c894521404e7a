#include "exec/sort_rows.h"

#include <assert.h>
#include <stdlib.h>

#include "base/bytes.h"
#include "exec/sort_merge.h"

enum {
    RECORD_HEADER_SIZE = 8,
    FIRST_ENTRIES = 256,
    ROWS_LEAST = 64,        /* kept whatever the budget says, so that a run is worth a file */
    TRIM_ROWS_LEAST = 1024, /* with a row limit: rows collected before the surplus is thrown away */
};

void sort_rows_init(struct sort_rows *sort, struct engine *engine, struct memory_budget *budget, uint64_t row_limit)
{
    *sort = (struct sort_rows){.engine = engine, .row_limit = row_limit};
    operator_memory_init(&sort->memory, budget);
}

static void forget_records(struct sort_rows *sort)
{
    arena_clear(&sort->records);
    free(sort->entries);
    sort->entries = NULL;
    sort->entry_count = 0;
    sort->entry_capacity = 0;
    operator_memory_release(&sort->memory);
}

void sort_rows_clear(struct sort_rows *sort)
{
    forget_records(sort);
    for (uint32_t i = 0; i < sort->run_count; i++)
        spill_close(sort->runs[i]);
    free(sort->runs);
    sort->runs = NULL;
    sort->run_count = 0;
    sort_merge_destroy(sort->merge);
    sort->merge = NULL;
    buffer_clear(&sort->cutoff);
    buffer_clear(&sort->cutoff_payload);
    buffer_clear(&sort->record);
}

static uint64_t head_of(struct slice key)
{
    static_assert(SORT_SEQUENCE_SIZE == 8, "no key is shorter than a head");
    return load_u64be(key.data);
}

static size_t record_size(const uint8_t *record)
{
    return RECORD_HEADER_SIZE + (size_t)load_u32le(record) + load_u32le(record + 4);
}

/* ---- runs ---- */

static bool write_run(struct sort_rows *sort, struct spill_file **file, struct ssql_error *error)
{
    struct spill_writer writer = {0};

    for (uint32_t i = 0; i < sort->entry_count && i < sort->row_limit; i++) {
        const uint8_t *record = sort->entries[i].record;
        if (!spill_writer_add(&writer, sort->engine, slice_make(record, record_size(record)), error)) {
            spill_writer_clear(&writer);
            return false;
        }
    }
    bool is_done = spill_writer_finish(&writer, sort->engine, file, error);
    spill_writer_clear(&writer);
    return is_done;
}

/* All runs as one, so that their number stays small. */
static bool merge_runs(struct sort_rows *sort, struct ssql_error *error)
{
    struct spill_writer writer = {0};
    struct sort_merge *merge;
    struct slice record = {0};
    struct spill_file *merged = NULL;
    uint64_t count = 0;

    sort->run_count = 0;
    if (!sort_merge_create(sort->runs, MERGE_RUNS_MOST, &merge, error))
        return false;
    bool is_done = true;
    while (is_done && count++ < sort->row_limit) {
        is_done = sort_merge_next(merge, &record, error);
        if (record.data == NULL)
            break;
        is_done = spill_writer_add(&writer, sort->engine, record, error);
    }
    is_done = is_done && spill_writer_finish(&writer, sort->engine, &merged, error);
    spill_writer_clear(&writer);
    sort_merge_destroy(merge);
    if (!is_done)
        return false;
    assert(merged != NULL); /* no run is empty */
    sort->runs[sort->run_count++] = merged;
    return true;
}

/* Sorts what is in memory and writes it out. */
static bool spill(struct sort_rows *sort, struct ssql_error *error)
{
    if (sort->runs == NULL) {
        sort->runs = calloc(MERGE_RUNS_MOST, sizeof(struct spill_file *));
        if (sort->runs == NULL)
            return error_no_memory(error);
    }
    if (sort->run_count == MERGE_RUNS_MOST && !merge_runs(sort, error))
        return false;
    sort_entries(sort->entries, sort->entry_count);
    struct spill_file *file;
    if (!write_run(sort, &file, error))
        return false;
    assert(file != NULL);
    sort->runs[sort->run_count++] = file;
    forget_records(sort);
    return true;
}

/* ---- adding ---- */

static bool grow_entries(struct sort_rows *sort, struct ssql_error *error)
{
    uint32_t capacity = sort->entry_capacity == 0 ? FIRST_ENTRIES : sort->entry_capacity * 2;
    struct sort_entry *entries = realloc(sort->entries, (size_t)capacity * sizeof *entries);

    if (entries == NULL)
        return error_no_memory(error);
    sort->entries = entries;
    sort->entry_capacity = capacity;
    return true;
}

static bool keep(struct sort_rows *sort, struct slice record, struct ssql_error *error)
{
    if (sort->entry_count == sort->entry_capacity && !grow_entries(sort, error))
        return false;
    uint8_t *copy = arena_alloc(&sort->records, record.size);
    if (copy == NULL)
        return error_no_memory(error);
    memcpy(copy, record.data, record.size);
    sort->entries[sort->entry_count++] = (struct sort_entry){head_of(sort_record_key(copy)), copy};
    return true;
}

static bool learn_cutoff(struct sort_rows *sort, const uint8_t *record, struct ssql_error *error)
{
    struct slice key = sort_record_key(record);

    /* Without its sequence number: a later row with an equal key comes after it and is not wanted either. */
    buffer_reset(&sort->cutoff);
    buffer_append(&sort->cutoff, key.data, key.size - SORT_SEQUENCE_SIZE);
    buffer_reset(&sort->cutoff_payload);
    buffer_append(&sort->cutoff_payload, key.data + key.size, load_u32le(record + 4));
    /* Rows without columns have an empty payload: its slice must have an address all the same. */
    if (sort->cutoff.failed || buffer_reserve(&sort->cutoff_payload, 1) == NULL)
        return error_no_memory(error);
    sort->cutoff_count++;
    return true;
}

struct slice sort_rows_cutoff(const struct sort_rows *sort)
{
    assert(sort->cutoff_count > 0);
    return buffer_slice(&sort->cutoff_payload);
}

/* With a row limit: keeps only that many of the rows in memory, the first in order, and learns the key beyond which no
 * row is wanted any more. */
static bool trim(struct sort_rows *sort, struct ssql_error *error)
{
    struct arena old_records = sort->records;
    uint32_t count = (uint32_t)sort->row_limit;
    bool is_done = true;

    assert(count > 0); /* else no row was wanted */
    sort_entries(sort->entries, sort->entry_count);
    arena_init(&sort->records);
    operator_memory_release(&sort->memory);
    sort->entry_count = 0;
    for (uint32_t i = 0; i < count && is_done; i++) {
        const uint8_t *record = sort->entries[i].record;
        size_t size = record_size(record);
        operator_memory_force(&sort->memory, size + 3 * sizeof(struct sort_entry));
        is_done = keep(sort, slice_make(record, size), error);
    }
    arena_clear(&old_records);
    return is_done && learn_cutoff(sort, sort->entries[count - 1].record, error);
}

static bool is_wanted(const struct sort_rows *sort, struct slice key)
{
    if (sort->row_limit == 0)
        return false;
    return sort->cutoff_count == 0 || slice_compare(key, buffer_slice(&sort->cutoff)) < 0;
}

bool sort_rows_add(struct sort_rows *sort, struct slice key, struct slice payload, struct ssql_error *error)
{
    uint8_t sequence[SORT_SEQUENCE_SIZE];

    store_u64be(sequence, sort->sequence++);
    if (!is_wanted(sort, key))
        return true;
    buffer_reset(&sort->record);
    buffer_append_u32le(&sort->record, (uint32_t)(key.size + sizeof sequence));
    buffer_append_u32le(&sort->record, (uint32_t)payload.size);
    buffer_append(&sort->record, key.data, key.size);
    buffer_append(&sort->record, sequence, sizeof sequence);
    buffer_append(&sort->record, payload.data, payload.size);
    if (sort->record.failed)
        return error_no_memory(error);
    size_t cost = sort->record.size + 16 + 3 * sizeof(struct sort_entry);
    if (!operator_memory_take(&sort->memory, cost)) {
        if (sort->entry_count >= ROWS_LEAST && !spill(sort, error))
            return false;
        operator_memory_force(&sort->memory, cost);
    }
    if (!keep(sort, buffer_slice(&sort->record), error))
        return false;
    if (sort->entry_count >= TRIM_ROWS_LEAST && sort->entry_count / 2 >= sort->row_limit)
        return trim(sort, error);
    return true;
}

/* ---- reading ---- */

bool sort_rows_is_in_memory(const struct sort_rows *sort)
{
    return sort->merge == NULL;
}

bool sort_rows_finish(struct sort_rows *sort, struct ssql_error *error)
{
    sort->next_entry = 0;
    if (sort->run_count == 0) {
        sort_entries(sort->entries, sort->entry_count);
        return true;
    }
    assert(sort->entry_count > 0); /* the record that the last run made room for */
    if (!spill(sort, error))
        return false;
    uint32_t count = sort->run_count;
    sort->run_count = 0;
    return sort_merge_create(sort->runs, count, &sort->merge, error);
}

bool sort_rows_next(struct sort_rows *sort, struct slice *payload, struct ssql_error *error)
{
    struct slice record, key;

    *payload = slice_make(NULL, 0);
    if (sort->next_entry >= sort->row_limit)
        return true;
    if (sort->merge == NULL) {
        if (sort->next_entry == sort->entry_count)
            return true;
        const uint8_t *entry = sort->entries[sort->next_entry].record;
        record = slice_make(entry, record_size(entry));
    } else {
        if (!sort_merge_next(sort->merge, &record, error))
            return false;
        if (record.data == NULL)
            return true;
    }
    sort->next_entry++;
    bool is_split = sort_record_split(record, &key, payload);
    assert(is_split); /* the merge has done so, too */
    (void)is_split;
    return true;
}
