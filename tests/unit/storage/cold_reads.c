/* Reads that the volume refuses, n = 1, 2, 3 … until none is refused: of keys in very many files, of versions in
 * several blocks, of what a commit validates, of what a transaction has spilled. Each time the answer is right or an
 * error. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "base/key_codec.h"
#include "storage/lookup_internal.h"
#include "storage/scan.h"
#include "storage/transaction_internal.h"
#include "support/engine_fixture.h"

static struct volume *faulty;

static struct volume *make_faulty(struct volume *inner)
{
    struct ssql_error error;

    assert_true(volume_faulty_create(inner, &faulty, &error));
    return faulty;
}

static void fail_operation(uint64_t n)
{
    volume_faulty_set(faulty, &(struct fault_plan){.fail_at = n, .status = VOLUME_UNAVAILABLE});
}

/* Whether the operation that was to fail has come. */
static bool stop_failing(uint64_t n)
{
    bool has_come = volume_faulty_count(faulty) >= n;

    volume_faulty_set(faulty, &(struct fault_plan){0});
    return has_come;
}

static bool get(struct transaction *transaction, uint32_t table_id, int64_t key, int64_t *number,
                struct ssql_error *error)
{
    static const uint16_t columns[] = {0, 2};
    struct value values[2];
    uint8_t bytes[INT_KEY_SIZE];
    struct row_pin *pin;
    bool found = false;

    key_encode_int(key, bytes);
    assert_true(row_pin_create(&pin, error));
    bool is_done = transaction_get(transaction, transaction_table(transaction, table_id),
                                   slice_make(bytes, sizeof bytes), columns, 2, pin, values, &found, error);
    *number = found ? values[0].integer : -1;
    row_pin_destroy(pin);
    return is_done;
}

static void put_keys(struct engine *engine, uint32_t table_id, int64_t first, int64_t count, int64_t step)
{
    struct transaction *transaction = fixture_begin(engine, TRANSACTION_WRITE);

    for (int64_t i = 0; i < count; i++)
        fixture_put(transaction, table_id, first + i * step, first + i);
    assert_int_equal(fixture_commit(transaction), SSQL_OK);
}

/* ---- one key in very many files ---- */

enum { RUNS = 60, ROWS = 40, SHARED = RUNS * ROWS };

static struct volume *make_many_runs(const struct engine_options *options, uint32_t *table_id)
{
    struct volume *volume = fixture_volume(), *image;
    struct engine *engine = fixture_open(volume, options);
    struct ssql_error error;

    *table_id = fixture_create_table(engine);
    for (int64_t run = 0; run < RUNS; run++) {
        struct transaction *transaction = fixture_begin(engine, TRANSACTION_WRITE);
        for (int64_t i = 0; i < (run == 1 ? 2 : ROWS); i++) /* one that ends early */
            fixture_put(transaction, *table_id, i * RUNS + run, run);
        if (run != 1)
            fixture_put(transaction, *table_id, SHARED, run);
        assert_int_equal(fixture_commit(transaction), SSQL_OK);
        assert_true(engine_flush(engine, &error));
    }
    assert_true(volume_memory_crash(volume, UINT64_MAX, &image, &error));
    fixture_close(engine);
    return image;
}

static void a_key_in_one_of_very_many_files_is_found_or_an_error(void **state)
{
    static const int64_t keys[] = {RUNS * 3, RUNS * 3 + RUNS - 1, SHARED, RUNS * 3 + RUNS / 2};
    struct engine_options options = fixture_options(true);
    struct volume *image;
    struct ssql_error error;
    uint32_t table_id;

    (void)state;
    options.level0_files = 200;
    options.sstable_bytes = 1 << 20;
    options.memory_limit_bytes = 16 << 20;
    image = make_many_runs(&options, &table_id);
    for (size_t k = 0; k < sizeof keys / sizeof keys[0]; k++) {
        uint64_t failures = 0;
        for (uint64_t n = 1;; n++) {
            struct volume *copy;
            int64_t number;
            assert_true(volume_memory_crash(image, UINT64_MAX, &copy, &error));
            struct engine *engine = fixture_open(make_faulty(copy), &options);
            struct transaction *transaction = fixture_begin(engine, TRANSACTION_READ);
            error = (struct ssql_error){0};
            fail_operation(n);
            bool is_done = get(transaction, table_id, keys[k], &number, &error);
            bool has_come = stop_failing(n);
            assert_true(is_done ? number == keys[k] : error.code == SSQL_IO && has_come);
            failures += !is_done;
            assert_int_equal(fixture_get(transaction, table_id, keys[k]),
                             keys[k] == SHARED ? RUNS - 1 : keys[k] % RUNS);
            fixture_rollback(transaction);
            fixture_close(engine);
            if (!has_come)
                break;
        }
        assert_true(failures > 0);
    }
    volume_close(image);
}

