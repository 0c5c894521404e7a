/* render.h - the output modes: how the rows of a result are written. Each mode is one `render_type`; results stream
 * through it, and what it keeps does not grow with them. */
#ifndef SHELL_RENDER_H
#define SHELL_RENDER_H

#include <ssql.h>
#include <stdbool.h>
#include <stdint.h>

#include "shell/output.h"

struct renderer;

/* begin, row…, end; end once, also after a failure. `statement` has a current row in `row`. */
struct render_type {
    const char *name;
    const char *null_text; /* unless the user says otherwise */
    const char *separator; /* NULL: the mode has none */
    const char *description;
    void (*begin)(struct renderer *renderer, ssql_stmt *statement);
    void (*row)(struct renderer *renderer, ssql_stmt *statement);
    void (*end)(struct renderer *renderer, bool failed);
};

/* What the user chose; texts are the session's. */
struct render_settings {
    const struct render_type *type;
    bool header;
    char *null_text;    /* NULL: the mode's */
    char *separator;    /* NULL: the mode's */
    char *insert_table; /* NULL: the table that the statement reads */
};

struct renderer {
    const struct render_type *type;
    const struct render_settings *settings;
    struct output *output;
    bool is_terminal; /* control characters must not reach it */
    bool is_coloured;
    const char *statement_text; /* for the mode insert */
    size_t statement_size;
    int column_count;
    int64_t row_count;
    const char *null_text;
    const char *separator;
    struct text_buffer scratch;
    void *state; /* the mode's own */
};

extern const struct render_type render_box, render_table, render_markdown, render_csv, render_tsv, render_list,
    render_json, render_jsonl, render_line, render_insert, render_off;

/* The i-th mode, from 0; NULL past the last. */
const struct render_type *render_mode(int i);

/* By name; a unique beginning does. NULL: none or several. */
const struct render_type *render_mode_find(const char *name);

void renderer_begin(struct renderer *renderer, ssql_stmt *statement);
void renderer_row(struct renderer *renderer, ssql_stmt *statement);
void renderer_end(struct renderer *renderer, bool failed);

/* Adds a text as it is, or, for a terminal, with control characters shown as pictures. */
void renderer_add_text(struct renderer *renderer, const char *text, size_t size);

#endif
