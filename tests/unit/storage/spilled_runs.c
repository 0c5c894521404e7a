/* What a transaction spills stays few sorted runs, in whatever order its rows come; and runs at level 0 that do not
 * overlap count as one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>

#include "storage/engine_internal.h"
#include "storage/scan_range.h"
#include "storage/transaction_internal.h"
#include "support/engine_fixture.h"

enum { MANY = 20000, STEP = 7919 /* prime: all keys come, in no order */ };

struct world {
    struct volume *volume;
    struct engine *engine;
    uint32_t table_id;
};

static struct world open_tiny(uint32_t level0_files)
{
    struct engine_options options = fixture_options(true);
    struct world world = {.volume = fixture_volume()};

    options.level0_files = level0_files;
    world.engine = fixture_open(world.volume, &options);
    world.table_id = fixture_create_table(world.engine);
    return world;
}

static struct table *find_table(const struct world *world)
{
    return engine_find_table(world->engine, world->table_id);
}

static const struct table_version *spilled_version(struct transaction *transaction, const struct world *world)
{
    return transaction_participant(transaction, find_table(world))->spilled;
}

static void assert_rows(struct transaction *transaction, const struct world *world, int64_t count, int64_t add)
{
    struct fixture_pair *pairs = calloc((size_t)count + 1, sizeof *pairs);

    assert_non_null(pairs);
    assert_int_equal(fixture_scan(transaction, world->table_id, 0, INT64_MAX, pairs, (size_t)count + 1), count);
    for (int64_t i = 0; i < count; i++)
        assert_true(pairs[i].key == i && pairs[i].number == i + add);
    free(pairs);
}

static void keys_in_no_order_make_few_runs(void **state)
{
    (void)state;
    struct world world = open_tiny(4);
    struct transaction *transaction = fixture_begin(world.engine, TRANSACTION_WRITE);
    uint32_t most = 0, spills;

    for (int64_t i = 0; i < MANY; i++) {
        int64_t key = i * STEP % MANY;
        assert_int_equal(fixture_insert(transaction, world.table_id, key, key + 1), WRITE_DONE);
        if (i % 100 == 0) {
            transaction_mark(transaction);
            assert_int_equal(fixture_insert(transaction, world.table_id, i / 2 * STEP % MANY, 5), WRITE_DUPLICATE);
        }
        const struct table_version *spilled = spilled_version(transaction, &world);
        if (spilled != NULL && spilled->run_count > most)
            most = spilled->run_count;
    }
    spills = transaction->generation / 2;
    assert_true(spills > 15);
    assert_true(most >= 7 && most <= 16 && most < spills); /* a handful for each tier of sizes */
    transaction_mark(transaction);
    assert_rows(transaction, &world, MANY, 1);
    assert_int_equal(fixture_commit(transaction), SSQL_OK);
    assert_true(atomic_load(&find_table(&world)->level0_count) <= 4);
    transaction = fixture_begin(world.engine, TRANSACTION_READ);
    assert_rows(transaction, &world, MANY, 1);
    fixture_rollback(transaction);
    fixture_close(world.engine);
}

static void later_writes_hide_earlier_ones_through_merges(void **state)
{
    (void)state;
    struct engine_options options = fixture_options(true);
    struct world world = open_tiny(4);
    struct transaction *transaction = fixture_begin(world.engine, TRANSACTION_WRITE);
    struct volume *after;
    struct ssql_error error;

    for (int64_t round = 0; round < 3; round++) {
        for (int64_t i = 0; i < MANY; i++) {
            int64_t key = i * STEP % MANY;
            if (round == 1)
                fixture_delete(transaction, world.table_id, key);
            else
                fixture_put(transaction, world.table_id, key, key + round);
        }
        transaction_mark(transaction);
        assert_rows(transaction, &world, round == 1 ? 0 : MANY, round);
    }
    assert_int_equal(fixture_commit(transaction), SSQL_OK);
    assert_true(volume_memory_crash(world.volume, 0, &after, &error));
    fixture_close(world.engine);
    world.engine = fixture_open(after, &options);
    transaction = fixture_begin(world.engine, TRANSACTION_READ);
    assert_rows(transaction, &world, MANY, 2);
    fixture_rollback(transaction);
    assert_true(engine_compact(world.engine, &error));
    assert_int_equal(fixture_count(world.engine, world.table_id), MANY);
    fixture_close(world.engine);
}

