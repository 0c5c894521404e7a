/* The user's own files when the system refuses: each reason has its code, the old file stays as it was, nothing is left
 * aside; waiting that a signal ends goes on, or does not when the statement is to be given up. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "api/failing_memory.h"
#include "support/file_tree.h"
#include "volume/failing_system.h"
#include "volume/plain_file.h"

static char folder[64], in[96], out[96];
static struct ssql_error error;

static int set_up(void **state)
{
    (void)state;
    error_clear(&error);
    strcpy(folder, "/tmp/ssql-plain-file-XXXXXX");
    if (mkdtemp(folder) == NULL)
        return -1;
    snprintf(in, sizeof in, "%s/in", folder);
    snprintf(out, sizeof out, "%s/out", folder);
    put_file(in, "some bytes");
    put_file(out, "old text");
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    system_recover();
    remove_tree(folder);
    return 0;
}

static bool holds(const char *path, const char *expected)
{
    char text[64] = "";
    FILE *file = fopen(path, "rb");

    assert_non_null(file);
    text[fread(text, 1, sizeof text - 1, file)] = '\0';
    fclose(file);
    return strcmp(text, expected) == 0;
}

static bool opens(const char *path)
{
    struct plain_file_reader *reader;
    bool is_open = plain_file_open(path, NULL, &reader, &error);

    assert_true(is_open == (reader != NULL));
    plain_file_close(reader);
    return is_open;
}

static bool write_to(const char *path, struct cancellation *cancellation, struct ssql_error *told)
{
    struct plain_file_writer *writer;

    if (!plain_file_create(path, cancellation, &writer, told)) {
        assert_null(writer);
        return false;
    }
    struct byte_sink sink = plain_file_sink(writer);
    if (byte_sink_write(&sink, slice_of("new text"), told))
        return plain_file_finish(writer, told);
    plain_file_abandon(writer);
    return false;
}

/* ---- reasons ---- */

static void a_reason_not_to_open_has_its_code(void **state)
{
    static const struct {
        int number;
        enum ssql_code reading, writing;
    } reasons[] = {
        {ENOMEM, SSQL_NO_MEMORY, SSQL_NO_MEMORY},
        {ENOENT, SSQL_CANNOT_OPEN, SSQL_CANNOT_OPEN},
        {ENOTDIR, SSQL_CANNOT_OPEN, SSQL_CANNOT_OPEN},
        {EISDIR, SSQL_CANNOT_OPEN, SSQL_CANNOT_OPEN},
        {ELOOP, SSQL_CANNOT_OPEN, SSQL_CANNOT_OPEN},
        {ENXIO, SSQL_CANNOT_OPEN, SSQL_CANNOT_OPEN},
        {ENODEV, SSQL_CANNOT_OPEN, SSQL_CANNOT_OPEN},
        {EBADF, SSQL_CANNOT_OPEN, SSQL_CANNOT_OPEN},
        {EACCES, SSQL_CANNOT_OPEN, SSQL_READ_ONLY},
        {EPERM, SSQL_CANNOT_OPEN, SSQL_READ_ONLY},
        {EROFS, SSQL_READ_ONLY, SSQL_READ_ONLY},
        {ENOSPC, SSQL_DISK_FULL, SSQL_DISK_FULL},
        {EDQUOT, SSQL_DISK_FULL, SSQL_DISK_FULL},
        {EFBIG, SSQL_DISK_FULL, SSQL_DISK_FULL},
        {EMFILE, SSQL_TOO_MANY_OPEN, SSQL_TOO_MANY_OPEN},
        {ENFILE, SSQL_TOO_MANY_OPEN, SSQL_TOO_MANY_OPEN},
        {EIO, SSQL_IO, SSQL_IO},
        {ENAMETOOLONG, SSQL_CANNOT_OPEN, SSQL_CANNOT_OPEN},
    };

    (void)state;
    for (size_t i = 0; i < sizeof reasons / sizeof *reasons; i++) {
        system_fail_always(CALL_OPENAT, reasons[i].number);
        assert_false(opens(in));
        assert_int_equal(error.code, reasons[i].reading);
        assert_true(reasons[i].number == ENOMEM || strstr(error.message, in) != NULL);
        assert_int_equal(error.hint[0] != '\0', error.code == SSQL_TOO_MANY_OPEN);
        assert_false(write_to(out, NULL, &error));
        assert_int_equal(error.code, reasons[i].writing);
        assert_false(write_to(out, NULL, NULL));
        assert_true(system_recover());
    }
    assert_true(holds(out, "old text"));
}

/* ---- sweeps ---- */

