/* A backup holds what was committed at one moment, whatever goes on meanwhile; a place is taken only when it is free.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "storage/check.h"
#include "storage/manifest.h"
#include "storage/transaction_internal.h"
#include "support/backup_fixture.h"
#include "volume/volume_directory.h"

static const struct backup_options whole = {0}, copying = {.must_copy = true}, incremental = {.is_incremental = true};

static struct content before, moment, found;

/* ---- what is in it ---- */

static void a_backup_holds_what_was_committed_and_nothing_later(void **state)
{
    (void)state;
    struct engine *engine = make_database(fixture_volume());
    struct volume *to = fixture_volume();
    struct transaction *open = fixture_begin(engine, TRANSACTION_WRITE);

    fixture_put(open, FIRST_TABLE, 5000, 1); /* not committed */
    read_content(engine, &moment);
    struct backup_result result = make_backup(engine, to, &whole);
    assert_true(result.copied_count > 2 && result.written_count > 0);
    assert_int_equal(fixture_commit(open), SSQL_OK);
    write_some(engine, 9);
    fixture_close(engine);

    assert_healthy(to);
    read_backup(to, &found);
    assert_same(&found, &moment);
}

/* Their rows have the sequence of their commit, which only the manifest knows. */
static void what_large_transactions_spilled_is_in_it(void **state)
{
    (void)state;
    struct engine *engine = make_database(fixture_volume());
    struct volume *to = fixture_volume();
    struct ssql_error error;

    for (int64_t i = 0; i < 3; i++) {
        struct transaction *transaction = fixture_begin(engine, TRANSACTION_WRITE);
        for (int64_t key = 0; key < 20; key++)
            fixture_put(transaction, FIRST_TABLE, 7000 + key, i);
        assert_true(transaction_spill(transaction, &error));
        assert_int_equal(fixture_commit(transaction), SSQL_OK);
    }
    read_content(engine, &moment);
    make_backup(engine, to, &whole);
    fixture_close(engine);
    assert_healthy(to);
    read_backup(to, &found);
    assert_same(&found, &moment);
}

static void an_empty_database_has_a_backup(void **state)
{
    (void)state;
    struct engine_options options = fixture_options(true);
    struct engine *engine = fixture_open(fixture_volume(), &options);
    struct volume *to = fixture_volume();

    make_backup(engine, to, &whole);
    fixture_close(engine);
    assert_healthy(to);
    engine = fixture_open(to, &options);
    assert_int_equal(fixture_create_table(engine), FIRST_TABLE);
    fixture_close(engine);
}

static void a_dropped_table_is_not_in_the_backup(void **state)
{
    (void)state;
    struct engine *engine = make_database(fixture_volume());
    struct volume *to = fixture_volume();
    struct transaction *reader = fixture_begin(engine, TRANSACTION_READ); /* keeps the dropped one alive */
    struct transaction *transaction = fixture_begin(engine, TRANSACTION_WRITE);
    struct ssql_error error;

    assert_true(transaction_drop_table(transaction, FIRST_TABLE, &error));
    assert_int_equal(fixture_commit(transaction), SSQL_OK);
    read_content(engine, &moment);
    make_backup(engine, to, &whole);
    fixture_rollback(reader);
    fixture_close(engine);
    assert_healthy(to);
    read_backup(to, &found);
    assert_int_equal(found.counts[0], 0);
    assert_same(&found, &moment);
}

static void a_backup_can_be_written_to_and_backed_up_again(void **state)
{
    (void)state;
    struct engine_options options = fixture_options(true);
    struct engine *engine = make_database(fixture_volume());
    struct volume *to = fixture_volume(), *again = fixture_volume();

    make_backup(engine, to, &whole);
    fixture_close(engine);
    engine = fixture_open(to, &options);
    write_some(engine, 6);
    read_content(engine, &moment);
    make_backup(engine, again, &whole);
    fixture_close(engine);
    assert_healthy(again);
    read_backup(again, &found);
    assert_same(&found, &moment);
}

/* ---- beside writers ---- */

struct writing {
    struct engine *engine;
    atomic_bool is_over;
    atomic_long committed;
};

