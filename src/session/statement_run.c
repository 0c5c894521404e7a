/* The runs of a statement: rows read one after the other, or changes made in one step, within the open transaction or
 * in one of its own. */
#include <assert.h>
#include <time.h>

#include "session/statement.h"
#include "session/statement_internal.h"

/* ---- runs ---- */

static void enter_active(struct prepared *prepared)
{
    struct session *session = prepared->session;

    prepared->is_active = true;
    prepared->previous_active = NULL;
    prepared->next_active = session->active;
    if (session->active != NULL)
        session->active->previous_active = prepared;
    session->active = prepared;
}

static void leave_active(struct prepared *prepared)
{
    prepared->is_active = false;
    if (prepared->next_active != NULL)
        prepared->next_active->previous_active = prepared->previous_active;
    if (prepared->previous_active != NULL)
        prepared->previous_active->next_active = prepared->next_active;
    else
        prepared->session->active = prepared->next_active;
}

/* Ends a reading run between rows. */
static void end_rows(struct prepared *prepared)
{
    execution_finish(prepared->execution);
    if (prepared->work != NULL)
        session_return_work(prepared->session, prepared->work);
    else if (prepared->is_active)
        leave_active(prepared);
    result_store_destroy(prepared->aside);
    prepared->aside = NULL;
    prepared->work = NULL;
    prepared->run = RUN_NONE;
}

void prepared_reset(struct prepared *prepared)
{
    if (prepared->run == RUN_ROWS)
        end_rows(prepared);
    prepared->run = RUN_NONE;
}

void prepared_cut_off(struct prepared *prepared)
{
    assert(prepared->run == RUN_ROWS && prepared->work == NULL);
    end_rows(prepared);
    prepared->run = RUN_CUT_OFF;
}

/* Copies the current row and all that follow. */
static bool store_rows(struct prepared *prepared, struct result_store *store, struct ssql_error *error)
{
    uint32_t first = prepared->row;

    while (prepared->batch.row_count > 0) {
        if (!result_store_append(store, &prepared->batch, first, error) ||
            !execution_next(prepared->execution, &prepared->batch, error))
            return false;
        first = 0;
    }
    return true;
}

bool prepared_put_aside(struct prepared *prepared, struct ssql_error *error)
{
    struct result_store *store = NULL;
    bool has_row = false;

    assert(prepared->run == RUN_ROWS);
    if (prepared->aside != NULL)
        return true;
    const struct plan_node *root = prepared->plan->root;
    if (!result_store_create(prepared->session->engine, root->column_types, root->column_count, &store, error))
        return false;
    if (!store_rows(prepared, store, error) || !result_store_next(store, &prepared->aside_row, &has_row, error)) {
        result_store_destroy(store);
        prepared_cut_off(prepared);
        return false;
    }
    assert(has_row);
    execution_finish(prepared->execution);
    prepared->aside = store;
    return true;
}

static bool advance_aside(struct prepared *prepared, bool *has_row, struct ssql_error *error)
{
    *has_row = false;
    bool done = result_store_next(prepared->aside, &prepared->aside_row, has_row, error);

    if (!*has_row)
        end_rows(prepared);
    return done;
}

/* Moves to the next row; ends the run where there is none. */
static bool advance(struct prepared *prepared, bool *has_row, struct ssql_error *error)
{
    struct batch *batch = &prepared->batch;

    if (prepared->aside != NULL)
        return advance_aside(prepared, has_row, error);
    if (++prepared->row < batch->selected_count) {
        *has_row = true;
        return true;
    }
    do {
        if (!execution_next(prepared->execution, batch, error)) {
            end_rows(prepared);
            return false;
        }
    } while (batch->row_count > 0 && batch->selected_count == 0);
    prepared->row = 0;
    *has_row = batch->row_count > 0;
    if (!*has_row)
        end_rows(prepared);
    return true;
}

