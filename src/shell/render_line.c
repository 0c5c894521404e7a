/* The mode line: one value a line, a blank line between rows. */
#include <stdlib.h>
#include <string.h>

#include "shell/cell_text.h"
#include "shell/display_width.h"
#include "shell/render.h"

struct line_state {
    size_t widest_name;
};

static void line_begin(struct renderer *renderer, ssql_stmt *statement)
{
    struct line_state *state = must_allocate(sizeof *state);

    for (int i = 0; i < renderer->column_count; i++) {
        const char *name = ssql_column_name(statement, i);
        size_t width = display_width(name, strlen(name));
        if (width > state->widest_name)
            state->widest_name = width;
    }
    renderer->state = state;
}

/* A string that reads like the null. */
static void add_quoted(struct output *output, const char *text)
{
    output_add_char(output, '"');
    output_add_string(output, text);
    output_add_char(output, '"');
}

static void line_row(struct renderer *renderer, ssql_stmt *statement)
{
    struct line_state *state = renderer->state;
    struct output *output = renderer->output;

    if (renderer->row_count > 1)
        output_add_char(output, '\n');
    for (int i = 0; i < renderer->column_count; i++) {
        const char *name = ssql_column_name(statement, i);
        size_t size;
        if (renderer->settings->header) {
            output_repeat(output, " ", state->widest_name - display_width(name, strlen(name)));
            renderer_add_text(renderer, name, strlen(name));
            output_add_string(output, " = ");
        }
        const char *text = cell_text(statement, i, &size);
        if (text == NULL)
            output_add_string(output, renderer->null_text);
        else if (ssql_column_type(statement, i) == SSQL_TYPE_STRING && renderer_reads_like_null(renderer, text, size))
            add_quoted(output, text);
        else
            renderer_add_text(renderer, text, size);
        output_add_char(output, '\n');
    }
}

static void line_end(struct renderer *renderer, bool failed)
{
    (void)failed;
    free(renderer->state);
    renderer->state = NULL;
}

const struct render_type render_line = {.name = "line",
                                        .null_text = "null",
                                        .description = "one value a line, a blank line between rows",
                                        .begin = line_begin,
                                        .row = line_row,
                                        .end = line_end};
