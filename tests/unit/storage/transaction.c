/* Transactions: what they see, what an undo takes back, which of them conflict, and those that outgrow memory. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>

#include "support/engine_fixture.h"

struct fixture {
    struct engine *engine;
    uint32_t table_id;
};

static int set_up(void **state)
{
    struct fixture *fixture = calloc(1, sizeof *fixture);
    struct engine_options options = fixture_options(false);

    assert_non_null(fixture);
    fixture->engine = fixture_open(fixture_volume(), &options);
    fixture->table_id = fixture_create_table(fixture->engine);
    for (int64_t key = 0; key < 10; key++)
        assert_int_equal(fixture_put_one(fixture->engine, fixture->table_id, key, key), SSQL_OK);
    *state = fixture;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;

    fixture_close(fixture->engine);
    free(fixture);
    return 0;
}

static struct transaction *begin(const struct fixture *fixture)
{
    return fixture_begin(fixture->engine, TRANSACTION_WRITE);
}

static size_t count(struct transaction *transaction, uint32_t table_id)
{
    struct fixture_pair pairs[64];

    return fixture_scan(transaction, table_id, -1000, 1000, pairs, 64);
}

/* ---- seeing ---- */

static void own_writes_are_seen_by_get_at_once_and_by_scans_after_the_mark(void **state)
{
    struct fixture *fixture = *state;
    struct transaction *transaction = begin(fixture);

    transaction_mark(transaction);
    fixture_put(transaction, fixture->table_id, 20, 5);
    fixture_delete(transaction, fixture->table_id, 3);
    assert_int_equal(fixture_get(transaction, fixture->table_id, 20), 5);
    assert_int_equal(fixture_get(transaction, fixture->table_id, 3), -1);
    assert_int_equal(count(transaction, fixture->table_id), 10);
    transaction_mark(transaction);
    assert_int_equal(count(transaction, fixture->table_id), 10); /* one more, one less */
    fixture_put(transaction, fixture->table_id, 21, 5);
    assert_int_equal(count(transaction, fixture->table_id), 10);
    transaction_mark(transaction);
    assert_int_equal(count(transaction, fixture->table_id), 11);
    fixture_rollback(transaction);
    assert_int_equal(fixture_get_one(fixture->engine, fixture->table_id, 20), -1);
    assert_int_equal(fixture_get_one(fixture->engine, fixture->table_id, 3), 3);
}

static void a_snapshot_does_not_see_later_commits(void **state)
{
    struct fixture *fixture = *state;
    struct transaction *old = fixture_begin(fixture->engine, TRANSACTION_READ);

    assert_int_equal(fixture_put_one(fixture->engine, fixture->table_id, 1, 100), SSQL_OK);
    assert_int_equal(fixture_put_one(fixture->engine, fixture->table_id, 50, 100), SSQL_OK);
    assert_int_equal(fixture_get(old, fixture->table_id, 1), 1);
    assert_int_equal(fixture_get(old, fixture->table_id, 50), -1);
    assert_int_equal(count(old, fixture->table_id), 10);
    fixture_rollback(old);
    assert_int_equal(fixture_get_one(fixture->engine, fixture->table_id, 1), 100);
}

static void an_insert_finds_existing_keys_of_any_origin(void **state)
{
    struct fixture *fixture = *state;
    struct transaction *transaction = begin(fixture);
    struct ssql_error error;

    assert_int_equal(fixture_insert(transaction, fixture->table_id, 1, 7), WRITE_DUPLICATE);
    assert_int_equal(fixture_insert(transaction, fixture->table_id, 30, 1), WRITE_DONE);
    assert_int_equal(fixture_insert(transaction, fixture->table_id, 30, 2), WRITE_DUPLICATE);
    fixture_delete(transaction, fixture->table_id, 30);
    assert_int_equal(fixture_insert(transaction, fixture->table_id, 30, 3), WRITE_DONE);
    fixture_delete(transaction, fixture->table_id, 1);
    assert_int_equal(fixture_insert(transaction, fixture->table_id, 1, 8), WRITE_DONE);
    assert_int_equal(fixture_commit(transaction), SSQL_OK);
    assert_int_equal(fixture_get_one(fixture->engine, fixture->table_id, 30), 3);
    assert_int_equal(fixture_get_one(fixture->engine, fixture->table_id, 1), 8);

    assert_true(engine_flush(fixture->engine, &error));
    transaction = begin(fixture);
    assert_int_equal(fixture_insert(transaction, fixture->table_id, 30, 9), WRITE_DUPLICATE);
    assert_int_equal(fixture_insert(transaction, fixture->table_id, 31, 9), WRITE_DONE);
    fixture_rollback(transaction);
}

