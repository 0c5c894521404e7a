/* Compaction changes where rows are, never what a snapshot sees; what nobody sees goes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>

#include "storage/compaction_internal.h"
#include "storage/scan.h"
#include "volume/volume_faulty.h"
#include "volume/volume_memory.h"

enum { KEYS = 400, SNAPSHOTS = 5, ABSENT = -1 };

/* A transaction left open, and what it must go on seeing. */
struct picture {
    struct transaction *transaction;
    int64_t values[KEYS];
};

struct world {
    uint64_t random;
    struct volume *volume; /* the engine's */
    struct engine *engine;
    uint32_t table_id;
    bool has_string_key;
    struct transaction *writer;
    int64_t values[KEYS]; /* ABSENT, or the row's number */
    struct picture pictures[SNAPSHOTS];
    uint32_t picture_count;
};

static uint64_t next_random(struct world *world, uint64_t below)
{
    world->random ^= world->random << 13;
    world->random ^= world->random >> 7;
    world->random ^= world->random << 17;
    return (world->random >> 11) % below;
}

static void must(bool done, const struct ssql_error *error)
{
    if (!done)
        fail_msg("%s", error->message);
}

/* Columns: id int, name string (one of them the key), number int, text string. */
static void make_table(struct world *world)
{
    struct table_layout *layout = calloc(1, sizeof *layout);
    struct ssql_error error = {0};

    assert_non_null(layout);
    layout->column_count = 4;
    layout->types[0] = layout->types[2] = SSQL_TYPE_INT;
    layout->types[1] = layout->types[3] = SSQL_TYPE_STRING;
    layout->key_count = 1;
    layout->key_columns[0] = world->has_string_key ? 1 : 0;
    must(transaction_begin(world->writer, TRANSACTION_WRITE, COMMIT_DURABLE, &error), &error);
    must(transaction_create_table(world->writer, layout, &world->table_id, &error), &error);
    must(transaction_commit(world->writer, &error), &error);
    free(layout);
}

static void open_world(struct world *world, uint64_t seed, uint32_t level0_files, size_t sstable_bytes)
{
    struct engine_options options;
    struct volume *memory;
    struct ssql_error error = {0};

    memset(world, 0, sizeof *world);
    world->random = seed * 0x9E3779B97F4A7C15u + 11;
    world->has_string_key = seed % 2 == 0;
    for (int i = 0; i < KEYS; i++)
        world->values[i] = ABSENT;
    engine_options_init(&options);
    options.background = false;
    options.sync = SYNC_OFF;
    options.memory_limit_bytes = (size_t)1 << 20;
    options.block_rows = 16;
    options.level0_files = level0_files;
    options.sstable_bytes = sstable_bytes;
    must(volume_memory_create(&memory, &error), &error);
    must(volume_faulty_create(memory, &world->volume, &error), &error);
    must(engine_open(world->volume, &options, &world->engine, &error), &error);
    must(transaction_create(world->engine, &world->writer, &error), &error);
    make_table(world);
}

static void close_world(struct world *world)
{
    struct ssql_error error = {0};

    for (uint32_t i = 0; i < world->picture_count; i++)
        transaction_destroy(world->pictures[i].transaction);
    transaction_destroy(world->writer);
    must(engine_close(world->engine, &error), &error);
}

static struct slice key_name(int key, char name[32])
{
    snprintf(name, 32, "name-with-a-long-prefix-%04d", key);
    return slice_of(name);
}

static void encode_key(const struct world *world, int key, struct buffer *buffer)
{
    char name[32];
    struct value value = world->has_string_key ? value_string(key_name(key, name)) : value_int(key);

    key_encode(buffer, &value, 1);
}

static void put_row(struct world *world, struct table *table, int key, int64_t number)
{
    struct ssql_error error = {0};
    char name[32], text[64];
    struct value values[4] = {value_int(key), value_string(key_name(key, name)), value_int(number), {0}};

    snprintf(text, sizeof text, "text %lld", (long long)number);
    values[3] = number % 5 == 0 ? value_null(SSQL_TYPE_STRING) : value_string(slice_of(text));
    must(transaction_put(world->writer, table, values, &error), &error);
    world->values[key] = number;
}

static void delete_row(struct world *world, struct table *table, int key)
{
    struct buffer buffer = {0};
    struct ssql_error error = {0};

    encode_key(world, key, &buffer);
    must(transaction_delete(world->writer, table, buffer_slice(&buffer), &error), &error);
    buffer_clear(&buffer);
    world->values[key] = ABSENT;
}

