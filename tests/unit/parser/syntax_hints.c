/* What a message blames and hints at, where it has to look round the wrong token. The many cases are golden files
 * (tests/sql/errors/mistakes_*.ssql); here are the edges: comments, depth, long statements, bytes that are no text. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "parser/foreign_word.h"
#include "support/parsing.h"

#include <stdio.h>
#include <string.h>

static void a_form_may_begin_before_the_wrong_token(void **state)
{
    expect_error(state, "select top 10 * from t", SSQL_SYNTAX, "top", "syntax error at \"top\"",
                 "\"limit 10\" at the end of the query takes the first 10 rows");
    expect_error(state, "select 5 div 2", SSQL_SYNTAX, "div", "syntax error at \"div\"",
                 "\"/\" of two ints gives an int");
    expect_error(state, "select 'it's me'", SSQL_SYNTAX, "s", "syntax error at \"s\"",
                 "a quote within '...' is written twice: 'it''s'");
    expect_error(state, "select 1 a b", SSQL_SYNTAX, "b", "syntax error at \"b\"", "is a comma missing before it?");
}

static void comments_and_quotes_hold_no_tokens(void **state)
{
    expect_error(state, "select a = /* = ( */ = -- (\n = 1", SSQL_SYNTAX, "=",
                 "syntax error at \"=\", expected an expression", "did you mean \"==\"?");
    expect_error(state, "select '(', \"\\\"(\", `(`, 1)", SSQL_SYNTAX, ")",
                 "syntax error at \")\", expected \",\" or the end of the statement",
                 "there is no \"(\" before that it could close");
    expect_error(state, "select /* /* ( */ */ 1)", SSQL_SYNTAX, ")",
                 "syntax error at \")\", expected \",\" or the end of the statement",
                 "there is no \"(\" before that it could close");
}

static void the_beginning_counts_however_far_it_is(void **state)
{
    expect_error(state, "update t set a = 1, b = 2, c = 3, d = 4, e = 5, f = 6 from u", SSQL_SYNTAX, "from",
                 "syntax error at \"from\", expected \",\", \"where\" or the end of the statement",
                 "an update sees one table only");
    expect_error(state, "select a, b, c, d, e, f, g, h, i from t limit 1 order by a", SSQL_SYNTAX, "order",
                 "syntax error at \"order\", expected \"offset\" or the end of the statement",
                 "\"order by\" stands before \"limit\"");
}

static void clauses_are_those_of_the_same_brackets(void **state)
{
    expect_error(state, "select a from (select b from t order by b where c) d", SSQL_SYNTAX, "where",
                 "syntax error at \"where\", expected \")\" or \",\"", "\"where\" stands before \"order by\"");
    expect_error(state, "select a from (select b from t limit 1) d where a where b", SSQL_SYNTAX, "where",
                 "syntax error at \"where\", expected the end of the statement",
                 "there is a \"where\" before: \"and\" joins two conditions");
}

static void deep_brackets_are_not_followed_for_ever(void **state)
{
    enum { DEPTH = 200 };
    char text[DEPTH + 32];

    memset(text, '(', sizeof text);
    memcpy(text, "select ", 7);
    snprintf(text + 7 + DEPTH, sizeof text - 7 - DEPTH, "1 from");
    expect_error(state, text, SSQL_SYNTAX, "from", "syntax error at \"from\", expected \")\"", NULL);
    expect_error(state, "select upper((1", SSQL_SYNTAX, "1", "unexpected end of the statement, expected \")\"",
                 "a \"(\" is still open");
}

/* Words in brackets deeper than those that are remembered belong to no clause. */
static void clauses_in_deep_brackets_are_forgotten(void **state)
{
    enum { DEPTH = 100 };
    char text[DEPTH + 100];

    memset(text, '(', sizeof text);
    memcpy(text, "select ", 7);
    snprintf(text + 7 + DEPTH, sizeof text - 7 - DEPTH, "select a from t where b union select c from u where d where");
    expect_error(state, text, SSQL_SYNTAX, "where", "syntax error at \"where\", expected \")\"", NULL);
}

