#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/sstable_fixture.h"

enum { BLOCK_ROWS = 24, MIXED_COLUMNS = 15 };

static const struct table_layout LAYOUTS[SSTABLE_SHAPES] = {
    [SSTABLE_MIXED] = {.column_count = MIXED_COLUMNS,
                       .key_count = 2,
                       .types = {SSQL_TYPE_STRING, SSQL_TYPE_INT, SSQL_TYPE_BOOL, SSQL_TYPE_FLOAT, SSQL_TYPE_STRING,
                                 SSQL_TYPE_STRING, SSQL_TYPE_STRING, SSQL_TYPE_INT, SSQL_TYPE_INT, SSQL_TYPE_FLOAT,
                                 SSQL_TYPE_BOOL, SSQL_TYPE_STRING, SSQL_TYPE_STRING, SSQL_TYPE_STRING, SSQL_TYPE_INT},
                       .key_columns = {0, 1}},
    [SSTABLE_INT_KEY] = {.column_count = 2, .key_count = 1, .types = {SSQL_TYPE_INT, SSQL_TYPE_STRING}},
    [SSTABLE_SPARSE_KEY] = {.column_count = 2, .key_count = 1, .types = {SSQL_TYPE_INT, SSQL_TYPE_STRING}},
    [SSTABLE_SPACED_KEY] = {.column_count = 2, .key_count = 1, .types = {SSQL_TYPE_INT, SSQL_TYPE_STRING}},
    [SSTABLE_CONSTANT_KEY] = {.column_count = 2, .key_count = 1, .types = {SSQL_TYPE_STRING, SSQL_TYPE_INT}},
    [SSTABLE_REPEATED_KEY] = {.column_count = 2, .key_count = 1, .types = {SSQL_TYPE_STRING, SSQL_TYPE_INT}},
    [SSTABLE_FLOAT_KEY] = {.column_count = 2,
                           .key_count = 2,
                           .types = {SSQL_TYPE_FLOAT, SSQL_TYPE_STRING},
                           .key_columns = {0, 1}},
};

void sstable_fixture_init(struct sstable_fixture *fixture, enum sstable_shape shape)
{
    *fixture = (struct sstable_fixture){.shape = shape};
    assert_true(volume_memory_create(&fixture->volume, NULL));
    assert_true(block_cache_create(1 << 20, &fixture->cache, NULL));
    assert_true(row_format_create(&LAYOUTS[shape], &fixture->format, NULL));
}

void sstable_fixture_clear(struct sstable_fixture *fixture)
{
    sstable_info_clear(&fixture->info);
    row_format_destroy(fixture->format);
    block_cache_destroy(fixture->cache);
    volume_close(fixture->volume);
}

__attribute__((format(printf, 2, 3))) static struct value string_of(char *space, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    int size = vsnprintf(space, FIXTURE_STRING_MOST, format, arguments);
    va_end(arguments);
    return value_string(slice_make(space, (size_t)size));
}

static void mixed_row(uint32_t row, char strings[FIXTURE_SSTABLE_COLUMNS_MOST][FIXTURE_STRING_MOST],
                      struct value *values)
{
    static const char *const words[] = {"a", "longer than a", "the longest of the words"};

    values[0] = string_of(strings[0], "the same beginning %02u", row / 2);
    values[1] = value_int(row % 2);
    values[2] = value_bool(row % 3 == 0);
    values[3] = value_float(row * 0.5);
    values[4] = string_of(strings[4], "%s", words[row % 3]);
    values[5] = string_of(strings[5], "%u: a text that repeats itself, a text that repeats itself, a text that", row);
    values[6] = string_of(strings[6], "constant");
    values[7] = row % 7 == 0 ? value_null(SSQL_TYPE_INT) : value_int((int64_t)row * row);
    values[8] = value_int(-5);
    values[9] = value_float(2.5);
    values[10] = value_bool(true);
    values[11] = row % 5 == 0 ? value_null(SSQL_TYPE_STRING) : string_of(strings[11], "or null");
    values[12] = row % 5 == 1 ? value_null(SSQL_TYPE_STRING) : string_of(strings[12], "%s", words[row % 2]);
    values[14] = value_null(SSQL_TYPE_INT);
    values[13] = string_of(strings[13], "prefix of many %u%s", row, words[row % 2]);
}

void sstable_fixture_row(const struct sstable_fixture *fixture, uint32_t row,
                         char strings[FIXTURE_SSTABLE_COLUMNS_MOST][FIXTURE_STRING_MOST],
                         struct value values[FIXTURE_SSTABLE_COLUMNS_MOST])
{
    static const char *const keys[] = {"one key with many versions", "some other key with its versions"};

    switch (fixture->shape) {
    case SSTABLE_MIXED: mixed_row(row, strings, values); return;
    case SSTABLE_INT_KEY:
    case SSTABLE_SPACED_KEY:
    case SSTABLE_SPARSE_KEY:
        values[0] = value_int(fixture->shape == SSTABLE_INT_KEY      ? (int64_t)row * 3 - 20
                              : fixture->shape == SSTABLE_SPACED_KEY ? (int64_t)row * 10000
                                                                     : (int64_t)row << 40);
        values[1] = string_of(strings[1], "%u", row);
        return;
    case SSTABLE_CONSTANT_KEY:
        values[0] = string_of(strings[0], "the key");
        values[1] = value_int(row);
        return;
    case SSTABLE_FLOAT_KEY:
        values[0] = value_float(row / 3 * 0.75);
        values[1] = string_of(strings[1], "begins alike %u", row % 3);
        return;
    default:
        values[0] = string_of(strings[0], "%s", keys[row % BLOCK_ROWS >= BLOCK_ROWS / 2]);
        if (row >= BLOCK_ROWS)
            strings[0][0] = 't';
        values[1] = value_int(row);
    }
}

