/* The writer's lock: an open file description lock, so that two opens in one process exclude each other too, and so
 * that it goes with the last descriptor, however the process ends. The file's text is for messages only. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "volume/volume_directory_internal.h"

enum { HOLDER_TEXT_SIZE = 64 };

static void read_text(int fd, char *text, size_t size)
{
    size_t got = 0;

    if (directory_read_all(fd, (uint8_t *)text, size - 1, 0, &got) != 0)
        got = 0;
    text[got] = '\0';
    text[strcspn(text, "\n")] = '\0';
}

/* "4711 app", as the holder wrote it; another text, as damage may bring, names nobody. */
static enum volume_status fail_locked(struct volume_directory *directory, int fd, struct ssql_error *error)
{
    char text[HOLDER_TEXT_SIZE];
    char program[HOLDER_TEXT_SIZE];
    int process;

    read_text(fd, text, sizeof text);
    if (sscanf(text, "%d %63[^\n]", &process, program) == 2)
        volume_fail(error, VOLUME_UNAVAILABLE, SSQL_LOCKED, "database \"%s\" is open in \"%s\" (pid %d)",
                    directory->path, program, process);
    else
        volume_fail(error, VOLUME_UNAVAILABLE, SSQL_LOCKED, "database \"%s\" is open in another process",
                    directory->path);
    error_hint(error, "open it read-only, or wait until the other one has closed it");
    return VOLUME_UNAVAILABLE;
}

/* A holder that cannot be named is no reason to refuse work: a full disk must still be readable. */
static void write_holder(int fd)
{
    char program[32] = "?";
    char text[HOLDER_TEXT_SIZE];
    int comm_fd = open("/proc/self/comm", O_RDONLY | O_CLOEXEC);

    if (comm_fd >= 0) {
        read_text(comm_fd, program, sizeof program);
        close(comm_fd);
    }
    int length = snprintf(text, sizeof text, "%ld %s\n", (long)getpid(), program);
    if (directory_write_all(fd, (const uint8_t *)text, (size_t)length, 0) == 0 && ftruncate(fd, length) != 0)
        return;
}

enum volume_status directory_lock(struct volume_directory *directory, struct ssql_error *error)
{
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    int fd = openat(directory->directory_fd, DIRECTORY_LOCK_NAME, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0666);

    if (fd < 0)
        return directory_fail_writing(directory, error, errno, "open", DIRECTORY_LOCK_NAME);
    int result;
    do
        result = fcntl(fd, F_OFD_SETLK, &lock);
    while (result != 0 && errno == EINTR);
    if (result != 0) {
        enum volume_status status = errno == EAGAIN || errno == EACCES
                                        ? fail_locked(directory, fd, error)
                                        : directory_fail_writing(directory, error, errno, "lock", DIRECTORY_LOCK_NAME);
        close(fd);
        return status;
    }
    write_holder(fd);
    directory->lock_fd = fd;
    return VOLUME_OK;
}
