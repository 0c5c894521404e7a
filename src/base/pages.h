/* pages.h - large pieces of memory that the system takes back when they are freed. What malloc has grown for is often
 * not returned, because something small that lives longer lies above it; memory that is bounded by a limit must be. */
#ifndef SSQL_BASE_PAGES_H
#define SSQL_BASE_PAGES_H

#include <stddef.h>
#include <stdint.h>

/* Zeroed; aligned to a cache line, from PAGES_HUGE on to that size and in huge pages where the system has them. NULL when
 * there is none. Small pieces come from malloc. Any thread. */
enum { PAGES_HUGE = 2 << 20 };
uint8_t *pages_alloc(size_t size);

/* The same size as it was allocated with. Accepts NULL. */
void pages_free(uint8_t *pages, size_t size);

#endif
