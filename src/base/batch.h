/* batch.h - up to BATCH_CAPACITY rows on their way through the operators: a vector per column and a selection.
 * Filters narrow the selection; nothing is moved. A batch owns nothing (see vector.h). */
#ifndef SSQL_BASE_BATCH_H
#define SSQL_BASE_BATCH_H

#include "base/vector.h"

struct batch {
    struct vector *columns; /* array of the batch's owner; its size is fixed by the plan */
    uint32_t column_count;
    uint32_t row_count;        /* rows that the vectors hold, <= BATCH_CAPACITY; 0: the end */
    const uint16_t *selection; /* ascending row numbers that are meant; NULL: all of [0, row_count) */
    uint32_t selected_count;   /* rows that are meant; equals row_count while selection is NULL */
};

/* Row number of the i-th selected row. */
static inline uint32_t batch_row(const struct batch *batch, uint32_t i)
{
    return batch->selection == NULL ? i : batch->selection[i];
}

#endif
