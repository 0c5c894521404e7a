/* Every system call of the directory volume fails, one after the other and for each of many reasons, under work of
 * every kind: what is reported done is done, what failed says why, nothing is half there, and no descriptor is lost. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "api/failing_memory.h"
#include "support/file_tree.h"
#include "volume/failing_system.h"
#include "volume/volume_directory.h"

enum { SMALL_SIZE = 77, BIG_SIZE = (1 << 20) + 7, LOG_SIZE = 8192 };

/* How far the work has come: each step is done when the next one begins. */
enum step {
    STEP_OPEN,
    STEP_FIRST_VALUE,
    STEP_OBJECT,
    STEP_READ_OBJECT,
    STEP_LOG,
    STEP_READ_LOG,
    STEP_SEAL,
    STEP_RECYCLE,
    STEP_SECOND_VALUE,
    STEP_SCRATCH,
    STEP_LINK,
    STEP_LIST,
    STEP_DELETE,
    STEP_END,
};

static char parent[64], path[96], other_path[96];
static uint8_t bytes_of_object[BIG_SIZE];
static size_t object_size = SMALL_SIZE; /* only the big one is written in more than one piece */
static struct ssql_error error;
static bool entries_vanish; /* what a listing looks at may be gone by then */

static int set_up(void **state)
{
    (void)state;
    memset(bytes_of_object, 'b', BIG_SIZE);
    /* Thousands of files come and go: in memory, where there is such a place. */
    snprintf(parent, sizeof parent, "%s/ssql-volume-XXXXXX", access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
    if (mkdtemp(parent) == NULL)
        return -1;
    snprintf(path, sizeof path, "%s/db", parent);
    snprintf(other_path, sizeof other_path, "%s/other", parent);
    return 0;
}

static void remove_both(void)
{
    remove_tree(path);
    remove_tree(other_path);
}

static int tear_down(void **state)
{
    (void)state;
    remove_tree(parent);
    return 0;
}

/* ---- the work ---- */

static enum volume_status write_object(struct volume *volume)
{
    struct object_writer *writer;
    enum volume_status status = object_create(volume, "tables/1/a", object_size + 100, &writer, &error);

    if (status != VOLUME_OK)
        return status;
    /* A failure is kept until the end. */
    enum volume_status first = object_append(writer, slice_make(bytes_of_object, 3), &error);
    enum volume_status second = object_append(writer, slice_make(bytes_of_object + 3, object_size - 3), &error);
    status = object_finish(writer, &error);
    assert_true(status != VOLUME_OK || (first == VOLUME_OK && second == VOLUME_OK));
    return status;
}

static enum volume_status read_object(struct volume *volume)
{
    static uint8_t back[BIG_SIZE];
    const struct object_range ranges[] = {{0, back, 10}, {10, back + 10, object_size - 10}};
    struct object *object;
    enum volume_status status = object_open(volume, "tables/1/a", object_size, &object, &error);

    if (status != VOLUME_OK)
        return status;
    status = object_read(object, ranges, 2, &error);
    object_close(object);
    if (status == VOLUME_OK)
        assert_memory_equal(back, bytes_of_object, object_size);
    return status;
}

static enum volume_status write_log(struct volume *volume, const char *name, const char *recycle)
{
    struct volume_log *log;
    enum volume_status status = log_create(volume, name, LOG_SIZE, recycle, &log, &error);

    if (status != VOLUME_OK)
        return status;
    status = log_append(log, slice_of("some bytes"), &error);
    if (status == VOLUME_OK)
        status = log_sync(log, &error);
    assert_int_equal(log_size(log), status == VOLUME_OK || status == VOLUME_UNKNOWN ? 10 : 0);
    if (status == VOLUME_UNKNOWN) {
        assert_int_equal(log_sync(log, &error), VOLUME_UNKNOWN);
        assert_int_equal(log_append(log, slice_of("more"), &error), VOLUME_UNKNOWN);
    }
    log_close(log);
    return status;
}

static enum volume_status read_log(struct volume *volume, const char *name)
{
    struct log_reader *reader;
    uint8_t bytes[10];
    size_t got;
    enum volume_status status = log_open_reader(volume, name, &reader, &error);

    if (status != VOLUME_OK)
        return status;
    status = log_read(reader, 0, bytes, sizeof bytes, &got, &error);
    log_close_reader(reader);
    if (status == VOLUME_OK && got < sizeof bytes)
        return error_set(&error, SSQL_CORRUPT, NO_SPAN, "the log ends early") ? VOLUME_OK : VOLUME_CORRUPT;
    if (status == VOLUME_OK)
        assert_memory_equal(bytes, "some bytes", sizeof bytes);
    return status;
}

static enum volume_status use_scratch(struct volume *volume)
{
    struct scratch *scratch;
    uint8_t bytes[4];
    enum volume_status status = scratch_create(volume, &scratch, &error);

    if (status != VOLUME_OK)
        return status;
    status = scratch_append(scratch, slice_of("spilled"), &error);
    assert_int_equal(scratch_size(scratch), status == VOLUME_OK ? 7 : 0);
    if (status == VOLUME_OK)
        status = scratch_read(scratch, 3, bytes, sizeof bytes, &error);
    scratch_close(scratch);
    if (status == VOLUME_OK)
        assert_memory_equal(bytes, "lled", sizeof bytes);
    return status;
}

static enum volume_status link_object(struct volume *volume)
{
    struct volume_directory_options options = {0};
    struct volume *other;
    bool is_linked;

    if (!volume_directory_open(other_path, &options, &other, &error))
        return VOLUME_UNAVAILABLE;
    enum volume_status status = object_link(volume, "tables/1/a", object_size, other, &is_linked, &error);
    struct object *object = NULL;
    if (status == VOLUME_OK && is_linked)
        status = object_open(other, "tables/1/a", object_size, &object, &error);
    object_close(object);
    volume_directory_discard(other); /* it has no manifest: what goes wrong here has nobody to tell */
    volume_close(other);
    return status;
}

static bool note_name(void *context, const char *name, uint64_t size)
{
    unsigned *seen = context;

    if (strcmp(name, "tables/1/a") == 0 && size == object_size)
        *seen |= 1;
    if (strcmp(name, "wal/1-2") == 0 && size >= 10)
        *seen |= 2;
    return true;
}

static enum volume_status list(struct volume *volume)
{
    unsigned seen = 0;
    enum volume_status status = volume_list(volume, note_name, &seen, &error);

    if (status == VOLUME_OK)
        assert_true(seen == 3 || entries_vanish);
    return status;
}

static enum volume_status run_step(struct volume *volume, enum step step, uint64_t *version)
{
    struct buffer value = {0};
    enum volume_status status = VOLUME_OK;

    switch (step) {
    case STEP_OPEN:
    case STEP_END: break;
    case STEP_FIRST_VALUE: return register_swap(volume, "manifest", version, slice_of("first"), &error);
    case STEP_OBJECT: return write_object(volume);
    case STEP_READ_OBJECT: return read_object(volume);
    case STEP_LOG: return write_log(volume, "wal/1-1", NULL);
    case STEP_READ_LOG: return read_log(volume, "wal/1-1");
    case STEP_SEAL: return log_seal(volume, "wal/1-1", 10, &error);
    case STEP_RECYCLE: return write_log(volume, "wal/1-2", "wal/1-1");
    case STEP_SECOND_VALUE:
        status = register_read(volume, "manifest", &value, version, &error);
        buffer_clear(&value);
        return status != VOLUME_OK ? status : register_swap(volume, "manifest", version, slice_of("second"), &error);
    case STEP_SCRATCH: return use_scratch(volume);
    case STEP_LINK: return link_object(volume);
    case STEP_LIST: return list(volume);
    case STEP_DELETE:
        status = object_delete(volume, "tables/1/a", &error);
        return status != VOLUME_OK ? status : log_delete(volume, "wal/1-2", &error);
    }
    return status;
}

/* Says which step failed (STEP_END: none), and with what. */
static enum step work(enum volume_status *status)
{
    const struct volume_directory_options options = {0};
    struct volume *volume;
    uint64_t version = 0;
    enum step step = STEP_OPEN;

    *status = VOLUME_OK;
    if (!volume_directory_open(path, &options, &volume, &error)) {
        assert_null(volume);
        *status = VOLUME_UNAVAILABLE;
        return STEP_OPEN;
    }
    while (step < STEP_END && (*status = run_step(volume, step, &version)) == VOLUME_OK)
        step++;
    volume_close(volume);
    return step;
}

/* ---- what is there afterwards ---- */

static bool exists(const char *name)
{
    char file[160];

    snprintf(file, sizeof file, "%s/%s", path, name);
    return access(file, F_OK) == 0;
}

/* 0: none; 1, 2: the first, the second. */
static int value_now(void)
{
    const struct volume_directory_options options = {.must_exist = true};
    struct buffer value = {0};
    struct volume *volume;
    uint64_t version;

    if (!exists("manifest"))
        return 0;
    assert_true(volume_directory_open(path, &options, &volume, &error)); /* the lock is free */
    assert_int_equal(register_read(volume, "manifest", &value, &version, &error), VOLUME_OK);
    assert_true(version == 1 || version == 2);
    assert_int_equal(value.size, version == 1 ? 5 : 6);
    assert_memory_equal(value.data, version == 1 ? "first" : "second", value.size);
    buffer_clear(&value);
    volume_close(volume);
    return (int)version;
}

/* A step that failed has changed nothing, unless it says that this is not known. */
static void assert_as_reported(enum step failed, enum volume_status status)
{
    bool is_unknown = status == VOLUME_UNKNOWN;
    int value = value_now();

    assert_true(value == (failed > STEP_FIRST_VALUE) + (failed > STEP_SECOND_VALUE) ||
                (is_unknown && failed == STEP_FIRST_VALUE && value == 1) ||
                (is_unknown && failed == STEP_SECOND_VALUE && value == 2));
    assert_false(exists("manifest.next"));
    assert_false(exists("tables/1/a.part"));
    if (failed > STEP_OBJECT && failed < STEP_DELETE)
        assert_true(exists("tables/1/a"));
    if (failed < STEP_OBJECT || (failed == STEP_OBJECT && !is_unknown))
        assert_false(exists("tables/1/a"));
    if (failed > STEP_LOG && failed < STEP_RECYCLE)
        assert_true(exists("wal/1-1"));
    if (failed > STEP_RECYCLE && failed < STEP_DELETE)
        assert_true(exists("wal/1-2"));
    if (failed == STEP_END)
        assert_false(exists("tables/1/a") || exists("wal/1-2"));
}

static void assert_says_why(enum volume_status status)
{
    assert_int_not_equal(status, VOLUME_OK);
    assert_int_not_equal(error.code, SSQL_OK);
    assert_true(error.message[0] != '\0');
    if (status == VOLUME_UNKNOWN)
        assert_int_equal(error.code, SSQL_UNKNOWN_OUTCOME);
    if (status == VOLUME_NO_SPACE)
        assert_int_equal(error.code, SSQL_DISK_FULL);
}

/* ---- the sweeps ---- */

/* Some steps end well without the call that failed: space is not reserved, a holder is not named. */
static bool sweep_once(uint64_t calls, long after, int number)
{
    unsigned descriptors = count_descriptors();
    enum volume_status status;

    remove_both();
    error_clear(&error);
    system_fail((struct system_fault){.calls = calls, .after = after, .number = number});
    enum step failed = work(&status);
    bool has_struck = system_recover();

    if (failed != STEP_END)
        assert_says_why(status);
    assert_int_equal(count_descriptors(), descriptors);
    assert_as_reported(failed, status);
    if (!has_struck)
        assert_int_equal(failed, STEP_END);
    return has_struck;
}

static void sweep(uint64_t calls, int number)
{
    long after = 0;

    while (sweep_once(calls, after, number))
        after++;
    assert_true(after > 0);
}

static void work_ends_well_when_nothing_fails(void **state)
{
    enum volume_status status;

    (void)state;
    assert_int_equal(work(&status), STEP_END);
    assert_as_reported(STEP_END, VOLUME_OK);
}

static void every_call_fails_for_no_special_reason(void **state)
{
    (void)state;
    sweep(EVERY_CALL & ~BIT(CALL_CLOSE), EIO);
    object_size = BIG_SIZE;
    sweep(BIT(CALL_PREAD) | BIT(CALL_PWRITE) | BIT(CALL_SYNC_FILE_RANGE), EIO);
    object_size = SMALL_SIZE;
}

static void every_call_finds_what_a_file_system_may_lack(void **state)
{
    (void)state;
    sweep(BIT(CALL_RENAMEAT2) | BIT(CALL_FALLOCATE) | BIT(CALL_LINKAT) | BIT(CALL_FSYNC) | BIT(CALL_OPENAT),
          EOPNOTSUPP);
    sweep(BIT(CALL_RENAMEAT2) | BIT(CALL_FALLOCATE) | BIT(CALL_LINKAT), ENOSYS);
    object_size = BIG_SIZE;
    sweep(BIT(CALL_SYNC_FILE_RANGE), ENOSYS);
    object_size = SMALL_SIZE;
    sweep(BIT(CALL_RENAMEAT2) | BIT(CALL_FSYNC), EINVAL);
}

static void a_call_that_a_signal_ends_is_made_again(void **state)
{
    enum volume_status status;

    (void)state;
    for (long after = 0;; after++) {
        remove_both();
        system_fail(
            (struct system_fault){.calls = BIT(CALL_PREAD) | BIT(CALL_PWRITE) | BIT(CALL_FALLOCATE) | BIT(CALL_FCNTL),
                                  .after = after,
                                  .number = EINTR});
        assert_int_equal(work(&status), STEP_END);
        if (!system_recover())
            break;
    }
    sweep(BIT(CALL_OPENAT), EINTR);
}

static void a_call_that_does_half_is_made_for_the_rest(void **state)
{
    enum volume_status status;

    (void)state;
    for (long after = 0;; after++) {
        remove_both();
        system_fail(
            (struct system_fault){.calls = BIT(CALL_PREAD) | BIT(CALL_PWRITE), .after = after, .number = CALL_HALVES});
        assert_int_equal(work(&status), STEP_END);
        if (!system_recover())
            break;
    }
}

static void what_ends_early_is_noticed(void **state)
{
    (void)state;
    sweep(BIT(CALL_PREAD) | BIT(CALL_PWRITE), CALL_ENDS);
}

static void a_full_disk_stops_the_work_and_nothing_more(void **state)
{
    (void)state;
    sweep(BIT(CALL_OPENAT) | BIT(CALL_MKDIR) | BIT(CALL_MKDIRAT) | BIT(CALL_PWRITE) | BIT(CALL_FALLOCATE) |
              BIT(CALL_FSYNC) | BIT(CALL_RENAMEAT) | BIT(CALL_RENAMEAT2) | BIT(CALL_LINKAT),
          ENOSPC);
}

static void missing_permission_stops_the_work_and_nothing_more(void **state)
{
    (void)state;
    sweep(BIT(CALL_OPEN) | BIT(CALL_OPENAT) | BIT(CALL_MKDIR) | BIT(CALL_MKDIRAT) | BIT(CALL_UNLINKAT) |
              BIT(CALL_LINKAT) | BIT(CALL_ACCESS) | BIT(CALL_FACCESSAT) | BIT(CALL_FCNTL),
          EACCES);
}

static void what_is_suddenly_gone_stops_the_work_and_nothing_more(void **state)
{
    (void)state;
    entries_vanish = true;
    sweep(BIT(CALL_OPEN) | BIT(CALL_OPENAT) | BIT(CALL_FSTATAT) | BIT(CALL_LINKAT) | BIT(CALL_ACCESS), ENOENT);
    entries_vanish = false;
}

/* Allocations by the volume and those within the C library, which the program cannot lead elsewhere. */
static void every_allocation_fails(void **state)
{
    enum volume_status status;
    unsigned descriptors = count_descriptors();

    (void)state;
    for (long after = 0;; after++) {
        remove_both();
        error_clear(&error);
        memory_start_failing(after, false);
        enum step failed = work(&status);
        memory_stop_failing();
        if (!memory_has_failed())
            break;
        assert_true(failed == STEP_END || error.code == SSQL_NO_MEMORY); /* discarding goes without */
        assert_int_equal(count_descriptors(), descriptors);
        assert_as_reported(failed, status);
    }
    sweep(BIT(CALL_STRDUP) | BIT(CALL_STRNDUP) | BIT(CALL_MMAP) | BIT(CALL_FDOPENDIR), ENOMEM);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
        TEST(work_ends_well_when_nothing_fails),
        TEST(every_call_fails_for_no_special_reason),
        TEST(every_call_finds_what_a_file_system_may_lack),
        TEST(a_call_that_a_signal_ends_is_made_again),
        TEST(a_call_that_does_half_is_made_for_the_rest),
        TEST(what_ends_early_is_noticed),
        TEST(a_full_disk_stops_the_work_and_nothing_more),
        TEST(missing_permission_stops_the_work_and_nothing_more),
        TEST(what_is_suddenly_gone_stops_the_work_and_nothing_more),
        TEST(every_allocation_fails),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
