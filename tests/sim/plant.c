/* Planted bugs, for the self-test: each takes the place of one function of the engine (linked with --wrap) and does it
 * wrong. Off unless switched on by name. */
#include <string.h>

#include "simulation.h"
#include "storage/compaction_internal.h"
#include "storage/engine_internal.h"
#include "storage/key_filter.h"
#include "storage/transaction_internal.h"

const char *const plant_names[] = {"log_not_synced",      "commit_not_waited_for",
                                   "seal_left_out",       "name_not_synced",
                                   "edit_lost",           "tombstone_too_early",
                                   "snapshot_overlooked", "stale_filter",
                                   "log_cut_too_early",   "nothing_validated",
                                   "normal_not_synced",   "deferred_not_synced",
                                   "wakeup_lost",         NULL};

static const char *planted = "";

static bool is_planted(const char *name)
{
    return strcmp(planted, name) == 0;
}

bool plant_switch_on(const char *name)
{
    for (size_t i = 0; plant_names[i] != NULL; i++) {
        if (strcmp(plant_names[i], name) == 0) {
            planted = plant_names[i];
            return true;
        }
    }
    return false;
}

/* ---- durability ---- */

enum volume_status __real_log_sync(struct volume_log *log, struct ssql_error *error);
enum volume_status __wrap_log_sync(struct volume_log *log, struct ssql_error *error);
enum volume_status __wrap_log_sync(struct volume_log *log, struct ssql_error *error)
{
    return is_planted("log_not_synced") ? VOLUME_OK : __real_log_sync(log, error);
}

bool __real_wal_commit(struct wal *wal, uint64_t position, enum wal_sync sync, struct ssql_error *error);
bool __wrap_wal_commit(struct wal *wal, uint64_t position, enum wal_sync sync, struct ssql_error *error);
bool __wrap_wal_commit(struct wal *wal, uint64_t position, enum wal_sync sync, struct ssql_error *error)
{
    bool is_left_out =
        is_planted("commit_not_waited_for") || (is_planted("normal_not_synced") && sync == WAL_SYNC_NORMAL);

    return __real_wal_commit(wal, position, is_left_out ? WAL_SYNC_OFF : sync, error);
}

enum volume_status __real_log_seal(struct volume *volume, const char *name, uint64_t size, struct ssql_error *error);
enum volume_status __wrap_log_seal(struct volume *volume, const char *name, uint64_t size, struct ssql_error *error);
enum volume_status __wrap_log_seal(struct volume *volume, const char *name, uint64_t size, struct ssql_error *error)
{
    return is_planted("seal_left_out") ? VOLUME_OK : __real_log_seal(volume, name, size, error);
}

static char newest_object[VOLUME_NAME_SIZE];

enum volume_status __real_object_create(struct volume *volume, const char *name, uint64_t expected_size,
                                        struct object_writer **writer, struct ssql_error *error);
enum volume_status __wrap_object_create(struct volume *volume, const char *name, uint64_t expected_size,
                                        struct object_writer **writer, struct ssql_error *error);
enum volume_status __wrap_object_create(struct volume *volume, const char *name, uint64_t expected_size,
                                        struct object_writer **writer, struct ssql_error *error)
{
    if (is_planted("name_not_synced"))
        memcpy(newest_object, name, strlen(name) + 1);
    return __real_object_create(volume, name, expected_size, writer, error);
}

void plant_crash(struct volume *copy)
{
    struct ssql_error ignored;

    if (is_planted("name_not_synced") && newest_object[0] != '\0' &&
        object_delete(copy, newest_object, &ignored) != VOLUME_OK)
        newest_object[0] = '\0';
}

/* ---- manifest and log ---- */

enum volume_status __real_manifest_store(struct volume *volume, struct slice bytes, const char *object_name,
                                         uint64_t *version, bool *used_object, struct ssql_error *error);
enum volume_status __wrap_manifest_store(struct volume *volume, struct slice bytes, const char *object_name,
                                         uint64_t *version, bool *used_object, struct ssql_error *error);
