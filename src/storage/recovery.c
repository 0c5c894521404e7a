/* Opening: the manifest's tables and files, then what the log holds beyond them.
 *
 * Memory while the log is replayed stays within the memtables' budget: what passes it is flushed. A flush must stand on
 * records that are durable, and those that a dead process only wrote are not: so, when the budget is passed for the
 * first time, replay stops, the log is read once without looking but with `seal`, and replay goes on where it stopped.
 * A read-only open cannot flush, and may pass the budget by as much as the writer's log does.
 *
 * Beside a writer, a file or segment may be gone between reading the manifest and opening it: then a newer manifest is
 * there, and everything is read again. */
#include <stdlib.h>
#include <sys/random.h>

#include "storage/engine_internal.h"
#include "storage/transaction.h"
#include "storage/transaction_record.h"

enum {
    ATTEMPTS_BESIDE_WRITER = 20,
    FAILURES_DOUBTED = 4, /* attempts whose failure may be the writer's going on */
};

struct recovery {
    struct engine *engine;
    const struct manifest *manifest;
    uint64_t applied_through; /* records up to here need no second look */
    bool is_sealed;           /* what is being read is durable, and may be flushed */
    bool wants_seal;          /* why the replay stopped */
    struct table *table;      /* last one looked up, borrowed */
    struct buffer key;
    struct operation_reader reader;
};

static bool damaged_record(const struct wal_record *record, const char *what, struct ssql_error *error)
{
    char name[WAL_NAME_SIZE];

    wal_segment_name(record->epoch, record->segment, name);
    return error_set(error, SSQL_CORRUPT, NO_SPAN, "\"%s\" is damaged at offset %llu: %s", name,
                     (unsigned long long)record->offset, what);
}

/* ---- replaying operations ---- */

/* The table of an operation. NULL without a failure when it was dropped since and the manifest knows that already. */
static bool find_table(struct recovery *recovery, const struct wal_record *record, uint32_t id, uint64_t sequence,
                       struct table **table, struct ssql_error *error)
{
    *table = recovery->table;
    if (*table != NULL && (*table)->id == id)
        return true;
    *table = engine_find_table(recovery->engine, id);
    if (*table == NULL) {
        if (sequence <= recovery->manifest->header.catalog_sequence)
            return true;
        return damaged_record(record, "it writes to a table that does not exist", error);
    }
    if (recovery->table != NULL && recovery->table->active != NULL)
        engine_count_active(recovery->engine, recovery->table);
    recovery->table = *table;
    return true;
}

static bool replay_write(struct recovery *recovery, const struct wal_record *record,
                         const struct record_operation *operation, uint64_t sequence, struct ssql_error *error)
{
    struct slice key = operation->bytes, row = {0};
    struct table *table;

    if (!find_table(recovery, record, operation->table_id, sequence, &table, error))
        return false;
    if (table == NULL || sequence <= table->flushed_sequence)
        return true;
    if (operation->kind == RECORD_PUT) {
        row = operation->bytes;
        if (!row_check(table->format, row))
            return damaged_record(record, "a row does not fit its table", error);
        buffer_reset(&recovery->key);
        if (!row_key(table->format, row, &recovery->key, error))
            return false;
        key = buffer_slice(&recovery->key);
    } else {
        bool is_key;
        if (!row_key_check(table->format, key, &recovery->key, &is_key, error))
            return false;
        if (!is_key)
            return damaged_record(record, "a key does not fit its table", error);
    }
    if (!table_make_active(table, error))
        return false;
    if (!memtable_put(table->active, key, row, sequence, error))
        return false;
    if (sequence > table_last_commit(table))
        atomic_store_explicit(&table->last_commit, sequence, memory_order_relaxed);
    return true;
}

