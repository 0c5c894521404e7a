/* Transactions, conflicts, what a failed statement leaves, running ahead of the sync. */
#include "api/fixture.h"

static ssql_conn *conn_of(void **state)
{
    return ((struct fixture *)*state)->conn;
}

static ssql_conn *second_connection(void **state)
{
    ssql_conn *conn = NULL;

    assert_int_equal(ssql_connect(((struct fixture *)*state)->db, &conn), SSQL_OK);
    return conn;
}

static int64_t count_users(ssql_conn *conn)
{
    return query_int(conn, "select count(*) from users");
}

static void commit_makes_all_of_it_visible_at_once(void **state)
{
    ssql_conn *conn = conn_of(state), *other = second_connection(state);

    assert_int_equal(ssql_in_transaction(conn), 0);
    must_exec(conn, "begin; insert into users (id) values (4); insert into users (id) values (5)");
    assert_int_equal(ssql_in_transaction(conn), 1);
    assert_int_equal(count_users(conn), 5);
    assert_int_equal(count_users(other), 3);
    must_exec(conn, "commit");
    assert_int_equal(ssql_in_transaction(conn), 0);
    assert_int_equal(count_users(other), 5);
    ssql_disconnect(other);
}

static void rollback_and_disconnect_drop_all_of_it(void **state)
{
    ssql_conn *conn = conn_of(state), *other = second_connection(state);

    must_exec(conn, "begin; delete from users; create table t { id int primary }; rollback");
    assert_int_equal(count_users(conn), 3);
    assert_int_equal(exec(conn, "select * from t"), SSQL_UNKNOWN_TABLE);
    must_exec(other, "begin; delete from users");
    ssql_disconnect(other);
    assert_int_equal(count_users(conn), 3);
}

static void begin_commit_and_rollback_know_where_they_belong(void **state)
{
    ssql_conn *conn = conn_of(state);

    assert_int_equal(exec(conn, "commit"), SSQL_NO_TRANSACTION);
    assert_int_equal(exec(conn, "rollback"), SSQL_NO_TRANSACTION);
    must_exec(conn, "begin");
    assert_int_equal(exec(conn, "begin"), SSQL_IN_TRANSACTION);
    assert_int_equal(ssql_in_transaction(conn), 2);
    must_exec(conn, "insert into users (id) values (4); commit");
    assert_int_equal(count_users(conn), 4);
}

static void a_failed_statement_leaves_the_transaction_without_its_effects(void **state)
{
    ssql_conn *conn = conn_of(state);

    must_exec(conn, "begin; insert into users (id) values (4)");
    assert_int_equal(exec(conn, "insert into users (id) values (5), (6), (1)"), SSQL_DUPLICATE_KEY);
    assert_int_equal(ssql_in_transaction(conn), 2);
    assert_int_equal(exec(conn, "select * from nowhere"), SSQL_UNKNOWN_TABLE);
    assert_int_equal(ssql_in_transaction(conn), 2);
    assert_int_equal(count_users(conn), 4);
    assert_int_equal(ssql_in_transaction(conn), 1);
    must_exec(conn, "commit");
    assert_int_equal(count_users(conn), 4);
}

static void a_failed_statement_by_itself_changes_nothing(void **state)
{
    ssql_conn *conn = conn_of(state);

    assert_int_equal(exec(conn, "insert into users (id) values (5), (6), (1)"), SSQL_DUPLICATE_KEY);
    assert_int_equal(exec(conn, "update users set score = 1.0 / (id - 3), name = cast(id / (id - 3) as string)"),
                     SSQL_DIVISION_BY_ZERO);
    assert_int_equal(count_users(conn), 3);
    assert_int_equal(query_int(conn, "select count(*) from users where name == 'ann'"), 1);
}

static void the_second_of_two_that_changed_the_same_row_conflicts(void **state)
{
    ssql_conn *conn = conn_of(state), *other = second_connection(state);

    must_exec(conn, "begin; update users set name = 'first' where id == 1");
    must_exec(other, "begin; update users set name = 'second' where id == 1");
    must_exec(conn, "commit");
    assert_int_equal(exec(other, "commit"), SSQL_CONFLICT);
    assert_string_equal(ssql_sqlstate(other), "40001");
    assert_int_equal(ssql_in_transaction(other), 0);
    assert_int_equal(query_int(conn, "select count(*) from users where name == 'first'"), 1);
    ssql_disconnect(other);
}

static void a_transaction_that_only_read_never_conflicts(void **state)
{
    ssql_conn *conn = conn_of(state), *other = second_connection(state);

    must_exec(conn, "begin");
    assert_int_equal(count_users(conn), 3);
    must_exec(other, "delete from users");
    assert_int_equal(count_users(conn), 3);
    must_exec(conn, "commit");
    assert_int_equal(count_users(conn), 0);
    ssql_disconnect(other);
}

