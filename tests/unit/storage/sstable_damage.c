/* Damaged sstables give an error that names the file, or their rows; never other rows. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/key_codec.h"
#include "storage/sstable_format.h"
#include "storage/sstable_reader.h"
#include "volume/volume_faulty.h"
#include "volume/volume_memory.h"

enum { ROWS = 300 };

static const char NAME[] = "tables/1/sst-1-1";

static const struct table_layout LAYOUT = {
    .column_count = 4,
    .key_count = 1,
    .types = {SSQL_TYPE_STRING, SSQL_TYPE_INT, SSQL_TYPE_BOOL, SSQL_TYPE_STRING},
    .key_columns = {0},
};

static struct volume *volume;
static struct block_cache *cache;
static struct row_format *format;
static struct sstable_info info;

/* Row i, in key order; the last column is worth compressing. */
static void row_values(uint32_t i, char key[16], char text[64], struct value values[4])
{
    values[0] = value_string(slice_make(key, (size_t)sprintf(key, "key%06u", i)));
    values[1] = i % 7 == 0 ? value_null(SSQL_TYPE_INT) : value_int((int64_t)i * i);
    values[2] = value_bool(i % 3 == 0);
    values[3] = value_string(slice_make(text, (size_t)sprintf(text, "%u a text that repeats itself a text that", i)));
}

static bool write_file(uint32_t seed, struct ssql_error *error)
{
    const struct sstable_writer_options options = {
        .block_rows = 100, .block_bytes = 1 << 16, .filter_bits = 10, .expected_rows = ROWS, .compress = true};
    struct sstable_writer *writer;
    struct buffer rows[ROWS] = {0}, keys[ROWS] = {0};

    if (!sstable_writer_create(volume, NAME, format, &options, &writer, error))
        return false;
    for (uint32_t i = 0; i < ROWS; i++) {
        char key[16], text[64];
        struct value values[4];
        row_values(i, key, text, values);
        assert_true(row_encode(format, values, &rows[i], error));
        assert_true(row_encode_key(format, values, &keys[i], error));
        assert_true(sstable_writer_add(writer, buffer_slice(&keys[i]),
                                       i % 11 == 1 ? slice_make(NULL, 0) : buffer_slice(&rows[i]), seed + i % 5,
                                       error));
    }
    bool finished = sstable_writer_finish(writer, &info, error);
    for (uint32_t i = 0; i < ROWS; i++) {
        buffer_clear(&rows[i]);
        buffer_clear(&keys[i]);
    }
    return finished;
}

static int make_file(void **state)
{
    (void)state;
    return volume_memory_create(&volume, NULL) && block_cache_create(1 << 20, &cache, NULL) &&
                   row_format_create(&LAYOUT, &format, NULL) && write_file(50, NULL)
               ? 0
               : -1;
}

static int drop_file(void **state)
{
    (void)state;
    sstable_info_clear(&info);
    row_format_destroy(format);
    block_cache_destroy(cache);
    volume_close(volume);
    return 0;
}

static bool check_rows(const struct block *block, uint32_t first, struct ssql_error *error)
{
    struct column_buffer buffer = {0};
    bool read = true;

    for (uint32_t c = 0; read && c < 4; c++) {
        struct vector vector;
        read = block_decode_column(block, c, &buffer, &vector, error);
        for (uint32_t i = 0; read && i < block->row_count; i++) {
            char key[16], text[64];
            struct value values[4], value = vector_value(&vector, i);
            row_values(first + i, key, text, values);
            assert_int_equal(block_row_is_tombstone(block, i), (first + i) % 11 == 1);
            if (c > 0 && block_row_is_tombstone(block, i))
                continue;
            assert_int_equal(value.is_null, values[c].is_null);
            assert_int_equal(value_compare(&value, &values[c]), 0);
        }
    }
    column_buffer_clear(&buffer);
    return read;
}

/* Opens the file and reads everything; rows that come are the right ones. */
static bool read_everything(struct ssql_error *error)
{
    struct sstable *sstable;
    bool may, is_good = true;

    if (!sstable_open(volume, cache, format, &info, &sstable, error))
        return false;
    for (uint32_t b = 0; is_good && b < sstable_block_count(sstable); b++) {
        struct block block;
        is_good = sstable_read_block(sstable, b, &block, NULL, error);
        if (!is_good)
            break;
        is_good = check_rows(&block, (uint32_t)sstable_row_offset(sstable, b), error);
        block_release(&block);
    }
    is_good = is_good && sstable_may_contain(sstable, sstable_block_first_key(sstable, 0), 1, &may, error);
    sstable_close(sstable);
    return is_good;
}

static bool verify(struct ssql_error *error)
{
    struct sstable *sstable;

    if (!sstable_open(volume, cache, format, &info, &sstable, error))
        return false;
    bool is_good = sstable_verify(sstable, error);
    sstable_close(sstable);
    return is_good;
}

