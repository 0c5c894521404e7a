/* highlight.h - what the bytes of a text that is being typed are, for colours and for the prompts of further lines. The
 * library's own scanner says what is a keyword, a string, a comment; brackets and quotes without a partner are wrong.
 */
#ifndef SHELL_HIGHLIGHT_H
#define SHELL_HIGHLIGHT_H

#include <stddef.h>
#include <stdint.h>

enum text_style {
    STYLE_PLAIN,
    STYLE_KEYWORD,
    STYLE_NAME, /* in backquotes */
    STYLE_STRING,
    STYLE_NUMBER,
    STYLE_PARAMETER,
    STYLE_COMMENT,
    STYLE_COMMAND, /* a dot command */
    STYLE_WRONG,
    STYLE_MATCH, /* the bracket at the cursor, and its partner */
};

/* Sets `styles`, one for each byte from `begin` to `end` of the text. Looks only at the statements that these bytes
 * belong to, but for finding where they begin. `cursor` SIZE_MAX: none. */
void highlight(const char *text, size_t size, size_t cursor, size_t begin, size_t end, uint8_t *styles);

/* What a terminal is told to show a style; "" for STYLE_PLAIN. */
const char *style_sequence(uint8_t style);
extern const char style_end[];

/* The sign that the prompt of a line shows when the end of the line before it is of that style: ' in a string … */
char style_sign(uint8_t style);

#endif
