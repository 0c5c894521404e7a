/* Freezing and flushing where there is nothing, too little memory, or too much to write at once. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "api/failing_memory.h"
#include "storage/engine_internal.h"
#include "support/engine_fixture.h"

static void put_keys(struct engine *engine, uint32_t table_id, int64_t first, int64_t count)
{
    struct transaction *transaction = fixture_begin(engine, TRANSACTION_WRITE);

    for (int64_t i = first; i < first + count; i++)
        fixture_put(transaction, table_id, i, i);
    assert_int_equal(fixture_commit(transaction), SSQL_OK);
}

static uint32_t file_count(struct engine *engine, uint32_t table_id)
{
    struct table_version *version = table_acquire_version(engine_find_table(engine, table_id));
    uint32_t count = version->file_count[0];

    table_version_release(version);
    return count;
}

/* An active memtable without rows, as a put without memory leaves it, is no file, and frees nothing. */
static void a_memtable_without_rows_is_not_flushed(void **state)
{
    struct engine_options options = fixture_options(false);
    struct engine *engine = fixture_open(fixture_volume(), &options);
    struct ssql_error error;

    (void)state;
    pthread_mutex_lock(&engine->commit_mutex);
    atomic_store(&engine->active_bytes, engine->memtable_budget_bytes);
    engine_freeze_due(engine); /* there is none at all */
    atomic_store(&engine->active_bytes, 0);
    pthread_mutex_unlock(&engine->commit_mutex);
    uint32_t table_id = fixture_create_table(engine);
    struct table *table = engine_find_table(engine, table_id);
    assert_true(engine_flush(engine, &error));
    pthread_mutex_lock(&engine->commit_mutex);
    if (table->active == NULL)
        assert_true(engine_freeze_table(engine, table, &error));
    size_t before = atomic_load(&engine->active_bytes);
    assert_true(table_make_active(table, &error));
    atomic_store(&engine->active_bytes, before + engine->memtable_budget_bytes);
    struct memtable *active = table->active;
    engine_freeze_due(engine);
    atomic_store(&engine->active_bytes, before);
    assert_true(engine_freeze_all(engine, &error));
    assert_ptr_equal(table->active, active);
    pthread_mutex_unlock(&engine->commit_mutex);
    assert_null(engine->frozen_first);
    assert_true(engine_flush(engine, &error));
    assert_int_equal(file_count(engine, table_id), 0);
    put_keys(engine, table_id, 1, 1);
    assert_ptr_equal(table->active, active);
    assert_true(engine_flush(engine, &error));
    assert_int_equal(file_count(engine, table_id), 1);
    fixture_close(engine);
}

/* The largest memtable goes first, and no more than has to. */
static void the_largest_memtables_are_frozen_until_there_is_room(void **state)
{
    struct engine_options options = fixture_options(false);
    struct engine *engine = fixture_open(fixture_volume(), &options);
    uint32_t small = fixture_create_table(engine), large = fixture_create_table(engine),
             medium = fixture_create_table(engine);

    (void)state;
    put_keys(engine, small, 0, 1);
    put_keys(engine, large, 0, 3000);
    put_keys(engine, medium, 0, 800);
    pthread_mutex_lock(&engine->commit_mutex);
    size_t budget = engine->memtable_budget_bytes;
    engine->memtable_budget_bytes = 2 * atomic_load(&engine->active_bytes) - 2;
    memory_start_failing(0, true);
    engine_freeze_due(engine);
    memory_stop_failing();
    assert_null(engine->frozen_first);
    engine_freeze_due(engine);
    engine->memtable_budget_bytes = budget;
    pthread_mutex_unlock(&engine->commit_mutex);
    assert_null(engine_find_table(engine, large)->active);
    assert_non_null(engine_find_table(engine, small)->active);
    assert_non_null(engine_find_table(engine, medium)->active);
    fixture_close(engine);
}

/* Each allocation fails on the way from memtables to files; what was frozen stays in the queue. */
static void freezing_and_flushing_without_memory_may_be_done_again(void **state)
{
    struct engine_options options = fixture_options(false);
    bool is_done = false;
    long n;

    (void)state;
    for (n = 0; !is_done; n++) {
        struct engine *engine = fixture_open(fixture_volume(), &options);
        uint32_t first = fixture_create_table(engine), second = fixture_create_table(engine);
        struct ssql_error error = {0};
        put_keys(engine, first, 0, 50);
        put_keys(engine, second, 0, 50);
        memory_start_failing(n, true);
        is_done = engine_flush(engine, n % 2 == 0 ? &error : NULL);
        memory_stop_failing();
        assert_true(is_done || n % 2 == 1 || error.code == SSQL_NO_MEMORY);
        assert_int_equal(fixture_count(engine, first), 50);
        assert_true(engine_flush(engine, &error));
        assert_int_equal(file_count(engine, first), 1);
        assert_int_equal(file_count(engine, second), 1);
        assert_int_equal(fixture_count(engine, second), 50);
        fixture_close(engine);
    }
    assert_true(n > 10);
}

