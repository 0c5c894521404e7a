/* Preparing, stepping, columns, parameters, errors and their places. */
#include "api/fixture.h"

static ssql_conn *conn_of(void **state)
{
    return ((struct fixture *)*state)->conn;
}

static void assert_place(ssql_conn *conn, int64_t line, int64_t column, int64_t length)
{
    int64_t found_line, found_column, found_length;

    assert_int_equal(ssql_errpos(conn, &found_line, &found_column, &found_length), line > 0);
    assert_int_equal(found_line, line);
    assert_int_equal(found_column, column);
    assert_int_equal(found_length, length);
}

/* ---- exec and errors ---- */

static void exec_runs_all_statements_of_a_text(void **state)
{
    ssql_conn *conn = conn_of(state);

    assert_int_equal(
        exec(conn, "; -- nothing\n insert into users (id) values (4); /* no */ delete from users where id == 1;;"),
        SSQL_OK);
    assert_int_equal(query_int(conn, "select count(*) from users"), 3);
    assert_int_equal(ssql_changes(conn), 1);
    assert_int_equal(exec(conn, ""), SSQL_OK);
    assert_int_equal(exec(conn, "  -- only a comment"), SSQL_OK);
    assert_int_equal(ssql_exec(conn, NULL, 0), SSQL_OK);
}

static void exec_stops_at_the_first_error_and_keeps_what_ran_before(void **state)
{
    ssql_conn *conn = conn_of(state);

    assert_int_equal(
        exec(conn, "insert into users (id) values (4);\ninsert into users (id) values (4);\ndelete from users"),
        SSQL_DUPLICATE_KEY);
    assert_int_equal(query_int(conn, "select count(*) from users"), 4);
}

static void places_count_lines_and_code_points_from_the_beginning_of_the_text(void **state)
{
    ssql_conn *conn = conn_of(state);

    assert_int_equal(exec(conn, "select 1;\nselect 'häß', naem\nfrom users"), SSQL_UNKNOWN_COLUMN);
    assert_place(conn, 2, 15, 4);
    assert_string_equal(ssql_sqlstate(conn), "42703");
    assert_string_equal(ssql_errhint(conn), "did you mean \"name\"?");
    assert_int_equal(exec(conn, "selct 1"), SSQL_SYNTAX);
    assert_place(conn, 1, 1, 5);
}

static void an_error_stays_until_the_next_call_that_can_fail(void **state)
{
    ssql_conn *conn = conn_of(state);
    ssql_stmt *stmt = must_prepare(conn, "select 1 from users");

    assert_int_equal(exec(conn, "select * from nowhere"), SSQL_UNKNOWN_TABLE);
    ssql_reset(stmt);
    ssql_finalize(stmt);
    assert_int_equal(ssql_errcode(conn), SSQL_UNKNOWN_TABLE);
    assert_string_not_equal(ssql_errmsg(conn), "");
    must_exec(conn, "select 1");
    assert_int_equal(ssql_errcode(conn), SSQL_OK);
    assert_string_equal(ssql_errmsg(conn), "");
    assert_string_equal(ssql_sqlstate(conn), "00000");
    assert_place(conn, 0, 0, 0);
    assert_int_equal(ssql_errpos(conn, NULL, NULL, NULL), 0);
}

static void a_failing_row_has_a_place_too(void **state)
{
    ssql_conn *conn = conn_of(state);
    ssql_stmt *stmt = must_prepare(conn, "  select id,\n 10 / (id - 2) from users");

    assert_int_not_equal(ssql_step(stmt), SSQL_DONE);
    while (ssql_errcode(conn) == SSQL_OK)
        ssql_step(stmt);
    assert_int_equal(ssql_errcode(conn), SSQL_DIVISION_BY_ZERO);
    int64_t line;
    assert_true(ssql_errpos(conn, &line, NULL, NULL));
    assert_int_equal(line, 2);
    ssql_finalize(stmt);
}

/* ---- preparing ---- */

