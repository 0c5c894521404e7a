/* fixture.h - a database in memory with one connection, and short ways to run statements and to look at what comes
 * back. */
#ifndef SSQL_TESTS_UNIT_API_FIXTURE_H
#define SSQL_TESTS_UNIT_API_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <ssql.h>

struct fixture {
    ssql_db *db;
    ssql_conn *conn;
};

static inline int exec(ssql_conn *conn, const char *text)
{
    return ssql_exec(conn, text, strlen(text));
}

static inline void must_exec(ssql_conn *conn, const char *text)
{
    if (exec(conn, text) != SSQL_OK)
        fail_msg("%s: %s [%s]", text, ssql_errmsg(conn), ssql_sqlstate(conn));
}

static inline ssql_stmt *must_prepare(ssql_conn *conn, const char *text)
{
    ssql_stmt *stmt = NULL;

    if (ssql_prepare(conn, text, strlen(text), &stmt, NULL) != SSQL_OK)
        fail_msg("%s: %s [%s]", text, ssql_errmsg(conn), ssql_sqlstate(conn));
    assert_non_null(stmt);
    return stmt;
}

/* The int in the first column of the first row; -1 when there is no row. */
static inline int64_t query_int(ssql_conn *conn, const char *text)
{
    ssql_stmt *stmt = must_prepare(conn, text);
    int code = ssql_step(stmt);
    int64_t value = code == SSQL_ROW ? ssql_column_int(stmt, 0) : -1;

    if (code != SSQL_ROW && code != SSQL_DONE)
        fail_msg("%s: %s", text, ssql_errmsg(conn));
    ssql_finalize(stmt);
    return value;
}

static inline void fixture_open(struct fixture *fixture)
{
    assert_int_equal(ssql_open(":memory:", &fixture->db), SSQL_OK);
    assert_int_equal(ssql_connect(fixture->db, &fixture->conn), SSQL_OK);
}

/* Everything happens in the caller's thread, within that much memory. */
static inline void fixture_open_alone_in(struct fixture *fixture, const char *memory_limit)
{
    ssql_options *options = NULL;

    assert_int_equal(ssql_options_new(&options), SSQL_OK);
    assert_int_equal(ssql_options_set(options, "background", "off"), SSQL_OK);
    assert_int_equal(ssql_options_set(options, "threads", "1"), SSQL_OK);
    assert_int_equal(ssql_options_set(options, "memory_limit", memory_limit), SSQL_OK);
    assert_int_equal(ssql_open_with(":memory:", options, &fixture->db), SSQL_OK);
    ssql_options_free(options);
    assert_int_equal(ssql_connect(fixture->db, &fixture->conn), SSQL_OK);
}

static inline void fixture_open_alone(struct fixture *fixture)
{
    fixture_open_alone_in(fixture, "256MiB");
}

static inline void fixture_close(struct fixture *fixture)
{
    ssql_disconnect(fixture->conn);
    assert_int_equal(ssql_close(fixture->db), SSQL_OK);
}

/* Users 1 "ann" true 1.5, 2 "bob" false null, 3 null true 3.0. */
static inline int setup_users(void **state)
{
    struct fixture *fixture = calloc(1, sizeof *fixture);

    assert_non_null(fixture);
    fixture_open(fixture);
    must_exec(fixture->conn, "create table users { id int primary, name string, active bool, score float };"
                             "insert into users values (1, 'ann', true, 1.5), (2, 'bob', false, null),"
                             " (3, null, true, 3)");
    *state = fixture;
    return 0;
}

static inline int teardown(void **state)
{
    struct fixture *fixture = *state;

    fixture_close(fixture);
    free(fixture);
    return 0;
}

#define TEST_WITH_USERS(test) cmocka_unit_test_setup_teardown(test, setup_users, teardown)

#endif
