#include "exec/aggregate_state.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>

#include "exec/hash_table.h"

enum { FIRST_CAPACITY = 32, TEXT_FIRST_CAPACITY = 32 };

void aggregate_states_init(struct aggregate_states *states, const struct bound_aggregate *aggregate,
                           struct operator_memory *memory)
{
    *states = (struct aggregate_states){.aggregate = aggregate, .memory = memory, .separator = slice_of(",")};
    if (aggregate->argument != NULL)
        states->type = aggregate->argument->type;
}

static bool is_sum(enum aggregate_function function)
{
    return function == AGGREGATE_SUM || function == AGGREGATE_AVG;
}

static bool is_extreme(enum aggregate_function function)
{
    return function == AGGREGATE_MIN || function == AGGREGATE_MAX;
}

bool aggregate_keeps_text(const struct bound_aggregate *aggregate)
{
    return aggregate->function == AGGREGATE_GROUP_CONCAT ||
           (is_extreme(aggregate->function) && aggregate->argument->type == SSQL_TYPE_STRING);
}

bool aggregate_states_resize(struct aggregate_states *states, uint32_t count, struct ssql_error *error)
{
    if (count > states->capacity) {
        uint32_t capacity = states->capacity == 0 ? FIRST_CAPACITY : states->capacity;
        while (capacity < count)
            capacity *= 2;
        struct aggregate_state *items = realloc(states->items, capacity * sizeof *items);
        if (items == NULL)
            return error_no_memory(error);
        states->items = items;
        states->capacity = capacity;
    }
    if (count > states->count)
        memset(states->items + states->count, 0, (count - states->count) * sizeof *states->items);
    states->count = count;
    return true;
}

void aggregate_states_clear(struct aggregate_states *states)
{
    if (aggregate_keeps_text(states->aggregate))
        for (uint32_t i = 0; i < states->count; i++)
            free(states->items[i].text.bytes);
    free(states->items);
    states->items = NULL;
    states->count = 0;
    states->capacity = 0;
}

/* ---- strings ---- */

static bool reserve_text(struct aggregate_states *states, struct aggregate_text *text, size_t size,
                         struct ssql_error *error)
{
    if (size <= text->capacity)
        return true;
    if (size > STRING_RESULT_MOST)
        return error_set(error, SSQL_TOO_LARGE, states->aggregate->span,
                         "a string of %zu bytes is beyond the limit of %zu", size, STRING_RESULT_MOST);
    size_t capacity = text->capacity == 0 ? TEXT_FIRST_CAPACITY : text->capacity;
    while (capacity < size)
        capacity *= 2;
    if (!operator_memory_take(states->memory, capacity - text->capacity))
        return error_set(error, SSQL_NO_MEMORY, states->aggregate->span,
                         "the strings of this aggregate need more than the memory limit leaves to a statement");
    uint8_t *bytes = realloc(text->bytes, capacity);
    if (bytes == NULL)
        return error_no_memory(error);
    text->bytes = bytes;
    text->capacity = (uint32_t)capacity;
    return true;
}

static bool append_text(struct aggregate_states *states, struct aggregate_text *text, struct slice added,
                        struct ssql_error *error)
{
    if (!reserve_text(states, text, text->size + added.size, error))
        return false;
    if (added.size > 0)
        memcpy(text->bytes + text->size, added.data, added.size);
    text->size += (uint32_t)added.size;
    return true;
}

static bool add_concat(struct aggregate_states *states, struct aggregate_state *state, const struct value *value,
                       struct ssql_error *error)
{
    assert(value->type == SSQL_TYPE_STRING);
    if (state->count++ > 0 && !append_text(states, &state->text, states->separator, error))
        return false;
    return append_text(states, &state->text, value->string, error);
}

/* ---- one value ---- */

static struct value extreme_of(const struct aggregate_states *states, const struct aggregate_state *state)
{
    if (states->type == SSQL_TYPE_INT)
        return value_int(state->integer);
    if (states->type == SSQL_TYPE_FLOAT)
        return value_float(state->real);
    if (states->type == SSQL_TYPE_BOOL)
        return value_bool(state->integer != 0);
    assert(states->type == SSQL_TYPE_STRING);
    return value_string(slice_make(state->text.bytes, state->text.size));
}

