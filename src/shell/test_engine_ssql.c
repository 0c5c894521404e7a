#include <inttypes.h>
#include <ssql.h>
#include <stdlib.h>
#include <string.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "shell/statement_text.h"
#include "shell/test_engine.h"

struct ssql_database {
    ssql_db *db;
    ssql_conn *connections[CONNECTIONS_MOST];
};

/* ---- opening and closing ---- */

static bool is_there(struct text_buffer *complaint)
{
    (void)complaint;
    return true;
}

static void explain(struct text_buffer *complaint, const ssql_options *options)
{
    const char *hint = options == NULL ? "" : ssql_options_errhint(options);

    text_add_string(complaint, options == NULL ? "out of memory" : ssql_options_errmsg(options));
    if (*hint != '\0')
        text_format(complaint, " (%s)", hint);
}

static bool knows_option(const char *name, const char *value, struct text_buffer *complaint)
{
    ssql_options *options;
    bool is_known = ssql_options_new(&options) == SSQL_OK && ssql_options_set(options, name, value) == SSQL_OK;

    if (!is_known)
        explain(complaint, options);
    ssql_options_free(options);
    return is_known;
}

static const char *const small_options[][2] = {
    {"memtable_size", "16KiB"}, {"block_size", "512"},         {"sstable_size", "32KiB"},
    {"level0_files", "2"},      {"wal_segment_size", "64KiB"}, {"memory_limit", "4MiB"},
    {"threads", "2"},           {"morsel_rows", "4"},          {"plan_sharing", "always"},
};

static void add_option(struct variables *to, const char *name, const char *value)
{
    variables_set(to, name, strlen(name), value);
}

static int set_options(ssql_options *options, const struct test_settings *settings)
{
    struct variables wanted = {0};
    int status = SSQL_OK;

    add_option(&wanted, "sync", "off"); /* no test outlives a power cut */
    for (size_t i = 0; settings->is_small && i < sizeof small_options / sizeof small_options[0]; i++)
        add_option(&wanted, small_options[i][0], small_options[i][1]);
    for (size_t i = 0; i < settings->chosen->count; i++)
        add_option(&wanted, settings->chosen->list[i].name, settings->chosen->list[i].literal);
    if (settings->is_readonly)
        add_option(&wanted, "readonly", "on");
    for (size_t i = 0; i < wanted.count && status == SSQL_OK; i++)
        status = ssql_options_set(options, wanted.list[i].name, wanted.list[i].literal);
    variables_clear(&wanted);
    return status;
}

static bool open_database(const struct test_settings *settings, void **database, struct text_buffer *complaint)
{
    struct ssql_database *opened = must_allocate(sizeof *opened);
    ssql_options *options;
    bool done = ssql_options_new(&options) == SSQL_OK && set_options(options, settings) == SSQL_OK &&
                ssql_open_with(settings->path, options, &opened->db) == SSQL_OK;

    if (!done) {
        text_add_string(complaint, "cannot open a database: ");
        explain(complaint, options);
        free(opened);
        opened = NULL;
    }
    ssql_options_free(options);
    *database = opened;
    return done;
}

static void disconnect(void *database)
{
    struct ssql_database *opened = database;

    for (unsigned i = 0; i < CONNECTIONS_MOST; i++) {
        ssql_disconnect(opened->connections[i]);
        opened->connections[i] = NULL;
    }
}

static bool close_database(void *database, struct text_buffer *complaint)
{
    struct ssql_database *opened = database;

    disconnect(opened);
    int status = ssql_close(opened->db);
    free(opened);
    if (status != SSQL_OK)
        text_format(complaint, "closing the database failed: %s", ssql_code_text(status));
    return status == SSQL_OK;
}

static ssql_conn *connection(struct ssql_database *opened, unsigned number)
{
    if (opened->connections[number] == NULL)
        ssql_connect(opened->db, &opened->connections[number]);
    return opened->connections[number]; /* NULL when memory is out */
}

