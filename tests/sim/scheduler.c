#include "scheduler.h"

#include "simulation.h"

#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { FIBERS_MOST = 32, NOBODY = -1 };

/* A thread, which runs while it has the baton. */
struct fiber {
    bool is_used, is_over;
    pthread_t thread;
    sem_t baton;
    void *(*run)(void *argument);
    void *argument;
    const void *waits_for; /* a condition; NULL: it can go on */
    bool has_deadline;
    uint64_t deadline;
};

static struct {
    bool is_on;
    struct fiber fibers[FIBERS_MOST]; /* the first is the one that started it */
    uint64_t random, now, switches;
} scheduler;

static __thread int self;

static uint64_t draw(uint64_t limit)
{
    uint64_t z = scheduler.random += 0x9E3779B97F4A7C15u;

    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9u;
    z = (z ^ z >> 27) * 0x94D049BB133111EBu;
    return (z ^ z >> 31) % limit;
}

static _Noreturn void stop_with(const char *what)
{
    fprintf(stderr, "scheduler: %s\n", what);
    abort();
}

/* ---- whose turn it is ---- */

static bool can_go_on(const struct fiber *fiber)
{
    return fiber->is_used && !fiber->is_over &&
           (fiber->waits_for == NULL || (fiber->has_deadline && fiber->deadline <= scheduler.now));
}

/* One of those that can, but for `but`; NOBODY when there is none. */
static int pick_ready(int but)
{
    int ready[FIBERS_MOST], count = 0;

    for (int i = 0; i < FIBERS_MOST; i++)
        if (i != but && can_go_on(&scheduler.fibers[i]))
            ready[count++] = i;
    return count == 0 ? NOBODY : ready[draw((uint64_t)count)];
}

static bool pass_to_next_deadline(int but)
{
    uint64_t next = UINT64_MAX;

    for (int i = 0; i < FIBERS_MOST; i++) {
        const struct fiber *fiber = &scheduler.fibers[i];
        if (i != but && fiber->is_used && !fiber->is_over && fiber->waits_for != NULL && fiber->has_deadline &&
            fiber->deadline < next)
            next = fiber->deadline;
    }
    if (next == UINT64_MAX)
        return false;
    scheduler.now = next;
    return true;
}

/* When all wait for a time, it comes. */
static int pick(int but)
{
    int next = pick_ready(but);

    while (next == NOBODY && pass_to_next_deadline(but))
        next = pick_ready(but);
    return next;
}

static void wait_for_baton(int fiber)
{
    while (sem_wait(&scheduler.fibers[fiber].baton) != 0)
        if (errno != EINTR)
            stop_with("no baton");
}

static void hand_over(int next)
{
    scheduler.switches++;
    if (sem_post(&scheduler.fibers[next].baton) != 0)
        stop_with("no baton");
}

static void switch_to(int next)
{
    int me = self;

    if (next == me)
        return;
    hand_over(next);
    wait_for_baton(me);
}

/* Somebody else must do something first. */
static void let_others(void)
{
    int next;

    scheduler.now += 1000;
    next = pick(self);
    if (next == NOBODY)
        stop_with("all threads wait for each other");
    switch_to(next);
}

/* Whoever comes next, perhaps the same. */
static void yield(void)
{
    scheduler.now += draw(200000);
    switch_to(pick(NOBODY));
}

/* ---- for the simulation ---- */

void scheduler_start(uint64_t seed)
{
    for (int i = 0; i < FIBERS_MOST; i++)
        if (sem_init(&scheduler.fibers[i].baton, 0, 0) != 0)
            stop_with("no baton");
    scheduler.fibers[0].is_used = true;
    scheduler.random = seed;
    scheduler.now = 1000000000;
    self = 0;
    scheduler.is_on = true;
}

void scheduler_stop(void)
{
    for (int i = 1; i < FIBERS_MOST; i++)
        if (scheduler.fibers[i].is_used)
            stop_with("a thread was not joined");
    scheduler.is_on = false;
}

void scheduler_slow_operation(void)
{
    uint64_t kind = draw(64);

    if (!scheduler.is_on || kind > 4)
        return;
    if (kind == 0)
        scheduler.now += draw(200) * 1000000;
    for (uint64_t turns = 1 + draw(kind == 0 ? 60 : 6); turns > 0; turns--)
        yield();
}

void scheduler_pass(uint64_t milliseconds)
{
    uint64_t end = scheduler.now + milliseconds * 1000000;
    int next;

    while (scheduler.now < end) {
        while ((next = pick_ready(self)) != NOBODY)
            switch_to(next);
        uint64_t before = scheduler.now;
        if (!pass_to_next_deadline(self) || scheduler.now > end)
            scheduler.now = before > end ? before : end;
    }
    while ((next = pick_ready(self)) != NOBODY)
        switch_to(next);
}

uint64_t scheduler_switches(void)
{
    return scheduler.switches;
}

/* ---- threads ---- */

static void *run_fiber(void *argument)
{
    struct fiber *fiber = argument;

    self = (int)(fiber - scheduler.fibers);
    wait_for_baton(self);
    void *result = fiber->run(fiber->argument);
    fiber->is_over = true;
    int next = pick(self);
    if (next == NOBODY)
        stop_with("nobody goes on");
    hand_over(next);
    return result;
}

