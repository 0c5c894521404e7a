/* Checks, salvages and backups of a database in a directory whose system calls fail, one after the other: each call
 * answers with an error or does its work, the database stays as it was, and what a failed salvage or backup leaves is
 * taken for no database. */
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#include "support/file_tree.h"
#include "volume/failing_system.h"
#include "volume/volume_directory.h"

#include "api/fixture.h" /* behind the library's own headers, whose enumerators ssql.h repeats as macros */

enum { PATH_SIZE = 128 };

static char root[64], path[PATH_SIZE], copy_path[PATH_SIZE];
static ssql_options *options;

/* All that happens happens in this thread. */
static void make_options(void)
{
    static const char *const values[][2] = {{"background", "off"}, {"threads", "1"}, {"wal_segment_size", "64KiB"}};

    assert_int_equal(ssql_options_new(&options), SSQL_OK);
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++)
        assert_int_equal(ssql_options_set(options, values[i][0], values[i][1]), SSQL_OK);
}

static int make_database(void **state)
{
    struct fixture fixture;

    (void)state;
    snprintf(root, sizeof root, "%s/ssql-api-XXXXXX", access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
    assert_non_null(mkdtemp(root));
    snprintf(path, sizeof path, "%s/db", root);
    snprintf(copy_path, sizeof copy_path, "%s/copy", root);
    make_options();
    assert_int_equal(ssql_open_with(path, options, &fixture.db), SSQL_OK);
    assert_int_equal(ssql_connect(fixture.db, &fixture.conn), SSQL_OK);
    must_exec(fixture.conn, "create table users { id int primary, name string };"
                            "insert into users values (1, 'one'), (2, 'two'), (3, 'three')");
    assert_int_equal(ssql_checkpoint(fixture.conn), SSQL_OK);
    must_exec(fixture.conn, "insert into users values (4, 'four')");
    ssql_disconnect(fixture.conn);
    return ssql_close(fixture.db);
}

static int remove_database(void **state)
{
    (void)state;
    system_recover();
    ssql_options_free(options);
    remove_tree(root);
    return 0;
}

/* Rows of the table in the database there; -1: there is no database, -2: it has no such table. */
static int64_t rows_at(const char *at)
{
    struct fixture fixture;
    int64_t count = -1;

    assert_int_equal(ssql_options_set(options, "must_exist", "on"), SSQL_OK);
    if (ssql_open_with(at, options, &fixture.db) == SSQL_OK) {
        assert_int_equal(ssql_connect(fixture.db, &fixture.conn), SSQL_OK);
        count = exec(fixture.conn, "select 1 from users") == SSQL_UNKNOWN_TABLE
                    ? -2
                    : query_int(fixture.conn, "select count(*) from users");
        fixture_close(&fixture);
    }
    assert_int_equal(ssql_options_set(options, "must_exist", "off"), SSQL_OK);
    return count;
}

struct counts {
    unsigned damages, notices, reports, stop_at;
};

static int count_finding(void *context, const ssql_finding *finding)
{
    struct counts *counts = context;

    counts->damages += ssql_finding_kind(finding) == SSQL_FINDING_DAMAGE;
    counts->notices += ssql_finding_kind(finding) == SSQL_FINDING_NOTICE;
    assert_true(ssql_finding_kind(finding) == SSQL_FINDING_PROGRESS || ssql_finding_text(finding)[0] != '\0');
    return ++counts->reports == counts->stop_at;
}

/* ---- sweeps ---- */

static int check_there(struct counts *counts)
{
    return ssql_check(path, options, count_finding, counts);
}

static int salvage_there(struct counts *counts)
{
    return ssql_salvage(path, copy_path, options, count_finding, counts);
}

static int backup_there(struct counts *counts)
{
    struct fixture fixture;

    (void)counts;
    int code = ssql_open_with(path, options, &fixture.db);
    if (code != SSQL_OK)
        return code;
    code = ssql_connect(fixture.db, &fixture.conn);
    if (code == SSQL_OK)
        code = ssql_backup(fixture.conn, copy_path, SSQL_BACKUP_COPY);
    ssql_disconnect(fixture.conn);
    int closed = ssql_close(fixture.db);
    return code != SSQL_OK ? code : closed;
}

static const uint64_t calls_of_work = BIT(CALL_OPEN) | BIT(CALL_OPENAT) | BIT(CALL_PREAD) | BIT(CALL_PWRITE) |
                                      BIT(CALL_STAT) | BIT(CALL_FSTAT) | BIT(CALL_FSTATAT) | BIT(CALL_FSYNC) |
                                      BIT(CALL_FDATASYNC) | BIT(CALL_FDOPENDIR) | BIT(CALL_READDIR) |
                                      BIT(CALL_RENAMEAT) | BIT(CALL_RENAMEAT2) | BIT(CALL_MKDIR) | BIT(CALL_MKDIRAT) |
                                      BIT(CALL_FACCESSAT) | BIT(CALL_FCNTL) | BIT(CALL_FTRUNCATE) | BIT(CALL_FALLOCATE);

/* A copy is whole, or was told to lack something, or is none. */
static void assert_copy_fits(int code)
{
    int64_t rows = rows_at(copy_path);

    if (code == SSQL_OK)
        assert_int_equal(rows, 4);
    else if (code == SSQL_CORRUPT)
        assert_true(rows <= 4);
    else
        assert_true(rows == -1 || rows == 4);
}

/* Runs `work` with the n-th call failing, for each n. */
static void sweep(int (*work)(struct counts *counts), int number, bool for_ever, bool makes_copy)
{
    unsigned descriptors = count_descriptors();
    bool has_struck = true;

    for (long after = 0; has_struck; after++) {
        struct counts counts = {0};
        remove_tree(copy_path);
        system_fail(
            (struct system_fault){.calls = calls_of_work, .after = after, .number = number, .for_ever = for_ever});
        int code = work(&counts);
        has_struck = system_recover();
        assert_int_equal(count_descriptors(), descriptors);
        if (!has_struck)
            assert_int_equal(code, SSQL_OK);
        if (code == SSQL_OK)
            assert_int_equal(counts.damages, 0);
        if (code == SSQL_CORRUPT)
            assert_true(counts.damages > 0);
        if (makes_copy)
            assert_copy_fits(code);
    }
    assert_int_equal(rows_at(path), 4);
}

static void a_check_whose_calls_fail_finds_or_says_it(void **state)
{
    (void)state;
    sweep(check_there, EIO, false, false);
    sweep(check_there, EIO, true, false);
    sweep(check_there, EMFILE, false, false);
    sweep(check_there, ENOENT, false, false);
}

static void a_salvage_whose_calls_fail_leaves_a_database_or_none(void **state)
{
    (void)state;
    sweep(salvage_there, EIO, false, true);
    sweep(salvage_there, ENOSPC, true, true);
}

static void a_backup_whose_calls_fail_leaves_a_database_or_none(void **state)
{
    (void)state;
    sweep(backup_there, EIO, false, true);
    sweep(backup_there, ENOSPC, false, true);
}

/* ---- beside a writer that is quick ---- */

/* A reader that finds a file gone looks again, since its writer may have replaced it; then all is well, and nothing is
 * left of the first look. */
static void what_goes_well_the_second_time_is_no_error(void **state)
{
    unsigned openings = 0;

    (void)state;
    assert_int_equal(ssql_options_set(options, "readonly", "on"), SSQL_OK);
    for (long after = 0; after < 12; after++) {
        ssql_db *db = NULL;
        system_fail((struct system_fault){.calls = BIT(CALL_OPENAT), .after = after, .number = ENOENT});
        int code = ssql_open_with(path, options, &db);
        system_recover();
        if (code == SSQL_OK)
            assert_string_equal(ssql_options_errmsg(options), "");
        openings += code == SSQL_OK;
        assert_int_equal(ssql_close(db), SSQL_OK);
    }
    assert_true(openings > 0);
    assert_int_equal(ssql_options_set(options, "readonly", "off"), SSQL_OK);
}

static unsigned looks;

/* The first two times it is this, later that: so the reason is another when the database is opened again. */
static void change_later(void)
{
    system_faults[0].number = ++looks <= 2 ? EIO : ENXIO;
}

static void pass_later(void)
{
    system_faults[0].number = ++looks <= 2 ? EIO : CALL_GOES_ON;
}

static int check_with_looks(void (*meanwhile)(void), struct counts *counts)
{
    looks = 0;
    /* The first look opens the volume that is checked. */
    system_fail((struct system_fault){
        .calls = BIT(CALL_STAT), .after = 1, .for_ever = true, .number = EIO, .meanwhile = meanwhile});
    int code = ssql_check(path, options, count_finding, counts);
    assert_true(system_recover());
    assert_true(looks > 2);
    return code;
}

static void what_passes_while_the_database_is_checked_is_no_damage(void **state)
{
    struct counts counts = {0};

    (void)state;
    assert_int_equal(check_with_looks(pass_later, &counts), SSQL_OK);
    assert_int_equal(check_with_looks(change_later, &counts), SSQL_IO);
    assert_non_null(strstr(ssql_options_errmsg(options), "changes too fast"));
    assert_int_equal(counts.damages, 0);
}

static void change_reason(void)
{
    system_faults[0].number = system_faults[0].number == EIO ? ENXIO : EIO; /* each time it is something else */
}

static void a_database_that_is_another_each_time_is_not_called_damaged(void **state)
{
    struct counts counts = {0};

    (void)state;
    for (int i = 0; i < 2; i++) {
        system_fail((struct system_fault){
            .calls = BIT(CALL_OPENAT), .after = i * 3, .for_ever = true, .number = EIO, .meanwhile = change_reason});
        int code = ssql_check(path, options, count_finding, &counts);
        assert_true(system_recover());
        assert_true(code != SSQL_OK);
    }
    assert_int_equal(ssql_check(path, options, count_finding, &counts), SSQL_OK);
}

/* ---- reports that end it, and places that are taken ---- */

static void a_salvage_may_be_stopped_at_every_report(void **state)
{
    bool is_stopped = true;

    (void)state;
    for (unsigned at = 1; is_stopped; at++) {
        struct counts counts = {.stop_at = at};
        remove_tree(copy_path);
        int code = ssql_salvage(path, copy_path, options, count_finding, &counts);
        is_stopped = counts.reports >= at;
        assert_int_equal(code, is_stopped ? SSQL_INTERRUPTED : SSQL_OK);
        assert_int_equal(rows_at(copy_path), is_stopped ? -1 : 4);
    }
}

/* ---- damage ---- */

/* Changes two bytes of the first block of every file of a table. */
static void damage_table(int id)
{
    char command[300];

    snprintf(
        command, sizeof command,
        "for f in %s/tables/%d/sst-*; do printf '\\377\\376' | dd of=$f bs=1 seek=100 conv=notrunc 2>/dev/null; done",
        path, id);
    assert_int_equal(system(command), 0);
}

static void a_damaged_catalog_is_told_once(void **state)
{
    struct counts counts = {0};

    (void)state;
    damage_table(1);
    assert_int_equal(ssql_check(path, options, count_finding, &counts), SSQL_CORRUPT);
    assert_int_equal(counts.damages, 1);
}

static void a_lost_manifest_is_damage(void **state)
{
    struct counts counts = {0};
    char file[PATH_SIZE + 16];

    (void)state;
    snprintf(file, sizeof file, "%s/manifest", path);
    assert_int_equal(unlink(file), 0);
    assert_int_equal(ssql_check(path, options, count_finding, &counts), SSQL_CORRUPT);
    assert_int_equal(counts.damages, 1);
}

static void a_check_may_be_stopped_at_every_report(void **state)
{
    bool is_stopped = true;

    (void)state;
    damage_table(16);
    for (unsigned at = 1; is_stopped; at++) {
        struct counts counts = {.stop_at = at};
        int code = ssql_check(path, options, count_finding, &counts);
        is_stopped = counts.reports >= at;
        assert_int_equal(code, is_stopped ? SSQL_INTERRUPTED : SSQL_CORRUPT);
    }
}

static void a_salvage_of_damage_may_be_stopped_at_every_report(void **state)
{
    bool is_stopped = true;

    (void)state;
    damage_table(16);
    for (unsigned at = 1; is_stopped; at++) {
        struct counts counts = {.stop_at = at};
        remove_tree(copy_path);
        int code = ssql_salvage(path, copy_path, options, count_finding, &counts);
        is_stopped = counts.reports >= at;
        assert_int_equal(code, is_stopped ? SSQL_INTERRUPTED : SSQL_CORRUPT);
        assert_int_equal(rows_at(copy_path), is_stopped ? -1 : 1); /* the row that was in the log alone */
    }
}

static void a_salvage_writes_over_nothing_that_it_does_not_know(void **state)
{
    const struct volume_directory_options how = {0};
    struct volume *volume;
    uint64_t version = 0;

    (void)state;
    assert_true(volume_directory_open(copy_path, &how, &volume, NULL));
    assert_int_equal(register_swap(volume, "manifest", &version, slice_of("no manifest"), NULL), VOLUME_OK);
    volume_close(volume);
    assert_int_not_equal(ssql_salvage(path, copy_path, options, NULL, NULL), SSQL_OK);
    assert_true(volume_directory_open(copy_path, &how, &volume, NULL));
    assert_int_equal(register_swap(volume, "manifest", &version, slice_of("still none"), NULL), VOLUME_OK);
    volume_close(volume);
}

static void a_salvage_needs_a_place_of_its_own(void **state)
{
    (void)state;
    assert_int_equal(ssql_salvage(path, path, options, NULL, NULL), SSQL_CANNOT_OPEN);
    assert_int_equal(ssql_salvage(copy_path, path, NULL, NULL, NULL), SSQL_CANNOT_OPEN);
    assert_int_equal(ssql_salvage(copy_path, "/nonexistent/db", NULL, NULL, NULL), SSQL_CANNOT_OPEN);
    assert_int_equal(ssql_salvage(path, copy_path, NULL, NULL, NULL), SSQL_OK);
    assert_int_equal(ssql_salvage(path, copy_path, options, NULL, NULL), SSQL_CANNOT_OPEN);
    assert_string_not_equal(ssql_options_errmsg(options), "");
    assert_int_equal(rows_at(copy_path), 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, make_database, remove_database)
        TEST(a_check_whose_calls_fail_finds_or_says_it),
        TEST(a_salvage_whose_calls_fail_leaves_a_database_or_none),
        TEST(a_backup_whose_calls_fail_leaves_a_database_or_none),
        TEST(a_database_that_is_another_each_time_is_not_called_damaged),
        TEST(what_goes_well_the_second_time_is_no_error),
        TEST(what_passes_while_the_database_is_checked_is_no_damage),
        TEST(a_salvage_may_be_stopped_at_every_report),
        TEST(a_damaged_catalog_is_told_once),
        TEST(a_lost_manifest_is_damage),
        TEST(a_check_may_be_stopped_at_every_report),
        TEST(a_salvage_of_damage_may_be_stopped_at_every_report),
        TEST(a_salvage_writes_over_nothing_that_it_does_not_know),
        TEST(a_salvage_needs_a_place_of_its_own),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
