/* edit.h - the line editor: one text of several lines, with history and completion. One implementation is built in:
 * edit_readline.c, edit_libedit.c or edit_none.c; no other file knows of their libraries.
 * Threads: one; there is one editor at a time. */
#ifndef SHELL_EDIT_H
#define SHELL_EDIT_H

#include <stdbool.h>
#include <stddef.h>

struct edit_hooks {
    /* True when Enter shall run the text. */
    bool (*is_complete)(void *owner, const char *text, size_t size);
    /* The i-th word that may stand where the word from `begin` to `end` stands, or NULL past the last. The caller frees
     * it. The result for 0 starts afresh. */
    char *(*complete)(void *owner, const char *text, size_t begin, size_t end, int i);
    void *owner;
};

enum edit_result {
    EDIT_TEXT,        /* a text to be run */
    EDIT_END,         /* end of the input */
    EDIT_DROPPED,     /* Ctrl-C took the text away */
    EDIT_EMPTY_BREAK, /* Ctrl-C without a text */
};

void edit_start(const struct edit_hooks *hooks);

/* Reads a text; *text is the caller's to free, NULL unless EDIT_TEXT. `prompt` and `next_prompt` (of further lines)
 * have the same width. */
enum edit_result edit_read(const char *prompt, const char *next_prompt, char **text);

/* Adds a text to those that Up finds. */
void edit_remember(const char *text);

/* Also after a failure to start; gives the terminal back. */
void edit_stop(void);

/* "GNU readline 8.2", and the licence of a program that holds it. */
const char *edit_library(void);
const char *edit_licence(void);

#endif
