/* Compactions for which memory runs out: the n-th allocation fails, n = 0, 1, 2 … until none does. Each says so, gives
 * everything back, and leaves the table as it was; with memory the same one goes well. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(memory_runs_out_while_rows_are_merged),
        cmocka_unit_test(memory_runs_out_while_files_are_moved),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
