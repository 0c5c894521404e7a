/* slice.h - bytes that somebody else owns: a pointer and a length. Never terminated. */
#ifndef SSQL_BASE_SLICE_H
#define SSQL_BASE_SLICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct slice {
    const uint8_t *data; /* may be NULL when size is 0 */
    size_t size;
};

static inline struct slice slice_make(const void *data, size_t size)
{
    return (struct slice){.data = data, .size = size};
}

static inline struct slice slice_of(const char *text)
{
    return slice_make(text, strlen(text));
}

/* Byte order, a prefix before what it begins: negative, 0 or positive. */
static inline int slice_compare(struct slice left, struct slice right)
{
    size_t shorter = left.size < right.size ? left.size : right.size;
    int order = shorter == 0 ? 0 : memcmp(left.data, right.data, shorter);

    if (order != 0)
        return order;
    return (left.size > right.size) - (left.size < right.size);
}

static inline bool slice_equal(struct slice left, struct slice right)
{
    return left.size == right.size && (left.size == 0 || memcmp(left.data, right.data, left.size) == 0);
}

/* printf("%.*s", SLICE_PRINT(slice)) */
#define SLICE_PRINT(slice) (int)(slice).size, (const char *)(slice).data

#endif
