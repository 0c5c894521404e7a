/* schema.h - making schemas: immutable pictures of all tables, which share the tables that they have in common. */
#ifndef SSQL_CATALOG_SCHEMA_H
#define SSQL_CATALOG_SCHEMA_H

#include "catalog/catalog.h"

/* Name of the hidden row number, for explain only: nobody can write it. */
#define HIDDEN_COLUMN_NAME "(row)"

/* A picture of these tables, in any order, with different names; they are copied. Has one reference. */
MUST_CHECK bool schema_create(const struct table_schema *tables, uint32_t table_count, struct schema **schema,
                              struct ssql_error *error);

/* The same picture with one more table, or without one of its tables. */
MUST_CHECK bool schema_with_table(const struct schema *schema, const struct table_schema *table,
                                  struct schema **changed, struct ssql_error *error);
MUST_CHECK bool schema_without_table(const struct schema *schema, const struct table_schema *table,
                                     struct schema **changed, struct ssql_error *error);

/* Order and equality of names: bytes with ASCII letters folded to lower case. */
int name_compare(struct slice left, struct slice right);

#endif
