/* The pool of threads: every piece of work is done once, whoever does it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pthread.h>
#include <stdatomic.h>

#include "base/worker_pool.h"

enum { PIECES = 2000, CALLERS = 4, RUNS = 50 };

struct work {
    atomic_uint next;
    atomic_uint done[PIECES];
    atomic_uint workers[WORKER_THREADS_MOST]; /* calls with each number */
};

static void take_pieces(void *context, uint32_t worker)
{
    struct work *work = context;
    uint32_t piece;

    atomic_fetch_add(&work->workers[worker], 1);
    while ((piece = atomic_fetch_add(&work->next, 1)) < PIECES)
        atomic_fetch_add(&work->done[piece], 1);
}

static int count_wrong(const struct work *work, uint32_t thread_count)
{
    int wrong = atomic_load(&work->workers[0]) != 1;

    for (uint32_t i = 0; i < PIECES; i++)
        wrong += atomic_load(&work->done[i]) != 1;
    for (uint32_t i = 0; i < WORKER_THREADS_MOST; i++)
        wrong += atomic_load(&work->workers[i]) > (i < thread_count ? 1 : 0);
    return wrong;
}

static struct worker_pool *make_pool(uint32_t thread_count)
{
    struct ssql_error error = {0};
    struct worker_pool *pool = NULL;

    assert_true(worker_pool_create(thread_count, &pool, &error));
    assert_int_equal(worker_pool_thread_count(pool), thread_count);
    return pool;
}

static void every_piece_is_done_once(void **state)
{
    (void)state;
    for (uint32_t threads = 1; threads <= 5; threads++) {
        struct worker_pool *pool = make_pool(threads);
        for (int i = 0; i < RUNS; i++) {
            static struct work work;
            work = (struct work){0};
            worker_pool_run(pool, threads, take_pieces, &work);
            assert_int_equal(count_wrong(&work, threads), 0);
        }
        worker_pool_destroy(pool);
    }
}

static void a_pool_of_one_thread_has_no_helper(void **state)
{
    static struct work work;
    struct worker_pool *pool = make_pool(1);

    (void)state;
    worker_pool_run(pool, 8, take_pieces, &work);
    assert_int_equal(count_wrong(&work, 1), 0);
    worker_pool_destroy(pool);
}

/* Two threads meet in one run: neither call ends before the other has begun. */
struct meeting {
    pthread_mutex_t mutex;
    pthread_cond_t has_come;
    unsigned count;
};

static void meet(void *context, uint32_t worker)
{
    struct meeting *meeting = context;

    (void)worker;
    pthread_mutex_lock(&meeting->mutex);
    meeting->count++;
    pthread_cond_broadcast(&meeting->has_come);
    while (meeting->count < 2)
        pthread_cond_wait(&meeting->has_come, &meeting->mutex);
    pthread_mutex_unlock(&meeting->mutex);
}

static void helpers_work_at_the_same_time(void **state)
{
    struct worker_pool *pool = make_pool(2);

    (void)state;
    for (int i = 0; i < RUNS; i++) {
        struct meeting meeting = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, 0};
        worker_pool_run(pool, 2, meet, &meeting);
        assert_int_equal(meeting.count, 2);
    }
    worker_pool_destroy(pool);
}

struct caller {
    pthread_t thread;
    struct worker_pool *pool;
    int wrong;
};

static void *run_often(void *argument)
{
    struct caller *caller = argument;

    for (int i = 0; i < RUNS; i++) {
        struct work work = {0};
        worker_pool_run(caller->pool, 3, take_pieces, &work);
        caller->wrong += count_wrong(&work, 3);
    }
    return NULL;
}

static void many_callers_share_the_helpers(void **state)
{
    struct caller callers[CALLERS];
    struct worker_pool *pool = make_pool(3);

    (void)state;
    for (int i = 0; i < CALLERS; i++) {
        callers[i] = (struct caller){.pool = pool};
        assert_int_equal(pthread_create(&callers[i].thread, NULL, run_often, &callers[i]), 0);
    }
    for (int i = 0; i < CALLERS; i++) {
        pthread_join(callers[i].thread, NULL);
        assert_int_equal(callers[i].wrong, 0);
    }
    worker_pool_destroy(pool);
}

static void a_pool_that_was_never_used_is_destroyed(void **state)
{
    (void)state;
    worker_pool_destroy(make_pool(8));
    worker_pool_destroy(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_piece_is_done_once),
        cmocka_unit_test(a_pool_of_one_thread_has_no_helper),
        cmocka_unit_test(helpers_work_at_the_same_time),
        cmocka_unit_test(many_callers_share_the_helpers),
        cmocka_unit_test(a_pool_that_was_never_used_is_destroyed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
