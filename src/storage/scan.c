#include "storage/scan.h"

#include <assert.h>
#include <stdlib.h>

#include "storage/scan_internal.h"

enum {
    FIRST_ROWS = 112, /* so few of a block that decoding them costs little; for who does not say how many */
    SOURCES_KEPT = 4, /* a scan at rest holds some kilobytes for each column of each source */
    COLUMNS_KEPT = 16,
};

/* ---- sources ---- */

static bool memtable_is_wanted(const struct memtable *memtable, uint64_t snapshot)
{
    return memtable_version_count(memtable) > 0 && memtable_lowest_sequence(memtable) <= snapshot;
}

static uint32_t count_own_runs(const struct scan *scan)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < scan->own_file_count; count++)
        i += files_run_length(scan->own_files + i, scan->own_file_count - i);
    return count;
}

/* Whether the snapshot may see anything of the run. */
static bool run_is_wanted(const struct file_run *run, uint64_t snapshot)
{
    for (uint32_t i = 0; i < run->count; i++)
        if (run->files[i]->info.base_sequence <= snapshot)
            return true;
    return false;
}

static uint32_t count_sources(const struct scan *scan, const struct table_version *version)
{
    uint32_t count = (scan->own_memtable != NULL) + count_own_runs(scan) + version->memtable_count + version->run_count;

    for (uint32_t level = 1; level < LEVELS; level++)
        count += version->file_count[level] > 0;
    return count;
}

static struct scan_source *next_source(struct scan *scan)
{
    struct scan_source *source = &scan->sources[scan->source_count];

    if (scan->source_count == scan->source_made) {
        source_init(source, scan->format, scan->request.column_count, &scan->statistics);
        scan->source_made++;
    }
    return source;
}

/* A source without a row in the range does not count: the next one takes its place. */
static void keep_source(struct scan *scan)
{
    scan->source_count += scan->sources[scan->source_count].has_next;
}

static bool add_memtable(struct scan *scan, const struct memtable *memtable, const struct source_options *options,
                         struct ssql_error *error)
{
    bool started = source_start_memtable(next_source(scan), memtable, &scan->range, options, error);

    keep_source(scan);
    return started;
}

static void add_files(struct scan *scan, struct table_file *const *files, uint32_t count,
                      const struct source_options *options)
{
    source_start_files(next_source(scan), files, count, &scan->range, options);
    keep_source(scan);
}

/* The transaction's own writes come first and hide all else, the later ones the earlier. */
static bool add_own_sources(struct scan *scan, uint64_t memtable_snapshot, struct ssql_error *error)
{
    struct source_options options = {.own_rank = UINT64_MAX, .descending = scan->request.descending};

    options.snapshot = memtable_snapshot;
    if (scan->own_memtable != NULL && !add_memtable(scan, scan->own_memtable, &options, error))
        return false;
    options.snapshot = UINT64_MAX;
    for (uint32_t begin = 0, count; begin < scan->own_file_count; begin += count) {
        count = files_run_length(scan->own_files + begin, scan->own_file_count - begin);
        files_sort(scan->own_files + begin, count);
        options.own_rank--;
        add_files(scan, scan->own_files + begin, count, &options);
    }
    return true;
}

static bool add_version_sources(struct scan *scan, const struct table_version *version, struct ssql_error *error)
{
    const struct source_options options = {.snapshot = scan->snapshot, .descending = scan->request.descending};

    for (uint32_t i = 0; i < version->memtable_count; i++)
        if (memtable_is_wanted(version->memtables[i], scan->snapshot) &&
            !add_memtable(scan, version->memtables[i], &options, error))
            return false;
    for (uint32_t i = 0; i < version->run_count; i++)
        if (run_is_wanted(&version->runs[i], scan->snapshot))
            add_files(scan, version->runs[i].files, version->runs[i].count, &options);
    for (uint32_t level = 1; level < LEVELS; level++)
        if (version->file_count[level] > 0)
            add_files(scan, version->files[level], version->file_count[level], &options);
    return true;
}

