/* worker_pool.h - threads that help a caller with work which can be divided. The pool of a database is shared by all
 * its connections: together they never have more helpers than the pool may have, and a caller who gets none does
 * everything itself.
 *
 * Life: create makes no thread; the first run that wants help does, and they wait from then on; destroy ends them, and
 * no run is under way. Threads: any may call worker_pool_run. Helpers take no signals. */
#ifndef SSQL_BASE_WORKER_POOL_H
#define SSQL_BASE_WORKER_POOL_H

#include <pthread.h>

#include "base/error.h"

struct worker_pool;

enum { WORKER_THREADS_MOST = 64 }; /* of one run, the caller's included */

/* `thread_count`: the most that one run has, the caller's included; 1: no helper ever. */
MUST_CHECK bool worker_pool_create(uint32_t thread_count, struct worker_pool **pool, struct ssql_error *error);
void worker_pool_destroy(struct worker_pool *pool); /* accepts NULL */

uint32_t worker_pool_thread_count(const struct worker_pool *pool);

/* Part `worker` of the work; parts below another number run at the same time. */
typedef void worker_task(void *context, uint32_t worker);

/* Calls task(context, 0) in this thread and, where helpers are free, task(context, i), i < thread_count, in theirs.
 * Returns when all calls that were begun have returned; helpers that come too late are not waited for. So the task
 * takes its work piece by piece from what all share, and is done when nothing is left to take. Cannot fail: a thread
 * that cannot be made is one helper less. */
void worker_pool_run(struct worker_pool *pool, uint32_t thread_count, worker_task *task, void *context);

/* The same for a caller who has other things to do in between. */
struct worker_job {
    struct worker_job *next; /* of those that want helpers */
    worker_task *task;
    void *context;
    uint32_t thread_count;
    uint32_t running_count; /* helpers at work */
    uint64_t busy_workers;  /* a bit for each number in use; 0 is the caller's */
    bool is_listed;
    pthread_cond_t is_idle;
};

void worker_job_init(struct worker_job *job, uint32_t thread_count, worker_task *task, void *context);
void worker_job_clear(struct worker_job *job);
/* There is work: helpers begin calls of the task, until the first of them returns. Again when there is more. */
void worker_job_offer(struct worker_pool *pool, struct worker_job *job);
/* Nobody begins any more; returns when all calls that were begun have returned. */
void worker_job_finish(struct worker_pool *pool, struct worker_job *job);

#endif
