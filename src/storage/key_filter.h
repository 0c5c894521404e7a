/* key_filter.h - what an sstable says about keys that it certainly does not hold. Two kinds, chosen when the file is
 * written: a bitmap when the key is one int and the keys lie close together, with a bit for each number from the file's
 * first key to its last; else a bloom filter (filter.h). A bitmap takes as many bits a key as the keys lie apart, and
 * its answers are exact: dense keys, as counters and serial numbers make them, are the ones of which a table is large.
 */
#ifndef SSQL_STORAGE_KEY_FILTER_H
#define SSQL_STORAGE_KEY_FILTER_H

#include "storage/filter.h"

/* Keys come in ascending order. One thread. */
struct key_filter_builder {
    bool is_bitmap; /* so far */
    uint64_t expected_keys;
    uint32_t bits_per_key;

    uint8_t *bits;                   /* in pages of their own */
    size_t size;                     /* of these */
    uint64_t first, span, key_count; /* the first key, and numbers from there to the latest one */

    struct filter_builder bloom; /* without is_bitmap */
};

/* What is in a file. `bytes` are borrowed. */
struct key_filter {
    struct slice bytes;
    uint8_t kind;   /* FILTER_BLOCKED_BLOOM or FILTER_KEY_BITMAP */
    uint8_t probes; /* of a bloom filter */
};

/* `bits_per_key` > 0: of a bloom filter, and the most that a bitmap may take. `expected_keys` 0: nobody knows. */
MUST_CHECK bool key_filter_builder_init(struct key_filter_builder *builder, bool key_is_int, uint64_t expected_keys,
                                        uint32_t bits_per_key, struct ssql_error *error);
void key_filter_builder_clear(struct key_filter_builder *builder); /* also a zeroed one */

/* A key that follows itself counts once. */
MUST_CHECK bool key_filter_builder_add(struct key_filter_builder *builder, struct slice key, struct ssql_error *error);
/* The same for a table whose key is one int, given as key_head has it. */
MUST_CHECK bool key_filter_builder_add_head(struct key_filter_builder *builder, uint64_t head,
                                            struct ssql_error *error);

/* Once, after the last key. The bytes live in the builder. */
MUST_CHECK bool key_filter_builder_finish(struct key_filter_builder *builder, struct key_filter *filter,
                                          struct ssql_error *error);

/* Whether these can be a filter of keys of the kind from `first` to `last`: then asking it for any key is safe. */
bool key_filter_is_sound(uint8_t kind, uint8_t probes, uint64_t size);
bool key_filter_covers(uint64_t size, uint64_t first_head, uint64_t last_head);

/* Begins to fetch what key_filter_may_contain will look at. `hash` is the key's filter_hash; `first_head` is key_head
 * of the file's first key, and matters to a bitmap alone, whose keys have INT_KEY_SIZE bytes. */
void key_filter_prefetch(const struct key_filter *filter, uint64_t first_head, struct slice key, uint64_t hash);
/* False: the key was certainly not added. */
bool key_filter_may_contain(const struct key_filter *filter, uint64_t first_head, struct slice key, uint64_t hash);

#endif
