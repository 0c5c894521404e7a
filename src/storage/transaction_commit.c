/* The end of a transaction: either as one record of the log and versions in the memtables, or, when it was spilled, as
 * one change of the manifest. */
#include <assert.h>
#include <stdlib.h>

#include "storage/transaction_internal.h"

enum { LARGE_COMMIT = 8 << 10 }; /* bytes */

/* ---- through the log ---- */

static bool is_written(const struct participant *participant)
{
    return participant->write_count > 0 && !participant->is_dropped;
}

/* Everything that can fail for want of memory, before the log is touched. */
static bool prepare_tables(struct transaction *transaction, struct ssql_error *error)
{
    struct engine *engine = transaction->engine;

    for (uint32_t i = 0; i < transaction->participant_count; i++) {
        if (is_written(&transaction->participants[i]) && !table_make_active(transaction->participants[i].table, error))
            return false;
    }
    if (transaction->catalog_count == 0)
        return true;
    pthread_mutex_lock(&engine->tables_mutex);
    bool is_reserved = engine_reserve_tables(engine, transaction->catalog_count, error);
    pthread_mutex_unlock(&engine->tables_mutex);
    return is_reserved;
}

/* Copies the writes to the shared memtables, where no snapshot sees them yet. */
static bool apply_writes(struct transaction *transaction, uint64_t first, struct ssql_error *error)
{
    const struct write_set *set = &transaction->writes;
    bool has_many = write_set_sequence_count(set) > 1;

    for (uint32_t i = 0; i < set->count; i++) {
        const struct pending_write *write = &set->writes[i];
        const struct participant *participant = &transaction->participants[write->participant];
        if (!write->is_key || participant->is_dropped)
            continue;
        if (!memtable_put(participant->table->active, write_set_key(set, write), write_set_row(set, write),
                          first + (has_many ? i : 0), error))
            return false;
    }
    return true;
}

/* Enters created tables and marks dropped ones; what the transaction did both to was never there. */
static void apply_catalog(struct transaction *transaction, uint64_t sequence, uint64_t position)
{
    struct engine *engine = transaction->engine;

    if (transaction->catalog_count == 0)
        return;
    pthread_mutex_lock(&engine->tables_mutex);
    for (uint32_t i = 0; i < transaction->participant_count; i++) {
        struct participant *participant = &transaction->participants[i];
        if (participant->is_created && !participant->is_dropped) {
            atomic_store(&participant->table->created_sequence, sequence);
            engine_enter_table(engine, participant->table);
        } else if (participant->is_dropped && !participant->is_created) {
            atomic_store(&participant->table->dropped_sequence, sequence);
            engine->dropped_count++;
        }
    }
    engine->catalog_sequence = sequence;
    engine->catalog_position = position;
    pthread_mutex_unlock(&engine->tables_mutex);
}

/* Notes the commit with its tables; then it is published, and memtables that have grown too large are frozen. */
static void publish(struct transaction *transaction, uint64_t last)
{
    struct engine *engine = transaction->engine;
    struct ssql_error ignored;

    for (uint32_t i = 0; i < transaction->participant_count; i++) {
        if (transaction->participants[i].write_count > 0)
            atomic_store(&transaction->participants[i].table->last_commit, last);
    }
    atomic_store(&engine->committed, last);
    for (uint32_t i = 0; i < transaction->participant_count; i++) {
        struct table *table = transaction->participants[i].table;
        if (!is_written(&transaction->participants[i]))
            continue;
        assert(table->active != NULL);
        engine_count_active(engine, table);
        if (table->active_bytes >= engine->options.memtable_bytes && !engine_freeze_table(engine, table, &ignored))
            break; /* out of memory: the next commit tries again */
    }
    engine_freeze_due(engine);
}

/* Under commit_mutex. */
static bool commit_to_log(struct transaction *transaction, uint64_t *last, uint64_t *position, struct ssql_error *error)
{
    struct engine *engine = transaction->engine;
    struct slice record = buffer_slice(&transaction->writes.record);
    uint32_t count = write_set_sequence_count(&transaction->writes);
    uint64_t first = atomic_load(&engine->committed) + 1;

    if (!engine_check_writable(engine, error) || !engine_claim_epoch(engine, error) ||
        !transaction_validate(transaction, error) || !prepare_tables(transaction, error) ||
        !wal_append(engine->wal, &record, 1, first, count, position, error))
        return false;
    struct ssql_error cause = {0};
    if (!apply_writes(transaction, first, &cause))
        return engine_fail(engine, SSQL_UNKNOWN_OUTCOME, "a commit is in the log but not in memory", &cause, error);
    *last = first + count - 1;
    apply_catalog(transaction, *last, *position);
    publish(transaction, *last);
    return true;
}

