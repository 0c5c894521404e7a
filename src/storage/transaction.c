#include <assert.h>
#include <stdlib.h>

#include "storage/transaction_internal.h"

enum {
    KEPT_READS = 1 << 12, /* items and bytes that are kept from transaction to transaction */
    KEPT_READ_BYTES = 1 << 18,
};

/* ---- life ---- */

bool transaction_create(struct engine *engine, struct transaction **out, struct ssql_error *error)
{
    struct transaction *transaction = calloc(1, sizeof *transaction);

    *out = NULL;
    if (transaction == NULL)
        return error_no_memory(error);
    transaction->engine = engine;
    snapshot_registry_add(&engine->snapshots, &transaction->slot);
    *out = transaction;
    return true;
}

void transaction_destroy(struct transaction *transaction)
{
    if (transaction == NULL)
        return;
    transaction_rollback(transaction);
    snapshot_registry_remove(&transaction->engine->snapshots, &transaction->slot);
    write_set_clear(&transaction->writes);
    buffer_clear(&transaction->read_keys);
    free(transaction->reads);
    free(transaction->catalog_writes);
    free(transaction->participants);
    free(transaction);
}

bool transaction_begin(struct transaction *transaction, enum transaction_kind kind, enum commit_wait wait,
                       struct ssql_error *error)
{
    struct engine *engine = transaction->engine;

    assert(!transaction->is_open);
    if (kind == TRANSACTION_WRITE && !engine_check_writable(engine, error))
        return false;
    transaction->kind = kind;
    transaction->wait = wait;
    transaction->mark = 0;
    transaction->snapshot =
        snapshot_acquire(&engine->snapshots, &transaction->slot, engine_newest(engine, wait == COMMIT_DEFERRED));
    transaction->is_open = true;
    return true;
}

bool transaction_create_reading(struct engine *engine, struct transaction **out, struct ssql_error *error)
{
    if (!transaction_create(engine, out, error))
        return false;
    bool is_begun = transaction_begin(*out, TRANSACTION_READ, COMMIT_DURABLE, error);
    assert(is_begun);
    (void)is_begun;
    return true;
}

static void clear_participant(struct participant *participant)
{
    if (participant->spilled != NULL)
        participant_undo_spilled(participant, 0);
    table_version_release(participant->spilled);
    free(participant->spilled_through);
    memtable_release(participant->memtable);
    table_version_release(participant->version);
    table_release(participant->table);
}

void transaction_end(struct transaction *transaction)
{
    if (!transaction->is_open)
        return;
    for (uint32_t i = 0; i < transaction->participant_count; i++)
        clear_participant(&transaction->participants[i]);
    transaction->participant_count = 0;
    transaction->last_participant = 0;
    write_set_reset(&transaction->writes);
    if (transaction->counted_bytes > 0)
        atomic_fetch_sub(&transaction->engine->write_set_bytes, transaction->counted_bytes);
    transaction->counted_bytes = transaction->memtable_bytes = 0;
    transaction->is_spilled = false;
    transaction->generation = 0;
    transaction->catalog_count = 0;
    transaction->read_count = 0;
    if (transaction->read_capacity > KEPT_READS) {
        free(transaction->reads);
        transaction->reads = NULL;
        transaction->read_capacity = 0;
    }
    if (transaction->read_keys.capacity > KEPT_READ_BYTES)
        buffer_clear(&transaction->read_keys);
    else
        buffer_reset(&transaction->read_keys);
    snapshot_release(&transaction->slot);
    transaction->is_open = false;
}

void transaction_rollback(struct transaction *transaction)
{
    transaction_end(transaction);
}

bool transaction_is_open(const struct transaction *transaction)
{
    return transaction->is_open;
}

bool transaction_has_writes(const struct transaction *transaction)
{
    return transaction->writes.count > 0 || transaction->is_spilled;
}

uint64_t transaction_snapshot(const struct transaction *transaction)
{
    return transaction->snapshot;
}

/* ---- tables ---- */

struct participant *transaction_participant(struct transaction *transaction, const struct table *table)
{
    assert(transaction->is_open && transaction->participant_count > 0);
    struct participant *participant = &transaction->participants[transaction->last_participant];