static void every_call_of_writing_fails_and_the_old_file_stays(void **state)
{
    unsigned files = count_entries(folder), descriptors = count_descriptors();
    bool has_struck = true;

    (void)state;
    for (long after = 0; has_struck; after++) {
        put_file(out, "old text");
        error_clear(&error);
        system_fail((struct system_fault){.calls = EVERY_CALL, .after = after, .number = EIO});
        bool is_done = write_to(out, NULL, &error);
        has_struck = system_recover();
        bool is_renamed = is_done || strstr(error.message, "sync the directory") != NULL;
        assert_int_equal(error.code, is_done ? SSQL_OK : SSQL_IO);
        assert_true(is_done || has_struck);
        assert_true(holds(out, is_renamed ? "new text" : "old text"));
        assert_int_equal(count_entries(folder), files);
        assert_int_equal(count_descriptors(), descriptors);
    }
}

static void every_allocation_of_reading_and_writing_fails(void **state)
{
    unsigned files = count_entries(folder), descriptors = count_descriptors();
    static const enum system_call inner[] = {CALL_REALPATH, CALL_STRDUP};
    char absent[96];

    (void)state;
    memory_start_failing(0, false);
    assert_false(opens(in));
    memory_stop_failing();
    assert_int_equal(error.code, SSQL_NO_MEMORY);
    error_clear(&error);
    memory_start_failing(0, false);
    assert_false(write_to(out, NULL, &error));
    memory_stop_failing();
    assert_int_equal(error.code, SSQL_NO_MEMORY);
    snprintf(absent, sizeof absent, "%s/absent", folder);
    for (int i = 0; i < 2; i++) {
        error_clear(&error);
        system_fail_always(inner[i], ENOMEM);
        assert_false(write_to(inner[i] == CALL_REALPATH ? out : absent, NULL, &error));
        assert_true(system_recover());
        assert_int_equal(error.code, SSQL_NO_MEMORY);
    }
    assert_true(holds(out, "old text"));
    assert_int_equal(count_entries(folder), files);
    assert_int_equal(count_descriptors(), descriptors);
}

/* ---- reading ---- */

static void every_call_of_reading_fails(void **state)
{
    struct plain_file_reader *reader;
    uint8_t bytes[16];
    size_t size;

    (void)state;
    system_fail_once(CALL_FSTAT, EIO);
    assert_false(opens(in));
    assert_int_equal(error.code, SSQL_IO);
    assert_true(system_recover());

    assert_true(plain_file_open(in, NULL, &reader, &error));
    struct byte_source source = plain_file_source(reader);
    system_fail_once(CALL_READ, EIO);
    assert_false(byte_source_read(&source, bytes, sizeof bytes, &size, &error));
    assert_non_null(strstr(error.message, "cannot read"));
    system_fail_once(CALL_LSEEK, EIO);
    assert_false(plain_file_rewind(reader, &error));
    assert_non_null(strstr(error.message, "cannot read again"));
    assert_true(system_recover());
    assert_true(byte_source_read(&source, bytes, sizeof bytes, &size, &error));
    assert_int_equal(size, 10);
    plain_file_close(reader);

    system_fail_once(CALL_LSEEK, ESPIPE);
    assert_true(plain_file_open(in, NULL, &reader, &error));
    assert_true(system_recover());
    assert_false(plain_file_can_rewind(reader));
    assert_int_equal(plain_file_size(reader), 0);
    plain_file_close(reader);
}

static void a_file_that_was_read_to_its_end_has_nothing_more(void **state)
{
    struct plain_file_reader *reader;
    char name[64];
    int fd = open(in, O_RDONLY);

    (void)state;
    assert_int_equal(lseek(fd, 100, SEEK_SET), 100);
    snprintf(name, sizeof name, "/dev/fd/%d", fd);
    assert_true(plain_file_open(name, NULL, &reader, &error));
    assert_int_equal(plain_file_size(reader), 0);
    assert_true(plain_file_can_rewind(reader));
    plain_file_close(reader);
    close(fd);
}

static void a_file_is_known_by_whatever_path(void **state)
{
    struct plain_file_reader *reader;
    char link[96], absent[96];

    (void)state;
    snprintf(link, sizeof link, "%s/link", folder);
    snprintf(absent, sizeof absent, "%s/absent", folder);
    assert_int_equal(symlink("in", link), 0);
    assert_true(plain_file_open(in, NULL, &reader, &error));
    assert_true(plain_file_is_at(reader, in));
    assert_true(plain_file_is_at(reader, link));
    assert_false(plain_file_is_at(reader, out));
    assert_false(plain_file_is_at(reader, absent));
    assert_false(plain_file_is_at(reader, "/dev/null"));
    system_fail_once(CALL_FSTAT, EIO);
    assert_false(plain_file_is_at(reader, in));
    assert_true(system_recover());
    plain_file_close(reader);
    assert_true(plain_file_open("/dev/null", NULL, &reader, &error));
    assert_false(plain_file_is_at(reader, "/dev/null")); /* writing there destroys nothing */
    plain_file_close(reader);
}

