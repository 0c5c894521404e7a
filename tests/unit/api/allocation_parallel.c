/* Queries and writes of a table of some thousand rows, in files and in morsels, while every allocation that they ask
 * for fails once, those out of arenas among them: the statement says that memory ran out, or has the answer that it has
 * with memory enough. All morsels are read by the caller's thread, so that it is the same allocation in each run. */
#include <stdbool.h>

#include "api/failing_arena.h"
#include "api/fixture.h"

enum { ROWS = 2500, ROWS_A_STATEMENT = 250 };

static void open_database(struct fixture *fixture)
{
    static const char *const values[][2] = {{"background", "off"},
                                            {"threads", "1"},
                                            {"morsel_rows", "64"},
                                            {"block_rows", "128"},
                                            {"memtable_size", "64KiB"}};
    ssql_options *options = NULL;

    assert_int_equal(ssql_options_new(&options), SSQL_OK);
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++)
        assert_int_equal(ssql_options_set(options, values[i][0], values[i][1]), SSQL_OK);
    assert_int_equal(ssql_open_with(":memory:", options, &fixture->db), SSQL_OK);
    assert_int_equal(ssql_connect(fixture->db, &fixture->conn), SSQL_OK);
    ssql_options_free(options);
}

static void fill(ssql_conn *conn)
{
    char text[ROWS_A_STATEMENT * 60 + 100];

    must_exec(conn, "create table t { id int primary, amount int, kind string, score float, note string };"
                    "create table u { id int primary, kind string default upper('none') }");
    for (int id = 0; id < ROWS;) {
        size_t size = (size_t)sprintf(text, "insert into t values ");
        for (int i = 0; i < ROWS_A_STATEMENT; i++, id++)
            size += (size_t)sprintf(text + size, "%s(%d, %d, 'kind%d', %d.5, %s)", i > 0 ? ", " : "", id, id * 7 % 1000,
                                    id % 5, id % 89, id % 11 == 0 ? "null" : "'a note'");
        must_exec(conn, text);
    }
}

/* How often an answer's cells were met, and what their bytes add up to. */
struct answer {
    int code;
    uint64_t rows, sum;
};

static int give_one_record(void *context, char *bytes, size_t capacity, size_t *size)
{
    bool *is_given = context;

    *size = *is_given ? 0 : 5;
    assert_true(capacity >= 5);
    memcpy(bytes, "id\n7\n", 5);
    *is_given = true;
    return 0;
}

static struct answer run(ssql_conn *conn, const char *text)
{
    struct answer answer = {0};
    ssql_stmt *stmt = NULL;
    bool is_given = false;

    ssql_set_copy_input(conn, give_one_record, &is_given, NULL);
    answer.code = ssql_prepare(conn, text, strlen(text), &stmt, NULL);
    for (int i = 1; answer.code == SSQL_OK && i <= ssql_parameter_count(stmt); i++)
        answer.code = ssql_bind_int(stmt, i, 40);
    while (answer.code == SSQL_OK && (answer.code = ssql_step(stmt)) == SSQL_ROW) {
        answer.rows++;
        answer.code = SSQL_OK;
        for (int i = 0; i < ssql_column_count(stmt) && strncmp(text, "explain", 7) != 0; i++) {
            const char *cell = ssql_column_text(stmt, i, NULL);
            if (cell == NULL && ssql_errcode(conn) != SSQL_OK)
                answer.code = ssql_errcode(conn);
            for (; cell != NULL && *cell != '\0'; cell++)
                answer.sum = answer.sum * 31 + (uint8_t)*cell;
        }
    }
    if (stmt != NULL && answer.code != SSQL_DONE)
        answer.code = ssql_errcode(conn);
    answer.rows += (uint64_t)ssql_changes(conn) * (stmt != NULL && ssql_column_count(stmt) == 0);
    ssql_finalize(stmt);
    return answer;
}

