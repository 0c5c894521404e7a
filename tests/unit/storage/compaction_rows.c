/* What flushes and compactions write: every row with all its columns, of each key the versions that somebody may still
 * see and no other, files cut where they may be. A plain list of all versions says what there must be. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/key_codec.h"
#include "storage/engine_internal.h"
#include "storage/scan.h"
#include "support/engine_fixture.h"

enum { KEYS = 60, COLUMNS = 6, VERSIONS_MOST = 4000, READERS = 3, TEXT_SIZE = 80 };

struct version {
    int key;
    uint64_t sequence;
    int payload; /* -1: a tombstone */
};

struct world {
    struct volume *volume;
    struct engine *engine;
    uint32_t table_id;
    uint16_t key_columns[2];
    uint32_t key_count;
    bool is_uniform; /* all rows but their keys are alike */
    struct version versions[VERSIONS_MOST];
    uint32_t version_count;
    struct transaction *readers[READERS];
    uint64_t reader_sequences[READERS];
    uint64_t random;
};

static struct world world;

/* ---- rows ---- */

static void make_row(int key, int payload, char name[TEXT_SIZE], char text[TEXT_SIZE], struct value values[COLUMNS])
{
    int p = world.is_uniform ? 1 : payload;

    snprintf(name, TEXT_SIZE, "a name with a prefix %03d", key);
    memset(text, 'a' + p % 26, TEXT_SIZE);
    values[0] = value_int(key);
    values[1] = p % 3 == 0 ? value_null(SSQL_TYPE_FLOAT) : value_float(p * 0.5);
    values[2] = p % 5 == 0 ? value_null(SSQL_TYPE_BOOL) : value_bool(p % 2 == 0);
    values[3] = value_string(slice_of(name));
    values[4] = p % 11 == 0 ? value_null(SSQL_TYPE_STRING) : value_string(slice_make(text, (size_t)(p % 7) * 10));
    values[5] = p % 4 == 0 ? value_null(SSQL_TYPE_INT) : value_int(p);
}

static bool values_are_equal(const struct value *left, const struct value *right)
{
    if (left->type != right->type || left->is_null != right->is_null)
        return false;
    if (left->is_null)
        return true;
    switch (left->type) {
    case SSQL_TYPE_INT: return left->integer == right->integer;
    case SSQL_TYPE_FLOAT: return left->real == right->real;
    case SSQL_TYPE_BOOL: return left->boolean == right->boolean;
    case SSQL_TYPE_STRING: return slice_equal(left->string, right->string);
    case SSQL_TYPE_NULL: break;
    }
    return false;
}

static void open_world(uint32_t key_kind, const struct engine_options *options)
{
    struct table_layout layout = {
        .column_count = COLUMNS,
        .types = {SSQL_TYPE_INT, SSQL_TYPE_FLOAT, SSQL_TYPE_BOOL, SSQL_TYPE_STRING, SSQL_TYPE_STRING, SSQL_TYPE_INT}};
    struct ssql_error error;

    memset(&world, 0, sizeof world);
    world.random = 99 + key_kind;
    world.key_count = layout.key_count = key_kind == 2 ? 2 : 1;
    world.key_columns[0] = layout.key_columns[0] = key_kind == 0 ? 0 : 3;
    world.key_columns[1] = layout.key_columns[1] = 0;
    world.volume = fixture_volume();
    world.engine = fixture_open(world.volume, options);
    struct transaction *transaction = fixture_begin(world.engine, TRANSACTION_WRITE);
    assert_true(transaction_create_table(transaction, &layout, &world.table_id, &error));
    assert_int_equal(fixture_commit(transaction), SSQL_OK);
}

static void close_world(void)
{
    for (int i = 0; i < READERS; i++)
        if (world.readers[i] != NULL)
            fixture_rollback(world.readers[i]);
    fixture_close(world.engine);
}

static void write_row(int key, int payload)
{
    struct transaction *transaction = fixture_begin(world.engine, TRANSACTION_WRITE);
    struct table *table = transaction_table(transaction, world.table_id);
    struct value values[COLUMNS];
    char name[TEXT_SIZE], text[TEXT_SIZE];
    struct ssql_error error;

    make_row(key, payload < 0 ? 0 : payload, name, text, values);
    if (payload >= 0) {
        assert_true(transaction_put(transaction, table, values, &error));
    } else {
        struct value key_values[2] = {values[world.key_columns[0]], values[world.key_columns[1]]};
        struct buffer bytes = {0};
        key_encode(&bytes, key_values, world.key_count);
        assert_true(transaction_delete(transaction, table, buffer_slice(&bytes), &error));
        buffer_clear(&bytes);
    }
    assert_int_equal(fixture_commit(transaction), SSQL_OK);
    assert_true(world.version_count < VERSIONS_MOST);
    world.versions[world.version_count++] =
        (struct version){.key = key, .sequence = atomic_load(&world.engine->committed), .payload = payload};
}

