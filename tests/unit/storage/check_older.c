/* A check tells an older manifest, or mark of a backup, from what belongs to the files beside it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "storage/check.h"
#include "support/backup_fixture.h"

static const struct backup_options incremental = {.is_incremental = true};

static struct check_finding first_damage;

static bool note_damage(void *context, const struct check_finding *finding)
{
    unsigned *count = context;

    if (finding->kind == CHECK_DAMAGE && (*count)++ == 0)
        first_damage = *finding;
    return true;
}

/* Number of damages. Closes the volume. */
static unsigned damages_of(struct volume *volume)
{
    struct check_progress progress;
    unsigned count = 0;

    assert_true(volume_check(volume, note_damage, &count, &progress, NULL));
    volume_close(volume);
    return count;
}

static struct volume *copy_of(struct volume *volume)
{
    struct volume *copy;

    assert_true(volume_memory_crash(volume, UINT64_MAX, &copy, NULL));
    return copy;
}

/* A copy of the volume in which a register is as it is in another. */
static struct volume *with_register(struct volume *volume, const char *name, struct volume *other)
{
    struct buffer now = {0}, then = {0};
    struct volume *copy = copy_of(volume);
    uint64_t version, ignored;

    assert_int_equal(register_read(other, name, &then, &ignored, NULL), VOLUME_OK);
    assert_int_equal(register_read(copy, name, &now, &version, NULL), VOLUME_OK);
    assert_int_equal(register_swap(copy, name, &version, buffer_slice(&then), NULL), VOLUME_OK);
    buffer_clear(&now);
    buffer_clear(&then);
    return copy;
}

/* ---- a database ---- */

static void commits_of_a_later_opening_are_missed(void **state)
{
    (void)state;
    struct engine_options options = fixture_options(false);
    struct volume *volume = fixture_volume();
    struct engine *engine = fixture_open(volume, &options);

    fixture_create_table(engine);
    assert_int_equal(fixture_put_one(engine, FIRST_TABLE, 1, 1), SSQL_OK);
    struct volume *before = copy_of(volume);
    fixture_close(engine);
    volume = copy_of(before);
    engine = fixture_open(volume, &options);
    assert_int_equal(fixture_put_one(engine, FIRST_TABLE, 2, 2), SSQL_OK);
    struct volume *after = copy_of(volume);
    fixture_close(engine);
    assert_int_equal(damages_of(copy_of(after)), 0);
    assert_int_equal(damages_of(with_register(after, "manifest", before)), 1);
    assert_string_equal(first_damage.file, "manifest");
    volume_close(before);
    volume_close(after);
}

/* Whatever the crash ends: an opening that has come no further than its log is none that is missed. */
static struct volume *crashing;
static unsigned crash_count;

static void check_here(void *context)
{
    for (uint64_t seed = 0; seed < 4; seed++) {
        struct volume *after;
        assert_true(volume_memory_crash(crashing, seed == 3 ? UINT64_MAX : seed, &after, NULL));
        if (damages_of(after) != 0)
            fail_msg("%s: %s", first_damage.file, first_damage.text);
        crash_count++;
    }
    (void)context;
}

static void a_crash_at_any_moment_is_no_damage(void **state)
{
    (void)state;
    struct engine_options options = fixture_options(true);
    struct volume *volume;

    crashing = fixture_volume();
    for (int opening = 0; opening < 3; opening++) {
        struct volume *next;
        assert_true(volume_faulty_create(copy_of(crashing), &volume, NULL));
        volume_close(crashing);
        crashing = volume_faulty_inner(volume);
        volume_faulty_set(volume, &(struct fault_plan){.before = check_here});
        struct engine *engine = fixture_open(volume, &options);
        if (opening == 0)
            fixture_create_table(engine);
        for (int64_t key = 0; key < 40; key++)
            assert_int_equal(fixture_put_one(engine, FIRST_TABLE, key, opening * 100 + key), SSQL_OK);
        assert_true(engine_flush(engine, NULL));
        assert_int_equal(fixture_put_one(engine, FIRST_TABLE, 50, opening), SSQL_OK);
        next = copy_of(crashing);
        volume_faulty_set(volume, &(struct fault_plan){0});
        fixture_close(engine);
        crashing = next;
    }
    assert_true(crash_count > 400);
    volume_close(crashing);
}

/* ---- a backup ---- */

static void registers_of_the_backup_before_are_found(void **state)
{
    (void)state;
    struct engine *engine = make_database(fixture_volume());
    struct volume *backup = fixture_volume();

    make_backup(engine, backup, &incremental);
    assert_int_equal(damages_of(copy_of(backup)), 0);
    write_some(engine, 7);
    make_backup(engine, backup, &incremental);
    assert_int_equal(damages_of(copy_of(backup)), 0);
    struct volume *before = copy_of(backup);
    write_some(engine, 8);
    make_backup(engine, backup, &incremental);
    fixture_close(engine);
    assert_true(damages_of(with_register(backup, "manifest", before)) >= 1);
    assert_true(damages_of(with_register(backup, "backup", before)) >= 1);
    volume_close(before);
    volume_close(backup);
}

static void a_damaged_mark_is_found(void **state)
{
    (void)state;
    struct engine *engine = make_database(fixture_volume());
    struct volume *backup = fixture_volume(), *mute = fixture_volume();
    uint64_t version = 0;

    make_backup(engine, backup, &incremental);
    fixture_close(engine);
    assert_int_equal(register_swap(mute, "backup", &version, slice_make("no mark", 7), NULL), VOLUME_OK);
    assert_int_equal(damages_of(with_register(backup, "backup", mute)), 1);
    assert_string_equal(first_damage.file, "backup");
    volume_close(backup);
    volume_close(mute);
}

/* A renewal that a crash ends leaves the backup before, with files that are too new for it. */
static void a_renewal_that_came_to_no_end_is_no_damage(void **state)
{
    (void)state;
    struct volume *volume = fixture_volume(), *to;
    struct engine *engine = make_database(volume);

    crashing = fixture_volume();
    crash_count = 0;
    make_backup(engine, crashing, &incremental);
    struct engine_options options = fixture_options(true);
    struct volume *source = copy_of(volume);
    fixture_close(engine);
    engine = fixture_open(source, &options); /* another epoch */
    write_some(engine, 7);
    assert_true(volume_faulty_create(crashing, &to, NULL));
    volume_faulty_set(to, &(struct fault_plan){.before = check_here});
    make_backup(engine, to, &incremental);
    assert_true(crash_count > 40);
    fixture_close(engine);
    volume_close(to);
}

/* Who opens a backup and writes to it makes it a database like any other. */
static void a_backup_that_is_written_to_is_no_damage(void **state)
{
    (void)state;
    struct engine_options options = fixture_options(true);
    struct engine *engine = make_database(fixture_volume());
    struct volume *backup = fixture_volume();

    make_backup(engine, backup, &incremental);
    fixture_close(engine);
    engine = fixture_open(backup, &options);
    write_some(engine, 9);
    assert_int_equal(damages_of(copy_of(backup)), 0);
    fixture_close(engine);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(commits_of_a_later_opening_are_missed),
        cmocka_unit_test(a_crash_at_any_moment_is_no_damage),
        cmocka_unit_test(registers_of_the_backup_before_are_found),
        cmocka_unit_test(a_damaged_mark_is_found),
        cmocka_unit_test(a_renewal_that_came_to_no_end_is_no_damage),
        cmocka_unit_test(a_backup_that_is_written_to_is_no_damage),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
