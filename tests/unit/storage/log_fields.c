/* Every field of the log's headers is changed behind right checksums, every read of it fails, and segments vanish while
 * they are read: what comes back is a prefix of what was written, or an error that names the segment. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "base/bytes.h"
#include "storage/wal.h"
#include "storage/wal_format.h"
#include "volume/volume_faulty.h"
#include "volume/volume_memory.h"

enum { SEGMENTS_MOST = 4, SEGMENT_SIZE = 4096, RECORDS = 24, PAYLOAD_SIZE = 301, EPOCH = 5 };

/* ---- a log, as bytes ---- */

static struct {
    uint64_t number;
    uint8_t *bytes; /* up to the end of the last record */
    uint64_t size;
} segments[SEGMENTS_MOST];
static size_t segment_count;

static void payload_of(uint64_t sequence, uint8_t bytes[PAYLOAD_SIZE])
{
    memset(bytes, (int)(sequence * 7 % 251), PAYLOAD_SIZE);
}

static void read_segments(struct volume *volume, struct wal *wal)
{
    struct wal_segment list[SEGMENTS_MOST];

    segment_count = wal_segments(wal, list, SEGMENTS_MOST);
    assert_in_range(segment_count, 2, SEGMENTS_MOST);
    for (size_t i = 0; i < segment_count; i++) {
        char name[WAL_NAME_SIZE];
        struct log_reader *reader;
        size_t got;
        segments[i].number = list[i].number;
        segments[i].size = list[i].size;
        segments[i].bytes = malloc(list[i].size);
        assert_non_null(segments[i].bytes);
        wal_segment_name(EPOCH, list[i].number, name);
        assert_int_equal(log_open_reader(volume, name, &reader, NULL), VOLUME_OK);
        assert_int_equal(log_read(reader, 0, segments[i].bytes, list[i].size, &got, NULL), VOLUME_OK);
        assert_int_equal(got, list[i].size);
        log_close_reader(reader);
    }
}

/* Records of one sequence each, synced now and then, without a clean close. */
static int make_log(void **state)
{
    const struct wal_options options = {.epoch = EPOCH, .segment_size = SEGMENT_SIZE};
    struct volume *volume;
    struct wal *wal;

    (void)state;
    assert_true(volume_memory_create(&volume, NULL));
    assert_true(wal_open(volume, &options, NULL, &wal, NULL));
    assert_true(wal_begin(wal, NULL));
    for (uint64_t sequence = 1; sequence <= RECORDS; sequence++) {
        uint8_t bytes[PAYLOAD_SIZE];
        const struct slice parts[] = {slice_make(bytes, 100), slice_make(bytes + 100, PAYLOAD_SIZE - 100)};
        uint64_t position;
        payload_of(sequence, bytes);
        assert_true(wal_append(wal, parts, 2, sequence, 1, &position, NULL));
        if (sequence % 3 == 0)
            assert_true(wal_sync_to(wal, position, NULL));
    }
    assert_true(wal_flush(wal, NULL));
    read_segments(volume, wal);
    wal_destroy(wal);
    volume_close(volume);
    return 0;
}

static int drop_log(void **state)
{
    (void)state;
    for (size_t i = 0; i < segment_count; i++)
        free(segments[i].bytes);
    return 0;
}

static void put_log(struct volume *volume, uint64_t epoch, uint64_t number, struct slice bytes)
{
    char name[WAL_NAME_SIZE];
    struct volume_log *log;

    wal_segment_name(epoch, number, name);
    assert_int_equal(log_create(volume, name, 0, NULL, &log, NULL), VOLUME_OK);
    assert_int_equal(log_append(log, bytes, NULL), VOLUME_OK);
    assert_int_equal(log_sync(log, NULL), VOLUME_OK);
    log_close(log);
}

static struct volume *volume_of(size_t changed, const uint8_t *bytes)
{
    struct volume *volume;

    assert_true(volume_memory_create(&volume, NULL));
    for (size_t i = 0; i < segment_count; i++)
        put_log(volume, EPOCH, segments[i].number,
                slice_make(i == changed ? bytes : segments[i].bytes, segments[i].size));
    return volume;
}

/* ---- reading it ---- */

static uint64_t read_count;
static bool seals; /* what was read */

