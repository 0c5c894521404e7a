#include "shell/export_command.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <strings.h>

#include "shell/compressed_output.h"
#include "shell/copy_streams.h"
#include "shell/statement_text.h"
#include "shell/unfinished_file.h"

static bool is_table(struct transfer *transfer, const char *name, bool *is_found)
{
    ssql_tables *tables;

    *is_found = false;
    if (ssql_tables_new(transfer->session->connection, &tables) != SSQL_OK)
        return transfer_fail_connection(transfer, NULL);
    for (int i = 0; i < ssql_tables_count(tables); i++)
        *is_found |= strcasecmp(ssql_tables_name(tables, i), name) == 0;
    ssql_tables_free(tables);
    return true;
}

/* What is no name of a table and begins as queries do, is one. */
static bool reads_like_query(const char *text)
{
    static const char *const words[] = {"select", "values", "with", "from", "(", "insert", "update", "delete"};
    struct word word;
    size_t at = 0;

    if (!next_word(text, strlen(text), &at, &word) || word.is_quoted)
        return false;
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (word_is(&word, words[i]))
            return true;
    return false;
}

/* ---- a query ---- */

static bool fail_query(struct transfer *transfer, const char *query, size_t size)
{
    struct source source = {.text = query, .known_size = size, .size = size, .line = 1};

    session_report_connection(transfer->session, &source);
    return false;
}

/* It must be a query by itself: within the copy statement, an error would have a place that nobody has written. */
static bool check_query(struct transfer *transfer, const char *query, size_t size)
{
    ssql_stmt *statement = NULL, *second = NULL;
    const char *tail = NULL;
    bool done = true;

    if (ssql_prepare(transfer->session->connection, query, size, &statement, &tail) != SSQL_OK)
        return fail_query(transfer, query, size);
    if (ssql_statement_kind(statement) != SSQL_KIND_QUERY)
        done = transfer_fail(transfer, NULL, "give a table, or select ...", "this is no query: %s", query);
    else if (ssql_parameter_count(statement) > 0)
        done = transfer_fail(transfer, ssql_code_sqlstate(SSQL_UNKNOWN_PARAMETER), "write the value itself",
                             "the query has a parameter without a value");
    else if (ssql_prepare(transfer->session->connection, tail, size - (size_t)(tail - query), &second, NULL) !=
                 SSQL_OK ||
             second != NULL)
        done = transfer_fail(transfer, NULL, NULL, "one query can be exported, not several");
    ssql_finalize(second);
    ssql_finalize(statement);
    return done;
}

/* Without its `;`. The line end closes a comment. */
static bool add_query(struct transfer *transfer, struct text_buffer *to, const char *query)
{
    size_t size = strlen(query), end;
    ssql_splitter *splitter;

    if (!check_query(transfer, query, size))
        return false;
    if (ssql_splitter_new(&splitter) != SSQL_OK)
        return transfer_fail(transfer, ssql_code_sqlstate(SSQL_NO_MEMORY), NULL, "out of memory");
    if (ssql_splitter_find(splitter, query, size, &end) != 0)
        size = end - 1;
    ssql_splitter_free(splitter);
    text_add_char(to, '(');
    text_add(to, query, size);
    text_add_string(to, "\n)");
    return true;
}

/* ---- the statement ---- */

static bool add_rows(struct transfer *transfer, struct text_buffer *to)
{
    const char *what = transfer->arguments[0];
    bool is_found;

    if (!is_table(transfer, what, &is_found))
        return false;
    if (is_found || !reads_like_query(what)) {
        add_name(to, what);
        if (transfer->options->columns != NULL)
            transfer_columns_add(to, transfer->options->columns);
        return true;
    }
    if (transfer->options->columns != NULL)
        return transfer_fail(transfer, NULL, "the query says which", "--columns is for tables");
    return add_query(transfer, to, what);
}

static void say_outcome(struct transfer *transfer, const char *path)
{
    struct text_buffer text = {0};
    int64_t rows;

    ssql_copy_stat(transfer->session->connection, "rows", &rows);
    text_add_count(&text, rows);
    session_note(transfer->session, "%s %s written to %s", text.data, rows == 1 ? "row" : "rows", path);
    text_clear(&text);
}

static bool execute(struct transfer *transfer, const char *statement)
{
    struct session *session = transfer->session;

    unfinished_statement_begin(session->connection);
    int code = ssql_exec(session->connection, statement, strlen(statement));
    unfinished_statement_end();
    progress_hide(&session->progress);
    return code == SSQL_OK;
}

