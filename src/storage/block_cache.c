#include "storage/block_cache.h"

#include <assert.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

enum {
    SHARD_COUNT = 16,
    COUNT_PLACES = 64, /* 2 to the COUNT_PLACE_BITS */
    COUNT_PLACE_BITS = 6,
    SHARD_FIRST_BUCKETS = 64,
    BLOCK_SHARE = 8,  /* one of so many bytes of the capacity stays for blocks, whatever is reserved */
    LARGE_SHARE = 64, /* more than one of so many bytes of the capacity is large, … */
    SMALL_SHARE = 16, /* … and leaves one of so many to what is small */
};

struct shard;

/* A block is in a bucket's chain and in its shard's ring, or in neither: then it was forgotten, and whoever holds its
 * last pin frees it. */
struct cached_block {
    struct cached_block *next_in_bucket;
    struct cached_block *before, *after; /* the ring of the CLOCK's hand */
    uint64_t file, offset;
    uint8_t *bytes;
    size_t size;
    _Atomic(uint32_t) reference_count; /* pins, and one while it is in the shard */
    bool was_used;                     /* since the hand came by; under the shard's mutex */
};

struct shard {
    pthread_mutex_t mutex;
    struct cached_block **buckets;
    uint32_t bucket_count; /* a power of two */
    uint32_t block_count;
    struct cached_block *hand; /* NULL: the ring is empty */
    size_t used_bytes;
    uint64_t hits, misses, evictions, bytes_inserted;
    char padding[64]; /* keeps neighbours off this shard's cache line */
};

/* Threads count in places of their own, so that look-ups do not wait for each other's cache lines. */
struct filter_counts {
    atomic_uint_least64_t hits, misses;
    char padding[64 - 2 * sizeof(uint64_t)];
};

struct block_cache {
    struct shard shards[SHARD_COUNT];
    struct filter_counts filter_counts[COUNT_PLACES];
    size_t capacity_bytes;
    atomic_size_t reserved_bytes;
};

bool block_cache_create(size_t capacity_bytes, struct block_cache **cache, struct ssql_error *error)
{
    struct block_cache *made = calloc(1, sizeof *made);

    *cache = NULL;
    if (made == NULL)
        return error_no_memory(error);
    made->capacity_bytes = capacity_bytes;
    atomic_init(&made->reserved_bytes, 0);
    for (uint32_t i = 0; i < SHARD_COUNT; i++)
        pthread_mutex_init(&made->shards[i].mutex, NULL);
    for (uint32_t i = 0; i < SHARD_COUNT; i++) {
        struct shard *shard = &made->shards[i];
        shard->bucket_count = SHARD_FIRST_BUCKETS;
        shard->buckets = calloc(shard->bucket_count, sizeof *shard->buckets);
        if (shard->buckets == NULL) {
            block_cache_destroy(made);
            return error_no_memory(error);
        }
    }
    *cache = made;
    return true;
}

static void block_free(struct cached_block *block)
{
    free(block->bytes);
    free(block);
}

static void drop_reference(struct cached_block *block)
{
    if (atomic_fetch_sub_explicit(&block->reference_count, 1, memory_order_acq_rel) == 1)
        block_free(block);
}

void cached_block_release(struct cached_block *block)
{
    if (block != NULL)
        drop_reference(block);
}

struct slice cached_block_bytes(const struct cached_block *block)
{
    return slice_make(block->bytes, block->size);
}

uint64_t block_cache_new_file(struct block_cache *cache)
{
    static _Atomic(uint64_t) last_file;

    (void)cache;
    return atomic_fetch_add_explicit(&last_file, 1, memory_order_relaxed) + 1;
}

/* ---- shards ---- */

static uint64_t hash_place(uint64_t file, uint64_t offset)
{
    uint64_t hash = (file * UINT64_C(0x9E3779B97F4A7C15) ^ offset) * UINT64_C(0xD6E8FEB86659FD93);

    return hash ^ hash >> 32;
}

static struct shard *find_shard(struct block_cache *cache, uint64_t hash)
{
    return &cache->shards[hash % SHARD_COUNT];
}

static struct cached_block **find_bucket(const struct shard *shard, uint64_t hash)
{
    return &shard->buckets[hash / SHARD_COUNT & (shard->bucket_count - 1)];
}

static struct cached_block *find_block(const struct shard *shard, uint64_t hash, uint64_t file, uint64_t offset)
{
    struct cached_block *block = *find_bucket(shard, hash);

    while (block != NULL && (block->file != file || block->offset != offset))
        block = block->next_in_bucket;
    return block;
}

