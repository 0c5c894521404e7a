/* The directory volume and single failures of the system: what each reason is taken for, what stands in for what a file
 * system lacks, and what others do to the directory in between. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "base/bytes.h"
#include "volume/directory_fixture.h"
#include "volume/volume_memory.h"

/* ---- what reasons are taken for ---- */

static void a_reason_not_to_read_has_its_status_and_its_code(void **state)
{
    static const struct {
        int number;
        enum volume_status status;
        enum ssql_code code;
    } reasons[] = {
        {ENOENT, VOLUME_NOT_FOUND, SSQL_CANNOT_OPEN},     {ENOTDIR, VOLUME_NOT_FOUND, SSQL_CANNOT_OPEN},
        {ENOMEM, VOLUME_UNAVAILABLE, SSQL_NO_MEMORY},     {EMFILE, VOLUME_UNAVAILABLE, SSQL_TOO_MANY_OPEN},
        {ENFILE, VOLUME_UNAVAILABLE, SSQL_TOO_MANY_OPEN}, {EIO, VOLUME_UNAVAILABLE, SSQL_IO},
    };
    struct volume *volume = make_database();

    (void)state;
    for (size_t i = 0; i < sizeof reasons / sizeof *reasons; i++) {
        struct object *object;
        system_fail_once(CALL_OPENAT, reasons[i].number);
        assert_int_equal(object_open(volume, "tables/1/a", 5, &object, &error), reasons[i].status);
        assert_int_equal(error.code, reasons[i].code);
        assert_true(system_recover());
    }
    volume_close(volume);
}

static void a_reason_not_to_write_has_its_status_and_its_code(void **state)
{
    static const struct {
        int number;
        enum volume_status status;
        enum ssql_code code;
    } reasons[] = {
        {ENOSPC, VOLUME_NO_SPACE, SSQL_DISK_FULL},    {EDQUOT, VOLUME_NO_SPACE, SSQL_DISK_FULL},
        {EFBIG, VOLUME_NO_SPACE, SSQL_DISK_FULL},     {EEXIST, VOLUME_EXISTS, SSQL_INTERNAL},
        {EROFS, VOLUME_UNAVAILABLE, SSQL_READ_ONLY},  {EACCES, VOLUME_UNAVAILABLE, SSQL_READ_ONLY},
        {EPERM, VOLUME_UNAVAILABLE, SSQL_READ_ONLY},  {EIO, VOLUME_UNAVAILABLE, SSQL_IO},
        {ENOMEM, VOLUME_UNAVAILABLE, SSQL_NO_MEMORY},
    };
    struct volume *volume = make_database();
    uint64_t version = 1;

    (void)state;
    for (size_t i = 0; i < sizeof reasons / sizeof *reasons; i++) {
        system_fail_once(CALL_RENAMEAT, reasons[i].number);
        assert_int_equal(register_swap(volume, "manifest", &version, slice_of("new"), &error), reasons[i].status);
        assert_int_equal(error.code, reasons[i].code);
        assert_int_equal(version, 1);
        assert_false(exists("manifest.next"));
        assert_true(system_recover());
    }
    volume_close(volume);
}

/* ---- what a file system lacks ---- */

static void renaming_without_replacing_is_done_by_looking_first(void **state)
{
    struct object_writer *writer;
    struct volume *volume = make_database();

    (void)state;
    system_fail_always(CALL_RENAMEAT2, EINVAL);
    write_object(volume, "tables/1/b");
    assert_true(exists("tables/1/b"));

    assert_int_equal(object_create(volume, "tables/1/c", 0, &writer, &error), VOLUME_OK);
    make_file("tables/1/c", "somebody else's");
    assert_int_equal(object_finish(writer, &error), VOLUME_EXISTS);
    assert_false(exists("tables/1/c.part"));

    system_fail_once(CALL_RENAMEAT, EIO);
    assert_int_equal(object_create(volume, "tables/1/d", 0, &writer, &error), VOLUME_OK);
    assert_int_equal(object_finish(writer, &error), VOLUME_UNAVAILABLE);
    assert_int_equal(error.code, SSQL_IO);
    assert_false(exists("tables/1/d") || exists("tables/1/d.part"));
    assert_true(system_recover());
    volume_close(volume);
}

