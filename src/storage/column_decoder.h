/* column_decoder.h - one column of a block, read by item; what block_decode_column, block_gather_column, block_value,
 * the search for keys and the checker stand on. */
#ifndef SSQL_STORAGE_COLUMN_DECODER_H
#define SSQL_STORAGE_COLUMN_DECODER_H

#include "storage/sstable_internal.h"

/* Strings stored one after the other, with packed ends. */
struct string_run {
    const uint8_t *bytes;
    uint64_t size;
    const uint8_t *ends;
    uint32_t width, shortest;
};

/* A string column; strings of rows are the items of the dictionary, or prefix and rest. */
struct string_column {
    struct column_entry entry;
    struct string_run run;
    struct slice prefix;
    const uint8_t *codes; /* packed */
};
void string_column_open(struct string_column *column, const struct block *block, const struct column_entry *entry);

/* The string of a row without the prefix. False: the block's bytes contradict themselves. */
bool string_column_rest(const struct string_column *column, uint32_t row, struct slice *rest);

bool block_row_is_null(const struct block *block, const struct column_entry *entry, uint32_t row);

/* Room for `size` bytes in a buffer that keeps nothing of what it held. */
MUST_CHECK bool column_buffer_reserve_bytes(struct column_buffer *buffer, size_t size, struct ssql_error *error);

#endif
