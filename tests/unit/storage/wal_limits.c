/* The log at its limits: segments and buffers that are just full, numbers that are just too large, failures in every
 * step. Looks at the writer's state where nothing else shows it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "storage/wal_format.h"
#include "storage/wal_internal.h"
#include "volume/volume_faulty.h"
#include "volume/volume_memory.h"

enum { SMALL_SEGMENT = 4096 };

struct log {
    struct volume *volume; /* faulty */
    struct wal *wal;
    uint64_t sequence;
    struct ssql_error error;
};

static void open_log(struct log *log, uint64_t segment_size, const struct wal_recovery *found)
{
    struct wal_options options = {.epoch = 2, .segment_size = segment_size};
    struct volume *memory;

    *log = (struct log){0};
    assert_true(volume_memory_create(&memory, &log->error));
    assert_true(volume_faulty_create(memory, &log->volume, &log->error));
    assert_true(wal_open(log->volume, &options, found, &log->wal, &log->error));
}

static void begin_log(struct log *log, uint64_t segment_size)
{
    open_log(log, segment_size, NULL);
    assert_true(wal_begin(log->wal, &log->error));
}

static void close_log(struct log *log)
{
    wal_destroy(log->wal);
    volume_close(log->volume);
}

static bool try_append(struct log *log, size_t size)
{
    uint8_t *bytes = calloc(1, size + 1);
    struct slice part = slice_make(bytes, size);
    uint64_t position;

    assert_non_null(bytes);
    log->error = (struct ssql_error){0};
    bool is_done = wal_append(log->wal, &part, 1, ++log->sequence, 1, &position, &log->error);
    free(bytes);
    assert_false(is_done && wal_failed(log->wal, NULL));
    return is_done;
}

static void append(struct log *log, size_t size)
{
    assert_true(try_append(log, size));
}

static void sync_log(struct log *log)
{
    assert_true(wal_sync_to(log->wal, wal_appended_position(log->wal), &log->error));
}

static size_t segment_count(struct log *log)
{
    return wal_segments(log->wal, NULL, 0);
}

static bool note_name(void *context, const char *name, uint64_t size)
{
    (void)size;
    (void)name;
    ++*(int *)context;
    return true;
}

static int file_count(struct log *log)
{
    int count = 0;

    assert_int_equal(volume_list(log->volume, note_name, &count, &log->error), VOLUME_OK);
    return count;
}

/* ---- sizes ---- */

static void a_segment_is_filled_to_its_last_byte(void **state)
{
    (void)state;
    /* Header, one record, and the room that a close record needs. */
    size_t room = SMALL_SEGMENT - WAL_SEGMENT_HEADER_SIZE - 2 * WAL_RECORD_HEADER_SIZE;

    for (size_t more = 0; more <= 1; more++) {
        struct log log;
        begin_log(&log, SMALL_SEGMENT);
        append(&log, room + more);
        assert_int_equal(segment_count(&log), 1 + more);
        assert_true(wal_finish(log.wal, &log.error));
        close_log(&log);
    }
}

static void a_large_record_makes_its_segment_just_large_enough(void **state)
{
    (void)state;
    struct log log;

    begin_log(&log, SMALL_SEGMENT);
    assert_int_equal(log.wal->capacity, SMALL_SEGMENT);
    append(&log, 3 * SMALL_SEGMENT);
    assert_int_equal(log.wal->capacity, WAL_SEGMENT_HEADER_SIZE + 2 * WAL_RECORD_HEADER_SIZE + 3 * SMALL_SEGMENT);
    append(&log, SMALL_SEGMENT / 2);
    assert_int_equal(log.wal->capacity, SMALL_SEGMENT);
    close_log(&log);
}

static void segments_double_up_to_the_full_size(void **state)
{
    (void)state;
    struct log log;
    uint64_t size = WAL_FIRST_SEGMENT_SIZE;

    begin_log(&log, 3 * size);
    assert_int_equal(log.wal->capacity, size);
    append(&log, size);
    assert_int_equal(log.wal->capacity, 2 * size);
    append(&log, 2 * size - 1000);
    assert_int_equal(log.wal->capacity, 3 * size);
    append(&log, 2 * size);
    assert_int_equal(log.wal->capacity, 3 * size);
    close_log(&log);
}

