/* Recovery: after a crash at any moment the database holds a prefix of the commits, with all that were acknowledged. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "storage/manifest.h"
#include "storage/wal.h"
#include "support/engine_fixture.h"

/* The history: commit number n (from 1) puts key n % 10 in table one and the same in table two, both with number n, and
 * every fifth drops what it finds and begins anew. So any prefix is told by the highest number, and both tables agree.
 */
enum { COMMITS = 60, TABLE_ONE = 1, TABLE_TWO = 2 };

static void create_tables(struct engine *engine)
{
    struct transaction *transaction = fixture_begin(engine, TRANSACTION_WRITE);
    struct table_layout layout = fixture_layout();
    struct ssql_error error;

    assert_true(transaction_create_table_as(transaction, TABLE_ONE, &layout, &error));
    assert_true(transaction_create_table_as(transaction, TABLE_TWO, &layout, &error));
    assert_int_equal(fixture_commit(transaction), SSQL_OK);
}

static void commit_number(struct engine *engine, int64_t number)
{
    struct transaction *transaction = fixture_begin(engine, TRANSACTION_WRITE);

    for (uint32_t table_id = TABLE_ONE; table_id <= TABLE_TWO; table_id++) {
        if (number % 5 == 0)
            fixture_delete(transaction, table_id, (number - 1) % 10);
        fixture_put(transaction, table_id, number % 10, number);
    }
    assert_int_equal(fixture_commit(transaction), SSQL_OK);
}

/* What the tables hold after `last` commits. */
static void expect(int64_t last, int64_t numbers[10])
{
    for (int i = 0; i < 10; i++)
        numbers[i] = -1;
    for (int64_t number = 1; number <= last; number++) {
        if (number % 5 == 0)
            numbers[(number - 1) % 10] = -1;
        numbers[number % 10] = number;
    }
}

/* Checks that the engine holds a prefix of at least `acknowledged` commits; returns its length. */
static int64_t assert_prefix(struct engine *engine, int64_t acknowledged)
{
    struct transaction *transaction = fixture_begin(engine, TRANSACTION_READ);
    int64_t last = 0, numbers[10];

    if (transaction_table(transaction, TABLE_ONE) == NULL) {
        assert_int_equal(acknowledged, -1);
        assert_null(transaction_table(transaction, TABLE_TWO));
        fixture_rollback(transaction);
        return -1;
    }
    for (int64_t key = 0; key < 10; key++) {
        int64_t number = fixture_get(transaction, TABLE_ONE, key);
        if (number > last)
            last = number;
    }
    assert_true(last >= acknowledged);
    expect(last, numbers);
    for (int64_t key = 0; key < 10; key++) {
        assert_int_equal(fixture_get(transaction, TABLE_ONE, key), numbers[key]);
        assert_int_equal(fixture_get(transaction, TABLE_TWO, key), numbers[key]);
    }
    fixture_rollback(transaction);
    return last;
}

static void crash_and_check(struct volume *volume, const struct engine_options *options, uint64_t seed,
                            int64_t acknowledged)
{
    struct volume *after, *again;
    struct ssql_error error;

    assert_true(volume_memory_crash(volume, seed, &after, &error));
    struct engine *engine = fixture_open(after, options);
    int64_t last = assert_prefix(engine, acknowledged);
    /* What was recovered is not lost by the next crash, and the database goes on. */
    if (last >= 0) {
        commit_number(engine, last + 1);
        assert_true(volume_memory_crash(after, 0, &again, &error));
        fixture_close(engine);
        engine = fixture_open(again, options);
        int64_t certain = options->sync == SYNC_FULL ? last + 1 : last;
        assert_true(assert_prefix(engine, certain) <= last + 1);
    }
    fixture_close(engine);
}

