/* A key is sought in memtables, then in files from new to old. Sources may be newer than their place in the list says
 * (a spilled commit), so the rule is: a source that cannot hold anything above the best version found is left out. */
#include "storage/lookup_internal.h"

#include "storage/scan_range.h"
#include "storage/transaction.h"

enum { CANDIDATES_MOST = 48 };

static bool file_spans(const struct table_file *file, struct slice key)
{
    return slice_compare(key, file_first_key(file)) >= 0 && slice_compare(key, file_last_key(file)) <= 0;
}

/* The file's key range and filter: both cheap, both say "certainly not" or "maybe". */
static bool file_may_hold(struct table_file *file, const struct lookup_key *key, bool *may, struct ssql_error *error)
{
    *may = false;
    if (!file_spans(file, key->key))
        return true;
    return sstable_may_contain(file->sstable, key->key, key->hash, may, error);
}

/* Pins the block that holds the key's newest version in the file, when the file has the key. */
static bool file_seek(struct table_file *file, const struct lookup_key *key, struct block *block, uint32_t *block_index,
                      uint32_t *row, bool *found, struct ssql_error *error)
{
    *found = false;
    if (!file_may_hold(file, key, found, error))
        return false;
    if (!*found)
        return true;
    *found = false;
    *block_index = sstable_find_block(file->sstable, key->key);
    if (*block_index == sstable_block_count(file->sstable))
        return true;
    if (!sstable_read_block(file->sstable, *block_index, block, NULL, error))
        return false;
    if (!block_seek(block, key->key, row, found, error)) {
        *found = false;
        block_release(block);
        return false;
    }
    if (!*found)
        block_release(block);
    return true;
}

/* The versions of a key stand one after the other, newest first, and may go on in the next blocks: from version `*row`
 * on finds the first that the snapshot sees. Keeps or releases `block`. */
static bool find_visible(struct table_file *file, struct slice key, uint64_t snapshot, struct block *block,
                         uint32_t block_index, uint32_t *row, bool *found, struct ssql_error *error)
{
    for (;;) {
        uint32_t end;

        *found = block_row_sequence(block, *row) <= snapshot;
        if (*found)
            return true;
        if (!block_seek_after(block, key, &end, error))
            break;
        while (++*row < end && !*found)
            *found = block_row_sequence(block, *row) <= snapshot;
        if (*found) {
            --*row;
            return true;
        }
        if (end < block->row_count || ++block_index == sstable_block_count(file->sstable) ||
            !slice_equal(sstable_block_first_key(file->sstable, block_index), key)) {
            block_release(block);
            return true;
        }
        block_release(block);
        *row = 0;
        if (!sstable_read_block(file->sstable, block_index, block, NULL, error))
            return false;
    }
    *found = false;
    block_release(block);
    return false;
}

bool file_find_version(struct table_file *file, const struct lookup_key *key, uint64_t snapshot, struct block *block,
                       uint32_t *row, bool *found, struct ssql_error *error)
{
    uint32_t block_index;

    *found = false;
    if (file->info.base_sequence > snapshot)
        return true;
    if (!file_seek(file, key, block, &block_index, row, found, error))
        return false;
    if (!*found)
        return true;
    return find_visible(file, key->key, snapshot, block, block_index, row, found, error);
}

/* ---- the newest visible version over all sources ---- */

/* They come newest first, and each was frozen before the one ahead of it began: the first version found is the newest.
 */
static void look_in_memtables(const struct table_version *version, const struct lookup_key *key, uint64_t snapshot,
                              struct lookup_result *result)
{
    struct memtable_version found;

    for (uint32_t i = 0; i < version->memtable_count; i++) {
        const struct memtable *memtable = version->memtables[i];
        if (!memtable_may_contain(memtable, key->key, key->hash) || !memtable_get(memtable, key->key, snapshot, &found))
            continue;
        result->found = result->in_memtable = true;
        result->sequence = found.sequence;
        result->row = found.row;
        result->is_tombstone = found.row.data == NULL;
        return;
    }
}

static bool look_in_file(struct table_file *file, const struct lookup_key *key, uint64_t snapshot,
                         struct lookup_result *result, struct ssql_error *error)
{
    struct block block = {0};
    uint32_t row;
    bool found;

