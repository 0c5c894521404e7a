/* Loading a chunk of a source: which of its rows count. */
#include <assert.h>

#include "storage/scan_source_internal.h"

/* ---- blocks ---- */

/* Whether the versions of the block's first key that stand in earlier blocks hold a visible one. Sequences fall from
 * version to version, so the one just before the block tells. */
static bool first_key_is_settled(struct scan_source *source, bool *settled, struct ssql_error *error)
{
    struct sstable *sstable = source->files[source->chunk_file]->sstable;
    uint32_t index = source->chunk_block;
    struct block previous = {0};

    *settled = false;
    if (index == 0 || !slice_equal(sstable_block_last_key(sstable, index - 1), sstable_block_first_key(sstable, index)))
        return true;
    if (!sstable_read_block(sstable, index - 1, &previous, NULL, error))
        return false;
    *settled = block_row_sequence(&previous, previous.row_count - 1) <= source->options.snapshot;
    block_release(&previous);
    return true;
}

static bool rows_are_one_key(const struct scan_source *source, uint32_t left, uint32_t right)
{
    const struct block_keys *keys = &source->keys;

    return keys->heads[left] == keys->heads[right] &&
           (source->format->key_is_int || slice_equal(keys->keys[left], keys->keys[right]));
}

/* Keeps of each key the first version that the snapshot sees; `settled`: that of the first key came earlier. */
static void choose_visible(struct scan_source *source, uint32_t begin, uint32_t end, bool settled)
{
    uint64_t snapshot = source->options.snapshot;
    bool taken = false;
    uint32_t count = 0;

    for (uint32_t row = begin; row < end; row++) {
        if (row == begin)
            taken = settled;
        else if (!rows_are_one_key(source, row - 1, row))
            taken = false;
        bool wanted = !taken && source->sequences[row] <= snapshot;
        source->rows[count] = (uint16_t)row;
        count += wanted;
        taken |= wanted;
    }
    source->count = count;
}

/* The same for distinct keys. */
static void choose_seen(struct scan_source *source, uint32_t begin, uint32_t end)
{
    uint32_t count = 0;

    for (uint32_t row = begin; row < end; row++) {
        source->rows[count] = (uint16_t)row;
        count += source->sequences[row] <= source->options.snapshot;
    }
    source->count = count;
}

static void choose_all(struct scan_source *source, uint32_t begin, uint32_t end)
{
    for (uint32_t row = begin; row < end; row++)
        source->rows[row - begin] = (uint16_t)row;
    source->count = end - begin;
}

/* Whether no key of the int block can stand there twice: ascending heads, seen without a look at the sequences. */
static bool heads_are_distinct(const uint64_t *heads, uint32_t begin, uint32_t end)
{
    uint32_t equal = 0;

    for (uint32_t row = begin + 1; row < end; row++)
        equal += heads[row] == heads[row - 1];
    return equal == 0;
}

static bool choose_rows(struct scan_source *source, struct ssql_error *error)
{
    const struct block *block = &source->block;
    bool settled = false;
    uint32_t begin, end;

    if (!block_clip(block, source->chunk_block, &source->range, &begin, &end, error))
        return false;
    if (source->options.all_versions || begin == end) {
        choose_all(source, begin, end);
        return true;
    }
    if (begin == 0 && !first_key_is_settled(source, &settled, error))
        return false;
    if (!block->has_sequences && !settled) {
        choose_all(source, begin, block->sequence <= source->options.snapshot ? end : begin);
        return true;
    }
    if (!source_load_keys(source, error))
        return false;
    if (!block->has_sequences) {
        for (uint32_t row = 0; row < block->row_count; row++)
            source->sequences[row] = block->sequence;
    }
    if (!settled && heads_are_distinct(source->keys.heads, begin, end))
        choose_seen(source, begin, end);
    else
        choose_visible(source, begin, end, settled);
    return true;
}

static bool load_block(struct scan_source *source, struct ssql_error *error)
{
    struct sstable *sstable = source->files[source->file_index]->sstable;
    struct block *block = &source->block;
    bool was_cached = false;

    source->chunk_file = source->file_index;
    source->chunk_block = source->block_index;
    if (!sstable_read_block(sstable, source->block_index, block, &was_cached, error))
        return false;
    source->is_loaded = true;
    source->chunk_rows = block->row_count;
    if (source->statistics != NULL) {
        source->statistics->blocks_read++;
        source->statistics->blocks_cached += was_cached;
        source->statistics->rows_read += block->row_count;
    }
    if (!source_reserve((void **)&source->sequences, sizeof *source->sequences, error) ||
        !source_reserve((void **)&source->tombstones, sizeof *source->tombstones, error))
        return false;
    source->has_sequences = block->has_sequences;
    source->has_tombstones = block->has_tombstones;
    if (block->has_sequences)
        block_decode_sequences(block, source->sequences);
    if (block->has_tombstones)
        block_decode_tombstones(block, source->tombstones);
    return choose_rows(source, error);
}

