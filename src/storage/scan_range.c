#include "storage/scan_range.h"

#include <assert.h>
#include <stdlib.h>

enum { LOOKED_AT_MOST = 64 }; /* files of a run, for one in a gap between them */

uint32_t files_find(struct table_file *const *files, uint32_t count, struct slice key)
{
    uint32_t low = 0, high = count;

    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (slice_compare(file_last_key(files[middle]), key) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* The least key above `key` is the next int, or the key with a zero byte after it. */
bool block_seek_after(const struct block *block, struct slice key, uint32_t *row, struct ssql_error *error)
{
    uint8_t successor[KEY_SIZE_MOST + 1];
    bool equal;

    if (sstable_row_format(block->sstable)->key_is_int) {
        uint64_t head = key_head(key);
        if (head == UINT64_MAX) {
            *row = block->row_count;
            return true;
        }
        store_u64be(successor, head + 1);
        return block_seek(block, slice_make(successor, 8), row, &equal, error);
    }
    if (key.size > KEY_SIZE_MOST) /* no row has that key */
        return block_seek(block, key, row, &equal, error);
    if (key.size > 0)
        memcpy(successor, key.data, key.size);
    successor[key.size] = 0;
    return block_seek(block, slice_make(successor, key.size + 1), row, &equal, error);
}

bool block_clip(const struct block *block, uint32_t index, const struct key_range *range, uint32_t *begin,
                uint32_t *end, struct ssql_error *error)
{
    bool equal;

    *begin = 0;
    *end = block->row_count;
    if (key_is_below(range, sstable_block_first_key(block->sstable, index))) {
        if (range->low_exclusive ? !block_seek_after(block, range->low, begin, error)
                                 : !block_seek(block, range->low, begin, &equal, error))
            return false;
    }
    if (key_is_above(range, sstable_block_last_key(block->sstable, index))) {
        if (range->high_exclusive ? !block_seek(block, range->high, end, &equal, error)
                                  : !block_seek_after(block, range->high, end, error))
            return false;
    }
    if (*end < *begin)
        *end = *begin;
    return true;
}

/* The bounds of an inexact zone lie outside its values, so the same comparisons hold. */
static bool zone_excludes(const struct zone *zone, const struct zone_predicate *predicate)
{
    enum zone_operator wanted = predicate->operator;

    if (wanted == ZONE_IS_NULL)
        return !zone->has_nulls;
    if (!zone->has_values)
        return true;
    if (wanted == ZONE_IS_NOT_NULL)
        return false;
    if (wanted == ZONE_LESS)
        return value_compare(&zone->minimum, &predicate->constant) >= 0;
    if (wanted == ZONE_LESS_EQUAL)
        return value_compare(&zone->minimum, &predicate->constant) > 0;
    if (wanted == ZONE_GREATER)
        return value_compare(&zone->maximum, &predicate->constant) <= 0;
    if (wanted == ZONE_GREATER_EQUAL)
        return value_compare(&zone->maximum, &predicate->constant) < 0;
    assert(wanted == ZONE_EQUAL);
    return value_compare(&predicate->constant, &zone->minimum) < 0 ||
           value_compare(&predicate->constant, &zone->maximum) > 0;
}

bool zones_exclude(const struct sstable *sstable, uint32_t block, const struct zone_predicate *zones, uint32_t count)
{
    struct zone zone;

    for (uint32_t i = 0; i < count; i++) {
        sstable_zone(sstable, block, zones[i].column, &zone);
        if (zone_excludes(&zone, &zones[i]))
            return true;
    }
    return false;
}

/* ---- runs ---- */

/* What is known of the files of a run so far. */
struct run_shape {
    struct slice first;        /* key of all */
    struct slice newest, next; /* last key of the file that came last, and first key of the one above it; data NULL: none */
};

/* Looks at all files. Whether `file` lies in a gap between them; *next becomes the first key above it. */
static bool lies_in_a_gap(struct table_file *const *files, uint32_t count, const struct table_file *file,
                          struct slice *next)
{
    struct slice first = file_first_key(file), last = file_last_key(file);

    *next = slice_make(NULL, 0);
    for (uint32_t i = 0; i < count; i++) {
        struct slice above = file_first_key(files[i]);
        if (slice_compare(file_last_key(files[i]), first) < 0)
            continue;
        if (slice_compare(above, last) <= 0)
            return false;
        if (next->data == NULL || slice_compare(above, *next) < 0)
            *next = above;
    }
    return true;
}

/* Files of one flush ascend, above or below others or between them; those of one merge may come in any order. */
static bool run_takes(struct run_shape *shape, struct table_file *const *files, uint32_t count,
                      const struct table_file *file)
{
    struct slice first = file_first_key(file), last = file_last_key(file);
    bool is_next = slice_compare(first, shape->newest) > 0 &&
                   (shape->next.data == NULL || slice_compare(last, shape->next) < 0);

    if (!is_next && slice_compare(last, shape->first) < 0)
        shape->next = shape->first;
    else if (!is_next && (count > LOOKED_AT_MOST || !lies_in_a_gap(files, count, file, &shape->next)))
        return false;
    shape->newest = last;
    if (slice_compare(first, shape->first) < 0)
        shape->first = first;
    return true;
}

uint32_t files_run_length(struct table_file *const *files, uint32_t count)
{
    struct run_shape shape = {.first = file_first_key(files[0]), .newest = file_last_key(files[0])};
    uint32_t length = 1;

    while (length < count && run_takes(&shape, files, length, files[length]))
        length++;
    return length;
}

static int compare_first_keys(const void *left, const void *right)
{
    return slice_compare(file_first_key(*(struct table_file *const *)left),
                         file_first_key(*(struct table_file *const *)right));
}

void files_sort(struct table_file **files, uint32_t count)
{
    if (count > 1)
        qsort(files, count, sizeof(struct table_file *), compare_first_keys);
}

struct table_file *run_find(const struct file_run *run, struct slice key)
{
    uint32_t index = run->count == 1 ? 0 : files_find(run->files, run->count, key);

    return index < run->count ? run->files[index] : NULL;
}
