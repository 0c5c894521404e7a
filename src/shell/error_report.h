/* error_report.h - messages about errors: place, message, SQLSTATE, the line with a mark under it, a hint
 * (docs/shell.md, "Errors"). They go to a text, which the caller writes to standard error. */
#ifndef SHELL_ERROR_REPORT_H
#define SHELL_ERROR_REPORT_H

#include <stdbool.h>

#include "shell/source.h"
#include "shell/text_buffer.h"

struct error_report {
    const char *message;
    const char *sqlstate; /* NULL: none */
    const char *hint;     /* NULL or "": none */
    int64_t line, column; /* within the statement, from 1; 0: no place is known */
    int64_t length;       /* code points to be marked */
    bool is_coloured;
    size_t columns; /* of the terminal that shows it, to which the line at fault is cut; 0: there is none */
};

/* `source` may be NULL. */
void error_report_write(struct text_buffer *to, const struct error_report *report, const struct source *source);

/* Writes an error of a command line, `what` and `about` in a row, to standard error. */
void error_print(const char *what, const char *about);

#endif
