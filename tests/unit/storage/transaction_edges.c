/* Transactions at their edges: numbers that are used up, tables that are only the transaction's own, marks that are
 * gone back over, and engines that fail between two steps. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>

#include "api/failing_memory.h"
#include "base/key_codec.h"
#include "storage/scan.h"
#include "storage/scan_morsels.h"
#include "storage/transaction_internal.h"
#include "support/engine_fixture.h"
#include "support/single_step.h"

static struct engine *open_with(uint32_t morsel_rows)
{
    struct engine_options options = fixture_options(false);

    options.morsel_rows = morsel_rows;
    return fixture_open(fixture_volume(), &options);
}

/* Rows that a scan shows, by morsels if it can be divided; *morsel_count is 0 when it cannot. */
static uint64_t count_rows(struct transaction *transaction, uint32_t table_id, const struct scan_request *request,
                           uint32_t *morsel_count)
{
    struct table *table = transaction_table(transaction, table_id);
    struct scan_morsels *morsels;
    struct scan *scan;
    struct batch batch;
    struct ssql_error error;
    uint64_t count = 0;

    assert_true(scan_morsels_create(transaction, table, request, &morsels, &error));
    *morsel_count = morsels == NULL ? 0 : scan_morsels_count(morsels);
    if (morsels != NULL)
        assert_true(scan_open_morsels(morsels, 0, *morsel_count, request, &scan, &error));
    else
        assert_true(scan_open(transaction, table, request, &scan, &error));
    do {
        assert_true(scan_next(scan, &batch, &error));
        count += batch.selected_count;
    } while (batch.row_count > 0);
    scan_close(scan);
    scan_morsels_destroy(morsels);
    return count;
}

static void a_table_that_is_only_the_transactions_own_is_scanned_and_divided(void **state)
{
    const struct scan_request request = {.in_key_order = false};
    struct engine *engine = open_with(1);
    struct transaction *transaction = fixture_begin(engine, TRANSACTION_WRITE);
    struct table_layout layout = fixture_layout();
    struct ssql_error error;
    uint32_t table_id, morsels;

    (void)state;
    assert_true(transaction_create_table(transaction, &layout, &table_id, &error));
    assert_int_equal(count_rows(transaction, table_id, &request, &morsels), 0);
    assert_int_equal(morsels, 0);
    for (int64_t i = 0; i < 300; i++)
        fixture_put(transaction, table_id, i, i);
    assert_int_equal(count_rows(transaction, table_id, &request, &morsels), 0); /* not to be seen by its statement */
    uint64_t mark = transaction_mark(transaction);
    assert_int_equal(count_rows(transaction, table_id, &request, &morsels), 300);
    assert_true(morsels > 1);
    transaction_undo_to(transaction, 1); /* all but the creation */
    assert_true(mark > 1);
    assert_int_equal(count_rows(transaction, table_id, &request, &morsels), 0);
    fixture_rollback(transaction);
    fixture_close(engine);
}

static void a_memtable_that_was_emptied_does_not_divide_a_scan(void **state)
{
    const struct scan_request request = {.in_key_order = false};
    struct engine *engine = open_with(1);
    uint32_t table_id = fixture_create_table(engine), morsels;
    struct transaction *transaction = fixture_begin(engine, TRANSACTION_WRITE);
    struct ssql_error error;

    (void)state;
    for (int64_t i = 0; i < 40; i++)
        fixture_put(transaction, table_id, i, i);
    assert_int_equal(fixture_commit(transaction), SSQL_OK);
    assert_true(engine_flush(engine, &error));
    transaction = fixture_begin(engine, TRANSACTION_WRITE);
    fixture_put(transaction, table_id, 7, 1);
    (void)count_rows(transaction, table_id, &request, &morsels);
    transaction_undo_to(transaction, 0);
    assert_int_equal(count_rows(transaction, table_id, &request, &morsels), 40);
    fixture_rollback(transaction);
    fixture_close(engine);
}

