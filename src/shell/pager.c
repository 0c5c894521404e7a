#include "shell/pager.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "shell/display_width.h"

extern char **environ;

/* Colours are passed on, a result that fits is not held, long lines are cut and scrolled, the screen is left as it is.
 */
static const char default_command[] = "less -FRSX", default_flags[] = "LESS=FRSX";

enum { PIECE_BYTES = 1 << 16, GIVEN_MOST = 1 << 20 };

/* ---- which program ---- */

static bool is_executable(const char *folder, size_t folder_size, const char *name, size_t name_size)
{
    struct text_buffer path = {0};

    text_add(&path, folder, folder_size);
    text_add_string(&path, folder_size > 0 ? "/" : "");
    text_add(&path, name, name_size);
    bool found = access(path.data, X_OK) == 0;
    text_clear(&path);
    return found;
}

/* Whether the command's first word names a program. What the shell must take apart is left to it. */
static bool exists(const char *command)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-+./";
    const char *name = command + strspn(command, " ");
    size_t size = strspn(name, plain);
    const char *path = getenv("PATH");

    if (name[size] != '\0' && name[size] != ' ')
        return true;
    if (memchr(name, '/', size) != NULL)
        return is_executable("", 0, name, size);
    while (path != NULL && *path != '\0') {
        size_t folder_size = strcspn(path, ":");
        if (is_executable(path, folder_size, name, size))
            return true;
        path += folder_size + (path[folder_size] == ':');
    }
    return false;
}

static bool is_none(const char *command)
{
    return command[strspn(command, " ")] == '\0' || strcmp(command, "cat") == 0;
}

const char *pager_command(const struct pager_settings *settings)
{
    static const char *const names[] = {"SSQL_PAGER", "PAGER"};
    const char *terminal = getenv("TERM");

    if (settings->is_off || settings->has_failed || terminal == NULL || strcmp(terminal, "dumb") == 0)
        return NULL;
    if (settings->command != NULL)
        return is_none(settings->command) ? NULL : settings->command;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        const char *command = getenv(names[i]);
        if (command != NULL)
            return is_none(command) ? NULL : command;
    }
    return exists(default_command) ? default_command : NULL;
}

/* ---- what fits ---- */

/* Columns of a line, without the sequences that colour it. */
static size_t line_width(const char *line, size_t size)
{
    size_t width = 0;

    while (size > 0) {
        const char *escape = memchr(line, '\033', size);
        size_t plain = escape == NULL ? size : (size_t)(escape - line);
        width += display_width(line, plain);
        line += plain;
        size -= plain;
        const char *end = size == 0 ? NULL : memchr(line, 'm', size);
        size_t sequence = end == NULL ? size : (size_t)(end - line) + 1;
        line += sequence;
        size -= sequence;
    }
    return width;
}

/* Looks at the lines that were added. */
static bool still_fits(struct pager *pager)
{
    const struct text_buffer *text = &pager->output.text;
    bool fits = true;

    while (fits && pager->looked < text->size) {
        const char *line = text->data + pager->looked;
        const char *end = memchr(line, '\n', text->size - pager->looked);
        size_t size = end == NULL ? text->size - pager->looked : (size_t)(end - line);
        if (end == NULL && size < PIECE_BYTES)
            break;
        pager->lines++;
        pager->looked += size + (end != NULL);
        fits = pager->lines <= pager->lines_most && line_width(line, size) <= pager->columns_most;
    }
    return fits;
}

bool pager_begin(struct pager *pager, struct pager_settings *settings, struct output *terminal)
{
    struct winsize size;

    *pager = (struct pager){.settings = settings, .command = pager_command(settings)};
    if (pager->command == NULL || !terminal->is_terminal || ioctl(terminal->file, TIOCGWINSZ, &size) != 0 ||
        size.ws_row < 2 || size.ws_col == 0 || !output_flush(terminal))
        return false;
    pager->terminal = terminal;
    pager->lines_most = size.ws_row - 1u; /* the prompt wants a line */
    pager->columns_most = size.ws_col;
    pager->output = (struct output){.file = terminal->file,
                                    .is_terminal = true,
                                    .is_held = true,
                                    .may_write = terminal->may_write,
                                    .owner = terminal->owner};
    return true;
}

/* ---- the program ---- */

static void complain(struct pager *pager, const char *what)
{
    fprintf(stderr, "error: the pager \"%s\" %s\nhint: .pager never does without one, .pager COMMAND takes another\n",
            pager->command, what);
    pager->settings->has_failed = true;
    pager->is_over = true;
}

