#include "support/parsing.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "parser/ast_text.h"
#include "support/ast_dump.h"

int parsing_setup(void **state)
{
    struct parsing *parsing = calloc(1, sizeof *parsing);

    if (parsing == NULL || !parser_create(&parsing->parser, &parsing->error))
        return -1;
    *state = parsing;
    return 0;
}

int parsing_teardown(void **state)
{
    struct parsing *parsing = *state;

    parser_destroy(parsing->parser);
    arena_clear(&parsing->arena);
    free(parsing);
    return 0;
}

static struct statement *parse_bytes(struct parsing *parsing, const char *text, size_t size, bool *parsed)
{
    struct statement *statement;

    /* An exact copy on the heap, so that a read beyond the text is seen. */
    char *copy = malloc(size + (size == 0));
    assert_non_null(copy);
    memcpy(copy, text, size);
    arena_reset(&parsing->arena);
    error_clear(&parsing->error);
    *parsed =
        parse_statement(parsing->parser, copy, size, &parsing->arena, &statement, &parsing->consumed, &parsing->error);
    free(copy);
    return statement;
}

const struct statement *parse(void **state, const char *text)
{
    struct parsing *parsing = *state;
    bool parsed;
    const struct statement *statement = parse_bytes(parsing, text, strlen(text), &parsed);

    if (!parsed)
        fail_msg("%s: %s", text, parsing->error.message);
    return statement;
}

const struct expr *parse_item(void **state, const char *text)
{
    char statement_text[1000];

    snprintf(statement_text, sizeof statement_text, "select %s", text);
    return parse(state, statement_text)->query->select.items[0].expr;
}

void expect_text(void **state, const char *text, const char *canonical)
{
    struct buffer before = {0}, after = {0}, written = {0};
    const struct statement *statement = parse(state, text);

    assert_non_null(statement);
    ast_dump(&before, statement);
    statement_append_text(&written, statement);
    buffer_append_byte(&written, '\0');
    assert_string_equal((const char *)written.data, canonical);
    ast_dump(&after, parse(state, canonical));
    buffer_append_byte(&before, '\0');
    buffer_append_byte(&after, '\0');
    assert_string_equal((const char *)before.data, (const char *)after.data);
    buffer_clear(&before);
    buffer_clear(&after);
    buffer_clear(&written);
}

struct slice span_text(const char *text, struct ssql_span span)
{
    return slice_make(text + span.begin, span.end - span.begin);
}

void expect_error(void **state, const char *text, enum ssql_code code, const char *at, const char *message,
                  const char *hint)
{
    struct parsing *parsing = *state;
    bool parsed;

    parse_bytes(parsing, text, strlen(text), &parsed);
    if (parsed)
        fail_msg("%s: parsed", text);
    const struct ssql_error *error = &parsing->error;
    assert_string_equal(error->message, message);
    assert_int_equal(error->code, code);
    assert_string_equal(error->hint, hint == NULL ? "" : hint);
    assert_true(error->span.end <= strlen(text));
    if (at == NULL) {
        assert_int_equal(error->span.begin, error->span.end);
        return;
    }
    struct slice place = span_text(text, error->span);
    if (!slice_equal(place, slice_of(at)))
        fail_msg("%s: error at '%.*s' instead of '%s'", text, SLICE_PRINT(place), at);
}
