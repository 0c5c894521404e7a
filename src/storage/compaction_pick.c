/* Choosing what to merge. Level 0 holds whatever was flushed, newest first: runs that overlap. It is merged into level
 * 1 as a whole once it rewrites little there for what it brings; until then runs of like size are merged with each
 * other, so that a row in random order is rewritten once for each tier of sizes and not each time for all of level 1
 * (size-tiered compaction: Bigtable's merging compactions, here above a leveled tree as in O'Neil's LSM). Each further
 * level may hold LEVEL_FACTOR times the bytes of the one above it; a level that has more gives away the file that costs
 * least: the one with the least bytes below it. Files of which too much is tombstones go down until the tombstones
 * vanish. Files that meet nothing below are moved, not rewritten. */
#include <assert.h>
#include <stdlib.h>

#include "storage/compaction_internal.h"

enum {
    LEVEL1_FILES = 4,    /* full files in level 1 */
    LEVEL_FACTOR = 8,    /* of each level's bytes to the next one's */
    TOMBSTONE_SHARE = 4, /* more than one row of so many is a tombstone: due */
    SMALL_SHARE = 8,     /* a file below one of so many of a full file's bytes is small: merged rather than moved */
    REWRITTEN_MOST = 2,  /* bytes of level 1 that a byte of level 0 may cost, unless there are too many runs */
    ALIKE_FACTOR = 2,    /* a run is like the newer ones with at most so many times their mean size, */
    RUN_FILES = 4,       /* full files: what runs that are merged with each other have together at most */
    RUNS_MOST = 16,      /* of level 0 in one merge */
    ALIKE_CROWDED = 4,   /* or so many times when there are many runs: room is worth more than what is rewritten */
};

/* A candidate. */
struct work {
    double urgency;
    uint32_t level;
    struct table_file *file; /* level > 0 */
    bool in_place;           /* tombstones vanish where they are: nothing lies below */
    uint32_t begin, end;     /* runs of level 0 that are merged with each other; none: it goes down as a whole */
};

static uint64_t level_bytes_most(const struct engine_options *options, uint32_t level)
{
    uint64_t bytes = (uint64_t)options->sstable_bytes * LEVEL1_FILES;

    for (uint32_t i = 1; i < level && bytes < UINT64_MAX / LEVEL_FACTOR; i++)
        bytes *= LEVEL_FACTOR;
    return bytes;
}

/* ---- key ranges of files ---- */

static bool file_is_within(const struct table_file *file, struct slice first, struct slice last)
{
    return slice_compare(file_last_key(file), first) >= 0 && slice_compare(file_first_key(file), last) <= 0;
}

/* Files [*begin, *end) of a level > 0 that overlap [first, last]. */
static void find_overlap(const struct table_version *version, uint32_t level, struct slice first, struct slice last,
                         uint32_t *begin, uint32_t *end)
{
    uint32_t count = version->file_count[level];

    *begin = files_find(version->files[level], count, first);
    *end = *begin;
    while (*end < count && slice_compare(file_first_key(version->files[level][*end]), last) <= 0)
        ++*end;
}

/* Bytes of the files of a level > 0 that overlap [first, last]; *is_free turns false when somebody merges one of them.
 */
static uint64_t bytes_within(const struct table_version *version, uint32_t level, struct slice first, struct slice last,
                             bool *is_free)
{
    uint32_t begin, end;
    uint64_t bytes = 0;

    find_overlap(version, level, first, last, &begin, &end);
    for (uint32_t i = begin; i < end; i++) {
        bytes += version->files[level][i]->info.size;
        *is_free &= !version->files[level][i]->is_compacting;
    }
    return bytes;
}

/* Keys from the first to the last of some files, at least one. */
static void find_bounds(struct table_file *const *files, uint32_t count, struct slice *first, struct slice *last)
{
    *first = file_first_key(files[0]);
    *last = file_last_key(files[0]);
    for (uint32_t i = 1; i < count; i++) {
        if (slice_compare(file_first_key(files[i]), *first) < 0)
            *first = file_first_key(files[i]);
        if (slice_compare(file_last_key(files[i]), *last) > 0)
            *last = file_last_key(files[i]);
    }
}

static bool level_overlaps(const struct table_version *version, uint32_t level, struct slice first, struct slice last)
{
    uint32_t begin, end;

    find_overlap(version, level, first, last, &begin, &end);
    return begin < end;
}

