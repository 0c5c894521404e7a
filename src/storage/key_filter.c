#include "storage/key_filter.h"

#include <assert.h>

#include "base/bytes.h"
#include "base/key_codec.h"
#include "base/pages.h"
#include "storage/sstable_format.h"

enum {
    FIRST_BYTES = 32 << 10,
    KEYS_LEAST = 1 << 16, /* a bitmap is not given up before as many bits as these would take */
    WORD_SIZE = 8,        /* a bitmap's size is a multiple of it */
    WORD_BITS = 8 * WORD_SIZE,
};

/* ---- making ---- */

static bool begin_bloom(struct key_filter_builder *builder, uint64_t expected_keys, struct ssql_error *error)
{
    builder->is_bitmap = false;
    return filter_builder_init(&builder->bloom, expected_keys, builder->bits_per_key, error);
}

bool key_filter_builder_init(struct key_filter_builder *builder, bool key_is_int, uint64_t expected_keys,
                             uint32_t bits_per_key, struct ssql_error *error)
{
    assert(bits_per_key > 0);
    *builder = (struct key_filter_builder){
        .is_bitmap = key_is_int, .expected_keys = expected_keys, .bits_per_key = bits_per_key};
    return key_is_int || begin_bloom(builder, expected_keys, error);
}

void key_filter_builder_clear(struct key_filter_builder *builder)
{
    pages_free(builder->bits, builder->size);
    filter_builder_clear(&builder->bloom);
    *builder = (struct key_filter_builder){0};
}

static void add_to_bloom(struct filter_builder *bloom, uint64_t head)
{
    uint8_t key[INT_KEY_SIZE];

    store_u64be(key, head);
    filter_builder_add(bloom, filter_hash(slice_make(key, sizeof key)));
}

/* The keys lie too far apart after all. The bitmap has each of them, so nothing is lost. */
static bool give_up_bitmap(struct key_filter_builder *builder, uint64_t expected_keys, struct ssql_error *error)
{
    size_t used = (size_t)((builder->span + WORD_BITS - 1) / WORD_BITS) * WORD_SIZE;

    if (!begin_bloom(builder, expected_keys, error))
        return false;
    for (size_t i = 0; i < used; i += WORD_SIZE) {
        for (uint64_t word = load_u64le(builder->bits + i); word != 0; word &= word - 1)
            add_to_bloom(&builder->bloom, builder->first + i * 8 + (uint64_t)__builtin_ctzll(word));
    }
    pages_free(builder->bits, builder->size);
    builder->bits = NULL;
    builder->size = 0;
    return true;
}

static bool grow_bitmap(struct key_filter_builder *builder, uint64_t place, struct ssql_error *error)
{
    size_t size = builder->size == 0 ? FIRST_BYTES : builder->size;

    while (size <= place / 8)
        size *= 2;
    uint8_t *bits = pages_alloc(size);
    if (bits == NULL)
        return error_no_memory(error);
    if (builder->bits != NULL)
        memcpy(bits, builder->bits, builder->size);
    pages_free(builder->bits, builder->size);
    builder->bits = bits;
    builder->size = size;
    return true;
}

static uint64_t at_least(uint64_t value, uint64_t least)
{
    return value < least ? least : value;
}

bool key_filter_builder_add_head(struct key_filter_builder *builder, uint64_t head, struct ssql_error *error)
{
    if (builder->is_bitmap && builder->key_count == 0)
        builder->first = head;
    uint64_t place = head - builder->first;
    if (builder->is_bitmap &&
        place >= at_least(at_least(builder->expected_keys, builder->key_count), KEYS_LEAST) * builder->bits_per_key &&
        !give_up_bitmap(builder, builder->expected_keys, error))
        return false;
    if (!builder->is_bitmap) {
        add_to_bloom(&builder->bloom, head);
        return true;
    }
    assert(builder->key_count == 0 || place + 1 >= builder->span);
    if (place >= 8 * (uint64_t)builder->size && !grow_bitmap(builder, place, error))
        return false;
    builder->bits[place / 8] |= (uint8_t)(1u << (place % 8));
    builder->key_count += builder->key_count == 0 || place + 1 > builder->span;
    builder->span = place + 1;
    return true;
}

bool key_filter_builder_add(struct key_filter_builder *builder, struct slice key, struct ssql_error *error)
{
    if (builder->is_bitmap)
        return key_filter_builder_add_head(builder, load_u64be(key.data), error);
    filter_builder_add(&builder->bloom, filter_hash(key));
    return true;
}

bool key_filter_builder_finish(struct key_filter_builder *builder, struct key_filter *filter, struct ssql_error *error)
{
    uint64_t bits_most = at_least(builder->key_count * builder->bits_per_key, 8 * FILTER_LINE_SIZE);

    if (builder->is_bitmap && builder->key_count > 0 && builder->span > bits_most &&
        !give_up_bitmap(builder, builder->key_count, error))
        return false;
    if (builder->is_bitmap && builder->key_count == 0 && !begin_bloom(builder, 1, error))
        return false;
    if (builder->is_bitmap) {
        size_t used = (size_t)((builder->span + WORD_BITS - 1) / WORD_BITS) * WORD_SIZE;
        *filter = (struct key_filter){.bytes = slice_make(builder->bits, used), .kind = FILTER_KEY_BITMAP};
        return true;
    }
    struct slice lines = filter_builder_finish(&builder->bloom);
    *filter =
        (struct key_filter){.bytes = lines, .kind = FILTER_BLOCKED_BLOOM, .probes = (uint8_t)builder->bloom.probes};
    return true;
}

/* ---- asking ---- */

bool key_filter_is_sound(uint8_t kind, uint8_t probes, uint64_t size)
{
    switch (kind) {
    case FILTER_NONE: return size == 0;
    case FILTER_BLOCKED_BLOOM:
        return size > 0 && size % FILTER_LINE_SIZE == 0 && size / FILTER_LINE_SIZE <= UINT32_MAX && probes >= 1 &&
               probes <= FILTER_PROBES_MOST;
    case FILTER_KEY_BITMAP: return size > 0 && size % WORD_SIZE == 0 && probes == 0;
    default: return false;
    }
}

bool key_filter_covers(uint64_t size, uint64_t first_head, uint64_t last_head)
{
    return first_head <= last_head && (last_head - first_head) / 8 < size;
}

void key_filter_prefetch(const struct key_filter *filter, uint64_t first_head, struct slice key, uint64_t hash)
{
    if (filter->kind == FILTER_BLOCKED_BLOOM) {
        filter_prefetch(filter->bytes, hash);
        return;
    }
    uint64_t place = load_u64be(key.data) - first_head;
    if (place / 8 < filter->bytes.size)
        __builtin_prefetch(filter->bytes.data + place / 8);
}

bool key_filter_may_contain(const struct key_filter *filter, uint64_t first_head, struct slice key, uint64_t hash)
{
    if (filter->kind == FILTER_BLOCKED_BLOOM)
        return filter_may_contain(filter->bytes, filter->probes, hash);
    assert(key.size == INT_KEY_SIZE);
    /* A number before the first one wraps round, and lies far behind the end. */
    uint64_t place = load_u64be(key.data) - first_head;
    return place / 8 < filter->bytes.size && (filter->bytes.data[place / 8] >> (place % 8) & 1) != 0;
}
