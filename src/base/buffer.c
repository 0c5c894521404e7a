#include "base/buffer.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/bytes.h"

enum { BUFFER_FIRST_CAPACITY = 256 };

void buffer_clear(struct buffer *buffer)
{
    free(buffer->data);
    *buffer = (struct buffer){0};
}

uint8_t *buffer_reserve(struct buffer *buffer, size_t size)
{
    if (buffer->failed)
        return NULL;
    if (buffer->capacity - buffer->size >= size && buffer->data != NULL)
        return buffer->data + buffer->size;
    if (size > SIZE_MAX / 2 - buffer->size) {
        buffer->failed = true;
        return NULL;
    }
    size_t capacity = buffer->capacity == 0 ? BUFFER_FIRST_CAPACITY : buffer->capacity;
    while (capacity - buffer->size < size)
        capacity *= 2;
    uint8_t *data = realloc(buffer->data, capacity);
    if (data == NULL) {
        buffer->failed = true;
        return NULL;
    }
    buffer->data = data;
    buffer->capacity = capacity;
    return data + buffer->size;
}

void buffer_append(struct buffer *buffer, const void *data, size_t size)
{
    if (size == 0)
        return;
    uint8_t *to = buffer_reserve(buffer, size);
    if (to == NULL)
        return;
    memcpy(to, data, size);
    buffer->size += size;
}

void buffer_append_text(struct buffer *buffer, const char *text)
{
    buffer_append(buffer, text, strlen(text));
}

void buffer_append_byte(struct buffer *buffer, uint8_t byte)
{
    buffer_append(buffer, &byte, 1);
}

void buffer_append_u32le(struct buffer *buffer, uint32_t value)
{
    uint8_t bytes[4];

    store_u32le(bytes, value);
    buffer_append(buffer, bytes, sizeof bytes);
}

void buffer_append_u64le(struct buffer *buffer, uint64_t value)
{
    uint8_t bytes[8];

    store_u64le(bytes, value);
    buffer_append(buffer, bytes, sizeof bytes);
}

void buffer_printf(struct buffer *buffer, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    int length = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    assert(length >= 0); /* no wide characters are printed, and nothing as long as an int can count */
    uint8_t *to = buffer_reserve(buffer, (size_t)length + 1);
    if (to == NULL)
        return;
    va_start(arguments, format);
    vsnprintf((char *)to, (size_t)length + 1, format, arguments);
    va_end(arguments);
    buffer->size += (size_t)length;
}
