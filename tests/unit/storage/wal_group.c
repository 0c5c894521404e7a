/* Group commit and the thread of sync=normal, step by step: the volume's hook holds a sync up until the others are
 * where the test wants them. Nothing here depends on how fast the machine is. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <sched.h>
#include <signal.h>
#include <time.h>

#include "storage/wal_internal.h"
#include "volume/volume_faulty.h"
#include "volume/volume_memory.h"

#define SECOND ((uint64_t)1000000000)

int __real_sched_yield(void);
int __wrap_sched_yield(void);

static struct wal *joined;  /* another thread queues there whenever one yields */
static bool is_joined_late; /* and keeps the processor for longer than anybody wants to wait */

int __wrap_sched_yield(void)
{
    if (joined != NULL && is_joined_late)
        nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
    if (joined != NULL)
        atomic_fetch_add(&joined->queued, 1);
    return __real_sched_yield();
}

struct log {
    struct volume *volume; /* faulty */
    struct wal *wal;
    uint64_t sequence;
    struct ssql_error error;

    /* what the hook sees and does */
    uint32_t wait_for_queued; /* so many others queue meanwhile */
    atomic_int operations, is_held, is_let_go;
    bool hold;
    uint64_t time_of_sync;
    bool signals_are_blocked;
    pthread_t thread, main; /* that of the last operation; that of the test, which is never held up */
};

static uint64_t now(void)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * SECOND + (uint64_t)time.tv_nsec;
}

static void before_operation(void *context)
{
    struct log *log = context;
    sigset_t mask;

    log->time_of_sync = now();
    log->thread = pthread_self();
    pthread_sigmask(SIG_BLOCK, NULL, &mask);
    log->signals_are_blocked = sigismember(&mask, SIGUSR1) == 1 && sigismember(&mask, SIGTERM) == 1;
    atomic_fetch_add(&log->operations, 1);
    if (log->hold && !pthread_equal(pthread_self(), log->main)) {
        atomic_store(&log->is_held, 1);
        while (atomic_load(&log->is_let_go) == 0 && atomic_load(&log->wal->queued) < log->wait_for_queued)
            sched_yield();
    }
}

static void begin_log(struct log *log)
{
    struct wal_options options = {.epoch = 1};
    struct volume *memory;

    *log = (struct log){.wait_for_queued = UINT32_MAX, .main = pthread_self()};
    assert_true(volume_memory_create(&memory, &log->error));
    assert_true(volume_faulty_create(memory, &log->volume, &log->error));
    assert_true(wal_open(log->volume, &options, NULL, &log->wal, &log->error));
    assert_true(wal_begin(log->wal, &log->error));
}

static void end_log(struct log *log)
{
    volume_faulty_set(log->volume, &(struct fault_plan){0});
    wal_destroy(log->wal);
    volume_close(log->volume);
}

static uint64_t append(struct log *log)
{
    struct slice part = slice_make("hello", 5);
    uint64_t position;

    assert_true(wal_append(log->wal, &part, 1, ++log->sequence, 1, &position, &log->error));
    return position;
}

/* Everything is written, so that the next operation is a sync. */
static void watch(struct log *log)
{
    assert_true(wal_flush(log->wal, &log->error));
    volume_faulty_set(log->volume, &(struct fault_plan){.before = before_operation, .context = log});
}

static void commit(struct log *log, enum wal_sync sync)
{
    assert_true(wal_commit(log->wal, append(log), sync, &log->error));
}

/* ---- waiting for company ---- */

static void a_leader_waits_for_those_it_expects_but_not_long(void **state)
{
    (void)state;
    static const struct {
        uint64_t sync_nanoseconds;
        uint32_t expected;
        bool waits;
    } cases[] = {{40 * SECOND, 2, true}, {40 * SECOND, 1, false}, {1, 2, false}, {0, 2, false}, {2, 2, true}};

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct log log;
        struct wal_statistics statistics;
        begin_log(&log);
        log.wal->sync_nanoseconds = cases[i].sync_nanoseconds;
        log.wal->expected = cases[i].expected;
        uint64_t begin = now();
        commit(&log, WAL_SYNC_FULL);
        assert_true(now() - begin < 8 * SECOND); /* 40 us are meant; half of a sync would be 20 s */
        wal_read_statistics(log.wal, &statistics);
        assert_int_equal(statistics.wait_count, cases[i].waits);
        assert_int_equal(statistics.timeout_count, cases[i].waits);
        assert_int_equal(statistics.commit_count, 1);
        assert_int_equal(log.wal->expected, 1);
        assert_int_equal(atomic_load(&log.wal->queued), 0);
        end_log(&log);
    }
}

