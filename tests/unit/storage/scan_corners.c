/* Scans at their edges: batches that are full in the middle of a run, blocks that are counted unread or not, memory
 * that is kept or not, files whose last key is another one than the manifest says. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>

#include "base/key_codec.h"
#include "storage/engine_internal.h"
#include "storage/scan.h"
#include "storage/scan_source.h"
#include "storage/transaction_internal.h"
#include "support/engine_fixture.h"
#include "support/sstable_fixture.h"

enum { TABLE = FIRST_USER_TABLE };

static struct engine *open_with_table(void)
{
    struct engine_options options = fixture_options(false);

    options.level0_files = 50;
    struct engine *engine = fixture_open(fixture_volume(), &options);
    assert_int_equal(fixture_create_table(engine), TABLE);
    return engine;
}

static void put_some(struct transaction *transaction, int64_t first, int64_t count)
{
    for (int64_t i = first; i < first + count; i++)
        fixture_put(transaction, TABLE, i, i);
}

/* Half of a block of the one file, all of the other's, and a batch is full before either has ended. */
static void a_batch_ends_within_a_run(void **state)
{
    enum { COUNT = 2 * 600 + 1500 };
    static struct fixture_pair pairs[COUNT + 1];
    struct engine *engine = open_with_table();
    struct transaction *transaction = fixture_begin(engine, TRANSACTION_WRITE);

    (void)state;
    put_some(transaction, 0, 600);
    put_some(transaction, 5000, 600);
    assert_int_equal(fixture_commit(transaction), SSQL_OK);
    assert_true(engine_flush(engine, NULL));
    transaction = fixture_begin(engine, TRANSACTION_WRITE);
    put_some(transaction, 1000, 1500);
    assert_int_equal(fixture_commit(transaction), SSQL_OK);
    assert_true(engine_flush(engine, NULL));
    transaction = fixture_begin(engine, TRANSACTION_READ);
    assert_int_equal(fixture_scan(transaction, TABLE, 0, INT64_MAX, pairs, COUNT + 1), COUNT);
    for (int i = 0; i < COUNT; i++)
        assert_int_equal(pairs[i].key, i < 600 ? i : i < 2100 ? 400 + i : 2900 + i);
    fixture_rollback(transaction);
    fixture_close(engine);
}

/* ---- counting ---- */

static uint64_t count_rows(struct transaction *transaction, bool in_key_order, struct scan_statistics *statistics)
{
    const struct scan_request request = {.in_key_order = in_key_order};
    struct scan *scan;
    struct batch batch;
    uint64_t count = 0;

    assert_true(scan_open(transaction, transaction_table(transaction, TABLE), &request, &scan, NULL));
    do {
        assert_true(scan_next(scan, &batch, NULL));
        count += batch.selected_count;
    } while (batch.row_count > 0);
    scan_read_statistics(scan, statistics);
    scan_close(scan);
    return count;
}

static void assert_counted(struct transaction *transaction, uint64_t expected, bool is_unread)
{
    struct scan_statistics statistics;

    for (int in_order = 0; in_order < 2; in_order++) {
        assert_int_equal(count_rows(transaction, in_order == 1, &statistics), expected);
        assert_int_equal(statistics.rows_read == 0, is_unread);
    }
}

/* Rows of a file are counted by its description when every snapshot sees all of them: a spilled commit's, of which this
 * one is or is not, and what was merged to the bottom. */
