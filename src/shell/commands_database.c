#include "shell/commands.h"

#include <string.h>
#include <unistd.h>

#include "shell/check_command.h"
#include "shell/display_width.h"
#include "shell/info_command.h"
#include "shell/name_pattern.h"
#include "shell/run_statement.h"
#include "shell/schema.h"
#include "shell/statement_text.h"

/* ---- opening ---- */

/* A failure is one of the command: the session started long ago. */
static bool open_database(struct command_line *line, const char *path)
{
    struct session *session = line->session;
    int status = session->status;

    if (ssql_in_transaction(session->connection) != 0)
        return command_fail(line, "commit or roll it back first", "a transaction is open", "");
    if (session_open_at(session, path, line->source))
        return true;
    session->status = status > STATUS_FAILED || session->status == STATUS_DAMAGED ? session->status : STATUS_FAILED;
    return false;
}

/* For the next database alone: what the user has chosen stays chosen. */
static bool open_with(struct command_line *line, const char *path, bool is_readonly)
{
    struct session *session = line->session;
    bool before = session->is_readonly;

    session_set_switch(session, "readonly", is_readonly);
    bool done = open_database(line, path);
    session_set_switch(session, "readonly", before);
    return done;
}

bool command_open(struct command_line *line)
{
    struct session *session = line->session;
    bool is_readonly = strcmp(line->arguments[0], "-r") == 0 || strcmp(line->arguments[0], "--readonly") == 0;
    const char *path = line->arguments[is_readonly];

    if (path == NULL || line->count != 1 + is_readonly)
        return command_fail(line, ".open [-r] DB", "expected one database", "");
    if (strcmp(path, ":memory:") != 0 && !command_is_safe(line))
        return false;
    if (strcmp(session->path, path) == 0 && strcmp(path, ":memory:") != 0)
        return command_fail(line, ".close closes it", "this database is open: ", path);
    bool is_new = strcmp(path, ":memory:") != 0 && access(path, F_OK) != 0;
    bool done = open_with(line, path, is_readonly || session->is_readonly);
    if (done && is_new && session->is_interactive)
        session_note(session, "new database: %s is made at the first write", path);
    return done;
}

bool command_close(struct command_line *line)
{
    struct session *session = line->session;
    bool done = open_with(line, ":memory:", false);
    if (done && session->is_interactive)
        session_note(session, "closed; now in memory: nothing is kept");
    return done;
}

/* ---- tables ---- */

/* To a program the names alone, a line each; somebody who looks wants to know more. */
static void print_table_name(struct command_line *line, ssql_tables *tables, int i)
{
    struct output *output = session_results(line->session);
    const char *name = ssql_tables_name(tables, i);
    struct text_buffer shown = {0};

    if (output->is_terminal) {
        info_add_table_line(&shown, tables, i);
    } else {
        display_escape(&shown, name, strlen(name));
        text_add_char(&shown, '\n');
    }
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
        if (!name_matches(pattern, ssql_tables_name(tables, i)))
            continue;
        is_found = true;
        print(line, tables, i);
    }
    ssql_tables_free(tables);
    session_flush(session);
    if (!is_found && line->count > 0)
        return command_fail(line, NULL, "no table is called ", pattern);
    return true;
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

/* The keys by which rows are found. */
static void print_indexes(struct command_line *line, ssql_tables *tables, int i)
{
    const char *table = ssql_tables_name(tables, i);
    struct text_buffer name = {0}, keys = {0}, shown = {0};

    add_name(&name, table);
    for (int column = 0; column < ssql_tables_column_count(tables, i); column++) {
        if (!ssql_tables_column_is_key(tables, i, column))
            continue;
        text_add_string(&keys, keys.size > 0 ? ", " : "");
        add_name(&keys, ssql_tables_column_name(tables, i, column));
    }
    if (keys.size > 0) {
        text_add_string(&name, " primary key (");
        text_add(&name, keys.data, keys.size);
        text_add_char(&name, ')');
        display_escape(&shown, name.data, name.size);
        text_add_char(&shown, '\n');
        output_add(session_results(line->session), shown.data, shown.size);
    }
    text_clear(&name);
    text_clear(&keys);
    text_clear(&shown);
}

bool command_indexes(struct command_line *line)
{
    return for_each_table(line, print_indexes);
}

bool command_describe(struct command_line *line)
{
    struct text_buffer text = {0};

    text_add_string(&text, "describe ");
    add_name(&text, line->arguments[0]);
    struct source source = {.text = text.data, .known_size = text.size, .size = text.size, .line = 1};
    bool done = run_statement(line->session, &source);
    text_clear(&text);
    return done;
}

/* ---- the database as a whole ---- */

bool command_info(struct command_line *line)
{
    struct session *session = line->session;
    struct text_buffer text = {0};

    if (!info_add(&text, session->db, session->connection, session->path, true)) {
        session_report_connection(session, line->source);
        return false;
    }
    return session_show(session, &text);
}

bool command_check(struct command_line *line)
{
    struct session *session = line->session;

    if (strcmp(session->path, ":memory:") == 0)
        return command_fail(line, NULL, "a database in memory has no files to check", "");
    session_flush(session);
    if (!session_sync(session))
        return false;
    int status = check_database(session->full_path, session_results(session), &session->progress);
    session_flush(session);
    if (status > session->status)
        session->status = status == STATUS_NO_START ? STATUS_FAILED : status;
    return status == STATUS_DONE;
}