static void the_last_of_several_writes_to_a_key_counts_also_after_recovery(void **state)
{
    struct fixture *fixture = *state;
    struct volume *volume = fixture_volume(), *after;
    struct engine_options options = fixture_options(false);
    struct engine *engine = fixture_open(volume, &options);
    uint32_t table_id = fixture_create_table(engine);
    struct transaction *transaction = fixture_begin(engine, TRANSACTION_WRITE);
    struct ssql_error error;

    (void)fixture;
    for (int64_t i = 0; i < 100; i++)
        fixture_put(transaction, table_id, i % 3, i);
    fixture_delete(transaction, table_id, 2);
    assert_int_equal(fixture_commit(transaction), SSQL_OK);
    assert_true(volume_memory_crash(volume, 0, &after, &error));
    fixture_close(engine);
    engine = fixture_open(after, &options);
    assert_int_equal(fixture_get_one(engine, table_id, 0), 99);
    assert_int_equal(fixture_get_one(engine, table_id, 1), 97);
    assert_int_equal(fixture_get_one(engine, table_id, 2), -1);
    assert_int_equal(fixture_count(engine, table_id), 2);
    fixture_close(engine);
}

static void a_read_only_transaction_refuses_writes(void **state)
{
    struct fixture *fixture = *state;
    struct transaction *transaction = fixture_begin(fixture->engine, TRANSACTION_READ);
    struct table *table = transaction_table(transaction, fixture->table_id);
    struct table_layout layout = fixture_layout();
    struct value values[FIXTURE_COLUMNS];
    char text[FIXTURE_TEXT_SIZE];
    struct ssql_error error;
    uint32_t table_id;

    fixture_row(1, 1, text, values);
    assert_int_equal(transaction_insert(transaction, table, values, &error), WRITE_FAILED);
    assert_int_equal(error.code, SSQL_READ_ONLY);
    assert_false(transaction_put(transaction, table, values, &error));
    assert_false(transaction_delete(transaction, table, slice_of("12345678"), &error));
    assert_false(transaction_create_table(transaction, &layout, &table_id, &error));
    assert_false(transaction_drop_table(transaction, fixture->table_id, &error));
    assert_int_equal(error.code, SSQL_READ_ONLY);
    fixture_rollback(transaction);
}

/* ---- undoing ---- */

static void an_undo_takes_back_a_statement_and_no_more(void **state)
{
    struct fixture *fixture = *state;
    struct transaction *transaction = begin(fixture);

    fixture_put(transaction, fixture->table_id, 1, 50);
    uint64_t mark = transaction_mark(transaction);
    fixture_put(transaction, fixture->table_id, 1, 60);
    fixture_put(transaction, fixture->table_id, 70, 70);
    fixture_delete(transaction, fixture->table_id, 2);
    transaction_undo_to(transaction, mark);
    assert_int_equal(fixture_get(transaction, fixture->table_id, 1), 50);
    assert_int_equal(fixture_get(transaction, fixture->table_id, 2), 2);
    assert_int_equal(fixture_get(transaction, fixture->table_id, 70), -1);
    assert_int_equal(fixture_insert(transaction, fixture->table_id, 70, 71), WRITE_DONE);
    assert_int_equal(fixture_commit(transaction), SSQL_OK);
    assert_int_equal(fixture_get_one(fixture->engine, fixture->table_id, 1), 50);
    assert_int_equal(fixture_get_one(fixture->engine, fixture->table_id, 70), 71);
    assert_int_equal(fixture_count(fixture->engine, fixture->table_id), 11);
}

