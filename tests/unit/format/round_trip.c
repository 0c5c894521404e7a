/* The law: what is written is read back as the same values, in every format that is read; and the types are guessed
 * back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <float.h>
#include <math.h>
#include <stdlib.h>

#include "format/field_convert.h"
#include "format/record_writer.h"
#include "format/type_guess.h"
#include "support/records.h"

enum { COLUMNS_MOST = 6, ROWS_MOST = 300, TEXTS_MOST = 64 << 10 };

static uint64_t seed;

static uint32_t random_below(uint32_t limit)
{
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)((seed >> 33) % limit);
}

/* ---- random tables ---- */

struct table {
    uint32_t column_count, row_count;
    enum ssql_type types[COLUMNS_MOST];
    struct value values[ROWS_MOST][COLUMNS_MOST];
    char texts[TEXTS_MOST];
    size_t texts_size;
};

static int64_t random_int(void)
{
    static const int64_t odd[] = {0, 1, -1, 9, 10, 99999, INT64_MAX, INT64_MIN, INT64_MAX - 1, 1000000000000000000};

    if (random_below(2) == 0)
        return odd[random_below(sizeof odd / sizeof *odd)];
    int64_t bits = (int64_t)((uint64_t)random_below(1u << 31) << 33 ^ (uint64_t)random_below(1u << 31) << 8);
    return bits >> random_below(63);
}

static double random_float(void)
{
    static const double odd[] = {
        0.0,      -0.0,      1.0,   -1.5,    0.1,     1.0 / 3,      1e15,    1e16,     123456789012345.0,   1e-4,
        0.00012,  9e-5,      1e300, -1e-300, DBL_MAX, -DBL_MAX,     DBL_MIN, 4.9e-324, 0.30000000000000004, 2.5e-7,
        INFINITY, -INFINITY, NAN,   1e22,    1e23,    999999.999999};
    double real;

    switch (random_below(3)) {
    case 0: return odd[random_below(sizeof odd / sizeof *odd)];
    case 1: return ((double)random_below(2000000) - 1000000) / (random_below(2) == 0 ? 100 : 1000);
    default: break;
    }
    uint64_t bits =
        (uint64_t)random_below(1u << 31) << 33 ^ (uint64_t)random_below(1u << 31) << 12 ^ random_below(4096);
    memcpy(&real, &bits, sizeof real);
    return real;
}

static struct slice random_string(struct table *table)
{
    static const char *const parts[] = {"",
                                        "a",
                                        "bob",
                                        ",",
                                        "\"",
                                        "\"\"",
                                        "\n",
                                        "\r",
                                        "\r\n",
                                        "\t",
                                        "\\",
                                        "\\N",
                                        "NA",
                                        " ",
                                        "null",
                                        "1",
                                        "true",
                                        "'",
                                        "\xC3\xA4",
                                        "\xE6\x9D\xB1",
                                        "\x01",
                                        "\x7F",
                                        "\xEF\xBB\xBF",
                                        "\xF0\x9F\x98\x80",
                                        "inf",
                                        "007",
                                        ";",
                                        "{",
                                        "[1]"};
    char *text = table->texts + table->texts_size;
    size_t size = 0;

    for (uint32_t i = random_below(4); i > 0; i--) {
        const char *part = parts[random_below(sizeof parts / sizeof *parts)];
        if (table->texts_size + size + strlen(part) > TEXTS_MOST)
            break;
        memcpy(text + size, part, strlen(part));
        size += strlen(part);
    }
    table->texts_size += size;
    return slice_make(text, size);
}

static struct value random_value(struct table *table, enum ssql_type type)
{
    if (random_below(5) == 0)
        return value_null(type);
    switch (type) {
    case SSQL_TYPE_NULL: break;
    case SSQL_TYPE_INT: return value_int(random_int());
    case SSQL_TYPE_FLOAT: return value_float(random_float());
    case SSQL_TYPE_BOOL: return value_bool(random_below(2) == 0);
    case SSQL_TYPE_STRING: return value_string(random_string(table));
    }
    return value_null(type);
}

static void fill_table(struct table *table)
{
    static const enum ssql_type types[] = {SSQL_TYPE_INT, SSQL_TYPE_STRING, SSQL_TYPE_BOOL, SSQL_TYPE_FLOAT};

    table->column_count = 1 + random_below(COLUMNS_MOST);
    table->row_count = random_below(8) == 0 ? ROWS_MOST : random_below(10);
    table->texts_size = 0;
    for (uint32_t i = 0; i < table->column_count; i++)
        table->types[i] = types[random_below(4)];
    for (uint32_t row = 0; row < table->row_count; row++)
        for (uint32_t i = 0; i < table->column_count; i++)
            table->values[row][i] = random_value(table, table->types[i]);
}

