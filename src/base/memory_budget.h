/* memory_budget.h - one share of the memory limit, counted in bytes. Any thread. Reserving never blocks: whoever is
 * refused spills, evicts or fails. */
#ifndef SSQL_BASE_MEMORY_BUDGET_H
#define SSQL_BASE_MEMORY_BUDGET_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

struct memory_budget {
    atomic_size_t used_bytes;
    size_t limit_bytes;
};

/* Takes `size` bytes, or nothing and returns false when they would pass the limit. */
static inline bool memory_budget_reserve(struct memory_budget *budget, size_t size)
{
    size_t before = atomic_fetch_add_explicit(&budget->used_bytes, size, memory_order_relaxed);

    if (before + size <= budget->limit_bytes)
        return true;
    atomic_fetch_sub_explicit(&budget->used_bytes, size, memory_order_relaxed);
    return false;
}

/* Takes `size` bytes even past the limit: for what must go on (a single large row). */
static inline void memory_budget_force(struct memory_budget *budget, size_t size)
{
    atomic_fetch_add_explicit(&budget->used_bytes, size, memory_order_relaxed);
}

static inline void memory_budget_release(struct memory_budget *budget, size_t size)
{
    atomic_fetch_sub_explicit(&budget->used_bytes, size, memory_order_relaxed);
}

#endif
