#include "shell/test_diff.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "shell/test_text.h"

enum { CONTEXT_LINES = 3, DIFF_LINES_MOST = 2000, LINE_BYTES_SHOWN = 2000, OUTPUT_BYTES_MOST = 1 << 18 };

struct line {
    const char *text;
    size_t size;
};

static size_t split(const char *text, struct line **lines)
{
    size_t count = 0, capacity = 16;

    *lines = must_allocate(capacity * sizeof **lines);
    while (*text != '\0') {
        size_t size = strcspn(text, "\n");
        if (count == capacity) {
            capacity *= 2;
            *lines = must_reallocate(*lines, capacity * sizeof **lines);
        }
        (*lines)[count++] = (struct line){text, size};
        text += size + (text[size] == '\n');
    }
    return count;
}

static const char *find(const char *in, size_t size, const char *what, size_t what_size)
{
    return what_size == 0 ? in : memmem(in, size, what, what_size);
}

/* Pieces between "..." must follow each other; the first and the last are anchored. */
static bool line_matches(struct line expected, struct line actual)
{
    const char *dots = find(expected.text, expected.size, "...", 3);

    if (dots == NULL)
        return expected.size == actual.size && memcmp(expected.text, actual.text, actual.size) == 0;
    size_t head = (size_t)(dots - expected.text);
    if (actual.size < head || memcmp(expected.text, actual.text, head) != 0)
        return false;
    const char *at = actual.text + head, *end = actual.text + actual.size;
    struct line rest = {dots + 3, expected.size - head - 3};
    while ((dots = find(rest.text, rest.size, "...", 3)) != NULL) {
        size_t size = (size_t)(dots - rest.text);
        const char *found = find(at, (size_t)(end - at), rest.text, size);
        if (found == NULL)
            return false;
        at = found + size;
        rest = (struct line){dots + 3, rest.size - size - 3};
    }
    return (size_t)(end - at) >= rest.size && memcmp(end - rest.size, rest.text, rest.size) == 0;
}

static bool is_any_lines(struct line line)
{
    return line.size == 3 && memcmp(line.text, "...", 3) == 0;
}

/* Where lines do not match, the last "..." line before takes one line more. */
static bool lines_match(const struct line *left, size_t left_count, const struct line *right, size_t right_count)
{
    size_t i = 0, j = 0, dots = SIZE_MAX, taken = 0;

    while (j < right_count) {
        if (i < left_count && is_any_lines(left[i])) {
            dots = i++;
            taken = j;
        } else if (i < left_count && line_matches(left[i], right[j])) {
            i++;
            j++;
        } else if (dots != SIZE_MAX) {
            i = dots + 1;
            j = ++taken;
        } else {
            return false;
        }
    }
    while (i < left_count && is_any_lines(left[i]))
        i++;
    return i == left_count;
}

bool test_lines_match(const char *expected, const char *actual)
{
    struct line *left, *right;
    size_t left_count = split(expected, &left), right_count = split(actual, &right);
    bool match = lines_match(left, left_count, right, right_count);

    free(left);
    free(right);
    return match;
}

void test_strip_marks(const char *text, size_t size, struct text_buffer *lines)
{
    const char *end = text + size;

    while (text < end) {
        const char *newline = memchr(text, '\n', (size_t)(end - text));
        const char *stop = newline == NULL ? end : newline;
        const char *from = text + strspn(text, " \t") + 3;
        if (from < stop && *from == ' ')
            from++;
        while (stop > from && strchr(" \t\r", stop[-1]) != NULL)
            stop--;
        text_add(lines, from, (size_t)(stop - from));
        text_add_char(lines, '\n');
        text = newline == NULL ? end : newline + 1;
    }
}

void test_add_marks(const char *lines, struct text_buffer *text)
{
    while (*lines != '\0') {
        size_t size = strcspn(lines, "\n");
        text_add_string(text, size == 0 ? "-->" : "--> ");
        text_add(text, lines, size);
        text_add_char(text, '\n');
        lines += size + (lines[size] == '\n');
    }
}

/* lengths[i][j]: longest common subsequence of left[i..] and right[j..]. A "..." line has every line in common. */
static uint16_t *common_lengths(const struct line *left, size_t left_count, const struct line *right,
                                size_t right_count)
{
    size_t width = right_count + 1;
    uint16_t *lengths = must_allocate((left_count + 1) * width * sizeof *lengths);

    for (size_t i = left_count; i-- > 0;)
        for (size_t j = right_count; j-- > 0;) {
            uint16_t down = lengths[(i + 1) * width + j], across = lengths[i * width + j + 1];
            if (is_any_lines(left[i]))
                lengths[i * width + j] = (uint16_t)(across + 1); /* never less than `down` */
            else if (line_matches(left[i], right[j]))
                lengths[i * width + j] = (uint16_t)(lengths[(i + 1) * width + j + 1] + 1);
            else
                lengths[i * width + j] = down > across ? down : across;
        }
    return lengths;
}

struct edit {
    char mark; /* ' ', '-' or '+' */
    struct line line;
};

static size_t make_edits(const struct line *left, size_t left_count, const struct line *right, size_t right_count,
                         struct edit *edits)
{
    uint16_t *lengths = common_lengths(left, left_count, right, right_count);
    size_t width = right_count + 1, i = 0, j = 0, count = 0;

