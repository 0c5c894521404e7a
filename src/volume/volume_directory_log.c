/* Logs in a directory: their blocks are there before the first append, so that fdatasync has data to write and nothing
 * else. An old log's blocks serve as well: its file gets the new name. */
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "volume/volume_directory_internal.h"

struct directory_log {
    struct volume_log base;
    struct volume_directory *directory;
    char name[VOLUME_NAME_SIZE];
    int fd;
    uint64_t preallocated;
    _Atomic uint64_t size;
    atomic_bool failed; /* a sync failed: what the system still holds of the log says nothing about the disk */
};

struct directory_log_reader {
    struct log_reader base;
    struct volume_directory *directory;
    char name[VOLUME_NAME_SIZE];
    int fd;
};

/* For file systems without fallocate: zeros take the blocks as well. What the file already has stays. */
static int write_zeros(int fd, uint64_t from, uint64_t to)
{
    static const uint8_t zeros[64 * 1024];
    int result = 0;

    while (from < to && result == 0) {
        size_t piece = to - from < sizeof zeros ? (size_t)(to - from) : sizeof zeros;
        result = directory_write_all(fd, zeros, piece, from);
        from += piece;
    }
    return result;
}

static int preallocate(int fd, uint64_t size)
{
    struct stat status;

    if (size == 0)
        return 0;
    if (size > INT64_MAX)
        return EFBIG;
    int result;
    do
        result = fallocate(fd, 0, 0, (off_t)size) == 0 ? 0 : errno;
    while (result == EINTR);
    if (result != EOPNOTSUPP && result != ENOSYS)
        return result;
    return fstat(fd, &status) != 0 ? errno : write_zeros(fd, (uint64_t)status.st_size, size);
}

/* Gives the old log's file the new name; false: there is none to have. */
static bool take_over(struct volume_directory *directory, const char *recycle, int parent_fd, const char *leaf)
{
    int old_parent_fd;
    const char *old_leaf;

    if (directory_open_parent(directory, recycle, false, &old_parent_fd, &old_leaf, NULL) != VOLUME_OK)
        return false;
    bool is_taken = directory_rename_new(old_parent_fd, old_leaf, parent_fd, leaf) == 0;
    if (!is_taken)
        unlinkat(old_parent_fd, old_leaf, 0); /* gone whatever the outcome; a name that stays is clean-up's */
    close(old_parent_fd);
    return is_taken;
}

/* Makes file, blocks, size and name durable at once: after that, appends within the blocks change no metadata. */
static enum volume_status make_file(struct directory_log *log, int parent_fd, const char *leaf, const char *recycle,
                                    struct ssql_error *error)
{
    bool is_recycled = recycle != NULL && take_over(log->directory, recycle, parent_fd, leaf);
    int flags = O_RDWR | O_CLOEXEC | O_NOFOLLOW | (is_recycled ? 0 : O_CREAT | O_EXCL);

    log->fd = openat(parent_fd, leaf, flags, 0666);
    if (log->fd < 0) {
        int number = errno;
        if (is_recycled)
            unlinkat(parent_fd, leaf, 0);
        return directory_fail_writing(log->directory, error, number, "create", log->name);
    }
    int result = preallocate(log->fd, log->preallocated);
    if (result == 0 && fsync(log->fd) != 0)
        result = errno;
    if (result == 0 && fsync(parent_fd) != 0)
        result = errno;
    if (result == 0)
        return VOLUME_OK;
    unlinkat(parent_fd, leaf, 0);
    return directory_fail_writing(log->directory, error, result, "create", log->name);
}

static void free_log(struct directory_log *log)
{
    if (log->fd >= 0)
        close(log->fd);
    free(log);
}

enum volume_status directory_log_create(struct volume *volume, const char *name, uint64_t preallocated,
                                        const char *recycle, struct volume_log **out, struct ssql_error *error)
{
    struct directory_log *log = calloc(1, sizeof *log);
    int parent_fd;
    const char *leaf;

    if (log == NULL)
        return volume_no_memory(error);
    log->base.operations = volume->operations;
    log->directory = directory_of(volume);
    log->preallocated = preallocated;
    log->fd = -1;
    volume_copy_name(log->name, name);
    enum volume_status status = directory_open_parent(log->directory, name, true, &parent_fd, &leaf, error);
    if (status == VOLUME_OK) {
        status = make_file(log, parent_fd, leaf, recycle, error);
        close(parent_fd);
    }
    if (status != VOLUME_OK) {
        free_log(log);
        return status;
    }
    *out = &log->base;
    return VOLUME_OK;
}

static enum volume_status fail_after_sync(struct directory_log *log, struct ssql_error *error)
{
    return volume_fail(error, VOLUME_UNKNOWN, SSQL_UNKNOWN_OUTCOME, "\"%s/%s\" could not be synced earlier",
                       log->directory->path, log->name);
}

