/* The merging path: keys first, columns late. Merging yields pairs (source, row); each column is then gathered source
 * by source in a loop of its own, first those of the filter, then the others for the survivors. A merge ends with the
 * first chunk that ends, so that every row of a batch is in a chunk that is still loaded. */
#include <assert.h>
#include <stdlib.h>

#include "storage/merge.h"
#include "storage/scan_internal.h"

/* ---- merging ---- */

static bool merged_create(struct scan *scan, struct ssql_error *error)
{
    if (scan->merged != NULL)
        return true;
    struct merged_rows *merged = scan->merged = calloc(1, sizeof *merged);
    if (merged == NULL)
        return error_no_memory(error);
    merged->group_start = calloc(scan->source_count + 1, sizeof *merged->group_start);
    merged->active = calloc(scan->source_count, sizeof(struct scan_source *));
    merged->heads = calloc(scan->source_count, sizeof *merged->heads);
    merged->columns = calloc(scan->request.column_count + 1, sizeof *merged->columns);
    if (merged->group_start == NULL || merged->active == NULL || merged->heads == NULL || merged->columns == NULL) {
        scan_merged_destroy(scan);
        return error_no_memory(error);
    }
    return true;
}

void scan_merged_destroy(struct scan *scan)
{
    struct merged_rows *merged = scan->merged;

    if (merged == NULL)
        return;
    for (uint32_t i = 0; merged->columns != NULL && i < scan->request.column_count; i++) {
        free(merged->columns[i].items);
        free(merged->columns[i].nulls);
    }
    free(merged->columns);
    free(merged->group_start);
    free(merged->active);
    free(merged->heads);
    free(merged);
    scan->merged = NULL;
}

static void add_row(struct merged_rows *merged, uint32_t source_index, const struct scan_source *source, uint16_t row)
{
    merged->source[merged->count] = (uint16_t)source_index;
    merged->row[merged->count] = row;
    merged->count += !source_row_is_tombstone(source, row);
}

/* Takes rows of one source while they come before `second`. False when its chunk has ended. */
static bool take_run(struct scan *scan, uint32_t place, uint64_t second)
{
    struct merged_rows *merged = scan->merged;
    struct scan_source *source = merged->active[place];
    uint32_t source_index = (uint32_t)(source - scan->sources), position = source->position;

    do {
        add_row(merged, source_index, source, source->merge_rows[position]);
        position++;
    } while (position < source->count && source->heads[position] < second && merged->count < BATCH_CAPACITY);
    source->position = position;
    if (position == source->count)
        return false;
    merged->heads[place] = source->heads[position];
    return true;
}

static struct slice next_key(const struct scan_source *source, uint8_t scratch[INT_KEY_SIZE])
{
    return source_row_key(source, source->merge_rows[source->position], scratch);
}

/* Order of two sources with equal heads: by whole key, then the higher rank first; where all is the same, as if `right`
 * came first. */
static int compare_tied(const struct scan *scan, const struct scan_source *left, const struct scan_source *right,
                        bool *same_key)
{
    uint8_t scratch[2][INT_KEY_SIZE];
    int order = 0;

    if (!scan->format->key_is_int)
        order = slice_compare(next_key(left, scratch[0]), next_key(right, scratch[1]));
    *same_key = order == 0;
    if (order != 0)
        return scan->request.descending ? -order : order;
    uint64_t left_rank = source_row_rank(left, left->merge_rows[left->position]);
    uint64_t right_rank = source_row_rank(right, right->merge_rows[right->position]);
    return left_rank > right_rank ? -1 : 1;
}

/* Takes one row where several heads are equal, and steps over what it hides. False when a chunk has ended. */
static bool take_tied(struct scan *scan, uint32_t active_count, uint64_t head)
{
    struct merged_rows *merged = scan->merged;
    struct scan_source *best = NULL;
    bool same_key, goes_on = true;

    for (uint32_t i = 0; i < active_count; i++)
        if (merged->heads[i] == head && (best == NULL || compare_tied(scan, merged->active[i], best, &same_key) < 0))
            best = merged->active[i];
    add_row(merged, (uint32_t)(best - scan->sources), best, best->merge_rows[best->position]);
    for (uint32_t i = 0; i < active_count; i++) {
        struct scan_source *source = merged->active[i];
        if (merged->heads[i] != head || source == best)
            continue;
        (void)compare_tied(scan, source, best, &same_key);
        if (!same_key)
            continue;
        goes_on &= ++source->position < source->count;
        merged->heads[i] = goes_on ? source->heads[source->position] : 0;
    }
    goes_on &= ++best->position < best->count;
    for (uint32_t i = 0; goes_on && i < active_count; i++)
        merged->heads[i] = merged->active[i]->heads[merged->active[i]->position];
    return goes_on;
}

bool scan_merge_chunks(struct scan *scan, struct ssql_error *error)
{
    uint32_t active_count = 0;
    uint64_t second;
    bool goes_on = true;

    if (!merged_create(scan, error))
        return false;
    struct merged_rows *merged = scan->merged;
    merged->count = 0;
    for (uint32_t i = 0; i < scan->source_count; i++) {
        struct scan_source *source = &scan->sources[i];
        if (!source->is_loaded)
            continue;
        merged->active[active_count] = source;
        merged->heads[active_count++] = source->heads[source->position];
    }
    while (goes_on && merged->count < BATCH_CAPACITY) {
        uint32_t least = merge_least(merged->heads, active_count, &second);
        uint64_t head = merged->heads[least];
        goes_on = head < second ? take_run(scan, least, second) : take_tied(scan, active_count, head);
    }
    return true;
}

