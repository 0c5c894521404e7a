/* main.c - runs the same random statements in SSQL and in SQLite, and compares rows, counts and failures.
 *   differential [SEED [STATEMENTS]]      seed 0: from the clock. The seed is printed; the first difference ends the
 * run. */
#include <sqlite3.h>
#include <ssql.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "statement.h"

struct rows {
    char **items; /* one text per row */
    size_t count, capacity;
    int64_t changes;
    bool failed;
    char message[256];
};

static _Noreturn void give_up(const char *what)
{
    fprintf(stderr, "differential: %s\n", what);
    exit(2);
}

static void rows_clear(struct rows *rows)
{
    for (size_t i = 0; i < rows->count; i++)
        free(rows->items[i]);
    free(rows->items);
    *rows = (struct rows){0};
}

static void rows_add(struct rows *rows, char *row)
{
    if (rows->count == rows->capacity) {
        rows->capacity = rows->capacity == 0 ? 64 : rows->capacity * 2;
        rows->items = realloc(rows->items, rows->capacity * sizeof *rows->items);
        if (rows->items == NULL)
            give_up("out of memory");
    }
    rows->items[rows->count++] = row;
}

static int compare_rows(const void *left, const void *right)
{
    return strcmp(*(char *const *)left, *(char *const *)right);
}

/* ---- SSQL ---- */

static void write_ssql_row(ssql_stmt *statement, FILE *out)
{
    for (int i = 0; i < ssql_column_count(statement); i++) {
        if (ssql_column_is_null(statement, i))
            fputs("null", out);
        else if (ssql_column_type(statement, i) == SSQL_TYPE_BOOL) /* a number in SQLite */
            fprintf(out, "%d", ssql_column_bool(statement, i));
        else if (ssql_column_type(statement, i) == SSQL_TYPE_FLOAT)
            fprintf(out, "%.10g", ssql_column_float(statement, i));
        else
            fprintf(out, "%s", ssql_column_text(statement, i, NULL));
        fputs(" | ", out);
    }
}

static void run_ssql(ssql_conn *connection, const char *text, struct rows *rows)
{
    ssql_stmt *statement;
    int status = ssql_prepare(connection, text, strlen(text), &statement, NULL);

    while (status == SSQL_OK || status == SSQL_ROW) {
        status = ssql_step(statement);
        if (status == SSQL_ROW) {
            char *row;
            size_t size;
            FILE *out = open_memstream(&row, &size);
            if (out == NULL)
                give_up("out of memory");
            write_ssql_row(statement, out);
            fclose(out);
            rows_add(rows, row);
        }
    }
    rows->failed = status != SSQL_DONE;
    if (rows->failed)
        snprintf(rows->message, sizeof rows->message, "%s [%s]", ssql_errmsg(connection), ssql_sqlstate(connection));
    else if (ssql_statement_kind(statement) == SSQL_KIND_CHANGE)
        rows->changes = ssql_changes(connection);
    ssql_finalize(statement);
}

static void set_option(ssql_options *options, const char *name, const char *value)
{
    if (ssql_options_set(options, name, value) != SSQL_OK)
        give_up(ssql_options_errmsg(options));
}

/* Small in everything, so that rows are in memtables and in files of several levels at the same time. */
static ssql_conn *open_ssql(void)
{
    ssql_options *options;
    ssql_db *db;
    ssql_conn *connection;

    if (ssql_options_new(&options) != SSQL_OK)
        give_up("out of memory");
    set_option(options, "memtable_size", "16KiB");
    set_option(options, "block_rows", "16");
    set_option(options, "sstable_size", "32KiB");
    set_option(options, "level0_files", "2");
    set_option(options, "threads", "3");
    set_option(options, "morsel_rows", "8");
    set_option(options, "plan_sharing", "always");
    if (ssql_open_with(":memory:", options, &db) != SSQL_OK)
        give_up(ssql_options_errmsg(options));
    ssql_options_free(options);
    if (ssql_connect(db, &connection) != SSQL_OK || ssql_close(db) != SSQL_OK)
        give_up("cannot connect");
    return connection;
}

/* ---- SQLite ---- */

static void write_sqlite_row(sqlite3_stmt *statement, FILE *out)
{
    for (int i = 0; i < sqlite3_column_count(statement); i++) {
        int type = sqlite3_column_type(statement, i);
        if (type == SQLITE_NULL)
            fputs("null", out);
        else if (type == SQLITE_FLOAT)
            fprintf(out, "%.10g", sqlite3_column_double(statement, i));
        else
            fprintf(out, "%s", (const char *)sqlite3_column_text(statement, i));
        fputs(" | ", out);
    }
}

static void run_sqlite(sqlite3 *db, const char *text, struct rows *rows)
{
    sqlite3_stmt *statement = NULL;
    int status = sqlite3_prepare_v2(db, text, -1, &statement, NULL);

    while (status == SQLITE_OK || status == SQLITE_ROW) {
        status = sqlite3_step(statement);
        if (status == SQLITE_ROW) {
            char *row;
            size_t size;
            FILE *out = open_memstream(&row, &size);
            if (out == NULL)
                give_up("out of memory");
            write_sqlite_row(statement, out);
            fclose(out);
            rows_add(rows, row);
        }
    }
    rows->failed = status != SQLITE_DONE;
    if (rows->failed)
        snprintf(rows->message, sizeof rows->message, "%s", sqlite3_errmsg(db));
    else if (!sqlite3_stmt_readonly(statement))
        rows->changes = sqlite3_changes(db);
    sqlite3_finalize(statement);
}

