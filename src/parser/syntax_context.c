#include "parser/syntax_context.h"

#include <string.h>

/* Clauses of a query in their order. */
static const char *const clauses[] = {"select", "from", "where", "group", "having", "order", "limit", "offset"};

enum { CLAUSE_COUNT = sizeof clauses / sizeof clauses[0], DEPTHS_KEPT = 64, NO_CLAUSE = CLAUSE_COUNT };

_Static_assert(sizeof((struct syntax_context *)0)->clauses_seen / sizeof(char *) > CLAUSE_COUNT,
               "room for all and the end");

/* What is open while the text is read. */
struct reading {
    const struct parser *parser;
    uint32_t at;
    uint32_t depth;
    struct ssql_span open[DEPTHS_KEPT]; /* brackets, the outermost first */
    uint32_t clauses_seen[DEPTHS_KEPT]; /* bits, of each depth */
};

static bool is_word_byte(uint8_t byte)
{
    return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') || byte == '_' || byte >= 0x80;
}

static bool is_digit(uint8_t byte)
{
    return byte >= '0' && byte <= '9';
}

static uint8_t byte_at(const struct reading *reading, uint32_t at)
{
    return at < reading->parser->scan_size ? (uint8_t)reading->parser->scan_begin[at] : '\0';
}

/* Over a comment that is open at `at`; false: there is none. */
static bool skip_comment(struct reading *reading)
{
    uint32_t size = reading->parser->scan_size, nested = 0;

    if (byte_at(reading, reading->at) == '-' && byte_at(reading, reading->at + 1) == '-') {
        while (reading->at < size && byte_at(reading, reading->at) != '\n')
            reading->at++;
        return true;
    }
    if (byte_at(reading, reading->at) != '/' || byte_at(reading, reading->at + 1) != '*')
        return false;
    while (reading->at < size) {
        bool opens = byte_at(reading, reading->at) == '/' && byte_at(reading, reading->at + 1) == '*';
        bool closes = byte_at(reading, reading->at) == '*' && byte_at(reading, reading->at + 1) == '/';
        reading->at += opens || closes ? 2 : 1;
        nested += opens;
        nested -= closes;
        if (nested == 0)
            break;
    }
    return true;
}

static void skip_blanks(struct reading *reading)
{
    for (;;) {
        uint8_t byte = byte_at(reading, reading->at);
        bool is_blank = byte == ' ' || (byte >= '\t' && byte <= '\r');
        if (reading->at >= reading->parser->scan_size || (!is_blank && !skip_comment(reading)))
            return;
        reading->at += is_blank;
    }
}

static void skip_quoted(struct reading *reading, uint8_t quote)
{
    for (reading->at++; reading->at < reading->parser->scan_size; reading->at++) {
        uint8_t byte = byte_at(reading, reading->at);
        if (quote == '"' && byte == '\\')
            reading->at++;
        else if (byte == quote && byte_at(reading, reading->at + 1) == quote)
            reading->at++;
        else if (byte == quote)
            break;
    }
    reading->at++;
    if (reading->at > reading->parser->scan_size)
        reading->at = reading->parser->scan_size;
}

/* False at the end. */
static bool read_token(struct reading *reading, struct rough_token *token)
{
    skip_blanks(reading);
    uint32_t begin = reading->at;
    uint8_t byte = byte_at(reading, begin);
    if (begin >= reading->parser->scan_size)
        return false;
    if (byte == '\'' || byte == '"' || byte == '`') {
        token->kind = ROUGH_QUOTED;
        skip_quoted(reading, byte);
    } else if (is_word_byte(byte) || is_digit(byte)) {
        token->kind = is_digit(byte) ? ROUGH_NUMBER : ROUGH_WORD;
        while (is_word_byte(byte_at(reading, reading->at)) || is_digit(byte_at(reading, reading->at)) ||
               (token->kind == ROUGH_NUMBER && byte_at(reading, reading->at) == '.'))
            reading->at++;
    } else {
        token->kind = ROUGH_SIGN;
        reading->at++;
    }
    token->span = (struct ssql_span){begin, reading->at};
    return true;
}

