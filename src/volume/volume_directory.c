#include "volume/volume_directory_internal.h"

#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- system errors ---- */

static enum volume_status fail(const struct volume_directory *directory, struct ssql_error *error,
                               enum volume_status status, enum ssql_code code, int number, const char *doing,
                               const char *name)
{
    char text[128];
    const char *reason = strerror_r(number, text, sizeof text);

    return volume_fail(error, status, code, "cannot %s \"%s%s%s\": %s", doing, directory->path, name == NULL ? "" : "/",
                       name == NULL ? "" : name, reason);
}

enum volume_status directory_fail_reading(const struct volume_directory *directory, struct ssql_error *error,
                                          int number, const char *doing, const char *name)
{
    switch (number) {
    case ENOENT:
    case ENOTDIR: return fail(directory, error, VOLUME_NOT_FOUND, SSQL_CANNOT_OPEN, number, doing, name);
    case ENOMEM: return volume_no_memory(error);
    case EMFILE:
    case ENFILE:
        fail(directory, error, VOLUME_UNAVAILABLE, SSQL_TOO_MANY_OPEN, number, doing, name);
        error_hint(error, "raise the limit of open files (ulimit -n)");
        return VOLUME_UNAVAILABLE;
    default: return fail(directory, error, VOLUME_UNAVAILABLE, SSQL_IO, number, doing, name);
    }
}

enum volume_status directory_fail_writing(const struct volume_directory *directory, struct ssql_error *error,
                                          int number, const char *doing, const char *name)
{
    switch (number) {
    case ENOSPC:
    case EDQUOT:
    case EFBIG: return fail(directory, error, VOLUME_NO_SPACE, SSQL_DISK_FULL, number, doing, name);
    case EEXIST: return fail(directory, error, VOLUME_EXISTS, SSQL_INTERNAL, number, doing, name);
    case EROFS:
    case EACCES:
    case EPERM:
        fail(directory, error, VOLUME_UNAVAILABLE, SSQL_READ_ONLY, number, doing, name);
        error_hint(error, "open it read-only, or get the permission to write there");
        return VOLUME_UNAVAILABLE;
    default: return directory_fail_reading(directory, error, number, doing, name);
    }
}

enum volume_status directory_fail_unknown(const struct volume_directory *directory, struct ssql_error *error,
                                          int number, const char *doing, const char *name)
{
    return fail(directory, error, VOLUME_UNKNOWN, SSQL_UNKNOWN_OUTCOME, number, doing, name);
}

enum volume_status directory_fail_corrupt(const struct volume_directory *directory, struct ssql_error *error,
                                          const char *name, const char *what)
{
    return volume_fail(error, VOLUME_CORRUPT, SSQL_CORRUPT, "\"%s/%s\" is damaged: %s", directory->path, name, what);
}

/* ---- system calls, whole ---- */

int directory_write_all(int fd, const uint8_t *data, size_t size, uint64_t offset)
{
    while (size > 0) {
        ssize_t written = pwrite(fd, data, size, (off_t)offset);
        if (written < 0 && errno == EINTR)
            continue;
        if (written <= 0)
            return written < 0 ? errno : EIO;
        data += written;
        size -= (size_t)written;
        offset += (uint64_t)written;
    }
    return 0;
}

int directory_read_all(int fd, uint8_t *data, size_t size, uint64_t offset, size_t *got)
{
    *got = 0;
    while (*got < size) {
        ssize_t count = pread(fd, data + *got, size - *got, (off_t)(offset + *got));
        if (count < 0 && errno == EINTR)
            continue;
        if (count < 0)
            return errno;
        if (count == 0)
            break;
        *got += (size_t)count;
    }
    return 0;
}

