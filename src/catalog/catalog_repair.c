#include "catalog/catalog_repair.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/arena.h"
#include "base/key_codec.h"
#include "catalog/catalog_format.h"
#include "catalog/schema.h"
#include "catalog/system_tables.h"
#include "storage/check.h"
#include "storage/scan.h"

/* Rows of a system table, with all their values. */
struct kept_rows {
    struct value *values; /* column_count each */
    uint32_t count, capacity;
};

struct repair {
    struct engine *engine;
    struct transaction *transaction;
    struct arena arena;
    struct kept_rows tables, columns;
    catalog_loss *report;
    void *context;
    uint32_t loss_count;
    struct table_schema *schemas;
    uint32_t schema_count;
};

static void lose(struct repair *repair, uint32_t table_id, const char *text)
{
    repair->loss_count++;
    repair->report(repair->context, table_id, text);
}

/* ---- what is left ---- */

static bool keep_row(struct repair *repair, struct kept_rows *rows, const struct batch *batch, uint32_t row,
                     uint32_t column_count)
{
    if (rows->count == rows->capacity) {
        uint32_t capacity = rows->capacity == 0 ? 64 : rows->capacity * 2;
        struct value *values = realloc(rows->values, (size_t)capacity * column_count * sizeof *values);
        if (values == NULL)
            return false;
        rows->values = values;
        rows->capacity = capacity;
    }
    struct value *to = rows->values + (size_t)rows->count * column_count;
    for (uint32_t i = 0; i < column_count; i++) {
        to[i] = vector_value(&batch->columns[i], row);
        if (to[i].type == SSQL_TYPE_STRING && !to[i].is_null)
            to[i].string = arena_copy(&repair->arena, to[i].string);
    }
    rows->count++;
    return !arena_failed(&repair->arena);
}

static bool read_rows(struct repair *repair, uint32_t table_id, uint32_t column_count, struct kept_rows *rows,
                      struct ssql_error *error)
{
    struct table *table;
    uint16_t columns[COLUMNS_COLUMNS];
    struct batch batch = {0};
    struct scan *scan;

    if (!system_tables_find(repair->transaction, table_id, &table, error))
        return false;
    if (table == NULL)
        return true;
    for (uint32_t i = 0; i < column_count; i++)
        columns[i] = (uint16_t)i;
    const struct scan_request request = {.columns = columns, .column_count = column_count, .in_key_order = true};
    if (!scan_open(repair->transaction, table, &request, &scan, error))
        return false;
    bool is_read = true;
    do {
        is_read = scan_next(scan, &batch, error);
        for (uint32_t i = 0; is_read && i < batch.selected_count; i++)
            if (!keep_row(repair, rows, &batch, batch_row(&batch, i), column_count))
                is_read = error_no_memory(error);
    } while (is_read && batch.row_count > 0);
    scan_close(scan);
    return is_read;
}

static const struct value *find_table_row(const struct repair *repair, uint32_t id)
{
    for (uint32_t i = 0; i < repair->tables.count; i++) {
        const struct value *row = repair->tables.values + (size_t)i * TABLES_COLUMNS;
        if (!row[TABLES_ID].is_null && row[TABLES_ID].integer == id)
            return row;
    }
    return NULL;
}

static const struct value *find_column_row(const struct repair *repair, uint32_t id, uint32_t position)
{
    for (uint32_t i = 0; i < repair->columns.count; i++) {
        const struct value *row = repair->columns.values + (size_t)i * COLUMNS_COLUMNS;
        if (row[COLUMNS_TABLE_ID].integer == id && row[COLUMNS_POSITION].integer == position)
            return row;
    }
    return NULL;
}

/* ---- names ---- */

static bool has_table_name(const struct repair *repair, struct slice name)
{
    for (uint32_t i = 0; i < repair->tables.count; i++) {
        const struct value *row = repair->tables.values + (size_t)i * TABLES_COLUMNS;
        if (system_tables_is_name(&row[TABLES_NAME]) && name_compare(row[TABLES_NAME].string, name) == 0)
            return true;
    }
    return false;
}

static struct slice make_table_name(struct repair *repair, uint32_t id)
{
    char name[NAME_SIZE_MOST];
    int size = snprintf(name, sizeof name, "salvaged_%" PRIu32, id);

    for (unsigned again = 2; has_table_name(repair, slice_make(name, (size_t)size)); again++)
        size = snprintf(name, sizeof name, "salvaged_%" PRIu32 "_%u", id, again);
    return arena_copy(&repair->arena, slice_make(name, (size_t)size));
}

