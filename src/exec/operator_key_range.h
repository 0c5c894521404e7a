/* operator_key_range.h - key bounds of a plan as encoded keys: expressions evaluated, prefixes turned into ranges. */
#ifndef SSQL_EXEC_OPERATOR_KEY_RANGE_H
#define SSQL_EXEC_OPERATOR_KEY_RANGE_H

#include "exec/operator.h"

/* Belongs to an operator; compiled once, evaluated at each run. */
struct key_range {
    const struct table_schema *table;
    struct operator_runtime *runtime;
    const struct key_bound *low_bound, *high_bound;
    struct expression **low_parts, **high_parts;
    struct value *parts; /* scratch: one more than the key has columns */
    struct buffer low_bytes, high_bytes;
    struct slice low, high; /* data NULL: open */
    bool low_exclusive, high_exclusive;
    bool is_empty; /* no key can be in it: a null part, or nothing above the low end */
};

MUST_CHECK bool key_range_create(struct key_range *range, struct operator* owner, const struct table_schema *table,
                                 const struct key_bound *low, const struct key_bound *high, struct ssql_error *error);
MUST_CHECK bool key_range_evaluate(struct key_range *range, struct ssql_error *error);
void key_range_clear(struct key_range *range);

/* The whole key of the low bound alone (PLAN_LOOKUP), in range->low; is_empty when a part is null. */
MUST_CHECK bool key_range_evaluate_key(struct key_range *range, struct ssql_error *error);

#endif
