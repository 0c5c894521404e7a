#include "parser/token_kind.h"

#include "parser/completion.h"
#include "parser/parser.h"
#include "parser/statement_boundary.h"
#include "ssql_grammar.h"

struct visitor {
    const char *text;
    token_visit *visit;
    void *context;
    size_t done;    /* bytes that were visited */
    bool has_ended; /* the visitor wants no more */
};

static enum token_kind kind_of(int token)
{
    switch (token) {
    case TOKEN_IDENTIFIER: return KIND_NAME;
    case TOKEN_QUOTED:
    case TOKEN_STRING: return KIND_STRING;
    case TOKEN_INTEGER:
    case TOKEN_FLOAT: return KIND_NUMBER;
    case TOKEN_PARAMETER: return KIND_PARAMETER;
    case TOKEN_SSQL_GRAMMAR_error: return KIND_WRONG;
    default: return KIND_SIGN; /* or a keyword, which its first byte tells */
    }
}

static void visit(struct visitor *visitor, enum token_kind kind, size_t begin, size_t end)
{
    visitor->done = end;
    if (!visitor->has_ended)
        visitor->has_ended = visitor->visit(visitor->context, (int)kind, begin, end) != 0;
}

static size_t comment_end(const char *text, size_t begin, size_t end)
{
    size_t at = begin + 2;

    if (text[begin] == '-') {
        while (at < end && text[at] != '\n')
            at++;
        return at;
    }
    for (unsigned depth = 1; at + 1 < end && depth > 0;) {
        bool opens = text[at] == '/' && text[at + 1] == '*', closes = text[at] == '*' && text[at + 1] == '/';
        depth += (unsigned)opens - (unsigned)closes;
        at += opens || closes ? 2 : 1;
    }
    return at;
}

/* Between tokens the scanner passes over blanks and comments: what is no blank there is a comment. */
static void visit_gap(struct visitor *visitor, size_t end)
{
    while (!visitor->has_ended) {
        size_t begin = visitor->done;
        while (begin < end && (uint8_t)visitor->text[begin] <= ' ')
            begin++;
        if (begin == end)
            break;
        visit(visitor, KIND_COMMENT, begin, comment_end(visitor->text, begin, end));
    }
    visitor->done = end;
}

/* The tokens of one statement, [begin, end), and of what stands before it. */
static bool visit_statement(struct visitor *visitor, struct parser *parser, size_t begin, size_t end,
                            struct arena *arena, struct ssql_error *error)
{
    struct token_list list;

    arena_reset(arena);
    if (!token_list_scan(parser, visitor->text + begin, end - begin, arena, &list, error))
        return false;
    for (uint32_t i = 0; i < list.count && !visitor->has_ended; i++) {
        size_t token_begin = begin + list.items[i].span.begin, token_end = begin + list.items[i].span.end;
        char first = visitor->text[token_begin];
        enum token_kind kind = kind_of(list.items[i].kind);
        if (kind == KIND_SIGN && ((first >= 'a' && first <= 'z') || (first >= 'A' && first <= 'Z')))
            kind = KIND_KEYWORD;
        visit_gap(visitor, token_begin);
        visit(visitor, kind, token_begin, token_end);
    }
    visit_gap(visitor, end);
    return true;
}

bool tokens_visit(const char *text, size_t length, token_visit *report, void *context, struct ssql_error *error)
{
    struct visitor visitor = {.text = text, .visit = report, .context = context};
    struct statement_boundary boundary = {0};
    struct parser *parser = NULL;
    struct arena arena;
    bool done = true, found = true;

    if (length > 0 && memchr(text, '\0', length) != NULL)
        return error_set(error, SSQL_BAD_ENCODING, NO_SPAN, "the text holds a NUL byte");
    if (!parser_create(&parser, error))
        return false;
    arena_init(&arena);
    while (done && found && !visitor.has_ended) {
        size_t begin = boundary.offset;
        boundary = (struct statement_boundary){.offset = begin};
        found = statement_boundary_find(&boundary, text, length);
        bool is_open = !found && boundary.state != BOUNDARY_PLAIN && boundary.state != BOUNDARY_LINE_COMMENT;
        size_t end = found ? boundary.offset - 1 : is_open ? boundary.open_begin : length;
        done = visit_statement(&visitor, parser, begin, end, &arena, error);
        if (done && found)
            visit(&visitor, KIND_SIGN, end, end + 1);
        else if (done && is_open)
            visit(&visitor, KIND_OPEN, end, length);
    }
    arena_clear(&arena);
    parser_destroy(parser);
    return done;
}
