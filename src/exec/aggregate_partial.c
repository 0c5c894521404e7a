#include "exec/aggregate_partial.h"

#include <assert.h>
#include <stdlib.h>

#include "exec/row_batch.h"

bool aggregate_partial_init(struct aggregate_partial *partial, const struct aggregate_input *input,
                            struct memory_budget *budget, uint32_t share, struct ssql_error *error)
{
    const struct plan_node *node = input->node;
    uint32_t count = node->aggregate.aggregate_count;

    *partial = (struct aggregate_partial){.input = input};
    partial->states = calloc(count + 1, sizeof *partial->states);
    if (partial->states == NULL)
        return error_no_memory(error);
    operator_memory_init(&partial->memory, budget);
    partial->memory.most_bytes /= share;
    partial->memory.floor_bytes /= share;
    for (uint32_t i = 0; i < count; i++)
        aggregate_states_init(&partial->states[i], &node->aggregate.aggregates[i], &partial->memory);
    aggregate_groups_init(&partial->groups, input->types, node->aggregate.key_count,
                          (size_t)count * AGGREGATE_STATE_COST, &partial->memory);
    return true;
}

void aggregate_partial_start(struct aggregate_partial *partial)
{
    for (uint32_t i = 0; i < partial->input->node->aggregate.aggregate_count; i++)
        aggregate_states_clear(&partial->states[i]);
    aggregate_groups_reset(&partial->groups, 0);
    operator_memory_release(&partial->memory);
}

void aggregate_partial_clear(struct aggregate_partial *partial)
{
    if (partial->states == NULL)
        return;
    aggregate_partial_start(partial);
    aggregate_groups_clear(&partial->groups);
    free(partial->states);
    *partial = (struct aggregate_partial){0};
}

static bool resize_states(struct aggregate_states *states, uint32_t aggregate_count, uint32_t group_count,
                          struct ssql_error *error)
{
    for (uint32_t i = 0; i < aggregate_count; i++)
        if (!aggregate_states_resize(&states[i], group_count, error))
            return false;
    return true;
}

bool aggregate_partial_feed(struct aggregate_partial *partial, const struct vector *vectors, struct selection selection,
                            uint32_t *numbers, uint64_t *hashes, struct ssql_error *error)
{
    const struct aggregate_input *input = partial->input;
    uint32_t aggregate_count = input->node->aggregate.aggregate_count;
    bool has_keys = input->node->aggregate.key_count > 0;

    if (has_keys && !aggregate_groups_find(&partial->groups, vectors, selection, numbers, hashes, error))
        return false;
    if (!resize_states(partial->states, aggregate_count, partial->groups.group_count, error))
        return false;
    for (uint32_t i = 0; i < aggregate_count; i++) {
        const struct vector *argument = input->arguments[i] == NO_INPUT ? NULL : &vectors[input->arguments[i]];
        bool is_done =
            aggregate_states_update(&partial->states[i], has_keys ? numbers : NULL, argument, selection, error);
        assert(is_done); /* only states that hold strings need memory here, and those cannot be merged */
        (void)is_done;
    }
    return true;
}

/* ---- merging ---- */

/* The keys of the groups [begin, begin + count) as rows. */
static bool read_keys(const struct aggregate_groups *groups, uint32_t begin, uint32_t count, struct row_batch *rows,
                      struct batch *batch, struct ssql_error *error)
{
    if (!row_batch_reserve(rows, count, error))
        return false;
    for (uint32_t i = 0; i < count; i++) {
        struct value *keys = row_batch_scratch(rows);
        aggregate_groups_keys(groups, begin + i, keys);
        row_batch_set_row(rows, i, keys);
    }
    row_batch_show(rows, count, batch);
    return true;
}

static bool merge_groups(const struct aggregate_partial *partial, uint32_t begin, uint32_t count,
                         struct row_batch *rows, struct aggregate_groups *groups, struct aggregate_states *states,
                         struct ssql_error *error)
{
    uint32_t aggregate_count = partial->input->node->aggregate.aggregate_count;
    uint32_t numbers[BATCH_CAPACITY];
    uint64_t hashes[BATCH_CAPACITY];
    struct batch keys;

    if (!read_keys(&partial->groups, begin, count, rows, &keys, error) ||
        !aggregate_groups_find(groups, keys.columns, batch_selection(&keys), numbers, hashes, error) ||
        !resize_states(states, aggregate_count, groups->group_count, error))
        return false;
    assert(!groups->is_full);
    for (uint32_t i = 0; i < aggregate_count; i++)
        aggregate_states_merge(&states[i], numbers, &partial->states[i], begin, count);
    return true;
}

bool aggregate_partial_merge(const struct aggregate_partial *partial, struct aggregate_groups *groups,
                             struct aggregate_states *states, struct operator_memory *memory, bool *has_room,
                             struct ssql_error *error)
{
    const struct plan_node *node = partial->input->node;
    uint32_t group_count = partial->groups.group_count;
    struct arena arena = {0};
    struct row_batch rows;
    bool is_done = true;

    /* What its groups took is the most that they take there. */
    assert(!groups->is_full);
    *has_room = operator_memory_prepare(memory, partial->memory.used_bytes);
    if (!*has_room)
        return true;
    if (node->aggregate.key_count == 0) {
        if (!resize_states(states, node->aggregate.aggregate_count, groups->group_count, error))
            return false;
        for (uint32_t i = 0; i < node->aggregate.aggregate_count; i++)
            aggregate_states_merge(&states[i], NULL, &partial->states[i], 0, partial->states[i].count);
        return true;
    }
    row_batch_init(&rows, &arena, partial->input->types, node->aggregate.key_count);
    for (uint32_t begin = 0; is_done && begin < group_count; begin += BATCH_CAPACITY) {
        uint32_t left = group_count - begin;
        is_done =
            merge_groups(partial, begin, left < BATCH_CAPACITY ? left : BATCH_CAPACITY, &rows, groups, states, error);
    }
    row_batch_clear(&rows);
    arena_clear(&arena);
    return is_done;
}
