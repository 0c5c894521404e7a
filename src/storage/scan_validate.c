/* The driver for selective filters where order does not matter: each source is filtered by itself, block after block,
 * and a survivor counts only if no newer source holds a version of its key. Few survivors are looked up one by one (key
 * range, filter, one block); many are checked by walking the newer sources over the block's keys. Blocks that no newer
 * source overlaps need no validation at all, and zone maps may leave out any block, for validation asks the sources
 * themselves. */
#include <assert.h>

#include "storage/lookup_internal.h"
#include "storage/scan_internal.h"

/* More survivors than one of so many rows are checked by a walk. */
enum { LOOK_UP_SHARE = 16 };

/* Whether source `other` can hold versions that hide some of `source`. Sequences decide row by row. */
static bool may_be_newer(const struct scan_source *source, const struct scan_source *other)
{
    if (other->options.own_rank != 0 || source->options.own_rank != 0)
        return other->options.own_rank > source->options.own_rank;
    return source->memtable == NULL || other->highest_sequence >= source->lowest_sequence;
}

static void find_newer(struct scan *scan, const struct scan_source *source, struct slice first, struct slice last)
{
    scan->newer_count = 0;
    for (uint32_t i = 0; i < scan->source_count; i++) {
        const struct scan_source *other = &scan->sources[i];
        if (other != source && may_be_newer(source, other) && source_may_overlap(other, first, last))
            scan->newer[scan->newer_count++] = (uint16_t)i;
    }
}

/* Whether a version of this rank in `other` hides one of rank `rank` in `source`. */
static bool rank_hides(const struct scan_source *other, uint64_t other_rank, const struct scan_source *source,
                       uint64_t rank)
{
    return other_rank > rank || (other_rank == rank && other < source);
}

static uint64_t highest_rank(const struct scan_source *source)
{
    return source->options.own_rank != 0 ? source->options.own_rank : source->highest_sequence;
}

/* ---- one by one ---- */

static bool find_rank(const struct scan_source *other, const struct lookup_key *key, uint64_t *rank, bool *found,
                      struct ssql_error *error)
{
    struct memtable_version version;
    struct block block;
    uint32_t row, file;

    *found = false;
    *rank = other->options.own_rank;
    if (other->memtable != NULL) {
        *found = memtable_may_contain(other->memtable, key->key, key->hash) &&
                 memtable_get(other->memtable, key->key, other->options.snapshot, &version);
        if (*found && *rank == 0)
            *rank = version.sequence;
        return true;
    }
    file = files_find(other->files, other->file_count, key->key);
    if (file == other->file_count)
        return true;
    if (!file_find_version(other->files[file], key, other->options.snapshot, &block, &row, found, error))
        return false;
    if (*found) {
        if (*rank == 0)
            *rank = block_row_sequence(&block, row);
        block_release(&block);
    }
    return true;
}

static bool row_is_hidden(const struct scan *scan, const struct scan_source *source, uint16_t row, bool *hidden,
                          struct ssql_error *error)
{
    uint8_t scratch[INT_KEY_SIZE];
    struct lookup_key key = lookup_key_make(source_row_key(source, row, scratch));
    uint64_t rank = source_row_rank(source, row);

    *hidden = false;
    for (uint32_t i = 0; i < scan->newer_count && !*hidden; i++) {
        const struct scan_source *other = &scan->sources[scan->newer[i]];
        uint64_t other_rank;
        bool found;
        if (highest_rank(other) < rank)
            continue;
        if (!find_rank(other, &key, &other_rank, &found, error))
            return false;
        *hidden = found && rank_hides(other, other_rank, source, rank);
    }
    return true;
}

static bool drop_by_lookup(struct scan *scan, struct scan_source *source, const uint16_t *survivors, uint32_t *count,
                           struct ssql_error *error)
{
    uint32_t kept = 0;

    for (uint32_t i = 0; i < *count; i++) {
        uint16_t row = survivors[i];
        bool hidden;
        if (!row_is_hidden(scan, source, row, &hidden, error))
            return false;
        scan->selection[kept] = row;
        kept += !hidden;
    }
    *count = kept;
    return true;
}

/* ---- by a walk ---- */

