#include "shell/history.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "shell/edit.h"
#include "shell/text_buffer.h"

/* An entry is one line of the file: \n stands for the end of a line, \\ for a backslash. */
enum { ENTRIES_READ = 2000, ENTRIES_MOST = 4000, ENTRY_SIZE_MOST = 1 << 20 };

static void add_escaped(struct text_buffer *to, const char *text)
{
    for (; *text != '\0'; text++) {
        if (*text == '\n')
            text_add_string(to, "\\n");
        else if (*text == '\\')
            text_add_string(to, "\\\\");
        else
            text_add_char(to, *text);
    }
    text_add_char(to, '\n');
}

static void remember_escaped(const char *line, size_t size)
{
    struct text_buffer text = {0};

    for (size_t i = 0; i < size; i++) {
        if (line[i] == '\\' && i + 1 < size) {
            i++;
            text_add_char(&text, line[i] == 'n' ? '\n' : line[i]);
        } else if (line[i] != '\0') {
            text_add_char(&text, line[i]);
        }
    }
    if (text.size > 0)
        edit_remember(text.data);
    text_clear(&text);
}

/* Makes every folder of the path that is missing. */
static bool make_folders(char *path)
{
    for (char *slash = strchr(path + 1, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        bool done = mkdir(path, 0700) == 0 || errno == EEXIST;
        *slash = '/';
        if (!done)
            return false;
    }
    return true;
}

static char *history_path(void)
{
    const char *state = getenv("XDG_STATE_HOME"), *home = getenv("HOME");
    struct text_buffer path = {0};

    if (state != NULL && *state == '/')
        text_format(&path, "%s/ssql/history", state);
    else if (home != NULL && *home == '/')
        text_format(&path, "%s/.local/state/ssql/history", home);
    return path.data;
}

static bool write_all(int file, const char *bytes, size_t size)
{
    while (size > 0) {
        ssize_t written = write(file, bytes, size);
        if (written < 0 && errno != EINTR)
            return false;
        bytes += written > 0 ? written : 0;
        size -= written > 0 ? (size_t)written : 0;
    }
    return true;
}

static size_t count_lines(const struct text_buffer *text)
{
    size_t count = 0;

    for (size_t i = 0; i < text->size; i++)
        count += text->data[i] == '\n';
    return count;
}

/* Offset of the last `count` lines. */
static size_t last_lines(const struct text_buffer *text, size_t count)
{
    size_t begin = text->size;

    while (begin > 0 && (text->data[begin - 1] != '\n' || begin == text->size || count-- > 1))
        begin--;
    return begin;
}

void history_open(struct history *history)
{
    struct text_buffer text = {0};
    char *path = history_path();

    *history = (struct history){.file = -1};
    if (path == NULL || !make_folders(path) ||
        (history->file = open(path, O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC, 0600)) < 0 ||
        fchmod(history->file, 0600) != 0 || flock(history->file, LOCK_EX) != 0) {
        free(path);
        return;
    }
    if (text_read_file(&text, path) && text.size > 0) {
        size_t begin = last_lines(&text, ENTRIES_READ);
        if (count_lines(&text) > ENTRIES_MOST && ftruncate(history->file, 0) == 0)
            write_all(history->file, text.data + begin, text.size - begin);
        for (const char *line = text.data + begin, *end; (end = strchr(line, '\n')) != NULL; line = end + 1)
            remember_escaped(line, (size_t)(end - line));
    }
    flock(history->file, LOCK_UN);
    text_clear(&text);
    free(path);
}

void history_add(struct history *history, const char *text)
{
    struct text_buffer line = {0};
    size_t size = strlen(text);

    while (size > 0 && strchr(" \t\r\n", text[size - 1]) != NULL)
        size--;
    if (*text == ' ' || size == 0 || size > ENTRY_SIZE_MOST)
        return;
    char *trimmed = must_copy(text, size);
    if (history->last != NULL && strcmp(history->last, trimmed) == 0) {
        free(trimmed);
        return;
    }
    edit_remember(trimmed);
    add_escaped(&line, trimmed);
    if (history->file >= 0 && flock(history->file, LOCK_EX) == 0) {
        write_all(history->file, line.data, line.size);
        flock(history->file, LOCK_UN);
    }
    text_clear(&line);
    free(history->last);
    history->last = trimmed;
}

void history_close(struct history *history)
{
    if (history->file >= 0)
        close(history->file);
    free(history->last);
}
