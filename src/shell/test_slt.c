#include "shell/test_slt.h"

#include <stdlib.h>
#include <string.h>

enum { WORDS_MOST = 8 };

struct word {
    const char *text;
    size_t size;
};

struct walk {
    struct slt_file *file;
    const char *engine;
    struct text_buffer *complaint;
    size_t at, line;  /* the next line to be read */
    bool is_left_out; /* the next record */
    bool is_halted;
};

struct line {
    size_t begin, end, next; /* end: without blanks and line end behind it */
    size_t number;
};

static bool complain(struct walk *walk, size_t line, const char *what, struct word word)
{
    text_format(walk->complaint, "%s:%zu: error: %s", walk->file->path, line, what);
    if (word.size > 0)
        text_format(walk->complaint, " \"%.*s\"", word.size > 40 ? 40 : (int)word.size, word.text);
    text_add_char(walk->complaint, '\n');
    return false;
}

static const struct word no_word;

/* False at the end of the file. */
static bool next_line(struct walk *walk, struct line *line)
{
    const char *text = text_string(walk->file->text);
    size_t size = walk->file->text->size;

    if (walk->at >= size)
        return false;
    const char *newline = memchr(text + walk->at, '\n', size - walk->at);
    *line = (struct line){.begin = walk->at, .number = walk->line};
    line->end = newline == NULL ? size : (size_t)(newline - text);
    line->next = newline == NULL ? size : line->end + 1;
    while (line->end > line->begin && strchr(" \t\r", text[line->end - 1]) != NULL)
        line->end--;
    walk->at = line->next;
    walk->line++;
    return true;
}

static bool line_is(const struct walk *walk, const struct line *line, const char *wanted)
{
    size_t size = strlen(wanted);

    return line->end - line->begin == size && memcmp(walk->file->text->data + line->begin, wanted, size) == 0;
}

static size_t split_words(const struct walk *walk, const struct line *line, struct word *words)
{
    const char *at = walk->file->text->data + line->begin, *end = walk->file->text->data + line->end;
    size_t count = 0;

    while (at < end && count < WORDS_MOST) {
        const char *begin = at;
        while (at < end && *at != ' ' && *at != '\t')
            at++;
        if (at > begin)
            words[count++] = (struct word){begin, (size_t)(at - begin)};
        at += at < end;
    }
    return count;
}

static bool is(struct word word, const char *wanted)
{
    return word.size == strlen(wanted) && memcmp(word.text, wanted, word.size) == 0;
}

static bool read_number(struct word word, uint64_t *number)
{
    char copy[20], *end;

    if (word.size >= sizeof copy)
        return false;
    memcpy(copy, word.text, word.size);
    copy[word.size] = '\0';
    *number = strtoull(copy, &end, 10);
    return copy[0] >= '0' && copy[0] <= '9' && *end == '\0';
}

static struct slt_record *add_record(struct walk *walk, enum slt_kind kind, size_t line)
{
    struct slt_file *file = walk->file;

    /* Room is doubled whenever the count reaches a power of two. */
    if ((file->record_count & (file->record_count - 1)) == 0)
        file->records = must_reallocate(file->records,
                                        (file->record_count == 0 ? 1 : file->record_count * 2) * sizeof *file->records);
    struct slt_record *record = &file->records[file->record_count++];
    *record = (struct slt_record){.kind = kind, .line = line, .is_left_out = walk->is_left_out};
    walk->is_left_out = false;
    return record;
}

/* The lines of a statement, up to a blank one or "----"; then what is expected, up to a blank line. */
static bool read_body(struct walk *walk, struct slt_record *record)
{
    struct line line;
    bool is_results = false;

    record->begin = record->end = walk->at;
    record->expected_begin = record->expected_end = walk->at;
    while (next_line(walk, &line) && line.end > line.begin) {
        if (!is_results && line_is(walk, &line, "----")) {
            is_results = record->has_expected = true;
            record->expected_begin = record->expected_end = line.next;
        } else if (is_results) {
            record->expected_end = line.next;
        } else {
            record->end = line.end;
            record->expected_begin = record->expected_end = line.next;
        }
    }
    if (record->end == record->begin)
        return complain(walk, record->line, "a record without a statement", no_word);
    if (is_results && record->kind != SLT_QUERY)
        return complain(walk, record->line, "results below a statement: this is no sqllogictest", no_word);
    return true;
}

