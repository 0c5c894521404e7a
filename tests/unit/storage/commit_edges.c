/* What a commit leaves in the engine besides the rows: memory that is counted, memtables that are frozen to the byte,
 * tables that were only read and stay as they were, brakes, and transactions that are over however the commit ends. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "storage/transaction_internal.h"
#include "support/engine_fixture.h"

static struct table *table_of(struct engine *engine, uint32_t table_id)
{
    pthread_mutex_lock(&engine->tables_mutex);
    struct table *table = engine_find_table(engine, table_id);
    pthread_mutex_unlock(&engine->tables_mutex);
    assert_non_null(table);
    return table;
}

static struct table *make_table(struct engine *engine)
{
    return table_of(engine, fixture_create_table(engine));
}

static struct engine *open_default(void)
{
    struct engine_options options = fixture_options(false);

    return fixture_open(fixture_volume(), &options);
}

static struct participant *take_part(struct transaction *transaction, const struct table *table)
{
    assert_ptr_equal(transaction_table(transaction, table->id), table);
    return transaction_participant(transaction, table);
}

static void put_rows(struct engine *engine, const struct table *table, int64_t first, int64_t count)
{
    struct transaction *transaction = fixture_begin(engine, TRANSACTION_WRITE);

    for (int64_t i = first; i < first + count; i++)
        fixture_put(transaction, table->id, i, i);
    assert_int_equal(fixture_commit(transaction), SSQL_OK);
}

static void memtables_are_counted_with_each_commit(void **state)
{
    (void)state;
    struct engine *engine = open_default();
    struct table *tables[] = {make_table(engine), make_table(engine)};

    for (int round = 0; round < 3; round++) {
        put_rows(engine, tables[round % 2], 100 * round, 100);
        size_t bytes = 0;
        for (int i = 0; i < 2; i++) {
            if (tables[i]->active == NULL)
                continue;
            assert_int_equal(tables[i]->active_bytes, memtable_memory_bytes(tables[i]->active));
            bytes += tables[i]->active_bytes;
        }
        assert_int_equal(atomic_load(&engine->active_bytes), bytes);
    }
    fixture_close(engine);
}

static void each_table_of_a_commit_is_counted_and_each_full_one_is_frozen(void **state)
{
    (void)state;
    for (int is_full = 0; is_full < 2; is_full++) {
        struct engine *engine = open_default();
        struct table *tables[] = {make_table(engine), make_table(engine), make_table(engine)};
        struct transaction *transaction = fixture_begin(engine, TRANSACTION_WRITE);
        engine->options.memtable_bytes = is_full == 1 ? 1 : 1 << 20;
        for (int i = 0; i < 3; i++)
            fixture_put(transaction, tables[i]->id, i, i);
        assert_int_equal(fixture_commit(transaction), SSQL_OK);
        for (int i = 0; i < 3; i++) {
            if (is_full == 1)
                assert_null(tables[i]->active);
            else
                assert_int_equal(tables[i]->active_bytes, memtable_memory_bytes(tables[i]->active));
        }
        fixture_close(engine);
    }
}

/* Twins: the first says how large the memtable gets, the others may grow to just that and to a byte more. */
static void a_memtable_is_frozen_by_the_commit_that_fills_it(void **state)
{
    (void)state;
    size_t full = 0;

    for (int twin = 0; twin < 3; twin++) {
        struct engine *engine = open_default();
        struct table *table = make_table(engine);
        if (twin > 0)
            engine->options.memtable_bytes = full + (size_t)(twin - 1);
        put_rows(engine, table, 0, 50);
        assert_non_null(table->active);
        put_rows(engine, table, 50, 200);
        if (twin == 0)
            full = memtable_memory_bytes(table->active);
        assert_true((table->active == NULL) == (twin == 1));
        assert_int_equal(fixture_count(engine, table->id), 250);
        fixture_close(engine);
    }
}

static void a_table_that_is_only_read_stays_as_it_was(void **state)
{
    (void)state;
    struct engine *engine = open_default();
    struct table *read = make_table(engine), *written = make_table(engine);

    put_rows(engine, read, 0, 3);
    put_rows(engine, written, 0, 3);
    uint64_t last = engine_last_commit(engine, read->id);
    struct ssql_error error;
    assert_true(engine_flush(engine, &error));
    assert_null(read->active);
    struct transaction *transaction = fixture_begin(engine, TRANSACTION_WRITE);
    assert_int_equal(fixture_get(transaction, read->id, 1), 1);
    assert_int_equal(take_part(transaction, read)->write_count, 0);
    fixture_put(transaction, written->id, 1, 5);
    assert_int_equal(fixture_commit(transaction), SSQL_OK);
    assert_null(read->active);
    assert_int_equal(engine_last_commit(engine, read->id), last);
    assert_true(engine_last_commit(engine, written->id) > last);
    fixture_close(engine);
}

