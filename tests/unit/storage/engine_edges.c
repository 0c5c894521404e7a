/* What an engine says when it cannot: flushes that fail while writers wait, compactions that fail in their thread,
 * closing after a failure; and options left to it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "storage/engine_internal.h"
#include "support/engine_fixture.h"

static struct engine *open_faulty(const struct engine_options *options, struct volume **faulty)
{
    struct ssql_error error;

    assert_true(volume_faulty_create(fixture_volume(), faulty, &error));
    return fixture_open(*faulty, options);
}

static void fail_volume(struct volume *faulty, enum volume_status status)
{
    volume_faulty_set(faulty, &(struct fault_plan){.fail_at = 1, .keep_failing = true, .status = status});
}

static void mend_volume(struct volume *faulty)
{
    volume_faulty_set(faulty, &(struct fault_plan){0});
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

static void options_that_are_left_open_are_settled(void **state)
{
    struct engine_options options = fixture_options(false);

    (void)state;
    options.memtable_bytes = options.block_bytes = options.block_rows = options.level0_files = options.threads = 0;
    options.sstable_bytes = 0;
    struct engine *engine = fixture_open(fixture_volume(), &options);
    const struct engine_options *settled = engine_get_options(engine);
    assert_int_equal(settled->block_rows, BATCH_CAPACITY);
    assert_int_equal(settled->level0_files, 1);
    assert_in_range(settled->threads, 1, ENGINE_THREADS_MOST);
    assert_true(settled->memtable_bytes > 0 && settled->block_bytes > 0 && settled->sstable_bytes > 0);
    uint32_t table_id = fixture_create_table(engine);
    assert_int_equal(fixture_put_one(engine, table_id, 1, 1), SSQL_OK);
    fixture_close(engine);
    options.block_rows = BATCH_CAPACITY + 1;
    engine = fixture_open(fixture_volume(), &options);
    assert_int_equal(engine_get_options(engine)->block_rows, BATCH_CAPACITY);
    fixture_close(engine);
}

static void the_first_lasting_failure_is_the_one_that_is_told(void **state)
{
    const struct ssql_error causes[] = {{.message = "the first"}, {.message = "the second"}};
    struct engine_options options = fixture_options(false);
    struct engine *engine = fixture_open(fixture_volume(), &options);
    struct ssql_error error = {0};

    (void)state;
    assert_false(engine_fail(engine, SSQL_UNKNOWN_OUTCOME, "a test", &causes[0], NULL));
    assert_false(engine_fail(engine, SSQL_IO, "a test", &causes[1], &error));
    assert_int_equal(error.code, SSQL_UNKNOWN_OUTCOME);
    assert_non_null(strstr(error.message, "the first"));
    assert_false(engine_check_writable(engine, NULL));
    assert_false(engine_flush(engine, &error));
    assert_false(engine_compact(engine, NULL));
    assert_false(engine_close(engine, &error));
    assert_int_equal(error.code, SSQL_UNKNOWN_OUTCOME);
}

/* Writers that flush in their own commit: whoever finds no room is told why, and nothing of its commit is there. */
static void without_room_a_commit_fails_with_the_cause(void **state)
{
    struct engine_options options = fixture_options(false);
    struct volume *faulty;

    (void)state;
    options.memory_limit_bytes = 256 << 10;
    options.memtable_bytes = 4 << 10;
    struct engine *engine = open_faulty(&options, &faulty);
    uint32_t table_id = fixture_create_table(engine);
    struct table *table;
    struct ssql_error error = {0};
    pthread_mutex_lock(&engine->tables_mutex);
    table = engine_find_table(engine, table_id);
    pthread_mutex_unlock(&engine->tables_mutex);
    assert_int_equal(fixture_put_one(engine, table_id, 1, 1), SSQL_OK);
    assert_true(engine_admit(engine, table, 100, &error));

    /* As if the memtables were full. */
    pthread_mutex_lock(&engine->commit_mutex);
    assert_true(engine_freeze_table(engine, table, &error));
    pthread_mutex_unlock(&engine->commit_mutex);
    atomic_fetch_add(&engine->active_bytes, engine->memtable_budget_bytes);
    fail_volume(faulty, VOLUME_NO_SPACE);
    assert_false(engine_admit(engine, table, 100, &error));
    assert_int_not_equal(error.code, SSQL_OK);
    assert_false(engine_admit(engine, table, 100, NULL));
    mend_volume(faulty);
    atomic_fetch_sub(&engine->active_bytes, engine->memtable_budget_bytes);
    assert_int_equal(fixture_count(engine, table_id), 1);
    (void)engine_close(engine, &error);
}

static void an_idle_engine_that_is_read_only_has_nothing_to_wait_for(void **state)
{
    struct engine_options options = fixture_options(false);
    struct engine *engine = fixture_open(fixture_volume(), &options);
    struct ssql_error error = {0};

    (void)state;
    engine->is_read_only = true;
    assert_true(engine_wait_idle(engine, &error));
    error = (struct ssql_error){0};
    assert_false(engine_check_writable(engine, &error));
    assert_int_equal(error.code, SSQL_READ_ONLY);
    engine->is_read_only = false;
    fixture_close(engine);
}

