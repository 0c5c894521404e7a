/* token.h - what a token is worth: called by the scanner for every token that is more than a sign. Each returns the
 * token's kind, or the kind of a wrong token after parser_fail. Values point into the scanned text where nothing had to
 * be unescaped, else into the arena. */
#ifndef SSQL_PARSER_TOKEN_H
#define SSQL_PARSER_TOKEN_H

#include "parser/parser_internal.h"

int token_word(struct parser *parser, const char *text, size_t size, struct slice *name);
/* A word with bytes beyond ASCII, some of which only look like a letter. */
int token_wide_word(struct parser *parser, struct ssql_span span, const char *text, size_t size, struct slice *name);
int token_integer(struct parser *parser, struct ssql_span span, const char *text, size_t size, uint64_t *magnitude);
int token_float(struct parser *parser, struct ssql_span span, const char *text, double *real);

/* The text with its quotes: '...', "..." and `...`. */
int token_string(struct parser *parser, const char *text, size_t size, struct slice *string);
int token_quoted(struct parser *parser, struct ssql_span span, const char *text, size_t size, struct slice *string);
int token_name(struct parser *parser, struct ssql_span span, const char *text, size_t size, struct slice *name);

/* The digits after `?` (none: the next free index), and the name after `:` or `$`. */
int token_parameter(struct parser *parser, struct ssql_span span, const char *digits, size_t size, uint32_t *index);
int token_named_parameter(struct parser *parser, struct ssql_span span, const char *name, size_t size, uint32_t *index);

/* Wrong tokens. */
int token_bad_number(struct parser *parser, struct ssql_span span);
int token_unterminated(struct parser *parser, uint32_t begin, uint32_t opening_size, const char *what);
int token_unexpected(struct parser *parser, struct ssql_span span, char byte);

#endif
