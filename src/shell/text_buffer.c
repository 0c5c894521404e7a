#include "shell/text_buffer.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { FIRST_CAPACITY = 128, READ_PIECE = 1 << 16 };

void end_without_memory(void)
{
    fputs("ssql: out of memory\n", stderr);
    _exit(2);
}

void *must_reallocate(void *memory, size_t size)
{
    void *moved = realloc(memory, size == 0 ? 1 : size);

    if (moved == NULL)
        end_without_memory();
    return moved;
}

void *must_allocate(size_t size)
{
    return memset(must_reallocate(NULL, size), 0, size);
}

char *must_copy(const char *bytes, size_t size)
{
    char *copy = must_reallocate(NULL, size + 1);

    if (size > 0)
        memcpy(copy, bytes, size);
    copy[size] = '\0';
    return copy;
}

void text_clear(struct text_buffer *text)
{
    free(text->data);
    *text = (struct text_buffer){0};
}

char *text_reserve(struct text_buffer *text, size_t size)
{
    size_t least = text->size + size + 1;

    if (least > text->capacity) {
        size_t capacity = text->capacity == 0 ? FIRST_CAPACITY : text->capacity;
        while (capacity < least)
            capacity *= 2;
        text->data = must_reallocate(text->data, capacity);
        text->capacity = capacity;
    }
    return text->data + text->size;
}

void text_add(struct text_buffer *text, const char *bytes, size_t size)
{
    char *to = text_reserve(text, size);

    if (size > 0)
        memcpy(to, bytes, size);
    text->size += size;
    text->data[text->size] = '\0';
}

void text_add_string(struct text_buffer *text, const char *string)
{
    text_add(text, string, strlen(string));
}

void text_add_char(struct text_buffer *text, char byte)
{
    text_add(text, &byte, 1);
}

void text_add_code_point(struct text_buffer *text, uint32_t code_point)
{
    static const unsigned char leads[] = {0, 0, 0xC0, 0xE0, 0xF0};
    int size = code_point < 0x80 ? 1 : code_point < 0x800 ? 2 : code_point < 0x10000 ? 3 : 4;

    if (size == 1) {
        text_add_char(text, (char)code_point);
        return;
    }
    text_add_char(text, (char)(leads[size] | (code_point >> (6 * (size - 1)))));
    for (int i = size - 2; i >= 0; i--)
        text_add_char(text, (char)(0x80 | ((code_point >> (6 * i)) & 0x3F)));
}

void text_format_list(struct text_buffer *text, const char *format, va_list arguments)
{
    va_list again;

    va_copy(again, arguments);
    int size = vsnprintf(NULL, 0, format, arguments);
    assert(size >= 0);
    vsnprintf(text_reserve(text, (size_t)size), (size_t)size + 1, format, again);
    va_end(again);
    text->size += (size_t)size;
}

void text_format(struct text_buffer *text, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    text_format_list(text, format, arguments);
    va_end(arguments);
}

bool text_read_file(struct text_buffer *text, const char *path)
{
    int file = open(path, O_RDONLY | O_CLOEXEC);

    if (file < 0)
        return false;
    for (;;) {
        ssize_t got = read(file, text_reserve(text, READ_PIECE), READ_PIECE);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0) {
            int failure = errno;
            close(file);
            errno = failure;
            text->data[text->size] = '\0';
            return got == 0;
        }
        text->size += (size_t)got;
    }
}

void text_add_count(struct text_buffer *text, int64_t count)
{
    char digits[24];
    int size = snprintf(digits, sizeof digits, "%" PRId64, count);

    for (int i = 0; i < size; i++) {
        text_add_char(text, digits[i]);
        if (digits[i] != '-' && i + 1 < size && (size - i - 1) % 3 == 0)
            text_add_char(text, ',');
    }
}
