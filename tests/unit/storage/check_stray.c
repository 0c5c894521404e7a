/* What a check says of files and logs that no manifest names, of marks of backups, and when descriptors run out. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "storage/backup_mark.h"
#include "storage/check.h"
#include "storage/wal_format.h"
#include "support/backup_fixture.h"
#include "support/file_tree.h"
#include "volume/volume_directory.h"

static struct {
    unsigned damages, notices;
    char texts[4096];
    bool stops_at_damage;
} found;

static bool note(void *context, const struct check_finding *finding)
{
    size_t used = strlen(found.texts);

    (void)context;
    found.damages += finding->kind == CHECK_DAMAGE;
    found.notices += finding->kind == CHECK_NOTICE;
    if (finding->kind != CHECK_PROGRESS)
        snprintf(found.texts + used, sizeof found.texts - used, "%s: %s\n", finding->file, finding->text);
    return finding->kind != CHECK_DAMAGE || !found.stops_at_damage;
}

static bool check(struct volume *volume, bool stops_at_damage, struct ssql_error *error)
{
    struct check_progress progress;

    memset(&found, 0, sizeof found);
    found.stops_at_damage = stops_at_damage;
    *error = (struct ssql_error){0};
    return volume_check(volume, note, NULL, &progress, error);
}

static void assert_says(const char *text)
{
    if (strstr(found.texts, text) == NULL)
        fail_msg("\"%s\" does not say \"%s\"", found.texts, text);
}

/* As a killed process leaves it: two runs of the log, the first of which has an end. */
static struct volume *make_killed_database(void)
{
    struct engine_options options = fixture_options(false);
    struct volume *volume = fixture_volume(), *after;

    for (int opening = 0; opening < 2; opening++) {
        struct engine *engine = fixture_open(volume, &options);
        if (opening == 0)
            assert_int_equal(fixture_create_table(engine), FIRST_TABLE);
        assert_int_equal(fixture_put_one(engine, FIRST_TABLE, opening, 1), SSQL_OK);
        assert_true(volume_memory_crash(volume, UINT64_MAX, &after, NULL));
        fixture_close(engine);
        volume = after;
    }
    return volume;
}

static void add_object(struct volume *volume, const char *name)
{
    struct object_writer *writer;

    assert_int_equal(object_create(volume, name, 0, &writer, NULL), VOLUME_OK);
    assert_int_equal(object_append(writer, slice_of("stray"), NULL), VOLUME_OK);
    assert_int_equal(object_finish(writer, NULL), VOLUME_OK);
}

static void add_log(struct volume *volume, const char *name, struct slice bytes)
{
    struct volume_log *log;

    assert_int_equal(log_create(volume, name, 0, NULL, &log, NULL), VOLUME_OK);
    assert_int_equal(log_append(log, bytes, NULL), VOLUME_OK);
    assert_int_equal(log_sync(log, NULL), VOLUME_OK);
    log_close(log);
}

/* A segment with a good header and no record. */
static void add_segment(struct volume *volume, uint64_t epoch, uint64_t number)
{
    const struct wal_segment_header header = {.epoch = epoch, .number = number};
    uint8_t bytes[WAL_SEGMENT_HEADER_SIZE];
    char name[WAL_NAME_SIZE];

    wal_encode_segment_header(&header, bytes);
    wal_segment_name(epoch, number, name);
    add_log(volume, name, slice_make(bytes, sizeof bytes));
}

/* ---- names ---- */

static void what_is_left_over_is_a_notice_and_what_is_not_ours_is_none(void **state)
{
    static const char *const objects[] = {"tables/16/odd", "tables/odd-1-77"}, *const logs[] = {"wal/odd", "wal/1-99",
                                                                                                "wal/1-0"};
    struct volume *volume = make_killed_database();
    struct ssql_error error;
    char expected[128];

    (void)state;
    assert_true(check(volume, false, &error));
    assert_string_equal(found.texts, "");
    for (size_t i = 0; i < sizeof objects / sizeof *objects; i++)
        add_object(volume, objects[i]);
    for (size_t i = 0; i < sizeof logs / sizeof *logs; i++)
        add_log(volume, logs[i], slice_of("stray"));
    add_object(volume, "other/thing");
    assert_true(check(volume, false, &error));
    for (size_t i = 0; i < 5; i++) {
        snprintf(expected, sizeof expected, "%s: nothing names it", i < 2 ? objects[i] : logs[i - 2]);
        assert_says(expected);
    }
    assert_int_equal(found.damages, 0);
    assert_int_equal(found.notices, 5);
    volume_close(volume);
}

