/* Faults on order, and what a power cut leaves of the memory volume. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>

#include "volume/volume_faulty.h"
#include "volume/volume_memory.h"

static struct volume *memory; /* inside `faulty` */
static struct volume *faulty;
static struct ssql_error error;
static const struct fault_plan no_fault;

static int set_up(void **state)
{
    (void)state;
    if (!volume_memory_create(&memory, &error) || !volume_faulty_create(memory, &faulty, &error))
        return -1;
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    volume_close(faulty);
    return 0;
}

static struct volume_log *make_log(const char *name, uint64_t preallocated)
{
    struct volume_log *log;

    assert_int_equal(log_create(faulty, name, preallocated, NULL, &log, &error), VOLUME_OK);
    return log;
}

/* The log's bytes on `volume`, as a string of at most 63. */
static const char *log_text(struct volume *volume, const char *name)
{
    static char text[64];
    struct log_reader *reader;
    size_t got;

    assert_int_equal(log_open_reader(volume, name, &reader, &error), VOLUME_OK);
    assert_int_equal(log_read(reader, 0, (uint8_t *)text, sizeof text - 1, &got, &error), VOLUME_OK);
    text[got] = '\0';
    log_close_reader(reader);
    return text;
}

static void the_nth_operation_fails_and_no_other(void **state)
{
    const struct fault_plan plan = {.fail_at = 2, .status = VOLUME_UNAVAILABLE};
    uint64_t version = 0;

    (void)state;
    volume_faulty_set(faulty, &plan);
    assert_int_equal(register_swap(faulty, "manifest", &version, slice_of("1"), &error), VOLUME_OK);
    assert_int_equal(register_swap(faulty, "manifest", &version, slice_of("2"), &error), VOLUME_UNAVAILABLE);
    assert_int_equal(error.code, SSQL_IO);
    assert_int_equal(version, 1);
    assert_int_equal(register_swap(faulty, "manifest", &version, slice_of("3"), &error), VOLUME_OK);
    assert_int_equal(volume_faulty_count(faulty), 3);
    assert_ptr_equal(volume_faulty_inner(faulty), memory);
}

static void it_keeps_failing_until_told_otherwise(void **state)
{
    const struct fault_plan plan = {.fail_at = 1, .keep_failing = true, .status = VOLUME_NO_SPACE};
    uint64_t version = 0;

    (void)state;
    volume_faulty_set(faulty, &plan);
    for (int i = 0; i < 3; i++)
        assert_int_equal(register_swap(faulty, "manifest", &version, slice_of("1"), &error), VOLUME_NO_SPACE);
    assert_int_equal(error.code, SSQL_DISK_FULL);
    volume_faulty_set(faulty, &no_fault);
    assert_int_equal(register_swap(faulty, "manifest", &version, slice_of("1"), &error), VOLUME_OK);
}

static void an_unknown_outcome_is_sometimes_one_and_sometimes_the_other(void **state)
{
    bool seen_done = false, seen_undone = false;

    (void)state;
    for (uint64_t seed = 0; seed < 32; seed++) {
        const struct fault_plan plan = {.fail_at = 1, .status = VOLUME_UNKNOWN, .seed = seed};
        struct buffer value = {0};
        uint64_t before, after;
        assert_int_equal(register_read(faulty, "manifest", &value, &before, &error), VOLUME_OK);
        volume_faulty_set(faulty, &plan);
        after = before;
        assert_int_equal(register_swap(faulty, "manifest", &after, slice_of("1"), &error), VOLUME_UNKNOWN);
        assert_int_equal(after, before);
        assert_int_equal(register_read(faulty, "manifest", &value, &after, &error), VOLUME_OK);
        *(after == before ? &seen_undone : &seen_done) = true;
        buffer_clear(&value);
    }
    assert_true(seen_done && seen_undone);
}

static void a_torn_append_leaves_a_part_and_ends_the_log(void **state)
{
    const struct fault_plan plan = {.fail_at = 1, .status = VOLUME_UNAVAILABLE, .torn = true, .seed = 3};
    struct volume_log *log = make_log("wal/1-1", 0);
    bool seen_part = false;

    (void)state;
    assert_int_equal(log_append(log, slice_of("whole "), &error), VOLUME_OK);
    volume_faulty_set(faulty, &plan);
    assert_int_equal(log_append(log, slice_of("0123456789abcdefghij"), &error), VOLUME_UNAVAILABLE);
    assert_int_equal(log_size(log), 6);
    size_t left = strlen(log_text(memory, "wal/1-1"));
    seen_part = left > 6;
    assert_true(seen_part && left < 26);
    assert_int_equal(log_append(log, slice_of("more"), &error), VOLUME_UNKNOWN);
    assert_int_equal(log_sync(log, &error), VOLUME_UNKNOWN);
    log_close(log);
}

