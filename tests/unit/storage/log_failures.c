/* The writer of the log when the volume fails it: every operation in turn, in every way. What certainly did not happen
 * may be tried again; after anything else the log takes nothing more, and says why to everybody. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>

#include "storage/wal_format.h"
#include "storage/wal_internal.h"
#include "volume/volume_faulty.h"
#include "volume/volume_memory.h"

enum { SEGMENT_SIZE = 4096, RECORDS = 41, LARGE_SIZE = WAL_BUFFER_SIZE + 100 };

static struct volume *volume; /* faulty, over memory */
static struct wal *wal;
static uint8_t large[LARGE_SIZE];

static void set_plan(const struct fault_plan *plan)
{
    volume_faulty_set(volume, plan);
}

static void open_log(void)
{
    const struct wal_options options = {.epoch = 1, .segment_size = SEGMENT_SIZE};
    struct volume *inner;

    assert_true(volume_memory_create(&inner, NULL));
    assert_true(volume_faulty_create(inner, &volume, NULL));
    assert_true(wal_open(volume, &options, NULL, &wal, NULL));
}

static void close_log(void)
{
    wal_destroy(wal);
    volume_close(volume);
}

static bool append(uint64_t sequence, size_t size, uint64_t *position, struct ssql_error *error)
{
    const struct slice payload = slice_make(large, size);

    memset(large, (int)(sequence % 251), 16);
    return wal_append(wal, &payload, 1, sequence, 1, position, error);
}

/* ---- what is in it ---- */

static bool count_record(void *context, const struct wal_record *record, struct ssql_error *error)
{
    (void)error;
    assert_int_equal(record->payload.data[0], record->first_sequence % 251);
    *(uint64_t *)context = record->first_sequence;
    return true;
}

/* The last sequence that a killed process leaves; 0: none. */
static uint64_t last_sequence(void)
{
    const struct wal_run run = {.epoch = 1, .first_segment = 1};
    struct wal_recovery found;
    struct volume *after;
    uint64_t last = 0;

    assert_true(volume_memory_crash(volume_faulty_inner(volume), UINT64_MAX, &after, NULL));
    assert_true(wal_recover(after, &run, 1, false, count_record, &last, &found, NULL));
    assert_int_equal(found.record_count, last);
    wal_recovery_clear(&found);
    volume_close(after);
    return last;
}

/* ---- failures ---- */

/* Everybody gets the same, whatever he asks for. */
static void assert_failed_for_ever(uint64_t sequence)
{
    struct ssql_error first = {0}, error;
    uint64_t position, appended = wal_appended_position(wal);
    bool is_durable = wal_durable_position(wal) == appended;

    assert_true(wal_failed(wal, &first));
    assert_true(wal_failed(wal, NULL));
    assert_int_equal(first.code, SSQL_UNKNOWN_OUTCOME);
    for (int i = 0; i < 7; i++) {
        error = (struct ssql_error){0};
        bool is_done = i == 0   ? wal_begin(wal, &error)
                       : i == 1 ? append(sequence, 10, &position, &error)
                       : i == 2 ? wal_flush(wal, &error)
                       : i == 3 ? wal_sync_to(wal, appended, &error)
                       : i < 6  ? wal_commit(wal, appended, i == 4 ? WAL_SYNC_OFF : WAL_SYNC_NORMAL, &error)
                                : wal_finish(wal, &error);
        assert_int_equal(is_done, is_durable && i >= 3 && i < 6);
        if (!is_done)
            assert_string_equal(error.message, first.message);
    }
    assert_false(wal_flush(wal, NULL));
}

/* Small records, one larger than the buffer, syncs of every kind, retirement, an end. Goes on after what did not
 * happen; false as soon as the log has failed. `*appended`: last sequence that was taken. */
static bool write_log(bool with_error, uint64_t *appended)
{
    static const enum wal_sync syncs[] = {WAL_SYNC_FULL, WAL_SYNC_OFF, WAL_SYNC_FULL, WAL_SYNC_OFF};
    struct ssql_error error = {0}, *to = with_error ? &error : NULL;
    struct wal_run runs[2];
    uint64_t position;

    while (!wal_begin(wal, to))
        if (wal_failed(wal, NULL))
            return false;
    for (uint64_t sequence = 1; sequence <= RECORDS; sequence++) {
        while (!append(sequence, sequence == 20 ? LARGE_SIZE : 300, &position, to))
            if (wal_failed(wal, NULL))
                return false;
        *appended = sequence;
        if (sequence % 2 == 0 && !wal_commit(wal, position, syncs[sequence / 2 % 4], to))
            return false;
        if (sequence == 30) {
            assert_int_equal(wal_runs(wal, 25, runs, 2), 1);
            (void)!wal_retire_before(wal, 25, to); /* files that nobody needs may stay */
        }
    }
    /* The last record waits for the end, which makes it durable. */
    return wal_finish(wal, to) && wal_finish(wal, to);
}

