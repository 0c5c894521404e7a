#include <string.h>

#include "api/api_internal.h"

int ssql_column_count(const ssql_stmt *stmt)
{
    return stmt->prepared == NULL ? 0 : (int)prepared_column_count(stmt->prepared);
}

static bool has_column(const struct ssql_stmt *stmt, int i)
{
    return i >= 0 && i < ssql_column_count(stmt);
}

const char *ssql_column_name(const ssql_stmt *stmt, int i)
{
    return has_column(stmt, i) && stmt->prepared->column_names != NULL ? stmt->prepared->column_names[i] : NULL;
}

int ssql_column_type(const ssql_stmt *stmt, int i)
{
    return has_column(stmt, i) ? (int)stmt->prepared->plan->root->column_types[i] : SSQL_TYPE_NULL;
}

/* The value, or null where there is none. */
static struct value current_value(const struct ssql_stmt *stmt, int i)
{
    if (!has_column(stmt, i) || !prepared_has_row(stmt->prepared))
        return value_null(SSQL_TYPE_NULL);
    return prepared_value(stmt->prepared, (uint32_t)i);
}

int ssql_column_is_null(const ssql_stmt *stmt, int i)
{
    return current_value(stmt, i).is_null;
}

int64_t ssql_column_int(const ssql_stmt *stmt, int i)
{
    struct value value = current_value(stmt, i);

    return !value.is_null && value.type == SSQL_TYPE_INT ? value.integer : 0;
}

double ssql_column_float(const ssql_stmt *stmt, int i)
{
    struct value value = current_value(stmt, i);

    if (value.is_null)
        return 0.0;
    if (value.type == SSQL_TYPE_INT)
        return (double)value.integer;
    return value.type == SSQL_TYPE_FLOAT ? value.real : 0.0;
}

int ssql_column_bool(const ssql_stmt *stmt, int i)
{
    struct value value = current_value(stmt, i);

    return !value.is_null && value.type == SSQL_TYPE_BOOL && value.boolean;
}

/* A terminated copy that lives as long as the row. */
static const char *copy_cell(struct ssql_stmt *stmt, struct slice text, size_t *length)
{
    const char *copy = (const char *)arena_copy(&stmt->cells, text).data;

    if (copy == NULL) {
        error_no_memory(&stmt->conn->error);
        connection_fail(stmt->conn, NULL, 0);
        stmt->cells.failed = false;
        return NULL;
    }
    if (length != NULL)
        *length = text.size;
    return copy;
}

const char *ssql_column_string(ssql_stmt *stmt, int i, size_t *length)
{
    struct value value = current_value(stmt, i);

    if (length != NULL)
        *length = 0;
    if (value.is_null || value.type != SSQL_TYPE_STRING)
        return NULL;
    return copy_cell(stmt, value.string, length);
}

const char *ssql_column_text(ssql_stmt *stmt, int i, size_t *length)
{
    struct value value = current_value(stmt, i);
    struct buffer text = {.data = NULL};
    const char *copy;

    if (value.is_null || value.type == SSQL_TYPE_STRING)
        return ssql_column_string(stmt, i, length);
    if (length != NULL)
        *length = 0;
    value_append_text(&text, &value);
    if (text.failed) {
        error_no_memory(&stmt->conn->error);
        connection_fail(stmt->conn, NULL, 0);
        copy = NULL;
    } else {
        copy = copy_cell(stmt, buffer_slice(&text), length);
    }
    buffer_clear(&text);
    return copy;
}
