/* Looking up keys where memory is missing or a block cannot be read, in very many runs, and outside of all files. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "api/failing_memory.h"
#include "base/key_codec.h"
#include "storage/engine_internal.h"
#include "storage/lookup_internal.h"
#include "storage/sstable_writer.h"
#include "support/engine_fixture.h"
#include "support/sstable_fixture.h"

/* ---- one file ---- */

/* A key with a float is compared by its bytes, which take memory for every search: also for where its versions end. */
static void a_version_is_found_or_memory_is_missing(void **state)
{
    enum { ROW = 10 };
    char strings[FIXTURE_SSTABLE_COLUMNS_MOST][FIXTURE_STRING_MOST];
    struct value values[FIXTURE_SSTABLE_COLUMNS_MOST];
    struct sstable_fixture fixture;
    struct table_file file = {0};
    struct buffer bytes = {0};
    bool is_done = false;
    long n;

    (void)state;
    sstable_fixture_init(&fixture, SSTABLE_FLOAT_KEY);
    assert_true(sstable_fixture_write(&fixture, NULL));
    assert_true(sstable_open(fixture.volume, fixture.cache, fixture.format, &fixture.info, &file.sstable, NULL));
    file.info = fixture.info;
    sstable_fixture_row(&fixture, ROW, strings, values);
    assert_true(row_encode_key(fixture.format, values, &bytes, NULL));
    const struct lookup_key key = lookup_key_make(buffer_slice(&bytes));
    for (n = 0; !is_done; n++) {
        struct ssql_error error = {0};
        struct block block = {0};
        bool found;
        uint32_t row;
        memory_start_failing(n, false);
        is_done = file_find_version(&file, &key, 0, &block, &row, &found, &error);
        bool has_failed = memory_has_failed();
        memory_stop_failing();
        assert_int_equal(is_done, !has_failed);
        assert_int_equal(error.code, is_done ? SSQL_OK : SSQL_NO_MEMORY);
        assert_false(is_done && found);
    }
    assert_true(n > 2);
    struct block block = {0};
    bool found;
    uint32_t row;
    assert_true(file_find_version(&file, &key, UINT64_MAX, &block, &row, &found, NULL));
    assert_true(found);
    block_release(&block);
    sstable_close(file.sstable);
    buffer_clear(&bytes);
    sstable_fixture_clear(&fixture);
}

/* A file's filter does not count where the cache has no room, unless it must be there. */
static void a_filter_that_has_no_room_is_read_where_it_must_be(void **state)
{
    struct sstable_fixture fixture;
    struct block_cache *cache;
    struct sstable *sstable;
    uint32_t ruled_out = 0;

    (void)state;
    sstable_fixture_init(&fixture, SSTABLE_MIXED);
    assert_true(sstable_fixture_write(&fixture, NULL));
    assert_true(block_cache_create(1, &cache, NULL));
    assert_true(sstable_open(fixture.volume, cache, fixture.format, &fixture.info, &sstable, NULL));
    for (int is_held = 0; is_held < 2; is_held++) {
        for (uint64_t hash = 1; hash <= 100; hash++) {
            bool may;
            assert_true(sstable_may_contain(sstable, slice_of("any"), hash * UINT64_C(0x9E3779B97F4A7C15), &may, NULL));
            assert_true(may || is_held == 1);
            ruled_out += !may;
        }
        assert_true(sstable_hold_filter(sstable, NULL));
    }
    assert_true(ruled_out > 80);
    sstable_close(sstable);
    block_cache_destroy(cache);
    sstable_fixture_clear(&fixture);
}

/* ---- a table ---- */

enum { RUNS = 60, TABLE = FIRST_USER_TABLE };

static void flush_keys(struct engine *engine, int64_t low, int64_t middle, int64_t high)
{
    struct transaction *transaction = fixture_begin(engine, TRANSACTION_WRITE);

    fixture_put(transaction, TABLE, low, low);
    fixture_put(transaction, TABLE, middle, middle);
    fixture_put(transaction, TABLE, high, high);
    assert_int_equal(fixture_commit(transaction), SSQL_OK);
    assert_true(engine_flush(engine, NULL));
}

/* As many runs that overlap, each with a version of key 5, behind one of two files that end before it. The sequence of
 * key 5's first version. */
static struct volume *make_runs(uint64_t *first)
{
    struct engine_options options = fixture_options(false);
    struct volume *volume = fixture_volume(), *copy;

    options.level0_files = 2 * RUNS;
    struct engine *engine = fixture_open(volume, &options);
    assert_int_equal(fixture_create_table(engine), TABLE);
    flush_keys(engine, -20, -15, -11);
    flush_keys(engine, -10, -5, 1);
    for (int run = 0; run < RUNS; run++) {
        flush_keys(engine, 0, 5, 10);
        if (run == 0)
            *first = atomic_load(&engine->committed);
    }
    assert_true(volume_memory_crash(volume, UINT64_MAX, &copy, NULL));
    fixture_close(engine);
    return copy;
}

struct cold_table {
    struct volume *volume;
    struct engine *engine;
    struct table_version *version;
};

/* Nothing of it was read yet. */
static struct cold_table open_cold(struct volume *volume)
{
    struct engine_options options = fixture_options(false);
    struct volume *copy;
    struct cold_table cold;

