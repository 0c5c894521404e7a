/* row_columns.h - rows copied out of batches, column by column, to be handed out later, perhaps by another thread.
 * Zeroed memory is empty. Memory is reserved from the given operator_memory. One thread at a time. */
#ifndef SSQL_EXEC_ROW_COLUMNS_H
#define SSQL_EXEC_ROW_COLUMNS_H

#include "base/arena.h"
#include "base/batch.h"
#include "exec/operator_memory.h"

struct row_column {
    void *items;
    uint8_t *nulls;
    bool has_nulls;
};

struct row_columns {
    const enum ssql_type *types;
    uint32_t column_count;
    struct row_column *columns;
    uint32_t row_count, row_capacity;
    struct arena strings;
};

enum row_columns_outcome { ROWS_ADDED, ROWS_REFUSED /* by the budget: nothing was added */, ROWS_FAILED };

/* `types` stay. */
MUST_CHECK bool row_columns_init(struct row_columns *rows, const enum ssql_type *types, uint32_t column_count,
                                 struct ssql_error *error);
void row_columns_clear(struct row_columns *rows);
/* Forgets the rows and keeps the memory of its arrays: of what was taken from the operator_memory, kept_bytes are still
 * used. */
void row_columns_reset(struct row_columns *rows);
size_t row_columns_kept_bytes(const struct row_columns *rows);

/* Appends the selected rows of a batch. */
MUST_CHECK enum row_columns_outcome row_columns_append(struct row_columns *rows, const struct batch *batch,
                                                       struct operator_memory *memory, struct ssql_error *error);

/* The rows [begin, begin + count) as plain vectors into `vectors` (column_count of them), which the batch then has. */
void row_columns_show(const struct row_columns *rows, uint32_t begin, uint32_t count, struct vector *vectors,
                      struct batch *batch);

#endif
