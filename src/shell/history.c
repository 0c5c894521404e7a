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

enum { ENTRIES_READ = 2000, LINES_MOST = 8000, ENTRY_SIZE_MOST = 1 << 20 };

static void add_escaped(struct text_buffer *to, const char *text)
{
    if (*text == '#')
        text_add_char(to, '\\');
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

static void add_entry(struct history *history, char *text, time_t when)
{
    if (history->count == history->capacity) {
        history->capacity = history->capacity == 0 ? 64 : history->capacity * 2;
        history->entries = must_reallocate(history->entries, history->capacity * sizeof *history->entries);
    }
    history->entries[history->count++] = (struct history_entry){text, when};
    edit_remember(text);
}

static void add_line(struct history *history, const char *line, size_t size, time_t when)
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
        add_entry(history, must_copy(text.data, text.size), when);
    text_clear(&text);
}

/* The time of a line `#SECONDS`; 0: it is none. */
static time_t read_time(const char *line, size_t size)
{
    long long seconds = 0;

    if (size < 2 || size > 15 || *line != '#')
        return 0;
    for (size_t i = 1; i < size; i++) {
        if (line[i] < '0' || line[i] > '9')
            return 0;
        seconds = seconds * 10 + (line[i] - '0');
    }
    return (time_t)seconds;
}

static void add_lines(struct history *history, const char *text, size_t size)
{
    time_t when = 0;

    for (const char *line = text, *end; (end = memchr(line, '\n', size - (size_t)(line - text))) != NULL;
         line = end + 1) {
        time_t time_of_next = read_time(line, (size_t)(end - line));
        if (time_of_next == 0)
            add_line(history, line, (size_t)(end - line), when);
        when = time_of_next;
    }
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

static void note_trouble(struct history *history, const char *path)
{
    struct text_buffer text = {0};

    if (path == NULL)
        text_add_string(&text, "history is not kept: neither HOME nor XDG_STATE_HOME is set");
    else
        text_format(&text, "history is not kept: cannot write %s: %s", path, strerror(errno));
    history->trouble = text.data;
}

/* A pipe would let the shell wait for somebody at its other end. */
static bool is_ordinary(int file)
{
    struct stat status;

    if (fstat(file, &status) != 0)
        return false;
    errno = S_ISREG(status.st_mode) ? 0 : EINVAL;
    return errno == 0;
}

/* Opens the file for appending, in a folder that is made when it is not there; -1 with errno. */
static int open_file(char *path)
{
    int file = make_folders(path) ? open(path, O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC | O_NONBLOCK, 0600) : -1;

    if (file >= 0 && (!is_ordinary(file) || fchmod(file, 0600) != 0 || flock(file, LOCK_EX) != 0)) {
        int error = errno;
        close(file);
        errno = error;
        return -1;
    }
    return file;
}

static bool is_file(const char *path)
{
    struct stat status;

    return stat(path, &status) == 0 && S_ISREG(status.st_mode);
}

void history_open(struct history *history)
{
    struct text_buffer text = {0};
    char *path = history_path();

    *history = (struct history){.file = -1};
    if (path == NULL || (history->file = open_file(path)) < 0)
        note_trouble(history, path);
    /* What was kept earlier is of use also when nothing can be added. */
    if (path != NULL && is_file(path) && text_read_file(&text, path) && text.size > 0) {
        size_t begin = last_lines(&text, ENTRIES_READ * 2);
        if (history->file >= 0 && count_lines(&text) > LINES_MOST && ftruncate(history->file, 0) == 0)
            write_all(history->file, text.data + begin, text.size - begin);
        add_lines(history, text.data + begin, text.size - begin);
    }
    if (history->file >= 0)
        flock(history->file, LOCK_UN);
    text_clear(&text);
    free(path);
}

static void append(struct history *history, const struct history_entry *entry)
{
    struct text_buffer lines = {0};

    text_format(&lines, "#%lld\n", (long long)entry->time);
    add_escaped(&lines, entry->text);
    if (history->file >= 0 && flock(history->file, LOCK_EX) == 0) {
        write_all(history->file, lines.data, lines.size);
        flock(history->file, LOCK_UN);
    }
    text_clear(&lines);
}

void history_add(struct history *history, const char *text)
{
    size_t size = strlen(text);

    while (size > 0 && strchr(" \t\r\n", text[size - 1]) != NULL)
        size--;
    if (*text == ' ' || size == 0 || size > ENTRY_SIZE_MOST)
        return;
    char *trimmed = must_copy(text, size);
    if (history->count > 0 && strcmp(history->entries[history->count - 1].text, trimmed) == 0) {
        free(trimmed);
        return;
    }
    add_entry(history, trimmed, time(NULL));
    append(history, &history->entries[history->count - 1]);
}

void history_close(struct history *history)
{
    if (history->file >= 0)
        close(history->file);
    for (size_t i = 0; i < history->count; i++)
        free(history->entries[i].text);
    free(history->entries);
    free(history->trouble);
}
