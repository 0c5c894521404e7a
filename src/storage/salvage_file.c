/* One file: its good blocks, and what is known of the others. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/key_codec.h"
#include "storage/salvage_internal.h"
#include "storage/sstable_internal.h"
#include "storage/table_layout.h"
#include "storage/transaction.h"

enum { KEY_TEXT_SIZE = 96 };

struct file_salvage {
    struct salvage *salvage;
    struct salvage_table *table;
    const struct salvage_source *source;
    const struct sstable_info *known; /* what the manifest says of it, or NULL */
    uint32_t level;
    struct sstable sstable; /* as much of one as blocks want */
    uint8_t *bytes;         /* the file */
    uint64_t size;
    struct sstable_writer *writer;
    struct column_buffer *columns;
    struct vector *vectors;
    struct block_keys keys;
    struct buffer first_key, last_key; /* of the last good block */
    uint64_t last_sequence;            /* of its last row */
    uint64_t row_count;                /* in good blocks */
    uint64_t sequences[BATCH_CAPACITY];
    uint8_t tombstones[BATCH_CAPACITY];
};

/* ---- keys, for people ---- */

/* Fails with salvage->error. */
static bool key_text(struct salvage *salvage, const struct row_format *format, struct slice key,
                     char text[KEY_TEXT_SIZE])
{
    enum ssql_type types[KEY_COLUMNS_MOST];
    struct value parts[KEY_COLUMNS_MOST];
    struct buffer scratch = {0}, shown = {0};

    for (uint32_t i = 0; i < format->layout.key_count; i++)
        types[i] = (enum ssql_type)format->layout.types[format->layout.key_columns[i]];
    /* It was put together from a block, so decoding fails only for want of memory. */
    bool is_shown = key_decode(key, types, format->layout.key_count, parts, &scratch);
    for (uint32_t i = 0; is_shown && i < format->layout.key_count; i++) {
        if (i > 0)
            buffer_append_text(&shown, ", ");
        value_append_literal(&shown, &parts[i]);
        is_shown = !shown.failed;
    }
    if (is_shown) {
        bool is_cut = shown.size > KEY_TEXT_SIZE - 4;
        snprintf(text, KEY_TEXT_SIZE, "%.*s%s", is_cut ? KEY_TEXT_SIZE - 4 : (int)shown.size, (const char *)shown.data,
                 is_cut ? "…" : "");
    } else {
        error_no_memory(salvage->error);
    }
    buffer_clear(&scratch);
    buffer_clear(&shown);
    return is_shown;
}

/* ---- reading ---- */

static bool read_file(struct salvage *salvage, const struct salvage_source *source, uint8_t **bytes,
                      struct ssql_error *fault)
{
    struct object *object;

    *bytes = malloc(source->size + BLOCK_SLACK);
    if (*bytes == NULL)
        return error_no_memory(fault);
    if (object_open(salvage->from, source->name, source->size, &object, fault) != VOLUME_OK)
        return false;
    struct object_range range = {.data = *bytes, .size = source->size};
    bool is_read = object_read(object, &range, 1, fault) == VOLUME_OK;
    object_close(object);
    return is_read;
}

/* Whether a block can begin here, and how long it is then. Its checksum is not looked at yet. */
static bool measure_block(const struct file_salvage *file, uint64_t offset, struct index_entry *place)
{
    const uint8_t *bytes = file->bytes + offset;
    uint64_t left = file->size - offset;
    uint32_t column_count = file->table->layout.column_count;
    struct block_header header;

    if (left < BLOCK_HEADER_SIZE || bytes[8] != BLOCK_KIND_DATA || !block_header_load(&header, bytes))
        return false;
    uint64_t least = BLOCK_HEADER_SIZE + (uint64_t)column_count * BLOCK_COLUMN_SIZE;
    if (header.column_count != column_count || header.row_count == 0 || header.row_count > BATCH_CAPACITY ||
        header.plain_size < least || header.plain_size > left || header.unpacked_size > INT32_MAX)
        return false;
    uint64_t stored = header.plain_size;
    for (uint32_t i = 0; i < column_count; i++) {
        struct column_entry entry;
        column_entry_load(&entry, bytes + BLOCK_HEADER_SIZE + (size_t)i * BLOCK_COLUMN_SIZE);
        if ((entry.flags & COLUMN_IS_COMPRESSED) == 0)
            continue;
        if (left - stored < 4)
            return false;
        uint64_t stream = 4 + (uint64_t)load_u32le(bytes + stored);
        if (stream > left - stored)
            return false;
        stored += stream;
    }
    /* A stream is smaller than what it stands for. */
    if (stored > header.unpacked_size ||
        header.unpacked_size > stored + (stored - header.plain_size) * LZ4_RATIO_MOST + least)
        return false;
    *place = (struct index_entry){.offset = offset,
                                  .stored_size = (uint32_t)stored,
                                  .unpacked_size = header.unpacked_size,
                                  .row_count = header.row_count};
    return load_u64le(bytes) ==
           sstable_checksum(slice_make(bytes + 8, (size_t)stored - 8), file->sstable.identity, offset);
}

