/* Memory that cannot be had in a commit, in a spilled one, in an opening, while memtables are frozen, and in a flush:
 * the n-th allocation fails, or all from there on, n = 0, 1, 2 … until none does. Whoever asked is told; what was
 * refused is not there, and what was committed is. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "storage/failing_process.h"
#include "storage/transaction_internal.h"
#include "support/engine_fixture.h"

enum { ALLOCATIONS_MOST = 3000 };

static void fail_memory(long after, bool for_ever)
{
    atomic_store(&memory_fault.has_failed, false);
    atomic_store(&memory_fault.for_ever, for_ever);
    atomic_store(&memory_fault.until, after);
}

/* Whether any allocation has failed since. */
static bool mend_memory(void)
{
    atomic_store(&memory_fault.until, -1);
    return atomic_load(&memory_fault.has_failed);
}

static struct table *table_of(struct engine *engine, uint32_t table_id)
{
    pthread_mutex_lock(&engine->tables_mutex);
    struct table *table = engine_find_table(engine, table_id);
    pthread_mutex_unlock(&engine->tables_mutex);
    assert_non_null(table);
    return table;
}

static void put_rows(struct engine *engine, const struct table *table, int64_t count)
{
    struct transaction *transaction = fixture_begin(engine, TRANSACTION_WRITE);

    for (int64_t i = 0; i < count; i++)
        fixture_put(transaction, table->id, i, i);
    assert_int_equal(fixture_commit(transaction), SSQL_OK);
}

/* A commit that writes to a table, empty until now, and creates tables, with the n-th allocation failing. True: no
 * allocation failed any more. */
static bool commit_with_failure(long after, bool for_ever, bool is_spilled, size_t memtable_bytes)
{
    struct engine_options options = fixture_options(false);
    struct engine *engine = fixture_open(fixture_volume(), &options);
    struct table *table = table_of(engine, fixture_create_table(engine));
    struct transaction *transaction = fixture_begin(engine, TRANSACTION_WRITE);
    struct table_layout layout = fixture_layout();
    struct ssql_error error = {0};
    uint32_t other, created = 6;

    engine->options.memtable_bytes = memtable_bytes;
    for (int64_t key = 0; key < 30; key++)
        fixture_put(transaction, table->id, key, key);
    for (uint32_t i = 0; i < created; i++)
        assert_true(transaction_create_table(transaction, &layout, &other, &error));
    fixture_put(transaction, other, 1, 1);
    if (is_spilled)
        assert_true(transaction_spill(transaction, &error));
    uint32_t before = engine->table_count;
    fail_memory(after, for_ever);
    bool is_done = transaction_commit(transaction, &error);
    bool has_failed = mend_memory();
    transaction_destroy(transaction);
    if (is_done) {
        assert_int_equal(fixture_count(engine, table->id), 30);
        assert_int_equal(fixture_count(engine, other), 1);
        assert_int_equal(engine->table_count, before + created);
        assert_int_equal(fixture_put_one(engine, table->id, 30, 30), SSQL_OK); /* freezes what could not be frozen */
        if (memtable_bytes == 1)
            assert_null(table->active);
    } else {
        assert_true(has_failed);
        if (engine_check_writable(engine, NULL)) {
            assert_int_equal(engine->table_count, before);
            assert_int_equal(error.code, SSQL_NO_MEMORY);
            assert_int_equal(fixture_count(engine, table->id), 0);
            put_rows(engine, table, 30);
            assert_int_equal(fixture_count(engine, table->id), 30);
        } else {
            assert_int_equal(error.code, SSQL_UNKNOWN_OUTCOME);
        }
    }
    (void)engine_close(engine, &error);
    return !has_failed;
}

static void sweep_commits(bool is_spilled, size_t memtable_bytes)
{
    for (int for_ever = 0; for_ever < 2; for_ever++) {
        long after = 0;
        while (!commit_with_failure(after, for_ever == 1, is_spilled, memtable_bytes))
            assert_true(after++ < ALLOCATIONS_MOST);
        assert_true(after > 3);
    }
}

