/* Line editing with libedit, through its readline face. It has no text of several lines: lines are edited one by one,
 * and remembered as one. */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <editline/readline.h>

#include "shell/edit.h"
#include "shell/interrupt.h"
#include "shell/text_buffer.h"

/* The library knows one editor only, and calls back without saying for whom. */
static struct {
    struct edit_hooks hooks;
    struct text_buffer earlier; /* lines of the text that are done */
    char *line;
    bool is_accepted;
} editor;

static char *next_match(const char *typed, int state)
{
    static int i; /* the protocol: state 0 starts afresh */
    struct text_buffer text = {0};
    size_t end = editor.earlier.size + (size_t)rl_point;

    i = state == 0 ? 0 : i + 1;
    text_add(&text, text_string(&editor.earlier), editor.earlier.size);
    text_add_string(&text, rl_line_buffer);
    char *word = editor.hooks.complete(editor.hooks.owner, text.data, end - strlen(typed), end, i);
    text_clear(&text);
    return word;
}

static char **complete(const char *typed, int begin, int end)
{
    (void)begin;
    (void)end;
    rl_attempted_completion_over = 1;
    return rl_completion_matches(typed, next_match);
}

void edit_start(const struct edit_hooks *hooks)
{
    editor.hooks = *hooks;
    rl_readline_name = "ssql";
    rl_initialize();
    rl_attempted_completion_function = complete;
    using_history();
}

static void take_line(char *line)
{
    editor.line = line;
    editor.is_accepted = true;
    rl_callback_handler_remove();
}

/* One line; false when Ctrl-C came first. */
static bool read_line(const char *prompt)
{
    struct pollfd input = {.fd = STDIN_FILENO, .events = POLLIN};

    editor.is_accepted = false;
    editor.line = NULL;
    rl_callback_handler_install(prompt, take_line);
    while (!editor.is_accepted) {
        int ready = poll(&input, 1, -1);
        if (ready < 0 && errno == EINTR && interrupt_take()) {
            rl_callback_handler_remove();
            fputs("^C\n", stdout);
            fflush(stdout);
            return false;
        }
        if (ready > 0)
            rl_callback_read_char();
    }
    return true;
}

enum edit_result edit_read(const char *prompt, const char *next_prompt, char **text)
{
    *text = NULL;
    text_reset(&editor.earlier);
    for (;;) {
        bool is_first = editor.earlier.size == 0;
        if (!read_line(is_first ? prompt : next_prompt))
            return is_first ? EDIT_EMPTY_BREAK : EDIT_DROPPED;
        if (editor.line == NULL && is_first)
            return EDIT_END;
        if (editor.line != NULL) {
            text_add_string(&editor.earlier, editor.line);
            text_add_char(&editor.earlier, '\n');
        }
        bool is_end = editor.line == NULL;
        free(editor.line);
        editor.line = NULL;
        if (is_end || editor.hooks.is_complete(editor.hooks.owner, editor.earlier.data, editor.earlier.size))
            break;
    }
    *text = must_copy(editor.earlier.data, editor.earlier.size);
    return EDIT_TEXT;
}

void edit_remember(const char *text)
{
    add_history(text);
}

void edit_stop(void)
{
    text_clear(&editor.earlier);
    clear_history();
}

const char *edit_library(void)
{
    return "libedit";
}

const char *edit_licence(void)
{
    return "MIT (libedit: BSD)";
}
