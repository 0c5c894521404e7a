/* row_codec.h - rows of operators as bytes: what they keep in hash tables and spill files.
 *
 *   per value   1 byte    0: a value follows; 1: null, nothing follows
 *               8 bytes   int, float (little-endian)
 *               1 byte    bool
 *               4 bytes   length of a string, then its bytes
 *
 * And as sort keys, whose memcmp order is the order asked for (row_append_sort_key). */
#ifndef SSQL_EXEC_ROW_CODEC_H
#define SSQL_EXEC_ROW_CODEC_H

#include "base/vector.h"

/* A value, and the item of a row, as they are. Failures are kept in buffer->failed. */
void row_append_value(struct buffer *buffer, const struct value *value);
void row_append_item(struct buffer *buffer, const struct vector *vector, uint32_t row);

/* The same with -0.0 as 0.0 and one NaN: values that are equal (value.h) have equal bytes, so that a group's key can be
 * hashed and compared as it stands. */
void row_append_group_value(struct buffer *buffer, const struct value *value);
void row_append_group_item(struct buffer *buffer, const struct vector *vector, uint32_t row);

/* Takes one value of a type off the front of `bytes`; a string points into them. False: these bytes are no such value.
 */
MUST_CHECK bool row_take_value(struct slice *bytes, enum ssql_type type, struct value *value);
/* The same of bytes that have been in memory since they were appended: they are such a value. */
void row_take_own_value(struct slice *bytes, enum ssql_type type, struct value *value);

/* 1 byte for null or not, then the value's key (key_codec.h) with strings in their inner form; all bits but the first
 * byte's flipped when descending. */
void row_append_sort_key(struct buffer *buffer, const struct value *value, bool is_descending, bool nulls_last);

#endif
