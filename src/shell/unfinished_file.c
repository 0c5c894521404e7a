#include "shell/unfinished_file.h"

#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <unistd.h>

#include "shell/interrupt.h"

enum { GUARDED_MOST = 8, PATIENCE_SECONDS = 3 };

/* A signal handler can be given its objects in no other way. */
static const char *_Atomic guarded[GUARDED_MOST];
static ssql_conn *_Atomic running;
static atomic_int ending; /* the signal that the statement was told of; 0: none */

static void end_now(int signal_number)
{
    for (size_t i = 0; i < GUARDED_MOST; i++) {
        const char *path = atomic_load(&guarded[i]);
        if (path != NULL)
            unlink(path);
    }
    signal(signal_number, SIG_DFL);
    raise(signal_number);
}

static void end_late(int signal_number)
{
    (void)signal_number;
    end_now(atomic_load(&ending));
}

static void end_by_signal(int signal_number)
{
    ssql_conn *connection = atomic_load(&running);

    if (connection == NULL || atomic_load(&ending) != 0) {
        end_now(signal_number);
        return;
    }
    atomic_store(&ending, signal_number);
    signal(SIGALRM, end_late);
    alarm(PATIENCE_SECONDS);
    interrupt_note();
    ssql_interrupt(connection);
}

/* A signal that is ignored (nohup) or has another handler keeps what it has. */
static void install(void)
{
    static const int signals[] = {SIGTERM, SIGHUP, SIGXCPU};
    struct sigaction old, action = {.sa_handler = end_by_signal};

    sigemptyset(&action.sa_mask);
    for (size_t i = 0; i < sizeof signals / sizeof signals[0]; i++) {
        sigaction(signals[i], NULL, &old);
        if (old.sa_handler == SIG_DFL)
            sigaction(signals[i], &action, NULL);
    }
}

void unfinished_file_guard(const char *path)
{
    install();
    for (size_t i = 0; i < GUARDED_MOST; i++) {
        const char *none = NULL;
        if (atomic_compare_exchange_strong(&guarded[i], &none, path))
            return;
    }
}

void unfinished_file_forget(const char *path)
{
    for (size_t i = 0; path != NULL && i < GUARDED_MOST; i++)
        if (atomic_load(&guarded[i]) == path)
            atomic_store(&guarded[i], NULL);
}

void unfinished_statement_begin(ssql_conn *connection)
{
    install();
    atomic_store(&running, connection);
}

void unfinished_statement_end(void)
{
    int signal_number = atomic_load(&ending);

    atomic_store(&running, NULL);
    if (signal_number != 0)
        end_now(signal_number);
}