static void an_undo_also_takes_back_what_a_scan_has_put_in_order(void **state)
{
    struct fixture *fixture = *state;
    struct transaction *transaction = begin(fixture);

    for (int64_t key = 100; key < 110; key++)
        fixture_put(transaction, fixture->table_id, key, key);
    transaction_mark(transaction);
    assert_int_equal(count(transaction, fixture->table_id), 20);
    uint64_t mark = transaction_mark(transaction);
    for (int64_t key = 105; key < 115; key++)
        fixture_put(transaction, fixture->table_id, key, 0);
    assert_int_equal(count(transaction, fixture->table_id), 20);
    transaction_undo_to(transaction, mark);
    transaction_mark(transaction);
    assert_int_equal(count(transaction, fixture->table_id), 20);
    assert_int_equal(fixture_get(transaction, fixture->table_id, 105), 105);
    fixture_put(transaction, fixture->table_id, 200, 1);
    transaction_mark(transaction);
    assert_int_equal(count(transaction, fixture->table_id), 21);
    assert_int_equal(fixture_commit(transaction), SSQL_OK);
    assert_int_equal(fixture_count(fixture->engine, fixture->table_id), 21);
}

/* ---- conflicts ---- */

static void two_writers_of_one_key_conflict(void **state)
{
    struct fixture *fixture = *state;
    struct transaction *first = begin(fixture), *second = begin(fixture);

    fixture_put(first, fixture->table_id, 1, 5);
    fixture_put(second, fixture->table_id, 1, 6);
    assert_int_equal(fixture_commit(first), SSQL_OK);
    assert_int_equal(fixture_commit(second), SSQL_CONFLICT);
    assert_int_equal(fixture_get_one(fixture->engine, fixture->table_id, 1), 5);
}

static void writers_of_different_keys_do_not_conflict(void **state)
{
    struct fixture *fixture = *state;
    struct transaction *first = begin(fixture), *second = begin(fixture);

    fixture_put(first, fixture->table_id, 1, 5);
    fixture_put(second, fixture->table_id, 2, 6);
    assert_int_equal(fixture_commit(first), SSQL_OK);
    assert_int_equal(fixture_commit(second), SSQL_OK);
}

static void write_skew_is_a_conflict(void **state)
{
    struct fixture *fixture = *state;
    struct transaction *first = begin(fixture), *second = begin(fixture);

    fixture_put(first, fixture->table_id, 1, fixture_get(first, fixture->table_id, 2) + 10);
    fixture_put(second, fixture->table_id, 2, fixture_get(second, fixture->table_id, 1) + 10);
    assert_int_equal(fixture_commit(first), SSQL_OK);
    assert_int_equal(fixture_commit(second), SSQL_CONFLICT);
}

static void a_phantom_in_a_scanned_range_is_a_conflict(void **state)
{
    struct fixture *fixture = *state;
    struct transaction *reader = begin(fixture), *outside = begin(fixture);
    struct fixture_pair pairs[32];

    assert_int_equal(fixture_scan(reader, fixture->table_id, 5, 100, pairs, 32), 5);
    fixture_put(reader, fixture->table_id, 1, 5);
    assert_int_equal(fixture_scan(outside, fixture->table_id, 5, 9, pairs, 32), 5);
    fixture_put(outside, fixture->table_id, 2, 5);
    assert_int_equal(fixture_put_one(fixture->engine, fixture->table_id, 55, 1), SSQL_OK);
    assert_int_equal(fixture_commit(reader), SSQL_CONFLICT);
    assert_int_equal(fixture_commit(outside), SSQL_OK);
}

static void an_absent_key_that_was_read_and_then_inserted_is_a_conflict(void **state)
{
    struct fixture *fixture = *state;
    struct transaction *transaction = begin(fixture);

    assert_int_equal(fixture_get(transaction, fixture->table_id, 77), -1);
    fixture_put(transaction, fixture->table_id, 1, 1);
    assert_int_equal(fixture_put_one(fixture->engine, fixture->table_id, 77, 1), SSQL_OK);
    assert_int_equal(fixture_commit(transaction), SSQL_CONFLICT);
}

