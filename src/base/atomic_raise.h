/* atomic_raise.h - a number that several threads raise and none lowers. */
#ifndef SSQL_BASE_ATOMIC_RAISE_H
#define SSQL_BASE_ATOMIC_RAISE_H

#include <stdatomic.h>
#include <stdint.h>

/* Makes the number at least `wanted`. Any thread; sequentially consistent. */
static inline void atomic_raise_unsigned(atomic_uint_least64_t *number, uint_least64_t wanted)
{
    uint_least64_t before = atomic_load(number);

    while (before < wanted && !atomic_compare_exchange_weak(number, &before, wanted))
        ;
}

static inline void atomic_raise_signed(atomic_int_least64_t *number, int_least64_t wanted)
{
    int_least64_t before = atomic_load_explicit(number, memory_order_relaxed);

    while (before < wanted && !atomic_compare_exchange_weak(number, &before, wanted))
        ;
}

#endif
