/* aggregate_distinct.h - a set of byte strings that tells new ones from those seen before. Beyond the work budget new
 * ones are put aside in spill files and told apart later, part by part. Under `distinct` rows and distinct aggregates
 * alike. */
#ifndef SSQL_EXEC_AGGREGATE_DISTINCT_H
#define SSQL_EXEC_AGGREGATE_DISTINCT_H

#include "exec/hash_table.h"
#include "exec/operator_memory.h"
#include "exec/spill_partitions.h"

enum distinct_outcome { DISTINCT_NEW, DISTINCT_SEEN, DISTINCT_LATER, DISTINCT_FAILED };

struct distinct_set {
    struct operator_memory memory;
    struct hash_table table;
    struct spill_partitions partitions;
    struct spill_reader reader; /* of the part that is being worked off */
    bool is_reading;
    uint32_t level;
};

void distinct_set_init(struct distinct_set *set, struct engine *engine, struct memory_budget *budget);
void distinct_set_clear(struct distinct_set *set);

/* DISTINCT_LATER: distinct_set_next_later will give it, once, if it was new. */
MUST_CHECK enum distinct_outcome distinct_set_add(struct distinct_set *set, struct slice bytes,
                                                  struct ssql_error *error);

/* After the last distinct_set_add: the next new one of those put aside, valid until the following call; data NULL: no
 * more. */
MUST_CHECK bool distinct_set_next_later(struct distinct_set *set, struct slice *bytes, struct ssql_error *error);

#endif
