/* clang-format off */
/* sstable_format.h - the bytes of an sstable, version 1. Little-endian; gaps and reserved fields are 0. Every byte of the file
 * is covered by a checksum: XXH3-64 seeded with the bytes' place (the file's name and the offset), so that a piece that was
 * copied elsewhere does not pass for its neighbour.
 *
 * File:   header, data blocks without gaps, filter (may be empty), index, footer.
 *
 * Header, 16 bytes
 *   offset  size  field
 *        0     8  magic          "ssqlsst\n"
 *        8     4  version        1
 *       12     4  reserved
 *
 * Data block: all offsets below count from the block's first byte in its unpacked form. On the volume the block is its first
 * plain_size bytes, then an LZ4 stream (u32 size, data) per compressed column, in column order. Unpacked, the streams are
 * replaced by their contents, each at its column's bytes_offset.
 *        0     8  checksum       of everything after this field, as stored
 *        8     1  kind           1
 *        9     1  version        1
 *       10     2  flags          1: sequences differ, 2: some rows are tombstones
 *       12     4  row_count      1..1024
 *       16     4  column_count
 *       20     4  plain_size
 *       24     8  sequence       of all rows; or the least, to which the packed ones are relative
 *       32     4  sequences_offset    packed (bit_packing.h); 0 without flag 1
 *       36     1  sequence_width
 *       37     3  reserved
 *       40     4  tombstones_offset   bitmap; 0 without flag 2
 *       44     4  unpacked_size
 *       48  32*n  columns
 *        …     …  parts, each on an 8-byte boundary
 *
 * Column, 32 bytes
 *        0     1  encoding       enum column_encoding
 *        1     1  width          PACKED: bits a value; DICTIONARY: bits a code; PLAIN_STRINGS: bits an end
 *        2     1  flags          1: the bytes are an LZ4 stream
 *        3     1  end_width      DICTIONARY: bits an end
 *        4     4  nulls_offset   bitmap; 0: no row is null
 *        8     4  data_offset    PACKED: values; BITS: bitmap; PLAIN_FLOATS: doubles; DICTIONARY: codes; PLAIN_STRINGS: ends
 *       12     4  ends_offset    DICTIONARY: ends
 *       16     4  bytes_offset   strings: their bytes; PLAIN_STRINGS: the prefix of all, then the rest of each
 *       20     4  bytes_size
 *       24     8  base           PACKED: the minimum; CONSTANT: the number, the double's bits, or 0 and 1;
 *                                strings: u32 shortest, u32 count (DICTIONARY: of items; PLAIN_STRINGS: of prefix bytes)
 * The packed end of string i (counted from the end of the prefix) is the end less (i + 1) * shortest. Rows that are null or
 * tombstones have any value. Key columns are never null.
 *
 * Filter: nothing, or 64-byte lines of a blocked bloom filter (filter.h), or, of files whose key is one int, a bitmap: bit i%8 of
 * byte i/8 is set when the first key + i is a key; whole words of 8 bytes.
 *
 * Index
 *        0     4  column_count
 *        4     4  key_count
 *        8     …  types, u8 each; key columns, u16 each
 *        …  32*b  blocks: offset u64, stored size u32, unpacked size u32, row_count u32, key offset u32, first key's size u32,
 *                 last key's size u32; both keys lie in the heap one after the other
 *        …     …  zones: per block one row of a slot per column: flags u8 (ZONE_…), then
 *                 int, float: minimum, maximum, 8 bytes each; bool: 1 byte each; string: offset in the heap u32, sizes u32, u32
 *        …     …  heap
 *
 * Footer, 128 bytes
 *        0     8  magic          "ssqlend\n"
 *        8     4  version        1
 *       12     4  block_count
 *       16     8  index offset
 *       24     8  index size
 *       32     8  index checksum
 *       40     8  filter offset
 *       48     8  filter size
 *       56     8  filter checksum
 *       64     8  row_count
 *       72     8  tombstone_count
 *       80     8  lowest_sequence
 *       88     8  highest_sequence
 *       96     1  filter kind    0 none, 1 blocked bloom, 2 bitmap
 *       97     1  filter probes  of a bloom filter, else 0
 *       98    22  reserved
 *      120     8  checksum       of the footer before this field
 *
 * History: version 1 (ssql 0.1) first. */
/* clang-format on */
#ifndef SSQL_STORAGE_SSTABLE_FORMAT_H
#define SSQL_STORAGE_SSTABLE_FORMAT_H

