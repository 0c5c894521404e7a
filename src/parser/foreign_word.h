/* foreign_word.h - names that other databases have, and characters that only look like ours: what to write instead. */
#ifndef SSQL_PARSER_FOREIGN_WORD_H
#define SSQL_PARSER_FOREIGN_WORD_H

#include "base/slice.h"

/* Hints, static, for a name that is not known; NULL: none is known. */
const char *foreign_function_hint(struct slice name);
const char *foreign_type_hint(struct slice name);
const char *foreign_column_hint(struct slice name);
const char *foreign_table_hint(struct slice name);

struct foreign_character {
    uint32_t code_point;
    bool is_visible;
    const char *hint; /* NULL: none */
};

/* The first character in the text of a bare word that cannot be part of a name, because it is taken for a quote, a
 * dash, a blank or another sign; *at is its place, *size its length in bytes. False: there is none. */
bool foreign_character_find(struct slice word, struct foreign_character *found, size_t *at, size_t *size);

/* What to write instead of an ASCII sign that the language does not have, with the byte behind it; NULL: nothing known.
 */
const char *foreign_sign_hint(char sign, char behind);

#endif
