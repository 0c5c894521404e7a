#include "exec/row_codec.h"

#include <assert.h>
#include <math.h>

#include "base/bytes.h"
#include "base/key_codec.h"

static void append_string(struct buffer *buffer, struct slice string)
{
    uint8_t *to = buffer_reserve(buffer, 5 + string.size);

    if (to == NULL)
        return;
    to[0] = 0;
    store_u32le(to + 1, (uint32_t)string.size);
    if (string.size > 0)
        memcpy(to + 5, string.data, string.size);
    buffer->size += 5 + string.size;
}

void row_append_value(struct buffer *buffer, const struct value *value)
{
    uint8_t bytes[9] = {0};

    if (value->is_null || value->type == SSQL_TYPE_NULL) {
        buffer_append_byte(buffer, 1);
        return;
    }
    if (value->type == SSQL_TYPE_INT) {
        store_u64le(bytes + 1, (uint64_t)value->integer);
        buffer_append(buffer, bytes, 9);
    } else if (value->type == SSQL_TYPE_FLOAT) {
        memcpy(bytes + 1, &value->real, sizeof value->real);
        buffer_append(buffer, bytes, 9);
    } else if (value->type == SSQL_TYPE_BOOL) {
        bytes[1] = value->boolean;
        buffer_append(buffer, bytes, 2);
    } else {
        append_string(buffer, value->string);
    }
}

void row_append_item(struct buffer *buffer, const struct vector *vector, uint32_t row)
{
    struct value value = vector_value(vector, row);

    row_append_value(buffer, &value);
}

void row_append_group_value(struct buffer *buffer, const struct value *value)
{
    struct value group = *value;

    if (group.type == SSQL_TYPE_FLOAT && !group.is_null)
        group.real = isnan(group.real) ? NAN : group.real == 0 ? 0.0 : group.real;
    row_append_value(buffer, &group);
}

void row_append_group_item(struct buffer *buffer, const struct vector *vector, uint32_t row)
{
    struct value value = vector_value(vector, row);

    row_append_group_value(buffer, &value);
}

static const uint8_t *take_bytes(struct slice *bytes, size_t size)
{
    const uint8_t *taken = bytes->data;

    if (bytes->size < size)
        return NULL;
    *bytes = slice_make(bytes->data + size, bytes->size - size);
    return taken;
}

bool row_take_value(struct slice *bytes, enum ssql_type type, struct value *value)
{
    const uint8_t *taken = take_bytes(bytes, 1);

    if (taken == NULL || *taken > 1)
        return false;
    *value = value_null(type);
    if (*taken == 1)
        return true;
    switch ((int)type) {
    case SSQL_TYPE_NULL: return false;
    case SSQL_TYPE_INT:
        if ((taken = take_bytes(bytes, 8)) == NULL)
            return false;
        *value = value_int((int64_t)load_u64le(taken));
        return true;
    case SSQL_TYPE_FLOAT:
        if ((taken = take_bytes(bytes, 8)) == NULL)
            return false;
        *value = value_float(0);
        memcpy(&value->real, taken, sizeof value->real);
        return true;
    case SSQL_TYPE_BOOL:
        if ((taken = take_bytes(bytes, 1)) == NULL || *taken > 1)
            return false;
        *value = value_bool(*taken != 0);
        return true;
    }
    assert(type == SSQL_TYPE_STRING);
    if ((taken = take_bytes(bytes, 4)) == NULL)
        return false;
    size_t size = load_u32le(taken);
    if ((taken = take_bytes(bytes, size)) == NULL)
        return false;
    *value = value_string(slice_make(taken, size));
    return true;
}

void row_take_own_value(struct slice *bytes, enum ssql_type type, struct value *value)
{
    bool is_taken = row_take_value(bytes, type, value);

    assert(is_taken);
    (void)is_taken;
}

void row_append_sort_key(struct buffer *buffer, const struct value *value, bool is_descending, bool nulls_last)
{
    bool is_null = value->is_null || value->type == SSQL_TYPE_NULL;
    struct value parts[2] = {*value, value_null(SSQL_TYPE_NULL)};

    buffer_append_byte(buffer, is_null == nulls_last);
    if (is_null)
        return;
    size_t start = buffer->size;
    key_encode(buffer, parts, 2); /* a part that follows makes a string take its inner form */
    if (!is_descending || buffer->failed)
        return;
    for (size_t i = start; i < buffer->size; i++)
        buffer->data[i] = (uint8_t)~buffer->data[i];
}
