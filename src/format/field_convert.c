#include "format/field_convert.h"

#include <assert.h>
#include <math.h>

#include "format/letters.h"
#include "format/number_text.h"

/* ---- refusals ---- */

static int shown_size(struct slice text)
{
    size_t shown = text.size;

    if (shown > FIELD_SHOWN_MOST) {
        shown = FIELD_SHOWN_MOST;
        while (shown > 0 && (text.data[shown] & 0xC0) == 0x80)
            shown--;
    }
    return (int)shown;
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

static enum number_outcome read_float(struct slice text, double *real)
{
    struct slice word = text;
    bool is_negative = text.size > 0 && text.data[0] == '-';

    if (is_negative || (text.size > 0 && text.data[0] == '+'))
        word = slice_make(text.data + 1, text.size - 1);
    if (is_word(word, "inf") || is_word(word, "infinity"))
        *real = is_negative ? -INFINITY : INFINITY;
    else if (is_word(word, "nan"))
        *real = NAN;
    else
        return number_read_float(text, real);
    return NUMBER_READ;
}

bool field_convert(const struct field *field, enum ssql_type type, struct slice column_name, struct value *value,
                   struct ssql_error *error)
{
    enum number_outcome outcome = NUMBER_WRONG;
    struct slice text = field_text(field);

    assert(type != SSQL_TYPE_NULL);
    *value = value_null(type);
    if (field->kind == FIELD_NULL || field->kind == FIELD_ABSENT)
        return true;
    value->is_null = false;
    if (field->kind == FIELD_NESTED)
        return refuse(field, type, column_name, false, error);
    switch (type) {
    case SSQL_TYPE_NULL: break;
    case SSQL_TYPE_INT:
        outcome = field->kind == FIELD_BOOL ? NUMBER_WRONG : number_read_int(trim_blanks(text), &value->integer);
        break;
    case SSQL_TYPE_FLOAT: outcome = read_float(trim_blanks(text), &value->real); break;
    case SSQL_TYPE_BOOL: outcome = read_bool(field, trim_blanks(text), &value->boolean); break;
    case SSQL_TYPE_STRING: value->string = text; return true;
    }
    if (outcome == NUMBER_NO_MEMORY)
        return error_no_memory(error);
    return outcome == NUMBER_READ || refuse(field, type, column_name, outcome == NUMBER_TOO_LARGE, error);
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

static uint32_t convert_ints(struct conversion *conversion, uint32_t row, int64_t *items)
{
    for (; row < conversion->count; row++) {
        const struct field *field = field_at(conversion, row);
        items[row] = 0;
        if (!take_null(conversion, field, row) &&
            (field->kind > FIELD_INT || number_read_int(field_text(field), &items[row]) != NUMBER_READ))
            break;
    }
    return row;
}

static uint32_t convert_floats(struct conversion *conversion, uint32_t row, double *items)
{
    for (; row < conversion->count; row++) {
        const struct field *field = field_at(conversion, row);
        items[row] = 0;
        if (!take_null(conversion, field, row) &&
            (field->kind > FIELD_FLOAT || number_read_float(field_text(field), &items[row]) != NUMBER_READ))
            break;
    }
    return row;
}

static uint32_t convert_bools(struct conversion *conversion, uint32_t row, uint8_t *items)
{
    for (; row < conversion->count; row++) {
        const struct field *field = field_at(conversion, row);
        bool boolean = false;
        if (!take_null(conversion, field, row) && read_bool(field, field_text(field), &boolean) != NUMBER_READ)
            break;
        items[row] = boolean;
    }
    return row;
}

static uint32_t convert_strings(struct conversion *conversion, uint32_t row, struct slice *items)
{
    for (; row < conversion->count; row++) {
        const struct field *field = field_at(conversion, row);
        if (field->kind == FIELD_NESTED)
            break;
        items[row] = take_null(conversion, field, row) ? slice_make(NULL, 0) : field_text(field);
    }
    return row;
}

static uint32_t convert_quickly(struct conversion *conversion, uint32_t row, enum ssql_type type, void *items)
{
    switch (type) {
    case SSQL_TYPE_NULL: break;
    case SSQL_TYPE_INT: return convert_ints(conversion, row, items);
    case SSQL_TYPE_FLOAT: return convert_floats(conversion, row, items);
    case SSQL_TYPE_BOOL: return convert_bools(conversion, row, items);
    case SSQL_TYPE_STRING: return convert_strings(conversion, row, items);
    }
    return row;
}

static void store(const struct value *value, uint32_t row, void *items)
{
    switch (value->type) {
    case SSQL_TYPE_NULL: break;
    case SSQL_TYPE_INT: ((int64_t *)items)[row] = value->integer; break;
    case SSQL_TYPE_FLOAT: ((double *)items)[row] = value->real; break;
    case SSQL_TYPE_BOOL: ((uint8_t *)items)[row] = value->boolean; break;
    case SSQL_TYPE_STRING: ((struct slice *)items)[row] = value->string; break;
    }
}

bool field_convert_column(const struct record_batch *batch, uint32_t column, uint32_t first, enum ssql_type type,
                          struct slice column_name, void *items, uint8_t *nulls, bool *any_null, uint32_t *failed_row,
                          struct ssql_error *error)
{
    struct conversion conversion = {.fields = &batch->fields[column],
                                    .stride = batch->stride,
                                    .count = batch->count,
                                    .nulls = nulls,
                                    .any_null = first > 0 && *any_null};
    uint32_t row = first;

    assert(type != SSQL_TYPE_NULL && column < batch->field_count);
    while ((row = convert_quickly(&conversion, row, type, items)) < batch->count) {
        struct value value;
        *any_null = conversion.any_null;
        *failed_row = row;
        if (!field_convert(field_at(&conversion, row), type, column_name, &value, error))
            return false;
        store(&value, row, items);
        row++;
    }
    *any_null = conversion.any_null;
    return true;
}
