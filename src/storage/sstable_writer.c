#include "storage/sstable_writer.h"

#include <assert.h>
#include <stdlib.h>

#include "base/key_codec.h"
#include "storage/key_filter.h"
#include "storage/sstable_format.h"
#include "storage/sstable_index_builder.h"

#define SIGN_BIT (UINT64_C(1) << 63) /* a number's key_head is the number with this bit turned over */

enum { APPEND_SIZE = 256 << 10 /* bytes that are gathered before they go to the volume */ };

/* Work space for one column of the block that is being put together. */
struct column_space {
    union {
        int64_t integers[BATCH_CAPACITY];
        double reals[BATCH_CAPACITY];
        uint8_t booleans[BATCH_CAPACITY];
        struct slice strings[BATCH_CAPACITY];
    };
    uint8_t nulls[BATCH_CAPACITY];
    uint8_t skipped[BATCH_CAPACITY];
    struct buffer scratch; /* strings taken out of tombstones' keys */
};

struct sstable_writer {
    struct volume *volume;
    char name[SSTABLE_NAME_SIZE];
    uint64_t identity;
    const struct row_format *format;
    struct sstable_writer_options options;
    struct object_writer *object; /* NULL before the first bytes */
    struct buffer output;         /* bytes that the object has not got yet */
    uint64_t size;                /* of the file so far, output included */
    struct key_filter_builder filter;
    struct sstable_index_builder index;
    struct block_encoder *encoder;
    struct sstable_footer totals;
    struct buffer first_key, last_key; /* of the file so far */
    bool failed;
    struct ssql_error first_error; /* of the call that failed; finish reports it again */

    /* Rows of sstable_writer_add that are no block yet. */
    uint32_t pending_count;
    size_t pending_bytes;
    bool pending_tombstones;
    struct slice keys[BATCH_CAPACITY];
    struct slice rows[BATCH_CAPACITY];
    uint64_t sequences[BATCH_CAPACITY];
    uint8_t tombstones[BATCH_CAPACITY];

    struct buffer block_first_key, block_last_key; /* of a block that is added whole */
    struct column_space space;
};

/* ---- sstable_info ---- */

void sstable_info_clear(struct sstable_info *info)
{
    buffer_clear(&info->first_key);
    buffer_clear(&info->last_key);
    *info = (struct sstable_info){0};
}

bool sstable_info_copy(struct sstable_info *to, const struct sstable_info *from, struct ssql_error *error)
{
    *to = *from;
    to->first_key = to->last_key = (struct buffer){0};
    buffer_append(&to->first_key, from->first_key.data, from->first_key.size);
    buffer_append(&to->last_key, from->last_key.data, from->last_key.size);
    if (!to->first_key.failed && !to->last_key.failed)
        return true;
    sstable_info_clear(to);
    return error_no_memory(error);
}

/* ---- the writer's life ---- */

static void writer_free(struct sstable_writer *writer)
{
    object_abandon(writer->object);
    buffer_clear(&writer->output);
    key_filter_builder_clear(&writer->filter);
    sstable_index_builder_clear(&writer->index);
    block_encoder_destroy(writer->encoder);
    buffer_clear(&writer->first_key);
    buffer_clear(&writer->last_key);
    buffer_clear(&writer->block_first_key);
    buffer_clear(&writer->block_last_key);
    buffer_clear(&writer->space.scratch);
    free(writer);
}

bool sstable_writer_create(struct volume *volume, const char *name, const struct row_format *format,
                           const struct sstable_writer_options *options, struct sstable_writer **writer,
                           struct ssql_error *error)
{
    assert(options->block_rows >= 1 && options->block_rows <= BATCH_CAPACITY && strlen(name) < SSTABLE_NAME_SIZE);
    struct sstable_writer *made = calloc(1, sizeof *made);
    uint8_t header[SSTABLE_HEADER_SIZE];

    *writer = NULL;
    if (made == NULL)
        return error_no_memory(error);
    made->volume = volume;
    strcpy(made->name, name);
    made->identity = sstable_identity(name);
    made->format = format;
    made->options = *options;
    made->totals.lowest_sequence = UINT64_MAX;
    sstable_header_store(header);
    buffer_append(&made->output, header, sizeof header);
    made->size = SSTABLE_HEADER_SIZE;
    if (made->output.failed) {
        writer_free(made);
        return error_no_memory(error);
    }
    if (!block_encoder_create(format->layout.column_count, options->compress, &made->encoder, error) ||
        (options->filter_bits > 0 && !key_filter_builder_init(&made->filter, format->key_is_int, options->expected_rows,
                                                              options->filter_bits, error))) {
        writer_free(made);
        return false;
    }
    *writer = made;
    return true;
}

