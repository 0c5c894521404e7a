/* The user's own files: read from the begin, written aside, and what each failure says. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "support/file_tree.h"
#include "volume/plain_file.h"

static char folder[64];

static const char *in_folder(const char *name)
{
    static char paths[4][512];
    static unsigned next;
    char *path = paths[next++ % 4];

    int size = snprintf(path, sizeof paths[0], "%s/%s", folder, name);
    assert_true(size > 0 && (size_t)size < sizeof paths[0]);
    return path;
}

static int make_folder(void **state)
{
    (void)state;
    snprintf(folder, sizeof folder, "/tmp/ssql-plain-file-XXXXXX");
    return mkdtemp(folder) == NULL;
}

static unsigned count_files(bool and_remove)
{
    DIR *directory = opendir(folder);
    unsigned count = 0;

    assert_non_null(directory);
    for (struct dirent *entry; (entry = readdir(directory)) != NULL;) {
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        count++;
        if (and_remove && unlink(in_folder(entry->d_name)) != 0)
            assert_int_equal(rmdir(in_folder(entry->d_name)), 0);
    }
    closedir(directory);
    return count;
}

static int remove_folder(void **state)
{
    (void)state;
    count_files(true);
    return rmdir(folder);
}

static void assert_holds(const char *path, const char *expected)
{
    char text[256] = "";
    FILE *file = fopen(path, "rb");

    assert_non_null(file);
    text[fread(text, 1, sizeof text - 1, file)] = '\0';
    fclose(file);
    assert_string_equal(text, expected);
}

static void read_all(struct byte_source source, char *text, size_t capacity)
{
    struct ssql_error error = {0};
    size_t size, total = 0;

    do {
        assert_true(byte_source_read(&source, (uint8_t *)text + total, capacity - total - 1, &size, &error));
        total += size;
    } while (size > 0);
    text[total] = '\0';
}

static void write_text(struct plain_file_writer *writer, const char *text)
{
    struct byte_sink sink = plain_file_sink(writer);
    struct ssql_error error = {0};

    assert_true(byte_sink_write(&sink, slice_of(text), &error));
}

static void a_file_is_read_and_read_again(void **state)
{
    struct plain_file_reader *reader;
    struct ssql_error error = {0};
    char text[64];

    (void)state;
    put_file(in_folder("in"), "some bytes");
    assert_true(plain_file_open(in_folder("in"), NULL, &reader, &error));
    assert_int_equal(plain_file_size(reader), 10);
    read_all(plain_file_source(reader), text, sizeof text);
    assert_string_equal(text, "some bytes");
    assert_true(plain_file_can_rewind(reader));
    assert_true(plain_file_rewind(reader, &error));
    read_all(plain_file_source(reader), text, sizeof text);
    assert_string_equal(text, "some bytes");
    plain_file_close(reader);
    plain_file_close(NULL);
}

static void *feed_pipe(void *path)
{
    put_file(path, "through a pipe");
    return NULL;
}

static void a_pipe_is_read_once(void **state)
{
    struct plain_file_reader *reader;
    struct ssql_error error = {0};
    pthread_t feeder;
    char text[64], path[128];

    (void)state;
    snprintf(path, sizeof path, "%s", in_folder("pipe"));
    assert_int_equal(mkfifo(path, 0600), 0);
    assert_int_equal(pthread_create(&feeder, NULL, feed_pipe, path), 0);
    assert_true(plain_file_open(path, NULL, &reader, &error));
    assert_int_equal(plain_file_size(reader), 0);
    assert_false(plain_file_can_rewind(reader));
    read_all(plain_file_source(reader), text, sizeof text);
    assert_string_equal(text, "through a pipe");
    plain_file_close(reader);
    pthread_join(feeder, NULL);
}

static void assert_not_opened(const char *path, const char *reason)
{
    struct plain_file_reader *reader;
    struct ssql_error error = {0};

    assert_false(plain_file_open(path, NULL, &reader, &error));
    assert_null(reader);
    assert_int_equal(error.code, SSQL_CANNOT_OPEN);
    assert_non_null(strstr(error.message, path));
    assert_non_null(strstr(error.message, reason));
}

static void what_cannot_be_read_says_which_path_and_why(void **state)
{
    (void)state;
    assert_not_opened(in_folder("absent"), "No such file");
    assert_not_opened(folder, "Is a directory");
    put_file(in_folder("file"), "");
    assert_not_opened(in_folder("file/below"), "Not a directory");
}

static void a_file_appears_when_it_is_finished(void **state)
{
    struct plain_file_writer *writer;
    struct ssql_error error = {0};
    const char *path = in_folder("out");

    (void)state;
    assert_true(plain_file_create(path, NULL, &writer, &error));
    write_text(writer, "new ");
    write_text(writer, "text");
    assert_int_not_equal(access(path, F_OK), 0);
    assert_true(plain_file_finish(writer, &error));
    assert_holds(path, "new text");
    assert_int_equal(count_files(false), 1);
}

static void an_old_file_stays_until_then_and_leaves_its_permissions(void **state)
{
    struct plain_file_writer *writer;
    struct ssql_error error = {0};
    struct stat status;
    const char *path = in_folder("out");

    (void)state;
    put_file(path, "old text");
    assert_int_equal(chmod(path, 0640), 0);
    assert_true(plain_file_create(path, NULL, &writer, &error));
    write_text(writer, "new text");
    assert_holds(path, "old text");
    plain_file_abandon(writer);
    assert_holds(path, "old text");
    assert_int_equal(count_files(false), 1);
    assert_true(plain_file_create(path, NULL, &writer, &error));
    write_text(writer, "new text");
    assert_true(plain_file_finish(writer, &error));
    assert_holds(path, "new text");
    assert_int_equal(stat(path, &status), 0);
    assert_int_equal(status.st_mode & 07777, 0640);
    plain_file_abandon(NULL);
}

static void a_link_stays_a_link(void **state)
{
    struct plain_file_writer *writer;
    struct ssql_error error = {0};
    struct stat status;

    (void)state;
    put_file(in_folder("target"), "old");
    assert_int_equal(symlink("target", in_folder("link")), 0);
    assert_true(plain_file_create(in_folder("link"), NULL, &writer, &error));
    write_text(writer, "new");
    assert_true(plain_file_finish(writer, &error));
    assert_int_equal(lstat(in_folder("link"), &status), 0);
    assert_true(S_ISLNK(status.st_mode));
    assert_holds(in_folder("target"), "new");
}

static void a_device_is_written_in_place(void **state)
{
    struct plain_file_writer *writer;
    struct ssql_error error = {0};

    (void)state;
    assert_true(plain_file_create("/dev/null", NULL, &writer, &error));
    write_text(writer, "away");
    assert_true(plain_file_finish(writer, &error));
    assert_true(plain_file_create("/dev/full", NULL, &writer, &error));
    struct byte_sink sink = plain_file_sink(writer);
    assert_false(byte_sink_write(&sink, slice_of("too much"), &error));
    assert_int_equal(error.code, SSQL_DISK_FULL);
    assert_non_null(strstr(error.message, "/dev/full"));
    plain_file_abandon(writer);
}

/* `path` leads to the descriptor: what is written goes on behind what was written, and so does the descriptor's owner.
 */
