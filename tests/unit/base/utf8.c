/* UTF-8: what is valid, and where characters begin. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "base/utf8.h"

static void every_scalar_value_is_valid_and_no_surrogate(void **state)
{
    (void)state;
    for (uint32_t code_point = 0; code_point < 0x110100; code_point++) {
        uint8_t bytes[4];
        bool is_scalar = code_point < 0xD800 || (code_point >= 0xE000 && code_point <= 0x10FFFF);
        size_t size = utf8_encode(code_point, bytes);
        assert_int_equal(size > 0, is_scalar);
        if (is_scalar) {
            assert_int_equal(utf8_valid_prefix(slice_make(bytes, size)), size);
            assert_int_equal(utf8_length(slice_make(bytes, size)), 1);
        }
        for (size_t cut = 1; cut < size; cut++)
            assert_int_equal(utf8_valid_prefix(slice_make(bytes, cut)), 0);
    }
}

static void what_is_not_utf8_ends_the_valid_prefix(void **state)
{
    static const char *const invalid[] = {"\x80",
                                          "\xBF",
                                          "\xC0\x80",
                                          "\xC1\xBF",
                                          "\xE0\x9F\xBF",
                                          "\xED\xA0\x80",
                                          "\xF0\x8F\xBF\xBF",
                                          "\xF4\x90\x80\x80",
                                          "\xF5\x80\x80\x80",
                                          "\xFF",
                                          "\xC3(",
                                          "\xE2\x82(",
                                          "\xF0\x9F\x98("};

    (void)state;
    for (size_t i = 0; i < sizeof invalid / sizeof *invalid; i++) {
        /* behind 0 to 9 good bytes: the quick path takes eight at a time */
        for (size_t good = 0; good < 10; good++) {
            char text[24] = "aaaaaaaaaa";
            strcpy(text + good, invalid[i]);
            assert_int_equal(utf8_valid_prefix(slice_of(text)), good);
        }
    }
}

static void offsets_count_characters(void **state)
{
    struct slice text = slice_of("a\xC3\xA4\xE2\x82\xAC\xF0\x9F\x98\x80z");
    const size_t offsets[] = {0, 1, 3, 6, 10, 11, 11};

    (void)state;
    assert_int_equal(utf8_length(text), 5);
    for (size_t i = 0; i < 7; i++)
        assert_int_equal(utf8_offset(text, i), offsets[i]);
    assert_int_equal(utf8_offset(slice_make(NULL, 0), 3), 0);
    assert_int_equal(utf8_valid_prefix(slice_make(NULL, 0)), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_scalar_value_is_valid_and_no_surrogate),
        cmocka_unit_test(what_is_not_utf8_ends_the_valid_prefix),
        cmocka_unit_test(offsets_count_characters),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