static void a_commit_without_memory_is_refused_or_whole(void **state)
{
    (void)state;
    sweep_commits(false, 1 << 20);
}

/* Pages for the next rows are asked for ahead of a large commit, and only while there are none. */
static void a_large_commit_does_without_pages_made_ready_for_it(void **state)
{
    enum { ROWS = 1000 };
    const size_t chunk = 2 << 20;

    (void)state;
    for (int commit = 0; commit < 3; commit++) {
        struct engine_options options = fixture_options(false);
        struct engine *engine = fixture_open(fixture_volume(), &options);
        struct table *table = table_of(engine, fixture_create_table(engine));
        struct transaction *transaction = fixture_begin(engine, TRANSACTION_WRITE);
        struct ssql_error error = {0};
        for (int64_t key = 0; key < ROWS; key++)
            fixture_put(transaction, table->id, key, key);
        if (commit == 0)
            memtable_pool_trim();
        process_fault.mapped = 0;
        fail_memory(commit == 0 ? 0 : -1, false);
        assert_true(transaction_commit(transaction, &error));
        assert_int_equal(mend_memory(), commit == 0);
        assert_int_equal(process_fault.mapped >= chunk, commit < 2);
        transaction_destroy(transaction);
        assert_int_equal(fixture_count(engine, table->id), ROWS);
        fixture_close(engine);
    }
    memtable_pool_trim();
}

static void a_memtable_that_cannot_be_frozen_is_frozen_by_the_next_commit(void **state)
{
    (void)state;
    sweep_commits(false, 1);
}

static void a_spilled_commit_without_memory_is_refused_or_whole(void **state)
{
    (void)state;
    sweep_commits(true, 1 << 20);
}

/* The log is as long as eight segments and more; the tables that hold it back are asked to go. */
static void a_log_that_cannot_be_shortened_is_looked_at_again_at_once(void **state)
{
    (void)state;
    bool has_failed = true;

    for (long after = 0; has_failed; after++) {
        struct engine_options options = fixture_options(false);
        options.wal_segment_bytes = 4096;
        struct engine *engine = fixture_open(fixture_volume(), &options);
        struct table *tables[] = {table_of(engine, fixture_create_table(engine)),
                                  table_of(engine, fixture_create_table(engine))};
        engine->next_log_check = UINT64_MAX;
        put_rows(engine, tables[0], 60);
        put_rows(engine, tables[1], 1000);
        assert_true(wal_segments(engine->wal, NULL, 0) >= 2);
        engine->memtable_budget_bytes = 2048;
        size_t active = atomic_exchange(&engine->active_bytes, 0);
        engine->next_log_check = 0;
        fail_memory(after, false);
        pthread_mutex_lock(&engine->commit_mutex);
        engine_freeze_due(engine);
        pthread_mutex_unlock(&engine->commit_mutex);
        has_failed = mend_memory();
        atomic_fetch_add(&engine->active_bytes, active);
        if (has_failed) {
            assert_int_equal(engine->next_log_check, 0);
            assert_null(engine->frozen_first);
        } else {
            assert_true(after >= 2 && engine->next_log_check > 0);
            assert_non_null(engine->frozen_first);
        }
        fixture_close(engine);
    }
}

