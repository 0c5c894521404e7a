#include "catalog/system_tables.h"

#include <inttypes.h>
#include <stdlib.h>

#include "base/arena.h"
#include "base/key_codec.h"
#include "base/utf8.h"
#include "catalog/catalog_format.h"
#include "catalog/schema.h"
#include "storage/scan.h"

static const struct table_layout TABLES_LAYOUT = {
    .column_count = TABLES_COLUMNS,
    .key_count = 1,
    .types = {[TABLES_KEY] = SSQL_TYPE_STRING,
              [TABLES_VERSION] = SSQL_TYPE_INT,
              [TABLES_ID] = SSQL_TYPE_INT,
              [TABLES_NAME] = SSQL_TYPE_STRING,
              [TABLES_COLUMN_COUNT] = SSQL_TYPE_INT,
              [TABLES_HAS_HIDDEN_KEY] = SSQL_TYPE_BOOL},
    .key_columns = {TABLES_KEY},
};

static const struct table_layout COLUMNS_LAYOUT = {
    .column_count = COLUMNS_COLUMNS,
    .key_count = 2,
    .types = {[COLUMNS_TABLE_ID] = SSQL_TYPE_INT,
              [COLUMNS_POSITION] = SSQL_TYPE_INT,
              [COLUMNS_NAME] = SSQL_TYPE_STRING,
              [COLUMNS_TYPE] = SSQL_TYPE_INT,
              [COLUMNS_NOT_NULL] = SSQL_TYPE_BOOL,
              [COLUMNS_KEY_PLACE] = SSQL_TYPE_INT,
              [COLUMNS_DEFAULT] = SSQL_TYPE_STRING},
    .key_columns = {COLUMNS_TABLE_ID, COLUMNS_POSITION},
};

/* ---- reading ---- */

enum { FREE_PLACE = COLUMNS_MOST }; /* in a key: no column's yet */

/* Tables while they are put together, and the memory of their names. */
struct reading {
    struct arena arena;
    struct table_schema *tables; /* by id once all are read */
    uint32_t table_count, table_capacity;
    uint32_t filled_table; /* table that the columns read now belong to */
    uint32_t filled_count; /* its columns read so far */
};

static bool damaged(struct ssql_error *error, const char *what)
{
    return error_set(error, SSQL_CORRUPT, NO_SPAN, "the catalog is damaged: %s", what);
}

bool system_tables_is_name(const struct value *value)
{
    return !value->is_null && value->string.size > 0 && value->string.size <= NAME_SIZE_MOST &&
           utf8_valid_prefix(value->string) == value->string.size;
}

static bool layouts_agree(const struct table_layout *left, const struct table_layout *right)
{
    return left->column_count == right->column_count && left->key_count == right->key_count &&
           memcmp(left->types, right->types, left->column_count) == 0 &&
           memcmp(left->key_columns, right->key_columns, left->key_count * sizeof left->key_columns[0]) == 0;
}

bool system_tables_find(struct transaction *transaction, uint32_t id, struct table **table, struct ssql_error *error)
{
    const struct table_layout *layout = id == SYSTEM_TABLE_TABLES ? &TABLES_LAYOUT : &COLUMNS_LAYOUT;

    if (!transaction_find_table(transaction, id, table, error))
        return false;
    if (*table == NULL || layouts_agree(&table_row_format(*table)->layout, layout))
        return true;
    *table = NULL;
    return damaged(error, "a system table has other columns than it should");
}

static struct table_schema *add_table(struct reading *reading)
{
    if (reading->table_count == reading->table_capacity) {
        uint32_t capacity = reading->table_capacity == 0 ? 64 : reading->table_capacity * 2;
        struct table_schema *larger = realloc(reading->tables, capacity * sizeof *larger);
        if (larger == NULL)
            return NULL;
        reading->tables = larger;
        reading->table_capacity = capacity;
    }
    struct table_schema *table = &reading->tables[reading->table_count++];
    *table = (struct table_schema){0};
    return table;
}