void sstable_writer_abandon(struct sstable_writer *writer)
{
    if (writer != NULL)
        writer_free(writer);
}

uint64_t sstable_writer_size(const struct sstable_writer *writer)
{
    return writer->size;
}

/* ---- bytes to the volume ---- */

static bool send_output(struct sstable_writer *writer, struct ssql_error *error)
{
    if (writer->object == NULL && object_create(writer->volume, writer->name, 0, &writer->object, error) != VOLUME_OK)
        return false;
    if (object_append(writer->object, buffer_slice(&writer->output), error) != VOLUME_OK)
        return false;
    buffer_reset(&writer->output);
    return true;
}

/* Appends bytes to the file; they go out in large pieces. */
static bool append(struct sstable_writer *writer, struct slice bytes, struct ssql_error *error)
{
    buffer_append(&writer->output, bytes.data, bytes.size);
    if (writer->output.failed)
        return error_no_memory(error);
    writer->size += bytes.size;
    return writer->output.size < APPEND_SIZE || send_output(writer, error);
}

/* ---- columns of a block ---- */

/* Where a block's rows come from: pending encoded rows, or vectors. */
struct block_source {
    const struct sstable_rows *rows; /* NULL: the pending ones */
    const uint8_t *tombstones;       /* NULL: none */
    const uint64_t *sequences;
    uint32_t row_count;
};

static bool is_tombstone(const struct block_source *source, uint32_t row)
{
    return source->tombstones != NULL && source->tombstones[row];
}

static int find_key_part(const struct table_layout *layout, uint32_t column)
{
    for (uint32_t i = 0; i < layout->key_count; i++)
        if (layout->key_columns[i] == column)
            return (int)i;
    return -1;
}

static void space_put(struct column_space *space, enum ssql_type type, uint32_t row, const struct value *value)
{
    switch (type) {
    case SSQL_TYPE_INT: space->integers[row] = value->integer; break;
    case SSQL_TYPE_FLOAT: space->reals[row] = value->real; break;
    case SSQL_TYPE_BOOL: space->booleans[row] = value->boolean; break;
    default: assert(type == SSQL_TYPE_STRING); space->strings[row] = value->string;
    }
}

/* Strings that a key decoder unescapes stay in `scratch`: room for all is made first, so that none of them moves. */
static bool reserve_key_scratch(struct sstable_writer *writer, struct ssql_error *error)
{
    size_t size = 0;

    for (uint32_t i = 0; i < writer->pending_count; i++)
        size += writer->tombstones[i] ? writer->keys[i].size : 0;
    buffer_reset(&writer->space.scratch);
    if (buffer_reserve(&writer->space.scratch, size + 1) != NULL)
        return true;
    return error_no_memory(error);
}

/* A tombstone has only its key: the column's value is a part of it. */
static struct value value_of_key(struct sstable_writer *writer, uint32_t row, int part)
{
    const struct table_layout *layout = &writer->format->layout;
    enum ssql_type types[KEY_COLUMNS_MOST];
    struct value parts[KEY_COLUMNS_MOST];

    for (uint32_t i = 0; i < layout->key_count; i++)
        types[i] = layout->types[layout->key_columns[i]];
    bool is_key = key_decode(writer->keys[row], types, layout->key_count, parts, &writer->space.scratch);
    assert(is_key);
    (void)is_key;
    return parts[part];
}

/* One column of the pending rows, as an array of its type. */
static bool fill_from_rows(struct sstable_writer *writer, uint32_t column, struct column_input *input,
                           struct ssql_error *error)
{
    struct column_space *space = &writer->space;
    int part = find_key_part(&writer->format->layout, column);
    uint32_t null_count = 0, skipped_count = 0;

