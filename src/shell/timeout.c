#include "shell/timeout.h"

#include <signal.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/time.h>

/* What the statement has not heard is said again. */
enum { AGAIN_MICROSECONDS = 20000 };

/* A signal handler can be given its object in no other way. */
static ssql_conn *_Atomic limited;
static atomic_int passed;

static void handle_signal(int signal_number)
{
    (void)signal_number;
    ssql_conn *connection = atomic_load(&limited);
    if (connection == NULL)
        return;
    atomic_store(&passed, 1);
    ssql_interrupt(connection);
}

static void start(ssql_conn *connection, double seconds)
{
    struct sigaction action = {.sa_handler = handle_signal, .sa_flags = SA_RESTART};

    sigemptyset(&action.sa_mask);
    sigaction(SIGALRM, &action, NULL);
    atomic_store(&passed, 0);
    atomic_store(&limited, connection);
    long whole = (long)seconds;
    long rest = (long)((seconds - (double)whole) * 1e6);
    struct itimerval timer = {.it_interval.tv_usec = AGAIN_MICROSECONDS,
                              .it_value = {.tv_sec = whole, .tv_usec = whole == 0 && rest == 0 ? 1 : rest}};
    setitimer(ITIMER_REAL, &timer, NULL);
}

void timeout_start(ssql_conn *connection, double seconds)
{
    if (seconds > 0)
        start(connection, seconds);
}

bool timeout_stop(void)
{
    if (atomic_load(&limited) == NULL)
        return false;
    setitimer(ITIMER_REAL, &(struct itimerval){.it_value = {0}}, NULL);
    atomic_store(&limited, NULL);
    return atomic_exchange(&passed, 0) != 0;
}

bool timeout_read(const char *text, double *seconds)
{
    char *end;
    double number = strtod(text, &end);

    if (end == text || *end != '\0' || !(number >= 0) || number > TIMEOUT_SECONDS_MOST)
        return false;
    *seconds = number;
    return true;
}
