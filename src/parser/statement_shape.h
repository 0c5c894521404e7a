/* statement_shape.h - a statement's text without its literals, so that statements which differ in nothing else can
 * share a plan. Found by a glance at the text, without tokens or a tree, for two kinds of statement:
 *   - inserts of rows of literals: the shape is what stands before the rows, their width, and what stands behind them;
 *   - updates, deletes and queries: literals after `=` that are a whole side of it, in `set` and `where`. Literals that
 *     stand elsewhere are part of the shape.
 * The text of a shape, a `?` for each literal, is a statement whose parameters mean what the literals meant.
 * Threads: one at a time. */
#ifndef SSQL_PARSER_STATEMENT_SHAPE_H
#define SSQL_PARSER_STATEMENT_SHAPE_H

#include "parser/literal_rows.h"

struct statement_shape {
    bool has_rows; /* an insert */
    struct slice head,
        tail; /* around the rows; without rows, `head` is the text with the `?` in it, and the tail empty */
    struct literal_rows rows; /* the literals; without rows of an insert, one row */
    size_t consumed;          /* bytes of the text up to the statement's end, its `;` included */
    struct buffer text;       /* what `head` points into, where it is no part of the text */
};

/* Zeroed memory is an empty one. */
void statement_shape_clear(struct statement_shape *shape);

/* Where the first word of the text is, after blanks. */
size_t statement_shape_begin(const char *text, size_t length);

/* Reads the shape of the first statement of the text, borrowing its bytes. `head_size`, if not 0: text + begin is known
 * to begin with the head of an insert, of that size. False: it has none that is known here; the statement may be wrong
 * or right. */
MUST_CHECK bool statement_shape_read(struct statement_shape *shape, const char *text, size_t length, size_t begin,
                                     size_t head_size);

/* Adds the text that stands for all statements of the shape. Failures are kept in the buffer. */
void statement_shape_append_text(const struct statement_shape *shape, struct buffer *text);

#endif
