/* history.h - the statements typed at the prompt, kept across runs in a file of the user's own: each is appended when
 * it is typed, so that several shells do not overwrite each other's and a crash loses none (docs/shell.md, "History").
 * In the file an entry is a line `#SECONDS`, when it was typed, and a line of text in which \n stands for the end of a
 * line, \\ for a backslash, \# for a # at the beginning. */
#ifndef SHELL_HISTORY_H
#define SHELL_HISTORY_H

#include <stddef.h>
#include <time.h>

struct history_entry {
    char *text;
    time_t time; /* 0: not known */
};

struct history {
    int file; /* -1: none can be written to */
    struct history_entry *entries;
    size_t count, capacity;
    char *trouble; /* why nothing is kept, for the user; NULL: it is */
};

/* Opens $XDG_STATE_HOME/ssql/history (or ~/.local/state/ssql/history) and gives its entries to the editor. */
void history_open(struct history *history);

/* Remembers a text, in the editor too, unless it begins with a blank or is the last one again. */
void history_add(struct history *history, const char *text);
void history_close(struct history *history);

#endif
