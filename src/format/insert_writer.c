/* Insert statements of many rows. A text is 'quoted'; one with control characters is "quoted", where they have escapes.
 */
#include <math.h>

#include "base/buffer.h"
#include "format/record_writer_internal.h"

static bool is_bare_name(const struct record_writer *writer, struct slice name)
{
    for (size_t i = 0; i < name.size; i++) {
        uint8_t byte = name.data[i];
        bool is_letter = (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') || byte == '_';
        if (!is_letter && (i == 0 || byte < '0' || byte > '9'))
            return false;
    }
    return name.size > 0 && writer->options.is_reserved != NULL && !writer->options.is_reserved(name);
}

static void append_name(const struct record_writer *writer, struct slice name, struct buffer *to)
{
    if (is_bare_name(writer, name)) {
        buffer_append(to, name.data, name.size);
        return;
    }
    buffer_append_byte(to, '`');
    for (size_t i = 0; i < name.size; i++) {
        if (name.data[i] == '`')
            buffer_append_byte(to, '`');
        buffer_append_byte(to, name.data[i]);
    }
    buffer_append_byte(to, '`');
}

/* prefixes[0] becomes the whole of "insert into t (a, b) values", prefixes of other columns stay unused. */
static bool insert_prepare(struct record_writer *writer, struct ssql_error *error)
{
    struct buffer head = {0};

    for (int byte = 0; byte < 0x20; byte++)
        writer->escaped[byte] = 1;
    writer->escaped['"'] = writer->escaped['\\'] = writer->escaped[0x7F] = 1;
    buffer_append_text(&head, "insert into ");
    append_name(writer, writer->options.table, &head);
    if (writer->options.has_header) {
        for (uint32_t i = 0; i < writer->column_count; i++) {
            buffer_append_text(&head, i == 0 ? " (" : ", ");
            append_name(writer, writer->names[i], &head);
        }
        buffer_append_byte(&head, ')');
    }
    buffer_append_text(&head, " values");
    writer->prefixes[0] = arena_copy(&writer->arena, buffer_slice(&head));
    bool has_memory = !head.failed && !arena_failed(&writer->arena);
    buffer_clear(&head);
    return has_memory ? check_distinct_names(writer, error) : error_no_memory(error);
}

static bool has_control_character(struct slice text)
{
    for (size_t i = 0; i < text.size; i++)
        if (text.data[i] < 0x20 || text.data[i] == 0x7F)
            return true;
    return false;
}

static size_t insert_escape(uint8_t byte, uint8_t *to)
{
    static const char digits[] = "0123456789abcdef";
    size_t size = escape_by_letter(byte, to);

    if (size > 0)
        return size;
    memcpy(to, "\\u{", 3);
    to[3] = (uint8_t)digits[byte >> 4];
    to[4] = (uint8_t)digits[byte & 15];
    to[5] = '}';
    return 6;
}

static void write_string(struct record_writer *writer, struct slice text)
{
    static const uint8_t quotes[256] = {['\''] = 1};
    struct record_output *output = &writer->output;
    bool has_escapes = has_control_character(text);
    uint8_t quote = has_escapes ? '"' : '\'';

    record_output_byte(output, quote);
    if (has_escapes)
        record_output_escaped(output, text, writer->escaped, insert_escape);
    else
        record_output_escaped(output, text, quotes, escape_by_doubling);
    record_output_byte(output, quote);
}

static void write_value(struct record_writer *writer, const struct value *value)
{
    struct record_output *output = &writer->output;

    if (value->is_null) {
        record_output_text(output, "null");
    } else if (value->type == SSQL_TYPE_STRING) {
        write_string(writer, value->string);
    } else if (value->type == SSQL_TYPE_FLOAT && !isfinite(value->real)) {
        record_output_text(output, "cast('");
        output->size += format_float(value->real, record_output_room(output, VALUE_TEXT_SIZE));
        record_output_text(output, "' as float)");
    } else {
        output->size += format_short_value(value, record_output_room(output, VALUE_TEXT_SIZE));
    }
}

static void end_statement(struct record_writer *writer)
{
    if (writer->statement_rows > 0)
        record_output_text(&writer->output, ";\n");
    writer->statement_rows = 0;
}

static void write_row(struct record_writer *writer, const struct batch *batch, uint32_t row)
{
    struct record_output *output = &writer->output;

    if (writer->statement_rows == INSERT_ROWS_MOST ||
        record_output_position(output) - writer->statement_begin >= INSERT_BYTES_MOST)
        end_statement(writer);
    if (writer->statement_rows == 0) {
        writer->statement_begin = record_output_position(output);
        record_output_bytes(output, writer->prefixes[0]);
    }
    record_output_text(output, writer->statement_rows == 0 ? "\n  (" : ",\n  (");
    writer->statement_rows++;
    for (uint32_t i = 0; i < writer->column_count; i++) {
        struct value value = vector_value(&batch->columns[i], row);
        if (i > 0)
            record_output_text(output, ", ");
        write_value(writer, &value);
    }
    record_output_byte(output, ')');
}

static void nothing(struct record_writer *writer)
{
    (void)writer;
}

const struct record_writer_type insert_writer = {
    .prepare = insert_prepare, .begin = nothing, .row = write_row, .end = end_statement};
