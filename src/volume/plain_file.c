#include "volume/plain_file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

struct plain_file_reader {
    int fd;
    struct cancellation *cancellation;
    bool can_rewind;
    off_t start; /* where it was opened; not 0 where somebody has read before (/dev/stdin) */
    uint64_t size;
    char path[]; /* as the user wrote it */
};

struct plain_file_writer {
    int fd;
    struct cancellation *cancellation;
    int directory_fd; /* of the target; -1 when it is written in place */
    bool is_aside;
    mode_t mode;      /* of the file whose place is taken */
    char *target;     /* the path with its links resolved */
    const char *leaf; /* within `target` */
    char part[NAME_MAX + 1];
    char path[]; /* as the user wrote it */
};

/* ---- what system errors mean ---- */

static bool fail(struct ssql_error *error, int number, const char *doing, const char *path)
{
    enum ssql_code code = SSQL_IO;
    char text[128];

    switch (number) {
    case ENOMEM: return error_no_memory(error);
    case EINTR: return error_set(error, SSQL_INTERRUPTED, NO_SPAN, "the statement was interrupted");
    case ENOENT:
    case ENOTDIR:
    case EISDIR:
    case ELOOP:
    case ENXIO:
    case ENODEV:
    case EBADF:
    case ENAMETOOLONG:
    case EACCES:
    case EPERM: code = SSQL_CANNOT_OPEN; break;
    case EROFS: code = SSQL_READ_ONLY; break;
    case ENOSPC:
    case EDQUOT:
    case EFBIG: code = SSQL_DISK_FULL; break;
    case EMFILE:
    case ENFILE: code = SSQL_TOO_MANY_OPEN; break;
    default: break;
    }
    error_set(error, code, NO_SPAN, "cannot %s \"%s\": %s", doing, path, strerror_r(number, text, sizeof text));
    if (code == SSQL_TOO_MANY_OPEN)
        error_hint(error, "raise the limit of open files (ulimit -n)");
    return false;
}

/* The same where the right to write is missing. */
static bool fail_writing(struct ssql_error *error, int number, const char *doing, const char *path)
{
    fail(error, number, doing, path);
    if (error != NULL && (number == EACCES || number == EPERM))
        error->code = SSQL_READ_ONLY;
    return false;
}

/* Whether the call that has just failed was ended by a signal which asks for nothing. */
static bool may_restart(struct cancellation *cancellation)
{
    if (errno != EINTR)
        return false;
    bool may = cancellation_check(cancellation, NULL); /* which may call the program, and that anything */
    errno = EINTR;
    return may;
}

static int open_restarting(int directory_fd, const char *path, int flags, mode_t mode,
                           struct cancellation *cancellation)
{
    int fd;

    do
        fd = openat(directory_fd, path, flags | O_CLOEXEC | O_NOCTTY, mode);
    while (fd < 0 && may_restart(cancellation));
    return fd;
}

/* ---- what the process has open already ---- */

/* The number of the descriptor that a path of the system's tree names: /dev/stdout, /dev/fd/1, /proc/self/fd/1. */
static int descriptor_of_name(const char *path)
{
    static const char *const standard[] = {"/dev/stdin", "/dev/stdout", "/dev/stderr"};
    static const char *const folders[] = {"/dev/fd/", "/proc/self/fd/", "/proc/thread-self/fd/"};
    char own[48];

    for (int i = 0; i < 3; i++)
        if (strcmp(path, standard[i]) == 0)
            return i;
    snprintf(own, sizeof own, "/proc/%ld/fd/", (long)getpid());
    for (size_t i = 0; i < 4; i++) {
        const char *folder = i < 3 ? folders[i] : own;
        size_t size = strlen(folder),
               digits = strspn(path + (strncmp(path, folder, size) == 0 ? size : 0), "0123456789");
        if (strncmp(path, folder, size) == 0 && digits > 0 && digits < 7 && path[size + digits] == '\0')
            return atoi(path + size);
    }
    return -1;
}

/* The path, which is shorter than PATH_MAX, without links among its folders, which may lead into the system's tree; its
 * last part stays. False: there is no such folder, or no memory, or it is longer now. */
static bool resolve_folder(const char *path, char resolved[PATH_MAX])
{
    char folder[PATH_MAX] = ".";
    const char *slash = strrchr(path, '/');
    const char *leaf = slash == NULL ? path : slash + 1;

    memcpy(folder, path, (size_t)(leaf - path));
    if (realpath(folder, resolved) == NULL)
        return false;
    size_t used = strlen(resolved);
    int size = snprintf(resolved + used, PATH_MAX - used, "%s%s", resolved[used - 1] == '/' ? "" : "/", leaf);
    return (size_t)size < PATH_MAX - used;
}

/* Follows a path link by link until it names a descriptor of this process: what it leads to may be a regular file
 * (ssql ... >file), which is not ours to replace, or to write from its begin. -1: it names none. */
