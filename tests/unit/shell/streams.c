/* Files as streams of the shell, also when the system refuses: what is compressed, what takes the place of a file. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zstd.h>

#include "shell/compressed_output.h"
#include "shell/interrupt.h"
#include "shell/output.h"
#include "support/file_tree.h"
#include "volume/failing_system.h"

static char folder[64], path[96];

static int set_up(void **state)
{
    (void)state;
    strcpy(folder, "/tmp/ssql-streams-XXXXXX");
    if (mkdtemp(folder) == NULL)
        return -1;
    snprintf(path, sizeof path, "%s/file", folder);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    system_recover();
    (void)interrupt_take();
    remove_tree(folder);
    return 0;
}

static void put_bytes(const char *to, const void *bytes, size_t size)
{
    FILE *file = fopen(to, "wb");

    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, size, file), size);
    fclose(file);
}

/* ---- reading ---- */

enum { ROWS = 40000, TEXT_SIZE = ROWS * 8 };

static const char *long_text(void)
{
    static char text[TEXT_SIZE + 1];

    for (int i = 0; i < ROWS; i++)
        snprintf(text + (size_t)i * 8, 9, "%07d\n", (i * 7919) % 10000);
    return text;
}

/* Writes the text compressed, in pieces of `piece` bytes. False: why is in *fault. */
static bool compress(const char *to, const char *text, size_t size, size_t piece, const char **fault)
{
    struct output output = {.file = -1};
    struct compressed_output compressed;

    assert_true(output_open_file(&output, to, false));
    bool done = compressed_output_init(&compressed, &output, compression_of_name(to));
    *fault = done ? NULL : compressed.fault;
    if (done) {
        for (size_t at = 0; at < size && done; at += piece)
            done = compressed_output_add(&compressed, text + at, size - at < piece ? size - at : piece);
        done = done && compressed_output_add(&compressed, NULL, 0) && compressed_output_finish(&compressed);
        *fault = compressed.fault;
        compressed_output_clear(&compressed);
    }
    bool is_closed = output_close(&output, done);
    text_clear(&output.text);
    return done && is_closed;
}

/* Reads all; NULL or what is wrong. */
static const char *read_all(const char *from, size_t capacity, struct text_buffer *text)
{
    struct compressed_input input;
    size_t size = 1;

    if (!compressed_input_open(&input, from)) {
        assert_int_equal(input.file, -1);
        return input.fault;
    }
    while (size > 0 && compressed_input_read(&input, text_reserve(text, capacity), capacity, &size))
        text->size += size;
    const char *fault = input.fault;
    compressed_input_close(&input);
    return fault;
}

static const char *read_path(void)
{
    struct text_buffer text = {0};
    const char *fault = read_all(path, 1000, &text);

    text_clear(&text);
    return fault;
}

static void name(const char *ending)
{
    snprintf(path, sizeof path, "%s/file%s", folder, ending);
}

static void what_is_compressed_reads_back_in_pieces_of_any_size(void **state)
{
    static const char *const endings[] = {".gz", ".zst"};
    static const size_t pieces[] = {1000, 200000, TEXT_SIZE};
    const char *text = long_text(), *fault;

    (void)state;
    for (size_t i = 0; i < 6; i++) {
        struct text_buffer back = {0};
        name(endings[i % 2]);
        assert_true(compress(path, text, TEXT_SIZE, pieces[i / 2], &fault));
        assert_null(read_all(path, pieces[2 - i / 2], &back));
        assert_int_equal(back.size, TEXT_SIZE);
        assert_memory_equal(back.data, text, TEXT_SIZE);
        text_clear(&back);
    }
}

/* Nothing comes behind the rows that the decoder still holds. */
static void zstd_without_a_checksum_reads_back_to_its_end(void **state)
{
    const char *text = long_text();
    size_t room = ZSTD_compressBound(TEXT_SIZE);
    void *bytes = malloc(room);
    struct text_buffer back = {0};

    (void)state;
    assert_non_null(bytes);
    size_t size = ZSTD_compress(bytes, room, text, TEXT_SIZE, 3);
    assert_false(ZSTD_isError(size));
    put_bytes(path, bytes, size);
    free(bytes);
    assert_null(read_all(path, 1000, &back));
    assert_int_equal(back.size, TEXT_SIZE);
    assert_memory_equal(back.data, text, TEXT_SIZE);
    text_clear(&back);
}

