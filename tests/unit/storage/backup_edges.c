/* Backups at their edges: memtables that fill several files, somebody who wants it to end at any moment, commits that
 * are not durable yet, and backups that hold other files under the same names. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "storage/manifest.h"
#include "support/backup_fixture.h"

enum { MANY = 4300 }; /* rows of a memtable: more than are written between two looks at the flag */

static struct volume *volume; /* of the engine; faulty */
static struct engine *engine;
static struct cancellation cancellation;

/* One memtable, in which the first table has many rows; files of a few rows. */
static int open_large_memtable(void **state)
{
    struct engine_options options = fixture_options(false);

    (void)state;
    options.sstable_bytes = 16 << 10;
    options.block_rows = 64;
    assert_true(volume_faulty_create(fixture_volume(), &volume, NULL));
    engine = fixture_open(volume, &options);
    assert_int_equal(fixture_create_table(engine), FIRST_TABLE);
    assert_int_equal(fixture_create_table(engine), SECOND_TABLE);
    assert_int_equal(fixture_put_one(engine, SECOND_TABLE, 1, 1), SSQL_OK);
    assert_true(engine_flush(engine, NULL));
    struct transaction *transaction = fixture_begin(engine, TRANSACTION_WRITE);
    for (int64_t i = 0; i < MANY; i++)
        fixture_put(transaction, FIRST_TABLE, i, i);
    assert_int_equal(fixture_commit(transaction), SSQL_OK);
    return 0;
}

static int close_engine(void **state)
{
    (void)state;
    volume_faulty_set(volume, &(struct fault_plan){0});
    fixture_close(engine);
    return 0;
}

static bool has_manifest(struct volume *place)
{
    struct manifest *manifest;

    assert_true(manifest_load(place, &manifest, NULL));
    bool is_there = manifest->version != 0;
    manifest_destroy(manifest);
    return is_there;
}

static size_t count_rows(struct volume *backup)
{
    struct engine_options options = fixture_options(false);
    struct engine *opened = fixture_open(backup, &options);
    size_t count = fixture_count(opened, FIRST_TABLE);

    fixture_close(opened);
    return count;
}

static const struct backup_options whole = {0}, copying = {.must_copy = true}, renewing = {.is_incremental = true};

static void every_step_of_a_large_memtable_fails_in_turn(void **state)
{
    bool is_done = false;
    uint64_t n;

    (void)state;
    for (n = 1; !is_done; n++) {
        struct volume *to;
        struct ssql_error error;
        assert_true(volume_faulty_create(fixture_volume(), &to, NULL));
        volume_faulty_set(to, &(struct fault_plan){.fail_at = n, .status = VOLUME_NO_SPACE});
        is_done = try_backup(engine, to, &whole, &error);
        volume_faulty_set(to, &(struct fault_plan){0});
        is_done = is_done && has_manifest(to);
        if (is_done)
            assert_int_equal(count_rows(to), MANY);
        else
            volume_close(to);
    }
    assert_true(n > 20); /* several files */
}

/* ---- somebody wants it to end ---- */

static uint64_t calls_left;

static void ask_to_end(void *context)
{
    (void)context;
    if (calls_left-- == 1)
        atomic_store(&cancellation.requested, 1);
}

static void a_backup_ends_when_it_is_asked_to(void **state)
{
    static const struct backup_options *const ways[] = {&whole, &copying, &renewing};

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        for (uint64_t n = 1;; n++) {
            struct volume *to;
            struct backup_result result;
            struct ssql_error error = {0};
            assert_true(volume_faulty_create(fixture_volume(), &to, NULL));
            if (i == 2)
                make_backup(engine, to, &whole);
            volume_faulty_set(to, &(struct fault_plan){.before = ask_to_end});
            atomic_store(&cancellation.requested, 0);
            calls_left = n;
            bool is_done = engine_backup_to(engine, to, ways[i], &cancellation, &result, &error);
            bool was_asked = calls_left > UINT64_MAX / 2;
            volume_faulty_set(to, &(struct fault_plan){0});
            assert_int_equal(error.code, is_done ? SSQL_OK : SSQL_INTERRUPTED);
            assert_true(is_done || was_asked);
            assert_int_equal(has_manifest(to), is_done || i == 2);
            volume_close(to);
            if (!was_asked)
                break;
        }
    }
}

/* ---- the database's log ---- */

