#include "storage/salvage.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>

#include "storage/salvage_internal.h"
#include "storage/scan.h"
#include "storage/transaction.h"

/* ---- reporting ---- */

static bool send_finding(struct salvage *salvage, struct salvage_finding *finding, const char *file, uint32_t table_id)
{
    snprintf(finding->file, sizeof finding->file, "%s", file);
    finding->table_id = table_id;
    finding->progress = salvage->progress;
    salvage->progress->loss_count += finding->kind == SALVAGE_LOST;
    if (salvage->report(salvage->context, finding))
        return true;
    return error_set(salvage->error, SSQL_INTERRUPTED, NO_SPAN, "the salvage was interrupted");
}

bool salvage_find(struct salvage *salvage, enum salvage_kind kind, const char *file, uint32_t table_id,
                  const char *format, ...)
{
    struct salvage_finding finding = {.kind = kind};
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(finding.text, sizeof finding.text, format, arguments);
    va_end(arguments);
    return send_finding(salvage, &finding, file, table_id);
}

static uint64_t highest_of(const struct sstable_info *info)
{
    return info->base_sequence != 0 ? info->base_sequence : info->highest_sequence;
}

/* Whether a file may have older versions of keys in a gap of another one: it lies below, or is older in level 0. */
static bool may_hold_older(const struct manifest_file *file, const struct salvage_gap *gap)
{
    bool is_older = file->level > gap->level ||
                    (file->level == 0 && gap->level == 0 && highest_of(&file->info) < highest_of(gap->known));

    return is_older && (gap->after.data == NULL || slice_compare(buffer_slice(&file->info.last_key), gap->after) > 0) &&
           (gap->before.data == NULL || slice_compare(buffer_slice(&file->info.first_key), gap->before) < 0);
}

static bool has_older(const struct salvage *salvage, uint32_t table_id, const struct salvage_gap *gap)
{
    const struct manifest *manifest = salvage->manifest;

    if (manifest == NULL)
        return true;
    assert(gap->known != NULL);
    for (uint32_t i = 0; i < manifest->table_count; i++)
        for (uint32_t j = 0; manifest->tables[i].id == table_id && j < manifest->tables[i].file_count; j++)
            if (may_hold_older(&manifest->tables[i].files[j], gap))
                return true;
    return false;
}

bool salvage_find_gap(struct salvage *salvage, const char *file, uint32_t table_id, const struct salvage_gap *gap,
                      const char *format, ...)
{
    struct salvage_finding finding = {.kind = SALVAGE_LOST,
                                      .has_older = has_older(salvage, table_id, gap),
                                      .after = gap->after,
                                      .before = gap->before};
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(finding.text, sizeof finding.text, format, arguments);
    va_end(arguments);
    return send_finding(salvage, &finding, file, table_id);
}

bool salvage_is_hindered(const struct ssql_error *fault)
{
    return fault->code == SSQL_NO_MEMORY || fault->code == SSQL_TOO_MANY_OPEN;
}

bool salvage_find_fault(struct salvage *salvage, const char *file, uint32_t table_id, const struct ssql_error *fault)
{
    if (!salvage_is_hindered(fault))
        return salvage_find(salvage, SALVAGE_LOST, file, table_id, "%s", fault->message);
    *salvage->error = *fault;
    return false;
}

/* ---- what is there ---- */

static int compare_sources(const void *left, const void *right)
{
    return strcmp(((const struct salvage_source *)left)->name, ((const struct salvage_source *)right)->name);
}

static bool note_source(void *context, const char *name, uint64_t size)
{
    struct salvage *salvage = context;

    if (salvage->source_count == salvage->source_capacity) {
        uint32_t capacity = salvage->source_capacity == 0 ? 64 : salvage->source_capacity * 2;
        struct salvage_source *sources = realloc(salvage->sources, capacity * sizeof *sources);
        if (sources == NULL)
            return error_no_memory(salvage->error);
        salvage->sources = sources;
        salvage->source_capacity = capacity;
    }
    struct salvage_source *source = &salvage->sources[salvage->source_count++];
    snprintf(source->name, sizeof source->name, "%s", name);
    source->size = size;
    return true;
}

static bool list_sources(struct salvage *salvage)
{
    salvage->error->code = SSQL_OK;
    if (volume_list(salvage->from, note_source, salvage, salvage->error) != VOLUME_OK ||
        salvage->error->code != SSQL_OK)
        return false;
    if (salvage->source_count > 0)
        qsort(salvage->sources, salvage->source_count, sizeof *salvage->sources, compare_sources);
    return true;
}

