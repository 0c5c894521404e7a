/* Point reads, the transaction's own writes as scans see them, and the notes for validation. */
#include <assert.h>
#include <stdlib.h>

#include "storage/transaction_internal.h"

enum { READS_MOST = 1 << 16 }; /* noted ones; then tables count as read whole */

/* ---- row pins ---- */

struct row_pin {
    struct block block;            /* zeroed: none */
    struct column_buffer *buffers; /* one per value: a string may be rebuilt in it */
    uint32_t buffer_count;
};

bool row_pin_create(struct row_pin **pin, struct ssql_error *error)
{
    *pin = calloc(1, sizeof **pin);
    if (*pin == NULL)
        return error_no_memory(error);
    return true;
}

void row_pin_release(struct row_pin *pin)
{
    block_release(&pin->block);
    pin->block = (struct block){0};
}

void row_pin_destroy(struct row_pin *pin)
{
    if (pin == NULL)
        return;
    row_pin_release(pin);
    for (uint32_t i = 0; i < pin->buffer_count; i++)
        column_buffer_clear(&pin->buffers[i]);
    free(pin->buffers);
    free(pin);
}

static bool reserve_buffers(struct row_pin *pin, uint32_t count, struct ssql_error *error)
{
    if (count <= pin->buffer_count)
        return true;
    struct column_buffer *buffers = realloc(pin->buffers, count * sizeof *buffers);
    if (buffers == NULL)
        return error_no_memory(error);
    memset(buffers + pin->buffer_count, 0, (count - pin->buffer_count) * sizeof *buffers);
    pin->buffers = buffers;
    pin->buffer_count = count;
    return true;
}

/* ---- notes ---- */

struct slice transaction_read_bound(const struct transaction *transaction, size_t offset, uint32_t size)
{
    if (offset == NO_BOUND)
        return (struct slice){0};
    return slice_make(transaction->read_keys.data + offset, size);
}

/* Copies a bound; false when out of memory. */
static bool keep_bound(struct transaction *transaction, struct slice bound, size_t *offset, uint32_t *size)
{
    *offset = NO_BOUND;
    *size = 0;
    if (bound.data == NULL)
        return true;
    if (buffer_reserve(&transaction->read_keys, bound.size + 1) == NULL)
        return false;
    *offset = transaction->read_keys.size;
    *size = (uint32_t)bound.size;
    buffer_append(&transaction->read_keys, bound.data, bound.size);
    return true;
}

/* So many reads that their notes would weigh more than the conflicts they avoid: each table counts as read whole. */
static void read_tables_whole(struct transaction *transaction)
{
    for (size_t i = 0; i < transaction->read_count; i++)
        transaction->participants[transaction->reads[i].participant].reads_whole = true;
    transaction->read_count = 0;
    buffer_reset(&transaction->read_keys);
}

static bool reserve_read(struct transaction *transaction, struct ssql_error *error)
{
    if (transaction->read_count >= READS_MOST)
        read_tables_whole(transaction);
    if (transaction->read_count < transaction->read_capacity)
        return true;
    size_t capacity = transaction->read_capacity == 0 ? 16 : transaction->read_capacity * 2;
    struct noted_read *reads = realloc(transaction->reads, capacity * sizeof *reads);
    if (reads == NULL)
        return error_no_memory(error);
    transaction->reads = reads;
    transaction->read_capacity = capacity;
    return true;
}

static bool note(struct transaction *transaction, struct participant *participant, bool is_key, struct slice low,
                 bool low_exclusive, struct slice high, bool high_exclusive, struct ssql_error *error)
{
    if (transaction->kind == TRANSACTION_READ || participant->reads_whole || participant->is_created)
        return true;
    if (!reserve_read(transaction, error))
        return false;
    if (participant->reads_whole)
        return true;
    struct noted_read *read = &transaction->reads[transaction->read_count];
    *read = (struct noted_read){.participant = (uint32_t)(participant - transaction->participants),
                                .is_key = is_key,
                                .low_exclusive = low_exclusive,
                                .high_exclusive = high_exclusive};
    if (!keep_bound(transaction, low, &read->low_offset, &read->low_size) ||
        !keep_bound(transaction, high, &read->high_offset, &read->high_size)) {
        transaction->read_keys.failed = false;
        return error_no_memory(error);
    }
    transaction->read_count++;
    return true;
}

bool transaction_note_key(struct transaction *transaction, struct participant *participant, struct slice key,
                          struct ssql_error *error)
{
    return note(transaction, participant, true, key, false, (struct slice){0}, false, error);
}

