/* aggregate_groups.h - which group each row belongs to: groups are numbered as they are met. Three forms: no keys (one
 * group), one int key, and the general one, where a dictionary of strings is looked up once per entry. A row whose
 * group is new while the work budget is used up gets none: the caller puts it aside, by its hash. */
#ifndef SSQL_EXEC_AGGREGATE_GROUPS_H
#define SSQL_EXEC_AGGREGATE_GROUPS_H

#include "exec/hash_table.h"
#include "exec/kernel.h"
#include "exec/operator_memory.h"

struct aggregate_groups {
    uint32_t key_count;
    const enum ssql_type *key_types;
    bool is_int_key;
    uint64_t seed;
    size_t group_cost; /* bytes of the states of one group */
    struct operator_memory *memory;
    uint32_t group_count;
    bool is_full; /* a row was refused */
    struct hash_ints ints;
    uint32_t null_group; /* of the int key; HASH_NOT_FOUND: none yet */
    struct hash_table table;
    struct buffer bytes; /* keys of one batch */
};

void aggregate_groups_init(struct aggregate_groups *groups, const enum ssql_type *key_types, uint32_t key_count,
                           size_t group_cost, struct operator_memory *memory);
/* Forgets all groups; hashes differ from seed to seed. */
void aggregate_groups_reset(struct aggregate_groups *groups, uint64_t seed);
void aggregate_groups_clear(struct aggregate_groups *groups);

/* numbers[i] is the group of the i-th selected row, of which there are some, or HASH_NOT_FOUND; then hashes[i] is its
 * hash. */
MUST_CHECK bool aggregate_groups_find(struct aggregate_groups *groups, const struct vector *keys,
                                      struct selection selection, uint32_t *numbers, uint64_t *hashes,
                                      struct ssql_error *error);

/* The keys of a group; strings live until the groups are reset. */
void aggregate_groups_keys(const struct aggregate_groups *groups, uint32_t number, struct value *keys);

#endif
