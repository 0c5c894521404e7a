/* Rows of literals, read without tokens: what is taken has the values that the grammar gives it, and all else is left
 * to the grammar. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "parser/literal_rows.h"
#include "support/parsing.h"

/* The values with bars between them and a slash between rows, then @ and what of the text is left; "-" when the text is
 * refused. The text has no zero byte behind it. */
static void expect_rows_of(const char *bytes, size_t size, const char *expected)
{
    struct literal_rows rows = {0};
    struct buffer dump = {0};
    size_t offset = 0;
    char *text = malloc(size + (size == 0));

    assert_non_null(text);
    memcpy(text, bytes, size);
    if (literal_rows_read(&rows, text, size, &offset)) {
        assert_int_equal(rows.count, (size_t)rows.row_count * rows.width);
        for (size_t i = 0; i < rows.count; i++) {
            if (i > 0)
                buffer_append_byte(&dump, i % rows.width == 0 ? '/' : '|');
            value_append_literal(&dump, &rows.values[i]);
        }
        buffer_append_byte(&dump, '@');
        buffer_append(&dump, text + offset, size - offset);
    } else {
        buffer_append_byte(&dump, '-');
    }
    buffer_append_byte(&dump, '\0');
    if (strcmp((const char *)dump.data, expected) != 0)
        fail_msg("%.*s: %s, not %s", (int)size, bytes, (const char *)dump.data, expected);
    buffer_clear(&dump);
    literal_rows_clear(&rows);
    free(text);
}

static void expect_rows(const char *text, const char *expected)
{
    expect_rows_of(text, strlen(text), expected);
}

static void rows_are_read_up_to_what_follows_them(void **state)
{
    (void)state;
    expect_rows("(1, 'a', null), (2, 'b', true) tail", "1|\"a\"|null/2|\"b\"|true@ tail");
    expect_rows(" ( 1 )\n,\t(-2),(+", "-");
    expect_rows("(1)", "1@");
    expect_rows("(1),(2);", "1/2@;");
    expect_rows("(1) x", "1@ x");
    expect_rows("(1),", "-");
    expect_rows("(1), x", "-");
    expect_rows("(1), (1, 2)", "-");
    expect_rows("(1, 2), (1)", "-");
    expect_rows("(1", "-");
    expect_rows("(1 ", "-");
    expect_rows("(1 2)", "-");
    expect_rows("(1]", "-");
    expect_rows("()", "-");
    expect_rows("(", "-");
    expect_rows("(1,)", "-");
    expect_rows("", "-");
    expect_rows("  ", "-");
    expect_rows("\x01 1", "-");
    expect_rows("\x0E 1", "-");
}

static void a_row_may_stand_bare(void **state)
{
    (void)state;
    expect_rows("1", "1@");
    expect_rows("1, 'a' ,true", "1|\"a\"|true@");
    expect_rows("1;", "1@;");
    expect_rows("1 ;", "1@ ;");
    expect_rows("1 on conflict", "1@ on conflict");
    expect_rows("1x", "-");
    expect_rows("'a'b", "-");
    expect_rows("1,", "-");
    expect_rows("1, ", "-");
    expect_rows("x", "-");
}

static void strings_are_text(void **state)
{
    (void)state;
    expect_rows("'it''s', 'a longer one, of ''many'' bytes', '''', ''",
                "\"it's\"|\"a longer one, of 'many' bytes\"|\"'\"|\"\"@");
    expect_rows("'\xC3\xA9', 'beyond eight \xC3\xA9 bytes''', '\xF0\x9F\x98\x80'",
                "\"\xC3\xA9\"|\"beyond eight \xC3\xA9 bytes'\"|\"\xF0\x9F\x98\x80\"@");
    expect_rows("'back\\slash'", "\"back\\\\slash\"@");
    expect_rows("'open", "-");
    expect_rows("'open and longer", "-");
    expect_rows("'open''", "-");
    expect_rows("'", "-");
    expect_rows("'\xFF'", "-");
    expect_rows("'cut \xC3'", "-");
    expect_rows_of("'a\0b'", 5, "-");
    expect_rows_of("'a longer\0one'", 14, "-");
    expect_rows_of("'a''\0'", 6, "-");
}

static void quoted_strings_without_escapes_are_text(void **state)
{
    (void)state;
    expect_rows("(\"a\", \"a longer one\", \"it's\", \"\")", "\"a\"|\"a longer one\"|\"it's\"|\"\"@");
    expect_rows("(\"\xC3\xA9\")", "\"\xC3\xA9\"@");
    expect_rows("\"a\"", "\"a\"@");
    expect_rows("(\"\xC3\xA9\\n\")", "-");
    expect_rows("(\"\xC3\xA9\"\"\")", "-");
    expect_rows("(\"\xC3\xA9", "-");
    expect_rows("(\"\xFF\")", "-");
    expect_rows("(\"a\\n\")", "-");
    expect_rows("(\"a longer one\\n\")", "-");
    expect_rows("(\"a\"\"b\")", "-");
    expect_rows("(\"open", "-");
    expect_rows_of("(\"a\0\")", 6, "-");
}

