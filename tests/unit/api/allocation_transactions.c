/* Allocations that fail one after the other while queries stand between their rows, while a copy commits on its way,
 * and while a change is explained as it runs: what was committed stays, what failed is gone, and open queries give the
 * rows that were there when they began, or say that they cannot. The linker leads malloc and its kin here (--wrap). */
#include <stdbool.h>

#include "api/copy_stream.h"
#include "api/failing_memory.h"
#include "api/fixture.h"

enum { ROWS = 12, TRIES_MOST = 5000 };

static void open_database(struct fixture *fixture)
{
    fixture_open_alone(fixture);
    must_exec(fixture->conn, "create table t { id int primary, name string, n int not null default 7 };"
                             "create table k { name string primary, n int default 5 };"
                             "create table loose { a int, b string }");
    for (int i = 0; i < ROWS; i++) {
        char text[80];
        snprintf(text, sizeof text, "insert into t values (%d, 'name %d', %d)", i, i, i % 3);
        must_exec(fixture->conn, text);
    }
}

/* ---- open queries ---- */

/* What is left of a query that stands at its first row: all of it, or that it was ended. */
static void take_rest(ssql_conn *conn, ssql_stmt *query)
{
    int64_t next = 1;
    int code;

    while ((code = ssql_step(query)) == SSQL_ROW)
        assert_int_equal(ssql_column_int(query, 0), next++);
    if (code == SSQL_DONE)
        assert_int_equal(next, ROWS);
    else if (ssql_errcode(conn) != SSQL_MISUSE)
        fail_msg("%s", ssql_errmsg(conn));
}

static ssql_stmt *open_query(ssql_conn *conn)
{
    ssql_stmt *query = must_prepare(conn, "select id, name, n from t order by n * 0, id");

    assert_int_equal(ssql_step(query), SSQL_ROW);
    assert_int_equal(ssql_column_int(query, 0), 0);
    return query;
}

/* False when no allocation was left to fail. */
static bool change_beside_queries(ssql_conn *conn, const char *change, long n, bool for_ever)
{
    must_exec(conn, "begin");
    ssql_stmt *first = open_query(conn), *second = open_query(conn), *third = open_query(conn);
    memory_start_failing(n, for_ever);
    int code = exec(conn, change);
    bool has_failed = memory_has_failed();
    memory_stop_failing();
    if (code != SSQL_OK && (code != SSQL_NO_MEMORY || !has_failed))
        fail_msg("%s: %s", change, ssql_errmsg(conn));
    take_rest(conn, second); /* neither the newest nor the oldest */
    ssql_finalize(second);
    take_rest(conn, first);
    ssql_finalize(first);
    assert_int_equal(query_int(conn, "select count(*) from t where n > 50"), code == SSQL_OK ? ROWS : 0);
    take_rest(conn, third);
    ssql_finalize(third);
    must_exec(conn, "rollback");
    return has_failed;
}

static void open_queries_outlive_a_change_that_fails(void **state)
{
    static const char *const changes[] = {
        "update t set n = n + 100",
        "explain analyze update t set n = n + 100 where id >= 0",
        "update t set id = id + 100, n = 51",
    };
    struct fixture fixture;

    (void)state;
    open_database(&fixture);
    for (size_t i = 0; i < sizeof changes / sizeof *changes; i++)
        for (int for_ever = 0; for_ever < 2; for_ever++) {
            long n = 0;
            while (change_beside_queries(fixture.conn, changes[i], n, for_ever != 0))
                assert_true(++n < TRIES_MOST);
            assert_true(n > 10);
        }
    fixture_close(&fixture);
}

/* ---- changes outside of a transaction that are explained as they run ---- */

/* A commit whose log ran out of memory has ended the log: each try has a database of its own. */
static bool is_out_of_memory(int code)
{
    return code == SSQL_NO_MEMORY || code == SSQL_UNKNOWN_OUTCOME;
}

/* After a statement that gave `code`; a log that ended is told once more. */
static void close_after(struct fixture *fixture, int code)
{
    ssql_disconnect(fixture->conn);
    int closed = ssql_close(fixture->db);
    assert_true(closed == SSQL_OK || (code == SSQL_UNKNOWN_OUTCOME && closed == code));
}

static void an_explained_change_that_fails_is_gone(void **state)
{
    bool has_failed = true;

    (void)state;
    for (long n = 0; has_failed; n++) {
        struct fixture fixture;
        assert_true(n < TRIES_MOST);
        open_database(&fixture);
        ssql_stmt *stmt = must_prepare(fixture.conn, "explain analyze update t set n = n + 100 where n < 3");
        memory_start_failing(n, false);
        int code = ssql_step(stmt);
        has_failed = memory_has_failed();
        memory_stop_failing();
        int64_t changed = query_int(fixture.conn, "select count(*) from t where n >= 100");
        if (code == SSQL_ROW) {
            assert_int_equal(changed, ROWS);
            while ((code = ssql_step(stmt)) == SSQL_ROW)
                assert_non_null(ssql_column_text(stmt, 0, NULL));
            assert_int_equal(code, SSQL_DONE);
        } else {
            assert_true(has_failed && is_out_of_memory(code));
            assert_true(changed == 0 || (code == SSQL_UNKNOWN_OUTCOME && changed == ROWS));
        }
        ssql_finalize(stmt);
        close_after(&fixture, code);
    }
}

