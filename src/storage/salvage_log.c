/* The log: read as recovery does as far as that goes. Behind damage every record that is whole by itself counts, for
 * its sequence says where it belongs; what stood between is lost. */
#include <inttypes.h>
#include <stdlib.h>

#include "base/bytes.h"
#include "storage/salvage_internal.h"
#include "storage/transaction.h"
#include "storage/transaction_record.h"
#include "storage/wal_format.h"

struct log_salvage {
    struct salvage *salvage;
    uint64_t catalog_sequence; /* creations and drops up to here are known */
    uint64_t applied_through;
    uint64_t record_count;  /* taken from behind damage */
    uint64_t strange_count; /* operations that fit no table */
    struct buffer key;
    struct operation_reader reader;
    bool has_failed; /* salvage->error is set */
};

/* ---- operations ---- */

static bool put(struct log_salvage *log, struct salvage_table *table, struct slice key, struct slice row,
                uint64_t sequence)
{
    struct ssql_error *error = log->salvage->error;

    if (table->memtable == NULL && !memtable_create(table->format, &table->memtable, error))
        return false;
    return memtable_put(table->memtable, key, row, sequence, error);
}

static bool apply_write(struct log_salvage *log, const struct record_operation *operation, uint64_t sequence)
{
    struct salvage_table *table = salvage_table(log->salvage, operation->table_id);
    struct ssql_error fault = {0};

    if (table == NULL || table->is_dropped) {
        log->strange_count += table == NULL && sequence > log->catalog_sequence;
        return true;
    }
    if (sequence <= table->flushed_sequence)
        return true;
    if (operation->kind == RECORD_DELETE) {
        bool fits;
        if (!row_key_check(table->format, operation->bytes, &log->key, &fits, log->salvage->error))
            return false;
        log->strange_count += !fits;
        return !fits || put(log, table, operation->bytes, (struct slice){0}, sequence);
    }
    buffer_reset(&log->key);
    if (!row_check(table->format, operation->bytes) || !row_key(table->format, operation->bytes, &log->key, &fault)) {
        log->strange_count++;
        if (fault.code != SSQL_NO_MEMORY)
            return true;
        return error_no_memory(log->salvage->error);
    }
    return put(log, table, buffer_slice(&log->key), operation->bytes, sequence);
}

static bool apply_schema_change(struct log_salvage *log, const struct record_operation *operation, uint64_t sequence)
{
    struct salvage_table *table = salvage_table(log->salvage, operation->table_id);

    if (sequence <= log->catalog_sequence)
        return true;
    if (operation->kind == RECORD_DROP) {
        if (table != NULL)
            table->is_dropped = true;
        return true;
    }
    return table != NULL || salvage_add_table(log->salvage, operation->table_id, operation->layout, &table);
}

static bool apply_record(struct log_salvage *log, struct slice payload, uint64_t first_sequence, uint32_t count)
{
    struct record_operation operation;
    uint32_t index = 0;

    log->applied_through = first_sequence + count - 1;
    if (log->applied_through > log->salvage->last_sequence)
        log->salvage->last_sequence = log->applied_through;
    if (!operation_reader_init(&log->reader, payload)) {
        log->strange_count++;
        return true;
    }
    for (;; index++) {
        enum record_step step = operation_reader_next(&log->reader, &operation);
        if (step != RECORD_STEP_OPERATION || (count > 1 && index >= count)) {
            log->strange_count += step != RECORD_STEP_END;
            return true;
        }
        uint64_t sequence = first_sequence + (count > 1 ? index : 0);
        bool is_write = operation.kind == RECORD_PUT || operation.kind == RECORD_DELETE;
        if (!(is_write ? apply_write(log, &operation, sequence) : apply_schema_change(log, &operation, sequence)))
            return false;
    }
}

static bool take_record(void *context, const struct wal_record *record, struct ssql_error *error)
{
    struct log_salvage *log = context;

    if (apply_record(log, record->payload, record->first_sequence, record->sequence_count))
        return true;
    log->has_failed = true;
    return error_set(error, log->salvage->error->code, NO_SPAN, "%s", log->salvage->error->message);
}

