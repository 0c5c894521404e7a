/* A log whose rows are more than the memtables may hold: it is flushed while it is read, at the record that passes the
 * budget, which is not applied twice; and openings that fail on the way, at each operation of the volume in turn. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "storage/engine_internal.h"
#include "support/engine_fixture.h"

enum { MANY = 3000 };

static struct engine_options roomy_options(void)
{
    struct engine_options options = fixture_options(false);

    options.wal_segment_bytes = 16 << 10;
    return options;
}

static struct engine_options small_options(void)
{
    struct engine_options options = fixture_options(false);

    options.memory_limit_bytes = 256 << 10;
    options.wal_segment_bytes = 16 << 10;
    return options;
}

static struct volume *copy_of(struct volume *volume)
{
    struct volume *copy;
    struct ssql_error error;

    assert_true(volume_memory_crash(volume, UINT64_MAX, &copy, &error));
    return copy;
}

/* As a killed process leaves the volume: all that was written is there. */
static struct volume *kill_engine(struct engine *engine, struct volume *volume)
{
    struct volume *after = copy_of(volume);

    fixture_close(engine);
    return after;
}

static uint64_t flushes_of(struct engine *engine)
{
    return atomic_load(&engine->flushes);
}

static uint32_t create_and_fill(struct engine *engine, int64_t count)
{
    struct transaction *transaction = fixture_begin(engine, TRANSACTION_WRITE);
    struct table_layout layout = fixture_layout();
    struct ssql_error error;
    uint32_t table_id;

    assert_true(transaction_create_table(transaction, &layout, &table_id, &error));
    for (int64_t key = 0; key < count; key++)
        fixture_put(transaction, table_id, key, key);
    assert_int_equal(fixture_commit(transaction), SSQL_OK);
    return table_id;
}

/* One record creates a table and passes the budget with its rows: the log is read again, and the table is there. */
static void the_record_that_passes_the_budget_is_applied_once(void **state)
{
    (void)state;
    struct engine_options roomy = roomy_options(), small = small_options();
    struct volume *volume = fixture_volume();
    struct engine *engine = fixture_open(volume, &roomy);
    uint32_t first = fixture_create_table(engine);

    for (int64_t key = 0; key < 300; key++)
        assert_int_equal(fixture_put_one(engine, first, key, key), SSQL_OK);
    uint32_t second = create_and_fill(engine, MANY);
    volume = kill_engine(engine, volume);
    engine = fixture_open(volume, &small);
    assert_true(flushes_of(engine) > 0);
    assert_int_equal(fixture_count(engine, first), 300);
    assert_int_equal(fixture_count(engine, second), MANY);

    /* What is written after it goes to a run of the log that the manifest knows. */
    assert_int_equal(fixture_put_one(engine, first, 300, 300), SSQL_OK);
    volume = kill_engine(engine, volume);
    engine = fixture_open(volume, &small);
    assert_int_equal(fixture_count(engine, first), 301);
    assert_int_equal(fixture_count(engine, second), MANY);
    fixture_close(engine);
}

/* Each record ends with another table than the one that grows. */
static void a_table_counts_that_is_not_the_last_of_a_record(void **state)
{
    (void)state;
    struct engine_options roomy = roomy_options(), small = small_options();
    struct volume *volume = fixture_volume();
    struct engine *engine = fixture_open(volume, &roomy);
    uint32_t large = fixture_create_table(engine), tiny = fixture_create_table(engine);

    for (int64_t i = 0; i < 10; i++) {
        struct transaction *transaction = fixture_begin(engine, TRANSACTION_WRITE);
        for (int64_t key = 0; key < MANY / 10; key++)
            fixture_put(transaction, large, i * (MANY / 10) + key, key);
        fixture_put(transaction, tiny, 1, i);
        assert_int_equal(fixture_commit(transaction), SSQL_OK);
    }
    volume = kill_engine(engine, volume);
    engine = fixture_open(volume, &small);
    assert_true(flushes_of(engine) > 0);
    assert_int_equal(fixture_count(engine, large), MANY);
    assert_int_equal(fixture_get_one(engine, tiny, 1), 9);
    fixture_close(engine);
}

