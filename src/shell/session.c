#include "shell/session.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "shell/copy_streams.h"
#include "shell/dot_commands.h"
#include "shell/interrupt.h"
#include "shell/run_statement.h"
#include "shell/statement_text.h"

void session_init(struct session *session)
{
    *session = (struct session){.render = {.header = true, .rows = ROWS_DEFAULT}, .stops_at_error = true};
    session->standard.file = STDOUT_FILENO;
    session->standard.is_terminal = isatty(STDOUT_FILENO) != 0;
    session->other.file = -1;
    session->render.type = &render_tsv;
    if (ssql_options_new(&session->options) != SSQL_OK)
        must_reallocate(NULL, SIZE_MAX / 2); /* ends the program as every lack of memory does */
}

struct output *session_results(struct session *session)
{
    return session->other.file >= 0 ? &session->other : &session->standard;
}

static bool wants_colour(const struct session *session, enum color_when when, int file)
{
    const char *no_colour = getenv("NO_COLOR"), *terminal = getenv("TERM");

    if (when != COLOR_AUTO)
        return when == COLOR_ALWAYS;
    return !session->is_batch && isatty(file) && (no_colour == NULL || *no_colour == '\0') && terminal != NULL &&
           strcmp(terminal, "dumb") != 0;
}

void session_choose_colours(struct session *session, enum color_when when)
{
    session->colours_results = wants_colour(session, when, STDOUT_FILENO);
    session->colours_messages = wants_colour(session, when, STDERR_FILENO);
}

/* ---- messages ---- */

void session_tell(struct session *session, struct text_buffer *text)
{
    progress_hide(&session->progress);
    session_flush(session);
    session_sync(session);
    fwrite(text_string(text), 1, text->size, stderr);
    fflush(stderr);
    text_clear(text);
}

static void set_status(struct session *session, int status)
{
    if (session->status < status)
        session->status = status;
}

/* Of the terminal that shows messages; 0: none does, or it does not know. */
static size_t terminal_columns(void)
{
    struct winsize size;

    return ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 ? size.ws_col : 0;
}

void session_report(struct session *session, const struct error_report *report, const struct source *source)
{
    struct error_report coloured = *report;
    struct text_buffer text = {0};

    coloured.is_coloured = session->colours_messages;
    coloured.columns = session->is_batch ? 0 : terminal_columns();
    error_report_write(&text, &coloured, source);
    session_tell(session, &text);
    set_status(session, STATUS_FAILED);
}

/* Where the first word of a statement or command stands, behind blanks and comments. */
static void find_first_word(struct error_report *report, const struct source *source)
{
    struct word word;
    size_t at = 0;

    if (!next_word(source->text + source->begin, source->size, &at, &word))
        return;
    const char *begin = source->text + source->begin, *line = begin;
    report->line = report->column = report->length = 1;
    for (const char *byte = begin; byte < word.text; byte++)
        if (*byte == '\n') {
            report->line++;
            line = byte + 1;
        }
    for (const char *byte = line; byte < word.text; byte++)
        report->column += ((unsigned char)*byte & 0xC0) != 0x80;
    const char *end = memchr(word.text, '\n', source->size - (size_t)(word.text - begin));
    for (const char *byte = word.text + 1; byte < (end == NULL ? begin + source->size : end); byte++)
        report->length += ((unsigned char)*byte & 0xC0) != 0x80;
}

int64_t session_first_line(const struct source *source)
{
    struct error_report first = {.line = 1};
    int64_t line = source->line;

    find_first_word(&first, source);
    for (size_t i = 0; i < source->begin; i++)
        line += source->text[i] == '\n';
    return line + first.line - 1;
}

void session_report_text(struct session *session, const struct source *source, const char *hint, const char *format,
                         ...)
{
    struct text_buffer message = {0};
    char *text = NULL;
    va_list arguments;

    va_start(arguments, format);
    if (vasprintf(&text, format, arguments) >= 0)
        text_add_string(&message, text);
    va_end(arguments);
    free(text);
    struct error_report report = {.message = text_string(&message), .hint = hint};
    if (source != NULL)
        find_first_word(&report, source);
    session_report(session, &report, source);
    text_clear(&message);
}

void session_keep_error(struct session *session, struct kept_error *kept)
{
    ssql_conn *connection = session->connection;
    const char *message = ssql_errmsg(connection), *hint = ssql_errhint(connection);

    *kept = (struct kept_error){.code = ssql_errcode(connection),
                                .message = must_copy(message, strlen(message)),
                                .hint = must_copy(hint, strlen(hint))};
    kept->report =
        (struct error_report){.message = kept->message, .hint = kept->hint, .sqlstate = ssql_code_sqlstate(kept->code)};
    ssql_errpos(connection, &kept->report.line, &kept->report.column, &kept->report.length);
}

void session_report_kept(struct session *session, struct kept_error *kept, const struct source *source)
{
    session_report(session, &kept->report, source);
    free(kept->message);
    free(kept->hint);
    if (kept->code == SSQL_CORRUPT)
        set_status(session, STATUS_DAMAGED);
    if (kept->code == SSQL_INTERRUPTED && !kept->is_late && !session->is_interactive) {
        session->status = STATUS_INTERRUPTED;
        session->is_leaving = true;
    }
}

