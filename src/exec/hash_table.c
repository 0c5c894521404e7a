#include "exec/hash_table.h"

#include <stdlib.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

enum { FIRST_SLOTS = 64, FIRST_KEYS = 32 };

uint64_t hash_bytes(struct slice bytes, uint64_t seed)
{
    return XXH3_64bits_withSeed(bytes.data, bytes.size, seed);
}

void hash_table_clear(struct hash_table *table)
{
    free(table->slots);
    free(table->keys);
    arena_clear(&table->bytes);
    *table = (struct hash_table){0};
}

uint32_t hash_table_find(const struct hash_table *table, uint64_t hash, struct slice key)
{
    uint32_t mask = table->slot_count - 1;

    if (table->slot_count == 0)
        return HASH_NOT_FOUND;
    for (uint32_t at = (uint32_t)hash & mask;; at = (at + 1) & mask) {
        const struct hash_slot *slot = &table->slots[at];
        if (slot->index == 0)
            return HASH_NOT_FOUND;
        if (slot->tag != (uint32_t)(hash >> 32))
            continue;
        const struct hash_key *found = &table->keys[slot->index - 1];
        if (found->size == key.size && memcmp(found->bytes, key.data, key.size) == 0)
            return slot->index - 1;
    }
}

/* The steps ahead of hash_table_find_all: a slot's line, then the entry it points to, then its bytes. Each is waited
 * for only after it was asked for on behalf of this many keys. */
enum { KEYS_AHEAD = 16 };

static void fetch_entry(const struct hash_table *table, uint64_t hash)
{
    uint32_t index = table->slots[(uint32_t)hash & (table->slot_count - 1)].index;

    if (index != 0)
        __builtin_prefetch(&table->keys[index - 1]);
}

static void fetch_bytes(const struct hash_table *table, uint64_t hash)
{
    const struct hash_slot *slot = &table->slots[(uint32_t)hash & (table->slot_count - 1)];

    if (slot->index != 0 && slot->tag == (uint32_t)(hash >> 32))
        __builtin_prefetch(table->keys[slot->index - 1].bytes);
}

void hash_table_find_all(const struct hash_table *table, const uint64_t *hashes, const struct slice *keys,
                         uint32_t count, uint32_t *numbers)
{
    if (table->slot_count == 0) {
        memset(numbers, 0xFF, count * sizeof *numbers);
        return;
    }
    for (uint32_t i = 0; i < count + 3 * KEYS_AHEAD; i++) {
        if (i < count)
            __builtin_prefetch(&table->slots[(uint32_t)hashes[i] & (table->slot_count - 1)]);
        if (i >= KEYS_AHEAD && i - KEYS_AHEAD < count)
            fetch_entry(table, hashes[i - KEYS_AHEAD]);
        if (i >= 2 * KEYS_AHEAD && i - 2 * KEYS_AHEAD < count)
            fetch_bytes(table, hashes[i - 2 * KEYS_AHEAD]);
        if (i >= 3 * KEYS_AHEAD)
            numbers[i - 3 * KEYS_AHEAD] = hash_table_find(table, hashes[i - 3 * KEYS_AHEAD], keys[i - 3 * KEYS_AHEAD]);
    }
}

static void place(struct hash_slot *slots, uint32_t slot_count, uint64_t hash, uint32_t index)
{
    uint32_t at = (uint32_t)hash & (slot_count - 1);

    while (slots[at].index != 0)
        at = (at + 1) & (slot_count - 1);
    slots[at] = (struct hash_slot){(uint32_t)(hash >> 32), index + 1};
}

/* At most half of the slots are taken. */
static bool grow_slots(struct hash_table *table)
{
    uint32_t count = table->slot_count == 0 ? FIRST_SLOTS : table->slot_count * 2;
    struct hash_slot *slots = calloc(count, sizeof *slots);

    if (slots == NULL)
        return false;
    for (uint32_t i = 0; i < table->key_count; i++)
        place(slots, count, table->keys[i].hash, i);
    free(table->slots);
    table->slots = slots;
    table->slot_count = count;
    return true;
}

