/* bytes.h - little-endian numbers at any address: the only way in which a file's fields are read and written. */
#ifndef SSQL_BASE_BYTES_H
#define SSQL_BASE_BYTES_H

#include <stdint.h>
#include <string.h>

#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "bytes.h needs byte swaps on this machine"
#endif

static inline uint16_t load_u16le(const void *from)
{
    uint16_t value;
    memcpy(&value, from, sizeof value);
    return value;
}

static inline uint32_t load_u32le(const void *from)
{
    uint32_t value;
    memcpy(&value, from, sizeof value);
    return value;
}

static inline uint64_t load_u64le(const void *from)
{
    uint64_t value;
    memcpy(&value, from, sizeof value);
    return value;
}

static inline void store_u16le(void *to, uint16_t value)
{
    memcpy(to, &value, sizeof value);
}

static inline void store_u32le(void *to, uint32_t value)
{
    memcpy(to, &value, sizeof value);
}

static inline void store_u64le(void *to, uint64_t value)
{
    memcpy(to, &value, sizeof value);
}

/* Big-endian, whose byte order is the numbers' order: key heads. */
static inline uint64_t load_u64be(const void *from)
{
    return __builtin_bswap64(load_u64le(from));
}

static inline void store_u64be(void *to, uint64_t value)
{
    store_u64le(to, __builtin_bswap64(value));
}

#endif
