/* operator_memory.h - what one operator has reserved from the work budget. Reserved in steps, so that a row costs no
 * atomic operation; given back as a whole. No operator takes all of the budget, and a small floor is granted to each
 * whatever the others hold, so that a plan of several operators always gets on. */
#ifndef SSQL_EXEC_OPERATOR_MEMORY_H
#define SSQL_EXEC_OPERATOR_MEMORY_H

#include "base/memory_budget.h"

enum {
    OPERATOR_MEMORY_STEP = 64 << 10,
    OPERATOR_SHARE_MOST = 2,   /* an operator takes at most 1/2 of the budget */
    OPERATOR_SHARE_FLOOR = 64, /* and gets 1/64 of it always */
};

struct operator_memory {
    struct memory_budget *budget;
    size_t most_bytes, floor_bytes;
    size_t reserved_bytes;
    size_t used_bytes; /* <= reserved_bytes */
};

static inline void operator_memory_init(struct operator_memory *memory, struct memory_budget *budget)
{
    *memory = (struct operator_memory){.budget = budget,
                                       .most_bytes = budget->limit_bytes / OPERATOR_SHARE_MOST,
                                       .floor_bytes = budget->limit_bytes / OPERATOR_SHARE_FLOOR};
}

/* For what must go on whatever the budget says: the first rows of a sort, the first groups of a table. */
static inline void operator_memory_force(struct operator_memory *memory, size_t size)
{
    if (memory->used_bytes + size > memory->reserved_bytes) {
        size_t missing = memory->used_bytes + size - memory->reserved_bytes;
        memory_budget_force(memory->budget, missing);
        memory->reserved_bytes += missing;
    }
    memory->used_bytes += size;
}

/* Counts `size` bytes more; false: the budget is used up, and the caller spills. */
static inline bool operator_memory_take(struct operator_memory *memory, size_t size)
{
    if (memory->used_bytes + size <= memory->floor_bytes) {
        operator_memory_force(memory, size);
        return true;
    }
    if (memory->used_bytes + size > memory->most_bytes)
        return false;
    if (memory->used_bytes + size > memory->reserved_bytes) {
        size_t missing = memory->used_bytes + size - memory->reserved_bytes;
        size_t step = missing < OPERATOR_MEMORY_STEP ? OPERATOR_MEMORY_STEP : missing;
        if (step > memory->most_bytes - memory->reserved_bytes)
            step = memory->most_bytes - memory->reserved_bytes;
        if (!memory_budget_reserve(memory->budget, step)) {
            step = missing;
            if (!memory_budget_reserve(memory->budget, step))
                return false;
        }
        memory->reserved_bytes += step;
    }
    memory->used_bytes += size;
    return true;
}

/* Whether `size` more would be granted; then they are, for they are reserved. */
static inline bool operator_memory_prepare(struct operator_memory *memory, size_t size)
{
    if (!operator_memory_take(memory, size))
        return false;
    memory->used_bytes -= size;
    return true;
}

static inline void operator_memory_release(struct operator_memory *memory)
{
    if (memory->reserved_bytes > 0)
        memory_budget_release(memory->budget, memory->reserved_bytes);
    memory->reserved_bytes = 0;
    memory->used_bytes = 0;
}

#endif
