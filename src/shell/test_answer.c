#include "shell/test_answer.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

/* ---- values of golden files ---- */

static bool looks_like_number(const char *text, size_t size)
{
    char copy[64], *end;

    if (size >= sizeof copy)
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

static void add_golden_row(struct text_buffer *line, const struct test_cell *cells, int count)
{
    for (int i = 0; i < count; i++) {
        if (i > 0)
            text_add_string(line, " | ");
        if (cells[i].kind == CELL_NULL)
            text_add_string(line, "null");
        else if (cells[i].kind == CELL_STRING && needs_quotes(cells[i].text, cells[i].size))
            add_quoted(line, cells[i].text, cells[i].size);
        else
            text_add(line, cells[i].text, cells[i].size);
    }
    text_add_char(line, '\n');
}

/* ---- values of sqllogictest ---- */

static void add_int(struct text_buffer *line, const struct test_cell *cell)
{
    if (cell->kind == CELL_BOOL)
        text_add_char(line, cell->text[0] == 't' ? '1' : '0');
    else if (cell->kind == CELL_FLOAT)
        text_format(line, "%.0f", __builtin_trunc(strtod(cell->text, NULL)));
    else
        text_format(line, "%" PRId64, (int64_t)strtoll(cell->text, NULL, 10));
}

static void add_real(struct text_buffer *line, const struct test_cell *cell)
{
    double value = cell->kind == CELL_BOOL ? cell->text[0] == 't' : strtod(cell->text, NULL);

    text_format(line, "%.3f", value);
}

/* Bytes that are no printable ASCII are one sign, as the format wants it. */
static void add_printable(struct text_buffer *line, const struct test_cell *cell)
{
    if (cell->size == 0)
        text_add_string(line, "(empty)");
    for (size_t i = 0; i < cell->size; i++)
        text_add_char(line, cell->text[i] >= ' ' && cell->text[i] <= '~' ? cell->text[i] : '@');
}

static void add_values(struct text_buffer *lines, const char *types, const struct test_cell *cells, int count)
{
    for (int i = 0; i < count; i++) {
        char type = *types == '\0' ? 'T' : *types++;
        if (cells[i].kind == CELL_NULL)
            text_add_string(lines, "NULL");
        else if (type == 'I')
            add_int(lines, &cells[i]);
        else if (type == 'R')
            add_real(lines, &cells[i]);
        else
            add_printable(lines, &cells[i]);
        text_add_char(lines, '\n');
    }
}

/* ---- rows ---- */

void answer_columns(struct test_answer *answer, const char *const *names, int count)
{
    answer->column_count = (uint64_t)count;
    if (answer->style == ANSWER_VALUES)
        return;
    for (int i = 0; i < count; i++) {
        text_add_string(&answer->lines, i > 0 ? " | " : "");
        for (const char *name = names[i]; name != NULL && *name != '\0'; name++)
            text_add_char(&answer->lines, *name == '\n' ? ' ' : *name);
    }
    text_add_char(&answer->lines, '\n');
}

static void drop_rows(struct test_answer *answer)
{
    for (size_t i = 0; i < answer->kept_count; i++)
        free(answer->rows[i]);
    free(answer->rows);
    if (answer->hash != NULL)
        XXH3_freeState(answer->hash);
    answer->rows = NULL;
    answer->row_count = answer->kept_count = answer->kept_capacity = answer->kept_bytes = 0;
    answer->hash = NULL;
}

static void keep_row(struct test_answer *answer, char *row, size_t size)
{
    if (answer->kept_count == answer->kept_capacity) {
        answer->kept_capacity = answer->kept_capacity == 0 ? 64 : answer->kept_capacity * 2;
        answer->rows = must_reallocate(answer->rows, answer->kept_capacity * sizeof *answer->rows);
    }
    answer->rows[answer->kept_count++] = row;
    answer->kept_bytes += size;
}

static void hash_row(struct test_answer *answer, const char *row, size_t size)
{
    if (answer->hash == NULL) {
        answer->hash = XXH3_createState();
        if (answer->hash == NULL) {
            fputs("ssql: out of memory\n", stderr);
            exit(2);
        }
        XXH3_64bits_reset(answer->hash);
    }
    XXH3_64bits_update(answer->hash, row, size);
}

/* Whether so many bytes can be kept; otherwise the answer is an error now. */
static bool check_size(struct test_answer *answer, size_t size)
{
    if (size <= TEST_ANSWER_BYTES_MOST)
        return true;
    drop_rows(answer);
    answer_error(answer, 0, 0, "the rows are more than this test can keep: 256 MiB", "", "");
    return false;
}

/* Rows in their own order are hashed as they come, and only the first are kept. */
static bool add_golden(struct test_answer *answer, const struct test_cell *cells, int count)
{
    struct text_buffer line = {0};

    add_golden_row(&line, cells, count);
    if (!answer->sorted)
        hash_row(answer, line.data, line.size);
    answer->row_count++;
    if (answer->sorted || answer->row_count <= TEST_ROWS_SHOWN) {
        keep_row(answer, line.data, line.size);
        return check_size(answer, answer->kept_bytes);
    }
    text_clear(&line);
    return true;
}

bool answer_row(struct test_answer *answer, const struct test_cell *cells, int count)
{
    if (answer->style == ANSWER_GOLDEN)
        return add_golden(answer, cells, count);
    add_values(&answer->lines, answer->types, cells, count);
    return check_size(answer, answer->lines.size);
}

static int compare_rows(const void *left, const void *right)
{
    return strcmp(*(char *const *)left, *(char *const *)right);
}

void answer_rows_end(struct test_answer *answer)
{
    size_t count = answer->row_count;

    if (answer->is_error || answer->style == ANSWER_VALUES)
        return;
    if (answer->sorted && count > 0) {
        qsort(answer->rows, count, sizeof *answer->rows, compare_rows);
        for (size_t i = 0; i < count && count > TEST_ROWS_SHOWN; i++)
            hash_row(answer, answer->rows[i], strlen(answer->rows[i]));
    }
    if (count <= TEST_ROWS_SHOWN)
        for (size_t i = 0; i < count; i++)
            text_add_string(&answer->lines, answer->rows[i]);
    else
        text_format(&answer->lines, "%zu rows, xxh3 %016" PRIx64 "\n", count,
                    (uint64_t)XXH3_64bits_digest(answer->hash));
    drop_rows(answer);
}

/* ---- other answers ---- */

void answer_changes(struct test_answer *answer, uint64_t count)
{
    answer->change_count = count;
    if (answer->style == ANSWER_GOLDEN)
        text_format(&answer->lines, "%" PRIu64 " row%s\n", count, count == 1 ? "" : "s");
}

void answer_ok(struct test_answer *answer)
{
    if (answer->style == ANSWER_GOLDEN)
        text_add_string(&answer->lines, "ok\n");
}

void answer_error(struct test_answer *answer, int64_t line, int64_t column, const char *message, const char *sqlstate,
                  const char *hint)
{
    answer->is_error = true;
    text_reset(&answer->lines);
    if (line > 0)
        text_format(&answer->lines, "error %" PRId64 ":%" PRId64 ": ", line, column);
    else
        text_add_string(&answer->lines, "error: ");
    for (const char *at = message; *at != '\0'; at++)
        text_add_char(&answer->lines, *at == '\n' ? ' ' : *at);
    if (*sqlstate != '\0')
        text_format(&answer->lines, " [%s]", sqlstate);
    text_add_char(&answer->lines, '\n');
    if (*hint != '\0')
        text_format(&answer->lines, "hint: %s\n", hint);
}

void answer_clear(struct test_answer *answer)
{
    drop_rows(answer);
    text_clear(&answer->lines);
}
