/* single_step.h - lets something happen between any two machine instructions of a piece of code, as another thread
 * might: races become certain, one after the other. By the processor's trap flag; x86-64 only, and not beside the
 * thread sanitizer, which puts signals off. */
#ifndef SSQL_TESTS_SINGLE_STEP_H
#define SSQL_TESTS_SINGLE_STEP_H

#include <stdbool.h>
#include <stdint.h>

bool single_step_is_possible(void);

/* Runs `work`; behind its instruction number `step` (from 1), once, `intrude` comes between. Both get `context` and run
 * in this thread: `intrude` takes no lock that `work` may hold and does not allocate if `work` does. False: `work` was
 * over before. One thread of a process at a time. */
bool run_with_intrusion(void (*work)(void *context), void (*intrude)(void *context), void *context, uint64_t step);

#endif
