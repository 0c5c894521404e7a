/* What compaction makes of the rows that it keeps: their columns, blocks and files, to the row and the byte; what it
 * says when it is stopped or fails. First its output alone, which gets rows of a real file; then whole compactions. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/key_codec.h"
#include "storage/compaction_internal.h"
#include "storage/engine_internal.h"
#include "support/engine_fixture.h"

/* The key is the second column, so that the first is none; of the rows of the file every fifth is a tombstone. */
enum { COLUMNS = 4, KEY = 1, TEXT = 2, ROWS = 40, NAME_SIZE = 4, TEXT_BYTES = 1000, ROW_BYTES = COLUMNS * 8 + 4 };

static struct world {
    struct engine *engine;
    struct table *table;
    struct table_version *version;
    struct scan_source sources[2]; /* the second has nothing more */
    struct compaction compaction;
    struct compaction_output output;
} world;

static char text[TEXT_BYTES];

static bool is_deleted(uint32_t row)
{
    return row % 5 == 4;
}

static struct value row_text(uint32_t row)
{
    if (row % 5 == 3)
        return value_null(SSQL_TYPE_STRING);
    memset(text, 'a' + (int)(row % 20), sizeof text);
    return value_string(slice_make(text, sizeof text));
}

static uint32_t row_bytes(uint32_t row)
{
    return ROW_BYTES + (is_deleted(row) || row % 5 == 3 ? 0 : TEXT_BYTES);
}

static struct value row_name(uint32_t row, char name[8])
{
    snprintf(name, 8, "k%03u", row);
    return value_string(slice_make(name, NAME_SIZE));
}

static void write_file(uint32_t table_id)
{
    struct transaction *transaction = fixture_begin(world.engine, TRANSACTION_WRITE);
    struct table *table = transaction_table(transaction, table_id);

    for (uint32_t i = 0; i < ROWS; i++) {
        char name[8];
        struct value values[COLUMNS] = {value_int(i), row_name(i, name), row_text(i), value_bool(i % 2 == 0)};
        struct buffer key = {0};
        key_encode(&key, &values[KEY], 1);
        assert_true(is_deleted(i) ? transaction_delete(transaction, table, buffer_slice(&key), NULL)
                                  : transaction_put(transaction, table, values, NULL));
        buffer_clear(&key);
    }
    assert_int_equal(fixture_commit(transaction), SSQL_OK);
    assert_true(engine_flush(world.engine, NULL));
}

static void start_source(void)
{
    static const struct key_range everything = {0};
    const struct source_options options = {.snapshot = UINT64_MAX, .all_versions = true, .whole_columns = true};

    for (int i = 0; i < 2; i++) {
        source_init(&world.sources[i], world.table->format, COLUMNS, NULL);
        source_start_files(&world.sources[i], world.version->files[0], 1, &everything, &options);
    }
    assert_true(source_load(&world.sources[0], NULL));
    assert_true(source_begin_merge(&world.sources[0], NULL));
    assert_int_equal(world.sources[0].count, ROWS);
}

static void begin_output(uint64_t row_estimate, uint64_t byte_estimate)
{
    assert_true(output_init(&world.output, &world.compaction, world.sources, 2, row_estimate, byte_estimate, NULL));
}

static void begin(void)
{
    struct engine_options options = fixture_options(false);
    struct table_layout layout = {
        .column_count = COLUMNS,
        .key_count = 1,
        .types = {SSQL_TYPE_INT, SSQL_TYPE_STRING, SSQL_TYPE_STRING, SSQL_TYPE_BOOL},
        .key_columns = {KEY},
    };
    uint32_t table_id;

    memset(&world, 0, sizeof world);
    world.engine = fixture_open(fixture_volume(), &options);
    struct transaction *transaction = fixture_begin(world.engine, TRANSACTION_WRITE);
    assert_true(transaction_create_table(transaction, &layout, &table_id, NULL));
    assert_int_equal(fixture_commit(transaction), SSQL_OK);
    write_file(table_id);
    world.table = world.engine->tables[0];
    world.version = table_acquire_version(world.table);
    assert_int_equal(world.version->file_count[0], 1);
    world.compaction = (struct compaction){.table = world.table, .output_level = 1};
    start_source();
}