static void a_conflict_is_found_after_the_winner_was_flushed(void **state)
{
    struct fixture *fixture = *state;
    struct transaction *transaction = begin(fixture);
    struct ssql_error error;

    fixture_put(transaction, fixture->table_id, 4, 1);
    assert_int_equal(fixture_put_one(fixture->engine, fixture->table_id, 4, 2), SSQL_OK);
    assert_true(engine_compact(fixture->engine, &error));
    assert_int_equal(fixture_commit(transaction), SSQL_CONFLICT);
}

static void readers_and_transactions_without_writes_never_conflict(void **state)
{
    struct fixture *fixture = *state;
    struct transaction *transaction = begin(fixture);

    assert_int_equal(fixture_get(transaction, fixture->table_id, 1), 1);
    assert_int_equal(fixture_put_one(fixture->engine, fixture->table_id, 1, 2), SSQL_OK);
    assert_int_equal(fixture_commit(transaction), SSQL_OK);
}

static void so_many_reads_that_the_table_counts_as_read_whole_still_conflict(void **state)
{
    struct fixture *fixture = *state;
    struct transaction *transaction = begin(fixture);

    for (int64_t key = 0; key < 70000; key++)
        fixture_get(transaction, fixture->table_id, 1000 + key);
    fixture_put(transaction, fixture->table_id, 1, 1);
    assert_int_equal(fixture_put_one(fixture->engine, fixture->table_id, 1005, 1), SSQL_OK);
    assert_int_equal(fixture_commit(transaction), SSQL_CONFLICT);
}

static void a_retry_after_a_conflict_with_a_deferred_commit_succeeds(void **state)
{
    struct fixture *fixture = *state;
    struct transaction *deferred, *other = begin(fixture);
    struct ssql_error error;

    fixture_put(other, fixture->table_id, 1, 5);
    assert_true(transaction_create(fixture->engine, &deferred, &error));
    assert_true(transaction_begin(deferred, TRANSACTION_WRITE, COMMIT_DEFERRED, &error));
    fixture_put(deferred, fixture->table_id, 1, 6);
    assert_true(transaction_commit(deferred, &error));
    transaction_destroy(deferred);
    assert_int_equal(fixture_commit(other), SSQL_CONFLICT);
    other = begin(fixture);
    assert_int_equal(fixture_get(other, fixture->table_id, 1), 6);
    fixture_put(other, fixture->table_id, 1, 7);
    assert_int_equal(fixture_commit(other), SSQL_OK);
}

/* ---- creating and dropping ---- */

static uint32_t create(struct transaction *transaction)
{
    struct table_layout layout = fixture_layout();
    struct ssql_error error;
    uint32_t table_id;

    assert_true(transaction_create_table(transaction, &layout, &table_id, &error));
    return table_id;
}

static void a_created_table_is_seen_by_others_once_committed(void **state)
{
    struct fixture *fixture = *state;
    struct transaction *transaction = begin(fixture), *old = fixture_begin(fixture->engine, TRANSACTION_READ);
    uint32_t table_id = create(transaction);

    assert_true(table_id >= FIRST_USER_TABLE);
    assert_int_equal(fixture_insert(transaction, table_id, 1, 1), WRITE_DONE);
    assert_int_equal(fixture_insert(transaction, table_id, 1, 1), WRITE_DUPLICATE);
    assert_null(transaction_table(old, table_id));
    assert_int_equal(fixture_commit(transaction), SSQL_OK);
    assert_null(transaction_table(old, table_id));
    fixture_rollback(old);
    assert_int_equal(fixture_get_one(fixture->engine, table_id, 1), 1);
}