/* One transaction; sometimes one so large that it is spilled to files. */
static void write_some(struct world *world)
{
    uint32_t count = next_random(world, 12) == 0 ? 4000 : 1 + (uint32_t)next_random(world, 60);
    struct ssql_error error = {0};

    must(transaction_begin(world->writer, TRANSACTION_WRITE, COMMIT_DURABLE, &error), &error);
    struct table *table = transaction_table(world->writer, world->table_id);
    assert_non_null(table);
    for (uint32_t i = 0; i < count; i++) {
        int key = (int)next_random(world, KEYS);
        if (next_random(world, 3) == 0)
            delete_row(world, table, key);
        else
            put_row(world, table, key, (int64_t)next_random(world, 1000000));
    }
    must(transaction_commit(world->writer, &error), &error);
}

static void take_picture(struct world *world)
{
    struct ssql_error error = {0};

    if (world->picture_count == SNAPSHOTS) {
        uint32_t i = (uint32_t)next_random(world, SNAPSHOTS);
        transaction_destroy(world->pictures[i].transaction);
        world->pictures[i] = world->pictures[--world->picture_count];
    }
    struct picture *picture = &world->pictures[world->picture_count++];
    must(transaction_create(world->engine, &picture->transaction, &error), &error);
    must(transaction_begin(picture->transaction, TRANSACTION_READ, COMMIT_DURABLE, &error), &error);
    memcpy(picture->values, world->values, sizeof picture->values);
}

static void check_row(const struct batch *batch, uint32_t row, int key, int64_t number)
{
    char text[64];
    struct value found_text = vector_value(&batch->columns[2], row);

    assert_int_equal(vector_value(&batch->columns[0], row).integer, key);
    assert_int_equal(vector_value(&batch->columns[1], row).integer, number);
    assert_int_equal(found_text.is_null, number % 5 == 0);
    snprintf(text, sizeof text, "text %lld", (long long)number);
    if (!found_text.is_null)
        assert_true(slice_equal(found_text.string, slice_of(text)));
}

static void check_picture(const struct world *world, struct transaction *transaction, const int64_t values[KEYS])
{
    static const uint16_t columns[] = {0, 2, 3};
    const struct scan_request request = {.columns = columns, .column_count = 3, .in_key_order = true};
    struct table *table = transaction_table(transaction, world->table_id);
    struct ssql_error error = {0};
    struct scan *scan;
    struct batch batch;
    int key = 0;

    assert_non_null(table);
    must(scan_open(transaction, table, &request, &scan, &error), &error);
    for (;;) {
        must(scan_next(scan, &batch, &error), &error);
        if (batch.row_count == 0)
            break;
        for (uint32_t i = 0; i < batch.selected_count; i++) {
            while (key < KEYS && values[key] == ABSENT)
                key++;
            assert_true(key < KEYS);
            check_row(&batch, batch_row(&batch, i), key, values[key]);
            key++;
        }
    }
    while (key < KEYS)
        assert_int_equal(values[key++], ABSENT);
    scan_close(scan);
}

static void check_all(struct world *world)
{
    struct ssql_error error = {0};

    must(transaction_begin(world->writer, TRANSACTION_READ, COMMIT_DURABLE, &error), &error);
    check_picture(world, world->writer, world->values);
    transaction_rollback(world->writer);
    for (uint32_t i = 0; i < world->picture_count; i++)
        check_picture(world, world->pictures[i].transaction, world->pictures[i].values);
}

/* The table, whatever transaction looks at it; it lives as long as the engine. */
static struct table *find_table(struct world *world)
{
    struct ssql_error error = {0};

    must(transaction_begin(world->writer, TRANSACTION_READ, COMMIT_DURABLE, &error), &error);
    struct table *table = transaction_table(world->writer, world->table_id);
    transaction_rollback(world->writer);
    return table;
}

/* Files of every level are open, and of levels below 0 disjoint and in order; no key is in two of them. */
static void check_levels(struct world *world)
{
    struct table_version *version = table_acquire_version(find_table(world));
    struct ssql_error error = {0};

    for (uint32_t level = 0; level < LEVELS; level++) {
        for (uint32_t i = 0; i < version->file_count[level]; i++) {
            struct table_file *file = version->files[level][i];
            must(sstable_verify(file->sstable, &error), &error);
            assert_false(file->is_compacting);
            if (level > 0 && i > 0)
                assert_true(slice_compare(file_last_key(version->files[level][i - 1]), file_first_key(file)) < 0);
        }
    }
    table_version_release(version);
}