static bool has_column_name(const struct repair *repair, uint32_t id, uint32_t column_count, struct slice name)
{
    for (uint32_t i = 0; i < column_count; i++) {
        const struct value *row = find_column_row(repair, id, i);
        if (row != NULL && system_tables_is_name(&row[COLUMNS_NAME]) &&
            name_compare(row[COLUMNS_NAME].string, name) == 0)
            return true;
    }
    return false;
}

static struct slice make_column_name(struct repair *repair, uint32_t id, uint32_t column_count, uint32_t position)
{
    char name[NAME_SIZE_MOST];
    int size = snprintf(name, sizeof name, "c%" PRIu32, position + 1);

    for (unsigned again = 2; has_column_name(repair, id, column_count, slice_make(name, (size_t)size)); again++)
        size = snprintf(name, sizeof name, "c%" PRIu32 "_%u", position + 1, again);
    return arena_copy(&repair->arena, slice_make(name, (size_t)size));
}

/* ---- one table ---- */

static bool is_key_column(const struct table_layout *layout, uint32_t column)
{
    for (uint32_t i = 0; i < layout->key_count; i++)
        if (layout->key_columns[i] == column)
            return true;
    return false;
}

/* The column as its row says, where the row fits what storage has; else with a name that is made up. */
static bool fill_column(struct repair *repair, uint32_t id, const struct table_layout *layout, uint32_t position,
                        struct column_schema *column)
{
    const struct value *row = find_column_row(repair, id, position);
    bool is_known = row != NULL && system_tables_is_name(&row[COLUMNS_NAME]) && !row[COLUMNS_TYPE].is_null &&
                    row[COLUMNS_TYPE].integer == layout->types[position] && !row[COLUMNS_NOT_NULL].is_null;

    column->type = (enum ssql_type)layout->types[position];
    column->is_key = is_key_column(layout, position);
    column->is_not_null = column->is_key || (is_known && row[COLUMNS_NOT_NULL].boolean);
    column->name = is_known ? row[COLUMNS_NAME].string : make_column_name(repair, id, layout->column_count, position);
    if (is_known && !row[COLUMNS_DEFAULT].is_null)
        column->default_text = row[COLUMNS_DEFAULT].string;
    return is_known;
}

/* The row number of a table without a primary key is its last column. */
static bool can_be_hidden(const struct table_layout *layout)
{
    return layout->key_count == 1 && layout->column_count > 1 && layout->key_columns[0] == layout->column_count - 1 &&
           layout->types[layout->column_count - 1] == SSQL_TYPE_INT;
}

static bool fill_table(struct repair *repair, uint32_t id, struct table_schema *schema)
{
    const struct table *stored = transaction_table(repair->transaction, id);
    const struct value *row = find_table_row(repair, id);
    char text[256];
    uint32_t unknown = 0;

    if (stored == NULL)
        return false;
    const struct table_layout *layout = &table_row_format(stored)->layout;
    bool has_name = row != NULL && system_tables_is_name(&row[TABLES_NAME]);
    *schema = (struct table_schema){.id = id,
                                    .name = has_name ? row[TABLES_NAME].string : make_table_name(repair, id),
                                    .column_count = layout->column_count,
                                    .key_count = layout->key_count};
    schema->has_hidden_key = row != NULL && !row[TABLES_HAS_HIDDEN_KEY].is_null && row[TABLES_HAS_HIDDEN_KEY].boolean &&
                             can_be_hidden(layout);
    schema->visible_count = layout->column_count - (schema->has_hidden_key ? 1 : 0);
    schema->columns = arena_alloc_array(&repair->arena, layout->column_count, sizeof *schema->columns);
    uint16_t *keys = arena_alloc_array(&repair->arena, layout->key_count, sizeof *keys);
    if (arena_failed(&repair->arena))
        return false;
    memcpy(keys, layout->key_columns, layout->key_count * sizeof *keys);
    schema->key_columns = keys;
    for (uint32_t i = 0; i < layout->column_count; i++)
        unknown += !fill_column(repair, id, layout, i, &schema->columns[i]);
    if (!has_name) {
        snprintf(text, sizeof text, "the table's name is lost: it is called \"%.*s\"", SLICE_PRINT(schema->name));
        lose(repair, id, text);
    }
    if (unknown > 0) {
        snprintf(text, sizeof text,
                 "what %" PRIu32 " of its %" PRIu32 " columns were called is lost, and their defaults", unknown,
                 layout->column_count);
        lose(repair, id, text);
    }
    return !arena_failed(&repair->arena);
}

