/* Commits of odd shape: validated where nothing has changed, of tables made and dropped at once, spilled beside tables
 * that were only read, without room, without a volume. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "api/failing_memory.h"
#include "base/key_codec.h"
#include "storage/scan_morsels.h"
#include "storage/transaction_internal.h"
#include "support/engine_fixture.h"

static struct engine *open_plain(void)
{
    struct engine_options options = fixture_options(false);

    options.block_rows = 8;
    options.morsel_rows = 8;
    return fixture_open(fixture_volume(), &options);
}

static struct engine *open_faulty(struct volume **faulty, uint32_t level0_files)
{
    struct engine_options options = fixture_options(false);
    struct ssql_error error;

    options.level0_files = level0_files;
    assert_true(volume_faulty_create(fixture_volume(), faulty, &error));
    return fixture_open(*faulty, &options);
}

static void put_some(struct transaction *transaction, uint32_t table_id, int64_t first, int64_t count, int64_t step)
{
    for (int64_t i = 0; i < count; i++)
        fixture_put(transaction, table_id, first + i * step, first + i * step);
}

static void spill(struct transaction *transaction)
{
    struct ssql_error error;

    (void)transaction_mark(transaction);
    assert_true(transaction_spill(transaction, &error));
}

static enum ssql_code commit_one_more(struct engine *engine, uint32_t table_id, int64_t key)
{
    return fixture_put_one(engine, table_id, key, key);
}

/* ---- validation ---- */

static void only_tables_that_somebody_changed_are_looked_at(void **state)
{
    struct engine *engine = open_plain();
    uint32_t calm = fixture_create_table(engine), busy = fixture_create_table(engine), made;
    struct table_layout layout = fixture_layout();
    struct ssql_error error;

    (void)state;
    assert_int_equal(commit_one_more(engine, calm, 1), SSQL_OK);
    struct transaction *transaction = fixture_begin(engine, TRANSACTION_WRITE);
    assert_true(transaction_create_table(transaction, &layout, &made, &error));
    assert_int_equal(fixture_get(transaction, calm, 1), 1);
    fixture_put(transaction, calm, 2, 2);
    fixture_put(transaction, busy, 3, 3);
    assert_int_equal(commit_one_more(engine, busy, 4), SSQL_OK);
    assert_int_equal(fixture_commit(transaction), SSQL_OK);
    assert_int_equal(fixture_get_one(engine, calm, 2), 2);
    assert_int_equal(fixture_get_one(engine, busy, 3), 3);
    fixture_close(engine);
}

/* A commit whose rows were all undone counts as one to the table, and conflicts with nobody. */
static void a_table_read_as_a_whole_is_unchanged_by_a_commit_without_rows(void **state)
{
    struct engine *engine = open_plain();
    uint32_t table_id = fixture_create_table(engine), other = fixture_create_table(engine);

    (void)state;
    assert_int_equal(commit_one_more(engine, table_id, 1), SSQL_OK);
    struct transaction *reader = fixture_begin(engine, TRANSACTION_WRITE);
    assert_int_equal(fixture_get(reader, table_id, 1), 1);
    transaction_participant(reader, transaction_table(reader, table_id))->reads_whole = true;
    fixture_put(reader, other, 7, 7);

    struct transaction *undone = fixture_begin(engine, TRANSACTION_WRITE);
    put_some(undone, other, 100, 20, 1);
    spill(undone);
    uint64_t mark = transaction_mark(undone);
    put_some(undone, table_id, 100, 20, 1);
    struct ssql_error error;
    assert_true(transaction_spill(undone, &error));
    transaction_undo_to(undone, mark);
    assert_int_equal(fixture_commit(undone), SSQL_OK);

    assert_int_equal(fixture_commit(reader), SSQL_OK);
    assert_int_equal(fixture_get_one(engine, other, 7), 7);
    assert_int_equal(fixture_get_one(engine, table_id, 100), -1);
    fixture_close(engine);
}

static void a_table_made_and_dropped_by_one_transaction_was_never_there(void **state)
{
    struct engine *engine = open_plain();
    struct transaction *transaction = fixture_begin(engine, TRANSACTION_WRITE);
    struct table_layout layout = fixture_layout();
    struct ssql_error error;

    (void)state;
    assert_true(transaction_create_table_as(transaction, 3, &layout, &error));
    assert_true(transaction_drop_table(transaction, 3, &error));
    assert_int_equal(fixture_commit(transaction), SSQL_OK);
    transaction = fixture_begin(engine, TRANSACTION_READ);
    assert_null(transaction_table(transaction, 3));
    fixture_rollback(transaction);
    fixture_close(engine);
}

