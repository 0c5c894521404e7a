/* field_convert.h - the text of a field as a value of a column's type, exactly or not at all.
 *   int     digits with a sign, within 64 bits; blanks and tabs around it are passed over, as in all but strings
 *   float   what SSQL writes: digits with '.' and 'e', inf, -inf, nan (also infinity; in any case); beyond the largest
 *           finite number: an error
 *   bool    true, false, t, f, 1, 0 (in any case); of JSON's own values only true and false
 *   string  the text as it is; JSON's numbers and bools as they are written
 * A JSON string is read as the text in it, so "42" is an int and "inf" a float where such a column is.
 * A null or absent field is a null of every type. A nested JSON value has no type here:
 * SSQL_TYPE_MISMATCH (42804).
 * Errors: SSQL_BAD_VALUE (22P02) for what is no such value, SSQL_OUT_OF_RANGE (22003) for what does not fit; the
 * message names column, value and wanted type, and no place (record_reader_field_place, record_place_prefix). */
#ifndef SSQL_FORMAT_FIELD_CONVERT_H
#define SSQL_FORMAT_FIELD_CONVERT_H

#include "base/vector.h"
#include "format/record.h"

/* One field. A string's bytes are the field's. `type` is not SSQL_TYPE_NULL. */
MUST_CHECK bool field_convert(const struct field *field, enum ssql_type type, struct slice column_name,
                              struct value *value, struct ssql_error *error);

/* The same for a column of a batch. `items` is an array of the type's items as a flat vector has them
 * (vector_item_size), `nulls` one byte per row; both have room for batch->count. Items of null rows are zero (an empty
 * slice). *any_null says whether there are some. A failure leaves its row in *failed_row: the rows before it are
 * converted; one may go on behind by calling again with first = *failed_row + 1. */
MUST_CHECK bool field_convert_column(const struct record_batch *batch, uint32_t column, uint32_t first,
                                     enum ssql_type type, struct slice column_name, void *items, uint8_t *nulls,
                                     bool *any_null, uint32_t *failed_row, struct ssql_error *error);

/* How many bytes of a text a message shows; a longer one is cut at a character's end. */
enum { FIELD_SHOWN_MOST = 64 };

#endif
