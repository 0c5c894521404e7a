/* An engine's threads at the moments that are hard to meet: threads that cannot be started, wake-ups without a cause, a
 * close or a lasting failure while a thread pauses or a writer waits. What the threads wait on goes through the test
 * (cmake/failing_system.cmake), so that each moment comes for certain. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <unistd.h>

#include "storage/engine_internal.h"
#include "support/engine_fixture.h"
#include "support/single_step.h"

int __real_pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*run)(void *), void *argument);
int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*run)(void *), void *argument);
long __real_sysconf(int name);
long __wrap_sysconf(int name);
int __real_pthread_cond_wait(pthread_cond_t *condition, pthread_mutex_t *mutex);
int __wrap_pthread_cond_wait(pthread_cond_t *condition, pthread_mutex_t *mutex);
int __real_pthread_cond_timedwait(pthread_cond_t *condition, pthread_mutex_t *mutex, const struct timespec *until);
int __wrap_pthread_cond_timedwait(pthread_cond_t *condition, pthread_mutex_t *mutex, const struct timespec *until);

int __real_sched_yield(void);
int __wrap_sched_yield(void);

enum { REALLY = -1 }; /* from a hook: wait, without an end */

static unsigned threads_left = UINT32_MAX; /* that can still be started */
static long processors;                    /* that the system tells of; 0: the true number */

/* Called instead of a wait, under its mutex: what the wait returns, or REALLY. */
static int (*_Atomic when_waiting)(const pthread_cond_t *condition, bool has_end);
static struct engine *_Atomic waiting_engine;
static atomic_uint wait_count;
static atomic_bool has_come; /* the moment that the test waits for */

int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*run)(void *), void *argument)
{
    if (threads_left == 0)
        return EAGAIN;
    threads_left--;
    return __real_pthread_create(thread, attributes, run, argument);
}

long __wrap_sysconf(int name)
{
    return processors != 0 && name == _SC_NPROCESSORS_ONLN ? processors : __real_sysconf(name);
}

int __wrap_pthread_cond_wait(pthread_cond_t *condition, pthread_mutex_t *mutex)
{
    int (*hook)(const pthread_cond_t *, bool) = atomic_load(&when_waiting);
    int result = hook == NULL ? REALLY : hook(condition, false);

    return result == REALLY ? __real_pthread_cond_wait(condition, mutex) : result;
}

int __wrap_pthread_cond_timedwait(pthread_cond_t *condition, pthread_mutex_t *mutex, const struct timespec *until)
{
    int (*hook)(const pthread_cond_t *, bool) = atomic_load(&when_waiting);

    if (hook == NULL)
        return __real_pthread_cond_timedwait(condition, mutex, until);
    int result = hook(condition, true);
    return result == REALLY ? __real_pthread_cond_wait(condition, mutex) : result;
}

static unsigned yields; /* of this thread */
static pthread_t yielding_thread;

int __wrap_sched_yield(void)
{
    if (pthread_equal(pthread_self(), yielding_thread))
        yields++;
    return __real_sched_yield();
}

static void set_hook(struct engine *engine, int (*hook)(const pthread_cond_t *condition, bool has_end))
{
    atomic_store(&waiting_engine, engine);
    atomic_store(&wait_count, 0);
    atomic_store(&has_come, false);
    atomic_store(&when_waiting, hook);
}

static void wait_until_it_has_come(void)
{
    while (!atomic_load(&has_come))
        usleep(100);
}

static void put_deferred(struct engine *engine, uint32_t table_id, int64_t key)
{
    struct transaction *transaction;
    struct ssql_error error;

    assert_true(transaction_create(engine, &transaction, &error));
    assert_true(transaction_begin(transaction, TRANSACTION_WRITE, COMMIT_DEFERRED, &error));
    fixture_put(transaction, table_id, key, key);
    assert_true(transaction_commit(transaction, &error));
    transaction_destroy(transaction);
}

