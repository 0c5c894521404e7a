/* parser.h - text in, statement out. The grammar never looks at the catalog.
 * A parser owns the scanner's buffers and is used again for every statement of a connection; one thread at a time. */
#ifndef SSQL_PARSER_PARSER_H
#define SSQL_PARSER_PARSER_H

#include "base/arena.h"
#include "base/error.h"
#include "parser/ast.h"

enum {
    EXPRESSION_DEPTH_LIMIT = 1000,            /* levels of an expression; 1+1+1 has three */
    STATEMENT_SIZE_LIMIT = 256 * 1024 * 1024, /* bytes, with the blanks and comments before it */
    TREE_SIZE_LIMIT = 256 * 1024 * 1024,      /* bytes of a statement's tree: some millions of values */
    PARAMETER_LIMIT = 10000,                  /* the highest index of a parameter */
};

struct parser;

/* Fails with SSQL_NO_MEMORY. */
MUST_CHECK bool parser_create(struct parser **out, struct ssql_error *error);

/* Accepts NULL. */
void parser_destroy(struct parser *parser);

/* Parses the first statement of the text, which need be neither writable nor terminated and is not needed afterwards:
 * the tree keeps a copy in the arena. Blanks, comments and empty statements before it are skipped; the `;` after the
 * last statement of a text is optional. *out is NULL when no statement is left. *consumed is always set, on failure
 * too: to just behind the statement's `;` (or the end of the text), where the caller goes on. The spans of the tree and
 * of the error count from `text`. Fails with SSQL_SYNTAX, SSQL_NOT_SUPPORTED, SSQL_OUT_OF_RANGE (a number),
 * SSQL_UNKNOWN_TYPE, SSQL_BAD_ENCODING, SSQL_TOO_LARGE or SSQL_NO_MEMORY. */
MUST_CHECK bool parse_statement(struct parser *parser, const char *text, size_t length, struct arena *arena,
                                struct statement **out, size_t *consumed, struct ssql_error *error);

/* Parses a text that is one expression, without parameters, such as expr_append_text has written: stored defaults. */
MUST_CHECK bool parse_expression(struct parser *parser, const char *text, size_t length, struct arena *arena,
                                 struct expr **out, struct ssql_error *error);

#endif
