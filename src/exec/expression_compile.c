/* From a bound expression to a program. Slots of temporaries are used again once their reader has been emitted, so that
 * a long chain of operators needs no more buffers than its depth. */
#include "exec/expression_program.h"

enum { FIRST_CAPACITY = 8 };

struct compiler {
    struct expression *expression;
    struct arena *arena;
    uint32_t *free_slots; /* temporaries that nobody reads any more */
    uint32_t free_count, free_capacity;
    bool failed;
};

/* Doubles an array of the arena when it is full; the old one stays behind. */
static void *grow(struct compiler *compiler, void *items, uint32_t count, uint32_t *capacity, size_t size)
{
    if (count < *capacity)
        return items;
    uint32_t wanted = *capacity == 0 ? FIRST_CAPACITY : *capacity * 2;
    void *grown = arena_alloc_array(compiler->arena, wanted, size);
    if (grown == NULL) {
        compiler->failed = true;
        return items;
    }
    if (count > 0)
        memcpy(grown, items, count * size);
    *capacity = wanted;
    return grown;
}

static uint32_t add_slot(struct compiler *compiler, enum slot_kind kind, enum ssql_type type)
{
    struct expression *expression = compiler->expression;

    expression->slots =
        grow(compiler, expression->slots, expression->slot_count, &expression->slot_capacity, sizeof(struct slot));
    if (compiler->failed)
        return 0;
    expression->slots[expression->slot_count] = (struct slot){.kind = kind, .type = type};
    return expression->slot_count++;
}

static uint32_t take_temporary(struct compiler *compiler)
{
    /* Steps know the type of their results; the slot only keeps the memory. */
    if (compiler->free_count > 0)
        return compiler->free_slots[--compiler->free_count];
    return add_slot(compiler, SLOT_TEMPORARY, SSQL_TYPE_NULL);
}

static void give_back(struct compiler *compiler, uint32_t slot)
{
    if (compiler->failed || compiler->expression->slots[slot].kind != SLOT_TEMPORARY)
        return;
    compiler->free_slots =
        grow(compiler, compiler->free_slots, compiler->free_count, &compiler->free_capacity, sizeof(uint32_t));
    if (!compiler->failed)
        compiler->free_slots[compiler->free_count++] = slot;
}

static uint32_t add_selection(struct compiler *compiler)
{
    struct expression *expression = compiler->expression;

    expression->selections = grow(compiler, expression->selections, expression->selection_count,
                                  &expression->selection_capacity, sizeof(struct selection_slot));
    return compiler->failed ? 0 : expression->selection_count++;
}

static struct step *add_step(struct compiler *compiler, enum step_kind kind, enum ssql_type type, uint32_t selection,
                             uint32_t result, uint32_t argument_count)
{
    struct expression *expression = compiler->expression;

    expression->steps =
        grow(compiler, expression->steps, expression->step_count, &expression->step_capacity, sizeof(struct step));
    uint32_t *arguments = arena_alloc_array(compiler->arena, argument_count, sizeof *arguments);
    if (compiler->failed || arguments == NULL) {
        compiler->failed = true;
        return NULL;
    }
    struct step *step = &expression->steps[expression->step_count++];
    *step = (struct step){.kind = kind,
                          .type = type,
                          .selection = selection,
                          .result = result,
                          .argument_count = argument_count,
                          .arguments = arguments};
    if (argument_count > expression->argument_most)
        expression->argument_most = argument_count;
    return step;
}

static uint32_t compile(struct compiler *compiler, const struct bound_expr *expr, uint32_t selection);

static struct step *add_simple_step(struct compiler *compiler, enum step_kind kind, enum ssql_type type,
                                    uint32_t selection, uint32_t result, uint32_t argument)
{
    struct step *step = add_step(compiler, kind, type, selection, result, 1);

    if (step != NULL)
        step->arguments[0] = argument;
    return step;
}

