/* Runs compiled expressions. */
#include "exec/expression.h"

#include <assert.h>

#include "exec/expression_program.h"

/* ---- environment ---- */

void expression_environment_reset(struct expression_environment *environment)
{
    struct arena arena = environment->arena;

    for (struct expression *expression = environment->expressions; expression != NULL; expression = expression->next)
        arena_clear(&expression->heap.arena);
    arena_reset(&arena);
    *environment = (struct expression_environment){.arena = arena};
}

void expression_environment_clear(struct expression_environment *environment)
{
    expression_environment_reset(environment);
    arena_clear(&environment->arena);
}

void expression_environment_start(struct expression_environment *environment, const struct value *parameters)
{
    environment->parameters = parameters;
    environment->run++;
}

void expression_environment_finish(struct expression_environment *environment)
{
    for (struct expression *expression = environment->expressions; expression != NULL; expression = expression->next)
        arena_reset(&expression->heap.arena);
    environment->parameters = NULL;
}

/* ---- inputs ---- */

/* Points the vector at the slot's own value. */
static void set_constant(struct slot *slot, struct value constant)
{
    slot->constant = constant;
    slot->constant_null = constant.is_null;
    slot->constant_boolean = !constant.is_null && constant.type == SSQL_TYPE_BOOL && constant.boolean;
    if (constant.is_null)
        slot->constant.string = slice_make(NULL, 0);
    assert(constant.is_null || slot->type != SSQL_TYPE_NULL);
    slot->vector = (struct vector){.type = slot->type, .kind = VECTOR_CONSTANT};
    slot->vector.items = &slot->constant.integer; /* as good as `real` and `string` */
    if (slot->type == SSQL_TYPE_BOOL)
        slot->vector.booleans = &slot->constant_boolean;
    if (constant.is_null)
        slot->vector.nulls = &slot->constant_null;
}

static void fill_in_list(struct in_list *list, const struct bound_expr *expr, const struct value *parameters)
{
    list->value_count = 0;
    list->has_null = false;
    for (uint32_t i = 0; i < list->constant_count; i++) {
        const struct bound_expr *item = expr->arguments[i + 1];
        struct value value = item->kind == BOUND_PARAMETER ? parameters[item->parameter] : item->constant;
        if (value.is_null)
            list->has_null = true;
        else
            list->values[list->value_count++] = value;
    }
    in_list_sort(list);
}

/* Reads the run's parameters; constants too, the first time. */
static void bind(struct expression *expression)
{
    const struct value *parameters = expression->environment->parameters;

    if (expression->run == expression->environment->run || (expression->run != 0 && !expression->has_parameters))
        return;
    for (uint32_t i = 0; i < expression->slot_count; i++) {
        struct slot *slot = &expression->slots[i];
        if (slot->kind == SLOT_PARAMETER)
            set_constant(slot, parameters[slot->source]);
        else if (slot->kind == SLOT_CONSTANT && expression->run == 0)
            set_constant(slot, slot->constant);
    }
    for (uint32_t i = 0; i < expression->step_count; i++)
        if (expression->steps[i].in_list != NULL)
            fill_in_list(expression->steps[i].in_list, expression->steps[i].in_source, parameters);
    expression->run = expression->environment->run;
}

static void load_columns(struct expression *expression, const struct batch *input)
{
    static const uint8_t is_null = 1;

    for (uint32_t i = 0; i < expression->slot_count; i++) {
        struct slot *slot = &expression->slots[i];
        if (slot->kind != SLOT_COLUMN)
            continue;
        assert(slot->source < input->column_count);
        slot->vector = input->columns[slot->source];
        if (slot->vector.type == SSQL_TYPE_NULL)
            slot->vector = (struct vector){.kind = VECTOR_CONSTANT, .nulls = &is_null};
    }
}

/* ---- memory of results ---- */

/* A batch of one row (a look-up, a constant) takes little; what is larger takes the capacity of a whole batch at once.
 */
static uint32_t row_capacity(uint32_t rows)
{
    return rows <= 8 ? 8 : BATCH_CAPACITY;
}

static bool reserve_items(struct expression *expression, struct slot *slot, enum ssql_type type, uint32_t rows,
                          struct ssql_error *error)
{
    struct arena *arena = &expression->environment->arena;
    uint32_t size = (uint32_t)vector_item_size(type);

