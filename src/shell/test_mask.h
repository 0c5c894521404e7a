/* test_mask.h - `--@ mask /REGEX/ TEXT`: what differs from run to run becomes a text that does not. */
#ifndef SHELL_TEST_MASK_H
#define SHELL_TEST_MASK_H

#include <regex.h>

#include "shell/text_buffer.h"

struct mask {
    regex_t pattern; /* POSIX, extended */
    char *text;
};

/* Reads "/REGEX/ TEXT"; the last slash ends the expression. False, with one sentence in `complaint`. */
bool mask_init(struct mask *mask, const char *argument, struct text_buffer *complaint);
void mask_clear(struct mask *mask);

/* Puts the text in place of every match, line by line. */
void mask_apply(const struct mask *mask, struct text_buffer *lines);

#endif
