#include "plan/planner.h"

#include <stdlib.h>

#include "plan/plan_node.h"
#include "plan/planner_internal.h"

void plan_destroy(struct plan *plan)
{
    if (plan == NULL)
        return;
    schema_release(plan->schema);
    arena_clear(&plan->arena);
    free(plan);
}

void plan_empty(struct plan *plan)
{
    struct arena arena = plan->arena;

    schema_release(plan->schema);
    arena_reset(&arena);
    *plan = (struct plan){.arena = arena};
}

/* ---- statements ---- */

typedef struct plan_node *statement_planner(struct binder *binder, const struct statement *statement);

static struct plan_node *plan_select(struct binder *binder, const struct statement *statement)
{
    struct bound_query *bound = bind_query(binder, statement->query);

    return bound == NULL ? NULL : plan_query(binder->arena, bound);
}

static struct plan_node *plan_inserting(struct binder *binder, const struct statement *statement)
{
    struct bound_insert *bound = bind_insert(binder, statement->insert);

    return bound == NULL ? NULL : plan_insert(binder->arena, bound);
}

static struct plan_node *plan_updating(struct binder *binder, const struct statement *statement)
{
    struct bound_update *bound = bind_update(binder, statement->update);

    return bound == NULL ? NULL : plan_update(binder->arena, bound);
}

static struct plan_node *plan_deleting(struct binder *binder, const struct statement *statement)
{
    struct bound_delete *bound = bind_delete(binder, statement->delete);

    return bound == NULL ? NULL : plan_delete(binder->arena, bound);
}

static struct plan_node *plan_copying(struct binder *binder, const struct statement *statement)
{
    return plan_copy(binder, statement->copy);
}

static struct plan_node *plan_backing_up(struct binder *binder, const struct statement *statement)
{
    return plan_backup(binder, statement->backup);
}

static struct plan_node *plan_create_table(struct binder *binder, const struct statement *statement)
{
    const struct create_table *create = statement->create_table;
    struct create_table_plan made = {.name_span = create->table.span};
    struct plan_node *node;
    bool exists;

    if (!bind_create_table(binder, create, &made, &exists))
        return NULL;
    node = plan_node_make(binder->arena, exists ? PLAN_NOTHING : PLAN_CREATE_TABLE);
    if (node != NULL && !exists)
        node->create_table = made;
    return node;
}

static struct plan_node *plan_drop_table(struct binder *binder, const struct statement *statement)
{
    const struct drop_table *drop = statement->drop_table;
    struct plan_node *node;
    const struct table_schema *table;

    if (drop->if_exists && schema_find_table(binder->schema, drop->table.text) == NULL)
        return plan_node_make(binder->arena, PLAN_NOTHING);
    table = bind_table(binder, &drop->table);
    node = table == NULL ? NULL : plan_node_make(binder->arena, PLAN_DROP_TABLE);
    if (node != NULL)
        node->drop_table.table = table;
    return node;
}

/* begin, commit, rollback */
static struct plan_node *plan_transaction(struct binder *binder, const struct statement *statement)
{
    static const enum plan_kind kinds[] = {
        [STATEMENT_BEGIN] = PLAN_BEGIN, [STATEMENT_COMMIT] = PLAN_COMMIT, [STATEMENT_ROLLBACK] = PLAN_ROLLBACK};

    return plan_node_make(binder->arena, kinds[statement->kind]);
}

static struct plan_node *plan_table_list(struct binder *binder, const struct statement *statement)
{
    (void)statement;
    return plan_show_tables(binder->arena, binder->schema);
}

static struct plan_node *plan_description(struct binder *binder, const struct statement *statement)
{
    const struct table_schema *table = bind_table(binder, &statement->describe->table);

    return table == NULL ? NULL : plan_describe(binder->arena, table);
}

static statement_planner plan_any;

static struct plan_node *plan_explanation(struct binder *binder, const struct statement *statement)
{
    struct plan_node *explained = plan_any(binder, statement->explained);

    return statement->is_analyze ? plan_analyze(binder->arena, explained) : plan_explain(binder->arena, explained);
}

/* NULL: see binder->error; without an error, memory is out. */
static struct plan_node *plan_any(struct binder *binder, const struct statement *statement)
{
    static statement_planner *const planners[] = {
        [STATEMENT_QUERY] = plan_select,
        [STATEMENT_INSERT] = plan_inserting,
        [STATEMENT_UPDATE] = plan_updating,
        [STATEMENT_DELETE] = plan_deleting,
        [STATEMENT_COPY] = plan_copying,
        [STATEMENT_BACKUP] = plan_backing_up,
        [STATEMENT_CREATE_TABLE] = plan_create_table,
        [STATEMENT_DROP_TABLE] = plan_drop_table,
        [STATEMENT_BEGIN] = plan_transaction,
        [STATEMENT_COMMIT] = plan_transaction,
        [STATEMENT_ROLLBACK] = plan_transaction,
        [STATEMENT_SHOW_TABLES] = plan_table_list,
        [STATEMENT_DESCRIBE] = plan_description,
        [STATEMENT_EXPLAIN] = plan_explanation,
    };