static bool replay_create(struct recovery *recovery, const struct wal_record *record,
                          const struct record_operation *operation, uint64_t sequence, struct ssql_error *error)
{
    struct engine *engine = recovery->engine;
    struct table *table;

    if (sequence <= recovery->manifest->header.catalog_sequence)
        return true;
    if (engine_find_table(engine, operation->table_id) != NULL)
        return damaged_record(record, "it creates a table that exists", error);
    if (!engine_reserve_tables(engine, 1, error) ||
        !table_create(engine, operation->table_id, operation->layout, sequence, &table, error))
        return false;
    engine_enter_table(engine, table);
    table_release(table);
    engine->catalog_sequence = sequence;
    if (operation->table_id >= atomic_load(&engine->next_table_id))
        atomic_store(&engine->next_table_id, operation->table_id + 1);
    return true;
}

static bool replay_drop(struct recovery *recovery, const struct wal_record *record,
                        const struct record_operation *operation, uint64_t sequence, struct ssql_error *error)
{
    struct engine *engine = recovery->engine;

    if (sequence <= recovery->manifest->header.catalog_sequence)
        return true;
    struct table *table = engine_find_table(engine, operation->table_id);
    if (table == NULL || atomic_load(&table->dropped_sequence) != UINT64_MAX)
        return damaged_record(record, "it drops a table that does not exist", error);
    atomic_store(&table->dropped_sequence, sequence);
    engine->dropped_count++;
    engine->catalog_sequence = sequence;
    return true;
}

static bool replay_operation(struct recovery *recovery, const struct wal_record *record,
                             const struct record_operation *operation, uint64_t sequence, struct ssql_error *error)
{
    switch (operation->kind) {
    case RECORD_PUT:
    case RECORD_DELETE: return replay_write(recovery, record, operation, sequence, error);
    case RECORD_CREATE: return replay_create(recovery, record, operation, sequence, error);
    default: return replay_drop(recovery, record, operation, sequence, error);
    }
}

static bool replay_operations(struct recovery *recovery, const struct wal_record *record, struct ssql_error *error)
{
    struct record_operation operation;
    uint32_t index = 0;

    if (!operation_reader_init(&recovery->reader, record->payload))
        return damaged_record(record, "its record is of an unknown kind", error);
    for (;;) {
        enum record_step step = operation_reader_next(&recovery->reader, &operation);
        if (step == RECORD_STEP_END)
            return true;
        if (step == RECORD_STEP_DAMAGED || (record->sequence_count > 1 && index >= record->sequence_count))
            return damaged_record(record, "an operation runs past its end", error);
        uint64_t sequence = record->first_sequence + (record->sequence_count > 1 ? index : 0);
        if (!replay_operation(recovery, record, &operation, sequence, error))
            return false;
        index++;
    }
}

/* ---- replaying the log ---- */

static bool is_over_budget(struct engine *engine)
{
    return atomic_load(&engine->active_bytes) + atomic_load(&engine->frozen_bytes) > engine->memtable_budget_bytes / 2;
}

static void count_memory(struct engine *engine)
{
    for (uint32_t i = 0; i < engine->table_count; i++) {
        if (engine->tables[i]->active != NULL)
            engine_count_active(engine, engine->tables[i]);
    }
}

static bool replay_record(void *context, const struct wal_record *record, struct ssql_error *error)
{
    struct recovery *recovery = context;
    struct engine *engine = recovery->engine;
    uint64_t last = record->first_sequence + record->sequence_count - 1;

    if (last <= recovery->applied_through)
        return true;
    if (!replay_operations(recovery, record, error))
        return false;
    recovery->applied_through = last;
    engine->replayed_through = last;
    /* The manifest may hold later commits already: spilled ones. */
    if (last > atomic_load(&engine->committed)) {
        atomic_store(&engine->committed, last);
        atomic_store(&engine->durable, last);
    }
    if (engine->is_read_only)
        return true;
    if (recovery->table != NULL && recovery->table->active != NULL)
        engine_count_active(engine, recovery->table);
    if (!is_over_budget(engine))
        return true;
    if (!recovery->is_sealed) {
        recovery->wants_seal = true;
        return error_set(error, SSQL_INTERNAL, NO_SPAN, "the log is to be sealed first");
    }
    return engine_freeze_all(engine, error) && engine_flush_frozen(engine, error);
}