static void start_reader(int number)
{
    if (world.readers[number] != NULL)
        fixture_rollback(world.readers[number]);
    world.readers[number] = fixture_begin(world.engine, TRANSACTION_READ);
    world.reader_sequences[number] = atomic_load(&world.engine->committed);
}

/* ---- what there must be ---- */

/* The version of a key that a snapshot sees; NULL: none was ever written. */
static const struct version *visible(int key, uint64_t snapshot)
{
    const struct version *newest = NULL;

    for (uint32_t i = 0; i < world.version_count; i++)
        if (world.versions[i].key == key && world.versions[i].sequence <= snapshot)
            newest = &world.versions[i];
    return newest;
}

static uint64_t oldest_reader(void)
{
    uint64_t oldest = atomic_load(&world.engine->committed);

    for (int i = 0; i < READERS; i++)
        if (world.readers[i] != NULL && world.reader_sequences[i] < oldest)
            oldest = world.reader_sequences[i];
    return oldest;
}

/* Rows of all files once everything is merged. */
static uint64_t rows_needed(uint64_t oldest, bool keep_tombstones)
{
    uint64_t count = 0;

    for (uint32_t i = 0; i < world.version_count; i++)
        count += world.versions[i].sequence > oldest;
    for (int key = 0; key < KEYS; key++) {
        const struct version *version = visible(key, oldest);
        count += version != NULL && (keep_tombstones || version->payload >= 0);
    }
    return count;
}

static uint64_t rows_in_files(uint64_t *file_count)
{
    struct table_statistics statistics;
    struct ssql_error error;
    uint64_t rows = 0;

    *file_count = 0;
    assert_true(engine_table_statistics(world.engine, world.table_id, &statistics, &error));
    for (uint32_t level = 0; level < LEVELS; level++) {
        rows += statistics.file_rows[level];
        *file_count += statistics.file_count[level];
    }
    return rows;
}

static void assert_snapshot(struct transaction *transaction, uint64_t snapshot)
{
    static const uint16_t columns[] = {0, 1, 2, 3, 4, 5};
    struct scan_request request = {.columns = columns, .column_count = COLUMNS, .in_key_order = true};
    struct batch batch;
    struct scan *scan;
    struct ssql_error error;
    int key = 0;

    assert_true(scan_open(transaction, transaction_table(transaction, world.table_id), &request, &scan, &error));
    do {
        assert_true(scan_next(scan, &batch, &error));
        for (uint32_t i = 0; i < batch.selected_count; i++, key++) {
            const struct version *version = NULL;
            struct value values[COLUMNS];
            char name[TEXT_SIZE], text[TEXT_SIZE];
            while (key < KEYS && ((version = visible(key, snapshot)) == NULL || version->payload < 0))
                key++;
            assert_true(key < KEYS);
            make_row(key, version->payload, name, text, values);
            for (uint16_t column = 0; column < COLUMNS; column++) {
                struct value value = vector_value(&batch.columns[column], batch_row(&batch, i));
                if (!values_are_equal(&value, &values[column]))
                    fail_msg("key %d, column %u differ at %llu", key, column, (unsigned long long)snapshot);
            }
        }
    } while (batch.row_count > 0);
    for (; key < KEYS; key++) {
        const struct version *version = visible(key, snapshot);
        assert_true(version == NULL || version->payload < 0);
    }
    scan_close(scan);
}

static void assert_everything(void)
{
    struct transaction *transaction = fixture_begin(world.engine, TRANSACTION_READ);

    assert_snapshot(transaction, atomic_load(&world.engine->committed));
    fixture_rollback(transaction);
    for (int i = 0; i < READERS; i++)
        if (world.readers[i] != NULL)
            assert_snapshot(world.readers[i], world.reader_sequences[i]);
}

static void merge_everything(void)
{
    struct ssql_error error;
    uint64_t file_count;

    assert_true(engine_compact(world.engine, &error));
    assert_int_equal(rows_in_files(&file_count), rows_needed(oldest_reader(), false));
    assert_everything();
    assert_true(engine_compact(world.engine, &error)); /* nothing is left to do */
    assert_int_equal(rows_in_files(&file_count), rows_needed(oldest_reader(), false));
}