    return planners[statement->kind](binder, statement);
}

static void set_properties(struct plan *plan, const struct statement *statement)
{
    enum plan_kind kind = plan_effect(plan);

    plan->returns_rows = statement->kind == STATEMENT_QUERY || statement->kind == STATEMENT_SHOW_TABLES ||
                         statement->kind == STATEMENT_DESCRIBE || statement->kind == STATEMENT_EXPLAIN ||
                         statement->kind == STATEMENT_BACKUP;
    plan->changes_schema = kind == PLAN_CREATE_TABLE || kind == PLAN_DROP_TABLE;
    plan->is_read_only = !plan->changes_schema && kind != PLAN_INSERT && kind != PLAN_UPDATE && kind != PLAN_DELETE &&
                         kind != PLAN_COPY_FROM;
}

/* ---- parameters ---- */

static bool set_parameters(struct plan *plan, const struct statement *statement, const struct parameter_state *states)
{
    uint32_t count = statement->parameter_count;

    plan->parameter_count = count;
    plan->parameters = arena_alloc_array(&plan->arena, count, sizeof *plan->parameters);
    if (plan->parameters == NULL)
        return false;
    for (uint32_t i = 0; i < count; i++) {
        plan->parameters[i].type = states[i].type;
        plan->parameters[i].name = arena_copy(&plan->arena, statement->parameter_names[i]);
        if (plan->parameters[i].name.data == NULL)
            return false;
    }
    return true;
}

/* A place that came before the one which told the type has to be bound again. */
static bool has_late_types(const struct parameter_state *states, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        if (states[i].type != SSQL_TYPE_NULL && states[i].untyped_uses > 0)
            return true;
    return false;
}

/* Types of values already bound, for parameters that the statement leaves open. */
static bool take_given_types(struct parameter_state *states, uint32_t count, const enum ssql_type *given)
{
    bool took = false;

    for (uint32_t i = 0; given != NULL && i < count; i++) {
        if (states[i].type != SSQL_TYPE_NULL || given[i] == SSQL_TYPE_NULL)
            continue;
        states[i].type = given[i];
        took = true;
    }
    return took;
}

static struct plan_node *plan_once(struct plan *plan, const struct statement *statement, struct parameter_state *states,
                                   struct ssql_error *error)
{
    struct binder binder = {
        .arena = &plan->arena,
        .schema = plan->schema,
        .text = statement->text,
        .error = error,
        .parameters = states,
        .parameter_count = statement->parameter_count,
    };
    struct plan_node *root;

    for (uint32_t i = 0; i < statement->parameter_count; i++)
        states[i].untyped_uses = 0;
    arena_reset(&plan->arena);
    root = plan_any(&binder, statement);
    binder_clear(&binder);
    if (arena_failed(&plan->arena) || (root == NULL && error->code == SSQL_OK)) {
        error_no_memory(error);
        return NULL;
    }
    return root;
}

/* A statement is bound again while that tells more of its parameters' types; each round types one at least. Chains of
 * parameters that are only compared with each other could take very many. */
enum { ROUNDS_MOST = 50 };

static bool plan_until_typed(struct plan *plan, const struct statement *statement, const enum ssql_type *given,
                             struct parameter_state *states, struct ssql_error *error)
{
    uint32_t count = statement->parameter_count;

    for (uint32_t round = 0; round < ROUNDS_MOST; round++) {
        plan->root = plan_once(plan, statement, states, error);
        if (plan->root == NULL)
            return false;
        if (!has_late_types(states, count) && !take_given_types(states, count, given))
            return true;
    }
    error_set(error, SSQL_TOO_LARGE, statement->span, "the types of the parameters depend on each other too deeply");
    return error_hint(error, "cast(? as int) tells one");
}

/* Fills an empty plan. */
static bool make_plan(struct plan *plan, const struct statement *statement, struct schema *schema,
                      const enum ssql_type *given, struct parameter_state *states, struct ssql_error *error)
{
    plan->schema = schema;
    schema_retain(schema);
    if (!plan_until_typed(plan, statement, given, states, error))
        return false;
    if (!set_parameters(plan, statement, states))
        return error_no_memory(error);
    set_properties(plan, statement);
    return true;
}

enum { FEW_PARAMETERS = 8 };

bool plan_statement(const struct statement *statement, struct schema *schema, const enum ssql_type *parameter_types,
                    struct plan *spare, struct plan **plan, struct ssql_error *error)
{
    struct ssql_error found;
    struct parameter_state few[FEW_PARAMETERS] = {0}, *states = few;
    struct plan *made = spare != NULL ? spare : calloc(1, sizeof *made);

    *plan = NULL;
    error_clear(&found);
    if (statement->parameter_count > FEW_PARAMETERS)
        states = calloc(statement->parameter_count, sizeof *states);
    if (made == NULL || states == NULL)
        error_no_memory(&found);
    else if (make_plan(made, statement, schema, parameter_types, states, &found))
        *plan = made;
    if (states != few)
        free(states);
    if (*plan != NULL)
        return true;
    plan_destroy(made);
    if (error != NULL)
        *error = found;
    return false;
}
