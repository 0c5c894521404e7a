/* expression.h - bound expressions compiled to a flat program: steps that each fill one slot (a vector) for the rows of
 * one selection. Conditional forms (and, or, case, coalesce) are steps that split selections, so that a later argument
 * is computed only for the rows that need it; there are no jumps.
 *
 * Life: an expression belongs to its environment and goes with it. Buffers are taken at first use and kept, so that
 * running it again allocates nothing. Results live until its next evaluation. One thread at a time. */
#ifndef SSQL_EXEC_EXPRESSION_H
#define SSQL_EXEC_EXPRESSION_H

#include "base/arena.h"
#include "base/batch.h"
#include "plan/bound_expr.h"

struct expression;

/* What all expressions of one execution share. Zeroed memory is an empty environment. */
struct expression_environment {
    struct arena arena;             /* programs and their buffers */
    struct expression *expressions; /* newest first */
    const struct value *parameters; /* of the run */
    uint64_t run;                   /* counts runs: parameters are read anew in each */
};

void expression_environment_clear(struct expression_environment *environment);
/* The same, but some memory is kept for the next expressions. */
void expression_environment_reset(struct expression_environment *environment);
/* Begins a run with these parameters, which stay until the next. */
void expression_environment_start(struct expression_environment *environment, const struct value *parameters);
/* Frees what the last run made large (strings); buffers stay. */
void expression_environment_finish(struct expression_environment *environment);

/* Compiles `count` expressions into one program with as many outputs. The bound expressions outlive it. Fails only for
 * want of memory. */
MUST_CHECK bool expression_create(struct expression_environment *environment, struct bound_expr *const *exprs,
                                  uint32_t count, struct expression **expression, struct ssql_error *error);

/* Computes the outputs for the selected rows of `input` (others hold anything). A failure carries the span of the call,
 * and is that of a selected row. */
MUST_CHECK bool expression_evaluate(struct expression *expression, const struct batch *input, struct vector *outputs,
                                    struct ssql_error *error);

/* After a failure with SSQL_TOO_LARGE: fewer rows at a time would do. */
bool expression_is_full(const struct expression *expression);

/* One value of an expression without columns; a string lives until the expression's next evaluation. */
MUST_CHECK bool expression_constant(struct expression *expression, struct value *value, struct ssql_error *error);

/* Whether evaluating may fail on some rows (running out of memory not counted). */
bool bound_expr_may_fail(const struct bound_expr *expr);

#endif
