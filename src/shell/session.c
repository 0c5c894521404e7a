#include "shell/session.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "shell/dot_commands.h"
#include "shell/interrupt.h"

void session_init(struct session *session)
{
    *session = (struct session){.render = {.header = true}, .stops_at_error = true};
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

/* ---- messages ---- */

static void write_message(struct session *session, struct text_buffer *text)
{
    session_flush(session);
    if (session->connection != NULL)
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

void session_report(struct session *session, const struct error_report *report, const struct source *source)
{
    struct error_report coloured = *report;
    struct text_buffer text = {0};

    coloured.is_coloured = session->colours_messages;
    error_report_write(&text, &coloured, source);
    write_message(session, &text);
    set_status(session, STATUS_FAILED);
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
    session_report(session, &(struct error_report){.message = text_string(&message), .hint = hint}, source);
    text_clear(&message);
}

void session_report_connection(struct session *session, const struct source *source)
{
    ssql_conn *connection = session->connection;
    int code = ssql_errcode(connection);
    /* Texts are copied: writing the message may sync, which is a call on the connection. */
    char *message = must_copy(ssql_errmsg(connection), strlen(ssql_errmsg(connection)));
    char *hint = must_copy(ssql_errhint(connection), strlen(ssql_errhint(connection)));
    struct error_report report = {.message = message, .hint = hint, .sqlstate = ssql_code_sqlstate(code)};

    ssql_errpos(connection, &report.line, &report.column, &report.length);
    session_report(session, &report, source);
    free(message);
    free(hint);
    if (code == SSQL_CORRUPT)
        set_status(session, STATUS_DAMAGED);
    if (code == SSQL_INTERRUPTED && !session->is_interactive) {
        session->status = STATUS_INTERRUPTED;
        session->is_leaving = true;
    }
}

void session_note(struct session *session, const char *format, ...)
{
    char *text = NULL;
    va_list arguments;

    if (session->is_quiet)
        return;
    session_flush(session);
    session_sync(session);
    va_start(arguments, format);
    if (vasprintf(&text, format, arguments) >= 0)
        fprintf(stderr, "%s\n", text);
    va_end(arguments);
    free(text);
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

static void before_waiting(void *owner)
{
    session_flush(owner);
    session_sync(owner);
}

/* ---- the database ---- */

/* An error of opening, with what the path looks like. */
static void report_opening(struct session *session, const char *path, int code)
{
    struct text_buffer message = {0};
    const char *reason = ssql_options_errmsg(session->options), *hint = ssql_options_errhint(session->options);
    struct stat status;

    text_format(&message, "%s%s%s", strstr(reason, path) != NULL ? "" : path, strstr(reason, path) != NULL ? "" : ": ",
                *reason != '\0' ? reason : ssql_code_text(code));
    if (*hint == '\0' && stat(path, &status) == 0 && S_ISREG(status.st_mode))
        hint = "a database is a directory; to run a script, use -f FILE";
    struct error_report report = {.message = text_string(&message), .hint = hint, .sqlstate = ssql_code_sqlstate(code)};
    session_report(session, &report, NULL);
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
    session->path = NULL;
    return done && code == SSQL_OK;
}

bool session_open(struct session *session, const char *path)
{
    ssql_db *db;
    ssql_conn *connection;
    int code = ssql_open_with(path, session->options, &db);

    if (code == SSQL_OK && (code = ssql_connect(db, &connection)) != SSQL_OK)
        ssql_close(db);
    if (code != SSQL_OK) {
        report_opening(session, path, code);
        return false;
    }
    char *copy = must_copy(path, strlen(path)); /* `path` may be the old one's */
    close_database(session);
    session->db = db;
    session->connection = connection;
    session->path = copy;
    ssql_defer_sync(connection, !session->is_interactive);
    interrupt_watch(connection);
    session->standard.may_write = session->other.may_write = may_write;
    session->standard.owner = session->other.owner = session;
    return true;
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
    ssql_options_free(session->options);
    free(session->render.null_text);
    free(session->render.separator);
    free(session->render.insert_table);
    free(session->prompt);
}

/* ---- statements ---- */

static bool bind_parameters(struct session *session, ssql_stmt *statement, const struct source *source)
{
    int count = ssql_parameter_count(statement);

    for (int i = 1; i <= count; i++) {
        const char *name = ssql_parameter_name(statement, i);
        char number[16];
        if (*name == '\0')
            snprintf(number, sizeof number, "%d", i);
        const struct variable *variable = variables_find(&session->variables, *name == '\0' ? number : name);
        if (variable == NULL) {
            struct text_buffer message = {0}, hint = {0};
            text_format(&message, "parameter %s%s has no value", *name == '\0' ? "?" : ":",
                        *name == '\0' ? number : name);
            text_format(&hint,
                        session->is_interactive ? "give it one with .var %s VALUE" : "give it one with --var %s=VALUE",
                        *name == '\0' ? number : name);
            session_report(session,
                           &(struct error_report){.message = message.data,
                                                  .sqlstate = ssql_code_sqlstate(SSQL_UNKNOWN_PARAMETER),
                                                  .hint = hint.data},
                           source);
            text_clear(&message);
            text_clear(&hint);
            return false;
        }
        if (variable_bind(statement, i, variable->literal) != SSQL_OK) {
            session_report_connection(session, source);
            return false;
        }
    }
    return true;
}

/* Steps through a statement; its rows go to the results. */
static bool step_all(struct session *session, ssql_stmt *statement, const struct source *source, int64_t *row_count)
{
    struct output *output = session_results(session);
    struct renderer renderer = {.settings = &session->render,
                                .output = output,
                                .is_terminal = output->is_terminal,
                                .is_coloured = session->colours_results && output == &session->standard,
                                .statement_text = source->text + source->begin,
                                .statement_size = source->size};
    int result = ssql_step(statement);
    bool has_result = ssql_column_count(statement) > 0 && (result == SSQL_ROW || result == SSQL_DONE);

    if (has_result)
        renderer_begin(&renderer, statement);
    while (result == SSQL_ROW) {
        renderer_row(&renderer, statement);
        if (output->error != 0)
            break; /* nobody reads any more */
        result = ssql_step(statement);
    }
    if (result != SSQL_DONE && result != SSQL_ROW)
        session_report_connection(session, source);
    if (has_result)
        renderer_end(&renderer, result != SSQL_DONE);
    *row_count = renderer.row_count;
    return result == SSQL_DONE || result == SSQL_ROW;
}

struct stopwatch {
    struct timespec begin;
    struct rusage usage;
};

static void stopwatch_start(struct stopwatch *watch)
{
    clock_gettime(CLOCK_MONOTONIC, &watch->begin);
    getrusage(RUSAGE_SELF, &watch->usage);
}

static double seconds_of(struct timeval time)
{
    return (double)time.tv_sec + (double)time.tv_usec / 1e6;
}

static void stopwatch_report(struct session *session, const struct stopwatch *watch)
{
    struct timespec now;
    struct rusage usage;

    clock_gettime(CLOCK_MONOTONIC, &now);
    getrusage(RUSAGE_SELF, &usage);
    double wall = (double)(now.tv_sec - watch->begin.tv_sec) + (double)(now.tv_nsec - watch->begin.tv_nsec) / 1e9;
    session_flush(session);
    session_sync(session); /* that a statement has ended is news, too */
    fprintf(stderr, "time: %.6f s, user %.6f s, system %.6f s\n", wall,
            seconds_of(usage.ru_utime) - seconds_of(watch->usage.ru_utime),
            seconds_of(usage.ru_stime) - seconds_of(watch->usage.ru_stime));
}

/* What a statement did, for somebody at the prompt. */
static void say_outcome(struct session *session, int kind, bool has_rows, int64_t row_count)
{
    int64_t count = kind == SSQL_KIND_CHANGE && !has_rows ? ssql_changes(session->connection) : row_count;

    if (!session->is_interactive)
        return;
    if (kind == SSQL_KIND_CHANGE || has_rows)
        session_note(session, count == 1 ? "%" PRId64 " row" : "%" PRId64 " rows", count);
    else
        session_note(session, "ok");
}

static void echo(struct session *session, const struct source *source)
{
    struct output *output = session_results(session);

    output_add(output, source->text + source->begin, source->size);
    output_add_char(output, '\n');
}

/* .once has had its result. */
static void end_once(struct session *session)
{
    if (!session->other_is_for_one_statement)
        return;
    session->other_is_for_one_statement = false;
    if (!output_close(&session->other, true) && errno != ECANCELED)
        session_report_text(session, NULL, NULL, "cannot write the result: %s", output_error_text(errno));
}

static bool check_output(struct session *session, const struct source *source)
{
    struct output *output = session_results(session);

    if (session_flush(session) || output->error == EPIPE || output->error == ECANCELED)
        return true;
    session_report_text(session, source, NULL, "cannot write the result: %s", strerror(output->error));
    session->write_failure_is_told = true;
    session->is_leaving = session->is_leaving || output == &session->standard;
    return false;
}

bool session_run_statement(struct session *session, const struct source *source)
{
    struct stopwatch watch;
    ssql_stmt *statement;
    int64_t row_count = 0;

    if (session->echoes)
        echo(session, source);
    if (session->times)
        stopwatch_start(&watch);
    if (ssql_prepare(session->connection, source->text + source->begin, source->size, &statement, NULL) != SSQL_OK) {
        session_report_connection(session, source);
        return false;
    }
    if (statement == NULL)
        return true;
    int kind = ssql_statement_kind(statement);
    session->needs_sync = session->needs_sync || !ssql_is_read_only(statement) || kind == SSQL_KIND_TRANSACTION;
    bool done = bind_parameters(session, statement, source) && step_all(session, statement, source, &row_count);
    bool has_rows = ssql_column_count(statement) > 0;
    if (done)
        done = check_output(session, source);
    if (has_rows)
        end_once(session);
    if (done)
        say_outcome(session, kind, has_rows, row_count);
    ssql_finalize(statement);
    if (session->times)
        stopwatch_report(session, &watch);
    return done;
}

/* ---- everything of a reader ---- */

static void report_unfinished(struct session *session, const struct source *source)
{
    struct source begin = *source;
    struct text_buffer message = {0};

    for (size_t i = 0; i < source->begin; i++)
        begin.line += source->text[i] == '\n';
    text_format(&message, "unfinished statement that began at line %" PRId64, begin.line);
    session_report(session,
                   &(struct error_report){.message = message.data,
                                          .sqlstate = ssql_code_sqlstate(SSQL_SYNTAX),
                                          .line = 1,
                                          .column = 1,
                                          .hint = "the input ends inside a string, a quoted name or a comment"},
                   source);
    text_clear(&message);
}

static bool run_item(struct session *session, enum reader_item item, const struct source *source)
{
    switch (item) {
    case READER_STATEMENT: return session_run_statement(session, source);
    case READER_COMMAND: return dot_command_run(session, source);
    case READER_UNFINISHED: report_unfinished(session, source); return false;
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
    while (!session->is_leaving && item != READER_END && item != READER_FAILED) {
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
