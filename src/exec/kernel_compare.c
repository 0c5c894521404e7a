/* Comparisons: as bool vectors (the value of `a < b`), and as selections (the rows where it holds).
 * Floats follow one total order everywhere: NaN equals itself and is above every number (value.h). */
#include <assert.h>

#include "exec/kernel.h"

/* `a < b` as `b > a`. */
static enum scalar_function swap_comparison(enum scalar_function comparison)
{
    switch ((int)comparison) {
    case FUNCTION_LESS: return FUNCTION_GREATER;
    case FUNCTION_LESS_EQUAL: return FUNCTION_GREATER_EQUAL;
    case FUNCTION_GREATER: return FUNCTION_LESS;
    case FUNCTION_GREATER_EQUAL: return FUNCTION_LESS_EQUAL;
    }
    return comparison;
}

static SPECIALISED bool int_holds(enum scalar_function comparison, int64_t left, int64_t right)
{
    switch ((int)comparison) {
    case FUNCTION_EQUAL: return left == right;
    case FUNCTION_NOT_EQUAL: return left != right;
    case FUNCTION_LESS: return left < right;
    case FUNCTION_LESS_EQUAL: return left <= right;
    case FUNCTION_GREATER: return left > right;
    }
    return left >= right;
}

static SPECIALISED bool float_equal(double left, double right)
{
    return (left == right) | ((left != left) & (right != right));
}

static SPECIALISED bool float_less(double left, double right)
{
    return (left < right) | ((left == left) & (right != right));
}

static SPECIALISED bool float_holds(enum scalar_function comparison, double left, double right)
{
    switch ((int)comparison) {
    case FUNCTION_EQUAL: return float_equal(left, right);
    case FUNCTION_NOT_EQUAL: return !float_equal(left, right);
    case FUNCTION_LESS: return float_less(left, right);
    case FUNCTION_LESS_EQUAL: return !float_less(right, left);
    case FUNCTION_GREATER: return float_less(right, left);
    }
    return !float_less(left, right);
}

static SPECIALISED bool string_holds(enum scalar_function comparison, struct slice left, struct slice right)
{
    switch ((int)comparison) {
    case FUNCTION_EQUAL: return slice_equal(left, right);
    case FUNCTION_NOT_EQUAL: return !slice_equal(left, right);
    }
    return int_holds(comparison, slice_compare(left, right), 0);
}

/* Either operand may be constant, but when only one is, it is the right one. */
struct operands {
    enum scalar_function comparison;
    const struct vector *left, *right;
};

static struct operands order_operands(enum scalar_function comparison, const struct vector *left,
                                      const struct vector *right)
{
    if (left->kind == VECTOR_CONSTANT && right->kind != VECTOR_CONSTANT)
        return (struct operands){swap_comparison(comparison), right, left};
    return (struct operands){comparison, left, right};
}

/* ---- bool vectors ---- */

static SPECIALISED void compare_ints(enum scalar_function comparison, const struct vector *left,
                                     const struct vector *right, struct selection selection, uint8_t *restrict result)
{
    const int64_t *left_items = left->integers, *right_items = right->integers;

    if (selection.rows != NULL || left->kind == VECTOR_CONSTANT) {
        for (uint32_t i = 0; i < selection.count; i++) {
            uint32_t row = selection_row(selection, i);
            result[row] =
                int_holds(comparison, left_items[vector_item(left, row)], right_items[vector_item(right, row)]);
        }
    } else if (right->kind == VECTOR_CONSTANT) {
        int64_t constant = right_items[0];
        for (uint32_t i = 0; i < selection.count; i++)
            result[i] = int_holds(comparison, left_items[i], constant);
    } else {
        for (uint32_t i = 0; i < selection.count; i++)
            result[i] = int_holds(comparison, left_items[i], right_items[i]);
    }
}