static struct table *table_of(struct engine *engine, uint32_t table_id)
{
    pthread_mutex_lock(&engine->tables_mutex);
    struct table *table = engine_find_table(engine, table_id);
    pthread_mutex_unlock(&engine->tables_mutex);
    return table;
}

/* ---- what the system has ---- */

static void each_thread_that_cannot_be_started_fails_the_opening(void **state)
{
    struct engine_options options = fixture_options(false);
    bool is_open = false;
    unsigned count;

    (void)state;
    options.background = true;
    options.threads = 1;
    for (count = 0; !is_open; count++) {
        struct ssql_error error = {0};
        struct engine *engine;
        threads_left = count;
        is_open = engine_open(fixture_volume(), &options, &engine, &error);
        threads_left = UINT32_MAX;
        if (is_open)
            fixture_close(engine);
        else
            assert_int_equal(error.code, SSQL_NO_MEMORY);
    }
    assert_true(count > 1 + COMPACT_PURPOSES);
}

static void the_number_of_processors_is_taken_within_reason(void **state)
{
    const long told[] = {-1, 1, 2, ENGINE_THREADS_MOST, 100000};
    const uint32_t taken[] = {1, 1, 2, ENGINE_THREADS_MOST, ENGINE_THREADS_MOST};
    struct engine_options options = fixture_options(false);

    (void)state;
    options.threads = 0;
    for (size_t i = 0; i < sizeof told / sizeof *told; i++) {
        processors = told[i];
        struct engine *engine = fixture_open(fixture_volume(), &options);
        processors = 0;
        assert_int_equal(engine_get_options(engine)->threads, taken[i]);
        fixture_close(engine);
    }
}

/* ---- the thread that flushes ---- */

/* An engine whose disk is full and whose flush is about to be tried; its thread meets `hook` afterwards. */
static struct engine *open_with_a_flush_that_fails(struct volume **faulty, uint32_t *table_id,
                                                   int (*hook)(const pthread_cond_t *condition, bool has_end))
{
    struct engine_options options = fixture_options(false);
    struct ssql_error error = {0};

    options.background = true;
    options.memtable_bytes = 1;
    assert_true(volume_faulty_create(fixture_volume(), faulty, &error));
    struct engine *engine = fixture_open(*faulty, &options);
    *table_id = fixture_create_table(engine);
    assert_true(engine_wait_idle(engine, &error));
    put_deferred(engine, *table_id, 1);
    assert_true(engine_sync(engine, &error));
    assert_true(engine_wait_idle(engine, &error));
    pthread_mutex_lock(&engine->flush_mutex);
    put_deferred(engine, *table_id, 2);
    assert_true(engine_sync(engine, &error));
    volume_faulty_set(*faulty, &(struct fault_plan){.fail_at = 1, .keep_failing = true, .status = VOLUME_NO_SPACE});
    set_hook(engine, hook);
    pthread_mutex_unlock(&engine->flush_mutex);
    return engine;
}

/* Nothing that was committed is lost: neither what the log holds, nor what the files hold. */
static void expect_rows_after_a_crash(struct engine *engine, struct volume *faulty, uint32_t table_id, size_t count)
{
    struct engine_options options = fixture_options(false);
    struct ssql_error error = {0};
    struct volume *image;

    set_hook(NULL, NULL);
    volume_faulty_set(faulty, &(struct fault_plan){0});
    assert_true(volume_memory_crash(volume_faulty_inner(faulty), 0, &image, &error));
    (void)engine_close(engine, &error);
    engine = fixture_open(image, &options);
    assert_int_equal(fixture_count(engine, table_id), count);
    fixture_close(engine);
}

static int wake_urge_close(const pthread_cond_t *condition, bool has_end)
{
    struct engine *engine = atomic_load(&waiting_engine);

    if (condition != &engine->flush_wanted || !has_end)
        return REALLY;
    switch (atomic_fetch_add(&wait_count, 1)) {
    case 0: return 0; /* woken for nothing: it goes on pausing */
    case 1: engine->flush_is_urgent = true; return 0;
    default:
        atomic_store(&engine->is_closing, true);
        atomic_store(&has_come, true);
        return 0;
    }
}

