#include <stdlib.h>

#include "storage/compaction_internal.h"

/* ---- life ---- */

static bool make_columns(struct compaction_output *output, struct ssql_error *error)
{
    const struct table_layout *layout = &output->table->format->layout;

    output->columns = calloc(layout->column_count, sizeof *output->columns);
    if (output->columns == NULL)
        return error_no_memory(error);
    for (uint32_t i = 0; i < layout->column_count; i++) {
        struct output_column *column = &output->columns[i];
        column->type = layout->types[i];
        column->items = malloc(BATCH_CAPACITY * vector_item_size(column->type));
        column->nulls = malloc(BATCH_CAPACITY);
        if (column->items == NULL || column->nulls == NULL)
            return error_no_memory(error);
        if (column->type != SSQL_TYPE_STRING)
            continue;
        column->offsets = malloc(BATCH_CAPACITY * sizeof *column->offsets);
        column->sizes = malloc(BATCH_CAPACITY * sizeof *column->sizes);
        if (column->offsets == NULL || column->sizes == NULL)
            return error_no_memory(error);
    }
    return true;
}

bool output_init(struct compaction_output *output, const struct compaction *compaction, struct scan_source *sources,
                 uint32_t source_count, uint64_t row_estimate, uint64_t byte_estimate, struct ssql_error *error)
{
    struct table *table = compaction->table;
    uint64_t rows_per_file = row_estimate;

    output->engine = table->engine;
    output->table = table;
    output->sources = sources;
    output->source_count = source_count;
    output->file_bytes = engine_get_options(table->engine)->sstable_bytes;
    if (byte_estimate > output->file_bytes)
        rows_per_file = (uint64_t)((double)row_estimate * (double)output->file_bytes / (double)byte_estimate) + 1;
    output->options = engine_writer_options(table->engine, rows_per_file);
    if (compaction->output_level > 0)
        output->options.filter_bits = engine_deep_filter_bits(table->engine);
    output->group_start = calloc(source_count + 1, sizeof *output->group_start);
    if (output->group_start == NULL)
        return error_no_memory(error);
    return make_columns(output, error);
}

void output_clear(struct compaction_output *output)
{
    uint32_t column_count = output->table == NULL ? 0 : output->table->format->layout.column_count;

    sstable_writer_abandon(output->writer);
    for (uint32_t i = 0; output->columns != NULL && i < column_count; i++) {
        free(output->columns[i].items);
        free(output->columns[i].nulls);
        free(output->columns[i].bytes);
        free(output->columns[i].offsets);
        free(output->columns[i].sizes);
    }
    free(output->columns);
    free(output->group_start);
    for (uint32_t i = 0; i < output->file_count; i++)
        sstable_info_clear(&output->files[i]);
    free(output->files);
    output->writer = NULL;
    output->columns = NULL;
    output->group_start = NULL;
    output->files = NULL;
    output->file_count = 0;
}

void output_delete_files(struct compaction_output *output)
{
    struct ssql_error ignored = {0};

    /* What cannot be deleted is an orphan, which the next writable open removes. */
    for (uint32_t i = 0; i < output->file_count; i++)
        (void)!object_delete(engine_volume(output->engine), output->files[i].name, &ignored);
}

/* ---- gathering: each column in its own loop, source by source ---- */

static void group_rows(struct compaction_output *output)
{
    uint32_t *start = output->group_start;

    memset(start, 0, (output->source_count + 1) * sizeof *start);
    for (uint32_t i = output->gathered; i < output->row_count; i++)
        start[output->rows[i].source + 1]++;
    for (uint32_t i = 1; i <= output->source_count; i++)
        start[i] += start[i - 1];
    for (uint32_t i = output->gathered; i < output->row_count; i++) {
        uint32_t to = start[output->rows[i].source]++;
        output->group_row[to] = output->rows[i].row;
        output->group_place[to] = (uint16_t)i;
    }
    for (uint32_t i = output->source_count; i > 0; i--)
        start[i] = start[i - 1];
    start[0] = 0;
}

static bool reserve_bytes(struct output_column *column, size_t size, struct ssql_error *error)
{
    size_t capacity = column->byte_capacity == 0 ? 4096 : column->byte_capacity;

    if (size <= column->byte_capacity - column->byte_count)
        return true;
    while (capacity < column->byte_count + size)
        capacity *= 2;
    uint8_t *grown = realloc(column->bytes, capacity);
    if (grown == NULL)
        return error_no_memory(error);
    column->bytes = grown;
    column->byte_capacity = capacity;
    return true;
}

static struct slice string_at(const struct vector *vector, uint32_t row)
{
    if (vector->kind == VECTOR_DICTIONARY)
        return vector->strings[vector->codes[row]];
    return vector->strings[vector->kind == VECTOR_CONSTANT ? 0 : row];
}