bool sstable_fixture_is_tombstone(const struct sstable_fixture *fixture, uint32_t row)
{
    return fixture->shape == SSTABLE_MIXED && row % 11 == 4;
}

/* Versions of a key go from new to old. */
uint64_t sstable_fixture_sequence(const struct sstable_fixture *fixture, uint32_t row)
{
    return fixture->shape == SSTABLE_INT_KEY ? 77 : 500 - row;
}

static bool add_rows(const struct sstable_fixture *fixture, struct sstable_writer *writer, struct buffer *rows,
                     struct buffer *keys, struct ssql_error *error)
{
    char strings[FIXTURE_SSTABLE_COLUMNS_MOST][FIXTURE_STRING_MOST];
    struct value values[FIXTURE_SSTABLE_COLUMNS_MOST];

    for (uint32_t i = 0; i < FIXTURE_SSTABLE_ROWS; i++) {
        sstable_fixture_row(fixture, i, strings, values);
        if (!row_encode(fixture->format, values, &rows[i], error) ||
            !row_encode_key(fixture->format, values, &keys[i], error) ||
            !sstable_writer_add(writer, buffer_slice(&keys[i]),
                                sstable_fixture_is_tombstone(fixture, i) ? (struct slice){0} : buffer_slice(&rows[i]),
                                sstable_fixture_sequence(fixture, i), error))
            return false;
    }
    return true;
}

bool sstable_fixture_write(struct sstable_fixture *fixture, struct ssql_error *error)
{
    const struct sstable_writer_options options = {.block_rows = BLOCK_ROWS,
                                                   .block_bytes = 1 << 16,
                                                   .filter_bits = 10,
                                                   .expected_rows = FIXTURE_SSTABLE_ROWS,
                                                   .compress = true};
    struct buffer rows[FIXTURE_SSTABLE_ROWS] = {0}, keys[FIXTURE_SSTABLE_ROWS] = {0};
    struct sstable_writer *writer;
    bool is_written = false;

    if (!sstable_writer_create(fixture->volume, FIXTURE_SSTABLE_NAME, fixture->format, &options, &writer, error))
        return false;
    if (add_rows(fixture, writer, rows, keys, error))
        is_written = sstable_writer_finish(writer, &fixture->info, error);
    else
        sstable_writer_abandon(writer);
    for (uint32_t i = 0; i < FIXTURE_SSTABLE_ROWS; i++) {
        buffer_clear(&rows[i]);
        buffer_clear(&keys[i]);
    }
    return is_written;
}

uint8_t *sstable_fixture_bytes(const struct sstable_fixture *fixture)
{
    uint8_t *bytes = malloc(fixture->info.size);
    struct object_range range = {.data = bytes, .size = fixture->info.size};
    struct object *object;

    assert_non_null(bytes);
    assert_int_equal(object_open(fixture->volume, FIXTURE_SSTABLE_NAME, fixture->info.size, &object, NULL), VOLUME_OK);
    assert_int_equal(object_read(object, &range, 1, NULL), VOLUME_OK);
    object_close(object);
    return bytes;
}

static uint64_t checksum_at(const uint8_t *bytes, uint64_t offset, uint64_t size)
{
    return sstable_checksum(slice_make(bytes + offset, size), sstable_identity(FIXTURE_SSTABLE_NAME), offset);
}

void sstable_fixture_mend(const struct sstable_fixture *fixture, const uint8_t *original, uint8_t *changed)
{
    const struct table_layout *layout = &fixture->format->layout;
    uint64_t place = fixture->info.size - SSTABLE_FOOTER_SIZE;
    const uint8_t *end = original + place;
    uint64_t index = load_u64le(end + 16), filter = load_u64le(end + 40);
    const uint8_t *entry = original + index + 8 + layout->column_count + 2 * (size_t)layout->key_count;

    for (uint32_t i = 0; i < load_u32le(end + 12); i++, entry += INDEX_BLOCK_SIZE) {
        uint64_t offset = load_u64le(entry);
        store_u64le(changed + offset, sstable_checksum(slice_make(changed + offset + 8, load_u32le(entry + 8) - 8),
                                                       sstable_identity(FIXTURE_SSTABLE_NAME), offset));
    }
    store_u64le(changed + place + 32, checksum_at(changed, index, load_u64le(end + 24)));
    store_u64le(changed + place + 56, checksum_at(changed, filter, load_u64le(end + 48)));
    store_u64le(changed + place + FOOTER_CHECKSUM_OFFSET, checksum_at(changed, place, FOOTER_CHECKSUM_OFFSET));
}

void sstable_fixture_replace(struct sstable_fixture *fixture, const uint8_t *bytes)
{
    struct object_writer *writer;

    volume_close(fixture->volume);
    assert_true(volume_memory_create(&fixture->volume, NULL));
    assert_int_equal(object_create(fixture->volume, FIXTURE_SSTABLE_NAME, 0, &writer, NULL), VOLUME_OK);
    assert_int_equal(object_append(writer, slice_make(bytes, fixture->info.size), NULL), VOLUME_OK);
    assert_int_equal(object_finish(writer, NULL), VOLUME_OK);
}
