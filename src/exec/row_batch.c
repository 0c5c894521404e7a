#include "exec/row_batch.h"

#include <assert.h>

enum { SMALL_CAPACITY = 8 }; /* rows: what a look-up or a short values list needs */

void row_batch_init(struct row_batch *rows, struct arena *arena, const enum ssql_type *types, uint32_t column_count)
{
    *rows = (struct row_batch){.arena = arena, .types = types, .column_count = column_count};
}

void row_batch_clear(struct row_batch *rows)
{
    arena_clear(&rows->strings);
}

static bool allocate(struct row_batch *rows, uint32_t capacity)
{
    uint32_t count = rows->column_count;

    if (rows->vectors == NULL) {
        rows->vectors = arena_alloc_array(rows->arena, count, sizeof *rows->vectors);
        rows->items = arena_alloc_array(rows->arena, count, sizeof *rows->items);
        rows->nulls = arena_alloc_array(rows->arena, count, sizeof *rows->nulls);
        rows->has_nulls = arena_alloc_array(rows->arena, count, sizeof *rows->has_nulls);
        rows->scratch = arena_alloc_array(rows->arena, count, sizeof *rows->scratch);
        if (arena_failed(rows->arena)) {
            rows->vectors = NULL;
            return false;
        }
    }
    for (uint32_t i = 0; i < count; i++) {
        rows->items[i] = arena_alloc_array(rows->arena, capacity, vector_item_size(rows->types[i]));
        rows->nulls[i] = arena_alloc(rows->arena, capacity);
    }
    if (arena_failed(rows->arena))
        return false;
    rows->capacity = capacity;
    return true;
}

bool row_batch_reserve(struct row_batch *rows, uint32_t count, struct ssql_error *error)
{
    assert(count <= BATCH_CAPACITY);
    arena_reset(&rows->strings);
    if (rows->capacity < count || rows->vectors == NULL)
        if (!allocate(rows, count <= SMALL_CAPACITY ? SMALL_CAPACITY : BATCH_CAPACITY))
            return error_no_memory(error);
    memset(rows->has_nulls, 0, rows->column_count * sizeof *rows->has_nulls);
    return true;
}

struct value *row_batch_scratch(struct row_batch *rows)
{
    return rows->scratch;
}

void row_batch_set(struct row_batch *rows, uint32_t column, uint32_t row, const struct value *value)
{
    void *items = rows->items[column];
    bool is_null = value->is_null;

    rows->nulls[column][row] = is_null;
    rows->has_nulls[column] |= is_null;
    switch ((int)rows->types[column]) {
    case SSQL_TYPE_INT: ((int64_t *)items)[row] = is_null ? 0 : value->integer; break;
    case SSQL_TYPE_FLOAT: ((double *)items)[row] = is_null ? 0 : value->real; break;
    case SSQL_TYPE_BOOL: ((uint8_t *)items)[row] = !is_null && value->boolean; break;
    case SSQL_TYPE_STRING: ((struct slice *)items)[row] = is_null ? slice_make(NULL, 0) : value->string; break;
    }
}

void row_batch_set_row(struct row_batch *rows, uint32_t row, const struct value *values)
{
    for (uint32_t i = 0; i < rows->column_count; i++)
        row_batch_set(rows, i, row, &values[i]);
}

bool row_batch_copy_strings(struct row_batch *rows, struct value *values, struct ssql_error *error)
{
    for (uint32_t i = 0; i < rows->column_count; i++) {
        if (values[i].type != SSQL_TYPE_STRING || values[i].is_null)
            continue;
        values[i].string = arena_copy(&rows->strings, values[i].string);
        if (values[i].string.data == NULL)
            return error_no_memory(error);
    }
    return true;
}

void row_batch_show(struct row_batch *rows, uint32_t count, struct batch *batch)
{
    for (uint32_t i = 0; i < rows->column_count; i++) {
        rows->vectors[i] = (struct vector){.type = rows->types[i], .kind = VECTOR_FLAT};
        rows->vectors[i].integers = rows->items[i];
        rows->vectors[i].nulls = rows->has_nulls[i] ? rows->nulls[i] : NULL;
    }
    *batch = (struct batch){
        .columns = rows->vectors, .column_count = rows->column_count, .row_count = count, .selected_count = count};
}
