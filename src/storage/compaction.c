/* Merging the inputs: rows come in key order, the versions of a key newest first. Of each key every version above the
 * oldest snapshot is kept, and the newest at or below it; older ones nobody can see. Keys are merged first, columns are
 * gathered for what is kept, block by block. Memory: a block and its columns per input, and one block of output. */
#include <assert.h>
#include <stdlib.h>

#include "storage/compaction_internal.h"
#include "storage/engine_internal.h"
#include "storage/merge.h"

/* Beyond this, decoded columns are not kept per input: rows are picked from the blocks instead. */
#define DECODED_BYTES_MOST ((size_t)64 << 20)

struct compaction_merge {
    struct compaction *compaction;
    bool key_is_int;
    struct scan_source *sources;
    uint32_t source_count;
    struct compaction_output output;

    struct scan_source **active; /* loaded sources, and their next heads */
    uint64_t *heads;
    uint32_t active_count;

    /* the row taken last */
    bool has_last;
    uint64_t last_head;
    struct slice last_key; /* strings: in a loaded chunk, or in `last_bytes` once the chunk may go */
    struct buffer last_bytes;
    bool is_covered; /* what follows of its key is older than every snapshot needs */
    bool key_is_out; /* a version of its key was written */

    uint64_t last_step_ns; /* for engine_give_way */
};

/* ---- what is kept ---- */

/* Whether the row has the key of the one before it. */
static bool is_same_key(const struct compaction_merge *merge, uint64_t head, struct slice key)
{
    return merge->has_last && head == merge->last_head && (merge->key_is_int || slice_equal(key, merge->last_key));
}

static void take_row(struct compaction_merge *merge, struct scan_source *source)
{
    const struct compaction *compaction = merge->compaction;
    struct compaction_output *output = &merge->output;
    uint16_t row = (uint16_t)source->rows[source->position];
    uint64_t head = source_row_head(source, row), sequence = source_row_sequence(source, row);
    struct slice key = merge->key_is_int ? slice_make(NULL, 0) : source->keys.keys[row];
    bool is_tombstone = source_row_is_tombstone(source, row);

    if (!is_same_key(merge, head, key)) {
        merge->is_covered = merge->key_is_out = false;
    } else if (merge->is_covered) {
        return;
    }
    merge->has_last = true;
    merge->last_head = head;
    merge->last_key = key;
    merge->is_covered = sequence <= compaction->oldest_snapshot;
    if (compaction->is_private) {
        sequence = 0; /* they will have one when they are committed, all the same */
    } else if (sequence <= compaction->settled_sequence) {
        if (is_tombstone)
            return;
        sequence = 0;
    }
    output->rows[output->row_count++] = (struct output_row){.source = (uint16_t)(source - merge->sources),
                                                            .row = row,
                                                            .is_tombstone = is_tombstone,
                                                            .begins_key = !merge->key_is_out,
                                                            .sequence = sequence};
    merge->key_is_out = true;
}

/* ---- merging ---- */

/* Order of two sources with equal heads: by whole key, then the newer version first. */
static int compare_tied(const struct compaction_merge *merge, const struct scan_source *left,
                        const struct scan_source *right)
{
    uint16_t left_row = left->rows[left->position], right_row = right->rows[right->position];

    if (!merge->key_is_int) {
        int order = slice_compare(left->keys.keys[left_row], right->keys.keys[right_row]);
        if (order != 0)
            return order;
    }
    /* One version may stand in two files that were salvaged: then either may come first, for both are covered. */
    return source_row_sequence(left, left_row) > source_row_sequence(right, right_row) ? -1 : 1;
}

static uint32_t find_tied_first(const struct compaction_merge *merge, uint64_t head)
{
    uint32_t best = UINT32_MAX;

    for (uint32_t i = 0; i < merge->active_count; i++)
        if (merge->heads[i] == head &&
            (best == UINT32_MAX || compare_tied(merge, merge->active[i], merge->active[best]) < 0))
            best = i;
    return best;
}

/* Merges until a chunk ends or the output's block is full. */
static void merge_chunks(struct compaction_merge *merge)
{
    struct compaction_output *output = &merge->output;

    while (output->row_count < BATCH_CAPACITY) {
        uint64_t second;
        uint32_t least = merge_least(merge->heads, merge->active_count, &second);
        uint64_t head = merge->heads[least];
        if (head == second)
            least = find_tied_first(merge, head);
        struct scan_source *source = merge->active[least];
        do {
            take_row(merge, source);
            if (++source->position == source->count)
                return;
            head = source->heads[source->position];
        } while (head < second && output->row_count < BATCH_CAPACITY);
        merge->heads[least] = head;
    }
}