/* More buckets, so that chains stay short. When there is no memory for them, the chains grow. */
static void grow_buckets(struct shard *shard)
{
    uint32_t count = shard->bucket_count;
    struct cached_block **old = shard->buckets;
    struct cached_block **buckets = calloc((size_t)count * 2, sizeof *buckets);

    if (buckets == NULL)
        return;
    shard->buckets = buckets;
    shard->bucket_count = count * 2;
    for (uint32_t i = 0; i < count; i++) {
        for (struct cached_block *block = old[i], *next; block != NULL; block = next) {
            struct cached_block **bucket = find_bucket(shard, hash_place(block->file, block->offset));
            next = block->next_in_bucket;
            block->next_in_bucket = *bucket;
            *bucket = block;
        }
    }
    free(old);
}

static void link_block(struct shard *shard, struct cached_block *block, uint64_t hash)
{
    if (shard->block_count >= shard->bucket_count)
        grow_buckets(shard);
    struct cached_block **bucket = find_bucket(shard, hash);
    block->next_in_bucket = *bucket;
    *bucket = block;
    if (shard->hand == NULL) {
        block->before = block->after = block;
        shard->hand = block;
    } else { /* behind the hand: it comes by last */
        block->after = shard->hand;
        block->before = shard->hand->before;
        block->before->after = block;
        block->after->before = block;
    }
    shard->block_count++;
    shard->used_bytes += block->size;
}

static void unlink_block(struct shard *shard, struct cached_block *block)
{
    struct cached_block **link = find_bucket(shard, hash_place(block->file, block->offset));

    while (*link != block)
        link = &(*link)->next_in_bucket;
    *link = block->next_in_bucket;
    if (shard->hand == block)
        shard->hand = block->after == block ? NULL : block->after;
    block->before->after = block->after;
    block->after->before = block->before;
    shard->block_count--;
    shard->used_bytes -= block->size;
    drop_reference(block);
}

/* Pins are only taken under the mutex, so a block without one stays without. */
static bool is_pinned(const struct cached_block *block)
{
    return atomic_load_explicit(&block->reference_count, memory_order_acquire) > 1;
}

/* What a shard may hold, beside what is reserved. */
static size_t shard_capacity(const struct block_cache *cache)
{
    size_t reserved = atomic_load_explicit(&cache->reserved_bytes, memory_order_relaxed);
    size_t least = cache->capacity_bytes / BLOCK_SHARE;

    return (reserved < cache->capacity_bytes - least ? cache->capacity_bytes - reserved : least) / SHARD_COUNT;
}

/* Moves the hand until the blocks fit, at most twice round: pinned blocks stay. */
static void evict(struct shard *shard, size_t capacity)
{
    uint64_t steps = 2 * (uint64_t)shard->block_count;

    while (shard->used_bytes > capacity && steps-- > 0) {
        struct cached_block *block = shard->hand;
        if (is_pinned(block) || block->was_used) {
            block->was_used = block->was_used && is_pinned(block);
            shard->hand = block->after;
            continue;
        }
        unlink_block(shard, block);
        shard->evictions++;
    }
}

/* ---- the cache ---- */

static struct cached_block *pin(struct cached_block *block)
{
    atomic_fetch_add_explicit(&block->reference_count, 1, memory_order_relaxed);
    block->was_used = true;
    return block;
}

struct cached_block *block_cache_find(struct block_cache *cache, uint64_t file, uint64_t offset)
{
    uint64_t hash = hash_place(file, offset);
    struct shard *shard = find_shard(cache, hash);

    pthread_mutex_lock(&shard->mutex);
    struct cached_block *block = find_block(shard, hash, file, offset);
    if (block != NULL) {
        pin(block);
        shard->hits++;
    } else {
        shard->misses++;
    }
    pthread_mutex_unlock(&shard->mutex);
    return block;
}

struct cached_block *block_cache_insert(struct block_cache *cache, uint64_t file, uint64_t offset, uint8_t *bytes,
                                        size_t size)
{
    uint64_t hash = hash_place(file, offset);
    struct shard *shard = find_shard(cache, hash);
    struct cached_block *made = calloc(1, sizeof *made);

    if (made == NULL) {
        free(bytes);
        return NULL;
    }
    made->file = file;
    made->offset = offset;
    made->bytes = bytes;
    made->size = size;
    atomic_init(&made->reference_count, 1);
    pthread_mutex_lock(&shard->mutex);
    struct cached_block *block = find_block(shard, hash, file, offset);
    shard->bytes_inserted += size;
    if (block == NULL) {
        block = made;
        made = NULL;
        link_block(shard, block, hash);
        atomic_fetch_add_explicit(&block->reference_count, 1, memory_order_relaxed);
        evict(shard, shard_capacity(cache));
    } else {
        pin(block);
    }
    pthread_mutex_unlock(&shard->mutex);
    if (made != NULL)
        block_free(made); /* another thread was quicker */
    return block;
}

