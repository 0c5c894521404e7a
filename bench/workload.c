#include "workload.h"

#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "measure.h"

enum { BATCH = 1000, HOT_KEYS = 10000 };

static uint64_t at_most(uint64_t count, uint64_t most)
{
    return count < most ? count : most;
}

/* Inserts rows [0, count) in the order of the permutation (NULL: as generated), in transactions of BATCH. */
static bool load(const struct job *job, struct session *session, const struct permutation *order, uint64_t count)
{
    struct event event;

    for (uint64_t i = 0; i < count; i++) {
        if (i % BATCH == 0 && !job->engine->begin(session))
            return false;
        generate(job->data, order == NULL ? i : permutation_at(order, i), &event);
        if (!job->engine->insert(session, &event))
            return false;
        if ((i % BATCH == BATCH - 1 || i + 1 == count) && !job->engine->commit(session))
            return false;
    }
    return true;
}

static bool measure_load(const struct job *job, struct session *session, const char *name,
                         const struct permutation *order)
{
    struct usage from = usage_now();

    if (!load(job, session, order, job->rows))
        return false;
    report(name, job->engine->name, job->round, job->rows, from, (struct answer){job->rows, 0}, "");
    return true;
}

/* Point reads: among `keys` rows, or of absent ids. */
static bool measure_gets(const struct job *job, struct session *session, const char *name, uint64_t keys, bool missing)
{
    uint64_t count = at_most(job->rows, 500000);
    struct usage from = usage_now();
    struct answer answer = {0, 0};
    struct event event;

    for (uint64_t i = 0; i < count; i++) {
        uint64_t row = mix64(i + 99) % keys;
        if (keys < job->rows)
            row = mix64(row) % job->rows;
        int64_t id = generate_id(job->data, row);
        bool found;
        if (missing)
            id = job->data == DATA_FRIENDLY ? -1 - id : id ^ 1;
        if (!job->engine->get(session, id, &found, &event))
            return false;
        if (found) {
            answer.rows++;
            answer.sum += event.amount_is_null ? 0 : event.amount;
        }
    }
    report(name, job->engine->name, job->round, count, from, answer, "");
    return true;
}

static bool measure_ranges(const struct job *job, struct session *session)
{
    uint64_t count = at_most(job->rows / 100, 20000);
    struct usage from = usage_now();
    struct answer answer = {0, 0};

    for (uint64_t i = 0; i < count; i++)
        if (!job->engine->range(session, generate_id(job->data, mix64(i + 7) % job->rows), 100, &answer))
            return false;
    report("range_100", job->engine->name, job->round, count, from, answer, "");
    return true;
}

typedef bool query_function(struct session *session, struct answer *answer);

static bool measure_query(const struct job *job, struct session *session, const char *name, query_function *query,
                          int times)
{
    if (query == NULL)
        return true;
    struct answer answer = {0, 0};
    if (!query(session, &answer)) /* once unmeasured: caches are filled */
        return false;
    struct usage from = usage_now();
    for (int i = 0; i < times; i++) {
        answer = (struct answer){0, 0};
        if (!query(session, &answer))
            return false;
    }
    report(name, job->engine->name, job->round, job->rows * (uint64_t)times, from, answer, "");
    return true;
}

static bool measure_updates(const struct job *job, struct session *session)
{
    uint64_t count = at_most(job->rows, 500000);
    struct usage from = usage_now();

    for (uint64_t i = 0; i < count; i++) {
        if (i % BATCH == 0 && !job->engine->begin(session))
            return false;
        if (!job->engine->update(session, generate_id(job->data, mix64(i + 5) % job->rows), (int64_t)(i % 1000000)))
            return false;
        if ((i % BATCH == BATCH - 1 || i + 1 == count) && !job->engine->commit(session))
            return false;
    }
    report("update_random", job->engine->name, job->round, count, from, (struct answer){count, 0}, "");
    return true;
}

static bool measure_deletes(const struct job *job, struct session *session)
{
    struct permutation order;
    uint64_t count = job->rows / 2;
    struct usage from = usage_now();

    permutation_init(&order, job->rows, 3);
    for (uint64_t i = 0; i < count; i++) {
        if (i % BATCH == 0 && !job->engine->begin(session))
            return false;
        if (!job->engine->erase(session, generate_id(job->data, permutation_at(&order, i))))
            return false;
        if ((i % BATCH == BATCH - 1 || i + 1 == count) && !job->engine->commit(session))
            return false;
    }
    report("delete_half", job->engine->name, job->round, count, from, (struct answer){count, 0}, "");
    return true;
}

