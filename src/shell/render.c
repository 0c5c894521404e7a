#include "shell/render.h"

#include <math.h>
#include <string.h>

#include "shell/cell_text.h"
#include "shell/display_width.h"
#include "shell/statement_text.h"

static const struct render_type *const modes[] = {
    &render_box,      &render_table, &render_column, &render_csv,    &render_tsv,  &render_json,  &render_jsonl,
    &render_markdown, &render_line,  &render_html,   &render_insert, &render_list, &render_quote, &render_off,
};
enum { MODE_COUNT = sizeof modes / sizeof modes[0] };

const struct render_type *render_mode(int i)
{
    return i < MODE_COUNT ? modes[i] : NULL;
}

const struct render_type *render_mode_find(const char *name)
{
    const struct render_type *found = NULL;
    size_t size = strlen(name);

    for (int i = 0; i < MODE_COUNT; i++)
        if (strcmp(modes[i]->name, name) == 0)
            return modes[i];
    for (int i = 0; i < MODE_COUNT && size > 0; i++) {
        if (strncmp(modes[i]->name, name, size) != 0)
            continue;
        if (found != NULL)
            return NULL;
        found = modes[i];
    }
    return found;
}

void renderer_begin(struct renderer *renderer, ssql_stmt *statement)
{
    const struct render_settings *settings = renderer->settings;

    renderer->type = settings->type;
    renderer->column_count = ssql_column_count(statement);
    renderer->row_count = 0;
    renderer->row_limit = renderer->type->shortens && renderer->is_terminal ? renderer->row_limit : 0;
    renderer->null_text = settings->null_text != NULL ? settings->null_text : settings->type->null_text;
    renderer->separator = settings->separator != NULL ? settings->separator : settings->type->separator;
    if (renderer->type->begin != NULL)
        renderer->type->begin(renderer, statement);
}

void renderer_row(struct renderer *renderer, ssql_stmt *statement)
{
    renderer->row_count++;
    if (renderer->type->row != NULL)
        renderer->type->row(renderer, statement);
}

void renderer_end(struct renderer *renderer, bool failed)
{
    if (renderer->type->end != NULL)
        renderer->type->end(renderer, failed);
    text_clear(&renderer->scratch);
}

bool renderer_has_shortened(const struct renderer *renderer)
{
    return renderer->row_limit > 0 && renderer->row_count > renderer->row_limit;
}

/* Only floats have values without a literal: they are cast from a string. */
void renderer_literal(struct text_buffer *to, ssql_stmt *statement, int i)
{
    size_t size;
    const char *text = cell_text(statement, i, &size);
    int type = ssql_column_type(statement, i);

    if (text == NULL)
        text_add_string(to, "null");
    else if (type == SSQL_TYPE_STRING)
        add_string_literal(to, text, size);
    else if (type == SSQL_TYPE_FLOAT && !isfinite(ssql_column_float(statement, i)))
        text_format(to, "cast('%s' as float)", text);
    else
        text_add(to, text, size);
}

bool renderer_reads_like_null(const struct renderer *renderer, const char *text, size_t size)
{
    return size > 0 && size == strlen(renderer->null_text) && memcmp(text, renderer->null_text, size) == 0;
}

void renderer_add_text(struct renderer *renderer, const char *text, size_t size)
{
    if (!renderer->is_terminal || display_is_plain(text, size)) {
        output_add(renderer->output, text, size);
        return;
    }
    text_reset(&renderer->scratch);
    display_escape(&renderer->scratch, text, size);
    output_add(renderer->output, renderer->scratch.data, renderer->scratch.size);
}

void renderer_add_escaped(struct renderer *renderer, const char *text, size_t size, const struct escape *escapes)
{
    size_t plain = 0;

    for (size_t i = 0; i < size; i++) {
        const struct escape *escape = escapes;
        while (escape->text != NULL && escape->byte != text[i])
            escape++;
        if (escape->text == NULL)
            continue;
        renderer_add_text(renderer, text + plain, i - plain);
        output_add_string(renderer->output, escape->text);
        plain = i + 1;
    }
    renderer_add_text(renderer, text + plain, size - plain);
}

/* The mode off: results are computed and dropped. */
const struct render_type render_off = {.name = "off", .null_text = "", .description = "nothing; for timing"};
