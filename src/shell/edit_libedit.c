/* Line editing with libedit, line by line: a text of several lines is gathered here. */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <editline/readline.h>

#include "shell/display_width.h"
#include "shell/edit.h"
#include "shell/interrupt.h"
#include "shell/text_buffer.h"

/* The library knows one editor only, and calls back without saying for whom. */
static struct {
    struct edit_hooks hooks;
    struct text_buffer earlier; /* lines of the text that are done */
    char *line;
    char *prepared;
    bool is_accepted;
} editor;

/* The i-th word, from where the library takes the word to begin: what stands before that is there already. */
static char *next_match(const char *typed, int state)
{
    static const struct edit_words *words;
    static size_t i, skipped; /* the protocol: state 0 starts afresh */
    size_t typed_size = strlen(typed);

    if (state == 0) {
        struct text_buffer text = {0};
        size_t at = editor.earlier.size + (size_t)rl_point;
        text_add(&text, text_string(&editor.earlier), editor.earlier.size);
        text_add_string(&text, rl_line_buffer);
        words = editor.hooks.complete(editor.hooks.owner, text_string(&text), text.size, at);
        text_clear(&text);
        skipped = at - typed_size > words->begin ? at - typed_size - words->begin : 0;
        i = 0;
        rl_completion_append_character = words->closing == '\0' ? ' ' : words->closing;
        if (at - typed_size < words->begin)
            return NULL;
    }
    while (i < words->count) {
        const char *word = words->items[i++].text;
        if (strlen(word) >= skipped)
            return must_copy(word + skipped, strlen(word) - skipped);
    }
    return NULL;
}

static char **complete(const char *typed, int begin, int end)
{
    (void)begin;
    (void)end;
    rl_attempted_completion_over = 1;
    return rl_completion_matches(typed, next_match);
}

/* What words are divided by: in a dot command only blanks. */
static char *word_breaks(void)
{
    static char of_statement[] = " \t\n()+-*/%,;=<>!&|'\".", of_command[] = " \t\n";
    const char *text = editor.earlier.size > 0 ? editor.earlier.data : rl_line_buffer;

    text += strspn(text, " \t\n");
    return *text == '.' || *text == '\\' ? of_command : of_statement;
}

void edit_start(const struct edit_hooks *hooks)
{
    editor.hooks = *hooks;
    rl_readline_name = "ssql";
    rl_initialize();
    rl_attempted_completion_function = complete;
    rl_completion_word_break_hook = word_breaks;
    using_history();
}

static void take_line(char *line)
{
    editor.line = line;
    editor.is_accepted = true;
    rl_callback_handler_remove();
}

/* A line of an input that is no terminal, which the library cannot read. False when Ctrl-C came first. */
static bool read_plain_line(const char *prompt, char **dropped)
{
    struct text_buffer line = {0};
    char byte = '\0';
    ssize_t got = 0;

    fputs(prompt, stdout);
    fflush(stdout);
    while (byte != '\n' && (got = read(STDIN_FILENO, &byte, 1)) != 0) {
        if (got > 0 && byte != '\n')
            text_add_char(&line, byte);
        else if (got < 0 && errno == EINTR && interrupt_take()) {
            *dropped = must_copy(text_string(&line), line.size);
            text_clear(&line);
            return false;
        } else if (got < 0 && errno != EINTR)
            break;
    }
    bool is_end = got <= 0 && line.size == 0;
    editor.line = is_end ? NULL : must_copy(text_string(&line), line.size);
    text_clear(&line);
    return true;
}

/* One line; false when Ctrl-C came first: *dropped is then what stood in it. */
static bool read_line(const char *prompt, char **dropped)
{
    struct pollfd input = {.fd = STDIN_FILENO, .events = POLLIN};

    if (!isatty(STDIN_FILENO))
        return read_plain_line(prompt, dropped);
    editor.is_accepted = false;
    editor.line = NULL;
    rl_callback_handler_install(prompt, take_line);
    if (editor.prepared != NULL) {
        rl_insert_text(editor.prepared);
        rl_forced_update_display(); /* rl_redisplay types a key of its own */
        free(editor.prepared);
        editor.prepared = NULL;
    }
    while (!editor.is_accepted) {
        int ready = poll(&input, 1, -1);
        if (ready < 0 && errno == EINTR && interrupt_take()) {
            *dropped = must_copy(rl_line_buffer == NULL ? "" : rl_line_buffer,
                                 rl_line_buffer == NULL ? 0 : strlen(rl_line_buffer));
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

/* The prompt of further lines is as wide as the first one's. */
static char *next_prompt(const char *prompt)
{
    size_t width = display_width(prompt, strlen(prompt));
    struct text_buffer next = {0};

    for (size_t i = 5; i < width; i++)
        text_add_char(&next, ' ');
    text_add_string(&next, "...> ");
    return next.data;
}

static enum edit_result drop(char *dropped, char **text)
{
    text_add_string(&editor.earlier, dropped);
    free(dropped);
    if (editor.earlier.size == 0)
        return EDIT_EMPTY_BREAK;
    *text = must_copy(editor.earlier.data, editor.earlier.size);
    return EDIT_DROPPED;
}

/* The library edits one line: of a text that was prepared the last; those before it are shown, and count as typed. */
static void take_prepared_lines(const char *prompt, const char *next)
{
    char *last = editor.prepared == NULL ? NULL : strrchr(editor.prepared, '\n');

    if (last == NULL)
        return;
    text_add(&editor.earlier, editor.prepared, (size_t)(last - editor.prepared) + 1);
    for (const char *line = editor.earlier.data, *end; (end = strchr(line, '\n')) != NULL; line = end + 1)
        printf("%s%.*s\n", line == editor.earlier.data ? prompt : next, (int)(end - line), line);
    memmove(editor.prepared, last + 1, strlen(last + 1) + 1);
}

static enum edit_result read_text(const char *prompt, const char *next, char **text)
{
    char *dropped = NULL;

    take_prepared_lines(prompt, next);
    for (;;) {
        bool is_first = editor.earlier.size == 0;
        if (!read_line(is_first ? prompt : next, &dropped))
            return drop(dropped, text);
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

enum edit_result edit_read(const char *prompt, char **text)
{
    char *next = next_prompt(prompt);

    *text = NULL;
    text_reset(&editor.earlier);
    enum edit_result result = read_text(prompt, next, text);
    free(next);
    return result;
}

void edit_prepare(const char *text)
{
    free(editor.prepared);
    editor.prepared = must_copy(text, strlen(text));
}

void edit_remember(const char *text)
{
    add_history(text);
}

void edit_stop(void)
{
    text_clear(&editor.earlier);
    free(editor.prepared);
    editor.prepared = NULL;
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
