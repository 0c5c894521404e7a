#include "shell/import_command.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "shell/column_types.h"
#include "shell/compressed_input.h"
#include "shell/copy_streams.h"
#include "shell/import_script.h"
#include "shell/interrupt.h"
#include "shell/statement_text.h"
#include "shell/unfinished_file.h"

enum { MEGABYTE = 1000000 };

/* One that runs. */
struct import {
    struct transfer *transfer;
    const char *table;
    const char **files;
    int file_count;
    struct compressed_input input; /* the file that is read now */
    const char *format;            /* of it */
    const char *examined;          /* the table that is only made after it; NULL: it is loaded */
    bool is_own_transaction;
    int64_t rows, rejected, ignored;
    struct text_buffer created; /* the statement that made the table; empty: it was there */
    struct output rejects;      /* of several files */
};

/* ---- before anything is done ---- */

static bool is_same_file(const struct stat *file, const char *other)
{
    struct stat status;

    return stat(other, &status) == 0 && file->st_dev == status.st_dev && file->st_ino == status.st_ino;
}

static bool fail_missing(struct import *import, const char *path, const char *why)
{
    if (interrupt_is_pending())
        return transfer_fail_import_interrupted(import->transfer);
    transfer_fail(import->transfer, NULL, NULL, "cannot read %s: %s", path, why);
    if (import->transfer->source == NULL)
        import->transfer->session->status = STATUS_NO_START;
    return false;
}

/* What is wrong with a file is better known before half of the work is done. */
static bool check_file(struct import *import, const char *path, int *inputs)
{
    const char *rejects = import->transfer->options->rejects;
    struct stat status;

    if (strcmp(path, "-") == 0) {
        if (++*inputs > 1)
            return transfer_fail(import->transfer, NULL, NULL, "standard input can be read only once");
        if (import->transfer->session->input_is_script)
            return transfer_fail(import->transfer, NULL, "give the statements with -c or -f",
                                 "standard input holds the statements, not rows");
        return true;
    }
    if (stat(path, &status) != 0)
        return fail_missing(import, path, strerror(errno));
    if (S_ISDIR(status.st_mode))
        return fail_missing(import, path, strerror(EISDIR));
    if (S_ISREG(status.st_mode) && access(path, R_OK) != 0)
        return fail_missing(import, path, strerror(errno));
    if (rejects != NULL && S_ISREG(status.st_mode) && is_same_file(&status, rejects))
        return transfer_fail(import->transfer, NULL, "give --rejects a file of its own",
                             "%s is read: rejected records cannot be written to it", path);
    return true;
}

static bool is_script(const struct import *import, int file)
{
    return strcmp(transfer_format(import->transfer->options, import->files[file]), "insert") == 0;
}

static bool check(struct import *import)
{
    const struct transfer_options *options = import->transfer->options;
    bool in_transaction = ssql_in_transaction(import->transfer->session->connection) != 0;
    int inputs = 0;

    for (int i = 0; i < import->file_count; i++) {
        if (!check_file(import, import->files[i], &inputs))
            return false;
        if (!is_script(import, i))
            continue;
        if (in_transaction)
            return transfer_fail(import->transfer, ssql_code_sqlstate(SSQL_IN_TRANSACTION), "commit first",
                                 "a file of inserts is a transaction by itself, and one is open");
        if (options->creates || options->rejects != NULL || options->max_rejects != NULL ||
            options->on_conflict != NULL || options->batch_rows != NULL || options->skip != NULL ||
            options->columns != NULL)
            return transfer_fail(import->transfer, NULL, "it goes with csv, tsv, json and jsonl",
                                 "a file of inserts takes no option but --format: %s", import->files[i]);
    }
    return true;
}

/* ---- reading ---- */

static int read_input(void *context, char *bytes, size_t capacity, size_t *size)
{
    struct import *import = context;
    struct text_buffer message = {0};

    if (compressed_input_read(&import->input, bytes, capacity, size))
        return 0;
    text_format(&message, "%s: %s", import->input.name, import->input.fault);
    ssql_copy_fail(import->transfer->session->connection, message.data);
    text_clear(&message);
    return 1;
}

/* Bytes of the file as it lies there say how far it is, also when it is compressed. */
static int report_progress(void *context, const char *what, int64_t done, int64_t total)
{
    struct import *import = context;

    if (import->input.file >= 0 && total == 0) {
        done = import->input.position;
        total = import->input.size;
    }
    progress_show(&import->transfer->session->progress, what, done / MEGABYTE, total / MEGABYTE, " MB");
    return 0;
}

