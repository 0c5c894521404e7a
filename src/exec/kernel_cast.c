/* cast(x as type): strict readings of strings, truncation of floats, 0 and 1 for bools, and the text of anything. */
#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "exec/kernel.h"

enum { QUOTED_TEXT_MOST = 64 }; /* bytes of a refused text that its message shows */

static bool is_blank(uint8_t byte)
{
    return byte == ' ' || (byte >= '\t' && byte <= '\r');
}

static struct slice trim_blanks(struct slice text)
{
    while (text.size > 0 && is_blank(text.data[0]))
        text = slice_make(text.data + 1, text.size - 1);
    while (text.size > 0 && is_blank(text.data[text.size - 1]))
        text.size--;
    return text;
}

static bool refuse_text(const struct kernel_call *call, struct slice text, const char *type, struct ssql_error *error)
{
    size_t shown = text.size;

    if (shown > QUOTED_TEXT_MOST) {
        shown = QUOTED_TEXT_MOST;
        while (shown > 0 && (text.data[shown] & 0xC0) == 0x80)
            shown--;
    }
    return error_set(error, SSQL_BAD_VALUE, call->span, "\"%.*s%s\" is not %s", (int)shown, (const char *)text.data,
                     shown < text.size ? "..." : "", type);
}

static bool parse_int(const struct kernel_call *call, struct slice text, int64_t *result, struct ssql_error *error)
{
    struct slice digits = trim_blanks(text);
    bool is_negative = false;
    int64_t sum = 0; /* negative all the while: that side is larger by one */

    if (digits.size > 0 && (digits.data[0] == '-' || digits.data[0] == '+')) {
        is_negative = digits.data[0] == '-';
        digits = slice_make(digits.data + 1, digits.size - 1);
    }
    if (digits.size == 0)
        return refuse_text(call, text, "an int", error);
    bool fits = true;
    for (size_t i = 0; i < digits.size; i++) {
        uint8_t digit = (uint8_t)(digits.data[i] - '0');
        if (digit > 9)
            return refuse_text(call, text, "an int", error);
        fits = fits && !__builtin_mul_overflow(sum, 10, &sum) && !__builtin_sub_overflow(sum, digit, &sum);
    }
    if (!fits || (!is_negative && sum == INT64_MIN))
        return error_set(error, SSQL_OUT_OF_RANGE, call->span, "\"%.*s\" does not fit in an int",
                         digits.size > QUOTED_TEXT_MOST ? QUOTED_TEXT_MOST : (int)text.size, (const char *)text.data);
    *result = is_negative ? sum : -sum;
    return true;
}

static bool equals_without_case(struct slice text, const char *word)
{
    for (size_t i = 0; i < text.size; i++) {
        uint8_t byte = text.data[i];
        if (byte >= 'A' && byte <= 'Z')
            byte |= 0x20;
        if (word[i] == '\0' || byte != (uint8_t)word[i])
            return false;
    }
    return word[text.size] == '\0';
}

/* digits [. digits] [e [sign] digits], with a digit before the e: what float_parse is then asked to read. */
static bool has_float_form(struct slice text)
{
    size_t i = 0, digits = 0;

    if (i < text.size && (text.data[i] == '+' || text.data[i] == '-'))
        i++;
    for (; i < text.size && text.data[i] >= '0' && text.data[i] <= '9'; i++)
        digits++;
    if (i < text.size && text.data[i] == '.')
        i++;
    for (; i < text.size && text.data[i] >= '0' && text.data[i] <= '9'; i++)
        digits++;
    if (digits == 0)
        return false;
    if (i == text.size)
        return true;
    if (text.data[i] != 'e' && text.data[i] != 'E')
        return false;
    i++;
    if (i < text.size && (text.data[i] == '+' || text.data[i] == '-'))
        i++;
    digits = 0;
    for (; i < text.size && text.data[i] >= '0' && text.data[i] <= '9'; i++)
        digits++;
    return digits > 0 && i == text.size;
}

