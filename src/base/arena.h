/* arena.h - memory with one common end: everything that dies with a statement is taken from its arena, nothing of it is
 * freed by itself. One thread at a time. */
#ifndef SSQL_BASE_ARENA_H
#define SSQL_BASE_ARENA_H

#include "base/error.h"
#include "base/slice.h"

struct arena_chunk;

struct arena {
    struct arena_chunk *chunks; /* newest first */
    uint8_t *next;              /* free bytes of the newest chunk: [next, end) */
    uint8_t *end;
    size_t used_bytes; /* taken from malloc */
    bool failed;       /* an allocation failed; stays true until arena_reset */
};

/* Zeroed memory is an empty arena too. */
void arena_init(struct arena *arena);

/* Frees everything; the arena is empty and may be used again. */
void arena_clear(struct arena *arena);

/* Forgets everything but keeps one chunk, so that a statement run again allocates nothing; `failed` is cleared. */
void arena_reset(struct arena *arena);

/* Zeroed, aligned to 16 bytes. NULL when out of memory; from then on arena_failed is true. */
void *arena_alloc(struct arena *arena, size_t size);

/* The same for an array; NULL also when count * size overflows. */
void *arena_alloc_array(struct arena *arena, size_t count, size_t size);

/* A copy of the bytes with a zero byte after them (not counted). data is NULL only when out of memory. */
struct slice arena_copy(struct arena *arena, struct slice slice);

static inline bool arena_failed(const struct arena *arena)
{
    return arena->failed;
}

#endif
