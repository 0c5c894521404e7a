/* JSON and JSON lines. A record is read from its first byte each time the window does not hold all of it; between
 * records reader->json_place says what may come. A record whose syntax is right can be rejected and passed over; behind
 * broken syntax nothing can be found again, except in JSON lines, where the next line begins anew. */
#include <assert.h>
#include <inttypes.h>

#include "format/json_scan.h"
#include "format/record_reader_internal.h"

static struct json_cursor cursor_at(struct record_reader *reader, const uint8_t *at, const uint8_t *end, bool is_whole)
{
    return (struct json_cursor){
        .at = at, .end = end, .is_whole = is_whole, .error = &reader->scanned.error, .texts = &reader->texts};
}

static void consume(struct record_reader *reader, const uint8_t *to)
{
    reader->line += line_end_count(reader_at(reader), to, reader_end(reader));
    reader->begin = (size_t)(to - reader->window);
}

/* ---- records ---- */

static bool fail_mixed(struct json_cursor *cursor, const uint8_t *at)
{
    return json_fail(cursor, at, SSQL_BAD_VALUE, "the file mixes objects and arrays");
}

/* The column of a member's name. *is_new: it would be a new one, but the batch has records without it. */
static bool find_column(struct record_reader *reader, struct json_cursor *cursor, const uint8_t *name_at,
                        struct slice name, uint32_t likely, uint32_t *column, bool *is_new)
{
    *column = name_table_find(&reader->names, name, likely);
    if (*column < reader->names.count)
        return true;
    if (reader->count > 0) {
        *is_new = true;
        return false;
    }
    if (*column == RECORD_FIELDS_MOST) {
        cursor->fault = name_at;
        return error_set(cursor->error, SSQL_TOO_LARGE, NO_SPAN, "the objects have more than %d different names",
                         RECORD_FIELDS_MOST);
    }
    if (!name_table_add(&reader->names, name, cursor->error)) {
        cursor->fault = name_at;
        return false;
    }
    reader->fields[*column] = (struct field){.data = name_at, .kind = FIELD_ABSENT};
    reader->column_count = reader->names.count;
    return true;
}

/* A comma, or `closing`, at which *is_last becomes true; the cursor stands before what follows. */
static bool pass_separator(struct json_cursor *cursor, uint8_t closing, bool *is_last)
{
    if (!json_expect_more(cursor))
        return false;
    *is_last = *cursor->at == closing;
    if (!*is_last && *cursor->at != ',')
        return json_fail(cursor, cursor->at, SSQL_BAD_VALUE, "a comma or the closing bracket is missing here");
    cursor->at++;
    return *is_last || json_expect_more(cursor);
}

/* The name of a member and the colon behind it; the cursor stands before the value. */
static bool read_name(struct json_cursor *cursor, struct slice *name)
{
    if (*cursor->at != '"')
        return json_fail(cursor, cursor->at, SSQL_BAD_VALUE, "a name in quotes is missing here");
    if (!json_read_string(cursor, name) || !json_expect_more(cursor))
        return false;
    if (*cursor->at != ':')
        return json_fail(cursor, cursor->at, SSQL_BAD_VALUE, "a colon is missing here");
    cursor->at++;
    return json_expect_more(cursor);
}

static bool read_member(struct record_reader *reader, struct json_cursor *cursor, struct field *row, uint32_t *likely,
                        bool *is_new)
{
    const uint8_t *name_at = cursor->at;
    struct slice name;
    uint32_t column;

    if (!read_name(cursor, &name) || !find_column(reader, cursor, name_at, name, *likely, &column, is_new))
        return false;
    if (row[column].kind != FIELD_ABSENT) {
        cursor->fault = name_at;
        return error_set(cursor->error, SSQL_COLUMN_EXISTS, NO_SPAN, "the object names \"%.*s\" twice",
                         SLICE_PRINT(name));
    }
    *likely = column + 1;
    return json_read_value(cursor, &row[column]);
}

