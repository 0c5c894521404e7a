#include "shell/info_command.h"

#include <inttypes.h>
#include <ssql.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "shell/command_line.h"
#include "shell/display_width.h"
#include "shell/opened_database.h"
#include "shell/output.h"
#include "shell/session.h"
#include "shell/text_buffer.h"

enum { NAME_COLUMNS = 24 };

static void add_size(struct text_buffer *text, int64_t bytes)
{
    static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"}; /* an int64_t has no more */
    double size = (double)bytes;
    size_t unit = 0;

    for (; size >= 1024; unit++)
        size /= 1024;
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

/* The name, filled up with blanks to its column's width. */
static void add_name(struct text_buffer *text, const char *name)
{
    size_t begin = text->size;

    display_escape(text, name, strlen(name));
    size_t width = display_width(text->data + begin, text->size - begin);
    text_format(text, "%*s", width < NAME_COLUMNS ? (int)(NAME_COLUMNS - width) : 0, "");
}

void info_add_table_line(struct text_buffer *text, const ssql_tables *tables, int i)
{
    struct text_buffer size = {0};
    int64_t bytes = 0;

    for (int level = 0; level < ssql_level_count(); level++)
        bytes += table_number(tables, i, level, "bytes");
    add_size(&size, bytes);
    add_name(text, ssql_tables_name(tables, i));
    text_format(text, " %12" PRId64 " rows, %s in files\n", table_number(tables, i, -1, "rows"), size.data);
    text_clear(&size);
}

static void add_table(struct text_buffer *text, const ssql_tables *tables, int i)
{
    int64_t bytes = 0;
    struct text_buffer levels = {0}, size = {0};

    for (int level = 0; level < ssql_level_count(); level++) {
        int64_t files = table_number(tables, i, level, "files");
        bytes += table_number(tables, i, level, "bytes");
        if (files > 0)
            text_format(&levels, "%sL%d: %" PRId64, levels.size > 0 ? ", " : "", level, files);
    }
    add_size(&size, bytes);
    add_name(text, ssql_tables_name(tables, i));
    text_format(text, " %12" PRId64 " %12" PRId64 " %11s  %s\n", table_number(tables, i, -1, "rows"),
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

/* ---- levels ---- */

/* All files of a table, and those at the bottom: what more there is than that is at most what newer versions and
 * deletions hide, the price of not sorting all at once. */
struct sizes {
    int64_t all, bottom;
};

/* Bytes since the database was made: what more there is than was flushed is the price of sorting later. */
struct written {
    int64_t flushed, compacted;
};

static struct sizes table_sizes(const ssql_tables *tables, int i)
{
    struct sizes sizes = {.bottom = table_number(tables, i, -1, "bottom_bytes")};

    for (int level = 0; level < ssql_level_count(); level++)
        sizes.all += table_number(tables, i, level, "bytes");
    return sizes;
}

static void add_amplification(struct text_buffer *text, const char *indent, struct sizes sizes, struct written written)
{
    text_format(text, "%swritten: ", indent);
    add_size(text, written.flushed);
    text_add_string(text, " flushed, ");
    add_size(text, written.compacted);
    text_add_string(text, " compacted\n");
    if (written.flushed > 0)
        text_format(text, "%swrite amplification %.2f\n", indent,
                    (double)(written.flushed + written.compacted) / (double)written.flushed);
    if (sizes.bottom > 0)
        text_format(text, "%sspace amplification at most %.2f\n", indent, (double)sizes.all / (double)sizes.bottom);
}

static void add_levels(struct text_buffer *text, const ssql_tables *tables, int i)
{
    const char *name = ssql_tables_name(tables, i);

    text_add_char(text, '\n');
    display_escape(text, name, strlen(name));
    text_format(text, ": %" PRId64 " rows (about)\n  %-8s %8s %12s %11s\n", table_number(tables, i, -1, "rows"),
                "level", "files", "rows", "size");
    text_format(text, "  %-8s %8s %12" PRId64 " %11s\n", "memory", "-", table_number(tables, i, -1, "memtable_rows"),
                "-");
    for (int level = 0; level < ssql_level_count(); level++) {
        struct text_buffer size = {0};
        if (table_number(tables, i, level, "files") == 0)
            continue;
        add_size(&size, table_number(tables, i, level, "bytes"));
        text_format(text, "  %-8d %8" PRId64 " %12" PRId64 " %11s\n", level, table_number(tables, i, level, "files"),
                    table_number(tables, i, level, "rows"), size.data);
        text_clear(&size);
    }
    const struct written written = {.flushed = table_number(tables, i, -1, "bytes_flushed"),
                                    .compacted = table_number(tables, i, -1, "bytes_compacted")};
    add_amplification(text, "  ", table_sizes(tables, i), written);
}

/* Of all tables; what was written to dropped ones is counted too. */
static void add_sums(struct text_buffer *text, ssql_db *db, const ssql_tables *tables)
{
    const struct written written = {.flushed = database_number(db, "bytes_flushed"),
                                    .compacted = database_number(db, "bytes_compacted")};
    struct sizes sum = {0, 0};

    for (int i = 0; i < ssql_tables_count(tables); i++) {
        struct sizes sizes = table_sizes(tables, i);
        sum.all += sizes.all;
        sum.bottom += sizes.bottom;
    }
    text_add_string(text, "\nall tables, and the catalog's\n  logged: ");
    add_size(text, database_number(db, "bytes_logged"));
    text_add_char(text, '\n');
    add_amplification(text, "  ", sum, written);
}

/* ---- all of it ---- */

bool info_add(struct text_buffer *text, ssql_db *db, ssql_conn *connection, const char *path, bool levels)
{
    ssql_tables *tables;

    if (ssql_tables_new(connection, &tables) != SSQL_OK)
        return false;
    text_add_string(text, "database      ");
    display_escape(text, path, strlen(path));
    text_format(text, "\nfile format   %d\nlast change   %" PRId64 "\nlog           ", ssql_format_version(),
                database_number(db, "last_sequence"));
    add_size(text, database_number(db, "wal_bytes"));
    text_format(text, " in %" PRId64 " segments\n", database_number(db, "wal_segments"));
    text_format(text, "tables        %d\n", ssql_tables_count(tables));
    if (ssql_tables_count(tables) > 0)
        text_format(text, "\n%-*s %12s %12s %11s  %s\n", NAME_COLUMNS, "table", "rows (about)", "in memory", "size",
                    "files of each level");
    for (int i = 0; i < ssql_tables_count(tables); i++)
        add_table(text, tables, i);
    for (int i = 0; levels && i < ssql_tables_count(tables); i++)
        add_levels(text, tables, i);
    if (levels)
        add_sums(text, db, tables);
    ssql_tables_free(tables);
    return true;
}

static int print_info(ssql_db *db, ssql_conn *connection, const char *path, bool levels)
{
    struct text_buffer text = {0};

    if (!info_add(&text, db, connection, path, levels)) {
        command_report(ssql_errmsg(connection), "", ssql_errcode(connection));
        return ssql_errcode(connection) == SSQL_CORRUPT ? STATUS_DAMAGED : STATUS_FAILED;
    }
    return output_print(&text) ? STATUS_DONE : STATUS_FAILED;
}

static int fail(const ssql_options *options, int code)
{
    command_report_options(options, code);
    return code == SSQL_CORRUPT ? STATUS_DAMAGED : STATUS_NO_START;
}

static int open_and_print(const char *path, bool levels)
{
    struct opened_database opened;
    int status, code = opened_database_open(&opened, path, "readonly");

    if (code == SSQL_OK)
        status = print_info(opened.db, opened.connection, path, levels);
    else
        status = fail(opened.options, code);
    opened_database_close(&opened);
    return status;
}

bool info_options_list(int i, struct listed_option *option)
{
    static const struct listed_option options[] = {
        {"--levels", '\0', NULL, false, "each level of each table"},
        {"--help", 'h', NULL, false, "what the command does"},
    };
    if ((size_t)i >= sizeof options / sizeof options[0])
        return false;
    *option = options[i];
    return true;
}

static const char *info_option(int i)
{
    struct listed_option option;

    return info_options_list(i, &option) ? option.name : NULL;
}

int info_command(int argc, char **argv)
{
    const char *path = NULL;
    bool levels = false, is_wrong = false;

    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "-h") == 0 || strcmp(argv[i], "--help") == 0) {
            puts("usage: ssql info [--levels] DB\n"
                 "Shows the tables of a database: rows, files of each level, sizes. It may be in use.\n"
                 "--levels shows each level of each table, and how much more is stored and written than need be.");
            return output_flush_stdout() ? STATUS_DONE : STATUS_FAILED;
        }
        if (strcmp(argv[i], "--levels") == 0)
            levels = true;
        else if (argv[i][0] == '-')
            return command_unknown_option(argv[i], info_option, "ssql info [--levels] DB");
        else if (path != NULL)
            is_wrong = true;
        else
            path = argv[i];
    }
    if (path != NULL && !is_wrong)
        return open_and_print(path, levels);
    fputs("error: expected one database\nhint: ssql info [--levels] DB\n", stderr);
    return STATUS_NO_START;
}
