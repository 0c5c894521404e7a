#include "shell/test_run.h"

#include <errno.h>
#include <fnmatch.h>
#include <regex.h>
#include <ssql.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "shell/test_diff.h"
#include "shell/test_file.h"
#include "shell/test_render.h"

enum { CONNECTIONS_MOST = 10, MASKS_MOST = 16 };

struct mask {
    regex_t pattern;
    char *text;
};

struct run {
    const struct test_options *options;
    struct test_file file;
    struct text_buffer *report;
    struct test_counts *counts;
    ssql_db *db;
    ssql_conn *connections[CONNECTIONS_MOST]; /* [0] is connection 1 */
    unsigned current;
    unsigned database_number; /* of the next fresh database */
    unsigned statements_run;
    struct variables variables;
    struct mask masks[MASKS_MOST];
    size_t mask_count;
    bool sort_next;
    const char *case_name; /* NULL: what stands before the first */
    bool case_failed, case_skipped, case_has_statements, case_filtered_out;
    char **replacements; /* per step, for an update */
    bool needs_rewrite;
};

static void tell(struct run *run, const struct test_step *step, const char *what)
{
    text_format(run->report, "%s:%zu: %s\n", run->file.path, step->line, what);
}

/* ---- the database ---- */

static void close_database(struct run *run)
{
    for (int i = 0; i < CONNECTIONS_MOST; i++) {
        ssql_disconnect(run->connections[i]);
        run->connections[i] = NULL;
    }
    if (run->db != NULL && ssql_close(run->db) != SSQL_OK) {
        text_format(run->report, "%s: closing the database failed\n", run->file.path);
        run->case_failed = true;
    }
    run->db = NULL;
}

static const char *const small_options[][2] = {
    {"memtable_size", "16KiB"}, {"block_rows", "16"},          {"sstable_size", "32KiB"},
    {"level0_files", "2"},      {"wal_segment_size", "64KiB"}, {"memory_limit", "4MiB"},
    {"plan_sharing", "always"},
};

static bool open_database(struct run *run)
{
    ssql_options *options;
    struct text_buffer path = {0};
    int status = ssql_options_new(&options);

    if (status == SSQL_OK) /* no test outlives a power cut */
        status = ssql_options_set(options, "sync", "off");
    for (size_t i = 0;
         run->options->with_small && status == SSQL_OK && i < sizeof small_options / sizeof small_options[0]; i++)
        status = ssql_options_set(options, small_options[i][0], small_options[i][1]);
    text_format(&path, "%s/db%u", run->options->directory, run->database_number);
    if (status == SSQL_OK)
        status = ssql_open_with(path.data, options, &run->db);
    if (status != SSQL_OK)
        text_format(run->report, "%s: cannot open a database: %s\n", run->file.path,
                    options == NULL ? "out of memory" : ssql_options_errmsg(options));
    ssql_options_free(options);
    text_clear(&path);
    return status == SSQL_OK;
}

static ssql_conn *connection(struct run *run)
{
    if (run->db == NULL && !open_database(run))
        return NULL;
    if (run->connections[run->current] == NULL && ssql_connect(run->db, &run->connections[run->current]) != SSQL_OK)
        text_format(run->report, "%s: cannot connect\n", run->file.path);
    return run->connections[run->current];
}

/* In the weather "small" rows go to files every few statements, so that what follows reads and merges them there. */
static bool write_files(struct run *run, ssql_conn *on)
{
    enum { STATEMENTS_BETWEEN = 3 };

    if (!run->options->with_small || ++run->statements_run % STATEMENTS_BETWEEN != 0)
        return true;
    if (ssql_checkpoint(on) == SSQL_OK)
        return true;
    text_format(run->report, "%s: checkpoint: %s\n", run->file.path, ssql_errmsg(on));
    return false;
}

static bool any_transaction(const struct run *run)
{
    for (int i = 0; i < CONNECTIONS_MOST; i++)
        if (run->connections[i] != NULL && ssql_in_transaction(run->connections[i]))
            return true;
    return false;
}

/* ---- cases ---- */

static void end_case(struct run *run)
{
    if (run->case_filtered_out || (!run->case_has_statements && !run->case_skipped && !run->case_failed))
        return;
    if (run->case_failed)
        run->counts->failed++;
    else if (run->case_skipped)
        run->counts->skipped++;
    else
        run->counts->passed++;
}

