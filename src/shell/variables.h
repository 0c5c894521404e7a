/* variables.h - typed values for the parameters of statements: --var id=7, .var id 7. */
#ifndef SHELL_VARIABLES_H
#define SHELL_VARIABLES_H

#include <ssql.h>
#include <stdbool.h>
#include <stddef.h>

struct variable {
    char *name;
    char *literal; /* 7, 2.5, true, null, "text", 'text'; anything else is a string as it stands */
};

struct variables {
    struct variable *list;
    size_t count;
};

/* Gives a variable a value; both texts are copied. A sign before the name (: or $) is dropped. False when no parameter
 * can be called so. */
bool variables_set(struct variables *variables, const char *name, size_t name_size, const char *literal);
const struct variable *variables_find(const struct variables *variables, const char *name);
void variables_clear(struct variables *variables);

/* Binds a literal to a parameter, as the type that its place asks for if it reads as one. Returns a result of
 * ssql_bind_…; the error is in the connection. */
int variable_bind(ssql_stmt *statement, int index, const char *literal);

#endif