static void creation_and_rows_that_were_read_are_undone_together(void **state)
{
    const struct scan_request request = {.in_key_order = false};
    struct engine *engine = open_with(0);
    uint32_t other = fixture_create_table(engine), table_id, morsels;
    struct transaction *transaction = fixture_begin(engine, TRANSACTION_WRITE);
    struct table_layout layout = fixture_layout();
    struct ssql_error error;

    (void)state;
    fixture_put(transaction, other, 1, 1);
    uint64_t first = transaction_mark(transaction);
    fixture_put(transaction, other, 2, 2);
    assert_true(transaction_create_table(transaction, &layout, &table_id, &error));
    fixture_put(transaction, table_id, 1, 1);
    uint64_t second = transaction_mark(transaction);
    assert_int_equal(count_rows(transaction, table_id, &request, &morsels), 1);
    assert_int_equal(count_rows(transaction, other, &request, &morsels), 2);
    assert_true(second > first);
    transaction_undo_to(transaction, first);
    assert_null(transaction_table(transaction, table_id));
    assert_int_equal(count_rows(transaction, other, &request, &morsels), 1);
    assert_int_equal(fixture_commit(transaction), SSQL_OK);
    assert_int_equal(fixture_get_one(engine, other, 1), 1);
    assert_int_equal(fixture_get_one(engine, other, 2), -1);
    fixture_close(engine);
}

static void tables_come_and_go_by_writers_only(void **state)
{
    struct engine *engine = open_with(0);
    uint32_t table_id = fixture_create_table(engine);
    struct transaction *transaction = fixture_begin(engine, TRANSACTION_READ);
    struct table_layout layout = fixture_layout();
    struct ssql_error error = {0};

    (void)state;
    assert_false(transaction_create_table_as(transaction, 3, &layout, &error));
    assert_int_equal(error.code, SSQL_READ_ONLY);
    error = (struct ssql_error){0};
    assert_false(transaction_drop_table(transaction, table_id, &error));
    assert_int_equal(error.code, SSQL_READ_ONLY);
    fixture_rollback(transaction);
    transaction = fixture_begin(engine, TRANSACTION_WRITE);
    assert_false(transaction_drop_table(transaction, 999, &error));
    assert_int_equal(error.code, SSQL_UNKNOWN_TABLE);
    fixture_rollback(transaction);
    fixture_close(engine);
}

/* The first thing that a transaction does meets each lack of memory there is. */
static void without_memory_no_table_is_found_made_or_dropped(void **state)
{
    struct engine *engine = open_with(0);
    uint32_t table_id = fixture_create_table(engine);
    struct table_layout layout = fixture_layout();

    (void)state;
    for (int what = 0; what < 3; what++) {
        bool is_done = false;
        for (long n = 0; !is_done; n++) {
            struct transaction *transaction = fixture_begin(engine, TRANSACTION_WRITE);
            struct ssql_error error = {0};
            memory_start_failing(n, true);
            if (what == 0)
                is_done = transaction_table(transaction, table_id) != NULL;
            else if (what == 1)
                is_done = transaction_drop_table(transaction, table_id, &error);
            else
                is_done = transaction_create_table_as(transaction, 3, &layout, &error);
            memory_stop_failing();
            assert_true(is_done || what == 0 || error.code == SSQL_NO_MEMORY);
            assert_true(is_done || !transaction_has_writes(transaction));
            assert_true(is_done || n < 20);
            fixture_rollback(transaction);
        }
    }
    assert_int_equal(fixture_count(engine, table_id), 0);
    fixture_close(engine);
}

/* ---- row numbers ---- */

