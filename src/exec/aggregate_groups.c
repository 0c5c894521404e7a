#include "exec/aggregate_groups.h"

#include "exec/row_codec.h"
#include "exec/spill_rows.h"

enum { GROUPS_LEAST = 16 }; /* kept whatever the budget says, so that every round gets on */

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

/* The group of the key in groups->bytes. */
static bool find_bytes(struct aggregate_groups *groups, uint32_t *number, uint64_t *hash, struct ssql_error *error)
{
    struct slice bytes = buffer_slice(&groups->bytes);

    if (groups->bytes.failed)
        return error_no_memory(error);
    *hash = hash_bytes(bytes, groups->seed);
    *number = hash_table_find(&groups->table, *hash, bytes);
    if (*number != HASH_NOT_FOUND || !take_memory(groups, hash_table_cost(bytes.size)))
        return true;
    if (!hash_table_add(&groups->table, *hash, bytes, error))
        return false;
    *number = groups->group_count++;
    return true;
}

static bool find_rows(struct aggregate_groups *groups, const struct vector *keys, struct selection selection,
                      uint32_t *numbers, uint64_t *hashes, struct ssql_error *error)
{
    for (uint32_t i = 0; i < selection.count; i++) {
        uint32_t row = selection_row(selection, i);
        buffer_reset(&groups->bytes);
        for (uint32_t k = 0; k < groups->key_count; k++)
            row_append_item(&groups->bytes, &keys[k], row);
        if (!find_bytes(groups, &numbers[i], &hashes[i], error))
            return false;
    }
    return true;
}

/* One dictionary: a code is looked up when the first row has it, then rows go by their codes. */
static bool find_codes(struct aggregate_groups *groups, const struct vector *key, struct selection selection,
                       uint32_t *numbers, uint64_t *hashes, struct ssql_error *error)
{
    uint32_t code_numbers[BATCH_CAPACITY];
    uint64_t code_hashes[BATCH_CAPACITY];
    uint8_t is_known[BATCH_CAPACITY];

    memset(is_known, 0, key->dictionary_count);
    for (uint32_t i = 0; i < selection.count; i++) {
        uint16_t code = key->codes[selection_row(selection, i)];
        if (!is_known[code]) {
            struct value value = value_string(key->strings[code]);
            buffer_reset(&groups->bytes);
            row_append_value(&groups->bytes, &value);
            if (!find_bytes(groups, &code_numbers[code], &code_hashes[code], error))
                return false;
            is_known[code] = 1;
        }
        numbers[i] = code_numbers[code];
        hashes[i] = code_hashes[code];
    }
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
    if (groups->key_count == 1 && keys[0].kind == VECTOR_CONSTANT && selection.count > 0)
        return find_constant(groups, keys, selection, numbers, hashes, error);
    if (groups->is_int_key)
        return find_ints(groups, keys, selection, numbers, hashes, error);
    if (groups->key_count == 1 && keys[0].kind == VECTOR_DICTIONARY && keys[0].nulls == NULL &&
        keys[0].dictionary_count <= BATCH_CAPACITY)
        return find_codes(groups, keys, selection, numbers, hashes, error);
    return find_rows(groups, keys, selection, numbers, hashes, error);
}

bool aggregate_groups_keys(const struct aggregate_groups *groups, uint32_t number, struct value *keys,
                           struct ssql_error *error)
{
    if (groups->key_count == 0)
        return true;
    if (groups->is_int_key) {
        keys[0] = number == groups->null_group ? value_null(SSQL_TYPE_INT) : value_int(groups->ints.keys[number]);
        return true;
    }
    struct slice bytes = slice_make(groups->table.keys[number].bytes, groups->table.keys[number].size);
    for (uint32_t k = 0; k < groups->key_count; k++)
        if (!row_take_value(&bytes, groups->key_types[k], &keys[k]))
            return error_set(error, SSQL_INTERNAL, NO_SPAN, "a group's key does not read back");
    return true;
}
