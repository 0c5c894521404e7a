/* copy_stream.h - streams in memory for copy statements, which can come in small pieces and fail. */
#ifndef SSQL_TESTS_UNIT_API_COPY_STREAM_H
#define SSQL_TESTS_UNIT_API_COPY_STREAM_H

#include "api/fixture.h"

struct stream {
    char *bytes;
    size_t size, capacity;
    size_t position, step; /* reading: at most `step` bytes at once */
    long fails_after;      /* calls that go well; negative: all */
    const char *failure;   /* what is said then, or NULL */
    ssql_conn *conn;
    int64_t rows_seen; /* of ssql_copy_stat, in the last call */
};

static inline int give_up(struct stream *stream)
{
    if (stream->failure != NULL)
        ssql_copy_fail(stream->conn, stream->failure);
    return 1;
}

static inline int read_stream(void *context, char *bytes, size_t capacity, size_t *size)
{
    struct stream *stream = context;
    size_t left = stream->size - stream->position;

    assert_int_equal(ssql_copy_stat(stream->conn, "rows", &stream->rows_seen), SSQL_OK);
    if (stream->fails_after >= 0 && stream->fails_after-- == 0)
        return give_up(stream);
    *size = left < capacity ? left : capacity;
    if (*size > stream->step)
        *size = stream->step;
    memcpy(bytes, stream->bytes + stream->position, *size);
    stream->position += *size;
    return 0;
}

static inline int write_stream(void *context, const char *bytes, size_t size)
{
    struct stream *stream = context;

    if (stream->fails_after >= 0 && stream->fails_after-- == 0)
        return give_up(stream);
    if (stream->size + size >= stream->capacity) {
        stream->capacity = (stream->size + size) * 2 + 1;
        stream->bytes = realloc(stream->bytes, stream->capacity);
        assert_non_null(stream->bytes);
    }
    memcpy(stream->bytes + stream->size, bytes, size);
    stream->size += size;
    return 0;
}

static inline struct stream stream_of(ssql_conn *conn, const char *text, size_t size)
{
    struct stream stream = {.conn = conn, .fails_after = -1, .step = SIZE_MAX};

    assert_int_equal(write_stream(&stream, text, size), 0);
    return stream;
}

static inline int64_t count_of(const ssql_conn *conn, const char *name)
{
    int64_t value = -1;

    assert_int_equal(ssql_copy_stat(conn, name, &value), SSQL_OK);
    return value;
}

/* Runs a copy from a text. */
static inline int copy_text(ssql_conn *conn, const char *statement, const char *text)
{
    struct stream stream = stream_of(conn, text, strlen(text));

    ssql_set_copy_input(conn, read_stream, &stream, "text");
    int code = exec(conn, statement);
    ssql_set_copy_input(conn, NULL, NULL, NULL);
    free(stream.bytes);
    return code;
}

#endif
