/* Scalar functions and casts, value by value: results, nulls, and failures with their code. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "exec/expression.h"
#include "exec/expression_filter.h"
#include "plan_builder.h"

static struct ssql_error error;

static void evaluate(struct bound_expr *expr, struct buffer *text)
{
    struct expression_environment environment = {0};
    struct expression *expression;
    struct value value;

    error_clear(&error);
    assert_true(expression_create(&environment, &expr, 1, &expression, NULL));
    expression_environment_start(&environment, NULL);
    if (expression_constant(expression, &value, &error))
        value_append_literal(text, &value);
    else
        buffer_append_text(text, error.message);
    buffer_append_byte(text, 0);
    expression_environment_clear(&environment);
}

/* A literal as written here: NULL is a null string. */
static struct bound_expr *text_or_null(const char *text)
{
    return text == NULL ? build_constant(value_null(SSQL_TYPE_STRING)) : build_text(text);
}

static struct bound_expr *real(double value)
{
    return build_constant(value_float(value));
}

static void expect(struct bound_expr *expr, const char *expected)
{
    struct buffer text = {0};

    evaluate(expr, &text);
    assert_string_equal((char *)text.data, expected);
    buffer_clear(&text);
}

static void expect_failure(struct bound_expr *expr, enum ssql_code code, const char *message)
{
    expect(expr, message);
    assert_int_equal(error.code, code);
    assert_int_equal(error.span.begin, 7);
}

static struct bound_expr *call(enum scalar_function function, enum ssql_type type, struct bound_expr *first,
                               struct bound_expr *second, struct bound_expr *third)
{
    return build_call_of(function, type, 1 + (second != NULL) + (third != NULL), BUILD_LIST(first, second, third));
}

static struct bound_expr *cast(struct bound_expr *expr, enum ssql_type type)
{
    return build_expr(BOUND_CAST, type, 1, &expr);
}

static void substr_counts_characters_from_either_end(void **state)
{
    static const struct {
        int64_t start, length;
        const char *expected;
    } CASES[] = {{1, 2, "\"h\xC3\xA9\""},
                 {2, 100, "\"\xC3\xA9llo\""},
                 {-3, 2, "\"ll\""},
                 {-9, 6, "\"h\xC3\xA9\""},
                 {0, 2, "\"h\""},
                 {6, 1, "\"\""},
                 {2, 0, "\"\""},
                 {2, -1, "\"\""},
                 {2, INT64_MAX, "\"\xC3\xA9llo\""},
                 {INT64_MIN, 3, "\"\""},
                 {INT64_MAX, INT64_MAX, "\"\""}};

    (void)state;
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++)
        expect(call(FUNCTION_SUBSTR, SSQL_TYPE_STRING, build_text("h\xC3\xA9llo"), build_int(CASES[i].start),
                    build_int(CASES[i].length)),
               CASES[i].expected);
    expect(call(FUNCTION_SUBSTR, SSQL_TYPE_STRING, build_text("h\xC3\xA9llo"), build_int(-2), NULL), "\"lo\"");
    expect(call(FUNCTION_SUBSTR, SSQL_TYPE_STRING, text_or_null(NULL), build_int(-2), NULL), "null");
    expect(
        call(FUNCTION_SUBSTR, SSQL_TYPE_STRING, build_constant(value_string(slice_make(NULL, 0))), build_int(1), NULL),
        "\"\"");
}

