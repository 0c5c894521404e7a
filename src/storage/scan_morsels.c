#include "storage/scan_morsels.h"

#include <assert.h>
#include <stdlib.h>

#include "storage/scan_internal.h"

enum {
    MORSEL_ROWS = 64 << 10, /* large beside what opening a scan costs, small beside what a thread may be late by */
    ROWS_LEAST = 64 << 10,  /* smaller tables are read as a whole */
    MORSELS_MOST = 512,     /* about so many, however large the table is */
    FIRST_SHARE = 4,        /* the first morsel has 1/4 of the rows of the others */
    SPLITS_PER_MORSEL = 4,  /* keys of one source that are looked at for each morsel */
};

struct scan_morsels {
    const struct table_version *version; /* the transaction's */
    const struct row_format *format;
    uint64_t snapshot;
    struct own_writes own; /* retained */
    struct key_range range;
    bool descending;
    struct slice *bounds; /* first keys of all morsels but the first, ascending; borrowed from the sources */
    uint32_t bound_count;
};

/* ---- where to divide ---- */

/* A key, and how many rows of its source lie before it and after the split before. */
struct split {
    struct slice key;
    uint64_t rows;
};

struct splits {
    struct key_range range;
    uint64_t morsel_rows;
    struct split *items;
    size_t count, capacity;
    uint64_t rows; /* of all items */
};

static bool add_split(struct splits *splits, struct slice key, uint64_t rows, struct ssql_error *error)
{
    splits->rows += rows;
    if (splits->count == splits->capacity) {
        size_t capacity = splits->capacity == 0 ? 64 : 2 * splits->capacity;
        struct split *grown = realloc(splits->items, capacity * sizeof *grown);
        if (grown == NULL)
            return error_no_memory(error);
        splits->items = grown;
        splits->capacity = capacity;
    }
    splits->items[splits->count++] = (struct split){key, rows};
    return true;
}

/* The blocks [*begin, *end) that can hold rows of the range. */
static void clip_blocks(const struct sstable *sstable, const struct key_range *range, uint32_t *begin, uint32_t *end)
{
    *begin = range->low.data == NULL ? 0 : sstable_find_block(sstable, range->low);
    *end = sstable_block_count(sstable);
    if (range->high.data != NULL) {
        uint32_t last = sstable_find_block(sstable, range->high);
        *end = last < *end ? last + 1 : *end;
    }
}

/* Blocks of so many rows, roughly, all blocks of a file being of one size but the last. */
static uint32_t blocks_of(const struct sstable *sstable, uint64_t rows)
{
    uint64_t count = sstable_block_count(sstable), all = sstable_row_offset(sstable, (uint32_t)count);

    assert(all > 0); /* a block has at least one */
    uint64_t blocks = rows * count / all;

    return blocks < 1 ? 1 : blocks < count ? (uint32_t)blocks : (uint32_t)count;
}

static bool split_file(struct splits *splits, const struct table_file *file, struct ssql_error *error)
{
    const struct sstable *sstable = file->sstable;
    uint32_t stride = blocks_of(sstable, splits->morsel_rows / SPLITS_PER_MORSEL), begin, end;

    clip_blocks(sstable, &splits->range, &begin, &end);
    for (uint32_t block = begin + stride; block < end; block += stride)
        if (!add_split(splits, sstable_block_first_key(sstable, block),
                       sstable_row_offset(sstable, block) - sstable_row_offset(sstable, block - stride), error))
            return false;
    return true;
}

static bool split_memtable(struct splits *splits, const struct memtable *memtable, struct ssql_error *error)
{
    struct slice keys[MEMTABLE_SAMPLES_MOST];
    uint32_t count;
    uint64_t rows;

    if (memtable == NULL || memtable_version_count(memtable) < splits->morsel_rows / SPLITS_PER_MORSEL)
        return true;
    count = memtable_sample_keys(memtable, keys);
    if (count == 0)
        return true;
    rows = memtable_version_count(memtable) / count;
    for (uint32_t i = 0; i < count; i++)
        if (!key_is_below(&splits->range, keys[i]) && !key_is_above(&splits->range, keys[i]) &&
            !add_split(splits, keys[i], rows, error))
            return false;
    return true;
}

