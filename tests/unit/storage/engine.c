/* The engine: what was committed is there, after flushes, compactions, closes and reopens; dropped tables leave
 * nothing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "support/engine_fixture.h"
#include "volume/volume_directory.h"

static struct engine *open_new(bool is_tiny)
{
    struct engine_options options = fixture_options(is_tiny);

    return fixture_open(fixture_volume(), &options);
}

static void fill(struct engine *engine, uint32_t table_id, int64_t from, int64_t to, int64_t add)
{
    struct transaction *transaction = fixture_begin(engine, TRANSACTION_WRITE);

    for (int64_t key = from; key < to; key++)
        fixture_put(transaction, table_id, key, key + add);
    assert_int_equal(fixture_commit(transaction), SSQL_OK);
}

static void assert_filled(struct engine *engine, uint32_t table_id, int64_t from, int64_t to, int64_t add)
{
    for (int64_t key = from; key < to; key++)
        assert_int_equal(fixture_get_one(engine, table_id, key), key + add);
    assert_int_equal(fixture_count(engine, table_id), to - from);
}

static void a_committed_row_is_read_back(void **state)
{
    (void)state;
    struct engine *engine = open_new(false);
    uint32_t table_id = fixture_create_table(engine);

    assert_int_equal(fixture_put_one(engine, table_id, 1, 10), SSQL_OK);
    assert_int_equal(fixture_get_one(engine, table_id, 1), 10);
    assert_int_equal(fixture_get_one(engine, table_id, 2), -1);
    fixture_close(engine);
}

static void rows_survive_a_flush(void **state)
{
    (void)state;
    struct engine *engine = open_new(false);
    uint32_t table_id = fixture_create_table(engine);
    struct ssql_error error;

    fill(engine, table_id, 0, 3000, 0);
    assert_true(engine_flush(engine, &error));
    assert_filled(engine, table_id, 0, 3000, 0);
    struct engine_statistics statistics;
    engine_read_statistics(engine, &statistics);
    assert_int_equal(statistics.flushes, 1);
    fixture_close(engine);
}

static void newer_versions_hide_flushed_ones(void **state)
{
    (void)state;
    struct engine *engine = open_new(false);
    uint32_t table_id = fixture_create_table(engine);
    struct ssql_error error;

    for (int round = 0; round < 4; round++) {
        fill(engine, table_id, 0, 500, round);
        assert_true(engine_flush(engine, &error));
    }
    assert_filled(engine, table_id, 0, 500, 3);
    assert_true(engine_compact(engine, &error));
    assert_filled(engine, table_id, 0, 500, 3);
    fixture_close(engine);
}

static struct volume *directory_volume(const char *path, bool is_read_only)
{
    struct volume_directory_options options = {.read_only = is_read_only};
    struct volume *volume;
    struct ssql_error error;

    if (!volume_directory_open(path, &options, &volume, &error))
        fail_msg("%s", error.message);
    return volume;
}

static void remove_directory(const char *path)
{
    char command[256];

    snprintf(command, sizeof command, "rm -rf '%s'", path);
    assert_int_equal(system(command), 0);
}

static void make_path(char path[64])
{
    strcpy(path, "/tmp/ssql_engine_XXXXXX");
    assert_non_null(mkdtemp(path));
    assert_int_equal(rmdir(path), 0);
}

static void a_directory_opens_again_with_all_rows(void **state)
{
    (void)state;
    char path[64];
    make_path(path);
    for (int tiny = 0; tiny < 2; tiny++) {
        struct engine_options options = fixture_options(tiny);
        struct engine *engine = fixture_open(directory_volume(path, false), &options);
        uint32_t table_id = fixture_create_table(engine);
        fill(engine, table_id, 0, 400, 5);
        fixture_close(engine);
        engine = fixture_open(directory_volume(path, false), &options);
        assert_filled(engine, table_id, 0, 400, 5);
        fixture_close(engine);
        remove_directory(path);
    }
}

static void a_clean_close_leaves_little_log(void **state)
{
    (void)state;
    char path[64], command[128];
    make_path(path);
    struct engine_options options = fixture_options(false);
    struct engine *engine = fixture_open(directory_volume(path, false), &options);
    uint32_t table_id = fixture_create_table(engine);

    for (int round = 0; round < 3; round++) {
        fill(engine, table_id, 0, 5000, round);
        fixture_close(engine);
        snprintf(command, sizeof command, "test -z \"$(ls -A %s/wal)\"", path);
        assert_int_equal(system(command), 0); /* so much is flushed, and the log is gone */
        engine = fixture_open(directory_volume(path, false), &options);
        assert_int_equal(fixture_put_one(engine, table_id, 1, 100 + round), SSQL_OK);
        fixture_close(engine);
        assert_int_not_equal(system(command), 0); /* so little stays in the log */
        engine = fixture_open(directory_volume(path, false), &options);
        assert_int_equal(fixture_get_one(engine, table_id, 1), 100 + round);
        assert_int_equal(fixture_get_one(engine, table_id, 2), 2 + round);
    }
    fixture_close(engine);
    remove_directory(path);
}

