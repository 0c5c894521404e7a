/* A backup holds what was committed at one moment, whatever goes on meanwhile; whatever fails, there is a whole backup,
 * the one before, or none. */
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

#include "storage/backup.h"
#include "storage/check.h"
#include "storage/manifest.h"
#include "support/engine_fixture.h"
#include "volume/volume_directory.h"

enum { PAIRS_MOST = 4096, FIRST_TABLE = 16, SECOND_TABLE = 17 };

static const struct backup_options whole = {0}, copying = {.must_copy = true}, incremental = {.is_incremental = true},
                                   incremental_copying = {.is_incremental = true, .must_copy = true};

/* ---- what is in a database ---- */

struct content {
    size_t counts[2];
    struct fixture_pair pairs[2][PAIRS_MOST];
};

static void read_content(struct engine *engine, struct content *content)
{
    struct transaction *transaction = fixture_begin(engine, TRANSACTION_READ);

    for (uint32_t i = 0; i < 2; i++) {
        content->counts[i] = 0;
        if (transaction_table(transaction, FIRST_TABLE + i) != NULL)
            content->counts[i] =
                fixture_scan(transaction, FIRST_TABLE + i, INT64_MIN, INT64_MAX, content->pairs[i], PAIRS_MOST);
        assert_true(content->counts[i] < PAIRS_MOST);
    }
    fixture_rollback(transaction);
}

static void assert_same(const struct content *left, const struct content *right)
{
    for (int i = 0; i < 2; i++) {
        assert_int_equal(left->counts[i], right->counts[i]);
        if (left->counts[i] > 0)
            assert_memory_equal(left->pairs[i], right->pairs[i], left->counts[i] * sizeof left->pairs[i][0]);
    }
}

static bool is_same(const struct content *left, const struct content *right)
{
    for (int i = 0; i < 2; i++)
        if (left->counts[i] != right->counts[i] ||
            memcmp(left->pairs[i], right->pairs[i], left->counts[i] * sizeof left->pairs[i][0]) != 0)
            return false;
    return true;
}

static bool fail_on_damage(void *context, const struct check_finding *finding)
{
    (void)context;
    if (finding->kind != CHECK_PROGRESS)
        fail_msg("%s: %s", finding->file, finding->text);
    return true;
}

/* Every byte is as it should be, and nothing lies beside. */
static void assert_healthy(struct volume *volume)
{
    struct check_progress progress;
    struct ssql_error error = {0};

    if (!volume_check(volume, fail_on_damage, NULL, &progress, &error))
        fail_msg("%s", error.message);
}

/* Takes over the volume. */
static void read_backup(struct volume *volume, struct content *content)
{
    struct engine_options options = fixture_options(false);
    struct engine *engine = fixture_open(volume, &options);

    read_content(engine, content);
    fixture_close(engine);
}

static struct content before, moment, found;

/* ---- a database with something of everything ---- */

static void write_some(struct engine *engine, int64_t round)
{
    for (int64_t i = 0; i < 60; i++) {
        struct transaction *transaction = fixture_begin(engine, TRANSACTION_WRITE);
        fixture_put(transaction, FIRST_TABLE, (i * 7 + round * 31) % 400, round * 1000 + i);
        fixture_put(transaction, SECOND_TABLE, i % 50, round * 1000 + i);
        if (i % 5 == 0)
            fixture_delete(transaction, FIRST_TABLE, (i * 11 + round) % 400);
        assert_int_equal(fixture_commit(transaction), SSQL_OK);
    }
}

/* Levels, level 0, memtables; one commit that was spilled. */
static struct engine *make_database(struct volume *volume)
{
    struct engine_options options = fixture_options(true);
    struct engine *engine = fixture_open(volume, &options);

    assert_int_equal(fixture_create_table(engine), FIRST_TABLE);
    assert_int_equal(fixture_create_table(engine), SECOND_TABLE);
    for (int64_t round = 0; round < 4; round++)
        write_some(engine, round);
    struct transaction *transaction = fixture_begin(engine, TRANSACTION_WRITE);
    for (int64_t i = 0; i < 1500; i++)
        fixture_put(transaction, FIRST_TABLE, 1000 + i, i);
    assert_int_equal(fixture_commit(transaction), SSQL_OK);
    write_some(engine, 4);
    return engine;
}

static bool try_backup(struct engine *engine, struct volume *to, const struct backup_options *options,
                       struct ssql_error *error)
{
    struct backup_result result;

    *error = (struct ssql_error){0};
    return engine_backup_to(engine, to, options, NULL, &result, error);
}

static struct backup_result make_backup(struct engine *engine, struct volume *to, const struct backup_options *options)
{
    struct backup_result result;
    struct ssql_error error = {0};

    if (!engine_backup_to(engine, to, options, NULL, &result, &error))
        fail_msg("%d: %s", (int)error.code, error.message);
    assert_int_equal(result.file_count,
                     result.linked_count + result.copied_count + result.written_count + result.kept_count);
    return result;
}

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

