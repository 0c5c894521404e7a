/* scan_range.h - the keys that a scan wants, and where they lie in files and blocks. Inside storage. */
#ifndef SSQL_STORAGE_SCAN_RANGE_H
#define SSQL_STORAGE_SCAN_RANGE_H

#include "base/bytes.h"
#include "storage/scan.h"
#include "storage/table.h"

/* Bounds are encoded keys, borrowed; data NULL: open. */
struct key_range {
    struct slice low, high;
    bool low_exclusive, high_exclusive;
};

/* Whether the key lies before (after) every key of the range. */
static inline bool key_is_below(const struct key_range *range, struct slice key)
{
    return range->low.data != NULL && slice_compare(key, range->low) < (range->low_exclusive ? 1 : 0);
}

static inline bool key_is_above(const struct key_range *range, struct slice key)
{
    return range->high.data != NULL && slice_compare(key, range->high) > (range->high_exclusive ? -1 : 0);
}

/* The first 8 bytes of a key as a number of the same order, zero-padded: the whole of an int key. */
static inline uint64_t key_head(struct slice key)
{
    uint8_t bytes[8] = {0};

    if (key.size >= 8)
        return load_u64be(key.data);
    if (key.size > 0)
        memcpy(bytes, key.data, key.size);
    return load_u64be(bytes);
}

static inline struct slice file_first_key(const struct table_file *file)
{
    return buffer_slice(&file->info.first_key);
}

static inline struct slice file_last_key(const struct table_file *file)
{
    return buffer_slice(&file->info.last_key);
}

/* Highest (lowest) sequence of a file's rows; rows with sequence 0 do not count for the lowest. */
static inline uint64_t file_highest_sequence(const struct table_file *file)
{
    return file->info.base_sequence != 0 ? file->info.base_sequence : file->info.highest_sequence;
}

static inline uint64_t file_lowest_sequence(const struct table_file *file)
{
    return file->info.base_sequence != 0 ? file->info.base_sequence : file->info.lowest_sequence;
}

/* Of files that are disjoint and in key order, the first whose last key is >= `key`; `count` when there is none. */
uint32_t files_find(struct table_file *const *files, uint32_t count, struct slice key);
/* How many of the files, from the first on, are one run: they do not overlap. A file that lies in a gap between those
 * before it ends a run of very many: each would have to be looked at. count > 0. */
uint32_t files_run_length(struct table_file *const *files, uint32_t count);
/* Brings the files of a run into key order. */
void files_sort(struct table_file **files, uint32_t count);
/* The one file of a run that can hold the key, or NULL. */
struct table_file *run_find(const struct file_run *run, struct slice key);

/* First row of a block whose key is > `key`; row_count when there is none. */
MUST_CHECK bool block_seek_after(const struct block *block, struct slice key, uint32_t *row, struct ssql_error *error);

/* The rows [*begin, *end) of block `index` of the sstable that lie in the range. */
MUST_CHECK bool block_clip(const struct block *block, uint32_t index, const struct key_range *range, uint32_t *begin,
                           uint32_t *end, struct ssql_error *error);

/* Whether a block can hold no row for which every predicate is true. */
bool zones_exclude(const struct sstable *sstable, uint32_t block, const struct zone_predicate *zones, uint32_t count);

#endif
