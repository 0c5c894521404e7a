/* Objects in a directory: gathered in large writes under a ".part" name, synced, then renamed and the directory synced,
 * so that no half object ever stands under its name. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/pages.h"
#include "volume/volume_directory_internal.h"

struct directory_writer {
    struct object_writer base;
    struct volume_directory *directory;
    char name[VOLUME_NAME_SIZE];
    char part[DIRECTORY_LEAF_SIZE]; /* in the parent directory */
    int parent_fd;
    int fd;
    uint64_t written;
    uint64_t reserved;
    uint8_t *pending; /* DIRECTORY_WRITE_SIZE bytes */
    size_t pending_size;
    enum volume_status failure; /* of an append; finish reports it again */
    struct ssql_error failure_error;
};

struct directory_object {
    struct object base;
    struct volume_directory *directory;
    int fd;
};

static void free_writer(struct directory_writer *writer)
{
    if (writer->fd >= 0)
        close(writer->fd);
    if (writer->parent_fd >= 0)
        close(writer->parent_fd);
    pages_free(writer->pending, DIRECTORY_WRITE_SIZE);
    free(writer);
}

/* Reserving tells of a full disk early; a file system that cannot does without. */
static enum volume_status reserve(struct directory_writer *writer, uint64_t size, struct ssql_error *error)
{
    if (size == 0 || fallocate(writer->fd, 0, 0, (off_t)size) == 0) {
        writer->reserved = size;
        return VOLUME_OK;
    }
    if (errno == EOPNOTSUPP || errno == ENOSYS || errno == EINTR)
        return VOLUME_OK;
    return directory_fail_writing(writer->directory, error, errno, "reserve space for", writer->name);
}

static enum volume_status open_part(struct directory_writer *writer, uint64_t expected_size, struct ssql_error *error)
{
    const char *leaf;
    enum volume_status status =
        directory_open_parent(writer->directory, writer->name, true, &writer->parent_fd, &leaf, error);

