/* letters.h - single letters and words of ASCII, whatever the host program's locale thinks of them. */
#ifndef SSQL_FORMAT_LETTERS_H
#define SSQL_FORMAT_LETTERS_H

#include "base/slice.h"

static inline uint8_t lower_letter(uint8_t byte)
{
    return byte >= 'A' && byte <= 'Z' ? byte | 0x20 : byte;
}

/* 0..15, or -1 for what is no hexadecimal digit. */
static inline int hex_digit(uint8_t byte)
{
    if (byte >= '0' && byte <= '9')
        return byte - '0';
    byte = lower_letter(byte);
    return byte >= 'a' && byte <= 'f' ? byte - 'a' + 10 : -1;
}

/* Whether a text is a word, which is given in lower case, in any case of its letters. */
static inline bool is_word(struct slice text, const char *word)
{
    size_t i = 0;

    while (i < text.size && word[i] != '\0' && lower_letter(text.data[i]) == (uint8_t)word[i])
        i++;
    return i == text.size && word[i] == '\0';
}

#endif
