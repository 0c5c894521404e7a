/* Test files are taken apart: what is wrong in them is told with its line. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <string.h>

#include "parts.h"
#include "shell/test_file.h"
#include "shell/test_slt.h"

struct wrong {
    const char *text, *complaint; /* NULL: it is right */
};

/* ---- golden files ---- */

static void assert_golden(const char *path, const struct wrong *wrong, size_t steps)
{
    struct test_file file = {.path = path};
    struct text_buffer complaint = {0}, wanted = {0};

    if (wrong->complaint != NULL)
        text_format(&wanted, "%s:%s\n", path, wrong->complaint);
    text_add_string(&file.text, wrong->text);
    assert_int_equal(test_file_parse(&file, &complaint), wrong->complaint == NULL);
    assert_string_equal(text_string(&complaint), text_string(&wanted));
    if (wrong->complaint == NULL)
        assert_int_equal(file.step_count, steps);
    test_file_clear(&file);
    text_clear(&complaint);
    text_clear(&wanted);
}

static void a_wrong_golden_file_is_refused_with_the_line(void **state)
{
    static const struct wrong cases[] = {
        {"--@ repeat 0\nselect 1", "1: error: repeat wants a number from 1 to 100000"},
        {"--@ repeat 100001\nselect 1", "1: error: repeat wants a number from 1 to 100000"},
        {"--@ repeat\nselect 1", "1: error: repeat wants a number from 1 to 100000"},
        {"--@ repeat x\nselect 1", "1: error: repeat wants a number from 1 to 100000"},
        {"--@ repeat 5x\nselect 1", "1: error: repeat wants a number from 1 to 100000"},
        {"--@ connection -1\nselect 1", "1: error: connection wants a number from 1 to 10"},
        {"--@ var =1\nselect 1", "1: error: var wants NAME=VALUE"},
        {"--@ with memory\nselect 1", "1: error: with wants NAME=VALUE"},
        {"--@ sort it\nselect 1", "1: error: sort takes no argument"},
        {"\n--@ test:\nselect 1", "2: error: test: wants a text behind it"},
        {"--@ srot\nselect 1", "1: error: unknown directive \"srot\"; did you mean \"sort\"?"},
        {"--@ 1234567890123456789012345678901234567890more",
         "1: error: unknown directive \"1234567890123456789012345678901234567890\"; there are: test: fresh reopen "
         "crash "
         "sort mask var with connection skip: repeat"},
        {"--@ \t\n", "1: error: unknown directive \"\"; there are: test: fresh reopen crash sort mask var with "
                     "connection skip: repeat"},
        {"--> a", "1: error: an expectation without a statement before it"},
        {"--@ sort\n--> a", "2: error: an expectation without a statement before it"},
        {"select 1;\n--> a\n\n--> b", "4: error: this expectation is apart from the others of its statement"},
        {"select 1; --> 1", "1: error: an expectation stands on a line of its own, under its statement"},
        {"select 1;\n.tables\n", "2: error: dot commands do not belong in a test"},
        {"select 1;\n--@ sort", "2: error: a directive without a statement behind it"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        assert_golden("x.ssql", &cases[i], 0);
}

static void what_stands_around_statements_is_passed_over(void **state)
{
    static const struct {
        struct wrong file;
        size_t steps;
    } cases[] = {
        {{"", NULL}, 0},
        {{"\n  \n-- a comment\n", NULL}, 0},
        {{";;\n ;select 1;", NULL}, 1},
        {{"\xEF\xBB\xBFselect 1;", NULL}, 1},
        {{"select 1; -- behind it\n--> a", NULL}, 1},
        {{"select 1; \r\n--> a\r\n", NULL}, 1},
        {{"select 1; select 2;\nselect 3", NULL}, 3},
        {{"--@\tconnection \t 2 \r\nselect 1", NULL}, 2},
        {{"--@ connection\t2\nselect 1", NULL}, 2},
        {{"/* nothing else */", NULL}, 0},
        {{"select 1;\n  ", NULL}, 1},
        {{"select 1\n--> error ...", NULL}, 1},
        {{"select 'a\n--> error ...\n", NULL}, 1},
        {{"select 'a\n--> ...\n", NULL}, 1},
        {{"select 'a\n--> b\n", NULL}, 1},
        {{"select /* a\n--> b */ 1;", NULL}, 1},
        {{"select \"a\n--> b\" from t;\n--> c", NULL}, 1},
        {{"select `a\n--> b` from t;", NULL}, 1},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        assert_golden("x.ssql", &cases[i].file, cases[i].steps);
}

static void the_blocks_of_a_document_are_cases(void **state)
{
    static const struct {
        struct wrong file;
        size_t steps; /* a case and its statements each */
    } cases[] = {
        {{"", NULL}, 0},
        {{"text\n```sql\nselect 1;\n```\n", NULL}, 0},
        {{"```ssql\r\nselect 1;\r\n```\r\n```ssql  \nselect 2;\n```", NULL}, 4},
        {{"```ssqlx\nselect 1;\n```\n", NULL}, 0},
        {{"```ssql x\nselect 1;\n```\n", NULL}, 0},
        {{"```ssql\nselect 1;", NULL}, 2},
        {{"```ssql\nselect 1;\n", NULL}, 2},
        {{"```ssql", NULL}, 0},
        {{"```ssql\nselect 1;\n```\ntext\n```ssql\n.tables\n```\n", "6: error: dot commands do not belong in a test"},
         0},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        assert_golden("x.md", &cases[i].file, cases[i].steps);
}

/* ---- sqllogictest ---- */

static void assert_slt(const struct wrong *wrong, size_t records)
{
    struct text_buffer text = {0}, complaint = {0}, wanted = {0};
    struct slt_file file = {.path = "x.slt", .text = &text};

    if (wrong->complaint != NULL)
        text_format(&wanted, "x.slt:%s\n", wrong->complaint);
    text_add_string(&text, wrong->text);
    assert_int_equal(slt_file_parse(&file, "ssql", &complaint), wrong->complaint == NULL);
    assert_string_equal(text_string(&complaint), text_string(&wanted));
    if (wrong->complaint == NULL)
        assert_int_equal(file.record_count, records);
    slt_file_clear(&file);
    text_clear(&text);
    text_clear(&complaint);
    text_clear(&wanted);
}

static void a_wrong_sqllogictest_file_is_refused_with_the_line(void **state)
{
    static const struct wrong cases[] = {
        {"statement", "1: error: statement wants ok, error or count N"},
        {"statement ok now\nselect 1", "1: error: statement wants ok, error or count N"},
        {"statement many\nselect 1", "1: error: statement wants ok, error or count N"},
        {"statement count\nselect 1", "1: error: statement wants ok, error or count N"},
        {"statement counts 1\nselect 1", "1: error: statement wants ok, error or count N"},
        {"statement count -1\nselect 1", "1: error: statement wants ok, error or count N"},
        {"statement count x\nselect 1", "1: error: statement wants ok, error or count N"},
        {"statement count 1x\nselect 1", "1: error: statement wants ok, error or count N"},
        {"statement count 12345678901234567890\nselect 1", "1: error: statement wants ok, error or count N"},
        {"statement ok\n \t\nselect 1", "1: error: a record without a statement"},
        {"\nquery\nselect 1", "2: error: query wants the types of its columns"},
        {"query IX\nselect 1", "1: error: types of columns are T, I and R, not \"IX\""},
        {"query I up\nselect 1", "1: error: rows are sorted by nosort, rowsort or valuesort, not \"up\""},
        {"skipif", "1: error: this wants the name of an engine"},
        {"onlyif", "1: error: this wants the name of an engine"},
        {"hash-threshold", "1: error: hash-threshold wants a number"},
        {"1234567890123456789012345678901234567890more",
         "1: error: unknown record \"1234567890123456789012345678901234567890\""},
        {"sleep 1", "1: error: an addition of another runner, which sqllogictest does not have: \"sleep\""},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        assert_slt(&cases[i], 0);
}

static void records_of_sqllogictest_are_taken_as_they_are_written(void **state)
{
    static const struct {
        struct wrong file;
        size_t records;
    } cases[] = {
        {{"", NULL}, 0},
        {{"#", NULL}, 0},
        {{"\xEF\xBB\xBF# a comment\n \n\t\n", NULL}, 0},
        {{"a b", "1: error: unknown record \"a\""}, 0},
        {{"statement  ok\t\nselect 1", NULL}, 1},
        {{"statement\tcount\t7\r\nselect 1\r\n\r\n", NULL}, 1},
        {{"query I rowsort label and more words than are looked at, which are a comment\nabcd\n----", NULL}, 1},
        {{"onlyif ssql\nstatement ok\nselect 1\n\nonlyif other # why\nstatement ok\nselect 2", NULL}, 2},
        {{"skipif other\nhalt\n\nnonsense", NULL}, 1},
        {{"onlyif other\nhalt\n\nhash-threshold 8", NULL}, 2},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        assert_slt(&cases[i].file, cases[i].records);
}

int run_file_tests(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_wrong_golden_file_is_refused_with_the_line),
        cmocka_unit_test(what_stands_around_statements_is_passed_over),
        cmocka_unit_test(the_blocks_of_a_document_are_cases),
        cmocka_unit_test(a_wrong_sqllogictest_file_is_refused_with_the_line),
        cmocka_unit_test(records_of_sqllogictest_are_taken_as_they_are_written),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