static bool start_execution(struct prepared *prepared, struct session_work *work, struct ssql_error *error)
{
    struct session *session = prepared->session;
    struct execution_context context = {
        .engine = session->engine,
        .transaction = work->transaction,
        .catalog = work->view,
        .parameters = prepared->values,
        .parameter_row_count = prepared->shape == NULL ? 1 : prepared->shape->rows.row_count,
        .parameter_count = prepared->shape == NULL ? 0 : prepared->shape->width,
        .cancellation = &session->cancellation,
        .copy = &session->copy,
    };

    if (prepared->execution == NULL) {
        struct execution *spare = prepared->spare_execution;
        prepared->spare_execution = NULL;
        if (!execution_create(prepared->plan, spare, &prepared->execution, error))
            return false;
    }
    if (execution_start(prepared->execution, &context, error))
        return true;
    execution_finish(prepared->execution);
    return false;
}

/* Starts a reading run and moves to its first row. `own`: the work is the run's, which gives it back. */
static bool run_reading(struct prepared *prepared, struct session_work *work, bool own, bool *has_row,
                        struct ssql_error *error)
{
    if (!start_execution(prepared, work, error)) {
        if (own)
            session_return_work(prepared->session, work);
        return false;
    }
    prepared->run = RUN_ROWS;
    prepared->work = own ? work : NULL;
    if (!own)
        enter_active(prepared);
    prepared->batch = (struct batch){.row_count = 0};
    prepared->row = 0;
    return advance(prepared, has_row, error);
}

/* Rows that a change gives (explain analyze) are handed out when it is done, and are not part of its transaction. */
static bool keep_rows(struct prepared *prepared, const struct batch *batch, struct ssql_error *error)
{
    const struct plan_node *root = prepared->plan->root;

    if (prepared->aside == NULL && !result_store_create(prepared->session->engine, root->column_types,
                                                        root->column_count, &prepared->aside, error))
        return false;
    return result_store_append(prepared->aside, batch, 0, error);
}

static void drop_rows(struct prepared *prepared)
{
    result_store_destroy(prepared->aside);
    prepared->aside = NULL;
}

/* Does all the work of a statement that changes something, within the work's transaction, whose mark is set. */
static bool run_writing(struct prepared *prepared, struct session_work *work, uint64_t *changes,
                        struct ssql_error *error)
{
    struct batch batch;
    bool done = true;

    if (!start_execution(prepared, work, error))
        return false;
    do
        done = execution_next(prepared->execution, &batch, error) &&
               (batch.row_count == 0 || keep_rows(prepared, &batch, error));
    while (done && batch.row_count > 0);
    *changes = execution_changes(prepared->execution);
    execution_finish(prepared->execution);
    if (!done)
        drop_rows(prepared);
    return done;
}

/* After a change that went well: the first of its rows, if it gave any. */
static bool show_kept_rows(struct prepared *prepared, bool *has_row, struct ssql_error *error)
{
    if (prepared->aside == NULL)
        return true;
    prepared->run = RUN_ROWS;
    prepared->work = NULL;
    return advance_aside(prepared, has_row, error);
}

static void note_changes(const struct prepared *prepared, uint64_t changes)
{
    switch (plan_effect(prepared->plan)) {
    case PLAN_INSERT:
    case PLAN_UPDATE:
    case PLAN_DELETE:
    case PLAN_COPY_FROM:
    case PLAN_COPY_TO: prepared->session->changes = (int64_t)changes; break;
    default: break;
    }
}

/* Makes plan and values fit what the work's transaction sees. Nothing is done when the schema is still the same. */
static bool fit_to_schema(struct prepared *prepared, struct session_work *work, struct ssql_error *error)
{
    struct schema *schema = NULL;

    if (!catalog_view_schema(work->view, work->transaction, &schema, error))
        return false;
    if (!prepared->wants_new_plan && schema_version(schema) == schema_version(prepared->plan->schema))
        return true;
    return prepared_plan_again(prepared, schema, error);
}

