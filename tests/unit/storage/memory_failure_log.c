/* Memory that runs out while a log is read: one that begins with a deletion, one that passes the memtables' budget more
 * than once, and a later one that a check finds beside the database. The n-th allocation fails, or all from there on,
 * n = 0, 1, 2 … until none does. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "api/failing_memory.h"
#include "storage/check.h"
#include "storage/engine_internal.h"
#include "storage/memory_work.h"
#include "support/engine_fixture.h"

enum { TABLE = 16, KEYS = 12 };

static struct volume *database; /* closed, as a killed process left it */
static struct volume *volume;   /* of the engine */
static struct engine *engine;
static struct engine_options options;

static struct volume *copy_of(struct volume *from)
{
    struct volume *copy;

    assert_true(volume_memory_crash(from, UINT64_MAX, &copy, NULL));
    return copy;
}

static void prepare_copy(void)
{
    volume = copy_of(database);
}

static bool open_engine(struct ssql_error *error)
{
    return engine_open(volume, &options, &engine, error);
}

/* As if it were killed now: its volume is the database. */
static void kill_engine(void)
{
    database = copy_of(volume);
    fixture_close(engine);
}

static bool go_on(void *context, const struct check_finding *finding)
{
    unsigned *damages = context;

    *damages += finding->kind == CHECK_DAMAGE;
    return true;
}

static unsigned damages;

static bool check(struct ssql_error *error)
{
    struct check_progress progress;

    damages = 0;
    return volume_check(database, go_on, &damages, &progress, error);
}

static void expect_no_damage(bool is_done)
{
    (void)is_done;
    assert_int_equal(damages, 0);
}

/* ---- a log that begins with a deletion ---- */

static void begin_with_deletion(void)
{
    options = fixture_options(false);
    volume = fixture_volume();
    assert_true(open_engine(NULL));
    assert_int_equal(fixture_create_table(engine), TABLE);
    for (int64_t key = 0; key < KEYS; key++)
        assert_int_equal(fixture_put_one(engine, TABLE, key, key), SSQL_OK);
    assert_true(engine_flush(engine, NULL));
    struct volume *closed = copy_of(volume);
    fixture_close(engine);
    volume = closed;
    /* What is flushed is read again, and not looked at; a log of its own begins behind it. */
    assert_true(open_engine(NULL));
    assert_true(engine_flush(engine, NULL));
    struct transaction *transaction = fixture_begin(engine, TRANSACTION_WRITE);
    fixture_delete(transaction, TABLE, 3);
    assert_int_equal(fixture_commit(transaction), SSQL_OK);
    kill_engine();
}

static void expect_deleted(bool is_done)
{
    if (!is_done)
        return;
    assert_int_equal(fixture_count(engine, TABLE), KEYS - 1);
    assert_int_equal(fixture_get_one(engine, TABLE, 3), -1);
    fixture_close(engine);
}

static void a_deletion_that_comes_first_is_read_or_memory_is_missing(void **state)
{
    (void)state;
    begin_with_deletion();
    fail_each_allocation_of(&(struct work){prepare_copy, open_engine, expect_deleted}, 4, 10);
    fail_each_allocation_of(&(struct work){.run = check, .verify = expect_no_damage}, 4, 10);
    volume_close(database);
}

/* ---- a log that passes the budget again and again ---- */

enum { COLUMNS = 2, ROWS = 44, TEXT_BYTES = 2000 };

static void begin_with_large_rows(void)
{
    static char text[TEXT_BYTES];
    struct table_layout layout = {
        .column_count = COLUMNS, .key_count = 1, .types = {SSQL_TYPE_INT, SSQL_TYPE_STRING}, .key_columns = {0}};
    uint32_t table_id;

    options = fixture_options(false);
    volume = fixture_volume();
    assert_true(open_engine(NULL));
    struct transaction *transaction = fixture_begin(engine, TRANSACTION_WRITE);
    assert_true(transaction_create_table(transaction, &layout, &table_id, NULL));
    assert_int_equal(fixture_commit(transaction), SSQL_OK);
    memset(text, 'x', sizeof text);
    for (int64_t row = 0; row < ROWS; row++) {
        const struct value values[COLUMNS] = {value_int(row), value_string(slice_make(text, sizeof text))};
        transaction = fixture_begin(engine, TRANSACTION_WRITE);
        assert_true(transaction_put(transaction, transaction_table(transaction, table_id), values, NULL));
        assert_int_equal(fixture_commit(transaction), SSQL_OK);
    }
    kill_engine();
    options.memory_limit_bytes = 48 << 10;
}

static uint64_t count_rows(void)
{
    const struct table *table = engine->tables[0];
    const struct table_version *version = table->current;
    uint64_t count = table->active == NULL ? 0 : memtable_version_count(table->active);

    for (uint32_t level = 0; level < LEVELS; level++)
        for (uint32_t i = 0; i < version->file_count[level]; i++)
            count += version->files[level][i]->info.row_count;
    return count;
}

static void expect_large_rows(bool is_done)
{
    if (!is_done)
        return;
    assert_true(atomic_load(&engine->flushes) > 1);
    assert_int_equal(count_rows(), ROWS);
    fixture_close(engine);
}

static void a_log_beyond_the_budget_is_read_or_memory_is_missing(void **state)
{
    (void)state;
    begin_with_large_rows();
    fail_each_allocation_of(&(struct work){prepare_copy, open_engine, expect_large_rows}, 16, 40);
    volume_close(database);
}

/* ---- a later log, which no manifest names ---- */

static void begin_with_older_manifest(void)
{
    struct buffer older = {0}, newer = {0};
    uint64_t version;

    begin_with_deletion();
    prepare_copy();
    assert_int_equal(register_read(database, "manifest", &older, &version, NULL), VOLUME_OK);
    volume_close(database);
    assert_true(open_engine(NULL));
    assert_int_equal(fixture_put_one(engine, TABLE, 77, 77), SSQL_OK);
    kill_engine();
    assert_int_equal(register_read(database, "manifest", &newer, &version, NULL), VOLUME_OK);
    assert_int_equal(register_swap(database, "manifest", &version, buffer_slice(&older), NULL), VOLUME_OK);
    buffer_clear(&older);
    buffer_clear(&newer);
}

static void expect_one_damage(bool is_done)
{
    assert_in_range(damages, is_done ? 1 : 0, 1);
}

static void a_later_log_is_found_or_memory_is_missing(void **state)
{
    (void)state;
    begin_with_older_manifest();
    fail_each_allocation_of(&(struct work){.run = check, .verify = expect_one_damage}, 4, 10);
    volume_close(database);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_deletion_that_comes_first_is_read_or_memory_is_missing),
        cmocka_unit_test(a_log_beyond_the_budget_is_read_or_memory_is_missing),
        cmocka_unit_test(a_later_log_is_found_or_memory_is_missing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
