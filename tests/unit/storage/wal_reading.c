/* What reading a log says of it: segments, sequences, bytes, where the next run begins; and the chain from segment to
 * segment and from run to run. The segments are made here. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "base/buffer.h"
#include "storage/wal.h"
#include "storage/wal_format.h"
#include "volume/volume_faulty.h"
#include "volume/volume_memory.h"

/* Longer than what is read at once, and not a multiple of the alignment. */
enum { LONG_PAYLOAD = (1 << 20) + 5 };

/* A segment in the making. */
struct segment {
    struct buffer bytes;
    uint64_t epoch, number;
};

static void begin_segment(struct segment *segment, uint64_t epoch, uint64_t number, uint64_t previous_end,
                          uint64_t previous_sequence)
{
    const struct wal_segment_header header = {epoch, number, previous_end, previous_sequence};
    uint8_t bytes[WAL_SEGMENT_HEADER_SIZE];

    *segment = (struct segment){.epoch = epoch, .number = number};
    wal_encode_segment_header(&header, bytes);
    buffer_append(&segment->bytes, bytes, sizeof bytes);
}

static void add_record(struct segment *segment, enum wal_record_kind kind, uint64_t sequence, uint32_t sequence_count,
                       size_t size)
{
    static uint8_t payload[LONG_PAYLOAD];
    const struct slice part = slice_make(payload, size);
    const struct wal_place place = {segment->epoch, segment->number, segment->bytes.size};
    struct wal_record_header header = {.kind = kind,
                                       .payload_size = (uint32_t)size,
                                       .sequence_count = sequence_count,
                                       .first_sequence = sequence,
                                       .payload_checksum = wal_payload_checksum(&part, 1, place)};
    uint8_t bytes[WAL_RECORD_HEADER_SIZE];

    wal_encode_record_header(&header, place, bytes);
    buffer_append(&segment->bytes, bytes, sizeof bytes);
    buffer_append(&segment->bytes, payload, size);
    while (segment->bytes.size % WAL_ALIGNMENT != 0)
        buffer_append_byte(&segment->bytes, 0);
}

static uint64_t end_segment(struct segment *segment, struct volume *volume)
{
    char name[WAL_NAME_SIZE];
    struct volume_log *log;
    uint64_t size = segment->bytes.size;

    wal_segment_name(segment->epoch, segment->number, name);
    assert_int_equal(log_create(volume, name, 0, NULL, &log, NULL), VOLUME_OK);
    assert_int_equal(log_append(log, buffer_slice(&segment->bytes), NULL), VOLUME_OK);
    assert_int_equal(log_sync(log, NULL), VOLUME_OK);
    log_close(log);
    buffer_clear(&segment->bytes);
    return size;
}

static struct volume *make_volume(void)
{
    struct volume *volume;

    assert_true(volume_memory_create(&volume, NULL));
    return volume;
}

static bool ignore(void *context, const struct wal_record *record, struct ssql_error *error)
{
    (void)record;
    (void)error;
    ++*(int *)context;
    return true;
}

/* Segments 1 and 2 of epoch 1, with sequences 3, 4 to 6 and 9; returns where the second ends. */
static uint64_t make_two_segments(struct volume *volume, uint64_t previous_sequence)
{
    struct segment segment;

    begin_segment(&segment, 1, 1, 0, 0);
    add_record(&segment, WAL_RECORD_TRANSACTION, 3, 1, 5);
    add_record(&segment, WAL_RECORD_TRANSACTION, 4, 3, 8);
    uint64_t end = end_segment(&segment, volume);
    begin_segment(&segment, 1, 2, end, previous_sequence);
    add_record(&segment, WAL_RECORD_TRANSACTION, 9, 1, 13);
    return end_segment(&segment, volume);
}

