/* expression.h - random expressions that SSQL and SQLite understand alike.
 * What they understand differently is left out, and the reason stands at its place. Ints are bounded so that no
 * arithmetic overflows: SQLite goes over to floats then, SSQL reports an error. Floats are multiples of a power of two,
 * so that their sums are exact in any order. */
#ifndef DIFFERENTIAL_EXPRESSION_H
#define DIFFERENTIAL_EXPRESSION_H

#include "random.h"
#include "schema.h"
#include "text.h"

void add_literal(struct random *random, enum column_type type, struct text *text);

/* Over the columns of `table`, or over none (NULL). */
void add_expression(struct random *random, const struct table *table, enum column_type type, int depth,
                    struct text *text);

/* A value for a column of a key: of few, so that keys meet. */
void add_key_value(struct random *random, const struct table *table, const struct column *column, struct text *text);

/* A condition that is mostly about the key, on which it is read by the key. */
void add_key_condition(struct random *random, const struct table *table, struct text *text);

/* A where clause, or nothing. */
void add_where(struct random *random, const struct table *table, int percent, struct text *text);

#endif