static bool grow_keys(struct hash_table *table)
{
    uint32_t capacity = table->key_capacity == 0 ? FIRST_KEYS : table->key_capacity * 2;
    struct hash_key *keys = realloc(table->keys, capacity * sizeof *keys);

    if (keys == NULL)
        return false;
    table->keys = keys;
    table->key_capacity = capacity;
    return true;
}

bool hash_table_add(struct hash_table *table, uint64_t hash, struct slice key, struct ssql_error *error)
{
    if ((table->key_count + 1) * 2 > table->slot_count && !grow_slots(table))
        return error_no_memory(error);
    if (table->key_count == table->key_capacity && !grow_keys(table))
        return error_no_memory(error);
    uint8_t *bytes = arena_alloc(&table->bytes, key.size);
    if (bytes == NULL)
        return error_no_memory(error);
    memcpy(bytes, key.data, key.size);
    table->keys[table->key_count] = (struct hash_key){hash, bytes, (uint32_t)key.size};
    place(table->slots, table->slot_count, hash, table->key_count++);
    return true;
}

/* ---- ints ---- */

void hash_ints_clear(struct hash_ints *table)
{
    free(table->slots);
    free(table->keys);
    *table = (struct hash_ints){0};
}

uint32_t hash_ints_find(const struct hash_ints *table, uint64_t hash, int64_t key)
{
    uint32_t mask = table->slot_count - 1;

    if (table->slot_count == 0)
        return HASH_NOT_FOUND;
    for (uint32_t at = (uint32_t)hash & mask;; at = (at + 1) & mask) {
        const struct hash_int_slot *slot = &table->slots[at];
        if (slot->index == 0)
            return HASH_NOT_FOUND;
        if (slot->key == key)
            return slot->index - 1;
    }
}

static void place_int(struct hash_int_slot *slots, uint32_t slot_count, uint64_t hash, struct hash_int_slot item)
{
    uint32_t at = (uint32_t)hash & (slot_count - 1);

    while (slots[at].index != 0)
        at = (at + 1) & (slot_count - 1);
    slots[at] = item;
}

static bool grow_int_slots(struct hash_ints *table, uint64_t seed)
{
    uint32_t count = table->slot_count == 0 ? FIRST_SLOTS : table->slot_count * 2;
    struct hash_int_slot *slots = calloc(count, sizeof *slots);

    if (slots == NULL)
        return false;
    for (uint32_t i = 0; i < table->slot_count; i++)
        if (table->slots[i].index != 0)
            place_int(slots, count, hash_int(table->slots[i].key, seed), table->slots[i]);
    free(table->slots);
    table->slots = slots;
    table->slot_count = count;
    return true;
}

bool hash_ints_skip(struct hash_ints *table, struct ssql_error *error)
{
    if (table->key_count == table->key_capacity) {
        uint32_t capacity = table->key_capacity == 0 ? FIRST_KEYS : table->key_capacity * 2;
        int64_t *keys = realloc(table->keys, capacity * sizeof *keys);
        if (keys == NULL)
            return error_no_memory(error);
        table->keys = keys;
        table->key_capacity = capacity;
    }
    table->keys[table->key_count++] = 0;
    return true;
}

bool hash_ints_add(struct hash_ints *table, uint64_t hash, int64_t key, uint64_t seed, struct ssql_error *error)
{
    if ((table->key_count + 1) * 2 > table->slot_count && !grow_int_slots(table, seed))
        return error_no_memory(error);
    if (!hash_ints_skip(table, error))
        return false;
    table->keys[table->key_count - 1] = key;
    place_int(table->slots, table->slot_count, hash, (struct hash_int_slot){key, table->key_count});
    return true;
}
