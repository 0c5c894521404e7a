/* The modes json (one array of objects) and jsonl (one object a line). */
#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "shell/cell_text.h"
#include "shell/display_width.h"
#include "shell/render.h"

/* The character at `text`, of two or three bytes, when a terminal must not be given it raw; else 0. */
static unsigned dangerous_character(const char *text, size_t size)
{
    unsigned char lead = (unsigned char)text[0];
    size_t needed = lead < 0xC2 ? 0 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 0;

    assert(needed <= size); /* texts are UTF-8 */
    if (needed == 0 || display_is_plain(text, needed))
        return 0;
    unsigned code_point = lead & (needed == 2 ? 0x1F : 0x0F);
    for (size_t i = 1; i < needed; i++)
        code_point = code_point << 6 | ((unsigned char)text[i] & 0x3F);
    return code_point;
}

static void add_json_string(struct renderer *renderer, const char *text, size_t size)
{
    struct output *output = renderer->output;
    size_t plain = 0;

    output_add_char(output, '"');
    for (size_t i = 0; i < size; i++) {
        unsigned char byte = (unsigned char)text[i];
        unsigned dangerous = renderer->is_terminal ? dangerous_character(text + i, size - i) : 0;
        char escape[8];
        if (dangerous != 0) {
            renderer_add_text(renderer, text + plain, i - plain);
            snprintf(escape, sizeof escape, "\\u%04x", dangerous & 0xFFFF);
            output_add_string(output, escape);
            i += dangerous < 0x800 ? 1 : 2;
            plain = i + 1;
            continue;
        }
        switch (byte) {
        case '"': strcpy(escape, "\\\""); break;
        case '\\': strcpy(escape, "\\\\"); break;
        case '\n': strcpy(escape, "\\n"); break;
        case '\r': strcpy(escape, "\\r"); break;
        case '\t': strcpy(escape, "\\t"); break;
        default:
            if (byte >= 0x20 && byte != 0x7F)
                continue;
            snprintf(escape, sizeof escape, "\\u%04x", byte);
        }
        renderer_add_text(renderer, text + plain, i - plain);
        output_add_string(output, escape);
        plain = i + 1;
    }
    renderer_add_text(renderer, text + plain, size - plain);
    output_add_char(output, '"');
}

static void add_json_value(struct renderer *renderer, ssql_stmt *statement, int i)
{
    size_t size;
    const char *text = cell_text(statement, i, &size);
    int type = ssql_column_type(statement, i);

    if (text == NULL || (type == SSQL_TYPE_FLOAT && !isfinite(ssql_column_float(statement, i))))
        output_add_string(renderer->output, "null");
    else if (type == SSQL_TYPE_STRING)
        add_json_string(renderer, text, size);
    else
        output_add(renderer->output, text, size);
}

static void add_object(struct renderer *renderer, ssql_stmt *statement)
{
    output_add_char(renderer->output, '{');
    for (int i = 0; i < renderer->column_count; i++) {
        const char *name = ssql_column_name(statement, i);
        if (i > 0)
            output_add_char(renderer->output, ',');
        add_json_string(renderer, name, strlen(name));
        output_add_char(renderer->output, ':');
        add_json_value(renderer, statement, i);
    }
    output_add_char(renderer->output, '}');
}

static void json_row(struct renderer *renderer, ssql_stmt *statement)
{
    output_add_string(renderer->output, renderer->row_count == 1 ? "[" : ",\n");
    add_object(renderer, statement);
}

/* After a failure the array stays open: nobody shall take a part for the whole. */
static void json_end(struct renderer *renderer, bool failed)
{
    if (failed)
        output_add_string(renderer->output, renderer->row_count == 0 ? "" : "\n");
    else
        output_add_string(renderer->output, renderer->row_count == 0 ? "[]\n" : "]\n");
}

static void jsonl_row(struct renderer *renderer, ssql_stmt *statement)
{
    add_object(renderer, statement);
    output_add_char(renderer->output, '\n');
}

const struct render_type render_json = {
    .name = "json", .null_text = "null", .description = "an array of objects", .row = json_row, .end = json_end};
const struct render_type render_jsonl = {
    .name = "jsonl", .null_text = "null", .description = "one JSON object a line", .row = jsonl_row};
