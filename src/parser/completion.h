/* completion.h - what can follow in a statement that is being written: its tokens, and the words of the grammar that
 * fit at a place. The grammar itself is asked: its parser runs over what stands before the place and is then given a
 * token that fits nowhere. A token before the place that is wrong is passed over, or taken for the keyword that was
 * probably meant, so that a mistake further up does not end all help. */
#ifndef SSQL_PARSER_COMPLETION_H
#define SSQL_PARSER_COMPLETION_H

#include "parser/parser_internal.h"

enum {
    COMPLETION_SIZE_LIMIT = 1024 * 1024, /* bytes of a statement beyond which the grammar is not asked */
    COMPLETION_REPAIRS_MOST = 24,        /* wrong tokens before the place that are passed over */
};

/* A token of a statement. */
struct listed_token {
    int kind; /* as the grammar numbers them; the error token for what is none */
    struct ssql_span span;
};

struct token_list {
    struct listed_token *items; /* capacity is the next power of two */
    uint32_t count;
};

struct completion {
    size_t statement_begin;   /* offset of the statement in the text; spans count from there */
    const char *statement;    /* its bytes, in the arena */
    struct token_list before; /* tokens before the word; mistyped keywords count as what was meant */
    struct token_list after;  /* tokens behind the place */
    struct ssql_span word;    /* the word that is being written, up to the place; empty when a new one begins there */
    bool is_quoted;           /* the word is a name in backquotes, still open */
    bool is_closed;           /* nothing fits: in a string or comment, or right behind a number, string or name */
    bool is_known;            /* the grammar gave an answer: the members below */
    const char *const *words; /* keywords that fit, names of names left out; static texts */
    size_t word_count;
    bool expects_name;       /* a name fits */
    bool expects_expression; /* an expression may begin here */
};

/* Looks at offset `at` of the text, which may hold several statements and anything else. All results are in the arena.
 * Fails with SSQL_NO_MEMORY. */
MUST_CHECK bool completion_find(const char *text, size_t length, size_t at, struct arena *arena, struct completion *out,
                                struct ssql_error *error);

/* Lists the tokens of one statement, without its `;`; bytes that are no token are listed with the error token's kind.
 * The text holds no NUL. Fails with SSQL_NO_MEMORY. */
MUST_CHECK bool token_list_scan(struct parser *parser, const char *text, size_t size, struct arena *arena,
                                struct token_list *out, struct ssql_error *error);

/* The i-th spelling of a type, from 0; NULL past the last. */
const char *type_spelling(size_t i);

/* ---- for the parser, while it runs for completion_find ---- */

union SSQL_GRAMMAR_STYPE;

/* Hands out the tokens before the place, as they were repaired, then the one that fits nowhere. */
int completion_next_token(struct parser *parser, union SSQL_GRAMMAR_STYPE *value, struct ssql_span *span);

/* The grammar met a token that does not fit; `names` are those that would. */
void completion_note_expected(struct parser *parser, const char *const *names, size_t count);

#endif