static void the_whole_file_reads(void **state)
{
    struct ssql_error error = {0};

    (void)state;
    assert_true(read_everything(&error));
    assert_true(verify(&error));
}

static void every_changed_byte_is_an_error_that_names_the_file(void **state)
{
    (void)state;
    for (uint64_t i = 0; i < info.size; i++) {
        struct ssql_error error = {0};
        uint8_t mask = (uint8_t)(1u << (i % 8));
        assert_true(volume_memory_damage(volume, NAME, i, mask));
        if (read_everything(&error))
            fail_msg("nobody noticed the change of byte %u", (unsigned)i);
        assert_true(error.code == SSQL_CORRUPT || (i >= 8 && i < 12 && error.code == SSQL_CANNOT_OPEN));
        assert_non_null(strstr(error.message, NAME));
        if (i % 16 == 0)
            assert_false(verify(&error));
        assert_true(volume_memory_damage(volume, NAME, i, mask));
    }
    assert_true(read_everything(NULL));
}

static void another_size_layout_or_count_is_refused(void **state)
{
    struct sstable_info other = info;
    struct table_layout layout = LAYOUT;
    struct row_format *others;
    struct sstable *sstable;
    struct ssql_error error = {0};

    (void)state;
    other.size--;
    assert_false(sstable_open(volume, cache, format, &other, &sstable, &error));
    assert_int_equal(error.code, SSQL_CORRUPT);
    other = info;
    other.row_count++;
    assert_false(sstable_open(volume, cache, format, &other, &sstable, &error));
    assert_int_equal(error.code, SSQL_CORRUPT);
    layout.types[1] = SSQL_TYPE_FLOAT;
    assert_true(row_format_create(&layout, &others, NULL));
    assert_false(sstable_open(volume, cache, others, &info, &sstable, &error));
    assert_int_equal(error.code, SSQL_CORRUPT);
    row_format_destroy(others);
}

/* ---- faults planted under right checksums ---- */

/* A copy of the file's bytes, to be changed and put under the same name into another volume. */
static uint8_t *copy_file(void)
{
    uint8_t *bytes = malloc(info.size);
    struct object *object;
    struct object_range range = {.data = bytes, .size = info.size};

    assert_non_null(bytes);
    assert_int_equal(object_open(volume, NAME, info.size, &object, NULL), VOLUME_OK);
    assert_int_equal(object_read(object, &range, 1, NULL), VOLUME_OK);
    object_close(object);
    return bytes;
}

static uint64_t index_offset(const uint8_t *file)
{
    return load_u64le(file + info.size - SSTABLE_FOOTER_SIZE + 16);
}

/* The first block's entry in the index. */
static uint8_t *first_entry(uint8_t *file)
{
    return file + index_offset(file) + 8 + 4 + 2;
}

static void mend_checksums(uint8_t *file)
{
    uint64_t identity = sstable_identity(NAME), place = info.size - SSTABLE_FOOTER_SIZE;
    uint8_t *footer = file + place, *entry = first_entry(file);
    uint64_t filter = load_u64le(footer + 40);

    for (uint32_t i = 0; i < 3; i++, entry += INDEX_BLOCK_SIZE) {
        uint64_t offset = load_u64le(entry);
        store_u64le(file + offset,
                    sstable_checksum(slice_make(file + offset + 8, load_u32le(entry + 8) - 8), identity, offset));
    }
    store_u64le(footer + 56, sstable_checksum(slice_make(file + filter, load_u64le(footer + 48)), identity, filter));
    store_u64le(footer + 32, sstable_checksum(slice_make(file + index_offset(file), load_u64le(footer + 24)), identity,
                                              index_offset(file)));
    store_u64le(footer + FOOTER_CHECKSUM_OFFSET,
                sstable_checksum(slice_make(footer, FOOTER_CHECKSUM_OFFSET), identity, place));
}

/* Puts the changed file in place of the good one and checks it; true: no fault was found. */
static bool verify_bytes(uint8_t *file, struct ssql_error *error)
{
    struct volume *good = volume;
    struct object_writer *writer;

    mend_checksums(file);
    assert_true(volume_memory_create(&volume, NULL));
    assert_int_equal(object_create(volume, NAME, 0, &writer, NULL), VOLUME_OK);
    assert_int_equal(object_append(writer, slice_make(file, info.size), NULL), VOLUME_OK);
    assert_int_equal(object_finish(writer, NULL), VOLUME_OK);
    bool is_good = verify(error);
    volume_close(volume);
    volume = good;
    return is_good;
}

static void expect_fault(uint8_t *file, const char *message)
{
    struct ssql_error error = {0};

    assert_false(verify_bytes(file, &error));
    assert_int_equal(error.code, SSQL_CORRUPT);
    if (strstr(error.message, message) == NULL)
        fail_msg("\"%s\" instead of \"%s\"", error.message, message);
    free(file);
}

