#include "storage/column_decoder.h"

#include <assert.h>
#include <stdlib.h>

#include "storage/bit_packing.h"

enum {
    GATHER_SHARE = 4, /* of a block's rows: when more than one in so many is wanted, all are decoded */
    COPY_SIZE = 16,   /* short strings are copied in one piece of this size */
};

static const char BAD_STRINGS[] = "the ends of a column's strings contradict each other";
static const char BAD_CODES[] = "a code points beyond its dictionary";

/* ---- buffers ---- */

void column_buffer_clear(struct column_buffer *buffer)
{
    free(buffer->items);
    free(buffer->codes);
    free(buffer->nulls);
    free(buffer->bytes);
    *buffer = (struct column_buffer){0};
}

bool column_buffer_reserve_bytes(struct column_buffer *buffer, size_t size, struct ssql_error *error)
{
    if (size <= buffer->bytes_capacity)
        return true;
    size_t capacity = size + size / 4;
    free(buffer->bytes);
    buffer->bytes = malloc(capacity);
    buffer->bytes_capacity = buffer->bytes == NULL ? 0 : capacity;
    if (buffer->bytes != NULL)
        return true;
    return error_no_memory(error);
}

static bool reserve_items(struct column_buffer *buffer, struct ssql_error *error)
{
    if (buffer->items == NULL)
        buffer->items = malloc(BATCH_CAPACITY * sizeof(struct slice));
    if (buffer->items != NULL)
        return true;
    return error_no_memory(error);
}

static bool reserve_codes(struct column_buffer *buffer, struct ssql_error *error)
{
    if (buffer->codes == NULL)
        buffer->codes = malloc(BATCH_CAPACITY * sizeof *buffer->codes);
    if (buffer->codes != NULL)
        return true;
    return error_no_memory(error);
}

static bool reserve_nulls(struct column_buffer *buffer, struct ssql_error *error)
{
    if (buffer->nulls == NULL)
        buffer->nulls = malloc(BATCH_CAPACITY);
    if (buffer->nulls != NULL)
        return true;
    return error_no_memory(error);
}

/* ---- strings ---- */

void string_column_open(struct string_column *column, const struct block *block, const struct column_entry *entry)
{
    const uint8_t *bytes = block->bytes + entry->bytes_offset;

    column->entry = *entry;
    column->prefix = slice_make(NULL, 0);
    column->codes = NULL;
    column->run = (struct string_run){.bytes = bytes, .size = entry->bytes_size};
    if (entry->encoding == COLUMN_DICTIONARY) {
        column->codes = block->bytes + entry->data_offset;
        column->run.ends = block->bytes + entry->ends_offset;
        column->run.width = entry->end_width;
        column->run.shortest = column_entry_shortest(entry);
    } else if (entry->encoding == COLUMN_PLAIN_STRINGS) {
        uint32_t prefix_size = column_entry_count(entry);
        column->prefix = slice_make(bytes, prefix_size);
        column->run.bytes += prefix_size;
        column->run.size -= prefix_size;
        column->run.ends = block->bytes + entry->data_offset;
        column->run.width = entry->width;
        column->run.shortest = column_entry_shortest(entry);
    }
}

static bool run_item(const struct string_run *run, uint32_t i, struct slice *item)
{
    uint64_t end = (uint64_t)run->shortest * (i + 1) + packed_value(run->ends, run->width, i);
    uint64_t begin = i == 0 ? 0 : (uint64_t)run->shortest * i + packed_value(run->ends, run->width, i - 1);

    if (begin > end || end > run->size)
        return false;
    *item = slice_make(run->bytes + begin, end - begin);
    return true;
}

bool string_column_rest(const struct string_column *column, uint32_t row, struct slice *rest)
{
    switch (column->entry.encoding) {
    case COLUMN_CONSTANT: *rest = slice_make(column->run.bytes, column->run.size); return true;
    case COLUMN_DICTIONARY: {
        uint64_t code = packed_value(column->codes, column->entry.width, row);
        return code < column_entry_count(&column->entry) && run_item(&column->run, (uint32_t)code, rest);
    }
    default: return run_item(&column->run, row, rest);
    }
}

