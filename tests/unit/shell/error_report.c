/* Reports of errors in texts that few scripts hold: long lines, characters of several bytes at their edges, texts of
 * which the beginning was dropped. tests/shell/error_report_test.py looks at the others. */
#include "fixture.h"

#include "shell/error_report.h"

/* The report of an error at a place of a statement that stands in `text` from `begin` on. */
static void check(const char *text, size_t begin, struct error_report report, const char *expected)
{
    struct source source = {
        .text = text, .known_size = strlen(text), .begin = begin, .size = strlen(text) - begin, .line = 1, .column = 0};
    struct text_buffer seen = {0};

    report.message = "wrong";
    error_report_write(&seen, &report, &source);
    must_be(&seen, expected);
}

static void check_at(const char *text, size_t begin, int64_t line, int64_t column, int64_t length, const char *expected)
{
    check(text, begin, (struct error_report){.line = line, .column = column, .length = length}, expected);
}

static void a_line_is_found_behind_lines_of_the_text_before(void **state)
{
    (void)state;
    check_at("a;\n\nselect b", 4, 1, 8, 1, "error: wrong, line 3, column 8\n  select b\n         ^\n");
    check_at("a; select\n b", 2, 2, 2, 1, "error: wrong, line 2, column 2\n   b\n   ^\n");
    check_at("a;\n \n select b", 2, 3, 2, 6, "error: wrong, line 3, column 2\n   select b\n   ^~~~~~\n");
    check_at("select b\r\n", 0, 1, 8, 1, "error: wrong, line 1, column 8\n  select b\n         ^\n");
    check_at("", 0, 1, 1, 1, "error: wrong, line 1, column 1\n  \n  ^\n");
    check_at("select b", 0, 3, 1, 1, "error: wrong, line 3, column 1\n"); /* a line that the text has not */
}

static void the_place_counts_what_was_dropped_of_a_long_line(void **state)
{
    struct source source = {.text = "select b", .known_size = 8, .begin = 0, .size = 8, .line = 7, .column = 100};
    struct error_report report = {.message = "wrong", .line = 1, .column = 8, .length = 1, .hint = ""};
    struct text_buffer seen = {0};

    (void)state;
    error_report_write(&seen, &report, &source);
    must_be(&seen, "error: wrong, line 7, column 108\n  select b\n         ^\n");
    source.file = "f.ssql";
    report.sqlstate = "42601";
    report.hint = "better";
    error_report_write(&seen, &report, &source);
    must_be(&seen, "f.ssql:7:108: error: wrong [42601]\n  select b\n         ^\nhint: better\n");
    report.line = 0;
    error_report_write(&seen, &report, &source);
    must_be(&seen, "f.ssql:7: error: wrong [42601]\nhint: better\n");
}

/* A line of `before` signs of two bytes, "b", and as many behind it. */
static char *long_line(size_t before)
{
    struct text_buffer text = {0};

    for (size_t i = 0; i < before; i++)
        text_add_string(&text, "é");
    text_add_char(&text, 'b');
    for (size_t i = 0; i < before; i++)
        text_add_string(&text, "é");
    return text.data;
}

static void a_long_line_is_cut_between_characters(void **state)
{
    (void)state;
    for (size_t before = 600; before < 602;
         before++) { /* bytes that are too far are dropped: at an even place, and an odd one */
        for (size_t blank = 0; blank < 2; blank++) {
            struct text_buffer text = {0}, seen = {0};
            char *line = long_line(before);
            text_format(&text, "%s%s", blank ? "x" : "", line);
            struct source source = {.text = text.data, .known_size = text.size, .size = text.size, .line = 1};
            struct error_report report = {
                .message = "wrong", .line = 1, .column = (int64_t)(before + blank + 1), .length = 1000, .columns = 40};
            error_report_write(&seen, &report, &source);
            /* 37 columns: three dots, half of them before the mark, the rest behind it, three dots. */
            assert_non_null(strstr(seen.data, "\n  ...éé"));
            assert_non_null(strstr(seen.data, "éébéé"));
            assert_non_null(strstr(seen.data, "éé...\n"));
            assert_null(strstr(seen.data, "\xEF\xBF\xBD")); /* no half character */
            text_clear(&seen);
            text_clear(&text);
            free(line);
        }
    }
}

static void bytes_of_no_character_are_passed_over(void **state)
{
    struct text_buffer text = {0}, seen = {0};
    struct error_report report = {.message = "wrong", .line = 1, .column = 1, .length = 1, .columns = 40};

    (void)state;
    for (int i = 0; i < 2000; i++)
        text_add_char(&text, '\x80');
    text_add_char(&text, 'b');
    struct source source = {.text = text.data, .known_size = text.size, .size = text.size, .line = 1};
    error_report_write(&seen, &report, &source);
    assert_non_null(strstr(seen.data, "...\n  ^"));
    text_clear(&seen);
    report.column = 2;
    error_report_write(&seen, &report, &source);
    assert_non_null(strstr(seen.data, "\n  ...b\n     ^\n"));
    text_clear(&seen);
    text_clear(&text);
}

static void a_mark_ends_with_the_part_that_is_seen(void **state)
{
    struct text_buffer text = {0};

    (void)state;
    for (int i = 0; i < 30; i++)
        text_add_string(&text, "ab");
    check(text.data, 0, (struct error_report){.line = 1, .column = 1, .length = 60, .columns = 23},
          "error: wrong, line 1, column 1\n  ababababababababa...\n  ^~~~~~~~~~~~~~~~~\n");
    check(text.data, 0, (struct error_report){.line = 1, .column = 60, .length = 5, .columns = 5},
          "error: wrong, line 1, column 60\n  ...babababab\n             ^\n");
    text_clear(&text);
}

static void tabs_are_as_wide_as_on_a_terminal(void **state)
{
    (void)state;
    check_at("\ta\tb", 0, 1, 4, 1, "error: wrong, line 1, column 4\n          a       b\n                  ^\n");
    check(("\tb"), 0, (struct error_report){.line = 1, .column = 1, .length = 2, .is_coloured = true},
          "\033[1;31merror:\033[0m wrong, line 1, column 1\n          b\n  \033[1;31m^~~~~~~~~\033[0m\n");
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_line_is_found_behind_lines_of_the_text_before),
        cmocka_unit_test(the_place_counts_what_was_dropped_of_a_long_line),
        cmocka_unit_test(a_long_line_is_cut_between_characters),
        cmocka_unit_test(bytes_of_no_character_are_passed_over),
        cmocka_unit_test(a_mark_ends_with_the_part_that_is_seen),
        cmocka_unit_test(tabs_are_as_wide_as_on_a_terminal),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