static void segments_and_records_are_counted(void **state)
{
    (void)state;
    struct volume *volume = make_volume();
    const struct wal_run run = {.epoch = 1, .first_segment = 1};
    struct wal_recovery found;
    struct ssql_error error;
    int count = 0;

    uint64_t end = make_two_segments(volume, 6);
    assert_true(wal_recover(volume, &run, 1, false, ignore, &count, &found, &error));
    assert_int_equal(count, 3);
    assert_int_equal(found.record_count, 3);
    assert_int_equal(found.byte_count, 3 * WAL_RECORD_HEADER_SIZE + 5 + 8 + 13);
    assert_int_equal(found.last_sequence, 9);
    assert_int_equal(found.next_segment, 3);
    assert_false(found.clean_close);
    assert_false(found.torn_tail);
    assert_int_equal(found.stain_offset, 0);
    assert_int_equal(found.segment_count, 2);
    assert_int_equal(found.segments[0].epoch, 1);
    assert_int_equal(found.segments[0].number, 1);
    assert_int_equal(found.segments[0].first_sequence, 3);
    assert_int_equal(found.segments[0].last_sequence, 6);
    assert_int_equal(found.segments[1].first_sequence, 9);
    assert_int_equal(found.segments[1].last_sequence, 9);
    assert_int_equal(found.segments[1].size, end);
    wal_recovery_clear(&found);
    assert_null(found.segments);
    assert_int_equal(found.segment_count, 0);
    volume_close(volume);
}

/* Three runs: each begins anew, whatever the one before it ended with. */
static void runs_are_read_one_after_the_other(void **state)
{
    (void)state;
    struct volume *volume = make_volume();
    struct segment segment;
    struct wal_recovery found;
    struct ssql_error error;
    int count = 0;

    uint64_t end = make_two_segments(volume, 6);
    begin_segment(&segment, 2, 3, 0, 0);
    uint64_t empty_end = end_segment(&segment, volume); /* no record */
    begin_segment(&segment, 2, 4, empty_end, 0);
    add_record(&segment, WAL_RECORD_TRANSACTION, 10, 1, 1);
    add_record(&segment, WAL_RECORD_CLOSE, 10, 0, 0);
    uint64_t second_end = end_segment(&segment, volume);
    begin_segment(&segment, 3, 5, 0, 0);
    add_record(&segment, WAL_RECORD_TRANSACTION, 11, 1, 1);
    end_segment(&segment, volume);
    const struct wal_run runs[] = {
        {.epoch = 1, .first_segment = 1, .has_end = true, .end_segment = 2, .end_offset = end, .end_sequence = 9},
        {.epoch = 2,
         .first_segment = 3,
         .has_end = true,
         .end_segment = 4,
         .end_offset = second_end,
         .end_sequence = 10},
        {.epoch = 3, .first_segment = 5}};
    for (size_t run_count = 1; run_count <= 3; run_count++) {
        count = 0;
        assert_true(wal_recover(volume, runs, run_count, false, ignore, &count, &found, &error));
        assert_int_equal(count, run_count + 2);
        assert_int_equal(found.clean_close, run_count < 3);
        assert_int_equal(found.next_segment, run_count == 1 ? 3 : run_count == 2 ? 5 : 6);
        assert_int_equal(found.last_sequence, 8 + run_count);
        assert_int_equal(found.segment_count, run_count == 1 ? 2 : run_count == 2 ? 4 : 5);
        if (run_count > 1) {
            assert_int_equal(found.segments[2].first_sequence, 0);
            assert_int_equal(found.segments[2].last_sequence, 0);
        }
        wal_recovery_clear(&found);
    }
    volume_close(volume);
}

/* A segment without records ends with the sequence that the one before it ended with. */
static void an_empty_segment_ends_with_the_last_sequence(void **state)
{
    (void)state;
    struct volume *volume = make_volume();
    struct segment segment;
    const struct wal_run run = {.epoch = 1, .first_segment = 1};
    struct wal_recovery found;
    struct ssql_error error;
    int count = 0;

    uint64_t end = make_two_segments(volume, 6);
    begin_segment(&segment, 1, 3, end, 9);
    end_segment(&segment, volume);
    assert_true(wal_recover(volume, &run, 1, false, ignore, &count, &found, &error));
    assert_int_equal(found.segment_count, 3);
    assert_int_equal(found.segments[2].first_sequence, 0);
    assert_int_equal(found.segments[2].last_sequence, 9);
    assert_int_equal(found.last_sequence, 9);
    wal_recovery_clear(&found);
    volume_close(volume);
}

