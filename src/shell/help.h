/* help.h - what .help and `ssql help` say about a topic: a dot command, a statement of the language, the modes, the
 * keys, the code of an error. What is said about statements is made from docs/language.md by help_topics.awk. */
#ifndef SHELL_HELP_H
#define SHELL_HELP_H

#include <stdbool.h>

#include "shell/text_buffer.h"

struct help_topic {
    const char *name;    /* "create table"; NULL ends the list */
    const char *syntax;  /* lines */
    const char *example; /* a statement and its answer, or "" */
    const char *heading; /* of docs/language.md */
};

extern const struct help_topic help_topics[];

/* Adds all dot commands, and the names of the statements. */
void help_add_list(struct text_buffer *to);

/* Adds what there is to say; false when there is nothing. */
bool help_add(struct text_buffer *to, const char *topic);

/* The i-th topic's name, from 0; NULL past the last. */
const char *help_name(int i);

#endif