/* ---- versions of one key in several blocks ---- */

static void the_oldest_version_lies_some_blocks_behind_or_is_an_error(void **state)
{
    struct engine_options options = fixture_options(true);
    uint64_t failures = 0;
    bool has_come = true;

    (void)state;
    options.memtable_bytes = 1 << 20;
    options.memory_limit_bytes = 16 << 20;
    for (uint64_t n = 1; has_come; n++) {
        struct engine *engine = fixture_open(make_faulty(fixture_volume()), &options);
        uint32_t table_id = fixture_create_table(engine);
        struct ssql_error error = {0};
        int64_t number;
        put_keys(engine, table_id, 5, 1, 1);
        struct transaction *old = fixture_begin(engine, TRANSACTION_READ);
        for (int64_t i = 0; i < 40; i++)
            assert_int_equal(fixture_put_one(engine, table_id, 5, 100 + i), SSQL_OK);
        assert_true(engine_flush(engine, &error));
        fail_operation(n);
        bool is_done = get(old, table_id, 5, &number, &error);
        has_come = stop_failing(n);
        assert_true(is_done ? number == 5 : error.code == SSQL_IO && has_come);
        failures += !is_done;
        assert_int_equal(fixture_get(old, table_id, 5), 5);
        assert_int_equal(fixture_get_one(engine, table_id, 5), 139);
        fixture_rollback(old);
        fixture_close(engine);
    }
    assert_true(failures > 3);
}

/* ---- what a commit validates ---- */

enum validated { WRITTEN_KEY, READ_KEY, READ_RANGE, SPILLED_RUN, VALIDATED_KINDS };

static void scan_between(struct transaction *transaction, uint32_t table_id, int64_t low, int64_t high, size_t rows)
{
    struct fixture_pair pairs[64];

    assert_int_equal(fixture_scan(transaction, table_id, low, high, pairs, 64), rows);
}

/* One that began before keys around its own were written. */
static struct transaction *begin_validated(struct engine *engine, uint32_t table_id, enum validated kind)
{
    struct transaction *transaction = fixture_begin(engine, TRANSACTION_WRITE);

    switch (kind) {
    case WRITTEN_KEY: fixture_put(transaction, table_id, 50, 7000); break;
    case READ_KEY: assert_int_equal(fixture_get(transaction, table_id, 50), 50); break;
    case READ_RANGE: scan_between(transaction, table_id, 40, 60, 21); break;
    case SPILLED_RUN:
    case VALIDATED_KINDS: break;
    }
    if (kind == SPILLED_RUN) {
        struct ssql_error error;
        for (int64_t i = 0; i < 40; i++)
            fixture_put(transaction, table_id, 7000 + i, 7000 + i);
        (void)transaction_mark(transaction);
        assert_true(transaction_spill(transaction, &error));
    }
    fixture_put(transaction, table_id, 7000, 7000);
    return transaction;
}

