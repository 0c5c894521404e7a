/* Reads the log back. A segment is read in pieces; only a record larger than a piece is held as a whole. The rule by
 * which a torn tail is told from damage is in wal_format.h. */
#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>

#include "base/bytes.h"
#include "storage/wal.h"
#include "storage/wal_format.h"

enum {
    PIECE_SIZE = 1 << 20,
    PROBED_SEGMENTS = 4, /* looked for behind the last one found, in case one is missing */
};

/* ---- one segment's bytes ---- */

struct input {
    struct log_reader *reader;
    uint64_t epoch;
    uint64_t number;
    char name[WAL_NAME_SIZE];
    uint8_t *window; /* bytes [begin, begin + size) of the segment */
    size_t capacity;
    uint64_t begin;
    size_t size;
};

struct recovery_state {
    struct volume *volume;
    bool (*apply)(void *context, const struct wal_record *record, struct ssql_error *error);
    void *context;
    struct wal_recovery *recovery;
    struct input input;
    bool seal;

    /* the run being read */
    const struct wal_run *run;
    uint64_t run_sequence; /* last sequence in it so far */
    uint64_t previous_end; /* of the last segment read: 0, none yet */
    uint64_t content_end;  /* the same without the zeros that end its last record */
    bool is_closed;        /* its last record is a clean close */
};

static bool fail_damaged(const struct recovery_state *state, uint64_t number, uint64_t offset, const char *what,
                         struct ssql_error *error)
{
    char name[WAL_NAME_SIZE];

    wal_segment_name(state->run->epoch, number, name);
    return error_set(error, SSQL_CORRUPT, NO_SPAN, "\"%s/%s\" is damaged at offset %" PRIu64 ": %s",
                     volume_path(state->volume), name, offset, what);
}

static void close_input(struct input *input)
{
    log_close_reader(input->reader);
    input->reader = NULL;
}

/* `*is_there` is false, without an error, where the segment does not exist. */
static bool open_input(struct recovery_state *state, uint64_t number, bool *is_there, struct ssql_error *error)
{
    struct input *input = &state->input;
    struct ssql_error cause;

    close_input(input);
    input->epoch = state->run->epoch;
    input->number = number;
    input->begin = 0;
    input->size = 0;
    wal_segment_name(input->epoch, number, input->name);
    enum volume_status status = log_open_reader(state->volume, input->name, &input->reader, &cause);
    *is_there = status == VOLUME_OK;
    if (status == VOLUME_OK || status == VOLUME_NOT_FOUND)
        return true;
    if (error != NULL)
        *error = cause;
    return false;
}

static bool grow_window(struct input *input, size_t size, struct ssql_error *error)
{
    if (size <= input->capacity)
        return true;
    uint8_t *window = realloc(input->window, size);
    if (window == NULL)
        return error_no_memory(error);
    input->window = window;
    input->capacity = size;
    return true;
}

/* Points `*bytes` at [offset, offset + size) of the segment, until the next call; fewer where the file ends. */
static bool look(struct input *input, uint64_t offset, size_t size, struct slice *bytes, struct ssql_error *error)
{
    assert(offset >= input->begin); /* a segment is read forwards */
    if (offset + size > input->begin + input->size) {
        size_t wanted = size > PIECE_SIZE ? size : PIECE_SIZE;
        if (!grow_window(input, wanted, error))
            return false;
        input->begin = offset;
        input->size = 0;
        if (log_read(input->reader, offset, input->window, wanted, &input->size, error) != VOLUME_OK)
            return false;
    }
    uint64_t end = input->begin + input->size;
    size_t left = offset < end ? (size_t)(end - offset) : 0;
    *bytes = slice_make(input->window + (offset - input->begin), left < size ? left : size);
    return true;
}

/* Whether the segment has a byte at `offset`: asked before memory is taken for a record that may not be there. */
static bool reaches(struct input *input, uint64_t offset, bool *reached, struct ssql_error *error)
{
    uint8_t byte;
    size_t got;

    *reached = offset < input->begin + input->size;
    if (*reached)
        return true;
    if (log_read(input->reader, offset, &byte, 1, &got, error) != VOLUME_OK)
        return false;
    *reached = got == 1;
    return true;
}

/* ---- records ---- */

