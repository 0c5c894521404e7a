/* escaped_text.h - texts in which a backslash begins an escape, without them: what TSV and JSON have in common. */
#ifndef SSQL_FORMAT_ESCAPED_TEXT_H
#define SSQL_FORMAT_ESCAPED_TEXT_H

#include "base/slice.h"

/* Writes the text to `to`, which has room for as many bytes; returns how many were written. `read_escape` reads the
 * escape at `at`, writes what it stands for to *to, moves that behind it and returns the escape's size, or 0 when there
 * is none such: then *fault becomes where it begins, and nothing more is written. */
size_t text_unescape(struct slice escaped, size_t (*read_escape)(const uint8_t *at, const uint8_t *end, uint8_t **to),
                     uint8_t *to, const uint8_t **fault);

#endif