/* ---- within a transaction ---- */

static bool check_may_write(const struct session *session, struct ssql_error *error)
{
    if (session->open->kind == TRANSACTION_READ)
        return error_set(error, SSQL_READ_ONLY, NO_SPAN,
                         engine_is_read_only(session->engine) ? "the database is open read-only"
                                                              : "the transaction is read-only");
    return true;
}

/* Queries that are between their rows must not see, nor be harmed by, what is going to be changed. */
static bool put_queries_aside(struct session *session, struct ssql_error *error)
{
    for (struct prepared *query = session->active; query != NULL;) {
        struct prepared *next = query->next_active; /* a failure takes the query from the list */
        if (!prepared_put_aside(query, error))
            return false;
        query = next;
    }
    return true;
}

static bool write_in_transaction(struct prepared *prepared, bool *has_row, struct ssql_error *error)
{
    struct session_work *work = prepared->session->open;
    uint64_t changes = 0;

    if (!check_may_write(prepared->session, error) || !put_queries_aside(prepared->session, error))
        return false;

    uint64_t mark = transaction_mark(work->transaction);
    if (run_writing(prepared, work, &changes, error)) {
        /* While queries are open, a query that starts makes no mark, and has to see these writes. */
        if (prepared->session->active != NULL)
            transaction_mark(work->transaction);
        note_changes(prepared, changes);
        return show_kept_rows(prepared, has_row, error);
    }
    transaction_undo_to(work->transaction, mark);
    catalog_view_forget(work->view);
    return false;
}

static bool step_in_transaction(struct prepared *prepared, bool *has_row, struct ssql_error *error)
{
    struct session_work *work = prepared->session->open;

    if (!fit_to_schema(prepared, work, error))
        return false;
    if (!prepared->plan->is_read_only)
        return write_in_transaction(prepared, has_row, error);
    if (prepared->session->active == NULL && work->kind == TRANSACTION_WRITE)
        transaction_mark(work->transaction);
    return run_reading(prepared, work, false, has_row, error);
}

/* ---- a transaction by itself ---- */

/* A transaction of the kind that the plan needs, and a plan that fits it. */
static bool take_fitting_work(struct prepared *prepared, struct session_work **out, struct ssql_error *error)
{
    for (;;) {
        enum transaction_kind kind = prepared->plan->is_read_only ? TRANSACTION_READ : TRANSACTION_WRITE;
        if (!session_take_work(prepared->session, kind, out, error))
            return false;
        if (!fit_to_schema(prepared, *out, error))
            break;
        /* The new schema may have made a change of what was none: `create table if not exists`. */
        if (kind == TRANSACTION_WRITE || prepared->plan->is_read_only)
            return true;
        session_return_work(prepared->session, *out);
    }
    session_return_work(prepared->session, *out);
    *out = NULL;
    return false;
}

static bool write_and_commit(struct prepared *prepared, struct session_work *work, struct ssql_error *error)
{
    uint64_t changes = 0;

    transaction_mark(work->transaction);
    if (!run_writing(prepared, work, &changes, error) || !transaction_commit(work->transaction, error)) {
        drop_rows(prepared);
        catalog_view_forget(work->view);
        return false;
    }
    note_changes(prepared, changes);
    return true;
}

/* Waits a little, longer from try to try, by a time that differs between threads. */
static void pause_after_conflict(unsigned try)
{
    struct timespec now = {0};
    long longest = 20000L << (try < 8 ? try : 8); /* 5 ms at most */

    clock_gettime(CLOCK_MONOTONIC, &now);
    struct timespec pause = {.tv_sec = 0, .tv_nsec = longest / 2 + now.tv_nsec % (longest / 2)};
    nanosleep(&pause, NULL);
}

