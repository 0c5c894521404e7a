#include "format/field_convert.h"

#include <assert.h>
#include <math.h>
#include <stddef.h>

#include "base/utf8.h"
#include "format/letters.h"
#include "format/number_text.h"

/* ---- refusals ---- */

static int shown_size(struct slice text)
{
    return (int)(text.size <= FIELD_SHOWN_MOST ? text.size
                                               : utf8_valid_prefix(slice_make(text.data, FIELD_SHOWN_MOST)));
}

static bool refuse(const struct field *field, enum ssql_type type, struct slice column_name, bool is_too_large,
                   struct ssql_error *error)
{
    struct slice text = field_text(field);
    int shown = shown_size(text);
    const char *dots = (size_t)shown < text.size ? "..." : "";
    const char *article = type == SSQL_TYPE_INT ? "an" : "a";
    enum ssql_code code = is_too_large ? SSQL_OUT_OF_RANGE : SSQL_BAD_VALUE;

    if (field->kind == FIELD_NESTED) {
        error_set(error, SSQL_TYPE_MISMATCH, NO_SPAN, "column \"%.*s\": a nested value %.*s%s is no %s",
                  SLICE_PRINT(column_name), shown, (const char *)text.data, dots, type_name(type));
        return error_hint(error, "values are numbers, strings, true, false and null");
    }
    return error_set(error, code, NO_SPAN, "column \"%.*s\": \"%.*s%s\" %s %s %s", SLICE_PRINT(column_name), shown,
                     (const char *)text.data, dots, is_too_large ? "does not fit in" : "is not", article,
                     type_name(type));
}

/* ---- one field ---- */

static struct slice trim_blanks(struct slice text)
{
    while (text.size > 0 && (text.data[0] == ' ' || text.data[0] == '\t'))
        text = slice_make(text.data + 1, text.size - 1);
    while (text.size > 0 && (text.data[text.size - 1] == ' ' || text.data[text.size - 1] == '\t'))
        text.size--;
    return text;
}

static enum number_outcome read_bool(const struct field *field, struct slice text, bool *boolean)
{
    bool is_number = field->kind == FIELD_INT || field->kind == FIELD_FLOAT;

    if (!is_number && (is_word(text, "true") || is_word(text, "t") || is_word(text, "1")))
        *boolean = true;
    else if (!is_number && (is_word(text, "false") || is_word(text, "f") || is_word(text, "0")))
        *boolean = false;
    else
        return NUMBER_WRONG;
    return NUMBER_READ;
}

static enum number_outcome take_int(const struct field *field, struct slice text, struct value *value)
{
    return field->kind == FIELD_BOOL ? NUMBER_WRONG : number_read_int(trim_blanks(text), &value->integer);
}

static enum number_outcome take_float(const struct field *field, struct slice text, struct value *value)
{
    struct slice number = trim_blanks(text), word = number;
    bool is_negative = number.size > 0 && number.data[0] == '-';

    (void)field;
    if (is_negative || (number.size > 0 && number.data[0] == '+'))
        word = slice_make(number.data + 1, number.size - 1);
    if (is_word(word, "inf") || is_word(word, "infinity"))
        value->real = is_negative ? -INFINITY : INFINITY;
    else if (is_word(word, "nan"))
        value->real = NAN;
    else
        return number_read_float(number, &value->real);
    return NUMBER_READ;
}

static enum number_outcome take_bool(const struct field *field, struct slice text, struct value *value)
{
    return read_bool(field, trim_blanks(text), &value->boolean);
}

static enum number_outcome take_string(const struct field *field, struct slice text, struct value *value)
{
    (void)field;
    value->string = text;
    return NUMBER_READ;
}

bool field_convert(const struct field *field, enum ssql_type type, struct slice column_name, struct value *value,
                   struct ssql_error *error)
{
    static enum number_outcome (*const takers[])(const struct field *, struct slice,
                                                 struct value *) = {[SSQL_TYPE_INT] = take_int,
                                                                    [SSQL_TYPE_FLOAT] = take_float,
                                                                    [SSQL_TYPE_BOOL] = take_bool,
                                                                    [SSQL_TYPE_STRING] = take_string};

    assert(type != SSQL_TYPE_NULL);
    *value = value_null(type);
    if (field->kind <= FIELD_NULL)
        return true;
    value->is_null = false;
    if (field->kind == FIELD_NESTED)
        return refuse(field, type, column_name, false, error);
    enum number_outcome outcome = takers[type](field, field_text(field), value);
    if (outcome == NUMBER_NO_MEMORY)
        return error_no_memory(error);
    if (outcome != NUMBER_READ)
        return refuse(field, type, column_name, outcome == NUMBER_TOO_LARGE, error);
    return true;
}