    if (slot->items != NULL && slot->item_capacity >= rows && slot->item_size >= size)
        return true;
    uint32_t capacity = row_capacity(rows);
    if (capacity < slot->item_capacity)
        capacity = slot->item_capacity;
    if (size < slot->item_size)
        size = slot->item_size;
    void *items = arena_alloc_array(arena, capacity, size);
    uint8_t *nulls = arena_alloc(arena, capacity);
    if (items == NULL || nulls == NULL)
        return error_no_memory(error);
    /* What was computed before stays valid: a case fills one slot in several steps. */
    if (slot->items != NULL) {
        memcpy(items, slot->items, (size_t)slot->item_capacity * slot->item_size);
        memcpy(nulls, slot->nulls, slot->item_capacity);
    }
    slot->items = items;
    slot->nulls = nulls;
    slot->item_capacity = capacity;
    slot->item_size = size;
    return true;
}

static void point_vector(struct slot *slot, enum ssql_type type, enum vector_kind kind, bool has_nulls)
{
    slot->vector = (struct vector){.type = type, .kind = kind, .nulls = has_nulls ? slot->nulls : NULL};
    slot->vector.integers = slot->items; /* one of the union's pointers is as good as another */
}

static bool reserve_rows(struct expression *expression, struct selection_slot *slot, uint32_t count,
                         struct ssql_error *error)
{
    if (slot->rows != NULL && slot->capacity >= count)
        return true;
    uint32_t capacity = row_capacity(count);
    uint16_t *rows = arena_alloc_array(&expression->environment->arena, capacity, sizeof *rows);
    if (rows == NULL)
        return error_no_memory(error);
    slot->rows = rows;
    slot->capacity = capacity;
    return true;
}

/* ---- calls ---- */

/* For a strict call: the nulls of all arguments together. False: one of them is null for every row. */
static bool combine_nulls(const struct vector *arguments, uint32_t count, uint32_t bound, uint8_t *nulls,
                          bool *has_nulls)
{
    *has_nulls = false;
    for (uint32_t i = 0; i < count; i++) {
        const struct vector *argument = &arguments[i];
        if (argument->type == SSQL_TYPE_NULL)
            return false;
        if (argument->nulls == NULL)
            continue;
        if (argument->kind == VECTOR_CONSTANT) {
            if (argument->nulls[0])
                return false;
            continue;
        }
        if (!*has_nulls) {
            memcpy(nulls, argument->nulls, bound);
        } else {
            for (uint32_t row = 0; row < bound; row++)
                nulls[row] |= argument->nulls[row];
        }
        *has_nulls = true;
    }
    return true;
}

/* The call for every row of the selection, into `slot`; a constant when `kind` says so (then the selection is one row).
 */
static bool run_kernel(struct expression *expression, const struct step *step, const struct vector *arguments,
                       struct selection selection, enum vector_kind kind, struct slot *slot, struct ssql_error *error)
{
    uint32_t bound = selection_bound(selection);

    if (!reserve_items(expression, slot, step->type, bound, error))
        return false;
    struct kernel_call call = {.arguments = arguments,
                               .argument_count = step->argument_count,
                               .selection = selection,
                               .result = slot->items,
                               .nulls = slot->nulls,
                               .result_type = step->type,
                               .heap = &expression->heap,
                               .in_list = step->in_list,
                               .span = step->span};
    if (step->kernel.is_strict &&
        !combine_nulls(arguments, step->argument_count, bound, slot->nulls, &call.has_nulls)) {
        memset(slot->items, 0, slot->item_size);
        slot->nulls[0] = 1;
        point_vector(slot, step->type, VECTOR_CONSTANT, true);
        return true;
    }
    if (!step->kernel.run(&call, error))
        return false;
    point_vector(slot, step->type, kind, call.has_nulls);
    return true;
}

enum argument_shape { ARGUMENTS_CONSTANT, ARGUMENTS_ONE_DICTIONARY, ARGUMENTS_OTHER };

static enum argument_shape find_shape(const struct vector *arguments, uint32_t count, uint32_t *dictionary)
{
    enum argument_shape shape = ARGUMENTS_CONSTANT;

    for (uint32_t i = 0; i < count; i++) {
        if (arguments[i].kind == VECTOR_CONSTANT)
            continue;
        if (arguments[i].kind != VECTOR_DICTIONARY || shape != ARGUMENTS_CONSTANT)
            return ARGUMENTS_OTHER;
        shape = ARGUMENTS_ONE_DICTIONARY;
        *dictionary = i;
    }
    return shape;
}

/* Codes that selected rows have, ascending: entries that no row asks for are not computed, so that they cannot fail. */
static bool find_used_codes(struct expression *expression, const struct vector *dictionary, struct selection selection,
                            struct selection *used, struct ssql_error *error)
{
    uint8_t is_used[BATCH_CAPACITY];
    uint32_t count = 0;

