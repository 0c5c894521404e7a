#include "exec/expression_filter.h"

#include <assert.h>

#include "exec/kernel.h"

enum conjunct_form {
    CONJUNCT_COMPARE, /* two outputs, compared straight into a selection */
    CONJUNCT_IS_NULL, /* one output */
    CONJUNCT_IS_NOT_NULL,
    CONJUNCT_TRUE, /* one bool output */
};

struct conjunct {
    enum conjunct_form form;
    enum scalar_function comparison;
    bool can_fail;
    struct expression *expression;
};

struct expression_filter {
    struct scan_filter scan_filter;
    uint32_t conjunct_count;
    uint32_t first_that_can_fail; /* conjunct_count: none */
    struct conjunct *conjuncts;
    struct arena *arena;
    uint16_t *rows; /* taken at first use */
    /* While above the scan a second selection is needed: the first is the one that comes in. */
    uint16_t *rest_rows;
};

/* Of a function that gives a bool: those of numbers come before. */
static bool is_comparison(enum scalar_function function)
{
    assert(function >= FUNCTION_EQUAL);
    return function <= FUNCTION_GREATER_EQUAL;
}

static bool conjunct_compile(struct expression_environment *environment, struct bound_expr *const *condition,
                             struct conjunct *conjunct, struct ssql_error *error)
{
    const struct bound_expr *expr = *condition;

    conjunct->can_fail = bound_expr_may_fail(expr);
    conjunct->form = CONJUNCT_TRUE;
    if (expr->kind == BOUND_CALL && is_comparison(expr->function)) {
        conjunct->form = CONJUNCT_COMPARE;
        conjunct->comparison = expr->function;
    } else if (expr->kind == BOUND_CALL && expr->function == FUNCTION_IS_NULL) {
        conjunct->form = CONJUNCT_IS_NULL;
    } else if (expr->kind == BOUND_CALL && expr->function == FUNCTION_IS_NOT_NULL) {
        conjunct->form = CONJUNCT_IS_NOT_NULL;
    }
    if (conjunct->form == CONJUNCT_TRUE)
        return expression_create(environment, condition, 1, &conjunct->expression, error);
    return expression_create(environment, expr->arguments, expr->argument_count, &conjunct->expression, error);
}

static bool run_as_scan_filter(void *context, struct batch *batch, struct ssql_error *error);

bool expression_filter_create(struct expression_environment *environment, const struct bound_expr *condition,
                              struct expression_filter **out, struct ssql_error *error)
{
    struct arena *arena = &environment->arena;
    bool is_and = condition->kind == BOUND_AND;
    uint32_t count = is_and ? condition->argument_count : 1;
    struct expression_filter *filter = arena_alloc(arena, sizeof *filter);
    struct bound_expr **whole = arena_alloc(arena, sizeof *whole);

    *out = NULL;
    if (filter == NULL || whole == NULL)
        return error_no_memory(error);
    *whole = (struct bound_expr *)condition;
    filter->arena = arena;
    filter->conjuncts = arena_alloc_array(arena, count, sizeof *filter->conjuncts);
    if (filter->conjuncts == NULL)
        return error_no_memory(error);
    filter->conjunct_count = count;
    filter->first_that_can_fail = count;
    filter->scan_filter = (struct scan_filter){filter, run_as_scan_filter};
    for (uint32_t i = 0; i < count; i++) {
        if (!conjunct_compile(environment, is_and ? &condition->arguments[i] : whole, &filter->conjuncts[i], error))
            return false;
        if (filter->conjuncts[i].can_fail && filter->first_that_can_fail == count)
            filter->first_that_can_fail = i;
    }
    *out = filter;
    return true;
}

static bool conjunct_apply(const struct conjunct *conjunct, struct batch *batch, uint16_t *rows,
                           struct ssql_error *error)
{
    struct vector outputs[2];
    struct selection selection = batch_selection(batch);
    uint32_t count;

    if (!expression_evaluate(conjunct->expression, batch, outputs, error))
        return false;
    if (conjunct->form == CONJUNCT_COMPARE)
        count = kernel_select_compare(conjunct->comparison, &outputs[0], &outputs[1], selection, rows);
    else if (conjunct->form == CONJUNCT_TRUE)
        count = kernel_select_true(&outputs[0], true, selection, rows);
    else
        count = kernel_select_null(&outputs[0], conjunct->form == CONJUNCT_IS_NULL, selection, rows);
    if (count < batch->selected_count) {
        batch->selection = rows;
        batch->selected_count = count;
    }
    return true;
}

static bool take_rows(struct expression_filter *filter, uint16_t **rows, struct ssql_error *error)
{
    if (*rows == NULL)
        *rows = arena_alloc_array(filter->arena, BATCH_CAPACITY, sizeof **rows);
    if (*rows == NULL)
        return error_no_memory(error);
    return true;
}

bool expression_filter_apply(struct expression_filter *filter, struct batch *batch, struct ssql_error *error)
{
    if (!take_rows(filter, &filter->rows, error))
        return false;
    for (uint32_t i = 0; i < filter->conjunct_count && batch->selected_count > 0; i++)
        if (!conjunct_apply(&filter->conjuncts[i], batch, filter->rows, error))
            return false;
    return true;
}

bool expression_filter_apply_rest(struct expression_filter *filter, struct batch *batch, struct ssql_error *error)
{
    if (filter->first_that_can_fail == filter->conjunct_count)
        return true;
    if (!take_rows(filter, &filter->rest_rows, error))
        return false;
    for (uint32_t i = filter->first_that_can_fail; i < filter->conjunct_count && batch->selected_count > 0; i++)
        if (!conjunct_apply(&filter->conjuncts[i], batch, filter->rest_rows, error))
            return false;
    return true;
}

/* A failure of a row ends the filter's work on this batch; what was narrowed before stays narrowed. */
static bool run_as_scan_filter(void *context, struct batch *batch, struct ssql_error *error)
{
    struct expression_filter *filter = context;

    if (!take_rows(filter, &filter->rows, error))
        return false;
    for (uint32_t i = 0; i < filter->conjunct_count && batch->selected_count > 0; i++) {
        struct ssql_error failure = {0};
        if (conjunct_apply(&filter->conjuncts[i], batch, filter->rows, &failure))
            continue;
        if (failure.code == SSQL_NO_MEMORY || !filter->conjuncts[i].can_fail) {
            *error = failure;
            return false;
        }
        break;
    }
    return true;
}

const struct scan_filter *expression_filter_as_scan_filter(struct expression_filter *filter)
{
    return &filter->scan_filter;
}
