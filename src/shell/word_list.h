/* word_list.h - the words that Tab offers, as they are listed and as far as they are the same. */
#ifndef SHELL_WORD_LIST_H
#define SHELL_WORD_LIST_H

#include "shell/edit.h"
#include "shell/text_buffer.h"

/* Adds the lines of a list, at most as many as a screen of `rows` by `columns` bears; the last says what is left out.
 */
void word_list_write(struct text_buffer *to, const struct edit_words *words, unsigned rows, unsigned columns,
                     bool is_coloured);

/* Bytes that all words begin with, without regard to case. */
size_t word_list_shared(const struct edit_words *words);

#endif
