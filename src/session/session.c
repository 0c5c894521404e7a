#include "session/session.h"

#include <assert.h>
#include <stdlib.h>

#include "session/shape_cache.h"
#include "session/statement.h"

bool session_create(struct engine *engine, struct catalog *catalog, struct session **out, struct ssql_error *error)
{
    struct session *session = calloc(1, sizeof *session);

    *out = NULL;
    if (session == NULL)
        return error_no_memory(error);
    session->engine = engine;
    session->catalog = catalog;
    arena_init(&session->arena);
    if (!parser_create(&session->parser, error)) {
        session_destroy(session);
        return false;
    }
    session->shapes = shape_cache_create();
    if (session->shapes == NULL) {
        session_destroy(session);
        return error_no_memory(error);
    }
    *out = session;
    return true;
}

static void work_destroy(struct session_work *work)
{
    transaction_destroy(work->transaction);
    catalog_view_destroy(work->view);
    free(work);
}

/* Ends every run that is still reading in the open transaction. */
static void end_active_runs(struct session *session)
{
    while (session->active != NULL)
        prepared_cut_off(session->active);
}

static void leave_transaction(struct session *session)
{
    struct session_work *work = session->open;

    session->open = NULL;
    session->state = SESSION_AUTOCOMMIT;
    session_return_work(session, work);
}

void session_destroy(struct session *session)
{
    if (session == NULL)
        return;
    if (session->open != NULL) {
        end_active_runs(session);
        leave_transaction(session);
    }
    while (session->pool != NULL) {
        struct session_work *work = session->pool;
        session->pool = work->next;
        work_destroy(work);
    }
    prepared_free(session->spare);
    shape_cache_destroy(session->shapes);
    parser_destroy(session->parser);
    buffer_clear(&session->copy.created_table);
    arena_clear(&session->arena);
    free(session);
}

void session_interrupt(struct session *session)
{
    atomic_store_explicit(&session->cancellation.requested, 1, memory_order_relaxed);
}

static bool work_create(struct session *session, struct session_work **out, struct ssql_error *error)
{
    struct session_work *work = calloc(1, sizeof *work);

    *out = NULL;
    if (work == NULL)
        return error_no_memory(error);
    if (!transaction_create(session->engine, &work->transaction, error) ||
        !catalog_view_create(session->catalog, &work->view, error)) {
        work_destroy(work);
        return false;
    }
    *out = work;
    return true;
}

bool session_take_work(struct session *session, enum transaction_kind kind, struct session_work **out,
                       struct ssql_error *error)
{
    struct session_work *work = session->pool;

    *out = NULL;
    if (work != NULL)
        session->pool = work->next;
    else if (!work_create(session, &work, error))
        return false;
    work->next = NULL;
    work->kind = kind;
    if (!transaction_begin(work->transaction, kind, session->defers_sync ? COMMIT_DEFERRED : COMMIT_DURABLE, error)) {
        session_return_work(session, work);
        return false;
    }
    *out = work;
    return true;
}

void session_return_work(struct session *session, struct session_work *work)
{
    if (transaction_is_open(work->transaction)) {
        transaction_rollback(work->transaction);
        if (work->kind == TRANSACTION_WRITE)
            catalog_view_forget(work->view);
    }
    work->next = session->pool;
    session->pool = work;
}

bool session_look(struct session *session, struct session_look *look, struct ssql_error *error)
{
    struct session_work *work = session->open;

    *look = (struct session_look){.work = NULL, .schema = NULL};
    if (work == NULL) {
        if (!session_take_work(session, TRANSACTION_READ, &look->work, error))
            return false;
        work = look->work;
    }
    return catalog_view_schema(work->view, work->transaction, &look->schema, error);
}

void session_end_look(struct session *session, struct session_look *look)
{
    if (look->work != NULL)
        session_return_work(session, look->work);
    look->work = NULL;
    look->schema = NULL;
}

bool session_begin(struct session *session, bool read_only, struct ssql_error *error)
{
    enum transaction_kind kind =
        read_only || engine_is_read_only(session->engine) ? TRANSACTION_READ : TRANSACTION_WRITE;

    if (session->open != NULL) {
        error_set(error, SSQL_IN_TRANSACTION, NO_SPAN, "a transaction is already open");
        return error_hint(error, "\"commit\" or \"rollback\" ends it");
    }
    if (!session_take_work(session, kind, &session->open, error))
        return false;
    session->state = SESSION_IN_TRANSACTION;
    return true;
}

static bool check_open(const struct session *session, struct ssql_error *error)
{
    if (session->open != NULL)
        return true;
    error_set(error, SSQL_NO_TRANSACTION, NO_SPAN, "no transaction is open");
    return error_hint(error, "begin one with \"begin\"");
}

bool session_commit(struct session *session, struct ssql_error *error)
{
    if (!check_open(session, error))
        return false;
    end_active_runs(session);

    bool done = transaction_commit(session->open->transaction, error);

    if (!done) {
        assert(session->open->kind == TRANSACTION_WRITE);
        catalog_view_forget(session->open->view);
    }
    leave_transaction(session);
    return done;
}

bool session_rollback(struct session *session, struct ssql_error *error)
{
    if (!check_open(session, error))
        return false;
    end_active_runs(session);
    leave_transaction(session);
    return true;
}

void session_begin_work(struct session *session)
{
    atomic_store_explicit(&session->cancellation.requested, 0, memory_order_relaxed);
    if (session->cancellation.progress != NULL)
        progress_start(session->cancellation.progress);
}

bool session_check_backup(const struct session *session, struct ssql_error *error)
{
    if (session->open == NULL)
        return true;
    error_set(error, SSQL_IN_TRANSACTION, NO_SPAN, "a backup cannot be made within a transaction");
    return error_hint(error, "commit or roll back first: a backup holds what is committed");
}

void session_note_outcome(struct session *session, bool done)
{
    if (session->open != NULL)
        session->state = done ? SESSION_IN_TRANSACTION : SESSION_STATEMENT_FAILED;
}