static bool read_table_row(struct reading *reading, const struct value *row, struct ssql_error *error)
{
    for (uint32_t i = 0; i < TABLES_COLUMNS; i++)
        if (row[i].is_null)
            return damaged(error, "a table's row has a null");
    if (row[TABLES_VERSION].integer != CATALOG_VERSION)
        return error_set(error, SSQL_CANNOT_OPEN, NO_SPAN,
                         "the catalog was written by a newer ssql (version %" PRId64 "; this one reads up to %d)",
                         row[TABLES_VERSION].integer, CATALOG_VERSION);
    if (!system_tables_is_name(&row[TABLES_NAME]) || name_compare(row[TABLES_KEY].string, row[TABLES_NAME].string) != 0)
        return damaged(error, "a table's name is none");
    if (row[TABLES_ID].integer < FIRST_USER_TABLE || row[TABLES_ID].integer > UINT32_MAX)
        return damaged(error, "a table's id is out of range");
    if (row[TABLES_COLUMN_COUNT].integer < 1 || row[TABLES_COLUMN_COUNT].integer > COLUMNS_MOST)
        return damaged(error, "a table's number of columns is out of range");

    struct table_schema *table = add_table(reading);
    if (table == NULL)
        return error_no_memory(error);
    table->id = (uint32_t)row[TABLES_ID].integer;
    table->name = arena_copy(&reading->arena, row[TABLES_NAME].string);
    table->column_count = (uint32_t)row[TABLES_COLUMN_COUNT].integer;
    table->has_hidden_key = row[TABLES_HAS_HIDDEN_KEY].boolean;
    table->visible_count = table->column_count - (table->has_hidden_key ? 1 : 0);
    table->columns = arena_alloc_array(&reading->arena, table->column_count, sizeof *table->columns);
    uint16_t *places = arena_alloc_array(&reading->arena, KEY_COLUMNS_MOST, sizeof *places);
    if (arena_failed(&reading->arena))
        return error_no_memory(error);
    for (uint32_t i = 0; i < KEY_COLUMNS_MOST; i++)
        places[i] = FREE_PLACE;
    table->key_columns = places;
    return true;
}

/* Columns come in key order: table by table, as the tables are sorted, and by position. */
static bool read_column_row(struct reading *reading, const struct value *row, struct ssql_error *error)
{
    if (row[COLUMNS_TYPE].is_null || row[COLUMNS_NOT_NULL].is_null)
        return damaged(error, "a column's row has a null");
    if (reading->filled_table < reading->table_count &&
        reading->filled_count == reading->tables[reading->filled_table].column_count) {
        reading->filled_table++;
        reading->filled_count = 0;
    }
    struct table_schema *table = reading->tables + reading->filled_table;
    if (reading->filled_table >= reading->table_count || row[COLUMNS_TABLE_ID].integer != table->id ||
        row[COLUMNS_POSITION].integer != reading->filled_count)
        return damaged(error, "columns and tables do not fit");
    if (row[COLUMNS_TYPE].integer < SSQL_TYPE_INT || row[COLUMNS_TYPE].integer > SSQL_TYPE_FLOAT)
        return damaged(error, "a column's type is unknown");
    if (!system_tables_is_name(&row[COLUMNS_NAME]))
        return damaged(error, "a column's name is none");

    struct column_schema *column = &table->columns[reading->filled_count];
    column->name = arena_copy(&reading->arena, row[COLUMNS_NAME].string);
    column->type = (enum ssql_type)row[COLUMNS_TYPE].integer;
    column->is_not_null = row[COLUMNS_NOT_NULL].boolean;
    column->is_hidden = reading->filled_count >= table->visible_count;
    if (!row[COLUMNS_DEFAULT].is_null)
        column->default_text = arena_copy(&reading->arena, row[COLUMNS_DEFAULT].string);
    if (arena_failed(&reading->arena))
        return error_no_memory(error);
    if (!row[COLUMNS_KEY_PLACE].is_null) {
        if (row[COLUMNS_KEY_PLACE].integer < 0 || row[COLUMNS_KEY_PLACE].integer >= KEY_COLUMNS_MOST)
            return damaged(error, "a key column's place is out of range");
        uint16_t *place = (uint16_t *)&table->key_columns[row[COLUMNS_KEY_PLACE].integer];
        if (*place != FREE_PLACE)
            return damaged(error, "a place in a key is taken twice");
        *place = (uint16_t)reading->filled_count;
        table->key_count++;
        column->is_key = column->is_not_null = true;
    }
    reading->filled_count++;
    return true;
}

