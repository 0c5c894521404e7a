/* Writers whose options do not fit, or whose output fails. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "format/record_writer.h"
#include "support/records.h"

static const struct slice two_names[] = {{(const uint8_t *)"a", 1}, {(const uint8_t *)"b", 1}};

/* Two columns of the same string. */
static bool write_string(struct record_writer *writer, const char *text, uint32_t rows, struct ssql_error *error)
{
    const struct slice strings[] = {slice_of(text)};
    struct vector vectors[] = {{.type = SSQL_TYPE_STRING, .kind = VECTOR_CONSTANT, .strings = strings},
                               {.type = SSQL_TYPE_STRING, .kind = VECTOR_CONSTANT, .strings = strings}};
    struct batch batch = {.columns = vectors, .column_count = 2, .row_count = rows, .selected_count = rows};

    return record_writer_write(writer, &batch, error);
}

static void json_has_neither_delimiter_nor_null_text(void **state)
{
    static const struct record_writer_options wrong[] = {
        {.format = RECORD_FORMAT_JSONL, .delimiter = ';'},
        {.format = RECORD_FORMAT_JSONL, .null_text = {(const uint8_t *)"x", 1}}};

    (void)state;
    for (int i = 0; i < 2; i++) {
        struct buffer text = {0};
        struct record_writer *writer;
        struct ssql_error error = {0};
        assert_false(record_writer_create(&wrong[i], two_names, 2, buffer_sink_of(&text), &writer, &error));
        assert_int_equal(error.code, SSQL_BAD_OPTION);
        assert_string_equal(error.message, "jsonl has neither delimiter nor null text");
        assert_null(writer);
    }
}

static void an_empty_string_that_would_be_a_null_is_refused_once(void **state)
{
    static const struct record_writer_options options = {.format = RECORD_FORMAT_TSV,
                                                         .null_text = {(const uint8_t *)"", 0}};
    struct buffer text = {0};
    struct record_writer *writer;
    struct ssql_error error = {0};

    (void)state;
    assert_true(record_writer_create(&options, two_names, 2, buffer_sink_of(&text), &writer, &error));
    assert_true(write_string(writer, "x", 1, &error));
    assert_false(write_string(writer, "", 2, NULL));
    assert_false(write_string(writer, "", 2, &error));
    assert_int_equal(error.code, SSQL_BAD_VALUE);
    assert_string_equal(error.hint, "choose another text for nulls, or the format csv");
    record_writer_destroy(writer);
    assert_int_equal(text.size, 0);
    buffer_clear(&text);
}

static void a_header_that_cannot_be_written_fails_at_the_end(void **state)
{
    static const struct record_writer_options options = {
        .format = RECORD_FORMAT_TSV, .null_text = {(const uint8_t *)"", 0}, .has_header = true};
    static const struct slice names[] = {{(const uint8_t *)"", 0}};
    struct buffer text = {0};
    struct record_writer *writer;
    struct ssql_error error = {0};

    (void)state;
    assert_true(record_writer_create(&options, names, 1, buffer_sink_of(&text), &writer, &error));
    assert_false(record_writer_finish(writer, &error));
    assert_int_equal(error.code, SSQL_BAD_VALUE);
    record_writer_destroy(writer);
    assert_int_equal(text.size, 0);
    buffer_clear(&text);
}

static void without_rows_and_header_nothing_is_written(void **state)
{
    static const struct record_writer_options options = {.format = RECORD_FORMAT_CSV};
    struct buffer text = {0};
    struct record_writer *writer;
    struct ssql_error error = {0};

    (void)state;
    assert_true(record_writer_create(&options, two_names, 2, buffer_sink_of(&text), &writer, &error));
    assert_true(record_writer_finish(writer, &error));
    assert_int_equal(record_writer_bytes(writer), 0);
    record_writer_destroy(writer);
    assert_int_equal(text.size, 0);
    record_writer_destroy(NULL);
}

static bool fail_with_a_reason(void *context, struct slice bytes, struct ssql_error *error)
{
    (void)bytes;
    ++*(int *)context;
    return error_set(error, SSQL_DISK_FULL, NO_SPAN, "no room");
}

static bool fail_without_a_reason(void *context, struct slice bytes, struct ssql_error *error)
{
    (void)bytes;
    (void)error;
    ++*(int *)context;
    return false;
}

static void a_failing_output_ends_the_writing(void **state)
{
    static const struct record_writer_options options = {.format = RECORD_FORMAT_CSV};
    static const struct {
        bool (*write)(void *, struct slice, struct ssql_error *);
        enum ssql_code code;
        const char *message;
    } sinks[] = {{fail_with_a_reason, SSQL_DISK_FULL, "no room"},
                 {fail_without_a_reason, SSQL_IO, "the output failed"}};
    static char long_text[50000];

    (void)state;
    memset(long_text, 'x', sizeof long_text - 1);
    for (int i = 0; i < 2; i++) {
        int calls = 0;
        struct byte_sink sink = {.write = sinks[i].write, .context = &calls};
        struct record_writer *writer;
        struct ssql_error error = {0};
        assert_true(record_writer_create(&options, two_names, 2, sink, &writer, &error));
        assert_false(write_string(writer, long_text, 100, &error));
        assert_int_equal(error.code, sinks[i].code);
        assert_string_equal(error.message, sinks[i].message);
        assert_int_equal(calls, 1);
        assert_int_equal(record_writer_bytes(writer), 0);
        record_writer_destroy(writer);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(json_has_neither_delimiter_nor_null_text),
        cmocka_unit_test(an_empty_string_that_would_be_a_null_is_refused_once),
        cmocka_unit_test(a_header_that_cannot_be_written_fails_at_the_end),
        cmocka_unit_test(without_rows_and_header_nothing_is_written),
        cmocka_unit_test(a_failing_output_ends_the_writing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