/* The items [begin, end), by what their ends exceed the shortest sizes by; `grown`: the same of the item before. */
static bool place_items(const struct string_run *run, uint32_t begin, uint32_t end, const int64_t *extra,
                        uint64_t grown, struct slice *items)
{
    uint64_t at = (uint64_t)run->shortest * begin + grown;
    bool is_good = true;

    for (uint32_t i = begin; i < end; i++) {
        is_good &= (uint64_t)extra[i] >= grown;
        grown = (uint64_t)extra[i];
        uint64_t item_end = (uint64_t)run->shortest * (i + 1) + grown;
        items[i] = slice_make(run->bytes + at, item_end - at);
        at = item_end;
    }
    return is_good && at <= run->size; /* ends ascend, so that the last is the greatest */
}

/* All items of a run, in order. */
static bool decode_run(const struct string_run *run, uint32_t count, struct slice *items)
{
    int64_t extra[BATCH_CAPACITY];

    unpack_values(run->ends, count, 0, run->width, extra);
    return place_items(run, 0, count, extra, 0, items);
}

/* The items [begin, end) of a run, each at its own place. */
static bool decode_run_range(const struct string_run *run, uint32_t begin, uint32_t end, struct slice *items)
{
    int64_t extra[BATCH_CAPACITY];
    uint32_t first = begin == 0 ? 0 : begin - 1;

    unpack_value_range(run->ends, first, end, 0, run->width, extra);
    return place_items(run, begin, end, extra, begin == 0 ? 0 : (uint64_t)extra[first], items);
}

/* Puts one string together at `to`, which has COPY_SIZE bytes to spare behind it; as do the block's bytes. */
static uint8_t *copy_joined(uint8_t *to, struct slice prefix, struct slice rest)
{
    if (prefix.size <= COPY_SIZE)
        memcpy(to, prefix.data, COPY_SIZE);
    else
        memcpy(to, prefix.data, prefix.size);
    to += prefix.size;
    if (rest.size <= COPY_SIZE)
        memcpy(to, rest.data, COPY_SIZE);
    else
        memcpy(to, rest.data, rest.size);
    return to + rest.size;
}

/* Puts the prefix before the rest of the strings of some rows (rows NULL: of rows 0 to count - 1). */
static bool join_prefix(const struct string_column *column, const uint16_t *rows, uint32_t count,
                        struct column_buffer *buffer, struct ssql_error *error)
{
    struct slice *items = buffer->items;
    size_t total = COPY_SIZE;

    if (column->prefix.size == 0)
        return true;
    for (uint32_t i = 0; i < count; i++)
        total += column->prefix.size + items[rows == NULL ? i : rows[i]].size;
    if (!column_buffer_reserve_bytes(buffer, total, error))
        return false;
    uint8_t *to = buffer->bytes;
    for (uint32_t i = 0; i < count; i++) {
        struct slice *item = &items[rows == NULL ? i : rows[i]];
        uint8_t *end = copy_joined(to, column->prefix, *item);
        *item = slice_make(to, (size_t)(end - to));
        to = end;
    }
    return true;
}

/* ---- whole columns ---- */

bool block_row_is_null(const struct block *block, const struct column_entry *entry, uint32_t row)
{
    return entry->nulls_offset != 0 && bitmap_bit(block->bytes + entry->nulls_offset, row) != 0;
}

static bool decode_nulls(const struct block *block, const struct column_entry *entry, struct column_buffer *buffer,
                         struct vector *vector, struct ssql_error *error)
{
    if (entry->nulls_offset == 0)
        return true;
    if (!reserve_nulls(buffer, error))
        return false;
    bitmap_expand(block->bytes + entry->nulls_offset, block->row_count, buffer->nulls);
    vector->nulls = buffer->nulls;
    return true;
}

