/* options.h - the command line of the shell: one table from which it is read, explained and completed. */
#ifndef SHELL_OPTIONS_H
#define SHELL_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

#include "shell/option_list.h"
#include "shell/render.h"
#include "shell/session.h"
#include "shell/text_buffer.h"

enum run_kind { RUN_TEXT, RUN_FILE };

/* -c, -f and positional statements, in their order. */
struct run {
    enum run_kind kind;
    const char *text;
};

struct setting {
    const char *name; /* not terminated */
    size_t name_size;
    const char *value;
};

enum choice { CHOICE_DEFAULT, CHOICE_YES, CHOICE_NO };

/* Texts are those of argv. */
struct options {
    const char *path; /* NULL: in memory */
    struct run *runs;
    size_t run_count;
    struct setting *settings, *variables;
    size_t setting_count, variable_count;
    const struct render_type *mode; /* NULL: the default */
    bool has_no_header;
    const char *null_text, *separator, *output_path;
    bool appends;
    const char *init_path;
    bool has_no_init;
    double timeout;    /* 0: none */
    const char *pager; /* NULL: auto */
    bool is_safe;
    enum choice bail, interactive;
    enum color_when color;
    bool readonly, must_exist, single_transaction, echo, timer, quiet, help, version;
    struct text_buffer help_topic; /* the words behind --help */
};

/* Reads argv from `first` on. False with a message and a hint (perhaps empty) when it is not understood. */
bool options_read(struct options *options, int argc, char **argv, int first, struct text_buffer *message,
                  struct text_buffer *hint);
void options_clear(struct options *options);

/* The lines of --help about the options. */
void options_describe(struct text_buffer *to);

/* The i-th long name, with its dashes, from 0; NULL past the last. */
const char *option_name(int i);

/* The same options with what they take: an option_list. */
bool options_list(int i, struct listed_option *option);

#endif
