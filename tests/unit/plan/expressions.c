/* Types and names of expressions. */
#include "fixture.h"

static void comparing_int_with_string_is_refused(void **state)
{
    (void)state;
    expect_error("select * from users where id == 'x'", SSQL_TYPE_MISMATCH, "==", "cannot compare int with string",
                 "cast(... as int) converts");
    expect_error("select * from users where active == 1", SSQL_TYPE_MISMATCH, "==", "cannot compare bool with int",
                 "a bool is compared with true or false");
    expect_error("select * from users where id in (1, 'x')", SSQL_TYPE_MISMATCH, "'x'",
                 "cannot compare int with string", "cast(... as int) converts");
    expect_error("select * from users where name between 1 and 2", SSQL_TYPE_MISMATCH, "1",
                 "cannot compare string with int", "cast(... as string) converts");
}

static void int_widens_to_float(void **state)
{
    (void)state;
    expect_expr("id == score", "cast(id as float) == score");
    expect_expr("score + 1", "score + 1.0");
    expect_type("id / 2", SSQL_TYPE_INT);
    expect_type("id / 2.0", SSQL_TYPE_FLOAT);
    expect_type("case when active then 1 else score end", SSQL_TYPE_FLOAT);
}

static void arithmetic_takes_numbers(void **state)
{
    (void)state;
    expect_error("select name + 1 from users", SSQL_TYPE_MISMATCH, "+", "+ takes numbers, not string and int",
                 "concat(a, b) joins strings");
    expect_error("select -name from users", SSQL_TYPE_MISMATCH, "-name", "- takes a number, not string", "");
}

static void a_condition_is_bool(void **state)
{
    (void)state;
    expect_error("select * from users where id", SSQL_TYPE_MISMATCH, "id", "a condition must be bool, but this is int",
                 "compare it with something, as in a == 1");
    expect_error("select * from users where name || 'x' == 'y'", SSQL_TYPE_MISMATCH, "name",
                 "a condition must be bool, but this is string", "|| is \"or\"; concat(a, b) joins strings");
    expect_error("select not id from users", SSQL_TYPE_MISMATCH, "id", "a condition must be bool, but this is int",
                 "compare it with something, as in a == 1");
}

static void unknown_columns_have_hints(void **state)
{
    (void)state;
    expect_error("select naem from users", SSQL_UNKNOWN_COLUMN, "naem", "unknown column \"naem\" in users",
                 "did you mean \"name\"?");
    expect_error("select stars from users", SSQL_UNKNOWN_COLUMN, "stars", "unknown column \"stars\" in users",
                 "column \"stars\" is in table \"notes\", which is not in from");
    expect_error("select id from users where \"somebody\" == name", SSQL_UNKNOWN_COLUMN, "\"somebody\"",
                 "unknown column \"somebody\" in users", "use 'single quotes' for a string");
    expect_error("select \"naem\" from users", SSQL_UNKNOWN_COLUMN, "\"naem\"", "unknown column \"naem\" in users",
                 "did you mean \"name\"? Use 'single quotes' for a string");
    expect_error("select id", SSQL_UNKNOWN_COLUMN, "id", "unknown column \"id\": there is no from",
                 "column \"id\" is in table \"users\", which is not in from");
}

static void output_names_come_after_where(void **state)
{
    (void)state;
    expect_error("select age + 1 as n from users where n > 1", SSQL_UNKNOWN_COLUMN, "n",
                 "unknown column \"n\" in users", "it is an output name, which where cannot use; write its expression");
}

static void hidden_columns_have_no_name(void **state)
{
    (void)state;
    expect_error("select `(row)` from notes", SSQL_UNKNOWN_COLUMN, "`(row)`", "unknown column \"(row)\" in notes",
                 "the columns of notes are text, stars");
}

static void columns_may_be_qualified(void **state)
{
    (void)state;
    expect_plan("select u.name from users u", "scan users (all rows; columns name)");
    expect_plan("select USERS.name from users", "scan users (all rows; columns name)");
    expect_error("select users.name from users u", SSQL_UNKNOWN_TABLE, "users", "table \"users\" is not in from",
                 "here it is called \"u\"");
    expect_error("select usrs.name from users", SSQL_UNKNOWN_TABLE, "usrs", "table \"usrs\" is not in from",
                 "did you mean \"users\"?");
}