/* Somebody may wait for it, and no longer want to. */
static bool tell_progress(struct cancellation *cancellation, uint32_t row_count, struct ssql_error *error)
{
    if (cancellation != NULL && cancellation->progress != NULL)
        cancellation->progress->done += row_count;
    return cancellation_check(cancellation, error);
}

/* Loads the next chunk of every source whose chunk has ended. */
static bool load_sources(struct compaction_merge *merge, struct ssql_error *error)
{
    merge->active_count = 0;
    for (uint32_t i = 0; i < merge->source_count; i++) {
        struct scan_source *source = &merge->sources[i];
        while (source->has_next && (!source->is_loaded || source->position == source->count)) {
            if (engine_is_closing(merge->compaction->table->engine))
                return error_set(error, SSQL_INTERRUPTED, NO_SPAN, "compaction stopped: the database is being closed");
            if (!source_load(source, error) || !source_begin_merge(source, error) ||
                !tell_progress(merge->compaction->cancellation, source->count, error))
                return false;
        }
        if (source->position == source->count)
            continue;
        merge->active[merge->active_count] = source;
        merge->heads[merge->active_count++] = source->heads[source->position];
    }
    return true;
}

/* The chunk that holds the last key may go. */
static bool keep_last_key(struct compaction_merge *merge, struct ssql_error *error)
{
    assert(merge->has_last); /* the first row is always taken */
    if (merge->key_is_int || merge->last_key.data == merge->last_bytes.data)
        return true;
    buffer_reset(&merge->last_bytes);
    buffer_append(&merge->last_bytes, merge->last_key.data, merge->last_key.size);
    if (merge->last_bytes.failed)
        return error_no_memory(error);
    merge->last_key = buffer_slice(&merge->last_bytes);
    return true;
}

static bool merge_all(struct compaction_merge *merge, struct ssql_error *error)
{
    for (;;) {
        if (!load_sources(merge, error))
            return false;
        if (merge->active_count == 0)
            return output_finish(&merge->output, error);
        engine_give_way(merge->output.engine, merge->output.table, &merge->last_step_ns);
        merge_chunks(merge);
        if (!output_gather(&merge->output, error) || !keep_last_key(merge, error) ||
            !output_write(&merge->output, false, error))
            return false;
    }
}

/* ---- setting up ---- */

/* The end of the inputs from `begin` on that are one source: a run of level 0, or all of another level. */
static uint32_t find_source_end(const struct compaction *compaction, uint32_t begin)
{
    uint32_t end = begin + 1;

    while (end < compaction->input_count && compaction->input_levels[end] == compaction->input_levels[begin] &&
           compaction->input_runs[end] == compaction->input_runs[begin])
        end++;
    return end;
}

static bool make_sources(struct compaction_merge *merge, struct ssql_error *error)
{
    const struct compaction *compaction = merge->compaction;
    uint32_t count = 0;

    for (uint32_t begin = 0; begin < compaction->input_count; begin = find_source_end(compaction, begin))
        count++;
    merge->source_count = count;
    merge->sources = calloc(count, sizeof *merge->sources);
    merge->active = calloc(count, sizeof(struct scan_source *));
    merge->heads = calloc(count, sizeof *merge->heads);
    if (merge->sources == NULL || merge->active == NULL || merge->heads == NULL)
        return error_no_memory(error);
    return true;
}

static void start_sources(struct compaction_merge *merge)
{
    const struct compaction *compaction = merge->compaction;
    const struct table *table = compaction->table;
    uint32_t column_count = table->format->layout.column_count;
    const struct key_range everything = {0};
    const struct source_options options = {
        .snapshot = UINT64_MAX,
        .all_versions = true,
        .whole_columns =
            (size_t)merge->source_count * column_count * BATCH_CAPACITY * sizeof(struct slice) <= DECODED_BYTES_MOST};

    for (uint32_t begin = 0, end, i = 0; begin < compaction->input_count; begin = end, i++) {
        struct scan_source *source = &merge->sources[i];
        end = find_source_end(compaction, begin);
        source_init(source, table->format, column_count, NULL);
        source_start_files(source, compaction->inputs + begin, end - begin, &everything, &options);
    }
}

