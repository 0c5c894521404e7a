/* volume_faulty.h - wraps any volume and lets its operations fail as told. For tests. */
#ifndef SSQL_VOLUME_VOLUME_FAULTY_H
#define SSQL_VOLUME_VOLUME_FAULTY_H

#include "volume/volume.h"

/* Zeroed: nothing goes wrong. An operation is any call that can fail; closing and asking for sizes are none. */
struct fault_plan {
    uint64_t fail_at;          /* the n-th operation from now fails (1: the next); 0: none */
    bool keep_failing;         /* and every later one, until the plan is replaced */
    enum volume_status status; /* with what; VOLUME_UNKNOWN: the operation is done, or not, by `seed` */
    bool torn;                 /* a failing append leaves a part of its bytes, as many as `seed` says */
    uint64_t capacity;         /* bytes that may be taken before VOLUME_NO_SPACE; 0: no limit */
    uint64_t delay_us;         /* every operation takes that much longer */
    bool freeze;               /* operations block until the plan is replaced */
    uint64_t seed;
    void (*before)(void *context); /* called before every operation, in the caller's thread; NULL: nothing */
    void *context;
};
/* What takes capacity: appends to objects and scratch, registers' values, and logs: what they preallocate (unless they
 * recycle), then appends beyond that.
 * A failed sync, or a torn append, of a log is for ever: every later append and sync of it is VOLUME_UNKNOWN. */

/* Takes over `inner`: closing the faulty volume closes it. */
MUST_CHECK bool volume_faulty_create(struct volume *inner, struct volume **volume, struct ssql_error *error);

/* Any thread; counts operations anew, and wakes those that are delayed or frozen. */
void volume_faulty_set(struct volume *volume, const struct fault_plan *plan);

/* Operations since the last plan was set. */
uint64_t volume_faulty_count(const struct volume *volume);

struct volume *volume_faulty_inner(struct volume *volume);

#endif
