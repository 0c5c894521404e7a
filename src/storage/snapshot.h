/* snapshot.h - which sequences are still being read. Every transaction owns a slot; taking a snapshot is two stores and
 * two loads, without a lock. Whoever removes old versions asks for the oldest snapshot first.
 *
 * Why nothing slips through: snapshot_oldest raises the horizon before it looks at the slots, snapshot_acquire fills
 * its slot before it looks at the horizon (all sequentially consistent). So either the slot was seen, or the horizon
 * is, and then a snapshot below it is given up for a newer one. */
#ifndef SSQL_STORAGE_SNAPSHOT_H
#define SSQL_STORAGE_SNAPSHOT_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>

#define SNAPSHOT_NONE UINT64_MAX

struct snapshot_slot {
    atomic_uint_least64_t sequence; /* SNAPSHOT_NONE: nothing is being read */
    struct snapshot_slot *next, *previous;
};

struct snapshot_registry {
    pthread_mutex_t mutex; /* guards the list */
    struct snapshot_slot *slots;
    atomic_uint_least64_t horizon; /* no snapshot below it will be given out again */
};

void snapshot_registry_init(struct snapshot_registry *registry);
void snapshot_registry_clear(struct snapshot_registry *registry); /* no slot is left */

void snapshot_registry_add(struct snapshot_registry *registry, struct snapshot_slot *slot);
void snapshot_registry_remove(struct snapshot_registry *registry, struct snapshot_slot *slot);

/* Takes a snapshot at `*newest`, which only grows and is never below what snapshot_oldest is given. */
uint64_t snapshot_acquire(struct snapshot_registry *registry, struct snapshot_slot *slot,
                          const atomic_uint_least64_t *newest);
void snapshot_release(struct snapshot_slot *slot);

/* No open snapshot, and none taken later, is below the result, which is at most `newest`. */
uint64_t snapshot_oldest(struct snapshot_registry *registry, uint64_t newest);

#endif
