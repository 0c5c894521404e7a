/* The file of the statements that were typed: what is read of odd ones, what is written, what is cut off. */
#include "fixture.h"

#include <errno.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "shell/history.h"

static char folder[] = "/tmp/ssql-history-XXXXXX";
static struct text_buffer path;

static int start(void **state)
{
    (void)state;
    if (mkdtemp(folder) == NULL)
        return 1;
    text_format(&path, "%s/ssql/history", folder);
    return setenv("XDG_STATE_HOME", folder, 1);
}

static int clear(void **state)
{
    char name[64];

    (void)state;
    unlink(path.data);
    snprintf(name, sizeof name, "%s/ssql", folder);
    rmdir(name);
    setenv("XDG_STATE_HOME", folder, 1);
    return 0;
}

static int end(void **state)
{
    (void)state;
    text_clear(&path);
    return rmdir(folder);
}

static void write_history(const char *text, size_t size)
{
    char name[64];

    snprintf(name, sizeof name, "%s/ssql", folder);
    mkdir(name, 0700);
    FILE *file = fopen(path.data, "w");
    assert_non_null(file);
    assert_int_equal(fwrite(text, 1, size, file), size);
    fclose(file);
}

/* The texts of a history with a bar between them, their times before them. */
static void check_entries(const struct history *history, const char *expected)
{
    struct text_buffer seen = {0};

    for (size_t i = 0; i < history->count; i++)
        text_format(&seen, "%s%lld %s", i > 0 ? "|" : "", (long long)history->entries[i].time,
                    history->entries[i].text);
    must_be(&seen, expected);
}

static void check_file(const char *text, const char *expected)
{
    struct history history;

    write_history(text, strlen(text));
    history_open(&history);
    assert_null(history.trouble);
    check_entries(&history, expected);
    history_close(&history);
}

static void entries_may_have_times(void **state)
{
    (void)state;
    check_file("a\n#7\nb\nc\n", "0 a|7 b|0 c");
    check_file("#1\n#2\na\n", "2 a");
    check_file("#7\n", "");
    check_file("", "");
}

static void what_is_no_time_is_a_text(void **state)
{
    (void)state;
    check_file("#\n#x\n#1/\n#1:\n#123456789012345\n", "0 #|0 #x|0 #1/|0 #1:|0 #123456789012345");
    check_file("#12345678901234\na\n", "12345678901234 a");
}

static void escapes_are_taken_away(void **state)
{
    (void)state;
    check_file("a\\nb\n\\#c\nd\\\\e\nf\\\n\\", "0 a\nb|0 #c|0 d\\e|0 f\\");
}

static void bytes_that_no_text_has_are_passed_over(void **state)
{
    struct history history;

    (void)state;
    write_history("a\0b\n\0\nc\n", 8);
    history_open(&history);
    check_entries(&history, "0 ab|0 c");
    history_close(&history);
}

static void what_is_added_can_be_read(void **state)
{
    static const char *const texts[] = {"select\n 1;", "#x", "a\\b", "again", "again  \n", " blank", "", " \t", "\r\n"};
    struct history history;

    (void)state;
    history_open(&history);
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        history_add(&history, texts[i]);
    assert_int_equal(history.count, 4);
    history_close(&history);
    history_open(&history);
    assert_int_equal(history.count, 4);
    for (size_t i = 0; i < 4; i++) {
        assert_string_equal(history.entries[i].text, texts[i]);
        assert_true(history.entries[i].time > 0);
    }
    history_close(&history);
}

static void a_text_that_is_too_long_is_not_kept(void **state)
{
    struct history history;
    struct text_buffer text = {0};

    (void)state;
    memset(text_reserve(&text, (1 << 20) + 1), 'a', (1 << 20) + 1);
    text.size = (1 << 20) + 1;
    text_add(&text, "", 0);
    history_open(&history);
    history_add(&history, text.data);
    assert_int_equal(history.count, 0);
    history_close(&history);
    text_clear(&text);
}

