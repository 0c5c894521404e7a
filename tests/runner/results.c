/* What processes tell each other, and what becomes of it: results, reports, rewritten files. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "parts.h"
#include "shell/test_message.h"
#include "shell/test_report.h"
#include "shell/test_result.h"
#include "shell/test_text.h"
#include "shell/test_update.h"

/* ---- messages ---- */

static void what_is_no_message_is_not_received(void **state)
{
    static const uint64_t sizes[] = {MESSAGE_BYTES_MOST + 1ull, 8};
    struct text_buffer message = {0};

    (void)state;
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        int ends[2];
        assert_int_equal(pipe(ends), 0);
        assert_int_equal(write(ends[1], &sizes[i], sizeof sizes[i]), sizeof sizes[i]);
        assert_int_equal(write(ends[1], "1234567", 7), 7); /* one less than was announced, or very much less */
        close(ends[1]);
        assert_false(message_receive(ends[0], &message));
        close(ends[0]);
    }
    text_clear(&message);
}

static void what_is_missing_in_a_message_is_empty(void **state)
{
    struct message_reader reader = {.at = "1234567", .end = NULL};
    size_t size = 1;

    (void)state;
    reader.end = reader.at + 7;
    char *text = message_take_text(&reader, &size);
    assert_string_equal(text, "");
    assert_int_equal(size, 0);
    assert_true(reader.failed);
    free(text);
}

static void a_message_to_nobody_is_an_error_and_no_signal(void **state)
{
    struct text_buffer message = {0};
    int ends[2];

    (void)state;
    text_add_string(&message, "text");
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    close(ends[1]);
    assert_false(message_send(ends[0], &message));
    assert_int_equal(errno, EPIPE);
    close(ends[0]);
    int full = open("/dev/full", O_WRONLY);
    if (full >= 0) {
        assert_false(message_send(full, &message));
        assert_int_equal(errno, ENOSPC);
        close(full);
    }
    text_clear(&message);
}

/* The results that a process sends through a pipe, as far as `cut` bytes before their end. */
static void send_and_read(size_t cut, struct test_result *result)
{
    const struct test_case done = {.status = TEST_SKIPPED, .name = "name", .line = 7, .seconds = 0.5, .text = "why"};
    const struct test_change change = {.begin = 1, .end = 2, .text = "new", .line = 3, .in_case = 0, .shown = "diff"};
    struct text_buffer sent = {0};
    int ends[2];

    assert_int_equal(pipe(ends), 0);
    test_result_send_case(ends[1], &done);
    test_result_send_change(ends[1], &change);
    test_result_send_end(ends[1], "complaint", 42);
    close(ends[1]);
    sent.size = (size_t)read(ends[0], text_reserve(&sent, 4096), 4096) - cut;
    close(ends[0]);
    test_result_read(result, &sent);
    text_clear(&sent);
}

static void results_come_as_far_as_they_were_sent(void **state)
{
    struct test_result result = {0};

    (void)state;
    send_and_read(0, &result);
    assert_true(result.is_whole);
    assert_int_equal(result.digest, 42);
    assert_string_equal(text_string(&result.complaint), "complaint");
    assert_int_equal(test_result_count(&result, TEST_SKIPPED), 1);
    assert_string_equal(result.cases[0].text, "why");
    assert_int_equal(result.change_count, 1);
    assert_string_equal(result.changes[0].shown, "diff");
    test_result_clear(&result);
    send_and_read(1, &result);
    assert_false(result.is_whole);
    assert_int_equal(result.change_count, 1);
    test_result_clear(&result);
}

/* ---- rewritten files ---- */

struct file {
    char path[64];
    struct test_result result;
    struct test_case cases[2];
    struct test_change changes[4];
};

/* "abcdef" with changes of which one reaches over its end, one begins behind its own end, and one in the one before. */
static void begin_file(struct file *file)
{
    static const struct test_change changes[] = {
        {.begin = 1, .end = 3, .text = "BC", .shown = "bc\n", .in_case = 0},
        {.begin = 2, .end = 4, .text = "overlapping", .shown = "cd\n", .in_case = 1},
        {.begin = 5, .end = 4, .text = "backwards", .shown = "none\n", .in_case = 2},
        {.begin = 5, .end = 9, .text = "behind the end", .shown = "f\n", .in_case = 1},
    };

    *file = (struct file){.path = "/tmp/ssql-results-XXXXXX"};
    int open_file = mkstemp(file->path);
    assert_true(open_file >= 0);
    assert_int_equal(write(open_file, "abcdef", 6), 6);
    close(open_file);
    memcpy(file->changes, changes, sizeof changes);
    file->cases[0] = (struct test_case){.status = TEST_PASSED, .name = "", .text = must_copy("", 0)};
    file->cases[1] = (struct test_case){.status = TEST_FAILED, .name = "", .text = must_copy("told\n", 5)};
    file->result = (struct test_result){.path = file->path,
                                        .cases = file->cases,
                                        .case_count = 2,
                                        .changes = file->changes,
                                        .change_count = 4,
                                        .digest = test_digest("abcdef", 6)};
}

