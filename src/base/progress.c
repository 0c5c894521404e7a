#include "base/progress.h"

#include <stddef.h>
#include <time.h>

static const uint64_t NS_PER_MS = 1000000;

uint64_t clock_now_ns(void)
{
    struct timespec now = {0};

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 * NS_PER_MS + (uint64_t)now.tv_nsec;
}

static int64_t counted(const struct progress *progress)
{
    return progress->counted == NULL ? 0 : atomic_load_explicit(progress->counted, memory_order_relaxed);
}

void progress_start(struct progress *progress)
{
    progress->next_report_ns = clock_now_ns() + PROGRESS_INTERVAL_MS * NS_PER_MS;
    progress_begin(progress, "reading", 0);
    progress->is_refused = false;
}

void progress_begin(struct progress *progress, const char *what, int64_t total)
{
    if (progress == NULL)
        return;
    progress->what = what;
    progress->done = 0;
    progress->total = total;
    progress->counted_before = counted(progress);
}

bool progress_look(struct progress *progress)
{
    if (progress->is_refused)
        return false;
    uint64_t now = clock_now_ns();
    if (now < progress->next_report_ns)
        return true;
    progress->next_report_ns = now + PROGRESS_INTERVAL_MS * NS_PER_MS;
    int64_t done = progress->done + counted(progress) - progress->counted_before;
    progress->is_refused = progress->report(progress->context, progress->what, done, progress->total) != 0;
    return !progress->is_refused;
}
