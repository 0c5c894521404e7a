#include "format/record_reader_internal.h"

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>

#include "base/utf8.h"

/* ---- life ---- */

static bool check_options(struct record_reader_options *options, struct ssql_error *error)
{
    if (options->format == RECORD_FORMAT_INSERT) {
        error_set(error, SSQL_BAD_OPTION, NO_SPAN, "the format insert is written, not read");
        return error_hint(error, "run the statements as a script");
    }
    if (options->expected_count > RECORD_FIELDS_MOST)
        return error_set(error, SSQL_TOO_LARGE, NO_SPAN, "records have at most %d fields", RECORD_FIELDS_MOST);
    if (options->format == RECORD_FORMAT_CSV || options->format == RECORD_FORMAT_TSV) {
        if (options->delimiter == '\0')
            options->delimiter = options->format == RECORD_FORMAT_TSV ? '\t' : ',';
        return record_check_delimiters(options->delimiter, options->null_text, error);
    }
    if (options->delimiter != '\0' || options->null_text.data != NULL || options->has_header)
        return error_set(error, SSQL_BAD_OPTION, NO_SPAN, "%s has neither delimiter, null text nor header",
                         record_format_name(options->format));
    return true;
}

static const struct record_syntax *const syntaxes[] = {[RECORD_FORMAT_CSV] = &delimited_syntax,
                                                       [RECORD_FORMAT_TSV] = &delimited_syntax,
                                                       [RECORD_FORMAT_JSON] = &json_syntax,
                                                       [RECORD_FORMAT_JSONL] = &json_lines_syntax};

bool record_reader_create(const struct record_reader_options *options, struct byte_source source,
                          struct record_reader **out, struct ssql_error *error)
{
    struct record_reader_options checked = *options;

    *out = NULL;
    if (!check_options(&checked, error))
        return false;
    struct record_reader *reader = calloc(1, sizeof *reader);
    if (reader == NULL)
        return error_no_memory(error);
    reader->syntax = syntaxes[checked.format];
    reader->options = checked;
    reader->source = source;
    reader->window_capacity = checked.window_bytes == 0 ? WINDOW_BYTES : checked.window_bytes;
    reader->line = 1;
    reader->column_count = checked.expected_count;
    reader->is_count_known = checked.expected_count > 0;
    reader->lines_to_skip = checked.skip_lines;
    reader->window = malloc(reader->window_capacity + WINDOW_PADDING);
    reader->records = malloc(RECORD_BATCH_MOST * sizeof *reader->records);
    reader->fields = malloc(FIELDS_PER_BATCH * sizeof *reader->fields);
    if (reader->window == NULL || reader->records == NULL || reader->fields == NULL) {
        record_reader_destroy(reader);
        return error_no_memory(error);
    }
    *out = reader;
    return true;
}

void record_reader_destroy(struct record_reader *reader)
{
    if (reader == NULL)
        return;
    name_table_clear(&reader->names);
    arena_clear(&reader->texts);
    free(reader->window);
    free(reader->records);
    free(reader->fields);
    free(reader);
}

/* ---- the window ---- */

static const uint8_t *line_begin(const uint8_t *from, const uint8_t *at)
{
    while (at > from && at[-1] != '\n' && at[-1] != '\r')
        at--;
    return at;
}

static size_t character_count(const uint8_t *from, const uint8_t *to)
{
    return utf8_length(slice_make(from, (size_t)(to - from)));
}

/* Forgets what was handed out; a message's column still counts from its line's begin. */
static void drop_begin(struct record_reader *reader)
{
    const uint8_t *at = reader_at(reader), *begin = line_begin(reader->window, at);
    uint64_t characters = character_count(begin, at);

    reader->dropped_characters = begin == reader->window ? reader->dropped_characters + characters : characters;
    memmove(reader->window, at, reader->end - reader->begin);
    reader->window_offset += reader->begin;
    reader->end -= reader->begin;
    reader->begin = 0;
}

