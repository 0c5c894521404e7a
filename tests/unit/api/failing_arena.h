/* failing_arena.h - failing_memory.h, and what is taken out of an arena: most of that finds room in the chunk that is
 * there, and would never fail. What makes a locale fails, too. For one test program (--wrap, cmake/library_tests.cmake).
 */
#ifndef SSQL_TESTS_UNIT_API_FAILING_ARENA_H
#define SSQL_TESTS_UNIT_API_FAILING_ARENA_H

#include <locale.h>

#include "api/failing_memory.h"
#include "base/slice.h"

struct arena;
void *__real_arena_alloc(struct arena *arena, size_t size);
void *__real_arena_alloc_array(struct arena *arena, size_t count, size_t size);
struct slice __real_arena_copy(struct arena *arena, struct slice slice);
void *__wrap_arena_alloc(struct arena *arena, size_t size);
void *__wrap_arena_alloc_array(struct arena *arena, size_t count, size_t size);
struct slice __wrap_arena_copy(struct arena *arena, struct slice slice);
locale_t __real_newlocale(int categories, const char *name, locale_t base);
locale_t __wrap_newlocale(int categories, const char *name, locale_t base);

static const size_t TOO_MUCH = SIZE_MAX / 2; /* the arena cannot give it, and remembers that it failed */

void *__wrap_arena_alloc(struct arena *arena, size_t size)
{
    return __real_arena_alloc(arena, allocation_fails() ? TOO_MUCH : size);
}

void *__wrap_arena_alloc_array(struct arena *arena, size_t count, size_t size)
{
    return allocation_fails() ? __real_arena_alloc(arena, TOO_MUCH) : __real_arena_alloc_array(arena, count, size);
}

struct slice __wrap_arena_copy(struct arena *arena, struct slice slice)
{
    return __real_arena_copy(arena, allocation_fails() ? (struct slice){slice.data, TOO_MUCH} : slice);
}

locale_t __wrap_newlocale(int categories, const char *name, locale_t base)
{
    return allocation_fails() ? (locale_t)0 : __real_newlocale(categories, name, base);
}

#endif
