/* Of int keys that lie close together the filter is exact, of others a bloom filter; it never denies a key. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "api/failing_memory.h"
#include "base/bytes.h"
#include "base/key_codec.h"
#include "storage/key_filter.h"
#include "storage/sstable_format.h"

enum { BITS = 10 };

struct made {
    struct key_filter_builder builder;
    struct key_filter filter;
    uint64_t first;
};

static bool asks(const struct made *made, uint64_t head)
{
    uint8_t key[INT_KEY_SIZE];

    store_u64be(key, head);
    return key_filter_may_contain(&made->filter, made->first, slice_make(key, sizeof key),
                                  filter_hash(slice_make(key, sizeof key)));
}

/* `count` keys from `first` on, `step` apart. */
static struct made make(uint64_t first, uint64_t step, uint64_t count, uint64_t expected)
{
    struct made made = {.first = first};

    assert_true(key_filter_builder_init(&made.builder, true, expected, BITS, NULL));
    for (uint64_t i = 0; i < count; i++)
        assert_true(key_filter_builder_add_head(&made.builder, first + i * step, NULL));
    assert_true(key_filter_builder_finish(&made.builder, &made.filter, NULL));
    assert_true(key_filter_is_sound(made.filter.kind, made.filter.probes, made.filter.bytes.size));
    for (uint64_t i = 0; i < count; i++)
        assert_true(asks(&made, first + i * step));
    return made;
}

/* Questions about keys that were not added, between and around those that were. */
static uint64_t count_false_answers(const struct made *made, uint64_t step, uint64_t count)
{
    uint64_t wrong = asks(made, made->first - 1) + asks(made, made->first - 1000) +
                     asks(made, made->first + step * count) + asks(made, made->first + (UINT64_C(1) << 40));

    for (uint64_t i = 0; i < count; i++)
        for (uint64_t k = 1; k < step && k < 16; k++)
            wrong += asks(made, made->first + i * step + k);
    return wrong;
}

static void dense_keys_make_a_bitmap_without_false_answers(void **state)
{
    static const uint64_t firsts[] = {5000, UINT64_C(1) << 63, UINT64_MAX - 4000000};

    (void)state;
    for (uint64_t step = 1; step < BITS; step++) {
        for (size_t i = 0; i < sizeof firsts / sizeof *firsts; i++) {
            struct made made = make(firsts[i], step, 100000, 100000);
            assert_int_equal(made.filter.kind, FILTER_KEY_BITMAP);
            assert_int_equal(count_false_answers(&made, step, 100000), 0);
            assert_true(made.filter.bytes.size <= 100000 * step / 8 + 8);
            assert_true(key_filter_covers(made.filter.bytes.size, made.first, made.first + step * 99999));
            assert_false(key_filter_covers(made.filter.bytes.size, made.first, made.first + step * 99999 + 64));
            key_filter_builder_clear(&made.builder);
        }
    }
}

static void sparse_keys_make_a_bloom_filter(void **state)
{
    static const uint64_t expected[] = {0, 1, 1000, 20000, 1000000};

    (void)state;
    for (size_t i = 0; i < sizeof expected / sizeof *expected; i++) {
        struct made made = make(77, 1000, 20000, expected[i]);
        assert_int_equal(made.filter.kind, FILTER_BLOCKED_BLOOM);
        assert_true(expected[i] < 20000 || count_false_answers(&made, 1000, 20000) < 20000 * 15 / 50);
        key_filter_builder_clear(&made.builder);
    }
}

/* What was dense at first may end with a key far away: the bitmap is given up, and all its keys are kept. */
static void a_bitmap_that_does_not_pay_becomes_a_bloom_filter(void **state)
{
    struct made made = {.first = 10};

    (void)state;
    assert_true(key_filter_builder_init(&made.builder, true, 100000, BITS, NULL));
    for (uint64_t i = 0; i < 100000; i++)
        assert_true(key_filter_builder_add_head(&made.builder, 10 + i, NULL));
    assert_true(made.builder.is_bitmap);
    assert_true(key_filter_builder_add_head(&made.builder, UINT64_MAX, NULL));
    assert_false(made.builder.is_bitmap);
    assert_true(key_filter_builder_finish(&made.builder, &made.filter, NULL));
    assert_int_equal(made.filter.kind, FILTER_BLOCKED_BLOOM);
    for (uint64_t i = 0; i < 100000; i++)
        assert_true(asks(&made, 10 + i));
    assert_true(asks(&made, UINT64_MAX));
    key_filter_builder_clear(&made.builder);
}

/* Far fewer keys than expected, too far apart for so few: seen only at the end. */
static void a_bitmap_of_few_keys_is_given_up_at_the_end(void **state)
{
    struct made made = make(10, 5000, 100, 1000000);

    (void)state;
    assert_int_equal(made.filter.kind, FILTER_BLOCKED_BLOOM);
    assert_true(made.filter.bytes.size <= 256);
    key_filter_builder_clear(&made.builder);
}

