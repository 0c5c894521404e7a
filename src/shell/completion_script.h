/* completion_script.h - the scripts of `ssql completion`, made from the tables from which command lines are read. What
 * the three have in common: which options there are, and what can stand where. */
#ifndef SHELL_COMPLETION_SCRIPT_H
#define SHELL_COMPLETION_SCRIPT_H

#include "shell/option_list.h"
#include "shell/program_command.h"
#include "shell/text_buffer.h"

enum place_kind { PLACE_ANYTHING, PLACE_FILE, PLACE_DIRECTORY, PLACE_WORDS };

/* What can stand at a place: the value of an option, or an argument. */
struct place {
    enum place_kind kind;
    struct text_buffer words; /* of PLACE_WORDS: with blanks between them */
    bool goes_on;             /* more follows a word without a blank: NAME=VALUE */
    bool repeats;             /* arguments: this one and all that follow */
};

void place_clear(struct place *place);

/* Fills `place` with what the option takes. */
void place_of_option(struct place *place, const struct listed_option *option);

/* Fills `place` with the i-th argument of a command, from 0; false past the last. NULL is the program without a
 * command: a database, then statements. */
bool place_of_argument(struct place *place, const struct program_command *command, int i);

/* The i-th option of a command, or with NULL of the program without one; false past the last. */
bool command_option(const struct program_command *command, int i, struct listed_option *option);

/* Adds the names and letters of all options of a command that take the next argument as their value (`takes_value`), or
 * the names of all, each with `separator` before it but for the first. */
void add_option_names(struct text_buffer *to, const struct program_command *command, bool takes_value,
                      const char *separator);

/* Adds the names of the commands, with `separator` between them. */
void add_command_names(struct text_buffer *to, const char *separator);

/* A name for the command that a script can use: "" for the program without one. */
const char *command_label(const struct program_command *command);

/* Each adds a whole script. */
void completion_bash_add(struct text_buffer *to);
void completion_zsh_add(struct text_buffer *to);
void completion_fish_add(struct text_buffer *to);

#endif
