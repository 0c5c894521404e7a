/* block_cache.h - verified and still encoded blocks of all sstables of a database, bounded in bytes; sharded, CLOCK
 * eviction. Any thread. */
#ifndef SSQL_STORAGE_BLOCK_CACHE_H
#define SSQL_STORAGE_BLOCK_CACHE_H

#include "base/error.h"
#include "base/slice.h"

struct block_cache;
struct cached_block; /* pinned: stays while at least one pin is held */

MUST_CHECK bool block_cache_create(size_t capacity_bytes, struct block_cache **cache, struct ssql_error *error);
void block_cache_destroy(struct block_cache *cache); /* no pin is held; accepts NULL */

/* A process-wide unique number for a file, never used again. */
uint64_t block_cache_new_file(struct block_cache *cache);

/* The pinned block, or NULL when it is not there. */
struct cached_block *block_cache_find(struct block_cache *cache, uint64_t file, uint64_t offset);

/* Takes over `bytes` (malloc) of a verified block and returns it pinned; when another thread was quicker, its block,
 * and `bytes` are freed. NULL when out of memory (bytes freed). Evicts unpinned blocks to stay within capacity; pinned
 * ones may exceed it. */
struct cached_block *block_cache_insert(struct block_cache *cache, uint64_t file, uint64_t offset, uint8_t *bytes,
                                        size_t size);

struct slice cached_block_bytes(const struct cached_block *block);
void cached_block_release(struct cached_block *block); /* accepts NULL */

/* Memory that readers keep beside the blocks, their indexes and filters, is taken from the cache's capacity: blocks are
 * evicted for it. Reserving fails when less than an eighth of the capacity would be left for blocks, or, of what
 * is large, less than a sixteenth for what is small: the filters of new files, which every look-up asks. Forcing never
 * fails. What was taken is given back with block_cache_release. */
MUST_CHECK bool block_cache_reserve(struct block_cache *cache, size_t size);
void block_cache_force(struct block_cache *cache, size_t size);
void block_cache_release(struct block_cache *cache, size_t size);

/* Forgets the blocks of a file that is no longer needed. */
void block_cache_forget_file(struct block_cache *cache, uint64_t file);

/* Counts what a file's filter has said: that the file cannot hold the key (a hit), or that it must be read. Threads
 * mostly count apart; where two of them do not, a count may be lost. */
void block_cache_count_filter(struct block_cache *cache, bool is_hit);

struct block_cache_statistics {
    uint64_t hits, misses, evictions, bytes_inserted;
    uint64_t filter_hits, filter_misses;
    size_t used_bytes, capacity_bytes; /* used: with what is reserved */
};
void block_cache_read_statistics(struct block_cache *cache, struct block_cache_statistics *statistics);

#endif