/* ---- signals ---- */

static void a_signal_that_asks_for_nothing_is_waited_through(void **state)
{
    static const enum system_call calls[] = {CALL_OPENAT, CALL_WRITE};
    struct plain_file_reader *reader;
    uint8_t bytes[16];
    size_t size;

    (void)state;
    for (int i = 0; i < 2; i++) {
        system_fail_once(calls[i], EINTR);
        assert_true(write_to(out, NULL, &error));
        assert_true(system_recover());
        assert_true(holds(out, "new text"));
    }
    assert_true(plain_file_open(in, NULL, &reader, &error));
    struct byte_source source = plain_file_source(reader);
    system_fail_once(CALL_READ, EINTR);
    assert_true(byte_source_read(&source, bytes, sizeof bytes, &size, &error));
    assert_true(system_recover());
    assert_int_equal(size, 10);
    plain_file_close(reader);
}

static void a_signal_that_gives_up_the_statement_ends_the_wait(void **state)
{
    static const enum system_call calls[] = {CALL_OPENAT, CALL_WRITE};
    struct cancellation cancellation = {.requested = 1};
    struct plain_file_reader *reader;
    uint8_t bytes[16];
    size_t size;

    (void)state;
    for (int i = 0; i < 2; i++) {
        error_clear(&error);
        system_fail_once(calls[i], EINTR);
        assert_false(write_to(out, &cancellation, &error));
        assert_true(system_recover());
        assert_int_equal(error.code, SSQL_INTERRUPTED);
        assert_true(holds(out, "old text"));
    }
    assert_true(plain_file_open(in, &cancellation, &reader, &error));
    struct byte_source source = plain_file_source(reader);
    system_fail_once(CALL_READ, EINTR);
    assert_false(byte_source_read(&source, bytes, sizeof bytes, &size, &error));
    assert_true(system_recover());
    assert_int_equal(error.code, SSQL_INTERRUPTED);
    plain_file_close(reader);
}

/* ---- the end of writing ---- */

static void what_closing_tells_is_told(void **state)
{
    static const enum system_call open_calls[] = {CALL_FDATASYNC, CALL_CLOSE};

    (void)state;
    system_fail_once(CALL_CLOSE, ENOSPC);
    assert_false(write_to(out, NULL, &error));
    assert_int_equal(error.code, SSQL_DISK_FULL);
    for (int i = 0; i < 2; i++) /* the first of two reasons counts */
        system_fail_once(open_calls[i], i == 0 ? EIO : ENOSPC);
    assert_false(write_to(out, NULL, &error));
    assert_int_equal(error.code, SSQL_IO);
    assert_true(system_recover());
    assert_true(holds(out, "old text"));
    system_fail_once(CALL_CLOSE, EINTR); /* it is closed all the same */
    assert_true(write_to(out, NULL, &error));
    assert_true(system_recover());
    assert_true(holds(out, "new text"));
    system_fail_once(CALL_FSYNC, EINVAL); /* a file system whose directories need none */
    assert_true(write_to(out, NULL, &error));
    assert_true(system_recover());
    system_fail_once(CALL_CLOSE, EIO);
    assert_false(write_to("/dev/null", NULL, &error));
    assert_true(system_recover());
}

static void what_may_not_be_written_is_not_replaced(void **state)
{
    static const int numbers[] = {EACCES, EROFS};

    (void)state;
    for (int i = 0; i < 2; i++) {
        system_fail_once(CALL_ACCESS, numbers[i]);
        assert_false(write_to(out, NULL, &error));
        assert_int_equal(error.code, SSQL_READ_ONLY);
        assert_true(system_recover());
    }
    system_fail_once(CALL_STAT, EACCES);
    assert_false(write_to(out, NULL, &error));
    system_fail_once(CALL_FCHMOD, EPERM);
    assert_false(write_to(out, NULL, &error));
    assert_int_equal(error.code, SSQL_READ_ONLY);
    system_fail_once(CALL_OPENAT, ENXIO);
    assert_false(write_to("/dev/null", NULL, &error));
    assert_int_equal(error.code, SSQL_CANNOT_OPEN);
    assert_true(system_recover());
    assert_true(holds(out, "old text"));
    assert_int_equal(count_entries(folder), 4);
}

