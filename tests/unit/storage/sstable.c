/* Sstables: what was written is read, by whole columns, by some rows and by single values; damage is found. */
#include <inttypes.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/key_codec.h"
#include "storage/sstable_reader.h"
#include "volume/volume_memory.h"

enum { ROWS_MOST = 5000, COLUMNS = 6, TEXT_SIZE = 80 };

/* A table in memory, in key order: the truth that files are compared with. */
struct table {
    struct row_format *format;
    uint32_t row_count;
    struct value (*values)[COLUMNS];
    char (*texts)[COLUMNS][TEXT_SIZE];
    uint64_t *sequences;
    uint8_t *tombstones;
    struct buffer *keys, *rows;
};

static struct volume *volume;
static struct block_cache *cache;
static uint64_t seed = 0x1234567;

static uint64_t next_random(void)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return seed * 0x2545F4914F6CDD1Du;
}

static uint32_t pick(uint32_t count)
{
    return (uint32_t)((next_random() >> 32) * count >> 32);
}

static int make_volume(void **state)
{
    (void)state;
    return volume_memory_create(&volume, NULL) && block_cache_create(1 << 20, &cache, NULL) ? 0 : -1;
}

static int drop_volume(void **state)
{
    (void)state;
    block_cache_destroy(cache);
    volume_close(volume);
    return 0;
}

/* ---- tables ---- */

enum key_kind { KEY_INT, KEY_STRING, KEY_COMPOSITE, KEY_FLOAT };

static struct row_format *make_format(enum key_kind kind)
{
    struct table_layout layout = {
        .column_count = COLUMNS,
        .key_count = kind == KEY_COMPOSITE ? 3 : 1,
        .types = {SSQL_TYPE_INT, SSQL_TYPE_STRING, SSQL_TYPE_BOOL, SSQL_TYPE_FLOAT, SSQL_TYPE_INT, SSQL_TYPE_STRING},
    };
    struct row_format *format;

    if (kind == KEY_STRING)
        layout.key_columns[0] = 1;
    if (kind == KEY_FLOAT)
        layout.key_columns[0] = 3;
    if (kind == KEY_COMPOSITE) {
        layout.key_columns[0] = 2;
        layout.key_columns[1] = 1;
        layout.key_columns[2] = 0;
    }
    assert_true(row_format_create(&layout, &format, NULL));
    return format;
}

static struct table *table_make(enum key_kind kind, uint32_t row_count)
{
    struct table *table = calloc(1, sizeof *table);

    assert_non_null(table);
    table->format = make_format(kind);
    table->row_count = row_count;
    table->values = calloc(row_count, sizeof *table->values);
    table->texts = calloc(row_count, sizeof *table->texts);
    table->sequences = calloc(row_count, sizeof *table->sequences);
    table->tombstones = calloc(row_count, 1);
    table->keys = calloc(row_count, sizeof *table->keys);
    table->rows = calloc(row_count, sizeof *table->rows);
    assert_true(table->values && table->texts && table->sequences && table->tombstones && table->keys && table->rows);
    return table;
}

static void table_free(struct table *table)
{
    for (uint32_t i = 0; i < table->row_count; i++) {
        buffer_clear(&table->keys[i]);
        buffer_clear(&table->rows[i]);
    }
    free(table->values);
    free(table->texts);
    free(table->sequences);
    free(table->tombstones);
    free(table->keys);
    free(table->rows);
    row_format_destroy(table->format);
    free(table);
}

/* The shapes that the encodings tell apart. */
static struct value random_int(uint32_t shape, uint32_t row)
{
    switch (shape % 7) {
    case 0: return value_int(42);
    case 1: return value_int(row * 3);
    case 2: return value_int((int64_t)next_random());
    case 3: return value_int(row % 2 == 0 ? INT64_MIN : INT64_MAX);
    case 4: return value_int(-5 + (int64_t)pick(10));
    case 5: return value_int((int64_t)(next_random() >> pick(64)));
    default: return value_int(INT64_MIN + (int64_t)pick(3));
    }
}

static struct value random_string(uint32_t shape, uint32_t row, char text[TEXT_SIZE])
{
    size_t size = 0;