/* Reads the record at `offset`; `*is_valid` is false, without an error, where there is none. */
static bool read_record(struct input *input, uint64_t offset, struct wal_record_header *header, struct slice *payload,
                        bool *is_valid, struct ssql_error *error)
{
    struct wal_place place = {input->epoch, input->number, offset};
    struct slice bytes;

    *is_valid = false;
    if (!look(input, offset, WAL_RECORD_HEADER_SIZE, &bytes, error))
        return false;
    if (bytes.size < WAL_RECORD_HEADER_SIZE || !wal_decode_record_header(bytes.data, place, header))
        return true;
    size_t size = WAL_RECORD_HEADER_SIZE + (size_t)header->payload_size;
    bool reached;
    if (!reaches(input, offset + size - 1, &reached, error))
        return false;
    if (!reached)
        return true;
    if (!look(input, offset, size, &bytes, error))
        return false;
    if (bytes.size < size)
        return true;
    *payload = slice_make(bytes.data + WAL_RECORD_HEADER_SIZE, header->payload_size);
    *is_valid = wal_payload_checksum(payload, 1, place) == header->payload_checksum;
    return true;
}

static bool apply_record(struct recovery_state *state, uint64_t offset, const struct wal_record_header *header,
                         struct slice payload, struct wal_segment *segment, struct ssql_error *error)
{
    struct wal_recovery *recovery = state->recovery;
    struct wal_record record = {
        .payload = payload,
        .first_sequence = header->first_sequence,
        .sequence_count = header->sequence_count,
        .epoch = segment->epoch,
        .segment = segment->number,
        .offset = offset,
    };

    if (header->first_sequence <= recovery->last_sequence)
        return fail_damaged(state, segment->number, offset, "its sequence number is not greater than the last one",
                            error);
    if (!state->apply(state->context, &record, error))
        return false;
    if (segment->first_sequence == 0)
        segment->first_sequence = header->first_sequence;
    segment->last_sequence = header->first_sequence + header->sequence_count - 1;
    state->run_sequence = recovery->last_sequence = segment->last_sequence;
    recovery->record_count++;
    recovery->byte_count += WAL_RECORD_HEADER_SIZE + (uint64_t)header->payload_size;
    return true;
}

/* Where the manifest says that this segment's records end; UINT64_MAX where it does not say. */
static uint64_t known_end(const struct recovery_state *state, uint64_t number)
{
    return state->run->has_end && number == state->run->end_segment ? state->run->end_offset : UINT64_MAX;
}

/* Looks at the zeros between the record before and `offset`, where the next one may stand. */
static bool read_gap(struct recovery_state *state, uint64_t offset, bool *is_zero, struct ssql_error *error)
{
    struct slice gap;
    uint8_t all = 0;

    if (!look(&state->input, state->content_end, (size_t)(offset - state->content_end), &gap, error))
        return false;
    for (size_t i = 0; i < gap.size; i++)
        all |= gap.data[i];
    *is_zero = all == 0;
    return true;
}

static void note_stain(struct recovery_state *state)
{
    struct wal_recovery *recovery = state->recovery;

    if (recovery->stain_offset != 0)
        return;
    recovery->stain_epoch = state->input.epoch;
    recovery->stain_segment = state->input.number;
    recovery->stain_offset = state->content_end;
}

/* Reads records up to the first place that holds none, the known end, or a clean close. */
static bool read_records(struct recovery_state *state, struct wal_segment *segment, struct ssql_error *error)
{
    uint64_t end = known_end(state, segment->number);

    state->content_end = segment->size = WAL_SEGMENT_HEADER_SIZE;
    while (segment->size < end && !state->is_closed) {
        struct wal_record_header header;
        struct slice payload;
        bool is_valid, is_zero;
        uint64_t offset = segment->size;
        if (!read_gap(state, offset, &is_zero, error) ||
            !read_record(&state->input, offset, &header, &payload, &is_valid, error))
            return false;
        if (!is_valid)
            break;
        /* Behind the last record there may be anything: the zeros count once another record follows. */
        if (!is_zero)
            note_stain(state);
        if (header.kind == WAL_RECORD_CLOSE)
            state->is_closed = true;
        else if (!apply_record(state, offset, &header, payload, segment, error))
            return false;
        state->content_end = offset + WAL_RECORD_HEADER_SIZE + header.payload_size;
        segment->size = offset + wal_record_size(header.payload_size);
    }
    return true;
}

/* ---- torn, or damaged? ---- */

