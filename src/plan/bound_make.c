#include "plan/bound_make.h"

#include <assert.h>

#include "plan/constant_folding.h"

/* ---- what is known of a node ---- */

static bool is_divisor_safe(const struct bound_expr *divisor)
{
    if (divisor->kind != BOUND_CONSTANT || divisor->constant.is_null)
        return false;
    if (divisor->type == SSQL_TYPE_FLOAT)
        return divisor->constant.real != 0;
    return divisor->constant.integer != 0 && divisor->constant.integer != -1;
}

/* Whether the call itself may fail on operands that did not. */
static bool call_can_fail(const struct bound_expr *call)
{
    switch (call->function) {
    case FUNCTION_NEGATE:
    case FUNCTION_ABS: return call->type == SSQL_TYPE_INT;
    case FUNCTION_ROUND: return call->type == SSQL_TYPE_INT || call->argument_count > 1;
    case FUNCTION_DIVIDE: return call->type == SSQL_TYPE_FLOAT || !is_divisor_safe(call->arguments[1]);
    case FUNCTION_REMAINDER: return !is_divisor_safe(call->arguments[1]);
    case FUNCTION_LIKE: return call->argument_count == 3;
    case FUNCTION_REPLACE:
    case FUNCTION_CONCAT:
    case FUNCTION_REPEAT:
    case FUNCTION_ADD:
    case FUNCTION_SUBTRACT:
    case FUNCTION_MULTIPLY:
    case FUNCTION_SQRT:
    case FUNCTION_POWER: return true;
    default: return false;
    }
}

static bool cast_can_fail(enum ssql_type from, enum ssql_type to)
{
    return to != SSQL_TYPE_STRING && !(from == SSQL_TYPE_INT && to == SSQL_TYPE_FLOAT) && from != SSQL_TYPE_BOOL;
}

static bool any_can_be_null(const struct bound_expr *expr)
{
    for (uint32_t i = 0; i < expr->argument_count; i++)
        if (expr->arguments[i]->can_be_null)
            return true;
    return false;
}

static bool call_can_be_null(const struct bound_expr *call)
{
    switch (call->function) {
    case FUNCTION_IS_NULL:
    case FUNCTION_IS_NOT_NULL:
    case FUNCTION_IS_DISTINCT:
    case FUNCTION_IS_NOT_DISTINCT:
    case FUNCTION_TYPEOF: return false;
    case FUNCTION_NULLIF:
    case FUNCTION_SQRT:
    case FUNCTION_POWER: return true;
    default: return any_can_be_null(call);
    }
}

static bool case_can_be_null(const struct bound_expr *expr)
{
    if (expr->argument_count % 2 == 0)
        return true;
    for (uint32_t i = 1; i < expr->argument_count; i += 2)
        if (expr->arguments[i]->can_be_null)
            return true;
    return expr->arguments[expr->argument_count - 1]->can_be_null;
}

static bool coalesce_can_be_null(const struct bound_expr *expr)
{
    for (uint32_t i = 0; i < expr->argument_count; i++)
        if (!expr->arguments[i]->can_be_null)
            return false;
    return true;
}

static bool derive_can_be_null(const struct bound_expr *expr)
{
    if (expr->kind == BOUND_CALL)
        return call_can_be_null(expr);
    if (expr->kind == BOUND_CASE)
        return case_can_be_null(expr);
    if (expr->kind == BOUND_COALESCE)
        return coalesce_can_be_null(expr);
    return any_can_be_null(expr);
}

/* Of a node with arguments. */
static void derive_properties(struct bound_expr *expr)
{
    uint64_t node_count = 1;

    for (uint32_t i = 0; i < expr->argument_count; i++) {
        node_count += expr->arguments[i]->node_count;
        expr->can_fail = expr->can_fail || expr->arguments[i]->can_fail;
    }
    expr->node_count = node_count > UINT32_MAX ? UINT32_MAX : (uint32_t)node_count;
    expr->can_be_null = derive_can_be_null(expr);
    if (expr->kind == BOUND_CALL)
        expr->can_fail = expr->can_fail || call_can_fail(expr);
    if (expr->kind == BOUND_CAST)
        expr->can_fail = expr->can_fail || cast_can_fail(expr->arguments[0]->type, expr->type);
}

/* ---- makers ---- */

static struct bound_expr *make_leaf(struct arena *arena, enum bound_kind kind, enum ssql_type type,
                                    struct ssql_span span)
{
    struct bound_expr *expr = arena_alloc(arena, sizeof *expr);

    if (expr == NULL)
        return NULL;
    expr->kind = kind;
    expr->type = type;
    expr->span = span;
    expr->node_count = 1;
    return expr;
}

static struct bound_expr *make_node(struct arena *arena, enum bound_kind kind, enum ssql_type type,
                                    struct bound_expr *const *arguments, uint32_t argument_count, struct ssql_span span)
{
    struct bound_expr *expr = make_leaf(arena, kind, type, span);

