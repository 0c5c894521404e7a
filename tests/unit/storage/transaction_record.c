/* What a commit leaves in the log, read back: whole, cut anywhere, and with any byte changed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>

#include "base/bytes.h"
#include "storage/transaction_record.h"

static const struct table_layout layout = {
    .column_count = 2, .key_count = 1, .types = {SSQL_TYPE_INT, SSQL_TYPE_STRING}, .key_columns = {0}};

enum { OPERATIONS = 4 };

/* Create, put, delete, drop; *ends[i] is where operation i ends. */
static void make_record(struct buffer *record, size_t ends[OPERATIONS])
{
    const struct value values[] = {value_int(7), value_string(slice_of("seven"))};
    struct row_format *format;
    size_t row_offset;
    struct ssql_error error;

    assert_true(row_format_create(&layout, &format, &error));
    transaction_record_begin(record);
    transaction_record_create(record, 20, &layout);
    ends[0] = record->size;
    transaction_record_table(record, 20);
    assert_true(transaction_record_put(record, format, values, &row_offset, &error));
    ends[1] = record->size;
    transaction_record_delete(record, slice_of("12345678"));
    ends[2] = record->size;
    transaction_record_drop(record, 20);
    ends[3] = record->size;
    row_format_destroy(format);
}

/* Reads a copy that ends where its memory ends; returns the last step and how many operations came before it. */
static enum record_step read_copy(struct slice bytes, uint32_t *count)
{
    uint8_t *copy = malloc(bytes.size);
    struct operation_reader reader;
    struct record_operation operation;
    enum record_step step = RECORD_STEP_DAMAGED;

    assert_non_null(copy);
    memcpy(copy, bytes.data, bytes.size);
    *count = 0;
    if (operation_reader_init(&reader, slice_make(copy, bytes.size))) {
        while ((step = operation_reader_next(&reader, &operation)) == RECORD_STEP_OPERATION) {
            assert_int_not_equal(operation.table_id, 0);
            if (operation.kind == RECORD_PUT || operation.kind == RECORD_DELETE)
                assert_true(operation.bytes.data >= copy &&
                            operation.bytes.data + operation.bytes.size <= copy + bytes.size);
            assert_true(++*count <= bytes.size);
        }
    }
    free(copy);
    return step;
}

static void a_record_is_read_as_it_was_written(void **state)
{
    static const uint8_t kinds[] = {RECORD_CREATE, RECORD_PUT, RECORD_DELETE, RECORD_DROP};
    struct buffer record = {0};
    struct operation_reader reader;
    struct record_operation operation;
    size_t ends[OPERATIONS];

    (void)state;
    make_record(&record, ends);
    assert_true(operation_reader_init(&reader, buffer_slice(&record)));
    for (int i = 0; i < OPERATIONS; i++) {
        assert_int_equal(operation_reader_next(&reader, &operation), RECORD_STEP_OPERATION);
        assert_int_equal(operation.kind, kinds[i]);
        assert_int_equal(operation.table_id, 20);
        assert_int_equal(reader.offset, ends[i]);
        if (i == 0) {
            assert_int_equal(operation.layout->column_count, 2);
            assert_int_equal(operation.layout->types[1], SSQL_TYPE_STRING);
        }
        if (i == 2)
            assert_true(slice_equal(operation.bytes, slice_of("12345678")));
    }
    assert_int_equal(operation_reader_next(&reader, &operation), RECORD_STEP_END);
    buffer_clear(&record);
}

static void a_record_that_is_cut_is_damaged_unless_an_operation_ends_there(void **state)
{
    struct buffer record = {0};
    size_t ends[OPERATIONS];
    uint32_t count;

    (void)state;
    make_record(&record, ends);
    for (size_t size = 1; size < record.size; size++) {
        uint32_t whole = 0;
        bool is_border = size == 1 || size == ends[0] + 5; /* also behind the naming of a table */
        for (int i = 0; i < OPERATIONS; i++) {
            whole += ends[i] <= size;
            is_border = is_border || ends[i] == size;
        }
        assert_int_equal(read_copy(slice_make(record.data, size), &count),
                         is_border ? RECORD_STEP_END : RECORD_STEP_DAMAGED);
        assert_int_equal(count, whole);
    }
    assert_false(operation_reader_init(&(struct operation_reader){.offset = 0}, slice_make(record.data, 0)));
    buffer_clear(&record);
}