static bool is_below_empty(const struct table_version *version, uint32_t level, struct slice first, struct slice last)
{
    for (uint32_t below = level + 1; below < LEVELS; below++)
        if (level_overlaps(version, below, first, last))
            return false;
    return true;
}

static bool is_input(const struct compaction *compaction, const struct table_file *file)
{
    for (uint32_t i = 0; i < compaction->input_count; i++)
        if (compaction->inputs[i] == file)
            return true;
    return false;
}

/* Up to which sequence the inputs hold the oldest versions there are of keys in [first, last]: no memtable and no other
 * file down to the output level has anything as old. (A commit that was spilled to files can be newer than what
 * memtables hold.) 0 when something lies below the output level. */
static uint64_t find_settled_sequence(const struct compaction *compaction, struct slice first, struct slice last)
{
    const struct table_version *version = compaction->version;
    uint64_t settled = compaction->oldest_snapshot;

    if (!is_below_empty(version, compaction->output_level, first, last))
        return 0;
    for (uint32_t i = 0; i < version->memtable_count; i++) {
        uint64_t lowest = memtable_lowest_sequence(version->memtables[i]);
        if (lowest <= settled)
            settled = lowest - 1;
    }
    for (uint32_t level = 0; level <= compaction->output_level; level++) {
        for (uint32_t i = 0; i < version->file_count[level]; i++) {
            const struct table_file *file = version->files[level][i];
            uint64_t lowest = file_lowest_sequence(file);
            if (lowest > settled || !file_is_within(file, first, last) || is_input(compaction, file))
                continue;
            /* A file of nothing but sequence 0 was the lowest of its keys when it was written, so it still is: runs of
             * level 0 that stay there may lie above it, what is merged further down does not. */
            if (lowest != 0)
                settled = lowest - 1;
            else if (compaction->output_level == 0)
                return 0;
        }
    }
    return settled;
}

/* ---- candidates ---- */

static void weigh(struct work *best, double urgency, uint32_t level, struct table_file *file, bool in_place)
{
    if (urgency > best->urgency)
        *best = (struct work){.urgency = urgency, .level = level, .file = file, .in_place = in_place};
}

static bool has_many_tombstones(uint64_t tombstone_count, uint64_t row_count)
{
    return tombstone_count > 0 && tombstone_count > row_count / TOMBSTONE_SHARE;
}

/* ---- level 0 ---- */

/* Bytes of level 1 that would be rewritten when all of level 0 goes down; *is_free: nobody else merges any of it. */
static uint64_t bytes_under_level0(const struct table_version *version, bool *is_free)
{
    struct slice first, last;

    find_bounds(version->files[0], version->file_count[0], &first, &last);
    return bytes_within(version, 1, first, last, is_free);
}

static uint64_t run_bytes(const struct file_run *run)
{
    uint64_t bytes = 0;

    for (uint32_t i = 0; i < run->count; i++)
        bytes += run->files[i]->info.size;
    return bytes;
}

static bool run_is_compacting(const struct file_run *run)
{
    for (uint32_t i = 0; i < run->count; i++)
        if (run->files[i]->is_compacting)
            return true;
    return false;
}

/* The end of the runs from `begin` on, among the first `count`, that are alike and not too large together. */
static uint32_t find_alike(const struct table_version *version, uint32_t begin, uint32_t count, uint64_t bytes_most,
                           uint64_t factor)
{
    uint64_t bytes = run_bytes(&version->runs[begin]);
    uint32_t end = begin + 1;

    while (end < count) {
        uint64_t size = run_bytes(&version->runs[end]);
        if (size > factor * (bytes / (end - begin)) || bytes + size > bytes_most)
            break;
        bytes += size;
        end++;
    }
    return end;
}

/* Room for more runs is worth more than what is rewritten. */
static bool is_crowded(const struct table_version *version, const struct engine_options *options)
{
    return version->run_count > options->level0_files;
}

/* Whether what runs [begin, end) become could lie among the runs after them: files of level 0 are in the order of their
 * highest sequences, and some of what is merged may have none as high as a run that follows (a spilled commit, say,
 * beside a memtable that was begun before it and frozen after it). Then there may be as many runs as before, for ever.
 * Files without sequences lie at the end and do not overlap each other. */
static bool could_interleave(const struct table_version *version, uint32_t begin, uint32_t end)
{
    uint64_t lowest = UINT64_MAX, highest_after = 0;

    for (uint32_t i = begin; i < end; i++)
        for (uint32_t k = 0; k < version->runs[i].count; k++)
            if (file_lowest_sequence(version->runs[i].files[k]) < lowest)
                lowest = file_lowest_sequence(version->runs[i].files[k]);
    for (uint32_t k = 0; end < version->run_count && k < version->runs[end].count; k++)
        if (file_highest_sequence(version->runs[end].files[k]) > highest_after)
            highest_after = file_highest_sequence(version->runs[end].files[k]);
    return highest_after > 0 && lowest <= highest_after;
}