/* A path that a statement can hold: then the library reads the file itself, twice if need be. */
static bool is_path_for_copy(const struct import *import)
{
    const struct compressed_input *input = &import->input;

    return input->is_regular && input->compression == COMPRESSION_NONE && mbstowcs(NULL, input->name, 0) != (size_t)-1;
}

/* ---- the statement ---- */

static void add_text_option(struct text_buffer *statement, const char *name, const char *value)
{
    if (value == NULL)
        return;
    text_format(statement, ", %s ", name);
    add_string_literal(statement, value, strlen(value));
}

/* Each copy writes a file of its own, and the first of several must not be replaced by the last. */
static char *rejects_path(const struct import *import)
{
    struct text_buffer path = {0};

    if (import->transfer->options->rejects == NULL)
        return NULL;
    text_add_string(&path, import->transfer->options->rejects);
    if (import->file_count > 1)
        text_format(&path, ".%ld.part", (long)getpid());
    return path.data;
}

/* What the files before have used up of --max-rejects is taken off. */
static void add_rejects(struct text_buffer *statement, const struct import *import, const char *path)
{
    const char *most = import->transfer->options->max_rejects;

    add_text_option(statement, "rejects", path);
    if (most != NULL)
        text_format(statement, ", max_rejects %" PRId64, (int64_t)strtoll(most, NULL, 10) - import->rejected);
}

static void add_statement(struct text_buffer *statement, const struct import *import, const char *rejects)
{
    const struct transfer_options *options = import->transfer->options;

    text_add_string(statement, "copy ");
    add_name(statement, import->examined != NULL ? import->examined : import->table);
    if (options->columns != NULL)
        transfer_columns_add(statement, options->columns);
    text_add_string(statement, " from ");
    if (is_path_for_copy(import))
        add_string_literal(statement, import->input.name, strlen(import->input.name));
    else
        text_add_string(statement, "stdin");
    transfer_options_add(statement, options, import->format);
    if (options->skip != NULL)
        text_format(statement, ", skip %s", options->skip);
    if (import->examined != NULL) {
        text_add_string(statement, ", create true, load false");
        if (options->rejects != NULL || options->max_rejects != NULL)
            text_format(statement, ", max_rejects %" PRId64, INT64_MAX); /* which they are is seen in loading */
        text_add_char(statement, ')');
        return;
    }
    if (options->creates && import->file_count == 1) {
        text_add_string(statement, ", create true");
        add_text_option(statement, "primary", options->primary);
    }
    add_text_option(statement, "on_conflict", options->on_conflict);
    add_rejects(statement, import, rejects);
    if (options->batch_rows != NULL)
        text_format(statement, ", batch_rows %s", options->batch_rows);
    text_add_char(statement, ')');
}

/* ---- a file ---- */

static int64_t stat_of(const struct import *import, const char *name)
{
    int64_t value;

    ssql_copy_stat(import->transfer->session->connection, name, &value);
    return value;
}

static void count(struct import *import)
{
    const char *created = ssql_copy_created_table(import->transfer->session->connection);

    import->rows += stat_of(import, "rows");
    import->rejected += stat_of(import, "rejected");
    import->ignored += stat_of(import, "ignored");
    if (*created != '\0')
        text_add_string(&import->created, created);
}

/* The library speaks of the options of copy. */
static bool fail_copy(struct import *import)
{
    struct session *session = import->transfer->session;
    int code = ssql_errcode(session->connection);
    const char *hint = ssql_errhint(session->connection);
    struct text_buffer own = {0};

    if (code == SSQL_UNKNOWN_TABLE && strncmp(hint, "did you", strlen("did you")) == 0)
        text_format(&own, "%s --create makes a new table after the file", hint);
    else if (code == SSQL_UNKNOWN_TABLE)
        text_add_string(&own, "--create makes the table after the file");
    else if (code == SSQL_TABLE_EXISTS)
        text_add_string(&own, "leave out --create to load into it");
    else if (code == SSQL_IN_TRANSACTION)
        text_add_string(&own, "leave out --batch-rows, or commit first");
    transfer_fail_connection(import->transfer, own.data);
    text_clear(&own);
    return false;
}

/* Puts what one of several files has rejected behind what those before it have. */
static bool add_part(struct import *import, const char *path)
{
    enum { PIECE_BYTES = 1 << 16 };
    char *piece = must_allocate(PIECE_BYTES);
    int file = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t got = file < 0 ? -1 : 0;

    while (file >= 0 && (got = read(file, piece, PIECE_BYTES)) > 0)
        output_add(&import->rejects, piece, (size_t)got);
    int number = errno;
    if (file >= 0)
        close(file);
    free(piece);
    if (got != 0)
        transfer_fail(import->transfer, NULL, NULL, "cannot read %s: %s", path, strerror(number));
    return got == 0;
}

