#include "plan/constant_folding.h"

#include <math.h>

static bool is_constant(const struct bound_expr *expr)
{
    return expr->kind == BOUND_CONSTANT;
}

static bool fold_integers(enum scalar_function function, int64_t left, int64_t right, struct value *value)
{
    int64_t result = 0;
    bool is_known;

    switch ((int)function) {
    case FUNCTION_ADD: is_known = !__builtin_add_overflow(left, right, &result); break;
    case FUNCTION_SUBTRACT: is_known = !__builtin_sub_overflow(left, right, &result); break;
    case FUNCTION_MULTIPLY: is_known = !__builtin_mul_overflow(left, right, &result); break;
    case FUNCTION_DIVIDE:
        is_known = right != 0 && !(right == -1 && left == INT64_MIN);
        result = is_known ? left / right : 0;
        break;
    default: /* remainder */ is_known = right != 0; result = right == 0 || right == -1 ? 0 : left % right;
    }
    *value = value_int(result);
    return is_known;
}

static bool fold_reals(enum scalar_function function, double left, double right, struct value *value)
{
    double result;

    switch ((int)function) {
    case FUNCTION_ADD: result = left + right; break;
    case FUNCTION_SUBTRACT: result = left - right; break;
    case FUNCTION_MULTIPLY: result = left * right; break;
    case FUNCTION_DIVIDE: result = left / right; break;
    default: return false;
    }
    if (!isfinite(result)) /* left to the executor's rules */
        return false;
    *value = value_float(result);
    return true;
}

static bool fold_arithmetic(const struct bound_expr *call, struct value *value)
{
    const struct value *left = &call->arguments[0]->constant, *right = &call->arguments[1]->constant;

    if (call->type == SSQL_TYPE_INT)
        return fold_integers(call->function, left->integer, right->integer, value);
    return fold_reals(call->function, left->real, right->real, value);
}

static bool fold_negate(const struct value *operand, struct value *value)
{
    if (operand->type == SSQL_TYPE_FLOAT) {
        *value = value_float(-operand->real);
        return true;
    }
    if (operand->integer == INT64_MIN)
        return false;
    *value = value_int(-operand->integer);
    return true;
}

static bool compare(enum scalar_function function, int order)
{
    switch ((int)function) {
    case FUNCTION_EQUAL: return order == 0;
    case FUNCTION_NOT_EQUAL: return order != 0;
    case FUNCTION_LESS: return order < 0;
    case FUNCTION_LESS_EQUAL: return order <= 0;
    case FUNCTION_GREATER: return order > 0;
    default: return order >= 0;
    }
}

/* Functions that are null as soon as one argument is. */
static bool passes_null(enum scalar_function function)
{
    switch (function) {
    case FUNCTION_IS_DISTINCT:
    case FUNCTION_IS_NOT_DISTINCT:
    case FUNCTION_IS_NULL:
    case FUNCTION_IS_NOT_NULL:
    case FUNCTION_CONCAT:
    case FUNCTION_NULLIF:
    case FUNCTION_TYPEOF: return false;
    default: return true;
    }
}

static bool fold_null(const struct bound_expr *call, struct value *value)
{
    bool has_null = false;

    if (!passes_null(call->function))
        return false;
    for (uint32_t i = 0; i < call->argument_count; i++) {
        if (call->arguments[i]->can_fail)
            return false;
        has_null = has_null || (is_constant(call->arguments[i]) && call->arguments[i]->constant.is_null);
    }
    *value = value_null(call->type);
    return has_null;
}

bool constant_fold(const struct bound_expr *call, struct value *value)
{
    const struct value *first, *second;

    if (fold_null(call, value))
        return true;
    for (uint32_t i = 0; i < call->argument_count; i++)
        if (!is_constant(call->arguments[i]))
            return false;
    first = &call->arguments[0]->constant;
    second = call->argument_count > 1 ? &call->arguments[1]->constant : NULL;
    switch (call->function) {
    case FUNCTION_NEGATE: return fold_negate(first, value);
    case FUNCTION_ADD:
    case FUNCTION_SUBTRACT:
    case FUNCTION_MULTIPLY:
    case FUNCTION_DIVIDE:
    case FUNCTION_REMAINDER: return fold_arithmetic(call, value);
    case FUNCTION_EQUAL:
    case FUNCTION_NOT_EQUAL:
    case FUNCTION_LESS:
    case FUNCTION_LESS_EQUAL:
    case FUNCTION_GREATER:
    case FUNCTION_GREATER_EQUAL:
        *value = value_bool(compare(call->function, value_compare(first, second)));
        return true;
    case FUNCTION_IS_DISTINCT: *value = value_bool(value_compare(first, second) != 0); return true;
    case FUNCTION_IS_NOT_DISTINCT: *value = value_bool(value_compare(first, second) == 0); return true;
    case FUNCTION_NOT: *value = value_bool(!first->boolean); return true;
    case FUNCTION_IS_NULL: *value = value_bool(first->is_null); return true;
    case FUNCTION_IS_NOT_NULL: *value = value_bool(!first->is_null); return true;
    default: return false; /* the executor's functions */
    }
}
