/* row_batch.h - rows gathered one by one into a batch of plain vectors: what operators hand out that make rows
 * themselves. Its arrays come from an arena and are kept; strings stay borrowed from whoever set them, unless copied by
 * row_batch_copy_strings into memory that the next row_batch_begin forgets. */
#ifndef SSQL_EXEC_ROW_BATCH_H
#define SSQL_EXEC_ROW_BATCH_H

#include "base/arena.h"
#include "base/batch.h"

struct row_batch {
    struct arena *arena;
    const enum ssql_type *types;
    uint32_t column_count;
    uint32_t capacity; /* rows for which there is room */
    struct vector *vectors;
    void **items; /* per column */
    uint8_t **nulls;
    bool *has_nulls;
    struct value *scratch;
    struct arena strings; /* copies */
};

void row_batch_init(struct row_batch *rows, struct arena *arena, const enum ssql_type *types, uint32_t column_count);
/* Frees copied strings. */
void row_batch_clear(struct row_batch *rows);

/* Room for `count` rows (at most BATCH_CAPACITY); forgets the rows of before and their copied strings. */
MUST_CHECK bool row_batch_reserve(struct row_batch *rows, uint32_t count, struct ssql_error *error);

/* An array of column_count values for building a row; after the first row_batch_reserve. */
struct value *row_batch_scratch(struct row_batch *rows);

void row_batch_set(struct row_batch *rows, uint32_t column, uint32_t row, const struct value *value);
void row_batch_set_row(struct row_batch *rows, uint32_t row, const struct value *values);

/* The strings of `values` replaced by copies that live until the next row_batch_reserve. */
MUST_CHECK bool row_batch_copy_strings(struct row_batch *rows, struct value *values, struct ssql_error *error);

/* The first `count` rows as a batch, valid until the next row_batch_reserve. */
void row_batch_show(struct row_batch *rows, uint32_t count, struct batch *batch);

#endif
