/* Transactions that meet a failure: the n-th allocation, or the n-th operation of the volume, fails, n = 1, 2, 3 …
 * until none does. Each time the transaction happens whole or not at all, here and after opening again, and says which;
 * and nothing leaks (the address sanitizer looks). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "api/failing_memory.h"
#include "base/key_codec.h"
#include "storage/scan.h"
#include "storage/scan_morsels.h"
#include "support/engine_fixture.h"

enum {
    MAIN_TABLE = FIRST_USER_TABLE,
    SMALL_TABLES = 18,
    MAIN_ROWS = 300,
    TABLES_END = 80,
    REOPENED = 8,
    SINGLE = 200,
    LAST = 60,
    OFTEN = 1650
};

/* ---- what is in a database ---- */

struct content {
    uint64_t tables, rows, sum;
};

static struct content read_content(struct engine *engine)
{
    struct transaction *transaction = fixture_begin(engine, TRANSACTION_READ);
    struct content content = {0};
    static struct fixture_pair pairs[8192];

    for (uint32_t id = 1; id < TABLES_END; id++) {
        if (transaction_table(transaction, id) == NULL)
            continue;
        size_t count = fixture_scan(transaction, id, INT64_MIN, INT64_MAX, pairs, 8192);
        content.tables += id;
        content.rows += count;
        for (size_t i = 0; i < count; i++)
            content.sum += (uint64_t)(pairs[i].key * 31 + pairs[i].number) * id;
    }
    fixture_rollback(transaction);
    return content;
}

static bool is_same(const struct content *left, const struct content *right)
{
    return left->tables == right->tables && left->rows == right->rows && left->sum == right->sum;
}

/* ---- a database to begin with: files in levels, files at level 0, the rest in the log ---- */

static struct engine_options small_options(void)
{
    struct engine_options options = fixture_options(true);

    options.memory_limit_bytes = 256 << 10;
    options.morsel_rows = 16;
    options.block_rows = 32;
    options.level0_files = 50; /* what is not asked for is not merged */
    return options;
}

/* Room for everything in memory. */
static struct engine_options large_options(void)
{
    struct engine_options options = small_options();

    options.memory_limit_bytes = 16 << 20;
    options.memtable_bytes = 1 << 20;
    options.wal_segment_bytes = 1 << 20;
    return options;
}

static void put_rows(struct engine *engine, uint32_t table, int64_t first, int64_t count, int64_t step, int64_t number)
{
    struct transaction *transaction = fixture_begin(engine, TRANSACTION_WRITE);

    for (int64_t i = 0; i < count; i++)
        fixture_put(transaction, table, first + i * step, number + i);
    assert_int_equal(fixture_commit(transaction), SSQL_OK);
}

static struct volume *database;

static int make_database(void **state)
{
    struct engine_options options = small_options();
    struct volume *volume = fixture_volume();
    struct engine *engine = fixture_open(volume, &options);
    struct ssql_error error;

    (void)state;
    for (int i = 0; i <= SMALL_TABLES; i++)
        fixture_create_table(engine);
    put_rows(engine, MAIN_TABLE, 0, MAIN_ROWS, 2, 10);
    assert_true(engine_compact(engine, &error));
    put_rows(engine, MAIN_TABLE, 0, MAIN_ROWS / 6, 12, 1000);
    assert_true(engine_flush(engine, &error));
    for (uint32_t i = 1; i <= SMALL_TABLES; i++)
        put_rows(engine, MAIN_TABLE + i, 0, 3, 1, i);
    put_rows(engine, MAIN_TABLE, 1, 5, 2, 2000);
    assert_true(volume_memory_crash(volume, UINT64_MAX, &database, &error));
    fixture_close(engine);
    return 0;
}

static int drop_database(void **state)
{
    (void)state;
    volume_close(database);
    return 0;
}

/* ---- one transaction of each kind; false: it failed, and is over ---- */

typedef bool transaction_work(struct engine *engine, struct transaction *transaction, struct ssql_error *error);

static bool put(struct transaction *transaction, uint32_t table_id, int64_t key, int64_t number,
                struct ssql_error *error)
{
    struct value values[FIXTURE_COLUMNS];
    char text[FIXTURE_TEXT_SIZE];
    struct table *table;