/* and, or: each argument for the rows that those before it left undecided. */
static uint32_t compile_decision(struct compiler *compiler, const struct bound_expr *expr, uint32_t selection)
{
    uint32_t result = take_temporary(compiler);

    for (uint32_t i = 0; i < expr->argument_count; i++) {
        uint32_t value = compile(compiler, expr->arguments[i], selection);
        uint32_t rest = add_selection(compiler);
        struct step *step = add_simple_step(compiler, STEP_DECIDE, SSQL_TYPE_BOOL, selection, result, value);
        if (step == NULL)
            return result;
        step->is_or = expr->kind == BOUND_OR;
        step->is_first = i == 0;
        step->rest = rest;
        give_back(compiler, value);
        selection = rest;
    }
    return result;
}

static void compile_copy(struct compiler *compiler, const struct bound_expr *expr, enum ssql_type type,
                         uint32_t selection, uint32_t result)
{
    uint32_t value = compile(compiler, expr, selection);

    add_simple_step(compiler, STEP_COPY, type, selection, result, value);
    give_back(compiler, value);
}

static uint32_t add_constant(struct compiler *compiler, struct value constant)
{
    uint32_t slot = add_slot(compiler, SLOT_CONSTANT, constant.type);

    if (!compiler->failed)
        compiler->expression->slots[slot].constant = constant;
    return slot;
}

static uint32_t compile_case(struct compiler *compiler, const struct bound_expr *expr, uint32_t selection)
{
    uint32_t result = take_temporary(compiler);
    uint32_t i = 0;

    for (; i + 1 < expr->argument_count; i += 2) {
        uint32_t condition = compile(compiler, expr->arguments[i], selection);
        uint32_t chosen = add_selection(compiler), rest = add_selection(compiler);
        struct step *step = add_simple_step(compiler, STEP_CHOOSE, SSQL_TYPE_NULL, selection, result, condition);
        if (step == NULL)
            return result;
        step->chosen = chosen;
        step->rest = rest;
        give_back(compiler, condition);
        compile_copy(compiler, expr->arguments[i + 1], expr->type, chosen, result);
        selection = rest;
    }
    if (i < expr->argument_count)
        compile_copy(compiler, expr->arguments[i], expr->type, selection, result);
    else
        add_simple_step(compiler, STEP_COPY, expr->type, selection, result,
                        add_constant(compiler, value_null(expr->type)));
    return result;
}

static uint32_t compile_coalesce(struct compiler *compiler, const struct bound_expr *expr, uint32_t selection)
{
    uint32_t result = take_temporary(compiler);

    uint32_t last = expr->argument_count - 1;

    for (uint32_t i = 0; i < last; i++) {
        compile_copy(compiler, expr->arguments[i], expr->type, selection, result);
        uint32_t rest = add_selection(compiler);
        struct step *step = add_simple_step(compiler, STEP_SELECT_NULL, SSQL_TYPE_NULL, selection, result, result);
        if (step == NULL)
            return result;
        step->rest = rest;
        selection = rest;
    }
    compile_copy(compiler, expr->arguments[last], expr->type, selection, result);
    return result;
}

static uint32_t compile_call(struct compiler *compiler, const struct bound_expr *expr, struct kernel kernel,
                             struct in_list *list, uint32_t selection)
{
    uint32_t *arguments = arena_alloc_array(compiler->arena, expr->argument_count, sizeof *arguments);
    uint32_t count = 0;

    if (arguments == NULL) {
        compiler->failed = true;
        return 0;
    }
    for (uint32_t i = 0; i < expr->argument_count; i++) {
        bool is_listed = list != NULL && i >= 1 && i <= list->constant_count;
        if (!is_listed)
            arguments[count++] = compile(compiler, expr->arguments[i], selection);
    }
    uint32_t result = take_temporary(compiler);
    struct step *step = add_step(compiler, STEP_CALL, expr->type, selection, result, count);
    if (step == NULL)
        return 0;
    memcpy(step->arguments, arguments, count * sizeof *arguments);
    step->kernel = kernel;
    step->in_list = list;
    step->span = expr->span;
    for (uint32_t i = 0; i < count; i++)
        give_back(compiler, arguments[i]);
    return result;
}

