#include "storage/bit_packing.h"

#include <assert.h>

#include "base/bytes.h"

enum { NARROW_LANES = 8, NARROW_ROWS = 32, WIDE_LANES = 4, WIDE_ROWS = 64 };

static size_t unit_size(uint32_t count, uint32_t width)
{
    if (width <= 32) {
        uint32_t rows = (count + NARROW_LANES - 1) / NARROW_LANES;
        return (size_t)(rows * width + 31) / 32 * 4 * NARROW_LANES;
    }
    uint32_t rows = (count + WIDE_LANES - 1) / WIDE_LANES;
    return (size_t)(rows * width + 63) / 64 * 8 * WIDE_LANES;
}

size_t packed_size(uint32_t count, uint32_t width)
{
    size_t full = (size_t)(count / PACKING_UNIT) * 32 * width;

    return full + unit_size(count % PACKING_UNIT, width);
}

static uint32_t unit_count(uint32_t left)
{
    return left < PACKING_UNIT ? left : PACKING_UNIT;
}

/* ---- packing ---- */

static void pack_narrow(const int64_t *values, uint32_t count, int64_t base, uint32_t width, uint8_t *packed)
{
    for (uint32_t i = 0; i < count; i++) {
        uint32_t value = (uint32_t)((uint64_t)values[i] - (uint64_t)base);
        uint32_t bit = i / NARROW_LANES * width, shift = bit % 32;
        uint8_t *word = packed + 4 * (size_t)(bit / 32 * NARROW_LANES + i % NARROW_LANES);
        store_u32le(word, load_u32le(word) | value << shift);
        if (shift + width > 32) {
            word += 4 * NARROW_LANES;
            store_u32le(word, value >> (32 - shift));
        }
    }
}

/* A full unit, lane by lane in step: 8 words are put together in registers and stored once. */
static void pack_narrow_unit(const int64_t *values, int64_t base, uint32_t width, uint8_t *packed)
{
    uint32_t words[NARROW_LANES] = {0};
    uint32_t shift = 0;

    for (uint32_t row = 0; row < NARROW_ROWS; row++) {
        uint32_t items[NARROW_LANES];
        for (uint32_t lane = 0; lane < NARROW_LANES; lane++) {
            items[lane] = (uint32_t)((uint64_t)values[row * NARROW_LANES + lane] - (uint64_t)base);
            words[lane] |= items[lane] << shift;
        }
        shift += width;
        if (shift < 32)
            continue;
        memcpy(packed, words, sizeof words);
        packed += sizeof words;
        shift -= 32;
        uint32_t kept = width - shift; /* bits of the items that went into the stored words, 1..32 */
        for (uint32_t lane = 0; lane < NARROW_LANES; lane++)
            words[lane] = (uint32_t)((uint64_t)items[lane] >> kept);
    }
}

static void pack_wide(const int64_t *values, uint32_t count, int64_t base, uint32_t width, uint8_t *packed)
{
    for (uint32_t i = 0; i < count; i++) {
        uint64_t value = (uint64_t)values[i] - (uint64_t)base;
        uint32_t bit = i / WIDE_LANES * width, shift = bit % 64;
        uint8_t *word = packed + 8 * (size_t)(bit / 64 * WIDE_LANES + i % WIDE_LANES);
        store_u64le(word, load_u64le(word) | value << shift);
        if (shift + width > 64) {
            word += 8 * WIDE_LANES;
            store_u64le(word, value >> (64 - shift));
        }
    }
}

void pack_values(const int64_t *values, uint32_t count, int64_t base, uint32_t width, uint8_t *packed)
{
    assert(width <= PACKED_WIDTH_MOST);
    if (width == 0)
        return;
    for (uint32_t from = 0; from < count; from += PACKING_UNIT, packed += 32 * (size_t)width) {
        uint32_t in_unit = unit_count(count - from);
        if (width > 32)
            pack_wide(values + from, in_unit, base, width, packed);
        else if (in_unit == PACKING_UNIT)
            pack_narrow_unit(values + from, base, width, packed);
        else
            pack_narrow(values + from, in_unit, base, width, packed);
    }
}

