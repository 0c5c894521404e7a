/* bit_packing.h - numbers of `width` bits each, packed so that plain loops unpack them fast and any single one is read
 * alone.
 *
 * Values come in units of 256. In a unit, value i lies in lane i % L at row i / L; widths up to 32 have L = 8 lanes of
 * 32-bit words, wider ones L = 4 lanes of 64-bit words, so that a full unit always takes 32 * width bytes. Word k of
 * lane l is word k * L + l of the unit; within a lane the rows' bits follow each other from the lowest bit up. The last
 * unit holds only as many words as its rows need. Width 0 takes no bytes: every value is the base. */
#ifndef SSQL_STORAGE_BIT_PACKING_H
#define SSQL_STORAGE_BIT_PACKING_H

#include <stddef.h>
#include <stdint.h>

enum { PACKING_UNIT = 256, PACKED_WIDTH_MOST = 64 };

/* Bits that hold every number up to `largest`. */
static inline uint32_t packing_width(uint64_t largest)
{
    return largest == 0 ? 0 : 64 - (uint32_t)__builtin_clzll(largest);
}

/* Bytes of `count` values. */
size_t packed_size(uint32_t count, uint32_t width);

/* Packs values[i] - base, each of which fits into `width` bits, into zeroed space of packed_size bytes. */
void pack_values(const int64_t *values, uint32_t count, int64_t base, uint32_t width, uint8_t *packed);

/* The inverse: values[i] = base + packed value. */
void unpack_values(const uint8_t *packed, uint32_t count, int64_t base, uint32_t width, int64_t *values);

/* For codes: width <= 16. */
void unpack_codes(const uint8_t *packed, uint32_t count, uint32_t width, uint16_t *codes);

/* The same for the items [begin, end), each at its own place. Up to PACKING_STEP - 1 items before and after them are
 * overwritten with anything: the array has room for a multiple of PACKING_STEP. */
enum { PACKING_STEP = 8 };
void unpack_value_range(const uint8_t *packed, uint32_t begin, uint32_t end, int64_t base, uint32_t width,
                        int64_t *values);
void unpack_code_range(const uint8_t *packed, uint32_t begin, uint32_t end, uint32_t width, uint16_t *codes);

/* Packed value i: what is packed, without the base. */
uint64_t packed_value(const uint8_t *packed, uint32_t width, uint32_t i);
/* Begins to fetch what packed_value will read. */
void packed_prefetch(const uint8_t *packed, uint32_t width, uint32_t i);

/* ---- bitmaps: bit i of byte i / 8 ---- */

static inline size_t bitmap_size(uint32_t count)
{
    return (count + 7) / 8;
}

static inline int bitmap_bit(const uint8_t *bitmap, uint32_t i)
{
    return bitmap[i / 8] >> (i % 8) & 1;
}

/* bytes[i] becomes 0 or 1. */
void bitmap_expand(const uint8_t *bitmap, uint32_t count, uint8_t *bytes);

/* The same for [begin, end), as the ranges above. */
void bitmap_expand_range(const uint8_t *bitmap, uint32_t begin, uint32_t end, uint8_t *bytes);

/* Sets the bits of the bytes that are not 0, in zeroed space. */
void bitmap_pack(const uint8_t *bytes, uint32_t count, uint8_t *bitmap);

#endif
