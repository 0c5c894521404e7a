/* result_store.h - rows of a query put aside: what is left of a query when another statement of its transaction is
 * about to change what it reads. In memory within the work budget, else in a spill file. Life: create, append all rows,
 * then next until there is none, destroy. One thread at a time. */
#ifndef SSQL_EXEC_RESULT_STORE_H
#define SSQL_EXEC_RESULT_STORE_H

#include "base/batch.h"
#include "storage/engine.h"

struct result_store;

/* `types` of the columns stay until the store is destroyed. */
MUST_CHECK bool result_store_create(struct engine *engine, const enum ssql_type *types, uint32_t column_count,
                                    struct result_store **out, struct ssql_error *error);
void result_store_destroy(struct result_store *store); /* accepts NULL */

/* Copies the batch's selected rows from the `first` on. */
MUST_CHECK bool result_store_append(struct result_store *store, const struct batch *batch, uint32_t first,
                                    struct ssql_error *error);

/* Moves to the next row; *values has its columns, and lives, strings too, until the following call. */
MUST_CHECK bool result_store_next(struct result_store *store, const struct value **values, bool *has_row,
                                  struct ssql_error *error);

#endif
