/* Sorting and putting aside, at their own interfaces, when each operation of the volume and each allocation fails in
 * turn; and spilled bytes that are no records. The linker leads malloc and its kin here (--wrap). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "api/failing_memory.h"
#include "base/bytes.h"
#include "exec/result_store.h"
#include "exec/row_codec.h"
#include "exec/sort_merge.h"
#include "exec/sort_rows.h"
#include "support/engine_fixture.h"

enum {
    ROWS = 64 * (MERGE_RUNS_MOST + 2) + 5, /* more runs of the least length than are merged at a time */
    TINY_BUDGET = 4 << 10,
    TRIES_MOST = 20000,
};

enum fault { NOTHING, MEMORY, VOLUME };

static struct volume *volume;
static struct engine *engine;

static int open_engine(void **state)
{
    struct engine_options options = fixture_options(false);
    struct ssql_error error;

    (void)state;
    assert_true(volume_faulty_create(fixture_volume(), &volume, &error));
    engine = fixture_open(volume, &options);
    engine_work_budget(engine)->limit_bytes = TINY_BUDGET;
    return 0;
}

static int close_engine(void **state)
{
    (void)state;
    fixture_close(engine);
    return 0;
}

static void start_failing(enum fault fault, long after)
{
    if (fault == MEMORY)
        memory_start_failing(after, false);
    else
        volume_faulty_set(volume, &(struct fault_plan){.fail_at = fault == VOLUME ? (uint64_t)after + 1 : 0,
                                                       .status = VOLUME_UNAVAILABLE});
}

/* Whether anything failed since. */
static bool stop_failing(enum fault fault, long after)
{
    memory_stop_failing();
    bool has_failed = fault == MEMORY ? memory_has_failed() : volume_faulty_count(volume) > (uint64_t)after;
    volume_faulty_set(volume, &(struct fault_plan){.fail_at = 0});
    return fault != NOTHING && has_failed;
}

/* Runs `work` with the n-th thing failing, n = 0, step, 2 · step, …, until nothing fails any more. */
static void fail_each(enum fault fault, long step, bool (*work)(uint64_t number, struct ssql_error *error),
                      uint64_t number)
{
    bool has_failed = true;

    for (long after = 0; has_failed; after += step) {
        struct ssql_error error = {0};
        assert_true(after < TRIES_MOST);
        start_failing(fault, after);
        bool is_done = work(number, &error);
        has_failed = stop_failing(fault, after);
        if (!is_done && error.code != (fault == MEMORY ? SSQL_NO_MEMORY : SSQL_IO))
            fail_msg("failure %ld: code %d: %s", after, error.code, error.message);
        assert_true(is_done || has_failed);
        assert_int_equal(atomic_load(&engine_work_budget(engine)->used_bytes), 0);
    }
    assert_true(work(number, NULL));
}

/* ---- sorting ---- */

/* Rows whose keys descend, so that each run begins before the one written earlier. */
static bool add_rows(struct sort_rows *sort, struct ssql_error *error)
{
    for (uint32_t i = 0; i < ROWS; i++) {
        uint8_t key[8], payload[12] = {0};
        store_u64be(key, (ROWS - 1 - i) / 2);
        store_u32le(payload, (ROWS - 1 - i) / 2);
        if (!sort_rows_add(sort, slice_make(key, sizeof key), slice_make(payload, sizeof payload), error))
            return false;
    }
    return sort_rows_finish(sort, error);
}

static bool sort_all(uint64_t row_limit, struct ssql_error *error)
{
    struct sort_rows sort;
    struct slice payload = {0};
    uint64_t count = 0, expected = row_limit < ROWS ? row_limit : ROWS;

    sort_rows_init(&sort, engine, engine_work_budget(engine), row_limit);
    bool is_done = add_rows(&sort, error);
    while (is_done && (is_done = sort_rows_next(&sort, &payload, error)) && payload.data != NULL)
        assert_int_equal(load_u32le(payload.data), count++ / 2);
    sort_rows_clear(&sort);
    if (is_done)
        assert_int_equal(count, expected);
    return is_done;
}