static void is_damaged(struct volume *volume, const char *what)
{
    const struct wal_run run = {.epoch = 1, .first_segment = 1};
    struct wal_recovery found;
    struct ssql_error error = {0};
    int count = 0;

    assert_false(wal_recover(volume, &run, 1, false, ignore, &count, &found, &error));
    assert_int_equal(error.code, SSQL_CORRUPT);
    if (strstr(error.message, what) == NULL)
        fail_msg("\"%s\" does not say \"%s\"", error.message, what);
    wal_recovery_clear(&found);
    volume_close(volume);
}

/* The zeros behind a long record are read with the next one. */
static void each_read_may_fail(void **state)
{
    (void)state;
    const struct wal_run run = {.epoch = 1, .first_segment = 1};
    struct volume *volume = make_volume(), *faulty;
    struct segment segment;
    bool is_hit = true;
    uint64_t n;

    begin_segment(&segment, 1, 1, 0, 0);
    add_record(&segment, WAL_RECORD_TRANSACTION, 3, 1, LONG_PAYLOAD);
    add_record(&segment, WAL_RECORD_TRANSACTION, 4, 1, LONG_PAYLOAD);
    add_record(&segment, WAL_RECORD_TRANSACTION, 5, 1, 5);
    end_segment(&segment, volume);
    assert_true(volume_faulty_create(volume, &faulty, NULL));
    for (n = 1; is_hit; n++) {
        struct wal_recovery found;
        struct ssql_error error = {0};
        int count = 0;
        volume_faulty_set(faulty, &(struct fault_plan){.fail_at = n, .status = VOLUME_UNAVAILABLE});
        bool is_read = wal_recover(faulty, &run, 1, false, ignore, &count, &found, &error);
        is_hit = volume_faulty_count(faulty) >= n;
        assert_int_equal(is_read, !is_hit);
        assert_int_equal(error.code, is_hit ? SSQL_IO : SSQL_OK);
        assert_true(is_hit ? count <= 3 : count == 3);
        wal_recovery_clear(&found);
    }
    assert_true(n > 8);
    volume_close(faulty);
}

static void sequences_only_grow(void **state)
{
    (void)state;
    struct volume *volume = make_volume();
    struct segment segment;

    begin_segment(&segment, 1, 1, 0, 0);
    add_record(&segment, WAL_RECORD_TRANSACTION, 3, 1, 5);
    add_record(&segment, WAL_RECORD_TRANSACTION, 3, 1, 5);
    end_segment(&segment, volume);
    is_damaged(volume, "its sequence number is not greater than the last one");
}

static void a_segment_continues_the_one_before_it(void **state)
{
    (void)state;
    struct volume *volume = make_volume();

    make_two_segments(volume, 5);
    is_damaged(volume, "wal/1-2\" is damaged at offset 0: it does not continue the segment before it");
}

/* A missing segment is told by one that follows, if it is not too far. */
static void four_segments_are_looked_for_behind_the_end(void **state)
{
    (void)state;
    for (uint64_t distance = 1; distance <= 5; distance++) {
        struct volume *volume = make_volume();
        struct segment segment;
        make_two_segments(volume, 6);
        begin_segment(&segment, 1, 3 + distance, 0, 0);
        end_segment(&segment, volume);
        if (distance <= 4) {
            is_damaged(volume, "the segment is missing, but a later one is there");
            continue;
        }
        const struct wal_run run = {.epoch = 1, .first_segment = 1};
        struct wal_recovery found;
        struct ssql_error error;
        int count = 0;
        assert_true(wal_recover(volume, &run, 1, false, ignore, &count, &found, &error));
        wal_recovery_clear(&found);
        volume_close(volume);
    }
}

static void a_stain_is_told_with_its_place(void **state)
{
    (void)state;
    struct volume *volume = make_volume();
    const struct wal_run run = {.epoch = 1, .first_segment = 1};
    struct wal_recovery found;
    struct ssql_error error;
    int count = 0;

    make_two_segments(volume, 6);
    uint64_t offset = WAL_SEGMENT_HEADER_SIZE + WAL_RECORD_HEADER_SIZE + 5;
    assert_true(volume_memory_damage(volume, "wal/1-1", offset + 2, 0x10));
    assert_true(wal_recover(volume, &run, 1, false, ignore, &count, &found, &error));
    assert_int_equal(count, 3);
    assert_int_equal(found.stain_epoch, 1);
    assert_int_equal(found.stain_segment, 1);
    assert_int_equal(found.stain_offset, offset);
    wal_recovery_clear(&found);
    volume_close(volume);
}

