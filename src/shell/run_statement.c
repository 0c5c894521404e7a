#include "shell/run_statement.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "shell/interrupt.h"
#include "shell/measure.h"
#include "shell/safe_mode.h"
#include "shell/statement_text.h"
#include "shell/timeout.h"
#include "shell/unfinished_file.h"

/* ---- parameters ---- */

static bool complain_of_parameter(struct session *session, const char *name, bool has_name, const struct source *source)
{
    struct text_buffer message = {0}, hint = {0};

    text_format(&message, "parameter %s%s has no value", has_name ? ":" : "?", name);
    text_format(&hint, session->is_interactive ? "give it one with .var %s VALUE" : "give it one with --var %s=VALUE",
                name);
    session_report(session,
                   &(struct error_report){.message = message.data,
                                          .sqlstate = ssql_code_sqlstate(SSQL_UNKNOWN_PARAMETER),
                                          .hint = hint.data},
                   source);
    text_clear(&message);
    text_clear(&hint);
    return false;
}

static bool bind_parameters(struct session *session, ssql_stmt *statement, const struct source *source)
{
    int count = ssql_parameter_count(statement);

    for (int i = 1; i <= count; i++) {
        const char *name = ssql_parameter_name(statement, i);
        bool has_name = *name != '\0';
        char number[16];
        if (!has_name)
            snprintf(number, sizeof number, "%d", i);
        const struct variable *variable = variables_find(&session->variables, has_name ? name : number);
        if (variable == NULL)
            return complain_of_parameter(session, has_name ? name : number, has_name, source);
        if (variable_bind(statement, i, variable->literal) != SSQL_OK) {
            session_report_connection(session, source);
            return false;
        }
    }
    return true;
}

/* ---- the plan, for .explain on ---- */

static bool is_explained(const struct source *source)
{
    static const char *const words[] = {"select", "values", "with", "insert", "upsert", "update", "delete"};
    struct word word;
    size_t at = 0;

    (void)next_word(source->text + source->begin, source->size, &at, &word); /* a statement has one */
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (word_is(&word, words[i]))
            return true;
    return false;
}

/* A statement that cannot be explained is left to say so itself. */
static void explain(struct session *session, const struct source *source)
{
    struct text_buffer text = {0}, plan = {0};
    ssql_stmt *statement = NULL;

    if (!is_explained(source))
        return;
    text_add_string(&text, "explain ");
    text_add(&text, source->text + source->begin, source->size);
    if (ssql_prepare(session->connection, text.data, text.size, &statement, NULL) == SSQL_OK && statement != NULL) {
        for (int i = 1; i <= ssql_parameter_count(statement); i++) {
            const struct variable *variable = variables_find(&session->variables, ssql_parameter_name(statement, i));
            if (variable != NULL)
                variable_bind(statement, i, variable->literal);
        }
        while (ssql_step(statement) == SSQL_ROW) {
            const char *line = ssql_column_text(statement, 0, NULL);
            text_format(&plan, "%s\n", line == NULL ? "" : line);
        }
        ssql_finalize(statement);
    }
    session_tell(session, &plan);
    text_clear(&text);
}

/* ---- rows ---- */

/* What one run of a statement has come to. */
struct outcome {
    int64_t row_count;
    bool is_shortened;
    bool is_quit; /* whoever read it has seen enough before its end */
    bool is_done;
    struct kept_error error; /* when it failed */
};

static void keep_error(struct session *session, struct outcome *outcome, bool is_late)
{
    static const char message[] = "the statement was ended: it took longer than it may";
    static const char hint[] = "--timeout and .timeout say how long that is";
    struct kept_error *error = &outcome->error;

    session_keep_error(session, error);
    if (error->code != SSQL_INTERRUPTED || !is_late)
        return;
    free(error->message);
    free(error->hint);
    error->message = must_copy(message, strlen(message));
    error->hint = must_copy(hint, strlen(hint));
    error->report.message = error->message;
    error->report.hint = error->hint;
    error->is_late = true;
}

static int step(struct session *session, ssql_stmt *statement)
{
    int result = ssql_step(statement);

    if (session->progress.is_visible)
        progress_hide(&session->progress);
    return result;
}

/* Steps through a statement that has rows, which go to the renderer's output; the number of the last step is returned.
 */