static void strings_are_searched_replaced_and_turned(void **state)
{
    (void)state;
    expect(call(FUNCTION_INSTR, SSQL_TYPE_INT, build_text("h\xC3\xA9llo"), build_text("l"), NULL), "3");
    expect(call(FUNCTION_INSTR, SSQL_TYPE_INT, build_text("abc"), build_text("x"), NULL), "0");
    expect(call(FUNCTION_INSTR, SSQL_TYPE_INT, build_text(""), build_text(""), NULL), "1");
    expect(call(FUNCTION_REPLACE, SSQL_TYPE_STRING, build_text("aaa"), build_text("aa"), build_text("b")), "\"ba\"");
    expect(call(FUNCTION_REPLACE, SSQL_TYPE_STRING, build_text("abc"), build_text(""), build_text("x")), "\"abc\"");
    expect(call(FUNCTION_REPLACE, SSQL_TYPE_STRING, build_text("abab"), build_text("ab"), build_text("")), "\"\"");
    expect(call(FUNCTION_REVERSE, SSQL_TYPE_STRING, build_text("h\xC3\xA9llo"), NULL, NULL), "\"oll\xC3\xA9h\"");
    expect(call(FUNCTION_REPEAT, SSQL_TYPE_STRING, build_text("ab"), build_int(3), NULL), "\"ababab\"");
    expect(call(FUNCTION_REPEAT, SSQL_TYPE_STRING, build_text("ab"), build_int(-3), NULL), "\"\"");
    expect(call(FUNCTION_STARTS_WITH, SSQL_TYPE_BOOL, build_text("abc"), build_text("ab"), NULL), "true");
    expect(call(FUNCTION_ENDS_WITH, SSQL_TYPE_BOOL, build_text("abc"), build_text("ab"), NULL), "false");
    expect(call(FUNCTION_ENDS_WITH, SSQL_TYPE_BOOL, build_text("abc"), build_text(""), NULL), "true");
    expect(call(FUNCTION_CONTAINS, SSQL_TYPE_BOOL, build_text("abc"), build_text("b"), NULL), "true");
    expect(call(FUNCTION_CONCAT, SSQL_TYPE_STRING, build_text("a"), text_or_null(NULL), build_text("b")), "\"ab\"");
    expect(call(FUNCTION_UPPER, SSQL_TYPE_STRING, build_text("aZ\xC3\xA9{`"), NULL, NULL), "\"AZ\xC3\xA9{`\"");
    expect(call(FUNCTION_LOWER, SSQL_TYPE_STRING, build_text("aZ\xC3\x89[@"), NULL, NULL), "\"az\xC3\x89[@\"");
    expect_failure(call(FUNCTION_REPEAT, SSQL_TYPE_STRING, build_text("ab"), build_int(INT64_MAX), NULL),
                   SSQL_TOO_LARGE, "a string of 18446744073709551614 bytes is beyond the limit of 67108864");
}

static void trim_takes_off_the_characters_given(void **state)
{
    (void)state;
    expect(call(FUNCTION_TRIM, SSQL_TYPE_STRING, build_text("  a b  "), NULL, NULL), "\"a b\"");
    expect(call(FUNCTION_LTRIM, SSQL_TYPE_STRING, build_text("\xC3\xA9x\xC3\xA9"), build_text("x\xC3\xA9"), NULL),
           "\"\"");
    expect(call(FUNCTION_RTRIM, SSQL_TYPE_STRING, build_text("abcb"), build_text("bc"), NULL), "\"a\"");
    expect(call(FUNCTION_TRIM, SSQL_TYPE_STRING, build_text("a"), text_or_null(NULL), NULL), "null");
}

