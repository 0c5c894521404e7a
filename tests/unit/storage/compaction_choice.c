/* What compaction chooses, for tables that are made up: files are only said to be there. The rules stand at the head of
 * compaction_pick.c; here each is tried at its edge. A full file has 800 bytes, a small one less than 100, level 1 may
 * hold 3200 bytes and level 2 25,600. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "storage/compaction_internal.h"
#include "storage/engine_internal.h"
#include "support/engine_fixture.h"

enum { FILES_MOST = 64, SEQUENCE = 100 };

/* A table that exists only here. */
struct world {
    struct engine engine;
    struct table table;
    struct table_version version;
    struct table_file files[FILES_MOST];
    uint32_t file_count;
    struct table_file *lists[LEVELS][FILES_MOST];
    struct file_run runs[FILES_MOST];
    struct table_file *run_files[FILES_MOST];
    struct memtable *memtable;
    struct row_format *format;
    struct snapshot_slot slot;
};

static struct world world;

static void begin(uint32_t level0_files)
{
    struct engine *engine = &world.engine;

    memset(&world, 0, sizeof world);
    engine_options_init(&engine->options);
    engine->options.sstable_bytes = 800;
    engine->options.level0_files = level0_files;
    snapshot_registry_init(&engine->snapshots);
    atomic_store(&engine->committed, SEQUENCE);
    atomic_store(&engine->durable, SEQUENCE);
    world.table.engine = engine;
    assert_int_equal(pthread_mutex_init(&world.table.mutex, NULL), 0);
    atomic_store(&world.table.dropped_sequence, UINT64_MAX);
    atomic_store(&world.version.references, 1);
    world.table.current = &world.version;
    for (uint32_t level = 0; level < LEVELS; level++)
        world.version.files[level] = world.lists[level];
    world.version.runs = world.runs;
    world.version.run_files = world.run_files;
}

static void end(void)
{
    for (uint32_t i = 0; i < world.file_count; i++) {
        buffer_clear(&world.files[i].info.first_key);
        buffer_clear(&world.files[i].info.last_key);
    }
    assert_int_equal(atomic_load(&world.version.references), 1);
    if (world.memtable != NULL) {
        memtable_release(world.memtable);
        row_format_destroy(world.format);
    }
    pthread_mutex_destroy(&world.table.mutex);
    snapshot_registry_clear(&world.engine.snapshots);
}

/* The next file of a level, keys from `first` to `last`, ten rows of which none is a tombstone, sequences 5 to 9. */
static struct table_file *add(uint32_t level, char first, char last, uint64_t bytes)
{
    assert_true(world.file_count < FILES_MOST);
    struct table_file *file = &world.files[world.file_count++];

    buffer_append_byte(&file->info.first_key, (uint8_t)first);
    buffer_append_byte(&file->info.last_key, (uint8_t)last);
    file->info.size = bytes;
    file->info.row_count = 10;
    file->info.lowest_sequence = 5;
    file->info.highest_sequence = 9;
    world.lists[level][world.version.file_count[level]++] = file;
    table_version_find_runs(&world.version);
    return file;
}

static void set_sequences(struct table_file *file, uint64_t lowest, uint64_t highest)
{
    file->info.lowest_sequence = lowest;
    file->info.highest_sequence = highest;
}

/* The next older file of level 0: nothing in it is as new as anything in those before it. */
static void add_older(char first, uint64_t bytes)
{
    uint64_t lowest = 10 * (FILES_MOST - world.version.file_count[0]);

    set_sequences(add(0, first, 'z', bytes), lowest, lowest + 9);
}

static void add_runs(uint32_t count, uint64_t bytes)
{
    for (uint32_t i = 0; i < count; i++)
        add_older('a', bytes);
}

static void set_tombstones(struct table_file *file, uint64_t tombstone_count, uint64_t row_count)
{
    file->info.tombstone_count = tombstone_count;
    file->info.row_count = row_count;
}

/* A memtable in the version, whose oldest row has that sequence. */
static void add_memtable(uint64_t sequence)
{
    struct table_layout layout = fixture_layout();
    struct ssql_error error;

    assert_true(row_format_create(&layout, &world.format, &error));
    assert_true(memtable_create(world.format, &world.memtable, &error));
    assert_true(memtable_put(world.memtable, slice_make("12345678", 8), slice_make("x", 1), sequence, &error));
    world.version.memtables = &world.memtable;
    world.version.memtable_count = 1;
}

