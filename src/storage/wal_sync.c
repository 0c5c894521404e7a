/* Group commit. Whoever needs a position durable queues; if nobody is syncing he leads: he writes what is pending,
 * syncs once for all, and wakes the others. Followers of one sync come back with their next commit just after the next
 * leader has gone, so plain group commit shares a sync among half of the threads only. Hence the wait: a leader expects
 * as many as were served by the last sync or queued during it, and yields the processor until they are there, at most
 * 40 us and half of a sync. A lone thread expects itself only, and never waits. Beside a bulk load, which takes
 * longer for its next commit than anybody waits, all waiting is in vain, and whoever yields a processor there may miss
 * it for a while: after some such waits most leaders go at once. */
#include <assert.h>
#include <sched.h>
#include <signal.h>
#include <time.h>

#include "storage/wal.h"
#include "storage/wal_internal.h"

enum { LONGEST_GATHER_NANOSECONDS = 40000, VAIN_WAITS_FOR_NOTHING = 16, MOST_WAITS_LEFT_OUT = 255 };

static uint64_t now_nanoseconds(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

/* Whether it seems worth while to wait again. */
static bool is_hopeful(struct wal *wal)
{
    if (wal->waits_left_out >= wal->waits_to_leave_out)
        return true;
    wal->waits_left_out++;
    return false;
}

/* After each wait in vain that follows some others, about twice as many are left out as before. */
static void note_wait(struct wal *wal, bool was_in_vain)
{
    wal->statistics.wait_count++;
    wal->statistics.timeout_count += was_in_vain;
    wal->vain_waits = was_in_vain ? wal->vain_waits + 1 : 0;
    wal->waits_left_out = 0;
    if (wal->vain_waits <= VAIN_WAITS_FOR_NOTHING)
        wal->waits_to_leave_out = 0;
    else if (wal->waits_to_leave_out < MOST_WAITS_LEFT_OUT)
        wal->waits_to_leave_out = 2 * wal->waits_to_leave_out + 1;
}

/* Gives up the mutex for a moment, so that those who are expected can append and queue. */
static void gather(struct wal *wal)
{
    uint64_t longest = wal->sync_nanoseconds / 2;
    uint32_t expected = wal->expected;

    if (longest > LONGEST_GATHER_NANOSECONDS)
        longest = LONGEST_GATHER_NANOSECONDS;
    if (longest == 0 || atomic_load(&wal->queued) >= expected || !is_hopeful(wal))
        return;
    pthread_mutex_unlock(&wal->mutex);
    uint64_t end = now_nanoseconds() + longest;
    while (atomic_load(&wal->queued) < expected && now_nanoseconds() < end)
        sched_yield();
    pthread_mutex_lock(&wal->mutex);
    /* Who was given the processor may have kept it: company that comes so late was not worth it. */
    note_wait(wal, atomic_load(&wal->queued) < expected || now_nanoseconds() > end + 3 * longest);
}

static void note_sync(struct wal *wal, uint32_t member_count, uint64_t position, uint64_t nanoseconds)
{
    wal->durable = position;
    wal->statistics.sync_count++;
    wal->statistics.commit_count += member_count;
    wal->sync_nanoseconds =
        wal->sync_nanoseconds == 0 ? nanoseconds : wal->sync_nanoseconds - wal->sync_nanoseconds / 8 + nanoseconds / 8;
}

/* One sync for everybody who is queued. Returns with the mutex held; how it went is in durable and has_failed. */
static void lead(struct wal *wal)
{
    struct ssql_error cause;

    wal->is_syncing = true;
    gather(wal);
    uint32_t member_count = atomic_exchange(&wal->queued, 0);
    wal->batch_number++;
    if (wal_write_pending(wal, NULL)) {
        uint64_t position = wal->written;
        struct volume_log *log = wal->log; /* stays open: only who waits for is_syncing closes it */
        pthread_mutex_unlock(&wal->mutex);
        uint64_t start = now_nanoseconds();
        enum volume_status status = log_sync(log, &cause);
        uint64_t end = now_nanoseconds();
        pthread_mutex_lock(&wal->mutex);
        if (status != VOLUME_OK)
            wal_fail_forever(wal, &cause, NULL);
        else
            note_sync(wal, member_count, position, end - start);
    }
    wal->expected = member_count + atomic_load(&wal->queued);
    wal->is_syncing = false;
    pthread_cond_broadcast(&wal->progress);
}

static bool sync_to_locked(struct wal *wal, uint64_t position, struct ssql_error *error)
{
    assert(position <= wal->appended);
    if (wal->durable >= position)
        return true;
    uint64_t batch = wal->batch_number;
    atomic_fetch_add(&wal->queued, 1);
    while (wal->durable < position && !wal->has_failed) {
        if (wal->is_syncing)
            pthread_cond_wait(&wal->progress, &wal->mutex);
        else
            lead(wal);
    }
    /* Served by a sync that had begun before it queued: no leader has counted it yet. */
    if (batch == wal->batch_number)
        atomic_fetch_sub(&wal->queued, 1);
    if (wal->durable >= position)
        return true;
    return wal_fail_again(wal, error);
}

bool wal_sync_to(struct wal *wal, uint64_t position, struct ssql_error *error)
{
    pthread_mutex_lock(&wal->mutex);
    bool is_durable = sync_to_locked(wal, position, error);
    pthread_mutex_unlock(&wal->mutex);
    return is_durable;
}

uint64_t wal_durable_position(struct wal *wal)
{
    pthread_mutex_lock(&wal->mutex);
    uint64_t position = wal->durable;
    pthread_mutex_unlock(&wal->mutex);
    return position;
}

void wal_wait_for_leader(struct wal *wal)
{
    while (wal->is_syncing)
        pthread_cond_wait(&wal->progress, &wal->mutex);
}

bool wal_sync_alone(struct wal *wal, struct ssql_error *error)
{
    struct ssql_error cause;

    assert(!wal->is_syncing);
    if (!wal_write_pending(wal, error))
        return false;
    if (wal->durable == wal->written)
        return true;
    if (log_sync(wal->log, &cause) != VOLUME_OK)
        return wal_fail_forever(wal, &cause, error);
    wal->durable = wal->written;
    wal->statistics.sync_count++;
    pthread_cond_broadcast(&wal->progress);
    return true;
}

/* ---- sync=normal: a thread that syncs a little later ---- */

static struct timespec later(struct timespec time, long milliseconds)
{
    time.tv_nsec += milliseconds * 1000000;
    time.tv_sec += time.tv_nsec / 1000000000;
    time.tv_nsec %= 1000000000;
    return time;
}

static void *sync_regularly(void *argument)
{
    struct wal *wal = argument;

    pthread_mutex_lock(&wal->mutex);
    while (!wal->is_stopping) {
        if (!wal->is_dirty) {
            pthread_cond_wait(&wal->wake, &wal->mutex);
            continue;
        }
        struct timespec until = later(wal->dirty_time, WAL_SYNC_INTERVAL_MS);
        while (!wal->is_stopping && pthread_cond_timedwait(&wal->wake, &wal->mutex, &until) == 0)
            ;
        if (wal->is_stopping)
            break;
        wal->is_dirty = false;
        /* A failure is kept in the log's state, where the next caller finds it. */
        if (!sync_to_locked(wal, wal->written, NULL))
            break;
    }
    pthread_mutex_unlock(&wal->mutex);
    return NULL;
}

/* The host program's signals are not for this thread. */
static bool start_thread(struct wal *wal)
{
    sigset_t all, before;

    if (wal->has_thread || wal->is_stopping)
        return wal->has_thread;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    wal->has_thread = pthread_create(&wal->thread, NULL, sync_regularly, wal) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return wal->has_thread;
}

void wal_stop_thread(struct wal *wal)
{
    pthread_mutex_lock(&wal->mutex);
    bool has_thread = wal->has_thread;
    wal->has_thread = false;
    wal->is_stopping = true;
    pthread_cond_broadcast(&wal->wake);
    pthread_mutex_unlock(&wal->mutex);
    if (has_thread)
        pthread_join(wal->thread, NULL);
}

static bool write_to_locked(struct wal *wal, uint64_t position, struct ssql_error *error)
{
    assert(position <= wal->appended);
    if (wal->durable >= position)
        return true;
    if (wal->has_failed)
        return wal_fail_again(wal, error);
    return wal->written >= position || wal_write_pending(wal, error);
}

static bool commit_normal(struct wal *wal, uint64_t position, struct ssql_error *error)
{
    if (!write_to_locked(wal, position, error))
        return false;
    if (wal->durable >= position)
        return true;
    /* Without the thread nobody would keep the promise. */
    if (!start_thread(wal))
        return sync_to_locked(wal, position, error);
    if (!wal->is_dirty) {
        wal->is_dirty = true;
        clock_gettime(CLOCK_MONOTONIC, &wal->dirty_time);
        pthread_cond_signal(&wal->wake);
    }
    return true;
}

bool wal_commit(struct wal *wal, uint64_t position, enum wal_sync sync, struct ssql_error *error)
{
    bool is_safe = false;

    pthread_mutex_lock(&wal->mutex);
    switch (sync) {
    case WAL_SYNC_FULL: is_safe = sync_to_locked(wal, position, error); break;
    case WAL_SYNC_NORMAL: is_safe = commit_normal(wal, position, error); break;
    default: assert(sync == WAL_SYNC_OFF); is_safe = write_to_locked(wal, position, error);
    }
    pthread_mutex_unlock(&wal->mutex);
    return is_safe;
}
