/* Four overlapping runs merged into one: the merge alone, without the log, the memtables and what they share the CPU with.
 * Only for engines that can be told to keep their runs. */
#include <inttypes.h>
#include <stdio.h>

#include "measure.h"
#include "suite.h"

enum { RUNS = 4, MEMORY_MIB = 2048 }; /* so much that a quarter of the rows fits into one memtable */

static bool load_runs(const struct job *job, struct database *database, struct session *session)
{
    struct permutation order;

    permutation_init(&order, job->rows, 1);
    for (uint64_t run = 0; run < RUNS; run++)
        if (!load(job, session, &order, job->rows * run / RUNS, job->rows * (run + 1) / RUNS) ||
            !job->engine->flush(database))
            return false;
    return true;
}

bool suite_compaction(const struct job *job)
{
    struct job kept = *job;
    struct database *database;
    struct session *session;
    uint64_t runs, runs_after;
    struct answer answer = {0, 0};
    char extra[64];

    if (job->engine->flush == NULL || job->engine->count_runs == NULL)
        return true;
    kept.settings.keep_runs = true;
    kept.settings.memory_bytes = (size_t)MEMORY_MIB << 20;
    if (!open_both(&kept, &database, &session) || !load_runs(&kept, database, session) ||
        !job->engine->count_runs(database, &runs))
        return false;
    if (runs != RUNS) {
        fprintf(stderr, "ssql-bench: %s has %" PRIu64 " runs instead of %d\n", job->engine->name, runs, RUNS);
        return false;
    }
    struct usage from = usage_now();
    if (!job->engine->compact(database))
        return false;
    struct usage cost = usage_since(from);
    if (!job->engine->count_runs(database, &runs_after) || !job->engine->filter(session, &answer))
        return false;
    snprintf(extra, sizeof extra, ",\"runs_after\":%" PRIu64, runs_after);
    report_cost(job, "compaction_4_runs", job->rows, cost, answer, extra);
    return runs_after == 0 && close_both(&kept, database, session);
}
