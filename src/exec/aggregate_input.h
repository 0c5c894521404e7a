/* aggregate_input.h - what an aggregate computes of each row: its keys, then the arguments of its aggregates. */
#ifndef SSQL_EXEC_AGGREGATE_INPUT_H
#define SSQL_EXEC_AGGREGATE_INPUT_H

#include "plan/plan.h"

#define NO_INPUT UINT32_MAX

struct aggregate_input {
    const struct plan_node *node; /* PLAN_AGGREGATE */
    struct bound_expr **exprs;
    enum ssql_type *types;
    uint32_t *arguments; /* per aggregate: position in the exprs, or NO_INPUT for count(*) */
    uint32_t count;
};

/* Its arrays come from the arena. False when out of memory. */
static inline bool aggregate_input_init(struct aggregate_input *input, const struct plan_node *node,
                                        struct arena *arena)
{
    uint32_t key_count = node->aggregate.key_count, aggregate_count = node->aggregate.aggregate_count;
    uint32_t most = key_count + aggregate_count;

    *input = (struct aggregate_input){.node = node};
    input->exprs = arena_alloc_array(arena, most, sizeof(struct bound_expr *));
    input->types = arena_alloc_array(arena, most, sizeof *input->types);
    input->arguments = arena_alloc_array(arena, aggregate_count, sizeof *input->arguments);
    if (arena_failed(arena))
        return false;
    for (uint32_t i = 0; i < key_count; i++)
        input->exprs[input->count++] = node->aggregate.keys[i];
    for (uint32_t i = 0; i < aggregate_count; i++) {
        struct bound_expr *argument = node->aggregate.aggregates[i].argument;
        input->arguments[i] = argument == NULL ? NO_INPUT : input->count;
        if (argument != NULL)
            input->exprs[input->count++] = argument;
    }
    for (uint32_t i = 0; i < input->count; i++)
        input->types[i] = input->exprs[i]->type;
    return true;
}

#endif
