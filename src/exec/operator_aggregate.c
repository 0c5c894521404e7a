/* aggregate: groups in a hash table, their states in arrays. Rows of groups that the work budget has no room for are
 * put aside with their keys and arguments, divided by hash, and aggregated part by part after the groups in memory have
 * gone out. A large table is read by several threads, as long as there are few groups (parallel_aggregate.h). Distinct
 * aggregates feed a value only when a distinct_set says that it is new to its group. */
#include "base/bytes.h"
#include "exec/aggregate_distinct.h"
#include "exec/aggregate_groups.h"
#include "exec/aggregate_state.h"
#include "exec/parallel_aggregate.h"
#include "exec/row_batch.h"
#include "exec/row_codec.h"

enum aggregate_phase {
    PHASE_INPUT, /* the child, or a part, is being read */
    PHASE_OUTPUT,
    PHASE_END,
};

struct aggregate_operator_state {
    struct operator base;
    struct expression *inputs;      /* keys, then arguments of aggregates; NULL when there are none */
    struct expression **separators; /* per aggregate; NULL: none */
    struct aggregate_input input;
    struct operator* scan;               /* the child, when it is a scan that threads may read; else NULL */
    struct parallel_aggregate *parallel; /* NULL: not needed yet */
    struct vector *vectors;              /* the inputs of one batch */
    struct operator_memory memory;       /* of groups and states */
    struct operator_memory text_memory;  /* of strings in states */
    struct aggregate_groups groups;
    struct aggregate_states *states;
    struct distinct_set distinct;
    bool has_distinct;
    struct spill_partitions partitions; /* input rows put aside */
    uint32_t level;
    enum aggregate_phase phase;
    uint32_t next_group; /* PHASE_OUTPUT */
    struct row_batch output;
    struct row_batch part_rows; /* input rows read back */
    struct buffer record;
    uint32_t *numbers; /* per selected row */
    uint64_t *hashes;
};

enum { TEXT_FLOOR = 1 << 20 }; /* bytes of strings that a statement may keep whatever else goes on */

/* ---- life ---- */

static bool create_separators(struct aggregate_operator_state *state, struct ssql_error *error)
{
    const struct plan_node *node = state->base.node;

    for (uint32_t i = 0; i < node->aggregate.aggregate_count; i++) {
        struct bound_expr *const *separator = &node->aggregate.aggregates[i].separator;
        if (*separator != NULL &&
            !expression_create(&state->base.runtime->environment, separator, 1, &state->separators[i], error))
            return false;
    }
    return true;
}

static bool aggregate_create(struct operator* self, struct ssql_error *error)
{
    struct aggregate_operator_state *state = (struct aggregate_operator_state *)self;
    struct arena *arena = &self->runtime->environment.arena;
    uint32_t aggregate_count = self->node->aggregate.aggregate_count;

    if (!aggregate_input_init(&state->input, self->node, arena))
        return error_no_memory(error);
    state->separators = arena_alloc_array(arena, aggregate_count, sizeof(struct expression *));
    state->vectors = arena_alloc_array(arena, state->input.count, sizeof *state->vectors);
    state->states = arena_alloc_array(arena, aggregate_count, sizeof *state->states);
    state->numbers = arena_alloc_array(arena, BATCH_CAPACITY, sizeof *state->numbers);
    state->hashes = arena_alloc_array(arena, BATCH_CAPACITY, sizeof *state->hashes);
    if (arena_failed(arena))
        return error_no_memory(error);
    for (uint32_t i = 0; i < aggregate_count; i++)
        state->has_distinct |= self->node->aggregate.aggregates[i].is_distinct;
    if (parallel_aggregate_is_possible(self->node))
        state->scan = scan_operator_divide(self->child);
    row_batch_init(&state->output, arena, self->node->column_types, self->node->column_count);
    row_batch_init(&state->part_rows, arena, state->input.types, state->input.count);
    return expression_create(&self->runtime->environment, state->input.exprs, state->input.count, &state->inputs,
                             error) &&
           create_separators(state, error);
}

static bool read_separators(struct aggregate_operator_state *state, struct ssql_error *error)
{
    for (uint32_t i = 0; i < state->base.node->aggregate.aggregate_count; i++) {
        struct value separator;
        if (state->separators[i] == NULL)
            continue;
        if (!expression_constant(state->separators[i], &separator, error))
            return false;
        if (!separator.is_null)
            state->states[i].separator = separator.string;
    }
    return true;
}

