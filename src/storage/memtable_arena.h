/* memtable_arena.h - where a memtable's nodes and rows live: chunks that grow from 3 KiB, so that a small write set
 * costs little, to 2 MiB, so that huge pages serve a large memtable. Large chunks come from and go back to a
 * process-wide, bounded pool, because touching fresh pages costs as much as the insert itself. An arena is used by one
 * thread at a time; the pool by any. */
#ifndef SSQL_STORAGE_MEMTABLE_ARENA_H
#define SSQL_STORAGE_MEMTABLE_ARENA_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

struct memtable_chunk;

struct memtable_arena {
    struct memtable_chunk *chunks; /* the first is the one that is being filled */
    uint8_t *next, *end;           /* its free bytes */
    uint32_t chunk_count;
    atomic_size_t used_bytes; /* taken from the allocator; read by any thread */
};

/* Zeroed memory is an empty arena. Frees everything. */
void memtable_arena_clear(struct memtable_arena *arena);

/* Aligned to 8 bytes, not zeroed. NULL when out of memory. */
void *memtable_arena_alloc(struct memtable_arena *arena, size_t size);

/* Takes back an allocation when it was the latest one; else its bytes stay until the arena is cleared. */
void memtable_arena_take_back(struct memtable_arena *arena, void *memory, size_t size);

#endif
