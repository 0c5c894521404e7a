/* filter.h - a cache-line-blocked bloom filter: a key's bits all lie in one 64-byte line, so that a question costs one
 * cache miss. With 10 bits a key one answer in a hundred is a false yes. (Design: Putze, Sanders, Singler, "Cache-,
 * Hash- and Space-Efficient Bloom Filters", 2007.) */
#ifndef SSQL_STORAGE_FILTER_H
#define SSQL_STORAGE_FILTER_H

#include "base/error.h"
#include "base/slice.h"

enum { FILTER_LINE_SIZE = 64, FILTER_PROBES_MOST = 7, FILTER_WAITING_MOST = 16 };

/* Also declared in sstable_reader.h. */
uint64_t filter_hash(struct slice key);

struct filter_builder {
    uint8_t *lines; /* in pages of their own */
    size_t size;    /* of these */
    uint32_t line_count;
    uint32_t bits_per_key;
    uint32_t probes;
    uint64_t key_count;
    uint64_t last_hash;
    uint64_t waiting[FILTER_WAITING_MOST]; /* the latest hashes, while their lines are on the way to the cache */
};

/* Sized for `expected_keys`; more make more false answers. bits_per_key > 0. */
MUST_CHECK bool filter_builder_init(struct filter_builder *builder, uint64_t expected_keys, uint32_t bits_per_key,
                                    struct ssql_error *error);
void filter_builder_clear(struct filter_builder *builder); /* also a zeroed one */

/* Hashes that follow each other and are equal count as one key. */
void filter_builder_add(struct filter_builder *builder, uint64_t hash);

/* Shrinks the filter when far fewer keys came than expected. The bytes live in the builder. Once, after the last key. */
struct slice filter_builder_finish(struct filter_builder *builder);

/* Begins to fetch what filter_may_contain will look at. */
void filter_prefetch(struct slice lines, uint64_t hash);
/* False: the key was certainly not added. The lines' size is a multiple of FILTER_LINE_SIZE and not 0; 1 <= probes
 * <= 7. */
bool filter_may_contain(struct slice lines, uint32_t probes, uint64_t hash);

#endif