    if (expression->used_codes == NULL) {
        expression->used_codes = arena_alloc_array(&expression->environment->arena, BATCH_CAPACITY, sizeof(uint16_t));
        if (expression->used_codes == NULL)
            return error_no_memory(error);
    }
    memset(is_used, 0, dictionary->dictionary_count);
    for (uint32_t i = 0; i < selection.count; i++) {
        uint32_t row = selection_row(selection, i);
        is_used[dictionary->codes[row]] |= dictionary->nulls == NULL || !dictionary->nulls[row];
    }
    for (uint32_t code = 0; code < dictionary->dictionary_count; code++) {
        expression->used_codes[count] = (uint16_t)code;
        count += is_used[code];
    }
    *used = (struct selection){expression->used_codes, count};
    return true;
}

static void map_codes(const struct vector *entries, const struct vector *dictionary, struct selection selection,
                      enum ssql_type type, struct slot *slot)
{
    const uint16_t *codes = dictionary->codes;

    for (uint32_t i = 0; i < selection.count; i++) {
        uint32_t row = selection_row(selection, i);
        kernel_copy_item(entries, codes[row], type, slot->items, row);
    }
}

static void map_code_nulls(const struct vector *entries, const struct vector *dictionary, struct selection selection,
                           uint8_t *nulls)
{
    for (uint32_t i = 0; i < selection.count; i++) {
        uint32_t row = selection_row(selection, i);
        bool is_null = dictionary->nulls != NULL && dictionary->nulls[row];
        if (!is_null && entries->nulls != NULL)
            is_null = entries->nulls[entries->kind == VECTOR_CONSTANT ? 0 : dictionary->codes[row]];
        nulls[row] = is_null;
    }
}

/* The call once per entry of the dictionary, then each row by its code. */
static bool run_by_codes(struct expression *expression, const struct step *step, uint32_t dictionary_argument,
                         struct selection selection, struct slot *slot, struct ssql_error *error)
{
    struct vector dictionary = expression->scratch[dictionary_argument];
    struct slot *entries = &expression->code_results;
    struct selection used;

    if (!find_used_codes(expression, &dictionary, selection, &used, error))
        return false;
    expression->scratch[dictionary_argument] =
        (struct vector){.type = SSQL_TYPE_STRING, .kind = VECTOR_FLAT, .strings = dictionary.strings};
    if (!run_kernel(expression, step, expression->scratch, used, VECTOR_FLAT, entries, error))
        return false;
    if (!reserve_items(expression, slot, step->type, selection_bound(selection), error))
        return false;
    bool has_nulls = dictionary.nulls != NULL || entries->vector.nulls != NULL;
    map_codes(&entries->vector, &dictionary, selection, step->type, slot);
    if (has_nulls)
        map_code_nulls(&entries->vector, &dictionary, selection, slot->nulls);
    point_vector(slot, step->type, VECTOR_FLAT, has_nulls);
    return true;
}

/* Rows where the dictionary is null are not computed, so they must be known to be null: in a strict call, and in `x in
 * (…)` when x is null (not when an item of the list is: another item may be equal). */
static bool can_go_by_codes(const struct step *step, uint32_t argument, const struct vector *dictionary,
                            struct selection selection)
{
    bool null_gives_null = step->kernel.is_strict || (step->in_list != NULL && argument == 0);

    assert(dictionary->dictionary_count <= BATCH_CAPACITY);
    return dictionary->dictionary_count < selection.count && (dictionary->nulls == NULL || null_gives_null);
}

static bool run_call(struct expression *expression, const struct step *step, struct selection selection,
                     struct ssql_error *error)
{
    struct slot *slot = &expression->slots[step->result];
    uint32_t dictionary = 0;

    for (uint32_t i = 0; i < step->argument_count; i++)
        expression->scratch[i] = expression->slots[step->arguments[i]].vector;
    enum argument_shape shape = find_shape(expression->scratch, step->argument_count, &dictionary);
    if (shape == ARGUMENTS_CONSTANT)
        return run_kernel(expression, step, expression->scratch, (struct selection){NULL, 1}, VECTOR_CONSTANT, slot,
                          error);
    if (shape == ARGUMENTS_ONE_DICTIONARY &&
        can_go_by_codes(step, dictionary, &expression->scratch[dictionary], selection))
        return run_by_codes(expression, step, dictionary, selection, slot, error);
    return run_kernel(expression, step, expression->scratch, selection, VECTOR_FLAT, slot, error);
}

/* ---- steps ---- */

