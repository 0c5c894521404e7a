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

/* What follows reads at `at`, before `end`, and returns where it ended; NULL: this is no such literal. */

static inline const char *skip_blanks(const char *at, const char *end)
{
    while (at < end && (*at == ' ' || (*at >= '\t' && *at <= '\r')))
        at++;
    return at;
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

/* The first byte that is the quote, zero, or no ASCII; a backslash, too, where the quote is a double one. */
static inline const char *find_special(const char *next, const char *end, char quote)
{
    char escape = quote == '"' ? '\\' : quote;

    for (; end - next >= 8; next += 8) {
        uint64_t word = load_u64le(next);
        uint64_t marks = mark_zero(word ^ every_byte * (uint8_t)quote) | mark_zero(word) | (word & every_high_bit);
        if (escape != quote)
            marks |= mark_zero(word ^ every_byte * (uint8_t)escape);
        if (marks != 0)
            return next + __builtin_ctzll(marks) / 8;
    }
    while (next<end && * next != quote && * next != escape && * next> 0)
        next++;
    return next;
}

/* Whether the bytes of a string are text. */
static bool is_text(const char *begin, const char *end)
{
    struct slice text = slice_make(begin, (size_t)(end - begin));

    return memchr(begin, '\0', text.size) == NULL && utf8_valid_prefix(text) == text.size;
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
    return is_text(begin, next) ? next : NULL;
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

static inline const char *read_string(struct literal_rows *rows, const char *at, const char *end, struct value *value)
{
    const char *begin = at + 1, *close = find_special(begin, end, '\'');
    bool is_doubled = false;

    if (close == end || *close != '\'' || (end - close > 1 && close[1] == '\''))
        close = find_closing_quote(begin, end, &is_doubled);
    if (close == NULL)
        return NULL;
    value->type = SSQL_TYPE_STRING;
    value->is_null = false;
    value->string = slice_make(begin, (size_t)(close - begin));
    return is_doubled && !unquote(rows, &value->string) ? NULL : close + 1;
}

/* In double quotes. With an escape or a doubled quote in it, it is left to the grammar. */
static const char *read_quoted(const char *at, const char *end, struct value *value)
{
    const char *begin = at + 1, *close = find_special(begin, end, '"');

    if (close < end && *close < 0) {
        close = memchr(close, '"', (size_t)(end - close));
        if (close == NULL || memchr(begin, '\\', (size_t)(close - begin)) != NULL || !is_text(begin, close))
            return NULL;
    }
    if (close == end || *close != '"' || (end - close > 1 && close[1] == '"'))
        return NULL;
    value->type = SSQL_TYPE_STRING;
    value->is_null = false;
    value->string = slice_make(begin, (size_t)(close - begin));
    return close + 1;
}

/* ---- numbers ---- */

static const char *skip_digits(const char *at, const char *end)
{
    while (at < end && is_digit(*at))
        at++;
    return at;
}

/* With a point or an exponent behind its first digits, of which `begin` is the first. */
static const char *read_float(const char *begin, const char *end, bool is_negative, struct value *value)
{
    char text[FLOAT_SIZE_MOST + 1];
    const char *next = skip_digits(begin, end);
    struct ssql_error ignored;
    double real;

    if (*next == '.')
        next = skip_digits(next + 1, end);
    if (next < end && (*next | 0x20) == 'e') {
        next++;
        next += next < end && (*next == '+' || *next == '-');
        if (next == end || !is_digit(*next))
            return NULL;
        next = skip_digits(next, end);
    }
    size_t size = (size_t)(next - begin);
    if (size > FLOAT_SIZE_MOST)
        return NULL;
    memcpy(text, begin, size);
    text[size] = '\0';
    if (!float_parse(text, &real, &ignored) || isinf(real))
        return NULL;
    *value = value_float(is_negative ? -real : real);
    return next;
}

static inline const char *read_number(const char *at, const char *end, struct value *value)
{
    bool is_negative = *at == '-';
    const char *begin = at + is_negative, *next = begin;
    uint64_t magnitude = 0;

    for (; next < end && is_digit(*next); next++)
        magnitude = magnitude * 10 + (uint64_t)(*next - '0');
    if (next == begin)
        return NULL;
    if (next < end && (*next == '.' || (*next | 0x20) == 'e'))
        return read_float(begin, end, is_negative, value);
    if (next - begin > DIGITS_MOST)
        return NULL;
    value->type = SSQL_TYPE_INT;
    value->is_null = false;
    value->integer = (int64_t)(is_negative ? 0 - magnitude : magnitude);
    return next;
}

/* ---- words ---- */

static inline bool word_is(const char *at, const char *end, const char *word, ptrdiff_t size)
{
    if (end - at < size)
        return false;
    for (ptrdiff_t i = 0; i < size; i++)
        if ((at[i] | 0x20) != word[i])
            return false;
    return true;
}

static inline const char *read_word(const char *at, const char *end, struct value *value)
{
    if (word_is(at, end, "true", 4)) {
        *value = value_bool(true);
        return at + 4;
    }
    if (word_is(at, end, "false", 5)) {
        *value = value_bool(false);
        return at + 5;
    }
    *value = value_null(SSQL_TYPE_NULL);
    return word_is(at, end, "null", 4) ? at + 4 : NULL;
}

/* ---- rows ---- */

/* A literal goes as far as its kind does; what follows it tells whether it was one. */
static inline const char *read_value(struct literal_rows *rows, const char *at, const char *end)
{
    if (at == end || (rows->count == rows->capacity && !grow(rows)))
        return NULL;
    struct value *value = &rows->values[rows->count++];
    if (*at == '\'')
        return read_string(rows, at, end, value);
    if (*at == '"')
        return read_quoted(at, end, value);
    return is_digit(*at) || *at == '-' ? read_number(at, end, value) : read_word(at, end, value);
}

static const char *read_row(struct literal_rows *rows, const char *at, const char *end)
{
    size_t first = rows->count;

    if (at == end || *at != '(')
        return NULL;
    do {
        at = read_value(rows, skip_blanks(at + 1, end), end);
        if (at == NULL)
            return NULL;
        at = skip_blanks(at, end);
        if (at == end)
            return NULL;
    } while (*at == ',');
    if (rows->row_count++ == 0)
        rows->width = (uint32_t)(rows->count - first);
    return *at == ')' && rows->count - first == rows->width ? at + 1 : NULL;
}

/* The one row of the original grammar: literals without parentheses, up to the end of the statement or a blank. */
static const char *read_bare_row(struct literal_rows *rows, const char *at, const char *end)
{
    const char *behind;

    for (;;) {
        behind = read_value(rows, at, end);
        if (behind == NULL)
            return NULL;
        at = skip_blanks(behind, end);
        if (at == behind && at < end && *at != ',' && *at != ';')
            return NULL;
        if (at == end || *at != ',')
            break;
        at = skip_blanks(at + 1, end);
    }
    rows->row_count = 1;
    rows->width = (uint32_t)rows->count;
    return behind;
}

bool literal_rows_read(struct literal_rows *rows, const char *text, size_t length, size_t *offset)
{
    const char *at = skip_blanks(text + *offset, text + length), *end = text + length;

    if (at < end && *at != '(') {
        at = read_bare_row(rows, at, end);
        *offset = at == NULL ? *offset : (size_t)(at - text);
        return at != NULL;
    }
    for (;;) {
        at = read_row(rows, skip_blanks(at, end), end);
        if (at == NULL)
            return false;
        *offset = (size_t)(at - text);
        at = skip_blanks(at, end);
        if (at == end || *at != ',')
            return true;
        at++;
    }
}

bool literal_rows_read_value(struct literal_rows *rows, const char *text, size_t length, size_t *offset)
{
    const char *at = read_value(rows, text + *offset, text + length);

    if (at == NULL)
        return false;
    *offset = (size_t)(at - text);
    return true;
}