/* The newest runs that are alike and that nobody merges; none when there are too few. */
static struct work find_alike_runs(const struct table_version *version, const struct engine_options *options)
{
    bool crowded = is_crowded(version, options);
    uint32_t least = crowded || options->level0_files < 2 ? 2 : options->level0_files, count = 0;

    while (count < version->run_count && !run_is_compacting(&version->runs[count]))
        count++;
    for (uint32_t begin = 0; begin + least <= count; begin++) {
        uint32_t end = find_alike(version, begin, count, RUN_FILES * (uint64_t)options->sstable_bytes,
                                  crowded ? ALIKE_CROWDED : ALIKE_FACTOR);
        if (end - begin >= least && !could_interleave(version, begin, end))
            return (struct work){.urgency = version->run_count, .begin = begin, .end = end};
    }
    return (struct work){0};
}

/* Whether level 0, of so many bytes over `below` of level 1, goes down: at once when there is less below than it
 * brings, nothing above all, as in a sequential load. Otherwise that takes long, its runs stay where they are
 * meanwhile, and those that come need room beside them: when there are many, runs that are alike are merged first. It
 * goes down when it rewrites little for what it brings, or, whatever that costs, when it is full and no runs are alike.
 */
static bool goes_down(const struct table_version *version, const struct engine_options *options, uint64_t bytes,
                      uint64_t below)
{
    if (below <= bytes)
        return true;
    if (is_crowded(version, options) && find_alike_runs(version, options).end > 0)
        return false;
    return version->run_count >= 2 * options->level0_files - 1 || below / REWRITTEN_MOST <= bytes;
}

/* Level 0 goes down as a whole, by one compaction at a time. */
static void weigh_level0(const struct table_version *version, const struct engine_options *options, uint64_t oldest,
                         struct work *best)
{
    uint32_t count = version->file_count[0];
    uint64_t tombstone_count = 0, row_count = 0, bytes = 0;
    bool is_free = true;

    for (uint32_t i = 0; i < count; i++) {
        const struct table_file *file = version->files[0][i];
        if (file->is_compacting)
            return;
        row_count += file->info.row_count;
        bytes += file->info.size;
        if (file_highest_sequence(file) <= oldest)
            tombstone_count += file->info.tombstone_count;
    }
    if (count == 0)
        return;
    uint64_t below = bytes_under_level0(version, &is_free);
    if (!is_free)
        return;
    /* Files that meet little below are many small ones rather than many runs. */
    if (below > bytes)
        count = version->run_count;
    if (goes_down(version, options, bytes, below))
        weigh(best, (double)count / (double)options->level0_files, 0, NULL, false);
    if (has_many_tombstones(tombstone_count, row_count))
        weigh(best, 1.0, 0, NULL, false);
}

/* Runs to merge with each other, when level 0 does not go down. */
static struct work find_runs(struct table *table, const struct table_version *version)
{
    const struct engine_options *options = engine_get_options(table->engine);
    struct work down = {0};

    weigh_level0(version, options, engine_oldest_snapshot(table->engine), &down);
    if (down.urgency >= 1.0 || atomic_load(&table->dropped_sequence) != UINT64_MAX)
        return (struct work){0};
    return find_alike_runs(version, options);
}

/* ---- further levels ---- */

static uint64_t overlapping_bytes(const struct table_version *version, uint32_t level, const struct table_file *file,
                                  bool *is_free)
{
    *is_free = !file->is_compacting;
    return bytes_within(version, level, file_first_key(file), file_last_key(file), is_free);
}

/* The free file that costs least to merge into the next level, by bytes written per byte moved down. */
static struct table_file *find_cheapest(const struct table_version *version, uint32_t level)
{
    struct table_file *cheapest = NULL;
    double least = 0;

    for (uint32_t i = 0; i < version->file_count[level]; i++) {
        struct table_file *file = version->files[level][i];
        bool is_free;
        double cost = (double)overlapping_bytes(version, level + 1, file, &is_free) / (double)(file->info.size + 1);
        if (is_free && (cheapest == NULL || cost < least)) {
            cheapest = file;
            least = cost;
        }
    }
    return cheapest;
}

