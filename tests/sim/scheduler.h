/* scheduler.h - threads whose order, and time, follow from the seed. While it is on, one thread runs at a time. Another
 * gets its turn only where the running one waits for a lock, a condition or a time, yields, or is made slow at an
 * operation of the volume. The clock is its own: waiting takes no time of the world.
 *
 * The linker leads the engine's calls of pthread_create and its kin, and of the clock, here (--wrap,
 * cmake/sim_tests.cmake); while it is off they are the real ones. Threads that were started while it is on end before
 * it goes off. */
#ifndef SSQL_SIM_SCHEDULER_H
#define SSQL_SIM_SCHEDULER_H

#include <stdint.h>

/* From the thread that is the first to run. */
void scheduler_start(uint64_t seed);
void scheduler_stop(void);

/* The operation at hand takes long: others may overtake it. Draws by itself how long, mostly not at all. */
void scheduler_slow_operation(void);
/* Time passes, and every other thread goes on until it waits for something else than that. */
void scheduler_pass(uint64_t milliseconds);

/* How often a thread took over from another. */
uint64_t scheduler_switches(void);

#endif
