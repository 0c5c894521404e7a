/* CSV and TSV: a walk over the special bytes of the window (byte_mask.h), from delimiter to delimiter. What lies
 * between is not looked at, unless a quote or a backslash says so; whether it is valid UTF-8 is asked only of records
 * that lie in blocks with other than ASCII.
 *
 * A record at fault is scanned to its end all the same, as if the fault had not been: a quote out of place is text. So
 * the next record begins where its writer most likely meant it to. */
#include <inttypes.h>

#include "format/byte_mask.h"
#include "format/delimited_text.h"
#include "format/record_reader_internal.h"

struct scan {
    struct record_reader *reader;
    struct special_scanner specials;
    const uint8_t *end;
    bool is_whole; /* `end` is the file's */
    bool is_csv;
    uint8_t delimiter;
    uint8_t mark;     /* the quote, or the backslash */
    size_t null_size; /* of the text that is a null; SIZE_MAX: there is none */

    struct field *fields; /* of the record being scanned */
    uint32_t capacity;
    uint32_t count;
    const uint8_t *surplus; /* the first field for which there was no room */
    const uint8_t *fault;   /* the first thing wrong: `reader->scanned.error` says what; NULL: nothing */
    bool spans_lines;       /* a quoted field holds a line end */
};

static void scan_init(struct scan *scan, struct record_reader *reader)
{
    const struct record_reader_options *options = &reader->options;

    *scan = (struct scan){.reader = reader,
                          .end = reader_end(reader),
                          .is_whole = reader->is_whole,
                          .is_csv = options->format == RECORD_FORMAT_CSV,
                          .delimiter = (uint8_t)options->delimiter,
                          .mark = options->format == RECORD_FORMAT_CSV ? '"' : '\\',
                          .null_size = options->null_text.data == NULL ? SIZE_MAX : options->null_text.size};
    const uint8_t specials[SPECIAL_BYTE_COUNT] = {scan->delimiter, '\n', '\r', scan->mark};
    special_scanner_init(&scan->specials, specials, reader_at(reader), scan->end);
    reader->open_quote = NULL;
}

static void note_fault(struct scan *scan, const uint8_t *at, const char *text)
{
    if (scan->fault != NULL)
        return;
    scan->fault = at;
    error_set(&scan->reader->scanned.error, SSQL_BAD_VALUE, NO_SPAN, "%s", text);
}

/* ---- fields ---- */

/* The next special byte, or the end of the file; NULL where only the window ends. */
static inline const uint8_t *next_stop(struct scan *scan)
{
    const uint8_t *special = special_scanner_next(&scan->specials);

    if (special != NULL)
        return special;
    return scan->is_whole ? scan->end : NULL;
}

static inline void add_field(struct scan *scan, const uint8_t *begin, struct slice text, enum field_kind kind)
{
    if (scan->count < scan->capacity)
        scan->fields[scan->count] =
            (struct field){.data = text.data, .size = (uint32_t)text.size, .kind = (uint8_t)kind};
    else if (scan->count == scan->capacity)
        scan->surplus = begin;
    scan->count++;
}

static inline bool is_null_text(const struct scan *scan, const uint8_t *begin, size_t size)
{
    return size == scan->null_size && memcmp(begin, scan->reader->options.null_text.data, size) == 0;
}

static inline void add_plain_field(struct scan *scan, const uint8_t *begin, const uint8_t *end)
{
    size_t size = (size_t)(end - begin);
    bool is_null = (size == 0 && scan->is_csv) || is_null_text(scan, begin, size);

    add_field(scan, begin, slice_make(begin, size), is_null ? FIELD_NULL : FIELD_TEXT);
}

/* Room for a text that differs from its bytes. Without memory the text is empty, and the arena remembers. */
static uint8_t *make_room(struct scan *scan, size_t size)
{
    return arena_alloc(&scan->reader->texts, size);
}

static void add_quoted_field(struct scan *scan, const uint8_t *begin, const uint8_t *end, bool has_doubled)
{
    struct slice text = slice_make(begin + 1, (size_t)(end - begin - 1));

    if (has_doubled && scan->count < scan->capacity) {
        uint8_t *copy = make_room(scan, text.size);
        if (copy != NULL)
            text = slice_make(copy, csv_unquote(text, copy));
    }
    add_field(scan, begin, text, FIELD_QUOTED);
}

/* The closing quote of a field whose text begins behind `begin`; the end of the file (with a fault noted) when it has
 * none, NULL where the window ends. */
