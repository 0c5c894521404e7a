/* Functions of strings. Positions and lengths count code points; upper and lower touch ASCII letters only. */
#include <assert.h>

#include "base/utf8.h"
#include "exec/kernel.h"

static struct slice text_of(const struct kernel_call *call, uint32_t argument, uint32_t row)
{
    return vector_string(&call->arguments[argument], row);
}

static int64_t int_of(const struct kernel_call *call, uint32_t argument, uint32_t row)
{
    const struct vector *vector = &call->arguments[argument];

    return vector->integers[vector_item(vector, row)];
}

static bool run_length(struct kernel_call *call, struct ssql_error *error)
{
    int64_t *result = call->result;

    (void)error;
    for (uint32_t i = 0; i < call->selection.count; i++) {
        uint32_t row = selection_row(call->selection, i);
        if (!kernel_row_is_null(call, row))
            result[row] = (int64_t)utf8_length(text_of(call, 0, row));
    }
    return true;
}

/* Changes the case of letters between `first` and `first` + 25. */
static bool change_case(struct kernel_call *call, uint8_t first, struct ssql_error *error)
{
    struct slice *result = call->result;

    for (uint32_t i = 0; i < call->selection.count; i++) {
        uint32_t row = selection_row(call->selection, i);
        uint8_t *bytes;
        if (kernel_row_is_null(call, row))
            continue;
        struct slice text = text_of(call, 0, row);
        if (!string_heap_alloc(call->heap, text.size, call->span, &bytes, error))
            return false;
        for (size_t k = 0; k < text.size; k++)
            bytes[k] = text.data[k] ^ (uint8_t)((uint8_t)(text.data[k] - first) < 26 ? 0x20 : 0);
        result[row] = slice_make(bytes, text.size);
    }
    return true;
}

static bool run_upper(struct kernel_call *call, struct ssql_error *error)
{
    return change_case(call, 'a', error);
}

static bool run_lower(struct kernel_call *call, struct ssql_error *error)
{
    return change_case(call, 'A', error);
}

/* ---- trim ---- */

static size_t character_size(struct slice text)
{
    size_t size = 1;

    while (size < text.size && (text.data[size] & 0xC0) == 0x80)
        size++;
    return size;
}

/* Whether the character is one of `set`. */
static bool set_holds(struct slice set, struct slice character)
{
    while (set.size > 0) {
        size_t size = character_size(set);
        if (slice_equal(slice_make(set.data, size), character))
            return true;
        set = slice_make(set.data + size, set.size - size);
    }
    return false;
}

static struct slice trim_start(struct slice text, struct slice set)
{
    while (text.size > 0) {
        size_t size = character_size(text);
        if (!set_holds(set, slice_make(text.data, size)))
            break;
        text = slice_make(text.data + size, text.size - size);
    }
    return text;
}

static struct slice trim_end(struct slice text, struct slice set)
{
    while (text.size > 0) {
        size_t at = text.size - 1;
        while (at > 0 && (text.data[at] & 0xC0) == 0x80)
            at--;
        if (!set_holds(set, slice_make(text.data + at, text.size - at)))
            break;
        text.size = at;
    }
    return text;
}

static bool trim(struct kernel_call *call, bool at_start, bool at_end)
{
    struct slice *result = call->result;

    for (uint32_t i = 0; i < call->selection.count; i++) {
        uint32_t row = selection_row(call->selection, i);
        if (kernel_row_is_null(call, row))
            continue;
        struct slice text = text_of(call, 0, row);
        struct slice set = call->argument_count > 1 ? text_of(call, 1, row) : slice_of(" ");
        if (at_start)
            text = trim_start(text, set);
        if (at_end)
            text = trim_end(text, set);
        result[row] = text;
    }
    return true;
}

static bool run_trim(struct kernel_call *call, struct ssql_error *error)
{
    (void)error;
    return trim(call, true, true);
}

static bool run_ltrim(struct kernel_call *call, struct ssql_error *error)
{
    (void)error;
    return trim(call, true, false);
}

static bool run_rtrim(struct kernel_call *call, struct ssql_error *error)
{
    (void)error;
    return trim(call, false, true);
}

/* ---- parts ---- */

/* Characters [start, start + length) counted from 1, as far as the text has them. */
static struct slice part_of(struct slice text, int64_t start, bool has_length, int64_t length)
{
    int64_t end = INT64_MAX;

    if (start < 0)
        start += (int64_t)utf8_length(text) + 1;
    if (has_length) {
        if (length <= 0)
            return slice_make(text.data, 0);
        if (__builtin_add_overflow(start, length, &end))
            end = INT64_MAX;
    }
    if (start < 1)
        start = 1;
    if (end <= start)
        return slice_make(text.data, 0);
    size_t from = utf8_offset(text, (size_t)(start - 1));
    struct slice rest = slice_make(text.data == NULL ? NULL : text.data + from, text.size - from);
    return slice_make(rest.data, utf8_offset(rest, (size_t)(end - start)));
}