/* ---- unpacking ---- */

/* Row `row` of all narrow lanes. */
static inline void unpack_narrow_row(const uint8_t *packed, uint32_t row, uint32_t width, uint32_t mask,
                                     uint32_t items[NARROW_LANES])
{
    uint32_t bit = row * width, shift = bit % 32;
    const uint8_t *from = packed + (size_t)(bit / 32) * 4 * NARROW_LANES;
    uint32_t low[NARROW_LANES], high[NARROW_LANES];

    memcpy(low, from, sizeof low);
    if (shift + width <= 32) {
        for (uint32_t lane = 0; lane < NARROW_LANES; lane++)
            items[lane] = low[lane] >> shift & mask;
        return;
    }
    memcpy(high, from + sizeof low, sizeof high);
    for (uint32_t lane = 0; lane < NARROW_LANES; lane++)
        items[lane] = (low[lane] >> shift | high[lane] << (32 - shift)) & mask;
}

static inline void unpack_wide_row(const uint8_t *packed, uint32_t row, uint32_t width, uint64_t mask,
                                   uint64_t items[WIDE_LANES])
{
    uint32_t bit = row * width, shift = bit % 64;
    const uint8_t *from = packed + (size_t)(bit / 64) * 8 * WIDE_LANES;
    uint64_t low[WIDE_LANES], high[WIDE_LANES];

    memcpy(low, from, sizeof low);
    if (shift + width <= 64) {
        for (uint32_t lane = 0; lane < WIDE_LANES; lane++)
            items[lane] = low[lane] >> shift & mask;
        return;
    }
    memcpy(high, from + sizeof low, sizeof high);
    for (uint32_t lane = 0; lane < WIDE_LANES; lane++)
        items[lane] = (low[lane] >> shift | high[lane] << (64 - shift)) & mask;
}

static void unpack_narrow(const uint8_t *packed, uint32_t count, int64_t base, uint32_t width, int64_t *restrict values)
{
    uint32_t mask = (uint32_t)(UINT64_MAX >> (64 - width));
    uint32_t items[NARROW_LANES], row = 0;

    for (; row < count / NARROW_LANES; row++) {
        unpack_narrow_row(packed, row, width, mask, items);
        for (uint32_t lane = 0; lane < NARROW_LANES; lane++)
            values[row * NARROW_LANES + lane] = (int64_t)((uint64_t)base + items[lane]);
    }
    if (count % NARROW_LANES != 0)
        unpack_narrow_row(packed, row, width, mask, items);
    for (uint32_t lane = 0; lane < count % NARROW_LANES; lane++)
        values[row * NARROW_LANES + lane] = (int64_t)((uint64_t)base + items[lane]);
}

static void unpack_wide(const uint8_t *packed, uint32_t count, int64_t base, uint32_t width, int64_t *restrict values)
{
    uint64_t mask = UINT64_MAX >> (64 - width);
    uint64_t items[WIDE_LANES];
    uint32_t row = 0;

    for (; row < count / WIDE_LANES; row++) {
        unpack_wide_row(packed, row, width, mask, items);
        for (uint32_t lane = 0; lane < WIDE_LANES; lane++)
            values[row * WIDE_LANES + lane] = (int64_t)((uint64_t)base + items[lane]);
    }
    if (count % WIDE_LANES != 0)
        unpack_wide_row(packed, row, width, mask, items);
    for (uint32_t lane = 0; lane < count % WIDE_LANES; lane++)
        values[row * WIDE_LANES + lane] = (int64_t)((uint64_t)base + items[lane]);
}

void unpack_values(const uint8_t *packed, uint32_t count, int64_t base, uint32_t width, int64_t *values)
{
    assert(width <= PACKED_WIDTH_MOST);
    if (width == 0) {
        for (uint32_t i = 0; i < count; i++)
            values[i] = base;
        return;
    }
    for (uint32_t from = 0; from < count; from += PACKING_UNIT, packed += 32 * (size_t)width) {
        if (width <= 32)
            unpack_narrow(packed, unit_count(count - from), base, width, values + from);
        else
            unpack_wide(packed, unit_count(count - from), base, width, values + from);
    }
}

