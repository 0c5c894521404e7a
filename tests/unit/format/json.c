/* JSON and JSON lines: records by name or by place, and every way of being wrong. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>

#include "support/records.h"

static const struct record_reader_options json = {.format = RECORD_FORMAT_JSON};
static const struct record_reader_options lines = {.format = RECORD_FORMAT_JSONL};

#define TEXT(literal) slice_make(literal, sizeof(literal) - 1)

static void an_array_of_objects(void **state)
{
    (void)state;
    assert_records(&json,
                   TEXT("\xEF\xBB\xBF[{\"id\":1,\"name\":\"x\",\"ok\":true},\n"
                        " {\"ok\" : false , \"id\" : 2.5e3, \"name\" : null},\r\n"
                        "{\"name\":\"\"}]\n"),
                   "names|id|name|ok\n1|i:1|\"x\"|b:true\n2|f:2.5e3|~|b:false\n3|-|\"\"|-\n");
    assert_records(&json, TEXT("[]"), "");
    assert_records(&json, TEXT(" [ ] \n"), "");
    assert_records(&json, TEXT(""), "");
    assert_records(&json, TEXT(" \r\n\t"), "");
}

static void objects_one_after_another(void **state)
{
    (void)state;
    assert_records(&json, TEXT("{\"a\":1}{\"a\":2}\n\n  {\"a\":3}"), "names|a\n1|i:1\n1|i:2\n3|i:3\n");
}

static void an_array_of_arrays_goes_by_place(void **state)
{
    struct record_reader_options options = json;

    (void)state;
    assert_records(&json, TEXT("[[1,\"a\"],[null,\"\"],[1]]"),
                   "1|i:1|\"a\"\n1|~|\"\"\n! 1:20 the record has 1 field instead of 2\n");
    options.expected_count = 1;
    assert_records(&options, TEXT("[[1,2],[3]]"), "! 1:2 the record has 2 fields instead of 1\n1|i:3\n");
}

static void names_may_come_late_and_are_then_absent_before(void **state)
{
    (void)state;
    assert_records(&json, TEXT("[{\"a\":1},{\"a\":2},{\"b\":3},{\"a\":4}]"),
                   "names|a\n1|i:1\n1|i:2\n1|-|i:3\n1|i:4|-\n");
    assert_records(&json, TEXT("[{},{\"a\":2}]"), "names\n1\n1|i:2\n");
}

static void numbers_keep_their_digits(void **state)
{
    (void)state;
    assert_records(
        &lines, TEXT("[9223372036854775807,-9223372036854775808,99999999999999999999,-0,0,1E+2,-0.5e-10]"),
        "1|i:9223372036854775807|i:-9223372036854775808|i:99999999999999999999|i:-0|i:0|f:1E+2|f:-0.5e-10\n");
}

static void strings_have_escapes(void **state)
{
    (void)state;
    assert_records(&lines, TEXT("[\"\\\"\\\\\\/\\b\\f\\n\\r\\t\",\"\\u00e4\\u6771\\ud83d\\ude00\\u001f\"]"),
                   "1|\"\"\\/\b\f\n\r\t\"|\"\xC3\xA4\xE6\x9D\xB1\xF0\x9F\x98\x80\x1F\"\n");
    assert_records(&lines, TEXT("{\"\\u0061\":1}\n{\"a\":2}"), "names|a\n1|i:1\n2|i:2\n");
}

static void strings_that_are_no_text_are_faults_of_their_record(void **state)
{
    static const char half[] = "this escape stands for no character: a NUL, or half of a surrogate pair\n";
    static const char *const wrong[] = {"\\u0000", "\\ud83d", "\\ude00", "\\ud83dx", "\\ud83d\\u0041"};

    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        char text[64], expected[256];
        snprintf(text, sizeof text, "[{\"a\":1},{\"a\":\"%s\"},{\"a\":2}]", wrong[i]);
        snprintf(expected, sizeof expected, "names|a\n1|i:1\n! 1:16 %s1|i:2\n", half);
        assert_records(&json, slice_of(text), expected);
    }
    assert_records(&json, TEXT("[{\"a\":1},{\"a\":\"x\xFF\"},{\"a\":2}]"),
                   "names|a\n1|i:1\n! 1:17 a string is no valid UTF-8\n1|i:2\n");
    assert_records(&json, TEXT("[{\"a\":1},{\"a\":[\"x\xFF\"]},{\"a\":2}]"),
                   "names|a\n1|i:1\n! 1:15 a nested value is no valid UTF-8\n1|i:2\n");
}

static void nested_values_are_handed_out_as_they_are(void **state)
{
    (void)state;
    assert_records(&json, TEXT("[{\"a\":{\"b\":[1,{},[]]},\"c\":[ ]}]"), "names|a|c\n1|n:{\"b\":[1,{},[]]}|n:[ ]\n");
}

static void a_record_at_fault_is_passed_over(void **state)
{
    (void)state;
    assert_records(&json, TEXT("[{\"a\":1},\n {\"a\":2,\n \"a\":3},\n {\"a\":4}]"),
                   "names|a\n1|i:1\n! 3:2 the object names \"a\" twice\n4|i:4\n");
    assert_records(&json, TEXT("[{\"a\":1},[2],3,{\"a\":4}]"),
                   "names|a\n1|i:1\n! 1:10 the file mixes objects and arrays\n! 1:14 a record is an object or an "
                   "array\n1|i:4\n");
    assert_records(&json, TEXT("[[1],{\"a\":4},[2]]"), "1|i:1\n! 1:6 the file mixes objects and arrays\n1|i:2\n");
}

static void names_of_a_rejected_record_are_forgotten(void **state)
{
    (void)state;
    assert_records(&json, TEXT("[{\"x\":1,\"y\":2,\"x\":3},{\"a\":4}]"),
                   "! 1:15 the object names \"x\" twice\n1|i:4\n");
    assert_records(&lines, TEXT("{\"x\":1,\"y\":\n[1,2]\n"), "! 1:12 the JSON text ends too early\n2|i:1|i:2\n");
}

static void broken_syntax_ends_a_json_file(void **state)
{
    static const struct {
        const char *text, *expected;
    } cases[] = {
        {"[{\"a\":1}", "# 1:9 the array is not closed\n"},
        {"[{\"a\":1},", "# 1:10 the array is not closed\n"},
        {"[{\"a\":1},]", "# 1:10 this is no JSON value\n"},
        {"[{\"a\":1} {\"a\":2}]", "# 1:10 a comma or the closing bracket is missing here\n"},
        {"[{\"a\":1}] x", "# 1:11 text stands behind the end of the array\n"},
        {"[{\"a\":1},{\"a\"", "# 1:14 the JSON text ends too early\n"},
        {"[{\"a\":1},{\"a\":", "# 1:15 the JSON text ends too early\n"},
        {"[{\"a\":1},{\"a\":\"x", "# 1:17 the JSON text ends too early\n"},
        {"[{\"a\":1},{\"a\":1", "# 1:16 the JSON text ends too early\n"},
        {"[{\"a\":1},{\"a\":nul", "# 1:18 the JSON text ends too early\n"},
        {"[{\"a\":1},{\"a\":nulx}]", "# 1:15 this is no JSON value\n"},
        {"[{\"a\":1},{a:1}]", "# 1:11 a name in quotes is missing here\n"},
        {"[{\"a\":1},{\"a\" 1}]", "# 1:15 a colon is missing here\n"},
        {"[{\"a\":1},{\"a\":01}]", "# 1:15 a number begins with a zero\n"},
        {"[{\"a\":1},{\"a\":+1}]", "# 1:15 this is no JSON value\n"},
        {"[{\"a\":1},{\"a\":-}]", "# 1:16 a number lacks a digit here\n"},
        {"[{\"a\":1},{\"a\":1.}]", "# 1:17 a number lacks a digit here\n"},
        {"[{\"a\":1},{\"a\":.5}]", "# 1:15 this is no JSON value\n"},
        {"[{\"a\":1},{\"a\":1e}]", "# 1:17 a number lacks a digit here\n"},
        {"[{\"a\":1},{\"a\":NaN}]", "# 1:15 this is no JSON value\n"},
        {"[{\"a\":1},{\"a\":'x'}]", "# 1:15 this is no JSON value\n"},
        {"[{\"a\":1},{\"a\":1,}]", "# 1:17 a name in quotes is missing here\n"},
        {"[{\"a\":1},{\"a\":[1,]}]", "# 1:18 this is no JSON value\n"},
        {"[{\"a\":1},{\"a\":[1}]", "# 1:17 a comma or the closing bracket is missing here\n"},
        {"[{\"a\":1},{\"a\":\"\\q\"}]", "# 1:16 JSON has no such escape\n"},
        {"[{\"a\":1},{\"a\":\"\\u12g4\"}]", "# 1:16 behind \\u stand four hexadecimal digits\n"},
        {"[{\"a\":1},{\"a\":\"x\ny\"}]", "# 1:17 a control character stands in a string; it is written as \\u00XX\n"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char expected[256];
        snprintf(expected, sizeof expected, "names|a\n1|i:1\n%s", cases[i].expected);
        assert_records(&json, slice_of(cases[i].text), expected);
    }
    assert_records(&json, TEXT("42"), "# 1:1 a file of records is an array of objects, or objects one after another\n");
    assert_records(&json, TEXT("{\"a\":1},{\"a\":2}"), "names|a\n1|i:1\n# 1:8 this is no JSON value\n");
}

static void a_line_at_fault_is_passed_over(void **state)
{
    (void)state;
    assert_records(&lines, TEXT("{\"a\":1}\r\n\n{\"a\":\n{\"a\":2} x\n42\n{\"a\":3,\"a\":4}\n  {\"a\":5}  "),
                   "names|a\n1|i:1\n! 3:6 the JSON text ends too early\n! 4:9 text stands behind the record\n"
                   "! 5:1 a record is an object or an array\n! 6:8 the object names \"a\" twice\n7|i:5\n");
}

static void lines_can_be_skipped(void **state)
{
    struct record_reader_options options = lines;

    (void)state;
    options.skip_lines = 1;
    assert_records(&options, TEXT("{\"x\n{\"a\":1}\n"), "names|a\n2|i:1\n");
}

static void depth_is_limited(void **state)
{
    struct buffer text = {0};

    (void)state;
    for (int depth = RECORD_DEPTH_MOST - 1; depth <= RECORD_DEPTH_MOST + 1; depth++) {
        struct buffer dump = {0};
        buffer_reset(&text);
        buffer_append_text(&text, "{\"a\":");
        for (int i = 0; i < depth; i++)
            buffer_append_text(&text, i % 2 == 0 ? "[" : "{\"b\":");
        buffer_append_text(&text, "1");
        for (int i = depth - 1; i >= 0; i--)
            buffer_append_text(&text, i % 2 == 0 ? "]" : "}");
        buffer_append_text(&text, "}\n{\"a\":1}\n");
        dump_text(&lines, buffer_slice(&text), 0, 0, &dump);
        buffer_append_byte(&dump, '\0');
        assert_int_equal(strstr((char *)dump.data, "nested deeper than 1000 levels") != NULL,
                         depth > RECORD_DEPTH_MOST);
        assert_non_null(strstr((char *)dump.data, "\n2|i:1\n"));
        buffer_clear(&dump);
    }
    buffer_clear(&text);
}

static void a_million_open_brackets_are_one_clear_error(void **state)
{
    enum { MILLION = 1000000 };
    struct buffer dump = {0};
    uint8_t *brackets = test_malloc(MILLION);

    (void)state;
    memset(brackets, '[', MILLION);
    dump_text(&json, slice_make(brackets, MILLION), 0, 0, &dump);
    buffer_append_byte(&dump, '\0');
    assert_string_equal((char *)dump.data, "# 1:1002 a value is nested deeper than 1000 levels\n");
    buffer_clear(&dump);
    test_free(brackets);
}

static void a_field_knows_where_it_stands(void **state)
{
    struct memory_source source = {.bytes = slice_of("[{\"a\" : 1,\n\"b\\u0062\": {\"x\":1} ,\n\n \"c\":\t3}]")};
    struct record_reader *reader;
    struct record_batch batch;
    struct ssql_error error = {0};

    (void)state;
    assert_true(record_reader_create(&json, memory_source_of(&source), &reader, &error));
    assert_int_equal(record_reader_next(reader, &batch, &error), RECORDS_READ);
    assert_int_equal(record_reader_record_place(reader, &batch.records[0]).column, 2);
    struct record_place place = record_reader_field_place(reader, &batch, 0, 0);
    assert_int_equal(place.line, 1);
    assert_int_equal(place.column, 9);
    place = record_reader_field_place(reader, &batch, 0, 1);
    assert_int_equal(place.line, 2);
    assert_int_equal(place.column, 12);
    place = record_reader_field_place(reader, &batch, 0, 2);
    assert_int_equal(place.line, 4);
    assert_int_equal(place.column, 7);
    record_reader_destroy(reader);
}

static void many_names_are_found_and_limited(void **state)
{
    struct buffer text = {0};

    (void)state;
    for (int last = 0; last < 2; last++) {
        struct buffer dump = {0};
        buffer_reset(&text);
        buffer_append_byte(&text, '{');
        for (int i = 0; i < RECORD_FIELDS_MOST + last; i++)
            buffer_printf(&text, "%s\"n%d\":%d", i > 0 ? "," : "", i, i);
        buffer_append_text(&text, "}\n{\"n4095\":7}\n");
        dump_text(&lines, buffer_slice(&text), 0, 0, &dump);
        buffer_append_byte(&dump, '\0');
        assert_int_equal(strstr((char *)dump.data, "more than 4096 different names") != NULL, last);
        assert_non_null(strstr((char *)dump.data, "|i:7\n"));
        buffer_clear(&dump);
    }
    buffer_clear(&text);
}

static void a_record_beyond_the_limit_ends_the_file_in_bounded_memory(void **state)
{
    static const char *const begins[] = {"[{\"a\":1},\n{\"a\":\"", "[{\"a\":1},\n{\"", "{\"a\":1}\n{\"a\":\""};

    (void)state;
    for (size_t i = 0; i < 4; i++) {
        struct endless_source endless = {.begin = begins[i % 3]};
        struct record_reader *reader;
        struct record_batch batch;
        struct ssql_error error = {0};
        assert_true(record_reader_create(i < 2 ? &json : &lines, endless_source_of(&endless), &reader, &error));
        if (i < 3)
            assert_int_equal(record_reader_next(reader, &batch, &error), RECORDS_READ);
        else
            assert_int_equal(record_reader_next(reader, &batch, &error), RECORDS_REJECTED);
        assert_int_equal(record_reader_next(reader, &batch, &error), RECORDS_FAILED);
        assert_int_equal(error.code, SSQL_TOO_LARGE);
        assert_int_equal(record_reader_fault(reader)->place.line, 2);
        assert_true(endless.given <= RECORD_SIZE_MOST + (8 << 20));
        record_reader_destroy(reader);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_array_of_objects),
        cmocka_unit_test(objects_one_after_another),
        cmocka_unit_test(an_array_of_arrays_goes_by_place),
        cmocka_unit_test(names_may_come_late_and_are_then_absent_before),
        cmocka_unit_test(numbers_keep_their_digits),
        cmocka_unit_test(strings_have_escapes),
        cmocka_unit_test(strings_that_are_no_text_are_faults_of_their_record),
        cmocka_unit_test(nested_values_are_handed_out_as_they_are),
        cmocka_unit_test(a_record_at_fault_is_passed_over),
        cmocka_unit_test(names_of_a_rejected_record_are_forgotten),
        cmocka_unit_test(broken_syntax_ends_a_json_file),
        cmocka_unit_test(a_line_at_fault_is_passed_over),
        cmocka_unit_test(lines_can_be_skipped),
        cmocka_unit_test(depth_is_limited),
        cmocka_unit_test(a_million_open_brackets_are_one_clear_error),
        cmocka_unit_test(a_field_knows_where_it_stands),
        cmocka_unit_test(a_record_beyond_the_limit_ends_the_file_in_bounded_memory),
        cmocka_unit_test(many_names_are_found_and_limited),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
