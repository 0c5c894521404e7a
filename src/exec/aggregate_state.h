/* aggregate_state.h - the running values of one aggregate, an item per group, and the loops that feed them.
 * Strings (min, max, group_concat) are kept per group, their bytes reserved from the operator's memory.
 * Ints are summed exactly, in 128 bits; only the result may be out of range. Floats that are finite have a finite sum,
 * or none. One thread at a time. */
#ifndef SSQL_EXEC_AGGREGATE_STATE_H
#define SSQL_EXEC_AGGREGATE_STATE_H

#include "exec/kernel.h"
#include "exec/operator_memory.h"

__extension__ typedef __int128 int128;

struct aggregate_text {
    uint8_t *bytes;
    uint32_t size, capacity;
};

struct aggregate_state {
    union {
        int128 sum;
        struct {
            double real;
            bool has_overflowed; /* the sum of finite floats was not finite */
        };
        int64_t integer;
        struct aggregate_text text;
    };
    int64_t count; /* values that are not null */
};

struct aggregate_states {
    const struct bound_aggregate *aggregate;
    enum ssql_type type;    /* of the argument; SSQL_TYPE_NULL: none, or always null */
    struct slice separator; /* AGGREGATE_GROUP_CONCAT */
    struct operator_memory *memory;
    struct aggregate_state *items;
    uint32_t count, capacity;
};

void aggregate_states_init(struct aggregate_states *states, const struct bound_aggregate *aggregate,
                           struct operator_memory *memory);
/* Whether a group's state grows with the data. */
bool aggregate_keeps_text(const struct bound_aggregate *aggregate);
/* What a group costs at most, growth of the array included, strings not. */
enum { AGGREGATE_STATE_COST = 3 * sizeof(struct aggregate_state) };
/* Groups [0, count), new ones empty. */
MUST_CHECK bool aggregate_states_resize(struct aggregate_states *states, uint32_t count, struct ssql_error *error);
void aggregate_states_clear(struct aggregate_states *states);

/* Feeds the selected rows: the i-th goes to group groups[i] (HASH_NOT_FOUND: to none), or all to group 0 when `groups`
 * is NULL. `argument` is NULL for count(*). */
MUST_CHECK bool aggregate_states_update(struct aggregate_states *states, const uint32_t *groups,
                                        const struct vector *argument, struct selection selection,
                                        struct ssql_error *error);
/* Feeds one value that is not null. */
MUST_CHECK bool aggregate_states_add(struct aggregate_states *states, uint32_t group, const struct value *value,
                                     struct ssql_error *error);

/* Whether two states of a group can be made one: all but joined and kept strings. */
bool aggregate_can_merge(const struct bound_aggregate *aggregate);
/* Adds the states [begin, begin + count) of `added`, of the same aggregate, to groups groups[0..count) (NULL: to group
 * 0): as if its rows had been fed after those of `states`. */
void aggregate_states_merge(struct aggregate_states *states, const uint32_t *groups,
                            const struct aggregate_states *added, uint32_t begin, uint32_t count);

/* The result; a string lives until the states are changed. */
MUST_CHECK bool aggregate_states_result(const struct aggregate_states *states, uint32_t group, struct value *result,
                                        struct ssql_error *error);

#endif
