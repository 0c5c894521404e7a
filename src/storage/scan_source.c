#include "storage/scan_source.h"

#include <assert.h>
#include <stdlib.h>

#include "storage/scan_source_internal.h"

void source_init(struct scan_source *source, const struct row_format *format, uint32_t column_count,
                 struct scan_statistics *statistics)
{
    memset(source, 0, sizeof *source);
    source->format = format;
    source->column_count = column_count;
    source->statistics = statistics;
}

void source_unload(struct scan_source *source)
{
    if (source->is_loaded)
        block_release(&source->block);
    source->block = (struct block){0};
    source->is_loaded = source->has_keys = false;
    source->count = source->position = 0;
    if (source->columns != NULL)
        for (uint32_t i = 0; i < source->column_count; i++)
            source->columns[i].is_whole = false;
}

void source_clear(struct scan_source *source)
{
    source_unload(source);
    if (source->columns != NULL) {
        for (uint32_t i = 0; i < source->column_count; i++) {
            column_buffer_clear(&source->columns[i].buffer);
            free(source->columns[i].items);
            free(source->columns[i].nulls);
        }
    }
    free(source->columns);
    block_keys_clear(&source->keys);
    free(source->versions);
    free(source->rows);
    free(source->sequences);
    free(source->tombstones);
    free(source->memtable_heads);
    free(source->heads);
    free(source->merge_rows);
    free(source->split_array);
    memset(source, 0, sizeof *source);
}

bool source_reserve(void **array, size_t item_size, struct ssql_error *error)
{
    if (*array == NULL)
        *array = malloc(item_size * BATCH_CAPACITY);
    if (*array == NULL)
        return error_no_memory(error);
    return true;
}

static void start(struct scan_source *source, const struct key_range *range, const struct source_options *options)
{
    source_unload(source);
    source->range = *range;
    source->options = *options;
    source->memtable = NULL;
    source->files = NULL;
    source->file_count = 0;
    source->has_next = false;
}

/* ---- files: which block is next ---- */

/* Steps over the end of a file, and ends where the next block lies beyond the range. */
static void settle(struct scan_source *source)
{
    const struct sstable *sstable;

    source->has_next = false;
    if (source->options.descending) {
        if (source->block_index == UINT32_MAX) {
            if (source->file_index == 0)
                return;
            source->file_index--;
            source->block_index = sstable_block_count(source->files[source->file_index]->sstable) - 1;
        }
        sstable = source->files[source->file_index]->sstable;
        source->has_next = !key_is_below(&source->range, sstable_block_last_key(sstable, source->block_index));
        return;
    }
    if (source->block_index == sstable_block_count(source->files[source->file_index]->sstable)) {
        if (++source->file_index == source->file_count)
            return;
        source->block_index = 0;
    }
    sstable = source->files[source->file_index]->sstable;
    source->has_next = !key_is_above(&source->range, sstable_block_first_key(sstable, source->block_index));
}

static void find_first_block(struct scan_source *source)
{
    const struct sstable *sstable;

    source->file_index = source->block_index = 0;
    if (source->range.low.data != NULL) {
        source->file_index = files_find(source->files, source->file_count, source->range.low);
        if (source->file_index == source->file_count)
            return;
        sstable = source->files[source->file_index]->sstable;
        source->block_index = sstable_find_block(sstable, source->range.low);
    }
    settle(source);
}

static void find_last_block(struct scan_source *source)
{
    const struct sstable *sstable;
    uint32_t file = source->file_count - 1;

    if (source->range.high.data != NULL) {
        uint32_t found = files_find(source->files, source->file_count, source->range.high);
        file = found < source->file_count ? found : file;
    }
    sstable = source->files[file]->sstable;
    source->file_index = file;
    source->block_index = sstable_block_count(sstable) - 1;
    if (source->range.high.data != NULL) {
        uint32_t found = sstable_find_block(sstable, source->range.high);
        /* Versions of one key may fill several blocks: go to the last that begins with the bound. */
        while (found < source->block_index &&
               !key_is_above(&source->range, sstable_block_first_key(sstable, found + 1)))
            found++;
        if (found <= source->block_index)
            source->block_index = found;
        if (key_is_above(&source->range, sstable_block_first_key(sstable, source->block_index)))
            source->block_index--; /* becomes UINT32_MAX before the first block */
    }
    settle(source);
}

void source_start_files(struct scan_source *source, struct table_file *const *files, uint32_t count,
                        const struct key_range *range, const struct source_options *options)
{
    assert(count > 0);
    start(source, range, options);
    source->files = files;
    source->file_count = count;
    source->lowest_sequence = UINT64_MAX;
    source->highest_sequence = 0;
    for (uint32_t i = 0; i < count; i++) {
        uint64_t lowest = file_lowest_sequence(files[i]), highest = file_highest_sequence(files[i]);
        source->lowest_sequence = lowest < source->lowest_sequence ? lowest : source->lowest_sequence;
        source->highest_sequence = highest > source->highest_sequence ? highest : source->highest_sequence;
    }
    if (options->descending)
        find_last_block(source);
    else
        find_first_block(source);
}

