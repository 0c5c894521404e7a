/* What happens to an engine while its manifest is being written: memtables that are frozen, tables that are dropped,
 * memory that runs out. And what a commit without a record of the log leaves in the manifest. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "api/failing_memory.h"
#include "storage/engine_internal.h"
#include "support/engine_fixture.h"

enum { TABLE = 16 };

static struct volume *inner, *volume;
static struct engine *engine;

static void begin(bool is_tiny)
{
    struct engine_options options = fixture_options(is_tiny);

    inner = fixture_volume();
    assert_true(volume_faulty_create(inner, &volume, NULL));
    engine = fixture_open(volume, &options);
    assert_int_equal(fixture_create_table(engine), TABLE);
}

/* As a process that is killed now leaves it. */
static struct volume *copy(void)
{
    struct volume *after;

    assert_true(volume_memory_crash(inner, UINT64_MAX, &after, NULL));
    return after;
}

static bool is_changing_manifest(void)
{
    if (pthread_mutex_trylock(&engine->manifest_mutex) != 0)
        return true;
    pthread_mutex_unlock(&engine->manifest_mutex);
    return false;
}

static bool is_file(void *context, const char *name, uint64_t size)
{
    (void)size;
    *(uint32_t *)context += strncmp(name, "tables/", 7) == 0;
    return true;
}

static bool is_segment(void *context, const char *name, uint64_t size)
{
    (void)size;
    *(uint32_t *)context += strncmp(name, "wal/", 4) == 0;
    return true;
}

static uint32_t count_files(bool visit(void *, const char *, uint64_t))
{
    uint32_t count = 0;

    assert_int_equal(volume_list(inner, visit, &count, NULL), VOLUME_OK);
    return count;
}

/* ---- memtables that come meanwhile ---- */

static struct {
    bool is_done;
    int64_t memtables; /* to be frozen; of one row each */
    long allocations;  /* from there on; negative: memory is not missed */
} meanwhile;

static void freeze_meanwhile(void *context)
{
    (void)context;
    if (meanwhile.is_done || !is_changing_manifest())
        return;
    meanwhile.is_done = true;
    engine->has_threads = true; /* so that a commit does not flush: that is being done */
    for (int64_t i = 0; i < meanwhile.memtables; i++) {
        assert_int_equal(fixture_put_one(engine, TABLE, 100 + i, i), SSQL_OK);
        pthread_mutex_lock(&engine->commit_mutex);
        assert_true(engine_freeze_table(engine, engine->tables[0], NULL));
        pthread_mutex_unlock(&engine->commit_mutex);
    }
    engine->has_threads = false;
    if (meanwhile.allocations >= 0)
        memory_start_failing(meanwhile.allocations, false);
}

/* A flush during which so many more memtables are frozen; what it says. The manifest names the log before. */
static enum ssql_code flush_meanwhile(int64_t memtables, long allocations, bool *has_failed)
{
    struct ssql_error error = {0};

    begin(false);
    assert_int_equal(fixture_put_one(engine, TABLE, 1, 1), SSQL_OK);
    assert_true(engine_flush(engine, NULL));
    assert_int_equal(fixture_put_one(engine, TABLE, 2, 2), SSQL_OK);
    meanwhile.is_done = false;
    meanwhile.memtables = memtables;
    meanwhile.allocations = allocations;
    volume_faulty_set(volume, &(struct fault_plan){.before = freeze_meanwhile});
    bool is_done = engine_flush(engine, &error);
    *has_failed = memory_has_failed();
    memory_stop_failing();
    volume_faulty_set(volume, &(struct fault_plan){0});
    assert_true(meanwhile.is_done);
    assert_int_equal(is_done, error.code == SSQL_OK);
    assert_int_equal(fixture_count(engine, TABLE), 2 + memtables);
    return error.code;
}

static void end_with(size_t rows)
{
    struct engine_options options = fixture_options(false);
    struct volume *after = copy();

    (void)engine_close(engine, NULL);
    engine = fixture_open(after, &options);
    assert_int_equal(fixture_count(engine, TABLE), rows);
    fixture_close(engine);
}