static void a_log_without_fallocate_is_filled_with_zeros(void **state)
{
    enum { SIZE = 100000 };
    struct volume *volume = make_database();
    struct volume_log *log;
    struct stat status;

    (void)state;
    system_fail_always(CALL_FALLOCATE, EOPNOTSUPP);
    assert_int_equal(log_create(volume, "wal/1-1", SIZE, NULL, &log, &error), VOLUME_OK);
    assert_int_equal(stat(inside("wal/1-1"), &status), 0);
    assert_int_equal(status.st_size, SIZE);
    log_close(log);

    system_fail_once(CALL_PWRITE, ENOSPC);
    assert_int_equal(log_create(volume, "wal/1-2", SIZE, NULL, &log, &error), VOLUME_NO_SPACE);
    assert_false(exists("wal/1-2"));
    system_fail_once(CALL_FSTAT, EIO);
    assert_int_equal(log_create(volume, "wal/1-3", SIZE, NULL, &log, &error), VOLUME_UNAVAILABLE);
    assert_int_equal(error.code, SSQL_IO);
    assert_false(exists("wal/1-3"));
    assert_true(system_recover());
    assert_int_equal(log_create(volume, "wal/1-4", UINT64_MAX, NULL, &log, &error), VOLUME_NO_SPACE);
    volume_close(volume);
}

static void scratch_without_unnamed_files_takes_one_whose_name_is_gone(void **state)
{
    static const int lacking[] = {EOPNOTSUPP, EISDIR, ENOENT};
    struct volume *volume = make_database();
    struct scratch *scratch;
    uint8_t bytes[5];

    (void)state;
    for (size_t i = 0; i < sizeof lacking / sizeof *lacking; i++) {
        system_fail_once(CALL_OPENAT, lacking[i]);
        assert_int_equal(scratch_create(volume, &scratch, &error), VOLUME_OK);
        assert_int_equal(scratch_append(scratch, slice_of("12345"), &error), VOLUME_OK);
        assert_int_equal(scratch_read(scratch, 0, bytes, 5, &error), VOLUME_OK);
        assert_memory_equal(bytes, "12345", 5);
        scratch_close(scratch);
        assert_true(system_recover());
    }
    DIR *stream = opendir(path);
    assert_non_null(stream);
    for (const struct dirent *entry; (entry = readdir(stream)) != NULL;)
        assert_null(strstr(entry->d_name, "scratch"));
    closedir(stream);

    system_fail((struct system_fault){.calls = BIT(CALL_OPENAT), .number = EISDIR, .for_ever = true});
    assert_int_equal(scratch_create(volume, &scratch, &error), VOLUME_UNAVAILABLE); /* no directory */
    assert_true(system_recover());
    system_fail_once(CALL_OPENAT, EISDIR);
    system_fail((struct system_fault){.calls = BIT(CALL_OPENAT), .number = ENOSPC, .after = 1}); /* no named file */
    assert_int_equal(scratch_create(volume, &scratch, &error), VOLUME_NO_SPACE);
    assert_true(system_recover());
    volume_close(volume);
}

static void scratch_of_a_reader_is_where_temporary_files_are(void **state)
{
    const char *const places[] = {parent, "", NULL};
    struct volume *volume;
    struct scratch *scratch;
    char absent[96];

    (void)state;
    volume_close(make_database());
    volume = open_with(&for_reading);
    assert_non_null(volume);
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        if (places[i] == NULL)
            unsetenv("TMPDIR");
        else
            setenv("TMPDIR", places[i], 1);
        assert_int_equal(scratch_create(volume, &scratch, &error), VOLUME_OK);
        scratch_close(scratch);
    }
    snprintf(absent, sizeof absent, "%s/absent", parent);
    setenv("TMPDIR", absent, 1);
    assert_int_equal(scratch_create(volume, &scratch, &error), VOLUME_NOT_FOUND);
    unsetenv("TMPDIR");
    volume_close(volume);
}