static void comments_may_stand_behind_the_wrong_token(void **state)
{
    static const char *const ends[] = {"-- end", "-- end\n", "/* open", "/* a / b * c ** /* d */ // */ 1",
                                       "- 1",    "/ 1",      "'open",   "\"\\\" open"};

    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
        char text[100];
        snprintf(text, sizeof text, "select a frm t %s", ends[i]);
        expect_error(state, text, SSQL_SYNTAX, "frm", "syntax error at \"frm\"", "did you mean \"from\"?");
    }
}

static void words_and_braces_where_they_cannot_stand(void **state)
{
    expect_error(state, "copy t to 'x' (format select)", SSQL_SYNTAX, "select",
                 "syntax error at \"select\", expected a value",
                 "options are names with their values: (header true, skip 2)");
    expect_error(state, "create table u { a select }", SSQL_SYNTAX, "select",
                 "syntax error at \"select\", expected a type", "the types are int, string, bool and float");
    expect_error(state, "create table u (a int, b int, }", SSQL_SYNTAX, "}",
                 "syntax error at \"}\", expected a name or \")\"", "the comma before it is one too many");
}

static void every_sign_of_others_has_a_hint(void **state)
{
    static const char others[] = "&|#^~[]@$\\:";

    (void)state;
    for (const char *sign = others; *sign != '\0'; sign++)
        assert_non_null(foreign_sign_hint(*sign, ' '));
    assert_string_equal(foreign_sign_hint(':', ':'), "\"cast(a as int)\" converts");
    assert_string_equal(foreign_sign_hint(':', '='), "did you mean \"=\"?");
    assert_null(foreign_sign_hint('\x01', ' '));
    expect_error(state, "select \x7F", SSQL_SYNTAX, "\x7F", "unexpected control character \\u{7F}", NULL);
}

static void characters_that_only_look_like_ours_are_refused(void **state)
{
    expect_error(state,
                 "select a\xE2\x80\x93"
                 "b",
                 SSQL_SYNTAX, "\xE2\x80\x93", "unexpected character \"\xE2\x80\x93\" (U+2013)",
                 "did you mean the minus sign -?");
    expect_error(state,
                 "select\xC2\xA0"
                 "1",
                 SSQL_SYNTAX, "\xC2\xA0", "unexpected invisible character U+00A0",
                 "it cannot be seen: delete it, or type a blank");
    expect_error(state, "select 1\xEF\xBC\x9B", SSQL_SYNTAX, "\xEF\xBC\x9B",
                 "unexpected character \"\xEF\xBC\x9B\" (U+FF1B)", "did you mean \";\"?");
}

static void broken_text_is_walked_to_its_end(void **state)
{
    static const char *const texts[] = {"", "a", "\xF0", "\xE2\x80", "\x80\x80", "a\xC3", "\xFF\xFE"};
    struct foreign_character found;
    size_t at, size;

    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        bool is_whole = i < 2;
        assert_int_equal(foreign_character_find(slice_of(texts[i]), &found, &at, &size), !is_whole);
        assert_true(at <= strlen(texts[i]));
    }
    assert_false(foreign_character_find(slice_of("\xF0\x9F\x98\x80"), &found, &at, &size));
    assert_false(foreign_character_find(slice_of("na\xC3\xAFve\xE4\xB8\x96"), &found, &at, &size));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_form_may_begin_before_the_wrong_token),
        cmocka_unit_test(comments_and_quotes_hold_no_tokens),
        cmocka_unit_test(the_beginning_counts_however_far_it_is),
        cmocka_unit_test(clauses_are_those_of_the_same_brackets),
        cmocka_unit_test(deep_brackets_are_not_followed_for_ever),
        cmocka_unit_test(clauses_in_deep_brackets_are_forgotten),
        cmocka_unit_test(comments_may_stand_behind_the_wrong_token),
        cmocka_unit_test(words_and_braces_where_they_cannot_stand),
        cmocka_unit_test(every_sign_of_others_has_a_hint),
        cmocka_unit_test(characters_that_only_look_like_ours_are_refused),
        cmocka_unit_test(broken_text_is_walked_to_its_end),
    };

    return cmocka_run_group_tests(tests, parsing_setup, parsing_teardown);
}
