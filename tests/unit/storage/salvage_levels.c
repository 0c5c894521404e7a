/* Salvage of files that hide each other at level 0, and of what is no user's: which losses may leave older rows, and
 * which rows count. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "storage/engine_internal.h"
#include "storage/transaction_internal.h"
#include "support/salvage_fixture.h"

static void put_some(struct engine *engine, int64_t first, int64_t count, bool is_spilled)
{
    struct transaction *transaction = fixture_begin(engine, TRANSACTION_WRITE);

    for (int64_t i = first; i < first + count; i++)
        fixture_put(transaction, FIRST_TABLE, i, i);
    if (is_spilled)
        assert_true(transaction_spill(transaction, NULL));
    assert_int_equal(fixture_commit(transaction), SSQL_OK);
    assert_true(engine_flush(engine, NULL));
}

/* Files of level 0: one below the gap, one above it, and, maybe, one of a spilled commit with keys inside it; then the
 * one that is damaged in its middle, and a newer one. Whether rows may be older than their last version. */
static bool leaves_older(bool has_some_inside, bool has_newer)
{
    struct engine_options options = fixture_options(false);
    struct volume *volume = fixture_volume();
    struct engine *engine;

    options.level0_files = 50;
    options.block_rows = 100;
    engine = fixture_open(volume, &options);
    assert_int_equal(fixture_create_table(engine), FIRST_TABLE);
    put_some(engine, 0, 50, false);
    put_some(engine, 9000, 50, false);
    if (has_some_inside)
        put_some(engine, 0, 2000, true);
    put_some(engine, 0, 1000, false);
    const struct sstable_info *damaged = &engine->tables[0]->current->files[0][0]->info;
    assert_int_equal(damaged->row_count, 1000);
    assert_true(volume_memory_damage(volume, damaged->name, damaged->size / 2, 1));
    if (has_newer)
        put_some(engine, 0, 1000, false);
    struct volume *copy = copy_of(volume);
    fixture_close(engine);
    salvage(copy);
    assert_said("are lost: rows after key");
    assert_true(salvaged.row_count > 800);
    volume_close(copy);
    return salvaged.has_older;
}

static void a_loss_leaves_older_rows_where_an_older_file_has_such_keys(void **state)
{
    (void)state;
    assert_false(leaves_older(false, false));
    assert_false(leaves_older(false, true));
    assert_true(leaves_older(true, false));
    assert_true(leaves_older(true, true));
}

/* In files, and in the log. */
static void rows_of_the_systems_tables_are_kept_and_not_counted(void **state)
{
    enum { SYSTEM_TABLE = 3 };
    struct engine_options options = fixture_options(false);
    struct volume *volume = fixture_volume(), *to = fixture_volume();
    struct engine *engine = fixture_open(volume, &options);
    struct table_layout layout = fixture_layout();
    struct transaction *transaction = fixture_begin(engine, TRANSACTION_WRITE);

    (void)state;
    assert_int_equal(fixture_create_table(engine), FIRST_TABLE);
    assert_true(transaction_create_table_as(transaction, SYSTEM_TABLE, &layout, NULL));
    fixture_put(transaction, SYSTEM_TABLE, 1, 1);
    fixture_put(transaction, SYSTEM_TABLE, 2, 2);
    assert_int_equal(fixture_commit(transaction), SSQL_OK);
    assert_int_equal(fixture_put_one(engine, FIRST_TABLE, 1, 1), SSQL_OK);
    assert_true(engine_flush(engine, NULL));
    assert_int_equal(fixture_put_one(engine, SYSTEM_TABLE, 3, 3), SSQL_OK);
    assert_int_equal(fixture_put_one(engine, FIRST_TABLE, 2, 2), SSQL_OK);
    struct volume *copy = copy_of(volume);
    fixture_close(engine);
    assert_true(try_salvage(copy, to, 0, NULL));
    assert_int_equal(salvaged.losses, 0);
    assert_int_equal(salvaged.row_count, 2);
    volume_close(copy);
    engine = fixture_open(to, &options);
    assert_int_equal(fixture_count(engine, SYSTEM_TABLE), 3);
    assert_int_equal(fixture_count(engine, FIRST_TABLE), 2);
    fixture_close(engine);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_loss_leaves_older_rows_where_an_older_file_has_such_keys),
        cmocka_unit_test(rows_of_the_systems_tables_are_kept_and_not_counted),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