static void a_parent_that_cannot_be_synced_is_let_be(void **state)
{
    static const int numbers[] = {EACCES, EINVAL};
    static const enum system_call calls[] = {CALL_OPENAT, CALL_FSYNC};

    (void)state;
    for (int i = 0; i < 2; i++) {
        struct volume *volume = open_with(&for_writing);
        uint64_t version = 0;
        system_fail_once(calls[i], numbers[i]);
        assert_int_equal(register_swap(volume, "manifest", &version, slice_of("value"), &error), VOLUME_OK);
        assert_true(system_recover());
        volume_close(volume);
        remove_tree(path);
    }
}

/* ---- many subdirectories ---- */

static void subdirectories_are_told_apart_by_their_whole_names(void **state)
{
    struct volume *volume = make_database();
    char name[VOLUME_NAME_SIZE];

    (void)state;
    for (int i = 119; i >= 10; i -= i > 100 ? 1 : 10) { /* 119, 118, …, 100, 90, …: also what others begin with */
        snprintf(name, sizeof name, "tables/%d/a", i);
        write_object(volume, name);
        assert_true(exists(name));
    }
    write_object(volume, "tables/11/a");
    assert_true(exists("tables/11/a"));
    volume_close(volume);
}

/* ---- damage ---- */

/* A register's file whose checksum is right, whatever its header says. */
static void write_sealed(uint32_t format, uint32_t reserved, uint64_t version, uint64_t size, const char *value)
{
    uint8_t file[64] = "ssqlreg\n";

    store_u32le(file + 8, format);
    store_u32le(file + 12, reserved);
    store_u64le(file + 16, version);
    store_u64le(file + 24, size);
    memcpy(file + 40, value, strlen(value));
    uint64_t seed = XXH3_64bits_withSeed(file, 32, XXH3_64bits("manifest", 8));
    store_u64le(file + 32, XXH3_64bits_withSeed(value, strlen(value), seed));
    FILE *stream = fopen(inside("manifest"), "wb");
    assert_non_null(stream);
    assert_int_equal(fwrite(file, 1, 40 + strlen(value), stream), 40 + strlen(value));
    assert_int_equal(fclose(stream), 0);
}

static void a_register_is_not_believed_for_its_checksum_alone(void **state)
{
    struct volume *volume = make_database();
    struct buffer value = {0};
    uint64_t version;

    (void)state;
    write_sealed(1, 0, 7, 3, "abc");
    assert_int_equal(register_read(volume, "manifest", &value, &version, &error), VOLUME_OK);
    assert_int_equal(version, 7);
    static const uint64_t headers[][4] = {{0, 0, 7, 3}, {1, 1, 7, 3}, {1, 0, 0, 3}, {1, 0, 7, 4}};
    for (size_t i = 0; i < 4; i++) {
        write_sealed((uint32_t)headers[i][0], (uint32_t)headers[i][1], headers[i][2], headers[i][3], "abc");
        assert_int_equal(register_read(volume, "manifest", &value, &version, &error), VOLUME_CORRUPT);
        assert_int_equal(version, 0);
        assert_int_equal(register_read(volume, "manifest", &value, &version, NULL), VOLUME_CORRUPT);
    }
    assert_int_equal(unlink(inside("manifest")), 0);
    assert_int_equal(mkdir(inside("manifest"), 0777), 0);
    assert_int_equal(register_read(volume, "manifest", &value, &version, &error), VOLUME_CORRUPT);
    assert_int_equal(register_read(volume, "manifest", &value, &version, NULL), VOLUME_CORRUPT);
    assert_int_equal(rmdir(inside("manifest")), 0);
    make_file("manifest", "");
    assert_int_equal(truncate(inside("manifest"), 40 + REGISTER_LARGEST + 1), 0);
    assert_int_equal(register_read(volume, "manifest", &value, &version, &error), VOLUME_CORRUPT);
    system_fail_once(CALL_FSTAT, EIO);
    assert_int_equal(register_read(volume, "manifest", &value, &version, &error), VOLUME_UNAVAILABLE);
    assert_true(system_recover());
    buffer_clear(&value);
    volume_close(volume);
}