static bool read_statement(struct walk *walk, const struct line *line, const struct word *words, size_t count)
{
    struct slt_record *record = add_record(walk, SLT_OK, line->number);

    if (count == 2 && is(words[1], "ok"))
        record->kind = SLT_OK;
    else if (count == 2 && is(words[1], "error"))
        record->kind = SLT_ERROR;
    else if (count == 3 && is(words[1], "count") && read_number(words[2], &record->number))
        record->kind = SLT_COUNT;
    else
        return complain(walk, line->number, "statement wants ok, error or count N", no_word);
    return read_body(walk, record);
}

static bool read_sort_mode(struct word word, enum slt_sort *sort)
{
    static const char *const names[] = {"nosort", "rowsort", "valuesort"};

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (is(word, names[i])) {
            *sort = (enum slt_sort)i;
            return true;
        }
    return false;
}

static bool read_query(struct walk *walk, const struct line *line, const struct word *words, size_t count)
{
    struct slt_record *record = add_record(walk, SLT_QUERY, line->number);

    if (count < 2)
        return complain(walk, line->number, "query wants the types of its columns", no_word);
    for (size_t i = 0; i < words[1].size; i++)
        if (strchr("TIR", words[1].text[i]) == NULL)
            return complain(walk, line->number, "types of columns are T, I and R, not", words[1]);
    record->types = must_copy(words[1].text, words[1].size);
    if (count > 2 && !read_sort_mode(words[2], &record->sort))
        return complain(walk, line->number, "rows are sorted by nosort, rowsort or valuesort, not", words[2]);
    record->label = must_copy(count > 3 ? words[3].text : "", count > 3 ? words[3].size : 0);
    return read_body(walk, record);
}

/* Both take what follows the name for a comment. */
static bool read_condition(struct walk *walk, const struct line *line, const struct word *words, size_t count)
{
    if (count < 2)
        return complain(walk, line->number, "this wants the name of an engine", no_word);
    if (is(words[0], "skipif") ? is(words[1], walk->engine) : !is(words[1], walk->engine))
        walk->is_left_out = true;
    return true;
}

static bool refuse(struct walk *walk, const struct line *line, struct word word)
{
    static const char *const others[] = {
        "loop", "foreach",   "endloop", "concurrentloop", "concurrentforeach", "require",    "require-env", "restart",
        "load", "reconnect", "sleep",   "tags",           "include",           "mode",       "unzip",       "test-env",
        "set",  "reset",     "control", "system",         "subtest",           "connection", "retry",       "sleepms",
    };

    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
        if (is(word, others[i]))
            return complain(walk, line->number,
                            "an addition of another runner, which sqllogictest does not have:", word);
    return complain(walk, line->number, "unknown record", word);
}

static bool read_record(struct walk *walk, const struct line *line)
{
    struct word words[WORDS_MOST];
    size_t count = split_words(walk, line, words);

    if (count == 0 || words[0].text[0] == '#')
        return true;
    if (is(words[0], "statement"))
        return read_statement(walk, line, words, count);
    if (is(words[0], "query"))
        return read_query(walk, line, words, count);
    if (is(words[0], "skipif") || is(words[0], "onlyif"))
        return read_condition(walk, line, words, count);
    if (is(words[0], "halt")) {
        walk->is_halted = !add_record(walk, SLT_HALT, line->number)->is_left_out;
        return true;
    }
    if (is(words[0], "hash-threshold")) {
        struct slt_record *record = add_record(walk, SLT_THRESHOLD, line->number);
        if (count > 1 && read_number(words[1], &record->number))
            return true;
        return complain(walk, line->number, "hash-threshold wants a number", no_word);
    }
    return refuse(walk, line, words[0]);
}

bool slt_file_parse(struct slt_file *file, const char *engine, struct text_buffer *complaint)
{
    static const char mark[] = "\xEF\xBB\xBF"; /* of UTF-8 */
    bool has_mark = file->text->size >= strlen(mark) && memcmp(file->text->data, mark, strlen(mark)) == 0;
    struct walk walk = {
        .file = file, .engine = engine, .complaint = complaint, .at = has_mark ? strlen(mark) : 0, .line = 1};
    struct line line;
    bool done = true;

    while (done && !walk.is_halted && next_line(&walk, &line))
        done = read_record(&walk, &line);
    return done;
}

void slt_file_clear(struct slt_file *file)
{
    for (size_t i = 0; i < file->record_count; i++) {
        free(file->records[i].types);
        free(file->records[i].label);
    }
    free(file->records);
    file->records = NULL;
    file->record_count = 0;
}
