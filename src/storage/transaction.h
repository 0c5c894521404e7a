/* transaction.h - one transaction: a snapshot, its own writes over it, and what it read, for validation at commit
 * (optimistic concurrency control with backward validation: Kung and Robinson 1981; serialisable).
 *
 * Life: create, then any number of (begin … commit | rollback), destroy. A transaction object is used by one thread at
 * a time; nothing is allocated by begin, a read and commit once it is warm. Statements: transaction_mark before a
 * statement, transaction_undo_to(mark) when it failed: its writes are gone. Reads see the snapshot and the
 * transaction's own writes made before the current mark (a statement does not see its own writes), except
 * transaction_get and the uniqueness check, which see all own writes. */
#ifndef SSQL_STORAGE_TRANSACTION_H
#define SSQL_STORAGE_TRANSACTION_H

#include "base/cancellation.h"
#include "storage/engine.h"

struct transaction;
struct table; /* a table as a transaction sees it; valid until the transaction ends */

enum transaction_kind {
    TRANSACTION_READ, /* records nothing, never conflicts; writes fail with SSQL_READ_ONLY */
    TRANSACTION_WRITE,
};

enum commit_wait {
    COMMIT_DURABLE,  /* as engine_options.sync says */
    COMMIT_DEFERRED, /* returns once the commit is in the log's buffer; engine_sync makes it durable. Also at begin: the
                      * snapshot may hold commits that are not durable yet */
};

MUST_CHECK bool transaction_create(struct engine *engine, struct transaction **transaction, struct ssql_error *error);
void transaction_destroy(struct transaction *transaction); /* rolls back; accepts NULL */

/* A read-only or failed engine refuses TRANSACTION_WRITE with SSQL_READ_ONLY or SSQL_UNKNOWN_OUTCOME. */
MUST_CHECK bool transaction_begin(struct transaction *transaction, enum transaction_kind kind, enum commit_wait wait,
                                  struct ssql_error *error);
/* One that only reads, begun. Fails only for want of memory. */
MUST_CHECK bool transaction_create_reading(struct engine *engine, struct transaction **transaction,
                                           struct ssql_error *error);
bool transaction_is_open(const struct transaction *transaction);
bool transaction_has_writes(const struct transaction *transaction);
uint64_t transaction_snapshot(const struct transaction *transaction);

/* Ends it either way. SSQL_CONFLICT: something that it read or wrote was changed by one that committed since its
 * snapshot; nothing is changed. SSQL_UNKNOWN_OUTCOME: the log failed; the engine takes no more writes. SSQL_DISK_FULL,
 * SSQL_IO before anything reached the log: nothing is changed. */
MUST_CHECK bool transaction_commit(struct transaction *transaction, struct ssql_error *error);
void transaction_rollback(struct transaction *transaction);

/* ---- statements within ---- */

uint64_t transaction_mark(struct transaction *transaction);
/* `mark` is the latest one (earlier ones only while nothing was spilled); the scans of its statement are closed. */
void transaction_undo_to(struct transaction *transaction, uint64_t mark);

/* ---- tables ---- */

/* Tables 1..SYSTEM_TABLES are made by whoever makes the database (the catalog) with transaction_create_table_as. */
enum { FIRST_USER_TABLE = 16 };

/* A new table with a fresh id, visible to this transaction, to others once it committed. */
MUST_CHECK bool transaction_create_table(struct transaction *transaction, const struct table_layout *layout,
                                         uint32_t *table_id, struct ssql_error *error);
/* With an id below FIRST_USER_TABLE. */
MUST_CHECK bool transaction_create_table_as(struct transaction *transaction, uint32_t table_id,
                                            const struct table_layout *layout, struct ssql_error *error);
/* Its files go when no snapshot needs them. */
MUST_CHECK bool transaction_drop_table(struct transaction *transaction, uint32_t table_id, struct ssql_error *error);
/* The table as the transaction sees it; *table is NULL when it sees none. Fails with SSQL_NO_MEMORY. */
MUST_CHECK bool transaction_find_table(struct transaction *transaction, uint32_t table_id, struct table **table,
                                       struct ssql_error *error);
/* The same where it makes no difference why: NULL also when memory ran out. */
struct table *transaction_table(struct transaction *transaction, uint32_t table_id);
const struct row_format *table_row_format(const struct table *table);
/* Sequence of the last commit that wrote to the table (0: none); >: than a snapshot means that the snapshot is not the
 * newest state. An atomic load. */
uint64_t table_last_commit(const struct table *table);
/* The first of `count` numbers above every int key of a table with an int key and above every number handed out before;
 * numbers are not given back. */
MUST_CHECK bool table_take_row_numbers(struct transaction *transaction, struct table *table, uint64_t count,
                                       int64_t *first, struct ssql_error *error);

/* ---- writes: `values` holds every column of the layout; strings are copied ---- */

enum write_outcome {
    WRITE_DONE,
    WRITE_DUPLICATE, /* the key exists; nothing was written and `error` is untouched */
    WRITE_FAILED,    /* see error */
};

/* Adds a row whose key must not exist. */
MUST_CHECK enum write_outcome transaction_insert(struct transaction *transaction, struct table *table,
                                                 const struct value *values, struct ssql_error *error);
/* Adds or replaces, without reading. */
MUST_CHECK bool transaction_put(struct transaction *transaction, struct table *table, const struct value *values,
                                struct ssql_error *error);
/* Removes the key; one that does not exist is no failure. */
MUST_CHECK bool transaction_delete(struct transaction *transaction, struct table *table, struct slice key,
                                   struct ssql_error *error);

/* ---- point reads ---- */

/* Holds what the values of a transaction_get point to. Zeroed memory is an empty one; it is reused from get to get. */
struct row_pin;

/* What a look-up of a key has to do with files. */
struct lookup_statistics {
    uint64_t files;           /* whose key range holds the key */
    uint64_t files_ruled_out; /* of these: their filter says that the key is not there */
};
MUST_CHECK bool row_pin_create(struct row_pin **pin, struct ssql_error *error);
void row_pin_release(struct row_pin *pin); /* lets go of blocks, keeps its memory */
void row_pin_destroy(struct row_pin *pin); /* accepts NULL */

/* The row of a key: values[i] is column columns[i]. Strings live until the pin's next use, or the transaction's next
 * write. columns_count 0 only asks whether the key exists. */
MUST_CHECK bool transaction_get(struct transaction *transaction, struct table *table, struct slice key,
                                const uint16_t *columns, uint32_t column_count, struct row_pin *pin,
                                struct value *values, bool *found, struct ssql_error *error);

/* Counts what a transaction_get of the key meets; costs about as much. For explain analyze. */
MUST_CHECK bool transaction_count_lookup(struct transaction *transaction, struct table *table, struct slice key,
                                         struct lookup_statistics *statistics, struct ssql_error *error);

#endif
