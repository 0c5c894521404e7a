/* ast_text.h - a tree back to SSQL text: what `explain` shows and the catalog stores. Parsing the text gives an equal
 * tree. Parentheses stand only where they are needed, strings in single quotes, names in backquotes only when they
 * must. A failed allocation is kept in buffer->failed. */
#ifndef SSQL_PARSER_AST_TEXT_H
#define SSQL_PARSER_AST_TEXT_H

#include "base/buffer.h"
#include "parser/ast.h"

/* Without a `;`. */
void statement_append_text(struct buffer *buffer, const struct statement *statement);

void query_append_text(struct buffer *buffer, const struct query *query);

void expr_append_text(struct buffer *buffer, const struct expr *expr);

/* The name, in backquotes unless it can stand bare. */
void name_append_text(struct buffer *buffer, struct slice name);

#endif
