/* buffer.h - bytes that grow: where text and records are put together. Zeroed memory is an empty buffer. */
#ifndef SSQL_BASE_BUFFER_H
#define SSQL_BASE_BUFFER_H

#include "base/error.h"
#include "base/slice.h"

struct buffer {
    uint8_t *data;
    size_t size;
    size_t capacity;
    bool failed; /* an append ran out of memory; stays true until buffer_clear */
};

/* Frees the bytes; the buffer is empty again and may be used. */
void buffer_clear(struct buffer *buffer);

/* Keeps the memory, forgets the bytes and a failure. */
static inline void buffer_reset(struct buffer *buffer)
{
    buffer->size = 0;
    buffer->failed = false;
}

/* Room for `size` more bytes at data + size, which the caller fills and adds to `size`; NULL when out of memory. */
uint8_t *buffer_reserve(struct buffer *buffer, size_t size);

/* The appenders keep a failure in `failed`, so that a run of them is checked once. */
void buffer_append(struct buffer *buffer, const void *data, size_t size);
void buffer_append_text(struct buffer *buffer, const char *text);
void buffer_append_byte(struct buffer *buffer, uint8_t byte);
void buffer_append_u32le(struct buffer *buffer, uint32_t value);
void buffer_append_u64le(struct buffer *buffer, uint64_t value);
void buffer_printf(struct buffer *buffer, const char *format, ...) PRINTF_LIKE(2, 3);

static inline struct slice buffer_slice(const struct buffer *buffer)
{
    return slice_make(buffer->data, buffer->size);
}

#endif
