/* row_format.h - a row as one run of bytes: its form in the WAL, in write sets and in memtables, where any column can
 * be read without walking the others.
 *
 *   offset            size       field
 *        0   (columns+7)/8       null bitmap, bit i of byte i/8: column i is null; unused bits 0
 *        …                8 * f  ints and floats in column order, little-endian (0 when null)
 *        …                    b  bools in column order, 0 or 1
 *        …                4 * s  per string column, in order: end of its bytes, from the row's first byte, u32
 *        …                    …  the strings' bytes in column order
 *
 * Rows are written by this process or come from a checked WAL record, yet row_check looks at every length before a
 * recovered row is used. */
#ifndef SSQL_STORAGE_ROW_FORMAT_H
#define SSQL_STORAGE_ROW_FORMAT_H

#include "base/buffer.h"
#include "base/value.h"

enum {
    COLUMNS_MOST = 1024,
    KEY_COLUMNS_MOST = 32,
    KEY_SIZE_MOST = 16 << 10, /* bytes of an encoded key */
    ROW_SIZE_MOST = 64 << 20, /* bytes of an encoded row */
};

/* What storage knows of a table: types, and which columns are the key, in key order. Key columns are never null. A
 * table has at least one key column (the catalog adds a hidden row number where the user gave none). */
struct table_layout {
    uint32_t column_count;
    uint32_t key_count;
    uint8_t types[COLUMNS_MOST]; /* enum ssql_type, never SSQL_TYPE_NULL */
    uint16_t key_columns[KEY_COLUMNS_MOST];
};

/* A layout with its offsets worked out once. Immutable; heap; shared by everything of one table. */
struct row_format {
    struct table_layout layout;
    bool key_is_int;     /* the key is one int: 8 bytes, and its order is the ints' order */
    uint32_t fixed_size; /* bytes before the strings' bytes */
    uint32_t string_count;
    uint32_t offsets[COLUMNS_MOST];      /* of the fixed slot, or of the string's end slot */
    uint16_t string_index[COLUMNS_MOST]; /* ordinal among the string columns */
    uint32_t string_ends_offset;
};

MUST_CHECK bool row_format_create(const struct table_layout *layout, struct row_format **format,
                                  struct ssql_error *error);
void row_format_destroy(struct row_format *format);

/* Appends the row. values[i].type is the column's type (any for a null). Fails with SSQL_TOO_LARGE or SSQL_NO_MEMORY
 * and leaves the buffer as it was. */
MUST_CHECK bool row_encode(const struct row_format *format, const struct value *values, struct buffer *buffer,
                           struct ssql_error *error);

/* Appends the key of a row given as values; SSQL_TOO_LARGE beyond KEY_SIZE_MOST. */
MUST_CHECK bool row_encode_key(const struct row_format *format, const struct value *values, struct buffer *buffer,
                               struct ssql_error *error);

/* The same from an encoded row. */
MUST_CHECK bool row_key(const struct row_format *format, struct slice row, struct buffer *buffer,
                        struct ssql_error *error);

/* Whether bytes may be the key of a row, whether there is one or not. `scratch` is overwritten. Fails with
 * SSQL_NO_MEMORY. */
MUST_CHECK bool row_key_check(const struct row_format *format, struct slice key, struct buffer *scratch, bool *is_key,
                              struct ssql_error *error);

/* Column of an encoded row; a string points into the row. */
struct value row_value(const struct row_format *format, struct slice row, uint32_t column);

/* Whether every offset of the row lies within it, in order, and key columns are not null. */
bool row_check(const struct row_format *format, struct slice row);

#endif
