#include "shell/interrupt.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>
#include <unistd.h>

enum { URGENT_COUNT = 3, URGENT_MS = 2000 };

/* A signal handler can be given its object in no other way. */
static ssql_conn *_Atomic watched;
static atomic_int pending;
static _Atomic int64_t times_ms[URGENT_COUNT]; /* of the last signals, the newest first; 0: there was none */

static int64_t now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now); /* can be called in a signal handler */
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void handle_signal(int signal_number)
{
    (void)signal_number;
    ssql_conn *connection = atomic_load(&watched);
    for (int i = URGENT_COUNT - 1; i > 0; i--)
        atomic_store(&times_ms[i], atomic_load(&times_ms[i - 1]));
    atomic_store(&times_ms[0], now_ms());
    atomic_store(&pending, 1);
    if (connection != NULL)
        ssql_interrupt(connection);
}

void interrupt_install(void)
{
    struct sigaction action = {.sa_handler = handle_signal};

    sigemptyset(&action.sa_mask);
    sigaction(SIGINT, &action, NULL);
}

void interrupt_watch(ssql_conn *connection)
{
    atomic_store(&watched, connection);
}

void interrupt_note(void)
{
    atomic_store(&pending, 1);
}

bool interrupt_is_pending(void)
{
    return atomic_load(&pending) != 0;
}

bool interrupt_take(void)
{
    return atomic_exchange(&pending, 0) != 0;
}

ssize_t interrupt_read(int file, void *bytes, size_t capacity)
{
    struct pollfd ready = {.fd = file, .events = POLLIN};
    ssize_t got;

    while ((got = read(file, bytes, capacity)) < 0 && (errno == EAGAIN || errno == EINTR) && !interrupt_is_pending())
        if (errno == EAGAIN)
            poll(&ready, 1, -1); /* a signal that ends it is seen by the next look */
    return got;
}

bool interrupt_is_urgent(void)
{
    int64_t oldest = atomic_load(&times_ms[URGENT_COUNT - 1]);

    return oldest != 0 && atomic_load(&times_ms[0]) - oldest <= URGENT_MS;
}