static void decode_ints(const struct block *block, const struct column_entry *entry, int64_t *items,
                        struct vector *vector)
{
    uint32_t count = vector->kind == VECTOR_CONSTANT ? 1 : block->row_count;

    unpack_values(block->bytes + entry->data_offset, count, (int64_t)entry->base, entry->width, items);
    vector->integers = items;
}

static void decode_floats(const struct block *block, const struct column_entry *entry, double *items,
                          struct vector *vector)
{
    vector->reals = items;
    if (entry->encoding == COLUMN_PLAIN_FLOATS) {
        memcpy(items, block->bytes + entry->data_offset, block->row_count * sizeof *items);
        return;
    }
    uint32_t count = vector->kind == VECTOR_CONSTANT ? 1 : block->row_count;
    for (uint32_t i = 0; i < count; i++)
        memcpy(&items[i], &entry->base, sizeof *items);
}

static void decode_bools(const struct block *block, const struct column_entry *entry, uint8_t *items,
                         struct vector *vector)
{
    vector->booleans = items;
    if (entry->encoding == COLUMN_BITS)
        bitmap_expand(block->bytes + entry->data_offset, block->row_count, items);
    else
        memset(items, (int)entry->base, block->row_count);
}

/* Whether all codes lie below the dictionary's count. */
static bool check_codes(const uint16_t *codes, uint32_t count, const struct column_entry *entry)
{
    uint32_t item_count = column_entry_count(entry);
    uint16_t greatest = 0;

    if ((UINT32_C(1) << entry->width) <= item_count)
        return true;
    for (uint32_t i = 0; i < count; i++)
        greatest = codes[i] > greatest ? codes[i] : greatest;
    return greatest < item_count;
}

/* The dictionary itself; the codes come apart. */
static bool decode_dictionary(const struct block *block, const struct string_column *column,
                              struct column_buffer *buffer, struct vector *vector, struct ssql_error *error)
{
    uint32_t item_count = column_entry_count(&column->entry);

    if (!reserve_codes(buffer, error))
        return false;
    if (!decode_run(&column->run, item_count, buffer->items))
        return block_damaged(block, BAD_STRINGS, error);
    vector->kind = VECTOR_DICTIONARY;
    vector->codes = buffer->codes;
    vector->dictionary_count = item_count;
    return true;
}

/* One string for all rows; where some are null, a dictionary of one. */
static bool decode_constant_string(const struct block *block, const struct string_column *column,
                                   struct column_buffer *buffer, struct vector *vector, struct ssql_error *error)
{
    *(struct slice *)buffer->items = slice_make(column->run.bytes, column->run.size);
    if (vector->kind == VECTOR_CONSTANT)
        return true;
    if (!reserve_codes(buffer, error))
        return false;
    memset(buffer->codes, 0, block->row_count * sizeof *buffer->codes);
    vector->kind = VECTOR_DICTIONARY;
    vector->codes = buffer->codes;
    vector->dictionary_count = 1;
    return true;
}

static bool decode_strings(const struct block *block, const struct column_entry *entry, struct column_buffer *buffer,
                           struct vector *vector, struct ssql_error *error)
{
    struct string_column column;

    string_column_open(&column, block, entry);
    vector->strings = buffer->items;
    switch (entry->encoding) {
    case COLUMN_CONSTANT: return decode_constant_string(block, &column, buffer, vector, error);
    case COLUMN_DICTIONARY:
        if (!decode_dictionary(block, &column, buffer, vector, error))
            return false;
        unpack_codes(column.codes, block->row_count, entry->width, buffer->codes);
        if (check_codes(buffer->codes, block->row_count, entry))
            return true;
        return block_damaged(block, BAD_CODES, error);
    default:
        if (!decode_run(&column.run, block->row_count, buffer->items))
            return block_damaged(block, BAD_STRINGS, error);
        return join_prefix(&column, NULL, block->row_count, buffer, error);
    }
}