/* Between the number of files at which writers slow down and the one at which they stop. No thread runs. */
static void the_most_burdened_table_that_is_written_slows_a_commit_down(void **state)
{
    (void)state;
    static const struct {
        uint32_t files[3]; /* of a table that is only read, and of two that are written */
        bool is_slow;
    } cases[] = {{{0, 0, 0}, false}, {{7, 0, 0}, false}, {{0, 7, 0}, true},
                 {{0, 0, 7}, true},  {{0, 7, 2}, true},  {{7, 2, 7}, true}};

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct engine *engine = open_default();
        struct table *tables[3];
        assert_int_equal(engine->options.level0_files, 4);
        for (int j = 0; j < 3; j++)
            tables[j] = make_table(engine);
        struct transaction *transaction = fixture_begin(engine, TRANSACTION_WRITE);
        assert_int_equal(fixture_get(transaction, tables[0]->id, 1), -1);
        assert_int_equal(take_part(transaction, tables[0])->write_count, 0);
        fixture_put(transaction, tables[1]->id, 1, 1);
        fixture_put(transaction, tables[2]->id, 1, 1);
        for (int j = 0; j < 3; j++)
            atomic_store(&tables[j]->level0_count, cases[i].files[j]);
        engine->has_threads = true;
        assert_int_equal(fixture_commit(transaction), SSQL_OK);
        engine->has_threads = false;
        for (int j = 0; j < 3; j++)
            atomic_store(&tables[j]->level0_count, 0);
        assert_true((atomic_load(&engine->slowdown_debt_ns) > 0) == cases[i].is_slow);
        fixture_close(engine);
    }
}

static void a_transaction_is_over_however_its_commit_ends(void **state)
{
    (void)state;
    struct engine *engine = open_default();
    struct table *table = make_table(engine);
    struct ssql_error error = {0}, cause = {.message = "a cause"};

    struct transaction *transaction = fixture_begin(engine, TRANSACTION_WRITE);
    assert_true(transaction_commit(transaction, &error));
    assert_false(transaction->is_open);
    transaction_destroy(transaction);
    transaction = fixture_begin(engine, TRANSACTION_WRITE);
    fixture_put(transaction, table->id, 1, 1);
    assert_true(transaction_commit(transaction, &error));
    assert_false(transaction->is_open);
    transaction_destroy(transaction);
    transaction = fixture_begin(engine, TRANSACTION_WRITE);
    fixture_put(transaction, table->id, 2, 2);
    assert_false(engine_fail(engine, SSQL_IO, "a test", &cause, NULL));
    assert_false(transaction_commit(transaction, &error));
    assert_int_equal(error.code, SSQL_IO);
    assert_false(transaction->is_open);
    transaction_destroy(transaction);
    assert_false(engine_close(engine, &error));
}

/* The winner cannot be made durable: the loser is told that, for it would lose for ever. */
static void a_conflict_with_a_commit_that_cannot_be_synced_is_told_as_the_failure(void **state)
{
    (void)state;
    struct engine_options options = fixture_options(false);
    struct volume *faulty;
    struct ssql_error error = {0};

    assert_true(volume_faulty_create(fixture_volume(), &faulty, &error));
    struct engine *engine = fixture_open(faulty, &options);
    struct table *table = make_table(engine);
    put_rows(engine, table, 1, 1);
    struct transaction *loser = fixture_begin(engine, TRANSACTION_WRITE), *winner;
    assert_int_equal(fixture_get(loser, table->id, 1), 1);
    fixture_put(loser, table->id, 1, 2);
    assert_true(transaction_create(engine, &winner, &error));
    assert_true(transaction_begin(winner, TRANSACTION_WRITE, COMMIT_DEFERRED, &error));
    fixture_put(winner, table->id, 1, 3);
    assert_true(transaction_commit(winner, &error));
    transaction_destroy(winner);
    volume_faulty_set(faulty, &(struct fault_plan){.fail_at = 1, .keep_failing = true, .status = VOLUME_UNAVAILABLE});
    enum ssql_code code = fixture_commit(loser);
    assert_true(code != SSQL_OK && code != SSQL_CONFLICT);
    volume_faulty_set(faulty, &(struct fault_plan){0});
    (void)engine_close(engine, &error);
}

static void spill(struct transaction *transaction)
{
    struct ssql_error error;

    if (!transaction_spill(transaction, &error))
        fail_msg("%s", error.message);
}