static void prepare_leads_through_a_text_by_its_tail(void **state)
{
    const char *text = "select 1; selct 2; select 3 -- end";
    const char *end = text + strlen(text);
    ssql_conn *conn = conn_of(state);
    ssql_stmt *stmt = NULL;
    const char *tail = NULL;

    assert_int_equal(ssql_prepare(conn, text, strlen(text), &stmt, &tail), SSQL_OK);
    assert_ptr_equal(tail, text + 9);
    ssql_finalize(stmt);
    assert_int_equal(ssql_prepare(conn, tail, (size_t)(end - tail), &stmt, &tail), SSQL_SYNTAX);
    assert_null(stmt);
    assert_ptr_equal(tail, text + 18);
    assert_int_equal(ssql_prepare(conn, tail, (size_t)(end - tail), &stmt, &tail), SSQL_OK);
    assert_int_equal(ssql_step(stmt), SSQL_ROW);
    assert_int_equal(ssql_column_int(stmt, 0), 3);
    ssql_finalize(stmt);
    assert_int_equal(ssql_prepare(conn, tail, (size_t)(end - tail), &stmt, &tail), SSQL_OK);
    assert_null(stmt);
    assert_ptr_equal(tail, end);
}

static void a_statement_says_what_it_is(void **state)
{
    static const struct {
        const char *text;
        int kind, is_read_only;
    } cases[] = {
        {"select 1", SSQL_KIND_QUERY, 1},
        {"select name from users where id == 1", SSQL_KIND_QUERY, 1},
        {"show tables", SSQL_KIND_QUERY, 1},
        {"explain delete from users", SSQL_KIND_QUERY, 1},
        {"insert into users (id) values (9)", SSQL_KIND_CHANGE, 0},
        {"upsert into users (id) values (9)", SSQL_KIND_CHANGE, 0},
        {"update users set name = 'x'", SSQL_KIND_CHANGE, 0},
        {"delete from users", SSQL_KIND_CHANGE, 0},
        {"create table t { id int primary }", SSQL_KIND_SCHEMA, 0},
        {"drop table users", SSQL_KIND_SCHEMA, 0},
        {"begin", SSQL_KIND_TRANSACTION, 1},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        ssql_stmt *stmt = must_prepare(conn_of(state), cases[i].text);
        assert_int_equal(ssql_statement_kind(stmt), cases[i].kind);
        assert_int_equal(ssql_is_read_only(stmt), cases[i].is_read_only);
        assert_int_equal(ssql_column_count(stmt) > 0, cases[i].kind == SSQL_KIND_QUERY);
        assert_ptr_equal(ssql_statement_connection(stmt), conn_of(state));
        ssql_finalize(stmt);
    }
}

static void columns_are_known_before_the_first_step(void **state)
{
    ssql_stmt *stmt = must_prepare(conn_of(state), "select id, name as who, score * 2 from users");

    assert_int_equal(ssql_column_count(stmt), 3);
    assert_string_equal(ssql_column_name(stmt, 0), "id");
    assert_string_equal(ssql_column_name(stmt, 1), "who");
    assert_string_equal(ssql_column_name(stmt, 2), "score * 2");
    assert_int_equal(ssql_column_type(stmt, 0), SSQL_TYPE_INT);
    assert_int_equal(ssql_column_type(stmt, 1), SSQL_TYPE_STRING);
    assert_int_equal(ssql_column_type(stmt, 2), SSQL_TYPE_FLOAT);
    assert_null(ssql_column_name(stmt, 3));
    assert_null(ssql_column_name(stmt, -1));
    ssql_finalize(stmt);
}

/* ---- values ---- */

static void values_come_as_they_are(void **state)
{
    ssql_stmt *stmt = must_prepare(conn_of(state), "select id, name, active, score from users order by id");
    size_t length = 0;

    assert_int_equal(ssql_step(stmt), SSQL_ROW);
    assert_int_equal(ssql_column_int(stmt, 0), 1);
    assert_string_equal(ssql_column_string(stmt, 1, &length), "ann");
    assert_int_equal(length, 3);
    assert_int_equal(ssql_column_bool(stmt, 2), 1);
    assert_true(ssql_column_float(stmt, 3) == 1.5);
    assert_true(ssql_column_float(stmt, 0) == 1.0);
    assert_int_equal(ssql_step(stmt), SSQL_ROW);
    assert_int_equal(ssql_column_bool(stmt, 2), 0);
    assert_true(ssql_column_is_null(stmt, 3));
    assert_int_equal(ssql_step(stmt), SSQL_ROW);
    assert_true(ssql_column_is_null(stmt, 1));
    assert_null(ssql_column_string(stmt, 1, &length));
    assert_int_equal(length, 0);
    assert_int_equal(ssql_step(stmt), SSQL_DONE);
    ssql_finalize(stmt);
}

