/* Who waits for a scan or a compaction is told how far it is, and can end it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "base/cancellation.h"
#include "storage/scan.h"
#include "support/engine_fixture.h"

enum { ROWS = 3000 };

/* A look at every chance: of the clock's next tick is not waited for. */
struct watch {
    struct cancellation cancellation;
    struct progress progress;
    int calls, refused_at; /* -1: never */
    int64_t last_done;
};

static int report(void *context, const char *what, int64_t done, int64_t total)
{
    struct watch *watch = context;

    (void)what;
    (void)total;
    assert_true(done >= watch->last_done);
    watch->last_done = done;
    watch->progress.next_report_ns = 0;
    return watch->calls++ == watch->refused_at;
}

static void watch_start(struct watch *watch, int refused_at)
{
    *watch = (struct watch){.refused_at = refused_at};
    watch->progress = (struct progress){.report = report, .context = watch, .counted = &watch->cancellation.counted};
    watch->cancellation.progress = &watch->progress;
    progress_start(&watch->progress);
    watch->progress.next_report_ns = 0;
}

/* Several files that overlap. */
static struct engine *open_filled(uint32_t *table_id)
{
    struct engine_options options = fixture_options(true);
    struct ssql_error error = {0};

    options.level0_files = 100; /* nothing is merged by itself */
    struct engine *engine = fixture_open(fixture_volume(), &options);
    *table_id = fixture_create_table(engine);
    for (int part = 0; part < 3; part++) {
        struct transaction *transaction = fixture_begin(engine, TRANSACTION_WRITE);
        for (int64_t key = part; key < ROWS; key += 3)
            fixture_put(transaction, *table_id, key, key);
        assert_int_equal(fixture_commit(transaction), SSQL_OK);
        assert_true(part == 2 || engine_flush(engine, &error));
    }
    return engine;
}

static void a_compaction_counts_its_rows(void **state)
{
    struct ssql_error error = {0};
    struct watch watch;
    uint32_t table_id;
    struct engine *engine = open_filled(&table_id);

    (void)state;
    watch_start(&watch, -1);
    assert_true(engine_compact_table(engine, table_id, &watch.cancellation, &error));
    assert_string_equal(watch.progress.what, "compacting");
    assert_int_equal(watch.progress.total, ROWS);
    assert_int_equal(watch.progress.done, ROWS);
    assert_true(watch.calls > 3);
    assert_int_equal(fixture_count(engine, table_id), ROWS);

    watch_start(&watch, -1); /* of a table that is not there, and of none that needs it */
    assert_true(engine_compact_table(engine, table_id + 1, &watch.cancellation, &error));
    assert_true(engine_compact_table(engine, EVERY_TABLE, NULL, &error));
    assert_int_equal(watch.progress.total, 0);
    assert_int_equal(watch.progress.done, 0);
    fixture_close(engine);
}

static uint64_t count_files(struct engine *engine, uint32_t table_id)
{
    struct table_statistics statistics;
    struct ssql_error error = {0};
    uint64_t count = 0;

    assert_true(engine_table_statistics(engine, table_id, &statistics, &error));
    for (int level = 0; level < LEVELS; level++)
        count += statistics.file_count[level];
    return count;
}

static void a_compaction_can_be_ended_and_done_later(void **state)
{
    uint32_t table_id;
    struct engine *engine = open_filled(&table_id);
    struct watch watch;

    (void)state;
    for (int refused_at = 0; refused_at < 4; refused_at++) {
        struct ssql_error error = {0};
        watch_start(&watch, refused_at);
        assert_false(engine_compact_table(engine, EVERY_TABLE, &watch.cancellation, &error));
        assert_int_equal(error.code, SSQL_INTERRUPTED);
        assert_int_equal(watch.calls, refused_at + 1);
        assert_true(count_files(engine, table_id) > 2);
        assert_int_equal(fixture_count(engine, table_id), ROWS);
    }
    struct ssql_error error = {0};
    assert_true(engine_compact_table(engine, EVERY_TABLE, NULL, &error));
    assert_int_equal(fixture_count(engine, table_id), ROWS);
    fixture_close(engine);
}

static bool refuse_all(void *context, struct batch *batch, struct ssql_error *error)
{
    (void)context;
    (void)error;
    batch->selected_count = 0;
    return true;
}

/* Reads all; the rows that came. */
static uint64_t read_all(struct engine *engine, uint32_t table_id, struct scan_request *request,
                         struct scan_statistics *statistics)
{
    static const uint16_t columns[] = {0, 1};
    struct transaction *transaction = fixture_begin(engine, TRANSACTION_READ);
    struct ssql_error error = {0};
    struct scan *scan;
    struct batch batch;
    uint64_t rows = 0;