static uint64_t sum_of_levels(const struct table_statistics *statistics)
{
    uint64_t bytes = 0;

    for (uint32_t level = 0; level < LEVELS; level++)
        bytes += statistics->file_bytes[level];
    return bytes;
}

static void read_written(struct engine *engine, uint32_t table_id, struct engine_statistics *all,
                         struct table_statistics *table)
{
    struct ssql_error error;

    engine_read_statistics(engine, all);
    assert_true(engine_table_statistics(engine, table_id, table, &error));
    assert_true(table->written.flushed <= all->written.flushed);
    assert_true(table->written.compacted <= all->written.compacted);
    assert_true(sum_of_levels(table) <= table->written.flushed + table->written.compacted);
    assert_true(table->bottom_bytes <= sum_of_levels(table));
}

static void bytes_written_are_counted_over_all_openings(void **state)
{
    (void)state;
    char path[64];
    struct engine_options options = fixture_options(false);
    struct engine_statistics all, all_before = {0};
    struct table_statistics table, before = {0};
    struct ssql_error error;
    make_path(path);
    struct engine *engine = fixture_open(directory_volume(path, false), &options);
    uint32_t table_id = fixture_create_table(engine);

    for (int round = 0; round < 3; round++) {
        fill(engine, table_id, 0, 400, round);
        assert_true(engine_flush(engine, &error));
        read_written(engine, table_id, &all, &table);
        assert_true(table.written.flushed > before.written.flushed);
        assert_int_equal(table.written.compacted, before.written.compacted);
        assert_true(all.bytes_logged > all_before.bytes_logged);
        assert_true(engine_compact(engine, &error));
        read_written(engine, table_id, &all_before, &before);
        assert_int_equal(before.written.compacted - table.written.compacted, sum_of_levels(&before));
        assert_int_equal(before.written.flushed, table.written.flushed);
        assert_int_equal(before.bottom_bytes, sum_of_levels(&before));
        fixture_close(engine);
        engine = fixture_open(directory_volume(path, round == 2), &options);
        read_written(engine, table_id, &all, &table);
        assert_memory_equal(&table.written, &before.written, sizeof table.written);
        assert_memory_equal(&all.written, &all_before.written, sizeof all.written);
        assert_true(all.bytes_logged >= all_before.bytes_logged);
    }
    fixture_close(engine);
    remove_directory(path);
}

static void bytes_of_dropped_tables_stay_counted(void **state)
{
    (void)state;
    struct engine *engine = open_new(false);
    uint32_t table_id = fixture_create_table(engine);
    struct engine_statistics before, after;
    struct ssql_error error;

    fill(engine, table_id, 0, 400, 1);
    assert_true(engine_flush(engine, &error));
    engine_read_statistics(engine, &before);
    assert_true(before.written.flushed > 0);
    struct transaction *transaction = fixture_begin(engine, TRANSACTION_WRITE);
    assert_true(transaction_drop_table(transaction, table_id, &error));
    assert_int_equal(fixture_commit(transaction), SSQL_OK);
    assert_true(engine_flush(engine, &error));
    engine_read_statistics(engine, &after);
    assert_int_equal(after.written.flushed, before.written.flushed);
    fixture_close(engine);
}

static void nothing_is_on_disk_before_the_first_write(void **state)
{
    (void)state;
    char path[64];
    make_path(path);
    struct engine_options options = fixture_options(false);
    struct engine *engine = fixture_open(directory_volume(path, false), &options);
    struct transaction *transaction = fixture_begin(engine, TRANSACTION_WRITE);
    assert_int_equal(fixture_commit(transaction), SSQL_OK);
    fixture_close(engine);
    assert_int_not_equal(access(path, F_OK), 0);
}