static void no_key_and_one_key_have_filters(void **state)
{
    struct made none = make(1, 1, 0, 10), one = make(UINT64_MAX, 1, 1, 10);

    (void)state;
    assert_int_equal(none.filter.kind, FILTER_BLOCKED_BLOOM);
    assert_int_equal(one.filter.kind, FILTER_KEY_BITMAP);
    assert_false(asks(&one, 0));
    assert_false(asks(&one, UINT64_MAX - 1));
    key_filter_builder_clear(&none.builder);
    key_filter_builder_clear(&one.builder);
}

static void versions_of_one_key_count_once(void **state)
{
    struct key_filter_builder builder;

    (void)state;
    assert_true(key_filter_builder_init(&builder, true, 10, BITS, NULL));
    for (int i = 0; i < 5; i++)
        assert_true(key_filter_builder_add_head(&builder, 42, NULL));
    assert_int_equal(builder.key_count, 1);
    assert_true(key_filter_builder_add_head(&builder, 43, NULL));
    assert_int_equal(builder.key_count, 2);
    key_filter_builder_clear(&builder);
}

static void strings_have_a_bloom_filter(void **state)
{
    struct key_filter_builder builder;
    struct key_filter filter;
    struct slice key = slice_make("key", 3), other = slice_make("another one", 11);

    (void)state;
    assert_true(key_filter_builder_init(&builder, false, 1, BITS, NULL));
    assert_true(key_filter_builder_add(&builder, key, NULL));
    assert_true(key_filter_builder_finish(&builder, &filter, NULL));
    assert_int_equal(filter.kind, FILTER_BLOCKED_BLOOM);
    assert_true(key_filter_may_contain(&filter, 0, key, filter_hash(key)));
    assert_false(key_filter_may_contain(&filter, 0, other, filter_hash(other)));
    key_filter_builder_clear(&builder);
}

static void what_a_file_says_of_its_filter_is_checked(void **state)
{
    (void)state;
    assert_true(key_filter_is_sound(FILTER_NONE, 0, 0));
    assert_false(key_filter_is_sound(FILTER_NONE, 0, 64));
    assert_true(key_filter_is_sound(FILTER_BLOCKED_BLOOM, 6, 128));
    assert_false(key_filter_is_sound(FILTER_BLOCKED_BLOOM, 0, 128));
    assert_false(key_filter_is_sound(FILTER_BLOCKED_BLOOM, 6, 127));
    assert_true(key_filter_is_sound(FILTER_KEY_BITMAP, 0, 8));
    assert_false(key_filter_is_sound(FILTER_KEY_BITMAP, 0, 0));
    assert_false(key_filter_is_sound(FILTER_KEY_BITMAP, 0, 12));
    assert_false(key_filter_is_sound(FILTER_KEY_BITMAP, 1, 8));
    assert_false(key_filter_is_sound(3, 0, 64));
    assert_false(key_filter_covers(8, 10, 9));
    assert_true(key_filter_covers(8, 10, 73));
    assert_false(key_filter_covers(8, 10, 74));
    assert_false(key_filter_covers(UINT64_C(1) << 60, 0, UINT64_MAX));
}

static void without_memory_no_filter_is_made_of_no_key(void **state)
{
    struct key_filter_builder builder;
    struct key_filter filter;
    struct ssql_error error = {0};
    bool is_done = false;
    long n;

    (void)state;
    for (n = 0; !is_done; n++) {
        assert_true(key_filter_builder_init(&builder, true, 10, BITS, NULL));
        error = (struct ssql_error){0};
        memory_start_failing(n, true);
        is_done = key_filter_builder_finish(&builder, &filter, &error);
        memory_stop_failing();
        assert_int_equal(error.code, is_done ? SSQL_OK : SSQL_NO_MEMORY);
        key_filter_builder_clear(&builder);
    }
    assert_true(n > 1);
}

/* A file's own first key is what counts: one far from it lies outside the bitmap. */
static void a_key_outside_the_bitmap_is_not_in_it(void **state)
{
    uint8_t bits[64] = {0}, key[INT_KEY_SIZE];
    const struct key_filter filter = {.bytes = slice_make(bits, sizeof bits), .kind = FILTER_KEY_BITMAP};

    (void)state;
    memset(bits, 0xFF, sizeof bits);
    for (uint64_t head = 900; head < 1000 + 8 * sizeof bits + 100; head++) {
        store_u64be(key, head);
        key_filter_prefetch(&filter, 1000, slice_make(key, sizeof key), 0);
        assert_int_equal(key_filter_may_contain(&filter, 1000, slice_make(key, sizeof key), 0),
                         head >= 1000 && head < 1000 + 8 * sizeof bits);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(dense_keys_make_a_bitmap_without_false_answers),
        cmocka_unit_test(sparse_keys_make_a_bloom_filter),
        cmocka_unit_test(a_bitmap_that_does_not_pay_becomes_a_bloom_filter),
        cmocka_unit_test(a_bitmap_of_few_keys_is_given_up_at_the_end),
        cmocka_unit_test(no_key_and_one_key_have_filters),
        cmocka_unit_test(versions_of_one_key_count_once),
        cmocka_unit_test(strings_have_a_bloom_filter),
        cmocka_unit_test(what_a_file_says_of_its_filter_is_checked),
        cmocka_unit_test(without_memory_no_filter_is_made_of_no_key),
        cmocka_unit_test(a_key_outside_the_bitmap_is_not_in_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