enum volume_status directory_log_append(struct volume_log *base, struct slice bytes, struct ssql_error *error)
{
    struct directory_log *log = (struct directory_log *)base;
    uint64_t size = atomic_load_explicit(&log->size, memory_order_relaxed);

    if (atomic_load(&log->failed))
        return fail_after_sync(log, error);
    int result = directory_write_all(log->fd, bytes.data, bytes.size, size);
    if (result != 0)
        return directory_fail_writing(log->directory, error, result, "write", log->name);
    atomic_store_explicit(&log->size, size + bytes.size, memory_order_release);
    return VOLUME_OK;
}

enum volume_status directory_log_sync(struct volume_log *base, struct ssql_error *error)
{
    struct directory_log *log = (struct directory_log *)base;

    if (atomic_load(&log->failed))
        return fail_after_sync(log, error);
    if (fdatasync(log->fd) == 0)
        return VOLUME_OK;
    int number = errno;
    atomic_store(&log->failed, true);
    return directory_fail_unknown(log->directory, error, number, "sync", log->name);
}

uint64_t directory_log_size(const struct volume_log *base)
{
    const struct directory_log *log = (const struct directory_log *)base;

    return atomic_load_explicit(&log->size, memory_order_acquire);
}

void directory_log_close(struct volume_log *base)
{
    struct directory_log *log = (struct directory_log *)base;

    /* Only to give back space: if it fails, the file is as correct as before. */
    if (!atomic_load(&log->failed) && log->preallocated > log->size && ftruncate(log->fd, (off_t)log->size) != 0)
        log->preallocated = 0;
    free_log(log);
}

enum volume_status directory_log_open_reader(struct volume *volume, const char *name, struct log_reader **out,
                                             struct ssql_error *error)
{
    struct directory_log_reader *reader = calloc(1, sizeof *reader);

    if (reader == NULL)
        return volume_no_memory(error);
    reader->base.operations = volume->operations;
    reader->directory = directory_of(volume);
    volume_copy_name(reader->name, name);
    enum volume_status status = directory_open_file(reader->directory, name, O_RDONLY, &reader->fd, error);
    if (status != VOLUME_OK) {
        free(reader);
        return status;
    }
    *out = &reader->base;
    return VOLUME_OK;
}

enum volume_status directory_log_read(struct log_reader *base, uint64_t offset, uint8_t *data, size_t size, size_t *got,
                                      struct ssql_error *error)
{
    struct directory_log_reader *reader = (struct directory_log_reader *)base;
    int result = directory_read_all(reader->fd, data, size, offset, got);

    return result == 0 ? VOLUME_OK : directory_fail_reading(reader->directory, error, result, "read", reader->name);
}

void directory_log_close_reader(struct log_reader *base)
{
    struct directory_log_reader *reader = (struct directory_log_reader *)base;

    close(reader->fd);
    free(reader);
}

/* Writes the bytes over themselves: after a failed sync the system takes pages for clean that never reached the disk,
 * and a sync alone would not write them again. Writing what is there harms nothing if it is torn. */
static enum volume_status rewrite(struct volume_directory *directory, int fd, const char *name, uint64_t size,
                                  uint8_t *piece, struct ssql_error *error)
{
    for (uint64_t offset = 0; offset < size;) {
        size_t wanted = size - offset < DIRECTORY_WRITE_SIZE ? (size_t)(size - offset) : DIRECTORY_WRITE_SIZE;
        size_t got;
        int result = directory_read_all(fd, piece, wanted, offset, &got);
        if (result != 0)
            return directory_fail_reading(directory, error, result, "read", name);
        if (got < wanted)
            return directory_fail_corrupt(directory, error, name, "it ends before its last record");
        result = directory_write_all(fd, piece, wanted, offset);
        if (result != 0)
            return directory_fail_writing(directory, error, result, "write", name);
        offset += wanted;
    }
    return fsync(fd) == 0 ? VOLUME_OK : directory_fail_unknown(directory, error, errno, "sync", name);
}

enum volume_status directory_log_seal(struct volume *volume, const char *name, uint64_t size, struct ssql_error *error)
{
    struct volume_directory *directory = directory_of(volume);
    int fd;
    enum volume_status status = directory_prepare_write(directory, error);

    if (status == VOLUME_OK)
        status = directory_open_file(directory, name, O_RDWR, &fd, error);
    if (status != VOLUME_OK)
        return status;
    uint8_t *piece = malloc(DIRECTORY_WRITE_SIZE);
    status = piece == NULL ? volume_no_memory(error) : rewrite(directory, fd, name, size, piece, error);
    free(piece);
    close(fd);
    return status;
}