/* What is picked, as text: each input as LEVEL:FIRST-LAST, then the output level and what else is said of it. */
static void describe(enum compaction_purpose purpose, char *text, size_t size)
{
    struct compaction *compaction;
    struct ssql_error error;
    size_t used = 0;
    bool was_busy[FILES_MOST];

    for (uint32_t i = 0; i < world.file_count; i++)
        was_busy[i] = world.files[i].is_compacting;
    assert_true(compaction_pick(&world.table, purpose, &compaction, &error));
    if (compaction == NULL) {
        snprintf(text, size, "nothing");
        for (uint32_t i = 0; i < world.file_count; i++)
            assert_int_equal(world.files[i].is_compacting, was_busy[i]);
        return;
    }
    assert_ptr_equal(compaction->table, &world.table);
    assert_ptr_equal(compaction->version, &world.version);
    for (uint32_t i = 0; i < compaction->input_count; i++) {
        const struct table_file *file = compaction->inputs[i];
        used += (size_t)snprintf(text + used, size - used, "%u:%c-%c ", compaction->input_levels[i],
                                 file->info.first_key.data[0], file->info.last_key.data[0]);
        assert_true(file->is_compacting && !was_busy[file - world.files]);
        assert_true(used < size);
    }
    snprintf(text + used, size - used, "to %u%s, settled %llu", compaction->output_level,
             compaction->is_move ? " moved" : "", (unsigned long long)compaction->settled_sequence);
    compaction_destroy(compaction);
    for (uint32_t i = 0; i < world.file_count; i++)
        assert_int_equal(world.files[i].is_compacting, was_busy[i]);
}

static void picks(enum compaction_purpose purpose, const char *expected)
{
    char text[512];
    double urgency = purpose == COMPACT_EVERYTHING ? 0 : compaction_urgency(&world.table, purpose);

    describe(purpose, text, sizeof text);
    assert_string_equal(text, expected);
    if (purpose != COMPACT_EVERYTHING)
        assert_int_equal(urgency >= 1.0, strcmp(expected, "nothing") != 0);
}

/* One test of one line. */
static void picks_and_ends(enum compaction_purpose purpose, const char *expected)
{
    picks(purpose, expected);
    end();
}

static const char four_down[] = "0:a-z 0:a-z 0:a-z 0:a-z to 1, settled 100";

/* ---- level 0, down ---- */

static void level_0_goes_down_when_it_is_full(void **state)
{
    (void)state;
    begin(4);
    picks(COMPACT_DOWN, "nothing");
    picks(COMPACT_RUNS, "nothing");
    picks(COMPACT_EVERYTHING, "nothing");
    add_runs(3, 50);
    assert_true(compaction_urgency(&world.table, COMPACT_DOWN) == 0.75);
    picks(COMPACT_DOWN, "nothing");
    add_runs(1, 50);
    picks(COMPACT_DOWN, four_down);
    atomic_store(&world.table.dropped_sequence, 7);
    assert_true(compaction_urgency(&world.table, COMPACT_DOWN) == 0);
    picks(COMPACT_DOWN, "nothing");
    picks(COMPACT_EVERYTHING, "nothing");
    atomic_store(&world.table.dropped_sequence, UINT64_MAX);
    world.table.current = NULL;
    picks(COMPACT_DOWN, "nothing");
    world.table.current = &world.version;
    end();
}

static void disjoint_files_that_meet_nothing_are_moved(void **state)
{
    (void)state;
    begin(2);
    add(0, 'c', 'd', 100);
    add(0, 'a', 'b', 100);
    add(1, 'e', 'f', 800);
    picks_and_ends(COMPACT_DOWN, "0:a-b 0:c-d to 1 moved, settled 100");
    begin(2); /* small ones are merged, with each other and with a small neighbour */
    add(0, 'c', 'd', 100);
    add(0, 'a', 'b', 99);
    add(1, 'e', 'f', 99);
    picks_and_ends(COMPACT_DOWN, "0:a-b 0:c-d 1:e-f to 1, settled 100");
    begin(2); /* they share a key */
    add(0, 'b', 'd', 100);
    add(0, 'a', 'b', 100);
    picks_and_ends(COMPACT_DOWN, "0:b-d 0:a-b to 1, settled 100");
    begin(2); /* something lies between */
    add(0, 'e', 'f', 100);
    add(0, 'a', 'b', 100);
    add(1, 'b', 'c', 100);
    picks_and_ends(COMPACT_DOWN, "0:a-b 0:e-f 1:b-c to 1, settled 100");
    begin(2); /* nothing meets the files, but it lies within their bounds: only they count */
    add(0, 'e', 'f', 100);
    add(0, 'a', 'b', 100);
    add(1, 'c', 'd', 100);
    picks_and_ends(COMPACT_DOWN, "0:a-b 0:e-f to 1 moved, settled 4");
}

