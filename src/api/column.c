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
    return has_column(stmt, i) ? stmt->prepared->column_names[i] : NULL;
}

int ssql_column_type(const ssql_stmt *stmt, int i)
{
    return has_column(stmt, i) ? (int)stmt->prepared->column_types[i] : SSQL_TYPE_NULL;
}

/* Where there is a current row, and it has such a column. */
static inline bool has_cell(const struct ssql_stmt *stmt, int i)
{
    const struct prepared *prepared = stmt->prepared;

    return prepared != NULL && prepared_has_row(prepared) && i >= 0 && (uint32_t)i < prepared->column_count;
}

/* `type` is known where it is called, so that its size is, too. */
static inline const void *vector_item_at(const struct vector *vector, uint32_t row, enum ssql_type type)
{
    uint32_t item = vector->kind == VECTOR_CONSTANT ? 0 : row;

    if (vector->type != type || (vector->nulls != NULL && vector->nulls[item]))
        return NULL;
    if (type == SSQL_TYPE_STRING && vector->kind == VECTOR_DICTIONARY)
        item = vector->codes[item];
    return (const uint8_t *)vector->items + item * vector_item_size(type);
}

/* Points to the cell's value of the given type, where it lies; NULL when there is none: no row, null, another type. */
static inline const void *find_cell(const struct ssql_stmt *stmt, int i, enum ssql_type type)
{
    const struct prepared *prepared = stmt->prepared;

    if (!has_cell(stmt, i) || prepared->column_types[i] != type || type == SSQL_TYPE_NULL)
        return NULL;
    if (prepared->aside == NULL)
        return vector_item_at(&prepared->batch.columns[i], batch_row(&prepared->batch, prepared->row), type);
    const struct value *value = &prepared->aside_row[i];
    return value->is_null ? NULL : &value->integer; /* or what lies there instead of it: they are a union */
}

int ssql_column_is_null(const ssql_stmt *stmt, int i)
{
    return find_cell(stmt, i, (enum ssql_type)ssql_column_type(stmt, i)) == NULL;
}

int64_t ssql_column_int(const ssql_stmt *stmt, int i)
{
    const int64_t *integer = find_cell(stmt, i, SSQL_TYPE_INT);

    return integer == NULL ? 0 : *integer;
}

double ssql_column_float(const ssql_stmt *stmt, int i)
{
    const double *real = find_cell(stmt, i, SSQL_TYPE_FLOAT);

    return real == NULL ? (double)ssql_column_int(stmt, i) : *real;
}

int ssql_column_bool(const ssql_stmt *stmt, int i)
{
    const uint8_t *boolean = find_cell(stmt, i, SSQL_TYPE_BOOL);

    return boolean != NULL && *boolean != 0;
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
    const struct slice *string = find_cell(stmt, i, SSQL_TYPE_STRING);

    if (length != NULL)
        *length = 0;
    return string == NULL ? NULL : copy_cell(stmt, *string, length);
}

const char *ssql_column_text(ssql_stmt *stmt, int i, size_t *length)
{
    enum ssql_type type = (enum ssql_type)ssql_column_type(stmt, i);
    struct buffer text = {.data = NULL};
    const char *copy;

    if (type == SSQL_TYPE_STRING || ssql_column_is_null(stmt, i))
        return ssql_column_string(stmt, i, length);
    struct value value = prepared_value(stmt->prepared, (uint32_t)i);
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
