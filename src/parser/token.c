#include "parser/token.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"
#include "parser/foreign_word.h"
#include "parser/parser.h"
#include "ssql_grammar.h"

/* The grammar's own word for a token that cannot be used. */
enum { TOKEN_WRONG = TOKEN_SSQL_GRAMMAR_error };

int token_word(struct parser *parser, const char *text, size_t size, struct slice *name)
{
    const struct keyword *keyword = keyword_table_find(&parser->keywords, text, size);

    if (keyword != NULL)
        return keyword->token;
    *name = slice_make(text, size);
    return TOKEN_IDENTIFIER;
}

/* Refuses a character that was taken for a quote, a dash or a blank; false: there is none in the text. */
static bool refuse_strange_character(struct parser *parser, struct ssql_span span, const char *text, size_t size)
{
    struct foreign_character found;
    size_t at, found_size;

    if (!foreign_character_find(slice_make(text, size), &found, &at, &found_size))
        return false;
    span.begin += (uint32_t)at;
    span.end = span.begin + (uint32_t)found_size;
    if (found.is_visible)
        parser_fail(parser, SSQL_SYNTAX, span, "unexpected character \"%.*s\" (U+%04X)", (int)found_size, text + at,
                    (unsigned)found.code_point);
    else
        parser_fail(parser, SSQL_SYNTAX, span, "unexpected invisible character U+%04X", (unsigned)found.code_point);
    if (found.hint != NULL)
        error_hint(parser->error, "%s", found.hint);
    return true;
}

int token_wide_word(struct parser *parser, struct ssql_span span, const char *text, size_t size, struct slice *name)
{
    if (refuse_strange_character(parser, span, text, size))
        return TOKEN_WRONG;
    *name = slice_make(text, size);
    return TOKEN_IDENTIFIER;
}

/* The digits as a number, at most `limit`; false when it is greater. */
static bool read_digits(const char *text, size_t size, uint64_t limit, uint64_t *number)
{
    *number = 0;
    for (size_t i = 0; i < size; i++) {
        uint64_t digit = (uint64_t)(text[i] - '0');
        if (*number > (limit - digit) / 10)
            return false;
        *number = *number * 10 + digit;
    }
    return true;
}

int token_integer(struct parser *parser, struct ssql_span span, const char *text, size_t size, uint64_t *magnitude)
{
    if (!read_digits(text, size, (uint64_t)INT64_MAX + 1, magnitude))
        parser_defer(parser, SSQL_OUT_OF_RANGE, span, "the number %.*s does not fit in an int (64 bits)",
                     (int)(size < 60 ? size : 60), text);
    return TOKEN_INTEGER;
}

int token_float(struct parser *parser, struct ssql_span span, const char *text, double *real)
{
    *real = strtod_l(text, NULL, parser->c_locale);
    if (isinf(*real))
        parser_defer(parser, SSQL_OUT_OF_RANGE, span, "the number %.60s does not fit in a float (64 bits)", text);
    return TOKEN_FLOAT;
}

/* The bytes between the quotes, each doubled quote once. */
static bool undouble(struct parser *parser, const char *text, size_t size, struct slice *out)
{
    char quote = text[0];
    const char *next = text + 1, *end = text + size - 1;

    *out = slice_make(next, size - 2);
    if (memchr(next, quote, size - 2) == NULL)
        return true;
    char *bytes = arena_alloc(parser->arena, size);
    if (bytes == NULL)
        return false;
    size_t used = 0;
    for (; next < end; next++) {
        bytes[used++] = *next;
        if (*next == quote)
            next++;
    }
    *out = slice_make(bytes, used);
    return true;
}

int token_string(struct parser *parser, const char *text, size_t size, struct slice *string)
{
    return undouble(parser, text, size, string) ? TOKEN_STRING : TOKEN_WRONG;
}