/* A table that was read, one that was spilled and dropped, and one that was spilled, in each order of the last two. */
static void a_spilled_commit_brings_files_only_to_tables_that_are_there(void **state)
{
    (void)state;
    for (int order = 0; order < 2; order++) {
        struct engine *engine = open_default();
        struct table *read = make_table(engine), *tables[] = {make_table(engine), make_table(engine)};
        struct table *dropped = tables[order], *kept = tables[1 - order];
        struct ssql_error error;
        put_rows(engine, read, 0, 2);
        uint64_t last = engine_last_commit(engine, read->id);
        struct transaction *transaction = fixture_begin(engine, TRANSACTION_WRITE);
        assert_int_equal(fixture_get(transaction, read->id, 1), 1);
        for (int i = 0; i < 2; i++)
            for (int64_t key = 0; key < 10; key++)
                fixture_put(transaction, tables[i]->id, key, key);
        spill(transaction);
        assert_non_null(take_part(transaction, dropped)->spilled);
        uint32_t dropped_id = dropped->id;
        assert_true(transaction_drop_table(transaction, dropped_id, &error));
        assert_int_equal(fixture_commit(transaction), SSQL_OK);
        assert_int_equal(engine_last_commit(engine, read->id), last);
        assert_true(engine_last_commit(engine, kept->id) > last);
        assert_int_equal(fixture_count(engine, kept->id), 10);
        assert_int_equal(fixture_count(engine, read->id), 2);
        struct table_statistics statistics;
        assert_true(engine_table_statistics(engine, kept->id, &statistics, &error));
        assert_int_equal(statistics.file_rows[0], 10);
        fixture_close(engine);
    }
}

static void a_spilled_commit_changes_the_catalog_only_where_tables_come_or_go(void **state)
{
    (void)state;
    struct engine *engine = open_default();
    struct table *table = make_table(engine);
    struct table_layout layout = fixture_layout();
    struct ssql_error error;

    put_rows(engine, table, 0, 2);
    uint64_t catalog = engine->catalog_sequence;
    for (int creates = 0; creates < 2; creates++) {
        struct transaction *transaction = fixture_begin(engine, TRANSACTION_WRITE);
        uint32_t other;
        for (int64_t key = 0; key < 10; key++)
            fixture_put(transaction, table->id, key, key);
        if (creates == 1)
            assert_true(transaction_create_table(transaction, &layout, &other, &error));
        spill(transaction);
        for (int i = 0; i < COMPACT_PURPOSES; i++)
            engine->compactors[i].is_wanted = false;
        engine->has_threads = true;
        assert_int_equal(fixture_commit(transaction), SSQL_OK);
        engine->has_threads = false;
        assert_true(engine->compactors[0].is_wanted);
        assert_true((engine->catalog_sequence > catalog) == (creates == 1));
        assert_int_equal(fixture_count(engine, table->id), 10);
    }
    fixture_close(engine);
}

/* Four runs, before and behind the mark of a statement, are merged until as many are left as start a compaction. */
static void a_spilled_commit_brings_few_runs(void **state)
{
    (void)state;
    struct engine *engine = open_default();
    struct table *table = make_table(engine);

    engine->options.level0_files = 2;
    struct transaction *transaction = fixture_begin(engine, TRANSACTION_WRITE);
    for (int64_t round = 0; round < 4; round++) {
        for (int64_t key = 0; key < 10; key++)
            fixture_put(transaction, table->id, key, 10 * round + key);
        spill(transaction);
        if (round == 1)
            transaction_mark(transaction);
    }
    assert_int_equal(take_part(transaction, table)->spilled->run_count, 4);
    engine->has_threads = true;
    assert_int_equal(fixture_commit(transaction), SSQL_OK);
    engine->has_threads = false;
    assert_int_equal(atomic_load(&table->level0_count), 2);
    for (int64_t key = 0; key < 10; key++)
        assert_int_equal(fixture_get_one(engine, table->id, key), 30 + key);
    fixture_close(engine);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(memtables_are_counted_with_each_commit),
        cmocka_unit_test(each_table_of_a_commit_is_counted_and_each_full_one_is_frozen),
        cmocka_unit_test(a_memtable_is_frozen_by_the_commit_that_fills_it),
        cmocka_unit_test(a_table_that_is_only_read_stays_as_it_was),
        cmocka_unit_test(the_most_burdened_table_that_is_written_slows_a_commit_down),
        cmocka_unit_test(a_transaction_is_over_however_its_commit_ends),
        cmocka_unit_test(a_conflict_with_a_commit_that_cannot_be_synced_is_told_as_the_failure),
        cmocka_unit_test(a_spilled_commit_brings_files_only_to_tables_that_are_there),
        cmocka_unit_test(a_spilled_commit_brings_few_runs),
        cmocka_unit_test(a_spilled_commit_changes_the_catalog_only_where_tables_come_or_go),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
