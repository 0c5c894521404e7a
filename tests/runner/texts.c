/* Texts: their characters, their files, their lines and what is different between them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "parts.h"
#include "shell/test_diff.h"
#include "shell/test_mask.h"
#include "shell/test_text.h"

static void a_character_is_as_long_as_its_first_byte_says(void **state)
{
    static const struct {
        const char *text;
        size_t left, size;
    } cases[] = {
        {"a", 1, 1},
        {"\xC3\xA9", 2, 2},
        {"\xC3\xA9", 1, 0},
        {"\xC3(", 2, 0},
        {"\xE0\xA0\x80", 3, 3},
        {"\xE0\x9F\xBF", 3, 0},
        {"\xED\x9F\xBF", 3, 3},
        {"\xED\xA0\x80", 3, 0},
        {"\xE2\x82\xAC", 3, 3},
        {"\xF0\x90\x80\x80", 4, 4},
        {"\xF0\x8F\xBF\xBF", 4, 0},
        {"\xF1\x80\x80\x80", 4, 4},
        {"\xF4\x8F\xBF\xBF", 4, 4},
        {"\xF4\x90\x80\x80", 4, 0},
        {"\xF5\x80\x80\x80", 4, 0},
        {"\xC1\xBF", 2, 0},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        assert_int_equal(text_character_size(cases[i].text, cases[i].left), cases[i].size);
}

static void a_text_is_cut_between_characters(void **state)
{
    (void)state;
    assert_int_equal(text_cut("abc", 3, 3), 3);
    assert_int_equal(text_cut("abc", 3, 2), 2);
    assert_int_equal(text_cut("\xE2\x82\xAC", 3, 2), 0);
    assert_int_equal(text_cut("\xBF\xBF\xBF", 3, 2), 0); /* no UTF-8: it ends all the same */
}

static void a_word_with_any_sign_is_quoted(void **state)
{
    static const char *const cases[][2] = {{"", "''"}, {"a b", "'a b'"}, {"a'b", "'a'\\''b'"}, {"a-b", "a-b"}};

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct text_buffer word = {0};
        text_add_shell_word(&word, cases[i][0]);
        assert_string_equal(text_string(&word), cases[i][1]);
        text_clear(&word);
    }
}

/* ---- files ---- */

struct folder {
    char path[64];
};

static void enter(struct folder *folder)
{
    *folder = (struct folder){.path = "/tmp/ssql-texts-XXXXXX"};
    assert_non_null(mkdtemp(folder->path));
    assert_int_equal(chdir(folder->path), 0);
}

static void leave(const struct folder *folder)
{
    char command[128];

    assert_int_equal(chdir("/"), 0);
    snprintf(command, sizeof command, "rm -r %s", folder->path);
    assert_int_equal(system(command), 0);
}

