/* session.h - a connection's state within the engine: its transaction, its picture of the schema, its parser.
 * Statements of a session (statement.h) run through it.
 *
 * Outside `begin` each statement is a transaction. So that several queries can be open at once, transactions are drawn
 * from a pool of the session, each with its own view of the catalog; once warm nothing is allocated.
 * Life: create, destroy; no statement of it is left then. Threads: one at a time, but for session_interrupt. */
#ifndef SSQL_SESSION_SESSION_H
#define SSQL_SESSION_SESSION_H

#include "base/arena.h"
#include "catalog/catalog.h"
#include "exec/copy_environment.h"
#include "parser/parser.h"
#include "storage/transaction.h"

struct prepared;
struct shape_cache;

/* A transaction object and what belongs to it. */
struct session_work {
    struct transaction *transaction;
    struct catalog_view *view;
    enum transaction_kind kind; /* of the transaction now open */
    struct session_work *next;  /* in the pool */
};

enum session_state {
    SESSION_AUTOCOMMIT,
    SESSION_IN_TRANSACTION,
    SESSION_STATEMENT_FAILED, /* in a transaction, and its last statement failed */
};

/* When statements that differ only in their literals share a plan (shape_cache.h). */
enum plan_sharing {
    PLANS_SHARED_LATER, /* from the second one on */
    PLANS_SHARED,       /* the first one is planned that way already */
    PLANS_NOT_SHARED,
};

struct session {
    struct engine *engine;   /* borrowed */
    struct catalog *catalog; /* borrowed */
    struct parser *parser;
    struct arena arena; /* trees; reset by each parse */
    struct cancellation cancellation;
    struct progress progress; /* the cancellation points here while somebody wants to know */
    struct copy_environment copy;
    enum session_state state;
    struct session_work *open; /* the transaction that `begin` began; NULL in SESSION_AUTOCOMMIT */
    struct session_work *pool;
    struct prepared *spare;  /* a statement that has gone, for the memory of the next */
    struct shape_cache *shapes;
    enum plan_sharing plan_sharing;
    struct prepared *active; /* runs that are between their rows in `open`, linked */
    bool defers_sync;        /* transactions to come run ahead of the sync */
    int64_t changes;         /* rows changed by the last statement that changes rows */
};

/* Borrows engine and catalog. Fails with SSQL_NO_MEMORY. */
MUST_CHECK bool session_create(struct engine *engine, struct catalog *catalog, struct session **out,
                               struct ssql_error *error);

/* Rolls back. Accepts NULL. */
void session_destroy(struct session *session);

/* Asks the running statement to stop; any thread, also a signal handler. Forgotten at the next statement's start. */
void session_interrupt(struct session *session);

/* A work whose transaction is open; fails as transaction_begin does. */
MUST_CHECK bool session_take_work(struct session *session, enum transaction_kind kind, struct session_work **out,
                                  struct ssql_error *error);

/* Rolls its transaction back, if open, and gives it to the pool. */
void session_return_work(struct session *session, struct session_work *work);

/* The schema that the next statement sees: of the open transaction, or of now. The caller retains what it keeps;
 * session_end_look is called afterwards, also when this failed. */
struct session_look {
    struct session_work *work; /* one of the pool, or NULL */
    struct schema *schema;
};
MUST_CHECK bool session_look(struct session *session, struct session_look *look, struct ssql_error *error);
void session_end_look(struct session *session, struct session_look *look);

/* `begin`. SSQL_IN_TRANSACTION when one is open. On a read-only database every transaction is a reading one. */
MUST_CHECK bool session_begin(struct session *session, bool read_only, struct ssql_error *error);

/* `commit` and `rollback`: SSQL_NO_TRANSACTION when none is open. They end the runs that are still going in it. The
 * transaction is over whatever the outcome of its commit (transaction.h lists them). */
MUST_CHECK bool session_commit(struct session *session, struct ssql_error *error);
MUST_CHECK bool session_rollback(struct session *session, struct ssql_error *error);

/* Long work begins: an interrupt of before is forgotten, progress counts from now. */
void session_begin_work(struct session *session);

/* Whether a backup may be made now: not within `begin`, whose changes it would not hold. SSQL_IN_TRANSACTION. */
MUST_CHECK bool session_check_backup(const struct session *session, struct ssql_error *error);

/* Within `begin`: whether the last statement went well. The prompt of a shell, and whoever decides about a commit,
 * wants to know that something went wrong. */
void session_note_outcome(struct session *session, bool done);

#endif