static bool merge_init(struct compaction_merge *merge, struct compaction *compaction, struct ssql_error *error)
{
    uint64_t row_count = 0, byte_count = 0;

    merge->compaction = compaction;
    merge->key_is_int = compaction->table->format->key_is_int;
    if (!make_sources(merge, error))
        return false;
    for (uint32_t i = 0; i < compaction->input_count; i++) {
        row_count += compaction->inputs[i]->info.row_count;
        byte_count += compaction->inputs[i]->info.size;
    }
    start_sources(merge);
    return output_init(&merge->output, compaction, merge->sources, merge->source_count, row_count, byte_count, error);
}

static void merge_clear(struct compaction_merge *merge)
{
    output_clear(&merge->output);
    for (uint32_t i = 0; merge->sources != NULL && i < merge->source_count; i++)
        source_clear(&merge->sources[i]);
    free(merge->sources);
    free(merge->active);
    free(merge->heads);
    buffer_clear(&merge->last_bytes);
}

/* ---- running ---- */

/* Makes `added` (infos of `added_count` files) take the inputs' place. */
static bool apply(struct compaction *compaction, struct sstable_info *added, uint32_t added_count,
                  struct ssql_error *error)
{
    uint8_t *levels = malloc(added_count + 1);

    if (levels == NULL)
        return error_no_memory(error);
    memset(levels, (int)compaction->output_level, added_count);
    const struct table_edit edit = {.table = compaction->table,
                                    .removed = compaction->inputs,
                                    .removed_count = compaction->input_count,
                                    .added = added,
                                    .added_levels = levels,
                                    .added_count = added_count};
    bool done = engine_apply_edits(compaction->table->engine, &edit, 1, error);
    free(levels);
    return done;
}

/* The files stay what they are, only their level changes. */
static bool run_move(struct compaction *compaction, struct ssql_error *error)
{
    struct sstable_info *infos = malloc(compaction->input_count * sizeof *infos);

    if (infos == NULL)
        return error_no_memory(error);
    for (uint32_t i = 0; i < compaction->input_count; i++)
        infos[i] = compaction->inputs[i]->info; /* borrowed: the edit copies */
    bool done = apply(compaction, infos, compaction->input_count, error);
    free(infos);
    return done;
}

static bool run_merge(struct compaction *compaction, struct ssql_error *error)
{
    struct compaction_merge *merge = calloc(1, sizeof *merge);
    struct ssql_error failure = {0};

    if (merge == NULL)
        return error_no_memory(error);
    bool done = merge_init(merge, compaction, &failure) && merge_all(merge, &failure) &&
                apply(compaction, merge->output.files, merge->output.file_count, &failure);
    /* After an unknown outcome the manifest may name the files. */
    if (!done && failure.code != SSQL_UNKNOWN_OUTCOME)
        output_delete_files(&merge->output);
    if (!done && error != NULL)
        *error = failure;
    merge_clear(merge);
    free(merge);
    return done;
}

void compaction_watch(struct compaction *compaction, struct cancellation *cancellation)
{
    compaction->cancellation = cancellation;
}

bool compaction_run(struct compaction *compaction, struct ssql_error *error)
{
    bool done = compaction->is_move ? run_move(compaction, error) : run_merge(compaction, error);
    compaction_destroy(compaction);
    return done;
}

/* ---- a transaction's own runs ---- */

static bool fill_private(struct compaction *compaction, const struct file_run *runs, uint32_t run_count,
                         struct ssql_error *error)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < run_count; i++)
        count += runs[i].count;
    if (!compaction_make_room(compaction, count, error))
        return false;
    compaction_add_runs(compaction, runs, 0, run_count);
    return true;
}

bool compaction_merge_runs(struct table *table, const struct file_run *runs, uint32_t run_count,
                           struct sstable_info **infos, uint32_t *info_count, struct ssql_error *error)
{
    struct compaction compaction = {.table = table, .is_private = true, .oldest_snapshot = UINT64_MAX};
    struct compaction_merge *merge = calloc(1, sizeof *merge);

    *infos = NULL;
    *info_count = 0;
    if (merge == NULL)
        return error_no_memory(error);
    bool is_done = fill_private(&compaction, runs, run_count, error) && merge_init(merge, &compaction, error) &&
                   merge_all(merge, error);
    if (is_done) {
        *infos = merge->output.files;
        *info_count = merge->output.file_count;
        merge->output.files = NULL;
        merge->output.file_count = 0;
    } else {
        output_delete_files(&merge->output);
    }
    merge_clear(merge);
    free(merge);
    compaction_free_inputs(&compaction);
    return is_done;
}
