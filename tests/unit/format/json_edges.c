/* JSON at its edges: escapes of every plane, words and numbers that are cut off, blanks anywhere. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "support/records.h"

static const struct record_reader_options json = {.format = RECORD_FORMAT_JSON};
static const struct record_reader_options lines = {.format = RECORD_FORMAT_JSONL};

#define TEXT(literal) slice_make(literal, sizeof(literal) - 1)

static void escapes_reach_every_plane(void **state)
{
    (void)state;
    assert_records(&lines, TEXT("[\"\\ue000\\uFFFD\\u0800\\u007f\\ud83d\\ude00\\uDBFF\\uDFFF\"]\n"),
                   "1|\"\xEE\x80\x80\xEF\xBF\xBD\xE0\xA0\x80\x7F\xF0\x9F\x98\x80\xF4\x8F\xBF\xBF\"\n");
}

static void half_a_pair_is_no_character(void **state)
{
    static const char *const wrong[] = {"\\udc00",        "\\ud83d\\ue000",  "\\ud83d\\nabcdefghi", "\\ud83dabcdefghi",
                                        "\\ud83d\\ud83d", "\\ud83d\\u00e4x", "\\udfff\\udc00"};

    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        char text[64];
        snprintf(text, sizeof text, "[\"%s\"]\n[1]\n", wrong[i]);
        assert_records(&lines, slice_of(text),
                       "! 1:3 this escape stands for no character: a NUL, or half of a surrogate pair\n2|i:1\n");
    }
}

static void words_and_numbers_that_are_cut_off(void **state)
{
    static const struct {
        const char *value;
        const char *message;
    } wrong[] = {
        {"tru]", "this is no JSON value"},
        {"trux]", "this is no JSON value"},
        {"nul", "the JSON text ends too early"},
        {"fals", "the JSON text ends too early"},
        {"nux", "this is no JSON value"},
        {"-", "the JSON text ends too early"},
        {"-]", "a number lacks a digit here"},
        {"1.", "the JSON text ends too early"},
        {"1.]", "a number lacks a digit here"},
        {"1e", "the JSON text ends too early"},
        {"1e+", "the JSON text ends too early"},
        {"1e+]", "a number lacks a digit here"},
        {"01]", "a number begins with a zero"},
        {"\"\\", "the JSON text ends too early"},
        {"\"\\u12", "the JSON text ends too early"},
        {"\"\\q\"]", "JSON has no such escape"},
        {"\"\\u12g4\"]", "behind \\u stand four hexadecimal digits"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        char text[64];
        struct buffer dump = {0};
        snprintf(text, sizeof text, "[%s\n[7]\r\n", wrong[i].value);
        dump_text(&lines, slice_of(text), 4096, 0, &dump);
        buffer_append_byte(&dump, 0);
        /* The record is rejected with these words, and the next one is read. */
        if (strstr((const char *)dump.data, wrong[i].message) == NULL ||
            strstr((const char *)dump.data, "2|i:7\n") == NULL)
            fail_msg("%s: %s", wrong[i].value, (const char *)dump.data);
        buffer_clear(&dump);
    }
}

static void blanks_stand_anywhere(void **state)
{
    (void)state;
    assert_records(&json, TEXT(" [\r\n { \"a\" : 1 ,\r\n \"b\" : [ ] } ,\r\n { } ]\r\n\r\n"),
                   "names|a|b\n2|i:1|n:[ ]\n4|-|-\n");
    assert_records(&lines, TEXT("\r\n \r\n{\"a\":1}\r\n\r\n{\"a\":2}\r"), "names|a\n3|i:1\n5|i:2\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(escapes_reach_every_plane),
        cmocka_unit_test(half_a_pair_is_no_character),
        cmocka_unit_test(words_and_numbers_that_are_cut_off),
        cmocka_unit_test(blanks_stand_anywhere),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