static void unknown_tables_have_hints(void **state)
{
    (void)state;
    expect_error("select * from usres", SSQL_UNKNOWN_TABLE, "usres", "unknown table \"usres\"",
                 "did you mean \"users\"?");
    expect_error("delete from elsewhere", SSQL_UNKNOWN_TABLE, "elsewhere", "unknown table \"elsewhere\"",
                 "\"show tables\" lists the tables");
}

static void constants_are_folded(void **state)
{
    (void)state;
    expect_expr("1 + 2 * 3", "7");
    expect_expr("1 < 2 and 'a' == 'b'", "false");
    expect_expr("active and true", "active");
    expect_expr("active or 1 == 1", "true");
    expect_expr("null is null", "true");
    expect_expr("-(3)", "-3");
    expect_expr("null + 1", "null");
    expect_expr("7 / 2.0", "3.5");
    expect_expr("case when 1 == 2 then 'a' when true then name else 'c' end", "name");
    expect_expr("coalesce(null, id, 3)", "id");
}

static void what_fails_is_left_to_fail_when_it_is_reached(void **state)
{
    (void)state;
    expect_expr("1 / 0", "1 / 0");
    expect_expr("9223372036854775807 + 1", "9223372036854775807 + 1");
    expect_expr("false and 1 / 0 == 1", "false");
    expect_expr("1 / 0 == 1 and false", "1 / 0 == 1 and false");
}

static void a_bare_null_takes_its_partners_type(void **state)
{
    (void)state;
    expect_type("null + id", SSQL_TYPE_INT);
    expect_type("coalesce(null, name)", SSQL_TYPE_STRING);
    expect_type("case when active then null else name end", SSQL_TYPE_STRING);
    expect_type("cast(null as float)", SSQL_TYPE_FLOAT);
    expect_type("null == null", SSQL_TYPE_BOOL);
    expect_type("null", SSQL_TYPE_NULL);
}

static void predicates_read_as_written(void **state)
{
    (void)state;
    expect_expr("id between 1 and 5", "id >= 1 and id <= 5");
    expect_expr("id not between 1 and 5", "id < 1 or id > 5");
    expect_expr("id in (1, 2)", "id in (1, 2)");
    expect_expr("id not in (1)", "not id == 1");
    expect_expr("name like 'a%' escape '!'", "name like \"a%\" escape \"!\"");
    expect_expr("name is distinct from null", "name is distinct from null");
    expect_expr("active is not true", "active is distinct from true");
    expect_expr("(id + 1) * 2", "(id + 1) * 2");
    expect_expr("case id when 1 then 'one' else 'many' end", "case when id == 1 then \"one\" else \"many\" end");
    expect_expr("cast(id as string)", "cast(id as string)");
    expect_expr("+name", "name");
}

static void results_of_a_case_have_one_type(void **state)
{
    (void)state;
    expect_error("select case when active then 1 else 'x' end from users", SSQL_TYPE_MISMATCH, "'x'",
                 "the results of a case have one type: string here, int before", "cast(... as string) converts");
}

static void some_casts_do_not_exist(void **state)
{
    (void)state;
    expect_error("select cast(active as float) from users", SSQL_TYPE_MISMATCH, "cast(active as float)",
                 "cannot cast bool to float", "");
}

static void functions_check_their_arguments(void **state)
{
    (void)state;
    expect_type("length(name)", SSQL_TYPE_INT);
    expect_type("round(score)", SSQL_TYPE_FLOAT);
    expect_type("abs(id)", SSQL_TYPE_INT);
    expect_type("max(id, score)", SSQL_TYPE_FLOAT);
    expect_type("typeof(id)", SSQL_TYPE_STRING);
    expect_expr("floor(id)", "id");
    expect_expr("sqrt(id)", "sqrt(cast(id as float))");
    expect_error("select length(id) from users", SSQL_UNKNOWN_FUNCTION, "length(id)", "length does not take (int)",
                 "it is length(string); cast(... as string) converts");
    expect_error("select substr(name) from users", SSQL_UNKNOWN_FUNCTION, "substr(name)",
                 "substr does not take (string)", "it is substr(string, int start[, int length])");
    expect_error("select lenght(name) from users", SSQL_UNKNOWN_FUNCTION, "lenght", "unknown function \"lenght\"",
                 "did you mean \"length\"?");
    expect_error("select upper(distinct name) from users", SSQL_SYNTAX, "upper(distinct name)",
                 "distinct can only stand in an aggregate", "");
}

