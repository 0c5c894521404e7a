/* access_path.h - how the rows of a table are reached: by their whole key, by a key range, or all of them; what of the
 * condition that already says; and which columns are read. */
#ifndef SSQL_PLAN_ACCESS_PATH_H
#define SSQL_PLAN_ACCESS_PATH_H

#include "plan/plan.h"

/* A wish for an order: by this table column. */
struct wanted_order {
    uint32_t column;
    bool is_descending;
};

struct access_request {
    const struct table_schema *table;
    struct bound_expr *where;         /* over the table's columns; NULL: every row */
    const bool *needed;               /* per column of the table: wanted above; the condition's need not be marked */
    const struct wanted_order *order; /* NULL: none */
    uint32_t order_count;
};

struct access_path {
    struct plan_node *node; /* PLAN_SCAN, PLAN_LOOKUP, or PLAN_VALUES without rows when the condition is never true */
    const uint32_t *positions; /* per column of the table: where the node's output has it; NOT_READ: nowhere */
    bool is_ordered;           /* rows come as `order` wishes */
    bool is_filtered;          /* rows are chosen by more than a key range */
};

#define NOT_READ UINT32_MAX

/* False when memory is out. */
MUST_CHECK bool access_path_choose(struct arena *arena, const struct access_request *request, struct access_path *path);

#endif