bool block_decode_column(const struct block *block, uint32_t column, struct column_buffer *buffer,
                         struct vector *vector, struct ssql_error *error)
{
    struct column_entry entry;

    block_column_entry(block, column, &entry);
    *vector = (struct vector){.type = block->sstable->format->layout.types[column], .kind = VECTOR_FLAT};
    if (entry.encoding == COLUMN_CONSTANT && entry.nulls_offset == 0)
        vector->kind = VECTOR_CONSTANT;
    if (!reserve_items(buffer, error) || !decode_nulls(block, &entry, buffer, vector, error))
        return false;
    switch (vector->type) {
    case SSQL_TYPE_INT: decode_ints(block, &entry, buffer->items, vector); return true;
    case SSQL_TYPE_FLOAT: decode_floats(block, &entry, buffer->items, vector); return true;
    case SSQL_TYPE_BOOL: decode_bools(block, &entry, buffer->items, vector); return true;
    default: assert(vector->type == SSQL_TYPE_STRING); return decode_strings(block, &entry, buffer, vector, error);
    }
}

/* ---- some rows ---- */

static void gather_numbers(const struct block *block, const struct column_entry *entry, const uint16_t *rows,
                           uint32_t count, struct column_buffer *buffer, struct vector *vector)
{
    const uint8_t *data = block->bytes + entry->data_offset;
    int64_t *integers = buffer->items;
    double *reals = buffer->items;
    uint8_t *booleans = buffer->items;

    switch (vector->type) {
    case SSQL_TYPE_INT:
        for (uint32_t i = 0; i < count; i++)
            integers[rows[i]] = (int64_t)(entry->base + packed_value(data, entry->width, rows[i]));
        vector->integers = integers;
        break;
    case SSQL_TYPE_FLOAT:
        for (uint32_t i = 0; i < count; i++)
            memcpy(&reals[rows[i]], data + 8 * (size_t)rows[i], 8);
        vector->reals = reals;
        break;
    default:
        assert(vector->type == SSQL_TYPE_BOOL);
        for (uint32_t i = 0; i < count; i++)
            booleans[rows[i]] = (uint8_t)bitmap_bit(data, rows[i]);
        vector->booleans = booleans;
        break;
    }
}

/* A dictionary that is larger than the list of rows is not worth decoding: the strings come flat. */
static bool gather_strings(const struct block *block, const struct column_entry *entry, const uint16_t *rows,
                           uint32_t count, struct column_buffer *buffer, struct vector *vector,
                           struct ssql_error *error)
{
    struct string_column column;
    struct slice *items = buffer->items;

    string_column_open(&column, block, entry);
    vector->strings = items;
    if (entry->encoding == COLUMN_DICTIONARY && column_entry_count(entry) <= count) {
        if (!decode_dictionary(block, &column, buffer, vector, error))
            return false;
        for (uint32_t i = 0; i < count; i++) {
            uint64_t code = packed_value(column.codes, entry->width, rows[i]);
            if (code >= vector->dictionary_count)
                return block_damaged(block, BAD_CODES, error);
            buffer->codes[rows[i]] = (uint16_t)code;
        }
        return true;
    }
    for (uint32_t i = 0; i < count; i++)
        if (!string_column_rest(&column, rows[i], &items[rows[i]]))
            return block_damaged(block, BAD_STRINGS, error);
    return join_prefix(&column, rows, count, buffer, error);
}

