/* Memtables without memory, with nothing left in them, at the ends of their pools: the rare cases one by one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "api/failing_memory.h"
#include "base/bytes.h"
#include "storage/filter.h"
#include "storage/memtable.h"
#include "storage/memtable_filter.h"

enum { KEYS = 6000 };

static const struct table_layout string_layout = {
    .column_count = 1, .key_count = 1, .types = {SSQL_TYPE_STRING}, .key_columns = {0}};
static struct row_format *format;

static int make_format(void **state)
{
    (void)state;
    return row_format_create(&string_layout, &format, NULL) ? 0 : -1;
}

static int drop_format(void **state)
{
    (void)state;
    row_format_destroy(format);
    memtable_pool_trim();
    return 0;
}

static struct memtable *make_memtable(void)
{
    struct memtable *memtable;

    assert_true(memtable_create(format, &memtable, NULL));
    return memtable;
}

/* Key number i, scattered over all keys; every third is a tombstone. */
static bool put(struct memtable *memtable, uint32_t i, struct ssql_error *error)
{
    uint8_t key[8];

    store_u64be(key, (uint64_t)i * 7919 % KEYS);
    return memtable_put(memtable, slice_make(key, 8), i % 3 == 0 ? slice_make(NULL, 0) : slice_make(key, 8), i + 1,
                        error);
}

static bool is_there(const struct memtable *memtable, uint32_t i)
{
    struct memtable_version version;
    uint8_t key[8] = {0};
    struct slice slice = slice_make(key, 8);

    store_u64be(key, (uint64_t)i * 7919 % KEYS);
    if (!memtable_may_contain(memtable, slice, filter_hash(slice)) ||
        !memtable_get(memtable, slice, UINT64_MAX, &version))
        return false;
    assert_int_equal(version.sequence, i + 1);
    assert_true(i % 3 == 0 ? version.row.data == NULL : slice_equal(version.row, slice));
    return true;
}

static uint32_t count_walked(const struct memtable *memtable)
{
    struct memtable_iterator iterator;
    uint32_t count = 0;

    memtable_iterator_init(&iterator, memtable, UINT64_MAX, true);
    for (memtable_iterator_seek(&iterator, slice_make(NULL, 0)); iterator.is_valid; memtable_iterator_next(&iterator))
        count++;
    return count;
}

/* From the n-th allocation on nothing is to be had, until the put that met it is done again. */
static bool fill_with_failure(long after)
{
    struct memtable *memtable;
    struct ssql_error error = {0};
    bool has_failed = false;

    memtable_pool_trim();
    memory_start_failing(after, true);
    if (!memtable_create(format, &memtable, &error)) {
        memory_stop_failing();
        assert_int_equal(error.code, SSQL_NO_MEMORY);
        assert_null(memtable);
        return true;
    }
    for (uint32_t i = 0; i < KEYS; i++) {
        if (put(memtable, i, &error))
            continue;
        memory_stop_failing();
        has_failed = true;
        assert_int_equal(error.code, SSQL_NO_MEMORY);
        assert_int_equal(memtable_version_count(memtable), i);
        assert_int_equal(count_walked(memtable), i);
        assert_false(is_there(memtable, i));
        assert_true(put(memtable, i, &error));
    }
    memory_stop_failing();
    assert_int_equal(count_walked(memtable), KEYS);
    for (uint32_t i = 0; i < KEYS; i++)
        assert_true(is_there(memtable, i));
    memtable_release(memtable);
    return has_failed;
}

static void a_put_without_memory_leaves_the_memtable_as_it_was(void **state)
{
    long after = 0;

    (void)state;
    while (fill_with_failure(after))
        after++;
    assert_true(after > 5);
}