static bool run_substr(struct kernel_call *call, struct ssql_error *error)
{
    struct slice *result = call->result;
    bool has_length = call->argument_count > 2;

    (void)error;
    for (uint32_t i = 0; i < call->selection.count; i++) {
        uint32_t row = selection_row(call->selection, i);
        if (!kernel_row_is_null(call, row))
            result[row] =
                part_of(text_of(call, 0, row), int_of(call, 1, row), has_length, has_length ? int_of(call, 2, row) : 0);
    }
    return true;
}

/* Where `part` begins in `text`, from `at`; NULL: nowhere. */
static const uint8_t *find_part(struct slice text, size_t at, struct slice part)
{
    assert(part.size > 0);
    if (part.size > text.size - at)
        return NULL;
    return memmem(text.data + at, text.size - at, part.data, part.size);
}

static size_t count_parts(struct slice text, struct slice part)
{
    size_t count = 0;
    const uint8_t *found = find_part(text, 0, part);

    while (found != NULL) {
        count++;
        found = find_part(text, (size_t)(found - text.data) + part.size, part);
    }
    return count;
}

static void replace_parts(struct slice text, struct slice from, struct slice to, uint8_t *bytes)
{
    size_t at = 0;
    const uint8_t *found = find_part(text, 0, from);

    while (found != NULL) {
        size_t before = (size_t)(found - text.data) - at;
        memcpy(bytes, text.data + at, before);
        bytes += before;
        if (to.size > 0)
            memcpy(bytes, to.data, to.size);
        bytes += to.size;
        at += before + from.size;
        found = find_part(text, at, from);
    }
    memcpy(bytes, text.data + at, text.size - at);
}

static bool run_replace(struct kernel_call *call, struct ssql_error *error)
{
    struct slice *result = call->result;

    for (uint32_t i = 0; i < call->selection.count; i++) {
        uint32_t row = selection_row(call->selection, i);
        uint8_t *bytes;
        if (kernel_row_is_null(call, row))
            continue;
        struct slice text = text_of(call, 0, row), from = text_of(call, 1, row), to = text_of(call, 2, row);
        size_t count = from.size == 0 ? 0 : count_parts(text, from);
        if (count == 0) {
            result[row] = text;
            continue;
        }
        size_t size = text.size - count * from.size + count * to.size; /* sizes of strings have 32 bits */
        if (!string_heap_alloc(call->heap, size, call->span, &bytes, error))
            return false;
        replace_parts(text, from, to, bytes);
        result[row] = slice_make(bytes, size);
    }
    return true;
}

/* Null arguments are left out. */
static bool run_concat(struct kernel_call *call, struct ssql_error *error)
{
    struct slice *result = call->result;

    for (uint32_t i = 0; i < call->selection.count; i++) {
        uint32_t row = selection_row(call->selection, i);
        uint8_t *bytes;
        size_t size = 0;
        for (uint32_t k = 0; k < call->argument_count; k++)
            if (!vector_is_null(&call->arguments[k], row))
                size += text_of(call, k, row).size;
        if (!string_heap_alloc(call->heap, size, call->span, &bytes, error))
            return false;
        result[row] = slice_make(bytes, size);
        for (uint32_t k = 0; k < call->argument_count; k++) {
            if (vector_is_null(&call->arguments[k], row))
                continue;
            struct slice part = text_of(call, k, row);
            if (part.size > 0)
                memcpy(bytes, part.data, part.size);
            bytes += part.size;
        }
    }
    return true;
}

static bool run_instr(struct kernel_call *call, struct ssql_error *error)
{
    int64_t *result = call->result;

    (void)error;
    for (uint32_t i = 0; i < call->selection.count; i++) {
        uint32_t row = selection_row(call->selection, i);
        if (kernel_row_is_null(call, row))
            continue;
        struct slice text = text_of(call, 0, row), part = text_of(call, 1, row);
        if (part.size == 0) {
            result[row] = 1;
            continue;
        }
        const uint8_t *found = find_part(text, 0, part);
        result[row] = found == NULL ? 0 : (int64_t)utf8_length(slice_make(text.data, (size_t)(found - text.data))) + 1;
    }
    return true;
}

static bool run_starts_with(struct kernel_call *call, struct ssql_error *error)
{
    uint8_t *result = call->result;

    (void)error;
    for (uint32_t i = 0; i < call->selection.count; i++) {
        uint32_t row = selection_row(call->selection, i);
        if (kernel_row_is_null(call, row))
            continue;
        struct slice text = text_of(call, 0, row), part = text_of(call, 1, row);
        result[row] = part.size <= text.size && slice_equal(slice_make(text.data, part.size), part);
    }
    return true;
}