static void the_buffer_is_written_when_it_would_overflow(void **state)
{
    (void)state;
    struct log log;
    size_t room = WAL_BUFFER_SIZE - WAL_RECORD_HEADER_SIZE;

    begin_log(&log, 0);
    uint64_t written = log.wal->written;
    append(&log, room); /* just full */
    assert_int_equal(log.wal->written, written);
    assert_int_equal(log.wal->pending_size, WAL_BUFFER_SIZE);
    append(&log, 8);
    assert_int_equal(log.wal->written, written + WAL_BUFFER_SIZE);
    assert_int_equal(log.wal->pending_size, WAL_RECORD_HEADER_SIZE + 8);
    written = log.wal->written;
    append(&log, WAL_BUFFER_SIZE); /* its header goes with what is there, then it is buffered whole */
    assert_int_equal(log.wal->written, written + 2 * WAL_RECORD_HEADER_SIZE + 8);
    assert_int_equal(log.wal->pending_size, WAL_BUFFER_SIZE);
    append(&log, WAL_BUFFER_SIZE + 8); /* larger than the buffer: it goes past it */
    assert_int_equal(log.wal->pending_size, 0);
    assert_int_equal(log.wal->written, log.wal->appended);
    close_log(&log);
}

static void many_segments_are_live_at_a_time(void **state)
{
    (void)state;
    struct log log;
    struct wal_segment segments[40];

    begin_log(&log, SMALL_SEGMENT);
    for (int i = 0; i < 40; i++)
        append(&log, 3000);
    assert_int_equal(wal_segments(log.wal, segments, 40), 40);
    for (uint64_t i = 0; i < 40; i++) {
        assert_int_equal(segments[i].epoch, 2);
        assert_int_equal(segments[i].number, i + 1);
        assert_int_equal(segments[i].first_sequence, i + 1);
        assert_int_equal(segments[i].last_sequence, i + 1);
        assert_int_equal(segments[i].size, WAL_SEGMENT_HEADER_SIZE + wal_record_size(3000));
    }
    assert_int_equal(file_count(&log), 40);
    close_log(&log);
}

/* The size is refused before anything is done; one that is allowed meets the next obstacle, a disk that is too small.
 */
static void the_largest_record_is_one_gibibyte(void **state)
{
    (void)state;
    enum { PARTS = 1024 };
    struct log log;
    static struct slice parts[PARTS + 1];
    uint8_t *bytes = calloc(1, WAL_RECORD_LARGEST / PARTS);
    uint64_t position;

    assert_non_null(bytes);
    for (int i = 0; i < PARTS; i++)
        parts[i] = slice_make(bytes, WAL_RECORD_LARGEST / PARTS);
    parts[PARTS] = slice_make(bytes, 1);
    begin_log(&log, 0);
    volume_faulty_set(log.volume, &(struct fault_plan){.fail_at = 1, .status = VOLUME_NO_SPACE});
    assert_false(wal_append(log.wal, parts, PARTS, 1, 1, &position, &log.error));
    assert_true(log.error.code != SSQL_OK && log.error.code != SSQL_TOO_LARGE);
    volume_faulty_set(log.volume, &(struct fault_plan){0});
    assert_false(wal_append(log.wal, parts, PARTS + 1, 1, 1, &position, &log.error));
    assert_int_equal(log.error.code, SSQL_TOO_LARGE);
    parts[0] =
        slice_make(bytes, WAL_RECORD_LARGEST); /* in one piece, of which no byte is read before the disk is full */
    volume_faulty_set(log.volume, &(struct fault_plan){.fail_at = 1, .status = VOLUME_NO_SPACE});
    assert_false(wal_append(log.wal, parts, 1, 1, 1, &position, &log.error));
    assert_int_not_equal(log.error.code, SSQL_TOO_LARGE);
    volume_faulty_set(log.volume, &(struct fault_plan){0});
    parts[0] = slice_make(bytes, SIZE_MAX); /* a sum that runs over */
    assert_false(wal_append(log.wal, parts, 1, 1, 1, &position, &log.error));
    assert_int_equal(log.error.code, SSQL_TOO_LARGE);
    parts[0] = slice_make(bytes, 2);
    parts[1] = slice_make(bytes, SIZE_MAX);
    assert_false(wal_append(log.wal, parts, 2, 1, 1, &position, &log.error));
    assert_int_equal(log.error.code, SSQL_TOO_LARGE);
    close_log(&log);
    free(bytes);
}

