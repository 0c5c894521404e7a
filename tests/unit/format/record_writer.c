/* What the writers write, byte for byte. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>

#include "format/record_writer.h"
#include "support/records.h"

enum { COLUMNS = 4 };

/* Rows of an int, a float, a bool and a string: columns of a batch in which null is one row of each. */
static const int64_t ints[] = {INT64_MIN, 0, INT64_MAX, 7};
static const double reals[] = {1.5, 0, -INFINITY, 1e300};
static const uint8_t booleans[] = {1, 0, 0, 1};
static const uint8_t nulls[] = {0, 1, 0, 0};

static bool is_keyword(struct slice name)
{
    return slice_equal(name, slice_of("select"));
}

static void write_rows(const struct record_writer_options *options, const struct slice strings[4],
                       const uint16_t *selection, uint32_t count, struct buffer *text)
{
    struct vector vectors[COLUMNS] = {
        {.type = SSQL_TYPE_INT, .kind = VECTOR_FLAT, .integers = ints, .nulls = nulls},
        {.type = SSQL_TYPE_FLOAT, .kind = VECTOR_FLAT, .reals = reals, .nulls = nulls},
        {.type = SSQL_TYPE_BOOL, .kind = VECTOR_FLAT, .booleans = booleans, .nulls = nulls},
        {.type = SSQL_TYPE_STRING, .kind = VECTOR_FLAT, .strings = strings, .nulls = nulls},
    };
    const struct slice names[COLUMNS] = {slice_of("id"), slice_of("a,b"), slice_of("select"), slice_of("q\"`")};
    struct batch batch = {
        .columns = vectors, .column_count = COLUMNS, .row_count = 4, .selection = selection, .selected_count = count};
    struct record_writer *writer;
    struct ssql_error error = {0};

    assert_true(record_writer_create(options, names, COLUMNS, buffer_sink_of(text), &writer, &error));
    if (count > 0)
        assert_true(record_writer_write(writer, &batch, &error));
    assert_true(record_writer_finish(writer, &error));
    record_writer_destroy(writer);
    buffer_append_byte(text, '\0');
}

static void assert_written(const struct record_writer_options *options, const char *expected)
{
    const struct slice strings[] = {slice_of("plain"), slice_of("x"), slice_of(""),
                                    slice_of("two\nlines, \"it's\"\\\t")};
    struct buffer text = {0};

    write_rows(options, strings, NULL, 4, &text);
    assert_string_equal((char *)text.data, expected);
    buffer_clear(&text);
}

static void csv(void **state)
{
    (void)state;
    assert_written(&(struct record_writer_options){.format = RECORD_FORMAT_CSV, .has_header = true},
                   "id,\"a,b\",select,\"q\"\"`\"\n"
                   "-9223372036854775808,1.5,true,plain\n"
                   ",,,\n"
                   "9223372036854775807,-inf,false,\"\"\n"
                   "7,1e+300,true,\"two\nlines, \"\"it's\"\"\\\t\"\n");
    assert_written(
        &(struct record_writer_options){.format = RECORD_FORMAT_CSV, .delimiter = ';', .null_text = slice_of("7")},
        "-9223372036854775808;1.5;true;plain\n"
        "7;7;7;7\n"
        "9223372036854775807;-inf;false;\"\"\n"
        "\"7\";1e+300;true;\"two\nlines, \"\"it's\"\"\\\t\"\n");
}

static void tsv(void **state)
{
    (void)state;
    assert_written(&(struct record_writer_options){.format = RECORD_FORMAT_TSV, .has_header = true},
                   "id\ta,b\tselect\tq\"`\n"
                   "-9223372036854775808\t1.5\ttrue\tplain\n"
                   "\\N\t\\N\t\\N\t\\N\n"
                   "9223372036854775807\t-inf\tfalse\t\n"
                   "7\t1e+300\ttrue\ttwo\\nlines, \"it's\"\\\\\\t\n");
    assert_written(
        &(struct record_writer_options){.format = RECORD_FORMAT_TSV, .delimiter = ',', .null_text = slice_of("7")},
        "-9223372036854775808,1.5,true,plain\n"
        "7,7,7,7\n"
        "9223372036854775807,-inf,false,\n"
        "\\x37,1e+300,true,two\\nlines\\x2C \"it's\"\\\\\\t\n");
}