    if (expr == NULL)
        return NULL;
    expr->argument_count = argument_count;
    expr->arguments = arena_alloc_array(arena, argument_count, sizeof(struct bound_expr *));
    if (expr->arguments == NULL)
        return NULL;
    for (uint32_t i = 0; i < argument_count; i++) {
        if (arguments[i] == NULL)
            return NULL;
        expr->arguments[i] = arguments[i];
    }
    return expr;
}

static struct bound_expr *finish(struct bound_expr *expr)
{
    if (expr != NULL)
        derive_properties(expr);
    return expr;
}

struct bound_expr *bound_make_constant(struct arena *arena, struct value value, struct ssql_span span)
{
    struct bound_expr *expr = make_leaf(arena, BOUND_CONSTANT, value.type, span);

    if (expr == NULL)
        return NULL;
    expr->constant = value;
    expr->can_be_null = value.is_null;
    return expr;
}

struct bound_expr *bound_make_column(struct arena *arena, uint32_t column, enum ssql_type type, bool can_be_null,
                                     struct ssql_span span)
{
    struct bound_expr *expr = make_leaf(arena, BOUND_COLUMN, type, span);

    if (expr == NULL)
        return NULL;
    expr->column = column;
    expr->can_be_null = can_be_null;
    return expr;
}

struct bound_expr *bound_make_parameter(struct arena *arena, uint32_t parameter, enum ssql_type type,
                                        struct ssql_span span)
{
    struct bound_expr *expr = make_leaf(arena, BOUND_PARAMETER, type, span);

    if (expr == NULL)
        return NULL;
    expr->parameter = parameter;
    expr->can_be_null = true;
    return expr;
}

struct bound_expr *bound_make_call(struct arena *arena, enum scalar_function function, enum ssql_type type,
                                   struct bound_expr *const *arguments, uint32_t argument_count, struct ssql_span span)
{
    struct bound_expr *expr = make_node(arena, BOUND_CALL, type, arguments, argument_count, span);
    struct value value;

    if (expr == NULL)
        return NULL;
    expr->function = function;
    derive_properties(expr);
    if (constant_fold(expr, &value))
        return bound_make_constant(arena, value, span);
    return expr;
}

struct bound_expr *bound_make_unary(struct arena *arena, enum scalar_function function, enum ssql_type type,
                                    struct bound_expr *operand, struct ssql_span span)
{
    return bound_make_call(arena, function, type, &operand, 1, span);
}

struct bound_expr *bound_make_binary(struct arena *arena, enum scalar_function function, enum ssql_type type,
                                     struct bound_expr *left, struct bound_expr *right, struct ssql_span span)
{
    struct bound_expr *arguments[2] = {left, right};

    return bound_make_call(arena, function, type, arguments, 2, span);
}

struct bound_expr *bound_make_list(struct arena *arena, enum bound_kind kind, enum ssql_type type,
                                   struct bound_expr *const *arguments, uint32_t argument_count, struct ssql_span span)
{
    return finish(make_node(arena, kind, type, arguments, argument_count, span));
}

struct bound_expr *bound_make_cast(struct arena *arena, struct bound_expr *operand, enum ssql_type type,
                                   struct ssql_span span)
{
    if (operand == NULL || operand->type == type)
        return operand;
    assert(operand->type != SSQL_TYPE_NULL || operand->kind != BOUND_PARAMETER); /* its type is told first */
    if (bound_is_null(operand) || operand->type == SSQL_TYPE_NULL)
        return bound_make_constant(arena, value_null(type), span);
    if (operand->kind == BOUND_CONSTANT && operand->type == SSQL_TYPE_INT && type == SSQL_TYPE_FLOAT)
        return bound_make_constant(arena, value_float((double)operand->constant.integer), span);
    return finish(make_node(arena, BOUND_CAST, type, &operand, 1, span));
}

/* ---- and, or ---- */

struct condition_list {
    struct bound_expr **items;
    uint32_t count;
    bool can_fail;
    bool is_decided; /* a constant decides: what follows is never evaluated */
};

static void add_condition(struct condition_list *list, enum bound_kind kind, struct bound_expr *condition)
{
    bool deciding = kind == BOUND_OR;

    if (list->is_decided)
        return;
    if (condition->kind == BOUND_CONSTANT && !condition->constant.is_null) {
        if (condition->constant.boolean != deciding)
            return; /* changes nothing */
        list->is_decided = true;
        if (!list->can_fail)
            list->count = 0;
    }
    list->items[list->count++] = condition;
    list->can_fail = list->can_fail || condition->can_fail;
}

static uint32_t part_count(enum bound_kind kind, const struct bound_expr *condition)
{
    return condition->kind == kind ? condition->argument_count : 1;
}

