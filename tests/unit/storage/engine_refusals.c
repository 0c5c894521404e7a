/* What an engine refuses, and says why: work after a lasting failure, a close that cannot flush, a compaction that
 * cannot claim the database, statistics of a table that was dropped. And filters of a cache that is small. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "storage/engine_internal.h"
#include "support/engine_fixture.h"

static struct engine *open_faulty(struct volume *inner, const struct engine_options *options, struct volume **faulty)
{
    struct ssql_error error;

    assert_true(volume_faulty_create(inner, faulty, &error));
    return fixture_open(*faulty, options);
}

static void put_many(struct engine *engine, uint32_t table_id, int64_t count)
{
    struct transaction *transaction = fixture_begin(engine, TRANSACTION_WRITE);

    for (int64_t i = 0; i < count; i++)
        fixture_put(transaction, table_id, i, i);
    assert_int_equal(fixture_commit(transaction), SSQL_OK);
}

/* The disk is full for the close's flush, and only for it: the log and the manifest are finished, or, `is_reopened`,
 * have not been begun. */
static void close_without_a_flush(bool is_reopened, bool has_error)
{
    struct engine_options options = fixture_options(false);
    struct volume *faulty, *image;
    struct ssql_error error = {0};
    struct engine *engine = open_faulty(fixture_volume(), &options, &faulty);
    uint32_t table_id = fixture_create_table(engine);

    put_many(engine, table_id, 3000);
    if (is_reopened) {
        assert_true(volume_memory_crash(volume_faulty_inner(faulty), 0, &image, &error));
        fixture_close(engine);
        engine = open_faulty(image, &options, &faulty);
    }
    volume_faulty_set(faulty,
                      &(struct fault_plan){.fail_at = 1, .keep_failing = is_reopened, .status = VOLUME_NO_SPACE});
    assert_true(volume_memory_crash(volume_faulty_inner(faulty), 0, &image, &error));
    assert_false(engine_close(engine, has_error ? &error : NULL));
    if (has_error)
        assert_int_equal(error.code, SSQL_DISK_FULL);
    engine = fixture_open(image, &options);
    assert_int_equal(fixture_count(engine, table_id), 3000);
    fixture_close(engine);
}

static void a_close_whose_flush_alone_fails_says_so(void **state)
{
    (void)state;
    for (int i = 0; i < 4; i++)
        close_without_a_flush(i & 1, i & 2);
}

/* What is durable before each operation of a close. */
static struct {
    struct volume *volume, *image;
    uint64_t operations;
} closing;

static void take_image(void *context)
{
    (void)context;
    closing.operations++;
    volume_close(closing.image);
    assert_true(volume_memory_crash(volume_faulty_inner(closing.volume), 0, &closing.image, NULL));
}

static void a_close_that_fails_anywhere_loses_nothing(void **state)
{
    struct engine_options options = fixture_options(false);
    unsigned failures = 0;

    (void)state;
    for (uint64_t n = 1; n == 1 || closing.operations >= n - 1; n++) {
        struct engine *engine = open_faulty(fixture_volume(), &options, &closing.volume);
        uint32_t table_id = fixture_create_table(engine);
        struct ssql_error error = {0};
        assert_int_equal(fixture_put_one(engine, table_id, 1, 1), SSQL_OK);
        closing.operations = 0;
        closing.image = NULL;
        volume_faulty_set(closing.volume,
                          &(struct fault_plan){.fail_at = n, .status = VOLUME_NO_SPACE, .before = take_image});
        bool is_done = engine_close(engine, &error);
        failures += !is_done;
        assert_int_equal(error.code == SSQL_OK, is_done);
        engine = fixture_open(closing.image, &options);
        assert_int_equal(fixture_count(engine, table_id), 1);
        fixture_close(engine);
    }
    assert_true(failures > 1);
}

/* ---- compactions ---- */

/* Between choosing the table and choosing its files, another thread begins to merge them. */
static struct table_version *contended;

static void set_compacting(bool is_compacting)
{
    for (uint32_t i = 0; i < contended->file_count[0]; i++)
        contended->files[0][i]->is_compacting = is_compacting;
}

static void take_the_files(void *context)
{
    (void)context;
    set_compacting(true);
}