static void any_value_has_a_text(void **state)
{
    ssql_stmt *stmt = must_prepare(conn_of(state), "select 7, 0.1, true, 'x', null, -9223372036854775808, 3.0");
    size_t length = 0;

    assert_int_equal(ssql_step(stmt), SSQL_ROW);
    assert_string_equal(ssql_column_text(stmt, 0, &length), "7");
    assert_int_equal(length, 1);
    assert_string_equal(ssql_column_text(stmt, 1, NULL), "0.1");
    assert_string_equal(ssql_column_text(stmt, 2, NULL), "true");
    assert_string_equal(ssql_column_text(stmt, 3, NULL), "x");
    assert_null(ssql_column_text(stmt, 4, NULL));
    assert_string_equal(ssql_column_text(stmt, 5, NULL), "-9223372036854775808");
    assert_string_equal(ssql_column_text(stmt, 6, NULL), "3.0");
    ssql_finalize(stmt);
}

static void texts_of_one_row_live_together(void **state)
{
    ssql_stmt *stmt =
        must_prepare(conn_of(state), "select repeat('a', 5000), repeat('b', 9000), id from users order by id");

    for (int row = 0; row < 3; row++) {
        assert_int_equal(ssql_step(stmt), SSQL_ROW);
        const char *first = ssql_column_string(stmt, 0, NULL);
        const char *second = ssql_column_string(stmt, 1, NULL);
        const char *third = ssql_column_text(stmt, 2, NULL);
        assert_int_equal(strspn(first, "a"), 5000);
        assert_int_equal(strspn(second, "b"), 9000);
        assert_int_equal(third[0], '1' + row);
    }
    ssql_finalize(stmt);
}

static void without_a_row_or_of_another_type_there_is_nothing(void **state)
{
    ssql_stmt *stmt = must_prepare(conn_of(state), "select id, name from users where id == 1");

    assert_true(ssql_column_is_null(stmt, 0));
    assert_int_equal(ssql_column_int(stmt, 0), 0);
    assert_null(ssql_column_string(stmt, 1, NULL));
    assert_int_equal(ssql_step(stmt), SSQL_ROW);
    assert_int_equal(ssql_column_int(stmt, 1), 0);
    assert_null(ssql_column_string(stmt, 0, NULL));
    assert_int_equal(ssql_column_bool(stmt, 0), 0);
    assert_true(ssql_column_is_null(stmt, 2));
    assert_true(ssql_column_is_null(stmt, -1));
    assert_int_equal(ssql_step(stmt), SSQL_DONE);
    assert_int_equal(ssql_column_int(stmt, 0), 0);
    ssql_finalize(stmt);
}

static void all_rows_of_a_large_table_come_once(void **state)
{
    ssql_conn *conn = conn_of(state);
    ssql_stmt *insert = must_prepare(conn, "insert into users (id, name) values (?, ?)");
    int64_t sum = 0, count = 0;

    must_exec(conn, "begin");
    for (int i = 4; i <= 5000; i++) {
        assert_int_equal(ssql_bind_int(insert, 1, i), SSQL_OK);
        assert_int_equal(ssql_bind_string(insert, 2, "someone", 7), SSQL_OK);
        assert_int_equal(ssql_step(insert), SSQL_DONE);
        assert_int_equal(ssql_changes(conn), 1);
    }
    must_exec(conn, "commit");
    ssql_finalize(insert);
    ssql_stmt *stmt = must_prepare(conn, "select id from users where id % 2 == 0");
    while (ssql_step(stmt) == SSQL_ROW) {
        sum += ssql_column_int(stmt, 0);
        count++;
    }
    assert_int_equal(count, 2500);
    assert_int_equal(sum, 2500 * 2501);
    ssql_finalize(stmt);
}

/* ---- stepping ---- */

static void a_finished_statement_runs_again(void **state)
{
    ssql_conn *conn = conn_of(state);
    ssql_stmt *stmt = must_prepare(conn, "select count(*) from users");

    for (int round = 3; round < 6; round++) {
        assert_int_equal(ssql_step(stmt), SSQL_ROW);
        assert_int_equal(ssql_column_int(stmt, 0), round);
        assert_int_equal(ssql_step(stmt), SSQL_DONE);
        must_exec(conn, round == 3 ? "insert into users (id) values (10)" : "insert into users (id) values (11)");
        if (round == 4)
            break;
    }
    ssql_finalize(stmt);
}