static void names_that_are_taken_aside_are_passed_over(void **state)
{
    char part[160];

    (void)state;
    snprintf(part, sizeof part, "%s/.out.%ld-0.part", folder, (long)getpid());
    put_file(part, "somebody else's");
    assert_true(write_to(out, NULL, &error));
    assert_true(holds(part, "somebody else's"));
    system_fail((struct system_fault){.calls = BIT(CALL_OPENAT), .after = 1, .for_ever = true, .number = EEXIST});
    assert_false(write_to(out, NULL, &error)); /* all of them */
    assert_int_equal(error.code, SSQL_IO);
    assert_true(system_recover());
}

/* ---- paths ---- */

static void a_directory_is_no_file_even_if_it_was_none_a_moment_ago(void **state)
{
    char path[96];

    (void)state;
    snprintf(path, sizeof path, "%s/", folder);
    system_fail_once(CALL_STAT, ENOENT);
    assert_false(write_to(path, NULL, &error));
    assert_true(system_recover());
    assert_non_null(strstr(error.message, "Is a directory"));
}

static void a_file_at_the_root_is_made_there(void **state)
{
    (void)state;
    system_fail((struct system_fault){.calls = BIT(CALL_OPENAT), .after = 1, .number = EACCES});
    assert_false(write_to("/ssql-test-of-plain-files", NULL, &error)); /* the root was opened, the part was not */
    assert_true(system_recover());
    assert_int_equal(error.code, SSQL_READ_ONLY);
}

static void what_only_looks_like_a_descriptor_is_none(void **state)
{
    static const char *const paths[] = {"/dev/fd/", "/dev/fd/1234567", "/dev/fd/0x", "/dev/fd/x", "/dev/fdx"};

    (void)state;
    assert_false(write_to("/dev/fd/99999", NULL, &error));
    assert_non_null(strstr(error.message, "Bad file descriptor"));
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        error_clear(&error);
        assert_false(opens(paths[i]));
        assert_int_equal(error.code, SSQL_CANNOT_OPEN);
        assert_null(strstr(error.message, "Bad file descriptor"));
    }
}

/* A folder whose own path fills PATH_MAX but for some bytes, reached by a short one. */
static void make_deep_folder(char deep[PATH_MAX], size_t size)
{
    strcpy(deep, folder);
    while (strlen(deep) < size) {
        size_t left = size - strlen(deep) - 1;
        size_t part = left > 250 ? 200 : left;
        strcat(deep, "/");
        memset(deep + strlen(deep) + part, 0, 1);
        memset(deep + strlen(deep), 'd', part);
        assert_int_equal(mkdir(deep, 0777), 0);
    }
    assert_int_equal(strlen(deep), size);
}

static void paths_at_the_limit_of_the_system_are_paths(void **state)
{
    char deep[PATH_MAX], path[PATH_MAX + 100], linked[160], name[PATH_MAX], target[64];

    (void)state;
    memset(path, 'p', sizeof path - 1);
    path[sizeof path - 1] = '\0';
    assert_false(opens(path));
    assert_int_equal(error.code, SSQL_CANNOT_OPEN);

    make_deep_folder(deep, PATH_MAX - 10);
    snprintf(linked, sizeof linked, "%s/deep", folder);
    assert_int_equal(symlink(deep, linked), 0);
    snprintf(name, sizeof name, "%s/a-long-leaf", linked); /* resolved, it would not fit */
    assert_true(write_to(name, NULL, &error));
    assert_true(holds(name, "new text"));
    assert_int_equal(unlink(name), 0);

    memset(target, 't', sizeof target - 1);
    target[sizeof target - 1] = '\0';
    snprintf(name, sizeof name, "%s/l", linked); /* a link that leads to where a path would not fit */
    assert_int_equal(symlink(target, name), 0);
    assert_false(opens(name));
    assert_int_equal(error.code, SSQL_CANNOT_OPEN);
    assert_int_equal(unlink(name), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
        TEST(a_reason_not_to_open_has_its_code),
        TEST(every_call_of_writing_fails_and_the_old_file_stays),
        TEST(every_allocation_of_reading_and_writing_fails),
        TEST(every_call_of_reading_fails),
        TEST(a_file_that_was_read_to_its_end_has_nothing_more),
        TEST(a_file_is_known_by_whatever_path),
        TEST(a_signal_that_asks_for_nothing_is_waited_through),
        TEST(a_signal_that_gives_up_the_statement_ends_the_wait),
        TEST(what_closing_tells_is_told),
        TEST(what_may_not_be_written_is_not_replaced),
        TEST(names_that_are_taken_aside_are_passed_over),
        TEST(a_directory_is_no_file_even_if_it_was_none_a_moment_ago),
        TEST(a_file_at_the_root_is_made_there),
        TEST(what_only_looks_like_a_descriptor_is_none),
        TEST(paths_at_the_limit_of_the_system_are_paths),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