static void crash_everywhere(bool is_tiny, enum sync_mode sync)
{
    struct engine_options options = fixture_options(is_tiny);
    options.sync = sync;
    uint64_t random = fixture_seed();
    struct volume *volume = fixture_volume();
    struct engine *engine = fixture_open(volume, &options);
    struct ssql_error error;
    unsigned crashes = fixture_rounds(3);

    crash_and_check(volume, &options, 0, -1);
    create_tables(engine);
    for (int64_t number = 1; number <= COMMITS; number++) {
        commit_number(engine, number);
        if (fixture_random(&random) % 8 == 0)
            assert_true(engine_flush(engine, &error));
        if (fixture_random(&random) % 16 == 0)
            assert_true(engine_compact(engine, &error));
        int64_t acknowledged = sync == SYNC_FULL ? number : -1;
        crash_and_check(volume, &options, 0, acknowledged);
        for (unsigned i = 0; i < crashes; i++)
            crash_and_check(volume, &options, fixture_random(&random) | 1, acknowledged);
    }
    fixture_close(engine);
}

static void a_crash_after_any_commit_keeps_it_with_default_options(void **state)
{
    (void)state;
    crash_everywhere(false, SYNC_FULL);
}

static void a_crash_after_any_commit_keeps_it_with_everything_tiny(void **state)
{
    (void)state;
    crash_everywhere(true, SYNC_FULL);
}

static void without_syncs_a_crash_keeps_a_prefix(void **state)
{
    (void)state;
    crash_everywhere(true, SYNC_OFF);
}

static void a_log_larger_than_the_memtables_is_recovered_within_their_budget(void **state)
{
    (void)state;
    enum { ROWS = 30000 };
    struct engine_options options = fixture_options(false), tiny = fixture_options(true);
    struct volume *volume = fixture_volume(), *after;
    struct engine *engine = fixture_open(volume, &options);
    struct ssql_error error;
    uint32_t table_id = fixture_create_table(engine);

    for (int64_t key = 0; key < ROWS; key += 1000) {
        struct transaction *transaction = fixture_begin(engine, TRANSACTION_WRITE);
        for (int64_t i = 0; i < 1000; i++)
            fixture_put(transaction, table_id, key + i, key + i);
        assert_int_equal(fixture_commit(transaction), SSQL_OK);
    }
    assert_true(volume_memory_crash(volume, UINT64_MAX, &after, &error));
    fixture_close(engine);
    engine = fixture_open(after, &tiny);
    struct engine_statistics statistics;
    engine_read_statistics(engine, &statistics);
    assert_true(statistics.flushes > 2);
    assert_true(statistics.memtable_bytes <= tiny.memory_limit_bytes / 4);
    assert_int_equal(fixture_count(engine, table_id), ROWS);
    for (int64_t key = 0; key < ROWS; key += 997)
        assert_int_equal(fixture_get_one(engine, table_id, key), key);
    assert_int_equal(fixture_put_one(engine, table_id, 1, 2), SSQL_OK);
    fixture_close(engine);
}

/* ---- damage ---- */

struct names {
    char name[64][VOLUME_NAME_SIZE];
    uint64_t size[64];
    int count;
};

static bool note_name(void *context, const char *name, uint64_t size)
{
    struct names *names = context;

    assert_true(names->count < 64);
    snprintf(names->name[names->count], VOLUME_NAME_SIZE, "%s", name);
    names->size[names->count++] = size;
    return true;
}

static void list(struct volume *volume, struct names *names)
{
    struct ssql_error error;

    *names = (struct names){0};
    assert_int_equal(volume_list(volume, note_name, names, &error), VOLUME_OK);
}

/* A volume that was closed cleanly after `count` commits; some in files, some in the log. */
static struct volume *closed_volume(int64_t count)
{
    struct engine_options options = fixture_options(false);
    struct volume *volume = fixture_volume(), *after;
    struct engine *engine = fixture_open(volume, &options);
    struct ssql_error error;

    create_tables(engine);
    for (int64_t number = 1; number <= count; number++) {
        commit_number(engine, number);
        if (number == count / 2)
            assert_true(engine_flush(engine, &error));
    }
    assert_true(volume_memory_crash(volume, UINT64_MAX, &after, &error));
    fixture_close(engine);
    return after;
}