    if (part >= 0 && writer->pending_tombstones && !reserve_key_scratch(writer, error))
        return false;
    for (uint32_t i = 0; i < writer->pending_count; i++) {
        space->nulls[i] = space->skipped[i] = 0;
        if (writer->tombstones[i] && part < 0) {
            space->skipped[i] = 1;
            skipped_count++;
            continue;
        }
        struct value value =
            writer->tombstones[i] ? value_of_key(writer, i, part) : row_value(writer->format, writer->rows[i], column);
        if (value.is_null) {
            space->nulls[i] = space->skipped[i] = 1;
            null_count++;
            continue;
        }
        space_put(space, input->type, i, &value);
    }
    input->integers = space->integers; /* the members of the union share one address */
    input->nulls = null_count > 0 ? space->nulls : NULL;
    input->skipped = null_count + skipped_count > 0 ? space->skipped : NULL;
    return true;
}

/* Marks nulls and tombstones of a vector; whether there are any of each. */
static void mark_vector(const struct vector *vector, const struct block_source *source, bool is_key,
                        struct column_space *space, struct column_input *input)
{
    bool some_null = false, some_skipped = false;

    for (uint32_t i = 0; i < source->row_count; i++) {
        bool left_out = !is_key && is_tombstone(source, i);
        bool null = !left_out && vector->nulls != NULL && vector->nulls[vector->kind == VECTOR_CONSTANT ? 0 : i] != 0;
        space->nulls[i] = null;
        space->skipped[i] = null || left_out;
        some_null = some_null || null;
        some_skipped = some_skipped || null || left_out;
    }
    input->nulls = some_null ? space->nulls : NULL;
    input->skipped = some_skipped ? space->skipped : NULL;
}

/* One column of a block of vectors. Flat ones are taken as they are. */
static void fill_from_vector(struct sstable_writer *writer, const struct block_source *source, uint32_t column,
                             struct column_input *input)
{
    const struct vector *vector = &source->rows->columns[column];
    struct column_space *space = &writer->space;
    bool is_key = find_key_part(&writer->format->layout, column) >= 0;

    if (vector->nulls != NULL || source->tombstones != NULL)
        mark_vector(vector, source, is_key, space, input);
    input->integers = vector->integers;
    if (vector->kind == VECTOR_FLAT)
        return;
    for (uint32_t i = 0; i < source->row_count; i++) {
        if (input->skipped != NULL && space->skipped[i])
            continue;
        struct value value = vector_value(vector, i);
        space_put(space, input->type, i, &value);
    }
    input->integers = space->integers;
}

/* ---- blocks ---- */

static void count_rows(struct sstable_writer *writer, const struct block_source *source)
{
    struct sstable_footer *totals = &writer->totals;

    totals->row_count += source->row_count;
    for (uint32_t i = 0; i < source->row_count && source->sequences != NULL; i++) {
        uint64_t sequence = source->sequences[i];
        if (sequence == 0)
            continue;
        totals->lowest_sequence = sequence < totals->lowest_sequence ? sequence : totals->lowest_sequence;
        totals->highest_sequence = sequence > totals->highest_sequence ? sequence : totals->highest_sequence;
    }
    for (uint32_t i = 0; i < source->row_count && source->tombstones != NULL; i++)
        totals->tombstone_count += source->tombstones[i] != 0;
}

/* Keeps the file's first and last key. */
static bool note_keys(struct sstable_writer *writer, struct slice first, struct slice last, struct ssql_error *error)
{
    if (writer->index.block_count == 0) {
        buffer_append(&writer->first_key, first.data, first.size);
    } else {
        assert(slice_compare(buffer_slice(&writer->last_key), first) <= 0);
    }
    assert(slice_compare(first, last) <= 0);
    buffer_reset(&writer->last_key);
    buffer_append(&writer->last_key, last.data, last.size);
    if (!writer->first_key.failed && !writer->last_key.failed)
        return true;
    return error_no_memory(error);
}

static bool write_block(struct sstable_writer *writer, const struct block_source *source, struct slice first_key,
                        struct slice last_key, struct ssql_error *error)
{
    const struct table_layout *layout = &writer->format->layout;
    struct index_block block = {
        .offset = writer->size, .row_count = source->row_count, .first_key = first_key, .last_key = last_key};
    struct slice stored;