static void an_object_that_is_no_file_or_shrinks_is_corrupt(void **state)
{
    struct volume *volume = make_database();
    struct object *object;
    uint8_t byte;
    const struct object_range range = {4, &byte, 1}, beyond = {UINT64_MAX - 3, &byte, 1};

    (void)state;
    assert_int_equal(mkdir(inside("tables/1/b"), 0777), 0);
    assert_int_equal(object_open(volume, "tables/1/b", 4096, &object, &error), VOLUME_CORRUPT);
    assert_int_equal(object_open(volume, "tables/1/a", 5, &object, &error), VOLUME_OK);
    assert_int_equal(object_read(object, &beyond, 1, &error), VOLUME_UNAVAILABLE);
    assert_int_equal(truncate(inside("tables/1/a"), 4), 0);
    assert_int_equal(object_read(object, &range, 1, &error), VOLUME_CORRUPT);
    assert_error(SSQL_CORRUPT, "tables/1/a");
    object_close(object);
    volume_close(volume);
}

static void a_writer_that_failed_fails_until_its_end(void **state)
{
    static uint8_t bytes[3 << 20];
    struct volume *volume = make_database();
    struct object_writer *writer;

    (void)state;
    assert_int_equal(object_create(volume, "tables/1/b", 0, &writer, &error), VOLUME_OK);
    assert_int_equal(object_append(writer, slice_make(bytes, 0), &error), VOLUME_OK);
    assert_int_equal(object_append(writer, slice_make(bytes, 1 << 20), &error), VOLUME_OK);
    system_fail_once(CALL_PWRITE, ENOSPC);
    assert_int_equal(object_append(writer, slice_make(bytes, sizeof bytes), NULL), VOLUME_NO_SPACE);
    assert_true(system_recover());
    assert_int_equal(object_append(writer, slice_make(bytes, 1), &error), VOLUME_NO_SPACE);
    assert_error(SSQL_DISK_FULL, "tables/1/b");
    assert_int_equal(object_finish(writer, NULL), VOLUME_NO_SPACE);
    assert_false(exists("tables/1/b") || exists("tables/1/b.part"));
    volume_close(volume);
}

/* ---- a volume that is not there yet, or is another's ---- */

static void nothing_is_in_a_volume_before_its_first_write(void **state)
{
    struct volume *volume = open_with(&for_writing), *memory;
    struct object *object;
    bool is_linked = true;

    (void)state;
    assert_non_null(volume);
    assert_int_equal(object_open(volume, "tables/1/a", 5, &object, &error), VOLUME_NOT_FOUND);
    assert_int_equal(object_delete(volume, "tables/1/a", &error), VOLUME_OK);
    assert_int_equal(object_link(volume, "tables/1/a", 5, volume, &is_linked, &error), VOLUME_OK);
    assert_false(is_linked);
    assert_true(volume_memory_create(&memory, &error));
    is_linked = true;
    assert_int_equal(object_link(memory, "tables/1/a", 5, volume, &is_linked, &error), VOLUME_OK);
    assert_false(is_linked);
    volume_close(memory);
    volume_close(volume);
    assert_int_not_equal(access(path, F_OK), 0);
}

static void without_the_lock_nothing_is_deleted_or_sealed(void **state)
{
    struct volume *first, *second;

    (void)state;
    assert_int_equal(mkdir(path, 0777), 0);
    second = open_with(&for_writing); /* an empty directory is locked with the first write */
    assert_non_null(second);
    first = make_database();
    assert_int_equal(object_delete(second, "tables/1/a", &error), VOLUME_UNAVAILABLE);
    assert_int_equal(error.code, SSQL_LOCKED);
    assert_int_equal(log_seal(second, "wal/1-1", 0, &error), VOLUME_UNAVAILABLE);
    assert_true(exists("tables/1/a"));
    volume_close(first);
    volume_close(second);
}

