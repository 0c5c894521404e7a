/* sstable_reader.h - an open sstable. Opening reads footer and index and checks them; filter and blocks are read when
 * first needed, checked, and kept in the block cache (the filter in the reader). Immutable and shared by any threads.
 * Errors are SSQL_CORRUPT naming file and offset, SSQL_IO, SSQL_NO_MEMORY, SSQL_TOO_MANY_OPEN.
 *
 * Sequences: a file with info.base_sequence != 0 was written before its commit's sequence was known; every row of it
 * has that sequence, whatever is stored. */
#ifndef SSQL_STORAGE_SSTABLE_READER_H
#define SSQL_STORAGE_SSTABLE_READER_H

#include "base/vector.h"
#include "storage/block_cache.h"
#include "storage/sstable_writer.h"

struct sstable;

MUST_CHECK bool sstable_open(struct volume *volume, struct block_cache *cache, const struct row_format *format,
                             const struct sstable_info *info, struct sstable **sstable, struct ssql_error *error);
void sstable_close(struct sstable *sstable); /* no block is pinned; accepts NULL */

const struct row_format *sstable_row_format(const struct sstable *sstable);
uint32_t sstable_block_count(const struct sstable *sstable);
/* Rows of all blocks before `block`; block == block_count gives the file's. */
uint64_t sstable_row_offset(const struct sstable *sstable, uint32_t block);
struct slice sstable_block_first_key(const struct sstable *sstable, uint32_t block); /* borrowed from the reader */
struct slice sstable_block_last_key(const struct sstable *sstable, uint32_t block);

/* First block whose last key is >= `key`; block_count when there is none. */
uint32_t sstable_find_block(const struct sstable *sstable, struct slice key);

/* Zone map of a column in a block. */
struct zone {
    bool has_values; /* some row is not null */
    bool has_nulls;
    bool is_exact;                 /* false for long strings: minimum is a lower, maximum an upper bound */
    struct value minimum, maximum; /* strings borrowed from the reader */
};
void sstable_zone(const struct sstable *sstable, uint32_t block, uint32_t column, struct zone *zone);

/* The hash that filters take: compute once per get. */
uint64_t filter_hash(struct slice key);
/* False: the key is certainly not in the file. Reads the filter at the first call that finds room for it in the cache
 * (else the answer is true); a filter that cannot be read or is damaged fails. */
MUST_CHECK bool sstable_may_contain(struct sstable *sstable, struct slice key, uint64_t key_hash, bool *may,
                                    struct ssql_error *error);

/* Reads the filter, if there is one and it was not read before, even if the cache has no room for it. */
MUST_CHECK bool sstable_hold_filter(struct sstable *sstable, struct ssql_error *error);

/* Begins to fetch what the filter has on the key, if the filter was read. */
void sstable_prefetch_filter(const struct sstable *sstable, struct slice key, uint64_t key_hash);

/* ---- blocks ---- */

/* A pinned block. Value type: the holder releases it once. */
struct block {
    const struct sstable *sstable;
    struct cached_block *pin;
    const uint8_t *bytes;
    uint64_t offset; /* in the file */
    uint32_t row_count;
    bool has_sequences;  /* false: every row's sequence is `sequence` */
    bool has_tombstones; /* false: no row is one */
    uint64_t sequence;
};

/* `*was_cached` may be NULL. */
MUST_CHECK bool sstable_read_block(struct sstable *sstable, uint32_t block_index, struct block *block, bool *was_cached,
                                   struct ssql_error *error);
void block_release(struct block *block); /* also a zeroed one */

/* Space for a decoded column: 1,024 items of any type. Kept by its owner from block to block. Zeroed memory is empty.
 */
struct column_buffer {
    void *items; /* int64_t, double, uint8_t or struct slice */
    uint16_t *codes;
    uint8_t *nulls;
    uint8_t *bytes; /* decompressed or rebuilt strings; grows */
    size_t bytes_capacity;
};
void column_buffer_clear(struct column_buffer *buffer);

/* Decodes a whole column; strings come as a dictionary vector where the block holds one. The vector points into
 * `buffer` and the pinned block. */
MUST_CHECK bool block_decode_column(const struct block *block, uint32_t column, struct column_buffer *buffer,
                                    struct vector *vector, struct ssql_error *error);

/* Decodes only the rows of an ascending list, each at its own row number (other rows of the vector are undefined):
 * cheaper than the whole when few are wanted. */
MUST_CHECK bool block_gather_column(const struct block *block, uint32_t column, const uint16_t *rows, uint32_t count,
                                    struct column_buffer *buffer, struct vector *vector, struct ssql_error *error);

/* One value; a string points into the pinned block or, where it has to be rebuilt, into `buffer`, valid until the next
 * call with that buffer. */
MUST_CHECK bool block_value(const struct block *block, uint32_t column, uint32_t row, struct column_buffer *buffer,
                            struct value *value, struct ssql_error *error);

/* Begins to fetch what block_value will read of these columns, so that their cache misses are met together. */
void block_prefetch_row(const struct block *block, const uint16_t *columns, uint32_t count, uint32_t row);

/* First row whose key is >= `key` (row_count when none); *equal tells whether it is that key. */
MUST_CHECK bool block_seek(const struct block *block, struct slice key, uint32_t *row, bool *equal,
                           struct ssql_error *error);

/* Keys of all rows for merging. heads[i] orders as the first 8 bytes of the key, big-endian, zero-padded; for int keys
 * that is the whole key and `keys` stays NULL; else keys[i] is the whole, in `buffer`. */
struct block_keys {
    uint64_t *heads;
    struct slice *keys;
    uint8_t *bytes;
    size_t bytes_capacity;
};
void block_keys_clear(struct block_keys *keys);
MUST_CHECK bool block_decode_keys(const struct block *block, struct block_keys *keys, struct ssql_error *error);

/* Sequences and tombstones of all rows, into arrays of row_count items. */
void block_decode_sequences(const struct block *block, uint64_t *sequences);
void block_decode_tombstones(const struct block *block, uint8_t *tombstones);
/* Of one row. */
uint64_t block_row_sequence(const struct block *block, uint32_t row);
bool block_row_is_tombstone(const struct block *block, uint32_t row);

/* Reads and checks everything: checksums, order of keys, zone maps, filter, counts, sequences; once more from the
 * volume what opening has read. `report` gets each fault, with the number of the block or SSTABLE_NO_BLOCK, and returns
 * false to stop; so does this then. A block counts as one fault, whatever is wrong in it. */
#define SSTABLE_NO_BLOCK UINT32_MAX
typedef bool sstable_report(void *context, uint32_t block, const struct ssql_error *fault);
MUST_CHECK bool sstable_verify_each(struct sstable *sstable, sstable_report *report, void *context);
/* The same up to the first fault. */
MUST_CHECK bool sstable_verify(struct sstable *sstable, struct ssql_error *error);

#endif
