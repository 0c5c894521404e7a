/* Openings and changes of the manifest that fail at any operation of the volume, with manifests that are small and ones
 * that need an object: what was committed is there at the next opening. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "support/engine_fixture.h"

enum { TABLE = 16, ROWS = 60 };

static struct volume *copy_of(struct volume *volume)
{
    struct volume *copy;

    assert_true(volume_memory_crash(volume, UINT64_MAX, &copy, NULL));
    return copy;
}

static void put_rows(struct engine *engine, int64_t first, int64_t count)
{
    for (int64_t i = first; i < first + count; i++)
        assert_int_equal(fixture_put_one(engine, TABLE, i, i), SSQL_OK);
}

/* Takes over the volume. */
static void assert_rows(struct volume *volume, size_t count)
{
    struct engine_options options = fixture_options(false);
    struct engine *engine = fixture_open(volume, &options);

    assert_int_equal(fixture_count(engine, TABLE), count);
    fixture_close(engine);
}

/* ---- opening ---- */

/* A log that passes the memtables' budget, so that it is sealed and flushed while it is replayed. */
static struct volume *make_long_log(void)
{
    struct engine_options options = fixture_options(false);
    struct volume *volume = fixture_volume();
    struct engine *engine = fixture_open(volume, &options);

    assert_int_equal(fixture_create_table(engine), TABLE);
    put_rows(engine, 0, ROWS);
    struct volume *after = copy_of(volume);
    fixture_close(engine);
    return after;
}

static void every_operation_of_an_opening_fails_in_turn(void **state)
{
    static const enum volume_status statuses[] = {VOLUME_UNAVAILABLE, VOLUME_UNKNOWN, VOLUME_NO_SPACE, VOLUME_CORRUPT};
    struct engine_options options = fixture_options(true);
    struct volume *database = make_long_log();
    bool is_hit = true;

    (void)state;
    options.memory_limit_bytes = 48 << 10;
    options.memtable_bytes = 4 << 10;
    for (uint64_t n = 1; is_hit; n++) {
        for (size_t i = 0; i < 4; i++) {
            struct volume *inner = copy_of(database), *volume;
            struct ssql_error error = {0};
            struct engine *engine;
            assert_true(volume_faulty_create(inner, &volume, NULL));
            volume_faulty_set(volume, &(struct fault_plan){.fail_at = n, .status = statuses[i], .seed = n});
            bool is_open = engine_open(volume, &options, &engine, i == 3 ? NULL : &error);
            if (!is_open) {
                assert_true(i == 3 || error.code != SSQL_OK);
                continue;
            }
            is_hit = volume_faulty_count(volume) >= n;
            volume_faulty_set(volume, &(struct fault_plan){0});
            assert_int_equal(fixture_count(engine, TABLE), ROWS);
            struct volume *after = copy_of(inner);
            (void)engine_close(engine, NULL);
            assert_rows(after, ROWS);
        }
    }
    volume_close(database);
}

/* ---- a manifest in an object ---- */

/* So many wide tables that a register has no room for them. */
static void create_wide_tables(struct engine *engine)
{
    enum { TABLES = 1020 };
    struct table_layout layout = {.column_count = COLUMNS_MOST, .key_count = 1};
    struct transaction *transaction = fixture_begin(engine, TRANSACTION_WRITE);
    uint32_t table_id;

    memset(layout.types, SSQL_TYPE_INT, sizeof layout.types);
    for (int i = 0; i < TABLES; i++)
        assert_true(transaction_create_table(transaction, &layout, &table_id, NULL));
    assert_int_equal(fixture_commit(transaction), SSQL_OK);
}

static void every_step_to_a_manifest_in_an_object_fails_in_turn(void **state)
{
    static const enum volume_status statuses[] = {VOLUME_UNAVAILABLE, VOLUME_UNKNOWN, VOLUME_CONFLICT, VOLUME_FENCED};
    struct engine_options options = fixture_options(false);
    struct volume *database = fixture_volume();
    struct engine *engine = fixture_open(database, &options);
    bool is_hit = true;

    (void)state;
    assert_int_equal(fixture_create_table(engine), TABLE);
    create_wide_tables(engine);
    put_rows(engine, 0, 1);
    assert_true(engine_flush(engine, NULL));
    struct volume *before = copy_of(database);
    fixture_close(engine);
    for (uint64_t n = 1; is_hit; n++) {
        for (size_t i = 0; i < 4; i++) {
            struct volume *inner = copy_of(before), *volume;
            struct ssql_error error = {0};
            assert_true(volume_faulty_create(inner, &volume, NULL));
            engine = fixture_open(volume, &options);
            put_rows(engine, 1, 1);
            volume_faulty_set(volume, &(struct fault_plan){.fail_at = n, .status = statuses[i], .seed = n + i});
            bool is_done = engine_flush(engine, n % 2 == 0 ? NULL : &error);
            is_hit = volume_faulty_count(volume) >= n;
            volume_faulty_set(volume, &(struct fault_plan){0});
            assert_true(is_done || n % 2 == 0 || error.code != SSQL_OK);
            struct volume *after = copy_of(inner);
            (void)engine_close(engine, NULL);
            assert_rows(after, 2);
        }
    }
    volume_close(before);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_operation_of_an_opening_fails_in_turn),
        cmocka_unit_test(every_step_to_a_manifest_in_an_object_fails_in_turn),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