static void a_flush_without_memory_leaves_nothing_and_loses_nothing(void **state)
{
    (void)state;
    for (int for_ever = 0; for_ever < 2; for_ever++) {
        bool has_failed = true;
        for (long after = 0; has_failed; after++) {
            struct engine_options options = fixture_options(false);
            struct volume *volume = fixture_volume();
            struct engine *engine = fixture_open(volume, &options);
            struct table *tables[] = {table_of(engine, fixture_create_table(engine)),
                                      table_of(engine, fixture_create_table(engine))};
            struct ssql_error error = {0};
            for (int i = 0; i < 2; i++)
                put_rows(engine, tables[i], 3 + i);
            for (int i = 0; i < 2; i++) {
                pthread_mutex_lock(&engine->commit_mutex);
                assert_true(engine_freeze_table(engine, tables[i], &error));
                pthread_mutex_unlock(&engine->commit_mutex);
            }
            engine->options.sstable_bytes = 1;
            fail_memory(after, for_ever == 1);
            bool is_done = engine_flush_frozen(engine, &error);
            has_failed = mend_memory();
            assert_true(is_done || has_failed);
            assert_true(after < ALLOCATIONS_MOST);
            if (!is_done && engine_check_writable(engine, NULL)) {
                assert_int_equal(error.code, SSQL_NO_MEMORY);
                if (for_ever == 0) /* else nothing can be deleted either */
                    assert_int_equal(fixture_table_objects(volume), 0);
                assert_true(engine_flush_frozen(engine, &error));
            }
            for (int i = 0; i < 2; i++) {
                assert_int_equal(fixture_count(engine, tables[i]->id), 3 + i);
                if (engine_check_writable(engine, NULL))
                    assert_int_equal(tables[i]->current->file_count[0], 3 + i);
            }
            (void)engine_close(engine, &error);
        }
    }
}

/* A log of several segments that creates tables, writes, and deletes. */
static struct volume *make_killed_database(uint32_t *first_id)
{
    struct engine_options options = fixture_options(false);
    struct volume *volume = fixture_volume(), *after;
    struct ssql_error error;

    options.wal_segment_bytes = 4096;
    struct engine *engine = fixture_open(volume, &options);
    for (uint32_t i = 0; i < 5; i++) {
        struct table *table = table_of(engine, fixture_create_table(engine));
        if (i == 0)
            *first_id = table->id;
        put_rows(engine, table, 60);
        struct transaction *transaction = fixture_begin(engine, TRANSACTION_WRITE);
        fixture_delete(transaction, table->id, 7);
        assert_int_equal(fixture_commit(transaction), SSQL_OK);
    }
    assert_true(volume_memory_crash(volume, UINT64_MAX, &after, &error));
    fixture_close(engine);
    return after;
}

static void an_opening_without_memory_says_so(void **state)
{
    (void)state;
    struct engine_options options = fixture_options(false);
    uint32_t first_id = 0;
    struct volume *volume = make_killed_database(&first_id);
    bool has_failed = true;

    options.memory_limit_bytes = 1 << 20;
    for (long after = 0; has_failed; after++) {
        struct volume *copy;
        struct engine *engine;
        struct ssql_error error = {0};
        assert_true(volume_memory_crash(volume, UINT64_MAX, &copy, &error));
        assert_true(after < ALLOCATIONS_MOST);
        fail_memory(after, false);
        bool is_open = engine_open(copy, &options, &engine, &error);
        has_failed = mend_memory();
        if (!is_open) {
            assert_true(has_failed);
            assert_int_equal(error.code, SSQL_NO_MEMORY);
            continue;
        }
        for (uint32_t id = first_id; id < first_id + 5; id++)
            assert_int_equal(fixture_count(engine, id), 59);
        fixture_close(engine);
    }
    volume_close(volume);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_commit_without_memory_is_refused_or_whole),
        cmocka_unit_test(a_large_commit_does_without_pages_made_ready_for_it),
        cmocka_unit_test(a_memtable_that_cannot_be_frozen_is_frozen_by_the_next_commit),
        cmocka_unit_test(a_spilled_commit_without_memory_is_refused_or_whole),
        cmocka_unit_test(a_log_that_cannot_be_shortened_is_looked_at_again_at_once),
        cmocka_unit_test(an_opening_without_memory_says_so),
        cmocka_unit_test(a_flush_without_memory_leaves_nothing_and_loses_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
