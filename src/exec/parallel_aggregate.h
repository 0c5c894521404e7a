/* parallel_aggregate.h - morsels of a scan aggregated by several threads: each makes groups and states of one morsel by
 * itself, and these are merged into the operator's in the order of the morsels. So the result depends on how the table
 * is divided (scan_morsels.h), but neither on the number of threads nor on time: float sums, too, are the same to the
 * last bit.
 *
 * It is for few groups: with many, merging would cost as much as aggregating, and the operator goes on alone, which can
 * spill. The caller's thread only, but for the threads that a run has. */
#ifndef SSQL_EXEC_PARALLEL_AGGREGATE_H
#define SSQL_EXEC_PARALLEL_AGGREGATE_H

#include "exec/aggregate_groups.h"
#include "exec/aggregate_input.h"
#include "exec/aggregate_state.h"
#include "exec/operator_scan.h"

enum { PARALLEL_GROUPS_MOST = 4096 };

/* Whether an aggregate's states can be merged. */
bool parallel_aggregate_is_possible(const struct plan_node *node);

struct parallel_aggregate;

/* `input` and the scan outlive it. */
MUST_CHECK bool parallel_aggregate_create(const struct aggregate_input *input, struct operator* scan,
                                          struct parallel_aggregate **aggregate, struct ssql_error *error);
void parallel_aggregate_destroy(struct parallel_aggregate *aggregate); /* accepts NULL */

/* Aggregates the morsels [begin, end) into groups and states. *next: the first that was not: there were more groups
 * than PARALLEL_GROUPS_MOST, or than `memory` has room for. A failure is that of the earliest morsel that fails. */
MUST_CHECK bool parallel_aggregate_run(struct parallel_aggregate *aggregate, uint32_t begin, uint32_t end,
                                       struct aggregate_groups *groups, struct aggregate_states *states,
                                       struct operator_memory *memory, uint32_t *next, struct ssql_error *error);

#endif
