/* syntax_context.h - what stands round a wrong token: the few tokens before and behind it, the brackets that are open
 * there, the clauses that came before it. For messages only: the text is read once more, roughly, with no regard to
 * what the grammar makes of it. */
#ifndef SSQL_PARSER_SYNTAX_CONTEXT_H
#define SSQL_PARSER_SYNTAX_CONTEXT_H

#include "parser/parser_internal.h"

enum rough_kind {
    ROUGH_WORD,   /* bare: a keyword or a name */
    ROUGH_NUMBER, /* digits, and what follows them */
    ROUGH_QUOTED, /* '...', "..." or `...`, which may be open at the end */
    ROUGH_SIGN,   /* any other byte, by itself */
};

struct rough_token {
    enum rough_kind kind;
    struct ssql_span span;
};

enum { CONTEXT_BEFORE = 8, CONTEXT_AFTER = 6, CONTEXT_TOKENS = CONTEXT_BEFORE + 1 + CONTEXT_AFTER };

struct syntax_context {
    struct slice text; /* of the statement */
    struct rough_token tokens[CONTEXT_TOKENS];
    size_t count;                /* of tokens */
    size_t wrong;                /* position of the wrong token among them; == count: the end of the statement */
    bool has_beginning;          /* tokens[0] is the statement's first */
    struct rough_token first;    /* the statement's first token; an empty span when there is none */
    struct ssql_span open;       /* the innermost bracket that is open at the wrong token; empty: none is */
    const char *clauses_seen[9]; /* keywords that begin clauses, before it, at its depth; NULL behind the last */
};

/* Looks round the byte at which the wrong token begins. */
void syntax_context_find(struct syntax_context *context, struct parser *parser, uint32_t wrong_begin);

/* The text of a token. */
struct slice rough_text(const struct syntax_context *context, const struct rough_token *token);

/* Whether the clause that the word begins came before. */
bool syntax_context_has_clause(const struct syntax_context *context, const char *word);

/* The first clause before the wrong token that can only stand behind the one the word begins; NULL: there is none. */
const char *syntax_context_later_clause(const struct syntax_context *context, const char *word);

#endif
