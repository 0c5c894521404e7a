/* Keys: the order of their bytes is the order of the values, and they read back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/key_codec.h"

enum { PARTS_MOST = 4, ROUNDS = 20000 };

static uint64_t random_state = 20251121;

static uint64_t next_random(void)
{
    uint64_t z = random_state += 0x9E3779B97F4A7C15u;

    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9u;
    z = (z ^ z >> 27) * 0x94D049BB133111EBu;
    return z ^ z >> 31;
}

static int64_t random_integer(void)
{
    static const int64_t edges[] = {INT64_MIN, INT64_MIN + 1, -256, -1, 0, 1, 255, 256, INT64_MAX - 1, INT64_MAX};

    if (next_random() % 3 == 0)
        return edges[next_random() % (sizeof edges / sizeof *edges)];
    return (int64_t)(next_random() >> next_random() % 64) * (next_random() % 2 == 0 ? 1 : -1);
}

static double random_real(void)
{
    static const double edges[] = {0.0,       -0.0, 1.0,    -1.0,    INFINITY,
                                   -INFINITY, NAN,  5e-324, -5e-324, 1.7976931348623157e308};
    uint64_t bits = next_random();
    double real;

    if (next_random() % 3 == 0)
        return edges[next_random() % (sizeof edges / sizeof *edges)];
    memcpy(&real, &bits, sizeof real);
    return real;
}

/* Few letters, zero bytes and 0xFF among them, so that prefixes and escapes meet. */
static struct value random_string(uint8_t *bytes)
{
    static const uint8_t letters[] = {0x00, 0x00, 0x01, 0x02, 'a', 'b', 0xFE, 0xFF};
    size_t size = next_random() % 6;

    for (size_t i = 0; i < size; i++)
        bytes[i] = letters[next_random() % sizeof letters];
    return value_string(slice_make(bytes, size));
}

static struct value random_value(enum ssql_type type, uint8_t *bytes)
{
    switch (type) {
    case SSQL_TYPE_NULL: break;
    case SSQL_TYPE_INT: return value_int(random_integer());
    case SSQL_TYPE_STRING: return random_string(bytes);
    case SSQL_TYPE_BOOL: return value_bool(next_random() % 2 == 0);
    case SSQL_TYPE_FLOAT: return value_float(random_real());
    }
    return value_null(type);
}

static int compare_parts(const struct value *left, const struct value *right, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        int order = value_compare(&left[i], &right[i]);
        if (order != 0)
            return order;
    }
    return 0;
}

static int sign(int number)
{
    return (number > 0) - (number < 0);
}

static void bytes_are_in_the_order_of_the_values(void **state)
{
    (void)state;
    for (int round = 0; round < ROUNDS; round++) {
        struct value left[PARTS_MOST], right[PARTS_MOST];
        uint8_t left_bytes[PARTS_MOST][8], right_bytes[PARTS_MOST][8];
        struct buffer left_key = {0}, right_key = {0};
        uint32_t count = 1 + (uint32_t)(next_random() % PARTS_MOST);
        for (uint32_t i = 0; i < count; i++) {
            enum ssql_type type = SSQL_TYPE_INT + (enum ssql_type)(next_random() % 4);
            left[i] = random_value(type, left_bytes[i]);
            right[i] = next_random() % 2 == 0 ? left[i] : random_value(type, right_bytes[i]);
        }
        key_encode(&left_key, left, count);
        key_encode(&right_key, right, count);
        assert_false(left_key.failed || right_key.failed);
        int wanted = sign(compare_parts(left, right, count));
        int got = sign(slice_compare(buffer_slice(&left_key), buffer_slice(&right_key)));
        if (wanted != got)
            fail_msg("round %d: order %d instead of %d", round, got, wanted);
        buffer_clear(&left_key);
        buffer_clear(&right_key);
    }
}