static void put(const char *path, const char *text)
{
    FILE *file = fopen(path, "wb");

    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static void assert_unreadable(const char *path, const char *wanted)
{
    struct text_buffer text = {0}, complaint = {0};

    assert_false(test_text_read(&text, path, &complaint));
    assert_string_equal(text_string(&complaint), wanted);
    text_clear(&text);
    text_clear(&complaint);
}

static void a_file_that_is_no_text_says_why(void **state)
{
    struct folder folder;

    (void)state;
    enter(&folder);
    assert_unreadable("missing", "missing: error: No such file or directory\n");
    assert_unreadable(".", ".: error: no regular file\n");
    int large = open("large", O_CREAT | O_WRONLY, 0600);
    assert_true(large >= 0);
    assert_int_equal(ftruncate(large, (off_t)TEST_FILE_BYTES_MOST + 1), 0); /* of holes alone */
    close(large);
    assert_unreadable("large", "large: error: more than 512 MiB\n");
    put("latin", "a\n\xE9\n");
    assert_unreadable("latin", "latin:2: error: this is no UTF-8\n");
    leave(&folder);
}

static void assert_file(const char *path, const char *wanted)
{
    struct text_buffer text = {0};

    assert_true(text_read_file(&text, path));
    assert_string_equal(text_string(&text), wanted);
    text_clear(&text);
}

static void a_replaced_file_keeps_its_mode_and_its_links(void **state)
{
    struct text_buffer text = {0};
    struct folder folder;
    struct stat status;

    (void)state;
    enter(&folder);
    text_add_string(&text, "new");
    put("file", "old");
    assert_int_equal(chmod("file", 0640), 0);
    assert_int_equal(symlink("file", "link"), 0);
    assert_true(test_text_replace("link", &text));
    assert_int_equal(lstat("link", &status), 0);
    assert_true(S_ISLNK(status.st_mode));
    assert_int_equal(stat("file", &status), 0);
    assert_int_equal(status.st_mode & 0777, 0640);
    assert_file("file", "new");
    assert_true(test_text_replace("fresh", &text));
    assert_file("fresh", "new");
    leave(&folder);
    text_clear(&text);
}

static void a_file_that_cannot_be_replaced_stays(void **state)
{
    struct text_buffer text = {0};
    struct folder folder;

    (void)state;
    enter(&folder);
    text_add_string(&text, "new");
    put("file", "old");
    assert_int_equal(mkdir("file.new", 0700), 0); /* where it would be written aside */
    assert_false(test_text_replace("file", &text));
    assert_int_equal(errno, EISDIR);
    assert_file("file", "old");
    assert_false(test_text_replace("missing/file", &text));
    assert_int_equal(errno, ENOENT);
    assert_false(test_text_replace(".", &text)); /* nothing can be put in the place of a folder */
    assert_int_equal(errno, EISDIR);
    assert_false(test_text_replace("/dev/no/such/file", &text));
    assert_int_equal(errno, ENOENT);
    leave(&folder);
    text_clear(&text);
}

static void a_device_takes_the_text_or_says_that_it_is_full(void **state)
{
    struct text_buffer text = {0};

    (void)state;
    while (text.size < 100000)
        text_add_string(&text, "a line of text\n");
    assert_true(test_text_replace("/dev/null", &text));
    if (access("/dev/full", F_OK) == 0) {
        assert_false(test_text_replace("/dev/full", &text));
        text.size = 1;
        assert_false(test_text_replace("/dev/full", &text));
    }
    text_clear(&text);
}

/* ---- lines ---- */

static void lines_lose_their_marks_and_get_them_back(void **state)
{
    static const char *const cases[][2] = {
        {"--> a\n-->b\r\n  --> c \t\n-->\n", "a\nb\nc\n\n"},
        {"-->", "\n"},
        {"--> last", "last\n"},
    };
    struct text_buffer marked = {0};

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct text_buffer lines = {0};
        test_strip_marks(cases[i][0], strlen(cases[i][0]), &lines);
        assert_string_equal(text_string(&lines), cases[i][1]);
        text_clear(&lines);
    }
    test_add_marks("a\n\nb", &marked);
    assert_string_equal(text_string(&marked), "--> a\n-->\n--> b\n");
    text_clear(&marked);
}