static uint32_t clause_of(struct slice word)
{
    for (uint32_t i = 0; i < CLAUSE_COUNT; i++)
        if (name_equal(word, slice_of(clauses[i])))
            return i;
    return NO_CLAUSE;
}

static bool begins_another_query(struct slice word)
{
    return name_equal(word, slice_of("union")) || name_equal(word, slice_of("intersect")) ||
           name_equal(word, slice_of("except"));
}

/* Notes a token before the wrong one. Brackets beyond the depths kept count, but are not remembered. */
static void note_token(struct reading *reading, const struct rough_token *token)
{
    struct slice text = parser_text(reading->parser, token->span);
    uint32_t clause = token->kind == ROUGH_WORD ? clause_of(text) : NO_CLAUSE;
    bool is_kept = reading->depth < DEPTHS_KEPT;

    if (token->kind == ROUGH_SIGN && (text.data[0] == '(' || text.data[0] == '{')) {
        reading->depth++;
        if (reading->depth < DEPTHS_KEPT) {
            reading->open[reading->depth] = token->span;
            reading->clauses_seen[reading->depth] = 0;
        }
    } else if (token->kind == ROUGH_SIGN && (text.data[0] == ')' || text.data[0] == '}')) {
        reading->depth -= reading->depth > 0;
    } else if (clause != NO_CLAUSE && is_kept) {
        reading->clauses_seen[reading->depth] |= 1u << clause;
    } else if (token->kind == ROUGH_WORD && is_kept && begins_another_query(text)) {
        reading->clauses_seen[reading->depth] = 0;
    }
}

static void keep_token(struct syntax_context *context, const struct rough_token *token)
{
    if (context->count == CONTEXT_BEFORE) {
        memmove(context->tokens, context->tokens + 1, (CONTEXT_BEFORE - 1) * sizeof *context->tokens);
        context->count--;
        context->has_beginning = false;
    }
    context->tokens[context->count++] = *token;
}

void syntax_context_find(struct syntax_context *context, struct parser *parser, uint32_t wrong_begin)
{
    struct reading reading = {.parser = parser};
    struct rough_token token = {0};
    size_t seen = 0;
    bool has_token;

    scanner_show_text(parser);
    *context =
        (struct syntax_context){.text = slice_make(parser->scan_begin, parser->scan_size), .has_beginning = true};
    while ((has_token = read_token(&reading, &token)) && token.span.end <= wrong_begin) {
        if (context->first.span.end == 0)
            context->first = token;
        note_token(&reading, &token);
        keep_token(context, &token);
    }
    context->wrong = context->count;
    if (context->first.span.end == 0 && has_token)
        context->first = token;
    for (; has_token && context->count < context->wrong + 1 + CONTEXT_AFTER; has_token = read_token(&reading, &token))
        context->tokens[context->count++] = token;
    if (reading.depth >= DEPTHS_KEPT)
        return;
    if (reading.depth > 0)
        context->open = reading.open[reading.depth];
    for (uint32_t i = 0; i < CLAUSE_COUNT; i++)
        if ((reading.clauses_seen[reading.depth] & 1u << i) != 0)
            context->clauses_seen[seen++] = clauses[i];
}

struct slice rough_text(const struct syntax_context *context, const struct rough_token *token)
{
    return slice_make(context->text.data + token->span.begin, token->span.end - token->span.begin);
}

bool syntax_context_has_clause(const struct syntax_context *context, const char *word)
{
    for (size_t i = 0; context->clauses_seen[i] != NULL; i++)
        if (strcmp(context->clauses_seen[i], word) == 0)
            return true;
    return false;
}

const char *syntax_context_later_clause(const struct syntax_context *context, const char *word)
{
    uint32_t clause = clause_of(slice_of(word));

    if (clause == NO_CLAUSE)
        return NULL;
    for (size_t i = 0; context->clauses_seen[i] != NULL; i++)
        if (clause_of(slice_of(context->clauses_seen[i])) > clause)
            return context->clauses_seen[i];
    return NULL;
}
