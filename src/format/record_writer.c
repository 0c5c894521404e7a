#include "format/record_writer_internal.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>

#include "format/name_table.h"
#include "format/number_text.h"

/* ---- life ---- */

static const struct record_writer_type *const types[] = {[RECORD_FORMAT_CSV] = &csv_writer,
                                                         [RECORD_FORMAT_TSV] = &tsv_writer,
                                                         [RECORD_FORMAT_JSON] = &json_writer,
                                                         [RECORD_FORMAT_JSONL] = &json_lines_writer,
                                                         [RECORD_FORMAT_INSERT] = &insert_writer};

static bool check_options(struct record_writer_options *options, struct ssql_error *error)
{
    if (options->format == RECORD_FORMAT_CSV || options->format == RECORD_FORMAT_TSV) {
        bool is_tsv = options->format == RECORD_FORMAT_TSV;
        if (options->delimiter == '\0')
            options->delimiter = is_tsv ? '\t' : ',';
        if (options->null_text.data == NULL)
            options->null_text = slice_of(is_tsv ? "\\N" : "");
        return record_check_delimiters(options->delimiter, options->null_text, error);
    }
    if (options->delimiter != '\0' || options->null_text.data != NULL)
        return error_set(error, SSQL_BAD_OPTION, NO_SPAN, "%s has neither delimiter nor null text",
                         record_format_name(options->format));
    return true;
}

static bool copy_names(struct record_writer *writer, const struct slice *names, uint32_t count,
                       struct ssql_error *error)
{
    writer->column_count = count;
    writer->names = arena_alloc_array(&writer->arena, count, sizeof *names);
    writer->prefixes = arena_alloc_array(&writer->arena, count, sizeof *names);
    for (uint32_t i = 0; i < count && !arena_failed(&writer->arena); i++)
        writer->names[i] = arena_copy(&writer->arena, names[i]);
    if (arena_failed(&writer->arena))
        return error_no_memory(error);
    return true;
}

bool record_writer_create(const struct record_writer_options *options, const struct slice *names, uint32_t count,
                          struct byte_sink sink, struct record_writer **out, struct ssql_error *error)
{
    struct record_writer_options checked = *options;

    assert(count > 0);
    *out = NULL;
    if (!check_options(&checked, error))
        return false;
    struct record_writer *writer = calloc(1, sizeof *writer);
    if (writer == NULL)
        return error_no_memory(error);
    writer->type = types[checked.format];
    writer->options = checked;
    writer->output.sink = sink;
    writer->output.bytes = malloc(OUTPUT_CAPACITY);
    bool is_ready = writer->output.bytes != NULL ? copy_names(writer, names, count, error) : error_no_memory(error);
    if (!is_ready || !writer->type->prepare(writer, error)) {
        record_writer_destroy(writer);
        return false;
    }
    *out = writer;
    return true;
}

void record_writer_destroy(struct record_writer *writer)
{
    if (writer == NULL)
        return;
    arena_clear(&writer->arena);
    free(writer->output.bytes);
    free(writer);
}

/* ---- writing ---- */

static bool report(const struct record_writer *writer, struct ssql_error *error)
{
    if (writer->output.failure.code == SSQL_OK)
        return true;
    if (error != NULL)
        *error = writer->output.failure;
    return false;
}

static void begin_once(struct record_writer *writer)
{
    if (writer->is_begun)
        return;
    writer->is_begun = true;
    writer->type->begin(writer);
}

bool record_writer_write(struct record_writer *writer, const struct batch *batch, struct ssql_error *error)
{
    uint32_t count = batch->selection == NULL ? batch->row_count : batch->selected_count;

    assert(batch->column_count == writer->column_count);
    begin_once(writer);
    for (uint32_t i = 0; i < count && writer->output.failure.code == SSQL_OK; i++) {
        writer->type->row(writer, batch, batch_row(batch, i));
        writer->row_count++;
    }
    return report(writer, error);
}

bool record_writer_finish(struct record_writer *writer, struct ssql_error *error)
{
    begin_once(writer);
    if (writer->output.failure.code == SSQL_OK)
        writer->type->end(writer);
    record_output_flush(&writer->output);
    return report(writer, error);
}

uint64_t record_writer_bytes(const struct record_writer *writer)
{
    return writer->output.handed_over;
}

uint64_t record_writer_rows(const struct record_writer *writer)
{
    return writer->row_count;
}

/* ---- values ---- */

/* Writes |scaled| / 10^decimals, whose last digit is not 0 unless `decimals` is 1. */
static size_t format_decimal(double scaled, unsigned decimals, uint8_t *text)
{
    uint8_t digits[INT_TEXT_SIZE];
    size_t count = number_format_int((int64_t)fabs(scaled), digits), size = 0;

    if (scaled < 0)
        text[size++] = '-';
    for (; count <= decimals; count++) {
        memmove(digits + 1, digits, count);
        digits[0] = '0';
    }
    memcpy(text + size, digits, count - decimals);
    size += count - decimals;
    text[size++] = '.';
    memcpy(text + size, digits + count - decimals, decimals);
    return size + decimals;
}

/* Most floats are short decimals. One with at most 15 digits is the shortest that reads back to its double, and the
 * same text as float_format's; below 0.0001 that one writes an exponent. */
size_t format_float(double real, uint8_t *text)
{
    static const double powers[] = {1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6};
    enum { DECIMALS_MOST = 6 };
    char slow[FLOAT_TEXT_SIZE];

    if (fabs(real) >= 1e-4 && fabs(real) < 1e15) {
        for (unsigned decimals = 1; decimals <= DECIMALS_MOST; decimals++) {
            double scaled = nearbyint(real * powers[decimals]);
            if (fabs(scaled) >= 1e15)
                break;
            if (scaled / powers[decimals] == real)
                return format_decimal(scaled, decimals, text);
        }
    }
    size_t size = float_format(real, slow);
    memcpy(text, slow, size);
    return size;
}

size_t format_short_value(const struct value *value, uint8_t *text)
{
    if (value->type == SSQL_TYPE_INT)
        return number_format_int(value->integer, text);
    if (value->type == SSQL_TYPE_FLOAT)
        return format_float(value->real, text);
    assert(value->type == SSQL_TYPE_BOOL);
    memcpy(text, value->boolean ? "true" : "false", 5);
    return value->boolean ? 4 : 5;
}

bool check_distinct_names(const struct record_writer *writer, struct ssql_error *error)
{
    struct name_table table = {0};
    bool is_right = true;

    for (uint32_t i = 0; i < writer->column_count && is_right; i++) {
        if (name_table_find(&table, writer->names[i], 0) < i) {
            is_right = error_set(error, SSQL_COLUMN_EXISTS, NO_SPAN,
                                 "two columns are called \"%.*s\", which %s cannot tell apart",
                                 SLICE_PRINT(writer->names[i]), record_format_name(writer->options.format));
            error_hint(error, "give one of them another name with \"as\"");
        } else {
            is_right = name_table_add(&table, writer->names[i], error);
        }
    }
    name_table_clear(&table);
    return is_right;
}
