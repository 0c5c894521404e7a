/* The keys of a block: finding one, and all of them for merging. */
#include <assert.h>
#include <stdlib.h>

#include "base/key_codec.h"
#include "storage/bit_packing.h"
#include "storage/column_decoder.h"

#define SIGN_BIT (UINT64_C(1) << 63)

static const char BAD_KEYS[] = "the strings of a key column contradict each other";

/* ---- finding a key: int ---- */

/* First row whose packed value is >= `target`, which is no greater than the last row's. Dense keys are found at the
 * first try: the search begins where the key would be if keys were spread evenly. */
static uint32_t find_packed(const uint8_t *packed, uint32_t width, uint32_t row_count, uint64_t target)
{
    uint32_t low = 0, high = row_count - 1; /* the last row is not less */
    uint64_t last = packed_value(packed, width, high);
    uint32_t guess = last == 0 ? 0 : (uint32_t)((double)target / (double)last * high);

    while (low < high) {
        uint32_t middle = guess < high ? guess : high - 1;
        if (packed_value(packed, width, middle) < target) {
            low = middle + 1;
            if (packed_value(packed, width, low) >= target)
                return low;
        } else {
            high = middle;
            if (high == low || packed_value(packed, width, high - 1) < target)
                return high;
        }
        guess = low + (high - low) / 2;
    }
    return low;
}

static uint32_t seek_int(const struct block *block, int64_t key, bool *equal)
{
    struct column_entry entry;

    block_column_entry(block, block->sstable->format->layout.key_columns[0], &entry);
    const uint8_t *packed = block->bytes + entry.data_offset;
    *equal = false;
    if (key < (int64_t)entry.base)
        return 0;
    uint64_t target = (uint64_t)key - entry.base;
    if (packed_value(packed, entry.width, block->row_count - 1) < target)
        return block->row_count;
    uint32_t row = find_packed(packed, entry.width, block->row_count, target);
    *equal = packed_value(packed, entry.width, row) == target;
    return row;
}

/* ---- finding a key: several columns, or strings ---- */

/* The key columns of a block, opened once for a search. */
struct key_reader {
    const struct block *block;
    uint32_t part_count;
    struct column_entry entries[KEY_COLUMNS_MOST];
    struct string_column strings[KEY_COLUMNS_MOST];
};

static void key_reader_open(struct key_reader *reader, const struct block *block)
{
    const struct table_layout *layout = &block->sstable->format->layout;

    reader->block = block;
    reader->part_count = layout->key_count;
    for (uint32_t i = 0; i < layout->key_count; i++) {
        block_column_entry(block, layout->key_columns[i], &reader->entries[i]);
        if (layout->types[layout->key_columns[i]] == SSQL_TYPE_STRING)
            string_column_open(&reader->strings[i], block, &reader->entries[i]);
    }
}

/* Order of a row's string against another, without putting the row's together. */
static bool compare_string(const struct string_column *column, uint32_t row, struct slice other, int *order)
{
    struct slice rest;
    size_t prefix_size = column->prefix.size;

    if (!string_column_rest(column, row, &rest))
        return false;
    if (prefix_size == 0) {
        *order = slice_compare(rest, other);
        return true;
    }
    struct slice begin = slice_make(other.data, other.size < prefix_size ? other.size : prefix_size);
    *order = slice_compare(column->prefix, begin);
    if (*order == 0)
        *order = slice_compare(rest, slice_make(other.data + prefix_size, other.size - prefix_size));
    return true;
}

/* Order of a row's key against the parts of another. False: damage, which only strings can tell. */
static bool compare_parts(const struct key_reader *reader, uint32_t row, const struct value *parts, int *order,
                          struct ssql_error *error)
{
    const struct table_layout *layout = &reader->block->sstable->format->layout;

    *order = 0;
    for (uint32_t i = 0; i < reader->part_count && *order == 0; i++) {
        struct value value;
        if (parts[i].type == SSQL_TYPE_STRING) {
            if (!compare_string(&reader->strings[i], row, parts[i].string, order))
                return block_damaged(reader->block, BAD_KEYS, error);
        } else {
            bool is_read = block_value(reader->block, layout->key_columns[i], row, NULL, &value, error);
            assert(is_read);
            (void)is_read;
            *order = value_compare(&value, &parts[i]);
        }
    }
    return true;
}