static void tables_that_were_looked_up_before_are_written_in_any_order(void **state)
{
    struct engine *engine = open_plain();
    uint32_t ids[3];
    struct table *tables[3];
    struct ssql_error error;

    (void)state;
    for (int i = 0; i < 3; i++)
        ids[i] = fixture_create_table(engine);
    struct transaction *transaction = fixture_begin(engine, TRANSACTION_WRITE);
    for (int i = 0; i < 3; i++)
        tables[i] = transaction_table(transaction, ids[i]);
    for (int i = 0; i < 9; i++) {
        struct value values[FIXTURE_COLUMNS];
        char text[FIXTURE_TEXT_SIZE];
        fixture_row(i, i + 10, text, values);
        assert_true(transaction_put(transaction, tables[i * 2 % 3], values, &error));
    }
    assert_int_equal(fixture_commit(transaction), SSQL_OK);
    for (int i = 0; i < 9; i++)
        assert_int_equal(fixture_get_one(engine, ids[i * 2 % 3], i), i + 10);
    fixture_close(engine);
}

static void no_row_numbers_are_left_even_when_none_are_asked_for(void **state)
{
    struct engine *engine = open_plain();
    uint32_t table_id = fixture_create_table(engine);
    struct transaction *transaction = fixture_begin(engine, TRANSACTION_WRITE);
    struct ssql_error error = {0};
    int64_t first;

    (void)state;
    fixture_put(transaction, table_id, INT64_MAX, 1);
    assert_false(table_take_row_numbers(transaction, transaction_table(transaction, table_id), 0, &first, &error));
    assert_int_equal(error.code, SSQL_OUT_OF_RANGE);
    fixture_rollback(transaction);
    fixture_close(engine);
}

/* ---- spilled commits ---- */

static void a_spilled_commit_passes_tables_that_were_read_or_dropped(void **state)
{
    struct engine *engine = open_plain();
    uint32_t written = fixture_create_table(engine), only_read = fixture_create_table(engine),
             dropped = fixture_create_table(engine);
    struct ssql_error error;

    (void)state;
    assert_int_equal(commit_one_more(engine, only_read, 1), SSQL_OK);
    struct transaction *transaction = fixture_begin(engine, TRANSACTION_WRITE);
    assert_int_equal(fixture_get(transaction, only_read, 1), 1);
    put_some(transaction, written, 0, 50, 1);
    put_some(transaction, dropped, 0, 50, 1);
    spill(transaction);
    assert_true(transaction_drop_table(transaction, dropped, &error));
    assert_int_equal(fixture_commit(transaction), SSQL_OK);
    assert_int_equal(fixture_count(engine, written), 50);
    assert_int_equal(fixture_count(engine, only_read), 1);
    transaction = fixture_begin(engine, TRANSACTION_READ);
    assert_null(transaction_table(transaction, dropped));
    fixture_rollback(transaction);
    fixture_close(engine);
}

/* Runs of the last statement and of those before are alike only once the transaction ends. */
static void runs_that_are_alike_at_the_commit_are_merged_there(void **state)
{
    enum { EACH = 5, ROWS = 60 };
    struct volume *faulty;
    struct engine *engine = open_faulty(&faulty, 4);
    uint32_t table_id = fixture_create_table(engine);
    struct transaction *transaction = fixture_begin(engine, TRANSACTION_WRITE);
    struct ssql_error error;

    (void)state;
    for (int run = 0; run < EACH; run++) {
        put_some(transaction, table_id, run, ROWS, 2 * EACH);
        spill(transaction);
    }
    (void)transaction_mark(transaction);
    for (int run = EACH; run < 2 * EACH; run++) {
        put_some(transaction, table_id, run, ROWS, 2 * EACH);
        assert_true(transaction_spill(transaction, &error));
    }
    assert_int_equal(transaction_participant(transaction, transaction_table(transaction, table_id))->spilled->run_count,
                     2 * EACH);
    assert_int_equal(fixture_commit(transaction), SSQL_OK);
    assert_true(atomic_load(&engine_find_table(engine, table_id)->level0_count) <= 4);
    assert_int_equal(fixture_count(engine, table_id), 2 * EACH * ROWS);
    fixture_close(engine);
}

