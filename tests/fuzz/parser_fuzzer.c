/* parser_fuzzer.c - any bytes as a text of statements. Every statement that parses must come back from its text as the
 * same tree; nothing may crash, hang or leak, and the parser must always move forward. */
#include <stdlib.h>

#include "parser/ast_text.h"
#include "parser/parser.h"
#include "parser/statement_boundary.h"
#include "support/ast_dump.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void expect(bool condition)
{
    if (!condition)
        abort();
}

static void check_round_trip(struct parser *parser, const struct statement *statement)
{
    struct buffer text = {0}, before = {0}, after = {0};
    struct arena arena;
    struct statement *again;
    struct ssql_error error;
    size_t consumed;

    arena_init(&arena);
    ast_dump(&before, statement);
    statement_append_text(&text, statement);
    expect(parse_statement(parser, (const char *)text.data, text.size, &arena, &again, &consumed, &error));
    expect(again != NULL && consumed == text.size);
    ast_dump(&after, again);
    expect(slice_equal(buffer_slice(&before), buffer_slice(&after)));
    buffer_clear(&text);
    buffer_clear(&before);
    buffer_clear(&after);
    arena_clear(&arena);
}

static void check_error(const struct ssql_error *error, size_t consumed)
{
    expect(error->code != SSQL_OK && error->code != SSQL_INTERNAL && error->code != SSQL_NO_MEMORY);
    expect(error->message[0] != '\0');
    expect(error->span.begin <= error->span.end && error->span.end <= consumed);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *text = (const char *)data;
    struct parser *parser;
    struct ssql_error error;
    struct arena arena;

    if (!parser_create(&parser, &error))
        return 0;
    arena_init(&arena);
    for (size_t offset = 0; offset < size;) {
        struct statement *statement;
        size_t consumed = 0;
        error_clear(&error);
        bool parsed = parse_statement(parser, text + offset, size - offset, &arena, &statement, &consumed, &error);
        expect(consumed > 0 && consumed <= size - offset);
        if (!parsed)
            check_error(&error, consumed);
        else if (statement != NULL)
            check_round_trip(parser, statement);
        arena_reset(&arena);
        offset += consumed;
    }
    (void)text_is_complete(text, size);
    arena_clear(&arena);
    parser_destroy(parser);
    return 0;
}