/* ---- opening ---- */

static void check_bound(const struct row_format *format, struct slice bound)
{
    assert(bound.data == NULL || !format->key_is_int || bound.size == INT_KEY_SIZE);
    (void)format;
    (void)bound;
}

static void check_request(const struct scan *scan)
{
    const struct scan_request *request = &scan->request;
    uint32_t column_count = scan->format->layout.column_count;

    assert(request->filter_column_count <= request->column_count);
    assert(request->in_key_order || !request->descending);
    for (uint32_t i = 0; i < request->column_count; i++)
        assert(request->columns[i] < column_count);
    for (uint32_t i = 0; i < request->zone_count; i++)
        assert(request->zones[i].column < column_count);
    check_bound(scan->format, request->low);
    check_bound(scan->format, request->high);
}

static bool retain_own_writes(struct scan *scan, const struct own_writes *own, struct ssql_error *error)
{
    if (own->file_count > 0) {
        scan->own_files = malloc(own->file_count * sizeof *scan->own_files);
        if (scan->own_files == NULL)
            return error_no_memory(error);
    }
    for (; scan->own_file_count < own->file_count; scan->own_file_count++) {
        scan->own_files[scan->own_file_count] = own->files[scan->own_file_count];
        table_file_retain(own->files[scan->own_file_count]);
    }
    if (own->memtable != NULL && memtable_version_count(own->memtable) > 0) {
        scan->own_memtable = (struct memtable *)own->memtable; /* only its count of references is changed */
        memtable_retain(scan->own_memtable);
    }
    return true;
}

static void clear_sources(struct scan *scan)
{
    for (uint32_t i = 0; i < scan->source_made; i++)
        source_clear(&scan->sources[i]);
    free(scan->sources);
    free(scan->newer);
    scan->sources = NULL;
    scan->newer = NULL;
    scan->source_count = scan->source_made = scan->source_capacity = 0;
}

static bool reserve_sources(struct scan *scan, uint32_t capacity, struct ssql_error *error)
{
    if (capacity <= scan->source_capacity && scan->sources != NULL)
        return true;
    clear_sources(scan);
    scan->sources = calloc(capacity + 1, sizeof *scan->sources);
    scan->newer = calloc(capacity + 1, sizeof *scan->newer);
    if (scan->sources == NULL || scan->newer == NULL)
        return error_no_memory(error);
    scan->source_capacity = capacity;
    return true;
}

static bool open_sources(struct scan *scan, const struct table_version *version, const struct own_writes *own,
                         struct ssql_error *error)
{
    check_request(scan);
    if (!retain_own_writes(scan, own, error) || !reserve_sources(scan, count_sources(scan, version), error))
        return false;
    if (scan->vectors == NULL) {
        scan->vectors = calloc(scan->request.column_count + 1, sizeof *scan->vectors);
        if (scan->vectors == NULL)
            return error_no_memory(error);
    }
    return add_own_sources(scan, own->memtable_snapshot, error) && add_version_sources(scan, version, error);
}

static struct scan *make(const struct row_format *format, uint32_t column_count)
{
    struct scan *scan = calloc(1, sizeof *scan);

    if (scan != NULL)
        source_init(&scan->probe, format, 0, &scan->statistics);
    if (scan != NULL)
        scan->request.column_count = column_count;
    return scan;
}

bool scan_open_version(const struct table_version *version, const struct own_writes *own,
                       const struct row_format *format, uint64_t snapshot, const struct scan_request *request,
                       struct scan **out, struct ssql_error *error)
{
    struct scan *scan = request->spare == NULL ? make(format, request->column_count) : request->spare;