/* The object at the cursor, into the batch's next row. */
static bool read_object(struct record_reader *reader, struct json_cursor *cursor, bool *is_new)
{
    struct field *row = reader_row(reader);
    uint32_t likely = 0;
    bool is_last;

    for (uint32_t i = 0; i < reader->column_count; i++)
        row[i] = (struct field){.data = cursor->at, .kind = FIELD_ABSENT};
    cursor->at++;
    if (!json_expect_more(cursor))
        return false;
    is_last = *cursor->at == '}';
    cursor->at += is_last;
    while (!is_last)
        if (!read_member(reader, cursor, row, &likely, is_new) || !pass_separator(cursor, '}', &is_last))
            return false;
    return true;
}

static bool check_count(struct record_reader *reader, struct json_cursor *cursor, const uint8_t *begin, uint32_t count)
{
    if (!reader->is_count_known && count <= RECORD_FIELDS_MOST) {
        reader->column_count = count;
        reader->is_count_known = true;
    }
    if (count == reader->column_count)
        return true;
    cursor->fault = begin;
    if (!reader->is_count_known)
        return error_set(cursor->error, SSQL_TOO_LARGE, NO_SPAN, "a record has more than %d fields",
                         RECORD_FIELDS_MOST);
    return error_set(cursor->error, SSQL_VALUE_COUNT, NO_SPAN, "the record has %" PRIu32 " field%s instead of %" PRIu32,
                     count, count == 1 ? "" : "s", reader->column_count);
}

/* The array at the cursor, into the batch's next row. */
static bool read_array(struct record_reader *reader, struct json_cursor *cursor)
{
    const uint8_t *begin = cursor->at;
    uint32_t capacity = reader->is_count_known ? reader->column_count : RECORD_FIELDS_MOST, count = 0;
    struct field *row = reader_row(reader), surplus;
    bool is_last;

    cursor->at++;
    if (!json_expect_more(cursor))
        return false;
    is_last = *cursor->at == ']';
    cursor->at += is_last;
    for (; !is_last; count++)
        if (!json_read_value(cursor, count < capacity ? &row[count] : &surplus) ||
            !pass_separator(cursor, ']', &is_last))
            return false;
    return check_count(reader, cursor, begin, count);
}

/* What a record that turns out wrong must not have changed. */
struct learned {
    uint32_t name_count, column_count;
    enum record_shape shape;
    bool is_count_known, has_names;
};

static struct learned learned_so_far(const struct record_reader *reader)
{
    return (struct learned){.name_count = reader->names.count,
                            .column_count = reader->column_count,
                            .shape = reader->shape,
                            .is_count_known = reader->is_count_known,
                            .has_names = reader->has_names};
}

static void forget(struct record_reader *reader, const struct learned *learned)
{
    name_table_truncate(&reader->names, learned->name_count);
    reader->column_count = learned->column_count;
    reader->shape = learned->shape;
    reader->is_count_known = learned->is_count_known;
    reader->has_names = learned->has_names;
}

static bool read_shape(struct record_reader *reader, struct json_cursor *cursor, bool *is_new)
{
    bool is_object = *cursor->at == '{';
    enum record_shape shape = is_object ? SHAPE_NAMED : SHAPE_PLACED;

    if (!is_object && *cursor->at != '[')
        return json_fail(cursor, cursor->at, SSQL_BAD_VALUE, "a record is an object or an array");
    if (reader->shape == SHAPE_UNKNOWN) {
        reader->shape = shape;
        reader->has_names = is_object;
        if (is_object)
            reader->column_count = 0;
    }
    if (reader->shape != shape)
        return fail_mixed(cursor, cursor->at);
    return is_object ? read_object(reader, cursor, is_new) : read_array(reader, cursor);
}

/* The record at the cursor. A new name in it, where the batch has records already, is as if the batch were full. */
static bool read_record(struct record_reader *reader, struct json_cursor *cursor, bool *is_new)
{
    struct learned learned = learned_so_far(reader);

    *is_new = false;
    if (read_shape(reader, cursor, is_new))
        return true;
    forget(reader, &learned);
    return false;
}

