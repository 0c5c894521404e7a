/* catalog_check.h - compares what the catalog says of tables with the tables that storage has: for `ssql check`. */
#ifndef SSQL_CATALOG_CATALOG_CHECK_H
#define SSQL_CATALOG_CATALOG_CHECK_H

#include "catalog/catalog.h"

/* Gets one contradiction; `text` is borrowed. Returns false to stop. */
typedef bool catalog_report(void *context, uint32_t table_id, const char *text);

/* Reads all schemas, which have to agree in themselves, as `*schema` (the caller releases it; NULL after a failure). */
MUST_CHECK bool catalog_check_read(struct engine *engine, struct schema **schema, struct ssql_error *error);

/* Columns and keys against storage's layouts, tables of the one that the other does not have. Nobody creates or drops
 * tables meanwhile. False when `report` says so, with nothing in `error`, or when memory is out. */
MUST_CHECK bool catalog_check_tables(struct engine *engine, const struct schema *schema, catalog_report *report,
                                     void *context, struct ssql_error *error);

#endif
