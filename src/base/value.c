#include "base/value.h"

#include <float.h>
#include <inttypes.h>
#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

static int compare_floats(double left, double right)
{
    if (isnan(left) || isnan(right))
        return (isnan(left) != 0) - (isnan(right) != 0);
    return (left > right) - (left < right);
}

int value_compare(const struct value *left, const struct value *right)
{
    if (left->is_null || right->is_null)
        return (int)right->is_null - (int)left->is_null;
    switch (left->type) {
    case SSQL_TYPE_INT: return (left->integer > right->integer) - (left->integer < right->integer);
    case SSQL_TYPE_STRING: return slice_compare(left->string, right->string);
    case SSQL_TYPE_BOOL: return (int)left->boolean - (int)right->boolean;
    case SSQL_TYPE_NULL: /* only ever null */
    case SSQL_TYPE_FLOAT:;
    }
    return compare_floats(left->real, right->real);
}

uint64_t value_hash(const struct value *value, uint64_t seed)
{
    if (value->is_null)
        return XXH3_64bits_withSeed("", 0, seed ^ 0x9E3779B97F4A7C15u);
    switch (value->type) {
    case SSQL_TYPE_INT: return XXH3_64bits_withSeed(&value->integer, sizeof value->integer, seed);
    case SSQL_TYPE_STRING: return XXH3_64bits_withSeed(value->string.data, value->string.size, seed);
    case SSQL_TYPE_BOOL: return XXH3_64bits_withSeed(&value->boolean, 1, seed);
    case SSQL_TYPE_NULL: /* only ever null */
    case SSQL_TYPE_FLOAT:;
    }
    double real = isnan(value->real) ? NAN : value->real == 0 ? 0.0 : value->real;
    return XXH3_64bits_withSeed(&real, sizeof real, seed);
}

/* The host program's locale may write another decimal point, of several bytes even; ours is always the same. Returns by
 * how many bytes the text became shorter. */
static int put_point(char *text)
{
    char *point = text + strspn(text, "+-0123456789e");
    size_t width = strcspn(point, "0123456789");

    if (*point == '\0')
        return 0;
    *point = '.';
    memmove(point + 1, point + width, strlen(point + width) + 1);
    return (int)width - 1;
}

size_t float_format(double real, char *text)
{
    if (isnan(real))
        return (size_t)snprintf(text, FLOAT_TEXT_SIZE, "nan");
    if (isinf(real))
        return (size_t)snprintf(text, FLOAT_TEXT_SIZE, real < 0 ? "-inf" : "inf");
    /* Every text of 15 digits is told apart, but for the smallest numbers, which have fewer; every number by 17. */
    int digits = fabs(real) < DBL_MIN ? 1 : 15;
    int length = snprintf(text, FLOAT_TEXT_SIZE, "%.*g", digits, real);
    for (; digits < 17 && strtod(text, NULL) != real; digits++)
        length = snprintf(text, FLOAT_TEXT_SIZE, "%.*g", digits + 1, real);
    length -= put_point(text);
    if (strpbrk(text, ".e") == NULL)
        length += snprintf(text + length, FLOAT_TEXT_SIZE - (size_t)length, ".0");
    return (size_t)length;
}

bool float_parse(const char *text, double *real, struct ssql_error *error)
{
    locale_t c_locale = newlocale(LC_ALL_MASK, "C", (locale_t)0);

    if (c_locale == (locale_t)0)
        return error_no_memory(error);
    *real = strtod_l(text, NULL, c_locale);
    freelocale(c_locale);
    return true;
}

void value_append_text(struct buffer *buffer, const struct value *value)
{
    char text[FLOAT_TEXT_SIZE];

    if (value->is_null) {
        buffer_append_text(buffer, "null");
        return;
    }
    switch (value->type) {
    case SSQL_TYPE_INT: buffer_printf(buffer, "%" PRId64, value->integer); return;
    case SSQL_TYPE_STRING: buffer_append(buffer, value->string.data, value->string.size); return;
    case SSQL_TYPE_BOOL: buffer_append_text(buffer, value->boolean ? "true" : "false"); return;
    case SSQL_TYPE_NULL: /* only ever null */
    case SSQL_TYPE_FLOAT:;
    }
    buffer_append(buffer, text, float_format(value->real, text));
}

static void append_quoted(struct buffer *buffer, struct slice string)
{
    buffer_append_byte(buffer, '"');
    for (size_t i = 0; i < string.size; i++) {
        uint8_t byte = string.data[i];
        switch (byte) {
        case '"': buffer_append_text(buffer, "\\\""); break;
        case '\\': buffer_append_text(buffer, "\\\\"); break;
        case '\n': buffer_append_text(buffer, "\\n"); break;
        case '\t': buffer_append_text(buffer, "\\t"); break;
        case '\r': buffer_append_text(buffer, "\\r"); break;
        default:
            if (byte < 0x20 || byte == 0x7F)
                buffer_printf(buffer, "\\u{%X}", byte);
            else
                buffer_append_byte(buffer, byte);
        }
    }
    buffer_append_byte(buffer, '"');
}

void value_append_literal(struct buffer *buffer, const struct value *value)
{
    if (!value->is_null && value->type == SSQL_TYPE_STRING)
        append_quoted(buffer, value->string);
    else
        value_append_text(buffer, value);
}