/* Rows of many sizes, so that the end of a chunk is met by rows and by each kind of node. */
static void a_put_may_fail_at_any_place_of_a_chunk(void **state)
{
    (void)state;
    for (uint32_t row_size = 1; row_size < 1500; row_size += 7) {
        struct memtable *memtable = make_memtable();
        struct ssql_error error = {0};
        uint8_t row[1500] = {0}, key[8];
        uint32_t count = 0;
        store_u64be(key, UINT64_MAX / 2);
        memtable_pool_trim();
        memory_start_failing(2, true); /* two more chunks */
        for (;; count++) {
            store_u64be(key, (uint64_t)count * 7919 % KEYS);
            bool is_tombstone = count % 2 == 0;
            struct slice value = is_tombstone ? slice_make(NULL, 0) : slice_make(row, row_size);
            if (!memtable_put(memtable, slice_make(key, 8), value, 1, &error))
                break;
        }
        memory_stop_failing();
        assert_int_equal(error.code, SSQL_NO_MEMORY);
        assert_int_equal(memtable_version_count(memtable), count);
        assert_int_equal(count_walked(memtable), count);
        assert_true(memtable_put(memtable, slice_make(key, 8), slice_make(row, row_size), 1, &error));
        assert_int_equal(count_walked(memtable), count + 1);
        memtable_release(memtable);
    }
}

static void a_filter_that_cannot_grow_gets_less_sharp(void **state)
{
    struct memtable *memtable = make_memtable();
    struct memtable_arena arena = {0};
    struct tree tree;

    (void)state;
    for (uint32_t i = 0; i < KEYS; i++) {
        struct ssql_error error = {0};
        /* Each put whose memory is at hand goes on; the larger piece for a filter never is. */
        memory_start_failing(0, true);
        bool is_put = put(memtable, i, &error);
        memory_stop_failing();
        if (!is_put)
            assert_true(put(memtable, i, &error));
    }
    for (uint32_t i = 0; i < KEYS; i++)
        assert_true(is_there(memtable, i));
    memtable_release(memtable);

    /* As many keys as a filter can never have. */
    const struct memtable_filter huge = {.key_capacity = (uint64_t)1 << 40};
    assert_true(tree_init(&tree, false, &arena));
    assert_null(memtable_filter_grow(&huge, &tree, 0, &arena));
    memory_start_failing(0, true);
    assert_null(memtable_filter_grow(NULL, &tree, 0, &arena));
    memory_stop_failing();
    memtable_arena_clear(&arena);
}

/* ---- what undo leaves ---- */

static void put_text(struct memtable *memtable, const char *key, uint64_t sequence)
{
    assert_true(memtable_put(memtable, slice_of(key), slice_of("row"), sequence, NULL));
}

static void the_last_key_is_found_behind_emptied_leaves(void **state)
{
    struct memtable *memtable = make_memtable();
    char key[16];

    (void)state;
    for (uint32_t i = 0; i < 400; i++) {
        snprintf(key, sizeof key, "key%04u", i);
        put_text(memtable, key, i + 1);
    }
    for (uint32_t i = 400; i-- > 3;) {
        snprintf(key, sizeof key, "key%04u", i);
        memtable_undo(memtable, slice_of(key), i + 1);
    }
    assert_true(slice_equal(memtable_last_key(memtable), slice_of("key0002")));
    assert_int_equal(count_walked(memtable), 3);
    for (uint32_t i = 3; i-- > 0;) {
        snprintf(key, sizeof key, "key%04u", i);
        memtable_undo(memtable, slice_of(key), i + 1);
    }
    assert_null(memtable_last_key(memtable).data);
    put_text(memtable, "key0009", 500);
    assert_true(slice_equal(memtable_last_key(memtable), slice_of("key0009")));
    assert_int_equal(count_walked(memtable), 1);
    memtable_release(memtable);
}

/* ---- what has changed ---- */

static void a_range_has_changed_by_what_is_newer_alone(void **state)
{
    struct memtable *memtable = make_memtable();
    struct slice none = {0}, empty = slice_of(""), b = slice_of("b");

    (void)state;
    put_text(memtable, "", 5);
    put_text(memtable, "b", 3);
    assert_false(memtable_range_changed(memtable, none, false, none, false, 5));
    assert_true(memtable_range_changed(memtable, none, false, none, false, 4));
    assert_false(memtable_range_changed(memtable, empty, true, none, false, 4));
    assert_true(memtable_range_changed(memtable, empty, true, none, false, 2));
    assert_true(memtable_range_changed(memtable, none, true, b, true, 4)); /* an open end leaves nothing out */
    assert_false(memtable_range_changed(memtable, empty, true, b, true, 2));
    assert_true(memtable_range_changed(memtable, empty, true, b, false, 2));
    memtable_release(memtable);
}

