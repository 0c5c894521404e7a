/* finding_line.h - what a check or a salvage met, as lines. */
#ifndef SHELL_FINDING_LINE_H
#define SHELL_FINDING_LINE_H

#include <ssql.h>

#include "shell/output.h"

enum { MEGABYTE = 1000000 }; /* in which progress is told */

/* One of the finding's numbers (ssql_finding_stat). */
int64_t finding_number(const ssql_finding *finding, const char *name);

/* Where it is, what it is, and which table it concerns. */
void finding_write(struct output *output, const ssql_finding *finding);

/* Writes a text with the end of a line, at once, and clears it. */
void finding_write_line(struct output *output, struct text_buffer *line);

#endif
