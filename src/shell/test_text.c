#include "shell/test_text.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

bool path_has_ending(const char *path, const char *ending)
{
    size_t size = strlen(path), ending_size = strlen(ending);

    return size > ending_size && strcmp(path + size - ending_size, ending) == 0;
}

size_t text_character_size(const char *text, size_t left)
{
    const unsigned char *at = (const unsigned char *)text;
    size_t size = at[0] < 0x80 ? 1 : at[0] < 0xC2 ? 0 : at[0] < 0xE0 ? 2 : at[0] < 0xF0 ? 3 : at[0] < 0xF5 ? 4 : 0;

    if (size > left)
        return 0;
    for (size_t i = 1; i < size; i++)
        if ((at[i] & 0xC0) != 0x80)
            return 0;
    /* No longer form of a character than needed, no surrogate, nothing beyond U+10FFFF. */
    if ((at[0] == 0xE0 && at[1] < 0xA0) || (at[0] == 0xED && at[1] > 0x9F) || (at[0] == 0xF0 && at[1] < 0x90) ||
        (at[0] == 0xF4 && at[1] > 0x8F))
        return 0;
    return size;
}

size_t text_cut(const char *text, size_t size, size_t most)
{
    if (size <= most)
        return size;
    while (most > 0 && ((unsigned char)text[most] & 0xC0) == 0x80)
        most--;
    return most;
}

bool test_text_is_valid(const struct text_buffer *text, const char *path, struct text_buffer *complaint)
{
    const char *bytes = text->data;
    size_t line = 1;

    for (size_t at = 0; at < text->size;) {
        size_t size = text_character_size(bytes + at, text->size - at);
        if (size == 0 || bytes[at] == '\0') {
            text_format(complaint, "%s:%zu: error: %s\n", path, line, size == 0 ? "this is no UTF-8" : "a NUL byte");
            return false;
        }
        line += bytes[at] == '\n';
        at += size;
    }
    return true;
}

bool test_text_read(struct text_buffer *text, const char *path, struct text_buffer *complaint)
{
    struct stat status;
    const char *fault = NULL;

    if (stat(path, &status) != 0)
        fault = strerror(errno);
    else if (!S_ISREG(status.st_mode))
        fault = "no regular file";
    else if (status.st_size > TEST_FILE_BYTES_MOST)
        fault = "more than 512 MiB";
    else if (!text_read_file(text, path))
        fault = strerror(errno);
    if (fault != NULL)
        text_format(complaint, "%s: error: %s\n", path, fault);
    return fault == NULL && test_text_is_valid(text, path, complaint);
}

static bool write_aside(const char *path, const struct text_buffer *text, mode_t mode)
{
    FILE *file = fopen(path, "wb");

    if (file == NULL)
        return false;
    bool done = fwrite(text_string(text), 1, text->size, file) == text->size && fchmod(fileno(file), mode) == 0 &&
                fflush(file) == 0 && fsync(fileno(file)) == 0;
    return fclose(file) == 0 && done;
}

static mode_t mode_of(const char *path)
{
    struct stat status;
    mode_t hidden = umask(0);

    umask(hidden);
    return stat(path, &status) == 0 ? status.st_mode & 0777 : 0666 & ~hidden;
}

/* A device or a pipe is not replaced, and nothing below /dev is: there even a file may belong to somebody else. */
static bool is_in_place(const char *path)
{
    static const char devices[] = "/dev/";
    struct stat status;

    return strncmp(path, devices, strlen(devices)) == 0 || (stat(path, &status) == 0 && !S_ISREG(status.st_mode));
}

static bool write_in_place(const char *path, const struct text_buffer *text)
{
    FILE *file = fopen(path, "ab");

    if (file == NULL)
        return false;
    bool done = fwrite(text_string(text), 1, text->size, file) == text->size;
    return fclose(file) == 0 && done;
}

bool test_text_replace(const char *path, const struct text_buffer *text)
{
    if (is_in_place(path))
        return write_in_place(path, text);
    char *real = realpath(path, NULL); /* a link stays one; NULL: nothing is there yet */
    const char *target = real == NULL ? path : real;
    struct text_buffer aside = {0};

    text_format(&aside, "%s.new", target);
    bool done = write_aside(aside.data, text, mode_of(target)) && rename(aside.data, target) == 0;
    if (!done) {
        int failure = errno;
        unlink(aside.data);
        errno = failure;
    }
    text_clear(&aside);
    free(real);
    return done;
}

void text_add_shell_word(struct text_buffer *to, const char *text)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./-+=:,@%";

    if (*text != '\0' && text[strspn(text, plain)] == '\0') {
        text_add_string(to, text);
        return;
    }
    text_add_char(to, '\'');
    for (; *text != '\0'; text++) {
        if (*text == '\'')
            text_add_string(to, "'\\''");
        else
            text_add_char(to, *text);
    }
    text_add_char(to, '\'');
}
