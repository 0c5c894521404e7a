/* Opening, listing and deleting a directory volume: what others or a process that died have left there, and what the
 * system refuses. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "volume/directory_fixture.h"

/* ---- opening ---- */

/* Whether the directory can be opened for writing, with the volume closed again. */
static bool opens_with(const struct volume_directory_options *options)
{
    struct volume *volume = open_with(options);

    volume_close(volume);
    return volume != NULL;
}

static void what_a_process_that_died_early_left_is_no_obstacle(void **state)
{
    (void)state;
    assert_int_equal(mkdir(path, 0777), 0);
    make_file("lock", "");
    make_file("manifest.next", "half");
    assert_int_equal(mkdir(inside("wal"), 0777), 0);
    assert_int_equal(mkdir(inside("tables"), 0777), 0);
    assert_true(opens_with(&for_writing));
    assert_false(opens_with(&for_reading));
    assert_error(SSQL_CANNOT_OPEN, "the directory is empty");
    volume_close(make_database());
    assert_true(opens_with(&for_reading));
}

static void a_damaged_manifest_is_left_as_it_is(void **state)
{
    (void)state;
    volume_close(make_database());
    assert_int_equal(unlink(inside("lock")), 0);
    make_file("manifest", "no manifest");
    assert_false(opens_with(&for_writing));
    assert_int_equal(error.code, SSQL_CORRUPT);
    assert_false(exists("lock"));
}

static void rename_manifest_into_place(void)
{
    char from[128];

    snprintf(from, sizeof from, "%s/aside", parent);
    assert_int_equal(rename(from, inside("manifest")), 0);
}

static void a_database_that_lost_its_manifest_is_not_buried(void **state)
{
    const struct volume_directory_options headless = {.read_only = true, .takes_headless = true};
    char aside[128];

    (void)state;
    volume_close(make_database());
    snprintf(aside, sizeof aside, "%s/aside", parent);
    assert_int_equal(rename(inside("manifest"), aside), 0);
    assert_false(opens_with(&for_writing));
    assert_error(SSQL_CORRUPT, "it is missing");
    assert_true(opens_with(&headless));
    /* Somebody makes it between the two looks. */
    system_fail((struct system_fault){
        .calls = BIT(CALL_FACCESSAT), .number = CALL_GOES_ON, .meanwhile = rename_manifest_into_place});
    assert_true(opens_with(&for_writing));
    assert_true(system_recover());
}

static void an_unfinished_backup_is_opened_by_who_asks_for_it(void **state)
{
    const struct volume_directory_options unfinished = {.takes_unfinished = true};
    const struct volume_directory_options headless = {.read_only = true, .takes_headless = true};
    static const char *const marks[] = {"backup", "backup.next"};

    (void)state;
    assert_int_equal(mkdir(path, 0777), 0);
    for (int i = 0; i < 2; i++) {
        make_file(marks[i], "mark");
        assert_false(opens_with(&for_writing));
        assert_error(SSQL_CANNOT_OPEN, "a backup that was not finished");
        assert_true(opens_with(&headless));
        struct volume *volume = open_with(&unfinished);
        assert_non_null(volume);
        assert_false(opens_with(&unfinished)); /* the first one holds the lock */
        assert_int_equal(error.code, SSQL_LOCKED);
        volume_close(volume);
        make_file("holiday.jpg", "a beach");
        assert_false(opens_with(&unfinished));
        assert_error(SSQL_CANNOT_OPEN, "no ssql database");
        assert_int_equal(unlink(inside("holiday.jpg")), 0);
        assert_int_equal(unlink(inside(marks[i])), 0);
    }
}

static void a_directory_that_cannot_be_looked_at_is_not_opened(void **state)
{
    static const struct system_fault faults[] = {
        {.calls = BIT(CALL_STAT), .number = EIO},         {.calls = BIT(CALL_OPEN), .number = EIO},
        {.calls = BIT(CALL_OPENAT), .number = EIO},       {.calls = BIT(CALL_FDOPENDIR), .number = EIO},
        {.calls = BIT(CALL_READDIR), .number = EIO},      {.calls = BIT(CALL_FACCESSAT), .number = EIO},
        {.calls = BIT(CALL_FACCESSAT), .number = EACCES},
    };

    (void)state;
    volume_close(make_database());
    for (size_t i = 0; i < sizeof faults / sizeof *faults; i++) {
        system_fail(faults[i]);
        assert_false(opens_with(&for_writing));
        assert_int_equal(error.code, faults[i].number == EIO ? SSQL_IO : SSQL_READ_ONLY);
        assert_true(system_recover());
    }
    assert_true(opens_with(&for_writing));
}