    if (result->found && file_highest_sequence(file) <= result->sequence)
        return true;
    if (!file_find_version(file, key, snapshot, &block, &row, &found, error))
        return false;
    if (!found)
        return true;
    uint64_t sequence = block_row_sequence(&block, row);
    if (result->found && sequence <= result->sequence) {
        block_release(&block);
        return true;
    }
    block_release(&result->block);
    result->found = true;
    result->in_memtable = false;
    result->sequence = sequence;
    result->is_tombstone = block_row_is_tombstone(&block, row);
    result->block = block;
    result->block_row = row;
    return true;
}

/* Ascending inserts, above all: no file has to be asked for a key that lies outside all of them. */
static bool is_outside_files(const struct table_version *version, struct slice key)
{
    return version->last_key.data == NULL || slice_compare(key, version->last_key) > 0 ||
           slice_compare(key, version->first_key) < 0;
}

/* The one file of a level below 0 that can hold the key, or NULL. */
static struct table_file *level_file(const struct table_version *version, uint32_t level, struct slice key)
{
    uint32_t index = files_find(version->files[level], version->file_count[level], key);

    return index < version->file_count[level] ? version->files[level][index] : NULL;
}

/* Files whose key range holds the key. */
struct candidates {
    struct table_file *files[CANDIDATES_MOST];
    uint32_t count;
    uint32_t next_run; /* runs of level 0 from here on were not looked at: there are very many */
};

static void add_candidate(struct candidates *candidates, struct table_file *file, const struct lookup_key *key)
{
    if (!file_spans(file, key->key))
        return;
    sstable_prefetch_filter(file->sstable, key->key, key->hash);
    candidates->files[candidates->count++] = file;
}

/* All filters' lines, also the memtables', are on their way before the first is looked at. */
static void find_candidates(const struct table_version *version, const struct lookup_key *key,
                            struct candidates *candidates)
{
    candidates->count = candidates->next_run = 0;
    for (uint32_t i = 0; i < version->memtable_count; i++)
        memtable_prefetch(version->memtables[i], key->key, key->hash);
    if (is_outside_files(version, key->key)) {
        candidates->next_run = version->run_count;
        return;
    }
    for (uint32_t i = 0; i < version->run_count && candidates->count < CANDIDATES_MOST - LEVELS; i++) {
        struct table_file *file = run_find(&version->runs[i], key->key);
        if (file != NULL)
            add_candidate(candidates, file, key);
        candidates->next_run = i + 1;
    }
    for (uint32_t level = 1; level < LEVELS; level++) {
        struct table_file *file = level_file(version, level, key->key);
        if (file != NULL)
            add_candidate(candidates, file, key);
    }
}

bool version_lookup(const struct table_version *version, const struct row_format *format, struct slice key,
                    uint64_t snapshot, struct lookup_result *result, struct ssql_error *error)
{
    struct lookup_key wanted = lookup_key_make(key);

    struct candidates candidates;

    (void)format;
    result->found = result->in_memtable = result->is_tombstone = false;
    result->sequence = 0;
    result->block = (struct block){0};
    find_candidates(version, &wanted, &candidates);
    look_in_memtables(version, &wanted, snapshot, result);
    for (uint32_t i = 0; i < candidates.count; i++)
        if (!look_in_file(candidates.files[i], &wanted, snapshot, result, error))
            goto failed;
    for (uint32_t i = candidates.next_run; i < version->run_count; i++) {
        struct table_file *file = run_find(&version->runs[i], key);
        if (file != NULL && !look_in_file(file, &wanted, snapshot, result, error))
            goto failed;
    }
    return true;
failed:
    block_release(&result->block);
    result->block = (struct block){0};
    result->found = false;
    return false;
}

bool version_count_lookup(const struct table_version *version, struct slice key, struct lookup_statistics *statistics,
                          struct ssql_error *error)
{
    struct lookup_key wanted = lookup_key_make(key);

    for (uint32_t level = 0; level < LEVELS; level++) {
        for (uint32_t i = 0; i < version->file_count[level]; i++) {
            struct table_file *file = version->files[level][i];
            bool may = false;
            if (!file_spans(file, key))
                continue;
            if (!file_may_hold(file, &wanted, &may, error))
                return false;
            statistics->files++;
            statistics->files_ruled_out += !may;
        }
    }
    return true;
}