/* Doubles, so that a long record that is scanned again and again costs no more than twice its bytes. */
static bool grow_window(struct record_reader *reader, struct ssql_error *error)
{
    size_t most = RECORD_SIZE_MOST + WINDOW_BYTES;
    size_t capacity = reader->window_capacity > most / 2 ? most : reader->window_capacity * 2;
    uint8_t *window = realloc(reader->window, capacity + WINDOW_PADDING);

    if (window == NULL)
        return error_no_memory(error);
    reader->window = window;
    reader->window_capacity = capacity;
    return true;
}

static bool fail_too_large(struct record_reader *reader, struct ssql_error *error)
{
    const uint8_t *at = reader_at(reader), *quote = reader->open_quote;
    uint64_t line = quote == NULL ? 0 : reader->line + line_end_count(at, quote, reader_end(reader));

    reader->fault.record = (struct record){.line = reader->line, .offset = reader->window_offset + reader->begin};
    reader->fault.place = record_reader_record_place(reader, &reader->fault.record);
    error_set(error, SSQL_TOO_LARGE, NO_SPAN, "a record is longer than %d bytes", RECORD_SIZE_MOST);
    if (quote != NULL)
        error_hint(error, "the quote that begins in line %" PRIu64 " is not closed within them", line);
    return false;
}

/* Makes room behind the bytes that are left, then fills it. The window is read full, so that its next scan is worth it.
 */
static bool refill(struct record_reader *reader, struct ssql_error *error)
{
    size_t left = reader->end - reader->begin;

    if (left > RECORD_SIZE_MOST)
        return fail_too_large(reader, error);
    drop_begin(reader);
    if (left > reader->window_capacity / 2 && !grow_window(reader, error))
        return false;
    while (reader->end < reader->window_capacity && !reader->is_whole) {
        size_t room = reader->window_capacity - reader->end, size = 0;
        if (!byte_source_read(&reader->source, reader->window + reader->end, room, &size, error))
            return false;
        assert(size <= room);
        reader->end += size;
        reader->is_whole = size == 0;
    }
    return true;
}

uint64_t line_end_count(const uint8_t *from, const uint8_t *to, const uint8_t *end)
{
    uint64_t count = 0;

    for (const uint8_t *at = from; at < to && (at = memchr(at, '\n', (size_t)(to - at))) != NULL; at++)
        count++;
    for (const uint8_t *at = from; at < to && (at = memchr(at, '\r', (size_t)(to - at))) != NULL; at++)
        count += at + 1 == end || at[1] != '\n';
    return count;
}

/* ---- faults and ends ---- */

enum scan_stop reader_fault(struct record_reader *reader, struct record record, const uint8_t *at, const uint8_t *next,
                            uint64_t next_line)
{
    reader->scanned.record = record;
    reader->scanned.at = at;
    reader->scanned.next = next;
    reader->scanned.next_line = next_line;
    return next == NULL ? SCAN_BROKEN : SCAN_FAULT;
}

void place_advance(struct record_place *place, const uint8_t *from, const uint8_t *to, const uint8_t *end)
{
    uint64_t lines = line_end_count(from, to, end);

    if (lines == 0)
        place->column += character_count(from, to);
    else
        place->column = 1 + character_count(line_begin(from, to), to);
    place->line += lines;
    place->offset += (uint64_t)(to - from);
}

const uint8_t *text_fault(struct slice text, struct ssql_error *error)
{
    const uint8_t *zero = text.size == 0 ? NULL : memchr(text.data, '\0', text.size);
    size_t valid = utf8_valid_prefix(text);

    if (valid < text.size && (zero == NULL || zero > text.data + valid)) {
        error_set(error, SSQL_BAD_ENCODING, NO_SPAN, "the byte 0x%02X is no valid UTF-8", text.data[valid]);
        return text.data + valid;
    }
    if (zero != NULL)
        error_set(error, SSQL_BAD_ENCODING, NO_SPAN, "a NUL byte is no text");
    return zero;
}