static bool take_rejects(struct import *import, const char *path)
{
    if (path == NULL || import->file_count == 1)
        return true;
    bool done = add_part(import, path);
    unlink(path);
    return done;
}

/* After a failure: what batches have committed went without the records that they rejected, so these are kept. */
static void drop_rejects(struct import *import, const char *path)
{
    if (path == NULL || import->file_count == 1)
        return;
    if (import->transfer->options->batch_rows != NULL && access(path, F_OK) == 0)
        add_part(import, path);
    unlink(path);
}

static bool run_copy(struct import *import, const char *rejects)
{
    struct session *session = import->transfer->session;
    struct text_buffer statement = {0};

    add_statement(&statement, import, rejects);
    if (is_path_for_copy(import))
        compressed_input_close(&import->input);
    else
        ssql_set_copy_input(session->connection, read_input, import, import->input.name);
    bool done = transfer_execute(import->transfer, statement.data);
    progress_hide(&session->progress);
    text_clear(&statement);
    return done;
}

static bool copy_file(struct import *import)
{
    char *rejects = import->examined != NULL ? NULL : rejects_path(import);

    if (import->file_count > 1 && rejects != NULL)
        unfinished_file_guard(rejects);
    bool done = run_copy(import, rejects);
    if (done && import->examined == NULL)
        count(import);
    done = done ? take_rejects(import, rejects) : fail_copy(import);
    if (!done)
        drop_rejects(import, rejects);
    unfinished_file_forget(rejects);
    free(rejects);
    return done;
}

static bool import_file(struct import *import, int file)
{
    const char *path = import->files[file];

    if (!compressed_input_open(&import->input, path))
        return fail_missing(import, path, import->input.fault);
    import->format = transfer_format(import->transfer->options, path);
    bool done = strcmp(import->format, "insert") == 0
                    ? import_script_run(import->transfer, &import->input, &import->rows)
                    : copy_file(import);
    compressed_input_close(&import->input);
    return done;
}

/* ---- a table made after several files ---- */

/* They are read twice: once for the types that fit all of them. */
static bool check_twice(struct import *import)
{
    struct stat status;

    for (int i = 0; i < import->file_count; i++) {
        const char *path = import->files[i];
        if (strcmp(path, "-") == 0 || stat(path, &status) != 0 || !S_ISREG(status.st_mode))
            return transfer_fail(import->transfer, NULL, "put it into a file, or give it alone",
                                 "--create reads several files twice, which cannot be done with %s", path);
    }
    return true;
}

static bool drop_table(struct import *import, const char *table)
{
    struct text_buffer statement = {0};

    text_add_string(&statement, "drop table ");
    add_name(&statement, table);
    bool done = transfer_execute(import->transfer, statement.data);
    text_clear(&statement);
    if (!done)
        transfer_fail_connection(import->transfer, NULL);
    return done;
}

/* A table of its own is made after the file, looked at and dropped. */
static bool examine_file(struct import *import, int file, struct column_types *types)
{
    struct text_buffer table = {0};

    text_format(&table, "%s examined by %ld", import->table, (long)getpid());
    import->examined = table.data;
    bool done = import_file(import, file);
    import->examined = NULL;
    if (done) {
        done = column_types_add(types, import->transfer->session->connection, table.data);
        if (!done)
            transfer_fail_connection(import->transfer, NULL);
        done = drop_table(import, table.data) && done;
    }
    text_clear(&table);
    return done;
}

static bool make_table(struct import *import, const struct column_types *types)
{
    column_types_define(types, &import->created, import->table, import->transfer->options->primary);
    if (!transfer_execute(import->transfer, import->created.data))
        return fail_copy(import);
    return true;
}

static bool examine_files(struct import *import)
{
    struct column_types types = {0};
    bool done = check_twice(import);

    for (int i = 0; i < import->file_count && done; i++)
        done = examine_file(import, i, &types);
    done = done && make_table(import, &types);
    column_types_clear(&types);
    return done;
}

/* In a transaction, so that nobody sees the tables between, and nothing of them outlives a crash. */
static bool create_table(struct import *import)
{
    struct transfer *transfer = import->transfer;

    if (ssql_in_transaction(transfer->session->connection) != 0)
        return examine_files(import);
    if (!transfer_execute(transfer, "begin"))
        return transfer_fail_connection(transfer, NULL);
    bool done = examine_files(import);
    if (!transfer_execute(transfer, done ? "commit" : "rollback"))
        return transfer_fail_connection(transfer, NULL);
    return done;
}

/* ---- all of them ---- */