int __real_pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*run)(void *), void *argument);
int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*run)(void *), void *argument);
int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*run)(void *), void *argument)
{
    int i = 1;

    if (!scheduler.is_on)
        return __real_pthread_create(thread, attributes, run, argument);
    while (i < FIBERS_MOST && scheduler.fibers[i].is_used)
        i++;
    if (i == FIBERS_MOST)
        return EAGAIN;
    struct fiber *fiber = &scheduler.fibers[i];
    fiber->run = run;
    fiber->argument = argument;
    fiber->waits_for = NULL;
    fiber->is_over = false;
    int failure = __real_pthread_create(&fiber->thread, attributes, run_fiber, fiber);
    fiber->is_used = failure == 0;
    *thread = fiber->thread;
    return failure;
}

int __real_pthread_join(pthread_t thread, void **result);
int __wrap_pthread_join(pthread_t thread, void **result);
int __wrap_pthread_join(pthread_t thread, void **result)
{
    for (int i = 1; scheduler.is_on && i < FIBERS_MOST; i++) {
        struct fiber *fiber = &scheduler.fibers[i];
        if (!fiber->is_used || !pthread_equal(fiber->thread, thread))
            continue;
        while (!fiber->is_over)
            let_others();
        fiber->is_used = false;
    }
    return __real_pthread_join(thread, result);
}

/* ---- locks and conditions ---- */

int __real_pthread_mutex_lock(pthread_mutex_t *mutex);
int __wrap_pthread_mutex_lock(pthread_mutex_t *mutex);
int __wrap_pthread_mutex_lock(pthread_mutex_t *mutex)
{
    if (!scheduler.is_on)
        return __real_pthread_mutex_lock(mutex);
    while (pthread_mutex_trylock(mutex) != 0)
        let_others();
    return 0;
}

static void wait_for(pthread_cond_t *condition, pthread_mutex_t *mutex)
{
    scheduler.fibers[self].waits_for = condition;
    pthread_mutex_unlock(mutex);
    /* Its own deadline may be the next. */
    int next = pick(NOBODY);
    if (next == NOBODY)
        stop_with("all threads wait");
    switch_to(next);
    (void)__wrap_pthread_mutex_lock(mutex);
}

int __real_pthread_cond_wait(pthread_cond_t *condition, pthread_mutex_t *mutex);
int __wrap_pthread_cond_wait(pthread_cond_t *condition, pthread_mutex_t *mutex);
int __wrap_pthread_cond_wait(pthread_cond_t *condition, pthread_mutex_t *mutex)
{
    if (!scheduler.is_on)
        return __real_pthread_cond_wait(condition, mutex);
    scheduler.fibers[self].has_deadline = false;
    wait_for(condition, mutex);
    return 0;
}

int __real_pthread_cond_timedwait(pthread_cond_t *condition, pthread_mutex_t *mutex, const struct timespec *until);
int __wrap_pthread_cond_timedwait(pthread_cond_t *condition, pthread_mutex_t *mutex, const struct timespec *until);
int __wrap_pthread_cond_timedwait(pthread_cond_t *condition, pthread_mutex_t *mutex, const struct timespec *until)
{
    struct fiber *fiber = &scheduler.fibers[self];

    if (!scheduler.is_on)
        return __real_pthread_cond_timedwait(condition, mutex, until);
    fiber->has_deadline = true;
    fiber->deadline = (uint64_t)until->tv_sec * 1000000000 + (uint64_t)until->tv_nsec;
    wait_for(condition, mutex);
    bool is_late = fiber->waits_for != NULL;
    fiber->waits_for = NULL;
    return is_late ? ETIMEDOUT : 0;
}

static void wake(const pthread_cond_t *condition, bool all)
{
    int begin = (int)draw(FIBERS_MOST);

    for (int i = 0; i < FIBERS_MOST; i++) {
        struct fiber *fiber = &scheduler.fibers[(begin + i) % FIBERS_MOST];
        if (!fiber->is_used || fiber->waits_for != condition)
            continue;
        fiber->waits_for = NULL;
        if (!all)
            return;
    }
}

int __real_pthread_cond_signal(pthread_cond_t *condition);
int __wrap_pthread_cond_signal(pthread_cond_t *condition);
int __wrap_pthread_cond_signal(pthread_cond_t *condition)
{
    if (!scheduler.is_on)
        return __real_pthread_cond_signal(condition);
    if (!plant_loses_wakeup())
        wake(condition, false);
    return 0;
}

int __real_pthread_cond_broadcast(pthread_cond_t *condition);
int __wrap_pthread_cond_broadcast(pthread_cond_t *condition);
int __wrap_pthread_cond_broadcast(pthread_cond_t *condition)
{
    if (!scheduler.is_on)
        return __real_pthread_cond_broadcast(condition);
    if (!plant_loses_wakeup())
        wake(condition, true);
    return 0;
}

/* ---- time ---- */

int __real_clock_gettime(clockid_t clock, struct timespec *time);
int __wrap_clock_gettime(clockid_t clock, struct timespec *time);
int __wrap_clock_gettime(clockid_t clock, struct timespec *time)
{
    if (!scheduler.is_on)
        return __real_clock_gettime(clock, time);
    scheduler.now += 100;
    time->tv_sec = (time_t)(scheduler.now / 1000000000);
    time->tv_nsec = (long)(scheduler.now % 1000000000);
    return 0;
}

int __real_nanosleep(const struct timespec *time, struct timespec *left);
int __wrap_nanosleep(const struct timespec *time, struct timespec *left);
int __wrap_nanosleep(const struct timespec *time, struct timespec *left)
{
    if (!scheduler.is_on)
        return __real_nanosleep(time, left);
    scheduler.now += (uint64_t)time->tv_sec * 1000000000 + (uint64_t)time->tv_nsec;
    yield();
    return 0;
}

int __real_sched_yield(void);
int __wrap_sched_yield(void);
int __wrap_sched_yield(void)
{
    if (!scheduler.is_on)
        return __real_sched_yield();
    yield();
    return 0;
}
