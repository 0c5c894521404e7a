/* hash_table.h - keys (bytes, or ints) numbered in the order in which they are met: the groups of an aggregate, the
 * rows of a distinct. Open addressing with linear probing; keys are copied. Memory is reserved by the caller's
 * estimate: at most hash_table_cost bytes for a key. */
#ifndef SSQL_EXEC_HASH_TABLE_H
#define SSQL_EXEC_HASH_TABLE_H

#include "base/arena.h"

#define HASH_NOT_FOUND UINT32_MAX

struct hash_key {
    uint64_t hash;
    const uint8_t *bytes;
    uint32_t size;
};

struct hash_slot {
    uint32_t tag;   /* high bits of the hash */
    uint32_t index; /* plus one; 0: free */
};

/* Zeroed memory is an empty table. */
struct hash_table {
    struct hash_slot *slots;
    uint32_t slot_count; /* a power of two */
    struct hash_key *keys;
    uint32_t key_count, key_capacity;
    struct arena bytes;
};

/* Frees everything. */
void hash_table_clear(struct hash_table *table);

uint64_t hash_bytes(struct slice bytes, uint64_t seed);

/* What a key of that many bytes costs at most, growth of the arrays included. */
static inline size_t hash_table_cost(size_t size)
{
    return size + 16 + 3 * sizeof(struct hash_key) + 8 * sizeof(struct hash_slot);
}

/* Number of the key, or HASH_NOT_FOUND. */
uint32_t hash_table_find(const struct hash_table *table, uint64_t hash, struct slice key);
/* The same for many keys at once: what lies in memory far apart is fetched for all of them together, not one after the
 * other. */
void hash_table_find_all(const struct hash_table *table, const uint64_t *hashes, const struct slice *keys,
                         uint32_t count, uint32_t *numbers);
/* Adds a key that is not there, whose data is not NULL even when it is empty; its number is the count before. */
MUST_CHECK bool hash_table_add(struct hash_table *table, uint64_t hash, struct slice key, struct ssql_error *error);

struct hash_int_slot {
    int64_t key;
    uint32_t index; /* plus one; 0: free */
};

/* The same for ints. */
struct hash_ints {
    struct hash_int_slot *slots;
    uint32_t slot_count;
    int64_t *keys;
    uint32_t key_count, key_capacity;
};

void hash_ints_clear(struct hash_ints *table);

enum { HASH_INT_COST = 3 * sizeof(int64_t) + 8 * sizeof(struct hash_int_slot) };

static inline uint64_t hash_int(int64_t key, uint64_t seed)
{
    /* The finalizer of MurmurHash3 (public domain) over the key and the seed. */
    uint64_t hash = (uint64_t)key + (seed + 1) * 0x9E3779B97F4A7C15u;

    hash = (hash ^ hash >> 33) * 0xFF51AFD7ED558CCDu;
    hash = (hash ^ hash >> 33) * 0xC4CEB9FE1A85EC53u;
    return hash ^ hash >> 33;
}

uint32_t hash_ints_find(const struct hash_ints *table, uint64_t hash, int64_t key);
MUST_CHECK bool hash_ints_add(struct hash_ints *table, uint64_t hash, int64_t key, uint64_t seed,
                              struct ssql_error *error);
/* Takes a number that no key finds: for the group of null. */
MUST_CHECK bool hash_ints_skip(struct hash_ints *table, struct ssql_error *error);

#endif
