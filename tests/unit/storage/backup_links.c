/* Backups by hard links: every operation on the backup's directory fails in turn, links among them; and where links are
 * not possible, files are copied. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "support/backup_fixture.h"
#include "volume/volume_directory.h"

static const struct backup_options whole = {0}, incremental = {.is_incremental = true};
static char parent[64], other_parent[64]; /* the second is on another file system, or empty */
static struct content moment, found;

static int make_parents(void **state)
{
    struct stat here, there;

    (void)state;
    strcpy(parent, "/tmp/ssql_links_XXXXXX");
    strcpy(other_parent, "/dev/shm/ssql_links_XXXXXX");
    if (mkdtemp(parent) == NULL || stat(parent, &here) != 0)
        return -1;
    if (mkdtemp(other_parent) == NULL)
        other_parent[0] = '\0';
    else if (stat(other_parent, &there) != 0 || there.st_dev == here.st_dev)
        return -1;
    return 0;
}

static int remove_parents(void **state)
{
    char command[200];

    (void)state;
    snprintf(command, sizeof command, "rm -rf '%s' '%s'", parent, other_parent);
    return system(command);
}

static struct volume *open_in(const char *folder, const char *name, bool takes_unfinished)
{
    struct volume_directory_options how = {.takes_unfinished = takes_unfinished};
    struct volume *volume;
    struct ssql_error error = {0};
    char path[128];

    snprintf(path, sizeof path, "%s/%s", folder, name);
    if (!volume_directory_open(path, &how, &volume, &error))
        fail_msg("%s", error.message);
    return volume;
}

static void remove_in(const char *name)
{
    char command[200];

    snprintf(command, sizeof command, "rm -rf '%s/%s'", parent, name);
    assert_int_equal(system(command), 0);
}

static struct volume *open_faulty(const char *name, bool takes_unfinished)
{
    struct volume *volume;
    struct ssql_error error;

    assert_true(volume_faulty_create(open_in(parent, name, takes_unfinished), &volume, &error));
    return volume;
}

/* The engine's volume is a faulty one too, so that the link finds two of a kind. */
static struct engine *make_linked_database(const char *name)
{
    return make_database(open_faulty(name, false));
}

static void assert_backup_is_whole(void)
{
    struct volume *volume = open_in(parent, "backup", false);

    assert_healthy(volume);
    read_backup(volume, &found);
    assert_same(&found, &moment);
}

static void every_operation_of_a_linked_backup_fails_in_turn(void **state)
{
    static const enum volume_status statuses[] = {VOLUME_UNAVAILABLE, VOLUME_UNKNOWN, VOLUME_NO_SPACE,
                                                  VOLUME_CORRUPT,     VOLUME_FENCED,  VOLUME_EXISTS};
    struct engine *engine = make_linked_database("linked");
    bool is_done = false;

    (void)state;
    read_content(engine, &moment);
    for (uint64_t n = 1; !is_done; n++) {
        struct ssql_error error = {0};
        struct volume *to = open_faulty("backup", false);
        const struct fault_plan plan = {.fail_at = n, .status = statuses[n % 6], .seed = n, .keep_failing = n % 4 == 0};
        volume_faulty_set(to, &plan);
        is_done = try_backup(engine, to, &whole, &error);
        is_done = is_done && volume_faulty_count(to) < n;
        volume_close(to);
        if (error.code != SSQL_OK) {
            assert_true(strlen(error.message) > 5);
            /* What was left is made a backup of, or is one already. */
            to = open_faulty("backup", true);
            struct backup_result result = make_backup(engine, to, &incremental);
            assert_true(result.linked_count + result.kept_count > 5);
            assert_int_equal(result.copied_count, 0);
            volume_close(to);
        }
        assert_backup_is_whole();
        remove_in("backup");
    }
    read_content(engine, &found);
    assert_same(&found, &moment);
    fixture_close(engine);
}

static void files_that_cannot_be_linked_are_copied(void **state)
{
    struct engine *engine;
    struct volume *to;

    (void)state;
    if (other_parent[0] == '\0')
        skip();
    engine = make_database(open_in(parent, "source", false));
    read_content(engine, &moment);
    to = open_in(other_parent, "backup", false);
    struct backup_result result = make_backup(engine, to, &whole);
    assert_int_equal(result.linked_count, 0);
    assert_true(result.copied_count > 5);
    volume_close(to);
    read_backup(open_in(other_parent, "backup", false), &found);
    assert_same(&found, &moment);
    fixture_close(engine);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_operation_of_a_linked_backup_fails_in_turn),
        cmocka_unit_test(files_that_cannot_be_linked_are_copied),
    };

    return cmocka_run_group_tests(tests, make_parents, remove_parents);
}
