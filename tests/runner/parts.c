/* The parts of the runner that compute and touch nothing. */
#include "parts.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "shell/test_answer.h"
#include "shell/test_diff.h"
#include "shell/test_discover.h"
#include "shell/test_file.h"
#include "shell/test_mask.h"
#include "shell/test_md5.h"
#include "shell/test_message.h"
#include "shell/test_slt.h"
#include "shell/test_text.h"

/* The test suite of RFC 1321, A.5, and a text over several blocks, given in pieces of any size. */
static void md5_is_that_of_the_rfc(void **state)
{
    static const char *const cases[][2] = {
        {"", "d41d8cd98f00b204e9800998ecf8427e"},
        {"a", "0cc175b9c0f1b6a831c399e269772661"},
        {"abc", "900150983cd24fb0d6963f7d28e17f72"},
        {"message digest", "f96b697d7cb7938d525a2f31aaf161d0"},
        {"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789", "d174ab98d277d9f5a5611c2c9f419d9f"},
        {"12345678901234567890123456789012345678901234567890123456789012345678901234567890",
         "57edf4a22be3c955ac49da2e2107b67a"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        for (size_t piece = 1; piece <= 65; piece += 8) {
            struct md5 md5;
            char text[MD5_TEXT_SIZE];
            size_t size = strlen(cases[i][0]);
            md5_init(&md5);
            for (size_t at = 0; at < size; at += piece)
                md5_add(&md5, cases[i][0] + at, size - at < piece ? size - at : piece);
            md5_finish(&md5, text);
            assert_string_equal(text, cases[i][1]);
        }
}

static void dots_match_any_text_and_any_lines(void **state)
{
    (void)state;
    assert_true(test_lines_match("a\n...\nd\n", "a\nb\nc\nd\n"));
    assert_true(test_lines_match("a\n...\nd\n", "a\nd\n"));
    assert_true(test_lines_match("...\n", ""));
    assert_true(test_lines_match("...\nb\n...\nb\n", "b\nx\nb\nb\n"));
    assert_false(test_lines_match("a\n...\nd\n", "a\nb\n"));
    assert_false(test_lines_match("...\nd\n", "d\ne\n"));
    assert_true(test_lines_match("a...c...e\n", "abcde\n"));
    assert_false(test_lines_match("a...c...e\n", "abde\n"));
    assert_false(test_lines_match("a...\n", "b\n"));
}

static void assert_diff(const char *expected, const char *actual, const char *wanted)
{
    struct text_buffer diff = {0};

    test_add_diff(expected, actual, false, &diff);
    assert_string_equal(text_string(&diff), wanted);
    text_clear(&diff);
}

static void a_diff_has_three_lines_of_context_and_says_where(void **state)
{
    (void)state;
    assert_diff("1\n2\n3\n4\n5\n6\n7\n8\n9\n10\n", "1\n2\n3\n4\nX\n6\n7\n8\n9\n10\n",
                "@@ -2,7 +2,7 @@\n 2\n 3\n 4\n-5\n+X\n 6\n 7\n 8\n");
    assert_diff("", "new\n", "@@ -0,0 +1,1 @@\n+new\n");
    assert_diff("a\n...\nz\n", "a\nb\nc\ny\n", "@@ -2,4 +2,3 @@\n b\n c\n y\n-z\n");
}

static void a_mask_matches_line_by_line(void **state)
{
    static const char *const cases[][3] = {
        {"/^[0-9]+/ N", "12 12\n34\n", "N 12\nN\n"},
        {"/x*/ -", "axb\n", "-a-b-\n"},
        {"/a.b/ hit", "a\nb\na/b\n", "a\nb\nhit\n"},
        {"/b$/", "ab\nba\n", "a\nba\n"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct text_buffer complaint = {0}, lines = {0};
        struct mask mask;
        assert_true(mask_init(&mask, cases[i][0], &complaint));
        text_add_string(&lines, cases[i][1]);
        mask_apply(&mask, &lines);
        assert_string_equal(text_string(&lines), cases[i][2]);
        mask_clear(&mask);
        text_clear(&lines);
    }
}

static void only_utf8_without_nul_is_text(void **state)
{
    static const char *const wrong[] = {
        "\xFF", "\xC3", "\xC0\x80", "\xE0\x80\x80", "\xED\xA0\x80", "\xF0\x80\x80\x80", "\xF4\x90\x80\x80", "\x80"};

    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        assert_int_equal(text_character_size(wrong[i], strlen(wrong[i])), 0);
    assert_int_equal(text_character_size("\xF4\x8F\xBF\xBF", 4), 4);
    assert_int_equal(text_character_size("é", 2), 2);
    assert_int_equal(text_cut("aéb", 4, 2), 1);
    assert_int_equal(text_cut("aéb", 4, 3), 3);
}

static void a_word_of_the_command_line_is_quoted_when_it_must_be(void **state)
{
    struct text_buffer words = {0};

    (void)state;
    text_add_shell_word(&words, "a/b-c.ssql");
    text_add_char(&words, ' ');
    text_add_shell_word(&words, "it's $HOME");
    text_add_char(&words, ' ');
    text_add_shell_word(&words, "");
    assert_string_equal(words.data, "a/b-c.ssql 'it'\\''s $HOME' ''");
    text_clear(&words);
}

static void a_message_that_is_cut_off_is_no_message(void **state)
{
    struct text_buffer message = {0}, stream = {0};
    struct message_reader reader, piece;

    (void)state;
    message_put_number(&message, 7);
    message_put_text(&message, "text", 4);
    message_put_text(&stream, message.data, message.size);
    for (size_t cut = 0; cut < stream.size; cut++) {
        reader = (struct message_reader){.at = stream.data, .end = stream.data + cut};
        assert_false(message_take_frame(&reader, &piece));
    }
    reader = (struct message_reader){.at = stream.data, .end = stream.data + stream.size};
    assert_true(message_take_frame(&reader, &piece));
    assert_int_equal(message_take_number(&piece), 7);
    char *text = message_take_text(&piece, NULL);
    assert_string_equal(text, "text");
    free(text);
    assert_false(piece.failed);
    assert_int_equal(message_take_number(&piece), 0);
    assert_true(piece.failed);
    text_clear(&message);
    text_clear(&stream);
}

static void shards_are_disjoint_and_whole(void **state)
{
    unsigned counts[5] = {0};

    (void)state;
    for (unsigned part = 1; part <= 4; part++) {
        struct test_paths list = {0};
        for (int i = 0; i < 40; i++) {
            struct text_buffer path = {0};
            text_format(&path, "%sfile%d.ssql", i % 2 == 0 ? "./" : "", i / 2);
            list.paths = must_reallocate(list.paths, (list.count + 1) * sizeof *list.paths);
            list.paths[list.count++] = path.data;
        }
        test_paths_keep_shard(&list, part, 4);
        counts[part] = (unsigned)list.count;
        assert_int_equal(list.count % 2, 0); /* a path with "./" before it is the same path */
        test_paths_clear(&list);
    }
    assert_int_equal(counts[1] + counts[2] + counts[3] + counts[4], 40);
    assert_true(counts[1] > 0 && counts[2] > 0 && counts[3] > 0 && counts[4] > 0);
}

static void a_golden_file_is_taken_apart(void **state)
{
    struct test_file file = {.path = "x.ssql"};
    struct text_buffer complaint = {0};

    (void)state;
    text_add_string(&file.text, "--@ connection 3\nselect 1;\n--> a\n--> 1\n\n--@ repeat 9\nselect 2");
    assert_true(test_file_parse(&file, &complaint));
    assert_int_equal(file.step_count, 4);
    assert_int_equal(file.steps[0].number, 3);
    assert_int_equal(file.steps[1].line, 2);
    assert_int_equal(file.steps[1].expected_end - file.steps[1].expected_begin, strlen("--> a\n--> 1\n"));
    assert_int_equal(file.steps[2].number, 9);
    assert_false(file.steps[3].has_expected);
    test_file_clear(&file);
    text_clear(&complaint);
}

static void a_sqllogictest_file_is_taken_apart(void **state)
{
    struct text_buffer text = {0}, complaint = {0};
    struct slt_file file = {.path = "x.slt", .text = &text};

    (void)state;
    text_add_string(
        &text,
        "skipif ssql\nstatement ok\nselect 1\n\nquery IT rowsort same\nselect 1,\n'a'\n----\n1\na\n\nhalt\n\nwrong");
    assert_true(slt_file_parse(&file, "ssql", &complaint));
    assert_int_equal(file.record_count, 3);
    assert_true(file.records[0].is_left_out);
    assert_false(file.records[1].is_left_out);
    assert_string_equal(file.records[1].types, "IT");
    assert_string_equal(file.records[1].label, "same");
    assert_int_equal(file.records[1].sort, SLT_ROWSORT);
    assert_int_equal(file.records[1].end - file.records[1].begin, strlen("select 1,\n'a'"));
    assert_int_equal(file.records[1].expected_end - file.records[1].expected_begin, strlen("1\na\n"));
    assert_int_equal(file.records[2].kind, SLT_HALT);
    slt_file_clear(&file);
    text_clear(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(md5_is_that_of_the_rfc),
        cmocka_unit_test(dots_match_any_text_and_any_lines),
        cmocka_unit_test(a_diff_has_three_lines_of_context_and_says_where),
        cmocka_unit_test(a_mask_matches_line_by_line),
        cmocka_unit_test(only_utf8_without_nul_is_text),
        cmocka_unit_test(a_word_of_the_command_line_is_quoted_when_it_must_be),
        cmocka_unit_test(a_message_that_is_cut_off_is_no_message),
        cmocka_unit_test(shards_are_disjoint_and_whole),
        cmocka_unit_test(a_golden_file_is_taken_apart),
        cmocka_unit_test(a_sqllogictest_file_is_taken_apart),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);

    return failed + run_answer_tests() + run_text_tests() + run_file_tests() + run_result_tests() + run_weather_tests();
}
