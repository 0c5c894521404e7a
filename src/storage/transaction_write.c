/* Inserts, puts, deletes, and row numbers. */
#include <assert.h>

#include "base/atomic_raise.h"
#include "base/bytes.h"
#include "base/key_codec.h"
#include "storage/transaction_internal.h"

static bool begin_write(struct transaction *transaction, struct ssql_error *error)
{
    assert(transaction->is_open);
    if (transaction->kind == TRANSACTION_READ)
        return error_set(error, SSQL_READ_ONLY, NO_SPAN, "a read-only transaction cannot write");
    return transaction_spill_if_large(transaction, error);
}

/* ---- row numbers ---- */

static int64_t int_of_key(struct slice key)
{
    return (int64_t)(load_u64be(key.data) ^ ((uint64_t)1 << 63));
}

/* Numbers handed out later are above this key. */
static void raise_row_number(struct table *table, struct slice key)
{
    int64_t integer = int_of_key(key);

    atomic_raise_signed(&table->next_row_number, integer == INT64_MAX ? INT64_MAX : integer + 1);
}

/* Under table->mutex. Whatever is written after the table was opened raises the number by itself. */
static void learn_row_number(struct table *table)
{
    const struct table_version *version = table->current;

    for (uint32_t i = 0; i < version->memtable_count; i++) {
        struct slice key = memtable_last_key(version->memtables[i]);
        if (key.data != NULL)
            raise_row_number(table, key);
    }
    for (uint32_t level = 0; level < LEVELS; level++) {
        for (uint32_t i = 0; i < version->file_count[level]; i++) {
            struct slice key = buffer_slice(&version->files[level][i]->info.last_key);
            if (key.size == INT_KEY_SIZE)
                raise_row_number(table, key);
        }
    }
    table->row_number_is_known = true;
}

bool table_take_row_numbers(struct transaction *transaction, struct table *table, uint64_t count, int64_t *first,
                            struct ssql_error *error)
{
    assert(table->format->key_is_int);
    (void)transaction;
    pthread_mutex_lock(&table->mutex);
    if (!table->row_number_is_known)
        learn_row_number(table);
    pthread_mutex_unlock(&table->mutex);
    int64_t next = atomic_load(&table->next_row_number);
    do {
        if (count > (uint64_t)(INT64_MAX - next) || next == INT64_MAX)
            return error_set(error, SSQL_OUT_OF_RANGE, NO_SPAN, "the table has used up its row numbers");
    } while (!atomic_compare_exchange_weak(&table->next_row_number, &next, next + (int64_t)count));
    *first = next;
    return true;
}

/* ---- writes ---- */

/* What the uniqueness check and the record have to know of a key. */
struct key_state {
    bool exists;     /* as this transaction sees it */
    bool is_rewrite; /* the write set holds a write of it */
};

static bool look_up_existing(const struct table_version *version, const struct row_format *format, struct slice key,
                             uint64_t snapshot, bool *is_known, bool *exists, struct ssql_error *error)
{
    struct lookup_result result = {0};

    if (!version_lookup(version, format, key, snapshot, &result, error))
        return false;
    *is_known = result.found;
    *exists = result.found && !result.is_tombstone;
    if (result.found && !result.in_memtable)
        block_release(&result.block);
    return true;
}

/* A key above all that the write set holds of the table is not in it: rows that come in the order of their keys do
 * without a look into the set. */
static bool is_above_writes(const struct transaction *transaction, const struct participant *participant,
                            struct slice key)
{
    if (participant->highest != HIGHEST_KNOWN)
        return participant->highest == HIGHEST_NONE;
    return slice_compare(key, slice_make(transaction->writes.keys.data + participant->highest_offset,
                                         participant->highest_size)) > 0;
}

/* After a write of a key, whose copy is the last of the set's keys. */
static void note_written_key(const struct transaction *transaction, struct participant *participant, size_t size,
                             bool is_above)
{
    participant->write_count++;
    participant->is_ordered = is_above && (participant->is_ordered || participant->highest == HIGHEST_NONE);
    if (!is_above)
        return;
    participant->highest = HIGHEST_KNOWN;
    participant->highest_offset = transaction->writes.keys.size - size;
    participant->highest_size = (uint32_t)size;
}

