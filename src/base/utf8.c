#include "base/utf8.h"

#include "base/bytes.h"

#define HIGH_BITS 0x8080808080808080u

/* Length of the sequence at `at`, 0 when it is invalid (Unicode 15, table 3-7). */
static size_t sequence_length(const uint8_t *at, size_t left)
{
    uint8_t first = at[0];

    if (first < 0x80)
        return 1;
    if (first < 0xC2 || first > 0xF4)
        return 0;
    size_t length = first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
    if (left < length)
        return 0;
    uint8_t low = first == 0xE0 ? 0xA0 : first == 0xF0 ? 0x90 : 0x80;
    uint8_t high = first == 0xED ? 0x9F : first == 0xF4 ? 0x8F : 0xBF;
    if (at[1] < low || at[1] > high)
        return 0;
    for (size_t i = 2; i < length; i++)
        if ((at[i] & 0xC0) != 0x80)
            return 0;
    return length;
}

/* Most texts are: by two words that may overlap. */
static bool is_short_ascii(struct slice text)
{
    if (text.size >= 8 && text.size <= 16)
        return ((load_u64le(text.data) | load_u64le(text.data + text.size - 8)) & HIGH_BITS) == 0;
    if (text.size >= 4 && text.size < 8)
        return ((load_u32le(text.data) | load_u32le(text.data + text.size - 4)) & (uint32_t)HIGH_BITS) == 0;
    return false;
}

size_t utf8_valid_prefix(struct slice text)
{
    size_t i = 0;

    if (is_short_ascii(text))
        return text.size;
    while (i < text.size) {
        if (text.size - i >= 8 && (load_u64le(text.data + i) & HIGH_BITS) == 0) {
            i += 8;
            continue;
        }
        size_t length = sequence_length(text.data + i, text.size - i);
        if (length == 0)
            return i;
        i += length;
    }
    return i;
}

size_t utf8_length(struct slice text)
{
    size_t length = 0;

    for (size_t i = 0; i < text.size; i++)
        length += (text.data[i] & 0xC0) != 0x80;
    return length;
}

size_t utf8_offset(struct slice text, size_t index)
{
    size_t i = 0;

    while (i < text.size && index > 0) {
        i++;
        while (i < text.size && (text.data[i] & 0xC0) == 0x80)
            i++;
        index--;
    }
    return i;
}

size_t utf8_encode(uint32_t code_point, uint8_t bytes[4])
{
    if (code_point < 0x80) {
        bytes[0] = (uint8_t)code_point;
        return 1;
    }
    if (code_point < 0x800) {
        bytes[0] = (uint8_t)(0xC0 | code_point >> 6);
        bytes[1] = (uint8_t)(0x80 | (code_point & 0x3F));
        return 2;
    }
    if (code_point > 0x10FFFF || (code_point >= 0xD800 && code_point < 0xE000))
        return 0;
    if (code_point < 0x10000) {
        bytes[0] = (uint8_t)(0xE0 | code_point >> 12);
        bytes[1] = (uint8_t)(0x80 | (code_point >> 6 & 0x3F));
        bytes[2] = (uint8_t)(0x80 | (code_point & 0x3F));
        return 3;
    }
    bytes[0] = (uint8_t)(0xF0 | code_point >> 18);
    bytes[1] = (uint8_t)(0x80 | (code_point >> 12 & 0x3F));
    bytes[2] = (uint8_t)(0x80 | (code_point >> 6 & 0x3F));
    bytes[3] = (uint8_t)(0x80 | (code_point & 0x3F));
    return 4;
}
