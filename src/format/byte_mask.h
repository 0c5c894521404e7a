/* byte_mask.h - which bytes of a block are special: 64 bytes at once, as a mask of 64 bits. Whoever looks for
 * delimiters walks the bits set and never sees the bytes between. Sources: Langdale and Lemire, "Parsing Gigabytes of
 * JSON per Second" (2019), for the masks; the words' zero bytes without SSE2 as in Knuth, TAOCP 4A, 7.1.3 (broadword
 * computing). */
#ifndef SSQL_FORMAT_BYTE_MASK_H
#define SSQL_FORMAT_BYTE_MASK_H

#include "base/bytes.h"
#include "base/slice.h"

#if defined(__SSE2__) && !defined(SSQL_NO_SIMD)
#include <emmintrin.h>
#define BYTE_MASK_SSE2 1
#endif

enum { MASK_BLOCK_SIZE = 64, SPECIAL_BYTE_COUNT = 4 };

#ifdef BYTE_MASK_SSE2
struct special_bytes {
    __m128i each[SPECIAL_BYTE_COUNT]; /* 16 times the byte */
};

static inline void special_bytes_init(struct special_bytes *bytes, const uint8_t special[SPECIAL_BYTE_COUNT])
{
    for (int i = 0; i < SPECIAL_BYTE_COUNT; i++)
        bytes->each[i] = _mm_set1_epi8((char)special[i]);
}

/* Bit i is set when block[i] is one of the bytes. *is_odd: some byte of the block is NUL or no ASCII. */
static inline uint64_t special_mask(const struct special_bytes *bytes, const uint8_t block[MASK_BLOCK_SIZE],
                                    bool *is_odd)
{
    uint64_t mask = 0;
    int odd = 0;

    for (int i = 0; i < 4; i++) {
        __m128i part = _mm_loadu_si128((const __m128i *)(const void *)(block + 16 * i));
        __m128i first = _mm_or_si128(_mm_cmpeq_epi8(part, bytes->each[0]), _mm_cmpeq_epi8(part, bytes->each[1]));
        __m128i second = _mm_or_si128(_mm_cmpeq_epi8(part, bytes->each[2]), _mm_cmpeq_epi8(part, bytes->each[3]));
        mask |= (uint64_t)(uint32_t)_mm_movemask_epi8(_mm_or_si128(first, second)) << (16 * i);
        odd |= _mm_movemask_epi8(_mm_or_si128(part, _mm_cmpeq_epi8(part, _mm_setzero_si128())));
    }
    *is_odd = odd != 0;
    return mask;
}
#else
struct special_bytes {
    uint64_t each[SPECIAL_BYTE_COUNT]; /* 8 times the byte */
};

static inline void special_bytes_init(struct special_bytes *bytes, const uint8_t special[SPECIAL_BYTE_COUNT])
{
    for (int i = 0; i < SPECIAL_BYTE_COUNT; i++)
        bytes->each[i] = 0x0101010101010101u * special[i];
}

/* The high bit of each byte that is zero; exact, no borrow runs from one byte into the next. */
static inline uint64_t zero_bytes(uint64_t word)
{
    uint64_t low = (word & 0x7F7F7F7F7F7F7F7Fu) + 0x7F7F7F7F7F7F7F7Fu;

    return ~(low | word | 0x7F7F7F7F7F7F7F7Fu);
}

static inline uint64_t special_mask(const struct special_bytes *bytes, const uint8_t block[MASK_BLOCK_SIZE],
                                    bool *is_odd)
{
    uint64_t mask = 0, odd = 0;

    for (int i = 0; i < 8; i++) {
        uint64_t word = load_u64le(block + 8 * i), found = 0;
        for (int j = 0; j < SPECIAL_BYTE_COUNT; j++)
            found |= zero_bytes(word ^ bytes->each[j]);
        /* bit 8k + 7 of each byte k goes to bit 56 + k of the product */
        mask |= ((found >> 7) * 0x0102040810204080u >> 56) << (8 * i);
        odd |= zero_bytes(word) | (word & 0x8080808080808080u);
    }
    *is_odd = odd != 0;
    return mask;
}
#endif

/* Walks the special bytes of [at, end) in order; MASK_BLOCK_SIZE bytes behind `end` are readable too. */
struct special_scanner {
    struct special_bytes bytes;
    const uint8_t *block; /* the mask is of [block, block + MASK_BLOCK_SIZE) */
    const uint8_t *end;
    const uint8_t *odd_end; /* end of the last block seen with a NUL or a byte that is no ASCII; NULL: none yet */
    uint64_t mask;          /* of those not yet handed out */
};

static inline void special_scanner_load(struct special_scanner *scanner)
{
    bool is_odd;

    scanner->mask = special_mask(&scanner->bytes, scanner->block, &is_odd);
    if (is_odd)
        scanner->odd_end = scanner->block + MASK_BLOCK_SIZE;
    if (scanner->end - scanner->block < MASK_BLOCK_SIZE)
        scanner->mask &= ((uint64_t)1 << (scanner->end - scanner->block)) - 1;
}

static inline void special_scanner_init(struct special_scanner *scanner, const uint8_t special[SPECIAL_BYTE_COUNT],
                                        const uint8_t *at, const uint8_t *end)
{
    special_bytes_init(&scanner->bytes, special);
    scanner->block = at;
    scanner->end = end;
    scanner->odd_end = NULL;
    scanner->mask = 0;
    if (at < end)
        special_scanner_load(scanner);
}

/* The next special byte; NULL when there is none before the end. */
static inline const uint8_t *special_scanner_next(struct special_scanner *scanner)
{
    while (scanner->mask == 0) {
        if (scanner->end - scanner->block <= MASK_BLOCK_SIZE)
            return NULL;
        scanner->block += MASK_BLOCK_SIZE;
        special_scanner_load(scanner);
    }
    const uint8_t *at = scanner->block + __builtin_ctzll(scanner->mask);
    scanner->mask &= scanner->mask - 1;
    return at;
}

#endif