/* Order of the source's row against the probe's. */
static int compare_rows(const struct scan *scan, const struct scan_source *source, uint16_t row,
                        const struct scan_source *probe, uint16_t probe_row)
{
    uint64_t left = source_row_head(source, row), right = source_row_head(probe, probe_row);
    uint8_t scratch[2][INT_KEY_SIZE];

    if (left != right)
        return left < right ? -1 : 1;
    if (scan->format->key_is_int)
        return 0;
    return slice_compare(source_row_key(source, row, scratch[0]), source_row_key(probe, probe_row, scratch[1]));
}

/* Drops from `rows` what the probe's chunk hides. *next is the first row that comes after the chunk. */
static uint32_t drop_in_chunk(const struct scan *scan, const struct scan_source *source,
                              const struct scan_source *other, uint16_t *rows, uint32_t count, uint32_t *next)
{
    const struct scan_source *probe = &scan->probe;
    uint32_t kept = *next, i = *next, j = 0;

    while (i < count && j < probe->count) {
        int order = compare_rows(scan, source, rows[i], probe, probe->rows[j]);
        if (order > 0) {
            j++;
            continue;
        }
        bool hidden = order == 0 && rank_hides(other, source_row_rank(probe, probe->rows[j]), source,
                                               source_row_rank(source, rows[i]));
        rows[kept] = rows[i];
        kept += !hidden;
        i++;
    }
    *next = kept;
    memmove(rows + kept, rows + i, (count - i) * sizeof *rows);
    return kept + (count - i);
}

/* Drops from `rows` what one newer source hides. */
static bool drop_by_walk(struct scan *scan, struct scan_source *source, const struct scan_source *other, uint16_t *rows,
                         uint32_t *count, struct ssql_error *error)
{
    struct scan_source *probe = &scan->probe;
    uint8_t scratch[2][INT_KEY_SIZE];
    const struct key_range range = {.low = source_row_key(source, rows[0], scratch[0]),
                                    .high = source_row_key(source, rows[*count - 1], scratch[1])};
    uint32_t next = 0;
    bool done = true;

    if (other->memtable != NULL)
        done = source_start_memtable(probe, other->memtable, &range, &other->options, error);
    else
        source_start_files(probe, other->files, other->file_count, &range, &other->options);
    while (done && probe->has_next && next < *count) {
        done = scan_check(scan, error) && source_load(probe, error) &&
               source_load_keys(probe, error);
        if (done)
            *count = drop_in_chunk(scan, source, other, rows, *count, &next);
    }
    source_unload(probe);
    return done;
}

bool scan_drop_hidden(struct scan *scan, struct scan_source *source, const uint16_t *survivors, uint32_t *count,
                      struct ssql_error *error)
{
    if (!source_load_keys(source, error))
        return false;
    if (survivors == NULL) { /* all rows of the chunk */
        for (uint32_t row = 0; row < *count; row++)
            scan->selection[row] = (uint16_t)row;
        survivors = scan->selection;
    }
    if (*count * LOOK_UP_SHARE <= source->chunk_rows)
        return drop_by_lookup(scan, source, survivors, count, error);
    memmove(scan->selection, survivors, *count * sizeof *survivors);
    for (uint32_t i = 0; i<scan->newer_count && * count> 0; i++)
        if (!drop_by_walk(scan, source, &scan->sources[scan->newer[i]], scan->selection, count, error))
            return false;
    return true;
}

/* ---- the driver ---- */

/* The next chunk of a source as a batch; row_count 0 when none of it survives. */
static bool pass_chunk(struct scan *scan, struct scan_source *source, struct batch *batch, struct ssql_error *error)
{
    if (source->memtable != NULL) {
        if (!source_load(source, error))
            return false;
        assert(source->count > 0);
        find_newer(scan, source, source->versions[0].key, source->versions[source->count - 1].key);
        return scan_emit_chunk(scan, source, 0, source->count, batch, error);
    }
    if (source_next_is_excluded(source, scan->request.zones, scan->request.zone_count)) {
        source_skip_next(source);
        return true;
    }
    find_newer(scan, source, source_next_first_key(source), source_next_last_key(source));
    return source_load(source, error) && scan_emit_chunk(scan, source, 0, source->count, batch, error);
}

bool scan_next_validated(struct scan *scan, struct batch *batch, struct ssql_error *error)
{
    while (batch->row_count == 0 && scan->current < scan->source_count) {
        struct scan_source *source = &scan->sources[scan->current];
        if (!scan_check(scan, error))
            return false;
        if (!source->has_next) {
            source_unload(source);
            scan->current++;
        } else if (!pass_chunk(scan, source, batch, error)) {
            return false;
        }
    }
    return true;
}