static void what_overlaps_below_is_rewritten_with_small_neighbours(void **state)
{
    (void)state;
    begin(2);
    add(0, 'e', 'g', 500);
    add(0, 'g', 'k', 500);
    add(1, 'a', 'b', 99);
    add(1, 'c', 'd', 99);
    add(1, 'd', 'e', 200);
    add(1, 'h', 'h', 200);
    add(1, 'k', 'l', 200);
    add(1, 'm', 'n', 99);
    add(1, 'o', 'p', 99);
    picks_and_ends(COMPACT_DOWN, "0:e-g 0:g-k 1:c-d 1:d-e 1:h-h 1:k-l 1:m-n to 1, settled 100");
    for (int busy = 0; busy < 2; busy++) { /* neighbours that are not small, or that somebody merges */
        begin(2);
        add(0, 'e', 'g', 500);
        add(0, 'g', 'k', 500);
        struct table_file *before = add(1, 'c', 'd', busy ? 99 : 100);
        add(1, 'e', 'l', 200);
        struct table_file *after = add(1, 'm', 'n', busy ? 99 : 100);
        before->is_compacting = after->is_compacting = busy;
        picks_and_ends(COMPACT_DOWN, "0:e-g 0:g-k 1:e-l to 1, settled 100");
    }
    begin(2); /* a file below that somebody merges: not now */
    add(0, 'e', 'g', 500);
    add(0, 'g', 'k', 500);
    add(1, 'a', 'd', 200);
    add(1, 'e', 'l', 200)->is_compacting = true;
    picks_and_ends(COMPACT_DOWN, "nothing");
    begin(2); /* one that does not overlap may be busy */
    add(0, 'e', 'g', 500);
    add(0, 'g', 'k', 500);
    add(1, 'a', 'd', 200)->is_compacting = true;
    add(1, 'e', 'l', 200);
    picks_and_ends(COMPACT_DOWN, "0:e-g 0:g-k 1:e-l to 1, settled 100");
    begin(2);
    add(0, 'e', 'g', 500);
    add(0, 'g', 'k', 500)->is_compacting = true;
    picks_and_ends(COMPACT_DOWN, "nothing");
}

static void level_0_waits_while_it_rewrites_much(void **state)
{
    (void)state;
    static const struct {
        uint32_t runs;
        uint64_t bytes, below;
        bool goes;
    } cases[] = {
        {4, 100, 400, true},     {4, 100, 401, true},     {4, 100, 801, true},    {4, 100, 802, false},
        {4, 100, 5000, false},   {6, 1601, 60000, false}, {7, 1601, 60000, true}, {5, 100, 500, true},
        {5, 100, 501, false},   /* crowded, and the runs are alike: they are merged first */
        {5, 1601, 16011, true}, /* crowded, but no two of them are small enough for that */
        {5, 1601, 16012, false},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char text[512];
        begin(4);
        add_runs(cases[i].runs, cases[i].bytes);
        add(1, 'a', 'z', cases[i].below);
        add(2, 'a', 'z', 1)->is_compacting = true; /* so that level 1 cannot go down itself */
        describe(COMPACT_DOWN, text, sizeof text);
        bool from_level0 = strncmp(text, "0:", 2) == 0;
        if (from_level0 != cases[i].goes)
            fail_msg("case %zu: %s", i, text);
        end();
    }
}

/* Three runs of two files each are six files while they meet little below, and three runs when they meet more. */
static void runs_of_several_files_count_once_over_much(void **state)
{
    (void)state;
    for (uint64_t more = 0; more < 2; more++) {
        begin(4);
        for (int i = 0; i < 6; i++)
            add(0, i % 2 == 0 ? 'a' : 'd', i % 2 == 0 ? 'c' : 'f', 100);
        assert_int_equal(world.version.run_count, 3);
        add(1, 'a', 'z', 600 + more);
        picks_and_ends(COMPACT_DOWN,
                       more == 0 ? "0:a-c 0:d-f 0:a-c 0:d-f 0:a-c 0:d-f 1:a-z to 1, settled 100" : "nothing");
    }
}