static void weigh_size(const struct table_version *version, const struct engine_options *options, uint32_t level,
                       struct work *best)
{
    uint64_t bytes = 0;

    for (uint32_t i = 0; i < version->file_count[level]; i++)
        if (!version->files[level][i]->is_compacting)
            bytes += version->files[level][i]->info.size;
    double urgency = (double)bytes / (double)level_bytes_most(options, level);
    if (urgency <= 1.0 || urgency <= best->urgency)
        return;
    struct table_file *file = find_cheapest(version, level);
    if (file != NULL)
        weigh(best, urgency, level, file, false);
}

/* A file below level 0 with many tombstones that no snapshot needs: merged with what they hide, or rewritten where it
 * is once there is nothing left to hide. */
static void weigh_tombstones(struct table_version *version, uint32_t level, struct table_file *file, uint64_t oldest,
                             struct work *best)
{
    struct slice first = file_first_key(file), last = file_last_key(file);
    bool is_free;

    if (best->urgency >= 1.0 || !has_many_tombstones(file->info.tombstone_count, file->info.row_count) ||
        file_highest_sequence(file) > oldest || file->is_compacting)
        return;
    if (!is_below_empty(version, level, first, last)) {
        (void)overlapping_bytes(version, level + 1, file, &is_free);
        if (is_free)
            weigh(best, 1.0, level, file, false);
        return;
    }
    struct table_file *inputs[] = {file};
    const struct compaction alone = {
        .version = version, .inputs = inputs, .input_count = 1, .output_level = level, .oldest_snapshot = oldest};
    if (find_settled_sequence(&alone, first, last) >= file_highest_sequence(file))
        weigh(best, 1.0, level, file, true);
}

static struct work find_work(struct table *table, struct table_version *version, enum compaction_purpose purpose)
{
    const struct engine_options *options = engine_get_options(table->engine);
    uint64_t oldest = engine_oldest_snapshot(table->engine);
    struct work best = {0};

    if (purpose == COMPACT_RUNS)
        return find_runs(table, version);
    if (atomic_load(&table->dropped_sequence) != UINT64_MAX)
        return best;
    weigh_level0(version, options, oldest, &best);
    for (uint32_t level = 1; level < LEVELS - 1; level++)
        weigh_size(version, options, level, &best);
    for (uint32_t level = 1; level < LEVELS; level++)
        for (uint32_t i = 0; i < version->file_count[level]; i++)
            weigh_tombstones(version, level, version->files[level][i], oldest, &best);
    return best;
}

double compaction_urgency(struct table *table, enum compaction_purpose purpose)
{
    pthread_mutex_lock(&table->mutex);
    struct work work = table->current == NULL ? (struct work){0} : find_work(table, table->current, purpose);
    pthread_mutex_unlock(&table->mutex);
    return work.urgency;
}

/* ---- inputs ---- */

static void add_input(struct compaction *compaction, struct table_file *file, uint32_t level, uint32_t run)
{
    compaction->inputs[compaction->input_count] = file;
    compaction->input_runs[compaction->input_count] = run;
    compaction->input_levels[compaction->input_count++] = (uint8_t)level;
}

void compaction_add_runs(struct compaction *compaction, const struct file_run *runs, uint32_t begin, uint32_t end)
{
    for (uint32_t i = begin; i < end; i++)
        for (uint32_t k = 0; k < runs[i].count; k++)
            add_input(compaction, runs[i].files[k], 0, i);
}

/* Runs [begin, end) of level 0. */
static void add_runs(struct compaction *compaction, uint32_t begin, uint32_t end)
{
    compaction_add_runs(compaction, compaction->version->runs, begin, end);
}

/* A merge keeps a block of each run in memory: very many runs are merged in several steps, the oldest ones first, which
 * stay at level 0. Whether that is so, and chosen. */
static bool choose_oldest_runs(struct compaction *compaction)
{
    uint32_t count = compaction->version->run_count;

    if (count <= RUNS_MOST)
        return false;
    compaction->output_level = 0;
    add_runs(compaction, count - RUNS_MOST, count);
    return true;
}

/* Adds what overlaps in the output level, and a small neighbour on each side when `wants_small`, so that small flushes
 * do not leave ever more small files. */
