/* keyword.h - the words that the grammar knows. Most of them can be names all the same: which ones is said by the
 * grammar (rule `unreserved`) and repeated here for whoever writes names. */
#ifndef SSQL_PARSER_KEYWORD_H
#define SSQL_PARSER_KEYWORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"

struct keyword {
    const char *text; /* in lower case */
    int token;
    bool is_reserved;
};

extern const struct keyword keywords[]; /* in alphabetical order */
extern const size_t keyword_count;

enum { KEYWORD_SLOT_COUNT = 256 };

/* A hash table over `keywords`, built once per parser. */
struct keyword_table {
    uint8_t slots[KEYWORD_SLOT_COUNT];  /* position in `keywords` + 1; 0: free */
    uint64_t heads[KEYWORD_SLOT_COUNT]; /* first 8 bytes of the keyword in that slot */
};

void keyword_table_init(struct keyword_table *table);

/* The keyword that the word is, in any case, or NULL. At least 8 bytes must be readable from `word`. */
const struct keyword *keyword_table_find(const struct keyword_table *table, const char *word, size_t size);

/* The same without a table and without that condition, by binary search. */
const struct keyword *keyword_find(struct slice word);

#endif
