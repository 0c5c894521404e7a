#include "shell/check_command.h"

#include <inttypes.h>
#include <ssql.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "shell/display_width.h"
#include "shell/session.h"
#include "shell/text_buffer.h"

static const double PROGRESS_AFTER_SECONDS = 1, PROGRESS_EVERY_SECONDS = 0.2;

/* A check that runs: what it has said, and when the line of progress was last written. */
struct checking {
    bool shows_progress, has_progress;
    double begin, last;
    bool cannot_write;
    int64_t tables, files, bytes, damages;
};

static double now(void)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static int64_t number(const ssql_finding *finding, const char *name)
{
    int64_t value;

    ssql_finding_stat(finding, name, &value);
    return value;
}

static void clear_progress(struct checking *checking)
{
    if (checking->has_progress)
        fputs("\r\x1b[K", stderr);
    checking->has_progress = false;
}

static void show_progress(struct checking *checking, const ssql_finding *finding)
{
    double time = now();
    int64_t bytes = number(finding, "bytes"), total = number(finding, "bytes_total");

    if (!checking->shows_progress || time - checking->begin < PROGRESS_AFTER_SECONDS ||
        time - checking->last < PROGRESS_EVERY_SECONDS)
        return;
    checking->last = time;
    checking->has_progress = true;
    fprintf(stderr, "\r\x1b[Kchecked %" PRId64 " of %" PRId64 " MB, %d %%", bytes / 1000000, total / 1000000,
            total == 0 ? 100 : (int)((double)bytes * 100 / (double)total));
    fflush(stderr);
}

static void write_line(struct checking *checking, struct text_buffer *line)
{
    text_add_char(line, '\n');
    if (fwrite(line->data, 1, line->size, stdout) != line->size || fflush(stdout) != 0)
        checking->cannot_write = true;
    text_clear(line);
}

static void write_finding(struct checking *checking, const ssql_finding *finding)
{
    const char *file = ssql_finding_file(finding), *text = ssql_finding_text(finding);
    const char *table = ssql_finding_table(finding);
    struct text_buffer line = {0};

    display_escape(&line, file, strlen(file));
    text_add_string(&line, ssql_finding_kind(finding) == SSQL_FINDING_NOTICE ? ": notice: " : ": ");
    display_escape(&line, text, strlen(text));
    if (table != NULL) {
        text_add_string(&line, " (table \"");
        display_escape(&line, table, strlen(table));
        text_add_string(&line, "\")");
    }
    write_line(checking, &line);
}

static int report(void *context, const ssql_finding *finding)
{
    struct checking *checking = context;

    checking->tables = number(finding, "tables");
    checking->files = number(finding, "files");
    checking->bytes = number(finding, "bytes");
    checking->damages = number(finding, "damages");
    if (ssql_finding_kind(finding) == SSQL_FINDING_PROGRESS) {
        show_progress(checking, finding);
    } else {
        clear_progress(checking);
        write_finding(checking, finding);
    }
    return checking->cannot_write;
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
    write_line(checking, &line);
    if (code != SSQL_OK)
        return STATUS_DAMAGED;
    return checking->cannot_write ? STATUS_FAILED : STATUS_DONE;
}

static int check_database(const char *path)
{
    struct checking checking = {.shows_progress = isatty(STDERR_FILENO), .begin = now()};
    ssql_options *options = NULL;
    int status = STATUS_NO_START;

    int code = ssql_options_new(&options);
    if (code == SSQL_OK)
        code = ssql_check(path, options, report, &checking);
    clear_progress(&checking);
    if (checking.cannot_write) {
        status = checking.damages > 0 ? STATUS_DAMAGED : STATUS_FAILED;
    } else if (code == SSQL_OK || code == SSQL_CORRUPT) {
        status = write_outcome(&checking, code);
    } else {
        const char *reason = options == NULL ? "" : ssql_options_errmsg(options);
        fprintf(stderr, "error: %s [%s]\n", *reason != '\0' ? reason : ssql_code_text(code), ssql_code_sqlstate(code));
        if (options != NULL && *ssql_options_errhint(options) != '\0')
            fprintf(stderr, "hint: %s\n", ssql_options_errhint(options));
    }
    ssql_options_free(options);
    return status;
}

int check_command(int argc, char **argv)
{
    if (argc == 2 && (strcmp(argv[1], "-h") == 0 || strcmp(argv[1], "--help") == 0)) {
        puts("usage: ssql check DB\n"
             "Reads every byte of a database and says what is damaged. It changes nothing; DB may be in use.\n"
             "Exit status: 0 whole, 3 damaged, 2 could not be checked.");
        return fflush(stdout) == 0 ? STATUS_DONE : STATUS_FAILED;
    }
    if (argc != 2 || argv[1][0] == '-') {
        fputs("error: expected one database\nhint: ssql check DB\n", stderr);
        return STATUS_NO_START;
    }
    return check_database(argv[1]);
}
