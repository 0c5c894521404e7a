/* schema.h - the statement that makes a table again. */
#ifndef SHELL_SCHEMA_H
#define SHELL_SCHEMA_H

#include "shell/session.h"

/* Adds `create table …;` to the results. False when it failed, which is reported. */
bool schema_print(struct session *session, const char *table, const struct source *source);

#endif
