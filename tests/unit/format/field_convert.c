/* Fields become values of a type exactly, or not at all; and numbers in text. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "format/field_convert.h"
#include "format/number_text.h"

static struct field field_of(enum field_kind kind, const char *text)
{
    return (struct field){.data = (const uint8_t *)text, .size = (uint32_t)strlen(text), .kind = (uint8_t)kind};
}

static struct value converted(enum field_kind kind, const char *text, enum ssql_type type)
{
    struct field field = field_of(kind, text);
    struct value value;
    struct ssql_error error = {0};

    if (!field_convert(&field, type, slice_of("c"), &value, &error))
        fail_msg("\"%s\": %s", text, error.message);
    assert_int_equal(value.type, type);
    return value;
}

static enum ssql_code refused(enum field_kind kind, const char *text, enum ssql_type type, struct ssql_error *error)
{
    struct field field = field_of(kind, text);
    struct value value;

    if (field_convert(&field, type, slice_of("c"), &value, error))
        fail_msg("\"%s\" was taken", text);
    return error->code;
}

static void ints_are_exact_to_64_bits(void **state)
{
    (void)state;
    assert_true(converted(FIELD_TEXT, "9223372036854775807", SSQL_TYPE_INT).integer == INT64_MAX);
    assert_true(converted(FIELD_TEXT, "-9223372036854775808", SSQL_TYPE_INT).integer == INT64_MIN);
    assert_true(converted(FIELD_INT, "9007199254740993", SSQL_TYPE_INT).integer == 9007199254740993);
    assert_true(converted(FIELD_TEXT, "+7", SSQL_TYPE_INT).integer == 7);
    assert_true(converted(FIELD_TEXT, "007", SSQL_TYPE_INT).integer == 7);
    assert_true(converted(FIELD_TEXT, " -42\t", SSQL_TYPE_INT).integer == -42);
    assert_true(converted(FIELD_TEXT, "\t 43", SSQL_TYPE_INT).integer == 43);
    assert_true(converted(FIELD_QUOTED, "42", SSQL_TYPE_INT).integer == 42);
    assert_true(converted(FIELD_TEXT, "00000000000000000000000000000000001", SSQL_TYPE_INT).integer == 1);
}

static void what_is_no_int_is_refused(void **state)
{
    static const char *const wrong[] = {"",
                                        "-",
                                        "+",
                                        "1.0",
                                        "1e3",
                                        "0x10",
                                        "1 2",
                                        "--1",
                                        "one",
                                        "1,000",
                                        "\xC2\xA0"
                                        "1"};
    static const char *const large[] = {"9223372036854775808", "-9223372036854775809", "99999999999999999999999999"};
    struct ssql_error error;

    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        assert_int_equal(refused(FIELD_QUOTED, wrong[i], SSQL_TYPE_INT, &error), SSQL_BAD_VALUE);
    for (size_t i = 0; i < sizeof large / sizeof *large; i++)
        assert_int_equal(refused(FIELD_TEXT, large[i], SSQL_TYPE_INT, &error), SSQL_OUT_OF_RANGE);
    assert_int_equal(refused(FIELD_FLOAT, "1.0", SSQL_TYPE_INT, &error), SSQL_BAD_VALUE);
    assert_int_equal(refused(FIELD_BOOL, "true", SSQL_TYPE_INT, &error), SSQL_BAD_VALUE);
}

static void messages_name_column_value_and_type(void **state)
{
    struct ssql_error error;
    char text[300];

    (void)state;
    refused(FIELD_TEXT, "abc", SSQL_TYPE_INT, &error);
    assert_string_equal(error.message, "column \"c\": \"abc\" is not an int");
    refused(FIELD_TEXT, "99999999999999999999", SSQL_TYPE_INT, &error);
    assert_string_equal(error.message, "column \"c\": \"99999999999999999999\" does not fit in an int");
    refused(FIELD_TEXT, "abc", SSQL_TYPE_FLOAT, &error);
    assert_string_equal(error.message, "column \"c\": \"abc\" is not a float");
    refused(FIELD_NESTED, "[1]", SSQL_TYPE_STRING, &error);
    assert_string_equal(error.message, "column \"c\": a nested value [1] is no string");
    assert_int_equal(error.code, SSQL_TYPE_MISMATCH);
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    memcpy(text + FIELD_SHOWN_MOST - 1, "\xC3\xA4", 2);
    refused(FIELD_TEXT, text, SSQL_TYPE_INT, &error);
    assert_non_null(strstr(error.message, "xxx...\" is not an int"));
}

static void floats_are_the_nearest_doubles(void **state)
{
    static const char *const texts[] = {"0",
                                        "-0.0",
                                        "1",
                                        "1.5",
                                        "-2.25",
                                        "0.1",
                                        "1e22",
                                        "1e23",
                                        "1e-22",
                                        "1e-23",
                                        "123456789012345",
                                        "1234567890123456",
                                        "4.9e-324",
                                        "2.2250738585072011e-308",
                                        "1.7976931348623157e308",
                                        "9007199254740993",
                                        "0.30000000000000004",
                                        "1e-400",
                                        ".5",
                                        "5.",
                                        "+1E+2",
                                        "100000000000000000000000000000000000000000",
                                        "0.000000000000000000000000000000000000001"};

    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        double real = converted(FIELD_TEXT, texts[i], SSQL_TYPE_FLOAT).real, expected = strtod(texts[i], NULL);
        assert_memory_equal(&real, &expected, sizeof real);
    }
    assert_true(isinf(converted(FIELD_TEXT, "inf", SSQL_TYPE_FLOAT).real));
    assert_true(converted(FIELD_QUOTED, "-Infinity", SSQL_TYPE_FLOAT).real < 0);
    assert_true(isnan(converted(FIELD_QUOTED, "NaN", SSQL_TYPE_FLOAT).real));
}

static void what_is_no_float_is_refused(void **state)
{
    static const char *const wrong[] = {"",      ".",   "-",     "e5",    "1e",     "1e+",
                                        "1.2.3", "1,5", "0x1p3", "infin", "nan(1)", "1 e5"};
    struct ssql_error error;

    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        assert_int_equal(refused(FIELD_QUOTED, wrong[i], SSQL_TYPE_FLOAT, &error), SSQL_BAD_VALUE);
    assert_int_equal(refused(FIELD_TEXT, "1e400", SSQL_TYPE_FLOAT, &error), SSQL_OUT_OF_RANGE);
    assert_int_equal(refused(FIELD_TEXT, "-1e999999999999999999999", SSQL_TYPE_FLOAT, &error), SSQL_OUT_OF_RANGE);
    assert_int_equal(refused(FIELD_BOOL, "true", SSQL_TYPE_FLOAT, &error), SSQL_BAD_VALUE);
}

static void bools_have_three_spellings(void **state)
{
    static const char *const yes[] = {"true", "TRUE", "t", "T", "1", " true "}, *const no[] = {"false", "False", "f",
                                                                                               "0"};
    static const char *const wrong[] = {"", "yes", "no", "2", "truex", "tr", "00", "1.0"};
    struct ssql_error error;

    (void)state;
    for (size_t i = 0; i < sizeof yes / sizeof *yes; i++)
        assert_true(converted(FIELD_TEXT, yes[i], SSQL_TYPE_BOOL).boolean);
    for (size_t i = 0; i < sizeof no / sizeof *no; i++)
        assert_false(converted(FIELD_QUOTED, no[i], SSQL_TYPE_BOOL).boolean);
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        assert_int_equal(refused(FIELD_QUOTED, wrong[i], SSQL_TYPE_BOOL, &error), SSQL_BAD_VALUE);
    assert_int_equal(refused(FIELD_INT, "1", SSQL_TYPE_BOOL, &error), SSQL_BAD_VALUE);
    assert_true(converted(FIELD_BOOL, "true", SSQL_TYPE_BOOL).boolean);
}

static void strings_are_the_text(void **state)
{
    (void)state;
    assert_true(slice_equal(converted(FIELD_TEXT, " a ", SSQL_TYPE_STRING).string, slice_of(" a ")));
    assert_true(slice_equal(converted(FIELD_QUOTED, "", SSQL_TYPE_STRING).string, slice_of("")));
    assert_true(slice_equal(converted(FIELD_FLOAT, "1.50", SSQL_TYPE_STRING).string, slice_of("1.50")));
    assert_true(slice_equal(converted(FIELD_BOOL, "true", SSQL_TYPE_STRING).string, slice_of("true")));
}

static void null_and_absent_are_nulls_of_every_type(void **state)
{
    (void)state;
    for (int type = SSQL_TYPE_INT; type <= SSQL_TYPE_FLOAT; type++) {
        assert_true(converted(FIELD_NULL, "NA", (enum ssql_type)type).is_null);
        assert_true(converted(FIELD_ABSENT, "", (enum ssql_type)type).is_null);
    }
}

static void a_column_goes_on_behind_a_value_at_fault(void **state)
{
    struct field fields[] = {field_of(FIELD_TEXT, "1"), field_of(FIELD_TEXT, "x"),   field_of(FIELD_NULL, ""),
                             field_of(FIELD_TEXT, "y"), field_of(FIELD_TEXT, " 4 "), field_of(FIELD_TEXT, "z"),
                             field_of(FIELD_TEXT, "x"), field_of(FIELD_TEXT, "y")};
    struct record_batch batch = {.fields = fields, .count = 4, .field_count = 2, .stride = 2};
    int64_t items[4] = {9, 9, 9, 9};
    uint8_t nulls[4] = {9, 9, 9, 9};
    bool any_null;
    uint32_t failed;
    struct ssql_error error;

    (void)state;
    assert_false(
        field_convert_column(&batch, 0, 0, SSQL_TYPE_INT, slice_of("c"), items, nulls, &any_null, &failed, &error));
    assert_int_equal(failed, 3);
    assert_string_equal(error.message, "column \"c\": \"x\" is not an int");
    assert_true(items[0] == 1 && items[1] == 0 && items[2] == 4 && any_null);
    assert_true(nulls[0] == 0 && nulls[1] == 1 && nulls[2] == 0);
    assert_true(
        field_convert_column(&batch, 0, 4, SSQL_TYPE_INT, slice_of("c"), items, nulls, &any_null, &failed, &error));
    assert_true(any_null);
}

static void numbers_of_json_are_no_bools(void **state)
{
    struct ssql_error error;

    (void)state;
    assert_int_equal(refused(FIELD_INT, "1", SSQL_TYPE_BOOL, &error), SSQL_BAD_VALUE);
    assert_int_equal(refused(FIELD_FLOAT, "1.0", SSQL_TYPE_BOOL, &error), SSQL_BAD_VALUE);
    assert_string_equal(error.message, "column \"c\": \"1.0\" is not a bool");
}

static void forms_of_numbers(void **state)
{
    static const struct {
        const char *text;
        enum number_form form;
    } texts[] = {
        {"0", NUMBER_FORM_INT},     {"-12", NUMBER_FORM_INT},    {"1.5", NUMBER_FORM_FLOAT},
        {"1e5", NUMBER_FORM_FLOAT}, {"-0.0", NUMBER_FORM_FLOAT}, {"1.5E-3", NUMBER_FORM_FLOAT},
        {"", NUMBER_FORM_NONE},     {"-", NUMBER_FORM_NONE},     {"1.", NUMBER_FORM_NONE},
        {"1.x", NUMBER_FORM_NONE},  {".5", NUMBER_FORM_NONE},    {"01", NUMBER_FORM_NONE},
        {"1e", NUMBER_FORM_NONE},   {"1e+", NUMBER_FORM_NONE},   {"1x", NUMBER_FORM_NONE},
        {"+1", NUMBER_FORM_NONE},   {"1.5 ", NUMBER_FORM_NONE},  {"1e5.", NUMBER_FORM_NONE},
    };

    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        if (number_form(slice_of(texts[i].text)) != texts[i].form)
            fail_msg("%s", texts[i].text);
}

static void floats_survive_with_17_digits_at_most(void **state)
{
    static const struct {
        const char *text;
        bool survives;
    } texts[] = {
        {"0.000", true},
        {"0.1", true},
        {"123456789012345e10", true},
        {"9007199254740992", true},
        {"9007199254740993", false},
        {"9007199254740992000000", true}, /* more digits than 19, most of them zeros */
        {"9007199254740993000000", true},
        {"0.1234567890123456", true},
        {"0.12345678901234567890", false},
        {"1e308", true},
        {"1e309", false},
        {"1e-320", true},
        {"1.23456e-320", false}, /* a subnormal with fewer digits */
        {"5e-324", true},
        {"1e-400", false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        if (number_survives_as_float(slice_of(texts[i].text)) != texts[i].survives)
            fail_msg("%s", texts[i].text);
}