/* What a step leaves behind when no row needs it: nobody will read an item. */
static void skip_step(struct expression *expression, const struct step *step)
{
    struct selection none = {NULL, 0};

    if (step->kind == STEP_CALL)
        point_vector(&expression->slots[step->result], step->type, VECTOR_FLAT, false);
    if (step->kind == STEP_CHOOSE)
        expression->selections[step->chosen].selection = none;
    if (step->kind != STEP_CALL && step->kind != STEP_COPY)
        expression->selections[step->rest].selection = none;
}

static bool run_decide(struct expression *expression, const struct step *step, struct selection selection,
                       struct ssql_error *error)
{
    struct slot *slot = &expression->slots[step->result];
    struct selection_slot *rest = &expression->selections[step->rest];

    if (!reserve_items(expression, slot, SSQL_TYPE_BOOL, selection_bound(selection), error) ||
        !reserve_rows(expression, rest, selection.count, error))
        return false;
    uint32_t count = kernel_decide(step->is_or, step->is_first, &expression->slots[step->arguments[0]].vector,
                                   selection, slot->items, slot->nulls, rest->rows);
    rest->selection = (struct selection){rest->rows, count};
    point_vector(slot, SSQL_TYPE_BOOL, VECTOR_FLAT, true);
    return true;
}

static bool run_choose(struct expression *expression, const struct step *step, struct selection selection,
                       struct ssql_error *error)
{
    const struct vector *condition = &expression->slots[step->arguments[0]].vector;
    struct selection_slot *chosen = &expression->selections[step->chosen];
    struct selection_slot *rest = &expression->selections[step->rest];

    if (!reserve_rows(expression, chosen, selection.count, error) ||
        !reserve_rows(expression, rest, selection.count, error))
        return false;
    chosen->selection = (struct selection){chosen->rows, kernel_select_true(condition, true, selection, chosen->rows)};
    rest->selection = (struct selection){rest->rows, kernel_select_true(condition, false, selection, rest->rows)};
    return true;
}

static bool run_select_null(struct expression *expression, const struct step *step, struct selection selection,
                            struct ssql_error *error)
{
    struct selection_slot *rest = &expression->selections[step->rest];

    if (!reserve_rows(expression, rest, selection.count, error))
        return false;
    uint32_t count = kernel_select_null(&expression->slots[step->arguments[0]].vector, true, selection, rest->rows);
    rest->selection = (struct selection){rest->rows, count};
    return true;
}

static bool run_copy(struct expression *expression, const struct step *step, struct selection selection,
                     struct ssql_error *error)
{
    struct slot *slot = &expression->slots[step->result];

    if (!reserve_items(expression, slot, step->type, selection_bound(selection), error))
        return false;
    kernel_copy(&expression->slots[step->arguments[0]].vector, step->type, selection, slot->items, slot->nulls);
    point_vector(slot, step->type, VECTOR_FLAT, true);
    return true;
}

typedef bool run_step_function(struct expression *expression, const struct step *step, struct selection selection,
                               struct ssql_error *error);

static bool run_step(struct expression *expression, const struct step *step, struct ssql_error *error)
{
    struct selection selection = expression->selections[step->selection].selection;

    if (selection.count == 0) {
        skip_step(expression, step);
        return true;
    }
    static run_step_function *const runs[] = {[STEP_CALL] = run_call,
                                              [STEP_DECIDE] = run_decide,
                                              [STEP_CHOOSE] = run_choose,
                                              [STEP_SELECT_NULL] = run_select_null,
                                              [STEP_COPY] = run_copy};
    return runs[step->kind](expression, step, selection, error);
}

bool expression_evaluate(struct expression *expression, const struct batch *input, struct vector *outputs,
                         struct ssql_error *error)
{
    assert(input->row_count <= BATCH_CAPACITY);
    arena_reset(&expression->heap.arena);
    expression->heap.used_bytes = 0;
    expression->heap.is_full = false;
    bind(expression);
    load_columns(expression, input);
    expression->selections[0].selection = batch_selection(input);
    for (uint32_t i = 0; i < expression->step_count; i++)
        if (!run_step(expression, &expression->steps[i], error))
            return false;
    for (uint32_t i = 0; i < expression->output_count; i++)
        outputs[i] = expression->slots[expression->outputs[i]].vector;
    return true;
}

bool expression_is_full(const struct expression *expression)
{
    return expression->heap.is_full;
}

bool expression_constant(struct expression *expression, struct value *value, struct ssql_error *error)
{
    struct batch one = {.row_count = 1, .selected_count = 1};
    struct vector output;

    assert(expression->output_count == 1);
    if (!expression_evaluate(expression, &one, &output, error))
        return false;
    *value = vector_value(&output, 0);
    return true;
}
