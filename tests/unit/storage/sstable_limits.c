/* Files at their limits: the smallest and the largest that can be, without a filter, with an index that is read apart;
 * what changes while a file is open; what is too large to be written. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/key_codec.h"
#include "storage/column_encoder.h"
#include "storage/filter.h"
#include "storage/sstable_index_builder.h"
#include "storage/table_layout.h"
#include "support/sstable_fixture.h"
#include "volume/volume_faulty.h"

static struct sstable_fixture fixture;

/* ---- what is too large ---- */

/* Rows whose strings take more than a block may: 257 short ones, after which no dictionary is looked for any more, then
 * long ones that share their bytes. Nothing of that size is ever copied. */
static void a_block_that_would_be_too_large_is_refused(void **state)
{
    enum { LONG = 3 << 20 };
    static struct slice strings[BATCH_CAPACITY];
    static char texts[BATCH_CAPACITY][8];
    int64_t integers[BATCH_CAPACITY];
    struct column_input input = {.type = SSQL_TYPE_STRING, .strings = strings};
    struct column_summary summary;
    struct block_encoder *encoder;
    struct ssql_error error = {0};
    struct slice stored;
    uint32_t unpacked_size;
    char *text = malloc(LONG);

    (void)state;
    assert_non_null(text);
    memset(text, 'z', LONG);
    for (uint32_t i = 0; i < BATCH_CAPACITY; i++) {
        int size = snprintf(texts[i], sizeof texts[i], "%u", i);
        strings[i] = i <= 256 ? slice_make(texts[i], (size_t)size) : slice_make(text, LONG);
        integers[i] = i;
    }
    assert_true(block_encoder_create(2, true, &encoder, &error));
    block_encoder_begin(encoder, BATCH_CAPACITY);
    block_encoder_add_column(encoder, 0, &input, &summary);
    input = (struct column_input){.type = SSQL_TYPE_INT, .integers = integers};
    block_encoder_add_column(encoder, 1, &input, &summary);
    assert_false(block_encoder_finish(encoder, 1, 0, &stored, &unpacked_size, &error));
    assert_int_equal(error.code, SSQL_TOO_LARGE);
    assert_non_null(strstr(error.message, "a block of 1024 rows"));
    /* The next block is put together as if nothing had been. */
    block_encoder_begin(encoder, 1);
    for (uint32_t i = 0; i < 2; i++)
        block_encoder_add_column(encoder, i, &input, &summary);
    assert_true(block_encoder_finish(encoder, 1, 0, &stored, &unpacked_size, &error));
    block_encoder_destroy(encoder);
    block_encoder_destroy(NULL);
    free(text);
}

static void an_index_whose_keys_pass_their_offsets_is_refused(void **state)
{
    struct sstable_index_builder builder = {.heap.size = (size_t)UINT32_MAX + 1};
    struct buffer index = {0};
    struct ssql_error error = {0};

    (void)state;
    sstable_fixture_init(&fixture, SSTABLE_INT_KEY);
    assert_false(sstable_index_builder_finish(&builder, fixture.format, &index, &error));
    assert_int_equal(error.code, SSQL_TOO_LARGE);
    assert_int_equal(index.size, 0);
    sstable_fixture_clear(&fixture);
}

static void a_row_whose_only_string_is_too_large_is_refused_unread(void **state)
{
    struct value values[2] = {value_int(1), value_string(slice_make("", (size_t)ROW_SIZE_MOST + 1))};
    struct buffer row = {0};
    struct ssql_error error = {0};

    (void)state;
    sstable_fixture_init(&fixture, SSTABLE_INT_KEY);
    assert_false(row_encode(fixture.format, values, &row, &error));
    assert_int_equal(error.code, SSQL_TOO_LARGE);
    assert_false(row_check(fixture.format, slice_make("", (size_t)ROW_SIZE_MOST + 1)));
    assert_int_equal(row.size, 0);
    sstable_fixture_clear(&fixture);
}

