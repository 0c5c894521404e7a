#include "shell/unfinished_file.h"

#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <unistd.h>

enum { GUARDED_MOST = 8 };

/* A signal handler can be given its object in no other way. */
static const char *_Atomic guarded[GUARDED_MOST];

static void end_by_signal(int signal_number)
{
    for (size_t i = 0; i < GUARDED_MOST; i++) {
        const char *path = atomic_load(&guarded[i]);
        if (path != NULL)
            unlink(path);
    }
    signal(signal_number, SIG_DFL);
    raise(signal_number);
}

/* A signal that is ignored (nohup) or has another handler keeps what it has. */
static void install(void)
{
    static const int signals[] = {SIGTERM, SIGHUP, SIGXCPU};
    struct sigaction old, action = {.sa_handler = end_by_signal};

    sigemptyset(&action.sa_mask);
    for (size_t i = 0; i < sizeof signals / sizeof signals[0]; i++)
        if (sigaction(signals[i], NULL, &old) == 0 && old.sa_handler == SIG_DFL)
            sigaction(signals[i], &action, NULL);
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