/* less with flags of its own choosing takes ours only when the user has given none. */
static char **environment_for(const char *command)
{
    size_t count = 0;

    while (environ[count] != NULL)
        count++;
    char **list = must_allocate((count + 2) * sizeof *list);
    memcpy(list, environ, count * sizeof *list);
    if (strcmp(command, "less") == 0 && getenv("LESS") == NULL)
        list[count] = (char *)(uintptr_t)default_flags;
    return list;
}

static int spawn(const char *command, int input, pid_t *process)
{
    char *const arguments[] = {"sh", "-c", (char *)(uintptr_t)command, NULL};
    char **environment = environment_for(command);
    posix_spawn_file_actions_t actions;
    int error = posix_spawn_file_actions_init(&actions);

    if (error == 0) {
        error = posix_spawn_file_actions_adddup2(&actions, input, STDIN_FILENO);
        if (error == 0)
            error = posix_spawn(process, "/bin/sh", &actions, NULL, arguments, environment);
        posix_spawn_file_actions_destroy(&actions);
    }
    free(environment);
    return error;
}

static void start(struct pager *pager)
{
    int ends[2];

    pager->is_over = true; /* whatever comes of it, it is not started again */
    if (!exists(pager->command)) {
        complain(pager, "does not exist");
        return;
    }
    if (pipe2(ends, O_CLOEXEC) != 0) {
        complain(pager, strerror(errno));
        return;
    }
    pager->has_modes = tcgetattr(pager->terminal->file, &pager->modes) == 0;
    int error = spawn(pager->command, ends[0], &pager->process);
    close(ends[0]);
    if (error != 0) {
        close(ends[1]);
        pager->process = 0;
        complain(pager, strerror(error));
        return;
    }
    pager->output.file = ends[1];
}

/* Waits until the program has ended. True when it did so by itself and content: also a user who quits does so. */
static bool wait_for_end(struct pager *pager)
{
    int status = 0;

    close(pager->output.file);
    pager->output.file = pager->terminal->file;
    while (waitpid(pager->process, &status, 0) < 0 && errno == EINTR)
        ;
    pager->process = 0;
    return (WIFEXITED(status) && WEXITSTATUS(status) == 0) || (WIFSIGNALED(status) && WTERMSIG(status) == SIGPIPE) ||
           (WIFSIGNALED(status) && WTERMSIG(status) == SIGINT);
}

/* What the program was given goes to the terminal; when that is too much to be known still, the statement ends, as by
 * quitting. */
static void fall_back(struct pager *pager)
{
    struct text_buffer *rest = &pager->output.text, all = {0};
    bool is_known = pager->given_size == pager->given.size;

    if (pager->has_modes)
        tcsetattr(pager->terminal->file, TCSADRAIN, &pager->modes);
    complain(pager, is_known ? "failed" : "failed, and what it was given is too long to be repeated");
    pager->output.error = is_known ? 0 : EPIPE;
    if (!is_known)
        return;
    text_add(&all, text_string(&pager->given), pager->given.size);
    text_add(&all, text_string(rest), rest->size);
    text_clear(rest);
    *rest = all;
    output_flush(&pager->output);
}

/* Gives the program what was gathered. */
static void give(struct pager *pager)
{
    struct text_buffer *text = &pager->output.text;

    if (pager->process != 0) {
        pager->given_size += text->size;
        if (pager->given_size <= GIVEN_MOST)
            text_add(&pager->given, text_string(text), text->size);
    }
    output_flush(&pager->output);
}

/* Ends a program that does not read any more, or has read everything. */
static void finish(struct pager *pager)
{
    if (pager->process != 0 && !wait_for_end(pager))
        fall_back(pager);
}

void pager_watch(struct pager *pager)
{
    struct output *output = &pager->output;

    if (output->error != 0)
        return;
    if (pager->process == 0 && !pager->is_over) {
        if (still_fits(pager))
            return;
        start(pager);
        give(pager);
    } else if (output->text.size >= PIECE_BYTES) {
        give(pager);
    }
    if (output->error == EPIPE)
        finish(pager);
}

void pager_end(struct pager *pager)
{
    if (pager->process == 0 && !pager->is_over && !still_fits(pager))
        start(pager);
    give(pager);
    finish(pager);
    if (pager->output.error != 0 && pager->output.error != EPIPE)
        pager->terminal->error = pager->output.error;
    text_clear(&pager->output.text);
    text_clear(&pager->given);
}