int directory_rename_new(int parent_fd, const char *from, int to_parent_fd, const char *to)
{
    if (renameat2(parent_fd, from, to_parent_fd, to, RENAME_NOREPLACE) == 0)
        return 0;
    if (errno != EINVAL && errno != ENOSYS)
        return errno;
    /* A file system without that flag: the lock keeps other writers out, so a look before is as good. */
    if (faccessat(to_parent_fd, to, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
        return EEXIST;
    return renameat(parent_fd, from, to_parent_fd, to) == 0 ? 0 : errno;
}

/* ---- directories ---- */

/* The entry of a new directory is durable when its parent is synced. */
static enum volume_status sync_parent_of_root(struct volume_directory *directory, struct ssql_error *error)
{
    int parent_fd = openat(directory->directory_fd, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (parent_fd < 0) {
        /* A parent that may be passed but not read cannot be synced; it is not ours to judge. */
        return errno == EACCES ? VOLUME_OK
                               : directory_fail_writing(directory, error, errno, "open the parent of", NULL);
    }
    int result = fsync(parent_fd) == 0 || errno == EINVAL ? 0 : errno;
    close(parent_fd);
    return result == 0 ? VOLUME_OK : directory_fail_unknown(directory, error, result, "sync the parent of", NULL);
}

static enum volume_status make_root(struct volume_directory *directory, struct ssql_error *error)
{
    directory->has_made_root = mkdir(directory->path, 0777) == 0;
    if (!directory->has_made_root && errno != EEXIST)
        return directory_fail_writing(directory, error, errno, "create", NULL);
    int fd = open(directory->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return directory_fail_writing(directory, error, errno, "open", NULL);
    directory->directory_fd = fd;
    return sync_parent_of_root(directory, error);
}

static enum volume_status prepare_write_locked(struct volume_directory *directory, struct ssql_error *error)
{
    if (directory->lock_fd >= 0)
        return VOLUME_OK;
    enum volume_status status = directory->directory_fd < 0 ? make_root(directory, error) : VOLUME_OK;
    return status != VOLUME_OK ? status : directory_lock(directory, error);
}

enum volume_status directory_prepare_write(struct volume_directory *directory, struct ssql_error *error)
{
    pthread_mutex_lock(&directory->mutex);
    enum volume_status status = prepare_write_locked(directory, error);
    pthread_mutex_unlock(&directory->mutex);
    return status;
}

static bool is_known_durable(const struct volume_directory *directory, const char *name, size_t length)
{
    for (size_t i = 0; i < directory->durable_count; i++)
        if (strncmp(directory->durable_names[i], name, length) == 0 && directory->durable_names[i][length] == '\0')
            return true;
    return false;
}

static bool note_durable(struct volume_directory *directory, const char *name, size_t length)
{
    if (directory->durable_count == directory->durable_capacity) {
        size_t capacity = directory->durable_capacity == 0 ? 16 : directory->durable_capacity * 2;
        char **names = realloc(directory->durable_names, capacity * sizeof *names);
        if (names == NULL)
            return false;
        directory->durable_names = names;
        directory->durable_capacity = capacity;
    }
    char *copy = strndup(name, length);
    if (copy == NULL)
        return false;
    directory->durable_names[directory->durable_count++] = copy;
    return true;
}

/* Makes name[0..length) if needed. Even if it is there, a process that died may have made it without syncing its
 * parent. */
static enum volume_status make_subdirectory(struct volume_directory *directory, const char *name, size_t length,
                                            struct ssql_error *error)
{
    char path[VOLUME_NAME_SIZE];

    if (is_known_durable(directory, name, length))
        return VOLUME_OK;
    memcpy(path, name, length);
    path[length] = '\0';
    if (mkdirat(directory->directory_fd, path, 0777) != 0 && errno != EEXIST)
        return directory_fail_writing(directory, error, errno, "create", path);
    char *slash = strrchr(path, '/');
    if (slash != NULL)
        *slash = '\0';
    int parent_fd = slash == NULL ? dup(directory->directory_fd)
                                  : openat(directory->directory_fd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (parent_fd < 0)
        return directory_fail_writing(directory, error, errno, "open", slash == NULL ? NULL : path);
    int result = fsync(parent_fd) == 0 ? 0 : errno;
    close(parent_fd);
    if (result != 0)
        return directory_fail_unknown(directory, error, result, "sync", slash == NULL ? NULL : path);
    return note_durable(directory, name, length) ? VOLUME_OK : volume_no_memory(error);
}

static enum volume_status make_subdirectories(struct volume_directory *directory, const char *name,
                                              struct ssql_error *error)
{
    enum volume_status status = VOLUME_OK;

    for (const char *slash = strchr(name, '/'); slash != NULL && status == VOLUME_OK; slash = strchr(slash + 1, '/'))
        status = make_subdirectory(directory, name, (size_t)(slash - name), error);
    return status;
}

static enum volume_status open_parent_locked(struct volume_directory *directory, const char *name, bool make,
                                             int *parent_fd, const char **leaf, struct ssql_error *error)
{
    const char *slash = strrchr(name, '/');
    char parent[VOLUME_NAME_SIZE];

    assert(slash != NULL); /* objects and logs are never at the top */
    *leaf = slash + 1;
    if (make) {
        enum volume_status status = prepare_write_locked(directory, error);
        if (status == VOLUME_OK)
            status = make_subdirectories(directory, name, error);
        if (status != VOLUME_OK)
            return status;
    }
    if (directory->directory_fd < 0)
        return directory_fail_reading(directory, error, ENOENT, "open", name);
    memcpy(parent, name, (size_t)(slash - name));
    parent[slash - name] = '\0';
    *parent_fd = openat(directory->directory_fd, parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return *parent_fd >= 0 ? VOLUME_OK : directory_fail_reading(directory, error, errno, "open", name);
}

enum volume_status directory_open_parent(struct volume_directory *directory, const char *name, bool make,
                                         int *parent_fd, const char **leaf, struct ssql_error *error)
{
    *parent_fd = -1;
    pthread_mutex_lock(&directory->mutex);
    enum volume_status status = open_parent_locked(directory, name, make, parent_fd, leaf, error);
    pthread_mutex_unlock(&directory->mutex);
    return status;
}

/* -1 while the root is not there; with the first write it may come into being in another thread. */
static int root_fd(struct volume_directory *directory)
{
    pthread_mutex_lock(&directory->mutex);
    int fd = directory->directory_fd;
    pthread_mutex_unlock(&directory->mutex);
    return fd;
}

enum volume_status directory_open_file(struct volume_directory *directory, const char *name, int flags, int *fd,
                                       struct ssql_error *error)
{
    int root = root_fd(directory);

    *fd = -1;
    if (root < 0)
        return directory_fail_reading(directory, error, ENOENT, "open", name);
    do
        *fd = openat(root, name, flags | O_CLOEXEC | O_NOFOLLOW);
    while (*fd < 0 && errno == EINTR);
    if (*fd >= 0)
        return VOLUME_OK;
    return (flags & O_ACCMODE) == O_RDONLY ? directory_fail_reading(directory, error, errno, "open", name)
                                           : directory_fail_writing(directory, error, errno, "open", name);
}

enum volume_status directory_delete(struct volume *volume, const char *name, struct ssql_error *error)
{
    struct volume_directory *directory = directory_of(volume);
    int root = root_fd(directory);

    if (root < 0)
        return VOLUME_OK;
    enum volume_status status = directory_prepare_write(directory, error);
    if (status != VOLUME_OK)
        return status;
    if (unlinkat(root, name, 0) == 0 || errno == ENOENT)
        return VOLUME_OK;
    return directory_fail_writing(directory, error, errno, "delete", name);
}

/* ---- listing ---- */

struct listing {
    bool (*visit)(void *context, const char *name, uint64_t size);
    void *context;
    bool stopped;
};

enum { LISTING_DEPTH = 8 };

static enum volume_status list_directory(struct volume_directory *directory, int parent_fd, const char *prefix,
                                         int depth, struct listing *listing, struct ssql_error *error);

/* Registers and the lock, all files at the top, are not shown; nor is what has a name that we never give. */
static enum volume_status list_entry(struct volume_directory *directory, int parent_fd, const char *prefix,
                                     const char *leaf, int depth, struct listing *listing, struct ssql_error *error)
{
    char name[VOLUME_NAME_SIZE + NAME_MAX];
    struct stat status;

    int length = snprintf(name, sizeof name, "%s%s", prefix, leaf);
    if (length >= VOLUME_NAME_SIZE || leaf[0] == '.')
        return VOLUME_OK;
    if (fstatat(parent_fd, leaf, &status, AT_SYMLINK_NOFOLLOW) != 0)
        return errno == ENOENT ? VOLUME_OK : directory_fail_reading(directory, error, errno, "look at", name);
    if (S_ISREG(status.st_mode)) {
        if (prefix[0] != '\0')
            listing->stopped = !listing->visit(listing->context, name, (uint64_t)status.st_size);
        return VOLUME_OK;
    }
    if (!S_ISDIR(status.st_mode) || depth == LISTING_DEPTH)
        return VOLUME_OK;
    int fd = openat(parent_fd, leaf, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0)
        return errno == ENOENT ? VOLUME_OK : directory_fail_reading(directory, error, errno, "open", name);
    name[length] = '/';
    name[length + 1] = '\0';
    return list_directory(directory, fd, name, depth + 1, listing, error);
}

/* Closes `parent_fd`. */
static enum volume_status list_directory(struct volume_directory *directory, int parent_fd, const char *prefix,
                                         int depth, struct listing *listing, struct ssql_error *error)
{
    enum volume_status status = VOLUME_OK;
    DIR *stream = fdopendir(parent_fd);

    if (stream == NULL) {
        status = directory_fail_reading(directory, error, errno, "list", prefix);
        close(parent_fd);
        return status;
    }
    while (status == VOLUME_OK && !listing->stopped) {
        errno = 0;
        const struct dirent *entry = readdir(stream);
        if (entry == NULL) {
            if (errno != 0)
                status = directory_fail_reading(directory, error, errno, "list", prefix);
            break;
        }
        status = list_entry(directory, dirfd(stream), prefix, entry->d_name, depth, listing, error);
    }
    closedir(stream);
    return status;
}

static enum volume_status directory_list(struct volume *volume,
                                         bool (*visit)(void *context, const char *name, uint64_t size), void *context,
                                         struct ssql_error *error)
{
    struct volume_directory *directory = directory_of(volume);
    struct listing listing = {.visit = visit, .context = context};
    int root = root_fd(directory);

    if (root < 0)
        return VOLUME_OK;
    int fd = openat(root, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return directory_fail_reading(directory, error, errno, "open", NULL);
    return list_directory(directory, fd, "", 0, &listing, error);
}

/* ---- opening and closing ---- */

static bool directory_is_writable(const struct volume *volume)
{
    return !((const struct volume_directory *)volume)->is_read_only;
}

static const char *directory_path(const struct volume *volume)
{
    return ((const struct volume_directory *)volume)->path;
}

static void directory_close(struct volume *volume)
{
    struct volume_directory *directory = directory_of(volume);

    if (directory->lock_fd >= 0)
        close(directory->lock_fd);
    if (directory->directory_fd >= 0)
        close(directory->directory_fd);
    for (size_t i = 0; i < directory->durable_count; i++)
        free(directory->durable_names[i]);
    free(directory->durable_names);
    pthread_mutex_destroy(&directory->mutex);
    pthread_mutex_destroy(&directory->register_mutex);
    free(directory->path);
    free(directory);
}

static const struct volume_operations directory_operations = {
    .object_create = directory_object_create,
    .object_append = directory_object_append,
    .object_finish = directory_object_finish,
    .object_abandon = directory_object_abandon,
    .object_open = directory_object_open,
    .object_read = directory_object_read,
    .object_close = directory_object_close,
    .object_delete = directory_delete,
    .object_link = directory_object_link,
    .log_create = directory_log_create,
    .log_append = directory_log_append,
    .log_sync = directory_log_sync,
    .log_size = directory_log_size,
    .log_close = directory_log_close,
    .log_open_reader = directory_log_open_reader,
    .log_read = directory_log_read,
    .log_close_reader = directory_log_close_reader,
    .log_seal = directory_log_seal,
    .log_delete = directory_delete,
    .register_read = directory_register_read,
    .register_swap = directory_register_swap,
    .scratch_create = directory_scratch_create,
    .scratch_append = directory_scratch_append,
    .scratch_size = directory_scratch_size,
    .scratch_read = directory_scratch_read,
    .scratch_close = directory_scratch_close,
    .list = directory_list,
    .is_writable = directory_is_writable,
    .path = directory_path,
    .close = directory_close,
};

enum directory_content {
    CONTENT_NOTHING,
    CONTENT_DATABASE,
    CONTENT_FOREIGN,
    CONTENT_HEADLESS,
    CONTENT_UNFINISHED, /* a backup that came to no end */
};

/* What a process that died before its first manifest may leave does not make a directory somebody else's. */
static bool is_own_leftover(const char *leaf)
{
    return strcmp(leaf, ".") == 0 || strcmp(leaf, "..") == 0 || strcmp(leaf, DIRECTORY_LOCK_NAME) == 0 ||
           strcmp(leaf, DIRECTORY_ROOT_REGISTER DIRECTORY_ASIDE_SUFFIX) == 0 || strcmp(leaf, "wal") == 0 ||
           strcmp(leaf, "tables") == 0;
}

/* Of a directory that holds nothing but what has our names, so the file has one, too. */
static bool note_first_file(void *context, const char *name, uint64_t size)
{
    (void)name;
    (void)size;
    *(bool *)context = true;
    return false;
}

/* No log and no object is made before the first manifest. Where there is one without it, the manifest was lost, and a
 * new database in its place would bury the rows. */
static enum volume_status look_for_headless(struct volume_directory *directory, enum directory_content *content,
                                            struct ssql_error *error)
{
    bool is_found = false;
    enum volume_status status = directory_list(&directory->base, note_first_file, &is_found, error);

    if (!is_found)
        return status;
    /* Unless somebody else has just made it. */
    bool is_there = faccessat(directory->directory_fd, DIRECTORY_ROOT_REGISTER, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
    *content = is_there ? CONTENT_DATABASE : CONTENT_HEADLESS;
    return VOLUME_OK;
}

static enum volume_status look_inside(struct volume_directory *directory, enum directory_content *content,
                                      struct ssql_error *error)
{
    int fd = openat(directory->directory_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *stream = fd < 0 ? NULL : fdopendir(fd);
    const struct dirent *entry;
    bool is_marked = false;

    *content = CONTENT_NOTHING;
    if (stream == NULL) {
        enum volume_status status = directory_fail_reading(directory, error, errno, "list", NULL);
        if (fd >= 0)
            close(fd);
        return status;
    }
    while (errno = 0, (entry = readdir(stream)) != NULL) {
        if (strcmp(entry->d_name, DIRECTORY_ROOT_REGISTER) == 0) {
            *content = CONTENT_DATABASE;
            break;
        }
        if (strcmp(entry->d_name, DIRECTORY_MARK_REGISTER) == 0 ||
            strcmp(entry->d_name, DIRECTORY_MARK_REGISTER DIRECTORY_ASIDE_SUFFIX) == 0)
            is_marked = true;
        else if (!is_own_leftover(entry->d_name))
            *content = CONTENT_FOREIGN;
    }
    int number = entry == NULL ? errno : 0;
    closedir(stream);
    if (number != 0)
        return directory_fail_reading(directory, error, number, "list", NULL);
    if (*content == CONTENT_NOTHING && is_marked)
        *content = CONTENT_UNFINISHED;
    return *content == CONTENT_NOTHING ? look_for_headless(directory, content, error) : VOLUME_OK;
}

/* Told at once, although nothing is written yet: nobody should work for an hour and fail at the first commit. */
static bool check_permission(struct volume_directory *directory, struct ssql_error *error)
{
    if (directory->is_read_only || faccessat(directory->directory_fd, ".", W_OK, AT_EACCESS) == 0)
        return true;
    directory_fail_writing(directory, error, errno, "write in", NULL);
    return false;
}

/* Before the lock's file is made: what is damaged, newer or somebody else's is left as it is. */
static bool root_is_readable(struct volume_directory *directory, struct ssql_error *error)
{
    struct buffer value = {0};
    uint64_t version;
    enum volume_status status =
        directory_register_read(&directory->base, DIRECTORY_ROOT_REGISTER, &value, &version, error);

    buffer_clear(&value);
    return status == VOLUME_OK;
}

/* The directory is there: is it a database, empty, or somebody else's? */
static bool open_existing(struct volume_directory *directory, const struct volume_directory_options *options,
                          bool must_exist, struct ssql_error *error)
{
    enum directory_content content;

    if (look_inside(directory, &content, error) != VOLUME_OK)
        return false;
    if (content == CONTENT_FOREIGN) {
        error_set(error, SSQL_CANNOT_OPEN, NO_SPAN, "\"%s\" is no ssql database: it holds other files and no %s",
                  directory->path, DIRECTORY_ROOT_REGISTER);
        return error_hint(error, "give the path of a database, or of a directory that is new or empty");
    }
    if (content == CONTENT_HEADLESS && !options->takes_headless) {
        directory_fail_corrupt(directory, error, DIRECTORY_ROOT_REGISTER,
                               "it is missing, but files of a database are there");
        return false;
    }
    if (content == CONTENT_UNFINISHED && !options->takes_unfinished && !options->takes_headless) {
        error_set(error, SSQL_CANNOT_OPEN, NO_SPAN, "\"%s\" is a backup that was not finished", directory->path);
        return error_hint(error, "run the backup again, or delete the directory");
    }
    if (content == CONTENT_NOTHING && must_exist) {
        error_set(error, SSQL_CANNOT_OPEN, NO_SPAN, "there is no database in \"%s\": the directory is empty",
                  directory->path);
        return error_hint(error, "open it for writing to make one there");
    }
    if (!check_permission(directory, error))
        return false;
    /* An empty directory is locked with the first write, which is also when the first file appears. */
    if (content == CONTENT_UNFINISHED && !directory->is_read_only)
        return directory_lock(directory, error) == VOLUME_OK;
    return directory->is_read_only || content == CONTENT_NOTHING ||
           (root_is_readable(directory, error) && directory_lock(directory, error) == VOLUME_OK);
}

/* Nothing is made before the first write, yet where it could not be made is said at once. */
static bool check_can_be_made(struct volume_directory *directory, struct ssql_error *error)
{
    struct stat status;

    if (lstat(directory->path, &status) == 0)
        return error_set(error, SSQL_CANNOT_OPEN, NO_SPAN, "\"%s\" is a link to nothing", directory->path);
    char *parent = strdup(directory->path);
    if (parent == NULL)
        return error_no_memory(error);
    const char *name = dirname(parent);
    bool can_be_made = access(name, W_OK | X_OK) == 0;
    if (!can_be_made && errno == ENOENT)
        error_set(error, SSQL_CANNOT_OPEN, NO_SPAN, "\"%s\" cannot be made: there is no directory \"%s\"",
                  directory->path, name);
    else if (!can_be_made)
        directory_fail_writing(directory, error, errno, "create", NULL);
    free(parent);
    return can_be_made;
}

static bool open_absent(struct volume_directory *directory, bool must_exist, struct ssql_error *error)
{
    if (!must_exist)
        return check_can_be_made(directory, error);
    error_set(error, SSQL_CANNOT_OPEN, NO_SPAN, "there is no database \"%s\"", directory->path);
    return error_hint(error, "look for a mistyped path, or open it for writing to make a new one");
}

static bool open_root(struct volume_directory *directory, const struct volume_directory_options *options,
                      struct ssql_error *error)
{
    bool must_exist = options->must_exist || options->read_only;
    struct stat status;

    if (stat(directory->path, &status) != 0) {
        if (errno == ENOENT)
            return open_absent(directory, must_exist, error);
        directory_fail_reading(directory, error, errno, "open", NULL);
        return false;
    }
    if (!S_ISDIR(status.st_mode)) {
        error_set(error, SSQL_CANNOT_OPEN, NO_SPAN, "\"%s\" is a file; a database is a directory", directory->path);
        return error_hint(error, "a script is run with -f");
    }
    directory->directory_fd = open(directory->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (directory->directory_fd < 0) {
        directory_fail_reading(directory, error, errno, "open", NULL);
        return false;
    }
    return open_existing(directory, options, must_exist, error);
}

bool volume_directory_open(const char *path, const struct volume_directory_options *options, struct volume **volume,
                           struct ssql_error *error)
{
    *volume = NULL;
    if (path[0] == '\0') {
        error_set(error, SSQL_CANNOT_OPEN, NO_SPAN, "the path of the database is empty");
        return error_hint(error, "\":memory:\" is a database that is gone when closed");
    }
    struct volume_directory *directory = calloc(1, sizeof *directory);
    char *path_copy = strdup(path);
    if (directory == NULL || path_copy == NULL) {
        free(directory);
        free(path_copy);
        return error_no_memory(error);
    }
    directory->base.operations = &directory_operations;
    directory->path = path_copy;
    directory->is_read_only = options->read_only;
    directory->directory_fd = -1;
    directory->lock_fd = -1;
    int failed = pthread_mutex_init(&directory->mutex, NULL) | pthread_mutex_init(&directory->register_mutex, NULL);
    assert(failed == 0); /* with default attributes they cannot fail */
    if (!open_root(directory, options, error)) {
        directory_close(&directory->base);
        return false;
    }
    *volume = &directory->base;
    return true;
}
