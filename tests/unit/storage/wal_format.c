/* The log's bytes, version 1: every later version reads them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "base/bytes.h"
#include "storage/wal_format.h"

static const struct wal_place place = {.epoch = 3, .segment = 0x100000005, .offset = 64};

static const uint8_t segment_bytes[WAL_SEGMENT_HEADER_SIZE] = {
    's',  's',  'q',  'l',  'w',  'a',  'l',  '\n', /* 00-07 magic */
    1,    0,    0,    0,    0,    0,    0,    0,    /* 08-15 format 1, reserved */
    3,    0,    0,    0,    0,    0,    0,    0,    /* 16-23 epoch 3 */
    5,    0,    0,    0,    1,    0,    0,    0,    /* 24-31 number 2^32 + 5 */
    0xE8, 3,    0,    0,    0,    0,    0,    0,    /* 32-39 the previous segment ends at 1000 */
    77,   0,    0,    0,    0,    0,    0,    0,    /* 40-47 with sequence 77 */
    0,    0,    0,    0,    0,    0,    0,    0,    /* 48-55 reserved */
    0x7C, 0xF6, 0x93, 0x74, 0x10, 0xF9, 0x0A, 0x9F, /* 56-63 checksum */
};

static const uint8_t record_bytes[WAL_RECORD_HEADER_SIZE] = {
    0xDE, 0xB1, 0x3A, 0x9B,                         /* 00-03 header checksum */
    1,    0,    0,    0,                            /* 04-07 kind: transaction; reserved */
    5,    0,    0,    0,                            /* 08-11 payload of 5 bytes */
    2,    0,    0,    0,                            /* 12-15 2 sequences */
    78,   0,    0,    0,    0,    0,    0,    0,    /* 16-23 from 78 */
    3,    0,    0,    0,    0,    0,    0,    0,    /* 24-31 epoch 3 */
    5,    0,    0,    0,                            /* 32-35 low bits of the segment's number */
    64,   0,    0,    0,                            /* 36-39 durable up to 64 */
    0x8C, 0xB2, 0x60, 0x3B, 0xFF, 0x7C, 0xD1, 0x33, /* 40-47 payload checksum */
};

static void a_segment_header_is_these_bytes(void **state)
{
    const struct wal_segment_header header = {3, 0x100000005, 1000, 77};
    struct wal_segment_header back;
    uint8_t bytes[WAL_SEGMENT_HEADER_SIZE];

    (void)state;
    wal_encode_segment_header(&header, bytes);
    assert_memory_equal(bytes, segment_bytes, sizeof bytes);
    assert_int_equal(wal_decode_segment_header(segment_bytes, 3, 0x100000005, &back), WAL_HEADER_VALID);
    assert_int_equal(back.previous_end, 1000);
    assert_int_equal(back.previous_sequence, 77);
    assert_int_equal(wal_decode_segment_header(segment_bytes, 3, 0x100000006, &back), WAL_HEADER_INVALID);
    bytes[8] = 2;
    assert_int_equal(wal_decode_segment_header(bytes, 3, 0x100000005, &back), WAL_HEADER_NEWER);
}

static void a_record_is_these_bytes(void **state)
{
    const struct slice parts[] = {slice_of("he"), slice_of("llo")};
    const struct slice whole = slice_of("hello");
    struct wal_record_header back, header = {.kind = WAL_RECORD_TRANSACTION,
                                             .payload_size = 5,
                                             .sequence_count = 2,
                                             .durable_offset = 64,
                                             .first_sequence = 78,
                                             .payload_checksum = wal_payload_checksum(parts, 2, place)};
    uint8_t bytes[WAL_RECORD_HEADER_SIZE];

    (void)state;
    assert_int_equal(header.payload_checksum, wal_payload_checksum(&whole, 1, place));
    wal_encode_record_header(&header, place, bytes);
    assert_memory_equal(bytes, record_bytes, sizeof bytes);
    assert_true(wal_decode_record_header(record_bytes, place, &back));
    assert_int_equal(back.payload_checksum, header.payload_checksum);
    assert_int_equal(back.first_sequence, 78);
    assert_int_equal(wal_record_size(5), 56);
}

static void a_record_elsewhere_is_none(void **state)
{
    const struct wal_place others[] = {{4, 0x100000005, 64}, {3, 0x200000005, 64}, {3, 0x100000005, 72}};
    struct wal_record_header back;

    (void)state;
    for (size_t i = 0; i < 3; i++)
        assert_false(wal_decode_record_header(record_bytes, others[i], &back));
}

static void any_changed_bit_of_a_record_header_is_found(void **state)
{
    (void)state;
    for (size_t bit = 0; bit < WAL_RECORD_HEADER_SIZE * 8; bit++) {
        struct wal_record_header back;
        uint8_t bytes[WAL_RECORD_HEADER_SIZE];
        memcpy(bytes, record_bytes, sizeof bytes);
        bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
        assert_false(wal_decode_record_header(bytes, place, &back));
    }
}

static void names_are_epoch_and_number(void **state)
{
    char name[WAL_NAME_SIZE];

    (void)state;
    wal_segment_name(UINT64_MAX, UINT64_MAX, name);
    assert_string_equal(name, "wal/18446744073709551615-18446744073709551615");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_segment_header_is_these_bytes),
        cmocka_unit_test(a_record_is_these_bytes),
        cmocka_unit_test(a_record_elsewhere_is_none),
        cmocka_unit_test(any_changed_bit_of_a_record_header_is_found),
        cmocka_unit_test(names_are_epoch_and_number),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