static bool parse_special_float(struct slice text, double *result)
{
    bool is_negative = text.size > 0 && text.data[0] == '-';
    struct slice word = text;

    if (text.size > 0 && (text.data[0] == '-' || text.data[0] == '+'))
        word = slice_make(text.data + 1, text.size - 1);
    if (equals_without_case(word, "inf") || equals_without_case(word, "infinity"))
        *result = is_negative ? -INFINITY : INFINITY;
    else if (equals_without_case(word, "nan"))
        *result = NAN;
    else
        return false;
    return true;
}

static bool parse_float(struct kernel_call *call, struct slice text, double *result, struct ssql_error *error)
{
    struct slice digits = trim_blanks(text);
    uint8_t *copy;

    if (parse_special_float(digits, result))
        return true;
    if (!has_float_form(digits))
        return refuse_text(call, text, "a float", error);
    if (!string_heap_alloc(call->heap, digits.size + 1, call->span, &copy, error))
        return false;
    memcpy(copy, digits.data, digits.size);
    copy[digits.size] = '\0';
    if (!float_parse((const char *)copy, result, error))
        return false;
    if (isinf(*result))
        return error_set(error, SSQL_OUT_OF_RANGE, call->span, "\"%.*s\" does not fit in a float",
                         digits.size > QUOTED_TEXT_MOST ? QUOTED_TEXT_MOST : (int)digits.size, (const char *)copy);
    return true;
}

static bool parse_bool(const struct kernel_call *call, struct slice text, uint8_t *result, struct ssql_error *error)
{
    struct slice word = trim_blanks(text);

    if (equals_without_case(word, "true") || equals_without_case(word, "1"))
        *result = 1;
    else if (equals_without_case(word, "false") || equals_without_case(word, "0"))
        *result = 0;
    else
        return refuse_text(call, text, "a bool", error);
    return true;
}

static bool string_to_int(struct kernel_call *call, struct ssql_error *error)
{
    for (uint32_t i = 0; i < call->selection.count; i++) {
        uint32_t row = selection_row(call->selection, i);
        if (!kernel_row_is_null(call, row) &&
            !parse_int(call, vector_string(&call->arguments[0], row), (int64_t *)call->result + row, error))
            return false;
    }
    return true;
}

static bool string_to_float(struct kernel_call *call, struct ssql_error *error)
{
    for (uint32_t i = 0; i < call->selection.count; i++) {
        uint32_t row = selection_row(call->selection, i);
        if (!kernel_row_is_null(call, row) &&
            !parse_float(call, vector_string(&call->arguments[0], row), (double *)call->result + row, error))
            return false;
    }
    return true;
}

static bool string_to_bool(struct kernel_call *call, struct ssql_error *error)
{
    for (uint32_t i = 0; i < call->selection.count; i++) {
        uint32_t row = selection_row(call->selection, i);
        if (!kernel_row_is_null(call, row) &&
            !parse_bool(call, vector_string(&call->arguments[0], row), (uint8_t *)call->result + row, error))
            return false;
    }
    return true;
}

static bool int_to_float(struct kernel_call *call, struct ssql_error *error)
{
    const struct vector *argument = &call->arguments[0];
    double *result = call->result;

    (void)error;
    for (uint32_t i = 0; i < call->selection.count; i++) {
        uint32_t row = selection_row(call->selection, i);
        result[row] = (double)argument->integers[vector_item(argument, row)];
    }
    return true;
}

static bool float_to_int(struct kernel_call *call, struct ssql_error *error)
{
    const struct vector *argument = &call->arguments[0];
    int64_t *result = call->result;

    for (uint32_t i = 0; i < call->selection.count; i++) {
        uint32_t row = selection_row(call->selection, i);
        if (kernel_row_is_null(call, row))
            continue;
        double item = argument->reals[vector_item(argument, row)];
        /* 2^63 is the first double beyond an int; -2^63 is one. Not-a-number fails both tests. */
        if (!(item < 0x1p63 && item >= -0x1p63)) {
            char text[FLOAT_TEXT_SIZE];
            float_format(item, text);
            return error_set(error, SSQL_OUT_OF_RANGE, call->span, "%s does not fit in an int", text);
        }
        result[row] = (int64_t)item;
    }
    return true;
}

