/* Reads the log as recovery does, and looks at what its records say, without building anything from them. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "storage/check_internal.h"
#include "storage/transaction.h"
#include "storage/transaction_record.h"

enum { ATTEMPTS_BESIDE_WRITER = 10 };

/* A table that records may write to. */
struct log_table {
    uint32_t id;
    struct row_format *format;
    bool is_dropped;
};

struct log_check {
    const struct manifest *manifest;
    struct log_table *tables;
    uint32_t table_count, table_capacity;
    struct log_table *last; /* looked up */
    uint32_t created_count; /* tables of users, less those dropped */
    struct buffer key;
    struct operation_reader reader;
};

static bool damaged_record(const struct wal_record *record, const char *what, struct ssql_error *error)
{
    char name[WAL_NAME_SIZE];

    wal_segment_name(record->epoch, record->segment, name);
    return error_set(error, SSQL_CORRUPT, NO_SPAN, "\"%s\" is damaged at offset %" PRIu64 ": %s", name, record->offset,
                     what);
}

/* ---- the tables ---- */

static bool add_table(struct log_check *log, uint32_t id, const struct table_layout *layout, struct ssql_error *error)
{
    if (log->table_count == log->table_capacity) {
        uint32_t capacity = log->table_capacity == 0 ? 32 : log->table_capacity * 2;
        struct log_table *larger = realloc(log->tables, capacity * sizeof *larger);
        if (larger == NULL)
            return error_no_memory(error);
        log->tables = larger;
        log->table_capacity = capacity;
        log->last = NULL;
    }
    struct log_table *table = &log->tables[log->table_count];
    *table = (struct log_table){.id = id};
    if (!row_format_create(layout, &table->format, error))
        return false;
    log->table_count++;
    return true;
}

static struct log_table *find_table(struct log_check *log, uint32_t id)
{
    if (log->last != NULL && log->last->id == id)
        return log->last;
    for (uint32_t i = 0; i < log->table_count; i++) {
        if (log->tables[i].id == id) {
            log->last = &log->tables[i];
            return log->last;
        }
    }
    return NULL;
}

static bool take_tables(struct log_check *log, struct ssql_error *error)
{
    for (uint32_t i = 0; i < log->manifest->table_count; i++)
        if (!add_table(log, log->manifest->tables[i].id, log->manifest->tables[i].layout, error))
            return false;
    return true;
}

static void clear_tables(struct log_check *log)
{
    for (uint32_t i = 0; i < log->table_count; i++)
        row_format_destroy(log->tables[i].format);
    free(log->tables);
    buffer_clear(&log->key);
}

/* ---- what records say ---- */

static bool check_write(struct log_check *log, const struct wal_record *record,
                        const struct record_operation *operation, uint64_t sequence, struct ssql_error *error)
{
    const struct log_table *table = find_table(log, operation->table_id);

    if (table == NULL) {
        /* Dropped by a commit that the manifest has entered already. */
        if (sequence <= log->manifest->header.catalog_sequence)
            return true;
        return damaged_record(record, "it writes to a table that does not exist", error);
    }
    if (operation->kind == RECORD_DELETE) {
        bool is_key;
        if (!row_key_check(table->format, operation->bytes, &log->key, &is_key, error))
            return false;
        if (!is_key)
            return damaged_record(record, "a key does not fit its table", error);
        return true;
    }
    if (!row_check(table->format, operation->bytes))
        return damaged_record(record, "a row does not fit its table", error);
    buffer_reset(&log->key);
    return row_key(table->format, operation->bytes, &log->key, error);
}

static bool check_schema_change(struct log_check *log, const struct wal_record *record,
                                const struct record_operation *operation, uint64_t sequence, struct ssql_error *error)
{
    struct log_table *table = find_table(log, operation->table_id);
    bool is_user_table = operation->table_id >= FIRST_USER_TABLE;

    if (sequence <= log->manifest->header.catalog_sequence)
        return true;
    if (operation->kind == RECORD_CREATE) {
        if (table != NULL)
            return damaged_record(record, "it creates a table that exists", error);
        log->created_count += is_user_table;
        return add_table(log, operation->table_id, operation->layout, error);
    }
    if (table == NULL || table->is_dropped)
        return damaged_record(record, "it drops a table that does not exist", error);
    table->is_dropped = true;
    log->created_count -= is_user_table;
    return true;
}

