/* The program in which a long result is looked through: which one it is, when it is started, and how it may end.
 * tests/shell/screen_test.py has it on the screen of the shell. */
#include "fixture.h"

#include <errno.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "shell/pager.h"

static char folder[] = "/tmp/ssql-pager-XXXXXX";
static struct terminal terminal;

static void count_signal(int number)
{
    (void)number;
}

static int start(void **state)
{
    (void)state;
    signal(SIGPIPE, count_signal); /* unlike SIG_IGN it is not inherited */
    setenv("TERM", "xterm", 1);
    return mkdtemp(folder) == NULL || chdir(folder) != 0;
}

static int end(void **state)
{
    (void)state;
    return chdir("/") != 0 || rmdir(folder) != 0;
}

/* Each test begins without a word about pagers in the environment. */
static int forget(void **state)
{
    (void)state;
    unsetenv("SSQL_PAGER");
    unsetenv("PAGER");
    unsetenv("LESS");
    setenv("TERM", "xterm", 1);
    setenv("PATH", "/usr/bin:/bin", 1);
    return 0;
}

/* ---- which program ---- */

static void check_command(const struct pager_settings *settings, const char *expected)
{
    const char *command = pager_command(settings);

    if (expected == NULL)
        assert_null(command);
    else
        assert_string_equal(command, expected);
}

static void the_setting_the_environment_or_less(void **state)
{
    char mine[] = "mine", none[] = "", cat[] = "cat", blank[] = "  ";
    struct pager_settings settings = {0};

    (void)state;
    setenv("PAGER", "second", 1);
    check_command(&settings, "second");
    setenv("SSQL_PAGER", "first", 1);
    check_command(&settings, "first");
    setenv("SSQL_PAGER", "cat", 1);
    check_command(&settings, NULL);
    settings.command = mine;
    check_command(&settings, "mine");
    settings.command = none;
    check_command(&settings, NULL);
    settings.command = cat;
    check_command(&settings, NULL);
    settings.command = blank;
    check_command(&settings, NULL);
    settings = (struct pager_settings){.is_off = true};
    check_command(&settings, NULL);
    settings = (struct pager_settings){.has_failed = true};
    check_command(&settings, NULL);
}

static void no_pager_where_there_is_none_or_no_screen(void **state)
{
    struct pager_settings settings = {0};
    char name[64];

    (void)state;
    setenv("PATH", "/nowhere:", 1);
    check_command(&settings, NULL);
    unsetenv("PATH");
    check_command(&settings, NULL);
    snprintf(name, sizeof name, "/nowhere::%s", folder);
    setenv("PATH", name, 1);
    fclose(fopen("less", "w"));
    chmod("less", 0700);
    check_command(&settings, "less -FRSX");
    unlink("less");
    setenv("SSQL_PAGER", "first", 1);
    setenv("TERM", "dumb", 1);
    check_command(&settings, NULL);
    unsetenv("TERM");
    check_command(&settings, NULL);
}

/* ---- how it goes ---- */

/* Shows a text on a screen of 4 by 20 with that pager; gives the settings' has_failed and what the screen shows. */
static bool show(const char *command, const char *text, int repeated, char **screen)
{
    struct pager_settings settings = {.command = (char *)(uintptr_t)command};
    struct output output = {.file = STDOUT_FILENO, .is_terminal = true};
    struct text_buffer seen = {0};
    struct terminal errors;
    struct pager pager;

    terminal_open(&errors, STDERR_FILENO, 4, 20); /* for the complaint */
    terminal_open(&terminal, STDOUT_FILENO, 4, 20);
    bool has_begun = pager_begin(&pager, &settings, &output);
    for (int i = 0; has_begun && i < repeated; i++) {
        output_add(&pager.output, text, strlen(text));
        pager_watch(&pager);
    }
    if (has_begun)
        pager_end(&pager);
    terminal_read(&terminal, &seen);
    terminal_close(&terminal);
    terminal_close(&errors);
    *screen = seen.data;
    assert_true(has_begun);
    return settings.has_failed;
}

static void check_show(const char *command, const char *text, int repeated, bool fails, const char *expected)
{
    char *screen;
    bool has_failed = show(command, text, repeated, &screen);

    assert_string_equal(screen, expected);
    assert_int_equal(has_failed, fails);
    free(screen);
}