/* ---- a segment by itself ---- */

/* "wal/<epoch>-<number>". */
static bool segment_numbers(const char *name, uint64_t *epoch, uint64_t *number)
{
    char *end;

    if (strncmp(name, "wal/", 4) != 0 || name[4] < '0' || name[4] > '9')
        return false;
    *epoch = strtoull(name + 4, &end, 10);
    if (*end != '-' || end[1] < '0' || end[1] > '9')
        return false;
    *number = strtoull(end + 1, &end, 10);
    return *end == '\0';
}

static bool read_segment(struct log_salvage *log, const struct salvage_source *source, uint8_t **bytes, size_t *size)
{
    struct log_reader *reader;
    struct ssql_error fault;

    *size = 0;
    *bytes = malloc(source->size + 1);
    if (*bytes == NULL)
        return error_no_memory(log->salvage->error);
    if (log_open_reader(log->salvage->from, source->name, &reader, &fault) != VOLUME_OK)
        return salvage_find_fault(log->salvage, source->name, 0, &fault);
    bool is_read = log_read(reader, 0, *bytes, source->size, size, &fault) == VOLUME_OK;
    log_close_reader(reader);
    return is_read || salvage_find_fault(log->salvage, source->name, 0, &fault);
}

/* Every whole record that is newer than those before it. */
static bool scan_segment(struct log_salvage *log, const struct salvage_source *source, uint64_t epoch, uint64_t number)
{
    uint8_t *bytes;
    size_t size;
    bool is_done = read_segment(log, source, &bytes, &size);

    for (uint64_t offset = WAL_SEGMENT_HEADER_SIZE; is_done && offset + WAL_RECORD_HEADER_SIZE <= size;) {
        struct wal_place place = {epoch, number, offset};
        struct wal_record_header header;
        uint64_t next = offset + WAL_ALIGNMENT;
        if (wal_decode_record_header(bytes + offset, place, &header) &&
            header.payload_size <= size - offset - WAL_RECORD_HEADER_SIZE) {
            struct slice payload = slice_make(bytes + offset + WAL_RECORD_HEADER_SIZE, header.payload_size);
            if (wal_payload_checksum(&payload, 1, place) == header.payload_checksum) {
                next = offset + wal_record_size(header.payload_size);
                if (header.kind == WAL_RECORD_TRANSACTION && header.first_sequence > log->applied_through) {
                    log->record_count++;
                    is_done = apply_record(log, payload, header.first_sequence, header.sequence_count);
                }
            }
        }
        offset = next;
    }
    free(bytes);
    return is_done;
}

static bool is_of_a_run(const struct manifest *manifest, uint64_t epoch, uint64_t number)
{
    for (uint32_t i = 0; manifest != NULL && i < manifest->run_count; i++) {
        const struct wal_run *run = &manifest->runs[i];
        if (run->epoch == epoch && number >= run->first_segment && (!run->has_end || number <= run->end_segment))
            return true;
    }
    return manifest == NULL;
}

struct segment {
    const struct salvage_source *source;
    uint64_t epoch, number;
};

static int compare_segments(const void *left, const void *right)
{
    const struct segment *a = left, *b = right;

    if (a->epoch != b->epoch)
        return (a->epoch > b->epoch) - (a->epoch < b->epoch);
    return (a->number > b->number) - (a->number < b->number);
}

static bool scan_segments(struct log_salvage *log)
{
    struct salvage *salvage = log->salvage;
    struct segment *segments = calloc(salvage->source_count + (size_t)1, sizeof *segments);
    uint32_t count = 0;
    bool is_done = true;

    if (segments == NULL)
        return error_no_memory(salvage->error);
    for (uint32_t i = 0; i < salvage->source_count; i++) {
        struct segment *segment = &segments[count];
        segment->source = &salvage->sources[i];
        if (segment_numbers(segment->source->name, &segment->epoch, &segment->number) &&
            is_of_a_run(salvage->manifest, segment->epoch, segment->number))
            count++;
    }
    qsort(segments, count, sizeof *segments, compare_segments);
    for (uint32_t i = 0; i < count && is_done; i++)
        is_done = scan_segment(log, segments[i].source, segments[i].epoch, segments[i].number);
    free(segments);
    return is_done;
}

