#include "format/type_guess.h"

#include <stdlib.h>

#include "base/utf8.h"
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
    case NUMBER_FORM_NONE: add_word(column, text); break;
    case NUMBER_FORM_INT: add_int(column, text); break;
    case NUMBER_FORM_FLOAT:
        column->can_be_int = column->can_be_bool = false;
        column->can_be_float = column->can_be_float && number_survives_as_float(text);
        column->has_number = true;
        break;
    }
}

static void become_string(struct column_guess *column)
{
    column->can_be_int = column->can_be_float = column->can_be_bool = false;
}

static void add_field(const struct type_guess *guess, struct column_guess *column, const struct field *field)
{
    struct slice text = field_text(field);

    switch ((enum field_kind)field->kind) {
    case FIELD_ABSENT:
    case FIELD_NULL: column->has_nulls = true; return;
    case FIELD_NESTED: become_string(column); break;
    case FIELD_QUOTED:
        if (guess->format != RECORD_FORMAT_CSV) {
            /* JSON's strings are strings, but for the floats that it has no numbers for */
            if (number_form(text) == NUMBER_FORM_NONE && !slice_equal(text, slice_of("true")) &&
                !slice_equal(text, slice_of("false")))
                add_word(column, text);
            else
                become_string(column);
            break;
        }
        add_text(column, text);
        break;
    case FIELD_TEXT:
    case FIELD_INT:
    case FIELD_FLOAT:
    case FIELD_BOOL: add_text(column, text); break;
    }
    column->has_value = true;
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
    guess->has_records = guess->has_records || batch->count > 0;
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

/* ---- names ---- */

static bool is_blank_or_control(uint8_t byte)
{
    return byte <= ' ' || byte == 0x7F;
}

/* Cuts a text to `most` bytes, at a character's end. */
static size_t cut_size(struct slice text, size_t most)
{
    if (text.size <= most)
        return text.size;
    while (most > 0 && (text.data[most] & 0xC0) == 0x80)
        most--;
    return most;
}

/* The header's text without blanks around it and without control characters; at most COLUMN_NAME_MOST bytes. */
static size_t clean_name(struct slice header, uint8_t name[COLUMN_NAME_MOST])
{
    uint8_t *to = name;
    size_t size;

    while (header.size > 0 && is_blank_or_control(header.data[0]))
        header = slice_make(header.data + 1, header.size - 1);
    while (header.size > 0 && is_blank_or_control(header.data[header.size - 1]))
        header.size--;
    for (size_t i = 0; i < header.size; i += size) {
        struct slice rest = slice_make(header.data + i, header.size - i);
        size = utf8_offset(rest, 1);
        if (is_blank_or_control(rest.data[0]) && rest.data[0] != ' ')
            continue;
        if ((size_t)(to - name) + size > COLUMN_NAME_MOST)
            break;
        memcpy(to, rest.data, size);
        to += size;
    }
    return (size_t)(to - name);
}

static uint8_t lower(uint8_t byte)
{
    return byte >= 'A' && byte <= 'Z' ? byte | 0x20 : byte;
}

static uint32_t name_hash(struct slice name)
{
    uint32_t hash = 2166136261u; /* FNV-1a: names are few and short */

    for (size_t i = 0; i < name.size; i++)
        hash = (hash ^ lower(name.data[i])) * 16777619u;
    return hash;
}

static bool same_name(struct slice left, struct slice right)
{
    if (left.size != right.size)
        return false;
    for (size_t i = 0; i < left.size; i++)
        if (lower(left.data[i]) != lower(right.data[i]))
            return false;
    return true;
}

/* The names made so far: slot_count slots, each a position + 1 or 0. */
struct made_names {
    struct slice *names;
    uint32_t *slots;
    uint32_t slot_count; /* a power of two, more than twice the names */
};

static uint32_t *find_slot(const struct made_names *made, struct slice name)
{
    uint32_t slot = name_hash(name) & (made->slot_count - 1);

    while (made->slots[slot] != 0 && !same_name(made->names[made->slots[slot] - 1], name))
        slot = (slot + 1) & (made->slot_count - 1);
    return &made->slots[slot];
}

static size_t append_number(uint8_t name[COLUMN_NAME_MOST], size_t size, uint32_t number)
{
    uint8_t digits[INT_TEXT_SIZE];
    size_t digit_count = number_format_int(number, digits);

    size = cut_size(slice_make(name, size), COLUMN_NAME_MOST - 1 - digit_count);
    name[size++] = '_';
    memcpy(name + size, digits, digit_count);
    return size + digit_count;
}

/* The name of column `position`, distinct from all before it, in the arena. */
static bool make_name(struct made_names *made, const struct slice *headers, uint32_t position, struct arena *arena)
{
    uint8_t plain[COLUMN_NAME_MOST], name[COLUMN_NAME_MOST];
    size_t plain_size = headers == NULL ? 0 : clean_name(headers[position], plain), size;

    if (plain_size == 0) {
        memcpy(plain, "column", 6);
        plain_size = append_number(plain, 6, position + 1);
    }
    memcpy(name, plain, plain_size);
    size = plain_size;
    uint32_t *slot = find_slot(made, slice_make(name, size));
    for (uint32_t number = 2; *slot != 0; number++) {
        memcpy(name, plain, plain_size);
        size = append_number(name, plain_size, number);
        slot = find_slot(made, slice_make(name, size));
    }
    made->names[position] = arena_copy(arena, slice_make(name, size));
    *slot = position + 1;
    return made->names[position].data != NULL;
}

bool column_names_make(const struct slice *headers, uint32_t count, struct arena *arena, struct slice **names,
                       struct ssql_error *error)
{
    struct made_names made = {.slot_count = 16};

    while (made.slot_count < count * 2 + 1)
        made.slot_count *= 2;
    made.names = arena_alloc_array(arena, count == 0 ? 1 : count, sizeof *made.names);
    made.slots = arena_alloc_array(arena, made.slot_count, sizeof *made.slots);
    if (made.names == NULL || made.slots == NULL)
        return error_no_memory(error);
    for (uint32_t i = 0; i < count; i++)
        if (!make_name(&made, headers, i, arena))
            return error_no_memory(error);
    *names = made.names;
    return true;
}
