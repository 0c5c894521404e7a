/* Compaction changes where rows are, never what a snapshot sees; what nobody sees goes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "storage/compaction_world.h"

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
        for (int key = 101; key < 125; key++)
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
