/* engine.h - an open database as storage sees it: tables of typed columns under keys, one WAL, one memory limit,
 * background flush and compaction. Knows no names and no SQL. Design: docs/architecture.md, "Storage". Threads: an
 * engine is shared by any threads; a transaction or a scan is used by one at a time. */
#ifndef SSQL_STORAGE_ENGINE_H
#define SSQL_STORAGE_ENGINE_H

#include "base/cancellation.h"
#include "base/memory_budget.h"
#include "base/worker_pool.h"
#include "storage/row_format.h"
#include "volume/volume.h"

struct engine;

enum sync_mode {
    SYNC_FULL,   /* a commit returns when it is durable */
    SYNC_NORMAL, /* a commit returns when it is written; synced within 100 ms */
    SYNC_OFF,    /* left to the operating system */
};

enum { ENGINE_THREADS_MOST = 8 }; /* of one query, unless more are asked for */

struct engine_options {
    size_t memory_limit_bytes; /* memtables (1/4) + block cache (1/2) + work space of the executor (1/4) */
    size_t memtable_bytes;     /* 0: from memory_limit; one memtable is frozen when it is that large */
    uint32_t block_rows;       /* rows of a data block */
    uint32_t block_bytes;      /* a data block ends early when its rows take that many bytes, not yet encoded */
    size_t sstable_bytes;      /* largest file */
    uint32_t level0_files;     /* overlapping files that start a compaction */
    uint64_t wal_segment_bytes;
    enum sync_mode sync;
    bool compress;
    bool background;      /* false: no threads; flush and compaction run inside the writer's calls (tests) */
    uint32_t threads;     /* of one query at most; 0: one for each processor, at most ENGINE_THREADS_MOST */
    uint32_t morsel_rows; /* rows that a thread reads at a time (scan_morsels.h); 0: as many as are good */
};

/* Defaults: 256 MiB, 1,024 rows, 256 KiB blocks, 64 MiB files, 4 files, 64 MiB segments, full, compress, background. */
void engine_options_init(struct engine_options *options);

/* Opens the database on a volume and recovers its log; on an empty writable volume makes a new one (at the first
 * write). Takes over the volume, also when it fails. Fails with SSQL_CORRUPT, SSQL_CANNOT_OPEN (not an ssql database,
 * or of a newer format: the message tells which), and what the volume says. A read-only volume replays the log into
 * memory and writes nothing. */
MUST_CHECK bool engine_open(struct volume *volume, const struct engine_options *options, struct engine **engine,
                            struct ssql_error *error);

/* Stops background work, marks the log as cleanly closed and frees everything; no transaction is open. The outcome is
 * that of the last writes: after a failure the log still holds them. Accepts NULL. */
bool engine_close(struct engine *engine, struct ssql_error *error);

bool engine_is_read_only(const struct engine *engine);

/* Waits until every commit that has returned is durable (commits made with COMMIT_DEFERRED). Any thread. */
MUST_CHECK bool engine_sync(struct engine *engine, struct ssql_error *error);

/* Flushes all memtables, waits until no compaction is due. */
MUST_CHECK bool engine_flush(struct engine *engine, struct ssql_error *error);
MUST_CHECK bool engine_wait_idle(struct engine *engine, struct ssql_error *error);
/* Merges each table into its lowest level. */
MUST_CHECK bool engine_compact(struct engine *engine, struct ssql_error *error);
/* The same for one table, or all with EVERY_TABLE; nothing is done when there is none with this number. `cancellation`
 * (may be NULL) ends it with SSQL_INTERRUPTED, each table merged or as it was; progress counts rows. */
#define EVERY_TABLE UINT32_MAX
MUST_CHECK bool engine_compact_table(struct engine *engine, uint32_t table_id, struct cancellation *cancellation,
                                     struct ssql_error *error);

/* The executor's share of the memory limit. */
struct memory_budget *engine_work_budget(struct engine *engine);

/* The threads that help with its queries. */
struct worker_pool *engine_workers(struct engine *engine);

/* ---- looking ---- */

/* Sequence of the last commit that wrote to a table, durable or not; 0: none, or no such table. Cheap: no transaction.
 */
uint64_t engine_last_commit(struct engine *engine, uint32_t table_id);

enum { LEVELS = 7 };

/* Bytes written to files since the database was made; lasting. */
struct written_bytes {
    uint64_t flushed;   /* by flushes and by commits that were spilled: what came from memory */
    uint64_t compacted; /* by compactions; files that only move are not written */
};

struct table_statistics {
    uint32_t table_id;
    uint64_t row_estimate; /* versions less tombstones and what they hide, as far as is known */
    uint64_t memtable_rows;
    uint64_t file_count[LEVELS], file_bytes[LEVELS], file_rows[LEVELS];
    uint64_t bottom_bytes; /* of the lowest level that has files; if that is level 0, of the largest of them */
    struct written_bytes written;
};

struct engine_statistics {
    uint64_t last_sequence, durable_sequence;
    uint64_t wal_bytes, wal_segments, wal_syncs;
    size_t memtable_bytes, cache_bytes, work_bytes;
    uint64_t flushes, compactions, stalls_us;
    struct written_bytes written; /* of all tables, also of dropped ones */
    uint64_t bytes_logged;  /* since the database was made; lasting, but for what was logged just before a crash */
    uint64_t bytes_spilled; /* written to spill files */
    uint64_t cache_hits, cache_misses;
    uint64_t filter_hits, filter_misses; /* files that a filter ruled out for a key, or did not */
    uint64_t memtables;                  /* that hold rows, also those that wait to be flushed */
    uint64_t bytes_read; /* of blocks that were not in the cache */
};
void engine_read_statistics(struct engine *engine, struct engine_statistics *statistics);
/* SSQL_UNKNOWN_TABLE when there is no such table. */
MUST_CHECK bool engine_table_statistics(struct engine *engine, uint32_t table_id, struct table_statistics *statistics,
                                        struct ssql_error *error);

/* ---- spill files: temporary space for operators; freed with the handle ---- */

struct spill_file;
MUST_CHECK bool spill_create(struct engine *engine, struct spill_file **file, struct ssql_error *error);
MUST_CHECK bool spill_append(struct spill_file *file, struct slice bytes, struct ssql_error *error);
uint64_t spill_size(const struct spill_file *file);
MUST_CHECK bool spill_read(struct spill_file *file, uint64_t offset, uint8_t *data, size_t size,
                           struct ssql_error *error);
void spill_close(struct spill_file *file); /* accepts NULL */

#endif
