/* Scratch files: without a name from the start or at once, so that they go with the process. They lie in the database's
 * directory, whose disk the user chose; a volume that may not write, or is not there yet, uses the system's temporary
 * directory. */
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "volume/volume_directory_internal.h"

struct directory_scratch {
    struct scratch base;
    struct volume_directory *directory;
    int fd;
    _Atomic uint64_t size;
};

/* Where O_TMPFILE is not known: a name that is removed at once. */
static int open_named(int parent_fd, const char *parent)
{
    static atomic_uint counter;
    char name[64];

    int directory_fd = openat(parent_fd, parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (directory_fd < 0)
        return -1;
    snprintf(name, sizeof name, ".ssql-scratch-%ld-%u", (long)getpid(), atomic_fetch_add(&counter, 1));
    int fd = openat(directory_fd, name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    int number = errno;
    if (fd >= 0)
        unlinkat(directory_fd, name, 0);
    close(directory_fd);
    errno = number;
    return fd;
}

static int open_unnamed(int parent_fd, const char *parent)
{
    int fd = openat(parent_fd, parent, O_TMPFILE | O_RDWR | O_EXCL | O_CLOEXEC, 0600);

    if (fd < 0 && (errno == EOPNOTSUPP || errno == EISDIR || errno == ENOENT))
        fd = open_named(parent_fd, parent);
    return fd;
}

static int open_scratch(struct volume_directory *directory)
{
    const char *temporary = getenv("TMPDIR");

    pthread_mutex_lock(&directory->mutex);
    int root = directory->lock_fd >= 0 ? directory->directory_fd : -1;
    pthread_mutex_unlock(&directory->mutex);
    if (root >= 0)
        return open_unnamed(root, ".");
    return open_unnamed(AT_FDCWD, temporary != NULL && temporary[0] != '\0' ? temporary : "/tmp");
}

enum volume_status directory_scratch_create(struct volume *volume, struct scratch **out, struct ssql_error *error)
{
    struct directory_scratch *scratch = calloc(1, sizeof *scratch);

    if (scratch == NULL)
        return volume_no_memory(error);
    scratch->base.operations = volume->operations;
    scratch->directory = directory_of(volume);
    scratch->fd = open_scratch(scratch->directory);
    if (scratch->fd < 0) {
        int number = errno;
        free(scratch);
        return directory_fail_writing(directory_of(volume), error, number, "make a temporary file for", NULL);
    }
    *out = &scratch->base;
    return VOLUME_OK;
}

enum volume_status directory_scratch_append(struct scratch *base, struct slice bytes, struct ssql_error *error)
{
    struct directory_scratch *scratch = (struct directory_scratch *)base;
    uint64_t size = atomic_load_explicit(&scratch->size, memory_order_relaxed);
    int result = directory_write_all(scratch->fd, bytes.data, bytes.size, size);

    if (result != 0)
        return directory_fail_writing(scratch->directory, error, result, "write a temporary file for", NULL);
    atomic_store_explicit(&scratch->size, size + bytes.size, memory_order_release);
    return VOLUME_OK;
}

uint64_t directory_scratch_size(const struct scratch *base)
{
    const struct directory_scratch *scratch = (const struct directory_scratch *)base;

    return atomic_load_explicit(&scratch->size, memory_order_acquire);
}

enum volume_status directory_scratch_read(struct scratch *base, uint64_t offset, uint8_t *data, size_t size,
                                          struct ssql_error *error)
{
    struct directory_scratch *scratch = (struct directory_scratch *)base;
    size_t got;
    int result = directory_read_all(scratch->fd, data, size, offset, &got);

    if (result == 0 && got < size)
        result = EIO;
    return result == 0 ? VOLUME_OK
                       : directory_fail_reading(scratch->directory, error, result, "read a temporary file for", NULL);
}

void directory_scratch_close(struct scratch *base)
{
    struct directory_scratch *scratch = (struct directory_scratch *)base;

    close(scratch->fd);
    free(scratch);
}