/* ---- strings of rows that contradict each other ---- */

static void ends_of_strings_that_go_back_or_beyond_are_refused(void **state)
{
    const struct table_layout layout = {
        .column_count = 3, .key_count = 1, .types = {SSQL_TYPE_INT, SSQL_TYPE_STRING, SSQL_TYPE_STRING}};
    struct value values[3] = {value_int(1), value_string(slice_of("four")), value_string(slice_of("fives"))};
    struct row_format *format;
    struct buffer row = {0};
    struct ssql_error error;

    (void)state;
    assert_true(row_format_create(&layout, &format, &error));
    assert_true(row_encode(format, values, &row, &error));
    assert_true(row_check(format, buffer_slice(&row)));
    uint32_t begin = format->fixed_size, first = begin + 4, last = begin + 9;
    const uint32_t ends[][2] = {
        {begin - 1, last}, {last + 1, last}, {first, first - 1}, {first, last - 1}, {first, last + 1}};
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
        store_u32le(row.data + format->offsets[1], ends[i][0]);
        store_u32le(row.data + format->offsets[2], ends[i][1]);
        assert_false(row_check(format, buffer_slice(&row)));
    }
    store_u32le(row.data + format->offsets[1], first);
    store_u32le(row.data + format->offsets[2], last);
    assert_true(row_check(format, buffer_slice(&row)));
    row.data[0] |= 1 << 1; /* null, and yet with bytes */
    assert_false(row_check(format, buffer_slice(&row)));
    buffer_clear(&row);
    row_format_destroy(format);
}

static void a_layout_that_no_table_has_is_not_valid(void **state)
{
    struct table_layout good = {
        .column_count = 2, .key_count = 2, .types = {SSQL_TYPE_INT, SSQL_TYPE_FLOAT}, .key_columns = {1, 0}};
    struct table_layout bad[9];

    (void)state;
    assert_true(table_layout_is_valid(&good));
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        bad[i] = good;
    bad[0].column_count = 0;
    bad[1].column_count = COLUMNS_MOST + 1;
    bad[2].key_count = 0;
    bad[3].key_count = KEY_COLUMNS_MOST + 1;
    bad[4].types[0] = SSQL_TYPE_NULL;
    bad[5].types[1] = SSQL_TYPE_FLOAT + 1;
    bad[6].key_columns[1] = 2;
    bad[7].key_columns[1] = 1;
    bad[8].types[1] = 255;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_false(table_layout_is_valid(&bad[i]));
}

/* ---- filters ---- */

static void a_filter_has_between_one_and_seven_bits_for_a_key(void **state)
{
    static const uint32_t bits[][2] = {{1, 1}, {2, 1}, {10, 6}, {11, 6}, {12, 7}, {20, FILTER_PROBES_MOST}};
    struct filter_builder builder;

    (void)state;
    for (size_t i = 0; i < sizeof bits / sizeof *bits; i++) {
        assert_true(filter_builder_init(&builder, 100, bits[i][0], NULL));
        assert_int_equal(builder.probes, bits[i][1]);
        for (uint64_t key = 0; key < 100; key++)
            filter_builder_add(&builder, key * UINT64_C(0x9E3779B97F4A7C15));
        struct slice lines = filter_builder_finish(&builder);
        for (uint64_t key = 0; key < 100; key++)
            assert_true(filter_may_contain(lines, builder.probes, key * UINT64_C(0x9E3779B97F4A7C15)));
        filter_builder_clear(&builder);
    }
}

static void a_filter_without_keys_is_one_line_that_denies_all(void **state)
{
    struct filter_builder builder;

    (void)state;
    assert_true(filter_builder_init(&builder, 0, 10, NULL));
    struct slice lines = filter_builder_finish(&builder);
    assert_true(lines.size > 0 && lines.size % FILTER_LINE_SIZE == 0 && lines.size < builder.size);
    assert_false(filter_may_contain(lines, builder.probes, 12345));
    filter_builder_clear(&builder);
}

