/* expression_filter.h - a condition that narrows selections: its conjuncts one after the other, comparisons without a
 * bool vector between. Belongs to its environment, like an expression.
 *
 * In a scan (scan.h) a row that fails must stay: expression_filter_as_scan_filter leaves the rows of a batch as they
 * were before the first conjunct that fails on it, and expression_filter_apply_rest, above the scan, evaluates the
 * conjuncts that can fail once more, where a failure is one of a visible row. */
#ifndef SSQL_EXEC_EXPRESSION_FILTER_H
#define SSQL_EXEC_EXPRESSION_FILTER_H

#include "exec/expression.h"
#include "storage/scan.h"

struct expression_filter;

MUST_CHECK bool expression_filter_create(struct expression_environment *environment, const struct bound_expr *condition,
                                         struct expression_filter **filter, struct ssql_error *error);

/* Keeps the selected rows for which the condition is true. The selection that it sets lives until its next use. */
MUST_CHECK bool expression_filter_apply(struct expression_filter *filter, struct batch *batch,
                                        struct ssql_error *error);

/* For storage; valid as long as the filter. */
const struct scan_filter *expression_filter_as_scan_filter(struct expression_filter *filter);

/* Above a scan that used it. Does nothing when no conjunct can fail. */
MUST_CHECK bool expression_filter_apply_rest(struct expression_filter *filter, struct batch *batch,
                                             struct ssql_error *error);

#endif