static bool take_record(void *context, const struct wal_record *record, struct ssql_error *error)
{
    uint8_t expected[PAYLOAD_SIZE];

    (void)context;
    (void)error;
    payload_of(++read_count, expected);
    assert_int_equal(record->payload.size, PAYLOAD_SIZE);
    assert_memory_equal(record->payload.data, expected, PAYLOAD_SIZE);
    return true;
}

static struct wal_run open_run(void)
{
    return (struct wal_run){.epoch = EPOCH, .first_segment = segments[0].number};
}

static bool recover(struct volume *volume, const struct wal_run *run, struct ssql_error *error)
{
    struct wal_recovery found;

    read_count = 0;
    bool is_read = wal_recover(volume, run, 1, seals, take_record, NULL, &found, error);
    if (is_read)
        assert_int_equal(found.record_count, read_count);
    wal_recovery_clear(&found);
    return is_read;
}

/* A prefix, or damage. Closes the volume. */
static bool try_log(struct volume *volume)
{
    const struct wal_run run = open_run();
    struct ssql_error error = {0};
    bool is_read = recover(volume, &run, &error);

    if (!is_read) {
        assert_true(error.code == SSQL_CORRUPT || error.code == SSQL_CANNOT_OPEN);
        assert_non_null(strstr(error.message, "wal/5-"));
    }
    volume_close(volume);
    return is_read;
}

/* ---- fields ---- */

static uint64_t place_seed(uint64_t number, uint64_t offset)
{
    uint8_t bytes[24];

    store_u64le(bytes, EPOCH);
    store_u64le(bytes + 8, number);
    store_u64le(bytes + 16, offset);
    return XXH3_64bits(bytes, sizeof bytes);
}

static void mend_segment_header(uint8_t *bytes, uint64_t number)
{
    store_u64le(bytes + 56, XXH3_64bits_withSeed(bytes, 56, place_seed(number, 0)));
}

static void mend_record_header(uint8_t *bytes, uint64_t number, uint64_t offset)
{
    store_u32le(bytes + offset, (uint32_t)XXH3_64bits_withSeed(bytes + offset + 4, WAL_RECORD_HEADER_SIZE - 4,
                                                               place_seed(number, offset)));
}

/* Each byte of [begin, begin + size) of a segment in turn, by several changes; the header that begins there is mended.
 * Returns how many were no damage. */
static unsigned change_bytes(size_t segment, uint64_t begin, uint64_t size)
{
    uint8_t *bytes = malloc(segments[segment].size);
    unsigned accepted = 0;

    assert_non_null(bytes);
    for (uint64_t i = begin; i < begin + size; i++) {
        const uint8_t before = segments[segment].bytes[i];
        const uint8_t others[] = {0, (uint8_t)(before + 1), (uint8_t)(before - 1), before ^ 0x80, 255, 2};
        for (size_t j = 0; j < sizeof others; j++) {
            memcpy(bytes, segments[segment].bytes, segments[segment].size);
            bytes[i] = others[j];
            if (begin == 0)
                mend_segment_header(bytes, segments[segment].number);
            else
                mend_record_header(bytes, segments[segment].number, begin);
            accepted += try_log(volume_of(segment, bytes));
        }
    }
    free(bytes);
    return accepted;
}

static void fields_of_a_segments_header_are_not_trusted(void **state)
{
    (void)state;
    for (size_t i = 0; i < segment_count; i++)
        assert_true(change_bytes(i, 0, 56) < 56 * 6);
}

static void fields_of_a_records_header_are_not_trusted(void **state)
{
    uint64_t record = wal_record_size(PAYLOAD_SIZE);

    (void)state;
    for (size_t i = 0; i < segment_count; i++) {
        change_bytes(i, WAL_SEGMENT_HEADER_SIZE, WAL_RECORD_HEADER_SIZE);
        change_bytes(i, WAL_SEGMENT_HEADER_SIZE + record, WAL_RECORD_HEADER_SIZE);
    }
    change_bytes(segment_count - 1, segments[segment_count - 1].size - record, WAL_RECORD_HEADER_SIZE);
}