static bool split_sources(struct splits *splits, const struct scan_morsels *morsels, struct ssql_error *error)
{
    const struct table_version *version = morsels->version;

    if (!split_memtable(splits, morsels->own.memtable, error))
        return false;
    for (uint32_t i = 0; i < morsels->own.file_count; i++)
        if (!split_file(splits, morsels->own.files[i], error))
            return false;
    for (uint32_t i = 0; i < version->memtable_count; i++)
        if (!split_memtable(splits, version->memtables[i], error))
            return false;
    for (uint32_t level = 0; level < LEVELS; level++)
        for (uint32_t i = 0; i < version->file_count[level]; i++)
            if (!split_file(splits, version->files[level][i], error))
                return false;
    return true;
}

static int compare_splits(const void *left, const void *right)
{
    return slice_compare(((const struct split *)left)->key, ((const struct split *)right)->key);
}

/* One run alone gives its keys in order. */
static void sort_splits(struct splits *splits)
{
    for (size_t i = 1; i < splits->count; i++) {
        if (compare_splits(&splits->items[i - 1], &splits->items[i]) > 0) {
            qsort(splits->items, splits->count, sizeof *splits->items, compare_splits);
            return;
        }
    }
}

/* Whether a morsel may begin with the key: neither the one before it nor it is without rows for sure. */
static bool is_inside(const struct scan_morsels *morsels, struct slice key)
{
    if (morsels->bound_count > 0)
        return slice_compare(key, morsels->bounds[morsels->bound_count - 1]) > 0;
    return morsels->range.low.data == NULL || slice_compare(key, morsels->range.low) > 0;
}

static bool choose_bounds(struct scan_morsels *morsels, const struct splits *splits, struct ssql_error *error)
{
    uint64_t rows = 0, wanted = splits->morsel_rows;
    /* The short morsel is the last one of a descending scan: there it is left at what remains. */
    uint64_t first_wanted = morsels->descending ? wanted : wanted / FIRST_SHARE;

    morsels->bounds = malloc((splits->count + 1) * sizeof *morsels->bounds);
    if (morsels->bounds == NULL)
        return error_no_memory(error);
    for (size_t i = 0; i < splits->count; i++) {
        const struct split *split = &splits->items[i];
        rows += split->rows;
        if (rows < (morsels->bound_count == 0 ? first_wanted : wanted) || key_is_below(&morsels->range, split->key) ||
            key_is_above(&morsels->range, split->key) || !is_inside(morsels, split->key))
            continue;
        morsels->bounds[morsels->bound_count++] = split->key;
        rows = 0;
    }
    return true;
}

static uint64_t table_rows(const struct scan_morsels *morsels)
{
    const struct table_version *version = morsels->version;
    uint64_t rows = morsels->own.memtable == NULL ? 0 : memtable_version_count(morsels->own.memtable);

    for (uint32_t i = 0; i < morsels->own.file_count; i++)
        rows += morsels->own.files[i]->info.row_count;
    for (uint32_t i = 0; i < version->memtable_count; i++)
        rows += memtable_version_count(version->memtables[i]);
    for (uint32_t level = 0; level < LEVELS; level++)
        for (uint32_t i = 0; i < version->file_count[level]; i++)
            rows += version->files[level][i]->info.row_count;
    return rows;
}

/* A table of many morsels gets larger ones, so that dividing it stays a matter of microseconds. */
static uint64_t wanted_rows(const struct scan_morsels *morsels)
{
    uint64_t rows = table_rows(morsels) / MORSELS_MOST;

    return rows > MORSEL_ROWS ? rows : MORSEL_ROWS;
}

/* ---- life ---- */

static bool retain_own(struct scan_morsels *morsels, const struct own_writes *own, struct ssql_error *error)
{
    struct table_file **files = NULL;

    if (own->file_count > 0) {
        files = malloc(own->file_count * sizeof(struct table_file *));
        if (files == NULL)
            return error_no_memory(error);
        memcpy(files, own->files, own->file_count * sizeof(struct table_file *));
    }
    morsels->own = *own;
    morsels->own.files = files;
    for (uint32_t i = 0; i < own->file_count; i++)
        table_file_retain(files[i]);
    if (own->memtable != NULL)
        memtable_retain((struct memtable *)own->memtable); /* only its count of references is changed */
    return true;
}