int token_name(struct parser *parser, struct ssql_span span, const char *text, size_t size, struct slice *name)
{
    if (!undouble(parser, text, size, name))
        return TOKEN_WRONG;
    if (name->size == 0)
        parser_fail(parser, SSQL_SYNTAX, span, "a name must not be empty");
    return TOKEN_IDENTIFIER;
}

static int hex_digit(char byte)
{
    if (byte >= '0' && byte <= '9')
        return byte - '0';
    if (byte >= 'a' && byte <= 'f')
        return byte - 'a' + 10;
    if (byte >= 'A' && byte <= 'F')
        return byte - 'A' + 10;
    return -1;
}

/* Reads "u{1F600}" at `text`; its size, or 0 when it is no such thing. */
static size_t read_code_point(const char *text, const char *end, uint32_t *code_point)
{
    const char *next = text + 2;

    if (end - text < 4 || text[1] != '{')
        return 0;
    for (*code_point = 0; next < end && next - text < 8 && hex_digit(*next) >= 0; next++)
        *code_point = *code_point * 16 + (uint32_t)hex_digit(*next);
    if (next == text + 2 || next == end || *next != '}')
        return 0;
    return (size_t)(next + 1 - text);
}

/* Writes what the escape after a backslash at `text` stands for; the size of the escape, or 0 after a failure. */
static size_t unescape(struct parser *parser, const char *text, const char *end, char *bytes, size_t *used)
{
    uint32_t at = (uint32_t)(text - 1 - parser->scan_begin);
    uint32_t code_point;
    size_t size;

    switch (*text) {
    case '"':
    case '\\': bytes[(*used)++] = *text; return 1;
    case 'n': bytes[(*used)++] = '\n'; return 1;
    case 't': bytes[(*used)++] = '\t'; return 1;
    case 'r': bytes[(*used)++] = '\r'; return 1;
    case 'u': size = read_code_point(text, end, &code_point); break;
    default: size = 0;
    }
    if (size == 0) {
        parser_fail(parser, SSQL_SYNTAX, (struct ssql_span){at, at + 2}, "unknown escape in a string");
        error_hint(parser->error, "escapes are \\\" \\\\ \\n \\t \\r \\u{1F600}; write \\\\ for a backslash");
        return 0;
    }
    size_t written = code_point == 0 ? 0 : utf8_encode(code_point, (uint8_t *)bytes + *used);
    if (written == 0) {
        parser_fail(parser, SSQL_BAD_ENCODING, (struct ssql_span){at, at + 1 + (uint32_t)size},
                    "\\u{%" PRIX32 "} is no character that a string can hold", code_point);
        return 0;
    }
    *used += written;
    return size;
}

int token_quoted(struct parser *parser, struct ssql_span span, const char *text, size_t size, struct slice *string)
{
    const char *next = text + 1, *end = text + size - 1;

    (void)span;
    if (memchr(next, '\\', size - 2) == NULL)
        return undouble(parser, text, size, string) ? TOKEN_QUOTED : TOKEN_WRONG;
    char *bytes = arena_alloc(parser->arena, size);
    if (bytes == NULL)
        return TOKEN_WRONG;
    size_t used = 0;
    while (next < end) {
        if (*next == '\\') {
            size_t escape_size = unescape(parser, next + 1, end, bytes, &used);
            if (escape_size == 0)
                return TOKEN_WRONG;
            next += 1 + escape_size;
        } else {
            bytes[used++] = *next;
            next += *next == '"' ? 2 : 1;
        }
    }
    *string = slice_make(bytes, used);
    return TOKEN_QUOTED;
}

/* Makes indexes up to `count` known, without names. */
static bool reserve_parameters(struct parser *parser, struct ssql_span span, uint64_t count)
{
    if (count > PARAMETER_LIMIT) {
        parser_fail(parser, SSQL_TOO_LARGE, span, "a statement has at most %d parameters", PARAMETER_LIMIT);
        return false;
    }
    while (parser->parameter_count < count) {
        struct slice *names = list_grow(parser->arena, parser->parameter_names, parser->parameter_count, sizeof *names);
        if (names == NULL)
            return false;
        names[parser->parameter_count] = slice_make(NULL, 0);
        parser->parameter_names = names;
        parser->parameter_count++;
    }
    return true;
}