/* ---- a statement ---- */

static void add_error(ssql_conn *conn, struct test_answer *answer)
{
    int64_t line, column;

    ssql_errpos(conn, &line, &column, NULL);
    answer_error(answer, line, column, ssql_errmsg(conn), ssql_sqlstate(conn), ssql_errhint(conn));
}

static enum test_cell_kind kind_of(int type)
{
    switch (type) {
    case SSQL_TYPE_INT: return CELL_INT;
    case SSQL_TYPE_FLOAT: return CELL_FLOAT;
    case SSQL_TYPE_BOOL: return CELL_BOOL;
    default: return CELL_STRING;
    }
}

/* The current row. False when memory is out, or the answer has become too large. */
static bool add_row(ssql_stmt *statement, struct test_cell *cells, struct test_answer *answer)
{
    int count = ssql_column_count(statement);

    for (int i = 0; i < count; i++) {
        cells[i] = (struct test_cell){.kind = CELL_NULL};
        if (ssql_column_is_null(statement, i))
            continue;
        cells[i].kind = kind_of(ssql_column_type(statement, i));
        cells[i].text = ssql_column_text(statement, i, &cells[i].size);
        if (cells[i].text == NULL) {
            answer_error(answer, 0, 0, "out of memory", ssql_code_sqlstate(SSQL_NO_MEMORY), "");
            return false;
        }
    }
    return answer_row(answer, cells, count);
}

static void add_columns(ssql_stmt *statement, struct test_answer *answer)
{
    int count = ssql_column_count(statement);
    const char **names = must_allocate((size_t)count * sizeof *names);

    for (int i = 0; i < count; i++)
        names[i] = ssql_column_name(statement, i);
    answer_columns(answer, names, count);
    free(names);
}

/* Columns are asked for after the first step, which may find a changed schema. */
static void run_query(ssql_conn *conn, ssql_stmt *statement, struct test_answer *answer)
{
    int status = ssql_step(statement);

    if (status != SSQL_ROW && status != SSQL_DONE) {
        add_error(conn, answer);
        return;
    }
    add_columns(statement, answer);
    answer->is_query = ssql_is_read_only(statement) != 0;
    struct test_cell *cells = must_allocate((size_t)ssql_column_count(statement) * sizeof *cells);
    while (status == SSQL_ROW && add_row(statement, cells, answer))
        status = ssql_step(statement);
    free(cells);
    if (status == SSQL_DONE)
        answer_rows_end(answer);
    else if (!answer->is_error)
        add_error(conn, answer);
}

static void run_prepared(ssql_conn *conn, ssql_stmt *statement, struct test_answer *answer)
{
    if (ssql_column_count(statement) > 0)
        run_query(conn, statement, answer);
    else if (ssql_step(statement) != SSQL_DONE)
        add_error(conn, answer);
    else if (ssql_statement_kind(statement) == SSQL_KIND_CHANGE)
        answer_changes(answer, (uint64_t)ssql_changes(conn));
    else
        answer_ok(answer);
}

static bool bind_variables(ssql_stmt *statement, const struct variables *variables)
{
    for (size_t i = 0; i < variables->count; i++) {
        int index = ssql_bind_index(statement, variables->list[i].name);
        if (index > 0 && variable_bind(statement, index, variables->list[i].literal) != SSQL_OK)
            return false;
    }
    return true;
}

static bool in_transaction(const struct ssql_database *opened)
{
    for (unsigned i = 0; i < CONNECTIONS_MOST; i++)
        if (opened->connections[i] != NULL && ssql_in_transaction(opened->connections[i]))
            return true;
    return false;
}