/* Splits a wanted key into parts. False: its bytes are no whole key (a range may begin anywhere), or floats are among
 * them, whose bytes have an order of their own where values compare equal. */
static bool split_key(const struct table_layout *layout, struct slice key, struct value *parts, struct buffer *scratch)
{
    enum ssql_type types[KEY_COLUMNS_MOST];

    for (uint32_t i = 0; i < layout->key_count; i++) {
        types[i] = layout->types[layout->key_columns[i]];
        if (types[i] == SSQL_TYPE_FLOAT)
            return false;
    }
    if (layout->key_count == 1 && types[0] == SSQL_TYPE_STRING) {
        parts[0] = value_string(key);
        return true;
    }
    return key_decode(key, types, layout->key_count, parts, scratch);
}

/* Appends the encoded key of a row. */
static bool append_row_key(const struct block *block, uint32_t row, struct column_buffer *buffers, struct buffer *key,
                           struct ssql_error *error)
{
    const struct table_layout *layout = &block->sstable->format->layout;
    struct value parts[KEY_COLUMNS_MOST];

    for (uint32_t i = 0; i < layout->key_count; i++)
        if (!block_value(block, layout->key_columns[i], row, &buffers[i], &parts[i], error))
            return false;
    key_encode(key, parts, layout->key_count);
    if (!key->failed)
        return true;
    return error_no_memory(error);
}

/* The search by parts. */
static bool seek_parts(const struct block *block, const struct value *parts, uint32_t *row, bool *equal,
                       struct ssql_error *error)
{
    struct key_reader reader;
    uint32_t low = 0, high = block->row_count;
    int order;

    key_reader_open(&reader, block);
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (!compare_parts(&reader, middle, parts, &order, error))
            return false;
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
        *equal = *equal || order == 0;
    }
    *row = low;
    return true;
}

/* The search for any bytes: rows' keys are encoded to compare. */
static bool seek_bytes(const struct block *block, struct slice key, uint32_t *row, bool *equal,
                       struct ssql_error *error)
{
    struct column_buffer buffers[KEY_COLUMNS_MOST] = {0};
    struct buffer other = {0};
    uint32_t low = 0, high = block->row_count;
    bool is_good = true;

    while (is_good && low < high) {
        uint32_t middle = low + (high - low) / 2;
        buffer_reset(&other);
        is_good = append_row_key(block, middle, buffers, &other, error);
        int order = is_good ? slice_compare(buffer_slice(&other), key) : 0;
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
        *equal = *equal || order == 0;
    }
    *row = low;
    buffer_clear(&other);
    for (uint32_t i = 0; i < block->sstable->format->layout.key_count; i++)
        column_buffer_clear(&buffers[i]);
    return is_good;
}

bool block_seek(const struct block *block, struct slice key, uint32_t *row, bool *equal, struct ssql_error *error)
{
    const struct row_format *format = block->sstable->format;
    struct value parts[KEY_COLUMNS_MOST];
    struct buffer scratch = {0};

    *equal = false;
    if (format->key_is_int && key.size == INT_KEY_SIZE) {
        *row = seek_int(block, (int64_t)(load_u64be(key.data) ^ SIGN_BIT), equal);
        return true;
    }
    bool found = split_key(&format->layout, key, parts, &scratch) ? seek_parts(block, parts, row, equal, error)
                                                                  : seek_bytes(block, key, row, equal, error);
    buffer_clear(&scratch);
    return found;
}

/* ---- all keys ---- */

void block_keys_clear(struct block_keys *keys)
{
    free(keys->heads);
    free(keys->keys);
    free(keys->bytes);
    *keys = (struct block_keys){0};
}

static uint64_t key_head(struct slice key)
{
    uint8_t bytes[8] = {0};

    if (key.size >= 8)
        return load_u64be(key.data);
    if (key.size > 0)
        memcpy(bytes, key.data, key.size);
    return load_u64be(bytes);
}

