/* Arena, buffer and error: memory that grows, ends together, and fails politely. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "base/arena.h"
#include "base/buffer.h"
#include "base/bytes.h"
#include "base/utf8.h"

static bool is_zero(const uint8_t *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++)
        if (bytes[i] != 0)
            return false;
    return true;
}

static void arena_memory_is_zeroed_aligned_and_apart(void **state)
{
    struct arena arena = {0};
    uint8_t *pieces[300];

    (void)state;
    for (size_t round = 0; round < 2; round++) {
        for (size_t i = 0; i < 300; i++) {
            size_t size = i * 37 % 5000;
            pieces[i] = arena_alloc(&arena, size);
            assert_non_null(pieces[i]);
            assert_int_equal((uintptr_t)pieces[i] % 16, 0);
            assert_true(is_zero(pieces[i], size));
            memset(pieces[i], (int)(i % 255) + 1, size);
        }
        for (size_t i = 0; i < 300; i++)
            for (size_t at = 0; at < i * 37 % 5000; at++)
                assert_int_equal(pieces[i][at], i % 255 + 1);
        arena_reset(&arena); /* the second round finds used memory, and must see zeros */
    }
    assert_false(arena_failed(&arena));
    arena_clear(&arena);
    assert_int_equal(arena.used_bytes, 0);
}

static void an_impossible_allocation_is_remembered(void **state)
{
    struct arena arena;

    (void)state;
    arena_init(&arena);
    assert_null(arena_alloc(&arena, SIZE_MAX));
    assert_true(arena_failed(&arena));
    assert_non_null(arena_alloc(&arena, 10));
    assert_true(arena_failed(&arena));
    arena_reset(&arena);
    assert_false(arena_failed(&arena));
    assert_null(arena_alloc_array(&arena, SIZE_MAX / 2, 16));
    assert_true(arena_failed(&arena));
    arena_clear(&arena);
}

static void arena_copies_end_in_a_zero(void **state)
{
    struct arena arena = {0};
    struct slice copy = arena_copy(&arena, slice_make("a\0b", 3));

    (void)state;
    assert_int_equal(copy.size, 3);
    assert_memory_equal(copy.data, "a\0b", 4);
    assert_non_null(arena_copy(&arena, slice_make(NULL, 0)).data);
    arena_clear(&arena);
}

static void a_reset_arena_needs_no_new_memory(void **state)
{
    struct arena arena = {0};

    (void)state;
    for (int i = 0; i < 100; i++)
        assert_non_null(arena_alloc(&arena, 100));
    arena_reset(&arena);
    size_t kept = arena.used_bytes;
    for (int i = 0; i < 50; i++)
        assert_non_null(arena_alloc(&arena, 100));
    assert_int_equal(arena.used_bytes, kept);
    arena_clear(&arena);
}

static void a_buffer_keeps_what_was_appended(void **state)
{
    struct buffer buffer = {0};

    (void)state;
    buffer_append(&buffer, NULL, 0);
    assert_null(buffer.data);
    assert_non_null(buffer_reserve(&buffer, 0));
    buffer_append_text(&buffer, "ab");
    buffer_append_byte(&buffer, 'c');
    buffer_append_u32le(&buffer, 0x04030201);
    buffer_append_u64le(&buffer, 0x0807060504030201);
    buffer_printf(&buffer, "%d-%s", 42, "x");
    assert_int_equal(buffer.size, 19);
    assert_memory_equal(buffer.data,
                        "abc\1\2\3\4\1\2\3\4\5\6\7\10"
                        "42-x",
                        19);
    for (int i = 0; i < 10000; i++)
        buffer_append_byte(&buffer, (uint8_t)i);
    assert_int_equal(buffer.size, 10019);
    assert_int_equal(buffer.data[10018], 9999 & 0xFF);
    assert_false(buffer.failed);
    buffer_clear(&buffer);
    assert_null(buffer.data);
}

static void a_buffer_remembers_that_it_failed(void **state)
{
    struct buffer buffer = {0};

    (void)state;
    buffer_append_text(&buffer, "a");
    assert_null(buffer_reserve(&buffer, SIZE_MAX / 2));
    assert_true(buffer.failed);
    buffer_append_text(&buffer, "b");
    assert_int_equal(buffer.size, 1);
    buffer_reset(&buffer);
    buffer_append_text(&buffer, "c");
    assert_int_equal(buffer.size, 1);
    assert_false(buffer.failed);
    buffer_clear(&buffer);
}

static void numbers_keep_their_order_as_big_endian_bytes(void **state)
{
    uint8_t small[8], large[8];

    (void)state;
    store_u64be(small, 255);
    store_u64be(large, 256);
    assert_true(memcmp(small, large, 8) < 0);
    assert_int_equal(load_u64be(large), 256);
}

static void a_long_message_is_cut_at_a_character(void **state)
{
    for (int lead = 0; lead < 4; lead++) {
        struct ssql_error error;
        char text[ERROR_MESSAGE_SIZE * 2] = "";
        memset(text, 'x', (size_t)lead);
        for (size_t at = (size_t)lead; at + 4 < sizeof text; at += 4)
            memcpy(text + at, "\xF0\x9F\x98\x80", 5);
        assert_false(error_set(&error, SSQL_IO, (struct ssql_span){3, 4}, "%s", text));
        size_t length = strlen(error.message);
        assert_true(length < ERROR_MESSAGE_SIZE && length > ERROR_MESSAGE_SIZE - 12);
        assert_int_equal(utf8_valid_prefix(slice_of(error.message)), length);
        assert_string_equal(error.message + length - 3, "...");
        assert_int_equal(error.span.begin, 3);
    }
    (void)state;
}

static void setting_an_error_drops_the_old_hint(void **state)
{
    struct ssql_error error;

    (void)state;
    error_clear(&error);
    assert_int_equal(error.code, SSQL_OK);
    error_set(&error, SSQL_IO, NO_SPAN, "first");
    assert_false(error_hint(&error, "try %d", 1));
    assert_string_equal(error.hint, "try 1");
    assert_false(error_no_memory(&error));
    assert_string_equal(error.hint, "");
    assert_string_equal(error_sqlstate(error.code), "53200");
    assert_false(error_set(NULL, SSQL_IO, NO_SPAN, "nobody listens"));
    assert_false(error_hint(NULL, "nobody listens"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(arena_memory_is_zeroed_aligned_and_apart),
        cmocka_unit_test(an_impossible_allocation_is_remembered),
        cmocka_unit_test(arena_copies_end_in_a_zero),
        cmocka_unit_test(a_reset_arena_needs_no_new_memory),
        cmocka_unit_test(a_buffer_keeps_what_was_appended),
        cmocka_unit_test(a_buffer_remembers_that_it_failed),
        cmocka_unit_test(numbers_keep_their_order_as_big_endian_bytes),
        cmocka_unit_test(a_long_message_is_cut_at_a_character),
        cmocka_unit_test(setting_an_error_drops_the_old_hint),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
