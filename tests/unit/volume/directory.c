/* The directory volume: its lock, what it leaves on disk, permissions, damage and a full disk. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "volume/volume_directory.h"

static char parent[64];
static char path[96];
static struct ssql_error error;
static const struct volume_directory_options for_writing = {0};
static const struct volume_directory_options for_reading = {.read_only = true};
static const struct volume_directory_options existing = {.must_exist = true};

static int set_up(void **state)
{
    (void)state;
    error_clear(&error);
    strcpy(parent, "/tmp/ssql-volume-XXXXXX");
    if (mkdtemp(parent) == NULL)
        return -1;
    snprintf(path, sizeof path, "%s/db", parent);
    return 0;
}

static int tear_down(void **state)
{
    char command[256];

    (void)state;
    snprintf(command, sizeof command, "chmod -R u+w '%s' && rm -rf '%s'", parent, parent);
    return system(command) == 0 ? 0 : -1;
}

static struct volume *open_volume(const struct volume_directory_options *options)
{
    struct volume *volume = NULL;

    if (!volume_directory_open(path, options, &volume, &error))
        assert_null(volume);
    return volume;
}

static void swap(struct volume *volume, uint64_t version, const char *text)
{
    assert_int_equal(register_swap(volume, "manifest", &version, slice_of(text), &error), VOLUME_OK);
}

/* A database with a manifest and one object of five bytes. */
static void make_database(void)
{
    struct volume *volume = open_volume(&for_writing);
    struct object_writer *writer;

    assert_non_null(volume);
    swap(volume, 0, "value");
    assert_int_equal(object_create(volume, "tables/1/a", 0, &writer, &error), VOLUME_OK);
    assert_int_equal(object_append(writer, slice_of("hello"), &error), VOLUME_OK);
    assert_int_equal(object_finish(writer, &error), VOLUME_OK);
    volume_close(volume);
}

static bool exists(const char *name)
{
    char file[256];

    snprintf(file, sizeof file, "%s/%s", path, name);
    return access(file, F_OK) == 0;
}

static void change_byte(const char *name, long offset)
{
    char file[256];

    snprintf(file, sizeof file, "%s/%s", path, name);
    FILE *stream = fopen(file, "r+b");
    assert_non_null(stream);
    assert_int_equal(fseek(stream, offset, SEEK_SET), 0);
    int byte = fgetc(stream);
    assert_int_equal(fseek(stream, offset, SEEK_SET), 0);
    fputc(byte ^ 0x20, stream);
    assert_int_equal(fclose(stream), 0);
}

static void opening_and_closing_leaves_nothing(void **state)
{
    struct buffer value = {0};
    uint64_t version;

    (void)state;
    struct volume *volume = open_volume(&for_writing);
    assert_non_null(volume);
    assert_true(volume_is_writable(volume));
    assert_string_equal(volume_path(volume), path);
    assert_int_equal(register_read(volume, "manifest", &value, &version, &error), VOLUME_OK);
    assert_int_equal(version, 0);
    volume_close(volume);
    assert_int_not_equal(access(path, F_OK), 0);

    assert_int_equal(mkdir(path, 0777), 0);
    volume = open_volume(&for_writing);
    assert_non_null(volume);
    volume_close(volume);
    assert_int_equal(rmdir(path), 0);
}

static void what_was_written_is_there_after_reopening(void **state)
{
    struct buffer value = {0};
    struct object *object;
    uint64_t version;

    (void)state;
    make_database();
    struct volume *volume = open_volume(&existing);
    assert_non_null(volume);
    assert_int_equal(register_read(volume, "manifest", &value, &version, &error), VOLUME_OK);
    assert_int_equal(version, 1);
    assert_memory_equal(value.data, "value", 5);
    assert_int_equal(object_open(volume, "tables/1/a", 5, &object, &error), VOLUME_OK);
    object_close(object);
    buffer_clear(&value);
    volume_close(volume);
    assert_false(exists("manifest.next"));
    assert_false(exists("tables/1/a.part"));
}

static void a_second_writer_in_the_process_is_refused(void **state)
{
    (void)state;
    make_database();
    struct volume *first = open_volume(&for_writing);
    assert_non_null(first);
    assert_null(open_volume(&for_writing));
    assert_int_equal(error.code, SSQL_LOCKED);
    volume_close(first);
    first = open_volume(&for_writing);
    assert_non_null(first);
    volume_close(first);
}