static void every_operation_fails_in_turn(void **state)
{
    static const enum volume_status statuses[] = {VOLUME_UNKNOWN, VOLUME_NO_SPACE, VOLUME_UNAVAILABLE,
                                                  VOLUME_CORRUPT, VOLUME_EXISTS,   VOLUME_CONFLICT,
                                                  VOLUME_FENCED,  VOLUME_NOT_FOUND};
    uint64_t count = UINT64_MAX;
    unsigned failed = 0;

    (void)state;
    for (uint64_t n = 0; n <= count; n++) {
        for (size_t i = 0; i < sizeof statuses / sizeof *statuses; i++) {
            uint64_t appended = 0;
            open_log();
            set_plan(&(struct fault_plan){.fail_at = n, .status = statuses[i], .seed = n, .torn = i % 2 == 1});
            bool is_done = write_log((n + i) % 3 != 0, &appended);
            if (n == 0)
                count = volume_faulty_count(volume);
            set_plan(&(struct fault_plan){0});
            failed += !is_done;
            if (is_done)
                assert_int_equal(appended, RECORDS);
            else
                assert_failed_for_ever(appended + 1);
            close_log();
        }
    }
    assert_true(failed > 50);
}

/* The sync of one thread fails while another's write has failed already: the first failure is everybody's. */
static bool is_intruding;

static void fail_another_write(void *context)
{
    struct ssql_error error = {0};
    uint64_t position;

    (void)context;
    if (is_intruding || wal->durable == wal->written)
        return;
    is_intruding = true;
    assert_true(append(2, 100, &position, &error));
    assert_false(wal_flush(wal, &error));
    assert_int_equal(error.code, SSQL_UNKNOWN_OUTCOME);
}

static void the_first_of_two_failures_stays(void **state)
{
    struct ssql_error error = {0}, kept = {0};
    uint64_t position;

    (void)state;
    open_log();
    assert_true(wal_begin(wal, NULL));
    assert_true(append(1, 100, &position, NULL));
    assert_true(wal_flush(wal, NULL));
    is_intruding = false;
    set_plan(&(struct fault_plan){
        .fail_at = 1, .keep_failing = true, .status = VOLUME_UNAVAILABLE, .before = fail_another_write});
    assert_false(wal_sync_to(wal, position, &error));
    assert_true(is_intruding);
    set_plan(&(struct fault_plan){0});
    assert_true(wal_failed(wal, &kept));
    assert_string_equal(kept.message, error.message);
    assert_int_equal(last_sequence(), 1);
    close_log();
}

/* Bytes that fill the buffer in front of a record's header, its payload and the zeros behind it: there the buffer is
 * written, and writing may fail. */
static void a_full_buffer_is_written_wherever_it_ends(void **state)
{
    enum { FIRST_PART = WAL_BUFFER_SIZE - WAL_RECORD_HEADER_SIZE - 1, SECOND_PART = 10 };
    enum { ZEROS_FIT_NOT = WAL_BUFFER_SIZE - 65, HEADER_FITS_NOT = WAL_BUFFER_SIZE - 88 };
    static const size_t sizes[] = {ZEROS_FIT_NOT, HEADER_FITS_NOT, 10};
    static uint8_t bytes[WAL_BUFFER_SIZE];
    const struct wal_options options = {.epoch = 1, .segment_size = 8 << 20};
    uint64_t position, written = 0;

    (void)state;
    for (uint64_t n = 0; n <= 4; n++) {
        struct slice parts[2] = {slice_make(bytes, FIRST_PART), slice_make(bytes, SECOND_PART)};
        struct volume *inner;
        struct ssql_error error = {0};
        assert_true(volume_memory_create(&inner, NULL));
        assert_true(volume_faulty_create(inner, &volume, NULL));
        assert_true(wal_open(volume, &options, NULL, &wal, NULL));
        assert_true(wal_begin(wal, NULL));
        set_plan(&(struct fault_plan){.fail_at = n, .status = VOLUME_UNAVAILABLE});
        bool is_done = wal_append(wal, parts, 2, 1, 1, &position, &error);
        for (uint64_t i = 0; i < 3 && is_done; i++) {
            parts[0] = slice_make(bytes, sizes[i]);
            is_done = wal_append(wal, parts, 1, 2 + i, 1, &position, &error);
        }
        if (n == 0)
            written = volume_faulty_count(volume);
        assert_int_equal(is_done, n == 0 || n > written);
        set_plan(&(struct fault_plan){0});
        if (!is_done)
            assert_failed_for_ever(9);
        else
            assert_true(wal_finish(wal, NULL));
        close_log();
    }
    assert_int_equal(written, 3);
}

