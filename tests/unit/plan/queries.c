/* Select lists, groups, order and limit. */
#include "fixture.h"

static void only_needed_columns_are_read(void **state)
{
    (void)state;
    expect_plan("select name from users where active", "project name\n"
                                                       "  scan users (all rows; filter active; columns active, name)");
    expect_plan("select * from notes", "scan notes (all rows; columns text, stars)");
    expect_plan("select count(*) from users", "aggregate count(*)\n  scan users (all rows)");
}

static void a_select_without_from_is_one_row(void **state)
{
    (void)state;
    expect_plan("select 1 + 1, 'a' as b", "project 2, \"a\"\n  values (1 row)");
    expect_plan("select count(*)", "aggregate count(*)\n  values (1 row)");
    expect_error("select *", SSQL_SYNTAX, "*", "* means all columns of a table, but there is no from", "");
}

static void result_columns_are_named(void **state)
{
    struct plan *plan = plan_text("select ID, name as n, id  +  1, users.age from users");

    (void)state;
    assert_true(slice_equal(plan->root->column_names[0], slice_of("id")));
    assert_true(slice_equal(plan->root->column_names[1], slice_of("n")));
    assert_true(slice_equal(plan->root->column_names[2], slice_of("id + 1")));
    assert_true(slice_equal(plan->root->column_names[3], slice_of("age")));
    assert_true(plan->returns_rows);
    assert_true(plan->is_read_only);
    plan_destroy(plan);
}

static void groups_have_keys_and_aggregates(void **state)
{
    (void)state;
    expect_plan("select active, count(*), sum(age) from users group by active",
                "aggregate count(*), sum(age) by active\n  scan users (all rows; columns active, age)");
    expect_plan("select age / 10 as decade, count(*) from users group by decade having count(*) > 2 order by 2 desc",
                "sort by count(*) desc\n"
                "  project age / 10, count(*)\n"
                "    filter count(*) > 2\n"
                "      aggregate count(*) by age / 10\n"
                "        scan users (all rows; columns age)");
    expect_plan("select age / 10 from users group by 1", "aggregate by age / 10\n  scan users (all rows; columns age)");
    expect_plan("select count(distinct name), group_concat(name, '; ') from users",
                "project count(distinct name), group_concat(name, \"; \")\n"
                "  aggregate count(distinct name), group_concat(name, \"; \")\n"
                "    scan users (all rows; columns name)");
}

static void a_column_wins_over_an_output_name_in_group_by(void **state)
{
    (void)state;
    expect_plan("select name as age, count(*) from users group by age, name",
                "project name, count(*)\n"
                "  aggregate count(*) by age, name\n"
                "    scan users (all rows; columns name, age)");
}

static void having_and_order_by_know_output_names(void **state)
{
    (void)state;
    expect_plan("select active, count(*) as n from users group by active having n > 1 order by n",
                "sort by n\n"
                "  project active, count(*)\n"
                "    filter count(*) > 1\n"
                "      aggregate count(*) by active\n"
                "        scan users (all rows; columns active)");
}

static void ungrouped_columns_are_refused(void **state)
{
    (void)state;
    expect_error("select name, count(*) from users", SSQL_BAD_GROUPING, "name",
                 "column \"name\" must appear in group by or in an aggregate",
                 "an aggregate makes all rows one; \"group by name\" makes one of each value");
    expect_error("select age + 1 from users group by age order by id", SSQL_BAD_GROUPING, "id",
                 "column \"id\" must appear in group by or in an aggregate",
                 "a group has several values of it: group by it too, or take one, as in min(id)");
    expect_plan("select age + 1 from users group by age", "project age + 1\n"
                                                          "  aggregate by age\n"
                                                          "    scan users (all rows; columns age)");
}

static void aggregates_have_their_places(void **state)
{
    (void)state;
    expect_error("select id from users where sum(age) > 3", SSQL_BAD_GROUPING, "sum(age)",
                 "the aggregate sum cannot stand in where", "having chooses among groups");
    expect_error("select sum(count(*)) from users", SSQL_BAD_GROUPING, "count(*)",
                 "an aggregate cannot stand inside another", "");
    expect_error("select count(*) from users group by 1", SSQL_BAD_GROUPING, "1",
                 "an aggregate cannot stand in group by", "");
    expect_error("select sum(name) from users", SSQL_UNKNOWN_FUNCTION, "sum(name)", "sum does not take (string)",
                 "it is sum(number)");
    expect_error("select sum(*) from users", SSQL_UNKNOWN_FUNCTION, "sum(*)", "sum does not take *",
                 "it is sum(number)");
    expect_error("select avg() from users", SSQL_UNKNOWN_FUNCTION, "avg()", "avg needs an argument",
                 "it is avg(number)");
    expect_error("update users set age = max(age)", SSQL_BAD_GROUPING, "max(age)",
                 "the aggregate max cannot stand in set", "");
}