static bool aggregate_open(struct operator* self, struct ssql_error *error)
{
    struct aggregate_operator_state *state = (struct aggregate_operator_state *)self;
    const struct plan_node *node = self->node;
    struct engine *engine = self->runtime->context.engine;
    struct memory_budget *budget = engine_work_budget(engine);
    bool keeps_text = false;

    operator_memory_init(&state->memory, budget);
    operator_memory_init(&state->text_memory, budget);
    if (state->text_memory.floor_bytes < TEXT_FLOOR)
        state->text_memory.floor_bytes = TEXT_FLOOR;
    for (uint32_t i = 0; i < node->aggregate.aggregate_count; i++) {
        aggregate_states_init(&state->states[i], &node->aggregate.aggregates[i], &state->text_memory);
        keeps_text |= aggregate_keeps_text(&node->aggregate.aggregates[i]);
    }
    aggregate_groups_init(&state->groups, state->input.types, node->aggregate.key_count,
                          (size_t)node->aggregate.aggregate_count * AGGREGATE_STATE_COST, &state->memory);
    distinct_set_init(&state->distinct, engine, budget);
    /* Strings and sets of seen values grow while no group is added: half of the budget is kept for the strings. */
    if (keeps_text || state->has_distinct) {
        state->memory.most_bytes /= 2;
        state->distinct.memory.most_bytes /= 2;
    }
    spill_partitions_init(&state->partitions, engine);
    state->level = 0;
    state->phase = PHASE_INPUT;
    return read_separators(state, error);
}

static void clear_groups(struct aggregate_operator_state *state)
{
    for (uint32_t i = 0; i < state->base.node->aggregate.aggregate_count; i++)
        aggregate_states_clear(&state->states[i]);
    aggregate_groups_reset(&state->groups, state->level);
    distinct_set_clear(&state->distinct);
    operator_memory_release(&state->memory);
    operator_memory_release(&state->text_memory);
}

static void aggregate_close(struct operator* self)
{
    struct aggregate_operator_state *state = (struct aggregate_operator_state *)self;

    clear_groups(state);
    aggregate_groups_clear(&state->groups);
    spill_partitions_clear(&state->partitions);
    buffer_clear(&state->record);
    row_batch_clear(&state->part_rows);
}

static void aggregate_destroy(struct operator* self)
{
    parallel_aggregate_destroy(((struct aggregate_operator_state *)self)->parallel);
}

/* ---- input ---- */

static const struct vector *argument_of(const struct aggregate_operator_state *state, uint32_t aggregate)
{
    uint32_t input = state->input.arguments[aggregate];

    return input == NO_INPUT ? NULL : &state->vectors[input];
}

/* Rows without a group go to the parts, with all that is needed to aggregate them later. */
static bool put_aside(struct aggregate_operator_state *state, struct selection selection, struct ssql_error *error)
{
    for (uint32_t i = 0; i < selection.count; i++) {
        if (state->numbers[i] != HASH_NOT_FOUND)
            continue;
        uint32_t row = selection_row(selection, i);
        buffer_reset(&state->record);
        for (uint32_t k = 0; k < state->input.count; k++)
            row_append_item(&state->record, &state->vectors[k], row);
        if (state->record.failed)
            return error_no_memory(error);
        if (!spill_partitions_add(&state->partitions, state->hashes[i], buffer_slice(&state->record), error))
            return false;
    }
    return true;
}

enum { DISTINCT_HEADER_SIZE = 8 }; /* u32 aggregate, u32 group; the value follows */

/* Feeds values that are new to their group. */
static bool update_distinct(struct aggregate_operator_state *state, uint32_t aggregate, struct selection selection,
                            struct ssql_error *error)
{
    const struct vector *argument = argument_of(state, aggregate);

    for (uint32_t i = 0; i < selection.count; i++) {
        uint32_t row = selection_row(selection, i);
        uint32_t group = state->numbers[i];
        if (group == HASH_NOT_FOUND || vector_is_null(argument, row))
            continue;
        struct value value = vector_value(argument, row);
        buffer_reset(&state->record);
        buffer_append_u32le(&state->record, aggregate);
        buffer_append_u32le(&state->record, group);
        row_append_group_value(&state->record, &value);
        if (state->record.failed)
            return error_no_memory(error);
        enum distinct_outcome outcome = distinct_set_add(&state->distinct, buffer_slice(&state->record), error);
        if (outcome == DISTINCT_FAILED ||
            (outcome == DISTINCT_NEW && !aggregate_states_add(&state->states[aggregate], group, &value, error)))
            return false;
    }
    return true;
}