/* Looks behind `offset` for a record that was written when the log was durable beyond it. */
static bool check_for_proof(struct recovery_state *state, uint64_t offset, struct ssql_error *error)
{
    struct input *input = &state->input;
    struct slice bytes;

    for (uint64_t at = offset;; at += WAL_ALIGNMENT) {
        struct wal_place place = {input->epoch, input->number, at};
        struct wal_record_header header;
        if (!look(input, at, WAL_RECORD_HEADER_SIZE, &bytes, error))
            return false;
        if (bytes.size < WAL_RECORD_HEADER_SIZE)
            return true;
        if (wal_decode_record_header(bytes.data, place, &header) && header.durable_offset > offset)
            return fail_damaged(state, input->number, offset, "a record that was durable is not whole", error);
    }
}

/* Whether the bytes at `offset` look like the beginning of one of this segment's own records. */
static bool note_torn_tail(struct recovery_state *state, uint64_t offset, struct ssql_error *error)
{
    struct input *input = &state->input;
    struct slice bytes;

    if (!look(input, offset, WAL_RECORD_HEADER_SIZE, &bytes, error))
        return false;
    if (bytes.size >= WAL_RECORD_HEADER_SIZE)
        state->recovery->torn_tail =
            load_u64le(bytes.data + 24) == input->epoch && load_u32le(bytes.data + 32) == (uint32_t)input->number;
    else
        state->recovery->torn_tail = bytes.size > 0;
    return true;
}

/* Opens segment `number` and reads its header. `*is_valid` is false also where there is no such segment. */
static bool open_segment(struct recovery_state *state, uint64_t number, bool *is_there, bool *is_valid,
                         struct wal_segment_header *header, struct ssql_error *error)
{
    struct slice bytes;

    *is_valid = false;
    if (!open_input(state, number, is_there, error))
        return false;
    if (!*is_there)
        return true;
    if (!look(&state->input, 0, WAL_SEGMENT_HEADER_SIZE, &bytes, error))
        return false;
    if (bytes.size < WAL_SEGMENT_HEADER_SIZE)
        return true;
    enum wal_header_state found = wal_decode_segment_header(bytes.data, state->run->epoch, number, header);
    *is_valid = found == WAL_HEADER_VALID;
    if (found != WAL_HEADER_NEWER)
        return true;
    error_set(error, SSQL_CANNOT_OPEN, NO_SPAN, "\"%s/%s\" has a format that this version of ssql does not know",
              volume_path(state->volume), state->input.name);
    return error_hint(error, "use a newer version of ssql");
}

/* Behind the end of an open run, at segment `number`, nothing of the run may stand. */
static bool check_nothing_behind(struct recovery_state *state, uint64_t number, struct ssql_error *error)
{
    for (uint64_t i = 1; i <= PROBED_SEGMENTS; i++) {
        struct wal_segment_header header;
        bool is_there, is_valid;
        if (!open_segment(state, number + i, &is_there, &is_valid, &header, error))
            return false;
        if (is_valid)
            return fail_damaged(state, number, 0, "the segment is missing, but a later one is there", error);
    }
    return true;
}

/* ---- segments and runs ---- */

static bool add_segment(struct wal_recovery *recovery, const struct wal_segment *segment, struct ssql_error *error)
{
    /* Grown at powers of two, so that the count says how much there is. */
    if ((recovery->segment_count & (recovery->segment_count - 1)) == 0) {
        size_t capacity = recovery->segment_count == 0 ? 1 : recovery->segment_count * 2;
        struct wal_segment *segments = realloc(recovery->segments, capacity * sizeof *segments);
        if (segments == NULL)
            return error_no_memory(error);
        recovery->segments = segments;
    }
    recovery->segments[recovery->segment_count++] = *segment;
    return true;
}

/* A segment says where the one before it ended: all of that was durable. */
static bool check_chain(struct recovery_state *state, const struct wal_segment_header *header, struct ssql_error *error)
{
    if (header->number == state->run->first_segment)
        return true; /* what was before it is no longer needed */
    if (header->previous_end != state->previous_end)
        return fail_damaged(state, header->number - 1, state->previous_end, "a record that was durable is not whole",
                            error);
    if (state->run_sequence != 0 && header->previous_sequence != state->run_sequence)
        return fail_damaged(state, header->number, 0, "it does not continue the segment before it", error);
    return true;
}