static void end_file(struct file *file)
{
    unlink(file->path);
    free(file->cases[0].text);
    free(file->cases[1].text);
}

static void assert_updated(const bool *accepted, const char *wanted)
{
    struct text_buffer complaint = {0}, text = {0};
    struct file file;

    begin_file(&file);
    assert_true(test_update_write(&file.result, accepted, &complaint));
    assert_true(text_read_file(&text, file.path));
    assert_string_equal(text_string(&text), wanted);
    end_file(&file);
    text_clear(&text);
}

static void changes_that_are_not_in_the_file_are_left_out(void **state)
{
    static const bool second[4] = {false, true, true, true};

    (void)state;
    assert_updated(NULL, "aBCdef");
    assert_updated(second, "aboverlappingef");
}

static void a_file_that_is_another_one_now_is_not_updated(void **state)
{
    struct text_buffer complaint = {0}, wanted = {0};
    struct file file;

    (void)state;
    begin_file(&file);
    file.result.digest++;
    assert_false(test_update_write(&file.result, NULL, &complaint));
    text_format(&wanted, "%s: error: not updated: it has changed while it ran\n", file.path);
    assert_string_equal(complaint.data, wanted.data);
    text_reset(&complaint);
    text_reset(&wanted);
    unlink(file.path);
    assert_false(test_update_write(&file.result, NULL, &complaint));
    text_format(&wanted, "%s: error: No such file or directory\n", file.path);
    assert_string_equal(complaint.data, wanted.data);
    end_file(&file);
    text_clear(&complaint);
    text_clear(&wanted);
}

static void what_could_not_be_updated_has_failed(void **state)
{
    static const bool last[4] = {false, false, false, true};
    struct file file;

    (void)state;
    begin_file(&file);
    test_update_refuse(&file.result, last);
    assert_string_equal(file.cases[1].text, "told\nf\n");
    assert_int_equal(file.cases[0].status, TEST_PASSED);
    test_update_refuse(&file.result, NULL); /* that of the third has no case: it was cut off */
    assert_int_equal(file.cases[0].status, TEST_FAILED);
    assert_string_equal(file.cases[0].text, "bc\n");
    end_file(&file);
}

/* ---- JUnit ---- */

static void whatever_is_told_becomes_xml(void **state)
{
    static const char text[] = "<&>\"\t\n\x01\x7F\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80\xEF\xBF\xBE\xEF\xBF\xBF\xFF"
                               "\033[31mred\033[0m\033(\033[1";
    static const char escaped[] = "&lt;&amp;&gt;&quot;\t\n??\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80???red?(";
    struct test_case cases[] = {
        {.status = TEST_FAILED, .name = "a\nb\t", .text = (char *)text},
        {.status = TEST_PASSED, .name = "", .text = ""},
        {.status = TEST_SKIPPED, .name = "s", .text = "why"},
    };
    const struct test_result result = {.path = "p.ssql", .cases = cases, .case_count = 3};
    char path[] = "/tmp/ssql-junit-XXXXXX";
    struct text_buffer report = {0};

    (void)state;
    close(mkstemp(path));
    assert_true(test_junit_write(path, &result, 1));
    assert_true(text_read_file(&report, path));
    assert_non_null(strstr(report.data, "name=\"a&#10;b&#9;\""));
    assert_non_null(strstr(report.data, escaped));
    assert_non_null(strstr(report.data, "name=\"p.ssql\" time"));
    assert_non_null(strstr(report.data, "<skipped message=\"why\"/>"));
    assert_non_null(strstr(report.data, "tests=\"3\" failures=\"1\" errors=\"0\" skipped=\"1\""));
    unlink(path);
    text_clear(&report);
}

int run_result_tests(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_no_message_is_not_received),
        cmocka_unit_test(what_is_missing_in_a_message_is_empty),
        cmocka_unit_test(a_message_to_nobody_is_an_error_and_no_signal),
        cmocka_unit_test(results_come_as_far_as_they_were_sent),
        cmocka_unit_test(changes_that_are_not_in_the_file_are_left_out),
        cmocka_unit_test(a_file_that_is_another_one_now_is_not_updated),
        cmocka_unit_test(what_could_not_be_updated_has_failed),
        cmocka_unit_test(whatever_is_told_becomes_xml),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
