/* The narrowest type that reads every value and writes the same back; and names for columns. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>

#include "format/column_names.h"
#include "format/type_guess.h"
#include "support/records.h"

/* The guess for the first column of a text: the type's name, with a '?' behind it where there are nulls. */
static const char *guessed(enum record_format format, const char *text)
{
    static char answer[32];
    struct record_reader_options options = {.format = format};
    struct memory_source source = {.bytes = slice_of(text)};
    struct record_reader *reader;
    struct record_batch batch;
    struct type_guess *guess;
    struct ssql_error error = {0};
    enum record_status status;

    if (format == RECORD_FORMAT_CSV || format == RECORD_FORMAT_TSV)
        options.expected_count = 1;
    assert_true(record_reader_create(&options, memory_source_of(&source), &reader, &error));
    assert_true(type_guess_create(format, &guess, &error));
    while ((status = record_reader_next(reader, &batch, &error)) == RECORDS_READ)
        assert_true(type_guess_add(guess, &batch, &error));
    assert_int_equal(status, RECORDS_END);
    snprintf(answer, sizeof answer, "%s%s", type_name(type_guess_type(guess, 0)),
             type_guess_has_nulls(guess, 0) ? "?" : "");
    type_guess_destroy(guess);
    record_reader_destroy(reader);
    return answer;
}

static const char *of_csv(const char *text)
{
    return guessed(RECORD_FORMAT_CSV, text);
}

static void ints(void **state)
{
    (void)state;
    assert_string_equal(of_csv("0\n-1\n9223372036854775807\n-9223372036854775808\n"), "int");
    assert_string_equal(of_csv("1\n\n2\n"), "int?");
    assert_string_equal(of_csv("\"1\"\n"), "int");
}

static void what_an_int_would_not_write_back_is_a_string(void **state)
{
    static const char *const texts[] = {"007\n",   "+1\n",  "9223372036854775808\n", "-00\n", " 1\n", "1 \n",
                                        "1_000\n", "0x10\n"};

    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        assert_string_equal(of_csv(texts[i]), "string");
    assert_string_equal(of_csv("1\n2\n007\n"), "string");
}

static void floats(void **state)
{
    (void)state;
    assert_string_equal(of_csv("1.5\n2\n"), "float");
    assert_string_equal(of_csv("2\n1.50\n1e10\n1E-7\n-0.0\n"), "float");
    assert_string_equal(of_csv("-0\n"), "float");
    assert_string_equal(of_csv("0.10000000000000001\n4.9e-324\n1.7976931348623157e+308\n"), "float");
    assert_string_equal(of_csv("1.0000000000000000000000000\n100000000000000000000000\n"), "float");
    assert_string_equal(of_csv("1.5\ninf\n-inf\nnan\n"), "float");
}

static void what_a_float_would_not_write_back_is_a_string(void **state)
{
    static const char *const texts[] = {"1e400\n",
                                        "1e-400\n",
                                        "0.1000000000000000055\n",
                                        "9007199254740993\n1.5\n",
                                        "01.5\n",
                                        ".5\n",
                                        "5.\n",
                                        "+1.5\n",
                                        "1.5\nInf\n",
                                        "inf\n",
                                        "nan\nnan\n",
                                        "1.5\nNA\n",
                                        "18446744073709551617\n"};

    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        assert_string_equal(of_csv(texts[i]), "string");
}

static void bools(void **state)
{
    (void)state;
    assert_string_equal(of_csv("true\nfalse\n"), "bool");
    assert_string_equal(of_csv("true\n\n"), "bool?");
    assert_string_equal(of_csv("true\nTRUE\n"), "string");
    assert_string_equal(of_csv("t\nf\n"), "string");
    assert_string_equal(of_csv("true\n1\n"), "string");
}

static void strings_and_nothing(void **state)
{
    (void)state;
    assert_string_equal(of_csv("a\n1\n"), "string");
    assert_string_equal(of_csv("1\n\"\"\n"), "string");
    assert_string_equal(of_csv("\n\n"), "string?");
    assert_string_equal(of_csv("a\n\n"), "string?");
    assert_string_equal(guessed(RECORD_FORMAT_TSV, "\\N\n5\n"), "int?");
    assert_string_equal(guessed(RECORD_FORMAT_TSV, "\n5\n"), "string");
}

static void json_has_types_of_its_own(void **state)
{
    (void)state;
    assert_string_equal(guessed(RECORD_FORMAT_JSON, "[{\"a\":1},{\"a\":null}]"), "int?");
    assert_string_equal(guessed(RECORD_FORMAT_JSON, "[{\"a\":1},{\"a\":2.0}]"), "float");
    assert_string_equal(guessed(RECORD_FORMAT_JSON, "[{\"a\":1.5},{\"a\":\"inf\"}]"), "float");
    assert_string_equal(guessed(RECORD_FORMAT_JSON, "[{\"a\":\"1\"}]"), "string");
    assert_string_equal(guessed(RECORD_FORMAT_JSON, "[{\"a\":\"true\"}]"), "string");
    assert_string_equal(guessed(RECORD_FORMAT_JSON, "[{\"a\":\"false\"}]"), "string");
    assert_string_equal(guessed(RECORD_FORMAT_JSON, "[{\"a\":true},{}]"), "bool?");
    assert_string_equal(guessed(RECORD_FORMAT_JSON, "[{\"a\":true},{\"a\":1}]"), "string");
    assert_string_equal(guessed(RECORD_FORMAT_JSON, "[{\"a\":[]}]"), "string");
    assert_string_equal(guessed(RECORD_FORMAT_JSON, "[{\"a\":99999999999999999999}]"), "string");
}

