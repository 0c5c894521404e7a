/* operator_memory.h - what one operator has reserved from the work budget. Reserved in steps, so that a row costs no atomic
 * operation; given back as a whole. */
#ifndef SSQL_EXEC_OPERATOR_MEMORY_H
#define SSQL_EXEC_OPERATOR_MEMORY_H

#include "base/memory_budget.h"

enum { OPERATOR_MEMORY_STEP = 64 << 10 };

struct operator_memory {
    struct memory_budget *budget;
    size_t reserved_bytes;
    size_t used_bytes; /* <= reserved_bytes */
};

/* Counts `size` bytes more; false: the budget is used up, and the caller spills. */
static inline bool operator_memory_take(struct operator_memory *memory, size_t size)
{
    if (memory->used_bytes + size > memory->reserved_bytes) {
        size_t missing = memory->used_bytes + size - memory->reserved_bytes;
        size_t step = missing < OPERATOR_MEMORY_STEP ? OPERATOR_MEMORY_STEP : missing;
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

/* For what must go on whatever the budget says: the first rows of a sort, the first groups of a table. */
static inline void operator_memory_force(struct operator_memory *memory, size_t size)
{
    if (operator_memory_take(memory, size))
        return;
    memory_budget_force(memory->budget, size);
    memory->reserved_bytes += size;
    memory->used_bytes += size;
}

static inline void operator_memory_release(struct operator_memory *memory)
{
    if (memory->reserved_bytes > 0)
        memory_budget_release(memory->budget, memory->reserved_bytes);
    memory->reserved_bytes = 0;
    memory->used_bytes = 0;
}

#endif