static void compact_once(struct world *world, enum compaction_purpose purpose)
{
    struct compaction *compaction;
    struct ssql_error error = {0};

    must(compaction_pick(find_table(world), purpose, &compaction, &error), &error);
    if (compaction != NULL)
        must(compaction_run(compaction, &error), &error);
}

static void random_world(uint64_t seed)
{
    static const size_t sstable_bytes[] = {1200, 4000, 100000};
    struct world *world = malloc(sizeof *world);
    struct ssql_error error = {0};

    assert_non_null(world);
    printf("SSQL_TEST_SEED=%llu\n", (unsigned long long)seed);
    open_world(world, seed, 1 + seed % 4, sstable_bytes[seed % 3]);
    for (int step = 0; step < 60; step++) {
        write_some(world);
        switch (next_random(world, 7)) {
        case 0: take_picture(world); break;
        case 1: compact_once(world, COMPACT_EVERYTHING); break;
        case 2: compact_once(world, COMPACT_DOWN); break;
        case 6: compact_once(world, COMPACT_RUNS); break;
        case 3:
        case 4: must(engine_flush(world->engine, &error), &error); break;
        default: break;
        }
        if (step % 6 == 0) {
            check_all(world);
            check_levels(world);
        }
    }
    check_all(world);
    close_world(world);
    free(world);
}

static void snapshots_see_the_same_before_and_after(void **state)
{
    const char *one = getenv("SSQL_TEST_SEED"), *rounds = getenv("SSQL_TEST_ROUNDS");
    uint64_t first = one == NULL ? 1 : strtoull(one, NULL, 10);
    uint64_t count = one != NULL ? 1 : rounds == NULL ? 24 : strtoull(rounds, NULL, 10);

    (void)state;
    for (uint64_t seed = first; seed < first + count; seed++)
        random_world(seed);
}

static void count_rows(struct world *world, uint64_t *rows, uint64_t *tombstones, uint64_t *highest_sequence)
{
    struct table_version *version = table_acquire_version(find_table(world));

    *rows = *tombstones = *highest_sequence = 0;
    for (uint32_t level = 0; level < LEVELS; level++) {
        for (uint32_t i = 0; i < version->file_count[level]; i++) {
            const struct table_file *file = version->files[level][i];
            *rows += file->info.row_count;
            *tombstones += file->info.tombstone_count;
            if (file_highest_sequence(file) > *highest_sequence)
                *highest_sequence = file_highest_sequence(file);
        }
    }
    table_version_release(version);
}

static void without_snapshots_only_live_rows_remain(void **state)
{
    struct ssql_error error = {0};
    uint64_t rows, tombstones, highest, live = 0;

    (void)state;
    for (uint64_t seed = 1; seed <= 4; seed++) {
        struct world world;
        open_world(&world, seed, 1000, 3000);
        for (int i = 0; i < 20; i++) {
            write_some(&world);
            must(engine_flush(world.engine, &error), &error);
        }
        compact_once(&world, COMPACT_EVERYTHING);
        live = 0;
        for (int key = 0; key < KEYS; key++)
            live += world.values[key] != ABSENT;
        count_rows(&world, &rows, &tombstones, &highest);
        assert_int_equal(rows, live);
        assert_int_equal(tombstones, 0);
        assert_int_equal(highest, 0);
        close_world(&world);
    }
}

static void compacting_everything_twice_changes_nothing(void **state)
{
    struct world world;
    struct compaction *compaction;
    struct ssql_error error = {0};

    (void)state;
    open_world(&world, 1, 1000, 3000);
    for (int i = 0; i < 5; i++) {
        write_some(&world);
        must(engine_flush(world.engine, &error), &error);
    }
    take_picture(&world);
    write_some(&world);
    must(engine_flush(world.engine, &error), &error);
    compact_once(&world, COMPACT_EVERYTHING);
    must(compaction_pick(find_table(&world), COMPACT_EVERYTHING, &compaction, &error), &error);
    assert_null(compaction);
    close_world(&world);
}