static void what_fits_needs_no_program(void **state)
{
    (void)state;
    check_show("exit 9", "a\n", 3, false, "a\r\na\r\na\r\n");
    check_show("exit 9", "\033[1mabcdefghij\033[0mabcdefghij\n", 1, false, "\033[1mabcdefghij\033[0mabcdefghij\r\n");
    check_show("exit 9", "a\033[", 1, false, "a\033[");
}

static void what_does_not_fit_goes_to_it(void **state)
{
    (void)state;
    check_show("sed s/a/b/", "a\n", 4, false, "b\r\nb\r\nb\r\nb\r\n");
    check_show("wc -c", "abcdefghijabcdefghija\n", 1, false, "22\r\n");
    check_show("wc -c", "abcdefghijabcdefghijabcdefghijabcdefghij", 2000, false,
               "80000\r\n"); /* a line that does not end */
}

static void signals_that_its_user_sends_are_no_failures(void **state)
{
    (void)state;
    check_show("cat >/dev/null; kill -INT $$", "a\n", 4, false, "");
    check_show("cat >/dev/null; kill -PIPE $$", "a\n", 4, false, "");
    check_show("'cat' >/dev/null", "a\n", 4, false, "");
}

static void a_program_that_fails_gives_the_text_back(void **state)
{
    (void)state;
    check_show("cat >/dev/null; kill -TERM $$", "a\n", 4, true, "a\r\na\r\na\r\na\r\n");
    check_show("cat >/dev/null; exit 3", "a\n", 4, true, "a\r\na\r\na\r\na\r\n");
    check_show("/nowhere/pager", "a\n", 4, true, "a\r\na\r\na\r\na\r\n");
    check_show("no-such-pager", "a\n", 4, true, "a\r\na\r\na\r\na\r\n");
}

static void less_has_flags_of_the_shells_choice_only_where_there_are_no_others(void **state)
{
    FILE *file = fopen("less", "w");
    char name[64];

    (void)state;
    fputs("#!/bin/sh\n/bin/cat >/dev/null; echo \"$LESS\"\n", file);
    fclose(file);
    chmod("less", 0700);
    snprintf(name, sizeof name, "%s:/bin", folder);
    setenv("PATH", name, 1);
    check_show("less", "a\n", 4, false, "FRSX\r\n");
    setenv("LESS", "-X", 1);
    check_show("less", "a\n", 4, false, "-X\r\n");
    unlink("less");
}

static void signals_do_not_end_the_waiting(void **state)
{
    struct sigaction action = {.sa_handler = count_signal};

    (void)state;
    sigemptyset(&action.sa_mask);
    sigaction(SIGUSR1, &action, NULL);
    check_show("cat >/dev/null; for i in 1 2 3; do sleep 0.02; kill -USR1 $PPID; done; echo b", "a\n", 4, false,
               "b\r\n");
}

static void an_end_that_nobody_can_tell_is_a_good_one(void **state)
{
    (void)state;
    signal(SIGCHLD, SIG_IGN); /* the system keeps no statuses */
    check_show("sed s/a/b/; exit 3", "a\n", 4, false, "b\r\nb\r\nb\r\nb\r\n");
    signal(SIGCHLD, SIG_DFL);
}

static void what_comes_after_a_failure_goes_nowhere(void **state)
{
    struct pager_settings settings = {.command = (char *)(uintptr_t) "less"};
    struct output output = {.file = STDOUT_FILENO, .is_terminal = true};
    struct pager pager;

    (void)state;
    terminal_open(&terminal, STDOUT_FILENO, 4, 20);
    bool has_begun = pager_begin(&pager, &settings, &output);
    pager.output.error = EIO;
    output_add_string(&pager.output, "1\n2\n3\n4\n5\n");
    pager_watch(&pager);
    bool is_quiet = pager.process == 0;
    pager_end(&pager);
    bool begins_again = pager_begin(&pager, &settings, &output);
    terminal_close(&terminal);
    assert_true(has_begun && is_quiet && !begins_again);
    assert_int_equal(output.error, EIO);
}

