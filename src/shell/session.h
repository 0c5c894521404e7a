/* session.h - one run of the shell: the database that is open, how results are written, what happens after an error.
 * All statements go through here, whether they come from a file, the command line or the prompt. Threads: one. */
#ifndef SHELL_SESSION_H
#define SHELL_SESSION_H

#include <ssql.h>
#include <stdbool.h>

#include "shell/error_report.h"
#include "shell/output.h"
#include "shell/pager.h"
#include "shell/progress.h"
#include "shell/reader.h"
#include "shell/render.h"
#include "shell/source.h"
#include "shell/variables.h"

struct interactive;

enum exit_status {
    STATUS_DONE = 0,
    STATUS_FAILED = 1,   /* a statement failed */
    STATUS_NO_START = 2, /* usage, missing file, no database */
    STATUS_DAMAGED = 3,  /* damage was found in a database */
    STATUS_INTERRUPTED = 130,
};

enum color_when { COLOR_AUTO, COLOR_ALWAYS, COLOR_NEVER };

struct session {
    ssql_db *db;
    ssql_conn *connection;
    char *path;                      /* of the database, as it was given; ":memory:" for none */
    char *full_path;                 /* the same from the root */
    ssql_options *options;           /* for this and the next database */
    struct variables chosen_options; /* those of them that were given a value, as it was given */

    struct render_settings render;
    struct variables variables;
    struct output standard; /* standard output */
    struct output other;    /* of -o, .output or .once */
    bool other_is_for_one_statement;

    bool stops_at_error;
    bool echoes;
    bool times;
    bool counts; /* .stats */
    bool explains;
    bool is_quiet;
    bool is_safe;     /* for good: safe_mode.h */
    bool is_batch;    /* no prompt, colour, pager, progress; nothing is left out */
    bool is_readonly; /* databases are opened so */
    bool must_write;  /* what is to be done cannot be done read-only */
    double timeout;   /* seconds for a statement; 0: none */
    struct pager_settings pager;
    struct progress_line progress;
    bool is_interactive; /* there is a prompt: what happened is reported, and each commit is waited for */
    bool colours_results;
    bool colours_messages;
    char *prompt;                    /* of .prompt; NULL: the usual one */
    struct interactive *interactive; /* the prompt, once it is there */

    bool input_is_script; /* standard input is being read for statements */
    bool needs_sync;      /* something ran that may not be durable yet */
    bool is_leaving;
    bool write_failure_is_told; /* what failed to be written is told once */
    bool has_chosen_status;     /* .exit N */
    bool is_one_transaction;    /* --single-transaction: the input can neither begin nor end one */
    int status;
    const struct reader *reading; /* the innermost, or NULL */
    unsigned reading_depth;
};

void session_init(struct session *session);

/* Opens a database in place of the one that is open, if any; when that fails, the old one stays. The error is reported
 * (session_open_at: at `source`, which may be NULL) and the session's status set. */
bool session_open(struct session *session, const char *path);
bool session_open_at(struct session *session, const char *path, const struct source *source);

/* Writes what is left, waits until everything is durable and closes all. `keep` is false when a file of -o shall not
 * take its place. The outcome is in the status. */
void session_close(struct session *session, bool keep);

/* Runs everything a reader gives, until its end, an error at which the session stops, or the end of the session. */
bool session_run_reader(struct session *session, struct reader *reader);

/* Colours for results and messages; COLOR_AUTO: on terminals that can, unless NO_COLOR is set or this is a batch. */
void session_choose_colours(struct session *session, enum color_when when);

/* Has the library tell of its progress, or not, as session->progress.is_on says. */
void session_watch_progress(struct session *session);

/* Sets an option for the databases that are opened from here on. False with a message in session->options. */
bool session_set_option(struct session *session, const char *name, const char *value);

/* The same for an option that is on or off, which is never refused; the user has not chosen it. */
void session_set_switch(struct session *session, const char *name, bool is_on);

/* From here on no files, no programs, nothing that destroys much. */
void session_make_safe(struct session *session);

/* Where results go now. */
struct output *session_results(struct session *session);

/* Whether somebody reads this output on a terminal: then results may be shortened, and shown in a pager. */
bool session_is_read(const struct session *session, const struct output *output);

/* The same with a pager: not for what comes in while standard input is no terminal, and not in safe mode. */
bool session_is_paged(const struct session *session, const struct output *output);

/* Writes a long text to the results, by way of the pager when it does not fit the terminal, and frees it. False when it
 * could not be written. */
bool session_show(struct session *session, struct text_buffer *text);

/* Writes results that wait, after what they depend on is durable. False when that failed. */
bool session_flush(struct session *session);

/* Makes durable what ran. A failure is reported, and ends the session. */
bool session_sync(struct session *session);

/* Reports an error to standard error, after results, and sets the status. */
void session_report(struct session *session, const struct error_report *report, const struct source *source);
/* The same at the first word of `source`, which may be NULL. */
void session_report_text(struct session *session, const struct source *source, const char *hint, const char *format,
                         ...) __attribute__((format(printf, 4, 5)));

/* An error of the connection, kept while other things are done first. */
struct kept_error {
    struct error_report report;
    int code;
    char *message, *hint; /* freed when it is reported */
    bool is_late;         /* of a statement that took longer than it may */
};

void session_keep_error(struct session *session, struct kept_error *kept);
void session_report_kept(struct session *session, struct kept_error *kept, const struct source *source);

/* The line on which the first word of a statement stands. */
int64_t session_first_line(const struct source *source);

/* The last error of the connection. */
void session_report_connection(struct session *session, const struct source *source);

/* Writes a text to standard error, after results and when everything is durable, and frees it. */
void session_tell(struct session *session, struct text_buffer *text);

/* Says something on standard error, after results; not with --quiet. */
void session_note(struct session *session, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
