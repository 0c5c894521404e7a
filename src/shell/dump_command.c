#include "shell/dump_command.h"

#include <string.h>

#include "shell/name_pattern.h"
#include "shell/schema.h"
#include "shell/statement_text.h"

/* Whether one of the patterns, if there are any, names the table. */
static bool is_wanted(const struct transfer *transfer, const char *table)
{
    for (int i = 0; i < transfer->count; i++)
        if (name_matches(transfer->arguments[i], table))
            return true;
    return transfer->count == 0;
}

/* A pattern that names nothing is a mistake: an empty dump would hide it. */
static bool check_patterns(struct transfer *transfer, ssql_tables *tables)
{
    for (int i = 0; i < transfer->count; i++) {
        bool is_found = false;
        for (int table = 0; table < ssql_tables_count(tables); table++)
            is_found |= name_matches(transfer->arguments[i], ssql_tables_name(tables, table));
        if (!is_found)
            return transfer_fail(transfer, ssql_code_sqlstate(SSQL_UNKNOWN_TABLE), NULL, "no table is called %s",
                                 transfer->arguments[i]);
    }
    return true;
}

static bool is_stopped(const struct transfer *transfer)
{
    return session_results(transfer->session)->error != 0;
}

static bool dump_schemas(struct transfer *transfer, ssql_tables *tables)
{
    for (int i = 0; i < ssql_tables_count(tables) && !is_stopped(transfer); i++)
        if (is_wanted(transfer, ssql_tables_name(tables, i)) &&
            !schema_print(transfer->session, ssql_tables_name(tables, i), transfer->source))
            return false;
    return true;
}

static bool dump_rows(struct transfer *transfer, ssql_tables *tables)
{
    struct session *session = transfer->session;
    bool done = true;

    for (int i = 0; i < ssql_tables_count(tables) && done && !is_stopped(transfer); i++) {
        struct text_buffer statement = {0};
        if (!is_wanted(transfer, ssql_tables_name(tables, i)))
            continue;
        text_add_string(&statement, "copy ");
        add_name(&statement, ssql_tables_name(tables, i));
        text_add_string(&statement, " to stdout (format insert)");
        done = ssql_exec(session->connection, statement.data, statement.size) == SSQL_OK;
        text_clear(&statement);
        progress_hide(&session->progress);
    }
    if (done)
        return true;
    return transfer_fail_connection(transfer, NULL);
}

static bool write_script(struct transfer *transfer)
{
    struct output *output = session_results(transfer->session);
    ssql_tables *tables;

    if (ssql_tables_new(transfer->session->connection, &tables) != SSQL_OK)
        return transfer_fail_connection(transfer, NULL);
    bool done = check_patterns(transfer, tables);
    if (done)
        output_add_string(output, "begin;\n");
    done = done && (transfer->options->only_data || dump_schemas(transfer, tables)) &&
           (transfer->options->only_schema || dump_rows(transfer, tables));
    /* A script that is not complete ends within its transaction, and changes nothing. */
    if (done)
        output_add_string(output, "commit;\n");
    ssql_tables_free(tables);
    return session_flush(transfer->session) && done;
}

/* One transaction sees one state of all tables; one that is open already is that transaction. */
static bool dump_run(struct transfer *transfer)
{
    bool is_own = ssql_in_transaction(transfer->session->connection) == 0;

    session_flush(transfer->session);
    progress_begin(&transfer->session->progress);
    if (is_own && !transfer_execute(transfer, "begin"))
        return transfer_fail_connection(transfer, NULL);
    bool done = write_script(transfer);
    if (is_own && !transfer_execute(transfer, "rollback"))
        done = transfer_fail_connection(transfer, NULL);
    return done;
}

const struct transfer_kind dump_kind = {
    .name = "dump",
    .usage = "[--schema|--data] DB [TABLE|PATTERN]...",
    .about = "Writes the script that makes tables and their rows again, from one state of the database: ssql dump a |\n"
             "ssql b. In a PATTERN, * stands for any characters and ? for one.\n",
    .use = TRANSFER_DUMP,
    .least = 0,
    .most = TRANSFER_ARGUMENTS_MOST,
    .run = dump_run};

int dump_command(int argc, char **argv)
{
    return transfer_command_run(&dump_kind, argc, argv);
}