bool transaction_note_range(struct transaction *transaction, struct table *table, struct slice low, bool low_exclusive,
                            struct slice high, bool high_exclusive, struct ssql_error *error)
{
    struct participant *participant = transaction_participant(transaction, table);

    if (low.data == NULL && high.data == NULL && transaction->kind == TRANSACTION_WRITE) {
        participant->reads_whole = !participant->is_created;
        return true;
    }
    return note(transaction, participant, false, low, low_exclusive, high, high_exclusive, error);
}

/* ---- own writes ---- */

bool transaction_own_writes(struct transaction *transaction, struct table *table, struct own_writes *own,
                            struct ssql_error *error)
{
    struct participant *participant = transaction_participant(transaction, table);

    *own = (struct own_writes){.memtable_snapshot = transaction->mark};
    if (!participant_fill_memtable(transaction, participant, error))
        return false;
    own->memtable = participant->memtable;
    if (participant->spilled == NULL)
        return true;
    /* Newest first: those that the current statement has written come before all others. */
    uint32_t hidden = 0, count = participant->spilled->file_count[0];
    while (hidden < count && participant->spilled_through[hidden] > transaction->mark)
        hidden++;
    own->files = participant->spilled->files[0] + hidden;
    own->file_count = count - hidden;
    return true;
}

/* ---- get ---- */

static void read_row(const struct row_format *format, struct slice row, const uint16_t *columns, uint32_t count,
                     struct value *values)
{
    for (uint32_t i = 0; i < count; i++)
        values[i] = row_value(format, row, columns[i]);
}

/* Hands out what a look-up found; its block goes to the pin. */
static bool read_result(const struct row_format *format, struct lookup_result *result, const uint16_t *columns,
                        uint32_t count, struct row_pin *pin, struct value *values, bool *found,
                        struct ssql_error *error)
{
    *found = result->found && !result->is_tombstone;
    if (result->found && !result->in_memtable)
        pin->block = result->block;
    if (!*found)
        return true;
    if (result->in_memtable) {
        read_row(format, result->row, columns, count, values);
        return true;
    }
    if (!reserve_buffers(pin, count, error))
        return false;
    block_prefetch_row(&pin->block, columns, count, result->block_row);
    for (uint32_t i = 0; i < count; i++) {
        if (!block_value(&pin->block, columns[i], result->block_row, &pin->buffers[i], &values[i], error))
            return false;
    }
    return true;
}

/* Looks among the transaction's own writes; *is_own tells whether the key was written. */
static bool get_own(struct transaction *transaction, struct participant *participant, struct slice key,
                    const uint16_t *columns, uint32_t count, struct row_pin *pin, struct value *values, bool *found,
                    bool *is_own, struct ssql_error *error)
{
    struct write_set *set = &transaction->writes;
    const struct row_format *format = participant->table->format;
    uint32_t index = transaction->last_participant;
    uint32_t number = NO_WRITE;

    *is_own = false;
    if (participant->write_count > 0)
        number = write_set_find(set, index, key, write_set_hash(index, key));
    if (number != NO_WRITE) {
        struct slice row = write_set_row(set, write_set_at(set, number));
        *is_own = true;
        *found = row.data != NULL;
        if (*found)
            read_row(format, row, columns, count, values);
        return true;
    }
    if (participant->spilled == NULL)
        return true;
    struct lookup_result result = {0};
    if (!version_lookup(participant->spilled, format, key, UINT64_MAX, &result, error))
        return false;
    *is_own = result.found;
    return read_result(format, &result, columns, count, pin, values, found, error);
}

bool transaction_get(struct transaction *transaction, struct table *table, struct slice key, const uint16_t *columns,
                     uint32_t column_count, struct row_pin *pin, struct value *values, bool *found,
                     struct ssql_error *error)
{
    struct participant *participant = transaction_participant(transaction, table);
    struct lookup_result result = {0};
    bool is_own = false;

    row_pin_release(pin);
    *found = false;
    if (transaction->kind == TRANSACTION_WRITE) {
        if (!get_own(transaction, participant, key, columns, column_count, pin, values, found, &is_own, error))
            return false;
        if (is_own)
            return true;
        if (!transaction_note_key(transaction, participant, key, error))
            return false;
    }
    if (!version_lookup(participant_version(participant), table->format, key, transaction->snapshot, &result, error))
        return false;
    return read_result(table->format, &result, columns, column_count, pin, values, found, error);
}

bool transaction_count_lookup(struct transaction *transaction, struct table *table, struct slice key,
                              struct lookup_statistics *statistics, struct ssql_error *error)
{
    struct participant *participant = transaction_participant(transaction, table);

    *statistics = (struct lookup_statistics){0};
    return version_count_lookup(participant_version(participant), key, statistics, error);
}
