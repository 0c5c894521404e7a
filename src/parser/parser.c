#include "parser/parser.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/utf8.h"
#include "parser/completion.h"
#include "parser/parser_internal.h"
#include "parser/statement_boundary.h"
#include "ssql_grammar.h"

bool parser_create(struct parser **out, struct ssql_error *error)
{
    struct parser *parser = calloc(1, sizeof *parser);

    *out = NULL;
    if (parser == NULL)
        return error_no_memory(error);
    parser->c_locale = newlocale(LC_ALL_MASK, "C", (locale_t)0);
    if (parser->c_locale == (locale_t)0 || !scanner_create(parser)) {
        parser_destroy(parser);
        return error_no_memory(error);
    }
    keyword_table_init(&parser->keywords);
    *out = parser;
    return true;
}

void parser_destroy(struct parser *parser)
{
    if (parser == NULL)
        return;
    scanner_destroy(parser);
    if (parser->c_locale != (locale_t)0)
        freelocale(parser->c_locale);
    free(parser);
}

enum { FORMATTED_SIZE = ERROR_MESSAGE_SIZE };

void parser_fail(struct parser *parser, enum ssql_code code, struct ssql_span span, const char *format, ...)
{
    char message[FORMATTED_SIZE];
    va_list arguments;

    if (parser->has_failed)
        return;
    parser->has_failed = true;
    va_start(arguments, format);
    vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);
    error_set(parser->error, code, span, "%s", message);
}

void parser_defer(struct parser *parser, enum ssql_code code, struct ssql_span span, const char *format, ...)
{
    char message[FORMATTED_SIZE];
    va_list arguments;

    if (parser->has_deferred && parser->deferred.span.begin <= span.begin)
        return;
    parser->has_deferred = true;
    va_start(arguments, format);
    vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);
    error_set(&parser->deferred, code, span, "%s", message);
}

void parser_defer_hint(struct parser *parser, struct ssql_span span, const char *format, ...)
{
    char hint[ERROR_HINT_SIZE];
    va_list arguments;

    assert(parser->has_deferred);
    if (parser->deferred.span.begin != span.begin)
        return;
    va_start(arguments, format);
    vsnprintf(hint, sizeof hint, format, arguments);
    va_end(arguments);
    error_hint(&parser->deferred, "%s", hint);
}

void parser_refuse(struct parser *parser, struct ssql_span span, const char *construct)
{
    parser_defer(parser, SSQL_NOT_SUPPORTED, span, "%s is not supported yet", construct);
}

void *parser_move_stack(struct parser *parser, void *stack, size_t size)
{
    void *moved = arena_alloc_array(parser->arena, 2, size);

    return moved == NULL ? stack : memcpy(moved, stack, size);
}

ptrdiff_t parser_deepen(struct parser *parser, ptrdiff_t depth)
{
    if (depth * 2 > PARSER_STACK_LIMIT)
        parser_fail(parser, SSQL_TOO_LARGE, parser->seen[0].span, "the statement is nested too deeply");
    return parser->has_failed || arena_failed(parser->arena) ? depth : depth * 2;
}

void *list_grow(struct arena *arena, void *items, uint32_t count, size_t item_size)
{
    if (count != 0 && (count < 4 || (count & (count - 1)) != 0))
        return items;
    void *grown = arena_alloc_array(arena, count == 0 ? 4 : (size_t)count * 2, item_size);
    if (grown != NULL && count != 0)
        memcpy(grown, items, count * item_size);
    return grown;
}

/* Long lists make trees many times larger than their text. */
static bool check_tree_size(struct parser *parser, struct ssql_span span)
{
    if (parser->arena->used_bytes - parser->arena_begin <= TREE_SIZE_LIMIT)
        return true;
    parser_fail(parser, SSQL_TOO_LARGE, span, "the statement has too many parts: beyond here it needs more than %d MiB",
                TREE_SIZE_LIMIT / (1024 * 1024));
    return error_hint(parser->error, "several smaller statements do the same");
}

int ssql_grammar_lex(SSQL_GRAMMAR_STYPE *value, struct ssql_span *span, struct parser *parser)
{
    int kind = parser->start_token;

    if (kind != 0) {
        if (parser->completion != NULL)
            return completion_next_token(parser, value, span);
        parser->start_token = 0;
        *span = NO_SPAN;
        return kind;
    }
    kind = scanner_next(value, span, parser->scanner);
    parser->seen[2] = parser->seen[1];
    parser->seen[1] = parser->seen[0];
    parser->seen[0] = (struct seen_token){kind, *span};
    if (parser->has_failed || arena_failed(parser->arena) || !check_tree_size(parser, *span))
        return TOKEN_SSQL_GRAMMAR_error;
    return kind;
}

