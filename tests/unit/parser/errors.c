/* Every error: its code, its place, its words and its hint. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support/parsing.h"

#include <string.h>

static void mistyped_keywords_are_guessed(void **state)
{
    expect_error(state, "selct 1", SSQL_SYNTAX, "selct", "syntax error at \"selct\"", "did you mean \"select\"?");
    expect_error(state, "SELCT 1", SSQL_SYNTAX, "SELCT", "syntax error at \"SELCT\"", "did you mean \"select\"?");
    expect_error(state, "select * form t", SSQL_SYNTAX, "form", "syntax error at \"form\"", "did you mean \"from\"?");
    expect_error(state, "drop tabel t", SSQL_SYNTAX, "tabel",
                 "syntax error at \"tabel\", expected \"index\", \"table\" or \"view\"", "did you mean \"table\"?");
    expect_error(state, "update t st a = 1", SSQL_SYNTAX, "st", "syntax error at \"st\", expected \"set\"",
                 "did you mean \"set\"?");
    expect_error(state, "create table t (id int primry)", SSQL_SYNTAX, "primry", "syntax error at \"primry\"",
                 "did you mean \"primary\"?");
}

static void an_alias_that_is_a_mistyped_keyword_is_the_error(void **state)
{
    expect_error(state, "select * from users wher id == 1", SSQL_SYNTAX, "wher", "syntax error at \"wher\"",
                 "did you mean \"where\"?");
    expect_error(state, "select a frm t", SSQL_SYNTAX, "frm", "syntax error at \"frm\"", "did you mean \"from\"?");
    expect_error(state, "select count(*) form t", SSQL_SYNTAX, "form", "syntax error at \"form\"",
                 "did you mean \"from\"?");
    expect_error(state, "select * from t ordr by a", SSQL_SYNTAX, "ordr", "syntax error at \"ordr\"",
                 "did you mean \"order\"?");
}

static void an_alias_that_resembles_nothing_is_left_alone(void **state)
{
    expect_error(state, "select * from users u id == 1", SSQL_SYNTAX, "id", "syntax error at \"id\"",
                 "is a comma or \"where\" missing before it?");
}

static void what_was_expected_is_named_when_it_is_little(void **state)
{
    expect_error(state, "insert users values 1", SSQL_SYNTAX, "users", "syntax error at \"users\", expected \"into\"",
                 NULL);
    expect_error(state, "insert into t (a, b values (1)", SSQL_SYNTAX, "values",
                 "syntax error at \"values\", expected \")\" or \",\"", NULL);
    expect_error(state, "select * from t limit 5, 10", SSQL_SYNTAX, ",",
                 "syntax error at \",\", expected \"offset\" or the end of the statement",
                 "the count comes first: \"limit 10 offset 5\"");
    expect_error(state, "select 1 + ", SSQL_SYNTAX, "+", "unexpected end of the statement, expected an expression",
                 NULL);
}

static void reserved_words_as_names_get_a_hint(void **state)
{
    expect_error(state, "create table order (a int)", SSQL_SYNTAX, "order",
                 "syntax error at \"order\", expected a name",
                 "\"order\" is a reserved word; as a name it needs backquotes: `order`");
    expect_error(state, "select a, from t", SSQL_SYNTAX, "from",
                 "syntax error at \"from\", expected an expression or \"*\"", "the comma before it is one too many");
    expect_error(state, "select a from t where and b", SSQL_SYNTAX, "and",
                 "syntax error at \"and\", expected an expression", NULL);
}

static void the_end_is_named_as_such(void **state)
{
    expect_error(state, "delete from", SSQL_SYNTAX, "from", "unexpected end of the statement, expected a name", NULL);
    expect_error(state, "delete from ;", SSQL_SYNTAX, ";", "unexpected end of the statement, expected a name", NULL);
}

static void unterminated_things_are_found_at_their_start(void **state)
{
    expect_error(state, "select 'abc; select 1;", SSQL_SYNTAX, "'", "unterminated string", NULL);
    expect_error(state, "select \"abc\\\"", SSQL_SYNTAX, "\"", "unterminated string", NULL);
    expect_error(state, "select `abc", SSQL_SYNTAX, "`", "unterminated name", NULL);
    expect_error(state, "select 1 /* a /* b */", SSQL_SYNTAX, "/*", "unterminated comment", NULL);
    expect_error(state, "/* only", SSQL_SYNTAX, "/*", "unterminated comment", NULL);
    expect_error(state, "select '", SSQL_SYNTAX, "'", "unterminated string", NULL);
    expect_error(state, "select \"\\", SSQL_SYNTAX, "\"", "unterminated string", NULL);
}

static void an_earlier_error_goes_before_an_unterminated_string(void **state)
{
    expect_error(state, "selct 'abc", SSQL_SYNTAX, "selct", "syntax error at \"selct\"", "did you mean \"select\"?");
}

static void numbers_out_of_range_are_refused_in_their_place(void **state)
{
    expect_error(state, "select 1, 9223372036854775808", SSQL_OUT_OF_RANGE, "9223372036854775808",
                 "the number 9223372036854775808 does not fit in an int (64 bits)", NULL);
    expect_error(state, "select -9223372036854775809", SSQL_OUT_OF_RANGE, "9223372036854775809",
                 "the number 9223372036854775809 does not fit in an int (64 bits)", NULL);
    expect_error(state, "select 9223372036854775808, -9223372036854775808", SSQL_OUT_OF_RANGE, "9223372036854775808",
                 "the number 9223372036854775808 does not fit in an int (64 bits)", NULL);
    expect_error(state, "select 1e999", SSQL_OUT_OF_RANGE, "1e999",
                 "the number 1e999 does not fit in a float (64 bits)", NULL);
}

static void wrong_tokens_are_named(void **state)
{
    expect_error(state, "select 12abc", SSQL_SYNTAX, "12abc", "\"12abc\" is neither a number nor a name",
                 "as a name it needs backquotes: `12abc`");
    expect_error(state, "select a & b", SSQL_SYNTAX, "&", "unexpected character \"&\"", "did you mean \"&&\"?");
    expect_error(state, "select a | b", SSQL_SYNTAX, "|", "unexpected character \"|\"", "did you mean \"||\"?");
    expect_error(state, "select \001", SSQL_SYNTAX, "\001", "unexpected control character \\u{1}", NULL);
    expect_error(state, "select ``", SSQL_SYNTAX, "``", "a name must not be empty", NULL);
    expect_error(state, "select a from \"\"", SSQL_SYNTAX, "\"\"", "a name must not be empty", NULL);
    expect_error(state, "select ?0", SSQL_SYNTAX, "?0", "parameters are numbered from 1", NULL);
    expect_error(state, "delete from 'a'", SSQL_SYNTAX, "'a'", "syntax error at 'a', expected a name",
                 "'...' is a string; a name is written bare, or in backquotes: `name`");
}

static void wrong_escapes_are_named(void **state)
{
    const char *hint = "escapes are \\\" \\\\ \\n \\t \\r \\u{1F600}; write \\\\ for a backslash";

    expect_error(state, "select \"a\\qb\"", SSQL_SYNTAX, "\\q", "unknown escape in a string", hint);
    expect_error(state, "select \"\\u{}\"", SSQL_SYNTAX, "\\u", "unknown escape in a string", hint);
    expect_error(state, "select \"\\u{1234567}\"", SSQL_SYNTAX, "\\u", "unknown escape in a string", hint);
    expect_error(state, "select \"\\u{D800}\"", SSQL_BAD_ENCODING, "\\u{D800}",
                 "\\u{D800} is no character that a string can hold", NULL);
    expect_error(state, "select \"\\u{0}\"", SSQL_BAD_ENCODING, "\\u{0}",
                 "\\u{0} is no character that a string can hold", NULL);
}

static void bytes_that_are_no_text_are_refused(void **state)
{
    struct parsing *parsing = *state;
    struct statement *statement;
    size_t consumed;

    expect_error(state, "select 'a\xff'", SSQL_BAD_ENCODING, "\xff", "invalid UTF-8: byte 0xFF at offset 9", NULL);
    expect_error(state, "select 1 -- \xc3", SSQL_BAD_ENCODING, "\xc3", "invalid UTF-8: byte 0xC3 at offset 12", NULL);
    assert_false(parse_statement(parsing->parser, "select '\0'; x", 14, &parsing->arena, &statement, &consumed,
                                 &parsing->error));
    assert_int_equal(parsing->error.code, SSQL_BAD_ENCODING);
    assert_int_equal(parsing->error.span.begin, 8);
    assert_int_equal(consumed, 11);
}

static void faults_of_tables_are_found(void **state)
{
    expect_error(state, "create table t (a itn)", SSQL_UNKNOWN_TYPE, "itn", "unknown type \"itn\"",
                 "did you mean \"int\"?");
    expect_error(state, "create table t (a blob)", SSQL_UNKNOWN_TYPE, "blob", "unknown type \"blob\"",
                 "the types are int, string, bool and float: keep bytes as a string of hex digits");
    expect_error(state, "create table t (a int(11))", SSQL_SYNTAX, "11", "the type \"int\" takes no length", NULL);
    expect_error(state, "create table t (a int primary, b int primary)", SSQL_SYNTAX, "primary",
                 "a table has only one primary key", "write \"primary key (a, b)\" for a key of several columns");
    expect_error(state, "create table t (a int null not null)", SSQL_SYNTAX, "not null",
                 "column \"a\" cannot be both \"null\" and \"not null\"", NULL);
    expect_error(state, "create table t (a int default 1 default 2)", SSQL_SYNTAX, "default 2",
                 "column \"a\" has two defaults", NULL);
    expect_error(state, "create table t (primary key (a))", SSQL_SYNTAX, "t", "a table needs at least one column",
                 NULL);
    expect_error(state, "create table t (a int default :x)", SSQL_SYNTAX, ":x",
                 "a parameter cannot stand in \"create table\"", NULL);
}

static void positional_and_named_assignments_do_not_mix(void **state)
{
    expect_error(state, "update t set 1, a = 2", SSQL_SYNTAX, "a", "syntax error at \"a\", expected a value", NULL);
    expect_error(state, "update t set a = 1, 2", SSQL_SYNTAX, "2", "syntax error at \"2\", expected a name", NULL);
}

static void illegal_forms_are_syntax_errors(void **state)
{
    const char *const texts[] = {"select",
                                 "select from t",
                                 "select 1,",
                                 "select a b c",
                                 "select ()",
                                 "select a in ()",
                                 "values 1",
                                 "insert into t",
                                 "update t",
                                 "update t set",
                                 "delete t",
                                 "create table t {}",
                                 "create table t",
                                 "create table t (a)",
                                 "explain begin",
                                 "show",
                                 "select 1 2",
                                 "select a == == b",
                                 "select case end",
                                 "select f(a",
                                 "select f(a,)",
                                 "select count(*, a)",
                                 "insert into t values ()",
                                 "insert into t values (1), 2",
                                 "create table t (a int,,)",
                                 "create table t { a int )",
                                 "upsert into t values (1) on conflict do nothing",
                                 "select a.b.c",
                                 "select * from t where",
                                 "select 1 order by",
                                 "select a is 1",
                                 "-",
                                 "/",
                                 "begin begin",
                                 "select a not b"};
    struct parsing *parsing = *state;

    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct statement *statement;
        size_t consumed;
        if (parse_statement(parsing->parser, texts[i], strlen(texts[i]), &parsing->arena, &statement, &consumed,
                            &parsing->error))
            fail_msg("parsed: %s", texts[i]);
        assert_int_equal(parsing->error.code, SSQL_SYNTAX);
        assert_true(parsing->error.span.begin < parsing->error.span.end);
    }
}

static void parsing_goes_on_after_the_failed_statement(void **state)
{
    const char *text = "selct ';' \"a\\\";\" -- ;\n /* ; */ ; select 1";
    struct parsing *parsing = *state;
    struct statement *statement;
    size_t consumed;

    assert_false(
        parse_statement(parsing->parser, text, strlen(text), &parsing->arena, &statement, &consumed, &parsing->error));
    assert_string_equal(text + consumed, " select 1");
    assert_non_null(parse(state, text + consumed));
}