/* ---- all of it ---- */

static bool report_strange(struct log_salvage *log)
{
    return log->strange_count == 0 ||
           salvage_find(log->salvage, SALVAGE_LOST, "", 0, "%" PRIu64 " changes of the log fit no table that is known",
                        log->strange_count);
}

static bool read_known_log(struct log_salvage *log)
{
    struct salvage *salvage = log->salvage;
    struct wal_recovery found = {0};
    struct ssql_error fault = {0};

    log->catalog_sequence = salvage->manifest->header.catalog_sequence;
    bool is_whole = wal_recover(salvage->from, salvage->manifest->runs, salvage->manifest->run_count, false,
                                take_record, log, &found, &fault);
    wal_recovery_clear(&found);
    if (log->has_failed)
        return false;
    if (is_whole)
        return true;
    if (salvage_is_hindered(&fault)) {
        *salvage->error = fault;
        return false;
    }
    return scan_segments(log) && salvage_find(salvage, SALVAGE_LOST, "", 0,
                                              "the log: %s; commits there are lost, %" PRIu64
                                              " after them are kept; any row may be older than "
                                              "its last version",
                                              fault.message, log->record_count);
}

static bool read_unknown_log(struct log_salvage *log)
{
    return scan_segments(log) &&
           (log->record_count == 0 ||
            salvage_find(log->salvage, SALVAGE_NOTICE, "", 0,
                         "%" PRIu64 " commits are taken from the log as it is: whether all of it is there is not known",
                         log->record_count));
}

bool salvage_log(struct salvage *salvage)
{
    struct log_salvage log = {.salvage = salvage};
    bool is_done = salvage->manifest != NULL ? read_known_log(&log) : read_unknown_log(&log);

    is_done = is_done && report_strange(&log);
    buffer_clear(&log.key);
    return is_done;
}

static bool write_memtable(struct salvage *salvage, struct salvage_table *table)
{
    const struct sstable_writer_options options = {.block_rows = BATCH_CAPACITY,
                                                   .block_bytes = 256 << 10,
                                                   .filter_bits = 10,
                                                   .expected_rows = memtable_version_count(table->memtable),
                                                   .compress = true};
    char name[SSTABLE_NAME_SIZE];
    struct sstable_writer *writer;
    struct memtable_iterator iterator;
    struct manifest_file *entry = salvage_reserve_file(salvage, table);

    salvage_new_name(salvage, table->id, name);
    if (entry == NULL || !sstable_writer_create(salvage->to, name, table->format, &options, &writer, salvage->error))
        return false;
    memtable_iterator_init(&iterator, table->memtable, UINT64_MAX, false);
    memtable_iterator_seek(&iterator, (struct slice){0});
    for (; iterator.is_valid; memtable_iterator_next(&iterator)) {
        const struct memtable_version *row = &iterator.current;
        salvage->progress->row_count += row->row.data != NULL && table->id >= FIRST_USER_TABLE;
        if (!sstable_writer_add(writer, row->key, row->row, row->sequence, salvage->error)) {
            sstable_writer_abandon(writer);
            return false;
        }
    }
    if (!sstable_writer_finish(writer, &entry->info, salvage->error)) {
        sstable_info_clear(&entry->info);
        return false;
    }
    salvage_count_file(salvage, table);
    return true;
}

bool salvage_write_memtables(struct salvage *salvage)
{
    for (uint32_t i = 0; i < salvage->table_count; i++)
        if (salvage->tables[i].memtable != NULL && !salvage->tables[i].is_dropped &&
            !write_memtable(salvage, &salvage->tables[i]))
            return false;
    return true;
}
