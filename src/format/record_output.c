#include "format/record_output.h"

void record_output_flush(struct record_output *output)
{
    if (output->failure.code == SSQL_OK && output->size > 0) {
        if (byte_sink_write(&output->sink, slice_make(output->bytes, output->size), &output->failure))
            output->handed_over += output->size;
        else if (output->failure.code == SSQL_OK)
            error_set(&output->failure, SSQL_IO, NO_SPAN, "the output failed");
    }
    output->size = 0;
}

void record_output_bytes(struct record_output *output, struct slice bytes)
{
    while (bytes.size > 0) {
        size_t part = bytes.size < OUTPUT_ROOM_MOST ? bytes.size : OUTPUT_ROOM_MOST;
        memcpy(record_output_room(output, part), bytes.data, part);
        output->size += part;
        bytes = slice_make(bytes.data + part, bytes.size - part);
    }
}

void record_output_text(struct record_output *output, const char *text)
{
    record_output_bytes(output, slice_of(text));
}

void record_output_escaped(struct record_output *output, struct slice text, const uint8_t escaped[256],
                           size_t (*escape)(uint8_t byte, uint8_t *to))
{
    enum { PIECE = OUTPUT_ROOM_MOST / ESCAPE_SIZE_MOST };

    for (size_t begin = 0; begin < text.size; begin += PIECE) {
        size_t end = text.size - begin < PIECE ? text.size : begin + PIECE;
        uint8_t *to = record_output_room(output, (end - begin) * ESCAPE_SIZE_MOST), *first = to;
        for (size_t i = begin; i < end; i++) {
            if (escaped[text.data[i]] == 0)
                *to++ = text.data[i];
            else
                to += escape(text.data[i], to);
        }
        output->size += (size_t)(to - first);
    }
}

size_t escape_by_doubling(uint8_t byte, uint8_t *to)
{
    to[0] = to[1] = byte;
    return 2;
}

size_t escape_by_letter(uint8_t byte, uint8_t *to)
{
    to[0] = '\\';
    switch (byte) {
    case '"':
    case '\\': to[1] = byte; return 2;
    case '\n': to[1] = 'n'; return 2;
    case '\r': to[1] = 'r'; return 2;
    case '\t': to[1] = 't'; return 2;
    default: return 0;
    }
}
