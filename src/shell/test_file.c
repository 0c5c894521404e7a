#include "shell/test_file.h"

#include <inttypes.h>
#include <ssql.h>
#include <stdlib.h>
#include <string.h>

#include "shell/suggestion.h"
#include "shell/test_mask.h"
#include "shell/test_text.h"

struct walk {
    struct test_file *file;
    struct text_buffer *complaint;
    size_t at, limit; /* the region that is being read */
    size_t own_line;  /* where the next line of ours begins, or the region ends; not known yet when not beyond `at` */
    size_t line, line_at; /* line number of byte line_at */
};

/* Returns false, for a failing path of one line. */
static bool complain(struct walk *walk, size_t line, const char *what)
{
    text_format(walk->complaint, "%s:%zu: error: %s\n", walk->file->path, line, what);
    return false;
}

static size_t line_of(struct walk *walk, size_t at)
{
    const char *text = walk->file->text.data;

    for (; walk->line_at < at; walk->line_at++)
        walk->line += text[walk->line_at] == '\n';
    return walk->line;
}

static size_t line_end(const struct walk *walk, size_t at)
{
    const char *newline = memchr(walk->file->text.data + at, '\n', walk->limit - at);

    return newline == NULL ? walk->limit : (size_t)(newline - walk->file->text.data) + 1;
}

/* First byte of the line that is no blank. */
static size_t skip_blanks(const struct walk *walk, size_t at)
{
    while (at < walk->limit && (walk->file->text.data[at] == ' ' || walk->file->text.data[at] == '\t'))
        at++;
    return at;
}

static bool begins(const struct walk *walk, size_t at, const char *prefix)
{
    size_t size = strlen(prefix);

    return walk->limit - at >= size && memcmp(walk->file->text.data + at, prefix, size) == 0;
}

static struct test_step *add_step(struct walk *walk, enum test_step_kind kind, size_t at)
{
    struct test_file *file = walk->file;

    /* Room is doubled whenever the count reaches a power of two. */
    if ((file->step_count & (file->step_count - 1)) == 0)
        file->steps =
            must_reallocate(file->steps, (file->step_count == 0 ? 1 : file->step_count * 2) * sizeof *file->steps);
    struct test_step *step = &file->steps[file->step_count++];
    *step = (struct test_step){.kind = kind, .line = line_of(walk, at)};
    return step;
}

enum argument_kind { ARGUMENT_NONE, ARGUMENT_TEXT, ARGUMENT_MASK, ARGUMENT_NUMBER, ARGUMENT_ASSIGNMENT };

static const struct directive {
    const char *name;
    enum test_step_kind kind;
    enum argument_kind argument;
    uint64_t most; /* of ARGUMENT_NUMBER */
} directives[] = {
    {"test:", STEP_CASE, ARGUMENT_TEXT, 0},
    {"fresh", STEP_FRESH, ARGUMENT_NONE, 0},
    {"reopen", STEP_REOPEN, ARGUMENT_NONE, 0},
    {"crash", STEP_CRASH, ARGUMENT_NONE, 0},
    {"sort", STEP_SORT, ARGUMENT_NONE, 0},
    {"mask", STEP_MASK, ARGUMENT_MASK, 0},
    {"var", STEP_VARIABLE, ARGUMENT_ASSIGNMENT, 0},
    {"with", STEP_OPTION, ARGUMENT_ASSIGNMENT, 0},
    {"connection", STEP_CONNECTION, ARGUMENT_NUMBER, 10},
    {"skip:", STEP_SKIP, ARGUMENT_TEXT, 0},
    {"repeat", STEP_REPEAT, ARGUMENT_NUMBER, 100000},
};
enum { DIRECTIVE_COUNT = sizeof directives / sizeof directives[0] };

static const char *directive_name(int i)
{
    return i < DIRECTIVE_COUNT ? directives[i].name : NULL;
}

static bool complain_of_directive(struct walk *walk, size_t line, const char *word, size_t size)
{
    char *typed = must_copy(word, size);
    const char *meant = suggestion_find(typed, directive_name);
    struct text_buffer what = {0};

    text_format(&what, "unknown directive \"%.*s\"", size > 40 ? 40 : (int)size, word);
    if (meant != NULL)
        text_format(&what, "; did you mean \"%s\"?", meant);
    else
        text_add_string(&what, "; there are:");
    for (int i = 0; meant == NULL && i < DIRECTIVE_COUNT; i++)
        text_format(&what, " %s", directives[i].name);
    complain(walk, line, what.data);
    text_clear(&what);
    free(typed);
    return false;
}

