#include "exec/aggregate_groups.h"

#include <assert.h>

#include "exec/row_codec.h"
#include "exec/spill_rows.h"

enum {
    GROUPS_LEAST = 16,             /* kept whatever the budget says, so that every round gets on */
    KEY_BYTES_ENOUGH = 256 * 1024, /* keys beyond this are looked up before more are collected */
};

void aggregate_groups_init(struct aggregate_groups *groups, const enum ssql_type *key_types, uint32_t key_count,
                           size_t group_cost, struct operator_memory *memory)
{
    *groups = (struct aggregate_groups){.key_count = key_count,
                                        .key_types = key_types,
                                        .is_int_key = key_count == 1 && key_types[0] == SSQL_TYPE_INT,
                                        .group_cost = group_cost,
                                        .memory = memory};
    aggregate_groups_reset(groups, 0);
}

void aggregate_groups_reset(struct aggregate_groups *groups, uint64_t seed)
{
    hash_ints_clear(&groups->ints);
    hash_table_clear(&groups->table);
    groups->seed = seed;
    groups->is_full = false;
    groups->null_group = HASH_NOT_FOUND;
    /* Without keys there is one group, even of no rows. */
    groups->group_count = groups->key_count == 0;
}

void aggregate_groups_clear(struct aggregate_groups *groups)
{
    aggregate_groups_reset(groups, 0);
    buffer_clear(&groups->bytes);
}

/* Once full it stays full: all rows of a group that was refused go the same way. */
static bool take_memory(struct aggregate_groups *groups, size_t key_cost)
{
    size_t size = key_cost + groups->group_cost;

    if (groups->is_full)
        return false;
    if (operator_memory_take(groups->memory, size))
        return true;
    if (groups->group_count >= GROUPS_LEAST) {
        groups->is_full = true;
        return false;
    }
    operator_memory_force(groups->memory, size);
    return true;
}

static bool find_int(struct aggregate_groups *groups, int64_t key, uint32_t *number, uint64_t *hash,
                     struct ssql_error *error)
{
    *hash = hash_int(key, groups->seed);
    *number = hash_ints_find(&groups->ints, *hash, key);
    if (*number != HASH_NOT_FOUND || !take_memory(groups, HASH_INT_COST))
        return true;
    if (!hash_ints_add(&groups->ints, *hash, key, groups->seed, error))
        return false;
    *number = groups->group_count++;
    return true;
}

static bool find_int_null(struct aggregate_groups *groups, uint32_t *number, uint64_t *hash, struct ssql_error *error)
{
    *hash = 0;
    if (groups->null_group == HASH_NOT_FOUND && take_memory(groups, HASH_INT_COST)) {
        if (!hash_ints_skip(&groups->ints, error))
            return false;
        groups->null_group = groups->group_count++;
    }
    *number = groups->null_group;
    return true;
}

static bool find_ints(struct aggregate_groups *groups, const struct vector *key, struct selection selection,
                      uint32_t *numbers, uint64_t *hashes, struct ssql_error *error)
{
    for (uint32_t i = 0; i < selection.count; i++) {
        uint32_t row = selection_row(selection, i);
        bool is_done;
        if (vector_is_null(key, row))
            is_done = find_int_null(groups, &numbers[i], &hashes[i], error);
        else
            is_done = find_int(groups, key->integers[vector_item(key, row)], &numbers[i], &hashes[i], error);
        if (!is_done)
            return false;
    }
    return true;
}

/* ---- keys as bytes ---- */

/* Makes a group of a key that was not found among those before this batch. */
static bool add_key(struct aggregate_groups *groups, struct slice key, uint64_t hash, uint32_t *number,
                    struct ssql_error *error)
{
    *number = hash_table_find(&groups->table, hash, key);
    if (*number != HASH_NOT_FOUND || !take_memory(groups, hash_table_cost(key.size)))
        return true;
    if (!hash_table_add(&groups->table, hash, key, error))
        return false;
    *number = groups->group_count++;
    return true;
}

/* The groups of `count` keys that lie one after the other in groups->bytes, each up to its end. */
static bool find_keys(struct aggregate_groups *groups, const size_t *ends, uint32_t count, uint32_t *numbers,
                      uint64_t *hashes, struct ssql_error *error)
{
    struct slice keys[BATCH_CAPACITY];
    size_t start = 0;

    if (groups->bytes.failed)
        return error_no_memory(error);
    assert(count > 0);
    for (uint32_t i = 0; i < count; i++) {
        keys[i] = slice_make(groups->bytes.data + start, ends[i] - start);
        hashes[i] = hash_bytes(keys[i], groups->seed);
        start = ends[i];
    }
    hash_table_find_all(&groups->table, hashes, keys, count, numbers);
    for (uint32_t i = 0; i < count; i++)
        if (numbers[i] == HASH_NOT_FOUND && !add_key(groups, keys[i], hashes[i], &numbers[i], error))
            return false;
    return true;
}

