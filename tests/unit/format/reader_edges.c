/* Readers where things go wrong or grow large: options that do not fit, sources that fail, records that are too long or
 * too wide, more records than a batch holds. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "support/records.h"

static struct record_reader *open_reader(const struct record_reader_options *options, struct byte_source source)
{
    struct record_reader *reader;
    struct ssql_error error = {0};

    assert_true(record_reader_create(options, source, &reader, &error));
    return reader;
}

static void options_that_do_not_fit_are_refused(void **state)
{
    static const char none[] = "json has neither delimiter, null text nor header";
    static const struct {
        struct record_reader_options options;
        enum ssql_code code;
        const char *message;
    } wrong[] = {
        {{.format = RECORD_FORMAT_INSERT}, SSQL_BAD_OPTION, "the format insert is written, not read"},
        {{.format = RECORD_FORMAT_CSV, .expected_count = RECORD_FIELDS_MOST + 1},
         SSQL_TOO_LARGE,
         "records have at most 4096 fields"},
        {{.format = RECORD_FORMAT_JSON, .delimiter = ';'}, SSQL_BAD_OPTION, none},
        {{.format = RECORD_FORMAT_JSON, .null_text = {(const uint8_t *)"x", 1}}, SSQL_BAD_OPTION, none},
        {{.format = RECORD_FORMAT_JSON, .has_header = true}, SSQL_BAD_OPTION, none},
    };

    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        struct memory_source source = {.bytes = slice_of("")};
        struct record_reader *reader;
        struct ssql_error error = {0};
        assert_false(record_reader_create(&wrong[i].options, memory_source_of(&source), &reader, &error));
        assert_null(reader);
        assert_int_equal(error.code, wrong[i].code);
        assert_string_equal(error.message, wrong[i].message);
    }
}

static void delimiters_are_signs(void **state)
{
    static const char legal[] = "\t !#$%&'()*,/:;<=>?@[]^_`{|}~";

    (void)state;
    for (int byte = 0; byte < 256; byte++) {
        struct ssql_error error = {0};
        bool is_taken = record_check_delimiters((char)byte, slice_of("null"), &error);
        /* Control characters are no letters either. */
        if (byte < ' ' && byte != '\0' && byte != '\n' && byte != '\r')
            assert_true(is_taken);
        else if (is_taken != (byte != '\0' && strchr(legal, byte) != NULL))
            fail_msg("%d", byte);
        assert_int_equal(error.code, is_taken ? SSQL_OK : SSQL_BAD_OPTION);
    }
}

static void a_failure_stays_the_answer(void **state)
{
    static const struct record_reader_options options = {
        .format = RECORD_FORMAT_CSV, .skip_lines = 3, .window_bytes = 4};
    struct memory_source source = {.bytes = slice_of("one\ntwo\nthree\n1\n"), .fail_after = 4};
    struct record_reader *reader = open_reader(&options, memory_source_of(&source));
    struct record_batch batch;

    (void)state;
    for (int i = 0; i < 2; i++) {
        struct ssql_error error = {0};
        assert_false(record_reader_begin(reader, &error));
        assert_string_equal(error.message, "the source failed");
        error_clear(&error);
        assert_int_equal(record_reader_next(reader, &batch, &error), RECORDS_FAILED);
        assert_int_equal(error.code, SSQL_IO);
    }
    assert_false(record_reader_begin(reader, NULL));
    assert_int_equal(record_reader_next(reader, &batch, NULL), RECORDS_FAILED);
    record_reader_destroy(reader);
}

static void a_rejection_need_not_be_explained(void **state)
{
    static const struct record_reader_options options = {.format = RECORD_FORMAT_CSV, .expected_count = 2};
    struct memory_source source = {.bytes = slice_of("1\n2,3\n")};
    struct record_reader *reader = open_reader(&options, memory_source_of(&source));
    struct record_batch batch;

    (void)state;
    assert_int_equal(record_reader_next(reader, &batch, NULL), RECORDS_REJECTED);
    assert_int_equal(record_reader_fault(reader)->place.line, 1);
    assert_int_equal(record_reader_next(reader, &batch, NULL), RECORDS_READ);
    assert_int_equal(batch.count, 1);
    record_reader_destroy(reader);
}

static void marks_of_utf_16_are_known(void **state)
{
    static const struct record_reader_options csv = {.format = RECORD_FORMAT_CSV};

    (void)state;
    assert_records(&csv, slice_make("\xFE\xFF\0a", 4), "# 1:1 this is UTF-16, not UTF-8\n");
    assert_records(&csv,
                   slice_make("\xFF\xFE"
                              "a\0",
                              4),
                   "# 1:1 this is UTF-16, not UTF-8\n");
    assert_records(&csv,
                   slice_of("\xFE"
                            "abc\n"),
                   "! 1:1 the byte 0xFE is no valid UTF-8\n");
}