static bool find_key_state(struct transaction *transaction, struct participant *participant, struct slice key,
                           uint32_t hash, struct key_state *state, struct ssql_error *error)
{
    struct write_set *set = &transaction->writes;
    const struct row_format *format = participant->table->format;
    bool is_known = false;

    *state = (struct key_state){0};
    if (participant->write_count > 0 && !is_above_writes(transaction, participant, key)) {
        uint32_t number = write_set_find(set, transaction->last_participant, key, hash);
        if (number != NO_WRITE) {
            state->is_rewrite = true;
            state->exists = write_set_at(set, number)->row_offset != 0;
            return true;
        }
    }
    if (participant->spilled != NULL &&
        !look_up_existing(participant->spilled, format, key, UINT64_MAX, &is_known, &state->exists, error))
        return false;
    if (is_known || participant->is_created)
        return true;
    return look_up_existing(participant_version(participant), format, key, transaction->snapshot, &is_known,
                            &state->exists, error);
}

static bool is_rewrite(struct transaction *transaction, const struct participant *participant, struct slice key,
                       uint32_t hash)
{
    return participant->write_count > 0 && !is_above_writes(transaction, participant, key) &&
           write_set_find(&transaction->writes, transaction->last_participant, key, hash) != NO_WRITE;
}

static bool add_put(struct transaction *transaction, struct participant *participant, const struct value *values,
                    struct slice key, uint32_t hash, bool rewrites, struct ssql_error *error)
{
    struct table *table = participant->table;
    bool is_above = is_above_writes(transaction, participant, key);

    if (table->format->key_is_int)
        raise_row_number(table, key);
    if (!write_set_add_put(&transaction->writes, transaction->last_participant, table->id, table->format, values, key,
                           hash, rewrites, error))
        return false;
    note_written_key(transaction, participant, key.size, is_above);
    return true;
}

enum write_outcome transaction_insert(struct transaction *transaction, struct table *table, const struct value *values,
                                      struct ssql_error *error)
{
    struct write_set *set = &transaction->writes;
    struct key_state state;
    struct slice key;

    if (!begin_write(transaction, error) || !write_set_encode_key(set, table->format, values, &key, error))
        return WRITE_FAILED;
    struct participant *participant = transaction_participant(transaction, table);
    uint32_t hash = write_set_hash(transaction->last_participant, key);
    if (!find_key_state(transaction, participant, key, hash, &state, error)) {
        write_set_drop_key(set, key);
        return WRITE_FAILED;
    }
    if (state.exists) {
        bool is_noted = transaction_note_key(transaction, participant, key, error);
        write_set_drop_key(set, key);
        return is_noted ? WRITE_DUPLICATE : WRITE_FAILED;
    }
    return add_put(transaction, participant, values, key, hash, state.is_rewrite, error) ? WRITE_DONE : WRITE_FAILED;
}

bool transaction_put(struct transaction *transaction, struct table *table, const struct value *values,
                     struct ssql_error *error)
{
    struct slice key;

    if (!begin_write(transaction, error) ||
        !write_set_encode_key(&transaction->writes, table->format, values, &key, error))
        return false;
    struct participant *participant = transaction_participant(transaction, table);
    uint32_t hash = write_set_hash(transaction->last_participant, key);
    return add_put(transaction, participant, values, key, hash, is_rewrite(transaction, participant, key, hash), error);
}

bool transaction_delete(struct transaction *transaction, struct table *table, struct slice key,
                        struct ssql_error *error)
{
    if (!begin_write(transaction, error))
        return false;
    struct participant *participant = transaction_participant(transaction, table);
    uint32_t hash = write_set_hash(transaction->last_participant, key);
    bool is_above = is_above_writes(transaction, participant, key);
    if (!write_set_add_delete(&transaction->writes, transaction->last_participant, table->id, key, hash,
                              is_rewrite(transaction, participant, key, hash), error))
        return false;
    note_written_key(transaction, participant, key.size, is_above);
    return true;
}