    *out = NULL;
    if (scan == NULL)
        return error_no_memory(error);
    assert(scan->request.column_count == request->column_count);
    scan->request = *request;
    scan->request.spare = NULL;
    scan->format = format;
    scan->snapshot = snapshot;
    scan->range = (struct key_range){.low = request->low,
                                     .high = request->high,
                                     .low_exclusive = request->low_exclusive,
                                     .high_exclusive = request->high_exclusive};
    if (!open_sources(scan, version, own, error)) {
        scan_close(scan);
        return false;
    }
    scan->is_validating = request->filter != NULL && !request->in_key_order && scan->source_count > 1;
    if (request->in_key_order)
        scan_expect_rows(scan, FIRST_ROWS);
    *out = scan;
    return true;
}

void scan_expect_rows(struct scan *scan, uint64_t count)
{
    bool is_small = count < BATCH_CAPACITY && scan->request.filter == NULL && scan->request.column_count > 0;

    scan->rows_expected = is_small ? (uint32_t)count : 0;
}

bool scan_open(struct transaction *transaction, struct table *table, const struct scan_request *request,
               struct scan **scan, struct ssql_error *error)
{
    struct own_writes own = {0};

    *scan = NULL;
    if (transaction_note_range(transaction, table, request->low, request->low_exclusive, request->high,
                               request->high_exclusive, error) &&
        transaction_own_writes(transaction, table, &own, error))
        return scan_open_version(transaction_version(transaction, table), &own, table_row_format(table),
                                 transaction_snapshot(transaction), request, scan, error);
    scan_close(request->spare);
    return false;
}

/* ---- closing ---- */

/* Lets go of all that others own. */
static void let_go(struct scan *scan)
{
    for (uint32_t i = 0; i < scan->source_made; i++)
        source_unload(&scan->sources[i]);
    source_unload(&scan->probe);
    scan_merged_destroy(scan);
    memtable_release(scan->own_memtable);
    for (uint32_t i = 0; i < scan->own_file_count; i++)
        table_file_release(scan->own_files[i]);
    free(scan->own_files);
    scan->own_memtable = NULL;
    scan->own_files = NULL;
    scan->own_file_count = 0;
}

void scan_close(struct scan *scan)
{
    if (scan == NULL)
        return;
    let_go(scan);
    clear_sources(scan);
    source_clear(&scan->probe);
    free(scan->vectors);
    free(scan);
}

struct scan *scan_rest(struct scan *scan)
{
    if (scan->source_made > SOURCES_KEPT || scan->request.column_count > COLUMNS_KEPT) {
        scan_close(scan);
        return NULL;
    }
    let_go(scan);
    scan->source_count = scan->current = scan->newer_count = scan->rows_expected = 0;
    scan->is_validating = false;
    scan->begun = NULL;
    scan->statistics = (struct scan_statistics){0};
    scan->told_rows = 0;
    return scan;
}

/* ---- batches ---- */

void scan_begin_batch(struct scan *scan, struct batch *batch, uint32_t row_count, const uint16_t *selection,
                      uint32_t selected_count)
{
    batch->columns = scan->vectors;
    batch->column_count = scan->request.column_count;
    batch->row_count = row_count;
    batch->selection = selection;
    batch->selected_count = selected_count;
}

bool scan_filter_batch(struct scan *scan, struct batch *batch, struct ssql_error *error)
{
    const struct scan_filter *filter = scan->request.filter;

    if (filter != NULL && !filter->apply(filter->context, batch, error))
        return false;
    if (batch->selected_count == 0)
        batch->row_count = 0;
    return true;
}

bool scan_next(struct scan *scan, struct batch *batch, struct ssql_error *error)
{
    scan_begin_batch(scan, batch, 0, NULL, 0);
    return scan->is_validating ? scan_next_validated(scan, batch, error) : scan_next_ordered(scan, batch, error);
}

bool scan_check(struct scan *scan, struct ssql_error *error)
{
    uint64_t rows = scan->statistics.rows_read + scan->statistics.rows_skipped;

    cancellation_count(scan->request.cancellation, rows - scan->told_rows);
    scan->told_rows = rows;
    return cancellation_check(scan->request.cancellation, error);
}

void scan_read_statistics(const struct scan *scan, struct scan_statistics *statistics)
{
    *statistics = scan->statistics;
}
