/* Faults on order, and what a power cut leaves of the memory volume. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
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
    const struct fault_plan plan = {.fail_at = 2, .keep_failing = true, .status = VOLUME_NO_SPACE};
    uint64_t version = 0;

    (void)state;
    volume_faulty_set(faulty, &plan);
    assert_int_equal(register_swap(faulty, "manifest", &version, slice_of("0"), &error), VOLUME_OK);
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
    struct volume *after;
    struct log_reader *reader;
    assert_true(volume_memory_crash(memory, UINT64_MAX, &after, &error)); /* the process alone undoes nothing */
    assert_int_equal(log_open_reader(after, "wal/1-1", &reader, &error), VOLUME_NOT_FOUND);
    volume_close(after);
    /* The next durable change of the directory takes it along. */
    log_close(make_log("wal/1-2", 0));
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
    assert_int_equal(register_swap(faulty, "manifest", &version, slice_of("n"), &error), VOLUME_CORRUPT);
    assert_false(volume_memory_damage(memory, "wal/1-2", 0, 1));
    assert_false(volume_memory_truncate(memory, "wal/1-1", 3));
    buffer_clear(&value);
}

static void a_delay_comes_to_its_end(void **state)
{
    const struct fault_plan plan = {.delay_us = 1500};
    struct timespec before, after;
    uint64_t version = 0;

    (void)state;
    volume_faulty_set(faulty, &plan);
    clock_gettime(CLOCK_MONOTONIC, &before);
    assert_int_equal(register_swap(faulty, "manifest", &version, slice_of("1"), &error), VOLUME_OK);
    clock_gettime(CLOCK_MONOTONIC, &after);
    assert_true((after.tv_sec - before.tv_sec) * 1000000 + (after.tv_nsec - before.tv_nsec) / 1000 >= 1500);
}

static void a_part_of_one_byte_is_none(void **state)
{
    const struct fault_plan plan = {.fail_at = 1, .status = VOLUME_UNAVAILABLE, .torn = true};
    struct volume_log *log = make_log("wal/1-1", 0);

    (void)state;
    volume_faulty_set(faulty, &plan);
    assert_int_equal(log_append(log, slice_of("x"), &error), VOLUME_UNAVAILABLE);
    assert_string_equal(log_text(memory, "wal/1-1"), "");
    assert_int_equal(log_append(log, slice_of("y"), &error), VOLUME_OK);
    log_close(log);
}

static void half_an_object_is_not_finished_in_secret(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < 8; seed++) {
        const struct fault_plan plan = {.fail_at = 1, .keep_failing = true, .status = VOLUME_UNKNOWN, .seed = seed};
        struct object_writer *writer;
        struct object *object;
        volume_faulty_set(faulty, &no_fault);
        assert_int_equal(object_create(faulty, "tables/1/a", 0, &writer, &error), VOLUME_OK);
        volume_faulty_set(faulty, &plan);
        assert_int_equal(object_append(writer, slice_of("half"), &error), VOLUME_UNKNOWN);
        assert_int_equal(object_finish(writer, &error), VOLUME_UNKNOWN);
        assert_int_equal(object_open(memory, "tables/1/a", 4, &object, &error), VOLUME_NOT_FOUND);
    }
}

static void what_the_inner_volume_refuses_is_refused(void **state)
{
    struct object_writer *writer, *second;
    struct volume_log *log;
    struct log_reader *reader;
    struct object *object;

    (void)state;
    assert_int_equal(object_create(faulty, "tables/1/a", 0, &writer, &error), VOLUME_OK);
    assert_int_equal(object_create(faulty, "tables/1/a", 0, &second, &error), VOLUME_OK);
    assert_int_equal(object_finish(writer, &error), VOLUME_OK);
    assert_int_equal(object_finish(second, &error), VOLUME_EXISTS);
    assert_int_equal(object_create(faulty, "tables/1/a", 0, &writer, &error), VOLUME_EXISTS);
    assert_int_equal(object_open(faulty, "tables/1/b", 0, &object, &error), VOLUME_NOT_FOUND);
    assert_int_equal(log_create(faulty, "tables/1/a", 0, NULL, &log, &error), VOLUME_EXISTS);
    assert_int_equal(log_open_reader(faulty, "wal/1-1", &reader, &error), VOLUME_NOT_FOUND);
    assert_int_equal(log_open_reader(faulty, "tables/1/a", &reader, &error), VOLUME_NOT_FOUND);
}