    if (participant->table == table)
        return participant;
    uint32_t i = transaction->participant_count - 1;
    while (transaction->participants[i].table != table) {
        assert(i > 0);
        i--;
    }
    transaction->last_participant = i;
    return &transaction->participants[i];
}

struct table_version *participant_version(struct participant *participant)
{
    if (participant->version == NULL)
        participant->version = table_acquire_version(participant->table);
    return participant->version;
}

struct table_version *transaction_version(struct transaction *transaction, struct table *table)
{
    return participant_version(transaction_participant(transaction, table));
}

/* Room for one more table. */
static bool reserve_participant(struct transaction *transaction, struct ssql_error *error)
{
    if (transaction->participant_count < transaction->participant_capacity)
        return true;
    uint32_t capacity = transaction->participant_capacity == 0 ? 8 : transaction->participant_capacity * 2;
    struct participant *participants = realloc(transaction->participants, capacity * sizeof *participants);
    if (participants == NULL)
        return error_no_memory(error);
    transaction->participants = participants;
    transaction->participant_capacity = capacity;
    return true;
}

/* Takes over the reference to the table; room is reserved. */
static struct participant *add_participant(struct transaction *transaction, struct table *table)
{
    struct participant *participant = &transaction->participants[transaction->participant_count];

    *participant = (struct participant){.table = table};
    transaction->last_participant = transaction->participant_count++;
    return participant;
}

/* The table as the snapshot has it, retained; NULL when there is none. */
static struct table *find_visible(struct transaction *transaction, uint32_t table_id)
{
    struct engine *engine = transaction->engine;

    pthread_mutex_lock(&engine->tables_mutex);
    struct table *table = engine_find_table(engine, table_id);
    if (table != NULL && (atomic_load(&table->created_sequence) > transaction->snapshot ||
                          atomic_load(&table->dropped_sequence) <= transaction->snapshot))
        table = NULL;
    if (table != NULL)
        table_retain(table);
    pthread_mutex_unlock(&engine->tables_mutex);
    return table;
}

bool transaction_find_table(struct transaction *transaction, uint32_t table_id, struct table **table,
                            struct ssql_error *error)
{
    assert(transaction->is_open);
    *table = NULL;
    for (uint32_t i = transaction->participant_count; i-- > 0;) {
        const struct participant *participant = &transaction->participants[i];
        if (participant->table->id != table_id)
            continue;
        transaction->last_participant = i;
        *table = participant->is_dropped ? NULL : participant->table;
        return true;
    }
    if (!reserve_participant(transaction, error))
        return false;
    *table = find_visible(transaction, table_id);
    if (*table != NULL)
        add_participant(transaction, *table);
    return true;
}

struct table *transaction_table(struct transaction *transaction, uint32_t table_id)
{
    struct ssql_error ignored;
    struct table *table;

    return transaction_find_table(transaction, table_id, &table, &ignored) ? table : NULL;
}

/* ---- creating and dropping ---- */

static bool check_kind(const struct transaction *transaction, struct ssql_error *error)
{
    assert(transaction->is_open);
    if (transaction->kind == TRANSACTION_READ)
        return error_set(error, SSQL_READ_ONLY, NO_SPAN, "a read-only transaction cannot write");
    return true;
}

static bool reserve_catalog_write(struct transaction *transaction, struct ssql_error *error)
{
    if (transaction->catalog_count < transaction->catalog_capacity)
        return true;
    uint32_t capacity = transaction->catalog_capacity == 0 ? 8 : transaction->catalog_capacity * 2;
    struct catalog_write *writes = realloc(transaction->catalog_writes, capacity * sizeof *writes);
    if (writes == NULL)
        return error_no_memory(error);
    transaction->catalog_writes = writes;
    transaction->catalog_capacity = capacity;
    return true;
}

static void note_catalog_write(struct transaction *transaction, uint32_t participant, bool is_drop)
{
    transaction->catalog_writes[transaction->catalog_count++] = (struct catalog_write){
        .participant = participant, .is_drop = is_drop, .sequence = write_set_sequence(&transaction->writes)};
}

