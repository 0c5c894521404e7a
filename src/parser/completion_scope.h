/* completion_scope.h - where in a statement somebody is writing, and which tables it names: read off its tokens, so
 * that it works for a statement that is not finished, or wrong. All in the statement's arena; spans count as the
 * tokens'. */
#ifndef SSQL_PARSER_COMPLETION_SCOPE_H
#define SSQL_PARSER_COMPLETION_SCOPE_H

#include "parser/completion.h"

/* What a name at the place would be. */
enum name_place {
    PLACE_KEYWORD,        /* none: the statement begins here, or only words of the grammar make sense */
    PLACE_TABLE,          /* a table that exists */
    PLACE_NEW_NAME,       /* something that does not exist yet */
    PLACE_EXPRESSION,     /* a column, function … */
    PLACE_CONSTANT,       /* an expression without columns */
    PLACE_TARGET_COLUMN,  /* a column of the table that is written to */
    PLACE_DEFINED_COLUMN, /* a column of the table that is being defined */
    PLACE_TYPE,
};

/* A table that the statement names, or the alias it gives it. Texts as they are written, quotes included. */
struct named_table {
    struct slice name;
    struct slice alias; /* empty: none */
    uint32_t query;     /* that it belongs to */
};

struct name_items {
    struct slice *items;
    uint32_t count;
};

struct completion_scope {
    enum name_place place;
    struct slice qualifier;     /* the name before the `.` at the place; empty: none */
    struct named_table *tables; /* those that the place can see */
    uint32_t table_count;
    bool has_source;         /* a `from` or a table to be written to stands before the place */
    struct name_items named; /* columns that the list at the place has already; aliases of the select list; columns
                                being defined: whichever `place` asks for */
};

/* False: out of memory. */
MUST_CHECK bool completion_scope_find(const struct completion *completion, struct arena *arena,
                                      struct completion_scope *out);

#endif