static void many_tombstones_take_level_0_down(void **state)
{
    (void)state;
    static const struct {
        uint64_t tombstones, rows, highest;
        bool goes;
    } cases[] = {
        {3, 10, 9, true}, {2, 10, 9, false},           {2, 8, 9, false},
        {3, 8, 9, true},  {3, 10, SEQUENCE, true},     {3, 10, SEQUENCE + 1, false},
        {0, 3, 9, false}, {0, 0, SEQUENCE + 1, false}, {1, 3, 9, true},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        begin(4);
        struct table_file *file = add(0, 'a', 'c', 50);
        set_tombstones(file, cases[i].tombstones, cases[i].rows);
        set_sequences(file, 5, cases[i].highest);
        picks_and_ends(COMPACT_DOWN, cases[i].goes ? "0:a-c to 1, settled 100" : "nothing");
    }
    begin(4); /* the share is of all runs together */
    set_tombstones(add(0, 'a', 'c', 50), 3, 6);
    set_tombstones(add(0, 'a', 'c', 50), 0, 6);
    picks_and_ends(COMPACT_DOWN, "nothing");
}

/* ---- runs of level 0 with each other ---- */

/* So much below that level 0 stays where it is. */
static void begin_over_much(uint32_t level0_files)
{
    begin(level0_files);
    add(1, 'a', 'z', 100000);
}

static void add_sizes(const uint64_t *sizes)
{
    for (; *sizes != 0; sizes++)
        add_older((char)('a' + world.version.file_count[0]), *sizes);
}

static void runs_that_are_alike_are_merged(void **state)
{
    (void)state;
    static const struct {
        uint32_t level0_files;
        uint64_t sizes[9];
        const char *expected;
    } cases[] = {
        {4, {100, 100, 100, 100}, "0:a-z 0:b-z 0:c-z 0:d-z to 0, settled 0"},
        {4, {100, 100, 100}, "nothing"},
        {4, {50, 100, 150, 200}, "0:a-z 0:b-z 0:c-z 0:d-z to 0, settled 0"},
        {4, {50, 101, 150, 200}, "nothing"},                             /* more than twice the mean */
        {3, {400, 800, 1200, 801}, "0:a-z 0:b-z 0:c-z to 0, settled 0"}, /* crowded: four times, as many as fit */
        {4, {400, 800, 1000, 1000}, "0:a-z 0:b-z 0:c-z 0:d-z to 0, settled 0"}, /* just as much as a run may have */
        {4, {400, 800, 1000, 1001}, "nothing"},
        {3, {10, 40, 99, 1000}, "0:a-z 0:b-z 0:c-z to 0, settled 0"}, /* crowded: four times the mean */
        {3, {10, 41, 700, 2801}, "nothing"},
        {3, {3195, 3195, 10, 20}, "0:c-z 0:d-z to 0, settled 0"}, /* the last two */
        {1, {100, 100}, "0:a-z 0:b-z to 0, settled 0"},
        {2, {100, 100}, "0:a-z 0:b-z to 0, settled 0"},
        {3, {100, 100}, "nothing"},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        begin_over_much(cases[i].level0_files);
        add_sizes(cases[i].sizes);
        picks_and_ends(COMPACT_RUNS, cases[i].expected);
    }
}

/* Files of a merge come in any order; as one run they are not merged with each other again and again. */
static void files_that_do_not_overlap_are_one_run_in_any_order(void **state)
{
    (void)state;
    begin_over_much(2);
    set_sequences(add(0, 'h', 'p', 100), 60, 69);
    set_sequences(add(0, 'a', 'c', 100), 60, 68);
    set_sequences(add(0, 'q', 'z', 100), 60, 67);
    set_sequences(add(0, 'd', 'g', 100), 60, 66);
    assert_int_equal(world.version.run_count, 1);
    picks(COMPACT_RUNS, "nothing");
    set_sequences(add(0, 'e', 'f', 100), 50, 59);
    assert_int_equal(world.version.run_count, 2);
    picks_and_ends(COMPACT_RUNS, "0:a-c 0:d-g 0:h-p 0:q-z 0:e-f to 0, settled 0");
}