/* What comes before a spilled commit has to be durable first. */
static void a_spilled_commit_behind_one_that_cannot_be_synced_fails(void **state)
{
    bool has_come = true;
    uint64_t failures = 0;

    (void)state;
    for (uint64_t n = 1; has_come; n++) {
        struct volume *faulty;
        struct engine *engine = open_faulty(&faulty, 4);
        uint32_t table_id = fixture_create_table(engine), other = fixture_create_table(engine);
        struct transaction *transaction = fixture_begin(engine, TRANSACTION_WRITE), *deferred;
        struct ssql_error error = {0};
        put_some(transaction, table_id, 0, 50, 1);
        spill(transaction);
        assert_true(transaction_create(engine, &deferred, &error));
        assert_true(transaction_begin(deferred, TRANSACTION_WRITE, COMMIT_DEFERRED, &error));
        fixture_put(deferred, other, 1, 1);
        assert_true(transaction_commit(deferred, &error));
        transaction_destroy(deferred);
        volume_faulty_set(faulty, &(struct fault_plan){.fail_at = n, .status = VOLUME_UNAVAILABLE});
        bool is_done = transaction_commit(transaction, &error);
        has_come = volume_faulty_count(faulty) >= n;
        volume_faulty_set(faulty, &(struct fault_plan){0});
        transaction_destroy(transaction);
        assert_true(is_done || (has_come && (error.code == SSQL_IO || error.code == SSQL_UNKNOWN_OUTCOME)));
        failures += !is_done;
        if (is_done || error.code == SSQL_IO)
            assert_int_equal(fixture_count(engine, table_id), is_done ? 50 : 0);
        if (!engine_close(engine, NULL))
            assert_true(has_come);
    }
    assert_true(failures > 0);
}

/* Tables of a spilled commit need room in the engine's list. */
static void a_spilled_commit_without_memory_fails(void **state)
{
    enum { TABLES = 40 };
    bool is_done = false;
    long n;

    (void)state;
    for (n = 0; !is_done; n++) {
        struct engine *engine = open_plain();
        struct transaction *transaction = fixture_begin(engine, TRANSACTION_WRITE);
        struct table_layout layout = fixture_layout();
        struct ssql_error error = {0};
        uint32_t first, table_id;
        assert_true(transaction_create_table(transaction, &layout, &first, &error));
        for (int i = 1; i < TABLES; i++)
            assert_true(transaction_create_table(transaction, &layout, &table_id, &error));
        put_some(transaction, first, 0, 50, 1);
        spill(transaction);
        memory_start_failing(n, true);
        is_done = transaction_commit(transaction, &error);
        memory_stop_failing();
        transaction_destroy(transaction);
        assert_true(is_done || error.code == SSQL_NO_MEMORY);
        transaction = fixture_begin(engine, TRANSACTION_READ);
        assert_true((transaction_table(transaction, first) != NULL) == is_done);
        fixture_rollback(transaction);
        fixture_close(engine);
    }
    assert_true(n > 3);
}

/* What a transaction has spilled divides a scan, or there is no memory for it. */
static void a_scan_of_spilled_rows_is_divided_or_memory_is_missing(void **state)
{
    const struct scan_request request = {.in_key_order = false};
    struct engine *engine = open_plain();
    uint32_t table_id = fixture_create_table(engine);
    struct transaction *transaction = fixture_begin(engine, TRANSACTION_WRITE);
    bool is_done = false;
    long n;

    (void)state;
    put_some(transaction, table_id, 0, 200, 1);
    spill(transaction);
    (void)transaction_mark(transaction);
    for (n = 0; !is_done; n++) {
        struct scan_morsels *morsels;
        struct ssql_error error = {0};
        struct table *table = transaction_table(transaction, table_id);
        memory_start_failing(n, true);
        is_done = scan_morsels_create(transaction, table, &request, &morsels, &error);
        memory_stop_failing();
        assert_int_equal(error.code, is_done ? SSQL_OK : SSQL_NO_MEMORY);
        assert_true((morsels != NULL) == is_done);
        if (is_done)
            assert_true(scan_morsels_count(morsels) > 10);
        scan_morsels_destroy(morsels);
    }
    assert_true(n > 3);
    fixture_rollback(transaction);
    fixture_close(engine);
}

/* ---- no room, no epoch ---- */

