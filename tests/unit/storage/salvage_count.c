/* Counting the rows of a salvaged table between two keys: right, or a failure that is told, wherever memory or the
 * volume gives out. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "api/failing_memory.h"
#include "base/key_codec.h"
#include "storage/salvage.h"
#include "support/engine_fixture.h"

enum { ROWS = 100 };

/* An engine that has read nothing of its one file. */
static struct engine *open_cold(uint32_t *table_id, struct volume **faulty)
{
    struct engine_options options = fixture_options(false);
    struct volume *volume = fixture_volume(), *image;
    struct engine *engine = fixture_open(volume, &options);
    struct ssql_error error;

    *table_id = fixture_create_table(engine);
    struct transaction *transaction = fixture_begin(engine, TRANSACTION_WRITE);
    for (int64_t i = 0; i < ROWS; i++)
        fixture_put(transaction, *table_id, i, i);
    assert_int_equal(fixture_commit(transaction), SSQL_OK);
    assert_true(engine_flush(engine, &error));
    assert_true(volume_memory_crash(volume, 0, &image, &error));
    fixture_close(engine);
    assert_true(volume_faulty_create(image, faulty, &error));
    return fixture_open(*faulty, &options);
}

static void rows_between_two_keys_are_counted(void **state)
{
    uint8_t low[INT_KEY_SIZE] = {0}, high[INT_KEY_SIZE] = {0};
    const struct slice none = {0}, after = slice_make(low, sizeof low), before = slice_make(high, sizeof high);
    struct ssql_error error = {0};
    struct volume *faulty;
    uint32_t table_id;
    uint64_t count = 1;

    (void)state;
    struct engine *engine = open_cold(&table_id, &faulty);
    key_encode_int(10, low);
    key_encode_int(20, high);
    assert_true(salvage_count_rows(engine, table_id, none, none, &count, &error));
    assert_int_equal(count, ROWS);
    assert_true(salvage_count_rows(engine, table_id, after, before, &count, &error));
    assert_int_equal(count, 9); /* neither of the two */
    assert_true(salvage_count_rows(engine, table_id, after, none, &count, &error));
    assert_int_equal(count, ROWS - 11);
    assert_true(salvage_count_rows(engine, table_id + 1, none, none, &count, &error)); /* no such table */
    assert_int_equal(count, 0);
    fixture_close(engine);
}

static void a_count_is_right_or_memory_is_missing(void **state)
{
    struct volume *faulty;
    uint32_t table_id;
    bool is_done = false;
    long n;

    (void)state;
    struct engine *engine = open_cold(&table_id, &faulty);
    for (n = 0; !is_done; n++) {
        struct ssql_error error = {0};
        uint64_t count;
        memory_start_failing(n, true);
        is_done = salvage_count_rows(engine, table_id, (struct slice){0}, (struct slice){0}, &count, &error);
        memory_stop_failing();
        if (is_done)
            assert_int_equal(count, ROWS);
        else
            assert_int_equal(error.code, SSQL_NO_MEMORY);
    }
    assert_true(n > 3);
    fixture_close(engine);
}

static void a_count_is_right_or_the_volume_has_failed(void **state)
{
    struct volume *faulty;
    uint32_t table_id;
    bool is_done = false;
    uint64_t n;

    (void)state;
    struct engine *engine = open_cold(&table_id, &faulty);
    for (n = 1; !is_done; n++) {
        struct ssql_error error = {0};
        uint64_t count;
        volume_faulty_set(faulty, &(struct fault_plan){.fail_at = n, .status = VOLUME_UNAVAILABLE});
        is_done = salvage_count_rows(engine, table_id, (struct slice){0}, (struct slice){0}, &count, &error);
        if (is_done)
            assert_int_equal(count, ROWS);
        else
            assert_int_equal(error.code, SSQL_IO);
    }
    assert_true(n > 2);
    volume_faulty_set(faulty, &(struct fault_plan){0});
    fixture_close(engine);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_between_two_keys_are_counted),
        cmocka_unit_test(a_count_is_right_or_memory_is_missing),
        cmocka_unit_test(a_count_is_right_or_the_volume_has_failed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