/* Each operation of the volume fails, once or for ever, while the last commit waits to be synced. */
static void flushing_without_a_volume_is_an_error(void **state)
{
    struct engine_options options = fixture_options(false);
    uint64_t failures = 0;
    bool has_come = true;

    (void)state;
    for (uint64_t n = 1; has_come; n++) {
        for (int keep = 0; keep < 2; keep++) {
            struct volume *faulty, *after;
            struct ssql_error error = {0};
            assert_true(volume_faulty_create(fixture_volume(), &faulty, &error));
            struct engine *engine = fixture_open(faulty, &options);
            uint32_t table_id = fixture_create_table(engine);
            struct transaction *transaction;
            put_keys(engine, table_id, 0, 50);
            assert_true(transaction_create(engine, &transaction, &error));
            assert_true(transaction_begin(transaction, TRANSACTION_WRITE, COMMIT_DEFERRED, &error));
            fixture_put(transaction, table_id, 50, 50);
            assert_true(transaction_commit(transaction, &error));
            transaction_destroy(transaction);
            volume_faulty_set(faulty,
                              &(struct fault_plan){.fail_at = n, .keep_failing = keep, .status = VOLUME_UNAVAILABLE});
            bool is_done = engine_flush(engine, &error);
            has_come = volume_faulty_count(faulty) >= n;
            volume_faulty_set(faulty, &(struct fault_plan){0});
            assert_true(is_done || (has_come && (error.code == SSQL_IO || error.code == SSQL_UNKNOWN_OUTCOME)));
            failures += !is_done;
            if (error.code == SSQL_UNKNOWN_OUTCOME)
                assert_false(engine_flush(engine, &error)); /* for ever */
            /* Others see a deferred commit once a sync has said that it is durable; a flush makes it so. */
            assert_in_range(fixture_count(engine, table_id), 50, 51);
            assert_true(volume_memory_crash(volume_faulty_inner(faulty), UINT64_MAX, &after, &error));
            if (!engine_close(engine, NULL))
                assert_true(has_come);
            engine = fixture_open(after, &options);
            assert_in_range(fixture_count(engine, table_id), is_done ? 51 : 50, 51);
            fixture_close(engine);
        }
    }
    assert_true(failures > 5);
}

/* Without memory, what is due is frozen by a later commit. */
static void a_log_that_cannot_be_shortened_for_want_of_memory_is_looked_at_again(void **state)
{
    struct engine_options options = fixture_options(false);
    bool is_frozen = false;
    long n;

    (void)state;
    options.wal_segment_bytes = 16 << 10;
    for (n = 0; !is_frozen; n++) {
        struct engine *engine = fixture_open(fixture_volume(), &options);
        uint32_t table_id = fixture_create_table(engine);
        struct table *table = engine_find_table(engine, table_id);
        pthread_mutex_lock(&engine->commit_mutex);
        engine->next_log_check = UINT64_MAX;
        pthread_mutex_unlock(&engine->commit_mutex);
        uint32_t young = fixture_create_table(engine);
        struct engine_statistics statistics = {0};
        int64_t count = 0;
        for (; statistics.wal_segments <= 17; count += 400) {
            put_keys(engine, table_id, count, 400);
            engine_read_statistics(engine, &statistics);
        }
        put_keys(engine, young, 0, 1);
        assert_non_null(table->active);
        assert_null(engine->frozen_first);
        pthread_mutex_lock(&engine->commit_mutex);
        engine->next_log_check = 0;
        memory_start_failing(n, true);
        engine_freeze_due(engine);
        memory_stop_failing();
        is_frozen = table->active == NULL;
        assert_true((engine->next_log_check == 0) == !is_frozen);
        assert_true((engine->frozen_first != NULL) == is_frozen);
        pthread_mutex_unlock(&engine->commit_mutex);
        assert_non_null(engine_find_table(engine, young)->active); /* it holds nothing back */
        assert_int_equal(fixture_count(engine, table_id), count);
        fixture_close(engine);
    }
    assert_true(n > 2);
}

