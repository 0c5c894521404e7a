/* memtable_filter.h - a bloom filter on a memtable's keys, whose bits for one key lie in one 64-bit word. It begins
 * once there are keys enough for a search to be dear and one of them comes out of order, grows with them, and lives in
 * the memtable's arena.
 *
 * Threads: one writer, readers beside it. A key is in the filter before the version that it announces can be seen. */
#ifndef SSQL_STORAGE_MEMTABLE_FILTER_H
#define SSQL_STORAGE_MEMTABLE_FILTER_H

#include "storage/memtable_arena.h"
#include "storage/memtable_tree.h"

struct memtable_filter {
    uint64_t key_capacity;
    uint32_t word_count;
    atomic_word words[];
};

/* A filter larger than `old` (or NULL) that holds the tree's keys and has room for more than `key_count`; NULL when out
 * of memory. */
struct memtable_filter *memtable_filter_grow(const struct memtable_filter *old, const struct tree *tree,
                                             uint64_t key_count, struct memtable_arena *arena);
/* Keys that the next filter has to wait for. */
uint64_t memtable_filter_capacity(const struct memtable_filter *filter); /* accepts NULL */
void memtable_filter_add(struct memtable_filter *filter, uint64_t key_hash);
void memtable_filter_prefetch(const struct memtable_filter *filter, uint64_t key_hash);
bool memtable_filter_may_contain(const struct memtable_filter *filter, uint64_t key_hash);

#endif
