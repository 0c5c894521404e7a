/* text_buffer.h - text that grows. The program ends when memory does: the shell has nothing to save then that the
 * library does not keep safe. Zeroed memory is an empty text. */
#ifndef SHELL_TEXT_BUFFER_H
#define SHELL_TEXT_BUFFER_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct text_buffer {
    char *data; /* terminated once something was added; NULL before */
    size_t size;
    size_t capacity;
};

void text_clear(struct text_buffer *text); /* frees it; empty again */
static inline void text_reset(struct text_buffer *text)
{
    text->size = 0;
    if (text->data != NULL)
        text->data[0] = '\0';
}
/* Room for `size` more bytes behind the text (and the terminator). */
char *text_reserve(struct text_buffer *text, size_t size);
void text_add(struct text_buffer *text, const char *bytes, size_t size);
void text_add_string(struct text_buffer *text, const char *string);
void text_add_char(struct text_buffer *text, char byte);
void text_add_code_point(struct text_buffer *text, uint32_t code_point); /* as UTF-8; no surrogate, at most 0x10FFFF */
void text_format(struct text_buffer *text, const char *format, ...) __attribute__((format(printf, 2, 3)));
void text_format_list(struct text_buffer *text, const char *format, va_list arguments)
    __attribute__((format(printf, 2, 0)));
/* A number with commas between thousands: 1,000,000. */
void text_add_count(struct text_buffer *text, int64_t count);
/* Never NULL. */
static inline const char *text_string(const struct text_buffer *text)
{
    return text->data == NULL ? "" : text->data;
}

/* Ends the program with a message and status 2; malloc, realloc, strdup that do so when memory is out. */
_Noreturn void end_without_memory(void);
void *must_allocate(size_t size);
void *must_reallocate(void *memory, size_t size);
char *must_copy(const char *bytes, size_t size); /* terminated */

/* The whole of a file, or false with errno. */
bool text_read_file(struct text_buffer *text, const char *path);

#endif
