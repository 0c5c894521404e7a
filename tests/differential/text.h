/* text.h - one statement, written in two languages at the same time. */
#ifndef DIFFERENTIAL_TEXT_H
#define DIFFERENTIAL_TEXT_H

#include <stddef.h>

struct text_side {
    char *at, *end;
};

struct text {
    struct text_side ssql, sqlite;
};

/* Adds the same to both. There must be room: statements have a size that no generator exceeds. */
__attribute__((format(printf, 2, 3))) void text_add(struct text *text, const char *format, ...);

/* Adds what the two languages spell differently. */
void text_add_apart(struct text *text, const char *ssql, const char *sqlite);

#endif
