#include "storage/sstable_index_builder.h"

#include <assert.h>

void sstable_index_builder_clear(struct sstable_index_builder *builder)
{
    buffer_clear(&builder->blocks);
    buffer_clear(&builder->zones);
    buffer_clear(&builder->heap);
    builder->block_count = 0;
}

/* A long minimum is cut: the beginning is a lower bound. */
static struct slice cut_minimum(struct slice string, bool *is_exact)
{
    if (string.size <= ZONE_STRING_MOST)
        return string;
    *is_exact = false;
    return slice_make(string.data, ZONE_STRING_MOST);
}

/* A long maximum is cut and made greater by one in its last byte that can be: an upper bound. One that begins with
 * nothing but 0xFF has no shorter bound and stays whole. */
static struct slice cut_maximum(struct slice string, uint8_t cut[ZONE_STRING_MOST], bool *is_exact)
{
    size_t size = ZONE_STRING_MOST;

    if (string.size <= ZONE_STRING_MOST)
        return string;
    while (size > 0 && string.data[size - 1] == 0xFF)
        size--;
    if (size == 0)
        return string;
    memcpy(cut, string.data, size);
    cut[size - 1]++;
    *is_exact = false;
    return slice_make(cut, size);
}

static void add_string_zone(struct sstable_index_builder *builder, uint8_t flags, const struct column_summary *summary)
{
    uint8_t cut[ZONE_STRING_MOST];
    struct slice minimum = {0}, maximum = {0};
    bool is_exact = true;

    if (summary->has_values) {
        minimum = cut_minimum(summary->minimum.string, &is_exact);
        maximum = cut_maximum(summary->maximum.string, cut, &is_exact);
    }
    buffer_append_byte(&builder->zones, is_exact ? flags : flags & (uint8_t)~ZONE_IS_EXACT);
    buffer_append_u32le(&builder->zones, (uint32_t)builder->heap.size);
    buffer_append_u32le(&builder->zones, (uint32_t)minimum.size);
    buffer_append_u32le(&builder->zones, (uint32_t)maximum.size);
    buffer_append(&builder->heap, minimum.data, minimum.size);
    buffer_append(&builder->heap, maximum.data, maximum.size);
}

static uint64_t number_bits(const struct value *value)
{
    uint64_t bits = 0;

    if (value->type == SSQL_TYPE_INT)
        bits = (uint64_t)value->integer;
    else
        memcpy(&bits, &value->real, sizeof bits);
    return bits;
}

void sstable_index_builder_add_zone(struct sstable_index_builder *builder, const struct column_summary *summary)
{
    uint8_t flags = (uint8_t)((summary->has_values ? ZONE_HAS_VALUES : 0) | (summary->has_nulls ? ZONE_HAS_NULLS : 0) |
                              ZONE_IS_EXACT);

    switch (summary->minimum.type) {
    case SSQL_TYPE_INT:
    case SSQL_TYPE_FLOAT:
        buffer_append_byte(&builder->zones, flags);
        buffer_append_u64le(&builder->zones, summary->has_values ? number_bits(&summary->minimum) : 0);
        buffer_append_u64le(&builder->zones, summary->has_values ? number_bits(&summary->maximum) : 0);
        break;
    case SSQL_TYPE_BOOL:
        buffer_append_byte(&builder->zones, flags);
        buffer_append_byte(&builder->zones, summary->has_values && summary->minimum.boolean);
        buffer_append_byte(&builder->zones, summary->has_values && summary->maximum.boolean);
        break;
    default: assert(summary->minimum.type == SSQL_TYPE_STRING); add_string_zone(builder, flags, summary);
    }
}

void sstable_index_builder_add_block(struct sstable_index_builder *builder, const struct index_block *block)
{
    buffer_append_u64le(&builder->blocks, block->offset);
    buffer_append_u32le(&builder->blocks, block->stored_size);
    buffer_append_u32le(&builder->blocks, block->unpacked_size);
    buffer_append_u32le(&builder->blocks, block->row_count);
    buffer_append_u32le(&builder->blocks, (uint32_t)builder->heap.size);
    buffer_append_u32le(&builder->blocks, (uint32_t)block->first_key.size);
    buffer_append_u32le(&builder->blocks, (uint32_t)block->last_key.size);
    buffer_append(&builder->heap, block->first_key.data, block->first_key.size);
    buffer_append(&builder->heap, block->last_key.data, block->last_key.size);
    builder->block_count++;
}

bool sstable_index_builder_finish(struct sstable_index_builder *builder, const struct row_format *format,
                                  struct buffer *index, struct ssql_error *error)
{
    const struct table_layout *layout = &format->layout;

    if (builder->heap.size > UINT32_MAX)
        return error_set(error, SSQL_TOO_LARGE, NO_SPAN, "the keys of an sstable's blocks take more than 4 GiB");
    buffer_append_u32le(index, layout->column_count);
    buffer_append_u32le(index, layout->key_count);
    buffer_append(index, layout->types, layout->column_count);
    for (uint32_t i = 0; i < layout->key_count; i++) {
        uint8_t column[2];
        store_u16le(column, layout->key_columns[i]);
        buffer_append(index, column, sizeof column);
    }
    buffer_append(index, builder->blocks.data, builder->blocks.size);
    buffer_append(index, builder->zones.data, builder->zones.size);
    buffer_append(index, builder->heap.data, builder->heap.size);
    if (builder->blocks.failed || builder->zones.failed || builder->heap.failed || index->failed)
        return error_no_memory(error);
    return true;
}