/* A close record says that nothing follows: with a payload, or with sequences, it is none. */
static void a_close_record_holds_nothing(void **state)
{
    const struct wal_place place = {EPOCH, 1, WAL_SEGMENT_HEADER_SIZE};
    struct wal_record_header header = {.kind = WAL_RECORD_CLOSE}, read;
    uint8_t bytes[WAL_RECORD_HEADER_SIZE];

    (void)state;
    wal_encode_record_header(&header, place, bytes);
    assert_true(wal_decode_record_header(bytes, place, &read));
    header.sequence_count = 1;
    wal_encode_record_header(&header, place, bytes);
    assert_false(wal_decode_record_header(bytes, place, &read));
    header.sequence_count = 0;
    header.payload_size = 8;
    wal_encode_record_header(&header, place, bytes);
    assert_false(wal_decode_record_header(bytes, place, &read));
}

/* Sequences of a record begin above 0 and do not pass the last that there is. */
static void sequences_of_a_record_have_their_limits(void **state)
{
    const struct wal_place place = {EPOCH, 1, WAL_SEGMENT_HEADER_SIZE};
    const struct {
        uint64_t first;
        uint32_t count;
        bool is_good;
    } cases[] = {{1, 1, true}, {0, 1, false}, {1, 0, false}, {UINT64_MAX - 3, 3, true}, {UINT64_MAX - 2, 3, false}};
    uint8_t bytes[WAL_RECORD_HEADER_SIZE];

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct wal_record_header header = {.kind = WAL_RECORD_TRANSACTION,
                                           .first_sequence = cases[i].first,
                                           .sequence_count = cases[i].count},
                                 read;
        wal_encode_record_header(&header, place, bytes);
        assert_int_equal(wal_decode_record_header(bytes, place, &read), cases[i].is_good);
    }
    struct wal_record_header header = {.kind = WAL_RECORD_TRANSACTION,
                                       .first_sequence = 1,
                                       .sequence_count = 1,
                                       .payload_size = WAL_RECORD_LARGEST + 1},
                             read;
    wal_encode_record_header(&header, place, bytes);
    assert_false(wal_decode_record_header(bytes, place, &read));
}

/* ---- runs ---- */

/* A known end is kept to: less is damage, and so is a record that passes it. */
static void a_run_ends_where_the_manifest_says(void **state)
{
    struct wal_run run = open_run();
    struct ssql_error error = {0};
    struct volume *volume = volume_of(SIZE_MAX, NULL);

    (void)state;
    run.has_end = true;
    run.end_segment = segments[0].number;
    for (uint64_t end = WAL_SEGMENT_HEADER_SIZE; end <= segments[0].size; end += WAL_ALIGNMENT) {
        run.end_offset = end;
        bool is_record = (end - WAL_SEGMENT_HEADER_SIZE) % wal_record_size(PAYLOAD_SIZE) == 0;
        assert_int_equal(recover(volume, &run, &error), is_record);
    }
    run.end_segment = segments[segment_count - 1].number + 1;
    assert_false(recover(volume, &run, &error));
    assert_non_null(strstr(error.message, "the segment is missing"));
    volume_close(volume);
}

/* An earlier run with higher numbers: the next segment's number is above all. */
static void the_next_segment_is_above_those_of_every_run(void **state)
{
    struct volume *volume = volume_of(SIZE_MAX, NULL);
    const struct wal_run runs[] = {
        {.epoch = 2, .first_segment = 77, .has_end = true, .end_segment = 77, .end_offset = WAL_SEGMENT_HEADER_SIZE},
        open_run()};
    const struct wal_segment_header header = {.epoch = 2, .number = 77};
    uint8_t bytes[WAL_SEGMENT_HEADER_SIZE];
    struct wal_recovery found;

    (void)state;
    wal_encode_segment_header(&header, bytes);
    put_log(volume, 2, 77, slice_make(bytes, sizeof bytes));
    read_count = 0;
    assert_true(wal_recover(volume, runs, 2, false, take_record, NULL, &found, NULL));
    assert_int_equal(read_count, RECORDS);
    assert_int_equal(found.next_segment, 78);
    wal_recovery_clear(&found);
    volume_close(volume);
}

