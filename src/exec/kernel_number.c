/* Functions of numbers: abs, round, floor, ceil, sign, sqrt, power. */
#include <math.h>

#include "exec/kernel.h"

__extension__ typedef __int128 int128;

static int64_t int_item(const struct vector *vector, uint32_t row)
{
    return vector->integers[vector_item(vector, row)];
}

static double float_item(const struct vector *vector, uint32_t row)
{
    return vector->reals[vector_item(vector, row)];
}

static bool abs_ints(struct kernel_call *call, struct ssql_error *error)
{
    int64_t *result = call->result;

    for (uint32_t i = 0; i < call->selection.count; i++) {
        uint32_t row = selection_row(call->selection, i);
        if (kernel_row_is_null(call, row))
            continue;
        int64_t item = int_item(&call->arguments[0], row);
        if (item == INT64_MIN)
            return error_set(error, SSQL_OUT_OF_RANGE, call->span, "abs(%lld) does not fit in an int", (long long)item);
        result[row] = item < 0 ? -item : item;
    }
    return true;
}

/* An int rounded is the int. */
static bool same_ints(struct kernel_call *call, struct ssql_error *error)
{
    int64_t *result = call->result;

    (void)error;
    for (uint32_t i = 0; i < call->selection.count; i++) {
        uint32_t row = selection_row(call->selection, i);
        result[row] = int_item(&call->arguments[0], row);
    }
    return true;
}

/* An int to a multiple of 10^places, half away from zero. */
static int128 round_int(int64_t item, int64_t places)
{
    int128 unit = 1;

    if (places > 19)
        return 0;
    for (int64_t i = 0; i < places; i++)
        unit *= 10;
    int128 half = item < 0 ? -(unit / 2) : unit / 2;
    return ((int128)item + half) / unit * unit;
}

static bool round_ints(struct kernel_call *call, struct ssql_error *error)
{
    int64_t *result = call->result;

    for (uint32_t i = 0; i < call->selection.count; i++) {
        uint32_t row = selection_row(call->selection, i);
        if (kernel_row_is_null(call, row))
            continue;
        int64_t item = int_item(&call->arguments[0], row);
        int64_t digits = int_item(&call->arguments[1], row);
        int128 rounded = digits >= 0 ? item : round_int(item, digits < -20 ? 20 : -digits);
        if (rounded > INT64_MAX || rounded < INT64_MIN)
            return error_set(error, SSQL_OUT_OF_RANGE, call->span, "%lld rounded does not fit in an int",
                             (long long)item);
        result[row] = (int64_t)rounded;
    }
    return true;
}

/* Half away from zero, where a half is what reads as one in decimal: 2.345 to two digits is 2.35, though the double
 * lies a little below. So the item is compared with the double nearest to the half, not the scaled item with 0.5.
 * Beyond 10^15 units a double has no digits left to round. */
static double round_float(double item, int64_t digits)
{
    if (!isfinite(item) || digits > 308)
        return item;
    if (digits < -308)
        return 0.0;
    double size = fabs(item), unit = pow(10, fabs((double)digits));
    double whole = floor(digits >= 0 ? size * unit : size / unit);
    if (!isfinite(whole) || whole >= 1e15)
        return item;
    double half = digits >= 0 ? (whole + 0.5) / unit : (whole + 0.5) * unit;
    if (size >= half)
        whole += 1;
    return copysign(digits >= 0 ? whole / unit : whole * unit, item);
}

static double apply_float(enum scalar_function function, double item)
{
    switch ((int)function) {
    case FUNCTION_ABS: return fabs(item);
    case FUNCTION_FLOOR: return floor(item);
    case FUNCTION_CEIL: return ceil(item);
    case FUNCTION_SQRT: return sqrt(item);
    case FUNCTION_SIGN: return isnan(item) ? item : (double)((item > 0) - (item < 0));
    }
    return round(item);
}

static SPECIALISED bool run_floats(struct kernel_call *call, enum scalar_function function)
{
    double *result = call->result;

    for (uint32_t i = 0; i < call->selection.count; i++) {
        uint32_t row = selection_row(call->selection, i);
        result[row] = apply_float(function, float_item(&call->arguments[0], row));
    }
    return true;
}

static bool abs_floats(struct kernel_call *call, struct ssql_error *error)
{
    (void)error;
    return run_floats(call, FUNCTION_ABS);
}

