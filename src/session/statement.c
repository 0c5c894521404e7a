#include "session/statement.h"

#include <assert.h>
#include <stdlib.h>
#include <time.h>

#include "base/utf8.h"
#include "plan/planner.h"

/* ---- planning ---- */

/* Types of the values bound to parameters that the statement leaves open; NULL in *types when there is none. */
static bool bound_types(struct prepared *prepared, enum ssql_type **types, struct ssql_error *error)
{
    bool any = false;

    *types = NULL;
    for (uint32_t i = 0; i < prepared->parameter_count; i++)
        any |= prepared->parameters[i].is_open && prepared->parameters[i].given.type != SSQL_TYPE_NULL;
    if (!any)
        return true;
    *types = arena_alloc_array(&prepared->session->arena, prepared->parameter_count, sizeof **types);
    if (*types == NULL)
        return error_no_memory(error);
    for (uint32_t i = 0; i < prepared->parameter_count; i++)
        if (prepared->parameters[i].is_open)
            (*types)[i] = prepared->parameters[i].given.type;
    return true;
}

/* Terminated copies of the plan's column names. */
static bool copy_column_names(const struct plan *plan, struct arena *arena, const char ***names,
                              struct ssql_error *error)
{
    uint32_t count = plan->returns_rows ? plan->root->column_count : 0;

    arena_reset(arena);
    *names = arena_alloc_array(arena, count + 1, sizeof **names);
    for (uint32_t i = 0; *names != NULL && i < count; i++)
        (*names)[i] = (const char *)arena_copy(arena, plan->root->column_names[i]).data;
    return !arena_failed(arena) || error_no_memory(error);
}

/* Makes the places for parameters, when the statement is planned for the first time. */
static bool create_parameters(struct prepared *prepared, const struct plan *plan, struct ssql_error *error)
{
    struct arena *arena = &prepared->parameter_arena;
    uint32_t count = plan->parameter_count;

    if (count == 0)
        return true;
    prepared->parameters = arena_alloc_array(arena, count, sizeof *prepared->parameters);
    prepared->values = arena_alloc_array(arena, count, sizeof *prepared->values);
    for (uint32_t i = 0; !arena_failed(arena) && i < count; i++) {
        prepared->parameters[i].name = (const char *)arena_copy(arena, plan->parameters[i].name).data;
        prepared->parameters[i].is_open = plan->parameters[i].type == SSQL_TYPE_NULL;
        prepared->parameters[i].given = value_null(SSQL_TYPE_NULL);
    }
    if (arena_failed(arena))
        return error_no_memory(error);
    prepared->parameter_count = count;
    return true;
}

/* The value that the plan sees: an int is widened where a float is wanted, nothing else is converted. */
static bool fit_value(const struct prepared *prepared, uint32_t i, struct value given, struct value *fitting,
                      struct ssql_error *error)
{
    enum ssql_type wanted = prepared->plan->parameters[i].type;
    const char *name = prepared->parameters[i].name;

    *fitting = given;
    if (given.is_null)
        *fitting = value_null(wanted);
    else if (wanted == SSQL_TYPE_FLOAT && given.type == SSQL_TYPE_INT)
        *fitting = value_float((double)given.integer);
    else if (wanted != SSQL_TYPE_NULL && wanted != given.type)
        return error_set(error, SSQL_TYPE_MISMATCH, NO_SPAN, "parameter %u%s%s%s is %s, but %s is wanted", i + 1,
                         name[0] == '\0' ? "" : " (:", name, name[0] == '\0' ? "" : ")", type_name(given.type),
                         type_name(wanted));
    return true;
}

static bool fit_all_values(struct prepared *prepared, struct ssql_error *error)
{
    for (uint32_t i = 0; i < prepared->parameter_count; i++)
        prepared->parameters[i].wanted = prepared->plan->parameters[i].type;
    for (uint32_t i = 0; i < prepared->parameter_count; i++)
        if (!fit_value(prepared, i, prepared->parameters[i].given, &prepared->values[i], error))
            return false;
    return true;
}

static void install_plan(struct prepared *prepared, struct plan *plan)
{
    execution_destroy(prepared->execution);
    prepared->execution = NULL;
    plan_destroy(prepared->plan);
    prepared->plan = plan;
    prepared->column_count = plan->returns_rows ? plan->root->column_count : 0;
    prepared->column_types = plan->root->column_types;
}