static void json(void **state)
{
    (void)state;
    assert_written(&(struct record_writer_options){.format = RECORD_FORMAT_JSON},
                   "[{\"id\":-9223372036854775808,\"a,b\":1.5,\"select\":true,\"q\\\"`\":\"plain\"},\n"
                   "{\"id\":null,\"a,b\":null,\"select\":null,\"q\\\"`\":null},\n"
                   "{\"id\":9223372036854775807,\"a,b\":\"-inf\",\"select\":false,\"q\\\"`\":\"\"},\n"
                   "{\"id\":7,\"a,b\":1e+300,\"select\":true,\"q\\\"`\":\"two\\nlines, \\\"it's\\\"\\\\\\t\"}]\n");
}

static void json_lines(void **state)
{
    (void)state;
    assert_written(&(struct record_writer_options){.format = RECORD_FORMAT_JSONL},
                   "{\"id\":-9223372036854775808,\"a,b\":1.5,\"select\":true,\"q\\\"`\":\"plain\"}\n"
                   "{\"id\":null,\"a,b\":null,\"select\":null,\"q\\\"`\":null}\n"
                   "{\"id\":9223372036854775807,\"a,b\":\"-inf\",\"select\":false,\"q\\\"`\":\"\"}\n"
                   "{\"id\":7,\"a,b\":1e+300,\"select\":true,\"q\\\"`\":\"two\\nlines, \\\"it's\\\"\\\\\\t\"}\n");
}

static void insert(void **state)
{
    (void)state;
    assert_written(
        &(struct record_writer_options){
            .format = RECORD_FORMAT_INSERT, .has_header = true, .table = slice_of("t"), .is_reserved = is_keyword},
        "insert into t (id, `a,b`, `select`, `q\"```) values\n"
        "  (-9223372036854775808, 1.5, true, 'plain'),\n"
        "  (null, null, null, null),\n"
        "  (9223372036854775807, cast('-inf' as float), false, ''),\n"
        "  (7, 1e+300, true, \"two\\nlines, \\\"it's\\\"\\\\\\t\");\n");
    assert_written(&(struct record_writer_options){.format = RECORD_FORMAT_INSERT, .table = slice_of("t")},
                   "insert into `t` values\n"
                   "  (-9223372036854775808, 1.5, true, 'plain'),\n"
                   "  (null, null, null, null),\n"
                   "  (9223372036854775807, cast('-inf' as float), false, ''),\n"
                   "  (7, 1e+300, true, \"two\\nlines, \\\"it's\\\"\\\\\\t\");\n");
}

static void control_characters_are_escaped_where_there_are_escapes(void **state)
{
    static const uint16_t only_first[] = {0};
    const struct slice strings[4] = {slice_of("\x01'\x7F\x1B")};
    struct buffer text = {0};

    (void)state;
    write_rows(&(struct record_writer_options){.format = RECORD_FORMAT_INSERT, .table = slice_of("t")}, strings,
               only_first, 1, &text);
    assert_non_null(strstr((char *)text.data, "\"\\u{01}'\\u{7f}\\u{1b}\""));
    buffer_reset(&text);
    write_rows(&(struct record_writer_options){.format = RECORD_FORMAT_JSONL}, strings, only_first, 1, &text);
    assert_non_null(strstr((char *)text.data, "\"\\u0001'\\u007f\\u001b\""));
    buffer_clear(&text);
}

