/* record_writer.h - rows out as CSV, TSV, JSON, JSON lines or insert statements: what record_reader.h (for insert: the
 * language) reads back as the same values. One thread at a time.
 *   CSV     RFC 4180 with LF; a null is empty (or null_text), an empty string "", texts are quoted where they must be
 *   TSV     a row a line, escapes as record_reader.h says, a null is \N (or null_text)
 *   JSON    an array of objects, one a line; a column without value is null
 *   JSONL   an object a line
 *   insert  "insert into t (a, b) values" with at most INSERT_ROWS_MOST rows or about INSERT_BYTES_MOST bytes a
 * statement Floats are the shortest text that reads back to the same double, always with '.' or 'e'; inf, -inf and nan
 * are written so, in JSON as strings (it has no numbers for them), in insert as cast('inf' as float). An array, or an
 * insert statement, that a failure cut short stays open: nobody shall take a part for the whole. */
#ifndef SSQL_FORMAT_RECORD_WRITER_H
#define SSQL_FORMAT_RECORD_WRITER_H

#include "base/batch.h"
#include "format/record.h"

enum { INSERT_ROWS_MOST = 500, INSERT_BYTES_MOST = 64 << 10 };

struct record_writer;

struct record_writer_options {
    enum record_format format;
    bool has_header;        /* CSV, TSV: begin with the names; insert: name the columns */
    char delimiter;         /* CSV, TSV; '\0': ',' or a tab */
    struct slice null_text; /* CSV, TSV; data == NULL: the format's own. Borrowed */
    struct slice table;     /* insert: the table's name, as it is (quotes are added where needed). Borrowed */
    /* insert: whether a name is a word that only quotes make a name; NULL: every name is quoted */
    bool (*is_reserved)(struct slice name);
};

/* `names` has `count` column names, valid UTF-8; they are copied. `sink` is copied, its context outlives the writer.
 * Writes nothing yet. Fails with SSQL_BAD_OPTION (a delimiter or null text that could not be read back),
 * SSQL_COLUMN_EXISTS (two members of a JSON object, or columns of an insert, with one name) or SSQL_NO_MEMORY. */
MUST_CHECK bool record_writer_create(const struct record_writer_options *options, const struct slice *names,
                                     uint32_t count, struct byte_sink sink, struct record_writer **out,
                                     struct ssql_error *error);
/* Accepts NULL; what was not finished is left unfinished. */
void record_writer_destroy(struct record_writer *writer);

/* Writes the selected rows; batch->column_count is the writer's. After a failure only destroy may follow. */
MUST_CHECK bool record_writer_write(struct record_writer *writer, const struct batch *batch, struct ssql_error *error);

/* Writes what is needed at the end (also header or [] when there were no rows) and hands the last bytes to the sink. */
MUST_CHECK bool record_writer_finish(struct record_writer *writer, struct ssql_error *error);

/* Bytes handed to the sink so far, and rows written. */
uint64_t record_writer_bytes(const struct record_writer *writer);
uint64_t record_writer_rows(const struct record_writer *writer);

#endif
