/* The quick way of number_read_float is Clinger's ("How to Read Floating Point Numbers Accurately", 1990): up to 15
 * digits and a power of ten up to 22 are both exact doubles, so that one multiplication or division rounds once. */
#include "format/number_text.h"

#include <assert.h>
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/value.h"

static inline bool is_digit(uint8_t byte)
{
    return (uint8_t)(byte - '0') <= 9;
}

enum number_outcome number_read_int(struct slice text, int64_t *integer)
{
    const uint8_t *at = text.data, *end = text.data + text.size;
    bool is_negative = text.size > 0 && *at == '-';
    uint64_t sum = 0, most = (uint64_t)INT64_MAX + is_negative;
    bool fits = true;

    at += is_negative || (text.size > 0 && *at == '+');
    if (at == end)
        return NUMBER_WRONG;
    bool is_short = end - at <= 18; /* cannot overflow */
    for (; at < end; at++) {
        uint8_t digit = (uint8_t)(*at - '0');
        if (digit > 9)
            return NUMBER_WRONG;
        if (!is_short)
            fits = fits && (sum < most / 10 || (sum == most / 10 && digit <= most % 10));
        sum = sum * 10 + digit;
    }
    if (!fits)
        return NUMBER_TOO_LARGE;
    *integer = (int64_t)(is_negative ? 0 - sum : sum);
    return NUMBER_READ;
}

/* A decimal number taken apart: `digits` * 10^exponent, as far as that is exact. */
struct decimal {
    uint64_t digits;         /* the first 19 significant ones */
    int64_t exponent;        /* cut to +-EXPONENT_MOST */
    uint32_t digit_count;    /* significant ones, also those beyond `digits`; without zeros in front */
    uint32_t trailing_zeros; /* of the digits */
    bool is_negative;
};

enum { EXPONENT_MOST = 100000, DIGITS_MOST = 19 };

static void take_digit(struct decimal *decimal, uint8_t digit, bool is_fraction)
{
    if (decimal->digit_count == 0 && digit == 0) {
        decimal->exponent -= is_fraction;
        return;
    }
    if (decimal->digit_count < DIGITS_MOST) {
        decimal->digits = decimal->digits * 10 + digit;
        decimal->exponent -= is_fraction;
    } else {
        decimal->exponent += !is_fraction;
    }
    decimal->digit_count++;
    decimal->trailing_zeros = digit == 0 ? decimal->trailing_zeros + 1 : 0;
}

static const uint8_t *take_digits(struct decimal *decimal, const uint8_t *at, const uint8_t *end, bool is_fraction)
{
    for (; at < end && is_digit(*at); at++)
        take_digit(decimal, (uint8_t)(*at - '0'), is_fraction);
    return at;
}

/* What stands behind an e; NULL when it is no exponent. */
static const uint8_t *take_exponent(struct decimal *decimal, const uint8_t *at, const uint8_t *end)
{
    bool is_negative = at < end && *at == '-';
    int64_t exponent = 0;

    at += at < end && (*at == '-' || *at == '+');
    const uint8_t *digits = at;
    for (; at < end && is_digit(*at); at++)
        exponent = exponent > EXPONENT_MOST ? exponent : exponent * 10 + (*at - '0');
    decimal->exponent += is_negative ? -exponent : exponent;
    return at == digits ? NULL : at;
}

static bool take_apart(struct slice text, struct decimal *decimal)
{
    const uint8_t *at = text.data, *end = text.data + text.size;

    *decimal = (struct decimal){.is_negative = text.size > 0 && *at == '-'};
    at += text.size > 0 && (*at == '-' || *at == '+');
    const uint8_t *begin = at;
    at = take_digits(decimal, at, end, false);
    bool has_digit = at > begin;
    if (at < end && *at == '.') {
        begin = at + 1;
        at = take_digits(decimal, begin, end, true);
        has_digit = has_digit || at > begin;
    }
    if (!has_digit)
        return false;
    if (at < end && (*at | 0x20) == 'e')
        at = take_exponent(decimal, at + 1, end);
    return at == end;
}

/* The slow way, for whatever the quick one does not know to be exact. */
static enum number_outcome read_slowly(struct slice text, double *real)
{
    char short_text[64];
    char *copy = text.size < sizeof short_text ? short_text : malloc(text.size + 1);

