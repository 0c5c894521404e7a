/* The list of tables and its numbers. */
#include "api/fixture.h"

static ssql_tables *must_list(ssql_conn *conn)
{
    ssql_tables *tables = NULL;

    if (ssql_tables_new(conn, &tables) != SSQL_OK)
        fail_msg("%s", ssql_errmsg(conn));
    return tables;
}

static int64_t stat_of(const ssql_tables *tables, int i, const char *name)
{
    int64_t value = -1;

    assert_int_equal(ssql_tables_stat(tables, i, name, &value), SSQL_OK);
    return value;
}

static void tables_are_listed_by_name_with_their_columns(void **state)
{
    struct fixture *fixture = *state;

    must_exec(fixture->conn, "create table Alpha { a string, b float not null }");
    ssql_tables *tables = must_list(fixture->conn);
    assert_int_equal(ssql_tables_count(tables), 2);
    assert_string_equal(ssql_tables_name(tables, 0), "Alpha");
    assert_int_equal(ssql_tables_column_count(tables, 0), 2);
    assert_string_equal(ssql_tables_column_name(tables, 0, 1), "b");
    assert_int_equal(ssql_tables_column_type(tables, 0, 1), SSQL_TYPE_FLOAT);
    assert_true(ssql_tables_column_is_not_null(tables, 0, 1));
    assert_false(ssql_tables_column_is_key(tables, 0, 0));
    assert_string_equal(ssql_tables_name(tables, 1), "users");
    assert_true(ssql_tables_column_is_key(tables, 1, 0));
    assert_null(ssql_tables_name(tables, 2));
    assert_null(ssql_tables_column_name(tables, 0, 2));
    ssql_tables_free(tables);
}

static void a_list_outlives_what_it_was_made_of(void **state)
{
    struct fixture *fixture = *state;
    ssql_tables *tables = must_list(fixture->conn);

    must_exec(fixture->conn, "drop table users");
    assert_string_equal(ssql_tables_name(tables, 0), "users");
    ssql_tables_free(tables);
    tables = must_list(fixture->conn);
    assert_int_equal(ssql_tables_count(tables), 0);
    ssql_tables_free(tables);
}

static void own_tables_of_an_open_transaction_are_listed(void **state)
{
    struct fixture *fixture = *state;

    must_exec(fixture->conn, "begin; create table zoo { id int primary }");
    ssql_tables *tables = must_list(fixture->conn);
    assert_int_equal(ssql_tables_count(tables), 2);
    assert_string_equal(ssql_tables_name(tables, 1), "zoo");
    assert_int_equal(stat_of(tables, 1, "rows"), 0);
    ssql_tables_free(tables);
    must_exec(fixture->conn, "rollback");
}

static void rows_move_from_the_memtable_to_a_level(void **state)
{
    struct fixture *fixture = *state;
    ssql_tables *tables = must_list(fixture->conn);
    int64_t files = 0, value = 1;

    assert_int_equal(stat_of(tables, 0, "memtable_rows"), 3);
    assert_int_equal(stat_of(tables, 0, "rows"), 3);
    ssql_tables_free(tables);
    assert_int_equal(ssql_checkpoint(fixture->conn), SSQL_OK);
    assert_int_equal(ssql_wait_idle(fixture->conn), SSQL_OK);
    tables = must_list(fixture->conn);
    assert_int_equal(stat_of(tables, 0, "memtable_rows"), 0);
    for (int level = 0; level < ssql_level_count(); level++) {
        char name[32];
        snprintf(name, sizeof name, "level%d_files", level);
        files += stat_of(tables, 0, name);
    }
    assert_int_equal(files, 1);
    assert_true(stat_of(tables, 0, "bytes_flushed") > 0);
    assert_int_equal(stat_of(tables, 0, "bytes_compacted"), 0);
    assert_int_equal(stat_of(tables, 0, "bottom_bytes"), stat_of(tables, 0, "bytes_flushed"));
    assert_int_equal(ssql_tables_stat(tables, 0, "level9_files", &value), SSQL_BAD_OPTION);
    assert_int_equal(value, 0);
    assert_int_equal(ssql_tables_stat(tables, 0, "level0_luck", &value), SSQL_BAD_OPTION);
    assert_int_equal(ssql_tables_stat(tables, 1, "rows", &value), SSQL_BAD_OPTION);
    ssql_tables_free(tables);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST_WITH_USERS(tables_are_listed_by_name_with_their_columns),
        TEST_WITH_USERS(a_list_outlives_what_it_was_made_of),
        TEST_WITH_USERS(own_tables_of_an_open_transaction_are_listed),
        TEST_WITH_USERS(rows_move_from_the_memtable_to_a_level),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
