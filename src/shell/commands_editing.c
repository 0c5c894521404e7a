#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "shell/commands.h"
#include "shell/display_width.h"
#include "shell/external_editor.h"
#include "shell/interactive.h"
#include "shell/interrupt.h"
#include "shell/prompt.h"
#include "shell/statement_text.h"

enum { HISTORY_SHOWN = 20, HISTORY_MOST = 1000000, WATCH_LONGEST = 86400, LOOK_MS = 100 };

static bool needs_prompt(struct command_line *line)
{
    if (line->session->interactive != NULL)
        return true;
    return command_fail(line, NULL, "there is no prompt here: it is needed for ", line->name);
}

/* The last text that was typed and is no dot command; NULL with an error when there is none. */
static const char *last_text(struct command_line *line)
{
    const char *text = needs_prompt(line) ? interactive_last_text(line->session->interactive) : NULL;

    if (text == NULL && line->session->interactive != NULL)
        command_fail(line, NULL, "no statement was typed yet", "");
    return text;
}

bool command_edit(struct command_line *line)
{
    struct text_buffer message = {0};

    if (!command_is_safe(line) || !needs_prompt(line))
        return false;
    const char *text = interactive_last_text(line->session->interactive);
    session_flush(line->session);
    char *edited = external_editor_run(text == NULL ? "" : text, &message);
    if (edited == NULL)
        command_fail(line, "VISUAL or EDITOR names the editor", message.data, "");
    else
        interactive_propose(line->session->interactive, edited);
    text_clear(&message);
    free(edited);
    return edited != NULL;
}

/* The entry as it was typed, its further lines under the first. */
static void add_entry(struct text_buffer *to, size_t number, const struct history_entry *entry)
{
    char when[32] = "";

    if (entry->time != 0) /* at most 14 digits of it: the year fits */
        strftime(when, sizeof when, "%Y-%m-%d %H:%M", localtime_r(&entry->time, &(struct tm){0}));
    text_format(to, "%5zu  %-16s  ", number, when);
    for (const char *begin = entry->text;;) {
        size_t size = strcspn(begin, "\n");
        display_escape(to, begin, size);
        text_add_char(to, '\n');
        if (begin[size] == '\0')
            break;
        text_format(to, "%25s", "");
        begin += size + 1;
    }
}

bool command_history(struct command_line *line)
{
    struct session *session = line->session;
    struct text_buffer text = {0};
    long shown = HISTORY_SHOWN;

    if (!needs_prompt(line) || (line->count > 0 && !command_number(line, 0, 1, HISTORY_MOST, &shown)))
        return false;
    const struct history *history = interactive_history(session->interactive);
    size_t first = history->count > (size_t)shown ? history->count - (size_t)shown : 0;
    for (size_t i = first; i < history->count; i++)
        add_entry(&text, i + 1, &history->entries[i]);
    output_add(session_results(session), text_string(&text), text.size);
    text_clear(&text);
    return session_flush(session);
}

bool command_prompt(struct command_line *line)
{
    struct session *session = line->session;
    char wrong[] = {'%', line->count > 0 ? prompt_check(line->arguments[0]) : '\0', '\0'};

    if (wrong[1] != '\0')
        return command_fail(line, "%d is the database, %t the state of the transaction, %% a percent sign",
                            "no such sign in a prompt: ", wrong);
    free(session->prompt);
    session->prompt = line->count > 0 ? must_copy(line->arguments[0], strlen(line->arguments[0])) : NULL;
    return true;
}

/* ---- .watch ---- */

/* True when the text is one query; else an error says why not. */
static bool is_query(struct command_line *line, const char *text)
{
    struct session *session = line->session;
    const char *tail;
    ssql_stmt *statement = NULL, *another = NULL;

    if (ssql_prepare(session->connection, text, strlen(text), &statement, &tail) != SSQL_OK) {
        char *reason = must_copy(ssql_errmsg(session->connection), strlen(ssql_errmsg(session->connection)));
        command_fail(line, NULL, "the last statement cannot be repeated: ", reason);
        free(reason);
        return false;
    }
    bool is_one = statement != NULL && ssql_statement_kind(statement) == SSQL_KIND_QUERY &&
                  ssql_prepare(session->connection, tail, strlen(tail), &another, NULL) == SSQL_OK && another == NULL;
    ssql_finalize(statement);
    ssql_finalize(another);
    if (!is_one)
        return command_fail(line, "it repeats the statement that was typed last", "not a single query: ", text);
    return true;
}

