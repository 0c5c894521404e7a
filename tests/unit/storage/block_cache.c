/* The block cache: pins, eviction, forgetting, several threads. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <pthread.h>
#include <stdatomic.h>

#include <cmocka.h>

#include "storage/block_cache.h"
#include "support/single_step.h"

static uint8_t *make_bytes(uint8_t first, size_t size)
{
    uint8_t *bytes = calloc(1, size);

    assert_non_null(bytes);
    bytes[0] = first;
    return bytes;
}

static void a_block_is_found_again_with_its_bytes(void **state)
{
    struct block_cache *cache;

    (void)state;
    assert_true(block_cache_create(1 << 20, &cache, NULL));
    uint64_t file = block_cache_new_file(cache), other = block_cache_new_file(cache);
    assert_true(file != other);
    assert_null(block_cache_find(cache, file, 16));
    cached_block_release(block_cache_insert(cache, file, 16, make_bytes(7, 100), 100));
    struct cached_block *block = block_cache_find(cache, file, 16);
    assert_non_null(block);
    assert_int_equal(cached_block_bytes(block).data[0], 7);
    assert_int_equal(cached_block_bytes(block).size, 100);
    cached_block_release(block);
    assert_null(block_cache_find(cache, other, 16));
    struct block_cache_statistics statistics;
    block_cache_read_statistics(cache, &statistics);
    assert_int_equal(statistics.hits, 1);
    assert_int_equal(statistics.misses, 2);
    assert_int_equal(statistics.used_bytes, 100);
    block_cache_destroy(cache);
}

static void the_second_of_two_inserts_gets_the_first_ones_block(void **state)
{
    struct block_cache *cache;

    (void)state;
    assert_true(block_cache_create(1 << 20, &cache, NULL));
    struct cached_block *first = block_cache_insert(cache, 1, 0, make_bytes(1, 10), 10);
    struct cached_block *second = block_cache_insert(cache, 1, 0, make_bytes(2, 10), 10);
    assert_ptr_equal(first, second);
    assert_int_equal(cached_block_bytes(second).data[0], 1);
    cached_block_release(first);
    cached_block_release(second);
    block_cache_destroy(cache);
}

static void it_stays_within_its_capacity_but_keeps_what_is_pinned(void **state)
{
    enum { BLOCKS = 2000, SIZE = 1000, CAPACITY = 16 * 20 * SIZE };
    struct block_cache *cache;
    struct block_cache_statistics statistics;

    (void)state;
    assert_true(block_cache_create(CAPACITY, &cache, NULL));
    struct cached_block *pinned = block_cache_insert(cache, 1, 0, make_bytes(9, SIZE), SIZE);
    for (uint64_t i = 1; i < BLOCKS; i++)
        cached_block_release(block_cache_insert(cache, 1, i * SIZE, make_bytes(1, SIZE), SIZE));
    block_cache_read_statistics(cache, &statistics);
    assert_true(statistics.used_bytes <= CAPACITY);
    assert_true(statistics.used_bytes > CAPACITY / 2);
    assert_int_equal(statistics.evictions, BLOCKS - statistics.used_bytes / SIZE);
    struct cached_block *again = block_cache_find(cache, 1, 0);
    assert_ptr_equal(again, pinned);
    cached_block_release(again);
    cached_block_release(pinned);
    block_cache_destroy(cache);
}

static void a_block_that_is_used_all_the_while_outlives_the_others(void **state)
{
    enum { SIZE = 1000 };
    struct block_cache *cache;
    uint32_t lost = 0;

    (void)state;
    assert_true(block_cache_create(16 * 20 * SIZE, &cache, NULL));
    cached_block_release(block_cache_insert(cache, 1, 0, make_bytes(9, SIZE), SIZE));
    for (uint64_t i = 1; i < 5000; i++) {
        cached_block_release(block_cache_insert(cache, 1, i * SIZE, make_bytes(1, SIZE), SIZE));
        struct cached_block *used = block_cache_find(cache, 1, 0);
        lost += used == NULL;
        cached_block_release(used);
    }
    assert_int_equal(lost, 0);
    block_cache_destroy(cache);
}

static void more_pins_than_fit_are_all_kept(void **state)
{
    struct block_cache *cache;
    struct cached_block *pins[64];

    (void)state;
    assert_true(block_cache_create(1000, &cache, NULL));
    for (uint64_t i = 0; i < 64; i++)
        pins[i] = block_cache_insert(cache, 1, i, make_bytes((uint8_t)i, 500), 500);
    for (uint64_t i = 0; i < 64; i++) {
        assert_int_equal(cached_block_bytes(pins[i]).data[0], i);
        cached_block_release(pins[i]);
    }
    block_cache_destroy(cache);
}

static void a_forgotten_file_is_gone_though_a_pin_still_reads(void **state)
{
    struct block_cache *cache;
    struct block_cache_statistics statistics;

    (void)state;
    assert_true(block_cache_create(1 << 20, &cache, NULL));
    for (uint64_t i = 0; i < 100; i++)
        cached_block_release(block_cache_insert(cache, 1 + i % 2, i, make_bytes((uint8_t)i, 10), 10));
    struct cached_block *pinned = block_cache_find(cache, 1, 42);
    block_cache_forget_file(cache, 1);
    assert_null(block_cache_find(cache, 1, 40));
    assert_int_equal(cached_block_bytes(pinned).data[0], 42);
    cached_block_release(pinned);
    block_cache_read_statistics(cache, &statistics);
    assert_int_equal(statistics.used_bytes, 500);
    block_cache_destroy(cache);
}

struct visitor {
    struct block_cache *cache;
    uint64_t seed;
    atomic_uint *faults;
};

static void *visit(void *context)
{
    struct visitor *visitor = context;

    for (uint32_t i = 0; i < 20000; i++) {
        visitor->seed = visitor->seed * UINT64_C(6364136223846793005) + 1442695040888963407u;
        uint64_t offset = (visitor->seed >> 40) % 500;
        struct cached_block *block = block_cache_find(visitor->cache, 1, offset);
        if (block == NULL) {
            uint8_t *bytes = calloc(1, 200);
            if (bytes == NULL)
                break;
            bytes[0] = (uint8_t)offset;
            block = block_cache_insert(visitor->cache, 1, offset, bytes, 200);
        }
        if (block == NULL || cached_block_bytes(block).data[0] != (uint8_t)offset)
            atomic_fetch_add(visitor->faults, 1);
        cached_block_release(block);
    }
    return NULL;
}

static void several_threads_always_meet_the_right_bytes(void **state)
{
    struct block_cache *cache;
    atomic_uint faults = 0;
    pthread_t threads[3];
    struct visitor visitors[3];

    (void)state;
    assert_true(block_cache_create(50000, &cache, NULL));
    for (uint32_t i = 0; i < 3; i++) {
        visitors[i] = (struct visitor){.cache = cache, .seed = i, .faults = &faults};
        assert_int_equal(pthread_create(&threads[i], NULL, visit, &visitors[i]), 0);
    }
    for (uint32_t i = 0; i < 3; i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(faults, 0);
    block_cache_destroy(cache);
}

static size_t reserve_all(struct block_cache *cache, size_t size)
{
    size_t sum = 0;

    while (block_cache_reserve(cache, size))
        sum += size;
    return sum;
}

static void what_is_large_leaves_room_for_what_is_small(void **state)
{
    enum { CAPACITY = 1 << 20, LARGE = CAPACITY / 32, SMALL = CAPACITY / 1024 };
    struct block_cache *cache;
    struct ssql_error error;

    (void)state;
    assert_true(block_cache_create(CAPACITY, &cache, &error));
    size_t large = reserve_all(cache, LARGE), small = reserve_all(cache, SMALL);
    assert_int_equal(large, CAPACITY / 16 * 13);
    assert_int_equal(small, CAPACITY / 16);
    block_cache_force(cache, CAPACITY);
    assert_false(block_cache_reserve(cache, SMALL));
    block_cache_release(cache, CAPACITY + large + small);
    assert_int_equal(reserve_all(cache, SMALL), CAPACITY / 8 * 7);
    block_cache_destroy(cache);
}

/* Another thread gives room back at any moment of a reservation. */
enum { HELD = 1000, WANTED = 100, GIVEN_BACK = 40 };