static bool measure_mixed(const struct job *job, struct session *session, const char *name, unsigned write_percent)
{
    uint64_t count = at_most(job->rows, 300000);
    struct answer answer = {0, 0};
    struct event event;
    struct zipf zipf;

    zipf_init(&zipf, job->rows, 11);
    struct usage from = usage_now();
    for (uint64_t i = 0; i < count; i++) {
        int64_t id = generate_id(job->data, zipf_next(&zipf));
        bool found = false;
        if (mix64(i) % 100 < write_percent) {
            if (!job->engine->update(session, id, (int64_t)(i % 1000000)))
                return false;
        } else if (!job->engine->get(session, id, &found, &event)) {
            return false;
        }
        if (found) {
            answer.rows++;
            answer.sum += event.amount_is_null ? 0 : event.amount;
        }
    }
    report(name, job->engine->name, job->round, count, from, answer, "");
    return true;
}

static bool measure_compaction(const struct job *job, struct database *database)
{
    if (job->engine->compact == NULL)
        return true;
    struct usage from = usage_now();
    if (!job->engine->compact(database))
        return false;
    report("compact", job->engine->name, job->round, job->rows, from, (struct answer){0, 0}, "");
    return true;
}

static bool queries(const struct job *job, struct session *session)
{
    const struct engine *engine = job->engine;

    return measure_query(job, session, "filter", engine->filter, 5) &&
           measure_query(job, session, "group_8", engine->group_kind, 3) &&
           measure_query(job, session, "group_100k", engine->group_user, 2) &&
           measure_query(job, session, "top_10", engine->top, 3) && measure_query(job, session, "sort", engine->sort, 1);
}

static bool open_both(const struct job *job, struct database **database, struct session **session)
{
    return job->engine->open(&job->settings, database) && job->engine->session_open(*database, session);
}

static bool close_both(const struct job *job, struct database *database, struct session *session)
{
    job->engine->session_close(session);
    return job->engine->close(database);
}

/* Closes, and tells what the closed database takes on disk. */
static bool measure_close(const struct job *job, struct database *database, struct session *session)
{
    struct usage from = usage_now();
    char extra[64];

    if (!close_both(job, database, session))
        return false;
    snprintf(extra, sizeof extra, ",\"disk_bytes\":%" PRIu64, directory_bytes(job->settings.directory));
    report("close", job->engine->name, job->round, 1, from, (struct answer){0, 0}, extra);
    return true;
}

static bool measure_open(const struct job *job, const char *name)
{
    struct database *database;
    struct session *session;
    struct event event;
    bool found;
    struct usage from = usage_now();

    if (!open_both(job, &database, &session) ||
        !job->engine->get(session, generate_id(job->data, 1), &found, &event))
        return false;
    report(name, job->engine->name, job->round, 1, from, (struct answer){found, 0}, "");
    return close_both(job, database, session);
}

/* Rows in key order, everything settled: reads, queries, changes. */
static bool suite_sequential(const struct job *job)
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
    if (!measure_close(job, database, session) || !measure_open(job, "open_clean") ||
        !open_both(job, &database, &session) || !measure_updates(job, session) || !measure_deletes(job, session) ||
        !measure_query(job, session, "filter_after_deletes", job->engine->filter, 3))
        return false;
    return close_both(job, database, session);
}

/* Rows in random order, read at once. */
static bool suite_random(const struct job *job)
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
    report(name, job->engine->name, job->round, each * (uint64_t)thread_count, from, (struct answer){0, 0}, "");
    return done;
}

static bool suite_durable(const struct job *job)
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
static bool suite_recover(const struct job *job)
{
    pid_t child = fork();

    if (child == 0) {
        struct database *database;
        struct session *session;
        if (open_both(job, &database, &session) && load(job, session, NULL, job->rows))
            kill(getpid(), SIGKILL);
        _exit(1);
    }
    int status;
    if (child < 0 || waitpid(child, &status, 0) != child || !WIFSIGNALED(status))
        return false;
    return measure_open(job, "open_after_kill");
}

const struct suite suites[] = {
    {"sequential", suite_sequential},
    {"random", suite_random},
    {"durable", suite_durable},
    {"recover", suite_recover},
};
const size_t suite_count = sizeof suites / sizeof suites[0];