struct bound_expr *bound_make_logic(struct arena *arena, enum bound_kind kind, struct bound_expr *const *conditions,
                                    uint32_t condition_count, struct ssql_span span)
{
    struct condition_list list = {0};
    size_t most = 0;

    assert(kind == BOUND_AND || kind == BOUND_OR);
    for (uint32_t i = 0; i < condition_count; i++) {
        if (conditions[i] == NULL)
            return NULL;
        most += part_count(kind, conditions[i]);
    }
    list.items = arena_alloc_array(arena, most, sizeof(struct bound_expr *));
    if (list.items == NULL)
        return NULL;
    for (uint32_t i = 0; i < condition_count; i++) {
        if (conditions[i]->kind != kind)
            add_condition(&list, kind, conditions[i]);
        for (uint32_t k = 0; conditions[i]->kind == kind && k < conditions[i]->argument_count; k++)
            add_condition(&list, kind, conditions[i]->arguments[k]);
    }
    if (list.count == 0)
        return bound_make_constant(arena, value_bool(kind == BOUND_AND), span);
    if (list.count == 1)
        return list.items[0];
    return bound_make_list(arena, kind, SSQL_TYPE_BOOL, list.items, list.count, span);
}

/* ---- looking ---- */

bool bound_is_constant(const struct bound_expr *expr)
{
    return expr->kind == BOUND_CONSTANT;
}

bool bound_is_null(const struct bound_expr *expr)
{
    return expr->kind == BOUND_CONSTANT && expr->constant.is_null;
}

bool bound_is_true(const struct bound_expr *expr)
{
    return expr->kind == BOUND_CONSTANT && !expr->constant.is_null && expr->constant.boolean;
}

bool bound_is_false(const struct bound_expr *expr)
{
    return expr->kind == BOUND_CONSTANT && !expr->constant.is_null && !expr->constant.boolean;
}

static bool same_operation(const struct bound_expr *left, const struct bound_expr *right)
{
    if (left->kind == BOUND_CONSTANT)
        return value_compare(&left->constant, &right->constant) == 0;
    if (left->kind == BOUND_PARAMETER)
        return left->parameter == right->parameter;
    if (left->kind == BOUND_COLUMN)
        return left->column == right->column;
    return left->kind != BOUND_CALL || left->function == right->function;
}

bool bound_equal(const struct bound_expr *left, const struct bound_expr *right)
{
    if (left == right)
        return true;
    if (left == NULL || right == NULL || left->kind != right->kind || left->type != right->type ||
        left->node_count != right->node_count || left->argument_count != right->argument_count ||
        !same_operation(left, right))
        return false;
    for (uint32_t i = 0; i < left->argument_count; i++)
        if (!bound_equal(left->arguments[i], right->arguments[i]))
            return false;
    return true;
}

bool bound_is_row_free(const struct bound_expr *expr)
{
    if (expr->kind == BOUND_COLUMN)
        return false;
    for (uint32_t i = 0; i < expr->argument_count; i++)
        if (!bound_is_row_free(expr->arguments[i]))
            return false;
    return true;
}

void bound_visit_columns(const struct bound_expr *expr, void (*visit)(void *context, uint32_t column), void *context)
{
    if (expr->kind == BOUND_COLUMN)
        visit(context, expr->column);
    for (uint32_t i = 0; i < expr->argument_count; i++)
        bound_visit_columns(expr->arguments[i], visit, context);
}

/* ---- rewriting ---- */

struct bound_expr *bound_rewrite(const struct bound_rewrite *rewrite, struct bound_expr *expr)
{
    struct bound_expr *replaced = rewrite->replace(rewrite->context, expr);
    if (replaced != NULL || expr->argument_count == 0)
        return replaced != NULL ? replaced : expr;

    struct bound_expr *copy = arena_alloc(rewrite->arena, sizeof *copy);
    if (copy == NULL)
        return NULL;
    *copy = *expr;
    copy->arguments = arena_alloc_array(rewrite->arena, expr->argument_count, sizeof(struct bound_expr *));
    if (copy->arguments == NULL)
        return NULL;
    for (uint32_t i = 0; i < expr->argument_count; i++) {
        copy->arguments[i] = bound_rewrite(rewrite, expr->arguments[i]);
        if (copy->arguments[i] == NULL)
            return NULL;
    }
    return copy;
}

struct column_moves {
    struct arena *arena;
    const uint32_t *positions;
};

static struct bound_expr *move_column(void *context, struct bound_expr *expr)
{
    const struct column_moves *moves = context;

    if (expr->kind != BOUND_COLUMN)
        return NULL;
    struct bound_expr *moved =
        bound_make_column(moves->arena, moves->positions[expr->column], expr->type, expr->can_be_null, expr->span);
    /* Out of memory: the column stays, as NULL would say that there is nothing to replace; the arena remembers. */
    return moved == NULL ? expr : moved;
}

struct bound_expr *bound_move_columns(struct arena *arena, struct bound_expr *expr, const uint32_t *positions)
{
    struct column_moves moves = {arena, positions};
    struct bound_rewrite rewrite = {.arena = arena, .context = &moves, .replace = move_column};
    struct bound_expr *moved = bound_rewrite(&rewrite, expr);

    return arena_failed(arena) ? NULL : moved; /* not with columns that are past the end of what is read */
}
