#include "support/records.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <inttypes.h>

#include "base/utf8.h"

static bool take_bytes(void *context, uint8_t *bytes, size_t capacity, size_t *size, struct ssql_error *error)
{
    struct memory_source *source = context;
    size_t left = source->bytes.size - source->taken;

    if (source->fail_after > 0 && source->taken >= source->fail_after)
        return error_set(error, SSQL_IO, NO_SPAN, "the source failed");
    *size = left < capacity ? left : capacity;
    if (source->piece > 0 && *size > source->piece)
        *size = source->piece;
    if (*size > 0)
        memcpy(bytes, source->bytes.data + source->taken, *size);
    source->taken += *size;
    return true;
}

struct byte_source memory_source_of(struct memory_source *source)
{
    return (struct byte_source){.read = take_bytes, .context = source};
}

/* The first reader of it asks for more than `begin`. */
static bool give_endlessly(void *context, uint8_t *bytes, size_t capacity, size_t *size, struct ssql_error *error)
{
    struct endless_source *source = context;

    (void)error;
    memset(bytes, 'x', capacity);
    if (source->given == 0) {
        assert_true(capacity > strlen(source->begin));
        memcpy(bytes, source->begin, strlen(source->begin));
    }
    source->given += capacity;
    *size = capacity;
    return true;
}

struct byte_source endless_source_of(struct endless_source *source)
{
    return (struct byte_source){.read = give_endlessly, .context = source};
}

static bool append_bytes(void *context, struct slice bytes, struct ssql_error *error)
{
    struct buffer *buffer = context;

    buffer_append(buffer, bytes.data, bytes.size);
    return buffer->failed ? error_no_memory(error) : true;
}

struct byte_sink buffer_sink_of(struct buffer *buffer)
{
    return (struct byte_sink){.write = append_bytes, .context = buffer};
}

static void dump_field(const struct field *field, struct buffer *to)
{
    static const char *const before[] = {
        [FIELD_ABSENT] = "-", [FIELD_NULL] = "~",   [FIELD_TEXT] = "",   [FIELD_QUOTED] = "\"",
        [FIELD_INT] = "i:",   [FIELD_FLOAT] = "f:", [FIELD_BOOL] = "b:", [FIELD_NESTED] = "n:"};

    assert_non_null(field->data);
    buffer_append_byte(to, '|');
    buffer_append_text(to, before[field->kind]);
    if (field->kind <= FIELD_NULL)
        return;
    assert_true(utf8_valid_prefix(field_text(field)) == field->size);
    assert_null(memchr(field->data, 0, field->size));
    buffer_append(to, field->data, field->size);
    if (field->kind == FIELD_QUOTED)
        buffer_append_byte(to, '"');
}

static void dump_batch(const struct record_reader *reader, const struct record_batch *batch, struct buffer *to)
{
    assert_in_range(batch->count, 1, RECORD_BATCH_MOST);
    assert_int_equal(batch->field_count, record_reader_column_count(reader));
    for (uint32_t row = 0; row < batch->count; row++) {
        const struct record *record = &batch->records[row];
        struct record_place place = record_reader_record_place(reader, record);
        assert_int_equal(place.line, record->line);
        assert_int_equal(place.offset, record->offset);
        buffer_printf(to, "%" PRIu64, record->line);
        for (uint32_t i = 0; i < batch->field_count; i++) {
            struct record_place at = record_reader_field_place(reader, batch, row, i);
            assert_true(at.offset >= record->offset && at.offset <= record->offset + record->size);
            dump_field(record_field(batch, row, i), to);
        }
        buffer_append_byte(to, '\n');
    }
}

static void dump_fault(const struct record_reader *reader, char sign, const struct ssql_error *error, struct buffer *to)
{
    const struct record_fault *fault = record_reader_fault(reader);

    assert_int_not_equal(error->code, SSQL_OK);
    buffer_printf(to, "%c %" PRIu64 ":%" PRIu64 " %s\n", sign, fault->place.line, fault->place.column, error->message);
}

static void dump_names(const struct record_reader *reader, struct buffer *to)
{
    buffer_append_text(to, "names");
    for (uint32_t i = 0; i < record_reader_column_count(reader); i++) {
        struct slice name = record_reader_column_name(reader, i);
        buffer_append_byte(to, '|');
        buffer_append(to, name.data, name.size);
    }
    buffer_append_byte(to, '\n');
}

void dump_records(struct record_reader *reader, struct buffer *to)
{
    struct ssql_error error = {0};
    struct record_batch batch;
    enum record_status status;

    if (record_reader_begin(reader, &error) && record_reader_has_names(reader))
        dump_names(reader, to);
    while ((status = record_reader_next(reader, &batch, &error)) == RECORDS_READ || status == RECORDS_REJECTED) {
        assert_true(record_reader_bytes_done(reader) <= record_reader_bytes_read(reader));
        if (status == RECORDS_READ)
            dump_batch(reader, &batch, to);
        else
            dump_fault(reader, '!', &error, to);
    }
    if (status == RECORDS_FAILED)
        dump_fault(reader, '#', &error, to);
    else
        assert_int_equal(record_reader_bytes_done(reader), record_reader_bytes_read(reader));
    assert_int_equal(record_reader_next(reader, &batch, &error), status);
}

void dump_text(const struct record_reader_options *options, struct slice text, size_t window, size_t piece,
               struct buffer *to)
{
    struct record_reader_options sized = *options;
    struct memory_source source = {.bytes = text, .piece = piece};
    struct record_reader *reader;
    struct ssql_error error = {0};

    sized.window_bytes = window;
    if (!record_reader_create(&sized, memory_source_of(&source), &reader, &error)) {
        buffer_printf(to, "# %s\n", error.message);
        return;
    }
    dump_records(reader, to);
    record_reader_destroy(reader);
}

void assert_records(const struct record_reader_options *options, struct slice text, const char *expected)
{
    static const size_t windows[] = {1, 2, 3, 5, 16, 61, 64, 127, 1000, 0}, pieces[] = {0, 1, 7};

    for (size_t i = 0; i < sizeof windows / sizeof *windows; i++) {
        for (size_t j = 0; j < sizeof pieces / sizeof *pieces; j++) {
            struct buffer dump = {0};
            dump_text(options, text, windows[i], pieces[j], &dump);
            buffer_append_byte(&dump, '\0');
            assert_false(dump.failed);
            if (strcmp((const char *)dump.data, expected) != 0)
                print_error("window %zu, pieces of %zu:\n", windows[i], pieces[j]);
            assert_string_equal((const char *)dump.data, expected);
            buffer_clear(&dump);
        }
    }
}
