/* CSV and TSV. What their readers take for something else than a text is quoted, or begins with an escape: the empty
 * string, a text that is the null text, a byte-order mark. */
#include "base/utf8.h"
#include "format/record_writer_internal.h"

static bool is_null_text(const struct record_writer *writer, struct slice text)
{
    return slice_equal(text, writer->options.null_text);
}

static bool has_mark(struct slice text)
{
    return text.size >= 3 && memcmp(text.data, "\xEF\xBB\xBF", 3) == 0;
}

static void mark_bytes(struct record_writer *writer, const char *bytes)
{
    for (; *bytes != '\0'; bytes++)
        writer->escaped[(uint8_t)*bytes] = 1;
    writer->escaped[(uint8_t)writer->options.delimiter] = 1;
}

/* ---- CSV ---- */

static bool csv_prepare(struct record_writer *writer, struct ssql_error *error)
{
    (void)error;
    mark_bytes(writer, "\"\n\r");
    return true;
}

static bool needs_quotes(const struct record_writer *writer, struct slice text)
{
    if (text.size == 0 || text.data[0] == ' ' || text.data[text.size - 1] == ' ')
        return true;
    for (size_t i = 0; i < text.size; i++)
        if (writer->escaped[text.data[i]] != 0)
            return true;
    return has_mark(text) || is_null_text(writer, text);
}

static void csv_text(struct record_writer *writer, struct slice text)
{
    static const uint8_t quotes[256] = {['"'] = 1};
    struct record_output *output = &writer->output;

    if (!needs_quotes(writer, text)) {
        record_output_bytes(output, text);
        return;
    }
    record_output_byte(output, '"');
    record_output_escaped(output, text, quotes, escape_by_doubling);
    record_output_byte(output, '"');
}

static void csv_value(struct record_writer *writer, const struct value *value)
{
    uint8_t text[VALUE_TEXT_SIZE];

    if (value->is_null) {
        record_output_bytes(&writer->output, writer->options.null_text);
    } else if (value->type == SSQL_TYPE_STRING) {
        csv_text(writer, value->string);
    } else {
        struct slice short_text = slice_make(text, format_short_value(value, text));
        if (is_null_text(writer, short_text))
            csv_text(writer, short_text);
        else
            record_output_bytes(&writer->output, short_text);
    }
}

/* ---- TSV ---- */

static bool tsv_prepare(struct record_writer *writer, struct ssql_error *error)
{
    (void)error;
    mark_bytes(writer, "\\\t\n\r");
    return true;
}

static size_t escape_hex(uint8_t byte, uint8_t *to)
{
    static const char digits[] = "0123456789ABCDEF";

    memcpy(to, "\\x", 2);
    to[2] = (uint8_t)digits[byte >> 4];
    to[3] = (uint8_t)digits[byte & 15];
    return 4;
}

/* What is no line end, tab or backslash is a delimiter of the user's. */
static size_t tsv_escape(uint8_t byte, uint8_t *to)
{
    size_t size = escape_by_letter(byte, to);

    return size > 0 ? size : escape_hex(byte, to);
}

static void tsv_text(struct record_writer *writer, struct slice text)
{
    struct record_output *output = &writer->output;

    if (text.size == 0 && is_null_text(writer, text) && output->failure.code == SSQL_OK) {
        error_set(&output->failure, SSQL_BAD_VALUE, NO_SPAN,
                  "an empty string cannot be told from a null that is written as nothing");
        error_hint(&output->failure, "choose another text for nulls, or the format csv");
        return;
    }
    if (text.size > 0 && (is_null_text(writer, text) || has_mark(text))) {
        size_t size = utf8_offset(text, 1); /* half a character would be no valid UTF-8 */
        for (size_t i = 0; i < size; i++)
            output->size += escape_hex(text.data[i], record_output_room(output, ESCAPE_SIZE_MOST));
        text = slice_make(text.data + size, text.size - size);
    }
    record_output_escaped(output, text, writer->escaped, tsv_escape);
}

static void tsv_value(struct record_writer *writer, const struct value *value)
{
    uint8_t text[VALUE_TEXT_SIZE];

    if (value->is_null)
        record_output_bytes(&writer->output, writer->options.null_text);
    else if (value->type == SSQL_TYPE_STRING)
        tsv_text(writer, value->string);
    else
        tsv_text(writer, slice_make(text, format_short_value(value, text)));
}

/* ---- both ---- */

static void write_header(struct record_writer *writer, void (*add_text)(struct record_writer *, struct slice))
{
    if (!writer->options.has_header)
        return;
    for (uint32_t i = 0; i < writer->column_count; i++) {
        if (i > 0)
            record_output_byte(&writer->output, (uint8_t)writer->options.delimiter);
        add_text(writer, writer->names[i]);
    }
    record_output_byte(&writer->output, '\n');
}

static void csv_begin(struct record_writer *writer)
{
    write_header(writer, csv_text);
}

static void tsv_begin(struct record_writer *writer)
{
    write_header(writer, tsv_text);
}

static void csv_row(struct record_writer *writer, const struct batch *batch, uint32_t row)
{
    for (uint32_t i = 0; i < writer->column_count; i++) {
        struct value value = vector_value(&batch->columns[i], row);
        if (i > 0)
            record_output_byte(&writer->output, (uint8_t)writer->options.delimiter);
        csv_value(writer, &value);
    }
    record_output_byte(&writer->output, '\n');
}

static void tsv_row(struct record_writer *writer, const struct batch *batch, uint32_t row)
{
    for (uint32_t i = 0; i < writer->column_count; i++) {
        struct value value = vector_value(&batch->columns[i], row);
        if (i > 0)
            record_output_byte(&writer->output, (uint8_t)writer->options.delimiter);
        tsv_value(writer, &value);
    }
    record_output_byte(&writer->output, '\n');
}

static void end_nothing(struct record_writer *writer)
{
    (void)writer;
}

const struct record_writer_type csv_writer = {
    .prepare = csv_prepare, .begin = csv_begin, .row = csv_row, .end = end_nothing};
const struct record_writer_type tsv_writer = {
    .prepare = tsv_prepare, .begin = tsv_begin, .row = tsv_row, .end = end_nothing};
