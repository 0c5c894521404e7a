#include "shell/info_command.h"

#include <inttypes.h>
#include <ssql.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "shell/display_width.h"
#include "shell/session.h"
#include "shell/output.h"
#include "shell/text_buffer.h"

enum { NAME_COLUMNS = 24 };

static void add_size(struct text_buffer *text, int64_t bytes)
{
    static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB"};
    double size = (double)bytes;
    size_t unit = 0;

    while (size >= 1024 && unit + 1 < sizeof units / sizeof units[0]) {
        size /= 1024;
        unit++;
    }
    text_format(text, unit == 0 ? "%.0f %s" : "%.1f %s", size, units[unit]);
}

static int64_t table_number(const ssql_tables *tables, int i, int level, const char *what)
{
    char name[48];
    int64_t value = 0;

    if (level < 0)
        snprintf(name, sizeof name, "%s", what);
    else
        snprintf(name, sizeof name, "level%d_%s", level, what);
    ssql_tables_stat(tables, i, name, &value);
    return value;
}

static void add_table(struct text_buffer *text, const ssql_tables *tables, int i)
{
    const char *name = ssql_tables_name(tables, i);
    size_t begin = text->size;
    int64_t bytes = 0;
    struct text_buffer levels = {0}, size = {0};

    for (int level = 0; level < ssql_level_count(); level++) {
        int64_t files = table_number(tables, i, level, "files");
        bytes += table_number(tables, i, level, "bytes");
        if (files > 0)
            text_format(&levels, "%sL%d: %" PRId64, levels.size > 0 ? ", " : "", level, files);
    }
    display_escape(text, name, strlen(name));
    size_t width = display_width(text->data + begin, text->size - begin);
    add_size(&size, bytes);
    text_format(text, "%*s %12" PRId64 " %12" PRId64 " %11s  %s\n",
                width < NAME_COLUMNS ? (int)(NAME_COLUMNS - width) : 0, "", table_number(tables, i, -1, "rows"),
                table_number(tables, i, -1, "memtable_rows"), size.data, levels.size > 0 ? levels.data : "-");
    text_clear(&levels);
    text_clear(&size);
}

static int64_t database_number(ssql_db *db, const char *name)
{
    int64_t value = 0;

    ssql_stat(db, name, &value);
    return value;
}

static int print_info(ssql_db *db, ssql_conn *connection, const char *path)
{
    ssql_tables *tables;
    struct text_buffer text = {0};

    if (ssql_tables_new(connection, &tables) != SSQL_OK) {
        int code = ssql_errcode(connection);
        fprintf(stderr, "error: %s [%s]\n", ssql_errmsg(connection), ssql_sqlstate(connection));
        return code == SSQL_CORRUPT ? STATUS_DAMAGED : STATUS_FAILED;
    }
    text_format(&text, "database      %s\nfile format   %d\nlast change   %" PRId64 "\nlog           ", path,
                ssql_format_version(), database_number(db, "last_sequence"));
    add_size(&text, database_number(db, "wal_bytes"));
    text_format(&text, " in %" PRId64 " segments\n", database_number(db, "wal_segments"));
    text_format(&text, "tables        %d\n", ssql_tables_count(tables));
    if (ssql_tables_count(tables) > 0)
        text_format(&text, "\n%-*s %12s %12s %11s  %s\n", NAME_COLUMNS, "table", "rows (about)", "in memory", "size",
                    "files of each level");
    for (int i = 0; i < ssql_tables_count(tables); i++)
        add_table(&text, tables, i);
    ssql_tables_free(tables);
    fwrite(text.data, 1, text.size, stdout);
    text_clear(&text);
    return output_flush_stdout() ? STATUS_DONE : STATUS_FAILED;
}

int info_command(int argc, char **argv)
{
    ssql_options *options;
    ssql_db *db = NULL;
    ssql_conn *connection = NULL;
    int status = STATUS_NO_START;

    if (argc == 2 && (strcmp(argv[1], "-h") == 0 || strcmp(argv[1], "--help") == 0)) {
        puts(
            "usage: ssql info DB\nShows the tables of a database: rows, files of each level, sizes. It may be in use.");
        return output_flush_stdout() ? STATUS_DONE : STATUS_FAILED;
    }
    if (argc != 2 || argv[1][0] == '-') {
        fputs("error: expected one database\nhint: ssql info DB\n", stderr);
        return STATUS_NO_START;
    }
    int code = ssql_options_new(&options);
    if (code == SSQL_OK && (code = ssql_options_set(options, "readonly", "on")) == SSQL_OK &&
        (code = ssql_options_set(options, "must_exist", "on")) == SSQL_OK &&
        (code = ssql_open_with(argv[1], options, &db)) == SSQL_OK &&
        (code = ssql_connect(db, &connection)) == SSQL_OK) {
        status = print_info(db, connection, argv[1]);
    } else {
        const char *reason = options == NULL ? "" : ssql_options_errmsg(options);
        fprintf(stderr, "error: %s [%s]\n", *reason != '\0' ? reason : ssql_code_text(code), ssql_code_sqlstate(code));
        if (options != NULL && *ssql_options_errhint(options) != '\0')
            fprintf(stderr, "hint: %s\n", ssql_options_errhint(options));
        status = code == SSQL_CORRUPT ? STATUS_DAMAGED : STATUS_NO_START;
    }
    ssql_disconnect(connection);
    ssql_close(db);
    ssql_options_free(options);
    return status;
}
