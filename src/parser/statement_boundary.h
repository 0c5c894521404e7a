/* statement_boundary.h - where a statement ends, found without parsing: the `;` outside quotes and comments. It can be
 * resumed as more text arrives, so that a reader of a stream looks at every byte once. Zeroed memory is a fresh start.
 */
#ifndef SSQL_PARSER_STATEMENT_BOUNDARY_H
#define SSQL_PARSER_STATEMENT_BOUNDARY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum boundary_state {
    BOUNDARY_PLAIN,         /* outside quotes and comments */
    BOUNDARY_STRING,        /* inside '...' */
    BOUNDARY_DOUBLE_QUOTED, /* inside "..." */
    BOUNDARY_NAME,          /* inside `...` */
    BOUNDARY_LINE_COMMENT,  /* inside -- ... */
    BOUNDARY_COMMENT,       /* inside a bracketed comment */
};

struct statement_boundary {
    enum boundary_state state; /* where the bytes seen so far end */
    uint32_t comment_depth;
    bool has_token;     /* something other than blanks and comments was seen */
    size_t offset;      /* bytes seen; the last few may be held back while their meaning depends on the next */
    size_t token_begin; /* offset of the first byte that is neither blank nor comment; meant while has_token */
    size_t open_begin;  /* offset of the quote or comment that is still open; meant unless BOUNDARY_PLAIN */
};

/* Looks on from `offset` in `text`, the same text as before, perhaps grown at its end. True when the next `;` was
 * found: `offset` is behind it, and the caller starts afresh for the statement that follows. False: the text has no
 * further
 * `;`; call again with more of it, or take what is there as the last statement. */
bool statement_boundary_find(struct statement_boundary *boundary, const char *text, size_t length);

/* True when the text can be run as it stands: it is blank, or a `;` ends its last statement. */
bool text_is_complete(const char *text, size_t length);

#endif