static bool pass_over(void *context, const struct wal_record *record, struct ssql_error *error)
{
    (void)context;
    (void)record;
    (void)error;
    return true;
}

static bool replay_log(struct recovery *recovery, struct wal_recovery *found, struct ssql_error *error)
{
    struct engine *engine = recovery->engine;
    const struct manifest *manifest = recovery->manifest;
    bool seal = !engine->is_read_only;

    if (wal_recover(engine->volume, manifest->runs, manifest->run_count, seal, replay_record, recovery, found, error))
        return true;
    if (!recovery->wants_seal)
        return false;
    wal_recovery_clear(found);
    if (!wal_recover(engine->volume, manifest->runs, manifest->run_count, true, pass_over, NULL, found, error))
        return false;
    wal_recovery_clear(found);
    recovery->is_sealed = true;
    count_memory(engine);
    return engine_freeze_all(engine, error) && engine_flush_frozen(engine, error) &&
           wal_recover(engine->volume, manifest->runs, manifest->run_count, true, replay_record, recovery, found,
                       error);
}

/* ---- the manifest ---- */

static bool load_table(struct engine *engine, const struct manifest_table *from, struct ssql_error *error)
{
    struct table *table;

    if (!engine_reserve_tables(engine, 1, error) ||
        !table_create(engine, from->id, from->layout, from->created_sequence, &table, error))
        return false;
    table->flushed_sequence = from->flushed_sequence;
    atomic_store(&table->bytes_flushed, from->written.flushed);
    atomic_store(&table->bytes_compacted, from->written.compacted);
    engine_enter_table(engine, table);
    table_release(table); /* the list has it now */
    struct table_version *version = table_version_allocate(0, from->file_count);
    if (version == NULL)
        return error_no_memory(error);
    uint64_t highest = 0;
    bool is_loaded = true;
    for (uint32_t i = 0; i < from->file_count; i++) {
        struct table_file *file;
        is_loaded = table_file_open(table, &from->files[i].info, &file, error);
        if (!is_loaded)
            break;
        table_version_add_file(version, from->files[i].level, file);
        if (table_file_highest(file) > highest)
            highest = table_file_highest(file);
        table_file_release(file);
    }
    atomic_store(&table->last_commit, highest);
    table_version_release(table_install_version(table, version));
    return is_loaded;
}

static bool load_tables(struct engine *engine, const struct manifest *manifest, struct ssql_error *error)
{
    const struct manifest_header *header = &manifest->header;

    engine->manifest_version = manifest->version;
    memcpy(engine->manifest_object, manifest->object, sizeof engine->manifest_object);
    memcpy(engine->database_id, header->database_id, sizeof engine->database_id);
    engine->epoch = header->epoch + 1;
    engine->manifest_last_sequence = header->last_sequence;
    engine->manifest_catalog_sequence = header->catalog_sequence;
    engine->catalog_sequence = header->catalog_sequence;
    engine->logged_before = header->bytes_logged;
    atomic_store(&engine->bytes_flushed, header->written.flushed);
    atomic_store(&engine->bytes_compacted, header->written.compacted);
    atomic_store(&engine->next_file_number, header->next_file_number == 0 ? 1 : header->next_file_number);
    atomic_store(&engine->next_table_id,
                 header->next_table_id < FIRST_USER_TABLE ? FIRST_USER_TABLE : header->next_table_id);
    atomic_store(&engine->committed, header->last_sequence);
    atomic_store(&engine->durable, header->last_sequence);
    engine->old_runs = malloc((manifest->run_count + (size_t)1) * sizeof *engine->old_runs);
    if (engine->old_runs == NULL)
        return error_no_memory(error);
    if (manifest->run_count > 0)
        memcpy(engine->old_runs, manifest->runs, manifest->run_count * sizeof *engine->old_runs);
    engine->old_run_count = manifest->run_count;
    for (uint32_t i = 0; i < manifest->table_count; i++) {
        if (!load_table(engine, &manifest->tables[i], error))
            return false;
    }
    return true;
}

