#include "shell/test_diff.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { CONTEXT_LINES = 3, DIFF_LINES_MOST = 2000 };

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

bool test_lines_match(const char *expected, const char *actual)
{
    struct line *left, *right;
    size_t left_count = split(expected, &left), right_count = split(actual, &right);
    bool match = left_count == right_count;

    for (size_t i = 0; i < left_count && match; i++)
        match = line_matches(left[i], right[i]);
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

/* lengths[i][j]: longest common subsequence of left[i..] and right[j..]. */
static uint16_t *common_lengths(const struct line *left, size_t left_count, const struct line *right,
                                size_t right_count)
{
    size_t width = right_count + 1;
    uint16_t *lengths = must_allocate((left_count + 1) * width * sizeof *lengths);

    for (size_t i = left_count; i-- > 0;)
        for (size_t j = right_count; j-- > 0;) {
            uint16_t down = lengths[(i + 1) * width + j], across = lengths[i * width + j + 1];
            if (line_matches(left[i], right[j]))
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
        if (i < left_count && j < right_count && line_matches(left[i], right[j])) {
            edits[count++] = (struct edit){' ', right[j]};
            i++;
            j++;
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

static void add_edit(const struct edit *edit, bool coloured, struct text_buffer *out)
{
    const char *colour = edit->mark == '-' ? "\033[31m" : edit->mark == '+' ? "\033[32m" : "";

    text_add_string(out, coloured ? colour : "");
    text_add_char(out, edit->mark);
    text_add(out, edit->line.text, edit->line.size);
    text_add_string(out, coloured && *colour != '\0' ? "\033[0m\n" : "\n");
}

void test_add_diff(const char *expected, const char *actual, bool coloured, struct text_buffer *out)
{
    struct line *left, *right;
    size_t left_count = split(expected, &left), right_count = split(actual, &right);

    if (left_count > DIFF_LINES_MOST)
        left_count = DIFF_LINES_MOST;
    if (right_count > DIFF_LINES_MOST)
        right_count = DIFF_LINES_MOST;
    struct edit *edits = must_allocate((left_count + right_count + 1) * sizeof *edits);
    size_t count = make_edits(left, left_count, right, right_count, edits);
    bool was_shown = true;
    for (size_t i = 0; i < count; i++) {
        bool shown = is_near_change(edits, count, i);
        if (shown)
            add_edit(&edits[i], coloured, out);
        else if (was_shown)
            text_add_string(out, "@@\n");
        was_shown = shown;
    }
    free(edits);
    free(left);
    free(right);
}