/* ---- columns ---- */

/* A column of a batch on its way into an array. The loops below go from `row` on and stop behind the last row, or at
 * one that needs a closer look; no call through a pointer, and no struct value, per row. */
struct conversion {
    const struct field *fields; /* of the column's first record */
    uint32_t stride;
    uint32_t count;
    uint8_t *nulls;
    bool any_null;
};

static inline const struct field *field_at(const struct conversion *conversion, uint32_t row)
{
    return conversion->fields + (size_t)row * conversion->stride;
}

/* Notes whether a row is null. */
static inline bool take_null(struct conversion *conversion, const struct field *field, uint32_t row)
{
    bool is_null = field->kind <= FIELD_NULL;

    conversion->nulls[row] = is_null;
    conversion->any_null = conversion->any_null || is_null;
    return is_null;
}

static uint32_t convert_ints(struct conversion *conversion, uint32_t row, void *column)
{
    int64_t *items = column;

    for (; row < conversion->count; row++) {
        const struct field *field = field_at(conversion, row);
        items[row] = 0;
        if (!take_null(conversion, field, row) &&
            (field->kind > FIELD_INT || number_read_int(field_text(field), &items[row]) != NUMBER_READ))
            break;
    }
    return row;
}

static uint32_t convert_floats(struct conversion *conversion, uint32_t row, void *column)
{
    double *items = column;

    for (; row < conversion->count; row++) {
        const struct field *field = field_at(conversion, row);
        items[row] = 0;
        if (!take_null(conversion, field, row) &&
            (field->kind > FIELD_FLOAT || number_read_float(field_text(field), &items[row]) != NUMBER_READ))
            break;
    }
    return row;
}

static uint32_t convert_bools(struct conversion *conversion, uint32_t row, void *column)
{
    uint8_t *items = column;

    for (; row < conversion->count; row++) {
        const struct field *field = field_at(conversion, row);
        bool boolean = false;
        if (!take_null(conversion, field, row) && read_bool(field, field_text(field), &boolean) != NUMBER_READ)
            break;
        items[row] = boolean;
    }
    return row;
}

static uint32_t convert_strings(struct conversion *conversion, uint32_t row, void *column)
{
    struct slice *items = column;

    for (; row < conversion->count; row++) {
        const struct field *field = field_at(conversion, row);
        if (field->kind == FIELD_NESTED)
            break;
        items[row] = take_null(conversion, field, row) ? slice_make(NULL, 0) : field_text(field);
    }
    return row;
}

/* How a column of a type is filled. */
static const struct column_type {
    uint32_t (*convert)(struct conversion *conversion, uint32_t row, void *column);
    size_t item_size; /* of the beginning of a value's union */
} column_types[] = {
    [SSQL_TYPE_INT] = {convert_ints, sizeof(int64_t)},
    [SSQL_TYPE_FLOAT] = {convert_floats, sizeof(double)},
    [SSQL_TYPE_BOOL] = {convert_bools, sizeof(uint8_t)},
    [SSQL_TYPE_STRING] = {convert_strings, sizeof(struct slice)},
};

bool field_convert_column(const struct record_batch *batch, uint32_t column, uint32_t first, enum ssql_type type,
                          struct slice column_name, void *items, uint8_t *nulls, bool *any_null, uint32_t *failed_row,
                          struct ssql_error *error)
{
    struct conversion conversion = {.fields = &batch->fields[column],
                                    .stride = batch->stride,
                                    .count = batch->count,
                                    .nulls = nulls,
                                    .any_null = first > 0 && *any_null};
    const struct column_type *column_type = &column_types[type];
    uint32_t row = first;

    assert(type != SSQL_TYPE_NULL && column < batch->field_count);
    while ((row = column_type->convert(&conversion, row, items)) < batch->count) {
        struct value value;
        *any_null = conversion.any_null;
        *failed_row = row;
        if (!field_convert(field_at(&conversion, row), type, column_name, &value, error))
            return false;
        memcpy((uint8_t *)items + row * column_type->item_size, (uint8_t *)&value + offsetof(struct value, integer),
               column_type->item_size);
        row++;
    }
    *any_null = conversion.any_null;
    return true;
}
