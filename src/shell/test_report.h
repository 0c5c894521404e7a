/* test_report.h - what is told about the files: text for people, TAP for harnesses; at the end the sum, and the
 * slowest. */
#ifndef SHELL_TEST_REPORT_H
#define SHELL_TEST_REPORT_H

#include "shell/test_result.h"

struct test_report {
    bool is_tap;
    bool coloured;
    unsigned slowest_shown;
    unsigned counts[3]; /* per test_status */
    double seconds;
    unsigned number; /* of the last case, in TAP */
};

/* Before the first file: what decides its course, such as a seed; NULL: nothing. */
void test_report_begin(const struct test_report *report, const char *course);
/* A remark that belongs to no case. */
void test_report_remark(const struct test_report *report, const char *what, const char *about);
void test_report_file(struct test_report *report, const struct test_result *result);
/* After the last; sorts the results by their time when the slowest are asked for. */
void test_report_end(const struct test_report *report, struct test_result *results, size_t count);

/* The results as JUnit's XML, in place of a file. False with errno. */
bool test_junit_write(const char *path, const struct test_result *results, size_t count);

#endif
