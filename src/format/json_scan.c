#include "format/json_scan.h"

#include "base/bytes.h"
#include "base/utf8.h"
#include "format/escaped_text.h"
#include "format/letters.h"

bool json_fail(struct json_cursor *cursor, const uint8_t *at, enum ssql_code code, const char *text)
{
    cursor->fault = at;
    return error_set(cursor->error, code, NO_SPAN, "%s", text);
}

static bool fail_syntax(struct json_cursor *cursor, const uint8_t *at, const char *text)
{
    return json_fail(cursor, at, SSQL_BAD_VALUE, text);
}

/* The bytes end within a token. */
static bool stop_short(struct json_cursor *cursor)
{
    if (cursor->is_whole)
        return fail_syntax(cursor, cursor->end, "the JSON text ends too early");
    cursor->is_short = true;
    return false;
}

bool json_pass_blanks(struct json_cursor *cursor)
{
    const uint8_t *at = cursor->at;

    while (at < cursor->end && (*at == ' ' || *at == '\n' || *at == '\r' || *at == '\t'))
        at++;
    cursor->at = at;
    cursor->is_short = at == cursor->end && !cursor->is_whole;
    return at < cursor->end;
}

bool json_expect_more(struct json_cursor *cursor)
{
    if (json_pass_blanks(cursor))
        return true;
    return stop_short(cursor);
}

/* ---- strings ---- */

/* The high bit of each byte that is '"', '\\' or below ' '. Bits above the first such byte may be wrong: the
 * subtractions' borrows run upwards. (Mycroft's test for a zero byte.) */
static uint64_t string_specials(uint64_t word)
{
    const uint64_t ones = 0x0101010101010101u, highs = 0x8080808080808080u;
    uint64_t quote = word ^ (ones * '"'), backslash = word ^ (ones * '\\');
    uint64_t found = ((quote - ones) & ~quote) | ((backslash - ones) & ~backslash) | ((word - ones * 0x20) & ~word);

    return found & highs;
}

/* The next quote, backslash or control character; the end when there is none. */
static const uint8_t *pass_plain(const uint8_t *at, const uint8_t *end)
{
    while (end - at >= 8) {
        uint64_t found = string_specials(load_u64le(at));
        if (found != 0)
            return at + (__builtin_ctzll(found) >> 3);
        at += 8;
    }
    while (at < end && *at != '"' && *at != '\\' && *at >= 0x20)
        at++;
    return at;
}

static const char escape_letters[] = "\"\\/bfnrt"; /* and u, behind which stand digits */

enum { ESCAPE_LETTER_COUNT = sizeof escape_letters - 1 };

/* Passes over the escape at the cursor. */
static bool pass_escape(struct json_cursor *cursor)
{
    const uint8_t *at = cursor->at;

    if (cursor->end - at < 2)
        return stop_short(cursor);
    if (at[1] != 'u') {
        if (memchr(escape_letters, at[1], ESCAPE_LETTER_COUNT) == NULL)
            return fail_syntax(cursor, at, "JSON has no such escape");
        cursor->at += 2;
        return true;
    }
    for (int i = 2; i < 6; i++) {
        if (at + i >= cursor->end)
            return stop_short(cursor);
        if (hex_digit(at[i]) < 0)
            return fail_syntax(cursor, at, "behind \\u stand four hexadecimal digits");
    }
    cursor->at += 6;
    return true;
}

/* Passes over the string at its quote. */
static bool pass_string(struct json_cursor *cursor, bool *has_escape)
{
    cursor->at++;
    for (;;) {
        cursor->at = pass_plain(cursor->at, cursor->end);
        if (cursor->at == cursor->end)
            return stop_short(cursor);
        if (*cursor->at == '"') {
            cursor->at++;
            return true;
        }
        if (*cursor->at != '\\')
            return fail_syntax(cursor, cursor->at, "a control character stands in a string; it is written as \\u00XX");
        *has_escape = true;
        if (!pass_escape(cursor))
            return false;
    }
}

static uint32_t code_unit(const uint8_t *at)
{
    return (uint32_t)(hex_digit(at[2]) << 12 | hex_digit(at[3]) << 8 | hex_digit(at[4]) << 4 | hex_digit(at[5]));
}

/* Reads the \u escape at `at`, two of them for a surrogate pair; returns its size, 0 when it stands for no character.
 */
