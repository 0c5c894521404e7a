/* external_editor.h - a text in the user's own editor: VISUAL, else EDITOR, else vi. */
#ifndef SHELL_EXTERNAL_EDITOR_H
#define SHELL_EXTERNAL_EDITOR_H

#include "shell/text_buffer.h"

/* Writes the text to a file of its own, runs the editor and reads the file again: the new text without blanks at its
 * end, which the caller frees. NULL when that failed, with the reason in `message`. */
char *external_editor_run(const char *text, struct text_buffer *message);

#endif