    fixture_row(key, number, text, values);
    return transaction_find_table(transaction, table_id, &table, error) &&
           transaction_put(transaction, table, values, error);
}

/* *outcome is what is expected, or the insert has failed. */
static bool insert(struct transaction *transaction, int64_t key, enum write_outcome expected, struct ssql_error *error)
{
    struct value values[FIXTURE_COLUMNS];
    char text[FIXTURE_TEXT_SIZE];
    struct table *table;

    fixture_row(key, key, text, values);
    if (!transaction_find_table(transaction, MAIN_TABLE, &table, error))
        return false;
    enum write_outcome outcome = transaction_insert(transaction, table, values, error);
    if (outcome == WRITE_FAILED)
        return false;
    assert_int_equal(outcome, expected);
    return true;
}

static bool get(struct transaction *transaction, int64_t key, bool is_there, struct ssql_error *error)
{
    static const uint16_t columns[] = {2, 1};
    struct value values[2];
    uint8_t bytes[INT_KEY_SIZE];
    struct table *table;
    struct row_pin *pin = NULL;
    bool found;

    key_encode_int(key, bytes);
    bool is_done =
        transaction_find_table(transaction, MAIN_TABLE, &table, error) && row_pin_create(&pin, error) &&
        transaction_get(transaction, table, slice_make(bytes, sizeof bytes), columns, 2, pin, values, &found, error);
    if (is_done)
        assert_int_equal(found, is_there);
    row_pin_destroy(pin);
    return is_done;
}

static bool delete (struct transaction *transaction, int64_t key, struct ssql_error *error)
{
    uint8_t bytes[INT_KEY_SIZE];
    struct table *table;

    key_encode_int(key, bytes);
    return transaction_find_table(transaction, MAIN_TABLE, &table, error) &&
           transaction_delete(transaction, table, slice_make(bytes, sizeof bytes), error);
}

static bool read_all(struct scan *scan, uint64_t *count, struct ssql_error *error)
{
    struct batch batch;

    do {
        if (!scan_next(scan, &batch, error))
            return false;
        *count += batch.selected_count;
    } while (batch.row_count > 0);
    return true;
}

/* Counts the rows of [low, high], by morsels where there are some. */
static bool scan_range(struct transaction *transaction, int64_t low, int64_t high, bool by_morsels, uint64_t *count,
                       struct ssql_error *error)
{
    static const uint16_t columns[] = {0, 2};
    uint8_t low_key[INT_KEY_SIZE], high_key[INT_KEY_SIZE];
    struct scan_request request = {.columns = columns, .column_count = 2};
    struct scan_morsels *morsels = NULL;
    struct scan *scan = NULL;
    struct table *table;

    key_encode_int(low, low_key);
    key_encode_int(high, high_key);
    request.low = slice_make(low_key, sizeof low_key);
    request.high = slice_make(high_key, sizeof high_key);
    *count = 0;
    bool is_done = transaction_find_table(transaction, MAIN_TABLE, &table, error);
    if (is_done && by_morsels)
        is_done = scan_morsels_create(transaction, table, &request, &morsels, error);
    if (is_done && morsels != NULL)
        is_done = scan_open_morsels(morsels, 0, scan_morsels_count(morsels), &request, &scan, error);
    else if (is_done)
        is_done = scan_open(transaction, table, &request, &scan, error);
    is_done = is_done && read_all(scan, count, error);
    scan_close(scan);
    scan_morsels_destroy(morsels);
    return is_done;
}

/* More tables than find room beside the stack. */
static bool write_many_tables(struct engine *engine, struct transaction *transaction, struct ssql_error *error)
{
    (void)engine;
    for (uint32_t i = 0; i <= SMALL_TABLES; i++)
        if (!put(transaction, MAIN_TABLE + i, 7000 + i, 5, error))
            return false;
    return true;
}