/* ---- validation: has anything changed since a snapshot? ---- */

static bool file_key_changed(struct table_file *file, const struct lookup_key *key, uint64_t snapshot, bool *changed,
                             struct ssql_error *error)
{
    struct block block = {0};
    uint32_t block_index, row;
    bool found;

    if (file_highest_sequence(file) <= snapshot)
        return true;
    if (!file_seek(file, key, &block, &block_index, &row, &found, error))
        return false;
    if (found) {
        *changed = block_row_sequence(&block, row) > snapshot;
        block_release(&block);
    }
    return true;
}

bool version_key_changed(const struct table_version *version, struct slice key, uint64_t snapshot, bool *changed,
                         struct ssql_error *error)
{
    struct lookup_key wanted = lookup_key_make(key);

    *changed = false;
    for (uint32_t i = 0; i < version->memtable_count && !*changed; i++)
        *changed = memtable_highest_sequence(version->memtables[i]) > snapshot &&
                   memtable_may_contain(version->memtables[i], key, wanted.hash) &&
                   memtable_newest_sequence(version->memtables[i], key) > snapshot;
    if (*changed || is_outside_files(version, key))
        return true;
    for (uint32_t i = 0; i < version->run_count && !*changed; i++) {
        struct table_file *file = run_find(&version->runs[i], key);
        if (file != NULL && !file_key_changed(file, &wanted, snapshot, changed, error))
            return false;
    }
    for (uint32_t level = 1; level < LEVELS && !*changed; level++) {
        struct table_file *file = level_file(version, level, key);
        if (file != NULL && !file_key_changed(file, &wanted, snapshot, changed, error))
            return false;
    }
    return true;
}

/* Whether one of the rows [begin, end) is newer than the snapshot. */
static bool rows_changed(const struct block *block, uint32_t begin, uint32_t end, uint64_t snapshot)
{
    uint64_t sequences[BATCH_CAPACITY];
    bool changed = false;

    if (begin == end)
        return false;
    if (!block->has_sequences)
        return block->sequence > snapshot;
    block_decode_sequences(block, sequences);
    for (uint32_t row = begin; row < end && !changed; row++)
        changed = sequences[row] > snapshot;
    return changed;
}

static bool file_range_changed(struct table_file *file, const struct key_range *range, uint64_t snapshot, bool *changed,
                               struct ssql_error *error)
{
    uint32_t block_count = sstable_block_count(file->sstable);

    if (file_highest_sequence(file) <= snapshot || key_is_above(range, file_first_key(file)) ||
        key_is_below(range, file_last_key(file)))
        return true;
    uint32_t index = range->low.data == NULL ? 0 : sstable_find_block(file->sstable, range->low);
    for (; index < block_count && !*changed; index++) {
        struct block block = {0};
        uint32_t begin, end;

        if (key_is_above(range, sstable_block_first_key(file->sstable, index)))
            return true;
        if (!sstable_read_block(file->sstable, index, &block, NULL, error))
            return false;
        bool is_clipped = block_clip(&block, index, range, &begin, &end, error);
        *changed = is_clipped && rows_changed(&block, begin, end, snapshot);
        block_release(&block);
        if (!is_clipped)
            return false;
    }
    return true;
}

bool version_range_changed(const struct table_version *version, struct slice low, bool low_exclusive, struct slice high,
                           bool high_exclusive, uint64_t snapshot, bool *changed, struct ssql_error *error)
{
    const struct key_range range = {
        .low = low, .high = high, .low_exclusive = low_exclusive, .high_exclusive = high_exclusive};

    *changed = false;
    for (uint32_t i = 0; i < version->memtable_count && !*changed; i++)
        *changed = memtable_highest_sequence(version->memtables[i]) > snapshot &&
                   memtable_range_changed(version->memtables[i], low, low_exclusive, high, high_exclusive, snapshot);
    for (uint32_t level = 0; level < LEVELS; level++)
        for (uint32_t i = 0; i < version->file_count[level] && !*changed; i++)
            if (!file_range_changed(version->files[level][i], &range, snapshot, changed, error))
                return false;
    return true;
}
