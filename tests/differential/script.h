/* script.h - a list of statements that were made, and how it is made smaller while it still fails. */
#ifndef DIFFERENTIAL_SCRIPT_H
#define DIFFERENTIAL_SCRIPT_H

#include "statement.h"

struct script_line {
    enum statement_shape shape;
    char *ssql, *sqlite;
};

struct script {
    struct script_line *lines;
    size_t count, capacity;
};

void script_add(struct script *script, const struct statement *statement);
void script_clear(struct script *script);

/* Whether the script still fails in the way that is looked for. */
typedef bool script_test(void *context, const struct script *script);

/* Leaves out what the failure does not need (delta debugging; Zeller and Hildebrandt, 2002): queries, other statements,
 * then rows of inserts. `test` holds for the script before and after. Returns how often it was asked. */
size_t script_minimise(struct script *script, script_test *test, void *context);

/* Rows of the `values` lists in it. */
size_t script_row_count(const struct script *script);

void script_print(const struct script *script);

#endif
