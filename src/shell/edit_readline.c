/* Line editing with GNU readline. The text, which may have several lines, is painted here (paint.h): readline's own
 * painting knows neither a prompt for further lines, nor colours, nor the width of grapheme clusters. On a terminal
 * that cannot move the cursor up, readline paints. */
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <readline/history.h>
#include <readline/readline.h>

#include "shell/display_width.h"
#include "shell/edit.h"
#include "shell/interrupt.h"
#include "shell/paint.h"
#include "shell/text_buffer.h"
#include "shell/word_list.h"

#define TEXT_OF(number)               #number
#define TEXT_OF_VERSION(major, minor) TEXT_OF(major) "." TEXT_OF(minor)

/* readline itself knows one editor only, and calls back without saying for whom. */
static struct {
    struct edit_hooks hooks;
    const char *prompt;
    char *line; /* what was accepted */
    char *prepared;
    bool is_accepted;
    bool paints;
    struct painter painter;
} editor;

/* ---- painting ---- */

static void paint_now(bool is_left)
{
    /* While the history is searched readline has a prompt of its own. */
    struct painted_text text = {.prompt = rl_display_prompt == rl_prompt ? editor.prompt : rl_display_prompt,
                                .text = rl_line_buffer,
                                .size = (size_t)rl_end,
                                .cursor = (size_t)rl_point,
                                .is_left = is_left};

    painter_paint(&editor.painter, &text, rl_outstream);
}

/* What is typed or pasted faster than it is taken needs to be seen only once. */
static void paint(void)
{
    struct pollfd input = {.fd = STDIN_FILENO, .events = POLLIN};

    if (poll(&input, 1, 0) <= 0)
        paint_now(false);
}

/* Puts the cursor behind the text, so that something else can be written below. */
static void leave_text(void)
{
    rl_point = rl_end;
    if (editor.paints)
        paint_now(true);
    else
        rl_redisplay();
    painter_forget(&editor.painter);
}

/* Paints the text anew, on the empty line where the cursor stands. */
static void come_back(int point)
{
    rl_point = point;
    painter_forget(&editor.painter);
    if (editor.paints)
        paint_now(false);
    else
        rl_forced_update_display();
}

/* ---- keys ---- */

static int accept_or_newline(int count, int key)
{
    if (!editor.hooks.is_complete(editor.hooks.owner, rl_line_buffer, (size_t)rl_end)) {
        rl_insert_text("\n");
        return 0;
    }
    leave_text();
    return rl_newline(count, key);
}

static int insert_newline(int count, int key)
{
    (void)count;
    (void)key;
    rl_insert_text("\n");
    return 0;
}

static size_t line_begin(size_t at)
{
    while (at > 0 && rl_line_buffer[at - 1] != '\n')
        at--;
    return at;
}

static size_t line_end(size_t at)
{
    while (at < (size_t)rl_end && rl_line_buffer[at] != '\n')
        at++;
    return at;
}

/* Columns between the beginning of the cursor's line and the cursor. */
static size_t cursor_column(size_t begin)
{
    return display_width(rl_line_buffer + begin, (size_t)rl_point - begin);
}

/* Puts the cursor into the line that begins at `begin`, at most `column` columns from there. */
static void move_into_line(size_t begin, size_t column)
{
    size_t end = line_end(begin), at = begin, passed = 0;
    unsigned width;

    while (at < end) {
        size_t step = display_cluster(rl_line_buffer + at, end - at, &width);
        if (passed + width > column)
            break;
        at += step;
        passed += width;
    }
    rl_point = (int)at;
}

static int line_up(int count, int key)
{
    size_t begin = line_begin((size_t)rl_point);

    if (begin == 0)
        return rl_get_previous_history(count, key);
    move_into_line(line_begin(begin - 1), cursor_column(begin));
    return 0;
}

static int line_down(int count, int key)
{
    size_t begin = line_begin((size_t)rl_point), end = line_end((size_t)rl_point);

    if (end == (size_t)rl_end)
        return rl_get_next_history(count, key);
    move_into_line(end + 1, cursor_column(begin));
    return 0;
}

static int to_line_begin(int count, int key)
{
    (void)count;
    (void)key;
    rl_point = (int)line_begin((size_t)rl_point);
    return 0;
}

static int to_line_end(int count, int key)
{
    (void)count;
    (void)key;
    rl_point = (int)line_end((size_t)rl_point);
    return 0;
}

static int clear_screen(int count, int key)
{
    (void)count;
    (void)key;
    fputs("\033[H\033[2J", rl_outstream);
    painter_forget(&editor.painter);
    paint_now(false);
    return 0;
}

