/* Insert, update and delete. */
#include "fixture.h"

static void rows_give_every_column_its_value_or_default(void **state)
{
    struct plan *plan = plan_text("insert into users (name, id) values ('a', 1), (null, 2)");
    const struct plan_node *values = plan->root->child;

    (void)state;
    assert_int_equal(plan->root->kind, PLAN_INSERT);
    assert_false(plan->is_read_only);
    assert_false(plan->returns_rows);
    assert_int_equal(values->values.row_count, 2);
    assert_int_equal(values->column_count, 5);
    assert_int_equal(values->values.items[0]->constant.integer, 1);
    assert_true(slice_equal(values->values.items[1]->constant.string, slice_of("a")));
    assert_true(values->values.items[2]->constant.is_null);
    assert_int_equal(values->values.items[4]->constant.integer, 18);
    assert_true(values->values.items[6]->constant.is_null);
    assert_int_equal(values->values.items[6]->type, SSQL_TYPE_STRING);
    plan_destroy(plan);
}

static void default_stands_for_the_columns_default(void **state)
{
    struct plan *plan = plan_text("insert into users values (1, 'a', default, 2, default)");
    struct bound_expr **items = plan->root->child->values.items;

    (void)state;
    assert_true(items[2]->constant.is_null);
    assert_true(items[3]->constant.real == 2.0);
    assert_int_equal(items[4]->constant.integer, 18);
    plan_destroy(plan);
    expect_plan("insert into users default values", "insert into users\n  values (1 row)");
    expect_plan("update users set age = default", "update users set age = 18\n"
                                                  "  scan users (all rows; columns id, name, active, score, age)");
}

static void wrong_numbers_of_values_are_refused(void **state)
{
    (void)state;
    expect_error("insert into notes values 'a'", SSQL_VALUE_COUNT, "'a'", "1 value, but 2 columns of notes are wanted",
                 "the columns of notes are text, stars");
    expect_error("insert into notes values ('a', 1), ('b', 2, 3)", SSQL_VALUE_COUNT, "('b', 2, 3)",
                 "row 2 has 3 values, but 2 columns of notes are wanted", "the columns of notes are text, stars");
    expect_error("insert into users (id) select id, name from users", SSQL_VALUE_COUNT, "select id, name from users",
                 "the query gives 2 columns, but 1 of users is wanted", "");
    expect_error("update notes set 'a'", SSQL_VALUE_COUNT, "'a'", "1 value, but notes has 2 columns",
                 "the columns of notes are text, stars");
}

static void values_have_the_columns_types(void **state)
{
    (void)state;
    expect_error("insert into notes values ('a', 'b')", SSQL_TYPE_MISMATCH, "'b'",
                 "column \"stars\" is int, but the value is string", "");
    expect_error("insert into notes values (1, 1)", SSQL_TYPE_MISMATCH, "1",
                 "column \"text\" is string, but the value is int", "use 'single quotes' for a string");
    expect_error("insert into notes values (bob, 1)", SSQL_UNKNOWN_COLUMN, "bob",
                 "unknown column \"bob\": no column can stand here", "a string needs quotes: 'bob'");
    expect_error("insert into notes select name, name from users", SSQL_TYPE_MISMATCH, "name",
                 "column \"stars\" is int, but the query gives string", "");
    expect_error("update users set age = 1.5", SSQL_TYPE_MISMATCH, "1.5",
                 "column \"age\" is int, but the value is float", "cast(... as int) cuts off what is behind the point");
}

static void columns_are_named_once(void **state)
{
    (void)state;
    expect_error("insert into users (id, ID) values (1, 2)", SSQL_COLUMN_EXISTS, "ID", "column \"ID\" is named twice",
                 "");
    expect_error("insert into users (id, nam) values (1, 2)", SSQL_UNKNOWN_COLUMN, "nam",
                 "unknown column \"nam\" in users", "did you mean \"name\"?");
    expect_error("update users set age = 1, age = 2", SSQL_COLUMN_EXISTS, "age", "column \"age\" is set twice", "");
}