/* Sets the number, or the size of the name, that an argument holds. */
static bool read_argument(struct walk *walk, const struct directive *directive, struct test_step *step)
{
    const char *argument = step->argument;
    struct text_buffer what = {0};
    struct mask mask;
    char *end;

    switch (directive->argument) {
    case ARGUMENT_NONE:
        if (*argument != '\0')
            text_format(&what, "%s takes no argument", directive->name);
        break;
    case ARGUMENT_TEXT:
        if (*argument == '\0')
            text_format(&what, "%s wants a text behind it", directive->name);
        break;
    case ARGUMENT_MASK:
        if (mask_init(&mask, argument, &what))
            mask_clear(&mask);
        break;
    case ARGUMENT_NUMBER:
        step->number = strtoul(argument, &end, 10);
        if (*argument < '0' || *argument > '9' || *end != '\0' || step->number < 1 || step->number > directive->most)
            text_format(&what, "%s wants a number from 1 to %" PRIu64, directive->name, directive->most);
        break;
    case ARGUMENT_ASSIGNMENT:
        step->name_size = strcspn(argument, "=");
        if (step->name_size == 0 || argument[step->name_size] != '=')
            text_format(&what, "%s wants NAME=VALUE", directive->name);
        break;
    }
    bool done = what.size == 0;
    if (!done)
        complain(walk, step->line, what.data);
    text_clear(&what);
    return done;
}

static bool read_directive(struct walk *walk, size_t at)
{
    size_t end = line_end(walk, at), line = line_of(walk, at);
    const char *text = walk->file->text.data + at + 3;
    size_t size = end - at - 3;

    while (size > 0 && strchr(" \t\r\n", text[size - 1]) != NULL)
        size--;
    while (size > 0 && (*text == ' ' || *text == '\t')) {
        text++;
        size--;
    }
    size_t word = 0;
    while (word < size && text[word] != ' ' && text[word] != '\t')
        word++;
    for (int i = 0; i < DIRECTIVE_COUNT; i++) {
        if (strlen(directives[i].name) != word || memcmp(text, directives[i].name, word) != 0)
            continue;
        while (word < size && (text[word] == ' ' || text[word] == '\t'))
            word++;
        struct test_step *step = add_step(walk, directives[i].kind, at);
        step->argument = must_copy(text + word, size - word);
        return read_argument(walk, &directives[i], step);
    }
    return complain_of_directive(walk, line, text, word);
}

/* Consecutive lines of expectations belong to the statement before them. */
static bool read_expectation(struct walk *walk, size_t at, size_t line_begin)
{
    struct test_file *file = walk->file;
    struct test_step *step = file->step_count == 0 ? NULL : &file->steps[file->step_count - 1];

    if (step == NULL || step->kind != STEP_STATEMENT)
        return complain(walk, line_of(walk, at), "an expectation without a statement before it");
    if (!step->has_expected)
        step->expected_begin = line_begin;
    else if (step->expected_end != line_begin)
        return complain(walk, line_of(walk, at), "this expectation is apart from the others of its statement");
    step->has_expected = true;
    step->expected_end = line_end(walk, at);
    return true;
}

/* The first line of ours behind `from`, or the region's end. It is kept, so that each line is looked at once. */
static size_t next_own_line(struct walk *walk, size_t from)
{
    size_t line = line_end(walk, from);

    if (walk->own_line > from)
        return walk->own_line;
    for (; line < walk->limit; line = line_end(walk, line)) {
        size_t first = skip_blanks(walk, line);
        if (begins(walk, first, "-->") || begins(walk, first, "--@"))
            break;
    }
    walk->own_line = line;
    return line;
}

/* Whether a line that looks like ours is text of the string, the name or the comment that is open before it. A
 * statement whose quote is never closed can be tested too: an error is all that it can be expected to end in. */
static bool is_quoted(const struct walk *walk, size_t line, int state)
{
    size_t first = skip_blanks(walk, line);

    if (state != SSQL_TEXT_IN_STRING && state != SSQL_TEXT_IN_NAME && state != SSQL_TEXT_IN_COMMENT)
        return false;
    return line < walk->limit && !begins(walk, first, "--> error") && !begins(walk, first, "--> ...");
}

/* Where the statement at walk->at ends, counted from there: behind its `;`, or before the next line of ours, which no
 * statement reaches over. */
static size_t find_statement_end(struct walk *walk, ssql_splitter *splitter)
{
    const char *text = walk->file->text.data + walk->at;
    size_t limit = walk->at, end;
    bool is_found;

    ssql_splitter_reset(splitter);
    do {
        limit = next_own_line(walk, limit);
        is_found = ssql_splitter_find(splitter, text, limit - walk->at, &end) == 1;
    } while (!is_found && is_quoted(walk, limit, ssql_splitter_state(splitter)));
    return end;
}

