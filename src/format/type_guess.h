/* type_guess.h - the narrowest type of each column of a file that reads every value and writes the same back.
 *   int     -?(0|[1-9][0-9]*) within 64 bits, but not -0: neither +1 nor 007
 *   float   what JSON calls a number, finite, with at most 17 significant digits that the nearest double gives back
 *           (so 1e400, 9223372036854775808 and 0.1000000000000000055 stay strings); inf, -inf and nan as SSQL writes
 * them, where the column has a number too bool    true and false, in lower case string  all else, a quoted JSON value,
 * and a column without any value One thread at a time. */
#ifndef SSQL_FORMAT_TYPE_GUESS_H
#define SSQL_FORMAT_TYPE_GUESS_H

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

#endif