static void unpack_code_unit(const uint8_t *packed, uint32_t count, uint32_t width, uint16_t *restrict codes)
{
    uint32_t mask = (UINT32_C(1) << width) - 1;
    uint32_t items[NARROW_LANES], row = 0;

    for (; row < count / NARROW_LANES; row++) {
        unpack_narrow_row(packed, row, width, mask, items);
        for (uint32_t lane = 0; lane < NARROW_LANES; lane++)
            codes[row * NARROW_LANES + lane] = (uint16_t)items[lane];
    }
    if (count % NARROW_LANES != 0)
        unpack_narrow_row(packed, row, width, mask, items);
    for (uint32_t lane = 0; lane < count % NARROW_LANES; lane++)
        codes[row * NARROW_LANES + lane] = (uint16_t)items[lane];
}

void unpack_codes(const uint8_t *packed, uint32_t count, uint32_t width, uint16_t *codes)
{
    assert(width <= 16);
    if (width == 0) {
        memset(codes, 0, count * sizeof *codes);
        return;
    }
    for (uint32_t from = 0; from < count; from += PACKING_UNIT, packed += 32 * (size_t)width)
        unpack_code_unit(packed, unit_count(count - from), width, codes + from);
}

/* ---- ranges: whole rows of lanes, unit by unit ---- */

/* Of the unit that begins with item `from`, the items [*low, *high) that lie in [begin, end). */
static void clip_to_unit(uint32_t from, uint32_t begin, uint32_t end, uint32_t *low, uint32_t *high)
{
    *low = begin > from ? begin - from : 0;
    *high = unit_count(end - from);
}

static void unpack_narrow_rows(const uint8_t *packed, uint32_t first, uint32_t last, int64_t base, uint32_t width,
                               int64_t *restrict values)
{
    uint32_t mask = (uint32_t)(UINT64_MAX >> (64 - width));
    uint32_t items[NARROW_LANES];

    for (uint32_t row = first; row <= last; row++) {
        unpack_narrow_row(packed, row, width, mask, items);
        for (uint32_t lane = 0; lane < NARROW_LANES; lane++)
            values[row * NARROW_LANES + lane] = (int64_t)((uint64_t)base + items[lane]);
    }
}

static void unpack_wide_rows(const uint8_t *packed, uint32_t first, uint32_t last, int64_t base, uint32_t width,
                             int64_t *restrict values)
{
    uint64_t mask = UINT64_MAX >> (64 - width);
    uint64_t items[WIDE_LANES];

    for (uint32_t row = first; row <= last; row++) {
        unpack_wide_row(packed, row, width, mask, items);
        for (uint32_t lane = 0; lane < WIDE_LANES; lane++)
            values[row * WIDE_LANES + lane] = (int64_t)((uint64_t)base + items[lane]);
    }
}

void unpack_value_range(const uint8_t *packed, uint32_t begin, uint32_t end, int64_t base, uint32_t width,
                        int64_t *values)
{
    assert(width <= PACKED_WIDTH_MOST);
    for (uint32_t i = begin; width == 0 && i < end; i++)
        values[i] = base;
    if (width == 0)
        return;
    for (uint32_t from = begin / PACKING_UNIT * PACKING_UNIT; from < end; from += PACKING_UNIT) {
        const uint8_t *unit = packed + (size_t)from / PACKING_UNIT * 32 * width;
        uint32_t low, high;
        clip_to_unit(from, begin, end, &low, &high);
        if (width <= 32)
            unpack_narrow_rows(unit, low / NARROW_LANES, (high - 1) / NARROW_LANES, base, width, values + from);
        else
            unpack_wide_rows(unit, low / WIDE_LANES, (high - 1) / WIDE_LANES, base, width, values + from);
    }
}