static void creations_and_drops_are_rolled_back_and_undone(void **state)
{
    struct fixture *fixture = *state;
    struct transaction *transaction = begin(fixture);
    struct ssql_error error;

    uint64_t mark = transaction_mark(transaction);
    uint32_t table_id = create(transaction);
    fixture_put(transaction, table_id, 1, 1);
    assert_true(transaction_drop_table(transaction, fixture->table_id, &error));
    assert_null(transaction_table(transaction, fixture->table_id));
    transaction_undo_to(transaction, mark);
    assert_null(transaction_table(transaction, table_id));
    assert_int_equal(fixture_get(transaction, fixture->table_id, 1), 1);
    fixture_put(transaction, fixture->table_id, 1, 9);
    assert_int_equal(fixture_commit(transaction), SSQL_OK);
    assert_int_equal(fixture_get_one(fixture->engine, fixture->table_id, 1), 9);

    transaction = begin(fixture);
    assert_true(transaction_drop_table(transaction, fixture->table_id, &error));
    fixture_rollback(transaction);
    assert_int_equal(fixture_get_one(fixture->engine, fixture->table_id, 1), 9);
}

static void writing_to_a_table_that_was_dropped_is_a_conflict(void **state)
{
    struct fixture *fixture = *state;
    struct transaction *writer = begin(fixture), *dropper = begin(fixture);
    struct ssql_error error;

    fixture_put(writer, fixture->table_id, 1, 1);
    assert_true(transaction_drop_table(dropper, fixture->table_id, &error));
    assert_int_equal(fixture_commit(dropper), SSQL_OK);
    assert_int_equal(fixture_commit(writer), SSQL_CONFLICT);
}

static void two_makers_of_a_system_table_conflict(void **state)
{
    struct fixture *fixture = *state;
    struct transaction *first = begin(fixture), *second = begin(fixture);
    struct table_layout layout = fixture_layout();
    struct ssql_error error;

    assert_true(transaction_create_table_as(first, 1, &layout, &error));
    assert_true(transaction_create_table_as(second, 1, &layout, &error));
    assert_int_equal(fixture_commit(first), SSQL_OK);
    assert_int_equal(fixture_commit(second), SSQL_CONFLICT);
    first = begin(fixture);
    assert_false(transaction_create_table_as(first, 1, &layout, &error));
    assert_int_equal(error.code, SSQL_TABLE_EXISTS);
    fixture_rollback(first);
}

static void a_table_created_and_dropped_at_once_leaves_nothing(void **state)
{
    struct fixture *fixture = *state;
    struct transaction *transaction = begin(fixture);
    struct ssql_error error;
    uint32_t table_id = create(transaction);

    fixture_put(transaction, table_id, 1, 1);
    assert_true(transaction_drop_table(transaction, table_id, &error));
    assert_int_equal(fixture_commit(transaction), SSQL_OK);
    transaction = begin(fixture);
    assert_null(transaction_table(transaction, table_id));
    fixture_rollback(transaction);
}

/* ---- larger than memory ---- */

struct spilled_fixture {
    struct volume *volume;
    struct engine *engine;
    uint32_t table_id;
};

enum { MANY = 6000 }; /* rows that a tiny engine's transaction does not keep in memory */

static struct spilled_fixture open_tiny(void)
{
    struct engine_options options = fixture_options(true);
    struct spilled_fixture tiny = {.volume = fixture_volume()};

    tiny.engine = fixture_open(tiny.volume, &options);
    tiny.table_id = fixture_create_table(tiny.engine);
    return tiny;
}

static void put_many(struct transaction *transaction, uint32_t table_id, int64_t from, int64_t add)
{
    for (int64_t key = 0; key < MANY; key++)
        fixture_put(transaction, table_id, from + key * 7 % MANY, from + key * 7 % MANY + add);
}

static void assert_many(struct transaction *transaction, uint32_t table_id, int64_t from, int64_t add)
{
    struct fixture_pair *pairs = calloc(MANY, sizeof *pairs);

    assert_non_null(pairs);
    assert_int_equal(fixture_scan(transaction, table_id, from, from + MANY - 1, pairs, MANY), MANY);
    for (int64_t i = 0; i < MANY; i++)
        assert_true(pairs[i].key == from + i && pairs[i].number == from + i + add);
    free(pairs);
}

