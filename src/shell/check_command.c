#include "shell/check_command.h"

#include <inttypes.h>
#include <ssql.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "shell/command_line.h"
#include "shell/finding_line.h"
#include "shell/interrupt.h"
#include "shell/session.h"
#include "shell/text_buffer.h"

/* A check that runs. */
struct checking {
    struct output *output;
    struct progress_line *progress;
    int64_t tables, files, bytes, damages;
};

static int report(void *context, const ssql_finding *finding)
{
    struct checking *checking = context;

    checking->tables = finding_number(finding, "tables");
    checking->files = finding_number(finding, "files");
    checking->bytes = finding_number(finding, "bytes");
    checking->damages = finding_number(finding, "damages");
    if (ssql_finding_kind(finding) == SSQL_FINDING_PROGRESS) {
        progress_show(checking->progress, "checking", checking->bytes / MEGABYTE,
                      finding_number(finding, "bytes_total") / MEGABYTE, " MB");
    } else {
        progress_hide(checking->progress);
        finding_write(checking->output, finding);
    }
    return checking->output->error != 0 || interrupt_is_pending();
}

/* "1 table", "2 tables". */
static void add_count(struct text_buffer *text, int64_t count, const char *what)
{
    text_format(text, "%" PRId64 " %s%s", count, what, count == 1 ? "" : "s");
}

static int write_outcome(struct checking *checking, int code)
{
    struct text_buffer line = {0};

    if (code == SSQL_OK) {
        text_add_string(&line, "ok: ");
        add_count(&line, checking->tables, "table");
        text_add_string(&line, ", ");
        add_count(&line, checking->files, "file");
        text_add_string(&line, ", ");
        add_count(&line, checking->bytes, "byte");
        text_add_string(&line, " checked");
    } else {
        text_add_string(&line, "damaged: ");
        add_count(&line, checking->damages, "finding");
    }
    finding_write_line(checking->output, &line);
    if (code != SSQL_OK)
        return STATUS_DAMAGED;
    return checking->output->error != 0 ? STATUS_FAILED : STATUS_DONE;
}

static int fail(const ssql_options *options, int code)
{
    command_report_options(options, code);
    return code == SSQL_INTERRUPTED ? STATUS_FAILED : STATUS_NO_START;
}

int check_database(const char *path, struct output *output, struct progress_line *progress)
{
    struct checking checking = {.output = output, .progress = progress};
    ssql_options *options = NULL;
    int status;

    progress_begin(progress);
    int code = ssql_options_new(&options);
    if (code == SSQL_OK)
        code = ssql_check(path, options, report, &checking);
    progress_hide(progress);
    if (output->error != 0)
        status = checking.damages > 0 ? STATUS_DAMAGED : STATUS_FAILED;
    else if (code == SSQL_OK || code == SSQL_CORRUPT)
        status = write_outcome(&checking, code);
    else
        status = fail(options, code);
    ssql_options_free(options);
    return status;
}

static const char *check_option(int i)
{
    return i == 0 ? "--help" : NULL;
}

int check_command(int argc, char **argv)
{
    struct output output = {.file = STDOUT_FILENO};
    struct progress_line progress = {.is_on = progress_is_possible()};

    if (argc == 2 && (strcmp(argv[1], "-h") == 0 || strcmp(argv[1], "--help") == 0)) {
        puts("usage: ssql check DB\n"
             "Reads every byte of a database and says what is damaged. It changes nothing; DB may be in use.\n"
             "Exit status: 0 whole, 3 damaged, 2 could not be checked.");
        return output_flush_stdout() ? STATUS_DONE : STATUS_FAILED;
    }
    if (argc > 1 && argv[1][0] == '-')
        return command_unknown_option(argv[1], check_option, "ssql check DB");
    if (argc != 2) {
        fputs("error: expected one database\nhint: ssql check DB\n", stderr);
        return STATUS_NO_START;
    }
    int status = check_database(argv[1], &output, &progress);
    if (output.error != 0)
        fprintf(stderr, "error: cannot write to standard output: %s\n", strerror(output.error));
    text_clear(&output.text);
    return status;
}
