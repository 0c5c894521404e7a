/* option_list.h - an option as manuals and completion show it, and how its value is written. Every command line of the
 * program has a table from which it is read and explained; a function of this type gives its rows. */
#ifndef SHELL_OPTION_LIST_H
#define SHELL_OPTION_LIST_H

#include <stdbool.h>

struct listed_option {
    const char *name;        /* with its dashes */
    char letter;             /* or 0 */
    const char *value;       /* what it takes, as --help shows it; NULL: nothing */
    bool is_value_optional;  /* the value stands behind =, or not at all */
    const char *description; /* NULL: a short form of another option */
};

/* Gives the i-th option, from 0; false past the last. Texts live as long as the program. */
typedef bool option_list(int i, struct listed_option *option);

/* Finds the value of the option in `word`: --name=value, or --name value with *next, the word behind, which is set to
 * NULL when it is the value. *value is NULL when there is none. Returns what is wrong, to be said behind the option's
 * name; NULL when nothing is. */
const char *option_take_value(const char *word, bool takes_one, const char **next, const char **value);

#endif