typedef bool read_row(struct reading *reading, const struct value *row, struct ssql_error *error);

/* Calls `read` with every row of a system table, in key order. */
static bool scan_rows(struct transaction *transaction, uint32_t table_id, uint32_t column_count, read_row *read,
                      struct reading *reading, struct ssql_error *error)
{
    struct table *table;
    uint16_t columns[COLUMNS_COLUMNS] = {0};
    struct value row[COLUMNS_COLUMNS];
    struct batch batch;
    struct scan *scan = NULL;
    bool is_good = false;

    if (!system_tables_find(transaction, table_id, &table, error))
        return false;
    if (table == NULL)
        return damaged(error, "a system table is missing");
    for (uint32_t i = 0; i < column_count; i++)
        columns[i] = (uint16_t)i;
    struct scan_request request = {.columns = columns, .column_count = column_count, .in_key_order = true};
    if (!scan_open(transaction, table, &request, &scan, error))
        return false;
    for (;;) {
        if (!scan_next(scan, &batch, error))
            goto done;
        if (batch.row_count == 0)
            break;
        for (uint32_t i = 0; i < batch.selected_count; i++) {
            for (uint32_t c = 0; c < column_count; c++)
                row[c] = vector_value(&batch.columns[c], batch_row(&batch, i));
            if (!read(reading, row, error))
                goto done;
        }
    }
    is_good = true;
done:
    scan_close(scan);
    return is_good;
}

static int compare_ids(const void *left, const void *right)
{
    const struct table_schema *first = left, *second = right;

    return (first->id > second->id) - (first->id < second->id);
}

/* Places in a key are taken from 0 on; none is taken twice. */
static bool check_key(const struct table_schema *table)
{
    if (table->key_count == 0)
        return false;
    for (uint32_t i = 0; i < table->key_count; i++)
        if (table->key_columns[i] == FREE_PLACE)
            return false;
    if (!table->has_hidden_key)
        return true;
    return table->key_count == 1 && table->key_columns[0] == table->visible_count && table->visible_count > 0 &&
           table->columns[table->visible_count].type == SSQL_TYPE_INT;
}

static bool check_tables(const struct reading *reading, struct ssql_error *error)
{
    uint32_t complete = reading->filled_table;

    if (complete < reading->table_count && reading->filled_count == reading->tables[complete].column_count)
        complete++;
    if (complete != reading->table_count)
        return damaged(error, "columns of a table are missing");
    for (uint32_t i = 0; i < reading->table_count; i++)
        if (!check_key(&reading->tables[i]))
            return damaged(error, "a table's key is none");
    return true;
}

bool system_tables_read(struct transaction *transaction, struct schema **schema, struct ssql_error *error)
{
    struct reading reading = {0};
    struct table *tables;

    *schema = NULL;
    if (!system_tables_find(transaction, SYSTEM_TABLE_TABLES, &tables, error))
        return false;
    if (tables == NULL)
        return schema_create(NULL, 0, schema, error);
    if (!scan_rows(transaction, SYSTEM_TABLE_TABLES, TABLES_COLUMNS, read_table_row, &reading, error))
        goto done;
    if (reading.table_count > 1)
        qsort(reading.tables, reading.table_count, sizeof reading.tables[0], compare_ids);
    if (!scan_rows(transaction, SYSTEM_TABLE_COLUMNS, COLUMNS_COLUMNS, read_column_row, &reading, error) ||
        !check_tables(&reading, error))
        goto done;
    if (!schema_create(reading.tables, reading.table_count, schema, error))
        goto done;
done:
    free(reading.tables);
    arena_clear(&reading.arena);
    return *schema != NULL;
}

/* ---- writing ---- */

static struct slice fold_name(struct slice name, uint8_t folded[NAME_SIZE_MOST])
{
    for (size_t i = 0; i < name.size; i++)
        folded[i] = name.data[i] >= 'A' && name.data[i] <= 'Z' ? (uint8_t)(name.data[i] + ('a' - 'A')) : name.data[i];
    return slice_make(folded, name.size);
}