    if (!note_keys(writer, first_key, last_key, error))
        return false;
    count_rows(writer, source);
    block_encoder_begin(writer->encoder, source->row_count);
    block_encoder_add_sequences(writer->encoder, source->sequences);
    block_encoder_add_tombstones(writer->encoder, source->tombstones);
    for (uint32_t i = 0; i < layout->column_count; i++) {
        struct column_input input = {.type = layout->types[i]};
        struct column_summary summary;
        if (source->rows != NULL)
            fill_from_vector(writer, source, i, &input);
        else if (!fill_from_rows(writer, i, &input, error))
            return false;
        block_encoder_add_column(writer->encoder, i, &input, &summary);
        sstable_index_builder_add_zone(&writer->index, &summary);
    }
    if (!block_encoder_finish(writer->encoder, writer->identity, writer->size, &stored, &block.unpacked_size, error))
        return false;
    block.stored_size = (uint32_t)stored.size;
    sstable_index_builder_add_block(&writer->index, &block);
    return append(writer, stored, error);
}

static bool flush_pending(struct sstable_writer *writer, struct ssql_error *error)
{
    struct block_source source = {.tombstones = writer->pending_tombstones ? writer->tombstones : NULL,
                                  .sequences = writer->sequences,
                                  .row_count = writer->pending_count};

    if (writer->pending_count == 0)
        return true;
    bool written = write_block(writer, &source, writer->keys[0], writer->keys[writer->pending_count - 1], error);
    writer->pending_count = 0;
    writer->pending_bytes = 0;
    writer->pending_tombstones = false;
    return written;
}

static bool report_failure(const struct sstable_writer *writer, struct ssql_error *error)
{
    if (error != NULL)
        *error = writer->first_error;
    return false;
}

/* After a failure nothing more is written, and every call reports the first error. */
static bool keep_failure(struct sstable_writer *writer, bool succeeded, struct ssql_error *error)
{
    if (succeeded)
        return true;
    if (!writer->failed && error != NULL)
        writer->first_error = *error;
    writer->failed = true;
    writer->pending_count = 0;
    return report_failure(writer, error);
}

bool sstable_writer_add(struct sstable_writer *writer, struct slice key, struct slice row, uint64_t sequence,
                        struct ssql_error *error)
{
    uint32_t i = writer->pending_count++;

    writer->keys[i] = key;
    writer->rows[i] = row;
    writer->sequences[i] = sequence;
    writer->tombstones[i] = row.data == NULL;
    writer->pending_tombstones = writer->pending_tombstones || row.data == NULL;
    writer->pending_bytes += row.data == NULL ? key.size : row.size;
    if (writer->options.filter_bits > 0 && !key_filter_builder_add(&writer->filter, key, error))
        return keep_failure(writer, false, error);
    if (writer->pending_count < writer->options.block_rows && writer->pending_bytes < writer->options.block_bytes)
        return true;
    return keep_failure(writer, !writer->failed && flush_pending(writer, error), error);
}

/* The key of one row of a block of vectors. */
static void append_row_key(const struct sstable_writer *writer, const struct sstable_rows *rows, uint32_t row,
                           struct buffer *key)
{
    const struct table_layout *layout = &writer->format->layout;
    struct value parts[KEY_COLUMNS_MOST];

    for (uint32_t i = 0; i < layout->key_count; i++) {
        parts[i] = vector_value(&rows->columns[layout->key_columns[i]], row);
        assert(!parts[i].is_null);
    }
    key_encode(key, parts, layout->key_count);
}

/* One int: its key is a number, made without a buffer. */
static bool filter_int_keys(struct sstable_writer *writer, const struct sstable_rows *rows, struct ssql_error *error)
{
    const struct vector *column = &rows->columns[writer->format->layout.key_columns[0]];

    for (uint32_t i = 0; i < rows->row_count; i++) {
        int64_t integer = column->integers[column->kind == VECTOR_CONSTANT ? 0 : i];
        if (!key_filter_builder_add_head(&writer->filter, (uint64_t)integer ^ SIGN_BIT, error))
            return false;
    }
    return true;
}

static bool filter_any_keys(struct sstable_writer *writer, const struct sstable_rows *rows, struct ssql_error *error)
{
    struct buffer *key = &writer->block_last_key;

    for (uint32_t i = 0; i < rows->row_count; i++) {
        buffer_reset(key);
        append_row_key(writer, rows, i, key);
        if (key->failed)
            return error_no_memory(error);
        bool is_added = key_filter_builder_add(&writer->filter, buffer_slice(key), error);
        assert(is_added); /* no bitmap, which would have to grow */
        (void)is_added;
    }
    return true;
}