/* Plans the tree against a schema. On failure the statement keeps its plan, which is looked at again at the next run.
 */
static bool plan_tree(struct prepared *prepared, const struct statement *tree, struct schema *schema,
                      struct ssql_error *error)
{
    enum ssql_type *types = NULL;
    struct plan *plan = NULL;

    if (!bound_types(prepared, &types, error))
        return false;
    struct plan *spare = prepared->spare_plan;
    prepared->spare_plan = NULL;
    if (!plan_statement(tree, schema, types, spare, &plan, error))
        return false;
    assert(plan->is_read_only || !plan->returns_rows);
    assert(prepared->plan == NULL || plan->parameter_count == prepared->parameter_count);
    if (prepared->plan == NULL && !create_parameters(prepared, plan, error)) {
        plan_destroy(plan);
        return false;
    }
    install_plan(prepared, plan);
    prepared->wants_new_plan = true; /* until names and values fit too */
    if (prepared->own_text != NULL && !copy_column_names(plan, &prepared->column_arena, &prepared->column_names, error))
        return false;
    if (!fit_all_values(prepared, error))
        return false;
    prepared->wants_new_plan = false;
    return true;
}

static bool plan_again(struct prepared *prepared, struct schema *schema, struct ssql_error *error)
{
    struct session *session = prepared->session;
    struct statement *tree = NULL;
    size_t consumed = 0;

    arena_reset(&session->arena);
    if (!parse_statement(session->parser, prepared->text, prepared->length, &session->arena, &tree, &consumed, error))
        return false;
    assert(tree != NULL);
    return plan_tree(prepared, tree, schema, error);
}

/* ---- life ---- */

static bool copy_text(struct prepared *prepared, struct ssql_error *error)
{
    prepared->own_text = malloc(prepared->length + 1);
    if (prepared->own_text == NULL)
        return error_no_memory(error);
    memcpy(prepared->own_text, prepared->text, prepared->length);
    prepared->own_text[prepared->length] = '\0';
    prepared->text = prepared->own_text;
    return true;
}

static bool prepare_tree(struct session *session, const struct statement *tree, struct prepared *prepared, bool keep,
                         struct ssql_error *error)
{
    struct session_look look;
    bool done = false;

    if (keep && !copy_text(prepared, error))
        return false;
    if (session_look(session, &look, error))
        done = plan_tree(prepared, tree, look.schema, error);
    session_end_look(session, &look);
    return done;
}

static bool create(struct session *session, const char *text, size_t length, bool keep, struct prepared **out,
                   size_t *consumed, struct ssql_error *error)
{
    struct statement *tree = NULL;

    arena_reset(&session->arena);
    if (!parse_statement(session->parser, text, length, &session->arena, &tree, consumed, error))
        return false;
    if (tree == NULL)
        return true;

    struct prepared *prepared = keep || session->spare == NULL ? calloc(1, sizeof *prepared) : session->spare;
    if (prepared == NULL)
        return error_no_memory(error);
    if (prepared == session->spare)
        session->spare = NULL;
    prepared->session = session;
    prepared->text = text;
    prepared->length = *consumed;
    if (!prepare_tree(session, tree, prepared, keep, error)) {
        prepared_destroy(prepared);
        return false;
    }
    *out = prepared;
    return true;
}

/* The prompt of a shell, and whoever decides about a commit, wants to know that something went wrong. */
static void note_outcome(struct session *session, bool done)
{
    if (session->open != NULL)
        session->state = done ? SESSION_IN_TRANSACTION : SESSION_STATEMENT_FAILED;
}

bool prepared_create(struct session *session, const char *text, size_t length, bool keep, struct prepared **out,
                     size_t *consumed, struct ssql_error *error)
{
    *out = NULL;
    *consumed = length;
    if (create(session, text, length, keep, out, consumed, error))
        return true;
    note_outcome(session, false);
    return false;
}

static void free_parameters(struct prepared *prepared)
{
    for (uint32_t i = 0; i < prepared->parameter_count; i++)
        free(prepared->parameters[i].bytes);
    arena_clear(&prepared->parameter_arena);
}

