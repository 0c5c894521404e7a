/* Single durable inserts beside a sustained random load: what background work does to those who wait for an answer. */
#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "measure.h"
#include "suite.h"

enum { SAMPLES_MOST = 1 << 22, LOAD_SECONDS_MOST = 10 };

struct loader {
    const struct job *job;
    struct database *database;
    atomic_bool ended;
    uint64_t rows; /* loaded, once it has ended */
    bool done;
};

/* All rows, or as many as the time allows. */
static bool load_for_a_while(const struct job *job, struct session *session, uint64_t *rows)
{
    struct permutation order;
    double until = clock_seconds() + LOAD_SECONDS_MOST;

    permutation_init(&order, job->rows, 1);
    for (*rows = 0; *rows < job->rows && clock_seconds() < until; *rows = at_most(*rows + BATCH, job->rows))
        if (!load(job, session, &order, *rows, at_most(*rows + BATCH, job->rows)))
            return false;
    return true;
}

static void *load_rows(void *argument)
{
    struct loader *loader = argument;
    struct session *session;

    if (loader->job->engine->session_open(loader->database, &session)) {
        loader->done = load_for_a_while(loader->job, session, &loader->rows);
        loader->job->engine->session_close(session);
    }
    atomic_store(&loader->ended, true);
    return NULL;
}

static int compare_samples(const void *left, const void *right)
{
    double a = *(const double *)left, b = *(const double *)right;

    return (a > b) - (a < b);
}

/* Inserts rows behind those of the loader until that one ends. False after a failure. */
static bool sample(struct loader *loader, struct session *session, double *samples, size_t *count, uint64_t *runs_most)
{
    const struct engine *engine = loader->job->engine;
    struct event event;
    uint64_t runs = 0;

    for (*count = 0; !atomic_load(&loader->ended) && *count < SAMPLES_MOST; ++*count) {
        generate(loader->job->data, loader->job->rows + *count, &event);
        double from = clock_seconds();
        if (!engine->insert(session, &event))
            return false;
        samples[*count] = clock_seconds() - from;
        if (*count % 64 == 0 && engine->count_runs != NULL && !engine->count_runs(loader->database, &runs))
            return false;
        *runs_most = runs > *runs_most ? runs : *runs_most;
    }
    return true;
}

static void report_samples(const struct job *job, struct usage cost, double *samples, size_t count, uint64_t runs_most,
                           uint64_t rows_loaded)
{
    char extra[256];

    qsort(samples, count, sizeof *samples, compare_samples);
    snprintf(extra, sizeof extra,
             ",\"median_s\":%.6f,\"p99_s\":%.6f,\"p999_s\":%.6f,\"longest_s\":%.6f,\"runs_most\":%" PRIu64
             ",\"rows_loaded\":%" PRIu64,
             samples[count / 2], samples[count - 1 - count / 100], samples[count - 1 - count / 1000],
             samples[count - 1], runs_most, rows_loaded);
    report_cost(job, "durable_insert_beside_load", count, cost, (struct answer){0, 0}, extra);
}

bool suite_latency(const struct job *job)
{
    struct job durable = *job;
    struct loader loader = {.job = &durable};
    struct session *session;
    double *samples = calloc(SAMPLES_MOST, sizeof *samples);
    size_t count = 0;
    uint64_t runs_most = 0;
    pthread_t thread;

    durable.settings.durability = DURABILITY_FULL;
    if (samples == NULL || !job->engine->shares_writes || !open_both(&durable, &loader.database, &session)) {
        free(samples);
        return samples != NULL && !job->engine->shares_writes;
    }
    struct usage from = usage_now();
    if (pthread_create(&thread, NULL, load_rows, &loader) != 0)
        return false;
    bool done = sample(&loader, session, samples, &count, &runs_most);
    pthread_join(thread, NULL);
    done = done && loader.done && count > 0;
    if (done)
        report_samples(job, usage_since(from), samples, count, runs_most, loader.rows);
    free(samples);
    return close_both(job, loader.database, session) && done;
}
