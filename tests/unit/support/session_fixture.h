/* session_fixture.h - two sessions of one database in memory, in the caller's thread, and ways to run their statements.
 */
#ifndef SSQL_TESTS_SESSION_FIXTURE_H
#define SSQL_TESTS_SESSION_FIXTURE_H

#include "session/statement.h"
#include "support/engine_fixture.h"

struct session_fixture {
    struct engine *engine;
    struct catalog *catalog;
    struct session *session, *other;
};

/* With tables t { id int primary, name string, score float } of rows 1 to 3, and k { id int primary }. */
void session_fixture_open(struct session_fixture *fixture);
void session_fixture_close(struct session_fixture *fixture);

/* Runs the first statement of the text to its end, a kept one or not; returns the error's code. */
enum ssql_code session_run(struct session *session, const char *text, bool keep, struct ssql_error *error);
/* The same, asserted to go well. */
void session_must_run(struct session *session, const char *text);
/* The int of a row of one column. */
int64_t session_query(struct session *session, const char *text);
struct prepared *session_must_prepare(struct session *session, const char *text);

#endif