    switch (shape % 8) {
    case 0: size = (size_t)sprintf(text, "same"); break;
    case 1: size = (size_t)sprintf(text, "kind %u", pick(5)); break;
    case 2: size = (size_t)sprintf(text, "user%08u", row); break;
    case 3: size = (size_t)sprintf(text, "a common beginning, then %" PRIu64, next_random()); break;
    case 4: break;
    case 5:
        size = pick(TEXT_SIZE);
        memset(text, 'x' + (int)pick(2), size);
        break;
    case 6:
        size = pick(12);
        for (size_t i = 0; i < size; i++)
            text[i] = (char)(pick(3) == 0 ? 0 : pick(2) == 0 ? 0xFF : pick(256));
        break;
    default:
        size = 17 + pick(4);
        memset(text, 0xFF, size);
        break;
    }
    return value_string(slice_make(text, size));
}

static struct value random_float(uint32_t shape, uint32_t row)
{
    static const double specials[] = {0.0, -0.0, INFINITY, -INFINITY, NAN, 1.5, -2.25, 1e308};

    switch (shape % 3) {
    case 0: return value_float(2.5);
    case 1: return value_float(row * 0.25);
    default: return value_float(specials[pick(8)]);
    }
}

/* Random rows in key order, some keys with several versions; shape chooses the columns' distributions. */
static struct table *table_random(enum key_kind kind, uint32_t row_count, uint32_t shape, bool bottom)
{
    struct table *table = table_make(kind, row_count);
    uint64_t sequence = 1000000;

    for (uint32_t i = 0; i < row_count; i++) {
        struct value *values = table->values[i];
        char(*texts)[TEXT_SIZE] = table->texts[i];
        bool again = !bottom && i > 0 && pick(8) == 0; /* an older version of the key before */
        uint32_t ordinal = again ? (uint32_t)table->values[i - 1][4].integer : i;
        values[0] = random_int(shape, i);
        values[1] = random_string(shape / 2, i, texts[1]);
        values[2] = value_bool(shape % 3 == 0 ? true : pick(2) != 0);
        values[3] = random_float(shape, i);
        values[5] = random_string(shape + 3, i, texts[5]);
        for (uint32_t c = 0; c < COLUMNS; c++)
            if (shape % 4 == 1 && pick(3) == 0)
                values[c] = value_null(table->format->layout.types[c]);
        values[4] = value_int(ordinal); /* never null: the row's place in key order */
        if (kind == KEY_INT)
            values[0] = value_int((int64_t)ordinal * (shape % 2 == 0 ? 1 : 1000003) - 500);
        if (kind == KEY_STRING)
            values[1] = value_string(slice_make(texts[1], (size_t)sprintf(texts[1], "key%08u", ordinal)));
        if (kind == KEY_FLOAT)
            values[3] = value_float(ordinal - 100.5);
        if (kind == KEY_COMPOSITE) {
            values[2] = value_bool(ordinal >= row_count / 2);
            values[1] = value_string(slice_make(texts[1], (size_t)sprintf(texts[1], "k%c%06u", 0, ordinal / 4)));
            values[0] = value_int((int64_t)(ordinal % 4) - 2);
        }
        sequence = again ? table->sequences[i - 1] - 1 - pick(5) : 1000000 + pick(100000);
        table->sequences[i] = bottom ? 0 : sequence;
        table->tombstones[i] = !bottom && shape % 3 == 2 && pick(6) == 0;
        assert_true(row_encode_key(table->format, values, &table->keys[i], NULL));
        assert_true(row_encode(table->format, values, &table->rows[i], NULL));
    }
    return table;
}

static struct sstable_writer_options options_with(uint32_t block_rows)
{
    return (struct sstable_writer_options){
        .block_rows = block_rows, .block_bytes = 1 << 20, .filter_bits = 10, .expected_rows = 1000, .compress = true};
}

static const char *new_name(void)
{
    static char name[SSTABLE_NAME_SIZE];
    static uint32_t count;

    sprintf(name, "tables/1/sst-1-%u", ++count);
    return name;
}

/* Row by row, as a flush does. */
static void write_rows(const struct table *table, const struct sstable_writer_options *options,
                       struct sstable_info *info)
{
    struct sstable_writer *writer;
    struct ssql_error error = {0};

