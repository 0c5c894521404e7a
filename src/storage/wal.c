#include "storage/wal.h"

#include <assert.h>
#include <stdlib.h>

#include "base/bytes.h"
#include "storage/wal_format.h"
#include "storage/wal_internal.h"

/* ---- failure ---- */

bool wal_fail_again(const struct wal *wal, struct ssql_error *error)
{
    if (error != NULL)
        *error = wal->failure;
    return false;
}

bool wal_fail_forever(struct wal *wal, const struct ssql_error *cause, struct ssql_error *error)
{
    if (!wal->has_failed) {
        wal->has_failed = true;
        error_set(&wal->failure, SSQL_UNKNOWN_OUTCOME, NO_SPAN, "the write-ahead log failed: %s", cause->message);
        error_hint(&wal->failure, "open the database again to see which transactions are in it");
        pthread_cond_broadcast(&wal->progress);
    }
    return wal_fail_again(wal, error);
}

bool wal_failed(struct wal *wal, struct ssql_error *error)
{
    pthread_mutex_lock(&wal->mutex);
    bool has_failed = wal->has_failed;
    if (has_failed)
        wal_fail_again(wal, error);
    pthread_mutex_unlock(&wal->mutex);
    return has_failed;
}

/* ---- bytes on their way to the log ---- */

static bool write_through(struct wal *wal, struct slice bytes, struct ssql_error *error)
{
    struct ssql_error cause;

    if (bytes.size == 0)
        return true;
    if (log_append(wal->log, bytes, &cause) != VOLUME_OK)
        return wal_fail_forever(wal, &cause, error);
    wal->written += bytes.size;
    return true;
}

bool wal_write_pending(struct wal *wal, struct ssql_error *error)
{
    if (wal->has_failed)
        return wal_fail_again(wal, error);
    size_t size = wal->pending_size;
    wal->pending_size = 0;
    return write_through(wal, slice_make(wal->pending, size), error);
}

static bool put(struct wal *wal, struct slice bytes, struct ssql_error *error)
{
    if (bytes.size > WAL_BUFFER_SIZE - wal->pending_size && !wal_write_pending(wal, error))
        return false;
    wal->appended += bytes.size;
    if (bytes.size > WAL_BUFFER_SIZE)
        return write_through(wal, bytes, error);
    if (bytes.size > 0)
        memcpy(wal->pending + wal->pending_size, bytes.data, bytes.size);
    wal->pending_size += bytes.size;
    return true;
}

static uint64_t current_offset(const struct wal *wal)
{
    return wal->appended - wal->base;
}

static struct wal_segment *current_segment(struct wal *wal)
{
    assert(wal->log != NULL && wal->segment_count > 0);
    return &wal->segments[wal->segment_count - 1];
}

/* ---- segments ---- */

static bool reserve_segment(struct wal *wal, struct ssql_error *error)
{
    if (wal->segment_count < wal->segment_capacity)
        return true;
    size_t capacity = wal->segment_capacity == 0 ? 16 : wal->segment_capacity * 2;
    struct wal_segment *segments = realloc(wal->segments, capacity * sizeof *segments);
    if (segments == NULL)
        return error_no_memory(error);
    wal->segments = segments;
    wal->segment_capacity = capacity;
    return true;
}

static uint64_t next_capacity(const struct wal *wal, uint64_t record_size)
{
    uint64_t capacity = wal->log == NULL ? WAL_FIRST_SEGMENT_SIZE : wal->capacity * 2;
    uint64_t least = WAL_SEGMENT_HEADER_SIZE + record_size + WAL_RECORD_HEADER_SIZE;

    if (capacity > wal->segment_size)
        capacity = wal->segment_size;
    return capacity > least ? capacity : least;
}

/* A creation that certainly did not happen changes nothing, and may be tried again. */
static bool create_log(struct wal *wal, uint64_t capacity, struct volume_log **log, struct ssql_error *error)
{
    char name[WAL_NAME_SIZE];
    char recycled[WAL_NAME_SIZE];
    bool has_recycled = wal->recycled_count > 0;
    struct ssql_error cause;

    wal_segment_name(wal->epoch, wal->next_number, name);
    if (has_recycled) {
        struct wal_segment *last = &wal->recycled[--wal->recycled_count];
        wal_segment_name(last->epoch, last->number, recycled);
        wal->statistics.recycle_count++;
    }
    enum volume_status status = log_create(wal->volume, name, capacity, has_recycled ? recycled : NULL, log, &cause);
    if (status == VOLUME_OK)
        return true;
    if (status == VOLUME_EXISTS || status == VOLUME_CONFLICT || status == VOLUME_FENCED || status == VOLUME_UNKNOWN)
        return wal_fail_forever(wal, &cause, error);
    if (error != NULL)
        *error = cause;
    return false;
}