static void a_spilled_transaction_is_there_whole_after_a_crash(void **state)
{
    (void)state;
    struct engine_options options = fixture_options(true);
    struct spilled_fixture tiny = open_tiny();
    struct transaction *transaction = fixture_begin(tiny.engine, TRANSACTION_WRITE);
    struct volume *after;
    struct ssql_error error;

    fixture_put(transaction, tiny.table_id, -5, 5);
    put_many(transaction, tiny.table_id, 0, 1);
    transaction_mark(transaction);
    put_many(transaction, tiny.table_id, 0, 2); /* the same keys: later spills hide earlier ones */
    transaction_mark(transaction);
    assert_many(transaction, tiny.table_id, 0, 2);
    assert_int_equal(fixture_get(transaction, tiny.table_id, 17), 19);
    assert_int_equal(fixture_insert(transaction, tiny.table_id, 17, 1), WRITE_DUPLICATE);
    fixture_delete(transaction, tiny.table_id, 18);
    assert_int_equal(fixture_get(transaction, tiny.table_id, 18), -1);
    fixture_put(transaction, tiny.table_id, 18, 20);
    assert_int_equal(fixture_commit(transaction), SSQL_OK);
    assert_int_equal(fixture_put_one(tiny.engine, tiny.table_id, 3, 77), SSQL_OK);

    assert_true(volume_memory_crash(tiny.volume, 0, &after, &error));
    fixture_close(tiny.engine);
    struct engine *engine = fixture_open(after, &options);
    assert_int_equal(fixture_get_one(engine, tiny.table_id, 3), 77);
    assert_int_equal(fixture_put_one(engine, tiny.table_id, 3, 5), SSQL_OK);
    transaction = fixture_begin(engine, TRANSACTION_READ);
    assert_many(transaction, tiny.table_id, 0, 2);
    assert_int_equal(fixture_get(transaction, tiny.table_id, -5), 5);
    fixture_rollback(transaction);
    fixture_close(engine);
}

static void a_rolled_back_spill_leaves_no_trace(void **state)
{
    (void)state;
    struct spilled_fixture tiny = open_tiny();
    struct transaction *transaction = fixture_begin(tiny.engine, TRANSACTION_WRITE);

    put_many(transaction, tiny.table_id, 0, 1);
    fixture_rollback(transaction);
    assert_int_equal(fixture_count(tiny.engine, tiny.table_id), 0);
    fixture_close(tiny.engine);
}

static void a_statement_that_spills_neither_sees_itself_nor_survives_its_undo(void **state)
{
    (void)state;
    struct spilled_fixture tiny = open_tiny();
    struct transaction *transaction = fixture_begin(tiny.engine, TRANSACTION_WRITE);
    struct fixture_pair pairs[4];

    for (int round = 0; round < 3; round++) {
        put_many(transaction, tiny.table_id, 0, round);
        uint64_t mark = transaction_mark(transaction);
        put_many(transaction, tiny.table_id, 0, 100);
        put_many(transaction, tiny.table_id, MANY, 100);
        assert_many(transaction, tiny.table_id, 0, round);
        assert_int_equal(fixture_scan(transaction, tiny.table_id, MANY, 3 * MANY, pairs, 4), 0);
        assert_int_equal(fixture_get(transaction, tiny.table_id, MANY), MANY + 100);
        transaction_undo_to(transaction, mark);
        transaction_mark(transaction);
        assert_many(transaction, tiny.table_id, 0, round);
        assert_int_equal(fixture_get(transaction, tiny.table_id, MANY), -1);
    }
    assert_int_equal(fixture_commit(transaction), SSQL_OK);
    assert_int_equal(fixture_count(tiny.engine, tiny.table_id), MANY);
    assert_int_equal(fixture_get_one(tiny.engine, tiny.table_id, 8), 10);
    fixture_close(tiny.engine);
}