/* ---- random lives ---- */

static void live(uint32_t key_kind, bool is_uniform, size_t sstable_bytes)
{
    struct engine_options options = fixture_options(false);
    struct ssql_error error;

    options.block_rows = 16;
    options.level0_files = 3;
    options.sstable_bytes = sstable_bytes;
    open_world(key_kind, &options);
    world.is_uniform = is_uniform;
    for (int round = 0; round < 12; round++) {
        for (int i = 0; i < 40; i++) {
            int key = (int)(fixture_random(&world.random) % KEYS);
            bool is_delete = fixture_random(&world.random) % 4 == 0;
            write_row(key, is_delete ? -1 : (int)(fixture_random(&world.random) % 1000));
        }
        if (round % 3 == 1)
            start_reader(round / 3 % READERS);
        assert_true(engine_flush(world.engine, &error));
        if (round % 4 == 3)
            merge_everything();
        else
            assert_everything();
    }
    for (int i = 0; i < READERS; i++) {
        if (world.readers[i] != NULL)
            fixture_rollback(world.readers[i]);
        world.readers[i] = NULL;
        merge_everything();
    }
    for (int key = 0; key < KEYS; key++)
        write_row(key, -1);
    merge_everything();
    uint64_t file_count;
    assert_int_equal(rows_in_files(&file_count), 0);
    assert_int_equal(file_count, 0);
    close_world();
}

static void int_keys_live(void **state)
{
    (void)state;
    live(0, false, 1 << 20);
    live(0, true, 4096);
}

static void string_keys_live(void **state)
{
    (void)state;
    live(1, false, 4096);
}

static void keys_of_two_columns_live(void **state)
{
    (void)state;
    live(2, false, 1 << 20);
}

/* ---- edges ---- */

/* Of a key's versions at or below the oldest snapshot only the newest is written, by a flush already. */
static void a_flush_leaves_out_what_nobody_can_see(void **state)
{
    (void)state;
    struct engine_options options = fixture_options(false);
    struct ssql_error error;
    uint64_t file_count;

    open_world(0, &options);
    write_row(1, 1);
    write_row(1, 2);
    write_row(2, 3);
    write_row(2, -1);
    for (int key = 3; key < 10; key++)
        write_row(key + 10, key);
    assert_true(engine_flush(world.engine, &error));
    assert_int_equal(rows_in_files(&file_count), 9); /* so few tombstones that the file stays as it is */
    assert_int_equal(file_count, 1);
    assert_everything();
    write_row(4, 5);
    write_row(4, 6);
    start_reader(0); /* sees the second of the three and nothing between */
    write_row(4, 7);
    write_row(4, 8);
    assert_true(engine_flush(world.engine, &error));
    assert_int_equal(rows_in_files(&file_count), 9 + 3);
    assert_everything();
    merge_everything();
    close_world();
}

/* All versions of a key stand in one file, however large it becomes. */
static void files_are_cut_between_keys_only(void **state)
{
    (void)state;
    enum { SNAPSHOTS = 300 };
    struct engine_options options = fixture_options(false);
    struct transaction *snapshots[SNAPSHOTS];
    struct ssql_error error;
    uint64_t file_count;

    options.sstable_bytes = 4096;
    options.block_rows = 8;
    open_world(1, &options);
    for (int i = 0; i < SNAPSHOTS; i++) {
        write_row(7, i + 1);
        snapshots[i] = fixture_begin(world.engine, TRANSACTION_READ);
    }
    assert_true(engine_flush(world.engine, &error));
    assert_int_equal(rows_in_files(&file_count), SNAPSHOTS);
    assert_int_equal(file_count, 1);
    assert_true(engine_compact(world.engine, &error));
    assert_int_equal(rows_in_files(&file_count), SNAPSHOTS);
    assert_int_equal(file_count, 1);
    for (int key = 0; key < KEYS; key++)
        if (key != 7)
            write_row(key, key);
    assert_true(engine_compact(world.engine, &error));
    assert_int_equal(rows_in_files(&file_count), SNAPSHOTS + KEYS - 1);
    assert_true(file_count > 1);
    for (int i = 0; i < SNAPSHOTS; i++) {
        assert_snapshot(snapshots[i], world.versions[i].sequence);
        fixture_rollback(snapshots[i]);
    }
    assert_everything();
    merge_everything();
    close_world();
}