static void an_opening_that_fails_anywhere_says_so_and_may_be_tried_again(void **state)
{
    (void)state;
    struct engine_options roomy = roomy_options(), small = small_options();
    struct volume *volume = fixture_volume();
    struct engine *engine = fixture_open(volume, &roomy);
    uint32_t table_id = fixture_create_table(engine);
    bool is_over = false;

    for (int64_t i = 0; i < 10; i++)
        (void)create_and_fill(engine, MANY / 10);
    assert_int_equal(fixture_put_one(engine, table_id, 1, 1), SSQL_OK);
    volume = kill_engine(engine, volume);
    for (uint64_t at = 1; !is_over; at++) {
        struct volume *copy = copy_of(volume), *faulty;
        struct ssql_error error = {0};
        assert_true(volume_faulty_create(copy, &faulty, &error));
        volume_faulty_set(faulty, &(struct fault_plan){.fail_at = at, .status = VOLUME_UNAVAILABLE});
        if (engine_open(faulty, &small, &engine, &error)) {
            is_over = volume_faulty_count(faulty) < at;
            volume_faulty_set(faulty, &(struct fault_plan){0});
            assert_int_equal(fixture_get_one(engine, table_id, 1), 1);
            for (uint32_t id = table_id + 1; id <= table_id + 10; id++)
                assert_int_equal(fixture_count(engine, id), MANY / 10);
            (void)engine_close(engine, &error);
        } else {
            assert_int_not_equal(error.code, SSQL_OK);
            assert_int_not_equal(error.code, SSQL_CORRUPT);
            assert_int_not_equal(error.code, SSQL_INTERNAL);
        }
    }
    volume_close(volume);
}

static void make_object(struct volume *volume, const char *name)
{
    struct object_writer *writer;
    struct ssql_error error;

    assert_int_equal(object_create(volume, name, 1, &writer, &error), VOLUME_OK);
    assert_int_equal(object_append(writer, slice_of("x"), &error), VOLUME_OK);
    assert_int_equal(object_finish(writer, &error), VOLUME_OK);
}

static bool count_orphan(void *context, const char *name, uint64_t size)
{
    (void)size;
    *(int *)context += strncmp(name, "tables/99/", 10) == 0;
    return true;
}

static int count_orphans(struct volume *volume)
{
    struct ssql_error error;
    int count = 0;

    assert_int_equal(volume_list(volume, count_orphan, &count, &error), VOLUME_OK);
    return count;
}

/* The first that cannot be deleted ends the clean-up: the others would fail as well. */
static void a_clean_up_ends_at_the_first_failure(void **state)
{
    (void)state;
    struct engine_options options = fixture_options(false);
    struct volume *faulty;
    struct ssql_error error;

    assert_true(volume_faulty_create(fixture_volume(), &faulty, &error));
    struct engine *engine = fixture_open(faulty, &options);
    uint32_t table_id = fixture_create_table(engine);
    assert_int_equal(fixture_put_one(engine, table_id, 1, 1), SSQL_OK);
    for (int i = 0; i < 3; i++)
        make_object(faulty, (const char *[]){"tables/99/sst-1-1", "tables/99/sst-1-2", "tables/99/sst-1-3"}[i]);
    for (uint64_t at = 1; at <= 3; at++) { /* the list; the first; the second of those that are left */
        int before = count_orphans(faulty);
        volume_faulty_set(faulty, &(struct fault_plan){.fail_at = at, .status = VOLUME_UNAVAILABLE});
        engine_delete_orphans(engine);
        volume_faulty_set(faulty, &(struct fault_plan){0});
        assert_int_equal(count_orphans(faulty), at < 3 ? before : before - 1);
    }
    engine_delete_orphans(engine);
    assert_int_equal(count_orphans(faulty), 0);
    assert_int_equal(fixture_get_one(engine, table_id, 1), 1);
    fixture_close(engine);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_record_that_passes_the_budget_is_applied_once),
        cmocka_unit_test(a_table_counts_that_is_not_the_last_of_a_record),
        cmocka_unit_test(an_opening_that_fails_anywhere_says_so_and_may_be_tried_again),
        cmocka_unit_test(a_clean_up_ends_at_the_first_failure),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
