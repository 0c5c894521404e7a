/* The suites that most of the table comes from. Each runs on a fresh database, in a process of its own. */
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "measure.h"
#include "suite.h"

enum { HOT_KEYS = 10000, DURABLE_INSERTS = 6000, THREADS_MOST = 8 };

static bool queries(const struct job *job, struct session *session)
{
    const struct engine *engine = job->engine;

    return measure_query(job, session, "filter_compacted", engine->filter, 5) &&
           measure_query(job, session, "group_8", engine->group_kind, 3) &&
           measure_query(job, session, "group_100k", engine->group_user, 2) &&
           measure_query(job, session, "top_10", engine->top, 3) && measure_query(job, session, "sort", engine->sort, 1);
}

/* Rows in key order, everything settled: reads, queries, changes. */
bool suite_sequential(const struct job *job)
{
    struct database *database;
    struct session *session;

    if (!open_both(job, &database, &session) || !measure_load(job, session, "load_sequential", NULL) ||
        !measure_compaction(job, database))
        return false;
    if (!measure_gets(job, session, "get_hot", at_most(HOT_KEYS, job->rows), false) ||
        !measure_gets(job, session, "get_random", job->rows, false) ||
        !measure_gets(job, session, "get_missing", job->rows, true) || !measure_ranges(job, session) ||
        !queries(job, session))
        return false;
    if (!measure_close(job, database, session, "close") || !measure_open(job, "open_clean") ||
        !open_both(job, &database, &session) || !measure_updates(job, session) || !measure_deletes(job, session) ||
        !measure_query(job, session, "filter_after_deletes", job->engine->filter, 3))
        return false;
    return close_both(job, database, session);
}

/* Rows in random order, read at once. */
bool suite_random(const struct job *job)
{
    struct database *database;
    struct session *session;
    struct permutation order;

    permutation_init(&order, job->rows, 1);
    if (!open_both(job, &database, &session) || !measure_load(job, session, "load_random", &order) ||
        !measure_query(job, session, "filter_after_load", job->engine->filter, 3) ||
        !measure_gets(job, session, "get_random_after_load", job->rows, false) ||
        !measure_mixed(job, session, "mixed_50_50", 50) || !measure_mixed(job, session, "mixed_95_5", 5))
        return false;
    return close_both(job, database, session);
}

struct inserter {
    const struct job *job;
    struct database *database;
    uint64_t first, count;
    bool done;
};

static void *insert_singly(void *argument)
{
    struct inserter *inserter = argument;
    struct session *session;
    struct event event;

    if (!inserter->job->engine->session_open(inserter->database, &session))
        return NULL;
    inserter->done = true;
    for (uint64_t i = 0; i < inserter->count && inserter->done; i++) {
        generate(inserter->job->data, inserter->first + i, &event);
        inserter->done = inserter->job->engine->insert(session, &event);
    }
    inserter->job->engine->session_close(session);
    return NULL;
}

static bool durable_inserts(const struct job *job, struct database *database, int thread_count, uint64_t *first)
{
    struct inserter inserters[8];
    pthread_t threads[8];
    uint64_t each = 6000 / (uint64_t)thread_count;
    char name[32];
    struct usage from = usage_now();

    for (int i = 0; i < thread_count; i++) {
        inserters[i] = (struct inserter){job, database, *first, each, false};
        *first += each;
        if (pthread_create(&threads[i], NULL, insert_singly, &inserters[i]) != 0)
            return false;
    }
    bool done = true;
    for (int i = 0; i < thread_count; i++) {
        pthread_join(threads[i], NULL);
        done = done && inserters[i].done;
    }
    snprintf(name, sizeof name, "durable_insert_%d", thread_count);
    report(job, name, each * (uint64_t)thread_count, from, (struct answer){0, 0}, "");
    return done;
}

bool suite_durable(const struct job *job)
{
    struct job durable = *job;
    struct database *database;
    struct session *session;
    uint64_t first = 0;

    durable.settings.durability = DURABILITY_FULL;
    if (!open_both(&durable, &database, &session))
        return false;
    for (int threads = 1; threads <= 8; threads *= threads == 1 ? 4 : 2)
        if (!durable_inserts(&durable, database, threads, &first))
            return false;
    return close_both(&durable, database, session);
}

/* A process that is killed with everything in its log, then open and one read. */
bool suite_recover(const struct job *job)
{
    pid_t child = fork();

    if (child == 0) {
        struct database *database;
        struct session *session;
        if (open_both(job, &database, &session) && load(job, session, NULL, 0, job->rows))
            kill(getpid(), SIGKILL);
        _exit(1);
    }
    int status;
    if (child < 0 || waitpid(child, &status, 0) != child || !WIFSIGNALED(status))
        return false;
    return measure_open(job, "open_after_kill");
}
