/* wal.h - the write-ahead log: one for all tables of a database, in segments. A record is one transaction.
 *
 * Life: wal_recover reads what earlier processes left; wal_open starts a new epoch after it; wal_begin makes its first
 * segment; wal_append and wal_commit; wal_finish leaves evidence of a clean close; wal_destroy frees. Nothing is
 * created on the volume before wal_begin.
 *
 * Runs. All segments of one epoch are a run; segment numbers go up by one, over epochs too. The manifest holds the live
 * runs, as wal_runs gives them. The engine's part, in this order:
 *   - before the first append of an epoch: wal_begin, then swap the manifest with wal_runs(wal, 0, …), which names the
 *     new run. So a run that the manifest names has its first segment, and one that is absent was lost. Further
 *     segments of the run need no entry: recovery reads on until a number is absent, and their names are durable before
 * a record in them is acknowledged;
 *   - when all below some sequence is in sstables: swap the manifest with wal_runs(wal, sequence, …), only then call
 *     wal_retire_before(wal, sequence);
 *   - at a clean close: wal_finish, then swap the manifest with wal_runs, which now holds the run's exact end.
 * A reader beside the writer that finds a segment gone or an error reads the manifest again before it believes it.
 *
 * Positions count the bytes appended since wal_open, over all segments; they only grow.
 * Failure: a log write or sync that failed is never tried again. From then on wal_failed is true, and every append,
 * commit and sync, also of those who wait, fails with SSQL_UNKNOWN_OUTCOME, unless its position was durable before. A
 * segment that cannot be created (full disk, too many open files) is no such failure: that append fails with the
 * cause's code, nothing has changed, and a later one may succeed. Threads: any function from any thread. wal_append is
 * called in sequence order, so under the engine's commit lock. The format is drawn in wal_format.h; group commit is
 * explained in wal.c. */
#ifndef SSQL_STORAGE_WAL_H
#define SSQL_STORAGE_WAL_H

#include "volume/volume.h"

enum {
    WAL_SEGMENT_LARGEST = 64 << 20, /* bytes of a segment, but for one that holds a single larger record */
    WAL_SYNC_INTERVAL_MS = 50,      /* sync=normal: a commit's sync begins at most this much later */
};
#define WAL_RECORD_LARGEST ((uint64_t)1 << 30) /* bytes of a record's payload; more is SSQL_TOO_LARGE */

enum wal_sync {
    WAL_SYNC_FULL,   /* wal_commit returns when the record is durable */
    WAL_SYNC_NORMAL, /* … when it is written; it is synced within WAL_SYNC_INTERVAL_MS and the time of a sync */
    WAL_SYNC_OFF,    /* … when it is written; it is synced with the next sync, if there is one */
};

/* Live segments of one epoch: what the manifest holds of a log. A run is open while its end is not known. */
struct wal_run {
    uint64_t epoch;
    uint64_t first_segment;
    bool has_end;          /* closed cleanly, or recovered: the following three are known, and less is damage */
    uint64_t end_segment;  /* the last one's number */
    uint64_t end_offset;   /* where its last record ends */
    uint64_t end_sequence; /* last sequence in the run */
};

struct wal_segment {
    uint64_t epoch;
    uint64_t number;
    uint64_t first_sequence; /* 0 while it has no record */
    uint64_t last_sequence;
    uint64_t size; /* bytes up to the end of its last record */
};

/* ---- reading back ---- */

struct wal_record {
    struct slice payload; /* until the callback returns */
    uint64_t first_sequence;
    uint32_t sequence_count;
    uint64_t epoch;
    uint64_t segment;
    uint64_t offset;
};

/* What recovery found. Zeroed memory is that of an empty log. */
struct wal_recovery {
    struct wal_segment *segments; /* in order; only those that belong to the log */
    size_t segment_count;
    uint64_t next_segment;  /* number for the next run's first segment, at least 1 */
    uint64_t last_sequence; /* 0: no record */
    uint64_t record_count;
    uint64_t byte_count; /* of the records */
    bool clean_close;    /* the last run ends in a close record, or there is no run */
    bool torn_tail;      /* as far as can be seen, a record that was never whole was left out; for messages */
    /* The first place between two whole records that is not zero; offset 0: there is none. No row depends on it, so
     * that it is a matter for `ssql check` only. */
    uint64_t stain_epoch, stain_segment, stain_offset;
};

/* Calls `apply` for every record in order. A torn tail of an open run ends it without an error; whatever is missing or
 * damaged of what is known to have been durable is SSQL_CORRUPT naming file and offset (wal_format.h, "Torn or
 * damaged"). `seal`: makes what was read durable, so that the next epoch can stand on it; needs a writable volume.
 * `recovery` is filled for wal_open and freed by wal_recovery_clear, also after a failure. `apply` returning false ends
 * it with the error it has set. Memory: 1 MiB, or the largest record. */
