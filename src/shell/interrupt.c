#include "shell/interrupt.h"

#include <signal.h>
#include <stdatomic.h>
#include <stddef.h>

/* A signal handler can be given its object in no other way. */
static ssql_conn *_Atomic watched;
static atomic_int pending;

static void handle_signal(int signal_number)
{
    (void)signal_number;
    ssql_conn *connection = atomic_load(&watched);
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

bool interrupt_is_pending(void)
{
    return atomic_load(&pending) != 0;
}

bool interrupt_take(void)
{
    return atomic_exchange(&pending, 0) != 0;
}