static void end(void)
{
    output_clear(&world.output);
    for (int i = 0; i < 2; i++)
        source_clear(&world.sources[i]);
    table_version_release(world.version);
    fixture_close(world.engine);
}

/* The rows that come next, `count` of the file's from `first` on; they stay as they are in the output's columns. */
static void add(uint32_t first, uint32_t count)
{
    struct compaction_output *output = &world.output;

    for (uint32_t i = first; i < first + count; i++)
        output->rows[output->row_count++] =
            (struct output_row){.row = (uint16_t)i, .is_tombstone = is_deleted(i), .begins_key = true};
    assert_true(output_gather(output, NULL));
}

static void write(bool all)
{
    assert_true(output_write(&world.output, all, NULL));
}

/* ---- columns ---- */

static void assert_gathered(uint32_t place, uint32_t row)
{
    const struct compaction_output *output = &world.output;
    const struct output_column *texts = &output->columns[TEXT], *names = &output->columns[KEY];
    char name[8];
    struct value text_value = row_text(row), name_value = row_name(row, name);

    for (uint32_t i = 0; i < COLUMNS; i++)
        assert_int_equal(output->columns[i].nulls[place],
                         i != KEY && (is_deleted(row) || (i == TEXT && text_value.is_null)));
    assert_int_equal(output->row_bytes[place], row_bytes(row));
    assert_int_equal(names->sizes[place], NAME_SIZE);
    assert_memory_equal(names->bytes + names->offsets[place], name_value.string.data, NAME_SIZE);
    if (texts->nulls[place]) {
        assert_int_equal(texts->sizes[place], 0);
        return;
    }
    assert_int_equal(texts->sizes[place], TEXT_BYTES);
    assert_memory_equal(texts->bytes + texts->offsets[place], text_value.string.data, TEXT_BYTES);
    assert_int_equal(((int64_t *)output->columns[0].items)[place], row);
    assert_int_equal(((uint8_t *)output->columns[3].items)[place], row % 2 == 0);
}

static void rows_are_gathered_with_their_size(void **state)
{
    struct compaction_output *output = &world.output;
    size_t bytes = 0;

    (void)state;
    begin();
    begin_output(ROWS, 1);
    for (uint32_t first = 0, count = 1; first + count <= ROWS; first += count, count += 3) {
        output->row_bytes[first + count] = 12345; /* of a row that is not there yet */
        add(first, count);
        assert_int_equal(output->row_bytes[first + count], 12345);
        assert_int_equal(output->gathered, first + count);
        for (uint32_t i = first; i < first + count; i++)
            bytes += row_bytes(i);
        assert_int_equal(output->block_bytes, bytes);
        for (uint32_t i = 0; i < first + count; i++)
            assert_gathered(i, i);
    }
    assert_true(output->columns[TEXT].has_nulls);
    assert_false(output->columns[KEY].has_nulls);
    assert_true(output_gather(output, NULL)); /* nothing has come */
    assert_int_equal(output->block_bytes, bytes);
    end();
}

/* ---- blocks ---- */

/* Finishes, and tells the rows of each file's blocks. */
static void assert_blocks(const char *expected)
{
    struct compaction_output *output = &world.output;
    char found[512] = "";
    size_t used = 0;

    assert_true(output_finish(output, NULL));
    assert_null(output->writer);
    for (uint32_t i = 0; i < output->file_count; i++) {
        struct sstable *sstable;
        assert_true(sstable_open(engine_volume(world.engine), world.engine->cache, world.table->format,
                                 &output->files[i], &sstable, NULL));
        assert_true(sstable_verify(sstable, NULL));
        for (uint32_t block = 0; block < sstable_block_count(sstable); block++)
            used += (size_t)snprintf(
                found + used, sizeof found - used, "%s%llu", block == 0 ? "" : "+",
                (unsigned long long)(sstable_row_offset(sstable, block + 1) - sstable_row_offset(sstable, block)));
        used += (size_t)snprintf(found + used, sizeof found - used, " ");
        sstable_close(sstable);
    }
    assert_string_equal(found, expected);
    output_delete_files(output);
}

