/* suggestion.h - the names that somebody may have meant. The measure is that of the library (src/base/nearest.h), which
 * the shell cannot include; tests/unit/base/suggestion.c compares the two. */
#ifndef SHELL_SUGGESTION_H
#define SHELL_SUGGESTION_H

#include <stdbool.h>

#include "shell/text_buffer.h"

/* The i-th name, from 0; NULL past the last. */
typedef const char *suggestion_name(int i);

/* Names as near as they can be; NULL where there is none. */
struct suggestion {
    const char *best, *second; /* just as near: never without `best` */
};

struct suggestion suggestion_find_all(const char *typed, suggestion_name *name_at);

/* The name nearest to what was typed (letters swapped, left out, added or mistaken), or NULL when none is near. */
const char *suggestion_find(const char *typed, suggestion_name *name_at);

/* Adds `did you mean A?`, or `did you mean A or B?`, with `quote` round each name. False: none is near. */
bool suggestion_hint(struct text_buffer *to, const char *typed, suggestion_name *name_at, const char *quote);

#endif
