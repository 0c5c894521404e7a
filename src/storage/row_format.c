#include "storage/row_format.h"

#include <assert.h>
#include <stdlib.h>

#include "base/bytes.h"
#include "base/key_codec.h"

static uint32_t null_bitmap_size(uint32_t column_count)
{
    return (column_count + 7) / 8;
}

/* Gives every column of a type its slot, in column order; returns the offset after the last. */
static uint32_t place_columns(struct row_format *format, enum ssql_type first, enum ssql_type second, uint32_t size,
                              uint32_t offset)
{
    for (uint32_t i = 0; i < format->layout.column_count; i++) {
        if (format->layout.types[i] != first && format->layout.types[i] != second)
            continue;
        format->offsets[i] = offset;
        offset += size;
    }
    return offset;
}

bool row_format_create(const struct table_layout *layout, struct row_format **format, struct ssql_error *error)
{
    assert(layout->column_count >= 1 && layout->column_count <= COLUMNS_MOST);
    assert(layout->key_count >= 1 && layout->key_count <= KEY_COLUMNS_MOST);
    struct row_format *made = calloc(1, sizeof *made);
    *format = NULL;
    if (made == NULL)
        return error_no_memory(error);
    made->layout = *layout;
    made->key_is_int = layout->key_count == 1 && layout->types[layout->key_columns[0]] == SSQL_TYPE_INT;
    uint32_t offset = null_bitmap_size(layout->column_count);
    offset = place_columns(made, SSQL_TYPE_INT, SSQL_TYPE_FLOAT, 8, offset);
    offset = place_columns(made, SSQL_TYPE_BOOL, SSQL_TYPE_BOOL, 1, offset);
    made->string_ends_offset = offset;
    made->fixed_size = place_columns(made, SSQL_TYPE_STRING, SSQL_TYPE_STRING, 4, offset);
    for (uint32_t i = 0; i < layout->column_count; i++) {
        assert(layout->types[i] >= SSQL_TYPE_INT && layout->types[i] <= SSQL_TYPE_FLOAT);
        if (layout->types[i] == SSQL_TYPE_STRING)
            made->string_index[i] = (uint16_t)made->string_count++;
    }
    *format = made;
    return true;
}

void row_format_destroy(struct row_format *format)
{
    free(format);
}

static bool too_large(struct ssql_error *error, const char *what, size_t size, size_t most)
{
    return error_set(error, SSQL_TOO_LARGE, NO_SPAN, "the %s takes %zu bytes, more than the %zu that are allowed", what,
                     size, most);
}

/* Encoded size of the row, or anything above ROW_SIZE_MOST. */
static size_t encoded_size(const struct row_format *format, const struct value *values)
{
    size_t size = format->fixed_size;

    for (uint32_t i = 0; i < format->layout.column_count; i++) {
        if (format->layout.types[i] != SSQL_TYPE_STRING || values[i].is_null)
            continue;
        if (values[i].string.size > ROW_SIZE_MOST)
            return values[i].string.size;
        size += values[i].string.size;
    }
    return size;
}

bool row_encode(const struct row_format *format, const struct value *values, struct buffer *buffer,
                struct ssql_error *error)
{
    size_t size = encoded_size(format, values);
    if (size > ROW_SIZE_MOST)
        return too_large(error, "row", size, ROW_SIZE_MOST);
    uint8_t *row = buffer_reserve(buffer, size);
    if (row == NULL)
        return error_no_memory(error);
    memset(row, 0, format->fixed_size);
    uint32_t end = format->fixed_size;
    for (uint32_t i = 0; i < format->layout.column_count; i++) {
        uint8_t *slot = row + format->offsets[i];
        bool is_null = values[i].is_null;
        assert(is_null || values[i].type == format->layout.types[i]);
        if (is_null)
            row[i / 8] |= (uint8_t)(1u << (i % 8));
        switch ((enum ssql_type)format->layout.types[i]) {
        case SSQL_TYPE_INT: store_u64le(slot, is_null ? 0 : (uint64_t)values[i].integer); break;
        case SSQL_TYPE_FLOAT:
            if (!is_null)
                memcpy(slot, &values[i].real, 8);
            break;
        case SSQL_TYPE_BOOL: *slot = !is_null && values[i].boolean; break;
        default:
            assert(format->layout.types[i] == SSQL_TYPE_STRING);
            if (!is_null && values[i].string.size > 0) {
                memcpy(row + end, values[i].string.data, values[i].string.size);
                end += (uint32_t)values[i].string.size;
            }
            store_u32le(slot, end);
        }
    }
    assert(end == size);
    buffer->size += size;
    return true;
}

