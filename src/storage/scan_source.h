/* scan_source.h - one sorted run of a table (a memtable, an sstable, or a level's disjoint sstables) read in chunks of
 * at most BATCH_CAPACITY rows: a data block, or as many rows of a memtable. Scans and compactions read everything
 * through it.
 *
 * Life: init once; start with a memtable or files and a range; then load chunk after chunk; clear frees. A source may
 * be started again. One thread. What it reads is kept alive by its owner. Memory: one chunk and its decoded columns.
 *
 * A chunk's `rows` are those that count within this source: in the range and, but with `all_versions`, the newest
 * visible version of each key, tombstones included, for they hide what older sources hold. */
#ifndef SSQL_STORAGE_SCAN_SOURCE_H
#define SSQL_STORAGE_SCAN_SOURCE_H

#include "base/key_codec.h"
#include "storage/scan_range.h"

/* A column of the chunk, decoded when first asked for. */
struct source_column {
    struct column_buffer buffer; /* of blocks */
    void *items;                 /* of memtables */
    uint8_t *nulls;
    struct vector vector;
    bool is_whole; /* every row of the chunk is decoded */
};

struct source_options {
    uint64_t snapshot;
    uint64_t own_rank; /* 0: a version's rank is its sequence; else the rank of every row: a transaction's own writes */
    bool all_versions; /* every version, whatever the snapshot (compaction); only of files, ascending */
    bool descending;   /* chunks come from the last to the first */
    bool whole_columns; /* always decode whole columns: nearly every row will be asked for */
};

struct scan_source {
    /* set by start */
    const struct row_format *format;
    struct source_options options;
    struct key_range range;
    const struct memtable *memtable; /* or */
    struct table_file *const *files; /* in key order, disjoint */
    uint32_t file_count;
    uint64_t lowest_sequence, highest_sequence; /* of its rows, as far as is known without reading them */

    /* what comes next; the block's number may be one past either end */
    bool has_next;
    uint32_t file_index, block_index;
    struct memtable_iterator iterator;
    uint32_t memtable_chunk_rows; /* rows of the next memtable chunk: few at first */
    struct slice *split_array;    /* descending memtable: first keys of its chunks, ascending */
    uint32_t split_count, split_capacity;

    /* the chunk */
    bool is_loaded;
    struct block block;                /* of files */
    struct memtable_version *versions; /* of a memtable */
    uint32_t chunk_file, chunk_block;  /* where the block is from */
    uint32_t chunk_rows;
    uint16_t *rows; /* ascending */
    uint32_t count;
    bool has_sequences, has_tombstones; /* false: as the block's `sequence` says; none of the rows is one */
    uint64_t *sequences;                /* by row of the chunk, like the following */
    uint8_t *tombstones;
    bool has_keys;
    struct block_keys keys;
    uint64_t *memtable_heads;

    /* for merging, after source_begin_merge: in the order of the scan */
    uint64_t *heads; /* inverted when descending, so that the least always comes first */
    uint16_t *merge_rows;
    uint32_t position; /* next of [0, count); only the owner moves it */

    struct source_column *columns; /* by ordinal */
    uint32_t column_count;
    struct scan_statistics *statistics; /* counted into; NULL: nobody counts, and no memtable is read */
};

/* `column_count` ordinals may be asked for. */
void source_init(struct scan_source *source, const struct row_format *format, uint32_t column_count,
                 struct scan_statistics *statistics);
void source_clear(struct scan_source *source); /* also a zeroed one */

MUST_CHECK bool source_start_memtable(struct scan_source *source, const struct memtable *memtable,
                                      const struct key_range *range, const struct source_options *options,
                                      struct ssql_error *error);
/* `files`, at least one, stay as they are while the source is in use. */
void source_start_files(struct scan_source *source, struct table_file *const *files, uint32_t count,
                        const struct key_range *range, const struct source_options *options);

/* The next block's keys, as the index has them (files with has_next only). */
struct slice source_next_first_key(const struct scan_source *source);
struct slice source_next_last_key(const struct scan_source *source);
bool source_next_is_excluded(const struct scan_source *source, const struct zone_predicate *zones, uint32_t count);
/* Whether the next block is known from the file's description to have only visible rows of distinct keys, all in range:
 * they can be counted without being read. */
bool source_next_is_plain(const struct scan_source *source, uint32_t *row_count);
/* Leaves the next block out (files with has_next only). */
void source_skip_next(struct scan_source *source);

/* Lets go of the chunk and loads the next (has_next is true). Its count may be 0. */
MUST_CHECK bool source_load(struct scan_source *source, struct ssql_error *error);
void source_unload(struct scan_source *source);

/* ---- of the loaded chunk ---- */

/* Decodes the chunk's keys. */
MUST_CHECK bool source_load_keys(struct scan_source *source, struct ssql_error *error);
/* Key of a row, after source_load_keys; an int's is built in `scratch`. Lives as long as the chunk, or scratch. */
struct slice source_row_key(const struct scan_source *source, uint32_t row, uint8_t scratch[INT_KEY_SIZE]);
static inline uint64_t source_row_head(const struct scan_source *source, uint32_t row)
{
    return source->memtable != NULL ? source->memtable_heads[row] : source->keys.heads[row];
}

static inline uint64_t source_row_sequence(const struct scan_source *source, uint32_t row)
{
    return source->has_sequences ? source->sequences[row] : source->block.sequence;
}

/* The higher rank hides the lower. */
static inline uint64_t source_row_rank(const struct scan_source *source, uint32_t row)
{
    return source->options.own_rank != 0 ? source->options.own_rank : source_row_sequence(source, row);
}

static inline bool source_row_is_tombstone(const struct scan_source *source, uint32_t row)
{
    return source->has_tombstones && source->tombstones[row];
}

/* Fills heads and merge_rows and sets position to 0. */
MUST_CHECK bool source_begin_merge(struct scan_source *source, struct ssql_error *error);

/* A table column of the chunk's rows, each at its own row number; rows NULL: all. Only the rows asked for are defined
 * (of tombstones, only key columns). Valid until the chunk goes or the ordinal is asked for again. */
MUST_CHECK bool source_read_column(struct scan_source *source, uint32_t ordinal, uint16_t table_column,
                                   const uint16_t *rows, uint32_t count, const struct vector **vector,
                                   struct ssql_error *error);

/* ---- any key, loaded or not ---- */

/* Whether some key of the source may lie in [first, last]: exact for memtables, by blocks for files. */
bool source_may_overlap(const struct scan_source *source, struct slice first, struct slice last);

#endif
