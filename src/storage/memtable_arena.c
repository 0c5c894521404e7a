#include "storage/memtable_arena.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/pages.h"
#include "storage/memtable.h"

struct memtable_chunk {
    struct memtable_chunk *next;
    size_t size; /* of the whole, this header included */
};

enum {
    CHUNK_FIRST = 3 << 10,
    CHUNK_MEDIUM = 256 << 10,
    CHUNK_LARGE = PAGES_HUGE,
    MEDIUM_CHUNKS = 4,  /* of CHUNK_MEDIUM before the first large one */
    GROWING_CHUNKS = 3, /* before the first of CHUNK_MEDIUM */
    POOL_MEDIUM_MOST = 16,
    POOL_LARGE_MOST = 32, /* the memtables of a database with the default memory limit */
    SMALLEST_PAGE = 4096,
};

/* Chunks that nobody uses. One for the process: the pages' cost is the process's. */
static struct chunk_pool {
    pthread_mutex_t mutex;
    struct memtable_chunk *medium, *large;
    uint32_t medium_count, large_count;
} pool = {.mutex = PTHREAD_MUTEX_INITIALIZER};

static struct memtable_chunk *pool_take(size_t size)
{
    struct memtable_chunk *chunk = NULL;

    pthread_mutex_lock(&pool.mutex);
    if (size == CHUNK_MEDIUM && pool.medium != NULL) {
        chunk = pool.medium;
        pool.medium = chunk->next;
        pool.medium_count--;
    } else if (size == CHUNK_LARGE && pool.large != NULL) {
        chunk = pool.large;
        pool.large = chunk->next;
        pool.large_count--;
    }
    pthread_mutex_unlock(&pool.mutex);
    return chunk;
}

/* Whether the pool had room for the chunk. */
static bool pool_give(struct memtable_chunk *chunk)
{
    bool taken = false;

    pthread_mutex_lock(&pool.mutex);
    if (chunk->size == CHUNK_MEDIUM && pool.medium_count < POOL_MEDIUM_MOST) {
        chunk->next = pool.medium;
        pool.medium = chunk;
        pool.medium_count++;
        taken = true;
    } else if (chunk->size == CHUNK_LARGE && pool.large_count < POOL_LARGE_MOST) {
        chunk->next = pool.large;
        pool.large = chunk;
        pool.large_count++;
        taken = true;
    }
    pthread_mutex_unlock(&pool.mutex);
    return taken;
}

static void chunk_free(struct memtable_chunk *chunk)
{
    if (chunk->size == CHUNK_LARGE)
        pages_free((uint8_t *)chunk, CHUNK_LARGE);
    else
        free(chunk);
}

static void chunk_give_back(struct memtable_chunk *chunk)
{
    if (!pool_give(chunk))
        chunk_free(chunk);
}

static void free_chunks(struct memtable_chunk *chunk)
{
    while (chunk != NULL) {
        struct memtable_chunk *next = chunk->next;
        chunk_free(chunk);
        chunk = next;
    }
}

void memtable_pool_trim(void)
{
    pthread_mutex_lock(&pool.mutex);
    struct memtable_chunk *medium = pool.medium, *large = pool.large;
    pool.medium = pool.large = NULL;
    pool.medium_count = pool.large_count = 0;
    pthread_mutex_unlock(&pool.mutex);
    free_chunks(medium);
    free_chunks(large);
}

static bool pool_has_large(void)
{
    pthread_mutex_lock(&pool.mutex);
    bool has_one = pool.large != NULL;
    pthread_mutex_unlock(&pool.mutex);
    return has_one;
}

void memtable_pool_prepare(void)
{
    if (pool_has_large())
        return;
    uint8_t *pages = pages_alloc(CHUNK_LARGE);
    if (pages == NULL)
        return;
    for (size_t i = 0; i < CHUNK_LARGE; i += SMALLEST_PAGE)
        *(volatile uint8_t *)(pages + i) = 0;
    struct memtable_chunk *chunk = (struct memtable_chunk *)(void *)pages;
    chunk->size = CHUNK_LARGE;
    chunk_give_back(chunk);
}

static struct memtable_chunk *chunk_make(size_t size)
{
    struct memtable_chunk *chunk = NULL;

    if (size == CHUNK_MEDIUM || size == CHUNK_LARGE)
        chunk = pool_take(size);
    if (chunk != NULL)
        return chunk;
    if (size == CHUNK_LARGE) {
        chunk = (struct memtable_chunk *)(void *)pages_alloc(CHUNK_LARGE);
    } else {
        chunk = malloc(size);
    }
    if (chunk != NULL)
        chunk->size = size;
    return chunk;
}

void memtable_arena_clear(struct memtable_arena *arena)
{
    struct memtable_chunk *chunk = arena->chunks;

    while (chunk != NULL) {
        struct memtable_chunk *next = chunk->next;
        chunk_give_back(chunk);
        chunk = next;
    }
    arena->chunks = NULL;
    arena->next = arena->end = NULL;
    arena->chunk_count = 0;
    atomic_store_explicit(&arena->used_bytes, 0, memory_order_relaxed);
}

/* 3, 12, 48 KiB, then medium, then large chunks: an arena never holds much more than twice what it is asked for. */
static size_t next_chunk_size(const struct memtable_arena *arena)
{
    if (arena->chunk_count < GROWING_CHUNKS)
        return (size_t)CHUNK_FIRST << (2 * arena->chunk_count);
    return arena->chunk_count < GROWING_CHUNKS + MEDIUM_CHUNKS ? CHUNK_MEDIUM : CHUNK_LARGE;
}

static void count_chunk(struct memtable_arena *arena, size_t size)
{
    atomic_fetch_add_explicit(&arena->used_bytes, size, memory_order_relaxed);
}

/* A chunk for one large allocation, put behind the one that is being filled. */
static void *alloc_alone(struct memtable_arena *arena, size_t size)
{
    struct memtable_chunk *chunk = malloc(sizeof *chunk + size);

    if (chunk == NULL)
        return NULL;
    chunk->size = 0; /* of no size that the pool takes */
    if (arena->chunks == NULL) {
        chunk->next = NULL;
        arena->chunks = chunk;
    } else {
        chunk->next = arena->chunks->next;
        arena->chunks->next = chunk;
    }
    count_chunk(arena, sizeof *chunk + size);
    return chunk + 1;
}

void *memtable_arena_alloc(struct memtable_arena *arena, size_t size)
{
    size = (size + 7) & ~(size_t)7;
    if (size <= (size_t)(arena->end - arena->next)) {
        void *memory = arena->next;
        arena->next += size;
        return memory;
    }
    size_t chunk_size = next_chunk_size(arena);
    while (chunk_size < 2 * size && arena->chunk_count < GROWING_CHUNKS + MEDIUM_CHUNKS) {
        arena->chunk_count++;
        chunk_size = next_chunk_size(arena);
    }
    if (chunk_size < 2 * size)
        return alloc_alone(arena, size);
    struct memtable_chunk *chunk = chunk_make(chunk_size);
    if (chunk == NULL)
        return NULL;
    chunk->next = arena->chunks;
    arena->chunks = chunk;
    arena->chunk_count++;
    count_chunk(arena, chunk_size);
    uint8_t *memory = (uint8_t *)(chunk + 1);
    arena->next = memory + size;
    arena->end = (uint8_t *)chunk + chunk_size;
    return memory;
}

void memtable_arena_take_back(struct memtable_arena *arena, void *memory, size_t size)
{
    size = (size + 7) & ~(size_t)7;
    if ((uint8_t *)memory + size == arena->next)
        arena->next = memory;
}
