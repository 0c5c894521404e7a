/* What a power cut leaves of a memory volume, and damage done on purpose: for tests. */
#include "volume/volume_memory_internal.h"

/* SplitMix64: a small generator whose every seed is good. */
static uint64_t next_random(uint64_t *state)
{
    uint64_t z = *state += 0x9E3779B97F4A7C15u;

    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9u;
    z = (z ^ z >> 27) * 0x94D049BB133111EBu;
    return z ^ z >> 31;
}

struct choice {
    uint64_t seed;
    uint64_t state;
};

/* Whether one thing that was not synced made it to the disk. */
static bool survives(struct choice *choice)
{
    if (choice->seed == 0 || choice->seed == UINT64_MAX)
        return choice->seed == UINT64_MAX;
    return (next_random(&choice->state) & 1) != 0;
}

/* The size of the file after the cut: at least what was synced or preallocated. */
static uint64_t surviving_size(const struct memory_file *file, struct choice *choice)
{
    uint64_t least = file->synced_size;

    if (least < file->preallocated)
        least = file->preallocated < file->bytes.size ? file->preallocated : file->bytes.size;
    if (least >= file->bytes.size)
        return file->bytes.size;
    if (choice->seed == 0)
        return least;
    return least + next_random(&choice->state) % (file->bytes.size - least + 1);
}

/* Fills to[0..size) with what the sector's place held before: durable bytes, then the old log's, then zeros. */
static void lose_sector(const struct memory_file *file, uint64_t offset, uint8_t *to, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        uint64_t at = offset + i;
        if (at < file->synced_size)
            continue;
        to[i] = at < file->stale.size ? file->stale.data[at] : 0;
    }
}

/* Only the process has died: the system still holds everything, and what was not synced may be lost later. */
static bool copy_log_as_it_is(const struct memory_file *from, struct memory_file *to)
{
    to->preallocated = from->preallocated;
    to->synced_size = from->synced_size;
    buffer_append(&to->bytes, from->bytes.data, from->bytes.size);
    buffer_append(&to->stale, from->stale.data, from->stale.size);
    return !to->bytes.failed && !to->stale.failed;
}

static bool copy_log(const struct memory_file *from, struct memory_file *to, struct choice *choice)
{
    if (choice->seed == UINT64_MAX)
        return copy_log_as_it_is(from, to);
    uint64_t size = surviving_size(from, choice);

    to->preallocated = from->preallocated;
    buffer_append(&to->bytes, from->bytes.data, size);
    if (to->bytes.failed)
        return false;
    uint64_t first = from->synced_size / MEMORY_SECTOR_SIZE * MEMORY_SECTOR_SIZE;
    for (uint64_t offset = first; offset < size; offset += MEMORY_SECTOR_SIZE) {
        size_t sector = size - offset < MEMORY_SECTOR_SIZE ? (size_t)(size - offset) : MEMORY_SECTOR_SIZE;
        if (!survives(choice))
            lose_sector(from, offset, to->bytes.data + offset, sector);
    }
    /* Behind the appended bytes a recycled log still shows the old ones. */
    if (from->stale.size > to->bytes.size)
        buffer_append(&to->bytes, from->stale.data + to->bytes.size, from->stale.size - to->bytes.size);
    to->synced_size = to->bytes.size;
    return !to->bytes.failed;
}

static bool copy_file(const struct memory_file *file, struct volume_memory *to, struct choice *choice)
{
    if (!file->is_linked && survives(choice))
        return true; /* what may survive here is the deletion */
    struct memory_file *copy = memory_add(to, file->kind, file->name);
    if (copy == NULL)
        return false;
    copy->version = file->version;
    copy->is_damaged = file->is_damaged;
    if (file->kind == MEMORY_LOG)
        return copy_log(file, copy, choice);
    buffer_append(&copy->bytes, file->bytes.data, file->bytes.size);
    return !copy->bytes.failed;
}

bool volume_memory_crash(struct volume *volume, uint64_t seed, struct volume **after, struct ssql_error *error)
{
    struct volume_memory *memory = memory_of(volume);
    struct choice choice = {.seed = seed, .state = seed};
    bool is_whole = true;

    if (!volume_memory_create(after, error))
        return false;
    memory_of(*after)->keeps_deleted = memory->keeps_deleted;
    pthread_mutex_lock(&memory->mutex);
    for (size_t i = 0; i < memory->file_count && is_whole; i++)
        is_whole = copy_file(memory->files[i], memory_of(*after), &choice);
    pthread_mutex_unlock(&memory->mutex);
    if (is_whole)
        return true;
    volume_close(*after);
    *after = NULL;
    return error_no_memory(error);
}

void volume_memory_keep_deleted(struct volume *volume)
{
    struct volume_memory *memory = memory_of(volume);

    pthread_mutex_lock(&memory->mutex);
    memory->keeps_deleted = true;
    pthread_mutex_unlock(&memory->mutex);
}

bool volume_memory_damage(struct volume *volume, const char *name, uint64_t offset, uint8_t xor_mask)
{
    struct volume_memory *memory = memory_of(volume);

    pthread_mutex_lock(&memory->mutex);
    struct memory_file *file = memory_find(memory, name);
    bool is_inside = file != NULL && offset < file->bytes.size;
    if (is_inside) {
        file->bytes.data[offset] ^= xor_mask;
        file->is_damaged = true;
    }
    pthread_mutex_unlock(&memory->mutex);
    return is_inside;
}

bool volume_memory_truncate(struct volume *volume, const char *name, uint64_t size)
{
    struct volume_memory *memory = memory_of(volume);

    pthread_mutex_lock(&memory->mutex);
    struct memory_file *file = memory_find(memory, name);
    bool is_inside = file != NULL && size <= file->bytes.size;
    if (is_inside) {
        file->bytes.size = size;
        if (file->synced_size > size)
            file->synced_size = size;
        file->is_damaged = true;
    }
    pthread_mutex_unlock(&memory->mutex);
    return is_inside;
}
