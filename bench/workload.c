#include "workload.h"

#include <inttypes.h>
#include <stdio.h>

#include "measure.h"

uint64_t at_most(uint64_t count, uint64_t most)
{
    return count < most ? count : most;
}

bool load(const struct job *job, struct session *session, const struct permutation *order, uint64_t first,
          uint64_t end)
{
    struct event event;

    for (uint64_t i = first; i < end; i++) {
        if ((i - first) % BATCH == 0 && !job->engine->begin(session))
            return false;
        generate(job->data, order == NULL ? i : permutation_at(order, i), &event);
        if (!job->engine->insert(session, &event))
            return false;
        if (((i - first) % BATCH == BATCH - 1 || i + 1 == end) && !job->engine->commit(session))
            return false;
    }
    return true;
}

bool measure_load(const struct job *job, struct session *session, const char *name,
                         const struct permutation *order)
{
    struct usage from = usage_now();

    if (!load(job, session, order, 0, job->rows))
        return false;
    report(job, name, job->rows, from, (struct answer){job->rows, 0}, "");
    return true;
}

bool measure_gets(const struct job *job, struct session *session, const char *name, uint64_t keys, bool missing)
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
    report(job, name, count, from, answer, "");
    return true;
}

bool measure_ranges(const struct job *job, struct session *session)
{
    uint64_t count = at_most(job->rows / 100, 20000);
    struct usage from = usage_now();
    struct answer answer = {0, 0};

    for (uint64_t i = 0; i < count; i++)
        if (!job->engine->range(session, generate_id(job->data, mix64(i + 7) % job->rows), 100, &answer))
            return false;
    report(job, "range_100", count, from, answer, "");
    return true;
}

bool measure_query(const struct job *job, struct session *session, const char *name, query_function *query,
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
    report(job, name, job->rows * (uint64_t)times, from, answer, "");
    return true;
}

bool measure_updates(const struct job *job, struct session *session)
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
    report(job, "update_random", count, from, (struct answer){count, 0}, "");
    return true;
}

bool measure_deletes(const struct job *job, struct session *session)
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
    report(job, "delete_half", count, from, (struct answer){count, 0}, "");
    return true;
}

bool measure_mixed(const struct job *job, struct session *session, const char *name, unsigned write_percent)
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
    report(job, name, count, from, answer, "");
    return true;
}

bool measure_compaction(const struct job *job, struct database *database)
{
    if (job->engine->compact == NULL)
        return true;
    struct usage from = usage_now();
    if (!job->engine->compact(database))
        return false;
    report(job, "compact", job->rows, from, (struct answer){0, 0}, "");
    return true;
}

bool open_both(const struct job *job, struct database **database, struct session **session)
{
    return job->engine->open(&job->settings, database) && job->engine->session_open(*database, session);
}

bool close_both(const struct job *job, struct database *database, struct session *session)
{
    job->engine->session_close(session);
    return job->engine->close(database);
}

bool measure_close(const struct job *job, struct database *database, struct session *session, const char *name)
{
    struct usage from = usage_now();
    char extra[64];

    if (!close_both(job, database, session))
        return false;
    snprintf(extra, sizeof extra, ",\"disk_bytes\":%" PRIu64, directory_bytes(job->settings.directory));
    report(job, name, 1, from, (struct answer){0, 0}, extra);
    return true;
}

bool measure_open(const struct job *job, const char *name)
{
    struct database *database;
    struct session *session;
    struct event event;
    bool found;
    struct usage from = usage_now();

    if (!open_both(job, &database, &session) ||
        !job->engine->get(session, generate_id(job->data, 1), &found, &event))
        return false;
    report(job, name, 1, from, (struct answer){found, 0}, "");
    return close_both(job, database, session);
}