static void numbers_go_on_after_what_was_recovered(void **state)
{
    (void)state;
    static const struct {
        uint64_t next_segment, number;
    } cases[] = {{0, 1}, {1, 1}, {2, 2}, {9, 9}};

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct wal_segment old = {.epoch = 1, .number = 8, .first_sequence = 3, .last_sequence = 4, .size = 500};
        struct wal_recovery found = {.segments = &old,
                                     .segment_count = cases[i].next_segment == 9,
                                     .next_segment = cases[i].next_segment,
                                     .last_sequence = 4};
        struct log log;
        struct wal_segment segments[2];
        open_log(&log, SMALL_SEGMENT, &found);
        assert_int_equal(log.wal->last_sequence, 4);
        assert_true(wal_begin(log.wal, &log.error));
        assert_true(wal_begin(log.wal, &log.error)); /* again: nothing */
        size_t count = wal_segments(log.wal, segments, 2);
        assert_int_equal(count, 1 + found.segment_count);
        assert_int_equal(segments[count - 1].number, cases[i].number);
        assert_int_equal(segments[count - 1].epoch, 2);
        log.sequence = 4;
        append(&log, 10);
        close_log(&log);
    }
}

/* ---- failures ---- */

/* Everything that a log does, with segments that change and a record that passes the buffer by. */
static bool use_log(struct log *log)
{
    uint64_t position = 0;

    if (!wal_begin(log->wal, &log->error))
        return false;
    for (int i = 0; i < 6; i++)
        if (!try_append(log, 1500))
            return false;
    if (!wal_flush(log->wal, &log->error) || !try_append(log, WAL_BUFFER_SIZE + 1))
        return false;
    if (!try_append(log, 5) || !wal_retire_before(log->wal, 5, &log->error) || !try_append(log, 3000))
        return false;
    position = wal_appended_position(log->wal);
    return wal_commit(log->wal, position, WAL_SYNC_FULL, &log->error) && wal_finish(log->wal, &log->error);
}

/* A write or sync that failed is for ever, and everybody hears it. */
static void assert_failed_for_ever(struct log *log)
{
    struct ssql_error first = log->error, error = {0};
    uint64_t position = wal_appended_position(log->wal);
    struct slice nothing = slice_make("", 0);

    assert_int_equal(first.code, SSQL_UNKNOWN_OUTCOME);
    assert_true(wal_failed(log->wal, &error));
    assert_string_equal(error.message, first.message);
    assert_non_null(strstr(error.message, "the write-ahead log failed: "));
    assert_non_null(strstr(error.hint, "open the database again"));
    for (int call = 0; call < 6; call++) {
        error = (struct ssql_error){0};
        bool is_done = true;
        switch (call) {
        case 0: is_done = wal_append(log->wal, &nothing, 1, 1000, 1, &position, &error); break;
        case 1: is_done = wal_begin(log->wal, &error); break;
        case 2: is_done = wal_flush(log->wal, &error); break;
        case 3: is_done = wal_commit(log->wal, position, WAL_SYNC_FULL, &error); break;
        case 4: is_done = wal_commit(log->wal, position, WAL_SYNC_OFF, &error); break;
        case 5: is_done = wal_finish(log->wal, &error); break;
        }
        if (is_done && log->wal->durable >= position)
            continue;
        assert_false(is_done);
        assert_int_equal(error.code, SSQL_UNKNOWN_OUTCOME);
        assert_string_equal(error.message, first.message);
    }
}