/* Appends the key of the parts, or leaves the buffer as it was. */
static bool append_key(const struct value *parts, uint32_t count, struct buffer *buffer, struct ssql_error *error)
{
    size_t before = buffer->size;
    size_t size = 0;

    for (uint32_t i = 0; i < count; i++)
        size += parts[i].type == SSQL_TYPE_STRING ? parts[i].string.size : 0;
    if (size > KEY_SIZE_MOST)
        return too_large(error, "key", size, KEY_SIZE_MOST);
    key_encode(buffer, parts, count);
    if (buffer->failed)
        return error_no_memory(error);
    if (buffer->size - before > KEY_SIZE_MOST) {
        size = buffer->size - before;
        buffer->size = before;
        return too_large(error, "key", size, KEY_SIZE_MOST);
    }
    return true;
}

bool row_encode_key(const struct row_format *format, const struct value *values, struct buffer *buffer,
                    struct ssql_error *error)
{
    struct value parts[KEY_COLUMNS_MOST];

    for (uint32_t i = 0; i < format->layout.key_count; i++) {
        parts[i] = values[format->layout.key_columns[i]];
        assert(!parts[i].is_null);
    }
    return append_key(parts, format->layout.key_count, buffer, error);
}

bool row_key(const struct row_format *format, struct slice row, struct buffer *buffer, struct ssql_error *error)
{
    struct value parts[KEY_COLUMNS_MOST];

    for (uint32_t i = 0; i < format->layout.key_count; i++) {
        parts[i] = row_value(format, row, format->layout.key_columns[i]);
        assert(!parts[i].is_null);
    }
    return append_key(parts, format->layout.key_count, buffer, error);
}

bool row_key_check(const struct row_format *format, struct slice key, struct buffer *scratch, bool *is_key,
                   struct ssql_error *error)
{
    const struct table_layout *layout = &format->layout;
    enum ssql_type types[KEY_COLUMNS_MOST];
    struct value parts[KEY_COLUMNS_MOST];

    *is_key = false;
    if (key.size > KEY_SIZE_MOST)
        return true;
    buffer_reset(scratch);
    if (buffer_reserve(scratch, key.size + 1) == NULL) /* so that decoding cannot fail for want of it */
        return error_no_memory(error);
    for (uint32_t i = 0; i < layout->key_count; i++)
        types[i] = layout->types[layout->key_columns[i]];
    *is_key = key_decode(key, types, layout->key_count, parts, scratch);
    return true;
}

struct value row_value(const struct row_format *format, struct slice row, uint32_t column)
{
    enum ssql_type type = format->layout.types[column];
    const uint8_t *slot = row.data + format->offsets[column];

    if ((row.data[column / 8] >> (column % 8) & 1) != 0)
        return value_null(type);
    switch (type) {
    case SSQL_TYPE_INT: return value_int((int64_t)load_u64le(slot));
    case SSQL_TYPE_FLOAT: {
        double real;
        memcpy(&real, slot, sizeof real);
        return value_float(real);
    }
    case SSQL_TYPE_BOOL: return value_bool(*slot != 0);
    default: {
        assert(type == SSQL_TYPE_STRING);
        uint32_t begin = format->string_index[column] == 0 ? format->fixed_size : load_u32le(slot - 4);
        return value_string(slice_make(row.data + begin, load_u32le(slot) - begin));
    }
    }
}

static bool bit_is_set(const uint8_t *bitmap, uint32_t i)
{
    return (bitmap[i / 8] >> (i % 8) & 1) != 0;
}

bool row_check(const struct row_format *format, struct slice row)
{
    const struct table_layout *layout = &format->layout;

    if (row.size < format->fixed_size || row.size > ROW_SIZE_MOST)
        return false;
    for (uint32_t i = layout->column_count; i < 8 * null_bitmap_size(layout->column_count); i++)
        if (bit_is_set(row.data, i))
            return false;
    for (uint32_t i = 0; i < layout->key_count; i++)
        if (bit_is_set(row.data, layout->key_columns[i]))
            return false;
    uint32_t end = format->fixed_size;
    for (uint32_t i = 0; i < layout->column_count; i++) {
        const uint8_t *slot = row.data + format->offsets[i];
        if (layout->types[i] == SSQL_TYPE_BOOL && *slot > 1)
            return false;
        if (layout->types[i] != SSQL_TYPE_STRING)
            continue;
        uint32_t next = load_u32le(slot);
        if (next < end || next > row.size || (next != end && bit_is_set(row.data, i)))
            return false;
        end = next;
    }
    return end == row.size;
}
