/* What happens while a manifest is being written: the background's operations take long, the writer goes on. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pthread.h>
#include <stdatomic.h>
#include <time.h>

#include "support/engine_fixture.h"

enum { COMMITS = 2000, SLOW_OPERATIONS = 100, SLOWNESS_NS = 1000000 };

struct slowness {
    pthread_t writer;
    atomic_uint count;
};

static void slow_down_others(void *context)
{
    struct slowness *slowness = context;
    const struct timespec pause = {.tv_nsec = SLOWNESS_NS};

    if (!pthread_equal(pthread_self(), slowness->writer) && atomic_fetch_add(&slowness->count, 1) < SLOW_OPERATIONS)
        nanosleep(&pause, NULL);
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

static void any_number_of_memtables_may_be_frozen_while_the_manifest_is_written(void **state)
{
    struct slowness slowness = {.writer = pthread_self()};
    struct engine_options options = fixture_options(false);
    const struct fault_plan plan = {.before = slow_down_others, .context = &slowness};
    struct volume *faulty;
    struct ssql_error error;

    (void)state;
    options.background = true;
    options.memtable_bytes = 1; /* every commit freezes its memtable */
    assert_true(volume_faulty_create(fixture_volume(), &faulty, &error));
    struct engine *engine = fixture_open(faulty, &options);
    uint32_t table_id = fixture_create_table(engine);
    volume_faulty_set(faulty, &plan);
    for (int64_t key = 0; key < COMMITS; key++)
        put_deferred(engine, table_id, key);
    assert_true(engine_sync(engine, &error));
    assert_int_equal(fixture_count(engine, table_id), COMMITS);
    fixture_close(engine);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_number_of_memtables_may_be_frozen_while_the_manifest_is_written),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