static void a_writer_in_another_process_is_named(void **state)
{
    char holder[64];
    int ready[2], done[2];
    char byte = 0;

    (void)state;
    make_database();
    assert_int_equal(pipe(ready), 0);
    assert_int_equal(pipe(done), 0);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        struct volume *volume = open_volume(&for_writing);
        bool told = write(ready[1], volume != NULL ? "y" : "n", 1) == 1;
        close(done[1]);
        _exit(told && read(done[0], &byte, 1) >= 0 ? 0 : 1); /* without closing: the lock goes with the process */
    }
    close(done[0]);
    assert_int_equal(read(ready[0], &byte, 1), 1);
    assert_int_equal(byte, 'y');
    assert_null(open_volume(&for_writing));
    assert_int_equal(error.code, SSQL_LOCKED);
    snprintf(holder, sizeof holder, "(pid %d)", (int)child);
    assert_non_null(strstr(error.message, holder));
    assert_non_null(strstr(error.message, "is open in \""));
    assert_non_null(strstr(error.hint, "read-only"));
    struct volume *reader = open_volume(&for_reading);
    assert_non_null(reader);
    volume_close(reader);
    close(done[1]);
    assert_int_equal(waitpid(child, NULL, 0), child);
    struct volume *volume = open_volume(&for_writing);
    assert_non_null(volume);
    volume_close(volume);
    close(ready[0]);
    close(ready[1]);
}

static void two_who_open_a_new_path_meet_at_the_first_write(void **state)
{
    uint64_t version = 0;

    (void)state;
    struct volume *first = open_volume(&for_writing);
    struct volume *second = open_volume(&for_writing);
    assert_non_null(first);
    assert_non_null(second);
    swap(first, 0, "mine");
    assert_int_equal(register_swap(second, "manifest", &version, slice_of("yours"), &error), VOLUME_UNAVAILABLE);
    assert_int_equal(error.code, SSQL_LOCKED);
    volume_close(first);
    assert_int_equal(register_swap(second, "manifest", &version, slice_of("yours"), &error), VOLUME_CONFLICT);
    volume_close(second);
}

static void a_reader_changes_nothing(void **state)
{
    struct object_writer *writer;
    struct volume_log *log;
    struct scratch *scratch;
    uint64_t version = 1;
    char file[256];

    (void)state;
    make_database();
    snprintf(file, sizeof file, "%s/lock", path);
    assert_int_equal(unlink(file), 0);
    struct volume *volume = open_volume(&for_reading);
    assert_non_null(volume);
    assert_false(volume_is_writable(volume));
    assert_int_equal(object_create(volume, "tables/1/b", 0, &writer, &error), VOLUME_UNAVAILABLE);
    assert_int_equal(error.code, SSQL_READ_ONLY);
    assert_int_equal(log_create(volume, "wal/1-1", 0, NULL, &log, &error), VOLUME_UNAVAILABLE);
    assert_int_equal(register_swap(volume, "manifest", &version, slice_of("x"), &error), VOLUME_UNAVAILABLE);
    assert_int_equal(object_delete(volume, "tables/1/a", &error), VOLUME_UNAVAILABLE);
    assert_int_equal(log_seal(volume, "wal/1-1", 0, &error), VOLUME_UNAVAILABLE);
    assert_int_equal(scratch_create(volume, &scratch, &error), VOLUME_OK);
    scratch_close(scratch);
    volume_close(volume);
    assert_false(exists("lock"));
    assert_false(exists("wal"));
}

static void what_is_no_database_is_told_apart(void **state)
{
    char file[256];

    (void)state;
    assert_null(open_volume(&existing));
    assert_int_equal(error.code, SSQL_CANNOT_OPEN);
    assert_null(open_volume(&for_reading));
    assert_non_null(strstr(error.message, "there is no database"));

    assert_int_equal(mkdir(path, 0777), 0);
    assert_null(open_volume(&for_reading));
    assert_non_null(strstr(error.message, "empty"));

    snprintf(file, sizeof file, "%s/holiday.jpg", path);
    FILE *stream = fopen(file, "w");
    assert_non_null(stream);
    assert_int_equal(fclose(stream), 0);
    assert_null(open_volume(&for_writing));
    assert_int_equal(error.code, SSQL_CANNOT_OPEN);
    assert_non_null(strstr(error.message, "no ssql database"));

    strcpy(path, file);
    assert_null(open_volume(&for_writing));
    assert_int_equal(error.code, SSQL_CANNOT_OPEN);
    assert_non_null(strstr(error.message, "is a file"));
}

static void missing_parents_are_not_made(void **state)
{
    struct volume *volume;

    (void)state;
    snprintf(path, sizeof path, "%s/no/db", parent);
    assert_false(volume_directory_open(path, &for_writing, &volume, &error));
    assert_int_equal(error.code, SSQL_CANNOT_OPEN);
    assert_non_null(strstr(error.message, path));
}

static void any_changed_byte_of_a_register_is_found(void **state)
{
    struct buffer value = {0};
    uint64_t version;

    (void)state;
    make_database();
    struct volume *volume = open_volume(&for_reading);
    assert_non_null(volume);
    for (long offset = 0; offset < 40 + 5; offset++) {
        change_byte("manifest", offset);
        enum volume_status status = register_read(volume, "manifest", &value, &version, &error);
        if (offset >= 8 && offset < 12)
            assert_int_equal(error.code, SSQL_CANNOT_OPEN); /* it says that its format is newer */
        else
            assert_int_equal(status, VOLUME_CORRUPT);
        assert_non_null(strstr(error.message, "manifest"));
        change_byte("manifest", offset);
    }
    assert_int_equal(register_read(volume, "manifest", &value, &version, &error), VOLUME_OK);
    volume_close(volume);
    volume = open_volume(&for_writing);
    assert_non_null(volume);
    change_byte("manifest", 41);
    version = 1;
    assert_int_equal(register_swap(volume, "manifest", &version, slice_of("x"), &error), VOLUME_CORRUPT);
    buffer_clear(&value);
    volume_close(volume);
}

