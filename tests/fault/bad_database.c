/* bad_database.c - paths that are no database, databases that are locked or out of reach, and a system that runs out of
 * space or files: one clear error, nothing changed, and work goes on once the cause is gone. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "database.h"

enum { NOBODY = 65534, ROOM = 2 << 20 };

/* ---- paths that are no database ---- */

static void a_file_is_refused(void **state)
{
    (void)state;
    write_file(in_folder("notes.txt"), "remember the milk\n", 18);
    assert_refused(in_folder("notes.txt"), SSQL_CANNOT_OPEN, "notes.txt");
}

static void a_folder_of_something_else_is_refused(void **state)
{
    (void)state;
    assert_int_equal(mkdir(in_folder("photos"), 0755), 0);
    write_file(in_folder("photos/cat.jpg"), "cat", 3);
    assert_refused(in_folder("photos"), SSQL_CANNOT_OPEN, "photos");
}

static void a_manifest_of_something_else_is_refused(void **state)
{
    (void)state;
    assert_int_equal(mkdir(in_folder("other"), 0755), 0);
    write_file(in_folder("other/manifest"), "{ \"name\": \"some web application, and not a database\" }\n", 55);
    assert_refused(in_folder("other"), SSQL_CORRUPT, "manifest");
    assert_int_equal(access(in_folder("other/lock"), F_OK), -1);
}

static void a_folder_in_no_folder_is_refused(void **state)
{
    (void)state;
    struct opened opened = open_with(in_folder("no/such/db"), NULL);

    assert_clear_error(&opened, SSQL_CANNOT_OPEN);
    assert_int_equal(access(in_folder("no"), F_OK), -1);
}

static void a_link_to_nothing_is_refused(void **state)
{
    (void)state;
    const char *path = in_folder("link");

    assert_int_equal(symlink("nowhere", path), 0);
    struct opened opened = open_with(path, NULL);
    assert_clear_error(&opened, SSQL_CANNOT_OPEN);
}

static void an_empty_folder_is_a_new_database_unless_one_must_exist(void **state)
{
    (void)state;
    const char *path = in_folder("empty");

    assert_int_equal(mkdir(path, 0755), 0);
    uint64_t before = hash_tree(folder);
    struct opened opened = open_with(path, "must_exist", "on", NULL);
    assert_clear_error(&opened, SSQL_CANNOT_OPEN);
    opened = open_with(path, NULL);
    assert_int_equal(opened.code, SSQL_OK);
    assert_int_equal(close_it(&opened), SSQL_OK);
    assert_true(hash_tree(folder) == before);
    opened = create(path);
    assert_int_equal(close_it(&opened), SSQL_OK);
}

/* ---- out of reach ---- */

static void a_locked_database_names_who_has_it(void **state)
{
    (void)state;
    const char *path = make_database(true);
    int ready[2], done[2];
    char byte = 0, wanted[40];

    assert_int_equal(pipe(ready), 0);
    assert_int_equal(pipe(done), 0);
    pid_t child = fork();
    if (child == 0) {
        struct opened opened = open_with(path, NULL);
        close(done[1]);
        bool told = insert(&opened, ROWS) == SSQL_OK && write(ready[1], "", 1) == 1;
        _exit(told && read(done[0], &byte, 1) >= 0 ? 0 : 1);
    }
    close(done[0]);
    assert_int_equal(read(ready[0], &byte, 1), 1);
    uint64_t before = hash_tree(folder);
    struct opened opened = open_with(path, NULL);
    assert_clear_error(&opened, SSQL_LOCKED);
    snprintf(wanted, sizeof wanted, "(pid %d)", (int)child);
    assert_non_null(strstr(opened.message, wanted));
    assert_non_null(strstr(opened.message, "bad_datab"));
    assert_int_not_equal(opened.hint[0], '\0');
    /* Reading beside the writer is what the hint says. */
    opened = open_with(path, "readonly", "on", NULL);
    assert_int_equal(opened.code, SSQL_OK);
    assert_int_equal(count_rows(&opened), ROWS + 1);
    assert_int_equal(run(&opened, "delete from t"), SSQL_READ_ONLY);
    assert_int_equal(close_it(&opened), SSQL_OK);
    assert_true(hash_tree(folder) == before);
    close(done[1]);
    assert_int_equal(waitpid(child, NULL, 0), child);
    close(ready[0]);
    close(ready[1]);
}

