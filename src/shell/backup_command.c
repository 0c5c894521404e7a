#include "shell/backup_command.h"

#include <inttypes.h>
#include <ssql.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "shell/check_command.h"
#include "shell/interrupt.h"
#include "shell/opened_database.h"
#include "shell/output.h"
#include "shell/progress.h"

static const char usage[] = "ssql backup [--incremental] [--copy] [--verify] DB DEST";

enum { MEGABYTE = 1000000, PATHS_MOST = 2 };

/* What is asked for. */
struct backup_request {
    int flags; /* of ssql_backup */
    bool verifies;
    bool help;
    const char *paths[PATHS_MOST];
    int path_count; /* may be more than there is room for */
};

static const struct listed_option options[] = {
    {"--incremental", 0, NULL, false, "renew a backup of the same database: only what is new is brought there"},
    {"--copy", 0, NULL, false, "copy every file, also where a link would do"},
    {"--verify", 0, NULL, false, "read every byte of the backup afterwards, as ssql check does"},
    {"--help", 'h', NULL, false, "this text"},
};
enum { OPTION_COUNT = sizeof options / sizeof options[0] };

bool backup_options_list(int i, struct listed_option *option)
{
    if (i >= OPTION_COUNT)
        return false;
    *option = options[i];
    return true;
}

static const char *option_name(int i)
{
    return i < OPTION_COUNT ? options[i].name : NULL;
}

/* Returns the first option that is not known, or NULL. */
static const char *read_request(struct backup_request *request, char *const *arguments, int count)
{
    bool has_ended = false;

    *request = (struct backup_request){0};
    for (int i = 0; i < count; i++) {
        const char *argument = arguments[i];
        if (has_ended || argument[0] != '-' || argument[1] == '\0') {
            if (request->path_count < PATHS_MOST)
                request->paths[request->path_count] = argument;
            request->path_count++;
        } else if (strcmp(argument, "--") == 0) {
            has_ended = true;
        } else if (strcmp(argument, "--incremental") == 0) {
            request->flags |= SSQL_BACKUP_INCREMENTAL;
        } else if (strcmp(argument, "--copy") == 0) {
            request->flags |= SSQL_BACKUP_COPY;
        } else if (strcmp(argument, "--verify") == 0) {
            request->verifies = true;
        } else if (strcmp(argument, "-h") == 0 || strcmp(argument, "--help") == 0) {
            request->help = true;
        } else {
            return argument;
        }
    }
    return NULL;
}

static void describe(struct text_buffer *text, const char *first_line)
{
    text_format(text,
                "usage: %s\n"
                "Makes a backup of a database, which may be in use, in the directory DEST: a database of its own, as\n"
                "it is at one moment. On one file system files are linked, and the backup takes next to no space.\n\n",
                first_line);
    for (int i = 0; i < OPTION_COUNT; i++)
        text_format(text, "  %s%-*s%s\n", options[i].letter == 'h' ? "-h, " : "    ", 15, options[i].name,
                    options[i].description);
    text_add_string(text,
                    "\nExit status: 0 done; 1 not done, and then nothing is left behind; 2 there is no such database,\n"
                    "or DEST is taken; 3 damage was found; 130 interrupted.\n");
}

/* ---- the backup ---- */

static int64_t number(const ssql_conn *connection, const char *name)
{
    int64_t value;

    ssql_backup_stat(connection, name, &value);
    return value;
}

static void add_outcome(struct text_buffer *text, const ssql_conn *connection)
{
    static const char *const parts[] = {"linked", "copied", "written", "kept"};
    const char *before = ": ";

    text_add_string(text, "ok: ");
    text_add_count(text, number(connection, "files"));
    text_add_string(text, " files, ");
    text_add_count(text, number(connection, "bytes"));
    text_add_string(text, " bytes");
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        if (number(connection, parts[i]) == 0)
            continue;
        text_add_string(text, before);
        text_add_count(text, number(connection, parts[i]));
        text_format(text, " %s", parts[i]);
        before = ", ";
    }
    text_add_char(text, '\n');
}

static void write_outcome(struct output *output, const ssql_conn *connection)
{
    struct text_buffer text = {0};

    add_outcome(&text, connection);
    output_add(output, text.data, text.size);
    output_flush(output);
    text_clear(&text);
}

static int report(void *context, const char *what, int64_t done, int64_t total)
{
    progress_show(context, what, done / MEGABYTE, total / MEGABYTE, " MB");
    return 0;
}

