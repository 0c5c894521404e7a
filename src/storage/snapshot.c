#include "storage/snapshot.h"

#include <assert.h>
#include <stddef.h>

#include "base/atomic_raise.h"

void snapshot_registry_init(struct snapshot_registry *registry)
{
    pthread_mutex_init(&registry->mutex, NULL);
    registry->slots = NULL;
    atomic_init(&registry->horizon, 0);
}

void snapshot_registry_clear(struct snapshot_registry *registry)
{
    assert(registry->slots == NULL);
    pthread_mutex_destroy(&registry->mutex);
}

void snapshot_registry_add(struct snapshot_registry *registry, struct snapshot_slot *slot)
{
    atomic_init(&slot->sequence, SNAPSHOT_NONE);
    slot->previous = NULL;
    pthread_mutex_lock(&registry->mutex);
    slot->next = registry->slots;
    if (slot->next != NULL)
        slot->next->previous = slot;
    registry->slots = slot;
    pthread_mutex_unlock(&registry->mutex);
}

void snapshot_registry_remove(struct snapshot_registry *registry, struct snapshot_slot *slot)
{
    pthread_mutex_lock(&registry->mutex);
    if (slot->next != NULL)
        slot->next->previous = slot->previous;
    if (slot->previous != NULL)
        slot->previous->next = slot->next;
    else
        registry->slots = slot->next;
    pthread_mutex_unlock(&registry->mutex);
}

uint64_t snapshot_acquire(struct snapshot_registry *registry, struct snapshot_slot *slot,
                          const atomic_uint_least64_t *newest)
{
    for (;;) {
        uint64_t sequence = atomic_load(newest);

        atomic_store(&slot->sequence, sequence);
        if (atomic_load(&registry->horizon) <= sequence)
            return sequence;
    }
}

void snapshot_release(struct snapshot_slot *slot)
{
    atomic_store_explicit(&slot->sequence, SNAPSHOT_NONE, memory_order_release);
}

uint64_t snapshot_oldest(struct snapshot_registry *registry, uint64_t newest)
{
    uint64_t oldest = newest;

    atomic_raise_unsigned(&registry->horizon, newest);
    pthread_mutex_lock(&registry->mutex);
    for (struct snapshot_slot *slot = registry->slots; slot != NULL; slot = slot->next) {
        uint64_t sequence = atomic_load(&slot->sequence);
        if (sequence < oldest)
            oldest = sequence;
    }
    pthread_mutex_unlock(&registry->mutex);
    return oldest;
}
