/* records.h - sources and sinks over memory, and what a reader of records says about a text, as text. */
#ifndef SSQL_UNIT_SUPPORT_RECORDS_H
#define SSQL_UNIT_SUPPORT_RECORDS_H

#include "base/buffer.h"
#include "format/record_reader.h"

/* Bytes to read, at most `piece` at a time; 0: all that there is room for. Fails behind `fail_after` bytes unless 0. */
struct memory_source {
    struct slice bytes;
    size_t piece;
    size_t fail_after;
    size_t taken;
};

struct byte_source memory_source_of(struct memory_source *source);

/* Gives `begin` and then one letter for ever. */
struct endless_source {
    const char *begin;
    uint64_t given;
};

struct byte_source endless_source_of(struct endless_source *source);

/* Appends to the buffer. */
struct byte_sink buffer_sink_of(struct buffer *buffer);

/* Appends everything that a reader says, a line each. A record: its line and then its fields, each with a bar before
 * it: a null as ~, an absent one as -, quoted ones in "", JSON's numbers and bools behind i:, f:, b: and nested values
 * behind n:, all others as they are. A rejected record: "! line:column message". The end: nothing; a failure: "#
 * line:column message". Names, where there are some, come first. Checks what must hold of every batch. */
void dump_records(struct record_reader *reader, struct buffer *to);

/* The same for a text and options, through a window and pieces of that size. */
void dump_text(const struct record_reader_options *options, struct slice text, size_t window, size_t piece,
               struct buffer *to);

/* Asserts that the dump is `expected`, whatever the sizes of window and pieces. */
void assert_records(const struct record_reader_options *options, struct slice text, const char *expected);

#endif
