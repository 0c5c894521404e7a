/* Packed numbers come back, all at once and one by one, for every width and count. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "storage/bit_packing.h"

static uint64_t seed = 0x5EED;

static uint64_t next_random(void)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return seed * 0x2545F4914F6CDD1Du;
}

static void check_range(const uint8_t *packed, const int64_t *values, uint32_t count, int64_t base, uint32_t width)
{
    uint32_t begin = (uint32_t)(next_random() % count), end = begin + (uint32_t)(next_random() % (count - begin + 1));
    int64_t some[1024];
    uint16_t codes[1024];

    unpack_value_range(packed, begin, end, base, width, some);
    for (uint32_t i = begin; i < end; i++)
        assert_true(some[i] == values[i]);
    if (width > 16)
        return;
    unpack_code_range(packed, begin, end, width, codes);
    for (uint32_t i = begin; i < end; i++)
        assert_int_equal(codes[i], (uint64_t)values[i] - (uint64_t)base);
}

static void check(uint32_t count, uint32_t width)
{
    int64_t values[1024], back[1024];
    int64_t base = (int64_t)next_random();
    size_t size = packed_size(count, width);
    uint8_t *packed = calloc(1, size + 1); /* exact, so that a sanitizer sees a step beyond */

    assert_non_null(packed);
    for (uint32_t i = 0; i < count; i++) {
        uint64_t bits = width == 0 ? 0 : next_random() >> (64 - width);
        if (i == 0 && width > 0)
            bits = UINT64_MAX >> (64 - width);
        values[i] = (int64_t)((uint64_t)base + bits);
    }
    pack_values(values, count, base, width, packed);
    unpack_values(packed, count, base, width, back);
    assert_memory_equal(values, back, count * sizeof *values);
    for (uint32_t i = 0; i < count; i++)
        assert_true(packed_value(packed, width, i) == (uint64_t)values[i] - (uint64_t)base);
    for (int i = 0; i < 8; i++)
        check_range(packed, values, count, base, width);
    if (width <= 16) {
        uint16_t codes[1024];
        unpack_codes(packed, count, width, codes);
        for (uint32_t i = 0; i < count; i++)
            assert_int_equal(codes[i], (uint64_t)values[i] - (uint64_t)base);
    }
    free(packed);
}

static void every_width_and_count_comes_back(void **state)
{
    static const uint32_t counts[] = {1, 2, 3, 7, 8, 9, 31, 32, 33, 255, 256, 257, 500, 1000, 1023, 1024};

    (void)state;
    for (uint32_t width = 0; width <= 64; width++)
        for (size_t i = 0; i < sizeof counts / sizeof *counts; i++)
            check(counts[i], width);
}

static void a_full_unit_takes_its_bits_and_a_small_one_few_words(void **state)
{
    (void)state;
    for (uint32_t width = 0; width <= 64; width++)
        assert_int_equal(packed_size(PACKING_UNIT, width), PACKING_UNIT * width / 8);
    assert_int_equal(packed_size(3, 20), 32);
    assert_int_equal(packed_size(1024, 20), 1024 * 20 / 8);
    assert_int_equal(packed_size(0, 20), 0);
}

static void widths_are_the_fewest_bits(void **state)
{
    (void)state;
    assert_int_equal(packing_width(0), 0);
    assert_int_equal(packing_width(1), 1);
    assert_int_equal(packing_width(255), 8);
    assert_int_equal(packing_width(256), 9);
    assert_int_equal(packing_width(UINT64_MAX), 64);
}

static void bitmaps_come_back(void **state)
{
    uint8_t bytes[1024], back[1024], bitmap[128];

    (void)state;
    for (uint32_t count = 1; count <= 1024; count += 13) {
        memset(bitmap, 0, sizeof bitmap);
        for (uint32_t i = 0; i < count; i++)
            bytes[i] = next_random() >> 63 != 0;
        bitmap_pack(bytes, count, bitmap);
        bitmap_expand(bitmap, count, back);
        assert_memory_equal(bytes, back, count);
        uint32_t begin = (uint32_t)(next_random() % count),
                 end = begin + (uint32_t)(next_random() % (count - begin + 1));
        memset(back, 0xFF, sizeof back);
        bitmap_expand_range(bitmap, begin, end, back);
        assert_memory_equal(bytes + begin, back + begin, end - begin);
        for (uint32_t i = 0; i < count; i++)
            assert_int_equal(bitmap_bit(bitmap, i), bytes[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_width_and_count_comes_back),
        cmocka_unit_test(a_full_unit_takes_its_bits_and_a_small_one_few_words),
        cmocka_unit_test(widths_are_the_fewest_bits),
        cmocka_unit_test(bitmaps_come_back),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