const struct salvage_source *salvage_source(const struct salvage *salvage, const char *name)
{
    struct salvage_source wanted;

    snprintf(wanted.name, sizeof wanted.name, "%s", name);
    return salvage->source_count == 0
               ? NULL
               : bsearch(&wanted, salvage->sources, salvage->source_count, sizeof *salvage->sources, compare_sources);
}

/* ---- tables ---- */

struct salvage_table *salvage_table(struct salvage *salvage, uint32_t id)
{
    for (uint32_t i = 0; i < salvage->table_count; i++)
        if (salvage->tables[i].id == id)
            return &salvage->tables[i];
    return NULL;
}

bool salvage_add_table(struct salvage *salvage, uint32_t id, const struct table_layout *layout,
                       struct salvage_table **table)
{
    if (salvage->table_count == salvage->table_capacity) {
        uint32_t capacity = salvage->table_capacity == 0 ? 16 : salvage->table_capacity * 2;
        struct salvage_table *tables = realloc(salvage->tables, capacity * sizeof *tables);
        if (tables == NULL)
            return error_no_memory(salvage->error);
        salvage->tables = tables;
        salvage->table_capacity = capacity;
    }
    *table = &salvage->tables[salvage->table_count];
    **table = (struct salvage_table){.id = id, .layout = *layout};
    if (!row_format_create(layout, &(*table)->format, salvage->error))
        return false;
    salvage->table_count++;
    return true;
}

struct manifest_file *salvage_reserve_file(struct salvage *salvage, struct salvage_table *table)
{
    if (table->file_count == table->file_capacity) {
        uint32_t capacity = table->file_capacity == 0 ? 8 : table->file_capacity * 2;
        struct manifest_file *files = realloc(table->files, capacity * sizeof *files);
        if (files == NULL) {
            error_no_memory(salvage->error);
            return NULL;
        }
        table->files = files;
        table->file_capacity = capacity;
    }
    struct manifest_file *file = &table->files[table->file_count];
    *file = (struct manifest_file){0};
    return file;
}

void salvage_new_name(struct salvage *salvage, uint32_t table_id, char name[SSTABLE_NAME_SIZE])
{
    snprintf(name, SSTABLE_NAME_SIZE, "tables/%" PRIu32 "/sst-salvage-%" PRIu64 "-%" PRIu64, table_id, salvage->epoch,
             salvage->next_file_number++);
}

void salvage_count_file(struct salvage *salvage, struct salvage_table *table)
{
    (void)salvage;
    assert(table->files[table->file_count].info.row_count > 0);
    table->file_count++;
}

/* ---- with a manifest ---- */

static bool take_known_file(struct salvage *salvage, struct salvage_table *table, const struct manifest_file *file)
{
    const struct salvage_source *source = salvage_source(salvage, file->info.name);

    if (source != NULL)
        return salvage_file(salvage, table, source, file->level, &file->info);
    const struct salvage_gap gap = {.known = &file->info, .level = file->level};
    return salvage_find_gap(salvage, file->info.name, table->id, &gap,
                            "the file is missing: %" PRIu64 " rows, deletions among them, are lost",
                            file->info.row_count);
}

static bool take_known_tables(struct salvage *salvage)
{
    const struct manifest *manifest = salvage->manifest;
    struct salvage_table *table;

    salvage->epoch = manifest->header.epoch;
    salvage->last_sequence = manifest->header.last_sequence;
    for (uint32_t i = 0; i < manifest->table_count; i++) {
        const struct manifest_table *known = &manifest->tables[i];
        if (!salvage_add_table(salvage, known->id, known->layout, &table))
            return false;
        table->flushed_sequence = known->flushed_sequence;
        for (uint32_t j = 0; j < known->file_count; j++)
            salvage->progress->byte_total += known->files[j].info.size;
    }
    for (uint32_t i = 0; i < manifest->table_count; i++)
        for (uint32_t j = 0; j < manifest->tables[i].file_count; j++)
            if (!take_known_file(salvage, salvage_table(salvage, manifest->tables[i].id),
                                 &manifest->tables[i].files[j]))
                return false;
    return true;
}

/* ---- without one ---- */

/* The table and the epoch in "tables/<id>/sst-<epoch>-<number>", words before the epoch left out. */
static bool file_numbers(const char *name, uint32_t *table_id, uint64_t *epoch)
{
    char *end;

    if (strncmp(name, "tables/", 7) != 0 || name[7] < '0' || name[7] > '9')
        return false;
    unsigned long long id = strtoull(name + 7, &end, 10);
    if (id == 0 || id > UINT32_MAX || strncmp(end, "/sst-", 5) != 0)
        return false;
    const char *leaf = end + 5;
    leaf += strcspn(leaf, "0123456789");
    *table_id = (uint32_t)id;
    *epoch = strtoull(leaf, &end, 10);
    if (end == leaf || *end != '-')
        return false;
    leaf = end + 1;
    strtoull(leaf, &end, 10);
    return end != leaf && *end == '\0';
}