static void a_transaction_too_large_for_a_record_is_refused_whatever_its_parts(void **state)
{
    const struct slice parts[][2] = {{slice_make(large, WAL_RECORD_LARGEST), slice_make(large, 1)},
                                     {slice_make(large, WAL_RECORD_LARGEST + 1), slice_make(large, 0)},
                                     {slice_make(large, 1), slice_make(large, SIZE_MAX)}};
    struct ssql_error error;
    uint64_t position;

    (void)state;
    open_log();
    assert_true(wal_begin(wal, NULL));
    for (size_t i = 0; i < 3; i++) {
        assert_false(wal_append(wal, parts[i], 2, 1, 1, &position, &error));
        assert_int_equal(error.code, SSQL_TOO_LARGE);
    }
    assert_true(append(1, 10, &position, &error));
    assert_true(wal_finish(wal, &error));
    assert_int_equal(last_sequence(), 1);
    close_log();
}

/* ---- lists ---- */

static void a_log_that_never_began_ends_without_a_segment(void **state)
{
    struct wal_run run;

    (void)state;
    open_log();
    assert_true(wal_finish(wal, NULL));
    assert_true(wal_begin(wal, NULL));
    assert_int_equal(wal_runs(wal, 0, &run, 1), 0);
    close_log();
    wal_destroy(NULL);
}

static void runs_and_segments_are_counted_also_where_there_is_no_room(void **state)
{
    struct wal_segment segments[2] = {{.epoch = 1, .number = 3, .last_sequence = 5, .size = 100},
                                      {.epoch = 2, .number = 4, .last_sequence = 9, .size = 200}};
    const struct wal_recovery found = {.segments = segments, .segment_count = 2, .next_segment = 5, .last_sequence = 9};
    const struct wal_options options = {.epoch = 7, .segment_size = SEGMENT_SIZE};
    struct wal_segment seen[3];
    struct wal_run runs[3];

    (void)state;
    assert_true(volume_memory_create(&volume, NULL));
    assert_true(wal_open(volume, &options, &found, &wal, NULL));
    assert_true(wal_begin(wal, NULL));
    for (size_t room = 0; room <= 3; room++) {
        memset(runs, 0, sizeof runs);
        memset(seen, 0, sizeof seen);
        assert_int_equal(wal_runs(wal, 0, runs, room), 3);
        assert_int_equal(wal_segments(wal, seen, room), 3);
        for (size_t i = 0; i < 3; i++) {
            assert_int_equal(runs[i].epoch, i >= room ? 0 : i == 0 ? 1 : i == 1 ? 2 : 7);
            assert_int_equal(seen[i].number, i >= room ? 0 : 3 + i);
        }
    }
    assert_true(wal_has_file(wal, "wal/1-3") && wal_has_file(wal, "wal/7-5") && wal_has_file(wal, "wal/7-6"));
    assert_false(wal_has_file(wal, "wal/1-4") || wal_has_file(wal, "wal/7-7"));
    close_log();
}

/* The first failure is told, and every file is tried. */
static void files_that_cannot_be_deleted_stay(void **state)
{
    struct ssql_error error = {0};
    struct wal_run run;
    uint64_t position;

    (void)state;
    open_log();
    assert_true(wal_begin(wal, NULL));
    for (uint64_t sequence = 1; sequence <= 100; sequence++)
        assert_true(append(sequence, 300, &position, NULL));
    assert_true(wal_sync_to(wal, position, NULL));
    assert_int_equal(wal_runs(wal, 100, &run, 1), 1);
    set_plan(&(struct fault_plan){.fail_at = 1, .keep_failing = true, .status = VOLUME_UNAVAILABLE});
    assert_false(wal_retire_before(wal, 100, &error));
    assert_int_equal(error.code, SSQL_IO);
    assert_true(volume_faulty_count(volume) > 2);
    assert_true(wal_has_file(wal, "wal/1-1")); /* kept, to be used again */
    set_plan(&(struct fault_plan){0});
    assert_true(wal_retire_before(wal, 100, &error));
    assert_true(append(101, 300, &position, &error));
    close_log();
}