static void row_numbers_that_are_used_up_are_an_error(void **state)
{
    struct engine *engine = open_with(0);
    uint32_t near = fixture_create_table(engine), full = fixture_create_table(engine);
    struct transaction *transaction = fixture_begin(engine, TRANSACTION_WRITE);
    struct ssql_error error = {0};
    int64_t first;

    (void)state;
    fixture_put(transaction, near, INT64_MAX - 5, 1);
    assert_true(table_take_row_numbers(transaction, transaction_table(transaction, near), 3, &first, &error));
    assert_int_equal(first, INT64_MAX - 4);
    assert_false(table_take_row_numbers(transaction, transaction_table(transaction, near), 10, &first, &error));
    assert_int_equal(error.code, SSQL_OUT_OF_RANGE);
    fixture_put(transaction, full, INT64_MAX, 1);
    error = (struct ssql_error){0};
    assert_false(table_take_row_numbers(transaction, transaction_table(transaction, full), 1, &first, &error));
    assert_int_equal(error.code, SSQL_OUT_OF_RANGE);
    fixture_rollback(transaction);
    fixture_close(engine);
}

/* ---- the write set ---- */

static void writes_of_one_hash_are_told_apart(void **state)
{
    enum { HASH = 5 };
    struct write_set set = {0};
    struct ssql_error error;

    (void)state;
    assert_true(write_set_add_delete(&set, 0, 20, slice_of("a"), HASH, false, &error));
    assert_true(write_set_add_delete(&set, 1, 21, slice_of("a"), HASH, false, &error));
    assert_true(write_set_add_delete(&set, 0, 20, slice_of("b"), HASH, false, &error));
    assert_true(write_set_add_drop(&set, 0, 20, &error));
    assert_int_equal(write_set_find(&set, 0, slice_of("a"), HASH), 1);
    assert_int_equal(write_set_find(&set, 1, slice_of("a"), HASH), 2);
    assert_int_equal(write_set_find(&set, 0, slice_of("b"), HASH), 3);
    assert_int_equal(write_set_find(&set, 1, slice_of("b"), HASH), NO_WRITE);
    assert_int_equal(write_set_find(&set, 0, slice_of("a"), HASH + 1024 * 1024), NO_WRITE);
    write_set_clear(&set);
}

/* ---- scans of many rows, at the ends of keys ---- */

static void a_backward_scan_passes_a_large_memtable(void **state)
{
    enum { ROWS = 20000 };
    static const uint16_t columns[] = {0};
    const struct scan_request request = {
        .columns = columns, .column_count = 1, .in_key_order = true, .descending = true};
    struct engine *engine = open_with(0);
    uint32_t table_id = fixture_create_table(engine);
    struct transaction *transaction = fixture_begin(engine, TRANSACTION_WRITE);
    struct scan *scan;
    struct batch batch;
    struct ssql_error error;
    int64_t next = ROWS;

    (void)state;
    for (int64_t i = 0; i < ROWS; i++)
        fixture_put(transaction, table_id, i, i);
    assert_int_equal(fixture_commit(transaction), SSQL_OK);
    transaction = fixture_begin(engine, TRANSACTION_READ);
    assert_true(scan_open(transaction, transaction_table(transaction, table_id), &request, &scan, &error));
    do {
        assert_true(scan_next(scan, &batch, &error));
        for (uint32_t i = 0; i < batch.selected_count; i++)
            assert_int_equal(vector_value(&batch.columns[0], batch_row(&batch, i)).integer, --next);
    } while (batch.row_count > 0);
    assert_int_equal(next, 0);
    scan_close(scan);
    fixture_rollback(transaction);
    fixture_close(engine);
}

static uint64_t count_between(struct engine *engine, uint32_t table_id, struct slice low, bool low_exclusive,
                              struct slice high, bool high_exclusive)
{
    const struct scan_request request = {.low = low,
                                         .high = high,
                                         .low_exclusive = low_exclusive,
                                         .high_exclusive = high_exclusive,
                                         .in_key_order = true};
    struct transaction *transaction = fixture_begin(engine, TRANSACTION_READ);
    uint32_t morsels;
    uint64_t count = count_rows(transaction, table_id, &request, &morsels);

    fixture_rollback(transaction);
    return count;
}