/* Both tables get the same number in one transaction; a third of the keys is deleted on the way. */
static void *write_on(void *context)
{
    struct writing *writing = context;

    for (int64_t i = 1; !atomic_load(&writing->is_over); i++) {
        struct transaction *transaction = fixture_begin(writing->engine, TRANSACTION_WRITE);
        fixture_put(transaction, FIRST_TABLE, 0, i);
        fixture_put(transaction, FIRST_TABLE, 1 + i % 300, i);
        fixture_put(transaction, SECOND_TABLE, 0, i);
        fixture_delete(transaction, SECOND_TABLE, 1 + i % 70);
        fixture_put(transaction, SECOND_TABLE, 1 + (i + 35) % 70, i);
        assert_int_equal(fixture_commit(transaction), SSQL_OK);
        atomic_store(&writing->committed, (long)i);
    }
    return NULL;
}

static void assert_prefix(struct engine *engine, long least)
{
    int64_t number = fixture_get_one(engine, FIRST_TABLE, 0);

    assert_true(number >= least);
    assert_int_equal(fixture_get_one(engine, SECOND_TABLE, 0), number);
    for (int64_t i = number; i > number - 300 && i > 0; i--)
        assert_int_equal(fixture_get_one(engine, FIRST_TABLE, 1 + i % 300), i);
    for (int64_t i = number; i > number - 34 && i > 0; i--) {
        assert_int_equal(fixture_get_one(engine, SECOND_TABLE, 1 + i % 70), -1);
        assert_int_equal(fixture_get_one(engine, SECOND_TABLE, 1 + (i + 35) % 70), i);
    }
}

static void backups_beside_a_writer_hold_a_prefix_of_its_commits(void **state)
{
    (void)state;
    struct engine_options options = fixture_options(true);
    options.background = true;
    struct engine *engine = fixture_open(fixture_volume(), &options);
    struct volume *to = fixture_volume();
    struct writing writing = {.engine = engine};
    pthread_t thread;

    assert_int_equal(fixture_create_table(engine), FIRST_TABLE);
    assert_int_equal(fixture_create_table(engine), SECOND_TABLE);
    assert_int_equal(pthread_create(&thread, NULL, write_on, &writing), 0);
    for (unsigned i = 0; i < fixture_rounds(12); i++) {
        struct volume *fresh = fixture_volume();
        long least = atomic_load(&writing.committed);
        while (least < 100 * (long)(i + 1)) {
            usleep(100);
            least = atomic_load(&writing.committed);
        }
        make_backup(engine, fresh, &whole);
        assert_healthy(fresh);
        struct engine *copy = fixture_open(fresh, &options);
        assert_prefix(copy, least);
        fixture_close(copy);

        least = atomic_load(&writing.committed);
        make_backup(engine, to, &incremental);
        assert_healthy(to);
    }
    atomic_store(&writing.is_over, true);
    pthread_join(thread, NULL);
    make_backup(engine, to, &incremental);
    fixture_close(engine);
    engine = fixture_open(to, &options);
    assert_prefix(engine, atomic_load(&writing.committed));
    fixture_close(engine);
}

/* ---- incremental ---- */

static void an_incremental_backup_keeps_the_files_that_are_there(void **state)
{
    (void)state;
    struct engine *engine = make_database(fixture_volume());
    struct volume *to = fixture_volume();
    struct backup_result first = make_backup(engine, to, &incremental);

    assert_int_equal(first.kept_count, 0);
    fixture_put_one(engine, SECOND_TABLE, 49, 77);
    read_content(engine, &moment);
    struct backup_result second = make_backup(engine, to, &incremental);
    assert_int_equal(second.kept_count, first.copied_count);
    assert_int_equal(second.copied_count, 0);
    assert_healthy(to);
    fixture_close(engine);
    read_backup(to, &found);
    assert_same(&found, &moment);
}

