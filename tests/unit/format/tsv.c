/* TSV: a record a line, with escapes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>

#include "support/records.h"

static const struct record_reader_options headed = {.format = RECORD_FORMAT_TSV, .has_header = true};
static const struct record_reader_options bare = {.format = RECORD_FORMAT_TSV};

#define TEXT(literal) slice_make(literal, sizeof(literal) - 1)

static void escapes_stand_for_bytes(void **state)
{
    (void)state;
    assert_records(&headed, TEXT("a\tb\n\\t\\n\\r\\\\\tx\\x41\\x0ay\n"), "names|a|b\n2|\t\n\r\\|xA\ny\n");
}

static void a_null_is_backslash_n_and_an_empty_field_is_a_text(void **state)
{
    (void)state;
    assert_records(&headed, TEXT("a\tb\n\\N\t\n\\\\N\tN\n"), "names|a|b\n2|~|\n3|\\N|N\n");
}

static void quotes_mean_nothing(void **state)
{
    (void)state;
    assert_records(&headed, TEXT("a\tb\n\"x\t\"\"\n"), "names|a|b\n2|\"x|\"\"\n");
}

static void other_escapes_are_faults(void **state)
{
    static const char message[] = "an escape is \\t, \\n, \\r, \\\\ or \\xHH; \\N, a null, stands alone\n";
    static const char *const wrong[] = {"\\q", "\\", "\\x4", "\\x4g", "\\xg4", "\\Nx", "x\\N"};

    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        char text[64], expected[256];
        snprintf(text, sizeof text, "1\t2\ny\t%s\n3\t4\n", wrong[i]);
        snprintf(expected, sizeof expected, "1|1|2\n! 2:%d %s3|3|4\n", wrong[i][0] == 'x' ? 4 : 3, message);
        assert_records(&bare, slice_of(text), expected);
    }
}

static void escapes_cannot_make_what_is_no_text(void **state)
{
    (void)state;
    assert_records(&bare, TEXT("1\t2\nx\t\\xC3\\xA4\nx\t\\xC3\n3\t\\x00\n"),
                   "1|1|2\n2|x|\xC3\xA4\n! 3:3 the byte 0xC3 is no valid UTF-8\n! 4:3 a NUL byte is no text\n");
}

static void a_null_text_may_be_anything_else(void **state)
{
    struct record_reader_options options = bare;

    (void)state;
    options.null_text = slice_of("NA");
    assert_records(&options, TEXT("NA\t\\N\t\\x4EA\t\n"), "1|~|~|NA|\n");
    options.null_text = slice_make("", 0);
    assert_records(&options, TEXT("NA\t\\N\t\n"), "1|NA|~|~\n");
    options.null_text = slice_of("a\\b");
    assert_records(&options, TEXT("x"),
                   "# the text of a null can be \\N, but else hold neither the delimiter nor a quote, a backslash or a "
                   "line end\n");
}

static void blank_lines_are_passed_over_unless_there_is_one_column(void **state)
{
    (void)state;
    assert_records(&headed, TEXT("a\tb\n\n1\t2\n\n"), "names|a|b\n3|1|2\n");
    assert_records(&headed, TEXT("a\n\n1\n\n"), "names|a\n2|\n3|1\n4|\n");
}

static void field_counts_must_agree(void **state)
{
    (void)state;
    assert_records(
        &headed, TEXT("a\tb\n1\n1\t2\t\\t\n"),
        "names|a|b\n! 2:2 the record has 1 field instead of 2\n! 3:5 the record has 3 fields instead of 2\n");
}

static void a_field_behind_escapes_knows_where_it_stands(void **state)
{
    struct memory_source source = {.bytes = slice_of("a\\tb\t\\\\\tc\n")};
    struct record_reader *reader;
    struct record_batch batch;
    struct ssql_error error = {0};

    (void)state;
    assert_true(record_reader_create(&bare, memory_source_of(&source), &reader, &error));
    assert_int_equal(record_reader_next(reader, &batch, &error), RECORDS_READ);
    assert_int_equal(record_reader_field_place(reader, &batch, 0, 2).column, 9);
    record_reader_destroy(reader);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(escapes_stand_for_bytes),
        cmocka_unit_test(a_null_is_backslash_n_and_an_empty_field_is_a_text),
        cmocka_unit_test(quotes_mean_nothing),
        cmocka_unit_test(other_escapes_are_faults),
        cmocka_unit_test(escapes_cannot_make_what_is_no_text),
        cmocka_unit_test(a_null_text_may_be_anything_else),
        cmocka_unit_test(blank_lines_are_passed_over_unless_there_is_one_column),
        cmocka_unit_test(field_counts_must_agree),
        cmocka_unit_test(a_field_behind_escapes_knows_where_it_stands),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
