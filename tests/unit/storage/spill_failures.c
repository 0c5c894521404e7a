/* Transactions that spill: who has to, what fails when runs are merged or committed, and what is undone. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "api/failing_memory.h"
#include "storage/engine_internal.h"
#include "storage/memory_work.h"
#include "storage/transaction_internal.h"
#include "support/engine_fixture.h"

enum { RUNS = 8, ROWS = 6 };

static struct volume *volume; /* a faulty one */
static struct engine *engine;
static struct transaction *transaction;
static uint32_t table_id;

static void open_engine(enum sync_mode sync)
{
    struct engine_options options = fixture_options(false);

    options.sync = sync;
    assert_true(volume_faulty_create(fixture_volume(), &volume, NULL));
    engine = fixture_open(volume, &options);
    table_id = fixture_create_table(engine);
}

static void spill_run(int64_t run)
{
    for (int64_t i = 0; i < ROWS; i++)
        fixture_put(transaction, table_id, i * 100 + run, run);
    (void)transaction_mark(transaction);
}

/* All runs but one are spilled, the last waits; runs of like size are merged once there are eight. */
static void prepare_runs(void)
{
    open_engine(SYNC_FULL);
    transaction = fixture_begin(engine, TRANSACTION_WRITE);
    for (int64_t run = 0; run < RUNS; run++) {
        if (run > 0)
            assert_true(transaction_spill(transaction, NULL));
        spill_run(run);
    }
}

static bool spill_last(struct ssql_error *error)
{
    return transaction_spill(transaction, error);
}

/* Whatever failed, the transaction has all of its rows; memory is back, so it can be committed. */
static void verify_rows(bool is_done)
{
    struct fixture_pair pairs[RUNS * ROWS + 1];
    const struct participant *participant =
        transaction_participant(transaction, transaction_table(transaction, table_id));

    if (is_done)
        assert_int_equal(participant->spilled->file_count[0], 1);
    assert_int_equal(fixture_scan(transaction, table_id, 0, INT64_MAX, pairs, RUNS * ROWS + 1), RUNS * ROWS);
    for (int64_t i = 0; i < RUNS * ROWS; i++)
        assert_true(pairs[i].key == i / RUNS * 100 + i % RUNS && pairs[i].number == i % RUNS);
    assert_int_equal(fixture_commit(transaction), SSQL_OK);
    assert_int_equal(fixture_count(engine, table_id), RUNS * ROWS);
    fixture_close(engine);
}

static void runs_are_merged_or_stay_as_they_were(void **state)
{
    (void)state;
    fail_each_allocation_of(&(struct work){prepare_runs, spill_last, verify_rows}, 4, 20);
    bool is_hit = true;
    for (uint64_t n = 1; is_hit; n++) {
        struct ssql_error error = {0};
        prepare_runs();
        volume_faulty_set(volume, &(struct fault_plan){.fail_at = n, .status = VOLUME_UNAVAILABLE});
        bool is_done = spill_last(&error);
        is_hit = volume_faulty_count(volume) >= n;
        volume_faulty_set(volume, &(struct fault_plan){0});
        assert_true(is_done || is_hit); /* what is only deleted may fail */
        assert_int_equal(error.code, is_done ? SSQL_OK : SSQL_IO);
        verify_rows(is_done);
    }
}

/* Commits before it that were not synced are, before the manifest changes. */
static void a_spilled_commit_syncs_what_came_before_or_is_refused(void **state)
{
    bool is_hit = true;
    unsigned refused = 0;

    (void)state;
    for (uint64_t n = 1; is_hit; n++) {
        struct ssql_error error = {0};
        open_engine(SYNC_OFF);
        assert_int_equal(fixture_put_one(engine, table_id, 5000, 1), SSQL_OK);
        transaction = fixture_begin(engine, TRANSACTION_WRITE);
        spill_run(0);
        assert_true(transaction_spill(transaction, NULL));
        volume_faulty_set(volume, &(struct fault_plan){.fail_at = n, .status = VOLUME_UNAVAILABLE});
        bool is_done = transaction_commit(transaction, &error);
        is_hit = volume_faulty_count(volume) >= n;
        volume_faulty_set(volume, &(struct fault_plan){0});
        transaction_destroy(transaction);
        assert_true(is_done || is_hit);
        refused += !is_done;
        struct volume *after;
        assert_true(volume_memory_crash(volume_faulty_inner(volume), 0, &after, NULL));
        (void)engine_close(engine, NULL);
        struct engine_options options = fixture_options(false);
        engine = fixture_open(after, &options);
        if (is_done)
            assert_int_equal(fixture_get_one(engine, table_id, 5000), 1);
        assert_int_equal(is_done ? fixture_count(engine, table_id) : 0, is_done ? 1 + ROWS : 0);
        fixture_close(engine);
    }
    assert_true(refused >= 3);
}