static bool copy_strings(struct compaction_output *output, struct output_column *column, const struct vector *vector,
                         const uint16_t *rows, const uint16_t *places, uint32_t count, struct ssql_error *error)
{
    size_t size = 0;

    for (uint32_t i = 0; i < count; i++)
        size += column->nulls[places[i]] ? 0 : string_at(vector, rows[i]).size;
    if (!reserve_bytes(column, size, error))
        return false;
    for (uint32_t i = 0; i < count; i++) {
        uint32_t place = places[i];
        struct slice string = column->nulls[place] ? slice_make(NULL, 0) : string_at(vector, rows[i]);
        column->offsets[place] = column->byte_count;
        column->sizes[place] = (uint32_t)string.size;
        output->row_bytes[place] += (uint32_t)string.size;
        if (string.size > 0)
            memcpy(column->bytes + column->byte_count, string.data, string.size);
        column->byte_count += string.size;
    }
    return true;
}

static void copy_words(uint64_t *to, const struct vector *vector, const uint16_t *rows, const uint16_t *places,
                       uint32_t count)
{
    const int64_t *items = vector->integers; /* reals travel as their bits */
    uint32_t mask = vector->kind == VECTOR_CONSTANT ? 0 : UINT32_MAX;

    for (uint32_t i = 0; i < count; i++)
        memcpy(&to[places[i]], &items[rows[i] & mask], sizeof *to);
}

static void copy_bytes(uint8_t *to, const uint8_t *items, enum vector_kind kind, const uint16_t *rows,
                       const uint16_t *places, uint32_t count)
{
    uint32_t mask = kind == VECTOR_CONSTANT ? 0 : UINT32_MAX;

    for (uint32_t i = 0; i < count; i++)
        to[places[i]] = items[rows[i] & mask];
}

/* Tombstones have nothing but a key: what else their row holds is not to be looked at. */
static void copy_nulls(struct compaction_output *output, struct output_column *column, const struct vector *vector,
                       bool is_key, const uint16_t *rows, const uint16_t *places, uint32_t count)
{
    uint8_t any = 0;

    if (vector->nulls != NULL)
        copy_bytes(column->nulls, vector->nulls, vector->kind, rows, places, count);
    for (uint32_t i = 0; i < count; i++) {
        uint32_t place = places[i];
        if (vector->nulls == NULL)
            column->nulls[place] = 0;
        column->nulls[place] |= !is_key && output->rows[place].is_tombstone;
        any |= column->nulls[place];
    }
    column->has_nulls |= any;
}

static bool is_key_column(const struct table_layout *layout, uint32_t column)
{
    for (uint32_t i = 0; i < layout->key_count; i++)
        if (layout->key_columns[i] == column)
            return true;
    return false;
}

static bool copy_items(struct compaction_output *output, struct output_column *column, const struct vector *vector,
                       const uint16_t *rows, const uint16_t *places, uint32_t count, struct ssql_error *error)
{
    if (column->type == SSQL_TYPE_STRING)
        return copy_strings(output, column, vector, rows, places, count, error);
    if (column->type == SSQL_TYPE_BOOL)
        copy_bytes(column->items, vector->booleans, vector->kind, rows, places, count);
    else
        copy_words(column->items, vector, rows, places, count);
    return true;
}

static bool gather_column(struct compaction_output *output, uint16_t index, struct ssql_error *error)
{
    struct output_column *column = &output->columns[index];
    bool is_key = is_key_column(&output->table->format->layout, index);

    for (uint32_t i = 0; i < output->source_count; i++) {
        uint32_t start = output->group_start[i], count = output->group_start[i + 1] - start;
        const uint16_t *rows = output->group_row + start, *places = output->group_place + start;
        const struct vector *vector;
        if (count == 0)
            continue;
        if (!source_read_column(&output->sources[i], index, index, rows, count, &vector, error))
            return false;
        copy_nulls(output, column, vector, is_key, rows, places, count);
        if (!copy_items(output, column, vector, rows, places, count, error))
            return false;
    }
    return true;
}

bool output_gather(struct compaction_output *output, struct ssql_error *error)
{
    uint32_t column_count = output->table->format->layout.column_count;

    if (output->gathered == output->row_count)
        return true;
    group_rows(output);
    for (uint32_t i = output->gathered; i < output->row_count; i++)
        output->row_bytes[i] = column_count * (uint32_t)sizeof(uint64_t);
    for (uint32_t i = 0; i < column_count; i++)
        if (!gather_column(output, (uint16_t)i, error))
            return false;
    for (uint32_t i = output->gathered; i < output->row_count; i++)
        output->block_bytes += output->row_bytes[i];
    output->gathered = output->row_count;
    return true;
}

/* ---- writing ---- */

