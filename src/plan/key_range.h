/* key_range.h - what a condition says about single columns: comparisons with values that are the same for every row,
 * and the range of keys that they leave. */
#ifndef SSQL_PLAN_KEY_RANGE_H
#define SSQL_PLAN_KEY_RANGE_H

#include "plan/plan.h"

/* `column operator value` follows from conjunct number `conjunct`. */
struct comparison {
    uint32_t column;
    enum zone_operator operator;
    struct bound_expr *value; /* NULL for the IS operators */
    uint32_t conjunct;
    bool is_whole; /* it says all that the conjunct says */
};

struct comparison_list {
    struct comparison *items;
    uint32_t count;
};

/* The parts of a condition that all must hold, in order. The array is the condition's own, or `single`. */
struct conjuncts {
    struct bound_expr **items;
    uint32_t count;
    struct bound_expr *single;
};

void conjuncts_init(struct conjuncts *conjuncts, struct bound_expr *condition);

/* False when memory is out. */
MUST_CHECK bool comparisons_collect(struct arena *arena, const struct conjuncts *conjuncts,
                                    struct comparison_list *list);

struct key_range {
    struct key_bound low, high;
    uint32_t fixed_count; /* leading key columns of which one value is left */
};

/* Marks in `implied` (per conjunct) what the range makes superfluous. False when memory is out. */
MUST_CHECK bool key_range_find(struct arena *arena, const struct table_schema *table,
                               const struct comparison_list *comparisons, bool *implied, struct key_range *range);

#endif