static void a_failed_sync_ends_the_log(void **state)
{
    const struct fault_plan plan = {.fail_at = 1, .status = VOLUME_UNKNOWN};
    struct volume_log *log = make_log("wal/1-1", 0);

    (void)state;
    volume_faulty_set(faulty, &plan);
    assert_int_equal(log_sync(log, &error), VOLUME_UNKNOWN);
    assert_int_equal(log_sync(log, &error), VOLUME_UNKNOWN);
    assert_int_equal(log_append(log, slice_of("x"), &error), VOLUME_UNKNOWN);
    assert_int_equal(error.code, SSQL_UNKNOWN_OUTCOME);
    log_close(log);
}

static void capacity_counts_what_takes_space(void **state)
{
    const struct fault_plan plan = {.capacity = 100};
    struct volume_log *log;
    struct object_writer *writer;

    (void)state;
    volume_faulty_set(faulty, &plan);
    assert_int_equal(log_create(faulty, "wal/1-1", 101, NULL, &log, &error), VOLUME_NO_SPACE);
    assert_int_equal(log_create(faulty, "wal/1-1", 90, NULL, &log, &error), VOLUME_OK);
    assert_int_equal(object_create(faulty, "tables/1/a", 0, &writer, &error), VOLUME_OK);
    assert_int_equal(object_append(writer, slice_of("0123456789"), &error), VOLUME_OK);
    assert_int_equal(object_append(writer, slice_of("0"), &error), VOLUME_NO_SPACE);
    assert_int_not_equal(object_finish(writer, &error), VOLUME_OK);
    for (int i = 0; i < 9; i++) /* preallocated */
        assert_int_equal(log_append(log, slice_of("0123456789"), &error), VOLUME_OK);
    assert_int_equal(log_append(log, slice_of("0"), &error), VOLUME_NO_SPACE);
    volume_faulty_set(faulty, &no_fault);
    assert_int_equal(log_append(log, slice_of("0"), &error), VOLUME_OK);
    assert_int_equal(log_size(log), 91);
    log_close(log);
}

static void *swap_once(void *done)
{
    uint64_t version = 0;
    struct ssql_error own;

    atomic_store((atomic_int *)done,
                 register_swap(faulty, "manifest", &version, slice_of("1"), &own) == VOLUME_OK ? 1 : 2);
    return NULL;
}

static void who_is_frozen_or_delayed_wakes_with_the_next_plan(void **state)
{
    const struct fault_plan plans[] = {{.freeze = true}, {.delay_us = 60 * 1000000}};

    (void)state;
    for (int i = 0; i < 2; i++) {
        atomic_int done = 0;
        pthread_t thread;
        struct timespec moment = {.tv_nsec = 20000000};
        volume_faulty_set(faulty, &plans[i]);
        assert_int_equal(pthread_create(&thread, NULL, swap_once, &done), 0);
        nanosleep(&moment, NULL);
        assert_int_equal(atomic_load(&done), 0);
        volume_faulty_set(faulty, &no_fault);
        pthread_join(thread, NULL);
        assert_int_equal(atomic_load(&done), i == 0 ? 1 : 2); /* the second finds another version */
    }
}

static void a_crash_keeps_what_was_synced(void **state)
{
    struct volume_log *log = make_log("wal/1-1", 0);
    uint64_t version = 0;

    (void)state;
    assert_int_equal(log_append(log, slice_of("synced"), &error), VOLUME_OK);
    assert_int_equal(log_sync(log, &error), VOLUME_OK);
    assert_int_equal(log_append(log, slice_of(" lost"), &error), VOLUME_OK);
    assert_int_equal(register_swap(faulty, "manifest", &version, slice_of("m"), &error), VOLUME_OK);
    for (uint64_t seed = 0; seed < 20; seed++) {
        struct volume *after;
        struct buffer value = {0};
        assert_true(volume_memory_crash(memory, seed, &after, &error));
        assert_memory_equal(log_text(after, "wal/1-1"), "synced", 6);
        if (seed == 0)
            assert_string_equal(log_text(after, "wal/1-1"), "synced");
        assert_int_equal(register_read(after, "manifest", &value, &version, &error), VOLUME_OK);
        assert_int_equal(version, 1);
        buffer_clear(&value);
        volume_close(after);
    }
    struct volume *after;
    assert_true(volume_memory_crash(memory, UINT64_MAX, &after, &error));
    assert_string_equal(log_text(after, "wal/1-1"), "synced lost");
    assert_string_equal(log_text(memory, "wal/1-1"), "synced lost");
    volume_close(after);
    log_close(log);
}

