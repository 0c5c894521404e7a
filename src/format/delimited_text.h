/* delimited_text.h - the texts of CSV and TSV fields that are not what their bytes say: doubled quotes, escapes. */
#ifndef SSQL_FORMAT_DELIMITED_TEXT_H
#define SSQL_FORMAT_DELIMITED_TEXT_H

#include "base/slice.h"

/* Writes the text between the quotes of a CSV field, its doubled quotes made single, to `to`, which has room for as
 * many bytes; returns how many were written. */
size_t csv_unquote(struct slice quoted, uint8_t *to);

/* Writes the text of an escaped TSV field to `to`, which has room for as many bytes; returns how many were written.
 * At an escape that there is not, *fault is where it begins. */
size_t tsv_unescape(struct slice escaped, uint8_t *to, const uint8_t **fault);

#endif