/* Waits until the commit is as safe as was asked for. */
static bool wait_for_log(struct engine *engine, enum commit_wait wait, uint64_t sequence, uint64_t position,
                         struct ssql_error *error)
{
    static const enum wal_sync modes[] = {
        [SYNC_FULL] = WAL_SYNC_FULL, [SYNC_NORMAL] = WAL_SYNC_NORMAL, [SYNC_OFF] = WAL_SYNC_OFF};

    if (wait == COMMIT_DEFERRED)
        return true;
    if (!wal_commit(engine->wal, position, modes[engine->options.sync], error))
        return false;
    if (engine->options.sync == SYNC_FULL)
        engine_publish_durable(engine, sequence);
    return true;
}

static bool commit_logged(struct transaction *transaction, struct ssql_error *error)
{
    struct engine *engine = transaction->engine;
    enum commit_wait wait = transaction->wait;
    bool has_catalog = transaction->catalog_count > 0;
    uint64_t last = 0, position = 0;

    if (transaction->writes.record.size >= LARGE_COMMIT)
        memtable_pool_prepare();
    pthread_mutex_lock(&engine->commit_mutex);
    bool is_done = commit_to_log(transaction, &last, &position, error);
    pthread_mutex_unlock(&engine->commit_mutex);
    transaction_end(transaction);
    if (is_done && has_catalog)
        engine_wake_background(engine);
    return is_done && wait_for_log(engine, wait, last, position, error);
}

/* ---- through the manifest ---- */

/* What a spilled commit changes. */
struct spilled_commit {
    struct table_edit *edits; /* each with its own copy of the infos, whose keys are borrowed */
    uint32_t edit_count;
    struct table **created, **dropped;
    uint32_t created_count, dropped_count;
    uint8_t *levels; /* all zero */
};

static void clear_spilled_commit(struct spilled_commit *commit)
{
    for (uint32_t i = 0; i < commit->edit_count; i++)
        free(commit->edits[i].added);
    free(commit->edits);
    free(commit->created);
    free(commit->dropped);
    free(commit->levels);
}

static bool add_edit(struct spilled_commit *commit, const struct participant *participant, uint64_t first)
{
    uint32_t count = participant->spilled->file_count[0];
    struct sstable_info *infos = calloc(count, sizeof *infos);

    if (infos == NULL)
        return false;
    for (uint32_t i = 0; i < count; i++) {
        infos[i] = participant->spilled->files[0][i]->info;
        infos[i].base_sequence += first - 1;
    }
    commit->edits[commit->edit_count++] = (struct table_edit){
        .table = participant->table, .added = infos, .added_levels = commit->levels, .added_count = count};
    return true;
}

static bool collect_spilled(struct transaction *transaction, uint64_t first, struct spilled_commit *commit,
                            struct ssql_error *error)
{
    uint32_t count = transaction->participant_count, most_files = 0;

    for (uint32_t i = 0; i < count; i++) {
        const struct table_version *spilled = transaction->participants[i].spilled;
        if (spilled != NULL && spilled->file_count[0] > most_files)
            most_files = spilled->file_count[0];
    }
    commit->edits = calloc(count + (size_t)1, sizeof *commit->edits);
    commit->created = calloc(count + (size_t)1, sizeof(struct table *));
    commit->dropped = calloc(count + (size_t)1, sizeof(struct table *));
    commit->levels = calloc(most_files + (size_t)1, 1);
    if (commit->edits == NULL || commit->created == NULL || commit->dropped == NULL || commit->levels == NULL)
        return error_no_memory(error);
    for (uint32_t i = 0; i < count; i++) {
        struct participant *participant = &transaction->participants[i];
        if (participant->is_created && !participant->is_dropped)
            commit->created[commit->created_count++] = participant->table;
        if (participant->is_dropped && !participant->is_created)
            commit->dropped[commit->dropped_count++] = participant->table;
        if (participant->is_dropped || participant->spilled == NULL || participant->spilled->file_count[0] == 0)
            continue;
        if (!add_edit(commit, participant, first))
            return error_no_memory(error);
    }
    return true;
}

/* The files now belong to their tables. */
static void hand_over_files(struct transaction *transaction, uint64_t last)
{
    for (uint32_t i = 0; i < transaction->participant_count; i++) {
        struct participant *participant = &transaction->participants[i];
        if (participant->spilled == NULL || participant->is_dropped)
            continue;
        table_version_release(participant->spilled);
        participant->spilled = NULL;
        atomic_store(&participant->table->last_commit, last);
    }
}

