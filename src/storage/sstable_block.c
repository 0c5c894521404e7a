#include <assert.h>
#include <stdlib.h>

#include <lz4.h>

#include "storage/bit_packing.h"
#include "storage/sstable_internal.h"

/* ---- checking the structure, once, before the block goes into the cache ---- */

/* Whether `size` bytes at `offset` lie behind the directory and within the block. */
static bool lies_within(const struct block_header *header, uint32_t offset, size_t size)
{
    size_t least = BLOCK_HEADER_SIZE + (size_t)header->column_count * BLOCK_COLUMN_SIZE;

    return offset >= least && offset <= header->unpacked_size && size <= header->unpacked_size - offset;
}

static bool check_packed(const struct block_header *header, uint32_t offset, uint32_t count, uint32_t width,
                         uint32_t width_most)
{
    if (width > width_most)
        return false;
    return width == 0 || lies_within(header, offset, packed_size(count, width));
}

static bool check_string_entry(const struct block_header *header, const struct column_entry *entry)
{
    uint32_t count = column_entry_count(entry);

    if (!lies_within(header, entry->bytes_offset, entry->bytes_size))
        return false;
    switch (entry->encoding) {
    case COLUMN_CONSTANT: return true;
    case COLUMN_DICTIONARY:
        return count >= 1 && count <= header->row_count &&
               check_packed(header, entry->data_offset, header->row_count, entry->width, 16) &&
               check_packed(header, entry->ends_offset, count, entry->end_width, 32);
    case COLUMN_PLAIN_STRINGS:
        return count <= COLUMN_PREFIX_MOST && count <= entry->bytes_size &&
               check_packed(header, entry->data_offset, header->row_count, entry->width, 32);
    default: return false;
    }
}

static bool check_column_entry(const struct block_header *header, const struct column_entry *entry, uint8_t type,
                               bool is_key)
{
    if (entry->flags > (type == SSQL_TYPE_STRING ? COLUMN_IS_COMPRESSED : 0))
        return false;
    if (entry->nulls_offset != 0 &&
        (is_key || !lies_within(header, entry->nulls_offset, bitmap_size(header->row_count))))
        return false;
    switch ((enum ssql_type)type) {
    case SSQL_TYPE_INT:
        if (entry->encoding == COLUMN_CONSTANT)
            return entry->width == 0;
        return entry->encoding == COLUMN_PACKED && entry->width > 0 &&
               check_packed(header, entry->data_offset, header->row_count, entry->width, PACKED_WIDTH_MOST);
    case SSQL_TYPE_FLOAT:
        return entry->encoding == COLUMN_CONSTANT ||
               (entry->encoding == COLUMN_PLAIN_FLOATS &&
                lies_within(header, entry->data_offset, (size_t)header->row_count * 8));
    case SSQL_TYPE_BOOL:
        if (entry->encoding == COLUMN_CONSTANT)
            return entry->base <= 1;
        return entry->encoding == COLUMN_BITS &&
               lies_within(header, entry->data_offset, bitmap_size(header->row_count));
    default: assert(type == SSQL_TYPE_STRING); return check_string_entry(header, entry);
    }
}

static bool is_key_column(const struct table_layout *layout, uint32_t column)
{
    for (uint32_t i = 0; i < layout->key_count; i++)
        if (layout->key_columns[i] == column)
            return true;
    return false;
}

/* What is wrong with an unpacked block, or NULL: afterwards every part lies within the block, so that reading needs to
 * look only at what the parts themselves say (codes, ends). */
static const char *find_fault(const struct sstable *sstable, const uint8_t *bytes, const struct block_header *header)
{
    const struct table_layout *layout = &sstable->format->layout;

    for (uint32_t i = 0; i < layout->column_count; i++) {
        struct column_entry entry;
        column_entry_load(&entry, bytes + BLOCK_HEADER_SIZE + (size_t)i * BLOCK_COLUMN_SIZE);
        if (!check_column_entry(header, &entry, layout->types[i], is_key_column(layout, i)))
            return "a column's entry makes no sense";
    }
    if ((header->flags & BLOCK_HAS_SEQUENCES) != 0 &&
        (header->sequence_width == 0 ||
         !check_packed(header, header->sequences_offset, header->row_count, header->sequence_width, 64)))
        return "its sequences lie outside";
    if ((header->flags & BLOCK_HAS_TOMBSTONES) != 0 &&
        !lies_within(header, header->tombstones_offset, bitmap_size(header->row_count)))
        return "its tombstones lie outside";
    return NULL;
}