static struct record_place place_in_window(const struct record_reader *reader, uint64_t line, const uint8_t *at)
{
    const uint8_t *begin = line_begin(reader->window, at);
    uint64_t dropped = begin == reader->window ? reader->dropped_characters : 0;

    return (struct record_place){.line = line,
                                 .column = 1 + dropped + character_count(begin, at),
                                 .offset = reader->window_offset + (uint64_t)(at - reader->window)};
}

static struct record_place place_in_record(const struct record_reader *reader, const struct record *record,
                                           const uint8_t *at)
{
    uint64_t lines = line_end_count(record->raw, at, record->raw + record->size);

    return place_in_window(reader, record->line + lines, at);
}

struct record_place record_reader_record_place(const struct record_reader *reader, const struct record *record)
{
    return place_in_window(reader, record->line, reader->window + (record->offset - reader->window_offset));
}

struct record_place record_reader_field_place(const struct record_reader *reader, const struct record_batch *batch,
                                              uint32_t row, uint32_t column)
{
    const struct record *record = &batch->records[row];

    assert(row < batch->count && column < batch->field_count);
    return place_in_record(reader, record, reader->syntax->find_field(reader, record, column));
}

static enum record_status end_with(struct record_reader *reader, enum record_status status,
                                   const struct ssql_error *error)
{
    reader->final = status;
    if (error != NULL)
        reader->final_error = *error;
    return status;
}

static void take_fault(struct record_reader *reader)
{
    reader->fault.record = reader->scanned.record;
    reader->fault.place = place_in_record(reader, &reader->scanned.record, reader->scanned.at);
}

/* The record stays in the window until the following call. */
static enum record_status reject(struct record_reader *reader, struct ssql_error *error)
{
    take_fault(reader);
    if (error != NULL)
        *error = reader->scanned.error;
    reader->begin = (size_t)(reader->scanned.next - reader->window);
    reader->line = reader->scanned.next_line;
    return RECORDS_REJECTED;
}

/* A failure of the source stands where reading had come to. */
static enum record_status fail(struct record_reader *reader, const struct ssql_error *failure)
{
    if (reader->fault.place.line == 0) {
        reader->fault.record = (struct record){.line = reader->line, .offset = reader->window_offset + reader->begin};
        reader->fault.place = record_reader_record_place(reader, &reader->fault.record);
    }
    return end_with(reader, RECORDS_FAILED, failure);
}

static bool fail_again(const struct record_reader *reader, struct ssql_error *error)
{
    if (reader->final == RECORDS_FAILED && error != NULL)
        *error = reader->final_error;
    return false;
}

/* ---- reading ---- */

/* The mark of UTF-8 is passed over; those of UTF-16 tell what the file is. */
static bool pass_mark(struct record_reader *reader, struct ssql_error *error)
{
    const uint8_t *at = reader_at(reader);
    size_t size = reader->end - reader->begin;

    if (size >= 3 && memcmp(at, "\xEF\xBB\xBF", 3) == 0)
        reader->begin += 3;
    if (size >= 2 && (memcmp(at, "\xFF\xFE", 2) == 0 || memcmp(at, "\xFE\xFF", 2) == 0)) {
        error_set(error, SSQL_BAD_ENCODING, NO_SPAN, "this is UTF-16, not UTF-8");
        return error_hint(error, "convert it first: iconv -f UTF-16 -t UTF-8");
    }
    return true;
}

