/* statement.h - a prepared statement: its text, its plan and execution for as long as the schema stays the same, the
 * values of its parameters, and a cursor over its rows.
 *
 * A plan that no longer fits the schema, or the types of bound values, is made anew from the text at the next run's
 * start. A run: prepared_step until it gives no row. A reading run outside `begin` holds a transaction of its own from
 * the first step to the end or prepared_reset. A run that writes does everything in one step; outside `begin` it is
 * repeated when it conflicts with another transaction. Life: create, destroy, within the session's. Threads: the
 * session's. */
#ifndef SSQL_SESSION_STATEMENT_H
#define SSQL_SESSION_STATEMENT_H

#include "base/batch.h"
#include "exec/execution.h"
#include "exec/result_store.h"
#include "session/shape_cache.h"
#include "session/session.h"

enum { CONFLICT_TRIES = 100 }; /* runs of a statement outside `begin` before SSQL_CONFLICT is reported */

struct bound_parameter {
    const char *name;      /* "" for one without */
    bool is_open;          /* the statement alone does not tell its type */
    enum ssql_type wanted; /* by the plan */
    struct value given;    /* as bound; a string's bytes are in `bytes` */
    uint8_t *bytes;
    size_t capacity;
};

enum run_state {
    RUN_NONE,
    RUN_ROWS,    /* between rows */
    RUN_CUT_OFF, /* the transaction ended under it; the next step says so */
};

struct prepared {
    struct session *session;
    const char *text; /* up to the end of the statement, `;` included, and what came before it */
    size_t length;
    bool is_kept;   /* with a copy of the text, and names of columns */
    char *own_text; /* the copy, and memory for the next one */
    size_t own_capacity;
    struct shape *shape; /* that has lent plan, execution and literals (as values); NULL: they are the statement's own */
    struct plan *plan;
    struct execution *execution; /* of `plan`; NULL until the first run */
    struct plan *spare_plan;     /* emptied, for the next plan and execution */
    struct execution *spare_execution;
    bool wants_new_plan; /* values of other types than those planned for were bound */

    uint32_t column_count; /* of the result, as the plan's root has them */
    const enum ssql_type *column_types;
    struct arena column_arena; /* names of the columns; reset with each plan */
    const char **column_names; /* terminated; NULL in a statement that was not copied */
    uint32_t parameter_count;
    struct arena parameter_arena; /* the three below, and names */
    struct bound_parameter *parameters;
    struct value *values; /* what execution sees: `given`, widened */

    enum run_state run;
    struct session_work *work; /* the run's own transaction; NULL within `begin` */
    struct session_work *copying; /* while a copy outside `begin` runs: its transaction */
    struct batch batch;
    uint32_t row;                  /* of the batch's selection */
    struct result_store *aside;    /* the rows to come, when they had to be put aside; NULL: `execution` has them */
    const struct value *aside_row; /* the current one of them */
    bool is_active; /* the run reads in the session's open transaction; these are linked: */
    struct prepared *previous_active, *next_active;
};

/* Prepares the first statement of the text; *out is NULL when there is none. *consumed is set as by parse_statement,
 * always. `keep` copies the text and makes the columns' names; else the text must outlive the statement. */
MUST_CHECK bool prepared_create(struct session *session, const char *text, size_t length, bool keep,
                                struct prepared **out, size_t *consumed, struct ssql_error *error);

/* Ends a run. Accepts NULL. */
void prepared_destroy(struct prepared *prepared);

/* For the session: frees its spare statement. Accepts NULL. */
void prepared_free(struct prepared *prepared);

/* Goes on to the next row, which prepared_value reads; *has_row is false at the end. A failure ends the run. */
MUST_CHECK bool prepared_step(struct prepared *prepared, bool *has_row, struct ssql_error *error);

/* Ends the run, if one is going. */
void prepared_reset(struct prepared *prepared);

/* For the session: the transaction in which the run reads is about to end. */
void prepared_cut_off(struct prepared *prepared);

/* For other statements of the session that are about to change what the run reads: reads the run to its end and puts
 * its rows aside. A failure leaves a run that can only fail. */
MUST_CHECK bool prepared_put_aside(struct prepared *prepared, struct ssql_error *error);

/* Column of the current row (prepared_has_row); a string stays borrowed until the next step. */
static inline bool prepared_has_row(const struct prepared *prepared)
{
    return prepared->run == RUN_ROWS;
}

static inline struct value prepared_value(const struct prepared *prepared, uint32_t column)
{
    if (prepared->aside != NULL)
        return prepared->aside_row[column];
    return vector_value(&prepared->batch.columns[column], batch_row(&prepared->batch, prepared->row));
}

static inline uint32_t prepared_column_count(const struct prepared *prepared)
{
    return prepared->column_count;
}

/* Sets parameter `index`, from 1. The value is copied. Fails with SSQL_UNKNOWN_PARAMETER, SSQL_TYPE_MISMATCH,
 * SSQL_BAD_ENCODING, SSQL_NO_MEMORY, SSQL_MISUSE (a run is going), and changes nothing then. */
MUST_CHECK bool prepared_bind(struct prepared *prepared, uint32_t index, const struct value *value,
                              struct ssql_error *error);
void prepared_clear_bindings(struct prepared *prepared);

#endif