/* ---- writing ---- */

static bool begin_file(struct file_salvage *file)
{
    struct salvage *salvage = file->salvage;
    const struct sstable_writer_options options = {.block_rows = BATCH_CAPACITY,
                                                   .block_bytes = 256 << 10,
                                                   .filter_bits = 10,
                                                   .expected_rows = file->source->size / 16 + 1,
                                                   .compress = true};
    char name[SSTABLE_NAME_SIZE];

    salvage_new_name(salvage, file->table->id, name);
    return sstable_writer_create(salvage->to, name, file->table->format, &options, &file->writer, salvage->error);
}

static struct slice key_at(const struct file_salvage *file, uint32_t row, uint8_t space[8])
{
    if (!file->table->format->key_is_int)
        return file->keys.keys[row];
    store_u64be(space, file->keys.heads[row]);
    return slice_make(space, 8);
}

/* A block whose checksum is right may still be one that a fault wrote: then it is lost as well. Keys ascend, also from
 * block to block; versions of one key go from new to old. */
static bool decode_block(struct file_salvage *file, const struct block *block, struct ssql_error *fault)
{
    uint8_t space[2][8];

    for (uint32_t i = 0; i < file->table->layout.column_count; i++)
        if (!block_decode_column(block, i, &file->columns[i], &file->vectors[i], fault))
            return false;
    block_decode_sequences(block, file->sequences);
    block_decode_tombstones(block, file->tombstones);
    if (!block_decode_keys(block, &file->keys, fault))
        return false;
    struct slice key = buffer_slice(&file->last_key);
    uint64_t sequence = file->last_sequence;
    for (uint32_t row = 0; row < block->row_count; row++) {
        struct slice next = key_at(file, row, space[row % 2]);
        int order = key.data == NULL ? -1 : slice_compare(key, next);
        if (order > 0 || (order == 0 && sequence <= file->sequences[row]))
            return error_set(fault, SSQL_CORRUPT, NO_SPAN, "its keys are out of order");
        key = next;
        sequence = file->sequences[row];
    }
    return true;
}

static bool write_block(struct file_salvage *file, const struct block *block)
{
    struct salvage *salvage = file->salvage;
    const struct sstable_rows rows = {.columns = file->vectors,
                                      .sequences = file->sequences,
                                      .tombstones = file->tombstones,
                                      .row_count = block->row_count};
    uint8_t space[8];

    if (file->writer == NULL && !begin_file(file))
        return false;
    struct slice first = key_at(file, 0, space);
    buffer_reset(&file->first_key);
    buffer_append(&file->first_key, first.data, first.size);
    for (uint32_t row = 0; row < block->row_count; row++) {
        salvage->progress->row_count += file->tombstones[row] == 0 && file->table->id >= FIRST_USER_TABLE;
        if (file->sequences[row] > salvage->last_sequence)
            salvage->last_sequence = file->sequences[row];
    }
    struct slice last = key_at(file, block->row_count - 1, space);
    buffer_reset(&file->last_key);
    buffer_append(&file->last_key, last.data, last.size);
    file->last_sequence = file->sequences[block->row_count - 1];
    file->row_count += block->row_count;
    if (file->first_key.failed || file->last_key.failed)
        return error_no_memory(salvage->error);
    return sstable_writer_add_block(file->writer, &rows, salvage->error);
}

/* Takes the block at a place that was measured; `*is_good` is false when it turns out to be none. */
static bool take_block(struct file_salvage *file, const struct index_entry *place, bool *is_good)
{
    uint8_t *bytes = malloc((size_t)place->stored_size + BLOCK_SLACK);
    struct ssql_error fault = {0};
    struct block block = {0};

    *is_good = false;
    if (bytes == NULL)
        return error_no_memory(file->salvage->error);
    memcpy(bytes, file->bytes + place->offset, place->stored_size);
    bool is_open = sstable_unpack_block(&file->sstable, place, &bytes, &fault);
    if (is_open) {
        block_attach(&block, &file->sstable, place->offset, bytes);
        *is_good = decode_block(file, &block, &fault);
    }
    bool is_done = fault.code != SSQL_NO_MEMORY && (!*is_good || write_block(file, &block));
    if (fault.code == SSQL_NO_MEMORY)
        error_no_memory(file->salvage->error);
    free(bytes);
    return is_done;
}

