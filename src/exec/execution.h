/* execution.h - a plan made ready to run: operators with their compiled expressions and buffers, kept from run to run
 * so that a prepared statement allocates nothing once warm. Used by one thread at a time. */
#ifndef SSQL_EXEC_EXECUTION_H
#define SSQL_EXEC_EXECUTION_H

#include "base/batch.h"
#include "base/cancellation.h"
#include "exec/copy_environment.h"
#include "plan/plan.h"

struct execution;

/* The one kind of plan that can be run for many rows of parameters at once. */
static inline bool plan_takes_parameter_rows(const struct plan *plan)
{
    const struct plan_node *root = plan->root;

    return root->kind == PLAN_INSERT && root->child->kind == PLAN_VALUES && root->child->values.row_count == 1;
}

struct execution_context {
    struct engine *engine;
    struct transaction *transaction; /* open; the statement's mark is set */
    struct catalog_view *catalog;
    const struct value *parameters; /* plan->parameter_count values of the parameters' types; they stay until finish */
    /* An insert of one row of values only: so many rows of parameters, one after the other, for each of which it is
     * run. 0 is as good as 1. */
    uint32_t parameter_row_count;
    uint32_t parameter_count; /* of a row, where there are many */
    struct cancellation *cancellation;
    struct copy_environment *copy; /* only copy needs it */
};

/* Compiles the plan, which must outlive the execution. `spare` is NULL or an emptied execution whose memory is used,
 * and which is gone afterwards, also when this fails. */
MUST_CHECK bool execution_create(const struct plan *plan, struct execution *spare, struct execution **execution,
                                 struct ssql_error *error);
void execution_destroy(struct execution *execution); /* accepts NULL */

/* Forgets all but the memory, for another execution. */
void execution_empty(struct execution *execution);

/* Begins a run; nothing is read or written yet by a query. A plan that writes does all its work at the first
 * execution_next. */
MUST_CHECK bool execution_start(struct execution *execution, const struct execution_context *context,
                                struct ssql_error *error);

/* The next rows (valid until the following call), row_count == 0 at the end. Run-time errors carry the span of the
 * expression. After a failure only execution_finish may follow. */
MUST_CHECK bool execution_next(struct execution *execution, struct batch *batch, struct ssql_error *error);

/* Ends the run, finished or not: closes scans, frees what is large. May be called twice. */
void execution_finish(struct execution *execution);

/* Rows inserted, updated or deleted by the run so far. */
uint64_t execution_changes(const struct execution *execution);

#endif
