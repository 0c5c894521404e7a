#include "parser/literal_rows.h"

#include <math.h>
#include <stdlib.h>

#include "base/bytes.h"
#include "base/utf8.h"
#include "parser/parser.h"

enum {
    FIRST_VALUES = 64,
    KEPT_BYTES = 1 << 20,                                      /* of the values, from statement to statement */
    VALUES_MOST = TREE_SIZE_LIMIT / (int)sizeof(struct value), /* of one statement */
    FLOAT_SIZE_MOST = 64,
    DIGITS_MOST = 18, /* of an int: so many fit, whichever they are; the rare longer ones are left to the grammar */
};

void literal_rows_reset(struct literal_rows *rows)
{
    if (rows->capacity * sizeof *rows->values > KEPT_BYTES) {
        free(rows->values);
        rows->values = NULL;
        rows->capacity = 0;
    }
    rows->count = 0;
    rows->row_count = rows->width = 0;
    if (rows->unquoted.used_bytes > 0)
        arena_reset(&rows->unquoted);
}

void literal_rows_clear(struct literal_rows *rows)
{
    free(rows->values);
    arena_clear(&rows->unquoted);
    *rows = (struct literal_rows){0};
}

static bool grow(struct literal_rows *rows)
{
    size_t capacity = rows->capacity == 0 ? FIRST_VALUES : rows->capacity * 2;

    if (capacity > VALUES_MOST)
        return false;
    struct value *values = realloc(rows->values, capacity * sizeof *values);
    if (values == NULL)
        return false;
    rows->values = values;
    rows->capacity = capacity;
    return true;
}

/* ---- the text ---- */

/* What is left of the text. */
struct cursor {
    const char *next, *end;
};

static inline void skip_blanks(struct cursor *cursor)
{
    while (cursor->next < cursor->end && (*cursor->next == ' ' || (*cursor->next >= '\t' && *cursor->next <= '\r')))
        cursor->next++;
}

static inline bool take_byte(struct cursor *cursor, char byte)
{
    if (cursor->next == cursor->end || *cursor->next != byte)
        return false;
    cursor->next++;
    return true;
}

static inline bool is_digit(char byte)
{
    return byte >= '0' && byte <= '9';
}

/* ---- strings ---- */

static const uint64_t every_byte = 0x0101010101010101u, every_high_bit = 0x8080808080808080u;

/* Marks the high bit of the first byte that is zero, and perhaps of later ones. */
static inline uint64_t mark_zero(uint64_t word)
{
    return (word - every_byte) & ~word & every_high_bit;
}

/* The first byte that is a quote, zero, or no ASCII. */
static inline const char *find_special(const char *next, const char *end)
{
    for (; end - next >= 8; next += 8) {
        uint64_t word = load_u64le(next);
        uint64_t marks = mark_zero(word ^ every_byte * '\'') | mark_zero(word) | (word & every_high_bit);
        if (marks != 0)
            return next + __builtin_ctzll(marks) / 8;
    }
    while (next < end && *next != '\'' && *next > 0)
        next++;
    return next;
}

/* The quote that ends a string which begins at `begin`; NULL when there is none, or what it holds is no text. */
static const char *find_closing_quote(const char *begin, const char *end, bool *is_doubled)
{
    const char *next = begin;

    for (;;) {
        next = memchr(next, '\'', (size_t)(end - next));
        if (next == NULL)
            return NULL;
        if (end - next < 2 || next[1] != '\'')
            break;
        *is_doubled = true;
        next += 2;
    }
    struct slice text = slice_make(begin, (size_t)(next - begin));
    if (memchr(begin, '\0', text.size) != NULL || utf8_valid_prefix(text) != text.size)
        return NULL;
    return next;
}

/* A copy with each doubled quote once. */
static bool unquote(struct literal_rows *rows, struct slice *string)
{
    uint8_t *bytes = arena_alloc(&rows->unquoted, string->size);
    size_t used = 0;

    if (bytes == NULL)
        return false;
    for (size_t i = 0; i < string->size; i++) {
        bytes[used++] = string->data[i];
        if (string->data[i] == '\'')
            i++;
    }
    *string = slice_make(bytes, used);
    return true;
}

static bool read_string(struct literal_rows *rows, struct cursor *cursor, struct value *value)
{
    const char *begin = cursor->next + 1, *close = find_special(begin, cursor->end);
    bool is_doubled = false;

    if (close == cursor->end || *close != '\'' || (cursor->end - close > 1 && close[1] == '\''))
        close = find_closing_quote(begin, cursor->end, &is_doubled);
    if (close == NULL)
        return false;
    value->type = SSQL_TYPE_STRING;
    value->is_null = false;
    value->string = slice_make(begin, (size_t)(close - begin));
    cursor->next = close + 1;
    return !is_doubled || unquote(rows, &value->string);
}