/* ---- writing ---- */

/* Columns of a batch, made of a table's rows. */
struct columns {
    struct vector vectors[COLUMNS_MOST];
    union {
        int64_t integers[ROWS_MOST];
        double reals[ROWS_MOST];
        uint8_t booleans[ROWS_MOST];
        struct slice strings[ROWS_MOST];
    } items[COLUMNS_MOST];
    uint8_t nulls[COLUMNS_MOST][ROWS_MOST];
};

static void fill_column(const struct table *table, uint32_t column, struct columns *columns)
{
    struct vector *vector = &columns->vectors[column];

    *vector = (struct vector){.type = table->types[column], .kind = VECTOR_FLAT, .nulls = columns->nulls[column]};
    for (uint32_t row = 0; row < table->row_count; row++) {
        const struct value *value = &table->values[row][column];
        columns->nulls[column][row] = value->is_null;
        switch (vector->type) {
        case SSQL_TYPE_NULL: break;
        case SSQL_TYPE_INT: columns->items[column].integers[row] = value->integer; break;
        case SSQL_TYPE_FLOAT: columns->items[column].reals[row] = value->real; break;
        case SSQL_TYPE_BOOL: columns->items[column].booleans[row] = value->boolean; break;
        case SSQL_TYPE_STRING: columns->items[column].strings[row] = value->string; break;
        }
    }
    vector->integers = columns->items[column].integers;
}

static const char *const column_names[COLUMNS_MOST] = {"id", "a name", "say \"x\"", "NA", "\xC3\xA4", "tab\there"};

static void write_table(const struct table *table, const struct record_writer_options *options, struct buffer *text)
{
    static struct columns columns;
    struct slice names[COLUMNS_MOST];
    struct record_writer *writer;
    struct ssql_error error = {0};

    for (uint32_t i = 0; i < table->column_count; i++) {
        names[i] = slice_of(column_names[i]);
        fill_column(table, i, &columns);
    }
    assert_true(record_writer_create(options, names, table->column_count, buffer_sink_of(text), &writer, &error));
    struct batch batch = {.columns = columns.vectors,
                          .column_count = table->column_count,
                          .row_count = table->row_count,
                          .selected_count = table->row_count};
    if (table->row_count > 0)
        assert_true(record_writer_write(writer, &batch, &error));
    assert_true(record_writer_finish(writer, &error));
    assert_int_equal(record_writer_rows(writer), table->row_count);
    assert_int_equal(record_writer_bytes(writer), text->size);
    record_writer_destroy(writer);
}

/* ---- reading ---- */

static bool same_bits(const struct value *left, const struct value *right)
{
    if (left->is_null || right->is_null)
        return left->is_null == right->is_null;
    if (left->type == SSQL_TYPE_FLOAT && !isnan(left->real) && signbit(left->real) != signbit(right->real))
        return false;
    return value_compare(left, right) == 0;
}

static void check_batch(const struct table *table, const struct record_batch *batch, uint32_t first)
{
    for (uint32_t i = 0; i < batch->field_count; i++) {
        struct slice name = slice_of(column_names[i]), strings[RECORD_BATCH_MOST];
        uint8_t nulls[RECORD_BATCH_MOST];
        uint32_t failed;
        bool any_null;
        struct ssql_error error = {0};
        enum ssql_type type = table->types[i];
        struct vector vector = {.type = type, .kind = VECTOR_FLAT, .strings = strings, .nulls = nulls};
        assert_true(field_convert_column(batch, i, 0, type, name, strings, nulls, &any_null, &failed, &error));
        for (uint32_t row = 0; row < batch->count; row++) {
            struct value bulk = vector_value(&vector, row), single;
            assert_true(field_convert(record_field(batch, row, i), type, name, &single, &error));
            assert_true(same_bits(&bulk, &table->values[first + row][i]));
            assert_true(same_bits(&single, &bulk));
            assert_true(any_null || !bulk.is_null);
        }
    }
}

/* Whether the guess must be the type: a column of nulls is a string, of infinities alone too; and where ints and
 * floats look alike, or texts like numbers, another type may fit. */
