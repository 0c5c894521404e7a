/* suggestion.h - the name that somebody may have meant. */
#ifndef SHELL_SUGGESTION_H
#define SHELL_SUGGESTION_H

/* The i-th name, from 0; NULL past the last. */
typedef const char *suggestion_name(int i);

/* The name nearest to what was typed (letters swapped, left out, added or mistaken), or NULL when none is near. */
const char *suggestion_find(const char *typed, suggestion_name *name_at);

#endif