static bool add_extreme(struct aggregate_states *states, struct aggregate_state *state, const struct value *value,
                        struct ssql_error *error)
{
    if (state->count++ > 0) {
        struct value extreme = extreme_of(states, state);
        int order = value_compare(value, &extreme);
        if (states->aggregate->function == AGGREGATE_MIN ? order >= 0 : order <= 0)
            return true;
    }
    switch ((int)value->type) {
    case SSQL_TYPE_INT: state->integer = value->integer; return true;
    case SSQL_TYPE_FLOAT: state->real = value->real; return true;
    case SSQL_TYPE_BOOL: state->integer = value->boolean; return true;
    }
    assert(value->type == SSQL_TYPE_STRING);
    state->text.size = 0;
    return append_text(states, &state->text, value->string, error);
}

/* An infinity among what is added is no overflow. */
static void add_float(struct aggregate_state *state, double item)
{
    double sum = state->real + item;

    if (!isfinite(sum) && isfinite(state->real) && isfinite(item))
        state->has_overflowed = true;
    state->real = sum;
}

bool aggregate_states_add(struct aggregate_states *states, uint32_t group, const struct value *value,
                          struct ssql_error *error)
{
    struct aggregate_state *state = &states->items[group];

    if (states->aggregate->function == AGGREGATE_GROUP_CONCAT)
        return add_concat(states, state, value, error);
    if (is_extreme(states->aggregate->function))
        return add_extreme(states, state, value, error);
    state->count++;
    if (!is_sum(states->aggregate->function))
        return true;
    if (value->type == SSQL_TYPE_FLOAT)
        add_float(state, value->real);
    else
        state->sum += value->integer;
    return true;
}

/* ---- loops ---- */

static bool is_number(enum ssql_type type)
{
    return type == SSQL_TYPE_INT || type == SSQL_TYPE_FLOAT;
}

static void count_rows(struct aggregate_states *states, const uint32_t *groups, uint32_t count)
{
    if (groups == NULL) {
        states->items[0].count += count;
        return;
    }
    for (uint32_t i = 0; i < count; i++)
        if (groups[i] != HASH_NOT_FOUND)
            states->items[groups[i]].count++;
}

/* Sums without nulls into group 0, the whole batch. */
static void sum_all_ints(struct aggregate_state *state, const int64_t *items, struct selection selection)
{
    int128 sum = 0;

    if (selection.rows == NULL) {
        for (uint32_t i = 0; i < selection.count; i++)
            sum += items[i];
    } else {
        for (uint32_t i = 0; i < selection.count; i++)
            sum += items[selection.rows[i]];
    }
    state->sum += sum;
    state->count += selection.count;
}

static void sum_all_floats(struct aggregate_state *state, const double *items, struct selection selection)
{
    double sum = state->real;

    for (uint32_t i = 0; i < selection.count; i++)
        sum += items[selection_row(selection, i)];
    for (uint32_t i = 0; !isfinite(sum) && i < selection.count; i++) /* once more, to see why */
        add_float(state, items[selection_row(selection, i)]);
    state->real = sum;
    state->count += selection.count;
}

static void sum_grouped(struct aggregate_states *states, const uint32_t *groups, const struct vector *argument,
                        struct selection selection)
{
    bool is_int = argument->type == SSQL_TYPE_INT;

    for (uint32_t i = 0; i < selection.count; i++) {
        if (groups[i] == HASH_NOT_FOUND)
            continue;
        uint32_t row = selection_row(selection, i);
        struct aggregate_state *state = &states->items[groups[i]];
        if (is_int)
            state->sum += argument->integers[row];
        else
            add_float(state, argument->reals[row]);
        state->count++;
    }
}

static void extreme_of_ints(struct aggregate_state *state, const int64_t *items, struct selection selection,
                            bool is_max)
{
    int64_t extreme = state->count > 0 ? state->integer : items[selection_row(selection, 0)];

    for (uint32_t i = 0; i < selection.count; i++) {
        int64_t item = items[selection_row(selection, i)];
        extreme = (is_max ? item > extreme : item < extreme) ? item : extreme;
    }
    state->integer = extreme;
    state->count += selection.count;
}

static bool update_general(struct aggregate_states *states, const uint32_t *groups, const struct vector *argument,
                           struct selection selection, struct ssql_error *error)
{
    for (uint32_t i = 0; i < selection.count; i++) {
        uint32_t group = groups == NULL ? 0 : groups[i];
        if (group == HASH_NOT_FOUND)
            continue;
        struct value value = vector_value(argument, selection_row(selection, i));
        if (!value.is_null && !aggregate_states_add(states, group, &value, error))
            return false;
    }
    return true;
}

bool aggregate_states_update(struct aggregate_states *states, const uint32_t *groups, const struct vector *argument,
                             struct selection selection, struct ssql_error *error)
{
    enum aggregate_function function = states->aggregate->function;

