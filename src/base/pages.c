#include "base/pages.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum {
    SMALL_SIZE = 64 << 10,
    CACHE_LINE = 64,
    PAGE_LEAST = 4096,    /* of all systems: places that are mapped lie on multiples of it */
    PAGE_MOST = 64 << 10, /* what is unmapped begins on a multiple of it, or the system would refuse */
};

static size_t round_up(size_t size, size_t unit)
{
    return (size + unit - 1) / unit * unit;
}

static uint8_t *alloc_small(size_t size)
{
    size_t rounded = round_up(size == 0 ? 1 : size, CACHE_LINE);
    uint8_t *bytes = aligned_alloc(CACHE_LINE, rounded);

    if (bytes != NULL)
        memset(bytes, 0, rounded);
    return bytes;
}

/* Maps more than is wanted and gives back what lies before the first and behind the last place that fits. */
static uint8_t *map_aligned(size_t size)
{
    size_t slack = PAGES_HUGE - PAGE_LEAST;
    uint8_t *mapped = mmap(NULL, size + slack, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (mapped == MAP_FAILED)
        return NULL;
    size_t before = round_up((uintptr_t)mapped, PAGES_HUGE) - (uintptr_t)mapped;
    if (before > 0)
        (void)munmap(mapped, before);
    if (before < slack)
        (void)munmap(mapped + before + size, slack - before);
    (void)madvise(mapped + before, size, MADV_HUGEPAGE); /* an advice: refused where the kernel has none */
    return mapped + before;
}

uint8_t *pages_alloc(size_t size)
{
    if (size < SMALL_SIZE)
        return alloc_small(size);
    size = round_up(size, PAGE_MOST);
    if (size >= PAGES_HUGE)
        return map_aligned(size);
    void *mapped = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return mapped == MAP_FAILED ? NULL : mapped;
}

void pages_free(uint8_t *pages, size_t size)
{
    if (size < SMALL_SIZE)
        free(pages);
    else if (pages != NULL)
        (void)munmap(pages, round_up(size, PAGE_MOST));
}
