/* record_fuzzer.c - any bytes as a file of records, in every format. Two bytes in front choose format, options and the
 * size of the reader's window. Whatever the reader hands out is a table; the window's size changes nothing of it. Its
 * guessed types take every value; what the writer makes of it reads back as the same table, and is written the same
 * again. */
#include <assert.h>

#include <stdlib.h>

#include "base/arena.h"
#include "base/utf8.h"
#include "format/field_convert.h"
#include "format/record_reader.h"
#include "format/record_writer.h"
#include "format/type_guess.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { COLUMNS_MOST = 12, ROWS_MOST = 200, LARGEST = 1 << 14 };

struct choice {
    enum record_format format;
    bool has_header;
    char delimiter;
    struct slice null_text;
    size_t window_bytes;
};

static struct choice choose(uint8_t first, uint8_t second)
{
    static const char delimiters[] = {'\0', ';', '|', ' '};
    static const char *const null_texts[] = {NULL, "NA", "\\N", "0"};
    const char *null_text = null_texts[first >> 6];
    struct choice choice = {.format = (enum record_format)(first & 3), .window_bytes = 1 + second};

    if (choice.format > RECORD_FORMAT_TSV)
        return choice;
    choice.has_header = (first >> 2 & 1) != 0;
    choice.delimiter = delimiters[first >> 4 & 3];
    if (null_text != NULL)
        choice.null_text = slice_of(null_text);
    return choice;
}

/* ---- sources and sinks ---- */

struct bytes {
    const uint8_t *data;
    size_t size;
};

static bool give(void *context, uint8_t *bytes, size_t capacity, size_t *size, struct ssql_error *error)
{
    struct bytes *left = context;

    (void)error;
    *size = left->size < capacity ? left->size : capacity;
    if (*size > 0)
        memcpy(bytes, left->data, *size);
    left->data += *size;
    left->size -= *size;
    return true;
}

static bool take(void *context, struct slice bytes, struct ssql_error *error)
{
    struct buffer *buffer = context;

    (void)error;
    buffer_append(buffer, bytes.data, bytes.size);
    assert(!buffer->failed);
    return true;
}

/* ---- tables ---- */

struct table {
    struct arena arena;
    struct slice names[COLUMNS_MOST];
    enum ssql_type types[COLUMNS_MOST];
    uint32_t column_count, row_count, rejected_count;
    struct field fields[ROWS_MOST][COLUMNS_MOST];
    bool is_too_large; /* more than fits here */
    bool is_broken;    /* the file could not be read to its end */
};

static void take_batch(struct table *table, const struct record_batch *batch)
{
    if (batch->field_count > COLUMNS_MOST || table->row_count + batch->count > ROWS_MOST) {
        table->is_too_large = true;
        return;
    }
    for (uint32_t row = 0; row < batch->count; row++, table->row_count++) {
        for (uint32_t i = 0; i < COLUMNS_MOST; i++) {
            struct field *field = &table->fields[table->row_count][i];
            if (i >= batch->field_count) {
                *field = (struct field){.data = (const uint8_t *)"", .kind = FIELD_ABSENT};
                continue;
            }
            *field = *record_field(batch, row, i);
            field->data = arena_copy(&table->arena, field_text(field)).data;
            assert(utf8_valid_prefix(field_text(field)) == field->size && memchr(field->data, 0, field->size) == NULL);
        }
    }
}

static void take_names(struct table *table, const struct record_reader *reader, const struct type_guess *guess)
{
    table->column_count = record_reader_column_count(reader);
    for (uint32_t i = 0; i < table->column_count; i++) {
        table->types[i] = type_guess_type(guess, i);
        if (record_reader_has_names(reader))
            table->names[i] = arena_copy(&table->arena, record_reader_column_name(reader, i));
        else
            table->names[i] = arena_copy(&table->arena, slice_make(&"abcdefghijkl"[i], 1));
    }
}

static void read_table(const struct choice *choice, uint32_t expected_count, struct slice text, struct table *table)
{
    struct record_reader_options options = {.format = choice->format,
                                            .has_header = choice->has_header,
                                            .delimiter = choice->delimiter,
                                            .null_text = choice->null_text,
                                            .expected_count = expected_count,
                                            .window_bytes = choice->window_bytes};
    struct bytes left = {.data = text.data, .size = text.size};
    struct record_reader *reader;
    struct record_batch batch;
    struct type_guess *guess;
    struct ssql_error error = {0};
    enum record_status status;

    *table = (struct table){0};
    arena_init(&table->arena);
    bool is_created =
        record_reader_create(&options, (struct byte_source){.read = give, .context = &left}, &reader, &error);
    assert(is_created);
    bool is_made = type_guess_create(choice->format, &guess, &error);
    assert(is_made);
    while ((status = record_reader_next(reader, &batch, &error)) == RECORDS_READ || status == RECORDS_REJECTED) {
        if (status == RECORDS_REJECTED) {
            assert(error.code != SSQL_OK && record_reader_fault(reader)->place.line > 0);
            table->rejected_count++;
            continue;
        }
        bool is_added = type_guess_add(guess, &batch, &error);
        assert(is_added);
        take_batch(table, &batch);
        for (uint32_t i = 0; i < batch.field_count; i++)
            assert(record_reader_field_place(reader, &batch, batch.count - 1, i).line > 0);
    }
    table->is_broken = status == RECORDS_FAILED;
    table->is_too_large = table->is_too_large || record_reader_column_count(reader) > COLUMNS_MOST;
    if (!table->is_too_large)
        take_names(table, reader, guess);
    type_guess_destroy(guess);
    record_reader_destroy(reader);
}

