/* constant_folding.h - what a call of constants comes to, known before the statement runs. */
#ifndef SSQL_PLAN_CONSTANT_FOLDING_H
#define SSQL_PLAN_CONSTANT_FOLDING_H

#include "plan/bound_expr.h"

/* True when the call's value is known; false when it is left to the executor: not constant, or failing. */
bool constant_fold(const struct bound_expr *call, struct value *value);

#endif