/* ---- numbers ---- */

/* With a point or an exponent. The text up to there has been looked at: it begins at `begin`. */
static bool read_float(struct cursor *cursor, const char *begin, bool is_negative, struct value *value)
{
    char text[FLOAT_SIZE_MOST + 1];
    const char *next = begin;
    struct ssql_error ignored;
    double real;

    while (next < cursor->end && is_digit(*next))
        next++;
    if (next < cursor->end && *next == '.')
        for (next++; next < cursor->end && is_digit(*next);)
            next++;
    if (next < cursor->end && (*next | 0x20) == 'e') {
        next++;
        next += next < cursor->end && (*next == '+' || *next == '-');
        if (next == cursor->end || !is_digit(*next))
            return false;
        while (next < cursor->end && is_digit(*next))
            next++;
    }
    size_t size = (size_t)(next - begin);
    if (size > FLOAT_SIZE_MOST)
        return false;
    memcpy(text, begin, size);
    text[size] = '\0';
    if (!float_parse(text, &real, &ignored) || isinf(real))
        return false;
    *value = value_float(is_negative ? -real : real);
    cursor->next = next;
    return true;
}

static bool read_number(struct cursor *cursor, struct value *value)
{
    bool is_negative = take_byte(cursor, '-');
    const char *begin = cursor->next, *next = begin;
    uint64_t magnitude = 0;

    for (; next < cursor->end && is_digit(*next); next++)
        magnitude = magnitude * 10 + (uint64_t)(*next - '0');
    if (next == begin || next - begin > DIGITS_MOST)
        return false;
    if (next < cursor->end && (*next == '.' || (*next | 0x20) == 'e'))
        return read_float(cursor, begin, is_negative, value);
    value->type = SSQL_TYPE_INT;
    value->is_null = false;
    value->integer = (int64_t)(is_negative ? 0 - magnitude : magnitude);
    cursor->next = next;
    return true;
}

/* ---- words ---- */

static inline bool take_word(struct cursor *cursor, const char *word, size_t size)
{
    if ((size_t)(cursor->end - cursor->next) < size)
        return false;
    for (size_t i = 0; i < size; i++)
        if ((cursor->next[i] | 0x20) != word[i])
            return false;
    cursor->next += size;
    return true;
}

static bool read_word(struct cursor *cursor, struct value *value)
{
    if (take_word(cursor, "true", 4))
        *value = value_bool(true);
    else if (take_word(cursor, "false", 5))
        *value = value_bool(false);
    else if (take_word(cursor, "null", 4))
        *value = value_null(SSQL_TYPE_NULL);
    else
        return false;
    return true;
}

/* ---- rows ---- */

/* A literal goes as far as its kind does; what follows it tells whether it was one. */
static bool read_value(struct literal_rows *rows, struct cursor *cursor)
{
    if (cursor->next == cursor->end || (rows->count == rows->capacity && !grow(rows)))
        return false;
    struct value *value = &rows->values[rows->count];
    bool is_read = *cursor->next == '\''                             ? read_string(rows, cursor, value)
                   : is_digit(*cursor->next) || *cursor->next == '-' ? read_number(cursor, value)
                                                                     : read_word(cursor, value);
    rows->count += is_read;
    return is_read;
}

static bool read_row(struct literal_rows *rows, struct cursor *cursor)
{
    size_t first = rows->count;

    if (!take_byte(cursor, '('))
        return false;
    for (;;) {
        skip_blanks(cursor);
        if (!read_value(rows, cursor))
            return false;
        skip_blanks(cursor);
        if (take_byte(cursor, ','))
            continue;
        if (!take_byte(cursor, ')'))
            return false;
        break;
    }
    if (rows->row_count++ == 0)
        rows->width = (uint32_t)(rows->count - first);
    return rows->count - first == rows->width;
}

bool literal_rows_read(struct literal_rows *rows, const char *text, size_t length, size_t *offset)
{
    struct cursor cursor = {text + *offset, text + length};

    do {
        skip_blanks(&cursor);
        if (!read_row(rows, &cursor))
            return false;
        *offset = (size_t)(cursor.next - text);
        skip_blanks(&cursor);
    } while (take_byte(&cursor, ','));
    return true;
}

bool literal_rows_read_value(struct literal_rows *rows, const char *text, size_t length, size_t *offset)
{
    struct cursor cursor = {text + *offset, text + length};
    bool is_read = read_value(rows, &cursor);

    *offset = (size_t)(cursor.next - text);
    return is_read;
}