static SPECIALISED void compare_floats(enum scalar_function comparison, const struct vector *left,
                                       const struct vector *right, struct selection selection, uint8_t *restrict result)
{
    const double *left_items = left->reals, *right_items = right->reals;

    if (selection.rows != NULL || left->kind == VECTOR_CONSTANT) {
        for (uint32_t i = 0; i < selection.count; i++) {
            uint32_t row = selection_row(selection, i);
            result[row] =
                float_holds(comparison, left_items[vector_item(left, row)], right_items[vector_item(right, row)]);
        }
    } else if (right->kind == VECTOR_CONSTANT) {
        double constant = right_items[0];
        for (uint32_t i = 0; i < selection.count; i++)
            result[i] = float_holds(comparison, left_items[i], constant);
    } else {
        for (uint32_t i = 0; i < selection.count; i++)
            result[i] = float_holds(comparison, left_items[i], right_items[i]);
    }
}

static SPECIALISED void compare_bools(enum scalar_function comparison, const struct vector *left,
                                      const struct vector *right, struct selection selection, uint8_t *restrict result)
{
    for (uint32_t i = 0; i < selection.count; i++) {
        uint32_t row = selection_row(selection, i);
        result[row] =
            int_holds(comparison, left->booleans[vector_item(left, row)], right->booleans[vector_item(right, row)]);
    }
}

static SPECIALISED void compare_strings(enum scalar_function comparison, const struct vector *left,
                                        const struct vector *right, struct selection selection, const uint8_t *nulls,
                                        uint8_t *restrict result)
{
    for (uint32_t i = 0; i < selection.count; i++) {
        uint32_t row = selection_row(selection, i);
        if (nulls == NULL || !nulls[row])
            result[row] = string_holds(comparison, vector_string(left, row), vector_string(right, row));
    }
}

/* One comparison operator, all types: called with a constant operator, so that each loop is compiled for it. */
static SPECIALISED void compare_typed(struct kernel_call *call, enum scalar_function comparison,
                                      const struct vector *left, const struct vector *right)
{
    const uint8_t *nulls = call->has_nulls ? call->nulls : NULL;

    switch ((int)left->type) {
    case SSQL_TYPE_INT: compare_ints(comparison, left, right, call->selection, call->result); return;
    case SSQL_TYPE_FLOAT: compare_floats(comparison, left, right, call->selection, call->result); return;
    case SSQL_TYPE_BOOL: compare_bools(comparison, left, right, call->selection, call->result); return;
    }
    assert(left->type == SSQL_TYPE_STRING);
    compare_strings(comparison, left, right, call->selection, nulls, call->result);
}

static bool compare(struct kernel_call *call, enum scalar_function comparison)
{
    struct operands operands = order_operands(comparison, &call->arguments[0], &call->arguments[1]);

    switch ((int)operands.comparison) {
    case FUNCTION_EQUAL: compare_typed(call, FUNCTION_EQUAL, operands.left, operands.right); return true;
    case FUNCTION_NOT_EQUAL: compare_typed(call, FUNCTION_NOT_EQUAL, operands.left, operands.right); return true;
    case FUNCTION_LESS: compare_typed(call, FUNCTION_LESS, operands.left, operands.right); return true;
    case FUNCTION_LESS_EQUAL: compare_typed(call, FUNCTION_LESS_EQUAL, operands.left, operands.right); return true;
    case FUNCTION_GREATER: compare_typed(call, FUNCTION_GREATER, operands.left, operands.right); return true;
    }
    compare_typed(call, FUNCTION_GREATER_EQUAL, operands.left, operands.right);
    return true;
}

static bool compare_equal(struct kernel_call *call, struct ssql_error *error)
{
    (void)error;
    return compare(call, FUNCTION_EQUAL);
}

static bool compare_not_equal(struct kernel_call *call, struct ssql_error *error)
{
    (void)error;
    return compare(call, FUNCTION_NOT_EQUAL);
}

static bool compare_less(struct kernel_call *call, struct ssql_error *error)
{
    (void)error;
    return compare(call, FUNCTION_LESS);
}

