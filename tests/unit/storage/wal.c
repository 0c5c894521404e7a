/* The write-ahead log: what is appended comes back, what was durable is never lost in silence. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "storage/wal.h"
#include "storage/wal_format.h"
#include "volume/volume_faulty.h"
#include "volume/volume_memory.h"

enum { SMALL_SEGMENT = 4096 };

struct fixture {
    struct volume *volume;
    struct wal *wal;
    struct wal_run runs[8];
    size_t run_count;
    struct ssql_error error;
};

/* ---- helpers ---- */

static int set_up(void **state)
{
    struct fixture *fixture = calloc(1, sizeof *fixture);

    assert_non_null(fixture);
    assert_true(volume_memory_create(&fixture->volume, &fixture->error));
    *state = fixture;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;

    wal_destroy(fixture->wal);
    volume_close(fixture->volume);
    free(fixture);
    return 0;
}

static void open_wal(struct fixture *fixture, uint64_t epoch, uint64_t segment_size,
                     const struct wal_recovery *recovery)
{
    struct wal_options options = {.epoch = epoch, .segment_size = segment_size};

    assert_true(wal_open(fixture->volume, &options, recovery, &fixture->wal, &fixture->error));
    assert_true(wal_begin(fixture->wal, &fixture->error));
    fixture->run_count = wal_runs(fixture->wal, 0, fixture->runs, 8);
}

/* One record of `size` bytes that depend on its sequence; returns its end. */
static uint64_t append(struct fixture *fixture, uint64_t sequence, size_t size)
{
    uint8_t *bytes = malloc(size + 1);
    uint64_t position = 0;

    assert_non_null(bytes);
    memset(bytes, (int)(sequence % 251), size);
    struct slice parts[] = {slice_make(bytes, size / 3), slice_make(bytes, size - size / 3)};
    assert_true(wal_append(fixture->wal, parts, 2, sequence, 1, &position, &fixture->error));
    free(bytes);
    return position;
}

static void sync_wal(struct fixture *fixture)
{
    assert_true(wal_sync_to(fixture->wal, wal_appended_position(fixture->wal), &fixture->error));
}

static void close_wal(struct fixture *fixture, bool clean)
{
    if (clean) {
        assert_true(wal_finish(fixture->wal, &fixture->error));
        fixture->run_count = wal_runs(fixture->wal, 0, fixture->runs, 8);
    }
    wal_destroy(fixture->wal);
    fixture->wal = NULL;
}

struct seen {
    uint64_t count;
    uint64_t last;
    uint64_t bytes;
};

static bool see(void *context, const struct wal_record *record, struct ssql_error *error)
{
    struct seen *seen = context;

    (void)error;
    for (size_t i = 0; i < record->payload.size; i++)
        assert_int_equal(record->payload.data[i], record->first_sequence % 251);
    seen->count++;
    seen->last = record->first_sequence;
    seen->bytes += record->payload.size;
    return true;
}

static bool recover(struct fixture *fixture, bool seal, struct seen *seen, struct wal_recovery *recovery)
{
    *seen = (struct seen){0};
    return wal_recover(fixture->volume, fixture->runs, fixture->run_count, seal, see, seen, recovery, &fixture->error);
}

/* Recovers and gives how many records came back; fails the test when the log is found damaged. */
static uint64_t recovered_count(struct fixture *fixture, bool *clean, bool *torn)
{
    struct wal_recovery recovery;
    struct seen seen;

    if (!recover(fixture, false, &seen, &recovery))
        fail_msg("%s", fixture->error.message);
    if (clean != NULL)
        *clean = recovery.clean_close;
    if (torn != NULL)
        *torn = recovery.torn_tail;
    wal_recovery_clear(&recovery);
    return seen.count;
}

static void assert_damaged(struct fixture *fixture, const char *name)
{
    struct wal_recovery recovery;
    struct seen seen;

    assert_false(recover(fixture, false, &seen, &recovery));
    assert_int_equal(fixture->error.code, SSQL_CORRUPT);
    assert_non_null(strstr(fixture->error.message, name));
    assert_non_null(strstr(fixture->error.message, "offset"));
    wal_recovery_clear(&recovery);
}

