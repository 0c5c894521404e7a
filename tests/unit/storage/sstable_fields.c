/* Every field of an sstable is changed behind right checksums: what is accepted then reads without a fault, the same by
 * every way of reading, and what is refused names the file. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "base/key_codec.h"
#include "support/sstable_fixture.h"

static struct sstable_fixture fixture;

/* ---- reading by every way ---- */

static void assert_equal_values(const struct value *left, const struct value *right)
{
    assert_int_equal(left->is_null, right->is_null);
    assert_int_equal(left->type, right->type);
    if (!left->is_null)
        assert_int_equal(value_compare(left, right), 0);
}

/* The rows `rows` read together are what they are one by one. */
static bool compare_gathered(const struct block *block, uint32_t column, const uint16_t *rows, uint32_t count,
                             struct ssql_error *error)
{
    struct column_buffer buffer = {0}, single = {0};
    struct vector vector;
    bool is_good = block_gather_column(block, column, rows, count, &buffer, &vector, error);

    for (uint32_t i = 0; is_good && i < count; i++) {
        struct value value, other = vector_value(&vector, rows[i]);
        assert_true(block_value(block, column, rows[i], &single, &value, error));
        assert_equal_values(&value, &other);
    }
    column_buffer_clear(&buffer);
    column_buffer_clear(&single);
    return is_good;
}

/* A column as a whole, in one part, a few rows and one by one: a part is never worse than the whole. */
static bool read_column(const struct block *block, uint32_t column, struct ssql_error *error)
{
    uint16_t all[BATCH_CAPACITY], few[4], range[8];
    bool is_good;

    for (uint32_t i = 0; i < block->row_count; i++)
        all[i] = (uint16_t)i;
    is_good = compare_gathered(block, column, all, block->row_count, error);
    struct column_buffer buffer = {0};
    struct vector vector;
    bool is_decoded = block_decode_column(block, column, &buffer, &vector, error);
    column_buffer_clear(&buffer);
    assert_int_equal(is_decoded, is_good);
    if (block->row_count < 16)
        return is_good;
    for (uint16_t i = 0; i < 4; i++)
        few[i] = (uint16_t)(i * 3 + 1);
    for (uint16_t i = 0; i < 8; i++)
        range[i] = (uint16_t)(i + 5);
    bool few_are_good = compare_gathered(block, column, few, 4, error);
    bool range_is_good = compare_gathered(block, column, range, 8, error);
    assert_true(!is_good || (few_are_good && range_is_good));
    return is_good;
}

static bool read_keys(const struct block *block, struct ssql_error *error)
{
    struct block_keys keys = {0};
    bool is_good = block_decode_keys(block, &keys, error);

    for (uint32_t row = 0; is_good && row < block->row_count; row += 5) {
        uint8_t bytes[8];
        uint32_t found;
        bool equal;
        store_u64be(bytes, keys.heads[row]);
        struct slice key = keys.keys == NULL ? slice_make(bytes, sizeof bytes) : keys.keys[row];
        assert_true(block_seek(block, key, &found, &equal, error));
        assert_true(found <= block->row_count);
        if (key.size > 1)
            assert_true(block_seek(block, slice_make(key.data, key.size - 1), &found, &equal, error));
    }
    block_keys_clear(&keys);
    return is_good;
}

static bool read_block(struct sstable *sstable, uint32_t number, struct ssql_error *error)
{
    uint64_t sequences[BATCH_CAPACITY];
    uint8_t tombstones[BATCH_CAPACITY];
    struct block block;

    if (!sstable_read_block(sstable, number, &block, NULL, error))
        return false;
    bool is_good = read_keys(&block, error);
    for (uint32_t i = 0; i < fixture.format->layout.column_count; i++)
        is_good = read_column(&block, i, error) && is_good;
    block_decode_sequences(&block, sequences);
    block_decode_tombstones(&block, tombstones);
    for (uint32_t i = 0; i < block.row_count; i++) {
        assert_int_equal(sequences[i], block_row_sequence(&block, i));
        assert_int_equal(tombstones[i], block_row_is_tombstone(&block, i));
    }
    block_release(&block);
    return is_good;
}

/* Seeks what no block holds as a whole, and, through damage, a key that is there. */
static void seek_known_keys(struct sstable *sstable)
{
    char strings[FIXTURE_SSTABLE_COLUMNS_MOST][FIXTURE_STRING_MOST];
    struct value values[FIXTURE_SSTABLE_COLUMNS_MOST];
    struct buffer key = {0};
    struct ssql_error error;
    struct block block;
    uint32_t row;
    bool equal;

    sstable_fixture_row(&fixture, 7, strings, values);
    assert_true(row_encode_key(fixture.format, values, &key, &error));
    if (sstable_read_block(sstable, 0, &block, NULL, &error)) {
        for (size_t cut = 0; cut < 2; cut++)
            if (!block_seek(&block, slice_make(key.data, key.size - cut), &row, &equal, &error))
                assert_int_equal(error.code, SSQL_CORRUPT);
        block_release(&block);
    }
    buffer_clear(&key);
}

