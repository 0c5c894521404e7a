/* How texts are shown: widths by grapheme cluster, pictures of what a terminal must not be given, the lists of words
 * that Tab offers, and how often words were used. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "shell/display_width.h"

static void what_steers_a_terminal_is_shown_as_a_picture(void **state)
{
    static const struct {
        const char *text, *shown;
    } cases[] = {
        {"a\x7f", "a␡"},
        {"\x1b[0m", "␛[0m"},
        {"\n\t", "↵␉"},
        {"\xff\xe2\x80", "\uFFFD\uFFFD\uFFFD"},
        {"\u202a\u202e\u2066\u2069", "\\u{202a}\\u{202e}\\u{2066}\\u{2069}"},
        {"\u200e\u200f\u061c", "\\u{200e}\\u{200f}\\u{61c}"},
        {"\u2028\u2029\xc2\x80\xc2\x9f", "\\u{2028}\\u{2029}\\u{80}\\u{9f}"},
        {"\u202f\u2065\u206a\u00a0", "\u202f\u2065\u206a\u00a0"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct text_buffer shown = {0};
        display_escape(&shown, cases[i].text, strlen(cases[i].text));
        assert_string_equal(shown.data, cases[i].shown);
        assert_int_equal(display_is_plain(cases[i].text, strlen(cases[i].text)),
                         strcmp(cases[i].text, cases[i].shown) == 0);
        text_clear(&shown);
    }
}

static void bytes_that_are_no_text_take_a_column_each(void **state)
{
    static const struct {
        const char *text;
        size_t columns;
    } cases[] = {{"\xff", 1},    {"é\xff", 2},  {"\xff\xfe\xfd", 3}, {"日本", 4},
                 {"e\u0301", 1}, {"\u0301", 0}, {"a\x7f", 1}};

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        assert_int_equal(display_width(cases[i].text, strlen(cases[i].text)), cases[i].columns);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_steers_a_terminal_is_shown_as_a_picture),
        cmocka_unit_test(bytes_that_are_no_text_take_a_column_each),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