    if (status != VOLUME_OK)
        return status;
    if (faccessat(writer->parent_fd, leaf, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
        return directory_fail_writing(writer->directory, error, EEXIST, "create", writer->name);
    snprintf(writer->part, sizeof writer->part, "%s" DIRECTORY_PART_SUFFIX, leaf);
    writer->fd = openat(writer->parent_fd, writer->part, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0666);
    if (writer->fd < 0)
        return directory_fail_writing(writer->directory, error, errno, "create", writer->name);
    return reserve(writer, expected_size, error);
}

enum volume_status directory_object_create(struct volume *volume, const char *name, uint64_t expected_size,
                                           struct object_writer **out, struct ssql_error *error)
{
    struct directory_writer *writer = calloc(1, sizeof *writer);

    if (writer == NULL)
        return volume_no_memory(error);
    writer->base.operations = volume->operations;
    writer->directory = directory_of(volume);
    writer->parent_fd = writer->fd = -1;
    volume_copy_name(writer->name, name);
    writer->pending = pages_alloc(DIRECTORY_WRITE_SIZE);
    enum volume_status status =
        writer->pending == NULL ? volume_no_memory(error) : open_part(writer, expected_size, error);
    if (status != VOLUME_OK) {
        directory_object_abandon(&writer->base);
        return status;
    }
    *out = &writer->base;
    return VOLUME_OK;
}

/* Lets the disk have what was just written: a sync of many megabytes at the end would hold up everybody else's. It
 * makes nothing durable, but its failure is the one that the sync would tell of, and is told only once. */
static int write_back(struct directory_writer *writer, size_t size)
{
    const unsigned all = SYNC_FILE_RANGE_WAIT_BEFORE | SYNC_FILE_RANGE_WRITE | SYNC_FILE_RANGE_WAIT_AFTER;

    return sync_file_range(writer->fd, (off_t)writer->written, (off_t)size, all) == 0 || errno == ENOSYS ? 0 : errno;
}

static enum volume_status write_out(struct directory_writer *writer, struct slice bytes, bool is_last,
                                    struct ssql_error *error)
{
    int result = directory_write_all(writer->fd, bytes.data, bytes.size, writer->written);

    if (result == 0 && !is_last)
        result = write_back(writer, bytes.size);
    if (result != 0)
        return directory_fail_writing(writer->directory, error, result, "write", writer->name);
    writer->written += bytes.size;
    return VOLUME_OK;
}

static enum volume_status write_pending(struct directory_writer *writer, bool is_last, struct ssql_error *error)
{
    enum volume_status status = write_out(writer, slice_make(writer->pending, writer->pending_size), is_last, error);

    writer->pending_size = 0;
    return status;
}

static enum volume_status append(struct directory_writer *writer, struct slice bytes, struct ssql_error *error)
{
    while (bytes.size > 0) {
        if (writer->pending_size == 0 && bytes.size >= DIRECTORY_WRITE_SIZE)
            return write_out(writer, bytes, false, error);
        size_t room = DIRECTORY_WRITE_SIZE - writer->pending_size;
        size_t taken = bytes.size < room ? bytes.size : room;
        memcpy(writer->pending + writer->pending_size, bytes.data, taken);
        writer->pending_size += taken;
        bytes = slice_make(bytes.data + taken, bytes.size - taken);
        if (writer->pending_size < DIRECTORY_WRITE_SIZE)
            break;
        enum volume_status status = write_pending(writer, false, error);
        if (status != VOLUME_OK)
            return status;
    }
    return VOLUME_OK;
}

static enum volume_status fail_again(const struct directory_writer *writer, struct ssql_error *error)
{
    if (error != NULL)
        *error = writer->failure_error;
    return writer->failure;
}

enum volume_status directory_object_append(struct object_writer *base, struct slice bytes, struct ssql_error *error)
{
    struct directory_writer *writer = (struct directory_writer *)base;

    if (writer->failure == VOLUME_OK)
        writer->failure = append(writer, bytes, &writer->failure_error);
    return writer->failure == VOLUME_OK ? VOLUME_OK : fail_again(writer, error);
}

/* Up to here a failure means that nothing is visible; after the rename nobody can tell. */
static enum volume_status publish(struct directory_writer *writer, struct ssql_error *error)
{
    const char *leaf = strrchr(writer->name, '/') + 1;
    int result = directory_rename_new(writer->parent_fd, writer->part, writer->parent_fd, leaf);

    if (result != 0)
        return directory_fail_writing(writer->directory, error, result, "create", writer->name);
    writer->part[0] = '\0';
    if (fsync(writer->parent_fd) != 0)
        return directory_fail_unknown(writer->directory, error, errno, "sync the directory of", writer->name);
    return VOLUME_OK;
}

static enum volume_status finish(struct directory_writer *writer, struct ssql_error *error)
{
    if (writer->failure != VOLUME_OK)
        return fail_again(writer, error);
    enum volume_status status = write_pending(writer, true, error);
    if (status != VOLUME_OK)
        return status;
    if (writer->reserved > writer->written && ftruncate(writer->fd, (off_t)writer->written) != 0)
        return directory_fail_writing(writer->directory, error, errno, "cut", writer->name);
    if (fsync(writer->fd) != 0)
        return directory_fail_writing(writer->directory, error, errno, "sync", writer->name);
    return publish(writer, error);
}

enum volume_status directory_object_finish(struct object_writer *base, struct ssql_error *error)
{
    struct directory_writer *writer = (struct directory_writer *)base;
    enum volume_status status = finish(writer, error);

    directory_object_abandon(base);
    return status;
}

void directory_object_abandon(struct object_writer *base)
{
    struct directory_writer *writer = (struct directory_writer *)base;

    if (writer->part[0] != '\0' && writer->fd >= 0)
        unlinkat(writer->parent_fd, writer->part, 0);
    free_writer(writer);
}

static enum volume_status check_size(struct volume_directory *directory, int fd, const char *name, uint64_t size,
                                     struct ssql_error *error)
{
    struct stat status;

    if (fstat(fd, &status) != 0)
        return directory_fail_reading(directory, error, errno, "look at", name);
    if (S_ISREG(status.st_mode) && (uint64_t)status.st_size == size)
        return VOLUME_OK;
    return volume_fail(error, VOLUME_CORRUPT, SSQL_CORRUPT, "\"%s/%s\" is damaged: it has %lld bytes instead of %llu",
                       directory->path, name, (long long)status.st_size, (unsigned long long)size);
}

enum volume_status directory_object_open(struct volume *volume, const char *name, uint64_t size, struct object **out,
                                         struct ssql_error *error)
{
    struct volume_directory *directory = directory_of(volume);
    int fd;
    enum volume_status status = directory_open_file(directory, name, O_RDONLY, &fd, error);

    if (status != VOLUME_OK)
        return status;
    status = check_size(directory, fd, name, size, error);
    struct directory_object *object = status == VOLUME_OK ? calloc(1, sizeof *object) : NULL;
    if (object == NULL) {
        close(fd);
        return status != VOLUME_OK ? status : volume_no_memory(error);
    }
    object->base.operations = volume->operations;
    volume_copy_name(object->base.name, name);
    object->directory = directory;
    object->fd = fd;
    *out = &object->base;
    return VOLUME_OK;
}

enum volume_status directory_object_read(struct object *base, const struct object_range *ranges, size_t count,
                                         struct ssql_error *error)
{
    struct directory_object *object = (struct directory_object *)base;

    for (size_t i = 0; i < count; i++) {
        size_t got;
        int result = ranges[i].offset > INT64_MAX - ranges[i].size
                         ? EINVAL
                         : directory_read_all(object->fd, ranges[i].data, ranges[i].size, ranges[i].offset, &got);
        if (result != 0)
            return directory_fail_reading(object->directory, error, result, "read", base->name);
        if (got < ranges[i].size)
            return volume_fail(error, VOLUME_CORRUPT, SSQL_CORRUPT, "\"%s/%s\" is damaged: it ends before offset %llu",
                               object->directory->path, base->name,
                               (unsigned long long)(ranges[i].offset + ranges[i].size));
    }
    return VOLUME_OK;
}

void directory_object_close(struct object *base)
{
    struct directory_object *object = (struct directory_object *)base;

    close(object->fd);
    free(object);
}