static void reset_ends_a_run(void **state)
{
    ssql_stmt *stmt = must_prepare(conn_of(state), "select id from users order by id");

    assert_int_equal(ssql_step(stmt), SSQL_ROW);
    assert_int_equal(ssql_step(stmt), SSQL_ROW);
    assert_int_equal(ssql_column_int(stmt, 0), 2);
    ssql_reset(stmt);
    assert_true(ssql_column_is_null(stmt, 0));
    assert_int_equal(ssql_step(stmt), SSQL_ROW);
    assert_int_equal(ssql_column_int(stmt, 0), 1);
    ssql_finalize(stmt);
}

static void open_queries_each_see_the_state_of_their_first_step(void **state)
{
    ssql_conn *conn = conn_of(state);
    ssql_stmt *first = must_prepare(conn, "select id from users order by id");
    ssql_stmt *second = must_prepare(conn, "select id from users order by id");
    int rows = 1;

    assert_int_equal(ssql_step(first), SSQL_ROW);
    must_exec(conn, "delete from users where id > 1");
    assert_int_equal(ssql_step(second), SSQL_ROW);
    assert_int_equal(ssql_step(second), SSQL_DONE);
    while (ssql_step(first) == SSQL_ROW)
        rows++;
    assert_int_equal(rows, 3);
    ssql_finalize(first);
    ssql_finalize(second);
}

static void a_changed_schema_is_met_with_a_new_plan(void **state)
{
    ssql_conn *conn = conn_of(state);
    ssql_stmt *stmt = must_prepare(conn, "select * from users");

    assert_int_equal(ssql_column_count(stmt), 4);
    must_exec(conn, "drop table users; create table users { key string primary }; insert into users values 'k'");
    assert_int_equal(ssql_step(stmt), SSQL_ROW);
    assert_int_equal(ssql_column_count(stmt), 1);
    assert_string_equal(ssql_column_name(stmt, 0), "key");
    assert_string_equal(ssql_column_string(stmt, 0, NULL), "k");
    ssql_reset(stmt);
    must_exec(conn, "drop table users");
    assert_int_equal(ssql_step(stmt), SSQL_UNKNOWN_TABLE);
    must_exec(conn, "create table users { a int primary, b int }; insert into users values 5, 6");
    assert_int_equal(ssql_step(stmt), SSQL_ROW);
    assert_int_equal(ssql_column_int(stmt, 1), 6);
    ssql_finalize(stmt);
}

static void create_if_not_exists_follows_the_schema(void **state)
{
    ssql_conn *conn = conn_of(state);
    ssql_stmt *stmt = must_prepare(conn, "create table if not exists users { id int primary }");

    assert_int_equal(ssql_step(stmt), SSQL_DONE);
    assert_int_equal(query_int(conn, "select count(*) from users"), 3);
    must_exec(conn, "drop table users");
    assert_int_equal(ssql_step(stmt), SSQL_DONE);
    assert_int_equal(query_int(conn, "select count(*) from users"), 0);
    ssql_finalize(stmt);
}

static void a_statement_outlives_its_connection_only_to_be_finalized(void **state)
{
    struct fixture *fixture = *state;
    ssql_conn *conn = NULL;

    assert_int_equal(ssql_connect(fixture->db, &conn), SSQL_OK);
    ssql_stmt *stmt = must_prepare(conn, "select id, :x from users");
    assert_int_equal(ssql_step(stmt), SSQL_ROW);
    ssql_disconnect(conn);
    assert_int_equal(ssql_step(stmt), SSQL_MISUSE);
    assert_int_equal(ssql_bind_int(stmt, 1, 1), SSQL_MISUSE);
    assert_int_equal(ssql_column_count(stmt), 0);
    assert_int_equal(ssql_parameter_count(stmt), 0);
    assert_null(ssql_statement_connection(stmt));
    ssql_finalize(stmt);
}

/* ---- parameters ---- */

