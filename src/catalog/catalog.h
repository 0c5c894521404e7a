/* catalog.h - what exists: tables, their columns and names. Kept as rows of two system tables of the same storage, so
 * that a schema change is a part of its transaction (layout in catalog_format.h).
 *
 * A schema is an immutable picture of all tables, shared by reference counting; a catalog (one per database) keeps the
 * newest one; a catalog_view (one per connection) gives the picture that fits its transaction, own schema changes
 * included.
 * Threads: a catalog and its schemas are shared by any threads; a view is used by one at a time. */
#ifndef SSQL_CATALOG_CATALOG_H
#define SSQL_CATALOG_CATALOG_H

#include "base/slice.h"
#include "storage/transaction.h"

enum { NAME_SIZE_MOST = 128 }; /* bytes of a name */

struct column_schema {
    struct slice name; /* as created; compared without case (ASCII) */
    enum ssql_type type;
    bool is_not_null; /* also of key columns */
    bool is_key;
    bool is_hidden;            /* the row number of a table without primary key: the last column, named by nobody */
    struct slice default_text; /* SSQL text of a constant expression; size 0: null */
};

struct table_schema {
    uint32_t id; /* storage's */
    struct slice name;
    uint32_t column_count;  /* hidden one included */
    uint32_t visible_count; /* what users see and `*` means: the first so many columns */
    struct column_schema *columns;
    uint32_t key_count;
    const uint16_t *key_columns; /* in key order */
    bool has_hidden_key;
};

/* Position of the column, visible ones only; -1 when there is none. */
int table_schema_find_column(const struct table_schema *table, struct slice name);

struct schema; /* immutable; references are counted */

void schema_retain(struct schema *schema);
void schema_release(struct schema *schema); /* accepts NULL */
/* Differs between any two pictures that are not the same: what a prepared plan remembers. Process-wide, never 0. */
uint64_t schema_version(const struct schema *schema);
const struct table_schema *schema_find_table(const struct schema *schema, struct slice name); /* NULL: none */
uint32_t schema_table_count(const struct schema *schema);
const struct table_schema *schema_table(const struct schema *schema, uint32_t i); /* ordered by name */

struct catalog;

/* Borrows the engine. On a database without system tables the schema is empty, and they are made by the first
 * catalog_create_table. */
MUST_CHECK bool catalog_create(struct engine *engine, struct catalog **catalog, struct ssql_error *error);
void catalog_destroy(struct catalog *catalog); /* no view is left; accepts NULL */

/* The commit that last changed the schema, 0: none did. While it stays the same, so does the newest schema. */
uint64_t catalog_last_change(struct catalog *catalog);

struct catalog_view;

MUST_CHECK bool catalog_view_create(struct catalog *catalog, struct catalog_view **view, struct ssql_error *error);
void catalog_view_destroy(struct catalog_view *view); /* accepts NULL */

/* The picture that the open transaction sees; borrowed, valid until the view's next call (retain it to keep it). Cheap
 * when nothing changed: one atomic load. For write transactions the look at the schema counts as read: a schema change
 * that commits meanwhile to a table that they use makes them conflict (storage sees to it by the dropped table). */
MUST_CHECK bool catalog_view_schema(struct catalog_view *view, struct transaction *transaction, struct schema **schema,
                                    struct ssql_error *error);

/* After a rollback or an undone statement: own schema changes may be gone. */
void catalog_view_forget(struct catalog_view *view);

/* A table to be made. Column order as written; a key column is named in key_columns. The hidden key is added here when
 * key_count is 0. */
struct table_definition {
    struct slice name;
    uint32_t column_count;
    const struct column_schema *columns; /* name, type, is_not_null, default_text are read */
    uint32_t key_count;
    const uint16_t *key_columns;
};

/* Within the transaction. SSQL_TABLE_EXISTS when the name is taken. Names and types have been checked by the binder. */
MUST_CHECK bool catalog_create_table(struct catalog_view *view, struct transaction *transaction,
                                     const struct table_definition *definition, struct ssql_error *error);
MUST_CHECK bool catalog_drop_table(struct catalog_view *view, struct transaction *transaction,
                                   const struct table_schema *table, struct ssql_error *error);

#endif