static void replace_text(const char *text)
{
    rl_begin_undo_group();
    rl_delete_text(0, rl_end);
    rl_point = 0;
    rl_insert_text(text);
    rl_end_undo_group();
}

/* Hands the text to the user's own editor. */
static int edit_elsewhere(int count, int key)
{
    int point = rl_point;

    (void)count;
    (void)key;
    leave_text();
    fputs("\r\n", rl_outstream);
    fflush(rl_outstream);
    rl_deprep_terminal();
    char *text = editor.hooks.edit_elsewhere(editor.hooks.owner, rl_line_buffer);
    rl_prep_terminal(1);
    if (text != NULL) {
        replace_text(text);
        point = rl_end;
        free(text);
    }
    come_back(point);
    return 0;
}

/* ---- completion ---- */

static void replace_word(size_t begin, const char *text, size_t size, const char *behind)
{
    char *copy = must_copy(text, size);

    rl_begin_undo_group();
    rl_delete_text((int)begin, rl_point);
    rl_point = (int)begin;
    rl_insert_text(copy);
    if (*behind != '\0' && (rl_point == rl_end || rl_line_buffer[rl_point] != *behind))
        rl_insert_text(behind);
    rl_end_undo_group();
    free(copy);
}

static void list_words(const struct edit_words *words)
{
    int point = rl_point;
    unsigned rows, columns;
    struct text_buffer list = {0};

    screen_size(&rows, &columns);
    word_list_write(&list, words, rows, columns, editor.hooks.is_coloured && editor.paints);
    leave_text();
    fputs(editor.paints ? "\r\n" : "\n", rl_outstream);
    fwrite(text_string(&list), 1, list.size, rl_outstream);
    fflush(rl_outstream);
    text_clear(&list);
    rl_on_new_line();
    come_back(point);
}

/* Tab: completes the word as far as it can only be one; where nothing is sure, lists what there is. */
static int complete(int count, int key)
{
    const struct edit_words *words =
        editor.hooks.complete(editor.hooks.owner, rl_line_buffer, (size_t)rl_end, (size_t)rl_point);
    size_t typed = (size_t)rl_point - words->begin;

    (void)count;
    (void)key;
    if (words->count == 0) {
        rl_ding();
    } else if (words->count == 1) {
        const char *text = words->items[0].text;
        char behind[] = {words->closing == '\0' ? ' ' : words->closing, '\0'};
        size_t size = strlen(text);
        replace_word(words->begin, text, size, strchr("(/", text[size - 1]) == NULL ? behind : "");
    } else {
        size_t shared = word_list_shared(words);
        if (shared > typed)
            replace_word(words->begin, words->items[0].text, shared, "");
        else
            list_words(words);
    }
    return 0;
}

/* ---- signals while a text is edited ---- */

static volatile sig_atomic_t was_resized, was_stopped;
static struct sigaction resize_before, stop_before;

static void note_resize(int number)
{
    (void)number;
    was_resized = 1;
}

static void note_stop(int number)
{
    (void)number;
    was_stopped = 1;
}

static void watch_signals(void)
{
    struct sigaction resize = {.sa_handler = note_resize}, stop = {.sa_handler = note_stop};

    sigemptyset(&resize.sa_mask);
    sigemptyset(&stop.sa_mask);
    sigaction(SIGWINCH, &resize, &resize_before);
    sigaction(SIGTSTP, &stop, &stop_before);
    if (stop_before.sa_handler == SIG_IGN) /* nobody could wake us */
        sigaction(SIGTSTP, &stop_before, NULL);
}

static void unwatch_signals(void)
{
    sigaction(SIGWINCH, &resize_before, NULL);
    sigaction(SIGTSTP, &stop_before, NULL);
}

/* Ctrl-Z: the terminal is given back as it was found, and taken again when the shell comes to the front. */
static void stop_until_woken(void)
{
    int point = rl_point;

    was_stopped = 0;
    leave_text();
    fputs("\r\n", rl_outstream);
    fflush(rl_outstream);
    rl_deprep_terminal();
    unwatch_signals();
    raise(SIGTSTP);
    watch_signals();
    rl_prep_terminal(1);
    rl_on_new_line();
    come_back(point);
}

static void take_signals(void)
{
    if (was_stopped)
        stop_until_woken();
    if (was_resized) {
        was_resized = 0;
        if (editor.paints) {
            painter_resize(&editor.painter);
            paint_now(false);
        } else {
            rl_resize_terminal();
        }
    }
}

/* Waits for a key; false: a signal came first. A signal that comes at the last moment is not missed: they are let in
 * only while it waits. */
