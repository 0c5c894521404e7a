#include "shell/test_report.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- TAP (version 14, which readers of 13 understand) ---- */

/* "#" would begin a directive. */
static void print_tap_name(const char *text)
{
    for (; *text != '\0'; text++) {
        if (*text == '#' || *text == '\\')
            putchar('\\');
        putchar((unsigned char)*text < 0x20 ? ' ' : *text);
    }
}

/* A block of YAML in which every line stands as it is. */
static void print_tap_details(const struct test_case *shown)
{
    printf("  ---\n  duration_ms: %.3f\n", shown->seconds * 1000);
    if (shown->text[0] != '\0')
        printf("  message: |2\n    ");
    for (const char *at = shown->text; *at != '\0'; at++) {
        if (*at == '\n' && at[1] == '\0')
            break;
        if (*at == '\n')
            printf("\n    ");
        else
            putchar((unsigned char)*at < 0x20 && *at != '\t' ? '?' : *at);
    }
    printf("%s  ...\n", shown->text[0] != '\0' ? "\n" : "");
}

static void print_tap(struct test_report *report, const struct test_result *result)
{
    for (size_t i = 0; i < result->case_count; i++) {
        const struct test_case *shown = &result->cases[i];
        printf("%sok %u - ", shown->status == TEST_FAILED ? "not " : "", ++report->number);
        print_tap_name(result->path);
        printf("%s", shown->name[0] == '\0' ? "" : ": ");
        print_tap_name(shown->name);
        if (shown->status == TEST_SKIPPED) {
            printf(" # SKIP ");
            print_tap_name(shown->text);
        }
        putchar('\n');
        if (shown->status == TEST_FAILED)
            print_tap_details(shown);
    }
}

/* ---- text ---- */

static void print_text(const struct test_report *report, const struct test_result *result)
{
    for (size_t i = 0; i < result->case_count; i++) {
        const struct test_case *shown = &result->cases[i];
        if (shown->status == TEST_FAILED)
            printf("%sFAILED%s %s%s%s\n%s", report->coloured ? "\033[1;31m" : "", report->coloured ? "\033[0m" : "",
                   result->path, shown->name[0] == '\0' ? "" : ": ", shown->name, shown->text);
    }
}

/* ---- both ---- */

void test_report_begin(const struct test_report *report, const char *course)
{
    if (report->is_tap)
        puts("TAP version 14");
    if (course != NULL)
        printf("%s%s\n", report->is_tap ? "# " : "", course);
}

void test_report_remark(const struct test_report *report, const char *what, const char *about)
{
    printf("%s%s%s\n", report->is_tap ? "# " : "", what, about);
}

void test_report_file(struct test_report *report, const struct test_result *result)
{
    for (int status = 0; status < 3; status++)
        report->counts[status] += test_result_count(result, (enum test_status)status);
    report->seconds += result->seconds;
    if (report->is_tap)
        print_tap(report, result);
    else
        print_text(report, result);
}

static int compare_times(const void *left, const void *right)
{
    const struct test_result *a = left, *b = right;

    return (a->seconds < b->seconds) - (a->seconds > b->seconds);
}

void test_report_end(const struct test_report *report, struct test_result *results, size_t count)
{
    const char *mark = report->is_tap ? "# " : "";

    if (report->is_tap)
        printf("1..%u\n", report->number);
    if (report->slowest_shown > 0 && count > 0) {
        qsort(results, count, sizeof *results, compare_times);
        printf("%sslowest:\n", mark);
    }
    for (size_t i = 0; i < count && i < report->slowest_shown; i++)
        printf("%s%8.3f s  %s\n", mark, results[i].seconds, results[i].path);
    printf("%s%u passed, %u failed", mark, report->counts[TEST_PASSED], report->counts[TEST_FAILED]);
    if (report->counts[TEST_SKIPPED] > 0)
        printf(", %u skipped", report->counts[TEST_SKIPPED]);
    putchar('\n');
}