static void ranges_end_at_the_greatest_int(void **state)
{
    struct engine *engine = open_with(0);
    uint32_t table_id = fixture_create_table(engine);
    uint8_t greatest[INT_KEY_SIZE], before[INT_KEY_SIZE];
    struct slice last = slice_make(greatest, INT_KEY_SIZE), second = slice_make(before, INT_KEY_SIZE);
    struct slice open = {0};
    struct ssql_error error;

    (void)state;
    key_encode_int(INT64_MAX, greatest);
    key_encode_int(INT64_MAX - 1, before);
    for (int64_t i = 0; i < 3; i++)
        assert_int_equal(fixture_put_one(engine, table_id, INT64_MAX - i, i + 1), SSQL_OK);
    assert_true(engine_flush(engine, &error));
    assert_int_equal(count_between(engine, table_id, last, true, open, false), 0);
    assert_int_equal(count_between(engine, table_id, last, false, open, false), 1);
    assert_int_equal(count_between(engine, table_id, second, true, open, false), 1);
    assert_int_equal(count_between(engine, table_id, open, false, second, true), 1);
    assert_int_equal(count_between(engine, table_id, open, false, second, false), 2);
    fixture_close(engine);
}

static void ranges_of_strings_begin_at_the_empty_one_and_end_behind_every_key(void **state)
{
    static const struct table_layout layout = {
        .column_count = 1, .key_count = 1, .types = {SSQL_TYPE_STRING}, .key_columns = {0}};
    static const char *const keys[] = {"", "a", "b"};
    struct engine *engine = open_with(0);
    struct transaction *transaction = fixture_begin(engine, TRANSACTION_WRITE);
    struct slice open = {0}, empty = slice_of("");
    struct ssql_error error;
    uint32_t table_id;
    uint8_t *bytes = malloc(KEY_SIZE_MOST + 100);

    (void)state;
    assert_non_null(bytes);
    memset(bytes, 'a', KEY_SIZE_MOST + 100);
    assert_true(transaction_create_table(transaction, &layout, &table_id, &error));
    for (int i = 0; i < 3; i++) {
        const struct value value = value_string(slice_of(keys[i]));
        assert_true(transaction_put(transaction, transaction_table(transaction, table_id), &value, &error));
    }
    assert_int_equal(fixture_commit(transaction), SSQL_OK);
    assert_true(engine_flush(engine, &error));
    assert_int_equal(count_between(engine, table_id, empty, true, open, false), 2);
    assert_int_equal(count_between(engine, table_id, empty, false, open, false), 3);
    assert_int_equal(count_between(engine, table_id, open, false, empty, false), 1);
    /* A bound longer than any key may be. */
    struct slice longest = slice_make(bytes, KEY_SIZE_MOST + 100);
    assert_int_equal(count_between(engine, table_id, longest, true, open, false), 1);
    assert_int_equal(count_between(engine, table_id, open, false, longest, false), 2);
    free(bytes);
    fixture_close(engine);
}

/* ---- an engine that fails meanwhile ---- */

static void fail_engine(void *context)
{
    struct transaction **transaction = context;
    struct engine *engine = (*transaction)->engine;

    engine->failure = (struct ssql_error){.code = SSQL_UNKNOWN_OUTCOME, .message = "the test says so"};
    atomic_store(&engine->has_failed, true);
}

static enum ssql_code commit_code;

static void commit(void *context)
{
    struct transaction **transaction = context;
    struct ssql_error error = {0};

    commit_code = transaction_commit(*transaction, &error) ? SSQL_OK : error.code;
}

/* Whatever comes, the commit is refused or done. */
static void an_engine_that_fails_during_a_commit_refuses_or_finishes_it(void **state)
{
    uint64_t refused = 0, finished = 0;

    (void)state;
    if (!single_step_is_possible())
        skip();
    for (uint64_t step = 1; step < 4000 && finished == 0; step += step < 1200 ? 29 : 400) {
        struct engine *engine = open_with(0);
        uint32_t table_id = fixture_create_table(engine);
        struct transaction *transaction = fixture_begin(engine, TRANSACTION_WRITE);
        fixture_put(transaction, table_id, 1, 1);
        assert_true(run_with_intrusion(commit, fail_engine, &transaction, step));
        refused += commit_code == SSQL_UNKNOWN_OUTCOME;
        finished += commit_code == SSQL_OK;
        assert_true(commit_code == SSQL_OK || commit_code == SSQL_UNKNOWN_OUTCOME);
        assert_int_equal(fixture_get_one(engine, table_id, 1), commit_code == SSQL_OK ? 1 : -1);
        transaction_destroy(transaction);
        assert_false(engine_close(engine, NULL));
    }
    assert_true(refused > 10);
}

