/* Masks of special bytes: as a plain look at each byte says. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "format/byte_mask.h"

static const uint8_t special[SPECIAL_BYTE_COUNT] = {',', '\n', '\r', '"'};

static void every_byte_at_every_place_is_told_right(void **state)
{
    struct special_bytes bytes;
    uint8_t block[MASK_BLOCK_SIZE];

    (void)state;
    special_bytes_init(&bytes, special);
    for (unsigned around = 0; around < 256; around += around < 4 ? 1 : 37) {
        for (unsigned byte = 0; byte < 256; byte++) {
            for (unsigned place = 0; place < MASK_BLOCK_SIZE; place++) {
                uint64_t expected = 0;
                bool is_odd, odd_expected = false;
                memset(block, (int)around, sizeof block);
                block[place] = (uint8_t)byte;
                for (unsigned i = 0; i < MASK_BLOCK_SIZE; i++) {
                    expected |= (uint64_t)(memchr(special, block[i], sizeof special) != NULL) << i;
                    odd_expected = odd_expected || block[i] == 0 || block[i] >= 0x80;
                }
                if (special_mask(&bytes, block, &is_odd) != expected || is_odd != odd_expected)
                    fail_msg("byte %u at %u among %u", byte, place, around);
            }
        }
    }
}

static void a_scanner_finds_all_up_to_the_end_and_none_behind(void **state)
{
    uint8_t text[300 + MASK_BLOCK_SIZE];

    (void)state;
    memset(text, ',', sizeof text);
    for (size_t i = 0; i < sizeof text; i++)
        if (i % 7 != 0)
            text[i] = 'x';
    for (size_t size = 0; size <= 300; size++) {
        struct special_scanner scanner;
        size_t found = 0;
        special_scanner_init(&scanner, special, text, text + size);
        for (const uint8_t *at; (at = special_scanner_next(&scanner)) != NULL; found++)
            assert_ptr_equal(at, text + 7 * found);
        assert_int_equal(found, (size + 6) / 7);
        assert_null(special_scanner_next(&scanner));
        assert_null(scanner.odd_end);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_byte_at_every_place_is_told_right),
        cmocka_unit_test(a_scanner_finds_all_up_to_the_end_and_none_behind),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