/* ---- copies ---- */

/* Loads the text with the n-th allocation failing; the rows that are there then are whole parts of `part` rows, or all
 * of them. False when no allocation was left to fail. */
static bool load_failing(const char *statement, const char *text, int64_t part, int64_t all, long n)
{
    struct fixture fixture;
    char count[100], table[40] = "";

    open_database(&fixture);
    struct stream input = stream_of(fixture.conn, text, strlen(text));
    assert_int_equal(sscanf(statement, "copy %39s", table), 1);
    snprintf(count, sizeof count, "select count(*) from %s", table);
    ssql_set_copy_input(fixture.conn, read_stream, &input, NULL);
    memory_start_failing(n, false);
    int code = exec(fixture.conn, statement);
    bool has_failed = memory_has_failed();
    memory_stop_failing();
    if (code != SSQL_OK && !(has_failed && is_out_of_memory(code)))
        fail_msg("%s: %ld: %s", statement, n, ssql_errmsg(fixture.conn));
    int64_t rows = query_int(fixture.conn, count);
    if (rows != all && (code == SSQL_OK || rows % part != 0))
        fail_msg("%s: %ld: %lld rows", statement, n, (long long)rows);
    close_after(&fixture, code);
    free(input.bytes);
    return has_failed;
}

static void what_a_copy_has_committed_stays(void **state)
{
    static const struct {
        const char *statement, *text;
        int64_t part, all;
    } cases[] = {
        {"copy k from stdin (format csv, batch_rows 2)", "name,n\na,1\nb,2\nc,\nd,4\ne,5\n", 2, 5},
        {"copy k from stdin (format csv, batch_rows 2, on_conflict replace)", "name,n\na,1\na,2\nb,3\nc,3\nd,4\n", 1,
         4},
        {"copy k from stdin (format csv, batch_rows 2, max_rejects 9)", "name,n\na,1\nb,x\na,2\n,3\nc,3\nd,4\ne,1,2\n",
         1, 3},
        {"copy k from stdin (format jsonl, batch_rows 1)", "{\"name\":\"a\",\"n\":1}\n{\"name\":\"b\"}\n", 1, 2},
        {"copy k from stdin (format json, max_rejects 5)", "[{\"n\":1},{\"name\":\"b\",\"n\":null},{\"name\":[1]}]", 1,
         1},
        {"copy loose from stdin (format csv, batch_rows 3)", "a,b\n1,x\n2,y\n3,z\n4,u\n", 3, 4},
        {"copy loose from stdin (format jsonl, max_rejects 2)", "{\"a\":1}\n{\"a\":\"x\"}\n{\"b\":\"y\"}\n", 2, 2},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        long n = 0;
        while (load_failing(cases[i].statement, cases[i].text, cases[i].part, cases[i].all, n))
            assert_true(++n < TRIES_MOST);
        assert_true(n > 5);
    }
}

/* ---- records that are too large ---- */

static void a_record_with_too_long_a_key_is_rejected_like_any_other(void **state)
{
    enum { LONG = 20000 };
    static const char *const statements[] = {
        "copy k from stdin (format csv, header false, max_rejects 1)",
        "copy k from stdin (format csv, header false, max_rejects 1, on_conflict replace)",
    };
    static const char *const strict[] = {
        "copy k from stdin (format csv, header false)",
        "copy k from stdin (format csv, header false, on_conflict replace)",
    };
    char *text = malloc(LONG + 100);
    struct fixture fixture;

    (void)state;
    assert_non_null(text);
    memset(text, 'x', LONG);
    strcpy(text, "a,1\n");
    text[4] = 'x';
    strcpy(text + LONG, ",2\nb,3\n");
    open_database(&fixture);
    for (int i = 0; i < 2; i++) {
        struct stream input = stream_of(fixture.conn, text, strlen(text));
        ssql_set_copy_input(fixture.conn, read_stream, &input, NULL);
        must_exec(fixture.conn, statements[i]);
        assert_int_equal(query_int(fixture.conn, "select sum(n) from k"), 4);
        must_exec(fixture.conn, "delete from k");
        input.position = 0;
        assert_int_equal(exec(fixture.conn, strict[i]), SSQL_TOO_LARGE);
        assert_int_equal(query_int(fixture.conn, "select count(*) from k"), 0);
        ssql_set_copy_input(fixture.conn, NULL, NULL, NULL);
        free(input.bytes);
    }
    fixture_close(&fixture);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(open_queries_outlive_a_change_that_fails),
        cmocka_unit_test(an_explained_change_that_fails_is_gone),
        cmocka_unit_test(what_a_copy_has_committed_stays),
        cmocka_unit_test(a_record_with_too_long_a_key_is_rejected_like_any_other),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