/* A file of which some is older than a run that follows might come to lie behind that, and the runs be as many as
 * before. */
static void runs_are_not_merged_when_the_result_may_lie_among_the_next(void **state)
{
    static const struct {
        uint64_t lowest, after_highest;
        bool are_merged;
    } cases[] = {{40, 39, true}, {40, 40, false}, {40, 41, false}, {0, 39, false}, {0, 0, true}};

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        begin_over_much(2);
        set_sequences(add(0, 'a', 'z', 10), 70, 79);
        set_sequences(add(0, 'a', 'z', 10), cases[i].lowest, 69);
        set_sequences(add(0, 'a', 'z', 1000), 0, cases[i].after_highest);
        picks_and_ends(COMPACT_RUNS, cases[i].are_merged ? "0:a-z 0:a-z to 0, settled 0" : "nothing");
    }
}

static void runs_are_merged_only_while_level_0_stays(void **state)
{
    (void)state;
    begin(4);
    add_runs(4, 100);
    picks_and_ends(COMPACT_RUNS, "nothing"); /* nothing is below: they go down */
    begin_over_much(4);
    add_runs(5, 100);
    assert_true(compaction_urgency(&world.table, COMPACT_RUNS) == 5);
    world.files[3].is_compacting = true; /* the third run of level 0: those before it are free */
    picks(COMPACT_RUNS, "0:a-z 0:a-z to 0, settled 0");
    world.files[3].is_compacting = false;
    world.files[2].is_compacting = true;
    picks(COMPACT_RUNS, "nothing");
    world.files[2].is_compacting = false;
    atomic_store(&world.table.dropped_sequence, 50);
    picks_and_ends(COMPACT_RUNS, "nothing");
}

/* ---- levels below ---- */

static void a_level_that_is_too_large_gives_its_cheapest_file(void **state)
{
    (void)state;
    begin(4);
    add(1, 'a', 'b', 1000);
    add(1, 'c', 'd', 1000);
    struct table_file *last = add(1, 'e', 'f', 1200);
    struct table_file *below = add(2, 'a', 'b', 900);
    add(2, 'c', 'c', 300);
    add(2, 'd', 'd', 500);
    add(2, 'f', 'g', 1200);
    picks(COMPACT_DOWN, "nothing"); /* just full */
    last->info.size++;
    picks(COMPACT_DOWN, "1:c-d 2:c-c 2:d-d to 2, settled 100");
    below->info.size = 700;
    picks(COMPACT_DOWN, "1:a-b 2:a-b to 2, settled 100");
    below->is_compacting = true; /* the cheapest may not be merged now */
    picks(COMPACT_DOWN, "1:c-d 2:c-c 2:d-d to 2, settled 100");
    below->is_compacting = false;
    below->info.size = 800; /* two that cost the same: the first */
    picks(COMPACT_DOWN, "1:a-b 2:a-b to 2, settled 100");
    world.files[0].is_compacting = true; /* what is going already does not count */
    picks(COMPACT_DOWN, "nothing");
    last->info.size += 1000;
    picks(COMPACT_DOWN, "1:e-f 2:f-g to 2, settled 100");
    world.files[1].is_compacting = last->is_compacting = true;
    picks_and_ends(COMPACT_DOWN, "nothing");
}

static void the_cost_of_a_file_is_that_of_a_byte(void **state)
{
    (void)state;
    begin(4);
    add(1, 'a', 'b', 3000); /* 2000 for 3000 */
    add(1, 'c', 'd', 500);  /* 400 for 500 */
    add(2, 'a', 'b', 2000);
    add(2, 'c', 'd', 400);
    picks_and_ends(COMPACT_DOWN, "1:a-b 2:a-b to 2, settled 100");
}

static void a_file_that_meets_nothing_is_moved(void **state)
{
    (void)state;
    begin(4);
    add(1, 'a', 'b', 3300);
    add(2, 'c', 'd', 50); /* small, but no neighbour is taken from a deeper level */
    picks_and_ends(COMPACT_DOWN, "1:a-b to 2 moved, settled 100");
}

