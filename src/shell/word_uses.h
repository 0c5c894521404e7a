/* word_uses.h - how often words were used in statements, so that those that are used often can be offered first. Zeroed
 * memory holds none. */
#ifndef SHELL_WORD_USES_H
#define SHELL_WORD_USES_H

#include <stddef.h>

struct word_use {
    char *word; /* in lower case, without quotes; NULL: a free slot */
    size_t count;
};

struct word_uses {
    struct word_use *slots;
    size_t count, capacity; /* the capacity is a power of two */
};

/* Counts the words of a text of statements. */
void word_uses_add(struct word_uses *uses, const char *text);

/* How often a word (with or without quotes or a parenthesis behind it) was used. */
size_t word_uses_count(const struct word_uses *uses, const char *word);
void word_uses_clear(struct word_uses *uses);

#endif
