/* literal_rows.h - rows of literals, `(1, 'a', null), (2, 'b', true)`, read straight from the text of a statement,
 * without tokens or a tree: what scripts of inserts consist of. It knows plain literals only and reports no errors;
 * what it does not take is for the grammar to judge. What it takes, the grammar takes too, with the same values. Zeroed
 * memory is an empty one, which is used again from statement to statement. One thread at a time. */
#ifndef SSQL_PARSER_LITERAL_ROWS_H
#define SSQL_PARSER_LITERAL_ROWS_H

#include "base/arena.h"
#include "base/value.h"

struct literal_rows {
    struct value *values; /* row by row; a null has SSQL_TYPE_NULL; strings point into the text, or into `unquoted` */
    size_t count, capacity;
    uint32_t row_count, width;
    struct arena unquoted; /* strings in which a quote was doubled */
};

/* Forgets the values; keeps a moderate amount of memory. */
void literal_rows_reset(struct literal_rows *rows);
void literal_rows_clear(struct literal_rows *rows);

/* Reads rows of one width, or one row without parentheses, from text[*offset] on, after blanks; *offset ends up behind
 * it. False: something else stands there, or they are too many, or memory is out. */
MUST_CHECK bool literal_rows_read(struct literal_rows *rows, const char *text, size_t length, size_t *offset);

/* Reads one literal, which begins at text[*offset], and adds it as one more value. False as above. */
MUST_CHECK bool literal_rows_read_value(struct literal_rows *rows, const char *text, size_t length, size_t *offset);

#endif