static size_t read_unicode_escape(const uint8_t *at, const uint8_t *end, uint8_t **to)
{
    uint32_t code_point = code_unit(at);
    size_t size = 6;

    if (code_point == 0)
        return 0;
    if (code_point >= 0xD800 && code_point <= 0xDFFF) {
        if (code_point > 0xDBFF || end - at < 12 || at[6] != '\\' || at[7] != 'u')
            return 0;
        uint32_t low = code_unit(at + 6);
        if (low < 0xDC00 || low > 0xDFFF)
            return 0;
        code_point = 0x10000 + ((code_point - 0xD800) << 10) + (low - 0xDC00);
        size = 12;
    }
    *to += utf8_encode(code_point, *to);
    return size;
}

/* The same for any escape; its syntax is right. */
static size_t read_escape(const uint8_t *at, const uint8_t *end, uint8_t **to)
{
    static const char bytes[] = "\"\\/\b\f\n\r\t";

    if (at[1] == 'u')
        return read_unicode_escape(at, end, to);
    const char *letter = memchr(escape_letters, at[1], ESCAPE_LETTER_COUNT);
    *(*to)++ = (uint8_t)bytes[letter - escape_letters];
    return 2;
}

bool json_read_string(struct json_cursor *cursor, struct slice *text)
{
    const uint8_t *begin = cursor->at + 1, *fault = NULL;
    bool has_escape = false;

    if (!pass_string(cursor, &has_escape))
        return false;
    *text = slice_make(begin, (size_t)(cursor->at - 1 - begin));
    size_t valid = utf8_valid_prefix(*text);
    if (valid < text->size)
        return json_fail(cursor, begin + valid, SSQL_BAD_ENCODING, "a string is no valid UTF-8");
    if (!has_escape)
        return true;
    uint8_t *copy = arena_alloc(cursor->texts, text->size);
    if (copy == NULL)
        return json_fail(cursor, begin, SSQL_NO_MEMORY, "out of memory");
    *text = slice_make(copy, text_unescape(*text, read_escape, copy, &fault));
    if (fault != NULL)
        return json_fail(cursor, fault, SSQL_BAD_ENCODING,
                         "this escape stands for no character: a NUL, or half of a surrogate pair");
    return true;
}

/* ---- numbers and words ---- */

static const uint8_t *pass_digits(const uint8_t *at, const uint8_t *end)
{
    while (at < end && *at >= '0' && *at <= '9')
        at++;
    return at;
}

/* Digits of which there is at least one. */
static bool expect_digits(struct json_cursor *cursor)
{
    const uint8_t *at = pass_digits(cursor->at, cursor->end);

    if (at == cursor->at && at < cursor->end)
        return fail_syntax(cursor, at, "a number lacks a digit here");
    if (at == cursor->end && (!cursor->is_whole || at == cursor->at))
        return stop_short(cursor);
    cursor->at = at;
    return true;
}

static bool pass_number(struct json_cursor *cursor, enum field_kind *kind)
{
    *kind = FIELD_INT;
    cursor->at += *cursor->at == '-';
    const uint8_t *digits = cursor->at;
    if (!expect_digits(cursor))
        return false;
    if (*digits == '0' && cursor->at - digits > 1)
        return fail_syntax(cursor, digits, "a number begins with a zero");
    if (cursor->at < cursor->end && *cursor->at == '.') {
        *kind = FIELD_FLOAT;
        cursor->at++;
        if (!expect_digits(cursor))
            return false;
    }
    if (cursor->at < cursor->end && (*cursor->at == 'e' || *cursor->at == 'E')) {
        *kind = FIELD_FLOAT;
        cursor->at++;
        cursor->at += cursor->at < cursor->end && (*cursor->at == '+' || *cursor->at == '-');
        return expect_digits(cursor);
    }
    return true;
}

static bool pass_word(struct json_cursor *cursor, const char *word)
{
    size_t size = strlen(word), left = (size_t)(cursor->end - cursor->at);

    if (left < size && memcmp(cursor->at, word, left) == 0)
        return stop_short(cursor);
    if (left < size || memcmp(cursor->at, word, size) != 0)
        return fail_syntax(cursor, cursor->at, "this is no JSON value");
    cursor->at += size;
    return true;
}

/* Any value but an object or array; *kind as field_kind says. */
static bool pass_scalar(struct json_cursor *cursor, enum field_kind *kind)
{
    bool has_escape;

    switch (*cursor->at) {
    case '"': *kind = FIELD_QUOTED; return pass_string(cursor, &has_escape);
    case 't': *kind = FIELD_BOOL; return pass_word(cursor, "true");
    case 'f': *kind = FIELD_BOOL; return pass_word(cursor, "false");
    case 'n': *kind = FIELD_NULL; return pass_word(cursor, "null");
    default: break;
    }
    if (*cursor->at == '-' || (*cursor->at >= '0' && *cursor->at <= '9'))
        return pass_number(cursor, kind);
    return fail_syntax(cursor, cursor->at, "this is no JSON value");
}