static void a_pause_after_a_failed_flush_ends_when_it_is_urgent_or_the_engine_closes(void **state)
{
    struct volume *faulty;
    uint32_t table_id;

    (void)state;
    struct engine *engine = open_with_a_flush_that_fails(&faulty, &table_id, wake_urge_close);
    wait_until_it_has_come();
    pthread_mutex_lock(&engine->background_mutex);
    assert_int_equal(atomic_load(&wait_count), 3);
    assert_int_equal(engine->flush_error.code, SSQL_DISK_FULL);
    assert_non_null(engine->frozen_first);
    pthread_mutex_unlock(&engine->background_mutex);
    expect_rows_after_a_crash(engine, faulty, table_id, 2);
}

static int fail_for_good(const pthread_cond_t *condition, bool has_end)
{
    struct engine *engine = atomic_load(&waiting_engine);

    if (condition != &engine->flush_wanted)
        return REALLY;
    if (has_end) {
        error_set(&engine->failure, SSQL_LOCKED, NO_SPAN, "a test ends the writing");
        atomic_store(&engine->has_failed, true);
        return ETIMEDOUT;
    }
    if (atomic_load(&engine->has_failed))
        atomic_store(&has_come, true);
    return REALLY;
}

static void after_a_lasting_failure_no_flush_is_tried(void **state)
{
    struct volume *faulty;
    uint32_t table_id;
    struct ssql_error error = {0};

    (void)state;
    struct engine *engine = open_with_a_flush_that_fails(&faulty, &table_id, fail_for_good);
    wait_until_it_has_come();
    engine_wake_background(engine);
    assert_false(engine_check_writable(engine, &error));
    assert_int_equal(error.code, SSQL_LOCKED);
    expect_rows_after_a_crash(engine, faulty, table_id, 2);
}

/* ---- the thread that syncs ---- */

static int wake_then_wait(const pthread_cond_t *condition, bool has_end)
{
    (void)condition; /* only the thread that syncs waits until a time: the engine has no other */
    if (!has_end)
        return REALLY;
    if (atomic_fetch_add(&wait_count, 1) == 0)
        return 0;
    atomic_store(&has_come, true);
    return REALLY;
}

static void a_close_does_not_wait_for_the_next_sync(void **state)
{
    struct engine_options options = fixture_options(false);
    struct ssql_error error = {0};
    struct volume *volume = fixture_volume(), *image;

    (void)state;
    options.sync = SYNC_NORMAL;
    set_hook(NULL, wake_then_wait); /* before anything is written: no wait of that thread is missed */
    struct engine *engine = fixture_open(volume, &options);
    uint32_t table_id = fixture_create_table(engine);
    assert_int_equal(fixture_put_one(engine, table_id, 1, 1), SSQL_OK);
    wait_until_it_has_come();
    assert_true(engine_sync(engine, &error));
    assert_true(volume_memory_crash(volume, 0, &image, &error));
    fixture_close(engine); /* the thread would wait for ever */
    set_hook(NULL, NULL);
    engine = fixture_open(image, &options);
    assert_int_equal(fixture_count(engine, table_id), 1);
    fixture_close(engine);
}

/* ---- writers that wait ---- */

static struct engine *open_with_threads(uint32_t *table_id)
{
    struct engine_options options = fixture_options(false);

    options.background = true;
    struct engine *engine = fixture_open(fixture_volume(), &options);
    *table_id = fixture_create_table(engine);
    assert_true(engine_wait_idle(engine, NULL));
    return engine;
}

/* As if memtables were full that no flush empties. */
static void seem_full(struct engine *engine, bool is_full)
{
    size_t bytes = engine->memtable_budget_bytes;

    if (is_full)
        atomic_fetch_add(&engine->frozen_bytes, bytes);
    else
        atomic_fetch_sub(&engine->frozen_bytes, bytes);
}