static int step_rows(struct session *session, ssql_stmt *statement, struct renderer *renderer, struct pager *pager)
{
    int result = step(session, statement);
    bool has_result = result == SSQL_ROW || result == SSQL_DONE;

    if (has_result)
        renderer_begin(renderer, statement);
    while (result == SSQL_ROW) {
        renderer_row(renderer, statement);
        if (pager != NULL) {
            pager_watch(pager);
            session->progress.is_paused = pager->process != 0;
        }
        if (renderer->output->error != 0)
            break; /* nobody reads any more */
        result = step(session, statement);
    }
    return result;
}

static void finish(struct session *session, int result, bool is_late, struct outcome *outcome)
{
    outcome->is_done = result == SSQL_DONE || result == SSQL_ROW;
    if (!outcome->is_done)
        keep_error(session, outcome, is_late);
}

static void run_without_rows(struct session *session, ssql_stmt *statement, struct outcome *outcome)
{
    timeout_start(session->connection, session->timeout);
    int result = step(session, statement);
    finish(session, result, timeout_stop(), outcome);
}

/* `measure` may be NULL. */
static void run_with_rows(struct session *session, ssql_stmt *statement, const struct source *source,
                          struct measure *measure, struct outcome *outcome)
{
    struct output *output = session_results(session);
    struct pager pager;
    bool is_paged = session_is_paged(session, output) && pager_begin(&pager, &session->pager, output);
    struct renderer renderer = {.settings = &session->render,
                                .output = is_paged ? &pager.output : output,
                                .is_terminal = output->is_terminal,
                                .is_coloured = session->colours_results && output == &session->standard,
                                .row_limit = session_is_read(session, output) ? session->render.rows : 0,
                                .statement_text = source->text + source->begin,
                                .statement_size = source->size};

    timeout_start(session->connection, session->timeout);
    int result = step_rows(session, statement, &renderer, is_paged ? &pager : NULL);
    finish(session, result, timeout_stop(), outcome);
    if (renderer.type != NULL) /* it has begun */
        renderer_end(&renderer, result != SSQL_DONE);
    outcome->row_count = renderer.row_count;
    outcome->is_shortened = renderer_has_shortened(&renderer);
    outcome->is_quit = result == SSQL_ROW;
    if (measure != NULL)
        measure_stop(measure);
    if (is_paged) {
        pager_end(&pager);
        if (outcome->is_done && pager.is_over)
            interrupt_take(); /* Ctrl-C in the pager was meant for it */
    }
}

/* copy to a file, rejects: what is not whole is removed before a signal ends the program. */
static bool writes_files(const struct source *source)
{
    struct word word;
    size_t at = 0;

    (void)next_word(source->text + source->begin, source->size, &at, &word);
    return word_is(&word, "copy");
}

static void run(struct session *session, ssql_stmt *statement, const struct source *source, struct measure *measure,
                struct outcome *outcome)
{
    if (writes_files(source))
        unfinished_statement_begin(session->connection);
    if (ssql_column_count(statement) > 0) {
        run_with_rows(session, statement, source, measure, outcome);
    } else {
        run_without_rows(session, statement, outcome);
        if (measure != NULL)
            measure_stop(measure);
    }
    unfinished_statement_end();
}

/* ---- what is said about it ---- */

/* For somebody at the prompt. */
static void say_outcome(struct session *session, int kind, bool has_rows, const struct outcome *outcome)
{
    int64_t count = kind == SSQL_KIND_CHANGE && !has_rows ? ssql_changes(session->connection) : outcome->row_count;
    struct text_buffer text = {0};

    if (!session->is_interactive)
        return;
    if (kind != SSQL_KIND_CHANGE && !has_rows) {
        session_note(session, "ok");
        return;
    }
    text_add_count(&text, count);
    text_add_string(&text, count == 1 ? " row" : " rows");
    if (outcome->is_quit)
        text_add_string(&text, " so far: the pager was quit");
    else if (outcome->is_shortened)
        text_format(&text, ", %" PRId64 " of them shown; .rows all shows all", session->render.rows);
    session_note(session, "%s", text.data);
    text_clear(&text);
}

static void say_costs(struct session *session, const struct measure *measure, int64_t row_count)
{
    struct text_buffer text = {0};

    if (session->times)
        measure_add_times(&text, measure, session->db, row_count);
    if (session->counts)
        measure_add_numbers(&text, measure, session->db);
    session_tell(session, &text); /* that a statement has ended is news, too: it is durable then */
}

static void echo(struct session *session, const struct source *source)
{
    struct output *output = session_results(session);

    output_add(output, source->text + source->begin, source->size);
    output_add_char(output, '\n');
}