/* After a flipped bit: an error that says so, or every row right. */
static void every_damaged_file_is_noticed_or_harmless(void **state)
{
    (void)state;
    struct engine_options options = fixture_options(false);
    struct volume *volume = closed_volume(20);
    uint64_t random = fixture_seed();
    struct names names;
    struct ssql_error error = {0};

    list(volume, &names);
    assert_true(names.count >= 2);
    for (unsigned round = 0; round < fixture_rounds(300); round++) {
        int i = (int)(fixture_random(&random) % (uint64_t)names.count);
        uint64_t limit = names.size[i] < 2000 ? names.size[i] : 2000;
        uint64_t offset = fixture_random(&random) % limit;
        struct volume *copy;
        struct engine *engine;
        assert_true(volume_memory_crash(volume, UINT64_MAX, &copy, &error));
        assert_true(volume_memory_damage(copy, names.name[i], offset, (uint8_t)(1 << round % 8)));
        if (!engine_open(copy, &options, &engine, &error)) {
            assert_true(error.code == SSQL_CORRUPT || error.code == SSQL_CANNOT_OPEN);
            continue;
        }
        struct transaction *transaction = fixture_begin(engine, TRANSACTION_READ);
        struct table *table = transaction_table(transaction, TABLE_ONE);
        struct row_pin *pin;
        struct value value;
        assert_true(row_pin_create(&pin, &error));
        assert_non_null(table);
        int64_t numbers[10];
        expect(20, numbers);
        for (int64_t key = 0; key < 10; key++) {
            static const uint16_t column = 2;
            uint8_t bytes[8] = {0x80, 0, 0, 0, 0, 0, 0, (uint8_t)key};
            char expected[FIXTURE_TEXT_SIZE];
            bool found;
            if (!transaction_get(transaction, table, slice_make(bytes, 8), &column, 1, pin, &value, &found, &error)) {
                assert_int_equal(error.code, SSQL_CORRUPT);
                continue;
            }
            assert_int_equal(found, numbers[key] != -1);
            snprintf(expected, sizeof expected, "text of %lld", (long long)numbers[key]);
            if (found)
                assert_true(slice_equal(value.string, slice_of(expected)));
        }
        row_pin_destroy(pin);
        fixture_rollback(transaction);
        if (!engine_close(engine, &error))
            assert_int_equal(error.code, SSQL_CORRUPT);
    }
    volume_close(volume);
}

static void a_missing_file_is_named(void **state)
{
    (void)state;
    struct engine_options options = fixture_options(false);
    struct volume *volume = closed_volume(20);
    struct engine *engine;
    struct names names;
    struct ssql_error error = {0};

    list(volume, &names);
    for (int i = 0; i < names.count; i++) {
        if (strncmp(names.name[i], "tables/", 7) != 0)
            continue;
        assert_int_equal(object_delete(volume, names.name[i], &error), VOLUME_OK);
        assert_false(engine_open(volume, &options, &engine, &error));
        assert_non_null(strstr(error.message, names.name[i]));
        return;
    }
    fail_msg("there is no file");
}

static void orphans_of_a_crash_are_removed(void **state)
{
    (void)state;
    struct engine_options options = fixture_options(false);
    struct volume *volume = closed_volume(20);
    struct names names;
    struct object_writer *writer;
    struct ssql_error error;

    assert_int_equal(object_create(volume, "tables/1/sst-1-999", 0, &writer, &error), VOLUME_OK);
    assert_int_equal(object_append(writer, slice_of("left over"), &error), VOLUME_OK);
    assert_int_equal(object_finish(writer, &error), VOLUME_OK);
    struct engine *engine = fixture_open(volume, &options);
    list(volume, &names);
    for (int i = 0; i < names.count; i++)
        assert_string_not_equal(names.name[i], "tables/1/sst-1-999");
    assert_int_equal(assert_prefix(engine, 20), 20);
    fixture_close(engine);
}

static bool pass_over(void *context, const struct wal_record *record, struct ssql_error *error)
{
    (void)context;
    (void)record;
    (void)error;
    return true;
}