    assert(selection.count > 0);
    if (argument == NULL || (function == AGGREGATE_COUNT && argument->nulls == NULL)) {
        count_rows(states, groups, selection.count);
        return true;
    }
    if (argument->kind != VECTOR_FLAT || argument->nulls != NULL || !is_number(argument->type))
        return update_general(states, groups, argument, selection, error);
    assert(is_sum(function) || is_extreme(function));
    if (is_sum(function) && groups != NULL)
        sum_grouped(states, groups, argument, selection);
    else if (is_sum(function) && argument->type == SSQL_TYPE_INT)
        sum_all_ints(&states->items[0], argument->integers, selection);
    else if (is_sum(function))
        sum_all_floats(&states->items[0], argument->reals, selection);
    else if (groups == NULL && argument->type == SSQL_TYPE_INT)
        extreme_of_ints(&states->items[0], argument->integers, selection, function == AGGREGATE_MAX);
    else
        return update_general(states, groups, argument, selection, error);
    return true;
}

/* ---- merging ---- */

bool aggregate_can_merge(const struct bound_aggregate *aggregate)
{
    return !aggregate->is_distinct && !aggregate_keeps_text(aggregate);
}

static void merge_extreme(struct aggregate_states *states, struct aggregate_state *state,
                          const struct aggregate_state *added)
{
    struct value extreme = extreme_of(states, state), other = extreme_of(states, added);
    int order = state->count == 0 ? 0 : value_compare(&other, &extreme);
    bool is_better = states->aggregate->function == AGGREGATE_MIN ? order < 0 : order > 0;

    if (state->count > 0 && !is_better)
        return;
    if (states->type == SSQL_TYPE_FLOAT)
        state->real = added->real;
    else
        state->integer = added->integer;
}

static void merge_floats(struct aggregate_state *state, const struct aggregate_state *added)
{
    add_float(state, added->real);
    state->has_overflowed |= added->has_overflowed;
}

static void merge_state(struct aggregate_states *states, struct aggregate_state *state,
                        const struct aggregate_state *added)
{
    if (is_extreme(states->aggregate->function))
        merge_extreme(states, state, added);
    else if (is_sum(states->aggregate->function) && states->type == SSQL_TYPE_FLOAT)
        merge_floats(state, added);
    else if (is_sum(states->aggregate->function))
        state->sum += added->sum;
    state->count += added->count;
}

void aggregate_states_merge(struct aggregate_states *states, const uint32_t *groups,
                            const struct aggregate_states *added, uint32_t begin, uint32_t count)
{
    assert(aggregate_can_merge(states->aggregate));
    for (uint32_t i = 0; i < count; i++)
        if (added->items[begin + i].count > 0)
            merge_state(states, &states->items[groups == NULL ? 0 : groups[i]], &added->items[begin + i]);
}

/* ---- results ---- */

/* Of a sum or an average. */
static bool float_result(const struct aggregate_states *states, const struct aggregate_state *state, double divisor,
                         struct value *result, struct ssql_error *error)
{
    if (states->type == SSQL_TYPE_FLOAT && state->has_overflowed)
        return error_set(error, SSQL_OUT_OF_RANGE, states->aggregate->span, "the sum does not fit in a float");
    *result = value_float((states->type == SSQL_TYPE_FLOAT ? state->real : (double)state->sum) / divisor);
    return true;
}

static bool sum_result(const struct aggregate_states *states, const struct aggregate_state *state, struct value *result,
                       struct ssql_error *error)
{
    if (states->aggregate->type == SSQL_TYPE_FLOAT)
        return float_result(states, state, 1, result, error);
    if (state->sum > INT64_MAX || state->sum < INT64_MIN)
        return error_set(error, SSQL_OUT_OF_RANGE, states->aggregate->span, "the sum does not fit in an int");
    *result = value_int((int64_t)state->sum);
    return true;
}

bool aggregate_states_result(const struct aggregate_states *states, uint32_t group, struct value *result,
                             struct ssql_error *error)
{
    const struct aggregate_state *state = &states->items[group];
    enum aggregate_function function = states->aggregate->function;

    if (function == AGGREGATE_COUNT_ROWS || function == AGGREGATE_COUNT) {
        *result = value_int(state->count);
        return true;
    }
    *result = value_null(states->aggregate->type);
    if (state->count == 0)
        return true;
    if (function == AGGREGATE_SUM)
        return sum_result(states, state, result, error);
    if (function == AGGREGATE_AVG)
        return float_result(states, state, (double)state->count, result, error);
    *result = extreme_of(states, state); /* what is joined is kept as the greatest text is */
    return true;
}
