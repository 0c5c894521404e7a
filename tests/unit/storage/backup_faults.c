/* Whatever fails, there is a whole backup, the one before, or none; the same after a power cut at any moment. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "storage/check.h"
#include "storage/manifest.h"
#include "support/backup_fixture.h"

static const struct backup_options whole = {0}, copying = {.must_copy = true}, incremental = {.is_incremental = true},
                                   incremental_copying = {.is_incremental = true, .must_copy = true};

static struct content before, moment, found;

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_operation_fails_in_turn),
        cmocka_unit_test(every_operation_on_the_database_fails_in_turn),
        cmocka_unit_test(a_failed_incremental_backup_leaves_the_one_before),
        cmocka_unit_test(a_crash_leaves_a_whole_backup_or_none),
        cmocka_unit_test(a_crash_of_an_incremental_backup_leaves_the_one_before),
        cmocka_unit_test(what_a_backup_holds_is_durable_in_the_database),
    };

    if (getenv("SSQL_TEST_ONLY") != NULL)
        cmocka_set_test_filter(getenv("SSQL_TEST_ONLY"));
    return cmocka_run_group_tests(tests, NULL, NULL);
}
