/* mutant.h - included in front of every file of a build with mutants (rewrite.py puts the calls in).
 * The environment variable SSQL_MUTANT chooses the one mutant that is switched on; without it none is.
 * SSQL_MUTANT_SEEN names a file of one byte for each mutant, set when that mutant is met: how a run tells which it reaches.
 * SSQL_MUTANT_CASE, in a program of cmocka, is the only test that is run.
 *
 * Mutexes are of the kind that checks its use, and a wrong use ends the program: a lock that is not taken, or not given
 * back, is noticed at once and not by luck. So is a mutex or a condition that is left when the program ends, and memory
 * that is used before it was written is filled with a pattern by the compiler. */
#ifndef SSQL_MUTANT_H
#define SSQL_MUTANT_H

#include <pthread.h>
#include <stdbool.h>

extern int mutant_chosen;
extern volatile unsigned char *mutant_seen;

static inline bool mutant(int number)
{
    if (mutant_seen != 0)
        mutant_seen[number] = 1;
    return number == mutant_chosen;
}

int mutant_mutex_init(pthread_mutex_t *mutex, const pthread_mutexattr_t *attributes);
int mutant_mutex_lock(pthread_mutex_t *mutex);
int mutant_mutex_unlock(pthread_mutex_t *mutex);
int mutant_mutex_destroy(pthread_mutex_t *mutex);
int mutant_cond_init(pthread_cond_t *condition, const pthread_condattr_t *attributes);
int mutant_cond_destroy(pthread_cond_t *condition);
int mutant_cond_wait(pthread_cond_t *condition, pthread_mutex_t *mutex);

#define pthread_mutex_init mutant_mutex_init
#define pthread_mutex_lock mutant_mutex_lock
#define pthread_mutex_unlock mutant_mutex_unlock
#define pthread_mutex_destroy mutant_mutex_destroy
#define pthread_cond_init mutant_cond_init
#define pthread_cond_destroy mutant_cond_destroy
#define pthread_cond_wait mutant_cond_wait

#endif
