/* Runs that a transaction has spilled, kept few. Every insert asks each of them for its key, and each is a source of
 * every scan, so runs of like size are merged with each other as they come: a row is rewritten once for each tier of
 * sizes, and there are never more than some of each tier. Rows that come in the order of their keys make files that do
 * not overlap, one run however many they are, and are not rewritten at all.
 *
 * What the current statement has spilled is never merged with what came before it: it must go alone when it is undone.
 */
#include <stdlib.h>

#include "storage/scan_range.h"
#include "storage/transaction_internal.h"

enum {
    RUNS_ALIKE = 8,   /* so many of like size become one */
    ALIKE_FACTOR = 2, /* a run is like the newer ones with at most so many times their mean size */
};

/* Neighbours among a participant's spilled files, newest first: runs [0, count), each from its begin to the next one's.
 */
struct spilled_runs {
    uint32_t *begins; /* count + 1 */
    uint32_t count;
};

static bool find_runs(const struct table_version *spilled, uint32_t begin, uint32_t end, struct spilled_runs *runs,
                      struct ssql_error *error)
{
    runs->count = 0;
    runs->begins = malloc((end - begin + (size_t)1) * sizeof *runs->begins);
    if (runs->begins == NULL)
        return error_no_memory(error);
    for (; begin < end; begin += files_run_length(spilled->files[0] + begin, end - begin))
        runs->begins[runs->count++] = begin;
    runs->begins[runs->count] = end;
    return true;
}

static uint64_t run_bytes(const struct table_version *spilled, const struct spilled_runs *runs, uint32_t run)
{
    uint64_t bytes = 0;

    for (uint32_t i = runs->begins[run]; i < runs->begins[run + 1]; i++)
        bytes += spilled->files[0][i]->info.size;
    return bytes;
}

/* How many runs from `begin` on are alike. A small one does not end them: it costs little. */
static uint32_t count_alike(const struct table_version *spilled, const struct spilled_runs *runs, uint32_t begin)
{
    uint64_t bytes = 0;
    uint32_t end = begin;

    for (; end < runs->count; end++) {
        uint64_t size = run_bytes(spilled, runs, end);
        if (end > begin && size > ALIKE_FACTOR * (bytes / (end - begin)))
            break;
        bytes += size;
    }
    return end - begin;
}

/* The newest runs that are alike: *count of them, 0 when there are too few. */
static uint32_t find_alike(const struct table_version *spilled, const struct spilled_runs *runs, uint32_t *count)
{
    for (uint32_t begin = 0; begin + RUNS_ALIKE <= runs->count; begin++) {
        *count = count_alike(spilled, runs, begin);
        if (*count >= RUNS_ALIKE)
            return begin;
    }
    *count = 0;
    return 0;
}

/* ---- one merge ---- */

/* Files [begin, end) give way to those of `infos`, which are of the newest generation among them. */
static bool replace_files(struct participant *participant, uint32_t begin, uint32_t end, struct sstable_info *infos,
                          uint32_t info_count, struct ssql_error *error)
{
    struct table_version *old = participant->spilled;
    uint32_t old_count = old->file_count[0], count = old_count - (end - begin) + info_count;
    struct table_version *version = table_version_allocate(0, count);
    uint64_t *through = malloc((count + (size_t)1) * sizeof *through);
    bool is_done = version != NULL && through != NULL;

    if (!is_done)
        (void)error_no_memory(error);
    for (uint32_t i = 0, place = 0; is_done && i <= old_count; i++) {
        for (uint32_t k = 0; i == begin && k < info_count; k++) {
            struct table_file *file;
            infos[k].base_sequence = old->files[0][begin]->info.base_sequence;
            is_done = table_file_open(participant->table, &infos[k], &file, error);
            if (!is_done)
                break;
            through[place++] = participant->spilled_through[begin];
            table_version_add_file(version, 0, file);
            table_file_release(file);
        }
        if (is_done && i < old_count && (i < begin || i >= end)) {
            through[place++] = participant->spilled_through[i];
            table_version_add_file(version, 0, old->files[0][i]);
        }
    }
    if (!is_done) {
        table_version_release(version);
        free(through);
        return false;
    }
    for (uint32_t i = begin; i < end; i++)
        atomic_store(&old->files[0][i]->obsolete, true);
    table_version_find_runs(version);
    table_version_release(old);
    free(participant->spilled_through);
    participant->spilled = version;
    participant->spilled_through = through;
    return true;
}