/* Replaces the volume by what a power cut leaves of it. */
static void cut_power(struct fixture *fixture, uint64_t seed)
{
    struct volume *after;

    assert_true(volume_memory_crash(fixture->volume, seed, &after, &fixture->error));
    volume_close(fixture->volume);
    fixture->volume = after;
}

/* ---- tests ---- */

static void nothing_is_created_before_the_run_begins(void **state)
{
    struct fixture *fixture = *state;
    struct wal_options options = {.epoch = 1};
    struct log_reader *reader;
    bool clean;

    assert_true(wal_open(fixture->volume, &options, NULL, &fixture->wal, &fixture->error));
    assert_int_equal(wal_runs(fixture->wal, 0, fixture->runs, 8), 0);
    assert_int_equal(log_open_reader(fixture->volume, "wal/1-1", &reader, NULL), VOLUME_NOT_FOUND);
    close_wal(fixture, false);
    assert_int_equal(recovered_count(fixture, &clean, NULL), 0);
    assert_true(clean);
}

static void a_run_that_has_begun_survives_a_power_cut_without_records(void **state)
{
    struct fixture *fixture = *state;
    struct wal_recovery recovery;
    struct seen seen;

    open_wal(fixture, 1, 0, NULL);
    assert_true(wal_begin(fixture->wal, &fixture->error)); /* once more is the same run */
    assert_int_equal(fixture->run_count, 1);
    assert_int_equal(fixture->runs[0].first_segment, 1);
    close_wal(fixture, false);
    cut_power(fixture, 0);
    assert_true(recover(fixture, true, &seen, &recovery));
    assert_int_equal(seen.count, 0);
    assert_int_equal(recovery.next_segment, 2);
    open_wal(fixture, 2, 0, &recovery);
    wal_recovery_clear(&recovery);
    append(fixture, 1, 10);
    sync_wal(fixture);
    close_wal(fixture, false);
    cut_power(fixture, 0);
    assert_int_equal(recovered_count(fixture, NULL, NULL), 1);
}

static void the_first_segment_of_a_run_is_never_missed_in_silence(void **state)
{
    struct fixture *fixture = *state;

    open_wal(fixture, 1, 0, NULL);
    append(fixture, 1, 100);
    sync_wal(fixture);
    close_wal(fixture, false);
    for (uint64_t offset = 0; offset < WAL_SEGMENT_HEADER_SIZE; offset++) {
        if (offset >= 8 && offset < 12) /* the format's number says what it says */
            continue;
        assert_true(volume_memory_damage(fixture->volume, "wal/1-1", offset, 0x10));
        assert_damaged(fixture, "wal/1-1");
        assert_true(volume_memory_damage(fixture->volume, "wal/1-1", offset, 0x10));
    }
    assert_int_equal(recovered_count(fixture, NULL, NULL), 1);
    assert_true(volume_memory_truncate(fixture->volume, "wal/1-1", WAL_SEGMENT_HEADER_SIZE - 1));
    assert_damaged(fixture, "wal/1-1");
    assert_true(volume_memory_truncate(fixture->volume, "wal/1-1", 0));
    assert_damaged(fixture, "wal/1-1");
    assert_int_equal(log_delete(fixture->volume, "wal/1-1", NULL), VOLUME_OK);
    assert_damaged(fixture, "wal/1-1");
}

/* All that the first segment holds is in sstables, the second one has been begun in memory only. */
static void runs_begin_with_a_segment_whose_header_is_durable(void **state)
{
    struct fixture *fixture = *state;

    open_wal(fixture, 1, SMALL_SEGMENT, NULL);
    append(fixture, 1, SMALL_SEGMENT - 200);
    append(fixture, 2, SMALL_SEGMENT - 200);
    assert_int_equal(wal_segments(fixture->wal, NULL, 0), 2);
    fixture->run_count = wal_runs(fixture->wal, 2, fixture->runs, 8);
    assert_int_equal(fixture->run_count, 1);
    assert_int_equal(fixture->runs[0].first_segment, 1);
    assert_true(wal_retire_before(fixture->wal, 2, &fixture->error));
    for (uint64_t seed = 0; seed < 50; seed++) {
        struct fixture after = *fixture;
        assert_true(volume_memory_crash(fixture->volume, seed, &after.volume, &after.error));
        assert_true(recovered_count(&after, NULL, NULL) >= 1);
        volume_close(after.volume);
    }
    sync_wal(fixture);
    assert_int_equal(wal_runs(fixture->wal, 2, fixture->runs, 8), 1);
    assert_int_equal(fixture->runs[0].first_segment, 2);
}

