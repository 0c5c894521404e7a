/* Values of parameters as they are written, and what they are bound as; names that parameters can have. */
#include "fixture.h"

#include "shell/variables.h"

static struct session session;

static int start(void **state)
{
    (void)state;
    session_start(&session);
    return 0;
}

static int end(void **state)
{
    (void)state;
    session_close(&session, true);
    return session.status;
}

/* What `select` makes of a literal: its type and its text. */
static void check_value(const char *select, const char *literal, const char *expected)
{
    static const char *const types[] = {[SSQL_TYPE_NULL] = "null",
                                        [SSQL_TYPE_BOOL] = "bool",
                                        [SSQL_TYPE_INT] = "int",
                                        [SSQL_TYPE_FLOAT] = "float",
                                        [SSQL_TYPE_STRING] = "string"};
    ssql_stmt *statement;
    struct text_buffer seen = {0};

    assert_int_equal(ssql_prepare(session.connection, select, strlen(select), &statement, NULL), SSQL_OK);
    assert_int_equal(variable_bind(statement, 1, literal), SSQL_OK);
    assert_int_equal(ssql_step(statement), SSQL_ROW);
    const char *text = ssql_column_text(statement, 0, NULL);
    text_format(&seen, "%s %s", types[ssql_column_type(statement, 0)], text == NULL ? "" : text);
    ssql_finalize(statement);
    must_be(&seen, expected);
}

static void check(const char *literal, const char *expected)
{
    check_value("select ?", literal, expected);
}

static void a_literal_is_bound_as_what_it_looks_like(void **state)
{
    (void)state;
    check("7", "int 7");
    check("-7", "int -7");
    check("null", "null ");
    check("true", "bool true");
    check("false", "bool false");
    check("2.5", "float 2.5");
    check("-1e3", "float -1000.0");
    check("1E2", "float 100.0");
    check(".5", "float 0.5");
    check("1e-999", "float 0.0");
}

static void what_is_no_number_is_a_string(void **state)
{
    static const char *const texts[] = {"",      "a",  "-",     "+7",    "7a",  "99999999999999999999",
                                        "1e999", "e",  "1.2.3", "--1.0", "tru", "nul",
                                        "'",     "'a", "a'",    "\"a'",  "/",   ":",
                                        "0x1p3"};

    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        char expected[64];
        snprintf(expected, sizeof expected, "string %s", texts[i]);
        check(texts[i], expected);
    }
}

static void a_place_for_a_string_gets_one(void **state)
{
    (void)state;
    check_value("select upper(?)", "7", "string 7");
    check_value("select upper(?)", "null", "string ");
}

static void quotes_are_taken_off(void **state)
{
    (void)state;
    check("''", "string ");
    check("'7'", "string 7");
    check("'it''s'", "string it's");
    check("'a'b'", "string a'b");
    check("'''", "string '");
    check("\"a\"\"b\"", "string a\"b");
    check("'a\\n'", "string a\\n");
    check("\"\\n\\r\\t\\\"\\\\\"", "string \n\r\t\"\\");
}

static void escapes_that_mean_nothing_stay(void **state)
{
    static const char *const same[] = {"\\q",         "\\",           "\\u",       "\\u{",    "\\u{}",
                                       "\\u{41",      "\\u{1234567}", "\\u41}",    "\\u{4g}", "\\u{0}",
                                       "\\u{110000}", "\\u{d800}",    "\\u{DFFF}", "\\v{41}"};

    (void)state;
    for (size_t i = 0; i < sizeof same / sizeof same[0]; i++) {
        char literal[64], expected[64];
        snprintf(literal, sizeof literal, "\"%sz\"", same[i]);
        snprintf(expected, sizeof expected, "string %sz", same[i]);
        check(literal, expected);
    }
    check("\"\\u{41}\\u{e9}\\u{20AC}\\u{1F600}\\u{d7ff}\\u{e000}\"",
          "string A\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80\xED\x9F\xBF\xEE\x80\x80");
    check("\"a\\u{41\"", "string a\\u{41");
}

static bool set(struct variables *variables, const char *name, const char *value)
{
    return variables_set(variables, name, strlen(name), value);
}

static void names_are_words_or_numbers(void **state)
{
    static const char *const good[] = {"a", "_", "aZ_9", "Z", "7", "42", ":b", "$c", "größe"};
    static const char *const bad[] = {"", ":", "$", "7a", "a-b", "a b", "a[", "a`", "@", "::a", "{", "-", "/a"};
    struct variables variables = {0};

    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
        assert_true(set(&variables, good[i], "1"));
    assert_int_equal(variables.count, sizeof good / sizeof good[0]);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_false(set(&variables, bad[i], "1"));
    assert_non_null(variables_find(&variables, "b"));
    assert_null(variables_find(&variables, ":b"));
    variables_clear(&variables);
}

static void a_second_value_replaces_the_first(void **state)
{
    struct variables variables = {0};

    (void)state;
    assert_true(set(&variables, "ab", "1"));
    assert_true(set(&variables, "ac", "2"));
    assert_true(set(&variables, "a", "3"));
    assert_true(set(&variables, ":ac", "4"));
    assert_int_equal(variables.count, 3);
    assert_string_equal(variables_find(&variables, "ac")->literal, "4");
    assert_string_equal(variables_find(&variables, "ab")->literal, "1");
    variables_clear(&variables);
    assert_int_equal(variables.count, 0);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_literal_is_bound_as_what_it_looks_like),
        cmocka_unit_test(what_is_no_number_is_a_string),
        cmocka_unit_test(a_place_for_a_string_gets_one),
        cmocka_unit_test(quotes_are_taken_off),
        cmocka_unit_test(escapes_that_mean_nothing_stay),
        cmocka_unit_test(names_are_words_or_numbers),
        cmocka_unit_test(a_second_value_replaces_the_first),
    };

    return cmocka_run_group_tests(tests, start, end);
}