/* ---- what is lost ---- */

/* The end of the data, where the footer can be believed; else the end of the file. */
static uint64_t data_end(const struct file_salvage *file, bool *is_known)
{
    struct sstable_footer footer;

    *is_known = file->size >= SSTABLE_HEADER_SIZE + SSTABLE_FOOTER_SIZE &&
                sstable_footer_load(&footer, file->sstable.identity, file->size - SSTABLE_FOOTER_SIZE,
                                    file->bytes + file->size - SSTABLE_FOOTER_SIZE) == FOOTER_GOOD &&
                footer.filter_offset <= file->size;
    return *is_known ? footer.filter_offset : file->size;
}

/* Bytes that hold no good block: between which keys, as far as the blocks around them tell. */
static bool report_gap(struct file_salvage *file, uint64_t begin, uint64_t end, struct slice next_key)
{
    char after[KEY_TEXT_SIZE] = "", before[KEY_TEXT_SIZE] = "";

    if ((file->last_key.size > 0 &&
         !key_text(file->salvage, file->table->format, buffer_slice(&file->last_key), after)) ||
        (next_key.data != NULL && !key_text(file->salvage, file->table->format, next_key, before)))
        return false;
    const struct salvage_gap gap = {.known = file->known,
                                    .level = file->level,
                                    .after =
                                        file->last_key.size > 0 ? buffer_slice(&file->last_key) : (struct slice){0},
                                    .before = next_key};
    return salvage_find_gap(file->salvage, file->source->name, file->table->id, &gap,
                            "bytes %" PRIu64 " to %" PRIu64 " are lost: rows%s%s%s%s", begin, end - 1,
                            *after == '\0' ? " from the file's first" : " after key ", after,
                            *before == '\0' ? " to its last" : " before key ", before);
}

/* Reads blocks one after the other, and behind what is none looks for the next. */
static bool take_blocks(struct file_salvage *file)
{
    bool is_end_known, is_good = false;
    uint64_t end = data_end(file, &is_end_known), gap = 0;

    for (uint64_t offset = SSTABLE_HEADER_SIZE; offset < end;) {
        struct index_entry place;
        struct buffer before = file->last_key; /* what the gap comes after */
        if (!measure_block(file, offset, &place)) {
            gap = gap == 0 ? offset : gap;
            offset++;
            continue;
        }
        file->last_key = (struct buffer){0};
        buffer_append(&file->last_key, before.data, before.size);
        bool is_done =
            file->last_key.failed ? error_no_memory(file->salvage->error) : take_block(file, &place, &is_good);
        if (is_done && is_good && gap != 0) {
            struct buffer now = file->last_key;
            file->last_key = before;
            is_done = report_gap(file, gap, offset, buffer_slice(&file->first_key));
            file->last_key = now;
            gap = 0;
        }
        buffer_clear(&before);
        if (!is_done)
            return false;
        gap = is_good || gap != 0 ? gap : offset;
        offset += is_good ? place.stored_size : 1;
    }
    /* Without a footer, filter and index look like a gap; only the number of rows tells whether blocks are among it. */
    return gap == 0 || !is_end_known || report_gap(file, gap, end, (struct slice){0});
}

static bool report_count(struct file_salvage *file, const struct sstable_info *known)
{
    bool is_end_known;

    data_end(file, &is_end_known);
    if (known != NULL && file->row_count < known->row_count)
        return salvage_find(file->salvage, SALVAGE_LOST, file->source->name, file->table->id,
                            "%" PRIu64 " of its %" PRIu64 " rows, deletions among them, are lost",
                            known->row_count - file->row_count, known->row_count);
    if (is_end_known)
        return true;
    return salvage_find(file->salvage, known == NULL ? SALVAGE_LOST : SALVAGE_NOTICE, file->source->name,
                        file->table->id,
                        known == NULL ? "its end is damaged: how many rows it had is not known"
                                      : "its end is damaged, and all its rows are kept");
}

/* ---- a file ---- */