static void any_byte_may_be_another(void **state)
{
    static const uint8_t masks[] = {0x01, 0x80, 0xFF, 0x07};
    struct buffer record = {0};
    size_t ends[OPERATIONS], damaged = 0;
    uint32_t count;

    (void)state;
    make_record(&record, ends);
    for (size_t i = 0; i < record.size; i++) {
        for (size_t mask = 0; mask < sizeof masks; mask++) {
            record.data[i] ^= masks[mask];
            damaged += read_copy(buffer_slice(&record), &count) == RECORD_STEP_DAMAGED;
            record.data[i] ^= masks[mask];
        }
    }
    assert_true(damaged > record.size);
    assert_int_equal(read_copy(buffer_slice(&record), &count), RECORD_STEP_END);
    buffer_clear(&record);
}

static void expect_damage(const void *bytes, size_t size)
{
    uint32_t count;

    assert_int_equal(read_copy(slice_make(bytes, size), &count), RECORD_STEP_DAMAGED);
    assert_int_equal(count, 0);
}

static void what_no_commit_writes_is_damage(void **state)
{
    struct buffer record = {0};

    (void)state;
    expect_damage("\x02\x05\x14\0\0\0", 6);               /* a version that is not known */
    expect_damage("\x01\x06\x14\0\0\0", 6);               /* a kind that is not known */
    expect_damage("\x01\x05\0\0\0\0", 6);                 /* the drop of table 0 */
    expect_damage("\x01\x03\x01\0\0\0k", 7);              /* a key before any table is named */
    expect_damage("\x01\x01\0\0\0\0\x03\x01\0\0\0k", 12); /* in table 0 */
    struct table_layout wide = layout;
    transaction_record_begin(&record);
    transaction_record_create(&record, 20, &wide);
    store_u32le(record.data + 6, COLUMNS_MOST + 1);
    expect_damage(record.data, record.size);
    store_u32le(record.data + 6, 2);
    store_u32le(record.data + 12, KEY_COLUMNS_MOST + 1);
    expect_damage(record.data, record.size);
    buffer_clear(&record);
}

static void the_largest_layout_is_read(void **state)
{
    struct table_layout largest = {.column_count = COLUMNS_MOST, .key_count = KEY_COLUMNS_MOST};
    struct buffer record = {0};
    struct operation_reader reader;
    struct record_operation operation;

    (void)state;
    for (uint32_t i = 0; i < COLUMNS_MOST; i++)
        largest.types[i] = SSQL_TYPE_INT;
    for (uint32_t i = 0; i < KEY_COLUMNS_MOST; i++)
        largest.key_columns[i] = (uint16_t)i;
    transaction_record_begin(&record);
    transaction_record_create(&record, 20, &largest);
    assert_true(operation_reader_init(&reader, buffer_slice(&record)));
    assert_int_equal(operation_reader_next(&reader, &operation), RECORD_STEP_OPERATION);
    assert_int_equal(operation.layout->column_count, COLUMNS_MOST);
    assert_int_equal(operation.layout->key_count, KEY_COLUMNS_MOST);
    assert_int_equal(operation.layout->key_columns[KEY_COLUMNS_MOST - 1], KEY_COLUMNS_MOST - 1);
    assert_int_equal(operation_reader_next(&reader, &operation), RECORD_STEP_END);
    buffer_clear(&record);
}

static void a_record_that_has_run_out_of_memory_takes_no_row(void **state)
{
    const struct value values[] = {value_int(7), value_string(slice_of("seven"))};
    struct buffer record = {.failed = true};
    struct ssql_error error = {0};
    struct row_format *format;
    size_t row_offset;

    (void)state;
    assert_true(row_format_create(&layout, &format, &error));
    assert_false(transaction_record_put(&record, format, values, &row_offset, &error));
    assert_int_equal(error.code, SSQL_NO_MEMORY);
    assert_int_equal(record.size, 0);
    row_format_destroy(format);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_record_is_read_as_it_was_written),
        cmocka_unit_test(a_record_that_is_cut_is_damaged_unless_an_operation_ends_there),
        cmocka_unit_test(any_byte_may_be_another),
        cmocka_unit_test(what_no_commit_writes_is_damage),
        cmocka_unit_test(the_largest_layout_is_read),
        cmocka_unit_test(a_record_that_has_run_out_of_memory_takes_no_row),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