static bool open_system_table(struct transaction *transaction, uint32_t id, const struct table_layout *layout,
                              struct table **table, struct ssql_error *error)
{
    if (!system_tables_find(transaction, id, table, error))
        return false;
    if (*table != NULL)
        return true;
    if (!transaction_create_table_as(transaction, id, layout, error))
        return false;
    return transaction_find_table(transaction, id, table, error);
}

static bool add_column_row(struct transaction *transaction, struct table *columns, const struct table_schema *table,
                           uint32_t position, struct ssql_error *error)
{
    const struct column_schema *column = &table->columns[position];
    struct value row[COLUMNS_COLUMNS] = {
        [COLUMNS_TABLE_ID] = value_int(table->id),
        [COLUMNS_POSITION] = value_int(position),
        [COLUMNS_NAME] = value_string(column->name),
        [COLUMNS_TYPE] = value_int(column->type),
        [COLUMNS_NOT_NULL] = value_bool(column->is_not_null),
        [COLUMNS_KEY_PLACE] = value_null(SSQL_TYPE_INT),
        [COLUMNS_DEFAULT] =
            column->default_text.size == 0 ? value_null(SSQL_TYPE_STRING) : value_string(column->default_text),
    };

    for (uint32_t i = 0; i < table->key_count; i++)
        if (table->key_columns[i] == position)
            row[COLUMNS_KEY_PLACE] = value_int(i);
    enum write_outcome outcome = transaction_insert(transaction, columns, row, error);
    if (outcome == WRITE_DUPLICATE)
        return damaged(error, "columns of a table that does not exist");
    return outcome == WRITE_DONE;
}

bool system_tables_add(struct transaction *transaction, const struct table_schema *table, struct ssql_error *error)
{
    uint8_t folded[NAME_SIZE_MOST];
    struct table *tables, *columns;

    if (!open_system_table(transaction, SYSTEM_TABLE_TABLES, &TABLES_LAYOUT, &tables, error) ||
        !open_system_table(transaction, SYSTEM_TABLE_COLUMNS, &COLUMNS_LAYOUT, &columns, error))
        return false;
    struct value row[TABLES_COLUMNS] = {
        [TABLES_KEY] = value_string(fold_name(table->name, folded)),
        [TABLES_VERSION] = value_int(CATALOG_VERSION),
        [TABLES_ID] = value_int(table->id),
        [TABLES_NAME] = value_string(table->name),
        [TABLES_COLUMN_COUNT] = value_int(table->column_count),
        [TABLES_HAS_HIDDEN_KEY] = value_bool(table->has_hidden_key),
    };
    enum write_outcome outcome = transaction_insert(transaction, tables, row, error);
    if (outcome == WRITE_DUPLICATE)
        return error_set(error, SSQL_TABLE_EXISTS, NO_SPAN, "table \"%.*s\" already exists", SLICE_PRINT(table->name));
    if (outcome == WRITE_FAILED)
        return false;
    for (uint32_t i = 0; i < table->column_count; i++)
        if (!add_column_row(transaction, columns, table, i, error))
            return false;
    return true;
}

static bool delete_key(struct transaction *transaction, struct table *table, const struct value *parts,
                       uint32_t part_count, struct buffer *key, struct ssql_error *error)
{
    buffer_reset(key);
    key_encode(key, parts, part_count);
    if (key->failed)
        return error_no_memory(error);
    return transaction_delete(transaction, table, buffer_slice(key), error);
}

bool system_tables_remove(struct transaction *transaction, const struct table_schema *table, struct ssql_error *error)
{
    struct table *tables, *columns;
    uint8_t folded[NAME_SIZE_MOST];
    struct buffer key = {0};
    struct value name = value_string(fold_name(table->name, folded));

    if (!system_tables_find(transaction, SYSTEM_TABLE_TABLES, &tables, error) ||
        !system_tables_find(transaction, SYSTEM_TABLE_COLUMNS, &columns, error))
        return false;
    if (tables == NULL || columns == NULL)
        return damaged(error, "a system table is missing");
    bool is_done = delete_key(transaction, tables, &name, 1, &key, error);
    for (uint32_t i = 0; is_done && i < table->column_count; i++) {
        struct value parts[2] = {value_int(table->id), value_int(i)};
        is_done = delete_key(transaction, columns, parts, 2, &key, error);
    }
    buffer_clear(&key);
    return is_done;
}