/* ---- unpacking ---- */

/* Replaces the streams behind the plain part by their contents. */
static bool unpack_streams(const struct block_header *header, const uint8_t *stored, uint32_t stored_size,
                           uint8_t *unpacked)
{
    uint32_t from = header->plain_size;

    assert(stored_size <= INT32_MAX && header->unpacked_size <= INT32_MAX);
    for (uint32_t i = 0; i < header->column_count; i++) {
        struct column_entry entry;
        column_entry_load(&entry, stored + BLOCK_HEADER_SIZE + (size_t)i * BLOCK_COLUMN_SIZE);
        if ((entry.flags & COLUMN_IS_COMPRESSED) == 0)
            continue;
        if (stored_size - from < 4)
            return false;
        uint32_t size = load_u32le(stored + from);
        from += 4;
        if (size > stored_size - from || entry.bytes_offset < header->plain_size ||
            entry.bytes_offset > header->unpacked_size || entry.bytes_size > header->unpacked_size - entry.bytes_offset)
            return false;
        int got = LZ4_decompress_safe((const char *)stored + from, (char *)unpacked + entry.bytes_offset, (int)size,
                                      (int)entry.bytes_size);
        if (got < 0 || (uint32_t)got != entry.bytes_size)
            return false;
        from += size;
    }
    return from == stored_size;
}

/* Turns stored bytes into unpacked ones; both in `*bytes`. */
static bool unpack_block(const struct sstable *sstable, const struct index_entry *place,
                         const struct block_header *header, uint8_t **bytes, struct ssql_error *error)
{
    if (header->plain_size == place->stored_size && header->unpacked_size == place->stored_size)
        return true;
    uint8_t *unpacked = calloc(1, (size_t)header->unpacked_size + BLOCK_SLACK);
    if (unpacked == NULL)
        return error_no_memory(error);
    memcpy(unpacked, *bytes, header->plain_size);
    bool is_good = unpack_streams(header, *bytes, place->stored_size, unpacked);
    free(*bytes);
    *bytes = unpacked;
    if (is_good)
        return true;
    return sstable_damaged(sstable, place->offset, "a block's compressed strings cannot be unpacked", error);
}

static bool check_header_fits(const struct sstable *sstable, const struct index_entry *place,
                              const struct block_header *header)
{
    uint32_t column_count = sstable->format->layout.column_count;

    return header->row_count == place->row_count && header->column_count == column_count &&
           header->unpacked_size == place->unpacked_size && header->plain_size <= place->stored_size &&
           header->plain_size <= header->unpacked_size &&
           header->plain_size >= BLOCK_HEADER_SIZE + (size_t)column_count * BLOCK_COLUMN_SIZE;
}

/* Checks and unpacks the stored bytes. */
static bool open_block(const struct sstable *sstable, const struct index_entry *place, uint8_t **bytes,
                       struct ssql_error *error)
{
    struct block_header header;

    if (load_u64le(*bytes) !=
        sstable_checksum(slice_make(*bytes + 8, place->stored_size - 8), sstable->identity, place->offset))
        return sstable_damaged(sstable, place->offset, "the checksum of a block is wrong", error);
    if (!block_header_load(&header, *bytes) || !check_header_fits(sstable, place, &header))
        return sstable_damaged(sstable, place->offset, "a block's header is not what the index says", error);
    if (!unpack_block(sstable, place, &header, bytes, error))
        return false;
    const char *fault = find_fault(sstable, *bytes, &header);
    if (fault == NULL)
        return true;
    return sstable_damaged(sstable, place->offset, fault, error);
}

bool sstable_unpack_block(const struct sstable *sstable, const struct index_entry *place, uint8_t **bytes,
                          struct ssql_error *error)
{
    if (!open_block(sstable, place, bytes, error))
        return false;
    memset(*bytes + place->unpacked_size, 0, BLOCK_SLACK);
    return true;
}

bool sstable_load_block(struct sstable *sstable, uint32_t block, uint8_t **bytes, size_t *size,
                        struct ssql_error *error)
{
    struct index_entry place;

