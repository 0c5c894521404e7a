/* plan_builder.h - bound expressions and plan nodes built by hand, for tests of the executor. Everything lives in one
 * arena. */
#ifndef SSQL_TESTS_PLAN_BUILDER_H
#define SSQL_TESTS_PLAN_BUILDER_H

#include "plan/plan.h"

static struct arena build_arena;

static inline struct bound_expr *build_expr(enum bound_kind kind, enum ssql_type type, uint32_t count,
                                            struct bound_expr *const *arguments)
{
    struct bound_expr *expr = arena_alloc(&build_arena, sizeof *expr);

    expr->kind = kind;
    expr->type = type;
    expr->can_be_null = true;
    expr->span = (struct ssql_span){7, 9};
    expr->argument_count = count;
    expr->arguments = arena_alloc_array(&build_arena, count, sizeof(struct bound_expr *));
    for (uint32_t i = 0; i < count; i++)
        expr->arguments[i] = arguments[i];
    return expr;
}

static inline struct bound_expr *build_constant(struct value value)
{
    struct bound_expr *expr = build_expr(BOUND_CONSTANT, value.type, 0, NULL);

    expr->constant = value;
    return expr;
}

static inline struct bound_expr *build_int(int64_t integer)
{
    return build_constant(value_int(integer));
}

static inline struct bound_expr *build_text(const char *text)
{
    return build_constant(value_string(slice_of(text)));
}

static inline struct bound_expr *build_parameter(uint32_t parameter, enum ssql_type type)
{
    struct bound_expr *expr = build_expr(BOUND_PARAMETER, type, 0, NULL);

    expr->parameter = parameter;
    return expr;
}

static inline struct bound_expr *build_column(uint32_t column, enum ssql_type type)
{
    struct bound_expr *expr = build_expr(BOUND_COLUMN, type, 0, NULL);

    expr->column = column;
    return expr;
}

static inline struct bound_expr *build_call_of(enum scalar_function function, enum ssql_type type, uint32_t count,
                                               struct bound_expr *const *arguments)
{
    struct bound_expr *expr = build_expr(BOUND_CALL, type, count, arguments);

    expr->function = function;
    return expr;
}

#define BUILD_LIST(...)                                                                                                \
    (struct bound_expr *[])                                                                                            \
    {                                                                                                                  \
        __VA_ARGS__                                                                                                    \
    }

static inline struct bound_expr *build_unary(enum scalar_function function, enum ssql_type type,
                                             struct bound_expr *argument)
{
    return build_call_of(function, type, 1, BUILD_LIST(argument));
}

static inline struct bound_expr *build_binary(enum scalar_function function, enum ssql_type type,
                                              struct bound_expr *left, struct bound_expr *right)
{
    return build_call_of(function, type, 2, BUILD_LIST(left, right));
}

static inline struct plan_node *build_node(enum plan_kind kind, struct plan_node *child, uint32_t column_count,
                                           const enum ssql_type *types)
{
    struct plan_node *node = arena_alloc(&build_arena, sizeof *node);
    enum ssql_type *copy = arena_alloc_array(&build_arena, column_count, sizeof *copy);

    for (uint32_t i = 0; i < column_count; i++)
        copy[i] = types[i];
    node->kind = kind;
    node->child = child;
    node->column_count = column_count;
    node->column_types = copy;
    return node;
}

static inline struct bound_expr **build_list(uint32_t count, struct bound_expr *const *exprs)
{
    struct bound_expr **copy = arena_alloc_array(&build_arena, count, sizeof(struct bound_expr *));

    for (uint32_t i = 0; i < count; i++)
        copy[i] = exprs[i];
    return copy;
}

#endif