#include "base/bytes.h"
#include "base/slice.h"

#define SSTABLE_HEADER_MAGIC "ssqlsst\n"
#define SSTABLE_FOOTER_MAGIC "ssqlend\n"

enum {
    SSTABLE_VERSION = 1,
    SSTABLE_HEADER_SIZE = 16,
    SSTABLE_FOOTER_SIZE = 128,
    FOOTER_CHECKSUM_OFFSET = 120,
    BLOCK_KIND_DATA = 1,
    BLOCK_HEADER_SIZE = 48,
    BLOCK_COLUMN_SIZE = 32,
    BLOCK_HAS_SEQUENCES = 1,
    BLOCK_HAS_TOMBSTONES = 2,
    COLUMN_IS_COMPRESSED = 1,
    COLUMN_PREFIX_MOST = 255,
    INDEX_BLOCK_SIZE = 32,
    FILTER_NONE = 0,
    FILTER_BLOCKED_BLOOM = 1,
    FILTER_KEY_BITMAP = 2,
    LZ4_RATIO_MOST = 255, /* bytes that one byte of a stream can stand for */
};

enum column_encoding {
    COLUMN_CONSTANT = 0, /* all rows alike */
    COLUMN_PACKED = 1,   /* ints */
    COLUMN_BITS = 2,     /* bools */
    COLUMN_PLAIN_FLOATS = 3,
    COLUMN_DICTIONARY = 4, /* strings */
    COLUMN_PLAIN_STRINGS = 5,
};

enum zone_flag {
    ZONE_HAS_VALUES = 1,
    ZONE_HAS_NULLS = 2,
    ZONE_IS_EXACT = 4,
};
enum { ZONE_STRING_MOST = 16 /* longer strings are cut */ };

enum { ZONE_NUMBER_SLOT = 17, ZONE_BOOL_SLOT = 3, ZONE_STRING_SLOT = 13 };

/* Bytes of a column's zone slot; `type` is an enum ssql_type. */
uint32_t zone_slot_size(uint8_t type);

struct column_entry {
    uint8_t encoding, width, flags, end_width;
    uint32_t nulls_offset, data_offset, ends_offset, bytes_offset, bytes_size;
    uint64_t base;
};

static inline uint32_t column_entry_shortest(const struct column_entry *entry)
{
    return (uint32_t)entry->base;
}

static inline uint32_t column_entry_count(const struct column_entry *entry)
{
    return (uint32_t)(entry->base >> 32);
}

static inline void column_entry_load(struct column_entry *entry, const uint8_t *from)
{
    entry->encoding = from[0];
    entry->width = from[1];
    entry->flags = from[2];
    entry->end_width = from[3];
    entry->nulls_offset = load_u32le(from + 4);
    entry->data_offset = load_u32le(from + 8);
    entry->ends_offset = load_u32le(from + 12);
    entry->bytes_offset = load_u32le(from + 16);
    entry->bytes_size = load_u32le(from + 20);
    entry->base = load_u64le(from + 24);
}

void column_entry_store(const struct column_entry *entry, uint8_t *to);

struct block_header {
    uint16_t flags;
    uint32_t row_count, column_count, plain_size, unpacked_size;
    uint64_t sequence;
    uint32_t sequences_offset, tombstones_offset;
    uint8_t sequence_width;
};

/* False: kind, version or a reserved field is another. */
bool block_header_load(struct block_header *header, const uint8_t *from);
void block_header_store(const struct block_header *header, uint8_t *to);

struct sstable_footer {
    uint32_t block_count;
    uint64_t index_offset, index_size, index_checksum;
    uint64_t filter_offset, filter_size, filter_checksum;
    uint64_t row_count, tombstone_count, lowest_sequence, highest_sequence;
    uint8_t filter_kind, filter_probes;
};

/* `place` is the footer's offset in the file. */
void sstable_footer_store(const struct sstable_footer *footer, uint64_t identity, uint64_t place, uint8_t *to);

enum footer_state { FOOTER_GOOD, FOOTER_DAMAGED, FOOTER_NEWER /* an unknown version, its checksum right */ };
enum footer_state sstable_footer_load(struct sstable_footer *footer, uint64_t identity, uint64_t place,
                                      const uint8_t *from);

void sstable_header_store(uint8_t to[SSTABLE_HEADER_SIZE]);

/* What stands for the file in its checksums. */
uint64_t sstable_identity(const char *name);
uint64_t sstable_checksum(struct slice bytes, uint64_t identity, uint64_t offset);

#endif
