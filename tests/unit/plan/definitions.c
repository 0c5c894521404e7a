/* Create and drop table, and looking at what is there. */
#include "fixture.h"

static void a_definition_keeps_names_types_and_defaults(void **state)
{
    struct plan *plan = plan_text("create table T { Id int primary, x float default 1 + 1, y text not null, };");
    const struct table_definition *definition = &plan->root->create_table.definition;

    (void)state;
    assert_true(plan->changes_schema);
    assert_false(plan->is_read_only);
    assert_true(slice_equal(definition->name, slice_of("T")));
    assert_int_equal(definition->column_count, 3);
    assert_true(slice_equal(definition->columns[0].name, slice_of("Id")));
    assert_true(definition->columns[0].is_not_null);
    assert_true(slice_equal(definition->columns[1].default_text, slice_of("1 + 1")));
    assert_int_equal(definition->columns[2].type, SSQL_TYPE_STRING);
    assert_true(definition->columns[2].is_not_null);
    assert_int_equal(definition->key_count, 1);
    assert_int_equal(definition->key_columns[0], 0);
    plan_destroy(plan);
}

static void a_key_may_have_several_columns(void **state)
{
    struct plan *plan = plan_text("create table t (a int, b string, c int, primary key (c, a))");

    (void)state;
    assert_int_equal(plan->root->create_table.definition.key_count, 2);
    assert_int_equal(plan->root->create_table.definition.key_columns[0], 2);
    assert_int_equal(plan->root->create_table.definition.key_columns[1], 0);
    plan_destroy(plan);
}

static void wrong_definitions_are_refused(void **state)
{
    (void)state;
    expect_error("create table t (a int, A string)", SSQL_COLUMN_EXISTS, "A", "column \"A\" is defined twice", "");
    expect_error("create table Users (a int)", SSQL_TABLE_EXISTS, "Users", "table \"users\" already exists",
                 "\"create table if not exists\" leaves it as it is");
    expect_error("create table t (a int, primary key (b))", SSQL_UNKNOWN_COLUMN, "b",
                 "unknown column \"b\" in primary key", "a primary key is made of columns that the table defines");
    expect_error("create table t (a int, primary key (a, a))", SSQL_COLUMN_EXISTS, "a",
                 "column \"a\" is in the primary key twice", "");
    expect_error("create table t (a int default 'x')", SSQL_TYPE_MISMATCH, "'x'",
                 "column \"a\" is int, but the value is string", "");
    expect_error("create table t (a int, b int default a)", SSQL_UNKNOWN_COLUMN, "a",
                 "unknown column \"a\": no column can stand here",
                 "a default is the same for all rows; a string needs quotes: 'a'");
}

static void names_have_a_limit(void **state)
{
    char text[256] = "create table ", name[130];

    (void)state;
    memset(name, 'n', 129);
    name[129] = 0;
    strcat(strcat(text, name), " (a int)");
    expect_error(text, SSQL_TOO_LARGE, name, "the name of a table has at most 128 bytes, this one 129", "");
}

static void if_exists_makes_nothing_of_it(void **state)
{
    (void)state;
    expect_plan("create table if not exists users (a int)", "nothing");
    expect_plan("drop table if exists nowhere", "nothing");
    expect_plan("drop table users", "drop table users");
    expect_plan("delete table users", "drop table users");
    expect_error("drop table usrs", SSQL_UNKNOWN_TABLE, "usrs", "unknown table \"usrs\"", "did you mean \"users\"?");
}

static void tables_are_shown_by_name(void **state)
{
    struct plan *plan = plan_text("show tables");

    (void)state;
    assert_true(plan->returns_rows);
    assert_int_equal(plan->root->values.row_count, 3);
    assert_true(slice_equal(plan->root->values.items[0]->constant.string, slice_of("notes")));
    assert_true(slice_equal(plan->root->values.items[1]->constant.string, slice_of("Pairs")));
    plan_destroy(plan);
}

