#include "shell/compressed_output.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <zlib.h>
#include <zstd.h>

#include "shell/text_buffer.h"

enum {
    PIECE_BYTES = 1 << 17,
    GZIP_WINDOW = 15 + 16, /* the largest, with the header of gzip */
    GZIP_MEMORY = 8,       /* zlib's default */
};

static bool fail(struct compressed_output *compressed, const char *fault)
{
    compressed->fault = fault;
    return false;
}

enum compression compression_of_name(const char *path)
{
    size_t size = strlen(path);

    if (size > 3 && strcasecmp(path + size - 3, ".gz") == 0)
        return COMPRESSION_GZIP;
    return size > 4 && strcasecmp(path + size - 4, ".zst") == 0 ? COMPRESSION_ZSTD : COMPRESSION_NONE;
}

static void *create_gzip(void)
{
    z_stream *stream = must_allocate(sizeof *stream);

    *stream = (z_stream){.next_in = Z_NULL};
    if (deflateInit2(stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, GZIP_WINDOW, GZIP_MEMORY, Z_DEFAULT_STRATEGY) == Z_OK)
        return stream;
    free(stream);
    return NULL;
}

/* With a checksum, so that damage is found when it is read. */
static void *create_zstd(void)
{
    ZSTD_CStream *stream = ZSTD_createCStream();

    if (stream == NULL || !ZSTD_isError(ZSTD_CCtx_setParameter(stream, ZSTD_c_checksumFlag, 1)))
        return stream;
    ZSTD_freeCStream(stream);
    return NULL;
}

bool compressed_output_init(struct compressed_output *compressed, struct output *output, enum compression compression)
{
    *compressed = (struct compressed_output){.output = output, .compression = compression};
    compressed->encoder = compression == COMPRESSION_GZIP ? create_gzip() : create_zstd();
    if (compressed->encoder == NULL)
        return fail(compressed, "out of memory");
    compressed->bytes = must_allocate(PIECE_BYTES);
    return true;
}

/* Adds what the encoder gave. */
static bool pass_on(struct compressed_output *compressed, size_t size)
{
    output_add(compressed->output, compressed->bytes, size);
    if (compressed->output->error != 0)
        return fail(compressed, output_error_text(compressed->output->error));
    return true;
}

/* `bytes` NULL: the end. */
static bool run_gzip(struct compressed_output *compressed, const char *bytes, size_t size)
{
    z_stream *stream = compressed->encoder;
    int result = Z_OK;

    /* zlib counts in unsigned int, and promises not to write to its input */
    stream->next_in = (z_const Bytef *)(uintptr_t)bytes;
    do {
        uInt part = size < UINT_MAX ? (uInt)size : UINT_MAX;
        stream->avail_in = part;
        stream->next_out = (Bytef *)compressed->bytes;
        stream->avail_out = PIECE_BYTES;
        result = deflate(stream, bytes == NULL ? Z_FINISH : Z_NO_FLUSH);
        size -= part - stream->avail_in;
        if (result == Z_STREAM_ERROR)
            return fail(compressed, "the gzip encoder failed");
        if (!pass_on(compressed, PIECE_BYTES - stream->avail_out))
            return false;
    } while (bytes == NULL ? result != Z_STREAM_END : size > 0 || stream->avail_out == 0);
    return true;
}

static bool run_zstd(struct compressed_output *compressed, const char *bytes, size_t size)
{
    ZSTD_inBuffer in = {bytes, size, 0};
    size_t left;

    do {
        ZSTD_outBuffer out = {compressed->bytes, PIECE_BYTES, 0};
        left = ZSTD_compressStream2(compressed->encoder, &out, &in, bytes == NULL ? ZSTD_e_end : ZSTD_e_continue);
        if (ZSTD_isError(left))
            return fail(compressed, ZSTD_getErrorName(left));
        if (!pass_on(compressed, out.pos))
            return false;
    } while (bytes == NULL ? left > 0 : in.pos < in.size);
    return true;
}

static bool run(struct compressed_output *compressed, const char *bytes, size_t size)
{
    return compressed->compression == COMPRESSION_GZIP ? run_gzip(compressed, bytes, size)
                                                       : run_zstd(compressed, bytes, size);
}

bool compressed_output_add(struct compressed_output *compressed, const char *bytes, size_t size)
{
    return size == 0 || run(compressed, bytes, size);
}

bool compressed_output_finish(struct compressed_output *compressed)
{
    return run(compressed, NULL, 0);
}

void compressed_output_clear(struct compressed_output *compressed)
{
    if (compressed->compression == COMPRESSION_ZSTD) {
        ZSTD_freeCStream(compressed->encoder);
    } else {
        deflateEnd(compressed->encoder);
        free(compressed->encoder);
    }
    free(compressed->bytes);
    compressed->encoder = NULL;
    compressed->bytes = NULL;
}
