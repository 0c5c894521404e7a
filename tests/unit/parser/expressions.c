/* How expressions group, what a double-quoted token is, and what literals are worth. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support/parsing.h"

static void operators_group_by_precedence(void **state)
{
    expect_text(state, "select a or b and not c == d + e * -f", "select a or b and not c == d + e * - f");
    expect_text(state, "select ((a || b) && (! c)) == ((d + e) * (f - (g - h)))",
                "select ((a or b) and not c) == (d + e) * (f - (g - h))");
    expect_text(state, "select (a - b) - c, a - (b - c), (a / b) % c", "select a - b - c, a - (b - c), a / b % c");
    expect_text(state, "select a == b < c, (a == b) < c, a < b == c", "select a == b < c, (a == b) < c, a < b == c");
    expect_text(state, "select (a or b) is null, (a == b) is null, a == (b is null)",
                "select (a or b) is null, a == b is null, a == (b is null)");
}

static void exclamation_binds_tight_and_not_binds_loose(void **state)
{
    const struct expr *tight = parse_item(state, "!a == b");
    assert_int_equal(tight->kind, EXPR_BINARY);
    const struct expr *loose = parse_item(state, "not a == b");
    assert_int_equal(loose->kind, EXPR_UNARY);
    expect_text(state, "select !a == b, not a == b, !(a == b)", "select (not a) == b, not a == b, not a == b");
    expect_text(state, "select not not a in (1), not a not in (1)", "select not not a in (1), not a not in (1)");
}

static void predicates_parse(void **state)
{
    expect_text(state, "select a between 1 and 2 and b not between c + 1 and d",
                "select a between 1 and 2 and b not between c + 1 and d");
    expect_text(state, "select a in (1, b or c), a not in ('x')", "select a in (1, b or c), a not in ('x')");
    expect_text(state, "select a like 'x%', a not like b escape '\\'", "select a like 'x%', a not like b escape '\\'");
    expect_text(state, "select a is null, a is not null, a is true, a is not false",
                "select a is null, a is not null, a is true, a is not false");
    expect_text(state, "select a is distinct from b + 1, a is not distinct from null",
                "select a is distinct from b + 1, a is not distinct from null");
    expect_text(state, "select a = b, a <> b, a <= b, a >= b, a > b", "select a == b, a != b, a <= b, a >= b, a > b");
}

static void calls_cases_and_casts_parse(void **state)
{
    expect_text(state, "select case when a then 1 when b then 2 else 3 end, case a when 1 then 'x' end",
                "select case when a then 1 when b then 2 else 3 end, case a when 1 then 'x' end");
    expect_text(state, "select cast(a as integer), cast(b as varchar(3))", "select cast(a as int), cast(b as string)");
    expect_text(state, "select count(*), count(distinct a), sum(all a), f(), `count`(1, 2)",
                "select count(*), count(distinct a), sum(a), f(), count(1, 2)");
}

static void double_quotes_are_names_as_whole_items(void **state)
{
    expect_text(state, "select \"a\", \"b\" as c, \"t\".\"d\", \"t\".* from t group by \"e\" order by \"f\" desc",
                "select a, b as c, t.d, t.* from t group by e order by f desc");
}

static void double_quotes_are_names_left_of_a_predicate(void **state)
{
    expect_text(state, "select 1 from t where \"a\" == \"b\" and \"c\" in (\"d\") or \"e\" is null",
                "select 1 from t where a == 'b' and c in ('d') or e is null");
    expect_text(state, "select 1 from t where \"a\" between \"b\" and \"c\" and \"d\" like \"e\" and \"f\" < \"g\"",
                "select 1 from t where a between 'b' and 'c' and d like 'e' and f < 'g'");
    expect_text(state, "select 1 from t where \"a\" is distinct from \"b\"",
                "select 1 from t where a is distinct from 'b'");
}

static void double_quotes_are_strings_elsewhere(void **state)
{
    expect_text(state, "select (\"a\"), \"b\" + 1, f(\"c\"), 'd'", "select 'a', 'b' + 1, f('c'), 'd'");
    expect_text(state, "select 1 from t where (\"a\") == \"b\" or \"c\" + 1 == d",
                "select 1 from t where 'a' == 'b' or 'c' + 1 == d");
    expect_text(state, "insert into \"t\" (\"a\") values (\"b\")", "insert into t (a) values ('b')");
}

static void single_quotes_are_never_names(void **state)
{
    expect_text(state, "select 'a' from t where 'b' == c group by 'd' order by 'e'",
                "select 'a' from t where 'b' == c group by 'd' order by 'e'");
}

static void strings_are_unescaped(void **state)
{
    const struct expr *expr = parse_item(state, "('a\\n''b')");
    assert_true(slice_equal(expr->literal.string, slice_of("a\\n'b")));
    expr = parse_item(state, "(\"q\\\"\"\"\\\\n\\n\\t\\r\\u{e9}\\u{1F600}\")");
    assert_true(slice_equal(expr->literal.string, slice_of("q\"\"\\n\n\t\r\u00e9\U0001F600")));
    expr = parse_item(state, "`a``b`");
    assert_true(slice_equal(expr->column.column.text, slice_of("a`b")));
}

static void numbers_keep_their_value(void **state)
{
    assert_int_equal(parse_item(state, "9223372036854775807")->literal.integer, INT64_MAX);
    assert_true(parse_item(state, "-9223372036854775808")->literal.integer == INT64_MIN);
    assert_int_equal(parse_item(state, "007")->literal.integer, 7);
    assert_true(parse_item(state, "1.5e3")->literal.real == 1500);
    assert_true(parse_item(state, ".25")->literal.real == 0.25);
    assert_true(parse_item(state, "1.")->literal.real == 1);
    assert_true(parse_item(state, "-1E-2")->literal.real == -0.01);
    assert_int_equal(parse_item(state, "1e5")->literal.type, SSQL_TYPE_FLOAT);
}

static void a_sign_belongs_to_a_number_only_once(void **state)
{
    assert_int_equal(parse_item(state, "- 5")->literal.integer, -5);
    assert_int_equal(parse_item(state, "- -5")->kind, EXPR_UNARY);
    assert_int_equal(parse_item(state, "- -1.5")->kind, EXPR_UNARY);
    assert_true(parse_item(state, "+ -1.5")->literal.real == -1.5);
    expect_text(state, "select 1 - -5, -(-5), +x, -x.y", "select 1 - -5, - -5, + x, - x.y");
}

static void an_expression_parses_by_itself(void **state)
{
    struct parsing *parsing = *state;
    const char *text = "upper('a') == 'A'";
    struct expr *expr;

    assert_true(parse_expression(parsing->parser, text, strlen(text), &parsing->arena, &expr, &parsing->error));
    assert_int_equal(expr->kind, EXPR_BINARY);
    assert_false(parse_expression(parsing->parser, "1;", 2, &parsing->arena, &expr, &parsing->error));
    assert_false(parse_expression(parsing->parser, "1 2", 3, &parsing->arena, &expr, &parsing->error));
    assert_false(parse_expression(parsing->parser, "", 0, &parsing->arena, &expr, &parsing->error));
    assert_false(parse_expression(parsing->parser, "?", 1, &parsing->arena, &expr, &parsing->error));
    assert_string_equal(parsing->error.message, "a parameter cannot stand here");
    assert_false(parse_expression(parsing->parser, "'\xFF'", 3, &parsing->arena, &expr, &parsing->error));
    assert_int_equal(parsing->error.code, SSQL_BAD_ENCODING);
    size_t size = (size_t)STATEMENT_SIZE_LIMIT + 1; /* refused before a byte of it is read */
    assert_false(parse_expression(parsing->parser, "1", size, &parsing->arena, &expr, &parsing->error));
    assert_int_equal(parsing->error.code, SSQL_TOO_LARGE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(operators_group_by_precedence),
        cmocka_unit_test(exclamation_binds_tight_and_not_binds_loose),
        cmocka_unit_test(predicates_parse),
        cmocka_unit_test(calls_cases_and_casts_parse),
        cmocka_unit_test(double_quotes_are_names_as_whole_items),
        cmocka_unit_test(double_quotes_are_names_left_of_a_predicate),
        cmocka_unit_test(double_quotes_are_strings_elsewhere),
        cmocka_unit_test(single_quotes_are_never_names),
        cmocka_unit_test(strings_are_unescaped),
        cmocka_unit_test(numbers_keep_their_value),
        cmocka_unit_test(a_sign_belongs_to_a_number_only_once),
        cmocka_unit_test(an_expression_parses_by_itself),
    };

    return cmocka_run_group_tests(tests, parsing_setup, parsing_teardown);
}