static int find_descriptor(const char *path)
{
    enum { LINKS_MOST = 40 };
    char at[PATH_MAX], link[PATH_MAX];

    if (strlen(path) >= sizeof at)
        return -1;
    strcpy(at, path);
    for (int links = 0; links < LINKS_MOST; links++) {
        char resolved[PATH_MAX];
        int descriptor = descriptor_of_name(at);
        if (descriptor < 0 && resolve_folder(at, resolved))
            descriptor = descriptor_of_name(resolved);
        else if (descriptor < 0)
            return -1;
        if (descriptor >= 0)
            return descriptor;
        ssize_t size = readlink(resolved, link, sizeof link - 1);
        if (size < 0)
            return -1;
        link[size] = '\0';
        char *slash = strrchr(resolved, '/');
        size_t kept = link[0] == '/' ? 0 : (size_t)(slash - resolved) + 1;
        if (kept + (size_t)size >= sizeof at)
            return -1;
        memcpy(at, resolved, kept);
        memcpy(at + kept, link, (size_t)size + 1);
    }
    return -1;
}

/* A second number for a descriptor that is open, with the place in the file shared; -1 with errno. */
static int open_descriptor(int descriptor)
{
    return fcntl(descriptor, F_DUPFD_CLOEXEC, 3);
}

/* ---- reading ---- */

bool plain_file_open(const char *path, struct cancellation *cancellation, struct plain_file_reader **out,
                     struct ssql_error *error)
{
    size_t path_size = strlen(path) + 1;
    struct plain_file_reader *reader = calloc(1, sizeof *reader + path_size);
    struct stat status;

    *out = NULL;
    if (reader == NULL)
        return error_no_memory(error);
    memcpy(reader->path, path, path_size);
    reader->cancellation = cancellation;
    int descriptor = find_descriptor(path);
    reader->fd =
        descriptor >= 0 ? open_descriptor(descriptor) : open_restarting(AT_FDCWD, path, O_RDONLY, 0, cancellation);
    int number = reader->fd < 0 ? errno : fstat(reader->fd, &status) != 0 ? errno : 0;
    if (number == 0 && S_ISDIR(status.st_mode))
        number = EISDIR;
    if (number != 0) {
        plain_file_close(reader);
        return fail(error, number, "open", path);
    }
    if (S_ISREG(status.st_mode)) {
        reader->start = lseek(reader->fd, 0, SEEK_CUR);
        reader->can_rewind = reader->start >= 0;
        if (reader->can_rewind && status.st_size > reader->start)
            reader->size = (uint64_t)(status.st_size - reader->start);
        posix_fadvise(reader->fd, 0, 0, POSIX_FADV_SEQUENTIAL); /* advice: it may be declined */
    }
    *out = reader;
    return true;
}

void plain_file_close(struct plain_file_reader *reader)
{
    if (reader == NULL)
        return;
    if (reader->fd >= 0)
        close(reader->fd);
    free(reader);
}

static bool read_some(void *context, uint8_t *bytes, size_t capacity, size_t *size, struct ssql_error *error)
{
    struct plain_file_reader *reader = context;
    ssize_t count;

    do
        count = read(reader->fd, bytes, capacity < SSIZE_MAX ? capacity : SSIZE_MAX);
    while (count < 0 && may_restart(reader->cancellation));
    if (count < 0)
        return fail(error, errno, "read", reader->path);
    *size = (size_t)count;
    return true;
}

struct byte_source plain_file_source(struct plain_file_reader *reader)
{
    return (struct byte_source){.read = read_some, .context = reader};
}

uint64_t plain_file_size(const struct plain_file_reader *reader)
{
    return reader->size;
}

bool plain_file_can_rewind(const struct plain_file_reader *reader)
{
    return reader->can_rewind;
}

bool plain_file_rewind(struct plain_file_reader *reader, struct ssql_error *error)
{
    if (lseek(reader->fd, reader->start, SEEK_SET) < 0)
        return fail(error, errno, "read again", reader->path);
    return true;
}

bool plain_file_is_at(const struct plain_file_reader *reader, const char *path)
{
    struct stat opened, named;

    return fstat(reader->fd, &opened) == 0 && stat(path, &named) == 0 && S_ISREG(opened.st_mode) &&
           opened.st_dev == named.st_dev && opened.st_ino == named.st_ino;
}

/* ---- writing ---- */

/* Opens the directory of writer->target and cuts the leaf off. */
static int open_directory(struct plain_file_writer *writer)
{
    char *slash = strrchr(writer->target, '/');

    if (slash == NULL) {
        writer->leaf = writer->target;
        writer->directory_fd = open_restarting(AT_FDCWD, ".", O_RDONLY | O_DIRECTORY, 0, writer->cancellation);
    } else {
        writer->leaf = slash + 1;
        *slash = '\0';
        writer->directory_fd = open_restarting(AT_FDCWD, slash == writer->target ? "/" : writer->target,
                                               O_RDONLY | O_DIRECTORY, 0, writer->cancellation);
        *slash = '/';
    }
    if (writer->directory_fd < 0)
        return errno;
    return writer->leaf[0] == '\0' ? EISDIR : 0;
}

