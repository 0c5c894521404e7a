/* command_line.h - a dot command taken apart, and what the commands have in common. A command is a row of the table in
 * dot_commands.c and a function of commands.h. */
#ifndef SHELL_COMMAND_LINE_H
#define SHELL_COMMAND_LINE_H

#include <stdbool.h>

#include "shell/session.h"
#include "shell/suggestion.h"

enum { ARGUMENTS_MOST = 128 }; /* more than any command takes: too many are noticed */

struct command_line {
    struct session *session;
    const struct source *source;         /* where it stands */
    const char *name;                    /* in full, with its dot, whatever beginning or alias was typed */
    char *rest;                          /* what stands behind the name, as it is */
    char *arguments[ARGUMENTS_MOST + 1]; /* its words, quotes taken off; NULL past the last */
    int count;
};

struct dot_command {
    const char *name;        /* with its dot */
    const char *arguments;   /* as help shows them */
    const char *description; /* one line */
    const char *help;        /* what .help COMMAND says besides, lines that end with \n; NULL: nothing */
    int least, most;         /* how many arguments */
    const char *completion;  /* what an argument is: "file", "mode", "table", "switch", "option", "command", "" or = and
                                a list of words */
    bool (*run)(struct command_line *line); /* false when it failed, which is reported */
};

/* Reports an error at the command and returns false; `hint` may be NULL. The message is `what` and `about` in a row. */
bool command_fail(struct command_line *line, const char *hint, const char *what, const char *about);

/* The same, with a hint that names the nearest of `names`, or is `otherwise` when none is near. */
bool command_fail_unknown(struct command_line *line, const char *what, const char *typed, suggestion_name *names,
                          const char *otherwise);

/* Reads on or off from the only argument; without one, says what the switch `name` is. */
bool command_switch(struct command_line *line, bool *value, const char *name);

/* False, with an error, when the session is a safe one: of commands that touch files or start programs. */
bool command_is_safe(struct command_line *line);

/* For commands of the program, such as `ssql info`: an option that is not known. Returns their exit status. */
int command_unknown_option(const char *option, suggestion_name *names, const char *usage);

/* Of them, too: says on standard error how a call of the library failed, in the words of its object: `reason` "" stands
 * for what its code means, `hint` "" for none. */
void command_report(const char *reason, const char *hint, int code);

/* The same in the words of `options`; NULL when there was no memory for any. */
void command_report_options(const ssql_options *options, int code);

/* Takes off the ; that habit puts behind a command, where it can be no part of what is meant. */
void command_drop_semicolon(const struct dot_command *command, char *rest);

/* Reads argument `i` as a whole number from `least` to `most`. */
bool command_number(struct command_line *line, int i, long least, long most, long *value);

#endif
