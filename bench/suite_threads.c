/* One query on several threads: the filter and the eight groups with one thread and with two, one after the other, so
 * that what else the machine does hits both. */
#include "measure.h"
#include "suite.h"

enum { TIMES = 20 };

static bool measure_with(const struct job *job, unsigned threads, const char *filter_name, const char *group_name)
{
    struct job own = *job;
    struct database *database;
    struct session *session;

    own.settings.threads = threads;
    return open_both(&own, &database, &session) &&
           measure_query(&own, session, filter_name, own.engine->filter, TIMES) &&
           measure_query(&own, session, group_name, own.engine->group_kind, TIMES) &&
           close_both(&own, database, session);
}

bool suite_threads(const struct job *job)
{
    struct database *database;
    struct session *session;

    if (job->engine != &engine_ssql)
        return true;
    return open_both(job, &database, &session) && load(job, session, NULL, 0, job->rows) &&
           job->engine->compact(database) && close_both(job, database, session) &&
           measure_with(job, 1, "filter_compacted_1thread", "group_8_1thread") &&
           measure_with(job, 2, "filter_compacted_2threads", "group_8_2threads");
}