static void an_incremental_backup_follows_compactions_and_drops(void **state)
{
    (void)state;
    struct engine *engine = make_database(fixture_volume());
    struct volume *to = fixture_volume();
    struct ssql_error error;

    make_backup(engine, to, &incremental);
    write_some(engine, 8);
    assert_true(engine_compact(engine, &error));
    make_backup(engine, to, &incremental);
    assert_healthy(to);
    struct transaction *transaction = fixture_begin(engine, TRANSACTION_WRITE);
    assert_true(transaction_drop_table(transaction, FIRST_TABLE, &error));
    assert_int_equal(fixture_commit(transaction), SSQL_OK);
    fixture_put_one(engine, SECOND_TABLE, 3, 33);
    read_content(engine, &moment);
    make_backup(engine, to, &incremental);
    assert_healthy(to);
    fixture_close(engine);
    read_backup(to, &found);
    assert_same(&found, &moment);
}

static void assert_refused(struct engine *engine, struct volume *to, const struct backup_options *options,
                           const char *reason)
{
    struct ssql_error error;

    assert_false(try_backup(engine, to, options, &error));
    assert_int_equal(error.code, SSQL_CANNOT_OPEN);
    assert_non_null(strstr(error.message, reason));
}

/* What is refused is left as it was, logs and all. */
static void assert_untouched(struct volume *volume, const struct content *content)
{
    struct volume *copy;
    struct ssql_error error;

    assert_true(volume_memory_crash(volume, UINT64_MAX, &copy, &error));
    read_backup(copy, &found);
    assert_same(&found, content);
}

static void a_place_that_is_taken_is_refused(void **state)
{
    (void)state;
    struct engine *engine = make_database(fixture_volume()), *other = make_database(fixture_volume());
    struct volume *backup = fixture_volume(), *inner = fixture_volume(), *used, *database;
    struct engine_options options = fixture_options(true);
    struct ssql_error error;

    read_content(engine, &moment);
    make_backup(engine, backup, &whole);
    assert_refused(engine, backup, &whole, "a database");
    assert_refused(other, backup, &incremental, "of another database");
    assert_untouched(backup, &moment);

    /* One that was written to since: its log holds rows that must not be lost. */
    make_backup(engine, inner, &whole);
    struct engine *writer = fixture_open(inner, &options);
    fixture_put_one(writer, SECOND_TABLE, 7, 7777);
    read_content(writer, &before);
    assert_true(volume_memory_crash(inner, UINT64_MAX, &used, &error));
    assert_refused(engine, used, &incremental, "written to");
    assert_refused(engine, used, &whole, "a database");
    assert_untouched(used, &before);
    fixture_close(writer);

    /* And one that never was a backup. */
    assert_true(volume_memory_create(&inner, &error));
    struct engine *third = make_database(inner);
    read_content(third, &before);
    assert_true(volume_memory_crash(inner, UINT64_MAX, &database, &error));
    assert_refused(engine, database, &incremental, "no backup");
    assert_untouched(database, &before);
    fixture_close(third);

    fixture_close(engine);
    fixture_close(other);
    volume_close(backup);
    volume_close(used);
    volume_close(database);
}

/* ---- damage ---- */

struct damaging {
    struct volume *volume;
    bool is_done;
};

static bool damage_one(void *context, const char *name, uint64_t size)
{
    struct damaging *damaging = context;

    if (strncmp(name, "tables/16/", 10) == 0 && !damaging->is_done)
        damaging->is_done = volume_memory_damage(damaging->volume, name, size / 3, 0x10);
    return true;
}

static void a_damaged_file_is_not_copied(void **state)
{
    (void)state;
    struct volume *volume = fixture_volume(), *to = fixture_volume();
    struct engine *engine = make_database(volume);
    struct damaging damaging = {.volume = volume};
    struct manifest *manifest;
    struct ssql_error error;

    assert_int_equal(volume_list(volume, damage_one, &damaging, &error), VOLUME_OK);
    assert_true(damaging.is_done);
    assert_false(try_backup(engine, to, &whole, &error));
    assert_int_equal(error.code, SSQL_CORRUPT);
    assert_non_null(strstr(error.message, "tables/16/"));
    assert_true(manifest_load(to, &manifest, &error));
    assert_int_equal(manifest->version, 0);
    manifest_destroy(manifest);
    fixture_close(engine);
    volume_close(to);
}

/* ---- directories ---- */

static char parent[64], database_path[80], backup_path[80];

