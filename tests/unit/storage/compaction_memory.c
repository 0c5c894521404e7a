/* Compactions for which memory runs out: the n-th allocation fails, n = 0, 1, 2 … until none does. Each says so, gives
 * everything back, and leaves the table as it was; with memory the same one goes well. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/failing_memory.h"
#include "storage/compaction_internal.h"
#include "storage/engine_internal.h"
#include "support/engine_fixture.h"

enum { COLUMNS = 3, KEYS = 60, TEXT_BYTES = 400 };

static struct engine *engine;

static void flush_rows(uint32_t table_id, int first, int step, int end)
{
    struct transaction *transaction = fixture_begin(engine, TRANSACTION_WRITE);
    struct table *table = transaction_table(transaction, table_id);
    char name[32], text[TEXT_BYTES];

    for (int i = first; i < end; i += step) {
        snprintf(name, sizeof name, "a long enough name %04d", i);
        memset(text, 'a' + i % 20, sizeof text);
        const struct value values[COLUMNS] = {value_string(slice_of(name)), value_int(i),
                                              value_string(slice_make(text, sizeof text))};
        assert_true(transaction_put(transaction, table, values, NULL));
    }
    assert_int_equal(fixture_commit(transaction), SSQL_OK);
    assert_true(engine_flush(engine, NULL));
}

/* Two files of level 0, one after the other or in turns, in blocks of a few rows. */
static void begin(bool is_disjoint)
{
    struct engine_options options = fixture_options(false);
    struct table_layout layout = {.column_count = COLUMNS,
                                  .key_count = 1,
                                  .types = {SSQL_TYPE_STRING, SSQL_TYPE_INT, SSQL_TYPE_STRING},
                                  .key_columns = {0}};
    uint32_t table_id;

    options.block_rows = 4;
    options.sstable_bytes = 4096;
    options.level0_files = 2;
    engine = fixture_open(fixture_volume(), &options);
    struct transaction *transaction = fixture_begin(engine, TRANSACTION_WRITE);
    assert_true(transaction_create_table(transaction, &layout, &table_id, NULL));
    assert_int_equal(fixture_commit(transaction), SSQL_OK);
    engine->options.level0_files = 3; /* so that no flush compacts */
    flush_rows(table_id, 0, is_disjoint ? 1 : 2, is_disjoint ? KEYS / 2 : KEYS);
    flush_rows(table_id, is_disjoint ? KEYS / 2 : 1, is_disjoint ? 1 : 2, KEYS);
    engine->options.level0_files = 2;
}

static void assert_table(bool is_done)
{
    struct table_version *version = table_acquire_version(engine->tables[0]);
    uint64_t rows = 0;

    assert_int_equal(version->file_count[0], is_done ? 0 : 2);
    assert_int_equal(version->file_count[1] > 0, is_done);
    for (uint32_t level = 0; level < LEVELS; level++) {
        for (uint32_t i = 0; i < version->file_count[level]; i++) {
            rows += version->files[level][i]->info.row_count;
            assert_false(version->files[level][i]->is_compacting);
            assert_true(sstable_verify(version->files[level][i]->sstable, NULL));
        }
    }
    assert_int_equal(rows, KEYS);
    table_version_release(version);
}

static bool is_file(void *context, const char *name, uint64_t size)
{
    (void)size;
    *(uint32_t *)context += strncmp(name, "tables/", 7) == 0;
    return true;
}

static void assert_no_file_is_left(void)
{
    struct table_version *version = table_acquire_version(engine->tables[0]);
    uint32_t count = 0;

    assert_int_equal(volume_list(engine_volume(engine), is_file, &count, NULL), VOLUME_OK);
    assert_int_equal(count, version->file_count[0] + version->file_count[1]);
    table_version_release(version);
}

static void memory_runs_out(bool is_disjoint)
{
    bool has_failed = true;
    long n, picked = 0;

    for (n = 0; has_failed; n++) {
        struct compaction *compaction;
        struct ssql_error error = {0};
        begin(is_disjoint);
        memory_start_failing(n, false);
        bool is_done = compaction_pick(engine->tables[0], COMPACT_DOWN, &compaction, &error);
        assert_int_equal(is_done, compaction != NULL);
        picked += is_done;
        is_done = is_done && compaction_run(compaction, &error);
        has_failed = memory_has_failed();
        memory_stop_failing();
        assert_true(is_done || has_failed);
        assert_int_equal(error.code, is_done ? SSQL_OK : SSQL_NO_MEMORY);
        assert_table(is_done);
        assert_no_file_is_left();
        fixture_close(engine);
    }
    assert_true(n > 10);
    assert_true(picked < n);
}