static void sequential_load_moves_files(void **state)
{
    struct world world;
    struct compaction *compaction;
    struct ssql_error error = {0};

    (void)state;
    open_world(&world, 1, 4, 2000);
    for (int part = 0; part < 4; part++) {
        must(transaction_begin(world.writer, TRANSACTION_WRITE, COMMIT_DURABLE, &error), &error);
        struct table *table = transaction_table(world.writer, world.table_id);
        for (int key = part * 100; key < part * 100 + 100; key++)
            put_row(&world, table, key, key + 1);
        must(transaction_commit(world.writer, &error), &error);
        if (part < 3)
            must(engine_flush(world.engine, &error), &error);
    }
    struct table *table = find_table(&world);
    pthread_mutex_lock(&table->mutex);
    uint32_t before = table->current->file_count[0];
    pthread_mutex_unlock(&table->mutex);
    assert_int_equal(before, 3);
    must(compaction_pick(table, COMPACT_DOWN, &compaction, &error), &error);
    assert_null(compaction); /* three files are not due */
    must(engine_flush(world.engine, &error), &error);
    must(compaction_pick(table, COMPACT_DOWN, &compaction, &error), &error);
    if (compaction != NULL) {
        assert_true(compaction->is_move);
        must(compaction_run(compaction, &error), &error);
    }
    struct table_version *version = table_acquire_version(table);
    assert_int_equal(version->file_count[0], 0);
    assert_int_equal(version->file_count[1], 4);
    table_version_release(version);
    check_all(&world);
    close_world(&world);
}

/* Flushes rows of some keys all over the table. */
static void flush_run(struct world *world, int first, int step)
{
    struct ssql_error error = {0};

    must(transaction_begin(world->writer, TRANSACTION_WRITE, COMMIT_DURABLE, &error), &error);
    struct table *table = transaction_table(world->writer, world->table_id);
    for (int key = first; key < KEYS; key += step)
        put_row(world, table, key, (int)next_random(world, 1000000));
    must(transaction_commit(world->writer, &error), &error);
    must(engine_flush(world->engine, &error), &error);
}

static uint32_t file_count_of_level(struct world *world, uint32_t level)
{
    struct table_version *version = table_acquire_version(find_table(world));
    uint32_t count = version->file_count[level];

    table_version_release(version);
    return count;
}

static uint64_t level_bytes(struct world *world, uint32_t level)
{
    struct table_version *version = table_acquire_version(find_table(world));
    uint64_t bytes = 0;

    for (uint32_t i = 0; i < version->file_count[level]; i++)
        bytes += version->files[level][i]->info.size;
    table_version_release(version);
    return bytes;
}

/* All rows in level 1, in as many versions as make it large beside a run. */
static void fill_level_1(struct world *world)
{
    for (int i = 0; i < 40; i++)
        flush_run(world, 0, 1);
    for (int i = 0; i < 40; i++) {
        take_picture(world);
        flush_run(world, 0, 1);
    }
    compact_once(world, COMPACT_EVERYTHING);
    assert_int_equal(file_count_of_level(world, 0), 0);
}

/* Four small runs over a large level 1 are merged with each other; older ones that are larger stay as they are. */
static void small_runs_become_one_and_level_1_stays(void **state)
{
    struct world world;

    (void)state;
    open_world(&world, 1, 4, 1 << 20);
    fill_level_1(&world);
    uint32_t lower = file_count_of_level(&world, 1);
    for (int run = 0; run < 4; run++) {
        assert_true(compaction_urgency(find_table(&world), COMPACT_RUNS) < 1);
        flush_run(&world, run, 50);
    }
    assert_true(compaction_urgency(find_table(&world), COMPACT_DOWN) < 1);
    assert_true(compaction_urgency(find_table(&world), COMPACT_RUNS) >= 1);
    compact_once(&world, COMPACT_RUNS);
    assert_int_equal(file_count_of_level(&world, 0), 1);
    assert_int_equal(file_count_of_level(&world, 1), lower);
    check_all(&world);
    flush_run(&world, 7, 50);
    assert_int_equal(file_count_of_level(&world, 0), 2);
    check_all(&world);
    check_levels(&world);
    close_world(&world);
}

/* Those that are being merged stay until that is done, and take up room: what comes meanwhile is merged by twos, and
 * level 1 is left alone. */
static void runs_that_come_beside_a_compaction_stay_few(void **state)
{
    struct world world;
    struct compaction *compaction;
    struct ssql_error error = {0};

    (void)state;
    open_world(&world, 1, 4, 1 << 20);
    fill_level_1(&world);
    uint64_t lower = level_bytes(&world, 1);
    for (int run = 0; run < 4; run++)
        flush_run(&world, run, 50);
    must(compaction_pick(find_table(&world), COMPACT_RUNS, &compaction, &error), &error);
    assert_non_null(compaction);
    for (int run = 4; run < 20; run++) {
        flush_run(&world, run, 50);
        assert_true(file_count_of_level(&world, 0) <= 4 + 3);
    }
    assert_int_equal(level_bytes(&world, 1), lower);
    must(compaction_run(compaction, &error), &error);
    assert_true(file_count_of_level(&world, 0) <= 4);
    for (int run = 0; level_bytes(&world, 1) == lower; run++) {
        assert_true(run < 80); /* once there is enough, it goes down */
        flush_run(&world, 0, 1);
        assert_true(file_count_of_level(&world, 0) <= 5);
    }
    check_all(&world);
    check_levels(&world);
    close_world(&world);
}