static const uint8_t *find_closing_quote(struct scan *scan, const uint8_t *begin, bool *has_doubled)
{
    for (;;) {
        const uint8_t *at = special_scanner_next(&scan->specials);
        if (at == NULL)
            break;
        if (*at != '"') {
            scan->spans_lines = scan->spans_lines || *at != scan->delimiter;
            continue;
        }
        if (at + 1 == scan->end)
            return scan->is_whole ? at : NULL;
        if (at[1] != '"')
            return at;
        *has_doubled = true;
        special_scanner_next(&scan->specials);
    }
    if (!scan->is_whole) {
        scan->reader->open_quote = begin;
        return NULL;
    }
    note_fault(scan, begin, "the quote that begins here is not closed");
    return scan->end;
}

/* The rest of a field in which quotes mean nothing. */
static const uint8_t *pass_quotes(struct scan *scan)
{
    const uint8_t *stop;

    do
        stop = next_stop(scan);
    while (stop != NULL && stop < scan->end && *stop == '"');
    return stop;
}

/* A CSV field with a quote, the first one at `quote`. Returns what ends the field, NULL where the window ends first. */
static const uint8_t *scan_quoted_field(struct scan *scan, const uint8_t *begin, const uint8_t *quote)
{
    bool has_doubled = false;
    const uint8_t *stop;

    if (quote != begin) {
        note_fault(scan, quote, "a quote stands within a field that does not begin with one");
        stop = pass_quotes(scan);
        if (stop != NULL)
            add_plain_field(scan, begin, stop);
        return stop;
    }
    const uint8_t *closing = find_closing_quote(scan, begin, &has_doubled);
    if (closing == NULL || closing == scan->end)
        return closing;
    add_quoted_field(scan, begin, closing, has_doubled);
    stop = next_stop(scan);
    if (stop == NULL || stop == closing + 1)
        return stop;
    note_fault(scan, closing + 1, "text stands behind a closing quote");
    return stop < scan->end && *stop == '"' ? pass_quotes(scan) : stop;
}

static void add_escaped_field(struct scan *scan, const uint8_t *begin, const uint8_t *end)
{
    struct slice text = slice_make(begin, (size_t)(end - begin));
    const uint8_t *fault = NULL;

    if (is_null_text(scan, begin, text.size) || slice_equal(text, slice_of("\\N"))) {
        add_field(scan, begin, text, FIELD_NULL); /* in a header it is a name all the same */
        return;
    }
    uint8_t *copy = make_room(scan, text.size);
    if (copy != NULL) {
        text = slice_make(copy, tsv_unescape(text, copy, &fault));
        if (fault != NULL)
            note_fault(scan, fault, "an escape is \\t, \\n, \\r, \\\\ or \\xHH; \\N, a null, stands alone");
        const uint8_t *wrong = scan->fault == NULL ? text_fault(text, &scan->reader->scanned.error) : NULL;
        if (wrong != NULL)
            scan->fault = begin;
    }
    add_field(scan, begin, text, FIELD_TEXT);
}

/* A TSV field with a backslash. */
static const uint8_t *scan_escaped_field(struct scan *scan, const uint8_t *begin)
{
    const uint8_t *stop;

    do
        stop = next_stop(scan);
    while (stop != NULL && stop < scan->end && *stop == '\\');
    if (stop != NULL)
        add_escaped_field(scan, begin, stop);
    return stop;
}

/* ---- records ---- */

/* The fields of the record at `at`. Returns its end (a line end, or the file's); NULL where the window ends first. */
static const uint8_t *scan_fields(struct scan *scan, const uint8_t *at)
{
    scan->count = 0;
    scan->surplus = NULL;
    scan->fault = NULL;
    scan->spans_lines = false;
    for (;;) {
        const uint8_t *stop = next_stop(scan);
        if (stop == NULL)
            return NULL;
        if (stop < scan->end && *stop == scan->mark) {
            stop = scan->is_csv ? scan_quoted_field(scan, at, stop) : scan_escaped_field(scan, at);
            if (stop == NULL)
                return NULL;
        } else {
            add_plain_field(scan, at, stop);
        }
        if (stop == scan->end || *stop != scan->delimiter)
            return stop;
        at = stop + 1;
    }
}