static void add_record(struct record_reader *reader, const uint8_t *begin, const uint8_t *end)
{
    reader->records[reader->count++] = reader_record(reader, begin, end, reader->line);
}

/* ---- JSON: an array of records, or one behind the other ---- */

static enum scan_stop stop_broken(struct record_reader *reader, const uint8_t *at, const char *text)
{
    error_set(&reader->scanned.error, SSQL_BAD_VALUE, NO_SPAN, "%s", text);
    return reader_fault(reader, reader_record(reader, at, at, reader->line), at, NULL, 0);
}

/* Passes over blanks. SCAN_FULL: something follows; SCAN_END: nothing. A CR at the window's end waits for its LF. */
static enum scan_stop pass_to_text(struct record_reader *reader)
{
    struct json_cursor cursor = cursor_at(reader, reader_at(reader), reader_end(reader), reader->is_whole);
    bool found = json_pass_blanks(&cursor);

    if (!found && !reader->is_whole && cursor.at > reader_at(reader) && cursor.at[-1] == '\r')
        cursor.at--;
    consume(reader, cursor.at);
    if (found)
        return SCAN_FULL;
    return reader->is_whole ? SCAN_END : SCAN_INCOMPLETE;
}

static void step_over(struct record_reader *reader, enum json_place place)
{
    reader->begin++;
    reader->json_place = place;
}

/* One step towards the next record at the byte `at`. *arrived: the record begins here. */
static enum scan_stop step_to_record(struct record_reader *reader, const uint8_t *at, bool *arrived)
{
    switch (reader->json_place) {
    case JSON_START:
        if (*at == '[')
            step_over(reader, JSON_FIRST);
        else if (*at == '{')
            reader->json_place = JSON_SEQUENCE;
        else
            return stop_broken(reader, at, "a file of records is an array of objects, or objects one after another");
        return SCAN_FULL;
    case JSON_FIRST:
        if (*at != ']')
            break;
        step_over(reader, JSON_DONE);
        return SCAN_FULL;
    case JSON_NEXT:
        if (*at != ',' && *at != ']')
            return stop_broken(reader, at, "a comma or the closing bracket is missing here");
        step_over(reader, *at == ',' ? JSON_VALUE : JSON_DONE);
        return SCAN_FULL;
    case JSON_DONE: return stop_broken(reader, at, "text stands behind the end of the array");
    case JSON_VALUE:
    case JSON_SEQUENCE:;
    }
    *arrived = true;
    return SCAN_FULL;
}

/* Goes to the next record's first byte. SCAN_FULL: there it is. */
static enum scan_stop go_to_record(struct record_reader *reader)
{
    bool arrived = false;

    while (!arrived) {
        enum scan_stop stop = pass_to_text(reader);
        if (stop == SCAN_END && reader->json_place != JSON_START && reader->json_place != JSON_SEQUENCE &&
            reader->json_place != JSON_DONE)
            return stop_broken(reader, reader_at(reader), "the array is not closed");
        if (stop == SCAN_FULL)
            stop = step_to_record(reader, reader_at(reader), &arrived);
        if (stop != SCAN_FULL)
            return stop;
    }
    return SCAN_FULL;
}

/* Where the next record may begin, behind this one. */
static enum json_place place_behind(const struct record_reader *reader)
{
    return reader->json_place == JSON_SEQUENCE ? JSON_SEQUENCE : JSON_NEXT;
}

/* The record at `begin` is wrong at `fault`: passed over if its syntax is right. */
static enum scan_stop stop_at_fault(struct record_reader *reader, const uint8_t *begin, const uint8_t *fault)
{
    struct ssql_error syntax_error = {0};
    struct json_cursor cursor = cursor_at(reader, begin, reader_end(reader), reader->is_whole);
    struct record record = reader_record(reader, begin, begin, reader->line);

