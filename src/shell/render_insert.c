/* The modes insert (statements that make the rows again) and quote (their values alone). */
#include <stdlib.h>
#include <string.h>

#include "shell/render.h"
#include "shell/statement_text.h"

/* What stands before the values is the same in every row: whether a name is a keyword is looked up once. */
static void insert_begin(struct renderer *renderer, ssql_stmt *statement)
{
    struct text_buffer *head = must_allocate(sizeof *head);

    *head = (struct text_buffer){0};
    text_add_string(head, "insert into ");
    if (renderer->settings->insert_table != NULL)
        add_name(head, renderer->settings->insert_table);
    else if (!add_table_read(head, renderer->statement_text, renderer->statement_size))
        text_add_string(head, "result");
    if (renderer->settings->header) {
        text_add_string(head, " (");
        for (int i = 0; i < renderer->column_count; i++) {
            text_add_string(head, i > 0 ? ", " : "");
            add_name(head, ssql_column_name(statement, i));
        }
        text_add_string(head, ")");
    }
    text_add_string(head, " values (");
    renderer->state = head;
}

static void insert_row(struct renderer *renderer, ssql_stmt *statement)
{
    const struct text_buffer *head = renderer->state;
    struct text_buffer *line = &renderer->scratch;

    text_reset(line);
    text_add(line, head->data, head->size);
    for (int i = 0; i < renderer->column_count; i++) {
        text_add_string(line, i > 0 ? ", " : "");
        renderer_literal(line, statement, i);
    }
    text_add_string(line, ");\n");
    output_add(renderer->output, line->data, line->size);
}

static void insert_end(struct renderer *renderer, bool failed)
{
    (void)failed;
    text_clear(renderer->state);
    free(renderer->state);
    renderer->state = NULL;
}

const struct render_type render_insert = {.name = "insert",
                                          .null_text = "null",
                                          .description = "insert statements that make the rows again",
                                          .begin = insert_begin,
                                          .row = insert_row,
                                          .end = insert_end};

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
