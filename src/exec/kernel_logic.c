/* Three-valued logic, null tests, nullif, least and greatest, typeof, copies between vectors, and the choice of a
 * kernel. */
#include <assert.h>
#include <stdlib.h>

#include "exec/kernel.h"

void kernel_set_null(struct kernel_call *call, uint32_t row)
{
    if (!call->has_nulls) {
        memset(call->nulls, 0, selection_bound(call->selection));
        call->has_nulls = true;
    }
    call->nulls[row] = 1;
}

bool string_heap_alloc(struct string_heap *heap, size_t size, struct ssql_span span, uint8_t **bytes,
                       struct ssql_error *error)
{
    if (size > STRING_RESULT_MOST)
        return error_set(error, SSQL_TOO_LARGE, span, "a string of %zu bytes is beyond the limit of %zu", size,
                         STRING_RESULT_MOST);
    if (heap->used_bytes + size > STRING_HEAP_MOST) {
        heap->is_full = true;
        return error_set(error, SSQL_TOO_LARGE, span, "the strings made here take more than %zu bytes",
                         STRING_HEAP_MOST);
    }
    *bytes = arena_alloc(&heap->arena, size);
    if (*bytes == NULL)
        return error_no_memory(error);
    heap->used_bytes += size;
    return true;
}

/* ---- and, or ---- */

uint32_t kernel_decide(bool is_or, bool is_first, const struct vector *value, struct selection selection,
                       uint8_t *result, uint8_t *nulls, uint16_t *rows)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < selection.count; i++) {
        uint32_t row = selection_row(selection, i);
        bool is_null = vector_is_null(value, row);
        bool is_decided = !is_null && (value->booleans[vector_item(value, row)] != 0) == is_or;
        /* Rows that come here a second time are undecided so far: true (false, for or) or null. */
        result[row] = is_decided == is_or;
        nulls[row] = !is_decided && (is_null || (!is_first && nulls[row]));
        rows[count] = (uint16_t)row;
        count += !is_decided;
    }
    return count;
}

uint32_t kernel_select_true(const struct vector *condition, bool wanted, struct selection selection, uint16_t *rows)
{
    uint32_t count = 0;

    if (condition->type == SSQL_TYPE_NULL)
        return kernel_select_null(condition, !wanted, selection, rows);
    if (condition->kind == VECTOR_FLAT && condition->nulls == NULL) {
        for (uint32_t i = 0; i < selection.count; i++) {
            uint32_t row = selection_row(selection, i);
            rows[count] = (uint16_t)row;
            count += condition->booleans[row] == (uint8_t)wanted;
        }
        return count;
    }
    for (uint32_t i = 0; i < selection.count; i++) {
        uint32_t row = selection_row(selection, i);
        bool is_true = !vector_is_null(condition, row) && condition->booleans[vector_item(condition, row)] != 0;
        rows[count] = (uint16_t)row;
        count += is_true == wanted;
    }
    return count;
}

static bool run_not(struct kernel_call *call, struct ssql_error *error)
{
    const struct vector *argument = &call->arguments[0];
    uint8_t *result = call->result;

    (void)error;
    for (uint32_t i = 0; i < call->selection.count; i++) {
        uint32_t row = selection_row(call->selection, i);
        result[row] = !argument->booleans[vector_item(argument, row)];
    }
    return true;
}

/* ---- nulls ---- */

static bool is_null(struct kernel_call *call, struct ssql_error *error)
{
    uint8_t *result = call->result;

    (void)error;
    for (uint32_t i = 0; i < call->selection.count; i++) {
        uint32_t row = selection_row(call->selection, i);
        result[row] = vector_is_null(&call->arguments[0], row);
    }
    return true;
}

static bool is_not_null(struct kernel_call *call, struct ssql_error *error)
{
    uint8_t *result = call->result;

    (void)error;
    for (uint32_t i = 0; i < call->selection.count; i++) {
        uint32_t row = selection_row(call->selection, i);
        result[row] = !vector_is_null(&call->arguments[0], row);
    }
    return true;
}

void kernel_copy_item(const struct vector *source, uint32_t row, enum ssql_type type, void *result, uint32_t to)
{
    switch ((int)type) {
    case SSQL_TYPE_INT: ((int64_t *)result)[to] = source->integers[vector_item(source, row)]; return;
    case SSQL_TYPE_FLOAT: ((double *)result)[to] = source->reals[vector_item(source, row)]; return;
    case SSQL_TYPE_BOOL: ((uint8_t *)result)[to] = source->booleans[vector_item(source, row)]; return;
    }
    assert(type == SSQL_TYPE_STRING);
    ((struct slice *)result)[to] = vector_string(source, row);
}

void kernel_copy(const struct vector *source, enum ssql_type type, struct selection selection, void *result,
                 uint8_t *nulls)
{
    assert(selection.count > 0);
    if (selection.rows == NULL && source->kind == VECTOR_FLAT && source->nulls == NULL) {
        assert(source->type == type);
        memcpy(result, source->integers, selection.count * vector_item_size(type));
        memset(nulls, 0, selection.count);
        return;
    }
    for (uint32_t i = 0; i < selection.count; i++) {
        uint32_t row = selection_row(selection, i);
        nulls[row] = vector_is_null(source, row);
        if (!nulls[row])
            kernel_copy_item(source, row, type, result, row);
    }
}