/* Without privileges, since the superuser may write everywhere. */
static void a_directory_without_permission_is_read_only(void **state)
{
    int status;

    (void)state;
    make_database();
    assert_int_equal(chmod(parent, 0755), 0);
    assert_int_equal(chmod(path, 0555), 0);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        if (geteuid() == 0 && setuid(65534) != 0)
            _exit(2);
        struct volume *volume = open_volume(&for_writing);
        bool refused = volume == NULL && error.code == SSQL_READ_ONLY;
        struct volume *reader = open_volume(&for_reading);
        bool readable = reader != NULL;
        volume_close(volume);
        volume_close(reader);
        _exit(refused && readable ? 0 : 1);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
}

/* A limit on file sizes stands in for the full disk. */
static void no_space_is_told_and_goes_away(void **state)
{
    struct rlimit before, small;
    struct object_writer *writer;
    struct volume_log *log;
    uint8_t *bytes = calloc(1, 1 << 20);

    (void)state;
    assert_non_null(bytes);
    make_database();
    struct volume *volume = open_volume(&for_writing);
    assert_non_null(volume);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    signal(SIGXFSZ, SIG_IGN);
    small = (struct rlimit){.rlim_cur = 1 << 19, .rlim_max = before.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    assert_int_equal(object_create(volume, "tables/1/b", 0, &writer, &error), VOLUME_OK);
    assert_int_equal(object_append(writer, slice_make(bytes, 1 << 20), &error), VOLUME_NO_SPACE);
    assert_int_equal(error.code, SSQL_DISK_FULL);
    error_clear(&error);
    assert_int_equal(object_finish(writer, &error), VOLUME_NO_SPACE);
    assert_int_equal(error.code, SSQL_DISK_FULL);
    assert_int_equal(log_create(volume, "wal/1-1", 1 << 20, NULL, &log, &error), VOLUME_NO_SPACE);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    assert_false(exists("tables/1/b"));
    assert_false(exists("tables/1/b.part"));
    assert_false(exists("wal/1-1"));
    assert_int_equal(log_create(volume, "wal/1-1", 1 << 20, NULL, &log, &error), VOLUME_OK);
    log_close(log);
    volume_close(volume);
    free(bytes);
}

static void too_many_open_files_is_told(void **state)
{
    struct rlimit before, small;
    struct object *object;

    (void)state;
    make_database();
    struct volume *volume = open_volume(&for_writing);
    assert_non_null(volume);
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    small = (struct rlimit){.rlim_cur = 3, .rlim_max = before.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &small), 0);
    enum volume_status status = object_open(volume, "tables/1/a", 5, &object, &error);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
    assert_int_equal(status, VOLUME_UNAVAILABLE);
    assert_int_equal(error.code, SSQL_TOO_MANY_OPEN);
    assert_int_equal(object_open(volume, "tables/1/a", 5, &object, &error), VOLUME_OK);
    object_close(object);
    volume_close(volume);
}

static void a_preallocated_log_has_its_blocks(void **state)
{
    struct volume_log *log;
    struct stat status;
    char file[256];

    (void)state;
    struct volume *volume = open_volume(&for_writing);
    assert_non_null(volume);
    assert_int_equal(log_create(volume, "wal/1-1", 1 << 20, NULL, &log, &error), VOLUME_OK);
    snprintf(file, sizeof file, "%s/wal/1-1", path);
    assert_int_equal(stat(file, &status), 0);
    assert_int_equal(status.st_size, 1 << 20);
    assert_true(status.st_blocks * 512 >= 1 << 20);
    assert_int_equal(log_append(log, slice_of("abc"), &error), VOLUME_OK);
    assert_int_equal(log_sync(log, &error), VOLUME_OK);
    log_close(log);
    assert_int_equal(stat(file, &status), 0);
    assert_int_equal(status.st_size, 3);
    volume_close(volume);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
        TEST(opening_and_closing_leaves_nothing),
        TEST(what_was_written_is_there_after_reopening),
        TEST(a_second_writer_in_the_process_is_refused),
        TEST(a_writer_in_another_process_is_named),
        TEST(two_who_open_a_new_path_meet_at_the_first_write),
        TEST(a_reader_changes_nothing),
        TEST(what_is_no_database_is_told_apart),
        TEST(missing_parents_are_not_made),
        TEST(any_changed_byte_of_a_register_is_found),
        TEST(a_directory_without_permission_is_read_only),
        TEST(no_space_is_told_and_goes_away),
        TEST(too_many_open_files_is_told),
        TEST(a_preallocated_log_has_its_blocks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