/* Refuses bytes that are no text. */
static bool check_encoding(const char *text, size_t size, struct ssql_error *error)
{
    const char *zero = memchr(text, '\0', size);

    if (zero != NULL) {
        uint32_t at = (uint32_t)(zero - text);
        return error_set(error, SSQL_BAD_ENCODING, (struct ssql_span){at, at + 1}, "the statement holds a NUL byte");
    }
    size_t valid = utf8_valid_prefix(slice_make(text, size));
    if (valid == size)
        return true;
    return error_set(error, SSQL_BAD_ENCODING, (struct ssql_span){(uint32_t)valid, (uint32_t)valid + 1},
                     "invalid UTF-8: byte 0x%02X at offset %zu", (unsigned)(uint8_t)text[valid], valid);
}

bool parser_start(struct parser *parser, int start_token, const char *text, size_t begin, size_t size,
                  struct arena *arena, struct ssql_error *error)
{
    char *copy = arena_alloc(arena, size + SCAN_PADDING);

    if (copy == NULL)
        return error_no_memory(error);
    memcpy(copy, text, size);
    parser->arena = arena;
    parser->error = error;
    parser->has_failed = false;
    parser->has_deferred = false;
    parser->scan_begin = copy;
    parser->scan_size = (uint32_t)size;
    parser->arena_begin = arena->used_bytes;
    parser->start_token = start_token;
    parser->completion = NULL;
    memset(parser->seen, 0, sizeof parser->seen);
    parser->bare_minimum = NULL;
    parser->parameter_names = NULL;
    parser->parameter_count = 0;
    parser->statement = NULL;
    parser->expression = NULL;
    scanner_set_text(parser, copy + begin, size - begin);
    return true;
}

/* Runs the grammar; the first error wins, a deferred one comes last. */
static bool parser_run(struct parser *parser)
{
    int result = ssql_grammar_parse(parser);

    if (parser->has_failed)
        return false;
    if (arena_failed(parser->arena))
        return error_no_memory(parser->error);
    if (parser->bare_minimum != NULL)
        parser_defer(parser, SSQL_OUT_OF_RANGE, parser->bare_minimum->span,
                     "the number 9223372036854775808 does not fit in an int (64 bits)");
    if (parser->has_deferred) {
        if (parser->error != NULL)
            *parser->error = parser->deferred;
        return false;
    }
    assert(result == 0); /* else it has said why */
    (void)result;
    return true;
}

/* Finds the first statement that is not empty. False: there is none. */
static bool find_statement(const char *text, size_t length, struct statement_boundary *boundary, bool *is_ended)
{
    *boundary = (struct statement_boundary){0};
    while (statement_boundary_find(boundary, text, length)) {
        if (boundary->has_token) {
            *is_ended = true;
            return true;
        }
        *boundary = (struct statement_boundary){.offset = boundary->offset};
    }
    *is_ended = false;
    if (!boundary->has_token) {
        /* An open comment is an error that the scanner reports; a byte held back is a token after all. */
        if (boundary->state == BOUNDARY_COMMENT)
            boundary->token_begin = boundary->open_begin;
        else if (boundary->state == BOUNDARY_PLAIN && boundary->offset < length)
            boundary->token_begin = boundary->offset;
        else
            return false;
    }
    boundary->offset = length;
    return true;
}

bool parse_statement(struct parser *parser, const char *text, size_t length, struct arena *arena,
                     struct statement **out, size_t *consumed, struct ssql_error *error)
{
    struct statement_boundary boundary;

    *out = NULL;
    *consumed = length;
    if (!find_statement(text, length, &boundary, &parser->is_ended))
        return true;
    *consumed = boundary.offset;
    if (boundary.offset > STATEMENT_SIZE_LIMIT)
        return error_set(error, SSQL_TOO_LARGE, NO_SPAN, "the statement is longer than %d bytes", STATEMENT_SIZE_LIMIT);
    size_t size = boundary.offset - parser->is_ended;
    if (!check_encoding(text, size, error) ||
        !parser_start(parser, TOKEN_START_STATEMENT, text, boundary.token_begin, size, arena, error))
        return false;
    if (!parser_run(parser))
        return false;
    *out = parser->statement;
    return true;
}

bool parse_expression(struct parser *parser, const char *text, size_t length, struct arena *arena, struct expr **out,
                      struct ssql_error *error)
{
    *out = NULL;
    if (length > STATEMENT_SIZE_LIMIT)
        return error_set(error, SSQL_TOO_LARGE, NO_SPAN, "the expression is longer than %d bytes",
                         STATEMENT_SIZE_LIMIT);
    parser->is_ended = false;
    if (!check_encoding(text, length, error) ||
        !parser_start(parser, TOKEN_START_EXPRESSION, text, 0, length, arena, error))
        return false;
    if (!parser_run(parser))
        return false;
    if (parser->parameter_count > 0)
        return error_set(error, SSQL_SYNTAX, parser->parameter_span, "a parameter cannot stand here");
    *out = parser->expression;
    return true;
}