/* Tables with the layout that any of their files tells. */
static bool find_tables(struct salvage *salvage)
{
    for (uint32_t i = 0; i < salvage->source_count; i++) {
        const struct salvage_source *source = &salvage->sources[i];
        struct table_layout layout;
        uint64_t epoch, highest;
        bool is_known;
        uint32_t id;
        if (!file_numbers(source->name, &id, &epoch))
            continue;
        salvage->epoch = epoch > salvage->epoch ? epoch : salvage->epoch;
        salvage->progress->byte_total += source->size;
        if (!salvage_read_layout(salvage, source, &is_known, &layout, &highest))
            return false;
        if (!is_known)
            continue;
        struct salvage_table *table = salvage_table(salvage, id);
        if (table == NULL && !salvage_add_table(salvage, id, &layout, &table))
            return false;
        table->flushed_sequence = highest > table->flushed_sequence ? highest : table->flushed_sequence;
    }
    return true;
}

static bool take_found_files(struct salvage *salvage)
{
    for (uint32_t i = 0; i < salvage->source_count; i++) {
        const struct salvage_source *source = &salvage->sources[i];
        uint64_t epoch;
        uint32_t id;
        if (!file_numbers(source->name, &id, &epoch))
            continue;
        struct salvage_table *table = salvage_table(salvage, id);
        bool is_done = table != NULL ? salvage_file(salvage, table, source, 0, NULL)
                                     : salvage_find(salvage, SALVAGE_LOST, source->name, id, "%s",
                                                    "no file of the table says what its columns are: it is lost");
        if (!is_done)
            return false;
    }
    return true;
}

static bool take_found_tables(struct salvage *salvage, const struct ssql_error *fault)
{
    bool has_file = false;

    for (uint32_t i = 0; i < salvage->source_count && !has_file; i++)
        has_file =
            strncmp(salvage->sources[i].name, "tables/", 7) == 0 || strncmp(salvage->sources[i].name, "wal/", 4) == 0;
    if (!has_file)
        return error_set(salvage->error, SSQL_CANNOT_OPEN, NO_SPAN, "there is nothing of a database in \"%s\"",
                         volume_path(salvage->from));
    return salvage_find(salvage, SALVAGE_LOST, "manifest", 0,
                        "%s; which files count is not known any more, so all do: rows may be older than their last "
                        "version, deleted ones may be back, and ones that were never committed be there",
                        fault->message) &&
           find_tables(salvage) && take_found_files(salvage);
}

/* ---- the new database ---- */

/* By level; level 0 newest first. Below it files are as the old manifest had them: by key. */
static int compare_files(const void *left, const void *right)
{
    const struct manifest_file *a = left, *b = right;
    uint64_t first = highest_of(&a->info), second = highest_of(&b->info);

    if (a->level != b->level)
        return (a->level > b->level) - (a->level < b->level);
    if (a->level > 0)
        return slice_compare(buffer_slice(&a->info.first_key), buffer_slice(&b->info.first_key));
    return (first < second) - (first > second);
}

static int compare_ids(const void *left, const void *right)
{
    uint32_t a = ((const struct salvage_table *)left)->id, b = ((const struct salvage_table *)right)->id;

    return (a > b) - (a < b);
}

static void encode_table(struct buffer *bytes, struct salvage_table *table, uint64_t last_sequence)
{
    struct written_bytes written = {0};

    if (table->file_count > 1)
        qsort(table->files, table->file_count, sizeof *table->files, compare_files);
    for (uint32_t i = 0; i < table->file_count; i++)
        written.flushed += table->files[i].info.size;
    manifest_add_table(bytes, table->id, 0, last_sequence, written, &table->layout, table->file_count);
    for (uint32_t i = 0; i < table->file_count; i++)
        manifest_add_file(bytes, table->files[i].level, &table->files[i].info);
}

