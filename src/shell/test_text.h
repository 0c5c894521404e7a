/* test_text.h - files of text, as tests are: UTF-8 without NUL. */
#ifndef SHELL_TEST_TEXT_H
#define SHELL_TEST_TEXT_H

#include "shell/text_buffer.h"

enum { TEST_FILE_BYTES_MOST = 1 << 29 };

/* Reads a regular file of bearable size. On failure writes one line to `complaint` ("FILE:LINE: error: …") and returns
 * false. */
bool test_text_read(struct text_buffer *text, const char *path, struct text_buffer *complaint);
/* Whether it is UTF-8 without NUL; otherwise says where not. */
bool test_text_is_valid(const struct text_buffer *text, const char *path, struct text_buffer *complaint);
/* Writes a file aside, with the mode of the one that is there, and puts it in its place. False with errno. */
bool test_text_replace(const char *path, const struct text_buffer *text);

/* Bytes of the character that a text of `left` bytes, at least one, begins with; 0: it is no UTF-8. */
size_t text_character_size(const char *text, size_t left);
/* At most `most` bytes of a text, cut between two characters. */
size_t text_cut(const char *text, size_t size, size_t most);

bool path_has_ending(const char *path, const char *ending);

/* Adds a text as a word of the command line, in quotes when it needs them. */
void text_add_shell_word(struct text_buffer *to, const char *text);

#endif