    assert_true(sstable_writer_create(volume, new_name(), table->format, options, &writer, &error));
    for (uint32_t i = 0; i < table->row_count; i++) {
        struct slice row = table->tombstones[i] ? slice_make(NULL, 0) : buffer_slice(&table->rows[i]);
        assert_true(sstable_writer_add(writer, buffer_slice(&table->keys[i]), row, table->sequences[i], &error));
    }
    assert_true(sstable_writer_finish(writer, info, &error));
}

/* Block by block from vectors, as a compaction does. */
static void write_blocks(const struct table *table, const struct sstable_writer_options *options,
                         struct sstable_info *info)
{
    struct sstable_writer *writer;
    struct ssql_error error = {0};
    static int64_t integers[COLUMNS][BATCH_CAPACITY];
    static double reals[COLUMNS][BATCH_CAPACITY];
    static uint8_t booleans[COLUMNS][BATCH_CAPACITY], nulls[COLUMNS][BATCH_CAPACITY];
    static struct slice strings[COLUMNS][BATCH_CAPACITY];
    struct vector columns[COLUMNS];

    assert_true(sstable_writer_create(volume, new_name(), table->format, options, &writer, &error));
    for (uint32_t from = 0; from < table->row_count; from += options->block_rows) {
        uint32_t count = table->row_count - from < options->block_rows ? table->row_count - from : options->block_rows;
        for (uint32_t c = 0; c < COLUMNS; c++) {
            columns[c] = (struct vector){.type = table->format->layout.types[c], .nulls = nulls[c]};
            for (uint32_t i = 0; i < count; i++) {
                struct value value = table->values[from + i][c];
                nulls[c][i] = value.is_null;
                if (value.is_null)
                    continue;
                switch (value.type) {
                case SSQL_TYPE_NULL: break;
                case SSQL_TYPE_INT: integers[c][i] = value.integer; break;
                case SSQL_TYPE_FLOAT: reals[c][i] = value.real; break;
                case SSQL_TYPE_BOOL: booleans[c][i] = value.boolean; break;
                case SSQL_TYPE_STRING: strings[c][i] = value.string; break;
                }
            }
            switch (columns[c].type) {
            case SSQL_TYPE_NULL: break;
            case SSQL_TYPE_INT: columns[c].integers = integers[c]; break;
            case SSQL_TYPE_FLOAT: columns[c].reals = reals[c]; break;
            case SSQL_TYPE_BOOL: columns[c].booleans = booleans[c]; break;
            case SSQL_TYPE_STRING: columns[c].strings = strings[c]; break;
            }
        }
        struct sstable_rows rows = {.columns = columns,
                                    .sequences = table->sequences + from,
                                    .tombstones = table->tombstones + from,
                                    .row_count = count};
        assert_true(sstable_writer_add_block(writer, &rows, &error));
    }
    assert_true(sstable_writer_finish(writer, info, &error));
}

static struct sstable *open_table(const struct table *table, const struct sstable_info *info)
{
    struct sstable *sstable;
    struct ssql_error error = {0};

    if (!sstable_open(volume, cache, table->format, info, &sstable, &error))
        fail_msg("%s", error.message);
    return sstable;
}

/* ---- comparing ---- */

static void check_value(const struct table *table, uint32_t row, uint32_t column, const struct value *got)
{
    const struct value *expected = &table->values[row][column];

    assert_int_equal(got->is_null, expected->is_null);
    if (expected->is_null)
        return;
    assert_int_equal(got->type, expected->type);
    if (got->type == SSQL_TYPE_FLOAT)
        assert_memory_equal(&got->real, &expected->real, 8); /* the sign of zero too */
    else
        assert_int_equal(value_compare(got, expected), 0);
}

static bool counts(const struct table *table, uint32_t row, uint32_t column)
{
    const struct table_layout *layout = &table->format->layout;

    for (uint32_t i = 0; i < layout->key_count; i++)
        if (layout->key_columns[i] == column)
            return true;
    return !table->tombstones[row];
}