static void a_query_is_brought_to_the_tables_columns(void **state)
{
    (void)state;
    expect_plan("insert into notes select name, age from users",
                "insert into notes\n  scan users (all rows; columns name, age)");
    expect_plan("insert into pairs (c, b, a) select id, name, age from users",
                "insert into Pairs\n"
                "  project age, name, id\n"
                "    project cast(id as float), name, age\n"
                "      scan users (all rows; columns id, name, age)");
    expect_plan("insert into notes (stars) select null from users", "insert into notes\n"
                                                                    "  project null, null\n"
                                                                    "    project null\n"
                                                                    "      scan users (all rows)");
}

static void upsert_and_conflicts_have_modes(void **state)
{
    (void)state;
    expect_plan("upsert into notes values ('a', 1)", "upsert into notes\n  values (1 row)");
    expect_plan("insert into users (id) values (1) on conflict (id) do nothing",
                "insert into users (on conflict do nothing)\n  values (1 row)");
    expect_error("insert into users (id) values (1) on conflict (name) do nothing", SSQL_NOT_SUPPORTED,
                 "on conflict (name) do nothing",
                 "a conflict in other columns than the primary key is not supported yet", "");
}

static void an_update_reads_all_and_sets_some(void **state)
{
    (void)state;
    expect_plan("update users set age = age + 1 where id == 3",
                "update users set age = age + 1\n"
                "  lookup users (key id == 3; columns id, name, active, score, age)");
    expect_plan("update users set id = id + 1", "update users set id = id + 1 (moves rows)\n"
                                                "  scan users (all rows; columns id, name, active, score, age)");
}

static void an_update_that_keeps_the_key_moves_nothing(void **state)
{
    (void)state;
    expect_plan("update notes set \"al\", 2", "update notes set text = \"al\", stars = 2\n"
                                              "  scan notes (all rows; columns text, stars, (row))");
    expect_plan("update users set 1, \"al\", false, 2.5, 3 where id == 1",
                "update users set id = 1, name = \"al\", active = false, score = 2.5, age = 3\n"
                "  lookup users (key id == 1; columns id, name, active, score, age)");
    expect_plan("update users set id = 2 where id == 1",
                "update users set id = 2 (moves rows)\n"
                "  lookup users (key id == 1; columns id, name, active, score, age)");
}

static void a_delete_reads_keys(void **state)
{
    struct plan *plan = plan_text("delete from pairs where c > 1 and b == 'x'");

    (void)state;
    const struct plan_node *scan = plan->root->child;
    assert_int_equal(scan->scan.columns[plan->root->remove.key[0]], 0);
    assert_int_equal(scan->scan.columns[plan->root->remove.key[1]], 1);
    plan_destroy(plan);
    expect_plan("delete from notes", "delete from notes\n  scan notes (all rows; columns (row))");
}

