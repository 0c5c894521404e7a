#include "shell/transfer_command.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "shell/interrupt.h"
#include "shell/unfinished_file.h"

/* ---- errors ---- */

bool transfer_fail(struct transfer *transfer, const char *sqlstate, const char *hint, const char *format, ...)
{
    struct text_buffer message = {0};
    va_list arguments;

    va_start(arguments, format);
    text_format_list(&message, format, arguments);
    va_end(arguments);
    struct error_report report = {.message = message.data, .sqlstate = sqlstate, .hint = hint};
    if (transfer->source != NULL) {
        report.line = report.column = 1;
        report.length = (int64_t)transfer->source->size;
    }
    session_report(transfer->session, &report, transfer->source);
    text_clear(&message);
    return false;
}

bool transfer_fail_connection(struct transfer *transfer, const char *hint)
{
    struct kept_error kept;

    session_keep_error(transfer->session, &kept);
    kept.report.line = kept.report.column = kept.report.length = 0;
    if (hint != NULL)
        kept.report.hint = hint;
    if (transfer->source != NULL) {
        kept.report.line = kept.report.column = 1;
        kept.report.length = (int64_t)transfer->source->size;
    }
    session_report_kept(transfer->session, &kept, transfer->source);
    return false;
}

bool transfer_fail_import_interrupted(struct transfer *transfer)
{
    struct session *session = transfer->session;

    transfer_fail(transfer, ssql_code_sqlstate(SSQL_INTERRUPTED), NULL, "the import was interrupted");
    if (!session->is_interactive) {
        session->status = STATUS_INTERRUPTED;
        session->is_leaving = true;
    }
    return false;
}

bool transfer_execute(struct transfer *transfer, const char *text)
{
    transfer->session->needs_sync = true;
    unfinished_statement_begin(transfer->session->connection);
    int code = ssql_exec(transfer->session->connection, text, strlen(text));
    unfinished_statement_end();
    return code == SSQL_OK;
}

/* ---- the command of the program ---- */

static int complain(const struct transfer_kind *kind, const char *message, const char *hint)
{
    fprintf(stderr, "error: %s\n", message);
    if (*hint != '\0')
        fprintf(stderr, "hint: %s\n", hint);
    else
        fprintf(stderr, "hint: ssql %s %s\n", kind->name, kind->usage);
    return STATUS_NO_START;
}

static int print_help(const struct transfer_kind *kind)
{
    struct text_buffer text = {0};

    text_format(&text, "usage: ssql %s %s\n%s", kind->name, kind->usage, kind->about);
    transfer_options_describe(&text, kind->use);
    return output_print(&text) ? STATUS_DONE : STATUS_FAILED;
}

static void set_up(struct session *session, const struct transfer_kind *kind, const struct transfer_options *options)
{
    session->is_batch = true;
    session->must_write = kind->writes;
    session->is_quiet = options->is_quiet;
    session->progress.is_on = progress_is_possible() && !options->is_quiet;
    session_choose_colours(session, COLOR_AUTO);
    /* What only reads need not wait for a writer; what imports may make the database along with the table. */
    if (!kind->writes)
        (void)session_set_option(session, "readonly", "on");
    else if (!options->creates && (options->format == NULL || strcmp(options->format, "insert") != 0))
        (void)session_set_option(session, "must_exist", "on");
}

static int run(const struct transfer_kind *kind, const struct transfer_options *options)
{
    struct session session;
    struct transfer transfer = {.session = &session,
                                .options = options,
                                .arguments = options->arguments + 1,
                                .count = options->argument_count - 1};
    bool done = false;

    session_init(&session);
    interrupt_install();
    set_up(&session, kind, options);
    if (session_open(&session, options->arguments[0]))
        done = kind->run(&transfer);
    if (!done && session.status == STATUS_DONE)
        session.status = STATUS_FAILED;
    session_close(&session, done);
    return session.status;
}

int transfer_command_run(const struct transfer_kind *kind, int argc, char **argv)
{
    struct text_buffer message = {0}, hint = {0};
    struct transfer_options options;
    int status;

    if (!transfer_options_read(&options, kind->use, argv + 1, argc - 1, &message, &hint))
        status = complain(kind, message.data, text_string(&hint));
    else if (options.help)
        status = print_help(kind);
    else if (options.argument_count - 1 < kind->least)
        status = complain(kind, options.argument_count == 0 ? "expected a database" : "something is missing", "");
    else if (options.argument_count - 1 > kind->most)
        status = complain(kind, "too many arguments", "");
    else
        status = run(kind, &options);
    transfer_options_clear(&options);
    text_clear(&message);
    text_clear(&hint);
    return status;
}

/* ---- the dot command ---- */

static bool fail_line(struct command_line *line, const struct text_buffer *message, const struct text_buffer *hint)
{
    return command_fail(line, text_string(hint), text_string(message), "");
}

bool transfer_command_line(const struct transfer_kind *kind, struct command_line *line, bool has_last_first)
{
    struct text_buffer message = {0}, hint = {0};
    struct transfer_options options;
    bool done = false;

    if (!command_is_safe(line))
        return false;
    if (!transfer_options_read(&options, kind->use, line->arguments, line->count, &message, &hint)) {
        fail_line(line, &message, &hint);
    } else if (options.help) {
        transfer_options_describe(&message, kind->use);
        output_add(session_results(line->session), message.data, message.size);
        done = session_flush(line->session);
    } else if (options.argument_count < kind->least || options.argument_count > kind->most) {
        text_format(&hint, "%s --help tells the options", line->name);
        text_format(&message, "%s after %s", options.argument_count < kind->least ? "something is missing" : "too much",
                    line->name);
        fail_line(line, &message, &hint);
    } else {
        const char *arguments[ARGUMENTS_MOST + 1] = {NULL};
        int count = options.argument_count, shift = has_last_first ? count - 1 : 0;
        for (int i = 0; i < count; i++)
            arguments[i] = options.arguments[(i + shift) % count];
        struct transfer transfer = {.session = line->session,
                                    .options = &options,
                                    .source = line->source,
                                    .arguments = arguments,
                                    .count = count};
        progress_begin(&line->session->progress);
        done = kind->run(&transfer);
    }
    transfer_options_clear(&options);
    text_clear(&message);
    text_clear(&hint);
    return done;
}
