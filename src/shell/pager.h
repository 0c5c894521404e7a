/* pager.h - a program in which a long result is looked through, such as less. The result goes to the terminal as long
 * as it fits there; as soon as it does not, by its lines or its columns, the program is started and the rest streams
 * into it. Whoever quits the program ends the statement. A program that fails is told of once, and what it was given
 * goes to the terminal instead. Life of a result: pager_begin, text into `output` and pager_watch in turn, pager_end.
 * Threads: one. */
#ifndef SHELL_PAGER_H
#define SHELL_PAGER_H

#include <stdbool.h>
#include <sys/types.h>
#include <termios.h>

#include "shell/output.h"

/* What the user chose; the text is the session's. */
struct pager_settings {
    char *command;   /* NULL: that of the environment, or the default */
    bool is_off;     /* never */
    bool has_failed; /* not tried again before the user chooses another */
};

struct pager {
    struct output output; /* what is written of the result */
    struct pager_settings *settings;
    const char *command;
    struct output *terminal;
    struct termios modes; /* of the terminal, before the program */
    bool has_modes;
    size_t lines_most, columns_most;
    size_t lines;             /* that were looked at */
    size_t looked;            /* bytes of the output's text that were looked at, up to the beginning of a line */
    pid_t process;            /* 0: not started */
    bool is_over;             /* not to be started any more */
    struct text_buffer given; /* the first of what the program was given, in case it fails */
    size_t given_size;        /* all of it */
};

/* The command that would be started; NULL: none. Borrowed. */
const char *pager_command(const struct pager_settings *settings);

/* Makes ready for a result that shall go to `terminal`, whose text is written before. False when there is no pager:
 * then there is nothing to end. */
bool pager_begin(struct pager *pager, struct pager_settings *settings, struct output *terminal);

/* To be called after text was added. */
void pager_watch(struct pager *pager);

/* Writes what is left and waits until the user has quit. */
void pager_end(struct pager *pager);

#endif
