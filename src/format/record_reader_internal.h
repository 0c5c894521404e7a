/* record_reader_internal.h - what the reader shares with the readers of the formats: a window of the file's bytes, in
 * which records are found, and the batch that is being filled.
 *
 * A format's `scan` looks at [begin, end) of the window and adds whole records to the batch, moving `begin` behind
 * each. It never reads from the source: where the window ends within a record it stops, the batch is handed out, and
 * the record is scanned again from its begin once the window has more of it. */
#ifndef SSQL_FORMAT_RECORD_READER_INTERNAL_H
#define SSQL_FORMAT_RECORD_READER_INTERNAL_H

#include "base/arena.h"
#include "format/name_table.h"
#include "format/record_reader.h"

enum {
    FIELDS_PER_BATCH = 1 << 16, /* room for fields; wide records come in smaller batches */
    WINDOW_BYTES = 1 << 20,     /* the usual window */
    WINDOW_PADDING = 64         /* readable bytes behind the window's end */
};

enum scan_stop {
    SCAN_FULL,       /* the batch is full, or must end before the next record */
    SCAN_INCOMPLETE, /* the window ends within the record at `begin` */
    SCAN_FAULT,      /* the record at `begin` is at fault */
    SCAN_BROKEN,     /* the same, and nothing behind it can be understood */
    SCAN_END         /* no more records, and the source is at its end */
};

/* A fault of the record at `begin`, set by reader_fault. */
struct scan_fault {
    struct record record;
    const uint8_t *at;   /* of the fault, within the window */
    const uint8_t *next; /* where to go on; NULL when nothing can */
    uint64_t next_line;
    struct ssql_error error;
};

struct record_syntax {
    /* Learns what names or number of columns there are; SCAN_FULL: done, SCAN_INCOMPLETE: call again with more. */
    enum scan_stop (*begin)(struct record_reader *reader);
    enum scan_stop (*scan)(struct record_reader *reader);
    /* The first byte of a field within the raw bytes of its record, for messages. */
    const uint8_t *(*find_field)(const struct record_reader *reader, const struct record *record, uint32_t column);
};

enum json_place {                /* where a JSON reader stands between records */
                  JSON_START,    /* before the first byte */
                  JSON_FIRST,    /* behind [ */
                  JSON_VALUE,    /* behind a comma */
                  JSON_NEXT,     /* behind a record in an array */
                  JSON_SEQUENCE, /* between objects without an array */
                  JSON_DONE      /* behind ] */
};

enum record_shape { SHAPE_UNKNOWN, SHAPE_NAMED, SHAPE_PLACED };

struct record_reader {
    const struct record_syntax *syntax;
    struct record_reader_options options; /* with a delimiter in any case */
    struct byte_source source;

    uint8_t *window; /* window_capacity + WINDOW_PADDING bytes */
    size_t window_capacity;
    size_t begin, end;           /* bytes not yet handed out as records */
    bool is_whole;               /* the source is at its end: `end` is the file's */
    uint64_t window_offset;      /* of window[0] in the file */
    uint64_t line;               /* of window[begin] */
    uint64_t dropped_characters; /* of window[0]'s line that have left the window */

    struct record *records; /* RECORD_BATCH_MOST */
    struct field *fields;   /* FIELDS_PER_BATCH */
    uint32_t count;         /* records of the batch */
    uint32_t column_count;  /* also the stride */
    bool is_count_known;    /* column_count is what records must have, or the names met so far */
    struct arena texts;     /* of the batch's fields that had to be copied */

    struct name_table names;
    bool has_names;
    struct record_place *name_places; /* of the header's names, in the arena of the names; NULL: no header */
    uint64_t lines_to_skip;
    bool is_past_mark, is_begun;
    enum json_place json_place;
    enum record_shape shape;
    const uint8_t *open_quote; /* CSV, after SCAN_INCOMPLETE: the quote that the window does not close; else NULL */

    struct scan_fault scanned;
    struct record_fault fault;
    enum record_status final; /* RECORDS_END or RECORDS_FAILED once reached, else RECORDS_READ */
    struct ssql_error final_error;
};

extern const struct record_syntax delimited_syntax; /* delimited_reader.c: CSV and TSV */
extern const struct record_syntax json_syntax;      /* json_reader.c */
extern const struct record_syntax json_lines_syntax;

/* Rows that a batch may have with the columns known. */
static inline uint32_t reader_batch_rows(const struct record_reader *reader)
{
    uint32_t rows = FIELDS_PER_BATCH / (reader->column_count == 0 ? 1 : reader->column_count);

    return rows < RECORD_BATCH_MOST ? rows : RECORD_BATCH_MOST;
}

/* The fields of the record that comes next in the batch. */
static inline struct field *reader_row(const struct record_reader *reader)
{
    return reader->fields + (size_t)reader->count * reader->column_count;
}

static inline const uint8_t *reader_at(const struct record_reader *reader)
{
    return reader->window + reader->begin;
}

static inline const uint8_t *reader_end(const struct record_reader *reader)
{
    return reader->window + reader->end;
}

static inline struct record reader_record(const struct record_reader *reader, const uint8_t *begin, const uint8_t *end,
                                          uint64_t line)
{
    return (struct record){.raw = begin,
                           .line = line,
                           .offset = reader->window_offset + (uint64_t)(begin - reader->window),
                           .size = (uint32_t)(end - begin)};
}

/* Notes a fault at `at` in `record`, behind which reading goes on at `next` (NULL: nowhere); its error is what has been
 * set in reader->scanned.error. Returns SCAN_FAULT or SCAN_BROKEN. */
enum scan_stop reader_fault(struct record_reader *reader, struct record record, const uint8_t *at, const uint8_t *next,
                            uint64_t next_line);

/* Line ends of [from, to): LF, CRLF and CR alone; a CR at `to` counts when no LF follows before `end`. */
uint64_t line_end_count(const uint8_t *from, const uint8_t *to, const uint8_t *end);

/* Moves a place that stands at `from` on to `to`; the text goes on to `end`. */
void place_advance(struct record_place *place, const uint8_t *from, const uint8_t *to, const uint8_t *end);

/* The fault for text that is no valid UTF-8 or holds a NUL byte, in `error`, and where it is; NULL: there is none. */
const uint8_t *text_fault(struct slice text, struct ssql_error *error);

#endif