/* The first byte behind a line end; NULL when the window ends before it can be told. */
static const uint8_t *pass_line_end(struct scan *scan, const uint8_t *at)
{
    if (at == scan->end)
        return at;
    if (*at == '\n')
        return at + 1;
    if (at + 1 == scan->end)
        return scan->is_whole ? at + 1 : NULL;
    if (at[1] != '\n')
        return at + 1;
    special_scanner_next(&scan->specials); /* the \n of \r\n */
    return at + 2;
}

/* Looks at what the fields do not show: the text's encoding, and how many of them there are. */
static void check_record(struct scan *scan, const struct record *record, uint32_t expected)
{
    struct ssql_error *error = &scan->reader->scanned.error;

    if (scan->fault == NULL && scan->specials.odd_end != NULL && record->raw < scan->specials.odd_end)
        scan->fault = text_fault(record_raw(record), error);
    if (scan->fault != NULL || scan->count == expected)
        return;
    scan->fault = scan->surplus != NULL ? scan->surplus : record->raw + record->size;
    if (expected == 0)
        error_set(error, SSQL_TOO_LARGE, NO_SPAN, "a record has more than %d fields", RECORD_FIELDS_MOST);
    else
        error_set(error, SSQL_VALUE_COUNT, NO_SPAN, "the record has %" PRIu32 " field%s instead of %" PRIu32,
                  scan->count, scan->count == 1 ? "" : "s", expected);
}

/* One record, or a line without one. */
struct scanned_record {
    struct record record;
    const uint8_t *next;
    uint64_t next_line;
    bool is_blank; /* a line without a byte */
};

/* False where the window ends first, and for a record beyond the limit though the window holds it: either way the
 * reader goes for more bytes, and there says what is too long. */
static inline bool scan_record(struct scan *scan, const uint8_t *at, uint64_t line, struct scanned_record *scanned)
{
    const uint8_t *stop = scan_fields(scan, at);

    if (stop == NULL)
        return false;
    scanned->next = pass_line_end(scan, stop);
    if (scanned->next == NULL || scanned->next - at > RECORD_SIZE_MOST)
        return false;
    scanned->record = reader_record(scan->reader, at, stop, line);
    scanned->is_blank = stop == at;
    scanned->next_line = line + (stop < scan->end);
    if (scan->spans_lines)
        scanned->next_line += line_end_count(at, stop, scan->end);
    return true;
}

static enum scan_stop stop_at_fault(struct scan *scan, const struct scanned_record *scanned)
{
    return reader_fault(scan->reader, scanned->record, scan->fault, scanned->next, scanned->next_line);
}

static enum scan_stop stop_without_memory(struct record_reader *reader)
{
    const uint8_t *at = reader_at(reader);

    error_no_memory(&reader->scanned.error);
    return reader_fault(reader, reader_record(reader, at, at, reader->line), at, NULL, 0);
}

/* The first record that is no blank line, its fields at the begin of the batch; nothing is consumed but blank lines. */
static enum scan_stop scan_first(struct scan *scan, struct scanned_record *scanned)
{
    struct record_reader *reader = scan->reader;

    scan->fields = reader->fields;
    scan->capacity = RECORD_FIELDS_MOST;
    for (;;) {
        const uint8_t *at = reader_at(reader);
        if (at == scan->end)
            return scan->is_whole ? SCAN_END : SCAN_INCOMPLETE;
        if (!scan_record(scan, at, reader->line, scanned))
            return SCAN_INCOMPLETE;
        if (!scanned->is_blank)
            break;
        reader->begin = (size_t)(scanned->next - reader->window);
        reader->line = scanned->next_line;
    }
    if (arena_failed(&reader->texts))
        return stop_without_memory(reader);
    check_record(scan, &scanned->record, scan->count <= RECORD_FIELDS_MOST ? scan->count : 0);
    return scan->fault == NULL ? SCAN_FULL : stop_at_fault(scan, scanned);
}

/* Behind the field at `at`: its delimiter, or the end. */
static const uint8_t *pass_field(const uint8_t *at, const uint8_t *end, uint8_t delimiter, bool is_csv)
{
    if (is_csv && at < end && *at == '"') {
        at++;
        while (at < end && (*at != '"' || (end - at > 1 && at[1] == '"')))
            at += *at == '"' ? 2 : 1;
    }
    const uint8_t *found = at < end ? memchr(at, delimiter, (size_t)(end - at)) : NULL;
    return found == NULL ? end : found;
}