/* Between records there may be something that is not zero: the first such place is told, however many there are. */
static void the_first_stain_between_records_is_told(void **state)
{
    const struct wal_run run = open_run();
    uint64_t record = wal_record_size(PAYLOAD_SIZE),
             end = WAL_SEGMENT_HEADER_SIZE + WAL_RECORD_HEADER_SIZE + PAYLOAD_SIZE;
    uint8_t *bytes = malloc(segments[0].size);
    struct wal_recovery found;

    (void)state;
    assert_non_null(bytes);
    memcpy(bytes, segments[0].bytes, segments[0].size);
    bytes[end + record] = 1;
    bytes[end + 2 * record + 1] = 1;
    struct volume *volume = volume_of(0, bytes);
    read_count = 0;
    assert_true(wal_recover(volume, &run, 1, false, take_record, NULL, &found, NULL));
    assert_int_equal(read_count, RECORDS);
    assert_int_equal(found.stain_segment, segments[0].number);
    assert_int_equal(found.stain_offset, end + record);
    wal_recovery_clear(&found);
    volume_close(volume);
    free(bytes);
}

/* ---- while it is read ---- */

static struct volume *inner;
static uint64_t calls_left;

static void cut_last_segment(void *context)
{
    char name[WAL_NAME_SIZE];

    (void)context;
    if (calls_left-- != 1)
        return;
    wal_segment_name(EPOCH, segments[segment_count - 1].number, name);
    assert_true(volume_memory_truncate(inner, name, segments[segment_count - 1].size - 100));
}

static void delete_last_segment(void *context)
{
    char name[WAL_NAME_SIZE];

    (void)context;
    if (calls_left-- != 1)
        return;
    wal_segment_name(EPOCH, segments[segment_count - 1].number, name);
    assert_int_equal(log_delete(inner, name, NULL), VOLUME_OK);
}

static void change_while_reading(void (*change)(void *context))
{
    for (uint64_t n = 1;; n++) {
        struct volume *volume;
        inner = volume_of(SIZE_MAX, NULL);
        assert_true(volume_faulty_create(inner, &volume, NULL));
        volume_faulty_set(volume, &(struct fault_plan){.before = change});
        calls_left = n;
        (void)try_log(volume);
        if (calls_left < UINT64_MAX / 2)
            break; /* it was read before the change was due */
    }
}

static void a_segment_that_is_cut_or_goes_while_it_is_read_is_noticed(void **state)
{
    (void)state;
    change_while_reading(cut_last_segment);
    change_while_reading(delete_last_segment);
}

static void every_read_fails_in_turn(void **state)
{
    const struct wal_run run = open_run();
    struct volume *volume;
    uint64_t n;

    (void)state;
    assert_true(volume_faulty_create(volume_of(SIZE_MAX, NULL), &volume, NULL));
    seals = true;
    for (n = 1;; n++) {
        struct ssql_error error = {0};
        volume_faulty_set(volume, &(struct fault_plan){.fail_at = n, .status = VOLUME_UNAVAILABLE});
        if (recover(volume, &run, &error))
            break;
        assert_int_equal(error.code, SSQL_IO);
        volume_faulty_set(volume, &(struct fault_plan){.fail_at = n, .status = VOLUME_UNAVAILABLE});
        assert_false(recover(volume, &run, NULL));
    }
    seals = false;
    assert_true(n > 6);
    volume_close(volume);
}

/* ---- records larger than what is read at once, segments without any ---- */

enum { LARGE_PAYLOAD = 700001 };

static bool take_large(void *context, const struct wal_record *record, struct ssql_error *error)
{
    (void)context;
    (void)error;
    assert_int_equal(record->payload.size, LARGE_PAYLOAD);
    assert_int_equal(record->payload.data[LARGE_PAYLOAD - 1], ++read_count);
    return true;
}

/* Five of them in a segment of their own, or each in one. */
static struct volume *volume_of_large_records(uint64_t segment_size)
{
    const struct wal_options options = {.epoch = EPOCH, .segment_size = segment_size};
    uint8_t *bytes = calloc(1, LARGE_PAYLOAD);
    const struct slice payload = slice_make(bytes, LARGE_PAYLOAD);
    struct volume *volume;
    struct wal *wal;
    uint64_t position;

    assert_non_null(bytes);
    assert_true(volume_memory_create(&volume, NULL));
    assert_true(wal_open(volume, &options, NULL, &wal, NULL));
    assert_true(wal_begin(wal, NULL));
    for (uint64_t sequence = 1; sequence <= 5; sequence++) {
        bytes[LARGE_PAYLOAD - 1] = (uint8_t)sequence;
        assert_true(wal_append(wal, &payload, 1, sequence, 1, &position, NULL));
    }
    assert_true(wal_flush(wal, NULL));
    wal_destroy(wal);
    free(bytes);
    return volume;
}

