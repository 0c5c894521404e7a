#include "session/statement.h"

#include <assert.h>
#include <stdlib.h>

#include "plan/planner.h"
#include "session/statement_internal.h"

/* ---- planning ---- */

/* Types of the values bound to parameters that the statement leaves open; NULL in *types when there is none. */
static bool bound_types(struct prepared *prepared, enum ssql_type **types, struct ssql_error *error)
{
    bool any = false;

    *types = NULL;
    for (uint32_t i = 0; i < prepared->parameter_count; i++)
        any |= prepared->parameters[i].is_open && prepared->parameters[i].given.type != SSQL_TYPE_NULL;
    if (!any)
        return true;
    *types = arena_alloc_array(&prepared->session->arena, prepared->parameter_count, sizeof **types);
    if (*types == NULL)
        return error_no_memory(error);
    for (uint32_t i = 0; i < prepared->parameter_count; i++)
        if (prepared->parameters[i].is_open)
            (*types)[i] = prepared->parameters[i].given.type;
    return true;
}

/* Terminated copies of the plan's column names. */
static bool copy_column_names(const struct plan *plan, struct arena *arena, const char ***names,
                              struct ssql_error *error)
{
    uint32_t count = plan->returns_rows ? plan->root->column_count : 0;

    arena_reset(arena);
    *names = arena_alloc_array(arena, count + 1, sizeof **names);
    for (uint32_t i = 0; *names != NULL && i < count; i++)
        (*names)[i] = (const char *)arena_copy(arena, plan->root->column_names[i]).data;
    return !arena_failed(arena) || error_no_memory(error);
}

static void install_plan(struct prepared *prepared, struct plan *plan)
{
    execution_destroy(prepared->execution);
    prepared->execution = NULL;
    plan_destroy(prepared->plan);
    prepared->plan = plan;
    prepared->column_count = plan->returns_rows ? plan->root->column_count : 0;
    prepared->column_types = plan->root->column_types;
}

/* Plans the tree against a schema. On failure the statement keeps its plan, which is looked at again at the next run.
 */
static bool plan_tree(struct prepared *prepared, const struct statement *tree, struct schema *schema,
                      struct ssql_error *error)
{
    enum ssql_type *types = NULL;
    struct plan *plan = NULL;

    if (!bound_types(prepared, &types, error))
        return false;
    struct plan *spare = prepared->spare_plan;
    prepared->spare_plan = NULL;
    if (!plan_statement(tree, schema, types, spare, &plan, error))
        return false;
    assert(plan->is_read_only || !plan->returns_rows || plan->root->kind == PLAN_ANALYZE);
    assert(prepared->plan == NULL || plan->parameter_count == prepared->parameter_count);
    if (prepared->plan == NULL && !prepared_create_parameters(prepared, plan, error)) {
        plan_destroy(plan);
        return false;
    }
    install_plan(prepared, plan);
    prepared->wants_new_plan = true; /* until names and values fit too */
    if (prepared->own_text != NULL && !copy_column_names(plan, &prepared->column_arena, &prepared->column_names, error))
        return false;
    if (!prepared_fit_values(prepared, error))
        return false;
    prepared->wants_new_plan = false;
    return true;
}

bool prepared_plan_again(struct prepared *prepared, struct schema *schema, struct ssql_error *error)
{
    struct session *session = prepared->session;
    struct statement *tree = NULL;
    size_t consumed = 0;

    arena_reset(&session->arena);
    if (!parse_statement(session->parser, prepared->text, prepared->length, &session->arena, &tree, &consumed, error))
        return false;
    assert(tree != NULL);
    return plan_tree(prepared, tree, schema, error);
}

/* ---- life ---- */

static bool copy_text(struct prepared *prepared, struct ssql_error *error)
{
    prepared->own_text = malloc(prepared->length + 1);
    if (prepared->own_text == NULL)
        return error_no_memory(error);
    memcpy(prepared->own_text, prepared->text, prepared->length);
    prepared->own_text[prepared->length] = '\0';
    prepared->text = prepared->own_text;
    return true;
}

static bool prepare_tree(struct session *session, const struct statement *tree, struct prepared *prepared, bool keep,
                         struct ssql_error *error)
{
    struct session_look look;
    bool done = false;

    if (keep && !copy_text(prepared, error))
        return false;
    if (session_look(session, &look, error))
        done = plan_tree(prepared, tree, look.schema, error);
    session_end_look(session, &look);
    return done;
}

static bool create(struct session *session, const char *text, size_t length, bool keep, struct prepared **out,
                   size_t *consumed, struct ssql_error *error)
{
    struct statement *tree = NULL;

    arena_reset(&session->arena);
    if (!parse_statement(session->parser, text, length, &session->arena, &tree, consumed, error))
        return false;
    if (tree == NULL)
        return true;

    struct prepared *prepared = keep || session->spare == NULL ? calloc(1, sizeof *prepared) : session->spare;
    if (prepared == NULL)
        return error_no_memory(error);
    if (prepared == session->spare)
        session->spare = NULL;
    prepared->session = session;
    prepared->text = text;
    prepared->length = *consumed;
    if (!prepare_tree(session, tree, prepared, keep, error)) {
        prepared_destroy(prepared);
        return false;
    }
    *out = prepared;
    return true;
}

bool prepared_create(struct session *session, const char *text, size_t length, bool keep, struct prepared **out,
                     size_t *consumed, struct ssql_error *error)
{
    *out = NULL;
    *consumed = length;
    if (create(session, text, length, keep, out, consumed, error))
        return true;
    session_note_outcome(session, false);
    return false;
}

void prepared_free(struct prepared *prepared)
{
    if (prepared == NULL)
        return;
    execution_destroy(prepared->execution);
    execution_destroy(prepared->spare_execution);
    plan_destroy(prepared->plan);
    plan_destroy(prepared->spare_plan);
    prepared_free_parameters(prepared);
    arena_clear(&prepared->column_arena);
    free(prepared->own_text);
    free(prepared);
}

/* Keeps the memory of a statement that was run once: a script is many of them. */
static void make_spare(struct prepared *prepared)
{
    struct prepared empty = {.spare_plan = prepared->spare_plan, .spare_execution = prepared->spare_execution};

    if (prepared->execution != NULL) {
        execution_empty(prepared->execution);
        empty.spare_execution = prepared->execution;
    }
    if (prepared->plan != NULL) {
        plan_empty(prepared->plan);
        empty.spare_plan = prepared->plan;
    }
    prepared_free_parameters(prepared);
    prepared->session->spare = prepared;
    *prepared = empty;
}

void prepared_destroy(struct prepared *prepared)
{
    if (prepared == NULL)
        return;
    prepared_reset(prepared);
    if (prepared->own_text == NULL && prepared->session->spare == NULL)
        make_spare(prepared);
    else
        prepared_free(prepared);
}