/* A crash between the first segment of a run and the manifest that names it. */
static void a_segment_that_was_never_named_is_passed_and_removed(void **state)
{
    (void)state;
    struct engine_options options = fixture_options(false);
    struct volume *volume = closed_volume(20), *after;
    char orphan[WAL_NAME_SIZE];
    struct wal_recovery found;
    struct manifest *manifest;
    struct names names;
    struct volume_log *log;
    struct ssql_error error;

    assert_true(manifest_load(volume, &manifest, &error));
    assert_true(wal_recover(volume, manifest->runs, manifest->run_count, false, pass_over, NULL, &found, &error));
    wal_segment_name(manifest->header.epoch + 1, found.next_segment, orphan);
    wal_recovery_clear(&found);
    manifest_destroy(manifest);
    assert_int_equal(log_create(volume, orphan, 4096, NULL, &log, &error), VOLUME_OK);
    log_close(log);
    struct engine *engine = fixture_open(volume, &options);
    list(volume, &names);
    for (int i = 0; i < names.count; i++)
        assert_string_not_equal(names.name[i], orphan);
    commit_number(engine, 21);
    list(volume, &names);
    for (int i = 0; i < names.count; i++)
        assert_string_not_equal(names.name[i], orphan);
    assert_true(volume_memory_crash(volume, 0, &after, &error));
    fixture_close(engine);
    engine = fixture_open(after, &options);
    assert_int_equal(assert_prefix(engine, 21), 21);
    fixture_close(engine);
}

static void many_short_runs_do_not_pile_up(void **state)
{
    (void)state;
    struct engine_options options = fixture_options(false);
    struct volume *volume = fixture_volume(), *after;
    struct engine *engine = fixture_open(volume, &options);
    struct engine_statistics statistics;
    struct ssql_error error;

    create_tables(engine);
    for (int64_t number = 1; number <= 40; number++) {
        commit_number(engine, number);
        assert_true(volume_memory_crash(volume, UINT64_MAX, &after, &error));
        fixture_close(engine);
        volume = after;
        engine = fixture_open(volume, &options);
        engine_read_statistics(engine, &statistics);
        assert_true(statistics.wal_segments <= 10);
    }
    assert_int_equal(assert_prefix(engine, 40), 40);
    fixture_close(engine);
}

static bool count_table_file(void *context, const char *name, uint64_t size)
{
    (void)size;
    *(unsigned *)context += strncmp(name, "tables/", 7) == 0;
    return true;
}

/* The process has named its run of the log in the manifest and written files, but nothing to the log. */
static void files_of_a_transaction_that_a_crash_ended_are_removed(void **state)
{
    struct engine_options options = fixture_options(true);
    struct volume *second, *after;
    struct ssql_error error;
    unsigned count = 0;

    (void)state;
    struct volume *volume = fixture_volume();
    struct engine *engine = fixture_open(volume, &options);
    create_tables(engine);
    assert_true(engine_flush(engine, &error));
    assert_true(volume_memory_crash(volume, UINT64_MAX, &after, &error));
    fixture_close(engine);
    engine = fixture_open(after, &options); /* not closed cleanly: cleans up, and names its run */
    assert_true(engine_flush(engine, &error));
    assert_true(volume_memory_crash(after, UINT64_MAX, &second, &error));
    fixture_close(engine);
    engine = fixture_open(second, &options);
    struct transaction *transaction = fixture_begin(engine, TRANSACTION_WRITE);
    for (int64_t key = 0; key < 3000; key++)
        fixture_put(transaction, TABLE_ONE, key, key);
    assert_int_equal(volume_list(second, count_table_file, &count, &error), VOLUME_OK);
    assert_true(count > 0);
    assert_true(volume_memory_crash(second, UINT64_MAX, &after, &error));
    fixture_rollback(transaction);
    fixture_close(engine);
    engine = fixture_open(after, &options);
    count = 0;
    assert_int_equal(volume_list(after, count_table_file, &count, &error), VOLUME_OK);
    assert_int_equal(count, 0);
    fixture_close(engine);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_crash_after_any_commit_keeps_it_with_default_options),
        cmocka_unit_test(a_crash_after_any_commit_keeps_it_with_everything_tiny),
        cmocka_unit_test(without_syncs_a_crash_keeps_a_prefix),
        cmocka_unit_test(a_log_larger_than_the_memtables_is_recovered_within_their_budget),
        cmocka_unit_test(every_damaged_file_is_noticed_or_harmless),
        cmocka_unit_test(a_missing_file_is_named),
        cmocka_unit_test(orphans_of_a_crash_are_removed),
        cmocka_unit_test(a_segment_that_was_never_named_is_passed_and_removed),
        cmocka_unit_test(files_of_a_transaction_that_a_crash_ended_are_removed),
        cmocka_unit_test(many_short_runs_do_not_pile_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
