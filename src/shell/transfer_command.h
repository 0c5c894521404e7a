/* transfer_command.h - what `ssql import`, `export` and `dump` have in common, with each other and with the dot
 * commands of the same names: each is a kind, whose function does the work in a session that is open. Threads: one. */
#ifndef SHELL_TRANSFER_COMMAND_H
#define SHELL_TRANSFER_COMMAND_H

#include "shell/command_line.h"
#include "shell/transfer_options.h"

/* One that runs. */
struct transfer {
    struct session *session;
    const struct transfer_options *options;
    const struct source *source; /* of the dot command; NULL: none */
    const char **arguments;      /* import: TABLE FILE...; export: TABLE|QUERY [FILE]; dump: [PATTERN]...; NULL ends */
    int count;
};

struct transfer_kind {
    const char *name, *usage; /* behind the name: `[OPTION]... DB TABLE FILE...` */
    const char *about;        /* for help: lines that end with \n */
    enum transfer_use use;
    int least, most; /* arguments, without the database */
    bool writes;
    bool (*run)(struct transfer *transfer); /* false when it failed, which is reported */
};

/* The command of the program. Returns its exit status. */
int transfer_command_run(const struct transfer_kind *kind, int argc, char **argv);

/* The dot command. `has_last_first`: the last argument is the first of the program's command (FILE TABLE). */
bool transfer_command_line(const struct transfer_kind *kind, struct command_line *line, bool has_last_first);

/* Reports an error: at the dot command, or by itself. `hint` may be NULL, `sqlstate` too. */
bool transfer_fail(struct transfer *transfer, const char *sqlstate, const char *hint, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* The last error of the connection, which ran a statement that the user did not write: without a place in it. `hint`
 * NULL: that of the error. */
bool transfer_fail_connection(struct transfer *transfer, const char *hint);

/* Ctrl-C outside of the statements of an import: it ends the program, too, unless a user is there. */
bool transfer_fail_import_interrupted(struct transfer *transfer);

/* Runs a statement without rows. False with an error in the connection. */
bool transfer_execute(struct transfer *transfer, const char *text);

#endif
