/* statement.h - random statements that SSQL and SQLite understand alike.
 * What they understand differently is left out; statement.c says what and why at each place. Spelling alone differs in
 * one form, `upsert into`, which is `replace into` in SQLite. */
#ifndef DIFFERENTIAL_STATEMENT_H
#define DIFFERENTIAL_STATEMENT_H

#include <stdbool.h>
#include <stddef.h>

#include "random.h"

enum { STATEMENT_SIZE = 1 << 16 };

enum statement_shape {
    SHAPE_ROWS,         /* a query whose rows come in no certain order */
    SHAPE_ORDERED_ROWS, /* a query that orders its rows wholly */
    SHAPE_CHANGE,       /* counts rows */
    SHAPE_OTHER,
};

struct statement {
    enum statement_shape shape;
    char ssql[STATEMENT_SIZE];
    char sqlite[STATEMENT_SIZE + 8];
};

/* The statements that make the tables, one after the other; NULL past the last. Both understand them. */
const char *statement_setup(int i);

/* `in_transaction` says whether one is open before; it is what it will be afterwards when the statement succeeds. */
void statement_make(struct random *random, bool *in_transaction, struct statement *statement);

#endif