static bool floor_floats(struct kernel_call *call, struct ssql_error *error)
{
    (void)error;
    return run_floats(call, FUNCTION_FLOOR);
}

static bool ceil_floats(struct kernel_call *call, struct ssql_error *error)
{
    (void)error;
    return run_floats(call, FUNCTION_CEIL);
}

static bool sqrt_floats(struct kernel_call *call, struct ssql_error *error)
{
    for (uint32_t i = 0; i < call->selection.count; i++) {
        uint32_t row = selection_row(call->selection, i);
        if (!kernel_row_is_null(call, row) && float_item(&call->arguments[0], row) < 0) {
            error_set(error, SSQL_OUT_OF_RANGE, call->span, "a negative number has no square root");
            return error_hint(error, "sqrt(abs(x)), or case when x >= 0 then sqrt(x) end");
        }
    }
    return run_floats(call, FUNCTION_SQRT);
}

static bool round_floats(struct kernel_call *call, struct ssql_error *error)
{
    (void)error;
    return run_floats(call, FUNCTION_ROUND);
}

static bool round_floats_to(struct kernel_call *call, struct ssql_error *error)
{
    double *result = call->result;

    for (uint32_t i = 0; i < call->selection.count; i++) {
        uint32_t row = selection_row(call->selection, i);
        if (kernel_row_is_null(call, row))
            continue;
        double item = float_item(&call->arguments[0], row);
        int64_t digits = int_item(&call->arguments[1], row);
        result[row] = round_float(item, digits);
        if (!isfinite(result[row]) && isfinite(item))
            return kernel_fail_float(call, "round", item, (double)digits, error);
    }
    return true;
}

/* The sign is an int or a float, as the argument is. */
static bool sign_numbers(struct kernel_call *call, struct ssql_error *error)
{
    const struct vector *argument = &call->arguments[0];

    (void)error;
    for (uint32_t i = 0; i < call->selection.count; i++) {
        uint32_t row = selection_row(call->selection, i);
        if (argument->type == SSQL_TYPE_FLOAT)
            ((double *)call->result)[row] = apply_float(FUNCTION_SIGN, float_item(argument, row));
        else
            ((int64_t *)call->result)[row] = (int_item(argument, row) > 0) - (int_item(argument, row) < 0);
    }
    return true;
}

static bool fail_power(const struct kernel_call *call, double base, double exponent, struct ssql_error *error)
{
    if (base == 0)
        return error_set(error, SSQL_DIVISION_BY_ZERO, call->span, "zero to a negative power is a division by zero");
    if (base < 0 && exponent != trunc(exponent))
        return error_set(error, SSQL_OUT_OF_RANGE, call->span, "a negative number has only whole powers");
    return kernel_fail_float(call, "power", base, exponent, error);
}

static bool power_floats(struct kernel_call *call, struct ssql_error *error)
{
    double *result = call->result;

    for (uint32_t i = 0; i < call->selection.count; i++) {
        uint32_t row = selection_row(call->selection, i);
        if (kernel_row_is_null(call, row))
            continue;
        double base = float_item(&call->arguments[0], row), exponent = float_item(&call->arguments[1], row);
        result[row] = pow(base, exponent);
        if (!isfinite(result[row]) && isfinite(base) && isfinite(exponent))
            return fail_power(call, base, exponent, error);
    }
    return true;
}

void kernel_find_number(enum scalar_function function, enum ssql_type type, uint32_t argument_count,
                        struct kernel *kernel)
{
    bool is_float = type == SSQL_TYPE_FLOAT;

    switch ((int)function) {
    case FUNCTION_ABS:
        kernel->run = is_float ? abs_floats : abs_ints;
        kernel->can_fail = !is_float;
        break;
    case FUNCTION_ROUND:
        if (argument_count == 1) {
            kernel->run = is_float ? round_floats : same_ints;
        } else {
            kernel->run = is_float ? round_floats_to : round_ints;
            kernel->can_fail = true;
        }
        break;
    case FUNCTION_FLOOR: kernel->run = floor_floats; break;
    case FUNCTION_CEIL: kernel->run = ceil_floats; break;
    case FUNCTION_SIGN: kernel->run = sign_numbers; break;
    case FUNCTION_SQRT:
        kernel->run = sqrt_floats;
        kernel->can_fail = true;
        break;
    case FUNCTION_POWER:
        kernel->run = power_floats;
        kernel->can_fail = true;
        break;
    default: return;
    }
    kernel->is_strict = true;
}