static void begin_case(struct run *run, const char *name)
{
    end_case(run);
    run->case_name = name;
    run->case_failed = run->case_skipped = run->case_has_statements = false;
    run->case_filtered_out = run->options->filter != NULL && fnmatch(run->options->filter, name, 0) != 0 &&
                             fnmatch(run->options->filter, run->file.path, 0) != 0;
}

/* ---- masks and variables ---- */

static bool add_mask(struct run *run, const struct test_step *step)
{
    const char *from = step->argument, *end = from[0] == '/' ? strrchr(from + 1, '/') : NULL;

    if (end == NULL || run->mask_count == MASKS_MOST) {
        tell(run, step, end == NULL ? "mask wants /REGEX/ TEXT" : "too many masks");
        return false;
    }
    char *pattern = must_copy(from + 1, (size_t)(end - from) - 1);
    struct mask *mask = &run->masks[run->mask_count];
    bool done = regcomp(&mask->pattern, pattern, REG_EXTENDED) == 0;
    free(pattern);
    if (!done) {
        tell(run, step, "this is no regular expression");
        return false;
    }
    end += 1 + strspn(end + 1, " \t");
    mask->text = must_copy(end, strlen(end));
    run->mask_count++;
    return true;
}

static void apply_mask(const struct mask *mask, struct text_buffer *lines)
{
    struct text_buffer masked = {0};
    const char *at = text_string(lines);
    regmatch_t match;

    while (*at != '\0' && regexec(&mask->pattern, at, 1, &match, 0) == 0) {
        text_add(&masked, at, (size_t)match.rm_so);
        text_add_string(&masked, mask->text);
        if (match.rm_eo == match.rm_so) {
            if (at[match.rm_eo] == '\0')
                break;
            text_add_char(&masked, at[match.rm_eo++]);
        }
        at += match.rm_eo;
    }
    text_add_string(&masked, at);
    text_clear(lines);
    *lines = masked;
}

static bool set_variable(struct run *run, const struct test_step *step)
{
    const char *equals = strchr(step->argument, '=');

    if (equals == NULL ||
        !variables_set(&run->variables, step->argument, (size_t)(equals - step->argument), equals + 1)) {
        tell(run, step, "var wants NAME=VALUE");
        return false;
    }
    return true;
}

/* ---- statements ---- */

static void quote_statement(struct run *run, const struct test_step *step)
{
    const char *at = run->file.text.data + step->begin, *end = run->file.text.data + step->end;

    while (at < end) {
        const char *newline = memchr(at, '\n', (size_t)(end - at));
        size_t size = (size_t)((newline == NULL ? end : newline) - at);
        text_format(run->report, "    %.*s%s\n", size > 200 ? 200 : (int)size, at, size > 200 ? " …" : "");
        at += size + 1;
    }
}

static void tell_difference(struct run *run, const struct test_step *step, const char *expected, const char *actual)
{
    if (!run->case_failed)
        text_format(run->report, "%sFAILED%s %s%s%s\n", run->options->coloured ? "\033[1;31m" : "",
                    run->options->coloured ? "\033[0m" : "", run->file.path, run->case_name == NULL ? "" : ": ",
                    run->case_name == NULL ? "" : run->case_name);
    run->case_failed = true;
    text_format(run->report, "%s:%zu:\n", run->file.path, step->line);
    quote_statement(run, step);
    test_add_diff(expected, actual, run->options->coloured, run->report);
    text_format(run->report, "repeat: ssql test %s%s\n", run->options->weather, run->file.path);
}

static void note_replacement(struct run *run, const struct test_step *step, const char *actual)
{
    struct text_buffer marked = {0};
    size_t i = (size_t)(step - run->file.steps);

    test_add_marks(actual, &marked);
    run->replacements[i] = marked.data;
    run->needs_rewrite = true;
}

static void sort_lines_after_first(struct text_buffer *lines);

/* Compares, and either notes what to write or tells the difference. */
static void judge(struct run *run, const struct test_step *step, struct test_answer *answer)
{
    struct text_buffer expected = {0};
    const char *actual = text_string(&answer->lines);

    if (step->has_expected) {
        test_strip_marks(run->file.text.data + step->expected_begin, step->expected_end - step->expected_begin,
                         &expected);
        if (run->sort_next && !answer->is_error)
            sort_lines_after_first(&expected);
        if (!test_lines_match(text_string(&expected), actual)) {
            if (run->options->update == UPDATE_ALL)
                note_replacement(run, step, actual);
            else
                tell_difference(run, step, text_string(&expected), actual);
        }
    } else if (run->options->update == UPDATE_NEW) {
        note_replacement(run, step, actual);
    } else if (answer->is_error) {
        tell_difference(run, step, "", actual);
    }
    text_clear(&expected);
}

