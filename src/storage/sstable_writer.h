/* sstable_writer.h - writes one sstable: column-wise typed blocks, zone maps, a filter, an index, a footer
 * (sstable_format.h draws them). Rows come in key order, the versions of one key newest first, no two with one
 * sequence. One thread. */
#ifndef SSQL_STORAGE_SSTABLE_WRITER_H
#define SSQL_STORAGE_SSTABLE_WRITER_H

#include "base/vector.h"
#include "storage/row_format.h"
#include "volume/volume.h"

enum { SSTABLE_NAME_SIZE = VOLUME_NAME_SIZE };

/* What the manifest keeps of a file. Keys are heap copies, owned by the struct. */
struct sstable_info {
    char name[SSTABLE_NAME_SIZE];
    uint64_t size;
    uint64_t row_count; /* versions, tombstones included */
    uint64_t tombstone_count;
    uint64_t lowest_sequence, highest_sequence; /* over the rows whose sequence is not 0; 0, 0 when there are none */
    uint64_t
        base_sequence; /* 0, or the one sequence of all its rows, known only after it was written (a spilled commit) */
    struct buffer first_key, last_key;
};
void sstable_info_clear(struct sstable_info *info);
MUST_CHECK bool sstable_info_copy(struct sstable_info *to, const struct sstable_info *from, struct ssql_error *error);

struct sstable_writer_options {
    uint32_t block_rows;    /* rows of a full block, 1..BATCH_CAPACITY */
    uint32_t block_bytes;   /* a block is closed early when its rows take that many bytes unencoded */
    uint32_t filter_bits;   /* per key; 0: no filter */
    uint64_t expected_rows; /* an estimate, for the filter and for reserving space */
    bool compress;          /* LZ4 on string columns by trial */
};

/* A run of rows as columns. columns[i] is table column i, any vector kind; for tombstones only key columns are meant.
 * sequences NULL: all 0. tombstones NULL: none. */
struct sstable_rows {
    const struct vector *columns;
    const uint64_t *sequences;
    const uint8_t *tombstones;
    uint32_t row_count; /* <= BATCH_CAPACITY */
};

struct sstable_writer;

MUST_CHECK bool sstable_writer_create(struct volume *volume, const char *name, const struct row_format *format,
                                      const struct sstable_writer_options *options, struct sstable_writer **writer,
                                      struct ssql_error *error);

/* Adds one encoded row (row.data NULL: a tombstone of `key`, which is one of the format). Row and key stay as they are
 * until the block is full or the file finished: memtables do. */
MUST_CHECK bool sstable_writer_add(struct sstable_writer *writer, struct slice key, struct slice row, uint64_t sequence,
                                   struct ssql_error *error);

/* Adds a run of rows as one block (after closing the one that sstable_writer_add has begun). */
MUST_CHECK bool sstable_writer_add_block(struct sstable_writer *writer, const struct sstable_rows *rows,
                                         struct ssql_error *error);

/* Bytes of the file so far, to split outputs. */
uint64_t sstable_writer_size(const struct sstable_writer *writer);

/* Makes the file durable and fills `info`. Frees the writer whatever the outcome. No rows: no file, info->row_count is
 * 0. */
MUST_CHECK bool sstable_writer_finish(struct sstable_writer *writer, struct sstable_info *info,
                                      struct ssql_error *error);
void sstable_writer_abandon(struct sstable_writer *writer); /* accepts NULL */

#endif
