#include "questions.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

_Noreturn void give_up(const char *what)
{
    fprintf(stderr, "%s\n", what);
    exit(2);
}

/* ---- an open database ---- */

struct opened open_database(const char *path, const char *const names_and_values[])
{
    struct opened opened = {0};
    ssql_options *options;

    if (ssql_options_new(&options) != SSQL_OK)
        give_up("out of memory");
    for (const char *const *at = names_and_values; *at != NULL; at += 2)
        if (ssql_options_set(options, at[0], at[1]) != SSQL_OK)
            give_up(ssql_options_errmsg(options));
    opened.code = ssql_open_with(path, options, &opened.db);
    snprintf(opened.message, sizeof opened.message, "%s", ssql_options_errmsg(options));
    ssql_options_free(options);
    if (opened.code == SSQL_OK && ssql_connect(opened.db, &opened.connection) != SSQL_OK)
        give_up("cannot connect");
    return opened;
}

void close_database(struct opened *opened)
{
    if (opened->connection != NULL)
        ssql_disconnect(opened->connection);
    if (opened->db != NULL)
        ssql_close(opened->db);
}

void execute_text(struct opened *opened, const char *text, size_t size)
{
    if (ssql_exec(opened->connection, text, size) != SSQL_OK)
        give_up(ssql_errmsg(opened->connection));
}

void execute(struct opened *opened, const char *format, ...)
{
    char text[600];
    va_list arguments;

    va_start(arguments, format);
    int size = vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    if (size < 0 || (size_t)size >= sizeof text)
        give_up("a statement is too long");
    execute_text(opened, text, (size_t)size);
}

/* ---- questions ---- */

void questions_add(struct questions *questions, const char *format, ...)
{
    va_list arguments;

    if (questions->count == sizeof questions->questions / sizeof questions->questions[0])
        give_up("too many questions");
    va_start(arguments, format);
    vsnprintf(questions->questions[questions->count++].text, sizeof questions->questions[0].text, format, arguments);
    va_end(arguments);
}

/* The row as a text, in a buffer that lives until the next call. */
static const char *row_text(ssql_stmt *statement)
{
    static char text[1000];
    size_t used = 0;

    text[0] = '\0';
    for (int i = 0; i < ssql_column_count(statement) && used < sizeof text; i++) {
        const char *value = ssql_column_is_null(statement, i) ? "null" : ssql_column_text(statement, i, NULL);
        used += (size_t)snprintf(text + used, sizeof text - used, "%s|", value == NULL ? "?" : value);
    }
    return text;
}

static void keep_row(struct question *question, const char *row)
{
    if (question->count == question->capacity) {
        question->capacity = question->capacity * 2 + 16;
        question->rows = realloc(question->rows, question->capacity * sizeof *question->rows);
    }
    char *copy = strdup(row);
    if (question->rows == NULL || copy == NULL)
        give_up("out of memory");
    question->rows[question->count++] = copy;
}

/* Asks; the answer is kept, or compared. */
static int ask(ssql_conn *connection, struct question *question, bool is_kept)
{
    ssql_stmt *statement = NULL;
    size_t count = 0;
    bool same = true;
    int code = ssql_prepare(connection, question->text, strlen(question->text), &statement, NULL);

    while (code == SSQL_OK || code == SSQL_ROW) {
        code = ssql_step(statement);
        if (code != SSQL_ROW)
            break;
        if (is_kept)
            keep_row(question, row_text(statement));
        else if (count >= question->count || strcmp(question->rows[count], row_text(statement)) != 0)
            same = false;
        count++;
    }
    ssql_finalize(statement);
    return !same || (code == SSQL_DONE && !is_kept && count != question->count) ? -1 : code;
}

int question_ask(struct question *question, ssql_conn *connection)
{
    return ask(connection, question, false);
}

void questions_learn(struct questions *questions, const char *path, const char *const options[])
{
    struct opened opened = open_database(path, options);

    if (opened.code != SSQL_OK)
        give_up(opened.message);
    for (size_t i = 0; i < questions->count; i++)
        if (ask(opened.connection, &questions->questions[i], true) != SSQL_DONE)
            give_up(ssql_errmsg(opened.connection));
    close_database(&opened);
    if (ssql_check(path, NULL, NULL, NULL) != SSQL_OK)
        give_up("the check finds damage where there is none");
}

void questions_clear(struct questions *questions)
{
    for (size_t i = 0; i < questions->count; i++) {
        struct question *question = &questions->questions[i];
        for (size_t row = 0; row < question->count; row++)
            free(question->rows[row]);
        free(question->rows);
    }
    questions->count = 0;
}

bool is_clear_error(int code, const char *message)
{
    return message[0] != '\0' && (code == SSQL_CORRUPT || (code == SSQL_CANNOT_OPEN && strstr(message, "format")));
}
