/* token_kind.h - a text taken apart for whoever shows it: statements, the `;` that end them, and comments. */
#ifndef SSQL_PARSER_TOKEN_KIND_H
#define SSQL_PARSER_TOKEN_KIND_H

#include "base/error.h"

enum token_kind {
    KIND_KEYWORD = 1,
    KIND_NAME,
    KIND_STRING,
    KIND_NUMBER,
    KIND_PARAMETER,
    KIND_SIGN,
    KIND_COMMENT,
    KIND_OPEN,  /* a string, name or comment without an end */
    KIND_WRONG, /* bytes that are no token */
};

/* Returns 0 to go on. */
typedef int token_visit(void *context, int kind, size_t begin, size_t end);

/* Visits the tokens of a text in their order. Fails with SSQL_NO_MEMORY or, before any visit, SSQL_BAD_ENCODING: a NUL
 * byte. */
MUST_CHECK bool tokens_visit(const char *text, size_t length, token_visit *visit, void *context,
                             struct ssql_error *error);

#endif