/* For copy with batch_rows: what was done so far is kept whatever follows. */
static bool commit_so_far(void *context, struct ssql_error *error)
{
    struct prepared *prepared = context;
    struct session *session = prepared->session;
    struct session_work *work = prepared->copying;
    enum commit_wait wait = session->defers_sync ? COMMIT_DEFERRED : COMMIT_DURABLE;

    if (!transaction_commit(work->transaction, error) ||
        !transaction_begin(work->transaction, TRANSACTION_WRITE, wait, error))
        return false;
    transaction_mark(work->transaction);
    return true;
}

/* Copy cannot be repeated after a conflict: its input may be gone. */
static bool may_run_again(const struct prepared *prepared, const struct ssql_error *error, unsigned tries)
{
    return error->code == SSQL_CONFLICT && tries < CONFLICT_TRIES && plan_effect(prepared->plan) != PLAN_COPY_FROM;
}

static bool step_alone(struct prepared *prepared, bool *has_row, struct ssql_error *error)
{
    struct session *session = prepared->session;

    for (unsigned try = 1;; try++) {
        struct session_work *work = NULL;
        if (!take_fitting_work(prepared, &work, error))
            return false;
        if (work->kind == TRANSACTION_READ)
            return run_reading(prepared, work, true, has_row, error);

        prepared->copying = work;
        session->copy.commit = commit_so_far;
        session->copy.commit_context = prepared;
        bool done = write_and_commit(prepared, work, error);
        session->copy.commit = NULL;
        session_return_work(session, work);
        if (done)
            return show_kept_rows(prepared, has_row, error);
        if (!may_run_again(prepared, error, try))
            return false;
        error_clear(error);
        pause_after_conflict(try);
        if (!cancellation_check(&session->cancellation, error))
            return false;
    }
}

/* ---- stepping ---- */

static bool start_run(struct prepared *prepared, bool *has_row, struct ssql_error *error)
{
    struct session *session = prepared->session;

    session_begin_work(session);
    switch (prepared->plan->root->kind) {
    case PLAN_BEGIN: return session_begin(session, prepared->plan->begin_is_read_only, error);
    case PLAN_COMMIT: return session_commit(session, error);
    case PLAN_ROLLBACK: return session_rollback(session, error);
    case PLAN_BACKUP:
        if (!session_check_backup(session, error))
            return false;
        break;
    default: break;
    }
    return session->open != NULL ? step_in_transaction(prepared, has_row, error) : step_alone(prepared, has_row, error);
}

/* Leaves the plan that the statement shares with others of its shape, and runs with one of its own text: only that can
 * say where in this text something is wrong. The failed run has changed nothing. */
static bool run_by_itself(struct prepared *prepared, bool *has_row, struct ssql_error *error)
{
    struct session *session = prepared->session;
    struct session_look look;

    error_clear(error);
    bool is_planned = session_look(session, &look, error) && prepared_plan_again(prepared, look.schema, error);
    session_end_look(session, &look);
    return is_planned && start_run(prepared, has_row, error);
}

bool prepared_step(struct prepared *prepared, bool *has_row, struct ssql_error *error)
{
    struct session *session = prepared->session;
    bool within = prepared->work == NULL;
    bool done;

    *has_row = false;
    if (prepared->run == RUN_CUT_OFF) {
        prepared->run = RUN_NONE;
        return error_set(error, SSQL_MISUSE, NO_SPAN, "the query was ended before its last row, with its transaction");
    }
    if (prepared->run == RUN_ROWS) {
        done = advance(prepared, has_row, error);
        if (!done && within)
            session_note_outcome(session, false);
        return done;
    }
    done = start_run(prepared, has_row, error);
    if (!done && prepared->shape != NULL && error->span.begin < error->span.end)
        done = run_by_itself(prepared, has_row, error);
    if (done && plan_effect(prepared->plan) == PLAN_COPY_TO)
        note_changes(prepared, execution_changes(prepared->execution));
    session_note_outcome(session, done);
    return done;
}