/* Nothing is there yet of what could not begin: neither of a segment of the log nor of an epoch. */
static void what_could_not_begin_can_be_tried_again(void **state)
{
    const struct fault_plan failing = {.fail_at = 1, .keep_failing = true, .status = VOLUME_UNAVAILABLE};
    struct engine_options options = fixture_options(false);

    (void)state;
    options.wal_segment_bytes = 4096;
    for (int is_spilled = 0; is_spilled < 2; is_spilled++) {
        struct volume *before = fixture_volume(), *image;
        engine = fixture_open(before, &options);
        table_id = fixture_create_table(engine);
        assert_true(volume_memory_crash(before, UINT64_MAX, &image, NULL));
        fixture_close(engine);
        assert_true(volume_faulty_create(image, &volume, NULL));
        engine = fixture_open(volume, &options);
        if (is_spilled == 0)
            assert_int_equal(fixture_put_one(engine, table_id, 5000, 1), SSQL_OK);
        for (int is_failing = 1; is_failing >= 0; is_failing--) {
            struct ssql_error error = {0};
            transaction = fixture_begin(engine, TRANSACTION_WRITE);
            for (int64_t i = 0; i < 500; i++)
                fixture_put(transaction, table_id, i, i);
            volume_faulty_set(volume, is_failing == 1 ? &failing : &(struct fault_plan){0});
            bool is_done =
                (is_spilled == 0 || transaction_spill(transaction, &error)) && transaction_commit(transaction, &error);
            volume_faulty_set(volume, &(struct fault_plan){0});
            assert_int_equal(is_done, is_failing == 0);
            assert_int_equal(error.code, is_done ? SSQL_OK : SSQL_IO);
            transaction_destroy(transaction);
            assert_true(engine_check_writable(engine, &error));
        }
        assert_int_equal(fixture_count(engine, table_id), is_spilled == 0 ? 501 : 500);
        fixture_close(engine);
    }
}

static struct transaction *begin_and_put(int64_t first, size_t bytes_least)
{
    struct transaction *begun = fixture_begin(engine, TRANSACTION_WRITE);

    for (int64_t i = first; !begun->is_spilled && write_set_bytes(&begun->writes) < bytes_least; i++)
        fixture_put(begun, table_id, i, i);
    return begun;
}

/* A quarter of the memtables' budget for each, while all together take no more than half of it. */
static void who_is_pressed_by_others_spills_earlier(void **state)
{
    enum { MIB = 1 << 20 };
    struct engine_options options = fixture_options(false);

    (void)state;
    options.memory_limit_bytes = (size_t)22 * MIB;
    engine = fixture_open(fixture_volume(), &options);
    table_id = fixture_create_table(engine);
    assert_int_equal(engine->memtable_budget_bytes, 22 * MIB / 4);
    struct transaction *first = begin_and_put(0, MIB + MIB / 8), *second = begin_and_put(100000, MIB + MIB / 8);
    assert_false(first->is_spilled || second->is_spilled);
    struct transaction *third = begin_and_put(200000, MIB + MIB / 8);
    assert_true(third->is_spilled);
    assert_false(first->is_spilled || second->is_spilled);
    fixture_rollback(first);
    fixture_rollback(second);
    assert_int_equal(fixture_commit(third), SSQL_OK);
    fixture_close(engine);
}

/* A key that was written twice takes a sequence for each write, one that was undone none. */
static void a_rewrite_that_is_undone_takes_no_sequence(void **state)
{
    struct engine_statistics before, after;

    (void)state;
    open_engine(SYNC_FULL);
    for (int is_undone = 0; is_undone < 2; is_undone++) {
        engine_read_statistics(engine, &before);
        transaction = fixture_begin(engine, TRANSACTION_WRITE);
        fixture_put(transaction, table_id, 1, 1);
        uint64_t mark = transaction_mark(transaction);
        fixture_put(transaction, table_id, 1, 2);
        if (is_undone == 1)
            transaction_undo_to(transaction, mark);
        assert_int_equal(fixture_commit(transaction), SSQL_OK);
        engine_read_statistics(engine, &after);
        assert_int_equal(after.last_sequence - before.last_sequence, 2 - is_undone);
        assert_int_equal(fixture_get_one(engine, table_id, 1), 2 - is_undone);
    }
    fixture_close(engine);
}

/* After a failure of unknown outcome the manifest might name any file. */
static void files_of_a_transaction_that_is_undone_stay_where_the_engine_has_failed(void **state)
{
    const struct ssql_error cause = {.message = "a test says so"};

    (void)state;
    for (int has_failed = 0; has_failed < 2; has_failed++) {
        open_engine(SYNC_FULL);
        transaction = fixture_begin(engine, TRANSACTION_WRITE);
        spill_run(0);
        assert_true(transaction_spill(transaction, NULL));
        assert_int_equal(fixture_table_objects(volume), 1);
        if (has_failed == 1)
            assert_false(engine_fail(engine, SSQL_UNKNOWN_OUTCOME, "nothing is sure", &cause, NULL));
        fixture_rollback(transaction);
        assert_int_equal(fixture_table_objects(volume), has_failed);
        assert_int_equal(engine_close(engine, NULL), has_failed == 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(runs_are_merged_or_stay_as_they_were),
        cmocka_unit_test(a_spilled_commit_syncs_what_came_before_or_is_refused),
        cmocka_unit_test(what_could_not_begin_can_be_tried_again),
        cmocka_unit_test(who_is_pressed_by_others_spills_earlier),
        cmocka_unit_test(a_rewrite_that_is_undone_takes_no_sequence),
        cmocka_unit_test(files_of_a_transaction_that_is_undone_stay_where_the_engine_has_failed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