static void a_writer_is_told_of_a_lasting_failure(void **state)
{
    const struct ssql_error cause = {.message = "a test"};
    struct ssql_error error = {0};
    uint32_t table_id;

    (void)state;
    struct engine *engine = open_with_threads(&table_id);
    struct table *table = table_of(engine, table_id);
    assert_false(engine_fail(engine, SSQL_LOCKED, "it fails", &cause, NULL));
    seem_full(engine, true);
    assert_false(engine_admit(engine, table, 100, &error));
    assert_int_equal(error.code, SSQL_LOCKED);
    assert_false(engine_admit(engine, table, 100, NULL));
    seem_full(engine, false);
    (void)engine_close(engine, &error);
}

static void no_writer_waits_for_an_engine_that_closes(void **state)
{
    struct ssql_error error = {0};
    uint32_t table_id;

    (void)state;
    struct engine *engine = open_with_threads(&table_id);
    atomic_store(&engine->is_closing, true);
    seem_full(engine, true);
    assert_true(engine_admit(engine, NULL, 10 << 20, &error)); /* the longest slowing down */
    seem_full(engine, false);
    assert_true(engine_close(engine, &error));
}

/* Level 0 seems full, and a compaction due that nobody runs. */
static void no_writer_waits_for_compactions_that_do_not_come(void **state)
{
    const struct ssql_error cause = {.message = "a test"};
    struct ssql_error error = {0};

    (void)state;
    for (int i = 0; i < 3; i++) {
        uint32_t table_id;
        struct engine *engine = open_with_threads(&table_id);
        struct table *table = table_of(engine, table_id);
        pthread_mutex_lock(&engine->background_mutex);
        engine->compactors[COMPACT_PURPOSES - 1].is_wanted = true; /* they sleep */
        if (i == 0)
            engine->compactors[0].error.code = SSQL_DISK_FULL;
        pthread_mutex_unlock(&engine->background_mutex);
        if (i == 1)
            assert_false(engine_fail(engine, SSQL_LOCKED, "it fails", &cause, NULL));
        else if (i == 2)
            atomic_store(&engine->is_closing, true);
        atomic_store(&table->level0_count, 1000);
        assert_true(engine_admit(engine, table, 100, &error));
        atomic_store(&table->level0_count, 0);
        (void)engine_close(engine, &error);
    }
}

static int end_the_flush(const pthread_cond_t *condition, bool has_end)
{
    struct engine *engine = atomic_load(&waiting_engine);

    (void)has_end;
    if (condition != &engine->progress)
        return REALLY;
    atomic_store(&has_come, true);
    engine->flush_is_running = false;
    return 0;
}

static void an_engine_is_not_idle_while_a_flush_is_running(void **state)
{
    struct ssql_error error = {0};
    uint32_t table_id;

    (void)state;
    struct engine *engine = open_with_threads(&table_id);
    pthread_mutex_lock(&engine->background_mutex);
    engine->flush_is_running = true;
    pthread_mutex_unlock(&engine->background_mutex);
    set_hook(engine, end_the_flush);
    assert_true(engine_wait_idle(engine, &error));
    assert_true(atomic_load(&has_come));
    set_hook(NULL, NULL);
    fixture_close(engine);
}

/* The first wait sees a flush that went well and made no room, the second one the end. */
static int flush_then_close(const pthread_cond_t *condition, bool has_end)
{
    struct engine *engine = atomic_load(&waiting_engine);

    (void)has_end;
    if (condition != &engine->progress)
        return REALLY;
    if (atomic_fetch_add(&wait_count, 1) == 0)
        engine->flush_attempts++;
    else
        atomic_store(&engine->is_closing, true);
    return 0;
}

static void a_writer_goes_on_waiting_after_a_flush_that_made_no_room(void **state)
{
    struct ssql_error error = {0};
    uint32_t table_id;

    (void)state;
    struct engine *engine = open_with_threads(&table_id);
    set_hook(engine, flush_then_close);
    seem_full(engine, true);
    assert_true(engine_admit(engine, table_of(engine, table_id), 100, &error));
    assert_int_equal(atomic_load(&wait_count), 2);
    seem_full(engine, false);
    set_hook(NULL, NULL);
    assert_true(engine_close(engine, &error));
}

