/* sstable_fuzzer.c - any bytes as an sstable. Checksums are made right first, so that the checks behind them are
 * reached: whatever the counts, offsets and widths say, opening and decoding must end in rows or an error. */
#include <stdlib.h>

#include "storage/sstable_format.h"
#include "storage/sstable_reader.h"
#include "volume/volume_memory.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What was read must not be optimised away. */
static volatile uint64_t sink;

static const char NAME[] = "tables/1/fuzzed";

/* The layout of the corpus files: every type, and a key of two parts. */
static const struct table_layout LAYOUT = {
    .column_count = 4,
    .key_count = 2,
    .types = {SSQL_TYPE_INT, SSQL_TYPE_STRING, SSQL_TYPE_BOOL, SSQL_TYPE_FLOAT},
    .key_columns = {1, 0},
};

static void mend_part(uint8_t *file, size_t size, uint64_t offset, uint64_t part_size, uint8_t *checksum)
{
    if (offset <= size && part_size <= size - offset)
        store_u64le(checksum, sstable_checksum(slice_make(file + offset, part_size), sstable_identity(NAME), offset));
}

/* Blocks first, for nothing else covers them; the footer last. */
static void mend_checksums(uint8_t *file, size_t size)
{
    size_t place = size - SSTABLE_FOOTER_SIZE;
    uint8_t *footer = file + place;
    uint64_t index = load_u64le(footer + 16), entry = index + 8 + LAYOUT.column_count + 2 * LAYOUT.key_count;

    for (uint32_t i = 0; i < load_u32le(footer + 12) && index < size; i++, entry += INDEX_BLOCK_SIZE) {
        if (entry > size - INDEX_BLOCK_SIZE)
            break;
        uint64_t offset = load_u64le(file + entry), stored = load_u32le(file + entry + 8);
        if (offset < size && stored >= 8 && stored <= size - offset)
            store_u64le(file + offset,
                        sstable_checksum(slice_make(file + offset + 8, stored - 8), sstable_identity(NAME), offset));
    }
    mend_part(file, size, index, load_u64le(footer + 24), footer + 32);
    mend_part(file, size, load_u64le(footer + 40), load_u64le(footer + 48), footer + 56);
    memcpy(footer, SSTABLE_FOOTER_MAGIC, 8);
    mend_part(file, size, place, FOOTER_CHECKSUM_OFFSET, footer + FOOTER_CHECKSUM_OFFSET);
}

static bool put_file(struct volume *volume, const uint8_t *file, size_t size)
{
    struct object_writer *writer;

    if (object_create(volume, NAME, 0, &writer, NULL) != VOLUME_OK)
        return false;
    if (object_append(writer, slice_make(file, size), NULL) != VOLUME_OK) {
        object_abandon(writer);
        return false;
    }
    return object_finish(writer, NULL) == VOLUME_OK;
}

/* Looks at every byte of a value, so that a sanitizer sees one that lies outside. */
static uint64_t touch(const struct value *value)
{
    uint64_t sum = 0;

    if (value->is_null || value->type != SSQL_TYPE_STRING)
        return value->is_null;
    for (size_t i = 0; i < value->string.size; i++)
        sum += value->string.data[i];
    return sum;
}

static uint64_t read_column(const struct block *block, uint32_t column)
{
    struct column_buffer buffer = {0};
    struct vector vector;
    struct value value;
    struct ssql_error error;
    uint64_t sum = 0;
    const uint16_t rows[] = {0, (uint16_t)(block->row_count / 2), (uint16_t)(block->row_count - 1)};
    uint32_t wanted = block->row_count >= 3 ? 3 : 1;

    if (block_decode_column(block, column, &buffer, &vector, &error))
        for (uint32_t i = 0; i < block->row_count; i++) {
            value = vector_value(&vector, i);
            sum += touch(&value);
        }
    if (block_gather_column(block, column, rows, wanted, &buffer, &vector, &error))
        for (uint32_t i = 0; i < wanted; i++) {
            value = vector_value(&vector, rows[i]);
            sum += touch(&value);
        }
    for (uint32_t i = 0; i < block->row_count; i += 1 + block->row_count / 16)
        if (block_value(block, column, i, &buffer, &value, &error))
            sum += touch(&value);
    column_buffer_clear(&buffer);
    return sum;
}

static void read_block(struct sstable *sstable, uint32_t number)
{
    struct block_keys keys = {0};
    struct block block;
    struct ssql_error error;
    uint64_t sequences[BATCH_CAPACITY];
    uint8_t tombstones[BATCH_CAPACITY];
    uint64_t sum = 0;
    uint32_t row;
    bool equal;

    if (!sstable_read_block(sstable, number, &block, NULL, &error))
        return;
    for (uint32_t i = 0; i < LAYOUT.column_count; i++)
        sum += read_column(&block, i);
    if (block_decode_keys(&block, &keys, &error))
        sum += keys.heads[block.row_count - 1];
    block_decode_sequences(&block, sequences);
    block_decode_tombstones(&block, tombstones);
    sum += sequences[0] + tombstones[0] + block_row_sequence(&block, block.row_count - 1) +
           block_row_is_tombstone(&block, block.row_count - 1);
    struct slice key = sstable_block_last_key(sstable, number);
    if (block_seek(&block, key, &row, &equal, &error))
        sum += row;
    if (key.size > 0 && block_seek(&block, slice_make(key.data, key.size - 1), &row, &equal, &error))
        sum += row;
    sink = sum;
    block_keys_clear(&keys);
    block_release(&block);
}

static void read_sstable(struct sstable *sstable)
{
    struct ssql_error error;
    struct zone zone;
    uint64_t sum = 0;
    bool may;

    for (uint32_t i = 0; i < sstable_block_count(sstable); i++) {
        for (uint32_t c = 0; c < LAYOUT.column_count; c++) {
            sstable_zone(sstable, i, c, &zone);
            sum += touch(&zone.minimum) + touch(&zone.maximum);
        }
        sum += sstable_find_block(sstable, sstable_block_first_key(sstable, i));
        read_block(sstable, i);
    }
    if (sstable_may_contain(sstable, sstable_block_first_key(sstable, 0), 0x123456789ABCDEFu, &may, &error))
        sum += may;
    sink = sum + sstable_verify(sstable, &error);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct row_format *format;
    struct volume *volume = NULL;
    struct block_cache *cache = NULL;
    struct sstable *sstable;
    struct ssql_error error;

    if (size < SSTABLE_HEADER_SIZE + SSTABLE_FOOTER_SIZE || size > 1 << 20 ||
        (format == NULL && !row_format_create(&LAYOUT, &format, NULL)))
        return 0;
    uint8_t *file = malloc(size);
    if (file == NULL || !volume_memory_create(&volume, &error) || !block_cache_create(1 << 16, &cache, &error))
        goto done;
    memcpy(file, data, size);
    sstable_header_store(file);
    mend_checksums(file, size);
    const uint8_t *footer = file + size - SSTABLE_FOOTER_SIZE;
    struct sstable_info info = {
        .size = size, .row_count = load_u64le(footer + 64), .tombstone_count = load_u64le(footer + 72)};
    strcpy(info.name, NAME);
    if (put_file(volume, file, size) && sstable_open(volume, cache, format, &info, &sstable, &error)) {
        read_sstable(sstable);
        sstable_close(sstable);
    }
done:
    block_cache_destroy(cache);
    volume_close(volume);
    free(file);
    return 0;
}
