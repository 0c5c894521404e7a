/* merge.h - choosing the least among the heads of several sorted inputs: the inner step of scans and compactions.
 * A head is the first 8 bytes of a key as a number; for int keys it is the whole key. While one input's head is below
 * all others its rows are taken in a run; only equal heads need a look at whole keys. */
#ifndef SSQL_STORAGE_MERGE_H
#define SSQL_STORAGE_MERGE_H

#include <stdint.h>

/* Index of the least of `count` heads (the first of equal ones); *second is the least of the others, UINT64_MAX when
 * there is none. Branch-free over few inputs; count > 0. */
static inline uint32_t merge_least(const uint64_t *heads, uint32_t count, uint64_t *second)
{
    uint64_t least = heads[0], next = UINT64_MAX;
    uint32_t index = 0;

    for (uint32_t i = 1; i < count; i++) {
        uint64_t head = heads[i];
        uint64_t larger = head < least ? least : head;
        index = head < least ? i : index;
        least = head < least ? head : least;
        next = larger < next ? larger : next;
    }
    *second = next;
    return index;
}

#endif
