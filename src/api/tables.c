#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/api_internal.h"

/* What a table was when it was looked at; everything in the arena. */
struct listed_column {
    const char *name;
    enum ssql_type type;
    bool is_key;
    bool is_not_null;
};

struct listed_table {
    const char *name;
    uint32_t column_count;
    struct listed_column *columns;
    struct table_statistics statistics;
};

struct ssql_tables {
    struct arena arena;
    uint32_t count;
    struct listed_table *items;
};

static void list_columns(struct arena *arena, const struct table_schema *table, struct listed_table *listed)
{
    listed->column_count = table->visible_count;
    listed->columns = arena_alloc_array(arena, table->visible_count, sizeof *listed->columns);
    if (listed->columns == NULL)
        return;
    for (uint32_t i = 0; i < table->visible_count; i++) {
        const struct column_schema *column = &table->columns[i];
        listed->columns[i] = (struct listed_column){
            .name = (const char *)arena_copy(arena, column->name).data,
            .type = column->type,
            .is_key = column->is_key,
            .is_not_null = column->is_not_null,
        };
    }
}

static bool list_tables(struct ssql_conn *conn, const struct schema *schema, struct ssql_tables *tables)
{
    struct arena *arena = &tables->arena;

    tables->items = arena_alloc_array(arena, schema_table_count(schema), sizeof *tables->items);
    for (uint32_t i = 0; !arena_failed(arena) && i < schema_table_count(schema); i++) {
        const struct table_schema *table = schema_table(schema, i);
        struct listed_table *listed = &tables->items[i];

        listed->name = (const char *)arena_copy(arena, table->name).data;
        list_columns(arena, table, listed);
        /* A table that the connection's own transaction made is not known to storage yet: it has no numbers. */
        if (!engine_table_statistics(conn->db->engine, table->id, &listed->statistics, &conn->error))
            error_clear(&conn->error);
    }
    tables->count = schema_table_count(schema);
    if (arena_failed(arena))
        return error_no_memory(&conn->error);
    return true;
}

int ssql_tables_new(ssql_conn *conn, ssql_tables **tables)
{
    struct ssql_tables *made = calloc(1, sizeof *made);
    struct session_look look;
    bool done = false;

    *tables = NULL;
    connection_begin_call(conn);
    if (made == NULL) {
        error_no_memory(&conn->error);
        return connection_fail(conn, NULL, 0);
    }
    arena_init(&made->arena);
    if (session_look(conn->session, &look, &conn->error))
        done = list_tables(conn, look.schema, made);
    session_end_look(conn->session, &look);
    if (!done) {
        ssql_tables_free(made);
        return connection_fail(conn, NULL, 0);
    }
    *tables = made;
    return SSQL_OK;
}

int ssql_compact_table(ssql_conn *conn, const char *table)
{
    struct slice name = slice_make(table, strlen(table));
    struct session_look look;
    uint32_t id = 0;

    connection_begin_call(conn);
    bool done = session_look(conn->session, &look, &conn->error);
    const struct table_schema *found = done ? schema_find_table(look.schema, name) : NULL;
    if (found != NULL)
        id = found->id;
    else if (done)
        done = error_set(&conn->error, SSQL_UNKNOWN_TABLE, NO_SPAN, "unknown table \"%s\"", table);
    session_end_look(conn->session, &look);
    session_begin_work(conn->session);
    return done && engine_compact_table(conn->db->engine, id, &conn->session->cancellation, &conn->error)
               ? SSQL_OK
               : connection_fail(conn, NULL, 0);
}

void ssql_tables_free(ssql_tables *tables)
{
    if (tables == NULL)
        return;
    arena_clear(&tables->arena);
    free(tables);
}

int ssql_tables_count(const ssql_tables *tables)
{
    return (int)tables->count;
}

static const struct listed_table *find_table(const struct ssql_tables *tables, int i)
{
    return i < 0 || (uint32_t)i >= tables->count ? NULL : &tables->items[i];
}

static const struct listed_column *find_column(const struct ssql_tables *tables, int i, int column)
{
    const struct listed_table *table = find_table(tables, i);

    if (table == NULL || column < 0 || (uint32_t)column >= table->column_count)
        return NULL;
    return &table->columns[column];
}

const char *ssql_tables_name(const ssql_tables *tables, int i)
{
    const struct listed_table *table = find_table(tables, i);

    return table == NULL ? NULL : table->name;
}

int ssql_tables_column_count(const ssql_tables *tables, int i)
{
    const struct listed_table *table = find_table(tables, i);

    return table == NULL ? 0 : (int)table->column_count;
}

const char *ssql_tables_column_name(const ssql_tables *tables, int i, int column)
{
    const struct listed_column *listed = find_column(tables, i, column);

    return listed == NULL ? NULL : listed->name;
}

int ssql_tables_column_type(const ssql_tables *tables, int i, int column)
{
    const struct listed_column *listed = find_column(tables, i, column);

    return listed == NULL ? SSQL_TYPE_NULL : (int)listed->type;
}

int ssql_tables_column_is_key(const ssql_tables *tables, int i, int column)
{
    const struct listed_column *listed = find_column(tables, i, column);

    return listed != NULL && listed->is_key;
}

int ssql_tables_column_is_not_null(const ssql_tables *tables, int i, int column)
{
    const struct listed_column *listed = find_column(tables, i, column);

    return listed != NULL && listed->is_not_null;
}

int ssql_level_count(void)
{
    return LEVELS;
}

static bool find_level_number(const struct table_statistics *statistics, const char *name, uint64_t *number)
{
    unsigned level = 0;
    int end = 0;

    if (sscanf(name, "level%1u_%n", &level, &end) != 1 || end == 0 || level >= LEVELS)
        return false;
    if (strcmp(name + end, "files") == 0)
        *number = statistics->file_count[level];
    else if (strcmp(name + end, "bytes") == 0)
        *number = statistics->file_bytes[level];
    else if (strcmp(name + end, "rows") == 0)
        *number = statistics->file_rows[level];
    else
        return false;
    return true;
}

int ssql_tables_stat(const ssql_tables *tables, int i, const char *name, int64_t *value)
{
    const struct listed_table *table = find_table(tables, i);
    uint64_t number = 0;

    *value = 0;
    if (table == NULL)
        return SSQL_BAD_OPTION;
    if (strcmp(name, "rows") == 0)
        number = table->statistics.row_estimate;
    else if (strcmp(name, "memtable_rows") == 0)
        number = table->statistics.memtable_rows;
    else if (strcmp(name, "bytes_flushed") == 0)
        number = table->statistics.written.flushed;
    else if (strcmp(name, "bytes_compacted") == 0)
        number = table->statistics.written.compacted;
    else if (strcmp(name, "bottom_bytes") == 0)
        number = table->statistics.bottom_bytes;
    else if (!find_level_number(&table->statistics, name, &number))
        return SSQL_BAD_OPTION;
    *value = (int64_t)number;
    return SSQL_OK;
}