static bool commit_with_failure(enum validated kind, bool is_merged, uint64_t n, uint64_t *failures)
{
    struct engine_options options = fixture_options(false);
    struct engine *engine;
    struct ssql_error error = {0};

    options.block_rows = 8;
    engine = fixture_open(make_faulty(fixture_volume()), &options);
    uint32_t table_id = fixture_create_table(engine);
    put_keys(engine, table_id, 0, 100, 1);
    struct transaction *transaction = begin_validated(engine, table_id, kind);
    put_keys(engine, table_id, 1000, 2, 8000);
    assert_true(is_merged ? engine_compact(engine, &error) : engine_flush(engine, &error));
    fail_operation(n);
    bool is_done = transaction_commit(transaction, &error);
    bool has_come = stop_failing(n);
    transaction_destroy(transaction);
    assert_true(is_done || (has_come && (error.code == SSQL_IO || error.code == SSQL_UNKNOWN_OUTCOME)));
    if (is_done || error.code == SSQL_IO)
        assert_int_equal(fixture_get_one(engine, table_id, 7000), is_done ? 7000 : -1);
    *failures += error.code == SSQL_IO;
    assert_int_equal(fixture_get_one(engine, table_id, 9000), 1001);
    if (!engine_close(engine, NULL))
        assert_true(has_come);
    return has_come;
}

static void a_commit_that_cannot_read_what_it_validates_is_refused(void **state)
{
    (void)state;
    for (enum validated kind = 0; kind < VALIDATED_KINDS; kind++) {
        for (int is_merged = 0; is_merged < 2; is_merged++) {
            uint64_t n = 1, failures = 0;
            while (commit_with_failure(kind, is_merged, n, &failures))
                n++;
            assert_true(failures > 0);
        }
    }
}

/* ---- what a transaction has spilled ---- */

static void an_insert_that_cannot_read_what_was_spilled_fails(void **state)
{
    struct engine_options options = fixture_options(false);
    uint64_t failures = 0;
    bool has_come = true;

    (void)state;
    options.block_rows = 8;
    for (uint64_t n = 1; has_come; n++) {
        struct engine *engine = fixture_open(make_faulty(fixture_volume()), &options);
        uint32_t table_id = fixture_create_table(engine);
        struct transaction *transaction = fixture_begin(engine, TRANSACTION_WRITE);
        struct value values[FIXTURE_COLUMNS];
        char text[FIXTURE_TEXT_SIZE];
        struct ssql_error error = {0};
        for (int64_t i = 0; i < 100; i++)
            fixture_put(transaction, table_id, i, i);
        (void)transaction_mark(transaction);
        assert_true(transaction_spill(transaction, &error));
        fixture_row(50, 51, text, values);
        fail_operation(n);
        enum write_outcome outcome =
            transaction_insert(transaction, transaction_table(transaction, table_id), values, &error);
        has_come = stop_failing(n);
        assert_true(outcome == WRITE_DUPLICATE || (outcome == WRITE_FAILED && error.code == SSQL_IO && has_come));
        failures += outcome == WRITE_FAILED;
        assert_int_equal(fixture_get(transaction, table_id, 50), 50);
        assert_int_equal(fixture_commit(transaction), SSQL_OK);
        assert_int_equal(fixture_get_one(engine, table_id, 50), 50);
        fixture_close(engine);
    }
    assert_true(failures > 0);
}

/* ---- statistics of a lookup ---- */

static void counting_the_files_of_a_key_reads_their_filters_or_fails(void **state)
{
    struct engine_options options = fixture_options(false);
    struct volume *volume = fixture_volume(), *image;
    struct engine *engine = fixture_open(volume, &options);
    uint32_t table_id = fixture_create_table(engine);
    uint8_t bytes[INT_KEY_SIZE];
    struct ssql_error error = {0};
    uint64_t failures = 0;
    bool has_come = true;

    (void)state;
    put_keys(engine, table_id, 0, 100, 2);
    assert_true(engine_flush(engine, &error));
    assert_true(volume_memory_crash(volume, UINT64_MAX, &image, &error));
    fixture_close(engine);
    key_encode_int(51, bytes);
    for (uint64_t n = 1; has_come; n++) {
        struct lookup_statistics statistics = {0};
        struct volume *copy;
        assert_true(volume_memory_crash(image, UINT64_MAX, &copy, &error));
        engine = fixture_open(make_faulty(copy), &options);
        struct table_version *version = table_acquire_version(engine_find_table(engine, table_id));
        fail_operation(n);
        error = (struct ssql_error){0};
        bool is_done = version_count_lookup(version, slice_make(bytes, sizeof bytes), &statistics, &error);
        has_come = stop_failing(n);
        assert_true(is_done ? statistics.files == 1 && statistics.files_ruled_out == 1
                            : error.code == SSQL_IO && has_come && statistics.files == 0);
        failures += !is_done;
        table_version_release(version);
        fixture_close(engine);
    }
    assert_true(failures > 0);
    volume_close(image);
}