/* A new file beside the target, of a name that nobody else has. The mode is as the system's mask has it. */
static int open_part(struct plain_file_writer *writer)
{
    enum { ATTEMPTS_MOST = 1000, LEAF_SHOWN = 200 };

    for (unsigned attempt = 0; attempt < ATTEMPTS_MOST; attempt++) {
        snprintf(writer->part, sizeof writer->part, ".%.*s.%ld-%u.part", LEAF_SHOWN, writer->leaf, (long)getpid(),
                 attempt);
        writer->fd = open_restarting(writer->directory_fd, writer->part, O_WRONLY | O_CREAT | O_EXCL, 0666,
                                     writer->cancellation);
        if (writer->fd >= 0)
            return writer->mode == 0 || fchmod(writer->fd, writer->mode) == 0 ? 0 : errno;
        if (errno != EEXIST)
            break;
    }
    writer->part[0] = '\0';
    return errno;
}

static int open_aside(struct plain_file_writer *writer)
{
    writer->is_aside = true;
    int number = open_directory(writer);
    return number != 0 ? number : open_part(writer);
}

/* Links are followed to the file that they name; one that leads nowhere is replaced. */
static int resolve(struct plain_file_writer *writer, bool exists)
{
    writer->target = exists ? realpath(writer->path, NULL) : strdup(writer->path);
    return writer->target == NULL ? errno : 0;
}

static int open_for_writing(struct plain_file_writer *writer)
{
    struct stat status;
    int descriptor = find_descriptor(writer->path);

    if (descriptor >= 0) {
        writer->fd = open_descriptor(descriptor);
        return writer->fd < 0 ? errno : 0;
    }
    bool exists = stat(writer->path, &status) == 0;
    if (!exists && errno != ENOENT)
        return errno;
    if (exists && S_ISDIR(status.st_mode))
        return EISDIR;
    if (exists && !S_ISREG(status.st_mode)) {
        writer->fd = open_restarting(AT_FDCWD, writer->path, O_WRONLY, 0, writer->cancellation);
        return writer->fd < 0 ? errno : 0;
    }
    /* Replacing needs no right to write the old file; whoever took it away meant something by it. */
    if (exists && access(writer->path, W_OK) != 0)
        return errno;
    writer->mode = exists ? status.st_mode & 07777 : 0;
    int number = resolve(writer, exists);
    return number != 0 ? number : open_aside(writer);
}

bool plain_file_create(const char *path, struct cancellation *cancellation, struct plain_file_writer **out,
                       struct ssql_error *error)
{
    size_t path_size = strlen(path) + 1;
    struct plain_file_writer *writer = calloc(1, sizeof *writer + path_size);

    *out = NULL;
    if (writer == NULL)
        return error_no_memory(error);
    memcpy(writer->path, path, path_size);
    writer->cancellation = cancellation;
    writer->fd = writer->directory_fd = -1;
    int number = open_for_writing(writer);
    if (number != 0) {
        plain_file_abandon(writer);
        return fail_writing(error, number, "write", path);
    }
    *out = writer;
    return true;
}

static bool write_all(void *context, struct slice bytes, struct ssql_error *error)
{
    struct plain_file_writer *writer = context;

    while (bytes.size > 0) {
        ssize_t written = write(writer->fd, bytes.data, bytes.size < SSIZE_MAX ? bytes.size : SSIZE_MAX);
        if (written < 0 && may_restart(writer->cancellation))
            continue;
        if (written < 0)
            return fail_writing(error, errno, "write", writer->path);
        bytes = slice_make(bytes.data + written, bytes.size - (size_t)written);
    }
    return true;
}

struct byte_sink plain_file_sink(struct plain_file_writer *writer)
{
    return (struct byte_sink){.write = write_all, .context = writer};
}

/* Closing may be the first to tell of an error, on file systems across a network. */
static bool close_written(struct plain_file_writer *writer, struct ssql_error *error)
{
    bool is_synced = !writer->is_aside || fdatasync(writer->fd) == 0;
    int number = is_synced ? 0 : errno;

    if (close(writer->fd) != 0 && number == 0 && errno != EINTR)
        number = errno;
    writer->fd = -1;
    if (number != 0)
        return fail_writing(error, number, "write", writer->path);
    return true;
}

static bool put_in_place(struct plain_file_writer *writer, struct ssql_error *error)
{
    if (renameat(writer->directory_fd, writer->part, writer->directory_fd, writer->leaf) != 0)
        return fail_writing(error, errno, "put in place", writer->path);
    writer->part[0] = '\0';
    if (fsync(writer->directory_fd) != 0 && errno != EINVAL)
        return fail_writing(error, errno, "sync the directory of", writer->path);
    return true;
}

bool plain_file_finish(struct plain_file_writer *writer, struct ssql_error *error)
{
    bool is_done = close_written(writer, error) && (!writer->is_aside || put_in_place(writer, error));

    plain_file_abandon(writer);
    return is_done;
}

void plain_file_abandon(struct plain_file_writer *writer)
{
    if (writer == NULL)
        return;
    if (writer->fd >= 0)
        close(writer->fd);
    if (writer->part[0] != '\0')
        unlinkat(writer->directory_fd, writer->part, 0);
    if (writer->directory_fd >= 0)
        close(writer->directory_fd);
    free(writer->target);
    free(writer);
}