static void add_overlap(struct compaction *compaction, uint64_t small_bytes, bool wants_small)
{
    const struct table_version *version = compaction->version;
    uint32_t level = compaction->output_level, begin, end;
    struct slice first, last;

    find_bounds(compaction->inputs, compaction->input_count, &first, &last);
    find_overlap(version, level, first, last, &begin, &end);
    if (wants_small && begin > 0 && version->files[level][begin - 1]->info.size < small_bytes &&
        !version->files[level][begin - 1]->is_compacting)
        begin--;
    if (wants_small && end < version->file_count[level] && version->files[level][end]->info.size < small_bytes &&
        !version->files[level][end]->is_compacting)
        end++;
    for (uint32_t i = begin; i < end; i++)
        add_input(compaction, version->files[level][i], level, 0);
}

/* Whether the files are disjoint; sorts them by key. */
static bool sort_disjoint(struct table_file **files, uint32_t count)
{
    files_sort(files, count);
    for (uint32_t i = 1; i < count; i++)
        if (slice_compare(file_last_key(files[i - 1]), file_first_key(files[i])) >= 0)
            return false;
    return true;
}

/* Sequential loads: nothing overlaps, and the files are worth keeping as they are. */
static bool can_move_level0(const struct table_version *version, uint64_t small_bytes, bool *can,
                            struct ssql_error *error)
{
    uint32_t count = version->file_count[0];
    struct table_file **sorted = malloc(count * sizeof(struct table_file *));
    uint64_t bytes = 0;

    *can = false;
    if (sorted == NULL)
        return error_no_memory(error);
    for (uint32_t i = 0; i < count; i++) {
        sorted[i] = version->files[0][i];
        bytes += sorted[i]->info.size;
    }
    *can = bytes / count >= small_bytes && sort_disjoint(sorted, count);
    for (uint32_t i = 0; i < count && *can; i++)
        *can = !level_overlaps(version, 1, file_first_key(sorted[i]), file_last_key(sorted[i]));
    free(sorted);
    return true;
}

static bool choose_level0(struct compaction *compaction, uint64_t small_bytes, struct ssql_error *error)
{
    const struct table_version *version = compaction->version;

    if (choose_oldest_runs(compaction))
        return true;
    compaction->output_level = 1;
    add_runs(compaction, 0, version->run_count);
    if (!can_move_level0(version, small_bytes, &compaction->is_move, error))
        return false;
    if (!compaction->is_move)
        add_overlap(compaction, small_bytes, true);
    return true;
}

static void choose_runs(struct compaction *compaction, const struct work *work)
{
    compaction->output_level = 0;
    add_runs(compaction, work->begin, work->end);
}

static void choose_file(struct compaction *compaction, const struct work *work)
{
    add_input(compaction, work->file, work->level, 0);
    compaction->output_level = work->in_place ? work->level : work->level + 1;
    if (work->in_place)
        return;
    add_overlap(compaction, 0, false);
    compaction->is_move = compaction->input_count == 1;
}

/* Whether merging all files of a table, of which there are some, would change nothing. */
static bool everything_is_merged(const struct compaction *compaction, uint32_t level_count)
{
    assert(compaction->input_count > 0);
    if (level_count > 1 || compaction->input_levels[0] == 0)
        return false;
    for (uint32_t i = 0; i < compaction->input_count; i++) {
        const struct table_file *file = compaction->inputs[i];
        uint64_t lowest = file_lowest_sequence(file);
        if (lowest != 0 && lowest <= compaction->settled_sequence)
            return false;
    }
    return true;
}

/* All files, into the highest level that is as low as any of them and takes all bytes. */
static uint32_t choose_everything(struct compaction *compaction, const struct engine_options *options)
{
    const struct table_version *version = compaction->version;
    uint32_t level_count = 0;
    uint64_t bytes = 0;

    if (choose_oldest_runs(compaction))
        return LEVELS; /* it is not all that there is to merge */
    compaction->output_level = 1;
    add_runs(compaction, 0, version->run_count);
    for (uint32_t level = 0; level < LEVELS; level++) {
        level_count += version->file_count[level] > 0;
        for (uint32_t i = 0; i < version->file_count[level]; i++) {
            bytes += version->files[level][i]->info.size;
            if (level == 0)
                continue;
            add_input(compaction, version->files[level][i], level, 0);
            compaction->output_level = level;
        }
    }
    while (compaction->output_level < LEVELS - 1 && bytes > level_bytes_most(options, compaction->output_level))
        compaction->output_level++;
    return level_count;
}

/* ---- picking ---- */

static uint32_t count_files(const struct table_version *version)
{
    uint32_t count = 0;

    for (uint32_t level = 0; level < LEVELS; level++)
        count += version->file_count[level];
    return count;
}

