#include <assert.h>
#include <stdlib.h>

#include "storage/sstable_internal.h"

void sstable_index_entry(const struct sstable *sstable, uint32_t block, struct index_entry *entry)
{
    const uint8_t *from = sstable->blocks + (size_t)block * INDEX_BLOCK_SIZE;
    const uint8_t *keys = sstable->heap.data + load_u32le(from + 20);

    entry->offset = load_u64le(from);
    entry->stored_size = load_u32le(from + 8);
    entry->unpacked_size = load_u32le(from + 12);
    entry->row_count = load_u32le(from + 16);
    entry->first_key = slice_make(keys, load_u32le(from + 24));
    entry->last_key = slice_make(keys + entry->first_key.size, load_u32le(from + 28));
}

static bool index_damaged(const struct sstable *sstable, const char *what, struct ssql_error *error)
{
    return sstable_damaged(sstable, sstable->footer.index_offset, what, error);
}

/* Whether the file was written for this table's layout. */
static bool check_layout(struct sstable *sstable, size_t *size, struct ssql_error *error)
{
    const struct table_layout *layout = &sstable->format->layout;
    size_t wanted = 8 + (size_t)layout->column_count + 2 * (size_t)layout->key_count;

    if (sstable->footer.index_size < wanted || load_u32le(sstable->index) != layout->column_count ||
        load_u32le(sstable->index + 4) != layout->key_count ||
        memcmp(sstable->index + 8, layout->types, layout->column_count) != 0)
        return index_damaged(sstable, "its columns are not the table's", error);
    for (uint32_t i = 0; i < layout->key_count; i++)
        if (load_u16le(sstable->index + 8 + layout->column_count + 2 * (size_t)i) != layout->key_columns[i])
            return index_damaged(sstable, "its key columns are not the table's", error);
    *size = wanted;
    return true;
}

/* Finds the index's parts and makes the arrays that go with them. */
static bool find_parts(struct sstable *sstable, size_t begin, struct ssql_error *error)
{
    uint32_t column_count = sstable->format->layout.column_count;
    uint64_t blocks = sstable->footer.block_count;

    sstable->zone_offsets = malloc(column_count * sizeof *sstable->zone_offsets);
    sstable->row_offsets = malloc((blocks + 1) * sizeof *sstable->row_offsets);
    sstable->last_key_heads = malloc((blocks + 1) * sizeof *sstable->last_key_heads);
    if (sstable->zone_offsets == NULL || sstable->row_offsets == NULL || sstable->last_key_heads == NULL)
        return error_no_memory(error);
    for (uint32_t i = 0; i < column_count; i++) {
        sstable->zone_offsets[i] = sstable->zone_row_size;
        sstable->zone_row_size += zone_slot_size(sstable->format->layout.types[i]);
    }
    uint64_t left = sstable->footer.index_size - begin;
    uint64_t parts = blocks * (INDEX_BLOCK_SIZE + (uint64_t)sstable->zone_row_size);
    if (parts > left)
        return index_damaged(sstable, "the index ends before its blocks do", error);
    sstable->blocks = sstable->index + begin;
    sstable->zones = sstable->blocks + blocks * INDEX_BLOCK_SIZE;
    sstable->heap = slice_make(sstable->index + begin + parts, left - parts);
    return true;
}

static uint64_t key_head(struct slice key)
{
    uint8_t bytes[8] = {0};

    if (key.size > 0)
        memcpy(bytes, key.data, key.size < 8 ? key.size : 8);
    return load_u64be(bytes);
}

/* Looks at one block's entry; `begin` is where the block before ended. */
static bool check_entry(struct sstable *sstable, uint32_t block, uint64_t begin, struct ssql_error *error)
{
    const uint8_t *from = sstable->blocks + (size_t)block * INDEX_BLOCK_SIZE;
    uint64_t keys_end = (uint64_t)load_u32le(from + 20) + load_u32le(from + 24) + load_u32le(from + 28);
    struct index_entry entry, before;

    if (keys_end > sstable->heap.size)
        return index_damaged(sstable, "a block's keys lie outside the index", error);
    sstable_index_entry(sstable, block, &entry);
    if (entry.offset != begin || entry.stored_size > INT32_MAX ||
        entry.stored_size > sstable->footer.filter_offset - begin || entry.stored_size < BLOCK_HEADER_SIZE ||
        entry.unpacked_size < BLOCK_HEADER_SIZE || entry.unpacked_size > INT32_MAX ||
        entry.unpacked_size / LZ4_RATIO_MOST > entry.stored_size)
        return index_damaged(sstable, "a block lies where none can", error);
    if (entry.row_count < 1 || entry.row_count > BATCH_CAPACITY)
        return index_damaged(sstable, "a block has an impossible number of rows", error);
    if (sstable->format->key_is_int && (entry.first_key.size != 8 || entry.last_key.size != 8))
        return index_damaged(sstable, "a block's key is no int", error);
    if (slice_compare(entry.first_key, entry.last_key) > 0)
        return index_damaged(sstable, "a block's keys are out of order", error);
    if (block > 0) {
        sstable_index_entry(sstable, block - 1, &before);
        if (slice_compare(before.last_key, entry.first_key) > 0)
            return index_damaged(sstable, "the blocks are out of order", error);
    }
    return true;
}

