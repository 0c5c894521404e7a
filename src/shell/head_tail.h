/* head_tail.h - the rows of a result that are to be shown under each other: all that wait until widths are settled, or
 * the first and the last of a long one. What it keeps does not grow with the result.
 * Life: zeroed, head_tail_init, any calls, head_tail_clear. */
#ifndef SHELL_HEAD_TAIL_H
#define SHELL_HEAD_TAIL_H

#include <stdbool.h>
#include <stdint.h>

#include "shell/text_buffer.h"

/* A cell as it will be seen. */
struct cell {
    size_t begin, size; /* in the text of its row */
    size_t width;       /* columns of a terminal */
    bool is_null;
};

struct shown_row {
    struct text_buffer text;
    struct cell *cells;
};

struct head_tail {
    size_t columns;
    struct shown_row *rows; /* the first `head_most`, then a ring of the last `tail_most` */
    size_t head_most, tail_most;
    size_t allocated;
    int64_t count; /* rows that were added */
    size_t bytes;  /* of the texts that are kept */
};

/* Keeps the first `head_most` rows and, of those behind, the last `tail_most`. */
void head_tail_init(struct head_tail *kept, size_t columns, size_t head_most, size_t tail_most);

/* The place for the next row, empty. With tail_most 0, no more than head_most rows may be added before head_tail_reset.
 */
struct shown_row *head_tail_add(struct head_tail *kept);

/* To be called when the row that was added last is filled. */
void head_tail_added(struct head_tail *kept, const struct shown_row *row);

/* How many rows are kept, and the i-th of them in their order, from 0. */
size_t head_tail_kept(const struct head_tail *kept);
struct shown_row *head_tail_row(const struct head_tail *kept, size_t i);

/* How many rows were added between the first and the last that are kept, and the number of kept ones before them. */
int64_t head_tail_left_out(const struct head_tail *kept);

/* Forgets all rows; their memory is used again. */
void head_tail_reset(struct head_tail *kept);
void head_tail_clear(struct head_tail *kept);

#endif
