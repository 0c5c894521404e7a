/* table.h - inside storage: a table's state that readers pin, and what flush and compaction do to it.
 *
 * A table_version is an immutable list of the sources that hold a table's rows at one moment. Readers pin one and look
 * at nothing else. Every change (a memtable frozen, a file added or removed) installs a new version. Rule for all
 * readers: the visible version of a key is the one with the highest sequence <= snapshot over ALL sources; sources are
 * listed newest first, and a search may stop when no remaining source has a sequence above the one found (a file that
 * holds a spilled commit can be newer than rows of a memtable). Sequence 0 in a file means "older than every snapshot".
 */
#ifndef SSQL_STORAGE_TABLE_H
#define SSQL_STORAGE_TABLE_H

#include <pthread.h>
#include <stdatomic.h>

#include "storage/engine.h"
#include "storage/memtable.h"
#include "storage/sstable_reader.h"

/* An sstable of a table; shared by versions. The object on the volume is deleted when the last one lets go and
 * `obsolete`. */
struct table_file {
    atomic_uint references;
    struct engine *engine;
    struct sstable_info info;
    struct sstable *sstable;
    atomic_bool obsolete;
    bool is_compacting; /* under the table's mutex */
};

/* Files whose keys do not overlap, in key order: read and searched as if they were one. */
struct file_run {
    struct table_file **files;
    uint32_t count;
};

struct table_version {
    atomic_uint references;
    uint32_t memtable_count;
    struct memtable **memtables; /* newest first; [0] takes writes, unless all are frozen; may be none */
    uint32_t file_count[LEVELS];
    struct table_file **files[LEVELS]; /* level 0: by highest sequence, newest first; others: by key, disjoint */
    struct slice first_key, last_key;  /* of all files, borrowed from them; data NULL: there is none */
    struct file_run *runs; /* level 0's files, newest first as there: neighbours that do not overlap are one run */
    uint32_t run_count;
    struct table_file **run_files; /* of all runs */
};

struct table {
    struct engine *engine;
    uint32_t id;
    struct row_format *format;
    atomic_uint references;
    pthread_mutex_t mutex; /* guards `current` */
    struct table_version *current;
    struct memtable *active;                /* of the current version's, the one that takes writes; NULL: none yet.
                                             * Under the commit lock, as the next */
    size_t active_bytes;                    /* what of it the engine has counted */
    uint64_t expected_keys;                 /* as many as the memtable before it had */
    atomic_uint level0_count;               /* runs at level 0 of the current version */
    atomic_uint_least64_t last_commit;      /* sequence of the last commit that wrote here */
    atomic_uint_least64_t created_sequence; /* commit that made it; 0: before every snapshot; UINT64_MAX: not yet */
    atomic_uint_least64_t dropped_sequence; /* commit that dropped it; UINT64_MAX: none */
    uint64_t flushed_sequence;              /* WAL records up to here are in files; under the manifest lock */
    atomic_uint_least64_t bytes_flushed, bytes_compacted; /* as the manifest has them; set under its lock */
    atomic_int_least64_t next_row_number;
    bool row_number_is_known;
};

/* As the manifest has it. */
static inline struct written_bytes table_written(const struct table *table)
{
    return (struct written_bytes){.flushed = atomic_load(&table->bytes_flushed),
                                  .compacted = atomic_load(&table->bytes_compacted)};
}

/* Pins the current version: any thread. */
struct table_version *table_acquire_version(struct table *table);
void table_version_release(struct table_version *version); /* accepts NULL */

void table_file_retain(struct table_file *file);
void table_file_release(struct table_file *file);

/* What a flush, a compaction or a spilled commit changes: made durable in the manifest, then installed as a new
 * version. */
struct table_edit {
    struct table *table;
    struct table_file **removed; /* files that are no longer part of the table */
    uint32_t removed_count;
    struct sstable_info *added; /* finished files; their infos are copied */
    const uint8_t *added_levels;
    uint32_t added_count;
    struct memtable *flushed;  /* frozen memtable that the added files replace, or NULL */
    uint64_t flushed_sequence; /* with `flushed` */
};
/* A file that is both removed and added (same name) moves to another level: its object stays, and so may its reader.
 * Applies edits to one or several tables as one manifest change. Nothing is changed when it fails (the added files are
 * then deleted by the caller, but for SSQL_UNKNOWN_OUTCOME: the manifest may name them). Any thread; serialised inside.
 */
MUST_CHECK bool engine_apply_edits(struct engine *engine, const struct table_edit *edits, uint32_t edit_count,
                                   struct ssql_error *error);

/* ---- what compaction and the read path ask of the engine ---- */

