/* wal_fuzzer.c - any bytes as a write-ahead log. The input is cut into up to four segments, whose headers and records
 * get right checksums, but for records that ask for a wrong one: torn and damaged logs are reached, and what stands in
 * a record whose checksum is right is never trusted either. A log that is accepted is accepted again by who comes after
 * a kill, with the same rows.
 *
 * Input: flags (bits 0-1: segments less one; bit 2: the manifest knows the run's end), then the segments' bytes in
 * equal parts, each from its header's first byte. */
#include <assert.h>
#include <stdlib.h>

#include "base/bytes.h"
#include "storage/manifest.h"
#include "storage/scan.h"
#include "storage/transaction.h"
#include "storage/wal_format.h"
#include "volume/volume_memory.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum {
    EPOCH = 3,
    TABLE = FIRST_USER_TABLE,
    SEGMENTS_MOST = 4,
    LARGEST = 1 << 16,
    LEAVE_WRONG = 0xFF, /* first byte of a record whose checksum is not mended */
    FLAG_HAS_END = 4,
};

static const struct table_layout LAYOUT = {
    .column_count = 4,
    .key_count = 2,
    .types = {SSQL_TYPE_INT, SSQL_TYPE_STRING, SSQL_TYPE_BOOL, SSQL_TYPE_FLOAT},
    .key_columns = {1, 0},
};

/* What the writer of these segments would know. */
struct written {
    uint64_t end_offset;
    uint64_t last_sequence;
};

static void mend_record(uint8_t *at, size_t room, struct wal_place place)
{
    struct wal_record_header header = {
        .kind = at[4] == WAL_RECORD_CLOSE ? WAL_RECORD_CLOSE : WAL_RECORD_TRANSACTION,
        .payload_size = load_u32le(at + 8),
        .sequence_count = load_u32le(at + 12),
        .first_sequence = load_u64le(at + 16),
        .durable_offset = load_u32le(at + 36),
    };
    struct slice payload = slice_make(at + WAL_RECORD_HEADER_SIZE, header.payload_size);

    if (header.payload_size <= room - WAL_RECORD_HEADER_SIZE)
        header.payload_checksum = wal_payload_checksum(&payload, 1, place);
    wal_encode_record_header(&header, place, at);
}

static void mend_segment(uint8_t *bytes, size_t size, uint64_t number, struct written *written)
{
    struct wal_segment_header header = {
        .epoch = EPOCH,
        .number = number,
        .previous_end = number == 1 ? 0 : written->end_offset,
        .previous_sequence = number == 1 ? 0 : written->last_sequence,
    };
    size_t offset = WAL_SEGMENT_HEADER_SIZE;

    wal_encode_segment_header(&header, bytes);
    while (size - offset >= WAL_RECORD_HEADER_SIZE) {
        uint8_t *at = bytes + offset;
        if (at[0] != LEAVE_WRONG)
            mend_record(at, size - offset, (struct wal_place){EPOCH, number, offset});
        uint64_t record_size = wal_record_size(load_u32le(at + 8));
        if (record_size > size - offset)
            break;
        offset += record_size;
        if (at[4] == WAL_RECORD_TRANSACTION)
            written->last_sequence = load_u64le(at + 16) + load_u32le(at + 12) - 1;
    }
    written->end_offset = offset;
}

static bool put_segment(struct volume *volume, const uint8_t *bytes, size_t size, uint64_t number)
{
    char name[WAL_NAME_SIZE];
    struct volume_log *log;

    wal_segment_name(EPOCH, number, name);
    if (log_create(volume, name, size, NULL, &log, NULL) != VOLUME_OK)
        return false;
    bool is_done = log_append(log, slice_make(bytes, size), NULL) == VOLUME_OK && log_sync(log, NULL) == VOLUME_OK;
    log_close(log);
    return is_done;
}

