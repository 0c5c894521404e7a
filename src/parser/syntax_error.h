/* syntax_error.h - one good message for a token that the grammar cannot use. */
#ifndef SSQL_PARSER_SYNTAX_ERROR_H
#define SSQL_PARSER_SYNTAX_ERROR_H

#include "parser/parser_internal.h"

/* `expected` names the tokens that could stand at `span`, by their aliases in the grammar. Fills parser->error: names
 * what is wrong, what was expected when that is little, and the keyword that was probably meant. */
void syntax_error_report(struct parser *parser, struct ssql_span span, const char *const *expected, size_t count);

#endif