/* The statement is not to blame: only where a file is run its place is of use. */
static void report_write_failure(struct session *session, const struct source *source, int error)
{
    session_report_text(session, source->file != NULL ? source : NULL, NULL, "cannot write the result: %s",
                        output_error_text(error));
}

/* .once has had its result, or `is_whole` false: a part of it, which takes no file's place. */
static bool end_once(struct session *session, const struct source *source, bool is_whole)
{
    if (!session->other_is_for_one_statement)
        return true;
    session->other_is_for_one_statement = false;
    bool is_told = session->other.error != 0 && session->other.error != EPIPE; /* by check_output */
    if (output_close(&session->other, is_whole) || errno == ECANCELED)
        return true;
    if (!is_told)
        report_write_failure(session, source, errno);
    return false;
}

static bool check_output(struct session *session, const struct source *source)
{
    struct output *output = session_results(session);

    if (session_flush(session) || output->error == EPIPE || output->error == ECANCELED)
        return true;
    report_write_failure(session, source, output->error);
    session->write_failure_is_told = true;
    session->is_leaving = session->is_leaving || output == &session->standard;
    return false;
}

/* ---- all of it ---- */

static bool is_allowed(struct session *session, const struct source *source)
{
    const char *why, *hint;

    if (!session->is_safe || safe_mode_allows(source->text + source->begin, source->size, &why, &hint))
        return true;
    session_report(
        session, &(struct error_report){.message = why, .hint = hint, .sqlstate = ssql_code_sqlstate(SSQL_NOT_ALLOWED)},
        source);
    return false;
}

/* With --single-transaction, the end of the transaction is that of the input. */
static bool refuse_end_of_transaction(struct session *session, const struct source *source)
{
    session_report_text(session, source, "leave out either the option, or begin, commit and rollback",
                        "with --single-transaction the whole input is one transaction, which cannot be ended here");
    return false;
}

/* A statement that the end of the input has cut off is told by where it began: its end may be many lines below what is
 * missing. */
static void report_refused(struct session *session, const struct source *source)
{
    static const char end[] = "unexpected end of the statement";
    struct text_buffer message = {0};
    struct kept_error error;

    session_keep_error(session, &error);
    if (source->is_cut_off && error.code == SSQL_SYNTAX && strncmp(error.message, end, strlen(end)) == 0) {
        text_format(&message, "unfinished statement that began at line %" PRId64 "%s", session_first_line(source),
                    error.message + strlen(end));
        error.report.message = message.data;
    }
    session_report_kept(session, &error, source);
    text_clear(&message);
}

/* The statement with its values, when it can be run at all; NULL with *done when there is nothing to run. */
static ssql_stmt *prepare(struct session *session, const struct source *source, bool *done)
{
    ssql_stmt *statement;

    *done = false;
    if (!is_allowed(session, source))
        return NULL;
    if (ssql_prepare(session->connection, source->text + source->begin, source->size, &statement, NULL) != SSQL_OK) {
        report_refused(session, source);
        return NULL;
    }
    *done = statement == NULL;
    if (statement != NULL && !bind_parameters(session, statement, source)) {
        ssql_finalize(statement);
        return NULL;
    }
    return statement;
}

bool run_statement(struct session *session, const struct source *source)
{
    struct outcome outcome = {0};
    struct measure measure;
    bool is_measured = session->times || session->counts, done;

    if (session->echoes)
        echo(session, source);
    if (session->explains)
        explain(session, source);
    if (is_measured)
        measure_start(&measure, session->db);
    progress_begin(&session->progress);
    ssql_stmt *statement = prepare(session, source, &done);
    if (statement == NULL)
        return done;
    int kind = ssql_statement_kind(statement);
    if (kind == SSQL_KIND_TRANSACTION && session->is_one_transaction) {
        ssql_finalize(statement);
        return refuse_end_of_transaction(session, source);
    }
    session->needs_sync = session->needs_sync || !ssql_is_read_only(statement) || kind == SSQL_KIND_TRANSACTION;
    run(session, statement, source, is_measured ? &measure : NULL, &outcome);
    bool has_rows = ssql_column_count(statement) > 0;
    if (!outcome.is_done)
        session_report_kept(session, &outcome.error, source);
    done = outcome.is_done && check_output(session, source);
    if (has_rows)
        done = end_once(session, source, done) && done;
    if (done)
        say_outcome(session, kind, has_rows, &outcome);
    if (is_measured)
        say_costs(session, &measure,
                  kind == SSQL_KIND_CHANGE && !has_rows && done ? ssql_changes(session->connection)
                                                                : outcome.row_count);
    ssql_finalize(statement);
    return done;
}