/* ---- arenas and their pool ---- */

static void a_large_piece_may_be_the_first_of_an_arena(void **state)
{
    enum { LARGE = 3 << 20 };
    struct memtable_arena arena = {0};

    (void)state;
    memory_start_failing(0, true);
    assert_null(memtable_arena_alloc(&arena, LARGE));
    memory_stop_failing();
    assert_int_equal(atomic_load(&arena.used_bytes), 0);
    uint8_t *first = memtable_arena_alloc(&arena, LARGE), *second = memtable_arena_alloc(&arena, LARGE);
    assert_non_null(first);
    assert_non_null(second);
    memset(first, 1, LARGE);
    memset(second, 2, LARGE);
    assert_int_equal(first[LARGE - 1], 1);
    assert_true(atomic_load(&arena.used_bytes) >= 2 * (size_t)LARGE);
    memtable_arena_clear(&arena);
    assert_int_equal(atomic_load(&arena.used_bytes), 0);
}

static void only_the_latest_piece_is_taken_back(void **state)
{
    struct memtable_arena arena = {0};
    void *first = memtable_arena_alloc(&arena, 24), *second = memtable_arena_alloc(&arena, 24);

    (void)state;
    memtable_arena_take_back(&arena, first, 24);
    assert_ptr_not_equal(memtable_arena_alloc(&arena, 24), first);
    (void)second;
    void *third = memtable_arena_alloc(&arena, 20);
    memtable_arena_take_back(&arena, third, 20);
    assert_ptr_equal(memtable_arena_alloc(&arena, 24), third);
    memtable_arena_clear(&arena);
}

enum { ARENAS = 6, MEDIUM_PIECES = 16, LARGE_PIECES = 14, PIECE = 1 << 20, MARK = 0xA5 };

/* Medium chunks, then large ones, each with a piece that is marked. */
static void fill_arenas(struct memtable_arena arenas[ARENAS])
{
    for (int i = 0; i < ARENAS; i++) {
        for (int k = 0; k < MEDIUM_PIECES; k++)
            assert_non_null(memtable_arena_alloc(&arenas[i], 60 << 10));
        for (int k = 0; k < LARGE_PIECES; k++) {
            uint8_t *piece = memtable_arena_alloc(&arenas[i], PIECE);
            assert_non_null(piece);
            piece[PIECE - 1] = MARK;
        }
    }
}

/* Medium chunks that can be had when nothing else can. */
static uint32_t count_pooled_medium(struct memtable_arena arenas[ARENAS])
{
    uint32_t count = 0;

    memory_start_failing(0, true);
    for (int i = 0; i < ARENAS; i++) {
        arenas[i].chunk_count = 3; /* the small ones */
        while (arenas[i].chunk_count < 7 && memtable_arena_alloc(&arenas[i], 120 << 10) != NULL)
            count++;
    }
    memory_stop_failing();
    return count;
}

/* Large chunks that have been used before; fresh ones are zeroed. */
static uint32_t count_pooled_large(struct memtable_arena *arena)
{
    uint32_t count = 0;

    arena->chunk_count = 7;
    for (int i = 0; i < ARENAS * LARGE_PIECES; i++) {
        uint8_t *piece = memtable_arena_alloc(arena, PIECE);
        assert_non_null(piece);
        count += piece[PIECE - 1] == MARK;
    }
    return count;
}