/* ---- gathering ---- */

/* Sorts the selected rows by source. Rows of a chunk come in the order of the scan; a block wants them ascending. */
static void group_rows(struct scan *scan, const struct batch *batch)
{
    struct merged_rows *merged = scan->merged;
    uint32_t *start = merged->group_start;
    uint32_t count = batch->selected_count;

    memset(start, 0, (scan->source_count + 1) * sizeof *start);
    for (uint32_t i = 0; i < count; i++)
        start[merged->source[batch_row(batch, i)] + 1]++;
    for (uint32_t i = 1; i <= scan->source_count; i++)
        start[i] += start[i - 1];
    for (uint32_t i = 0; i < count; i++) {
        uint32_t place = batch_row(batch, scan->request.descending ? count - 1 - i : i);
        uint32_t to = start[merged->source[place]]++;
        merged->group_row[to] = merged->row[place];
        merged->group_place[to] = (uint16_t)place;
    }
    for (uint32_t i = scan->source_count; i > 0; i--)
        start[i] = start[i - 1];
    start[0] = 0;
}

/* The kernels: items of a source's rows go to their places. A constant's item stands for every row. */
static void place_words(uint64_t *to, const struct vector *vector, const uint16_t *rows, const uint16_t *places,
                        uint32_t count)
{
    const int64_t *items = vector->integers; /* reals travel as their bits */
    uint32_t mask = vector->kind == VECTOR_CONSTANT ? 0 : UINT32_MAX;

    for (uint32_t i = 0; i < count; i++)
        memcpy(&to[places[i]], &items[rows[i] & mask], sizeof *to);
}

static void place_bytes(uint8_t *to, const uint8_t *items, enum vector_kind kind, const uint16_t *rows,
                        const uint16_t *places, uint32_t count)
{
    uint32_t mask = kind == VECTOR_CONSTANT ? 0 : UINT32_MAX;

    for (uint32_t i = 0; i < count; i++)
        to[places[i]] = items[rows[i] & mask];
}

static void place_strings(struct slice *to, const struct vector *vector, const uint16_t *rows, const uint16_t *places,
                          uint32_t count)
{
    uint32_t mask = vector->kind == VECTOR_CONSTANT ? 0 : UINT32_MAX;

    if (vector->kind == VECTOR_DICTIONARY) {
        for (uint32_t i = 0; i < count; i++)
            to[places[i]] = vector->strings[vector->codes[rows[i]]];
        return;
    }
    for (uint32_t i = 0; i < count; i++)
        to[places[i]] = vector->strings[rows[i] & mask];
}

static void place_items(struct merged_column *column, enum ssql_type type, const struct vector *vector,
                        const uint16_t *rows, const uint16_t *places, uint32_t count)
{
    if (type == SSQL_TYPE_STRING) {
        place_strings(column->items, vector, rows, places, count);
    } else if (type == SSQL_TYPE_BOOL) {
        place_bytes(column->items, vector->booleans, vector->kind, rows, places, count);
    } else {
        assert(type == SSQL_TYPE_INT || type == SSQL_TYPE_FLOAT);
        place_words(column->items, vector, rows, places, count);
    }
    if (vector->nulls != NULL)
        place_bytes(column->nulls, vector->nulls, vector->kind == VECTOR_CONSTANT ? VECTOR_CONSTANT : VECTOR_FLAT, rows,
                    places, count);
    else
        for (uint32_t i = 0; i < count; i++)
            column->nulls[places[i]] = 0;
}

static bool gather_column(struct scan *scan, uint32_t ordinal, struct ssql_error *error)
{
    struct merged_rows *merged = scan->merged;
    struct merged_column *column = &merged->columns[ordinal];
    uint16_t table_column = scan->request.columns[ordinal];
    enum ssql_type type = scan->format->layout.types[table_column];
    struct vector *out = &scan->vectors[ordinal];
    bool has_nulls = false;

    if (column->items == NULL)
        column->items = malloc(BATCH_CAPACITY * sizeof(struct slice));
    if (column->nulls == NULL)
        column->nulls = malloc(BATCH_CAPACITY);
    if (column->items == NULL || column->nulls == NULL)
        return error_no_memory(error);
    for (uint32_t i = 0; i < scan->source_count; i++) {
        uint32_t start = merged->group_start[i], count = merged->group_start[i + 1] - start;
        const struct vector *vector;
        if (count == 0)
            continue;
        if (!source_read_column(&scan->sources[i], ordinal, table_column, merged->group_row + start, count, &vector,
                                error))
            return false;
        place_items(column, type, vector, merged->group_row + start, merged->group_place + start, count);
        has_nulls |= vector->nulls != NULL;
    }
    *out = (struct vector){
        .type = type, .kind = VECTOR_FLAT, .items = column->items, .nulls = has_nulls ? column->nulls : NULL};
    return true;
}

bool scan_emit_merged(struct scan *scan, struct batch *batch, struct ssql_error *error)
{
    const struct scan_request *request = &scan->request;
    uint32_t count = scan->merged->count;

    scan_begin_batch(scan, batch, count, NULL, count);
    if (count == 0)
        return true;
    if (request->column_count > 0)
        group_rows(scan, batch);
    for (uint32_t i = 0; i < request->filter_column_count; i++)
        if (!gather_column(scan, i, error))
            return false;
    if (!scan_filter_batch(scan, batch, error))
        return false;
    if (batch->row_count == 0)
        return true;
    if (batch->selected_count < count)
        group_rows(scan, batch);
    for (uint32_t i = request->filter_column_count; i < request->column_count; i++)
        if (!gather_column(scan, i, error))
            return false;
    return true;
}
