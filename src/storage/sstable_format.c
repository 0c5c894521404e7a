#include "storage/sstable_format.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "base/type.h"

uint64_t sstable_identity(const char *name)
{
    return XXH3_64bits(name, strlen(name));
}

uint64_t sstable_checksum(struct slice bytes, uint64_t identity, uint64_t offset)
{
    return XXH3_64bits_withSeed(bytes.data, bytes.size, identity + offset * UINT64_C(0x9E3779B97F4A7C15));
}

uint32_t zone_slot_size(uint8_t type)
{
    if (type == SSQL_TYPE_STRING)
        return ZONE_STRING_SLOT;
    return type == SSQL_TYPE_BOOL ? ZONE_BOOL_SLOT : ZONE_NUMBER_SLOT;
}

void column_entry_store(const struct column_entry *entry, uint8_t *to)
{
    to[0] = entry->encoding;
    to[1] = entry->width;
    to[2] = entry->flags;
    to[3] = entry->end_width;
    store_u32le(to + 4, entry->nulls_offset);
    store_u32le(to + 8, entry->data_offset);
    store_u32le(to + 12, entry->ends_offset);
    store_u32le(to + 16, entry->bytes_offset);
    store_u32le(to + 20, entry->bytes_size);
    store_u64le(to + 24, entry->base);
}

bool block_header_load(struct block_header *header, const uint8_t *from)
{
    header->flags = load_u16le(from + 10);
    header->row_count = load_u32le(from + 12);
    header->column_count = load_u32le(from + 16);
    header->plain_size = load_u32le(from + 20);
    header->sequence = load_u64le(from + 24);
    header->sequences_offset = load_u32le(from + 32);
    header->sequence_width = from[36];
    header->tombstones_offset = load_u32le(from + 40);
    header->unpacked_size = load_u32le(from + 44);
    return from[8] == BLOCK_KIND_DATA && from[9] == SSTABLE_VERSION &&
           (header->flags & ~(BLOCK_HAS_SEQUENCES | BLOCK_HAS_TOMBSTONES)) == 0 && from[37] == 0 && from[38] == 0 &&
           from[39] == 0;
}

void block_header_store(const struct block_header *header, uint8_t *to)
{
    memset(to, 0, BLOCK_HEADER_SIZE);
    to[8] = BLOCK_KIND_DATA;
    to[9] = SSTABLE_VERSION;
    store_u16le(to + 10, header->flags);
    store_u32le(to + 12, header->row_count);
    store_u32le(to + 16, header->column_count);
    store_u32le(to + 20, header->plain_size);
    store_u64le(to + 24, header->sequence);
    store_u32le(to + 32, header->sequences_offset);
    to[36] = header->sequence_width;
    store_u32le(to + 40, header->tombstones_offset);
    store_u32le(to + 44, header->unpacked_size);
}

void sstable_header_store(uint8_t to[SSTABLE_HEADER_SIZE])
{
    memset(to, 0, SSTABLE_HEADER_SIZE);
    memcpy(to, SSTABLE_HEADER_MAGIC, 8);
    store_u32le(to + 8, SSTABLE_VERSION);
}

void sstable_footer_store(const struct sstable_footer *footer, uint64_t identity, uint64_t place, uint8_t *to)
{
    memset(to, 0, SSTABLE_FOOTER_SIZE);
    memcpy(to, SSTABLE_FOOTER_MAGIC, 8);
    store_u32le(to + 8, SSTABLE_VERSION);
    store_u32le(to + 12, footer->block_count);
    store_u64le(to + 16, footer->index_offset);
    store_u64le(to + 24, footer->index_size);
    store_u64le(to + 32, footer->index_checksum);
    store_u64le(to + 40, footer->filter_offset);
    store_u64le(to + 48, footer->filter_size);
    store_u64le(to + 56, footer->filter_checksum);
    store_u64le(to + 64, footer->row_count);
    store_u64le(to + 72, footer->tombstone_count);
    store_u64le(to + 80, footer->lowest_sequence);
    store_u64le(to + 88, footer->highest_sequence);
    to[96] = footer->filter_kind;
    to[97] = footer->filter_probes;
    store_u64le(to + FOOTER_CHECKSUM_OFFSET, sstable_checksum(slice_make(to, FOOTER_CHECKSUM_OFFSET), identity, place));
}

enum footer_state sstable_footer_load(struct sstable_footer *footer, uint64_t identity, uint64_t place,
                                      const uint8_t *from)
{
    if (memcmp(from, SSTABLE_FOOTER_MAGIC, 8) != 0 ||
        load_u64le(from + FOOTER_CHECKSUM_OFFSET) !=
            sstable_checksum(slice_make(from, FOOTER_CHECKSUM_OFFSET), identity, place))
        return FOOTER_DAMAGED;
    if (load_u32le(from + 8) != SSTABLE_VERSION)
        return FOOTER_NEWER;
    footer->block_count = load_u32le(from + 12);
    footer->index_offset = load_u64le(from + 16);
    footer->index_size = load_u64le(from + 24);
    footer->index_checksum = load_u64le(from + 32);
    footer->filter_offset = load_u64le(from + 40);
    footer->filter_size = load_u64le(from + 48);
    footer->filter_checksum = load_u64le(from + 56);
    footer->row_count = load_u64le(from + 64);
    footer->tombstone_count = load_u64le(from + 72);
    footer->lowest_sequence = load_u64le(from + 80);
    footer->highest_sequence = load_u64le(from + 88);
    footer->filter_kind = from[96];
    footer->filter_probes = from[97];
    return FOOTER_GOOD;
}