/* ---- a manifest that says other than the file ---- */

/* The manifest's last key lies above the last one of the file: what is between is not there. */
static void keys_between_the_files_end_and_the_manifests_are_not_there(void **state)
{
    static const struct table_layout layout = {
        .column_count = 1, .key_count = 1, .types = {SSQL_TYPE_STRING}, .key_columns = {0}};
    enum { KEYS = 50, ASKED = 4000 };
    struct engine_options options = fixture_options(false);
    struct engine *engine = fixture_open(fixture_volume(), &options);
    struct transaction *transaction = fixture_begin(engine, TRANSACTION_WRITE);
    struct ssql_error error = {0};
    uint32_t table_id;
    char text[16];

    (void)state;
    assert_true(transaction_create_table(transaction, &layout, &table_id, &error));
    for (int i = 0; i < KEYS; i++) {
        snprintf(text, sizeof text, "key%04d", i);
        const struct value value = value_string(slice_of(text));
        assert_true(transaction_put(transaction, transaction_table(transaction, table_id), &value, &error));
    }
    assert_int_equal(fixture_commit(transaction), SSQL_OK);
    assert_true(engine_flush(engine, &error));
    struct table *table = engine_find_table(engine, table_id);
    struct table_version *version = table_acquire_version(table);
    struct buffer *last_key = &version->files[0][0]->info.last_key;
    memset(last_key->data, 'x', 3);
    for (int i = 0; i < ASKED; i++) {
        struct lookup_result result;
        snprintf(text, sizeof text, "lie%04d", i);
        assert_true(version_lookup(version, table->format, slice_of(text), UINT64_MAX, &result, &error));
        assert_false(result.found);
    }
    memcpy(last_key->data, "key", 3);
    table_version_release(version);
    fixture_close(engine);
}

/* A key of a size that an int has not says nothing of row numbers. */
static void a_last_key_of_another_size_raises_no_row_number(void **state)
{
    struct engine_options options = fixture_options(false);
    struct volume *volume = fixture_volume(), *image;
    struct engine *engine = fixture_open(volume, &options);
    uint32_t table_id = fixture_create_table(engine);
    struct ssql_error error = {0};
    int64_t first;

    (void)state;
    put_keys(engine, table_id, 500, 1, 1);
    assert_true(engine_flush(engine, &error));
    assert_true(volume_memory_crash(volume, UINT64_MAX, &image, &error));
    fixture_close(engine);
    for (int is_short = 0; is_short < 2; is_short++) {
        struct volume *copy;
        assert_true(volume_memory_crash(image, UINT64_MAX, &copy, &error));
        engine = fixture_open(copy, &options);
        struct transaction *transaction = fixture_begin(engine, TRANSACTION_WRITE);
        struct table *table = transaction_table(transaction, table_id);
        struct buffer *last_key = &table->current->files[0][0]->info.last_key;
        last_key->size -= (size_t)is_short;
        assert_true(table_take_row_numbers(transaction, table, 1, &first, &error));
        last_key->size += (size_t)is_short;
        assert_int_equal(first, is_short ? 1 : 501);
        fixture_rollback(transaction);
        fixture_close(engine);
    }
    volume_close(image);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_key_in_one_of_very_many_files_is_found_or_an_error),
        cmocka_unit_test(the_oldest_version_lies_some_blocks_behind_or_is_an_error),
        cmocka_unit_test(a_commit_that_cannot_read_what_it_validates_is_refused),
        cmocka_unit_test(an_insert_that_cannot_read_what_was_spilled_fails),
        cmocka_unit_test(counting_the_files_of_a_key_reads_their_filters_or_fails),
        cmocka_unit_test(keys_between_the_files_end_and_the_manifests_are_not_there),
        cmocka_unit_test(a_last_key_of_another_size_raises_no_row_number),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
