/* Compactions that take long: while some are under way, rows are flushed, others are picked, run and finished before
 * them. What is seen stays the same, and the work ends. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "storage/compaction_world.h"

enum { HELD_MOST = 3 };

/* Rows of one stretch of keys, many of them deleted; or of two stretches, so that runs lie beside each other. */
static void write_stretch(struct world *world)
{
    int first = (int)next_random(world, 8) * (KEYS / 8), count = 1 + (int)next_random(world, KEYS / 8);
    struct ssql_error error = {0};

    must(transaction_begin(world->writer, TRANSACTION_WRITE, COMMIT_DURABLE, &error), &error);
    struct table *table = transaction_table(world->writer, world->table_id);
    for (int key = first; key < first + count; key++) {
        if (next_random(world, 2) == 0)
            delete_row(world, table, key);
        else
            put_row(world, table, key, (int64_t)next_random(world, 1000000));
    }
    must(transaction_commit(world->writer, &error), &error);
}

/* Compactions that were picked are run later, in any order, beside flushes and others, as those of two threads are. */
static void random_world_of_held_compactions(uint64_t seed)
{
    static const uint32_t level0_files[] = {2, 4, 30, 40};
    static const size_t sstable_bytes[] = {1200, 4000, 100000};
    struct compaction *held[HELD_MOST] = {NULL};
    struct world *world = malloc(sizeof *world);
    struct ssql_error error = {0};

    assert_non_null(world);
    printf("SSQL_TEST_SEED=%llu\n", (unsigned long long)seed);
    open_world(world, seed, level0_files[seed / 2 % 4], sstable_bytes[seed % 3]);
    for (int step = 0; step < 200; step++) {
        struct compaction **place = &held[next_random(world, HELD_MOST)];
        write_stretch(world);
        if (next_random(world, 3) > 0)
            must(engine_flush(world->engine, &error), &error);
        if (*place != NULL && next_random(world, 4) == 0) {
            must(compaction_run(*place, &error), &error);
            *place = NULL;
        } else if (*place == NULL && next_random(world, 6) == 0) {
            static const enum compaction_purpose purposes[] = {COMPACT_EVERYTHING, COMPACT_DOWN, COMPACT_RUNS};
            must(compaction_pick(find_table(world), purposes[next_random(world, 3)], place, &error), &error);
        }
        if (step % 5 == 0)
            check_all(world);
        if (next_random(world, 20) == 0)
            take_picture(world);
        if (next_random(world, 20) == 0 && world->picture_count > 0)
            transaction_destroy(world->pictures[--world->picture_count].transaction);
    }
    for (int i = 0; i < HELD_MOST; i++)
        if (held[i] != NULL)
            must(compaction_run(held[i], &error), &error);
    check_all(world);
    check_levels(world);
    close_world(world);
    free(world);
}

static void snapshots_see_the_same_while_compactions_are_under_way(void **state)
{
    const char *one = getenv("SSQL_TEST_SEED"), *rounds = getenv("SSQL_TEST_ROUNDS");
    uint64_t first = one == NULL ? 49 : strtoull(one, NULL, 10);
    uint64_t count = one != NULL ? 1 : rounds == NULL ? 16 : strtoull(rounds, NULL, 10);

    (void)state;
    for (uint64_t seed = first; seed < first + count; seed++)
        random_world_of_held_compactions(seed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(snapshots_see_the_same_while_compactions_are_under_way),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