static void memory_runs_out_while_rows_are_merged(void **state)
{
    (void)state;
    memory_runs_out(false);
}

static void memory_runs_out_while_files_are_moved(void **state)
{
    (void)state;
    memory_runs_out(true);
}

/* ---- a transaction's own runs ---- */

static void delete_outputs(struct sstable_info *infos, uint32_t count)
{
    uint64_t rows = 0;

    for (uint32_t i = 0; i < count; i++) {
        rows += infos[i].row_count;
        assert_int_equal(object_delete(engine_volume(engine), infos[i].name, NULL), VOLUME_OK);
        sstable_info_clear(&infos[i]);
    }
    free(infos);
    assert_int_equal(rows, KEYS);
}

static void memory_runs_out_while_own_runs_are_merged(void **state)
{
    bool has_failed = true;
    long n;

    (void)state;
    begin(false);
    struct table_version *version = table_acquire_version(engine->tables[0]);
    assert_int_equal(version->run_count, 2);
    for (n = 0; has_failed; n++) {
        struct sstable_info *infos;
        struct ssql_error error = {0};
        uint32_t count;
        memory_start_failing(n, false);
        bool is_done = compaction_merge_runs(engine->tables[0], version->runs, 2, &infos, &count, &error);
        has_failed = memory_has_failed();
        memory_stop_failing();
        assert_true(is_done || has_failed);
        assert_int_equal(error.code, is_done ? SSQL_OK : SSQL_NO_MEMORY);
        if (is_done) {
            assert_true(count > 0);
            delete_outputs(infos, count);
        } else {
            assert_null(infos);
            assert_int_equal(count, 0);
        }
        assert_table(false);
        assert_no_file_is_left();
    }
    assert_true(n > 10);
    table_version_release(version);
    fixture_close(engine);
}

/* ---- versions of one key, which are never in two files ---- */

enum { VERSIONS = 40 };

static void begin_with_versions(struct transaction **reader)
{
    struct engine_options options = fixture_options(false);

    options.block_rows = 4;
    options.sstable_bytes = 4096;
    options.level0_files = 2;
    options.compress = false;
    engine = fixture_open(fixture_volume(), &options);
    uint32_t table_id = fixture_create_table(engine);
    *reader = fixture_begin(engine, TRANSACTION_READ);
    engine->options.level0_files = 3;
    for (int64_t half = 0; half < 2; half++) {
        for (int64_t i = 0; i < VERSIONS; i++)
            assert_int_equal(fixture_put_one(engine, table_id, 1, i * 1000003), SSQL_OK);
        for (int64_t i = 0; i < VERSIONS; i++)
            assert_int_equal(fixture_put_one(engine, table_id, 2 + i, i), SSQL_OK);
        assert_true(engine_flush(engine, NULL));
    }
    engine->options.level0_files = 2;
}

static void memory_runs_out_while_versions_are_kept_together(void **state)
{
    bool has_failed = true;
    long n;

    (void)state;
    for (n = 0; has_failed; n++) {
        struct compaction *compaction;
        struct transaction *reader;
        struct ssql_error error = {0};
        begin_with_versions(&reader);
        assert_true(compaction_pick(engine->tables[0], COMPACT_DOWN, &compaction, NULL));
        assert_non_null(compaction);
        memory_start_failing(n, false);
        bool is_done = compaction_run(compaction, &error);
        has_failed = memory_has_failed();
        memory_stop_failing();
        assert_int_equal(error.code, is_done ? SSQL_OK : SSQL_NO_MEMORY);
        assert_no_file_is_left();
        fixture_rollback(reader);
        assert_int_equal(fixture_get_one(engine, 16, 1), (VERSIONS - 1) * 1000003);
        assert_int_equal(fixture_count(engine, 16), VERSIONS + 1);
        fixture_close(engine);
    }
    assert_true(n > 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(memory_runs_out_while_rows_are_merged),
        cmocka_unit_test(memory_runs_out_while_files_are_moved),
        cmocka_unit_test(memory_runs_out_while_own_runs_are_merged),
        cmocka_unit_test(memory_runs_out_while_versions_are_kept_together),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