static void note_parameter(struct parser *parser, struct ssql_span span)
{
    if (parser->parameter_count == 0)
        parser->parameter_span = span;
}

int token_parameter(struct parser *parser, struct ssql_span span, const char *digits, size_t size, uint32_t *index)
{
    uint64_t number = (uint64_t)parser->parameter_count + 1;

    if (size > 0 && !read_digits(digits, size, UINT32_MAX, &number))
        number = UINT32_MAX;
    if (number == 0) {
        parser_fail(parser, SSQL_SYNTAX, span, "parameters are numbered from 1");
        return TOKEN_WRONG;
    }
    note_parameter(parser, span);
    if (!reserve_parameters(parser, span, number))
        return TOKEN_WRONG;
    *index = (uint32_t)number;
    return TOKEN_PARAMETER;
}

int token_named_parameter(struct parser *parser, struct ssql_span span, const char *name, size_t size, uint32_t *index)
{
    struct slice wanted = slice_make(name, size);

    note_parameter(parser, span);
    for (*index = 1; *index <= parser->parameter_count; ++*index)
        if (name_equal(parser->parameter_names[*index - 1], wanted))
            return TOKEN_PARAMETER;
    if (!reserve_parameters(parser, span, *index))
        return TOKEN_WRONG;
    parser->parameter_names[*index - 1] = wanted;
    return TOKEN_PARAMETER;
}

/* Numbers as other languages write them, or a name that begins with a digit. */
static void hint_at_number(struct parser *parser, struct slice text)
{
    bool is_based = text.size > 2 && text.data[0] == '0' && strchr("xXbBoO", text.data[1]) != NULL;
    bool is_grouped =
        memchr(text.data, '_', text.size) != NULL && strspn((const char *)text.data, "0123456789_.") >= text.size;

    if (is_based)
        error_hint(parser->error, "numbers are written in decimal");
    else if (is_grouped)
        error_hint(parser->error, "digits are written without anything between");
    else if (text.size < 60)
        error_hint(parser->error, "as a name it needs backquotes: `%.*s`", SLICE_PRINT(text));
}

int token_bad_number(struct parser *parser, struct ssql_span span)
{
    struct slice text = parser_text(parser, span);

    if (refuse_strange_character(parser, span, (const char *)text.data, text.size))
        return TOKEN_WRONG;
    size_t shown = text.size < 60 ? text.size : utf8_valid_prefix(slice_make(text.data, 60));
    parser_fail(parser, SSQL_SYNTAX, span, "\"%.*s\" is neither a number nor a name", (int)shown,
                (const char *)text.data);
    hint_at_number(parser, text);
    return TOKEN_WRONG;
}

int token_unterminated(struct parser *parser, uint32_t begin, uint32_t opening_size, const char *what)
{
    parser_fail(parser, SSQL_SYNTAX, (struct ssql_span){begin, begin + opening_size}, "unterminated %s", what);
    return TOKEN_WRONG;
}

int token_unexpected(struct parser *parser, struct ssql_span span, char byte)
{
    const char *hint;

    if (byte > ' ' && byte < 0x7F)
        parser_fail(parser, SSQL_SYNTAX, span, "unexpected character \"%c\"", byte);
    else
        parser_fail(parser, SSQL_SYNTAX, span, "unexpected control character \\u{%X}", (unsigned)byte);
    scanner_show_text(parser);
    hint = foreign_sign_hint(byte, span.end < parser->scan_size ? parser->scan_begin[span.end] : '\0');
    if (hint != NULL)
        error_hint(parser->error, "%s", hint);
    return TOKEN_WRONG;
}