static void assert_written_in_place(const char *path, int descriptor)
{
    struct plain_file_writer *writer;
    struct ssql_error error = {0};
    struct stat before, after;

    assert_int_equal(ftruncate(descriptor, 0), 0);
    assert_int_equal(lseek(descriptor, 0, SEEK_SET), 0);
    assert_int_equal(fstat(descriptor, &before), 0);
    assert_int_equal(write(descriptor, "a", 1), 1);
    assert_true(plain_file_create(path, NULL, &writer, &error));
    write_text(writer, "b");
    assert_true(plain_file_finish(writer, &error));
    assert_int_equal(write(descriptor, "c", 1), 1);
    assert_holds(in_folder("target"), "abc");
    assert_int_equal(stat(in_folder("target"), &after), 0);
    assert_int_equal(before.st_ino, after.st_ino);
}

static void a_file_that_the_process_has_open_is_not_replaced(void **state)
{
    char name[64];
    int descriptor = open(in_folder("target"), O_RDWR | O_CREAT, 0600);

    (void)state;
    assert_true(descriptor > 2);
    snprintf(name, sizeof name, "/dev/fd/%d", descriptor);
    assert_written_in_place(name, descriptor);
    assert_int_equal(symlink(name, in_folder("link")), 0);
    assert_written_in_place(in_folder("link"), descriptor);
    assert_int_equal(symlink("link", in_folder("link to link")), 0);
    assert_written_in_place(in_folder("link to link"), descriptor);
    snprintf(name, sizeof name, "/proc/%ld/../self/fd/%d", (long)getpid(), descriptor);
    assert_written_in_place(name, descriptor);
    assert_int_equal(count_files(false), 3);

    int standard_error = dup(2);
    assert_int_equal(dup2(descriptor, 2), 2);
    assert_written_in_place("/dev/stderr", 2);
    assert_int_equal(dup2(standard_error, 2), 2);
    close(standard_error);
    close(descriptor);
}

