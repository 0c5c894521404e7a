/* statement.h - random statements that SSQL and SQLite understand alike, each written in both languages. */
#ifndef DIFFERENTIAL_STATEMENT_H
#define DIFFERENTIAL_STATEMENT_H

#include "schema.h"

enum { STATEMENT_SIZE = 1 << 16 };

enum statement_shape {
    SHAPE_ROWS,         /* a query whose rows come in no certain order */
    SHAPE_ORDERED_ROWS, /* a query that orders its rows wholly */
    SHAPE_CHANGE,       /* counts rows */
    SHAPE_OTHER,
    SHAPE_STIR, /* no statement, but work on the files of SSQL: "checkpoint" or "compact" */
};

struct statement {
    enum statement_shape shape;
    bool is_in_transaction; /* afterwards, when it succeeds */
    char ssql[STATEMENT_SIZE];
    char sqlite[STATEMENT_SIZE];
};

/* Makes one statement after another: first those that make the tables. */
struct generator {
    struct random random;
    struct schema schema, schema_before; /* now; before the open transaction */
    int tables_to_make;
    int table_to_make; /* -1: none. It was dropped by the last statement */
    bool in_transaction;
};

void generator_start(struct generator *generator, uint64_t seed);
void generator_next(struct generator *generator, struct statement *statement);

#endif
