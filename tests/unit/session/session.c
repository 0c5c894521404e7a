/* Sessions at their edges: engines that take no writes, statements that conflict again and again, more shapes of
 * statements at once than are kept, parameters that are told by their names. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "storage/engine_internal.h"
#include "support/session_fixture.h"

/* Each start of an execution goes through here (cmake/failing_system.cmake), within its transaction. */
bool __real_execution_start(struct execution *execution, const struct execution_context *context,
                            struct ssql_error *error);
bool __wrap_execution_start(struct execution *execution, const struct execution_context *context,
                            struct ssql_error *error);

static void (*at_start)(void); /* NULL: nothing */

bool __wrap_execution_start(struct execution *execution, const struct execution_context *context,
                            struct ssql_error *error)
{
    void (*now)(void) = at_start;

    at_start = NULL; /* what it runs starts, too */
    if (now != NULL)
        now();
    at_start = now;
    return __real_execution_start(execution, context, error);
}

int __real_nanosleep(const struct timespec *wanted, struct timespec *left);
int __wrap_nanosleep(const struct timespec *wanted, struct timespec *left);

static void (*at_pause)(void); /* before a statement that conflicted is tried again */

int __wrap_nanosleep(const struct timespec *wanted, struct timespec *left)
{
    if (at_pause != NULL)
        at_pause();
    return __real_nanosleep(wanted, left);
}

static struct session_fixture world;

static int open_world(void **state)
{
    (void)state;
    session_fixture_open(&world);
    return 0;
}

static int close_world(void **state)
{
    (void)state;
    session_fixture_close(&world);
    return 0;
}

static void what_was_never_made_can_be_destroyed(void **state)
{
    (void)state;
    session_destroy(NULL);
    prepared_destroy(NULL);
    prepared_free(NULL);
}

/* ---- engines that take no writes ---- */

static void where_the_engine_has_failed_only_reading_can_begin(void **state)
{
    const struct ssql_error cause = {.message = "a test says so"};
    struct session_fixture failed;
    struct ssql_error error;

    (void)state;
    session_fixture_open(&failed);
    assert_false(engine_fail(failed.engine, SSQL_UNKNOWN_OUTCOME, "nothing is sure", &cause, NULL));
    assert_int_equal(session_run(failed.session, "begin", false, &error), SSQL_UNKNOWN_OUTCOME);
    assert_null(failed.session->open);
    assert_int_equal(failed.session->state, SESSION_AUTOCOMMIT);
    assert_int_equal(session_query(failed.session, "select count(*) from t"), 3);
    assert_true(session_begin(failed.session, true, &error));
    assert_int_equal(session_query(failed.session, "select count(*) from t"), 3);
    assert_true(session_commit(failed.session, &error));
    session_destroy(failed.session);
    session_destroy(failed.other);
    catalog_destroy(failed.catalog);
    assert_false(engine_close(failed.engine, &error));
}

static void on_a_read_only_database_every_transaction_only_reads(void **state)
{
    struct ssql_error error;

    (void)state;
    world.engine->is_read_only = true; /* as after opening it so */
    session_must_run(world.session, "begin");
    assert_int_equal(session_query(world.session, "select count(*) from t"), 3);
    assert_int_equal(session_run(world.session, "delete from t", false, &error), SSQL_READ_ONLY);
    assert_string_equal(error.message, "the database is open read-only");
    session_must_run(world.session, "commit");
    world.engine->is_read_only = false;
    assert_true(session_begin(world.session, true, &error));
    assert_int_equal(session_run(world.session, "delete from t", false, &error), SSQL_READ_ONLY);
    assert_string_equal(error.message, "the transaction is read-only");
    session_must_run(world.session, "rollback");
}

/* ---- conflicts ---- */

static unsigned starts;

static void change_the_same_row(void)
{
    char text[80];

    starts++;
    snprintf(text, sizeof text, "update t set score = %u where id == 1", starts);
    session_must_run(world.other, text);
}

static void interrupt_the_third(void)
{
    if (starts == 3)
        session_interrupt(world.session);
}