static void allow(const char *path, bool writing)
{
    hash_tree(path);
    for (size_t i = 0; i < tree.count; i++)
        assert_int_equal(chmod(tree.paths[i], writing ? 0644 : 0444), 0);
    assert_int_equal(chmod(path, writing ? 0755 : 0555), 0);
}

/* Runs in a process of its own: gives up root's right to write everywhere. */
static int use_without_permission(const char *path)
{
    if (getuid() == 0 && (setgid(NOBODY) != 0 || setuid(NOBODY) != 0))
        return 1;
    struct opened opened = open_with(path, NULL);
    if (opened.code == SSQL_OK) {
        insert(&opened, ROWS);
        ssql_disconnect(opened.conn);
        ssql_close(opened.db);
    }
    if (opened.code != SSQL_READ_ONLY || strstr(opened.message, "db") == NULL) {
        fprintf(stderr, "without permission: %d %s\n", opened.code, opened.message);
        return 2;
    }
    opened = open_with(path, "readonly", "on", NULL);
    if (opened.code != SSQL_OK || count_rows(&opened) != ROWS) {
        fprintf(stderr, "without permission, read-only: %d %s\n", opened.code, opened.message);
        return 3;
    }
    return close_it(&opened) == SSQL_OK ? 0 : 4;
}

static void a_database_without_permission_is_read_only(void **state)
{
    (void)state;
    const char *path = make_database(false);
    int status;

    allow(path, false);
    uint64_t before = hash_tree(path);
    pid_t child = fork();
    if (child == 0)
        _exit(use_without_permission(path));
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    assert_true(hash_tree(path) == before);
    allow(path, true);
}

/* ---- running out ---- */

/* Inserts until it fails; the number of rows that were acknowledged. */
static int64_t insert_until_failure(struct opened *opened, int64_t from)
{
    int64_t id = from;

    while (id < from + 1000000 && insert(opened, id) == SSQL_OK)
        id++;
    return id;
}

/* With the cause gone: everything acknowledged is there, here and after reopening, and more can be written. */
static void assert_goes_on(struct opened *opened, const char *path, int64_t rows)
{
    int64_t count = count_rows(opened);

    /* An outcome that is not known lets the engine refuse writes until it is opened again. */
    if (insert(opened, count) != SSQL_OK) {
        assert_int_equal(opened->code, SSQL_UNKNOWN_OUTCOME);
        close_it(opened);
        *opened = open_with(path, NULL);
        assert_int_equal(opened->code, SSQL_OK);
        count = count_rows(opened);
        assert_int_equal(insert(opened, count), SSQL_OK);
    }
    assert_in_range(count, rows, rows + 1);
    assert_int_equal(ssql_checkpoint(opened->conn), SSQL_OK);
    assert_int_equal(close_it(opened), SSQL_OK);
    *opened = open_with(path, NULL);
    assert_int_equal(opened->code, SSQL_OK);
    assert_int_equal(count_rows(opened), count + 1);
    assert_int_equal(close_it(opened), SSQL_OK);
}

