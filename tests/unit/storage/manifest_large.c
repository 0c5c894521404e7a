/* A manifest that is too large for the register lies in an object of its own, which the register names: there is
 * exactly one such object while one is needed, whatever fails on the way, and none afterwards. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "storage/engine_internal.h"
#include "support/engine_fixture.h"

enum { TABLE = 16, WIDE_TABLES = (REGISTER_LARGEST / COLUMNS_MOST) + 1 };

static struct volume *inner, *volume;
static struct engine *engine;
static uint32_t first_wide;

static bool is_manifest(void *context, const char *name, uint64_t size)
{
    (void)size;
    *(uint32_t *)context += strncmp(name, "tables/manifest-", 16) == 0;
    return true;
}

static uint32_t count_manifests(struct volume *of)
{
    uint32_t count = 0;

    assert_int_equal(volume_list(of, is_manifest, &count, NULL), VOLUME_OK);
    return count;
}

static void create_wide_tables(void)
{
    struct transaction *transaction = fixture_begin(engine, TRANSACTION_WRITE);
    struct table_layout layout = {.column_count = COLUMNS_MOST, .key_count = 1};
    struct ssql_error error;
    uint32_t id;

    memset(layout.types, SSQL_TYPE_INT, sizeof layout.types);
    for (uint32_t i = 0; i < WIDE_TABLES; i++) {
        assert_true(transaction_create_table(transaction, &layout, &id, &error));
        if (i == 0)
            first_wide = id;
    }
    assert_int_equal(fixture_commit(transaction), SSQL_OK);
}

static void drop_wide_tables(void)
{
    struct transaction *transaction = fixture_begin(engine, TRANSACTION_WRITE);
    struct ssql_error error;

    for (uint32_t i = 0; i < WIDE_TABLES; i++)
        assert_true(transaction_drop_table(transaction, first_wide + i, &error));
    assert_int_equal(fixture_commit(transaction), SSQL_OK);
}

static void begin(void)
{
    struct engine_options options = fixture_options(false);

    inner = fixture_volume();
    assert_true(volume_faulty_create(inner, &volume, NULL));
    engine = fixture_open(volume, &options);
    assert_int_equal(fixture_create_table(engine), TABLE);
    create_wide_tables();
}

static bool put_and_flush(int64_t key, struct ssql_error *error)
{
    assert_int_equal(fixture_put_one(engine, TABLE, key, key), SSQL_OK);
    return engine_flush(engine, error);
}

/* What a crash now leaves: opened again, it has so many rows, the wide tables or not, and one manifest at most. */
static void expect_after_a_crash(size_t rows, bool has_wide)
{
    struct engine_options options = fixture_options(false);
    struct volume *after, *again;

    assert_true(volume_memory_crash(inner, 0, &after, NULL));
    struct engine *reopened = fixture_open(after, &options);
    assert_int_equal(fixture_count(reopened, TABLE), rows);
    assert_int_equal(reopened->table_count > WIDE_TABLES, has_wide);
    assert_int_equal(fixture_put_one(reopened, TABLE, -1, 1), SSQL_OK); /* the first write cleans up */
    assert_int_equal(count_manifests(after), has_wide);
    assert_true(volume_memory_crash(after, 0, &again, NULL));
    assert_true(engine_flush(reopened, NULL));
    assert_int_equal(count_manifests(after), has_wide);
    fixture_close(reopened);
    reopened = fixture_open(again, &options); /* what it was is still named */
    assert_int_equal(fixture_count(reopened, TABLE), rows + 1);
    fixture_close(reopened);
}

static void each_object_is_deleted_when_the_next_manifest_is_there(void **state)
{
    struct ssql_error error = {0};

    (void)state;
    begin();
    for (int64_t key = 1; key <= 3; key++) {
        assert_true(put_and_flush(key, &error));
        assert_int_equal(count_manifests(volume), 1);
        expect_after_a_crash((size_t)key, true);
    }
    drop_wide_tables();
    engine_collect_dropped(engine);
    assert_true(put_and_flush(4, &error));
    assert_int_equal(count_manifests(volume), 0);
    expect_after_a_crash(4, false);
    fixture_close(engine);
}

/* Only an object that cannot be deleted stays, until the database is opened again. */
static void what_fails_leaves_one_object_and_the_next_attempt_goes_well(void **state)
{
    bool has_failed = true;
    uint32_t undeleted = 0;
    uint64_t at;

    (void)state;
    begin();
    assert_true(put_and_flush(0, NULL));
    for (at = 1; has_failed; at++) {
        struct ssql_error error = {0};
        assert_int_equal(fixture_put_one(engine, TABLE, (int64_t)at, 1), SSQL_OK);
        volume_faulty_set(volume, &(struct fault_plan){.fail_at = at, .status = VOLUME_NO_SPACE});
        bool is_done = engine_flush(engine, &error);
        has_failed = volume_faulty_count(volume) >= at;
        volume_faulty_set(volume, &(struct fault_plan){0});
        assert_true(is_done || has_failed);
        if (is_done && has_failed && count_manifests(volume) > 1 + undeleted)
            undeleted++;
        assert_int_equal(count_manifests(volume), 1 + undeleted);
        assert_true(engine_flush(engine, &error));
        assert_int_equal(count_manifests(volume), 1 + undeleted);
        assert_int_equal(fixture_count(engine, TABLE), at + 1);
    }
    assert_int_equal(undeleted, 1);
    expect_after_a_crash(at, true);
    fixture_close(engine);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_object_is_deleted_when_the_next_manifest_is_there),
        cmocka_unit_test(what_fails_leaves_one_object_and_the_next_attempt_goes_well),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
