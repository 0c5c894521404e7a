/* record_reader.h - bytes in, records out: CSV, TSV, JSON and JSON lines, in bounded memory, in batches whose fields
 * point into the file's bytes wherever they can. One thread at a time.
 *
 * Rules of every format: a byte-order mark is removed; a NUL byte and invalid UTF-8 are faults of their record.
 * CSV follows RFC 4180; lines end with LF, CRLF or a lone CR, the last one may lack its end; an empty field that is not
 * quoted is a null, a quoted one the empty string. A quote within a field that does not begin with one, and text behind
 * a closing quote, are faults. Blank lines are passed over, except where records have one field: there a blank line is
 * one (a null in CSV, an empty string in TSV).
 * TSV has no quotes; \t \n \r \\ and \xHH stand for bytes, \N alone is a null, any other backslash is a fault.
 * JSON follows RFC 8259. Members are matched by name, in any order: the reader's columns are the names met so far.
 *
 * Sources: RFC 4180, RFC 8259; the bit masks of a block's special bytes follow Langdale and Lemire, "Parsing Gigabytes
 * of JSON per Second" (2019). */
#ifndef SSQL_FORMAT_RECORD_READER_H
#define SSQL_FORMAT_RECORD_READER_H

#include "format/record.h"

struct record_reader;

struct record_reader_options {
    enum record_format format;
    bool has_header;         /* CSV, TSV: the first record (behind the skipped lines) holds the names */
    bool may_repeat_names;   /* with has_header: a name that stands there twice is no fault */
    char delimiter;          /* CSV, TSV: one ASCII character; '\0': ',' or a tab */
    struct slice null_text;  /* CSV, TSV: an unquoted field of this text is null too; data == NULL: none. Borrowed */
    uint64_t skip_lines;     /* CSV, TSV, JSON lines: lines to pass over first, whatever is in them */
    uint32_t expected_count; /* fields of a record; 0: as many as the header or the first record has. Not for objects */
    size_t window_bytes;     /* bytes to read at once; 0: the usual; for tests */
};

enum record_status {
    RECORDS_READ,     /* a batch */
    RECORDS_REJECTED, /* the next record is at fault and has been passed over: one may go on */
    RECORDS_END,      /* there are no more */
    RECORDS_FAILED    /* the source failed, memory ran out, or the file is broken beyond this place */
};

/* Does not read yet. `source` is copied; its context stays the caller's and outlives the reader. Fails with
 * SSQL_BAD_OPTION or SSQL_NO_MEMORY. */
MUST_CHECK bool record_reader_create(const struct record_reader_options *options, struct byte_source source,
                                     struct record_reader **out, struct ssql_error *error);
/* Accepts NULL. */
void record_reader_destroy(struct record_reader *reader);

/* Reads as far as the names of the columns are known: the header, or a first JSON object. Optional, before the first
 * record_reader_next; that fault is final. Without header and without a record there are no columns. */
MUST_CHECK bool record_reader_begin(struct record_reader *reader, struct ssql_error *error);

/* The next records. RECORDS_READ fills `batch`, which lives, with the text of its fields, until the following call.
 * RECORDS_REJECTED and RECORDS_FAILED fill `error`; its message says nothing of the place, which is
 * record_reader_fault()->place. All records of a batch have record_reader_column_count fields; a new name in a JSON
 * object begins a new batch. After RECORDS_END and RECORDS_FAILED the answer stays the same. */
MUST_CHECK enum record_status record_reader_next(struct record_reader *reader, struct record_batch *batch,
                                                 struct ssql_error *error);

/* What the last RECORDS_REJECTED or RECORDS_FAILED (also of record_reader_begin) was about. Until the following call.
 */
struct record_fault {
    struct record record;      /* size 0 when the fault is not a record's */
    struct record_place place; /* of the fault itself */
};
const struct record_fault *record_reader_fault(const struct record_reader *reader);

/* Columns known so far; grows only for JSON objects. 0 before record_reader_begin or the first batch. */
uint32_t record_reader_column_count(const struct record_reader *reader);

/* True when columns have names: a header was read, or records are objects. */
bool record_reader_has_names(const struct record_reader *reader);

/* The name of a column, as the file has it; needs record_reader_has_names. Lives as long as the reader. */
struct slice record_reader_column_name(const struct record_reader *reader, uint32_t column);

/* Where a column's name stands in the header, for messages; NULL without one. Lives as long as the reader. */
const struct record_place *record_reader_name_place(const struct record_reader *reader, uint32_t column);

/* Where a record of the last batch, or of the last fault, begins. */
struct record_place record_reader_record_place(const struct record_reader *reader, const struct record *record);

/* Where a field of the last batch stands: found by reading its record again, so only for messages. */
struct record_place record_reader_field_place(const struct record_reader *reader, const struct record_batch *batch,
                                              uint32_t row, uint32_t column);

/* Bytes taken from the source so far, and those of them behind which the last batch ends. */
uint64_t record_reader_bytes_read(const struct record_reader *reader);
uint64_t record_reader_bytes_done(const struct record_reader *reader);

#endif