static void limit_file_size(rlim_t bytes)
{
    struct rlimit limit;

    assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
    limit.rlim_cur = bytes == RLIM_INFINITY ? limit.rlim_max : bytes;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

/* The log's segment may be there already when the limit meets it: then a write of it has failed, for good. */
static void files_that_may_not_grow_are_told(void **state)
{
    (void)state;
    const char *path = in_folder("db");
    struct opened opened =
        open_with(path, "wal_segment_size", "64KiB", "background", "off", "memtable_size", "64KiB", NULL);

    must_run(&opened, "create table t (id int primary key, what string)");
    signal(SIGXFSZ, SIG_IGN);
    limit_file_size(16 << 10);
    int64_t rows = insert_until_failure(&opened, 0);
    struct opened failed = opened;
    int64_t seen = count_rows(&opened);
    limit_file_size(RLIM_INFINITY);
    assert_clear_error(&failed, failed.code == SSQL_DISK_FULL ? SSQL_DISK_FULL : SSQL_UNKNOWN_OUTCOME);
    assert_int_equal(seen, rows);
    assert_goes_on(&opened, path, rows);
}

/* Only a root that is a mount point (not that of a chroot) can be kept apart from everybody else's. */
static bool mount_small_disk(const char *path)
{
    return unshare(CLONE_NEWNS) == 0 && mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 &&
           mkdir(path, 0755) == 0 && mount("tmpfs", path, "tmpfs", 0, "size=8m") == 0;
}

static void fill_and_free_disk(void)
{
    char path[PATH_SIZE], ballast[PATH_SIZE], block[65536] = {0};

    snprintf(path, sizeof path, "%s/disk/db", folder);
    snprintf(ballast, sizeof ballast, "%s/disk/ballast", folder);
    int fd = open(ballast, O_WRONLY | O_CREAT | O_EXCL, 0644);
    assert_true(fd >= 0);
    off_t size = 0;
    for (ssize_t written; (written = write(fd, block, sizeof block)) > 0;)
        size += written;
    assert_int_equal(errno, ENOSPC);
    assert_int_equal(ftruncate(fd, size - ROOM), 0);
    close(fd);
    struct opened opened = open_with(path, "wal_segment_size", "256KiB", "memtable_size", "128KiB", NULL);
    must_run(&opened, "create table t (id int primary key, what string)");
    int64_t rows = insert_until_failure(&opened, 0);
    assert_clear_error(&opened, SSQL_DISK_FULL);
    assert_true(rows > 0);
    assert_int_equal(count_rows(&opened), rows); /* reading goes on */
    assert_int_equal(insert(&opened, rows), SSQL_DISK_FULL);
    assert_int_equal(unlink(ballast), 0);
    assert_goes_on(&opened, path, rows);
}

static void a_full_disk_loses_nothing_and_goes_on_when_there_is_room(void **state)
{
    (void)state;
    int status;
    pid_t child = fork();

    if (child == 0) {
        if (!mount_small_disk(in_folder("disk")))
            _exit(77);
        fill_and_free_disk();
        _exit(0);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    if (WIFEXITED(status) && WEXITSTATUS(status) == 77) {
        print_message("skipped: no right to mount a small disk\n");
        skip();
    }
    assert_int_equal(status, 0);
}

static void limit_open_files(rlim_t count)
{
    struct rlimit limit;

    assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
    limit.rlim_cur = count;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
}

static void too_many_open_files_are_told_when_opening(void **state)
{
    (void)state;
    const char *path = make_database(false);
    struct rlimit before;
    struct opened opened;
    unsigned refused = 0;
    int64_t count = -1;

    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    int first_free = dup(0);
    close(first_free);
    for (rlim_t room = 0; count != ROWS; room++) {
        assert_true(room < 64);
        limit_open_files((rlim_t)first_free + room);
        opened = open_with(path, "background", "off", NULL);
        count = opened.code == SSQL_OK ? count_rows(&opened) : -1;
        limit_open_files(before.rlim_cur);
        if (count < 0)
            assert_clear_error(&opened, SSQL_TOO_MANY_OPEN);
        if (opened.db != NULL)
            close_it(&opened);
        refused += count < 0;
    }
    assert_true(refused > 0);
    opened = open_with(path, NULL);
    assert_int_equal(count_rows(&opened), ROWS);
    assert_int_equal(close_it(&opened), SSQL_OK);
}

static void too_many_open_files_are_told_when_writing(void **state)
{
    (void)state;
    const char *path = in_folder("db");
    struct rlimit before;
    struct opened opened =
        open_with(path, "wal_segment_size", "64KiB", "background", "off", "memtable_size", "64KiB", NULL);

    must_run(&opened, "create table t (id int primary key, what string)");
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    int first_free = dup(0);
    close(first_free);
    limit_open_files((rlim_t)first_free);
    int64_t rows = insert_until_failure(&opened, 0);
    assert_clear_error(&opened, SSQL_TOO_MANY_OPEN);
    limit_open_files(before.rlim_cur);
    assert_goes_on(&opened, path, rows);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_file_is_refused),
        TEST(a_folder_of_something_else_is_refused),
        TEST(a_manifest_of_something_else_is_refused),
        TEST(a_folder_in_no_folder_is_refused),
        TEST(a_link_to_nothing_is_refused),
        TEST(an_empty_folder_is_a_new_database_unless_one_must_exist),
        TEST(a_locked_database_names_who_has_it),
        TEST(a_database_without_permission_is_read_only),
        TEST(files_that_may_not_grow_are_told),
        TEST(a_full_disk_loses_nothing_and_goes_on_when_there_is_room),
        TEST(too_many_open_files_are_told_when_opening),
        TEST(too_many_open_files_are_told_when_writing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
