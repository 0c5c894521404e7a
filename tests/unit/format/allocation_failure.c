/* The n-th allocation fails, n = 0, 1, 2, …, until nothing fails any more: each time SSQL_NO_MEMORY comes out, and all
 * memory is given back (the address sanitizer looks). The linker leads malloc and its kin, and what takes from an
 * arena, here (--wrap). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "api/failing_arena.h"
#include "format/column_names.h"
#include "format/field_convert.h"
#include "format/record_writer.h"
#include "format/type_guess.h"
#include "support/records.h"
#include "volume/plain_file.h"

/* Runs a piece of work until it does not run out of memory any more; it fails at least `least` times. */
static void fail_each_allocation(bool (*work)(struct ssql_error *error), long least)
{
    for (long n = 0;; n++) {
        struct ssql_error error = {0};
        memory_start_failing(n, false);
        bool is_done = work(&error);
        bool has_failed = memory_has_failed();
        memory_stop_failing();
        if (!has_failed) {
            if (!is_done)
                fail_msg("without a failure: %s", error.message);
            assert_true(n >= least);
            return;
        }
        assert_false(is_done);
        assert_int_equal(error.code, SSQL_NO_MEMORY);
    }
}

static const struct record_reader_options *reader_options;
static struct slice reader_text;

static bool read_and_guess(struct ssql_error *error)
{
    struct memory_source source = {.bytes = reader_text};
    struct record_reader *reader = NULL;
    struct type_guess *guess = NULL;
    struct record_batch batch;
    enum record_status status = RECORDS_FAILED;

    if (record_reader_create(reader_options, memory_source_of(&source), &reader, error) &&
        type_guess_create(reader_options->format, &guess, error)) {
        do
            status = record_reader_next(reader, &batch, error);
        while (status == RECORDS_READ && type_guess_add(guess, &batch, error));
    }
    type_guess_destroy(guess);
    record_reader_destroy(reader);
    return status == RECORDS_END;
}

static void readers_give_up_cleanly(void **state)
{
    static const struct {
        struct record_reader_options options;
        const char *text;
    } cases[] = {
        {{.format = RECORD_FORMAT_CSV, .has_header = true, .window_bytes = 4},
         "a,\"b\"\"c\"\n1,\"x\"\"y\"\n2,\"long enough to grow\"\n"},
        {{.format = RECORD_FORMAT_CSV}, "1,\"x\"\"y\"\n"},
        {{.format = RECORD_FORMAT_TSV, .has_header = true}, "a\tb\\tc\n"},
        {{.format = RECORD_FORMAT_TSV, .has_header = true, .window_bytes = 4}, "a\tb\n1\tx\\ty\n"},
        {{.format = RECORD_FORMAT_JSON, .window_bytes = 4}, "[{\"a\":\"x\\ny\",\"b\":1},{\"c\":\"\\u00e4\"}]"},
        {{.format = RECORD_FORMAT_JSONL, .window_bytes = 4}, "{\"a\":\"x\\ny\",\"b\":1}\n{\"c\":\"\\u00e4\"}\n"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        reader_options = &cases[i].options;
        reader_text = slice_of(cases[i].text);
        fail_each_allocation(read_and_guess, 8);
    }
}

/* Where a field stands is found by its column's name; one that is written with escapes has to be copied for that. */
static void a_field_without_memory_stands_where_its_record_does(void **state)
{
    static const struct record_reader_options options = {.format = RECORD_FORMAT_JSONL};
    struct memory_source source = {.bytes = slice_of(" {\"\\u0061\":1,\"b\":[2]}\n")};
    struct record_reader *reader;
    struct record_batch batch;
    struct ssql_error error = {0};

    (void)state;
    assert_true(record_reader_create(&options, memory_source_of(&source), &reader, &error));
    assert_int_equal(record_reader_next(reader, &batch, &error), RECORDS_READ);
    assert_int_equal(record_reader_field_place(reader, &batch, 0, 1).column, 18);
    memory_start_failing(0, true);
    struct record_place place = record_reader_field_place(reader, &batch, 0, 1);
    memory_stop_failing();
    assert_int_equal(place.column, 1);
    record_reader_destroy(reader);
}

static bool drop_bytes(void *context, struct slice bytes, struct ssql_error *error)
{
    (void)error;
    *(size_t *)context += bytes.size;
    return true;
}

static enum record_format writer_format;

static bool write_some(struct ssql_error *error)
{
    const struct slice names[] = {slice_of("a"), slice_of("b")};
    struct record_writer_options options = {.format = writer_format, .has_header = true, .table = slice_of("t")};
    static const int64_t ints[] = {1};
    struct vector vectors[] = {{.type = SSQL_TYPE_INT, .kind = VECTOR_CONSTANT, .integers = ints},
                               {.type = SSQL_TYPE_INT, .kind = VECTOR_CONSTANT, .integers = ints}};
    struct batch batch = {.columns = vectors, .column_count = 2, .row_count = 3, .selected_count = 3};
    size_t written = 0;
    struct byte_sink sink = {.write = drop_bytes, .context = &written};
    struct record_writer *writer;

    if (!record_writer_create(&options, names, 2, sink, &writer, error))
        return false;
    bool is_written = record_writer_write(writer, &batch, error) && record_writer_finish(writer, error);
    record_writer_destroy(writer);
    return is_written && written > 0;
}

static void writers_give_up_cleanly(void **state)
{
    (void)state;
    for (int format = RECORD_FORMAT_CSV; format <= RECORD_FORMAT_INSERT; format++) {
        writer_format = (enum record_format)format;
        fail_each_allocation(write_some, 3);
    }
}

static bool make_names(struct ssql_error *error)
{
    const struct slice headers[] = {slice_of("a"), slice_of("A"), slice_of("")};
    struct slice *names;
    struct arena arena;

    arena_init(&arena);
    bool is_made = column_names_make(headers, 3, &arena, &names, error);
    arena_clear(&arena);
    return is_made;
}

static bool convert_long_float(struct ssql_error *error)
{
    static const char digits[] = "0.1234567890123456789012345678901234567890123456789012345678901234567890123456789";
    struct field field = {.data = (const uint8_t *)digits, .size = sizeof digits - 1, .kind = FIELD_TEXT};
    struct value value;

    return field_convert(&field, SSQL_TYPE_FLOAT, slice_of("c"), &value, error);
}

static bool open_files(struct ssql_error *error)
{
    struct plain_file_reader *reader = NULL;
    struct plain_file_writer *writer = NULL;
    bool is_open =
        plain_file_open("/dev/null", NULL, &reader, error) && plain_file_create("/dev/null", NULL, &writer, error);

    plain_file_close(reader);
    plain_file_abandon(writer);
    return is_open;
}

static void all_else_gives_up_cleanly(void **state)
{
    (void)state;
    fail_each_allocation(make_names, 1);
    fail_each_allocation(convert_long_float, 1);
    fail_each_allocation(open_files, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(readers_give_up_cleanly),
        cmocka_unit_test(a_field_without_memory_stands_where_its_record_does),
        cmocka_unit_test(writers_give_up_cleanly),
        cmocka_unit_test(all_else_gives_up_cleanly),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
