/* operator.h - one node of a running plan. Operators pull batches from their child.
 *
 * Life: operator_create builds a tree for a plan node, with its programs compiled; then, run after run, open, next…,
 * close (close once per open, also after a failed open or next), and destroy at the end. Memory that is kept from run
 * to run comes from the runtime's arena or is freed by destroy; what grows with the data is freed by close and reserved
 * from the work budget. One thread at a time. */
#ifndef SSQL_EXEC_OPERATOR_H
#define SSQL_EXEC_OPERATOR_H

#include "base/cancellation.h"
#include "exec/execution.h"
#include "exec/expression.h"
#include "exec/profile.h"

/* What all operators of one execution share. */
struct operator_runtime {
    struct execution_context context; /* of the run */
    struct expression_environment environment;
    uint64_t changes;
    bool is_analyzed; /* operators made from here on get a profile */
};

struct operator;

struct operator_type {
    const char *name;
    size_t size; /* of the struct that begins with struct operator; zeroed */
    /* Compiles expressions; the child is made already. May be NULL, as open, close and destroy. */
    bool (*create)(struct operator* self, struct ssql_error *error);
    bool (*open)(struct operator* self, struct ssql_error *error);
    /* Fills `batch`, valid until the following call; row_count == 0 is the end, and no call follows it.
     * selected_count is never 0 before the end. */
    bool (*next)(struct operator* self, struct batch *batch, struct ssql_error *error);
    void (*close)(struct operator* self);
    void (*destroy)(struct operator* self);
};

struct operator
{
    const struct operator_type *type;
    const struct plan_node *node;
    struct operator_runtime *runtime;
    struct operator* child;           /* NULL for leaves */
    struct operator_profile *profile; /* NULL: nothing is counted */
    bool is_open;
};

MUST_CHECK bool operator_create(struct operator_runtime *runtime, const struct plan_node *node, struct operator** out,
                                struct ssql_error *error);
/* Opens the child first. */
MUST_CHECK bool operator_open(struct operator* operator, struct ssql_error * error);
MUST_CHECK bool operator_next(struct operator* operator, struct batch * batch, struct ssql_error *error);
/* Closes the whole tree below; harmless when it is closed. */
void operator_close(struct operator* operator);
void operator_destroy(struct operator* operator); /* accepts NULL */

static inline void *operator_alloc(struct operator* operator, size_t count, size_t size)
{
    return arena_alloc_array(&operator->runtime->environment.arena, count, size);
}

/* The table that a node names, as the run's transaction sees it. */
MUST_CHECK bool operator_find_table(struct operator* operator, const struct table_schema * schema, struct table **table,
                                    struct ssql_error *error);

/* Whether it changes rows, which runtime->changes counts, instead of handing them out. */
static inline bool operator_is_write(const struct operator* operator)
{
    enum plan_kind kind = operator->node->kind;

    return kind == PLAN_INSERT || kind == PLAN_UPDATE || kind == PLAN_DELETE || kind == PLAN_COPY_FROM ||
           kind == PLAN_COPY_TO;
}

static inline void batch_end(struct batch *batch)
{
    *batch = (struct batch){0};
}

extern const struct operator_type values_operator, scan_operator, lookup_operator, filter_operator, project_operator,
    aggregate_operator, distinct_operator, sort_operator, limit_operator, insert_operator, update_operator,
    delete_operator, copy_from_operator, copy_to_operator, backup_operator, create_table_operator, drop_table_operator,
    analyze_operator;

/* ---- values, as insert reads them: row by row, without vectors ---- */

/* Of the node, or, when it is run for many rows of parameters, those. */
uint32_t values_row_count(const struct operator* values);

/* Whether a PLAN_VALUES is one row of the first parameters in their order, one for each column; then a row of them. */
bool values_are_parameters(const struct operator* values);
const struct value *values_parameter_row(const struct operator* values, uint32_t row);

/* One row of a PLAN_VALUES operator that is open; strings live until the next call. */
MUST_CHECK bool values_read_row(struct operator* values, uint32_t row, struct value *items, struct ssql_error *error);

#endif