static void a_crash_loses_any_subset_of_sectors(void **state)
{
    enum { SECTORS = 4, SECTOR = 512 };
    struct volume_log *log = make_log("wal/1-1", SECTORS * SECTOR);
    uint8_t bytes[SECTORS * SECTOR];
    unsigned seen = 0;

    (void)state;
    memset(bytes, 'x', sizeof bytes);
    assert_int_equal(log_append(log, slice_make(bytes, sizeof bytes), &error), VOLUME_OK);
    for (uint64_t seed = 1; seed < 200; seed++) {
        struct volume *after;
        struct log_reader *reader;
        uint8_t back[SECTORS * SECTOR];
        size_t got;
        unsigned subset = 0;
        assert_true(volume_memory_crash(memory, seed, &after, &error));
        assert_int_equal(log_open_reader(after, "wal/1-1", &reader, &error), VOLUME_OK);
        assert_int_equal(log_read(reader, 0, back, sizeof back, &got, &error), VOLUME_OK);
        assert_int_equal(got, sizeof back);
        for (unsigned i = 0; i < SECTORS; i++) {
            assert_true(back[i * SECTOR] == back[i * SECTOR + SECTOR - 1]);
            subset |= back[i * SECTOR] == 'x' ? 1u << i : 0;
        }
        seen |= 1u << subset;
        log_close_reader(reader);
        volume_close(after);
    }
    assert_int_equal(seen, 0xFFFF); /* each of the 16 subsets */
    log_close(log);
}

static void a_crash_may_undo_a_deletion(void **state)
{
    bool seen[2] = {false, false};
    struct volume_log *log = make_log("wal/1-1", 0);

    (void)state;
    volume_memory_keep_deleted(memory);
    log_close(log);
    assert_int_equal(log_delete(faulty, "wal/1-1", &error), VOLUME_OK);
    for (uint64_t seed = 0; seed < 20; seed++) {
        struct volume *after;
        struct log_reader *reader;
        assert_true(volume_memory_crash(memory, seed, &after, &error));
        bool is_there = log_open_reader(after, "wal/1-1", &reader, &error) == VOLUME_OK;
        log_close_reader(reader);
        seen[is_there] = true;
        volume_close(after);
    }
    assert_true(seen[0] && seen[1]);
    /* The next durable change of the directory takes it along. */
    log_close(make_log("wal/1-2", 0));
    struct volume *after;
    struct log_reader *reader;
    assert_true(volume_memory_crash(memory, 0, &after, &error));
    assert_int_equal(log_open_reader(after, "wal/1-1", &reader, &error), VOLUME_NOT_FOUND);
    volume_close(after);
}

static void damage_on_purpose_is_seen(void **state)
{
    struct volume_log *log = make_log("wal/1-1", 0);
    struct buffer value = {0};
    uint64_t version = 0;

    (void)state;
    assert_int_equal(log_append(log, slice_of("abc"), &error), VOLUME_OK);
    log_close(log);
    assert_true(volume_memory_damage(memory, "wal/1-1", 1, 'b' ^ 'B'));
    assert_string_equal(log_text(memory, "wal/1-1"), "aBc");
    assert_true(volume_memory_truncate(memory, "wal/1-1", 2));
    assert_string_equal(log_text(memory, "wal/1-1"), "aB");
    assert_false(volume_memory_damage(memory, "wal/1-1", 2, 1));
    assert_false(volume_memory_truncate(memory, "wal/1-2", 0));
    assert_int_equal(register_swap(faulty, "manifest", &version, slice_of("m"), &error), VOLUME_OK);
    assert_true(volume_memory_damage(memory, "manifest", 0, 1));
    assert_int_equal(register_read(faulty, "manifest", &value, &version, &error), VOLUME_CORRUPT);
    buffer_clear(&value);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
        TEST(the_nth_operation_fails_and_no_other),
        TEST(it_keeps_failing_until_told_otherwise),
        TEST(an_unknown_outcome_is_sometimes_one_and_sometimes_the_other),
        TEST(a_torn_append_leaves_a_part_and_ends_the_log),
        TEST(a_failed_sync_ends_the_log),
        TEST(capacity_counts_what_takes_space),
        TEST(who_is_frozen_or_delayed_wakes_with_the_next_plan),
        TEST(a_crash_keeps_what_was_synced),
        TEST(a_crash_loses_any_subset_of_sectors),
        TEST(a_crash_may_undo_a_deletion),
        TEST(damage_on_purpose_is_seen),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
