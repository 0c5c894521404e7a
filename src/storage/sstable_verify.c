/* Reads a whole sstable past the cache and compares everything that is said twice. */
#include <assert.h>
#include <stdlib.h>

#include "storage/column_decoder.h"

/* What has been seen of the file so far. */
struct verification {
    struct sstable *sstable;
    uint64_t tombstone_count;
    uint64_t lowest_sequence, highest_sequence;
    bool has_filter;        /* there is one, and it can be read */
    struct buffer last_key; /* of the block before */
    uint64_t last_sequence; /* of its last row */
    struct block_keys keys;
    struct column_buffer column;
    uint64_t sequences[BATCH_CAPACITY];
    uint8_t tombstones[BATCH_CAPACITY];
};

static struct slice row_key_at(const struct verification *state, uint32_t row, uint8_t int_key[8])
{
    if (!state->sstable->format->key_is_int)
        return state->keys.keys[row];
    store_u64be(int_key, state->keys.heads[row]);
    return slice_make(int_key, 8);
}

/* Keys ascend; versions of one key go from new to old. */
static bool check_order(struct verification *state, const struct block *block, struct ssql_error *error)
{
    uint8_t bytes[8];

    for (uint32_t row = 0; row < block->row_count; row++) {
        struct slice key = row_key_at(state, row, bytes);
        if (state->last_key.data != NULL) {
            int order = slice_compare(buffer_slice(&state->last_key), key);
            if (order > 0)
                return block_damaged(block, "the keys are out of order", error);
            if (order == 0 && state->last_sequence <= state->sequences[row])
                return block_damaged(block, "the versions of a key are out of order", error);
        }
        buffer_reset(&state->last_key);
        if (buffer_reserve(&state->last_key, key.size + 1) == NULL)
            return error_no_memory(error);
        buffer_append(&state->last_key, key.data, key.size);
        state->last_sequence = state->sequences[row];
    }
    return true;
}

static bool check_index_keys(struct verification *state, uint32_t number, const struct block *block,
                             struct ssql_error *error)
{
    uint8_t bytes[8];

    if (!slice_equal(row_key_at(state, 0, bytes), sstable_block_first_key(state->sstable, number)) ||
        !slice_equal(row_key_at(state, block->row_count - 1, bytes), sstable_block_last_key(state->sstable, number)))
        return block_damaged(block, "its first or last key is not the index's", error);
    return true;
}

static bool check_filter(struct verification *state, const struct block *block, struct ssql_error *error)
{
    uint8_t bytes[8];
    bool may;

    for (uint32_t row = 0; state->has_filter && row < block->row_count; row++) {
        struct slice key = row_key_at(state, row, bytes);
        bool is_answered = sstable_may_contain(state->sstable, key, filter_hash(key), &may, error);
        assert(is_answered); /* it is held */
        (void)is_answered;
        if (!may)
            return block_damaged(block, "the filter denies a key", error);
    }
    return true;
}

static void count_rows(struct verification *state, const struct block *block)
{
    for (uint32_t row = 0; row < block->row_count; row++) {
        uint64_t sequence = state->sequences[row];
        state->tombstone_count += state->tombstones[row];
        if (sequence == 0)
            continue;
        state->lowest_sequence = sequence < state->lowest_sequence ? sequence : state->lowest_sequence;
        state->highest_sequence = sequence > state->highest_sequence ? sequence : state->highest_sequence;
    }
}

static bool is_key_column(const struct table_layout *layout, uint32_t column)
{
    for (uint32_t i = 0; i < layout->key_count; i++)
        if (layout->key_columns[i] == column)
            return true;
    return false;
}

/* Every value lies within the zone map, and an exact one has met its bounds. Tombstones count only in key columns. */
static bool check_zone(struct verification *state, uint32_t number, const struct block *block, uint32_t column,
                       const struct vector *vector, struct ssql_error *error)
{
    bool is_key = is_key_column(&state->sstable->format->layout, column);
    bool met_minimum = false, met_maximum = false, has_nulls = false, has_values = false;
    struct zone zone;

    sstable_zone(state->sstable, number, column, &zone);
    for (uint32_t row = 0; row < block->row_count; row++) {
        if (!is_key && state->tombstones[row])
            continue;
        struct value value = vector_value(vector, row);
        has_nulls = has_nulls || value.is_null;
        if (value.is_null)
            continue;
        has_values = true;
        int low = zone.has_values ? value_compare(&zone.minimum, &value) : 1;
        int high = zone.has_values ? value_compare(&value, &zone.maximum) : 1;
        if (low > 0 || high > 0)
            return block_damaged(block, "a value lies outside its zone map", error);
        met_minimum = met_minimum || low == 0;
        met_maximum = met_maximum || high == 0;
    }
    if (has_nulls != zone.has_nulls || has_values != zone.has_values ||
        (has_values && zone.is_exact && (!met_minimum || !met_maximum)))
        return block_damaged(block, "a zone map is not what its column holds", error);
    return true;
}

static bool check_columns(struct verification *state, uint32_t number, const struct block *block,
                          struct ssql_error *error)
{
    for (uint32_t i = 0; i < state->sstable->format->layout.column_count; i++) {
        struct vector vector;
        if (!block_decode_column(block, i, &state->column, &vector, error) ||
            !check_zone(state, number, block, i, &vector, error))
            return false;
    }
    return true;
}

