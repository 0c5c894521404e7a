/* utf8.h - checking and walking UTF-8. */
#ifndef SSQL_BASE_UTF8_H
#define SSQL_BASE_UTF8_H

#include "base/slice.h"

/* Bytes of the longest valid prefix; text.size when all of it is valid UTF-8 (no surrogates, no overlong forms). */
size_t utf8_valid_prefix(struct slice text);

/* Code points in valid UTF-8. */
size_t utf8_length(struct slice text);

/* Byte offset of the `index`-th code point (text.size when there are fewer). */
size_t utf8_offset(struct slice text, size_t index);

/* Writes a code point, at most 4 bytes; returns how many, 0 for a number that is no scalar value. */
size_t utf8_encode(uint32_t code_point, uint8_t bytes[4]);

#endif
