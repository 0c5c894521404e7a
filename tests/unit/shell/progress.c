/* The line that says how far something is: what it says by what is known, and what is left out where there is little
 * room. Times are set as if they had passed. */
#include "fixture.h"

#include <time.h>

#include "shell/progress.h"

static double now(void)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

/* What a line says that began so long ago. */
static void check_line(unsigned short columns, double seconds, const char *what, int64_t done, int64_t total,
                       const char *expected)
{
    struct progress_line line = {.is_on = true};
    struct terminal terminal;
    struct text_buffer seen = {0}, wanted = {0};

    terminal_open(&terminal, STDERR_FILENO, 24, columns);
    progress_begin(&line);
    line.begin = line.part_begin = now() - seconds;
    progress_show_report(&line, what, done, total);
    terminal_read(&terminal, &seen);
    terminal_close(&terminal);
    text_format(&wanted, "\r%s\033[K", expected);
    assert_string_equal(text_string(&seen), wanted.data);
    text_clear(&seen);
    text_clear(&wanted);
}

/* The times leave some tenths of a second to a machine that is slow. */
static void a_line_says_what_is_known(void **state)
{
    (void)state;
    check_line(100, 1.7, "reading", 0, 0, "reading, 2 s");
    check_line(100, 99.7, "reading", 0, 10, "reading, 1 min 40 s");
    check_line(100, 9.7, "reading", 25, 0, "reading 25 rows, 2 rows a second");
    check_line(100, 9.7, "reading", 25, 50, "reading 25 of 50 rows, 50 %, 2 rows a second, 10 s left");
    check_line(100, 9.7, "reading", 25, 25, "reading 25 of 25 rows, 100 %, 2 rows a second");
    check_line(100, 9.7, "sorting", 25, 20, "sorting 25 of 20 rows, 100 %, 2 rows a second");
}

static void a_file_is_counted_in_bytes(void **state)
{
    (void)state;
    check_line(100, 9.7, "loading", 25000000, 50000000, "loading 25 of 50 MB, 50 %, 2 MB a second, 10 s left");
    check_line(100, 9.7, "backing up", 2000000, 0, "backing up 2 MB, 0 MB a second");
}

static void long_times_are_in_minutes_and_hours(void **state)
{
    (void)state;
    check_line(100, 59.8, "reading", 250, 750, "reading 250 of 750 rows, 33 %, 4 rows a second, 2 min 0 s left");
    check_line(100, 3600, "reading", 1000, 3500, "reading 1,000 of 3,500 rows, 28 %, 0 rows a second, 2 h 30 min left");
}

static void what_has_no_room_is_left_out(void **state)
{
    (void)state;
    check_line(50, 9.7, "reading", 25, 50, "reading 25 of 50 rows, 50 %, 10 s left");
    check_line(30, 9.7, "reading", 25, 50, "reading 50 %, 10 s left");
    check_line(20, 9.7, "reading", 25, 50, "reading 50 %, 10 s");
    check_line(15, 9.7, "reading", 25, 50, "reading 50 %");
    check_line(1, 9.7, "reading", 25, 50, "");
}

static void a_terminal_that_tells_no_width_gets_all(void **state)
{
    (void)state;
    check_line(0, 9.7, "reading", 25, 50, "reading 25 of 50 rows, 50 %, 2 rows a second, 10 s left");
}

static void a_file_in_the_terminals_place_gets_all(void **state)
{
    struct progress_line line = {.is_on = true};
    char written[128] = "";

    (void)state;
    FILE *file = tmpfile();
    int kept = dup(STDERR_FILENO);
    assert_true(file != NULL && kept >= 0 && dup2(fileno(file), STDERR_FILENO) == STDERR_FILENO);
    progress_begin(&line);
    line.begin = line.part_begin = now() - 9.7;
    progress_show_report(&line, "reading", 25, 50);
    dup2(kept, STDERR_FILENO);
    close(kept);
    assert_true(pread(fileno(file), written, sizeof written - 1, 0) > 0);
    fclose(file);
    assert_string_equal(written, "\rreading 25 of 50 rows, 50 %, 2 rows a second, 10 s left\033[K");
}

static void a_part_has_a_rate_of_its_own(void **state)
{
    struct progress_line line = {.is_on = true};
    struct terminal terminal;
    struct text_buffer seen = {0};

    (void)state;
    terminal_open(&terminal, STDERR_FILENO, 24, 100);
    progress_begin(&line);
    line.begin = line.part_begin = now() - 1000;
    progress_show_report(&line, "reading", 1000, 0);
    assert_non_null(strstr(terminal_read(&terminal, &seen), "reading 1,000 rows, 0 rows a second"));
    progress_show_report(&line, "reading", 2000, 0); /* too soon after the first */
    assert_string_equal(terminal_read(&terminal, &seen), "");
    line.last -= 1;
    progress_show_report(&line, "sorting", 1, 10);
    assert_true(line.part_begin == line.last); /* nothing is said of what is left: there is no rate yet */
    assert_string_equal(terminal_read(&terminal, &seen), "\rsorting 1 of 10 rows, 10 %, 0 rows a second\033[K");
    assert_true(line.is_visible);
    progress_hide(&line);
    assert_string_equal(terminal_read(&terminal, &seen), "\r\033[K");
    progress_hide(&line);
    assert_string_equal(terminal_read(&terminal, &seen), "");
    terminal_close(&terminal);
    text_clear(&seen);
}

static void nothing_is_shown_early_or_when_it_is_off_or_paused(void **state)
{
    struct progress_line line = {0};
    struct terminal terminal;
    struct text_buffer seen = {0};

    (void)state;
    terminal_open(&terminal, STDERR_FILENO, 24, 100);
    progress_begin(&line);
    progress_show(&line, "reading", 1, 2, "");
    line.is_on = true;
    progress_begin(&line);
    progress_show(&line, "reading", 1, 2, "");
    line.begin -= 10;
    line.is_paused = true;
    progress_show(&line, "reading", 1, 2, "");
    assert_string_equal(terminal_read(&terminal, &seen), "");
    assert_false(line.is_visible);
    terminal_close(&terminal);
    text_clear(&seen);
}

static void a_terminal_that_cannot_take_a_line_away_gets_none(void **state)
{
    struct terminal terminal;

    (void)state;
    terminal_open(&terminal, STDERR_FILENO, 24, 100);
    setenv("TERM", "xterm", 1);
    bool with_xterm = progress_is_possible();
    setenv("TERM", "dumb", 1);
    bool with_dumb = progress_is_possible();
    unsetenv("TERM");
    bool with_none = progress_is_possible();
    terminal_close(&terminal);
    assert_true(with_xterm);
    assert_false(with_dumb);
    assert_false(with_none);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_line_says_what_is_known),
        cmocka_unit_test(a_file_is_counted_in_bytes),
        cmocka_unit_test(long_times_are_in_minutes_and_hours),
        cmocka_unit_test(what_has_no_room_is_left_out),
        cmocka_unit_test(a_terminal_that_tells_no_width_gets_all),
        cmocka_unit_test(a_file_in_the_terminals_place_gets_all),
        cmocka_unit_test(a_part_has_a_rate_of_its_own),
        cmocka_unit_test(nothing_is_shown_early_or_when_it_is_off_or_paused),
        cmocka_unit_test(a_terminal_that_cannot_take_a_line_away_gets_none),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
