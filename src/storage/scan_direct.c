/* The direct path: a chunk that overlaps nothing newer becomes a batch as it is. Vectors are those of the block,
 * dictionary codes and all; what is not wanted is left out of the selection, and columns that the filter does not read
 * are decoded for the survivors only. */
#include <assert.h>

#include "storage/scan_internal.h"

/* Rows from place `from` to `end` that are no tombstones. */
static uint32_t select_rows(const struct scan_source *source, uint32_t from, uint32_t end, uint16_t *selection)
{
    uint32_t count = 0;

    if (!source->has_tombstones) {
        memcpy(selection, source->rows + from, (end - from) * sizeof *selection);
        return end - from;
    }
    for (uint32_t i = from; i < end; i++) {
        uint16_t row = source->rows[i];
        selection[count] = row;
        count += !source->tombstones[row];
    }
    return count;
}

static bool read_columns(struct scan *scan, struct scan_source *source, uint32_t begin, uint32_t end,
                         const struct batch *batch, struct ssql_error *error)
{
    for (uint32_t i = begin; i < end; i++) {
        const struct vector *vector;
        if (!source_read_column(source, i, scan->request.columns[i], batch->selection, batch->selected_count, &vector,
                                error))
            return false;
        scan->vectors[i] = *vector;
    }
    return true;
}

bool scan_emit_chunk(struct scan *scan, struct scan_source *source, uint32_t from, uint32_t end, struct batch *batch,
                     struct ssql_error *error)
{
    const struct scan_request *request = &scan->request;
    uint32_t count = select_rows(source, from, end, scan->selection);

    scan_begin_batch(scan, batch, 0, NULL, 0);
    if (count == 0)
        return true;
    assert(request->filter != NULL || scan->newer_count == 0);
    if (request->column_count == 0 && request->filter == NULL) {
        scan_begin_batch(scan, batch, count, NULL, count);
        return true;
    }
    scan_begin_batch(scan, batch, source->chunk_rows, count == source->chunk_rows ? NULL : scan->selection, count);
    if (!read_columns(scan, source, 0, request->filter_column_count, batch, error) ||
        !scan_filter_batch(scan, batch, error))
        return false;
    if (batch->row_count > 0 && scan->newer_count > 0) {
        uint32_t survivors = batch->selected_count;
        if (!scan_drop_hidden(scan, source, batch->selection, &survivors, error))
            return false;
        batch->selection = scan->selection;
        batch->selected_count = survivors;
        batch->row_count = survivors == 0 ? 0 : batch->row_count;
    }
    if (batch->row_count == 0)
        return true;
    return read_columns(scan, source, request->filter_column_count, request->column_count, batch, error);
}
