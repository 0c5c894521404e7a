/* Arithmetic on ints and floats, checked: finite floats have a finite result, or none.
 * Loops first compute every row and gather overflow as one sign bit, which the compiler vectorises; only when the bit
 * is set is the row looked for, and it counts only when it is not null. */
#include <math.h>

#include "exec/kernel.h"

static const char *operator_text(enum scalar_function function)
{
    switch ((int)function) {
    case FUNCTION_ADD: return "+";
    case FUNCTION_SUBTRACT: return "-";
    case FUNCTION_MULTIPLY: return "*";
    }
    return "/"; /* a remainder fits wherever its divisor does */
}

static bool overflows(enum scalar_function function, int64_t left, int64_t right)
{
    int64_t result;

    switch ((int)function) {
    case FUNCTION_ADD: return __builtin_add_overflow(left, right, &result);
    case FUNCTION_SUBTRACT: return __builtin_sub_overflow(left, right, &result);
    case FUNCTION_MULTIPLY: return __builtin_mul_overflow(left, right, &result);
    }
    return left == INT64_MIN && right == -1;
}

static bool fail_overflow(const struct kernel_call *call, enum scalar_function function, int64_t left, int64_t right,
                          struct ssql_error *error)
{
    return error_set(error, SSQL_OUT_OF_RANGE, call->span, "%lld %s %lld does not fit in an int", (long long)left,
                     operator_text(function), (long long)right);
}

/* The first selected row that is not null and overflows fails the call. */
static bool fail_division(const struct kernel_call *call, struct ssql_error *error)
{
    error_set(error, SSQL_DIVISION_BY_ZERO, call->span, "division by zero");
    return error_hint(error, "a / nullif(b, 0) is null where b is 0");
}

static bool check_overflow(const struct kernel_call *call, enum scalar_function function, struct ssql_error *error)
{
    const struct vector *left = &call->arguments[0], *right = &call->arguments[1];

    for (uint32_t i = 0; i < call->selection.count; i++) {
        uint32_t row = selection_row(call->selection, i);
        int64_t left_item = left->integers[vector_item(left, row)];
        int64_t right_item = right->integers[vector_item(right, row)];
        if (!kernel_row_is_null(call, row) && overflows(function, left_item, right_item))
            return fail_overflow(call, function, left_item, right_item, error);
    }
    return true;
}

/* The wrapped result; *overflow gets its sign bit set when the true result does not fit. */
static SPECIALISED int64_t compute(enum scalar_function function, int64_t left, int64_t right, int64_t *overflow)
{
    int64_t result;

    switch ((int)function) {
    case FUNCTION_ADD:
        result = (int64_t)((uint64_t)left + (uint64_t)right);
        *overflow |= (left ^ result) & (right ^ result);
        return result;
    case FUNCTION_SUBTRACT:
        result = (int64_t)((uint64_t)left - (uint64_t)right);
        *overflow |= (left ^ right) & (left ^ result);
        return result;
    }
    *overflow |= -(int64_t)__builtin_mul_overflow(left, right, &result);
    return result;
}

static SPECIALISED bool run_ints(struct kernel_call *call, enum scalar_function function, struct ssql_error *error)
{
    const struct vector *left = &call->arguments[0], *right = &call->arguments[1];
    const int64_t *left_items = left->integers, *right_items = right->integers;
    int64_t *restrict result = call->result;
    int64_t overflow = 0;
    uint32_t count = call->selection.count;

    if (call->selection.rows != NULL) {
        for (uint32_t i = 0; i < count; i++) {
            uint32_t row = call->selection.rows[i];
            result[row] =
                compute(function, left_items[vector_item(left, row)], right_items[vector_item(right, row)], &overflow);
        }
    } else if (right->kind == VECTOR_CONSTANT) {
        int64_t constant = right_items[0];
        for (uint32_t i = 0; i < count; i++)
            result[i] = compute(function, left_items[vector_item(left, i)], constant, &overflow);
    } else if (left->kind == VECTOR_CONSTANT) {
        int64_t constant = left_items[0];
        for (uint32_t i = 0; i < count; i++)
            result[i] = compute(function, constant, right_items[i], &overflow);
    } else {
        for (uint32_t i = 0; i < count; i++)
            result[i] = compute(function, left_items[i], right_items[i], &overflow);
    }
    return overflow >= 0 || check_overflow(call, function, error);
}