static void a_sort_of_many_runs_fails_cleanly(void **state)
{
    (void)state;
    fail_each(VOLUME, 1, sort_all, UINT64_MAX);
    fail_each(MEMORY, 7, sort_all, UINT64_MAX);
}

static void a_sort_of_the_first_rows_fails_cleanly(void **state)
{
    (void)state;
    fail_each(VOLUME, 1, sort_all, 100);
    fail_each(MEMORY, 3, sort_all, 100);
    fail_each(VOLUME, 1, sort_all, 0);
}

static void a_sort_that_keeps_few_rows_fails_cleanly(void **state)
{
    (void)state;
    engine_work_budget(engine)->limit_bytes = 1 << 20;
    fail_each(MEMORY, 1, sort_all, 20);
    fail_each(MEMORY, 1, sort_all, UINT64_MAX);
}

/* A file of these bytes, read as a run. */
static enum ssql_code merge_bytes(struct slice bytes)
{
    struct spill_file *file = NULL;
    struct sort_merge *merge = NULL;
    struct slice record = {0};
    struct ssql_error error = {0};

    assert_true(spill_create(engine, &file, &error) && spill_append(file, bytes, &error));
    bool is_done = sort_merge_create(&file, 1, &merge, &error);
    while (is_done && (is_done = sort_merge_next(merge, &record, &error)) && record.data != NULL)
        ;
    sort_merge_destroy(merge);
    return is_done ? SSQL_OK : error.code;
}

static void runs_that_are_no_records_are_noticed(void **state)
{
    /* The record's size; the sizes of key and payload; a key of its sequence number only; a payload of two bytes. */
    static const uint8_t right[] = {18, 0, 0, 0, 8, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 7, 'x', 'y'};
    uint8_t bytes[2 * sizeof right];

    (void)state;
    assert_int_equal(merge_bytes(slice_make(right, sizeof right)), SSQL_OK);
    assert_int_equal(merge_bytes(slice_make(right, 0)), SSQL_OK);
    for (size_t size = 1; size < sizeof right; size++)
        assert_int_equal(merge_bytes(slice_make(right, size)), SSQL_CORRUPT);
    static const uint8_t no_header[] = {4, 0, 0, 0, 0, 0, 0, 0};
    assert_int_equal(merge_bytes(slice_make(no_header, sizeof no_header)), SSQL_CORRUPT);
    memcpy(bytes, right, sizeof right);
    memset(bytes + sizeof right, 0, sizeof right);
    for (size_t size = 1; size < 4; size++) /* a second record of which less than its size is there */
        assert_int_equal(merge_bytes(slice_make(bytes, sizeof right + size)), SSQL_CORRUPT);
    for (size_t i = 0; i < 12; i++) { /* any other size is wrong */
        memcpy(bytes, right, sizeof right);
        bytes[i]++;
        assert_int_equal(merge_bytes(slice_make(bytes, sizeof right)), SSQL_CORRUPT);
        /* The second record of a run as well. */
        memcpy(bytes, right, sizeof right);
        memcpy(bytes + sizeof right, right, sizeof right);
        bytes[sizeof right + i]++;
        assert_int_equal(merge_bytes(slice_make(bytes, sizeof bytes)), SSQL_CORRUPT);
    }
}

/* ---- rows put aside ---- */

static const enum ssql_type ROW_TYPES[] = {SSQL_TYPE_INT, SSQL_TYPE_STRING};

static bool append_batch(struct result_store *store, uint32_t number, struct ssql_error *error)
{
    static char bytes[500];
    const int64_t integers[] = {(int64_t)number};
    const struct slice strings[] = {slice_make(bytes, sizeof bytes)};
    struct vector columns[] = {{.type = SSQL_TYPE_INT, .kind = VECTOR_CONSTANT, .integers = integers},
                               {.type = SSQL_TYPE_STRING, .kind = VECTOR_CONSTANT, .strings = strings}};
    struct batch batch = {.columns = columns, .column_count = 2, .row_count = 10, .selected_count = 10};

    return result_store_append(store, &batch, number == 0 ? 4 : 0, error);
}