static bool note_name_places(struct record_reader *reader, const struct record *header, uint32_t count)
{
    const uint8_t *at = header->raw, *end = header->raw + header->size;
    struct record_place *places = arena_alloc_array(&reader->names.arena, count, sizeof *places);
    struct record_place place = record_reader_record_place(reader, header);

    for (uint32_t i = 0; places != NULL && i < count; i++) {
        places[i] = place;
        const uint8_t *next =
            pass_field(at, end, (uint8_t)reader->options.delimiter, reader->options.format == RECORD_FORMAT_CSV);
        next += next < end;
        place_advance(&place, at, next, end);
        at = next;
    }
    reader->name_places = places;
    return places != NULL;
}

static enum scan_stop take_names(struct scan *scan, const struct scanned_record *scanned)
{
    struct record_reader *reader = scan->reader;
    struct ssql_error *error = &reader->scanned.error;

    for (uint32_t i = 0; i < scan->count; i++) {
        struct slice name = field_text(&scan->fields[i]);
        if (!reader->options.may_repeat_names && name.size > 0 && name_table_find(&reader->names, name, i) < i) {
            error_set(error, SSQL_COLUMN_EXISTS, NO_SPAN, "the header names \"%.*s\" twice", SLICE_PRINT(name));
            const uint8_t *at = delimited_syntax.find_field(reader, &scanned->record, i);
            return reader_fault(reader, scanned->record, at, NULL, 0);
        }
        if (!name_table_add(&reader->names, name, error))
            return stop_without_memory(reader);
    }
    if (!note_name_places(reader, &scanned->record, scan->count))
        return stop_without_memory(reader);
    reader->has_names = true;
    reader->column_count = scan->count;
    reader->is_count_known = true;
    reader->begin = (size_t)(scanned->next - reader->window);
    reader->line = scanned->next_line;
    return SCAN_FULL;
}

static enum scan_stop delimited_begin(struct record_reader *reader)
{
    struct scan scan;
    struct scanned_record scanned;

    if (!reader->options.has_header)
        return SCAN_FULL;
    scan_init(&scan, reader);
    enum scan_stop stop = scan_first(&scan, &scanned);
    return stop == SCAN_FULL ? take_names(&scan, &scanned) : stop;
}

/* Without a header the first record that is right says how many fields there are. */
static enum scan_stop learn_count(struct record_reader *reader)
{
    struct scan scan;
    struct scanned_record scanned;

    scan_init(&scan, reader);
    enum scan_stop stop = scan_first(&scan, &scanned);
    if (stop != SCAN_FULL)
        return stop;
    reader->column_count = scan.count;
    reader->is_count_known = true;
    arena_reset(&reader->texts);
    return SCAN_FULL;
}

static enum scan_stop delimited_scan(struct record_reader *reader)
{
    struct scan scan;
    struct scanned_record scanned;

    if (!reader->is_count_known) {
        enum scan_stop stop = learn_count(reader);
        if (stop != SCAN_FULL)
            return stop;
    }
    scan_init(&scan, reader);
    scan.capacity = reader->column_count;
    const uint32_t rows = reader_batch_rows(reader);
    while (reader->count < rows) {
        const uint8_t *at = reader_at(reader);
        if (at == scan.end)
            return scan.is_whole ? SCAN_END : SCAN_INCOMPLETE;
        scan.fields = reader_row(reader);
        if (!scan_record(&scan, at, reader->line, &scanned))
            return SCAN_INCOMPLETE;
        if (!scanned.is_blank || reader->column_count == 1) {
            if (arena_failed(&reader->texts))
                return stop_without_memory(reader);
            check_record(&scan, &scanned.record, reader->column_count);
            if (scan.fault != NULL)
                return stop_at_fault(&scan, &scanned);
            reader->records[reader->count++] = scanned.record;
        }
        reader->begin = (size_t)(scanned.next - reader->window);
        reader->line = scanned.next_line;
    }
    return SCAN_FULL;
}

static const uint8_t *delimited_find_field(const struct record_reader *reader, const struct record *record,
                                           uint32_t column)
{
    const uint8_t *at = record->raw, *end = record->raw + record->size;

    for (uint32_t i = 0; i < column; i++) {
        at = pass_field(at, end, (uint8_t)reader->options.delimiter, reader->options.format == RECORD_FORMAT_CSV);
        at += at < end;
    }
    return at;
}

const struct record_syntax delimited_syntax = {
    .begin = delimited_begin, .scan = delimited_scan, .find_field = delimited_find_field};