/* Under commit_mutex. Everything before it is made durable first, for it is so at once. */
static bool commit_to_manifest(struct transaction *transaction, struct ssql_error *error)
{
    struct engine *engine = transaction->engine;
    struct spilled_commit commit = {0};
    uint64_t first = atomic_load(&engine->committed) + 1;
    uint64_t last = first + transaction->generation - 1;

    assert(transaction->generation > 0);
    bool is_done = transaction_validate(transaction, error) && prepare_tables(transaction, error) &&
                   collect_spilled(transaction, first, &commit, error) &&
                   wal_sync_to(engine->wal, wal_appended_position(engine->wal), error);
    if (is_done) {
        struct manifest_change change = {.edits = commit.edits,
                                         .edit_count = commit.edit_count,
                                         .created = commit.created,
                                         .created_count = commit.created_count,
                                         .dropped = commit.dropped,
                                         .dropped_count = commit.dropped_count,
                                         .last_sequence = last};
        if (commit.created_count + commit.dropped_count > 0)
            change.catalog_sequence = last;
        for (uint32_t i = 0; i < commit.created_count; i++)
            atomic_store(&commit.created[i]->created_sequence, last);
        is_done = engine_change_manifest(engine, &change, error);
    }
    if (is_done) {
        hand_over_files(transaction, last);
        atomic_store(&engine->committed, last);
        engine_publish_durable(engine, last);
    }
    clear_spilled_commit(&commit);
    return is_done;
}

/* So that the commit alone does not make writers stop for the runs that it brings. */
static bool merge_for_commit(struct transaction *transaction, struct ssql_error *error)
{
    uint32_t start = transaction->engine->options.level0_files, stop = 2 * start;

    for (uint32_t i = 0; i < transaction->participant_count; i++) {
        struct participant *participant = &transaction->participants[i];
        uint32_t there = atomic_load_explicit(&participant->table->level0_count, memory_order_relaxed);
        uint32_t room = there + 1 < stop ? stop - there : 1;
        if (!participant->is_dropped &&
            !participant_merge_spilled(participant, transaction->mark, room < start ? room : start, error))
            return false;
    }
    return true;
}

static bool commit_spilled(struct transaction *transaction, struct ssql_error *error)
{
    struct engine *engine = transaction->engine;

    transaction->mark = write_set_sequence(&transaction->writes);
    bool is_done = (transaction->writes.count == 0 || transaction_spill(transaction, error)) &&
                   merge_for_commit(transaction, error);
    if (is_done) {
        pthread_mutex_lock(&engine->commit_mutex);
        is_done = commit_to_manifest(transaction, error);
        pthread_mutex_unlock(&engine->commit_mutex);
    }
    transaction_end(transaction);
    if (is_done)
        engine_wake_background(engine);
    return is_done;
}

/* ---- the commit ---- */

/* The written table with the most overlapping files, for the brakes; NULL: none is written. */
static const struct table *most_burdened(const struct transaction *transaction)
{
    const struct table *most = NULL;
    uint32_t most_files = 0;

    for (uint32_t i = 0; i < transaction->participant_count; i++) {
        const struct participant *participant = &transaction->participants[i];
        uint32_t files = atomic_load_explicit(&participant->table->level0_count, memory_order_relaxed);
        if (participant->write_count > 0 && (most == NULL || files > most_files)) {
            most = participant->table;
            most_files = files;
        }
    }
    return most;
}

bool transaction_commit(struct transaction *transaction, struct ssql_error *error)
{
    struct engine *engine = transaction->engine;
    struct ssql_error own = {0};

    assert(transaction->is_open);
    if (!transaction_has_writes(transaction)) {
        transaction_end(transaction);
        return true;
    }
    if (!engine_check_writable(engine, &own) ||
        !engine_admit(engine, most_burdened(transaction), transaction->writes.record.size, &own)) {
        transaction_end(transaction);
    } else if (transaction->is_spilled ? commit_spilled(transaction, &own) : commit_logged(transaction, &own)) {
        if (!engine->has_threads)
            engine_work_inline(engine);
        return true;
    }
    /* The winner may not be durable yet, and then a new snapshot would not have it: a retry would conflict again. */
    if (own.code == SSQL_CONFLICT) {
        struct ssql_error sync_error;
        if (!engine_sync(engine, &sync_error))
            own = sync_error;
    }
    if (error != NULL)
        *error = own;
    return false;
}