static uint64_t count_waits(struct log *log, uint32_t expected, uint32_t commits)
{
    struct wal_statistics before, after;

    wal_read_statistics(log->wal, &before);
    for (uint32_t i = 0; i < commits; i++) {
        log->wal->sync_nanoseconds = 4;
        log->wal->expected = expected;
        commit(log, WAL_SYNC_FULL);
    }
    wal_read_statistics(log->wal, &after);
    return after.wait_count - before.wait_count;
}

/* 16 waits, and from then on one after each 1, 3, 7 … 255 commits without one. */
static void leaders_who_wait_in_vain_wait_less_and_less_often(void **state)
{
    (void)state;
    struct log log;

    begin_log(&log);
    assert_int_equal(count_waits(&log, 2, 17), 17);
    for (uint32_t left_out = 1; left_out < 255; left_out = 2 * left_out + 1) {
        assert_int_equal(count_waits(&log, 2, left_out), 0);
        assert_int_equal(count_waits(&log, 2, 1), 1);
    }
    for (int i = 0; i < 3; i++) {
        assert_int_equal(count_waits(&log, 2, 255), 0);
        assert_int_equal(count_waits(&log, 2, 1), 1);
    }
    end_log(&log);
}

static void company_that_comes_too_late_was_not_worth_the_wait(void **state)
{
    (void)state;
    struct log log;

    begin_log(&log);
    log.wal->sync_nanoseconds = 40 * SECOND;
    log.wal->expected = 2;
    joined = log.wal;
    is_joined_late = true;
    commit(&log, WAL_SYNC_FULL);
    joined = NULL;
    is_joined_late = false;
    assert_int_equal(log.wal->vain_waits, 1);
    end_log(&log);
}

static void one_wait_that_was_not_in_vain_gives_new_hope(void **state)
{
    (void)state;
    struct log log;
    struct wal_statistics statistics;

    begin_log(&log);
    assert_int_equal(count_waits(&log, 2, 17), 17);
    log.wal->waits_left_out = log.wal->waits_to_leave_out;
    while (log.wal->vain_waits > 0) { /* a thread that loses its processor for 40 us does not see the other one */
        log.wal->sync_nanoseconds = 40 * SECOND;
        log.wal->expected = 2;
        log.wal->waits_left_out = log.wal->waits_to_leave_out;
        joined = log.wal;
        commit(&log, WAL_SYNC_FULL);
        joined = NULL;
        atomic_store(&log.wal->queued, 0);
    }
    wal_read_statistics(log.wal, &statistics);
    assert_true(statistics.timeout_count < statistics.wait_count);
    assert_int_equal(count_waits(&log, 2, 17), 17);
    end_log(&log);
}

static void the_time_of_a_sync_is_smoothed(void **state)
{
    (void)state;
    struct log log;

    begin_log(&log);
    log.wal->sync_nanoseconds = 0;
    commit(&log, WAL_SYNC_FULL);
    assert_true(log.wal->sync_nanoseconds > 0);
    log.wal->sync_nanoseconds = 8000 * SECOND;
    commit(&log, WAL_SYNC_FULL);
    assert_true(log.wal->sync_nanoseconds >= 7000 * SECOND && log.wal->sync_nanoseconds < 7100 * SECOND);
    end_log(&log);
}

/* ---- two at a time ---- */

static void *commit_in_thread(void *context)
{
    struct log *log = context;
    struct ssql_error error;

    return wal_commit(log->wal, wal_appended_position(log->wal), WAL_SYNC_FULL, &error) ? log : NULL;
}