static bool read_and_write(struct engine *engine, struct transaction *transaction, struct ssql_error *error)
{
    uint64_t count;

    (void)engine;
    /* Between the keys that somebody else has written since. */
    if (!get(transaction, 99995, false, error) || !scan_range(transaction, 99991, 99999, false, &count, error))
        return false;
    if (!get(transaction, 24, true, error) || !get(transaction, 25, false, error) || !get(transaction, 1, true, error))
        return false;
    for (int64_t key = 601; key < 680; key += 4)
        if (!insert(transaction, key, WRITE_DONE, error))
            return false;
    if (!insert(transaction, 24, WRITE_DUPLICATE, error) || !insert(transaction, 601, WRITE_DUPLICATE, error) ||
        !delete (transaction, 44, error) || !get(transaction, 601, true, error) || !get(transaction, 44, false, error))
        return false;
    uint64_t mark = transaction_mark(transaction);
    if (!scan_range(transaction, 0, 100, false, &count, error))
        return false;
    assert_int_equal(count, 51 - 1 + 5);
    for (int64_t key = 20; key < 80; key++)
        if (!delete (transaction, key, error))
            return false;
    transaction_undo_to(transaction, mark);
    if (!scan_range(transaction, 0, 1000, true, &count, error))
        return false;
    assert_int_equal(count, MAIN_ROWS - 1 + 5 + 20);
    return true;
}

static bool change_tables(struct engine *engine, struct transaction *transaction, struct ssql_error *error)
{
    struct table_layout layout = fixture_layout();
    uint32_t table_id = 0;

    (void)engine;
    if (!transaction_create_table_as(transaction, 3, &layout, error))
        return false;
    for (int i = 0; i < 12; i++)
        if (!transaction_create_table(transaction, &layout, &table_id, error) ||
            !put(transaction, table_id, i, i, error))
            return false;
    return transaction_drop_table(transaction, table_id, error) &&
           transaction_drop_table(transaction, MAIN_TABLE + 2, error) && put(transaction, 3, 1, 1, error);
}

/* Keys out of order: sorted by a memtable; statements before and after the mark. */
static bool spill_scattered(struct engine *engine, struct transaction *transaction, struct ssql_error *error)
{
    struct table_layout layout = fixture_layout();
    uint32_t table_id = 0;
    uint64_t count, mark = 0;

    (void)engine;
    if (!transaction_create_table(transaction, &layout, &table_id, error) || !put(transaction, table_id, 1, 1, error) ||
        !transaction_drop_table(transaction, MAIN_TABLE + 3, error))
        return false;
    for (int64_t i = 0; i < 220; i++) {
        if (i % 100 == 70)
            mark = transaction_mark(transaction);
        if (!put(transaction, MAIN_TABLE, 5000 + i * 7 % 220, i, error))
            return false;
    }
    if (!get(transaction, 5003, true, error) || !insert(transaction, 5003, WRITE_DUPLICATE, error) ||
        !get(transaction, 4999, false, error) || !scan_range(transaction, 5000, 6000, true, &count, error))
        return false;
    for (int64_t key = 5000; key < 5220; key += 20)
        if (!get(transaction, key, true, error) || !insert(transaction, key, WRITE_DUPLICATE, error))
            return false;
    assert_int_equal(count, mark - 3); /* the tables' changes count, too */
    return delete (transaction, 5003, error) && put(transaction, MAIN_TABLE + 1, 77, 77, error);
}

static bool spill_in_order(struct engine *engine, struct transaction *transaction, struct ssql_error *error)
{
    (void)engine;
    for (int64_t i = 0; i < 250; i++) {
        if (i == 100)
            (void)transaction_mark(transaction);
        if (!insert(transaction, 9000 + i, WRITE_DONE, error))
            return false;
    }
    return true;
}

/* So many spills that their runs are merged with each other. */
static bool spill_often(struct engine *engine, struct transaction *transaction, struct ssql_error *error)
{
    (void)engine;
    for (int64_t i = 0; i < OFTEN; i++)
        if (!put(transaction, MAIN_TABLE, 20000 + i * 7 % OFTEN, i, error))
            return false;
    return get(transaction, 20001, true, error);
}

static bool drop_first(struct engine *engine, struct transaction *transaction, struct ssql_error *error)
{
    (void)engine;
    return transaction_drop_table(transaction, MAIN_TABLE + 4, error);
}

static bool divide_first(struct engine *engine, struct transaction *transaction, struct ssql_error *error)
{
    uint64_t count;

    (void)engine;
    if (!scan_range(transaction, 0, 1000, true, &count, error))
        return false;
    assert_int_equal(count, MAIN_ROWS + 5);
    return put(transaction, MAIN_TABLE + 1, 50, 50, error);
}

