/* Registers in a directory, one file each: the next value is written aside, synced, renamed over the old one, and the
 * directory is synced.
 *
 * Register file, version 1. Little-endian.
 *   offset  size  field
 *        0     8  magic      "ssqlreg\n"
 *        8     4  format     1
 *       12     4  reserved   0, checked
 *       16     8  version    of the value, from 1
 *       24     8  size       of the value, 0..1 MiB; the file ends after it
 *       32     8  checksum   XXH3-64 of bytes 0..31 and the value, seeded with the XXH3-64 of the register's name
 *       40     n  value
 * History: version 1 (ssql 0.1) first. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "base/bytes.h"
#include "volume/volume_directory_internal.h"

enum { REGISTER_FORMAT = 1, REGISTER_HEADER_SIZE = 40, REGISTER_CHECKED_SIZE = 32 };
static const char register_magic[] = "ssqlreg\n";

static uint64_t register_checksum(const char *name, const uint8_t *header, struct slice value)
{
    uint64_t seed = XXH3_64bits(name, strlen(name));
    uint64_t header_hash = XXH3_64bits_withSeed(header, REGISTER_CHECKED_SIZE, seed);

    return XXH3_64bits_withSeed(value.data, value.size, header_hash);
}

/* The file's whole text is appended to `file`. */
static enum volume_status read_file(struct volume_directory *directory, const char *name, struct buffer *file,
                                    struct ssql_error *error)
{
    struct stat status;
    size_t got = 0;
    int fd;
    enum volume_status opened = directory_open_file(directory, name, O_RDONLY, &fd, error);

    if (opened != VOLUME_OK)
        return opened;
    int result = fstat(fd, &status) == 0 ? 0 : errno;
    enum volume_status outcome = VOLUME_OK;
    if (result == 0 && (!S_ISREG(status.st_mode) || status.st_size > REGISTER_HEADER_SIZE + REGISTER_LARGEST)) {
        outcome = directory_fail_corrupt(directory, error, name, "it is too large for what it is");
    } else if (result == 0) {
        uint8_t *to = buffer_reserve(file, (size_t)status.st_size + 1);
        if (to == NULL) {
            outcome = volume_no_memory(error);
        } else {
            result = directory_read_all(fd, to, (size_t)status.st_size, 0, &got);
            file->size += got;
        }
    }
    close(fd);
    return result == 0 ? outcome : directory_fail_reading(directory, error, result, "read", name);
}

/* Checks the file's text; `*value` points into it. */
static enum volume_status decode(struct volume_directory *directory, const char *name, struct slice file,
                                 struct slice *value, uint64_t *version, struct ssql_error *error)
{
    if (file.size < REGISTER_HEADER_SIZE)
        return directory_fail_corrupt(directory, error, name, "it is cut off");
    if (memcmp(file.data, register_magic, 8) != 0)
        return directory_fail_corrupt(directory, error, name, "it does not begin as it should");
    uint32_t format = load_u32le(file.data + 8);
    if (format > REGISTER_FORMAT) {
        volume_fail(error, VOLUME_UNAVAILABLE, SSQL_CANNOT_OPEN,
                    "\"%s/%s\" has format %u, and this version of ssql knows formats up to %d", directory->path, name,
                    format, REGISTER_FORMAT);
        error_hint(error, "use a newer version of ssql");
        return VOLUME_UNAVAILABLE;
    }
    *value = slice_make(file.data + REGISTER_HEADER_SIZE, file.size - REGISTER_HEADER_SIZE);
    *version = load_u64le(file.data + 16);
    if (format != REGISTER_FORMAT || load_u32le(file.data + 12) != 0 || load_u64le(file.data + 24) != value->size ||
        *version == 0 || load_u64le(file.data + 32) != register_checksum(name, file.data, *value))
        return directory_fail_corrupt(directory, error, name, "its checksum is wrong");
    return VOLUME_OK;
}