static void a_newer_format_is_refused_with_advice(void **state)
{
    (void)state;
    struct volume *volume = make_volume();
    const struct wal_run run = {.epoch = 1, .first_segment = 1};
    struct wal_recovery found;
    struct ssql_error error = {0};
    int count = 0;

    make_two_segments(volume, 6);
    assert_true(volume_memory_damage(volume, "wal/1-1", 8, WAL_FORMAT ^ (WAL_FORMAT + 1)));
    assert_false(wal_recover(volume, &run, 1, false, ignore, &count, &found, &error));
    assert_int_equal(error.code, SSQL_CANNOT_OPEN);
    assert_non_null(strstr(error.message, "wal/1-1\" has a format that this version of ssql does not know"));
    assert_string_equal(error.hint, "use a newer version of ssql");
    wal_recovery_clear(&found);
    volume_close(volume);
}

/* The known end lies before, or behind, what is there. */
static void a_known_end_is_met_exactly(void **state)
{
    (void)state;
    for (int more = -1; more <= 1; more++) {
        struct volume *volume = make_volume();
        struct wal_recovery found;
        struct ssql_error error;
        int count = 0;
        uint64_t end = make_two_segments(volume, 6);
        const struct wal_run run = {.epoch = 1,
                                    .first_segment = 1,
                                    .has_end = true,
                                    .end_segment = 2,
                                    .end_offset = end + (uint64_t)(8 * more),
                                    .end_sequence = 9};
        assert_int_equal(wal_recover(volume, &run, 1, false, ignore, &count, &found, &error), more == 0);
        if (more != 0) {
            char place[64];
            snprintf(place, sizeof place,
                     "wal/1-2\" is damaged at offset %llu: ", (unsigned long long)(more < 0 ? end - 8 : end));
            assert_non_null(strstr(error.message, place));
        }
        wal_recovery_clear(&found);
        volume_close(volume);
    }
}

/* Adds a record's header and a few bytes of what it says to be its payload. */
static void add_torn_record(struct segment *segment, uint64_t sequence)
{
    const struct wal_place place = {segment->epoch, segment->number, segment->bytes.size};
    const struct wal_record_header header = {
        .kind = WAL_RECORD_TRANSACTION, .payload_size = 400, .sequence_count = 1, .first_sequence = sequence};
    uint8_t bytes[WAL_RECORD_HEADER_SIZE];

    wal_encode_record_header(&header, place, bytes);
    buffer_append(&segment->bytes, bytes, sizeof bytes);
    buffer_append(&segment->bytes, "torn", 4);
}

static void only_the_last_run_says_how_the_log_ended(void **state)
{
    (void)state;
    struct volume *volume = make_volume();
    struct segment segment;
    struct wal_recovery found;
    struct ssql_error error;
    int count = 0;

    begin_segment(&segment, 1, 1, 0, 0);
    add_record(&segment, WAL_RECORD_TRANSACTION, 3, 1, 5);
    add_torn_record(&segment, 4);
    end_segment(&segment, volume);
    begin_segment(&segment, 2, 2, 0, 0);
    add_record(&segment, WAL_RECORD_TRANSACTION, 5, 1, 5);
    uint64_t end = end_segment(&segment, volume);
    const struct wal_run runs[] = {
        {.epoch = 1, .first_segment = 1},
        {.epoch = 2, .first_segment = 2, .has_end = true, .end_segment = 2, .end_offset = end, .end_sequence = 5}};
    for (size_t run_count = 1; run_count <= 2; run_count++) {
        assert_true(wal_recover(volume, runs, run_count, false, ignore, &count, &found, &error));
        assert_int_equal(found.record_count, run_count);
        assert_int_equal(found.torn_tail, run_count == 1);
        assert_int_equal(found.clean_close, run_count == 2);
        assert_int_equal(found.next_segment, run_count + 1);
        wal_recovery_clear(&found);
    }
    volume_close(volume);
}