static void every_failure_is_told_and_a_lost_write_for_ever(void **state)
{
    (void)state;
    static const enum volume_status statuses[] = {VOLUME_UNAVAILABLE, VOLUME_NO_SPACE, VOLUME_UNKNOWN};
    int for_ever = 0, for_once = 0;

    for (size_t kind = 0; kind < sizeof statuses / sizeof statuses[0]; kind++) {
        bool is_done = false;
        for (uint64_t at = 1; !is_done; at++) {
            struct log log;
            open_log(&log, SMALL_SEGMENT, NULL);
            volume_faulty_set(log.volume, &(struct fault_plan){.fail_at = at, .status = statuses[kind]});
            is_done = use_log(&log);
            volume_faulty_set(log.volume, &(struct fault_plan){0});
            assert_false(is_done && wal_failed(log.wal, NULL));
            if (!is_done && wal_failed(log.wal, NULL)) {
                assert_failed_for_ever(&log);
                for_ever++;
            } else if (!is_done) {
                assert_int_not_equal(log.error.code, SSQL_OK);
                for_once++;
                if (log.wal->log != NULL) {
                    append(&log, 3000);
                    sync_log(&log);
                }
            }
            close_log(&log);
        }
    }
    assert_true(for_ever > 10 && for_once > 4);
}

static void a_failure_that_nobody_asks_for_is_kept(void **state)
{
    (void)state;
    struct log log;

    begin_log(&log, 0);
    append(&log, 10);
    volume_faulty_set(log.volume, &(struct fault_plan){.fail_at = 1, .status = VOLUME_UNAVAILABLE});
    assert_false(wal_flush(log.wal, NULL));
    assert_true(wal_failed(log.wal, NULL));
    assert_false(try_append(&log, 10));
    assert_failed_for_ever(&log);
    close_log(&log);
}

/* A record whose header, or whose payload, makes the full buffer go to a log that fails. */
static void a_small_record_fails_when_the_buffer_cannot_be_written(void **state)
{
    (void)state;
    for (int header_fits = 0; header_fits < 2; header_fits++) {
        struct log log;
        begin_log(&log, 0);
        append(&log, WAL_BUFFER_SIZE - (size_t)(1 + header_fits) * WAL_RECORD_HEADER_SIZE);
        volume_faulty_set(log.volume, &(struct fault_plan){.fail_at = 1, .status = VOLUME_UNAVAILABLE});
        assert_false(try_append(&log, 8));
        volume_faulty_set(log.volume, &(struct fault_plan){0});
        assert_failed_for_ever(&log);
        close_log(&log);
    }
}

/* ---- retiring ---- */

static void make_segments(struct log *log, int count)
{
    begin_log(log, SMALL_SEGMENT);
    for (int i = 0; i < count; i++)
        append(log, 3000);
    sync_log(log);
}

static void retired_segments_are_recycled_two_at_most(void **state)
{
    (void)state;
    struct log log;
    struct wal_run runs[4];
    struct wal_statistics statistics;

    make_segments(&log, 6); /* sequences 1 to 6, one in each */
    assert_int_equal(wal_runs(log.wal, 4, runs, 4), 1);
    assert_int_equal(runs[0].first_segment, 4);
    assert_true(wal_retire_before(log.wal, 4, &log.error));
    assert_int_equal(segment_count(&log), 3);
    assert_int_equal(file_count(&log), 5); /* two are kept */
    assert_true(wal_has_file(log.wal, "wal/2-1"));
    assert_true(wal_has_file(log.wal, "wal/2-2"));
    assert_false(wal_has_file(log.wal, "wal/2-3"));
    assert_true(wal_has_file(log.wal, "wal/2-4"));
    assert_true(wal_has_file(log.wal, "wal/2-6"));
    assert_true(wal_has_file(log.wal, "wal/2-7")); /* the next */
    assert_false(wal_has_file(log.wal, "wal/2-8"));
    assert_false(wal_has_file(log.wal, "wal/1-7"));
    append(&log, 3000);
    wal_read_statistics(log.wal, &statistics);
    assert_int_equal(statistics.recycle_count, 1);
    assert_int_equal(statistics.append_count, 7);
    assert_int_equal(statistics.bytes, 4 * (WAL_SEGMENT_HEADER_SIZE + wal_record_size(3000)));
    assert_false(wal_has_file(log.wal, "wal/2-2")); /* it has become number 7 */
    assert_int_equal(file_count(&log), 5);
    assert_true(wal_finish(log.wal, &log.error));
    assert_int_equal(file_count(&log), 4); /* what was kept is of no use any more */
    assert_int_equal(log.wal->recycled_count, 0);
    close_log(&log);
}