static void a_spilled_transaction_conflicts_like_any_other(void **state)
{
    (void)state;
    struct spilled_fixture tiny = open_tiny();
    struct transaction *transaction = fixture_begin(tiny.engine, TRANSACTION_WRITE);

    put_many(transaction, tiny.table_id, 0, 1);
    assert_int_equal(fixture_put_one(tiny.engine, tiny.table_id, 5, 5), SSQL_OK);
    assert_int_equal(fixture_commit(transaction), SSQL_CONFLICT);
    assert_int_equal(fixture_count(tiny.engine, tiny.table_id), 1);
    fixture_close(tiny.engine);
}

static void a_spilled_transaction_creates_and_drops_tables(void **state)
{
    (void)state;
    struct engine_options options = fixture_options(true);
    struct spilled_fixture tiny = open_tiny();
    struct transaction *transaction = fixture_begin(tiny.engine, TRANSACTION_WRITE);
    struct volume *after;
    struct ssql_error error;

    uint32_t made = create(transaction), dropped = create(transaction);
    put_many(transaction, made, 0, 1);
    put_many(transaction, dropped, 0, 1);
    assert_true(transaction_drop_table(transaction, dropped, &error));
    assert_true(transaction_drop_table(transaction, tiny.table_id, &error));
    assert_int_equal(fixture_commit(transaction), SSQL_OK);
    assert_int_equal(fixture_put_one(tiny.engine, made, -1, 4), SSQL_OK);
    assert_true(volume_memory_crash(tiny.volume, 0, &after, &error));
    fixture_close(tiny.engine);

    struct engine *engine = fixture_open(after, &options);
    transaction = fixture_begin(engine, TRANSACTION_READ);
    assert_null(transaction_table(transaction, dropped));
    assert_null(transaction_table(transaction, tiny.table_id));
    assert_many(transaction, made, 0, 1);
    assert_int_equal(fixture_get(transaction, made, -1), 4);
    fixture_rollback(transaction);
    fixture_close(engine);
}

int main(void)
{
#define WITH_FIXTURE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        WITH_FIXTURE(own_writes_are_seen_by_get_at_once_and_by_scans_after_the_mark),
        WITH_FIXTURE(a_snapshot_does_not_see_later_commits),
        WITH_FIXTURE(an_insert_finds_existing_keys_of_any_origin),
        WITH_FIXTURE(the_last_of_several_writes_to_a_key_counts_also_after_recovery),
        WITH_FIXTURE(a_read_only_transaction_refuses_writes),
        WITH_FIXTURE(an_undo_takes_back_a_statement_and_no_more),
        WITH_FIXTURE(an_undo_also_takes_back_what_a_scan_has_put_in_order),
        WITH_FIXTURE(two_writers_of_one_key_conflict),
        WITH_FIXTURE(writers_of_different_keys_do_not_conflict),
        WITH_FIXTURE(write_skew_is_a_conflict),
        WITH_FIXTURE(a_phantom_in_a_scanned_range_is_a_conflict),
        WITH_FIXTURE(an_absent_key_that_was_read_and_then_inserted_is_a_conflict),
        WITH_FIXTURE(a_conflict_is_found_after_the_winner_was_flushed),
        WITH_FIXTURE(readers_and_transactions_without_writes_never_conflict),
        WITH_FIXTURE(so_many_reads_that_the_table_counts_as_read_whole_still_conflict),
        WITH_FIXTURE(a_retry_after_a_conflict_with_a_deferred_commit_succeeds),
        WITH_FIXTURE(a_created_table_is_seen_by_others_once_committed),
        WITH_FIXTURE(creations_and_drops_are_rolled_back_and_undone),
        WITH_FIXTURE(writing_to_a_table_that_was_dropped_is_a_conflict),
        WITH_FIXTURE(two_makers_of_a_system_table_conflict),
        WITH_FIXTURE(a_table_created_and_dropped_at_once_leaves_nothing),
        cmocka_unit_test(a_spilled_transaction_is_there_whole_after_a_crash),
        cmocka_unit_test(a_rolled_back_spill_leaves_no_trace),
        cmocka_unit_test(a_statement_that_spills_neither_sees_itself_nor_survives_its_undo),
        cmocka_unit_test(a_spilled_transaction_conflicts_like_any_other),
        cmocka_unit_test(a_spilled_transaction_creates_and_drops_tables),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
