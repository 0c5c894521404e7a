/* How answers are written down: as lines of golden files, and as values of sqllogictest. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "parts.h"
#include "shell/test_answer.h"

static struct test_cell cell(enum test_cell_kind kind, const char *text)
{
    return (struct test_cell){.kind = kind, .text = text, .size = strlen(text)};
}

static void assert_golden(struct test_cell shown, const char *wanted)
{
    struct test_answer answer = {0};
    struct text_buffer lines = {0};

    text_format(&lines, "%s\n", wanted);
    assert_true(answer_row(&answer, &shown, 1));
    answer_rows_end(&answer);
    assert_string_equal(text_string(&answer.lines), text_string(&lines));
    text_clear(&lines);
    answer_clear(&answer);
}

static void a_string_is_quoted_where_it_would_be_something_else(void **state)
{
    static const char *const cases[][2] = {
        {"", "\"\""},
        {"plain", "plain"},
        {" a", "\" a\""},
        {"a ", "\"a \""},
        {"\"a", "\"\\\"a\""},
        {"a\"b", "a\"b"},
        {"null", "\"null\""},
        {"true", "\"true\""},
        {"false", "\"false\""},
        {"nulls", "nulls"},
        {"1e5", "\"1e5\""},
        {"1e5x", "1e5x"},
        {"a|b", "\"a|b\""},
        {"a\\b", "\"a\\\\b\""},
        {"a\nb\tc", "\"a\\nb\\tc\""},
        {"\x01\x7F", "\"\\u{1}\\u{7F}\""},
        {"\x7F", "\"\\u{7F}\""},
        {"1234567890123456789012345678901234567890123456789012345678901234567890", /* no number is as long */
         "1234567890123456789012345678901234567890123456789012345678901234567890"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        assert_golden(cell(CELL_STRING, cases[i][0]), cases[i][1]);
    assert_golden(cell(CELL_INT, "1"), "1");
    assert_golden((struct test_cell){.kind = CELL_NULL}, "null");
}

static void a_value_is_written_as_its_letter_says(void **state)
{
    static const struct {
        const char *types;
        enum test_cell_kind kind;
        const char *text, *wanted;
    } cases[] = {
        {"I", CELL_BOOL, "true", "1\n"},      {"I", CELL_BOOL, "false", "0\n"},
        {"I", CELL_FLOAT, "-2.9", "-2\n"},    {"I", CELL_INT, "7", "7\n"},
        {"I", CELL_STRING, "12x", "12\n"},    {"R", CELL_BOOL, "true", "1.000\n"},
        {"R", CELL_BOOL, "false", "0.000\n"}, {"R", CELL_FLOAT, "1.5", "1.500\n"},
        {"T", CELL_STRING, "", "(empty)\n"},  {"T", CELL_STRING, "a~\x7F\t", "a~@@\n"},
        {"", CELL_INT, "7", "7\n"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct test_answer answer = {.style = ANSWER_VALUES, .types = cases[i].types};
        struct test_cell shown = cell(cases[i].kind, cases[i].text);
        assert_true(answer_row(&answer, &shown, 1));
        answer_rows_end(&answer);
        assert_string_equal(text_string(&answer.lines), cases[i].wanted);
        answer_clear(&answer);
    }
}

static void names_of_columns_are_one_line(void **state)
{
    static const char *const names[] = {"a\nb", NULL, "c"};
    struct test_answer answer = {0};

    (void)state;
    answer_columns(&answer, names, 3);
    assert_string_equal(text_string(&answer.lines), "a b |  | c\n");
    assert_int_equal(answer.column_count, 3);
    answer_clear(&answer);
}

static void an_error_is_one_line_and_its_hint_another(void **state)
{
    struct test_answer answer = {0};

    (void)state;
    answer_ok(&answer);
    answer_error(&answer, 2, 3, "one\ntwo", "42601", "look");
    assert_string_equal(text_string(&answer.lines), "error 2:3: one two [42601]\nhint: look\n");
    answer_rows_end(&answer);
    answer_error(&answer, 0, 0, "three", "", "");
    assert_string_equal(text_string(&answer.lines), "error: three\n");
    answer_clear(&answer);
}

/* Rows "0" to "count - 1", the first last; false: in their own order. */
static void add_rows(struct test_answer *answer, int count)
{
    for (int i = count - 1; i >= 0; i--) {
        char text[16];
        snprintf(text, sizeof text, "r%04d", answer->sorted ? i : count - 1 - i);
        struct test_cell shown = cell(CELL_STRING, text);
        assert_true(answer_row(answer, &shown, 1));
    }
    answer_rows_end(answer);
}

static void sorted_rows_answer_as_those_that_come_in_order(void **state)
{
    static const int counts[] = {0, 1, 3, TEST_ROWS_SHOWN, TEST_ROWS_SHOWN + 1, 1000};

    (void)state;
    for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++) {
        struct test_answer sorted = {.sorted = true}, ordered = {0};
        add_rows(&sorted, counts[i]);
        add_rows(&ordered, counts[i]);
        assert_string_equal(text_string(&sorted.lines), text_string(&ordered.lines));
        assert_int_equal(strstr(text_string(&sorted.lines), "rows, xxh3") != NULL, counts[i] > TEST_ROWS_SHOWN);
        answer_clear(&sorted);
        answer_clear(&ordered);
    }
}

/* What was kept before is told, not made: it would take a quarter of a gigabyte. */
static void rows_beyond_what_can_be_kept_are_an_error(void **state)
{
    static const char wanted[] = "error: the rows are more than this test can keep: 256 MiB\n";
    struct test_answer golden = {.sorted = true}, values = {.style = ANSWER_VALUES, .types = "T"};
    struct test_cell shown = cell(CELL_STRING, "a");

    (void)state;
    golden.kept_bytes = TEST_ANSWER_BYTES_MOST - 2;
    assert_true(answer_row(&golden, &shown, 1));
    assert_false(answer_row(&golden, &shown, 1));
    assert_true(golden.is_error);
    answer_rows_end(&golden);
    assert_string_equal(text_string(&golden.lines), wanted);
    answer_clear(&golden);

    (void)text_reserve(&values.lines, TEST_ANSWER_BYTES_MOST); /* touched nowhere but at its ends */
    values.lines.size = TEST_ANSWER_BYTES_MOST - 2;
    assert_true(answer_row(&values, &shown, 1));
    assert_false(answer_row(&values, &shown, 1));
    assert_string_equal(text_string(&values.lines), wanted);
    answer_clear(&values);
}

static void changes_are_counted_in_words(void **state)
{
    struct test_answer golden = {0}, values = {.style = ANSWER_VALUES};

    (void)state;
    answer_changes(&golden, 1);
    answer_changes(&golden, 2);
    assert_string_equal(text_string(&golden.lines), "1 row\n2 rows\n");
    answer_changes(&values, 2);
    answer_ok(&values);
    assert_string_equal(text_string(&values.lines), "");
    assert_int_equal(values.change_count, 2);
    answer_clear(&golden);
}

int run_answer_tests(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_string_is_quoted_where_it_would_be_something_else),
        cmocka_unit_test(a_value_is_written_as_its_letter_says),
        cmocka_unit_test(names_of_columns_are_one_line),
        cmocka_unit_test(an_error_is_one_line_and_its_hint_another),
        cmocka_unit_test(sorted_rows_answer_as_those_that_come_in_order),
        cmocka_unit_test(rows_beyond_what_can_be_kept_are_an_error),
        cmocka_unit_test(changes_are_counted_in_words),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