static void the_fullest_level_comes_first(void **state)
{
    (void)state;
    begin(4);
    add(1, 'a', 'b', 3600);
    add(2, 'a', 'b', 25600);
    picks(COMPACT_DOWN, "1:a-b 2:a-b to 2, settled 100");
    world.files[1].info.size = 25600 * 2;
    picks(COMPACT_DOWN, "2:a-b to 3 moved, settled 4");
    assert_true(compaction_urgency(&world.table, COMPACT_DOWN) == 2);
    world.files[0].info.size = 6400; /* as full as that: the upper one */
    picks(COMPACT_DOWN, "1:a-b 2:a-b to 2, settled 100");
    add_runs(12, 1);
    world.files[0].is_compacting = true; /* level 0 is blocked by it */
    picks(COMPACT_DOWN, "2:a-b to 3 moved, settled 4");
    world.files[0].is_compacting = false;
    world.files[0].info.size = 10; /* three times as many runs as wanted, and little below them */
    picks_and_ends(COMPACT_DOWN, "0:a-z 0:a-z 0:a-z 0:a-z 0:a-z 0:a-z 0:a-z 0:a-z 0:a-z 0:a-z 0:a-z 0:a-z 1:a-b to 1, "
                                 "settled 0");
    begin(4); /* the lowest level has no end */
    add(LEVELS - 1, 'a', 'b', (uint64_t)1 << 60);
    picks_and_ends(COMPACT_DOWN, "nothing");
    begin(4);
    add(LEVELS - 2, 'a', 'b', (uint64_t)1 << 60);
    picks_and_ends(COMPACT_DOWN, "5:a-b to 6 moved, settled 100");
}

static void a_file_of_tombstones_goes_to_what_they_hide(void **state)
{
    (void)state;
    begin(4);
    struct table_file *file = add(2, 'c', 'd', 100);
    struct table_file *below = add(3, 'd', 'e', 100);
    set_tombstones(file, 3, 10);
    picks(COMPACT_DOWN, "2:c-d 3:d-e to 3, settled 100");
    assert_true(compaction_urgency(&world.table, COMPACT_DOWN) == 1);
    set_tombstones(file, 2, 10);
    picks(COMPACT_DOWN, "nothing");
    set_tombstones(file, 3, 10);
    file->is_compacting = true;
    picks(COMPACT_DOWN, "nothing");
    file->is_compacting = false;
    below->is_compacting = true;
    picks(COMPACT_DOWN, "nothing");
    below->is_compacting = false;
    set_sequences(file, 5, SEQUENCE);
    picks(COMPACT_DOWN, "2:c-d 3:d-e to 3, settled 100");
    set_sequences(file, 5, SEQUENCE + 1);
    picks(COMPACT_DOWN, "nothing");
    end();
    begin(4); /* what is deeper still counts: by moving down one level at a time it gets there */
    set_tombstones(add(1, 'c', 'd', 100), 3, 10);
    add(LEVELS - 1, 'a', 'c', 100);
    picks_and_ends(COMPACT_DOWN, "1:c-d to 2 moved, settled 0");
}

static void tombstones_that_hide_nothing_vanish_where_they_are(void **state)
{
    (void)state;
    begin(4);
    struct table_file *file = add(2, 'c', 'e', 100);
    set_tombstones(file, 3, 10);
    add(3, 'f', 'g', 100); /* beside it */
    picks(COMPACT_DOWN, "2:c-e to 2, settled 100");
    struct table_file *above = add(1, 'a', 'c', 100);
    set_sequences(above, 10, 12);
    picks(COMPACT_DOWN, "2:c-e to 2, settled 9"); /* newer than all in the file */
    set_sequences(above, 9, 12);
    picks(COMPACT_DOWN, "nothing");
    above->info.base_sequence = 11; /* the sequence of a spilled commit */
    picks(COMPACT_DOWN, "2:c-e to 2, settled 10");
    above->info.base_sequence = 0;
    set_sequences(above, 0, 0); /* older than every snapshot, yet written when nothing was below it */
    picks(COMPACT_DOWN, "2:c-e to 2, settled 100");
    end();
    begin(4);
    file = add(LEVELS - 1, 'c', 'e', 100);
    set_tombstones(file, 3, 10);
    picks(COMPACT_DOWN, "6:c-e to 6, settled 100");
    add_memtable(10);
    picks(COMPACT_DOWN, "6:c-e to 6, settled 9");
    end();
    begin(4);
    file = add(LEVELS - 1, 'c', 'e', 100);
    set_tombstones(file, 3, 10);
    add_memtable(9);
    picks_and_ends(COMPACT_DOWN, "nothing");
}