static void delete_files(struct engine *engine, const struct sstable_info *infos, uint32_t count)
{
    struct ssql_error ignored;

    /* What cannot be deleted is met again by the clean-up after a crash. */
    for (uint32_t i = 0; i < count; i++)
        (void)!object_delete(engine->volume, infos[i].name, &ignored);
}

/* Merges `count` of the runs, from `first` on, into one. */
static bool merge_some(struct participant *participant, const struct spilled_runs *runs, uint32_t first, uint32_t count,
                       struct ssql_error *error)
{
    const uint32_t *begins = runs->begins + first;
    uint32_t begin = begins[0], end = begins[count], info_count;
    struct table_file **files = malloc((end - begin) * sizeof(struct table_file *));
    struct file_run *inputs = malloc(count * sizeof *inputs);
    struct sstable_info *infos = NULL;
    bool is_done = files != NULL && inputs != NULL;

    if (!is_done)
        (void)error_no_memory(error);
    for (uint32_t i = 0; is_done && i < count; i++) {
        inputs[i] = (struct file_run){.files = files + (begins[i] - begin), .count = begins[i + 1] - begins[i]};
        memcpy(inputs[i].files, participant->spilled->files[0] + begins[i],
               inputs[i].count * sizeof(struct table_file *));
        files_sort(inputs[i].files, inputs[i].count);
    }
    if (is_done && compaction_merge_runs(participant->table, inputs, count, &infos, &info_count, error)) {
        is_done = replace_files(participant, begin, end, infos, info_count, error);
        if (!is_done)
            delete_files(participant->table->engine, infos, info_count);
        for (uint32_t i = 0; i < info_count; i++)
            sstable_info_clear(&infos[i]);
    } else {
        is_done = false;
    }
    free(infos);
    free(inputs);
    free(files);
    return is_done;
}

/* ---- when ---- */

/* The files that the current statement has spilled: they come before all others. */
static uint32_t count_own_files(const struct participant *participant, uint64_t mark)
{
    uint32_t count = 0;

    while (count < participant->spilled->file_count[0] && participant->spilled_through[count] > mark)
        count++;
    return count;
}

/* One merge among files [begin, end), if there are runs alike, or more than `runs_most`. */
static bool merge_once(struct participant *participant, uint32_t begin, uint32_t end, uint32_t runs_most,
                       bool *did_some, struct ssql_error *error)
{
    struct spilled_runs runs;

    *did_some = false;
    if (!find_runs(participant->spilled, begin, end, &runs, error))
        return false;
    uint32_t count, first = find_alike(participant->spilled, &runs, &count);
    if (runs.count > runs_most && count == 0) {
        first = 0;
        count = runs.count - runs_most + 1;
    }
    bool is_done = count == 0 || merge_some(participant, &runs, first, count, error);
    *did_some = is_done && count > 0;
    free(runs.begins);
    return is_done;
}

bool participant_merge_spilled(struct participant *participant, uint64_t mark, uint32_t runs_most,
                               struct ssql_error *error)
{
    bool is_done = true, did_some = true;

    while (is_done && did_some && participant->spilled != NULL) {
        uint32_t own = count_own_files(participant, mark), all = participant->spilled->file_count[0];
        is_done = merge_once(participant, 0, own, runs_most, &did_some, error);
        if (is_done && !did_some)
            is_done = merge_once(participant, own, all, runs_most, &did_some, error);
    }
    return is_done;
}
