/* test_diff.h - comparing and showing what was expected and what came. */
#ifndef SHELL_TEST_DIFF_H
#define SHELL_TEST_DIFF_H

#include "shell/text_buffer.h"

/* Both texts are lines without marks. "..." in an expected line stands for any text, as a line of its own for any
 * lines. */
bool test_lines_match(const char *expected, const char *actual);

/* The expected lines of a file: the text between the marks "-->" and the line ends, as lines without marks. */
void test_strip_marks(const char *text, size_t size, struct text_buffer *lines);
/* The reverse, for writing. */
void test_add_marks(const char *lines, struct text_buffer *text);

/* Appends a unified diff (three lines of context), coloured or not. */
void test_add_diff(const char *expected, const char *actual, bool coloured, struct text_buffer *out);

/* Appends what a program says of the two, which it is given as files in a directory: `command` EXPECTED ACTUAL. */
void test_add_diff_by(const char *command, const char *directory, const char *expected, const char *actual,
                      struct text_buffer *out);

#endif
