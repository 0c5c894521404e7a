/* The mode insert: statements that make the rows again. */
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
        size_t size;
        const char *text = ssql_column_text(statement, i, &size);
        text_add_string(line, i > 0 ? ", " : "");
        if (text == NULL)
            text_add_string(line, "null");
        else if (ssql_column_type(statement, i) == SSQL_TYPE_STRING)
            add_string_literal(line, text, size);
        else
            text_add(line, text, size);
    }
    text_add_string(line, ");\n");
    output_add(renderer->output, line->data, line->size);
}

const struct render_type render_insert = {.name = "insert",
                                          .null_text = "null",
                                          .description = "insert statements that make the rows again",
                                          .row = insert_row};