static void an_error_object_is_not_needed(void **state)
{
    struct parsing *parsing = *state;
    struct statement *statement;
    size_t consumed;

    assert_false(parse_statement(parsing->parser, "selct", 5, &parsing->arena, &statement, &consumed, NULL));
    assert_false(parse_statement(parsing->parser, "drop view v", 11, &parsing->arena, &statement, &consumed, NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(mistyped_keywords_are_guessed),
        cmocka_unit_test(an_alias_that_is_a_mistyped_keyword_is_the_error),
        cmocka_unit_test(an_alias_that_resembles_nothing_is_left_alone),
        cmocka_unit_test(what_was_expected_is_named_when_it_is_little),
        cmocka_unit_test(reserved_words_as_names_get_a_hint),
        cmocka_unit_test(the_end_is_named_as_such),
        cmocka_unit_test(unterminated_things_are_found_at_their_start),
        cmocka_unit_test(an_earlier_error_goes_before_an_unterminated_string),
        cmocka_unit_test(numbers_out_of_range_are_refused_in_their_place),
        cmocka_unit_test(wrong_tokens_are_named),
        cmocka_unit_test(wrong_escapes_are_named),
        cmocka_unit_test(bytes_that_are_no_text_are_refused),
        cmocka_unit_test(faults_of_tables_are_found),
        cmocka_unit_test(positional_and_named_assignments_do_not_mix),
        cmocka_unit_test(illegal_forms_are_syntax_errors),
        cmocka_unit_test(parsing_goes_on_after_the_failed_statement),
        cmocka_unit_test(an_error_object_is_not_needed),
    };

    return cmocka_run_group_tests(tests, parsing_setup, parsing_teardown);
}