static bool gather_rows(const struct block *block, const struct column_entry *entry, const uint16_t *rows,
                        uint32_t count, struct column_buffer *buffer, struct vector *vector, struct ssql_error *error)
{
    if (entry->nulls_offset != 0) {
        if (!reserve_nulls(buffer, error))
            return false;
        for (uint32_t i = 0; i < count; i++)
            buffer->nulls[rows[i]] = block_row_is_null(block, entry, rows[i]);
        vector->nulls = buffer->nulls;
    }
    if (vector->type == SSQL_TYPE_STRING)
        return gather_strings(block, entry, rows, count, buffer, vector, error);
    gather_numbers(block, entry, rows, count, buffer, vector);
    return true;
}

/* ---- rows that follow one another: like the whole, but for the others ---- */

static void decode_number_range(const struct block *block, const struct column_entry *entry, uint32_t begin,
                                uint32_t end, struct column_buffer *buffer, struct vector *vector)
{
    const uint8_t *data = block->bytes + entry->data_offset;

    switch (vector->type) {
    case SSQL_TYPE_INT:
        unpack_value_range(data, begin, end, (int64_t)entry->base, entry->width, buffer->items);
        vector->integers = buffer->items;
        break;
    case SSQL_TYPE_FLOAT:
        memcpy((double *)buffer->items + begin, data + 8 * (size_t)begin, 8 * (size_t)(end - begin));
        vector->reals = buffer->items;
        break;
    default:
        assert(vector->type == SSQL_TYPE_BOOL);
        bitmap_expand_range(data, begin, end, buffer->items);
        vector->booleans = buffer->items;
        break;
    }
}

/* As in gather_strings, a dictionary that is larger than the range is not decoded. */
static bool decode_code_range(const struct block *block, const struct string_column *column, uint32_t begin,
                              uint32_t end, struct column_buffer *buffer, struct vector *vector,
                              struct ssql_error *error)
{
    struct slice *items = buffer->items;
    uint16_t codes[BATCH_CAPACITY];
    bool is_small = column_entry_count(&column->entry) <= end - begin;

    if (is_small && !decode_dictionary(block, column, buffer, vector, error))
        return false;
    uint16_t *into = is_small ? buffer->codes : codes;
    unpack_code_range(column->codes, begin, end, column->entry.width, into);
    if (!check_codes(into + begin, end - begin, &column->entry))
        return block_damaged(block, BAD_CODES, error);
    for (uint32_t i = begin; !is_small && i < end; i++)
        if (!run_item(&column->run, codes[i], &items[i]))
            return block_damaged(block, BAD_STRINGS, error);
    return true;
}

static bool decode_string_range(const struct block *block, const struct column_entry *entry, const uint16_t *rows,
                                uint32_t count, struct column_buffer *buffer, struct vector *vector,
                                struct ssql_error *error)
{
    uint32_t begin = rows[0], end = begin + count;
    struct string_column column;

    string_column_open(&column, block, entry);
    vector->strings = buffer->items;
    if (entry->encoding == COLUMN_DICTIONARY)
        return decode_code_range(block, &column, begin, end, buffer, vector, error);
    if (!decode_run_range(&column.run, begin, end, buffer->items))
        return block_damaged(block, BAD_STRINGS, error);
    return join_prefix(&column, rows, count, buffer, error);
}

static bool rows_are_range(const uint16_t *rows, uint32_t count)
{
    return count > 1 && rows[count - 1] - rows[0] == (int)count - 1;
}

static bool decode_range(const struct block *block, const struct column_entry *entry, const uint16_t *rows,
                         uint32_t count, struct column_buffer *buffer, struct vector *vector, struct ssql_error *error)
{
    uint32_t begin = rows[0], end = begin + count;

    if (entry->nulls_offset != 0) {
        if (!reserve_nulls(buffer, error))
            return false;
        bitmap_expand_range(block->bytes + entry->nulls_offset, begin, end, buffer->nulls);
        vector->nulls = buffer->nulls;
    }
    if (vector->type == SSQL_TYPE_STRING)
        return decode_string_range(block, entry, rows, count, buffer, vector, error);
    decode_number_range(block, entry, begin, end, buffer, vector);
    return true;
}