/* Whether the file opens and reads, which is how verifying it went unless that found more. */
static bool read_file(struct ssql_error *error)
{
    struct ssql_error verified;
    struct sstable *sstable;
    bool may;

    if (!sstable_open(fixture.volume, fixture.cache, fixture.format, &fixture.info, &sstable, error))
        return false;
    bool is_good = sstable_may_contain(sstable, sstable_block_first_key(sstable, 0), 12345, &may, error);
    for (uint32_t i = 0; i < sstable_block_count(sstable); i++)
        is_good = read_block(sstable, i, error) && is_good;
    seek_known_keys(sstable);
    bool is_verified = sstable_verify(sstable, &verified);
    assert_int_equal(sstable_verify(sstable, NULL), is_verified);
    assert_true(is_good || !is_verified);
    if (!is_verified)
        *error = verified;
    sstable_close(sstable);
    return is_verified;
}

/* ---- changes ---- */

static bool try_bytes(const uint8_t *original, uint8_t *changed)
{
    struct ssql_error error = {0};

    sstable_fixture_mend(&fixture, original, changed);
    sstable_fixture_replace(&fixture, changed);
    if (read_file(&error))
        return true;
    assert_true(error.code == SSQL_CORRUPT || error.code == SSQL_CANNOT_OPEN);
    assert_non_null(strstr(error.message, FIXTURE_SSTABLE_NAME));
    return false;
}

/* Each byte from `begin` to `end` in turn, by several changes. Returns how many were refused. */
static uint32_t change_bytes(const uint8_t *original, uint8_t *changed, uint64_t begin, uint64_t end)
{
    uint32_t refused = 0;

    for (uint64_t i = begin; i < end; i++) {
        const uint8_t others[] = {0, (uint8_t)(original[i] + 1), (uint8_t)(original[i] - 1), original[i] ^ 0x80, 255};
        for (size_t j = 0; j < sizeof others; j++) {
            if (others[j] == original[i])
                continue;
            memcpy(changed, original, fixture.info.size);
            changed[i] = others[j];
            refused += !try_bytes(original, changed);
        }
    }
    return refused;
}

static void change_every_field(enum sstable_shape shape)
{
    struct ssql_error error;

    sstable_fixture_init(&fixture, shape);
    assert_true(sstable_fixture_write(&fixture, &error));
    assert_true(read_file(&error));
    uint8_t *original = sstable_fixture_bytes(&fixture), *changed = malloc(fixture.info.size);
    assert_non_null(changed);
    uint64_t end = fixture.info.size, place = end - SSTABLE_FOOTER_SIZE, index = load_u64le(original + place + 16);
    uint32_t column_count = fixture.format->layout.column_count;
    uint64_t directory = BLOCK_HEADER_SIZE + (uint64_t)column_count * BLOCK_COLUMN_SIZE;

    memcpy(changed, original, end);
    assert_true(try_bytes(original, changed));
    /* Of a header's 16 bytes each is looked at; so is the place of each part of the file. */
    assert_int_equal(change_bytes(original, changed, 0, 1), 5);
    assert_true(change_bytes(original, changed, SSTABLE_HEADER_SIZE + 8, SSTABLE_HEADER_SIZE + directory) > 0);
    assert_true(change_bytes(original, changed, index, place) > 0);
    assert_true(change_bytes(original, changed, place, place + 120) > 0);
    free(changed);
    free(original);
    sstable_fixture_clear(&fixture);
}

static void a_file_of_all_types_is_not_trusted(void **state)
{
    (void)state;
    change_every_field(SSTABLE_MIXED);
}

static void a_file_with_an_int_key_is_not_trusted(void **state)
{
    (void)state;
    change_every_field(SSTABLE_INT_KEY);
}

static void a_file_with_a_sparse_int_key_is_not_trusted(void **state)
{
    (void)state;
    change_every_field(SSTABLE_SPARSE_KEY);
}

static void a_file_of_one_key_is_not_trusted(void **state)
{
    (void)state;
    change_every_field(SSTABLE_CONSTANT_KEY);
}

static void a_file_of_a_few_keys_is_not_trusted(void **state)
{
    (void)state;
    change_every_field(SSTABLE_REPEATED_KEY);
}

static void a_file_whose_keys_begin_with_a_float_is_not_trusted(void **state)
{
    (void)state;
    change_every_field(SSTABLE_FLOAT_KEY);
}

/* ---- two fields at once ---- */