static void what_is_appended_comes_back_in_order(void **state)
{
    struct fixture *fixture = *state;
    struct wal_recovery recovery;
    struct seen seen;
    uint64_t bytes = 0, last_position = 0;

    open_wal(fixture, 1, 0, NULL);
    for (uint64_t i = 1; i <= 300; i++) {
        size_t size = i == 100 ? 300000 : i * 7 % 500;
        uint64_t position = append(fixture, i * 2, size);
        assert_true(position > last_position);
        last_position = position;
        bytes += size;
    }
    assert_true(wal_flush(fixture->wal, &fixture->error));
    close_wal(fixture, false);
    assert_true(recover(fixture, false, &seen, &recovery));
    assert_int_equal(seen.count, 300);
    assert_int_equal(seen.bytes, bytes);
    assert_int_equal(recovery.last_sequence, 600);
    assert_int_equal(recovery.record_count, 300);
    assert_false(recovery.clean_close);
    assert_false(recovery.torn_tail);
    wal_recovery_clear(&recovery);
}

static void a_tail_torn_at_any_byte_loses_only_the_last_record(void **state)
{
    struct fixture *fixture = *state;

    open_wal(fixture, 1, 0, NULL);
    append(fixture, 1, 100);
    sync_wal(fixture);
    append(fixture, 2, 100);
    uint64_t begin = wal_appended_position(fixture->wal);
    uint64_t end = begin + WAL_RECORD_HEADER_SIZE + 100;
    append(fixture, 3, 100);
    assert_true(wal_flush(fixture->wal, &fixture->error));
    close_wal(fixture, false);
    assert_int_equal(recovered_count(fixture, NULL, NULL), 3);
    for (uint64_t size = end - 1; size >= begin; size--) {
        bool torn;
        assert_true(volume_memory_truncate(fixture->volume, "wal/1-1", size));
        assert_int_equal(recovered_count(fixture, NULL, &torn), 2);
        assert_int_equal(torn, size > begin);
    }
}

static void a_flipped_bit_in_a_durable_record_is_an_error(void **state)
{
    struct fixture *fixture = *state;

    open_wal(fixture, 1, 0, NULL);
    append(fixture, 1, 100);
    append(fixture, 2, 100);
    sync_wal(fixture);
    uint64_t durable = wal_durable_position(fixture->wal);
    append(fixture, 3, 100);
    sync_wal(fixture);
    close_wal(fixture, false);
    for (uint64_t offset = 0; offset < durable; offset++) {
        bool is_padding = offset >= WAL_SEGMENT_HEADER_SIZE && (offset - WAL_SEGMENT_HEADER_SIZE) % 152 >= 148;
        assert_true(volume_memory_damage(fixture->volume, "wal/1-1", offset, 0x10));
        if (is_padding)
            assert_int_equal(recovered_count(fixture, NULL, NULL), 3);
        else if (offset < 8 || offset >= 12) /* the format's number says what it says */
            assert_damaged(fixture, "wal/1-1");
        assert_true(volume_memory_damage(fixture->volume, "wal/1-1", offset, 0x10));
    }
    assert_int_equal(recovered_count(fixture, NULL, NULL), 3);
}