    if (copy == NULL)
        return NUMBER_NO_MEMORY;
    memcpy(copy, text.data, text.size);
    copy[text.size] = '\0';
    bool is_read = float_parse(copy, real, NULL);
    if (copy != short_text)
        free(copy);
    if (!is_read)
        return NUMBER_NO_MEMORY;
    return isinf(*real) ? NUMBER_TOO_LARGE : NUMBER_READ;
}

enum number_outcome number_read_float(struct slice text, double *real)
{
    static const double powers[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
                                    1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
    enum { EXACT_DIGITS = 15, EXACT_POWER = 22 };
    struct decimal decimal;

    if (!take_apart(text, &decimal))
        return NUMBER_WRONG;
    if (decimal.digit_count > EXACT_DIGITS || decimal.exponent > EXACT_POWER || decimal.exponent < -EXACT_POWER)
        return read_slowly(text, real);
    double digits = (double)decimal.digits;
    digits = decimal.exponent < 0 ? digits / powers[-decimal.exponent] : digits * powers[decimal.exponent];
    *real = decimal.is_negative ? -digits : digits;
    return NUMBER_READ;
}

enum number_form number_form(struct slice text)
{
    const uint8_t *at = text.data, *end = text.data + text.size;
    struct decimal decimal;

    at += text.size > 0 && *at == '-';
    if (at == end || !is_digit(*at) || (*at == '0' && end - at > 1 && is_digit(at[1])))
        return NUMBER_FORM_NONE;
    while (at < end && is_digit(*at))
        at++;
    if (at == end)
        return NUMBER_FORM_INT;
    if (*at == '.' && (end - at < 2 || !is_digit(at[1])))
        return NUMBER_FORM_NONE;
    return take_apart(text, &decimal) ? NUMBER_FORM_FLOAT : NUMBER_FORM_NONE;
}

/* A double's first `digit_count` significant digits. %e writes them without regard to their size; the point is left
 * out, whatever the locale makes of it. */
static void take_written_apart(double real, uint32_t digit_count, struct decimal *written)
{
    char text[FLOAT_TEXT_SIZE];
    int length = snprintf(text, sizeof text, "%.*e", (int)digit_count - 1, fabs(real));

    if (digit_count > 1) {
        char *point = text + 1;
        size_t width = strcspn(point, "0123456789");
        memmove(point, point + width, strlen(point + width) + 1);
        length -= (int)width;
    }
    bool is_number = take_apart(slice_make(text, (size_t)length), written);
    assert(is_number);
    (void)is_number;
    written->exponent -= (int64_t)digit_count - 1;
}

bool number_survives_as_float(struct slice text)
{
    enum { DOUBLE_DIGITS = 17 };
    struct decimal decimal, written;
    double real;

    bool is_number = take_apart(text, &decimal);
    assert(is_number);
    (void)is_number;
    if (decimal.digit_count == 0)
        return true;
    uint32_t digit_count = decimal.digit_count - decimal.trailing_zeros;
    if (digit_count > DOUBLE_DIGITS)
        return false;
    /* Between the smallest normal and the largest finite double each decimal of 15 digits has a double of its own. */
    if (digit_count <= DBL_DIG && decimal.exponent > DBL_MIN_10_EXP &&
        decimal.exponent + (int64_t)decimal.digit_count <= DBL_MAX_10_EXP)
        return true;
    if (number_read_float(text, &real) != NUMBER_READ)
        return false;
    take_written_apart(real, digit_count, &written);
    uint32_t zeros = decimal.digit_count <= DIGITS_MOST ? decimal.trailing_zeros : DIGITS_MOST - digit_count;
    for (uint32_t i = 0; i < zeros; i++) {
        decimal.digits /= 10;
        decimal.exponent++;
    }
    /* The double is near the number: the same digits stand for the same one. */
    assert(written.digits != decimal.digits || written.exponent == decimal.exponent);
    return written.digits == decimal.digits;
}

size_t number_format_int(int64_t integer, uint8_t *text)
{
    uint8_t digits[INT_TEXT_SIZE];
    uint64_t left = integer < 0 ? 0 - (uint64_t)integer : (uint64_t)integer;
    size_t first = sizeof digits, size = 0;

    do
        digits[--first] = (uint8_t)('0' + left % 10);
    while ((left /= 10) > 0);
    if (integer < 0)
        text[size++] = '-';
    memcpy(text + size, digits + first, sizeof digits - first);
    return size + sizeof digits - first;
}
