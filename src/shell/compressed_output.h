/* compressed_output.h - bytes that are compressed on their way to an output, in a stream with bounded memory: gzip, or
 * zstd with its checksum. Threads: one. */
#ifndef SHELL_COMPRESSED_OUTPUT_H
#define SHELL_COMPRESSED_OUTPUT_H

#include "shell/compressed_input.h"
#include "shell/output.h"

struct compressed_output {
    struct output *output; /* stays its owner's */
    enum compression compression;
    void *encoder; /* a z_stream or ZSTD_CStream */
    char *bytes;   /* what the encoder gave, before it is added to the output */
    const char *fault;
};

/* What the ending of a file's name asks for: .gz, .zst. */
enum compression compression_of_name(const char *path);

/* `compression` is not COMPRESSION_NONE. False with a fault when memory is out; then nothing is to be cleared. */
bool compressed_output_init(struct compressed_output *compressed, struct output *output, enum compression compression);

/* Takes all of the bytes. False with a fault: the output failed, or the encoder. */
bool compressed_output_add(struct compressed_output *compressed, const char *bytes, size_t size);

/* Ends the compressed data; nothing is added afterwards. Without it, readers find that the data ends too early. */
bool compressed_output_finish(struct compressed_output *compressed);

void compressed_output_clear(struct compressed_output *compressed);

#endif
