/* Values: their order, their hash, and their text, which reads back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <inttypes.h>
#include <locale.h>
#include <math.h>
#include <stdlib.h>

#include "base/utf8.h"
#include "base/value.h"

static struct value text(const char *string)
{
    return value_string(slice_of(string));
}

static const char *literal(struct value value)
{
    static struct buffer buffer;

    buffer_reset(&buffer);
    value_append_literal(&buffer, &value);
    buffer_append_byte(&buffer, 0);
    return (const char *)buffer.data;
}

static void values_are_ordered_nulls_first_and_nan_last(void **state)
{
    const struct value numbers[] = {
        value_null(SSQL_TYPE_FLOAT), value_float(-INFINITY), value_float(-1), value_float(0),
        value_float(5e-324),         value_float(INFINITY),  value_float(NAN)};
    const struct value strings[] = {
        value_null(SSQL_TYPE_STRING), text(""), text("A"), text("a"), text("aa"), text("b")};
    const struct value minus_zero = value_float(-0.0);

    (void)state;
    for (int i = 0; i < 7; i++)
        for (int j = 0; j < 7; j++)
            assert_int_equal((value_compare(&numbers[i], &numbers[j]) > 0) -
                                 (value_compare(&numbers[i], &numbers[j]) < 0),
                             (i > j) - (i < j));
    for (int i = 0; i < 6; i++)
        for (int j = 0; j < 6; j++)
            assert_int_equal((value_compare(&strings[i], &strings[j]) > 0) -
                                 (value_compare(&strings[i], &strings[j]) < 0),
                             (i > j) - (i < j));
    assert_int_equal(value_compare(&minus_zero, &numbers[3]), 0);
}

static void equal_values_hash_alike(void **state)
{
    const struct value zero = value_float(0.0), minus_zero = value_float(-0.0);
    const struct value nan = value_float(NAN), minus_nan = value_float(-NAN);
    const struct value one = value_int(1), two = value_int(2);

    (void)state;
    assert_int_equal(value_hash(&zero, 5), value_hash(&minus_zero, 5));
    assert_int_equal(value_hash(&nan, 5), value_hash(&minus_nan, 5));
    assert_int_not_equal(value_hash(&one, 5), value_hash(&two, 5));
    assert_int_not_equal(value_hash(&one, 5), value_hash(&one, 6));
}

static void literals_are_written_as_ssql_reads_them(void **state)
{
    (void)state;
    assert_string_equal(literal(value_int(INT64_MIN)), "-9223372036854775808");
    assert_string_equal(literal(value_bool(true)), "true");
    assert_string_equal(literal(value_null(SSQL_TYPE_INT)), "null");
    assert_string_equal(literal(value_float(2)), "2.0");
    assert_string_equal(literal(value_float(2.5)), "2.5");
    assert_string_equal(literal(value_float(1e300)), "1e+300");
    assert_string_equal(literal(value_float(0.1)), "0.1");
    assert_string_equal(literal(value_float(-INFINITY)), "-inf");
    assert_string_equal(literal(value_float(NAN)), "nan");
    assert_string_equal(literal(text("b\"o\\b\n\t\r\x01\x7F\xC3\xA4")),
                        "\"b\\\"o\\\\b\\n\\t\\r\\u{1}\\u{7F}\xC3\xA4\"");
    assert_string_equal(literal(text("")), "\"\"");
}

/* Takes on a locale whose decimal point is not '.', where the machine has one: a comma, or a point of two bytes. */
static void set_foreign_numbers(void)
{
    if (setlocale(LC_NUMERIC, "ps_AF.UTF-8") == NULL && setlocale(LC_NUMERIC, "de_DE.UTF-8") == NULL &&
        setlocale(LC_NUMERIC, "fr_FR.UTF-8") == NULL)
        skip();
}

static void floats_have_a_point_in_every_locale(void **state)
{
    struct ssql_error error = {0};
    double real = 0;

    (void)state;
    set_foreign_numbers();
    assert_string_equal(literal(value_float(-2.5e30)), "-2.5e+30");
    assert_string_equal(literal(value_float(0.1)), "0.1");
    assert_string_equal(literal(value_float(2)), "2.0");
    assert_true(float_parse("2.5e1", &real, &error));
    setlocale(LC_NUMERIC, "C");
    assert_true(real == 25);
}

/* Undoes what a string's literal does, by the rules of the language. */
static size_t unquote(const char *quoted, uint8_t *bytes)
{
    size_t size = 0;

    assert_int_equal(*quoted, '"');
    for (const char *c = quoted + 1; *c != '"'; c++) {
        if (*c != '\\') {
            bytes[size++] = (uint8_t)*c;
            continue;
        }
        switch (*++c) {
        case 'n': bytes[size++] = '\n'; break;
        case 't': bytes[size++] = '\t'; break;
        case 'r': bytes[size++] = '\r'; break;
        case 'u': {
            char *end;
            size += utf8_encode((uint32_t)strtoul(c + 2, &end, 16), bytes + size);
            c = end;
            break;
        }
        default: bytes[size++] = (uint8_t)*c;
        }
    }
    return size;
}

static void a_string_literal_reads_back(void **state)
{
    uint8_t bytes[126], back[126];

    (void)state;
    for (uint8_t i = 0; i < 126; i++)
        bytes[i] = (uint8_t)(i + 1); /* every ASCII character but NUL and the last */
    size_t size = unquote(literal(value_string(slice_make(bytes, sizeof bytes))), back);
    assert_int_equal(size, sizeof bytes);
    assert_memory_equal(bytes, back, size);
}

static void a_float_reads_back_to_the_same_bits(void **state)
{
    uint64_t bits = 12345;

    (void)state;
    for (int i = 0; i < 20000; i++) {
        double real, back;
        char written[FLOAT_TEXT_SIZE];
        bits = bits * 6364136223846793005u + 1442695040888963407u;
        memcpy(&real, &bits, sizeof real);
        if (isnan(real))
            continue;
        size_t length = float_format(real, written);
        assert_true(length < FLOAT_TEXT_SIZE && written[length] == '\0');
        assert_non_null(strpbrk(written, ".en"));
        back = strtod(written, NULL);
        assert_memory_equal(&real, &back, sizeof real);
    }
}

static void the_smallest_floats_are_short_too(void **state)
{
    char written[FLOAT_TEXT_SIZE];

    (void)state;
    float_format(5e-324, written);
    assert_string_equal(written, "5e-324");
    float_format(-1.5e-320, written);
    assert_string_equal(written, "-1.5e-320");
    float_format(2.2250738585072014e-308, written);
    assert_string_equal(written, "2.2250738585072014e-308");
}

static void text_has_no_quotes(void **state)
{
    struct buffer buffer = {0};
    struct value value = text("a\"b\n");

    (void)state;
    value_append_text(&buffer, &value);
    assert_int_equal(buffer.size, 4);
    assert_memory_equal(buffer.data, "a\"b\n", 4);
    buffer_clear(&buffer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_are_ordered_nulls_first_and_nan_last),
        cmocka_unit_test(equal_values_hash_alike),
        cmocka_unit_test(floats_have_a_point_in_every_locale),
        cmocka_unit_test(literals_are_written_as_ssql_reads_them),
        cmocka_unit_test(a_string_literal_reads_back),
        cmocka_unit_test(a_float_reads_back_to_the_same_bits),
        cmocka_unit_test(the_smallest_floats_are_short_too),
        cmocka_unit_test(text_has_no_quotes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