static void without_files_left_the_text_stays_on_the_screen(void **state)
{
    struct rlimit before, none;
    struct pager_settings settings = {.command = (char *)(uintptr_t) "cat -u"};
    struct output output = {.file = STDOUT_FILENO, .is_terminal = true};
    struct text_buffer seen = {0};
    struct pager pager;
    struct terminal errors;

    (void)state;
    terminal_open(&errors, STDERR_FILENO, 4, 80);
    terminal_open(&terminal, STDOUT_FILENO, 4, 20);
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    none = (struct rlimit){.rlim_cur = 3, .rlim_max = before.rlim_max};
    bool has_begun = pager_begin(&pager, &settings, &output);
    setrlimit(RLIMIT_NOFILE, &none);
    output_add_string(&pager.output, "1\n2\n3\n4\n");
    pager_watch(&pager);
    pager_end(&pager);
    setrlimit(RLIMIT_NOFILE, &before);
    terminal_read(&terminal, &seen);
    terminal_close(&terminal);
    bool is_shown = strcmp(text_string(&seen), "1\r\n2\r\n3\r\n4\r\n") == 0;
    terminal_read(&errors, &seen);
    terminal_close(&errors);
    assert_true(has_begun && is_shown && settings.has_failed);
    assert_non_null(strstr(text_string(&seen), "error: the pager \"cat -u\" Too many open files"));
    text_clear(&seen);
}

/* ---- terminals ---- */

static void a_screen_without_rows_or_columns_has_no_pager(void **state)
{
    static const unsigned short sizes[][2] = {{1, 80}, {24, 0}, {0, 0}};
    struct pager_settings settings = {.command = (char *)(uintptr_t) "less"};
    struct pager pager;

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        struct output output = {.file = STDOUT_FILENO, .is_terminal = true};
        terminal_open(&terminal, STDOUT_FILENO, sizes[i][0], sizes[i][1]);
        bool has_begun = pager_begin(&pager, &settings, &output);
        terminal_close(&terminal);
        assert_false(has_begun);
    }
}

static void what_is_no_terminal_has_no_pager(void **state)
{
    struct pager_settings settings = {.command = (char *)(uintptr_t) "less"};
    struct output output = {.file = open("/dev/null", O_WRONLY), .is_terminal = true};
    struct pager pager;

    (void)state;
    assert_false(pager_begin(&pager, &settings, &output)); /* it tells no size */
    output.is_terminal = false;
    assert_false(pager_begin(&pager, &settings, &output));
    close(output.file);
}

static void a_terminal_that_goes_away_is_a_failure_of_writing(void **state)
{
    struct pager_settings settings = {.command = (char *)(uintptr_t) "less"};
    struct output output = {.file = STDOUT_FILENO, .is_terminal = true};
    struct pager pager;

    (void)state;
    terminal_open(&terminal, STDOUT_FILENO, 24, 80);
    bool has_begun = pager_begin(&pager, &settings, &output);
    close(terminal.master);
    output_add_string(&pager.output, "a\n");
    pager_watch(&pager);
    pager_end(&pager);
    int error = output.error;
    bool begins_again = pager_begin(&pager, &settings, &output); /* nor is it one for the next text */
    terminal.master = open("/dev/null", O_RDONLY);
    terminal_close(&terminal);
    assert_true(has_begun);
    assert_int_equal(error, EIO);
    assert_false(begins_again);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(the_setting_the_environment_or_less, forget),
        cmocka_unit_test_setup(no_pager_where_there_is_none_or_no_screen, forget),
        cmocka_unit_test_setup(what_fits_needs_no_program, forget),
        cmocka_unit_test_setup(what_does_not_fit_goes_to_it, forget),
        cmocka_unit_test_setup(signals_that_its_user_sends_are_no_failures, forget),
        cmocka_unit_test_setup(a_program_that_fails_gives_the_text_back, forget),
        cmocka_unit_test_setup(less_has_flags_of_the_shells_choice_only_where_there_are_no_others, forget),
        cmocka_unit_test_setup(signals_do_not_end_the_waiting, forget),
        cmocka_unit_test_setup(an_end_that_nobody_can_tell_is_a_good_one, forget),
        cmocka_unit_test_setup(what_comes_after_a_failure_goes_nowhere, forget),
        cmocka_unit_test_setup(without_files_left_the_text_stays_on_the_screen, forget),
        cmocka_unit_test_setup(a_screen_without_rows_or_columns_has_no_pager, forget),
        cmocka_unit_test_setup(what_is_no_terminal_has_no_pager, forget),
        cmocka_unit_test_setup(a_terminal_that_goes_away_is_a_failure_of_writing, forget),
    };

    return cmocka_run_group_tests(tests, start, end);
}