static void the_first_of_what_is_equally_urgent_is_taken(void **state)
{
    (void)state;
    begin(4);
    set_tombstones(add(3, 'a', 'b', 100), 9, 10);
    set_tombstones(add(3, 'c', 'd', 100), 9, 10);
    picks(COMPACT_DOWN, "3:a-b to 3, settled 100");
    add_runs(4, 50);
    for (uint32_t i = 0; i < world.version.file_count[0]; i++)
        set_sequences(world.lists[0][i], 10, 12);
    picks_and_ends(COMPACT_DOWN, "0:a-z 0:a-z 0:a-z 0:a-z to 1, settled 0");
}

/* ---- settled sequences ---- */

static void settled_is_below_whatever_is_as_old_elsewhere(void **state)
{
    (void)state;
    begin(2);
    add(0, 'c', 'e', 90);
    add(0, 'c', 'e', 90);
    picks(COMPACT_DOWN, "0:c-e 0:c-e to 1, settled 100");
    add_memtable(SEQUENCE);
    picks(COMPACT_DOWN, "0:c-e 0:c-e to 1, settled 99");
    struct table_file *below = add(2, 'e', 'g', 90);
    picks(COMPACT_DOWN, "0:c-e 0:c-e to 1, settled 0");
    buffer_reset(&below->info.first_key);
    buffer_append_byte(&below->info.first_key, 'f');
    picks(COMPACT_DOWN, "0:c-e 0:c-e to 1, settled 99");
    end();
    begin(2);
    add(0, 'c', 'e', 90);
    add(0, 'c', 'e', 90);
    add_memtable(SEQUENCE + 1);
    picks_and_ends(COMPACT_DOWN, "0:c-e 0:c-e to 1, settled 100");
    begin(2); /* a snapshot is open */
    add(0, 'c', 'e', 90);
    add(0, 'c', 'e', 90);
    atomic_uint_least64_t newest = 42;
    snapshot_registry_add(&world.engine.snapshots, &world.slot);
    assert_int_equal(snapshot_acquire(&world.engine.snapshots, &world.slot, &newest), 42);
    picks(COMPACT_DOWN, "0:c-e 0:c-e to 1, settled 42");
    snapshot_release(&world.slot);
    snapshot_registry_remove(&world.engine.snapshots, &world.slot);
    end();
}

static void files_beside_the_merged_runs_keep_their_versions(void **state)
{
    (void)state;
    /* The newest two of three runs are merged: the third has older versions of the same keys, or of others. */
    begin(2);
    struct table_file *below = add(1, 'a', 'c', 100000);
    set_sequences(add(0, 'c', 'e', 10), 210, 219);
    set_sequences(add(0, 'c', 'q', 10), 200, 209);
    struct table_file *third = add(0, 'a', 'c', 790);
    set_sequences(third, 3, 4);
    picks(COMPACT_RUNS, "0:c-e 0:c-q to 0, settled 0"); /* level 1 lies below */
    below->info.last_key.data[0] = 'b';
    picks(COMPACT_RUNS, "0:c-e 0:c-q to 0, settled 2");
    third->info.last_key.data[0] = 'b';
    picks(COMPACT_RUNS, "0:c-e 0:c-q to 0, settled 100");
    third->info.first_key.data[0] = 'q'; /* it shares their last key */
    third->info.last_key.data[0] = 'z';
    add(1, 'x', 'z', 100000); /* so that level 0 stays */
    picks(COMPACT_RUNS, "0:c-e 0:c-q to 0, settled 2");
    set_sequences(third, SEQUENCE, SEQUENCE); /* what it has is all that is not settled */
    picks(COMPACT_RUNS, "0:c-e 0:c-q to 0, settled 99");
    set_sequences(third, 0, 0); /* it was merged from runs that nothing lay below: its rows are older than any */
    picks(COMPACT_RUNS, "0:c-e 0:c-q to 0, settled 0");
    third->info.first_key.data[0] = 'r';
    picks_and_ends(COMPACT_RUNS, "0:c-e 0:c-q to 0, settled 100");
}

/* ---- everything ---- */