static bool end_file(struct compaction_output *output, struct ssql_error *error)
{
    if (output->writer == NULL)
        return true;
    if (output->file_count == output->file_capacity) {
        uint32_t capacity = output->file_capacity == 0 ? 8 : 2 * output->file_capacity;
        struct sstable_info *grown = realloc(output->files, capacity * sizeof *grown);
        if (grown == NULL)
            return error_no_memory(error);
        output->files = grown;
        output->file_capacity = capacity;
    }
    struct sstable_info *info = &output->files[output->file_count];
    memset(info, 0, sizeof *info);
    struct sstable_writer *writer = output->writer;
    output->writer = NULL;
    if (!sstable_writer_finish(writer, info, error)) {
        sstable_info_clear(info);
        return false;
    }
    output->file_count++;
    return true;
}

static bool begin_file(struct compaction_output *output, struct ssql_error *error)
{
    engine_new_file_name(output->engine, output->table->id, output->name);
    return sstable_writer_create(engine_volume(output->engine), output->name, output->table->format, &output->options,
                                 &output->writer, error);
}

/* The vector of a column's rows from `begin` on. */
static struct vector output_vector(const struct output_column *column, uint32_t begin)
{
    const uint8_t *items = column->items;
    struct vector vector = {
        .type = column->type, .kind = VECTOR_FLAT, .items = items + begin * vector_item_size(column->type)};

    if (column->has_nulls)
        vector.nulls = column->nulls + begin;
    return vector;
}

static bool write_rows(struct compaction_output *output, uint32_t begin, uint32_t end, struct ssql_error *error)
{
    uint32_t column_count = output->table->format->layout.column_count;
    uint64_t sequences[BATCH_CAPACITY], any_sequence = 0;
    uint8_t tombstones[BATCH_CAPACITY], any_tombstone = 0;

    if (begin == end)
        return true;
    if (output->writer == NULL && !begin_file(output, error))
        return false;
    struct vector *vectors = malloc(column_count * sizeof *vectors);
    if (vectors == NULL)
        return error_no_memory(error);
    for (uint32_t i = 0; i < column_count; i++)
        vectors[i] = output_vector(&output->columns[i], begin);
    for (uint32_t i = begin; i < end; i++) {
        any_sequence |= sequences[i - begin] = output->rows[i].sequence;
        any_tombstone |= tombstones[i - begin] = output->rows[i].is_tombstone;
    }
    const struct sstable_rows rows = {.columns = vectors,
                                      .sequences = any_sequence != 0 ? sequences : NULL,
                                      .tombstones = any_tombstone ? tombstones : NULL,
                                      .row_count = end - begin};
    bool done = sstable_writer_add_block(output->writer, &rows, error);
    free(vectors);
    return done;
}

/* A file that is large enough ends, but never between two versions of a key: those before the next key still go in. */
static bool split_file(struct compaction_output *output, uint32_t *begin, uint32_t end, struct ssql_error *error)
{
    uint32_t next = *begin;

    if (output->writer == NULL || sstable_writer_size(output->writer) < output->file_bytes)
        return true;
    while (next < end && !output->rows[next].begins_key)
        next++;
    if (!write_rows(output, *begin, next, error))
        return false;
    *begin = next;
    return next == end || end_file(output, error);
}

static void point_strings(struct compaction_output *output)
{
    for (uint32_t i = 0; i < output->table->format->layout.column_count; i++) {
        struct output_column *column = &output->columns[i];
        if (column->type != SSQL_TYPE_STRING)
            continue;
        struct slice *strings = column->items;
        for (uint32_t row = 0; row < output->row_count; row++)
            strings[row] = column->sizes[row] == 0
                               ? slice_make("", 0)
                               : slice_make(column->bytes + column->offsets[row], column->sizes[row]);
    }
}

static void forget_rows(struct compaction_output *output)
{
    output->row_count = output->gathered = 0;
    output->block_bytes = 0;
    for (uint32_t i = 0; i < output->table->format->layout.column_count; i++) {
        output->columns[i].byte_count = 0;
        output->columns[i].has_nulls = false;
    }
}

bool output_write(struct compaction_output *output, bool all, struct ssql_error *error)
{
    const struct sstable_writer_options *options = &output->options;
    uint32_t begin = 0, count = output->gathered;

    if (count == 0 || (!all && count < options->block_rows && output->block_bytes < options->block_bytes))
        return true;
    point_strings(output);
    while (begin < count) {
        size_t bytes = 0;
        if (!split_file(output, &begin, count, error))
            return false;
        uint32_t end = begin;
        while (end < count && end - begin < options->block_rows && (end == begin || bytes < options->block_bytes))
            bytes += output->row_bytes[end++];
        if (!write_rows(output, begin, end, error))
            return false;
        begin = end;
    }
    forget_rows(output);
    return true;
}

bool output_finish(struct compaction_output *output, struct ssql_error *error)
{
    return output_write(output, true, error) && end_file(output, error);
}