    if (reader->scanned.error.code == SSQL_NO_MEMORY)
        return reader_fault(reader, record, begin, NULL, 0);
    cursor.error = &syntax_error;
    if (json_pass_value(&cursor)) {
        record.size = (uint32_t)(cursor.at - begin);
        if (reader->count == 0)
            reader->json_place = place_behind(reader);
        return reader_fault(reader, record, fault, cursor.at,
                            reader->line + line_end_count(begin, cursor.at, reader_end(reader)));
    }
    if (cursor.is_short)
        return SCAN_INCOMPLETE;
    reader->scanned.error = syntax_error;
    return reader_fault(reader, record, cursor.fault, NULL, 0);
}

/* SCAN_BROKEN when the fault just found is that memory ran out, which is no record's. */
static enum scan_stop stop_without_memory(struct record_reader *reader, enum scan_stop otherwise)
{
    const uint8_t *at = reader_at(reader);

    if (reader->scanned.error.code != SSQL_NO_MEMORY)
        return otherwise;
    return reader_fault(reader, reader_record(reader, at, at, reader->line), at, NULL, 0);
}

static enum scan_stop json_begin(struct record_reader *reader)
{
    bool is_new;

    enum scan_stop stop = go_to_record(reader);
    if (stop != SCAN_FULL)
        return stop == SCAN_INCOMPLETE ? SCAN_INCOMPLETE : SCAN_FULL;
    struct json_cursor cursor = cursor_at(reader, reader_at(reader), reader_end(reader), reader->is_whole);
    if (read_record(reader, &cursor, &is_new))
        return SCAN_FULL;
    if (cursor.is_short)
        return SCAN_INCOMPLETE;
    return stop_without_memory(reader, SCAN_FULL); /* other faults are reported by the first scan */
}

static enum scan_stop json_scan(struct record_reader *reader)
{
    while (reader->count < reader_batch_rows(reader)) {
        enum scan_stop stop = go_to_record(reader);
        if (stop != SCAN_FULL)
            return stop;
        const uint8_t *begin = reader_at(reader);
        struct json_cursor cursor = cursor_at(reader, begin, reader_end(reader), reader->is_whole);
        bool is_new;
        if (!read_record(reader, &cursor, &is_new)) {
            if (is_new)
                return SCAN_FULL;
            return cursor.is_short ? SCAN_INCOMPLETE : stop_at_fault(reader, begin, cursor.fault);
        }
        if (cursor.at - begin > RECORD_SIZE_MOST)
            return SCAN_INCOMPLETE;
        add_record(reader, begin, cursor.at);
        reader->json_place = place_behind(reader);
        consume(reader, cursor.at);
    }
    return SCAN_FULL;
}

/* ---- JSON lines ---- */

/* The line at `begin`; NULL where the window ends before it does, or where it is too long. */
static const uint8_t *find_line_end(const struct record_reader *reader, const uint8_t *begin)
{
    const uint8_t *end = reader_end(reader);
    const uint8_t *stop = memchr(begin, '\n', (size_t)(end - begin));

    if (stop == NULL && reader->is_whole)
        stop = end;
    return stop != NULL && stop - begin > RECORD_SIZE_MOST ? NULL : stop;
}

static bool read_line_record(struct record_reader *reader, struct json_cursor *cursor, bool *is_new)
{
    if (!read_record(reader, cursor, is_new))
        return false;
    if (json_pass_blanks(cursor))
        return json_fail(cursor, cursor->at, SSQL_BAD_VALUE, "text stands behind the record");
    return true;
}

static enum scan_stop stop_at_line_fault(struct record_reader *reader, const uint8_t *begin, const uint8_t *end,
                                         const uint8_t *fault)
{
    const uint8_t *next = end == reader_end(reader) ? end : end + 1;

    end -= end[-1] == '\r'; /* the line is not blank */
    struct record record = reader_record(reader, begin, end, reader->line);
    if (reader->scanned.error.code == SSQL_NO_MEMORY)
        next = NULL;
    return reader_fault(reader, record, fault > end ? end : fault, next, reader->line + 1);
}

