/* Statements whose memory runs out, out of an arena or not: the n-th allocation fails, or all from there on, n = 0, 1,
 * 2 … until none does. The statement says so, or does what it does; then it does it again with memory enough. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "api/failing_arena.h"
#include "support/session_fixture.h"

static struct session_fixture world;

static int open_world(void **state)
{
    (void)state;
    session_fixture_open(&world);
    world.session->plan_sharing = PLANS_SHARED;
    return 0;
}

static int close_world(void **state)
{
    (void)state;
    session_fixture_close(&world);
    return 0;
}

/* Two pieces of work: what is made ready, and what fails; `round` counts. Whether the second went well. */
struct work {
    void (*prepare)(unsigned round); /* NULL: nothing */
    bool (*run)(unsigned round, struct ssql_error *error);
    void (*end)(void); /* NULL: nothing */
};

static void fail_each_allocation(const struct work *work, long least)
{
    unsigned round = 0;

    for (int for_ever = 0; for_ever < 2; for_ever++) {
        bool has_failed = true;
        long n;
        for (n = 0; has_failed; n++, round++) {
            struct ssql_error error = {0};
            if (work->prepare != NULL)
                work->prepare(round);
            memory_start_failing(n, for_ever == 1);
            bool is_done = work->run(round, &error);
            has_failed = memory_has_failed();
            memory_stop_failing();
            if (!is_done && (error.code != SSQL_NO_MEMORY || !has_failed))
                fail_msg("allocation %ld: %d: %s", n, (int)error.code, error.message);
            if (work->end != NULL)
                work->end();
        }
        assert_true(n > least);
    }
}

/* The schema is another one for each round. */
static void change_schema(unsigned round)
{
    static bool is_made;

    (void)round;
    session_must_run(world.other, is_made ? "drop table if exists made" : "create table if not exists made { a int }");
    is_made = !is_made;
}

/* ---- shapes ---- */

static bool keeps;
static struct prepared *prepared;

/* A shape of its own for each round, so that it is planned. */
static bool run_new_shape(unsigned round, struct ssql_error *error)
{
    char text[200];

    snprintf(text, sizeof text, "select id, name from t where id%*s= %u", (int)(round % 90), "", 1 + round % 3);
    return session_run(world.session, text, keeps, error) == SSQL_OK;
}

/* It has what the statement before has left. */
static void hold_spare(unsigned round)
{
    (void)round;
    prepared = session_must_prepare(world.session, "begin");
}

static void destroy_statement(void)
{
    prepared_destroy(prepared);
}

static void a_new_shape_is_planned_or_memory_is_missing(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        keeps = i == 1;
        fail_each_allocation(&(struct work){.run = run_new_shape}, 10);
        fail_each_allocation(&(struct work){hold_spare, run_new_shape, destroy_statement}, 10);
    }
}

static bool run_known_shape(unsigned round, struct ssql_error *error)
{
    char text[80];

    snprintf(text, sizeof text, "select id, name from t where id == %u", 1 + round % 3);
    return session_run(world.session, text, keeps, error) == SSQL_OK;
}

static void a_known_shape_is_run_or_memory_is_missing(void **state)
{
    (void)state;
    for (int i = 0; i < 4; i++) {
        keeps = i % 2 == 1;
        fail_each_allocation(&(struct work){.prepare = i < 2 ? NULL : change_schema, .run = run_known_shape}, 0);
    }
}

static bool run_without_shape(unsigned round, struct ssql_error *error)
{
    (void)round;
    return session_run(world.session, "values (1 + 1, 'x')", keeps, error) == SSQL_OK;
}

static void a_statement_of_no_shape_is_run_or_memory_is_missing(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        keeps = i == 1;
        fail_each_allocation(&(struct work){.run = run_without_shape}, 10);
    }
}

/* Only the statement's own text can say where it is wrong. */
static bool run_wrong_row(unsigned round, struct ssql_error *error)
{
    (void)round;
    enum ssql_code code =
        session_run(world.session, "insert into t values (5, 'five', 5), (2, 'again', 0)", keeps, error);
    if (code == SSQL_DUPLICATE_KEY) {
        assert_int_equal(error->span.begin, 37);
        *error = (struct ssql_error){0};
    }
    return error->code == SSQL_OK;
}

static void verify_three_rows(void)
{
    assert_int_equal(session_query(world.session, "select count(*) from t"), 3);
}

static void a_wrong_row_has_its_place_or_memory_is_missing(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        struct ssql_error error;
        keeps = i == 1;
        assert_true(run_wrong_row(0, &error)); /* what could not be planned once is not shared */
        fail_each_allocation(&(struct work){.run = run_wrong_row, .end = verify_three_rows}, 10);
        fail_each_allocation(&(struct work){change_schema, run_wrong_row, verify_three_rows}, 10);
    }
}

