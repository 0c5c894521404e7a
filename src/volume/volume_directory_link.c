/* What a backup asks of a directory besides the rest: objects that share their bytes with another directory's, and the
 * removal of what it has begun and will not end. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "volume/volume_directory_internal.h"

/* ---- links ---- */

/* Reasons for which a copy serves: another file system, one without links, a file that is gone or has too many. */
static bool must_be_copied(int number)
{
    return number == EXDEV || number == EPERM || number == EACCES || number == EMLINK || number == EOPNOTSUPP ||
           number == ENOSYS || number == ENOENT;
}

static enum volume_status publish_link(struct volume_directory *directory, int parent_fd, const char *leaf,
                                       const char *name, uint64_t size, struct ssql_error *error)
{
    struct stat status;

    if (fstatat(parent_fd, leaf, &status, AT_SYMLINK_NOFOLLOW) != 0)
        return directory_fail_writing(directory, error, errno, "look at", name);
    if (!S_ISREG(status.st_mode) || (uint64_t)status.st_size != size)
        return volume_fail(error, VOLUME_CORRUPT, SSQL_CORRUPT, "\"%s\" is damaged: it has %lld bytes instead of %llu",
                           name, (long long)status.st_size, (unsigned long long)size);
    if (fsync(parent_fd) != 0)
        return directory_fail_unknown(directory, error, errno, "sync the directory of", name);
    return VOLUME_OK;
}

enum volume_status directory_object_link(struct volume *from, const char *name, uint64_t size, struct volume *to,
                                         bool *is_linked, struct ssql_error *error)
{
    struct volume_directory *directory = directory_of(to);
    const char *leaf;
    int from_fd, parent_fd;

    if (from->operations != to->operations)
        return VOLUME_OK;
    if (directory_open_parent(directory_of(from), name, false, &from_fd, &leaf, NULL) != VOLUME_OK)
        return VOLUME_OK; /* the copy will tell what is wrong there */
    enum volume_status status = directory_open_parent(directory, name, true, &parent_fd, &leaf, error);
    if (status == VOLUME_OK) {
        int number = linkat(from_fd, leaf, parent_fd, leaf, 0) == 0 ? 0 : errno;
        if (number == 0)
            status = publish_link(directory, parent_fd, leaf, name, size, error);
        else if (!must_be_copied(number))
            status = directory_fail_writing(directory, error, number, "link", name);
        *is_linked = number == 0 && status == VOLUME_OK;
        if (number == 0 && status != VOLUME_OK)
            unlinkat(parent_fd, leaf, 0);
        close(parent_fd);
    }
    close(from_fd);
    return status;
}

/* ---- giving up ---- */

static bool delete_shown(void *context, const char *name, uint64_t size)
{
    struct volume_directory *directory = context;

    (void)size;
    return unlinkat(directory->directory_fd, name, 0) == 0;
}

/* Deletes a directory whose own ones are empty. That it is not there is as good. */
static bool delete_directory(struct volume_directory *directory, const char *name)
{
    int fd = openat(directory->directory_fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
    DIR *stream = fd < 0 ? NULL : fdopendir(fd);
    const struct dirent *entry;

    if (stream == NULL) {
        bool is_gone = fd < 0 && errno == ENOENT;
        if (fd >= 0)
            close(fd);
        return is_gone;
    }
    while ((entry = readdir(stream)) != NULL)
        if (entry->d_name[0] != '.' && unlinkat(fd, entry->d_name, AT_REMOVEDIR) != 0)
            break; /* then it cannot be deleted either */
    closedir(stream);
    return unlinkat(directory->directory_fd, name, AT_REMOVEDIR) == 0;
}

static bool has_root(const struct volume_directory *directory)
{
    return faccessat(directory->directory_fd, DIRECTORY_ROOT_REGISTER, F_OK, AT_SYMLINK_NOFOLLOW) == 0 ||
           errno != ENOENT;
}

static bool delete_file(const struct volume_directory *directory, const char *leaf)
{
    return unlinkat(directory->directory_fd, leaf, 0) == 0 || errno == ENOENT;
}

/* The mark goes when nothing is left that it marks, the lock last of all. */
static bool delete_all(struct volume_directory *directory)
{
    struct ssql_error ignored;

    return volume_list(&directory->base, delete_shown, directory, &ignored) == VOLUME_OK &&
           delete_directory(directory, "tables") && delete_directory(directory, "wal") &&
           delete_file(directory, DIRECTORY_ROOT_REGISTER DIRECTORY_ASIDE_SUFFIX) &&
           delete_file(directory, DIRECTORY_MARK_REGISTER DIRECTORY_ASIDE_SUFFIX) &&
           delete_file(directory, DIRECTORY_MARK_REGISTER) && delete_file(directory, DIRECTORY_LOCK_NAME);
}

void volume_directory_discard(struct volume *volume)
{
    struct volume_directory *directory = directory_of(volume);

    if (directory->directory_fd < 0 || has_root(directory))
        return;
    if (directory->lock_fd >= 0 && !delete_all(directory))
        return;
    if (directory->has_made_root && rmdir(directory->path) != 0)
        return; /* somebody else has put something there */
}

static bool delete_root(const char *path)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (fd < 0)
        return errno == ENOENT;
    bool is_gone = (unlinkat(fd, DIRECTORY_ROOT_REGISTER, 0) == 0 || errno == ENOENT) && fsync(fd) == 0;
    close(fd);
    return is_gone;
}

bool volume_directory_delete(const char *path)
{
    const struct volume_directory_options how = {.must_exist = true};
    struct volume *volume;
    struct ssql_error ignored;
    bool is_open = volume_directory_open(path, &how, &volume, &ignored); /* takes the lock, while there is a manifest */
    bool is_gone = delete_root(path);

    if (is_open && is_gone)
        volume_directory_discard(volume);
    if (is_open)
        volume_close(volume);
    return is_gone;
}
