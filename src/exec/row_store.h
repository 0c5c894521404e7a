/* row_store.h - records kept in the order in which they came and read once: in memory, and in a spill file from where
 * the work budget was used up. What update needs when keys change. */
#ifndef SSQL_EXEC_ROW_STORE_H
#define SSQL_EXEC_ROW_STORE_H

#include "exec/operator_memory.h"
#include "exec/spill_rows.h"

struct row_store {
    struct engine *engine;
    struct operator_memory memory;
    struct buffer records;      /* u32 length, bytes; those in memory come first */
    struct spill_writer writer; /* the others */
    bool is_spilled;
    size_t position; /* reading */
    struct spill_reader reader;
};

void row_store_init(struct row_store *store, struct engine *engine, struct memory_budget *budget);
void row_store_clear(struct row_store *store);
MUST_CHECK bool row_store_add(struct row_store *store, struct slice record, struct ssql_error *error);
/* After the last add. */
MUST_CHECK bool row_store_finish(struct row_store *store, struct ssql_error *error);
/* Valid until the following call; data NULL at the end. */
MUST_CHECK bool row_store_next(struct row_store *store, struct slice *record, struct ssql_error *error);

#endif