static void a_reader_beside_the_writer_sees_what_is_committed(void **state)
{
    (void)state;
    char path[64];
    make_path(path);
    struct engine_options options = fixture_options(false);
    struct engine *writer = fixture_open(directory_volume(path, false), &options);
    uint32_t table_id = fixture_create_table(writer);
    struct ssql_error error;
    fill(writer, table_id, 0, 100, 1);
    assert_true(engine_flush(writer, &error));
    fill(writer, table_id, 100, 200, 1);

    struct engine *reader = fixture_open(directory_volume(path, true), &options);
    assert_true(engine_is_read_only(reader));
    assert_filled(reader, table_id, 0, 200, 1);
    fill(writer, table_id, 0, 200, 2);
    assert_true(engine_compact(writer, &error));
    assert_filled(reader, table_id, 0, 200, 1);

    struct transaction *transaction;
    assert_true(transaction_create(reader, &transaction, &error));
    assert_false(transaction_begin(transaction, TRANSACTION_WRITE, COMMIT_DURABLE, &error));
    assert_int_equal(error.code, SSQL_READ_ONLY);
    transaction_destroy(transaction);
    fixture_close(reader);
    fixture_close(writer);
    remove_directory(path);
}

static bool count_table_file(void *context, const char *name, uint64_t size)
{
    (void)size;
    if (strncmp(name, "tables/", 7) == 0)
        ++*(int *)context;
    return true;
}

static int count_table_files(struct volume *volume)
{
    struct ssql_error error;
    int count = 0;

    assert_int_equal(volume_list(volume, count_table_file, &count, &error), VOLUME_OK);
    return count;
}

static void drop_table(struct engine *engine, uint32_t table_id)
{
    struct transaction *transaction = fixture_begin(engine, TRANSACTION_WRITE);
    struct ssql_error error;

    assert_true(transaction_drop_table(transaction, table_id, &error));
    assert_int_equal(fixture_commit(transaction), SSQL_OK);
}

static void a_dropped_table_keeps_its_files_for_old_snapshots_only(void **state)
{
    (void)state;
    struct engine_options options = fixture_options(false);
    struct volume *volume = fixture_volume();
    struct engine *engine = fixture_open(volume, &options);
    uint32_t table_id = fixture_create_table(engine), other_id = fixture_create_table(engine);
    struct ssql_error error;

    fill(engine, table_id, 0, 100, 0);
    assert_true(engine_flush(engine, &error));
    assert_int_equal(count_table_files(volume), 1);
    struct transaction *old = fixture_begin(engine, TRANSACTION_READ);
    drop_table(engine, table_id);
    assert_int_equal(fixture_get(old, table_id, 7), 7);
    struct transaction *new = fixture_begin(engine, TRANSACTION_READ);
    assert_null(transaction_table(new, table_id));
    fixture_rollback(new);
    fixture_rollback(old);
    drop_table(engine, other_id); /* lets the clean-up look again */
    assert_int_equal(count_table_files(volume), 0);
    fixture_close(engine);
}

static void a_read_transaction_keeps_its_snapshot_over_flush_and_compaction(void **state)
{
    (void)state;
    struct engine *engine = open_new(true);
    uint32_t table_id = fixture_create_table(engine);
    struct ssql_error error;
    struct fixture_pair pairs[300];

    fill(engine, table_id, 0, 300, 0);
    struct transaction *old = fixture_begin(engine, TRANSACTION_READ);
    for (int round = 1; round < 5; round++) {
        fill(engine, table_id, 0, 300, round);
        assert_true(engine_compact(engine, &error));
        assert_int_equal(fixture_scan(old, table_id, 0, 1000, pairs, 300), 300);
        for (int64_t i = 0; i < 300; i++)
            assert_true(pairs[i].key == i && pairs[i].number == i);
    }
    fixture_rollback(old);
    assert_filled(engine, table_id, 0, 300, 4);
    fixture_close(engine);
}

static void many_small_tables_share_the_budget(void **state)
{
    (void)state;
    enum { TABLES = 150 };
    struct engine *engine = open_new(true);
    uint32_t ids[TABLES];

    for (int i = 0; i < TABLES; i++)
        ids[i] = fixture_create_table(engine);
    for (int round = 0; round < 4; round++) {
        for (int i = 0; i < TABLES; i++)
            assert_int_equal(fixture_put_one(engine, ids[i], round, i), SSQL_OK);
    }
    struct engine_statistics statistics;
    engine_read_statistics(engine, &statistics);
    assert_true(statistics.memtable_bytes <= (1 << 20) / 4);
    for (int i = 0; i < TABLES; i++) {
        for (int round = 0; round < 4; round++)
            assert_int_equal(fixture_get_one(engine, ids[i], round), i);
    }
    fixture_close(engine);
}

