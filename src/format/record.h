/* record.h - what a file of records consists of, whatever its format: records, their fields, and where they stand.
 * Read this first, then record_reader.h and record_writer.h. */
#ifndef SSQL_FORMAT_RECORD_H
#define SSQL_FORMAT_RECORD_H

#include "base/byte_stream.h"

enum record_format {
    RECORD_FORMAT_CSV,   /* RFC 4180: `,,` is a null, `,"",` the empty string */
    RECORD_FORMAT_TSV,   /* a record a line; tab, line ends and backslash as \t \n \r \\; a null is \N */
    RECORD_FORMAT_JSON,  /* RFC 8259: an array of objects (or of arrays), or objects one after another */
    RECORD_FORMAT_JSONL, /* an object (or array) a line */
    RECORD_FORMAT_INSERT /* statements; is written, never read */
};

enum {
    RECORD_SIZE_MOST = 64 << 20, /* bytes of one record in its file */
    RECORD_FIELDS_MOST = 4096,   /* of one record; also distinct names of a file's JSON objects */
    RECORD_DEPTH_MOST = 1000,    /* levels of nested JSON values */
    RECORD_BATCH_MOST = 1024     /* records that are handed out at once; equals BATCH_CAPACITY */
};

enum field_kind {
    FIELD_ABSENT, /* JSON: the object has no member of that name */
    FIELD_NULL,
    FIELD_TEXT,   /* CSV, TSV: not quoted */
    FIELD_QUOTED, /* CSV: quoted; JSON: a string */
    FIELD_INT,    /* JSON: a number without '.' and 'e'; of any length */
    FIELD_FLOAT,  /* JSON: any other number */
    FIELD_BOOL,   /* JSON: true or false */
    FIELD_NESTED  /* JSON: an object or array, as it is written */
};

/* The text of a field without quotes and escapes: valid UTF-8 without NUL bytes; never NULL, also when size is 0. */
struct field {
    const uint8_t *data;
    uint32_t size;
    uint8_t kind; /* enum field_kind */
};

/* Where something stands in a file. */
struct record_place {
    uint64_t line;   /* from 1 */
    uint64_t column; /* in characters, from 1 */
    uint64_t offset; /* in bytes, from 0, a byte-order mark included */
};

/* One record as it stands in the file, without the line end behind it. */
struct record {
    const uint8_t *raw;
    uint64_t line;   /* of its first byte, from 1 */
    uint64_t offset; /* of its first byte */
    uint32_t size;
};

/* Records on their way from a reader: the f-th field of the r-th is fields[r * stride + f]. */
struct record_batch {
    const struct record *records;
    const struct field *fields;
    uint32_t count;       /* 1..RECORD_BATCH_MOST */
    uint32_t field_count; /* of every record */
    uint32_t stride;      /* >= field_count */
};

static inline const struct field *record_field(const struct record_batch *batch, uint32_t row, uint32_t column)
{
    return &batch->fields[(size_t)row * batch->stride + column];
}

static inline struct slice field_text(const struct field *field)
{
    return slice_make(field->data, field->size);
}

static inline struct slice record_raw(const struct record *record)
{
    return slice_make(record->raw, record->size);
}

/* "csv", "tsv", "json", "jsonl", "insert" */
const char *record_format_name(enum record_format format);

/* The format of that name, in any case; false: there is none. */
bool record_format_find(struct slice name, enum record_format *format);

/* The format that the ending of a file's name says (.csv .tsv .tab .json .jsonl .ndjson .sql, also with .gz or .zst
 * behind it); false: it says none. */
bool record_format_of_path(const char *path, enum record_format *format);

/* CSV, TSV: fails with SSQL_BAD_OPTION where fields cannot stand apart by this delimiter, or an unquoted field cannot be
 * this text; `null_text` may have data == NULL. */
MUST_CHECK bool record_check_delimiters(char delimiter, struct slice null_text, struct ssql_error *error);

/* Puts "name:line:column: " before the message of an error; name may be NULL or empty ("line 3, column 7: "). */
void record_place_prefix(const char *name, const struct record_place *place, struct ssql_error *error);

#endif