static void begin_blocks(uint32_t block_rows, uint32_t block_bytes)
{
    begin();
    begin_output(ROWS, 1);
    world.output.options.block_rows = block_rows;
    world.output.options.block_bytes = block_bytes;
}

static void rows_wait_until_they_fill_a_block(void **state)
{
    struct compaction_output *output = &world.output;

    (void)state;
    begin_blocks(8, 1 << 30);
    write(false);
    write(true);
    assert_null(output->writer);
    add(0, 7);
    write(false);
    assert_int_equal(output->gathered, 7);
    assert_null(output->writer);
    add(7, 1);
    write(false);
    assert_non_null(output->writer);
    assert_int_equal(output->row_count, 0);
    assert_int_equal(output->gathered, 0);
    assert_int_equal(output->block_bytes, 0);
    for (int i = 0; i < COLUMNS; i++) {
        assert_int_equal(output->columns[i].byte_count, 0);
        assert_false(output->columns[i].has_nulls);
    }
    add(8, 7);
    write(false);
    assert_int_equal(output->gathered, 7);
    write(true);
    assert_int_equal(output->gathered, 0);
    add(15, 20);
    write(false);
    assert_blocks("8+7+8+8+4 ");
    end();
}

static void a_block_is_full_by_its_bytes(void **state)
{
    struct compaction_output *output = &world.output;

    (void)state;
    begin_blocks(100, 3 * (ROW_BYTES + TEXT_BYTES)); /* of each five rows, two take next to nothing */
    add(0, 2);
    write(false);
    assert_int_equal(output->gathered, 2);
    add(2, 1);
    write(false); /* just as many bytes as a block takes */
    assert_int_equal(output->gathered, 0);
    add(5, 3);
    write(false);
    add(10, 2);
    write(false);
    assert_int_equal(output->gathered, 2); /* what was written before does not count */
    add(15, 3);
    add(20, 1);
    write(false);
    assert_blocks("3+3+3+3 ");
    end();
    begin_blocks(100, 1); /* one row is more than a block should have */
    add(0, 3);
    write(false);
    assert_blocks("1+1+1 ");
    end();
}

static void a_file_ends_when_it_is_large_enough(void **state)
{
    struct compaction_output *output = &world.output;

    (void)state;
    for (uint64_t more = 0; more < 2; more++) {
        begin_blocks(8, 1 << 30);
        add(0, 8);
        write(false);
        output->file_bytes = sstable_writer_size(output->writer) + more;
        add(8, 8);
        write(false);
        assert_blocks(more == 0 ? "8 8 " : "8+8 ");
        end();
    }
    begin_blocks(8, 1 << 30); /* versions of a key stay with those that came before */
    add(0, 8);
    write(false);
    output->file_bytes = 1;
    for (uint32_t i = 8; i < 16; i++)
        output->rows[output->row_count++] =
            (struct output_row){.row = (uint16_t)i, .begins_key = i > 10, .is_tombstone = is_deleted(i)};
    assert_true(output_gather(output, NULL));
    write(false);
    assert_blocks("8+3 5 ");
    end();
}

/* ---- an output's life ---- */

static void an_output_knows_how_much_comes(void **state)
{
    struct compaction_output *output = &world.output;

    (void)state;
    begin();
    uint64_t full = engine_get_options(world.engine)->sstable_bytes;
    uint32_t most = engine_writer_options(world.engine, 1).filter_bits;
    uint64_t row_count = world.version->files[0][0]->info.row_count;
    world.version->files[0][0]->info.row_count = (uint64_t)1 << 34; /* filters of so many rows have to be small */
    uint32_t least = engine_deep_filter_bits(world.engine);
    assert_true(least < most);
    static const struct {
        uint64_t eighths, expected; /* of a full file */
    } cases[] = {{0, 1000}, {7, 1000}, {8, 1000}, {16, 501}, {80, 101}};
    for (size_t i = 0; i < 2 * sizeof cases / sizeof cases[0]; i++) {
        world.compaction.output_level = i % 2;
        begin_output(1000, full / 8 * cases[i / 2].eighths);
        assert_int_equal(output->file_bytes, full);
        assert_int_equal(output->options.expected_rows, cases[i / 2].expected);
        assert_int_equal(output->options.filter_bits, i % 2 == 0 ? most : least);
        output_clear(output);
    }
    world.version->files[0][0]->info.row_count = row_count;
    end();
}

