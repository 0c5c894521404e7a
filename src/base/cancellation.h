/* cancellation.h - a flag by which one thread (or a signal handler) asks another to give up its statement. Whoever does
 * long work looks at it at least once per block or batch; the same look tells whoever wants to know how far the
 * statement is (progress.h).
 *
 * Threads: anyone may set `requested`. The rest, and checking, is for the one that runs the statement; threads that
 * help it check one of their own, whose `outer` is the statement's. */
#ifndef SSQL_BASE_CANCELLATION_H
#define SSQL_BASE_CANCELLATION_H

#include <stdatomic.h>

#include "base/error.h"
#include "base/progress.h"

struct cancellation {
    atomic_int requested;
    struct progress *progress;    /* NULL: nobody wants to know */
    struct cancellation *outer;   /* NULL, or one that asks here, too. It stays the same while this is checked */
    atomic_int_least64_t counted; /* of the outermost: what has been read so far, for the progress */
};

static inline bool cancellation_is_requested(const struct cancellation *cancellation)
{
    for (; cancellation != NULL; cancellation = cancellation->outer)
        if (atomic_load_explicit(&cancellation->requested, memory_order_relaxed) != 0)
            return true;
    return false;
}

/* So much more was read. Any thread that may check; `cancellation` may be NULL. */
static inline void cancellation_count(struct cancellation *cancellation, uint64_t count)
{
    while (cancellation != NULL && cancellation->outer != NULL)
        cancellation = cancellation->outer;
    if (cancellation != NULL)
        atomic_fetch_add_explicit(&cancellation->counted, (int64_t)count, memory_order_relaxed);
}

/* True while nobody asked; else fails with SSQL_INTERRUPTED. `cancellation` may be NULL. */
MUST_CHECK static inline bool cancellation_check(struct cancellation *cancellation, struct ssql_error *error)
{
    if (cancellation == NULL || (!cancellation_is_requested(cancellation) &&
                                 (cancellation->progress == NULL || progress_look(cancellation->progress))))
        return true;
    return error_set(error, SSQL_INTERRUPTED, NO_SPAN, "the statement was interrupted");
}

#endif