static bool run_ends_with(struct kernel_call *call, struct ssql_error *error)
{
    uint8_t *result = call->result;

    (void)error;
    for (uint32_t i = 0; i < call->selection.count; i++) {
        uint32_t row = selection_row(call->selection, i);
        if (kernel_row_is_null(call, row))
            continue;
        struct slice text = text_of(call, 0, row), part = text_of(call, 1, row);
        result[row] = part.size == 0 || (part.size <= text.size &&
                                         slice_equal(slice_make(text.data + text.size - part.size, part.size), part));
    }
    return true;
}

static bool run_contains(struct kernel_call *call, struct ssql_error *error)
{
    uint8_t *result = call->result;

    (void)error;
    for (uint32_t i = 0; i < call->selection.count; i++) {
        uint32_t row = selection_row(call->selection, i);
        if (kernel_row_is_null(call, row))
            continue;
        struct slice part = text_of(call, 1, row);
        result[row] = part.size == 0 || find_part(text_of(call, 0, row), 0, part) != NULL;
    }
    return true;
}

static bool run_reverse(struct kernel_call *call, struct ssql_error *error)
{
    struct slice *result = call->result;

    for (uint32_t i = 0; i < call->selection.count; i++) {
        uint32_t row = selection_row(call->selection, i);
        uint8_t *bytes;
        if (kernel_row_is_null(call, row))
            continue;
        struct slice text = text_of(call, 0, row);
        if (!string_heap_alloc(call->heap, text.size, call->span, &bytes, error))
            return false;
        for (size_t at = 0; at < text.size;) {
            size_t size = character_size(slice_make(text.data + at, text.size - at));
            memcpy(bytes + text.size - at - size, text.data + at, size);
            at += size;
        }
        result[row] = slice_make(bytes, text.size);
    }
    return true;
}

static bool run_repeat(struct kernel_call *call, struct ssql_error *error)
{
    struct slice *result = call->result;

    for (uint32_t i = 0; i < call->selection.count; i++) {
        uint32_t row = selection_row(call->selection, i);
        uint8_t *bytes;
        size_t size;
        if (kernel_row_is_null(call, row))
            continue;
        struct slice text = text_of(call, 0, row);
        int64_t count = int_of(call, 1, row);
        if (count <= 0 || text.size == 0) {
            result[row] = slice_make(text.data, 0);
            continue;
        }
        if (__builtin_mul_overflow(text.size, (size_t)count, &size))
            size = SIZE_MAX;
        if (!string_heap_alloc(call->heap, size, call->span, &bytes, error))
            return false;
        for (size_t at = 0; at < size; at += text.size)
            memcpy(bytes + at, text.data, text.size);
        result[row] = slice_make(bytes, size);
    }
    return true;
}

void kernel_find_string(enum scalar_function function, uint32_t argument_count, struct kernel *kernel)
{
    static const struct kernel kernels[] = {
        [FUNCTION_LIKE] = {.run = kernel_like, .is_strict = true},
        [FUNCTION_LENGTH] = {.run = run_length, .is_strict = true},
        [FUNCTION_UPPER] = {.run = run_upper, .is_strict = true},
        [FUNCTION_LOWER] = {.run = run_lower, .is_strict = true},
        [FUNCTION_TRIM] = {.run = run_trim, .is_strict = true},
        [FUNCTION_LTRIM] = {.run = run_ltrim, .is_strict = true},
        [FUNCTION_RTRIM] = {.run = run_rtrim, .is_strict = true},
        [FUNCTION_SUBSTR] = {.run = run_substr, .is_strict = true},
        [FUNCTION_REPLACE] = {.run = run_replace, .is_strict = true, .can_fail = true},
        [FUNCTION_CONCAT] = {.run = run_concat, .can_fail = true},
        [FUNCTION_INSTR] = {.run = run_instr, .is_strict = true},
        [FUNCTION_STARTS_WITH] = {.run = run_starts_with, .is_strict = true},
        [FUNCTION_ENDS_WITH] = {.run = run_ends_with, .is_strict = true},
        [FUNCTION_CONTAINS] = {.run = run_contains, .is_strict = true},
        [FUNCTION_REVERSE] = {.run = run_reverse, .is_strict = true},
        [FUNCTION_REPEAT] = {.run = run_repeat, .is_strict = true, .can_fail = true},
    };

    assert(function < sizeof kernels / sizeof kernels[0]);
    *kernel = kernels[function];
    kernel->can_fail |= function == FUNCTION_LIKE && argument_count > 2;
}