static void any_power_cut_keeps_a_prefix_with_all_that_was_durable(void **state)
{
    struct fixture *fixture = *state;

    open_wal(fixture, 1, 2 * SMALL_SEGMENT, NULL);
    for (uint64_t i = 1; i <= 60; i++) {
        append(fixture, i, 60 + i * 37 % 900);
        if (i % 10 == 0 && i <= 40)
            sync_wal(fixture);
        if (i % 7 == 0)
            assert_true(wal_flush(fixture->wal, &fixture->error));
    }
    for (uint64_t seed = 0; seed < 200; seed++) {
        struct fixture after = *fixture;
        struct wal_recovery recovery;
        struct seen seen;
        assert_true(volume_memory_crash(fixture->volume, seed, &after.volume, &after.error));
        if (!recover(&after, true, &seen, &recovery))
            fail_msg("seed %d: %s", (int)seed, after.error.message);
        assert_true(seen.count >= 40);
        assert_int_equal(seen.last, seen.count);
        wal_recovery_clear(&recovery);
        volume_close(after.volume);
    }
}

static void what_was_recovered_survives_the_next_power_cut(void **state)
{
    struct fixture *fixture = *state;
    struct wal_recovery recovery;
    struct seen seen;

    open_wal(fixture, 1, 0, NULL);
    append(fixture, 1, 3000);
    assert_true(wal_flush(fixture->wal, &fixture->error));
    close_wal(fixture, false); /* a killed process: written, not synced */
    assert_true(recover(fixture, true, &seen, &recovery));
    open_wal(fixture, 2, 0, &recovery);
    wal_recovery_clear(&recovery);
    assert_int_equal(fixture->run_count, 2);
    assert_true(fixture->runs[0].has_end);
    append(fixture, 2, 10);
    sync_wal(fixture);
    close_wal(fixture, false);
    cut_power(fixture, 0);
    assert_int_equal(recovered_count(fixture, NULL, NULL), 2);
}

static void segments_follow_each_other_and_a_large_record_has_its_own(void **state)
{
    struct fixture *fixture = *state;
    struct wal_segment segments[64];
    struct wal_recovery recovery;
    struct seen seen;

    open_wal(fixture, 5, SMALL_SEGMENT, NULL);
    for (uint64_t i = 1; i <= 30; i++)
        append(fixture, i, i == 15 ? 3 * SMALL_SEGMENT : 1000);
    size_t count = wal_segments(fixture->wal, segments, 64);
    assert_true(count >= 10 && count <= 64);
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(segments[i].number, i + 1);
        assert_true(segments[i].size <= SMALL_SEGMENT || segments[i].first_sequence == segments[i].last_sequence);
    }
    close_wal(fixture, true);
    assert_true(recover(fixture, false, &seen, &recovery));
    assert_int_equal(seen.count, 30);
    assert_int_equal(recovery.segment_count, count);
    assert_int_equal(recovery.next_segment, count + 1);
    wal_recovery_clear(&recovery);
}

static void a_missing_segment_is_an_error(void **state)
{
    struct fixture *fixture = *state;

    open_wal(fixture, 1, SMALL_SEGMENT, NULL);
    for (uint64_t i = 1; i <= 12; i++)
        append(fixture, i, 1000);
    sync_wal(fixture);
    close_wal(fixture, false);
    assert_int_equal(log_delete(fixture->volume, "wal/1-2", NULL), VOLUME_OK);
    assert_damaged(fixture, "wal/1-2");
}

static void a_cut_segment_before_the_last_is_an_error(void **state)
{
    struct fixture *fixture = *state;

    open_wal(fixture, 1, SMALL_SEGMENT, NULL);
    for (uint64_t i = 1; i <= 12; i++)
        append(fixture, i, 1000);
    sync_wal(fixture);
    close_wal(fixture, false);
    assert_true(volume_memory_truncate(fixture->volume, "wal/1-1", 2000));
    assert_damaged(fixture, "wal/1-1");
}