static void an_output_is_cleared_as_often_as_one_likes(void **state)
{
    (void)state;
    struct compaction_output nothing = {0};
    output_clear(&nothing);
    begin_blocks(8, 1 << 30);
    add(0, 8);
    write(false);
    world.output.file_bytes = 1;
    add(8, 8); /* one file is finished, and one begun */
    write(false);
    assert_int_equal(world.output.file_count, 1);
    assert_non_null(world.output.writer);
    output_delete_files(&world.output);
    output_clear(&world.output);
    assert_null(world.output.writer);
    assert_null(world.output.columns);
    assert_null(world.output.group_start);
    assert_null(world.output.files);
    assert_int_equal(world.output.file_count, 0);
    output_clear(&world.output);
    end();
}

/* ---- whole compactions ---- */

enum { TABLE = 16 };

/* Every second key from `first` on, in one flush. */
static void flush_every_second(struct engine *engine, int64_t first, int64_t end_key)
{
    struct transaction *transaction = fixture_begin(engine, TRANSACTION_WRITE);

    for (int64_t key = first; key < end_key; key += 2)
        fixture_put(transaction, TABLE, key, key);
    assert_int_equal(fixture_commit(transaction), SSQL_OK);
    assert_true(engine_flush(engine, NULL));
}

static struct compaction *pick(struct engine *engine, enum compaction_purpose purpose)
{
    struct compaction *compaction;

    assert_true(compaction_pick(engine->tables[0], purpose, &compaction, NULL));
    assert_non_null(compaction);
    return compaction;
}

/* On a slow machine somebody is told. */
static int go_on(void *context, const char *what, int64_t done, int64_t total)
{
    (void)context;
    (void)what;
    assert_true(done >= 0 && total == 0); /* which the statement would know */
    return 0;
}

/* Two runs in turns: a block of output is full before a block of either has ended. Who waits is told of each row, and
 * may give up; so may the engine. */
static void blocks_of_two_runs_are_merged_and_counted(void **state)
{
    enum { KEYS = 6000 };
    struct engine_options options = fixture_options(false);
    struct engine *engine = fixture_open(fixture_volume(), &options);
    struct progress progress = {.report = go_on};
    struct cancellation cancellation = {.progress = &progress}, unwatched = {0};
    struct ssql_error error = {0};
    static struct fixture_pair pairs[KEYS + 1];

    (void)state;
    compaction_destroy(NULL);
    progress_start(&progress);
    assert_int_equal(fixture_create_table(engine), TABLE);
    flush_every_second(engine, 0, KEYS);
    flush_every_second(engine, 1, KEYS);
    atomic_store(&unwatched.requested, 1);
    struct compaction *compaction = pick(engine, COMPACT_EVERYTHING);
    compaction_watch(compaction, &unwatched);
    assert_false(compaction_run(compaction, &error));
    assert_int_equal(error.code, SSQL_INTERRUPTED);
    atomic_store(&engine->is_closing, true);
    assert_false(compaction_run(pick(engine, COMPACT_EVERYTHING), &error));
    assert_int_equal(error.code, SSQL_INTERRUPTED);
    atomic_store(&engine->is_closing, false);
    progress.done = 0;
    compaction = pick(engine, COMPACT_EVERYTHING);
    compaction_watch(compaction, &cancellation);
    assert_true(compaction_run(compaction, &error));
    assert_int_equal(progress.done, KEYS);
    struct transaction *transaction = fixture_begin(engine, TRANSACTION_READ);
    assert_int_equal(fixture_scan(transaction, TABLE, 0, INT64_MAX, pairs, KEYS + 1), KEYS);
    for (int64_t i = 0; i < KEYS; i++)
        assert_true(pairs[i].key == i && pairs[i].number == i);
    fixture_rollback(transaction);
    fixture_close(engine);
}

