/* failing_memory.h - allocations of the library that fail on demand, for one test program: it defines what malloc and
 * its kin are led to (--wrap, cmake/library_tests.cmake), so it is included once in a program. */
#ifndef SSQL_TESTS_UNIT_API_FAILING_MEMORY_H
#define SSQL_TESTS_UNIT_API_FAILING_MEMORY_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *memory, size_t size);
void *__real_aligned_alloc(size_t alignment, size_t size);
int __real_posix_memalign(void **memory, size_t alignment, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *memory, size_t size);
void *__wrap_aligned_alloc(size_t alignment, size_t size);
int __wrap_posix_memalign(void **memory, size_t alignment, size_t size);

static struct {
    atomic_long until; /* allocations that still succeed; negative: no failing */
    atomic_bool for_ever;
    atomic_bool has_failed;
} memory_fault = {.until = -1};

static bool allocation_fails(void)
{
    long left = atomic_load(&memory_fault.until);

    if (left < 0)
        return false;
    if (left > 0) {
        atomic_fetch_sub(&memory_fault.until, 1);
        return false;
    }
    if (atomic_load(&memory_fault.has_failed) && !atomic_load(&memory_fault.for_ever))
        return false;
    atomic_store(&memory_fault.has_failed, true);
    return true;
}

void *__wrap_malloc(size_t size)
{
    return allocation_fails() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
    return allocation_fails() ? NULL : __real_calloc(count, size);
}

void *__wrap_realloc(void *memory, size_t size)
{
    return allocation_fails() ? NULL : __real_realloc(memory, size);
}

void *__wrap_aligned_alloc(size_t alignment, size_t size)
{
    return allocation_fails() ? NULL : __real_aligned_alloc(alignment, size);
}

int __wrap_posix_memalign(void **memory, size_t alignment, size_t size)
{
    return allocation_fails() ? 12 : __real_posix_memalign(memory, alignment, size);
}

/* `after` more succeed; then one fails, or all do. Any thread's count. */
static inline void memory_start_failing(long after, bool for_ever)
{
    atomic_store(&memory_fault.has_failed, false);
    atomic_store(&memory_fault.for_ever, for_ever);
    atomic_store(&memory_fault.until, after);
}

static inline void memory_stop_failing(void)
{
    atomic_store(&memory_fault.until, -1);
}

/* Whether any did since they began to. */
static inline bool memory_has_failed(void)
{
    return atomic_load(&memory_fault.has_failed);
}

#endif