/* Waits for the threads' next failure. */
static void expect_background_failure(struct engine *engine)
{
    struct ssql_error error = {0};

    while (engine_wait_idle(engine, &error))
        engine_wake_background(engine);
    assert_int_not_equal(error.code, SSQL_OK);
    assert_false(engine_wait_idle(engine, NULL));
}

static void a_flush_that_fails_in_its_thread_is_tried_again(void **state)
{
    struct engine_options options = fixture_options(false);
    struct volume *faulty;
    struct ssql_error error = {0};

    (void)state;
    options.background = true;
    options.memtable_bytes = 1;
    struct engine *engine = open_faulty(&options, &faulty);
    uint32_t table_id = fixture_create_table(engine);
    assert_true(engine_wait_idle(engine, &error));
    put_deferred(engine, table_id, 1);
    assert_true(engine_sync(engine, &error));
    assert_true(engine_wait_idle(engine, &error));
    pthread_mutex_lock(&engine->flush_mutex); /* until the disk is full */
    put_deferred(engine, table_id, 2);
    assert_true(engine_sync(engine, &error));
    fail_volume(faulty, VOLUME_NO_SPACE);
    pthread_mutex_unlock(&engine->flush_mutex);
    expect_background_failure(engine);
    mend_volume(faulty);
    while (!engine_wait_idle(engine, &error)) { /* the thread comes again by itself, after a pause */
        pthread_mutex_lock(&engine->background_mutex);
        if (engine->flush_error.code != SSQL_OK)
            pthread_cond_wait(&engine->progress, &engine->background_mutex);
        pthread_mutex_unlock(&engine->background_mutex);
    }
    assert_int_equal(fixture_count(engine, table_id), 2);
    fixture_close(engine);
}

static void a_compaction_that_fails_in_its_thread_is_tried_again(void **state)
{
    struct engine_options options = fixture_options(false);
    struct volume *faulty;
    struct ssql_error error = {0};

    (void)state;
    options.background = true;
    options.level0_files = 2;
    struct engine *engine = open_faulty(&options, &faulty);
    uint32_t table_id = fixture_create_table(engine);
    for (int i = 0; i < COMPACT_PURPOSES; i++)
        pthread_mutex_lock(&engine->compactors[i].mutex); /* until the disk is full */
    for (int64_t key = 0; key < 3; key++) {               /* due, and no writer waits yet */
        assert_int_equal(fixture_put_one(engine, table_id, key % 2, key), SSQL_OK);
        assert_true(engine_flush(engine, &error));
    }
    fail_volume(faulty, VOLUME_NO_SPACE);
    for (int i = COMPACT_PURPOSES; i-- > 0;)
        pthread_mutex_unlock(&engine->compactors[i].mutex);
    expect_background_failure(engine);
    mend_volume(faulty);
    for (bool is_idle = false; !is_idle;) {
        pthread_mutex_lock(&engine->background_mutex);
        bool has_failed = false;
        for (int i = 0; i < COMPACT_PURPOSES; i++)
            has_failed |= engine->compactors[i].error.code != SSQL_OK;
        if (has_failed)
            pthread_cond_wait(&engine->progress, &engine->background_mutex);
        pthread_mutex_unlock(&engine->background_mutex);
        is_idle = !has_failed && engine_wait_idle(engine, &error);
    }
    assert_int_equal(fixture_count(engine, table_id), 2);
    fixture_close(engine);
}

static void a_close_that_cannot_flush_says_so_and_loses_nothing(void **state)
{
    struct engine_options options = fixture_options(false);

    (void)state;
    for (int has_error = 0; has_error < 2; has_error++) {
        struct volume *faulty, *image;
        struct ssql_error error = {0};
        struct engine *engine = open_faulty(&options, &faulty);
        uint32_t table_id = fixture_create_table(engine);
        struct transaction *transaction = fixture_begin(engine, TRANSACTION_WRITE);
        for (int64_t i = 0; i < 3000; i++) /* more log than a close leaves */
            fixture_put(transaction, table_id, i, i);
        assert_int_equal(fixture_commit(transaction), SSQL_OK);
        assert_true(volume_memory_crash(volume_faulty_inner(faulty), 0, &image, &error));
        fail_volume(faulty, VOLUME_UNAVAILABLE);
        assert_false(engine_close(engine, has_error ? &error : NULL));
        if (has_error)
            assert_int_not_equal(error.code, SSQL_OK);
        engine = fixture_open(image, &options);
        assert_int_equal(fixture_count(engine, table_id), 3000);
        fixture_close(engine);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(options_that_are_left_open_are_settled),
        cmocka_unit_test(the_first_lasting_failure_is_the_one_that_is_told),
        cmocka_unit_test(without_room_a_commit_fails_with_the_cause),
        cmocka_unit_test(an_idle_engine_that_is_read_only_has_nothing_to_wait_for),
        cmocka_unit_test(a_flush_that_fails_in_its_thread_is_tried_again),
        cmocka_unit_test(a_compaction_that_fails_in_its_thread_is_tried_again),
        cmocka_unit_test(a_close_that_cannot_flush_says_so_and_loses_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
