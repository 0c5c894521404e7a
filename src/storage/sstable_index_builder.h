/* sstable_index_builder.h - gathers what an sstable's index says of each block: place, rows, first and last key, zone
 * maps (sstable_format.h draws it). One thread. */
#ifndef SSQL_STORAGE_SSTABLE_INDEX_BUILDER_H
#define SSQL_STORAGE_SSTABLE_INDEX_BUILDER_H

#include "storage/column_encoder.h"
#include "storage/row_format.h"

struct sstable_index_builder {
    struct buffer blocks, zones, heap;
    uint32_t block_count;
};

struct index_block {
    uint64_t offset;
    uint32_t stored_size, unpacked_size, row_count;
    struct slice first_key, last_key;
};

/* Zeroed memory is an empty builder. Failures are kept until the finish. */
void sstable_index_builder_clear(struct sstable_index_builder *builder);

/* The zones of a block's columns, in column order, then the block itself. */
void sstable_index_builder_add_zone(struct sstable_index_builder *builder, const struct column_summary *summary);
void sstable_index_builder_add_block(struct sstable_index_builder *builder, const struct index_block *block);

/* Appends the whole index to `index`. */
MUST_CHECK bool sstable_index_builder_finish(struct sstable_index_builder *builder, const struct row_format *format,
                                             struct buffer *index, struct ssql_error *error);

#endif