/* A statement's own runs are merged with each other only: undone, they go, and what was before stays. */
static void a_statement_of_many_runs_is_undone_alone(void **state)
{
    (void)state;
    struct world world = open_tiny(4);
    struct transaction *transaction = fixture_begin(world.engine, TRANSACTION_WRITE);

    for (int64_t i = 0; i < MANY; i++)
        fixture_put(transaction, world.table_id, i * STEP % MANY, i * STEP % MANY + 1);
    for (int round = 0; round < 2; round++) {
        uint64_t mark = transaction_mark(transaction);
        uint32_t generation = transaction->generation;
        for (int64_t i = 0; i < MANY; i++)
            fixture_delete(transaction, world.table_id, i * STEP % MANY);
        assert_true(transaction->generation > generation + 10);
        assert_rows(transaction, &world, MANY, 1); /* the statement does not see itself */
        transaction_undo_to(transaction, mark);
        transaction_mark(transaction);
        assert_rows(transaction, &world, MANY, 1);
    }
    assert_int_equal(fixture_commit(transaction), SSQL_OK);
    assert_int_equal(fixture_count(world.engine, world.table_id), MANY);
    fixture_close(world.engine);
}

/* Ascending or descending: however many files, one run, which is read and merged as one. */
static void load_in_order(bool is_descending)
{
    struct world world = open_tiny(4);
    struct transaction *transaction = fixture_begin(world.engine, TRANSACTION_WRITE);
    struct ssql_error error;

    for (int64_t i = 0; i < MANY; i++) {
        int64_t key = is_descending ? MANY - 1 - i : i;
        assert_int_equal(fixture_insert(transaction, world.table_id, key, key + 3), WRITE_DONE);
    }
    const struct table_version *spilled = spilled_version(transaction, &world);
    assert_true(spilled->file_count[0] > 20);
    assert_int_equal(spilled->run_count, 1);
    transaction_mark(transaction);
    assert_rows(transaction, &world, MANY, 3);
    for (int64_t key = 0; key < MANY; key += 97)
        assert_int_equal(fixture_get(transaction, world.table_id, key), key + 3);
    assert_int_equal(fixture_commit(transaction), SSQL_OK);
    transaction = fixture_begin(world.engine, TRANSACTION_READ);
    assert_rows(transaction, &world, MANY, 3);
    for (int64_t key = 0; key < MANY; key += 97)
        assert_int_equal(fixture_get(transaction, world.table_id, key), key + 3);
    assert_int_equal(fixture_get(transaction, world.table_id, MANY), -1);
    fixture_rollback(transaction);
    assert_true(engine_compact(world.engine, &error));
    assert_int_equal(fixture_count(world.engine, world.table_id), MANY);
    fixture_close(world.engine);
}

static void keys_in_order_make_one_run(void **state)
{
    (void)state;
    load_in_order(false);
    load_in_order(true);
}

/* More runs than one merge takes. */
static void very_many_runs_are_merged_in_steps(void **state)
{
    (void)state;
    enum { RUNS = 70, ROWS = 50 };
    struct world world = open_tiny(64);
    struct ssql_error error;

    for (int64_t run = 0; run < RUNS; run++) {
        struct transaction *transaction = fixture_begin(world.engine, TRANSACTION_WRITE);
        for (int64_t i = 0; i < ROWS; i++)
            fixture_put(transaction, world.table_id, i * RUNS + run, run);
        fixture_put(transaction, world.table_id, RUNS * ROWS, run); /* in each of them */
        assert_int_equal(fixture_commit(transaction), SSQL_OK);
        assert_true(engine_flush(world.engine, &error));
        if (run == RUNS / 2)
            assert_int_equal(atomic_load(&find_table(&world)->level0_count), run + 1);
    }
    assert_true(engine_compact(world.engine, &error));
    assert_int_equal(atomic_load(&find_table(&world)->level0_count), 0);
    assert_int_equal(fixture_count(world.engine, world.table_id), RUNS * ROWS + 1);
    assert_int_equal(fixture_get_one(world.engine, world.table_id, RUNS * ROWS), RUNS - 1);
    for (int64_t key = 0; key < RUNS * ROWS; key += 11)
        assert_int_equal(fixture_get_one(world.engine, world.table_id, key), key % RUNS);
    fixture_close(world.engine);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys_in_no_order_make_few_runs),
        cmocka_unit_test(later_writes_hide_earlier_ones_through_merges),
        cmocka_unit_test(a_statement_of_many_runs_is_undone_alone),
        cmocka_unit_test(keys_in_order_make_one_run),
        cmocka_unit_test(very_many_runs_are_merged_in_steps),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