/* ---- values ---- */

/* The objects and arrays around a place, a bit each: 1 is an object. */
struct nesting {
    uint8_t bits[(RECORD_DEPTH_MOST + 7) / 8];
    unsigned depth;
};

static bool is_object(const struct nesting *nesting)
{
    unsigned level = nesting->depth - 1;

    return (nesting->bits[level / 8] >> level % 8 & 1) != 0;
}

static bool push(struct json_cursor *cursor, struct nesting *nesting, bool object)
{
    unsigned level = nesting->depth, bit = 1u << level % 8;

    if (level == RECORD_DEPTH_MOST) {
        cursor->fault = cursor->at;
        return error_set(cursor->error, SSQL_TOO_LARGE, NO_SPAN, "a value is nested deeper than %d levels",
                         RECORD_DEPTH_MOST);
    }
    nesting->bits[level / 8] = (uint8_t)((nesting->bits[level / 8] & ~bit) | (object ? bit : 0));
    nesting->depth++;
    cursor->at++;
    return true;
}

enum json_step { STEP_VALUE, STEP_NAME, STEP_BEHIND };

/* Opens the object or array at the cursor; closes it at once when it is empty. */
static bool open_nested(struct json_cursor *cursor, struct nesting *nesting, enum json_step *step)
{
    bool object = *cursor->at == '{';

    if (!push(cursor, nesting, object) || !json_expect_more(cursor))
        return false;
    *step = object ? STEP_NAME : STEP_VALUE;
    if (*cursor->at == (object ? '}' : ']')) {
        nesting->depth--;
        cursor->at++;
        *step = STEP_BEHIND;
    }
    return true;
}

/* Each of these takes one step and says which is next. */

static bool pass_one(struct json_cursor *cursor, struct nesting *nesting, enum json_step *step)
{
    enum field_kind kind;

    if (*cursor->at == '{' || *cursor->at == '[')
        return open_nested(cursor, nesting, step);
    *step = STEP_BEHIND;
    return pass_scalar(cursor, &kind);
}

static bool pass_name(struct json_cursor *cursor, struct nesting *nesting, enum json_step *step)
{
    bool has_escape;

    (void)nesting;
    if (*cursor->at != '"')
        return fail_syntax(cursor, cursor->at, "a name in quotes is missing here");
    if (!pass_string(cursor, &has_escape) || !json_expect_more(cursor))
        return false;
    if (*cursor->at != ':')
        return fail_syntax(cursor, cursor->at, "a colon is missing here");
    cursor->at++;
    *step = STEP_VALUE;
    return true;
}

/* What stands behind a value that is within others. */
static bool pass_behind(struct json_cursor *cursor, struct nesting *nesting, enum json_step *step)
{
    bool object = is_object(nesting);

    if (*cursor->at == ',') {
        *step = object ? STEP_NAME : STEP_VALUE;
    } else if (*cursor->at == (object ? '}' : ']')) {
        nesting->depth--;
        *step = STEP_BEHIND;
    } else {
        return fail_syntax(cursor, cursor->at, "a comma or the closing bracket is missing here");
    }
    cursor->at++;
    return true;
}

bool json_pass_value(struct json_cursor *cursor)
{
    static bool (*const steps[])(struct json_cursor *, struct nesting *, enum json_step *) = {
        [STEP_VALUE] = pass_one, [STEP_NAME] = pass_name, [STEP_BEHIND] = pass_behind};
    struct nesting nesting = {.depth = 0};
    enum json_step step = STEP_VALUE;

    do
        if (!json_expect_more(cursor) || !steps[step](cursor, &nesting, &step))
            return false;
    while (step != STEP_BEHIND || nesting.depth > 0);
    return true;
}

bool json_read_value(struct json_cursor *cursor, struct field *field)
{
    const uint8_t *begin = cursor->at;
    struct slice text;
    enum field_kind kind = FIELD_NESTED;

    if (*begin == '"') {
        if (!json_read_string(cursor, &text))
            return false;
        kind = FIELD_QUOTED;
    } else if (*begin == '{' || *begin == '[') {
        if (!json_pass_value(cursor))
            return false;
        text = slice_make(begin, (size_t)(cursor->at - begin));
        if (utf8_valid_prefix(text) < text.size)
            return json_fail(cursor, begin, SSQL_BAD_ENCODING, "a nested value is no valid UTF-8");
    } else {
        if (!pass_scalar(cursor, &kind))
            return false;
        text = slice_make(begin, (size_t)(cursor->at - begin));
    }
    *field = (struct field){.data = text.data, .size = (uint32_t)text.size, .kind = (uint8_t)kind};
    return true;
}