static void memtables_are_frozen_while_a_manifest_is_written(void **state)
{
    (void)state;
    for (int64_t memtables = 14; memtables <= 20; memtables++) {
        bool has_failed;
        assert_int_equal(flush_meanwhile(memtables, -1, &has_failed), SSQL_OK);
        assert_true(engine_flush(engine, NULL));
        assert_int_equal(fixture_count(engine, TABLE), 2 + memtables);
        struct table_version *version = table_acquire_version(engine->tables[0]);
        assert_int_equal(version->memtable_count, 0);
        table_version_release(version);
        end_with((size_t)memtables + 2);
    }
}

/* Room for a few is there before, so that memory which runs out cannot come between the manifest and the table. */
static void memory_runs_out_while_a_manifest_is_written(void **state)
{
    (void)state;
    for (int64_t memtables = 16; memtables <= 20; memtables += 4) {
        bool has_failed = true;
        uint32_t unknown = 0;
        for (long n = 0; has_failed; n++) {
            enum ssql_code code = flush_meanwhile(memtables, n, &has_failed);
            assert_true(code == SSQL_OK || code == SSQL_NO_MEMORY || code == SSQL_UNKNOWN_OUTCOME);
            unknown += code == SSQL_UNKNOWN_OUTCOME;
            assert_int_equal(atomic_load(&engine->has_failed), code == SSQL_UNKNOWN_OUTCOME);
            end_with((size_t)memtables + 2);
        }
        if (memtables == 20)
            assert_true(unknown > 0);
        else
            assert_int_equal(unknown, 0);
    }
}

/* What is only in the log stays in a manifest that names the log, or is not written. */
static void memory_runs_out_before_a_manifest_is_written(void **state)
{
    bool has_failed = true;
    long n;

    (void)state;
    for (n = 0; has_failed; n++) {
        struct ssql_error error = {0};
        begin(false);
        assert_int_equal(fixture_put_one(engine, TABLE, 1, 1), SSQL_OK);
        assert_true(engine_flush(engine, NULL));
        assert_int_equal(fixture_put_one(engine, TABLE, 2, 2), SSQL_OK);
        memory_start_failing(n, false);
        bool is_done = engine_change_manifest(engine, &(struct manifest_change){0}, &error);
        has_failed = memory_has_failed();
        memory_stop_failing();
        assert_true(is_done || has_failed);
        assert_int_equal(error.code, is_done ? SSQL_OK : SSQL_NO_MEMORY);
        end_with(2);
    }
    assert_true(n > 3);
}

/* ---- a table that goes meanwhile ---- */

static void drop_meanwhile(void *context)
{
    (void)context;
    if (meanwhile.is_done)
        return;
    meanwhile.is_done = true;
    engine->has_threads = true;
    struct transaction *transaction = fixture_begin(engine, TRANSACTION_WRITE);
    assert_true(transaction_drop_table(transaction, TABLE, NULL));
    assert_int_equal(fixture_commit(transaction), SSQL_OK);
    engine->has_threads = false;
    assert_true(engine_change_manifest(engine, &(struct manifest_change){0}, NULL));
    engine_collect_dropped(engine); /* the engine has let go of it */
    assert_int_equal(engine->table_count, 1);
}

static void a_table_is_dropped_while_its_rows_are_flushed(void **state)
{
    (void)state;
    begin(false);
    uint32_t other = fixture_create_table(engine);
    assert_int_equal(fixture_put_one(engine, other, 1, 1), SSQL_OK);
    assert_true(engine_flush(engine, NULL));
    assert_int_equal(count_files(is_file), 1);
    assert_int_equal(fixture_put_one(engine, TABLE, 1, 1), SSQL_OK);
    meanwhile.is_done = false;
    volume_faulty_set(volume, &(struct fault_plan){.before = drop_meanwhile});
    assert_true(engine_flush(engine, NULL));
    assert_true(meanwhile.is_done);
    volume_faulty_set(volume, &(struct fault_plan){0});
    assert_int_equal(fixture_put_one(engine, other, 2, 2), SSQL_OK);
    assert_true(engine_flush(engine, NULL));
    engine_collect_dropped(engine);
    assert_int_equal(count_files(is_file), 2); /* the other's */
    fixture_close(engine);
}

/* ---- commits without a record ---- */

static void load_many(struct transaction *transaction, uint32_t table_id)
{
    for (int64_t key = 0; key < 6000; key++)
        fixture_put(transaction, table_id, key, key);
}

