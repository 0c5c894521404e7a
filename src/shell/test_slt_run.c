#include "shell/test_slt_run.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "shell/test_md5.h"
#include "shell/test_slt.h"

/* Queries with the same label have the same answer. */
struct labelled {
    const char *label; /* borrowed */
    char hash[MD5_TEXT_SIZE];
    size_t line;
};

struct slt_run {
    struct test_run *run;
    struct slt_file file;
    uint64_t threshold; /* more values than this are shown as a hash; 0: never */
    struct labelled *labels;
    size_t label_count;
};

/* ---- values ---- */

/* `group` lines each: a row for rowsort, a value for valuesort. Lines of the text are cut at their newlines. */
struct groups {
    char **lines;
    size_t line_count, group;
};

static int compare_groups(const void *left, const void *right, void *context)
{
    size_t group = *(const size_t *)context;
    char *const *a = left, *const *b = right;
    int order = 0;

    for (size_t i = 0; i < group && order == 0; i++)
        order = strcmp(a[i], b[i]);
    return order;
}

static void sort_values(struct text_buffer *values, enum slt_sort sort, size_t column_count)
{
    struct groups groups = {.group = sort == SLT_ROWSORT ? column_count : 1};
    struct text_buffer sorted = {0};

    if (sort == SLT_NOSORT || values->size == 0)
        return;
    for (const char *at = values->data; *at != '\0'; at++)
        groups.line_count += *at == '\n';
    groups.lines = must_allocate(groups.line_count * sizeof *groups.lines);
    char *at = values->data;
    for (size_t i = 0; i < groups.line_count; i++) {
        groups.lines[i] = at;
        at += strcspn(at, "\n");
        *at++ = '\0';
    }
    qsort_r(groups.lines, groups.line_count / groups.group, groups.group * sizeof *groups.lines, compare_groups,
            &groups.group);
    for (size_t i = 0; i < groups.line_count; i++)
        text_format(&sorted, "%s\n", groups.lines[i]);
    free(groups.lines);
    text_clear(values);
    *values = sorted;
}

/* "30 values hashing to 3c13dee48d9356ae19af2515e05e6b54": each value with a newline goes into the hash. */
static void hash_values(const struct text_buffer *values, char hash[MD5_TEXT_SIZE], size_t *count)
{
    struct md5 md5;

    *count = 0;
    for (const char *at = text_string(values); *at != '\0'; at++)
        *count += *at == '\n';
    md5_init(&md5);
    md5_add(&md5, text_string(values), values->size);
    md5_finish(&md5, hash);
}

/* What is expected, without blanks at the ends of lines. */
static void take_expected(const struct slt_run *slt, const struct slt_record *record, struct text_buffer *expected)
{
    const char *at = slt->file.text->data + record->expected_begin;
    const char *end = slt->file.text->data + record->expected_end;

    while (at < end) {
        const char *newline = memchr(at, '\n', (size_t)(end - at));
        const char *stop = newline == NULL ? end : newline, *next = newline == NULL ? end : newline + 1;
        while (strchr(" \t\r", stop[-1]) != NULL) /* not all of it is blank: such a line ends a record */
            stop--;
        text_add(expected, at, (size_t)(stop - at));
        text_add_char(expected, '\n');
        at = next;
    }
}

/* ---- judging ---- */

static void tell(struct slt_run *slt, const struct slt_record *record, const char *what)
{
    test_case_tell(slt->run, record->line, record->begin, record->end, what);
}

static void judge_label(struct slt_run *slt, const struct slt_record *record, const char *hash)
{
    if (record->label[0] == '\0')
        return;
    for (size_t i = 0; i < slt->label_count; i++) {
        if (strcmp(slt->labels[i].label, record->label) != 0)
            continue;
        if (strcmp(slt->labels[i].hash, hash) != 0) {
            struct text_buffer what = {0};
            text_format(&what, "this answers otherwise than the query in line %zu, which has the same label",
                        slt->labels[i].line);
            tell(slt, record, what.data);
            text_clear(&what);
        }
        return;
    }
    slt->labels = must_reallocate(slt->labels, (slt->label_count + 1) * sizeof *slt->labels);
    struct labelled *labelled = &slt->labels[slt->label_count++];
    *labelled = (struct labelled){.label = record->label, .line = record->line};
    memcpy(labelled->hash, hash, MD5_TEXT_SIZE);
}

static void change(struct slt_run *slt, const struct slt_record *record, const char *expected, const char *actual)
{
    struct text_buffer text = {0};

    if (!record->has_expected)
        text_add_string(&text, "----\n");
    text_add_string(&text, actual);
    test_case_change(slt->run, record->line, record->begin, record->end, record->expected_begin, record->expected_end,
                     text.data, expected, actual);
    text_clear(&text);
}