/* Waits, or until Ctrl-C: then false. */
static bool wait_seconds(double seconds)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    double end = (double)now.tv_sec + (double)now.tv_nsec / 1e9 + seconds, left = seconds;
    while (left > 0 && !interrupt_is_pending()) {
        int wait = left * 1000 < LOOK_MS ? (int)(left * 1000) + 1 : LOOK_MS;
        (void)poll(NULL, 0, wait); /* a signal ends it early, which is as good */
        clock_gettime(CLOCK_MONOTONIC, &now);
        left = end - ((double)now.tv_sec + (double)now.tv_nsec / 1e9);
    }
    return !interrupt_is_pending();
}

/* A terminal shows the newest result only. */
static void begin_round(struct session *session, double seconds)
{
    struct output *output = session_results(session);
    const char *terminal = getenv("TERM");
    char when[32];
    time_t now = time(NULL);
    struct text_buffer head = {0};

    if (output->is_terminal && terminal != NULL && strcmp(terminal, "dumb") != 0)
        text_add_string(&head, "\033[H\033[2J");
    strftime(when, sizeof when, "%H:%M:%S", localtime_r(&now, &(struct tm){0}));
    text_format(&head, "%s, every %g s; Ctrl-C ends it\n", when, seconds);
    output_add(output, head.data, head.size);
    text_clear(&head);
}

static bool read_seconds(struct command_line *line, double *seconds)
{
    char *end;

    *seconds = strtod(line->arguments[0], &end);
    if (end != line->arguments[0] && *end == '\0' && *seconds >= 0.1 && *seconds <= WATCH_LONGEST)
        return true;
    return command_fail(line, NULL, "seconds from 0.1 to 86400, not ", line->arguments[0]);
}

bool command_watch(struct command_line *line)
{
    struct session *session = line->session;
    double seconds = 2;
    bool done;

    if (line->count > 0 && !read_seconds(line, &seconds))
        return false;
    const char *text = last_text(line);
    if (text == NULL || !is_query(line, text))
        return false;
    bool had_pager = !session->pager.is_off;
    session->pager.is_off = true; /* it would wait for somebody to quit it */
    do {
        begin_round(session, seconds);
        done = interactive_run_text(session, text);
    } while (done && session_results(session)->error == 0 && wait_seconds(seconds));
    session->pager.is_off = !had_pager;
    return interrupt_is_pending() || done;
}

/* ---- habits of psql ---- */

bool command_run_again(struct command_line *line)
{
    const char *text = last_text(line);

    return text != NULL && interactive_run_text(line->session, text);
}

bool command_expanded(struct command_line *line)
{
    struct session *session = line->session;

    session->render.type = session->render.type == &render_line ? &render_box : &render_line;
    session_note(session, "mode: %s", session->render.type->name);
    return true;
}

/* The offset behind the from or to that stands outside of all parentheses; the end when there is none. */
static size_t copy_place(const char *text, size_t size)
{
    struct word word;
    size_t at = 0, depth = 0;

    while (next_word(text, size, &at, &word)) {
        if (depth == 0 && (word_is(&word, "from") || word_is(&word, "to")))
            return at + strspn(text + at, " \t");
        if (*word.text == '(')
            depth++;
        else if (*word.text == ')' && depth > 0)
            depth--;
    }
    return size;
}

/* The statement for what psql takes: there the name of a file needs no quotes, and ends at a blank. */
static void add_copy(struct text_buffer *to, const char *text, size_t size)
{
    struct word word;
    size_t place = copy_place(text, size), at = place;

    text_format(to, "copy %.*s", (int)place, text);
    if (next_word(text, size, &at, &word) && !word.is_quoted && !word_is(&word, "stdin") && !word_is(&word, "stdout")) {
        at = place + strcspn(text + place, " \t");
        add_string_literal(to, text + place, (at < size ? at : size) - place);
        place = at < size ? at : size;
    }
    text_add(to, text + place, size - place);
    text_add_char(to, ';');
}

bool command_copy(struct command_line *line)
{
    struct text_buffer text = {0};
    size_t size = strlen(line->rest);

    while (size > 0 && strchr(" \t;", line->rest[size - 1]) != NULL)
        size--;
    add_copy(&text, line->rest, size);
    bool done = interactive_run_text(line->session, text.data);
    text_clear(&text);
    return done;
}