static void a_holder_that_cannot_be_named_is_another_process(void **state)
{
    struct volume *volume = make_database();

    (void)state;
    make_file("lock", "not a number");
    assert_null(open_with(&for_writing));
    assert_error(SSQL_LOCKED, "in another process");
    system_fail_once(CALL_FCNTL, EACCES);
    make_file("lock", "4711 app\n");
    assert_null(open_with(&for_writing));
    assert_error(SSQL_LOCKED, "\"app\" (pid 4711)");
    assert_true(system_recover());
    system_fail_once(CALL_FCNTL, ENOLCK);
    assert_null(open_with(&for_writing));
    assert_error(SSQL_IO, "lock");
    assert_true(system_recover());
    volume_close(volume);
}

/* ---- links ---- */

static void what_cannot_be_linked_is_left_to_a_copy(void **state)
{
    static const int lacking[] = {EXDEV, EPERM, EACCES, EMLINK, EOPNOTSUPP, ENOSYS, ENOENT};
    char other_path[96];
    struct volume *volume = make_database(), *other;
    bool is_linked;

    (void)state;
    snprintf(other_path, sizeof other_path, "%s/other", parent);
    assert_true(volume_directory_open(other_path, &for_writing, &other, &error));
    for (size_t i = 0; i < sizeof lacking / sizeof *lacking; i++) {
        system_fail_once(CALL_LINKAT, lacking[i]);
        assert_int_equal(object_link(volume, "tables/1/a", 5, other, &is_linked, &error), VOLUME_OK);
        assert_false(is_linked);
        assert_true(system_recover());
    }
    system_fail_once(CALL_LINKAT, EIO);
    assert_int_equal(object_link(volume, "tables/1/a", 5, other, &is_linked, &error), VOLUME_UNAVAILABLE);
    assert_false(is_linked);
    assert_true(system_recover());

    assert_int_equal(object_link(volume, "tables/1/a", 6, other, &is_linked, &error), VOLUME_CORRUPT);
    assert_false(is_linked);
    assert_int_equal(symlink("a", inside("tables/1/link")), 0);
    assert_int_equal(object_link(volume, "tables/1/link", 1, other, &is_linked, &error), VOLUME_CORRUPT);
    assert_false(is_linked);

    assert_int_equal(object_link(volume, "tables/1/a", 5, other, &is_linked, &error), VOLUME_OK);
    assert_true(is_linked);
    assert_int_equal(object_link(volume, "tables/1/a", 5, other, &is_linked, &error), VOLUME_EXISTS);
    volume_close(other);
    volume_close(volume);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
        TEST(a_reason_not_to_read_has_its_status_and_its_code),
        TEST(a_reason_not_to_write_has_its_status_and_its_code),
        TEST(renaming_without_replacing_is_done_by_looking_first),
        TEST(a_log_without_fallocate_is_filled_with_zeros),
        TEST(scratch_without_unnamed_files_takes_one_whose_name_is_gone),
        TEST(scratch_of_a_reader_is_where_temporary_files_are),
        TEST(a_parent_that_cannot_be_synced_is_let_be),
        TEST(subdirectories_are_told_apart_by_their_whole_names),
        TEST(a_register_is_not_believed_for_its_checksum_alone),
        TEST(an_object_that_is_no_file_or_shrinks_is_corrupt),
        TEST(a_writer_that_failed_fails_until_its_end),
        TEST(nothing_is_in_a_volume_before_its_first_write),
        TEST(without_the_lock_nothing_is_deleted_or_sealed),
        TEST(a_holder_that_cannot_be_named_is_another_process),
        TEST(what_cannot_be_linked_is_left_to_a_copy),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