static bool recover_large(struct volume *volume, struct ssql_error *error)
{
    const struct wal_run run = {.epoch = EPOCH, .first_segment = 1};
    struct wal_recovery found;

    read_count = 0;
    bool is_read = wal_recover(volume, &run, 1, false, take_large, NULL, &found, error);
    wal_recovery_clear(&found);
    return is_read;
}

static void cut_large_segment(void *context)
{
    (void)context;
    if (calls_left-- == 1)
        assert_true(volume_memory_truncate(inner, "wal/5-1", 2 * LARGE_PAYLOAD));
}

static void large_records_are_read_as_small_ones(void **state)
{
    struct volume *volume = volume_of_large_records(64 << 20);
    struct ssql_error error = {0};
    uint64_t n;

    (void)state;
    assert_true(volume_faulty_create(volume, &volume, NULL));
    for (n = 1;; n++) {
        volume_faulty_set(volume, &(struct fault_plan){.fail_at = n, .status = VOLUME_UNAVAILABLE});
        if (recover_large(volume, &error))
            break;
        assert_int_equal(error.code, SSQL_IO);
    }
    assert_int_equal(read_count, 5);
    assert_true(n > 8);
    volume_close(volume);
    for (n = 1;; n++) {
        inner = volume_of_large_records(64 << 20);
        assert_true(volume_faulty_create(inner, &volume, NULL));
        volume_faulty_set(volume, &(struct fault_plan){.before = cut_large_segment});
        calls_left = n;
        bool is_read = recover_large(volume, &error);
        assert_true(is_read || error.code == SSQL_CORRUPT);
        bool has_come = calls_left > UINT64_MAX / 2;
        volume_close(volume);
        if (!has_come)
            break;
    }
}

/* The first segment has none, since the first record is too large for it. */
static void segments_without_a_record_are_passed(void **state)
{
    struct volume *volume = volume_of_large_records(SEGMENT_SIZE);

    (void)state;
    assert_true(recover_large(volume, NULL));
    assert_int_equal(read_count, 5);
    volume_close(volume);
}

/* Behind a clean close nothing of the run counts, whole as it may be. */
static void what_stands_behind_a_clean_close_does_not_count(void **state)
{
    const struct wal_options options = {.epoch = EPOCH, .segment_size = SEGMENT_SIZE};
    const struct wal_run run = {.epoch = EPOCH, .first_segment = 1};
    const struct wal_segment_header header = {.epoch = EPOCH, .number = 2, .previous_end = 9999};
    uint8_t bytes[WAL_SEGMENT_HEADER_SIZE];
    struct volume *volume;
    struct wal *wal;
    struct wal_recovery found;

    (void)state;
    assert_true(volume_memory_create(&volume, NULL));
    assert_true(wal_open(volume, &options, NULL, &wal, NULL));
    assert_true(wal_begin(wal, NULL));
    assert_true(wal_finish(wal, NULL));
    wal_destroy(wal);
    wal_encode_segment_header(&header, bytes);
    put_log(volume, EPOCH, 2, slice_make(bytes, sizeof bytes));
    read_count = 0;
    assert_true(wal_recover(volume, &run, 1, false, take_record, NULL, &found, NULL));
    assert_true(found.clean_close);
    assert_int_equal(found.next_segment, 3);
    wal_recovery_clear(&found);
    volume_close(volume);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fields_of_a_segments_header_are_not_trusted),
        cmocka_unit_test(fields_of_a_records_header_are_not_trusted),
        cmocka_unit_test(a_close_record_holds_nothing),
        cmocka_unit_test(sequences_of_a_record_have_their_limits),
        cmocka_unit_test(a_run_ends_where_the_manifest_says),
        cmocka_unit_test(the_next_segment_is_above_those_of_every_run),
        cmocka_unit_test(the_first_stain_between_records_is_told),
        cmocka_unit_test(a_segment_that_is_cut_or_goes_while_it_is_read_is_noticed),
        cmocka_unit_test(every_read_fails_in_turn),
        cmocka_unit_test(large_records_are_read_as_small_ones),
        cmocka_unit_test(segments_without_a_record_are_passed),
        cmocka_unit_test(what_stands_behind_a_clean_close_does_not_count),
    };

    return cmocka_run_group_tests(tests, make_log, drop_log);
}