static void what_was_read_and_changed_meanwhile_conflicts(void **state)
{
    ssql_conn *conn = conn_of(state), *other = second_connection(state);

    must_exec(conn, "begin");
    assert_int_equal(query_int(conn, "select count(*) from users where active == true"), 2);
    must_exec(conn, "update users set active = false where id == 1");
    must_exec(other, "update users set active = false where id == 3");
    assert_int_equal(exec(conn, "commit"), SSQL_CONFLICT);
    ssql_disconnect(other);
}

static void the_end_of_a_transaction_ends_its_queries(void **state)
{
    ssql_conn *conn = conn_of(state);
    ssql_stmt *stmt = must_prepare(conn, "select id from users order by id");

    must_exec(conn, "begin");
    assert_int_equal(ssql_step(stmt), SSQL_ROW);
    must_exec(conn, "commit");
    assert_true(ssql_column_is_null(stmt, 0));
    assert_int_equal(ssql_step(stmt), SSQL_MISUSE);
    assert_int_equal(ssql_step(stmt), SSQL_ROW);
    assert_int_equal(ssql_column_int(stmt, 0), 1);
    ssql_finalize(stmt);
}

static void a_query_from_before_begin_goes_on(void **state)
{
    ssql_conn *conn = conn_of(state);
    ssql_stmt *stmt = must_prepare(conn, "select id from users order by id");

    assert_int_equal(ssql_step(stmt), SSQL_ROW);
    must_exec(conn, "begin; delete from users; commit");
    assert_int_equal(ssql_step(stmt), SSQL_ROW);
    assert_int_equal(ssql_column_int(stmt, 0), 2);
    ssql_finalize(stmt);
}

static void a_query_within_a_transaction_goes_on_beside_changes(void **state)
{
    ssql_conn *conn = conn_of(state);
    ssql_stmt *query = must_prepare(conn, "select id, name from users order by id");
    ssql_stmt *change = must_prepare(conn, "update users set name = 'changed' where id == ?");
    int rows = 0;

    must_exec(conn, "begin");
    while (ssql_step(query) == SSQL_ROW) {
        rows++;
        assert_int_equal(ssql_bind_int(change, 1, ssql_column_int(query, 0)), SSQL_OK);
        if (ssql_step(change) != SSQL_DONE)
            fail_msg("%s", ssql_errmsg(conn));
        if (rows == 2)
            assert_string_equal(ssql_column_string(query, 1, NULL), "bob");
        assert_int_equal(ssql_column_is_null(query, 1) != 0, rows == 3);
        assert_int_equal(ssql_column_string(query, 1, NULL) == NULL, rows == 3);
    }
    assert_int_equal(ssql_errcode(conn), SSQL_OK);
    assert_int_equal(rows, 3);
    must_exec(conn, "commit");
    assert_int_equal(query_int(conn, "select count(*) from users where name == 'changed'"), 3);
    ssql_finalize(query);
    ssql_finalize(change);
}

static void a_query_beside_an_open_one_sees_what_was_written_in_between(void **state)
{
    ssql_conn *conn = conn_of(state);

    must_exec(conn, "begin");
    ssql_stmt *open = must_prepare(conn, "select id from users order by id desc");
    assert_int_equal(ssql_step(open), SSQL_ROW);
    must_exec(conn, "insert into users (id) values (4)");
    assert_int_equal(count_users(conn), 4);
    must_exec(conn, "delete from users where id >= 3");
    assert_int_equal(count_users(conn), 2);
    assert_int_equal(ssql_step(open), SSQL_ROW);
    assert_int_equal(ssql_column_int(open, 0), 2);
    assert_int_equal(count_users(conn), 2);
    ssql_finalize(open);
    must_exec(conn, "rollback");
}

static void what_is_left_of_a_large_query_is_put_aside_in_a_file(void **state)
{
    enum { ROWS = 20000 };
    ssql_options *options = NULL;
    struct fixture small;
    int64_t rows = 0, sum = 0;

    (void)state;
    assert_int_equal(ssql_options_new(&options), SSQL_OK);
    assert_int_equal(ssql_options_set(options, "memory_limit", "1MiB"), SSQL_OK);
    assert_int_equal(ssql_open_with(":memory:", options, &small.db), SSQL_OK);
    ssql_options_free(options);
    assert_int_equal(ssql_connect(small.db, &small.conn), SSQL_OK);
    must_exec(small.conn, "create table t { id int primary, s string }; begin");
    ssql_stmt *insert = must_prepare(small.conn, "insert into t values (?, repeat('long', 10))");
    for (int i = 1; i <= ROWS; i++) {
        assert_int_equal(ssql_bind_int(insert, 1, i), SSQL_OK);
        if (ssql_step(insert) != SSQL_DONE)
            fail_msg("%s", ssql_errmsg(small.conn));
    }
    ssql_finalize(insert);
    must_exec(small.conn, "commit; begin");
    ssql_stmt *query = must_prepare(small.conn, "select id, s from t");
    assert_int_equal(ssql_step(query), SSQL_ROW);
    must_exec(small.conn, "delete from t where id > 5");
    do {
        rows++;
        sum += ssql_column_int(query, 0);
        assert_int_equal(strlen(ssql_column_string(query, 1, NULL)), 40);
    } while (ssql_step(query) == SSQL_ROW);
    assert_int_equal(ssql_errcode(small.conn), SSQL_OK);
    assert_int_equal(rows, ROWS);
    assert_int_equal(sum, (int64_t)ROWS * (ROWS + 1) / 2);
    assert_int_equal(query_int(small.conn, "select count(*) from t"), 5);
    ssql_finalize(query);
    fixture_close(&small);
}