static bool compare_less_equal(struct kernel_call *call, struct ssql_error *error)
{
    (void)error;
    return compare(call, FUNCTION_LESS_EQUAL);
}

static bool compare_greater(struct kernel_call *call, struct ssql_error *error)
{
    (void)error;
    return compare(call, FUNCTION_GREATER);
}

static bool compare_greater_equal(struct kernel_call *call, struct ssql_error *error)
{
    (void)error;
    return compare(call, FUNCTION_GREATER_EQUAL);
}

static void compare_distinct(struct kernel_call *call, bool wanted)
{
    uint8_t *result = call->result;

    for (uint32_t i = 0; i < call->selection.count; i++) {
        uint32_t row = selection_row(call->selection, i);
        struct value left = vector_value(&call->arguments[0], row);
        struct value right = vector_value(&call->arguments[1], row);
        result[row] = (value_compare(&left, &right) != 0) == wanted;
    }
}

static bool is_distinct(struct kernel_call *call, struct ssql_error *error)
{
    (void)error;
    compare_distinct(call, true);
    return true;
}

static bool is_not_distinct(struct kernel_call *call, struct ssql_error *error)
{
    (void)error;
    compare_distinct(call, false);
    return true;
}

void kernel_find_compare(enum scalar_function function, enum ssql_type type, struct kernel *kernel)
{
    (void)type;
    kernel->is_strict = true;
    switch ((int)function) {
    case FUNCTION_EQUAL: kernel->run = compare_equal; break;
    case FUNCTION_NOT_EQUAL: kernel->run = compare_not_equal; break;
    case FUNCTION_LESS: kernel->run = compare_less; break;
    case FUNCTION_LESS_EQUAL: kernel->run = compare_less_equal; break;
    case FUNCTION_GREATER: kernel->run = compare_greater; break;
    case FUNCTION_GREATER_EQUAL: kernel->run = compare_greater_equal; break;
    case FUNCTION_IS_DISTINCT:
        kernel->run = is_distinct;
        kernel->is_strict = false;
        break;
    case FUNCTION_IS_NOT_DISTINCT:
        kernel->run = is_not_distinct;
        kernel->is_strict = false;
        break;
    }
}

/* ---- selections: every row is written, and the position moves on when it holds, so that no branch depends on data
 * ---- */

static SPECIALISED uint32_t select_ints(enum scalar_function comparison, const struct vector *left,
                                        const struct vector *right, struct selection selection, uint16_t *rows)
{
    const int64_t *left_items = left->integers, *right_items = right->integers;
    uint32_t count = 0;

    if (selection.rows == NULL && left->kind == VECTOR_FLAT && right->kind == VECTOR_CONSTANT) {
        int64_t constant = right_items[0];
        for (uint32_t i = 0; i < selection.count; i++) {
            rows[count] = (uint16_t)i;
            count += int_holds(comparison, left_items[i], constant);
        }
        return count;
    }
    for (uint32_t i = 0; i < selection.count; i++) {
        uint32_t row = selection_row(selection, i);
        rows[count] = (uint16_t)row;
        count += int_holds(comparison, left_items[vector_item(left, row)], right_items[vector_item(right, row)]);
    }
    return count;
}

static SPECIALISED uint32_t select_floats(enum scalar_function comparison, const struct vector *left,
                                          const struct vector *right, struct selection selection, uint16_t *rows)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < selection.count; i++) {
        uint32_t row = selection_row(selection, i);
        rows[count] = (uint16_t)row;
        count += float_holds(comparison, left->reals[vector_item(left, row)], right->reals[vector_item(right, row)]);
    }
    return count;
}

static SPECIALISED uint32_t select_bools(enum scalar_function comparison, const struct vector *left,
                                         const struct vector *right, struct selection selection, uint16_t *rows)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < selection.count; i++) {
        uint32_t row = selection_row(selection, i);
        rows[count] = (uint16_t)row;
        count +=
            int_holds(comparison, left->booleans[vector_item(left, row)], right->booleans[vector_item(right, row)]);
    }
    return count;
}