/* The memtables grow while the commit, which is in the log already, comes to them. */
static bool write_much(struct engine *engine, struct transaction *transaction, struct ssql_error *error)
{
    (void)engine;
    for (int64_t i = 0; i < 300; i++)
        if (!put(transaction, MAIN_TABLE + 1, 100 + i * 7 % 300, i, error))
            return false;
    return true;
}

static bool write_two(struct engine *engine, struct transaction *transaction, struct ssql_error *error)
{
    (void)engine;
    return put(transaction, MAIN_TABLE + 1, 50, 50, error) && put(transaction, MAIN_TABLE + 2, 50, 50, error);
}

/* Merges what is there; no row is other than before. */
static bool merge_files(struct engine *engine, struct transaction *transaction, struct ssql_error *error)
{
    (void)transaction;
    return engine_compact(engine, error);
}

/* ---- running it with a failure ---- */

enum cause { MEMORY, VOLUME };

struct run {
    transaction_work *work;
    struct engine_options options;
    enum cause cause;
    bool has_error; /* some callers do not want to know why */
    struct content before, after;
    struct volume *faulty;
    struct engine *engine;
    struct transaction *transaction;
};

/* An engine over a copy of the database, and a transaction that began before somebody else committed. */
static void begin_run(struct run *run)
{
    struct volume *copy;
    struct ssql_error error;

    assert_true(volume_memory_crash(database, UINT64_MAX, &copy, &error));
    assert_true(volume_faulty_create(copy, &run->faulty, &error));
    run->engine = fixture_open(run->faulty, &run->options);
    run->transaction = fixture_begin(run->engine, TRANSACTION_WRITE);
    put_rows(run->engine, MAIN_TABLE, 99990, 3, 10, 1);
    assert_true(engine_flush(run->engine, &error));
}

static bool run_work(struct run *run, struct ssql_error *error)
{
    return run->work(run->engine, run->transaction, error) && transaction_commit(run->transaction, error);
}

static void learn_contents(struct run *run)
{
    struct ssql_error error = {0};

    begin_run(run);
    run->before = read_content(run->engine);
    if (!run_work(run, &error))
        fail_msg("%s", error.message);
    run->after = read_content(run->engine);
    transaction_destroy(run->transaction);
    fixture_close(run->engine);
}

static void start_failing(struct run *run, long n)
{
    if (run->cause == MEMORY)
        memory_start_failing(n, false);
    else
        volume_faulty_set(run->faulty, &(struct fault_plan){.fail_at = (uint64_t)n + 1, .status = VOLUME_UNAVAILABLE});
}

static bool stop_failing(struct run *run, long n)
{
    bool has_failed = run->cause == MEMORY ? memory_has_failed() : volume_faulty_count(run->faulty) > (uint64_t)n;

    memory_stop_failing();
    volume_faulty_set(run->faulty, &(struct fault_plan){0});
    return has_failed;
}

static void check_content(const struct run *run, struct engine *engine, bool is_done, enum ssql_code code)
{
    struct content content = read_content(engine);

    if (is_done)
        assert_true(is_same(&content, &run->after));
    else if (code == SSQL_UNKNOWN_OUTCOME || code == SSQL_OK)
        assert_true(is_same(&content, &run->after) || is_same(&content, &run->before));
    else
        assert_true(is_same(&content, &run->before));
}

/* Returns whether anything failed. Every now and then the power is cut afterwards. */
static bool run_with_failure(struct run *run, long n)
{
    struct engine_options options = small_options();
    struct ssql_error error = {0};
    struct volume *image = NULL;
    struct ssql_error ignored;

    begin_run(run);
    start_failing(run, n);
    bool is_done = run_work(run, run->has_error ? &error : NULL);
    transaction_destroy(run->transaction);
    bool has_failed = stop_failing(run, n);
    assert_true(is_done || has_failed);
    enum ssql_code expected = run->cause == MEMORY ? SSQL_NO_MEMORY : SSQL_IO;
    if (!is_done && run->has_error)
        assert_true(error.code == expected || error.code == SSQL_UNKNOWN_OUTCOME);
    if (error.code != SSQL_UNKNOWN_OUTCOME && run->has_error)
        check_content(run, run->engine, is_done, error.code);
    if (n % REOPENED == 0 || error.code == SSQL_UNKNOWN_OUTCOME)
        assert_true(volume_memory_crash(volume_faulty_inner(run->faulty), 0, &image, &ignored));
    if (!engine_close(run->engine, NULL))
        assert_true(has_failed);
    if (image == NULL)
        return has_failed;
    struct engine *again = fixture_open(image, &options);
    check_content(run, again, is_done, is_done ? SSQL_OK : error.code);
    fixture_close(again);
    return has_failed;
}