/* A table that was created first, and committed last by a load that went to files at once; and one that it drops. */
static void a_large_commit_creates_and_drops_tables(void **state)
{
    struct engine_options options = fixture_options(true);
    struct table_layout layout = fixture_layout();
    uint32_t early;

    (void)state;
    begin(true);
    assert_int_equal(fixture_put_one(engine, TABLE, 1, 1), SSQL_OK);
    assert_true(engine_flush(engine, NULL));
    struct transaction *transaction = fixture_begin(engine, TRANSACTION_WRITE);
    assert_true(transaction_create_table(transaction, &layout, &early, NULL));
    uint32_t late = fixture_create_table(engine);
    assert_true(early < late);
    assert_int_equal(fixture_put_one(engine, late, 1, 1), SSQL_OK);
    load_many(transaction, early);
    assert_true(transaction_drop_table(transaction, TABLE, NULL));
    engine->has_threads = true; /* so that no flush writes the manifest once more */
    assert_int_equal(fixture_commit(transaction), SSQL_OK);
    engine->has_threads = false;
    assert_int_equal(engine->dropped_count, 1);
    uint64_t committed = atomic_load(&engine->committed);
    struct volume *after = copy();
    engine_collect_dropped(engine);
    assert_true(engine_flush(engine, NULL));
    engine_collect_dropped(engine);
    assert_int_equal(engine->dropped_count, 0);
    assert_int_equal(engine->table_count, 2);
    fixture_close(engine);
    engine = fixture_open(after, &options);
    assert_int_equal(atomic_load(&engine->committed), committed);
    assert_int_equal(engine->table_count, 2);
    assert_int_equal(engine->tables[0]->id, early);
    assert_int_equal(fixture_count(engine, early), 6000);
    assert_int_equal(fixture_count(engine, late), 1);
    fixture_close(engine);
}

/* ---- the first manifest ---- */

static void there_is_no_log_without_a_manifest(void **state)
{
    bool is_hit = true;
    struct engine_options options = fixture_options(false);

    (void)state;
    for (uint64_t n = 1; is_hit; n++) {
        inner = fixture_volume();
        assert_true(volume_faulty_create(inner, &volume, NULL));
        engine = fixture_open(volume, &options);
        struct transaction *transaction = fixture_begin(engine, TRANSACTION_WRITE);
        struct table_layout layout = fixture_layout();
        uint32_t table_id;
        assert_true(transaction_create_table(transaction, &layout, &table_id, NULL));
        volume_faulty_set(volume, &(struct fault_plan){.fail_at = n, .status = VOLUME_UNAVAILABLE});
        enum ssql_code code = fixture_commit(transaction);
        is_hit = volume_faulty_count(volume) >= n;
        volume_faulty_set(volume, &(struct fault_plan){0});
        assert_int_equal(code == SSQL_OK, !is_hit);
        bool has_manifest = engine->manifest_version != 0;
        assert_true(has_manifest || count_files(is_segment) == 0);
        (void)engine_close(engine, NULL);
    }
}

static void without_memory_there_is_no_log_without_a_manifest(void **state)
{
    bool has_failed = true;
    struct engine_options options = fixture_options(false);

    (void)state;
    for (long n = 0; has_failed; n++) {
        struct ssql_error error = {0};
        inner = volume = fixture_volume();
        engine = fixture_open(volume, &options);
        memory_start_failing(n, true);
        bool is_done = engine_claim_epoch(engine, &error);
        has_failed = memory_has_failed();
        memory_stop_failing();
        assert_int_equal(is_done, !has_failed);
        assert_true(engine->manifest_version != 0 || count_files(is_segment) == 0);
        if (is_done || error.code == SSQL_NO_MEMORY) {
            assert_true(engine_claim_epoch(engine, NULL));
            assert_int_equal(fixture_create_table(engine), TABLE);
            fixture_close(engine);
        } else { /* the log that was begun has failed for ever */
            assert_int_equal(error.code, SSQL_UNKNOWN_OUTCOME);
            assert_false(engine_close(engine, NULL));
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(memtables_are_frozen_while_a_manifest_is_written),
        cmocka_unit_test(memory_runs_out_while_a_manifest_is_written),
        cmocka_unit_test(memory_runs_out_before_a_manifest_is_written),
        cmocka_unit_test(a_table_is_dropped_while_its_rows_are_flushed),
        cmocka_unit_test(a_large_commit_creates_and_drops_tables),
        cmocka_unit_test(there_is_no_log_without_a_manifest),
        cmocka_unit_test(without_memory_there_is_no_log_without_a_manifest),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
