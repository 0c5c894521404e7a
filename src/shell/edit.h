/* edit.h - the line editor: one text of several lines, with history and completion. One implementation is built in:
 * edit_readline.c, edit_libedit.c or edit_none.c; no other file knows of their libraries.
 * Threads: one; there is one editor at a time. */
#ifndef SHELL_EDIT_H
#define SHELL_EDIT_H

#include <stdbool.h>
#include <stddef.h>

#include "shell/highlight.h"

/* A word that can stand at the cursor. */
struct edit_word {
    char *text;   /* as it is written */
    char *detail; /* what a list says about it; "" nothing */
};

struct edit_words {
    struct edit_word *items; /* the likeliest first */
    size_t count;
    size_t begin; /* they replace what stands between here and the cursor */
    char closing; /* the quote that ends a word that is the only one; 0: a blank does */
};

struct edit_hooks {
    /* True when Enter shall run the text. */
    bool (*is_complete)(void *owner, const char *text, size_t size);
    /* What can stand at `at`; valid until the next call. */
    const struct edit_words *(*complete)(void *owner, const char *text, size_t size, size_t at);
    /* Gives the text to another program to edit: the new text, which the caller frees, or NULL when that failed, which
     * was reported. */
    char *(*edit_elsewhere)(void *owner, const char *text);
    void *owner;
    bool is_coloured;
};

enum edit_result {
    EDIT_TEXT,        /* a text to be run */
    EDIT_END,         /* end of the input */
    EDIT_DROPPED,     /* Ctrl-C took the text away */
    EDIT_EMPTY_BREAK, /* Ctrl-C without a text */
};

void edit_start(const struct edit_hooks *hooks);

/* Reads a text; *text is the caller's to free: what was typed, also when it was dropped, else NULL. */
enum edit_result edit_read(const char *prompt, char **text);

/* The next edit_read begins with this text. Without a library it is taken as if it had been typed. */
void edit_prepare(const char *text);

/* Adds a text to those that Up finds. */
void edit_remember(const char *text);

/* Also after a failure to start; gives the terminal back. */
void edit_stop(void);

/* "GNU readline 8.2", and the licence of a program that holds it. */
const char *edit_library(void);
const char *edit_licence(void);

#endif