void unpack_code_range(const uint8_t *packed, uint32_t begin, uint32_t end, uint32_t width, uint16_t *codes)
{
    uint32_t mask = (UINT32_C(1) << width) - 1;

    assert(width <= 16);
    if (width == 0 && begin < end)
        memset(codes + begin, 0, (end - begin) * sizeof *codes);
    if (width == 0)
        return;
    for (uint32_t from = begin / PACKING_UNIT * PACKING_UNIT; from < end; from += PACKING_UNIT) {
        const uint8_t *unit = packed + (size_t)from / PACKING_UNIT * 32 * width;
        uint32_t low, high, items[NARROW_LANES];
        clip_to_unit(from, begin, end, &low, &high);
        for (uint32_t row = low / NARROW_LANES; row <= (high - 1) / NARROW_LANES; row++) {
            unpack_narrow_row(unit, row, width, mask, items);
            for (uint32_t lane = 0; lane < NARROW_LANES; lane++)
                codes[from + row * NARROW_LANES + lane] = (uint16_t)items[lane];
        }
    }
}

/* ---- one value ---- */

uint64_t packed_value(const uint8_t *packed, uint32_t width, uint32_t i)
{
    if (width == 0)
        return 0;
    packed += (size_t)(i / PACKING_UNIT) * 32 * width;
    i %= PACKING_UNIT;
    if (width <= 32) {
        uint32_t bit = i / NARROW_LANES * width, shift = bit % 32;
        const uint8_t *word = packed + 4 * (size_t)(bit / 32 * NARROW_LANES + i % NARROW_LANES);
        uint64_t value = load_u32le(word);
        if (shift + width > 32)
            value |= (uint64_t)load_u32le(word + 4 * NARROW_LANES) << 32;
        return value >> shift & UINT64_MAX >> (64 - width);
    }
    uint32_t bit = i / WIDE_LANES * width, shift = bit % 64;
    const uint8_t *word = packed + 8 * (size_t)(bit / 64 * WIDE_LANES + i % WIDE_LANES);
    uint64_t value = load_u64le(word) >> shift;
    if (shift + width > 64)
        value |= load_u64le(word + 8 * WIDE_LANES) << (64 - shift);
    return value & UINT64_MAX >> (64 - width);
}

void packed_prefetch(const uint8_t *packed, uint32_t width, uint32_t i)
{
    packed += (size_t)(i / PACKING_UNIT) * 32 * width;
    i %= PACKING_UNIT;
    if (width <= 32)
        __builtin_prefetch(packed + 4 * (size_t)(i / NARROW_LANES * width / 32 * NARROW_LANES + i % NARROW_LANES));
    else
        __builtin_prefetch(packed + 8 * (size_t)(i / WIDE_LANES * width / 64 * WIDE_LANES + i % WIDE_LANES));
}

/* ---- bitmaps ---- */

#define EACH_BYTE(byte) (UINT64_C(0x0101010101010101) * (byte))

/* The eight bits of a byte as eight bytes of 0 or 1, the lowest first. */
static uint64_t spread_bits(uint8_t bits)
{
    uint64_t alone = EACH_BYTE((uint64_t)bits) & UINT64_C(0x8040201008040201);

    return (alone + EACH_BYTE(0x7F)) >> 7 & EACH_BYTE(1);
}

void bitmap_expand(const uint8_t *bitmap, uint32_t count, uint8_t *bytes)
{
    for (uint32_t i = 0; i < count / 8; i++)
        store_u64le(bytes + 8 * (size_t)i, spread_bits(bitmap[i]));
    for (uint32_t i = count / 8 * 8; i < count; i++)
        bytes[i] = (uint8_t)bitmap_bit(bitmap, i);
}

void bitmap_expand_range(const uint8_t *bitmap, uint32_t begin, uint32_t end, uint8_t *bytes)
{
    for (uint32_t i = begin / 8; i < (end + 7) / 8; i++)
        store_u64le(bytes + 8 * (size_t)i, spread_bits(bitmap[i]));
}

void bitmap_pack(const uint8_t *bytes, uint32_t count, uint8_t *bitmap)
{
    for (uint32_t i = 0; i < count; i++)
        bitmap[i / 8] |= (uint8_t)((bytes[i] != 0) << (i % 8));
}