static bool put_aside(uint64_t batch_count, struct ssql_error *error)
{
    struct result_store *store = NULL;
    const struct value *values = NULL;
    uint64_t count = 0;
    bool has_row = true, is_done = result_store_create(engine, ROW_TYPES, 2, &store, error);

    for (uint32_t i = 0; i < batch_count && is_done; i++)
        is_done = append_batch(store, i, error);
    while (is_done && (is_done = result_store_next(store, &values, &has_row, error)) && has_row) {
        count++;
        assert_int_equal(values[0].integer, (count + 3) / 10);
        assert_int_equal(values[1].string.size, 500);
    }
    result_store_destroy(store);
    if (is_done)
        assert_int_equal(count, batch_count * 10 - 4);
    return is_done;
}

static void rows_put_aside_fail_cleanly(void **state)
{
    (void)state;
    fail_each(VOLUME, 1, put_aside, 40);
    fail_each(MEMORY, 1, put_aside, 40);
}

/* ---- values of rows ---- */

static void bytes_that_are_no_value_are_noticed(void **state)
{
    static const struct value values[] = {
        {.type = SSQL_TYPE_INT, .integer = 5},
        {.type = SSQL_TYPE_FLOAT, .real = 2.5},
        {.type = SSQL_TYPE_BOOL, .boolean = true},
        {.type = SSQL_TYPE_STRING, .string = {(const uint8_t *)"abc", 3}},
    };
    struct buffer buffer = {0};
    struct value back;

    (void)state;
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        buffer_reset(&buffer);
        row_append_value(&buffer, &values[i]);
        struct slice bytes = buffer_slice(&buffer);
        assert_true(row_take_value(&bytes, values[i].type, &back));
        assert_int_equal(bytes.size, 0);
        assert_true(value_compare(&back, &values[i]) == 0);
        for (size_t size = 0; size < buffer.size; size++) {
            bytes = slice_make(buffer.data, size);
            assert_false(row_take_value(&bytes, values[i].type, &back));
        }
        buffer.data[0] = 2; /* neither null nor a value */
        bytes = buffer_slice(&buffer);
        assert_false(row_take_value(&bytes, values[i].type, &back));
        buffer.data[0] = 1;
        bytes = buffer_slice(&buffer);
        assert_true(row_take_value(&bytes, values[i].type, &back) && back.is_null && back.type == values[i].type);
        assert_int_equal(bytes.size, buffer.size - 1);
    }
    struct slice bytes = slice_make("\0\2", 2);
    assert_false(row_take_value(&bytes, SSQL_TYPE_BOOL, &back));
    bytes = slice_make("\0\0", 2);
    assert_true(row_take_value(&bytes, SSQL_TYPE_BOOL, &back) && !back.boolean);
    bytes = slice_make("\0\0", 2);
    assert_false(row_take_value(&bytes, SSQL_TYPE_NULL, &back));
    buffer_clear(&buffer);
}

static void a_null_without_a_type_is_a_null(void **state)
{
    struct value untyped = {.type = SSQL_TYPE_NULL}, typed = value_null(SSQL_TYPE_INT), back;
    struct buffer buffer = {0}, other = {0};

    (void)state;
    row_append_value(&buffer, &untyped);
    struct slice bytes = buffer_slice(&buffer);
    assert_true(row_take_value(&bytes, SSQL_TYPE_NULL, &back) && back.is_null);
    buffer_reset(&buffer);
    row_append_sort_key(&buffer, &untyped, true, true);
    row_append_sort_key(&other, &typed, true, true);
    assert_true(slice_equal(buffer_slice(&buffer), buffer_slice(&other)));
    buffer_clear(&buffer);
    buffer_clear(&other);
}

#define WITH_ENGINE(test) cmocka_unit_test_setup_teardown(test, open_engine, close_engine)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_ENGINE(a_sort_of_many_runs_fails_cleanly),
        WITH_ENGINE(a_sort_of_the_first_rows_fails_cleanly),
        WITH_ENGINE(a_sort_that_keeps_few_rows_fails_cleanly),
        WITH_ENGINE(runs_that_are_no_records_are_noticed),
        WITH_ENGINE(rows_put_aside_fail_cleanly),
        cmocka_unit_test(bytes_that_are_no_value_are_noticed),
        cmocka_unit_test(a_null_without_a_type_is_a_null),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