static void everything_goes_to_the_lowest_level_that_is_used(void **state)
{
    (void)state;
    begin(4);
    add(0, 'a', 'c', 100);
    picks(COMPACT_EVERYTHING, "0:a-c to 1, settled 100");
    add(1, 'a', 'b', 100);
    add(3, 'a', 'b', 100);
    add(3, 'c', 'd', 100);
    picks(COMPACT_EVERYTHING, "0:a-c 1:a-b 3:a-b 3:c-d to 3, settled 100");
    world.files[3].is_compacting = true;
    picks(COMPACT_EVERYTHING, "nothing");
    world.files[3].is_compacting = false;
    end();
    begin(4); /* or to the first that has room */
    struct table_file *file = add(0, 'a', 'c', 3200);
    picks(COMPACT_EVERYTHING, "0:a-c to 1, settled 100");
    file->info.size++;
    picks(COMPACT_EVERYTHING, "0:a-c to 2, settled 100");
    file->info.size = 25601;
    picks(COMPACT_EVERYTHING, "0:a-c to 3, settled 100");
    file->info.size = (uint64_t)1 << 60;
    picks(COMPACT_EVERYTHING, "0:a-c to 6, settled 100");
    end();
}

static void of_very_many_runs_the_oldest_are_merged_first(void **state)
{
    (void)state;
#define FOUR "0:a-z 0:a-z 0:a-z 0:a-z "
    begin(100);
    add_runs(16, 50);
    picks_and_ends(COMPACT_EVERYTHING, FOUR FOUR FOUR FOUR "to 1, settled 100");
    begin(100);
    add(0, 'b', 'z', 50);
    add_runs(16, 50);
    picks_and_ends(COMPACT_EVERYTHING, FOUR FOUR FOUR FOUR "to 0, settled 4");
}

static void everything_is_left_alone_when_nothing_would_change(void **state)
{
    (void)state;
    begin(4);
    struct table_file *file = add(1, 'a', 'b', 100);
    struct table_file *other = add(1, 'c', 'd', 100);
    set_sequences(file, 0, 0);
    set_sequences(other, 0, 0);
    picks(COMPACT_EVERYTHING, "nothing");
    set_sequences(other, SEQUENCE, SEQUENCE);
    picks(COMPACT_EVERYTHING, "1:a-b 1:c-d to 1, settled 100");
    set_sequences(other, SEQUENCE + 1, SEQUENCE + 1);
    picks(COMPACT_EVERYTHING, "nothing");
    add(2, 'x', 'y', 100)->info.lowest_sequence = 0;
    picks_and_ends(COMPACT_EVERYTHING, "1:a-b 1:c-d 2:x-y to 2, settled 100");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(level_0_goes_down_when_it_is_full),
        cmocka_unit_test(disjoint_files_that_meet_nothing_are_moved),
        cmocka_unit_test(what_overlaps_below_is_rewritten_with_small_neighbours),
        cmocka_unit_test(level_0_waits_while_it_rewrites_much),
        cmocka_unit_test(runs_of_several_files_count_once_over_much),
        cmocka_unit_test(many_tombstones_take_level_0_down),
        cmocka_unit_test(runs_that_are_alike_are_merged),
        cmocka_unit_test(files_that_do_not_overlap_are_one_run_in_any_order),
        cmocka_unit_test(runs_are_not_merged_when_the_result_may_lie_among_the_next),
        cmocka_unit_test(runs_are_merged_only_while_level_0_stays),
        cmocka_unit_test(a_level_that_is_too_large_gives_its_cheapest_file),
        cmocka_unit_test(the_cost_of_a_file_is_that_of_a_byte),
        cmocka_unit_test(a_file_that_meets_nothing_is_moved),
        cmocka_unit_test(the_fullest_level_comes_first),
        cmocka_unit_test(a_file_of_tombstones_goes_to_what_they_hide),
        cmocka_unit_test(tombstones_that_hide_nothing_vanish_where_they_are),
        cmocka_unit_test(the_first_of_what_is_equally_urgent_is_taken),
        cmocka_unit_test(settled_is_below_whatever_is_as_old_elsewhere),
        cmocka_unit_test(files_beside_the_merged_runs_keep_their_versions),
        cmocka_unit_test(everything_goes_to_the_lowest_level_that_is_used),
        cmocka_unit_test(of_very_many_runs_the_oldest_are_merged_first),
        cmocka_unit_test(everything_is_left_alone_when_nothing_would_change),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