static void fail_each(transaction_work *work, const struct engine_options *options, enum cause cause)
{
    struct run run = {.work = work, .options = *options, .cause = cause, .has_error = true};
    long n = 0;

    learn_contents(&run);
    while (run_with_failure(&run, n))
        n += n < SINGLE ? 1 : 1 + n % 11;
    assert_true(n > 1);
    for (long i = n > SINGLE + LAST ? n - LAST : SINGLE; i < n; i++) /* the commit itself */
        (void)run_with_failure(&run, i);
    run.has_error = false;
    for (n = n - 1; n >= 0; n -= 13)
        (void)run_with_failure(&run, n);
}

static void each_failure_in_a_transaction_over_many_tables(void **state)
{
    const struct engine_options options = large_options();

    (void)state;
    fail_each(write_many_tables, &options, MEMORY);
    fail_each(write_many_tables, &options, VOLUME);
}

static void each_failure_while_reading_and_writing(void **state)
{
    const struct engine_options options = large_options();

    (void)state;
    fail_each(read_and_write, &options, MEMORY);
    fail_each(read_and_write, &options, VOLUME);
}

static void each_failure_while_tables_come_and_go(void **state)
{
    const struct engine_options options = large_options();

    (void)state;
    fail_each(change_tables, &options, MEMORY);
    fail_each(change_tables, &options, VOLUME);
}

static void each_failure_of_a_spill_with_scattered_keys(void **state)
{
    const struct engine_options options = small_options();

    (void)state;
    fail_each(spill_scattered, &options, MEMORY);
    fail_each(spill_scattered, &options, VOLUME);
}

static void each_failure_of_a_spill_in_key_order(void **state)
{
    const struct engine_options options = small_options();

    (void)state;
    fail_each(spill_in_order, &options, MEMORY);
    fail_each(spill_in_order, &options, VOLUME);
}

static void each_failure_of_spills_that_are_merged(void **state)
{
    const struct engine_options options = small_options();

    (void)state;
    fail_each(spill_often, &options, MEMORY);
    fail_each(spill_often, &options, VOLUME);
}

static void each_failure_of_what_comes_first_in_a_transaction(void **state)
{
    const struct engine_options options = large_options();

    (void)state;
    fail_each(drop_first, &options, MEMORY);
    fail_each(divide_first, &options, MEMORY);
    fail_each(write_much, &options, MEMORY);
}

static void each_failure_when_every_commit_freezes_its_memtable(void **state)
{
    struct engine_options options = large_options();

    (void)state;
    options.memtable_bytes = 1;
    fail_each(write_two, &options, MEMORY);
    fail_each(write_two, &options, VOLUME);
}

static void each_failure_of_a_compaction(void **state)
{
    const struct engine_options options = large_options();

    (void)state;
    fail_each(merge_files, &options, MEMORY);
    fail_each(merge_files, &options, VOLUME);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_failure_in_a_transaction_over_many_tables),
        cmocka_unit_test(each_failure_while_reading_and_writing),
        cmocka_unit_test(each_failure_while_tables_come_and_go),
        cmocka_unit_test(each_failure_of_a_spill_with_scattered_keys),
        cmocka_unit_test(each_failure_of_a_spill_in_key_order),
        cmocka_unit_test(each_failure_of_spills_that_are_merged),
        cmocka_unit_test(each_failure_of_what_comes_first_in_a_transaction),
        cmocka_unit_test(each_failure_when_every_commit_freezes_its_memtable),
        cmocka_unit_test(each_failure_of_a_compaction),
    };
    return cmocka_run_group_tests(tests, make_database, drop_database);
}
