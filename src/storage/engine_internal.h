/* engine_internal.h - the engine's state, and what its files ask of one another.
 *
 * Locks, in the order in which they are taken (a thread may skip some, never go back):
 *   flush_mutex       one flush at a time
 *   compactors        one compaction of a purpose at a time, in the order of the purposes
 *   commit_mutex      validation, sequences, appends to the log, active memtables
 *   manifest_mutex    changes of the manifest, and with them the tables' files
 *   tables_mutex      the list of tables
 *   table->mutex      a table's current version
 *   background_mutex  the queue of frozen memtables, errors and progress of the background
 *
 * Sequences. `committed`: newest commit in the memtables; `durable`: newest that survives a power cut, as far as
 * somebody waited for it. Snapshots are taken at the second with sync=full (unless COMMIT_DEFERRED), else at the first.
 *
 * What must be durable before what: the log up to a frozen memtable's newest commit before the manifest names its file,
 * and up to the last create or drop before the manifest enters it; else a crash could keep half a transaction. */
#ifndef SSQL_STORAGE_ENGINE_INTERNAL_H
#define SSQL_STORAGE_ENGINE_INTERNAL_H

#include "storage/manifest.h"
#include "storage/snapshot.h"
#include "storage/table.h"
#include "storage/wal.h"

/* A memtable that takes no more writes and waits to be flushed. */
struct frozen_memtable {
    struct table *table; /* retained, as the memtable is */
    struct memtable *memtable;
    size_t bytes;
    uint64_t through_sequence; /* the table's commits up to here are in it, or were flushed before */
    uint64_t log_position;     /* where their records end */
    struct frozen_memtable *next;
};

/* The thread that compacts for one purpose, and what it is asked for. */
struct compactor {
    struct engine *engine;
    enum compaction_purpose purpose;
    pthread_t thread;
    pthread_mutex_t mutex; /* one compaction at a time */

    /* under background_mutex */
    bool is_wanted, is_running;
    struct ssql_error error; /* of the last attempt */
};

struct engine {
    struct volume *volume;
    struct engine_options options;
    bool is_read_only;
    struct block_cache *cache;
    struct memory_budget work_budget;
    struct worker_pool *workers;
    size_t memtable_budget_bytes;
    atomic_size_t write_set_bytes; /* of all open transactions */

    /* under commit_mutex */
    pthread_mutex_t commit_mutex;
    struct wal *wal;            /* NULL: read-only, or still recovering. Itself for any thread */
    uint64_t next_log_check;    /* position at which the log's size is looked at again */
    atomic_size_t active_bytes; /* of all active memtables */
    atomic_uint_least64_t committed, durable;

    /* under manifest_mutex */
    pthread_mutex_t manifest_mutex;
    uint64_t manifest_version;
    char manifest_object[VOLUME_NAME_SIZE]; /* that holds the manifest, or empty */
    uint8_t database_id[MANIFEST_ID_SIZE];
    uint64_t epoch; /* of this process, once it has written a manifest */
    uint64_t manifest_last_sequence, manifest_catalog_sequence;
    uint64_t logged_before;                               /* bytes, by those who had the database open before */
    atomic_uint_least64_t bytes_flushed, bytes_compacted; /* to all tables, as the manifest has them */
    struct wal_run *old_runs;                             /* as the manifest had them at open; until the log is open */
    uint32_t old_run_count;
    uint64_t replayed_through;    /* while recovering: last sequence whose record was replayed */
    bool log_is_finished;         /* cleanly: when nothing of it is needed, the manifest does without its runs */
    bool log_is_needed;           /* the last manifest written names runs */
    atomic_bool epoch_is_claimed; /* the manifest has our epoch: names that carry it are ours */
    atomic_bool run_is_named;     /* and our run of the log */
    atomic_uint_least64_t next_file_number;
    atomic_uint_least32_t next_table_id;

