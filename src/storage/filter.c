#include "storage/filter.h"

#include <assert.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "base/pages.h"

enum {
    LINE_BITS = 8 * FILTER_LINE_SIZE,
    PROBE_BITS = 9,         /* choose one bit of a line */
    UNKNOWN_KEYS = 1 << 16, /* when nobody says how many keys to expect */
    FOLDABLE = 60,          /* line counts are multiples of it, to have many divisors */
};

uint64_t filter_hash(struct slice key)
{
    return XXH3_64bits(key.data, key.size);
}

/* The line is chosen by the hash's upper half, so that dividing the line count by m maps m neighbouring lines to one.
 */
static uint32_t choose_line(uint64_t hash, uint32_t line_count)
{
    return (uint32_t)((hash >> 32) * line_count >> 32);
}

/* The bits within the line: nine bits each of another mix of the hash, taken from the top. */
static uint64_t mix_probes(uint64_t hash)
{
    return hash * UINT64_C(0x9E3779B97F4A7C15);
}

static uint64_t lines_for(uint64_t keys, uint32_t bits_per_key)
{
    uint64_t lines = (keys * bits_per_key + LINE_BITS - 1) / LINE_BITS;

    return lines == 0 ? 1 : lines;
}

bool filter_builder_init(struct filter_builder *builder, uint64_t expected_keys, uint32_t bits_per_key,
                         struct ssql_error *error)
{
    assert(bits_per_key > 0);
    if (expected_keys == 0)
        expected_keys = UNKNOWN_KEYS;
    if (expected_keys > (uint64_t)UINT32_MAX * 8)
        expected_keys = (uint64_t)UINT32_MAX * 8;
    uint64_t lines = lines_for(expected_keys, bits_per_key);
    lines = (lines + FOLDABLE - 1) / FOLDABLE * FOLDABLE;
    if (lines > UINT32_MAX / FOLDABLE)
        lines = UINT32_MAX / FOLDABLE / FOLDABLE * FOLDABLE;
    *builder = (struct filter_builder){.line_count = (uint32_t)lines, .bits_per_key = bits_per_key};
    builder->probes = bits_per_key * 6 / 10;
    if (builder->probes < 1)
        builder->probes = 1;
    if (builder->probes > FILTER_PROBES_MOST)
        builder->probes = FILTER_PROBES_MOST;
    builder->size = lines * FILTER_LINE_SIZE;
    builder->lines = pages_alloc(builder->size);
    if (builder->lines != NULL)
        return true;
    return error_no_memory(error);
}

void filter_builder_clear(struct filter_builder *builder)
{
    pages_free(builder->lines, builder->size);
    *builder = (struct filter_builder){0};
}

static uint8_t *find_line(const struct filter_builder *builder, uint64_t hash)
{
    return builder->lines + (size_t)choose_line(hash, builder->line_count) * FILTER_LINE_SIZE;
}

static void set_bits(struct filter_builder *builder, uint64_t hash)
{
    uint8_t *line = find_line(builder, hash);
    uint64_t mix = mix_probes(hash);

    for (uint32_t i = 0; i < builder->probes; i++, mix <<= PROBE_BITS) {
        uint32_t bit = (uint32_t)(mix >> (64 - PROBE_BITS));
        line[bit / 8] |= (uint8_t)(1u << (bit % 8));
    }
}

void filter_builder_add(struct filter_builder *builder, uint64_t hash)
{
    if (builder->key_count > 0 && hash == builder->last_hash)
        return;
    builder->last_hash = hash;
    uint64_t *place = &builder->waiting[builder->key_count % FILTER_WAITING_MOST];
    if (builder->key_count >= FILTER_WAITING_MOST)
        set_bits(builder, *place);
    *place = hash;
    __builtin_prefetch(find_line(builder, hash), 1);
    builder->key_count++;
}

static void set_waiting(struct filter_builder *builder)
{
    uint64_t count = builder->key_count < FILTER_WAITING_MOST ? builder->key_count : FILTER_WAITING_MOST;

    for (uint64_t i = 0; i < count; i++)
        set_bits(builder, builder->waiting[i]);
}

struct slice filter_builder_finish(struct filter_builder *builder)
{
    uint64_t wanted = lines_for(builder->key_count, builder->bits_per_key);
    uint32_t factor = 1;

    set_waiting(builder);
    for (uint32_t m = 2; builder->line_count / m >= wanted; m++)
        if (builder->line_count % m == 0)
            factor = m;
    if (factor > 1) {
        uint32_t folded = builder->line_count / factor;
        for (uint32_t i = 0; i < folded; i++) {
            uint8_t line[FILTER_LINE_SIZE] = {0};
            for (uint32_t k = 0; k < factor; k++)
                for (uint32_t b = 0; b < FILTER_LINE_SIZE; b++)
                    line[b] |= builder->lines[((size_t)i * factor + k) * FILTER_LINE_SIZE + b];
            memcpy(builder->lines + (size_t)i * FILTER_LINE_SIZE, line, sizeof line);
        }
        builder->line_count = folded;
    }
    return slice_make(builder->lines, (size_t)builder->line_count * FILTER_LINE_SIZE);
}

void filter_prefetch(struct slice lines, uint64_t hash)
{
    __builtin_prefetch(lines.data +
                       (size_t)choose_line(hash, (uint32_t)(lines.size / FILTER_LINE_SIZE)) * FILTER_LINE_SIZE);
}

bool filter_may_contain(struct slice lines, uint32_t probes, uint64_t hash)
{
    const uint8_t *line =
        lines.data + (size_t)choose_line(hash, (uint32_t)(lines.size / FILTER_LINE_SIZE)) * FILTER_LINE_SIZE;
    uint64_t mix = mix_probes(hash);

    for (uint32_t i = 0; i < probes; i++, mix <<= PROBE_BITS) {
        uint32_t bit = (uint32_t)(mix >> (64 - PROBE_BITS));
        if ((line[bit / 8] >> (bit % 8) & 1) == 0)
            return false;
    }
    return true;
}
