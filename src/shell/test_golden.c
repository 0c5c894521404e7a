#include "shell/test_golden.h"

#include <stdlib.h>
#include <string.h>

#include "shell/test_diff.h"
#include "shell/test_file.h"
#include "shell/test_mask.h"

enum { MASKS_MOST = 16 };

struct golden {
    struct test_run *run;
    struct test_file file;
    struct mask masks[MASKS_MOST];
    size_t mask_count;
    bool sort_next;
    uint64_t repeat_next; /* 0: not said */
};

/* ---- what came and what was expected ---- */

static int compare_lines(const void *left, const void *right)
{
    return strcmp(*(char *const *)left, *(char *const *)right);
}

/* The first line names the columns. */
static void sort_lines_after_first(struct text_buffer *lines)
{
    struct text_buffer sorted = {0};
    size_t count = 0, i = 0;

    for (const char *at = text_string(lines); *at != '\0'; at++)
        count += *at == '\n';
    char **items = must_allocate((count + 1) * sizeof *items);
    for (const char *at = text_string(lines); *at != '\0'; i++) {
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

/* Another engine has other words for what is wrong: that something is, is what counts. */
static bool is_error_of_other_engine(const struct golden *golden, const char *expected,
                                     const struct test_answer *answer)
{
    return golden->run->options->engine != &ssql_test_engine && answer->is_error && strncmp(expected, "error", 5) == 0;
}

static void change(struct golden *golden, const struct test_step *step, const char *expected,
                   const struct test_answer *answer)
{
    bool is_own = golden->run->options->engine == &ssql_test_engine;
    const char *actual = is_own || !answer->is_error ? text_string(&answer->lines) : "error ...\n";
    struct text_buffer marked = {0};

    test_add_marks(actual, &marked);
    test_case_change(golden->run, step->line, step->begin, step->end, step->expected_begin, step->expected_end,
                     text_string(&marked), expected, actual);
    text_clear(&marked);
}

/* Compares, and either notes what to write or tells the difference. Returns false for a difference. */
static bool judge(struct golden *golden, const struct test_step *step, struct test_answer *answer)
{
    enum test_update update = golden->run->options->update;
    struct text_buffer lines = {0};
    const char *actual = text_string(&answer->lines), *expected;
    bool is_right = true;

    if (step->has_expected)
        test_strip_marks(golden->file.text.data + step->expected_begin, step->expected_end - step->expected_begin,
                         &lines);
    if (step->has_expected && answer->sorted && !answer->is_error)
        sort_lines_after_first(&lines);
    expected = text_string(&lines);
    if (step->has_expected)
        is_right = test_lines_match(expected, actual) || is_error_of_other_engine(golden, expected, answer);
    else
        is_right = !answer->is_error && update != UPDATE_NEW;
    bool is_to_change = step->has_expected ? update == UPDATE_ALL || update == UPDATE_REVIEW : update == UPDATE_NEW;
    if (!is_right && is_to_change)
        change(golden, step, expected, answer);
    else if (!is_right)
        test_case_tell_difference(golden->run, step->line, step->begin, step->end, expected, actual);
    text_clear(&lines);
    return is_right;
}

/* ---- steps ---- */

static void mask_lines(const void *context, struct text_buffer *lines)
{
    const struct golden *golden = context;

    for (size_t i = 0; i < golden->mask_count; i++)
        mask_apply(&golden->masks[i], lines);
}

/* Runs and, as long as *is_right, judges. False when the database cannot be gone on with. */
static bool run_once(struct golden *golden, const struct test_step *step, bool *is_right)
{
    struct test_run *run = golden->run;
    const struct test_request request = {.connection = run->connection,
                                         .text = golden->file.text.data + step->begin,
                                         .size = step->end - step->begin,
                                         .variables = &run->variables,
                                         .mask = mask_lines,
                                         .mask_context = golden};
    struct test_answer answer = {.sorted = golden->sort_next};
    struct text_buffer complaint = {0};
    bool done = test_database_run(run->database, &request, &answer, &complaint);

    if (done && *is_right)
        *is_right = judge(golden, step, &answer);
    run->is_lost = !done;
    if (!done)
        test_case_tell(run, step->line, step->begin, step->end, text_string(&complaint));
    answer_clear(&answer);
    text_clear(&complaint);
    return done;
}

static bool run_statement(struct golden *golden, const struct test_step *step)
{
    uint64_t left = golden->repeat_next == 0 ? 1 : golden->repeat_next;
    bool done = true, is_right = true;

    golden->run->case_has_statements = true;
    for (; left > 0 && done; left--)
        done = run_once(golden, step, &is_right);
    golden->sort_next = false;
    golden->repeat_next = 0;
    return done;
}

static bool add_mask(struct golden *golden, const struct test_step *step)
{
    struct text_buffer complaint = {0};

    if (golden->mask_count == MASKS_MOST)
        return test_run_complain(golden->run, step->line, "too many masks: 16 are the most");
    if (mask_init(&golden->masks[golden->mask_count], step->argument, &complaint))
        golden->mask_count++;
    else
        test_run_complain(golden->run, step->line, text_string(&complaint));
    bool done = complaint.size == 0;
    text_clear(&complaint);
    return done;
}

static bool set_option(struct golden *golden, const struct test_step *step)
{
    struct text_buffer complaint = {0};
    bool done = test_database_set_option(golden->run->database, step->argument, step->name_size,
                                         step->argument + step->name_size + 1, &complaint);

    if (!done)
        test_run_complain(golden->run, step->line, text_string(&complaint));
    text_clear(&complaint);
    return done;
}

/* fresh, reopen, crash: what goes wrong there belongs to the case. */
static bool change_database(struct golden *golden, const struct test_step *step)
{
    struct test_run *run = golden->run;
    struct text_buffer complaint = {0};
    bool done = step->kind == STEP_FRESH    ? test_database_fresh(run->database, &complaint)
                : step->kind == STEP_REOPEN ? test_database_close(run->database, &complaint)
                                            : test_database_crash(run->database, &complaint);

    if (step->kind == STEP_FRESH)
        run->connection = 0;
    run->is_lost = !done;
    if (!done)
        test_case_tell(run, step->line, 0, 0, text_string(&complaint));
    text_clear(&complaint);
    return done;
}

static bool run_step(struct golden *golden, const struct test_step *step)
{
    struct test_run *run = golden->run;

    if (step->kind == STEP_CASE) {
        test_case_end(run);
        test_case_begin(run, step->argument, step->line);
        return true;
    }
    if (run->case_skipped)
        return true;
    switch (step->kind) {
    case STEP_CASE: break;
    case STEP_STATEMENT: return run_statement(golden, step);
    case STEP_FRESH:
    case STEP_REOPEN:
    case STEP_CRASH: return change_database(golden, step);
    case STEP_SORT: golden->sort_next = true; break;
    case STEP_REPEAT: golden->repeat_next = step->number; break;
    case STEP_MASK: return add_mask(golden, step);
    case STEP_OPTION: return set_option(golden, step);
    case STEP_CONNECTION: run->connection = (unsigned)step->number - 1; break;
    case STEP_SKIP:
        run->case_skipped = true;
        run->skip_reason = step->argument;
        break;
    case STEP_VARIABLE:
        variables_set(&run->variables, step->argument, step->name_size, step->argument + step->name_size + 1);
        break;
    }
    return true;
}

/* What follows the last selected case need not run: cases only build on those before them. */
static size_t count_steps(const struct test_run *run, const struct test_file *file)
{
    size_t count = 0;
    bool is_selected = test_case_is_selected(run->options, run->path, "");

    for (size_t i = 0; i < file->step_count; i++) {
        if (file->steps[i].kind == STEP_CASE)
            is_selected = test_case_is_selected(run->options, run->path, file->steps[i].argument);
        if (is_selected)
            count = i + 1;
    }
    return count;
}

void test_golden_run(struct test_run *run)
{
    struct golden golden = {.run = run, .file = {.path = run->path, .text = *run->text}};
    bool done = test_file_parse(&golden.file, &run->complaint);
    size_t count = done ? count_steps(run, &golden.file) : 0;

    test_case_begin(run, "", 1);
    for (size_t i = 0; i < count && done; i++)
        done = run_step(&golden, &golden.file.steps[i]);
    if (run->is_lost && !run->case_is_selected)
        test_run_complain(run, run->case_line, "the database was lost here, before the cases that were asked for");
    test_run_close(run);
    if (count > 0)
        test_case_end(run);
    for (size_t i = 0; i < golden.mask_count; i++)
        mask_clear(&golden.masks[i]);
    golden.file.text = (struct text_buffer){0}; /* the caller's */
    test_file_clear(&golden.file);
}