/* Back to an engine that has read nothing. */
static void forget_tables(struct engine *engine)
{
    for (uint32_t i = 0; i < engine->table_count; i++)
        table_release(engine->tables[i]);
    engine->table_count = 0;
    engine->dropped_count = 0;
    free(engine->old_runs);
    engine->old_runs = NULL;
    atomic_store(&engine->active_bytes, 0);
}

static bool read_everything(struct engine *engine, const struct manifest *manifest, struct wal_recovery *found,
                            struct ssql_error *error)
{
    struct recovery recovery = {.engine = engine, .manifest = manifest};

    if (manifest->version == 0)
        return load_tables(engine, manifest, error);
    bool is_done = load_tables(engine, manifest, error) && replay_log(&recovery, found, error);
    buffer_clear(&recovery.key);
    count_memory(engine);
    return is_done;
}

/* Whether what was read of the log goes as far as the newer manifest's begins: then nothing was missed between. */
static bool reaches(const struct manifest *manifest, const struct manifest *newer, const struct wal_recovery *found)
{
    if (manifest->run_count == 0 || newer->run_count == 0)
        return manifest->run_count == newer->run_count;
    const struct wal_run *begins = &newer->runs[newer->run_count - 1];
    return found->segment_count > 0 && begins->epoch == manifest->runs[manifest->run_count - 1].epoch &&
           begins->first_segment <= found->segments[found->segment_count - 1].number;
}

/* Whether what was read beside a writer does not count. The manifest has changed, and reading failed, or the log may
 * have seemed to end early because the writer had already removed segments that followed. Or it has not changed, but
 * reading failed where the writer may just have gone on to another segment: a failure is believed when it comes again.
 */
static bool is_outdated(struct engine *engine, const struct manifest *manifest, const struct wal_recovery *found,
                        bool is_done, int attempt)
{
    struct ssql_error ignored;
    struct manifest *newer = NULL;
    bool is_behind = false;

    if (!engine->is_read_only || !manifest_load(engine->volume, &newer, &ignored))
        return false;
    if (newer->version != manifest->version)
        is_behind = !is_done || !reaches(manifest, newer, found);
    else
        is_behind = !is_done && attempt < FAILURES_DOUBTED;
    manifest_destroy(newer);
    return is_behind;
}

/* ---- clean-up ---- */

/* Objects and logs that a crash left and no manifest names. Their names carry earlier epochs, so that none is of use.
 */
struct orphans {
    struct engine *engine;
    struct buffer names; /* each terminated by a zero byte */
};

static bool is_named(struct engine *engine, const char *name)
{
    if (strcmp(name, engine->manifest_object) == 0)
        return true;
    for (uint32_t i = 0; i < engine->table_count; i++) {
        const struct table_version *version = engine->tables[i]->current;
        for (uint32_t level = 0; level < LEVELS; level++) {
            for (uint32_t j = 0; j < version->file_count[level]; j++) {
                if (strcmp(version->files[level][j]->info.name, name) == 0)
                    return true;
            }
        }
    }
    return false;
}

static bool note_orphan(void *context, const char *name, uint64_t size)
{
    struct orphans *orphans = context;

    (void)size;
    bool is_orphan =
        (strncmp(name, "tables/", 7) == 0 && !is_named(orphans->engine, name)) ||
        (strncmp(name, "wal/", 4) == 0 && (orphans->engine->wal == NULL || !wal_has_file(orphans->engine->wal, name)));
    if (is_orphan)
        buffer_append(&orphans->names, name, strlen(name) + 1);
    return !orphans->names.failed;
}

