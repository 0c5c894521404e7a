#include "shell/external_editor.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "shell/unfinished_file.h"

static const char *editor_command(void)
{
    const char *visual = getenv("VISUAL"), *editor = getenv("EDITOR");

    if (visual != NULL && *visual != '\0')
        return visual;
    return editor != NULL && *editor != '\0' ? editor : "vi";
}

/* Where files are made for a moment. */
static const char *temporary_folder(void)
{
    const char *folder = getenv("TMPDIR");

    return folder != NULL && *folder == '/' ? folder : "/tmp";
}

static bool write_file(int file, const char *text)
{
    size_t size = strlen(text);

    while (size > 0) {
        ssize_t written = write(file, text, size);
        if (written < 0 && errno != EINTR)
            return false;
        text += written > 0 ? written : 0;
        size -= written > 0 ? (size_t)written : 0;
    }
    return write(file, "\n", 1) == 1;
}

/* The editor's command with the path behind it, as the system's shell reads it. */
static void add_command(struct text_buffer *to, const char *path)
{
    text_format(to, "%s '", editor_command());
    for (; *path != '\0'; path++) {
        if (*path == '\'')
            text_add_string(to, "'\\'");
        text_add_char(to, *path);
    }
    text_add_char(to, '\'');
}

static bool run_editor(const char *path, struct text_buffer *message)
{
    struct text_buffer command = {0};

    add_command(&command, path);
    int status = system(command.data);
    text_clear(&command);
    if (status == 0)
        return true;
    if (status < 0)
        text_format(message, "cannot run %s: %s", editor_command(), strerror(errno));
    else if (WIFEXITED(status))
        text_format(message, "%s ended with status %d", editor_command(), WEXITSTATUS(status));
    else
        text_format(message, "%s was ended by signal %d", editor_command(), WTERMSIG(status));
    return false;
}

static char *read_back(const char *path, struct text_buffer *message)
{
    struct text_buffer text = {0};
    char *result = NULL;

    if (!text_read_file(&text, path)) {
        text_format(message, "cannot read %s: %s", path, strerror(errno));
    } else if (memchr(text_string(&text), '\0', text.size) != NULL) {
        text_add_string(message, "the text holds a NUL byte");
    } else {
        while (text.size > 0 && strchr(" \t\r\n", text.data[text.size - 1]) != NULL)
            text.size--;
        result = must_copy(text_string(&text), text.size);
    }
    text_clear(&text);
    return result;
}

char *external_editor_run(const char *text, struct text_buffer *message)
{
    struct text_buffer path = {0};
    char *result = NULL;

    text_format(&path, "%s/ssql-XXXXXX.ssql", temporary_folder());
    int file = mkostemps(path.data, (int)strlen(".ssql"), O_CLOEXEC);
    if (file < 0) {
        text_format(message, "cannot make a file in %s: %s", temporary_folder(), strerror(errno));
    } else {
        unfinished_file_guard(path.data);
        bool is_written = write_file(file, text);
        if (!is_written)
            text_format(message, "cannot write %s: %s", path.data, strerror(errno));
        close(file);
        if (is_written && run_editor(path.data, message))
            result = read_back(path.data, message);
        unlink(path.data);
        unfinished_file_forget(path.data);
    }
    text_clear(&path);
    return result;
}