/* ---- the program's command ---- */

static int status_of(int code)
{
    switch (code) {
    case SSQL_CORRUPT: return STATUS_DAMAGED;
    case SSQL_INTERRUPTED: return STATUS_INTERRUPTED;
    case SSQL_CANNOT_OPEN:
    case SSQL_LOCKED: return STATUS_NO_START;
    default: return STATUS_FAILED;
    }
}

static int complain_usage(const char *message)
{
    fprintf(stderr, "error: %s\nhint: %s\n", message, usage);
    return STATUS_NO_START;
}

static int back_up(ssql_conn *connection, const struct backup_request *request)
{
    struct output output = {.file = STDOUT_FILENO};
    struct progress_line progress = {.is_on = progress_is_possible()};
    int status = STATUS_DONE;

    progress_begin(&progress);
    if (progress.is_on)
        ssql_set_progress(connection, report, &progress);
    interrupt_install();
    interrupt_watch(connection);
    int code = ssql_backup(connection, request->paths[1], request->flags);
    interrupt_watch(NULL);
    progress_hide(&progress);
    if (code == SSQL_OK) {
        write_outcome(&output, connection);
    } else {
        command_report(ssql_errmsg(connection), ssql_errhint(connection), code);
        status = status_of(code);
    }
    if (status == STATUS_DONE && output.error == 0 && request->verifies)
        status = check_database(request->paths[1], &output, &progress);
    if (output.error != 0) {
        fprintf(stderr, "error: cannot write to standard output: %s\n", strerror(output.error));
        status = status == STATUS_DONE ? STATUS_FAILED : status;
    }
    text_clear(&output.text);
    return status;
}

/* Opened for reading: it may be in use, and stays as it is. */
static int back_up_database(const struct backup_request *request)
{
    struct opened_database opened;
    int status, code = opened_database_open(&opened, request->paths[0], "readonly");

    if (code == SSQL_OK) {
        status = back_up(opened.connection, request);
    } else {
        command_report_options(opened.options, code);
        status = status_of(code);
    }
    opened_database_close(&opened); /* a reader has nothing to lose */
    return status;
}

static int print_help(void)
{
    struct text_buffer text = {0};

    describe(&text, usage);
    return output_print(&text) ? STATUS_DONE : STATUS_FAILED;
}

int backup_command(int argc, char **argv)
{
    struct backup_request request;
    const char *unknown = read_request(&request, argv + 1, argc - 1);

    if (unknown != NULL)
        return command_unknown_option(unknown, option_name, usage);
    if (request.help)
        return print_help();
    if (request.path_count != PATHS_MOST)
        return complain_usage(request.path_count < PATHS_MOST ? "expected a database and a directory for its backup"
                                                              : "too many arguments");
    if (strcmp(request.paths[0], ":memory:") == 0)
        return complain_usage("a database in memory is gone with its program: .backup is for one that is open");
    return back_up_database(&request);
}

/* ---- the dot command ---- */

static bool verify(struct command_line *line, const char *path)
{
    struct session *session = line->session;
    int status = check_database(path, session_results(session), &session->progress);

    session_flush(session);
    if (status > session->status)
        session->status = status == STATUS_NO_START ? STATUS_FAILED : status;
    return status == STATUS_DONE;
}

bool command_backup(struct command_line *line)
{
    struct session *session = line->session;
    struct backup_request request;
    struct text_buffer text = {0};

    if (!command_is_safe(line))
        return false;
    const char *unknown = read_request(&request, line->arguments, line->count);
    if (unknown != NULL)
        return command_fail_unknown(line, "unknown option ", unknown, option_name,
                                    "options are --incremental, --copy "
                                    "and --verify");
    if (request.help) {
        describe(&text, ".backup [--incremental] [--copy] [--verify] DEST");
        return session_show(session, &text);
    }
    if (request.path_count != 1)
        return command_fail(line, NULL, "expected one directory for the backup", "");
    session_flush(session);
    progress_begin(&session->progress);
    int code = ssql_backup(session->connection, request.paths[0], request.flags);
    progress_hide(&session->progress);
    if (code != SSQL_OK) {
        session_report_connection(session, line->source);
        return false;
    }
    write_outcome(session_results(session), session->connection);
    return session_flush(session) && (!request.verifies || verify(line, request.paths[0]));
}
