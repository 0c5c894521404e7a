/* Rows as bytes: what goes in comes out, and damaged bytes are refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/bytes.h"
#include "base/key_codec.h"
#include "storage/row_format.h"

static const struct table_layout LAYOUT = {
    .column_count = 9,
    .key_count = 2,
    .types = {SSQL_TYPE_STRING, SSQL_TYPE_INT, SSQL_TYPE_BOOL, SSQL_TYPE_FLOAT, SSQL_TYPE_STRING, SSQL_TYPE_INT,
              SSQL_TYPE_STRING, SSQL_TYPE_BOOL, SSQL_TYPE_FLOAT},
    .key_columns = {4, 1},
};

static struct row_format *format;

static int make_format(void **state)
{
    (void)state;
    return row_format_create(&LAYOUT, &format, NULL) ? 0 : -1;
}

static int drop_format(void **state)
{
    (void)state;
    row_format_destroy(format);
    return 0;
}

static void fill(struct value *values)
{
    values[0] = value_string(slice_of("hello"));
    values[1] = value_int(INT64_MIN);
    values[2] = value_bool(true);
    values[3] = value_float(-2.5);
    values[4] = value_string(slice_of(""));
    values[5] = value_null(SSQL_TYPE_INT);
    values[6] = value_string(slice_of("a longer text than the others"));
    values[7] = value_bool(false);
    values[8] = value_null(SSQL_TYPE_FLOAT);
}

static void encode(struct buffer *row)
{
    struct value values[9];

    fill(values);
    assert_true(row_encode(format, values, row, NULL));
}

static void every_column_reads_back(void **state)
{
    struct buffer row = {0};
    struct value values[9];

    (void)state;
    fill(values);
    encode(&row);
    assert_true(row_check(format, buffer_slice(&row)));
    for (uint32_t i = 0; i < 9; i++) {
        struct value got = row_value(format, buffer_slice(&row), i);
        assert_int_equal(got.type, LAYOUT.types[i]);
        assert_int_equal(got.is_null, values[i].is_null);
        assert_int_equal(value_compare(&got, &values[i]), 0);
    }
    buffer_clear(&row);
}

static void a_null_string_is_not_the_empty_string(void **state)
{
    struct buffer row = {0};
    struct value values[9];

    (void)state;
    fill(values);
    values[0] = value_null(SSQL_TYPE_NULL);
    assert_true(row_encode(format, values, &row, NULL));
    assert_true(row_value(format, buffer_slice(&row), 0).is_null);
    assert_false(row_value(format, buffer_slice(&row), 4).is_null);
    assert_int_equal(row_value(format, buffer_slice(&row), 6).string.size, strlen("a longer text than the others"));
    buffer_clear(&row);
}

static void the_key_of_a_row_is_that_of_its_values_in_key_order(void **state)
{
    struct buffer row = {0}, from_row = {0}, from_values = {0}, expected = {0};
    struct value values[9];

    (void)state;
    fill(values);
    encode(&row);
    assert_true(row_key(format, buffer_slice(&row), &from_row, NULL));
    assert_true(row_encode_key(format, values, &from_values, NULL));
    key_encode(&expected, (struct value[]){values[4], values[1]}, 2);
    assert_true(slice_equal(buffer_slice(&from_row), buffer_slice(&expected)));
    assert_true(slice_equal(buffer_slice(&from_values), buffer_slice(&expected)));
    buffer_clear(&row);
    buffer_clear(&from_row);
    buffer_clear(&from_values);
    buffer_clear(&expected);
}

static void a_row_beyond_the_limit_is_refused_and_the_buffer_stays(void **state)
{
    struct buffer row = {0};
    struct value values[9];
    struct ssql_error error = {0};
    char *text = calloc(1, ROW_SIZE_MOST);

    (void)state;
    assert_non_null(text);
    fill(values);
    values[0] = value_string(slice_make(text, ROW_SIZE_MOST));
    buffer_append_text(&row, "before");
    assert_false(row_encode(format, values, &row, &error));
    assert_int_equal(error.code, SSQL_TOO_LARGE);
    assert_int_equal(row.size, 6);
    values[4] = value_string(slice_make(text, KEY_SIZE_MOST));
    assert_false(row_encode_key(format, values, &row, &error));
    assert_int_equal(error.code, SSQL_TOO_LARGE);
    assert_int_equal(row.size, 6);
    free(text);
    buffer_clear(&row);
}

static void a_cut_or_stretched_row_is_refused(void **state)
{
    struct buffer row = {0};

    (void)state;
    encode(&row);
    for (size_t size = 0; size < row.size; size++)
        assert_false(row_check(format, slice_make(row.data, size)));
    buffer_append_byte(&row, 'x');
    assert_false(row_check(format, buffer_slice(&row)));
    buffer_clear(&row);
}

static void a_row_with_wrong_offsets_bools_or_null_bits_is_refused(void **state)
{
    struct buffer row = {0};

    (void)state;
    encode(&row);
    uint8_t *end = row.data + format->offsets[0];
    store_u32le(end, UINT32_MAX);
    assert_false(row_check(format, buffer_slice(&row)));
    store_u32le(end, 0);
    assert_false(row_check(format, buffer_slice(&row)));
    store_u32le(end, format->fixed_size + 5);
    assert_true(row_check(format, buffer_slice(&row)));
    row.data[format->offsets[2]] = 2;
    assert_false(row_check(format, buffer_slice(&row)));
    row.data[format->offsets[2]] = 1;
    row.data[1] |= 0x80; /* no such column */
    assert_false(row_check(format, buffer_slice(&row)));
    row.data[1] &= 0x7F;
    row.data[0] |= 1u << 1; /* a key column is null */
    assert_false(row_check(format, buffer_slice(&row)));
    buffer_clear(&row);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_column_reads_back),
        cmocka_unit_test(a_null_string_is_not_the_empty_string),
        cmocka_unit_test(the_key_of_a_row_is_that_of_its_values_in_key_order),
        cmocka_unit_test(a_row_beyond_the_limit_is_refused_and_the_buffer_stays),
        cmocka_unit_test(a_cut_or_stretched_row_is_refused),
        cmocka_unit_test(a_row_with_wrong_offsets_bools_or_null_bits_is_refused),
    };

    return cmocka_run_group_tests(tests, make_format, drop_format);
}