    /* under tables_mutex */
    pthread_mutex_t tables_mutex;
    struct table **tables; /* ids ascending; dropped ones too, while a snapshot may need them */
    uint32_t table_count, table_capacity;
    uint32_t dropped_count;    /* of them */
    uint64_t catalog_sequence; /* last commit that created or dropped a table */
    uint64_t catalog_position; /* where its record ends in the log */

    struct snapshot_registry snapshots;

    /* under background_mutex */
    pthread_mutex_t flush_mutex, background_mutex;
    pthread_cond_t flush_wanted, compaction_wanted, progress;
    struct frozen_memtable *frozen_first, *frozen_last;
    uint64_t flush_attempts; /* finished ones */
    bool flush_is_running, flush_is_urgent;
    uint32_t dropped_waiting;      /* dropped tables that a snapshot needed when they were last looked at */
    struct ssql_error flush_error; /* of the last attempt */
    struct ssql_error failure;     /* with has_failed: what every write gets from now on */
    pthread_t flush_thread;
    struct compactor compactors[COMPACT_PURPOSES];
    bool has_threads;
    atomic_bool has_failed;
    atomic_bool is_closing;
    atomic_size_t frozen_bytes;
    atomic_uint_least64_t slowdown_debt_ns;

    /* counters of engine_statistics */
    atomic_uint_least64_t flushes, compactions, bytes_spilled, stalls_us;
};

/* ---- engine.c ---- */

/* Sets the engine's lasting failure, the first time, and `error`; returns false. */
bool engine_fail(struct engine *engine, enum ssql_code code, const char *what, const struct ssql_error *cause,
                 struct ssql_error *error);
/* False with the lasting failure, the log's or SSQL_READ_ONLY in `error`. */
MUST_CHECK bool engine_check_writable(struct engine *engine, struct ssql_error *error);
/* Raises `durable`, never lowers it. */
void engine_publish_durable(struct engine *engine, uint64_t sequence);
/* What snapshots are taken at. */
const atomic_uint_least64_t *engine_newest(const struct engine *engine, bool is_deferred);
/* Bytes that went to the log since the database was made. */
uint64_t engine_bytes_logged(struct engine *engine);

/* ---- table.c: tables and their versions ---- */

MUST_CHECK bool table_create(struct engine *engine, uint32_t id, const struct table_layout *layout,
                             uint64_t created_sequence, struct table **table, struct ssql_error *error);
void table_retain(struct table *table);
/* The last one frees it; a dropped table's files go with it. */
void table_release(struct table *table);
/* Opens a finished file. */
MUST_CHECK bool table_file_open(struct table *table, const struct sstable_info *info, struct table_file **file,
                                struct ssql_error *error);
/* A version with room for so many sources; its lists are empty. */
struct table_version *table_version_allocate(uint32_t memtable_capacity, uint32_t file_capacity);
/* Appends to a version that is being made; sources are retained. Files come level by level, in order. */
void table_version_add_memtable(struct table_version *version, struct memtable *memtable);
void table_version_add_file(struct table_version *version, uint32_t level, struct table_file *file);
/* After files were taken out of a private version. */
void table_version_find_key_range(struct table_version *version);
/* Once level 0 of a private version is complete; table_install_version does it by itself. */
void table_version_find_runs(struct table_version *version);
/* Makes `version` current and takes it over. Under table->mutex; release what is returned after unlocking. */
struct table_version *table_install_version(struct table *table, struct table_version *version);
/* Makes sure that there is an active memtable. Under commit_mutex. */
MUST_CHECK bool table_make_active(struct table *table, struct ssql_error *error);
/* Highest sequence of a file's rows. */
uint64_t table_file_highest(const struct table_file *file);

/* The list of tables: each under tables_mutex. */
struct table *engine_find_table(struct engine *engine, uint32_t id); /* borrowed; dropped ones too */
MUST_CHECK bool engine_reserve_tables(struct engine *engine, uint32_t count, struct ssql_error *error);
void engine_enter_table(struct engine *engine, struct table *table); /* retains; room is reserved */
/* Retained copies of the list; NULL when out of memory. Takes tables_mutex itself. Release with engine_release_tables.
 */
