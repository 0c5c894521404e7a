#include "shell/commands.h"

#include <string.h>

#include "shell/display_width.h"
#include "shell/schema.h"

bool command_open(struct command_line *line)
{
    struct session *session = line->session;
    int status = session->status;

    if (ssql_in_transaction(session->connection) != 0)
        return command_fail(line, "commit or roll it back first", "a transaction is open", "");
    if (strcmp(session->path, line->arguments[0]) == 0 && strcmp(session->path, ":memory:") != 0)
        return command_fail(line, NULL, "this database is open: ", session->path);
    if (!session_open(session, line->arguments[0])) {
        /* the session started long ago: it is a command that failed */
        session->status = status > STATUS_FAILED || session->status == STATUS_DAMAGED ? session->status : STATUS_FAILED;
        return false;
    }
    return true;
}

/* * any text, ? any character; without case. */
static bool matches(const char *pattern, const char *name)
{
    for (; *pattern != '\0' && *pattern != '*'; pattern++, name++)
        if (*name == '\0' || (*pattern != '?' && (*pattern | 0x20) != (*name | 0x20)))
            return false;
    if (*pattern == '\0')
        return *name == '\0';
    for (;; name++) {
        if (matches(pattern + 1, name))
            return true;
        if (*name == '\0')
            return false;
    }
}

static void print_table_name(struct command_line *line, ssql_tables *tables, int i)
{
    struct output *output = session_results(line->session);
    const char *name = ssql_tables_name(tables, i);
    struct text_buffer shown = {0};

    display_escape(&shown, name, strlen(name));
    text_add_char(&shown, '\n');
    output_add(output, shown.data, shown.size);
    text_clear(&shown);
}

static bool for_each_table(struct command_line *line,
                           void (*print)(struct command_line *line, ssql_tables *tables, int i))
{
    struct session *session = line->session;
    const char *pattern = line->count > 0 ? line->arguments[0] : "*";
    ssql_tables *tables;
    bool is_found = false;

    if (ssql_tables_new(session->connection, &tables) != SSQL_OK) {
        session_report_connection(session, line->source);
        return false;
    }
    for (int i = 0; i < ssql_tables_count(tables); i++) {
        if (!matches(pattern, ssql_tables_name(tables, i)))
            continue;
        is_found = true;
        print(line, tables, i);
    }
    ssql_tables_free(tables);
    session_flush(session);
    return is_found || line->count == 0 || command_fail(line, NULL, "no table is called ", pattern);
}

bool command_tables(struct command_line *line)
{
    return for_each_table(line, print_table_name);
}

static void print_schema(struct command_line *line, ssql_tables *tables, int i)
{
    schema_print(line->session, ssql_tables_name(tables, i), line->source);
}

bool command_schema(struct command_line *line)
{
    return for_each_table(line, print_schema);
}