static void aggregates_have_types(void **state)
{
    (void)state;
    expect_type("count(name)", SSQL_TYPE_INT);
    expect_type("sum(age)", SSQL_TYPE_INT);
    expect_type("sum(score)", SSQL_TYPE_FLOAT);
    expect_type("avg(age)", SSQL_TYPE_FLOAT);
    expect_type("max(name)", SSQL_TYPE_STRING);
    expect_type("group_concat(name)", SSQL_TYPE_STRING);
}

static void order_by_takes_names_numbers_and_expressions(void **state)
{
    (void)state;
    expect_plan("select name from users order by age + 1 desc, 1 nulls last",
                "project name\n"
                "  sort by age + 1 desc, name nulls last\n"
                "    project name, age + 1\n"
                "      scan users (all rows; columns name, age)");
    expect_plan("select -age as age from users order by age",
                "sort by age\n  project -age\n    scan users (all rows; columns age)");
    expect_error("select name from users order by 2", SSQL_UNKNOWN_COLUMN, "2",
                 "there is no column 2: the select list has 1", "");
    expect_error("select id as x, age as x from users order by x", SSQL_AMBIGUOUS, "x",
                 "several output columns are called \"x\"", "");
}

static void the_limit_is_pushed_into_the_sort(void **state)
{
    (void)state;
    expect_plan("select name from users order by name limit 10 offset 5", "limit 10 offset 5\n"
                                                                          "  sort by name (first 15)\n"
                                                                          "    scan users (all rows; columns name)");
    expect_plan("select name from users order by name limit 9223372036854775807 offset 9223372036854775807",
                "limit 9223372036854775807 offset 9223372036854775807\n"
                "  sort by name (first 4611686018427387902)\n"
                "    scan users (all rows; columns name)");
    expect_error("select name from users limit -1", SSQL_OUT_OF_RANGE, "-1", "limit must not be negative",
                 "without \"limit\" all rows come");
    expect_error("select name from users limit 'x'", SSQL_TYPE_MISMATCH, "'x'", "limit must be int, but this is string",
                 "");
    expect_error("select name from users limit age", SSQL_UNKNOWN_COLUMN, "age",
                 "unknown column \"age\": no column can stand here", "");
}

static void the_limit_comes_before_the_work_on_its_rows(void **state)
{
    (void)state;
    expect_plan("select 1 / age from users limit 1", "project 1 / age\n"
                                                     "  limit 1\n"
                                                     "    scan users (all rows; columns age)");
}

static void distinct_orders_only_by_what_it_has(void **state)
{
    (void)state;
    expect_plan("select distinct age from users order by age",
                "sort by age\n  distinct\n    scan users (all rows; columns age)");
    expect_error("select distinct name from users order by age", SSQL_BAD_GROUPING, "age",
                 "with distinct, order by can only use what the select list has", "");
}

static void values_are_a_query(void **state)
{
    struct plan *plan = plan_text("values (1, null), (2.5, 'x') order by column1 desc limit 1");

    (void)state;
    assert_int_equal(plan->root->column_types[0], SSQL_TYPE_FLOAT);
    assert_int_equal(plan->root->column_types[1], SSQL_TYPE_STRING);
    assert_true(slice_equal(plan->root->column_names[1], slice_of("column2")));
    plan_destroy(plan);
    expect_plan("values (1), (2) order by column1 + 1", "project column1\n"
                                                        "  sort by column1 + 1\n"
                                                        "    project column1, column1 + 1\n"
                                                        "      values (2 rows)");
    expect_error("values (1, 2), (3)", SSQL_VALUE_COUNT, "(3)", "row 2 has 1 value, but the first has 2", "");
    expect_error("values (1), ('x')", SSQL_TYPE_MISMATCH, "'x'", "column 1 of values is int, but the value is string",
                 "");
}

static void widths_of_values_are_compared(void **state)
{
    (void)state;
    expect_error("values (1), (2, 3)", SSQL_VALUE_COUNT, "(2, 3)", "row 2 has 2 values, but the first has 1", "");
    expect_plan("values (null), (null)", "values (2 rows)");
    expect_plan("values (null) order by column1 + 1", "values (1 row)");
}

static void an_expression_of_the_select_list_orders_by_itself(void **state)
{
    (void)state;
    expect_plan("select id + 1, age from users order by id + 1",
                "sort by id + 1\n  project id + 1, age\n    scan users (all rows; columns id, age)");
    expect_plan("select name, age from users order by users.age, name",
                "sort by age, name\n  scan users (all rows; columns name, age)");
    expect_plan("select name from users order by 'x', null, 1 + 1", "scan users (all rows; columns name)");
    expect_plan("select id, id from users order by id",
                "project id, id\n  scan users (all rows; columns id; in key order)");
    expect_plan("select name from users order by name nulls last, age desc nulls first, active desc",
                "project name\n"
                "  sort by name nulls last, age desc nulls first, active desc\n"
                "    project name, age, active\n"
                "      scan users (all rows; columns name, active, age)");
}