static void an_old_file_is_cut_to_its_end(void **state)
{
    struct text_buffer text = {0};
    struct stat status;

    (void)state;
    for (int i = 0; i < 9000; i++)
        text_format(&text, "select %d;\n", i);
    write_history(text.data, text.size);
    for (int round = 0; round < 2; round++) {
        struct history history;
        history_open(&history);
        assert_int_equal(history.count, 4000); /* as many lines as the entries read can have */
        assert_string_equal(history.entries[0].text, "select 5000;");
        assert_string_equal(history.entries[3999].text, "select 8999;");
        history_close(&history);
        assert_int_equal(stat(path.data, &status), 0);
        assert_int_equal(status.st_size, 4000 * strlen("select 5000;\n"));
        assert_int_equal(status.st_mode & 0777, 0600);
    }
    text_clear(&text);
}

static void a_disk_that_is_full_loses_what_is_typed_and_nothing_else(void **state)
{
    struct rlimit before, none;
    struct history history;

    (void)state;
    write_history("old\n", 4);
    history_open(&history);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    none = (struct rlimit){.rlim_cur = 4, .rlim_max = before.rlim_max};
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &none), 0);
    history_add(&history, "new");
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    assert_int_equal(history.count, 2);
    history_close(&history);
    check_file("old\n", "0 old");
}

static void check_trouble(const char *state, const char *home, const char *expected)
{
    struct history history;

    if (state == NULL)
        unsetenv("XDG_STATE_HOME");
    else
        setenv("XDG_STATE_HOME", state, 1);
    if (home == NULL)
        unsetenv("HOME");
    else
        setenv("HOME", home, 1);
    history_open(&history);
    assert_string_equal(history.trouble, expected);
    history_add(&history, "a");
    assert_int_equal(history.count, 1); /* for this run */
    history_close(&history);
}

static void without_a_place_nothing_is_kept(void **state)
{
    static const char none[] = "history is not kept: neither HOME nor XDG_STATE_HOME is set";

    (void)state;
    check_trouble(NULL, NULL, none);
    check_trouble("relative", NULL, none);
    check_trouble("", "relative", none);
    check_trouble(NULL, "/dev/null",
                  "history is not kept: cannot write /dev/null/.local/state/ssql/history: Not a directory");
}

static void a_folder_in_its_place_is_passed_over(void **state)
{
    char expected[128];

    (void)state;
    write_history("", 0);
    unlink(path.data);
    assert_int_equal(mkdir(path.data, 0700), 0);
    snprintf(expected, sizeof expected, "history is not kept: cannot write %s: Is a directory", path.data);
    check_trouble(folder, NULL, expected);
    rmdir(path.data);
    assert_int_equal(mkfifo(path.data, 0600), 0);
    snprintf(expected, sizeof expected, "history is not kept: cannot write %s: Invalid argument", path.data);
    check_trouble(folder, NULL, expected);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(entries_may_have_times, clear),
        cmocka_unit_test_teardown(what_is_no_time_is_a_text, clear),
        cmocka_unit_test_teardown(escapes_are_taken_away, clear),
        cmocka_unit_test_teardown(bytes_that_no_text_has_are_passed_over, clear),
        cmocka_unit_test_teardown(what_is_added_can_be_read, clear),
        cmocka_unit_test_teardown(a_text_that_is_too_long_is_not_kept, clear),
        cmocka_unit_test_teardown(an_old_file_is_cut_to_its_end, clear),
        cmocka_unit_test_teardown(a_disk_that_is_full_loses_what_is_typed_and_nothing_else, clear),
        cmocka_unit_test_teardown(without_a_place_nothing_is_kept, clear),
        cmocka_unit_test_teardown(a_folder_in_its_place_is_passed_over, clear),
    };

    return cmocka_run_group_tests(tests, start, end);
}
