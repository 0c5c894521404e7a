/* Several threads, a connection each; interrupting from another thread. Run under the thread sanitizer too. */
#include <pthread.h>
#include <time.h>

#include "api/fixture.h"

enum { THREADS = 8, ROUNDS = 25 };

struct worker {
    pthread_t thread;
    ssql_db *db;
    int number;
    int failures; /* cmocka's assertions belong to the main thread */
};

static void run_workers(ssql_db *db, void *(*work)(void *))
{
    struct worker workers[THREADS];

    for (int i = 0; i < THREADS; i++) {
        workers[i] = (struct worker){.db = db, .number = i};
        assert_int_equal(pthread_create(&workers[i].thread, NULL, work, &workers[i]), 0);
    }
    for (int i = 0; i < THREADS; i++)
        pthread_join(workers[i].thread, NULL);
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(workers[i].failures, 0);
}

static void *insert_own_rows(void *argument)
{
    struct worker *worker = argument;
    ssql_conn *conn = NULL;
    ssql_stmt *stmt = NULL;
    static const char text[] = "insert into users (id, name) values (?, 'worker')";

    worker->failures += ssql_connect(worker->db, &conn) != SSQL_OK;
    worker->failures += ssql_prepare(conn, text, strlen(text), &stmt, NULL) != SSQL_OK;
    for (int i = 0; i < ROUNDS && worker->failures == 0; i++) {
        worker->failures += ssql_bind_int(stmt, 1, 1000 + worker->number * ROUNDS + i) != SSQL_OK;
        worker->failures += ssql_step(stmt) != SSQL_DONE;
    }
    ssql_finalize(stmt);
    ssql_disconnect(conn);
    return NULL;
}

static void threads_write_side_by_side(void **state)
{
    struct fixture *fixture = *state;

    run_workers(fixture->db, insert_own_rows);
    assert_int_equal(query_int(fixture->conn, "select count(*) from users where name == 'worker'"), THREADS * ROUNDS);
}

static void *count_up(void *argument)
{
    struct worker *worker = argument;
    ssql_conn *conn = NULL;

    worker->failures += ssql_connect(worker->db, &conn) != SSQL_OK;
    for (int i = 0; i < ROUNDS && worker->failures == 0; i++)
        worker->failures += exec(conn, "update users set score = score + 1.0 where id == 1") != SSQL_OK;
    ssql_disconnect(conn);
    return NULL;
}

static void statements_that_conflict_are_run_again(void **state)
{
    struct fixture *fixture = *state;

    must_exec(fixture->conn, "update users set score = 0.0 where id == 1");
    run_workers(fixture->db, count_up);
    assert_int_equal(query_int(fixture->conn, "select cast(score as int) from users where id == 1"), THREADS * ROUNDS);
}

/* Moves 1 between two rows, whose sum stays; every reader sees that sum. */
static void *move_and_sum(void *argument)
{
    struct worker *worker = argument;
    ssql_conn *conn = NULL;

    worker->failures += ssql_connect(worker->db, &conn) != SSQL_OK;
    for (int i = 0; i < ROUNDS && worker->failures == 0; i++) {
        if (worker->number % 2 == 0) {
            int code = exec(conn, "begin; update users set score = score - 1.0 where id == 1;"
                                  "update users set score = score + 1.0 where id == 3; commit");
            worker->failures += code != SSQL_OK && code != SSQL_CONFLICT;
            if (ssql_in_transaction(conn))
                exec(conn, "rollback");
            continue;
        }
        static const char text[] = "select sum(score) from users";
        ssql_stmt *stmt = NULL;
        worker->failures += ssql_prepare(conn, text, strlen(text), &stmt, NULL) != SSQL_OK;
        worker->failures += ssql_step(stmt) != SSQL_ROW || ssql_column_float(stmt, 0) != 100.0;
        ssql_finalize(stmt);
    }
    ssql_disconnect(conn);
    return NULL;
}

static void readers_see_whole_transactions(void **state)
{
    struct fixture *fixture = *state;

    must_exec(fixture->conn, "update users set score = 50.0 where id != 2");
    run_workers(fixture->db, move_and_sum);
    assert_int_equal(query_int(fixture->conn, "select cast(sum(score) as int) from users"), 100);
}

static void *change_schema(void *argument)
{
    struct worker *worker = argument;
    ssql_conn *conn = NULL;
    char create[96], drop[48];

    snprintf(create, sizeof create, "create table t%d { id int primary }; insert into t%d values 1", worker->number,
             worker->number);
    snprintf(drop, sizeof drop, "select * from t%d; drop table t%d", worker->number, worker->number);
    worker->failures += ssql_connect(worker->db, &conn) != SSQL_OK;
    for (int i = 0; i < 5 && worker->failures == 0; i++) {
        if (exec(conn, create) != SSQL_OK || exec(conn, drop) != SSQL_OK) {
            fprintf(stderr, "%s\n", ssql_errmsg(conn));
            worker->failures++;
        }
    }
    ssql_disconnect(conn);
    return NULL;
}

