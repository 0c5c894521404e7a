/* sstable_internal.h - an open sstable, as the files of the reader see it. Immutable after opening, but for the filter,
 * which is read once. */
#ifndef SSQL_STORAGE_SSTABLE_INTERNAL_H
#define SSQL_STORAGE_SSTABLE_INTERNAL_H

#include <pthread.h>
#include <stdatomic.h>

#include "storage/sstable_format.h"
#include "storage/sstable_reader.h"

struct sstable {
    struct object *object;
    struct block_cache *cache;
    const struct row_format *format;
    char name[SSTABLE_NAME_SIZE];
    uint64_t identity;      /* in checksums */
    uint64_t cache_file;    /* in the block cache */
    uint64_t base_sequence; /* of every row, when not 0 */
    struct sstable_footer footer;
    uint64_t first_key_head; /* with a bitmap for a filter */

    uint8_t *index;        /* as in the file, checked */
    const uint8_t *blocks; /* in the index */
    const uint8_t *zones;  /* in the index */
    struct slice heap;     /* in the index */
    uint32_t zone_row_size;
    uint32_t *zone_offsets;   /* per column, within a row of zones */
    uint64_t *row_offsets;    /* per block and one more */
    uint64_t *last_key_heads; /* per block: first 8 bytes of its last key, for searching */

    size_t index_bytes; /* that the index and its arrays take from the cache's capacity */

    pthread_mutex_t filter_mutex;
    _Atomic(uint8_t *) filter; /* in pages of its own; NULL before it was read */
};

/* One block of the index. */
struct index_entry {
    uint64_t offset;
    uint32_t stored_size, unpacked_size, row_count;
    struct slice first_key, last_key;
};
void sstable_index_entry(const struct sstable *sstable, uint32_t block, struct index_entry *entry);

/* Sets SSQL_CORRUPT naming the file and the offset; returns false. */
bool sstable_damaged(const struct sstable *sstable, uint64_t offset, const char *what, struct ssql_error *error);

/* Reads a part of the file and checks it. */
MUST_CHECK bool sstable_read_checked(struct sstable *sstable, uint64_t offset, uint8_t *bytes, size_t size,
                                     uint64_t checksum, const char *what, struct ssql_error *error);

/* sstable_index.c: takes over the index's bytes and checks that everything in it lies where it may. */
MUST_CHECK bool sstable_load_index(struct sstable *sstable, uint8_t *index, struct ssql_error *error);

/* sstable_block.c: reads, checks and unpacks a block, past the cache. `*bytes` (malloc) becomes the caller's. */
enum { BLOCK_SLACK = 16 /* bytes after an unpacked block that may be read, so that short copies need no loop */ };
MUST_CHECK bool sstable_load_block(struct sstable *sstable, uint32_t block, uint8_t **bytes, size_t *size,
                                   struct ssql_error *error);

/* The same of stored bytes (malloc) at a place that no index vouches for: `*bytes` are unpacked then. */
MUST_CHECK bool sstable_unpack_block(const struct sstable *sstable, const struct index_entry *place, uint8_t **bytes,
                                     struct ssql_error *error);

/* Frees the filter when it was read. */
void sstable_free_filter(struct sstable *sstable);

/* Fills a block from unpacked, checked bytes. */
void block_attach(struct block *block, const struct sstable *sstable, uint64_t offset, const uint8_t *bytes);

/* Damage found in a block's column while decoding; returns false. */
bool block_damaged(const struct block *block, const char *what, struct ssql_error *error);

static inline void block_column_entry(const struct block *block, uint32_t column, struct column_entry *entry)
{
    column_entry_load(entry, block->bytes + BLOCK_HEADER_SIZE + (size_t)column * BLOCK_COLUMN_SIZE);
}

#endif
