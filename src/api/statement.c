#include <stdlib.h>
#include <string.h>

#include "api/api_internal.h"

/* The handle of a statement that was finalized, or a new one. */
static struct ssql_stmt *take_handle(struct ssql_conn *conn)
{
    struct ssql_stmt *spare = conn->spare;

    conn->spare = NULL;
    return spare != NULL ? spare : calloc(1, sizeof *spare);
}

int ssql_prepare(ssql_conn *conn, const char *text, size_t length, ssql_stmt **stmt, const char **tail)
{
    struct ssql_stmt *made = take_handle(conn);
    size_t consumed = length;

    *stmt = NULL;
    connection_begin_call(conn);
    if (made == NULL)
        error_no_memory(&conn->error);
    bool done =
        made != NULL && prepared_create(conn->session, text, length, true, &made->prepared, &consumed, &conn->error);
    if (tail != NULL)
        *tail = text + consumed;
    if (!done || made->prepared == NULL) {
        free(made);
        return done ? SSQL_OK : connection_fail(conn, text, length);
    }
    made->conn = conn;
    made->next = conn->statements;
    if (conn->statements != NULL)
        conn->statements->previous = made;
    conn->statements = made;
    *stmt = made;
    return SSQL_OK;
}

void statement_detach(struct ssql_stmt *stmt)
{
    if (stmt->next != NULL)
        stmt->next->previous = stmt->previous;
    if (stmt->previous != NULL)
        stmt->previous->next = stmt->next;
    else
        stmt->conn->statements = stmt->next;
    prepared_destroy(stmt->prepared);
    stmt->prepared = NULL;
    stmt->conn = NULL;
}

void ssql_finalize(ssql_stmt *stmt)
{
    struct ssql_conn *conn = stmt == NULL ? NULL : stmt->conn;

    if (stmt == NULL)
        return;
    if (conn != NULL)
        statement_detach(stmt);
    arena_clear(&stmt->cells);
    if (conn == NULL || conn->spare != NULL) {
        free(stmt);
        return;
    }
    *stmt = (struct ssql_stmt){.conn = NULL};
    conn->spare = stmt;
}

static void drop_cells(struct ssql_stmt *stmt)
{
    if (stmt->cells.used_bytes > 0)
        arena_reset(&stmt->cells);
}

int ssql_step(ssql_stmt *stmt)
{
    struct ssql_conn *conn = stmt->conn;
    bool has_row = false;

    if (conn == NULL)
        return SSQL_MISUSE;
    connection_begin_call(conn);
    drop_cells(stmt);
    if (!prepared_step(stmt->prepared, &has_row, &conn->error))
        return connection_fail(conn, stmt->prepared->text, stmt->prepared->length);
    return has_row ? SSQL_ROW : SSQL_DONE;
}

void ssql_reset(ssql_stmt *stmt)
{
    if (stmt == NULL || stmt->prepared == NULL)
        return;
    drop_cells(stmt);
    prepared_reset(stmt->prepared);
}

ssql_conn *ssql_statement_connection(const ssql_stmt *stmt)
{
    return stmt->conn;
}

int ssql_statement_kind(const ssql_stmt *stmt)
{
    if (stmt->prepared == NULL)
        return 0;
    switch (plan_effect(stmt->prepared->plan)) {
    case PLAN_INSERT:
    case PLAN_UPDATE:
    case PLAN_DELETE:
    case PLAN_COPY_FROM:
    case PLAN_COPY_TO: return SSQL_KIND_CHANGE;
    case PLAN_CREATE_TABLE:
    case PLAN_DROP_TABLE:
    case PLAN_NOTHING: return SSQL_KIND_SCHEMA;
    case PLAN_BEGIN:
    case PLAN_COMMIT:
    case PLAN_ROLLBACK: return SSQL_KIND_TRANSACTION;
    case PLAN_VALUES:
    case PLAN_SCAN:
    case PLAN_LOOKUP:
    case PLAN_FILTER:
    case PLAN_PROJECT:
    case PLAN_AGGREGATE:
    case PLAN_DISTINCT:
    case PLAN_SORT:
    case PLAN_LIMIT:
    case PLAN_BACKUP:
    case PLAN_ANALYZE: break;
    }
    return SSQL_KIND_QUERY;
}

int ssql_is_read_only(const ssql_stmt *stmt)
{
    return stmt->prepared != NULL && stmt->prepared->plan->is_read_only;
}

/* ---- parameters ---- */

static const struct bound_parameter *find_parameter(const struct ssql_stmt *stmt, int index)
{
    if (stmt->prepared == NULL || index < 1 || (uint32_t)index > stmt->prepared->parameter_count)
        return NULL;
    return &stmt->prepared->parameters[index - 1];
}

int ssql_parameter_count(const ssql_stmt *stmt)
{
    return stmt->prepared == NULL ? 0 : (int)stmt->prepared->parameter_count;
}

const char *ssql_parameter_name(const ssql_stmt *stmt, int index)
{
    const struct bound_parameter *parameter = find_parameter(stmt, index);

    return parameter == NULL ? NULL : parameter->name;
}

int ssql_parameter_type(const ssql_stmt *stmt, int index)
{
    const struct bound_parameter *parameter = find_parameter(stmt, index);

    if (parameter == NULL || parameter->is_open)
        return SSQL_TYPE_NULL;
    return (int)stmt->prepared->plan->parameters[index - 1].type;
}

int ssql_bind_index(const ssql_stmt *stmt, const char *name)
{
    const char *bare = name[0] == ':' || name[0] == '$' ? name + 1 : name;

    for (int index = 1; bare[0] != '\0' && index <= ssql_parameter_count(stmt); index++)
        if (name_equal(slice_of(stmt->prepared->parameters[index - 1].name), slice_of(bare)))
            return index;
    return 0;
}

static int bind(struct ssql_stmt *stmt, int index, const struct value *value)
{
    struct ssql_conn *conn = stmt->conn;

    if (conn == NULL)
        return SSQL_MISUSE;
    connection_begin_call(conn);
    if (!prepared_bind(stmt->prepared, index < 0 ? 0 : (uint32_t)index, value, &conn->error))
        return connection_fail(conn, NULL, 0);
    return SSQL_OK;
}

int ssql_bind_int(ssql_stmt *stmt, int index, int64_t integer)
{
    struct value value = value_int(integer);

    return bind(stmt, index, &value);
}

int ssql_bind_float(ssql_stmt *stmt, int index, double real)
{
    struct value value = value_float(real);

    return bind(stmt, index, &value);
}

int ssql_bind_bool(ssql_stmt *stmt, int index, int boolean)
{
    struct value value = value_bool(boolean != 0);

    return bind(stmt, index, &value);
}

int ssql_bind_string(ssql_stmt *stmt, int index, const char *text, size_t length)
{
    struct value value = value_string(slice_make(text, length));

    return text == NULL ? ssql_bind_null(stmt, index) : bind(stmt, index, &value);
}

int ssql_bind_null(ssql_stmt *stmt, int index)
{
    struct value value = value_null(SSQL_TYPE_NULL);

    return bind(stmt, index, &value);
}

void ssql_clear_bindings(ssql_stmt *stmt)
{
    if (stmt != NULL && stmt->prepared != NULL)
        prepared_clear_bindings(stmt->prepared);
}