    options.level0_files = 2 * RUNS;
    assert_true(volume_memory_crash(volume, UINT64_MAX, &copy, NULL));
    assert_true(volume_faulty_create(copy, &cold.volume, NULL));
    cold.engine = fixture_open(cold.volume, &options);
    cold.version = table_acquire_version(engine_find_table(cold.engine, TABLE));
    return cold;
}

static void close_cold(struct cold_table *cold)
{
    volume_faulty_set(cold->volume, &(struct fault_plan){0});
    table_version_release(cold->version);
    fixture_close(cold->engine);
}

static struct slice int_key(int64_t key)
{
    static uint8_t bytes[2][INT_KEY_SIZE];
    static int next;

    next = 1 - next;
    key_encode_int(key, bytes[next]);
    return slice_make(bytes[next], INT_KEY_SIZE);
}

/* An old snapshot sees the oldest version: all runs have to be read. Each of the last reads fails in turn. */
static void a_key_of_very_many_runs_is_found_or_a_block_cannot_be_read(void **state)
{
    uint64_t first = 0, operations = 0;
    struct volume *volume = make_runs(&first);

    (void)state;
    for (uint64_t before_last = 0; before_last <= 12; before_last++) {
        struct cold_table cold = open_cold(volume);
        struct lookup_result result;
        struct ssql_error error = {0};
        assert_int_equal(cold.version->run_count, RUNS + 1);
        volume_faulty_set(cold.volume,
                          &(struct fault_plan){.fail_at = before_last == 0 ? 0 : operations + 1 - before_last,
                                               .status = VOLUME_UNAVAILABLE});
        bool is_done = version_lookup(cold.version, NULL, int_key(5), first, &result, &error);
        assert_int_equal(is_done, before_last == 0);
        assert_int_equal(result.found, is_done);
        if (is_done) {
            operations = volume_faulty_count(cold.volume);
            assert_int_equal(result.sequence, first);
        } else {
            assert_int_equal(error.code, SSQL_IO);
        }
        block_release(&result.block);
        close_cold(&cold);
    }
    assert_true(operations >= RUNS);
    volume_close(volume);
}

static void what_changed_since_a_snapshot_is_asked_of_files_that_have_such_keys(void **state)
{
    uint64_t first = 0;
    struct volume *volume = make_runs(&first);
    struct cold_table cold = open_cold(volume);
    struct lookup_statistics statistics = {0};
    const struct slice none = {0};
    uint64_t last = atomic_load(&cold.engine->committed);
    bool changed;

    (void)state;
    assert_true(version_count_lookup(cold.version, int_key(11), &statistics, NULL));
    assert_int_equal(statistics.files, 0);
    assert_true(version_count_lookup(cold.version, int_key(5), &statistics, NULL));
    assert_int_equal(statistics.files, RUNS);
    assert_true(version_range_changed(cold.version, none, false, none, false, first, &changed, NULL));
    assert_true(changed);
    assert_true(version_range_changed(cold.version, none, false, int_key(0), true, first, &changed, NULL));
    assert_false(changed);
    assert_true(version_range_changed(cold.version, none, false, none, false, last, &changed, NULL));
    assert_false(changed);
    assert_true(version_range_changed(cold.version, int_key(6), false, int_key(9), false, first, &changed, NULL));
    assert_false(changed);
    assert_true(version_range_changed(cold.version, int_key(6), false, none, false, first, &changed, NULL));
    assert_true(changed);
    close_cold(&cold);
    volume_close(volume);
}

/* Whether its filter knows the key is asked only of others. */
static void a_key_above_all_of_a_memtable_is_not_in_it(void **state)
{
    enum { ROWS = 20000 };
    struct engine_options options = fixture_options(false);
    struct engine *engine = fixture_open(fixture_volume(), &options);

    (void)state;
    assert_int_equal(fixture_create_table(engine), TABLE);
    struct transaction *transaction = fixture_begin(engine, TRANSACTION_WRITE);
    for (int64_t i = ROWS; i > 0; i--)
        fixture_put(transaction, TABLE, 2 * i, i);
    assert_int_equal(fixture_commit(transaction), SSQL_OK);
    const struct memtable *memtable = engine_find_table(engine, TABLE)->active;
    const struct lookup_key above = lookup_key_make(int_key(2 * ROWS + 1));
    assert_non_null(memtable);
    assert_false(memtable_may_contain(memtable, above.key, above.hash));
    assert_int_equal(fixture_get_one(engine, TABLE, 2 * ROWS + 1), -1);
    assert_int_equal(fixture_get_one(engine, TABLE, 2 * ROWS - 1), -1);
    assert_int_equal(fixture_get_one(engine, TABLE, 2 * ROWS), ROWS);
    fixture_close(engine);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_version_is_found_or_memory_is_missing),
        cmocka_unit_test(a_filter_that_has_no_room_is_read_where_it_must_be),
        cmocka_unit_test(a_key_of_very_many_runs_is_found_or_a_block_cannot_be_read),
        cmocka_unit_test(what_changed_since_a_snapshot_is_asked_of_files_that_have_such_keys),
        cmocka_unit_test(a_key_above_all_of_a_memtable_is_not_in_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
