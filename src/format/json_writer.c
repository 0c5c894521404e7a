/* JSON and JSON lines. */
#include <math.h>

#include "base/buffer.h"
#include "format/record_writer_internal.h"

static size_t json_escape(uint8_t byte, uint8_t *to)
{
    static const char digits[] = "0123456789abcdef";
    size_t size = escape_by_letter(byte, to);

    if (size > 0)
        return size;
    memcpy(to, "\\u00", 4);
    to[4] = (uint8_t)digits[byte >> 4];
    to[5] = (uint8_t)digits[byte & 15];
    return 6;
}

/* "name": or ,"name": */
static void prepare_prefix(const struct record_writer *writer, uint32_t column, struct buffer *prefix)
{
    struct slice name = writer->names[column];

    if (column > 0)
        buffer_append_byte(prefix, ',');
    buffer_append_byte(prefix, '"');
    for (size_t i = 0; i < name.size; i++) {
        uint8_t escape[ESCAPE_SIZE_MOST];
        if (writer->escaped[name.data[i]] != 0)
            buffer_append(prefix, escape, json_escape(name.data[i], escape));
        else
            buffer_append_byte(prefix, name.data[i]);
    }
    buffer_append_text(prefix, "\":");
}

static bool json_prepare(struct record_writer *writer, struct ssql_error *error)
{
    struct buffer prefix = {0};

    for (int byte = 0; byte < 0x20; byte++)
        writer->escaped[byte] = 1;
    writer->escaped['"'] = writer->escaped['\\'] = writer->escaped[0x7F] = 1;
    for (uint32_t i = 0; i < writer->column_count && !prefix.failed; i++) {
        buffer_reset(&prefix);
        prepare_prefix(writer, i, &prefix);
        writer->prefixes[i] = arena_copy(&writer->arena, buffer_slice(&prefix));
    }
    bool has_memory = !prefix.failed && !arena_failed(&writer->arena);
    buffer_clear(&prefix);
    return has_memory ? check_distinct_names(writer, error) : error_no_memory(error);
}

static void json_value(struct record_writer *writer, const struct value *value)
{
    struct record_output *output = &writer->output;

    if (value->is_null) {
        record_output_text(output, "null");
        return;
    }
    bool is_quoted = value->type == SSQL_TYPE_STRING || (value->type == SSQL_TYPE_FLOAT && !isfinite(value->real));
    if (is_quoted)
        record_output_byte(output, '"');
    if (value->type == SSQL_TYPE_STRING)
        record_output_escaped(output, value->string, writer->escaped, json_escape);
    else
        output->size += format_short_value(value, record_output_room(output, VALUE_TEXT_SIZE));
    if (is_quoted)
        record_output_byte(output, '"');
}

static void write_object(struct record_writer *writer, const struct batch *batch, uint32_t row)
{
    record_output_byte(&writer->output, '{');
    for (uint32_t i = 0; i < writer->column_count; i++) {
        struct value value = vector_value(&batch->columns[i], row);
        record_output_bytes(&writer->output, writer->prefixes[i]);
        json_value(writer, &value);
    }
    record_output_byte(&writer->output, '}');
}

static void json_begin(struct record_writer *writer)
{
    record_output_byte(&writer->output, '[');
}

static void json_row(struct record_writer *writer, const struct batch *batch, uint32_t row)
{
    if (writer->row_count > 0)
        record_output_text(&writer->output, ",\n");
    write_object(writer, batch, row);
}

static void json_end(struct record_writer *writer)
{
    record_output_text(&writer->output, "]\n");
}

static void nothing(struct record_writer *writer)
{
    (void)writer;
}

static void json_line(struct record_writer *writer, const struct batch *batch, uint32_t row)
{
    write_object(writer, batch, row);
    record_output_byte(&writer->output, '\n');
}

const struct record_writer_type json_writer = {
    .prepare = json_prepare, .begin = json_begin, .row = json_row, .end = json_end};
const struct record_writer_type json_lines_writer = {
    .prepare = json_prepare, .begin = nothing, .row = json_line, .end = nothing};