/* ---- small, large, without a filter ---- */

/* Rows of SSTABLE_INT_KEY, in blocks of one row. */
static void write_int_rows(uint32_t count, uint32_t filter_bits, bool as_columns)
{
    const struct sstable_writer_options options = {
        .block_rows = 1, .block_bytes = 1 << 16, .filter_bits = filter_bits, .expected_rows = count, .compress = true};
    struct sstable_writer *writer;
    struct ssql_error error;

    sstable_fixture_init(&fixture, SSTABLE_INT_KEY);
    assert_true(sstable_writer_create(fixture.volume, FIXTURE_SSTABLE_NAME, fixture.format, &options, &writer, &error));
    for (uint32_t i = 0; i < count; i++) {
        struct value values[2] = {value_int(i), value_string(slice_of("text"))};
        uint8_t key[INT_KEY_SIZE];
        struct buffer row = {0};
        int64_t integer = i;
        const struct slice text = slice_of("text");
        uint64_t sequence = 5;
        const struct vector columns[2] = {{.type = SSQL_TYPE_INT, .kind = VECTOR_CONSTANT, .integers = &integer},
                                          {.type = SSQL_TYPE_STRING, .kind = VECTOR_CONSTANT, .strings = &text}};
        const struct sstable_rows rows = {.columns = columns, .sequences = &sequence, .row_count = 1};
        key_encode_int(i, key);
        assert_true(row_encode(fixture.format, values, &row, &error));
        if (as_columns)
            assert_true(sstable_writer_add_block(writer, &rows, &error));
        else
            assert_true(sstable_writer_add(writer, slice_make(key, sizeof key), buffer_slice(&row), sequence, &error));
        buffer_clear(&row);
    }
    assert_true(sstable_writer_add_block(writer, &(struct sstable_rows){0}, &error)); /* adds nothing */
    assert_true(sstable_writer_finish(writer, &fixture.info, &error));
    assert_int_equal(fixture.info.row_count, count);
}

static bool verify_file(struct volume *volume, struct ssql_error *error)
{
    struct sstable *sstable;

    if (!sstable_open(volume, fixture.cache, fixture.format, &fixture.info, &sstable, error))
        return false;
    bool is_good = sstable_hold_filter(sstable, error) && sstable_verify(sstable, error);
    sstable_close(sstable);
    return is_good;
}

static void a_file_without_a_filter_denies_no_key(void **state)
{
    struct sstable *sstable;
    bool may = false;

    (void)state;
    for (int as_columns = 0; as_columns < 2; as_columns++) {
        write_int_rows(10, 0, as_columns != 0);
        assert_true(verify_file(fixture.volume, NULL));
        assert_true(sstable_open(fixture.volume, fixture.cache, fixture.format, &fixture.info, &sstable, NULL));
        assert_true(sstable_may_contain(sstable, slice_of("8 bytes."), 99, &may, NULL));
        assert_true(may);
        sstable_close(sstable);
        sstable_fixture_clear(&fixture);
    }
    sstable_close(NULL);
}

static void no_rows_make_no_file(void **state)
{
    struct object *object;

    (void)state;
    write_int_rows(0, 10, false);
    assert_int_equal(fixture.info.size, 0);
    assert_int_equal(object_open(fixture.volume, FIXTURE_SSTABLE_NAME, 0, &object, NULL), VOLUME_NOT_FOUND);
    sstable_fixture_clear(&fixture);
}

/* Its index is larger than what is read at once. */
static void every_read_of_a_file_with_a_large_index_fails_in_turn(void **state)
{
    struct volume *volume;
    struct ssql_error error = {0};
    uint64_t n;

    (void)state;
    write_int_rows(1000, 10, true);
    assert_true(fixture.info.size > 64 << 10);
    assert_true(volume_faulty_create(fixture.volume, &volume, &error));
    for (n = 1;; n++) {
        volume_faulty_set(volume, &(struct fault_plan){.fail_at = n, .status = VOLUME_UNAVAILABLE});
        if (verify_file(volume, &error))
            break;
        assert_int_equal(error.code, SSQL_IO);
    }
    assert_true(n > 1000); /* a block each, and the rest */
    volume_faulty_set(volume, &(struct fault_plan){0});
    assert_true(verify_file(volume, &error));
    fixture.volume = volume;
    sstable_fixture_clear(&fixture);
}