static void both_kept_segments_go_when_the_log_ends(void **state)
{
    (void)state;
    struct log log;

    make_segments(&log, 6);
    struct wal_run runs[4];
    assert_int_equal(wal_runs(log.wal, 4, runs, 4), 1);
    assert_true(wal_retire_before(log.wal, 4, &log.error));
    volume_faulty_set(log.volume, &(struct fault_plan){0});
    assert_true(wal_finish(log.wal, &log.error));
    assert_int_equal(file_count(&log), 3);
    assert_false(log.wal->has_thread);
    assert_int_equal(wal_runs(log.wal, 7, runs, 4), 1);
    assert_true(wal_retire_before(log.wal, 7, &log.error)); /* nothing is kept now */
    assert_int_equal(segment_count(&log), 1);               /* the one that was written last */
    assert_int_equal(file_count(&log), 1);
    close_log(&log);
}

static void what_cannot_be_deleted_is_told_and_no_longer_ours(void **state)
{
    (void)state;
    struct log log;
    struct wal_run runs[4];

    make_segments(&log, 8);
    assert_int_equal(wal_runs(log.wal, 6, runs, 4), 1);
    volume_faulty_set(log.volume, &(struct fault_plan){.fail_at = 1, .status = VOLUME_UNAVAILABLE});
    assert_false(wal_retire_before(log.wal, 6, &log.error)); /* 1 and 2 are kept, 3 stays, 4 and 5 go */
    assert_true(strlen(log.error.message) > 0);
    volume_faulty_set(log.volume, &(struct fault_plan){0});
    assert_int_equal(segment_count(&log), 3);
    assert_int_equal(file_count(&log), 6);
    assert_false(wal_has_file(log.wal, "wal/2-3"));
    close_log(&log);
}

static void the_segment_before_one_that_is_not_durable_stays(void **state)
{
    (void)state;
    struct log log;
    struct wal_run runs[4];

    make_segments(&log, 2);
    append(&log, 3000); /* the third segment, whose header is only in memory */
    assert_int_equal(wal_runs(log.wal, 100, runs, 4), 1);
    assert_int_equal(runs[0].first_segment, 2);
    log.wal->durable = log.wal->base + WAL_SEGMENT_HEADER_SIZE - 1;
    assert_int_equal(wal_runs(log.wal, 100, runs, 4), 1);
    assert_int_equal(runs[0].first_segment, 2);
    log.wal->durable++;
    assert_int_equal(wal_runs(log.wal, 100, runs, 4), 1);
    assert_int_equal(runs[0].first_segment, 3);
    log.wal->durable = log.wal->base;
    close_log(&log);
}

/* The only segment is being written, and its header may still be lost: it is in the run all the same. */
static void a_run_has_its_only_segment_at_once(void **state)
{
    (void)state;
    struct log log;
    struct wal_run runs[4];

    begin_log(&log, SMALL_SEGMENT);
    log.wal->durable = 0;
    assert_int_equal(wal_runs(log.wal, 100, runs, 4), 1);
    assert_int_equal(runs[0].first_segment, 1);
    close_log(&log);
}

static void runs_are_those_that_hold_a_sequence(void **state)
{
    (void)state;
    struct wal_segment old[] = {{.epoch = 1, .number = 1, .first_sequence = 1, .last_sequence = 4, .size = 500},
                                {.epoch = 1, .number = 2, .first_sequence = 5, .last_sequence = 9, .size = 700},
                                {.epoch = 1, .number = 3, .first_sequence = 0, .last_sequence = 0, .size = 64}};
    struct wal_recovery found = {.segments = old, .segment_count = 3, .next_segment = 4, .last_sequence = 9};
    struct wal_run runs[4] = {{0}};
    struct log log;

    open_log(&log, SMALL_SEGMENT, &found);
    assert_int_equal(wal_runs(log.wal, 0, runs, 4), 1);
    assert_true(runs[0].has_end);
    assert_int_equal(runs[0].end_segment, 3);
    assert_int_equal(runs[0].end_offset, 64);
    assert_int_equal(runs[0].end_sequence, 9);
    assert_true(wal_begin(log.wal, &log.error));
    runs[1].epoch = 77;
    assert_int_equal(wal_runs(log.wal, 4, runs, 1), 2); /* there is more than room for */
    assert_int_equal(runs[0].first_segment, 1);
    assert_int_equal(runs[1].epoch, 77);
    assert_int_equal(wal_runs(log.wal, 5, runs, 4), 2);
    assert_int_equal(runs[0].first_segment, 2);
    assert_int_equal(runs[0].end_sequence, 9);
    assert_int_equal(runs[1].epoch, 2);
    assert_int_equal(runs[1].first_segment, 4);
    assert_false(runs[1].has_end);
    assert_int_equal(runs[1].end_sequence, 0);
    assert_int_equal(wal_runs(log.wal, 9, runs, 4), 2);
    assert_int_equal(runs[0].first_segment, 2);
    assert_int_equal(wal_runs(log.wal, 10, runs, 4), 1);
    assert_int_equal(runs[0].epoch, 2);
    log.sequence = 9;
    append(&log, 10);
    assert_int_equal(wal_runs(log.wal, 10, runs, 4), 1);
    assert_int_equal(runs[0].end_sequence, 0);
    assert_true(wal_finish(log.wal, &log.error));
    assert_int_equal(wal_runs(log.wal, 10, runs, 4), 1);
    assert_true(runs[0].has_end);
    assert_int_equal(runs[0].end_segment, 4);
    assert_int_equal(runs[0].end_sequence, 10);
    close_log(&log);
}