void prepared_free(struct prepared *prepared)
{
    if (prepared == NULL)
        return;
    execution_destroy(prepared->execution);
    execution_destroy(prepared->spare_execution);
    plan_destroy(prepared->plan);
    plan_destroy(prepared->spare_plan);
    free_parameters(prepared);
    arena_clear(&prepared->column_arena);
    free(prepared->own_text);
    free(prepared);
}

/* Keeps the memory of a statement that was run once: a script is many of them. */
static void make_spare(struct prepared *prepared)
{
    struct prepared empty = {.spare_plan = prepared->spare_plan, .spare_execution = prepared->spare_execution};

    if (prepared->execution != NULL) {
        execution_empty(prepared->execution);
        empty.spare_execution = prepared->execution;
    }
    if (prepared->plan != NULL) {
        plan_empty(prepared->plan);
        empty.spare_plan = prepared->plan;
    }
    free_parameters(prepared);
    prepared->session->spare = prepared;
    *prepared = empty;
}

void prepared_destroy(struct prepared *prepared)
{
    if (prepared == NULL)
        return;
    prepared_reset(prepared);
    if (prepared->own_text == NULL && prepared->session->spare == NULL)
        make_spare(prepared);
    else
        prepared_free(prepared);
}

/* ---- runs ---- */

static void enter_active(struct prepared *prepared)
{
    struct session *session = prepared->session;

    prepared->previous_active = NULL;
    prepared->next_active = session->active;
    if (session->active != NULL)
        session->active->previous_active = prepared;
    session->active = prepared;
}

