#include "support/session_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

void session_fixture_open(struct session_fixture *fixture)
{
    struct engine_options options = fixture_options(false);

    fixture->engine = fixture_open(fixture_volume(), &options);
    assert_true(catalog_create(fixture->engine, &fixture->catalog, NULL));
    assert_true(session_create(fixture->engine, fixture->catalog, &fixture->session, NULL));
    assert_true(session_create(fixture->engine, fixture->catalog, &fixture->other, NULL));
    session_must_run(fixture->session, "create table t { id int primary, name string, score float }");
    session_must_run(fixture->session, "create table k { id int primary }");
    session_must_run(fixture->session, "insert into t values (1, 'one', 1), (2, 'two', null), (3, null, 3)");
}

void session_fixture_close(struct session_fixture *fixture)
{
    session_destroy(fixture->session);
    session_destroy(fixture->other);
    catalog_destroy(fixture->catalog);
    fixture_close(fixture->engine);
}

enum ssql_code session_run(struct session *session, const char *text, bool keep, struct ssql_error *error)
{
    struct prepared *prepared = NULL;
    size_t consumed;
    bool has_row = true;

    *error = (struct ssql_error){0};
    bool is_done = prepared_create(session, text, strlen(text), keep, &prepared, &consumed, error);
    while (is_done && has_row)
        is_done = prepared_step(prepared, &has_row, error);
    prepared_destroy(prepared);
    assert_int_equal(error->code == SSQL_OK, is_done);
    return error->code;
}

void session_must_run(struct session *session, const char *text)
{
    struct ssql_error error;

    if (session_run(session, text, false, &error) != SSQL_OK)
        fail_msg("%s: %s", text, error.message);
}

struct prepared *session_must_prepare(struct session *session, const char *text)
{
    struct prepared *prepared = NULL;
    struct ssql_error error = {0};
    size_t consumed;

    if (!prepared_create(session, text, strlen(text), true, &prepared, &consumed, &error))
        fail_msg("%s: %s", text, error.message);
    assert_non_null(prepared);
    return prepared;
}

int64_t session_query(struct session *session, const char *text)
{
    struct prepared *prepared = session_must_prepare(session, text);
    bool has_row;

    assert_true(prepared_step(prepared, &has_row, NULL));
    assert_true(has_row);
    struct value value = prepared_value(prepared, 0);
    prepared_destroy(prepared);
    return value.integer;
}