static void a_file_too_short_for_its_ends_is_damaged(void **state)
{
    struct sstable *sstable;
    struct object_writer *writer;
    struct ssql_error error = {0};

    (void)state;
    sstable_fixture_init(&fixture, SSTABLE_INT_KEY);
    assert_int_equal(object_create(fixture.volume, FIXTURE_SSTABLE_NAME, 0, &writer, NULL), VOLUME_OK);
    assert_int_equal(object_append(writer, slice_of("short"), NULL), VOLUME_OK);
    assert_int_equal(object_finish(writer, NULL), VOLUME_OK);
    struct sstable_info info = {.name = FIXTURE_SSTABLE_NAME, .size = 5, .row_count = 1};
    assert_false(sstable_open(fixture.volume, fixture.cache, fixture.format, &info, &sstable, &error));
    assert_int_equal(error.code, SSQL_CORRUPT);
    assert_non_null(strstr(error.message, "too short"));
    sstable_fixture_clear(&fixture);
}

/* ---- what changes under an open file ---- */

static void damage_under_an_open_file_is_found(void **state)
{
    struct sstable *sstable;
    struct ssql_error error = {0};

    (void)state;
    sstable_fixture_init(&fixture, SSTABLE_MIXED);
    assert_true(sstable_fixture_write(&fixture, &error));
    uint64_t size = fixture.info.size;
    const uint64_t places[] = {0, size - 1, size - SSTABLE_FOOTER_SIZE - 1, SSTABLE_HEADER_SIZE + 100};
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        assert_true(sstable_open(fixture.volume, fixture.cache, fixture.format, &fixture.info, &sstable, &error));
        assert_true(volume_memory_damage(fixture.volume, FIXTURE_SSTABLE_NAME, places[i], 1));
        assert_false(sstable_verify(sstable, &error));
        assert_int_equal(error.code, SSQL_CORRUPT);
        assert_true(volume_memory_damage(fixture.volume, FIXTURE_SSTABLE_NAME, places[i], 1));
        assert_true(sstable_verify(sstable, &error));
        sstable_close(sstable);
    }
    sstable_fixture_clear(&fixture);
}

/* The filter is read late: its damage is met by the first question. */
static void a_damaged_filter_answers_no_question(void **state)
{
    struct sstable *sstable;
    struct ssql_error error = {0};
    bool may;

    (void)state;
    sstable_fixture_init(&fixture, SSTABLE_MIXED);
    assert_true(sstable_fixture_write(&fixture, &error));
    uint8_t *bytes = sstable_fixture_bytes(&fixture);
    uint64_t filter = load_u64le(bytes + fixture.info.size - SSTABLE_FOOTER_SIZE + 40);
    free(bytes);
    assert_true(sstable_open(fixture.volume, fixture.cache, fixture.format, &fixture.info, &sstable, &error));
    assert_true(volume_memory_damage(fixture.volume, FIXTURE_SSTABLE_NAME, filter + 1, 64));
    assert_false(sstable_may_contain(sstable, slice_of("key"), 1, &may, &error));
    assert_int_equal(error.code, SSQL_CORRUPT);
    assert_false(sstable_hold_filter(sstable, &error));
    assert_true(volume_memory_damage(fixture.volume, FIXTURE_SSTABLE_NAME, filter + 1, 64));
    assert_true(sstable_may_contain(sstable, slice_of("key"), 1, &may, &error));
    sstable_close(sstable);
    sstable_fixture_clear(&fixture);
}

/* ---- columns with tombstones ---- */