static const char *const STATEMENTS[] = {
    "select kind, count(*), sum(amount), min(score), avg(score), max(amount) from t group by kind",
    "select count(*), sum(amount), min(amount) from t where amount > 10 and kind != 'kind1'",
    "select note, kind, sum(score) from t group by note, kind",
    "select nullif(amount, 0), count(distinct kind), group_concat(kind) from t where id < 200 group by 1",
    "select upper(kind), amount from t where upper(kind) != 'KIND1' and kind in ('kind1', 'kind2', upper(kind))",
    "select case when kind like '%1' then kind else concat(kind, 'x') end from t where id < 300",
    "select distinct kind, note from t order by kind desc, note",
    "select id, kind from t where id == ? + 1 and length(kind) > 1",
    "select id from t where id > ? + 1 and id < ? * 3 and score < ? + 0.5",
    "select id, amount from t order by amount desc, id limit 5",
    "select amount from t order by amount limit ?",
    "select id from t where amount < 100 limit 7 offset 3",
    "explain analyze select count(*) from t where id == 17",
    "explain analyze select kind, count(*) from t group by kind order by 2",
    "insert into u select id, kind from t where amount >= 500",
    "insert into u (id) select id from t where id < 900",
    "update t set amount = amount + 1 where id < 1200",
    "update t set id = id + 10000 where id < 900",
    "delete from t where id < 1500",
    "copy u from stdin",
    "copy made (a) from stdin (create true, header false)",
};

static void fail_each_allocation_of(ssql_conn *conn, const char *text)
{
    bool has_failed = true;

    must_exec(conn, "begin");
    struct answer expected = run(conn, text);
    must_exec(conn, "rollback");
    if (expected.code != SSQL_DONE || expected.rows == 0)
        fail_msg("%s: %s", text, ssql_errmsg(conn));
    for (long n = 0; has_failed; n++) {
        must_exec(conn, "begin");
        memory_start_failing(n, false);
        struct answer answer = run(conn, text);
        has_failed = memory_has_failed();
        memory_stop_failing();
        if (answer.code == SSQL_DONE && (answer.rows != expected.rows || answer.sum != expected.sum))
            fail_msg("%s: allocation %ld: another answer", text, n);
        if (answer.code != SSQL_DONE && (answer.code != SSQL_NO_MEMORY || !has_failed))
            fail_msg("%s: allocation %ld: %s", text, n, ssql_errmsg(conn));
        if (ssql_in_transaction(conn) != 0)
            must_exec(conn, "rollback");
    }
}

static void a_statement_without_memory_is_an_error_and_no_more(void **state)
{
    struct fixture fixture;

    (void)state;
    open_database(&fixture);
    fill(fixture.conn);
    for (size_t i = 0; i < sizeof STATEMENTS / sizeof STATEMENTS[0]; i++)
        fail_each_allocation_of(fixture.conn, STATEMENTS[i]);
    assert_int_equal(query_int(fixture.conn, "select count(*) from t where id < 2500"), ROWS);
    assert_int_equal(query_int(fixture.conn, "select count(*) from u"), 0);
    fixture_close(&fixture);
}

/* What a connection asks for only once, its first statement asks for. */
static void a_first_statement_without_memory_is_an_error_and_no_more(void **state)
{
    static const char *const statements[] = {"select id, kind from t where id == 7", "select count(*) from t",
                                             "copy u from stdin", "delete from t where id == 3"};
    struct fixture fixture;
    ssql_conn *conn;

    (void)state;
    open_database(&fixture);
    fill(fixture.conn);
    for (size_t i = 0; i < sizeof statements / sizeof statements[0]; i++) {
        bool has_failed = true;
        for (long n = 0; has_failed; n++) {
            assert_int_equal(ssql_connect(fixture.db, &conn), SSQL_OK);
            must_exec(conn, "begin");
            memory_start_failing(n, false);
            struct answer answer = run(conn, statements[i]);
            has_failed = memory_has_failed();
            memory_stop_failing();
            if (answer.code != SSQL_DONE && (answer.code != SSQL_NO_MEMORY || !has_failed))
                fail_msg("%s: allocation %ld: %s", statements[i], n, ssql_errmsg(conn));
            ssql_disconnect(conn);
        }
    }
    assert_int_equal(query_int(fixture.conn, "select count(*) from t"), ROWS);
    fixture_close(&fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(a_statement_without_memory_is_an_error_and_no_more),
                                       cmocka_unit_test(a_first_statement_without_memory_is_an_error_and_no_more)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