static void what_cannot_be_compressed_reads_back(void **state)
{
    static const char *const endings[] = {".gz", ".zst"};
    enum { SIZE = 1 << 19 };
    static char random[SIZE];
    const char *fault;
    uint32_t number = 1;

    (void)state;
    for (size_t at = 0; at < SIZE; at++)
        random[at] = (char)((number = number * 1103515245 + 12345) >> 16);
    for (size_t i = 0; i < 2; i++) {
        struct text_buffer back = {0};
        name(endings[i]);
        assert_true(compress(path, random, SIZE, SIZE, &fault));
        assert_null(read_all(path, SIZE, &back));
        assert_int_equal(back.size, SIZE);
        assert_memory_equal(back.data, random, SIZE);
        text_clear(&back);
    }
}

static void first_bytes_say_what_is_compressed(void **state)
{
    static const struct {
        const char *bytes;
        size_t size;
        const char *fault;
    } cases[] = {
        {"\x1f", 1, NULL},
        {"\x1f\x8a\x08\x00", 4, NULL},
        {"\x28\xb5\x2f\xfe", 4, NULL},
        {"\x50\x2a\x4d\x17", 4, NULL},
        {"\x61\x2a\x4d\x18", 4, NULL},
        {"\x1f\x8b", 2, "the compressed data ends too early"},
        {"\x1f\x8b\x08\x00", 4, "the compressed data ends too early"},
        {"\x28\xb5\x2f\xfd", 4, "the compressed data ends too early"},
        {"\x50\x2a\x4d\x18\x00\x00\x00\x00", 8, NULL},
        {"\x28\xb5\x2f\xfd\x08 reserved bits set", 22,
         "the zstd data is damaged, or needs more than 128 MiB to be read"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        put_bytes(path, cases[i].bytes, cases[i].size);
        const char *fault = read_path();
        if (cases[i].fault == NULL)
            assert_null(fault);
        else
            assert_string_equal(fault, cases[i].fault);
    }
}

static void a_file_that_cannot_be_opened_or_read_says_why(void **state)
{
    static const struct {
        enum system_call call;
        int number;
        const char *fault;
    } cases[] = {{CALL_OPEN, EACCES, "Permission denied"},
                 {CALL_FSTAT, EIO, "Input/output error"},
                 {CALL_READ, EIO, "Input/output error"}};

    (void)state;
    put_bytes(path, "some text", 9);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        system_fail_once(cases[i].call, cases[i].number);
        assert_string_equal(read_path(), cases[i].fault);
        assert_true(system_recover());
    }
    assert_null(read_path());
    strcpy(path, folder);
    assert_string_equal(read_path(), "Is a directory");
}

static void a_disk_that_fails_later_is_no_end_of_the_data(void **state)
{
    static const char *const endings[] = {".csv", ".gz", ".zst"};
    const char *text = long_text(), *fault;

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        name(endings[i]);
        if (i == 0)
            put_bytes(path, text, TEXT_SIZE);
        else
            assert_true(compress(path, text, TEXT_SIZE, TEXT_SIZE, &fault));
        system_fail((struct system_fault){.calls = BIT(CALL_READ), .after = 1, .number = EIO});
        assert_string_equal(read_path(), "Input/output error");
        assert_true(system_recover());
    }
}

/* As by another signal than Ctrl-C, and while a device has nothing to give. */
static void waiting_goes_on_after_a_signal(void **state)
{
    static const struct {
        enum system_call call;
        int number;
    } cases[] = {{CALL_OPEN, EINTR}, {CALL_READ, EINTR}, {CALL_READ, EAGAIN}};

    (void)state;
    put_bytes(path, "some text", 9);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        system_fail_once(cases[i].call, cases[i].number);
        assert_null(read_path());
        assert_true(system_recover());
    }
}

