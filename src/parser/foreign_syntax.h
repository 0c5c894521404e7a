/* foreign_syntax.h - forms of other databases and languages that the grammar does not have, and what to write instead.
 */
#ifndef SSQL_PARSER_FOREIGN_SYNTAX_H
#define SSQL_PARSER_FOREIGN_SYNTAX_H

#include "parser/syntax_context.h"

struct foreign_syntax {
    struct ssql_span span; /* of the token to blame; it may stand before the one that the grammar stumbled over */
    const char *hint;      /* static */
    bool is_certain; /* a word or sign of the form is to blame; else anything at its place: a slip may be likelier */
};

/* False: the wrong token is part of no form that is known. */
bool foreign_syntax_find(const struct syntax_context *context, struct foreign_syntax *found);

#endif
