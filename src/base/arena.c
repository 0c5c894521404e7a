#include "base/arena.h"

#include <stdlib.h>

enum { ARENA_ALIGNMENT = 16, ARENA_FIRST_CHUNK = 4096, ARENA_LARGEST_STEP = 1 << 20 };

struct arena_chunk {
    struct arena_chunk *older;
    size_t size; /* of the bytes that follow */
    _Alignas(ARENA_ALIGNMENT) uint8_t bytes[];
};

void arena_init(struct arena *arena)
{
    *arena = (struct arena){0};
}

static void free_chunks(struct arena_chunk *chunk)
{
    while (chunk != NULL) {
        struct arena_chunk *older = chunk->older;
        free(chunk);
        chunk = older;
    }
}

void arena_clear(struct arena *arena)
{
    free_chunks(arena->chunks);
    arena_init(arena);
}

void arena_reset(struct arena *arena)
{
    struct arena_chunk *kept = arena->chunks;

    arena->failed = false;
    if (kept == NULL)
        return;
    if (kept->size > ARENA_LARGEST_STEP) {
        arena_clear(arena);
        return;
    }
    free_chunks(kept->older);
    kept->older = NULL;
    arena->next = kept->bytes;
    arena->end = kept->bytes + kept->size;
    arena->used_bytes = sizeof *kept + kept->size;
}

/* Chunks double, so that a large tree costs few of them. */
static bool add_chunk(struct arena *arena, size_t least)
{
    size_t size = arena->chunks == NULL ? ARENA_FIRST_CHUNK : arena->chunks->size * 2;

    if (size > ARENA_LARGEST_STEP)
        size = ARENA_LARGEST_STEP;
    if (size < least)
        size = least;
    struct arena_chunk *chunk = malloc(sizeof *chunk + size);
    if (chunk == NULL)
        return false;
    chunk->older = arena->chunks;
    chunk->size = size;
    arena->chunks = chunk;
    arena->next = chunk->bytes;
    arena->end = chunk->bytes + size;
    arena->used_bytes += sizeof *chunk + size;
    return true;
}

/* Memory as it comes. */
static inline void *take(struct arena *arena, size_t size)
{
    if (size > SIZE_MAX / 4) {
        arena->failed = true;
        return NULL;
    }
    size = (size + ARENA_ALIGNMENT - 1) & ~(size_t)(ARENA_ALIGNMENT - 1);
    if ((size_t)(arena->end - arena->next) < size || arena->next == NULL) {
        if (!add_chunk(arena, size)) {
            arena->failed = true;
            return NULL;
        }
    }
    void *memory = arena->next;
    arena->next += size;
    return memory;
}

void *arena_alloc(struct arena *arena, size_t size)
{
    void *memory = take(arena, size);

    return memory == NULL ? NULL : memset(memory, 0, size);
}

void *arena_alloc_array(struct arena *arena, size_t count, size_t size)
{
    size_t total;

    return arena_alloc(arena, __builtin_mul_overflow(count, size, &total) ? SIZE_MAX : total);
}

struct slice arena_copy(struct arena *arena, struct slice slice)
{
    uint8_t *bytes = take(arena, slice.size + 1);

    if (bytes == NULL)
        return slice_make(NULL, 0);
    if (slice.size > 0)
        memcpy(bytes, slice.data, slice.size);
    bytes[slice.size] = 0;
    return slice_make(bytes, slice.size);
}