static void a_statement_that_always_conflicts_gives_up(void **state)
{
    struct ssql_error error;

    (void)state;
    starts = 0;
    at_start = change_the_same_row;
    enum ssql_code code = session_run(world.session, "update t set score = score + 0.5", false, &error);
    at_start = NULL;
    assert_int_equal(code, SSQL_CONFLICT);
    assert_int_equal(starts, CONFLICT_TRIES);
    session_must_run(world.session, "update t set score = score + 0.5");
}

static void between_two_tries_it_can_be_interrupted(void **state)
{
    struct ssql_error error;

    (void)state;
    starts = 0;
    at_start = change_the_same_row;
    at_pause = interrupt_the_third;
    enum ssql_code code = session_run(world.session, "update t set score = score + 0.5", false, &error);
    at_start = NULL;
    at_pause = NULL;
    assert_int_equal(code, SSQL_INTERRUPTED);
    assert_int_equal(starts, 3);
}

struct input {
    const char *text;
    size_t size;
};

static int read_input(void *context, char *bytes, size_t capacity, size_t *size)
{
    struct input *input = context;

    *size = input->size < capacity ? input->size : capacity;
    memcpy(bytes, input->text, *size);
    input->text += *size;
    input->size -= *size;
    return 0;
}

/* What it has read of its input is gone. */
static void a_copy_that_conflicts_is_not_tried_again(void **state)
{
    static const char text[] = "id,name,score\n1,uno,1\n";
    struct input input = {text, sizeof text - 1};
    struct ssql_error error;

    (void)state;
    starts = 0;
    world.session->copy.read = read_input;
    world.session->copy.read_context = &input;
    at_start = change_the_same_row;
    enum ssql_code code =
        session_run(world.session, "copy t from stdin (format csv, on_conflict replace)", false, &error);
    at_start = NULL;
    assert_int_equal(code, SSQL_CONFLICT);
    assert_int_equal(starts, 1);
    assert_int_equal(input.size, 0);
    assert_int_equal(session_query(world.session, "select count(*) from t where name == 'uno'"), 0);
}

/* ---- shapes ---- */

static void more_shapes_than_are_kept_can_be_between_their_rows(void **state)
{
    enum { COUNT = 20 };
    struct prepared *open[COUNT];

    (void)state;
    world.session->plan_sharing = PLANS_SHARED;
    for (int i = 0; i < COUNT; i++) {
        char text[80];
        bool has_row;
        snprintf(text, sizeof text, "select id from t where id%*s= %d", i, "", 1 + i % 3);
        open[i] = session_must_prepare(world.session, text);
        assert_true(prepared_step(open[i], &has_row, NULL));
        assert_true(has_row);
    }
    for (int i = 0; i < COUNT; i++) {
        bool has_row;
        assert_int_equal(prepared_value(open[i], 0).integer, 1 + i % 3);
        assert_true(prepared_step(open[i], &has_row, NULL));
        assert_false(has_row);
        prepared_destroy(open[i]);
    }
    world.session->plan_sharing = PLANS_SHARED_LATER;
}

static void delete_row(void)
{
    session_must_run(world.other, "delete from t where id == 2");
}

/* It is looked at again by the statement's own text, for the place of the mistake, and there is none any more. */
static void a_row_that_was_in_the_way_and_has_gone_is_no_mistake(void **state)
{
    struct ssql_error error;

    (void)state;
    world.session->plan_sharing = PLANS_SHARED;
    session_must_run(world.session, "insert into t values (20, 'twenty', 0)");
    at_start = delete_row;
    assert_int_equal(session_run(world.session, "insert into t values (2, 'again', 0)", false, &error), SSQL_OK);
    at_start = NULL;
    assert_int_equal(session_query(world.session, "select count(*) from t where name == 'again'"), 1);
    session_must_run(world.session, "delete from t where id == 20");
    session_must_run(world.session, "update t set name = 'two' where id == 2");
    world.session->plan_sharing = PLANS_SHARED_LATER;
}

/* Whoever waits for durable commits does not see the new schema yet. */
static void a_schema_that_is_not_durable_yet_is_no_reason_to_trust_a_plan(void **state)
{
    (void)state;
    world.session->plan_sharing = PLANS_SHARED;
    world.other->defers_sync = true;
    session_must_run(world.other, "create table soon { id int primary }");
    for (int i = 0; i < 3; i++)
        assert_int_equal(session_query(world.session, "select id from t where id == 3"), 3);
    session_must_run(world.other, "drop table soon");
    world.other->defers_sync = false;
    assert_true(engine_sync(world.engine, NULL));
    for (int i = 0; i < 3; i++)
        assert_int_equal(session_query(world.session, "select id from t where id == 3"), 3);
    world.session->plan_sharing = PLANS_SHARED_LATER;
}

