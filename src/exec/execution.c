#include "exec/execution.h"

#include <assert.h>
#include <stdlib.h>

#include "exec/operator.h"

struct execution {
    struct operator_runtime runtime;
    struct operator* root; /* NULL: a plan that does nothing */
    bool is_running;
};

/* NULL: the session's. */
static const struct operator_type *find_type(enum plan_kind kind)
{
    static const struct operator_type *const types[PLAN_NOTHING + 1] = {
        [PLAN_VALUES] = &values_operator,         [PLAN_SCAN] = &scan_operator,
        [PLAN_LOOKUP] = &lookup_operator,         [PLAN_FILTER] = &filter_operator,
        [PLAN_PROJECT] = &project_operator,       [PLAN_AGGREGATE] = &aggregate_operator,
        [PLAN_DISTINCT] = &distinct_operator,     [PLAN_SORT] = &sort_operator,
        [PLAN_LIMIT] = &limit_operator,           [PLAN_INSERT] = &insert_operator,
        [PLAN_UPDATE] = &update_operator,         [PLAN_DELETE] = &delete_operator,
        [PLAN_COPY_FROM] = &copy_from_operator,   [PLAN_COPY_TO] = &copy_to_operator,
        [PLAN_BACKUP] = &backup_operator,         [PLAN_CREATE_TABLE] = &create_table_operator,
        [PLAN_DROP_TABLE] = &drop_table_operator, [PLAN_ANALYZE] = &analyze_operator,
    };

    return types[kind];
}

/* ---- operators ---- */

bool operator_create(struct operator_runtime *runtime, const struct plan_node *node, struct operator** out,
                     struct ssql_error *error)
{
    const struct operator_type *type = find_type(node->kind);
    struct operator* operator;

    *out = NULL;
    assert(type != NULL);
    operator= arena_alloc(&runtime->environment.arena, type->size);
    if (operator== NULL)
        return error_no_memory(error);
    operator->type = type;
    operator->node = node;
    operator->runtime = runtime;
    if (runtime->is_analyzed) {
        operator->profile = arena_alloc(&runtime->environment.arena, sizeof *operator->profile);
        if (operator->profile == NULL)
            return error_no_memory(error);
    }
    runtime->is_analyzed |= node->kind == PLAN_ANALYZE;
    if (node->child != NULL && !operator_create(runtime, node->child, &operator->child, error))
        return false;
    if (type->create != NULL && !type->create(operator, error)) {
        operator_destroy(operator);
        return false;
    }
    *out = operator;
    return true;
}

static struct progress *find_progress(const struct operator* operator)
{
    const struct cancellation *cancellation = operator->runtime->context.cancellation;

    return cancellation == NULL ? NULL : cancellation->progress;
}

/* A scan of a whole table knows about how many rows there are. */
static void begin_progress(struct operator* operator, struct progress * progress)
{
    const struct plan_node *node = operator->node;
    struct table_statistics statistics;
    struct ssql_error ignored;

    if (node->kind == PLAN_SCAN && node->scan.low.count == 0 && node->scan.high.count == 0 &&
        engine_table_statistics(operator->runtime->context.engine, node->scan.table->id, &statistics, &ignored))
        progress_begin(progress, "reading", (int64_t)statistics.row_estimate);
}

static bool open_tree(struct operator* operator, struct ssql_error * error)
{
    struct progress *progress = find_progress(operator);

    if (operator->child != NULL && !operator_open(operator->child, error))
        return false;
    operator->is_open = true;
    if (progress != NULL)
        begin_progress(operator, progress);
    return operator->type->open == NULL || operator->type->open(operator, error);
}

bool operator_open(struct operator* operator, struct ssql_error * error)
{
    if (operator->profile == NULL)
        return open_tree(operator, error);
    *operator->profile =(struct operator_profile){0};
    uint64_t begin = clock_now_ns();
    bool is_open = open_tree(operator, error);
    operator->profile->time_ns = clock_now_ns() - begin;
    return is_open;
}