/* The second queues while the first syncs, what the second wants included. */
static void who_queues_during_a_sync_may_be_served_by_it(void **state)
{
    (void)state;
    for (int fails = 0; fails < 2; fails++) {
        struct log log;
        struct wal_statistics statistics;
        pthread_t thread;
        void *result;

        begin_log(&log);
        append(&log);
        uint64_t position = append(&log);
        watch(&log);
        log.hold = true;
        log.wait_for_queued = 1;
        volume_faulty_set(log.volume, &(struct fault_plan){.before = before_operation,
                                                           .context = &log,
                                                           .fail_at = (uint64_t)fails,
                                                           .status = VOLUME_UNAVAILABLE});
        assert_int_equal(pthread_create(&thread, NULL, commit_in_thread, &log), 0);
        while (atomic_load(&log.is_held) == 0)
            sched_yield();
        assert_int_equal(wal_durable_position(log.wal) < position, true);
        assert_int_equal(wal_commit(log.wal, position, WAL_SYNC_FULL, &log.error), !fails);
        assert_int_equal(pthread_join(thread, &result), 0);
        assert_int_equal(result != NULL, !fails);
        assert_int_equal(atomic_load(&log.operations), 1);
        assert_int_equal(atomic_load(&log.wal->queued), 0);
        assert_false(log.wal->is_syncing);
        if (fails) {
            assert_int_equal(log.error.code, SSQL_UNKNOWN_OUTCOME);
        } else {
            wal_read_statistics(log.wal, &statistics);
            assert_int_equal(log.wal->expected, 2); /* one served, one that queued meanwhile */
            assert_int_equal(statistics.commit_count, 1);
        }
        end_log(&log);
    }
}

static void *append_and_commit_in_thread(void *context)
{
    struct log *log = context;
    struct slice part = slice_make("later", 5);
    struct ssql_error error;
    uint64_t position;

    if (!wal_append(log->wal, &part, 1, 1000, 1, &position, &error))
        return NULL;
    return wal_commit(log->wal, position, WAL_SYNC_FULL, &error) ? log : NULL;
}

/* The second appends while the first syncs: it needs a sync of its own, which it then leads. */
static void who_appends_during_a_sync_leads_the_next(void **state)
{
    (void)state;
    struct log log;
    struct wal_statistics before, after;
    pthread_t first, second;
    void *result;

    begin_log(&log);
    append(&log);
    watch(&log);
    wal_read_statistics(log.wal, &before);
    log.hold = true;
    log.wait_for_queued = 1;
    assert_int_equal(pthread_create(&first, NULL, commit_in_thread, &log), 0);
    while (atomic_load(&log.is_held) == 0)
        sched_yield();
    log.hold = false; /* for what comes */
    assert_int_equal(pthread_create(&second, NULL, append_and_commit_in_thread, &log), 0);
    assert_int_equal(pthread_join(first, &result), 0);
    assert_non_null(result);
    assert_int_equal(pthread_join(second, &result), 0);
    assert_non_null(result);
    wal_read_statistics(log.wal, &after);
    assert_int_equal(after.sync_count - before.sync_count, 2);
    assert_int_equal(after.commit_count - before.commit_count, 2);
    assert_int_equal(atomic_load(&log.wal->queued), 0);
    assert_int_equal(wal_durable_position(log.wal), wal_appended_position(log.wal));
    end_log(&log);
}

/* Whoever ends the log, or begins another segment, waits until nobody syncs. */
static void *finish_in_thread(void *context)
{
    struct log *log = context;
    struct ssql_error error;

    return wal_finish(log->wal, &error) ? log : NULL;
}

static void the_end_waits_for_a_sync_under_way(void **state)
{
    (void)state;
    struct log log;
    pthread_t first, second;
    void *result;

    begin_log(&log);
    append(&log);
    watch(&log);
    log.hold = true;
    assert_int_equal(pthread_create(&first, NULL, commit_in_thread, &log), 0);
    while (atomic_load(&log.is_held) == 0)
        sched_yield();
    assert_int_equal(pthread_create(&second, NULL, finish_in_thread, &log), 0);
    for (int i = 0; i < 1000; i++)
        sched_yield();
    assert_int_equal(atomic_load(&log.operations), 1);
    log.hold = false;
    atomic_store(&log.is_let_go, 1);
    assert_int_equal(pthread_join(first, &result), 0);
    assert_non_null(result);
    assert_int_equal(pthread_join(second, &result), 0);
    assert_non_null(result);
    end_log(&log);
}

/* ---- sync=normal ---- */

static void wait_until_synced(struct log *log, uint64_t position)
{
    while (wal_durable_position(log->wal) < position) {
        nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
        assert_false(wal_failed(log->wal, NULL));
    }
}