static void threads_change_the_schema_side_by_side(void **state)
{
    struct fixture *fixture = *state;

    run_workers(fixture->db, change_schema);
    assert_int_equal(query_int(fixture->conn, "select count(*) from users"), 3);
}

/* ---- interrupting ---- */

/* The promise is 50 ms. Under sanitizers on a busy machine only this can be told: that the statement did not go on to its
 * end, which would take far longer than the limit there. */
enum { INTERRUPT_AFTER_MS = 30, INTERRUPT_LIMIT_MS = 10000 };

struct interrupter {
    ssql_conn *conn;
    int64_t asked_ms;
};

static int64_t milliseconds(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void *interrupt(void *argument)
{
    struct interrupter *interrupter = argument;
    struct timespec pause = {.tv_nsec = INTERRUPT_AFTER_MS * 1000000L};

    nanosleep(&pause, NULL);
    interrupter->asked_ms = milliseconds();
    ssql_interrupt(interrupter->conn);
    return NULL;
}

static void insert_many(ssql_conn *conn, int rows)
{
    ssql_stmt *insert = must_prepare(conn, "insert into users (id, name) values (?, 'many')");

    must_exec(conn, "begin");
    for (int i = 0; i < rows; i++) {
        assert_int_equal(ssql_bind_int(insert, 1, 100 + i), SSQL_OK);
        assert_int_equal(ssql_step(insert), SSQL_DONE);
    }
    must_exec(conn, "commit");
    ssql_finalize(insert);
}

/* Runs a statement that would take seconds, and has it interrupted. */
static void interrupt_while_running(ssql_conn *conn, const char *text)
{
    struct interrupter interrupter = {.conn = conn};
    pthread_t thread;

    assert_int_equal(pthread_create(&thread, NULL, interrupt, &interrupter), 0);
    int code = exec(conn, text);
    int64_t end = milliseconds();
    pthread_join(thread, NULL);
    assert_int_equal(code, SSQL_INTERRUPTED);
    assert_string_equal(ssql_sqlstate(conn), "57014");
    assert_in_range(end - interrupter.asked_ms, 0, INTERRUPT_LIMIT_MS);
    /* What was asked of an earlier statement does not reach a later one. */
    assert_int_equal(query_int(conn, "select 1"), 1);
}

static void a_running_statement_is_interrupted_from_another_thread(void **state)
{
    struct fixture *fixture = *state;

    insert_many(fixture->conn, 50000);
    interrupt_while_running(fixture->conn,
                            "select count(*) from users where length(repeat('abc', 20000 + id % 7)) < id");
    interrupt_while_running(fixture->conn,
                            "update users set name = 'x' where length(repeat('abc', 20000 + id % 7)) > id");
    interrupt_while_running(fixture->conn, "select name from users order by length(repeat('abc', 20000 + id % 7)), id");
    interrupt_while_running(fixture->conn,
                            "select id % 1000, max(length(repeat('abc', 20000 + id % 7))) from users group by 1");
    assert_int_equal(query_int(fixture->conn, "select count(*) from users where name == 'x'"), 0);
}

static void an_interrupt_between_statements_is_forgotten(void **state)
{
    struct fixture *fixture = *state;

    ssql_interrupt(fixture->conn);
    assert_int_equal(query_int(fixture->conn, "select count(*) from users"), 3);
    must_exec(fixture->conn, "delete from users");
}

static void an_open_query_is_interrupted_at_its_next_rows(void **state)
{
    struct fixture *fixture = *state;
    int code;

    insert_many(fixture->conn, 5000);
    ssql_stmt *stmt = must_prepare(fixture->conn, "select id from users");
    assert_int_equal(ssql_step(stmt), SSQL_ROW);
    ssql_interrupt(fixture->conn);
    while ((code = ssql_step(stmt)) == SSQL_ROW)
        continue;
    assert_int_equal(code, SSQL_INTERRUPTED);
    ssql_finalize(stmt);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST_WITH_USERS(threads_write_side_by_side),
        TEST_WITH_USERS(statements_that_conflict_are_run_again),
        TEST_WITH_USERS(readers_see_whole_transactions),
        TEST_WITH_USERS(threads_change_the_schema_side_by_side),
        TEST_WITH_USERS(a_running_statement_is_interrupted_from_another_thread),
        TEST_WITH_USERS(an_interrupt_between_statements_is_forgotten),
        TEST_WITH_USERS(an_open_query_is_interrupted_at_its_next_rows),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