bool block_gather_column(const struct block *block, uint32_t column, const uint16_t *rows, uint32_t count,
                         struct column_buffer *buffer, struct vector *vector, struct ssql_error *error)
{
    bool is_range = rows_are_range(rows, count);
    struct column_entry entry;

    block_column_entry(block, column, &entry);
    if (entry.encoding == COLUMN_CONSTANT || (!is_range && count > block->row_count / GATHER_SHARE))
        return block_decode_column(block, column, buffer, vector, error);
    *vector = (struct vector){.type = block->sstable->format->layout.types[column], .kind = VECTOR_FLAT};
    return reserve_items(buffer, error) &&
           (is_range ? decode_range : gather_rows)(block, &entry, rows, count, buffer, vector, error);
}

/* ---- one value ---- */

static bool string_value(const struct block *block, const struct column_entry *entry, uint32_t row,
                         struct column_buffer *buffer, struct value *value, struct ssql_error *error)
{
    struct string_column column;
    struct slice rest;

    string_column_open(&column, block, entry);
    if (!string_column_rest(&column, row, &rest))
        return block_damaged(block, BAD_STRINGS, error);
    if (column.prefix.size > 0) {
        size_t size = column.prefix.size + rest.size;
        if (!column_buffer_reserve_bytes(buffer, size + COPY_SIZE, error))
            return false;
        copy_joined(buffer->bytes, column.prefix, rest);
        rest = slice_make(buffer->bytes, size);
    }
    *value = value_string(rest);
    return true;
}

static void prefetch_value(const struct block *block, uint32_t column, uint32_t row)
{
    struct column_entry entry;

    block_column_entry(block, column, &entry);
    const uint8_t *data = block->bytes + entry.data_offset;
    if (entry.encoding == COLUMN_CONSTANT)
        return;
    switch ((enum ssql_type)block->sstable->format->layout.types[column]) {
    case SSQL_TYPE_INT: packed_prefetch(data, entry.width, row); break;
    case SSQL_TYPE_FLOAT: __builtin_prefetch(data + 8 * (size_t)row); break;
    case SSQL_TYPE_BOOL: __builtin_prefetch(data + row / 8); break;
    default: /* a string */
        packed_prefetch(data, entry.width, row);
        if (entry.encoding == COLUMN_PLAIN_STRINGS && entry.width == 0) /* all of one length: the place is known */
            __builtin_prefetch(block->bytes + entry.bytes_offset + column_entry_count(&entry) +
                               (size_t)row * column_entry_shortest(&entry));
        break;
    }
}

void block_prefetch_row(const struct block *block, const uint16_t *columns, uint32_t count, uint32_t row)
{
    for (uint32_t i = 0; i < count; i++)
        prefetch_value(block, columns[i], row);
}

bool block_value(const struct block *block, uint32_t column, uint32_t row, struct column_buffer *buffer,
                 struct value *value, struct ssql_error *error)
{
    enum ssql_type type = block->sstable->format->layout.types[column];
    struct column_entry entry;
    double real;

    block_column_entry(block, column, &entry);
    const uint8_t *data = block->bytes + entry.data_offset;
    *value = value_null(type);
    if (block_row_is_null(block, &entry, row))
        return true;
    switch (type) {
    case SSQL_TYPE_INT: *value = value_int((int64_t)(entry.base + packed_value(data, entry.width, row))); break;
    case SSQL_TYPE_FLOAT:
        memcpy(&real, entry.encoding == COLUMN_CONSTANT ? (const void *)&entry.base : data + 8 * (size_t)row, 8);
        *value = value_float(real);
        break;
    case SSQL_TYPE_BOOL:
        *value = value_bool(entry.encoding == COLUMN_CONSTANT ? entry.base != 0 : bitmap_bit(data, row) != 0);
        break;
    default: assert(type == SSQL_TYPE_STRING); return string_value(block, &entry, row, buffer, value, error);
    }
    return true;
}