/* Of a tombstone only the key counts, whatever the vectors hold in its row. */
static void tombstones_leave_out_what_their_vectors_hold(void **state)
{
    static const uint8_t tombstones[] = {0, 1, 0}, nulls[] = {1, 1, 0}, constant_null[] = {1};
    const struct sstable_writer_options options = {
        .block_rows = 8, .block_bytes = 1 << 16, .filter_bits = 10, .expected_rows = 3, .compress = true};
    const struct slice texts[] = {slice_of("a"), slice_of("b")}, nothing[] = {slice_of("")};
    static const uint16_t codes[] = {0, 1, 0};
    static const int64_t keys[] = {1, 2, 3};
    struct sstable_writer *writer;
    struct sstable *sstable;
    struct block block;
    struct column_buffer buffer = {0};
    struct vector vector;
    struct zone zone;
    struct ssql_error error;

    (void)state;
    for (int i = 0; i < 3; i++) {
        struct vector columns[] = {{.type = SSQL_TYPE_INT, .kind = VECTOR_FLAT, .integers = keys},
                                   {.type = SSQL_TYPE_STRING,
                                    .kind = VECTOR_DICTIONARY,
                                    .strings = texts,
                                    .codes = codes,
                                    .dictionary_count = 2}};
        if (i == 1)
            columns[1].nulls = nulls;
        if (i == 2)
            columns[1] = (struct vector){
                .type = SSQL_TYPE_STRING, .kind = VECTOR_CONSTANT, .strings = nothing, .nulls = constant_null};
        const struct sstable_rows rows = {.columns = columns, .tombstones = tombstones, .row_count = 3};
        sstable_fixture_init(&fixture, SSTABLE_INT_KEY);
        assert_true(
            sstable_writer_create(fixture.volume, FIXTURE_SSTABLE_NAME, fixture.format, &options, &writer, &error));
        assert_true(sstable_writer_add_block(writer, &rows, &error));
        assert_true(sstable_writer_finish(writer, &fixture.info, &error));
        assert_int_equal(fixture.info.tombstone_count, 1);
        assert_true(verify_file(fixture.volume, &error));
        assert_true(sstable_open(fixture.volume, fixture.cache, fixture.format, &fixture.info, &sstable, &error));
        sstable_zone(sstable, 0, 1, &zone);
        assert_int_equal(zone.has_values, i < 2);
        assert_int_equal(zone.has_nulls, i > 0);
        assert_true(sstable_read_block(sstable, 0, &block, NULL, &error));
        assert_true(block_decode_column(&block, 1, &buffer, &vector, &error));
        struct value last = vector_value(&vector, 2);
        assert_int_equal(last.is_null, i == 2);
        if (i < 2)
            assert_true(slice_equal(last.string, texts[0]));
        column_buffer_clear(&buffer);
        block_release(&block);
        sstable_close(sstable);
        sstable_fixture_clear(&fixture);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_block_that_would_be_too_large_is_refused),
        cmocka_unit_test(an_index_whose_keys_pass_their_offsets_is_refused),
        cmocka_unit_test(a_row_whose_only_string_is_too_large_is_refused_unread),
        cmocka_unit_test(ends_of_strings_that_go_back_or_beyond_are_refused),
        cmocka_unit_test(a_layout_that_no_table_has_is_not_valid),
        cmocka_unit_test(a_filter_has_between_one_and_seven_bits_for_a_key),
        cmocka_unit_test(a_filter_without_keys_is_one_line_that_denies_all),
        cmocka_unit_test(a_file_without_a_filter_denies_no_key),
        cmocka_unit_test(no_rows_make_no_file),
        cmocka_unit_test(every_read_of_a_file_with_a_large_index_fails_in_turn),
        cmocka_unit_test(a_file_too_short_for_its_ends_is_damaged),
        cmocka_unit_test(damage_under_an_open_file_is_found),
        cmocka_unit_test(a_damaged_filter_answers_no_question),
        cmocka_unit_test(tombstones_leave_out_what_their_vectors_hold),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