static void only_selected_rows_are_written(void **state)
{
    static const uint16_t selection[] = {1, 3};
    const struct slice strings[4] = {slice_of("a"), slice_of("b"), slice_of("c"), slice_of("d")};
    struct buffer text = {0};

    (void)state;
    write_rows(&(struct record_writer_options){.format = RECORD_FORMAT_CSV}, strings, selection, 2, &text);
    assert_string_equal((char *)text.data, ",,,\n7,1e+300,true,d\n");
    buffer_clear(&text);
}

static void without_rows_there_is_a_header_an_empty_array_or_nothing(void **state)
{
    static const struct {
        struct record_writer_options options;
        const char *expected;
    } cases[] = {{{.format = RECORD_FORMAT_CSV, .has_header = true}, "id,\"a,b\",select,\"q\"\"`\"\n"},
                 {{.format = RECORD_FORMAT_CSV}, ""},
                 {{.format = RECORD_FORMAT_TSV, .has_header = true}, "id\ta,b\tselect\tq\"`\n"},
                 {{.format = RECORD_FORMAT_JSON}, "[]\n"},
                 {{.format = RECORD_FORMAT_JSONL}, ""},
                 {{.format = RECORD_FORMAT_INSERT}, ""}};

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct buffer text = {0};
        write_rows(&cases[i].options, NULL, NULL, 0, &text);
        assert_string_equal((char *)text.data, cases[i].expected);
        buffer_clear(&text);
    }
}

/* One string column, `count` rows of the same text. */
static bool write_many(enum record_format format, struct slice string, uint32_t count, struct byte_sink sink,
                       struct ssql_error *error)
{
    struct record_writer_options options = {.format = format, .table = slice_of("t")};
    struct slice name = slice_of("s");
    struct vector vector = {.type = SSQL_TYPE_STRING, .kind = VECTOR_CONSTANT, .strings = &string};
    struct record_writer *writer;
    bool is_written = true;

    assert_true(record_writer_create(&options, &name, 1, sink, &writer, error));
    while (count > 0 && is_written) {
        uint32_t rows = count < BATCH_CAPACITY ? count : BATCH_CAPACITY;
        struct batch batch = {.columns = &vector, .column_count = 1, .row_count = rows, .selected_count = rows};
        is_written = record_writer_write(writer, &batch, error);
        count -= rows;
    }
    is_written = is_written && record_writer_finish(writer, error);
    record_writer_destroy(writer);
    return is_written;
}

/* Statements of a script, and the most rows and bytes that one of them has. */
static void measure_statements(const struct buffer *text, uint32_t *statements, uint32_t *rows_most, size_t *bytes_most)
{
    uint32_t rows = 0;
    size_t begin = 0;

    *statements = *rows_most = 0;
    *bytes_most = 0;
    for (size_t i = 0; i < text->size; i++) {
        if (text->data[i] == '(')
            rows++;
        if (text->data[i] != ';')
            continue;
        ++*statements;
        *rows_most = rows > *rows_most ? rows : *rows_most;
        *bytes_most = i - begin > *bytes_most ? i - begin : *bytes_most;
        rows = 0;
        begin = i;
    }
}

static void insert_statements_are_bounded(void **state)
{
    struct buffer text = {0};
    struct ssql_error error = {0};
    uint32_t statements, rows;
    size_t bytes;
    char *wide = test_malloc(1000);

    (void)state;
    assert_true(write_many(RECORD_FORMAT_INSERT, slice_of("x"), 1201, buffer_sink_of(&text), &error));
    measure_statements(&text, &statements, &rows, &bytes);
    assert_int_equal(statements, 3);
    assert_int_equal(rows, INSERT_ROWS_MOST);
    buffer_reset(&text);
    memset(wide, 'w', 1000);
    assert_true(write_many(RECORD_FORMAT_INSERT, slice_make(wide, 1000), 1200, buffer_sink_of(&text), &error));
    measure_statements(&text, &statements, &rows, &bytes);
    assert_int_equal(statements, 19);
    assert_in_range(bytes, INSERT_BYTES_MOST, INSERT_BYTES_MOST + 1100);
    test_free(wide);
    buffer_clear(&text);
}