static void check_gathered(const struct table *table, const struct block *block, uint32_t first, uint32_t column,
                           const uint16_t *rows, uint32_t count)
{
    struct column_buffer buffer = {0};
    struct vector vector;

    assert_true(block_gather_column(block, column, rows, count, &buffer, &vector, NULL));
    for (uint32_t i = 0; i < count; i++) {
        if (!counts(table, first + rows[i], column))
            continue;
        struct value value = vector_value(&vector, rows[i]);
        check_value(table, first + rows[i], column, &value);
    }
    column_buffer_clear(&buffer);
}

static void check_column(const struct table *table, const struct block *block, uint32_t first, uint32_t column)
{
    struct column_buffer buffer = {0}, others = {0};
    struct vector vector;
    struct value value;
    uint16_t rows[BATCH_CAPACITY];
    uint32_t count = 0;

    assert_true(block_decode_column(block, column, &buffer, &vector, NULL));
    for (uint32_t i = 0; i < block->row_count; i++) {
        if (!counts(table, first + i, column))
            continue;
        value = vector_value(&vector, i);
        check_value(table, first + i, column, &value);
        assert_true(block_value(block, column, i, &others, &value, NULL));
        check_value(table, first + i, column, &value);
    }
    for (uint32_t step = 1; step <= 64; step *= 8) {
        count = 0;
        for (uint32_t i = pick(step); i < block->row_count; i += 1 + pick(step))
            rows[count++] = (uint16_t)i;
        check_gathered(table, block, first, column, rows, count);
    }
    for (int i = 0; i < 4; i++) { /* rows that follow one another */
        uint32_t begin = pick(block->row_count);
        count = 1 + pick(block->row_count - begin);
        for (uint32_t k = 0; k < count; k++)
            rows[k] = (uint16_t)(begin + k);
        check_gathered(table, block, first, column, rows, count);
    }
    column_buffer_clear(&buffer);
    column_buffer_clear(&others);
}

static void check_keys(const struct table *table, const struct block *block, uint32_t first)
{
    struct block_keys keys = {0};
    uint64_t sequences[BATCH_CAPACITY];
    uint8_t tombstones[BATCH_CAPACITY];

    assert_true(block_decode_keys(block, &keys, NULL));
    block_decode_sequences(block, sequences);
    block_decode_tombstones(block, tombstones);
    for (uint32_t i = 0; i < block->row_count; i++) {
        struct slice key = buffer_slice(&table->keys[first + i]);
        uint8_t head[8] = {0};
        memcpy(head, key.data, key.size < 8 ? key.size : 8);
        uint64_t expected = 0;
        for (int b = 0; b < 8; b++)
            expected = expected << 8 | head[b];
        assert_true(keys.heads[i] == expected);
        if (keys.keys != NULL)
            assert_true(slice_equal(keys.keys[i], key));
        assert_true(sequences[i] == table->sequences[first + i]);
        assert_true(block_row_sequence(block, i) == table->sequences[first + i]);
        assert_int_equal(tombstones[i], table->tombstones[first + i]);
        assert_int_equal(block_row_is_tombstone(block, i), table->tombstones[first + i]);
    }
    block_keys_clear(&keys);
}

/* First row of the block whose key is >= `key`. */
static uint32_t expected_row(const struct table *table, uint32_t first, uint32_t count, struct slice key)
{
    uint32_t row = 0;

    while (row < count && slice_compare(buffer_slice(&table->keys[first + row]), key) < 0)
        row++;
    return row;
}

static void check_seek(const struct table *table, const struct block *block, uint32_t first, struct slice key)
{
    uint32_t row, expected = expected_row(table, first, block->row_count, key);
    bool equal,
        is_there = expected < block->row_count && slice_equal(buffer_slice(&table->keys[first + expected]), key);

    assert_true(block_seek(block, key, &row, &equal, NULL));
    assert_int_equal(row, expected);
    assert_int_equal(equal, is_there);
}