static int set_up(void **state)
{
    (void)state;
    strcpy(parent, "/tmp/ssql-backup-XXXXXX");
    if (mkdtemp(parent) == NULL)
        return -1;
    snprintf(database_path, sizeof database_path, "%s/db", parent);
    snprintf(backup_path, sizeof backup_path, "%s/backup", parent);
    return 0;
}

static int tear_down(void **state)
{
    char command[128];

    (void)state;
    snprintf(command, sizeof command, "rm -rf '%s'", parent);
    return system(command) == 0 ? 0 : -1;
}

static struct volume *open_directory(const char *path, struct volume_directory_options options)
{
    struct volume *volume;
    struct ssql_error error = {0};

    if (!volume_directory_open(path, &options, &volume, &error))
        fail_msg("%s", error.message);
    return volume;
}

static bool is_there(const char *path)
{
    return access(path, F_OK) == 0;
}

static void a_directory_is_backed_up_by_links(void **state)
{
    (void)state;
    struct engine *engine = make_database(open_directory(database_path, (struct volume_directory_options){0}));
    struct backup_result result;
    struct ssql_error error = {0};

    read_content(engine, &moment);
    if (!engine_backup(engine, backup_path, &whole, NULL, &result, &error))
        fail_msg("%s", error.message);
    assert_true(result.linked_count > 2);
    assert_int_equal(result.copied_count, 0);
    assert_false(engine_backup(engine, backup_path, &whole, NULL, &result, &error));
    assert_int_equal(error.code, SSQL_CANNOT_OPEN);
    write_some(engine, 5);
    assert_true(engine_compact(engine, &error)); /* deletes what is linked */
    assert_true(engine_backup(engine, database_path, &whole, NULL, &result, &error) == false);
    fixture_close(engine);

    struct volume *backup = open_directory(backup_path, (struct volume_directory_options){.read_only = true});
    assert_healthy(backup);
    read_backup(backup, &found);
    assert_same(&found, &moment);
}

static void a_reader_beside_the_writer_makes_backups(void **state)
{
    (void)state;
    struct engine_options options = fixture_options(true);
    struct engine *engine = make_database(open_directory(database_path, (struct volume_directory_options){0}));
    struct engine *reader =
        fixture_open(open_directory(database_path, (struct volume_directory_options){.read_only = true}), &options);
    struct backup_result result;
    struct ssql_error error = {0};

    read_content(reader, &moment);
    write_some(engine, 5);
    assert_true(engine_compact(engine, &error)); /* files that the reader has open are gone now */
    if (!engine_backup(reader, backup_path, &whole, NULL, &result, &error))
        fail_msg("%s", error.message);
    assert_true(result.copied_count > 0);
    fixture_close(reader);
    fixture_close(engine);
    struct volume *backup = open_directory(backup_path, (struct volume_directory_options){.read_only = true});
    assert_healthy(backup);
    read_backup(backup, &found);
    assert_same(&found, &moment);
}

static void an_interrupted_backup_leaves_nothing(void **state)
{
    (void)state;
    struct engine *engine = make_database(open_directory(database_path, (struct volume_directory_options){0}));
    struct cancellation cancellation = {0};
    struct backup_result result;
    struct ssql_error error = {0};

    atomic_store(&cancellation.requested, 1);
    assert_false(engine_backup(engine, backup_path, &whole, &cancellation, &result, &error));
    assert_int_equal(error.code, SSQL_INTERRUPTED);
    assert_false(is_there(backup_path));
    /* A directory that was there stays, empty. */
    assert_int_equal(mkdir(backup_path, 0777), 0);
    assert_false(engine_backup(engine, backup_path, &whole, &cancellation, &result, &error));
    assert_int_equal(rmdir(backup_path), 0);
    fixture_close(engine);
}

/* A place where a backup came to no end, at every operation in turn: it is refused, unless it is whole; and the next
 * backup takes it. */