static void what_another_thread_merges_or_closes_is_left_to_it(void **state)
{
    struct engine_options options = fixture_options(false);
    struct volume *faulty, *inner = fixture_volume();
    struct ssql_error error = {0};
    struct engine *engine = fixture_open(inner, &options);
    uint32_t table_id = fixture_create_table(engine);

    (void)state;
    for (int64_t i = 0; i < 3; i++) {
        assert_int_equal(fixture_put_one(engine, table_id, 1, i), SSQL_OK);
        assert_true(engine_flush(engine, &error));
    }
    assert_true(volume_memory_crash(inner, 0, &inner, &error));
    fixture_close(engine);
    options.level0_files = 2;
    engine = open_faulty(inner, &options, &faulty); /* its epoch is not claimed yet: a compaction does that first */
    struct table *table = engine->tables[0];
    contended = table_acquire_version(table);
    assert_int_equal(contended->file_count[0], 3);
    assert_true(compaction_urgency(table, COMPACT_DOWN) >= 1);
    volume_faulty_set(faulty, &(struct fault_plan){.before = take_the_files});
    assert_true(engine_compact_due(engine, false, &error));
    volume_faulty_set(faulty, &(struct fault_plan){0});
    assert_int_equal(atomic_load(&engine->compactions), 0);
    assert_int_equal(atomic_load(&table->level0_count), 3);
    set_compacting(false);
    table_version_release(contended);
    atomic_store(&engine->is_closing, true); /* then nothing is begun */
    assert_true(engine_compact_due(engine, false, &error));
    assert_int_equal(atomic_load(&engine->compactions), 0);
    atomic_store(&engine->is_closing, false);
    assert_true(engine_compact_due(engine, false, &error));
    assert_int_equal(atomic_load(&table->level0_count), 0);
    assert_int_equal(fixture_get_one(engine, table_id, 1), 2);
    fixture_close(engine);
}

static void nothing_is_compacted_after_a_lasting_failure(void **state)
{
    const struct ssql_error cause = {.message = "a test"};
    struct engine_options options = fixture_options(false);
    struct ssql_error error = {0};

    (void)state;
    options.level0_files = 2;
    struct engine *engine = fixture_open(fixture_volume(), &options);
    uint32_t table_id = fixture_create_table(engine);
    for (int64_t i = 0; i < 4; i++) {
        assert_int_equal(fixture_put_one(engine, table_id, i % 2, i), SSQL_OK);
        assert_true(engine_flush(engine, &error));
    }
    uint64_t before = atomic_load(&engine->compactions);
    assert_false(engine_fail(engine, SSQL_LOCKED, "it fails", &cause, NULL));
    assert_false(engine_compact_due(engine, true, &error));
    assert_int_equal(error.code, SSQL_LOCKED);
    error = (struct ssql_error){0};
    assert_false(engine_compact_due(engine, false, &error));
    assert_int_equal(error.code, SSQL_LOCKED);
    assert_false(engine_compact_table(engine, table_id, NULL, &error));
    assert_false(engine_wait_idle(engine, &error));
    assert_int_equal(atomic_load(&engine->compactions), before);
    assert_false(engine_close(engine, &error));
}

/* Four runs that are alike, over much more: they would be merged with each other. */
static void runs_are_not_merged_after_a_lasting_failure(void **state)
{
    const struct ssql_error cause = {.message = "a test"};
    struct engine_options options = fixture_options(false);
    struct ssql_error error = {0};

    (void)state;
    struct engine *engine = fixture_open(fixture_volume(), &options);
    uint32_t table_id = fixture_create_table(engine);
    put_many(engine, table_id, 3000);
    assert_true(engine_compact(engine, &error));
    for (int64_t i = 0; i < options.level0_files; i++) {
        struct transaction *transaction = fixture_begin(engine, TRANSACTION_WRITE);
        fixture_put(transaction, table_id, 0, i);
        fixture_put(transaction, table_id, 2999, i);
        assert_int_equal(fixture_commit(transaction), SSQL_OK);
        assert_true(engine_flush(engine, &error));
    }
    struct table *table = engine->tables[engine->table_count - 1];
    assert_true(compaction_urgency(table, COMPACT_RUNS) >= 1);
    assert_true(compaction_urgency(table, COMPACT_DOWN) < 1);
    assert_false(engine_fail(engine, SSQL_LOCKED, "it fails", &cause, NULL));
    assert_false(engine_compact_due(engine, false, &error));
    assert_int_equal(error.code, SSQL_LOCKED);
    assert_int_equal(atomic_load(&table->level0_count), options.level0_files);
    assert_false(engine_close(engine, &error));
}