static void waiting_ends_when_the_user_does_not_want_it(void **state)
{
    (void)state;
    put_bytes(path, "some text", 9);
    system_fail((struct system_fault){.calls = BIT(CALL_OPEN), .number = EINTR, .meanwhile = interrupt_note});
    assert_string_equal(read_path(), "Interrupted system call");
    (void)interrupt_take();
    system_fail((struct system_fault){.calls = BIT(CALL_READ), .number = EINTR, .meanwhile = interrupt_note});
    assert_string_equal(read_path(), "reading was interrupted");
}

/* ---- writing ---- */

static void a_full_disk_under_compressed_data_says_so(void **state)
{
    static const char *const endings[] = {".gz", ".zst"};
    const char *fault;

    (void)state;
    for (size_t i = 0; i < 2; i++)
        for (long after = 0; after < 2; after++) {
            char random[1 << 18];
            unsigned number = 1;
            for (size_t at = 0; at < sizeof random; at++)
                random[at] = (char)((number = number * 1103515245 + 12345) >> 16);
            name(endings[i]);
            system_fail(
                (struct system_fault){.calls = BIT(CALL_WRITE), .number = ENOSPC, .after = after, .for_ever = true});
            assert_false(compress(path, random, sizeof random, 50000, &fault));
            assert_string_equal(fault, "No space left on device");
            assert_true(system_recover());
            assert_int_not_equal(access(path, F_OK), 0);
        }
}

/* One byte of results, to `to`; errno, or 0. */
static int write_results(const char *to, bool keep)
{
    struct output output = {.file = -1};

    if (!output_open_file(&output, to, false)) {
        assert_int_equal(output.file, -1);
        return errno;
    }
    output_add_char(&output, '1');
    int error = output_close(&output, keep) ? 0 : errno;
    text_clear(&output.text);
    return error;
}

static void results_that_cannot_be_written_leave_the_old_file(void **state)
{
    static const struct {
        enum system_call call;
        int number;
    } cases[] = {{CALL_FCHMOD, EPERM}, {CALL_WRITE, ENOSPC}, {CALL_CLOSE, EIO}};
    char text[8] = "";

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        put_bytes(path, "old", 3);
        system_fail_once(cases[i].call, cases[i].number);
        assert_int_equal(write_results(path, true), cases[i].number);
        assert_true(system_recover());
        FILE *file = fopen(path, "rb");
        assert_int_equal(fread(text, 1, sizeof text, file), 3);
        fclose(file);
        assert_memory_equal(text, "old", 3);
    }
    system_fail_once(CALL_WRITE, EINTR);
    assert_int_equal(write_results(path, true), 0);
    system_fail_once(CALL_WRITE, EAGAIN); /* a pipe may have no room */
    assert_int_equal(write_results(path, true), 0);
    system_fail_once(CALL_WRITE, CALL_ENDS);
    assert_int_equal(write_results(path, true), 0);
    assert_true(system_recover());
}

static void a_folder_in_the_place_of_the_file_stays(void **state)
{
    struct output output = {.file = -1};

    (void)state;
    assert_true(output_open_file(&output, path, false));
    assert_int_equal(mkdir(path, 0700), 0); /* it came meanwhile */
    assert_false(output_close(&output, true));
    assert_int_equal(errno, EISDIR);
    rmdir(path);
    assert_int_equal(access(path, F_OK), -1);
    assert_true(output_close(&output, true)); /* nothing is open */
}

static void links_are_followed_from_where_they_lie(void **state)
{
    char link[96], target[5000];

    (void)state;
    snprintf(link, sizeof link, "%s/link", folder);
    assert_int_equal(symlink("file", link), 0);
    assert_int_equal(write_results(link, true), 0);
    assert_int_equal(access(path, F_OK), 0);
    unlink(link);
    assert_int_equal(symlink(path, link), 0);
    assert_int_equal(write_results(link, true), 0);
    unlink(link);
    memset(target, 'x', 4095);
    target[4095] = '\0';
    assert_int_equal(symlink(target, link), 0); /* the longest that there can be */
    assert_int_equal(write_results(link, true), ENAMETOOLONG);
    int here = open(".", O_RDONLY, 0);
    assert_int_equal(chdir(folder), 0);
    unlink("link");
    assert_int_equal(symlink("file", "link"), 0);
    assert_int_equal(write_results("link", true), 0);
    assert_int_equal(fchdir(here), 0);
    close(here);
}