/* ---- headers of records that make no sense, behind right checksums ---- */

static bool is_a_header(struct wal_record_header header, struct wal_place place)
{
    uint8_t bytes[WAL_RECORD_HEADER_SIZE];
    struct wal_record_header back;

    wal_encode_record_header(&header, place, bytes);
    return wal_decode_record_header(bytes, place, &back);
}

static void headers_of_records_keep_to_their_limits(void **state)
{
    (void)state;
    const struct wal_place place = {.epoch = 2, .segment = 3, .offset = 1000};
    const struct wal_record_header right = {.kind = WAL_RECORD_TRANSACTION,
                                            .payload_size = (uint32_t)WAL_RECORD_LARGEST,
                                            .sequence_count = 1,
                                            .durable_offset = 1000,
                                            .first_sequence = UINT64_MAX - 1};
    const struct wal_record_header end = {.kind = WAL_RECORD_CLOSE, .first_sequence = 0};
    struct wal_record_header header;

    assert_true(is_a_header(right, place));
    assert_true(is_a_header(end, place));
    header = right;
    header.payload_size++;
    assert_false(is_a_header(header, place));
    header = right;
    header.durable_offset++;
    assert_false(is_a_header(header, place));
    header = right;
    header.sequence_count = 0;
    assert_false(is_a_header(header, place));
    header = right;
    header.sequence_count = 2;
    assert_false(is_a_header(header, place));
    header = right;
    header.first_sequence = 0;
    assert_false(is_a_header(header, place));
    header = right;
    header.first_sequence = 1;
    assert_true(is_a_header(header, place));
    header = end;
    header.payload_size = 1;
    assert_false(is_a_header(header, place));
    header = end;
    header.sequence_count = 1;
    assert_false(is_a_header(header, place));
    header = end;
    header.kind = (enum wal_record_kind)3;
    assert_false(is_a_header(header, place));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_segment_is_filled_to_its_last_byte),
        cmocka_unit_test(a_large_record_makes_its_segment_just_large_enough),
        cmocka_unit_test(segments_double_up_to_the_full_size),
        cmocka_unit_test(the_buffer_is_written_when_it_would_overflow),
        cmocka_unit_test(many_segments_are_live_at_a_time),
        cmocka_unit_test(the_largest_record_is_one_gibibyte),
        cmocka_unit_test(numbers_go_on_after_what_was_recovered),
        cmocka_unit_test(every_failure_is_told_and_a_lost_write_for_ever),
        cmocka_unit_test(a_failure_that_nobody_asks_for_is_kept),
        cmocka_unit_test(a_small_record_fails_when_the_buffer_cannot_be_written),
        cmocka_unit_test(retired_segments_are_recycled_two_at_most),
        cmocka_unit_test(both_kept_segments_go_when_the_log_ends),
        cmocka_unit_test(what_cannot_be_deleted_is_told_and_no_longer_ours),
        cmocka_unit_test(the_segment_before_one_that_is_not_durable_stays),
        cmocka_unit_test(a_run_has_its_only_segment_at_once),
        cmocka_unit_test(runs_are_those_that_hold_a_sequence),
        cmocka_unit_test(headers_of_records_keep_to_their_limits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