void session_report_connection(struct session *session, const struct source *source)
{
    struct kept_error kept;

    session_keep_error(session, &kept);
    session_report_kept(session, &kept, source);
}

void session_note(struct session *session, const char *format, ...)
{
    struct text_buffer text = {0};
    char *note = NULL;
    va_list arguments;

    if (session->is_quiet)
        return;
    va_start(arguments, format);
    if (vasprintf(&note, format, arguments) >= 0)
        text_format(&text, "%s\n", note);
    va_end(arguments);
    free(note);
    session_tell(session, &text);
}

/* ---- durability: nothing leaves the process before what it depends on is safe ---- */

bool session_sync(struct session *session)
{
    if (!session->needs_sync || session->connection == NULL)
        return true;
    session->needs_sync = false;
    if (ssql_sync(session->connection) == SSQL_OK)
        return true;
    /* What was gathered may depend on commits that are lost: it is dropped. */
    session->standard.error = session->other.error = ECANCELED;
    session->is_leaving = true;
    session_report_connection(session, NULL);
    return false;
}

static bool may_write(void *owner)
{
    return session_sync(owner);
}

bool session_flush(struct session *session)
{
    struct output *output = session_results(session);

    if (output_flush(output))
        return true;
    if (output->error == EPIPE && output == &session->standard)
        session->is_leaving = true;
    return false;
}

bool session_is_read(const struct session *session, const struct output *output)
{
    return output == &session->standard && output->is_terminal && !session->is_batch;
}

bool session_is_paged(const struct session *session, const struct output *output)
{
    return session_is_read(session, output) && !session->is_safe && isatty(STDIN_FILENO);
}

bool session_show(struct session *session, struct text_buffer *text)
{
    struct output *output = session_results(session);
    struct pager pager;

    if (session_is_paged(session, output) && pager_begin(&pager, &session->pager, output)) {
        output_add(&pager.output, text_string(text), text->size);
        pager_end(&pager);
    } else {
        output_add(output, text_string(text), text->size);
    }
    text_clear(text);
    return session_flush(session);
}

static void before_waiting(void *owner)
{
    session_flush(owner);
    session_sync(owner);
}

/* ---- the database ---- */

/* An error of opening, with what the path looks like. */
static void report_opening(struct session *session, const struct source *source, const char *path, int code)
{
    struct text_buffer message = {0};
    const char *reason = ssql_options_errmsg(session->options), *hint = ssql_options_errhint(session->options);

    if (strstr(reason, path) == NULL)
        text_format(&message, "%s: ", path);
    text_add_string(&message, *reason != '\0' ? reason : ssql_code_text(code));
    if (code == SSQL_LOCKED)
        hint = session->must_write ? "close the other program, or wait until it ends"
               : source != NULL    ? "open it with .open -r, or close the other program"
                                   : "open it with --readonly, or close the other program";
    struct error_report report = {.message = text_string(&message), .hint = hint, .sqlstate = ssql_code_sqlstate(code)};
    if (source != NULL)
        find_first_word(&report, source);
    session_report(session, &report, source);
    text_clear(&message);
    set_status(session, code == SSQL_CORRUPT ? STATUS_DAMAGED : STATUS_NO_START);
}

static bool close_database(struct session *session)
{
    bool done = session_flush(session) && session_sync(session);

    interrupt_watch(NULL);
    ssql_disconnect(session->connection);
    session->connection = NULL;
    int code = session->db == NULL ? SSQL_OK : ssql_close(session->db);
    session->db = NULL;
    if (code != SSQL_OK)
        session_report(session,
                       &(struct error_report){.message = ssql_code_text(code),
                                              .sqlstate = ssql_code_sqlstate(code),
                                              .hint = "closing the database failed; what was acknowledged is safe"},
                       NULL);
    free(session->path);
    free(session->full_path);
    session->path = session->full_path = NULL;
    return done && code == SSQL_OK;
}

static int report_progress(void *context, const char *what, int64_t done, int64_t total)
{
    struct session *session = context;

    progress_show_report(&session->progress, what, done, total);
    return 0;
}

void session_watch_progress(struct session *session)
{
    bool is_on = session->progress.is_on;

    ssql_set_progress(session->connection, is_on ? report_progress : NULL, is_on ? session : NULL);
}

bool session_set_option(struct session *session, const char *name, const char *value)
{
    if (ssql_options_set(session->options, name, value) != SSQL_OK)
        return false;
    (void)variables_set(&session->chosen_options, name, strlen(name), value);
    if (strcmp(name, "readonly") == 0)
        session->is_readonly = strchr("oty1", *value) != NULL && strcmp(value, "off") != 0; /* on, true, yes, 1 */
    return true;
}

void session_set_switch(struct session *session, const char *name, bool is_on)
{
    int code = ssql_options_set(session->options, name, is_on ? "on" : "off");

    assert(code == SSQL_OK);
    (void)code;
}

