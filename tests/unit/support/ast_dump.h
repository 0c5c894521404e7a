/* ast_dump.h - a tree as text that shows its every part and nothing of its spelling, so that two trees are equal when
 * their dumps are. Spans and the titles made from the source text are left out. */
#ifndef SSQL_TESTS_AST_DUMP_H
#define SSQL_TESTS_AST_DUMP_H

#include "base/buffer.h"
#include "parser/ast.h"

void ast_dump(struct buffer *buffer, const struct statement *statement);
void ast_dump_expr(struct buffer *buffer, const struct expr *expr);

#endif