    request->columns = columns;
    request->column_count = request->filter_column_count = 2;
    assert_true(scan_open(transaction, transaction_table(transaction, table_id), request, &scan, &error));
    do {
        assert_true(scan_next(scan, &batch, &error));
        rows += batch.row_count == 0 ? 0 : batch.selected_count;
    } while (batch.row_count > 0);
    scan_read_statistics(scan, statistics);
    scan_close(scan);
    fixture_rollback(transaction);
    return rows;
}

static void a_scan_counts_rows_that_the_filter_refuses(void **state)
{
    const struct scan_filter filter = {.apply = refuse_all};
    uint32_t table_id;
    struct engine *engine = open_filled(&table_id);

    (void)state;
    for (int is_ordered = 0; is_ordered < 2; is_ordered++) {
        struct watch watch;
        struct cancellation helper = {.outer = &watch.cancellation};
        struct scan_statistics statistics;
        struct scan_request request = {.filter = &filter, .in_key_order = is_ordered, .cancellation = &helper};
        watch_start(&watch, -1);
        assert_int_equal(read_all(engine, table_id, &request, &statistics), 0);
        assert_true(statistics.rows_read >= ROWS);
        assert_true(atomic_load(&watch.cancellation.counted) > ROWS / 2);
        assert_true((uint64_t)atomic_load(&watch.cancellation.counted) <= statistics.rows_read);
        assert_int_equal(atomic_load(&helper.counted), 0);
    }
    fixture_close(engine);
}

/* Else the end would seem far when most of the table is passed over. */
static void a_scan_counts_rows_of_blocks_that_are_left_out(void **state)
{
    const struct zone_predicate nothing = {
        .column = 1, .operator= ZONE_GREATER, .constant = {.type = SSQL_TYPE_INT, .integer = ROWS}};
    struct ssql_error error = {0};
    struct scan_statistics statistics;
    struct watch watch;
    uint32_t table_id;
    struct engine *engine = open_filled(&table_id);

    (void)state;
    assert_true(engine_compact_table(engine, EVERY_TABLE, NULL, &error));
    struct scan_request request = {.zones = &nothing, .zone_count = 1, .cancellation = &watch.cancellation};
    watch_start(&watch, -1);
    (void)read_all(engine, table_id, &request, &statistics);
    assert_true(statistics.blocks_skipped > 0);
    assert_int_equal(statistics.rows_read + statistics.rows_skipped, ROWS);
    assert_int_equal(atomic_load(&watch.cancellation.counted), ROWS);
    fixture_close(engine);
}

static void what_was_counted_before_belongs_to_what_was_done_before(void **state)
{
    struct ssql_error error = {0};
    struct watch watch;

    (void)state;
    watch_start(&watch, -1);
    cancellation_count(&watch.cancellation, 100);
    assert_true(cancellation_check(&watch.cancellation, &error));
    assert_int_equal(watch.last_done, 100);
    watch.last_done = 0;
    progress_begin(&watch.progress, "sorting", 7);
    cancellation_count(&watch.cancellation, 5);
    watch.progress.done = 1;
    assert_true(cancellation_check(&watch.cancellation, &error));
    assert_int_equal(watch.last_done, 6);
}

static void statistics_count_filters_and_memtables(void **state)
{
    struct engine_statistics before, after;
    uint32_t table_id;
    struct engine *engine = open_filled(&table_id);

    (void)state;
    assert_int_equal(fixture_put_one(engine, table_id, ROWS, 1), SSQL_OK);
    engine_read_statistics(engine, &before);
    assert_int_equal(before.memtables, 1);
    for (int64_t key = 0; key < 90; key++)
        assert_int_equal(fixture_get_one(engine, table_id, key), key);
    engine_read_statistics(engine, &after);
    /* a key of one file is within the range of another, whose filter rules it out nearly always */
    assert_true(after.filter_hits - before.filter_hits >= 30);
    assert_true(after.filter_misses - before.filter_misses >= 60);
    struct ssql_error error = {0};
    assert_true(engine_flush(engine, &error));
    engine_read_statistics(engine, &after);
    assert_int_equal(after.memtables, 0);
    fixture_close(engine);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_compaction_counts_its_rows),
        cmocka_unit_test(a_compaction_can_be_ended_and_done_later),
        cmocka_unit_test(a_scan_counts_rows_that_the_filter_refuses),
        cmocka_unit_test(a_scan_counts_rows_of_blocks_that_are_left_out),
        cmocka_unit_test(what_was_counted_before_belongs_to_what_was_done_before),
        cmocka_unit_test(statistics_count_filters_and_memtables),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
