/* system_rows.h - rows of the catalog's system tables, written past the catalog: for tests that spoil them. Included
 * behind cmocka.h. */
#ifndef SSQL_TESTS_UNIT_CATALOG_SYSTEM_ROWS_H
#define SSQL_TESTS_UNIT_CATALOG_SYSTEM_ROWS_H

#include "catalog/catalog.h"
#include "catalog/catalog_format.h"
#include "support/engine_fixture.h"

enum { ID = FIRST_USER_TABLE, COLUMNS = 3 };

/* The rows of one table "t" with the key (b, a), and how each test spoils them. */
struct rows {
    struct value table[TABLES_COLUMNS];
    struct value columns[COLUMNS][COLUMNS_COLUMNS];
    uint32_t column_count; /* rows that there are */
};

static inline struct table_layout layout_of(uint32_t id)
{
    static const struct table_layout tables = {
        .column_count = TABLES_COLUMNS,
        .key_count = 1,
        .types = {SSQL_TYPE_STRING, SSQL_TYPE_INT, SSQL_TYPE_INT, SSQL_TYPE_STRING, SSQL_TYPE_INT, SSQL_TYPE_BOOL},
        .key_columns = {TABLES_KEY}};
    static const struct table_layout columns = {.column_count = COLUMNS_COLUMNS,
                                                .key_count = 2,
                                                .types = {SSQL_TYPE_INT, SSQL_TYPE_INT, SSQL_TYPE_STRING, SSQL_TYPE_INT,
                                                          SSQL_TYPE_BOOL, SSQL_TYPE_INT, SSQL_TYPE_STRING},
                                                .key_columns = {COLUMNS_TABLE_ID, COLUMNS_POSITION}};

    return id == SYSTEM_TABLE_TABLES ? tables : columns;
}

static inline struct rows good_rows(void)
{
    static const char *const names[COLUMNS] = {"a", "b", "c"};
    struct rows rows = {.column_count = COLUMNS};

    rows.table[TABLES_KEY] = rows.table[TABLES_NAME] = value_string(slice_of("t"));
    rows.table[TABLES_VERSION] = value_int(CATALOG_VERSION);
    rows.table[TABLES_ID] = value_int(ID);
    rows.table[TABLES_COLUMN_COUNT] = value_int(COLUMNS);
    rows.table[TABLES_HAS_HIDDEN_KEY] = value_bool(false);
    for (int i = 0; i < COLUMNS; i++) {
        rows.columns[i][COLUMNS_TABLE_ID] = value_int(ID);
        rows.columns[i][COLUMNS_POSITION] = value_int(i);
        rows.columns[i][COLUMNS_NAME] = value_string(slice_of(names[i]));
        rows.columns[i][COLUMNS_TYPE] = value_int(SSQL_TYPE_INT);
        rows.columns[i][COLUMNS_NOT_NULL] = value_bool(i < 2);
        rows.columns[i][COLUMNS_KEY_PLACE] = i < 2 ? value_int(1 - i) : value_null(SSQL_TYPE_INT);
        rows.columns[i][COLUMNS_DEFAULT] = value_null(SSQL_TYPE_STRING);
    }
    return rows;
}

static inline struct table *system_table(struct transaction *transaction, uint32_t id)
{
    struct table_layout layout = layout_of(id);
    struct table *table = transaction_table(transaction, id);

    if (table == NULL) {
        assert_true(transaction_create_table_as(transaction, id, &layout, NULL));
        table = transaction_table(transaction, id);
    }
    assert_non_null(table);
    return table;
}

static inline void put(struct transaction *transaction, uint32_t id, const struct value *row)
{
    assert_true(transaction_put(transaction, system_table(transaction, id), row, NULL));
    transaction_mark(transaction); /* what comes next sees it */
}

#endif