static void ints_are_written_as_they_are(void **state)
{
    static const int64_t ints[] = {0, 1, -1, 10, 99, -100, INT64_MAX, INT64_MIN};

    (void)state;
    for (size_t i = 0; i < sizeof ints / sizeof *ints; i++) {
        uint8_t text[INT_TEXT_SIZE];
        char expected[32];
        size_t size = number_format_int(ints[i], text);
        snprintf(expected, sizeof expected, "%lld", (long long)ints[i]);
        assert_true(slice_equal(slice_make(text, size), slice_of(expected)));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ints_are_exact_to_64_bits),
        cmocka_unit_test(what_is_no_int_is_refused),
        cmocka_unit_test(messages_name_column_value_and_type),
        cmocka_unit_test(floats_are_the_nearest_doubles),
        cmocka_unit_test(what_is_no_float_is_refused),
        cmocka_unit_test(bools_have_three_spellings),
        cmocka_unit_test(strings_are_the_text),
        cmocka_unit_test(null_and_absent_are_nulls_of_every_type),
        cmocka_unit_test(a_column_goes_on_behind_a_value_at_fault),
        cmocka_unit_test(numbers_of_json_are_no_bools),
        cmocka_unit_test(forms_of_numbers),
        cmocka_unit_test(floats_survive_with_17_digits_at_most),
        cmocka_unit_test(ints_are_written_as_they_are),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