static bool read_statement(struct walk *walk, ssql_splitter *splitter)
{
    const char *text = walk->file->text.data;
    size_t end = find_statement_end(walk, splitter);
    size_t begin = walk->at + ssql_splitter_begin(splitter);
    if (begin >= walk->at + end || text[begin] == ';') { /* nothing, or a lone `;` */
        walk->at += end;
        return true;
    }
    struct test_step *step = add_step(walk, STEP_STATEMENT, begin);
    step->begin = begin;
    step->end = step->expected_begin = step->expected_end = walk->at + end;
    walk->at += end;
    /* What is left of the line (blanks, a comment) stays before the expectation. */
    size_t rest = skip_blanks(walk, walk->at);
    if (text[walk->at - 1] != '\n' && begins(walk, rest, "-->"))
        return complain(walk, line_of(walk, rest), "an expectation stands on a line of its own, under its statement");
    if (rest >= walk->limit || text[rest] == '\n' || text[rest] == '\r' || begins(walk, rest, "--"))
        walk->at = text[walk->at - 1] == '\n' ? walk->at : line_end(walk, walk->at);
    step->expected_begin = step->expected_end = walk->at;
    return true;
}

static bool read_region(struct walk *walk, ssql_splitter *splitter)
{
    while (walk->at < walk->limit) {
        size_t first = skip_blanks(walk, walk->at);
        bool done = true;
        if (begins(walk, first, "--@")) {
            done = read_directive(walk, first);
            walk->at = line_end(walk, first);
        } else if (begins(walk, first, "-->")) {
            done = read_expectation(walk, first, walk->at);
            walk->at = line_end(walk, first);
        } else if (first >= walk->limit || walk->file->text.data[first] == '\n' || begins(walk, first, "--")) {
            walk->at = line_end(walk, first);
        } else if (walk->file->text.data[first] == '.') {
            done = complain(walk, line_of(walk, first), "dot commands do not belong in a test");
        } else {
            done = read_statement(walk, splitter);
        }
        if (!done)
            return false;
    }
    return true;
}

/* Every block is a case, called after its first line. */
static void begin_block(struct walk *walk, size_t at)
{
    struct text_buffer name = {0};

    text_format(&name, "block at line %zu", line_of(walk, at));
    add_step(walk, STEP_CASE, at)->argument = name.data;
}

/* "```ssql", with nothing but blanks behind it. */
static bool opens_block(const struct walk *walk, size_t at)
{
    static const char fence[] = "```ssql";

    if (!begins(walk, at, fence))
        return false;
    size_t rest = skip_blanks(walk, at + sizeof fence - 1);
    return begins(walk, rest, "\n") || begins(walk, rest, "\r\n");
}

static bool read_markdown(struct walk *walk, ssql_splitter *splitter)
{
    size_t whole = walk->file->text.size;
    size_t at = 0;

    while (at < whole) {
        walk->limit = whole;
        size_t next = line_end(walk, at);
        bool is_block = opens_block(walk, at);
        at = next;
        if (!is_block)
            continue;
        walk->at = next;
        begin_block(walk, next);
        while (next < whole && !begins(walk, next, "```"))
            next = line_end(walk, next);
        walk->limit = next;
        if (!read_region(walk, splitter))
            return false;
        walk->limit = whole;
        at = next < whole ? line_end(walk, next) : whole;
    }
    return true;
}

/* A directive for the next statement is the last of the file: what it was written for is missing. */
static bool complain_of_last(struct walk *walk)
{
    const struct test_file *file = walk->file;
    const struct test_step *last = file->step_count == 0 ? NULL : &file->steps[file->step_count - 1];

    if (last == NULL || (last->kind != STEP_SORT && last->kind != STEP_REPEAT))
        return true;
    return complain(walk, last->line, "a directive without a statement behind it");
}

bool test_file_parse(struct test_file *file, struct text_buffer *complaint)
{
    struct walk walk = {.file = file, .complaint = complaint, .line = 1};
    ssql_splitter *splitter;

    if (file->text.size == 0)
        return true;
    if (ssql_splitter_new(&splitter) != SSQL_OK) {
        text_format(complaint, "%s: error: out of memory\n", file->path);
        return false;
    }
    walk.limit = file->text.size;
    if (begins(&walk, 0, "\xEF\xBB\xBF")) /* the mark of UTF-8, which scripts may have as well */
        walk.at = 3;
    bool done = path_has_ending(file->path, ".md") ? read_markdown(&walk, splitter) : read_region(&walk, splitter);
    ssql_splitter_free(splitter);
    return done && complain_of_last(&walk);
}

void test_file_clear(struct test_file *file)
{
    for (size_t i = 0; i < file->step_count; i++)
        free(file->steps[i].argument);
    free(file->steps);
    text_clear(&file->text);
    *file = (struct test_file){0};
}
