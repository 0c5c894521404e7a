/* help_codes.h - what the code of an error (its SQLSTATE) means: .help 42703, `ssql help 42703`. */
#ifndef SHELL_HELP_CODES_H
#define SHELL_HELP_CODES_H

#include "shell/text_buffer.h"

/* Texts of whole sentences; lines of the example are separated by newlines. */
struct help_code {
    const char *sqlstate;
    const char *name;    /* "unknown column" */
    const char *meaning; /* what has happened */
    const char *cause;   /* why, mostly */
    const char *remedy;  /* what to do */
    const char *example; /* a statement, or what was done, and the message that comes of it */
};

/* NULL: no error has such a code. Letters may be small. */
const struct help_code *help_code_find(const char *sqlstate);

/* The i-th code, from 0, in their order; NULL past the last. */
const char *help_code_name(int i);

/* Adds all that there is to say about a code. */
void help_code_add(struct text_buffer *to, const struct help_code *code);

#endif
