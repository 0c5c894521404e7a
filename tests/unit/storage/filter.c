/* The filter never denies a key that was added, and rarely affirms another. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/key_codec.h"
#include "storage/filter.h"

static uint64_t hash_of(int64_t i)
{
    uint8_t key[INT_KEY_SIZE];

    key_encode_int(i, key);
    return filter_hash(slice_make(key, sizeof key));
}

/* False answers in 100,000 questions about absent keys. */
static uint32_t count_false_answers(uint64_t expected, int64_t keys, uint32_t bits, size_t *size)
{
    struct filter_builder builder;
    uint32_t wrong = 0;

    assert_true(filter_builder_init(&builder, expected, bits, NULL));
    for (int64_t i = 0; i < keys; i++)
        filter_builder_add(&builder, hash_of(i * 3));
    struct slice lines = filter_builder_finish(&builder);
    for (int64_t i = 0; i < keys; i++)
        assert_true(filter_may_contain(lines, builder.probes, hash_of(i * 3)));
    for (int64_t i = 0; i < 100000; i++)
        wrong += filter_may_contain(lines, builder.probes, hash_of(i * 3 + 1));
    *size = lines.size;
    filter_builder_clear(&builder);
    return wrong;
}

static void ten_bits_a_key_give_fewer_than_two_false_answers_in_a_hundred(void **state)
{
    size_t size;

    (void)state;
    assert_true(count_false_answers(100000, 100000, 10, &size) < 2000);
    assert_true(size < 100000 * 10 / 8 * 11 / 10);
    assert_true(count_false_answers(1, 1, 10, &size) < 2000);
}

static void a_filter_made_too_large_shrinks_and_stays_good(void **state)
{
    size_t size;

    (void)state;
    assert_true(count_false_answers(1000000, 20000, 10, &size) < 2000);
    assert_true(size < 20000 * 10 / 8 * 3 / 2);
    assert_true(count_false_answers(0, 100, 10, &size) < 2000);
    assert_true(size <= 256);
}

static void a_filter_made_too_small_still_denies_no_key(void **state)
{
    size_t size;

    (void)state;
    count_false_answers(100, 20000, 10, &size);
}

static void one_key_added_again_and_again_counts_once(void **state)
{
    struct filter_builder builder;

    (void)state;
    assert_true(filter_builder_init(&builder, 10, 10, NULL));
    for (int i = 0; i < 5; i++)
        filter_builder_add(&builder, 42);
    assert_int_equal(builder.key_count, 1);
    filter_builder_clear(&builder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ten_bits_a_key_give_fewer_than_two_false_answers_in_a_hundred),
        cmocka_unit_test(a_filter_made_too_large_shrinks_and_stays_good),
        cmocka_unit_test(a_filter_made_too_small_still_denies_no_key),
        cmocka_unit_test(one_key_added_again_and_again_counts_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