static void parameters_have_numbers_names_and_types(void **state)
{
    ssql_stmt *stmt =
        must_prepare(conn_of(state), "select :Who, $limit + 1 from users where name == :who && score < ? && id == ?2");

    assert_int_equal(ssql_bind_index(stmt, "who"), 1);
    assert_int_equal(ssql_bind_index(stmt, ":WHO"), 1);
    assert_int_equal(ssql_bind_index(stmt, "$limit"), 2);
    assert_int_equal(ssql_bind_index(stmt, "nobody"), 0);
    assert_int_equal(ssql_bind_index(stmt, ""), 0);
    assert_int_equal(ssql_parameter_type(stmt, 2), SSQL_TYPE_INT);
    assert_string_equal(ssql_parameter_name(stmt, 2), "limit");
    assert_null(ssql_parameter_name(stmt, 0));
    assert_null(ssql_parameter_name(stmt, ssql_parameter_count(stmt) + 1));
    ssql_finalize(stmt);
}

static void parameters_are_null_until_bound_and_keep_their_values(void **state)
{
    ssql_stmt *stmt = must_prepare(conn_of(state), "select id from users where id == ?");

    assert_int_equal(ssql_step(stmt), SSQL_DONE);
    assert_int_equal(ssql_bind_int(stmt, 1, 2), SSQL_OK);
    for (int round = 0; round < 2; round++) {
        assert_int_equal(ssql_step(stmt), SSQL_ROW);
        assert_int_equal(ssql_column_int(stmt, 0), 2);
        assert_int_equal(ssql_step(stmt), SSQL_DONE);
    }
    assert_int_equal(ssql_bind_null(stmt, 1), SSQL_OK);
    assert_int_equal(ssql_step(stmt), SSQL_DONE);
    assert_int_equal(ssql_bind_int(stmt, 1, 3), SSQL_OK);
    ssql_clear_bindings(stmt);
    assert_int_equal(ssql_step(stmt), SSQL_DONE);
    ssql_finalize(stmt);
}

static void a_value_of_a_wrong_type_is_refused_and_nothing_changes(void **state)
{
    ssql_conn *conn = conn_of(state);
    ssql_stmt *stmt = must_prepare(conn, "select id from users where id == :id && score > ?");

    assert_int_equal(ssql_bind_int(stmt, 1, 3), SSQL_OK);
    assert_int_equal(ssql_bind_int(stmt, 2, 2), SSQL_OK);
    assert_int_equal(ssql_bind_string(stmt, 1, "x", 1), SSQL_TYPE_MISMATCH);
    assert_string_equal(ssql_errmsg(conn), "parameter 1 (:id) is string, but int is wanted");
    assert_int_equal(ssql_bind_float(stmt, 1, 3.0), SSQL_TYPE_MISMATCH);
    assert_int_equal(ssql_bind_bool(stmt, 2, 1), SSQL_TYPE_MISMATCH);
    assert_string_equal(ssql_errmsg(conn), "parameter 2 is bool, but float is wanted");
    assert_int_equal(ssql_bind_int(stmt, 3, 1), SSQL_UNKNOWN_PARAMETER);
    assert_int_equal(ssql_bind_int(stmt, 0, 1), SSQL_UNKNOWN_PARAMETER);
    assert_int_equal(ssql_bind_int(stmt, -1, 1), SSQL_UNKNOWN_PARAMETER);
    assert_int_equal(ssql_step(stmt), SSQL_ROW);
    assert_int_equal(ssql_bind_int(stmt, 1, 1), SSQL_MISUSE);
    ssql_finalize(stmt);
}

static void a_parameter_whose_place_tells_no_type_takes_any(void **state)
{
    ssql_stmt *stmt = must_prepare(conn_of(state), "select ?");

    assert_int_equal(ssql_parameter_type(stmt, 1), SSQL_TYPE_NULL);
    assert_int_equal(ssql_step(stmt), SSQL_ROW);
    assert_true(ssql_column_is_null(stmt, 0));
    ssql_reset(stmt);
    assert_int_equal(ssql_bind_string(stmt, 1, "text", 4), SSQL_OK);
    assert_int_equal(ssql_step(stmt), SSQL_ROW);
    assert_int_equal(ssql_column_type(stmt, 0), SSQL_TYPE_STRING);
    assert_string_equal(ssql_column_string(stmt, 0, NULL), "text");
    ssql_reset(stmt);
    assert_int_equal(ssql_bind_float(stmt, 1, 2.5), SSQL_OK);
    assert_int_equal(ssql_step(stmt), SSQL_ROW);
    assert_true(ssql_column_float(stmt, 0) == 2.5);
    ssql_reset(stmt);
    assert_int_equal(ssql_bind_null(stmt, 1), SSQL_OK);
    assert_int_equal(ssql_step(stmt), SSQL_ROW);
    assert_true(ssql_column_is_null(stmt, 0));
    ssql_finalize(stmt);
}