/* Adds every row's key to the filter; the first and the last stay for the index. */
static bool gather_keys(struct sstable_writer *writer, const struct sstable_rows *rows, struct ssql_error *error)
{
    if (writer->options.filter_bits > 0 &&
        !(writer->format->key_is_int ? filter_int_keys(writer, rows, error) : filter_any_keys(writer, rows, error)))
        return false;
    buffer_reset(&writer->block_first_key);
    append_row_key(writer, rows, 0, &writer->block_first_key);
    buffer_reset(&writer->block_last_key);
    append_row_key(writer, rows, rows->row_count - 1, &writer->block_last_key);
    if (!writer->block_first_key.failed && !writer->block_last_key.failed)
        return true;
    return error_no_memory(error);
}

bool sstable_writer_add_block(struct sstable_writer *writer, const struct sstable_rows *rows, struct ssql_error *error)
{
    struct block_source source = {
        .rows = rows, .tombstones = rows->tombstones, .sequences = rows->sequences, .row_count = rows->row_count};

    assert(rows->row_count <= BATCH_CAPACITY);
    if (rows->row_count == 0)
        return true;
    bool added = !writer->failed && flush_pending(writer, error) && gather_keys(writer, rows, error) &&
                 write_block(writer, &source, buffer_slice(&writer->block_first_key),
                             buffer_slice(&writer->block_last_key), error);
    return keep_failure(writer, added, error);
}

/* ---- the end ---- */

/* Filter, index and footer. */
static bool write_tail(struct sstable_writer *writer, struct ssql_error *error)
{
    struct sstable_footer *footer = &writer->totals;
    struct buffer index = {0};
    uint8_t bytes[SSTABLE_FOOTER_SIZE];

    footer->filter_offset = writer->size;
    if (writer->options.filter_bits > 0) {
        struct key_filter filter;
        if (!key_filter_builder_finish(&writer->filter, &filter, error))
            return false;
        footer->filter_kind = filter.kind;
        footer->filter_probes = filter.probes;
        footer->filter_size = filter.bytes.size;
        footer->filter_checksum = sstable_checksum(filter.bytes, writer->identity, writer->size);
        if (!append(writer, filter.bytes, error))
            return false;
    }
    footer->block_count = writer->index.block_count;
    footer->index_offset = writer->size;
    bool written = sstable_index_builder_finish(&writer->index, writer->format, &index, error);
    if (written) {
        footer->index_size = index.size;
        footer->index_checksum = sstable_checksum(buffer_slice(&index), writer->identity, writer->size);
        written = append(writer, buffer_slice(&index), error);
    }
    buffer_clear(&index);
    if (!written)
        return false;
    if (footer->lowest_sequence > footer->highest_sequence)
        footer->lowest_sequence = 0;
    sstable_footer_store(footer, writer->identity, writer->size, bytes);
    return append(writer, slice_make(bytes, sizeof bytes), error) && send_output(writer, error);
}

/* Hands over what the manifest keeps. */
static void fill_info(struct sstable_writer *writer, struct sstable_info *info)
{
    strcpy(info->name, writer->name);
    info->size = writer->size;
    info->row_count = writer->totals.row_count;
    info->tombstone_count = writer->totals.tombstone_count;
    info->lowest_sequence = writer->totals.lowest_sequence;
    info->highest_sequence = writer->totals.highest_sequence;
    info->first_key = writer->first_key;
    info->last_key = writer->last_key;
    writer->first_key = writer->last_key = (struct buffer){0};
}

bool sstable_writer_finish(struct sstable_writer *writer, struct sstable_info *info, struct ssql_error *error)
{
    bool finished = false;

    *info = (struct sstable_info){0};
    if (writer->failed) {
        report_failure(writer, error);
        goto done;
    }
    if (!flush_pending(writer, error))
        goto done;
    if (writer->totals.row_count == 0) {
        finished = true;
        goto done;
    }
    if (!write_tail(writer, error))
        goto done;
    struct object_writer *object = writer->object;
    writer->object = NULL;
    if (object_finish(object, error) != VOLUME_OK)
        goto done;
    fill_info(writer, info);
    finished = true;
done:
    writer_free(writer);
    return finished;
}
