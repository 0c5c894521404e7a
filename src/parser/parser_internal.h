/* parser_internal.h - what the scanner, the grammar and the makers share while one statement is parsed. */
#ifndef SSQL_PARSER_PARSER_INTERNAL_H
#define SSQL_PARSER_PARSER_INTERNAL_H

#include <locale.h>

#include "base/arena.h"
#include "base/error.h"
#include "parser/ast.h"
#include "parser/keyword.h"

enum {
    PARSER_STACK_LIMIT = 32 * 1024, /* symbols that the grammar may hold open: more than any legal depth needs */
    SCAN_PADDING = 16, /* zero bytes behind the scanned text: two for the scanner, eight for the keywords */
};

/* A token that was already handed to the grammar. */
struct seen_token {
    int kind;
    struct ssql_span span;
};

struct parser {
    /* For all statements. */
    void *scanner;        /* of the generated scanner */
    void *scanner_buffer; /* owned with it */
    locale_t c_locale;    /* numbers are read alike whatever the program's locale */
    struct keyword_table keywords;

    /* For one statement. */
    struct arena *arena;
    struct ssql_error *error;   /* filled by the first failure that ends the parse */
    bool has_failed;            /* `error` is filled */
    bool has_deferred;          /* `deferred` is filled */
    struct ssql_error deferred; /* the first fault by place that counts only if the syntax is right */
    char *scan_begin;           /* the statement's text, in the arena, [scan_begin, scan_begin + scan_size) */
    uint32_t scan_size;
    size_t arena_begin;        /* bytes of the arena before the tree grew in it */
    bool is_ended;             /* a `;` follows the scanned text */
    int start_token;           /* still to be handed out first, or 0 */
    struct completion_parse *completion; /* while the words that can follow are looked for, else NULL */
    struct seen_token seen[3]; /* the latest first; seen[0] is the one the grammar looks at */
    uint32_t comment_begin;    /* of the comment being scanned */
    uint32_t comment_depth;
    struct expr *bare_minimum; /* the literal 9223372036854775808 while no minus stands before it */

    struct slice *parameter_names; /* capacity is the next power of two */
    uint32_t parameter_count;
    struct ssql_span parameter_span; /* of the first parameter */

    struct statement *statement; /* results */
    struct expr *expression;
};

/* Ends the parse with an error, unless an earlier one did. */
void parser_fail(struct parser *parser, enum ssql_code code, struct ssql_span span, const char *format, ...)
    PRINTF_LIKE(4, 5);

/* Notes a fault that is reported once the whole statement turned out to be well formed; the leftmost wins. */
void parser_defer(struct parser *parser, enum ssql_code code, struct ssql_span span, const char *format, ...)
    PRINTF_LIKE(4, 5);

/* Defers the error that a legal form is not supported yet. */
void parser_refuse(struct parser *parser, struct ssql_span span, const char *construct);

/* Adds a hint to the deferred error if it is the one at this place. */
void parser_defer_hint(struct parser *parser, struct ssql_span span, const char *format, ...) PRINTF_LIKE(3, 4);

/* For the generated parser, when one of its stacks is full: a copy in the arena with twice the room. Out of memory: the
 * same stack. */
void *parser_move_stack(struct parser *parser, void *stack, size_t size);

/* How many symbols the stacks hold after that: twice as many, or as before when the parse has to end. */
ptrdiff_t parser_deepen(struct parser *parser, ptrdiff_t depth);

/* Forgets the statement before and copies the text up to `size` to the arena, where it is scanned from `begin` on.
 * Fails with SSQL_NO_MEMORY. */
MUST_CHECK bool parser_start(struct parser *parser, int start_token, const char *text, size_t begin, size_t size,
                             struct arena *arena, struct ssql_error *error);

/* The bytes of a span of the statement. */
static inline struct slice parser_text(const struct parser *parser, struct ssql_span span)
{
    return slice_make(parser->scan_begin + span.begin, span.end - span.begin);
}

static inline struct ssql_span span_join(struct ssql_span first, struct ssql_span last)
{
    return (struct ssql_span){first.begin, last.end};
}

/* An array in the arena with room for one item more than `count`; NULL when out of memory. The capacity is 4 or the
 * next power of two, so that nobody has to keep it. */
void *list_grow(struct arena *arena, void *items, uint32_t count, size_t item_size);

/* The generated scanner (grammar/ssql.l). False: out of memory. */
bool scanner_create(struct parser *parser);
void scanner_destroy(struct parser *parser);

/* Scans `size` bytes from now on; they are followed by two zero bytes and are written to while a token is looked at. */
void scanner_set_text(struct parser *parser, char *text, size_t size);

/* Puts back the byte behind the latest token, in whose place stands a zero while the token is looked at. */
void scanner_show_text(struct parser *parser);

#endif