/* Far more tables than one change of the manifest takes, and one that is in the queue twice. */
static void many_tables_are_flushed_together(void **state)
{
    (void)state;
    enum { TABLES = 40 };
    struct engine_options options = fixture_options(false);
    struct volume *volume = fixture_volume();
    struct engine *engine = fixture_open(volume, &options);
    struct engine_statistics statistics;
    struct ssql_error error;
    uint32_t tables[TABLES];

    for (int i = 0; i < TABLES; i++)
        tables[i] = fixture_create_table(engine);
    for (int i = 0; i < TABLES; i++)
        assert_int_equal(fixture_put_one(engine, tables[i], 1, i + 1), SSQL_OK);
    pthread_mutex_lock(&engine->commit_mutex);
    assert_true(engine_freeze_table(engine, engine->tables[0], &error));
    pthread_mutex_unlock(&engine->commit_mutex);
    assert_int_equal(fixture_put_one(engine, tables[0], 1, 500), SSQL_OK);
    assert_true(engine_flush(engine, &error));
    engine_read_statistics(engine, &statistics);
    assert_int_equal(statistics.flushes, TABLES + 1);
    assert_int_equal(statistics.memtables, 0);
    assert_int_equal(atomic_load(&engine->frozen_bytes), 0);
    assert_int_equal(atomic_load(&engine->active_bytes), 0);
    assert_null(engine->frozen_first);
    assert_null(engine->frozen_last);
    assert_false(engine->flush_is_running);
    for (int i = 0; i < TABLES; i++) {
        assert_int_equal(fixture_get_one(engine, tables[i], 1), i == 0 ? 500 : i + 1);
        assert_int_equal(engine->tables[i]->flushed_sequence, atomic_load(&engine->committed));
    }
    fixture_close(engine);
}

/* ---- failures ---- */

static bool count_table_file(void *context, const char *name, uint64_t size)
{
    (void)size;
    *(uint64_t *)context += strncmp(name, "tables/", 7) == 0;
    return true;
}

/* A flush or compaction that fails leaves no file behind, says why, and goes well the next time. */
static void what_a_failure_leaves_is_deleted(void **state)
{
    (void)state;
    for (int compacts = 0; compacts < 2; compacts++) {
        bool is_done = false;
        int failures = 0;
        for (uint64_t at = 1; !is_done; at++) {
            struct engine_options options = fixture_options(false);
            struct volume *faulty;
            struct ssql_error error = {0};
            uint64_t files, found = 0;
            options.sstable_bytes = 4096;
            options.block_rows = 8;
            open_world(1, &options);
            fixture_close(world.engine);
            assert_true(volume_faulty_create(fixture_volume(), &faulty, &error));
            world.engine = fixture_open(faulty, &options);
            world.table_id = 0;
            uint32_t table_id = fixture_create_table(world.engine);
            for (int64_t key = 0; key < 400; key++)
                if (key % 8 == 0)
                    assert_int_equal(fixture_put_one(world.engine, table_id, key, key * 31), SSQL_OK);
            struct transaction *transaction = fixture_begin(world.engine, TRANSACTION_WRITE);
            for (int64_t key = 400; key < 1000; key++)
                fixture_put(transaction, table_id, key, key * 31);
            assert_int_equal(fixture_commit(transaction), SSQL_OK);
            if (compacts)
                assert_true(engine_flush(world.engine, &error));
            world.table_id = table_id;
            volume_faulty_set(faulty, &(struct fault_plan){.fail_at = at, .status = VOLUME_UNAVAILABLE});
            is_done = compacts ? engine_compact(world.engine, &error) : engine_flush(world.engine, &error);
            volume_faulty_set(faulty, &(struct fault_plan){0});
            if (!is_done && !atomic_load(&world.engine->has_failed)) {
                failures++;
                assert_int_not_equal(error.code, SSQL_OK);
                (void)rows_in_files(&files);
                assert_int_equal(volume_list(faulty, count_table_file, &found, &error), VOLUME_OK);
                assert_int_equal(found, files);
                assert_int_equal(fixture_count(world.engine, table_id), 650);
                assert_true(compacts ? engine_compact(world.engine, &error) : engine_flush(world.engine, &error));
                assert_int_equal(fixture_count(world.engine, table_id), 650);
            }
            struct ssql_error ignored;
            (void)!engine_close(world.engine, &ignored);
        }
        assert_true(failures > 6);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(int_keys_live),
        cmocka_unit_test(string_keys_live),
        cmocka_unit_test(keys_of_two_columns_live),
        cmocka_unit_test(a_flush_leaves_out_what_nobody_can_see),
        cmocka_unit_test(files_are_cut_between_keys_only),
        cmocka_unit_test(many_tables_are_flushed_together),
        cmocka_unit_test(what_a_failure_leaves_is_deleted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