static bool is_reserved;

static void reserve_some(void *context)
{
    is_reserved = block_cache_reserve(context, WANTED);
}

static void give_some_back(void *context)
{
    block_cache_release(context, GIVEN_BACK);
}

static void room_that_is_given_back_meanwhile_is_not_lost(void **state)
{
    (void)state;
    if (!single_step_is_possible())
        skip();
    for (uint64_t step = 1; step < 300; step++) {
        struct block_cache_statistics statistics;
        struct block_cache *cache;
        assert_true(block_cache_create(1 << 20, &cache, NULL));
        block_cache_force(cache, HELD);
        assert_true(run_with_intrusion(reserve_some, give_some_back, cache, step));
        assert_true(is_reserved);
        block_cache_read_statistics(cache, &statistics);
        assert_int_equal(statistics.used_bytes, HELD + WANTED - GIVEN_BACK);
        block_cache_destroy(cache);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_block_is_found_again_with_its_bytes),
        cmocka_unit_test(the_second_of_two_inserts_gets_the_first_ones_block),
        cmocka_unit_test(it_stays_within_its_capacity_but_keeps_what_is_pinned),
        cmocka_unit_test(a_block_that_is_used_all_the_while_outlives_the_others),
        cmocka_unit_test(more_pins_than_fit_are_all_kept),
        cmocka_unit_test(a_forgotten_file_is_gone_though_a_pin_still_reads),
        cmocka_unit_test(several_threads_always_meet_the_right_bytes),
        cmocka_unit_test(what_is_large_leaves_room_for_what_is_small),
        cmocka_unit_test(room_that_is_given_back_meanwhile_is_not_lost),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