static void like_knows_wildcards_and_escapes(void **state)
{
    static const struct {
        const char *text, *pattern, *escape, *expected;
    } CASES[] = {
        {"abc", "abc", NULL, "true"},
        {"abc", "ab", NULL, "false"},
        {"abc", "a%", NULL, "true"},
        {"abc", "%c", NULL, "true"},
        {"abc", "%b%", NULL, "true"},
        {"abc", "a%c%c", NULL, "false"},
        {"", "%", NULL, "true"},
        {"", "_", NULL, "false"},
        {"h\xC3\xA9", "h_", NULL, "true"},
        {"aXbXc", "a%X%c", NULL, "true"},
        {"abab", "%ab", NULL, "true"},
        {"aab", "%a_", NULL, "true"},
        {"a%b", "a!%b", "!", "true"},
        {"axb", "a!%b", "!", "false"},
        {"a!b", "a!!b", "!", "true"},
        {"a_b", "%!_%", "!", "true"},
        {"ab", "%!_%", "!", "false"},
        {"abcabd", "%ab_d%", NULL, "false"},
        {"xabcabdx", "%ab__bd%", NULL, "true"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++)
        expect(call(FUNCTION_LIKE, SSQL_TYPE_BOOL, build_text(CASES[i].text), build_text(CASES[i].pattern),
                    CASES[i].escape == NULL ? NULL : build_text(CASES[i].escape)),
               CASES[i].expected);
    expect_failure(call(FUNCTION_LIKE, SSQL_TYPE_BOOL, build_text("a"), build_text("a!"), build_text("!")),
                   SSQL_BAD_VALUE, "the pattern of like ends with its escape character");
    expect_failure(call(FUNCTION_LIKE, SSQL_TYPE_BOOL, build_text("a"), build_text("a"), build_text("!!")),
                   SSQL_BAD_VALUE, "the escape of like must be one character, not \"!!\"");
}

static void like_with_many_wildcards_takes_no_exponential_time(void **state)
{
    char text[20001], pattern[401];

    (void)state;
    memset(text, 'a', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    for (size_t i = 0; i < 200; i++)
        memcpy(pattern + 2 * i, "%a", 2);
    memcpy(pattern + 398, "%b", 3);
    expect(call(FUNCTION_LIKE, SSQL_TYPE_BOOL, build_text(text), build_text(pattern), NULL), "false");
}

static void rounding_goes_away_from_zero_at_a_half(void **state)
{
    (void)state;
    expect(call(FUNCTION_ROUND, SSQL_TYPE_FLOAT, real(2.5), NULL, NULL), "3.0");
    expect(call(FUNCTION_ROUND, SSQL_TYPE_FLOAT, real(-2.5), NULL, NULL), "-3.0");
    expect(call(FUNCTION_ROUND, SSQL_TYPE_FLOAT, real(1.25), build_int(1), NULL), "1.3");
    expect(call(FUNCTION_ROUND, SSQL_TYPE_FLOAT, real(2.345), build_int(2), NULL), "2.35");
    expect(call(FUNCTION_ROUND, SSQL_TYPE_FLOAT, real(-1.005), build_int(2), NULL), "-1.01");
    expect(call(FUNCTION_ROUND, SSQL_TYPE_FLOAT, real(0.24999999999999997), build_int(1), NULL), "0.2");
    expect(call(FUNCTION_ROUND, SSQL_TYPE_FLOAT, real(1250), build_int(-2), NULL), "1300.0");
    expect(call(FUNCTION_ROUND, SSQL_TYPE_FLOAT, real(1e300), build_int(300), NULL), "1e+300");
    expect(call(FUNCTION_ROUND, SSQL_TYPE_INT, build_int(-15), build_int(-1), NULL), "-20");
    expect(call(FUNCTION_ROUND, SSQL_TYPE_INT, build_int(15), NULL, NULL), "15");
    expect_failure(call(FUNCTION_ROUND, SSQL_TYPE_INT, build_int(INT64_MAX), build_int(-1), NULL), SSQL_OUT_OF_RANGE,
                   "9223372036854775807 rounded does not fit in an int");
    expect_failure(call(FUNCTION_ROUND, SSQL_TYPE_INT, build_int(INT64_MIN), build_int(-1), NULL), SSQL_OUT_OF_RANGE,
                   "-9223372036854775808 rounded does not fit in an int");
    expect_failure(call(FUNCTION_ABS, SSQL_TYPE_INT, build_int(INT64_MIN), NULL, NULL), SSQL_OUT_OF_RANGE,
                   "abs(-9223372036854775808) does not fit in an int");
    expect(call(FUNCTION_FLOOR, SSQL_TYPE_FLOAT, real(-1.5), NULL, NULL), "-2.0");
    expect(call(FUNCTION_CEIL, SSQL_TYPE_FLOAT, real(-1.5), NULL, NULL), "-1.0");
    expect(call(FUNCTION_SIGN, SSQL_TYPE_INT, build_int(-9), NULL, NULL), "-1");
    expect(call(FUNCTION_SIGN, SSQL_TYPE_FLOAT, real(0.5), NULL, NULL), "1.0");
    expect(call(FUNCTION_POWER, SSQL_TYPE_FLOAT, real(2), real(10), NULL), "1024.0");
    expect(call(FUNCTION_SQRT, SSQL_TYPE_FLOAT, real(9), NULL, NULL), "3.0");
}

static void casts_read_strings_strictly(void **state)
{
    (void)state;
    expect(cast(build_text(" -12\n"), SSQL_TYPE_INT), "-12");
    expect(cast(build_text("-9223372036854775808"), SSQL_TYPE_INT), "-9223372036854775808");
    expect_failure(cast(build_text("9223372036854775808"), SSQL_TYPE_INT), SSQL_OUT_OF_RANGE,
                   "\"9223372036854775808\" does not fit in an int");
    expect_failure(cast(build_text("1x"), SSQL_TYPE_INT), SSQL_BAD_VALUE, "\"1x\" is not an int");
    expect_failure(cast(build_text(""), SSQL_TYPE_INT), SSQL_BAD_VALUE, "\"\" is not an int");
    expect_failure(cast(build_text("\x01"
                                   "5"),
                        SSQL_TYPE_INT),
                   SSQL_BAD_VALUE,
                   "\"\x01"
                   "5\" is not an int");
    expect(cast(build_text("1.5e3"), SSQL_TYPE_FLOAT), "1500.0");
    expect_failure(cast(build_text("1e5+"), SSQL_TYPE_FLOAT), SSQL_BAD_VALUE, "\"1e5+\" is not a float");
    expect_failure(cast(build_text("1e5x"), SSQL_TYPE_FLOAT), SSQL_BAD_VALUE, "\"1e5x\" is not a float");
    expect_failure(
        cast(build_text("1000000000000000000000000000000000000000000000000000000000000000000e300"), SSQL_TYPE_FLOAT),
        SSQL_OUT_OF_RANGE,
        "\"1000000000000000000000000000000000000000000000000000000000000000\" does not fit in a float");
    expect(cast(build_text("-inf"), SSQL_TYPE_FLOAT), "-inf");
    expect_failure(cast(build_text("0x10"), SSQL_TYPE_FLOAT), SSQL_BAD_VALUE, "\"0x10\" is not a float");
    expect_failure(cast(build_text("1e999"), SSQL_TYPE_FLOAT), SSQL_OUT_OF_RANGE, "\"1e999\" does not fit in a float");
    expect(cast(build_text("TRUE"), SSQL_TYPE_BOOL), "true");
    char bytes[70];
    memset(bytes, 0x80, sizeof bytes); /* no text: nothing of it can be shown */
    expect_failure(cast(build_constant(value_string(slice_make(bytes, sizeof bytes))), SSQL_TYPE_BOOL), SSQL_BAD_VALUE,
                   "\"...\" is not a bool");
    expect_failure(cast(build_text("maybe"), SSQL_TYPE_BOOL), SSQL_BAD_VALUE, "\"maybe\" is not a bool");
}

static void casts_between_numbers_truncate_and_check_the_range(void **state)
{
    (void)state;
    expect(cast(real(-1.9), SSQL_TYPE_INT), "-1");
    expect(cast(real(-0x1p63), SSQL_TYPE_INT), "-9223372036854775808");
    expect_failure(cast(real(0x1p63), SSQL_TYPE_INT), SSQL_OUT_OF_RANGE,
                   "9.223372036854776e+18 does not fit in an int");
    expect_failure(cast(real(NAN), SSQL_TYPE_INT), SSQL_OUT_OF_RANGE, "nan does not fit in an int");
    expect(cast(build_constant(value_bool(true)), SSQL_TYPE_INT), "1");
    expect(cast(build_int(0), SSQL_TYPE_BOOL), "false");
    expect(cast(real(0.5), SSQL_TYPE_STRING), "\"0.5\"");
    expect(cast(build_constant(value_bool(false)), SSQL_TYPE_STRING), "\"false\"");
    expect(cast(build_constant(value_null(SSQL_TYPE_NULL)), SSQL_TYPE_INT), "null");
}

/* A null that has no type yet: no function looks at it. */
static void a_bare_null_is_null_to_all(void **state)
{
    struct bound_expr *null = build_constant(value_null(SSQL_TYPE_NULL)), *yes = build_constant(value_bool(true));

    (void)state;
    expect(call(FUNCTION_TYPEOF, SSQL_TYPE_STRING, null, NULL, NULL), "\"null\"");
    expect(call(FUNCTION_IS_NULL, SSQL_TYPE_BOOL, null, NULL, NULL), "true");
    expect(call(FUNCTION_IS_NOT_NULL, SSQL_TYPE_BOOL, null, NULL, NULL), "false");
    expect(call(FUNCTION_NULLIF, SSQL_TYPE_BOOL, yes, null, NULL), "true");
    expect(build_expr(BOUND_CASE, SSQL_TYPE_INT, 3, BUILD_LIST(null, build_int(1), build_int(2))), "2");
    expect(build_expr(BOUND_COALESCE, SSQL_TYPE_BOOL, 2, BUILD_LIST(null, yes)), "true");
    expect(build_expr(BOUND_AND, SSQL_TYPE_BOOL, 2, BUILD_LIST(null, yes)), "null");
}

static void a_column_of_bare_nulls_is_null_to_all(void **state)
{
    struct vector column = {.type = SSQL_TYPE_NULL, .kind = VECTOR_FLAT};
    struct bound_expr *null = build_column(0, SSQL_TYPE_NULL);
    struct bound_expr *exprs[] = {call(FUNCTION_IS_NULL, SSQL_TYPE_BOOL, null, NULL, NULL),
                                  build_binary(FUNCTION_EQUAL, SSQL_TYPE_BOOL, null, null)};
    struct expression_environment environment = {0};
    struct expression *expression;
    struct expression_filter *filter;
    struct vector outputs[2];

    (void)state;
    for (int i = 0; i < 2; i++) {
        struct batch batch = {.columns = &column, .column_count = 1, .row_count = 3, .selected_count = 3};
        assert_true(expression_create(&environment, exprs, 2, &expression, NULL));
        assert_true(expression_filter_create(&environment, exprs[i], &filter, NULL));
        expression_environment_start(&environment, NULL);
        assert_true(expression_evaluate(expression, &batch, outputs, &error));
        assert_true(vector_value(&outputs[0], 2).boolean);
        assert_true(vector_value(&outputs[1], 2).is_null);
        assert_true(expression_filter_apply(filter, &batch, &error));
        assert_int_equal(batch.selected_count, i == 0 ? 3 : 0);
    }
    expression_environment_clear(&environment);
}

static void a_null_is_not_negated_whatever_stands_there(void **state)
{
    static const int64_t items[] = {1, INT64_MIN};
    static const uint8_t nulls[] = {0, 1};
    struct vector column = {.type = SSQL_TYPE_INT, .kind = VECTOR_FLAT, .integers = items, .nulls = nulls};
    struct batch batch = {.columns = &column, .column_count = 1, .row_count = 2, .selected_count = 2};
    struct bound_expr *negative = build_unary(FUNCTION_NEGATE, SSQL_TYPE_INT, build_column(0, SSQL_TYPE_INT));
    struct expression_environment environment = {0};
    struct expression *expression;
    struct vector output;

    (void)state;
    assert_true(expression_create(&environment, &negative, 1, &expression, NULL));
    expression_environment_start(&environment, NULL);
    assert_true(expression_evaluate(expression, &batch, &output, &error));
    assert_int_equal(vector_value(&output, 0).integer, -1);
    assert_true(vector_value(&output, 1).is_null);
    expression_environment_clear(&environment);
}

/* upper cannot fail, but what it makes for one batch can be too much: a filter says so. */
static void strings_too_large_for_a_batch_fail_a_filter(void **state)
{
    enum { COUNT = 65, SIZE = 1 << 20 };
    struct slice strings[COUNT];
    char *bytes = calloc(1, SIZE);
    struct vector column = {.type = SSQL_TYPE_STRING, .kind = VECTOR_FLAT, .strings = strings};
    struct batch batch = {.columns = &column, .column_count = 1, .row_count = COUNT, .selected_count = COUNT};
    struct bound_expr *upper = build_unary(FUNCTION_UPPER, SSQL_TYPE_STRING, build_column(0, SSQL_TYPE_STRING));
    struct expression_environment environment = {0};
    struct expression_filter *filter;
    const struct scan_filter *scan_filter;

    (void)state;
    assert_non_null(bytes);
    for (int i = 0; i < COUNT; i++)
        strings[i] = slice_make(bytes, SIZE);
    assert_true(expression_filter_create(
        &environment, build_binary(FUNCTION_EQUAL, SSQL_TYPE_BOOL, upper, build_text("x")), &filter, NULL));
    expression_environment_start(&environment, NULL);
    scan_filter = expression_filter_as_scan_filter(filter);
    error_clear(&error);
    assert_false(scan_filter->apply(scan_filter->context, &batch, &error));
    assert_int_equal(error.code, SSQL_TOO_LARGE);
    assert_string_equal(error.message, "the strings made here take more than 67108864 bytes");
    expression_environment_clear(&environment);
    free(bytes);
}

static void and_or_not_follow_three_valued_logic(void **state)
{
    static const char *const AND[3][3] = {
        {"false", "false", "false"}, {"false", "true", "null"}, {"false", "null", "null"}};
    static const char *const OR[3][3] = {{"false", "true", "null"}, {"true", "true", "true"}, {"null", "true", "null"}};
    const struct value values[] = {value_bool(false), value_bool(true), value_null(SSQL_TYPE_BOOL)};

    (void)state;
    for (int left = 0; left < 3; left++) {
        for (int right = 0; right < 3; right++) {
            struct bound_expr *arguments[] = {build_constant(values[left]), build_constant(values[right])};
            expect(build_expr(BOUND_AND, SSQL_TYPE_BOOL, 2, arguments), AND[left][right]);
            expect(build_expr(BOUND_OR, SSQL_TYPE_BOOL, 2, arguments), OR[left][right]);
        }
    }
    expect(call(FUNCTION_NOT, SSQL_TYPE_BOOL, build_constant(values[2]), NULL, NULL), "null");
}

static void later_arguments_are_not_computed_when_earlier_ones_decide(void **state)
{
    struct bound_expr *division = build_binary(FUNCTION_DIVIDE, SSQL_TYPE_INT, build_int(1), build_int(0));
    struct bound_expr *failing = build_binary(FUNCTION_EQUAL, SSQL_TYPE_BOOL, division, build_int(1));
    struct bound_expr *yes = build_constant(value_bool(true)), *no = build_constant(value_bool(false));

    (void)state;
    expect(build_expr(BOUND_OR, SSQL_TYPE_BOOL, 2, BUILD_LIST(yes, failing)), "true");
    expect(build_expr(BOUND_AND, SSQL_TYPE_BOOL, 2, BUILD_LIST(no, failing)), "false");
    expect_failure(build_expr(BOUND_AND, SSQL_TYPE_BOOL, 2, BUILD_LIST(yes, failing)), SSQL_DIVISION_BY_ZERO,
                   "division by zero");
    expect(build_expr(BOUND_COALESCE, SSQL_TYPE_INT, 2, BUILD_LIST(build_int(4), division)), "4");
    expect(build_expr(BOUND_CASE, SSQL_TYPE_INT, 3, BUILD_LIST(no, division, build_int(5))), "5");
}

static void arithmetic_fails_where_ints_end(void **state)
{
    (void)state;
    expect_failure(build_binary(FUNCTION_ADD, SSQL_TYPE_INT, build_int(INT64_MAX), build_int(1)), SSQL_OUT_OF_RANGE,
                   "9223372036854775807 + 1 does not fit in an int");
    expect_failure(build_binary(FUNCTION_SUBTRACT, SSQL_TYPE_INT, build_int(INT64_MIN), build_int(1)),
                   SSQL_OUT_OF_RANGE, "-9223372036854775808 - 1 does not fit in an int");
    expect_failure(build_binary(FUNCTION_MULTIPLY, SSQL_TYPE_INT, build_int(INT64_MIN), build_int(-1)),
                   SSQL_OUT_OF_RANGE, "-9223372036854775808 * -1 does not fit in an int");
    expect_failure(build_binary(FUNCTION_DIVIDE, SSQL_TYPE_INT, build_int(INT64_MIN), build_int(-1)), SSQL_OUT_OF_RANGE,
                   "-9223372036854775808 / -1 does not fit in an int");
    expect(build_binary(FUNCTION_REMAINDER, SSQL_TYPE_INT, build_int(INT64_MIN), build_int(-1)), "0");
    expect_failure(build_binary(FUNCTION_REMAINDER, SSQL_TYPE_FLOAT, real(1), real(0)), SSQL_DIVISION_BY_ZERO,
                   "division by zero");
    expect(build_binary(FUNCTION_DIVIDE, SSQL_TYPE_INT, build_int(-7), build_int(2)), "-3");
    expect(build_binary(FUNCTION_DIVIDE, SSQL_TYPE_INT, build_constant(value_null(SSQL_TYPE_INT)), build_int(0)),
           "null");
}

static int free_arena(void **state)
{
    (void)state;
    arena_clear(&build_arena);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(substr_counts_characters_from_either_end),
        cmocka_unit_test(strings_are_searched_replaced_and_turned),
        cmocka_unit_test(trim_takes_off_the_characters_given),
        cmocka_unit_test(like_knows_wildcards_and_escapes),
        cmocka_unit_test(like_with_many_wildcards_takes_no_exponential_time),
        cmocka_unit_test(rounding_goes_away_from_zero_at_a_half),
        cmocka_unit_test(casts_read_strings_strictly),
        cmocka_unit_test(casts_between_numbers_truncate_and_check_the_range),
        cmocka_unit_test(a_bare_null_is_null_to_all),
        cmocka_unit_test(a_column_of_bare_nulls_is_null_to_all),
        cmocka_unit_test(a_null_is_not_negated_whatever_stands_there),
        cmocka_unit_test(strings_too_large_for_a_batch_fail_a_filter),
        cmocka_unit_test(and_or_not_follow_three_valued_logic),
        cmocka_unit_test(later_arguments_are_not_computed_when_earlier_ones_decide),
        cmocka_unit_test(arithmetic_fails_where_ints_end),
    };
    return cmocka_run_group_tests_name("functions", tests, NULL, free_arena);
}