static void a_clean_close_leaves_evidence(void **state)
{
    struct fixture *fixture = *state;
    bool clean;

    open_wal(fixture, 1, 0, NULL);
    append(fixture, 1, 100);
    append(fixture, 2, 100);
    struct wal_run open_run = fixture->runs[0];
    close_wal(fixture, true);
    assert_int_equal(recovered_count(fixture, &clean, NULL), 2);
    assert_true(clean);
    assert_true(fixture->runs[0].has_end);
    assert_int_equal(fixture->runs[0].end_sequence, 2);

    /* The manifest knows the end: a lost tail is damage. */
    uint64_t end = fixture->runs[0].end_offset;
    assert_true(volume_memory_damage(fixture->volume, "wal/1-1", end - 1, 1));
    assert_damaged(fixture, "wal/1-1");
    assert_true(volume_memory_damage(fixture->volume, "wal/1-1", end - 1, 1));

    /* It does not: the close record says that all before it was durable. */
    fixture->runs[0] = open_run;
    assert_int_equal(recovered_count(fixture, &clean, NULL), 2);
    assert_true(clean);
    assert_true(volume_memory_damage(fixture->volume, "wal/1-1", 300, 1));
    assert_damaged(fixture, "wal/1-1");
}

static void a_recycled_segment_shows_nothing_of_its_past(void **state)
{
    struct fixture *fixture = *state;
    struct wal_statistics statistics;
    bool torn;

    open_wal(fixture, 1, SMALL_SEGMENT, NULL);
    for (uint64_t i = 1; i <= 12; i++)
        append(fixture, i, 1000);
    sync_wal(fixture);
    assert_int_equal(wal_runs(fixture->wal, 12, fixture->runs, 8), 1);
    assert_true(wal_retire_before(fixture->wal, 12, &fixture->error));
    assert_int_equal(wal_segments(fixture->wal, NULL, 0), 1);
    for (uint64_t i = 13; i <= 17; i++)
        append(fixture, i, 1000);
    assert_true(wal_flush(fixture->wal, &fixture->error));
    wal_read_statistics(fixture->wal, &statistics);
    assert_true(statistics.recycle_count > 0);
    close_wal(fixture, false);
    assert_int_equal(recovered_count(fixture, NULL, &torn), 8); /* records 10 to 17: segment 4 begins with 10 */
    assert_false(torn);
    for (uint64_t seed = 1; seed < 50; seed++) {
        struct fixture after = *fixture;
        assert_true(volume_memory_crash(fixture->volume, seed, &after.volume, &after.error));
        assert_true(recovered_count(&after, NULL, NULL) >= 3);
        volume_close(after.volume);
    }
}

static void retired_segments_leave_the_volume_and_the_runs(void **state)
{
    struct fixture *fixture = *state;
    struct log_reader *reader;

    open_wal(fixture, 1, SMALL_SEGMENT, NULL);
    for (uint64_t i = 1; i <= 20; i++)
        append(fixture, i, 1000);
    assert_int_equal(wal_runs(fixture->wal, 10, fixture->runs, 8), 1);
    assert_int_equal(fixture->runs[0].first_segment, 4);
    assert_true(wal_retire_before(fixture->wal, 10, &fixture->error));
    assert_true(wal_has_file(fixture->wal, "wal/1-4"));
    assert_true(wal_has_file(fixture->wal, "wal/1-1")); /* kept for recycling */
    assert_false(wal_has_file(fixture->wal, "wal/1-3"));
    assert_int_equal(log_open_reader(fixture->volume, "wal/1-3", &reader, NULL), VOLUME_NOT_FOUND);
    close_wal(fixture, true);
    assert_int_equal(log_open_reader(fixture->volume, "wal/1-1", &reader, NULL), VOLUME_NOT_FOUND);
    assert_int_equal(recovered_count(fixture, NULL, NULL), 11);
}

/* Between the picture that the manifest is made of and the retirement, somebody may begin the next segment. */
static void a_segment_that_the_manifest_names_is_not_retired(void **state)
{
    struct fixture *fixture = *state;

    open_wal(fixture, 1, SMALL_SEGMENT, NULL);
    append(fixture, 1, 1000);
    assert_int_equal(wal_runs(fixture->wal, 2, fixture->runs, 8), 1);
    assert_int_equal(fixture->runs[0].first_segment, 1);
    for (uint64_t i = 2; i <= 9; i++)
        append(fixture, i, SMALL_SEGMENT - 200);
    sync_wal(fixture);
    assert_true(wal_retire_before(fixture->wal, 2, &fixture->error));
    append(fixture, 10, SMALL_SEGMENT - 200); /* would take a retired segment's blocks */
    sync_wal(fixture);
    struct wal_run named = fixture->runs[0];
    close_wal(fixture, false);
    fixture->runs[0] = named;
    assert_int_equal(recovered_count(fixture, NULL, NULL), 10);
}