static void consume_line(struct record_reader *reader, const uint8_t *end)
{
    reader->begin = (size_t)(end - reader->window) + (end < reader_end(reader));
    reader->line++;
}

/* The next line that is not blank, as a cursor at its first byte. SCAN_FULL: there it is. */
static enum scan_stop go_to_line(struct record_reader *reader, struct json_cursor *cursor)
{
    for (;;) {
        const uint8_t *begin = reader_at(reader);
        if (begin == reader_end(reader))
            return reader->is_whole ? SCAN_END : SCAN_INCOMPLETE;
        const uint8_t *end = find_line_end(reader, begin);
        if (end == NULL)
            return SCAN_INCOMPLETE;
        *cursor = cursor_at(reader, begin, end, true);
        if (json_pass_blanks(cursor))
            return SCAN_FULL;
        consume_line(reader, end);
    }
}

static enum scan_stop json_lines_begin(struct record_reader *reader)
{
    struct json_cursor cursor;
    bool is_new;

    enum scan_stop stop = go_to_line(reader, &cursor);
    if (stop != SCAN_FULL)
        return stop == SCAN_INCOMPLETE ? SCAN_INCOMPLETE : SCAN_FULL;
    if (read_record(reader, &cursor, &is_new))
        return SCAN_FULL;
    return stop_without_memory(reader, SCAN_FULL);
}

static enum scan_stop json_lines_scan(struct record_reader *reader)
{
    while (reader->count < reader_batch_rows(reader)) {
        struct json_cursor cursor;
        bool is_new;
        enum scan_stop stop = go_to_line(reader, &cursor);
        if (stop != SCAN_FULL)
            return stop;
        const uint8_t *begin = reader_at(reader), *end = cursor.end;
        if (!read_line_record(reader, &cursor, &is_new))
            return is_new ? SCAN_FULL : stop_at_line_fault(reader, begin, end, cursor.fault);
        add_record(reader, begin, end - (end[-1] == '\r'));
        consume_line(reader, end);
    }
    return SCAN_FULL;
}

/* ---- places ---- */

/* Passes over a value and what stands behind it, in a record that has been read before. */
static bool pass_known(struct json_cursor *cursor, uint8_t closing)
{
    bool is_last = false, is_value = json_pass_value(cursor), is_right = pass_separator(cursor, closing, &is_last);

    assert(is_value && is_right);
    (void)is_value;
    (void)is_right;
    return is_last;
}

/* The value that belongs to a column. NULL: the object has none, or there is no memory for a name with escapes. */
static const uint8_t *find_member(const struct record_reader *reader, struct json_cursor *cursor, uint32_t column)
{
    bool is_last = *cursor->at == '}';

    while (!is_last) {
        struct slice name;
        if (!read_name(cursor, &name))
            return NULL;
        if (slice_equal(name, reader->names.names[column]))
            return cursor->at;
        is_last = pass_known(cursor, '}');
    }
    return NULL;
}

static const uint8_t *find_item(struct json_cursor *cursor, uint32_t column)
{
    for (uint32_t i = 0; i < column; i++)
        (void)pass_known(cursor, ']');
    return cursor->at;
}

static const uint8_t *json_find_field(const struct record_reader *reader, const struct record *record, uint32_t column)
{
    struct arena texts;
    struct json_cursor cursor = {
        .at = record->raw, .end = record->raw + record->size, .is_whole = true, .texts = &texts};

    arena_init(&texts);
    json_pass_blanks(&cursor);
    cursor.at++; /* the bracket */
    json_pass_blanks(&cursor);
    const uint8_t *at = reader->has_names ? find_member(reader, &cursor, column) : find_item(&cursor, column);
    arena_clear(&texts);
    return at == NULL ? record->raw : at;
}

const struct record_syntax json_syntax = {.begin = json_begin, .scan = json_scan, .find_field = json_find_field};
const struct record_syntax json_lines_syntax = {
    .begin = json_lines_begin, .scan = json_lines_scan, .find_field = json_find_field};
