/* test_case.h - the case that is running: what is told about it, what would be changed, and its end. What the readers
 * of golden files and of sqllogictest files share. */
#ifndef SHELL_TEST_CASE_H
#define SHELL_TEST_CASE_H

#include "shell/test_database.h"
#include "shell/test_result.h"

enum test_update {
    UPDATE_NOTHING,
    UPDATE_ALL,    /* rewrite expectations that differ */
    UPDATE_NEW,    /* write expectations where there are none */
    UPDATE_REVIEW, /* both, each if somebody says so */
};

struct test_options {
    const struct test_engine *engine;
    struct test_weather weather;
    enum test_update update;
    bool coloured;
    const char *filter;       /* a glob on names of cases and files, or NULL */
    const char *diff_command; /* instead of our own, or NULL */
    const char *repeat;       /* options that repeat a failure: "--with small " … */
    const char *directory;    /* for the databases of this file; exists, empty */
    int to;                   /* where results are sent */
};

/* A test file that is running. */
struct test_run {
    const struct test_options *options;
    const char *path;
    const struct text_buffer *text; /* of the file */
    struct test_database *database;
    struct variables variables;
    unsigned connection; /* from 0 */
    bool is_lost;        /* the database cannot be gone on with */
    bool has_crlf;       /* lines of the file end so, and those that are put in will */

    const char *case_name; /* "": what stands before the first; borrowed */
    size_t case_line;
    double case_begin; /* in seconds */
    bool case_failed, case_skipped, case_has_statements;
    bool case_is_selected; /* the filter lets it pass; others run for what they set up, and nobody looks */
    const char *skip_reason;
    struct text_buffer told;
    size_t cases_sent;
    struct text_buffer complaint; /* why the file cannot be gone on with */
};

/* Whether the filter lets a whole file pass. */
bool test_file_is_selected(const struct test_options *options, const char *path);
bool test_case_is_selected(const struct test_options *options, const char *path, const char *name);

void test_case_begin(struct test_run *run, const char *name, size_t line);
void test_case_end(struct test_run *run);

/* The statement [begin, end) of the file answered otherwise than expected. */
void test_case_tell_difference(struct test_run *run, size_t line, size_t begin, size_t end, const char *expected,
                               const char *actual);
/* Something else is wrong with it: one sentence, perhaps with lines below. */
void test_case_tell(struct test_run *run, size_t line, size_t begin, size_t end, const char *what);
/* The bytes [from, to) of the file would have to be `text`. */
void test_case_change(struct test_run *run, size_t line, size_t begin, size_t end, size_t from, size_t to,
                      const char *text, const char *expected, const char *actual);

/* Closes the database, before the end of the last case, which fails when that does. */
void test_run_close(struct test_run *run);
/* The file, or the rest of it, cannot be run. Returns false. */
bool test_run_complain(struct test_run *run, size_t line, const char *what);

#endif
