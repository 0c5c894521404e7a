/* The first rows of a block come as a batch of their own; what follows must not get lost. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support/engine_fixture.h"

enum { ROWS = 2500, DELETED = 300 };

static void check_rows(struct engine *engine, uint32_t table, int64_t first)
{
    static struct fixture_pair pairs[ROWS];
    struct transaction *reader = fixture_begin(engine, TRANSACTION_READ);

    assert_int_equal(fixture_scan(reader, table, 0, ROWS, pairs, ROWS), ROWS - first);
    for (int64_t key = first; key < ROWS; key++)
        assert_int_equal(pairs[key - first].key, key);
    fixture_rollback(reader);
}

static void rows_after_the_first_ones_come_too(void **state)
{
    struct engine_options options = fixture_options(false);
    struct engine *engine = fixture_open(fixture_volume(), &options);
    uint32_t table = fixture_create_table(engine);
    struct ssql_error error;

    (void)state;
    for (int64_t key = 0; key < ROWS; key++)
        assert_int_equal(fixture_put_one(engine, table, key, key), SSQL_OK);
    assert_true(engine_flush(engine, &error));
    check_rows(engine, table, 0);
    fixture_close(engine);
}

/* An open snapshot keeps the tombstones in the file. */
static void tombstones_in_place_of_the_first_rows_end_nothing(void **state)
{
    struct engine_options options = fixture_options(false);
    struct engine *engine = fixture_open(fixture_volume(), &options);
    uint32_t table = fixture_create_table(engine);
    struct ssql_error error;

    (void)state;
    for (int64_t key = 0; key < ROWS; key++)
        assert_int_equal(fixture_put_one(engine, table, key, key), SSQL_OK);
    struct transaction *older = fixture_begin(engine, TRANSACTION_READ);
    struct transaction *writer = fixture_begin(engine, TRANSACTION_WRITE);
    for (int64_t key = 0; key < DELETED; key++)
        fixture_delete(writer, table, key);
    assert_int_equal(fixture_commit(writer), SSQL_OK);
    assert_true(engine_flush(engine, &error));
    check_rows(engine, table, DELETED);
    fixture_rollback(older);
    fixture_close(engine);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_after_the_first_ones_come_too),
        cmocka_unit_test(tombstones_in_place_of_the_first_rows_end_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