/* Two segments, the second with a torn record, and a third without a header. */
static struct volume *make_torn_log(void)
{
    struct volume *volume = make_volume(), *faulty;
    struct segment segment;
    struct ssql_error error;

    begin_segment(&segment, 1, 1, 0, 0);
    add_record(&segment, WAL_RECORD_TRANSACTION, 3, 1, 5);
    uint64_t end = end_segment(&segment, volume);
    begin_segment(&segment, 1, 2, end, 3);
    add_record(&segment, WAL_RECORD_TRANSACTION, 4, 1, 5);
    add_torn_record(&segment, 5);
    end_segment(&segment, volume);
    segment = (struct segment){.epoch = 1, .number = 3};
    for (int i = 0; i < 200; i++)
        buffer_append_byte(&segment.bytes, 0);
    end_segment(&segment, volume);
    assert_true(volume_faulty_create(volume, &faulty, &error));
    return faulty;
}

static void every_operation_that_fails_is_told(void **state)
{
    (void)state;
    const struct wal_run run = {.epoch = 1, .first_segment = 1};

    for (int seal = 0; seal < 2; seal++) {
        bool is_over = false;
        for (uint64_t at = 1; !is_over; at++) {
            struct volume *volume = make_torn_log();
            struct wal_recovery found;
            struct ssql_error error = {0};
            int count = 0;
            volume_faulty_set(volume, &(struct fault_plan){.fail_at = at, .status = VOLUME_UNAVAILABLE});
            bool is_read = wal_recover(volume, &run, 1, seal == 1, ignore, &count, &found, &error);
            is_over = volume_faulty_count(volume) < at;
            assert_int_equal(is_read, is_over);
            if (!is_read)
                assert_true(error.code != SSQL_OK && error.code != SSQL_CORRUPT);
            else
                assert_true(at > 8 && count == 2 && found.torn_tail);
            wal_recovery_clear(&found);
            volume_close(volume);
        }
    }
}

struct removal {
    struct volume *inner;
    int operations, at;
};

static void remove_second_segment(void *context)
{
    struct removal *removal = context;
    char name[WAL_NAME_SIZE];
    struct ssql_error error;

    if (++removal->operations != removal->at)
        return;
    wal_segment_name(1, 2, name);
    assert_int_equal(log_delete(removal->inner, name, &error), VOLUME_OK);
}

/* Before each operation in turn. Without its second segment the log ends with the first, or it is damaged. */
static void a_segment_that_disappears_is_told(void **state)
{
    (void)state;
    const struct wal_run run = {.epoch = 1, .first_segment = 1};
    bool has_disappeared = false, is_over = false;

    for (int at = 1; !is_over; at++) {
        struct volume *volume = make_torn_log();
        struct removal removal = {.inner = volume_faulty_inner(volume), .at = at};
        struct wal_recovery found;
        struct ssql_error error = {0};
        int count = 0;
        volume_faulty_set(volume, &(struct fault_plan){.before = remove_second_segment, .context = &removal});
        bool is_read = wal_recover(volume, &run, 1, false, ignore, &count, &found, &error);
        is_over = removal.operations < at;
        assert_int_equal(is_read, error.code == SSQL_OK);
        if (!is_read) {
            assert_int_equal(error.code, SSQL_CORRUPT);
            has_disappeared |= strstr(error.message, "has disappeared") != NULL;
        }
        wal_recovery_clear(&found);
        volume_close(volume);
    }
    assert_true(has_disappeared);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(segments_and_records_are_counted),
        cmocka_unit_test(runs_are_read_one_after_the_other),
        cmocka_unit_test(an_empty_segment_ends_with_the_last_sequence),
        cmocka_unit_test(only_the_last_run_says_how_the_log_ended),
        cmocka_unit_test(every_operation_that_fails_is_told),
        cmocka_unit_test(a_segment_that_disappears_is_told),
        cmocka_unit_test(each_read_may_fail),
        cmocka_unit_test(sequences_only_grow),
        cmocka_unit_test(a_segment_continues_the_one_before_it),
        cmocka_unit_test(four_segments_are_looked_for_behind_the_end),
        cmocka_unit_test(a_stain_is_told_with_its_place),
        cmocka_unit_test(a_newer_format_is_refused_with_advice),
        cmocka_unit_test(a_known_end_is_met_exactly),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