static void numbers_end_where_their_digits_do(void **state)
{
    (void)state;
    expect_rows("0, -1, 999999999999999999, -999999999999999999", "0|-1|999999999999999999|-999999999999999999@");
    expect_rows("1.5, -2.25, 3., 1e3, 1E+2, 25e-1, 1.5e1, -0.0", "1.5|-2.25|3.0|1000.0|100.0|2.5|15.0|-0.0@");
    expect_rows("1.5", "1.5@");
    expect_rows("1.", "1.0@");
    expect_rows("1e5", "100000.0@");
    expect_rows("1000000000000000000", "-");
    expect_rows("1e", "-");
    expect_rows("1e+", "-");
    expect_rows("1e-", "-");
    expect_rows("1e+x", "-");
    expect_rows("1ex", "-");
    expect_rows("1e400", "-");
    expect_rows("0.00000000000000000000000000000000000000000000000000000000000000001", "-");
    expect_rows("-", "-");
    expect_rows("- 1", "-");
    expect_rows(".5", "-");
}

static void words_are_read_in_any_case(void **state)
{
    (void)state;
    expect_rows("true, FALSE, Null, nULL", "true|false|null|null@");
    expect_rows("tru", "-");
    expect_rows("trux", "-");
    expect_rows("fals", "-");
    expect_rows("falsy", "-");
    expect_rows("nul", "-");
    expect_rows("none", "-");
    expect_rows("nulls", "-");
    expect_rows("default", "-");
}

/* What is taken, the grammar takes too, with the same values. */
static void the_grammar_agrees(void **state)
{
    static const char *const texts[] = {"(1, 'it''s', null)", "(-1.5, \"a b\", true), (1e3, 'x', FALSE)",
                                        "1, 'a', \"\xC3\xA9\"", "(0.1, 999999999999999999)"};

    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct literal_rows rows = {0};
        char statement_text[200];
        size_t offset = 0, value = 0;
        snprintf(statement_text, sizeof statement_text, "insert into t values %s", texts[i]);
        const struct statement *statement = parse(state, statement_text);
        assert_true(literal_rows_read(&rows, texts[i], strlen(texts[i]), &offset));
        assert_int_equal(statement->insert->rows.count, rows.row_count);
        for (uint32_t row = 0; row < rows.row_count; row++) {
            struct expr_list list = statement->insert->rows.items[row].values;
            assert_int_equal(list.count, rows.width);
            for (uint32_t j = 0; j < list.count; j++, value++) {
                assert_int_equal(list.items[j]->literal.type, rows.values[value].type);
                assert_int_equal(value_compare(&list.items[j]->literal, &rows.values[value]), 0);
            }
        }
        literal_rows_clear(&rows);
    }
}

static void many_values_are_given_back_between_statements(void **state)
{
    enum { VALUES = 100000 };
    struct literal_rows rows = {0};
    struct buffer text = {0};
    size_t offset = 0;

    (void)state;
    for (int i = 0; i < VALUES; i++)
        buffer_append_text(&text, i == 0 ? "(1, 'it''s')" : ",(1,'')");
    assert_true(literal_rows_read(&rows, (const char *)text.data, text.size, &offset));
    assert_int_equal(rows.row_count, VALUES);
    assert_int_equal(offset, text.size);
    literal_rows_reset(&rows);
    assert_int_equal(rows.capacity, 0);
    offset = 0;
    assert_true(literal_rows_read(&rows, "(1)", 3, &offset));
    literal_rows_reset(&rows);
    assert_true(rows.capacity > 0);
    /* As after a statement of more values than a tree may have. */
    size_t capacity = rows.capacity;
    rows.count = rows.capacity = (size_t)1 << 40;
    offset = 0;
    assert_false(literal_rows_read(&rows, "(1)", 3, &offset));
    rows.count = 0;
    rows.capacity = capacity;
    literal_rows_clear(&rows);
    buffer_clear(&text);
}

static void a_single_value_is_added_to_the_others(void **state)
{
    struct literal_rows rows = {0};
    size_t offset = 2;

    (void)state;
    assert_true(literal_rows_read_value(&rows, "a=12 ", 5, &offset));
    assert_int_equal(offset, 4);
    assert_int_equal(rows.count, 1);
    assert_int_equal(rows.values[0].integer, 12);
    assert_false(literal_rows_read_value(&rows, "a=12 ", 5, &offset));
    assert_int_equal(offset, 4);
    offset = 5;
    assert_false(literal_rows_read_value(&rows, "a=12 ", 5, &offset));
    literal_rows_clear(&rows);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_are_read_up_to_what_follows_them),
        cmocka_unit_test(a_row_may_stand_bare),
        cmocka_unit_test(strings_are_text),
        cmocka_unit_test(quoted_strings_without_escapes_are_text),
        cmocka_unit_test(numbers_end_where_their_digits_do),
        cmocka_unit_test(words_are_read_in_any_case),
        cmocka_unit_test(the_grammar_agrees),
        cmocka_unit_test(many_values_are_given_back_between_statements),
        cmocka_unit_test(a_single_value_is_added_to_the_others),
    };

    return cmocka_run_group_tests(tests, parsing_setup, parsing_teardown);
}