static bool check_known_end(const struct recovery_state *state, const struct wal_segment *segment,
                            struct ssql_error *error)
{
    uint64_t end = known_end(state, segment->number);

    if (end == UINT64_MAX || segment->size == end)
        return true;
    return fail_damaged(state, segment->number, segment->size < end ? segment->size : end,
                        "a record that was durable is not whole", error);
}

/* Reads the segment whose valid header is in the window. */
static bool read_segment(struct recovery_state *state, const struct wal_segment_header *header,
                         struct wal_segment *segment, struct ssql_error *error)
{
    *segment = (struct wal_segment){.epoch = header->epoch, .number = header->number};
    if (!check_chain(state, header, error) || !read_records(state, segment, error) ||
        !check_known_end(state, segment, error))
        return false;
    state->previous_end = segment->size;
    if (segment->last_sequence == 0)
        segment->last_sequence = state->run_sequence;
    return add_segment(state->recovery, segment, error);
}

/* What follows the last whole record of an open run: nothing, a torn tail, or damage. */
static bool check_tail(struct recovery_state *state, const struct wal_segment *last, uint64_t stop_number,
                       bool stop_is_there, struct ssql_error *error)
{
    bool is_there;

    /* A segment without a valid header: was there once more in it? */
    if (stop_is_there && !check_for_proof(state, 0, error))
        return false;
    if (!check_nothing_behind(state, stop_number, error))
        return false;
    if (state->is_closed)
        return true;
    if (!open_input(state, last->number, &is_there, error))
        return false;
    if (!is_there)
        return fail_damaged(state, last->number, 0, "the segment has disappeared while it was read", error);
    return note_torn_tail(state, last->size, error) && check_for_proof(state, last->size, error);
}

static bool seal_run(struct recovery_state *state, const struct wal_segment *last, struct ssql_error *error)
{
    char name[WAL_NAME_SIZE];

    /* Earlier segments were synced before this one was begun. */
    wal_segment_name(last->epoch, last->number, name);
    return log_seal(state->volume, name, state->content_end, error) == VOLUME_OK;
}

static bool end_open_run(struct recovery_state *state, const struct wal_segment *last, uint64_t number, bool is_there,
                         struct ssql_error *error)
{
    if (!check_tail(state, last, number, is_there, error))
        return false;
    if (state->seal && !seal_run(state, last, error))
        return false;
    state->recovery->clean_close = state->is_closed;
    if (state->recovery->next_segment <= number)
        state->recovery->next_segment = number + (is_there ? 1 : 0);
    return true;
}

static bool read_run(struct recovery_state *state, struct ssql_error *error)
{
    const struct wal_run *run = state->run;
    struct wal_segment last = {0};

    for (uint64_t number = run->first_segment;; number++) {
        struct wal_segment_header header;
        bool is_there, is_valid;
        if (run->has_end && number > run->end_segment) {
            state->recovery->clean_close = true;
            state->recovery->next_segment = number;
            return true;
        }
        if (!open_segment(state, number, &is_there, &is_valid, &header, error))
            return false;
        /* The first segment was durable before the manifest named the run. */
        if (!is_valid && (run->has_end || number == run->first_segment))
            return fail_damaged(state, number, 0, is_there ? "its header is not valid" : "the segment is missing",
                                error);
        if (!is_valid || state->is_closed)
            return end_open_run(state, &last, number, is_there, error);
        if (!read_segment(state, &header, &last, error))
            return false;
    }
}

bool wal_recover(struct volume *volume, const struct wal_run *runs, size_t run_count, bool seal,
                 bool (*apply)(void *context, const struct wal_record *record, struct ssql_error *error), void *context,
                 struct wal_recovery *recovery, struct ssql_error *error)
{
    struct recovery_state state = {
        .volume = volume, .apply = apply, .context = context, .recovery = recovery, .seal = seal};
    bool is_read = true;

    *recovery = (struct wal_recovery){.next_segment = 1, .clean_close = true};
    for (size_t i = 0; i < run_count && is_read; i++) {
        state.run = &runs[i];
        state.run_sequence = 0;
        state.previous_end = 0;
        state.is_closed = false;
        recovery->torn_tail = false;
        is_read = read_run(&state, error);
    }
    close_input(&state.input);
    free(state.input.window);
    return is_read;
}

void wal_recovery_clear(struct wal_recovery *recovery)
{
    free(recovery->segments);
    *recovery = (struct wal_recovery){0};
}