static void a_commit_without_room_flushes_first_or_fails(void **state)
{
    struct volume *faulty;
    struct engine *engine = open_faulty(&faulty, 4);
    uint32_t table_id = fixture_create_table(engine);
    struct ssql_error error;

    (void)state;
    assert_int_equal(commit_one_more(engine, table_id, 1), SSQL_OK);
    pthread_mutex_lock(&engine->commit_mutex);
    assert_true(engine_freeze_all(engine, &error));
    pthread_mutex_unlock(&engine->commit_mutex);
    /* A version of two memtables: the newer one hides the older. */
    assert_int_equal(fixture_put_one(engine, table_id, 1, 2), SSQL_OK);
    assert_int_equal(fixture_get_one(engine, table_id, 1), 2);
    pthread_mutex_lock(&engine->commit_mutex);
    assert_true(engine_freeze_all(engine, &error));
    pthread_mutex_unlock(&engine->commit_mutex);
    size_t budget = engine->memtable_budget_bytes;
    engine->memtable_budget_bytes = 1;
    volume_faulty_set(faulty, &(struct fault_plan){.fail_at = 1, .keep_failing = true, .status = VOLUME_UNAVAILABLE});
    assert_int_equal(commit_one_more(engine, table_id, 3), SSQL_IO);
    volume_faulty_set(faulty, &(struct fault_plan){0});
    assert_int_equal(fixture_get_one(engine, table_id, 3), -1);
    assert_int_equal(commit_one_more(engine, table_id, 3), SSQL_OK);
    engine->memtable_budget_bytes = budget;
    assert_int_equal(fixture_get_one(engine, table_id, 1), 2);
    assert_int_equal(fixture_get_one(engine, table_id, 3), 3);
    fixture_close(engine);
}

static void the_first_commit_after_opening_may_fail_at_any_operation(void **state)
{
    struct engine_options options = fixture_options(false);
    struct volume *volume = fixture_volume(), *image;
    struct engine *engine = fixture_open(volume, &options);
    uint32_t table_id = fixture_create_table(engine);
    struct ssql_error error;
    bool has_come = true;
    uint64_t refused = 0;

    (void)state;
    assert_true(volume_memory_crash(volume, UINT64_MAX, &image, &error));
    fixture_close(engine);
    for (uint64_t n = 1; has_come; n++) {
        struct volume *copy, *faulty;
        assert_true(volume_memory_crash(image, UINT64_MAX, &copy, &error));
        assert_true(volume_faulty_create(copy, &faulty, &error));
        engine = fixture_open(faulty, &options);
        volume_faulty_set(faulty, &(struct fault_plan){.fail_at = n, .status = VOLUME_UNAVAILABLE});
        enum ssql_code code = commit_one_more(engine, table_id, 1);
        has_come = volume_faulty_count(faulty) >= n;
        volume_faulty_set(faulty, &(struct fault_plan){0});
        assert_true(code == SSQL_OK || (has_come && (code == SSQL_IO || code == SSQL_UNKNOWN_OUTCOME)));
        if (code != SSQL_UNKNOWN_OUTCOME)
            assert_int_equal(fixture_get_one(engine, table_id, 1), code == SSQL_OK ? 1 : -1);
        refused += code != SSQL_OK;
        if (!engine_close(engine, NULL))
            assert_true(has_come);
    }
    assert_true(refused > 1);
    volume_close(image);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_tables_that_somebody_changed_are_looked_at),
        cmocka_unit_test(a_table_read_as_a_whole_is_unchanged_by_a_commit_without_rows),
        cmocka_unit_test(a_table_made_and_dropped_by_one_transaction_was_never_there),
        cmocka_unit_test(tables_that_were_looked_up_before_are_written_in_any_order),
        cmocka_unit_test(no_row_numbers_are_left_even_when_none_are_asked_for),
        cmocka_unit_test(a_spilled_commit_passes_tables_that_were_read_or_dropped),
        cmocka_unit_test(runs_that_are_alike_at_the_commit_are_merged_there),
        cmocka_unit_test(a_spilled_commit_behind_one_that_cannot_be_synced_fails),
        cmocka_unit_test(a_spilled_commit_without_memory_fails),
        cmocka_unit_test(a_scan_of_spilled_rows_is_divided_or_memory_is_missing),
        cmocka_unit_test(a_commit_without_room_flushes_first_or_fails),
        cmocka_unit_test(the_first_commit_after_opening_may_fail_at_any_operation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