static void dots_within_a_line_are_any_text(void **state)
{
    static const struct {
        const char *expected, *actual;
        bool match;
    } cases[] = {
        {"...", "", true},         {"a...", "a", true},         {"a...b", "a", false},      {"...b", "ab", true},
        {"ab...", "a", false},     {"a...a", "a", false},       {"a...b...c", "ac", false}, {"......", "x", true},
        {"a......b", "axb", true}, {"a...b...c", "abbc", true}, {"a...x...", "ay", false},  {"ab", "ac", false},
        {"a...bcd", "acd", false}, {"a...b", "axc", false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        assert_int_equal(test_lines_match(cases[i].expected, cases[i].actual), cases[i].match);
    assert_true(test_lines_match("a\n...\n...\n", "a\n"));
    assert_false(test_lines_match("a\nb\n", "a\n"));
}

static void assert_diff(const char *expected, const char *actual, bool coloured, const char *wanted)
{
    struct text_buffer diff = {0};

    test_add_diff(expected, actual, coloured, &diff);
    assert_string_equal(text_string(&diff), wanted);
    text_clear(&diff);
}

static void a_diff_in_two_places_shows_both(void **state)
{
    (void)state;
    assert_diff("1\n2\n3\n4\n5\n6\n7\n8\n9\n10\n", "X\n2\n3\n4\n5\n6\n7\n8\n9\nY\n", false,
                "@@ -1,4 +1,4 @@\n-1\n+X\n 2\n 3\n 4\n@@ -7,4 +7,4 @@\n 7\n 8\n 9\n-10\n+Y\n");
    assert_diff("gone\n", "", false, "@@ -1,1 +0,0 @@\n-gone\n");
    assert_diff("...\nb\n", "a\nc\n", false, "@@ -1,3 +1,2 @@\n a\n c\n-b\n");
}

static void a_diff_has_colours_when_it_is_to(void **state)
{
    (void)state;
    assert_diff("a\nb\n", "a\nc\n", true, "\033[36m@@ -1,2 +1,2 @@\033[0m\n a\n\033[31m-b\033[0m\n\033[32m+c\033[0m\n");
}

static void a_diff_of_very_much_shows_its_beginning(void **state)
{
    struct text_buffer many = {0}, line = {0}, diff = {0};

    (void)state;
    for (int i = 0; i < 2001; i++)
        text_add_string(&many, "x\n");
    test_add_diff("a\n", many.data, false, &diff);
    assert_non_null(strstr(diff.data, "(of 1 expected and 2001 actual lines, the first 2000 were compared here)\n"));
    text_reset(&diff);
    test_add_diff(many.data, "a\n", false, &diff);
    assert_non_null(strstr(diff.data, "(of 2001 expected and 1 actual lines"));
    text_reset(&diff);
    for (int i = 0; i < 2001; i++)
        text_add_char(&line, 'y');
    test_add_diff("", line.data, false, &diff);
    assert_non_null(strstr(diff.data, "yyy …\n"));
    text_clear(&many);
    text_clear(&line);
    text_clear(&diff);
}

/* ---- another program's diff ---- */

static void assert_other_diff(const char *command, const char *wanted)
{
    struct text_buffer diff = {0};

    test_add_diff_by(command, ".", "a\n", "b\n", &diff);
    assert_string_equal(text_string(&diff), wanted);
    text_clear(&diff);
}

static void another_program_is_told_what_it_is_to_compare(void **state)
{
    struct text_buffer diff = {0};
    struct folder folder;

    (void)state;
    enter(&folder);
    assert_other_diff("cat", "a\nb\n");
    assert_other_diff("printf x;true", "x\n");
    assert_other_diff("true", "");
    assert_other_diff("(exit 1);exit 1;", "");
    assert_other_diff("exit 3;", "--diff: the program failed (status 3)\n");
    assert_other_diff("kill -9 $$;", "--diff: the program failed (signal 9)\n");
    test_add_diff_by("head -c 1000000 /dev/zero | tr '\\0' x; true", ".", "", "", &diff);
    assert_true(diff.size >= 1 << 18 && diff.size < 1 << 19); /* no more is shown */
    text_reset(&diff);
    test_add_diff_by("cat", "missing", "", "", &diff);
    assert_string_equal(text_string(&diff), "--diff: missing: No such file or directory\n");
    assert_int_equal(mkdir("actual", 0700), 0);
    text_reset(&diff);
    test_add_diff_by("cat", ".", "", "", &diff);
    assert_string_equal(text_string(&diff), "--diff: .: Is a directory\n");
    text_clear(&diff);
    leave(&folder);
}

/* ---- masks ---- */

static void assert_masked(const char *argument, const char *text, const char *wanted)
{
    struct text_buffer complaint = {0}, lines = {0};
    struct mask mask;

    assert_true(mask_init(&mask, argument, &complaint));
    text_add_string(&lines, text);
    mask_apply(&mask, &lines);
    assert_string_equal(text_string(&lines), wanted);
    mask_clear(&mask);
    text_clear(&lines);
}

static void an_empty_match_passes_over_a_whole_character(void **state)
{
    static const char *const wrong[] = {"", "a", "/", "//", "/a", "/a\\/x", "/(/ x"};
    struct mask mask;

    (void)state;
    assert_masked("/x*/ -", "\xC3\xA9\n", "-\xC3\xA9-\n");
    assert_masked("/x*/ -", "\xE9", "-\xE9-");
    assert_masked("/x*/ -", "axx", "-a-");
    assert_masked("/x*/ -", "xxa", "-a-");
    assert_masked("/b/ -", "ab", "a-");
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        struct text_buffer complaint = {0};
        assert_false(mask_init(&mask, wrong[i], &complaint));
        assert_true(complaint.size > 0);
        text_clear(&complaint);
    }
    assert_masked("/a/ b", "", "");
}

int run_text_tests(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_character_is_as_long_as_its_first_byte_says),
        cmocka_unit_test(a_text_is_cut_between_characters),
        cmocka_unit_test(a_word_with_any_sign_is_quoted),
        cmocka_unit_test(a_file_that_is_no_text_says_why),
        cmocka_unit_test(a_replaced_file_keeps_its_mode_and_its_links),
        cmocka_unit_test(a_file_that_cannot_be_replaced_stays),
        cmocka_unit_test(a_device_takes_the_text_or_says_that_it_is_full),
        cmocka_unit_test(lines_lose_their_marks_and_get_them_back),
        cmocka_unit_test(dots_within_a_line_are_any_text),
        cmocka_unit_test(a_diff_in_two_places_shows_both),
        cmocka_unit_test(a_diff_has_colours_when_it_is_to),
        cmocka_unit_test(a_diff_of_very_much_shows_its_beginning),
        cmocka_unit_test(another_program_is_told_what_it_is_to_compare),
        cmocka_unit_test(an_empty_match_passes_over_a_whole_character),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
