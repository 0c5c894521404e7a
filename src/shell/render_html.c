/* The mode html: a table for a web page. What a cell is stands in its class: number, null, or none for text. */
#include <string.h>

#include "shell/cell_text.h"
#include "shell/render.h"

/* What HTML could take for markup is escaped; line ends become breaks. */
static void add_html_text(struct renderer *renderer, const char *text, size_t size)
{
    static const struct escape escapes[] = {{'&', "&amp;"},  {'<', "&lt;"},  {'>', "&gt;"}, {'"', "&quot;"},
                                            {'\'', "&#39;"}, {'\n', "<br>"}, {0, NULL}};

    renderer_add_escaped(renderer, text, size, escapes);
}

static void html_begin(struct renderer *renderer, ssql_stmt *statement)
{
    struct output *output = renderer->output;

    output_add_string(output, "<table>\n");
    if (!renderer->settings->header)
        return;
    output_add_string(output, "<tr>");
    for (int i = 0; i < renderer->column_count; i++) {
        const char *name = ssql_column_name(statement, i);
        output_add_string(output, "<th>");
        add_html_text(renderer, name, strlen(name));
        output_add_string(output, "</th>");
    }
    output_add_string(output, "</tr>\n");
}

static void html_row(struct renderer *renderer, ssql_stmt *statement)
{
    struct output *output = renderer->output;

    output_add_string(output, "<tr>");
    for (int i = 0; i < renderer->column_count; i++) {
        size_t size;
        const char *text = cell_text(statement, i, &size);
        int type = ssql_column_type(statement, i);
        bool is_number = type == SSQL_TYPE_INT || type == SSQL_TYPE_FLOAT;
        output_add_string(output, text == NULL ? "<td class=\"null\">" : is_number ? "<td class=\"number\">" : "<td>");
        if (text == NULL)
            add_html_text(renderer, renderer->null_text, strlen(renderer->null_text));
        else
            add_html_text(renderer, text, size);
        output_add_string(output, "</td>");
    }
    output_add_string(output, "</tr>\n");
}

/* After a failure the table stays open: nobody shall take a part for the whole. */
static void html_end(struct renderer *renderer, bool failed)
{
    if (!failed)
        output_add_string(renderer->output, "</table>\n");
}

const struct render_type render_html = {.name = "html",
                                        .null_text = "null",
                                        .description = "a table for a web page",
                                        .begin = html_begin,
                                        .row = html_row,
                                        .end = html_end};