static bool finish_file(struct file_salvage *file, uint32_t level)
{
    struct manifest_file *entry = salvage_reserve_file(file->salvage, file->table);
    struct sstable_writer *writer = file->writer;

    file->writer = NULL;
    if (entry == NULL) {
        sstable_writer_abandon(writer);
        return false;
    }
    if (!sstable_writer_finish(writer, &entry->info, file->salvage->error)) {
        sstable_info_clear(&entry->info);
        return false;
    }
    entry->level = (uint8_t)level;
    salvage_count_file(file->salvage, file->table);
    return true;
}

static bool reserve_columns(struct file_salvage *file)
{
    uint32_t count = file->table->layout.column_count;

    file->columns = calloc(count, sizeof *file->columns);
    file->vectors = calloc(count, sizeof *file->vectors);
    if (file->columns != NULL && file->vectors != NULL)
        return true;
    return error_no_memory(file->salvage->error);
}

static void clear_file(struct file_salvage *file)
{
    for (uint32_t i = 0; file->columns != NULL && i < file->table->layout.column_count; i++)
        column_buffer_clear(&file->columns[i]);
    free(file->columns);
    free(file->vectors);
    block_keys_clear(&file->keys);
    buffer_clear(&file->first_key);
    buffer_clear(&file->last_key);
    sstable_writer_abandon(file->writer);
    free(file->bytes);
    free(file);
}

bool salvage_file(struct salvage *salvage, struct salvage_table *table, const struct salvage_source *source,
                  uint32_t level, const struct sstable_info *known)
{
    struct file_salvage *file = calloc(1, sizeof *file);
    struct ssql_error fault = {0};
    bool is_done;

    if (file == NULL)
        return error_no_memory(salvage->error);
    file->salvage = salvage;
    file->table = table;
    file->source = source;
    file->known = known;
    file->level = level;
    file->size = source->size;
    file->sstable.format = table->format;
    file->sstable.identity = sstable_identity(source->name);
    file->sstable.base_sequence = known == NULL ? 0 : known->base_sequence;
    snprintf(file->sstable.name, sizeof file->sstable.name, "%s", source->name);
    if (read_file(salvage, source, &file->bytes, &fault))
        is_done = reserve_columns(file) && take_blocks(file) && report_count(file, known) &&
                  (file->writer == NULL || finish_file(file, level));
    else
        is_done = salvage_find_fault(salvage, source->name, table->id, &fault);
    clear_file(file);
    salvage->progress->file_count++;
    salvage->progress->byte_count += source->size;
    return is_done && salvage_find(salvage, SALVAGE_PROGRESS, source->name, table->id, "%s", "");
}

/* ---- the layout ---- */

static bool take_layout(struct slice index, struct table_layout *layout)
{
    if (index.size < 8)
        return false;
    layout->column_count = load_u32le(index.data);
    layout->key_count = load_u32le(index.data + 4);
    if (layout->column_count == 0 || layout->column_count > COLUMNS_MOST || layout->key_count == 0 ||
        layout->key_count > KEY_COLUMNS_MOST || index.size < 8 + layout->column_count + 2 * layout->key_count)
        return false;
    memcpy(layout->types, index.data + 8, layout->column_count);
    for (uint32_t i = 0; i < layout->key_count; i++)
        layout->key_columns[i] = load_u16le(index.data + 8 + layout->column_count + 2 * (size_t)i);
    return table_layout_is_valid(layout);
}

bool salvage_read_layout(struct salvage *salvage, const struct salvage_source *source, bool *is_known,
                         struct table_layout *layout, uint64_t *highest_sequence)
{
    struct sstable_footer footer;
    struct ssql_error fault = {0};
    uint64_t identity = sstable_identity(source->name);
    uint8_t *bytes = NULL;

    *is_known = false;
    if (source->size >= SSTABLE_HEADER_SIZE + SSTABLE_FOOTER_SIZE && read_file(salvage, source, &bytes, &fault) &&
        sstable_footer_load(&footer, identity, source->size - SSTABLE_FOOTER_SIZE,
                            bytes + source->size - SSTABLE_FOOTER_SIZE) == FOOTER_GOOD &&
        footer.index_offset <= source->size && footer.index_size <= source->size - footer.index_offset) {
        struct slice index = slice_make(bytes + footer.index_offset, (size_t)footer.index_size);
        *highest_sequence = footer.highest_sequence;
        *is_known = sstable_checksum(index, identity, footer.index_offset) == footer.index_checksum &&
                    take_layout(index, layout);
    }
    free(bytes);
    if (salvage_is_hindered(&fault))
        *salvage->error = fault;
    return !salvage_is_hindered(&fault);
}