static bool start_segment(struct wal *wal, struct volume_log *log, uint64_t capacity, struct ssql_error *error)
{
    bool is_first = wal->log == NULL;
    struct wal_segment_header header = {.epoch = wal->epoch, .number = wal->next_number};
    uint8_t bytes[WAL_SEGMENT_HEADER_SIZE];

    if (!is_first) {
        header.previous_end = current_segment(wal)->size;
        header.previous_sequence = current_segment(wal)->last_sequence;
    }
    log_close(wal->log);
    wal->log = log;
    wal->base = wal->appended;
    wal->capacity = capacity;
    wal->segments[wal->segment_count++] =
        (struct wal_segment){.epoch = wal->epoch, .number = wal->next_number++, .size = WAL_SEGMENT_HEADER_SIZE};
    wal_encode_segment_header(&header, bytes);
    return put(wal, slice_make(bytes, sizeof bytes), error);
}

/* Begins the next segment. The last one is durable before the new one's header can be: a later segment proves an
 * earlier one (wal_format.h). Creation comes first, since its failure leaves everything as it was. */
static bool change_segment(struct wal *wal, uint64_t record_size, struct ssql_error *error)
{
    uint64_t capacity = next_capacity(wal, record_size);
    struct volume_log *log;

    if (!reserve_segment(wal, error) || !create_log(wal, capacity, &log, error))
        return false;
    if (wal->log != NULL) {
        wal_wait_for_leader(wal);
        if (!wal_sync_alone(wal, error)) {
            log_close(log);
            return false;
        }
    }
    return start_segment(wal, log, capacity, error);
}

bool wal_begin(struct wal *wal, struct ssql_error *error)
{
    bool is_begun = true;

    pthread_mutex_lock(&wal->mutex);
    if (wal->has_failed)
        is_begun = wal_fail_again(wal, error);
    else if (wal->log == NULL && !wal->is_finished)
        is_begun = change_segment(wal, 0, error) && wal_sync_alone(wal, error);
    pthread_mutex_unlock(&wal->mutex);
    return is_begun;
}

/* ---- records ---- */

/* A record's header, payload and zeros; the segment has room for it, or is as large as it must be. */
static bool put_record(struct wal *wal, struct wal_record_header *header, const struct slice *parts, size_t part_count,
                       struct ssql_error *error)
{
    static const uint8_t zeros[WAL_ALIGNMENT];
    uint64_t size = wal_record_size(header->payload_size);
    size_t padding = (size_t)(size - WAL_RECORD_HEADER_SIZE - header->payload_size);
    struct wal_place place = {wal->epoch, current_segment(wal)->number, current_offset(wal)};
    uint8_t bytes[WAL_RECORD_HEADER_SIZE];

    header->payload_checksum = wal_payload_checksum(parts, part_count, place);
    header->durable_offset = wal->durable > wal->base ? (uint32_t)(wal->durable - wal->base) : 0;
    wal_encode_record_header(header, place, bytes);
    if (!put(wal, slice_make(bytes, sizeof bytes), error))
        return false;
    for (size_t i = 0; i < part_count; i++)
        if (!put(wal, parts[i], error))
            return false;
    if (!put(wal, slice_make(zeros, padding), error))
        return false;
    current_segment(wal)->size = current_offset(wal);
    return true;
}

static bool payload_size(const struct slice *parts, size_t part_count, uint32_t *size, struct ssql_error *error)
{
    uint64_t sum = 0;

    for (size_t i = 0; i < part_count; i++) {
        sum += parts[i].size;
        if (sum > WAL_RECORD_LARGEST || parts[i].size > WAL_RECORD_LARGEST) {
            error_set(error, SSQL_TOO_LARGE, NO_SPAN,
                      "the transaction is too large: its log record would pass %llu bytes",
                      (unsigned long long)WAL_RECORD_LARGEST);
            return error_hint(error, "commit in smaller parts");
        }
    }
    *size = (uint32_t)sum;
    return true;
}

static bool append_locked(struct wal *wal, struct wal_record_header *header, const struct slice *parts,
                          size_t part_count, struct ssql_error *error)
{
    uint64_t size = wal_record_size(header->payload_size);

    if (wal->has_failed)
        return wal_fail_again(wal, error);
    assert(wal->log != NULL && !wal->is_finished);
    assert(header->first_sequence > wal->last_sequence && header->sequence_count > 0);
    /* Room for the close record stays. */
    bool fits = current_offset(wal) + size + WAL_RECORD_HEADER_SIZE <= wal->capacity;
    if (!fits && !change_segment(wal, size, error))
        return false;
    if (!put_record(wal, header, parts, part_count, error))
        return false;
    struct wal_segment *segment = current_segment(wal);
    if (segment->first_sequence == 0)
        segment->first_sequence = header->first_sequence;
    wal->last_sequence = segment->last_sequence = header->first_sequence + header->sequence_count - 1;
    wal->statistics.append_count++;
    return true;
}

