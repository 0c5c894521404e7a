/* system_tables.h - schemas as rows (catalog_format.h): reading all of them, adding and removing one table's. */
#ifndef SSQL_CATALOG_SYSTEM_TABLES_H
#define SSQL_CATALOG_SYSTEM_TABLES_H

#include "catalog/catalog.h"

/* The table SYSTEM_TABLE_TABLES or SYSTEM_TABLE_COLUMNS; *table is NULL where there is none. SSQL_CORRUPT when it has
 * other columns than catalog_format.h says. */
MUST_CHECK bool system_tables_find(struct transaction *transaction, uint32_t id, struct table **table,
                                   struct ssql_error *error);

/* Whether a value can be the name of a table or a column. */
bool system_tables_is_name(const struct value *value);

/* Everything that the transaction sees, as a new schema; SSQL_CORRUPT when rows contradict each other. A database
 * without system tables gives an empty schema. */
MUST_CHECK bool system_tables_read(struct transaction *transaction, struct schema **schema, struct ssql_error *error);

/* Adds the rows of a table, making the system tables when there are none. SSQL_TABLE_EXISTS when the name is taken. */
MUST_CHECK bool system_tables_add(struct transaction *transaction, const struct table_schema *table,
                                  struct ssql_error *error);

MUST_CHECK bool system_tables_remove(struct transaction *transaction, const struct table_schema *table,
                                     struct ssql_error *error);

#endif
