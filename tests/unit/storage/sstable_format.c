/* The sstable's bytes, version 1: every later version reads them. The dump with its notes is golden/sstable_v1.inc. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/key_codec.h"
#include "storage/sstable_reader.h"
#include "volume/volume_memory.h"

static const uint8_t golden[] = {
#include "golden/sstable_v1.inc"
};

/* goods(id int primary key, name string, fresh bool, price float): "apple", "pear" without price, an unnamed one, and a
 * deleted row with the version before. */
static const struct table_layout LAYOUT = {
    .column_count = 4,
    .key_count = 1,
    .types = {SSQL_TYPE_INT, SSQL_TYPE_STRING, SSQL_TYPE_BOOL, SSQL_TYPE_FLOAT},
    .key_columns = {0},
};

enum { ROWS = 5 };

static const struct {
    int64_t id;
    const char *name;
    bool fresh;
    double price; /* negative: null */
    uint64_t sequence;
    bool is_tombstone;
} ROW[ROWS] = {
    {-1, "apple", true, 1.25, 7, false}, {3, NULL, false, 0.5, 9, false},   {4, "pear", true, -1, 7, false},
    {1000, "", false, -1, 12, true},     {1000, "fig", false, 3, 8, false},
};

static struct volume *volume;
static struct block_cache *cache;
static struct row_format *format;

static int make_volume(void **state)
{
    (void)state;
    return volume_memory_create(&volume, NULL) && block_cache_create(1 << 20, &cache, NULL) &&
                   row_format_create(&LAYOUT, &format, NULL)
               ? 0
               : -1;
}

static int drop_volume(void **state)
{
    (void)state;
    row_format_destroy(format);
    block_cache_destroy(cache);
    volume_close(volume);
    return 0;
}

static struct value price_of(uint32_t row)
{
    return ROW[row].price < 0 ? value_null(SSQL_TYPE_FLOAT) : value_float(ROW[row].price);
}

static struct value name_of(uint32_t row)
{
    return ROW[row].name == NULL ? value_null(SSQL_TYPE_STRING) : value_string(slice_of(ROW[row].name));
}

static void rows_are_written_as_these_bytes(void **state)
{
    const struct sstable_writer_options options = {
        .block_rows = 3, .block_bytes = 1 << 16, .filter_bits = 10, .expected_rows = ROWS, .compress = true};
    struct sstable_writer *writer;
    struct sstable_info info;
    struct buffer rows[ROWS] = {0};
    uint8_t keys[ROWS][INT_KEY_SIZE], bytes[sizeof golden];
    struct object *object;

    (void)state;
    assert_true(sstable_writer_create(volume, "tables/1/golden-1", format, &options, &writer, NULL));
    for (uint32_t i = 0; i < ROWS; i++) {
        struct value values[] = {value_int(ROW[i].id), name_of(i), value_bool(ROW[i].fresh), price_of(i)};
        key_encode_int(ROW[i].id, keys[i]);
        assert_true(row_encode(format, values, &rows[i], NULL));
        assert_true(sstable_writer_add(writer, slice_make(keys[i], INT_KEY_SIZE),
                                       ROW[i].is_tombstone ? slice_make(NULL, 0) : buffer_slice(&rows[i]),
                                       ROW[i].sequence, NULL));
    }
    assert_true(sstable_writer_finish(writer, &info, NULL));
    assert_int_equal(info.lowest_sequence, 7);
    assert_int_equal(info.highest_sequence, 12);
    assert_int_equal(info.tombstone_count, 1);
    assert_int_equal(info.size, sizeof golden);
    assert_int_equal(object_open(volume, "tables/1/golden-1", info.size, &object, NULL), VOLUME_OK);
    struct object_range range = {.data = bytes, .size = info.size};
    assert_int_equal(object_read(object, &range, 1, NULL), VOLUME_OK);
    assert_memory_equal(bytes, golden, sizeof golden);
    object_close(object);
    for (uint32_t i = 0; i < ROWS; i++)
        buffer_clear(&rows[i]);
    sstable_info_clear(&info);
}

static void put_golden(struct volume *to)
{
    struct object_writer *writer;

    assert_int_equal(object_create(to, "tables/1/golden-1", 0, &writer, NULL), VOLUME_OK);
    assert_int_equal(object_append(writer, slice_make(golden, sizeof golden), NULL), VOLUME_OK);
    assert_int_equal(object_finish(writer, NULL), VOLUME_OK);
}

static void check_row(const struct block *block, uint32_t i, uint32_t row)
{
    const struct value expected[] = {value_int(ROW[row].id), name_of(row), value_bool(ROW[row].fresh), price_of(row)};
    struct column_buffer buffer = {0};
    struct value value;

    assert_int_equal(block_row_sequence(block, i), ROW[row].sequence);
    assert_int_equal(block_row_is_tombstone(block, i), ROW[row].is_tombstone);
    for (uint32_t c = 0; c < (ROW[row].is_tombstone ? 1 : 4); c++) {
        assert_true(block_value(block, c, i, &buffer, &value, NULL));
        assert_int_equal(value.is_null, expected[c].is_null);
        assert_int_equal(value_compare(&value, &expected[c]), 0);
    }
    column_buffer_clear(&buffer);
}

static void these_bytes_are_read_as_the_rows(void **state)
{
    const struct sstable_info info = {
        .name = "tables/1/golden-1", .size = sizeof golden, .row_count = ROWS, .tombstone_count = 1};
    struct sstable *sstable;
    struct volume *other;
    uint32_t row = 0;

    (void)state;
    assert_true(volume_memory_create(&other, NULL));
    put_golden(other);
    assert_true(sstable_open(other, cache, format, &info, &sstable, NULL));
    assert_int_equal(sstable_block_count(sstable), 2);
    for (uint32_t b = 0; b < 2; b++) {
        struct block block;
        assert_true(sstable_read_block(sstable, b, &block, NULL, NULL));
        for (uint32_t i = 0; i < block.row_count; i++)
            check_row(&block, i, row++);
        block_release(&block);
    }
    assert_int_equal(row, ROWS);
    assert_true(sstable_verify(sstable, NULL));
    sstable_close(sstable);
    volume_close(other);
}

static void the_base_sequence_of_a_spilled_commit_holds_for_every_row(void **state)
{
    const struct sstable_info info = {.name = "tables/1/golden-1",
                                      .size = sizeof golden,
                                      .row_count = ROWS,
                                      .tombstone_count = 1,
                                      .base_sequence = 99};
    struct sstable *sstable;
    struct volume *other;
    struct block block;
    uint64_t sequences[BATCH_CAPACITY];

    (void)state;
    assert_true(volume_memory_create(&other, NULL));
    put_golden(other);
    assert_true(sstable_open(other, cache, format, &info, &sstable, NULL));
    assert_true(sstable_read_block(sstable, 0, &block, NULL, NULL));
    assert_false(block.has_sequences);
    block_decode_sequences(&block, sequences);
    for (uint32_t i = 0; i < block.row_count; i++) {
        assert_int_equal(sequences[i], 99);
        assert_int_equal(block_row_sequence(&block, i), 99);
    }
    block_release(&block);
    assert_true(sstable_verify(sstable, NULL));
    sstable_close(sstable);
    volume_close(other);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_are_written_as_these_bytes),
        cmocka_unit_test(these_bytes_are_read_as_the_rows),
        cmocka_unit_test(the_base_sequence_of_a_spilled_commit_holds_for_every_row),
    };

    return cmocka_run_group_tests(tests, make_volume, drop_volume);
}