static void a_value_of_another_type_has_a_hint(void **state)
{
    static const struct {
        const char *text, *place, *message, *hint;
    } cases[] = {
        {"insert into users (id) values ('-5')", "'-5'", "column \"id\" is int, but the value is string",
         "a number is written without quotes: -5"},
        {"insert into users (id) values ('1.5')", "'1.5'", "column \"id\" is int, but the value is string",
         "a number is written without quotes: 1.5"},
        {"insert into users (id) values ('5-')", "'5-'", "column \"id\" is int, but the value is string", ""},
        {"insert into users (id) values ('1:')", "'1:'", "column \"id\" is int, but the value is string", ""},
        {"insert into users (id) values ('.')", "'.'", "column \"id\" is int, but the value is string", ""},
        {"insert into users (id) values ('1234567890123456789012345678901234567890')",
         "'1234567890123456789012345678901234567890'", "column \"id\" is int, but the value is string", ""},
        {"insert into users (id, name) values (1, cast(null as int))", "null",
         "column \"name\" is string, but the value is int", "cast(... as string) converts"},
        {"insert into users (id, name) values (1, true)", "true", "column \"name\" is string, but the value is bool",
         "cast(... as string) converts"},
        {"insert into users (id, score) values (1, true)", "true", "column \"score\" is float, but the value is bool",
         ""},
        {"insert into users (id, age) values (1, true)", "true", "column \"age\" is int, but the value is bool", ""},
        {"insert into users (id, active) values (1, 'x')", "'x'", "column \"active\" is bool, but the value is string",
         "the values of a bool are true and false"},
        {"update users set age = name", "name", "column \"age\" is int, but the value is string",
         "cast(... as int) converts"},
        {"update users set score = active", "active", "column \"score\" is float, but the value is bool", ""},
        {"update users set name = age", "age", "column \"name\" is string, but the value is int",
         "cast(... as string) converts"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        expect_error(cases[i].text, SSQL_TYPE_MISMATCH, cases[i].place, cases[i].message, cases[i].hint);
}

static void numbers_of_values_are_told_in_words(void **state)
{
    (void)state;
    expect_error("insert into users (id) values (1, 2)", SSQL_VALUE_COUNT, "(1, 2)",
                 "2 values, but 1 column of users is wanted", "");
    expect_error("insert into users (id) values (1, 2), (3, 4)", SSQL_VALUE_COUNT, "(1, 2)",
                 "row 1 has 2 values, but 1 column of users is wanted", "");
    expect_error("insert into users (id, name) values (1), (2)", SSQL_VALUE_COUNT, "(1)",
                 "row 1 has 1 value, but 2 columns of users are wanted", "");
}

static void a_conflict_names_the_whole_key(void **state)
{
    (void)state;
    expect_error("insert into pairs (a, b) values (1, 'x') on conflict (a) do nothing", SSQL_NOT_SUPPORTED,
                 "on conflict (a) do nothing", "a conflict in other columns than the primary key is not supported yet",
                 "");
    expect_error("insert into notes values ('a', 1) on conflict (text) do nothing", SSQL_NOT_SUPPORTED,
                 "on conflict (text) do nothing",
                 "a conflict in other columns than the primary key is not supported yet", "");
}

static void columns_may_be_set_to_each_other(void **state)
{
    (void)state;
    expect_plan("update users set age = id, id = age", "update users set id = age, age = id (moves rows)\n"
                                                       "  scan users (all rows; columns id, name, active, score, age)");
    expect_plan("update users set id = id, score = age",
                "update users set score = cast(age as float)\n"
                "  scan users (all rows; columns id, name, active, score, age)");
    expect_plan("insert into notes (stars, text) select age, name from users",
                "insert into notes\n"
                "  project name, age\n"
                "    project age, name\n"
                "      scan users (all rows; columns name, age)");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_give_every_column_its_value_or_default),
        cmocka_unit_test(default_stands_for_the_columns_default),
        cmocka_unit_test(wrong_numbers_of_values_are_refused),
        cmocka_unit_test(values_have_the_columns_types),
        cmocka_unit_test(columns_are_named_once),
        cmocka_unit_test(a_query_is_brought_to_the_tables_columns),
        cmocka_unit_test(upsert_and_conflicts_have_modes),
        cmocka_unit_test(an_update_reads_all_and_sets_some),
        cmocka_unit_test(an_update_that_keeps_the_key_moves_nothing),
        cmocka_unit_test(a_delete_reads_keys),
        cmocka_unit_test(a_value_of_another_type_has_a_hint),
        cmocka_unit_test(numbers_of_values_are_told_in_words),
        cmocka_unit_test(a_conflict_names_the_whole_key),
        cmocka_unit_test(columns_may_be_set_to_each_other),
    };

    return cmocka_run_group_tests(tests, make_schema, drop_schema);
}