/* A block of input goes into a block of output that has rows already: what has no room waits. */
static void rows_of_one_file_go_on_in_the_next_block(void **state)
{
    struct engine_options options = fixture_options(false);
    struct engine *engine = fixture_open(fixture_volume(), &options);

    (void)state;
    assert_int_equal(fixture_create_table(engine), TABLE);
    flush_every_second(engine, 0, 3000);
    flush_every_second(engine, 3000, 9000);
    assert_true(compaction_run(pick(engine, COMPACT_EVERYTHING), NULL));
    assert_int_equal(fixture_count(engine, TABLE), 4500);
    fixture_close(engine);
}

static uint32_t files_of_level(struct engine *engine, uint32_t level)
{
    struct table_version *version = table_acquire_version(engine->tables[0]);
    uint32_t count = version->file_count[level];

    table_version_release(version);
    return count;
}

/* Two files, which are moved when they are disjoint and merged when not: what it says is what the table then has. */
static void a_compaction_says_whether_it_was_done(void **state)
{
    (void)state;
    for (int64_t is_move = 0; is_move < 2; is_move++) {
        bool is_hit = true;
        int failures = 0;
        for (uint64_t n = 1; is_hit; n++) {
            struct engine_options options = fixture_options(false);
            struct volume *volume;
            struct ssql_error error = {0};
            options.level0_files = 2;
            options.sstable_bytes = 4096;
            assert_true(volume_faulty_create(fixture_volume(), &volume, NULL));
            struct engine *engine = fixture_open(volume, &options);
            assert_int_equal(fixture_create_table(engine), TABLE);
            flush_every_second(engine, 0, 200);
            engine->options.level0_files = 3; /* so that the next flush does not compact */
            flush_every_second(engine, is_move ? 200 : 1, 400);
            engine->options.level0_files = 2;
            assert_int_equal(files_of_level(engine, 0), 2);
            struct compaction *compaction = pick(engine, COMPACT_DOWN);
            assert_int_equal(compaction->is_move, is_move);
            volume_faulty_set(volume, &(struct fault_plan){.fail_at = n, .status = VOLUME_UNAVAILABLE});
            bool is_done = compaction_run(compaction, &error);
            is_hit = volume_faulty_count(volume) >= n;
            volume_faulty_set(volume, &(struct fault_plan){0});
            failures += !is_done;
            assert_int_equal(error.code != SSQL_OK, !is_done);
            assert_int_equal(files_of_level(engine, 0), is_done ? 0 : 2);
            assert_int_equal(files_of_level(engine, 1) > 0, is_done);
            assert_int_equal(fixture_count(engine, TABLE), is_move ? 200 : 300);
            (void)engine_close(engine, NULL);
        }
        assert_true(failures > 0);
    }
}

static void files_may_be_larger_than_any_disk(void **state)
{
    (void)state;
    struct engine_options options = fixture_options(false);

    options.sstable_bytes = (size_t)1 << 60;
    struct engine *engine = fixture_open(fixture_volume(), &options);
    assert_int_equal(fixture_create_table(engine), TABLE);
    for (int64_t begin_key = 0; begin_key < 2; begin_key++) {
        flush_every_second(engine, begin_key, 400);
        assert_true(engine_compact(engine, NULL));
    }
    assert_int_equal(files_of_level(engine, 1), 1);
    assert_true(compaction_urgency(engine->tables[0], COMPACT_DOWN) < 1);
    assert_int_equal(fixture_count(engine, TABLE), 400);
    fixture_close(engine);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_are_gathered_with_their_size),
        cmocka_unit_test(rows_wait_until_they_fill_a_block),
        cmocka_unit_test(a_block_is_full_by_its_bytes),
        cmocka_unit_test(a_file_ends_when_it_is_large_enough),
        cmocka_unit_test(an_output_knows_how_much_comes),
        cmocka_unit_test(an_output_is_cleared_as_often_as_one_likes),
        cmocka_unit_test(blocks_of_two_runs_are_merged_and_counted),
        cmocka_unit_test(rows_of_one_file_go_on_in_the_next_block),
        cmocka_unit_test(a_compaction_says_whether_it_was_done),
        cmocka_unit_test(files_may_be_larger_than_any_disk),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
