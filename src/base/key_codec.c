#include "base/key_codec.h"

#include <assert.h>
#include <math.h>

#include "base/bytes.h"

#define SIGN_BIT ((uint64_t)1 << 63)

void key_encode_int(int64_t integer, uint8_t key[INT_KEY_SIZE])
{
    store_u64be(key, (uint64_t)integer ^ SIGN_BIT);
}

static uint64_t float_to_ordered(double real)
{
    uint64_t bits;

    if (isnan(real))
        return UINT64_MAX;
    if (real == 0)
        real = 0.0;
    memcpy(&bits, &real, sizeof bits);
    return (bits & SIGN_BIT) != 0 ? ~bits : bits ^ SIGN_BIT;
}

static double float_from_ordered(uint64_t ordered)
{
    double real;

    if (ordered == UINT64_MAX)
        return NAN;
    uint64_t bits = (ordered & SIGN_BIT) != 0 ? ordered ^ SIGN_BIT : ~ordered;
    memcpy(&real, &bits, sizeof real);
    return real;
}

/* A string that is not the last part: zero bytes escaped, then an end mark below every continuation. */
static void append_inner_string(struct buffer *buffer, struct slice string)
{
    size_t from = 0;

    for (size_t i = 0; i < string.size; i++) {
        if (string.data[i] != 0)
            continue;
        buffer_append(buffer, string.data + from, i + 1 - from);
        buffer_append_byte(buffer, 0xFF);
        from = i + 1;
    }
    if (from < string.size) /* an empty string need not have an address */
        buffer_append(buffer, string.data + from, string.size - from);
    buffer_append(buffer, "\0\1", 2);
}

void key_encode(struct buffer *buffer, const struct value *parts, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        uint8_t bytes[8];
        switch (parts[i].type) {
        case SSQL_TYPE_INT:
            key_encode_int(parts[i].integer, bytes);
            buffer_append(buffer, bytes, sizeof bytes);
            break;
        case SSQL_TYPE_FLOAT:
            store_u64be(bytes, float_to_ordered(parts[i].real));
            buffer_append(buffer, bytes, sizeof bytes);
            break;
        case SSQL_TYPE_BOOL: buffer_append_byte(buffer, parts[i].boolean); break;
        case SSQL_TYPE_STRING:
            if (i + 1 == count)
                buffer_append(buffer, parts[i].string.data, parts[i].string.size);
            else
                append_inner_string(buffer, parts[i].string);
            break;
        case SSQL_TYPE_NULL:;
        }
    }
}

/* Finds the end mark of an inner string; false when there is none. */
static bool find_string_end(struct slice key, size_t *end, bool *has_escape)
{
    *has_escape = false;
    for (size_t i = 0; i + 1 < key.size; i++) {
        if (key.data[i] != 0)
            continue;
        if (key.data[i + 1] == 0x01) {
            *end = i;
            return true;
        }
        if (key.data[i + 1] != 0xFF)
            return false;
        *has_escape = true;
        i++;
    }
    return false;
}

static void append_unescaped(struct buffer *scratch, struct slice escaped)
{
    for (size_t i = 0; i < escaped.size; i++) {
        buffer_append_byte(scratch, escaped.data[i]);
        if (escaped.data[i] == 0)
            i++;
    }
}

static bool decode_inner_string(struct slice *key, struct value *part, struct buffer *scratch)
{
    size_t end;
    bool has_escape;

    if (!find_string_end(*key, &end, &has_escape))
        return false;
    struct slice string = slice_make(key->data, end);
    if (has_escape) {
        size_t start = scratch->size;
        append_unescaped(scratch, string);
        assert(!scratch->failed); /* there is room for the whole key */
        string = slice_make(scratch->data + start, scratch->size - start);
    }
    *part = value_string(string);
    *key = slice_make(key->data + end + 2, key->size - end - 2);
    return true;
}

static bool take(struct slice *key, size_t size, const uint8_t **bytes)
{
    if (key->size < size)
        return false;
    *bytes = key->data;
    *key = slice_make(key->data + size, key->size - size);
    return true;
}

bool key_decode(struct slice key, const enum ssql_type *types, uint32_t count, struct value *parts,
                struct buffer *scratch)
{
    /* Reserved at once: decoded strings point into it, so it must not move. */
    if (key.size > 0 && buffer_reserve(scratch, key.size) == NULL)
        return false;
    for (uint32_t i = 0; i < count; i++) {
        const uint8_t *bytes;
        if (types[i] == SSQL_TYPE_STRING) {
            if (i + 1 == count) {
                parts[i] = value_string(key);
                key.size = 0;
            } else if (!decode_inner_string(&key, &parts[i], scratch)) {
                return false;
            }
            continue;
        }
        if (!take(&key, types[i] == SSQL_TYPE_BOOL ? 1 : 8, &bytes))
            return false;
        if (types[i] == SSQL_TYPE_INT) {
            parts[i] = value_int((int64_t)(load_u64be(bytes) ^ SIGN_BIT));
        } else if (types[i] == SSQL_TYPE_FLOAT) {
            parts[i] = value_float(float_from_ordered(load_u64be(bytes)));
        } else {
            assert(types[i] == SSQL_TYPE_BOOL); /* a key has no other part */
            if (*bytes > 1)
                return false;
            parts[i] = value_bool(*bytes != 0);
        }
    }
    return key.size == 0;
}