bool wal_append(struct wal *wal, const struct slice *parts, size_t part_count, uint64_t first_sequence,
                uint32_t sequence_count, uint64_t *position, struct ssql_error *error)
{
    struct wal_record_header header = {
        .kind = WAL_RECORD_TRANSACTION, .first_sequence = first_sequence, .sequence_count = sequence_count};

    if (!payload_size(parts, part_count, &header.payload_size, error))
        return false;
    pthread_mutex_lock(&wal->mutex);
    bool is_appended = append_locked(wal, &header, parts, part_count, error);
    *position = wal->appended;
    pthread_mutex_unlock(&wal->mutex);
    return is_appended;
}

bool wal_flush(struct wal *wal, struct ssql_error *error)
{
    pthread_mutex_lock(&wal->mutex);
    bool is_written = wal_write_pending(wal, error);
    pthread_mutex_unlock(&wal->mutex);
    return is_written;
}

uint64_t wal_appended_position(struct wal *wal)
{
    pthread_mutex_lock(&wal->mutex);
    uint64_t position = wal->appended;
    pthread_mutex_unlock(&wal->mutex);
    return position;
}

/* ---- life ---- */

static bool copy_segments(struct wal *wal, const struct wal_recovery *recovery, struct ssql_error *error)
{
    wal->next_number = 1;
    if (recovery == NULL)
        return true;
    if (recovery->next_segment > 1)
        wal->next_number = recovery->next_segment;
    wal->last_sequence = recovery->last_sequence;
    if (recovery->segment_count == 0)
        return true;
    wal->segments = calloc(recovery->segment_count, sizeof *wal->segments);
    if (wal->segments == NULL)
        return error_no_memory(error);
    memcpy(wal->segments, recovery->segments, recovery->segment_count * sizeof *wal->segments);
    wal->segment_count = wal->segment_capacity = recovery->segment_count;
    return true;
}

static void init_locks(struct wal *wal)
{
    pthread_condattr_t attributes;

    /* None of these can fail with valid attributes. */
    int failures = pthread_condattr_init(&attributes) | pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC) |
                   pthread_cond_init(&wal->progress, NULL) | pthread_cond_init(&wal->wake, &attributes) |
                   pthread_mutex_init(&wal->mutex, NULL);
    assert(failures == 0);
    (void)failures;
    pthread_condattr_destroy(&attributes);
}

bool wal_open(struct volume *volume, const struct wal_options *options, const struct wal_recovery *recovery,
              struct wal **out, struct ssql_error *error)
{
    *out = NULL;
    assert(options->segment_size == 0 ||
           (options->segment_size >= 4096 && options->segment_size <= WAL_SEGMENT_LARGEST));
    struct wal *wal = calloc(1, sizeof *wal);
    if (wal == NULL)
        return error_no_memory(error);
    init_locks(wal);
    wal->volume = volume;
    wal->epoch = options->epoch;
    wal->segment_size = options->segment_size == 0 ? WAL_SEGMENT_LARGEST : options->segment_size;
    wal->pending = malloc(WAL_BUFFER_SIZE);
    if (wal->pending == NULL) {
        wal_destroy(wal);
        return error_no_memory(error);
    }
    if (!copy_segments(wal, recovery, error)) {
        wal_destroy(wal);
        return false;
    }
    *out = wal;
    return true;
}

static bool finish_locked(struct wal *wal, struct ssql_error *error)
{
    struct wal_record_header header = {.kind = WAL_RECORD_CLOSE, .first_sequence = wal->last_sequence};

    if (wal->has_failed)
        return wal_fail_again(wal, error);
    if (!wal->is_finished && wal->log != NULL) {
        wal_wait_for_leader(wal);
        if (!wal_sync_alone(wal, error))
            return false;
        bool is_put = put_record(wal, &header, NULL, 0, error);
        assert(is_put); /* there is room for it in the buffer, which is empty now */
        (void)is_put;
        if (!wal_sync_alone(wal, error))
            return false;
    }
    wal->is_finished = true;
    return true;
}

bool wal_finish(struct wal *wal, struct ssql_error *error)
{
    wal_stop_thread(wal);
    pthread_mutex_lock(&wal->mutex);
    bool is_finished = finish_locked(wal, error);
    struct wal_segment recycled[WAL_RECYCLE_CAPACITY];
    size_t count = wal->recycled_count;
    memcpy(recycled, wal->recycled, sizeof recycled);
    wal->recycled_count = 0;
    pthread_mutex_unlock(&wal->mutex);
    /* Nobody will use their blocks. That one stays behind is no failure of the log: the next clean-up finds it. */
    for (size_t i = 0; i < count; i++) {
        char name[WAL_NAME_SIZE];
        wal_segment_name(recycled[i].epoch, recycled[i].number, name);
        enum volume_status ignored = log_delete(wal->volume, name, NULL);
        (void)ignored;
    }
    return is_finished;
}

void wal_destroy(struct wal *wal)
{
    if (wal == NULL)
        return;
    wal_stop_thread(wal);
    log_close(wal->log);
    pthread_cond_destroy(&wal->progress);
    pthread_cond_destroy(&wal->wake);
    pthread_mutex_destroy(&wal->mutex);
    free(wal->segments);
    free(wal->pending);
    free(wal);
}
