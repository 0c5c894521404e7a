/* bound_make.h - making, comparing and rewriting bound expressions. Makers take everything from the arena, accept NULL
 * children and give NULL for them and when memory is out. They work out what is known of a node: whether it can be
 * null, whether it can fail. */
#ifndef SSQL_PLAN_BOUND_MAKE_H
#define SSQL_PLAN_BOUND_MAKE_H

#include "plan/bound_expr.h"

/* The value's string is not copied. */
struct bound_expr *bound_make_constant(struct arena *arena, struct value value, struct ssql_span span);
struct bound_expr *bound_make_column(struct arena *arena, uint32_t column, enum ssql_type type, bool can_be_null,
                                     struct ssql_span span);
struct bound_expr *bound_make_parameter(struct arena *arena, uint32_t parameter, enum ssql_type type,
                                        struct ssql_span span);

/* The arguments are copied as an array of pointers. A call whose arguments are constants becomes a constant where that
 * can be worked out without failing; what fails (1 / 0) is left to fail when it is evaluated. */
struct bound_expr *bound_make_call(struct arena *arena, enum scalar_function function, enum ssql_type type,
                                   struct bound_expr *const *arguments, uint32_t argument_count, struct ssql_span span);
struct bound_expr *bound_make_unary(struct arena *arena, enum scalar_function function, enum ssql_type type,
                                    struct bound_expr *operand, struct ssql_span span);
struct bound_expr *bound_make_binary(struct arena *arena, enum scalar_function function, enum ssql_type type,
                                     struct bound_expr *left, struct bound_expr *right, struct ssql_span span);

/* BOUND_AND or BOUND_OR of conditions: flattened, constants that decide or change nothing left out. */
struct bound_expr *bound_make_logic(struct arena *arena, enum bound_kind kind, struct bound_expr *const *conditions,
                                    uint32_t condition_count, struct ssql_span span);

/* BOUND_CASE, BOUND_COALESCE, BOUND_IN. */
struct bound_expr *bound_make_list(struct arena *arena, enum bound_kind kind, enum ssql_type type,
                                   struct bound_expr *const *arguments, uint32_t argument_count, struct ssql_span span);

/* The operand itself when it has the type already; a constant int to float becomes a constant. */
struct bound_expr *bound_make_cast(struct arena *arena, struct bound_expr *operand, enum ssql_type type,
                                   struct ssql_span span);

/* ---- looking ---- */

bool bound_is_constant(const struct bound_expr *expr);
bool bound_is_null(const struct bound_expr *expr); /* a constant null */
bool bound_is_true(const struct bound_expr *expr); /* a constant true; likewise false */
bool bound_is_false(const struct bound_expr *expr);

/* Same operation on the same operands, wherever they stand in the text. */
bool bound_equal(const struct bound_expr *left, const struct bound_expr *right);

/* Reads no column: has one value for the whole statement. */
bool bound_is_row_free(const struct bound_expr *expr);

/* Calls `visit` with each column that is read. */
void bound_visit_columns(const struct bound_expr *expr, void (*visit)(void *context, uint32_t column), void *context);

/* ---- rewriting ---- */

/* A copy in which `replace` has had a say at every node, top down: it gives another node, or NULL to go on below. */
struct bound_rewrite {
    struct arena *arena;
    void *context;
    struct bound_expr *(*replace)(void *context, struct bound_expr *expr);
};
struct bound_expr *bound_rewrite(const struct bound_rewrite *rewrite, struct bound_expr *expr);

/* A copy that reads column positions[c] where the original reads column c; NULL when out of memory. */
struct bound_expr *bound_move_columns(struct arena *arena, struct bound_expr *expr, const uint32_t *positions);

#endif