/* ---- changes of the manifest ---- */

static void change_nothing(struct engine *engine, enum ssql_code expected)
{
    const struct manifest_change nothing = {0};
    struct ssql_error error = {0};

    assert_false(engine_change_manifest(engine, &nothing, &error));
    assert_int_equal(error.code, expected);
    assert_false(engine_change_manifest(engine, &nothing, NULL));
}

static void a_manifest_that_cannot_be_written_stays(void **state)
{
    const struct fault_plan full = {.fail_at = 1, .keep_failing = true, .status = VOLUME_NO_SPACE};
    const struct ssql_error cause = {.message = "a test"};
    struct engine_options options = fixture_options(false);
    struct volume *faulty;
    struct engine *engine = open_faulty(fixture_volume(), &options, &faulty);
    uint32_t table_id = fixture_create_table(engine);
    uint64_t version = engine->manifest_version;

    (void)state;
    volume_faulty_set(faulty, &full);
    change_nothing(engine, SSQL_DISK_FULL);
    volume_faulty_set(faulty, &(struct fault_plan){0});
    assert_int_equal(engine->manifest_version, version);
    assert_int_equal(fixture_put_one(engine, table_id, 1, 1), SSQL_OK);
    assert_false(engine_fail(engine, SSQL_LOCKED, "it fails", &cause, NULL));
    change_nothing(engine, SSQL_LOCKED);
    assert_int_equal(engine->manifest_version, version);
    assert_false(engine_close(engine, NULL));
}

/* A table whose creation nobody waited for: the log that has it comes before the manifest. */
static void without_the_log_no_table_is_entered_in_the_manifest(void **state)
{
    struct engine_options options = fixture_options(false);
    struct table_layout layout = fixture_layout();
    struct transaction *transaction;
    struct volume *faulty, *after;
    struct engine *engine = open_faulty(fixture_volume(), &options, &faulty);
    uint32_t first = fixture_create_table(engine), second;
    uint64_t version = engine->manifest_version;

    (void)state;
    assert_true(transaction_create(engine, &transaction, NULL));
    assert_true(transaction_begin(transaction, TRANSACTION_WRITE, COMMIT_DEFERRED, NULL));
    assert_true(transaction_create_table(transaction, &layout, &second, NULL));
    assert_int_equal(fixture_commit(transaction), SSQL_OK);
    volume_faulty_set(faulty, &(struct fault_plan){.fail_at = 1, .status = VOLUME_NO_SPACE});
    change_nothing(engine, SSQL_UNKNOWN_OUTCOME);
    assert_int_equal(engine->manifest_version, version);
    assert_true(volume_memory_crash(volume_faulty_inner(faulty), 0, &after, NULL));
    assert_false(engine_close(engine, NULL));
    engine = fixture_open(after, &options);
    assert_int_equal(engine->table_count, 1);
    assert_int_equal(engine->tables[0]->id, first);
    fixture_close(engine);
}

static void a_compaction_first_claims_the_database(void **state)
{
    struct engine_options options = fixture_options(false);
    struct volume *faulty, *image;
    struct ssql_error error = {0};
    struct engine *engine = fixture_open((image = fixture_volume()), &options);
    uint32_t table_id = fixture_create_table(engine);

    (void)state;
    put_many(engine, table_id, 10);
    assert_true(volume_memory_crash(image, 0, &image, &error));
    fixture_close(engine);
    engine = open_faulty(image, &options, &faulty);
    volume_faulty_set(faulty, &(struct fault_plan){.fail_at = 1, .keep_failing = true, .status = VOLUME_NO_SPACE});
    assert_false(engine_compact_due(engine, true, &error));
    assert_int_equal(error.code, SSQL_DISK_FULL);
    assert_false(engine_compact_due(engine, true, NULL));
    volume_faulty_set(faulty, &(struct fault_plan){0});
    assert_true(engine_compact_due(engine, true, &error));
    assert_true(engine_wait_idle(engine, &error));
    assert_int_equal(fixture_count(engine, table_id), 10);
    fixture_close(engine);
}

