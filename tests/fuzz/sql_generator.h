/* sql_generator.h - writes statements that nearly always parse and mostly bind, as a row of choices says: bytes of a
 * fuzzer, which then mutates statements rather than characters, or random ones. A row of choices always gives the same
 * text, and one that is used up gives the shortest way to the end. Expressions are written for a type; now and then on
 * purpose for the wrong one. */
#ifndef TESTS_FUZZ_SQL_GENERATOR_H
#define TESTS_FUZZ_SQL_GENERATOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct choices {
    const uint8_t *data;
    size_t size, at;
};

/* A number below `count`, which is at most 256; 0 when the choices are used up. */
unsigned choose(struct choices *choices, unsigned count);

enum { SQL_TEXT_CAPACITY = 16 * 1024 };

/* What does not fit is left out: the statement is a syntax error then. Terminated. */
struct sql_text {
    char bytes[SQL_TEXT_CAPACITY];
    size_t size;
};

enum generated_type { GENERATED_INT, GENERATED_FLOAT, GENERATED_STRING, GENERATED_BOOL, GENERATED_TYPES };

struct generated_column {
    const char *name;
    enum generated_type type;
};

enum { GENERATED_COLUMNS_MOST = 5 };

struct generated_table {
    const char *name;
    const char *definition; /* what `create table` says about its columns */
    struct generated_column columns[GENERATED_COLUMNS_MOST];
    unsigned column_count;
};

/* The tables that statements are about; NULL past the last. */
const struct generated_table *generated_table(unsigned i);

struct sql_generator {
    struct choices *choices;
    const struct generated_table *table; /* whose columns expressions may read, or NULL */
    bool without_parameters;
    bool without_mistakes; /* every expression has the type that it is written for */
};

void sql_text_clear(struct sql_text *text);
void sql_text_append(struct sql_text *text, const char *part);

void generate_statement(struct sql_generator *generator, struct sql_text *text);

/* An expression that is nested at most `depth` deep. */
void generate_expr(struct sql_generator *generator, enum generated_type type, unsigned depth, struct sql_text *text);

/* One row in parentheses for the columns of the generator's table, of literals. */
void generate_row(struct sql_generator *generator, struct sql_text *text);

#endif