static void several_epochs_are_read_one_after_the_other(void **state)
{
    struct fixture *fixture = *state;
    struct wal_recovery recovery = {0};
    struct seen seen;

    for (uint64_t epoch = 1; epoch <= 4; epoch++) {
        open_wal(fixture, epoch, SMALL_SEGMENT, &recovery);
        wal_recovery_clear(&recovery);
        assert_int_equal(fixture->run_count, epoch);
        for (uint64_t i = 1; i <= 5; i++)
            append(fixture, epoch * 10 + i, 1000);
        sync_wal(fixture);
        close_wal(fixture, epoch == 2);
        assert_true(recover(fixture, true, &seen, &recovery));
        assert_int_equal(seen.count, epoch * 5);
    }
    wal_recovery_clear(&recovery);
}

static void a_failed_sync_poisons_the_log(void **state)
{
    struct fixture *fixture = *state;
    struct fault_plan plan = {.fail_at = 1, .status = VOLUME_UNAVAILABLE};
    struct fault_plan none = {0};
    uint64_t position;
    struct slice part = slice_of("x");

    assert_true(volume_faulty_create(fixture->volume, &fixture->volume, &fixture->error));
    open_wal(fixture, 1, 0, NULL);
    uint64_t first = append(fixture, 1, 10);
    sync_wal(fixture);
    uint64_t second = append(fixture, 2, 10);
    assert_true(wal_flush(fixture->wal, &fixture->error));
    volume_faulty_set(fixture->volume, &plan);
    assert_false(wal_sync_to(fixture->wal, second, &fixture->error));
    assert_int_equal(fixture->error.code, SSQL_UNKNOWN_OUTCOME);
    volume_faulty_set(fixture->volume, &none);
    assert_false(wal_sync_to(fixture->wal, second, &fixture->error));
    assert_true(wal_sync_to(fixture->wal, first, &fixture->error)); /* that was durable before */
    assert_true(wal_failed(fixture->wal, NULL));
    assert_false(wal_append(fixture->wal, &part, 1, 3, 1, &position, &fixture->error));
    assert_int_equal(fixture->error.code, SSQL_UNKNOWN_OUTCOME);
    assert_false(wal_commit(fixture->wal, second, WAL_SYNC_OFF, &fixture->error));
    assert_false(wal_finish(fixture->wal, &fixture->error));
}

static void every_single_fault_leaves_a_prefix_and_a_clear_error(void **state)
{
    struct fixture *fixture = *state;
    bool had_fault = true;

    for (uint64_t n = 1; had_fault; n++) {
        struct fixture one = {0};
        struct fault_plan plan = {.fail_at = n, .status = VOLUME_UNKNOWN, .torn = true, .seed = n};
        struct fault_plan none = {0};
        uint64_t acknowledged = 0;
        assert_true(volume_memory_create(&one.volume, &one.error));
        assert_true(volume_faulty_create(one.volume, &one.volume, &one.error));
        open_wal(&one, 1, SMALL_SEGMENT, NULL);
        volume_faulty_set(one.volume, &plan);
        for (uint64_t i = 1; i <= 12; i++) {
            uint8_t bytes[1000];
            uint64_t position;
            memset(bytes, (int)i, sizeof bytes);
            struct slice part = slice_make(bytes, sizeof bytes);
            if (!wal_append(one.wal, &part, 1, i, 1, &position, &one.error) ||
                !wal_sync_to(one.wal, position, &one.error)) {
                assert_int_equal(one.error.code, SSQL_UNKNOWN_OUTCOME);
                break;
            }
            acknowledged = i;
        }
        had_fault = acknowledged < 12;
        volume_faulty_set(one.volume, &none);
        close_wal(&one, false);
        uint64_t count = recovered_count(&one, NULL, NULL);
        assert_true(count >= acknowledged && count <= acknowledged + 1);
        volume_close(one.volume);
    }
    (void)fixture;
}

