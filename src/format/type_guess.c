#include "format/type_guess.h"

#include <stdlib.h>

#include "format/number_text.h"

/* What is still possible for a column, after the values seen so far. */
struct column_guess {
    bool can_be_int, can_be_float, can_be_bool;
    bool has_number; /* a float column of inf and nan alone may be words */
    bool has_value;
    bool has_nulls;
};

struct type_guess {
    enum record_format format;
    struct column_guess *columns;
    uint32_t column_count;
    bool has_records;
};

bool type_guess_create(enum record_format format, struct type_guess **out, struct ssql_error *error)
{
    *out = calloc(1, sizeof **out);
    if (*out == NULL)
        return error_no_memory(error);
    (*out)->format = format;
    return true;
}

void type_guess_destroy(struct type_guess *guess)
{
    if (guess == NULL)
        return;
    free(guess->columns);
    free(guess);
}

/* A column that comes late was absent before. */
static bool add_columns(struct type_guess *guess, uint32_t count, struct ssql_error *error)
{
    if (count <= guess->column_count)
        return true;
    struct column_guess *columns = realloc(guess->columns, count * sizeof *columns);
    if (columns == NULL)
        return error_no_memory(error);
    for (uint32_t i = guess->column_count; i < count; i++)
        columns[i] = (struct column_guess){
            .can_be_int = true, .can_be_float = true, .can_be_bool = true, .has_nulls = guess->has_records};
    guess->columns = columns;
    guess->column_count = count;
    return true;
}

static void add_int(struct column_guess *column, struct slice text)
{
    int64_t integer;

    column->can_be_int =
        column->can_be_int && number_read_int(text, &integer) == NUMBER_READ && !(integer == 0 && text.data[0] == '-');
    /* up to 15 digits every int is a double */
    column->can_be_float = column->can_be_float && (text.size <= 15 || number_survives_as_float(text));
    column->can_be_bool = false;
    column->has_number = true;
}

static void add_word(struct column_guess *column, struct slice text)
{
    column->can_be_int = false;
    column->can_be_bool =
        column->can_be_bool && (slice_equal(text, slice_of("true")) || slice_equal(text, slice_of("false")));
    column->can_be_float =
        column->can_be_float && (slice_equal(text, slice_of("inf")) || slice_equal(text, slice_of("-inf")) ||
                                 slice_equal(text, slice_of("nan")));
}

static void add_text(struct column_guess *column, struct slice text)
{
    switch (number_form(text)) {
    case NUMBER_FORM_NONE: add_word(column, text); return;
    case NUMBER_FORM_INT: add_int(column, text); return;
    case NUMBER_FORM_FLOAT:;
    }
    column->can_be_int = column->can_be_bool = false;
    column->can_be_float = column->can_be_float && number_survives_as_float(text);
    column->has_number = true;
}

static void become_string(struct column_guess *column)
{
    column->can_be_int = column->can_be_float = column->can_be_bool = false;
}

/* JSON's strings are strings, but for the floats that it has no numbers for. */
static void add_json_string(struct column_guess *column, struct slice text)
{
    if (number_form(text) == NUMBER_FORM_NONE && !slice_equal(text, slice_of("true")) &&
        !slice_equal(text, slice_of("false")))
        add_word(column, text);
    else
        become_string(column);
}

static void add_field(const struct type_guess *guess, struct column_guess *column, const struct field *field)
{
    if (field->kind <= FIELD_NULL) {
        column->has_nulls = true;
        return;
    }
    column->has_value = true;
    if (field->kind == FIELD_NESTED)
        become_string(column);
    else if (field->kind == FIELD_QUOTED && guess->format != RECORD_FORMAT_CSV)
        add_json_string(column, field_text(field));
    else
        add_text(column, field_text(field));
}

static bool is_string_already(const struct column_guess *column)
{
    return !column->can_be_int && !column->can_be_float && !column->can_be_bool;
}

bool type_guess_add(struct type_guess *guess, const struct record_batch *batch, struct ssql_error *error)
{
    if (!add_columns(guess, batch->field_count, error))
        return false;
    for (uint32_t i = 0; i < batch->field_count; i++) {
        struct column_guess *column = &guess->columns[i];
        uint32_t row = 0;
        for (; row < batch->count && !is_string_already(column); row++)
            add_field(guess, column, record_field(batch, row, i));
        for (; row < batch->count && !column->has_nulls; row++)
            column->has_nulls = record_field(batch, row, i)->kind <= FIELD_NULL;
    }
    guess->has_records = true;
    return true;
}

enum ssql_type type_guess_type(const struct type_guess *guess, uint32_t column)
{
    const struct column_guess *found = column < guess->column_count ? &guess->columns[column] : NULL;

    if (found == NULL || !found->has_value)
        return SSQL_TYPE_STRING;
    if (found->can_be_int)
        return SSQL_TYPE_INT;
    if (found->can_be_float && found->has_number)
        return SSQL_TYPE_FLOAT;
    return found->can_be_bool ? SSQL_TYPE_BOOL : SSQL_TYPE_STRING;
}

bool type_guess_has_nulls(const struct type_guess *guess, uint32_t column)
{
    return column >= guess->column_count || guess->columns[column].has_nulls;
}
