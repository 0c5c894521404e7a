/* Writers of files that are larger than what is gathered before it goes to the volume: the first failure is kept,
 * reported again by every later call that would write, and by the end, and then there is no file. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>

#include "storage/sstable_reader.h"
#include "support/engine_fixture.h"

#define NAME "tables/16/sst-1-1"

enum { ROWS = 60, TEXT_SIZE = 9000, BLOCK_ROWS = 8, VECTOR_ROWS = 4 };

static const struct table_layout layout = {
    .column_count = 2, .key_count = 1, .types = {SSQL_TYPE_INT, SSQL_TYPE_STRING}, .key_columns = {0}};

/* Row i has key i; texts have nothing in common. */
static struct {
    struct row_format *format;
    char texts[ROWS][TEXT_SIZE];
    struct buffer keys[ROWS], rows[ROWS];
    int64_t numbers[VECTOR_ROWS]; /* rows behind these, as columns */
    struct slice strings[VECTOR_ROWS];
} data;

static int make_rows(void **state)
{
    uint64_t random = 1;

    (void)state;
    assert_true(row_format_create(&layout, &data.format, NULL));
    for (int64_t i = 0; i < ROWS; i++) {
        for (size_t j = 0; j < TEXT_SIZE; j++)
            data.texts[i][j] = (char)('a' + fixture_random(&random) % 26);
        const struct value values[] = {value_int(i), value_string(slice_make(data.texts[i], TEXT_SIZE))};
        assert_true(row_encode_key(data.format, values, &data.keys[i], NULL));
        assert_true(row_encode(data.format, values, &data.rows[i], NULL));
    }
    for (int i = 0; i < VECTOR_ROWS; i++) {
        data.numbers[i] = ROWS + i;
        data.strings[i] = slice_make(data.texts[i], TEXT_SIZE);
    }
    return 0;
}

static int clear_rows(void **state)
{
    (void)state;
    for (int i = 0; i < ROWS; i++) {
        buffer_clear(&data.keys[i]);
        buffer_clear(&data.rows[i]);
    }
    row_format_destroy(data.format);
    return 0;
}

/* How many calls failed: none, or all from one on. */
struct outcome {
    unsigned failed_calls;
    bool is_finished;
    struct ssql_error error;
};

static bool add_columns(struct sstable_writer *writer, struct ssql_error *error)
{
    const struct vector columns[] = {{.type = SSQL_TYPE_INT, .kind = VECTOR_FLAT, .integers = data.numbers},
                                     {.type = SSQL_TYPE_STRING, .kind = VECTOR_FLAT, .strings = data.strings}};
    const struct sstable_rows rows = {.columns = columns, .row_count = VECTOR_ROWS};

    return sstable_writer_add_block(writer, &rows, error);
}

static struct outcome write_file(struct volume *volume, uint32_t block_rows, uint32_t row_count,
                                 struct sstable_info *info)
{
    const struct sstable_writer_options options = {
        .block_rows = block_rows, .block_bytes = 8 << 20, .filter_bits = 10, .expected_rows = ROWS};
    struct outcome outcome = {0};
    struct sstable_writer *writer;

    assert_true(sstable_writer_create(volume, NAME, data.format, &options, &writer, NULL));
    for (uint32_t i = 0; i < row_count; i++) {
        bool is_added =
            sstable_writer_add(writer, buffer_slice(&data.keys[i]), buffer_slice(&data.rows[i]), 0, &outcome.error);
        outcome.failed_calls += !is_added;
    }
    bool is_added = add_columns(writer, &outcome.error);
    assert_true(outcome.failed_calls == 0 || !is_added);
    outcome.failed_calls += !is_added;
    outcome.error = (struct ssql_error){0};
    outcome.is_finished = sstable_writer_finish(writer, info, &outcome.error);
    assert_true(outcome.failed_calls == 0 || !outcome.is_finished);
    return outcome;
}

/* So many rows in each block: all of them wait when the columns come, or blocks are written before. */
static void fail_each_operation(uint32_t block_rows, uint32_t row_count, unsigned failed_calls_most)
{
    unsigned most = 0;
    bool is_hit = true;

    for (uint64_t n = 1; is_hit; n++) {
        struct volume *volume;
        struct sstable_info info;
        struct object *object;
        assert_true(volume_faulty_create(fixture_volume(), &volume, NULL));
        volume_faulty_set(volume, &(struct fault_plan){.fail_at = n, .status = VOLUME_UNAVAILABLE});
        struct outcome outcome = write_file(volume, block_rows, row_count, &info);
        is_hit = volume_faulty_count(volume) >= n;
        volume_faulty_set(volume, &(struct fault_plan){0});
        assert_int_equal(outcome.is_finished, !is_hit);
        if (outcome.is_finished) {
            assert_int_equal(info.row_count, row_count + VECTOR_ROWS);
            assert_int_equal(object_open(volume, NAME, info.size, &object, NULL), VOLUME_OK);
            object_close(object);
        } else {
            assert_int_equal(outcome.error.code, SSQL_IO);
            assert_int_equal(fixture_table_objects(volume), 0);
        }
        sstable_info_clear(&info);
        most = outcome.failed_calls > most ? outcome.failed_calls : most;
        volume_close(volume);
    }
    assert_int_equal(most, failed_calls_most);
}

static void a_failure_between_blocks_is_kept(void **state)
{
    (void)state;
    /* 32 rows are gathered until they go out; of the 28 after them, every eighth call would write, and the columns. */
    fail_each_operation(BLOCK_ROWS, ROWS, 1 + 3 + 1);
}

static void a_failure_of_the_rows_that_waited_ends_the_columns_behind_them(void **state)
{
    (void)state;
    fail_each_operation(ROWS + 1, ROWS, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_failure_between_blocks_is_kept),
        cmocka_unit_test(a_failure_of_the_rows_that_waited_ends_the_columns_behind_them),
    };

    return cmocka_run_group_tests(tests, make_rows, clear_rows);
}