static void a_table_is_described_by_its_visible_columns(void **state)
{
    struct plan *plan = plan_text("describe pairs");
    struct bound_expr **row = plan->root->values.items + plan->root->column_count;

    (void)state;
    assert_int_equal(plan->root->values.row_count, 3);
    assert_int_equal(plan->root->column_count, 5);
    assert_true(slice_equal(row[0]->constant.string, slice_of("b")));
    assert_true(slice_equal(row[1]->constant.string, slice_of("string")));
    assert_true(slice_equal(row[2]->constant.string, slice_of("primary 2")));
    assert_false(row[3]->constant.boolean);
    assert_true(row[4]->constant.is_null);
    plan_destroy(plan);
    plan = plan_text("describe notes");
    assert_int_equal(plan->root->values.row_count, 2);
    plan_destroy(plan);
}

static void explain_gives_a_row_per_line(void **state)
{
    struct plan *plan = plan_text("explain delete from users where id == 1");

    (void)state;
    assert_true(plan->is_read_only);
    assert_int_equal(plan->root->values.row_count, 2);
    assert_true(slice_equal(plan->root->column_names[0], slice_of("plan")));
    assert_true(slice_equal(plan->root->values.items[1]->constant.string,
                            slice_of("  lookup users (key id == 1; columns id)")));
    plan_destroy(plan);
}

static void transactions_are_for_the_session(void **state)
{
    (void)state;
    expect_plan("begin", "begin");
    expect_plan("commit", "commit");
    expect_plan("rollback", "rollback");
}

static void definitions_have_limits(void **state)
{
    char *text = malloc(COLUMNS_MOST * 20), name[NAME_SIZE_MOST + 2];
    struct ssql_error error;

    (void)state;
    assert_non_null(text);
    memset(name, 'n', sizeof name - 1);
    name[sizeof name - 1] = 0;
    sprintf(text, "create table t (%s int)", name);
    expect_error(text, SSQL_TOO_LARGE, name, "the name of a column has at most 128 bytes, this one 129", "");
    char *at = text + sprintf(text, "create table t (a int");
    for (int i = 1; i < COLUMNS_MOST; i++)
        at += sprintf(at, ", b%d int", i);
    strcpy(at, ")");
    assert_null(plan_typed(text, NULL, &error));
    assert_int_equal(error.code, SSQL_TOO_LARGE);
    free(text);
}

static void a_key_column_that_is_near_is_told(void **state)
{
    (void)state;
    expect_error("create table t (a int, bbbb int, primary key (bbb))", SSQL_UNKNOWN_COLUMN, "bbb",
                 "unknown column \"bbb\" in primary key", "did you mean \"bbbb\"?");
}

static void a_backup_has_a_path_and_options(void **state)
{
    (void)state;
    expect_plan("backup to 'x' (incremental true, copy false)", "backup");
    expect_error("backup to ''", SSQL_BAD_VALUE, "''", "the path of the backup is empty", "");
    expect_error("backup to 'x' (incremental 1)", SSQL_BAD_OPTION, "1", "option incremental is true or false", "");
    expect_error("backup to 'x' (incremental null)", SSQL_BAD_OPTION, "null", "option incremental is true or false",
                 "");
    expect_error("backup to 'x' (copy true, copy true)", SSQL_BAD_OPTION, "copy", "option copy is given twice", "");
    expect_error("backup to 'x' (other true)", SSQL_BAD_OPTION, "other", "backup has no option \"other\"",
                 "options are incremental and copy, each true or false");
}

static void explain_analyze_stands_over_what_it_runs(void **state)
{
    (void)state;
    expect_plan("explain analyze delete from notes",
                "analyze\n  delete from notes\n    scan notes (all rows; columns (row))");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_definition_keeps_names_types_and_defaults),
        cmocka_unit_test(a_key_may_have_several_columns),
        cmocka_unit_test(wrong_definitions_are_refused),
        cmocka_unit_test(names_have_a_limit),
        cmocka_unit_test(if_exists_makes_nothing_of_it),
        cmocka_unit_test(tables_are_shown_by_name),
        cmocka_unit_test(a_table_is_described_by_its_visible_columns),
        cmocka_unit_test(explain_gives_a_row_per_line),
        cmocka_unit_test(transactions_are_for_the_session),
        cmocka_unit_test(definitions_have_limits),
        cmocka_unit_test(a_key_column_that_is_near_is_told),
        cmocka_unit_test(a_backup_has_a_path_and_options),
        cmocka_unit_test(explain_analyze_stands_over_what_it_runs),
    };

    return cmocka_run_group_tests(tests, make_schema, drop_schema);
}
