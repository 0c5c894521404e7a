#include <stdlib.h>
#include <string.h>

#include "api/api_internal.h"
#include "base/utf8.h"

int ssql_connect(ssql_db *db, ssql_conn **conn)
{
    struct ssql_conn *made = calloc(1, sizeof *made);
    struct ssql_error error;

    *conn = NULL;
    if (made == NULL)
        return SSQL_NO_MEMORY;
    if (!session_create(db->engine, db->catalog, &made->session, &error)) {
        free(made);
        return (int)error.code;
    }
    made->session->plan_sharing = db->plan_sharing;
    made->db = db;
    made->session->copy.files = db->allows_files ? &plain_copy_files : NULL;
    database_retain(db);
    *conn = made;
    return SSQL_OK;
}

void ssql_disconnect(ssql_conn *conn)
{
    if (conn == NULL)
        return;
    while (conn->statements != NULL)
        statement_detach(conn->statements);
    free(conn->spare);
    session_destroy(conn->session);
    database_release(conn->db);
    free(conn);
}

ssql_db *ssql_connection_db(ssql_conn *conn)
{
    return conn->db;
}

/* ---- running ---- */

/* Runs the statement to its end; rows are dropped. */
static bool run_to_end(struct prepared *prepared, struct ssql_error *error)
{
    bool has_row = true;

    while (has_row)
        if (!prepared_step(prepared, &has_row, error))
            return false;
    return true;
}

/* Runs the first statement of the text; *consumed is 0 when there is none left. */
static bool exec_first(struct ssql_conn *conn, const char *text, size_t length, size_t *consumed)
{
    struct prepared *prepared = NULL;

    if (!prepared_create(conn->session, text, length, false, &prepared, consumed, &conn->error))
        return false;
    if (prepared == NULL) {
        *consumed = 0;
        return true;
    }
    bool done = run_to_end(prepared, &conn->error);
    prepared_destroy(prepared);
    return done;
}

/* Moves the span of the error, which counts from a statement's text, to count from the whole text. */
static void shift_span(struct ssql_error *error, size_t offset)
{
    if (error->span.end == error->span.begin)
        return;
    /* Spans of texts beyond 4 GiB have no room. */
    error->span = offset + error->span.end > UINT32_MAX ? NO_SPAN
                                                        : (struct ssql_span){(uint32_t)(offset + error->span.begin),
                                                                             (uint32_t)(offset + error->span.end)};
}

int ssql_exec(ssql_conn *conn, const char *text, size_t length)
{
    size_t offset = 0;
    size_t consumed = 0;

    connection_begin_call(conn);
    do {
        offset += consumed;
        if (!exec_first(conn, text + offset, length - offset, &consumed)) {
            shift_span(&conn->error, offset);
            return connection_fail(conn, text, length);
        }
    } while (consumed > 0 && consumed < length - offset);
    return SSQL_OK;
}

int ssql_in_transaction(const ssql_conn *conn)
{
    return (int)conn->session->state;
}

int64_t ssql_changes(const ssql_conn *conn)
{
    return conn->session->changes;
}

void ssql_interrupt(ssql_conn *conn)
{
    session_interrupt(conn->session);
}

/* ---- durability and work in the background ---- */

void ssql_defer_sync(ssql_conn *conn, int on)
{
    conn->session->defers_sync = on != 0;
}

static int call_engine(struct ssql_conn *conn, bool (*call)(struct engine *engine, struct ssql_error *error))
{
    connection_begin_call(conn);
    return call(conn->db->engine, &conn->error) ? SSQL_OK : connection_fail(conn, NULL, 0);
}

int ssql_sync(ssql_conn *conn)
{
    return call_engine(conn, engine_sync);
}

int ssql_checkpoint(ssql_conn *conn)
{
    return call_engine(conn, engine_flush);
}

int ssql_compact(ssql_conn *conn)
{
    connection_begin_call(conn);
    session_begin_work(conn->session);
    return engine_compact_table(conn->db->engine, EVERY_TABLE, &conn->session->cancellation, &conn->error)
               ? SSQL_OK
               : connection_fail(conn, NULL, 0);
}

int ssql_wait_idle(ssql_conn *conn)
{
    return call_engine(conn, engine_wait_idle);
}

/* ---- errors ---- */

/* Line and column of the span's begin, and its length on that line, in code points. */
static void find_place(struct ssql_conn *conn, const char *text)
{
    uint32_t begin = conn->error.span.begin;
    uint32_t line_begin = begin;

    conn->line = 1;
    for (uint32_t i = 0; i < begin; i++)
        conn->line += text[i] == '\n';
    while (line_begin > 0 && text[line_begin - 1] != '\n')
        line_begin--;

    const char *line_end = memchr(text + begin, '\n', conn->error.span.end - begin);
    size_t size = line_end == NULL ? conn->error.span.end - begin : (size_t)(line_end - (text + begin));
    conn->column = 1 + (int64_t)utf8_length(slice_make(text + line_begin, begin - line_begin));
    conn->length = (int64_t)utf8_length(slice_make(text + begin, size));
    if (conn->length == 0)
        conn->length = 1;
}

int connection_fail(struct ssql_conn *conn, const char *text, size_t length)
{
    struct ssql_span span = conn->error.span;

    conn->line = conn->column = conn->length = 0;
    if (text != NULL && span.begin < span.end && span.end <= length)
        find_place(conn, text);
    return (int)conn->error.code;
}

int ssql_errcode(const ssql_conn *conn)
{
    return (int)conn->error.code;
}

const char *ssql_errmsg(const ssql_conn *conn)
{
    return conn->error.code == SSQL_OK ? "" : conn->error.message;
}

const char *ssql_errhint(const ssql_conn *conn)
{
    return conn->error.code == SSQL_OK ? "" : conn->error.hint;
}

const char *ssql_sqlstate(const ssql_conn *conn)
{
    return error_sqlstate(conn->error.code);
}

int ssql_errpos(const ssql_conn *conn, int64_t *line, int64_t *column, int64_t *length)
{
    bool has_place = conn->error.code != SSQL_OK && conn->line > 0;

    if (line != NULL)
        *line = has_place ? conn->line : 0;
    if (column != NULL)
        *column = has_place ? conn->column : 0;
    if (length != NULL)
        *length = has_place ? conn->length : 0;
    return has_place;
}
