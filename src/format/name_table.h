/* name_table.h - the names of a file's columns, found by their text: a hash table with open addressing over names in
 * the order in which they came. Zeroed memory is an empty table. One thread at a time. */
#ifndef SSQL_FORMAT_NAME_TABLE_H
#define SSQL_FORMAT_NAME_TABLE_H

#include "base/arena.h"

struct name_table {
    struct slice *names; /* texts in `arena` */
    uint32_t *slots;     /* position + 1, 0: free; slot_count of them, a power of two */
    uint32_t count;
    uint32_t slot_count;
    struct arena arena;
};

void name_table_clear(struct name_table *table);

/* The position of a name, or `count` when there is none. `likely` is a position worth looking at first. */
uint32_t name_table_find(const struct name_table *table, struct slice name, uint32_t likely);

/* Adds a copy of a name that is not there, at position `count`. Fails with SSQL_NO_MEMORY, changing nothing. */
MUST_CHECK bool name_table_add(struct name_table *table, struct slice name, struct ssql_error *error);

/* Forgets the names from position `count` on. */
void name_table_truncate(struct name_table *table, uint32_t count);

#endif