    sstable_index_entry(sstable, block, &place);
    *bytes = malloc((size_t)place.stored_size + BLOCK_SLACK);
    *size = place.unpacked_size;
    if (*bytes == NULL)
        return error_no_memory(error);
    struct object_range range = {.offset = place.offset, .data = *bytes, .size = place.stored_size};
    if (object_read(sstable->object, &range, 1, error) == VOLUME_OK && open_block(sstable, &place, bytes, error)) {
        memset(*bytes + *size, 0, BLOCK_SLACK);
        return true;
    }
    free(*bytes);
    *bytes = NULL;
    return false;
}

/* ---- blocks ---- */

void block_attach(struct block *block, const struct sstable *sstable, uint64_t offset, const uint8_t *bytes)
{
    uint16_t flags = load_u16le(bytes + 10);

    block->sstable = sstable;
    block->bytes = bytes;
    block->offset = offset;
    block->row_count = load_u32le(bytes + 12);
    block->has_tombstones = (flags & BLOCK_HAS_TOMBSTONES) != 0;
    block->has_sequences = (flags & BLOCK_HAS_SEQUENCES) != 0 && sstable->base_sequence == 0;
    block->sequence = sstable->base_sequence != 0 ? sstable->base_sequence : load_u64le(bytes + 24);
}

/* The header and the first columns' entries are needed at once. */
static void prefetch_directory(const uint8_t *bytes, uint32_t column_count)
{
    enum { LINE_SIZE = 64, LINES_MOST = 5 };
    uint32_t lines = (BLOCK_HEADER_SIZE + column_count * BLOCK_COLUMN_SIZE) / LINE_SIZE + 1;

    for (uint32_t i = 0; i < lines && i < LINES_MOST; i++)
        __builtin_prefetch(bytes + LINE_SIZE * (size_t)i);
}

bool sstable_read_block(struct sstable *sstable, uint32_t block_index, struct block *block, bool *was_cached,
                        struct ssql_error *error)
{
    uint64_t offset = load_u64le(sstable->blocks + (size_t)block_index * INDEX_BLOCK_SIZE);
    struct cached_block *pin = block_cache_find(sstable->cache, sstable->cache_file, offset);

    assert(block_index < sstable->footer.block_count);
    memset(block, 0, sizeof *block);
    if (was_cached != NULL)
        *was_cached = pin != NULL;
    if (pin == NULL) {
        uint8_t *bytes;
        size_t size;
        if (!sstable_load_block(sstable, block_index, &bytes, &size, error))
            return false;
        pin = block_cache_insert(sstable->cache, sstable->cache_file, offset, bytes, size);
        if (pin == NULL)
            return error_no_memory(error);
    }
    block->pin = pin;
    prefetch_directory(cached_block_bytes(pin).data, sstable->format->layout.column_count);
    block_attach(block, sstable, offset, cached_block_bytes(pin).data);
    return true;
}

void block_release(struct block *block)
{
    cached_block_release(block->pin);
    block->pin = NULL;
}

bool block_damaged(const struct block *block, const char *what, struct ssql_error *error)
{
    return sstable_damaged(block->sstable, block->offset, what, error);
}

/* ---- sequences and tombstones ---- */

uint64_t block_row_sequence(const struct block *block, uint32_t row)
{
    if (!block->has_sequences)
        return block->sequence;
    return block->sequence + packed_value(block->bytes + load_u32le(block->bytes + 32), block->bytes[36], row);
}

bool block_row_is_tombstone(const struct block *block, uint32_t row)
{
    return block->has_tombstones && bitmap_bit(block->bytes + load_u32le(block->bytes + 40), row) != 0;
}

/* The structure was checked when the block was read. */
void block_decode_sequences(const struct block *block, uint64_t *sequences)
{
    uint32_t width = block->has_sequences ? block->bytes[36] : 0;
    const uint8_t *packed = width == 0 ? NULL : block->bytes + load_u32le(block->bytes + 32);
    unpack_values(packed, block->row_count, (int64_t)block->sequence, width, (int64_t *)sequences);
}

void block_decode_tombstones(const struct block *block, uint8_t *tombstones)
{
    if (block->has_tombstones)
        bitmap_expand(block->bytes + load_u32le(block->bytes + 40), block->row_count, tombstones);
    else
        memset(tombstones, 0, block->row_count);
}