static bool wait_for_key(void)
{
    struct pollfd input = {.fd = STDIN_FILENO, .events = POLLIN};
    sigset_t signals, before;
    bool is_ready = false;

    sigemptyset(&signals);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGWINCH);
    sigaddset(&signals, SIGTSTP);
    pthread_sigmask(SIG_BLOCK, &signals, &before);
    if (!was_resized && !was_stopped && !interrupt_is_pending())
        is_ready = ppoll(&input, 1, NULL, &before) > 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return is_ready;
}

/* ---- the editor ---- */

static void bind_keys(void)
{
    static const struct {
        const char *keys;
        rl_command_func_t *function;
    } bindings[] = {
        {"\\C-m", accept_or_newline}, {"\\C-j", accept_or_newline}, {"\\e\\C-m", insert_newline},
        {"\\e\\C-j", insert_newline}, {"\\e[A", line_up},           {"\\eOA", line_up},
        {"\\C-p", line_up},           {"\\e[B", line_down},         {"\\eOB", line_down},
        {"\\C-n", line_down},         {"\\C-a", to_line_begin},     {"\\e[H", to_line_begin},
        {"\\eOH", to_line_begin},     {"\\C-e", to_line_end},       {"\\e[F", to_line_end},
        {"\\eOF", to_line_end},       {"\\C-i", complete},          {"\\C-x\\C-e", edit_elsewhere},
    };

    for (size_t i = 0; i < sizeof bindings / sizeof bindings[0]; i++)
        rl_bind_keyseq(bindings[i].keys, bindings[i].function);
    if (editor.paints)
        rl_bind_keyseq("\\C-l", clear_screen);
}

void edit_start(const struct edit_hooks *hooks)
{
    const char *terminal = getenv("TERM");

    editor.hooks = *hooks;
    editor.paints = isatty(STDOUT_FILENO) && terminal != NULL && strcmp(terminal, "dumb") != 0;
    editor.painter.is_coloured = hooks->is_coloured;
    rl_readline_name = "ssql";
    rl_catch_signals = 0;
    rl_catch_sigwinch = 0;
    rl_initialize(); /* before the function that paints is set: else newlines are taken for control characters */
    if (editor.paints)
        rl_redisplay_function = paint;
    rl_variable_bind("blink-matching-paren", "off");
    rl_variable_bind("horizontal-scroll-mode", "off");
    bind_keys();
    using_history();
}

/* Readline ends the line that it has painted itself; of ours it knows nothing, and the result would overwrite it. */
static void take_line(char *line)
{
    if (line != NULL && editor.paints) {
        fputs("\r\n", rl_outstream);
        fflush(rl_outstream);
    }
    editor.line = line;
    editor.is_accepted = true;
    rl_callback_handler_remove();
}

/* Ctrl-C while typing: the text is dropped. */
static enum edit_result drop_text(char **text)
{
    bool is_empty = rl_end == 0;

    if (!is_empty)
        *text = must_copy(rl_line_buffer, (size_t)rl_end);
    rl_callback_sigcleanup();
    rl_free_line_state(); /* paints once more: before anything is written below */
    leave_text();
    fputs("^C\r\n", rl_outstream);
    fflush(rl_outstream);
    rl_callback_handler_remove();
    return is_empty ? EDIT_EMPTY_BREAK : EDIT_DROPPED;
}

/* A text that was prepared stands there when the prompt comes. */
static void begin_text(void)
{
    if (editor.prepared == NULL)
        return;
    rl_insert_text(editor.prepared);
    free(editor.prepared);
    editor.prepared = NULL;
    rl_redisplay();
}

enum edit_result edit_read(const char *prompt, char **text)
{
    enum edit_result result = EDIT_TEXT;

    *text = NULL;
    editor.prompt = prompt;
    painter_forget(&editor.painter);
    editor.is_accepted = false;
    editor.line = NULL;
    was_resized = was_stopped = 0;
    watch_signals();
    rl_callback_handler_install(prompt, take_line);
    begin_text();
    while (!editor.is_accepted && result == EDIT_TEXT) {
        if (wait_for_key())
            rl_callback_read_char();
        else if (interrupt_take())
            result = drop_text(text);
        else
            take_signals();
    }
    unwatch_signals();
    if (result != EDIT_TEXT)
        return result;
    if (editor.line == NULL)
        return EDIT_END;
    *text = must_copy(editor.line, strlen(editor.line));
    rl_free(editor.line);
    editor.line = NULL;
    return EDIT_TEXT;
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
    painter_clear(&editor.painter);
    free(editor.prepared);
    editor.prepared = NULL;
    clear_history();
}

const char *edit_library(void)
{
    return "GNU readline " TEXT_OF_VERSION(RL_VERSION_MAJOR, RL_VERSION_MINOR);
}

const char *edit_licence(void)
{
    return "GPL-3.0-or-later (this program holds GNU readline; the sources of ssql are MIT)";
}