static bool run_nullif(struct kernel_call *call, struct ssql_error *error)
{
    const struct vector *kept = &call->arguments[0];

    (void)error;
    for (uint32_t i = 0; i < call->selection.count; i++) {
        uint32_t row = selection_row(call->selection, i);
        struct value left = vector_value(kept, row), right = vector_value(&call->arguments[1], row);
        if (left.is_null || (!right.is_null && value_compare(&left, &right) == 0))
            kernel_set_null(call, row);
        else
            kernel_copy_item(kept, row, call->result_type, call->result, row);
    }
    return true;
}

/* ---- least, greatest ---- */

static void find_extreme(struct kernel_call *call, int direction)
{
    for (uint32_t i = 0; i < call->selection.count; i++) {
        uint32_t row = selection_row(call->selection, i);
        uint32_t best = 0;
        if (kernel_row_is_null(call, row))
            continue;
        struct value extreme = vector_value(&call->arguments[0], row);
        for (uint32_t k = 1; k < call->argument_count; k++) {
            struct value other = vector_value(&call->arguments[k], row);
            int order = value_compare(&other, &extreme);
            if ((order > 0) - (order < 0) == direction) {
                best = k;
                extreme = other;
            }
        }
        kernel_copy_item(&call->arguments[best], row, call->result_type, call->result, row);
    }
}

static bool run_least(struct kernel_call *call, struct ssql_error *error)
{
    (void)error;
    find_extreme(call, -1);
    return true;
}

static bool run_greatest(struct kernel_call *call, struct ssql_error *error)
{
    (void)error;
    find_extreme(call, 1);
    return true;
}

static bool run_typeof(struct kernel_call *call, struct ssql_error *error)
{
    const struct vector *argument = &call->arguments[0];
    struct slice *result = call->result;

    (void)error;
    for (uint32_t i = 0; i < call->selection.count; i++) {
        uint32_t row = selection_row(call->selection, i);
        result[row] = slice_of(type_name(vector_is_null(argument, row) ? SSQL_TYPE_NULL : argument->type));
    }
    return true;
}

void kernel_find_logic(enum scalar_function function, enum ssql_type type, struct kernel *kernel)
{
    (void)type;
    kernel->is_strict = false;
    switch ((int)function) {
    case FUNCTION_NOT:
        kernel->run = run_not;
        kernel->is_strict = true;
        break;
    case FUNCTION_IS_NULL: kernel->run = is_null; break;
    case FUNCTION_IS_NOT_NULL: kernel->run = is_not_null; break;
    case FUNCTION_NULLIF: kernel->run = run_nullif; break;
    case FUNCTION_TYPEOF: kernel->run = run_typeof; break;
    case FUNCTION_LEAST:
        kernel->run = run_least;
        kernel->is_strict = true;
        break;
    case FUNCTION_GREATEST:
        kernel->run = run_greatest;
        kernel->is_strict = true;
        break;
    }
}

/* ---- in ---- */

static int compare_values(const void *left, const void *right)
{
    return value_compare(left, right);
}

void in_list_sort(struct in_list *list)
{
    if (list->value_count > 1)
        qsort(list->values, list->value_count, sizeof *list->values, compare_values);
}

static bool in_list_holds(const struct in_list *list, const struct value *value)
{
    uint32_t low = 0, high = list->value_count;

    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        int order = value_compare(&list->values[middle], value);
        if (order == 0)
            return true;
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return false;
}

bool kernel_in(struct kernel_call *call, struct ssql_error *error)
{
    uint8_t *result = call->result;

    (void)error;
    for (uint32_t i = 0; i < call->selection.count; i++) {
        uint32_t row = selection_row(call->selection, i);
        struct value value = vector_value(&call->arguments[0], row);
        bool is_unknown = value.is_null || call->in_list->has_null;
        bool found = !value.is_null && in_list_holds(call->in_list, &value);
        for (uint32_t k = 1; k < call->argument_count && !found && !value.is_null; k++) {
            struct value item = vector_value(&call->arguments[k], row);
            found = !item.is_null && value_compare(&item, &value) == 0;
            is_unknown |= item.is_null;
        }
        result[row] = found;
        if (!found && is_unknown)
            kernel_set_null(call, row);
    }
    return true;
}

struct kernel kernel_find(enum scalar_function function, enum ssql_type type, uint32_t argument_count)
{
    struct kernel kernel = {0};

    kernel_find_arithmetic(function, type, &kernel);
    if (kernel.run == NULL)
        kernel_find_number(function, type, argument_count, &kernel);
    if (kernel.run == NULL)
        kernel_find_compare(function, type, &kernel);
    if (kernel.run == NULL)
        kernel_find_logic(function, type, &kernel);
    if (kernel.run == NULL)
        kernel_find_string(function, argument_count, &kernel);
    assert(kernel.run != NULL);
    return kernel;
}