static void a_path_that_leads_nowhere_is_no_database(void **state)
{
    (void)state;
    path[0] = '\0';
    assert_false(opens_with(&for_writing));
    assert_error(SSQL_CANNOT_OPEN, "is empty");
    snprintf(path, sizeof path, "%s/link", parent);
    assert_int_equal(symlink("absent", path), 0);
    assert_false(opens_with(&for_writing));
    assert_error(SSQL_CANNOT_OPEN, "a link to nothing");
}

/* ---- listing ---- */

static bool count_shown(void *context, const char *name, uint64_t size)
{
    assert_string_equal(name, "tables/1/a");
    assert_int_equal(size, 5);
    ++*(unsigned *)context;
    return true;
}

static void what_has_no_name_of_ours_is_not_listed(void **state)
{
    char name[2 * VOLUME_NAME_SIZE] = "tables/";
    struct volume *volume = make_database();
    unsigned count = 0;

    (void)state;
    make_file("tables/.hidden", "");
    assert_int_equal(mkfifo(inside("tables/pipe"), 0600), 0);
    memset(name + 7, 'n', VOLUME_NAME_SIZE);
    make_file(name, "too long");
    for (int depth = 0; depth < 12; depth++) {
        strcpy(name + 7 + 2 * depth, "d/");
        assert_int_equal(mkdir(inside(name), 0777), 0);
    }
    strcat(name, "f");
    make_file(name, "too deep");
    assert_int_equal(volume_list(volume, count_shown, &count, &error), VOLUME_OK);
    assert_int_equal(count, 1);
    volume_close(volume);
}

/* ---- giving up, and deleting ---- */

static void a_database_is_not_given_up(void **state)
{
    struct volume *volume = make_database();

    (void)state;
    volume_directory_discard(volume);
    volume_close(volume);
    assert_true(exists("manifest") && exists("tables/1/a"));
}

static void what_somebody_put_into_a_given_up_directory_stays(void **state)
{
    struct volume *volume = open_with(&for_writing);
    uint64_t version = 0;

    (void)state;
    assert_non_null(volume);
    assert_int_equal(register_swap(volume, "backup", &version, slice_of("mark"), &error), VOLUME_OK);
    make_file("holiday.jpg", "a beach");
    system_fail_once(CALL_FACCESSAT, EIO); /* is it a database by now? */
    volume_directory_discard(volume);
    assert_true(system_recover());
    assert_true(exists("backup"));
    volume_directory_discard(volume);
    volume_close(volume);
    assert_true(exists("holiday.jpg"));
    assert_false(exists("backup") || exists("lock"));
}

static void a_database_is_deleted_whole(void **state)
{
    (void)state;
    assert_true(volume_directory_delete(path)); /* there is none */
    assert_int_equal(mkdir(path, 0777), 0);
    assert_true(volume_directory_delete(path)); /* nor here */
    volume_close(make_database());
    assert_true(volume_directory_delete(path));
    assert_false(exists("manifest") || exists("tables") || exists("lock"));
}

static void a_manifest_that_stays_or_may_come_back_is_told(void **state)
{
    static const struct {
        enum system_call call;
        int number;
        bool is_there;
    } failures[] = {{CALL_OPEN, EIO, true}, {CALL_UNLINKAT, EIO, true}, {CALL_FSYNC, EIO, false}};

    (void)state;
    for (size_t i = 0; i < sizeof failures / sizeof *failures; i++) {
        volume_close(make_database());
        struct volume *reader = open_with(&for_reading);
        system_fail_always(failures[i].call, failures[i].number);
        assert_false(volume_directory_delete(path));
        assert_true(system_recover());
        assert_int_equal(exists("manifest"), failures[i].is_there);
        assert_true(exists("tables/1/a"));
        volume_close(reader);
        remove_tree(path);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
        TEST(what_a_process_that_died_early_left_is_no_obstacle),
        TEST(a_damaged_manifest_is_left_as_it_is),
        TEST(a_database_that_lost_its_manifest_is_not_buried),
        TEST(an_unfinished_backup_is_opened_by_who_asks_for_it),
        TEST(a_directory_that_cannot_be_looked_at_is_not_opened),
        TEST(a_path_that_leads_nowhere_is_no_database),
        TEST(what_has_no_name_of_ours_is_not_listed),
        TEST(a_database_is_not_given_up),
        TEST(what_somebody_put_into_a_given_up_directory_stays),
        TEST(a_database_is_deleted_whole),
        TEST(a_manifest_that_stays_or_may_come_back_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