static void assert_same_tables(const struct table *left, const struct table *right)
{
    assert(left->row_count == right->row_count && left->column_count == right->column_count);
    assert(left->rejected_count == right->rejected_count && left->is_broken == right->is_broken);
    for (uint32_t row = 0; row < left->row_count; row++) {
        for (uint32_t i = 0; i < left->column_count; i++) {
            const struct field *a = &left->fields[row][i], *b = &right->fields[row][i];
            assert(a->kind == b->kind && slice_equal(field_text(a), field_text(b)));
        }
    }
}

/* ---- values ---- */

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

/* False when a nested value is there, which no type takes. */
static bool convert(const struct table *table, struct columns *columns)
{
    struct record_batch batch = {.fields = &table->fields[0][0],
                                 .count = table->row_count,
                                 .field_count = table->column_count,
                                 .stride = COLUMNS_MOST};

    for (uint32_t i = 0; i < table->column_count; i++) {
        struct ssql_error error = {0};
        bool any_null;
        uint32_t failed;
        columns->vectors[i] = (struct vector){.type = table->types[i],
                                              .kind = VECTOR_FLAT,
                                              .strings = columns->items[i].strings,
                                              .nulls = columns->nulls[i]};
        if (!field_convert_column(&batch, i, 0, table->types[i], table->names[i], columns->items[i].strings,
                                  columns->nulls[i], &any_null, &failed, &error)) {
            assert(table->fields[failed][i].kind == FIELD_NESTED);
            return false;
        }
    }
    return true;
}

static bool write_table(const struct choice *choice, const struct table *table, const struct columns *columns,
                        struct buffer *text)
{
    struct record_writer_options options = {.format = choice->format,
                                            .has_header = choice->has_header,
                                            .delimiter = choice->delimiter,
                                            .null_text = choice->null_text};
    struct byte_sink sink = {.write = take, .context = text};
    struct batch batch = {.columns = (struct vector *)columns->vectors,
                          .column_count = table->column_count,
                          .row_count = table->row_count,
                          .selected_count = table->row_count};
    struct record_writer *writer;
    struct ssql_error error = {0};

    if (!record_writer_create(&options, table->names, table->column_count, sink, &writer, &error)) {
        assert(error.code == SSQL_COLUMN_EXISTS);
        return false;
    }
    bool is_written = record_writer_write(writer, &batch, &error) && record_writer_finish(writer, &error);
    assert(is_written);
    record_writer_destroy(writer);
    return true;
}

static bool same_values(const struct table *table, const struct columns *left, const struct columns *right)
{
    for (uint32_t row = 0; row < table->row_count; row++) {
        for (uint32_t i = 0; i < table->column_count; i++) {
            struct value a = vector_value(&left->vectors[i], row), b = vector_value(&right->vectors[i], row);
            if (a.type != b.type || a.is_null != b.is_null || value_compare(&a, &b) != 0)
                return false;
        }
    }
    return true;
}

static void check_round_trip(const struct choice *choice, const struct table *table)
{
    static struct columns columns, columns_again;
    static struct table again;
    struct buffer text = {0}, text_again = {0};
    bool is_delimited = choice->format <= RECORD_FORMAT_TSV;

    if (table->column_count == 0 || table->row_count == 0 || !convert(table, &columns))
        return;
    if (write_table(choice, table, &columns, &text)) {
        read_table(choice, is_delimited && !choice->has_header ? table->column_count : 0, buffer_slice(&text), &again);
        assert(!again.is_broken && !again.is_too_large && again.rejected_count == 0);
        assert(again.column_count == table->column_count && again.row_count == table->row_count);
        for (uint32_t i = 0; i < table->column_count; i++)
            assert(again.types[i] == table->types[i]);
        bool is_converted = convert(&again, &columns_again);
        assert(is_converted && same_values(table, &columns, &columns_again));
        bool is_written = write_table(choice, &again, &columns_again, &text_again);
        assert(is_written && slice_equal(buffer_slice(&text), buffer_slice(&text_again)));
        arena_clear(&again.arena);
    }
    buffer_clear(&text);
    buffer_clear(&text_again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct table table, table_again;

    if (size < 2 || size > LARGEST)
        return 0;
    struct choice choice = choose(data[0], data[1]), usual = choice;
    struct slice text = slice_make(data + 2, size - 2);
    usual.window_bytes = LARGEST;
    read_table(&choice, 0, text, &table);
    read_table(&usual, 0, text, &table_again);
    if (!table.is_too_large) {
        assert_same_tables(&table, &table_again);
        check_round_trip(&choice, &table);
    }
    arena_clear(&table.arena);
    arena_clear(&table_again.arena);
    return 0;
}