enum volume_status directory_register_read(struct volume *volume, const char *name, struct buffer *value,
                                           uint64_t *version, struct ssql_error *error)
{
    struct volume_directory *directory = directory_of(volume);
    struct buffer file = {0};
    struct slice found = {NULL, 0};
    struct ssql_error absent;
    enum volume_status status = read_file(directory, name, &file, &absent);

    if (status == VOLUME_NOT_FOUND) {
        buffer_clear(&file);
        return VOLUME_OK;
    }
    if (status != VOLUME_OK && error != NULL)
        *error = absent;
    if (status == VOLUME_OK)
        status = decode(directory, name, buffer_slice(&file), &found, version, error);
    if (status == VOLUME_OK) {
        buffer_append(value, found.data, found.size);
        if (value->failed)
            status = volume_no_memory(error);
    }
    if (status != VOLUME_OK)
        *version = 0;
    buffer_clear(&file);
    return status;
}

static bool encode(struct buffer *file, const char *name, uint64_t version, struct slice value)
{
    buffer_append(file, register_magic, 8);
    buffer_append_u32le(file, REGISTER_FORMAT);
    buffer_append_u32le(file, 0);
    buffer_append_u64le(file, version);
    buffer_append_u64le(file, value.size);
    if (file->failed)
        return false;
    buffer_append_u64le(file, register_checksum(name, file->data, value));
    buffer_append(file, value.data, value.size);
    return !file->failed;
}

/* Writes the file aside and makes it durable there. */
static enum volume_status write_aside(struct volume_directory *directory, const char *aside, struct slice file,
                                      struct ssql_error *error)
{
    int fd = openat(directory->directory_fd, aside, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0666);

    if (fd < 0)
        return directory_fail_writing(directory, error, errno, "create", aside);
    int result = directory_write_all(fd, file.data, file.size, 0);
    if (result == 0 && fsync(fd) != 0)
        result = errno;
    close(fd);
    if (result == 0)
        return VOLUME_OK;
    unlinkat(directory->directory_fd, aside, 0);
    return directory_fail_writing(directory, error, result, "write", aside);
}

static enum volume_status replace(struct volume_directory *directory, const char *name, struct slice file,
                                  struct ssql_error *error)
{
    char aside[DIRECTORY_LEAF_SIZE];

    snprintf(aside, sizeof aside, "%s" DIRECTORY_ASIDE_SUFFIX, name);
    enum volume_status status = write_aside(directory, aside, file, error);
    if (status != VOLUME_OK)
        return status;
    if (renameat(directory->directory_fd, aside, directory->directory_fd, name) != 0) {
        int number = errno;
        unlinkat(directory->directory_fd, aside, 0);
        return directory_fail_writing(directory, error, number, "replace", name);
    }
    if (fsync(directory->directory_fd) != 0)
        return directory_fail_unknown(directory, error, errno, "sync the directory of", name);
    return VOLUME_OK;
}

/* With the mutex, no other thread, and with the lock, no other process comes between comparing and replacing. */
static enum volume_status swap_locked(struct volume_directory *directory, const char *name, uint64_t *version,
                                      struct slice value, struct ssql_error *error)
{
    struct buffer file = {0};
    uint64_t next = *version + 1;
    enum volume_status status = encode(&file, name, next, value) ? VOLUME_OK : volume_no_memory(error);

    if (status == VOLUME_OK)
        status = replace(directory, name, buffer_slice(&file), error);
    if (status == VOLUME_OK)
        *version = next;
    buffer_clear(&file);
    return status;
}

enum volume_status directory_register_swap(struct volume *volume, const char *name, uint64_t *version,
                                           struct slice value, struct ssql_error *error)
{
    struct volume_directory *directory = directory_of(volume);
    struct buffer old = {0};
    uint64_t current = 0; /* never written */
    enum volume_status status = directory_prepare_write(directory, error);

    if (status != VOLUME_OK)
        return status;
    pthread_mutex_lock(&directory->register_mutex);
    status = directory_register_read(volume, name, &old, &current, error);
    buffer_clear(&old);
    if (status == VOLUME_OK && current != *version)
        status = volume_fail(error, VOLUME_CONFLICT, SSQL_INTERNAL, "\"%s/%s\" has version %llu instead of %llu",
                             directory->path, name, (unsigned long long)current, (unsigned long long)*version);
    if (status == VOLUME_OK)
        status = swap_locked(directory, name, version, value, error);
    pthread_mutex_unlock(&directory->register_mutex);
    return status;
}