/* A backup holds nothing that a crash of the database could take back: the log is synced before, and may fail. */
static void commits_that_cannot_be_made_durable_are_in_no_backup(void **state)
{
    struct transaction *transaction;
    struct volume *to = fixture_volume();
    struct ssql_error error = {0};

    (void)state;
    assert_true(transaction_create(engine, &transaction, NULL));
    assert_true(transaction_begin(transaction, TRANSACTION_WRITE, COMMIT_DEFERRED, NULL));
    fixture_put(transaction, SECOND_TABLE, 5, 5);
    assert_int_equal(fixture_commit(transaction), SSQL_OK);
    volume_faulty_set(volume, &(struct fault_plan){.fail_at = 3, .keep_failing = true, .status = VOLUME_UNAVAILABLE});
    assert_false(try_backup(engine, to, &whole, &error));
    assert_int_not_equal(error.code, SSQL_OK);
    assert_false(has_manifest(to));
    volume_close(to);
}

static int close_failed_engine(void **state)
{
    (void)state;
    volume_faulty_set(volume, &(struct fault_plan){0});
    (void)engine_close(engine, NULL);
    return 0;
}

/* ---- other files under the same names ---- */

/* Lets the backup's manifest say something else of the second table's only file. */
static void say_otherwise(struct volume *to, int what)
{
    struct manifest *manifest;
    struct buffer bytes = {0};

    assert_true(manifest_load(to, &manifest, NULL));
    struct sstable_info *info = &manifest->tables[1].files[0].info;
    switch (what) {
    case 0: info->size++; break;
    case 1: info->base_sequence = 3; break;
    case 2: info->first_key.data[0]--; break;
    case 3: info->last_key.data[0]++; break;
    default: assert_true(volume_memory_truncate(to, info->name, info->size / 2));
    }
    fixture_encode_manifest(manifest, &bytes);
    assert_int_equal(register_swap(to, "manifest", &manifest->version, buffer_slice(&bytes), NULL), VOLUME_OK);
    buffer_clear(&bytes);
    manifest_destroy(manifest);
}

static void a_backup_with_other_files_is_not_renewed(void **state)
{
    (void)state;
    for (int what = 0; what < 5; what++) {
        struct volume *to = fixture_volume();
        struct ssql_error error = {0};
        make_backup(engine, to, &whole);
        assert_true(try_backup(engine, to, &renewing, &error));
        say_otherwise(to, what);
        assert_false(try_backup(engine, to, &renewing, &error));
        assert_int_equal(error.code, SSQL_CANNOT_OPEN);
        assert_non_null(strstr(error.message, "is damaged, or not of this database"));
        volume_close(to);
    }
}

/* Too many open files, or no memory, say nothing of the file. */
static void a_backup_is_renewed_once_files_can_be_opened_again(void **state)
{
    bool is_done = false;

    (void)state;
    for (uint64_t n = 1; !is_done; n++) {
        struct volume *to;
        struct ssql_error error = {0};
        assert_true(volume_faulty_create(fixture_volume(), &to, NULL));
        make_backup(engine, to, &whole);
        volume_faulty_set(to, &(struct fault_plan){.fail_at = n, .status = VOLUME_UNAVAILABLE});
        is_done = try_backup(engine, to, &renewing, &error) && volume_faulty_count(to) < n;
        volume_faulty_set(to, &(struct fault_plan){0});
        assert_true(try_backup(engine, to, &renewing, &error));
        assert_int_equal(count_rows(to), MANY);
    }
}

/* Also where nobody asks for the error. */
static void a_place_that_is_full_at_any_moment_has_no_backup(void **state)
{
    bool is_hit = true;

    (void)state;
    for (uint64_t n = 1; is_hit; n++) {
        struct backup_result result;
        struct volume *to;
        assert_true(volume_faulty_create(fixture_volume(), &to, NULL));
        volume_faulty_set(to, &(struct fault_plan){.fail_at = n, .keep_failing = true, .status = VOLUME_NO_SPACE});
        bool is_done = engine_backup_to(engine, to, &copying, NULL, &result, NULL);
        is_hit = volume_faulty_count(to) >= n;
        assert_true(is_done || is_hit); /* what follows the manifest is of no weight */
        assert_int_equal(has_manifest(volume_faulty_inner(to)), is_done);
        volume_close(to);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(every_step_of_a_large_memtable_fails_in_turn, open_large_memtable,
                                        close_engine),
        cmocka_unit_test_setup_teardown(a_backup_ends_when_it_is_asked_to, open_large_memtable, close_engine),
        cmocka_unit_test_setup_teardown(commits_that_cannot_be_made_durable_are_in_no_backup, open_large_memtable,
                                        close_failed_engine),
        cmocka_unit_test_setup_teardown(a_backup_with_other_files_is_not_renewed, open_large_memtable, close_engine),
        cmocka_unit_test_setup_teardown(a_backup_is_renewed_once_files_can_be_opened_again, open_large_memtable,
                                        close_engine),
        cmocka_unit_test_setup_teardown(a_place_that_is_full_at_any_moment_has_no_backup, open_large_memtable,
                                        close_engine),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