static void an_unfinished_backup_is_refused_and_can_be_made_again(void **state)
{
    (void)state;
    struct engine_options options = fixture_options(false);
    struct engine *engine = fixture_open(open_directory(database_path, (struct volume_directory_options){0}), &options);
    struct ssql_error error;
    unsigned refused = 0;
    bool is_done = false;

    assert_int_equal(fixture_create_table(engine), FIRST_TABLE);
    assert_int_equal(fixture_create_table(engine), SECOND_TABLE);
    write_some(engine, 1);
    assert_true(engine_flush(engine, &error));
    write_some(engine, 2);
    read_content(engine, &moment);
    for (uint64_t n = 1; !is_done; n++) {
        const struct volume_directory_options how = {.must_exist = true};
        struct backup_result result;
        struct volume *inner = open_directory(backup_path, (struct volume_directory_options){0}), *to, *opened;
        assert_true(volume_faulty_create(inner, &to, &error));
        volume_faulty_set(
            to, &(struct fault_plan){.fail_at = n, .keep_failing = true, .status = VOLUME_UNAVAILABLE, .seed = n});
        is_done = try_backup(engine, to, &copying, &error);
        volume_close(to); /* as a process that dies: nothing is cleaned up */
        bool is_open = volume_directory_open(backup_path, &how, &opened, &error);
        assert_int_equal(is_open, is_done);
        volume_close(opened);
        refused += strstr(error.message, "not finished") != NULL;
        if (!is_done && !engine_backup(engine, backup_path, &whole, NULL, &result, &error))
            fail_msg("%s", error.message);
        opened = open_directory(backup_path, (struct volume_directory_options){.read_only = true});
        assert_healthy(opened);
        read_backup(opened, &found);
        assert_same(&found, &moment);
        char command[128];
        snprintf(command, sizeof command, "rm -rf '%s'", backup_path);
        assert_int_equal(system(command), 0);
    }
    assert_true(refused > 10);
    fixture_close(engine);
}

static void what_belongs_to_others_is_refused_and_stays(void **state)
{
    (void)state;
    struct engine *engine = make_database(open_directory(database_path, (struct volume_directory_options){0}));
    struct backup_result result;
    struct ssql_error error = {0};
    char file[96];

    assert_int_equal(mkdir(backup_path, 0777), 0);
    snprintf(file, sizeof file, "%s/letter.txt", backup_path);
    FILE *stream = fopen(file, "w");
    assert_non_null(stream);
    fclose(stream);
    assert_false(engine_backup(engine, backup_path, &whole, NULL, &result, &error));
    assert_int_equal(error.code, SSQL_CANNOT_OPEN);
    assert_false(engine_backup(engine, backup_path, &incremental, NULL, &result, &error));
    assert_true(is_there(file));
    assert_false(engine_backup(engine, file, &whole, NULL, &result, &error));
    assert_int_equal(error.code, SSQL_CANNOT_OPEN);
    fixture_close(engine);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_backup_holds_what_was_committed_and_nothing_later),
        cmocka_unit_test(what_large_transactions_spilled_is_in_it),
        cmocka_unit_test(an_empty_database_has_a_backup),
        cmocka_unit_test(a_dropped_table_is_not_in_the_backup),
        cmocka_unit_test(a_backup_can_be_written_to_and_backed_up_again),
        cmocka_unit_test(backups_beside_a_writer_hold_a_prefix_of_its_commits),
        cmocka_unit_test(an_incremental_backup_keeps_the_files_that_are_there),
        cmocka_unit_test(an_incremental_backup_follows_compactions_and_drops),
        cmocka_unit_test(a_place_that_is_taken_is_refused),
        cmocka_unit_test(a_damaged_file_is_not_copied),
        cmocka_unit_test_setup_teardown(a_directory_is_backed_up_by_links, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_reader_beside_the_writer_makes_backups, set_up, tear_down),
        cmocka_unit_test_setup_teardown(an_interrupted_backup_leaves_nothing, set_up, tear_down),
        cmocka_unit_test_setup_teardown(an_unfinished_backup_is_refused_and_can_be_made_again, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_belongs_to_others_is_refused_and_stays, set_up, tear_down),
    };

    if (getenv("SSQL_TEST_ONLY") != NULL)
        cmocka_set_test_filter(getenv("SSQL_TEST_ONLY"));
    return cmocka_run_group_tests(tests, NULL, NULL);
}