/* Flushes a tombstone between two rows. */
static void flush_tombstone(struct world *world, int key, int low, int high)
{
    struct ssql_error error = {0};

    must(transaction_begin(world->writer, TRANSACTION_WRITE, COMMIT_DURABLE, &error), &error);
    struct table *table = transaction_table(world->writer, world->table_id);
    put_row(world, table, low, key);
    put_row(world, table, high, key);
    delete_row(world, table, key);
    must(transaction_commit(world->writer, &error), &error);
    must(engine_flush(world->engine, &error), &error);
}

/* The oldest of very many runs become one that stays at level 0, with nothing below it and so without sequences. While
 * it goes down, the runs that come are merged with each other: what they delete of it is still there. */
static void what_hides_rows_without_sequences_at_level_0_is_kept(void **state)
{
    struct world world;
    struct compaction *going_down;
    struct ssql_error error = {0};

    (void)state;
    for (uint64_t seed = 1; seed <= 2; seed++) { /* int keys, string keys */
        open_world(&world, seed, 20, 1 << 20);
        for (int run = 0; run < 16; run++)
            flush_run(&world, 0, 1);
        flush_run(&world, KEYS - 9, 1); /* its keys, and the next run's, lie beside those that are deleted */
        compact_once(&world, COMPACT_EVERYTHING);
        assert_int_equal(file_count_of_level(&world, 0), 2);
        must(compaction_pick(find_table(&world), COMPACT_EVERYTHING, &going_down, &error), &error);
        assert_non_null(going_down);
        flush_run(&world, 0, KEYS);
        for (int key = 101; key < 121; key++)
            flush_tombstone(&world, key, 100, 300);
        assert_in_range(file_count_of_level(&world, 0), 4, 10);
        check_all(&world);
        must(compaction_run(going_down, &error), &error);
        check_all(&world);
        close_world(&world);
    }
}

static bool count_object(void *context, const char *name, uint64_t size)
{
    (void)size;
    if (strncmp(name, "tables/", 7) == 0)
        ++*(uint32_t *)context;
    return true;
}

static uint32_t count_objects(struct world *world)
{
    struct ssql_error error = {0};
    uint32_t count = 0;

    must(volume_list(world->volume, count_object, &count, &error) == VOLUME_OK, &error);
    return count;
}

static void failed_compaction_changes_nothing(void **state)
{
    struct ssql_error error = {0};
    bool failed = true;

    (void)state;
    for (uint64_t n = 1; failed; n++) {
        struct world world;
        struct compaction *compaction;
        uint64_t rows[2], tombstones, highest;
        open_world(&world, 1, 1000, 3000);
        for (int i = 0; i < 6; i++) {
            write_some(&world);
            must(engine_flush(world.engine, &error), &error);
        }
        count_rows(&world, &rows[0], &tombstones, &highest);
        uint32_t objects = count_objects(&world);
        must(compaction_pick(find_table(&world), COMPACT_EVERYTHING, &compaction, &error), &error);
        assert_non_null(compaction);
        const struct fault_plan plan = {.fail_at = n, .status = VOLUME_NO_SPACE};
        volume_faulty_set(world.volume, &plan);
        struct ssql_error failure = {0};
        failed = !compaction_run(compaction, &failure);
        const struct fault_plan none = {0};
        volume_faulty_set(world.volume, &none);
        if (failed) {
            assert_int_equal(failure.code, SSQL_DISK_FULL);
            count_rows(&world, &rows[1], &tombstones, &highest);
            assert_int_equal(rows[0], rows[1]);
            assert_int_equal(count_objects(&world), objects);
        }
        check_levels(&world);
        check_all(&world);
        close_world(&world);
        assert_true(n < 1000);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(snapshots_see_the_same_before_and_after),
        cmocka_unit_test(without_snapshots_only_live_rows_remain),
        cmocka_unit_test(compacting_everything_twice_changes_nothing),
        cmocka_unit_test(sequential_load_moves_files),
        cmocka_unit_test(small_runs_become_one_and_level_1_stays),
        cmocka_unit_test(runs_that_come_beside_a_compaction_stay_few),
        cmocka_unit_test(what_hides_rows_without_sequences_at_level_0_is_kept),
        cmocka_unit_test(failed_compaction_changes_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