/* What cannot be listed or deleted costs space and nothing else. */
void engine_delete_orphans(struct engine *engine)
{
    struct orphans orphans = {.engine = engine};
    struct ssql_error ignored;

    if (volume_list(engine->volume, note_orphan, &orphans, &ignored) != VOLUME_OK)
        orphans.names.size = 0;
    for (size_t i = 0; i < orphans.names.size;) {
        const char *name = (const char *)orphans.names.data + i;
        enum volume_status status = strncmp(name, "wal/", 4) == 0 ? log_delete(engine->volume, name, &ignored)
                                                                  : object_delete(engine->volume, name, &ignored);
        if (status != VOLUME_OK)
            break;
        i += strlen(name) + 1;
    }
    buffer_clear(&orphans.names);
}

/* Whether a crash may have left objects and logs that no manifest names. A database that has a manifest and nothing
 * else is one whose first write a crash ended. */
static bool needs_clean_up(const struct manifest *manifest, const struct wal_recovery *found)
{
    if (manifest->version == 0)
        return false;
    return !found->clean_close || (manifest->run_count == 0 && manifest->header.last_sequence == 0);
}

/* ---- all of it ---- */

/* A crash before the manifest named its run leaves that run's first segment, and an epoch that nobody claimed. Names
 * are never used twice: then this opening takes the next epoch. */
static bool pass_unnamed_segment(struct engine *engine, const struct wal_recovery *found, bool *was_there,
                                 struct ssql_error *error)
{
    uint64_t number = found->next_segment > 1 ? found->next_segment : 1;

    for (*was_there = false;; *was_there = true, engine->epoch++) {
        struct log_reader *reader;
        struct ssql_error cause;
        char name[WAL_NAME_SIZE];
        wal_segment_name(engine->epoch, number, name);
        enum volume_status status = log_open_reader(engine->volume, name, &reader, &cause);
        if (status == VOLUME_NOT_FOUND)
            break;
        if (status != VOLUME_OK) {
            if (error != NULL)
                *error = cause;
            return false;
        }
        log_close_reader(reader);
    }
    if (*was_there)
        atomic_store(&engine->epoch_is_claimed, false);
    return true;
}

static bool open_log(struct engine *engine, const struct wal_recovery *found, struct ssql_error *error)
{
    struct wal_options options = {.epoch = engine->epoch, .segment_size = engine->options.wal_segment_bytes};

    if (!wal_open(engine->volume, &options, found, &engine->wal, error))
        return false;
    atomic_store(&engine->run_is_named, false);
    free(engine->old_runs);
    engine->old_runs = NULL;
    engine->old_run_count = 0;
    return true;
}

static bool prepare_new(struct engine *engine, struct ssql_error *error)
{
    if (getentropy(engine->database_id, sizeof engine->database_id) != 0)
        return error_set(error, SSQL_IO, NO_SPAN, "the system gives no random bytes");
    return true;
}

bool engine_recover(struct engine *engine, struct ssql_error *error)
{
    struct wal_recovery found = {0};
    struct manifest *manifest = NULL;
    bool is_done = false, is_current = false;

    for (int attempt = 0; attempt < ATTEMPTS_BESIDE_WRITER && !is_current; attempt++) {
        manifest_destroy(manifest);
        wal_recovery_clear(&found);
        found = (struct wal_recovery){0};
        forget_tables(engine);
        if (!manifest_load(engine->volume, &manifest, error))
            return false;
        is_done = read_everything(engine, manifest, &found, error);
        is_current = !is_outdated(engine, manifest, &found, is_done, attempt);
    }
    if (is_done && !is_current)
        is_done = error_set(error, SSQL_IO, NO_SPAN, "the database changed %d times while it was being opened",
                            ATTEMPTS_BESIDE_WRITER);
    if (is_done && !engine->is_read_only) {
        bool has_orphan = false;
        is_done = (manifest->version != 0 || prepare_new(engine, error)) &&
                  pass_unnamed_segment(engine, &found, &has_orphan, error) && open_log(engine, &found, error);
        if (is_done && (has_orphan || needs_clean_up(manifest, &found)))
            engine_delete_orphans(engine);
    }
    manifest_destroy(manifest);
    wal_recovery_clear(&found);
    return is_done;
}