static void nesting_cannot_make_a_small_text_a_huge_plan(void **state)
{
    char text[4096] = "select ";
    struct ssql_error error;

    (void)state;
    for (int i = 0; i < 60; i++)
        strcat(text, "(");
    strcat(text, "active == true");
    for (int i = 0; i < 60; i++)
        strcat(text, ") between false and true");
    strcat(text, " from users");
    assert_null(plan_typed(text, NULL, &error));
    assert_int_equal(error.code, SSQL_TOO_LARGE);
}

static void a_hint_says_where_an_unknown_column_may_be(void **state)
{
    (void)state;
    expect_error("select 1 order by x", SSQL_UNKNOWN_COLUMN, "x", "unknown column \"x\": there is no from", "");
    expect_error("select 1 where x == 1", SSQL_UNKNOWN_COLUMN, "x", "unknown column \"x\": there is no from",
                 "a string needs quotes: 'x'");
    expect_error("select id from users where tag == 1", SSQL_UNKNOWN_COLUMN, "tag", "unknown column \"tag\" in users",
                 "a string needs quotes: 'tag'; the columns of users are id, name, active, score, age");
    expect_error("select age as n from users group by n + 1", SSQL_UNKNOWN_COLUMN, "n", "unknown column \"n\" in users",
                 "the columns of users are id, name, active, score, age");
    expect_error("select age + 1 as n from users group by age having sum(n) > 1", SSQL_UNKNOWN_COLUMN, "n",
                 "unknown column \"n\" in users",
                 "a string needs quotes: 'n'; the columns of users are id, name, active, score, age");
    expect_error("select case nobody when 1 then 2 end from users", SSQL_UNKNOWN_COLUMN, "nobody",
                 "unknown column \"nobody\" in users", "the columns of users are id, name, active, score, age");
}

static void a_part_that_is_no_condition_has_a_hint(void **state)
{
    (void)state;
    expect_error("select id from users where id == 1 or 2", SSQL_TYPE_MISMATCH, "2",
                 "a condition must be bool, but this is int", "one of several values is written so: a in (1, 2)");
    expect_error("select id from users where 1 or id == 2", SSQL_TYPE_MISMATCH, "1",
                 "a condition must be bool, but this is int", "compare it with something, as in a == 1");
    expect_error("select id from users where active or id", SSQL_TYPE_MISMATCH, "id",
                 "a condition must be bool, but this is int", "compare it with something, as in a == 1");
    expect_error("select id from users where id =!name", SSQL_TYPE_MISMATCH, "name",
                 "a condition must be bool, but this is string", "did you mean \"!=\"?");
    expect_error("select id from users where id = !name", SSQL_TYPE_MISMATCH, "name",
                 "a condition must be bool, but this is string", "compare it with something, as in a == 'text'");
    expect_error("update users set name = 'a' and age = 2", SSQL_TYPE_MISMATCH, "'a'",
                 "a condition must be bool, but this is string", "a comma stands between two assignments, not \"and\"");
}

static void results_of_a_case_may_all_be_null(void **state)
{
    (void)state;
    expect_type("case when active then null end", SSQL_TYPE_NULL);
    expect_expr("case id + 1 when 1 then 2 end", "case when id + 1 == 1 then 2 end");
    expect_error("select case when active then 1 else true end from users", SSQL_TYPE_MISMATCH, "true",
                 "the results of a case have one type: bool here, int before", "cast(... as int) converts");
    expect_error("select case when active then 'x' else 1 end from users", SSQL_TYPE_MISMATCH, "1",
                 "the results of a case have one type: int here, string before", "cast(... as string) converts");
}

static void a_huge_operand_of_a_case_is_refused(void **state)
{
    char text[4096] = "select case ";
    struct ssql_error error;

    (void)state;
    for (int i = 0; i < 16; i++)
        strcat(text, "(");
    strcat(text, "active == true");
    for (int i = 0; i < 16; i++)
        strcat(text, ") between false and true");
    strcat(text, " when true then 1 when false then 2 when null then 3 end from users");
    assert_null(plan_typed(text, NULL, &error));
    assert_int_equal(error.code, SSQL_TOO_LARGE);
}