/* A constant is compared with each entry of the dictionary once; rows then go by their code. */
static SPECIALISED uint32_t select_codes(enum scalar_function comparison, const struct vector *left,
                                         struct slice constant, struct selection selection, uint16_t *rows)
{
    uint8_t holds[BATCH_CAPACITY];
    uint32_t count = 0;

    assert(left->dictionary_count <= BATCH_CAPACITY);
    for (uint32_t i = 0; i < left->dictionary_count; i++)
        holds[i] = string_holds(comparison, left->strings[i], constant);
    if (selection.rows == NULL) {
        for (uint32_t i = 0; i < selection.count; i++) {
            rows[count] = (uint16_t)i;
            count += holds[left->codes[i]];
        }
        return count;
    }
    for (uint32_t i = 0; i < selection.count; i++) {
        uint32_t row = selection.rows[i];
        rows[count] = (uint16_t)row;
        count += holds[left->codes[row]];
    }
    return count;
}

static SPECIALISED uint32_t select_strings(enum scalar_function comparison, const struct vector *left,
                                           const struct vector *right, struct selection selection, uint16_t *rows)
{
    uint32_t count = 0;

    if (left->kind == VECTOR_DICTIONARY && right->kind == VECTOR_CONSTANT && left->dictionary_count <= selection.count)
        return select_codes(comparison, left, right->strings[0], selection, rows);
    for (uint32_t i = 0; i < selection.count; i++) {
        uint32_t row = selection_row(selection, i);
        rows[count] = (uint16_t)row;
        count += string_holds(comparison, vector_string(left, row), vector_string(right, row));
    }
    return count;
}

static SPECIALISED uint32_t select_typed(enum scalar_function comparison, const struct vector *left,
                                         const struct vector *right, struct selection selection, uint16_t *rows)
{
    switch ((int)left->type) {
    case SSQL_TYPE_INT: return select_ints(comparison, left, right, selection, rows);
    case SSQL_TYPE_FLOAT: return select_floats(comparison, left, right, selection, rows);
    case SSQL_TYPE_BOOL: return select_bools(comparison, left, right, selection, rows);
    }
    assert(left->type == SSQL_TYPE_STRING);
    return select_strings(comparison, left, right, selection, rows);
}

uint32_t kernel_select_null(const struct vector *vector, bool wanted, struct selection selection, uint16_t *rows)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < selection.count; i++) {
        uint32_t row = selection_row(selection, i);
        rows[count] = (uint16_t)row;
        count += vector_is_null(vector, row) == wanted;
    }
    return count;
}

uint32_t kernel_select_compare(enum scalar_function comparison, const struct vector *left, const struct vector *right,
                               struct selection selection, uint16_t *rows)
{
    struct operands operands = order_operands(comparison, left, right);

    assert(left->type == right->type);
    if (left->type == SSQL_TYPE_NULL)
        return 0;
    /* Rows with a null go first: what is left has valid items on both sides. */
    if (left->nulls != NULL)
        selection = (struct selection){rows, kernel_select_null(left, false, selection, rows)};
    if (right->nulls != NULL)
        selection = (struct selection){rows, kernel_select_null(right, false, selection, rows)};
    left = operands.left;
    right = operands.right;
    switch ((int)operands.comparison) {
    case FUNCTION_EQUAL: return select_typed(FUNCTION_EQUAL, left, right, selection, rows);
    case FUNCTION_NOT_EQUAL: return select_typed(FUNCTION_NOT_EQUAL, left, right, selection, rows);
    case FUNCTION_LESS: return select_typed(FUNCTION_LESS, left, right, selection, rows);
    case FUNCTION_LESS_EQUAL: return select_typed(FUNCTION_LESS_EQUAL, left, right, selection, rows);
    case FUNCTION_GREATER: return select_typed(FUNCTION_GREATER, left, right, selection, rows);
    }
    return select_typed(FUNCTION_GREATER_EQUAL, left, right, selection, rows);
}
