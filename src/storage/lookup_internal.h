/* lookup_internal.h - one key in one sstable: what point reads and the validation of scanned rows share. */
#ifndef SSQL_STORAGE_LOOKUP_INTERNAL_H
#define SSQL_STORAGE_LOOKUP_INTERNAL_H

#include "storage/filter.h"
#include "storage/table.h"

/* A key to be looked for in several places, with its filter_hash. */
struct lookup_key {
    struct slice key;
    uint64_t hash;
};

static inline struct lookup_key lookup_key_make(struct slice key)
{
    return (struct lookup_key){.key = key, .hash = filter_hash(key)};
}

/* The newest version of the key with sequence <= `snapshot` in the file, whose key range need not hold the key. When
 * *found, `block` is pinned, the caller releases it, and *row is its row. */
MUST_CHECK bool file_find_version(struct table_file *file, const struct lookup_key *key, uint64_t snapshot,
                                  struct block *block, uint32_t *row, bool *found, struct ssql_error *error);

#endif