    while (i < left_count || j < right_count) {
        if (i < left_count && is_any_lines(left[i])) {
            if (j < right_count && lengths[i * width + j + 1] + 1 > lengths[(i + 1) * width + j])
                edits[count++] = (struct edit){' ', right[j++]};
            else
                i++;
        } else if (i < left_count && j < right_count && line_matches(left[i], right[j])) {
            edits[count++] = (struct edit){' ', right[j++]};
            i++;
        } else if (j >= right_count || (i < left_count && lengths[(i + 1) * width + j] >= lengths[i * width + j + 1])) {
            edits[count++] = (struct edit){'-', left[i++]};
        } else {
            edits[count++] = (struct edit){'+', right[j++]};
        }
    }
    free(lengths);
    return count;
}

static bool is_near_change(const struct edit *edits, size_t count, size_t i)
{
    size_t from = i < CONTEXT_LINES ? 0 : i - CONTEXT_LINES;

    for (size_t k = from; k < count && k <= i + CONTEXT_LINES; k++)
        if (edits[k].mark != ' ')
            return true;
    return false;
}

/* A colour when there is to be any, around a text that is shown up to a bearable length. */
static void add_coloured(const char *colour, struct line line, char mark, bool coloured, struct text_buffer *out)
{
    coloured = coloured && *colour != '\0';
    text_add_string(out, coloured ? colour : "");
    if (mark != '\0')
        text_add_char(out, mark);
    text_add(out, line.text, text_cut(line.text, line.size, LINE_BYTES_SHOWN));
    text_add_string(out, line.size > LINE_BYTES_SHOWN ? " …" : "");
    text_add_string(out, coloured ? "\033[0m\n" : "\n");
}

/* Line numbers of the piece that begins at edit i: "@@ -1,4 +1,5 @@". */
static void add_place(const struct edit *edits, size_t count, size_t i, bool coloured, struct text_buffer *out)
{
    size_t left_before = 0, right_before = 0, left_size = 0, right_size = 0;
    struct text_buffer place = {0};

    for (size_t k = 0; k < i; k++) {
        left_before += edits[k].mark != '+';
        right_before += edits[k].mark != '-';
    }
    for (size_t k = i; k < count && is_near_change(edits, count, k); k++) {
        left_size += edits[k].mark != '+';
        right_size += edits[k].mark != '-';
    }
    text_format(&place, "@@ -%zu,%zu +%zu,%zu @@", left_before + (left_size > 0), left_size,
                right_before + (right_size > 0), right_size);
    add_coloured("\033[36m", (struct line){place.data, place.size}, '\0', coloured, out);
    text_clear(&place);
}

static void add_edits(const struct edit *edits, size_t count, bool coloured, struct text_buffer *out)
{
    bool was_shown = false;

    for (size_t i = 0; i < count; i++) {
        bool shown = is_near_change(edits, count, i);
        const char *colour = edits[i].mark == '-' ? "\033[31m" : edits[i].mark == '+' ? "\033[32m" : "";
        if (shown && !was_shown)
            add_place(edits, count, i, coloured, out);
        if (shown)
            add_coloured(colour, edits[i].line, edits[i].mark, coloured, out);
        was_shown = shown;
    }
}

void test_add_diff(const char *expected, const char *actual, bool coloured, struct text_buffer *out)
{
    struct line *left, *right;
    size_t left_count = split(expected, &left), right_count = split(actual, &right);
    size_t left_shown = left_count < DIFF_LINES_MOST ? left_count : DIFF_LINES_MOST;
    size_t right_shown = right_count < DIFF_LINES_MOST ? right_count : DIFF_LINES_MOST;
    struct edit *edits = must_allocate((left_shown + right_shown + 1) * sizeof *edits);

    add_edits(edits, make_edits(left, left_shown, right, right_shown, edits), coloured, out);
    if (left_shown < left_count || right_shown < right_count)
        text_format(out, "(of %zu expected and %zu actual lines, the first %d were compared here)\n", left_count,
                    right_count, DIFF_LINES_MOST);
    free(edits);
    free(left);
    free(right);
}

/* ---- another program's diff ---- */

static bool write_lines(const char *path, const char *lines)
{
    FILE *file = fopen(path, "wb");

    if (file == NULL)
        return false;
    bool done = fputs(lines, file) >= 0;
    return fclose(file) == 0 && done;
}

static void run_diff(const char *command, struct text_buffer *out)
{
    FILE *program = popen(command, "r");
    char piece[4096];
    size_t size, whole = 0;

    if (program == NULL) {
        text_format(out, "--diff: %s\n", strerror(errno));
        return;
    }
    while ((size = fread(piece, 1, sizeof piece, program)) > 0) {
        if (whole < OUTPUT_BYTES_MOST)
            text_add(out, piece, size);
        whole += size;
    }
    int status = pclose(program);
    if (out->size > 0 && out->data[out->size - 1] != '\n')
        text_add_char(out, '\n');
    if (status == -1 || !WIFEXITED(status) || WEXITSTATUS(status) > 1) /* 1 says that they differ */
        text_format(out, "--diff: the program failed (%s %d)\n", WIFEXITED(status) ? "status" : "signal",
                    WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status));
}

void test_add_diff_by(const char *command, const char *directory, const char *expected, const char *actual,
                      struct text_buffer *out)
{
    struct text_buffer left = {0}, right = {0}, line = {0};

    text_format(&left, "%s/expected", directory);
    text_format(&right, "%s/actual", directory);
    text_format(&line, "%s ", command);
    text_add_shell_word(&line, left.data);
    text_add_char(&line, ' ');
    text_add_shell_word(&line, right.data);
    text_add_string(&line, " 2>&1");
    if (write_lines(left.data, expected) && write_lines(right.data, actual))
        run_diff(line.data, out);
    else
        text_format(out, "--diff: %s: %s\n", directory, strerror(errno));
    unlink(left.data);
    unlink(right.data);
    text_clear(&left);
    text_clear(&right);
    text_clear(&line);
}
