/* Nothing that is too deep, too long or too much may do harm; memory may run out anywhere. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "support/parsing.h"

/* "select " + opening * count + middle + closing * count */
static enum ssql_code parse_nested(void **state, const char *opening, const char *middle, const char *closing,
                                   size_t count)
{
    struct parsing *parsing = *state;
    struct buffer text = {0};
    struct statement *statement;
    size_t consumed;

    buffer_append_text(&text, "select ");
    for (size_t i = 0; i < count; i++)
        buffer_append_text(&text, opening);
    buffer_append_text(&text, middle);
    for (size_t i = 0; i < count; i++)
        buffer_append_text(&text, closing);
    arena_reset(&parsing->arena);
    error_clear(&parsing->error);
    bool parsed = parse_statement(parsing->parser, (const char *)text.data, text.size, &parsing->arena, &statement,
                                  &consumed, &parsing->error);
    assert_true(parsed == (parsing->error.code == SSQL_OK));
    assert_int_equal(consumed, text.size);
    buffer_clear(&text);
    return parsing->error.code;
}

static void depth_is_limited(void **state)
{
    const struct {
        const char *opening, *middle, *closing;
    } nestings[] = {{"f(", "1", ")"},
                    {"- ", "a", ""},
                    {"not ", "a", ""},
                    {"!", "a", ""},
                    {"", "1", "+1"},
                    {"", "a", " or a"},
                    {"case when ", "a", " then 1 end"},
                    {"cast(", "a", " as int)"},
                    {"a in (", "1", ")"},
                    {"a == (b + ", "1", ")"},
                    {"a between (", "1", ") and 2"}};

    for (size_t i = 0; i < sizeof nestings / sizeof nestings[0]; i++) {
        const char *opening = nestings[i].opening, *middle = nestings[i].middle, *closing = nestings[i].closing;
        assert_int_equal(parse_nested(state, opening, middle, closing, EXPRESSION_DEPTH_LIMIT / 2 - 1), SSQL_OK);
        assert_int_equal(parse_nested(state, opening, middle, closing, EXPRESSION_DEPTH_LIMIT), SSQL_TOO_LARGE);
        assert_int_equal(parse_nested(state, opening, middle, closing, 100000), SSQL_TOO_LARGE);
    }
    assert_int_equal(parse_nested(state, "f(", "1", ")", EXPRESSION_DEPTH_LIMIT - 1), SSQL_OK);
    assert_string_equal((parse_nested(state, "f(", "1", ")", 1000), ((struct parsing *)*state)->error.message),
                        "the expression is nested more than 1000 levels deep");
}

/* The sum's right side is too deep, and then so is the sum. */
static void the_first_of_two_faults_is_told(void **state)
{
    const struct parsing *parsing = *state;
    char text[4 * EXPRESSION_DEPTH_LIMIT + 40] = "";
    size_t size = 0;

    for (int i = 1; i < EXPRESSION_DEPTH_LIMIT; i++, size += 2)
        memcpy(text + size, "- ", 2);
    size += (size_t)sprintf(text + size, "a + ");
    for (int i = 0; i < EXPRESSION_DEPTH_LIMIT; i++, size += 2)
        memcpy(text + size, "- ", 2);
    sprintf(text + size, "a");
    assert_int_equal(parse_nested(state, "", text, "", 0), SSQL_TOO_LARGE);
    assert_string_equal(parsing->error.message, "the expression is nested more than 1000 levels deep");
    assert_int_equal(parsing->error.span.begin, strlen("select ") + 2 * (EXPRESSION_DEPTH_LIMIT - 1) + strlen("a + "));
}

static void parentheses_alone_are_limited_by_the_stack(void **state)
{
    assert_int_equal(parse_nested(state, "(", "1", ")", 5000), SSQL_OK);
    assert_int_equal(parse_nested(state, "(", "1", ")", 100000), SSQL_TOO_LARGE);
    assert_int_equal(parse_nested(state, "(", "1", "", 100000), SSQL_TOO_LARGE);
    assert_int_equal(parse_nested(state, "(select ", "1", ")", 100000), SSQL_TOO_LARGE);
}

