/* What mutant.h declares; compiled into the library of a build with mutants, and nowhere else. */
#include "mutant.h"

#undef pthread_mutex_init
#undef pthread_mutex_lock
#undef pthread_mutex_unlock
#undef pthread_mutex_destroy
#undef pthread_cond_init
#undef pthread_cond_destroy
#undef pthread_cond_wait

#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

int mutant_chosen = -1;
volatile unsigned char *mutant_seen;

/* There when the program is one of cmocka. */
extern void cmocka_set_test_filter(const char *pattern) __attribute__((weak));

static void give_up(const char *what)
{
    perror(what);
    _exit(3);
}

/* A shared mapping, so that processes which the program starts, and those that end without cleaning up, count too. */
static void open_seen(const char *path)
{
    struct stat status;
    int file = open(path, O_RDWR | O_CLOEXEC);

    if (file < 0 || fstat(file, &status) != 0)
        give_up(path);
    void *bytes = mmap(NULL, (size_t)status.st_size, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    if (bytes == MAP_FAILED)
        give_up(path);
    close(file);
    mutant_seen = bytes;
}

__attribute__((constructor)) static void choose(void)
{
    const char *number = getenv("SSQL_MUTANT"), *seen = getenv("SSQL_MUTANT_SEEN"), *name = getenv("SSQL_MUTANT_CASE");

    if (number != NULL)
        mutant_chosen = atoi(number);
    if (seen != NULL)
        open_seen(seen);
    if (name != NULL && cmocka_set_test_filter != NULL)
        cmocka_set_test_filter(name);
}

static atomic_int mutexes, conditions; /* that are in use */

__attribute__((destructor)) static void check_all_are_gone(void)
{
    if (atomic_load(&mutexes) <= 0 && atomic_load(&conditions) <= 0)
        return;
    fprintf(stderr, "%d mutexes and %d conditions are left\n", atomic_load(&mutexes), atomic_load(&conditions));
    _exit(4);
}

static void check(int result, const char *what)
{
    if (result == 0)
        return;
    fprintf(stderr, "%s: a mutex is used wrongly (%d)\n", what, result);
    abort();
}

int mutant_mutex_init(pthread_mutex_t *mutex, const pthread_mutexattr_t *attributes)
{
    pthread_mutexattr_t checking;

    if (attributes != NULL) {
        atomic_fetch_add(&mutexes, 1);
        return pthread_mutex_init(mutex, attributes);
    }
    check(pthread_mutexattr_init(&checking), "init");
    check(pthread_mutexattr_settype(&checking, PTHREAD_MUTEX_ERRORCHECK), "init");
    int result = pthread_mutex_init(mutex, &checking);
    pthread_mutexattr_destroy(&checking);
    if (result == 0)
        atomic_fetch_add(&mutexes, 1);
    return result;
}

int mutant_mutex_lock(pthread_mutex_t *mutex)
{
    check(pthread_mutex_lock(mutex), "lock");
    return 0;
}

int mutant_mutex_unlock(pthread_mutex_t *mutex)
{
    check(pthread_mutex_unlock(mutex), "unlock");
    return 0;
}

int mutant_mutex_destroy(pthread_mutex_t *mutex)
{
    check(pthread_mutex_destroy(mutex), "destroy");
    atomic_fetch_sub(&mutexes, 1);
    return 0;
}

int mutant_cond_init(pthread_cond_t *condition, const pthread_condattr_t *attributes)
{
    int result = pthread_cond_init(condition, attributes);

    if (result == 0)
        atomic_fetch_add(&conditions, 1);
    return result;
}

int mutant_cond_destroy(pthread_cond_t *condition)
{
    atomic_fetch_sub(&conditions, 1);
    return pthread_cond_destroy(condition);
}

int mutant_cond_wait(pthread_cond_t *condition, pthread_mutex_t *mutex)
{
    check(pthread_cond_wait(condition, mutex), "wait");
    return 0;
}