/* ---- what is kept beside the blocks ---- */

static void evict_everywhere(struct block_cache *cache)
{
    for (uint32_t i = 0; i < SHARD_COUNT; i++) {
        pthread_mutex_lock(&cache->shards[i].mutex);
        evict(&cache->shards[i], shard_capacity(cache));
        pthread_mutex_unlock(&cache->shards[i].mutex);
    }
}

bool block_cache_reserve(struct block_cache *cache, size_t size)
{
    size_t most = cache->capacity_bytes - cache->capacity_bytes / BLOCK_SHARE;
    if (size > cache->capacity_bytes / LARGE_SHARE)
        most -= cache->capacity_bytes / SMALL_SHARE;
    size_t before = atomic_load_explicit(&cache->reserved_bytes, memory_order_relaxed);

    do {
        if (before > most || size > most - before)
            return false;
    } while (!atomic_compare_exchange_weak(&cache->reserved_bytes, &before, before + size));
    evict_everywhere(cache);
    return true;
}

void block_cache_force(struct block_cache *cache, size_t size)
{
    atomic_fetch_add(&cache->reserved_bytes, size);
    evict_everywhere(cache);
}

void block_cache_release(struct block_cache *cache, size_t size)
{
    atomic_fetch_sub(&cache->reserved_bytes, size);
}

/* ---- the cache as a whole ---- */

void block_cache_forget_file(struct block_cache *cache, uint64_t file)
{
    for (uint32_t i = 0; i < SHARD_COUNT; i++) {
        struct shard *shard = &cache->shards[i];
        pthread_mutex_lock(&shard->mutex);
        struct cached_block *block = shard->hand;
        for (uint32_t left = shard->block_count; left > 0; left--) {
            struct cached_block *after = block->after;
            if (block->file == file)
                unlink_block(shard, block);
            block = after;
        }
        pthread_mutex_unlock(&shard->mutex);
    }
}

/* Descriptors of threads lie pages apart. */
static struct filter_counts *own_counts(struct block_cache *cache)
{
    uint64_t thread = (uint64_t)(uintptr_t)pthread_self() >> 12;

    return &cache->filter_counts[(thread * UINT64_C(0x9E3779B97F4A7C15)) >> (64 - COUNT_PLACE_BITS)];
}

void block_cache_count_filter(struct block_cache *cache, bool is_hit)
{
    struct filter_counts *counts = own_counts(cache);
    atomic_uint_least64_t *count = is_hit ? &counts->hits : &counts->misses;

    /* Not in one step: that would cost as much as asking the filter. */
    atomic_store_explicit(count, atomic_load_explicit(count, memory_order_relaxed) + 1, memory_order_relaxed);
}

void block_cache_read_statistics(struct block_cache *cache, struct block_cache_statistics *statistics)
{
    *statistics = (struct block_cache_statistics){
        .used_bytes = atomic_load_explicit(&cache->reserved_bytes, memory_order_relaxed),
        .capacity_bytes = cache->capacity_bytes,
    };
    for (uint32_t i = 0; i < SHARD_COUNT; i++) {
        struct shard *shard = &cache->shards[i];
        pthread_mutex_lock(&shard->mutex);
        statistics->hits += shard->hits;
        statistics->misses += shard->misses;
        statistics->evictions += shard->evictions;
        statistics->bytes_inserted += shard->bytes_inserted;
        statistics->used_bytes += shard->used_bytes;
        pthread_mutex_unlock(&shard->mutex);
    }
    for (uint32_t i = 0; i < COUNT_PLACES; i++) {
        struct filter_counts *counts = &cache->filter_counts[i];
        statistics->filter_hits += atomic_load_explicit(&counts->hits, memory_order_relaxed);
        statistics->filter_misses += atomic_load_explicit(&counts->misses, memory_order_relaxed);
    }
}

void block_cache_destroy(struct block_cache *cache)
{
    if (cache == NULL)
        return;
    for (uint32_t i = 0; i < SHARD_COUNT; i++) {
        struct shard *shard = &cache->shards[i];
        while (shard->hand != NULL) {
            assert(!is_pinned(shard->hand));
            unlink_block(shard, shard->hand);
        }
        free(shard->buckets);
        pthread_mutex_destroy(&shard->mutex);
    }
    free(cache);
}
