/* Which rows of a table are read, and in which order. */
#include "fixture.h"

static void a_whole_key_is_looked_up(void **state)
{
    (void)state;
    expect_plan("select name from users where id == 7", "lookup users (key id == 7; columns name)");
    expect_plan("select c from pairs where 'x' = b and a = 1 and c > 0",
                "lookup Pairs (key a == 1, b == \"x\"; filter c > 0.0; columns c)");
    expect_plan("select name from users where id == ?", "lookup users (key id == ?1; columns name)");
}

static void key_conditions_become_a_range(void **state)
{
    (void)state;
    expect_plan("select id from users where id >= 10 and id < 20", "scan users (key id >= 10, id < 20; columns id)");
    expect_plan("select id from users where 10 < id", "scan users (key id > 10; columns id)");
    expect_plan("select id from users where 10 <= id and 20 >= id", "scan users (key id >= 10, id <= 20; columns id)");
    expect_plan("select id from users where id between 1 and 5", "scan users (key id >= 1, id <= 5; columns id)");
    expect_plan("select c from pairs where a == 1", "scan Pairs (key a == 1; columns c)");
    expect_plan("select c from pairs where a == 1 and b > 'k'", "scan Pairs (key a == 1, b > \"k\"; columns c)");
}

static void what_the_range_does_not_say_stays_a_filter(void **state)
{
    (void)state;
    expect_plan("select id from users where id > 1 and id > 5 and active",
                "project id\n  scan users (key id > 1; filter id > 5 and active; columns id, active)");
    expect_plan("select c from pairs where b == 'x'",
                "project c\n  scan Pairs (all rows; filter b == \"x\"; columns b, c)");
    expect_plan("select id from users where id in (5, 1, 9)",
                "scan users (key id >= 1, id <= 9; filter id in (5, 1, 9); columns id)");
    expect_plan("select c from pairs where a == 1 and b like 'ab%'",
                "project c\n"
                "  scan Pairs (key a == 1, b >= \"ab\", b < \"ac\"; filter b like \"ab%\"; columns b, c)");
    expect_plan("select id from users where id == 1 or id == 2",
                "scan users (all rows; filter id == 1 or id == 2; columns id)");
}

static void a_failing_bound_is_no_bound_behind_another_condition(void **state)
{
    (void)state;
    expect_plan("select id from users where active and id > 1 / 0",
                "project id\n  scan users (all rows; filter active and id > 1 / 0; columns active, id)");
    expect_plan("select id from users where id > 1 / 0", "scan users (key id > 1 / 0; columns id)");
}

static void a_condition_that_is_never_true_reads_nothing(void **state)
{
    (void)state;
    expect_plan("select id from users where false", "no rows");
    expect_plan("select id from users where id == null", "no rows");
    expect_plan("select count(*) from users where 1 == 2", "aggregate count(*)\n  no rows");
    expect_plan("select id from users where true", "scan users (all rows; columns id)");
    expect_plan("select id from users where id / age == 1 and false",
                "project id\n  scan users (all rows; filter id / age == 1 and false; columns id, age)");
    expect_plan("select id from users where id / age == 1 and null",
                "project id\n  scan users (all rows; filter id / age == 1 and null; columns id, age)");
}

static void columns_compared_with_constants_have_zones(void **state)
{
    struct plan *plan = plan_text("select id from users where age > 30 and active and name is null and score == id");

    (void)state;
    const struct plan_node *scan = plan->root->child;
    assert_int_equal(scan->kind, PLAN_SCAN);
    assert_int_equal(scan->scan.zone_count, 3);
    assert_int_equal(scan->scan.zones[0].column, 4);
    assert_int_equal(scan->scan.zones[0].operator, ZONE_GREATER);
    assert_int_equal(scan->scan.zones[0].constant->constant.integer, 30);
    assert_int_equal(scan->scan.zones[1].column, 2);
    assert_true(scan->scan.zones[1].constant->constant.boolean);
    assert_int_equal(scan->scan.zones[2].operator, ZONE_IS_NULL);
    plan_destroy(plan);
}

static void filter_columns_come_first(void **state)
{
    struct plan *plan = plan_text("select id, name from users where score > 1.5");

    (void)state;
    const struct plan_node *scan = plan->root->child;
    assert_int_equal(scan->scan.filter_column_count, 1);
    assert_int_equal(scan->scan.columns[0], 3);
    assert_int_equal(scan->column_count, 3);
    plan_destroy(plan);
}