/* One int: heads say everything. */
static void decode_int_keys(const struct block *block, struct block_keys *keys)
{
    struct column_entry entry;

    block_column_entry(block, block->sstable->format->layout.key_columns[0], &entry);
    /* Adding the sign bit to the base flips it in every value. */
    unpack_values(block->bytes + entry.data_offset, block->row_count, (int64_t)(entry.base ^ SIGN_BIT), entry.width,
                  (int64_t *)keys->heads);
}

/* One string: the strings are the keys. Its bytes are lent to a column buffer and taken back. */
static bool decode_string_keys(const struct block *block, struct block_keys *keys, struct ssql_error *error)
{
    struct column_buffer buffer = {.items = keys->keys, .bytes = keys->bytes, .bytes_capacity = keys->bytes_capacity};
    struct vector vector;
    uint32_t count = block->row_count;

    bool decoded = block_decode_column(block, block->sstable->format->layout.key_columns[0], &buffer, &vector, error);
    keys->bytes = buffer.bytes;
    keys->bytes_capacity = buffer.bytes_capacity;
    if (decoded && vector.kind == VECTOR_CONSTANT) {
        for (uint32_t i = count; i-- > 0;)
            keys->keys[i] = keys->keys[0];
    } else if (decoded && vector.kind == VECTOR_DICTIONARY) {
        struct slice items[BATCH_CAPACITY];
        memcpy(items, keys->keys, vector.dictionary_count * sizeof *items);
        for (uint32_t i = 0; i < count; i++)
            keys->keys[i] = items[vector.codes[i]];
    }
    free(buffer.codes);
    free(buffer.nulls);
    return decoded;
}

/* Encodes the keys of vectors into one run of bytes. */
static bool encode_keys(const struct vector *vectors, uint32_t part_count, uint32_t row_count, struct block_keys *keys,
                        struct ssql_error *error)
{
    struct buffer bytes = {.data = keys->bytes, .capacity = keys->bytes_capacity};
    struct value parts[KEY_COLUMNS_MOST];

    for (uint32_t row = 0; row < row_count; row++) {
        size_t begin = bytes.size;
        for (uint32_t i = 0; i < part_count; i++)
            parts[i] = vector_value(&vectors[i], row);
        key_encode(&bytes, parts, part_count);
        keys->keys[row].size = bytes.size - begin;
    }
    keys->bytes = bytes.data;
    keys->bytes_capacity = bytes.capacity;
    if (bytes.failed)
        return error_no_memory(error);
    const uint8_t *next = bytes.data;
    for (uint32_t row = 0; row < row_count; row++) {
        keys->keys[row].data = next;
        next += keys->keys[row].size;
    }
    return true;
}

static bool decode_composite_keys(const struct block *block, struct block_keys *keys, struct ssql_error *error)
{
    const struct table_layout *layout = &block->sstable->format->layout;
    struct column_buffer buffers[KEY_COLUMNS_MOST] = {0};
    struct vector vectors[KEY_COLUMNS_MOST];
    bool decoded = true;

    for (uint32_t i = 0; decoded && i < layout->key_count; i++)
        decoded = block_decode_column(block, layout->key_columns[i], &buffers[i], &vectors[i], error);
    decoded = decoded && encode_keys(vectors, layout->key_count, block->row_count, keys, error);
    for (uint32_t i = 0; i < layout->key_count; i++)
        column_buffer_clear(&buffers[i]);
    return decoded;
}

bool block_decode_keys(const struct block *block, struct block_keys *keys, struct ssql_error *error)
{
    const struct row_format *format = block->sstable->format;

    if (keys->heads == NULL)
        keys->heads = malloc(BATCH_CAPACITY * sizeof *keys->heads);
    if (keys->heads == NULL)
        return error_no_memory(error);
    if (format->key_is_int) {
        decode_int_keys(block, keys);
        return true;
    }
    if (keys->keys == NULL)
        keys->keys = malloc(BATCH_CAPACITY * sizeof *keys->keys);
    if (keys->keys == NULL)
        return error_no_memory(error);
    bool is_string =
        format->layout.key_count == 1 && format->layout.types[format->layout.key_columns[0]] == SSQL_TYPE_STRING;
    if (is_string ? !decode_string_keys(block, keys, error) : !decode_composite_keys(block, keys, error))
        return false;
    for (uint32_t i = 0; i < block->row_count; i++)
        keys->heads[i] = key_head(keys->keys[i]);
    return true;
}
