#include "answer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

_Noreturn void give_up(const char *what)
{
    fprintf(stderr, "differential: %s\n", what);
    exit(2);
}

void answer_clear(struct answer *answer)
{
    for (size_t i = 0; i < answer->count; i++)
        free(answer->rows[i]);
    free(answer->rows);
    *answer = (struct answer){0};
}

/* Takes the row. */
static void add_row(struct answer *answer, char *row)
{
    if (answer->count == answer->capacity) {
        answer->capacity = answer->capacity == 0 ? 64 : answer->capacity * 2;
        answer->rows = realloc(answer->rows, answer->capacity * sizeof *answer->rows);
        if (answer->rows == NULL)
            give_up("out of memory");
    }
    answer->rows[answer->count++] = row;
}

/* SQLite stores a float zero without its sign. */
static void write_float(double number, FILE *out)
{
    fprintf(out, "%.10g", number == 0 ? 0.0 : number);
}

static void write_ssql_row(ssql_stmt *statement, FILE *out)
{
    for (int i = 0; i < ssql_column_count(statement); i++) {
        if (ssql_column_is_null(statement, i))
            fputs("null", out);
        else if (ssql_column_type(statement, i) == SSQL_TYPE_BOOL) /* a number in SQLite */
            fprintf(out, "%d", ssql_column_bool(statement, i));
        else if (ssql_column_type(statement, i) == SSQL_TYPE_FLOAT)
            write_float(ssql_column_float(statement, i), out);
        else
            fprintf(out, "%s", ssql_column_text(statement, i, NULL));
        fputs(" | ", out);
    }
}

static void write_sqlite_row(sqlite3_stmt *statement, FILE *out)
{
    for (int i = 0; i < sqlite3_column_count(statement); i++) {
        int type = sqlite3_column_type(statement, i);
        if (type == SQLITE_NULL)
            fputs("null", out);
        else if (type == SQLITE_FLOAT)
            write_float(sqlite3_column_double(statement, i), out);
        else
            fprintf(out, "%s", (const char *)sqlite3_column_text(statement, i));
        fputs(" | ", out);
    }
}

void answer_of_ssql(ssql_conn *connection, const char *text, struct answer *answer)
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
            add_row(answer, row);
        }
    }
    answer->failed = status != SSQL_DONE;
    if (answer->failed) {
        snprintf(answer->state, sizeof answer->state, "%s", ssql_sqlstate(connection));
        snprintf(answer->message, sizeof answer->message, "%s [%s]", ssql_errmsg(connection), answer->state);
    } else if (ssql_statement_kind(statement) == SSQL_KIND_CHANGE) {
        answer->changes = ssql_changes(connection);
    }
    ssql_finalize(statement);
}

void answer_of_sqlite(sqlite3 *db, const char *text, struct answer *answer)
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
            add_row(answer, row);
        }
    }
    answer->failed = status != SQLITE_DONE;
    if (answer->failed)
        snprintf(answer->message, sizeof answer->message, "%s", sqlite3_errmsg(db));
    else if (!sqlite3_stmt_readonly(statement))
        answer->changes = sqlite3_changes(db);
    sqlite3_finalize(statement);
}

static int compare_rows(const void *left, const void *right)
{
    return strcmp(*(char *const *)left, *(char *const *)right);
}

void answer_sort(struct answer *answer)
{
    if (answer->count > 0)
        qsort(answer->rows, answer->count, sizeof *answer->rows, compare_rows);
}

bool answers_agree(const struct answer *left, const struct answer *right, enum statement_shape shape)
{
    if (left->failed || right->failed)
        return left->failed == right->failed;
    if (shape == SHAPE_CHANGE && left->changes != right->changes)
        return false;
    if (left->count != right->count)
        return false;
    for (size_t i = 0; i < left->count; i++)
        if (strcmp(left->rows[i], right->rows[i]) != 0)
            return false;
    return true;
}

void answer_print(const char *who, const struct answer *answer, const struct answer *other)
{
    enum { DIFFERENT_ROWS_SHOWN = 10 };
    int shown = 0;

    if (answer->failed)
        printf("%s: error: %s\n", who, answer->message);
    else
        printf("%s: %zu rows, %lld changed\n", who, answer->count, (long long)answer->changes);
    for (size_t i = 0; i < answer->count && shown < DIFFERENT_ROWS_SHOWN; i++)
        if (i >= other->count || strcmp(answer->rows[i], other->rows[i]) != 0) {
            printf("    %zu: %s\n", i, answer->rows[i]);
            shown++;
        }
}