static void the_pool_keeps_a_bounded_number_of_chunks(void **state)
{
    enum { POOLED_MEDIUM = 16, POOLED_LARGE = 32 };
    struct memtable_arena arenas[ARENAS] = {0}, large = {0};

    (void)state;
    memtable_pool_trim();
    fill_arenas(arenas);
    for (int i = 0; i < ARENAS; i++)
        memtable_arena_clear(&arenas[i]);
    assert_int_equal(count_pooled_large(&large), POOLED_LARGE);
    uint32_t medium = count_pooled_medium(arenas);
    assert_in_range(medium, POOLED_MEDIUM, 2 * POOLED_MEDIUM); /* up to two pieces to a chunk */
    for (int i = 0; i < ARENAS; i++)
        memtable_arena_clear(&arenas[i]);
    memtable_arena_clear(&large);
    memtable_pool_trim();
    assert_int_equal(count_pooled_medium(arenas), 0);
}

/* More keys than were expected, and far fewer: none is ruled out, and most others are. */
static void any_number_of_keys_may_be_expected(void **state)
{
    const uint64_t expectations[] = {0, 1, KEYS / 4, KEYS, 50 * KEYS};

    (void)state;
    for (size_t e = 0; e < sizeof expectations / sizeof *expectations; e++) {
        struct memtable *memtable = make_memtable();
        uint32_t not_ruled_out = 0;
        memtable_expect(memtable, expectations[e]);
        for (uint32_t i = 0; i < KEYS; i++)
            assert_true(put(memtable, i, NULL));
        for (uint32_t i = 0; i < KEYS; i++) {
            uint8_t key[9] = {0};
            struct slice longer = slice_make(key, sizeof key);
            store_u64be(key, i);
            assert_true(is_there(memtable, i));
            not_ruled_out += memtable_may_contain(memtable, longer, filter_hash(longer));
        }
        assert_true(not_ruled_out < KEYS / 8);
        memtable_release(memtable);
    }
}

/* ---- keys that come in their order ---- */

/* Nodes that grow at their end, inner ones too, begin new ones of a single entry. */
static void ascending_strings_fill_their_nodes(void **state)
{
    enum { COUNT = 30000 };
    struct memtable *memtable = make_memtable();
    struct memtable_version version;
    char key[16];

    (void)state;
    for (uint32_t i = 0; i < COUNT; i++) {
        snprintf(key, sizeof key, "key%08u", i);
        assert_true(memtable_put(memtable, slice_of(key), slice_of("row"), i + 1, NULL));
    }
    assert_int_equal(count_walked(memtable), COUNT);
    for (uint32_t i = 0; i < COUNT; i += 7) {
        snprintf(key, sizeof key, "key%08u", i);
        assert_true(memtable_get(memtable, slice_of(key), UINT64_MAX, &version));
        assert_int_equal(version.sequence, i + 1);
    }
    memtable_release(memtable);
}

static void a_key_above_all_others_is_ruled_out_without_the_filter(void **state)
{
    struct memtable *memtable = make_memtable();
    struct slice above = slice_make("\xff\xff\xff\xff\xff\xff\xff\xff\xff", 9);

    (void)state;
    for (uint32_t i = 0; i < KEYS; i++)
        assert_true(put(memtable, i, NULL));
    memtable_prefetch(memtable, above, filter_hash(above));
    assert_false(memtable_may_contain(memtable, above, filter_hash(above)));
    for (uint32_t i = 0; i < KEYS; i++)
        assert_true(is_there(memtable, i));
    memtable_release(memtable);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_put_without_memory_leaves_the_memtable_as_it_was),
        cmocka_unit_test(a_put_may_fail_at_any_place_of_a_chunk),
        cmocka_unit_test(a_filter_that_cannot_grow_gets_less_sharp),
        cmocka_unit_test(the_last_key_is_found_behind_emptied_leaves),
        cmocka_unit_test(a_range_has_changed_by_what_is_newer_alone),
        cmocka_unit_test(a_large_piece_may_be_the_first_of_an_arena),
        cmocka_unit_test(only_the_latest_piece_is_taken_back),
        cmocka_unit_test(any_number_of_keys_may_be_expected),
        cmocka_unit_test(the_pool_keeps_a_bounded_number_of_chunks),
        cmocka_unit_test(ascending_strings_fill_their_nodes),
        cmocka_unit_test(a_key_above_all_others_is_ruled_out_without_the_filter),
    };
    return cmocka_run_group_tests(tests, make_format, drop_format);
}
