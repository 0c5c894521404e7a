/* compressed_input.h - the bytes of a file or of standard input, taken out of gzip or zstd when their first bytes say
 * so: in a stream, with bounded memory, also where several such parts follow each other. Data that is damaged or ends
 * too early is an error. Threads: one. */
#ifndef SHELL_COMPRESSED_INPUT_H
#define SHELL_COMPRESSED_INPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum compression { COMPRESSION_NONE, COMPRESSION_GZIP, COMPRESSION_ZSTD };

struct compressed_input {
    int file;
    const char *name; /* for messages: the path, or "stdin" */
    enum compression compression;
    bool is_regular;   /* a file that can be read again by its path */
    int64_t size;      /* of the file as it is; 0: not known */
    int64_t position;  /* bytes of it that were read */
    const char *fault; /* why reading failed, without the name; NULL: it did not */

    unsigned char *bytes; /* of the file, not handed out yet: */
    size_t begin, end;
    bool is_at_end;  /* of the file */
    bool is_in_part; /* the compressed data is not complete */
    void *decoder;   /* a z_stream or ZSTD_DStream */
};

/* `path` "-" is standard input. `path` must live as long. False with a fault, and nothing to close. */
bool compressed_input_open(struct compressed_input *input, const char *path);

/* Hands out at most `capacity` bytes; *size is 0 at the end. False with a fault. */
bool compressed_input_read(struct compressed_input *input, char *bytes, size_t capacity, size_t *size);

void compressed_input_close(struct compressed_input *input);

#endif
