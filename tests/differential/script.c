#include "script.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "answer.h"

static char *copy_text(const char *text)
{
    char *copy = strdup(text);

    if (copy == NULL)
        give_up("out of memory");
    return copy;
}

void script_add(struct script *script, const struct statement *statement)
{
    if (script->count == script->capacity) {
        script->capacity = script->capacity == 0 ? 1024 : script->capacity * 2;
        script->lines = realloc(script->lines, script->capacity * sizeof *script->lines);
        if (script->lines == NULL)
            give_up("out of memory");
    }
    script->lines[script->count++] =
        (struct script_line){statement->shape, copy_text(statement->ssql), copy_text(statement->sqlite)};
}

void script_clear(struct script *script)
{
    for (size_t i = 0; i < script->count; i++) {
        free(script->lines[i].ssql);
        free(script->lines[i].sqlite);
    }
    free(script->lines);
    *script = (struct script){0};
}

/* ---- leaving things out ---- */

struct minimising {
    struct script *script;
    script_test *test;
    void *context;
    size_t asked;
};

/* Tells whether it still fails without those that are left out. */
typedef bool try_function(struct minimising *minimising, void *what, const bool *left_out);

/* Tries to leave out half of `count` things, quarters, … , single ones, these until none can go. */
static void leave_out(struct minimising *minimising, size_t count, bool *left_out, try_function *try, void *what)
{
    bool *attempt = malloc(count + 1);

    if (attempt == NULL)
        give_up("out of memory");
    for (size_t chunk = count; chunk > 0;) {
        bool has_gone = false;
        for (size_t begin = 0; begin < count; begin += chunk) {
            size_t size = count - begin < chunk ? count - begin : chunk;
            memcpy(attempt, left_out, count);
            memset(attempt + begin, true, size);
            if (memcmp(attempt, left_out, count) != 0 && try(minimising, what, attempt)) {
                memcpy(left_out, attempt, count);
                has_gone = true;
            }
        }
        if (chunk > 1 || !has_gone)
            chunk /= 2;
    }
    free(attempt);
}

static bool ask(struct minimising *minimising, const struct script *script)
{
    minimising->asked++;
    return minimising->test(minimising->context, script);
}

/* The lines themselves stay with the whole script. */
static bool try_without_lines(struct minimising *minimising, void *what, const bool *left_out)
{
    struct script *whole = what, part = {malloc((whole->count + 1) * sizeof *part.lines), 0, 0};

    if (part.lines == NULL)
        give_up("out of memory");
    for (size_t i = 0; i < whole->count; i++)
        if (!left_out[i])
            part.lines[part.count++] = whole->lines[i];
    bool fails = ask(minimising, &part);
    free(part.lines);
    return fails;
}

static void remove_lines(struct script *script, const bool *left_out)
{
    size_t kept = 0;

    for (size_t i = 0; i < script->count; i++) {
        if (left_out[i]) {
            free(script->lines[i].ssql);
            free(script->lines[i].sqlite);
        } else {
            script->lines[kept++] = script->lines[i];
        }
    }
    script->count = kept;
}

/* Queries change nothing: all but the last, which fails, go at once. */
static void mark_queries(const struct script *script, bool *left_out)
{
    for (size_t i = 0; i + 1 < script->count; i++)
        left_out[i] = script->lines[i].shape == SHAPE_ROWS || script->lines[i].shape == SHAPE_ORDERED_ROWS;
}

static void minimise_lines(struct minimising *minimising)
{
    struct script *script = minimising->script;
    bool *left_out = calloc(script->count + 1, 1);

    if (left_out == NULL)
        give_up("out of memory");
    mark_queries(script, left_out);
    if (try_without_lines(minimising, script, left_out))
        remove_lines(script, left_out);
    memset(left_out, false, script->count);
    leave_out(minimising, script->count, left_out, try_without_lines, script);
    remove_lines(script, left_out);
    free(left_out);
}

/* ---- rows: each stands on a line of its own, in parentheses ---- */

static size_t count_rows(const char *text)
{
    size_t count = 0;

    for (const char *at = text; (at = strstr(at, "\n(")) != NULL; at++)
        count++;
    return count;
}

/* A copy of an insert without some of its rows. */
static char *text_without_rows(const char *text, const bool *left_out)
{
    char *copy = malloc(strlen(text) + 1), *end = copy;
    const char *at = strstr(text, "\n(");
    size_t row = 0, kept = 0;

    if (copy == NULL)
        give_up("out of memory");
    memcpy(end, text, (size_t)(at - text));
    end += at - text;
    for (; at[0] == '\n' && at[1] == '('; row++) {
        size_t size = 1 + strcspn(at + 1, "\n");
        bool has_comma = at[size - 1] == ',';
        if (!left_out[row]) {
            if (kept++ > 0)
                *end++ = ',';
            memcpy(end, at, size - has_comma);
            end += size - has_comma;
        }
        at += size;
    }
    memcpy(end, at, strlen(at) + 1);
    return copy;
}

static bool try_without_rows(struct minimising *minimising, void *what, const bool *left_out)
{
    struct script_line *line = what, whole = *line;

    if (memchr(left_out, false, count_rows(line->ssql)) == NULL)
        return false; /* a list without a row is no list */
    line->ssql = text_without_rows(whole.ssql, left_out);
    line->sqlite = text_without_rows(whole.sqlite, left_out);
    bool fails = ask(minimising, minimising->script);
    free(line->ssql);
    free(line->sqlite);
    *line = whole;
    return fails;
}

static void minimise_rows(struct minimising *minimising, struct script_line *line)
{
    size_t count = count_rows(line->ssql);
    bool *left_out = calloc(count + 1, 1);

    if (left_out == NULL)
        give_up("out of memory");
    if (count > 1) {
        leave_out(minimising, count, left_out, try_without_rows, line);
        char *ssql = text_without_rows(line->ssql, left_out), *sqlite = text_without_rows(line->sqlite, left_out);
        free(line->ssql);
        free(line->sqlite);
        line->ssql = ssql;
        line->sqlite = sqlite;
    }
    free(left_out);
}

size_t script_minimise(struct script *script, script_test *test, void *context)
{
    struct minimising minimising = {script, test, context, 0};

    minimise_lines(&minimising);
    for (size_t i = 0; i < script->count; i++)
        minimise_rows(&minimising, &script->lines[i]);
    minimise_lines(&minimising); /* fewer rows may need fewer statements */
    return minimising.asked;
}

size_t script_row_count(const struct script *script)
{
    size_t count = 0;

    for (size_t i = 0; i < script->count; i++)
        count += count_rows(script->lines[i].ssql);
    return count;
}

void script_print(const struct script *script)
{
    for (size_t i = 0; i < script->count; i++) {
        const struct script_line *line = &script->lines[i];
        printf("%s%s;\n", line->shape == SHAPE_STIR ? "-- the files: " : "", line->ssql);
        if (line->shape != SHAPE_STIR && strcmp(line->ssql, line->sqlite) != 0)
            printf("    -- for SQLite: %s;\n", line->sqlite);
    }
}