static void strings_are_copied_and_checked(void **state)
{
    ssql_conn *conn = conn_of(state);
    ssql_stmt *stmt = must_prepare(conn, "select id from users where name == ?");
    char name[] = "bob";

    assert_int_equal(ssql_bind_string(stmt, 1, name, 3), SSQL_OK);
    memset(name, 'x', 3);
    assert_int_equal(ssql_step(stmt), SSQL_ROW);
    assert_int_equal(ssql_column_int(stmt, 0), 2);
    ssql_reset(stmt);
    assert_int_equal(ssql_bind_string(stmt, 1, "a\xff", 2), SSQL_BAD_ENCODING);
    assert_int_equal(ssql_bind_string(stmt, 1, "a\0b", 3), SSQL_BAD_ENCODING);
    assert_int_equal(ssql_step(stmt), SSQL_ROW);
    ssql_reset(stmt);
    assert_int_equal(ssql_bind_string(stmt, 1, NULL, 0), SSQL_OK);
    assert_int_equal(ssql_step(stmt), SSQL_DONE);
    assert_int_equal(ssql_bind_string(stmt, 1, "", 0), SSQL_OK);
    assert_int_equal(ssql_step(stmt), SSQL_DONE);
    ssql_finalize(stmt);
}

static void a_parameter_meets_the_type_of_a_changed_column(void **state)
{
    ssql_conn *conn = conn_of(state);
    ssql_stmt *stmt = must_prepare(conn, "select id from users where score == ?");

    assert_int_equal(ssql_bind_int(stmt, 1, 3), SSQL_OK);
    must_exec(conn, "drop table users; create table users { id int primary, score string }");
    assert_int_equal(ssql_step(stmt), SSQL_TYPE_MISMATCH);
    assert_int_equal(ssql_bind_string(stmt, 1, "3", 1), SSQL_OK);
    assert_int_equal(ssql_step(stmt), SSQL_DONE);
    ssql_finalize(stmt);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST_WITH_USERS(exec_runs_all_statements_of_a_text),
        TEST_WITH_USERS(exec_stops_at_the_first_error_and_keeps_what_ran_before),
        TEST_WITH_USERS(places_count_lines_and_code_points_from_the_beginning_of_the_text),
        TEST_WITH_USERS(an_error_stays_until_the_next_call_that_can_fail),
        TEST_WITH_USERS(a_failing_row_has_a_place_too),
        TEST_WITH_USERS(prepare_leads_through_a_text_by_its_tail),
        TEST_WITH_USERS(a_statement_says_what_it_is),
        TEST_WITH_USERS(columns_are_known_before_the_first_step),
        TEST_WITH_USERS(values_come_as_they_are),
        TEST_WITH_USERS(any_value_has_a_text),
        TEST_WITH_USERS(texts_of_one_row_live_together),
        TEST_WITH_USERS(without_a_row_or_of_another_type_there_is_nothing),
        TEST_WITH_USERS(all_rows_of_a_large_table_come_once),
        TEST_WITH_USERS(a_finished_statement_runs_again),
        TEST_WITH_USERS(reset_ends_a_run),
        TEST_WITH_USERS(open_queries_each_see_the_state_of_their_first_step),
        TEST_WITH_USERS(a_changed_schema_is_met_with_a_new_plan),
        TEST_WITH_USERS(create_if_not_exists_follows_the_schema),
        TEST_WITH_USERS(a_statement_outlives_its_connection_only_to_be_finalized),
        TEST_WITH_USERS(parameters_have_numbers_names_and_types),
        TEST_WITH_USERS(parameters_are_null_until_bound_and_keep_their_values),
        TEST_WITH_USERS(a_value_of_a_wrong_type_is_refused_and_nothing_changes),
        TEST_WITH_USERS(a_parameter_whose_place_tells_no_type_takes_any),
        TEST_WITH_USERS(strings_are_copied_and_checked),
        TEST_WITH_USERS(a_parameter_meets_the_type_of_a_changed_column),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