void session_make_safe(struct session *session)
{
    session->is_safe = true;
    session_set_switch(session, "allow_files", false);
}

/* The path as it is seen from anywhere: the folder in which the program works may change. */
static char *full_path(const char *path)
{
    struct text_buffer full = {0};
    char *folder = *path == '/' || strcmp(path, ":memory:") == 0 ? NULL : getcwd(NULL, 0);

    if (folder != NULL)
        text_format(&full, "%s/", folder);
    free(folder);
    text_add_string(&full, path);
    return full.data;
}

bool session_open_at(struct session *session, const char *path, const struct source *source)
{
    ssql_db *db;
    ssql_conn *connection;
    int code = ssql_open_with(path, session->options, &db);

    if (code == SSQL_OK && (code = ssql_connect(db, &connection)) != SSQL_OK)
        ssql_close(db);
    if (code != SSQL_OK) {
        report_opening(session, source, path, code);
        return false;
    }
    char *copy = must_copy(path, strlen(path)); /* `path` may be the old one's */
    close_database(session);
    session->db = db;
    session->connection = connection;
    session->path = copy;
    session->full_path = full_path(copy);
    ssql_defer_sync(connection, !session->is_interactive);
    interrupt_watch(connection);
    session_watch_progress(session);
    copy_streams_connect(session);
    session->standard.may_write = session->other.may_write = may_write;
    session->standard.owner = session->other.owner = session;
    return true;
}

bool session_open(struct session *session, const char *path)
{
    return session_open_at(session, path, NULL);
}

void session_close(struct session *session, bool keep)
{
    bool is_file = session->other.file >= 0;

    session_flush(session);
    if (!output_close(&session->other, keep) && is_file && errno != ECANCELED && !session->write_failure_is_told)
        session_report_text(session, NULL, NULL, "cannot write the results: %s", output_error_text(errno));
    close_database(session);
    if (session->standard.error != 0 && session->standard.error != EPIPE && session->standard.error != ECANCELED &&
        !session->write_failure_is_told)
        session_report_text(session, NULL, NULL, "cannot write to standard output: %s",
                            strerror(session->standard.error));
    text_clear(&session->standard.text);
    text_clear(&session->other.text);
    variables_clear(&session->variables);
    variables_clear(&session->chosen_options);
    ssql_options_free(session->options);
    free(session->render.null_text);
    free(session->render.separator);
    free(session->render.insert_table);
    free(session->prompt);
    free(session->pager.command);
}

/* ---- everything of a reader ---- */

static void report_unfinished(struct session *session, const struct source *source)
{
    struct text_buffer message = {0};

    text_format(&message, "unfinished statement that began at line %" PRId64, session_first_line(source));
    session_report(session,
                   &(struct error_report){.message = message.data,
                                          .sqlstate = ssql_code_sqlstate(SSQL_SYNTAX),
                                          .line = 1,
                                          .column = 1,
                                          .hint = "the input ends inside a string, a quoted name or a comment"},
                   source);
    text_clear(&message);
}

static void report_too_long(struct session *session, const struct source *source)
{
    struct text_buffer message = {0};

    text_format(&message, "the statement is longer than %d bytes", STATEMENT_BYTES_MOST);
    session_report(session,
                   &(struct error_report){.message = message.data,
                                          .sqlstate = ssql_code_sqlstate(SSQL_TOO_LARGE),
                                          .line = 1,
                                          .column = 1,
                                          .length = 1,
                                          .hint = "rows are loaded with import, whatever their number"},
                   source);
    text_clear(&message);
}

static bool run_item(struct session *session, enum reader_item item, const struct source *source)
{
    switch (item) {
    case READER_STATEMENT: return run_statement(session, source);
    case READER_COMMAND: return dot_command_run(session, source);
    case READER_UNFINISHED:
        if (!interrupt_is_pending()) /* somebody who stops the program knows */
            report_unfinished(session, source);
        return false;
    case READER_TOO_LONG: report_too_long(session, source); return false;
    case READER_FAILED:
        session_report_text(session, NULL, NULL, "cannot read %s: %s",
                            session->reading->name != NULL ? session->reading->name : "standard input",
                            strerror(errno));
        return false;
    case READER_INTERRUPTED:
    case READER_END: break;
    }
    return true;
}

bool session_run_reader(struct session *session, struct reader *reader)
{
    const struct reader *outer = session->reading;
    enum reader_item item = READER_STATEMENT;
    struct source source;
    bool done = true;

    session->reading = reader;
    reader->before_waiting = before_waiting;
    reader->owner = session;
    while (!session->is_leaving && item != READER_END && item != READER_FAILED && item != READER_TOO_LONG) {
        item = reader_next(reader, &source);
        bool item_done = run_item(session, item, &source);
        done = done && item_done;
        if (interrupt_is_pending() && !session->is_interactive) {
            session->status = STATUS_INTERRUPTED;
            session->is_leaving = true;
        }
        if (interrupt_is_pending() || (!item_done && session->stops_at_error))
            break;
    }
    session->reading = outer;
    return done;
}