static void who_still_reads_a_recycled_log_keeps_its_bytes(void **state)
{
    struct volume_log *log = make_log("wal/1-1", 0);
    struct log_reader *reader;
    uint8_t bytes[8];
    size_t got;

    (void)state;
    assert_int_equal(log_append(log, slice_of("old"), &error), VOLUME_OK);
    log_close(log);
    assert_int_equal(log_open_reader(faulty, "wal/1-1", &reader, &error), VOLUME_OK);
    assert_int_equal(log_create(faulty, "wal/1-2", 0, "wal/1-1", &log, &error), VOLUME_OK);
    assert_int_equal(log_read(reader, 0, bytes, sizeof bytes, &got, &error), VOLUME_OK);
    assert_int_equal(got, 3);
    assert_memory_equal(bytes, "old", 3);
    log_close_reader(reader);
    assert_string_equal(log_text(memory, "wal/1-2"), "");
    log_close(log);
    struct object_writer *writer;
    assert_int_equal(object_create(faulty, "tables/1/a", 0, &writer, &error), VOLUME_OK);
    assert_int_equal(object_finish(writer, &error), VOLUME_OK);
    assert_int_equal(log_create(faulty, "wal/1-3", 0, "tables/1/a", &log, &error), VOLUME_OK); /* no log to recycle */
    log_close(log);
    struct object *object;
    assert_int_equal(object_open(faulty, "tables/1/a", 0, &object, &error), VOLUME_OK);
    object_close(object);
}

/* Unsynced bytes of a recycled log may come out as what its blocks held, or zeros behind that. */
static void a_crash_shows_old_bytes_of_a_recycled_log(void **state)
{
    static uint8_t old_bytes[700], new_bytes[2000];
    bool seen_old = false, seen_new = false, seen_zeros = false;
    struct volume_log *log = make_log("wal/1-1", 0);

    (void)state;
    memset(old_bytes, 'o', sizeof old_bytes);
    memset(new_bytes, 'n', sizeof new_bytes);
    assert_int_equal(log_append(log, slice_make(old_bytes, sizeof old_bytes), &error), VOLUME_OK);
    log_close(log);
    assert_int_equal(log_create(faulty, "wal/1-2", 4096, "wal/1-1", &log, &error), VOLUME_OK);
    assert_int_equal(log_append(log, slice_make(new_bytes, 10), &error), VOLUME_OK);
    assert_int_equal(log_sync(log, &error), VOLUME_OK); /* the old ones behind are still to be seen */
    assert_int_equal(strlen(log_text(memory, "wal/1-2")), 63);
    struct volume *after;
    assert_true(volume_memory_crash(memory, 3, &after, &error));
    assert_int_equal(strspn(log_text(after, "wal/1-2"), "n"), 10);
    assert_int_equal(strspn(log_text(after, "wal/1-2") + 10, "o"), 53);
    volume_close(after);
    assert_int_equal(log_append(log, slice_make(new_bytes, sizeof new_bytes), &error), VOLUME_OK);
    for (uint64_t seed = 0; seed < 20; seed++) {
        struct log_reader *reader;
        uint8_t byte[2];
        size_t got;
        assert_true(volume_memory_crash(memory, seed, &after, &error));
        assert_int_equal(log_open_reader(after, "wal/1-2", &reader, &error), VOLUME_OK);
        assert_int_equal(log_read(reader, 20, byte, 1, &got, &error), VOLUME_OK);
        assert_int_equal(log_read(reader, 1800, byte + 1, 1, &got, &error), VOLUME_OK);
        seen_old = seen_old || byte[0] == 'o';
        seen_new = seen_new || byte[0] == 'n';
        seen_zeros = seen_zeros || byte[1] == 0;
        log_close_reader(reader);
        volume_close(after);
    }
    assert_true(seen_old && seen_new && seen_zeros);
    assert_int_equal(log_seal(faulty, "wal/1-2", 5, &error), VOLUME_OK); /* synced further than that */
    assert_int_equal(log_seal(faulty, "wal/1-2", 2010, &error), VOLUME_OK);
    assert_true(volume_memory_truncate(memory, "wal/1-2", 2009));
    assert_int_equal(log_seal(faulty, "wal/1-2", 2010, &error), VOLUME_CORRUPT);
    log_close(log);
}

static void many_files_have_room(void **state)
{
    char name[VOLUME_NAME_SIZE];

    (void)state;
    for (int i = 0; i < 40; i++) {
        snprintf(name, sizeof name, "wal/1-%d", i);
        log_close(make_log(name, 0));
    }
    for (int i = 0; i < 40; i++) {
        snprintf(name, sizeof name, "wal/1-%d", i);
        assert_string_equal(log_text(memory, name), "");
    }
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
        TEST(a_delay_comes_to_its_end),
        TEST(a_part_of_one_byte_is_none),
        TEST(half_an_object_is_not_finished_in_secret),
        TEST(what_the_inner_volume_refuses_is_refused),
        TEST(who_still_reads_a_recycled_log_keeps_its_bytes),
        TEST(a_crash_shows_old_bytes_of_a_recycled_log),
        TEST(many_files_have_room),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
