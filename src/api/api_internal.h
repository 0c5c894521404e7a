/* api_internal.h - what the handles of ssql.h are made of. The rooms below come first: ssql.h repeats the names of
 * error.h's and type.h's numbers as macros (error_codes.c asserts that they are equal). */
#ifndef SSQL_API_API_INTERNAL_H
#define SSQL_API_API_INTERNAL_H

#include <stdatomic.h>

#include "base/arena.h"
#include "base/error.h"
#include "session/session.h"
#include "session/statement.h"
#include "storage/backup.h"
#include "storage/check.h"
#include "storage/engine.h"

#include <ssql.h>

struct ssql_options {
    struct engine_options engine;
    bool read_only;
    bool must_exist;
    enum plan_sharing plan_sharing;
    bool allows_files;
    struct ssql_error error; /* of the last set or open */
};

/* The defaults of ssql_options_new. */
void options_init(struct ssql_options *options);

/* Alive while the handle or a connection holds it. */
struct ssql_db {
    atomic_uint references;
    struct engine *engine;
    struct catalog *catalog;
    enum plan_sharing plan_sharing; /* of connections to come */
    bool allows_files; /* copy may use files */
};

/* Of ssql_check and ssql_salvage; borrowed by their callbacks. */
struct ssql_finding {
    int kind;
    int64_t offset;
    const char *file, *table, *text;
    const struct check_progress *progress;
    uint64_t row_count; /* of a salvage: rows kept */
};

/* Files as copy statements use them. */
extern const struct copy_files plain_copy_files;

void database_retain(struct ssql_db *db);
/* The outcome of closing it, when this was the last reference. */
int database_release(struct ssql_db *db);

struct ssql_conn {
    struct ssql_db *db;
    struct session *session;
    struct ssql_stmt *statements; /* all that are not finalized, linked */
    struct ssql_stmt *spare;      /* one that is, to be used again; or NULL */
    struct ssql_error error;
    int64_t line, column, length; /* of the error; 0: no position */
    struct backup_result backup;  /* the last one */
};

struct ssql_stmt {
    struct ssql_conn *conn; /* NULL once that is gone; then `prepared` too */
    struct prepared *prepared;
    struct arena cells; /* texts of the current row that were asked for */
    struct ssql_stmt *previous, *next;
};

/* Starts a call that can fail: nothing has gone wrong yet. */
static inline void connection_begin_call(struct ssql_conn *conn)
{
    conn->error.code = SSQL_OK;
}

/* Ends a call that failed: finds the place of the error's span in a text, which is NULL when there is none. */
int connection_fail(struct ssql_conn *conn, const char *text, size_t length);

/* Takes the statement from its connection, which is going away. */
void statement_detach(struct ssql_stmt *stmt);

#endif