static void order_by_the_key_needs_no_sort(void **state)
{
    (void)state;
    expect_plan("select id from users order by id", "scan users (all rows; columns id; in key order)");
    expect_plan("select id from users order by id desc, name limit 3",
                "limit 3\n"
                "  scan users (all rows; columns id; in key order, descending)");
    expect_plan("select c from pairs where a == 1 order by a, b desc",
                "scan Pairs (key a == 1; columns c; in key order, descending)");
    expect_plan("select a from pairs order by a, b desc", "project a\n"
                                                          "  sort by a, b desc\n"
                                                          "    scan Pairs (all rows; columns a, b)");
    expect_plan("select id from users where id == 3 order by name", "lookup users (key id == 3; columns id)");
}

static void the_extreme_of_a_key_is_one_row(void **state)
{
    (void)state;
    expect_plan("select max(id) from users",
                "aggregate max(id)\n  limit 1\n    scan users (all rows; columns id; in key order, descending)");
    expect_plan("select min(b) from pairs where a == 2",
                "aggregate min(b)\n  limit 1\n    scan Pairs (key a == 2; columns b; in key order)");
    expect_plan("select max(age) from users", "aggregate max(age)\n  scan users (all rows; columns age)");
}

static void what_is_no_comparison_of_a_column_says_nothing_of_keys(void **state)
{
    (void)state;
    expect_plan("select id from users where id in (1, age)",
                "project id\n  scan users (all rows; filter id in (1, age); columns id, age)");
    expect_plan("select id from users where id in (1, null)",
                "scan users (all rows; filter id in (1, null); columns id)");
    expect_plan("select id from users where abs(id) in (1, 2)",
                "scan users (all rows; filter abs(id) in (1, 2); columns id)");
    expect_plan("select a from pairs where a == 1 and b like 'x%' escape '!'",
                "project a\n  scan Pairs (key a == 1; filter b like \"x%\" escape \"!\"; columns b, a)");
    expect_plan("select a from pairs where a == 1 and upper(b) like 'X%' and b like b and b like ''",
                "project a\n  scan Pairs (key a == 1; filter upper(b) like \"X%\" and b like b and b like \"\";"
                " columns b, a)");
    expect_plan("select id from users where not id == 1 and id + 1 is null and id + 1 is not null",
                "scan users (all rows; filter not id == 1 and id + 1 is null and id + 1 is not null; columns id)");
    expect_plan("select name from users where starts_with(name, 'a') and min(active, active, true)",
                "project name\n  scan users (all rows; filter starts_with(name, \"a\") and min(active, active, true);"
                " columns name, active)");
}

static void a_prefix_of_wide_characters_is_a_range(void **state)
{
    (void)state;
    expect_plan("select b from pairs where a == 1 and b like '\u00e9%'",
                "scan Pairs (key a == 1, b >= \"\u00e9\", b < \"\u00ea\"; filter b like \"\u00e9%\"; columns b)");
}

static void only_the_extreme_of_a_column_in_key_order_is_one_row(void **state)
{
    (void)state;
    expect_plan("select min(id + 1) from users", "aggregate min(id + 1)\n  scan users (all rows; columns id)");
    expect_plan("select min(id) from users where id == 1",
                "aggregate min(id)\n  lookup users (key id == 1; columns id)");
    expect_plan("select min(id) from users where 1 == 2", "aggregate min(id)\n  no rows");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_whole_key_is_looked_up),
        cmocka_unit_test(key_conditions_become_a_range),
        cmocka_unit_test(what_the_range_does_not_say_stays_a_filter),
        cmocka_unit_test(a_failing_bound_is_no_bound_behind_another_condition),
        cmocka_unit_test(a_condition_that_is_never_true_reads_nothing),
        cmocka_unit_test(columns_compared_with_constants_have_zones),
        cmocka_unit_test(filter_columns_come_first),
        cmocka_unit_test(order_by_the_key_needs_no_sort),
        cmocka_unit_test(the_extreme_of_a_key_is_one_row),
        cmocka_unit_test(what_is_no_comparison_of_a_column_says_nothing_of_keys),
        cmocka_unit_test(a_prefix_of_wide_characters_is_a_range),
        cmocka_unit_test(only_the_extreme_of_a_column_in_key_order_is_one_row),
    };

    return cmocka_run_group_tests(tests, make_schema, drop_schema);
}