/* Passes over the lines to skip; false: the window ends before them. */
static bool skip_lines(struct record_reader *reader)
{
    while (reader->lines_to_skip > 0) {
        const uint8_t *at = reader_at(reader), *end = reader_end(reader);
        while (at < end && *at != '\n' && *at != '\r')
            at++;
        if (end - at < 2 && !reader->is_whole) {
            reader->begin = (size_t)(at - reader->window);
            return false;
        }
        if (at == end) {
            reader->begin = reader->end;
            break;
        }
        at += *at == '\r' && end - at > 1 && at[1] == '\n' ? 2 : 1;
        reader->begin = (size_t)(at - reader->window);
        reader->line++;
        reader->lines_to_skip--;
    }
    return true;
}

static bool begin(struct record_reader *reader, struct ssql_error *error)
{
    while (!reader->is_whole && reader->end < 3)
        if (!refill(reader, error))
            return false;
    if (!pass_mark(reader, error))
        return false;
    while (!skip_lines(reader))
        if (!refill(reader, error))
            return false;
    enum scan_stop stop;
    while ((stop = reader->syntax->begin(reader)) == SCAN_INCOMPLETE)
        if (!refill(reader, error))
            return false;
    if (stop == SCAN_FAULT || stop == SCAN_BROKEN) {
        take_fault(reader);
        *error = reader->scanned.error;
        return false;
    }
    return true;
}

bool record_reader_begin(struct record_reader *reader, struct ssql_error *error)
{
    struct ssql_error failure = {0};

    if (reader->final == RECORDS_FAILED)
        return fail_again(reader, error);
    if (reader->is_begun)
        return true;
    reader->is_begun = true;
    if (begin(reader, &failure))
        return true;
    fail(reader, &failure);
    return fail_again(reader, error);
}

static enum record_status deliver(struct record_reader *reader, struct record_batch *batch)
{
    *batch = (struct record_batch){.records = reader->records,
                                   .fields = reader->fields,
                                   .count = reader->count,
                                   .field_count = reader->column_count,
                                   .stride = reader->column_count};
    return RECORDS_READ;
}

enum record_status record_reader_next(struct record_reader *reader, struct record_batch *batch,
                                      struct ssql_error *error)
{
    struct ssql_error failure = {0};

    *batch = (struct record_batch){0};
    if (reader->final == RECORDS_READ)
        reader->fault = (struct record_fault){0};
    reader->count = 0;
    arena_reset(&reader->texts);
    if (reader->final == RECORDS_READ && !record_reader_begin(reader, error))
        return RECORDS_FAILED;
    while (reader->final == RECORDS_READ) {
        enum scan_stop stop = reader->syntax->scan(reader);
        if (reader->count > 0)
            return deliver(reader, batch);
        assert(stop != SCAN_FULL); /* a full batch is not empty */
        if (stop == SCAN_FAULT)
            return reject(reader, error);
        if (stop == SCAN_BROKEN) {
            take_fault(reader);
            fail(reader, &reader->scanned.error);
        } else if (stop == SCAN_END) {
            end_with(reader, RECORDS_END, NULL);
        } else if (!refill(reader, &failure)) {
            fail(reader, &failure);
        }
    }
    fail_again(reader, error);
    return reader->final;
}

const struct record_fault *record_reader_fault(const struct record_reader *reader)
{
    return &reader->fault;
}

uint32_t record_reader_column_count(const struct record_reader *reader)
{
    return reader->column_count;
}

bool record_reader_has_names(const struct record_reader *reader)
{
    return reader->has_names;
}

struct slice record_reader_column_name(const struct record_reader *reader, uint32_t column)
{
    assert(reader->has_names && column < reader->names.count);
    return reader->names.names[column];
}

const struct record_place *record_reader_name_place(const struct record_reader *reader, uint32_t column)
{
    assert(column < reader->names.count);
    return reader->name_places == NULL ? NULL : &reader->name_places[column];
}

uint64_t record_reader_bytes_read(const struct record_reader *reader)
{
    return reader->window_offset + reader->end;
}

uint64_t record_reader_bytes_done(const struct record_reader *reader)
{
    return reader->window_offset + reader->begin;
}