static bool check_block(struct verification *state, uint32_t number, struct ssql_error *error)
{
    struct block block = {0};
    struct index_entry place;
    uint8_t *bytes;
    size_t size;

    if (!sstable_load_block(state->sstable, number, &bytes, &size, error))
        return false;
    sstable_index_entry(state->sstable, number, &place);
    block_attach(&block, state->sstable, place.offset, bytes);
    /* What is stored counts here, not the sequence that a commit gave all rows. */
    block.has_sequences = (load_u16le(bytes + 10) & BLOCK_HAS_SEQUENCES) != 0;
    block.sequence = load_u64le(bytes + 24);
    block_decode_sequences(&block, state->sequences);
    block_decode_tombstones(&block, state->tombstones);
    bool is_good = block_decode_keys(&block, &state->keys, error) && check_order(state, &block, error) &&
                   check_index_keys(state, number, &block, error) && check_filter(state, &block, error) &&
                   check_columns(state, number, &block, error);
    count_rows(state, &block);
    free(bytes);
    return is_good;
}

static bool check_totals(const struct verification *state, struct ssql_error *error)
{
    const struct sstable_footer *footer = &state->sstable->footer;
    uint64_t lowest = state->highest_sequence == 0 ? 0 : state->lowest_sequence;

    if (state->tombstone_count != footer->tombstone_count || lowest != footer->lowest_sequence ||
        state->highest_sequence != footer->highest_sequence)
        return sstable_damaged(state->sstable, footer->index_offset + footer->index_size,
                               "its tombstones or sequences are not what the footer says", error);
    return true;
}

/* A part once more from the volume. */
static bool check_part(struct sstable *sstable, uint64_t offset, uint64_t size, uint64_t checksum, const char *what,
                       struct ssql_error *error)
{
    uint8_t *bytes = malloc(size);

    if (bytes == NULL)
        return error_no_memory(error);
    bool is_good = sstable_read_checked(sstable, offset, bytes, size, checksum, what, error);
    free(bytes);
    return is_good;
}

/* What opening read, once more. */
static bool check_frame(struct sstable *sstable, struct ssql_error *error)
{
    const struct sstable_footer *footer = &sstable->footer;
    uint8_t header[SSTABLE_HEADER_SIZE], expected[SSTABLE_HEADER_SIZE], end[SSTABLE_FOOTER_SIZE];
    uint64_t place = footer->index_offset + footer->index_size;
    struct object_range ranges[] = {{0, header, sizeof header}, {place, end, sizeof end}};
    struct sstable_footer again;

    sstable_header_store(expected);
    if (object_read(sstable->object, ranges, 2, error) != VOLUME_OK)
        return false;
    if (memcmp(header, expected, sizeof header) != 0)
        return sstable_damaged(sstable, 0, "its header is no sstable's", error);
    if (sstable_footer_load(&again, sstable->identity, place, end) != FOOTER_GOOD)
        return sstable_damaged(sstable, place, "the checksum of the footer is wrong", error);
    return check_part(sstable, footer->index_offset, footer->index_size, footer->index_checksum, "index", error);
}

static bool check_filter_bytes(struct sstable *sstable, struct ssql_error *error)
{
    const struct sstable_footer *footer = &sstable->footer;

    return footer->filter_kind == FILTER_NONE ||
           check_part(sstable, footer->filter_offset, footer->filter_size, footer->filter_checksum, "filter", error);
}

/* Every part in turn, whatever the one before it was like; the totals only when all blocks could be counted. */
static bool verify_parts(struct verification *state, sstable_report *report, void *context)
{
    struct sstable *sstable = state->sstable;
    struct ssql_error error;
    bool is_counted = true;

    if (!check_frame(sstable, &error) && !report(context, SSTABLE_NO_BLOCK, &error))
        return false;
    state->has_filter = check_filter_bytes(sstable, &error) && sstable_hold_filter(sstable, &error);
    if (!state->has_filter && !report(context, SSTABLE_NO_BLOCK, &error))
        return false;
    for (uint32_t i = 0; i < sstable->footer.block_count; i++) {
        if (check_block(state, i, &error))
            continue;
        is_counted = false;
        if (!report(context, i, &error))
            return false;
    }
    return !is_counted || check_totals(state, &error) || report(context, SSTABLE_NO_BLOCK, &error);
}

bool sstable_verify_each(struct sstable *sstable, sstable_report *report, void *context)
{
    struct verification *state = calloc(1, sizeof *state);
    struct ssql_error error;

    if (state == NULL) {
        error_no_memory(&error);
        return report(context, SSTABLE_NO_BLOCK, &error);
    }
    state->sstable = sstable;
    state->lowest_sequence = UINT64_MAX;
    bool goes_on = verify_parts(state, report, context);
    buffer_clear(&state->last_key);
    block_keys_clear(&state->keys);
    column_buffer_clear(&state->column);
    free(state);
    return goes_on;
}

/* Keeps the first fault and stops. */
static bool keep_fault(void *context, uint32_t block, const struct ssql_error *fault)
{
    struct ssql_error *error = context;

    (void)block;
    *error = *fault;
    return false;
}

bool sstable_verify(struct sstable *sstable, struct ssql_error *error)
{
    struct ssql_error fault;

    if (sstable_verify_each(sstable, keep_fault, &fault))
        return true;
    if (error != NULL)
        *error = fault;
    return false;
}
