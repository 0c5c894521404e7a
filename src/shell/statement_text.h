/* statement_text.h - small truths about the text of statements: how a name or a string is written, which words stand in
 * a text. Nothing here decides what a statement means: that is the library's. */
#ifndef SHELL_STATEMENT_TEXT_H
#define SHELL_STATEMENT_TEXT_H

#include <stdbool.h>
#include <stddef.h>

#include "shell/text_buffer.h"

/* Adds a name, in backquotes when it needs them. */
void add_name(struct text_buffer *to, const char *name);

/* Adds a string literal that holds only characters that a line of a script may hold. */
void add_string_literal(struct text_buffer *to, const char *text, size_t size);

/* A word, number, quoted text or single other character of a statement. */
struct word {
    const char *text;
    size_t size;
    bool is_name;   /* a word, or a text in "" or `` */
    bool is_quoted; /* in quotes of any kind, which `text` includes */
};

/* Finds the next one from *at on, and moves *at behind it; blanks and comments are passed over. False at the end. An
 * open quote or comment goes to the end. */
bool next_word(const char *text, size_t size, size_t *at, struct word *word);

/* Compared without case, as keywords are. */
bool word_is(const struct word *word, const char *keyword);

/* Adds the name of the table that a query reads, as the query writes it; false when it reads none. */
bool add_table_read(struct text_buffer *to, const char *text, size_t size);

#endif
