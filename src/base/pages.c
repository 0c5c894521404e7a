#include "base/pages.h"

#include <stdlib.h>
#include <sys/mman.h>

enum { SMALL_SIZE = 64 << 10, CACHE_LINE = 64 };

static size_t round_up(size_t size)
{
    return (size + CACHE_LINE - 1) / CACHE_LINE * CACHE_LINE;
}

uint8_t *pages_alloc(size_t size)
{
    if (size < SMALL_SIZE)
        return aligned_alloc(CACHE_LINE, round_up(size == 0 ? 1 : size));
    void *pages = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return pages == MAP_FAILED ? NULL : pages;
}

void pages_free(uint8_t *pages, size_t size)
{
    if (size < SMALL_SIZE)
        free(pages);
    else if (pages != NULL)
        (void)munmap(pages, size);
}
