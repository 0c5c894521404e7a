#include "shell/compressed_input.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

#include "shell/interrupt.h"
#include "shell/text_buffer.h"

enum {
    PIECE_BYTES = 1 << 17,
    MAGIC_BYTES = 4,
    GZIP_WINDOW = 15 + 16, /* the largest, with the header of gzip and no other */
};

static bool fail(struct compressed_input *input, const char *fault)
{
    input->fault = fault;
    return false;
}

/* ---- the file as it is ---- */

static bool read_file(struct compressed_input *input, void *bytes, size_t capacity, size_t *size)
{
    ssize_t got = interrupt_read(input->file, bytes, capacity);

    *size = 0;
    if (got < 0)
        return fail(input, interrupt_is_pending() ? "reading was interrupted" : strerror(errno));
    *size = (size_t)got;
    input->position += got;
    input->is_at_end = got == 0;
    return true;
}

/* Makes at least `least` bytes of the file ready, if it has so many. */
static bool fill(struct compressed_input *input, size_t least)
{
    if (input->begin == input->end)
        input->begin = input->end = 0;
    while (input->end - input->begin < least && !input->is_at_end) {
        size_t got;
        if (!read_file(input, input->bytes + input->end, PIECE_BYTES - input->end, &got))
            return false;
        input->end += got;
    }
    return true;
}

static enum compression find_compression(const unsigned char *bytes, size_t size)
{
    if (size >= 2 && bytes[0] == 0x1F && bytes[1] == 0x8B)
        return COMPRESSION_GZIP;
    if (size < MAGIC_BYTES)
        return COMPRESSION_NONE;
    if (memcmp(bytes, "\x28\xB5\x2F\xFD", MAGIC_BYTES) == 0)
        return COMPRESSION_ZSTD;
    /* a frame that is passed over, as parallel compressors write it first */
    return (bytes[0] & 0xF0) == 0x50 && memcmp(bytes + 1, "\x2A\x4D\x18", 3) == 0 ? COMPRESSION_ZSTD : COMPRESSION_NONE;
}

/* ---- opening ---- */

static bool open_file(struct compressed_input *input, const char *path)
{
    struct stat status;
    bool is_input = strcmp(path, "-") == 0;

    do
        input->file = is_input ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    while (input->file < 0 && errno == EINTR && !interrupt_is_pending());
    if (input->file < 0 || fstat(input->file, &status) != 0)
        return fail(input, strerror(errno));
    if (S_ISDIR(status.st_mode))
        return fail(input, strerror(EISDIR));
    off_t start = S_ISREG(status.st_mode) ? lseek(input->file, 0, SEEK_CUR) : -1;
    input->is_regular = start >= 0 && !is_input;
    input->size = start >= 0 && status.st_size > start ? status.st_size - start : 0;
    return true;
}

static bool open_decoder(struct compressed_input *input)
{
    if (input->compression == COMPRESSION_ZSTD) {
        input->decoder = ZSTD_createDStream();
    } else if (input->compression == COMPRESSION_GZIP) {
        z_stream *stream = must_allocate(sizeof *stream);
        *stream = (z_stream){.next_in = Z_NULL};
        if (inflateInit2(stream, GZIP_WINDOW) == Z_OK)
            input->decoder = stream;
        else
            free(stream);
    }
    if (input->compression != COMPRESSION_NONE && input->decoder == NULL)
        return fail(input, "out of memory");
    return true;
}

bool compressed_input_open(struct compressed_input *input, const char *path)
{
    *input = (struct compressed_input){.file = -1, .name = strcmp(path, "-") == 0 ? "stdin" : path};
    if (open_file(input, path)) {
        input->bytes = must_allocate(PIECE_BYTES);
        if (fill(input, MAGIC_BYTES)) {
            input->compression = find_compression(input->bytes, input->end);
            if (open_decoder(input))
                return true;
        }
    }
    compressed_input_close(input);
    return false;
}

void compressed_input_close(struct compressed_input *input)
{
    if (input->file > STDIN_FILENO)
        close(input->file);
    if (input->compression == COMPRESSION_ZSTD)
        ZSTD_freeDStream(input->decoder);
    else if (input->decoder != NULL)
        inflateEnd(input->decoder);
    if (input->compression == COMPRESSION_GZIP)
        free(input->decoder);
    free(input->bytes);
    input->file = -1;
    input->decoder = NULL;
    input->bytes = NULL;
}

/* ---- taking it out ---- */

static bool copy_plain(struct compressed_input *input, char *bytes, size_t capacity, size_t *size)
{
    if (input->begin == input->end)
        return input->is_at_end || read_file(input, bytes, capacity, size);
    *size = input->end - input->begin < capacity ? input->end - input->begin : capacity;
    memcpy(bytes, input->bytes + input->begin, *size);
    input->begin += *size;
    return true;
}

static bool inflate_some(struct compressed_input *input, char *bytes, size_t capacity, size_t *size)
{
    z_stream *stream = input->decoder;

    if (!input->is_in_part && inflateReset(stream) != Z_OK)
        return fail(input, "the gzip decoder failed");
    stream->next_in = input->bytes + input->begin;
    stream->avail_in = (uInt)(input->end - input->begin);
    stream->next_out = (unsigned char *)bytes;
    stream->avail_out = (uInt)(capacity < UINT_MAX ? capacity : UINT_MAX);
    uInt room = stream->avail_out;
    int result = inflate(stream, Z_NO_FLUSH);
    input->begin = input->end - stream->avail_in;
    *size = room - stream->avail_out;
    input->is_in_part = result != Z_STREAM_END;
    switch (result) {
    case Z_OK:
    case Z_STREAM_END:
    case Z_BUF_ERROR: return true; /* the last: more input is needed */
    case Z_MEM_ERROR: return fail(input, "out of memory");
    default: return fail(input, "the gzip data is damaged");
    }
}

static bool decompress_some(struct compressed_input *input, char *bytes, size_t capacity, size_t *size)
{
    ZSTD_inBuffer in = {input->bytes + input->begin, input->end - input->begin, 0};
    ZSTD_outBuffer out = {bytes, capacity, 0};
    size_t result = ZSTD_decompressStream(input->decoder, &out, &in);

    input->begin += in.pos;
    *size = out.pos;
    if (ZSTD_isError(result))
        return fail(input, "the zstd data is damaged, or needs more than 128 MiB to be read");
    input->is_in_part = result != 0;
    return true;
}

bool compressed_input_read(struct compressed_input *input, char *bytes, size_t capacity, size_t *size)
{
    *size = 0;
    if (input->compression == COMPRESSION_NONE)
        return copy_plain(input, bytes, capacity, size);
    while (*size == 0) {
        bool is_drained; /* the decoder may hold what it could not hand out before */
        if (!fill(input, 1))
            return false;
        is_drained = input->begin == input->end;
        if (is_drained && !input->is_in_part)
            return true;
        if (input->compression == COMPRESSION_GZIP ? !inflate_some(input, bytes, capacity, size)
                                                   : !decompress_some(input, bytes, capacity, size))
            return false;
        if (is_drained && *size == 0)
            return fail(input, "the compressed data ends too early");
    }
    return true;
}