struct narrow_sink {
    uint64_t taken, most;
};

static bool take_some(void *context, struct slice bytes, struct ssql_error *error)
{
    struct narrow_sink *sink = context;

    if (sink->taken + bytes.size > sink->most)
        return error_set(error, SSQL_DISK_FULL, NO_SPAN, "the sink is full");
    sink->taken += bytes.size;
    return true;
}

static void a_sink_that_fails_is_not_called_again(void **state)
{
    struct narrow_sink sink = {.most = 1 << 20};
    struct ssql_error error = {0};

    (void)state;
    for (int format = RECORD_FORMAT_CSV; format <= RECORD_FORMAT_INSERT; format++) {
        sink.taken = 0;
        assert_false(write_many((enum record_format)format, slice_of("some text"), 300000,
                                (struct byte_sink){.write = take_some, .context = &sink}, &error));
        assert_int_equal(error.code, SSQL_DISK_FULL);
        assert_true(sink.taken <= sink.most);
    }
}

static void a_long_text_goes_out_in_pieces(void **state)
{
    enum { LONG = 3 << 20 };
    struct buffer text = {0};
    struct ssql_error error = {0};
    char *quotes = test_malloc(LONG);

    (void)state;
    memset(quotes, '"', LONG);
    assert_true(write_many(RECORD_FORMAT_CSV, slice_make(quotes, LONG), 2, buffer_sink_of(&text), &error));
    assert_int_equal(text.size, 2 * (2 * LONG + 3));
    for (size_t i = 0; i < 2 * LONG + 2; i++)
        if (text.data[i] != '"')
            fail();
    test_free(quotes);
    buffer_clear(&text);
}

static void what_could_not_be_read_back_is_refused(void **state)
{
    const struct slice twice[] = {slice_of("a"), slice_of("b"), slice_of("a")};
    struct buffer text = {0};
    struct record_writer *writer;
    struct ssql_error error = {0};
    struct record_writer_options options = {.format = RECORD_FORMAT_JSON};

    (void)state;
    assert_false(record_writer_create(&options, twice, 3, buffer_sink_of(&text), &writer, &error));
    assert_int_equal(error.code, SSQL_COLUMN_EXISTS);
    assert_string_equal(error.message, "two columns are called \"a\", which json cannot tell apart");
    options = (struct record_writer_options){.format = RECORD_FORMAT_CSV, .null_text = slice_of("a,b")};
    assert_false(record_writer_create(&options, twice, 1, buffer_sink_of(&text), &writer, &error));
    assert_int_equal(error.code, SSQL_BAD_OPTION);
    options = (struct record_writer_options){.format = RECORD_FORMAT_JSONL, .delimiter = ';'};
    assert_false(record_writer_create(&options, twice, 1, buffer_sink_of(&text), &writer, &error));
    assert_int_equal(error.code, SSQL_BAD_OPTION);
    options = (struct record_writer_options){.format = RECORD_FORMAT_TSV, .null_text = slice_make("", 0)};
    struct slice empty = slice_make("", 0);
    struct vector vector = {.type = SSQL_TYPE_STRING, .kind = VECTOR_CONSTANT, .strings = &empty};
    struct batch batch = {.columns = &vector, .column_count = 1, .row_count = 1, .selected_count = 1};
    assert_true(record_writer_create(&options, twice, 1, buffer_sink_of(&text), &writer, &error));
    assert_false(record_writer_write(writer, &batch, &error));
    assert_int_equal(error.code, SSQL_BAD_VALUE);
    record_writer_destroy(writer);
    buffer_clear(&text);
}