bool compaction_make_room(struct compaction *compaction, uint32_t count, struct ssql_error *error)
{
    compaction->inputs = calloc(count + (size_t)1, sizeof(struct table_file *));
    compaction->input_levels = calloc(count + (size_t)1, sizeof *compaction->input_levels);
    compaction->input_runs = calloc(count + (size_t)1, sizeof *compaction->input_runs);
    if (compaction->inputs == NULL || compaction->input_levels == NULL || compaction->input_runs == NULL)
        return error_no_memory(error);
    return true;
}

void compaction_free_inputs(struct compaction *compaction)
{
    free(compaction->inputs);
    free(compaction->input_levels);
    free(compaction->input_runs);
}

static void compaction_free(struct compaction *compaction)
{
    table_version_release(compaction->version);
    compaction_free_inputs(compaction);
    free(compaction);
}

static bool compaction_create(struct table *table, struct compaction **out, struct ssql_error *error)
{
    struct compaction *compaction = calloc(1, sizeof *compaction);

    *out = NULL;
    if (compaction == NULL)
        return error_no_memory(error);
    compaction->table = table;
    if (!compaction_make_room(compaction, count_files(table->current), error)) {
        compaction_free(compaction);
        return false;
    }
    compaction->version = table->current;
    atomic_fetch_add(&compaction->version->references, 1);
    compaction->oldest_snapshot = engine_oldest_snapshot(table->engine);
    *out = compaction;
    return true;
}

void compaction_destroy(struct compaction *compaction)
{
    if (compaction == NULL)
        return;
    pthread_mutex_lock(&compaction->table->mutex);
    for (uint32_t i = 0; i < compaction->input_count; i++)
        compaction->inputs[i]->is_compacting = false;
    pthread_mutex_unlock(&compaction->table->mutex);
    compaction_free(compaction);
}

/* Marks the inputs; false when another compaction has one of them. */
static bool claim_inputs(struct compaction *compaction)
{
    for (uint32_t i = 0; i < compaction->input_count; i++)
        if (compaction->inputs[i]->is_compacting)
            return false;
    for (uint32_t i = 0; i < compaction->input_count; i++)
        compaction->inputs[i]->is_compacting = true;
    return true;
}

/* Fills in the inputs; leaves none when nothing is to be done. */
static bool choose_inputs(struct compaction *compaction, enum compaction_purpose purpose, struct ssql_error *error)
{
    const struct engine_options *options = engine_get_options(compaction->table->engine);
    uint64_t small_bytes = options->sstable_bytes / SMALL_SHARE;
    uint32_t level_count = 0;
    struct slice first, last;

    if (purpose == COMPACT_EVERYTHING) {
        level_count = choose_everything(compaction, options);
    } else {
        struct work work = find_work(compaction->table, compaction->version, purpose);
        if (work.urgency < 1.0)
            return true;
        if (work.end > work.begin)
            choose_runs(compaction, &work);
        else if (work.file != NULL)
            choose_file(compaction, &work);
        else if (!choose_level0(compaction, small_bytes, error))
            return false;
    }
    if (compaction->input_count == 0)
        return true;
    find_bounds(compaction->inputs, compaction->input_count, &first, &last);
    compaction->settled_sequence = find_settled_sequence(compaction, first, last);
    if (purpose == COMPACT_EVERYTHING && everything_is_merged(compaction, level_count))
        compaction->input_count = 0;
    return true;
}

/* `compaction` is not to be destroyed under the table's lock, so what is of no use is handed to the caller. */
static bool pick_locked(struct table *table, enum compaction_purpose purpose, struct compaction **compaction,
                        bool *is_useful, struct ssql_error *error)
{
    *is_useful = false;
    if (table->current == NULL || atomic_load(&table->dropped_sequence) != UINT64_MAX)
        return true;
    if (!compaction_create(table, compaction, error))
        return false;
    if (!choose_inputs(*compaction, purpose, error))
        return false;
    *is_useful = (*compaction)->input_count > 0 && claim_inputs(*compaction);
    return true;
}

bool compaction_pick(struct table *table, enum compaction_purpose purpose, struct compaction **compaction,
                     struct ssql_error *error)
{
    bool is_useful;

    *compaction = NULL;
    pthread_mutex_lock(&table->mutex);
    bool done = pick_locked(table, purpose, compaction, &is_useful, error);
    pthread_mutex_unlock(&table->mutex);
    if (*compaction != NULL && !is_useful) {
        compaction_free(*compaction);
        *compaction = NULL;
    }
    return done;
}