static void the_log_is_retired_though_one_table_is_cold(void **state)
{
    (void)state;
    struct engine *engine = open_new(true);
    uint32_t cold = fixture_create_table(engine), hot = fixture_create_table(engine);

    assert_int_equal(fixture_put_one(engine, cold, 1, 1), SSQL_OK);
    for (int64_t key = 0; key < 20000; key += 100)
        fill(engine, hot, key, key + 100, 0);
    struct engine_statistics statistics;
    engine_read_statistics(engine, &statistics);
    assert_true(statistics.wal_bytes < (1 << 20));
    assert_int_equal(fixture_get_one(engine, cold, 1), 1);
    fixture_close(engine);
}

static void row_numbers_are_above_every_key_also_after_reopening(void **state)
{
    (void)state;
    char path[64];
    make_path(path);
    struct engine_options options = fixture_options(false);
    struct engine *engine = fixture_open(directory_volume(path, false), &options);
    uint32_t table_id = fixture_create_table(engine);
    struct ssql_error error;
    int64_t first;

    fill(engine, table_id, 10, 20, 0);
    struct transaction *transaction = fixture_begin(engine, TRANSACTION_WRITE);
    assert_true(table_take_row_numbers(transaction, transaction_table(transaction, table_id), 5, &first, &error));
    assert_int_equal(first, 20);
    assert_true(table_take_row_numbers(transaction, transaction_table(transaction, table_id), 1, &first, &error));
    assert_int_equal(first, 25);
    fixture_put(transaction, table_id, 1000, 1);
    assert_true(table_take_row_numbers(transaction, transaction_table(transaction, table_id), 1, &first, &error));
    assert_int_equal(first, 1001);
    assert_int_equal(fixture_commit(transaction), SSQL_OK);
    assert_true(engine_flush(engine, &error));
    fixture_close(engine);

    engine = fixture_open(directory_volume(path, false), &options);
    transaction = fixture_begin(engine, TRANSACTION_WRITE);
    assert_true(table_take_row_numbers(transaction, transaction_table(transaction, table_id), 1, &first, &error));
    assert_int_equal(first, 1001);
    fixture_put(transaction, table_id, INT64_MAX, 1);
    assert_false(table_take_row_numbers(transaction, transaction_table(transaction, table_id), 1, &first, &error));
    assert_int_equal(error.code, SSQL_OUT_OF_RANGE);
    fixture_rollback(transaction);
    fixture_close(engine);
    remove_directory(path);
}

static void spill_files_give_back_what_was_appended(void **state)
{
    (void)state;
    struct engine *engine = open_new(false);
    struct spill_file *file;
    struct ssql_error error;
    uint8_t bytes[5];

    assert_true(spill_create(engine, &file, &error));
    assert_true(spill_append(file, slice_of("hello"), &error));
    assert_true(spill_append(file, slice_of("world"), &error));
    assert_int_equal(spill_size(file), 10);
    assert_true(spill_read(file, 5, bytes, 5, &error));
    assert_memory_equal(bytes, "world", 5);
    assert_false(spill_read(file, 8, bytes, 5, &error));
    spill_close(file);
    fixture_close(engine);
}

/* ---- threads ---- */

struct worker {
    struct engine *engine;
    uint32_t table_id;
    int number;
    unsigned rounds;
};

/* Moves amounts between accounts: the sum stays. */
static void *transfer(void *argument)
{
    struct worker *worker = argument;
    uint64_t random = (uint64_t)worker->number;

    for (unsigned i = 0; i < worker->rounds;) {
        int64_t from = (int64_t)(fixture_random(&random) % 20), to = (int64_t)(fixture_random(&random) % 20);
        if (from == to)
            continue;
        struct transaction *transaction = fixture_begin(worker->engine, TRANSACTION_WRITE);
        int64_t a = fixture_get(transaction, worker->table_id, from),
                b = fixture_get(transaction, worker->table_id, to);
        fixture_put(transaction, worker->table_id, from, a - 1);
        fixture_put(transaction, worker->table_id, to, b + 1);
        i += fixture_commit(transaction) == SSQL_OK;
    }
    return NULL;
}

