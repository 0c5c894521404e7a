/* display_width.h - how many columns of a terminal a text takes, counted by grapheme cluster, and how text that a
 * terminal must not be given raw is shown. Texts may hold anything: a byte that is not UTF-8 counts as one column. */
#ifndef SHELL_DISPLAY_WIDTH_H
#define SHELL_DISPLAY_WIDTH_H

#include <stdbool.h>
#include <stddef.h>

#include "shell/text_buffer.h"

/* Bytes of the first cluster of a text that is not empty; `width` is set to its columns: 0, 1 or 2. */
size_t display_cluster(const char *text, size_t size, unsigned *width);

/* Columns of a text without control characters. */
size_t display_width(const char *text, size_t size);

/* Adds the text as a terminal may show it: control characters as pictures (␛), newlines as ↵, marks that reorder text
 * as \u{202e}, bytes that are not UTF-8 as the replacement character. */
void display_escape(struct text_buffer *to, const char *text, size_t size);

/* True when display_escape would change nothing. */
bool display_is_plain(const char *text, size_t size);

#endif