static void an_engine_without_threads_is_idle_when_it_has_flushed(void **state)
{
    struct engine_options options = fixture_options(false);
    struct volume *faulty;
    struct ssql_error error = {0};
    struct engine *engine = open_faulty(fixture_volume(), &options, &faulty);
    uint32_t table_id = fixture_create_table(engine);

    (void)state;
    put_many(engine, table_id, 10);
    pthread_mutex_lock(&engine->tables_mutex);
    struct table *table = engine_find_table(engine, table_id);
    pthread_mutex_unlock(&engine->tables_mutex);
    pthread_mutex_lock(&engine->commit_mutex);
    assert_true(engine_freeze_table(engine, table, &error));
    pthread_mutex_unlock(&engine->commit_mutex);
    volume_faulty_set(faulty, &(struct fault_plan){.fail_at = 1, .keep_failing = true, .status = VOLUME_NO_SPACE});
    assert_false(engine_wait_idle(engine, &error));
    assert_int_equal(error.code, SSQL_DISK_FULL);
    volume_faulty_set(faulty, &(struct fault_plan){0});
    atomic_fetch_add(&engine->active_bytes, engine->memtable_budget_bytes); /* full: the writer flushes by itself */
    assert_true(engine_admit(engine, table, 100, &error));
    atomic_fetch_sub(&engine->active_bytes, engine->memtable_budget_bytes);
    assert_null(engine->frozen_first);
    assert_true(engine_wait_idle(engine, &error));
    assert_int_equal(fixture_count(engine, table_id), 10);
    fixture_close(engine);
}

static void a_dropped_table_has_no_statistics(void **state)
{
    struct engine_options options = fixture_options(false);
    struct engine *engine = fixture_open(fixture_volume(), &options);
    uint32_t table_id = fixture_create_table(engine);
    struct table_statistics statistics;
    struct ssql_error error = {0};

    (void)state;
    put_many(engine, table_id, 10);
    assert_true(engine_table_statistics(engine, table_id, &statistics, &error));
    assert_int_equal(statistics.row_estimate, 10);
    struct transaction *reader = fixture_begin(engine, TRANSACTION_READ), *writer;
    assert_int_equal(fixture_get(reader, table_id, 1), 1);
    writer = fixture_begin(engine, TRANSACTION_WRITE);
    assert_true(transaction_drop_table(writer, table_id, &error));
    assert_int_equal(fixture_commit(writer), SSQL_OK);
    assert_false(engine_table_statistics(engine, table_id, &statistics, &error)); /* the reader still has it */
    assert_int_equal(error.code, SSQL_UNKNOWN_TABLE);
    fixture_rollback(reader);
    fixture_close(engine);
}

/* Filters of the deepest level take at most half of the cache, and are never too small to be of use. */
static void filters_take_their_share_of_the_cache(void **state)
{
    const int64_t rows[] = {100, 6000, 20000};
    uint32_t bits[3];
    struct ssql_error error = {0};

    (void)state;
    for (int i = 0; i < 3; i++) {
        struct engine_options options = fixture_options(false);
        options.memory_limit_bytes = 24 << 10;
        struct engine *engine = fixture_open(fixture_volume(), &options);
        uint32_t table_id = fixture_create_table(engine);
        for (int64_t first = 0; first < rows[i]; first += 100) {
            struct transaction *transaction = fixture_begin(engine, TRANSACTION_WRITE);
            for (int64_t k = first; k < first + 100; k++)
                fixture_put(transaction, table_id, k, k);
            assert_int_equal(fixture_commit(transaction), SSQL_OK);
        }
        assert_true(engine_compact(engine, &error));
        bits[i] = engine_deep_filter_bits(engine);
        fixture_close(engine);
    }
    assert_int_equal(bits[0], 10);
    assert_int_equal(bits[1], 6); /* 4608 bytes */
    assert_int_equal(bits[2], 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_close_whose_flush_alone_fails_says_so),
        cmocka_unit_test(a_close_that_fails_anywhere_loses_nothing),
        cmocka_unit_test(what_another_thread_merges_or_closes_is_left_to_it),
        cmocka_unit_test(nothing_is_compacted_after_a_lasting_failure),
        cmocka_unit_test(runs_are_not_merged_after_a_lasting_failure),
        cmocka_unit_test(a_manifest_that_cannot_be_written_stays),
        cmocka_unit_test(without_the_log_no_table_is_entered_in_the_manifest),
        cmocka_unit_test(a_compaction_first_claims_the_database),
        cmocka_unit_test(an_engine_without_threads_is_idle_when_it_has_flushed),
        cmocka_unit_test(a_dropped_table_has_no_statistics),
        cmocka_unit_test(filters_take_their_share_of_the_cache),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
