/* The modes insert (statements that make the rows again) and quote (their values alone). */
#include <string.h>

#include "shell/render.h"
#include "shell/statement_text.h"

static void insert_row(struct renderer *renderer, ssql_stmt *statement)
{
    struct text_buffer *line = &renderer->scratch;

    text_reset(line);
    text_add_string(line, "insert into ");
    if (renderer->settings->insert_table != NULL)
        add_name(line, renderer->settings->insert_table);
    else if (!add_table_read(line, renderer->statement_text, renderer->statement_size))
        text_add_string(line, "result");
    if (renderer->settings->header) {
        text_add_string(line, " (");
        for (int i = 0; i < renderer->column_count; i++) {
            text_add_string(line, i > 0 ? ", " : "");
            add_name(line, ssql_column_name(statement, i));
        }
        text_add_string(line, ")");
    }
    text_add_string(line, " values (");
    for (int i = 0; i < renderer->column_count; i++) {
        text_add_string(line, i > 0 ? ", " : "");
        renderer_literal(line, statement, i);
    }
    text_add_string(line, ");\n");
    output_add(renderer->output, line->data, line->size);
}

const struct render_type render_insert = {.name = "insert",
                                          .null_text = "null",
                                          .description = "insert statements that make the rows again",
                                          .row = insert_row};

static void quote_begin(struct renderer *renderer, ssql_stmt *statement)
{
    struct text_buffer *line = &renderer->scratch;

    if (!renderer->settings->header)
        return;
    text_reset(line);
    for (int i = 0; i < renderer->column_count; i++) {
        const char *name = ssql_column_name(statement, i);
        text_add_string(line, i > 0 ? renderer->separator : "");
        add_string_literal(line, name, strlen(name));
    }
    text_add_char(line, '\n');
    output_add(renderer->output, line->data, line->size);
}

static void quote_row(struct renderer *renderer, ssql_stmt *statement)
{
    struct text_buffer *line = &renderer->scratch;

    text_reset(line);
    for (int i = 0; i < renderer->column_count; i++) {
        text_add_string(line, i > 0 ? renderer->separator : "");
        renderer_literal(line, statement, i);
    }
    text_add_char(line, '\n');
    output_add(renderer->output, line->data, line->size);
}

const struct render_type render_quote = {.name = "quote",
                                         .null_text = "null",
                                         .separator = ",",
                                         .description = "values as SSQL writes them, with commas between them",
                                         .begin = quote_begin,
                                         .row = quote_row};