/* The list's leading constants go to a sorted array, filled by expression_bind. */
static uint32_t compile_in(struct compiler *compiler, const struct bound_expr *expr, uint32_t selection)
{
    struct in_list *list = arena_alloc(compiler->arena, sizeof *list);
    uint32_t count = 0;

    while (count + 1 < expr->argument_count &&
           (expr->arguments[count + 1]->kind == BOUND_CONSTANT || expr->arguments[count + 1]->kind == BOUND_PARAMETER))
        count++;
    struct value *values = arena_alloc_array(compiler->arena, count, sizeof *values);
    if (list == NULL || values == NULL) {
        compiler->failed = true;
        return 0;
    }
    list->values = values;
    list->constant_count = count;
    for (uint32_t i = 0; i < count; i++) {
        const struct bound_expr *item = expr->arguments[i + 1];
        if (item->kind == BOUND_PARAMETER)
            compiler->expression->has_parameters = true;
        else if (item->constant.is_null)
            list->has_null = true;
    }
    uint32_t result = compile_call(compiler, expr, (struct kernel){.run = kernel_in}, list, selection);
    if (compiler->failed)
        return 0;
    compiler->expression->steps[compiler->expression->step_count - 1].in_source = expr;
    return result;
}

static enum ssql_type first_type(const struct bound_expr *expr)
{
    for (uint32_t i = 0; i < expr->argument_count; i++)
        if (expr->arguments[i]->type != SSQL_TYPE_NULL)
            return expr->arguments[i]->type;
    return SSQL_TYPE_NULL;
}

static uint32_t compile(struct compiler *compiler, const struct bound_expr *expr, uint32_t selection)
{
    uint32_t slot;

    if (compiler->failed)
        return 0;
    switch (expr->kind) {
    case BOUND_CONSTANT:
        return add_constant(compiler, expr->constant.is_null ? value_null(expr->type) : expr->constant);
    case BOUND_PARAMETER:
    case BOUND_COLUMN:
        slot = add_slot(compiler, expr->kind == BOUND_COLUMN ? SLOT_COLUMN : SLOT_PARAMETER, expr->type);
        if (compiler->failed)
            return 0;
        compiler->expression->slots[slot].source = expr->kind == BOUND_COLUMN ? expr->column : expr->parameter;
        compiler->expression->has_parameters |= expr->kind == BOUND_PARAMETER;
        return slot;
    case BOUND_CALL:
        return compile_call(compiler, expr, kernel_find(expr->function, first_type(expr), expr->argument_count), NULL,
                            selection);
    case BOUND_CAST:
        return compile_call(compiler, expr, kernel_find_cast(expr->arguments[0]->type, expr->type), NULL, selection);
    case BOUND_AND:
    case BOUND_OR: return compile_decision(compiler, expr, selection);
    case BOUND_CASE: return compile_case(compiler, expr, selection);
    case BOUND_COALESCE: return compile_coalesce(compiler, expr, selection);
    case BOUND_IN: return compile_in(compiler, expr, selection);
    }
    return 0;
}

bool expression_create(struct expression_environment *environment, struct bound_expr *const *exprs, uint32_t count,
                       struct expression **out, struct ssql_error *error)
{
    struct arena *arena = &environment->arena;
    struct expression *expression = arena_alloc(arena, sizeof *expression);
    struct compiler compiler = {.expression = expression, .arena = arena};

    *out = NULL;
    if (expression == NULL)
        return error_no_memory(error);
    expression->environment = environment;
    expression->outputs = arena_alloc_array(arena, count, sizeof *expression->outputs);
    expression->output_count = count;
    add_selection(&compiler); /* 0: the batch's */
    for (uint32_t i = 0; i < count && expression->outputs != NULL; i++)
        expression->outputs[i] = compile(&compiler, exprs[i], 0);
    expression->scratch = arena_alloc_array(arena, expression->argument_most, sizeof *expression->scratch);
    if (compiler.failed || arena_failed(arena))
        return error_no_memory(error);
    expression->next = environment->expressions;
    environment->expressions = expression;
    *out = expression;
    return true;
}

bool bound_expr_may_fail(const struct bound_expr *expr)
{
    if (expr->can_fail)
        return true;
    if (expr->kind == BOUND_CALL && kernel_find(expr->function, first_type(expr), expr->argument_count).can_fail)
        return true;
    if (expr->kind == BOUND_CAST && kernel_find_cast(expr->arguments[0]->type, expr->type).can_fail)
        return true;
    for (uint32_t i = 0; i < expr->argument_count; i++)
        if (bound_expr_may_fail(expr->arguments[i]))
            return true;
    return false;
}
