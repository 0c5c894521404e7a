/* Types of parameters: from their places, else from the values bound. */
#include "fixture.h"

/* Types of all parameters, space by space. */
static void expect_parameters(const char *text, const enum ssql_type *given, const char *wanted)
{
    struct ssql_error error;
    struct plan *plan = plan_typed(text, given, &error);
    char found[128] = "";

    if (plan == NULL)
        fail_msg("%s: %s", text, error.message);
    for (uint32_t i = 0; i < plan->parameter_count; i++) {
        if (i > 0)
            strcat(found, " ");
        strcat(found, type_name(plan->parameters[i].type));
    }
    assert_string_equal(found, wanted);
    plan_destroy(plan);
}

static void a_place_tells_the_type(void **state)
{
    (void)state;
    expect_parameters("select * from users where id == ? and name like ? and ? < score", NULL, "int string float");
    expect_parameters("insert into users values (?, ?, ?, ?, ?)", NULL, "int string bool float int");
    expect_parameters("update users set name = :n where :a", NULL, "string bool");
    expect_parameters("select substr(?, ?) from users limit ? offset ?", NULL, "string int int int");
    expect_parameters("select * from users where id in (?, ?) or ? between 1 and 2.5", NULL, "int int float");
    expect_parameters("insert into notes select ?, ? from users", NULL, "string int");
}

static void a_later_place_tells_it_too(void **state)
{
    (void)state;
    expect_parameters("select id from users where :a is null or id == :a", NULL, "int");
    expect_plan("select id from users where :a is null or id == :a",
                "scan users (all rows; filter ?1 is null or id == ?1; columns id)");
    expect_parameters("select ?1 == ?2, ?2 == ?3, ?3 == 1.5 from users", NULL, "float float float");
}

static void what_no_place_tells_the_value_does(void **state)
{
    const enum ssql_type types[] = {SSQL_TYPE_STRING, SSQL_TYPE_INT};

    (void)state;
    expect_parameters("select ?, ? + ?", NULL, "null null null");
    expect_parameters("select ?, ?", types, "string int");
    expect_parameters("select * from users where id == ? and age == ?", types, "int int");
    expect_parameters("select cast(? as int), ?", types, "string int");
}

static void a_type_given_twice_must_fit(void **state)
{
    (void)state;
    expect_error("select * from users where id == :a and name == :a", SSQL_TYPE_MISMATCH,
                 "==", "cannot compare string with int", "cast(... as string) converts");
}

static void chains_of_parameters_end(void **state)
{
    char text[4096] = "select ";
    struct ssql_error error;

    (void)state;
    for (int i = 1; i < 100; i++)
        sprintf(text + strlen(text), "?%d == ?%d, ", i, i + 1);
    strcat(text, "?100 == 1");
    assert_null(plan_typed(text, NULL, &error));
    assert_int_equal(error.code, SSQL_TOO_LARGE);
}

static void parameters_keep_their_names(void **state)
{
    struct plan *plan = plan_text("select :first, $second");

    (void)state;
    assert_true(slice_equal(plan->parameters[0].name, slice_of("first")));
    assert_true(slice_equal(plan->parameters[1].name, slice_of("second")));
    plan_destroy(plan);
}

static void a_parameter_cannot_be_of_two_types(void **state)
{
    (void)state;
    expect_error("select ?1 == length(?1)", SSQL_TYPE_MISMATCH, "==", "cannot compare string with int",
                 "cast(... as string) converts");
    expect_error("select ?1 + length(?1)", SSQL_TYPE_MISMATCH, "+", "+ takes numbers, not string and int",
                 "concat(a, b) joins strings");
    expect_error("select ?1 between length(?1) and 3", SSQL_TYPE_MISMATCH, "?1 between length(?1) and 3",
                 "cannot compare string with int", "cast(... as string) converts");
    expect_error("select ?1 in (length(?1), 2)", SSQL_TYPE_MISMATCH, "?1 in (length(?1), 2)",
                 "cannot compare string with int", "cast(... as string) converts");
    expect_error("select case ?1 when length(?1) then 1 end", SSQL_TYPE_MISMATCH, "case ?1 when length(?1) then 1 end",
                 "cannot compare string with int", "cast(... as string) converts");
    expect_error("select case when 1 == 2 then ?1 else length(?1) end", SSQL_TYPE_MISMATCH,
                 "case when 1 == 2 then ?1 else length(?1) end", "the results of a case have one type", "");
    expect_error("values (?1), (length(?1))", SSQL_TYPE_MISMATCH, "(?1)", "column 1 of values is int", "");
}

static void a_parameter_of_a_call_cannot_be_of_two_types(void **state)
{
    (void)state;
    expect_error("select substr(?1, ?1)", SSQL_UNKNOWN_FUNCTION, "substr(?1, ?1)",
                 "substr does not take (string, string)", "it is substr(string, int start[, int length])");
    expect_error("select substr('x', ?1, cast(?1 + 0.5 as int))", SSQL_UNKNOWN_FUNCTION,
                 "substr('x', ?1, cast(?1 + 0.5 as int))", "substr does not take (string, float, int)",
                 "it is substr(string, int start[, int length])");
    expect_error("select coalesce(?1, length(?1))", SSQL_UNKNOWN_FUNCTION, "coalesce(?1, length(?1))",
                 "coalesce does not take (string, int)", "it is coalesce(value, ...), with values of one type");
    expect_error("select group_concat(?1, cast(?1 + 1 as string)) from users", SSQL_UNKNOWN_FUNCTION,
                 "group_concat(?1, cast(?1 + 1 as string))", "group_concat does not take (int, string)",
                 "it is group_concat(string[, string separator])");
}

static void a_parameter_used_twice_has_the_type_of_either_place(void **state)
{
    (void)state;
    expect_parameters("select coalesce(?1, ?1, id) from users", NULL, "int");
    expect_parameters("select sum(?), avg(?), count(?), min(?) from users", NULL, "int int int int");
    expect_plan("select name from users order by name limit ? offset 3",
                "limit ?1 offset 3\n"
                "  sort by name (first min(?1, 2305843009213693951) + 3)\n"
                "    scan users (all rows; columns name)");
}

static void values_that_are_nulls_leave_types_open(void **state)
{
    const enum ssql_type types[] = {SSQL_TYPE_NULL, SSQL_TYPE_INT, SSQL_TYPE_NULL};

    (void)state;
    expect_parameters("select ?, ?, ?", types, "null int null");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_place_tells_the_type),
        cmocka_unit_test(a_later_place_tells_it_too),
        cmocka_unit_test(what_no_place_tells_the_value_does),
        cmocka_unit_test(a_type_given_twice_must_fit),
        cmocka_unit_test(chains_of_parameters_end),
        cmocka_unit_test(parameters_keep_their_names),
        cmocka_unit_test(a_parameter_cannot_be_of_two_types),
        cmocka_unit_test(a_parameter_of_a_call_cannot_be_of_two_types),
        cmocka_unit_test(a_parameter_used_twice_has_the_type_of_either_place),
        cmocka_unit_test(values_that_are_nulls_leave_types_open),
    };

    return cmocka_run_group_tests(tests, make_schema, drop_schema);
}