/* ---- faults ---- */

static bool count_object(void *context, const char *name, uint64_t size)
{
    (void)name;
    (void)size;
    (*(size_t *)context)++;
    return true;
}

static bool has_manifest(struct volume *volume)
{
    struct manifest *manifest;
    struct ssql_error error;

    assert_true(manifest_load(volume, &manifest, &error));
    bool is_there = manifest->version != 0;
    manifest_destroy(manifest);
    return is_there;
}

/* After a failure once: nothing is left but the mark, or the whole backup of unknown outcome. */
static void assert_cleaned(struct volume *to, const struct ssql_error *error)
{
    struct ssql_error ignored;
    size_t count = 0;

    assert_int_not_equal(error->code, SSQL_OK);
    assert_int_not_equal(error->code, SSQL_INTERNAL);
    assert_true(strlen(error->message) > 5);
    if (has_manifest(to)) {
        assert_int_equal(error->code, SSQL_UNKNOWN_OUTCOME);
        assert_healthy(to);
        return;
    }
    assert_int_equal(volume_list(to, count_object, &count, &ignored), VOLUME_OK);
    if (error->code != SSQL_UNKNOWN_OUTCOME)
        assert_int_equal(count, 0);
}

/* An operation may have happened or not; the others differ only in what they are called, and take turns. */
enum { WAYS_TO_FAIL = 2 };

static enum volume_status status_of(uint64_t n, unsigned way)
{
    static const enum volume_status others[] = {VOLUME_UNAVAILABLE, VOLUME_NO_SPACE, VOLUME_CORRUPT};

    return way == 0 ? VOLUME_UNKNOWN : others[n % 3];
}

/* Every operation on the place fails in turn; then the backup is tried again, where the first attempt has left off. */
static void every_operation_fails_in_turn(void **state)
{
    (void)state;
    struct engine *engine = make_database(fixture_volume());
    struct ssql_error error;
    bool is_done = false;

    read_content(engine, &moment);
    for (uint64_t n = 1; !is_done; n++) {
        for (unsigned i = 0; i < WAYS_TO_FAIL && !is_done; i++) {
            struct volume *to;
            assert_true(volume_faulty_create(fixture_volume(), &to, &error));
            volume_faulty_set(to, &(struct fault_plan){.fail_at = n, .status = status_of(n, i), .seed = n * 7 + i});
            is_done = try_backup(engine, to, &whole, &error);
            volume_faulty_set(to, &(struct fault_plan){0});
            if (!is_done) {
                assert_cleaned(volume_faulty_inner(to), &error);
                if (!has_manifest(volume_faulty_inner(to)))
                    make_backup(engine, to, &whole);
            }
            assert_healthy(to);
            read_backup(to, &found);
            assert_same(&found, &moment);
        }
    }
    fixture_close(engine);
}

/* The same of the database: reading fails, and all is well afterwards. */
static void every_operation_on_the_database_fails_in_turn(void **state)
{
    (void)state;
    struct volume *volume;
    struct ssql_error error;
    assert_true(volume_faulty_create(fixture_volume(), &volume, &error));
    struct engine *engine = make_database(volume);
    bool is_done = false;

    read_content(engine, &moment);
    for (uint64_t n = 1; !is_done; n++) {
        struct volume *to = fixture_volume();
        volume_faulty_set(volume, &(struct fault_plan){.fail_at = n, .status = VOLUME_UNAVAILABLE});
        is_done = try_backup(engine, to, &copying, &error);
        volume_faulty_set(volume, &(struct fault_plan){0});
        if (!is_done) {
            assert_cleaned(to, &error);
            make_backup(engine, to, &copying);
        }
        read_backup(to, &found);
        assert_same(&found, &moment);
    }
    read_content(engine, &found);
    assert_same(&found, &moment);
    fixture_close(engine);
}

/* An incremental backup that fails leaves the one before, or, of unknown outcome, itself. */
static void a_failed_incremental_backup_leaves_the_one_before(void **state)
{
    (void)state;
    struct engine *engine = make_database(fixture_volume());
    struct volume *base = fixture_volume();
    struct ssql_error error;
    bool is_done = false;

    read_content(engine, &before);
    make_backup(engine, base, &whole);
    write_some(engine, 7);
    assert_true(engine_compact(engine, &error));
    write_some(engine, 8);
    read_content(engine, &moment);
    for (uint64_t n = 1; !is_done; n++) {
        for (unsigned i = 0; i < WAYS_TO_FAIL && !is_done; i++) {
            struct volume *inner, *to;
            assert_true(volume_memory_crash(base, UINT64_MAX, &inner, &error));
            assert_true(volume_faulty_create(inner, &to, &error));
            volume_faulty_set(to, &(struct fault_plan){.fail_at = n, .status = status_of(n, i), .seed = n * 3 + i});
            is_done = try_backup(engine, to, &incremental_copying, &error);
            volume_faulty_set(to, &(struct fault_plan){0});
            struct volume *copy;
            assert_true(volume_memory_crash(inner, UINT64_MAX, &copy, &error));
            read_backup(copy, &found);
            assert_true(is_same(&found, &moment) || (!is_done && is_same(&found, &before)));
            make_backup(engine, to, &incremental);
            assert_healthy(to);
            read_backup(to, &found);
            assert_same(&found, &moment);
        }
    }
    fixture_close(engine);
    volume_close(base);
}