static void leave_active(struct prepared *prepared)
{
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
    else
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
        .cancellation = &session->cancellation,
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

/* Does all the work of a statement that changes something, within the work's transaction, whose mark is set. */
static bool run_writing(struct prepared *prepared, struct session_work *work, uint64_t *changes,
                        struct ssql_error *error)
{
    struct batch batch;
    bool done = true;

    if (!start_execution(prepared, work, error))
        return false;
    do
        done = execution_next(prepared->execution, &batch, error);
    while (done && batch.row_count > 0);
    *changes = execution_changes(prepared->execution);
    execution_finish(prepared->execution);
    return done;
}

static void note_changes(const struct prepared *prepared, uint64_t changes)
{
    switch (prepared->plan->root->kind) {
    case PLAN_INSERT:
    case PLAN_UPDATE:
    case PLAN_DELETE: prepared->session->changes = (int64_t)changes; break;
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
    return plan_again(prepared, schema, error);
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

static bool write_in_transaction(struct prepared *prepared, struct ssql_error *error)
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
        return true;
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
        return write_in_transaction(prepared, error);
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

static bool step_alone(struct prepared *prepared, bool *has_row, struct ssql_error *error)
{
    struct session *session = prepared->session;

    for (unsigned try = 1;; try++) {
        struct session_work *work = NULL;
        if (!take_fitting_work(prepared, &work, error))
            return false;
        if (work->kind == TRANSACTION_READ)
            return run_reading(prepared, work, true, has_row, error);

        bool done = write_and_commit(prepared, work, error);
        session_return_work(session, work);
        if (done || error->code != SSQL_CONFLICT || try == CONFLICT_TRIES)
            return done;
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

    atomic_store_explicit(&session->cancellation.requested, 0, memory_order_relaxed);
    switch (prepared->plan->root->kind) {
    case PLAN_BEGIN: return session_begin(session, prepared->plan->begin_is_read_only, error);
    case PLAN_COMMIT: return session_commit(session, error);
    case PLAN_ROLLBACK: return session_rollback(session, error);
    default: break;
    }
    return session->open != NULL ? step_in_transaction(prepared, has_row, error) : step_alone(prepared, has_row, error);
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
            note_outcome(session, false);
        return done;
    }
    done = start_run(prepared, has_row, error);
    note_outcome(session, done);
    return done;
}

/* ---- parameters ---- */

static bool check_text(const struct prepared *prepared, uint32_t index, struct slice text, struct ssql_error *error)
{
    const char *name = prepared->parameters[index - 1].name;
    size_t valid = utf8_valid_prefix(text);
    const uint8_t *nul = text.size == 0 ? NULL : memchr(text.data, 0, text.size);

    if (valid == text.size && nul == NULL)
        return true;
    return error_set(error, SSQL_BAD_ENCODING, NO_SPAN, "parameter %u%s%s%s %s at byte %zu", index,
                     name[0] == '\0' ? "" : " (:", name, name[0] == '\0' ? "" : ")",
                     nul == NULL ? "is not valid UTF-8" : "holds a NUL byte",
                     nul == NULL ? valid : (size_t)(nul - text.data));
}

/* Copies the bytes into the parameter's own memory, which only grows. */
static bool keep_bytes(struct bound_parameter *parameter, struct slice text, struct ssql_error *error)
{
    if (text.size > parameter->capacity) {
        uint8_t *bytes = malloc(text.size);
        if (bytes == NULL)
            return error_no_memory(error);
        free(parameter->bytes);
        parameter->bytes = bytes;
        parameter->capacity = text.size;
    }
    if (text.size > 0)
        memcpy(parameter->bytes, text.data, text.size);
    return true;
}

/* Member by member: a struct that has just been written in parts is slow to read as a whole. */
static inline void copy_value(struct value *to, const struct value *from)
{
    to->type = from->type;
    to->is_null = from->is_null;
    switch (from->type) {
    case SSQL_TYPE_NULL: break;
    case SSQL_TYPE_INT: to->integer = from->integer; break;
    case SSQL_TYPE_FLOAT: to->real = from->real; break;
    case SSQL_TYPE_BOOL: to->boolean = from->boolean; break;
    case SSQL_TYPE_STRING: to->string = from->string; break;
    }
}

static void set_parameter(struct prepared *prepared, uint32_t index, const struct value *given,
                          const struct value *fitting)
{
    copy_value(&prepared->parameters[index - 1].given, given);
    copy_value(&prepared->values[index - 1], fitting);
}

static bool bind_string(struct prepared *prepared, uint32_t index, struct slice text, struct ssql_error *error)
{
    struct bound_parameter *parameter = &prepared->parameters[index - 1];

    if (!check_text(prepared, index, text, error) || !keep_bytes(parameter, text, error))
        return false;
    struct value kept = value_string(slice_make(parameter->bytes, text.size));
    set_parameter(prepared, index, &kept, &kept);
    return true;
}

/* A value of another type than the plan has: a null, an int where a float is wanted, any where the type is open. */
static bool bind_other(struct prepared *prepared, uint32_t index, const struct value *value, struct ssql_error *error)
{
    const struct bound_parameter *parameter = &prepared->parameters[index - 1];
    bool is_retyped = parameter->is_open && !value->is_null;
    struct value fitting = *value;

    if (!is_retyped && !fit_value(prepared, index - 1, *value, &fitting, error))
        return false;
    if (is_retyped && value->type == SSQL_TYPE_STRING) {
        if (!bind_string(prepared, index, value->string, error))
            return false;
    } else {
        set_parameter(prepared, index, value, &fitting);
    }
    prepared->wants_new_plan |= is_retyped;
    return true;
}

static bool check_bind(const struct prepared *prepared, uint32_t index, struct ssql_error *error)
{
    if (index == 0 || index > prepared->parameter_count)
        return error_set(error, SSQL_UNKNOWN_PARAMETER, NO_SPAN, "there is no parameter %u: the statement has %u",
                         index, prepared->parameter_count);
    if (prepared->run != RUN_ROWS)
        return true;
    error_set(error, SSQL_MISUSE, NO_SPAN, "a parameter cannot be changed while the statement is between its rows");
    return error_hint(error, "reset the statement first");
}

bool prepared_bind(struct prepared *prepared, uint32_t index, const struct value *value, struct ssql_error *error)
{
    if (index - 1 >= prepared->parameter_count || prepared->run == RUN_ROWS)
        return check_bind(prepared, index, error);

    if (value->is_null || value->type != prepared->parameters[index - 1].wanted)
        return bind_other(prepared, index, value, error);
    if (value->type == SSQL_TYPE_STRING)
        return bind_string(prepared, index, value->string, error);
    set_parameter(prepared, index, value, value);
    return true;
}

void prepared_clear_bindings(struct prepared *prepared)
{
    prepared_reset(prepared);
    for (uint32_t i = 0; i < prepared->parameter_count; i++) {
        prepared->parameters[i].given = value_null(SSQL_TYPE_NULL);
        prepared->values[i] = value_null(prepared->plan->parameters[i].type);
    }
}
