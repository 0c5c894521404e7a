/* Statements that are interrupted at the first look that they take at whether they are, at the second, the third, …
 * until they run to their end: an interrupted statement says so and has changed nothing, and the next one runs. The
 * linker leads these looks here (--wrap). */
#include <stdbool.h>

#include "api/copy_stream.h"
#include "api/fixture.h"

struct progress;
bool __wrap_progress_look(struct progress *progress);

enum { ROWS = 3000, LOOKS_MOST = 2000 };

static long looks_left = -1; /* negative: nobody interrupts */
static bool was_interrupted;

/* False: the statement is to end. */
bool __wrap_progress_look(struct progress *progress)
{
    (void)progress;
    if (looks_left < 0)
        return true;
    if (looks_left-- > 0)
        return true;
    was_interrupted = true;
    return false;
}

static int take_no_progress(void *context, const char *what, int64_t done, int64_t total)
{
    (void)context, (void)what, (void)done, (void)total;
    return 0;
}

static const char INPUT[] = "id,name\n9001,one\n9002,two\n9003,three\n";

static void open_database(struct fixture *fixture, const char *memory_limit)
{
    fixture_open_alone_in(fixture, memory_limit);
    must_exec(fixture->conn, "create table t { id int primary, name string, n int };"
                             "create table loose { id int, name string };"
                             "create table other { id int primary, name string, n int }");
    must_exec(fixture->conn, "begin");
    for (int i = 0; i < ROWS; i++) {
        char text[100];
        snprintf(text, sizeof text, "insert into t values (%d, 'name %d', %d)", i, i % 100, i % 7);
        must_exec(fixture->conn, text);
    }
    must_exec(fixture->conn, "commit");
    ssql_set_progress(fixture->conn, take_no_progress, NULL);
}

static void assert_unchanged(ssql_conn *conn)
{
    assert_int_equal(query_int(conn, "select count(*) from t where n < 7 and id < 5000"), ROWS);
    assert_int_equal(query_int(conn, "select count(*) from t"), ROWS);
    assert_int_equal(query_int(conn, "select count(*) from other"), 0);
    assert_int_equal(query_int(conn, "select count(*) from loose"), 0);
}

/* Runs the statement in a transaction that is rolled back; false when it came to its end. */
static bool interrupt_at(ssql_conn *conn, const char *statement, long look)
{
    struct stream input = stream_of(conn, INPUT, sizeof INPUT - 1), output = stream_of(conn, "", 0);

    ssql_set_copy_input(conn, read_stream, &input, NULL);
    ssql_set_copy_output(conn, write_stream, &output, NULL);
    must_exec(conn, "begin");
    was_interrupted = false;
    looks_left = look;
    int code = exec(conn, statement);
    looks_left = -1;
    if (code != (was_interrupted ? SSQL_INTERRUPTED : SSQL_OK))
        fail_msg("%s: look %ld: %s", statement, look, ssql_errmsg(conn));
    if (was_interrupted)
        assert_unchanged(conn);
    must_exec(conn, "rollback");
    free(input.bytes);
    free(output.bytes);
    return was_interrupted;
}

static void an_interrupted_statement_changes_nothing(void **state)
{
    static const char *const statements[] = {
        "select count(*) from t where name like '%9'",
        "select name, n from t order by n, name desc",
        "select name, n from t order by n, name desc limit 5",
        "select name, count(*), group_concat(distinct name) from t group by name",
        "select id, count(distinct n) from t group by id order by 2",
        "select distinct name, n from t",
        "select upper(name) from t where id between 10 and 2900 limit 2000 offset 100",
        "update t set n = n + 100",
        "update t set id = id + 10000",
        "delete from t where n < 5",
        "insert into other select * from t",
        "insert into loose select id, name from t where n > 2",
        "upsert into other select * from t order by name",
        "insert into loose values (1, 'a'), (2, 'b')",
        "explain analyze update t set n = n + 100 where id < 2500",
        "explain analyze select name, count(*) from t group by name order by 2",
        "copy other (id, name) from stdin (format csv)",
        "copy loose from stdin (format csv, max_rejects 3)",
        "copy made from stdin (format csv, create true, primary 'id')",
        "copy t to stdout (format json)",
        "copy (select name, n from t order by n) to stdout (format csv)",
    };
    static const char *const limits[] = {"256MiB", "1MiB" /* groups and rows are spilled */};
    struct fixture fixture;

    (void)state;
    for (size_t limit = 0; limit < 2; limit++) {
        open_database(&fixture, limits[limit]);
        for (size_t i = 0; i < sizeof statements / sizeof *statements; i++) {
            long look = 0;
            while (interrupt_at(fixture.conn, statements[i], look))
                assert_true(++look < LOOKS_MOST);
            if (look == 0 && strstr(statements[i], "values") == NULL)
                fail_msg("%s: looks at nothing", statements[i]);
        }
        assert_unchanged(fixture.conn);
        fixture_close(&fixture);
    }
}

/* The rows of an open query are put aside before the change; when that is interrupted, the query has ended. */
static void an_open_query_is_interrupted_while_it_is_put_aside(void **state)
{
    struct fixture fixture;
    long look = 0;

    (void)state;
    open_database(&fixture, "256MiB");
    do {
        int64_t next = 1;
        int code;
        must_exec(fixture.conn, "begin");
        ssql_stmt *query = must_prepare(fixture.conn, "select id from t where n < 7");
        assert_int_equal(ssql_step(query), SSQL_ROW);
        was_interrupted = false;
        looks_left = look;
        code = exec(fixture.conn, "update t set n = n + 100 where id < 10");
        looks_left = -1;
        assert_int_equal(code, was_interrupted ? SSQL_INTERRUPTED : SSQL_OK);
        while ((code = ssql_step(query)) == SSQL_ROW)
            assert_int_equal(ssql_column_int(query, 0), next++);
        if (code == SSQL_DONE)
            assert_int_equal(next, ROWS);
        else
            assert_true(was_interrupted && code == SSQL_MISUSE);
        ssql_finalize(query);
        must_exec(fixture.conn, "rollback");
        assert_true(++look < LOOKS_MOST);
    } while (was_interrupted);
    assert_true(look > 1);
    assert_unchanged(fixture.conn);
    fixture_close(&fixture);
}

/* Whoever waits between two rows of a query is interrupted at the next rows. */
static void a_query_is_interrupted_between_its_rows(void **state)
{
    struct fixture fixture;
    long look = 0;

    (void)state;
    open_database(&fixture, "256MiB");
    do {
        int64_t rows = 0;
        int code;
        ssql_stmt *query = must_prepare(fixture.conn, "select id from t where id % 2 == 0");
        assert_int_equal(ssql_step(query), SSQL_ROW);
        was_interrupted = false;
        looks_left = look;
        while ((code = ssql_step(query)) == SSQL_ROW)
            rows++;
        looks_left = -1;
        assert_int_equal(code, was_interrupted ? SSQL_INTERRUPTED : SSQL_DONE);
        assert_true(was_interrupted ? rows < ROWS / 2 : rows == ROWS / 2 - 1);
        ssql_finalize(query);
        assert_true(++look < LOOKS_MOST);
    } while (was_interrupted);
    assert_true(look > 1);
    fixture_close(&fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_interrupted_statement_changes_nothing),
        cmocka_unit_test(an_open_query_is_interrupted_while_it_is_put_aside),
        cmocka_unit_test(a_query_is_interrupted_between_its_rows),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
