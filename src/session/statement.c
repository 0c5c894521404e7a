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
    if (!arena_failed(arena))
        return true;
    return error_no_memory(error);
}

/* Gives back what a shape has lent. */
static void leave_shape(struct prepared *prepared)
{
    prepared->shape->execution = prepared->execution;
    shape_cache_give_back(prepared->shape);
    prepared->shape = NULL;
    prepared->plan = NULL;
    prepared->execution = NULL;
    prepared->values = NULL;
}

static void install_plan(struct prepared *prepared, struct plan *plan)
{
    if (prepared->shape != NULL)
        leave_shape(prepared);
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
    if (prepared->is_kept && !copy_column_names(plan, &prepared->column_arena, &prepared->column_names, error))
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
    if (prepared->own_capacity < prepared->length + 1) {
        free(prepared->own_text);
        prepared->own_capacity = 0;
        prepared->own_text = malloc(prepared->length + 1);
        if (prepared->own_text == NULL)
            return error_no_memory(error);
        prepared->own_capacity = prepared->length + 1;
    }
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

/* One that has gone, or a new one. */
static struct prepared *take_spare(struct session *session, const char *text, size_t length, bool keep,
                                   struct ssql_error *error)
{
    struct prepared *prepared = session->spare != NULL ? session->spare : calloc(1, sizeof *prepared);

    if (prepared == NULL) {
        error_no_memory(error);
        return NULL;
    }
    session->spare = NULL;
    *prepared = (struct prepared){.session = session,
                                  .text = text,
                                  .length = length,
                                  .is_kept = keep,
                                  .own_text = prepared->own_text,
                                  .own_capacity = prepared->own_capacity,
                                  .spare_plan = prepared->spare_plan,
                                  .spare_execution = prepared->spare_execution,
                                  .column_arena = prepared->column_arena,
                                  .parameter_arena = prepared->parameter_arena};
    return prepared;
}

static void borrow_shape(struct prepared *prepared, struct shape *shape)
{
    prepared->shape = shape;
    prepared->plan = shape->plan;
    prepared->execution = shape->execution;
    prepared->values = shape->rows.values;
    prepared->column_count = shape->plan->returns_rows ? shape->plan->root->column_count : 0;
    prepared->column_types = shape->plan->root->column_types;
    prepared->column_names = shape->column_names;
}

/* Prepares a statement that differs from an earlier one only in its literals. *out is NULL when it does not. */
static bool create_by_shape(struct session *session, const char *text, size_t length, bool keep, struct prepared **out,
                            size_t *consumed, struct ssql_error *error)
{
    size_t size = 0;
    struct shape *shape = NULL;

    if (session->plan_sharing != PLANS_NOT_SHARED)
        shape = shape_cache_take(session->shapes, session, text, length, &size);
    if (shape == NULL)
        return true;
    struct prepared *prepared = take_spare(session, text, size, keep, error);
    if (prepared == NULL) {
        shape_cache_give_back(shape);
        return false;
    }
    borrow_shape(prepared, shape);
    *consumed = size;
    if (keep && !copy_text(prepared, error)) {
        prepared_destroy(prepared);
        return false;
    }
    if (keep)
        shape_move_strings(shape, text, size, prepared->own_text);
    *out = prepared;
    return true;
}

static bool create(struct session *session, const char *text, size_t length, bool keep, struct prepared **out,
                   size_t *consumed, struct ssql_error *error)
{
    struct statement *tree = NULL;

    if (!create_by_shape(session, text, length, keep, out, consumed, error))
        return false;
    if (*out != NULL)
        return true;
    arena_reset(&session->arena);
    if (!parse_statement(session->parser, text, length, &session->arena, &tree, consumed, error))
        return false;
    if (tree == NULL)
        return true;

    struct prepared *prepared = take_spare(session, text, *consumed, keep, error);
    if (prepared == NULL)
        return false;
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
    prepared_forget_parameters(prepared);
    arena_clear(&prepared->parameter_arena);
    arena_clear(&prepared->column_arena);
    free(prepared->own_text);
    free(prepared);
}

enum { KEPT_TEXT_BYTES = 1 << 20 };

/* Keeps the memory of a statement that has gone, for take_spare: a script is many of them. */
static void make_spare(struct prepared *prepared)
{
    prepared_forget_parameters(prepared);
    arena_reset(&prepared->column_arena);
    if (prepared->own_capacity > KEPT_TEXT_BYTES) {
        free(prepared->own_text);
        prepared->own_text = NULL;
        prepared->own_capacity = 0;
    }

    if (prepared->execution != NULL) {
        execution_empty(prepared->execution);
        prepared->spare_execution = prepared->execution;
        prepared->execution = NULL;
    }
    if (prepared->plan != NULL) {
        plan_empty(prepared->plan);
        prepared->spare_plan = prepared->plan;
        prepared->plan = NULL;
    }
    prepared->session->spare = prepared;
}

void prepared_destroy(struct prepared *prepared)
{
    if (prepared == NULL)
        return;
    prepared_reset(prepared);
    if (prepared->shape != NULL)
        leave_shape(prepared);
    if (prepared->session->spare == NULL)
        make_spare(prepared);
    else
        prepared_free(prepared);
}