/* An empty log is what an opening leaves that came no further; one of two segments is not. */
static void a_later_log_of_more_than_one_segment_was_used(void **state)
{
    struct volume *volume = make_killed_database();
    struct ssql_error error;

    (void)state;
    add_segment(volume, 9, 1);
    assert_true(check(volume, false, &error));
    assert_int_equal(found.damages, 0);
    assert_int_equal(found.notices, 1);
    add_segment(volume, 9, 3);
    assert_true(check(volume, false, &error));
    assert_true(found.damages > 0);
    assert_says("a later opening than it knows of made them");
    assert_false(check(volume, true, &error));
    assert_int_equal(error.code, SSQL_INTERRUPTED);
    volume_close(volume);
}

/* ---- the mark of a backup ---- */

static void a_mark_of_a_newer_version_cannot_be_checked(void **state)
{
    struct volume *volume = make_killed_database();
    struct backup_mark mark = {0};
    struct buffer bytes = {0};
    struct ssql_error error;
    uint64_t version;

    (void)state;
    assert_true(backup_mark_store(volume, &mark, NULL));
    assert_int_equal(register_read(volume, BACKUP_MARK_NAME, &bytes, &version, NULL), VOLUME_OK);
    bytes.data[8]++;
    assert_int_equal(register_swap(volume, BACKUP_MARK_NAME, &version, buffer_slice(&bytes), NULL), VOLUME_OK);
    assert_false(check(volume, false, &error));
    assert_int_equal(error.code, SSQL_CANNOT_OPEN);
    assert_non_null(strstr(error.message, "newer"));
    assert_int_equal(found.damages, 0);
    buffer_clear(&bytes);
    volume_close(volume);
}

static void whoever_has_heard_of_an_outdated_mark_may_stop(void **state)
{
    struct volume *volume = make_killed_database();
    struct backup_mark mark = {.current = {.epoch = 77}, .next = {.epoch = 78}};
    struct ssql_error error;

    (void)state;
    assert_true(backup_mark_store(volume, &mark, NULL));
    assert_true(check(volume, false, &error));
    assert_int_equal(found.damages, 1);
    assert_says("it is not the one that the last backup wrote");
    assert_false(check(volume, true, &error));
    assert_int_equal(error.code, SSQL_INTERRUPTED);
    volume_close(volume);
}

/* ---- a database on a disk ---- */

static char directory[64];

static struct volume *open_directory(bool is_read_only)
{
    const struct volume_directory_options options = {.read_only = is_read_only};
    struct volume *volume, *faulty;

    assert_true(volume_directory_open(directory, &options, &volume, NULL));
    assert_true(volume_faulty_create(volume, &faulty, NULL));
    return faulty;
}

static int make_directory(void **state)
{
    const char *parent = getenv("TMPDIR");

    (void)state;
    snprintf(directory, sizeof directory, "%s/ssql_stray_XXXXXX", parent != NULL ? parent : "/tmp");
    return mkdtemp(directory) == NULL;
}

static int drop_directory(void **state)
{
    (void)state;
    remove_tree(directory);
    return 0;
}

/* ---- names in messages ---- */

static void flip_a_byte(const char *name, long offset)
{
    char path[128];

    snprintf(path, sizeof path, "%s/%s", directory, name);
    FILE *file = fopen(path, "r+b");
    assert_non_null(file);
    assert_int_equal(fseek(file, offset, SEEK_SET), 0);
    int byte = fgetc(file);
    assert_int_equal(fseek(file, offset, SEEK_SET), 0);
    assert_int_not_equal(fputc(byte ^ 1, file), EOF);
    assert_int_equal(fclose(file), 0);
}