static void keys_read_back_to_the_same_values(void **state)
{
    (void)state;
    for (int round = 0; round < ROUNDS; round++) {
        struct value parts[PARTS_MOST], back[PARTS_MOST];
        enum ssql_type types[PARTS_MOST];
        uint8_t bytes[PARTS_MOST][8];
        struct buffer key = {0}, scratch = {0};
        uint32_t count = 1 + (uint32_t)(next_random() % PARTS_MOST);
        for (uint32_t i = 0; i < count; i++) {
            types[i] = SSQL_TYPE_INT + (enum ssql_type)(next_random() % 4);
            parts[i] = random_value(types[i], bytes[i]);
        }
        key_encode(&key, parts, count);
        assert_true(key_decode(buffer_slice(&key), types, count, back, &scratch));
        for (uint32_t i = 0; i < count; i++)
            assert_int_equal(back[i].type, types[i]);
        assert_int_equal(compare_parts(parts, back, count), 0);
        buffer_clear(&key);
        buffer_clear(&scratch);
    }
}

static void bytes_that_are_no_key_are_refused(void **state)
{
    const enum ssql_type int_bool[] = {SSQL_TYPE_INT, SSQL_TYPE_BOOL};
    const enum ssql_type string_int[] = {SSQL_TYPE_STRING, SSQL_TYPE_INT};
    struct value parts[2];
    struct buffer scratch = {0};

    (void)state;
    assert_false(key_decode(slice_make("1234567", 7), int_bool, 1, parts, &scratch));
    assert_false(key_decode(slice_make("123456789", 9), int_bool, 1, parts, &scratch));
    assert_false(key_decode(slice_make("12345678\2", 9), int_bool, 2, parts, &scratch));
    assert_true(key_decode(slice_make("12345678\1", 9), int_bool, 2, parts, &scratch));
    assert_false(key_decode(slice_make("abc", 3), string_int, 2, parts, &scratch)); /* no end */
    assert_false(key_decode(slice_make("a\0\2"
                                       "12345678",
                                       11),
                            string_int, 2, parts, &scratch)); /* no escape */
    assert_true(key_decode(slice_make("a\0\1"
                                      "12345678",
                                      11),
                           string_int, 2, parts, &scratch));
    buffer_clear(&scratch);
}

static void a_single_int_has_the_same_key_either_way(void **state)
{
    (void)state;
    for (int round = 0; round < 100; round++) {
        struct value value = value_int(random_integer());
        struct buffer key = {0};
        uint8_t bytes[INT_KEY_SIZE];
        key_encode(&key, &value, 1);
        key_encode_int(value.integer, bytes);
        assert_int_equal(key.size, INT_KEY_SIZE);
        assert_memory_equal(key.data, bytes, INT_KEY_SIZE);
        buffer_clear(&key);
    }
}

static void the_bytes_of_a_key_never_change(void **state)
{
    static const uint8_t wanted[] = {0x80, 0,    0,    0,    0,    0, 0, 0x07, /* 7 */
                                     'a',  0x00, 0xFF, 0x00, 0x01,             /* "a\0", not last */
                                     0x01,                                     /* true */
                                     0xBF, 0xF8, 0,    0,    0,    0, 0, 0,    /* 1.5 */
                                     'z',  0x00};                              /* "z\0", last */
    const struct value parts[] = {value_int(7), value_string(slice_make("a", 2)), value_bool(true), value_float(1.5),
                                  value_string(slice_make("z", 2))};
    struct buffer key = {0};

    (void)state;
    key_encode(&key, parts, 5);
    assert_int_equal(key.size, sizeof wanted);
    assert_memory_equal(key.data, wanted, sizeof wanted);
    buffer_clear(&key);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bytes_are_in_the_order_of_the_values),
        cmocka_unit_test(keys_read_back_to_the_same_values),
        cmocka_unit_test(bytes_that_are_no_key_are_refused),
        cmocka_unit_test(a_single_int_has_the_same_key_either_way),
        cmocka_unit_test(the_bytes_of_a_key_never_change),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
