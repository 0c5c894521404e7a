/* SQLite's library is looked for when it is asked for, so that nobody needs it who does not compare with it. Its
 * functions are declared here by its documentation: their signatures have not changed since version 3. */
#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "shell/test_engine.h"

typedef struct sqlite3 sqlite3;
typedef struct sqlite3_stmt sqlite3_stmt;

enum { SQLITE_OK = 0, SQLITE_ROW = 100, SQLITE_DONE = 101 };
enum { SQLITE_INTEGER = 1, SQLITE_FLOAT = 2, SQLITE_NULL = 5 };
#define SQLITE_TRANSIENT ((void (*)(void *)) - 1)

static struct {
    int (*open)(const char *, sqlite3 **);
    int (*close)(sqlite3 *);
    int (*prepare_v2)(sqlite3 *, const char *, int, sqlite3_stmt **, const char **);
    int (*step)(sqlite3_stmt *);
    int (*finalize)(sqlite3_stmt *);
    int (*column_count)(sqlite3_stmt *);
    const char *(*column_name)(sqlite3_stmt *, int);
    int (*column_type)(sqlite3_stmt *, int);
    const unsigned char *(*column_text)(sqlite3_stmt *, int);
    int (*column_bytes)(sqlite3_stmt *, int);
    int (*total_changes)(sqlite3 *);
    int (*get_autocommit)(sqlite3 *);
    const char *(*errmsg)(sqlite3 *);
    int (*bind_parameter_index)(sqlite3_stmt *, const char *);
    int (*bind_text)(sqlite3_stmt *, int, const char *, int, void (*)(void *));
    int (*bind_int64)(sqlite3_stmt *, int, long long);
    int (*bind_double)(sqlite3_stmt *, int, double);
} sqlite;

struct symbol {
    const char *name;
    void *place; /* a pointer in `sqlite` */
};

static bool is_there(struct text_buffer *complaint)
{
    const struct symbol symbols[] = {
        {"sqlite3_open", &sqlite.open},
        {"sqlite3_close", &sqlite.close},
        {"sqlite3_prepare_v2", &sqlite.prepare_v2},
        {"sqlite3_step", &sqlite.step},
        {"sqlite3_finalize", &sqlite.finalize},
        {"sqlite3_column_count", &sqlite.column_count},
        {"sqlite3_column_name", &sqlite.column_name},
        {"sqlite3_column_type", &sqlite.column_type},
        {"sqlite3_column_text", &sqlite.column_text},
        {"sqlite3_column_bytes", &sqlite.column_bytes},
        {"sqlite3_total_changes", &sqlite.total_changes},
        {"sqlite3_get_autocommit", &sqlite.get_autocommit},
        {"sqlite3_errmsg", &sqlite.errmsg},
        {"sqlite3_bind_parameter_index", &sqlite.bind_parameter_index},
        {"sqlite3_bind_text", &sqlite.bind_text},
        {"sqlite3_bind_int64", &sqlite.bind_int64},
        {"sqlite3_bind_double", &sqlite.bind_double},
    };
    static const char *const names[] = {"libsqlite3.so.0", "libsqlite3.so", "libsqlite3.dylib"};
    const char *chosen = getenv("SSQL_SQLITE_LIBRARY");
    void *library = chosen != NULL ? dlopen(chosen, RTLD_NOW) : NULL;

    for (size_t i = 0; chosen == NULL && library == NULL && i < sizeof names / sizeof names[0]; i++)
        library = dlopen(names[i], RTLD_NOW);
    if (library == NULL) {
        text_format(complaint, "SQLite's library is not here: %s", dlerror());
        return false;
    }
    for (size_t i = 0; i < sizeof symbols / sizeof symbols[0]; i++) {
        void *symbol = dlsym(library, symbols[i].name);
        if (symbol == NULL) {
            text_format(complaint, "SQLite's library has no %s", symbols[i].name);
            return false;
        }
        memcpy(symbols[i].place, &symbol, sizeof symbol); /* the only way from an object to a function in C */
    }
    return true;
}

static bool knows_option(const char *name, const char *value, struct text_buffer *complaint)
{
    (void)name;
    (void)value;
    text_add_string(complaint, "SQLite takes no options of ssql");
    return false;
}

struct sqlite_database {
    char *path;
    sqlite3 *connections[CONNECTIONS_MOST];
};

static sqlite3 *connection(struct sqlite_database *opened, unsigned number)
{
    sqlite3 **place = &opened->connections[number];

    if (*place == NULL && sqlite.open(opened->path, place) != SQLITE_OK) {
        sqlite.close(*place);
        *place = NULL;
    }
    return *place;
}

static bool open_database(const struct test_settings *settings, void **database, struct text_buffer *complaint)
{
    struct sqlite_database *opened = must_allocate(sizeof *opened);

    opened->path = must_copy(settings->path, strlen(settings->path));
    *database = opened;
    if (connection(opened, 0) != NULL)
        return true;
    text_format(complaint, "SQLite cannot open %s", settings->path);
    free(opened->path);
    free(opened);
    *database = NULL;
    return false;
}

static void disconnect(void *database)
{
    struct sqlite_database *opened = database;

    for (unsigned i = 0; i < CONNECTIONS_MOST; i++) {
        sqlite.close(opened->connections[i]);
        opened->connections[i] = NULL;
    }
}

static bool close_database(void *database, struct text_buffer *complaint)
{
    struct sqlite_database *opened = database;

    (void)complaint;
    disconnect(opened);
    free(opened->path);
    free(opened);
    return true;
}