/* ---- all tables ---- */

static bool is_stored(struct slice ids, int64_t id)
{
    for (size_t i = 0; i < ids.size; i += sizeof(uint32_t)) {
        uint32_t stored;
        memcpy(&stored, ids.data + i, sizeof stored);
        if (stored == id)
            return true;
    }
    return false;
}

static void report_missing_tables(struct repair *repair, struct slice ids)
{
    for (uint32_t i = 0; i < repair->tables.count; i++) {
        const struct value *row = repair->tables.values + (size_t)i * TABLES_COLUMNS;
        char text[256];
        if (row[TABLES_ID].is_null || is_stored(ids, row[TABLES_ID].integer))
            continue;
        snprintf(text, sizeof text, "the table \"%.*s\" is lost, with all its rows",
                 SLICE_PRINT(row[TABLES_NAME].string));
        lose(repair, 0, text);
    }
}

static bool fill_tables(struct repair *repair, struct slice ids)
{
    repair->schemas = arena_alloc_array(&repair->arena, ids.size / sizeof(uint32_t) + 1, sizeof *repair->schemas);
    if (repair->schemas == NULL)
        return false;
    report_missing_tables(repair, ids);
    for (size_t i = 0; i < ids.size; i += sizeof(uint32_t)) {
        uint32_t id;
        memcpy(&id, ids.data + i, sizeof id);
        if (!fill_table(repair, id, &repair->schemas[repair->schema_count++]))
            return false;
    }
    return true;
}

static bool delete_rows(struct repair *repair, uint32_t table_id, const struct kept_rows *rows, uint32_t column_count,
                        uint32_t key_parts, struct ssql_error *error)
{
    struct table *table;
    struct buffer key = {0};
    bool is_done = transaction_find_table(repair->transaction, table_id, &table, error);

    for (uint32_t i = 0; is_done && i < rows->count; i++) {
        buffer_reset(&key);
        key_encode(&key, rows->values + (size_t)i * column_count, key_parts);
        is_done = key.failed ? error_no_memory(error)
                             : transaction_delete(repair->transaction, table, buffer_slice(&key), error);
    }
    buffer_clear(&key);
    return is_done;
}

static bool write_catalog(struct repair *repair, struct ssql_error *error)
{
    if (!delete_rows(repair, SYSTEM_TABLE_TABLES, &repair->tables, TABLES_COLUMNS, 1, error) ||
        !delete_rows(repair, SYSTEM_TABLE_COLUMNS, &repair->columns, COLUMNS_COLUMNS, 2, error))
        return false;
    for (uint32_t i = 0; i < repair->schema_count; i++)
        if (!system_tables_add(repair->transaction, &repair->schemas[i], error))
            return false;
    return transaction_commit(repair->transaction, error);
}

/* Also when nothing was lost there may be too much: columns of tables that are gone. */
static bool is_readable(struct repair *repair)
{
    struct schema *schema = NULL;
    struct ssql_error ignored;
    bool is_read = system_tables_read(repair->transaction, &schema, &ignored);

    schema_release(schema);
    return is_read;
}

static bool run(struct repair *repair, struct buffer *ids, struct ssql_error *error)
{
    if (!transaction_create(repair->engine, &repair->transaction, error) ||
        !transaction_begin(repair->transaction, TRANSACTION_WRITE, COMMIT_DURABLE, error) ||
        !engine_table_ids(repair->engine, ids, error) ||
        !read_rows(repair, SYSTEM_TABLE_TABLES, TABLES_COLUMNS, &repair->tables, error) ||
        !read_rows(repair, SYSTEM_TABLE_COLUMNS, COLUMNS_COLUMNS, &repair->columns, error))
        return false;
    if (!fill_tables(repair, buffer_slice(ids)))
        return error_no_memory(error);
    return (repair->loss_count == 0 && is_readable(repair)) || write_catalog(repair, error);
}

bool catalog_repair(struct engine *engine, catalog_loss *report, void *context, struct ssql_error *error)
{
    struct repair repair = {.engine = engine, .report = report, .context = context};
    struct buffer ids = {0};
    bool is_done = run(&repair, &ids, error);

    transaction_destroy(repair.transaction);
    buffer_clear(&ids);
    free(repair.tables.values);
    free(repair.columns.values);
    arena_clear(&repair.arena);
    return is_done;
}