static sqlite3 *open_sqlite(void)
{
    sqlite3 *db;

    if (sqlite3_open(":memory:", &db) != SQLITE_OK ||
        sqlite3_exec(db, "pragma case_sensitive_like = on", NULL, NULL, NULL) != SQLITE_OK)
        give_up("cannot open SQLite");
    return db;
}

/* ---- comparing ---- */

static bool same_rows(struct rows *left, struct rows *right, enum statement_shape shape)
{
    if (left->failed || right->failed)
        return left->failed == right->failed;
    if (shape == SHAPE_CHANGE)
        return left->changes == right->changes;
    if (left->count != right->count)
        return false;
    if (shape == SHAPE_ROWS && left->count > 0) {
        qsort(left->items, left->count, sizeof *left->items, compare_rows);
        qsort(right->items, right->count, sizeof *right->items, compare_rows);
    }
    for (size_t i = 0; i < left->count; i++)
        if (strcmp(left->items[i], right->items[i]) != 0)
            return false;
    return true;
}

static void print_side(const char *who, const struct rows *rows, const struct rows *other)
{
    enum { DIFFERENT_ROWS_SHOWN = 10 };
    int shown = 0;

    if (rows->failed)
        printf("%s: error: %s\n", who, rows->message);
    else
        printf("%s: %zu rows, %lld changed\n", who, rows->count, (long long)rows->changes);
    for (size_t i = 0; i < rows->count && shown < DIFFERENT_ROWS_SHOWN; i++)
        if (i >= other->count || strcmp(rows->items[i], other->items[i]) != 0) {
            printf("    %zu: %s\n", i, rows->items[i]);
            shown++;
        }
}

struct pair {
    ssql_conn *ssql;
    sqlite3 *sqlite;
};

static bool agree(struct pair *pair, const struct statement *statement, bool *succeeded)
{
    struct rows left = {0}, right = {0};

    run_ssql(pair->ssql, statement->ssql, &left);
    run_sqlite(pair->sqlite, statement->sqlite, &right);
    bool same = same_rows(&left, &right, statement->shape);
    *succeeded = !left.failed;
    if (!same) {
        printf("they differ in\n    %s\n", statement->ssql);
        print_side("ssql", &left, &right);
        print_side("sqlite", &right, &left);
    }
    rows_clear(&left);
    rows_clear(&right);
    return same;
}

/* Outside transactions now and then rows go to files, and files are merged. */
static void stir(struct random *random, ssql_conn *connection)
{
    if (random_percent(random, 3) && ssql_checkpoint(connection) != SSQL_OK)
        give_up(ssql_errmsg(connection));
    if (random_below(random, 1000) < 2 && ssql_compact(connection) != SSQL_OK)
        give_up(ssql_errmsg(connection));
}

static bool run(struct pair *pair, uint64_t seed, long count)
{
    static struct statement statement; /* large */
    struct random random = random_start(seed);
    bool in_transaction = false, succeeded;
    long failures = 0;

    statement.shape = SHAPE_OTHER;
    for (int i = 0; statement_setup(i) != NULL; i++) {
        snprintf(statement.ssql, sizeof statement.ssql, "%s", statement_setup(i));
        memcpy(statement.sqlite, statement.ssql, sizeof statement.ssql);
        if (!agree(pair, &statement, &succeeded) || !succeeded)
            return false;
    }
    for (long i = 0; i < count; i++) {
        if (!in_transaction)
            stir(&random, pair->ssql);
        statement_make(&random, &in_transaction, &statement);
        if (!agree(pair, &statement, &succeeded)) {
            printf("statement %ld of seed %llu\n", i, (unsigned long long)seed);
            return false;
        }
        failures += !succeeded;
        /* A query that fails is a fault of the generator, and hides what it was to show. */
        if (!succeeded && (statement.shape == SHAPE_ROWS || statement.shape == SHAPE_ORDERED_ROWS)) {
            printf("a query failed in both, statement %ld:\n    %s\n", i, statement.ssql);
            return false;
        }
    }
    printf("%ld statements agree, %ld failed in both\n", count, failures);
    return true;
}

int main(int argc, char **argv)
{
    uint64_t seed = argc > 1 ? strtoull(argv[1], NULL, 10) : 1;
    long count = argc > 2 ? strtol(argv[2], NULL, 10) : 4000;
    struct pair pair = {open_ssql(), open_sqlite()};

    if (seed == 0)
        seed = (uint64_t)time(NULL);
    printf("seed %llu\n", (unsigned long long)seed);
    fflush(stdout);
    bool done = run(&pair, seed, count);
    ssql_disconnect(pair.ssql);
    sqlite3_close(pair.sqlite);
    return done ? 0 : 1;
}
