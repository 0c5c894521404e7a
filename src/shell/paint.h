/* paint.h - shows a text that is being edited on a terminal: in as many rows as it needs, with a prompt before each of
 * its lines, in colours, the cursor at its place. Rows are ended by this, never by the terminal's own wrapping, and
 * widths are counted by grapheme cluster. Zeroed memory is a painter of an empty screen. */
#ifndef SHELL_PAINT_H
#define SHELL_PAINT_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "shell/text_buffer.h"

struct painted_text {
    const char *prompt;
    const char *text;
    size_t size;
    size_t cursor;
    bool is_left; /* the last time: no bracket is pointed at */
};

/* One line of the screen. */
struct screen_row {
    size_t begin, end; /* in `painted` */
    unsigned width;
};

struct painter {
    bool is_coloured;
    struct text_buffer painted;
    struct screen_row *rows;
    size_t row_count, row_capacity;
    size_t first_row;    /* the first that is on the screen */
    unsigned cursor_row; /* below that one */
    unsigned cursor_column;
    uint8_t *styles;
    size_t style_capacity;
    uint8_t style; /* that the terminal was told last */
};

/* Columns and rows of the terminal; 80 and 24 when it does not say. */
void screen_size(unsigned *rows, unsigned *columns);

/* Shows the text where the one before was. A text that has more rows than the screen is shown round the cursor. */
void painter_paint(struct painter *painter, const struct painted_text *text, FILE *to);

/* The screen has another size now, and the terminal may have wrapped what stands there anew. */
void painter_resize(struct painter *painter);

/* The cursor stands at the beginning of an empty line: the next text is painted there. */
void painter_forget(struct painter *painter);
void painter_clear(struct painter *painter);

#endif