/* More files than one change of the manifest takes: the rows stay in the log, and larger files take them. */
static void a_memtable_that_makes_too_many_files_is_an_error(void **state)
{
    enum { KEYS = 1100 };
    struct engine_options options = fixture_options(false);
    struct volume *volume = fixture_volume(), *after;
    struct ssql_error error = {0};

    (void)state;
    options.block_rows = 1;
    struct engine *engine = fixture_open(volume, &options);
    engine->options.sstable_bytes = 1;
    uint32_t table_id = fixture_create_table(engine);
    put_keys(engine, table_id, 0, KEYS);
    assert_false(engine_flush(engine, &error));
    assert_int_equal(error.code, SSQL_TOO_LARGE);
    assert_int_equal(file_count(engine, table_id), 0);
    assert_int_equal(fixture_count(engine, table_id), KEYS);
    assert_true(volume_memory_crash(volume, 0, &after, &error));
    (void)engine_close(engine, NULL);
    engine = fixture_open(after, &options);
    assert_true(engine_flush(engine, &error));
    assert_int_equal(file_count(engine, table_id), 1);
    assert_int_equal(fixture_count(engine, table_id), KEYS);
    fixture_close(engine);
}

/* After a failure for ever, what was frozen stays where it is. */
static void a_failed_engine_flushes_nothing(void **state)
{
    struct engine_options options = fixture_options(false);
    struct engine *engine = fixture_open(fixture_volume(), &options);
    uint32_t table_id = fixture_create_table(engine);
    struct ssql_error error = {0};

    (void)state;
    put_keys(engine, table_id, 0, 10);
    pthread_mutex_lock(&engine->commit_mutex);
    assert_true(engine_freeze_all(engine, &error));
    pthread_mutex_unlock(&engine->commit_mutex);
    engine->failure = (struct ssql_error){.code = SSQL_UNKNOWN_OUTCOME, .message = "the test says so"};
    atomic_store(&engine->has_failed, true);
    assert_false(engine_flush_frozen(engine, &error));
    assert_int_equal(error.code, SSQL_UNKNOWN_OUTCOME);
    assert_non_null(engine->frozen_first);
    assert_int_equal(file_count(engine, table_id), 0);
    assert_int_equal(fixture_count(engine, table_id), 10);
    assert_false(engine_close(engine, NULL));
}

/* Rows that came back from the log are flushed by an engine that the manifest does not know yet. */
static void the_first_flush_after_opening_may_fail_at_any_operation(void **state)
{
    struct engine_options options = fixture_options(false);
    struct volume *volume = fixture_volume(), *image;
    struct engine *engine = fixture_open(volume, &options);
    uint32_t table_id = fixture_create_table(engine);
    struct ssql_error error = {0};
    bool has_come = true;
    uint64_t failures = 0;

    (void)state;
    put_keys(engine, table_id, 0, 10);
    assert_true(volume_memory_crash(volume, UINT64_MAX, &image, &error));
    fixture_close(engine);
    for (uint64_t n = 1; has_come; n++) {
        struct volume *copy, *faulty;
        assert_true(volume_memory_crash(image, UINT64_MAX, &copy, &error));
        assert_true(volume_faulty_create(copy, &faulty, &error));
        engine = fixture_open(faulty, &options);
        volume_faulty_set(faulty, &(struct fault_plan){.fail_at = n, .status = VOLUME_UNAVAILABLE});
        bool is_done = engine_flush(engine, &error);
        has_come = volume_faulty_count(faulty) >= n;
        volume_faulty_set(faulty, &(struct fault_plan){0});
        assert_true(is_done || (has_come && (error.code == SSQL_IO || error.code == SSQL_UNKNOWN_OUTCOME)));
        failures += !is_done;
        assert_int_equal(fixture_count(engine, table_id), 10);
        if (!engine_close(engine, NULL))
            assert_true(has_come);
    }
    assert_true(failures > 1);
    volume_close(image);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_memtable_without_rows_is_not_flushed),
        cmocka_unit_test(the_largest_memtables_are_frozen_until_there_is_room),
        cmocka_unit_test(freezing_and_flushing_without_memory_may_be_done_again),
        cmocka_unit_test(flushing_without_a_volume_is_an_error),
        cmocka_unit_test(a_log_that_cannot_be_shortened_for_want_of_memory_is_looked_at_again),
        cmocka_unit_test(a_memtable_that_makes_too_many_files_is_an_error),
        cmocka_unit_test(a_failed_engine_flushes_nothing),
        cmocka_unit_test(the_first_flush_after_opening_may_fail_at_any_operation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