static void a_failed_engine_takes_no_spill(void **state)
{
    struct engine_options options = fixture_options(true);
    struct engine *engine = fixture_open(fixture_volume(), &options);
    uint32_t table_id = fixture_create_table(engine);
    struct transaction *transaction = fixture_begin(engine, TRANSACTION_WRITE);
    struct value values[FIXTURE_COLUMNS];
    char text[FIXTURE_TEXT_SIZE];
    struct ssql_error error = {0};
    bool is_done = true;

    (void)state;
    fail_engine(&transaction);
    for (int64_t i = 0; i < 20000 && is_done; i++) {
        fixture_row(i, i, text, values);
        is_done = transaction_put(transaction, transaction_table(transaction, table_id), values, &error);
    }
    assert_false(is_done);
    assert_int_equal(error.code, SSQL_UNKNOWN_OUTCOME);
    assert_false(transaction_commit(transaction, NULL));
    transaction_destroy(transaction);
    assert_int_equal(fixture_count(engine, table_id), 0);
    assert_false(engine_close(engine, NULL));
}

/* The loser of a conflict waits for the winner to be durable, and hears of it when that cannot be. */
static void a_conflict_with_a_commit_that_cannot_be_synced_says_that(void **state)
{
    struct engine_options options = fixture_options(false);
    struct volume *faulty;
    struct ssql_error error = {0};

    (void)state;
    assert_true(volume_faulty_create(fixture_volume(), &faulty, &error));
    struct engine *engine = fixture_open(faulty, &options);
    uint32_t table_id = fixture_create_table(engine);
    struct transaction *loser = fixture_begin(engine, TRANSACTION_WRITE), *winner;
    fixture_put(loser, table_id, 1, 2);
    assert_true(transaction_create(engine, &winner, &error));
    assert_true(transaction_begin(winner, TRANSACTION_WRITE, COMMIT_DEFERRED, &error));
    fixture_put(winner, table_id, 1, 3);
    assert_true(transaction_commit(winner, &error));
    transaction_destroy(winner);
    volume_faulty_set(faulty, &(struct fault_plan){.fail_at = 1, .keep_failing = true, .status = VOLUME_UNAVAILABLE});
    assert_int_equal(fixture_commit(loser), SSQL_UNKNOWN_OUTCOME);
    volume_faulty_set(faulty, &(struct fault_plan){0});
    assert_false(engine_close(engine, NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_table_that_is_only_the_transactions_own_is_scanned_and_divided),
        cmocka_unit_test(a_memtable_that_was_emptied_does_not_divide_a_scan),
        cmocka_unit_test(creation_and_rows_that_were_read_are_undone_together),
        cmocka_unit_test(tables_come_and_go_by_writers_only),
        cmocka_unit_test(without_memory_no_table_is_found_made_or_dropped),
        cmocka_unit_test(row_numbers_that_are_used_up_are_an_error),
        cmocka_unit_test(writes_of_one_hash_are_told_apart),
        cmocka_unit_test(a_backward_scan_passes_a_large_memtable),
        cmocka_unit_test(ranges_end_at_the_greatest_int),
        cmocka_unit_test(ranges_of_strings_begin_at_the_empty_one_and_end_behind_every_key),
        cmocka_unit_test(an_engine_that_fails_during_a_commit_refuses_or_finishes_it),
        cmocka_unit_test(a_failed_engine_takes_no_spill),
        cmocka_unit_test(a_conflict_with_a_commit_that_cannot_be_synced_says_that),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
