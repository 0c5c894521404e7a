#include "shell/compact_command.h"

#include <inttypes.h>
#include <ssql.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "shell/command_line.h"
#include "shell/interrupt.h"
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

static int complain(const char *reason, const char *hint, int code)
{
    if (code == SSQL_LOCKED)
        hint = "close the other program, or wait until it ends";
    fprintf(stderr, "error: %s [%s]\n", *reason != '\0' ? reason : ssql_code_text(code), ssql_code_sqlstate(code));
    if (*hint != '\0')
        fprintf(stderr, "hint: %s\n", hint);
    return code == SSQL_CORRUPT ? STATUS_DAMAGED : STATUS_NO_START;
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
    if (code != SSQL_OK) {
        int status = complain(ssql_errmsg(connection), ssql_errhint(connection), ssql_errcode(connection));
        return status == STATUS_DAMAGED ? status : code == SSQL_INTERRUPTED ? STATUS_INTERRUPTED : STATUS_FAILED;
    }
    struct text_buffer text = {0};
    text_add_string(&text, "ok: ");
    text_add_count(&text, table_bytes(connection));
    text_add_string(&text, " bytes of tables, ");
    text_add_count(&text, before);
    text_add_string(&text, " before\n");
    fwrite(text.data, 1, text.size, stdout);
    text_clear(&text);
    return output_flush_stdout() ? STATUS_DONE : STATUS_FAILED;
}

static int compact_database(const char *path, const char *table)
{
    ssql_options *options = NULL;
    ssql_db *db = NULL;
    ssql_conn *connection = NULL;
    int status;

    int code = ssql_options_new(&options);
    if (code == SSQL_OK && (code = ssql_options_set(options, "must_exist", "on")) == SSQL_OK &&
        (code = ssql_open_with(path, options, &db)) == SSQL_OK && (code = ssql_connect(db, &connection)) == SSQL_OK)
        status = compact(connection, table);
    else
        status = complain(options == NULL ? "" : ssql_options_errmsg(options),
                          options == NULL ? "" : ssql_options_errhint(options), code);
    ssql_disconnect(connection);
    code = ssql_close(db);
    if (code != SSQL_OK && status == STATUS_DONE) {
        complain("", "", code);
        status = STATUS_FAILED;
    }
    ssql_options_free(options);
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