struct table **engine_copy_tables(struct engine *engine, uint32_t *count);
void engine_release_tables(struct table **tables, uint32_t count);

/* ---- manifest_edit.c ---- */

/* One change of the manifest. `created` and `dropped`: by a commit that has no WAL record, with sequence
 * `catalog_sequence`; they are entered in the engine's list by the same call, for which room is reserved. */
struct manifest_change {
    const struct table_edit *edits;
    uint32_t edit_count;
    struct table *const *created;
    uint32_t created_count;
    struct table *const *dropped;
    uint32_t dropped_count;    /* of them */
    uint64_t catalog_sequence; /* 0: none of the two */
    uint64_t last_sequence;    /* of that commit, or 0 */
};
/* As engine_apply_edits. */
MUST_CHECK bool engine_change_manifest(struct engine *engine, const struct manifest_change *change,
                                       struct ssql_error *error);
/* Makes sure that the manifest has our epoch and, once it is open, our run of the log. */
MUST_CHECK bool engine_claim_epoch(struct engine *engine, struct ssql_error *error);

/* ---- flush.c ---- */

/* Freezes a table's active memtable, which is there, unless it is empty. Under commit_mutex. */
MUST_CHECK bool engine_freeze_table(struct engine *engine, struct table *table, struct ssql_error *error);
/* Freezes what memory and the log's length ask for. Under commit_mutex. Running out of memory only puts it off. */
void engine_freeze_due(struct engine *engine);
MUST_CHECK bool engine_freeze_all(struct engine *engine, struct ssql_error *error);
/* Counts what the active memtable has grown by. Under commit_mutex. */
void engine_count_active(struct engine *engine, struct table *table);
/* Writes all frozen memtables to files. Any thread. */
MUST_CHECK bool engine_flush_frozen(struct engine *engine, struct ssql_error *error);
/* Forgets the queue (close). */
void engine_clear_frozen(struct engine *engine);

/* ---- engine_background.c ---- */

MUST_CHECK bool engine_start_background(struct engine *engine, struct ssql_error *error);
void engine_stop_background(struct engine *engine);
/* Something was frozen, or files were added: wakes the threads. */
void engine_wake_background(struct engine *engine);
/* Without threads: does now what is due. Errors are kept for the statistics, as the threads do. */
void engine_work_inline(struct engine *engine);
/* Before a commit of so many bytes, `table` (or NULL) being the written one with the most overlapping files: slows the
 * caller down or lets it wait until there is room. Fails with the cause when there is none and a flush fails. No lock
 * is held. */
MUST_CHECK bool engine_admit(struct engine *engine, const struct table *table, size_t bytes, struct ssql_error *error);
/* Between two steps of a flush or a merge into `table`: lets others have the processor for a moment if some time has
 * passed since `*last_ns`, which is kept up to date (0 at first), unless writers are slowed down by a lack of this
 * work. A scheduler takes a processor away from a busy thread after milliseconds only, and a commit that has been woken
 * beside it wants a tenth of one. */
void engine_give_way(struct engine *engine, const struct table *table, uint64_t *last_ns);
/* Under background_mutex: compactions may be due; wakes their threads. */
void engine_want_compaction(struct engine *engine);
/* Runs compactions until none is due, or with `everything` until each table is in its lowest level. */
MUST_CHECK bool engine_compact_due(struct engine *engine, bool everything, struct ssql_error *error);
/* Removes dropped tables that no snapshot needs. */
void engine_collect_dropped(struct engine *engine);

/* ---- recovery.c ---- */

/* Reads the manifest and the log into a new engine, and opens the log for writing. */
MUST_CHECK bool engine_recover(struct engine *engine, struct ssql_error *error);
/* Deletes objects and logs that no manifest names; without an open log, all logs. Nobody else uses the engine. */
void engine_delete_orphans(struct engine *engine);

#endif
