/* catalog_repair.h - after a salvage: makes the catalog agree with the tables that storage has. What is left of its
 * rows counts; a name that is lost is made up and told. */
#ifndef SSQL_CATALOG_CATALOG_REPAIR_H
#define SSQL_CATALOG_CATALOG_REPAIR_H

#include "catalog/catalog.h"

/* Gets one thing that was lost; `text` is borrowed. */
typedef void catalog_loss(void *context, uint32_t table_id, const char *text);

/* In a transaction of its own; nobody else uses the engine. Nothing is changed where nothing is wrong. */
MUST_CHECK bool catalog_repair(struct engine *engine, catalog_loss *report, void *context, struct ssql_error *error);

#endif
