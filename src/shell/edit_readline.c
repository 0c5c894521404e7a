/* Line editing with GNU readline. The text, which may have several lines, is painted here: readline's own painting
 * knows neither a prompt for further lines nor the width of grapheme clusters. On a terminal that cannot move the
 * cursor up, readline paints. */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <readline/history.h>
#include <readline/readline.h>

#include "shell/display_width.h"
#include "shell/edit.h"
#include "shell/interrupt.h"
#include "shell/text_buffer.h"

#define TEXT_OF(number)               #number
#define TEXT_OF_VERSION(major, minor) TEXT_OF(major) "." TEXT_OF(minor)

/* One line of the screen, as it is painted. */
struct screen_row {
    size_t begin, end; /* in the painted text */
};

/* readline itself knows one editor only, and calls back without saying for whom. */
static struct {
    struct edit_hooks hooks;
    const char *prompt, *next_prompt;
    char *line; /* what was accepted */
    bool is_accepted;
    bool paints;
    unsigned cursor_row; /* below the first painted row */
    struct text_buffer painted;
    struct screen_row *rows;
    size_t row_count, row_capacity;
} editor;

/* ---- painting ---- */

static void screen_size(unsigned *rows, unsigned *columns)
{
    struct winsize size;

    *rows = 24;
    *columns = 80;
    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 && size.ws_row > 0) {
        *rows = size.ws_row;
        *columns = size.ws_col;
    }
}

static void begin_row(void)
{
    if (editor.row_count > 0)
        editor.rows[editor.row_count - 1].end = editor.painted.size;
    if (editor.row_count == editor.row_capacity) {
        editor.row_capacity = editor.row_capacity == 0 ? 8 : editor.row_capacity * 2;
        editor.rows = must_reallocate(editor.rows, editor.row_capacity * sizeof *editor.rows);
    }
    editor.rows[editor.row_count++] = (struct screen_row){editor.painted.size, editor.painted.size};
}

/* Adds one cluster at `column`, on a new row when it does not fit; returns the column behind it. */
static unsigned add_cluster(const char *text, size_t size, unsigned column, unsigned columns)
{
    struct text_buffer shown = {0};

    display_escape(&shown, text, size);
    unsigned width = (unsigned)display_width(text_string(&shown), shown.size);
    if (column + width > columns) {
        begin_row();
        column = 0;
    }
    text_add(&editor.painted, text_string(&shown), shown.size);
    text_clear(&shown);
    return column + width;
}

static unsigned add_prompt(const char *prompt, unsigned columns)
{
    unsigned column = 0, width;

    for (size_t at = 0, size = strlen(prompt); at < size;) {
        if (prompt[at] == RL_PROMPT_START_IGNORE || prompt[at] == RL_PROMPT_END_IGNORE) {
            at++;
            continue;
        }
        size_t step = display_cluster(prompt + at, size - at, &width);
        column = add_cluster(prompt + at, step, column, columns);
        at += step;
    }
    return column;
}

/* Lays the prompt and the text out in rows; finds the place of the cursor. */
static void lay_out(unsigned columns, size_t *cursor_row, unsigned *cursor_column)
{
    size_t size = (size_t)rl_end, point = (size_t)rl_point, at = 0;

    text_reset(&editor.painted);
    editor.row_count = 0;
    begin_row();
    unsigned column = add_prompt(rl_display_prompt == NULL ? "" : rl_display_prompt, columns), width;
    *cursor_row = 0;
    *cursor_column = 0;
    for (bool found = false; at <= size;) {
        if (!found && at >= point) {
            if (column >= columns) {
                begin_row();
                column = 0;
            }
            found = true;
            *cursor_row = editor.row_count - 1;
            *cursor_column = column;
        }
        if (at == size)
            break;
        if (rl_line_buffer[at] == '\n') {
            begin_row();
            column = add_prompt(editor.next_prompt, columns);
            at++;
            continue;
        }
        size_t step = display_cluster(rl_line_buffer + at, size - at, &width);
        column = add_cluster(rl_line_buffer + at, step, column, columns);
        at += step;
    }
    editor.rows[editor.row_count - 1].end = editor.painted.size;
}