static bool put_manifest(struct volume *volume, uint64_t segments, bool has_end, const struct written *written)
{
    const struct manifest_header header = {
        .epoch = EPOCH, .next_file_number = 1, .next_table_id = TABLE + 1, .last_sequence = 0};
    const struct wal_run run = {.epoch = EPOCH,
                                .first_segment = 1,
                                .has_end = has_end,
                                .end_segment = segments,
                                .end_offset = written->end_offset,
                                .end_sequence = written->last_sequence};
    struct buffer bytes = {0};
    uint64_t version = 0;
    bool used_object;

    manifest_begin(&bytes, &header, &run, 1, 1);
    manifest_add_table(&bytes, TABLE, 0, 0, (struct written_bytes){0}, &LAYOUT, 0);
    manifest_seal(&bytes);
    bool is_done = !bytes.failed && manifest_store(volume, buffer_slice(&bytes), "tables/manifest-1-1", &version,
                                                   &used_object, NULL) == VOLUME_OK;
    buffer_clear(&bytes);
    return is_done;
}

/* All values are looked at, so that a sanitizer sees one that lies outside. */
static uint64_t hash_batch(const struct batch *batch, uint64_t hash)
{
    for (uint32_t i = 0; i < batch->selected_count; i++) {
        uint32_t row = batch->selection == NULL ? i : batch->selection[i];
        for (uint32_t column = 0; column < LAYOUT.column_count; column++) {
            struct value value = vector_value(&batch->columns[column], row);
            hash = value_hash(&value, hash);
        }
    }
    return hash;
}

/* False when memory ran out. */
static bool read_rows(struct engine *engine, uint64_t *hash)
{
    static const uint16_t columns[] = {0, 1, 2, 3};
    const struct scan_request request = {.columns = columns, .column_count = 4, .in_key_order = true};
    struct transaction *transaction = NULL;
    struct scan *scan = NULL;
    struct batch batch;
    struct ssql_error error;

    *hash = 1;
    bool is_done = transaction_create(engine, &transaction, &error) &&
                   transaction_begin(transaction, TRANSACTION_READ, COMMIT_DURABLE, &error);
    struct table *table = is_done ? transaction_table(transaction, TABLE) : NULL;
    if (table != NULL) { /* a record may have dropped it */
        is_done = scan_open(transaction, table, &request, &scan, &error);
        while (is_done && (is_done = scan_next(scan, &batch, &error)) && batch.row_count > 0)
            *hash = hash_batch(&batch, *hash);
        scan_close(scan);
    }
    transaction_destroy(transaction);
    return is_done;
}

static void open_engine(struct volume *volume, size_t memtable_bytes, struct engine **engine, struct ssql_error *error)
{
    struct engine_options options;

    engine_options_init(&options);
    options.background = false;
    options.memory_limit_bytes = 1 << 20;
    options.memtable_bytes = memtable_bytes;
    options.block_rows = 16;
    if (!engine_open(volume, &options, engine, error)) {
        assert(error->code != SSQL_OK && error->message[0] != '\0');
        *engine = NULL;
    }
}

static void open_twice(struct volume *volume)
{
    struct volume *after = NULL;
    struct engine *engine;
    struct ssql_error error = {0};
    uint64_t first, second;

    open_engine(volume, 0, &engine, &error);
    if (engine == NULL)
        return;
    bool is_read = read_rows(engine, &first);
    bool is_copied = volume_memory_crash(volume, UINT64_MAX, &after, &error);
    engine_close(engine, &error);
    if (!is_copied)
        return;
    open_engine(after, 4096, &engine, &error);
    assert(engine != NULL || error.code == SSQL_NO_MEMORY);
    if (engine != NULL && is_read && read_rows(engine, &second))
        assert(first == second);
    engine_close(engine, &error);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct ssql_error error;
    struct volume *volume;
    struct written written = {0};

    if (size < 1 || size > LARGEST)
        return 0;
    uint64_t segments = data[0] % SEGMENTS_MOST + 1;
    size_t part = (size - 1) / segments;
    if (part < WAL_SEGMENT_HEADER_SIZE || !volume_memory_create(&volume, &error))
        return 0;
    uint8_t *bytes = malloc(part);
    bool is_put = bytes != NULL;
    for (uint64_t i = 0; i < segments && is_put; i++) {
        memcpy(bytes, data + 1 + i * part, part);
        mend_segment(bytes, part, i + 1, &written);
        is_put = put_segment(volume, bytes, part, i + 1);
    }
    free(bytes);
    if (is_put && put_manifest(volume, segments, (data[0] & FLAG_HAS_END) != 0, &written))
        open_twice(volume);
    else
        volume_close(volume);
    return 0;
}