static void a_column_that_comes_late_was_absent(void **state)
{
    struct record_reader_options options = {.format = RECORD_FORMAT_JSON};
    struct memory_source source = {.bytes = slice_of("[{\"a\":1},{\"a\":2,\"b\":true}]")};
    struct record_reader *reader;
    struct record_batch batch;
    struct type_guess *guess;
    struct ssql_error error = {0};

    (void)state;
    assert_true(record_reader_create(&options, memory_source_of(&source), &reader, &error));
    assert_true(type_guess_create(RECORD_FORMAT_JSON, &guess, &error));
    while (record_reader_next(reader, &batch, &error) == RECORDS_READ)
        assert_true(type_guess_add(guess, &batch, &error));
    assert_false(type_guess_has_nulls(guess, 0));
    assert_true(type_guess_has_nulls(guess, 1));
    assert_int_equal(type_guess_type(guess, 1), SSQL_TYPE_BOOL);
    assert_int_equal(type_guess_type(guess, 2), SSQL_TYPE_STRING);
    type_guess_destroy(guess);
    record_reader_destroy(reader);
}

static void names_become_legal_and_distinct(void **state)
{
    static const char *const headers[] = {"id", " ID ", "", "a\tb\n", "id_2", "column_3", "\xC3\xA4 x", "id", "  "};
    static const char *const expected[] = {"id",         "ID_2",       "column_3", "ab",      "id_2_2",
                                           "column_3_2", "\xC3\xA4 x", "id_3",     "column_9"};
    enum { COUNT = sizeof headers / sizeof *headers };
    struct slice texts[COUNT], *names;
    struct arena arena;
    struct ssql_error error;

    (void)state;
    for (int i = 0; i < COUNT; i++)
        texts[i] = slice_of(headers[i]);
    arena_init(&arena);
    assert_true(column_names_make(texts, COUNT, &arena, &names, &error));
    for (int i = 0; i < COUNT; i++)
        if (!slice_equal(names[i], slice_of(expected[i])))
            fail_msg("%d: %.*s", i, SLICE_PRINT(names[i]));
    assert_true(column_names_make(NULL, 12, &arena, &names, &error));
    assert_true(slice_equal(names[11], slice_of("column_12")));
    arena_clear(&arena);
}

static void names_may_be_none_or_hold_control_characters(void **state)
{
    const struct slice header = slice_of("\x7F"
                                         "a\x7F"
                                         "b");
    struct slice *names;
    struct arena arena;
    struct ssql_error error;

    (void)state;
    arena_init(&arena);
    assert_true(column_names_make(NULL, 0, &arena, &names, &error));
    assert_non_null(names);
    assert_true(column_names_make(&header, 1, &arena, &names, &error));
    assert_true(slice_equal(names[0], slice_of("ab")));
    arena_clear(&arena);
}

static void a_column_that_never_came_has_only_nulls(void **state)
{
    struct type_guess *guess;
    struct ssql_error error;

    (void)state;
    assert_true(type_guess_create(RECORD_FORMAT_CSV, &guess, &error));
    assert_true(type_guess_has_nulls(guess, 0));
    assert_int_equal(type_guess_type(guess, 0), SSQL_TYPE_STRING);
    type_guess_destroy(guess);
}

static void long_names_are_cut_at_a_character_and_stay_distinct(void **state)
{
    char text[301];
    struct slice texts[3], *names;
    struct arena arena;
    struct ssql_error error;

    (void)state;
    text[0] = 'x';
    for (int i = 1; i < 301; i += 2)
        memcpy(text + i, "\xC3\xA4", 2);
    texts[0] = texts[1] = texts[2] = slice_make(text, sizeof text);
    arena_init(&arena);
    assert_true(column_names_make(texts, 3, &arena, &names, &error));
    assert_int_equal(names[0].size, COLUMN_NAME_MOST - 1);
    assert_int_equal(names[1].size, 125 + 2);
    assert_memory_equal(names[2].data + names[2].size - 2, "_3", 2);
    arena_clear(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ints),
        cmocka_unit_test(what_an_int_would_not_write_back_is_a_string),
        cmocka_unit_test(floats),
        cmocka_unit_test(what_a_float_would_not_write_back_is_a_string),
        cmocka_unit_test(bools),
        cmocka_unit_test(strings_and_nothing),
        cmocka_unit_test(json_has_types_of_its_own),
        cmocka_unit_test(a_column_that_comes_late_was_absent),
        cmocka_unit_test(names_become_legal_and_distinct),
        cmocka_unit_test(names_may_be_none_or_hold_control_characters),
        cmocka_unit_test(a_column_that_never_came_has_only_nulls),
        cmocka_unit_test(long_names_are_cut_at_a_character_and_stay_distinct),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