static void what_every_row_of_a_file_is_visible_of_is_counted_unread(void **state)
{
    struct engine *engine = open_with_table();
    struct transaction *before = NULL, *transaction;

    (void)state;
    for (int64_t first = 0; first < 2000; first += 1000) { /* both in one run */
        transaction = fixture_begin(engine, TRANSACTION_WRITE);
        put_some(transaction, first, 50);
        assert_true(transaction_spill(transaction, NULL));
        assert_int_equal(fixture_commit(transaction), SSQL_OK);
        if (before == NULL)
            before = fixture_begin(engine, TRANSACTION_READ);
    }
    assert_counted(before, 50, false);
    fixture_rollback(before);
    transaction = fixture_begin(engine, TRANSACTION_READ);
    assert_counted(transaction, 100, true);
    fixture_rollback(transaction);
    assert_true(engine_compact(engine, NULL));
    transaction = fixture_begin(engine, TRANSACTION_READ);
    assert_counted(transaction, 100, true);
    fixture_rollback(transaction);
    transaction = fixture_begin(engine, TRANSACTION_WRITE);
    put_some(transaction, 200, 100);
    assert_int_equal(fixture_commit(transaction), SSQL_OK);
    assert_true(engine_flush(engine, NULL));
    transaction = fixture_begin(engine, TRANSACTION_READ);
    assert_counted(transaction, 200, false);
    fixture_rollback(transaction);
    fixture_close(engine);
}

/* ---- memory ---- */

static void a_scan_of_many_columns_keeps_no_memory(void **state)
{
    enum { COLUMNS = 20 };
    struct engine_options options = fixture_options(false);
    struct engine *engine = fixture_open(fixture_volume(), &options);
    struct transaction *transaction = fixture_begin(engine, TRANSACTION_WRITE);
    struct table_layout layout = {.column_count = COLUMNS, .key_count = 1};
    struct value values[COLUMNS];
    uint16_t columns[COLUMNS];
    uint32_t table_id;

    (void)state;
    for (uint16_t i = 0; i < COLUMNS; i++) {
        layout.types[i] = SSQL_TYPE_INT;
        values[i] = value_int(i);
        columns[i] = i;
    }
    assert_true(transaction_create_table(transaction, &layout, &table_id, NULL));
    struct table *table = transaction_table(transaction, table_id);
    assert_true(transaction_put(transaction, table, values, NULL));
    (void)transaction_mark(transaction);
    for (uint32_t count = 1; count <= COLUMNS; count++) {
        const struct scan_request request = {.columns = columns, .column_count = count};
        struct scan *scan;
        struct batch batch;
        assert_true(scan_open(transaction, table, &request, &scan, NULL));
        assert_true(scan_next(scan, &batch, NULL));
        assert_int_equal(batch.selected_count, 1);
        struct scan *rested = scan_rest(scan);
        assert_int_equal(rested != NULL, count <= 16);
        scan_close(rested);
    }
    fixture_rollback(transaction);
    fixture_close(engine);
}

/* ---- a manifest that says too much ---- */

static void a_key_behind_the_last_block_is_in_none(void **state)
{
    static const struct source_options options = {.snapshot = UINT64_MAX};
    const struct key_range all = {0};
    struct sstable_fixture fixture;
    struct table_file file = {0}, *files[] = {&file};
    struct scan_source source;
    struct scan_statistics statistics = {0};
    uint8_t beyond[INT_KEY_SIZE];

    (void)state;
    sstable_fixture_init(&fixture, SSTABLE_INT_KEY);
    assert_true(sstable_fixture_write(&fixture, NULL));
    assert_true(sstable_open(fixture.volume, fixture.cache, fixture.format, &fixture.info, &file.sstable, NULL));
    file.info = fixture.info;
    key_encode_int(INT64_MAX, beyond);
    struct slice first = sstable_block_first_key(file.sstable, 0), key = slice_make(beyond, sizeof beyond);
    file.info.last_key = (struct buffer){.data = beyond, .size = sizeof beyond, .capacity = sizeof beyond};
    source_init(&source, fixture.format, 0, &statistics);
    source_start_files(&source, files, 1, &all, &options);
    assert_true(source_may_overlap(&source, first, key));
    assert_false(source_may_overlap(&source, key, key));
    source_clear(&source);
    sstable_close(file.sstable);
    sstable_fixture_clear(&fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_batch_ends_within_a_run),
        cmocka_unit_test(what_every_row_of_a_file_is_visible_of_is_counted_unread),
        cmocka_unit_test(a_scan_of_many_columns_keeps_no_memory),
        cmocka_unit_test(a_key_behind_the_last_block_is_in_none),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