static int compare_lines(const void *left, const void *right)
{
    return strcmp(*(char *const *)left, *(char *const *)right);
}

static void sort_lines_after_first(struct text_buffer *lines)
{
    struct text_buffer sorted = {0};
    size_t count = 0, i = 0;

    for (const char *at = text_string(lines); *at != '\0'; at++)
        count += *at == '\n';
    char **items = must_allocate((count + 1) * sizeof *items);
    for (char *at = lines->data; at != NULL && *at != '\0'; i++) {
        size_t size = strcspn(at, "\n");
        items[i] = must_copy(at, size);
        at += size + 1;
    }
    if (count > 1)
        qsort(items + 1, count - 1, sizeof *items, compare_lines);
    for (i = 0; i < count; i++) {
        text_format(&sorted, "%s\n", items[i]);
        free(items[i]);
    }
    free(items);
    text_clear(lines);
    *lines = sorted;
}

static bool run_statement(struct run *run, const struct test_step *step)
{
    struct test_answer answer = {0};

    run->case_has_statements = true;
    if (run->options->with_reopen && !any_transaction(run))
        close_database(run);
    ssql_conn *on = connection(run);
    if (on == NULL)
        return false;
    test_run_statement(on, run->file.text.data + step->begin, step->end - step->begin, &run->variables, run->sort_next,
                       &answer);
    for (size_t i = 0; i < run->mask_count; i++)
        apply_mask(&run->masks[i], &answer.lines);
    judge(run, step, &answer);
    run->sort_next = false;
    text_clear(&answer.lines);
    return any_transaction(run) || write_files(run, on);
}

static bool run_step(struct run *run, const struct test_step *step)
{
    if (step->kind == STEP_CASE) {
        begin_case(run, step->argument);
        return true;
    }
    if (run->case_skipped || run->case_filtered_out)
        return true;
    switch (step->kind) {
    case STEP_CASE: break;
    case STEP_STATEMENT: return run_statement(run, step);
    case STEP_FRESH:
        close_database(run);
        run->database_number++;
        run->current = 0;
        break;
    case STEP_REOPEN: close_database(run); break;
    case STEP_SORT: run->sort_next = true; break;
    case STEP_MASK: return add_mask(run, step);
    case STEP_SKIP: run->case_skipped = true; break;
    case STEP_VARIABLE: return set_variable(run, step);
    case STEP_CONNECTION: {
        int number = atoi(step->argument);
        if (number < 1 || number > CONNECTIONS_MOST) {
            tell(run, step, "connections are numbered from 1 to 10");
            return false;
        }
        run->current = (unsigned)number - 1;
        break;
    }
    }
    return true;
}

static void clear_run(struct run *run)
{
    for (size_t i = 0; i < run->file.step_count; i++)
        free(run->replacements[i]);
    free(run->replacements);
    variables_clear(&run->variables);
    for (size_t i = 0; i < run->mask_count; i++) {
        regfree(&run->masks[i].pattern);
        free(run->masks[i].text);
    }
    test_file_clear(&run->file);
}

bool test_run_file(const char *path, const struct test_options *options, struct test_counts *counts,
                   struct text_buffer *report)
{
    struct run run = {.options = options, .report = report, .counts = counts};

    if (!test_file_read(&run.file, path, report)) {
        test_file_clear(&run.file);
        return false;
    }
    run.replacements = must_allocate((run.file.step_count + 1) * sizeof *run.replacements);
    bool done = true;
    for (size_t i = 0; i < run.file.step_count && done; i++)
        done = run_step(&run, &run.file.steps[i]);
    close_database(&run);
    end_case(&run);
    if (done && run.needs_rewrite && !test_file_rewrite(&run.file, run.replacements)) {
        text_format(report, "%s: error: cannot be updated: %s\n", path, strerror(errno));
        done = false;
    } else if (run.needs_rewrite && done) {
        text_format(report, "updated %s\n", path);
    }
    clear_run(&run);
    return done;
}