static bool add_ints(struct kernel_call *call, struct ssql_error *error)
{
    return run_ints(call, FUNCTION_ADD, error);
}

static bool subtract_ints(struct kernel_call *call, struct ssql_error *error)
{
    return run_ints(call, FUNCTION_SUBTRACT, error);
}

static bool multiply_ints(struct kernel_call *call, struct ssql_error *error)
{
    return run_ints(call, FUNCTION_MULTIPLY, error);
}

static SPECIALISED bool divide_or_remain_ints(struct kernel_call *call, enum scalar_function function,
                                              struct ssql_error *error)
{
    const struct vector *left = &call->arguments[0], *right = &call->arguments[1];
    int64_t *result = call->result;

    for (uint32_t i = 0; i < call->selection.count; i++) {
        uint32_t row = selection_row(call->selection, i);
        if (kernel_row_is_null(call, row))
            continue;
        int64_t dividend = left->integers[vector_item(left, row)];
        int64_t divisor = right->integers[vector_item(right, row)];
        if (divisor == 0)
            return fail_division(call, error);
        if (function == FUNCTION_REMAINDER) {
            result[row] = divisor == -1 ? 0 : dividend % divisor;
        } else {
            if (overflows(FUNCTION_DIVIDE, dividend, divisor))
                return fail_overflow(call, function, dividend, divisor, error);
            result[row] = dividend / divisor;
        }
    }
    return true;
}

static bool divide_ints(struct kernel_call *call, struct ssql_error *error)
{
    return divide_or_remain_ints(call, FUNCTION_DIVIDE, error);
}

static bool remain_ints(struct kernel_call *call, struct ssql_error *error)
{
    return divide_or_remain_ints(call, FUNCTION_REMAINDER, error);
}

static bool negate_ints(struct kernel_call *call, struct ssql_error *error)
{
    const struct vector *argument = &call->arguments[0];
    int64_t *result = call->result;

    for (uint32_t i = 0; i < call->selection.count; i++) {
        uint32_t row = selection_row(call->selection, i);
        int64_t item = argument->integers[vector_item(argument, row)];
        if (item == INT64_MIN && !kernel_row_is_null(call, row))
            return error_set(error, SSQL_OUT_OF_RANGE, call->span, "-(%lld) does not fit in an int", (long long)item);
        result[row] = (int64_t)(0 - (uint64_t)item);
    }
    return true;
}

static SPECIALISED double compute_float(enum scalar_function function, double left, double right)
{
    switch ((int)function) {
    case FUNCTION_ADD: return left + right;
    case FUNCTION_SUBTRACT: return left - right;
    case FUNCTION_MULTIPLY: return left * right;
    }
    return left / right;
}

/* The sign bit is set when the float is not finite: its exponent, all ones, carries into it. */
static SPECIALISED uint64_t infinity_bit(double item)
{
    uint64_t bits;

    memcpy(&bits, &item, sizeof bits);
    return (bits & UINT64_C(0x7FF0000000000000)) + UINT64_C(0x0010000000000000);
}

bool kernel_fail_float(const struct kernel_call *call, const char *function, double left, double right,
                       struct ssql_error *error)
{
    char left_text[FLOAT_TEXT_SIZE], right_text[FLOAT_TEXT_SIZE];

    float_format(left, left_text);
    float_format(right, right_text);
    if (function[1] == '\0')
        return error_set(error, SSQL_OUT_OF_RANGE, call->span, "%s %s %s does not fit in a float", left_text, function,
                         right_text);
    return error_set(error, SSQL_OUT_OF_RANGE, call->span, "%s(%s, %s) does not fit in a float", function, left_text,
                     right_text);
}

/* inf and nan among the operands follow IEEE 754: they were there before. */
static bool check_infinity(const struct kernel_call *call, enum scalar_function function, struct ssql_error *error)
{
    const struct vector *left = &call->arguments[0], *right = &call->arguments[1];
    const double *result = call->result;

    for (uint32_t i = 0; i < call->selection.count; i++) {
        uint32_t row = selection_row(call->selection, i);
        double left_item = left->reals[vector_item(left, row)], right_item = right->reals[vector_item(right, row)];
        if (!isfinite(result[row]) && isfinite(left_item) && isfinite(right_item) && !kernel_row_is_null(call, row))
            return kernel_fail_float(call, operator_text(function), left_item, right_item, error);
    }
    return true;
}

