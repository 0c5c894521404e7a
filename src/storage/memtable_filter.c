#include "storage/memtable_filter.h"

#include "storage/filter.h"

enum {
    FIRST_KEYS = 1024, /* fewer are found as quickly without a filter */
    GROWTH = 4,
    BITS_PER_KEY = 8, /* when full; on average twice as many */
    WORD_BITS = 64,
};

/* Four bits of one word: with 16 bits a key one answer in a hundred is a false yes, with 8 one in twelve. */
static uint64_t bits_of(uint64_t key_hash)
{
    return UINT64_C(1) << (key_hash & 63) | UINT64_C(1) << (key_hash >> 6 & 63) | UINT64_C(1) << (key_hash >> 12 & 63) |
           UINT64_C(1) << (key_hash >> 18 & 63);
}

/* By the upper half of the hash, as the bits come from the lower. */
static uint32_t word_of(const struct memtable_filter *filter, uint64_t key_hash)
{
    return (uint32_t)((key_hash >> 32) * filter->word_count >> 32);
}

uint64_t memtable_filter_capacity(const struct memtable_filter *filter)
{
    return filter == NULL ? FIRST_KEYS : filter->key_capacity;
}

void memtable_filter_add(struct memtable_filter *filter, uint64_t key_hash)
{
    atomic_word *word = &filter->words[word_of(filter, key_hash)];
    uint64_t bits = atomic_load_explicit(word, memory_order_relaxed);

    /* There is one writer, so a load and a store make an update. */
    atomic_store_explicit(word, bits | bits_of(key_hash), memory_order_release);
}

void memtable_filter_prefetch(const struct memtable_filter *filter, uint64_t key_hash)
{
    __builtin_prefetch((const void *)&filter->words[word_of(filter, key_hash)]);
}

bool memtable_filter_may_contain(const struct memtable_filter *filter, uint64_t key_hash)
{
    uint64_t bits = bits_of(key_hash);

    return (atomic_load_explicit(&filter->words[word_of(filter, key_hash)], memory_order_acquire) & bits) == bits;
}

static void add_leaf(struct memtable_filter *filter, const struct node *leaf)
{
    uint32_t count = atomic_load_explicit(&leaf->count, memory_order_relaxed);

    for (uint32_t i = 0; i < count; i++)
        __builtin_prefetch(atomic_load_explicit(&leaf->records[i], memory_order_relaxed)->bytes);
    for (uint32_t i = 0; i < count; i++)
        memtable_filter_add(filter,
                            filter_hash(version_key(atomic_load_explicit(&leaf->records[i], memory_order_relaxed))));
}

struct memtable_filter *memtable_filter_grow(const struct memtable_filter *old, const struct tree *tree,
                                             uint64_t key_count, struct memtable_arena *arena)
{
    uint64_t capacity = memtable_filter_capacity(old) * GROWTH;

    while (capacity <= key_count)
        capacity *= GROWTH;
    uint64_t word_count = capacity * BITS_PER_KEY / WORD_BITS;

    if (word_count > UINT32_MAX)
        return NULL;
    struct memtable_filter *filter = memtable_arena_alloc(arena, sizeof *filter + word_count * sizeof(atomic_word));
    if (filter == NULL)
        return NULL;
    filter->key_capacity = capacity;
    filter->word_count = (uint32_t)word_count;
    for (uint32_t i = 0; i < filter->word_count; i++)
        atomic_init(&filter->words[i], 0);
    for (const struct leaf *leaf = tree->first_leaf; leaf != NULL;
         leaf = atomic_load_explicit(&leaf->next, memory_order_relaxed))
        add_leaf(filter, &leaf->node);
    return filter;
}
