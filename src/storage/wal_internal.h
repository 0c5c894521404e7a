/* wal_internal.h - the writer's state, shared by wal.c (appending, segments), wal_sync.c (group commit) and wal_list.c
 * (which segments are live). `mutex` guards all of it; it is given up only while a leader waits for company or syncs.
 */
#ifndef SSQL_STORAGE_WAL_INTERNAL_H
#define SSQL_STORAGE_WAL_INTERNAL_H

#include <pthread.h>
#include <stdatomic.h>

#include "storage/wal.h"

enum {
    WAL_BUFFER_SIZE = 256 << 10,
    WAL_FIRST_SEGMENT_SIZE = 4 << 20, /* of an epoch; each next one is twice as large, up to the full size */
    WAL_RECYCLE_CAPACITY = 2,
};

struct wal {
    struct volume *volume;
    uint64_t epoch;
    uint64_t segment_size;
    pthread_mutex_t mutex;

    /* the segment being written; log is NULL until wal_begin */
    struct volume_log *log;
    uint64_t base;     /* position of its first byte */
    uint64_t capacity; /* bytes preallocated */

    uint8_t *pending; /* appended, not yet given to the log: WAL_BUFFER_SIZE bytes */
    size_t pending_size;
    uint64_t appended; /* positions: written <= appended, durable <= written */
    uint64_t written;
    uint64_t durable;
    uint64_t last_sequence;
    bool is_finished;
    bool has_failed;
    struct ssql_error failure; /* what everybody gets once has_failed */

    /* live segments, oldest first; the last is the one being written, if log is not NULL */
    struct wal_segment *segments;
    size_t segment_count;
    size_t segment_capacity;
    uint64_t next_number;
    uint64_t named_number; /* first segment of the runs given out last: it and those after it are not retired */
    struct wal_segment recycled[WAL_RECYCLE_CAPACITY]; /* closed files whose blocks may be used again */
    size_t recycled_count;

    /* group commit */
    bool is_syncing;                             /* somebody leads, or changes the segment */
    pthread_cond_t progress;                     /* is_syncing became false: something is durable, or has failed */
    _Atomic uint32_t queued;                     /* threads that wait and belong to no batch yet */
    uint64_t batch_number;                       /* of the batch that those will be in */
    uint32_t expected;                           /* how many the next leader may wait for */
    uint64_t sync_nanoseconds;                   /* smoothed time of a sync; 0: not measured */
    uint32_t vain_waits;                         /* one after the other, up to the last wait */
    uint32_t waits_to_leave_out, waits_left_out; /* since that one */

    /* sync=normal */
    pthread_t thread;
    bool has_thread;
    bool is_stopping;
    bool is_dirty;              /* something was written that waits for the thread's sync */
    struct timespec dirty_time; /* since when, CLOCK_MONOTONIC */
    pthread_cond_t wake;        /* is_dirty or is_stopping became true */

    struct wal_statistics statistics;
};

/* All with the mutex held. */

/* Gives the pending bytes to the log. A failure is for ever. */
MUST_CHECK bool wal_write_pending(struct wal *wal, struct ssql_error *error);

/* From now on everything fails; returns false with what everybody gets. `cause` may be `error`. */
bool wal_fail_forever(struct wal *wal, const struct ssql_error *cause, struct ssql_error *error);
/* The same failure again. */
bool wal_fail_again(const struct wal *wal, struct ssql_error *error);

/* Waits until nobody is syncing, which the caller may then do itself before it gives up the mutex. */
void wal_wait_for_leader(struct wal *wal);
/* Writes and syncs everything without company. */
MUST_CHECK bool wal_sync_alone(struct wal *wal, struct ssql_error *error);

/* Without the mutex: ends the thread of sync=normal, if there is one. */
void wal_stop_thread(struct wal *wal);

#endif
