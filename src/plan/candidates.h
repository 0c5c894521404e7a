/* candidates.h - the words that can stand at a place of a statement that is being written: keywords by the grammar,
 * names by the schema. */
#ifndef SSQL_PLAN_CANDIDATES_H
#define SSQL_PLAN_CANDIDATES_H

#include "catalog/catalog.h"
#include "parser/completion.h"

enum candidate_kind {
    CANDIDATE_KEYWORD = 1,
    CANDIDATE_TABLE,
    CANDIDATE_COLUMN,
    CANDIDATE_FUNCTION,
    CANDIDATE_TYPE,
    CANDIDATE_ALIAS,
};

struct candidate {
    enum candidate_kind kind;
    const char *text;   /* as it is written in the statement: names in backquotes where they need them */
    const char *detail; /* type and table of a column, signature of a function …; "" when there is nothing to say */
};

struct candidates {
    struct candidate *items; /* the likeliest first; in the arena */
    uint32_t count;
};

/* Lists what the word that is being written can become, at a place that is not closed. False: out of memory. */
MUST_CHECK bool candidates_find(const struct completion *completion, const struct schema *schema, struct arena *arena,
                                struct candidates *out);

#endif