static void an_open_file_is_read_from_where_it_stands(void **state)
{
    struct plain_file_reader *reader;
    struct ssql_error error = {0};
    char name[64], text[16];

    (void)state;
    put_file(in_folder("file"), "0123");
    int descriptor = open(in_folder("file"), O_RDONLY);
    assert_int_equal(lseek(descriptor, 2, SEEK_SET), 2);
    snprintf(name, sizeof name, "/dev/fd/%d", descriptor);
    assert_true(plain_file_open(name, NULL, &reader, &error));
    assert_int_equal(plain_file_size(reader), 2);
    read_all(plain_file_source(reader), text, sizeof text);
    assert_string_equal(text, "23");
    assert_true(plain_file_rewind(reader, &error));
    read_all(plain_file_source(reader), text, sizeof text);
    assert_string_equal(text, "23");
    plain_file_close(reader);
    close(descriptor);
    assert_not_opened(name, "Bad file descriptor");
}

static void a_ring_of_links_is_followed_for_a_while_only(void **state)
{
    struct plain_file_writer *writer;
    struct ssql_error error = {0};

    (void)state;
    assert_int_equal(symlink("ring", in_folder("ring")), 0);
    assert_false(plain_file_create(in_folder("ring"), NULL, &writer, &error));
    assert_int_equal(error.code, SSQL_CANNOT_OPEN);
}

static void a_path_relative_to_here_works(void **state)
{
    struct plain_file_writer *writer;
    struct ssql_error error = {0};
    char before[1024];

    (void)state;
    assert_non_null(getcwd(before, sizeof before));
    assert_int_equal(chdir(folder), 0);
    assert_true(plain_file_create("bare", NULL, &writer, &error));
    write_text(writer, "x");
    assert_true(plain_file_finish(writer, &error));
    assert_holds("bare", "x");
    assert_int_equal(chdir(before), 0);
}

static void assert_not_created(const char *path, enum ssql_code code, const char *reason)
{
    struct plain_file_writer *writer;
    struct ssql_error error = {0};

    assert_false(plain_file_create(path, NULL, &writer, &error));
    assert_null(writer);
    assert_int_equal(error.code, code);
    assert_non_null(strstr(error.message, path));
    assert_non_null(strstr(error.message, reason));
}

static void what_cannot_be_written_says_which_path_and_why(void **state)
{
    (void)state;
    assert_not_created(folder, SSQL_CANNOT_OPEN, "Is a directory");
    assert_not_created(in_folder("absent/out"), SSQL_CANNOT_OPEN, "No such file");
    assert_not_created(in_folder("out/"), SSQL_CANNOT_OPEN, "No such file");
    put_file(in_folder("file"), "");
    assert_not_created(in_folder("file/below"), SSQL_CANNOT_OPEN, "Not a directory");
    if (geteuid() != 0) {
        assert_int_equal(chmod(in_folder("file"), 0444), 0);
        assert_not_created(in_folder("file"), SSQL_READ_ONLY, "Permission denied");
    }
}

#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, make_folder, remove_folder)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_FOLDER(a_file_is_read_and_read_again),
        IN_FOLDER(a_pipe_is_read_once),
        IN_FOLDER(what_cannot_be_read_says_which_path_and_why),
        IN_FOLDER(a_file_appears_when_it_is_finished),
        IN_FOLDER(an_old_file_stays_until_then_and_leaves_its_permissions),
        IN_FOLDER(a_link_stays_a_link),
        IN_FOLDER(a_device_is_written_in_place),
        IN_FOLDER(a_file_that_the_process_has_open_is_not_replaced),
        IN_FOLDER(an_open_file_is_read_from_where_it_stands),
        IN_FOLDER(a_ring_of_links_is_followed_for_a_while_only),
        IN_FOLDER(a_path_relative_to_here_works),
        IN_FOLDER(what_cannot_be_written_says_which_path_and_why),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