static void nulls_among_nulls_are_null(void **state)
{
    (void)state;
    expect_expr("null in (null)", "null");
    expect_expr("coalesce(null, cast(null as int))", "null");
    expect_expr("id / null", "null");
    expect_expr("id / cast(null as int)", "null");
    expect_type("coalesce(null, cast(null as int))", SSQL_TYPE_INT);
}

static void a_coalesce_ends_where_no_null_can_be(void **state)
{
    (void)state;
    expect_expr("coalesce(name, 'x', name)", "coalesce(name, \"x\")");
    expect_expr("coalesce(name, name)", "coalesce(name, name)");
    expect_expr("coalesce(score, age) is null", "coalesce(score, cast(age as float)) is null");
}

static void numbers_are_folded_up_to_their_ends(void **state)
{
    (void)state;
    expect_expr("-(1.5 + 1)", "-2.5");
    expect_expr("-(9223372036854775807)", "-9223372036854775807");
    expect_expr("0 - (-9223372036854775808)", "0 - -9223372036854775808");
    expect_expr("-9223372036854775808 / -1", "-9223372036854775808 / -1");
    expect_expr("-9223372036854775808 - 1", "-9223372036854775808 - 1");
    expect_expr("9223372036854775807 * 2", "9223372036854775807 * 2");
    expect_expr("1e308 * 10", "1e+308 * 10.0");
    expect_expr("7 % 4", "3");
    expect_expr("5 % -1", "0");
    expect_expr("1 % 0", "1 % 0");
    expect_expr("7.5 % 2", "7.5 % 2.0");
    expect_expr("8 / -2", "-4");
    expect_expr("1 is distinct from 2", "true");
    expect_expr("1 is not distinct from 2", "false");
    expect_expr("1 is not null", "true");
}

static void a_separator_is_one_string(void **state)
{
    (void)state;
    expect_error("select group_concat(name, 1) from users", SSQL_UNKNOWN_FUNCTION, "group_concat(name, 1)",
                 "group_concat does not take (string, int)", "it is group_concat(string[, string separator])");
    expect_error("select group_concat(name, ',', 1) from users", SSQL_UNKNOWN_FUNCTION, "group_concat(name, ',', 1)",
                 "group_concat takes at most 2 arguments, not 3", "it is group_concat(string[, string separator])");
    expect_plan("select group_concat(name, ';'), group_concat(name), group_concat(name, ',') from users",
                "project group_concat(name, \";\"), group_concat(name), group_concat(name, \",\")\n"
                "  aggregate group_concat(name, \";\"), group_concat(name), group_concat(name, \",\")\n"
                "    scan users (all rows; columns name)");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(comparing_int_with_string_is_refused),
        cmocka_unit_test(int_widens_to_float),
        cmocka_unit_test(arithmetic_takes_numbers),
        cmocka_unit_test(a_condition_is_bool),
        cmocka_unit_test(unknown_columns_have_hints),
        cmocka_unit_test(output_names_come_after_where),
        cmocka_unit_test(hidden_columns_have_no_name),
        cmocka_unit_test(columns_may_be_qualified),
        cmocka_unit_test(unknown_tables_have_hints),
        cmocka_unit_test(constants_are_folded),
        cmocka_unit_test(what_fails_is_left_to_fail_when_it_is_reached),
        cmocka_unit_test(a_bare_null_takes_its_partners_type),
        cmocka_unit_test(predicates_read_as_written),
        cmocka_unit_test(results_of_a_case_have_one_type),
        cmocka_unit_test(some_casts_do_not_exist),
        cmocka_unit_test(functions_check_their_arguments),
        cmocka_unit_test(nesting_cannot_make_a_small_text_a_huge_plan),
        cmocka_unit_test(a_hint_says_where_an_unknown_column_may_be),
        cmocka_unit_test(a_part_that_is_no_condition_has_a_hint),
        cmocka_unit_test(results_of_a_case_may_all_be_null),
        cmocka_unit_test(a_huge_operand_of_a_case_is_refused),
        cmocka_unit_test(nulls_among_nulls_are_null),
        cmocka_unit_test(a_coalesce_ends_where_no_null_can_be),
        cmocka_unit_test(numbers_are_folded_up_to_their_ends),
        cmocka_unit_test(a_separator_is_one_string),
    };

    return cmocka_run_group_tests(tests, make_schema, drop_schema);
}
