/* column_encoder.h - puts one data block together: each column in the encoding that takes the fewest bytes
 * (sstable_format.h draws the result). One thread. */
#ifndef SSQL_STORAGE_COLUMN_ENCODER_H
#define SSQL_STORAGE_COLUMN_ENCODER_H

#include "base/vector.h"
#include "storage/sstable_format.h"

/* One column of the block's rows, one item a row. */
struct column_input {
    enum ssql_type type;
    union {
        const int64_t *integers;
        const double *reals;
        const uint8_t *booleans;
        const struct slice *strings;
    };
    const uint8_t *nulls;   /* per row, 1 = null, as some row is; NULL: none is */
    const uint8_t *skipped; /* per row, 1 = null or a tombstone's: the item is not looked at; NULL: none */
};

/* What the zone map keeps; strings point into the input. */
struct column_summary {
    bool has_values, has_nulls;
    struct value minimum, maximum;
};

struct block_encoder {
    struct buffer plain;   /* header, directory and parts */
    struct buffer streams; /* LZ4 streams, in column order */
    size_t unpacked_streams_size;
    uint32_t row_count, column_count;
    bool compress;
    bool too_large;             /* an offset does not fit */
    uint8_t *compression_waits; /* per column: blocks before the next trial, after one that did not pay */

    /* Work space. */
    int64_t numbers[BATCH_CAPACITY];
    uint16_t codes[BATCH_CAPACITY];
    struct slice items[BATCH_CAPACITY]; /* the dictionary */
    uint32_t item_count;
    uint16_t slots[4 * BATCH_CAPACITY]; /* hash table of the dictionary: item number + 1 */
};

/* Heap. `column_count` is the table's. */
MUST_CHECK bool block_encoder_create(uint32_t column_count, bool compress, struct block_encoder **encoder,
                                     struct ssql_error *error);
void block_encoder_destroy(struct block_encoder *encoder); /* accepts NULL */

/* Begins a block of 1..BATCH_CAPACITY rows. Failures are kept until block_encoder_finish. */
void block_encoder_begin(struct block_encoder *encoder, uint32_t row_count);
void block_encoder_add_sequences(struct block_encoder *encoder, const uint64_t *sequences); /* NULL: all 0 */
void block_encoder_add_tombstones(struct block_encoder *encoder, const uint8_t *tombstones);
void block_encoder_add_column(struct block_encoder *encoder, uint32_t column, const struct column_input *input,
                              struct column_summary *summary);

/* The block as it will stand at `offset` of the file: valid until the next begin. */
MUST_CHECK bool block_encoder_finish(struct block_encoder *encoder, uint64_t identity, uint64_t offset,
                                     struct slice *stored, uint32_t *unpacked_size, struct ssql_error *error);

#endif