static void a_program_takes_results_or_fails(void **state)
{
    static const struct {
        const char *command;
        int error;
    } cases[] = {{"cat >/dev/null", 0}, {"exit 3", ECHILD}, {"kill -9 $$", ECHILD}};

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        struct output output = {.file = -1};
        assert_true(output_open_program(&output, cases[i].command));
        assert_false(output.is_terminal);
        assert_int_equal(output_close(&output, true), cases[i].error == 0);
        if (cases[i].error != 0)
            assert_int_equal(errno, cases[i].error);
    }
    struct output output = {.file = -1};
    assert_true(output_open_program(&output, "cat >/dev/null"));
    output_add_char(&output, '1');
    system_fail_once(CALL_WRITE, EIO);
    assert_false(output_close(&output, true));
    assert_int_equal(errno, EIO); /* not what became of the program */
    text_clear(&output.text);
}

static bool never(void *owner)
{
    (void)owner;
    return false;
}

static void what_may_not_be_written_yet_is_dropped(void **state)
{
    int pipe_ends[2];
    char byte;

    (void)state;
    assert_int_equal(pipe(pipe_ends), 0);
    struct output output = {.file = pipe_ends[1], .may_write = never};
    output_add_char(&output, '1');
    assert_false(output_flush(&output));
    assert_int_equal(output.error, ECANCELED);
    output_add_char(&output, '2');
    assert_false(output_flush(&output));
    close(pipe_ends[1]);
    assert_int_equal(read(pipe_ends[0], &byte, 1), 0);
    close(pipe_ends[0]);
    text_clear(&output.text);
}

static void numbers_and_characters_are_added_as_text(void **state)
{
    struct text_buffer text = {0};

    (void)state;
    text_add_count(&text, -1234567);
    text_add_char(&text, ' ');
    text_add_count(&text, 999);
    text_add_code_point(&text, 'a');
    text_add_code_point(&text, 0xE4);
    text_add_code_point(&text, 0x20AC);
    text_add_code_point(&text, 0x1F600);
    assert_string_equal(text.data, "-1,234,567 999aä€😀");
    text_clear(&text);
}

static void a_file_is_read_whole_or_not_at_all(void **state)
{
    struct text_buffer text = {0};

    (void)state;
    assert_false(text_read_file(&text, path));
    assert_int_equal(errno, ENOENT);
    assert_false(text_read_file(&text, folder));
    assert_int_equal(errno, EISDIR);
    put_bytes(path, "text", 4);
    system_fail_once(CALL_READ, EINTR);
    assert_true(text_read_file(&text, path));
    assert_string_equal(text.data, "text");
    text_clear(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_is_compressed_reads_back_in_pieces_of_any_size, set_up, tear_down),
        cmocka_unit_test_setup_teardown(zstd_without_a_checksum_reads_back_to_its_end, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_cannot_be_compressed_reads_back, set_up, tear_down),
        cmocka_unit_test_setup_teardown(first_bytes_say_what_is_compressed, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_file_that_cannot_be_opened_or_read_says_why, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_disk_that_fails_later_is_no_end_of_the_data, set_up, tear_down),
        cmocka_unit_test_setup_teardown(waiting_goes_on_after_a_signal, set_up, tear_down),
        cmocka_unit_test_setup_teardown(waiting_ends_when_the_user_does_not_want_it, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_full_disk_under_compressed_data_says_so, set_up, tear_down),
        cmocka_unit_test_setup_teardown(results_that_cannot_be_written_leave_the_old_file, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_folder_in_the_place_of_the_file_stays, set_up, tear_down),
        cmocka_unit_test_setup_teardown(links_are_followed_from_where_they_lie, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_program_takes_results_or_fails, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_may_not_be_written_yet_is_dropped, set_up, tear_down),
        cmocka_unit_test_setup_teardown(numbers_and_characters_are_added_as_text, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_file_is_read_whole_or_not_at_all, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