static bool create_table(struct transaction *transaction, uint32_t table_id, const struct table_layout *layout,
                         struct ssql_error *error)
{
    struct table *table;

    if (!reserve_participant(transaction, error) || !reserve_catalog_write(transaction, error) ||
        !table_create(transaction->engine, table_id, layout, UINT64_MAX, &table, error))
        return false;
    if (!write_set_add_create(&transaction->writes, transaction->participant_count, table_id, layout, error)) {
        table_release(table);
        return false;
    }
    note_catalog_write(transaction, transaction->participant_count, false);
    struct participant *participant = add_participant(transaction, table);
    participant->is_created = true;
    participant->write_count = 1;
    return true;
}

bool transaction_create_table(struct transaction *transaction, const struct table_layout *layout, uint32_t *table_id,
                              struct ssql_error *error)
{
    if (!check_kind(transaction, error))
        return false;
    *table_id = atomic_fetch_add(&transaction->engine->next_table_id, 1);
    return create_table(transaction, *table_id, layout, error);
}

bool transaction_create_table_as(struct transaction *transaction, uint32_t table_id, const struct table_layout *layout,
                                 struct ssql_error *error)
{
    struct table *table;

    assert(table_id > 0 && table_id < FIRST_USER_TABLE);
    if (!check_kind(transaction, error) || !transaction_find_table(transaction, table_id, &table, error))
        return false;
    if (table != NULL)
        return error_set(error, SSQL_TABLE_EXISTS, NO_SPAN, "table number %u exists already", table_id);
    return create_table(transaction, table_id, layout, error);
}

bool transaction_drop_table(struct transaction *transaction, uint32_t table_id, struct ssql_error *error)
{
    struct table *table;

    if (!check_kind(transaction, error) || !reserve_catalog_write(transaction, error) ||
        !transaction_find_table(transaction, table_id, &table, error))
        return false;
    if (table == NULL)
        return error_set(error, SSQL_UNKNOWN_TABLE, NO_SPAN, "there is no table with the number %u", table_id);
    struct participant *participant = transaction_participant(transaction, table);
    uint32_t index = transaction->last_participant;
    if (!write_set_add_drop(&transaction->writes, index, table_id, error))
        return false;
    note_catalog_write(transaction, index, true);
    participant->is_dropped = true;
    participant->write_count++;
    return true;
}

/* ---- statements ---- */

uint64_t transaction_mark(struct transaction *transaction)
{
    transaction->mark = write_set_sequence(&transaction->writes);
    return transaction->mark;
}

static void undo_last_write(struct transaction *transaction)
{
    struct write_set *set = &transaction->writes;
    const struct pending_write *write = write_set_at(set, set->count);
    struct participant *participant = &transaction->participants[write->participant];

    participant->write_count--;
    participant->highest = HIGHEST_UNKNOWN;
    if (participant->memtable != NULL && participant->memtable_through >= set->count) {
        if (write->is_key)
            memtable_undo(participant->memtable, write_set_key(set, write), write_set_sequence(set));
    }
    write_set_undo_last(set);
}

void transaction_undo_to(struct transaction *transaction, uint64_t mark)
{
    assert(transaction->is_open && (!transaction->is_spilled || mark >= transaction->mark));
    struct write_set *set = &transaction->writes;

    while (transaction->catalog_count > 0 &&
           transaction->catalog_writes[transaction->catalog_count - 1].sequence > mark) {
        const struct catalog_write *write = &transaction->catalog_writes[--transaction->catalog_count];
        /* What was created is as good as dropped: its number is never used again. */
        transaction->participants[write->participant].is_dropped = !write->is_drop;
    }
    while (set->count > 0 && write_set_sequence(set) > mark)
        undo_last_write(transaction);
    for (uint32_t i = 0; i < transaction->participant_count; i++) {
        struct participant *participant = &transaction->participants[i];
        if (participant->memtable_through > set->count)
            participant->memtable_through = set->count;
        participant_undo_spilled(participant, mark);
    }
    if (transaction->mark > mark)
        transaction->mark = mark;
}
