/* worker_pool.h - threads that help a caller with work which can be divided. The pool of a database is shared by all
 * its connections: together they never have more helpers than the pool may have, and a caller who gets none does
 * everything itself.
 *
 * Life: create makes no thread; the first run that wants help does, and they wait from then on; destroy ends them, and
 * no run is under way. Threads: any may call worker_pool_run. Helpers take no signals. */
#ifndef SSQL_BASE_WORKER_POOL_H
#define SSQL_BASE_WORKER_POOL_H

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

#endif
