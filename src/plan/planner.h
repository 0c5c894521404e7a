/* planner.h - from a parsed statement to a plan: names and types are bound (binder*.c), then operators chosen. */
#ifndef SSQL_PLAN_PLANNER_H
#define SSQL_PLAN_PLANNER_H

#include "parser/ast.h"
#include "plan/plan.h"

/* Plans a statement against a schema. `parameter_types` (one for each of the statement's parameters, or NULL) gives
 * types of values already bound, for parameters whose type the statement does not tell (SSQL_TYPE_NULL: unknown).
 * `spare` is NULL or an emptied plan whose memory is used, and which is gone afterwards, also when this fails.
 * The statement may be freed afterwards. Errors carry spans of the statement's text, and hints. */
MUST_CHECK bool plan_statement(const struct statement *statement, struct schema *schema,
                               const enum ssql_type *parameter_types, struct plan *spare, struct plan **plan,
                               struct ssql_error *error);

#endif