static bool check_record(void *context, const struct wal_record *record, struct ssql_error *error)
{
    struct log_check *log = context;
    struct record_operation operation;
    uint32_t index = 0;

    if (!operation_reader_init(&log->reader, record->payload))
        return damaged_record(record, "its record is of an unknown kind", error);
    for (;; index++) {
        enum record_step step = operation_reader_next(&log->reader, &operation);
        if (step == RECORD_STEP_END)
            break;
        if (step == RECORD_STEP_DAMAGED || (record->sequence_count > 1 && index >= record->sequence_count))
            return damaged_record(record, "an operation runs past its end", error);
        uint64_t sequence = record->first_sequence + (record->sequence_count > 1 ? index : 0);
        bool is_write = operation.kind == RECORD_PUT || operation.kind == RECORD_DELETE;
        if (!(is_write ? check_write(log, record, &operation, sequence, error)
                       : check_schema_change(log, record, &operation, sequence, error)))
            return false;
    }
    if (record->sequence_count > 1 && index != record->sequence_count)
        return damaged_record(record, "it has fewer operations than sequence numbers", error);
    return true;
}

/* ---- the whole log ---- */

static bool read_log(struct check *check, struct log_check *log, struct ssql_error *fault)
{
    *log = (struct log_check){.manifest = check->manifest};
    wal_recovery_clear(&check->log);
    bool is_whole =
        take_tables(log, fault) && wal_recover(check->volume, check->manifest->runs, check->manifest->run_count, false,
                                               check_record, log, &check->log, fault);
    clear_tables(log);
    return is_whole;
}

/* Name of the segment that a message is about, without the volume's path, which may have a "wal/" too. */
static void find_segment(const char *message, char name[VOLUME_NAME_SIZE])
{
    const char *begin = "";

    for (const char *next = strstr(message, "wal/"); next != NULL; next = strstr(next + 1, "wal/"))
        begin = next;
    snprintf(name, VOLUME_NAME_SIZE, "%.*s", (int)strcspn(begin, "\""), begin);
}

/* A writer at work may append, or retire a segment, between two looks: what is damage stays the same. */
static bool read_settled_log(struct check *check, struct log_check *log, struct ssql_error *fault)
{
    struct ssql_error before = {0};

    for (int attempt = 0; attempt < ATTEMPTS_BESIDE_WRITER; attempt++) {
        if (read_log(check, log, fault))
            return true;
        if (check_manifest_changed(check)) {
            check->is_behind = true;
            return false;
        }
        if (strcmp(before.message, fault->message) == 0)
            return false;
        before = *fault;
    }
    check->is_behind = true; /* it never was the same twice */
    return false;
}

static bool report_stain(struct check *check)
{
    const struct wal_recovery *found = &check->log;
    char name[WAL_NAME_SIZE], text[96];

    if (found->stain_offset == 0)
        return true;
    wal_segment_name(found->stain_epoch, found->stain_segment, name);
    snprintf(text, sizeof text, "at offset %" PRIu64 ": what stands between two records is not zero",
             found->stain_offset);
    return check_find(check, CHECK_DAMAGE, name, (int64_t)found->stain_offset, 0, text);
}

bool check_log(struct check *check)
{
    struct log_check log;
    struct ssql_error fault;
    char name[VOLUME_NAME_SIZE];

    if (!read_settled_log(check, &log, &fault)) {
        if (check->is_behind)
            return true;
        find_segment(fault.message, name);
        return check_find_fault(check, name, 0, "", &fault);
    }
    check->progress->table_count += log.created_count;
    for (size_t i = 0; i < check->log.segment_count; i++) {
        const struct wal_segment *segment = &check->log.segments[i];
        check->progress->file_count++;
        check->progress->byte_count += segment->size;
        check->progress->byte_total += segment->size;
        wal_segment_name(segment->epoch, segment->number, name);
        if (!check_find(check, CHECK_PROGRESS, name, -1, 0, ""))
            return false;
    }
    return report_stain(check);
}