/* A script may make the table that it fills; then it must have done so. */
static bool check_table(struct import *import)
{
    ssql_tables *tables;
    bool is_found = false;

    if (ssql_tables_new(import->transfer->session->connection, &tables) != SSQL_OK)
        return transfer_fail_connection(import->transfer, NULL);
    for (int i = 0; i < ssql_tables_count(tables); i++)
        is_found |= strcasecmp(ssql_tables_name(tables, i), import->table) == 0;
    ssql_tables_free(tables);
    if (!is_found)
        transfer_fail(import->transfer, ssql_code_sqlstate(SSQL_UNKNOWN_TABLE),
                      "nothing was loaded; the file names its tables itself",
                      "the inserts were not for table \"%s\": there is none of this name", import->table);
    return is_found;
}

static bool fail_rejects(struct import *import, int number)
{
    return transfer_fail(import->transfer, NULL, NULL, "cannot write %s: %s", import->transfer->options->rejects,
                         output_error_text(number));
}

static bool import_each(struct import *import)
{
    bool done = true, has_script = false;

    if (import->transfer->options->creates && import->file_count > 1)
        done = create_table(import);
    for (int i = 0; i < import->file_count && done; i++) {
        has_script |= is_script(import, i);
        done = import_file(import, i);
    }
    return done && (!has_script || check_table(import));
}

static bool import_files(struct import *import)
{
    const char *path = import->transfer->options->rejects;

    if (path == NULL || import->file_count == 1)
        return import_each(import);
    if (!output_open_file(&import->rejects, path, false))
        return fail_rejects(import, errno);
    bool done = import_each(import);
    bool is_written = output_close(&import->rejects, done || import->transfer->options->batch_rows != NULL);
    int number = errno;
    text_clear(&import->rejects.text);
    if (done && !is_written)
        return fail_rejects(import, number);
    return done;
}

/* A copy is a transaction by itself; several of them, and scripts, need one round them. */
static bool run(struct import *import)
{
    struct transfer *transfer = import->transfer;
    bool needs_transaction = import->file_count > 1 || is_script(import, 0);

    import->is_own_transaction = needs_transaction && transfer->options->batch_rows == NULL &&
                                 ssql_in_transaction(transfer->session->connection) == 0;
    if (!import->is_own_transaction)
        return import_files(import);
    if (!transfer_execute(transfer, "begin"))
        return transfer_fail_connection(transfer, NULL);
    bool done = import_files(import);
    if (done && !transfer_execute(transfer, "commit"))
        done = transfer_fail_connection(transfer, NULL);
    if (ssql_in_transaction(transfer->session->connection) != 0 && !transfer_execute(transfer, "rollback"))
        transfer_fail_connection(transfer, NULL);
    return done;
}

static void say_outcome(struct import *import)
{
    struct text_buffer text = {0};

    if (import->created.size > 0)
        text_format(&text, "%s;\n", import->created.data);
    text_add_count(&text, import->rows);
    text_add_string(&text, import->rows == 1 ? " row loaded" : " rows loaded");
    if (import->rejected > 0) {
        text_add_string(&text, ", ");
        text_add_count(&text, import->rejected);
        text_add_string(&text, " rejected");
    }
    if (import->ignored > 0) {
        text_add_string(&text, ", ");
        text_add_count(&text, import->ignored);
        text_add_string(&text, " ignored");
    }
    session_note(import->transfer->session, "%s", text.data);
    text_clear(&text);
}

static bool import_run(struct transfer *transfer)
{
    struct import import = {.transfer = transfer,
                            .table = transfer->arguments[0],
                            .files = transfer->arguments + 1,
                            .file_count = transfer->count - 1,
                            .input = {.file = -1},
                            .rejects = {.file = -1}};
    struct session *session = transfer->session;

    if (!check(&import))
        return false;
    progress_begin(&session->progress);
    if (session->progress.is_on)
        ssql_set_progress(session->connection, report_progress, &import);
    bool done = run(&import);
    progress_hide(&session->progress);
    session_watch_progress(session);
    copy_streams_connect(session);
    /* That it is loaded is said when it is durable. */
    done = done && session_sync(session);
    if (done)
        say_outcome(&import);
    text_clear(&import.created);
    return done;
}

const struct transfer_kind import_kind = {
    .name = "import",
    .usage = "[OPTION]... DB TABLE FILE...",
    .about = "Loads the records of files into a table, all of them or none. - is standard input; gzip and zstd are\n"
             "recognised. Columns are found by the names in the header, or by those of JSON objects.\n",
    .use = TRANSFER_IMPORT,
    .least = 2,
    .most = TRANSFER_ARGUMENTS_MOST,
    .writes = true,
    .run = import_run};

int import_command(int argc, char **argv)
{
    return transfer_command_run(&import_kind, argc, argv);
}
