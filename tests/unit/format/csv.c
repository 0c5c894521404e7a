/* CSV: what is a record, what is a fault, and where. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>

#include "support/records.h"

static const struct record_reader_options headed = {.format = RECORD_FORMAT_CSV, .has_header = true};
static const struct record_reader_options bare = {.format = RECORD_FORMAT_CSV};

#define TEXT(literal) slice_make(literal, sizeof(literal) - 1)

static void the_trap_file(void **state)
{
    (void)state;
    assert_records(&headed,
                   TEXT("\xEF\xBB\xBFid,name,note\r\n"
                        "1,\"a, \"\"quoted\"\" name\",\r\n"
                        "2,,\"\"\r\n"
                        "3,\"two\r\nlines\",x\r\n"
                        "4,one,too,many\r\n"
                        "5,last,without end"),
                   "names|id|name|note\n"
                   "2|1|\"a, \"quoted\" name\"|~\n"
                   "3|2|~|\"\"\n"
                   "4|3|\"two\r\nlines\"|x\n"
                   "! 6:11 the record has 4 fields instead of 3\n"
                   "7|5|last|without end\n");
}

static void lines_end_with_lf_crlf_or_cr(void **state)
{
    (void)state;
    assert_records(&headed, TEXT("a,b\n1,2\n3,4\n"), "names|a|b\n2|1|2\n3|3|4\n");
    assert_records(&headed, TEXT("a,b\r\n1,2\r\n3,4\r\n"), "names|a|b\n2|1|2\n3|3|4\n");
    assert_records(&headed, TEXT("a,b\r1,2\r3,4\r"), "names|a|b\n2|1|2\n3|3|4\n");
    assert_records(&headed, TEXT("a,b\r1,2\n3,4\r\n5,6"), "names|a|b\n2|1|2\n3|3|4\n4|5|6\n");
}

static void empty_is_null_and_quoted_empty_is_a_text(void **state)
{
    (void)state;
    assert_records(&bare, TEXT(",\n\"\",\n,\"\"\n\"\",\"\"\n"), "1|~|~\n2|\"\"|~\n3|~|\"\"\n4|\"\"|\"\"\n");
}

static void a_null_text_is_null_unless_quoted(void **state)
{
    struct record_reader_options options = bare;

    (void)state;
    options.null_text = slice_of("NA");
    assert_records(&options, TEXT("NA,\"NA\",,NAN,na\n"), "1|~|\"NA\"|~|NAN|na\n");
}

static void blank_lines_are_passed_over(void **state)
{
    (void)state;
    assert_records(&headed, TEXT("\n\r\na,b\n\n1,2\n\n\n\r\n3,4\n\n"), "names|a|b\n5|1|2\n9|3|4\n");
    assert_records(&headed, TEXT("\n\n"), "");
    assert_records(&headed, TEXT(""), "");
}

static void with_one_column_a_blank_line_is_a_null(void **state)
{
    struct record_reader_options one = {.format = RECORD_FORMAT_CSV, .expected_count = 1};

    (void)state;
    assert_records(&headed, TEXT("a\n1\n\n2\n\n"), "names|a\n2|1\n3|~\n4|2\n5|~\n");
    assert_records(&one, TEXT("\n1\n\"\"\n"), "1|~\n2|1\n3|\"\"\n");
}

static void a_file_of_a_header_alone_has_columns_and_no_records(void **state)
{
    (void)state;
    assert_records(&headed, TEXT("a,\"b c\",\n"), "names|a|b c|\n");
    assert_records(&headed, TEXT("a,b"), "names|a|b\n");
}

static void names_that_stand_twice_are_a_fault_unless_allowed(void **state)
{
    struct record_reader_options options = headed;

    (void)state;
    assert_records(&headed, TEXT("a,b,a\n1,2,3\n"), "# 1:5 the header names \"a\" twice\n");
    options.may_repeat_names = true;
    assert_records(&options, TEXT("a,b,a\n1,2,3\n"), "names|a|b|a\n2|1|2|3\n");
}

static void field_counts_are_those_of_the_first_record(void **state)
{
    (void)state;
    assert_records(&bare, TEXT("1,2\n3\n4,5\n6,7,8\n"),
                   "1|1|2\n! 2:2 the record has 1 field instead of 2\n3|4|5\n"
                   "! 4:5 the record has 3 fields instead of 2\n");
}

static void field_counts_can_be_given(void **state)
{
    struct record_reader_options options = bare;

    (void)state;
    options.expected_count = 2;
    assert_records(&options, TEXT("1\n2,3\n"), "! 1:2 the record has 1 field instead of 2\n2|2|3\n");
}

static void quotes_out_of_place_are_faults_and_the_next_record_is_found(void **state)
{
    (void)state;
    assert_records(&bare, TEXT("1,2\na\"b,c\n3,4\n"),
                   "1|1|2\n! 2:2 a quote stands within a field that does not begin with one\n3|3|4\n");
    assert_records(&bare, TEXT("1,2\n\"a\"b,c\n3,4\n"), "1|1|2\n! 2:4 text stands behind a closing quote\n3|3|4\n");
    assert_records(&bare, TEXT("1,2\n\"a\"b\"c\",\"d\ne\"\n3,4\n"),
                   "1|1|2\n! 2:4 text stands behind a closing quote\n4|3|4\n");
    assert_records(&bare, TEXT("1,2\n \"a\",b\n"),
                   "1|1|2\n! 2:2 a quote stands within a field that does not begin with one\n");
}

static void a_quote_that_is_not_closed_takes_the_rest_of_the_file(void **state)
{
    (void)state;
    assert_records(&bare, TEXT("1,2\n3,\"abc\n5,6\n7,8\n"), "1|1|2\n! 2:3 the quote that begins here is not closed\n");
    assert_records(&bare, TEXT("1,\""), "! 1:3 the quote that begins here is not closed\n");
    assert_records(&bare, TEXT("1,\"\"\""), "! 1:3 the quote that begins here is not closed\n");
}

static void lines_are_counted_through_quoted_line_ends(void **state)
{
    (void)state;
    assert_records(&bare, TEXT("\"a\nb\r\nc\rd\",1\nx,2,3\n"),
                   "1|\"a\nb\r\nc\rd\"|1\n! 5:5 the record has 3 fields instead of 2\n");
}

static void text_must_be_utf8_without_nul(void **state)
{
    (void)state;
    assert_records(&bare, TEXT("\xC3\xA4,1\n\xE4,2\n\xC3\xB6,3\n"),
                   "1|\xC3\xA4|1\n! 2:1 the byte 0xE4 is no valid UTF-8\n3|\xC3\xB6|3\n");
    assert_records(&bare, TEXT("a,1\nb,\0002\nc,3\n"), "1|a|1\n! 2:3 a NUL byte is no text\n3|c|3\n");
    assert_records(&bare, TEXT("a,1\n\xC3\xA4\"\xFF,2\n"),
                   "1|a|1\n! 2:2 a quote stands within a field that does not begin with one\n");
    assert_records(&bare,
                   TEXT("\xFF\xFE"
                        "a\0"),
                   "# 1:1 this is UTF-16, not UTF-8\n");
}

static void columns_are_counted_in_characters(void **state)
{
    (void)state;
    assert_records(&bare, TEXT("a,1\n\xE6\x9D\xB1\xE4\xBA\xAC,\"x\"y\n"),
                   "1|a|1\n! 2:7 text stands behind a closing quote\n");
}

static void lines_can_be_skipped(void **state)
{
    struct record_reader_options options = headed;

    (void)state;
    options.skip_lines = 2;
    assert_records(&options, TEXT("report \"of\r\n\r\na,b\n1,2\n"), "names|a|b\n4|1|2\n");
    assert_records(&options, TEXT("only one line"), "");
    options.skip_lines = 100;
    assert_records(&options, TEXT("a\nb\n"), "");
}

static void delimiters_can_be_chosen(void **state)
{
    struct record_reader_options options = headed;

    (void)state;
    options.delimiter = ';';
    assert_records(&options, TEXT("a;b\n1,5;\"2;0\"\n"), "names|a|b\n2|1,5|\"2;0\"\n");
    options.delimiter = 'x';
    assert_records(&options, TEXT("a"), "# this character cannot be a delimiter\n");
    options.delimiter = '\xC3';
    assert_records(&options, TEXT("a"), "# this character cannot be a delimiter\n");
}

static void a_field_knows_where_it_stands(void **state)
{
    struct memory_source source = {.bytes = slice_of("a,b,c\nx,\"two\nl,\"\"\",3\n")};
    struct record_reader *reader;
    struct record_batch batch;
    struct ssql_error error = {0};

    (void)state;
    assert_true(record_reader_create(&headed, memory_source_of(&source), &reader, &error));
    assert_int_equal(record_reader_next(reader, &batch, &error), RECORDS_READ);
    struct record_place place = record_reader_field_place(reader, &batch, 0, 1);
    assert_int_equal(place.line, 2);
    assert_int_equal(place.column, 3);
    assert_int_equal(place.offset, 8);
    place = record_reader_field_place(reader, &batch, 0, 2);
    assert_int_equal(place.line, 3);
    assert_int_equal(place.column, 7);
    assert_true(slice_equal(record_raw(&batch.records[0]), slice_of("x,\"two\nl,\"\"\",3")));
    assert_int_equal(record_reader_name_place(reader, 0)->line, 1);
    assert_int_equal(record_reader_name_place(reader, 0)->column, 1);
    assert_int_equal(record_reader_name_place(reader, 1)->column, 3);
    assert_int_equal(record_reader_name_place(reader, 2)->column, 5);
    record_reader_destroy(reader);
}

static void names_stand_where_the_header_has_them(void **state)
{
    struct memory_source source = {.bytes = slice_of("\n\n\"é\",bb,\"c\nc\",d,\n1,2,3,4,5\n")};
    static const uint64_t places[][3] = {{3, 1, 2}, {3, 5, 7}, {3, 8, 10}, {4, 4, 16}, {4, 6, 18}};
    struct record_reader *reader;
    struct record_batch batch;
    struct ssql_error error = {0};

    (void)state;
    assert_true(record_reader_create(&headed, memory_source_of(&source), &reader, &error));
    assert_int_equal(record_reader_next(reader, &batch, &error), RECORDS_READ);
    assert_int_equal(batch.field_count, 5);
    for (uint32_t i = 0; i < 5; i++) {
        const struct record_place *place = record_reader_name_place(reader, i);
        assert_int_equal(place->line, places[i][0]);
        assert_int_equal(place->column, places[i][1]);
        assert_int_equal(place->offset, places[i][2]);
    }
    record_reader_destroy(reader);
}

static void a_rejected_record_comes_with_its_bytes(void **state)
{
    struct memory_source source = {.bytes = slice_of("1,2\r\n3,\"4\n\"x\r\n5,6\r\n")};
    struct record_reader *reader;
    struct record_batch batch;
    struct ssql_error error = {0};

    (void)state;
    assert_true(record_reader_create(&bare, memory_source_of(&source), &reader, &error));
    assert_int_equal(record_reader_next(reader, &batch, &error), RECORDS_READ);
    assert_int_equal(record_reader_next(reader, &batch, &error), RECORDS_REJECTED);
    const struct record_fault *fault = record_reader_fault(reader);
    assert_true(slice_equal(record_raw(&fault->record), slice_of("3,\"4\n\"x")));
    assert_int_equal(fault->record.line, 2);
    assert_int_equal(fault->place.line, 3);
    assert_int_equal(fault->place.offset, 11);
    assert_int_equal(error.code, SSQL_BAD_VALUE);
    assert_int_equal(record_reader_next(reader, &batch, &error), RECORDS_READ);
    assert_int_equal(batch.records[0].line, 4);
    record_reader_destroy(reader);
}

static void many_records_come_in_batches(void **state)
{
    struct buffer text = {0};
    struct record_reader *reader;
    struct record_batch batch;
    struct ssql_error error = {0};
    uint32_t count = 0;

    (void)state;
    for (int i = 0; i < 5000; i++)
        buffer_printf(&text, "%d,\"text %d\"\n", i, i);
    struct memory_source source = {.bytes = buffer_slice(&text), .piece = 999};
    assert_true(record_reader_create(&bare, memory_source_of(&source), &reader, &error));
    while (record_reader_next(reader, &batch, &error) == RECORDS_READ) {
        for (uint32_t i = 0; i < batch.count; i++, count++) {
            assert_int_equal(strtol((const char *)record_field(&batch, i, 0)->data, NULL, 10), count);
            assert_int_equal(batch.records[i].line, count + 1);
        }
    }
    assert_int_equal(count, 5000);
    record_reader_destroy(reader);
    buffer_clear(&text);
}

static void wide_records_come_in_smaller_batches_up_to_a_limit(void **state)
{
    struct buffer text = {0};
    struct record_reader *reader;
    struct record_batch batch;
    struct ssql_error error = {0};
    uint32_t count = 0;

    (void)state;
    for (int row = 0; row < 100; row++)
        for (int i = 0; i < RECORD_FIELDS_MOST; i++)
            buffer_printf(&text, "%d%c", i, i == RECORD_FIELDS_MOST - 1 ? '\n' : ',');
    buffer_append_text(&text, "1,2\n");
    struct memory_source source = {.bytes = buffer_slice(&text)};
    assert_true(record_reader_create(&bare, memory_source_of(&source), &reader, &error));
    while (record_reader_next(reader, &batch, &error) == RECORDS_READ)
        count += batch.count;
    assert_int_equal(count, 100);
    assert_int_equal(error.code, SSQL_VALUE_COUNT);
    record_reader_destroy(reader);
    source = (struct memory_source){.bytes = slice_make(text.data, 0)};
    text.size = 0;
    for (int i = 0; i < RECORD_FIELDS_MOST; i++)
        buffer_append_byte(&text, ',');
    source.bytes = buffer_slice(&text);
    assert_true(record_reader_create(&bare, memory_source_of(&source), &reader, &error));
    assert_int_equal(record_reader_next(reader, &batch, &error), RECORDS_REJECTED);
    assert_int_equal(error.code, SSQL_TOO_LARGE);
    record_reader_destroy(reader);
    buffer_clear(&text);
}

static void a_record_beyond_the_limit_ends_the_file_in_bounded_memory(void **state)
{
    static const char *const begins[] = {"a,b\n1,2\n", "a,b\n1,2\n\n3,\""};
    struct ssql_error error = {0};
    struct record_reader *reader;
    struct record_batch batch;

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct endless_source endless = {.begin = begins[i]};
        assert_true(record_reader_create(&headed, endless_source_of(&endless), &reader, &error));
        assert_int_equal(record_reader_next(reader, &batch, &error), RECORDS_READ);
        assert_int_equal(record_reader_next(reader, &batch, &error), RECORDS_FAILED);
        assert_int_equal(error.code, SSQL_TOO_LARGE);
        assert_int_equal(record_reader_fault(reader)->place.line, i == 0 ? 3 : 4);
        assert_true((strstr(error.hint, "line 4") != NULL) == (i == 1));
        assert_true(endless.given <= RECORD_SIZE_MOST + (8 << 20));
        record_reader_destroy(reader);
    }
}

static void a_source_that_fails_ends_the_file_behind_what_it_gave(void **state)
{
    struct memory_source source = {.bytes = slice_of("a,b\n1,2\n3,4\n5,"), .piece = 4, .fail_after = 12};
    struct record_reader_options options = headed;
    struct record_reader *reader;
    struct record_batch batch;
    struct ssql_error error = {0};
    uint32_t count = 0;
    enum record_status status;

    (void)state;
    options.window_bytes = 4;
    assert_true(record_reader_create(&options, memory_source_of(&source), &reader, &error));
    while ((status = record_reader_next(reader, &batch, &error)) == RECORDS_READ)
        count += batch.count;
    assert_int_equal(status, RECORDS_FAILED);
    assert_int_equal(error.code, SSQL_IO);
    assert_in_range(count, 1, 2);
    record_reader_destroy(reader);
}

static void insert_is_not_read(void **state)
{
    struct record_reader_options options = {.format = RECORD_FORMAT_INSERT};

    (void)state;
    assert_records(&options, TEXT("x"), "# the format insert is written, not read\n");
    options = (struct record_reader_options){.format = RECORD_FORMAT_JSON, .delimiter = ','};
    assert_records(&options, TEXT("x"), "# json has neither delimiter, null text nor header\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_trap_file),
        cmocka_unit_test(lines_end_with_lf_crlf_or_cr),
        cmocka_unit_test(empty_is_null_and_quoted_empty_is_a_text),
        cmocka_unit_test(a_null_text_is_null_unless_quoted),
        cmocka_unit_test(blank_lines_are_passed_over),
        cmocka_unit_test(with_one_column_a_blank_line_is_a_null),
        cmocka_unit_test(a_file_of_a_header_alone_has_columns_and_no_records),
        cmocka_unit_test(names_that_stand_twice_are_a_fault_unless_allowed),
        cmocka_unit_test(field_counts_are_those_of_the_first_record),
        cmocka_unit_test(field_counts_can_be_given),
        cmocka_unit_test(quotes_out_of_place_are_faults_and_the_next_record_is_found),
        cmocka_unit_test(a_quote_that_is_not_closed_takes_the_rest_of_the_file),
        cmocka_unit_test(lines_are_counted_through_quoted_line_ends),
        cmocka_unit_test(text_must_be_utf8_without_nul),
        cmocka_unit_test(columns_are_counted_in_characters),
        cmocka_unit_test(lines_can_be_skipped),
        cmocka_unit_test(delimiters_can_be_chosen),
        cmocka_unit_test(a_field_knows_where_it_stands),
        cmocka_unit_test(names_stand_where_the_header_has_them),
        cmocka_unit_test(a_rejected_record_comes_with_its_bytes),
        cmocka_unit_test(many_records_come_in_batches),
        cmocka_unit_test(wide_records_come_in_smaller_batches_up_to_a_limit),
        cmocka_unit_test(a_record_beyond_the_limit_ends_the_file_in_bounded_memory),
        cmocka_unit_test(a_source_that_fails_ends_the_file_behind_what_it_gave),
        cmocka_unit_test(insert_is_not_read),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