/* ---- crashes ---- */

struct crashing {
    struct volume *inner;
    uint64_t random;
    unsigned whole_count, other_count;
};

/* What a power cut leaves at this moment is the new state, the one before, or none. */
static void crash_here(void *context)
{
    struct crashing *crashing = context;
    struct ssql_error error;

    for (unsigned i = 0; i < 4; i++) {
        uint64_t seed = i == 0 ? 0 : i == 1 ? UINT64_MAX : fixture_random(&crashing->random);
        struct volume *after;
        assert_true(volume_memory_crash(crashing->inner, seed, &after, &error));
        found.counts[0] = found.counts[1] = 0;
        if (has_manifest(after))
            read_backup(after, &found);
        else
            volume_close(after);
        if (is_same(&found, &moment))
            crashing->whole_count++;
        else if (is_same(&found, &before))
            crashing->other_count++;
        else
            fail_msg("seed %llu: %zu and %zu rows", (unsigned long long)seed, found.counts[0], found.counts[1]);
    }
}

static void crash_everywhere(struct engine *engine, struct volume *inner, const struct backup_options *options)
{
    struct crashing crashing = {.inner = inner, .random = fixture_seed()};
    struct volume *to;
    struct ssql_error error;

    assert_true(volume_faulty_create(inner, &to, &error));
    volume_faulty_set(to, &(struct fault_plan){.before = crash_here, .context = &crashing});
    make_backup(engine, to, options);
    volume_faulty_set(to, &(struct fault_plan){0});
    crash_here(&crashing);
    assert_true(crashing.whole_count >= 4);
    assert_true(crashing.other_count > 40);
    volume_close(to);
}

static void a_crash_leaves_a_whole_backup_or_none(void **state)
{
    (void)state;
    struct engine *engine = make_database(fixture_volume());

    before.counts[0] = before.counts[1] = 0;
    read_content(engine, &moment);
    crash_everywhere(engine, fixture_volume(), &whole);
    fixture_close(engine);
}

static void a_crash_of_an_incremental_backup_leaves_the_one_before(void **state)
{
    (void)state;
    struct engine *engine = make_database(fixture_volume());
    struct volume *to = fixture_volume();
    struct ssql_error error;

    read_content(engine, &before);
    make_backup(engine, to, &whole);
    write_some(engine, 7);
    assert_true(engine_compact(engine, &error));
    write_some(engine, 8);
    read_content(engine, &moment);
    crash_everywhere(engine, to, &incremental);
    fixture_close(engine);
}

/* What is in a backup must survive a crash of the database at any later time. */
static void what_a_backup_holds_is_durable_in_the_database(void **state)
{
    (void)state;
    struct engine_options options = fixture_options(false);
    options.sync = SYNC_OFF;
    struct volume *volume = fixture_volume(), *to = fixture_volume(), *after;
    struct engine *engine = fixture_open(volume, &options);
    struct ssql_error error;

    assert_int_equal(fixture_create_table(engine), FIRST_TABLE);
    assert_int_equal(fixture_create_table(engine), SECOND_TABLE);
    write_some(engine, 1);
    read_content(engine, &moment);
    make_backup(engine, to, &whole);
    assert_true(volume_memory_crash(volume, 0, &after, &error));
    read_backup(after, &found);
    assert_same(&found, &moment);
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
        cmocka_unit_test(an_empty_database_has_a_backup),
        cmocka_unit_test(a_dropped_table_is_not_in_the_backup),
        cmocka_unit_test(a_backup_can_be_written_to_and_backed_up_again),
        cmocka_unit_test(backups_beside_a_writer_hold_a_prefix_of_its_commits),
        cmocka_unit_test(an_incremental_backup_keeps_the_files_that_are_there),
        cmocka_unit_test(an_incremental_backup_follows_compactions_and_drops),
        cmocka_unit_test(a_place_that_is_taken_is_refused),
        cmocka_unit_test(a_damaged_file_is_not_copied),
        cmocka_unit_test(every_operation_fails_in_turn),
        cmocka_unit_test(every_operation_on_the_database_fails_in_turn),
        cmocka_unit_test(a_failed_incremental_backup_leaves_the_one_before),
        cmocka_unit_test(a_crash_leaves_a_whole_backup_or_none),
        cmocka_unit_test(a_crash_of_an_incremental_backup_leaves_the_one_before),
        cmocka_unit_test(what_a_backup_holds_is_durable_in_the_database),
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
