#include "shell/compact_command.h"

#include <inttypes.h>
#include <ssql.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "shell/command_line.h"
#include "shell/interrupt.h"
#include "shell/opened_database.h"
#include "shell/output.h"
#include "shell/progress.h"
#include "shell/session.h"

static int64_t table_bytes(ssql_conn *connection)
{
    ssql_tables *tables;
    int64_t bytes = 0;

    if (ssql_tables_new(connection, &tables) != SSQL_OK)
        return 0;
    for (int i = 0; i < ssql_tables_count(tables); i++) {
        for (int level = 0; level < ssql_level_count(); level++) {
            char name[32];
            int64_t value;
            snprintf(name, sizeof name, "level%d_bytes", level);
            ssql_tables_stat(tables, i, name, &value);
            bytes += value;
        }
    }
    ssql_tables_free(tables);
    return bytes;
}

static int report(void *context, const char *what, int64_t done, int64_t total)
{
    progress_show_report(context, what, done, total);
    return 0;
}

static int fail_to_open(const ssql_options *options, int code)
{
    if (code == SSQL_LOCKED)
        command_report(ssql_options_errmsg(options), "close the other program, or wait until it ends", code);
    else
        command_report_options(options, code);
    return code == SSQL_CORRUPT ? STATUS_DAMAGED : STATUS_NO_START;
}

static int fail(const ssql_conn *connection, int code)
{
    command_report(ssql_errmsg(connection), ssql_errhint(connection), code);
    return code == SSQL_CORRUPT ? STATUS_DAMAGED : code == SSQL_INTERRUPTED ? STATUS_INTERRUPTED : STATUS_FAILED;
}

/* With progress, and an end by Ctrl-C. `table` NULL: all. */
static int merge(ssql_conn *connection, const char *table)
{
    struct progress_line progress = {.is_on = progress_is_possible()};

    interrupt_install();
    interrupt_watch(connection);
    progress_begin(&progress);
    if (progress.is_on)
        ssql_set_progress(connection, report, &progress);
    int code = table == NULL ? ssql_compact(connection) : ssql_compact_table(connection, table);
    ssql_set_progress(connection, NULL, NULL);
    interrupt_watch(NULL);
    progress_hide(&progress);
    return code;
}

static int compact(ssql_conn *connection, const char *table)
{
    int code = ssql_checkpoint(connection);
    int64_t before = table_bytes(connection);

    if (code == SSQL_OK)
        code = merge(connection, table);
    if (code != SSQL_OK)
        return fail(connection, code);
    struct text_buffer text = {0};
    text_add_string(&text, "ok: ");
    text_add_count(&text, table_bytes(connection));
    text_add_string(&text, " bytes of tables, ");
    text_add_count(&text, before);
    text_add_string(&text, " before\n");
    return output_print(&text) ? STATUS_DONE : STATUS_FAILED;
}

static int compact_database(const char *path, const char *table)
{
    struct opened_database opened;
    int status, code = opened_database_open(&opened, path, "must_exist");

    if (code == SSQL_OK)
        status = compact(opened.connection, table);
    else
        status = fail_to_open(opened.options, code);
    code = opened_database_close(&opened);
    if (code != SSQL_OK && status == STATUS_DONE) {
        command_report("", "", code);
        status = STATUS_FAILED;
    }
    return status;
}

static const char *compact_option(int i)
{
    return i == 0 ? "--help" : NULL;
}

int compact_command(int argc, char **argv)
{
    if (argc == 2 && (strcmp(argv[1], "-h") == 0 || strcmp(argv[1], "--help") == 0)) {
        puts("usage: ssql compact DB [TABLE]\n"
             "Merges the files of a table, or of every one, into one level: smallest files, fastest reads. It reads "
             "and\n"
             "writes all of their data; nobody else may have DB open for writing.");
        return output_flush_stdout() ? STATUS_DONE : STATUS_FAILED;
    }
    if (argc > 1 && argv[1][0] == '-')
        return command_unknown_option(argv[1], compact_option, "ssql compact DB [TABLE]");
    if (argc < 2 || argc > 3) {
        fputs("error: expected a database, and perhaps one of its tables\nhint: ssql compact DB [TABLE]\n", stderr);
        return STATUS_NO_START;
    }
    return compact_database(argv[1], argc == 3 ? argv[2] : NULL);
}
