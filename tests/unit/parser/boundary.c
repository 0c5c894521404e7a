/* Where statements end. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "parser/statement_boundary.h"

#include <string.h>

static size_t end_of(const char *text)
{
    struct statement_boundary boundary = {0};

    return statement_boundary_find(&boundary, text, strlen(text)) ? boundary.offset : 0;
}

static void a_semicolon_outside_quotes_and_comments_ends(void **state)
{
    (void)state;
    assert_int_equal(end_of("select 1; select 2;"), 9);
    assert_int_equal(end_of("';' \";\" `;` -- ;\n/* ; /* ; */ ; */ ;"), 36);
    assert_int_equal(end_of("'it''s;' ;"), 10);
    assert_int_equal(end_of("\"a\\\";\" ;"), 8);
    assert_int_equal(end_of("1 - 2 / 3;"), 10);
    assert_int_equal(end_of("'\\';"), 4);
    assert_int_equal(end_of("select 1"), 0);
    assert_int_equal(end_of("'open;"), 0);
}

static void text_may_arrive_byte_by_byte(void **state)
{
    const char *text = " -- c;\n sel /* /* ; */ * / */ 'a;''' \"\\\";\" `;` - / ; rest";
    struct statement_boundary boundary = {0};
    size_t length = 0;

    (void)state;
    while (!statement_boundary_find(&boundary, text, length)) {
        assert_true(length < strlen(text));
        length++;
    }
    assert_string_equal(text + boundary.offset, " rest");
    assert_int_equal(boundary.token_begin, 8);
}

static void what_is_open_is_known(void **state)
{
    struct statement_boundary boundary = {0};

    (void)state;
    assert_false(statement_boundary_find(&boundary, "select 'a", 9));
    assert_int_equal(boundary.state, BOUNDARY_STRING);
    assert_int_equal(boundary.open_begin, 7);
}

static void complete_texts_end_in_a_semicolon_or_are_blank(void **state)
{
    const char *const complete[] = {
        "",    "  \n", ";", "select 1;", "select 1; -- done", "select 1; /* done */ ", "a; b;", "-- only a comment",
        "';';"};
    const char *const incomplete[] = {"select 1",     "select 1; select", "select ';", "select 1; /* open",
                                      "/*",           "select 1; -",      "\"a;",      "`;",
                                      "select 1 -- ;"};

    (void)state;
    for (size_t i = 0; i < sizeof complete / sizeof complete[0]; i++)
        assert_true(text_is_complete(complete[i], strlen(complete[i])));
    for (size_t i = 0; i < sizeof incomplete / sizeof incomplete[0]; i++)
        assert_false(text_is_complete(incomplete[i], strlen(incomplete[i])));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_semicolon_outside_quotes_and_comments_ends),
        cmocka_unit_test(text_may_arrive_byte_by_byte),
        cmocka_unit_test(what_is_open_is_known),
        cmocka_unit_test(complete_texts_end_in_a_semicolon_or_are_blank),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