static void check_guess(const struct table *table, const struct type_guess *guess)
{
    for (uint32_t i = 0; i < table->column_count; i++) {
        bool has_value = false, has_null = false, has_number = false;
        for (uint32_t row = 0; row < table->row_count; row++) {
            const struct value *value = &table->values[row][i];
            has_null = has_null || value->is_null;
            has_value = has_value || !value->is_null;
            has_number = has_number || (!value->is_null && (value->type == SSQL_TYPE_INT ||
                                                            (value->type == SSQL_TYPE_FLOAT && isfinite(value->real))));
        }
        enum ssql_type guessed = type_guess_type(guess, i);
        if (table->row_count > 0)
            assert_int_equal(type_guess_has_nulls(guess, i), has_null);
        if (!has_value)
            assert_int_equal(guessed, SSQL_TYPE_STRING);
        else if (table->types[i] == SSQL_TYPE_BOOL || (table->types[i] != SSQL_TYPE_STRING && has_number))
            assert_int_equal(guessed, table->types[i]);
    }
}

static void read_table(const struct table *table, const struct record_writer_options *written, struct slice text)
{
    struct record_reader_options options = {.format = written->format,
                                            .has_header = written->has_header,
                                            .delimiter = written->delimiter,
                                            .null_text = written->null_text,
                                            .window_bytes = random_below(2) == 0 ? 0 : 1 + random_below(500)};
    struct memory_source source = {.bytes = text};
    struct record_reader *reader;
    struct record_batch batch;
    struct type_guess *guess;
    struct ssql_error error = {0};
    enum record_status status;
    uint32_t row_count = 0;

    if (!options.has_header && (written->format == RECORD_FORMAT_CSV || written->format == RECORD_FORMAT_TSV))
        options.expected_count = table->column_count;
    assert_true(record_reader_create(&options, memory_source_of(&source), &reader, &error));
    assert_true(type_guess_create(written->format, &guess, &error));
    while ((status = record_reader_next(reader, &batch, &error)) == RECORDS_READ) {
        assert_int_equal(batch.field_count, table->column_count);
        check_batch(table, &batch, row_count);
        assert_true(type_guess_add(guess, &batch, &error));
        row_count += batch.count;
    }
    if (status != RECORDS_END)
        print_error("%s\n%.*s", error.message, SLICE_PRINT(text));
    assert_int_equal(status, RECORDS_END);
    assert_int_equal(row_count, table->row_count);
    check_guess(table, guess);
    for (uint32_t i = 0; record_reader_has_names(reader) && i < record_reader_column_count(reader); i++)
        assert_true(slice_equal(record_reader_column_name(reader, i), slice_of(column_names[i])));
    type_guess_destroy(guess);
    record_reader_destroy(reader);
}

static void check_many(const struct record_writer_options *options)
{
    static struct table table;
    struct buffer text = {0};

    for (int i = 0; i < 300; i++) {
        buffer_reset(&text);
        fill_table(&table);
        write_table(&table, options, &text);
        read_table(&table, options, buffer_slice(&text));
    }
    buffer_clear(&text);
}

static void csv_comes_back(void **state)
{
    (void)state;
    check_many(&(struct record_writer_options){.format = RECORD_FORMAT_CSV, .has_header = true});
    check_many(&(struct record_writer_options){.format = RECORD_FORMAT_CSV});
}

static void csv_with_another_delimiter_and_null_comes_back(void **state)
{
    (void)state;
    check_many(&(struct record_writer_options){
        .format = RECORD_FORMAT_CSV, .has_header = true, .delimiter = ';', .null_text = slice_of("NA")});
    check_many(&(struct record_writer_options){
        .format = RECORD_FORMAT_CSV, .has_header = true, .delimiter = ' ', .null_text = slice_of("1")});
    check_many(&(struct record_writer_options){.format = RECORD_FORMAT_CSV, .null_text = slice_of("\\N")});
}

static void tsv_comes_back(void **state)
{
    (void)state;
    check_many(&(struct record_writer_options){.format = RECORD_FORMAT_TSV, .has_header = true});
    check_many(&(struct record_writer_options){.format = RECORD_FORMAT_TSV});
    check_many(&(struct record_writer_options){
        .format = RECORD_FORMAT_TSV, .has_header = true, .delimiter = ',', .null_text = slice_of("NA")});
}

static void json_comes_back(void **state)
{
    (void)state;
    check_many(&(struct record_writer_options){.format = RECORD_FORMAT_JSON});
}

static void json_lines_come_back(void **state)
{
    (void)state;
    check_many(&(struct record_writer_options){.format = RECORD_FORMAT_JSONL});
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(csv_comes_back),       cmocka_unit_test(csv_with_another_delimiter_and_null_comes_back),
        cmocka_unit_test(tsv_comes_back),       cmocka_unit_test(json_comes_back),
        cmocka_unit_test(json_lines_come_back),
    };
    const char *chosen = getenv("SSQL_TEST_SEED");

    seed = chosen == NULL ? 20251 : strtoull(chosen, NULL, 10);
    print_message("SSQL_TEST_SEED=%llu\n", (unsigned long long)seed);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