static void keys_of_groups_may_be_constants_and_output_names(void **state)
{
    (void)state;
    expect_plan("select count(*) from users group by 'x'",
                "project count(*)\n  aggregate count(*) by true\n    scan users (all rows)");
    expect_plan("select 1 as n group by n", "project 1\n  aggregate by true\n    values (1 row)");
    expect_error("select sum(id) + max(id) as n from users group by n", SSQL_BAD_GROUPING, "n",
                 "an aggregate cannot stand in group by", "");
    expect_error("select id as n, age as n from users group by n", SSQL_AMBIGUOUS, "n",
                 "several output columns are called \"n\"", "");
}

static void only_the_same_expression_is_a_key(void **state)
{
    (void)state;
    expect_error("select concat(name, name, name) from users group by concat(name, upper(name))", SSQL_BAD_GROUPING,
                 "name", "column \"name\" must appear in group by or in an aggregate",
                 "a group has several values of it: group by it too, or take one, as in min(name)");
    expect_error("select id + 1 from users group by id + 2", SSQL_BAD_GROUPING, "id",
                 "column \"id\" must appear in group by or in an aggregate",
                 "a group has several values of it: group by it too, or take one, as in min(id)");
    expect_error("select upper(name) from users group by lower(name)", SSQL_BAD_GROUPING, "name",
                 "column \"name\" must appear in group by or in an aggregate",
                 "a group has several values of it: group by it too, or take one, as in min(name)");
    expect_error("select id + age from users group by name", SSQL_BAD_GROUPING, "id",
                 "column \"id\" must appear in group by or in an aggregate",
                 "a group has several values of it: group by it too, or take one, as in min(id)");
}

static void equal_aggregates_are_one(void **state)
{
    (void)state;
    expect_plan("select sum(id), sum(id), sum(distinct id), sum(age), avg(id), min(id), max(id), count(id), count(*),"
                " count(age), min(age), max(age) + sum(id) from users",
                "project sum(id), sum(id), sum(distinct id), sum(age), avg(id), min(id), max(id), count(id), count(*),"
                " count(age), min(age), max(age) + sum(id)\n"
                "  aggregate sum(id), sum(distinct id), sum(age), avg(id), min(id), max(id), count(id), count(*),"
                " count(age), min(age), max(age)\n"
                "    scan users (all rows; columns id, age)");
}

static void queries_have_limits(void **state)
{
    enum { ITEMS = 5000, ITEM_SIZE = 30 };
    static const struct {
        const char *begin, *item, *end, *message;
    } cases[] = {
        {"select id", ", *", " from users", "a result has at most 4096 columns"},
        {"select 1 from users group by id", ", age", "", "group by takes at most 1024 expressions"},
        {"select 1 from users order by id", ", age", "", "order by takes at most 1024 expressions"},
        {"select 1 from users having least(0", ", sum(%d)", ") > 0", "a query has at most 4096 aggregates"},
    };
    char *text = malloc(ITEMS * ITEM_SIZE);
    struct ssql_error error;

    (void)state;
    assert_non_null(text);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char *at = text + sprintf(text, "%s", cases[i].begin);
        for (int k = 0; k < ITEMS; k++)
            at += sprintf(at, cases[i].item, k);
        strcpy(at, cases[i].end);
        assert_null(plan_typed(text, NULL, &error));
        assert_string_equal(error.message, cases[i].message);
        assert_int_equal(error.code, SSQL_TOO_LARGE);
    }
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_needed_columns_are_read),
        cmocka_unit_test(a_select_without_from_is_one_row),
        cmocka_unit_test(result_columns_are_named),
        cmocka_unit_test(groups_have_keys_and_aggregates),
        cmocka_unit_test(a_column_wins_over_an_output_name_in_group_by),
        cmocka_unit_test(having_and_order_by_know_output_names),
        cmocka_unit_test(ungrouped_columns_are_refused),
        cmocka_unit_test(aggregates_have_their_places),
        cmocka_unit_test(aggregates_have_types),
        cmocka_unit_test(order_by_takes_names_numbers_and_expressions),
        cmocka_unit_test(the_limit_is_pushed_into_the_sort),
        cmocka_unit_test(the_limit_comes_before_the_work_on_its_rows),
        cmocka_unit_test(distinct_orders_only_by_what_it_has),
        cmocka_unit_test(values_are_a_query),
        cmocka_unit_test(widths_of_values_are_compared),
        cmocka_unit_test(an_expression_of_the_select_list_orders_by_itself),
        cmocka_unit_test(keys_of_groups_may_be_constants_and_output_names),
        cmocka_unit_test(only_the_same_expression_is_a_key),
        cmocka_unit_test(equal_aggregates_are_one),
        cmocka_unit_test(queries_have_limits),
    };

    return cmocka_run_group_tests(tests, make_schema, drop_schema);
}