static bool encode(struct salvage *salvage, struct buffer *bytes)
{
    struct manifest_header header = {.epoch = salvage->epoch,
                                     .next_file_number = salvage->next_file_number,
                                     .next_table_id = FIRST_USER_TABLE,
                                     .last_sequence = salvage->last_sequence,
                                     .catalog_sequence = salvage->last_sequence};
    uint32_t count = 0;

    if (getentropy(header.database_id, sizeof header.database_id) != 0)
        return error_set(salvage->error, SSQL_IO, NO_SPAN, "the system gives no random bytes");
    if (salvage->manifest != NULL)
        header.next_table_id = salvage->manifest->header.next_table_id;
    for (uint32_t i = 0; i < salvage->table_count; i++) {
        const struct salvage_table *table = &salvage->tables[i];
        if (table->id >= header.next_table_id)
            header.next_table_id = table->id + 1;
        if (table->is_dropped)
            continue;
        count++;
        for (uint32_t j = 0; j < table->file_count; j++)
            header.written.flushed += table->files[j].info.size;
    }
    if (salvage->table_count > 1)
        qsort(salvage->tables, salvage->table_count, sizeof *salvage->tables, compare_ids);
    manifest_begin(bytes, &header, NULL, 0, count);
    for (uint32_t i = 0; i < salvage->table_count; i++)
        if (!salvage->tables[i].is_dropped)
            encode_table(bytes, &salvage->tables[i], salvage->last_sequence);
    manifest_seal(bytes);
    if (!bytes->failed)
        return true;
    return error_no_memory(salvage->error);
}

static bool publish(struct salvage *salvage)
{
    struct buffer bytes = {0};
    uint64_t version = 0;
    bool used_object, is_done;
    char object[VOLUME_NAME_SIZE];

    snprintf(object, sizeof object, "tables/manifest-salvage-%" PRIu64 "-%" PRIu64, salvage->epoch,
             salvage->next_file_number++);
    is_done = encode(salvage, &bytes) && manifest_store(salvage->to, buffer_slice(&bytes), object, &version,
                                                        &used_object, salvage->error) == VOLUME_OK;
    buffer_clear(&bytes);
    return is_done;
}

/* ---- all of it ---- */

static bool is_about_the_data(const struct ssql_error *fault)
{
    return fault->code == SSQL_CORRUPT || fault->code == SSQL_IO || fault->code == SSQL_CANNOT_OPEN;
}

static bool run(struct salvage *salvage)
{
    struct ssql_error fault = {0};
    bool is_known = manifest_load(salvage->from, &salvage->manifest, &fault);

    if (!is_known && !is_about_the_data(&fault)) {
        *salvage->error = fault;
        return false;
    }
    if (is_known && salvage->manifest->version == 0) {
        manifest_destroy(salvage->manifest);
        salvage->manifest = NULL;
        error_set(&fault, SSQL_CORRUPT, NO_SPAN, "it is missing");
    }
    return list_sources(salvage) &&
           (salvage->manifest != NULL ? take_known_tables(salvage) : take_found_tables(salvage, &fault)) &&
           salvage_log(salvage) && salvage_write_memtables(salvage) && publish(salvage);
}

static void clear(struct salvage *salvage)
{
    for (uint32_t i = 0; i < salvage->table_count; i++) {
        struct salvage_table *table = &salvage->tables[i];
        for (uint32_t j = 0; j < table->file_count; j++)
            sstable_info_clear(&table->files[j].info);
        free(table->files);
        memtable_release(table->memtable);
        row_format_destroy(table->format);
    }
    free(salvage->tables);
    free(salvage->sources);
    manifest_destroy(salvage->manifest);
}

bool volume_salvage(struct volume *from, struct volume *to, salvage_report *report, void *context,
                    struct salvage_progress *progress, struct ssql_error *error)
{
    struct ssql_error own = {0};
    struct salvage salvage = {.from = from,
                              .to = to,
                              .report = report,
                              .context = context,
                              .progress = progress,
                              .error = &own,
                              .next_file_number = 1};

    *progress = (struct salvage_progress){0};
    bool is_done = run(&salvage);
    clear(&salvage);
    if (!is_done && error != NULL)
        *error = own;
    return is_done;
}

static bool count_range(struct transaction *transaction, struct table *table, const struct scan_request *request,
                        uint64_t *count, struct ssql_error *error)
{
    struct batch batch = {0};
    struct scan *scan;
    bool is_read;

    if (!scan_open(transaction, table, request, &scan, error))
        return false;
    do {
        is_read = scan_next(scan, &batch, error);
        if (is_read)
            *count += batch.selected_count;
    } while (is_read && batch.row_count > 0);
    scan_close(scan);
    return is_read;
}

bool salvage_count_rows(struct engine *engine, uint32_t table_id, struct slice after, struct slice before,
                        uint64_t *count, struct ssql_error *error)
{
    const struct scan_request request = {.low = after, .high = before, .low_exclusive = true, .high_exclusive = true};
    struct transaction *transaction = NULL;
    struct table *table;

    *count = 0;
    bool is_done = transaction_create_reading(engine, &transaction, error) &&
                   transaction_find_table(transaction, table_id, &table, error) &&
                   (table == NULL || count_range(transaction, table, &request, count, error));
    transaction_destroy(transaction);
    return is_done;
}
