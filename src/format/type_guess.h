/* type_guess.h - the narrowest type of each column of a file that reads every value and writes the same back.
 *   int     -?(0|[1-9][0-9]*) within 64 bits, but not -0: neither +1 nor 007
 *   float   what JSON calls a number, finite, with at most 17 significant digits that the nearest double gives back
 *           (so 1e400, 9223372036854775808 and 0.1000000000000000055 stay strings); inf, -inf and nan as SSQL writes
 * them, where the column has a number too bool    true and false, in lower case string  all else, a quoted JSON value,
 * and a column without any value One thread at a time. */
#ifndef SSQL_FORMAT_TYPE_GUESS_H
#define SSQL_FORMAT_TYPE_GUESS_H

#include "base/arena.h"
#include "base/type.h"
#include "format/record.h"

struct type_guess;

MUST_CHECK bool type_guess_create(enum record_format format, struct type_guess **out, struct ssql_error *error);
/* Accepts NULL. */
void type_guess_destroy(struct type_guess *guess);

/* Takes the records of a batch into account; columns may come to be in later batches (JSON). Fails with SSQL_NO_MEMORY.
 */
MUST_CHECK bool type_guess_add(struct type_guess *guess, const struct record_batch *batch, struct ssql_error *error);

/* The answer so far; for a column that no batch had: string, with nulls. */
enum ssql_type type_guess_type(const struct type_guess *guess, uint32_t column);

/* True when the column was null or absent in some record (a column that came later was absent before). */
bool type_guess_has_nulls(const struct type_guess *guess, uint32_t column);

/* Longest name that column_names_make makes: NAME_SIZE_MOST of the catalog. */
enum { COLUMN_NAME_MOST = 128 };

/* Names for a table's columns out of a header's: blanks around them and control characters go, an empty one becomes
 * column_1, column_2… by its place, a long one is cut, and one that is there already (in any case of its letters) gets
 * _2, _3… behind it. `headers` may be NULL: column_1… Result: `count` slices in the arena. Fails with SSQL_NO_MEMORY.
 */
MUST_CHECK bool column_names_make(const struct slice *headers, uint32_t count, struct arena *arena,
                                  struct slice **names, struct ssql_error *error);

#endif