/* So late in a second that the time of the sync lies in the next. */
static void wait_for_the_end_of_a_second(void)
{
    struct timespec time;

    for (;;) {
        clock_gettime(CLOCK_MONOTONIC, &time);
        if (time.tv_nsec >= 955000000 && time.tv_nsec < 990000000)
            return;
        long left = 960000000 - time.tv_nsec;
        nanosleep(&(struct timespec){.tv_nsec = left > 0 ? left : 1000000}, NULL);
    }
}

static void the_thread_syncs_after_the_interval_and_takes_no_signals(void **state)
{
    (void)state;
    struct log log;
    sigset_t before, after;

    begin_log(&log);
    commit(&log, WAL_SYNC_OFF);
    watch(&log);
    pthread_sigmask(SIG_BLOCK, NULL, &before);
    for (int round = 0; round < 2; round++) {
        if (round == 1)
            wait_for_the_end_of_a_second();
        pthread_t thread = log.wal->thread;
        uint64_t begin = now();
        commit(&log, WAL_SYNC_NORMAL);
        uint64_t position = wal_appended_position(log.wal);
        assert_true(log.wal->has_thread);
        if (round > 0)
            assert_true(pthread_equal(thread, log.wal->thread));
        commit(&log, WAL_SYNC_NORMAL);
        assert_true(pthread_equal(thread, log.wal->thread) || round == 0);
        wait_until_synced(&log, position);
        assert_true(log.time_of_sync - begin >= WAL_SYNC_INTERVAL_MS * 1000000);
        assert_true(pthread_equal(log.thread, log.wal->thread));
        assert_true(log.signals_are_blocked);
        pthread_mutex_lock(&log.wal->mutex);
        bool is_dirty = log.wal->is_dirty;
        pthread_mutex_unlock(&log.wal->mutex);
        assert_false(is_dirty);
    }
    pthread_sigmask(SIG_BLOCK, NULL, &after);
    assert_int_equal(sigismember(&after, SIGUSR1), sigismember(&before, SIGUSR1));
    end_log(&log);
}

static void *let_go_later(void *context)
{
    struct log *log = context;
    bool is_stopping = false;

    while (!is_stopping) {
        sched_yield();
        pthread_mutex_lock(&log->wal->mutex);
        is_stopping = log->wal->is_stopping;
        pthread_mutex_unlock(&log->wal->mutex);
    }
    nanosleep(&(struct timespec){.tv_nsec = 50000000}, NULL);
    atomic_store(&log->is_let_go, 1);
    return NULL;
}

static void stopping_waits_for_the_thread_and_what_follows_is_synced_at_once(void **state)
{
    (void)state;
    struct log log;
    pthread_t helper;

    begin_log(&log);
    watch(&log);
    log.hold = true;
    commit(&log, WAL_SYNC_NORMAL);
    while (atomic_load(&log.is_held) == 0)
        nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
    assert_int_equal(pthread_create(&helper, NULL, let_go_later, &log), 0);
    wal_stop_thread(log.wal);
    assert_int_equal(atomic_load(&log.is_let_go), 1);
    assert_int_equal(wal_durable_position(log.wal), wal_appended_position(log.wal));
    assert_int_equal(pthread_join(helper, NULL), 0);
    assert_false(log.wal->has_thread);
    log.hold = false;
    commit(&log, WAL_SYNC_NORMAL); /* there is no thread that would do it later */
    assert_int_equal(wal_durable_position(log.wal), wal_appended_position(log.wal));
    assert_false(log.wal->has_thread);
    end_log(&log);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_leader_waits_for_those_it_expects_but_not_long),
        cmocka_unit_test(leaders_who_wait_in_vain_wait_less_and_less_often),
        cmocka_unit_test(company_that_comes_too_late_was_not_worth_the_wait),
        cmocka_unit_test(one_wait_that_was_not_in_vain_gives_new_hope),
        cmocka_unit_test(the_time_of_a_sync_is_smoothed),
        cmocka_unit_test(who_queues_during_a_sync_may_be_served_by_it),
        cmocka_unit_test(who_appends_during_a_sync_leads_the_next),
        cmocka_unit_test(the_end_waits_for_a_sync_under_way),
        cmocka_unit_test(the_thread_syncs_after_the_interval_and_takes_no_signals),
        cmocka_unit_test(stopping_waits_for_the_thread_and_what_follows_is_synced_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
