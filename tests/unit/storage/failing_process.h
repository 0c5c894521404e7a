/* failing_process.h - what a process gets from the system and may not get: memory, pages, random bytes, threads; and
 * its mutexes, counted. For one test program: see api/failing_memory.h, to which the others are added
 * (cmake/failing_system.cmake). */
#ifndef SSQL_TESTS_UNIT_STORAGE_FAILING_PROCESS_H
#define SSQL_TESTS_UNIT_STORAGE_FAILING_PROCESS_H

#include <errno.h>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/random.h>

#include "api/failing_memory.h"

void *__real_mmap(void *address, size_t size, int protection, int flags, int file, off_t offset);
void *__wrap_mmap(void *address, size_t size, int protection, int flags, int file, off_t offset);
int __real_getentropy(void *bytes, size_t size);
int __wrap_getentropy(void *bytes, size_t size);
int __real_pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*run)(void *), void *argument);
int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*run)(void *), void *argument);
int __real_pthread_mutex_init(pthread_mutex_t *mutex, const pthread_mutexattr_t *attributes);
int __wrap_pthread_mutex_init(pthread_mutex_t *mutex, const pthread_mutexattr_t *attributes);
int __real_pthread_mutex_destroy(pthread_mutex_t *mutex);
int __wrap_pthread_mutex_destroy(pthread_mutex_t *mutex);

static atomic_long mutex_count; /* that were made and not destroyed */

static struct {
    bool has_no_entropy, has_no_threads;
    size_t mapped; /* bytes that were asked for last */
} process_fault;

void *__wrap_mmap(void *address, size_t size, int protection, int flags, int file, off_t offset)
{
    process_fault.mapped = size;
    return allocation_fails() ? MAP_FAILED : __real_mmap(address, size, protection, flags, file, offset);
}

int __wrap_getentropy(void *bytes, size_t size)
{
    if (!process_fault.has_no_entropy)
        return __real_getentropy(bytes, size);
    errno = EIO;
    return -1;
}

int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*run)(void *), void *argument)
{
    return process_fault.has_no_threads ? EAGAIN : __real_pthread_create(thread, attributes, run, argument);
}

int __wrap_pthread_mutex_init(pthread_mutex_t *mutex, const pthread_mutexattr_t *attributes)
{
    atomic_fetch_add(&mutex_count, 1);
    return __real_pthread_mutex_init(mutex, attributes);
}

int __wrap_pthread_mutex_destroy(pthread_mutex_t *mutex)
{
    atomic_fetch_sub(&mutex_count, 1);
    return __real_pthread_mutex_destroy(mutex);
}

#endif
