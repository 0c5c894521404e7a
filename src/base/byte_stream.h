/* byte_stream.h - where bytes come from and where they go: a file, a socket, a program's own function or something that
 * unpacks stands behind the same two calls. Whoever makes a source or sink owns its context and says how long it lives;
 * one thread at a time. */
#ifndef SSQL_BASE_BYTE_STREAM_H
#define SSQL_BASE_BYTE_STREAM_H

#include "base/error.h"
#include "base/slice.h"

struct byte_source {
    /* Puts at least one and at most `capacity` bytes (which is not 0) into `bytes`; *size == 0 is the end, also of
     * every later call. After a failure it is not called again. */
    bool (*read)(void *context, uint8_t *bytes, size_t capacity, size_t *size, struct ssql_error *error);
    void *context;
};

struct byte_sink {
    /* Takes all of the bytes, which are the caller's again afterwards. After a failure it is not called again. */
    bool (*write)(void *context, struct slice bytes, struct ssql_error *error);
    void *context;
};

MUST_CHECK static inline bool byte_source_read(const struct byte_source *source, uint8_t *bytes, size_t capacity,
                                               size_t *size, struct ssql_error *error)
{
    return source->read(source->context, bytes, capacity, size, error);
}

MUST_CHECK static inline bool byte_sink_write(const struct byte_sink *sink, struct slice bytes,
                                              struct ssql_error *error)
{
    return sink->write(sink->context, bytes, error);
}

#endif