static bool int_to_bool(struct kernel_call *call, struct ssql_error *error)
{
    const struct vector *argument = &call->arguments[0];
    uint8_t *result = call->result;

    (void)error;
    for (uint32_t i = 0; i < call->selection.count; i++) {
        uint32_t row = selection_row(call->selection, i);
        result[row] = argument->integers[vector_item(argument, row)] != 0;
    }
    return true;
}

static bool bool_to_int(struct kernel_call *call, struct ssql_error *error)
{
    const struct vector *argument = &call->arguments[0];
    int64_t *result = call->result;

    (void)error;
    for (uint32_t i = 0; i < call->selection.count; i++) {
        uint32_t row = selection_row(call->selection, i);
        result[row] = argument->booleans[vector_item(argument, row)];
    }
    return true;
}

static bool same_type(struct kernel_call *call, struct ssql_error *error)
{
    (void)error;
    for (uint32_t i = 0; i < call->selection.count; i++) {
        uint32_t row = selection_row(call->selection, i);
        if (!kernel_row_is_null(call, row))
            kernel_copy_item(&call->arguments[0], row, call->result_type, call->result, row);
    }
    return true;
}

/* Numbers and bools are short: their text is made on the stack. */
static size_t format_short(const struct value *value, char text[FLOAT_TEXT_SIZE])
{
    if (value->type == SSQL_TYPE_INT)
        return (size_t)snprintf(text, FLOAT_TEXT_SIZE, "%lld", (long long)value->integer);
    if (value->type == SSQL_TYPE_FLOAT)
        return float_format(value->real, text);
    assert(value->type == SSQL_TYPE_BOOL);
    return (size_t)snprintf(text, FLOAT_TEXT_SIZE, "%s", value->boolean ? "true" : "false");
}

static bool to_string(struct kernel_call *call, struct ssql_error *error)
{
    struct slice *result = call->result;

    for (uint32_t i = 0; i < call->selection.count; i++) {
        uint32_t row = selection_row(call->selection, i);
        char text[FLOAT_TEXT_SIZE];
        uint8_t *bytes;
        if (kernel_row_is_null(call, row))
            continue;
        struct value value = vector_value(&call->arguments[0], row);
        size_t size = format_short(&value, text);
        if (!string_heap_alloc(call->heap, size, call->span, &bytes, error))
            return false;
        memcpy(bytes, text, size);
        result[row] = slice_make(bytes, size);
    }
    return true;
}

enum { TYPE_COUNT = SSQL_TYPE_FLOAT + 1 };

struct kernel kernel_find_cast(enum ssql_type from, enum ssql_type to)
{
    /* [from][to], of what the binder lets through; a bare null is never looked at. */
    static kernel_function *const runs[TYPE_COUNT][TYPE_COUNT] = {
        [SSQL_TYPE_NULL] = {same_type, same_type, same_type, same_type, same_type},
        [SSQL_TYPE_INT] = {[SSQL_TYPE_INT] = same_type,
                           [SSQL_TYPE_FLOAT] = int_to_float,
                           [SSQL_TYPE_BOOL] = int_to_bool,
                           [SSQL_TYPE_STRING] = to_string},
        [SSQL_TYPE_FLOAT] =
            {[SSQL_TYPE_INT] = float_to_int, [SSQL_TYPE_FLOAT] = same_type, [SSQL_TYPE_STRING] = to_string},
        [SSQL_TYPE_BOOL] =
            {[SSQL_TYPE_INT] = bool_to_int, [SSQL_TYPE_BOOL] = same_type, [SSQL_TYPE_STRING] = to_string},
        [SSQL_TYPE_STRING] = {[SSQL_TYPE_INT] = string_to_int,
                              [SSQL_TYPE_FLOAT] = string_to_float,
                              [SSQL_TYPE_BOOL] = string_to_bool,
                              [SSQL_TYPE_STRING] = same_type},
    };
    kernel_function *run = runs[from][to];

    assert(run != NULL);
    return (struct kernel){.run = run,
                           .is_strict = true,
                           .can_fail = run == string_to_int || run == string_to_float || run == string_to_bool ||
                                       run == float_to_int};
}
