/* The modes csv, tsv and list: one row a line, cells with something between them. */
#include <string.h>

#include "shell/cell_text.h"
#include "shell/render.h"

/* RFC 4180. What could be taken for something else is quoted: an empty string is not a null. */
static void add_csv_text(struct renderer *renderer, const char *text, size_t size)
{
    struct output *output = renderer->output;
    const char *separator = renderer->separator;
    bool quoted = size == 0 || memchr(text, '"', size) != NULL || memchr(text, '\n', size) != NULL ||
                  memchr(text, '\r', size) != NULL || memmem(text, size, separator, strlen(separator)) != NULL ||
                  text[0] == ' ' || text[size - 1] == ' ' ||
                  (size == strlen(renderer->null_text) && memcmp(text, renderer->null_text, size) == 0);

    if (!quoted) {
        renderer_add_text(renderer, text, size);
        return;
    }
    output_add_char(output, '"');
    for (const char *quote; (quote = memchr(text, '"', size)) != NULL;) {
        size_t part = (size_t)(quote - text) + 1;
        renderer_add_text(renderer, text, part);
        output_add_char(output, '"');
        text += part;
        size -= part;
    }
    renderer_add_text(renderer, text, size);
    output_add_char(output, '"');
}

/* Backslash, tab and line ends are escaped, so that every row is one line and every text comes back. */
static void add_tsv_text(struct renderer *renderer, const char *text, size_t size)
{
    static const struct escape escapes[] = {{'\\', "\\\\"}, {'\t', "\\t"}, {'\n', "\\n"}, {'\r', "\\r"}, {0, NULL}};

    renderer_add_escaped(renderer, text, size, escapes);
}

typedef void add_text_function(struct renderer *renderer, const char *text, size_t size);

static void add_header(struct renderer *renderer, ssql_stmt *statement, add_text_function *add_text)
{
    if (!renderer->settings->header)
        return;
    for (int i = 0; i < renderer->column_count; i++) {
        const char *name = ssql_column_name(statement, i);
        if (i > 0)
            output_add_string(renderer->output, renderer->separator);
        add_text(renderer, name, strlen(name));
    }
    output_add_char(renderer->output, '\n');
}

static void add_row(struct renderer *renderer, ssql_stmt *statement, add_text_function *add_text)
{
    for (int i = 0; i < renderer->column_count; i++) {
        size_t size;
        if (i > 0)
            output_add_string(renderer->output, renderer->separator);
        const char *text = cell_text(statement, i, &size);
        if (text == NULL)
            output_add_string(renderer->output, renderer->null_text);
        else if (ssql_column_type(statement, i) == SSQL_TYPE_STRING)
            add_text(renderer, text, size);
        else
            output_add(renderer->output, text, size);
    }
    output_add_char(renderer->output, '\n');
}

static void csv_begin(struct renderer *renderer, ssql_stmt *statement)
{
    add_header(renderer, statement, add_csv_text);
}

static void csv_row(struct renderer *renderer, ssql_stmt *statement)
{
    add_row(renderer, statement, add_csv_text);
}

static void tsv_begin(struct renderer *renderer, ssql_stmt *statement)
{
    add_header(renderer, statement, add_tsv_text);
}

static void tsv_row(struct renderer *renderer, ssql_stmt *statement)
{
    add_row(renderer, statement, add_tsv_text);
}

static void list_begin(struct renderer *renderer, ssql_stmt *statement)
{
    add_header(renderer, statement, renderer_add_text);
}

static void list_row(struct renderer *renderer, ssql_stmt *statement)
{
    add_row(renderer, statement, renderer_add_text);
}

const struct render_type render_csv = {.name = "csv",
                                       .null_text = "",
                                       .separator = ",",
                                       .description = "comma-separated; a null is empty, an empty string \"\"",
                                       .begin = csv_begin,
                                       .row = csv_row};
const struct render_type render_tsv = {.name = "tsv",
                                       .null_text = "\\N",
                                       .separator = "\t",
                                       .description = "tab-separated, escaped: one row a line; a null is \\N",
                                       .begin = tsv_begin,
                                       .row = tsv_row};
const struct render_type render_list = {.name = "list",
                                        .null_text = "null",
                                        .separator = "|",
                                        .description = "values as they are, with | between them",
                                        .begin = list_begin,
                                        .row = list_row};