static void a_full_disk_refuses_the_append_and_nothing_else(void **state)
{
    struct fixture *fixture = *state;
    struct fault_plan plan = {.capacity = 3 * SMALL_SEGMENT};
    struct fault_plan none = {0};
    uint8_t bytes[1000] = {0};
    struct slice part = slice_make(bytes, sizeof bytes);
    uint64_t position = 0, sequence = 1;

    assert_true(volume_faulty_create(fixture->volume, &fixture->volume, &fixture->error));
    open_wal(fixture, 1, SMALL_SEGMENT, NULL);
    volume_faulty_set(fixture->volume, &plan);
    for (;; sequence++) {
        memset(bytes, (int)(sequence % 251), sizeof bytes);
        if (!wal_append(fixture->wal, &part, 1, sequence, 1, &position, &fixture->error))
            break;
        assert_true(sequence < 100);
    }
    assert_int_equal(fixture->error.code, SSQL_DISK_FULL);
    assert_false(wal_failed(fixture->wal, NULL));
    sync_wal(fixture);
    volume_faulty_set(fixture->volume, &none);
    append(fixture, sequence, 1000);
    close_wal(fixture, true);
    assert_int_equal(recovered_count(fixture, NULL, NULL), sequence);
}

static void sync_normal_makes_it_durable_a_little_later(void **state)
{
    struct fixture *fixture = *state;

    open_wal(fixture, 1, 0, NULL);
    uint64_t position = append(fixture, 1, 100);
    assert_true(wal_commit(fixture->wal, position, WAL_SYNC_NORMAL, &fixture->error));
    struct timespec moment = {.tv_nsec = 5000000};
    for (int i = 0; i < 2000 && wal_durable_position(fixture->wal) < position; i++)
        nanosleep(&moment, NULL);
    assert_true(wal_durable_position(fixture->wal) >= position);
}

static void sync_off_survives_the_process(void **state)
{
    struct fixture *fixture = *state;

    open_wal(fixture, 1, 0, NULL);
    uint64_t position = append(fixture, 1, 100);
    assert_true(wal_commit(fixture->wal, position, WAL_SYNC_OFF, &fixture->error));
    assert_true(wal_durable_position(fixture->wal) < position);
    close_wal(fixture, false);
    cut_power(fixture, UINT64_MAX);
    assert_int_equal(recovered_count(fixture, NULL, NULL), 1);
}

static void a_record_beyond_the_limit_is_refused(void **state)
{
    struct fixture *fixture = *state;
    struct slice parts[] = {slice_make("", 1), slice_make(NULL, (size_t)WAL_RECORD_LARGEST)};
    uint64_t position;

    open_wal(fixture, 1, 0, NULL);
    assert_false(wal_append(fixture->wal, parts, 2, 1, 1, &position, &fixture->error));
    assert_int_equal(fixture->error.code, SSQL_TOO_LARGE);
    assert_false(wal_failed(fixture->wal, NULL));
}

/* ---- threads ---- */

enum { THREAD_COUNT = 4, COMMITS_PER_THREAD = 50 };

struct committer {
    struct fixture *fixture;
    pthread_mutex_t *commit_lock;
    uint64_t *sequence;
    bool is_whole;
};

static void *commit_often(void *argument)
{
    struct committer *committer = argument;

    committer->is_whole = true;
    for (int i = 0; i < COMMITS_PER_THREAD; i++) {
        struct ssql_error error;
        uint64_t position = 0;
        pthread_mutex_lock(committer->commit_lock);
        uint64_t sequence = ++*committer->sequence;
        uint8_t bytes[100];
        memset(bytes, (int)(sequence % 251), sizeof bytes);
        struct slice part = slice_make(bytes, sizeof bytes);
        bool is_appended = wal_append(committer->fixture->wal, &part, 1, sequence, 1, &position, &error);
        pthread_mutex_unlock(committer->commit_lock);
        committer->is_whole = committer->is_whole && is_appended &&
                              wal_commit(committer->fixture->wal, position, WAL_SYNC_FULL, &error) &&
                              wal_durable_position(committer->fixture->wal) >= position;
    }
    return NULL;
}

