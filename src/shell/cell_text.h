/* cell_text.h - a value of the current row, as it is shown. */
#ifndef SHELL_CELL_TEXT_H
#define SHELL_CELL_TEXT_H

#include <ssql.h>
#include <stddef.h>

/* The value in column `i` as text, terminated, as long as the row lives; NULL is a null, and nothing else: without
 * memory for a text the program ends, so that no value is ever taken for a null. `size` may be NULL. */
const char *cell_text(ssql_stmt *statement, int i, size_t *size);

#endif
