#include "shell/test_file.h"

#include <errno.h>
#include <ssql.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct walk {
    struct test_file *file;
    struct text_buffer *complaint;
    size_t at, limit; /* the region that is being read */
    size_t own_line;  /* where the next line of ours begins, or the region ends; not known yet when not beyond `at` */
    size_t line, line_at; /* line number of byte line_at */
};

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

static const struct {
    const char *name;
    enum test_step_kind kind;
    bool has_argument;
} directives[] = {
    {"test:", STEP_CASE, true},
    {"fresh", STEP_FRESH, false},
    {"reopen", STEP_REOPEN, false},
    {"sort", STEP_SORT, false},
    {"mask", STEP_MASK, true},
    {"skip:", STEP_SKIP, true},
    {"connection", STEP_CONNECTION, true},
    {"var", STEP_VARIABLE, true},
};

static bool read_directive(struct walk *walk, size_t at)
{
    size_t end = line_end(walk, at);
    const char *text = walk->file->text.data + at + 3;
    size_t size = end - at - 3;

    while (size > 0 && strchr(" \t\r\n", text[size - 1]) != NULL)
        size--;
    while (size > 0 && (*text == ' ' || *text == '\t')) {
        text++;
        size--;
    }
    for (size_t i = 0; i < sizeof directives / sizeof directives[0]; i++) {
        size_t name_size = strlen(directives[i].name);
        bool is_whole = size == name_size || (size > name_size && (text[name_size] == ' ' || text[name_size] == '\t'));
        if (size < name_size || memcmp(text, directives[i].name, name_size) != 0 || !is_whole)
            continue;
        while (name_size < size && (text[name_size] == ' ' || text[name_size] == '\t'))
            name_size++;
        if (directives[i].has_argument != (name_size < size))
            return complain(walk, line_of(walk, at),
                            directives[i].has_argument ? "this directive needs an argument"
                                                       : "this directive takes no argument");
        add_step(walk, directives[i].kind, at)->argument = must_copy(text + name_size, size - name_size);
        return true;
    }
    return complain(walk, line_of(walk, at),
                    "unknown directive; there are: test: fresh reopen sort mask skip: connection var");
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

/* The next line of ours, or the region's end: no statement reaches over it, so that one that is never ended can be
 * tested too. It is kept, so that each line is looked at once. */
static size_t next_own_line(struct walk *walk)
{
    size_t line = line_end(walk, walk->at);

    if (walk->own_line > walk->at)
        return walk->own_line;
    for (; line < walk->limit; line = line_end(walk, line)) {
        size_t first = skip_blanks(walk, line);
        if (begins(walk, first, "-->") || begins(walk, first, "--@"))
            break;
    }
    walk->own_line = line;
    return line;
}

static bool read_statement(struct walk *walk, ssql_splitter *splitter)
{
    const char *text = walk->file->text.data;
    size_t limit = next_own_line(walk), end;

    ssql_splitter_reset(splitter);
    ssql_splitter_find(splitter, text + walk->at, limit - walk->at, &end);
    size_t begin = walk->at + ssql_splitter_begin(splitter);
    if (begin >= walk->at + end || text[begin] == ';') { /* nothing, or a lone `;` */
        walk->at += end;
        return true;
    }
    struct test_step *step = add_step(walk, STEP_STATEMENT, begin);
    step->begin = begin;
    step->end = walk->at + end;
    walk->at += end;
    /* What is left of the line (blanks, a comment) stays before the expectation. */
    size_t rest = skip_blanks(walk, walk->at);
    if (rest >= walk->limit || text[rest] == '\n' || text[rest] == '\r' || begins(walk, rest, "--"))
        walk->at = walk->at > 0 && text[walk->at - 1] == '\n' ? walk->at : line_end(walk, walk->at);
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

static bool is_markdown(const char *path)
{
    size_t size = strlen(path);

    return size > 3 && strcmp(path + size - 3, ".md") == 0;
}

/* Every block is a case, called after its first line. */
static void begin_block(struct walk *walk, size_t at)
{
    struct text_buffer name = {0};

    text_format(&name, "block at line %zu", line_of(walk, at));
    add_step(walk, STEP_CASE, at)->argument = name.data;
}

static bool read_markdown(struct walk *walk, ssql_splitter *splitter)
{
    size_t whole = walk->file->text.size;
    size_t at = 0;

    while (at < whole) {
        walk->limit = whole;
        size_t next = line_end(walk, at);
        bool is_block = begins(walk, at, "```ssql\n") || begins(walk, at, "```ssql\r\n");
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

bool test_file_read(struct test_file *file, const char *path, struct text_buffer *complaint)
{
    struct walk walk = {.file = file, .complaint = complaint, .line = 1};
    ssql_splitter *splitter;

    *file = (struct test_file){.path = path};
    if (!text_read_file(&file->text, path)) {
        text_format(complaint, "%s: error: %s\n", path, strerror(errno));
        return false;
    }
    if (file->text.size == 0)
        return true;
    if (ssql_splitter_new(&splitter) != SSQL_OK) {
        text_format(complaint, "%s: error: out of memory\n", path);
        return false;
    }
    walk.limit = file->text.size;
    if (begins(&walk, 0, "\xEF\xBB\xBF")) /* the mark of UTF-8, which scripts may have as well */
        walk.at = 3;
    bool done = is_markdown(path) ? read_markdown(&walk, splitter) : read_region(&walk, splitter);
    ssql_splitter_free(splitter);
    return done;
}

void test_file_clear(struct test_file *file)
{
    for (size_t i = 0; i < file->step_count; i++)
        free(file->steps[i].argument);
    free(file->steps);
    text_clear(&file->text);
    *file = (struct test_file){0};
}

/* The file's text with the replacements in place. */
static void put_together(const struct test_file *file, char *const *replacements, struct text_buffer *out)
{
    size_t at = 0;

    for (size_t i = 0; i < file->step_count; i++) {
        const struct test_step *step = &file->steps[i];
        if (replacements[i] == NULL)
            continue;
        text_add(out, file->text.data + at, step->expected_begin - at);
        if (out->size > 0 && out->data[out->size - 1] != '\n')
            text_add_char(out, '\n');
        text_add_string(out, replacements[i]);
        at = step->expected_end;
    }
    text_add(out, file->text.data + at, file->text.size - at);
}

static bool write_aside(const char *path, const struct text_buffer *text, mode_t mode)
{
    FILE *file = fopen(path, "wb");

    if (file == NULL)
        return false;
    bool done = fwrite(text->data, 1, text->size, file) == text->size && fchmod(fileno(file), mode) == 0 &&
                fflush(file) == 0 && fsync(fileno(file)) == 0;
    return (fclose(file) == 0) && done;
}

bool test_file_rewrite(const struct test_file *file, char *const *replacements)
{
    struct text_buffer text = {0}, aside = {0};
    struct stat status;

    put_together(file, replacements, &text);
    text_format(&aside, "%s.new", file->path);
    bool done = stat(file->path, &status) == 0 && write_aside(aside.data, &text, status.st_mode & 0777) &&
                rename(aside.data, file->path) == 0;
    if (!done) {
        int failure = errno;
        unlink(aside.data);
        errno = failure;
    }
    text_clear(&text);
    text_clear(&aside);
    return done;
}
