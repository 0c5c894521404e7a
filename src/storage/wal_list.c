/* Which segments of a log are live, what the manifest holds of them, and what becomes of those that no longer are. */
#include <stdlib.h>

#include "storage/wal.h"
#include "storage/wal_format.h"
#include "storage/wal_internal.h"

/* The first segment that holds a record with a sequence >= `sequence`, or is being written. The manifest may name it,
 * so that while the header of the one being written is not durable, the one before it stays. */
static size_t first_live(const struct wal *wal, uint64_t sequence)
{
    size_t end = wal->segment_count - (wal->log != NULL ? 1 : 0);
    size_t i = 0;

    if (wal->log != NULL && end > 0 && wal->durable < wal->base + WAL_SEGMENT_HEADER_SIZE)
        end--;
    while (i < end && wal->segments[i].last_sequence < sequence)
        i++;
    return i;
}

/* The run that begins with segment `first`; `*next` is the segment after it. */
static struct wal_run run_at(const struct wal *wal, size_t first, size_t *next)
{
    struct wal_run run = {.epoch = wal->segments[first].epoch, .first_segment = wal->segments[first].number};
    size_t i = first;

    for (; i < wal->segment_count && wal->segments[i].epoch == run.epoch; i++)
        if (wal->segments[i].last_sequence > run.end_sequence)
            run.end_sequence = wal->segments[i].last_sequence;
    *next = i;
    run.has_end = run.epoch != wal->epoch || wal->is_finished;
    if (run.has_end) {
        run.end_segment = wal->segments[i - 1].number;
        run.end_offset = wal->segments[i - 1].size;
    } else {
        run.end_sequence = 0;
    }
    return run;
}

size_t wal_runs(struct wal *wal, uint64_t sequence, struct wal_run *runs, size_t capacity)
{
    size_t count = 0;

    pthread_mutex_lock(&wal->mutex);
    size_t first = first_live(wal, sequence);
    wal->named_number = first < wal->segment_count ? wal->segments[first].number : wal->next_number;
    for (size_t i = first; i < wal->segment_count; count++) {
        struct wal_run run = run_at(wal, i, &i);
        if (count < capacity)
            runs[count] = run;
    }
    pthread_mutex_unlock(&wal->mutex);
    return count;
}

size_t wal_segments(struct wal *wal, struct wal_segment *segments, size_t capacity)
{
    pthread_mutex_lock(&wal->mutex);
    size_t count = wal->segment_count;
    for (size_t i = 0; i < count && i < capacity; i++)
        segments[i] = wal->segments[i];
    pthread_mutex_unlock(&wal->mutex);
    return count;
}

/* Takes `count` leading segments out of the list; those for recycling are kept, `*rest` of them stay to be deleted. */
static void take_out(struct wal *wal, size_t count, struct wal_segment *retired, size_t *rest)
{
    *rest = 0;
    for (size_t i = 0; i < count; i++) {
        if (wal->recycled_count < WAL_RECYCLE_CAPACITY && !wal->is_finished)
            wal->recycled[wal->recycled_count++] = wal->segments[i];
        else
            retired[(*rest)++] = wal->segments[i];
    }
    wal->segment_count -= count;
    memmove(wal->segments, wal->segments + count, wal->segment_count * sizeof *wal->segments);
}

/* Leading segments that neither `sequence` nor the manifest needs. The one that was being written when the manifest's
 * runs were taken is named there, even if all it holds is in sstables and the next one has been begun since. */
static size_t count_retired(const struct wal *wal, uint64_t sequence)
{
    size_t count = first_live(wal, sequence);

    while (count > 0 && wal->segments[count - 1].number >= wal->named_number)
        count--;
    return count;
}

bool wal_retire_before(struct wal *wal, uint64_t sequence, struct ssql_error *error)
{
    size_t rest = 0;
    bool is_deleted = true;

    pthread_mutex_lock(&wal->mutex);
    size_t count = count_retired(wal, sequence);
    struct wal_segment *retired = count == 0 ? NULL : calloc(count, sizeof *retired);
    if (retired != NULL)
        take_out(wal, count, retired, &rest);
    pthread_mutex_unlock(&wal->mutex);
    if (count > 0 && retired == NULL)
        return error_no_memory(error);
    for (size_t i = 0; i < rest; i++) {
        char name[WAL_NAME_SIZE];
        wal_segment_name(retired[i].epoch, retired[i].number, name);
        if (log_delete(wal->volume, name, is_deleted ? error : NULL) != VOLUME_OK)
            is_deleted = false;
    }
    free(retired);
    return is_deleted;
}

static bool has_name(const struct wal_segment *segments, size_t count, const char *name)
{
    char segment_name[WAL_NAME_SIZE];

    for (size_t i = 0; i < count; i++) {
        wal_segment_name(segments[i].epoch, segments[i].number, segment_name);
        if (strcmp(segment_name, name) == 0)
            return true;
    }
    return false;
}

bool wal_has_file(struct wal *wal, const char *name)
{
    pthread_mutex_lock(&wal->mutex);
    struct wal_segment next = {.epoch = wal->epoch, .number = wal->next_number}; /* may be about to be created */
    bool is_ours = has_name(&next, 1, name) || has_name(wal->segments, wal->segment_count, name) ||
                   has_name(wal->recycled, wal->recycled_count, name);
    pthread_mutex_unlock(&wal->mutex);
    return is_ours;
}

void wal_read_statistics(struct wal *wal, struct wal_statistics *statistics)
{
    pthread_mutex_lock(&wal->mutex);
    *statistics = wal->statistics;
    statistics->bytes = 0;
    for (size_t i = 0; i < wal->segment_count; i++)
        statistics->bytes += wal->segments[i].size;
    pthread_mutex_unlock(&wal->mutex);
}
