/* A text that is edited: what each byte of it is, and how it is painted on screens of odd sizes. */
#include "fixture.h"

#include "shell/highlight.h"
#include "shell/paint.h"

/* ---- what the bytes are ---- */

static const char signs[] = {
    [STYLE_PLAIN] = '.',     [STYLE_KEYWORD] = 'k', [STYLE_NAME] = '`',    [STYLE_STRING] = 's', [STYLE_NUMBER] = '1',
    [STYLE_PARAMETER] = ':', [STYLE_COMMENT] = '*', [STYLE_COMMAND] = 'c', [STYLE_WRONG] = '!',  [STYLE_MATCH] = 'm'};

/* The styles of the bytes from `begin` to `end`, a sign for each. */
static void check_part(const char *text, size_t cursor, size_t begin, size_t end, const char *expected)
{
    uint8_t styles[256];
    char seen[256];

    highlight(text, strlen(text), cursor, begin, end, styles);
    for (size_t i = 0; i < end - begin; i++)
        seen[i] = signs[styles[i]];
    seen[end - begin] = '\0';
    assert_string_equal(seen, expected);
}

static void check_styles(const char *text, size_t cursor, const char *expected)
{
    check_part(text, cursor, 0, strlen(text), expected);
}

static void each_token_is_something(void **state)
{
    (void)state;
    check_styles("select a, `b` 'c' 12 :d -- e", SIZE_MAX, "kkkkkk....```.sss.11.::.****");
    check_styles("select \x01", SIZE_MAX, "kkkkkk.!");
    check_styles(" \t\n.mode x", SIZE_MAX, "...ccccc..");
    check_styles("\\d", SIZE_MAX, "cc");
    check_styles("", SIZE_MAX, "");
    check_styles("  ", SIZE_MAX, "..");
}

static void what_is_open_is_marked_at_its_beginning(void **state)
{
    (void)state;
    check_styles("'a", SIZE_MAX, "!s");
    check_styles("`a", SIZE_MAX, "!`");
    check_styles("/* a", SIZE_MAX, "!!**");
    check_styles("\"", SIZE_MAX, "!");
}

static void brackets_have_partners(void **state)
{
    (void)state;
    check_styles("({})", 0, "m..m");
    check_styles("({})", 1, ".mm.");
    check_styles("({})", 4, "m..m"); /* behind it */
    check_styles("({})", SIZE_MAX, "....");
    check_styles("({)}", SIZE_MAX, "!.!.");
    check_styles(")", SIZE_MAX, "!");
    check_styles("a()b", 4, "....");
    check_styles("((((((((((((((((((()))))))))))))))))))", SIZE_MAX, "......................................");
}

static void statements_stand_alone(void **state)
{
    (void)state;
    check_styles("(; )", SIZE_MAX, "!..!");
    check_part("select 1; select 2; select 3", SIZE_MAX, 9, 18, ".kkkkkk.1");
    check_part("select 1; select 2; select 3", SIZE_MAX, 0, 4, "kkkk");
}

static void styles_have_sequences_and_signs(void **state)
{
    (void)state;
    assert_string_equal(style_sequence(STYLE_PLAIN), "");
    assert_string_equal(style_sequence(STYLE_MATCH), "\033[1;7m");
    assert_int_equal(style_sign(STYLE_STRING), '\'');
    assert_int_equal(style_sign(STYLE_NAME), '`');
    assert_int_equal(style_sign(STYLE_COMMENT), '*');
    assert_int_equal(style_sign(STYLE_KEYWORD), '.');
}

/* ---- painting ---- */

static struct terminal terminal;

/* Paints on a screen of that size; gives what was written. */
static char *paint(struct painter *painter, const char *prompt, const char *text, size_t cursor)
{
    struct painted_text painted = {.prompt = prompt, .text = text, .size = strlen(text), .cursor = cursor};
    char *written = NULL;
    size_t size;
    FILE *to = open_memstream(&written, &size);

    painter_paint(painter, &painted, to);
    fclose(to);
    return written;
}

static void check_paint(unsigned short rows, unsigned short columns, const char *prompt, const char *text,
                        size_t cursor, const char *expected)
{
    struct painter painter = {0};

    terminal_open(&terminal, STDOUT_FILENO, rows, columns);
    char *written = paint(&painter, prompt, text, cursor);
    terminal_close(&terminal);
    painter_clear(&painter);
    assert_string_equal(written, expected);
    free(written);
}