void scan_morsels_destroy(struct scan_morsels *morsels)
{
    if (morsels == NULL)
        return;
    for (uint32_t i = 0; i < morsels->own.file_count; i++)
        table_file_release(morsels->own.files[i]);
    free(morsels->own.files);
    memtable_release((struct memtable *)morsels->own.memtable);
    free(morsels->bounds);
    free(morsels);
}

static bool divide(struct scan_morsels *morsels, uint64_t morsel_rows, uint64_t least_rows, struct ssql_error *error)
{
    struct splits splits = {.range = morsels->range, .morsel_rows = morsel_rows};
    bool is_done = split_sources(&splits, morsels, error);

    if (is_done && splits.rows + splits.rows / SPLITS_PER_MORSEL >= least_rows) {
        sort_splits(&splits);
        is_done = choose_bounds(morsels, &splits, error);
    }
    free(splits.items);
    return is_done;
}

bool scan_morsels_create_version(const struct table_version *version, const struct own_writes *own,
                                 const struct row_format *format, uint64_t snapshot, const struct scan_request *request,
                                 uint64_t forced_rows, struct scan_morsels **out, struct ssql_error *error)
{
    uint64_t least_rows = forced_rows > 0 ? 2 * forced_rows : ROWS_LEAST;
    struct scan_morsels found = {.version = version,
                                 .format = format,
                                 .snapshot = snapshot,
                                 .own = *own,
                                 .range = {.low = request->low,
                                           .high = request->high,
                                           .low_exclusive = request->low_exclusive,
                                           .high_exclusive = request->high_exclusive},
                                 .descending = request->descending};
    struct scan_morsels *morsels;

    *out = NULL;
    if (table_rows(&found) < least_rows)
        return true;
    morsels = malloc(sizeof *morsels);
    if (morsels == NULL)
        return error_no_memory(error);
    *morsels = found;
    morsels->own = (struct own_writes){0};
    bool is_done = retain_own(morsels, own, error) &&
                   divide(morsels, forced_rows > 0 ? forced_rows : wanted_rows(morsels), least_rows, error);
    if (!is_done || morsels->bound_count == 0) {
        scan_morsels_destroy(morsels);
        return is_done;
    }
    *out = morsels;
    return true;
}

bool scan_morsels_create(struct transaction *transaction, struct table *table, const struct scan_request *request,
                         struct scan_morsels **out, struct ssql_error *error)
{
    struct own_writes own;

    *out = NULL;
    if (!transaction_own_writes(transaction, table, &own, error) ||
        !scan_morsels_create_version(transaction_version(transaction, table), &own, table_row_format(table),
                                     transaction_snapshot(transaction), request,
                                     engine_get_options(table->engine)->morsel_rows, out, error))
        return false;
    if (*out == NULL || transaction_note_range(transaction, table, request->low, request->low_exclusive, request->high,
                                               request->high_exclusive, error))
        return true;
    scan_morsels_destroy(*out);
    *out = NULL;
    return false;
}

/* ---- reading ---- */

uint32_t scan_morsels_count(const struct scan_morsels *morsels)
{
    return morsels->bound_count + 1;
}

bool scan_open_morsels(const struct scan_morsels *morsels, uint32_t begin, uint32_t end,
                       const struct scan_request *request, struct scan **scan, struct ssql_error *error)
{
    uint32_t count = scan_morsels_count(morsels);
    struct scan_request part = *request;

    assert(begin < end && end <= count && request->descending == morsels->descending);
    part.low = morsels->range.low;
    part.low_exclusive = morsels->range.low_exclusive;
    part.high = morsels->range.high;
    part.high_exclusive = morsels->range.high_exclusive;
    uint32_t lowest = morsels->descending ? count - end : begin, highest = morsels->descending ? count - begin : end;
    if (lowest > 0) {
        part.low = morsels->bounds[lowest - 1];
        part.low_exclusive = false;
    }
    if (highest < count) {
        part.high = morsels->bounds[highest - 1];
        part.high_exclusive = true;
    }
    return scan_open_version(morsels->version, &morsels->own, morsels->format, morsels->snapshot, &part, scan, error);
}
