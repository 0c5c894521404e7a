#include "shell/output.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "shell/unfinished_file.h"

enum { WRITE_PIECE_BYTES = 1 << 16, LINKS_MOST = 40 };

static int write_all(int file, const char *bytes, size_t size)
{
    while (size > 0) {
        ssize_t written = write(file, bytes, size);
        if (written < 0 && errno == EAGAIN) {
            struct pollfd ready = {.fd = file, .events = POLLOUT};
            poll(&ready, 1, -1);
        } else if (written < 0 && errno != EINTR) {
            return errno;
        } else if (written > 0) {
            bytes += written;
            size -= (size_t)written;
        }
    }
    return 0;
}

bool output_flush(struct output *output)
{
    if (output->text.size > 0) {
        if (output->may_write != NULL && !output->may_write(output->owner))
            output->error = ECANCELED;
        else
            output->error = write_all(output->file, output->text.data, output->text.size);
    }
    text_reset(&output->text);
    return output->error == 0;
}

void output_add(struct output *output, const char *bytes, size_t size)
{
    if (output->error != 0)
        return;
    text_add(&output->text, bytes, size);
    if (output->text.size >= WRITE_PIECE_BYTES && !output->is_held)
        output_flush(output);
}

void output_add_string(struct output *output, const char *string)
{
    output_add(output, string, strlen(string));
}

void output_add_char(struct output *output, char byte)
{
    output_add(output, &byte, 1);
}

void output_repeat(struct output *output, const char *string, size_t count)
{
    size_t size = strlen(string);

    for (size_t i = 0; i < count; i++)
        output_add(output, string, size);
}

/* A new file beside `path`, with the rights that the file to be replaced has. */
static bool open_aside(struct output *output, const char *path, const struct stat *old)
{
    struct text_buffer name = {0};
    mode_t mask = umask(0);

    umask(mask);
    text_format(&name, "%s.XXXXXX", path);
    output->file = mkostemp(name.data, O_CLOEXEC);
    if (output->file < 0 || fchmod(output->file, old != NULL ? old->st_mode & 0777 : 0666 & ~mask) != 0) {
        int error = errno;
        if (output->file >= 0) {
            close(output->file);
            unlink(name.data);
        }
        text_clear(&name);
        output->file = -1;
        errno = error;
        return false;
    }
    output->temporary_path = name.data;
    unfinished_file_guard(output->temporary_path);
    return true;
}

/* The path at the end of symbolic links, so that a link stays one when its file is replaced; the file may be missing.
 * NULL with errno when the links go round in circles. */
static char *follow_links(const char *path)
{
    struct text_buffer at = {0};

    text_add_string(&at, path);
    for (int i = 0; i < LINKS_MOST; i++) {
        char target[PATH_MAX];
        ssize_t size = readlink(at.data, target, sizeof target);
        if (size < 0) /* no link, or missing */
            return at.data;
        const char *slash = strrchr(at.data, '/');
        at.size = slash == NULL || target[0] == '/' ? 0 : (size_t)(slash - at.data) + 1;
        text_add(&at, target, (size_t)size);
    }
    text_clear(&at);
    errno = ELOOP;
    return NULL;
}

/* - and every name of the file that standard output is, such as /dev/stdout: replacing that file would take it away
 * from whoever gave it to this program. */
static bool is_standard_output(const char *path, const struct stat *status)
{
    struct stat standard;

    return strcmp(path, "-") == 0 || (status != NULL && fstat(STDOUT_FILENO, &standard) == 0 &&
                                      standard.st_dev == status->st_dev && standard.st_ino == status->st_ino);
}

static bool open_in_place(struct output *output, const char *path, int flags)
{
    output->file = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | flags, 0666);
    return output->file >= 0;
}

bool output_open_file(struct output *output, const char *path, bool append)
{
    static const char devices[] = "/dev/";
    struct stat status;
    bool exists = stat(path, &status) == 0, done;
    char *target = NULL;

    output->error = 0;
    if (*path == '\0') {
        errno = ENOENT;
        return false;
    }
    if (is_standard_output(path, exists ? &status : NULL)) {
        output->file = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
        done = output->file >= 0;
    } else if (append || strncmp(path, devices, strlen(devices)) == 0) {
        done = open_in_place(output, path, O_APPEND); /* /dev/stderr may be an ordinary file */
    } else if (exists && !S_ISREG(status.st_mode)) {
        done = open_in_place(output, path, 0);
    } else {
        target = follow_links(path);
        done = target != NULL && open_aside(output, target, exists ? &status : NULL);
    }
    if (done) {
        output->is_terminal = isatty(output->file) != 0;
        output->path = target != NULL ? target : must_copy(path, strlen(path));
        return true;
    }
    int error = errno;
    free(target);
    errno = error;
    return false;
}

bool output_open_program(struct output *output, const char *command)
{
    output->error = 0;
    fflush(NULL);
    output->program = popen(command, "we");
    if (output->program == NULL)
        return false;
    output->file = fileno(output->program);
    output->is_terminal = false; /* the program gets all as it is */
    return true;
}

static int close_program(struct output *output)
{
    int status = pclose(output->program);

    output->program = NULL;
    if (status < 0)
        return errno;
    return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 0 : ECHILD;
}

const char *output_error_text(int error)
{
    return error == ECHILD ? "the program failed" : strerror(error);
}

bool output_close(struct output *output, bool keep)
{
    if (output->file < 0)
        return true;
    output_flush(output);
    bool has_program = output->program != NULL;
    int outcome = has_program ? close_program(output) : close(output->file) != 0 ? errno : 0;
    int error = output->error;
    if (error == 0 || (error == EPIPE && has_program)) /* a program may stop reading when it has seen enough */
        error = outcome;
    if (output->temporary_path != NULL) {
        if (keep && error == 0 && rename(output->temporary_path, output->path) != 0)
            error = errno;
        if (!keep || error != 0)
            unlink(output->temporary_path);
        unfinished_file_forget(output->temporary_path);
    }
    free(output->temporary_path);
    free(output->path);
    output->temporary_path = output->path = NULL;
    output->file = -1;
    output->error = 0;
    errno = error;
    return error == 0;
}

/* `number`: errno of an earlier failure, or 0. */
static bool flush_stdout(int number)
{
    if (number == 0 && fflush(stdout) != 0)
        number = errno;
    if (number == 0 && ferror(stdout) != 0)
        number = EIO;
    if (number != 0)
        fprintf(stderr, "error: cannot write to standard output: %s\n", strerror(number));
    return number == 0;
}

bool output_flush_stdout(void)
{
    return flush_stdout(0);
}

bool output_print(struct text_buffer *text)
{
    int number = fwrite(text->data, 1, text->size, stdout) < text->size ? errno : 0;

    text_clear(text);
    return flush_stdout(number);
}
