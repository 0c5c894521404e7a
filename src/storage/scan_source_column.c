/* Columns of a chunk, decoded when somebody asks: whole where many rows are wanted, else only those. */
#include <assert.h>
#include <stdlib.h>

#include "storage/scan_source_internal.h"

/* Decoding a whole column costs about as much as picking a row of eight. */
enum {
    GATHER_SHARE = 8,
    RUN_SHARE = 2, /* rows in a row are decoded by themselves up to half of the chunk */
};

/* One row of a memtable; nobody reads tombstones. Ints are read in place, for they are most of what is scanned. */
static void read_memtable_value(const struct scan_source *source, struct source_column *column, uint16_t table_column,
                                uint32_t row)
{
    struct slice bytes = source->versions[row].row;

    assert(bytes.data != NULL);
    if (column->vector.type == SSQL_TYPE_INT) {
        column->nulls[row] = (bytes.data[table_column / 8] >> (table_column % 8)) & 1;
        ((int64_t *)column->items)[row] = (int64_t)load_u64le(bytes.data + source->format->offsets[table_column]);
        return;
    }
    struct value value = row_value(source->format, bytes, table_column);
    column->nulls[row] = value.is_null;
    if (column->vector.type == SSQL_TYPE_FLOAT) {
        ((double *)column->items)[row] = value.is_null ? 0 : value.real;
    } else if (column->vector.type == SSQL_TYPE_BOOL) {
        ((uint8_t *)column->items)[row] = value.boolean; /* false where it is null */
    } else {
        assert(column->vector.type == SSQL_TYPE_STRING);
        ((struct slice *)column->items)[row] = value.is_null ? slice_make(NULL, 0) : value.string;
    }
}

static bool read_memtable_column(struct scan_source *source, struct source_column *column, uint16_t table_column,
                                 const uint16_t *rows, uint32_t count, struct ssql_error *error)
{
    enum ssql_type type = source->format->layout.types[table_column];
    uint8_t any_null = 0;

    if (!source_reserve(&column->items, vector_item_size(type), error) ||
        !source_reserve((void **)&column->nulls, sizeof *column->nulls, error))
        return false;
    column->vector = (struct vector){.type = type, .kind = VECTOR_FLAT, .items = column->items};
    for (uint32_t i = 0; i < count; i++) {
        uint32_t row = rows == NULL ? i : rows[i];
        read_memtable_value(source, column, table_column, row);
        any_null |= column->nulls[row];
    }
    column->vector.nulls = any_null ? column->nulls : NULL;
    return true;
}

/* Rows that follow one another cost no more than their share of the column. */
static bool rows_are_few_in_a_row(const struct scan_source *source, const uint16_t *rows, uint32_t count)
{
    return count > 1 && rows[count - 1] - rows[0] == (int)count - 1 && count * RUN_SHARE <= source->chunk_rows;
}

bool source_read_column(struct scan_source *source, uint32_t ordinal, uint16_t table_column, const uint16_t *rows,
                        uint32_t count, const struct vector **vector, struct ssql_error *error)
{
    if (source->columns == NULL) {
        source->columns = calloc(source->column_count, sizeof *source->columns);
        if (source->columns == NULL)
            return error_no_memory(error);
    }
    struct source_column *column = &source->columns[ordinal];
    *vector = &column->vector;
    if (column->is_whole)
        return true;
    if (rows == NULL)
        count = source->chunk_rows;
    if (source->memtable != NULL) {
        column->is_whole = count == source->chunk_rows;
        return read_memtable_column(source, column, table_column, rows, count, error);
    }
    column->is_whole = rows == NULL || source->options.whole_columns ||
                       (count * GATHER_SHARE >= source->chunk_rows && !rows_are_few_in_a_row(source, rows, count));
    if (column->is_whole)
        return block_decode_column(&source->block, table_column, &column->buffer, &column->vector, error);
    return block_gather_column(&source->block, table_column, rows, count, &column->buffer, &column->vector, error);
}