/* The path of the volume is in the message as well. */
static void a_damaged_segment_is_named_also_below_a_directory_of_that_name(void **state)
{
    struct engine_options options = fixture_options(false);
    struct ssql_error error;
    size_t length = strlen(directory);

    (void)state;
    snprintf(directory + length, sizeof directory - length, "/wal");
    assert_int_equal(mkdir(directory, 0777), 0);
    snprintf(directory + length, sizeof directory - length, "/wal/db");
    struct engine *engine = fixture_open(open_directory(false), &options);
    assert_int_equal(fixture_create_table(engine), FIRST_TABLE);
    for (int64_t key = 0; key < 3; key++)
        assert_int_equal(fixture_put_one(engine, FIRST_TABLE, key, key), SSQL_OK);
    flip_a_byte("wal/1-1", 100);
    struct volume *volume = open_directory(true);
    assert_true(check(volume, false, &error));
    assert_int_equal(found.damages, 1);
    assert_says("wal/1-1: at offset");
    assert_true(strncmp(found.texts, "wal/1-1: ", 9) == 0);
    volume_close(volume);
    fixture_close(engine);
    directory[length] = '\0';
}

/* ---- descriptors ---- */

static struct {
    uint64_t number, at;
    struct rlimit before;
} limit;

/* From that operation on the process gets no more descriptors. */
static void take_descriptors(void *context)
{
    (void)context;
    if (++limit.number != limit.at)
        return;
    const struct rlimit none = {.rlim_cur = 0, .rlim_max = limit.before.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
}

static void begin_taking(struct volume *volume, uint64_t at)
{
    limit.number = 0;
    limit.at = at;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit.before), 0);
    volume_faulty_set(volume, &(struct fault_plan){.before = take_descriptors});
}

static void end_taking(struct volume *volume)
{
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit.before), 0);
    volume_faulty_set(volume, &(struct fault_plan){0});
}

/* A closed database with a file, and a later log that nothing names. */
static void make_directory_database(void)
{
    struct engine_options options = fixture_options(true);
    struct engine *engine = fixture_open(open_directory(false), &options);

    assert_int_equal(fixture_create_table(engine), FIRST_TABLE);
    assert_int_equal(fixture_put_one(engine, FIRST_TABLE, 1, 1), SSQL_OK);
    assert_true(engine_flush(engine, NULL));
    fixture_close(engine);
    struct volume *volume = open_directory(false);
    add_segment(volume, 9, 1);
    volume_close(volume);
}

static void a_check_without_descriptors_says_so(void **state)
{
    uint64_t at = 0, refused = 0;

    (void)state;
    make_directory_database();
    do {
        struct volume *volume = open_directory(true);
        struct ssql_error error;
        begin_taking(volume, ++at);
        bool is_done = check(volume, false, &error);
        end_taking(volume);
        assert_int_equal(error.code, is_done ? SSQL_OK : SSQL_TOO_MANY_OPEN);
        assert_int_equal(found.damages, 0);
        refused += !is_done;
        volume_close(volume);
    } while (limit.number >= at);
    assert_int_equal(found.notices, 1);
    assert_true(refused > 5);
}

static void a_backup_without_descriptors_stays_as_it_was(void **state)
{
    const struct backup_options renewing = {.is_incremental = true};
    struct engine *engine = make_database(fixture_volume());
    struct volume *to = open_directory(false);
    struct ssql_error error = {0};
    uint64_t at = 0;

    (void)state;
    make_backup(engine, to, &renewing);
    do {
        begin_taking(to, ++at);
        bool is_done = try_backup(engine, to, &renewing, &error);
        end_taking(to);
        assert_int_equal(error.code, is_done ? SSQL_OK : SSQL_TOO_MANY_OPEN);
        assert_true(check(to, false, &error)); /* there may be a file of a renewal that came to no end */
        assert_int_equal(found.damages, 0);
    } while (limit.number >= at);
    assert_true(at > 5);
    volume_close(to);
    fixture_close(engine);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_left_over_is_a_notice_and_what_is_not_ours_is_none),
        cmocka_unit_test(a_later_log_of_more_than_one_segment_was_used),
        cmocka_unit_test(a_mark_of_a_newer_version_cannot_be_checked),
        cmocka_unit_test(whoever_has_heard_of_an_outdated_mark_may_stop),
        cmocka_unit_test_setup_teardown(a_damaged_segment_is_named_also_below_a_directory_of_that_name, make_directory,
                                        drop_directory),
        cmocka_unit_test_setup_teardown(a_check_without_descriptors_says_so, make_directory, drop_directory),
        cmocka_unit_test_setup_teardown(a_backup_without_descriptors_stays_as_it_was, make_directory, drop_directory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