static bool resize_states(struct aggregate_operator_state *state, struct ssql_error *error)
{
    for (uint32_t i = 0; i < state->base.node->aggregate.aggregate_count; i++)
        if (!aggregate_states_resize(&state->states[i], state->groups.group_count, error))
            return false;
    return true;
}

/* One batch whose inputs are in state->vectors. */
static bool feed(struct aggregate_operator_state *state, struct selection selection, struct ssql_error *error)
{
    const struct plan_node *node = state->base.node;
    bool has_keys = node->aggregate.key_count > 0;

    if (has_keys) {
        if (!aggregate_groups_find(&state->groups, state->vectors, selection, state->numbers, state->hashes, error))
            return false;
        if (state->groups.is_full && !put_aside(state, selection, error))
            return false;
    } else if (state->has_distinct) {
        memset(state->numbers, 0, selection.count * sizeof *state->numbers);
    }
    if (!resize_states(state, error))
        return false;
    for (uint32_t i = 0; i < node->aggregate.aggregate_count; i++) {
        if (node->aggregate.aggregates[i].is_distinct) {
            if (!update_distinct(state, i, selection, error))
                return false;
        } else if (!aggregate_states_update(&state->states[i], has_keys ? state->numbers : NULL, argument_of(state, i),
                                            selection, error)) {
            return false;
        }
    }
    return true;
}

static bool read_child(struct aggregate_operator_state *state, struct ssql_error *error)
{
    struct operator* self = & state->base;
    struct batch batch;

    for (;;) {
        if (!operator_next(self->child, &batch, error))
            return false;
        if (batch.row_count == 0)
            return true;
        if (!expression_evaluate(state->inputs, &batch, state->vectors, error) ||
            !feed(state, batch_selection(&batch), error))
            return false;
    }
}

/* The first morsel shows how many groups there are. */
static bool read_morsels(struct aggregate_operator_state *state, uint32_t count, struct ssql_error *error)
{
    uint32_t next = 1;

    scan_operator_read_only(state->scan, 0, next);
    if (!read_child(state, error))
        return false;
    if (!state->groups.is_full && state->groups.group_count <= PARALLEL_GROUPS_MOST) {
        if (state->parallel == NULL && !parallel_aggregate_create(&state->input, state->scan, &state->parallel, error))
            return false;
        if (!parallel_aggregate_run(state->parallel, next, count, &state->groups, state->states, &state->memory, &next,
                                    error))
            return false;
    }
    scan_operator_read_only(state->scan, next, count);
    return read_child(state, error);
}

static bool read_input(struct aggregate_operator_state *state, struct ssql_error *error)
{
    const struct scan_morsels *morsels = state->scan == NULL ? NULL : scan_operator_morsels(state->scan);

    return morsels == NULL ? read_child(state, error) : read_morsels(state, scan_morsels_count(morsels), error);
}

static bool decode_record(struct aggregate_operator_state *state, struct slice record, uint32_t row,
                          struct ssql_error *error)
{
    struct value *values = row_batch_scratch(&state->part_rows);

    for (uint32_t i = 0; i < state->input.count; i++)
        if (!row_take_value(&record, state->input.types[i], &values[i]))
            return spill_fail_corrupt(error);
    if (!row_batch_copy_strings(&state->part_rows, values, error))
        return false;
    row_batch_set_row(&state->part_rows, row, values);
    return true;
}

static bool feed_part_batch(struct aggregate_operator_state *state, struct spill_reader *reader, bool *is_end,
                            struct ssql_error *error)
{
    uint32_t count = 0;
    struct batch batch;