static bool check_zones(struct sstable *sstable, uint32_t block, struct ssql_error *error)
{
    const uint8_t *row = sstable->zones + (size_t)block * sstable->zone_row_size;

    for (uint32_t i = 0; i < sstable->format->layout.column_count; i++) {
        const uint8_t *slot = row + sstable->zone_offsets[i];
        if (slot[0] > (ZONE_HAS_VALUES | ZONE_HAS_NULLS | ZONE_IS_EXACT))
            return index_damaged(sstable, "a zone map has unknown flags", error);
        if (sstable->format->layout.types[i] != SSQL_TYPE_STRING)
            continue;
        uint64_t end = (uint64_t)load_u32le(slot + 1) + load_u32le(slot + 5) + load_u32le(slot + 9);
        if (end > sstable->heap.size)
            return index_damaged(sstable, "a zone map's strings lie outside the index", error);
    }
    return true;
}

bool sstable_load_index(struct sstable *sstable, uint8_t *index, struct ssql_error *error)
{
    uint64_t offset = SSTABLE_HEADER_SIZE, rows = 0;
    struct index_entry entry;
    size_t begin = 0;

    sstable->index = index;
    if (!check_layout(sstable, &begin, error) || !find_parts(sstable, begin, error))
        return false;
    for (uint32_t i = 0; i < sstable->footer.block_count; i++) {
        if (!check_entry(sstable, i, offset, error) || !check_zones(sstable, i, error))
            return false;
        sstable_index_entry(sstable, i, &entry);
        sstable->row_offsets[i] = rows;
        sstable->last_key_heads[i] = key_head(entry.last_key);
        rows += entry.row_count;
        offset += entry.stored_size;
    }
    sstable->row_offsets[sstable->footer.block_count] = rows;
    if (offset != sstable->footer.filter_offset)
        return index_damaged(sstable, "the blocks do not end where the filter begins", error);
    if (rows != sstable->footer.row_count)
        return index_damaged(sstable, "the blocks have not as many rows as the file", error);
    return true;
}

uint32_t sstable_find_block(const struct sstable *sstable, struct slice key)
{
    uint32_t low = 0, high = sstable->footer.block_count;
    uint64_t head = key_head(key);
    struct index_entry entry;

    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        uint64_t other = sstable->last_key_heads[middle];
        bool is_less = other < head;
        if (other == head) {
            sstable_index_entry(sstable, middle, &entry);
            is_less = slice_compare(entry.last_key, key) < 0;
        }
        if (is_less)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static struct value number_value(enum ssql_type type, uint64_t bits)
{
    double real;

    if (type == SSQL_TYPE_INT)
        return value_int((int64_t)bits);
    memcpy(&real, &bits, sizeof real);
    return value_float(real);
}

void sstable_zone(const struct sstable *sstable, uint32_t block, uint32_t column, struct zone *zone)
{
    enum ssql_type type = sstable->format->layout.types[column];
    const uint8_t *slot = sstable->zones + (size_t)block * sstable->zone_row_size + sstable->zone_offsets[column];

    zone->has_values = (slot[0] & ZONE_HAS_VALUES) != 0;
    zone->has_nulls = (slot[0] & ZONE_HAS_NULLS) != 0;
    zone->is_exact = (slot[0] & ZONE_IS_EXACT) != 0;
    zone->minimum = zone->maximum = value_null(type);
    if (!zone->has_values)
        return;
    switch (type) {
    case SSQL_TYPE_INT:
    case SSQL_TYPE_FLOAT:
        zone->minimum = number_value(type, load_u64le(slot + 1));
        zone->maximum = number_value(type, load_u64le(slot + 9));
        break;
    case SSQL_TYPE_BOOL:
        zone->minimum = value_bool(slot[1] != 0);
        zone->maximum = value_bool(slot[2] != 0);
        break;
    default: {
        assert(type == SSQL_TYPE_STRING);
        struct slice minimum = slice_make(sstable->heap.data + load_u32le(slot + 1), load_u32le(slot + 5));
        zone->minimum = value_string(minimum);
        zone->maximum = value_string(slice_make(minimum.data + minimum.size, load_u32le(slot + 9)));
        break;
    }
    }
}
