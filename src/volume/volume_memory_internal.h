/* volume_memory_internal.h - what is stored in a memory volume, shared by its operations and its crash.
 * One mutex guards everything but the bytes of objects, which never change once they are visible. */
#ifndef SSQL_VOLUME_VOLUME_MEMORY_INTERNAL_H
#define SSQL_VOLUME_VOLUME_MEMORY_INTERNAL_H

#include <pthread.h>

#include "volume/volume_internal.h"
#include "volume/volume_memory.h"

enum { MEMORY_SECTOR_SIZE = 512 };

enum memory_kind { MEMORY_OBJECT, MEMORY_LOG, MEMORY_REGISTER };

/* One stored thing; shared by its name and its open handles. */
struct memory_file {
    enum memory_kind kind;
    char name[VOLUME_NAME_SIZE];
    unsigned reference_count;
    bool is_linked;       /* the name leads to it; otherwise it is deleted, but open or kept */
    struct buffer bytes;  /* log: what was appended */
    struct buffer stale;  /* log: what its blocks held before, until all of that is synced over */
    uint64_t synced_size; /* log: bytes of `bytes` that are durable */
    uint64_t preallocated;
    uint64_t version; /* register */
    bool is_damaged;  /* register: a test changed its bytes */
};

struct volume_memory {
    struct volume base;
    pthread_mutex_t mutex;
    struct memory_file **files; /* linked ones, and deleted ones that are kept */
    size_t file_count;
    size_t file_capacity;
    bool keeps_deleted;
};

static inline struct volume_memory *memory_of(struct volume *volume)
{
    return (struct volume_memory *)volume;
}

/* With the mutex held. */
struct memory_file *memory_find(struct volume_memory *memory, const char *name);
struct memory_file *memory_add(struct volume_memory *memory, enum memory_kind kind, const char *name);
void memory_unlink(struct volume_memory *memory, struct memory_file *file);
void memory_release(struct memory_file *file);
void memory_forget_deleted(struct volume_memory *memory);

#endif