static void lines_have_prompts_and_the_cursor_its_place(void **state)
{
    (void)state;
    check_paint(24, 80, "p> ", "a\nb", 3, "\r\033[Jp> a\r\n.> b\r\033[4C");
    check_paint(24, 80, "p> ", "a\nb", 0, "\r\033[Jp> a\r\n.> b\033[1A\r\033[3C");
    check_paint(24, 80, "", "", 0, "\r\033[J\r");
    check_paint(24, 80, "ssql12> ", "'\n", 2, "\r\033[Jssql12> '\r\n   '..> \r\033[8C");
}

static void rows_end_where_the_screen_does(void **state)
{
    (void)state;
    check_paint(24, 4, "> ", "abcd", 4, "\r\033[J> ab\r\ncd\r\033[2C");
    check_paint(24, 4, "> ", "ab", 2, "\r\033[J> ab\r\n\r");
    check_paint(24, 4, "> ", "abc", 2, "\r\033[J> ab\r\nc\r");
    check_paint(24, 1, "", "日", 3, "\r\033[J日\r\n\r");
}

static void a_screen_that_tells_no_size_is_usual(void **state)
{
    static const unsigned short sizes[][2] = {{0, 0}, {0, 4}, {4, 0}};
    unsigned rows, columns;

    (void)state;
    screen_size(&rows, &columns); /* of what may be no screen at all */
    assert_true(rows > 0 && columns > 0);
    for (size_t i = 0; i < 3; i++) {
        terminal_open(&terminal, STDOUT_FILENO, sizes[i][0], sizes[i][1]);
        screen_size(&rows, &columns);
        terminal_close(&terminal);
        assert_true(rows == 24 && columns == 80);
    }
}

static void long_texts_are_shown_round_the_cursor(void **state)
{
    (void)state;
    check_paint(2, 9, "> ", "a\nb\nc\nd", 7, "\r\033[J> c\r\n> d\r\033[3C");
    check_paint(2, 9, "> ", "a\nb\nc\nd", 0, "\r\033[J> a\r\n> b\033[1A\r\033[2C");
    check_paint(2, 4, "> ", "abcdefgh", 0, "\r\033[J> ab\r\ncdef\033[1A\r\033[2C");
}

/* The rows that the cursor goes up for the next painting, once the screen has another width. */
static void check_resize(unsigned short rows, unsigned short columns, const char *text, size_t cursor,
                         unsigned expected)
{
    struct painter painter = {0};

    terminal_open(&terminal, STDOUT_FILENO, 24, 40);
    free(paint(&painter, "> ", text, cursor));
    terminal_resize(&terminal, rows, columns);
    painter_resize(&painter);
    terminal_close(&terminal);
    assert_int_equal(painter.cursor_row, expected);
    painter_clear(&painter);
}

static void rows_that_a_terminal_wraps_are_counted(void **state)
{
    (void)state;
    unsetenv("XTERM_VERSION");
    unsetenv("STY");
    unsetenv("TMUX");
    check_resize(24, 80, "aaaa\nb", 6, 1);
    check_resize(24, 4, "aaaa\nb", 6, 2);
    check_resize(2, 4, "aaaaaaaaaaaa\nb", 14, 1); /* not above the screen */
    setenv("STY", "screen", 1);
    check_resize(24, 4, "aaaa\nb", 6, 1); /* it cuts them off */
    setenv("TMUX", "tmux", 1);
    check_resize(24, 4, "aaaa\nb", 6, 2);
    setenv("XTERM_VERSION", "xterm", 1);
    check_resize(24, 4, "aaaa\nb", 6, 1);
}

static void an_empty_screen_has_nothing_to_wrap(void **state)
{
    struct painter painter = {0};

    (void)state;
    painter_resize(&painter);
    assert_int_equal(painter.cursor_row, 0);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_token_is_something),
        cmocka_unit_test(what_is_open_is_marked_at_its_beginning),
        cmocka_unit_test(brackets_have_partners),
        cmocka_unit_test(statements_stand_alone),
        cmocka_unit_test(styles_have_sequences_and_signs),
        cmocka_unit_test(lines_have_prompts_and_the_cursor_its_place),
        cmocka_unit_test(rows_end_where_the_screen_does),
        cmocka_unit_test(a_screen_that_tells_no_size_is_usual),
        cmocka_unit_test(long_texts_are_shown_round_the_cursor),
        cmocka_unit_test(rows_that_a_terminal_wraps_are_counted),
        cmocka_unit_test(an_empty_screen_has_nothing_to_wrap),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