static bool run_copy(struct transfer *transfer, const char *statement, const char *path)
{
    struct session *session = transfer->session;

    if (!execute(transfer, statement))
        return transfer_fail_connection(transfer, NULL);
    if (path != NULL)
        say_outcome(transfer, path);
    return path != NULL || session_flush(session);
}

/* ---- compressed, past the library ---- */

/* Where the bytes of the copy statement go. */
struct compressed_file {
    struct transfer *transfer;
    const char *path;
    struct output output;
    struct compressed_output compressed;
};

static int write_compressed(void *context, const char *bytes, size_t size)
{
    struct compressed_file *file = context;
    struct text_buffer message = {0};

    if (compressed_output_add(&file->compressed, bytes, size))
        return 0;
    text_format(&message, "cannot write %s: %s", file->path, file->compressed.fault);
    ssql_copy_fail(file->transfer->session->connection, message.data);
    text_clear(&message);
    return 1;
}

static int code_of(int number)
{
    static const int full[] = {ENOSPC, EDQUOT, EFBIG};

    for (size_t i = 0; i < sizeof full / sizeof full[0]; i++)
        if (full[i] == number)
            return SSQL_DISK_FULL;
    return SSQL_IO;
}

static bool fail_writing(struct compressed_file *file, int code, const char *why)
{
    return transfer_fail(file->transfer, ssql_code_sqlstate(code), NULL, "cannot write %s: %s", file->path, why);
}

/* The statement knows only that its rows were not taken. */
static bool fail_statement(struct compressed_file *file)
{
    int number = file->output.error;

    return number == 0 ? transfer_fail_connection(file->transfer, NULL)
                       : fail_writing(file, code_of(number), output_error_text(number));
}

static bool write_file(struct compressed_file *file, const char *statement)
{
    ssql_conn *connection = file->transfer->session->connection;

    if (!compressed_output_init(&file->compressed, &file->output, compression_of_name(file->path)))
        return fail_writing(file, SSQL_NO_MEMORY, file->compressed.fault);
    ssql_set_copy_output(connection, write_compressed, file, file->path);
    bool done = execute(file->transfer, statement);
    if (!done)
        fail_statement(file);
    else if (!compressed_output_finish(&file->compressed))
        done = fail_writing(file, code_of(file->output.error), file->compressed.fault);
    copy_streams_connect(file->transfer->session);
    compressed_output_clear(&file->compressed);
    return done;
}

/* The file takes its place when all of it is written. */
static bool run_compressed(struct transfer *transfer, const char *statement, const char *path)
{
    struct compressed_file file = {.transfer = transfer, .path = path, .output = {.file = -1}};

    if (!output_open_file(&file.output, path, false))
        return fail_writing(&file, code_of(errno), strerror(errno));
    bool done = write_file(&file, statement);
    bool is_closed = output_close(&file.output, done);
    int number = errno;
    text_clear(&file.output.text);
    if (done && !is_closed)
        return fail_writing(&file, code_of(number), output_error_text(number));
    if (done)
        say_outcome(transfer, path);
    return done;
}

static bool export_run(struct transfer *transfer)
{
    const char *path = transfer->count > 1 && strcmp(transfer->arguments[1], "-") != 0 ? transfer->arguments[1] : NULL;
    bool is_compressed = path != NULL && compression_of_name(path) != COMPRESSION_NONE;
    struct text_buffer statement = {0};

    /* What went before stands before it. */
    session_flush(transfer->session);
    progress_begin(&transfer->session->progress);
    text_add_string(&statement, "copy ");
    bool done = add_rows(transfer, &statement);
    if (done) {
        text_add_string(&statement, " to ");
        if (path == NULL || is_compressed)
            text_add_string(&statement, "stdout");
        else
            add_string_literal(&statement, path, strlen(path));
        transfer_options_add(&statement, transfer->options, transfer_format(transfer->options, path));
        text_add_char(&statement, ')');
        done =
            is_compressed ? run_compressed(transfer, statement.data, path) : run_copy(transfer, statement.data, path);
    }
    text_clear(&statement);
    return done;
}

const struct transfer_kind export_kind = {
    .name = "export",
    .usage = "[OPTION]... DB TABLE|QUERY [FILE]",
    .about = "Writes a table, or the rows of a query, to FILE or to standard output. A file takes its place when all\n"
             "rows are in it; one that is called .gz or .zst is compressed.\n",
    .use = TRANSFER_EXPORT,
    .least = 1,
    .most = 2,
    .run = export_run};

int export_command(int argc, char **argv)
{
    return transfer_command_run(&export_kind, argc, argv);
}