static bool add_row(sqlite3_stmt *statement, int count, struct test_cell *cells, struct test_answer *answer)
{
    for (int i = 0; i < count; i++) {
        int type = sqlite.column_type(statement, i);
        cells[i] = (struct test_cell){.kind = type == SQLITE_NULL      ? CELL_NULL
                                              : type == SQLITE_INTEGER ? CELL_INT
                                              : type == SQLITE_FLOAT   ? CELL_FLOAT
                                                                       : CELL_STRING};
        if (type == SQLITE_NULL)
            continue;
        cells[i].text = (const char *)sqlite.column_text(statement, i);
        cells[i].size = (size_t)sqlite.column_bytes(statement, i);
        if (cells[i].text == NULL) {
            cells[i].text = "";
            cells[i].size = 0;
        }
    }
    return answer_row(answer, cells, count);
}

static void run_query(sqlite3 *conn, sqlite3_stmt *statement, struct test_answer *answer)
{
    int count = sqlite.column_count(statement), status;
    const char **names = must_allocate((size_t)count * sizeof *names);
    struct test_cell *cells = must_allocate((size_t)count * sizeof *cells);

    for (int i = 0; i < count; i++)
        names[i] = sqlite.column_name(statement, i);
    answer_columns(answer, names, count);
    while ((status = sqlite.step(statement)) == SQLITE_ROW && add_row(statement, count, cells, answer))
        ;
    if (status == SQLITE_DONE)
        answer_rows_end(answer);
    else if (!answer->is_error)
        answer_error(answer, 0, 0, sqlite.errmsg(conn), "", "");
    free(names);
    free(cells);
}

/* Its own parser does not say what a statement is, but the first word does. */
static bool begins_with_change(const struct test_request *request)
{
    static const char *const words[] = {"insert", "update", "delete", "replace", "upsert"};

    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (request->size > strlen(words[i]) && strncasecmp(request->text, words[i], strlen(words[i])) == 0)
            return true;
    return false;
}

static void run_change(sqlite3 *conn, sqlite3_stmt *statement, bool is_change, struct test_answer *answer)
{
    int before = sqlite.total_changes(conn);

    if (sqlite.step(statement) != SQLITE_DONE)
        answer_error(answer, 0, 0, sqlite.errmsg(conn), "", "");
    else if (is_change)
        answer_changes(answer, (uint64_t)(unsigned)(sqlite.total_changes(conn) - before));
    else
        answer_ok(answer);
}

static int bind_literal(sqlite3_stmt *statement, int index, const char *literal)
{
    size_t size = strlen(literal);
    char *end;

    if (strcmp(literal, "null") == 0)
        return SQLITE_OK; /* it is null before it is bound */
    if (size >= 2 && (*literal == '\'' || *literal == '"') && literal[size - 1] == *literal)
        return sqlite.bind_text(statement, index, literal + 1, (int)size - 2, SQLITE_TRANSIENT);
    errno = 0;
    long long number = strtoll(literal, &end, 10);
    if (size > 0 && *end == '\0' && errno == 0)
        return sqlite.bind_int64(statement, index, number);
    double real = strtod(literal, &end);
    if (size > 0 && *end == '\0')
        return sqlite.bind_double(statement, index, real);
    return sqlite.bind_text(statement, index, literal, (int)size, SQLITE_TRANSIENT);
}

static bool bind_variables(sqlite3_stmt *statement, const struct variables *variables)
{
    bool done = true;

    for (size_t i = 0; i < variables->count && done; i++)
        for (const char *sign = ":$"; *sign != '\0' && done; sign++) {
            struct text_buffer name = {0};
            text_format(&name, "%c%s", *sign, variables->list[i].name);
            int index = sqlite.bind_parameter_index(statement, name.data);
            done = index == 0 || bind_literal(statement, index, variables->list[i].literal) == SQLITE_OK;
            text_clear(&name);
        }
    return done;
}

static bool in_transaction(const struct sqlite_database *opened)
{
    for (unsigned i = 0; i < CONNECTIONS_MOST; i++)
        if (opened->connections[i] != NULL && !sqlite.get_autocommit(opened->connections[i]))
            return true;
    return false;
}

static void run_statement(void *database, const struct test_request *request, struct test_answer *answer)
{
    struct sqlite_database *opened = database;
    sqlite3 *conn = connection(opened, request->connection);
    sqlite3_stmt *statement = NULL;

    if (conn == NULL)
        answer_error(answer, 0, 0, "SQLite cannot connect", "", "");
    else if (sqlite.prepare_v2(conn, request->text, (int)request->size, &statement, NULL) != SQLITE_OK)
        answer_error(answer, 0, 0, sqlite.errmsg(conn), "", "");
    else if (statement == NULL)
        answer_ok(answer);
    else if (!bind_variables(statement, request->variables))
        answer_error(answer, 0, 0, sqlite.errmsg(conn), "", "");
    else if (sqlite.column_count(statement) > 0)
        run_query(conn, statement, answer);
    else
        run_change(conn, statement, begins_with_change(request), answer);
    sqlite.finalize(statement);
    answer->in_transaction = in_transaction(opened);
}

static bool checkpoint(void *database, struct text_buffer *complaint)
{
    (void)database;
    (void)complaint;
    return true;
}

/* Only the weather "crash" asks for it, which is ssql's own. */
static bool digest_all(void *database, uint64_t *digest, struct text_buffer *complaint)
{
    (void)database;
    *digest = 0;
    text_add_string(complaint, "SQLite's databases have no digest here");
    return false;
}

const struct test_engine sqlite_test_engine = {
    .name = "sqlite",
    .is_there = is_there,
    .knows_option = knows_option,
    .open = open_database,
    .close = close_database,
    .disconnect = disconnect,
    .run = run_statement,
    .checkpoint = checkpoint,
    .digest = digest_all,
};
