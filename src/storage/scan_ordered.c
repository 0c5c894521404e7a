/* The driver in key order. Each source stands either before a block that is not read yet, of which the index knows the
 * first and last key, or within a loaded chunk. Whatever comes next in key order decides: a chunk whose keys all come
 * before every other source's goes direct; else everything that reaches into it is loaded and merged. */
#include "storage/scan_internal.h"

static bool is_ended(const struct scan_source *source)
{
    return !source->is_loaded && !source->has_next;
}

static int compare_keys(const struct scan *scan, struct slice left, struct slice right)
{
    int order = slice_compare(left, right);

    return scan->request.descending ? -order : order;
}

/* The next key in the order of the scan, or a bound before it. */
static struct slice near_key(const struct scan *scan, const struct scan_source *source, uint8_t scratch[INT_KEY_SIZE])
{
    if (source->is_loaded)
        return source_row_key(source, source->merge_rows[source->position], scratch);
    return scan->request.descending ? source_next_last_key(source) : source_next_first_key(source);
}

/* The last key of the chunk, or of the block that comes next. */
static struct slice far_key(const struct scan *scan, const struct scan_source *source, uint8_t scratch[INT_KEY_SIZE])
{
    if (source->is_loaded)
        return source_row_key(source, source->merge_rows[source->count - 1], scratch);
    return scan->request.descending ? source_next_first_key(source) : source_next_last_key(source);
}

static bool load_for_merge(struct scan *scan, struct scan_source *source, struct ssql_error *error)
{
    if (!scan_check(scan, error) || !source_load(source, error))
        return false;
    if (source->count == 0) {
        source_unload(source);
        return true;
    }
    return source_begin_merge(source, error);
}

/* Lets go of chunks that are used up; memtables, which have no index, are loaded. */
static bool prepare_sources(struct scan *scan, struct ssql_error *error)
{
    for (uint32_t i = 0; i < scan->source_count; i++) {
        struct scan_source *source = &scan->sources[i];
        if (source->is_loaded && source->position == source->count)
            source_unload(source);
        while (!source->is_loaded && source->has_next && source->memtable != NULL)
            if (!load_for_merge(scan, source, error))
                return false;
    }
    return true;
}

/* The source whose next key comes first, or NULL at the end. */
static struct scan_source *find_first(struct scan *scan)
{
    struct scan_source *first = NULL;
    uint8_t scratch[2][INT_KEY_SIZE];

    for (uint32_t i = 0; i < scan->source_count; i++) {
        struct scan_source *source = &scan->sources[i];
        if (is_ended(source))
            continue;
        if (first == NULL ||
            compare_keys(scan, near_key(scan, source, scratch[0]), near_key(scan, first, scratch[1])) < 0)
            first = source;
    }
    return first;
}

/* Whether every other source comes after all of this one's chunk. */
static bool is_alone(const struct scan *scan, const struct scan_source *source)
{
    uint8_t scratch[2][INT_KEY_SIZE];
    struct slice last = far_key(scan, source, scratch[0]);

    for (uint32_t i = 0; i < scan->source_count; i++) {
        const struct scan_source *other = &scan->sources[i];
        if (other != source && !is_ended(other) && compare_keys(scan, near_key(scan, other, scratch[1]), last) <= 0)
            return false;
    }
    return true;
}

/* The deepest source hides nothing when all others are newer: then zone maps may leave out its blocks though they
 * overlap. */
static bool hides_nothing(const struct scan *scan, const struct scan_source *source)
{
    if (source != &scan->sources[scan->source_count - 1] || source->options.own_rank != 0)
        return false;
    for (uint32_t i = 0; i + 1 < scan->source_count; i++)
        if (scan->sources[i].options.own_rank == 0 && scan->sources[i].lowest_sequence <= source->highest_sequence)
            return false;
    return true;
}

/* A block that is not read yet and comes next. Leaves the batch empty when the driver has to look again. */
static bool pass_block(struct scan *scan, struct scan_source *source, struct batch *batch, struct ssql_error *error)
{
    const struct scan_request *request = &scan->request;
    bool alone = is_alone(scan, source);
    uint32_t row_count;

    if ((alone || hides_nothing(scan, source)) &&
        source_next_is_excluded(source, request->zones, request->zone_count)) {
        source_skip_next(source);
        return true;
    }
    if (!alone || request->descending)
        return load_for_merge(scan, source, error);
    if (request->column_count == 0 && request->filter == NULL && source_next_is_plain(source, &row_count)) {
        source_skip_next(source);
        scan_begin_batch(scan, batch, row_count, NULL, row_count);
        return true;
    }
    if (!source_load(source, error))
        return false;
    uint32_t end = source->count;
    if (scan->rows_expected > 0 && end > scan->rows_expected) {
        end = scan->rows_expected;
        scan->begun = source;
    }
    scan->rows_expected -= end < scan->rows_expected ? end : scan->rows_expected;
    source->position = end;
    return scan_emit_chunk(scan, source, 0, end, batch, error);
}

/* The rest of the first chunk is wanted after all. */
static bool go_on(struct scan *scan, struct ssql_error *error)
{
    struct scan_source *source = scan->begun;
    uint32_t position = source->position;

    scan->begun = NULL;
    if (!source_begin_merge(source, error))
        return false;
    source->position = position;
    return true;
}

/* Loads every block that reaches into the rows which will be merged: up to where the first chunk ends. */
static bool load_overlapping(struct scan *scan, struct scan_source *first, struct ssql_error *error)
{
    struct scan_source *nearest = first; /* the loaded source whose chunk ends first */
    uint8_t scratch[2][INT_KEY_SIZE];

    for (uint32_t i = 0; i < scan->source_count; i++) {
        struct scan_source *source = &scan->sources[i];
        if (source->is_loaded &&
            compare_keys(scan, far_key(scan, source, scratch[0]), far_key(scan, nearest, scratch[1])) < 0)
            nearest = source;
    }
    for (uint32_t i = 0; i < scan->source_count; i++) {
        struct scan_source *source = &scan->sources[i];
        while (!source->is_loaded && source->has_next &&
               compare_keys(scan, near_key(scan, source, scratch[0]), far_key(scan, nearest, scratch[1])) <= 0)
            if (!load_for_merge(scan, source, error))
                return false;
        if (source->is_loaded &&
            compare_keys(scan, far_key(scan, source, scratch[0]), far_key(scan, nearest, scratch[1])) < 0)
            nearest = source;
    }
    return true;
}

/* Rows of loaded chunks come next. */
static bool pass_chunks(struct scan *scan, struct scan_source *first, struct batch *batch, struct ssql_error *error)
{
    if (!scan->request.descending && is_alone(scan, first)) {
        uint32_t from = first->position;
        first->position = first->count;
        return scan_emit_chunk(scan, first, from, first->count, batch, error);
    }
    return load_overlapping(scan, first, error) && scan_merge_chunks(scan, error) &&
           scan_emit_merged(scan, batch, error);
}

bool scan_next_ordered(struct scan *scan, struct batch *batch, struct ssql_error *error)
{
    while (batch->row_count == 0) {
        if (scan->begun != NULL && !go_on(scan, error))
            return false;
        if (!scan_check(scan, error) || !prepare_sources(scan, error))
            return false;
        struct scan_source *first = find_first(scan);
        if (first == NULL)
            return true;
        if (first->is_loaded ? !pass_chunks(scan, first, batch, error) : !pass_block(scan, first, batch, error))
            return false;
    }
    return true;
}