/* ---- parameters ---- */

static bool bind_and_step(unsigned round, struct ssql_error *error)
{
    char text[200];
    struct value number = value_int(7), string = value_string(slice_make(text, 100 + round % 100));
    bool has_row;

    memset(text, 'x', sizeof text);
    if (!prepared_bind(prepared, 1, round % 2 == 0 ? &string : &number, error) ||
        !prepared_bind(prepared, 2, &string, error) || !prepared_step(prepared, &has_row, error))
        return false;
    assert_true(has_row);
    assert_int_equal(prepared_value(prepared, 0).type, round % 2 == 0 ? SSQL_TYPE_STRING : SSQL_TYPE_INT);
    assert_int_equal(prepared_value(prepared, 1).string.size, string.string.size + 3);
    return true;
}

static void reset_prepared(void)
{
    prepared_reset(prepared);
}

static void prepare_statement(unsigned round)
{
    prepared = session_must_prepare(world.session, "select ?, concat(?, name), id from t where id == 1");
    change_schema(round);
}

static void values_are_bound_and_planned_for_or_memory_is_missing(void **state)
{
    (void)state;
    prepare_statement(0);
    fail_each_allocation(&(struct work){change_schema, bind_and_step, reset_prepared}, 10);
    destroy_statement();
    fail_each_allocation(&(struct work){prepare_statement, bind_and_step, destroy_statement}, 10);
}

/* ---- transactions ---- */

static void begin_later(unsigned round)
{
    prepare_statement(round);
    session_must_run(world.session, "begin");
}

static void roll_back(void)
{
    destroy_statement();
    session_must_run(world.session, "rollback");
}

static void within_a_transaction_too(void **state)
{
    (void)state;
    fail_each_allocation(&(struct work){begin_later, bind_and_step, roll_back}, 10);
}

static struct session *fresh;

static void make_session(unsigned round)
{
    (void)round;
    assert_true(session_create(world.engine, world.catalog, &fresh, NULL));
}

static bool begin(unsigned round, struct ssql_error *error)
{
    (void)round;
    return session_begin(fresh, false, error);
}

static void destroy_session(void)
{
    session_destroy(fresh);
}

static void a_transaction_begins_or_memory_is_missing(void **state)
{
    (void)state;
    fail_each_allocation(&(struct work){make_session, begin, destroy_session}, 2);
}

/* A query that stands at its first row, and whose rows have to be put aside for a change. */
static void open_query(unsigned round)
{
    bool has_row;

    (void)round;
    session_must_run(world.session, "begin");
    prepared = session_must_prepare(world.session, "select id, name from t order by id desc");
    assert_true(prepared_step(prepared, &has_row, NULL));
    assert_true(has_row);
}

static bool change_rows(unsigned round, struct ssql_error *error)
{
    (void)round;
    return session_run(world.session, "update t set name = 'changed' where id < 3", false, error) == SSQL_OK;
}

/* The rows as they were, a null among them, or none any more. */
static void take_rows(void)
{
    struct ssql_error error = {0};
    bool has_row = prepared_has_row(prepared);

    for (int64_t id = 3; has_row; id--) {
        assert_int_equal(prepared_value(prepared, 0).integer, id);
        struct value name = prepared_value(prepared, 1);
        assert_int_equal(name.is_null, id == 3);
        assert_true(name.is_null || slice_equal(name.string, slice_of(id == 2 ? "two" : "one")));
        if (!prepared_step(prepared, &has_row, &error))
            break;
    }
    assert_true(error.code == SSQL_OK || error.code == SSQL_NO_MEMORY);
    roll_back();
}

static void a_query_beside_a_change_keeps_its_rows_or_memory_is_missing(void **state)
{
    (void)state;
    fail_each_allocation(&(struct work){open_query, change_rows, take_rows}, 10);
}

#define TEST_IN_WORLD(test) cmocka_unit_test_setup_teardown(test, open_world, close_world)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST_IN_WORLD(a_new_shape_is_planned_or_memory_is_missing),
        TEST_IN_WORLD(a_known_shape_is_run_or_memory_is_missing),
        TEST_IN_WORLD(a_statement_of_no_shape_is_run_or_memory_is_missing),
        TEST_IN_WORLD(a_wrong_row_has_its_place_or_memory_is_missing),
        TEST_IN_WORLD(values_are_bound_and_planned_for_or_memory_is_missing),
        TEST_IN_WORLD(within_a_transaction_too),
        TEST_IN_WORLD(a_transaction_begins_or_memory_is_missing),
        TEST_IN_WORLD(a_query_beside_a_change_keeps_its_rows_or_memory_is_missing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
