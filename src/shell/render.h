/* render.h - the output modes: how the rows of a result are written. Each mode is one `render_type`; results stream
 * through it, and what it keeps does not grow with them. */
#ifndef SHELL_RENDER_H
#define SHELL_RENDER_H

#include <ssql.h>
#include <stdbool.h>
#include <stdint.h>

#include "shell/output.h"

struct renderer;

enum { WIDTHS_MOST = 64, WIDTH_MOST = 1000, ROWS_DEFAULT = 40, ROWS_MOST = 10000 };

/* begin, row…, end; end once, also after a failure. `statement` has a current row in `row`. */
struct render_type {
    const char *name;
    const char *null_text; /* unless the user says otherwise */
    const char *separator; /* NULL: the mode has none */
    const char *description;
    bool shortens; /* on a terminal, long results are shown by their first and last rows */
    void (*begin)(struct renderer *renderer, ssql_stmt *statement);
    void (*row)(struct renderer *renderer, ssql_stmt *statement);
    void (*end)(struct renderer *renderer, bool failed);
};

/* What the user chose; texts are the session's. */
struct render_settings {
    const struct render_type *type;
    bool header;
    char *null_text;         /* NULL: the mode's */
    char *separator;         /* NULL: the mode's */
    char *insert_table;      /* NULL: the table that the statement reads */
    int widths[WIDTHS_MOST]; /* of columns in frames: 0 by the rows; negative: text to the right */
    int width_count;
    int64_t rows; /* how many are shown of a long result, where it is shortened; 0: all */
};

struct renderer {
    const struct render_type *type;
    const struct render_settings *settings;
    struct output *output;
    bool is_terminal; /* control characters must not reach it */
    bool is_coloured;
    int64_t row_limit;          /* rows that are shown of a long result; 0: all */
    const char *statement_text; /* for the mode insert */
    size_t statement_size;
    int column_count;
    int64_t row_count;
    const char *null_text;
    const char *separator;
    struct text_buffer scratch;
    void *state; /* the mode's own */
};

extern const struct render_type render_box, render_table, render_column, render_markdown, render_csv, render_tsv,
    render_list, render_quote, render_json, render_jsonl, render_line, render_html, render_insert, render_off;

/* The i-th mode, from 0; NULL past the last. */
const struct render_type *render_mode(int i);

/* By name; a unique beginning does. NULL: none or several. */
const struct render_type *render_mode_find(const char *name);

void renderer_begin(struct renderer *renderer, ssql_stmt *statement);
void renderer_row(struct renderer *renderer, ssql_stmt *statement);
void renderer_end(struct renderer *renderer, bool failed);

/* True when some rows were left out. */
bool renderer_has_shortened(const struct renderer *renderer);

/* Adds a value as SSQL writes it: a literal that gives the same value again. */
void renderer_literal(struct text_buffer *to, ssql_stmt *statement, int i);

/* A string that would read like the null when it is shown bare. */
bool renderer_reads_like_null(const struct renderer *renderer, const char *text, size_t size);

/* Adds a text as it is, or, for a terminal, with control characters shown as pictures. */
void renderer_add_text(struct renderer *renderer, const char *text, size_t size);

/* What stands for a byte that means something else in a mode. Lists end with a text that is NULL. */
struct escape {
    char byte;
    const char *text;
};

/* Adds a text like renderer_add_text, with `escapes` in the places of their bytes. */
void renderer_add_escaped(struct renderer *renderer, const char *text, size_t size, const struct escape *escapes);

#endif