static void schema_changes_are_part_of_their_transaction(void **state)
{
    ssql_conn *conn = conn_of(state), *other = second_connection(state);

    must_exec(conn, "begin; create table t { id int primary, s string }; insert into t values 1, 'a'");
    assert_int_equal(query_int(conn, "select count(*) from t"), 1);
    assert_int_equal(exec(other, "select * from t"), SSQL_UNKNOWN_TABLE);
    must_exec(conn, "commit");
    assert_int_equal(query_int(other, "select count(*) from t"), 1);
    must_exec(conn, "begin; drop table t");
    assert_int_equal(exec(conn, "select * from t"), SSQL_UNKNOWN_TABLE);
    assert_int_equal(query_int(other, "select count(*) from t"), 1);
    must_exec(conn, "rollback");
    assert_int_equal(query_int(conn, "select count(*) from t"), 1);
    ssql_disconnect(other);
}

static void a_failed_schema_change_is_undone_within_its_transaction(void **state)
{
    ssql_conn *conn = conn_of(state);

    must_exec(conn, "begin; create table t { id int primary }");
    assert_int_equal(exec(conn, "create table t { id int primary }"), SSQL_TABLE_EXISTS);
    must_exec(conn, "insert into t values 1; commit");
    assert_int_equal(query_int(conn, "select count(*) from t"), 1);
}

static void deferred_commits_are_seen_at_once_and_durable_after_a_sync(void **state)
{
    struct fixture *fixture = *state;
    int64_t last = 0, durable = 0;

    ssql_defer_sync(fixture->conn, 1);
    for (int i = 10; i < 60; i++) {
        char text[64];
        snprintf(text, sizeof text, "insert into users (id) values (%d)", i);
        must_exec(fixture->conn, text);
    }
    assert_int_equal(count_users(fixture->conn), 53);
    assert_int_equal(ssql_sync(fixture->conn), SSQL_OK);
    assert_int_equal(ssql_stat(fixture->db, "last_sequence", &last), SSQL_OK);
    assert_int_equal(ssql_stat(fixture->db, "durable_sequence", &durable), SSQL_OK);
    assert_true(durable >= last);
    ssql_defer_sync(fixture->conn, 0);
    assert_int_equal(count_users(fixture->conn), 53);
}

static void checkpoint_compact_and_waiting_change_no_rows(void **state)
{
    ssql_conn *conn = conn_of(state);

    assert_int_equal(ssql_checkpoint(conn), SSQL_OK);
    assert_int_equal(count_users(conn), 3);
    must_exec(conn, "delete from users where id == 2");
    assert_int_equal(ssql_checkpoint(conn), SSQL_OK);
    assert_int_equal(ssql_compact(conn), SSQL_OK);
    assert_int_equal(ssql_compact_table(conn, "USERS"), SSQL_OK);
    assert_int_equal(ssql_compact_table(conn, "user"), SSQL_UNKNOWN_TABLE);
    assert_string_equal(ssql_errmsg(conn), "unknown table \"user\"");
    assert_int_equal(ssql_wait_idle(conn), SSQL_OK);
    assert_int_equal(count_users(conn), 2);
    assert_int_equal(query_int(conn, "select id from users where name is null"), 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST_WITH_USERS(commit_makes_all_of_it_visible_at_once),
        TEST_WITH_USERS(rollback_and_disconnect_drop_all_of_it),
        TEST_WITH_USERS(begin_commit_and_rollback_know_where_they_belong),
        TEST_WITH_USERS(a_failed_statement_leaves_the_transaction_without_its_effects),
        TEST_WITH_USERS(a_failed_statement_by_itself_changes_nothing),
        TEST_WITH_USERS(the_second_of_two_that_changed_the_same_row_conflicts),
        TEST_WITH_USERS(a_transaction_that_only_read_never_conflicts),
        TEST_WITH_USERS(what_was_read_and_changed_meanwhile_conflicts),
        TEST_WITH_USERS(the_end_of_a_transaction_ends_its_queries),
        TEST_WITH_USERS(a_query_from_before_begin_goes_on),
        TEST_WITH_USERS(a_query_within_a_transaction_goes_on_beside_changes),
        TEST_WITH_USERS(a_query_beside_an_open_one_sees_what_was_written_in_between),
        cmocka_unit_test(what_is_left_of_a_large_query_is_put_aside_in_a_file),
        TEST_WITH_USERS(schema_changes_are_part_of_their_transaction),
        TEST_WITH_USERS(a_failed_schema_change_is_undone_within_its_transaction),
        TEST_WITH_USERS(deferred_commits_are_seen_at_once_and_durable_after_a_sync),
        TEST_WITH_USERS(checkpoint_compact_and_waiting_change_no_rows),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