static bool is_to_change(const struct slt_run *slt, const struct slt_record *record)
{
    enum test_update update = slt->run->options->update;

    return update == UPDATE_ALL || update == UPDATE_REVIEW || (update == UPDATE_NEW && !record->has_expected);
}

static void judge_query(struct slt_run *slt, const struct slt_record *record, struct test_answer *answer)
{
    struct text_buffer expected = {0}, shown = {0};
    char hash[MD5_TEXT_SIZE];
    size_t count;

    sort_values(&answer->lines, record->sort, answer->column_count);
    hash_values(&answer->lines, hash, &count);
    take_expected(slt, record, &expected);
    bool wants_hash = strstr(text_string(&expected), " values hashing to ") != NULL;
    if (wants_hash || (slt->threshold > 0 && count > slt->threshold))
        text_format(&shown, "%zu values hashing to %s\n", count, hash);
    else
        text_add(&shown, text_string(&answer->lines), answer->lines.size);
    /* Values below a threshold that has hidden them elsewhere are right too. */
    bool is_right = strcmp(text_string(&expected), text_string(&shown)) == 0 ||
                    strcmp(text_string(&expected), text_string(&answer->lines)) == 0;
    if (!is_right && is_to_change(slt, record))
        change(slt, record, text_string(&expected), text_string(&shown));
    else if (!is_right)
        test_case_tell_difference(slt->run, record->line, record->begin, record->end, text_string(&expected),
                                  text_string(&shown));
    judge_label(slt, record, hash);
    text_clear(&expected);
    text_clear(&shown);
}

static void judge_columns(struct slt_run *slt, const struct slt_record *record, struct test_answer *answer)
{
    struct text_buffer what = {0};

    if (answer->column_count == strlen(record->types)) {
        judge_query(slt, record, answer);
        return;
    }
    text_format(&what, "%" PRIu64 " columns, not %zu as the types \"%s\" say", answer->column_count,
                strlen(record->types), record->types);
    tell(slt, record, what.data);
    text_clear(&what);
}

static void judge(struct slt_run *slt, const struct slt_record *record, struct test_answer *answer)
{
    struct text_buffer what = {0};

    if (answer->is_error && record->kind != SLT_ERROR)
        text_add_string(&what, text_string(&answer->lines));
    else if (!answer->is_error && record->kind == SLT_ERROR)
        text_add_string(&what, "no error, where one was expected");
    else if (record->kind == SLT_COUNT && answer->change_count != record->number)
        text_format(&what, "%" PRIu64 " rows were changed, not %" PRIu64, answer->change_count, record->number);
    else if (record->kind == SLT_QUERY)
        judge_columns(slt, record, answer);
    if (what.size > 0)
        tell(slt, record, what.data);
    text_clear(&what);
}

/* ---- records ---- */

static bool run_statement(struct slt_run *slt, const struct slt_record *record)
{
    struct test_run *run = slt->run;
    const struct test_request request = {.connection = 0,
                                         .text = slt->file.text->data + record->begin,
                                         .size = record->end - record->begin,
                                         .variables = &run->variables};
    struct test_answer answer = {.style = ANSWER_VALUES, .types = record->types};
    struct text_buffer complaint = {0};
    bool done = test_database_run(run->database, &request, &answer, &complaint);

    run->case_has_statements = true;
    run->is_lost = !done;
    if (done)
        judge(slt, record, &answer);
    else
        tell(slt, record, text_string(&complaint));
    answer_clear(&answer);
    text_clear(&complaint);
    return done;
}

static bool run_record(struct slt_run *slt, const struct slt_record *record)
{
    if (record->is_left_out || record->kind == SLT_HALT)
        return true;
    if (record->kind != SLT_THRESHOLD)
        return run_statement(slt, record);
    slt->threshold = record->number;
    return true;
}

void test_slt_run(struct test_run *run)
{
    struct slt_run slt = {.run = run, .file = {.path = run->path, .text = run->text}};
    bool done = slt_file_parse(&slt.file, run->options->engine->name, &run->complaint);

    test_case_begin(run, "", 1);
    for (size_t i = 0; i < slt.file.record_count && done && run->case_is_selected; i++)
        done = run_record(&slt, &slt.file.records[i]);
    if (slt.file.record_count > 0 && !run->case_has_statements && run->complaint.size == 0) {
        run->case_skipped = true;
        run->skip_reason = "skipif, onlyif and halt leave nothing to run";
    }
    test_run_close(run);
    test_case_end(run);
    slt_file_clear(&slt.file);
    free(slt.labels);
}