/* ---- parameters ---- */

static void a_parameter_is_told_by_its_name(void **state)
{
    struct prepared *prepared = session_must_prepare(world.session, "select id from t where name == :who and id > ?");
    struct value bad = value_string(slice_of("a\xff")), zero = value_string(slice_make("a\0b", 3)),
                 number = value_int(1);
    struct ssql_error error;
    bool has_row;

    (void)state;
    assert_false(prepared_bind(prepared, 1, &bad, &error));
    assert_int_equal(error.code, SSQL_BAD_ENCODING);
    assert_string_equal(error.message, "parameter 1 (:who) is not valid UTF-8 at byte 1");
    assert_false(prepared_bind(prepared, 1, &zero, &error));
    assert_string_equal(error.message, "parameter 1 (:who) holds a NUL byte at byte 1");
    assert_false(prepared_bind(prepared, 1, &number, &error));
    assert_string_equal(error.message, "parameter 1 (:who) is int, but string is wanted");
    assert_false(prepared_bind(prepared, 2, &bad, &error));
    assert_string_equal(error.message, "parameter 2 is string, but int is wanted");
    prepared_destroy(prepared);
    prepared = session_must_prepare(world.session, "select ?, id from t");
    assert_false(prepared_bind(prepared, 1, &bad, &error)); /* any type, but no such text */
    assert_string_equal(error.message, "parameter 1 is not valid UTF-8 at byte 1");
    assert_true(prepared_bind(prepared, 1, &number, &error));
    assert_true(prepared_step(prepared, &has_row, &error));
    assert_false(prepared_bind(prepared, 1, &number, &error));
    assert_int_equal(error.code, SSQL_MISUSE);
    assert_false(prepared_bind(prepared, 2, &number, &error));
    assert_int_equal(error.code, SSQL_UNKNOWN_PARAMETER);
    prepared_destroy(prepared);
}

/* What no type is known of gets its value's, also when the plan is made again. */
static void a_plan_is_made_again_with_the_types_of_bound_values(void **state)
{
    struct prepared *prepared = session_must_prepare(world.session, "select ?, ?, id from t where id == ?");
    struct value text = value_string(slice_of("text")), number = value_int(2);
    bool has_row;

    (void)state;
    assert_true(prepared_bind(prepared, 1, &text, NULL)); /* the second stays open, the third has a type */
    assert_true(prepared_bind(prepared, 3, &number, NULL));
    for (int round = 0; round < 2; round++) {
        assert_true(prepared_step(prepared, &has_row, NULL));
        assert_true(has_row);
        assert_int_equal(prepared_value(prepared, 0).type, SSQL_TYPE_STRING);
        assert_true(prepared_value(prepared, 1).is_null);
        assert_int_equal(prepared_value(prepared, 2).integer, 2);
        prepared_reset(prepared);
        session_must_run(world.other, round == 0 ? "create table more { a int }" : "drop table more");
    }
    prepared_destroy(prepared);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_never_made_can_be_destroyed),
        cmocka_unit_test(where_the_engine_has_failed_only_reading_can_begin),
        cmocka_unit_test(on_a_read_only_database_every_transaction_only_reads),
        cmocka_unit_test(a_statement_that_always_conflicts_gives_up),
        cmocka_unit_test(between_two_tries_it_can_be_interrupted),
        cmocka_unit_test(a_copy_that_conflicts_is_not_tried_again),
        cmocka_unit_test(more_shapes_than_are_kept_can_be_between_their_rows),
        cmocka_unit_test(a_row_that_was_in_the_way_and_has_gone_is_no_mistake),
        cmocka_unit_test(a_schema_that_is_not_durable_yet_is_no_reason_to_trust_a_plan),
        cmocka_unit_test(a_parameter_is_told_by_its_name),
        cmocka_unit_test(a_plan_is_made_again_with_the_types_of_bound_values),
    };

    return cmocka_run_group_tests(tests, open_world, close_world);
}