static bool next_counted(struct operator* operator, struct batch * batch, struct ssql_error *error)
{
    struct operator_profile *profile = operator->profile;
    uint64_t begin = clock_now_ns();
    bool done = operator->type->next(operator, batch, error);

    profile->time_ns += clock_now_ns() - begin;
    if (done)
        profile->rows += batch->selected_count;
    return done;
}

bool operator_next(struct operator* operator, struct batch * batch, struct ssql_error *error)
{
    struct progress *progress = find_progress(operator);

    if (!cancellation_check(operator->runtime->context.cancellation, error))
        return false;
    if (operator->profile == NULL ? !operator->type->next(operator, batch, error)
                                  : !next_counted(operator, batch, error))
        return false;
    if (progress != NULL && operator->child == NULL && operator->node->kind != PLAN_SCAN) /* that counts itself */
        progress->done += batch->selected_count;
    return true;
}

static void close_tree(struct operator* operator)
{
    if (operator->is_open && operator->type->close != NULL)
        operator->type->close(operator);
    operator->is_open = false;
    if (operator->child != NULL)
        operator_close(operator->child);
}

void operator_close(struct operator* operator)
{
    uint64_t begin = operator->profile == NULL ? 0 : clock_now_ns();

    close_tree(operator);
    if (operator->profile != NULL)
        operator->profile->time_ns += clock_now_ns() - begin;
}

void operator_destroy(struct operator* operator)
{
    if (operator== NULL)
        return;
    if (operator->type->destroy != NULL)
        operator->type->destroy(operator);
    operator_destroy(operator->child);
}

bool operator_find_table(struct operator* operator, const struct table_schema * schema, struct table **table,
                         struct ssql_error *error)
{
    if (!transaction_find_table(operator->runtime->context.transaction, schema->id, table, error))
        return false;
    if (*table != NULL)
        return true;
    return error_set(error, SSQL_UNKNOWN_TABLE, NO_SPAN, "table \"%.*s\" does not exist", SLICE_PRINT(schema->name));
}

/* ---- executions ---- */

bool execution_create(const struct plan *plan, struct execution *spare, struct execution **out,
                      struct ssql_error *error)
{
    struct execution *execution = spare != NULL ? spare : calloc(1, sizeof *execution);
    const struct plan_node *root = plan->root;

    *out = NULL;
    if (execution == NULL)
        return error_no_memory(error);
    if (find_type(root->kind) != NULL && !operator_create(&execution->runtime, root, &execution->root, error)) {
        execution_destroy(execution);
        return false;
    }
    *out = execution;
    return true;
}

void execution_destroy(struct execution *execution)
{
    if (execution == NULL)
        return;
    execution_finish(execution);
    operator_destroy(execution->root);
    expression_environment_clear(&execution->runtime.environment);
    free(execution);
}

void execution_empty(struct execution *execution)
{
    execution_finish(execution);
    operator_destroy(execution->root);
    execution->root = NULL;
    execution->runtime.is_analyzed = false;
    expression_environment_reset(&execution->runtime.environment);
}

bool execution_start(struct execution *execution, const struct execution_context *context, struct ssql_error *error)
{
    execution_finish(execution);
    execution->runtime.context = *context;
    execution->runtime.changes = 0;
    expression_environment_start(&execution->runtime.environment, context->parameters);
    execution->is_running = true;
    return execution->root == NULL || operator_open(execution->root, error);
}

bool execution_next(struct execution *execution, struct batch *batch, struct ssql_error *error)
{
    batch_end(batch);
    assert(execution->is_running);
    if (execution->root == NULL)
        return true;
    return operator_next(execution->root, batch, error);
}

void execution_finish(struct execution *execution)
{
    if (!execution->is_running)
        return;
    execution->is_running = false;
    if (execution->root != NULL)
        operator_close(execution->root);
    expression_environment_finish(&execution->runtime.environment);
}

uint64_t execution_changes(const struct execution *execution)
{
    return execution->runtime.changes;
}