MUST_CHECK bool wal_recover(struct volume *volume, const struct wal_run *runs, size_t run_count, bool seal,
                            bool (*apply)(void *context, const struct wal_record *record, struct ssql_error *error),
                            void *context, struct wal_recovery *recovery, struct ssql_error *error);
void wal_recovery_clear(struct wal_recovery *recovery);

/* ---- writing ---- */

struct wal;

struct wal_options {
    uint64_t epoch;        /* greater than every earlier one of this database */
    uint64_t segment_size; /* 0: WAL_SEGMENT_LARGEST; at least 4096. Smaller ones are for tests */
};

/* `recovery` (copied; NULL: nothing before) is what wal_recover, with `seal`, has just found. */
MUST_CHECK bool wal_open(struct volume *volume, const struct wal_options *options, const struct wal_recovery *recovery,
                         struct wal **wal, struct ssql_error *error);

/* Creates this epoch's first segment, with a durable header, for the manifest to name; once it is there, does nothing.
 * Left behind by a crash before the manifest names it, the file is nobody's. */
MUST_CHECK bool wal_begin(struct wal *wal, struct ssql_error *error);

/* After wal_begin. Adds one record, made of `parts` one after the other (copied): sequences [first_sequence,
 * first_sequence + sequence_count), all greater than any earlier one; sequence_count > 0. It is kept in memory, written
 * when that is full (256 KiB) or somebody asks. `*position` is the record's end, for wal_commit and wal_sync_to. */
MUST_CHECK bool wal_append(struct wal *wal, const struct slice *parts, size_t part_count, uint64_t first_sequence,
                           uint32_t sequence_count, uint64_t *position, struct ssql_error *error);

/* Waits until everything up to `position` is as safe as `sync` asks. Not under the commit lock. */
MUST_CHECK bool wal_commit(struct wal *wal, uint64_t position, enum wal_sync sync, struct ssql_error *error);

/* Writes everything appended so far to the log: it survives the process, not a power cut. */
MUST_CHECK bool wal_flush(struct wal *wal, struct ssql_error *error);

/* Waits until everything up to `position` is durable; several threads share one sync. */
MUST_CHECK bool wal_sync_to(struct wal *wal, uint64_t position, struct ssql_error *error);

/* Everything up to here was durable at some time during the call. */
uint64_t wal_durable_position(struct wal *wal);
uint64_t wal_appended_position(struct wal *wal);

/* True for ever once a write or sync has failed; `error` (may be NULL) then gets what every later call gets. */
bool wal_failed(struct wal *wal, struct ssql_error *error);

/* The runs that hold all records with a sequence >= `sequence` (0: all live ones), oldest first; the last is this
 * epoch's, once wal_begin made it. Each begins with a segment whose header is durable. Stores at most `capacity` of
 * them and returns how many there are. */
size_t wal_runs(struct wal *wal, uint64_t sequence, struct wal_run *runs, size_t capacity);

/* The live segments, oldest first; the same rule. The last is being written, once something was appended. */
size_t wal_segments(struct wal *wal, struct wal_segment *segments, size_t capacity);

/* Deletes, or keeps for recycling, the leading segments that hold no record with a sequence >= `sequence`; never the
 * one being written, nor any that the last call of wal_runs gave out. The manifest already does without them. A failure
 * leaves files that nobody needs, for the caller's clean-up; everything else goes on. */
MUST_CHECK bool wal_retire_before(struct wal *wal, uint64_t sequence, struct ssql_error *error);

/* Whether a file of this name, as volume_list gives it, is a live segment or kept for recycling. */
bool wal_has_file(struct wal *wal, const char *name);

struct wal_statistics {
    uint64_t bytes; /* of the live segments */
    uint64_t append_count;
    uint64_t sync_count;
    uint64_t commit_count;  /* waiters served by those syncs */
    uint64_t wait_count;    /* times that a leader waited for others … */
    uint64_t timeout_count; /* … and they did not come */
    uint64_t recycle_count;
};
void wal_read_statistics(struct wal *wal, struct wal_statistics *statistics);

/* Makes everything durable, then a close record too. Nothing may be appended afterwards. After a failure the log is as
 * after a crash. */
MUST_CHECK bool wal_finish(struct wal *wal, struct ssql_error *error);

/* Writes nothing: without wal_finish it is a crash of the process that loses what was not flushed. Nobody else is in a
 * call. Accepts NULL. */
void wal_destroy(struct wal *wal);

enum { WAL_NAME_SIZE = 48 };

/* "wal/<epoch>-<number>". */
void wal_segment_name(uint64_t epoch, uint64_t number, char name[WAL_NAME_SIZE]);

#endif