/* ---- background work beside others ---- */

/* Of one step, long after the one before it or right behind it. */
static unsigned count_yields(struct engine *engine, const struct table *table, bool is_due)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    uint64_t second = (uint64_t)now.tv_sec * 1000000000, last_ns = is_due ? second - 1000000000 : second + 1000000000;
    uint64_t before = last_ns;
    yields = 0;
    yielding_thread = pthread_self();
    engine_give_way(engine, table, &last_ns);
    assert_int_equal(last_ns > before, is_due && engine->has_threads);
    return yields;
}

static void work_gives_way_now_and_then_unless_writers_wait_for_it(void **state)
{
    struct engine_options options = fixture_options(false);
    uint32_t table_id;

    (void)state;
    struct engine *engine = open_with_threads(&table_id);
    struct table *table = table_of(engine, table_id);
    assert_int_equal(count_yields(engine, table, true), 1);
    assert_int_equal(count_yields(engine, table, false), 0);
    seem_full(engine, true);
    assert_int_equal(count_yields(engine, table, true), 0);
    seem_full(engine, false);
    atomic_store(&table->level0_count, 1000);
    assert_int_equal(count_yields(engine, table, true), 0);
    atomic_store(&table->level0_count, 0);
    fixture_close(engine);
    engine = fixture_open(fixture_volume(), &options); /* whose caller does the work */
    assert_int_equal(count_yields(engine, NULL, true), 0);
    fixture_close(engine);
}

static void be_slowed_down(void *context)
{
    struct engine *engine = context;
    struct ssql_error error;
    bool is_admitted = engine_admit(engine, NULL, 30000, &error);

    (void)is_admitted; /* it closes: nothing is waited for */
}

static void owe_more(void *context)
{
    struct engine *engine = context;

    atomic_fetch_add(&engine->slowdown_debt_ns, 1);
}

/* Another writer comes between any two instructions: what both owe is kept for later, or slept for. */
static void no_debt_of_two_writers_is_forgotten(void **state)
{
    struct ssql_error error = {0};
    uint64_t debt = 0;
    uint32_t table_id;

    (void)state;
    if (!single_step_is_possible())
        skip();
    struct engine *engine = open_with_threads(&table_id);
    engine_stop_background(engine);
    engine->has_threads = true; /* they are over, and nobody is waited for */
    seem_full(engine, true);
    for (uint64_t step = 1; debt <= 1; step++) {
        atomic_store(&engine->slowdown_debt_ns, 0);
        assert_true(run_with_intrusion(be_slowed_down, owe_more, engine, step));
        debt = atomic_load(&engine->slowdown_debt_ns);
    }
    assert_true(debt > 1000000); /* of both */
    seem_full(engine, false);
    engine->has_threads = false;
    assert_true(engine_close(engine, &error));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_thread_that_cannot_be_started_fails_the_opening),
        cmocka_unit_test(the_number_of_processors_is_taken_within_reason),
        cmocka_unit_test(a_pause_after_a_failed_flush_ends_when_it_is_urgent_or_the_engine_closes),
        cmocka_unit_test(after_a_lasting_failure_no_flush_is_tried),
        cmocka_unit_test(a_close_does_not_wait_for_the_next_sync),
        cmocka_unit_test(a_writer_is_told_of_a_lasting_failure),
        cmocka_unit_test(no_writer_waits_for_an_engine_that_closes),
        cmocka_unit_test(no_writer_waits_for_compactions_that_do_not_come),
        cmocka_unit_test(an_engine_is_not_idle_while_a_flush_is_running),
        cmocka_unit_test(a_writer_goes_on_waiting_after_a_flush_that_made_no_room),
        cmocka_unit_test(work_gives_way_now_and_then_unless_writers_wait_for_it),
        cmocka_unit_test(no_debt_of_two_writers_is_forgotten),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
