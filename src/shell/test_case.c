#include "shell/test_case.h"

#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "shell/test_diff.h"
#include "shell/test_text.h"

enum { LINE_BYTES_QUOTED = 200, LINES_QUOTED = 40 };

static double now(void)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

bool test_file_is_selected(const struct test_options *options, const char *path)
{
    const char *slash = strrchr(path, '/');

    return options->filter == NULL || fnmatch(options->filter, path, 0) == 0 ||
           fnmatch(options->filter, slash == NULL ? path : slash + 1, 0) == 0;
}

bool test_case_is_selected(const struct test_options *options, const char *path, const char *name)
{
    return test_file_is_selected(options, path) || (*name != '\0' && fnmatch(options->filter, name, 0) == 0);
}

void test_case_begin(struct test_run *run, const char *name, size_t line)
{
    run->case_name = name;
    run->case_line = line;
    run->case_failed = run->case_skipped = run->case_has_statements = false;
    run->case_is_selected = test_case_is_selected(run->options, run->path, name);
    run->case_begin = now();
    text_reset(&run->told);
}

void test_case_end(struct test_run *run)
{
    if (!run->case_is_selected || (!run->case_has_statements && !run->case_skipped && !run->case_failed))
        return;
    struct test_case done = {
        .status = run->case_failed    ? TEST_FAILED
                  : run->case_skipped ? TEST_SKIPPED
                                      : TEST_PASSED,
        .name = (char *)run->case_name,
        .line = run->case_line,
        .seconds = now() - run->case_begin,
        .text = run->case_skipped && !run->case_failed ? (char *)run->skip_reason : (char *)text_string(&run->told),
    };
    test_result_send_case(run->options->to, &done);
    run->cases_sent++;
}

static void quote_statement(struct test_run *run, size_t begin, size_t end, struct text_buffer *out)
{
    const char *at = run->text->data + begin, *stop = run->text->data + end;
    int lines = 0;

    for (; at < stop && lines < LINES_QUOTED; lines++) {
        const char *newline = memchr(at, '\n', (size_t)(stop - at));
        size_t size = (size_t)((newline == NULL ? stop : newline) - at), shown = size;
        if (shown > 0 && at[shown - 1] == '\r')
            shown--;
        size_t cut = text_cut(at, shown, LINE_BYTES_QUOTED);
        text_format(out, "    %.*s%s\n", (int)cut, at, cut < shown ? " …" : "");
        at += size + 1;
    }
    if (at < stop)
        text_add_string(out, "    …\n");
}

static void add_difference(struct test_run *run, const char *expected, const char *actual, struct text_buffer *out)
{
    if (run->options->diff_command != NULL)
        test_add_diff_by(run->options->diff_command, run->options->directory, expected, actual, out);
    else
        test_add_diff(expected, actual, run->options->coloured, out);
}

/* One more of the things that are told; beyond a bearable length it is left out. */
static bool begin_telling(struct test_run *run, size_t line, size_t begin, size_t end)
{
    bool was_full = run->told.size > CASE_TEXT_BYTES_MOST / 2;

    run->case_failed = true;
    if (!run->case_is_selected || was_full)
        return false;
    text_format(&run->told, "%s:%zu:\n", run->path, line);
    quote_statement(run, begin, end, &run->told);
    return true;
}

static void end_telling(struct test_run *run)
{
    text_format(&run->told, "repeat: ssql test %s", run->options->repeat);
    text_add_shell_word(&run->told, run->path);
    text_add_char(&run->told, '\n');
    if (run->told.size > CASE_TEXT_BYTES_MOST / 2)
        text_add_string(&run->told, "(more that differs in this case is not shown)\n");
}

void test_case_tell_difference(struct test_run *run, size_t line, size_t begin, size_t end, const char *expected,
                               const char *actual)
{
    if (!begin_telling(run, line, begin, end))
        return;
    add_difference(run, expected, actual, &run->told);
    end_telling(run);
}

void test_case_tell(struct test_run *run, size_t line, size_t begin, size_t end, const char *what)
{
    if (!begin_telling(run, line, begin, end))
        return;
    text_format(&run->told, "%s%s", what, path_has_ending(what, "\n") ? "" : "\n");
    end_telling(run);
}

void test_case_change(struct test_run *run, size_t line, size_t begin, size_t end, size_t from, size_t to,
                      const char *text, const char *expected, const char *actual)
{
    struct text_buffer put = {0}, shown = {0};

    if (!run->case_is_selected)
        return;
    if (run->text->data[from - 1] != '\n') /* there is a statement before it */
        text_add_string(&put, run->has_crlf ? "\r\n" : "\n");
    for (; *text != '\0'; text++) {
        if (*text == '\n' && run->has_crlf)
            text_add_char(&put, '\r');
        text_add_char(&put, *text);
    }
    text_format(&shown, "%s:%zu:\n", run->path, line);
    quote_statement(run, begin, end, &shown);
    if (run->options->update == UPDATE_REVIEW)
        add_difference(run, expected, actual, &shown);
    const struct test_change change = {.begin = from,
                                       .end = to,
                                       .text = (char *)text_string(&put),
                                       .line = line,
                                       .in_case = run->cases_sent,
                                       .shown = (char *)text_string(&shown)};
    test_result_send_change(run->options->to, &change);
    text_clear(&put);
    text_clear(&shown);
}

void test_run_close(struct test_run *run)
{
    struct text_buffer complaint = {0};

    if (!run->is_lost && !test_database_close(run->database, &complaint))
        test_case_tell(run, run->case_line, 0, 0, text_string(&complaint));
    text_clear(&complaint);
}

bool test_run_complain(struct test_run *run, size_t line, const char *what)
{
    text_format(&run->complaint, "%s:%zu: error: %s\n", run->path, line, what);
    return false;
}
