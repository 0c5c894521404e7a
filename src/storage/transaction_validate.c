/* Backward validation: what a transaction read or wrote must not have been changed by a commit after its snapshot. */
#include <stdlib.h>

#include "storage/transaction_internal.h"

static bool conflict(struct ssql_error *error)
{
    error_set(error, SSQL_CONFLICT, NO_SPAN, "the transaction conflicts with one that has committed since it began");
    return error_hint(error, "run the transaction again");
}

/* What a participant's checks are made against: the newest version of its table. */
struct check {
    struct transaction *transaction;
    struct table_version **newest; /* per participant; NULL: no need to look */
};

static bool key_is_unchanged(const struct check *check, uint32_t participant, struct slice key,
                             struct ssql_error *error)
{
    bool changed = false;

    if (!version_key_changed(check->newest[participant], key, check->transaction->snapshot, &changed, error))
        return false;
    if (changed)
        return conflict(error);
    return true;
}

static bool range_is_unchanged(const struct check *check, uint32_t participant, struct slice low, bool low_exclusive,
                               struct slice high, bool high_exclusive, struct ssql_error *error)
{
    bool changed = false;

    if (!version_range_changed(check->newest[participant], low, low_exclusive, high, high_exclusive,
                               check->transaction->snapshot, &changed, error))
        return false;
    if (changed)
        return conflict(error);
    return true;
}

static bool check_reads(const struct check *check, struct ssql_error *error)
{
    const struct transaction *transaction = check->transaction;

    for (size_t i = 0; i < transaction->read_count; i++) {
        const struct noted_read *read = &transaction->reads[i];
        struct slice low = transaction_read_bound(transaction, read->low_offset, read->low_size);
        struct slice high = transaction_read_bound(transaction, read->high_offset, read->high_size);
        if (check->newest[read->participant] == NULL)
            continue;
        bool is_unchanged = read->is_key ? key_is_unchanged(check, read->participant, low, error)
                                         : range_is_unchanged(check, read->participant, low, read->low_exclusive, high,
                                                              read->high_exclusive, error);
        if (!is_unchanged)
            return false;
    }
    return true;
}

static bool check_writes(const struct check *check, struct ssql_error *error)
{
    const struct write_set *set = &check->transaction->writes;

    for (uint32_t number = 1; number <= set->count; number++) {
        const struct pending_write *write = write_set_at(set, number);
        if (write->is_key && check->newest[write->participant] != NULL &&
            !key_is_unchanged(check, write->participant, write_set_key(set, write), error))
            return false;
    }
    return true;
}

/* Spilled writes are checked by the key ranges of their files: coarse, but such transactions are rare and long anyway.
 */
static bool check_spilled(const struct check *check, uint32_t index, struct ssql_error *error)
{
    const struct table_version *spilled = check->transaction->participants[index].spilled;

    for (uint32_t i = 0; spilled != NULL && i < spilled->file_count[0]; i++) {
        const struct sstable_info *info = &spilled->files[0][i]->info;
        if (!range_is_unchanged(check, index, buffer_slice(&info->first_key), false, buffer_slice(&info->last_key),
                                false, error))
            return false;
    }
    return true;
}

static bool check_participant(const struct check *check, uint32_t index, struct ssql_error *error)
{
    const struct participant *participant = &check->transaction->participants[index];

    if (participant->reads_whole &&
        !range_is_unchanged(check, index, (struct slice){0}, false, (struct slice){0}, false, error))
        return false;
    return check_spilled(check, index, error);
}

static bool check_all(const struct check *check, struct ssql_error *error)
{
    for (uint32_t i = 0; i < check->transaction->participant_count; i++) {
        if (check->newest[i] != NULL && !check_participant(check, i, error))
            return false;
    }
    return check_reads(check, error) && check_writes(check, error);
}

/* Whether the table is still what the transaction took it for. */
static bool table_is_unchanged(const struct transaction *transaction, const struct participant *participant)
{
    const struct table *table = participant->table;

    if (participant->is_created) {
        if (table->id >= FIRST_USER_TABLE || participant->is_dropped)
            return true;
        pthread_mutex_lock(&transaction->engine->tables_mutex);
        bool is_free = engine_find_table(transaction->engine, table->id) == NULL;
        pthread_mutex_unlock(&transaction->engine->tables_mutex);
        return is_free;
    }
    return atomic_load(&table->dropped_sequence) == UINT64_MAX;
}

bool transaction_validate(struct transaction *transaction, struct ssql_error *error)
{
    enum { FEW = 16 };
    struct table_version *few[FEW] = {0}, **newest = few;
    uint32_t count = transaction->participant_count;
    bool needs_look = false, is_valid = true;

    for (uint32_t i = 0; i < count; i++) {
        struct participant *participant = &transaction->participants[i];
        if (!table_is_unchanged(transaction, participant))
            return conflict(error);
        participant->needs_check =
            !participant->is_created && table_last_commit(participant->table) > transaction->snapshot;
        needs_look = needs_look || participant->needs_check;
    }
    if (!needs_look)
        return true;
    if (count > FEW && (newest = calloc(count, sizeof *newest)) == NULL)
        return error_no_memory(error);
    for (uint32_t i = 0; i < count; i++) {
        if (transaction->participants[i].needs_check)
            newest[i] = table_acquire_version(transaction->participants[i].table);
    }
    is_valid = check_all(&(struct check){.transaction = transaction, .newest = newest}, error);
    for (uint32_t i = 0; i < count; i++)
        table_version_release(newest[i]);
    if (newest != few)
        free(newest);
    return is_valid;
}
