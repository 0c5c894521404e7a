/* aggregate_partial.h - groups and states of a part of the rows, to be merged with others.
 *
 * Life: init once, then start, feed, merge, again and again; clear frees. One thread at a time. */
#ifndef SSQL_EXEC_AGGREGATE_PARTIAL_H
#define SSQL_EXEC_AGGREGATE_PARTIAL_H

#include "exec/aggregate_groups.h"
#include "exec/aggregate_input.h"
#include "exec/aggregate_state.h"

struct aggregate_partial {
    const struct aggregate_input *input;
    struct operator_memory memory;
    struct aggregate_groups groups;
    struct aggregate_states *states; /* per aggregate */
};

/* It takes at most 1/`share` of what an operator may take. */
MUST_CHECK bool aggregate_partial_init(struct aggregate_partial *partial, const struct aggregate_input *input,
                                       struct memory_budget *budget, uint32_t share, struct ssql_error *error);
void aggregate_partial_clear(struct aggregate_partial *partial); /* also a zeroed one */
/* Forgets all groups. */
void aggregate_partial_start(struct aggregate_partial *partial);

/* The selected rows, whose inputs are in `vectors`. `numbers` and `hashes` are scratch for as many items. With
 * partial->groups.is_full some rows were left out: the partial is of no use. */
MUST_CHECK bool aggregate_partial_feed(struct aggregate_partial *partial, const struct vector *vectors,
                                       struct selection selection, uint32_t *numbers, uint64_t *hashes,
                                       struct ssql_error *error);

/* Adds what it holds to other groups and states. *has_room: false when their memory has no room for all, and nothing
 * was changed. */
MUST_CHECK bool aggregate_partial_merge(const struct aggregate_partial *partial, struct aggregate_groups *groups,
                                        struct aggregate_states *states, struct operator_memory *memory, bool *has_room,
                                        struct ssql_error *error);

#endif