/* ---- memtables ---- */

static void take_memtable_row(struct scan_source *source, uint32_t row)
{
    const struct memtable_version *version = &source->iterator.current;

    source->versions[row] = *version;
    source->sequences[row] = version->sequence;
    source->tombstones[row] = version->row.data == NULL;
    source->has_tombstones |= version->row.data == NULL;
    source->rows[row] = (uint16_t)row;
}

/* Rows from the iterator on, at most `most`. */
static void fill_from_memtable(struct scan_source *source, uint32_t most)
{
    struct memtable_iterator *iterator = &source->iterator;
    uint32_t count = 0;

    source->has_sequences = true;
    source->has_tombstones = false;
    for (; count < most && iterator->is_valid; memtable_iterator_next(iterator)) {
        if (key_is_above(&source->range, iterator->current.key))
            break;
        take_memtable_row(source, count++);
    }
    source->count = source->chunk_rows = count;
}

static bool load_memtable_rows(struct scan_source *source, struct ssql_error *error)
{
    struct memtable_iterator *iterator = &source->iterator;

    if (!source_reserve((void **)&source->versions, sizeof *source->versions, error) ||
        !source_reserve((void **)&source->sequences, sizeof *source->sequences, error) ||
        !source_reserve((void **)&source->tombstones, sizeof *source->tombstones, error))
        return false;
    source->is_loaded = true;
    if (source->options.descending) {
        uint32_t split = --source->split_count;
        memtable_iterator_seek(iterator, source->split_array[split]);
        fill_from_memtable(source, BATCH_CAPACITY);
        source->has_next = split > 0;
    } else {
        fill_from_memtable(source, source->memtable_chunk_rows);
        source->has_next = iterator->is_valid && !key_is_above(&source->range, iterator->current.key);
        if (source->memtable_chunk_rows < BATCH_CAPACITY)
            source->memtable_chunk_rows *= 4;
    }
    source->statistics->rows_read += source->count;
    return true;
}

/* ---- both ---- */

static void advance(struct scan_source *source)
{
    struct scan_statistics before = source->statistics == NULL ? (struct scan_statistics){0} : *source->statistics;

    source_skip_next(source);
    if (source->statistics != NULL)
        *source->statistics = before;
}

bool source_load(struct scan_source *source, struct ssql_error *error)
{
    assert(source->has_next);
    source_unload(source);
    if (!source_reserve((void **)&source->rows, sizeof *source->rows, error))
        return false;
    if (source->memtable != NULL)
        return load_memtable_rows(source, error);
    if (!load_block(source, error))
        return false;
    advance(source);
    return true;
}

bool source_load_keys(struct scan_source *source, struct ssql_error *error)
{
    if (source->has_keys)
        return true;
    if (source->memtable == NULL) {
        if (!block_decode_keys(&source->block, &source->keys, error))
            return false;
    } else {
        if (!source_reserve((void **)&source->memtable_heads, sizeof *source->memtable_heads, error))
            return false;
        for (uint32_t row = 0; row < source->chunk_rows; row++)
            source->memtable_heads[row] = key_head(source->versions[row].key);
    }
    source->has_keys = true;
    return true;
}

struct slice source_row_key(const struct scan_source *source, uint32_t row, uint8_t scratch[INT_KEY_SIZE])
{
    assert(source->has_keys);
    if (source->memtable != NULL)
        return source->versions[row].key;
    if (!source->format->key_is_int)
        return source->keys.keys[row];
    store_u64be(scratch, source->keys.heads[row]);
    return slice_make(scratch, INT_KEY_SIZE);
}

bool source_begin_merge(struct scan_source *source, struct ssql_error *error)
{
    uint32_t count = source->count;

    if (!source_load_keys(source, error) || !source_reserve((void **)&source->heads, sizeof *source->heads, error) ||
        !source_reserve((void **)&source->merge_rows, sizeof *source->merge_rows, error))
        return false;
    for (uint32_t i = 0; i < count; i++) {
        uint16_t row = source->rows[source->options.descending ? count - 1 - i : i];
        uint64_t head = source_row_head(source, row);
        source->merge_rows[i] = row;
        source->heads[i] = source->options.descending ? ~head : head;
    }
    source->position = 0;
    return true;
}