static void many_records_come_in_several_batches(void **state)
{
    enum { RECORDS = RECORD_BATCH_MOST + 200 };
    static const char *const pieces[][2] = {{"[{\"a\":1}", ",{\"a\":1}"}, {"{\"a\":1}\n", "{\"a\":1}\n"}};

    (void)state;
    for (int i = 0; i < 2; i++) {
        struct record_reader_options options = {.format = i == 0 ? RECORD_FORMAT_JSON : RECORD_FORMAT_JSONL};
        struct buffer text = {0};
        for (int row = 0; row < RECORDS; row++)
            buffer_append_text(&text, pieces[i][row > 0]);
        buffer_append_text(&text, i == 0 ? "]" : "");
        struct memory_source source = {.bytes = buffer_slice(&text)};
        struct record_reader *reader = open_reader(&options, memory_source_of(&source));
        struct record_batch batch;
        assert_int_equal(record_reader_next(reader, &batch, NULL), RECORDS_READ);
        assert_int_equal(batch.count, RECORD_BATCH_MOST);
        assert_int_equal(record_reader_next(reader, &batch, NULL), RECORDS_READ);
        assert_int_equal(batch.count, RECORDS - RECORD_BATCH_MOST);
        assert_int_equal(record_reader_next(reader, &batch, NULL), RECORDS_END);
        record_reader_destroy(reader);
        buffer_clear(&text);
    }
}

static void arrays_have_only_so_many_items(void **state)
{
    static const struct record_reader_options lines = {.format = RECORD_FORMAT_JSONL};
    struct buffer text = {0}, dump = {0};

    (void)state;
    for (int i = 0; i <= RECORD_FIELDS_MOST; i++)
        buffer_append_text(&text, i == 0 ? "[1" : ",1");
    buffer_append_text(&text, "]\n[1,2]\n[1]\n");
    dump_text(&lines, buffer_slice(&text), 0, 0, &dump);
    buffer_append_byte(&dump, '\0');
    assert_string_equal((char *)dump.data, "! 1:1 a record has more than 4096 fields\n2|i:1|i:2\n"
                                           "! 3:1 the record has 1 field instead of 2\n");
    buffer_clear(&text);
    buffer_clear(&dump);
}

/* Though the window, which is a little larger than any record may be, holds all of it. */
static void a_record_a_little_too_long_is_refused(void **state)
{
    enum { SIZE = RECORD_SIZE_MOST + 20 };
    static const struct {
        enum record_format format;
        const char *begin, *end;
    } records[] = {{RECORD_FORMAT_CSV, "a,", "\n1,2\n"},
                   {RECORD_FORMAT_JSON, "[[\"", "\"],[1]]"},
                   {RECORD_FORMAT_JSONL, "[\"", "\"]\n[1]\n"}};
    char *text = malloc(SIZE);

    (void)state;
    assert_non_null(text);
    for (size_t i = 0; i < sizeof records / sizeof *records; i++) {
        size_t end_size = strlen(records[i].end);
        memset(text, 'x', SIZE);
        memcpy(text, records[i].begin, strlen(records[i].begin));
        memcpy(text + SIZE - end_size, records[i].end, end_size);
        struct memory_source source = {.bytes = slice_make(text, SIZE)};
        struct record_reader_options options = {.format = records[i].format, .window_bytes = SIZE + 1};
        struct record_reader *reader = open_reader(&options, memory_source_of(&source));
        struct record_batch batch;
        struct ssql_error error = {0};
        assert_int_equal(record_reader_next(reader, &batch, &error), RECORDS_FAILED);
        assert_int_equal(error.code, SSQL_TOO_LARGE);
        assert_string_equal(error.message, "a record is longer than 67108864 bytes");
        assert_int_equal(record_reader_fault(reader)->place.line, 1);
        record_reader_destroy(reader);
    }
    free(text);
}

static void a_surplus_field_may_be_of_any_kind(void **state)
{
    static const struct record_reader_options csv = {.format = RECORD_FORMAT_CSV, .has_header = true};

    (void)state;
    assert_records(&csv, slice_of("a,b\n1,2,\"x\"\"y\"\n3,4\n"),
                   "names|a|b\n! 2:5 the record has 3 fields instead of 2\n3|3|4\n");
}

static void escapes_end_where_their_digits_do(void **state)
{
    static const char *const wrong[] = {"\\xG0", "\\x/0", "\\x:0", "\\x`0", "\\x0", "\\x0g", "\\x", "\\"};
    static const struct record_reader_options tsv = {.format = RECORD_FORMAT_TSV, .expected_count = 1};
    static const struct record_reader_options lines = {.format = RECORD_FORMAT_JSONL};

    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        assert_records(&tsv, slice_of(wrong[i]),
                       "! 1:1 an escape is \\t, \\n, \\r, \\\\ or \\xHH; \\N, a null, stands alone\n");
    assert_records(&tsv, slice_of("\\x41\\x4a\\x4B\\\\\\t"), "1|AJK\\\t\n");
    assert_records(&lines, slice_make("[\"\\\0\"]\n", 7), "! 1:3 JSON has no such escape\n");
    assert_records(&lines, slice_of("[\"\\u00/0\"]\n[\"\\u0`00\"]\n[\"\\u:000\"]\n[\"\\u00aF\"]\n"),
                   "! 1:3 behind \\u stand four hexadecimal digits\n! 2:3 behind \\u stand four hexadecimal digits\n"
                   "! 3:3 behind \\u stand four hexadecimal digits\n4|\"\xC2\xAF\"\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(options_that_do_not_fit_are_refused), cmocka_unit_test(delimiters_are_signs),
        cmocka_unit_test(a_failure_stays_the_answer),          cmocka_unit_test(a_rejection_need_not_be_explained),
        cmocka_unit_test(marks_of_utf_16_are_known),           cmocka_unit_test(many_records_come_in_several_batches),
        cmocka_unit_test(arrays_have_only_so_many_items),      cmocka_unit_test(a_record_a_little_too_long_is_refused),
        cmocka_unit_test(a_surplus_field_may_be_of_any_kind),  cmocka_unit_test(escapes_end_where_their_digits_do),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
