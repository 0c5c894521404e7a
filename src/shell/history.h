/* history.h - the statements typed at the prompt, kept across runs in a file of the user's own: each is appended when
 * it is typed, so that several shells do not overwrite each other's and a crash loses none. */
#ifndef SHELL_HISTORY_H
#define SHELL_HISTORY_H

struct history {
    int file;   /* -1: none could be opened, nothing is kept */
    char *last; /* not kept twice in a row */
};

/* Opens $XDG_STATE_HOME/ssql/history (or ~/.local/state/ssql/history) and gives its entries to the editor. */
void history_open(struct history *history);

/* Remembers a text, in the editor too, unless it begins with a blank. */
void history_add(struct history *history, const char *text);
void history_close(struct history *history);

#endif
