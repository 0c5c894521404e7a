/* record_output.h - bytes on their way to a sink, gathered in large pieces. Keeps its first failure: from then on what
 * is added is dropped, so that writers need not ask after each byte. One thread at a time. */
#ifndef SSQL_FORMAT_RECORD_OUTPUT_H
#define SSQL_FORMAT_RECORD_OUTPUT_H

#include "base/byte_stream.h"

enum {
    OUTPUT_CAPACITY = 256 << 10,
    OUTPUT_ROOM_MOST = 64 << 10 /* bytes that are asked for at once */
};

struct record_output {
    struct byte_sink sink;
    uint8_t *bytes; /* OUTPUT_CAPACITY; the owner's */
    size_t size;
    uint64_t handed_over; /* bytes that the sink has taken */
    struct ssql_error failure;
};

/* Hands what was gathered to the sink. */
void record_output_flush(struct record_output *output);

/* Room for `size` <= OUTPUT_ROOM_MOST bytes, never NULL; the caller adds what it used to output->size. */
static inline uint8_t *record_output_room(struct record_output *output, size_t size)
{
    if (OUTPUT_CAPACITY - output->size < size)
        record_output_flush(output);
    return output->bytes + output->size;
}

/* All bytes written so far, handed over or not. */
static inline uint64_t record_output_position(const struct record_output *output)
{
    return output->handed_over + output->size;
}

static inline void record_output_byte(struct record_output *output, uint8_t byte)
{
    *record_output_room(output, 1) = byte;
    output->size++;
}

void record_output_bytes(struct record_output *output, struct slice bytes);
void record_output_text(struct record_output *output, const char *text);

/* Writes a text in which each byte of `escaped` (a table of 256, non-zero: escaped) goes through `escape`, which writes
 * at most ESCAPE_SIZE_MOST bytes at `to` and returns how many. */
enum { ESCAPE_SIZE_MOST = 8 };
void record_output_escaped(struct record_output *output, struct slice text, const uint8_t escaped[256],
                           size_t (*escape)(uint8_t byte, uint8_t *to));

/* Escapes for that: the byte twice; and with a backslash, a letter for the usual ones (" \\ \n \r \t), 0 for all
 * others. */
size_t escape_by_doubling(uint8_t byte, uint8_t *to);
size_t escape_by_letter(uint8_t byte, uint8_t *to);

#endif