    if (!cancellation_check(state->base.runtime->context.cancellation, error) ||
        !row_batch_reserve(&state->part_rows, BATCH_CAPACITY, error))
        return false;
    *is_end = false;
    while (count < BATCH_CAPACITY) {
        struct slice record;
        if (!spill_reader_next(reader, &record, error))
            return false;
        *is_end = record.data == NULL;
        if (*is_end)
            break;
        if (!decode_record(state, record, count++, error))
            return false;
    }
    if (count == 0)
        return true;
    row_batch_show(&state->part_rows, count, &batch);
    memcpy(state->vectors, batch.columns, state->input.count * sizeof *state->vectors);
    return feed(state, batch_selection(&batch), error);
}

static bool read_part(struct aggregate_operator_state *state, struct spill_reader *reader, struct ssql_error *error)
{
    bool is_end = false;

    while (!is_end)
        if (!feed_part_batch(state, reader, &is_end, error))
            return false;
    return true;
}

/* Distinct values that were put aside reach their groups, which are all still in memory. */
static bool feed_later_values(struct aggregate_operator_state *state, struct ssql_error *error)
{
    for (;;) {
        struct slice bytes;
        struct value value;
        if (!distinct_set_next_later(&state->distinct, &bytes, error))
            return false;
        if (bytes.data == NULL)
            return true;
        if (bytes.size < DISTINCT_HEADER_SIZE)
            return spill_fail_corrupt(error);
        uint32_t aggregate = load_u32le(bytes.data), group = load_u32le(bytes.data + 4);
        bytes = slice_make(bytes.data + DISTINCT_HEADER_SIZE, bytes.size - DISTINCT_HEADER_SIZE);
        if (aggregate >= state->base.node->aggregate.aggregate_count || group >= state->groups.group_count ||
            !row_take_value(&bytes, state->states[aggregate].type, &value))
            return spill_fail_corrupt(error);
        if (!aggregate_states_add(&state->states[aggregate], group, &value, error))
            return false;
    }
}

/* ---- output ---- */

static bool write_groups(struct aggregate_operator_state *state, struct batch *batch, struct ssql_error *error)
{
    const struct plan_node *node = state->base.node;
    uint32_t left = state->groups.group_count - state->next_group;
    uint32_t count = left > BATCH_CAPACITY ? BATCH_CAPACITY : left;

    if (!row_batch_reserve(&state->output, count, error))
        return false;
    for (uint32_t row = 0; row < count; row++) {
        struct value *values = row_batch_scratch(&state->output);
        uint32_t group = state->next_group++;
        aggregate_groups_keys(&state->groups, group, values);
        for (uint32_t i = 0; i < node->aggregate.aggregate_count; i++)
            if (!aggregate_states_result(&state->states[i], group, &values[node->aggregate.key_count + i], error))
                return false;
        row_batch_set_row(&state->output, row, values);
    }
    row_batch_show(&state->output, count, batch);
    return true;
}

/* What ends a round of input: all rows of the groups in memory have been seen. */
static bool end_input(struct aggregate_operator_state *state, struct ssql_error *error)
{
    state->next_group = 0;
    state->phase = PHASE_OUTPUT;
    return resize_states(state, error) && (!state->has_distinct || feed_later_values(state, error)) &&
           spill_partitions_finish(&state->partitions, state->level + 1, error);
}

/* The groups in memory are out: the next part, if there is one. */
static bool begin_part(struct aggregate_operator_state *state, struct ssql_error *error)
{
    struct spill_reader reader;

    if (!spill_partitions_take(&state->partitions, &reader, &state->level)) {
        state->phase = PHASE_END;
        return true;
    }
    clear_groups(state);
    bool is_done = read_part(state, &reader, error) && end_input(state, error);
    spill_reader_clear(&reader);
    return is_done;
}

static bool aggregate_next(struct operator* self, struct batch *batch, struct ssql_error *error)
{
    struct aggregate_operator_state *state = (struct aggregate_operator_state *)self;

    batch_end(batch);
    if (state->phase == PHASE_INPUT && (!read_input(state, error) || !end_input(state, error)))
        return false;
    while (state->phase == PHASE_OUTPUT) {
        if (state->next_group < state->groups.group_count)
            return write_groups(state, batch, error);
        if (!begin_part(state, error))
            return false;
    }
    return true;
}

const struct operator_type aggregate_operator = {.name = "aggregate",
                                                 .size = sizeof(struct aggregate_operator_state),
                                                 .create = aggregate_create,
                                                 .open = aggregate_open,
                                                 .next = aggregate_next,
                                                 .close = aggregate_close,
                                                 .destroy = aggregate_destroy};