static void floats_are_written_as_everywhere(void **state)
{
    static const double some[] = {0.0,
                                  -0.0,
                                  1,
                                  -1,
                                  0.5,
                                  0.1,
                                  0.25,
                                  12.345678,
                                  1e-4,
                                  9.9e-5,
                                  123456789.25,
                                  999999999999999.0,
                                  1e15,
                                  1.0 / 3,
                                  100.01,
                                  0.000123,
                                  33.333333,
                                  1e14 + 0.5,
                                  4503599627370497.5,
                                  0.3,
                                  0.1 + 0.2};

    (void)state;
    for (size_t i = 0; i < sizeof some / sizeof *some; i++) {
        struct slice name = slice_of("f");
        struct record_writer_options options = {.format = RECORD_FORMAT_CSV};
        struct vector vector = {.type = SSQL_TYPE_FLOAT, .kind = VECTOR_CONSTANT, .reals = &some[i]};
        struct batch batch = {.columns = &vector, .column_count = 1, .row_count = 1, .selected_count = 1};
        struct buffer text = {0};
        struct record_writer *writer;
        struct ssql_error error = {0};
        char expected[FLOAT_TEXT_SIZE + 1];
        size_t size = float_format(some[i], expected);
        expected[size] = '\n';
        assert_true(record_writer_create(&options, &name, 1, buffer_sink_of(&text), &writer, &error));
        assert_true(record_writer_write(writer, &batch, &error) && record_writer_finish(writer, &error));
        assert_int_equal(text.size, size + 1);
        assert_memory_equal(text.data, expected, size + 1);
        record_writer_destroy(writer);
        buffer_clear(&text);
    }
}

static void formats_have_names_and_endings(void **state)
{
    enum record_format format;

    (void)state;
    for (int i = RECORD_FORMAT_CSV; i <= RECORD_FORMAT_INSERT; i++) {
        assert_true(record_format_find(slice_of(record_format_name((enum record_format)i)), &format));
        assert_int_equal(format, i);
    }
    assert_true(record_format_find(slice_of("CSV"), &format));
    assert_false(record_format_find(slice_of("cs"), &format));
    assert_true(record_format_of_path("a/b.TSV", &format) && format == RECORD_FORMAT_TSV);
    assert_true(record_format_of_path("x.jsonl.gz", &format) && format == RECORD_FORMAT_JSONL);
    assert_true(record_format_of_path("x.csv.zst", &format) && format == RECORD_FORMAT_CSV);
    assert_true(record_format_of_path("x.sql", &format) && format == RECORD_FORMAT_INSERT);
    assert_false(record_format_of_path("a.csv/b", &format));
    assert_false(record_format_of_path("csv", &format));
    assert_false(record_format_of_path("", &format));
}

static void a_place_goes_before_a_message(void **state)
{
    struct record_place place = {.line = 3, .column = 7};
    struct ssql_error error;

    (void)state;
    error_set(&error, SSQL_BAD_VALUE, NO_SPAN, "it is wrong");
    error_hint(&error, "make it right");
    record_place_prefix("a.csv", &place, &error);
    assert_string_equal(error.message, "a.csv:3:7: it is wrong");
    assert_string_equal(error.hint, "make it right");
    assert_int_equal(error.code, SSQL_BAD_VALUE);
    error_set(&error, SSQL_BAD_VALUE, NO_SPAN, "it is wrong");
    record_place_prefix(NULL, &place, &error);
    assert_string_equal(error.message, "line 3, column 7: it is wrong");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(csv),
        cmocka_unit_test(tsv),
        cmocka_unit_test(json),
        cmocka_unit_test(json_lines),
        cmocka_unit_test(insert),
        cmocka_unit_test(control_characters_are_escaped_where_there_are_escapes),
        cmocka_unit_test(only_selected_rows_are_written),
        cmocka_unit_test(without_rows_there_is_a_header_an_empty_array_or_nothing),
        cmocka_unit_test(insert_statements_are_bounded),
        cmocka_unit_test(a_sink_that_fails_is_not_called_again),
        cmocka_unit_test(a_long_text_goes_out_in_pieces),
        cmocka_unit_test(what_could_not_be_read_back_is_refused),
        cmocka_unit_test(floats_are_written_as_everywhere),
        cmocka_unit_test(formats_have_names_and_endings),
        cmocka_unit_test(a_place_goes_before_a_message),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
