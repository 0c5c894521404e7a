#include "exec/row_columns.h"

#include <assert.h>
#include <stdlib.h>

#include "exec/kernel.h"

bool row_columns_init(struct row_columns *rows, const enum ssql_type *types, uint32_t column_count,
                      struct ssql_error *error)
{
    *rows = (struct row_columns){.types = types, .column_count = column_count};
    rows->columns = calloc(column_count + 1, sizeof *rows->columns);
    if (rows->columns == NULL)
        return error_no_memory(error);
    return true;
}

void row_columns_clear(struct row_columns *rows)
{
    for (uint32_t i = 0; rows->columns != NULL && i < rows->column_count; i++) {
        free(rows->columns[i].items);
        free(rows->columns[i].nulls);
    }
    free(rows->columns);
    arena_clear(&rows->strings);
    *rows = (struct row_columns){0};
}

void row_columns_reset(struct row_columns *rows)
{
    rows->row_count = 0;
    for (uint32_t i = 0; i < rows->column_count; i++)
        rows->columns[i].has_nulls = false;
    arena_reset(&rows->strings);
}

/* ---- room ---- */

static size_t row_size(const struct row_columns *rows)
{
    size_t size = 0;

    for (uint32_t i = 0; i < rows->column_count; i++)
        size += vector_item_size(rows->types[i]) + 1;
    return size;
}

size_t row_columns_kept_bytes(const struct row_columns *rows)
{
    return rows->row_capacity * row_size(rows);
}

static size_t string_bytes(const struct batch *batch)
{
    struct selection selection = batch_selection(batch);
    size_t size = 0;

    for (uint32_t c = 0; c < batch->column_count; c++) {
        const struct vector *vector = &batch->columns[c];
        if (vector->type != SSQL_TYPE_STRING)
            continue;
        for (uint32_t i = 0; i < selection.count; i++) {
            uint32_t row = selection_row(selection, i);
            if (!vector_is_null(vector, row))
                size += vector_string(vector, row).size + 16; /* with what the arena adds */
        }
    }
    return size;
}

static bool grow(struct row_columns *rows, uint32_t capacity, struct ssql_error *error)
{
    for (uint32_t i = 0; i < rows->column_count; i++) {
        struct row_column *column = &rows->columns[i];
        void *items = realloc(column->items, capacity * vector_item_size(rows->types[i]));
        if (items == NULL)
            return error_no_memory(error);
        column->items = items;
        uint8_t *nulls = realloc(column->nulls, capacity);
        if (nulls == NULL)
            return error_no_memory(error);
        column->nulls = nulls;
    }
    rows->row_capacity = capacity;
    return true;
}

static enum row_columns_outcome make_room(struct row_columns *rows, const struct batch *batch,
                                          struct operator_memory *memory, struct ssql_error *error)
{
    uint32_t wanted = rows->row_count + batch->selected_count, capacity = rows->row_capacity;

    while (capacity < wanted)
        capacity = capacity == 0 ? BATCH_CAPACITY : 2 * capacity;
    if (!operator_memory_take(memory, (capacity - rows->row_capacity) * row_size(rows) + string_bytes(batch)))
        return ROWS_REFUSED;
    return capacity == rows->row_capacity || grow(rows, capacity, error) ? ROWS_ADDED : ROWS_FAILED;
}

/* ---- copies: `mask` is 0 for a constant, whose item 0 holds for every row, else all ones ---- */

static uint32_t vector_mask(const struct vector *vector)
{
    return vector->kind == VECTOR_CONSTANT ? 0 : UINT32_MAX;
}

static void copy_ints(int64_t *to, const int64_t *from, uint32_t mask, struct selection selection)
{
    for (uint32_t i = 0; i < selection.count; i++)
        to[i] = from[selection_row(selection, i) & mask];
}

static void copy_reals(double *to, const double *from, uint32_t mask, struct selection selection)
{
    for (uint32_t i = 0; i < selection.count; i++)
        to[i] = from[selection_row(selection, i) & mask];
}

static void copy_bytes(uint8_t *to, const uint8_t *from, uint32_t mask, struct selection selection)
{
    for (uint32_t i = 0; i < selection.count; i++)
        to[i] = from[selection_row(selection, i) & mask];
}

static bool copy_strings(struct slice *to, const struct vector *from, struct selection selection, struct arena *arena)
{
    for (uint32_t i = 0; i < selection.count; i++) {
        uint32_t row = selection_row(selection, i);
        to[i] = slice_make(NULL, 0);
        if (vector_is_null(from, row))
            continue;
        to[i] = arena_copy(arena, vector_string(from, row));
        if (to[i].data == NULL)
            return false;
    }
    return true;
}

static bool copy_flat(void *items, const struct vector *from, struct selection selection, struct arena *arena)
{
    uint32_t mask = vector_mask(from);

    switch ((int)from->type) {
    case SSQL_TYPE_INT: copy_ints(items, from->integers, mask, selection); return true;
    case SSQL_TYPE_FLOAT: copy_reals(items, from->reals, mask, selection); return true;
    case SSQL_TYPE_BOOL: copy_bytes(items, from->booleans, mask, selection); return true;
    }
    assert(from->type == SSQL_TYPE_STRING); /* a table has no other columns */
    return copy_strings(items, from, selection, arena);
}

/* Rows before the first null of a column have no mask yet. */
static void copy_nulls(struct row_column *column, const struct vector *from, struct selection selection, uint32_t begin)
{
    if (!column->has_nulls && from->nulls == NULL)
        return;
    if (!column->has_nulls)
        memset(column->nulls, 0, begin);
    column->has_nulls = true;
    if (from->nulls == NULL)
        memset(column->nulls + begin, 0, selection.count);
    else
        copy_bytes(column->nulls + begin, from->nulls, vector_mask(from), selection);
}

enum row_columns_outcome row_columns_append(struct row_columns *rows, const struct batch *batch,
                                            struct operator_memory *memory, struct ssql_error *error)
{
    struct selection selection = batch_selection(batch);
    enum row_columns_outcome outcome = make_room(rows, batch, memory, error);

    if (outcome != ROWS_ADDED)
        return outcome;
    for (uint32_t i = 0; i < rows->column_count; i++) {
        struct row_column *column = &rows->columns[i];
        uint8_t *items = (uint8_t *)column->items + rows->row_count * vector_item_size(rows->types[i]);
        if (!copy_flat(items, &batch->columns[i], selection, &rows->strings)) {
            error_no_memory(error);
            return ROWS_FAILED;
        }
        copy_nulls(column, &batch->columns[i], selection, rows->row_count);
    }
    rows->row_count += selection.count;
    return ROWS_ADDED;
}

void row_columns_show(const struct row_columns *rows, uint32_t begin, uint32_t count, struct vector *vectors,
                      struct batch *batch)
{
    for (uint32_t i = 0; i < rows->column_count; i++) {
        const struct row_column *column = &rows->columns[i];
        const uint8_t *items = (const uint8_t *)column->items + begin * vector_item_size(rows->types[i]);
        vectors[i] = (struct vector){.type = rows->types[i], .kind = VECTOR_FLAT};
        vectors[i].integers = (const int64_t *)(const void *)items;
        vectors[i].nulls = column->has_nulls ? column->nulls + begin : NULL;
    }
    *batch = (struct batch){
        .columns = vectors, .column_count = rows->column_count, .row_count = count, .selected_count = count};
}