static void *watch(void *argument)
{
    struct worker *worker = argument;
    struct fixture_pair pairs[20];

    for (unsigned i = 0; i < worker->rounds; i++) {
        struct transaction *transaction = fixture_begin(worker->engine, TRANSACTION_READ);
        int64_t sum = 0;
        assert_int_equal(fixture_scan(transaction, worker->table_id, 0, 19, pairs, 20), 20);
        for (int j = 0; j < 20; j++)
            sum += pairs[j].number;
        assert_int_equal(sum, 20 * 1000);
        fixture_rollback(transaction);
    }
    return NULL;
}

static void several_threads_keep_a_sum(void **state)
{
    (void)state;
    enum { WRITERS = 3 };
    struct engine_options options = fixture_options(true);
    options.background = true;
    struct engine *engine = fixture_open(fixture_volume(), &options);
    uint32_t table_id = fixture_create_table(engine);
    struct worker workers[WRITERS + 1];
    pthread_t threads[WRITERS + 1];
    struct ssql_error error;

    for (int64_t key = 0; key < 20; key++)
        assert_int_equal(fixture_put_one(engine, table_id, key, 1000), SSQL_OK);
    for (int i = 0; i <= WRITERS; i++) {
        workers[i] = (struct worker){engine, table_id, i, fixture_rounds(150)};
        assert_int_equal(pthread_create(&threads[i], NULL, i == WRITERS ? watch : transfer, &workers[i]), 0);
    }
    for (int i = 0; i <= WRITERS; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    watch(&workers[WRITERS]);
    if (!engine_flush(engine, &error) || !engine_wait_idle(engine, &error))
        fail_msg("%s", error.message);
    watch(&workers[WRITERS]);
    fixture_close(engine);
}

/* Creates, fills, counts and drops tables of its own. */
static void *make_and_drop(void *argument)
{
    struct worker *worker = argument;

    for (unsigned i = 0; i < worker->rounds; i++) {
        uint32_t table_id = fixture_create_table(worker->engine);
        fill(worker->engine, table_id, 0, 300, worker->number);
        assert_int_equal(fixture_count(worker->engine, table_id), 300);
        fill(worker->engine, table_id, 100, 200, worker->number + 1);
        assert_int_equal(fixture_get_one(worker->engine, table_id, 150), 150 + worker->number + 1);
        drop_table(worker->engine, table_id);
    }
    return NULL;
}

static void several_threads_create_and_drop_tables(void **state)
{
    (void)state;
    enum { THREADS = 3 };
    struct engine_options options = fixture_options(true);
    options.background = true;
    struct volume *volume = fixture_volume();
    struct engine *engine = fixture_open(volume, &options);
    struct worker workers[THREADS];
    pthread_t threads[THREADS];
    struct ssql_error error;

    for (int i = 0; i < THREADS; i++) {
        workers[i] = (struct worker){engine, 0, i, fixture_rounds(8)};
        assert_int_equal(pthread_create(&threads[i], NULL, make_and_drop, &workers[i]), 0);
    }
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    drop_table(engine, fixture_create_table(engine));
    if (!engine_wait_idle(engine, &error))
        fail_msg("%s", error.message);
    assert_int_equal(count_table_files(volume), 0);
    fixture_close(engine);
}

struct reading {
    const char *path;
    uint32_t table_id;
    atomic_int stop;
    unsigned opens;
};

/* Opens the database again and again; what is there is one commit's state: all rows carry one number. */
static void *open_and_look(void *argument)
{
    struct reading *reading = argument;
    struct engine_options options = fixture_options(true);
    struct fixture_pair pairs[50];
    int64_t last = 0;

    while (!atomic_load(&reading->stop) || reading->opens == 0) {
        struct engine *engine = fixture_open(directory_volume(reading->path, true), &options);
        struct transaction *transaction = fixture_begin(engine, TRANSACTION_READ);
        assert_int_equal(fixture_scan(transaction, reading->table_id, 0, 49, pairs, 50), 50);
        for (int i = 1; i < 50; i++)
            assert_int_equal(pairs[i].number, pairs[0].number);
        assert_true(pairs[0].number >= last);
        last = pairs[0].number;
        fixture_rollback(transaction);
        fixture_close(engine);
        reading->opens++;
    }
    return NULL;
}

static void readers_open_beside_a_busy_writer(void **state)
{
    (void)state;
    char path[64];
    make_path(path);
    struct engine_options options = fixture_options(true);
    options.background = true;
    options.sync = SYNC_OFF;
    struct engine *writer = fixture_open(directory_volume(path, false), &options);
    struct reading reading = {.path = path, .table_id = fixture_create_table(writer)};
    pthread_t thread;

    for (unsigned round = 0; round < fixture_rounds(400); round++) {
        struct transaction *transaction = fixture_begin(writer, TRANSACTION_WRITE);
        for (int64_t key = 0; key < 50; key++)
            fixture_put(transaction, reading.table_id, key, round);
        assert_int_equal(fixture_commit(transaction), SSQL_OK);
        if (round == 0)
            assert_int_equal(pthread_create(&thread, NULL, open_and_look, &reading), 0);
    }
    atomic_store(&reading.stop, 1);
    assert_int_equal(pthread_join(thread, NULL), 0);
    fixture_close(writer);
    remove_directory(path);
}

static void a_slow_disk_slows_writers_down_within_the_budget(void **state)
{
    (void)state;
    struct engine_options options = fixture_options(true);
    options.background = true;
    options.sync = SYNC_OFF;
    struct volume *volume;
    struct ssql_error error;
    struct engine_statistics statistics;

    assert_true(volume_faulty_create(fixture_volume(), &volume, &error));
    struct engine *engine = fixture_open(volume, &options);
    uint32_t table_id = fixture_create_table(engine);
    volume_faulty_set(volume, &(struct fault_plan){.delay_us = 500});
    for (int64_t key = 0; key < 12000; key += 100) {
        fill(engine, table_id, key, key + 100, 0);
        engine_read_statistics(engine, &statistics);
        assert_true(statistics.memtable_bytes <= options.memory_limit_bytes / 4 + 2 * options.memtable_bytes);
    }
    assert_true(statistics.stalls_us > 0);
    volume_faulty_set(volume, &(struct fault_plan){0});
    assert_filled(engine, table_id, 0, 12000, 0);
    fixture_close(engine);
}

static void deferred_commits_are_durable_after_a_sync(void **state)
{
    (void)state;
    struct engine_options options = fixture_options(false);
    struct volume *volume = fixture_volume(), *after;
    struct engine *engine = fixture_open(volume, &options);
    uint32_t table_id = fixture_create_table(engine);
    struct transaction *transaction;
    struct ssql_error error;

    assert_true(transaction_create(engine, &transaction, &error));
    for (int64_t key = 0; key < 50; key++) {
        assert_true(transaction_begin(transaction, TRANSACTION_WRITE, COMMIT_DEFERRED, &error));
        if (key > 0)
            assert_int_equal(fixture_get(transaction, table_id, key - 1), key - 1);
        assert_int_equal(fixture_insert(transaction, table_id, key, key), WRITE_DONE);
        assert_true(transaction_commit(transaction, &error));
    }
    transaction_destroy(transaction);
    assert_int_equal(fixture_count(engine, table_id), 0); /* others see durable commits only */
    assert_true(engine_sync(engine, &error));
    assert_int_equal(fixture_count(engine, table_id), 50);
    assert_true(volume_memory_crash(volume, 0, &after, &error));
    fixture_close(engine);
    engine = fixture_open(after, &options);
    assert_filled(engine, table_id, 0, 50, 0);
    fixture_close(engine);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_committed_row_is_read_back),
        cmocka_unit_test(rows_survive_a_flush),
        cmocka_unit_test(newer_versions_hide_flushed_ones),
        cmocka_unit_test(a_directory_opens_again_with_all_rows),
        cmocka_unit_test(a_clean_close_leaves_little_log),
        cmocka_unit_test(bytes_written_are_counted_over_all_openings),
        cmocka_unit_test(bytes_of_dropped_tables_stay_counted),
        cmocka_unit_test(nothing_is_on_disk_before_the_first_write),
        cmocka_unit_test(a_reader_beside_the_writer_sees_what_is_committed),
        cmocka_unit_test(a_dropped_table_keeps_its_files_for_old_snapshots_only),
        cmocka_unit_test(a_read_transaction_keeps_its_snapshot_over_flush_and_compaction),
        cmocka_unit_test(many_small_tables_share_the_budget),
        cmocka_unit_test(the_log_is_retired_though_one_table_is_cold),
        cmocka_unit_test(row_numbers_are_above_every_key_also_after_reopening),
        cmocka_unit_test(spill_files_give_back_what_was_appended),
        cmocka_unit_test(several_threads_keep_a_sum),
        cmocka_unit_test(several_threads_create_and_drop_tables),
        cmocka_unit_test(readers_open_beside_a_busy_writer),
        cmocka_unit_test(a_slow_disk_slows_writers_down_within_the_budget),
        cmocka_unit_test(deferred_commits_are_durable_after_a_sync),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
