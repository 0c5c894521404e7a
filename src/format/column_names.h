/* column_names.h - names for the columns of a new table, out of what a file's header says. */
#ifndef SSQL_FORMAT_COLUMN_NAMES_H
#define SSQL_FORMAT_COLUMN_NAMES_H

#include "base/arena.h"

/* Longest name that column_names_make makes: NAME_SIZE_MOST of the catalog. */
enum { COLUMN_NAME_MOST = 128 };

/* Names for a table's columns out of a header's: blanks around them and control characters go, an empty one becomes
 * column_1, column_2… by its place, a long one is cut, and one that is there already (in any case of its letters) gets
 * _2, _3… behind it. `headers` may be NULL: column_1… Result: `count` slices in the arena. Fails with SSQL_NO_MEMORY.
 */
MUST_CHECK bool column_names_make(const struct slice *headers, uint32_t count, struct arena *arena,
                                  struct slice **names, struct ssql_error *error);

#endif