static SPECIALISED bool run_floats(struct kernel_call *call, enum scalar_function function, struct ssql_error *error)
{
    const struct vector *left = &call->arguments[0], *right = &call->arguments[1];
    const double *left_items = left->reals, *right_items = right->reals;
    double *restrict result = call->result;
    uint64_t infinity = 0;
    uint32_t count = call->selection.count;

    if (call->selection.rows != NULL) {
        for (uint32_t i = 0; i < count; i++) {
            uint32_t row = call->selection.rows[i];
            result[row] =
                compute_float(function, left_items[vector_item(left, row)], right_items[vector_item(right, row)]);
            infinity |= infinity_bit(result[row]);
        }
    } else if (right->kind == VECTOR_CONSTANT) {
        double constant = right_items[0];
        for (uint32_t i = 0; i < count; i++) {
            result[i] = compute_float(function, left_items[vector_item(left, i)], constant);
            infinity |= infinity_bit(result[i]);
        }
    } else if (left->kind == VECTOR_CONSTANT) {
        double constant = left_items[0];
        for (uint32_t i = 0; i < count; i++) {
            result[i] = compute_float(function, constant, right_items[i]);
            infinity |= infinity_bit(result[i]);
        }
    } else {
        for (uint32_t i = 0; i < count; i++) {
            result[i] = compute_float(function, left_items[i], right_items[i]);
            infinity |= infinity_bit(result[i]);
        }
    }
    return (int64_t)infinity >= 0 || check_infinity(call, function, error);
}

static bool add_floats(struct kernel_call *call, struct ssql_error *error)
{
    return run_floats(call, FUNCTION_ADD, error);
}

static bool subtract_floats(struct kernel_call *call, struct ssql_error *error)
{
    return run_floats(call, FUNCTION_SUBTRACT, error);
}

static bool multiply_floats(struct kernel_call *call, struct ssql_error *error)
{
    return run_floats(call, FUNCTION_MULTIPLY, error);
}

static bool check_float_divisors(const struct kernel_call *call, struct ssql_error *error)
{
    const struct vector *right = &call->arguments[1];

    for (uint32_t i = 0; i < call->selection.count; i++) {
        uint32_t row = selection_row(call->selection, i);
        if (right->reals[vector_item(right, row)] == 0 && !kernel_row_is_null(call, row))
            return fail_division(call, error);
    }
    return true;
}

static bool divide_floats(struct kernel_call *call, struct ssql_error *error)
{
    return check_float_divisors(call, error) && run_floats(call, FUNCTION_DIVIDE, error);
}

static bool remain_floats(struct kernel_call *call, struct ssql_error *error)
{
    const struct vector *left = &call->arguments[0], *right = &call->arguments[1];
    double *result = call->result;

    if (!check_float_divisors(call, error))
        return false;
    for (uint32_t i = 0; i < call->selection.count; i++) {
        uint32_t row = selection_row(call->selection, i);
        result[row] = fmod(left->reals[vector_item(left, row)], right->reals[vector_item(right, row)]);
    }
    return true;
}

static bool negate_floats(struct kernel_call *call, struct ssql_error *error)
{
    const struct vector *argument = &call->arguments[0];
    double *result = call->result;

    (void)error;
    for (uint32_t i = 0; i < call->selection.count; i++) {
        uint32_t row = selection_row(call->selection, i);
        result[row] = -argument->reals[vector_item(argument, row)];
    }
    return true;
}

void kernel_find_arithmetic(enum scalar_function function, enum ssql_type type, struct kernel *kernel)
{
    bool is_float = type == SSQL_TYPE_FLOAT;

    switch ((int)function) {
    case FUNCTION_NEGATE: kernel->run = is_float ? negate_floats : negate_ints; break;
    case FUNCTION_ADD: kernel->run = is_float ? add_floats : add_ints; break;
    case FUNCTION_SUBTRACT: kernel->run = is_float ? subtract_floats : subtract_ints; break;
    case FUNCTION_MULTIPLY: kernel->run = is_float ? multiply_floats : multiply_ints; break;
    case FUNCTION_DIVIDE: kernel->run = is_float ? divide_floats : divide_ints; break;
    case FUNCTION_REMAINDER: kernel->run = is_float ? remain_floats : remain_ints; break;
    default: return;
    }
    kernel->is_strict = true;
    kernel->can_fail = !is_float || function != FUNCTION_NEGATE;
}