/* The sizes of a block are said by the index and by the block: both are changed alike. */
static void a_block_is_not_smaller_than_its_plain_part_nor_larger_than_its_parts(void **state)
{
    (void)state;
    for (int64_t by = -64; by <= 64; by += 16) {
        sstable_fixture_init(&fixture, SSTABLE_INT_KEY);
        assert_true(sstable_fixture_write(&fixture, NULL));
        uint8_t *original = sstable_fixture_bytes(&fixture), *changed = sstable_fixture_bytes(&fixture);
        uint64_t place = fixture.info.size - SSTABLE_FOOTER_SIZE, index = load_u64le(original + place + 16);
        uint8_t *entry = changed + index + 8 + 2 + 2, *block = changed + SSTABLE_HEADER_SIZE;
        uint32_t size = (uint32_t)(load_u32le(block + 44) + by);
        assert_int_equal(load_u32le(entry + 12), load_u32le(block + 44));
        store_u32le(entry + 12, size);
        store_u32le(block + 44, size);
        bool is_accepted = try_bytes(original, changed);
        assert_true(by < 0 ? !is_accepted : by > 0 || is_accepted); /* zeros behind the parts are no damage */
        free(original);
        free(changed);
        sstable_fixture_clear(&fixture);
    }
}

/* Only keys that are one int have a bitmap. */
static void a_bitmap_of_strings_is_refused(void **state)
{
    (void)state;
    sstable_fixture_init(&fixture, SSTABLE_MIXED);
    assert_true(sstable_fixture_write(&fixture, NULL));
    uint8_t *original = sstable_fixture_bytes(&fixture), *changed = sstable_fixture_bytes(&fixture);
    uint8_t *footer = changed + fixture.info.size - SSTABLE_FOOTER_SIZE;
    footer[96] = FILTER_KEY_BITMAP;
    footer[97] = 0;
    assert_false(try_bytes(original, changed));
    free(original);
    free(changed);
    sstable_fixture_clear(&fixture);
}

/* A table of so many columns that their list alone is longer than the file's index. */
static void a_file_of_another_table_is_refused_however_many_columns_that_has(void **state)
{
    struct table_layout layout = {.column_count = COLUMNS_MOST, .key_count = 1};
    struct ssql_error error = {0};
    struct row_format *format;
    struct sstable *sstable;

    (void)state;
    memset(layout.types, SSQL_TYPE_INT, sizeof layout.types);
    assert_true(row_format_create(&layout, &format, NULL));
    sstable_fixture_init(&fixture, SSTABLE_INT_KEY);
    assert_true(sstable_fixture_write(&fixture, NULL));
    assert_false(sstable_open(fixture.volume, fixture.cache, format, &fixture.info, &sstable, &error));
    assert_non_null(strstr(error.message, "its columns are not the table's"));
    row_format_destroy(format);
    sstable_fixture_clear(&fixture);
}

static uint32_t fault_count;

static bool count_fault(void *context, uint32_t block, const struct ssql_error *fault)
{
    assert_int_equal(fault->code, SSQL_CORRUPT);
    assert_int_equal(block, SSTABLE_NO_BLOCK);
    fault_count++;
    return context == NULL;
}

/* As many tombstones as the manifest says and as the footer says, but not as there are. */
static void wrong_totals_are_told_and_whoever_hears_them_may_end_it(void **state)
{
    struct sstable *sstable;
    int anything;

    (void)state;
    sstable_fixture_init(&fixture, SSTABLE_MIXED);
    assert_true(sstable_fixture_write(&fixture, NULL));
    uint8_t *original = sstable_fixture_bytes(&fixture), *changed = sstable_fixture_bytes(&fixture);
    store_u64le(changed + fixture.info.size - SSTABLE_FOOTER_SIZE + 72, ++fixture.info.tombstone_count);
    assert_false(try_bytes(original, changed));
    fault_count = 0;
    assert_true(sstable_open(fixture.volume, fixture.cache, fixture.format, &fixture.info, &sstable, NULL));
    assert_true(sstable_verify_each(sstable, count_fault, NULL));
    assert_false(sstable_verify_each(sstable, count_fault, &anything));
    assert_int_equal(fault_count, 2);
    sstable_close(sstable);
    free(original);
    free(changed);
    sstable_fixture_clear(&fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_file_of_all_types_is_not_trusted),
        cmocka_unit_test(a_file_with_an_int_key_is_not_trusted),
        cmocka_unit_test(a_file_with_a_sparse_int_key_is_not_trusted),
        cmocka_unit_test(a_file_of_one_key_is_not_trusted),
        cmocka_unit_test(a_file_of_a_few_keys_is_not_trusted),
        cmocka_unit_test(a_file_whose_keys_begin_with_a_float_is_not_trusted),
        cmocka_unit_test(a_block_is_not_smaller_than_its_plain_part_nor_larger_than_its_parts),
        cmocka_unit_test(a_bitmap_of_strings_is_refused),
        cmocka_unit_test(a_file_of_another_table_is_refused_however_many_columns_that_has),
        cmocka_unit_test(wrong_totals_are_told_and_whoever_hears_them_may_end_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
