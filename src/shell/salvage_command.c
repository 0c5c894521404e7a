#include "shell/salvage_command.h"

#include <inttypes.h>
#include <ssql.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "shell/command_line.h"
#include "shell/finding_line.h"
#include "shell/interrupt.h"
#include "shell/output.h"
#include "shell/progress.h"

/* A salvage that runs. */
struct salvaging {
    struct output output;
    struct progress_line progress;
    int64_t tables, rows, losses;
};

static int report(void *context, const ssql_finding *finding)
{
    struct salvaging *salvaging = context;

    salvaging->tables = finding_number(finding, "tables");
    salvaging->rows = finding_number(finding, "rows");
    salvaging->losses = finding_number(finding, "damages");
    if (ssql_finding_kind(finding) == SSQL_FINDING_PROGRESS) {
        progress_show(&salvaging->progress, "reading", finding_number(finding, "bytes") / MEGABYTE,
                      finding_number(finding, "bytes_total") / MEGABYTE, " MB");
    } else {
        progress_hide(&salvaging->progress);
        finding_write(&salvaging->output, finding);
    }
    return salvaging->output.error != 0 || interrupt_is_pending();
}

/* Versions of rows: an older one of a row that has a newer one counts, too. */
static void write_outcome(struct salvaging *salvaging, int code)
{
    struct text_buffer line = {0};

    text_add_string(&line, code == SSQL_OK ? "ok: " : "kept: ");
    text_format(&line, "%" PRId64 " %s, ", salvaging->tables, salvaging->tables == 1 ? "table" : "tables");
    text_add_count(&line, salvaging->rows);
    text_add_string(&line, salvaging->rows == 1 ? " row version" : " row versions");
    if (code == SSQL_OK)
        text_add_string(&line, ", nothing lost");
    else
        text_format(&line, "; lost: %" PRId64 " %s", salvaging->losses,
                    salvaging->losses == 1 ? "finding" : "findings");
    finding_write_line(&salvaging->output, &line);
}

static int fail(const ssql_options *options, int code)
{
    command_report_options(options, code);
    if (code == SSQL_INTERRUPTED)
        return STATUS_INTERRUPTED;
    return code == SSQL_CANNOT_OPEN ? STATUS_NO_START : STATUS_FAILED;
}

static int salvage(const char *path, const char *new_path)
{
    struct salvaging salvaging = {.output = {.file = STDOUT_FILENO}, .progress = {.is_on = progress_is_possible()}};
    ssql_options *options = NULL;
    int status = STATUS_DONE;

    interrupt_install();
    progress_begin(&salvaging.progress);
    int code = ssql_options_new(&options);
    if (code == SSQL_OK)
        code = ssql_salvage(path, new_path, options, report, &salvaging);
    progress_hide(&salvaging.progress);
    if (code == SSQL_OK || code == SSQL_CORRUPT) {
        write_outcome(&salvaging, code);
        status = code == SSQL_OK ? STATUS_DONE : STATUS_DAMAGED;
    } else if (salvaging.output.error == 0) {
        status = fail(options, code);
    }
    if (salvaging.output.error != 0) {
        fprintf(stderr, "error: cannot write to standard output: %s\n", strerror(salvaging.output.error));
        status = status == STATUS_DONE ? STATUS_FAILED : status;
    }
    text_clear(&salvaging.output.text);
    ssql_options_free(options);
    return status;
}

static const char *salvage_option(int i)
{
    return i == 0 ? "--help" : NULL;
}

int salvage_command(int argc, char **argv)
{
    if (argc == 2 && (strcmp(argv[1], "-h") == 0 || strcmp(argv[1], "--help") == 0)) {
        puts(
            "usage: ssql salvage DB NEWDB\n"
            "Writes all that can still be proven good of a damaged database into a new one, and says what is lost.\n"
            "DB stays as it is; nobody may write to it meanwhile.\n"
            "Exit status: 0 nothing was lost, 3 something was, 2 there is no such database or NEWDB is taken, 1 other\n"
            "failures: then there is no NEWDB; 130 interrupted.");
        return output_flush_stdout() ? STATUS_DONE : STATUS_FAILED;
    }
    if (argc > 1 && argv[1][0] == '-')
        return command_unknown_option(argv[1], salvage_option, "ssql salvage DB NEWDB");
    if (argc != 3) {
        fputs("error: expected a database and a path for the new one\nhint: ssql salvage DB NEWDB\n", stderr);
        return STATUS_NO_START;
    }
    return salvage(argv[1], argv[2]);
}