/* Keys that are there, cut, stretched and changed ones. */
static void check_seeks(const struct table *table, const struct block *block, uint32_t first)
{
    for (uint32_t i = 0; i < 60; i++) {
        struct buffer key = {0};
        struct slice from = buffer_slice(&table->keys[pick(table->row_count)]);
        if (i % 2 == 0)
            from = buffer_slice(&table->keys[first + pick(block->row_count)]);
        buffer_append(&key, from.data, from.size);
        check_seek(table, block, first, buffer_slice(&key));
        buffer_append_byte(&key, 0);
        check_seek(table, block, first, buffer_slice(&key));
        check_seek(table, block, first, slice_make(key.data, pick((uint32_t)key.size)));
        key.data[pick((uint32_t)key.size - 1)] ^= (uint8_t)(1u << pick(8));
        check_seek(table, block, first, slice_make(key.data, key.size - 1));
        buffer_clear(&key);
    }
}

static void check_file(const struct table *table, const struct sstable_info *info)
{
    struct sstable *sstable = open_table(table, info);
    struct ssql_error error = {0};
    uint32_t first = 0;
    bool may, was_cached;

    assert_int_equal(info->row_count, table->row_count);
    for (uint32_t b = 0; b < sstable_block_count(sstable); b++) {
        struct block block;
        assert_int_equal(sstable_row_offset(sstable, b), first);
        assert_true(sstable_read_block(sstable, b, &block, &was_cached, &error));
        assert_true(slice_equal(sstable_block_first_key(sstable, b), buffer_slice(&table->keys[first])));
        assert_true(
            slice_equal(sstable_block_last_key(sstable, b), buffer_slice(&table->keys[first + block.row_count - 1])));
        for (uint32_t c = 0; c < COLUMNS; c++)
            check_column(table, &block, first, c);
        check_keys(table, &block, first);
        check_seeks(table, &block, first);
        first += block.row_count;
        block_release(&block);
    }
    assert_int_equal(first, table->row_count);
    for (uint32_t i = 0; i < table->row_count; i++) {
        struct slice key = buffer_slice(&table->keys[i]);
        uint32_t found = sstable_find_block(sstable, key);
        assert_true(sstable_row_offset(sstable, found) <= i);
        assert_true(slice_compare(sstable_block_last_key(sstable, found), key) >= 0);
        assert_true(found == 0 || slice_compare(sstable_block_last_key(sstable, found - 1), key) < 0);
        assert_true(sstable_may_contain(sstable, key, filter_hash(key), &may, &error));
        assert_true(may);
    }
    if (!sstable_verify(sstable, &error))
        fail_msg("%s", error.message);
    sstable_close(sstable);
}

static void check_both_ways(struct table *table, uint32_t block_rows)
{
    struct sstable_writer_options options = options_with(block_rows);
    struct sstable_info info;

    write_rows(table, &options, &info);
    check_file(table, &info);
    sstable_info_clear(&info);
    write_blocks(table, &options, &info);
    check_file(table, &info);
    sstable_info_clear(&info);
}

static void random_tables_come_back_whatever_their_key(void **state)
{
    static const uint32_t sizes[] = {1, 2, 9, 300, 1024, 2500};

    (void)state;
    for (uint32_t shape = 0; shape < 42; shape++) {
        struct table *table =
            table_random((enum key_kind)(shape % 4), sizes[shape % 6], shape / 2 + shape * 5, shape % 5 == 0);
        check_both_ways(table, shape % 2 == 0 ? BATCH_CAPACITY : 1 + pick(BATCH_CAPACITY));
        table_free(table);
    }
}

static void a_table_of_nulls_and_one_of_tombstones_come_back(void **state)
{
    struct table *table = table_random(KEY_INT, 700, 4, false);
    struct table *dead = table_random(KEY_COMPOSITE, 700, 8, false);

    (void)state;
    for (uint32_t i = 0; i < 700; i++) {
        for (uint32_t c = 1; c < COLUMNS; c++)
            table->values[i][c] = value_null(table->format->layout.types[c]);
        buffer_reset(&table->rows[i]);
        assert_true(row_encode(table->format, table->values[i], &table->rows[i], NULL));
        dead->tombstones[i] = 1;
    }
    check_both_ways(table, 256);
    check_both_ways(dead, 256);
    table_free(table);
    table_free(dead);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_tables_come_back_whatever_their_key),
        cmocka_unit_test(a_table_of_nulls_and_one_of_tombstones_come_back),
    };

    return cmocka_run_group_tests(tests, make_volume, drop_volume);
}
