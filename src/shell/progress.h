/* progress.h - a line on the terminal that says how far something is, after it has taken a second, with its rate and
 * the time that is left. It is taken away before anything else is written. Threads: one. */
#ifndef SHELL_PROGRESS_H
#define SHELL_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

#include "shell/text_buffer.h"

struct progress_line {
    bool is_on; /* standard error is a terminal, and the user wants it */
    bool is_visible;
    bool is_paused;     /* the screen belongs to another program */
    double begin, last; /* seconds of a clock: when it began; when the line was written */
    double part_begin;  /* of what is being done now */
    char part[24];      /* how that is called */
};

/* Whether standard error is a terminal that can take a line away again. */
bool progress_is_possible(void);

/* Something begins that may take long. */
void progress_begin(struct progress_line *line);

/* It is so far; `total` 0: not known. `unit` stands behind the numbers: "", " MB". */
void progress_show(struct progress_line *line, const char *what, int64_t done, int64_t total, const char *unit);

/* The same for what the library reports, which counts rows, or bytes where files are read and written as a whole. */
void progress_show_report(struct progress_line *line, const char *what, int64_t done, int64_t total);

/* Takes the line away, if it is there. */
void progress_hide(struct progress_line *line);

#endif
