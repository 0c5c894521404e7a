#include "shell/test_render.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

struct row_list {
    char **rows; /* owned */
    size_t count, capacity;
};

static bool looks_like_number(const char *text, size_t size)
{
    char copy[64], *end;

    if (size == 0 || size >= sizeof copy)
        return false;
    memcpy(copy, text, size);
    copy[size] = '\0';
    (void)strtod(copy, &end);
    return *end == '\0';
}

static bool is_word(const char *text, size_t size, const char *word)
{
    return strlen(word) == size && memcmp(text, word, size) == 0;
}

/* Whether a string has to be quoted not to be taken for something else. */
static bool needs_quotes(const char *text, size_t size)
{
    if (size == 0 || text[0] == ' ' || text[size - 1] == ' ' || text[0] == '"')
        return true;
    if (is_word(text, size, "null") || is_word(text, size, "true") || is_word(text, size, "false") ||
        looks_like_number(text, size))
        return true;
    for (size_t i = 0; i < size; i++)
        if (text[i] == '|' || text[i] == '\\' || (unsigned char)text[i] < 0x20 || text[i] == 0x7F)
            return true;
    return false;
}

static void add_quoted(struct text_buffer *line, const char *text, size_t size)
{
    text_add_char(line, '"');
    for (size_t i = 0; i < size; i++) {
        if (text[i] == '"' || text[i] == '\\')
            text_add_char(line, '\\');
        if (text[i] == '\n')
            text_add_string(line, "\\n");
        else if (text[i] == '\t')
            text_add_string(line, "\\t");
        else if ((unsigned char)text[i] < 0x20 || text[i] == 0x7F)
            text_format(line, "\\u{%X}", (unsigned char)text[i]);
        else
            text_add_char(line, text[i]);
    }
    text_add_char(line, '"');
}

static void add_value(struct text_buffer *line, ssql_stmt *statement, int column)
{
    size_t size;

    if (ssql_column_is_null(statement, column)) {
        text_add_string(line, "null");
        return;
    }
    const char *text = ssql_column_text(statement, column, &size);
    if (text == NULL)
        text_add_string(line, "<out of memory>");
    else if (ssql_column_type(statement, column) == SSQL_TYPE_STRING && needs_quotes(text, size))
        add_quoted(line, text, size);
    else
        text_add(line, text, size);
}

static void add_row(struct row_list *list, ssql_stmt *statement)
{
    struct text_buffer line = {0};

    for (int i = 0; i < ssql_column_count(statement); i++) {
        if (i > 0)
            text_add_string(&line, " | ");
        add_value(&line, statement, i);
    }
    text_add_char(&line, '\n');
    if (list->count == list->capacity) {
        list->capacity = list->capacity == 0 ? 64 : list->capacity * 2;
        list->rows = must_reallocate(list->rows, list->capacity * sizeof *list->rows);
    }
    list->rows[list->count++] = line.data;
}

static int compare_rows(const void *left, const void *right)
{
    return strcmp(*(char *const *)left, *(char *const *)right);
}

static void add_header(struct text_buffer *lines, ssql_stmt *statement)
{
    for (int i = 0; i < ssql_column_count(statement); i++) {
        const char *name = ssql_column_name(statement, i);
        if (i > 0)
            text_add_string(lines, " | ");
        for (; *name != '\0'; name++)
            text_add_char(lines, *name == '\n' ? ' ' : *name);
    }
    text_add_char(lines, '\n');
}

static void add_rows(struct text_buffer *lines, struct row_list *list, bool sorted)
{
    if (sorted)
        qsort(list->rows, list->count, sizeof *list->rows, compare_rows);
    if (list->count <= TEST_ROWS_SHOWN) {
        for (size_t i = 0; i < list->count; i++)
            text_add_string(lines, list->rows[i]);
        return;
    }
    XXH3_state_t *state = XXH3_createState();
    if (state != NULL) {
        XXH3_64bits_reset(state);
        for (size_t i = 0; i < list->count; i++)
            XXH3_64bits_update(state, list->rows[i], strlen(list->rows[i]));
        text_format(lines, "%zu rows, xxh3 %016" PRIx64 "\n", list->count, (uint64_t)XXH3_64bits_digest(state));
        XXH3_freeState(state);
    }
}

static void add_error(ssql_conn *connection, struct test_answer *answer)
{
    int64_t line, column;

    answer->is_error = true;
    text_reset(&answer->lines);
    if (ssql_errpos(connection, &line, &column, NULL))
        text_format(&answer->lines, "error %" PRId64 ":%" PRId64 ": ", line, column);
    else
        text_add_string(&answer->lines, "error: ");
    for (const char *at = ssql_errmsg(connection); *at != '\0'; at++)
        text_add_char(&answer->lines, *at == '\n' ? ' ' : *at);
    text_format(&answer->lines, " [%s]\n", ssql_sqlstate(connection));
    if (ssql_errhint(connection)[0] != '\0')
        text_format(&answer->lines, "hint: %s\n", ssql_errhint(connection));
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

static void run_prepared(ssql_conn *connection, ssql_stmt *statement, bool sorted, struct test_answer *answer)
{
    struct row_list list = {0};
    int status;

    while ((status = ssql_step(statement)) == SSQL_ROW)
        add_row(&list, statement);
    if (status != SSQL_DONE) {
        add_error(connection, answer);
    } else if (ssql_column_count(statement) > 0) {
        add_header(&answer->lines, statement);
        add_rows(&answer->lines, &list, sorted);
    } else if (ssql_statement_kind(statement) == SSQL_KIND_CHANGE) {
        int64_t changes = ssql_changes(connection);
        text_format(&answer->lines, "%" PRId64 " row%s\n", changes, changes == 1 ? "" : "s");
    } else {
        text_add_string(&answer->lines, "ok\n");
    }
    for (size_t i = 0; i < list.count; i++)
        free(list.rows[i]);
    free(list.rows);
}

void test_run_statement(ssql_conn *connection, const char *text, size_t size, const struct variables *variables,
                        bool sorted, struct test_answer *answer)
{
    ssql_stmt *statement;

    text_reset(&answer->lines);
    answer->is_error = false;
    if (ssql_prepare(connection, text, size, &statement, NULL) != SSQL_OK) {
        add_error(connection, answer);
        return;
    }
    if (statement == NULL)
        text_add_string(&answer->lines, "ok\n");
    else if (!bind_variables(statement, variables))
        add_error(connection, answer);
    else
        run_prepared(connection, statement, sorted, answer);
    ssql_finalize(statement);
}