struct volume *engine_volume(struct engine *engine);
const struct engine_options *engine_get_options(const struct engine *engine);
/* A fresh object name for a table's file. */
void engine_new_file_name(struct engine *engine, uint32_t table_id, char name[SSTABLE_NAME_SIZE]);
/* No open snapshot is below this sequence: of a key's versions at or below it only the newest is needed. */
uint64_t engine_oldest_snapshot(struct engine *engine);
bool engine_is_closing(const struct engine *engine);
struct sstable_writer_options engine_writer_options(const struct engine *engine, uint64_t expected_rows);
/* Bits of a key in the filters of files below level 0, where most rows are: fewer when there are so many rows that the
 * cache would not hold all filters. With fewer bits a look-up reads a block in vain now and then; without the filter,
 * always. */
uint32_t engine_deep_filter_bits(struct engine *engine);

/* ---- compaction.c: leveled compaction ---- */

struct compaction; /* chosen inputs, pinned and marked is_compacting */

enum compaction_purpose {
    COMPACT_DOWN, /* what is due goes to the next level */
    COMPACT_RUNS, /* runs of level 0 that are alike become one; beside the other one */
    COMPACT_EVERYTHING,
    COMPACT_PURPOSES = COMPACT_EVERYTHING, /* those that come up by themselves */
};

/* Chooses the most urgent work of a table, or sets *compaction NULL. Urgency >= 1 means due. */
double compaction_urgency(struct table *table, enum compaction_purpose purpose);
MUST_CHECK bool compaction_pick(struct table *table, enum compaction_purpose purpose, struct compaction **compaction,
                                struct ssql_error *error);
/* Before it runs: `cancellation`, which may be NULL, is told of the rows that are read, and can end it. */
void compaction_watch(struct compaction *compaction, struct cancellation *cancellation);
/* Merges the inputs into new files (or moves them) and applies the edit. On failure nothing has changed. Frees the
 * compaction either way. Stops early with SSQL_INTERRUPTED when the engine closes or it is cancelled. */
MUST_CHECK bool compaction_run(struct compaction *compaction, struct ssql_error *error);
/* Merges runs of files that no version has: those that a transaction has spilled. The newest version of each key is
 * kept, tombstones too, all with sequence 0. `*infos` (malloc) become the caller's, their names those of finished
 * files.
 */
MUST_CHECK bool compaction_merge_runs(struct table *table, const struct file_run *runs, uint32_t run_count,
                                      struct sstable_info **infos, uint32_t *info_count, struct ssql_error *error);

/* ---- lookup.c: the newest version of one key ---- */

struct lookup_result {
    bool found; /* a version <= snapshot exists (it may be a tombstone) */
    bool is_tombstone;
    uint64_t sequence;
    bool in_memtable;
    struct slice row;   /* in_memtable */
    struct block block; /* else: pinned, the caller releases it */
    uint32_t block_row;
};
/* Of `version`'s sources, for the key at `snapshot`. */
MUST_CHECK bool version_lookup(const struct table_version *version, const struct row_format *format, struct slice key,
                               uint64_t snapshot, struct lookup_result *result, struct ssql_error *error);
/* What such a look-up meets. */
struct lookup_statistics;
MUST_CHECK bool version_count_lookup(const struct table_version *version, struct slice key,
                                     struct lookup_statistics *statistics, struct ssql_error *error);
/* Whether the key's newest version (in all sources that can hold one) is above `snapshot`: validation at commit. */
MUST_CHECK bool version_key_changed(const struct table_version *version, struct slice key, uint64_t snapshot,
                                    bool *changed, struct ssql_error *error);
/* The same for a range. */
MUST_CHECK bool version_range_changed(const struct table_version *version, struct slice low, bool low_exclusive,
                                      struct slice high, bool high_exclusive, uint64_t snapshot, bool *changed,
                                      struct ssql_error *error);

/* ---- write_set.c (transaction's own writes), as scans need them ---- */

/* The open transaction's sources of a table besides its version, newest first: its private memtable (or NULL) read at
 * the private sequence `memtable_snapshot`, and files spilled by this transaction. Every one hides what the version
 * holds, a newer one what an older one holds. A later write of the transaction may replace them: whoever keeps them
 * from call to call retains them (memtable_retain, table_file_retain); `files` itself is then copied. The memtable may
 * get later entries meanwhile, all above `memtable_snapshot`; transaction_undo_to comes only after the scans of its
 * statement were closed. */
struct own_writes {
    const struct memtable *memtable;
    uint64_t memtable_snapshot;
    struct table_file **files; /* newest first */
    uint32_t file_count;
};
struct transaction;
MUST_CHECK bool transaction_own_writes(struct transaction *transaction, struct table *table, struct own_writes *own,
                                       struct ssql_error *error);
struct table_version *transaction_version(struct transaction *transaction,
                                          struct table *table); /* borrowed, pinned by it */
/* Notes reads for validation (no-ops for read transactions). Keys are copied. */
MUST_CHECK bool transaction_note_range(struct transaction *transaction, struct table *table, struct slice low,
                                       bool low_exclusive, struct slice high, bool high_exclusive,
                                       struct ssql_error *error);

#endif
