#include "base/worker_pool.h"

#include <assert.h>
#include <signal.h>
#include <stdlib.h>

struct worker_pool {
    pthread_mutex_t mutex; /* guards everything below, and the jobs */
    pthread_cond_t has_work;
    struct worker_job *jobs;
    uint32_t helper_most, helper_count, idle_count;
    bool is_closing;
    pthread_t helpers[]; /* helper_most */
};

bool worker_pool_create(uint32_t thread_count, struct worker_pool **out, struct ssql_error *error)
{
    uint32_t helper_most = thread_count < WORKER_THREADS_MOST ? thread_count - 1 : WORKER_THREADS_MOST - 1;
    struct worker_pool *pool;

    assert(thread_count > 0);
    *out = NULL;
    pool = calloc(1, sizeof *pool + helper_most * sizeof pool->helpers[0]);
    if (pool == NULL)
        return error_no_memory(error);
    pthread_mutex_init(&pool->mutex, NULL);
    pthread_cond_init(&pool->has_work, NULL);
    pool->helper_most = helper_most;
    *out = pool;
    return true;
}

void worker_pool_destroy(struct worker_pool *pool)
{
    if (pool == NULL)
        return;
    pthread_mutex_lock(&pool->mutex);
    assert(pool->jobs == NULL);
    pool->is_closing = true;
    pthread_cond_broadcast(&pool->has_work);
    pthread_mutex_unlock(&pool->mutex);
    for (uint32_t i = 0; i < pool->helper_count; i++)
        pthread_join(pool->helpers[i], NULL);
    pthread_cond_destroy(&pool->has_work);
    pthread_mutex_destroy(&pool->mutex);
    free(pool);
}

uint32_t worker_pool_thread_count(const struct worker_pool *pool)
{
    return pool->helper_most + 1;
}

/* ---- under the mutex ---- */

static void list_job(struct worker_pool *pool, struct worker_job *job)
{
    assert(!job->is_listed);
    job->is_listed = true;
    job->next = pool->jobs;
    pool->jobs = job;
}

static void unlist_job(struct worker_pool *pool, struct worker_job *job)
{
    struct worker_job **link = &pool->jobs;

    if (!job->is_listed)
        return;
    while (*link != job)
        link = &(*link)->next;
    *link = job->next;
    job->is_listed = false;
}

static uint32_t take_number(struct worker_job *job)
{
    uint32_t worker = 1;

    while ((job->busy_workers >> worker & 1) != 0)
        worker++;
    assert(worker < job->thread_count);
    job->busy_workers |= UINT64_C(1) << worker;
    return worker;
}

static void help(struct worker_pool *pool, struct worker_job *job)
{
    uint32_t worker = take_number(job);

    if (++job->running_count == job->thread_count - 1)
        unlist_job(pool, job);
    pthread_mutex_unlock(&pool->mutex);
    job->task(job->context, worker);
    pthread_mutex_lock(&pool->mutex);
    job->busy_workers &= ~(UINT64_C(1) << worker);
    unlist_job(pool, job);
    if (--job->running_count == 0)
        pthread_cond_signal(&job->is_idle);
}

static void *help_all(void *argument)
{
    struct worker_pool *pool = argument;

    pthread_mutex_lock(&pool->mutex);
    while (!pool->is_closing) {
        if (pool->jobs != NULL) {
            help(pool, pool->jobs);
            continue;
        }
        pool->idle_count++;
        pthread_cond_wait(&pool->has_work, &pool->mutex);
        pool->idle_count--;
    }
    pthread_mutex_unlock(&pool->mutex);
    return NULL;
}

/* Signals are for the program's threads. */
static bool start_helper(struct worker_pool *pool)
{
    sigset_t all, before;

    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, &before);
    bool is_started = pthread_create(&pool->helpers[pool->helper_count], NULL, help_all, pool) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pool->helper_count += is_started;
    return is_started;
}

static void call_helpers(struct worker_pool *pool, uint32_t wanted)
{
    uint32_t woken = wanted < pool->idle_count ? wanted : pool->idle_count;

    for (uint32_t i = 0; i < woken; i++)
        pthread_cond_signal(&pool->has_work);
    for (uint32_t missing = wanted - woken; missing > 0 && pool->helper_count < pool->helper_most; missing--)
        if (!start_helper(pool))
            return;
}

/* ---- jobs ---- */

void worker_job_init(struct worker_job *job, uint32_t thread_count, worker_task *task, void *context)
{
    assert(thread_count <= WORKER_THREADS_MOST);
    *job = (struct worker_job){.task = task, .context = context, .thread_count = thread_count};
    pthread_cond_init(&job->is_idle, NULL);
}

void worker_job_clear(struct worker_job *job)
{
    pthread_cond_destroy(&job->is_idle);
}

void worker_job_offer(struct worker_pool *pool, struct worker_job *job)
{
    if (job->thread_count <= 1 || pool->helper_most == 0)
        return;
    pthread_mutex_lock(&pool->mutex);
    if (!job->is_listed && job->running_count < job->thread_count - 1) {
        list_job(pool, job);
        call_helpers(pool, job->thread_count - 1 - job->running_count);
    }
    pthread_mutex_unlock(&pool->mutex);
}

void worker_job_finish(struct worker_pool *pool, struct worker_job *job)
{
    pthread_mutex_lock(&pool->mutex);
    unlist_job(pool, job);
    while (job->running_count > 0)
        pthread_cond_wait(&job->is_idle, &pool->mutex);
    pthread_mutex_unlock(&pool->mutex);
}

void worker_pool_run(struct worker_pool *pool, uint32_t thread_count, worker_task *task, void *context)
{
    struct worker_job job;

    worker_job_init(&job, thread_count, task, context);
    worker_job_offer(pool, &job);
    task(context, 0);
    worker_job_finish(pool, &job);
    worker_job_clear(&job);
}