static void long_lists_are_no_problem(void **state)
{
    assert_int_equal(parse_nested(state, "1, ", "2", "", 100000), SSQL_OK);
    assert_int_equal(parse_nested(state, "", "1 from t where a in (1", ", 1", 100000), SSQL_SYNTAX);
    assert_int_equal(parse_nested(state, "", "f(1", ", 1", 100000), SSQL_SYNTAX);
}

static void comments_may_nest_deeply(void **state)
{
    assert_int_equal(parse_nested(state, "/*", "", "*/", 100000), SSQL_SYNTAX);
    assert_string_equal(((struct parsing *)*state)->error.message,
                        "unexpected end of the statement, expected an expression or \"*\"");
}

static void parameters_are_limited(void **state)
{
    expect_error(state, "select ?10001", SSQL_TOO_LARGE, "?10001", "a statement has at most 10000 parameters", NULL);
    expect_error(state, "select ?99999999999999999999999", SSQL_TOO_LARGE, "?99999999999999999999999",
                 "a statement has at most 10000 parameters", NULL);
    assert_int_equal(parse(state, "select ?10000")->parameter_count, 10000);
    assert_int_equal(parse_nested(state, "?, ", "?", "", 10000), SSQL_TOO_LARGE);
}

static void trees_are_limited(void **state)
{
    assert_int_equal(parse_nested(state, "1,", "1", "", 3000000), SSQL_TOO_LARGE);
    assert_int_equal(parse_nested(state, "", "1 in (1", ",1", 5000000), SSQL_TOO_LARGE);
    assert_true(((struct parsing *)*state)->arena.used_bytes < 3 * (size_t)TREE_SIZE_LIMIT);
    /* No `)`, and no limit kept from before. */
    assert_int_equal(parse_nested(state, "", "1 in (1", ",1", 100000), SSQL_SYNTAX);
}

static void long_statements_are_refused_without_reading_them(void **state)
{
    struct parsing *parsing = *state;
    size_t size = (size_t)STATEMENT_SIZE_LIMIT + 10;
    char *text = malloc(size);
    struct statement *statement;
    size_t consumed;

    assert_non_null(text);
    memset(text, ' ', size);
    text[0] = 'x';
    text[size - 5] = ';';
    assert_false(parse_statement(parsing->parser, text, size, &parsing->arena, &statement, &consumed, &parsing->error));
    assert_int_equal(parsing->error.code, SSQL_TOO_LARGE);
    assert_int_equal(consumed, size - 4);
    free(text);
}

static void a_failed_arena_is_out_of_memory(void **state)
{
    struct parsing *parsing = *state;
    struct arena arena = {.failed = true};
    struct statement *statement;
    size_t consumed;
    const char *text = "select a, 'b''c', `d``e` from t where a == 1; x";

    assert_false(parse_statement(parsing->parser, text, strlen(text), &arena, &statement, &consumed, &parsing->error));
    assert_int_equal(parsing->error.code, SSQL_NO_MEMORY);
    assert_string_equal(text + consumed, " x");
    arena_clear(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(depth_is_limited),
        cmocka_unit_test(the_first_of_two_faults_is_told),
        cmocka_unit_test(parentheses_alone_are_limited_by_the_stack),
        cmocka_unit_test(long_lists_are_no_problem),
        cmocka_unit_test(comments_may_nest_deeply),
        cmocka_unit_test(parameters_are_limited),
        cmocka_unit_test(trees_are_limited),
        cmocka_unit_test(long_statements_are_refused_without_reading_them),
        cmocka_unit_test(a_failed_arena_is_out_of_memory),
    };

    return cmocka_run_group_tests(tests, parsing_setup, parsing_teardown);
}
