/* vector.h - one column of a batch. Constants and dictionary codes stay what they are until somebody needs plain
 * values. A vector owns nothing: its arrays belong to whoever filled it, and live as that one's header says. */
#ifndef SSQL_BASE_VECTOR_H
#define SSQL_BASE_VECTOR_H

#include "base/value.h"

enum { BATCH_CAPACITY = 1024 }; /* rows; also the most rows of a data block */

enum vector_kind {
    VECTOR_FLAT,       /* one item per row */
    VECTOR_CONSTANT,   /* item 0 (and nulls[0]) holds for every row */
    VECTOR_DICTIONARY, /* strings only: row i is strings[codes[i]]; codes of null rows are valid too */
};

struct vector {
    enum ssql_type type;
    enum vector_kind kind;
    union {
        const int64_t *integers;
        const double *reals;
        const uint8_t *booleans; /* 0 or 1 */
        const struct slice *strings;
        const void *items; /* whichever it is */
    };
    const uint16_t *codes;     /* VECTOR_DICTIONARY */
    uint32_t dictionary_count; /* VECTOR_DICTIONARY: items in `strings`, distinct */
    const uint8_t *nulls;      /* per row (one for a constant), 1 = null; NULL: no row is null */
};

/* Bytes of one item in the array of a flat vector; 1 for the type of a bare null, which has no items. */
static inline size_t vector_item_size(enum ssql_type type)
{
    static const uint8_t sizes[] = {
        [SSQL_TYPE_NULL] = 1,
        [SSQL_TYPE_INT] = sizeof(int64_t),
        [SSQL_TYPE_FLOAT] = sizeof(double),
        [SSQL_TYPE_BOOL] = sizeof(uint8_t),
        [SSQL_TYPE_STRING] = sizeof(struct slice),
    };

    return sizes[type];
}

/* Item of row `row` (a row number of the batch, not of the selection). Strings stay borrowed. Not for inner loops. */
static inline struct value vector_value(const struct vector *vector, uint32_t row)
{
    uint32_t item = vector->kind == VECTOR_CONSTANT ? 0 : row;

    if (vector->type == SSQL_TYPE_NULL || (vector->nulls != NULL && vector->nulls[item]))
        return value_null(vector->type);
    if (vector->type == SSQL_TYPE_INT)
        return value_int(vector->integers[item]);
    if (vector->type == SSQL_TYPE_FLOAT)
        return value_float(vector->reals[item]);
    if (vector->type == SSQL_TYPE_BOOL)
        return value_bool(vector->booleans[item] != 0);
    return value_string(vector->strings[vector->kind == VECTOR_DICTIONARY ? vector->codes[item] : item]);
}

#endif