/* Paints as many rows as the screen holds, those round the cursor. */
static void paint_now(void)
{
    unsigned screen_rows, columns, cursor_column;
    size_t cursor_row, first = 0;

    screen_size(&screen_rows, &columns);
    lay_out(columns, &cursor_row, &cursor_column);
    size_t count = editor.row_count;
    if (count > screen_rows) {
        first = cursor_row + 1 > screen_rows ? cursor_row + 1 - screen_rows : 0;
        count = screen_rows;
    }
    if (editor.cursor_row > 0)
        fprintf(rl_outstream, "\033[%uA", editor.cursor_row);
    fputs("\r\033[J", rl_outstream);
    for (size_t i = first; i < first + count; i++) {
        if (i > first)
            fputs("\r\n", rl_outstream);
        fwrite(text_string(&editor.painted) + editor.rows[i].begin, 1, editor.rows[i].end - editor.rows[i].begin,
               rl_outstream);
    }
    if (first + count - 1 > cursor_row)
        fprintf(rl_outstream, "\033[%zuA", first + count - 1 - cursor_row);
    fputc('\r', rl_outstream);
    if (cursor_column > 0)
        fprintf(rl_outstream, "\033[%uC", cursor_column);
    fflush(rl_outstream);
    editor.cursor_row = (unsigned)(cursor_row - first);
}

/* What is typed or pasted faster than it is taken needs to be seen only once. */
static void paint(void)
{
    struct pollfd input = {.fd = STDIN_FILENO, .events = POLLIN};

    if (poll(&input, 1, 0) <= 0)
        paint_now();
}

/* Puts the cursor behind the text, so that something else can be written below. */
static void leave_text(void)
{
    rl_point = rl_end;
    if (editor.paints)
        paint_now();
    else
        rl_redisplay();
    editor.cursor_row = 0;
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
    editor.cursor_row = 0;
    rl_forced_update_display();
    return 0;
}

/* ---- completion ---- */

static char *next_match(const char *typed, int state)
{
    static int i; /* readline's protocol: state 0 starts afresh */

    (void)typed;
    i = state == 0 ? 0 : i + 1;
    char *word = editor.hooks.complete(editor.hooks.owner, rl_line_buffer, (size_t)rl_point - strlen(typed),
                                       (size_t)rl_point, i);
    return word;
}

static char **complete(const char *typed, int begin, int end)
{
    (void)begin;
    (void)end;
    rl_attempted_completion_over = 1; /* no file names unless we say so */
    char **matches = rl_completion_matches(typed, next_match);
    if (matches != NULL && matches[1] == NULL) {
        size_t size = strlen(matches[0]);
        rl_completion_suppress_append = size > 0 && strchr("(/", matches[0][size - 1]) != NULL;
    }
    return matches;
}

/* What words are divided by: in a dot command only blanks. */
static char *word_breaks(void)
{
    static char of_statement[] = " \t\n()+-*/%,;=<>!&|'\".", of_command[] = " \t\n";
    const char *text = rl_line_buffer + strspn(rl_line_buffer, " \t\n");

    return *text == '.' || *text == '\\' ? of_command : of_statement;
}

static void show_matches(char **matches, int count, int longest)
{
    int point = rl_point;

    leave_text();
    rl_display_match_list(matches, count, longest);
    rl_point = point;
    rl_forced_update_display();
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
        {"\\eOF", to_line_end},
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
    rl_readline_name = "ssql";
    rl_catch_signals = 0;
    rl_catch_sigwinch = 0;
    rl_initialize(); /* before the function that paints is set: else newlines are taken for control characters */
    if (editor.paints) {
        rl_redisplay_function = paint;
        rl_completion_display_matches_hook = show_matches;
    }
    rl_attempted_completion_function = complete;
    rl_completion_word_break_hook = word_breaks;
    rl_variable_bind("completion-ignore-case", "on");
    rl_variable_bind("page-completions", "off");
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
static enum edit_result drop_text(void)
{
    bool is_empty = rl_end == 0;

    rl_callback_sigcleanup();
    rl_free_line_state(); /* paints once more: before anything is written below */
    leave_text();
    fputs("^C\r\n", rl_outstream);
    fflush(rl_outstream);
    rl_callback_handler_remove();
    return is_empty ? EDIT_EMPTY_BREAK : EDIT_DROPPED;
}

enum edit_result edit_read(const char *prompt, const char *next_prompt, char **text)
{
    struct pollfd input = {.fd = STDIN_FILENO, .events = POLLIN};

    *text = NULL;
    editor.prompt = prompt;
    editor.next_prompt = next_prompt;
    editor.cursor_row = 0;
    editor.is_accepted = false;
    editor.line = NULL;
    rl_callback_handler_install(prompt, take_line);
    while (!editor.is_accepted) {
        int ready = poll(&input, 1, -1);
        if (ready < 0 && errno == EINTR && interrupt_take())
            return drop_text();
        if (ready > 0)
            rl_callback_read_char();
    }
    if (editor.line == NULL)
        return EDIT_END;
    *text = must_copy(editor.line, strlen(editor.line));
    rl_free(editor.line);
    editor.line = NULL;
    return EDIT_TEXT;
}

void edit_remember(const char *text)
{
    add_history(text);
}

void edit_stop(void)
{
    text_clear(&editor.painted);
    free(editor.rows);
    editor.rows = NULL;
    editor.row_capacity = 0;
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