static void verify_accepts_a_copy(void **state)
{
    uint8_t *file = copy_file();

    (void)state;
    assert_true(verify_bytes(file, NULL));
    free(file);
}

static void verify_finds_a_filter_without_a_key(void **state)
{
    uint8_t *file = copy_file(), *footer = file + info.size - SSTABLE_FOOTER_SIZE;

    (void)state;
    memset(file + load_u64le(footer + 40), 0, load_u64le(footer + 48));
    expect_fault(file, "the filter denies a key");
}

static void verify_finds_a_zone_map_that_is_too_narrow(void **state)
{
    uint8_t *file = copy_file();
    uint8_t *zone = first_entry(file) + 3 * INDEX_BLOCK_SIZE + ZONE_STRING_SLOT;

    (void)state;
    store_u64le(zone + 9, 50); /* the greatest of the first block is 99 * 99 */
    expect_fault(file, "outside its zone map");
}

static void verify_finds_keys_that_the_index_does_not_know(void **state)
{
    uint8_t *file = copy_file(), *entry = first_entry(file);
    uint8_t *heap = entry + 3 * (INDEX_BLOCK_SIZE + 2 * ZONE_STRING_SLOT + ZONE_NUMBER_SLOT + ZONE_BOOL_SLOT);

    (void)state;
    heap[load_u32le(entry + 20) + 8] = '!'; /* the last byte of "key000000" */
    expect_fault(file, "first or last key");
}

static void verify_finds_wrong_sequences_and_totals(void **state)
{
    uint8_t *file = copy_file();

    (void)state;
    store_u64le(file + load_u64le(first_entry(file)) + 24, 40);
    expect_fault(file, "sequences are not what the footer says");
}

static void verify_finds_keys_out_of_order(void **state)
{
    uint8_t *file = copy_file();
    uint8_t *block = file + load_u64le(first_entry(file));
    uint8_t *bytes = block + load_u32le(block + BLOCK_HEADER_SIZE + 16);

    (void)state;
    assert_int_equal(block[BLOCK_HEADER_SIZE], COLUMN_PLAIN_STRINGS);
    assert_int_equal(block[BLOCK_HEADER_SIZE + 2], 0); /* not compressed */
    bytes[column_entry_count(&(struct column_entry){.base = load_u64le(block + BLOCK_HEADER_SIZE + 24)})] = '7';
    expect_fault(file, "the keys are out of order");
}

static void a_newer_format_is_named_as_such(void **state)
{
    uint8_t *file = copy_file();
    struct ssql_error error = {0};

    (void)state;
    store_u32le(file + info.size - SSTABLE_FOOTER_SIZE + 8, 2);
    assert_false(verify_bytes(file, &error));
    assert_int_equal(error.code, SSQL_CANNOT_OPEN);
    assert_non_null(strstr(error.message, "newer"));
    free(file);
}

static void a_write_that_fails_anywhere_is_reported_and_leaves_no_file(void **state)
{
    struct volume *good = volume, *inner;
    struct sstable_info good_info = info;
    uint32_t failures = 0;

    (void)state;
    for (uint64_t at = 1;; at++) {
        struct ssql_error error = {0};
        assert_true(volume_memory_create(&inner, NULL));
        assert_true(volume_faulty_create(inner, &volume, NULL));
        struct fault_plan plan = {.fail_at = at, .status = VOLUME_NO_SPACE};
        volume_faulty_set(volume, &plan);
        bool written = write_file(50, &error);
        if (!written) {
            failures++;
            assert_int_equal(error.code, SSQL_DISK_FULL);
            struct object *object;
            assert_int_equal(object_open(inner, NAME, good_info.size, &object, NULL), VOLUME_NOT_FOUND);
        }
        sstable_info_clear(&info);
        volume_close(volume);
        if (written)
            break;
    }
    assert_true(failures >= 3); /* create, append, finish */
    info = good_info;
    volume = good;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_whole_file_reads),
        cmocka_unit_test(every_changed_byte_is_an_error_that_names_the_file),
        cmocka_unit_test(another_size_layout_or_count_is_refused),
        cmocka_unit_test(verify_accepts_a_copy),
        cmocka_unit_test(verify_finds_a_filter_without_a_key),
        cmocka_unit_test(verify_finds_a_zone_map_that_is_too_narrow),
        cmocka_unit_test(verify_finds_keys_that_the_index_does_not_know),
        cmocka_unit_test(verify_finds_wrong_sequences_and_totals),
        cmocka_unit_test(verify_finds_keys_out_of_order),
        cmocka_unit_test(a_newer_format_is_named_as_such),
        cmocka_unit_test(a_write_that_fails_anywhere_is_reported_and_leaves_no_file),
    };

    return cmocka_run_group_tests(tests, make_file, drop_file);
}