static bool find_rows(struct aggregate_groups *groups, const struct vector *keys, struct selection selection,
                      uint32_t *numbers, uint64_t *hashes, struct ssql_error *error)
{
    size_t ends[BATCH_CAPACITY];
    uint32_t done = 0;

    while (done < selection.count) {
        uint32_t count = 0;
        buffer_reset(&groups->bytes);
        while (done + count < selection.count && groups->bytes.size < KEY_BYTES_ENOUGH && !groups->bytes.failed) {
            uint32_t row = selection_row(selection, done + count);
            for (uint32_t k = 0; k < groups->key_count; k++)
                row_append_group_item(&groups->bytes, &keys[k], row);
            ends[count++] = groups->bytes.size;
        }
        if (!find_keys(groups, ends, count, numbers + done, hashes + done, error))
            return false;
        done += count;
    }
    return true;
}

/* Codes that selected rows have, ascending, and the place of each in that list. */
static uint32_t list_codes(const struct vector *key, struct selection selection, uint16_t *codes,
                           uint16_t *place_of_code)
{
    uint8_t is_used[BATCH_CAPACITY];
    uint32_t count = 0;

    assert(key->dictionary_count <= BATCH_CAPACITY);
    memset(is_used, 0, key->dictionary_count);
    for (uint32_t i = 0; i < selection.count; i++)
        is_used[key->codes[selection_row(selection, i)]] = 1;
    for (uint32_t code = 0; code < key->dictionary_count; code++) {
        codes[count] = (uint16_t)code;
        place_of_code[code] = (uint16_t)count;
        count += is_used[code];
    }
    return count;
}

/* One dictionary: its entries are looked up once, as rows of their own, then rows go by their codes. */
static bool find_codes(struct aggregate_groups *groups, const struct vector *key, struct selection selection,
                       uint32_t *numbers, uint64_t *hashes, struct ssql_error *error)
{
    struct vector entries = {.type = SSQL_TYPE_STRING, .kind = VECTOR_FLAT, .strings = key->strings};
    uint16_t codes[BATCH_CAPACITY], place_of_code[BATCH_CAPACITY];
    uint32_t entry_numbers[BATCH_CAPACITY];
    uint64_t entry_hashes[BATCH_CAPACITY];
    uint32_t count = list_codes(key, selection, codes, place_of_code);

    if (!find_rows(groups, &entries, (struct selection){codes, count}, entry_numbers, entry_hashes, error))
        return false;
    for (uint32_t i = 0; i < selection.count; i++)
        numbers[i] = entry_numbers[place_of_code[key->codes[selection_row(selection, i)]]];
    for (uint32_t i = 0; groups->is_full && i < selection.count; i++)
        hashes[i] = entry_hashes[place_of_code[key->codes[selection_row(selection, i)]]];
    return true;
}

/* The same key for all rows. */
static bool find_constant(struct aggregate_groups *groups, const struct vector *keys, struct selection selection,
                          uint32_t *numbers, uint64_t *hashes, struct ssql_error *error)
{
    struct selection one = {NULL, 1};

    if (!(groups->is_int_key ? find_ints : find_rows)(groups, keys, one, numbers, hashes, error))
        return false;
    for (uint32_t i = 1; i < selection.count; i++) {
        numbers[i] = numbers[0];
        hashes[i] = hashes[0];
    }
    return true;
}

bool aggregate_groups_find(struct aggregate_groups *groups, const struct vector *keys, struct selection selection,
                           uint32_t *numbers, uint64_t *hashes, struct ssql_error *error)
{
    assert(selection.count > 0);
    if (groups->key_count == 1 && keys[0].kind == VECTOR_CONSTANT)
        return find_constant(groups, keys, selection, numbers, hashes, error);
    if (groups->is_int_key)
        return find_ints(groups, keys, selection, numbers, hashes, error);
    if (groups->key_count == 1 && keys[0].kind == VECTOR_DICTIONARY && keys[0].nulls == NULL)
        return find_codes(groups, keys, selection, numbers, hashes, error);
    return find_rows(groups, keys, selection, numbers, hashes, error);
}

void aggregate_groups_keys(const struct aggregate_groups *groups, uint32_t number, struct value *keys)
{
    if (groups->key_count == 0)
        return;
    if (groups->is_int_key) {
        keys[0] = number == groups->null_group ? value_null(SSQL_TYPE_INT) : value_int(groups->ints.keys[number]);
        return;
    }
    struct slice bytes = slice_make(groups->table.keys[number].bytes, groups->table.keys[number].size);
    for (uint32_t k = 0; k < groups->key_count; k++)
        row_take_own_value(&bytes, groups->key_types[k], &keys[k]);
}