/* ---- sync=normal ---- */

/* The thread that syncs later meets a failure, which the next caller gets. */
static void a_sync_that_fails_later_fails_the_log(void **state)
{
    uint64_t position;

    (void)state;
    open_log();
    assert_true(wal_begin(wal, NULL));
    assert_true(append(1, 100, &position, NULL));
    assert_true(wal_flush(wal, NULL));
    set_plan(&(struct fault_plan){.fail_at = 1, .status = VOLUME_UNAVAILABLE});
    assert_true(wal_commit(wal, position, WAL_SYNC_NORMAL, NULL));
    while (!wal_failed(wal, NULL))
        sched_yield();
    assert_failed_for_ever(2);
    close_log();
}

static void what_is_durable_or_written_needs_nothing_more(void **state)
{
    uint64_t position;

    (void)state;
    open_log();
    assert_true(wal_begin(wal, NULL));
    assert_true(append(1, 100, &position, NULL));
    assert_true(wal_commit(wal, position, WAL_SYNC_OFF, NULL));
    uint64_t count = volume_faulty_count(volume);
    assert_true(wal_commit(wal, position, WAL_SYNC_OFF, NULL));
    assert_int_equal(volume_faulty_count(volume), count);
    assert_true(wal_commit(wal, position, WAL_SYNC_FULL, NULL));
    count = volume_faulty_count(volume);
    assert_true(wal_commit(wal, position, WAL_SYNC_NORMAL, NULL));
    assert_true(wal_commit(wal, position, WAL_SYNC_OFF, NULL));
    assert_int_equal(volume_faulty_count(volume), count);
    close_log();
}

static bool is_true(const bool *flag)
{
    pthread_mutex_lock(&wal->mutex);
    bool value = *flag;
    pthread_mutex_unlock(&wal->mutex);
    return value;
}

static void *commit_late(void *context)
{
    uint64_t *position = context;

    assert_true(wal_commit(wal, *position, WAL_SYNC_NORMAL, NULL));
    assert_true(wal_durable_position(wal) >= *position);
    return NULL;
}

static struct {
    uint64_t position; /* of the second commit */
    pthread_t thread;
    bool is_started;
} late;

/* In the thread that syncs, while the log waits for its end: now somebody commits. Goes on when he waits, too. */
static void let_one_come_late(void *context)
{
    (void)context;
    if (late.is_started)
        return;
    late.is_started = true;
    while (!is_true(&wal->is_stopping))
        sched_yield();
    assert_int_equal(pthread_create(&late.thread, NULL, commit_late, &late.position), 0);
    while (atomic_load(&wal->queued) == 0)
        sched_yield();
}

static void who_commits_while_the_log_ends_waits_for_a_sync(void **state)
{
    uint64_t position;

    (void)state;
    late.is_started = false;
    open_log();
    assert_true(wal_begin(wal, NULL));
    assert_true(append(1, 100, &position, NULL));
    assert_true(wal_flush(wal, NULL));
    assert_true(wal_commit(wal, position, WAL_SYNC_NORMAL, NULL));
    assert_true(wal_commit(wal, position, WAL_SYNC_NORMAL, NULL)); /* it is on its way */
    set_plan(&(struct fault_plan){.before = let_one_come_late});
    while (!is_true(&wal->is_syncing))
        sched_yield();
    assert_true(append(2, 100, &late.position, NULL));
    assert_true(wal_finish(wal, NULL));
    assert_int_equal(pthread_join(late.thread, NULL), 0);
    assert_int_equal(last_sequence(), 2);
    set_plan(&(struct fault_plan){0});
    close_log();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_operation_fails_in_turn),
        cmocka_unit_test(the_first_of_two_failures_stays),
        cmocka_unit_test(a_full_buffer_is_written_wherever_it_ends),
        cmocka_unit_test(a_transaction_too_large_for_a_record_is_refused_whatever_its_parts),
        cmocka_unit_test(a_log_that_never_began_ends_without_a_segment),
        cmocka_unit_test(runs_and_segments_are_counted_also_where_there_is_no_room),
        cmocka_unit_test(files_that_cannot_be_deleted_stay),
        cmocka_unit_test(a_sync_that_fails_later_fails_the_log),
        cmocka_unit_test(what_is_durable_or_written_needs_nothing_more),
        cmocka_unit_test(who_commits_while_the_log_ends_waits_for_a_sync),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
