/* record_writer_internal.h - what the writer shares with the writers of the formats: `begin`, then `row` for each row,
 * then `end`. They only add to the output, which keeps a failure. */
#ifndef SSQL_FORMAT_RECORD_WRITER_INTERNAL_H
#define SSQL_FORMAT_RECORD_WRITER_INTERNAL_H

#include "base/arena.h"
#include "format/record_output.h"
#include "format/record_writer.h"

struct record_writer_type {
    /* Checks names and prepares what is written for each column; writes nothing. */
    bool (*prepare)(struct record_writer *writer, struct ssql_error *error);
    void (*begin)(struct record_writer *writer);
    void (*row)(struct record_writer *writer, const struct batch *batch, uint32_t row);
    void (*end)(struct record_writer *writer);
};

struct record_writer {
    const struct record_writer_type *type;
    struct record_writer_options options; /* with a delimiter and null text in any case */
    struct record_output output;
    struct arena arena;
    struct slice *names;
    struct slice *prefixes; /* what stands before each value: delimiter; name and colon */
    uint32_t column_count;
    uint64_t row_count;
    bool is_begun;
    uint8_t escaped[256];     /* bytes that the format writes otherwise, or that make quotes needed */
    uint32_t statement_rows;  /* insert: in the open statement */
    uint64_t statement_begin; /* insert: its place in the output */
};

extern const struct record_writer_type csv_writer;
extern const struct record_writer_type tsv_writer;
extern const struct record_writer_type json_writer;
extern const struct record_writer_type json_lines_writer;
extern const struct record_writer_type insert_writer;

/* Writes a number or bool as SSQL does; returns its size, at most VALUE_TEXT_SIZE. */
enum { VALUE_TEXT_SIZE = FLOAT_TEXT_SIZE };
size_t format_short_value(const struct value *value, uint8_t *text);

/* The same for a float: the shortest text that reads back to it. */
size_t format_float(double real, uint8_t *text);

/* Fails when two columns have one name. */
MUST_CHECK bool check_distinct_names(const struct record_writer *writer, struct ssql_error *error);

#endif