static void run_statement(void *database, const struct test_request *request, struct test_answer *answer)
{
    struct ssql_database *opened = database;
    ssql_conn *conn = connection(opened, request->connection);
    ssql_stmt *statement = NULL;

    if (conn == NULL)
        answer_error(answer, 0, 0, "cannot connect: out of memory", ssql_code_sqlstate(SSQL_NO_MEMORY), "");
    else if (ssql_prepare(conn, request->text, request->size, &statement, NULL) != SSQL_OK)
        add_error(conn, answer);
    else if (statement == NULL)
        answer_ok(answer);
    else if (!bind_variables(statement, request->variables))
        add_error(conn, answer);
    else
        run_prepared(conn, statement, answer);
    ssql_finalize(statement);
    answer->in_transaction = in_transaction(opened);
}

/* ---- the whole of it ---- */

static bool checkpoint(void *database, struct text_buffer *complaint)
{
    ssql_conn *conn = connection(database, 0);

    if (conn != NULL && ssql_checkpoint(conn) == SSQL_OK)
        return true;
    text_format(complaint, "checkpoint: %s", conn == NULL ? "out of memory" : ssql_errmsg(conn));
    return false;
}

static uint64_t hash_text(uint64_t hash, const char *text, size_t size)
{
    return XXH3_64bits_withSeed(text, size, hash + size);
}

/* A sum over rows, so that their order does not count. */
static bool digest_rows(ssql_conn *conn, const char *table, uint64_t *digest)
{
    struct text_buffer text = {0};
    ssql_stmt *statement;
    int status = SSQL_DONE;

    text_add_string(&text, "select * from ");
    add_name(&text, table);
    int prepared = ssql_prepare(conn, text.data, text.size, &statement, NULL);
    while (prepared == SSQL_OK && (status = ssql_step(statement)) == SSQL_ROW) {
        uint64_t row = 1;
        for (int i = 0; i < ssql_column_count(statement); i++) {
            size_t size = 0;
            const char *value = ssql_column_text(statement, i, &size);
            row = value == NULL ? row * 31 + 7 : hash_text(row, value, size);
        }
        *digest += row;
    }
    ssql_finalize(statement);
    text_clear(&text);
    return prepared == SSQL_OK && status == SSQL_DONE;
}

static bool digest_table(ssql_conn *conn, const ssql_tables *tables, int table, uint64_t *digest)
{
    const char *name = ssql_tables_name(tables, table);
    uint64_t hash = hash_text(0, name, strlen(name)), rows = 0;

    for (int i = 0; i < ssql_tables_column_count(tables, table); i++) {
        const char *column = ssql_tables_column_name(tables, table, i);
        hash = hash_text(hash, column, strlen(column));
        hash = hash * 64 + (uint64_t)ssql_tables_column_type(tables, table, i) * 4 +
               (uint64_t)ssql_tables_column_is_key(tables, table, i) * 2 +
               (uint64_t)ssql_tables_column_is_not_null(tables, table, i);
    }
    bool done = digest_rows(conn, name, &rows);
    *digest = *digest * 31 + (hash ^ rows * 0x9E3779B97F4A7C15u);
    return done;
}

static bool digest_all(void *database, uint64_t *digest, struct text_buffer *complaint)
{
    struct ssql_database *opened = database;
    ssql_conn *conn;
    ssql_tables *tables = NULL;
    bool done = ssql_connect(opened->db, &conn) == SSQL_OK && ssql_tables_new(conn, &tables) == SSQL_OK;

    *digest = 0;
    for (int i = 0; done && i < ssql_tables_count(tables); i++)
        done = digest_table(conn, tables, i, digest);
    if (!done)
        text_format(complaint, "reading all tables: %s", conn == NULL ? "out of memory" : ssql_errmsg(conn));
    ssql_tables_free(tables);
    ssql_disconnect(conn);
    return done;
}

const struct test_engine ssql_test_engine = {
    .name = "ssql",
    .is_there = is_there,
    .knows_option = knows_option,
    .open = open_database,
    .close = close_database,
    .disconnect = disconnect,
    .run = run_statement,
    .checkpoint = checkpoint,
    .digest = digest_all,
};