static void run_committers(struct fixture *fixture, size_t count)
{
    pthread_mutex_t commit_lock = PTHREAD_MUTEX_INITIALIZER;
    uint64_t sequence = 0;
    struct committer committers[THREAD_COUNT];
    pthread_t threads[THREAD_COUNT];

    for (size_t i = 0; i < count; i++) {
        committers[i] = (struct committer){fixture, &commit_lock, &sequence, false};
        assert_int_equal(pthread_create(&threads[i], NULL, commit_often, &committers[i]), 0);
    }
    for (size_t i = 0; i < count; i++) {
        pthread_join(threads[i], NULL);
        assert_true(committers[i].is_whole);
    }
}

static void threads_share_syncs_and_lose_nothing(void **state)
{
    struct fixture *fixture = *state;
    struct fault_plan slow = {.delay_us = 300};
    struct fault_plan none = {0};
    struct wal_statistics statistics;

    assert_true(volume_faulty_create(fixture->volume, &fixture->volume, &fixture->error));
    open_wal(fixture, 1, SMALL_SEGMENT, NULL);
    volume_faulty_set(fixture->volume, &slow);
    run_committers(fixture, THREAD_COUNT);
    volume_faulty_set(fixture->volume, &none);
    wal_read_statistics(fixture->wal, &statistics);
    assert_int_equal(statistics.append_count, THREAD_COUNT * COMMITS_PER_THREAD);
    assert_true(statistics.sync_count < statistics.append_count);
    close_wal(fixture, false);
    struct volume *after;
    assert_true(volume_memory_crash(volume_faulty_inner(fixture->volume), 0, &after, &fixture->error));
    volume_close(fixture->volume);
    fixture->volume = after;
    assert_int_equal(recovered_count(fixture, NULL, NULL), THREAD_COUNT * COMMITS_PER_THREAD);
}

static void a_lone_thread_never_waits(void **state)
{
    struct fixture *fixture = *state;
    struct wal_statistics statistics;

    open_wal(fixture, 1, 0, NULL);
    run_committers(fixture, 1);
    wal_read_statistics(fixture->wal, &statistics);
    assert_int_equal(statistics.wait_count, 0);
    assert_int_equal(statistics.sync_count, 1 + COMMITS_PER_THREAD); /* and the header's */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
        TEST(nothing_is_created_before_the_run_begins),
        TEST(a_run_that_has_begun_survives_a_power_cut_without_records),
        TEST(the_first_segment_of_a_run_is_never_missed_in_silence),
        TEST(runs_begin_with_a_segment_whose_header_is_durable),
        TEST(what_is_appended_comes_back_in_order),
        TEST(a_tail_torn_at_any_byte_loses_only_the_last_record),
        TEST(a_flipped_bit_in_a_durable_record_is_an_error),
        TEST(any_power_cut_keeps_a_prefix_with_all_that_was_durable),
        TEST(what_was_recovered_survives_the_next_power_cut),
        TEST(segments_follow_each_other_and_a_large_record_has_its_own),
        TEST(a_missing_segment_is_an_error),
        TEST(a_cut_segment_before_the_last_is_an_error),
        TEST(a_clean_close_leaves_evidence),
        TEST(a_recycled_segment_shows_nothing_of_its_past),
        TEST(retired_segments_leave_the_volume_and_the_runs),
        TEST(a_segment_that_the_manifest_names_is_not_retired),
        TEST(several_epochs_are_read_one_after_the_other),
        TEST(a_failed_sync_poisons_the_log),
        TEST(every_single_fault_leaves_a_prefix_and_a_clear_error),
        TEST(a_full_disk_refuses_the_append_and_nothing_else),
        TEST(sync_normal_makes_it_durable_a_little_later),
        TEST(sync_off_survives_the_process),
        TEST(a_record_beyond_the_limit_is_refused),
        TEST(threads_share_syncs_and_lose_nothing),
        TEST(a_lone_thread_never_waits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
