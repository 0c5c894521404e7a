/* A table of several times the memory: rows loaded in random order, then read, filtered, sorted and grouped. What is shown
 * is that it works, that memory stays bounded, and that loading does not slow down as the table grows. */
#include <inttypes.h>
#include <stdio.h>

#include "measure.h"
#include "suite.h"

enum {
    ROWS_PER_MIB = 400000,     /* at 11 bytes a row on disk, more than four times the memory: 102M rows at 256 MiB */
    WINDOW_ROWS = 2000000,     /* the load's rate is taken over the first and over the last so many rows */
    GROUPS_MOST = 10000000,
    SPARE_BYTES = 64 << 20,    /* what a process may take above its limit */
};

static bool load_window(const struct job *job, struct session *session, const struct permutation *order,
                        const char *name, uint64_t first, uint64_t end)
{
    struct usage from = usage_now();

    if (!load(job, session, order, first, end))
        return false;
    report(job, name, end - first, from, (struct answer){end - first, 0}, "");
    return true;
}

static bool load_large(const struct job *job, struct session *session)
{
    struct permutation order;
    uint64_t window = at_most(WINDOW_ROWS, job->rows / 8);
    uint64_t last = job->rows - window;

    permutation_init(&order, job->rows, 1);
    return load_window(job, session, &order, "large_load_first", 0, window) &&
           load_window(job, session, &order, "large_load_middle", window, last) &&
           load_window(job, session, &order, "large_load_last", last, job->rows);
}

static bool measure_groups(const struct job *job, struct session *session)
{
    struct answer answer = {0, 0};
    uint64_t groups = at_most(GROUPS_MOST, job->rows / 8);
    char extra[64];
    struct usage from = usage_now();

    if (job->engine->group_many == NULL)
        return true;
    if (!job->engine->group_many(session, (int64_t)groups, &answer))
        return false;
    snprintf(extra, sizeof extra, ",\"groups\":%" PRIu64, groups);
    report(job, "large_group_many", job->rows, from, answer, extra);
    if (job->data == DATA_FRIENDLY && answer.rows != groups) {
        fprintf(stderr, "ssql-bench: %" PRIu64 " groups instead of %" PRIu64 "\n", answer.rows, groups);
        return false;
    }
    return true;
}

/* Once, and not before the measurement: a query that went through more than the memory leaves nothing to warm up. */
static bool measure_once(const struct job *job, struct session *session, const char *name, query_function *query,
                         bool all_rows)
{
    struct answer answer = {0, 0};
    struct usage from = usage_now();

    if (query == NULL)
        return true;
    if (!query(session, &answer))
        return false;
    report(job, name, job->rows, from, answer, "");
    if (all_rows && answer.rows != job->rows) {
        fprintf(stderr, "ssql-bench: %s of %s gave %" PRIu64 " rows of %" PRIu64 "\n", name, job->engine->name,
                answer.rows, job->rows);
        return false;
    }
    return true;
}

/* Only ssql promises a bound; of the others the peak is reported. */
static bool check_memory(const struct job *job)
{
    uint64_t peak = peak_memory_bytes(), most = job->settings.memory_bytes + SPARE_BYTES;
    char extra[128];

    snprintf(extra, sizeof extra, ",\"limit_bytes\":%zu,\"over_limit_bytes\":%" PRId64, job->settings.memory_bytes,
             (int64_t)peak - (int64_t)job->settings.memory_bytes);
    report(job, "large_memory", 1, usage_now(), (struct answer){0, 0}, extra);
    if (job->engine != &engine_ssql || peak <= most)
        return true;
    fprintf(stderr, "ssql-bench: peak memory of %" PRIu64 " bytes, more than limit and spare, %" PRIu64 "\n", peak, most);
    return false;
}

bool suite_large(const struct job *job)
{
    struct job large = *job;
    struct database *database;
    struct session *session;

    large.rows = job->large_rows > 0 ? job->large_rows : (uint64_t)(job->settings.memory_bytes >> 20) * ROWS_PER_MIB;
    if (!open_both(&large, &database, &session) || !load_large(&large, session) ||
        !measure_gets(&large, session, "large_get_random", large.rows, false) ||
        !measure_once(&large, session, "large_filter", job->engine->filter, false) ||
        !measure_once(&large, session, "large_sort", job->engine->sort, true) || !measure_groups(&large, session))
        return false;
    bool bounded = check_memory(&large);
    return measure_close(&large, database, session, "large_close") && bounded;
}
