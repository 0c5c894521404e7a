#include "parser/statement_shape.h"

enum byte_kind {
    BYTE_OTHER, /* this is no statement for a glance: comments, other quotes, parameters, anything but ASCII */
    BYTE_BLANK,
    BYTE_WORD,
    BYTE_DIGIT,
    BYTE_PLAIN, /* punctuation that means nothing here */
    BYTE_EQUAL,
    BYTE_QUOTE,  /* of a string */
    BYTE_DOUBLE, /* double quote: a string or a name */
    BYTE_NAME,   /* quote of a name */
    BYTE_MINUS,
    BYTE_SLASH,
    BYTE_END, /* of the statement */
};

static enum byte_kind kind_of(char byte)
{
    if ((byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') || byte == '_')
        return BYTE_WORD;
    if (byte >= '0' && byte <= '9')
        return BYTE_DIGIT;
    switch (byte) {
    case ' ':
    case '\t':
    case '\n':
    case '\v':
    case '\f':
    case '\r': return BYTE_BLANK;
    case '(':
    case ')':
    case ',':
    case '.':
    case '+':
    case '*':
    case '%':
    case '<':
    case '>':
    case '!': return BYTE_PLAIN;
    case '=': return BYTE_EQUAL;
    case '\'': return BYTE_QUOTE;
    case '"': return BYTE_DOUBLE;
    case '`': return BYTE_NAME;
    case '-': return BYTE_MINUS;
    case '/': return BYTE_SLASH;
    case ';': return BYTE_END;
    default: return BYTE_OTHER;
    }
}

static size_t skip_blanks(const char *text, size_t length, size_t at)
{
    while (at < length && kind_of(text[at]) == BYTE_BLANK)
        at++;
    return at;
}

static size_t word_end(const char *text, size_t length, size_t at)
{
    while (at < length && (kind_of(text[at]) == BYTE_WORD || kind_of(text[at]) == BYTE_DIGIT))
        at++;
    return at;
}

/* Behind the quoted name or string that begins at `at`; 0: it does not end, or holds a backslash, which may hide its
 * end. A doubled quote ends one and begins the next, which comes to the same. */
static size_t quoted_end(const char *text, size_t length, size_t at)
{
    const char *begin = text + at + 1, *end = memchr(begin, text[at], length - at - 1);

    if (end == NULL || memchr(begin, '\\', (size_t)(end - begin)) != NULL)
        return 0;
    return (size_t)(end + 1 - text);
}

/* Whether a word of the text is this one, in any case. */
static bool word_is(const char *text, size_t size, const char *word)
{
    for (size_t i = 0; i < size; i++)
        if ((text[i] | 0x20) != word[i])
            return false;
    return word[size] == '\0';
}

void statement_shape_clear(struct statement_shape *shape)
{
    literal_rows_clear(&shape->rows);
    buffer_clear(&shape->text);
    *shape = (struct statement_shape){.has_rows = false};
}

size_t statement_shape_begin(const char *text, size_t length)
{
    return skip_blanks(text, length, 0);
}

/* ---- inserts ---- */

/* The size of `insert into … values` at `begin`; 0 when it does not stand there, or not as plainly. */
static size_t find_head(const char *text, size_t length, size_t begin)
{
    for (size_t at = begin; at < length;) {
        enum byte_kind kind = kind_of(text[at]);
        if (kind == BYTE_WORD) {
            size_t end = word_end(text, length, at);
            if (word_is(text + at, end - at, "values"))
                return end - begin;
            at = end;
        } else if (kind == BYTE_BLANK || kind == BYTE_PLAIN) {
            at++;
        } else if (kind == BYTE_DOUBLE || kind == BYTE_NAME) {
            at = quoted_end(text, length, at);
            if (at == 0)
                return 0;
        } else {
            return 0;
        }
    }
    return 0;
}

/* The size of what follows the rows, up to the `;` or the end. False: it is more than words and names. */
static bool find_tail(const char *text, size_t length, size_t begin, size_t *size)
{
    size_t at = begin;

    while (at < length && kind_of(text[at]) != BYTE_END) {
        enum byte_kind kind = kind_of(text[at]);
        if (kind != BYTE_WORD && kind != BYTE_BLANK && (kind != BYTE_PLAIN || at == begin))
            return false;
        at++;
    }
    *size = at - begin;
    return true;
}

static bool read_insert(struct statement_shape *shape, const char *text, size_t length, size_t begin, size_t head_size)
{
    size_t at = begin + head_size, tail_size;

    /* In `values1` the word goes on, and is another. */
    if (word_end(text, length, at) > at || !literal_rows_read(&shape->rows, text, length, &at))
        return false;
    at = skip_blanks(text, length, at);
    if (!find_tail(text, length, at, &tail_size))
        return false;
    shape->has_rows = true;
    shape->head = slice_make(text + begin, head_size);
    shape->tail = slice_make(text + at, tail_size);
    at += tail_size;
    shape->consumed = at + (at < length);
    return true;
}

/* ---- others ---- */

struct glance {
    const char *text;
    size_t length, at;
    bool is_in_conditions; /* after `set` and `where`, until another clause begins */
    bool is_after_equal;
};

/* Whether what stands at `at` ends the side of a comparison or an assignment, for certain. */
static bool is_side_end(const struct glance *glance, size_t at)
{
    at = skip_blanks(glance->text, glance->length, at);
    if (at == glance->length || glance->text[at] == ';' || glance->text[at] == ',')
        return true;
    const char *word = glance->text + at;
    size_t size = word_end(glance->text, glance->length, at) - at;
    return word_is(word, size, "and") || word_is(word, size, "where") || word_is(word, size, "limit");
}

/* Words that end `set` and `where`. */
static bool begins_other_clause(const char *word, size_t size)
{
    static const char *const words[] = {"limit",     "order", "group",     "having", "offset",
                                        "returning", "union", "intersect", "except"};

    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (word_is(word, size, words[i]))
            return true;
    return false;
}

/* Returns where the word ends. */
static size_t pass_word(struct glance *glance)
{
    const char *word = glance->text + glance->at;
    size_t end = word_end(glance->text, glance->length, glance->at), size = end - glance->at;

    if (word_is(word, size, "set") || word_is(word, size, "where"))
        glance->is_in_conditions = true;
    else if (glance->is_in_conditions && begins_other_clause(word, size))
        glance->is_in_conditions = false;
    return end;
}

/* A literal, taken out or left in. */
static bool pass_literal(struct glance *glance, struct statement_shape *shape)
{
    struct literal_rows *rows = &shape->rows;
    size_t begin = glance->at;

    if (!literal_rows_read_value(rows, glance->text, glance->length, &glance->at) ||
        (glance->at < glance->length && kind_of(glance->text[glance->at]) == BYTE_WORD))
        return false;
    bool is_side = glance->is_in_conditions && glance->is_after_equal && is_side_end(glance, glance->at);
    glance->is_after_equal = false;
    if (is_side) {
        buffer_append_byte(&shape->text, '?');
        return true;
    }
    rows->count--;
    buffer_append(&shape->text, glance->text + begin, glance->at - begin);
    return true;
}

/* One token, or blanks. False: this is nothing for a glance. */
static bool pass_token(struct glance *glance, struct statement_shape *shape)
{
    size_t begin = glance->at, end = begin + 1;
    enum byte_kind kind = kind_of(glance->text[begin]);
    char next = begin + 1 < glance->length ? glance->text[begin + 1] : ' ';
    bool is_after_equal = glance->is_after_equal && kind == BYTE_BLANK;

    switch (kind) {
    case BYTE_OTHER:
    case BYTE_END: return false;
    case BYTE_WORD: end = pass_word(glance); break;
    case BYTE_EQUAL: is_after_equal = strchr("<>!", glance->text[begin - 1]) == NULL; break; /* a word came before */
    case BYTE_SLASH:
    case BYTE_MINUS:
        if (next == glance->text[begin] || next == '*')
            return false;
        if (kind == BYTE_MINUS && glance->is_after_equal && kind_of(next) == BYTE_DIGIT)
            return pass_literal(glance, shape);
        break;
    case BYTE_DIGIT:
    case BYTE_QUOTE: return pass_literal(glance, shape);
    case BYTE_DOUBLE:
        if (glance->is_after_equal)
            return pass_literal(glance, shape);
        /* fallthrough */
    case BYTE_NAME:
        end = quoted_end(glance->text, glance->length, begin);
        if (end == 0)
            return false;
        break;
    case BYTE_BLANK:
    case BYTE_PLAIN:;
    }
    glance->at = end;
    glance->is_after_equal = is_after_equal;
    buffer_append(&shape->text, glance->text + begin, end - begin);
    return true;
}

static bool read_other(struct statement_shape *shape, const char *text, size_t length, size_t begin)
{
    struct glance glance = {.text = text, .length = length, .at = begin};

    buffer_reset(&shape->text);
    while (glance.at < length && text[glance.at] != ';')
        if (!pass_token(&glance, shape))
            return false;
    if (shape->text.failed || shape->rows.count == 0)
        return false;
    shape->rows.row_count = 1;
    shape->rows.width = (uint32_t)shape->rows.count;
    shape->has_rows = false;
    shape->head = buffer_slice(&shape->text);
    shape->tail = slice_make(NULL, 0);
    shape->consumed = glance.at + (glance.at < length);
    return true;
}

/* ---- both ---- */

bool statement_shape_read(struct statement_shape *shape, const char *text, size_t length, size_t begin,
                          size_t head_size)
{
    size_t size = word_end(text, length, begin) - begin;
    const char *word = text + begin;

    literal_rows_reset(&shape->rows);
    if (head_size > 0)
        return read_insert(shape, text, length, begin, head_size);
    if (word_is(word, size, "insert") || word_is(word, size, "upsert")) {
        head_size = find_head(text, length, begin);
        return head_size > 0 && read_insert(shape, text, length, begin, head_size);
    }
    return (word_is(word, size, "update") || word_is(word, size, "delete") || word_is(word, size, "select")) &&
           read_other(shape, text, length, begin);
}

void statement_shape_append_text(const struct statement_shape *shape, struct buffer *text)
{
    buffer_append(text, shape->head.data, shape->head.size);
    for (uint32_t i = 0; shape->has_rows && i < shape->rows.width; i++)
        buffer_append_text(text, i == 0 ? " (?" : ", ?");
    if (shape->has_rows)
        buffer_append_text(text, ") ");
    buffer_append(text, shape->tail.data, shape->tail.size);
}