enum volume_status __wrap_manifest_store(struct volume *volume, struct slice bytes, const char *object_name,
                                         uint64_t *version, bool *used_object, struct ssql_error *error)
{
    if (is_planted("edit_lost") && *version > 4 && *version % 8 == 0) {
        *used_object = false;
        return VOLUME_OK;
    }
    return __real_manifest_store(volume, bytes, object_name, version, used_object, error);
}

size_t __real_wal_runs(struct wal *wal, uint64_t sequence, struct wal_run *runs, size_t capacity);
size_t __wrap_wal_runs(struct wal *wal, uint64_t sequence, struct wal_run *runs, size_t capacity);
size_t __wrap_wal_runs(struct wal *wal, uint64_t sequence, struct wal_run *runs, size_t capacity)
{
    return __real_wal_runs(wal, is_planted("log_cut_too_early") ? sequence + 3 : sequence, runs, capacity);
}

bool __real_wal_retire_before(struct wal *wal, uint64_t sequence, struct ssql_error *error);
bool __wrap_wal_retire_before(struct wal *wal, uint64_t sequence, struct ssql_error *error);
bool __wrap_wal_retire_before(struct wal *wal, uint64_t sequence, struct ssql_error *error)
{
    return __real_wal_retire_before(wal, is_planted("log_cut_too_early") ? sequence + 3 : sequence, error);
}

/* ---- what readers see ---- */

bool __real_compaction_pick(struct table *table, enum compaction_purpose purpose, struct compaction **compaction,
                            struct ssql_error *error);
bool __wrap_compaction_pick(struct table *table, enum compaction_purpose purpose, struct compaction **compaction,
                            struct ssql_error *error);
bool __wrap_compaction_pick(struct table *table, enum compaction_purpose purpose, struct compaction **compaction,
                            struct ssql_error *error)
{
    bool is_done = __real_compaction_pick(table, purpose, compaction, error);

    if (is_planted("tombstone_too_early") && is_done && *compaction != NULL)
        (*compaction)->settled_sequence = (*compaction)->oldest_snapshot;
    return is_done;
}

uint64_t __real_engine_oldest_snapshot(struct engine *engine);
uint64_t __wrap_engine_oldest_snapshot(struct engine *engine);
uint64_t __wrap_engine_oldest_snapshot(struct engine *engine)
{
    if (is_planted("snapshot_overlooked"))
        return atomic_load(&engine->durable);
    return __real_engine_oldest_snapshot(engine);
}

bool __real_key_filter_may_contain(const struct key_filter *filter, uint64_t first_head, struct slice key,
                                   uint64_t hash);
bool __wrap_key_filter_may_contain(const struct key_filter *filter, uint64_t first_head, struct slice key,
                                   uint64_t hash);
bool __wrap_key_filter_may_contain(const struct key_filter *filter, uint64_t first_head, struct slice key,
                                   uint64_t hash)
{
    if (is_planted("stale_filter") && hash % 8 == 0)
        return false;
    return __real_key_filter_may_contain(filter, first_head, key, hash);
}

bool __real_transaction_validate(struct transaction *transaction, struct ssql_error *error);
bool __wrap_transaction_validate(struct transaction *transaction, struct ssql_error *error);
bool __wrap_transaction_validate(struct transaction *transaction, struct ssql_error *error)
{
    return is_planted("nothing_validated") || __real_transaction_validate(transaction, error);
}

bool __real_engine_sync(struct engine *engine, struct ssql_error *error);
bool __wrap_engine_sync(struct engine *engine, struct ssql_error *error);
bool __wrap_engine_sync(struct engine *engine, struct ssql_error *error)
{
    return is_planted("deferred_not_synced") || __real_engine_sync(engine, error);
}

/* ---- threads ---- */

bool plant_loses_wakeup(void)
{
    static unsigned count;

    return is_planted("wakeup_lost") && ++count % 2 == 0;
}