static const struct sstable *next_sstable(const struct scan_source *source)
{
    assert(source->has_next && source->memtable == NULL);
    return source->files[source->file_index]->sstable;
}

struct slice source_next_first_key(const struct scan_source *source)
{
    return sstable_block_first_key(next_sstable(source), source->block_index);
}

struct slice source_next_last_key(const struct scan_source *source)
{
    return sstable_block_last_key(next_sstable(source), source->block_index);
}

bool source_next_is_excluded(const struct scan_source *source, const struct zone_predicate *zones, uint32_t count)
{
    return count > 0 && zones_exclude(next_sstable(source), source->block_index, zones, count);
}

/* A file whose rows all have one sequence holds each key once. */
bool source_next_is_plain(const struct scan_source *source, uint32_t *row_count)
{
    const struct sstable *sstable = next_sstable(source);
    const struct sstable_info *info = &source->files[source->file_index]->info;
    uint32_t block = source->block_index;

    *row_count = (uint32_t)(sstable_row_offset(sstable, block + 1) - sstable_row_offset(sstable, block));
    return source->options.own_rank == 0 && info->tombstone_count == 0 &&
           (info->base_sequence != 0 ? info->base_sequence <= source->options.snapshot : info->highest_sequence == 0) &&
           !key_is_below(&source->range, sstable_block_first_key(sstable, block)) &&
           !key_is_above(&source->range, sstable_block_last_key(sstable, block));
}

void source_skip_next(struct scan_source *source)
{
    assert(source->has_next && source->memtable == NULL);
    if (source->statistics != NULL) {
        const struct sstable *sstable = source->files[source->file_index]->sstable;
        uint32_t block = source->block_index;
        source->statistics->blocks_skipped++;
        source->statistics->rows_skipped += sstable_row_offset(sstable, block + 1) - sstable_row_offset(sstable, block);
    }
    if (source->options.descending)
        source->block_index--;
    else
        source->block_index++;
    settle(source);
}

/* ---- memtables ---- */

/* Chunks of a backward walk begin at these keys. What the snapshot sees never changes, so a chunk found again forwards
 * has the same rows. */
static bool collect_splits(struct scan_source *source, struct ssql_error *error)
{
    struct memtable_iterator *iterator = &source->iterator;

    source->split_count = 0;
    for (uint64_t i = 0; iterator->is_valid && !key_is_above(&source->range, iterator->current.key); i++) {
        if (i % BATCH_CAPACITY == 0) {
            if (source->split_count == source->split_capacity) {
                uint32_t capacity = source->split_capacity == 0 ? 16 : 2 * source->split_capacity;
                struct slice *grown = realloc(source->split_array, capacity * sizeof *grown);
                if (grown == NULL)
                    return error_no_memory(error);
                source->split_array = grown;
                source->split_capacity = capacity;
            }
            source->split_array[source->split_count++] = iterator->current.key;
        }
        memtable_iterator_next(iterator);
    }
    source->has_next = source->split_count > 0;
    return true;
}

enum { FIRST_MEMTABLE_CHUNK_ROWS = 64 };

bool source_start_memtable(struct scan_source *source, const struct memtable *memtable, const struct key_range *range,
                           const struct source_options *options, struct ssql_error *error)
{
    struct memtable_iterator *iterator = &source->iterator;

    assert(!options->all_versions);
    start(source, range, options);
    source->memtable = memtable;
    source->lowest_sequence = memtable_lowest_sequence(memtable);
    source->highest_sequence = memtable_highest_sequence(memtable);
    source->memtable_chunk_rows = FIRST_MEMTABLE_CHUNK_ROWS;
    memtable_iterator_init(iterator, memtable, options->snapshot, false);
    memtable_iterator_seek(iterator, range->low);
    if (iterator->is_valid && key_is_below(range, iterator->current.key))
        memtable_iterator_next(iterator);
    if (options->descending)
        return collect_splits(source, error);
    source->has_next = iterator->is_valid && !key_is_above(range, iterator->current.key);
    return true;
}

bool source_may_overlap(const struct scan_source *source, struct slice first, struct slice last)
{
    if (source->memtable != NULL) {
        struct memtable_iterator iterator;
        memtable_iterator_init(&iterator, source->memtable, source->options.snapshot, false);
        memtable_iterator_seek(&iterator, first);
        return iterator.is_valid && slice_compare(iterator.current.key, last) <= 0;
    }
    uint32_t file = files_find(source->files, source->file_count, first);
    if (file == source->file_count || slice_compare(file_first_key(source->files[file]), last) > 0)
        return false;
    const struct sstable *sstable = source->files[file]->sstable;
    uint32_t block = sstable_find_block(sstable, first);
    return block < sstable_block_count(sstable) && slice_compare(sstable_block_first_key(sstable, block), last) <= 0;
}
